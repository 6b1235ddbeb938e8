//! What an officer can do, and what then has happened. An [`Act`] is put to the rule book (`decide`), which may refuse;
//! an [`Event`] is history and may not be refused. One [`Command`] is one act of one officer at one desk, stamped with
//! the desk's own number and chained to the one before it: order, gap detector and audit trail in one.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::application::{
    Answer, Appointment, Bill, BiometricMark, BiometricPart, Cancellation, Consignment, Delivery, DocumentKind,
    Duplicate, EarlierPassport, FaceJudgement, FormField, Interview, Payment, PostReport, ProductionReport,
    SpecialGround, Submission, UploadedScan, Verdict,
};
use crate::id::{
    ApplicationNo, CounterNo, DeskId, Digest, Epoch, OfficeCode, OfficerId, ReceiptNo, RequestId, RulesVersion,
    ScanHash, Timestamp, VisitId,
};
use crate::office::{CounterInfo, DeskInfo, OfficeInfo, Officer};
use crate::refusal::Refusal;
use crate::rules::Rules;
use crate::visit::{HoldReason, Outcome, Plan, Presence};

/// Which aggregate an act is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// One coming to the office.
    Visit(VisitId),
    /// One case.
    Application(ApplicationNo),
    /// The office's day.
    Office,
}

impl Subject {
    /// A short text, unique among all subjects of an office: the key under which an aggregate is stored.
    pub fn key(&self) -> String {
        match self {
            Subject::Visit(id) => format!("v:{id}"),
            Subject::Application(no) => format!("a:{no}"),
            Subject::Office => "o:".to_owned(),
        }
    }

    /// The reverse of [`Subject::key`]; `None` for a text that no subject has.
    pub fn from_key(key: &str) -> Option<Subject> {
        match key.split_once(':')? {
            ("v", id) => VisitId::new(id).ok().map(Subject::Visit),
            ("a", no) => ApplicationNo::new(no).ok().map(Subject::Application),
            ("o", "") => Some(Subject::Office),
            _ => None,
        }
    }
}

/// How somebody was found when checking in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckInHow {
    /// The QR of the appointment was scanned.
    Qr,
    /// Ticket or application number was typed.
    Number,
    /// NIK was typed.
    Nik,
    /// Picked from the list by name.
    Name,
}

/// Why this person and not another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum CallHow {
    /// Next of the counter's own share. `instead_of` names an ask that got no answer in time; whatever that ask did is void.
    Share {
        /// The ask that this call replaces.
        instead_of: Option<RequestId>,
    },
    /// Out of order, from the own share, with a reason that is kept.
    Chosen {
        /// Why this one first.
        reason: String,
        /// The ask that this call replaces.
        instead_of: Option<RequestId>,
    },
    /// By the authority, in answer to an ask.
    Asked {
        /// The ask that was answered.
        request: RequestId,
    },
}

/// A command of a desk, as other commands refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct CommandRef {
    /// The desk that stamped it.
    pub desk: DeskId,
    /// Its number at that desk.
    #[ts(type = "number")]
    pub n: u64,
}

/// What a supervisor decided about a disputed fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// What stood first goes on standing.
    KeepStanding,
    /// The disputed fact takes its place.
    TakeDisputed,
}

/// How a receipt left the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PrintHow {
    /// Written to a PDF file.
    Pdf,
    /// Sent to a printer.
    Printer,
}

/// What an officer does.
///
/// Exactly `call` and `transfer` are *claims*: they ask for something that others may want too, and the authority may
/// refuse them. Everything else is a *fact* that happened in the room: a desk may refuse it to guide its officer, the
/// authority never does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    // On a visit
    /// The applicant has arrived.
    CheckIn { how: CheckInHow },
    /// Call this visit to a counter (claim).
    Call { counter: CounterNo, call: CallHow },
    /// Call once more.
    Recall { counter: CounterNo },
    /// The applicant stands at the counter; these of the visit's applications are served there.
    Start { counter: CounterNo, applications: Vec<ApplicationNo>, presence: Presence },
    /// Called, and did not come.
    NoShow { counter: CounterNo },
    /// Came after all; goes back to the queue and keeps the place.
    Return,
    /// Set aside, to be served later.
    Hold { counter: CounterNo, reason: HoldReason, until: Option<NaiveDate>, note: String },
    /// Give the visit to another counter (claim).
    Transfer { to: CounterNo, note: String },
    /// The service at this counter ends, with an outcome for each application that was served.
    Finish { counter: CounterNo, outcomes: Vec<ApplicationOutcome> },

    // On an application
    /// A decision about one scan of one document. `scan` is what the officer saw.
    Verdict {
        document: DocumentKind,
        scan: ScanHash,
        verdict: Verdict,
        /// Text for the applicant, in their words; empty if none.
        to_applicant: String,
        /// For colleagues only.
        note: String,
    },
    /// A field of the form was held against a document.
    CheckField { field: FormField, against: DocumentKind, agrees: bool },
    /// State of one part of the biometrics, as the capture system reported it. Never the data itself.
    Biometrics { part: BiometricPart, mark: BiometricMark },
    /// The officer's own judgement of the face, asked before any score is shown.
    JudgeFace { judgement: FaceJudgement },
    /// What the interview found.
    Interview { interview: Interview },
    /// The applicant showed a proof of payment. A fact beside, not instead of, what the server says.
    ProofSeen { what: String, reference: String },
    /// A receipt with this number was made. From here on the number exists, whatever becomes of the case.
    IssueReceipt { number: ReceiptNo },
    /// The receipt was written or printed. `copy` 0 is the original, 1 the first SALINAN.
    PrintReceipt { number: ReceiptNo, how: PrintHow, copy: u32 },

    // On any aggregate
    /// Takes back an act within seconds: same officer, same desk, nothing built on it, never a receipt.
    Undo { command: CommandRef },
    /// Takes back an act later, with a reason.
    Correct { command: CommandRef, reason: String },
    /// A supervisor decides about a disputed fact.
    Settle { command: CommandRef, settlement: Settlement, reason: String },

    // On the office
    /// The officer opens a counter at this desk.
    OpenCounter { counter: CounterNo },
    /// The counter at this desk closes.
    CloseCounter { counter: CounterNo },
    /// The holder gives waiting visits of its share away.
    Release { visits: Vec<VisitId>, from: CounterNo, to: CounterNo },
    /// A supervisor takes the share of a counter that can't answer.
    Reclaim { from: CounterNo, to: CounterNo, reason: String },
}

impl Act {
    /// A claim may be refused by the authority; a fact may not.
    pub fn is_claim(&self) -> bool {
        matches!(self, Act::Call { .. } | Act::Transfer { .. })
    }
}

/// What became of one application of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApplicationOutcome {
    /// The case.
    pub application: ApplicationNo,
    /// What became of it.
    pub outcome: Outcome,
}

/// One act of one officer at one desk. Its JSON, once stamped, is never rewritten: the bytes are what is hashed, sent
/// and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The desk.
    pub desk: DeskId,
    /// 1, 2, 3, ... without holes.
    pub n: u64,
    /// Digest of the desk's previous command; [`Digest::ZERO`] before the first.
    pub prev: Digest,
    /// Who did it, whoever is signed in when it is sent.
    pub officer: OfficerId,
    /// Service time of the desk. Evidence, not order.
    pub at: Timestamp,
    /// The rules it was decided under.
    pub rules: RulesVersion,
    /// What it is about.
    pub subject: Subject,
    /// What was done.
    pub act: Act,
}

impl Command {
    /// The bytes that are hashed, sent and kept.
    pub fn stamp(&self) -> String {
        serde_json::to_string(self).expect("a command is plain data and always becomes JSON")
    }

    /// What `prev` of the next command will be.
    pub fn digest_of(stamped: &str) -> Digest {
        Digest::of(stamped.as_bytes())
    }
}

/// Who wrote a row: a desk, or a service of the server (payment, booking, population register, answers to asks).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    /// Idempotent on `(desk, n)`.
    Desk {
        desk: DeskId,
        #[ts(type = "number")]
        n: u64,
        officer: OfficerId,
    },
    /// Idempotent on `(name, external_id)`.
    Service { name: String, external_id: String },
}

impl Origin {
    /// The command behind this origin, if a desk made it.
    pub fn command(&self) -> Option<CommandRef> {
        match self {
            Origin::Desk { desk, n, .. } => Some(CommandRef { desk: *desk, n: *n }),
            Origin::Service { .. } => None,
        }
    }

    /// The officer who acted, if one did.
    pub fn officer(&self) -> Option<&OfficerId> {
        match self {
            Origin::Desk { officer, .. } => Some(officer),
            Origin::Service { .. } => None,
        }
    }
}

/// Who and when, handed to `apply` with every event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Stamp {
    /// Who wrote it.
    pub origin: Origin,
    /// When it happened, by the clock of whoever wrote it.
    pub at: Timestamp,
}

impl Stamp {
    /// The stamp of a desk's command.
    pub fn of(command: &Command) -> Stamp {
        let Command { desk, n, officer, at, .. } = command;
        Stamp { origin: Origin::Desk { desk: *desk, n: *n, officer: officer.clone() }, at: *at }
    }
}

/// What has happened. `apply` takes every one of them without complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    // Visit
    /// The day's list was published with this visit in it.
    Published {
        plan: Plan,
    },
    /// The place was given up after publication (rescheduled, cancelled).
    Withdrawn {
        reason: String,
    },
    CheckedIn {
        how: CheckInHow,
    },
    Called {
        counter: CounterNo,
        desk: DeskId,
        officer: OfficerId,
        call: CallHow,
    },
    /// The call has no effect; the visit goes back to the head of the queue, or stays where it is being served.
    CallVoided {
        counter: CounterNo,
        request: Option<RequestId>,
    },
    Recalled {
        counter: CounterNo,
    },
    Started {
        counter: CounterNo,
        applications: Vec<ApplicationNo>,
        presence: Presence,
    },
    WentMissing {
        counter: CounterNo,
    },
    CameBack,
    Held {
        counter: CounterNo,
        reason: HoldReason,
        until: Option<NaiveDate>,
        note: String,
    },
    Transferred {
        to: CounterNo,
        note: String,
    },
    /// The share this visit belongs to has changed, because its holder released it or a supervisor reclaimed it.
    ShareSet {
        counter: CounterNo,
        reclaimed: bool,
    },
    Finished {
        counter: CounterNo,
        outcomes: Vec<ApplicationOutcome>,
    },

    // Application, office stream
    VerdictGiven {
        document: DocumentKind,
        scan: ScanHash,
        verdict: Verdict,
        to_applicant: String,
        note: String,
    },
    FieldChecked {
        field: FormField,
        against: DocumentKind,
        agrees: bool,
    },
    BiometricsMarked {
        part: BiometricPart,
        mark: BiometricMark,
    },
    FaceJudged {
        judgement: FaceJudgement,
    },
    Interviewed {
        interview: Interview,
    },
    ProofOfPaymentSeen {
        what: String,
        reference: String,
    },
    ReceiptIssued {
        number: ReceiptNo,
    },
    ReceiptPrinted {
        number: ReceiptNo,
        how: PrintHow,
        copy: u32,
    },

    // Application, registry stream
    Submitted {
        submission: Box<Submission>,
    },
    ScanUploaded {
        scan: UploadedScan,
    },
    Billed {
        bill: Bill,
    },
    Paid {
        payment: Payment,
    },
    PaymentExpired,
    Booked {
        appointment: Appointment,
        /// Why the rules did not count, if they did not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ground: Option<SpecialGround>,
    },
    RegisterAnswered {
        answer: Answer,
    },
    EarlierPassportsFound {
        passports: Vec<EarlierPassport>,
    },
    /// The same person has another open application.
    DuplicateFound {
        duplicate: Duplicate,
    },
    /// Given up before it was served.
    Cancelled {
        cancellation: Cancellation,
    },
    DeliveryChosen {
        delivery: Delivery,
    },
    ProductionReported {
        report: ProductionReport,
    },
    /// Given to the post.
    Dispatched {
        consignment: Consignment,
    },
    PostReported {
        report: PostReport,
    },

    // Any aggregate
    Undone {
        command: CommandRef,
    },
    Corrected {
        command: CommandRef,
        reason: String,
    },
    /// A fact that collides with what stands. Kept whole; changes nothing until it is settled.
    Disputed {
        act: Box<Act>,
        because: Box<Refusal>,
    },
    Settled {
        command: CommandRef,
        settlement: Settlement,
        reason: String,
    },

    // Office, office stream
    CounterOpened {
        counter: CounterNo,
        desk: DeskId,
        officer: OfficerId,
    },
    CounterClosed {
        counter: CounterNo,
    },
    Released {
        visits: Vec<VisitId>,
        to: CounterNo,
    },
    Reclaimed {
        visits: Vec<VisitId>,
        from: CounterNo,
        to: CounterNo,
        reason: String,
    },

    // Office, registry stream
    OfficeSet {
        info: OfficeInfo,
    },
    CounterSet {
        counter: CounterInfo,
    },
    OfficerSet {
        officer: Officer,
    },
    DeskSet {
        desk: DeskInfo,
    },
    RulesSet {
        rules: Box<Rules>,
    },
    /// Two administrators answer for a version of the rules: one proposed it, another one approved it.
    RulesApproved {
        version: RulesVersion,
        proposed_by: OfficerId,
        approved_by: OfficerId,
    },
    /// The ledger was restored from a copy: what the old epoch had beyond it is not here. Two administrators answer for it.
    EpochDeclared {
        epoch: Epoch,
        /// On whose roster the two stand.
        office: OfficeCode,
        by: OfficerId,
        and: OfficerId,
    },
}
