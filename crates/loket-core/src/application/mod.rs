//! The case itself (permohonan). Its registry half (form, uploads, payment, register answers) is written by the
//! central server; its office half (verdicts, biometrics, interview, receipts) by the counters. The halves are
//! disjoint, so the order between the two streams never matters. Facts are kept as entries with their stamp; taking
//! one back marks it, nothing is ever erased.

mod appointment;
mod biometrics;
mod document;
mod handover;
mod interview;
mod payment;
mod receipt;

pub use appointment::{Appointment, PlaceKind, Priority, SpecialGround};
pub use biometrics::{BiometricMark, BiometricPart, BiometricStatus, ExceptionReason, FaceJudgement};
pub use document::{
    DocumentKind, DocumentState, DocumentView, FieldCheck, FormField, GivenVerdict, Reason, UploadedScan, Verdict,
};
pub use handover::{Consignment, Delivery, PostReport, PostStage, ProductionReport, ProductionStage};
pub use interview::{HoldUntil, Interview, InterviewResult, Purpose};
pub use payment::{Bill, Payment, PaymentState, SeenProof};
pub use receipt::{IssuedReceipt, PrintMade};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::act::{Act, CommandRef, Event, Settlement, Stamp};
use crate::id::{ApplicationNo, OfficeCode, OfficerId, ScanHash, Timestamp};
use crate::nik::{self, Nik, NikCheck, Sex};
use crate::office::Role;
use crate::refusal::{Missing, Refusal};
use crate::rules::{Rules, age_on};
use crate::world::Context;

/// A note, a reason or a text for the applicant has at most this many characters.
pub const TEXT_CHARS_MAX: usize = 500;

/// Why somebody applies. PP 45/2024 and Permenkumham 8/2014 name these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Kind {
    /// Paspor baru.
    New,
    /// Penggantian: expired or full.
    Replacement,
    /// Hilang.
    Lost,
    /// Rusak.
    Damaged,
    /// Perubahan data.
    DataChange,
}

impl Kind {
    /// Whether the fee is due only after the photo was taken, because what it will be is found out at the counter.
    pub fn is_paid_after_photo(self) -> bool {
        match self {
            Kind::Lost | Kind::Damaged => true,
            Kind::New | Kind::Replacement | Kind::DataChange => false,
        }
    }
}

/// Which list of documents holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AgeClass {
    Adult,
    /// Under 17.
    Child,
}

/// What the applicant filled in (e-Perdim).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Form {
    /// As on the identity card, capitals.
    pub full_name: String,
    #[ts(type = "string")]
    pub nik: Nik,
    pub birth_place: String,
    pub birth_date: NaiveDate,
    pub sex: Sex,
    pub address: String,
    pub mother_name: String,
    pub father_name: String,
    /// Last digits only; enough to find somebody, not enough to call them.
    pub phone_tail: String,
    pub purpose: String,
    pub destination: String,
}

/// An application as M-Paspor handed it over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Submission {
    pub kind: Kind,
    pub age: AgeClass,
    /// Electronic passport?
    pub electronic: bool,
    /// 5 or 10.
    pub validity_years: u8,
    /// Percepatan: wanted on the same day, for a further fee.
    #[serde(default)]
    pub same_day: bool,
    /// Whoever is married counts as grown up (Permenkumham 18/2022).
    #[serde(default)]
    pub married: bool,
    pub form: Form,
    /// People who applied from one account and come together.
    pub group: Option<String>,
    pub priority: Option<Priority>,
    pub at: Timestamp,
}

/// What a register said, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Answer {
    pub register: Register,
    pub result: AnswerResult,
    /// Which system said so; empty in rows from before it was kept.
    #[serde(default)]
    pub source: String,
    /// Fields of the form that the register has otherwise. Never what it has instead.
    #[serde(default)]
    pub differs: Vec<FormField>,
    pub at: Timestamp,
}

/// A register that the centre asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Register {
    /// Population register (Dukcapil).
    Population,
    /// Travel-ban list (cekal).
    BanList,
    /// Travel documents (DPRI).
    TravelDocuments,
}

/// Kind of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AnswerResult {
    /// Agrees, or nothing is listed.
    Clear,
    /// Differs, or something is listed.
    Hit,
    /// The register did not answer.
    NoAnswer,
}

/// A passport the person had before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EarlierPassport {
    pub number: String,
    pub issued: NaiveDate,
    pub expires: NaiveDate,
}

/// Another open application of the same person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Duplicate {
    pub office: OfficeCode,
    pub application: ApplicationNo,
}

/// Who gave an application up before it was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CancelledBy {
    Applicant,
    Office,
}

/// An application that was given up before it was served. The fee is not paid back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cancellation {
    pub by: CancelledBy,
    pub reason: String,
    pub at: Timestamp,
}

/// Something about a case that has to be looked at before work goes into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "warning", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Warning {
    /// Applied as "new", but there is a passport already.
    NewAlthoughHasOne { number: String },
    /// The same person has another application.
    Duplicate { office: OfficeCode, application: ApplicationNo },
}

/// A fact with its stamp. `withdrawn` once it was undone, corrected or outvoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Entry<T> {
    pub stamp: Stamp,
    pub withdrawn: bool,
    pub value: T,
}

/// A fact that collided with what stood first. Kept whole until a supervisor settles it, and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Dispute {
    pub stamp: Stamp,
    pub act: Act,
    pub because: Refusal,
    /// What a supervisor decided, and who.
    pub settled: Option<(Settlement, Stamp)>,
}

/// The case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Its number.
    pub no: ApplicationNo,
    // Registry half
    pub submission: Option<Submission>,
    pub scans: Vec<UploadedScan>,
    pub bill: Option<Bill>,
    pub payments: Vec<Payment>,
    pub payment_expired: Option<Timestamp>,
    pub appointment: Option<Appointment>,
    pub answers: Vec<Answer>,
    pub earlier: Vec<EarlierPassport>,
    #[serde(default)]
    pub duplicates: Vec<Duplicate>,
    #[serde(default)]
    pub cancelled: Option<Cancellation>,
    /// What the applicant chose; fetched at the office unless they said otherwise.
    #[serde(default)]
    pub delivery: Option<Delivery>,
    #[serde(default)]
    pub production: Vec<ProductionReport>,
    #[serde(default)]
    pub consignment: Option<Consignment>,
    #[serde(default)]
    pub post: Vec<PostReport>,
    // Office half
    pub verdicts: Vec<Entry<GivenVerdict>>,
    pub fields: Vec<Entry<FieldCheck>>,
    pub biometrics: Vec<Entry<(BiometricPart, BiometricMark)>>,
    pub faces: Vec<Entry<FaceJudgement>>,
    pub interviews: Vec<Entry<Interview>>,
    pub proofs: Vec<Entry<SeenProof>>,
    pub receipts: Vec<IssuedReceipt>,
    pub disputes: Vec<Dispute>,
    /// The newest command on this case: only that one can be undone.
    pub last: Option<CommandRef>,
}

fn push<T>(list: &mut Vec<Entry<T>>, stamp: &Stamp, value: T) {
    list.push(Entry { stamp: stamp.clone(), withdrawn: false, value });
}

fn withdraw<T>(list: &mut [Entry<T>], command: CommandRef) -> bool {
    let mut found = false;
    for entry in list.iter_mut().filter(|e| e.stamp.origin.command() == Some(command)) {
        entry.withdrawn = true;
        found = true;
    }
    found
}

pub(crate) fn short(text: &str) -> Result<(), Refusal> {
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Refusal::TextTooLong { max: TEXT_CHARS_MAX as u32 });
    }
    Ok(())
}

fn officer_of(stamp: &Stamp) -> OfficerId {
    match &stamp.origin {
        crate::act::Origin::Desk { officer, .. } => officer.clone(),
        crate::act::Origin::Service { name, .. } => {
            OfficerId::new(name.clone()).unwrap_or_else(|_| OfficerId::new("server").expect("a fixed word is an id"))
        }
    }
}

impl Application {
    /// A case of which nothing is known yet. Office rows may arrive before registry rows, so this is a normal state.
    pub fn new(no: ApplicationNo) -> Application {
        Application {
            no,
            submission: None,
            scans: Vec::new(),
            bill: None,
            payments: Vec::new(),
            payment_expired: None,
            appointment: None,
            answers: Vec::new(),
            earlier: Vec::new(),
            duplicates: Vec::new(),
            cancelled: None,
            delivery: None,
            production: Vec::new(),
            consignment: None,
            post: Vec::new(),
            verdicts: Vec::new(),
            fields: Vec::new(),
            biometrics: Vec::new(),
            faces: Vec::new(),
            interviews: Vec::new(),
            proofs: Vec::new(),
            receipts: Vec::new(),
            disputes: Vec::new(),
            last: None,
        }
    }

    /// The rule book of a case. Looks only.
    pub fn decide(&self, ctx: &Context<'_>, act: &Act) -> Result<Vec<Event>, Refusal> {
        let event = match act.clone() {
            Act::Verdict { document, scan, verdict, to_applicant, note } => {
                short(&to_applicant)?;
                short(&note)?;
                if !self.documents(ctx.rules).contains(&document) {
                    return Err(Refusal::DocumentNotAsked { document });
                }
                if verdict.reason() == Some(Reason::Other) && note.trim().is_empty() && to_applicant.trim().is_empty() {
                    return Err(Refusal::ReasonNeeded);
                }
                if let Some(standing) = self.standing_verdict(document, scan)
                    && standing.value.verdict.direction() != verdict.direction()
                {
                    let officer = officer_of(&standing.stamp);
                    return Err(Refusal::AlreadyDecided { verdict: standing.value.verdict, officer });
                }
                Event::VerdictGiven { document, scan, verdict, to_applicant, note }
            }
            Act::CheckField { field, against, agrees } => Event::FieldChecked { field, against, agrees },
            Act::Biometrics { part, mark } => {
                if mark.status == BiometricStatus::Exception && mark.reason.is_none() {
                    return Err(Refusal::ReasonNeeded);
                }
                Event::BiometricsMarked { part, mark }
            }
            Act::JudgeFace { judgement } => Event::FaceJudged { judgement },
            Act::Interview { interview } => {
                short(&interview.note)?;
                short(&interview.destination)?;
                if let Some(standing) = self.interview()
                    && standing.value.result.direction() != interview.result.direction()
                {
                    return Err(Refusal::AlreadyInterviewed { officer: officer_of(&standing.stamp) });
                }
                Event::Interviewed { interview }
            }
            Act::ProofSeen { what, reference } => {
                short(&what)?;
                short(&reference)?;
                if what.trim().is_empty() {
                    return Err(Refusal::ReasonNeeded);
                }
                Event::ProofOfPaymentSeen { what, reference }
            }
            Act::IssueReceipt { number } => {
                if number.desk != ctx.desk {
                    return Err(Refusal::NotYours);
                }
                if let Some(own) = self.receipts.iter().find(|r| r.number.desk == number.desk) {
                    return Err(Refusal::ReceiptExists { number: own.number.clone() });
                }
                let missing = self.missing_for_receipt(ctx.rules, ctx.now);
                if !missing.is_empty() {
                    return Err(Refusal::NotReady { missing });
                }
                Event::ReceiptIssued { number }
            }
            Act::PrintReceipt { number, how, copy } => {
                if !self.receipts.iter().any(|r| r.number == number) {
                    return Err(Refusal::ReceiptUnknown);
                }
                Event::ReceiptPrinted { number, how, copy }
            }
            Act::Undo { command } => {
                if self.receipts.iter().any(|r| r.stamp.origin.command() == Some(command)) {
                    return Err(Refusal::BuiltUpon);
                }
                if command.desk != ctx.desk {
                    return Err(Refusal::NotYours);
                }
                if self.last != Some(command) {
                    return Err(Refusal::BuiltUpon);
                }
                let made_by = self.standing(command).ok_or(Refusal::NothingToUndo)?;
                if made_by.origin.officer() != Some(ctx.officer) {
                    return Err(Refusal::NotYours);
                }
                Event::Undone { command }
            }
            Act::Correct { command, reason } => {
                short(&reason)?;
                if reason.trim().is_empty() {
                    return Err(Refusal::ReasonNeeded);
                }
                if self.standing(command).is_none() {
                    return Err(Refusal::NothingToUndo);
                }
                Event::Corrected { command, reason }
            }
            Act::Settle { command, settlement, reason } => {
                may_settle(&self.disputes, ctx.role, command, &reason)?;
                Event::Settled { command, settlement, reason }
            }
            Act::CheckIn { .. }
            | Act::Call { .. }
            | Act::Recall { .. }
            | Act::Start { .. }
            | Act::NoShow { .. }
            | Act::Return
            | Act::Hold { .. }
            | Act::Transfer { .. }
            | Act::Finish { .. }
            | Act::OpenCounter { .. }
            | Act::CloseCounter { .. }
            | Act::Release { .. }
            | Act::Reclaim { .. } => return Err(Refusal::WrongSubject),
        };
        Ok(vec![event])
    }

    /// History. Changes only, and takes every event.
    pub fn apply(&mut self, stamp: &Stamp, event: &Event) {
        match event.clone() {
            Event::Submitted { submission } => self.submission = Some(*submission),
            Event::ScanUploaded { scan } => {
                if !self.scans.iter().any(|s| s.hash == scan.hash && s.document == scan.document) {
                    self.scans.push(scan);
                }
            }
            Event::Billed { bill } => self.bill = Some(bill),
            Event::Paid { payment } => self.payments.push(payment),
            // The place goes to somebody else. A list that was published keeps its numbers, and the officer sees why.
            Event::PaymentExpired => (self.payment_expired, self.appointment) = (Some(stamp.at), None),
            Event::Booked { appointment, .. } => self.appointment = Some(appointment),
            Event::RegisterAnswered { answer } => self.answers.push(answer),
            Event::EarlierPassportsFound { passports } => self.earlier = passports,
            Event::DuplicateFound { duplicate } => {
                if !self.duplicates.contains(&duplicate) {
                    self.duplicates.push(duplicate);
                }
            }
            Event::Cancelled { cancellation } => (self.cancelled, self.appointment) = (Some(cancellation), None),
            Event::DeliveryChosen { delivery } => self.delivery = Some(delivery),
            Event::ProductionReported { report } => self.production.push(report),
            Event::Dispatched { consignment } => self.consignment = Some(consignment),
            Event::PostReported { report } => self.post.push(report),
            Event::VerdictGiven { document, scan, verdict, to_applicant, note } => {
                push(&mut self.verdicts, stamp, GivenVerdict { document, scan, verdict, to_applicant, note });
            }
            Event::FieldChecked { field, against, agrees } => {
                push(&mut self.fields, stamp, FieldCheck { field, against, agrees });
            }
            Event::BiometricsMarked { part, mark } => push(&mut self.biometrics, stamp, (part, mark)),
            Event::FaceJudged { judgement } => push(&mut self.faces, stamp, judgement),
            Event::Interviewed { interview } => push(&mut self.interviews, stamp, interview),
            Event::ProofOfPaymentSeen { what, reference } => {
                push(&mut self.proofs, stamp, SeenProof { what, reference });
            }
            Event::ReceiptIssued { number } => {
                self.receipts.push(IssuedReceipt { number, stamp: stamp.clone(), prints: Vec::new() });
            }
            Event::ReceiptPrinted { number, how, copy } => {
                if let Some(receipt) = self.receipts.iter_mut().find(|r| r.number == number) {
                    receipt.prints.push(PrintMade { how, copy, stamp: stamp.clone() });
                }
            }
            Event::Undone { command } | Event::Corrected { command, .. } => self.withdraw(command),
            Event::Disputed { act, because } => {
                let (act, because) = (*act, *because);
                // A receipt that was handed out exists, whatever becomes of the case.
                if let Act::IssueReceipt { number } = &act {
                    self.receipts.push(IssuedReceipt { number: number.clone(), stamp: stamp.clone(), prints: vec![] });
                }
                self.disputes.push(Dispute { stamp: stamp.clone(), act, because, settled: None });
            }
            Event::Settled { command, settlement, .. } => self.settle(stamp, command, settlement),
            Event::Published { .. }
            | Event::Withdrawn { .. }
            | Event::CheckedIn { .. }
            | Event::Called { .. }
            | Event::CallVoided { .. }
            | Event::Recalled { .. }
            | Event::Started { .. }
            | Event::WentMissing { .. }
            | Event::CameBack
            | Event::Held { .. }
            | Event::Transferred { .. }
            | Event::ShareSet { .. }
            | Event::Finished { .. }
            | Event::CounterOpened { .. }
            | Event::CounterClosed { .. }
            | Event::Released { .. }
            | Event::Reclaimed { .. }
            | Event::OfficeSet { .. }
            | Event::CounterSet { .. }
            | Event::OfficerSet { .. }
            | Event::DeskSet { .. }
            | Event::RulesSet { .. }
            | Event::RulesApproved { .. }
            | Event::EpochDeclared { .. } => {}
        }
        if let Some(command) = stamp.origin.command() {
            self.last = Some(command);
        }
    }

    fn withdraw(&mut self, command: CommandRef) {
        let _ = withdraw(&mut self.verdicts, command)
            | withdraw(&mut self.fields, command)
            | withdraw(&mut self.biometrics, command)
            | withdraw(&mut self.faces, command)
            | withdraw(&mut self.interviews, command)
            | withdraw(&mut self.proofs, command);
    }

    /// Who said it and when, if what this command said still stands.
    fn standing(&self, command: CommandRef) -> Option<&Stamp> {
        fn of<T>(list: &[Entry<T>], command: CommandRef) -> Option<&Stamp> {
            list.iter().find(|e| !e.withdrawn && e.stamp.origin.command() == Some(command)).map(|e| &e.stamp)
        }
        of(&self.verdicts, command)
            .or_else(|| of(&self.fields, command))
            .or_else(|| of(&self.biometrics, command))
            .or_else(|| of(&self.faces, command))
            .or_else(|| of(&self.interviews, command))
            .or_else(|| of(&self.proofs, command))
    }

    fn settle(&mut self, by: &Stamp, command: CommandRef, settlement: Settlement) {
        let Some(dispute) = self.disputes.iter_mut().find(|d| d.stamp.origin.command() == Some(command)) else {
            return;
        };
        dispute.settled = Some((settlement, by.clone()));
        if settlement == Settlement::KeepStanding {
            return;
        }
        let (stamp, act) = (dispute.stamp.clone(), dispute.act.clone());
        match act {
            Act::Verdict { document, scan, verdict, to_applicant, note } => {
                for e in self.verdicts.iter_mut().filter(|e| e.value.document == document && e.value.scan == scan) {
                    e.withdrawn = true;
                }
                push(&mut self.verdicts, &stamp, GivenVerdict { document, scan, verdict, to_applicant, note });
            }
            Act::Interview { interview } => {
                self.interviews.iter_mut().for_each(|e| e.withdrawn = true);
                push(&mut self.interviews, &stamp, interview);
            }
            Act::Correct { command, .. } | Act::Undo { command } => self.withdraw(command),
            // The other facts of a case stand beside each other; there is nothing to put in another's place.
            _ => {}
        }
    }

    /// The documents of this case: those the rules ask for, then others that were uploaded.
    pub fn documents(&self, rules: &Rules) -> Vec<DocumentKind> {
        let mut out = match &self.submission {
            Some(s) => rules.documents(s.kind, s.age).to_vec(),
            None => Vec::new(),
        };
        for scan in &self.scans {
            if !out.contains(&scan.document) {
                out.push(scan.document);
            }
        }
        out
    }

    /// The verdict that stands on a scan: the first that was not taken back.
    pub fn standing_verdict(&self, document: DocumentKind, scan: ScanHash) -> Option<&Entry<GivenVerdict>> {
        self.verdicts.iter().find(|e| !e.withdrawn && e.value.document == document && e.value.scan == scan)
    }

    /// A document is accepted while any of its scans stands accepted.
    pub fn document_state(&self, document: DocumentKind) -> DocumentState {
        let standing = || self.verdicts.iter().filter(|e| !e.withdrawn && e.value.document == document);
        // What counts per scan is the first verdict that stands on it.
        let firsts: Vec<&Entry<GivenVerdict>> = standing()
            .filter(|e| self.standing_verdict(document, e.value.scan).is_some_and(|f| std::ptr::eq(f, *e)))
            .collect();
        if firsts.iter().any(|e| e.value.verdict == Verdict::Accept) {
            DocumentState::Accepted
        } else if let Some(last) = firsts.last() {
            match last.value.verdict {
                Verdict::Accept => DocumentState::Accepted,
                Verdict::AskReupload { reason } => DocumentState::ReuploadAsked { reason },
                Verdict::Reject { reason } => DocumentState::Rejected { reason },
            }
        } else if self.scans.iter().any(|s| s.document == document) {
            DocumentState::Undecided
        } else {
            DocumentState::NotUploaded
        }
    }

    /// The newest status of a part of the biometrics; parts the rules don't ask for say so.
    pub fn biometric(&self, rules: &Rules, today: NaiveDate, part: BiometricPart) -> Option<BiometricMark> {
        let newest = self.biometrics.iter().rev().find(|e| !e.withdrawn && e.value.0 == part);
        if let Some(entry) = newest {
            return Some(entry.value.1.clone());
        }
        let age = self.submission.as_ref().map(|s| age_on(s.form.birth_date, today));
        let too_young = part.is_finger() && age.is_some_and(|age| age < rules.fingers_from_age);
        too_young.then(BiometricMark::not_required)
    }

    /// Does this status need no further attempt?
    pub fn biometric_done(rules: &Rules, mark: &BiometricMark) -> bool {
        match mark.status {
            BiometricStatus::NotRequired | BiometricStatus::Exception => true,
            BiometricStatus::Retake => false,
            BiometricStatus::Captured => {
                mark.quality.is_none_or(|q| q >= rules.finger_quality_min) || mark.attempts >= rules.finger_attempts_max
            }
        }
    }

    /// The interview that stands.
    pub fn interview(&self) -> Option<&Entry<Interview>> {
        self.interviews.iter().find(|e| !e.withdrawn)
    }

    /// The officer's judgement of the face that stands: the newest.
    pub fn face_judgement(&self) -> Option<&Entry<FaceJudgement>> {
        self.faces.iter().rev().find(|e| !e.withdrawn)
    }

    /// The newest comparison of a field with a document.
    pub fn field_check(&self, field: FormField) -> Option<&Entry<FieldCheck>> {
        self.fields.iter().rev().find(|e| !e.withdrawn && e.value.field == field)
    }

    /// What is known about the fee. "Paid per server" and "proof seen" are two facts.
    pub fn payment(&self) -> PaymentState {
        let paid_rp = self.payments.iter().fold(0u64, |sum, p| sum.saturating_add(p.amount_rp));
        let of_rp = self.bill.as_ref().map_or(0, |b| b.amount_rp);
        if let Some(paid) = self.payments.first().filter(|_| paid_rp >= of_rp) {
            PaymentState::Paid { payment: paid.clone() }
        } else if let Some(proof) = self.proofs.iter().find(|e| !e.withdrawn) {
            PaymentState::ProofSeen { what: proof.value.what.clone(), reference: proof.value.reference.clone() }
        } else if paid_rp > 0 {
            PaymentState::PaidInPart { paid_rp, of_rp }
        } else if let Some(at) = self.payment_expired {
            PaymentState::Expired { at }
        } else if self.bill.is_some() {
            PaymentState::Unpaid
        } else {
            PaymentState::Unknown
        }
    }

    /// The newest answer of a register, if any came.
    pub fn answer(&self, register: Register) -> Option<&Answer> {
        self.answers.iter().rev().find(|a| a.register == register)
    }

    /// What has to be looked at before work goes into this case.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut out = Vec::new();
        let is_new = self.submission.as_ref().is_some_and(|s| s.kind == Kind::New);
        if let (true, Some(newest)) = (is_new, self.earlier.iter().max_by_key(|p| p.issued)) {
            out.push(Warning::NewAlthoughHasOne { number: newest.number.clone() });
        }
        let duplicates = self.duplicates.iter().cloned();
        out.extend(duplicates.map(|Duplicate { office, application }| Warning::Duplicate { office, application }));
        out
    }

    /// Format, region, birth date and sex of the NIK against the form. A mismatch warns, it never blocks.
    pub fn nik_check(&self) -> Option<NikCheck> {
        let form = &self.submission.as_ref()?.form;
        Some(nik::check(&form.nik, form.birth_date, form.sex))
    }

    /// Open disputes.
    pub fn open_disputes(&self) -> impl Iterator<Item = &Dispute> {
        self.disputes.iter().filter(|d| d.settled.is_none())
    }

    /// Is anything decided that keeps the case from being complete: a document asked again, refused, or a held interview?
    pub fn is_held_up(&self, rules: &Rules) -> bool {
        let documents = self.documents(rules);
        let document = documents.iter().any(|d| {
            matches!(self.document_state(*d), DocumentState::ReuploadAsked { .. } | DocumentState::Rejected { .. })
        });
        document || self.interview().is_some_and(|i| i.value.result.direction() != 0)
    }

    /// What stands in the way of a receipt. A receipt says that the file was taken in; a case that is held up gets one
    /// without biometrics, and the paper then says what is outstanding.
    pub fn missing_for_receipt(&self, rules: &Rules, now: Timestamp) -> Vec<Missing> {
        let mut missing = Vec::new();
        for document in self.documents(rules) {
            if matches!(self.document_state(document), DocumentState::Undecided) {
                missing.push(Missing::Document { document });
            }
        }
        let held_up = self.is_held_up(rules);
        if !held_up {
            for document in self.documents(rules) {
                if self.document_state(document) == DocumentState::NotUploaded {
                    missing.push(Missing::Document { document });
                }
            }
            for field in &rules.fields {
                if self.field_check(*field).is_none() {
                    missing.push(Missing::Field { field: *field });
                }
            }
            missing.extend(self.missing_biometrics(rules, now));
            if self.interview().is_none() {
                missing.push(Missing::Interview);
            }
            let pays_later = self.submission.as_ref().is_some_and(|s| s.kind.is_paid_after_photo());
            let paid = matches!(self.payment(), PaymentState::Paid { .. } | PaymentState::ProofSeen { .. });
            if !paid && !pays_later {
                missing.push(Missing::Payment);
            }
        }
        missing
    }

    /// Parts of the biometrics without a final status.
    pub fn missing_biometrics(&self, rules: &Rules, now: Timestamp) -> Vec<Missing> {
        let today = rules.day(now);
        let mut missing: Vec<Missing> = BiometricPart::ALL
            .into_iter()
            .filter(|part| !self.biometric(rules, today, *part).is_some_and(|m| Self::biometric_done(rules, &m)))
            .map(|part| Missing::Biometrics { part })
            .collect();
        if self.face_judgement().is_none() {
            missing.push(Missing::FaceJudgement);
        }
        missing
    }
}

/// May this role settle this dispute, for this reason? Shared by all aggregates.
pub(crate) fn may_settle(disputes: &[Dispute], role: Role, command: CommandRef, reason: &str) -> Result<(), Refusal> {
    short(reason)?;
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonNeeded);
    }
    if role != Role::Supervisor {
        return Err(Refusal::SupervisorOnly);
    }
    match disputes.iter().find(|d| d.stamp.origin.command() == Some(command)) {
        None => Err(Refusal::NothingToUndo),
        Some(d) if d.settled.is_some() => Err(Refusal::AlreadySettled),
        Some(_) => Ok(()),
    }
}
