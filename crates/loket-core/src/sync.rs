//! What a desk and the authority say to each other, and when. The types here are the wire: their JSON is the protocol
//! of `POST /v1/sync`, `GET /v1/snapshot` and enrolment. [`Link`] decides when to speak and when to wait; it is told
//! the time and never sleeps itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::act::{Event, Origin, Stamp, Subject};
use crate::id::{CounterNo, DeskId, Digest, Epoch, OfficeCode, RequestId, Timestamp, VisitId};
use crate::refusal::Refusal;
use crate::world::Aggregate;

/// The protocol this program speaks.
pub const PROTOCOL: u32 = 1;
/// Commands in one ask.
pub const COMMANDS_PER_ASK_MAX: usize = 200;
/// Bytes of a body, compressed or not, before and after decompression.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of stamped commands in one ask; the rest goes with the next.
pub const COMMAND_BYTES_PER_ASK_MAX: usize = 1024 * 1024;
/// Bytes of one stamped command.
pub const COMMAND_BYTES_MAX: usize = 64 * 1024;
/// Asks (call next) in one ask of the wire.
pub const ASKS_MAX: usize = 8;
/// Rows in one answer.
pub const ROWS_PER_ANSWER_MAX: usize = 2_000;
/// Seconds a long poll may wait.
pub const WAIT_S_MAX: u32 = 25;
/// Bodies larger than this are compressed with zstd.
pub const COMPRESS_FROM_BYTES: usize = 1024;
/// A clock that is further off than this is shown and flagged, never refused.
pub const CLOCK_DRIFT_FLAG_MS: i64 = 120_000;
/// A command from further in the future than this is quarantined.
pub const CLOCK_AHEAD_MAX_MS: i64 = 24 * 3600 * 1000;
/// Bodies of rows are sent for days from this many before today...
pub const WINDOW_DAYS_BACK: i64 = 3;
/// ...to this many after.
pub const WINDOW_DAYS_AHEAD: i64 = 10;

/// One writer, one dense sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Written by the office's authority: visits, verdicts, receipts.
    Office,
    /// Written by the centre: bookings, payments, register answers, roster, rules.
    Registry,
}

impl Stream {
    /// Both.
    pub const ALL: [Stream; 2] = [Stream::Office, Stream::Registry];

    /// As it is written in databases and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Stream::Office => "office",
            Stream::Registry => "registry",
        }
    }
}

/// How far somebody has a stream: up to and including row `seq`, whose leaf was `leaf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub epoch: Epoch,
    /// 0 before the first row.
    pub seq: u64,
    pub leaf: Digest,
}

impl Cursor {
    /// Before the first row.
    pub fn start(epoch: Epoch) -> Cursor {
        Cursor { epoch, seq: 0, leaf: Digest::ZERO }
    }
}

/// What became of a command. Final: it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RowOutcome {
    Applied,
    /// A fact that collides with what stands. A supervisor settles it.
    Disputed {
        because: Refusal,
    },
    /// A claim that was refused.
    Refused {
        because: Refusal,
    },
    /// Kept without effect until a supervisor admits it.
    Quarantined {
        why: Quarantine,
    },
}

impl RowOutcome {
    /// As it is written in databases and counted.
    pub fn as_str(&self) -> &'static str {
        match self {
            RowOutcome::Applied => "applied",
            RowOutcome::Disputed { .. } => "disputed",
            RowOutcome::Refused { .. } => "refused",
            RowOutcome::Quarantined { .. } => "quarantined",
        }
    }
}

/// Why a command is kept without effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Quarantine {
    OfficerRevoked,
    OfficerUnknown,
    DeskRevoked,
    UnknownKind,
    UnknownRules,
    FutureClock,
    /// An administrator or auditor, who has no access to cases.
    RoleForbids,
    /// The desk's line split: another machine stamped the same numbers.
    Clone,
}

/// The clear part of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowHeader {
    pub stream: Stream,
    pub epoch: Epoch,
    pub seq: u64,
    pub subject: Subject,
    pub origin: Origin,
    pub outcome: RowOutcome,
    /// Server time.
    pub at: Timestamp,
}

/// The part of a row with personal data in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowBody {
    /// The stamped bytes, if a desk made it.
    pub stamped: Option<String>,
    /// Time by the writer's clock, and the events of the authority's decision.
    pub stamp: Stamp,
    pub events: Vec<Event>,
}

/// One row of a stream. `body` is the JSON of a [`RowBody`]; it is `None` for rows outside the reader's window, of
/// which only the proof arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// JSON of a [`RowHeader`].
    pub header: String,
    /// 16 random bytes, hexadecimal: without them a body could be guessed from its leaf.
    pub salt: String,
    pub body: Option<String>,
    /// `H(header, H(salt, body))`.
    pub leaf: Digest,
}

/// A row that is not what its leaf says, or not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow;

/// The leaf of a row: `SHA-256(header || SHA-256(salt || body))`, each part preceded by its length.
pub fn leaf(header: &str, salt: &str, body: &str) -> Digest {
    fn join(a: &[u8], b: &[u8]) -> Digest {
        let mut bytes = Vec::with_capacity(16 + a.len() + b.len());
        for part in [a, b] {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part);
        }
        Digest::of(&bytes)
    }
    join(header.as_bytes(), &join(salt.as_bytes(), body.as_bytes()).0)
}

impl Row {
    /// Puts a row together.
    pub fn new(header: &RowHeader, body: &RowBody, salt: [u8; 16]) -> Row {
        let header = serde_json::to_string(header).expect("a header is plain data");
        let body = serde_json::to_string(body).expect("a body is plain data");
        let salt = hex::encode(salt);
        let leaf = leaf(&header, &salt, &body);
        Row { header, salt, body: Some(body), leaf }
    }

    /// The header and, where it came along, the body; both checked against the leaf.
    pub fn open(&self) -> Result<(RowHeader, Option<RowBody>), BadRow> {
        let header: RowHeader = serde_json::from_str(&self.header).map_err(|_| BadRow)?;
        let Some(text) = &self.body else { return Ok((header, None)) };
        if leaf(&self.header, &self.salt, text) != self.leaf {
            return Err(BadRow);
        }
        Ok((header, Some(serde_json::from_str(text).map_err(|_| BadRow)?)))
    }
}

/// The newest command of a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHead {
    /// 0 before the first.
    pub n: u64,
    pub digest: Digest,
}

/// Something the authority decides alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub request: RequestId,
    pub officer: crate::id::OfficerId,
    pub what: AskWhat,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum AskWhat {
    /// Whom shall this counter call?
    CallNext { counter: CounterNo },
}

/// Answer to an ask; a repeat is answered with the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum AskAnswer {
    /// Called; the row is among the rows, or will be.
    Called {
        visit: VisitId,
    },
    No {
        because: Refusal,
    },
    /// The request was replaced by a stamped call.
    Void,
}

/// One ask of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncAsk {
    /// Protocols spoken: from, to.
    pub speaks: (u32, u32),
    pub office: OfficeCode,
    pub desk: DeskId,
    pub cursors: BTreeMap<Stream, Cursor>,
    /// The newest command this desk ever stamped.
    pub head: ChainHead,
    /// Stamped bytes, in order of `n`.
    pub commands: Vec<String>,
    pub asks: Vec<Ask>,
    /// Scans of its own that the centre has not got yet.
    pub scans_waiting: u32,
    /// Seconds the answer may take if there is nothing to say.
    pub wait_s: u32,
    /// Clock of the desk when it spoke.
    pub sent_at: Timestamp,
}

/// What became of a command of this desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandAnswer {
    pub n: u64,
    /// Its row in the office stream. It stays on top of the desk's view until the cursor has passed this.
    pub seq: u64,
    pub outcome: RowOutcome,
}

/// The holder of a share is asked to release some of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseWanted {
    pub from: CounterNo,
    pub to: CounterNo,
    pub visits: Vec<VisitId>,
}

/// One answer of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncAnswer {
    pub speaks: (u32, u32),
    /// Clock of the server.
    pub now: Timestamp,
    pub answers: Vec<CommandAnswer>,
    /// The next `n` the server expects, when the ask had a hole before it.
    pub gap: Option<u64>,
    /// Another machine stamped the same numbers: this one must enrol anew.
    pub cloned: bool,
    pub asks: BTreeMap<RequestId, AskAnswer>,
    /// Rows after the cursors, in order, stream by stream.
    pub rows: Vec<Row>,
    /// The heads of the streams; there is more when a cursor after `rows` is before its head.
    pub heads: BTreeMap<Stream, Cursor>,
    /// A cursor did not match: that stream must be started over from a snapshot.
    pub start_over: bool,
    pub wanted: Vec<ReleaseWanted>,
    /// The centre durably has the office stream up to here.
    pub backed_up_to: u64,
}

/// Everything a desk needs to begin: the aggregates of its window, folded, and where the streams then were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub fold_version: u32,
    pub now: Timestamp,
    pub cursors: BTreeMap<Stream, Cursor>,
    pub aggregates: Vec<Aggregate>,
    /// The newest command of this desk that the server has.
    pub head: ChainHead,
}

/// A machine asks to become a workstation of an office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAsk {
    pub code: String,
    /// What people call the machine.
    pub name: String,
    /// Ed25519 public key, hexadecimal.
    pub signing_key: String,
}

/// The machine is a workstation now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAnswer {
    pub office: OfficeCode,
    pub desk: DeskId,
    /// Secret; together with the signing key it authenticates every later request.
    pub token: String,
    pub series_year: u8,
    /// Serial of the last receipt in this series, 0 for a new one.
    pub receipts_used: u32,
}

/// An error of the server as a whole: never about a single command. On the wire it stands in a problem (RFC 9457), of which
/// a desk reads these parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum WireError {
    /// No or wrong credentials: not an enrolled desk.
    DeskUnknown,
    DeskRevoked,
    /// Enrolled, but for another office.
    OtherOffice,
    CodeRefused,
    /// `field` says which part of the request.
    BadRequest {
        field: String,
    },
    TooLarge {
        max: u64,
    },
    Overloaded {
        retry_s: u32,
    },
    NotFound,
    /// The range asked for is not in the file.
    RangeNotSatisfiable {
        bytes: u64,
    },
    ProtocolTooOld {
        needs: u32,
    },
    Internal,
}

/// When to speak next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At once.
    Now,
    /// Not before this moment, unless [`Signal::Nudge`] comes.
    At(Timestamp),
}

/// What happened to the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// An answer came.
    Answered,
    /// No answer, or not one to work with. `retry_ms` if the other side named a time.
    Failed { retry_ms: Option<i64> },
    /// Someone wants to speak now: F5, or a network that came back.
    Nudge,
}

/// The shortest pause after a failure, in milliseconds.
pub const BACK_OFF_MS_MIN: i64 = 500;
/// The longest.
pub const BACK_OFF_MS_MAX: i64 = 30_000;
/// The longest pause that the other side may ask for. Whoever names a longer one is mistaken, and work is waiting.
pub const RETRY_MS_MAX: i64 = 5 * 60 * 1000;
/// Failures before a desk calls itself offline; one lost packet is no outage.
pub const FAILURES_BEFORE_OFFLINE: u32 = 2;

/// State of the line, as a pure machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    failures: u32,
    next: When,
    /// When the last answer came.
    pub heard_at: Option<Timestamp>,
    /// Since when the line is as it is.
    pub since: Timestamp,
    online: bool,
}

impl Link {
    /// Nothing heard yet.
    pub fn new(now: Timestamp) -> Link {
        Link { failures: 0, next: When::Now, heard_at: None, since: now, online: false }
    }

    /// Did the last attempts get an answer?
    pub fn is_online(&self) -> bool {
        self.online
    }

    /// Did the last attempt get an answer? A line that has just failed once may be silent for ever.
    pub fn is_sure(&self) -> bool {
        self.online && self.failures == 0
    }

    /// Takes note, and says when to speak next. `chance` in 0..=999 spreads desks out that failed together.
    pub fn on(&mut self, signal: Signal, now: Timestamp, chance: u16) -> When {
        match signal {
            Signal::Answered => {
                self.failures = 0;
                self.heard_at = Some(now);
                if !self.online {
                    (self.online, self.since) = (true, now);
                }
                self.next = When::Now;
            }
            Signal::Failed { retry_ms } => {
                self.failures = self.failures.saturating_add(1);
                if self.online && self.failures >= FAILURES_BEFORE_OFFLINE {
                    (self.online, self.since) = (false, self.heard_at.unwrap_or(now));
                }
                let doubled = BACK_OFF_MS_MIN.saturating_mul(1 << (self.failures - 1).min(16));
                let ceiling = doubled.clamp(BACK_OFF_MS_MIN, BACK_OFF_MS_MAX);
                // Half of the pause is fixed, half is chance: desks that failed together don't come back together.
                let pause = ceiling / 2 + (ceiling / 2) * i64::from(chance.min(999)) / 1000;
                self.next = When::At(now.plus_ms(retry_ms.unwrap_or(0).min(RETRY_MS_MAX).max(pause)));
            }
            Signal::Nudge => self.next = When::Now,
        }
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_half_a_minute_and_an_answer_ends_it() {
        let mut link = Link::new(Timestamp(0));
        let mut pauses = Vec::new();
        for _ in 0..10 {
            match link.on(Signal::Failed { retry_ms: None }, Timestamp(0), 999) {
                When::At(at) => pauses.push(at.0),
                When::Now => panic!("a failure is followed by a pause"),
            }
        }
        assert!(pauses.windows(2).all(|w| w[0] <= w[1]), "{pauses:?}");
        assert!(pauses[0] >= BACK_OFF_MS_MIN / 2 && *pauses.last().unwrap() <= BACK_OFF_MS_MAX, "{pauses:?}");
        assert_eq!(link.on(Signal::Answered, Timestamp(9), 0), When::Now);
        assert!(link.is_online());
    }

    #[test]
    fn one_lost_answer_is_no_outage_and_two_are() {
        let mut link = Link::new(Timestamp(0));
        link.on(Signal::Answered, Timestamp(1_000), 0);
        link.on(Signal::Failed { retry_ms: None }, Timestamp(2_000), 0);
        assert!(link.is_online());
        link.on(Signal::Failed { retry_ms: None }, Timestamp(3_000), 0);
        assert!(!link.is_online());
        assert_eq!(link.since, Timestamp(1_000), "offline since the last answer, not since it was noticed");
    }

    #[test]
    fn a_named_pause_is_obeyed() {
        let mut link = Link::new(Timestamp(0));
        assert_eq!(link.on(Signal::Failed { retry_ms: Some(7_000) }, Timestamp(0), 0), When::At(Timestamp(7_000)));
    }

    #[test]
    fn a_pause_of_a_year_is_a_mistake_and_lasts_five_minutes() {
        let mut link = Link::new(Timestamp(0));
        let year = Signal::Failed { retry_ms: Some(365 * 24 * 3600 * 1000) };
        assert_eq!(link.on(year, Timestamp(0), 0), When::At(Timestamp(RETRY_MS_MAX)));
    }
}
