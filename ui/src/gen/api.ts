// Written by `cargo test -p loket-desk` from api.rs. Don't edit.

export type Act = { "act": "check_in", how: CheckInHow, } | { "act": "call", counter: CounterNo, call: CallHow, } | { "act": "recall", counter: CounterNo, } | { "act": "start", counter: CounterNo, applications: Array<ApplicationNo>, presence: Presence, } | { "act": "no_show", counter: CounterNo, } | { "act": "return" } | { "act": "hold", counter: CounterNo, reason: HoldReason, until: string | null, note: string, } | { "act": "transfer", to: CounterNo, note: string, } | { "act": "finish", counter: CounterNo, outcomes: Array<ApplicationOutcome>, } | { "act": "verdict", document: DocumentKind, scan: Digest, verdict: Verdict, 
/**
 * Text for the applicant, in their words; empty if none.
 */
to_applicant: string, 
/**
 * For colleagues only.
 */
note: string, } | { "act": "check_field", field: FormField, against: DocumentKind, agrees: boolean, } | { "act": "biometrics", part: BiometricPart, mark: BiometricMark, } | { "act": "judge_face", judgement: FaceJudgement, } | { "act": "interview", interview: Interview, } | { "act": "proof_seen", what: string, reference: string, } | { "act": "issue_receipt", number: ReceiptNo, } | { "act": "print_receipt", number: ReceiptNo, how: PrintHow, copy: number, } | { "act": "undo", command: CommandRef, } | { "act": "correct", command: CommandRef, reason: string, } | { "act": "settle", command: CommandRef, settlement: Settlement, reason: string, } | { "act": "open_counter", counter: CounterNo, } | { "act": "close_counter", counter: CounterNo, } | { "act": "release", visits: Array<VisitId>, from: CounterNo, to: CounterNo, } | { "act": "reclaim", from: CounterNo, to: CounterNo, reason: string, };
export type Action = "call_next" | "call" | "check_in" | "recall" | "no_show" | "start" | "start_here" | "return" | "hold" | "transfer" | "issue_receipt" | "finish_accepted";
export type AgeClass = "adult" | "child";
export type Allowed = { action: Action, 
/**
 * `None` when it can be done.
 */
why_not: Refusal | null, };
export type Answer = { register: Register, result: AnswerResult, 
/**
 * Which system said so; empty in rows from before it was kept.
 */
source: string, 
/**
 * Fields of the form that the register has otherwise. Never what it has instead.
 */
differs: Array<FormField>, at: Timestamp, };
export type AnswerResult = "clear" | "hit" | "no_answer";
export type ApplicationNo = string;
export type ApplicationOutcome = { 
/**
 * The case.
 */
application: ApplicationNo, 
/**
 * What became of it.
 */
outcome: Outcome, };
export type Appointment = { id: AppointmentId, 
/**
 * Service day in the office's zone.
 */
day: string, 
/**
 * Booked time.
 */
slot: Timestamp, };
export type AppointmentId = string;
export type AtCounter = { counter: CounterNo, };
export type AttentionItem = { subject: Subject, command: CommandRef, kind: AttentionKind, ticket: Ticket | null, name: string, act: Act, because: Refusal, officer: string, at: Timestamp, 
/**
 * Done at this desk.
 */
mine: boolean, 
/**
 * What stands instead, where one thing stands instead.
 */
standing: StandingView | null, settled: Settlement | null, };
export type AttentionKind = "refused" | "disputed";
export type Bill = { 
/**
 * Fifteen digits from SIMPONI.
 */
code: string, amount_rp: number, due: Timestamp, };
export type BiometricMark = { status: BiometricStatus, 
/**
 * NFIQ 2, 0-100, if the capture system said so.
 */
quality: number | null, 
/**
 * Attempts so far.
 */
attempts: number, 
/**
 * Only with an exception, and always then.
 */
reason: ExceptionReason | null, };
export type BiometricPart = "face" | "left_little" | "left_ring" | "left_middle" | "left_index" | "left_thumb" | "right_thumb" | "right_index" | "right_middle" | "right_ring" | "right_little" | "signature";
export type BiometricRow = { part: BiometricPart, mark: BiometricMark | null, 
/**
 * Needs no further attempt.
 */
done: boolean, at: Timestamp | null, };
export type BiometricStatus = "captured" | "retake" | "exception" | "not_required";
export type CallChosen = { visit: VisitId, reason: string, };
export type CallHow = { "how": "share", 
/**
 * The ask that this call replaces.
 */
instead_of: RequestId | null, } | { "how": "chosen", 
/**
 * Why this one first.
 */
reason: string, 
/**
 * The ask that this call replaces.
 */
instead_of: RequestId | null, } | { "how": "asked", 
/**
 * The ask that was answered.
 */
request: RequestId, };
export type CalledView = { visit: VisitId, ticket: Ticket, 
/**
 * Called from the own share because the centre did not answer in time.
 */
offline: boolean, };
export type Cancellation = { by: CancelledBy, reason: string, at: Timestamp, };
export type CancelledBy = "applicant" | "office";
export type Changed = "work" | "line" | "session";
export type CheckInHow = "qr" | "number" | "nik" | "name";
export type CheckInView = { ticket: Ticket, at: Timestamp, };
export type CommandRef = { 
/**
 * The desk that stamped it.
 */
desk: DeskId, 
/**
 * Its number at that desk.
 */
n: number, };
export type Consignment = { 
/**
 * The list it was handed over with.
 */
manifest: string, 
/**
 * Number under which the post can be asked for it.
 */
tracking_no: string, at: Timestamp, };
export type CounterDay = { served: number, 
/**
 * Mean service time.
 */
mean_ms: number | null, awaiting_reupload: number, on_hold: number, refused: number, no_show: number, };
export type CounterInfo = { no: CounterNo, 
/**
 * What it serves, in words.
 */
service: string, };
export type CounterNo = number;
export type CounterView = { no: CounterNo, service: string, holder: HolderView | null, 
/**
 * Why it can't be opened here; `None` if it can.
 */
why_not: Refusal | null, };
export type CountersView = { counters: Array<CounterView>, 
/**
 * The officer's last counter at this desk: preselected.
 */
last: CounterNo | null, prepared: PreparedView, };
export type Delivery = { "how": "pick_up" } | { "how": "post", recipient: string, 
/**
 * Street, place and postal code.
 */
address: string, phone: string, };
export type DeskId = number;
export type DeskInfo = { desk: DeskId, name: string, 
/**
 * Ed25519 public key, hexadecimal.
 */
signing_key: string, 
/**
 * Year in which its receipt series was granted, two digits.
 */
series_year: number, revoked: boolean, };
export type Digest = string;
export type DocumentCard = { document: DocumentKind, state: DocumentState, scans: Array<ScanCard>, };
export type DocumentKind = "ktp" | "family_card" | "birth_certificate" | "old_passport" | "photo" | "parents_ktp" | "marriage_certificate" | "statement" | "other";
export type DocumentRule = { 
/**
 * Kind of application.
 */
kind: Kind, 
/**
 * Adult or child (under 17, or unmarried minors as the office defines it).
 */
age: AgeClass, 
/**
 * What must be shown.
 */
documents: Array<DocumentKind>, };
export type DocumentState = { "state": "not_uploaded" } | { "state": "undecided" } | { "state": "accepted" } | { "state": "reupload_asked", reason: Reason, } | { "state": "rejected", reason: Reason, };
export type Duplicate = { office: OfficeCode, application: ApplicationNo, };
export type EarlierPassport = { number: string, issued: string, expires: string, };
export type Enrol = { 
/**
 * Address of the server, such as `http://10.1.2.3:8080`.
 */
server: string, 
/**
 * The one-time code.
 */
code: string, 
/**
 * What people call the machine.
 */
name: string, };
export type Epoch = number;
export type Event = { "event": "published", plan: Plan, } | { "event": "withdrawn", reason: string, } | { "event": "checked_in", how: CheckInHow, } | { "event": "called", counter: CounterNo, desk: DeskId, officer: OfficerId, call: CallHow, } | { "event": "call_voided", counter: CounterNo, request: RequestId | null, } | { "event": "recalled", counter: CounterNo, } | { "event": "started", counter: CounterNo, applications: Array<ApplicationNo>, presence: Presence, } | { "event": "went_missing", counter: CounterNo, } | { "event": "came_back" } | { "event": "held", counter: CounterNo, reason: HoldReason, until: string | null, note: string, } | { "event": "transferred", to: CounterNo, note: string, } | { "event": "share_set", counter: CounterNo, reclaimed: boolean, } | { "event": "finished", counter: CounterNo, outcomes: Array<ApplicationOutcome>, } | { "event": "verdict_given", document: DocumentKind, scan: Digest, verdict: Verdict, to_applicant: string, note: string, } | { "event": "field_checked", field: FormField, against: DocumentKind, agrees: boolean, } | { "event": "biometrics_marked", part: BiometricPart, mark: BiometricMark, } | { "event": "face_judged", judgement: FaceJudgement, } | { "event": "interviewed", interview: Interview, } | { "event": "proof_of_payment_seen", what: string, reference: string, } | { "event": "receipt_issued", number: ReceiptNo, } | { "event": "receipt_printed", number: ReceiptNo, how: PrintHow, copy: number, } | { "event": "submitted", submission: Submission, } | { "event": "scan_uploaded", scan: UploadedScan, } | { "event": "billed", bill: Bill, } | { "event": "paid", payment: Payment, } | { "event": "payment_expired" } | { "event": "booked", appointment: Appointment, 
/**
 * Why the rules did not count, if they did not.
 */
ground?: SpecialGround | null, } | { "event": "register_answered", answer: Answer, } | { "event": "earlier_passports_found", passports: Array<EarlierPassport>, } | { "event": "duplicate_found", duplicate: Duplicate, } | { "event": "cancelled", cancellation: Cancellation, } | { "event": "delivery_chosen", delivery: Delivery, } | { "event": "production_reported", report: ProductionReport, } | { "event": "dispatched", consignment: Consignment, } | { "event": "post_reported", report: PostReport, } | { "event": "undone", command: CommandRef, } | { "event": "corrected", command: CommandRef, reason: string, } | { "event": "disputed", act: Act, because: Refusal, } | { "event": "settled", command: CommandRef, settlement: Settlement, reason: string, } | { "event": "counter_opened", counter: CounterNo, desk: DeskId, officer: OfficerId, } | { "event": "counter_closed", counter: CounterNo, } | { "event": "released", visits: Array<VisitId>, to: CounterNo, } | { "event": "reclaimed", visits: Array<VisitId>, from: CounterNo, to: CounterNo, reason: string, } | { "event": "office_set", info: OfficeInfo, } | { "event": "counter_set", counter: CounterInfo, } | { "event": "officer_set", officer: Officer, } | { "event": "desk_set", desk: DeskInfo, } | { "event": "rules_set", rules: Rules, } | { "event": "rules_approved", version: RulesVersion, proposed_by: OfficerId, approved_by: OfficerId, } | { "event": "epoch_declared", epoch: Epoch, 
/**
 * On whose roster the two stand.
 */
office: OfficeCode, by: OfficerId, and: OfficerId, };
export type ExceptionReason = "missing" | "injured" | "worn" | "medical" | "cannot_sign";
export type FaceJudgement = "match" | "doubt" | "no_match";
export type Fault = { "code": "refused", refusal: Refusal, } | { "code": "signed_out" } | { "code": "not_enrolled" } | { "code": "no_counter" } | { "code": "wrong_password", tries_left: number, } | { "code": "sign_in_blocked", wait_s: number, } | { "code": "offline_too_long", days: number, } | { "code": "not_on_roster" } | { "code": "code_refused" } | { "code": "no_line" } | { "code": "desk_unknown" } | { "code": "other_office" } | { "code": "server_busy", retry_s: number, } | { "code": "server_trouble" } | { "code": "newer_database", found: number, known: number, } | { "code": "database_trouble" } | { "code": "disk_full" } | { "code": "keystore_trouble" } | { "code": "already_running" } | { "code": "scan_not_here" } | { "code": "scan_unreadable", why: string, } | { "code": "unknown_code" } | { "code": "code_of_other_office", office: string, } | { "code": "code_of_other_day", day: string, } | { "code": "file_trouble" } | { "code": "bad_request", what: string, };
export type FieldRow = { field: FormField, value: string, proof: DocumentKind, 
/**
 * `None` until somebody looked.
 */
agrees: boolean | null, officer: string | null, at: Timestamp | null, };
export type Form = { 
/**
 * As on the identity card, capitals.
 */
full_name: string, nik: string, birth_place: string, birth_date: string, sex: Sex, address: string, mother_name: string, father_name: string, 
/**
 * Last digits only; enough to find somebody, not enough to call them.
 */
phone_tail: string, purpose: string, destination: string, };
export type FormField = "full_name" | "nik" | "birth_place" | "birth_date" | "mother_name" | "address";
export type HoldReason = "missing_paper" | "payment" | "supervisor" | "personal" | "other";
export type HolderView = { officer: string, desk: DeskId, since: Timestamp, this_desk: boolean, };
export type Interview = { purpose: Purpose, destination: string, 
/**
 * What is missing, or why.
 */
note: string, } & ({ "result": "passed" } | { "result": "held", until: string | null, } | { "result": "refused" });
export type InterviewView = { officer: string, at: Timestamp, command: CommandRef | null, purpose: Purpose, destination: string, 
/**
 * What is missing, or why.
 */
note: string, } & ({ "result": "passed" } | { "result": "held", until: string | null, } | { "result": "refused" });
export type Kind = "new" | "replacement" | "lost" | "damaged" | "data_change";
export type Language = "id" | "en";
export type LineView = { online: boolean, 
/**
 * Online or offline since then.
 */
since: Timestamp, heard_at: Timestamp | null, 
/**
 * Acts of this desk that the centre has not answered.
 */
unsent: number, oldest_unsent: Timestamp | null, 
/**
 * Refused claims and open disputes: "perlu tindakan".
 */
attention: number, 
/**
 * How far the PC's clock is from the centre's, in milliseconds.
 */
clock_offset_ms: number, 
/**
 * Days for which officers can still sign in without a line.
 */
offline_days_left: number, 
/**
 * Pictures of documents that are on this desk, and how many there should be.
 */
scans_here: number, scans_wanted: number, };
export type Missing = { "missing": "document", document: DocumentKind, } | { "missing": "field", field: FormField, } | { "missing": "biometrics", part: BiometricPart, } | { "missing": "face_judgement" } | { "missing": "interview" } | { "missing": "payment" } | { "missing": "receipt" } | { "missing": "print" };
export type NextBecause = "at_head" | "priority" | "earliest" | "hour_come";
export type NextView = { visit: VisitId, ticket: Ticket, because: NextBecause, waiting_min: number, promise_min: number, };
export type NikCheck = { 
/**
 * The first four digits are a regency or city of today's table. Old cards keep old codes.
 */
region_known: boolean, 
/**
 * Digits 7-12 are this birth date. They stay as they were when the register corrects the date.
 */
birth_agrees: boolean, 
/**
 * The day of birth is written as for this sex.
 */
sex_agrees: boolean, };
export type Nothing = Record<symbol, never>;
export type OfApplication = { application: ApplicationNo, };
export type OfScan = { hash: Digest, };
export type OfficeCode = string;
export type OfficeInfo = { code: OfficeCode, name: string, address: Array<string>, 
/**
 * X25519 public key of the office's recovery key, hexadecimal. Its private half is at the centre.
 */
recovery_key: string, };
export type OfficeView = { code: OfficeCode, name: string, 
/**
 * Minutes from UTC.
 */
zone_minutes: number, 
/**
 * WIB, WITA, WIT.
 */
zone: string, today: string, };
export type Officer = { id: OfficerId, name: string, role: Role, active: boolean, 
/**
 * The officer's key pair wrapped under the password: opaque here, opened by `loket-seal`.
 */
envelope: string, 
/**
 * Public half, hexadecimal.
 */
public_key: string, };
export type OfficerId = string;
export type Outcome = { "outcome": "accepted" } | { "outcome": "awaiting_reupload" } | { "outcome": "on_hold", until: string | null, } | { "outcome": "refused", reason: Reason, } | { "outcome": "given_up" };
export type Payment = { amount_rp: number, 
/**
 * Nomor Transaksi Penerimaan Negara: 16 letters and digits.
 */
ntpn: string, 
/**
 * Bank, post office, minimarket, marketplace.
 */
channel: string, at: Timestamp, };
export type PaymentState = { "state": "unknown" } | { "state": "unpaid" } | { "state": "expired", at: Timestamp, } | { "state": "proof_seen", what: string, reference: string, } | { "state": "paid_in_part", paid_rp: number, of_rp: number, } | { "state": "paid", payment: Payment, };
export type PaymentSummary = { "state": "paid" } | { "state": "some_paid", paid: number, of: number, } | { "state": "proof_seen" } | { "state": "unpaid" } | { "state": "expired" } | { "state": "not_checked" };
export type PersonView = { application: ApplicationNo, name: string, outcome: Outcome | null, 
/**
 * Served at this counter now.
 */
here: boolean, };
export type Plan = { 
/**
 * Service day.
 */
day: string, ticket: Ticket, appointment: AppointmentId, 
/**
 * Booked time.
 */
slot: Timestamp, 
/**
 * The counter whose share it belongs to at first.
 */
counter: CounterNo, kind: Kind, priority: Priority | null, applications: Array<ApplicationNo>, };
export type PostReport = { stage: PostStage, at: Timestamp, };
export type PostStage = "in_transit" | "delivered" | "returned";
export type PreparedView = { visits_today: number, 
/**
 * Last day of which the list is here.
 */
days_until: string | null, scans_here: number, scans_wanted: number, 
/**
 * Free bytes where the data lies.
 */
disk_free_bytes: number | null, };
export type Presence = "called" | "scanned" | "name_confirmed";
export type PrintHow = "pdf" | "printer";
export type Priority = "elderly" | "disabled" | "pregnant" | "toddler";
export type ProductionReport = { stage: ProductionStage, 
/**
 * Number printed in the booklet; empty before one is assigned. Never a key: it may change with every booklet.
 */
booklet: string, 
/**
 * Where it lies; empty before it is ready.
 */
shelf: string, at: Timestamp, };
export type ProductionStage = "booklet_allocated" | "printed" | "quality_passed" | "quality_failed" | "ready";
export type Purpose = "tourism" | "umrah" | "hajj" | "work" | "study" | "medical" | "family" | "other";
export type Quarantine = "officer_revoked" | "officer_unknown" | "desk_revoked" | "unknown_kind" | "unknown_rules" | "future_clock" | "role_forbids" | "clone";
export type QueueCounts = { 
/**
 * Arrived and waiting, whole office.
 */
waiting: number, 
/**
 * Arrived and waiting, this counter's share.
 */
mine: number, priority: number, held: number, no_show: number, 
/**
 * Not arrived yet.
 */
expected: number, finished: number, 
/**
 * Arrival of whoever waits longest.
 */
oldest: Timestamp | null, 
/**
 * Those who have waited past the promised time.
 */
overdue: number, };
export type QueueRow = { visit: VisitId, ticket: Ticket, 
/**
 * Name of the first applicant.
 */
name: string, people: number, applications: Array<ApplicationNo>, kind: Kind, age: AgeClass, priority: Priority | null, stage: StageName, slot: Timestamp, 
/**
 * Waiting, called, serving, held or absent since then.
 */
since: Timestamp | null, arrived: Timestamp | null, 
/**
 * Has waited past the promised time.
 */
overdue: boolean, 
/**
 * The counter it is called to, served at, or in whose share it is.
 */
counter: CounterNo | null, mine: boolean, calls: number, last_call: Timestamp | null, hold: HoldReason | null, hold_note: string, payment: PaymentSummary, outcome: Outcome | null, earlier_passport_but_new: boolean, nik_disagrees: boolean, disputed: boolean, 
/**
 * Something on it was done here and is not sent yet.
 */
unsent: boolean, 
/**
 * Documents have been asked for again before.
 */
reupload_asked: boolean, };
export type QueueView = { now: Timestamp, counter: CounterNo | null, 
/**
 * The visit called to this counter or served at it.
 */
current: QueueRow | null, 
/**
 * Everybody of today who is not finished, in the order in which this counter would call them; then the rest.
 */
rows: Array<QueueRow>, counts: QueueCounts, today: CounterDay, 
/**
 * What can be done with `current`, and whether next can be called.
 */
allowed: Array<Allowed>, next: NextView | null, last_check_in: CheckInView | null, recalls_max: number, recall_gap_s: number, promise_min: number, };
export type Reason = "blurred" | "cut_off" | "glare" | "wrong_document" | "pages_missing" | "expired" | "data_differs" | "not_original" | "other";
export type ReceiptNo = string;
export type ReceiptView = { number: ReceiptNo, officer: string, at: Timestamp, 
/**
 * How often it was printed or saved; the next one is marked SALINAN from 1 on.
 */
prints: number, last_print: Timestamp | null, 
/**
 * Issued at this desk: it can be printed here.
 */
own: boolean, unsent: boolean, };
export type RecordAct = { subject: Subject, act: Act, };
export type Recorded = { command: CommandRef, 
/**
 * How long it can be undone with one key; 0 if not at all.
 */
undo_ms: number, };
export type Refusal = { "code": "unknown" } | { "code": "wrong_subject" } | { "code": "other_day" } | { "code": "place_given_up" } | { "code": "already_checked_in", at: Timestamp, } | { "code": "already_called", counter: CounterNo, } | { "code": "being_served", counter: CounterNo, officer: OfficerId, } | { "code": "already_finished", at: Timestamp, } | { "code": "on_hold" } | { "code": "marked_no_show", at: Timestamp, } | { "code": "not_yet_due", slot: Timestamp, } | { "code": "in_other_share", counter: CounterNo, } | { "code": "share_reclaimed", counter: CounterNo, } | { "code": "not_called_here" } | { "code": "not_served_here" } | { "code": "recalls_used_up", max: number, } | { "code": "recall_too_soon", wait_s: number, } | { "code": "too_few_recalls", needed: number, } | { "code": "counter_busy", ticket: Ticket, } | { "code": "counter_not_open" } | { "code": "counter_taken", officer: OfficerId, } | { "code": "counter_unknown", counter: CounterNo, } | { "code": "already_decided", verdict: Verdict, officer: OfficerId, } | { "code": "document_not_asked", document: DocumentKind, } | { "code": "reason_needed" } | { "code": "text_too_long", max: number, } | { "code": "already_interviewed", officer: OfficerId, } | { "code": "not_ready", missing: Array<Missing>, } | { "code": "receipt_exists", number: ReceiptNo, } | { "code": "receipt_unknown" } | { "code": "outcome_does_not_fit" } | { "code": "nothing_to_undo" } | { "code": "too_late_to_undo" } | { "code": "built_upon" } | { "code": "not_yours" } | { "code": "supervisor_only" } | { "code": "role_forbids" } | { "code": "already_settled" } | { "code": "needs_newer_loket" } | { "code": "nobody_waiting" };
export type Register = "population" | "ban_list" | "travel_documents";
export type RequestId = string;
export type Role = "officer" | "supervisor" | "administrator" | "auditor";
export type Rules = { 
/**
 * Which version this is.
 */
version: RulesVersion, 
/**
 * First service day it is in force.
 */
effective_from: string, 
/**
 * Offset of the office's zone from UTC, in minutes: WIB 420, WITA 480, WIT 540. Indonesia has no summer time.
 */
zone_minutes: number, 
/**
 * Letter of regular tickets.
 */
letter_regular: string, 
/**
 * Letter of priority tickets.
 */
letter_priority: string, 
/**
 * A called person is called again at most this often.
 */
recalls_max: number, 
/**
 * Seconds between two calls of the same number.
 */
recall_gap_s: number, 
/**
 * Calls after the first one before somebody may be marked absent.
 */
recalls_before_no_show: number, 
/**
 * Seconds in which an act can be undone.
 */
undo_s: number, 
/**
 * Minutes after the booked time, or after arriving if that is later, by which an applicant should have been called.
 */
promise_min: number, 
/**
 * Minutes that serving one applicant takes as a rule.
 */
service_min: number, 
/**
 * Working days from the interview until the passport lies ready (Permenkumham 8/2014, article 22: at most 4).
 */
collect_after_days: number, 
/**
 * Years of age from which fingerprints are taken.
 */
fingers_from_age: number, 
/**
 * Quality (NFIQ 2, 0-100) under which a finger is taken again.
 */
finger_quality_min: number, 
/**
 * Attempts after which a finger of low quality stands as it is.
 */
finger_attempts_max: number, 
/**
 * Days an officer may sign in without the desk having heard from the centre.
 */
offline_sign_in_days: number, 
/**
 * Fields that are held against the documents.
 */
fields: Array<FormField>, 
/**
 * Documents by kind and age.
 */
documents: Array<DocumentRule>, 
/**
 * Tariffs, any order.
 */
tariffs: Array<Tariff>, 
/**
 * Fees on top of the tariff, any order.
 */
surcharges: Array<Surcharge>, 
/**
 * Only electronic passports are made here (IMI-263.GR.01.02/2024, office by office).
 */
electronic_only: boolean, 
/**
 * Years of age from which a passport may be good for ten years (Permenkumham 18/2022); whoever is married may have it
 * earlier. Below it the documents of a child are asked for.
 */
adult_from_age: number, 
/**
 * Applications that one account may have open.
 */
people_per_account_max: number, 
/**
 * Hour of the office's clock from which the next day's list is published.
 */
publish_from_hour: number, 
/**
 * Times and places of a working day, from which the quota of a month is opened.
 */
sessions: Array<Sessions>, 
/**
 * How often an applicant may take another place.
 */
reschedules_max: number, };
export type RulesVersion = number;
export type SaveReceipt = { application: ApplicationNo, number: ReceiptNo, language: Language, };
export type SavedReceipt = { 
/**
 * `None` if the officer closed the dialog.
 */
file: string | null, 
/**
 * 0 the original, 1 the first SALINAN.
 */
copy: number, };
export type ScanCard = { hash: Digest, file_name: string, media_type: string, bytes: number, at: Timestamp, 
/**
 * A picture of it is on this desk.
 */
here: boolean, verdict: VerdictView | null, };
export type ScanInfo = { pages: number, };
export type ScanResult = { "code": "checked_in", row: QueueRow, } | { "code": "came_back", row: QueueRow, } | { "code": "already_here", row: QueueRow, at: Timestamp, };
export type Sending = { "state": "waiting" } | { "state": "applied" } | { "state": "disputed", because: Refusal, settled: Settlement | null, } | { "state": "refused", because: Refusal, } | { "state": "quarantined", why: Quarantine, };
export type ServeCase = { visit: VisitId, application: ApplicationNo | null, };
export type ServeView = { now: Timestamp, row: QueueRow, 
/**
 * Everybody of the visit.
 */
people: Array<PersonView>, 
/**
 * The person shown.
 */
application: ApplicationNo, service_min: number, electronic: boolean, validity_years: number, form: Form, documents: Array<DocumentCard>, fields: Array<FieldRow>, nik: NikCheck, 
/**
 * Province, regency, district of the first registration, as far as known.
 */
nik_region: Array<string>, population: Answer | null, ban_list: Answer | null, travel_documents: Answer | null, payment: PaymentState, bill: Bill | null, earlier: Array<EarlierPassport>, biometrics: Array<BiometricRow>, finger_quality_min: number, finger_attempts_max: number, face: FaceJudgement | null, interview: InterviewView | null, receipts: Array<ReceiptView>, disputes: Array<AttentionItem>, timeline: Array<TimelineRow>, 
/**
 * What is missing before a receipt can be made.
 */
missing: Array<Missing>, 
/**
 * A document was asked for again or refused, or the interview was held: the case can't be accepted now.
 */
held_up: boolean, allowed: Array<Allowed>, };
export type SessionView = { officer: OfficerId, name: string, role: Role, 
/**
 * The counter that is open at this desk.
 */
counter: CounterNo | null, };
export type Sessions = { 
/**
 * First time, on the office's clock.
 */
from: string, 
/**
 * No time after this one.
 */
to: string, 
/**
 * Minutes between two times.
 */
every_min: number, 
/**
 * Places at each time.
 */
regular: number, priority: number, same_day: number, };
export type Settlement = "keep_standing" | "take_disputed";
export type Sex = "male" | "female";
export type SignIn = { officer: OfficerId, password: string, };
export type SpecialGround = "server_offline" | "officer_error" | "data_missing" | "technical_trouble" | "force_majeure";
export type StageName = "expected" | "waiting" | "called" | "serving" | "held" | "no_show" | "finished" | "withdrawn";
export type StandingView = { verdict: Verdict | null, interview: Interview | null, officer: string, at: Timestamp, };
export type StatusView = { version: string, now: Timestamp, office: OfficeView | null, 
/**
 * `None` until the machine is enrolled.
 */
desk: DeskId | null, session: SessionView | null, line: LineView, 
/**
 * Last officer who signed in here: the name is filled in, the password is not.
 */
last_officer: OfficerId | null, };
export type Subject = { "kind": "visit", "id": VisitId } | { "kind": "application", "id": ApplicationNo } | { "kind": "office" };
export type Submission = { kind: Kind, age: AgeClass, 
/**
 * Electronic passport?
 */
electronic: boolean, 
/**
 * 5 or 10.
 */
validity_years: number, 
/**
 * Percepatan: wanted on the same day, for a further fee.
 */
same_day: boolean, 
/**
 * Whoever is married counts as grown up (Permenkumham 18/2022).
 */
married: boolean, form: Form, 
/**
 * People who applied from one account and come together.
 */
group: string | null, priority: Priority | null, at: Timestamp, };
export type Surcharge = { 
/**
 * First day it holds.
 */
from: string, for: SurchargeFor, 
/**
 * Rupiah.
 */
amount_rp: number, };
export type SurchargeFor = "same_day" | "lost" | "damaged";
export type SyncRow = { n: number, at: Timestamp, officer: string, ticket: Ticket | null, act: Act, sending: Sending, };
export type SyncView = { now: Timestamp, line: LineView, 
/**
 * Newest first, at most [`SYNC_ROWS_MAX`].
 */
rows: Array<SyncRow>, waiting: number, attention: Array<AttentionItem>, server: string, desk: DeskId, rules_version: number, regions_version: string, };
export type Tariff = { 
/**
 * First day it holds.
 */
from: string, 
/**
 * Electronic passport?
 */
electronic: boolean, 
/**
 * 5 or 10.
 */
validity_years: number, 
/**
 * Rupiah.
 */
amount_rp: number, };
export type Text = { text: string, };
export type Ticket = string;
export type TimelineRow = { at: Timestamp, event: Event, 
/**
 * Name of the officer, or of the service.
 */
by: string, counter: CounterNo | null, unsent: boolean, };
export type Timestamp = number;
export type UploadedScan = { document: DocumentKind, hash: Digest, file_name: string, media_type: string, bytes: number, at: Timestamp, };
export type Verdict = { "verdict": "accept" } | { "verdict": "ask_reupload", reason: Reason, } | { "verdict": "reject", reason: Reason, };
export type VerdictView = { officer: string, at: Timestamp, to_applicant: string, note: string, command: CommandRef | null, unsent: boolean, } & ({ "verdict": "accept" } | { "verdict": "ask_reupload", reason: Reason, } | { "verdict": "reject", reason: Reason, });
export type VisitId = string;

/** Everything that can be asked of a desk. */
export interface Api {
  /** What stands on every screen. */
  status: { request: Nothing; reply: StatusView };
  /** Makes this machine a workstation of an office. */
  enrol: { request: Enrol; reply: StatusView };
  /** Signs an officer in; offline too. */
  sign_in: { request: SignIn; reply: StatusView };
  /** Locks the desk: data is gone from memory until the next sign-in. Unsent work goes on being sent. */
  sign_out: { request: Nothing; reply: StatusView };
  /** The counters of the office and what this desk has prepared. */
  counters: { request: Nothing; reply: CountersView };
  /** Opens a counter here. */
  open_counter: { request: AtCounter; reply: StatusView };
  /** Closes the counter here. */
  close_counter: { request: Nothing; reply: StatusView };
  /** The queue as this counter sees it. */
  queue: { request: Nothing; reply: QueueView };
  /** A case. */
  serve: { request: ServeCase; reply: ServeView };
  /** Visits of today by ticket, name, application number, or tail of the NIK or telephone number. */
  find: { request: Text; reply: Array<QueueRow> };
  /** A code that a scanner typed: checks the visit in. */
  scan_code: { request: Text; reply: ScanResult };
  /** Saves an act of the officer. */
  record: { request: RecordAct; reply: Recorded };
  /** Calls the next of the queue to this counter: asks the centre, or takes from the own share. */
  call_next: { request: Nothing; reply: CalledView };
  /** Calls somebody out of order, from the own share, with a reason. */
  call_chosen: { request: CallChosen; reply: CalledView };
  /** Takes back the newest act of this officer at this desk, within seconds. */
  undo: { request: Nothing; reply: Recorded };
  /** Makes a receipt: takes the next number of this desk's series. */
  issue_receipt: { request: OfApplication; reply: ReceiptNo };
  /** Writes a receipt to a PDF that the officer names in a native dialog. */
  save_receipt: { request: SaveReceipt; reply: SavedReceipt };
  /** Can this scan be shown, and how many pages has it? */
  scan_info: { request: OfScan; reply: ScanInfo };
  /** What was done here and where it is. */
  sync: { request: Nothing; reply: SyncView };
  /** Speaks to the centre at once. */
  sync_now: { request: Nothing; reply: StatusView };
}
