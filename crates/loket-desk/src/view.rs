//! What screens are told. Each view is complete for its screen and says what is `allowed` in it, so that no screen
//! works out a rule. Names of people are in here, so a view exists only while somebody is signed in.

use chrono::NaiveDate;
use loket_core::act::{Act, CommandRef, Event, Settlement, Subject};
use loket_core::application::{
    AgeClass, Answer, Bill, BiometricMark, BiometricPart, DocumentKind, DocumentState, EarlierPassport, FaceJudgement,
    Form, FormField, Interview, Kind, PaymentState, Priority, Verdict,
};
use loket_core::id::{
    ApplicationNo, CounterNo, DeskId, OfficeCode, OfficerId, ReceiptNo, ScanHash, Ticket, Timestamp, VisitId,
};
use loket_core::nik::NikCheck;
use loket_core::office::Role;
use loket_core::refusal::{Missing, Refusal};
use loket_core::sync::Quarantine;
use loket_core::visit::{HoldReason, Outcome};
use loket_core::world::Allowed;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What stands on every screen.
#[derive(Debug, Clone, Serialize, TS)]
pub struct StatusView {
    pub version: String,
    pub now: Timestamp,
    pub office: Option<OfficeView>,
    /// `None` until the machine is enrolled.
    pub desk: Option<DeskId>,
    pub session: Option<SessionView>,
    pub line: LineView,
    /// Last officer who signed in here: the name is filled in, the password is not.
    pub last_officer: Option<OfficerId>,
}

/// The office, as the top bar shows it.
#[derive(Debug, Clone, Serialize, TS)]
pub struct OfficeView {
    pub code: OfficeCode,
    pub name: String,
    /// Minutes from UTC.
    pub zone_minutes: i16,
    /// WIB, WITA, WIT.
    pub zone: String,
    pub today: NaiveDate,
}

/// Who is signed in.
#[derive(Debug, Clone, Serialize, TS)]
pub struct SessionView {
    pub officer: OfficerId,
    pub name: String,
    pub role: Role,
    /// The counter that is open at this desk.
    pub counter: Option<CounterNo>,
}

/// The line to the centre, honestly.
#[derive(Debug, Clone, Serialize, TS)]
pub struct LineView {
    pub online: bool,
    /// Online or offline since then.
    pub since: Timestamp,
    pub heard_at: Option<Timestamp>,
    /// Acts of this desk that the centre has not answered.
    pub unsent: u32,
    pub oldest_unsent: Option<Timestamp>,
    /// Refused claims and open disputes: "perlu tindakan".
    pub attention: u32,
    /// How far the PC's clock is from the centre's, in milliseconds.
    pub clock_offset_ms: i64,
    /// Days for which officers can still sign in without a line.
    pub offline_days_left: u32,
    /// Pictures of documents that are on this desk, and how many there should be.
    pub scans_here: u32,
    pub scans_wanted: u32,
}

/// Choice of counter after signing in.
#[derive(Debug, Clone, Serialize, TS)]
pub struct CountersView {
    pub counters: Vec<CounterView>,
    /// The officer's last counter at this desk: preselected.
    pub last: Option<CounterNo>,
    pub prepared: PreparedView,
}

/// One counter.
#[derive(Debug, Clone, Serialize, TS)]
pub struct CounterView {
    pub no: CounterNo,
    pub service: String,
    pub holder: Option<HolderView>,
    /// Why it can't be opened here; `None` if it can.
    pub why_not: Option<Refusal>,
}

/// Who holds a counter.
#[derive(Debug, Clone, Serialize, TS)]
pub struct HolderView {
    pub officer: String,
    pub desk: DeskId,
    pub since: Timestamp,
    pub this_desk: bool,
}

/// What this desk could do if the line went down now.
#[derive(Debug, Clone, Serialize, TS)]
pub struct PreparedView {
    pub visits_today: u32,
    /// Last day of which the list is here.
    pub days_until: Option<NaiveDate>,
    pub scans_here: u32,
    pub scans_wanted: u32,
    /// Free bytes where the data lies.
    pub disk_free_bytes: Option<u64>,
}

/// The queue as this counter sees it.
#[derive(Debug, Clone, Serialize, TS)]
pub struct QueueView {
    pub now: Timestamp,
    pub counter: Option<CounterNo>,
    /// The visit called to this counter or served at it.
    pub current: Option<QueueRow>,
    /// Everybody of today who is not finished, in the order in which this counter would call them; then the rest.
    pub rows: Vec<QueueRow>,
    pub counts: QueueCounts,
    pub today: CounterDay,
    /// What can be done with `current`, and whether next can be called.
    pub allowed: Vec<Allowed>,
    pub next: Option<NextView>,
    pub last_check_in: Option<CheckInView>,
    pub recalls_max: u8,
    pub recall_gap_s: u32,
    pub promise_min: u32,
}

/// Numbers on the tabs.
#[derive(Debug, Clone, Default, Serialize, TS)]
pub struct QueueCounts {
    /// Arrived and waiting, whole office.
    pub waiting: u32,
    /// Arrived and waiting, this counter's share.
    pub mine: u32,
    pub priority: u32,
    pub held: u32,
    pub no_show: u32,
    /// Not arrived yet.
    pub expected: u32,
    pub finished: u32,
    /// Arrival of whoever waits longest.
    pub oldest: Option<Timestamp>,
    /// Those who have waited past the promised time.
    pub overdue: u32,
}

/// This counter today.
#[derive(Debug, Clone, Default, Serialize, TS)]
pub struct CounterDay {
    pub served: u32,
    /// Mean service time.
    pub mean_ms: Option<i64>,
    pub awaiting_reupload: u32,
    pub on_hold: u32,
    pub refused: u32,
    pub no_show: u32,
}

/// Who is next, and why.
#[derive(Debug, Clone, Serialize, TS)]
pub struct NextView {
    pub visit: VisitId,
    pub ticket: Ticket,
    pub because: NextBecause,
    pub waiting_min: u32,
    pub promise_min: u32,
}

/// Why somebody is next.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NextBecause {
    /// Was put at the head: came back, or a call was voided.
    AtHead,
    Priority,
    /// Earliest booked time of those who arrived.
    Earliest,
    /// Nobody who arrived is left; this one's hour has come.
    HourCome,
}

/// The newest arrival.
#[derive(Debug, Clone, Serialize, TS)]
pub struct CheckInView {
    pub ticket: Ticket,
    pub at: Timestamp,
}

/// Where a visit stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    Expected,
    Waiting,
    Called,
    Serving,
    Held,
    NoShow,
    Finished,
    Withdrawn,
}

/// One line of the queue.
#[derive(Debug, Clone, Serialize, TS)]
pub struct QueueRow {
    pub visit: VisitId,
    pub ticket: Ticket,
    /// Name of the first applicant.
    pub name: String,
    pub people: u32,
    pub applications: Vec<ApplicationNo>,
    pub kind: Kind,
    pub age: AgeClass,
    pub priority: Option<Priority>,
    pub stage: StageName,
    pub slot: Timestamp,
    /// Waiting, called, serving, held or absent since then.
    pub since: Option<Timestamp>,
    pub arrived: Option<Timestamp>,
    /// Has waited past the promised time.
    pub overdue: bool,
    /// The counter it is called to, served at, or in whose share it is.
    pub counter: Option<CounterNo>,
    pub mine: bool,
    pub calls: u8,
    pub last_call: Option<Timestamp>,
    pub hold: Option<HoldReason>,
    pub hold_note: String,
    pub payment: PaymentSummary,
    pub outcome: Option<Outcome>,
    pub earlier_passport_but_new: bool,
    pub nik_disagrees: bool,
    pub disputed: bool,
    /// Something on it was done here and is not sent yet.
    pub unsent: bool,
    /// Documents have been asked for again before.
    pub reupload_asked: bool,
}

/// The fee of everybody in a visit, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PaymentSummary {
    Paid,
    SomePaid {
        paid: u32,
        of: u32,
    },
    ProofSeen,
    Unpaid,
    Expired,
    /// Nothing heard from the server about it.
    NotChecked,
}

/// A case at the counter.
#[derive(Debug, Clone, Serialize, TS)]
pub struct ServeView {
    pub now: Timestamp,
    pub row: QueueRow,
    /// Everybody of the visit.
    pub people: Vec<PersonView>,
    /// The person shown.
    pub application: ApplicationNo,
    pub service_min: u32,
    pub electronic: bool,
    pub validity_years: u8,
    pub form: Form,
    pub documents: Vec<DocumentCard>,
    pub fields: Vec<FieldRow>,
    pub nik: NikCheck,
    /// Province, regency, district of the first registration, as far as known.
    pub nik_region: Vec<String>,
    pub population: Option<Answer>,
    pub ban_list: Option<Answer>,
    pub travel_documents: Option<Answer>,
    pub payment: PaymentState,
    pub bill: Option<Bill>,
    pub earlier: Vec<EarlierPassport>,
    pub biometrics: Vec<BiometricRow>,
    pub finger_quality_min: u8,
    pub finger_attempts_max: u8,
    pub face: Option<FaceJudgement>,
    pub interview: Option<InterviewView>,
    pub receipts: Vec<ReceiptView>,
    pub disputes: Vec<AttentionItem>,
    pub timeline: Vec<TimelineRow>,
    /// What is missing before a receipt can be made.
    pub missing: Vec<Missing>,
    /// A document was asked for again or refused, or the interview was held: the case can't be accepted now.
    pub held_up: bool,
    pub allowed: Vec<Allowed>,
}

/// One person of a visit.
#[derive(Debug, Clone, Serialize, TS)]
pub struct PersonView {
    pub application: ApplicationNo,
    pub name: String,
    pub outcome: Option<Outcome>,
    /// Served at this counter now.
    pub here: bool,
}

/// A document with its scans.
#[derive(Debug, Clone, Serialize, TS)]
pub struct DocumentCard {
    pub document: DocumentKind,
    pub state: DocumentState,
    pub scans: Vec<ScanCard>,
}

/// One scan.
#[derive(Debug, Clone, Serialize, TS)]
pub struct ScanCard {
    pub hash: ScanHash,
    pub file_name: String,
    pub media_type: String,
    pub bytes: u64,
    pub at: Timestamp,
    /// A picture of it is on this desk.
    pub here: bool,
    pub verdict: Option<VerdictView>,
}

/// A verdict that stands.
#[derive(Debug, Clone, Serialize, TS)]
pub struct VerdictView {
    #[serde(flatten)]
    pub verdict: Verdict,
    pub officer: String,
    pub at: Timestamp,
    pub to_applicant: String,
    pub note: String,
    pub command: Option<CommandRef>,
    pub unsent: bool,
}

/// A field of the form with the document that proves it.
#[derive(Debug, Clone, Serialize, TS)]
pub struct FieldRow {
    pub field: FormField,
    pub value: String,
    pub proof: DocumentKind,
    /// `None` until somebody looked.
    pub agrees: Option<bool>,
    pub officer: Option<String>,
    pub at: Option<Timestamp>,
}

/// One part of the biometrics.
#[derive(Debug, Clone, Serialize, TS)]
pub struct BiometricRow {
    pub part: BiometricPart,
    pub mark: Option<BiometricMark>,
    /// Needs no further attempt.
    pub done: bool,
    pub at: Option<Timestamp>,
}

/// The interview that stands.
#[derive(Debug, Clone, Serialize, TS)]
pub struct InterviewView {
    #[serde(flatten)]
    pub interview: Interview,
    pub officer: String,
    pub at: Timestamp,
    pub command: Option<CommandRef>,
}

/// A receipt that was issued.
#[derive(Debug, Clone, Serialize, TS)]
pub struct ReceiptView {
    pub number: ReceiptNo,
    pub officer: String,
    pub at: Timestamp,
    /// How often it was printed or saved; the next one is marked SALINAN from 1 on.
    pub prints: u32,
    pub last_print: Option<Timestamp>,
    /// Issued at this desk: it can be printed here.
    pub own: bool,
    pub unsent: bool,
}

/// One line of a case's history.
#[derive(Debug, Clone, Serialize, TS)]
pub struct TimelineRow {
    pub at: Timestamp,
    pub event: Event,
    /// Name of the officer, or of the service.
    pub by: String,
    pub counter: Option<CounterNo>,
    pub unsent: bool,
}

/// What was done at this desk and where it is.
#[derive(Debug, Clone, Serialize, TS)]
pub struct SyncView {
    pub now: Timestamp,
    pub line: LineView,
    /// Newest first, at most [`SYNC_ROWS_MAX`].
    pub rows: Vec<SyncRow>,
    pub waiting: u32,
    pub attention: Vec<AttentionItem>,
    pub server: String,
    pub desk: DeskId,
    pub rules_version: u32,
    pub regions_version: String,
}

/// Rows on the sync screen.
pub const SYNC_ROWS_MAX: usize = 200;

/// One act of this desk.
#[derive(Debug, Clone, Serialize, TS)]
pub struct SyncRow {
    pub n: u64,
    pub at: Timestamp,
    pub officer: String,
    pub ticket: Option<Ticket>,
    pub act: Act,
    pub sending: Sending,
}

/// Where an act is.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Sending {
    /// Saved here; not answered yet.
    Waiting,
    Applied,
    Disputed {
        because: Refusal,
        settled: Option<Settlement>,
    },
    Refused {
        because: Refusal,
    },
    Quarantined {
        why: Quarantine,
    },
}

/// Something a person has to look at.
#[derive(Debug, Clone, Serialize, TS)]
pub struct AttentionItem {
    pub subject: Subject,
    pub command: CommandRef,
    pub kind: AttentionKind,
    pub ticket: Option<Ticket>,
    pub name: String,
    pub act: Act,
    pub because: Refusal,
    pub officer: String,
    pub at: Timestamp,
    /// Done at this desk.
    pub mine: bool,
    /// What stands instead, where one thing stands instead.
    pub standing: Option<StandingView>,
    pub settled: Option<Settlement>,
}

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// A claim of this desk that the office refused.
    Refused,
    /// A fact that collides with another.
    Disputed,
}

/// The fact that stood first.
#[derive(Debug, Clone, Serialize, TS)]
pub struct StandingView {
    pub verdict: Option<Verdict>,
    pub interview: Option<Interview>,
    pub officer: String,
    pub at: Timestamp,
}

/// What a scanned or typed code led to.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum ScanResult {
    /// Arrived now.
    CheckedIn { row: Box<QueueRow> },
    /// Came back after "no-show" or hold.
    CameBack { row: Box<QueueRow> },
    /// Was here already; nothing changed.
    AlreadyHere { row: Box<QueueRow>, at: Timestamp },
}

/// An act was saved.
#[derive(Debug, Clone, Copy, Serialize, TS)]
pub struct Recorded {
    pub command: CommandRef,
    /// How long it can be undone with one key; 0 if not at all.
    pub undo_ms: u32,
}

/// Somebody was called.
#[derive(Debug, Clone, Serialize, TS)]
pub struct CalledView {
    pub visit: VisitId,
    pub ticket: Ticket,
    /// Called from the own share because the centre did not answer in time.
    pub offline: bool,
}

/// A scan that can be shown.
#[derive(Debug, Clone, Serialize, TS)]
pub struct ScanInfo {
    pub pages: u32,
}

/// A receipt was written to a file.
#[derive(Debug, Clone, Serialize, TS)]
pub struct SavedReceipt {
    /// `None` if the officer closed the dialog.
    pub file: Option<String>,
    /// 0 the original, 1 the first SALINAN.
    pub copy: u32,
}

/// Language of paper and screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    Id,
    En,
}

/// Something changed; ask again for what you show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// Cases, visits, the queue.
    Work,
    /// The line, counts of unsent work.
    Line,
    /// Somebody signed in or out.
    Session,
}
