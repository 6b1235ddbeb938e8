//! Applications as their applicants see them: handed in, with another scan, given up; and whose they are. It promises that
//! of two open applications of one person each is told of the other, whatever offices they are at, and that an account
//! never has more open ones than the rules allow, however many are sent at once.

use loket_core::act::{Event, Stamp, Subject};
use loket_core::application::{Cancellation, CancelledBy, Delivery, DocumentState, Duplicate, UploadedScan, Verdict};
use loket_core::id::{ApplicationNo, Digest, OfficeCode, ScanHash, Timestamp};
use loket_core::nik::Nik;
use loket_core::sync::Stream;
use loket_core::visit::{Outcome, Stage};
use loket_core::world::{Related, World};

use super::db::{Line, sql};
use super::places::Wanted;
use super::{Append, Arrived, Denied, Heads, Kept, Ledger, LedgerError, Result, ServiceRow, open, stored_row};

/// Scans of one application, all attempts together.
pub const SCANS_PER_CASE_MAX: usize = 60;

/// An application on its way in.
#[derive(Debug)]
pub struct NewCase<'a> {
    pub no: &'a ApplicationNo,
    /// Of what was sent: the same again changes nothing.
    pub content: Digest,
    pub scans: &'a [ScanHash],
    pub nik: Nik,
    pub account: Option<&'a str>,
    /// The place it wants.
    pub place: Option<&'a Wanted>,
    /// Until when it may be unpaid; then its place is free again and it counts no longer. 0: nothing is due before the
    /// photo.
    pub due: Timestamp,
}

fn unread(error: impl std::fmt::Display) -> LedgerError {
    LedgerError::Stored(error.to_string())
}

fn application_row(no: &ApplicationNo, name: &'static str, external_id: String, event: Event) -> ServiceRow {
    let subject = Subject::Application(no.clone());
    ServiceRow { stream: Stream::Registry, name, external_id, subject, events: vec![event] }
}

fn told_of(line: &Line) -> Result<(ApplicationNo, Duplicate)> {
    let no = ApplicationNo::new(line.get::<String>("application")?).map_err(unread)?;
    let office = OfficeCode::new(line.get::<String>("other_office")?).map_err(unread)?;
    let application = ApplicationNo::new(line.get::<String>("other")?).map_err(unread)?;
    Ok((no, Duplicate { office, application }))
}

/// Does this end an application, so that nothing more is wanted of its applicant?
fn is_closing(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Accepted | Outcome::Refused { .. } | Outcome::GivenUp => true,
        Outcome::AwaitingReupload | Outcome::OnHold { .. } => false,
    }
}

impl Kept {
    /// What the newest visit of an application came to, if one came to anything.
    pub(super) fn newest_outcome(&self, no: &ApplicationNo) -> Option<&Outcome> {
        // Visit ids begin with their day, so the last visit is the newest.
        let visits = self.visits_of.get(no).into_iter().flatten().rev();
        let mut outcomes = visits
            .filter_map(|id| self.layers.visit(id))
            .flat_map(|v| v.state.outcomes.iter().rev())
            .filter(|o| o.application == *no);
        outcomes.next().map(|o| &o.outcome)
    }
}

impl Append<'_> {
    /// Notes whose application this is. The account must have room, and whoever has another open application is told.
    async fn whose(&mut self, case: &NewCase<'_>) -> Result<()> {
        let NewCase { no, nik, account, .. } = case;
        let rules = self.kept.layers.office().rules_at(self.now).ok_or(LedgerError::Absent("rules"))?;
        let people_max = rules.people_per_account_max;
        if let Some(account) = account {
            sql("insert into account (account, open) values ($1, 0) on conflict do nothing")
                .bind(*account)
                .run(&mut self.tx)
                .await?;
            let taken = sql("update account set open = open + 1 where account = $1 and open < $2")
                .bind(*account)
                .bind(people_max)
                .run(&mut self.tx)
                .await?;
            if taken != 1 {
                return Err(Denied::AccountFull.into());
            }
        }
        sql("insert into citizen (nik, applications) values ($1, 0) on conflict do nothing")
            .bind(nik.as_str())
            .run(&mut self.tx)
            .await?;
        // Whoever comes at the same moment at another office waits here, and then sees this one.
        sql("update citizen set applications = applications + 1 where nik = $1")
            .bind(nik.as_str())
            .run(&mut self.tx)
            .await?;
        let others = sql("select application, office from person where nik = $1 and open = 1 order by application")
            .bind(nik.as_str())
            .all(&mut self.tx)
            .await?;
        sql("insert into person (application, office, nik, account, open) values ($1, $2, $3, $4, 1)")
            .bind(no.as_str())
            .bind(self.seat.code.as_str())
            .bind(nik.as_str())
            .bind(account.unwrap_or_default())
            .run(&mut self.tx)
            .await?;
        for other in &others {
            let (other, office): (String, String) = (other.get("application")?, other.get("office")?);
            let own = self.seat.code.as_str().to_owned();
            for ((a, a_office), (b, b_office)) in [
                ((no.as_str(), own.as_str()), (other.as_str(), office.as_str())),
                ((other.as_str(), office.as_str()), (no.as_str(), own.as_str())),
            ] {
                sql("insert into duplicate (application, office, other, other_office, told) values ($1, $2, $3, $4, 0)
                     on conflict do nothing")
                .bind(a)
                .bind(a_office)
                .bind(b)
                .bind(b_office)
                .run(&mut self.tx)
                .await?;
            }
        }
        Ok(())
    }

    /// Writes the rows of this office that tell an application of another one.
    async fn tell_own_duplicates(&mut self) -> Result<usize> {
        // One statement: what another office notes meanwhile is told the next time, and not marked as told now.
        let lines = sql(
            "update duplicate set told = 1 where told = 0 and office = $1 returning application, other, other_office",
        )
        .bind(self.seat.code.as_str())
        .all(&mut self.tx)
        .await?;
        let mut told: Vec<_> = lines.iter().map(told_of).collect::<Result<_>>()?;
        told.sort_by(|(a, x), (b, y)| (a, &x.application).cmp(&(b, &y.application)));
        let count = told.len();
        for (no, duplicate) in told {
            let external_id = format!("duplicate/{no}/{}", duplicate.application);
            self.service_row(application_row(&no, "dpri", external_id, Event::DuplicateFound { duplicate })).await?;
        }
        Ok(count)
    }

    /// This application counts no longer: not for its account, and not as a second one of the same person.
    pub(super) async fn is_over(&mut self, no: &ApplicationNo) -> Result<()> {
        let closed =
            sql("update person set open = 0 where application = $1 and open = 1").bind(no.as_str()).run(&mut self.tx);
        if closed.await? == 1 {
            sql("update account set open = open - 1
                 where open > 0 and account = (select account from person where application = $1)")
            .bind(no.as_str())
            .run(&mut self.tx)
            .await?;
        }
        Ok(())
    }

    /// It counts again, because it was paid for after all. Nobody is turned away for it who has paid.
    pub(super) async fn is_open_again(&mut self, no: &ApplicationNo) -> Result<()> {
        let opened =
            sql("update person set open = 1 where application = $1 and open = 0").bind(no.as_str()).run(&mut self.tx);
        if opened.await? == 1 {
            sql("update account set open = open + 1
                 where account = (select account from person where application = $1)")
            .bind(no.as_str())
            .run(&mut self.tx)
            .await?;
        }
        Ok(())
    }

    /// What the end of a service means for who has how many open applications.
    pub(super) async fn outcomes_known(&mut self, events: &[Event]) -> Result<()> {
        for event in events {
            let Event::Finished { outcomes, .. } = event else { continue };
            for outcome in outcomes {
                if matches!(outcome.outcome, Outcome::Refused { .. } | Outcome::GivenUp) {
                    self.is_over(&outcome.application).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes a visit off a day's list if nobody of it comes any more. A list that was published keeps its numbers.
    pub(super) async fn withdraw_visits(
        &mut self,
        no: &ApplicationNo,
        day: chrono::NaiveDate,
        reason: &str,
        external_id: &str,
    ) -> Result<()> {
        let gone: Vec<_> = self.kept.visits_of.get(no).into_iter().flatten().cloned().collect();
        for visit in gone {
            let plan = self.kept.layers.visit(&visit).and_then(|v| v.plan.as_ref());
            let comes = |other: &ApplicationNo| {
                let case = self.kept.layers.application(other).filter(|_| other != no);
                case.is_some_and(|c| c.cancelled.is_none() && c.appointment.as_ref().is_some_and(|a| a.day == day))
            };
            if plan.is_some_and(|p| p.day == day && !p.applications.iter().any(comes)) {
                let row = ServiceRow {
                    stream: Stream::Office,
                    name: "booking",
                    external_id: format!("{external_id}/{visit}"),
                    subject: Subject::Visit(visit),
                    events: vec![Event::Withdrawn { reason: reason.to_owned() }],
                };
                self.service_row(row).await?;
            }
        }
        Ok(())
    }

    /// It may be unpaid until then, and has no place whose booking says so.
    async fn may_be_unpaid_until(&mut self, no: &ApplicationNo, due: Timestamp) -> Result<()> {
        if due.0 > 0 {
            sql("insert into unplaced_bill (application, office, due) values ($1, $2, $3) on conflict do nothing")
                .bind(no.as_str())
                .bind(self.seat.code.as_str())
                .bind(due.0)
                .run(&mut self.tx)
                .await?;
        }
        Ok(())
    }

    /// Has work at a counter begun, or ended?
    pub(super) fn was_served(&self, no: &ApplicationNo) -> bool {
        let visits = self.kept.visits_of.get(no).into_iter().flatten();
        visits.filter_map(|id| self.kept.layers.visit(id)).any(|v| {
            matches!(v.stage(), Stage::Serving { .. } | Stage::Finished { .. })
                || v.state.outcomes.iter().any(|o| o.application == *no)
        })
    }

    /// Desks of this office may fetch these.
    async fn scans_belong(&mut self, no: &ApplicationNo, scans: &[ScanHash]) -> Result<()> {
        for hash in scans {
            sql("insert into scan_of (hash, office, application) values ($1, $2, $3) on conflict do nothing")
                .bind(&hash.0[..])
                .bind(self.seat.code.as_str())
                .bind(no.as_str())
                .run(&mut self.tx)
                .await?;
        }
        Ok(())
    }
}

impl Ledger {
    /// Takes in an application with the rows it becomes and the place it wants. The same one again changes nothing.
    ///
    /// # Errors
    /// `Denied`: another one under the same number, a place that is gone, an account that is full.
    pub async fn take_application<F>(&self, office: &OfficeCode, case: &NewCase<'_>, write: F) -> Result<Arrived>
    where
        F: FnOnce(&World, &Heads) -> Result<Vec<ServiceRow>>,
    {
        let NewCase { no, content, scans, place, due, .. } = case;
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        if append.take_in("application", no.as_str(), content).await? == Arrived::Again {
            return Ok(Arrived::Again);
        }
        append.scans_belong(no, scans).await?;
        let mut rows = write(&append.kept.layers.base, &append.heads)?;
        match place {
            Some(place) => rows.push(append.book(no, place, *due, None).await?),
            None => append.may_be_unpaid_until(no, *due).await?,
        }
        append.whose(case).await?;
        append.service_rows(rows).await?;
        append.tell_own_duplicates().await?;
        append.errands_of_new(no).await?;
        append.commit().await?;
        // The other one may be at another office, whose stream has a lock of its own.
        if let Err(error) = self.tell_duplicates().await {
            tracing::warn!(%error, "Another office is told later that somebody has applied twice");
        }
        Ok(Arrived::New)
    }

    /// Tells applications of other offices that the same person has applied elsewhere; how many were told. What a plug
    /// that was pulled has left untold is told the next time.
    pub async fn tell_duplicates(&self) -> Result<usize> {
        let mut db = self.database.read().await?;
        let offices: Vec<String> =
            sql("select distinct office from duplicate where told = 0 order by office").scalars(&mut db).await?;
        drop(db);
        let mut told = 0;
        for office in offices {
            let seat = self.seat(&OfficeCode::new(office).map_err(unread)?).await?;
            let mut append = self.begin(&seat).await?;
            told += append.tell_own_duplicates().await?;
            append.commit().await?;
        }
        Ok(told)
    }

    /// Takes in another attempt at documents that an officer asked for once more, or that were never uploaded.
    ///
    /// # Errors
    /// `Denied`: nobody asked, it is the scan that was turned down, there are too many, or the case is over.
    pub async fn take_reupload(&self, no: &ApplicationNo, scans: Vec<UploadedScan>) -> Result<usize> {
        let office = self.office_of(no).await?;
        let seat = self.seat(&office).await?;
        let mut append = self.begin(&seat).await?;
        let case = append.kept.layers.application(no).ok_or(LedgerError::Absent("application"))?;
        if case.cancelled.is_some() {
            return Err(Denied::Cancelled.into());
        }
        if append.kept.newest_outcome(no).is_some_and(is_closing) {
            return Err(Denied::AlreadyServed.into());
        }
        let known = |scan: &UploadedScan| case.scans.iter().any(|s| s.hash == scan.hash && s.document == scan.document);
        let mut new: Vec<UploadedScan> = Vec::new();
        for (i, scan) in scans.into_iter().enumerate() {
            if new.iter().any(|s| s.hash == scan.hash && s.document == scan.document) {
                continue;
            }
            let field = format!("documents[{i}]");
            let turned_down = case.standing_verdict(scan.document, scan.hash);
            match (known(&scan), turned_down.is_some_and(|e| e.value.verdict != Verdict::Accept)) {
                (true, true) => return Err(Denied::SameScan(field).into()),
                // Sent before, and nobody has looked at it yet: a repeat.
                (true, false) => continue,
                (false, _) => {}
            }
            match case.document_state(scan.document) {
                DocumentState::ReuploadAsked { .. } | DocumentState::NotUploaded => new.push(scan),
                DocumentState::Undecided | DocumentState::Accepted | DocumentState::Rejected { .. } => {
                    return Err(Denied::NotAsked(field).into());
                }
            }
        }
        if case.scans.len() + new.len() > SCANS_PER_CASE_MAX {
            return Err(Denied::TooManyScans.into());
        }
        if new.is_empty() {
            return Ok(0);
        }
        let hashes: Vec<ScanHash> = new.iter().map(|s| s.hash).collect();
        append.scans_belong(no, &hashes).await?;
        let count = new.len();
        for scan in new {
            let what = serde_json::to_value(scan.document)?;
            let external_id = format!("{no}/{}/{}", what.as_str().unwrap_or_default(), scan.hash);
            append.service_row(application_row(no, "m-paspor", external_id, Event::ScanUploaded { scan })).await?;
        }
        append.commit().await?;
        Ok(count)
    }

    /// The applicant gives an application up. Its place goes to others; the fee is not paid back. Twice is once.
    ///
    /// # Errors
    /// `Denied::AlreadyServed`
    pub async fn cancel(&self, no: &ApplicationNo, by: CancelledBy, reason: &str) -> Result<()> {
        let office = self.office_of(no).await?;
        let seat = self.seat(&office).await?;
        let mut append = self.begin(&seat).await?;
        let case = append.kept.layers.application(no).ok_or(LedgerError::Absent("application"))?;
        if case.cancelled.is_some() {
            return Ok(());
        }
        if append.was_served(no) {
            return Err(Denied::AlreadyServed.into());
        }
        let day = case.appointment.as_ref().map(|a| a.day);
        append.free_place(no).await?;
        append.is_billed_no_longer(no).await?;
        let cancellation = Cancellation { by, reason: reason.to_owned(), at: append.now };
        let row = application_row(no, "m-paspor", format!("{no}/cancelled"), Event::Cancelled { cancellation });
        append.service_row(row).await?;
        if let Some(day) = day {
            append.withdraw_visits(no, day, "cancelled", "cancelled").await?;
        }
        append.is_over(no).await?;
        append.commit().await
    }

    /// How the applicant wants the passport.
    ///
    /// # Errors
    /// `Denied`: it is with the post already, or the case is over.
    pub async fn choose_delivery(&self, no: &ApplicationNo, delivery: Delivery) -> Result<()> {
        let office = self.office_of(no).await?;
        let seat = self.seat(&office).await?;
        let mut append = self.begin(&seat).await?;
        let case = append.kept.layers.application(no).ok_or(LedgerError::Absent("application"))?;
        if case.cancelled.is_some() {
            return Err(Denied::Cancelled.into());
        }
        if case.delivery.as_ref() == Some(&delivery) {
            return Ok(());
        }
        // A booklet on a manifest goes where that says, even if the post has not answered yet.
        let on_a_list: Option<i64> =
            sql("select count(*) from parcel where application = $1").bind(no.as_str()).scalar(&mut append.tx).await?;
        if on_a_list != Some(0) {
            return Err(Denied::AlreadyDispatched.into());
        }
        // Minds change and change back: the place in the stream keeps the rows apart.
        let next = append.heads.get(&Stream::Registry).map_or(0, |h| h.seq) + 1;
        let external_id = format!("{no}/delivery@{next}");
        append.service_row(application_row(no, "m-paspor", external_id, Event::DeliveryChosen { delivery })).await?;
        append.commit().await
    }

    /// Everything that was written about an application, oldest first in each stream, with the server's time of each row.
    pub async fn history(&self, office: &OfficeCode, no: &ApplicationNo) -> Result<Vec<(Stamp, Event)>> {
        let mut db = self.database.read().await?;
        let lines = sql(
            "select header, salt, body, leaf from row where office = $1 and subject = $2 order by stream, epoch, seq",
        )
        .bind(office.as_str())
        .bind(Subject::Application(no.clone()).key())
        .all(&mut db)
        .await?;
        let mut out = Vec::new();
        for line in &lines {
            let (_, body) = open(&stored_row(line)?)?;
            out.extend(body.events.into_iter().map(|event| (body.stamp.clone(), event)));
        }
        Ok(out)
    }
}
