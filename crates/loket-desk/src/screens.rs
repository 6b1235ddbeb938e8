//! Turns what is known into what a screen shows. Reads only; every "allowed" comes from the rule book.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use loket_core::act::{Act, Origin, Stamp, Subject};
use loket_core::application::{
    Application, BiometricPart, DocumentKind, Form, FormField, Kind, PaymentState, Register,
};
use loket_core::id::{ApplicationNo, CounterNo, DeskId, OfficerId, ScanHash, Timestamp, VisitId};
use loket_core::office::Office;
use loket_core::refusal::{Fault, Refusal};
use loket_core::regions::Region;
use loket_core::rules::Rules;
use loket_core::visit::{Outcome, Stage, Visit};
use loket_core::world::{Action, Allowed, Context, Related, allowed, is_open, next_in_share};

use crate::store::{Done, State, Work};
use crate::view::{
    AttentionItem, AttentionKind, BiometricRow, CounterDay, DocumentCard, FieldRow, InterviewView, NextBecause,
    NextView, PaymentSummary, PersonView, QueueCounts, QueueRow, QueueView, ReceiptView, ScanCard, ServeView,
    StageName, StandingView, TimelineRow, VerdictView,
};

/// What every view needs.
pub struct Eyes<'a> {
    pub work: &'a Work,
    pub state: &'a State,
    pub desk: DeskId,
    pub rules: &'a Rules,
    pub now: Timestamp,
    /// The counter open at this desk.
    pub counter: Option<CounterNo>,
}

impl<'a> Eyes<'a> {
    fn office(&self) -> &Office {
        self.work.layers.office()
    }

    fn ctx(&self) -> Context<'_> {
        self.work.context(self.desk, self.rules, self.now)
    }

    fn today(&self) -> NaiveDate {
        self.rules.day(self.now)
    }

    fn visits_today(&self) -> impl Iterator<Item = &Visit> {
        let today = self.today();
        self.work.layers.visits().filter(move |v| v.plan.as_ref().is_some_and(|p| p.day == today))
    }

    fn case(&self, no: &ApplicationNo) -> Option<&Application> {
        self.work.layers.application(no)
    }

    fn officer_name(&self, id: &OfficerId) -> String {
        self.office().roster.get(id).map_or_else(|| id.to_string(), |o| o.name.clone())
    }

    fn by(&self, stamp: &Stamp) -> String {
        match &stamp.origin {
            Origin::Desk { officer, .. } => self.officer_name(officer),
            Origin::Service { name, .. } => name.clone(),
        }
    }

    fn is_unsent(&self, stamp: &Stamp) -> bool {
        matches!(&stamp.origin, Origin::Desk { desk, n, .. } if *desk == self.desk
            && self.state.on_top.get(n).is_some_and(|d| d.outcome.is_none()))
    }

    /// One line of the queue; `None` while the publication has not arrived.
    pub fn row(&self, visit: &Visit) -> Option<QueueRow> {
        let plan = visit.plan.as_ref()?;
        let cases: Vec<&Application> = plan.applications.iter().filter_map(|a| self.case(a)).collect();
        let first = cases.first().and_then(|c| c.submission.as_ref());
        let state = &visit.state;
        let (mut calls, mut last_call, mut hold, mut hold_note) = (0, None, None, String::new());
        let (stage, since, counter) = match visit.stage() {
            Stage::Expected => (StageName::Expected, None, state.share),
            Stage::Waiting { since } => (StageName::Waiting, Some(*since), state.share),
            Stage::Called { counter, at, times, last_at, .. } => {
                (calls, last_call) = (*times, Some(*last_at));
                (StageName::Called, Some(*at), Some(*counter))
            }
            Stage::Serving { services } => {
                let here = services.iter().find(|s| Some(s.counter) == self.counter).or(services.first());
                (StageName::Serving, here.map(|s| s.since), here.map(|s| s.counter))
            }
            Stage::Held { at, counter, reason, note, .. } => {
                (hold, hold_note) = (Some(*reason), note.clone());
                (StageName::Held, Some(*at), Some(*counter))
            }
            Stage::NoShow { at, counter } => (StageName::NoShow, Some(*at), Some(*counter)),
            Stage::Finished { at } => (StageName::Finished, Some(*at), state.share),
            Stage::Withdrawn { .. } => (StageName::Withdrawn, None, None),
        };
        let unsent_subjects = self.state.unsent().any(|d| match &d.command.subject {
            Subject::Visit(id) => *id == visit.id,
            Subject::Application(no) => plan.applications.contains(no),
            Subject::Office => false,
        });
        Some(QueueRow {
            visit: visit.id.clone(),
            ticket: plan.ticket.clone(),
            name: first.map(|s| s.form.full_name.clone()).unwrap_or_default(),
            people: plan.applications.len() as u32,
            applications: plan.applications.clone(),
            kind: plan.kind,
            age: first.map_or(loket_core::application::AgeClass::Adult, |s| s.age),
            priority: plan.priority,
            stage,
            slot: plan.slot,
            since,
            arrived: state.arrived,
            overdue: self.overdue(visit),
            counter,
            mine: state.share.is_some() && state.share == self.counter,
            calls,
            last_call,
            hold,
            hold_note,
            payment: payment_of(&cases),
            outcome: state.outcomes.last().map(|o| o.outcome),
            earlier_passport_but_new: cases.iter().any(|c| new_but_has_one(c)),
            nik_disagrees: cases.iter().any(|c| c.nik_check().is_some_and(|n| !n.birth_agrees || !n.sex_agrees)),
            disputed: visit.open_disputes().next().is_some()
                || cases.iter().any(|c| c.open_disputes().next().is_some()),
            unsent: unsent_subjects,
            reupload_asked: cases.iter().any(|c| {
                c.verdicts.iter().any(|e| {
                    !e.withdrawn && matches!(e.value.verdict, loket_core::application::Verdict::AskReupload { .. })
                })
            }),
        })
    }

    /// Has waited longer than promised: from the booked time on, or from arriving if that was later.
    fn overdue(&self, visit: &Visit) -> bool {
        let (Some(plan), Stage::Waiting { since }) = (&visit.plan, visit.stage()) else { return false };
        let due_from = visit.state.arrived.unwrap_or(*since).max(plan.slot);
        self.now > due_from.plus_ms(i64::from(self.rules.promise_min) * 60_000)
    }

    /// The queue.
    pub fn queue(&self, last_check_in: Option<crate::view::CheckInView>) -> QueueView {
        let ctx = self.ctx();
        let current = self.counter.and_then(|no| self.visits_today().find(|v| v.occupies(no)));
        let mut counts = QueueCounts::default();
        let mut list: Vec<&Visit> = Vec::new();
        for visit in self.visits_today() {
            match visit.stage() {
                Stage::Waiting { since } => {
                    counts.waiting += 1;
                    counts.mine += u32::from(self.counter.is_some() && visit.state.share == self.counter);
                    counts.priority += u32::from(visit.plan.as_ref().is_some_and(|p| p.priority.is_some()));
                    let since = visit.state.arrived.unwrap_or(*since);
                    counts.overdue += u32::from(self.overdue(visit));
                    counts.oldest = Some(counts.oldest.map_or(since, |o| o.min(since)));
                }
                Stage::Expected => counts.expected += 1,
                Stage::Held { .. } => counts.held += 1,
                Stage::NoShow { .. } => counts.no_show += 1,
                Stage::Finished { .. } => counts.finished += 1,
                Stage::Called { .. } | Stage::Serving { .. } | Stage::Withdrawn { .. } => {}
            }
            if is_open(visit) {
                list.push(visit);
            }
        }
        let rank = |v: &Visit| match v.stage() {
            Stage::Waiting { .. } => 0,
            Stage::Called { .. } | Stage::Serving { .. } => 1,
            Stage::Held { .. } => 2,
            Stage::NoShow { .. } => 3,
            Stage::Expected | Stage::Finished { .. } | Stage::Withdrawn { .. } => 4,
        };
        list.sort_by(|a, b| (rank(a), a.order()).cmp(&(rank(b), b.order())));
        let next = self.counter.and_then(|no| next_in_share(&ctx, no).ok()).and_then(|v| self.next(v));
        QueueView {
            now: self.now,
            counter: self.counter,
            current: current.and_then(|v| self.row(v)),
            rows: list.into_iter().filter_map(|v| self.row(v)).collect(),
            counts,
            today: self.counter_day(),
            allowed: self.counter.map(|no| allowed(&ctx, current, no)).unwrap_or_default(),
            next,
            last_check_in,
            recalls_max: self.rules.recalls_max,
            recall_gap_s: self.rules.recall_gap_s,
            promise_min: self.rules.promise_min,
        }
    }

    fn next(&self, visit: &Visit) -> Option<NextView> {
        let plan = visit.plan.as_ref()?;
        let because = if visit.state.at_head {
            NextBecause::AtHead
        } else if visit.state.arrived.is_none() {
            NextBecause::HourCome
        } else if plan.priority.is_some() {
            NextBecause::Priority
        } else {
            NextBecause::Earliest
        };
        let since = visit.state.arrived.unwrap_or(plan.slot);
        Some(NextView {
            visit: visit.id.clone(),
            ticket: plan.ticket.clone(),
            because,
            waiting_min: (self.now.since(since) / 60_000).max(0) as u32,
            promise_min: self.rules.promise_min,
        })
    }

    fn counter_day(&self) -> CounterDay {
        use loket_core::act::Event;
        let mut day = CounterDay::default();
        let Some(counter) = self.counter else { return day };
        let mut served_ms = 0;
        for visit in self.visits_today() {
            let mut started: Option<Timestamp> = None;
            for (stamp, event) in &visit.history {
                match event {
                    Event::Started { counter: at, .. } if *at == counter => started = Some(stamp.at),
                    Event::Finished { counter: at, outcomes } if *at == counter => {
                        day.served += 1;
                        served_ms += started.map_or(0, |s| stamp.at.since(s).max(0));
                        for given in outcomes {
                            match given.outcome {
                                Outcome::AwaitingReupload => day.awaiting_reupload += 1,
                                Outcome::OnHold { .. } => day.on_hold += 1,
                                Outcome::Refused { .. } => day.refused += 1,
                                Outcome::Accepted | Outcome::GivenUp => {}
                            }
                        }
                    }
                    Event::WentMissing { counter: at } if *at == counter => day.no_show += 1,
                    _ => {}
                }
            }
        }
        day.mean_ms = (day.served > 0).then(|| served_ms / i64::from(day.served));
        day
    }

    /// Visits of today that fit a text: ticket, name, application number, tail of the NIK or of the telephone number.
    pub fn find(&self, text: &str) -> Vec<QueueRow> {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return Vec::new();
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let fits = |visit: &&Visit| {
            let Some(plan) = &visit.plan else { return false };
            if plan.ticket.as_str().to_lowercase().contains(&text) {
                return true;
            }
            plan.applications.iter().filter_map(|no| self.case(no)).any(|case| {
                let Some(submission) = &case.submission else { return false };
                let name = submission.form.full_name.to_lowercase();
                words.iter().all(|w| name.contains(w))
                    || (digits && case.no.as_str().contains(&text))
                    || (digits && text.len() >= 4 && submission.form.nik.as_str().ends_with(&text))
                    || (digits && text.len() >= 3 && submission.form.phone_tail.ends_with(&text))
            })
        };
        self.visits_today().filter(fits).take(FOUND_MAX).filter_map(|v| self.row(v)).collect()
    }

    /// A case.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] for a visit or application that is not here.
    pub fn serve(
        &self,
        visit: &VisitId,
        application: Option<&ApplicationNo>,
        scans_here: &dyn Fn(ScanHash) -> bool,
    ) -> Result<ServeView, Fault> {
        let unknown = || Fault::Refused { refusal: Refusal::Unknown };
        let ctx = self.ctx();
        let visit = self.work.layers.visit(visit).ok_or_else(unknown)?;
        let plan = visit.plan.as_ref().ok_or_else(unknown)?;
        let row = self.row(visit).ok_or_else(unknown)?;
        let here = |no: &ApplicationNo| {
            self.counter.and_then(|c| visit.service_at(c)).is_some_and(|s| s.applications.contains(no))
        };
        let outcome =
            |no: &ApplicationNo| visit.state.outcomes.iter().rev().find(|o| o.application == *no).map(|o| o.outcome);
        let first_open = || plan.applications.iter().find(|no| here(no) && outcome(no).is_none());
        let no = application.or_else(first_open).or(plan.applications.first()).ok_or_else(unknown)?;
        let case = self.case(no).ok_or_else(unknown)?;
        let submission = case.submission.as_ref().ok_or_else(unknown)?;
        let people = plan.applications.iter().map(|no| PersonView {
            application: no.clone(),
            name: self
                .case(no)
                .and_then(|c| c.submission.as_ref())
                .map(|s| s.form.full_name.clone())
                .unwrap_or_default(),
            outcome: outcome(no),
            here: here(no),
        });
        let allowed = match self.counter {
            Some(counter) => self.allowed_for(&ctx, visit, no, counter),
            None => Vec::new(),
        };
        let today = self.today();
        Ok(ServeView {
            now: self.now,
            row,
            people: people.collect(),
            application: no.clone(),
            service_min: self.rules.service_min,
            electronic: submission.electronic,
            validity_years: submission.validity_years,
            form: submission.form.clone(),
            documents: self.documents(case, scans_here),
            fields: self.fields(case, &submission.form),
            nik: loket_core::nik::check(&submission.form.nik, submission.form.birth_date, submission.form.sex),
            nik_region: region_words(submission.form.nik.region()),
            population: case.answer(Register::Population).cloned(),
            ban_list: case.answer(Register::BanList).cloned(),
            travel_documents: case.answer(Register::TravelDocuments).cloned(),
            payment: case.payment(),
            bill: case.bill.clone(),
            earlier: case.earlier.clone(),
            biometrics: BiometricPart::ALL
                .into_iter()
                .map(|part| {
                    let mark = case.biometric(self.rules, today, part);
                    let newest = case.biometrics.iter().rev().find(|e| !e.withdrawn && e.value.0 == part);
                    BiometricRow {
                        part,
                        done: mark.as_ref().is_some_and(|m| Application::biometric_done(self.rules, m)),
                        mark,
                        at: newest.map(|e| e.stamp.at),
                    }
                })
                .collect(),
            finger_quality_min: self.rules.finger_quality_min,
            finger_attempts_max: self.rules.finger_attempts_max,
            face: case.face_judgement().map(|e| e.value),
            interview: case.interview().map(|e| InterviewView {
                interview: e.value.clone(),
                officer: self.by(&e.stamp),
                at: e.stamp.at,
                command: e.stamp.origin.command(),
            }),
            receipts: case
                .receipts
                .iter()
                .map(|r| ReceiptView {
                    number: r.number.clone(),
                    officer: self.by(&r.stamp),
                    at: r.stamp.at,
                    prints: r.prints.len() as u32,
                    last_print: r.prints.last().map(|p| p.stamp.at),
                    own: r.number.desk == self.desk,
                    unsent: self.is_unsent(&r.stamp),
                })
                .collect(),
            disputes: self.disputes_of(case, visit),
            timeline: self.timeline(case, visit),
            missing: case.missing_for_receipt(self.rules, self.now),
            held_up: case.is_held_up(self.rules),
            allowed,
        })
    }

    fn allowed_for(&self, ctx: &Context<'_>, visit: &Visit, no: &ApplicationNo, counter: CounterNo) -> Vec<Allowed> {
        let mut out = allowed(ctx, Some(visit), counter);
        // A family: the two answers about a case are about the person on the screen, not the first one served.
        if let Some(case) = self.case(no) {
            let missing = case.missing_for_receipt(self.rules, self.now);
            let own = case.receipts.iter().find(|r| r.number.desk == self.desk);
            let why_not = match (own, missing.is_empty()) {
                (Some(own), _) => Some(Refusal::ReceiptExists { number: own.number.clone() }),
                (None, false) => Some(Refusal::NotReady { missing }),
                (None, true) => None,
            };
            out.retain(|a| a.action != Action::IssueReceipt);
            out.push(Allowed { action: Action::IssueReceipt, why_not });
        }
        out
    }

    fn documents(&self, case: &Application, scans_here: &dyn Fn(ScanHash) -> bool) -> Vec<DocumentCard> {
        let card = |document: DocumentKind| DocumentCard {
            document,
            state: case.document_state(document),
            // The newest attempt first: that is the one to look at.
            scans: case
                .scans
                .iter()
                .rev()
                .filter(|s| s.document == document)
                .map(|s| ScanCard {
                    hash: s.hash,
                    file_name: s.file_name.clone(),
                    media_type: s.media_type.clone(),
                    bytes: s.bytes,
                    at: s.at,
                    here: scans_here(s.hash),
                    verdict: case.standing_verdict(document, s.hash).map(|e| VerdictView {
                        verdict: e.value.verdict,
                        officer: self.by(&e.stamp),
                        at: e.stamp.at,
                        to_applicant: e.value.to_applicant.clone(),
                        note: e.value.note.clone(),
                        command: e.stamp.origin.command(),
                        unsent: self.is_unsent(&e.stamp),
                    }),
                })
                .collect(),
        };
        case.documents(self.rules).into_iter().map(card).collect()
    }

    fn fields(&self, case: &Application, form: &Form) -> Vec<FieldRow> {
        let documents = case.documents(self.rules);
        let row = |field: FormField| {
            let check = case.field_check(field);
            FieldRow {
                field,
                value: match field {
                    FormField::FullName => form.full_name.clone(),
                    FormField::Nik => form.nik.as_str().to_owned(),
                    FormField::BirthPlace => form.birth_place.clone(),
                    FormField::BirthDate => form.birth_date.to_string(),
                    FormField::MotherName => form.mother_name.clone(),
                    FormField::Address => form.address.clone(),
                },
                proof: proof_of(field, &documents),
                agrees: check.map(|c| c.value.agrees),
                officer: check.map(|c| self.by(&c.stamp)),
                at: check.map(|c| c.stamp.at),
            }
        };
        self.rules.fields.iter().copied().map(row).collect()
    }

    fn timeline(&self, case: &Application, visit: &Visit) -> Vec<TimelineRow> {
        use loket_core::act::Event;
        let counter_of: BTreeMap<DeskId, CounterNo> =
            self.office().holders.iter().map(|(no, h)| (h.desk, *no)).collect();
        let mut out: Vec<TimelineRow> = Vec::new();
        let mut add = |stamp: &Stamp, event: Event| {
            out.push(TimelineRow {
                at: stamp.at,
                event,
                by: self.by(stamp),
                counter: crate::store::desk_of(stamp).and_then(|d| counter_of.get(&d).copied()),
                unsent: self.is_unsent(stamp),
            });
        };
        for (stamp, event) in &visit.history {
            match event {
                // Whose share somebody was in is the office's bookkeeping, no part of the case.
                Event::ShareSet { .. } => {}
                // The centre picked, the officer called.
                Event::Called { desk, officer, .. } => {
                    let origin = Origin::Desk { desk: *desk, n: 0, officer: officer.clone() };
                    add(&Stamp { origin, at: stamp.at }, event.clone());
                }
                _ => add(stamp, event.clone()),
            }
        }
        for e in &case.verdicts {
            let v = e.value.clone();
            add(
                &e.stamp,
                Event::VerdictGiven {
                    document: v.document,
                    scan: v.scan,
                    verdict: v.verdict,
                    to_applicant: v.to_applicant,
                    note: v.note,
                },
            );
        }
        for e in &case.interviews {
            add(&e.stamp, Event::Interviewed { interview: e.value.clone() });
        }
        for e in &case.proofs {
            let (what, reference) = (e.value.what.clone(), e.value.reference.clone());
            add(&e.stamp, Event::ProofOfPaymentSeen { what, reference });
        }
        for receipt in &case.receipts {
            add(&receipt.stamp, Event::ReceiptIssued { number: receipt.number.clone() });
            for print in &receipt.prints {
                let number = receipt.number.clone();
                add(&print.stamp, Event::ReceiptPrinted { number, how: print.how, copy: print.copy });
            }
        }
        for paid in &case.payments {
            let origin = Origin::Service { name: paid.channel.clone(), external_id: paid.ntpn.clone() };
            add(&Stamp { origin, at: paid.at }, Event::Paid { payment: paid.clone() });
        }
        for d in &case.disputes {
            add(&d.stamp, Event::Disputed { act: Box::new(d.act.clone()), because: Box::new(d.because.clone()) });
        }
        out.sort_by_key(|r| std::cmp::Reverse(r.at));
        out
    }

    fn disputes_of(&self, case: &Application, visit: &Visit) -> Vec<AttentionItem> {
        let of_case = case.open_disputes().map(|d| (Subject::Application(case.no.clone()), d));
        let of_visit = visit.open_disputes().map(|d| (Subject::Visit(visit.id.clone()), d));
        of_case.chain(of_visit).filter_map(|(subject, d)| self.dispute(subject, d)).collect()
    }

    fn dispute(&self, subject: Subject, dispute: &loket_core::application::Dispute) -> Option<AttentionItem> {
        let (ticket, name) = self.whose(&subject);
        let standing = match (&subject, &dispute.act) {
            (Subject::Application(no), Act::Verdict { document, scan, .. }) => {
                self.case(no).and_then(|c| c.standing_verdict(*document, *scan)).map(|e| StandingView {
                    verdict: Some(e.value.verdict),
                    interview: None,
                    officer: self.by(&e.stamp),
                    at: e.stamp.at,
                })
            }
            (Subject::Application(no), Act::Interview { .. }) => {
                self.case(no).and_then(Application::interview).map(|e| StandingView {
                    verdict: None,
                    interview: Some(e.value.clone()),
                    officer: self.by(&e.stamp),
                    at: e.stamp.at,
                })
            }
            _ => None,
        };
        Some(AttentionItem {
            subject,
            command: dispute.stamp.origin.command()?,
            kind: AttentionKind::Disputed,
            ticket,
            name,
            act: dispute.act.clone(),
            because: dispute.because.clone(),
            officer: self.by(&dispute.stamp),
            at: dispute.stamp.at,
            mine: crate::store::desk_of(&dispute.stamp) == Some(self.desk),
            standing,
            settled: dispute.settled.as_ref().map(|(s, _)| *s),
        })
    }

    fn whose(&self, subject: &Subject) -> (Option<loket_core::id::Ticket>, String) {
        let name_of = |no: &ApplicationNo| {
            self.case(no).and_then(|c| c.submission.as_ref()).map(|s| s.form.full_name.clone()).unwrap_or_default()
        };
        match subject {
            Subject::Visit(id) => match self.work.layers.visit(id).and_then(|v| v.plan.as_ref()) {
                Some(plan) => (Some(plan.ticket.clone()), plan.applications.first().map(name_of).unwrap_or_default()),
                None => (None, String::new()),
            },
            Subject::Application(no) => (self.ticket_of(no), name_of(no)),
            Subject::Office => (None, String::new()),
        }
    }

    /// The ticket of a case: of the newest visit that it is part of.
    pub fn ticket_of(&self, no: &ApplicationNo) -> Option<loket_core::id::Ticket> {
        let plans = self.work.layers.visits().filter_map(|v| v.plan.as_ref());
        plans.filter(|p| p.applications.contains(no)).max_by_key(|p| p.slot).map(|p| p.ticket.clone())
    }

    /// Ticket of whatever a command was about.
    pub fn ticket_of_subject(&self, subject: &Subject) -> Option<loket_core::id::Ticket> {
        self.whose(subject).0
    }

    /// Name of an officer on the roster.
    pub fn name_of(&self, officer: &OfficerId) -> String {
        self.officer_name(officer)
    }

    /// Refused claims of this desk and all open disputes of the office, newest first.
    pub fn attention(&self) -> Vec<AttentionItem> {
        let refused = self.work.refused.iter().filter_map(|done| self.refused(done));
        // What was settled here a moment ago is off the list before the centre knows.
        let numbers = self.work.layers.base.applications.keys();
        let cases = numbers.filter_map(|no| self.work.layers.application(no));
        let cases = cases.flat_map(|c| c.open_disputes().map(|d| (Subject::Application(c.no.clone()), d)));
        let visits = self.work.layers.visits();
        let visits = visits.flat_map(|v| v.open_disputes().map(|d| (Subject::Visit(v.id.clone()), d)));
        let office = self.office().disputes.iter().filter(|d| d.settled.is_none()).map(|d| (Subject::Office, d));
        let disputes = cases.chain(visits).chain(office).filter_map(|(s, d)| self.dispute(s, d));
        let mut out: Vec<AttentionItem> = refused.chain(disputes).collect();
        out.sort_by_key(|i| std::cmp::Reverse(i.at));
        out
    }

    fn refused(&self, done: &Done) -> Option<AttentionItem> {
        let Some(loket_core::sync::RowOutcome::Refused { because }) = &done.outcome else { return None };
        let (ticket, name) = self.whose(&done.command.subject);
        Some(AttentionItem {
            subject: done.command.subject.clone(),
            command: loket_core::act::CommandRef { desk: done.command.desk, n: done.command.n },
            kind: AttentionKind::Refused,
            ticket,
            name,
            act: done.command.act.clone(),
            because: because.clone(),
            officer: self.officer_name(&done.command.officer),
            at: done.command.at,
            mine: true,
            standing: None,
            settled: None,
        })
    }
}

/// Rows that a search shows; more would not help anybody.
pub const FOUND_MAX: usize = 50;

fn new_but_has_one(case: &Application) -> bool {
    !case.earlier.is_empty() && case.submission.as_ref().is_some_and(|s| s.kind == Kind::New)
}

fn payment_of(cases: &[&Application]) -> PaymentSummary {
    let states: Vec<PaymentState> = cases.iter().map(|c| c.payment()).collect();
    let paid = states.iter().filter(|s| matches!(s, PaymentState::Paid { .. })).count();
    if states.is_empty() {
        PaymentSummary::NotChecked
    } else if paid == states.len() {
        PaymentSummary::Paid
    } else if paid > 0 {
        PaymentSummary::SomePaid { paid: paid as u32, of: states.len() as u32 }
    } else if states.iter().all(|s| matches!(s, PaymentState::ProofSeen { .. })) {
        PaymentSummary::ProofSeen
    } else if states.iter().any(|s| matches!(s, PaymentState::Expired { .. })) {
        PaymentSummary::Expired
    } else if states.iter().any(|s| matches!(s, PaymentState::Unpaid | PaymentState::PaidInPart { .. })) {
        PaymentSummary::Unpaid
    } else {
        PaymentSummary::NotChecked
    }
}

/// The document against which a field is held: the first of these that the case has.
fn proof_of(field: FormField, documents: &[DocumentKind]) -> DocumentKind {
    use DocumentKind as D;
    let order: &[D] = match field {
        FormField::FullName | FormField::Nik => &[D::Ktp, D::BirthCertificate, D::FamilyCard, D::OldPassport],
        FormField::BirthPlace | FormField::BirthDate => &[D::BirthCertificate, D::OldPassport, D::Ktp, D::FamilyCard],
        FormField::MotherName | FormField::Address => &[D::FamilyCard, D::Ktp, D::ParentsKtp],
    };
    let has = |d: &&D| documents.contains(d);
    order.iter().find(has).or(documents.first()).copied().unwrap_or(D::Other)
}

fn region_words(region: Region) -> Vec<String> {
    match region {
        Region::Known { province, regency, district } => {
            [Some(province), Some(regency), district].into_iter().flatten().map(str::to_owned).collect()
        }
        Region::Unknown => Vec::new(),
    }
}
