//! What a desk is given: the rows after its cursors, and a snapshot to begin with. Bodies hold personal data, so they
//! go out only for a desk's window; of every other row a desk gets number and leaf, which is enough to see that nothing
//! is missing.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::{ControlFlow, RangeInclusive};

use chrono::{Days, NaiveDate};
use loket_core::act::Subject;
use loket_core::application::Application;
use loket_core::id::{ApplicationNo, DeskId, Digest, Epoch, OfficeCode};
use loket_core::mutant::{self, Mutant};
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

/// Rows of each stream that are kept in memory, for desks that are close behind.
pub const RECENT_ROWS_MAX: usize = 256;

/// The newest rows of an office, so that forty desks that are woken by one call don't all go to the database for it.
#[derive(Default)]
pub(super) struct Recent {
    streams: BTreeMap<Stream, VecDeque<(u64, Subject, Row)>>,
}

impl Recent {
    /// The next row of a stream.
    pub(super) fn push(&mut self, stream: Stream, seq: u64, subject: Subject, row: Row) {
        let rows = self.streams.entry(stream).or_default();
        if rows.back().is_some_and(|(last, ..)| last + 1 != seq) {
            rows.clear();
        }
        rows.push_back((seq, subject, row));
        if rows.len() > RECENT_ROWS_MAX {
            rows.pop_front();
        }
    }

    /// The rows after a cursor that is on this line; `None` if that is not known here.
    fn after(&self, stream: Stream, at: &Cursor) -> Option<impl Iterator<Item = &(u64, Subject, Row)>> {
        let rows = self.streams.get(&stream)?;
        let first = rows.front()?.0;
        let index = usize::try_from(at.seq.checked_sub(first)?).ok()?;
        let (_, _, row) = rows.get(index)?;
        (row.leaf == at.leaf).then(|| rows.range(index + 1..))
    }
}

/// Rows after a desk's cursors.
#[derive(Debug)]
pub struct Since {
    pub rows: Vec<Row>,
    pub heads: Heads,
    /// A cursor did not match.
    pub start_over: bool,
}

/// An answer that is being filled.
struct Filling<'a> {
    window: Window<'a>,
    known: HashMap<Subject, bool>,
    bytes: usize,
    out: Since,
}

impl<'a> Filling<'a> {
    fn new(window: Window<'a>, heads: Heads) -> Filling<'a> {
        let out = Since { rows: Vec::new(), heads, start_over: false };
        Filling { window, known: HashMap::new(), bytes: 0, out }
    }

    fn room(&self) -> usize {
        ROWS_PER_ANSWER_MAX - self.out.rows.len()
    }

    fn is_full(&self) -> bool {
        self.bytes >= ROW_BYTES_PER_ANSWER_MAX
    }

    fn may_read(&mut self, subject: &Subject) -> bool {
        match self.known.get(subject) {
            Some(holds) => *holds,
            None => *self.known.entry(subject.clone()).or_insert(self.window.holds(subject)),
        }
    }

    fn take(&mut self, row: Row) {
        self.bytes += row.header.len() + row.body.as_ref().map_or(0, String::len);
        self.out.rows.push(row);
    }

    /// Takes the rows after a cursor from memory; false if they are not there.
    fn take_recent(&mut self, recent: &Recent, stream: Stream, at: &Cursor) -> bool {
        let Some(rows) = recent.after(stream, at) else { return false };
        for (_, subject, row) in rows.take(self.room()) {
            let body = row.body.as_ref().filter(|_| self.may_read(subject)).cloned();
            self.take(Row { header: row.header.clone(), salt: row.salt.clone(), body, leaf: row.leaf });
            if self.is_full() {
                break;
            }
        }
        true
    }
}

/// Roster and rules first: what the counters did under them is easier to read then.
const STREAMS: [Stream; 2] = [Stream::Registry, Stream::Office];

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
    if (at.epoch != head.epoch && !mutant::on(Mutant::IgnoresEpoch)) || at.seq > head.seq {
        return Ok(None);
    }
    if at.seq == 0 {
        return Ok((at.leaf == Digest::ZERO).then_some(Epoch(0)));
    }
    if at.seq == head.seq {
        return Ok((at.leaf == head.leaf || mutant::on(Mutant::IgnoresEpoch)).then_some(at.epoch));
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
            return Ok((digest(&leaf)? == at.leaf || mutant::on(Mutant::IgnoresEpoch)).then_some(Epoch(epoch)));
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
        let mut filling = Filling::new(Window::new(&kept, self.today(&kept)), heads.clone());
        for (stream, head) in STREAMS.into_iter().filter_map(|s| Some((s, heads.get(&s)?))) {
            if filling.is_full() {
                break;
            }
            let at = cursors.get(&stream).copied().unwrap_or(Cursor::start(head.epoch));
            if at == *head || (at.epoch == head.epoch && filling.take_recent(&kept.recent, stream, &at)) {
                continue;
            }
            let Some(epoch) = fits(&mut db, office, stream, &at, head).await? else {
                filling.out.start_over = true;
                continue;
            };
            sql("select header, salt, body, leaf from row
                 where office = $1 and stream = $2 and (epoch, seq) > ($3, $4) order by epoch, seq limit $5")
            .bind(office.as_str())
            .bind(stream.as_str())
            .bind(epoch.0)
            .bind(number(at.seq))
            .bind(number(filling.room() as u64))
            .each(&mut db, |line| {
                let mut row = stored_row(&line)?;
                let header: RowHeader = serde_json::from_str(&row.header)?;
                if !filling.may_read(&header.subject) {
                    row.body = None;
                }
                filling.take(row);
                Ok(if filling.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })
            .await?;
        }
        Ok(filling.out)
    }

    /// The same for desks that were woken, from what this process knows by itself: a call wakes a whole office, and what
    /// all of them want to hear is in memory. `None` if there is nothing new there, or not all of it: then
    /// [`Ledger::since`] has to look.
    pub async fn since_in_memory(&self, office: &OfficeCode, cursors: &Heads) -> Result<Option<Since>> {
        let seat = self.seat(office).await?;
        let kept = seat.state.lock().await;
        let mut filling = Filling::new(Window::new(&kept, self.today(&kept)), kept.heads.clone());
        for (stream, head) in STREAMS.into_iter().filter_map(|s| Some((s, kept.heads.get(&s)?))) {
            let at = cursors.get(&stream).copied().unwrap_or(Cursor::start(head.epoch));
            let there = at == *head || (at.epoch == head.epoch && filling.take_recent(&kept.recent, stream, &at));
            if !there {
                return Ok(None);
            }
        }
        Ok(Some(filling.out).filter(|since| !since.rows.is_empty()))
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
