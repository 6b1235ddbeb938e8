//! What a desk is given: the rows after its cursors, and a snapshot to begin with. Bodies hold personal data, so they
//! go out only for a desk's window; of every other row a desk gets number and leaf, which is enough to see that nothing
//! is missing.

use std::collections::HashMap;
use std::ops::{ControlFlow, RangeInclusive};

use chrono::{Days, NaiveDate};
use loket_core::act::Subject;
use loket_core::application::Application;
use loket_core::id::{ApplicationNo, DeskId, Digest, Epoch, OfficeCode};
use loket_core::sync::{
    ChainHead, Cursor, ROWS_PER_ANSWER_MAX, Row, RowHeader, Snapshot, Stream, WINDOW_DAYS_AHEAD, WINDOW_DAYS_BACK,
};
use loket_core::visit::Outcome;
use loket_core::world::FOLD_VERSION;

use super::db::{Tx, sql};
use super::doors::desk_of;
use super::{Heads, Kept, Ledger, Result, digest, heads_of, number, stored_row};

/// Bytes of rows in one answer; the next answer has the rest. Written as JSON inside JSON they can double, and must
/// still fit a body.
pub const ROW_BYTES_PER_ANSWER_MAX: usize = 3 * 1024 * 1024;

/// Rows after a desk's cursors.
#[derive(Debug)]
pub struct Since {
    pub rows: Vec<Row>,
    pub heads: Heads,
    /// A cursor did not match.
    pub start_over: bool,
}

/// Which subjects a desk may read.
struct Window<'a> {
    kept: &'a Kept,
    days: RangeInclusive<NaiveDate>,
}

impl<'a> Window<'a> {
    fn new(kept: &'a Kept, today: NaiveDate) -> Window<'a> {
        let from = today.checked_sub_days(Days::new(WINDOW_DAYS_BACK.unsigned_abs())).unwrap_or(today);
        let to = today.checked_add_days(Days::new(WINDOW_DAYS_AHEAD.unsigned_abs())).unwrap_or(today);
        Window { kept, days: from..=to }
    }

    fn holds(&self, subject: &Subject) -> bool {
        let world = &self.kept.layers.base;
        match subject {
            Subject::Office => true,
            // A visit without a plan is one that a desk knows more about than we do: it belongs in front of people.
            Subject::Visit(id) => match world.visits.get(id).and_then(|v| v.plan.as_ref()) {
                Some(plan) => self.days.contains(&plan.day),
                None => true,
            },
            Subject::Application(no) => {
                let Some(case) = world.applications.get(no) else { return true };
                case.appointment.as_ref().is_some_and(|a| self.days.contains(&a.day))
                    || self.visits(no).any(|v| v.plan.as_ref().is_some_and(|p| self.days.contains(&p.day)))
                    || self.is_open(case)
            }
        }
    }

    fn visits(&self, no: &ApplicationNo) -> impl Iterator<Item = &'a loket_core::visit::Visit> {
        let kept = self.kept;
        kept.visits_of.get(no).into_iter().flatten().filter_map(|id| kept.layers.base.visits.get(id))
    }

    /// Was work begun on it that has no final outcome yet?
    fn is_open(&self, case: &Application) -> bool {
        let begun = !case.verdicts.is_empty()
            || !case.fields.is_empty()
            || !case.biometrics.is_empty()
            || !case.interviews.is_empty()
            || !case.proofs.is_empty()
            || !case.receipts.is_empty();
        let concluded = self.visits(&case.no).flat_map(|v| &v.state.outcomes).any(|o| {
            o.application == case.no
                && matches!(o.outcome, Outcome::Accepted | Outcome::Refused { .. } | Outcome::GivenUp)
        });
        (begun && !concluded) || case.open_disputes().next().is_some()
    }
}

/// The epoch in which the row of a cursor was written, if the cursor is on our line. A restored ledger goes on with the
/// numbers of its copy, so a row has its number to itself, whatever epoch it is of; but whoever still names an old epoch
/// has not heard of the new one, and starts over.
async fn fits(db: &mut Tx, office: &OfficeCode, stream: Stream, at: &Cursor, head: &Cursor) -> Result<Option<Epoch>> {
    if at.epoch != head.epoch || at.seq > head.seq {
        return Ok(None);
    }
    if at.seq == 0 {
        return Ok((at.leaf == Digest::ZERO).then_some(Epoch(0)));
    }
    if at.seq == head.seq {
        return Ok((at.leaf == head.leaf).then_some(at.epoch));
    }
    for epoch in (1..=head.epoch.0).rev() {
        let leaf: Option<Vec<u8>> =
            sql("select leaf from row where office = $1 and stream = $2 and epoch = $3 and seq = $4")
                .bind(office.as_str())
                .bind(stream.as_str())
                .bind(epoch)
                .bind(number(at.seq))
                .scalar(db)
                .await?;
        if let Some(leaf) = leaf {
            return Ok((digest(&leaf)? == at.leaf).then_some(Epoch(epoch)));
        }
    }
    Ok(None)
}

impl Ledger {
    fn today(&self, kept: &Kept) -> NaiveDate {
        let now = self.env.now();
        let utc = || chrono::DateTime::from_timestamp_millis(now.0).unwrap_or_default().date_naive();
        kept.layers.base.office.rules_at(now).map_or_else(utc, |r| r.day(now))
    }

    /// Where the streams of an office are.
    pub async fn heads(&self, office: &OfficeCode) -> Result<Heads> {
        let mut db = self.database.read().await?;
        heads_of(&mut db, office).await
    }

    /// The rows after these cursors, oldest first, stream by stream, as many as one answer holds. A stream without a
    /// cursor begins at its first row. A cursor names the epoch of the head, whatever epoch its row is of.
    pub async fn since(&self, office: &OfficeCode, cursors: &Heads) -> Result<Since> {
        let seat = self.seat(office).await?;
        let mut kept = seat.state.lock().await;
        let mut db = self.database.read().await?;
        let heads = heads_of(&mut db, office).await?;
        kept.catch_up(&mut db, office, &heads).await?;
        let window = Window::new(&kept, self.today(&kept));
        let mut known: HashMap<Subject, bool> = HashMap::new();
        let mut out = Since { rows: Vec::new(), heads: heads.clone(), start_over: false };
        let mut bytes = 0;
        // Roster and rules first: what the counters did under them is easier to read then.
        for stream in [Stream::Registry, Stream::Office] {
            let Some(head) = heads.get(&stream) else { continue };
            let at = cursors.get(&stream).copied().unwrap_or(Cursor::start(head.epoch));
            let Some(epoch) = fits(&mut db, office, stream, &at, head).await? else {
                out.start_over = true;
                continue;
            };
            if at.seq == head.seq {
                continue;
            }
            let room = ROWS_PER_ANSWER_MAX - out.rows.len();
            sql("select header, salt, body, leaf from row
                 where office = $1 and stream = $2 and (epoch, seq) > ($3, $4) order by epoch, seq limit $5")
            .bind(office.as_str())
            .bind(stream.as_str())
            .bind(epoch.0)
            .bind(number(at.seq))
            .bind(number(room as u64))
            .each(&mut db, |line| {
                let mut row = stored_row(&line)?;
                let header: RowHeader = serde_json::from_str(&row.header)?;
                if !*known.entry(header.subject).or_insert_with_key(|s| window.holds(s)) {
                    row.body = None;
                }
                bytes += row.header.len() + row.body.as_ref().map_or(0, String::len);
                out.rows.push(row);
                Ok(if bytes < ROW_BYTES_PER_ANSWER_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            })
            .await?;
            if bytes >= ROW_BYTES_PER_ANSWER_MAX {
                break;
            }
        }
        Ok(out)
    }

    /// Everything a desk needs to begin.
    pub async fn snapshot(&self, office: &OfficeCode, desk: DeskId) -> Result<Snapshot> {
        let seat = self.seat(office).await?;
        let mut kept = seat.state.lock().await;
        let mut db = self.database.read().await?;
        let heads = heads_of(&mut db, office).await?;
        kept.catch_up(&mut db, office, &heads).await?;
        let record = desk_of(&mut db, office, desk).await?;
        let window = Window::new(&kept, self.today(&kept));
        let world = &kept.layers.base;
        let visits = world.visits.keys().map(|id| Subject::Visit(id.clone()));
        let cases = world.applications.keys().map(|no| Subject::Application(no.clone()));
        let subjects = [Subject::Office].into_iter().chain(visits).chain(cases);
        let aggregates = subjects.filter(|s| window.holds(s)).filter_map(|s| world.get(&s)).collect();
        Ok(Snapshot {
            fold_version: FOLD_VERSION,
            now: self.env.now(),
            cursors: heads,
            aggregates,
            head: ChainHead { n: record.n, digest: record.digest },
        })
    }
}
