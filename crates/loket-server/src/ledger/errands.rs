//! What the centre has still to ask outside systems. An errand is written in the transaction that causes it, so that no
//! submission and no finished case is forgotten because a line was down, and it is closed in the transaction that
//! writes the answer. Two server processes never carry the same one: whoever takes it moves its next turn ahead, and
//! only who still has that turn may write. It never asks anything itself; that is `registers`.

use loket_core::act::{Event, Subject};
use loket_core::application::{
    Application, BiometricPart, BiometricStatus, Consignment, Delivery, PaymentState, ProductionStage,
};
use loket_core::id::{ApplicationNo, OfficeCode, ScanHash, Timestamp};
use loket_core::rules::Rules;
use loket_core::sync::Stream;
use loket_core::visit::Outcome;
use loket_core::world::Related;
use tokio::sync::watch;

use super::db::{Line, Tx, sql};
use super::{Append, Heads, Kept, Ledger, LedgerError, Result, ServiceRow};

/// How long whoever took an errand has for it, in milliseconds; then it is anybody's again. Longer than an outside
/// system may take to answer.
pub const LEASE_MS: i64 = 60_000;
/// Booklets on one manifest; the rest goes with the next.
pub const PARCELS_MAX: usize = 500;

/// What an errand is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrandKind {
    Population,
    BanList,
    TravelDocuments,
    Billing,
    Production,
    /// Tell the post of a manifest.
    Manifest,
    /// Ask the post where a consignment is.
    Tracking,
}

impl ErrandKind {
    const ALL: [ErrandKind; 7] = [
        ErrandKind::Population,
        ErrandKind::BanList,
        ErrandKind::TravelDocuments,
        ErrandKind::Billing,
        ErrandKind::Production,
        ErrandKind::Manifest,
        ErrandKind::Tracking,
    ];

    /// As it is written in the database and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrandKind::Population => "population",
            ErrandKind::BanList => "ban_list",
            ErrandKind::TravelDocuments => "travel_documents",
            ErrandKind::Billing => "billing",
            ErrandKind::Production => "production",
            ErrandKind::Manifest => "manifest",
            ErrandKind::Tracking => "tracking",
        }
    }
}

/// An errand that was taken.
#[derive(Debug, Clone)]
pub struct Errand {
    pub id: String,
    pub office: OfficeCode,
    /// `None` for one about a whole manifest.
    pub application: Option<ApplicationNo>,
    pub kind: ErrandKind,
    /// How far it has got.
    pub about: String,
    /// This one included.
    pub tries: u32,
    /// The turn of whoever took it.
    turn: Timestamp,
}

/// What becomes of an errand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Done,
    /// The outside said a final no, or nobody needs the answer any more; the code says which.
    GivenUp(&'static str),
    Later {
        at: Timestamp,
        about: String,
        tries: u32,
        trouble: &'static str,
    },
}

/// A case as whoever runs an errand needs to see it.
#[derive(Debug)]
pub struct ErrandCase {
    pub application: Application,
    /// In force now.
    pub rules: Rules,
    /// The newest outcome of a visit is that it was accepted.
    pub accepted: bool,
    /// A dispute on the case or on one of its visits is open.
    pub disputed: bool,
    /// The bytes of every scan that the case names are here.
    pub scans_here: bool,
}

/// A booklet for the post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    pub application: ApplicationNo,
    pub recipient: String,
    pub address: String,
    pub phone: String,
    /// Empty before the post has answered.
    pub tracking_no: String,
}

/// A list of booklets that go to the post together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub id: String,
    pub office: OfficeCode,
    /// By application number.
    pub parcels: Vec<Parcel>,
}

/// How many errands there are, by kind and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrandCount {
    pub kind: String,
    pub state: String,
    pub errands: u64,
    /// When the oldest of them was written.
    pub oldest: Timestamp,
}

fn unread(error: loket_core::id::BadId) -> LedgerError {
    LedgerError::Stored(error.to_string())
}

fn application(text: String) -> Result<Option<ApplicationNo>> {
    if text.is_empty() { Ok(None) } else { ApplicationNo::new(text).map(Some).map_err(unread) }
}

fn errand(line: &Line) -> Result<Errand> {
    let kind: String = line.get("kind")?;
    let found = ErrandKind::ALL.into_iter().find(|k| k.as_str() == kind);
    Ok(Errand {
        id: line.get("id")?,
        office: OfficeCode::new(line.get::<String>("office")?).map_err(unread)?,
        application: application(line.get("application")?)?,
        kind: found.ok_or_else(|| LedgerError::Stored(format!("an errand of kind {kind}")))?,
        about: line.get("about")?,
        tries: line.small("tries")?,
        turn: Timestamp(line.get("not_before")?),
    })
}

/// Could these events be a reason for an errand?
pub(super) fn may_cause_errands(events: &[Event]) -> bool {
    events.iter().any(|event| match event {
        Event::Finished { .. } | Event::Settled { .. } => true,
        Event::BiometricsMarked { part, mark } => {
            *part == BiometricPart::Face && mark.status == BiometricStatus::Captured
        }
        _ => false,
    })
}

/// Was the face captured, and does that stand?
fn face_is_captured(case: &Application) -> bool {
    let mut marks = case.biometrics.iter().filter(|e| !e.withdrawn && e.value.0 == BiometricPart::Face);
    marks.next_back().is_some_and(|e| e.value.1.status == BiometricStatus::Captured)
}

/// Is there still somebody who waits for a place to be paid for?
fn wants_a_bill(case: &Application) -> bool {
    case.bill.is_none() && case.payment_expired.is_none() && case.cancelled.is_none() && case.payments.is_empty()
}

fn bill_of(rows: &[ServiceRow]) -> Option<Timestamp> {
    rows.iter().flat_map(|r| &r.events).find_map(|event| match event {
        Event::Billed { bill } => Some(bill.due),
        _ => None,
    })
}

impl Kept {
    fn is_disputed(&self, case: &Application) -> bool {
        let visits = self.visits_of.get(&case.no).into_iter().flatten();
        let mut visits = visits.filter_map(|id| self.layers.base.visits.get(id));
        case.open_disputes().next().is_some() || visits.any(|v| v.disputes.iter().any(|d| d.settled.is_none()))
    }

    /// Ready, for the post, and nothing about it open.
    fn parcel(&self, case: &Application) -> Option<Parcel> {
        let Some(Delivery::Post { recipient, address, phone }) = case.delivery.clone() else { return None };
        let ready = case.production.last().is_some_and(|r| r.stage == ProductionStage::Ready);
        let may_go = ready && case.consignment.is_none() && case.cancelled.is_none() && !self.is_disputed(case);
        let (application, tracking_no) = (case.no.clone(), String::new());
        may_go.then_some(Parcel { application, recipient, address, phone, tracking_no })
    }
}

impl Append<'_> {
    /// Notes that somebody has to be asked. Once per kind and application, whatever comes of it.
    async fn errand(&mut self, kind: ErrandKind, what: &str, no: Option<&ApplicationNo>, about: &str) -> Result<()> {
        let id = format!("{}/{what}", kind.as_str());
        self.has_errands = true;
        sql("insert into errand (id, office, application, kind, about, not_before, created)
             values ($1, $2, $3, $4, $5, $6, $6) on conflict do nothing")
        .bind(id)
        .bind(self.seat.code.as_str())
        .bind(no.map_or("", ApplicationNo::as_str))
        .bind(kind.as_str())
        .bind(about)
        .bind(self.now.0)
        .run(&mut self.tx)
        .await?;
        Ok(())
    }

    /// What has to be asked about an application that was just taken in.
    pub(super) async fn errands_of_new(&mut self, no: &ApplicationNo) -> Result<()> {
        for kind in [ErrandKind::Population, ErrandKind::BanList, ErrandKind::TravelDocuments] {
            self.errand(kind, no.as_str(), Some(no), "").await?;
        }
        let Some(case) = self.kept.layers.application(no) else { return Ok(()) };
        let pays_first = case.submission.as_ref().is_some_and(|s| !s.kind.is_paid_after_photo());
        if pays_first && wants_a_bill(case) {
            self.errand(ErrandKind::Billing, no.as_str(), Some(no), "1").await?;
        }
        Ok(())
    }

    /// What has to be asked because of what a counter did: an accepted case goes to production, and what is paid after
    /// the photo is billed once the face was captured.
    pub(super) async fn errands_after(&mut self, subject: &Subject) -> Result<()> {
        match subject {
            Subject::Visit(id) => {
                let outcomes = self.kept.layers.visit(id).map(|v| v.state.outcomes.clone()).unwrap_or_default();
                for accepted in outcomes.iter().filter(|o| o.outcome == Outcome::Accepted) {
                    let no = &accepted.application;
                    self.errand(ErrandKind::Production, no.as_str(), Some(no), "").await?;
                }
            }
            Subject::Application(no) => {
                let Some(case) = self.kept.layers.application(no) else { return Ok(()) };
                let pays_later = case.submission.as_ref().is_some_and(|s| s.kind.is_paid_after_photo());
                if pays_later && face_is_captured(case) && wants_a_bill(case) {
                    self.errand(ErrandKind::Billing, no.as_str(), Some(no), "1").await?;
                }
            }
            Subject::Office => {}
        }
        Ok(())
    }
}

/// Writes what becomes of an errand; `false` if somebody else has it by now.
async fn move_on(tx: &mut Tx, errand: &Errand, next: &Next) -> Result<bool> {
    let (state, at, about, tries, trouble) = match next {
        Next::Done => ("done", errand.turn, errand.about.as_str(), errand.tries, ""),
        Next::GivenUp(why) => ("given_up", errand.turn, errand.about.as_str(), errand.tries, *why),
        Next::Later { at, about, tries, trouble } => ("open", *at, about.as_str(), *tries, *trouble),
    };
    let moved = sql("update errand set state = $3, not_before = $4, about = $5, tries = $6, trouble = $7
         where id = $1 and state = 'open' and not_before = $2")
    .bind(&errand.id)
    .bind(errand.turn.0)
    .bind(state)
    .bind(at.0)
    .bind(about)
    .bind(tries)
    .bind(trouble)
    .run(tx)
    .await?;
    Ok(moved == 1)
}

impl Ledger {
    /// Changes whenever this process has written an errand.
    pub fn errands_moved(&self) -> watch::Receiver<u64> {
        self.errands.subscribe()
    }

    /// Takes errands whose turn it is, the longest waiting first. For [`LEASE_MS`] nobody else gets them.
    pub async fn take_errands(&self, kind: ErrandKind, at_most: usize) -> Result<Vec<Errand>> {
        let now = self.env.now();
        let mut db = self.database.read().await?;
        let due = sql("select id, office, application, kind, about, tries, not_before from errand
             where kind = $1 and state = 'open' and not_before <= $2 order by not_before, id limit $3")
        .bind(kind.as_str())
        .bind(now.0)
        .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
        .all(&mut db)
        .await?;
        drop(db);
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut taken = Vec::new();
        let mut tx = self.database.write().await?;
        for line in &due {
            let mut errand = errand(line)?;
            let turn = now.plus_ms(LEASE_MS);
            let took = sql(
                "update errand set not_before = $3, tries = tries + 1 where id = $1 and not_before = $2 and state = 'open'",
            )
            .bind(&errand.id)
            .bind(errand.turn.0)
            .bind(turn.0)
            .run(&mut tx)
            .await?;
            if took == 1 {
                (errand.turn, errand.tries) = (turn, errand.tries.saturating_add(1));
                taken.push(errand);
            }
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// What whoever runs an errand has to know of its case; `None` if there is no such case.
    pub async fn errand_case(&self, errand: &Errand) -> Result<Option<ErrandCase>> {
        let Some(no) = &errand.application else { return Ok(None) };
        let seat = self.seat(&errand.office).await?;
        let mut kept = seat.state.lock().await;
        let mut db = self.database.read().await?;
        let heads = super::heads_of(&mut db, &errand.office).await?;
        kept.catch_up(&mut db, &errand.office, &heads).await?;
        let Some(case) = kept.layers.base.applications.get(no).cloned() else { return Ok(None) };
        let (accepted, disputed) = (kept.newest_outcome(no) == Some(&Outcome::Accepted), kept.is_disputed(&case));
        let rules = kept.layers.base.office.rules_at(self.env.now()).cloned().ok_or(LedgerError::Absent("rules"))?;
        drop(kept);
        let seen = case.verdicts.iter().filter(|e| !e.withdrawn).map(|e| e.value.scan);
        let mut named: Vec<ScanHash> = case.scans.iter().map(|s| s.hash).chain(seen).collect();
        named.sort_unstable();
        named.dedup();
        let mut scans_here = true;
        for hash in named {
            let here: Option<i64> =
                sql("select 1 from scan where hash = $1").bind(&hash.0[..]).first(&mut db).await?.map(|_| 1);
            scans_here &= here.is_some();
        }
        Ok(Some(ErrandCase { application: case, rules, accepted, disputed, scans_here }))
    }

    /// Writes an answer and what becomes of its errand, both or neither; `false` if the errand has gone to somebody else
    /// meanwhile, who will write it.
    pub async fn answer_errand(&self, errand: &Errand, rows: Vec<ServiceRow>, next: Next) -> Result<bool> {
        self.answer_errand_with(errand, |_| rows, next).await
    }

    /// [`Ledger::answer_errand`] with rows that depend on where the streams are at that moment.
    pub async fn answer_errand_with(
        &self,
        errand: &Errand,
        write: impl FnOnce(&Heads) -> Vec<ServiceRow>,
        mut next: Next,
    ) -> Result<bool> {
        let seat = self.seat(&errand.office).await?;
        let mut append = self.begin(&seat).await?;
        let mut rows = write(&append.heads);
        let due = bill_of(&rows);
        if due.is_some() && errand.application.as_ref().is_some_and(|no| !append.still_wants_a_bill(no)) {
            // The place was given back, or somebody gave the application up, while the code was on its way.
            (rows, next) = (Vec::new(), Next::GivenUp("too_late"));
        } else if let (Some(due), Some(no)) = (due, &errand.application) {
            append.is_billed(no, due).await?;
        }
        if !move_on(&mut append.tx, errand, &next).await? {
            return Ok(false);
        }
        let is_ready = |event: &Event| matches!(event, Event::ProductionReported { report } if report.stage == ProductionStage::Ready);
        if let Some(no) = &errand.application
            && rows.iter().flat_map(|row| &row.events).any(is_ready)
        {
            append.is_over(no).await?;
        }
        for row in rows {
            append.service_row(row).await?;
        }
        append.commit().await?;
        Ok(true)
    }

    /// Gives an errand back without an answer.
    pub async fn put_off_errand(&self, errand: &Errand, next: Next) -> Result<bool> {
        // No row, so no desk need be woken for it.
        let mut tx = self.database.write().await?;
        let moved = move_on(&mut tx, errand, &next).await?;
        tx.commit().await?;
        Ok(moved)
    }

    /// Makes a list of all booklets that lie ready and go by post, and the errand to tell the post of it. `None` if there
    /// are none.
    pub async fn make_manifest(&self, office: &OfficeCode) -> Result<Option<Manifest>> {
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let today = append.kept.layers.base.office.rules_at(append.now).map(|r| r.day(append.now));
        let today = today.ok_or(LedgerError::Absent("rules"))?;
        let ready: Vec<Parcel> =
            append.kept.layers.base.applications.values().filter_map(|case| append.kept.parcel(case)).collect();
        let day = today.format("%Y-%m-%d").to_string();
        let before: Option<i64> = sql("select count(*) from manifest where office = $1 and day = $2")
            .bind(office.as_str())
            .bind(&day)
            .scalar(&mut append.tx)
            .await?;
        let id = format!("{office}-{}-{:02}", today.format("%Y%m%d"), before.unwrap_or(0) + 1);
        sql("insert into manifest (id, office, day, created) values ($1, $2, $3, $4)")
            .bind(&id)
            .bind(office.as_str())
            .bind(&day)
            .bind(append.now.0)
            .run(&mut append.tx)
            .await?;
        let mut parcels = Vec::new();
        for parcel in ready {
            if parcels.len() == PARCELS_MAX {
                break;
            }
            // One that is on an earlier list, of which the post has not heard yet, stays on that.
            let new = sql("insert into parcel (application, manifest, recipient, address, phone)
                 values ($1, $2, $3, $4, $5) on conflict do nothing")
            .bind(parcel.application.as_str())
            .bind(&id)
            .bind(&parcel.recipient)
            .bind(&parcel.address)
            .bind(&parcel.phone)
            .run(&mut append.tx)
            .await?;
            if new == 1 {
                parcels.push(parcel);
            }
        }
        if parcels.is_empty() {
            return Ok(None);
        }
        append.errand(ErrandKind::Manifest, &id, None, &id).await?;
        append.commit().await?;
        Ok(Some(Manifest { id, office: office.clone(), parcels }))
    }

    /// A manifest as it was made, with the tracking numbers that the post has given since.
    pub async fn manifest(&self, id: &str) -> Result<Manifest> {
        let mut db = self.database.read().await?;
        let office: Option<String> = sql("select office from manifest where id = $1").bind(id).scalar(&mut db).await?;
        let office = OfficeCode::new(office.ok_or(LedgerError::Absent("manifest"))?).map_err(unread)?;
        let lines = sql("select application, recipient, address, phone from parcel where manifest = $1
             order by application")
        .bind(id)
        .all(&mut db)
        .await?;
        drop(db);
        let mut parcels = Vec::new();
        for line in &lines {
            parcels.push(Parcel {
                application: ApplicationNo::new(line.get::<String>("application")?).map_err(unread)?,
                recipient: line.get("recipient")?,
                address: line.get("address")?,
                phone: line.get("phone")?,
                tracking_no: String::new(),
            });
        }
        self.view(&office, |world| {
            for parcel in &mut parcels {
                let consignment = world.applications.get(&parcel.application).and_then(|c| c.consignment.as_ref());
                parcel.tracking_no = consignment.map(|c| c.tracking_no.clone()).unwrap_or_default();
            }
        })
        .await?;
        Ok(Manifest { id: id.to_owned(), office, parcels })
    }

    /// The post has taken a manifest in: each booklet is on its way under its number, and is asked after from now on.
    pub async fn dispatch(&self, manifest: &str, office: &OfficeCode, sent: &[(ApplicationNo, String)]) -> Result<()> {
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        sql("update errand set state = 'done', trouble = '' where kind = 'manifest' and about = $1 and state = 'open'")
            .bind(manifest)
            .run(&mut append.tx)
            .await?;
        let at = append.now;
        for (no, tracking_no) in sent {
            let (manifest, tracking_no) = (manifest.to_owned(), tracking_no.clone());
            let row = ServiceRow {
                stream: Stream::Registry,
                name: "post",
                external_id: format!("{no}/{manifest}"),
                subject: Subject::Application(no.clone()),
                events: vec![Event::Dispatched { consignment: Consignment { manifest, tracking_no, at } }],
            };
            append.service_row(row).await?;
            append.errand(ErrandKind::Tracking, no.as_str(), Some(no), "0").await?;
        }
        append.commit().await
    }

    /// How many errands wait, were done, were given up.
    pub async fn errand_counts(&self) -> Result<Vec<ErrandCount>> {
        let mut db = self.database.read().await?;
        let lines = sql("select kind, state, count(*) as errands, min(created) as oldest from errand
             group by kind, state order by kind, state")
        .all(&mut db)
        .await?;
        let read = |line: &Line| {
            Ok(ErrandCount {
                kind: line.get("kind")?,
                state: line.get("state")?,
                errands: line.small("errands")?,
                oldest: Timestamp(line.get("oldest")?),
            })
        };
        lines.iter().map(read).collect()
    }
}

impl Append<'_> {
    fn still_wants_a_bill(&self, no: &ApplicationNo) -> bool {
        let paid = |case: &Application| matches!(case.payment(), PaymentState::Paid { .. });
        self.kept.layers.application(no).is_some_and(|case| wants_a_bill(case) && !paid(case))
    }
}
