//! The only two kinds of "no" in Loket. A [`Refusal`] is an answer of the rule book to an act: what stands in the way,
//! as data. A [`Fault`] is something broken or missing around it: a disk, a line, a password. Neither carries a
//! sentence; the sentences stand in the UI, one table per language, and a new code breaks its build until it has one.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::application::{BiometricPart, DocumentKind, FormField, Verdict};
use crate::id::{CounterNo, OfficerId, ReceiptNo, Timestamp};

/// What is still missing before a step can be taken. Drawn as a list, with a jump to each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "missing", rename_all = "snake_case")]
pub enum Missing {
    /// The document has no decision yet.
    Document {
        document: DocumentKind,
    },
    /// The field was not held against a document yet.
    Field {
        field: FormField,
    },
    /// No status for this part of the biometrics.
    Biometrics {
        part: BiometricPart,
    },
    /// The officer's own judgement of the face.
    FaceJudgement,
    Interview,
    /// Neither paid per server nor a proof seen.
    Payment,
    Receipt,
    /// The receipt exists but was never printed or saved.
    Print,
}

/// Why an act is not possible now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// No such visit, application or document here.
    Unknown,
    /// The act does not belong to this kind of subject.
    WrongSubject,
    /// The visit belongs to another service day.
    OtherDay,
    /// The place was given up; the applicant has another one, or none.
    PlaceGivenUp,
    AlreadyCheckedIn {
        at: Timestamp,
    },
    /// Somebody else called first.
    AlreadyCalled {
        counter: CounterNo,
    },
    BeingServed {
        counter: CounterNo,
        officer: OfficerId,
    },
    AlreadyFinished {
        at: Timestamp,
    },
    OnHold,
    MarkedNoShow {
        at: Timestamp,
    },
    /// Not arrived, and the hour has not come.
    NotYetDue {
        slot: Timestamp,
    },
    /// This visit is in the share of another counter.
    InOtherShare {
        counter: CounterNo,
    },
    /// A supervisor took this share away.
    ShareReclaimed {
        counter: CounterNo,
    },
    /// This counter has not called this visit.
    NotCalledHere,
    /// This counter is not serving this visit.
    NotServedHere,
    RecallsUsedUp {
        max: u8,
    },
    RecallTooSoon {
        wait_s: u32,
    },
    TooFewRecalls {
        needed: u8,
    },
    /// This counter has another visit without an outcome.
    CounterBusy {
        ticket: crate::id::Ticket,
    },
    CounterNotOpen,
    CounterTaken {
        officer: OfficerId,
    },
    CounterUnknown {
        counter: CounterNo,
    },
    /// There is a decision on this scan already, and it is another one.
    AlreadyDecided {
        verdict: Verdict,
        officer: OfficerId,
    },
    /// The document is not among those of this case.
    DocumentNotAsked {
        document: DocumentKind,
    },
    ReasonNeeded,
    TextTooLong {
        max: u32,
    },
    AlreadyInterviewed {
        officer: OfficerId,
    },
    NotReady {
        missing: Vec<Missing>,
    },
    ReceiptExists {
        number: ReceiptNo,
    },
    ReceiptUnknown,
    /// Outcome "accepted" while a document waits for a new upload, the interview says hold, or the like.
    OutcomeDoesNotFit,
    NothingToUndo,
    /// The seconds for undoing are over; a correction with a reason is still possible.
    TooLateToUndo,
    /// Something was built on it.
    BuiltUpon,
    NotYours,
    SupervisorOnly,
    /// Administrators and auditors have no access to cases.
    RoleForbids,
    AlreadySettled,
    /// Made by a newer program.
    NeedsNewerLoket,
    NobodyWaiting,
}

/// Something broken or missing around the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Fault {
    /// The rule book said no.
    Refused {
        refusal: Refusal,
    },
    /// Nobody is signed in, or the desk is locked.
    SignedOut,
    NotEnrolled,
    NoCounter,
    /// Name or password wrong. Never says which.
    WrongPassword {
        tries_left: u8,
    },
    /// Too many wrong passwords.
    SignInBlocked {
        wait_s: u32,
    },
    /// Not heard from the centre for too long.
    OfflineTooLong {
        days: u32,
    },
    /// The officer is not on this office's roster, or no longer.
    NotOnRoster,
    /// The enrolment code is wrong, used or too old.
    CodeRefused,
    /// The server can't be reached.
    NoLine,
    /// The server does not know this desk, or no longer.
    DeskUnknown,
    /// The server answers for another office.
    OtherOffice,
    ServerBusy {
        retry_s: u32,
    },
    ServerTrouble,
    /// The database was written by a newer Loket. It was left untouched.
    NewerDatabase {
        found: u32,
        known: u32,
    },
    DatabaseTrouble,
    DiskFull,
    KeystoreTrouble,
    /// Another Loket is open on this desk.
    AlreadyRunning,
    /// The scan is not on this desk yet and the line is down.
    ScanNotHere,
    /// The scan can't be shown. `why` is a code of the decoder.
    ScanUnreadable {
        why: String,
    },
    /// The QR is none of ours.
    UnknownCode,
    CodeOfOtherOffice {
        office: String,
    },
    CodeOfOtherDay {
        day: chrono::NaiveDate,
    },
    FileTrouble,
    /// The request itself was malformed; a fault of the program.
    BadRequest {
        what: String,
    },
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        Fault::Refused { refusal }
    }
}
