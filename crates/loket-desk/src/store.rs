//! The desk's memory, and the only SQL on the desk. What an officer saw as saved is on disk before the screen says so:
//! command, number and chain go into one transaction, after the rule book said yes. What is shown is office history with
//! this desk's own unsent work on top, as it was decided; a download never undoes it. Lines and screens are not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use loket_core::act::{Act, Command, CommandRef, Event, Origin, Stamp, Subject};
use loket_core::id::{ApplicationNo, DeskId, Digest, OfficeCode, OfficerId, ReceiptNo, ScanHash, Timestamp};
use loket_core::mutant::{self, Mutant};
use loket_core::office::{Officer, Role};
use loket_core::refusal::{Fault, Refusal};
use loket_core::rules::Rules;
use loket_core::sync::{
    COMMAND_BYTES_PER_ASK_MAX, COMMANDS_PER_ASK_MAX, ChainHead, CommandAnswer, Cursor, Row, RowOutcome, Snapshot,
    Stream,
};
use loket_core::world::{Aggregate, Context, FOLD_VERSION, Layers, Related, World, decide, follow_ups};
use loket_seal::{BoxSecret, Key, Signing, seal_to};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Row as _, Sqlite, Transaction};

use crate::vault::{Archive, Device, DeviceKeys, key_name};

/// Older versions lose commits with two or more connections (the WAL-reset fault).
pub const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);
/// Wrong passwords in a row that cost nothing.
pub const FREE_TRIES: u32 = 5;
/// Wrong passwords in a row after which only a supervisor or the line helps.
pub const TRIES_MAX: u32 = 20;
/// The first pause after the free tries; it doubles with each further one.
pub const PAUSE_S_MIN: u32 = 30;
/// The longest pause.
pub const PAUSE_S_MAX: u32 = 15 * 60;

/// A clock that is off by this much more or less, in milliseconds, is not worth a write.
const OFFSET_KEPT_MS: i64 = 1_000;

/// Lines that one statement writes. A statement costs a turn of the database's thread, whatever it writes.
const LINES_PER_STATEMENT: usize = 100;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/desk");

/// Who this machine is. Fixed at enrolment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Identity {
    pub office: OfficeCode,
    pub office_name: String,
    pub zone_minutes: i16,
    pub desk: DeskId,
    pub server: String,
    pub series_year: u8,
    /// Days for which officers can sign in without a line.
    pub offline_days: u8,
}

/// Something that was done here.
#[derive(Debug, Clone)]
pub struct Done {
    pub command: Command,
    pub stamped: String,
    pub events: Vec<Event>,
    /// `None` while the centre has not answered.
    pub outcome: Option<RowOutcome>,
    /// Its row in the office stream; 0 while waiting.
    pub seq: u64,
}

impl Done {
    /// A deliberate bug for the simulation to find: what was refused is sent for ever.
    fn is_retried(&self) -> bool {
        matches!(self.outcome, Some(RowOutcome::Refused { .. })) && mutant::on(Mutant::RetriesRefused)
    }
}

#[derive(Serialize, Deserialize)]
struct SealedDone {
    stamped: String,
    events: Vec<Event>,
}

/// Somebody is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    pub officer: OfficerId,
    pub name: String,
    pub role: Role,
}

/// What lives in memory only while somebody is signed in.
pub struct Work {
    pub session: Session,
    /// History, and this desk's unsent work on top.
    pub layers: Layers,
    archive: Archive,
    /// Claims of this desk that were refused.
    pub refused: Vec<Done>,
}

/// Everything the store holds in memory.
pub struct State {
    pub identity: Option<Identity>,
    pub keys: Option<DeviceKeys>,
    /// How far answers were received...
    pub received: BTreeMap<Stream, Cursor>,
    /// ...and how far they are in the view.
    pub absorbed: BTreeMap<Stream, Cursor>,
    pub head: ChainHead,
    /// Own work that the office stream has not passed yet.
    pub on_top: BTreeMap<u64, Done>,
    pub work: Option<Work>,
    /// When the centre was last heard, service time.
    pub heard_at: Option<Timestamp>,
    /// Centre's clock minus the PC's.
    pub offset_ms: i64,
    /// What is shown was folded by another program, or can't be read: it must be started over from a snapshot.
    pub start_over: bool,
    /// The latest service time that was seen here: a clock that is set back does not make people's sign-ins last longer.
    pub latest_at: Timestamp,
    /// A write was begun and nobody heard how it ended: what is in memory may be behind the disk.
    unsure: bool,
    /// All own work lies on top. It doesn't while an answer is taken in, nor after that was cut short.
    laid: bool,
}

/// The desk's memory.
pub struct Store {
    pool: SqlitePool,
    device: Device,
    pub folder: PathBuf,
    state: tokio::sync::Mutex<State>,
}

/// The fault that an error names, if it names one.
pub fn named_fault(error: &anyhow::Error) -> Option<&Fault> {
    error.chain().find_map(|c| c.downcast_ref::<FaultError>()).map(|f| &f.0)
}

/// What went wrong, as the officer has to hear it.
pub fn fault_of(error: &anyhow::Error) -> Fault {
    if let Some(fault) = named_fault(error) {
        return fault.clone();
    }
    for cause in error.chain() {
        if let Some(sqlx::Error::Database(e)) = cause.downcast_ref::<sqlx::Error>()
            && e.code().as_deref() == Some("13")
        {
            return Fault::DiskFull;
        }
        if let Some(e) = cause.downcast_ref::<std::io::Error>()
            && e.kind() == std::io::ErrorKind::StorageFull
        {
            return Fault::DiskFull;
        }
    }
    tracing::error!(error = format!("{error:#}"), "Something broke");
    Fault::DatabaseTrouble
}

/// A fault on its way through code that can also break otherwise.
#[derive(Debug)]
pub struct FaultError(pub Fault);

impl std::fmt::Display for FaultError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for FaultError {}

fn fault(fault: Fault) -> anyhow::Error {
    anyhow!(FaultError(fault))
}

/// The file in the data folder.
pub fn database_file(folder: &Path) -> PathBuf {
    folder.join("desk.sqlite3")
}

impl Store {
    /// Opens the desk's memory in a folder, making it if it is new.
    ///
    /// # Errors
    /// [`Fault::NewerDatabase`] for a database that a newer Loket wrote: it is left untouched. Otherwise a broken disk.
    pub async fn open(folder: &Path, device: Device) -> anyhow::Result<Store> {
        let file = database_file(folder);
        std::fs::create_dir_all(folder).context("Making the data folder")?;
        refuse_newer(&file).await?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "on")
            .busy_timeout(Duration::from_secs(10));
        // One connection: one writer, and what screens read is in memory.
        let pool =
            SqlitePoolOptions::new().max_connections(1).connect_with(options).await.context("Opening the database")?;
        let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&pool).await?;
        let parts: Vec<u32> = version.split('.').filter_map(|p| p.parse().ok()).collect();
        anyhow::ensure!(
            matches!(parts[..], [a, b, c, ..] if (a, b, c) >= SQLITE_MIN),
            "SQLite {version} is older than {SQLITE_MIN:?} and may lose commits"
        );
        MIGRATIONS.run(&pool).await.context("Bringing the database up to date")?;
        let mut state = State {
            identity: None,
            keys: None,
            received: BTreeMap::new(),
            absorbed: BTreeMap::new(),
            head: ChainHead { n: 0, digest: Digest::ZERO },
            on_top: BTreeMap::new(),
            work: None,
            heard_at: None,
            offset_ms: 0,
            start_over: false,
            latest_at: Timestamp(0),
            unsure: false,
            laid: true,
        };
        load(&pool, &device, &mut state).await.context("Reading the desk's memory")?;
        Ok(Store { pool, device, folder: folder.to_owned(), state: tokio::sync::Mutex::new(state) })
    }

    /// Waits for what is being written and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A look at everything in memory. Don't wait for anything while holding it.
    pub async fn state(&self) -> tokio::sync::MutexGuard<'_, State> {
        self.state.lock().await
    }

    /// Makes this machine a workstation: its keys, who it is, and what it needs to work without a line, all at once.
    ///
    /// # Errors
    /// A broken disk; then the machine is as unenrolled as before.
    pub async fn enrol(
        &self,
        identity: Identity,
        signing: Signing,
        token: String,
        snapshot: Snapshot,
    ) -> anyhow::Result<()> {
        let mut state = self.state.lock().await;
        let (root, spool) = (Key::random(), BoxSecret::random());
        let keys = DeviceKeys { signing, token, outbox: Key::random(), spool_public: spool.public() };
        let sealed_spool = root.seal("spool", &spool.bytes());
        let mut archive = Archive::open(root, &sealed_spool, Vec::new())?;
        let mut tx = self.pool.begin_with("begin immediate").await?;
        put(&mut *tx, "identity", serde_json::to_vec(&identity)?).await?;
        put(&mut *tx, "signing", self.device.seal("signing", &keys.signing.bytes())).await?;
        put(&mut *tx, "token", self.device.seal("token", keys.token.as_bytes())).await?;
        put(&mut *tx, "outbox_key", self.device.seal("outbox_key", keys.outbox.bytes())).await?;
        put(&mut *tx, "spool_public", spool.public().into_bytes()).await?;
        put(&mut *tx, "spool", sealed_spool).await?;
        put(&mut *tx, "receipts", 0u64.to_be_bytes().to_vec()).await?;
        put(&mut *tx, "heard_at", snapshot.now.0.to_be_bytes().to_vec()).await?;
        let mut world = World::default();
        for aggregate in &snapshot.aggregates {
            world.put(aggregate.clone());
        }
        // If the disk of this desk is all that is left of it, the office can still read its unsent work.
        if let Some(info) = &world.office.info
            && let Ok(sealed) = seal_to(&info.recovery_key, keys.outbox.bytes())
        {
            put(&mut *tx, "outbox_key_for_recovery", sealed).await?;
        }
        for officer in world.office.roster.values() {
            keep_officer(&mut tx, &self.device, &archive, officer).await?;
        }
        write_aggregates(&mut tx, &mut archive, &snapshot.aggregates).await?;
        put_cursors(&mut tx, "received", &snapshot.cursors).await?;
        put_cursors(&mut tx, "absorbed", &snapshot.cursors).await?;
        tx.commit().await?;
        state.identity = Some(identity);
        state.keys = Some(keys);
        state.received = snapshot.cursors.clone();
        state.absorbed = snapshot.cursors;
        state.heard_at = Some(snapshot.now);
        Ok(())
    }

    /// Signs an officer in. The slow part runs beside the others; nothing else waits for it.
    ///
    /// # Errors
    /// [`Fault::WrongPassword`] and its kin.
    pub async fn sign_in(&self, officer: &OfficerId, password: String, now: Timestamp) -> anyhow::Result<()> {
        let row = sqlx::query("select name, envelope, root, active, fails, blocked_until from officer where id = $1")
            .bind(officer.as_str())
            .fetch_optional(&self.pool)
            .await?;
        // An unknown name takes the same way as a wrong password, and costs the same.
        let Some(row) = row else { return Err(fault(Fault::WrongPassword { tries_left: FREE_TRIES as u8 - 1 })) };
        let (name, envelope, root): (String, Vec<u8>, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
        let (active, fails, blocked_until): (bool, u32, i64) = (row.get(3), row.get(4), row.get(5));
        if !active {
            return Err(fault(Fault::NotOnRoster));
        }
        if now.0 < blocked_until {
            let wait_s = ((blocked_until - now.0) / 1000 + 1).min(i64::from(u32::MAX)) as u32;
            return Err(fault(Fault::SignInBlocked { wait_s }));
        }
        let device = self.device.clone();
        let opened = tokio::task::spawn_blocking(move || device.open_root(&envelope, &root, &password)).await?;
        let Ok(root) = opened else {
            let fails = fails + 1;
            let pause_s = pause_after(fails);
            sqlx::query("update officer set fails = $1, blocked_until = $2 where id = $3")
                .bind(fails)
                .bind(now.plus_ms(i64::from(pause_s) * 1000).0)
                .bind(officer.as_str())
                .execute(&self.pool)
                .await?;
            if pause_s > 0 {
                return Err(fault(Fault::SignInBlocked { wait_s: pause_s }));
            }
            return Err(fault(Fault::WrongPassword { tries_left: (FREE_TRIES - fails) as u8 }));
        };
        let mut state = self.state.lock().await;
        let archive = self.open_archive(root).await?;
        let (world, is_stale) = self.read_aggregates(&archive).await.context("Reading cases and queue")?;
        let on_roster = world.office.roster.get(officer).filter(|o| o.active);
        let Some(on_roster) = on_roster else { return Err(fault(Fault::NotOnRoster)) };
        let session = Session { officer: officer.clone(), name, role: on_roster.role };
        sqlx::query("update officer set fails = 0, blocked_until = 0 where id = $1")
            .bind(officer.as_str())
            .execute(&self.pool)
            .await?;
        put(&self.pool, "last_officer", officer.as_str().as_bytes().to_vec()).await?;
        let refused = self.read_refused(&state).await?;
        state.start_over |= is_stale;
        state.work = Some(Work { session, layers: Layers::on(world), archive, refused });
        self.take_spool(&mut state).await.context("Taking in what arrived while locked")?;
        state.lay_over();
        Ok(())
    }

    /// Drops everything about applicants from memory. Unsent work stays and goes on being sent.
    pub async fn sign_out(&self) {
        self.state.lock().await.work = None;
    }

    /// The officer who last signed in here.
    pub async fn last_officer(&self) -> anyhow::Result<Option<OfficerId>> {
        let name = get(&self.pool, "last_officer").await?;
        Ok(name.and_then(|n| String::from_utf8(n).ok()).and_then(|n| OfficerId::new(n).ok()))
    }

    /// A small value that belongs to the desk and is no secret, such as an officer's last counter.
    pub async fn remember(&self, key: &str, value: &str) -> anyhow::Result<()> {
        put(&self.pool, &format!("note:{key}"), value.as_bytes().to_vec()).await
    }

    /// What was remembered.
    pub async fn recall(&self, key: &str) -> anyhow::Result<Option<String>> {
        Ok(get(&self.pool, &format!("note:{key}")).await?.and_then(|v| String::from_utf8(v).ok()))
    }

    /// The one write door: decides, stamps, saves, shows. On a refusal nothing is written and nothing is used up.
    ///
    /// # Errors
    /// The rule book's refusal, nobody signed in, or a broken disk.
    pub async fn record(&self, subject: &Subject, act: Act, now: Timestamp) -> anyhow::Result<CommandRef> {
        self.record_with(subject, now, |_| act).await
    }

    /// Issues a receipt with the next number of this desk's series. The number, the command and its place in the chain
    /// are taken in one transaction, after the rule book said yes.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub async fn issue_receipt(&self, application: &ApplicationNo, now: Timestamp) -> anyhow::Result<ReceiptNo> {
        let subject = Subject::Application(application.clone());
        let mut issued = None;
        self.record_with(&subject, now, |next| {
            issued = Some(next.clone());
            Act::IssueReceipt { number: next }
        })
        .await?;
        issued.ok_or_else(|| anyhow!("a recorded receipt has a number"))
    }

    async fn record_with(
        &self,
        subject: &Subject,
        now: Timestamp,
        make: impl FnOnce(ReceiptNo) -> Act,
    ) -> anyhow::Result<CommandRef> {
        let mut guard = self.state.lock().await;
        let state = &mut *guard;
        if state.unsure {
            self.read_again(state).await.context("Looking how the last write ended")?;
        }
        if !state.laid {
            state.lay_over();
        }
        let identity = state.identity.as_ref().ok_or_else(|| fault(Fault::NotEnrolled))?;
        let keys = state.keys.as_ref().ok_or_else(|| fault(Fault::NotEnrolled))?;
        let work = state.work.as_mut().ok_or_else(|| fault(Fault::SignedOut))?;
        let rules = work.layers.office().rules_at(now).ok_or_else(|| fault(Fault::DatabaseTrouble))?.clone();

        let mut tx = self.pool.begin_with("begin immediate").await?;
        let used = get(&mut *tx, "receipts").await?.and_then(|v| v.try_into().ok()).map_or(0, u64::from_be_bytes);
        let number = ReceiptNo {
            office: identity.office.clone(),
            year: identity.series_year,
            desk: identity.desk,
            serial: u32::try_from(used + 1).context("Receipt series is full")?,
        };
        if mutant::on(Mutant::NumberBeforeDecision) {
            put(&mut *tx, "receipts", (used + 1).to_be_bytes().to_vec()).await?;
            tx.commit().await?;
            tx = self.pool.begin_with("begin immediate").await?;
        }
        let act = make(number);
        let events = {
            let ctx = work.context(identity.desk, &rules, now);
            match decide(&ctx, subject, &act) {
                Ok(events) => events,
                Err(refusal) => return Err(fault(Fault::Refused { refusal })),
            }
        };
        let command = Command {
            desk: identity.desk,
            n: state.head.n + 1,
            prev: state.head.digest,
            officer: work.session.officer.clone(),
            at: now,
            rules: rules.version,
            subject: subject.clone(),
            act,
        };
        let stamped = command.stamp();
        let digest = Command::digest_of(&stamped);
        let sealed = SealedDone { stamped: stamped.clone(), events: events.clone() };
        let sealed = keys.outbox.seal(&format!("outbox:{}", command.n), &serde_json::to_vec(&sealed)?);
        sqlx::query("insert into outbox (n, digest, at, sealed) values ($1, $2, $3, $4)")
            .bind(command.n as i64)
            .bind(digest.0.to_vec())
            .bind(now.0)
            .bind(sealed)
            .execute(&mut *tx)
            .await?;
        if matches!(command.act, Act::IssueReceipt { .. }) {
            put(&mut *tx, "receipts", (used + 1).to_be_bytes().to_vec()).await?;
        }
        // Neither an error nor a caller that goes away here says whether it is on the disk.
        state.unsure = true;
        tx.commit().await.context("Saving what the officer did")?;
        state.unsure = false;

        let done = CommandRef { desk: command.desk, n: command.n };
        state.head = ChainHead { n: command.n, digest };
        state.latest_at = state.latest_at.max(now);
        lay_one(&mut work.layers, &command, &events, |_| true);
        state.on_top.insert(command.n, Done { command, stamped, events, outcome: None, seq: 0 });
        Ok(done)
    }

    /// The commands to be sent next, oldest first, as they were stamped: those that were not answered, beyond `n`.
    ///
    /// # Errors
    /// A broken disk, if a write was begun of which nobody heard how it ended.
    pub async fn batch(&self, n: u64) -> anyhow::Result<Vec<String>> {
        let mut state = self.state.lock().await;
        if state.unsure {
            self.read_again(&mut state).await.context("Looking how the last write ended")?;
        }
        forget_too_early(&mut *self.pool.acquire().await?, Mutant::DroppedWhenSent, "outcome = ''").await?;
        let mut bytes = 0;
        let unsent = state.on_top.range(n + 1..).map(|(_, d)| d).filter(|d| d.outcome.is_none() || d.is_retried());
        let stamped = unsent.map(|d| d.stamped.clone()).take(COMMANDS_PER_ASK_MAX).take_while(|s| {
            bytes += s.len();
            bytes <= COMMAND_BYTES_PER_ASK_MAX
        });
        Ok(stamped.collect())
    }

    /// Is there anything to be sent, or may there be?
    pub async fn has_work(&self) -> bool {
        let state = self.state.lock().await;
        state.unsure || state.on_top.values().any(|d| d.outcome.is_none() || d.is_retried())
    }

    /// Takes note of what became of own commands, and of the rows that came along. Idempotent.
    ///
    /// # Errors
    /// A broken disk; then nothing of the answer has been taken in.
    pub async fn absorb(&self, answers: &[CommandAnswer], rows: &[Row], heard: Timestamp) -> anyhow::Result<()> {
        let mut guard = self.state.lock().await;
        let state = &mut *guard;
        if !state.laid {
            state.lay_over();
        }
        let lifted = state.work.as_mut().map(|w| w.layers.lift_over()).unwrap_or_default();
        state.laid = false;
        let saved = self.save_answer(state, answers, rows, heard).await;
        let (received, mut changed) = match saved {
            Ok(saved) => saved,
            Err(e) => {
                if let Some(work) = &mut state.work {
                    work.layers.put_back(lifted, &BTreeSet::new());
                }
                state.laid = true;
                return Err(e);
            }
        };
        state.heard_at = state.heard_at.max(Some(heard));
        state.latest_at = state.latest_at.max(heard);
        state.received = received.clone();
        for answer in answers {
            if let Some(done) = state.on_top.get_mut(&answer.n)
                && done.outcome.is_none()
            {
                done.outcome = Some(answer.outcome.clone());
                done.seq = answer.seq;
                if let (RowOutcome::Refused { .. }, Some(work)) = (&answer.outcome, &mut state.work) {
                    work.refused.push(done.clone());
                }
            }
        }
        if let Some(work) = &mut state.work {
            state.absorbed = received;
            work.layers.settle_over();
            work.archive.stored();
        }
        changed.append(&mut state.take_off_passed());
        if let Some(work) = &mut state.work {
            work.layers.put_back(lifted, &changed);
        }
        state.lay_again(|subject| changed.contains(subject));
        Ok(())
    }

    /// Writes an answer down. What its rows make of history lies on top until the caller settles it; also how far the
    /// streams then are received, and the subjects that have changed.
    async fn save_answer(
        &self,
        state: &mut State,
        answers: &[CommandAnswer],
        rows: &[Row],
        heard: Timestamp,
    ) -> anyhow::Result<(BTreeMap<Stream, Cursor>, BTreeSet<Subject>)> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        note_outcomes(&mut tx, answers).await?;
        forget_too_early(&mut tx, Mutant::DroppedOnAnswer, "outcome <> ''").await?;
        let mut received = state.received.clone();
        let fresh = fresh_rows(&mut received, rows)?;
        let changed = fresh.iter().map(|f| f.header.subject.clone()).collect();
        let heard = state.heard_at.max(Some(heard)).unwrap_or(heard);
        put(&mut *tx, "heard_at", heard.0.to_be_bytes().to_vec()).await?;
        if !fresh.is_empty() {
            put_cursors(&mut tx, "received", &received).await?;
        }
        match &mut state.work {
            Some(work) => {
                write_rows(&mut tx, &self.device, work, &fresh).await?;
                put_cursors(&mut tx, "absorbed", &received).await?;
            }
            None if !fresh.is_empty() => {
                let keys = state.keys.as_ref().ok_or_else(|| fault(Fault::NotEnrolled))?;
                let whole: Vec<&Row> = fresh.iter().map(|f| f.row).collect();
                let sealed = seal_to(&keys.spool_public, &serde_json::to_vec(&whole)?)?;
                sqlx::query("insert into spool (sealed) values ($1)").bind(sealed).execute(&mut *tx).await?;
            }
            None => {}
        }
        tx.commit().await.context("Saving an answer")?;
        Ok((received, changed))
    }

    /// Takes note of how far the PC's clock is off, so that a desk that starts without a line knows what day it is.
    ///
    /// # Errors
    /// A broken disk.
    pub async fn measured(&self, offset_ms: i64) -> anyhow::Result<()> {
        let mut state = self.state.lock().await;
        if (state.offset_ms - offset_ms).abs() > OFFSET_KEPT_MS {
            put(&self.pool, "offset_ms", offset_ms.to_be_bytes().to_vec()).await?;
        }
        state.offset_ms = offset_ms;
        Ok(())
    }

    /// The centre goes on from command `from`: it was restored from a copy that has none of the later ones. Those that the
    /// old one had answered go out once more, and are shown on top until the new one has answered. `false` if there is no
    /// such command here.
    ///
    /// # Errors
    /// A broken disk; then nothing has changed.
    pub async fn send_again(&self, from: u64) -> anyhow::Result<bool> {
        let mut guard = self.state.lock().await;
        let state = &mut *guard;
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let again = forget_outcomes(&mut tx, from).await?;
        tx.commit().await.context("Noting what is sent again")?;
        if again > 0 {
            self.read_again(state).await?;
            state.lay_over();
        }
        Ok(state.on_top.contains_key(&from))
    }

    /// Brings memory to what is on the disk of this desk's own work.
    async fn read_again(&self, state: &mut State) -> anyhow::Result<()> {
        (state.unsure, state.laid) = (true, false);
        state.on_top.clear();
        load(&self.pool, &self.device, state).await.context("Reading the desk's memory")?;
        state.unsure = false;
        if state.work.is_some() {
            let refused = self.read_refused(state).await?;
            state.work.as_mut().ok_or_else(|| fault(Fault::SignedOut))?.refused = refused;
        }
        Ok(())
    }

    /// Starts a stream over: the view becomes what the snapshot says, with this desk's work on top that it does not have.
    /// Outbox and chain stay; what the centre has lost goes out once more.
    ///
    /// # Errors
    /// A broken disk, or nobody signed in: a snapshot can't be sealed while locked.
    pub async fn replace(&self, snapshot: Snapshot) -> anyhow::Result<()> {
        let mut guard = self.state.lock().await;
        let state = &mut *guard;
        let work = state.work.as_mut().ok_or_else(|| fault(Fault::SignedOut))?;
        let mut tx = self.pool.begin_with("begin immediate").await?;
        sqlx::query("delete from aggregate").execute(&mut *tx).await?;
        sqlx::query("delete from spool").execute(&mut *tx).await?;
        write_aggregates(&mut tx, &mut work.archive, &snapshot.aggregates).await?;
        put_cursors(&mut tx, "received", &snapshot.cursors).await?;
        put_cursors(&mut tx, "absorbed", &snapshot.cursors).await?;
        forget_outcomes(&mut tx, snapshot.head.n + 1).await?;
        // What was done under the old numbers and the snapshot has is in it.
        sqlx::query("update outbox set seq = min(seq, $1) where n <= $2 and outcome <> ''")
            .bind(snapshot.cursors.get(&Stream::Office).map_or(0, |c| c.seq) as i64)
            .bind(snapshot.head.n as i64)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        work.archive.stored();
        let mut world = World::default();
        for aggregate in snapshot.aggregates {
            world.put(aggregate);
        }
        work.layers = Layers::on(world);
        state.received = snapshot.cursors.clone();
        state.absorbed = snapshot.cursors;
        state.start_over = false;
        self.read_again(state).await?;
        state.lay_over();
        Ok(())
    }

    /// What was done here, newest first, with whatever became of it.
    pub async fn journal(&self, max: usize) -> anyhow::Result<Vec<Done>> {
        let state = self.state.lock().await;
        let rows = sqlx::query("select n, sealed, outcome, seq from outbox order by n desc limit $1")
            .bind(max as i64)
            .fetch_all(&self.pool)
            .await?;
        let keys = state.keys.as_ref().ok_or_else(|| fault(Fault::NotEnrolled))?;
        rows.iter().map(|row| open_done(keys, row)).collect()
    }

    /// Seals something that belongs to a case, such as a picture of a scan.
    ///
    /// # Errors
    /// Nobody signed in, or a broken disk.
    pub async fn seal_for(&self, application: &ApplicationNo, header: &str, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut state = self.state.lock().await;
        let work = state.work.as_mut().ok_or_else(|| fault(Fault::SignedOut))?;
        let key = work.archive.key(&key_name(&Subject::Application(application.clone())));
        if !work.archive.unstored().is_empty() {
            let mut tx = self.pool.begin_with("begin immediate").await?;
            store_keys(&mut tx, &work.archive).await?;
            tx.commit().await.context("Saving a key")?;
            work.archive.stored();
        }
        drop(state);
        Ok(key.seal(header, plain))
    }

    /// The key of a case, to open what [`Store::seal_for`] sealed.
    ///
    /// # Errors
    /// Nobody signed in, or no such key.
    pub async fn case_key(&self, application: &ApplicationNo) -> anyhow::Result<Key> {
        let state = self.state.lock().await;
        let work = state.work.as_ref().ok_or_else(|| fault(Fault::SignedOut))?;
        let name = key_name(&Subject::Application(application.clone()));
        work.archive.known_key(&name).ok_or_else(|| fault(Fault::ScanNotHere))
    }

    /// Takes note that the pictures of a scan are here, or that it can't be shown.
    pub async fn keep_scan(&self, hash: ScanHash, pages: u32, unreadable: &str, at: Timestamp) -> anyhow::Result<()> {
        sqlx::query(
            "insert into scan (hash, pages, unreadable, at) values ($1, $2, $3, $4) on conflict (hash) do update \
             set pages = excluded.pages, unreadable = excluded.unreadable, at = excluded.at",
        )
        .bind(hash.to_string())
        .bind(pages)
        .bind(unreadable)
        .bind(at.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Every scan of which something is known here: pages, and why it can't be shown (empty if it can).
    pub async fn scans(&self) -> anyhow::Result<BTreeMap<ScanHash, (u32, String)>> {
        let rows = sqlx::query("select hash, pages, unreadable from scan").fetch_all(&self.pool).await?;
        let mut out = BTreeMap::new();
        for row in rows {
            let hash: String = row.get(0);
            let hash = hash.parse().map_err(|_| anyhow!("a stored hash is no hash"))?;
            out.insert(hash, (row.get::<u32, _>(1), row.get::<String, _>(2)));
        }
        Ok(out)
    }

    async fn open_archive(&self, root: Key) -> anyhow::Result<Archive> {
        let spool = get(&self.pool, "spool").await?.ok_or_else(|| fault(Fault::NotEnrolled))?;
        let rows = sqlx::query("select name, wrapped from key").fetch_all(&self.pool).await?;
        let stored = rows.iter().map(|r| (r.get::<String, _>(0), r.get::<Vec<u8>, _>(1))).collect();
        Archive::open(root, &spool, stored).context("Opening the keys of cases and days")
    }

    /// What is shown, and whether it has to be started over: another program folded it. Until the centre can be asked, an
    /// officer works with what of it this program can read.
    async fn read_aggregates(&self, archive: &Archive) -> anyhow::Result<(World, bool)> {
        let rows = sqlx::query("select subject, fold_version, sealed from aggregate").fetch_all(&self.pool).await?;
        let (mut world, mut is_stale) = (World::default(), false);
        for row in rows {
            let (subject, fold_version, sealed): (String, u32, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
            let about = Subject::from_key(&subject).ok_or_else(|| anyhow!("a stored subject is none"))?;
            let key = archive.known_key(&key_name(&about)).ok_or_else(|| anyhow!("no key for a stored aggregate"))?;
            let plain = key.open(&format!("aggregate:{subject}"), &sealed)?;
            match serde_json::from_slice(&plain) {
                Ok(aggregate) => world.put(aggregate),
                Err(error) if fold_version != FOLD_VERSION => {
                    tracing::warn!(subject, %error, "Folded by another program, and not legible to this one");
                }
                Err(error) => return Err(error.into()),
            }
            is_stale |= fold_version != FOLD_VERSION;
        }
        Ok((world, is_stale))
    }

    async fn read_refused(&self, state: &State) -> anyhow::Result<Vec<Done>> {
        let rows = sqlx::query(
            "select n, sealed, outcome, seq from outbox where outcome like '{\"outcome\":\"refused\"%' order by n",
        )
        .fetch_all(&self.pool)
        .await?;
        let keys = state.keys.as_ref().ok_or_else(|| fault(Fault::NotEnrolled))?;
        rows.iter().map(|row| open_done(keys, row)).collect()
    }

    async fn take_spool(&self, state: &mut State) -> anyhow::Result<()> {
        let rows = sqlx::query("select id, sealed from spool order by id").fetch_all(&self.pool).await?;
        for row in rows {
            let (id, sealed): (i64, Vec<u8>) = (row.get(0), row.get(1));
            let work = state.work.as_mut().ok_or_else(|| fault(Fault::SignedOut))?;
            let answer: Vec<Row> = serde_json::from_slice(&work.archive.spool.open(&sealed)?)?;
            let mut tx = self.pool.begin_with("begin immediate").await?;
            let mut absorbed = state.absorbed.clone();
            let fresh = fresh_rows(&mut absorbed, &answer)?;
            write_rows(&mut tx, &self.device, work, &fresh).await?;
            put_cursors(&mut tx, "absorbed", &absorbed).await?;
            sqlx::query("delete from spool where id = $1").bind(id).execute(&mut *tx).await?;
            tx.commit().await?;
            work.archive.stored();
            work.layers.settle_over();
            state.absorbed = absorbed;
        }
        Ok(())
    }
}

impl Work {
    /// Whose eyes the rule book looks through.
    pub fn context<'a>(&'a self, desk: DeskId, rules: &'a Rules, now: Timestamp) -> Context<'a> {
        let Session { officer, role, .. } = &self.session;
        Context { rules, now, desk, officer, role: *role, related: &self.layers }
    }
}

impl State {
    /// Lays own work over history again: office history first, then what this desk did, as it was decided.
    fn lay_over(&mut self) {
        self.take_off_passed();
        if let Some(work) = &mut self.work {
            work.layers.clear_over();
        }
        self.lay_again(|_| true);
    }

    /// Forgets the own work that history now has; the subjects that it lay on.
    fn take_off_passed(&mut self) -> BTreeSet<Subject> {
        let passed = self.absorbed.get(&Stream::Office).map_or(0, |c| c.seq);
        let mut off = BTreeSet::new();
        self.on_top.retain(|_, done| {
            let stays = done.seq == 0 || done.seq > passed || done.is_retried();
            if !stays {
                off.insert(done.command.subject.clone());
                off.extend(follow_ups(&done.command.subject, &done.events).into_iter().map(|(subject, _)| subject));
            }
            stays
        });
        off
    }

    /// Lays own work on these subjects, of which nothing may lie on top yet.
    fn lay_again(&mut self, on: impl Fn(&Subject) -> bool) {
        self.laid = true;
        let Some(work) = &mut self.work else { return };
        for done in self.on_top.values() {
            lay_one(&mut work.layers, &done.command, &done.events, &on);
        }
    }

    /// Acts that the centre has not answered.
    pub fn unsent(&self) -> impl Iterator<Item = &Done> {
        self.on_top.values().filter(|d| d.outcome.is_none())
    }

    /// The rules in force now.
    pub fn rules(&self, now: Timestamp) -> Option<Rules> {
        self.work.as_ref().and_then(|w| w.layers.office().rules_at(now)).cloned()
    }
}

fn lay_one(layers: &mut Layers, command: &Command, events: &[Event], on: impl Fn(&Subject) -> bool) {
    let follow_ups = follow_ups(&command.subject, events);
    if !on(&command.subject) && !follow_ups.iter().any(|(subject, _)| on(subject)) {
        return;
    }
    let stamp = Stamp::of(command);
    if on(&command.subject) {
        layers.apply_over(&command.subject, &stamp, events);
    }
    for (subject, events) in follow_ups.into_iter().filter(|(subject, _)| on(subject)) {
        layers.apply_over(&subject, &stamp, &events);
    }
}

/// Seconds to wait after so many wrong passwords in a row.
fn pause_after(fails: u32) -> u32 {
    match fails {
        0..FREE_TRIES => 0,
        TRIES_MAX.. => u32::MAX / 2000,
        more => (PAUSE_S_MIN << (more - FREE_TRIES).min(10)).min(PAUSE_S_MAX),
    }
}

struct Fresh<'a> {
    row: &'a Row,
    header: loket_core::sync::RowHeader,
    body: Option<loket_core::sync::RowBody>,
}

/// The rows that come right after the cursors, opened and checked; the cursors move along.
fn fresh_rows<'a>(cursors: &mut BTreeMap<Stream, Cursor>, rows: &'a [Row]) -> anyhow::Result<Vec<Fresh<'a>>> {
    let mut fresh = Vec::new();
    for row in rows {
        let (header, body) = row.open().map_err(|_| anyhow!("a row is not what its leaf says"))?;
        let cursor = cursors.entry(header.stream).or_insert_with(|| Cursor::start(header.epoch));
        if (header.epoch != cursor.epoch && !mutant::on(Mutant::IgnoresEpoch)) || header.seq <= cursor.seq {
            continue;
        }
        anyhow::ensure!(header.seq == cursor.seq + 1, "row {} after {}: a hole", header.seq, cursor.seq);
        *cursor = Cursor { epoch: header.epoch, seq: header.seq, leaf: row.leaf };
        fresh.push(Fresh { row, header, body });
    }
    Ok(fresh)
}

/// `(?, ?), (?, ?)`: the places of so many values in so many lines of a statement. Without numbers, because SQLite looks
/// those up one after the other.
fn places(lines: usize, values: usize) -> String {
    let line = format!("({})", vec!["?"; values].join(", "));
    vec![line.as_str(); lines].join(", ")
}

/// Notes what became of own commands. An outcome that stands never changes.
async fn note_outcomes(tx: &mut Transaction<'_, Sqlite>, answers: &[CommandAnswer]) -> anyhow::Result<()> {
    for some in answers.chunks(LINES_PER_STATEMENT) {
        let statement = format!(
            "with said (n, outcome, seq) as (values {}) update outbox set outcome = said.outcome, seq = said.seq \
             from said where outbox.n = said.n and outbox.outcome = ''",
            places(some.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for answer in some {
            let outcome = serde_json::to_string(&answer.outcome)?;
            query = query.bind(answer.n as i64).bind(outcome).bind(answer.seq as i64);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// A deliberate bug for the simulation to find: the rows of the outbox that are so are gone.
async fn forget_too_early(on: &mut sqlx::SqliteConnection, mutant: Mutant, which: &str) -> anyhow::Result<()> {
    if mutant::on(mutant) {
        sqlx::query(AssertSqlSafe(format!("delete from outbox where {which}"))).execute(on).await?;
    }
    Ok(())
}

/// Takes the outcomes of commands from `from` on back, so that they go out once more; how many there were.
async fn forget_outcomes(tx: &mut Transaction<'_, Sqlite>, from: u64) -> anyhow::Result<u64> {
    let forgotten = sqlx::query(
        "update outbox set earlier = case earlier when '' then outcome else earlier end, outcome = '', seq = 0 \
         where n >= $1 and outcome <> ''",
    )
    .bind(from as i64)
    .execute(&mut **tx)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Writes rows and the aggregates they change. The changed aggregates lie on top of `work.layers` until the caller has
/// committed and settles them.
async fn write_rows(
    tx: &mut Transaction<'_, Sqlite>,
    device: &Device,
    work: &mut Work,
    fresh: &[Fresh<'_>],
) -> anyhow::Result<()> {
    work.layers.clear_over();
    for some in fresh.chunks(LINES_PER_STATEMENT) {
        let statement = format!(
            "insert into row (stream, epoch, seq, subject, leaf, sealed) values {} on conflict do nothing",
            places(some.len(), 6)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for Fresh { row, header, body } in some {
            let sealed = match body {
                Some(body) => {
                    if !matches!(header.outcome, RowOutcome::Quarantined { .. } | RowOutcome::Refused { .. }) {
                        work.layers.apply_over(&header.subject, &body.stamp, &body.events);
                    }
                    for event in &body.events {
                        if let Event::OfficerSet { officer } = event {
                            keep_officer(tx, device, &work.archive, officer).await?;
                        }
                    }
                    let key = work.archive.key(&key_name(&header.subject));
                    let place = format!("row:{}:{}:{}", header.stream.as_str(), header.epoch.0, header.seq);
                    Some(key.seal(&place, &serde_json::to_vec(row)?))
                }
                None => None,
            };
            query = query
                .bind(header.stream.as_str())
                .bind(header.epoch.0)
                .bind(header.seq as i64)
                .bind(header.subject.key())
                .bind(row.leaf.0.to_vec())
                .bind(sealed);
        }
        query.execute(&mut **tx).await?;
    }
    let changed = work.layers.over();
    write_aggregates(tx, &mut work.archive, &changed).await
}

async fn write_aggregates(
    tx: &mut Transaction<'_, Sqlite>,
    archive: &mut Archive,
    aggregates: &[Aggregate],
) -> anyhow::Result<()> {
    for some in aggregates.chunks(LINES_PER_STATEMENT) {
        let statement = format!(
            "insert into aggregate (subject, fold_version, sealed) values {} on conflict (subject) do update \
             set fold_version = excluded.fold_version, sealed = excluded.sealed",
            places(some.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for aggregate in some {
            let subject = aggregate.subject();
            let key = archive.key(&key_name(&subject));
            let name = subject.key();
            let sealed = key.seal(&format!("aggregate:{name}"), &serde_json::to_vec(aggregate)?);
            query = query.bind(name).bind(FOLD_VERSION).bind(sealed);
        }
        query.execute(&mut **tx).await?;
    }
    store_keys(tx, archive).await
}

async fn store_keys(on: &mut sqlx::SqliteConnection, archive: &Archive) -> anyhow::Result<()> {
    for (name, wrapped) in archive.unstored() {
        sqlx::query("insert into key (name, wrapped) values ($1, $2) on conflict (name) do nothing")
            .bind(name)
            .bind(wrapped)
            .execute(&mut *on)
            .await?;
    }
    Ok(())
}

async fn keep_officer(
    tx: &mut Transaction<'_, Sqlite>,
    device: &Device,
    archive: &Archive,
    officer: &Officer,
) -> anyhow::Result<()> {
    // The cases are sealed to those who serve. Whoever no longer does is left without a way in.
    let (root, active) = match officer.role.serves() {
        true => (device.seal_root(archive.root(), &officer.public_key)?, officer.active),
        false => (Vec::new(), false),
    };
    sqlx::query(
        "insert into officer (id, name, envelope, root, active) values ($1, $2, $3, $4, $5) on conflict (id) do update \
         set name = excluded.name, envelope = excluded.envelope, root = excluded.root, active = excluded.active",
    )
    .bind(officer.id.as_str())
    .bind(&officer.name)
    .bind(device.seal("envelope", officer.envelope.as_bytes()))
    .bind(root)
    .bind(active)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn load(pool: &SqlitePool, device: &Device, state: &mut State) -> anyhow::Result<()> {
    let Some(identity) = get(pool, "identity").await? else { return Ok(()) };
    state.identity = Some(serde_json::from_slice(&identity)?);
    let secret = async |what: &str| -> anyhow::Result<Vec<u8>> {
        let sealed = get(pool, what).await?.ok_or_else(|| anyhow!("an enrolled desk has {what}"))?;
        device.open(what, &sealed).map_err(|_| fault(Fault::KeystoreTrouble))
    };
    state.keys = Some(DeviceKeys {
        signing: Signing::from_bytes(&secret("signing").await?)?,
        token: String::from_utf8(secret("token").await?)?,
        outbox: Key::from_bytes(&secret("outbox_key").await?)?,
        spool_public: String::from_utf8(get(pool, "spool_public").await?.unwrap_or_default())?,
    });
    for (what, cursors) in [("received", &mut state.received), ("absorbed", &mut state.absorbed)] {
        if let Some(stored) = get(pool, what).await? {
            *cursors = serde_json::from_slice(&stored)?;
        }
    }
    let heard = get(pool, "heard_at").await?.and_then(|v| v.try_into().ok()).map(i64::from_be_bytes);
    state.heard_at = heard.map(Timestamp);
    let offset = get(pool, "offset_ms").await?.and_then(|v| v.try_into().ok()).map(i64::from_be_bytes);
    state.offset_ms = offset.unwrap_or(state.offset_ms);
    let newest: Option<i64> = sqlx::query_scalar("select max(at) from outbox").fetch_one(pool).await?;
    state.latest_at = state.latest_at.max(Timestamp(newest.unwrap_or(0))).max(state.heard_at.unwrap_or(Timestamp(0)));
    let passed = state.absorbed.get(&Stream::Office).map_or(0, |c| c.seq);
    let keys = state.keys.as_ref().ok_or_else(|| anyhow!("just loaded"))?;
    let rows = sqlx::query("select n, sealed, outcome, seq from outbox where seq = 0 or seq > $1 order by n")
        .bind(passed as i64)
        .fetch_all(pool)
        .await?;
    for row in &rows {
        let done = open_done(keys, row)?;
        state.on_top.insert(done.command.n, done);
    }
    let head = sqlx::query("select n, digest from outbox order by n desc limit 1").fetch_optional(pool).await?;
    if let Some(row) = head {
        let digest: Vec<u8> = row.get(1);
        let digest = digest.try_into().map_err(|_| anyhow!("a stored digest has 32 bytes"))?;
        state.head = ChainHead { n: row.get::<i64, _>(0) as u64, digest: Digest(digest) };
    }
    Ok(())
}

fn open_done(keys: &DeviceKeys, row: &sqlx::sqlite::SqliteRow) -> anyhow::Result<Done> {
    let (n, sealed, outcome, seq): (i64, Vec<u8>, String, i64) = (row.get(0), row.get(1), row.get(2), row.get(3));
    let plain: SealedDone = serde_json::from_slice(&keys.outbox.open(&format!("outbox:{n}"), &sealed)?)?;
    let outcome = if outcome.is_empty() { None } else { Some(serde_json::from_str(&outcome)?) };
    let command = serde_json::from_str(&plain.stamped)?;
    Ok(Done { command, stamped: plain.stamped, events: plain.events, outcome, seq: seq as u64 })
}

async fn refuse_newer(file: &Path) -> anyhow::Result<()> {
    if !file.exists() {
        return Ok(());
    }
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect_with(options).await.context("Looking at the database")?;
    let migrated = sqlx::query_scalar::<_, i64>("select count(*) from sqlite_schema where name = '_sqlx_migrations'")
        .fetch_one(&pool)
        .await?;
    let mut found = None;
    if migrated > 0 {
        found =
            sqlx::query_scalar::<_, Option<i64>>("select max(version) from _sqlx_migrations").fetch_one(&pool).await?;
    }
    pool.close().await;
    let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
    match found {
        Some(found) if found > known => Err(fault(Fault::NewerDatabase { found: found as u32, known: known as u32 })),
        _ => Ok(()),
    }
}

async fn put<'c>(on: impl sqlx::Executor<'c, Database = Sqlite>, key: &str, value: Vec<u8>) -> anyhow::Result<()> {
    sqlx::query("insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value")
        .bind(key)
        .bind(value)
        .execute(on)
        .await?;
    Ok(())
}

async fn get<'c>(on: impl sqlx::Executor<'c, Database = Sqlite>, key: &str) -> anyhow::Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar("select value from meta where key = $1").bind(key).fetch_optional(on).await?)
}

async fn put_cursors(
    tx: &mut Transaction<'_, Sqlite>,
    what: &str,
    cursors: &BTreeMap<Stream, Cursor>,
) -> anyhow::Result<()> {
    put(&mut **tx, what, serde_json::to_vec(cursors)?).await
}

/// The refusal inside a fault, if there is one.
pub fn refusal_of(error: &anyhow::Error) -> Option<Refusal> {
    match named_fault(error) {
        Some(Fault::Refused { refusal }) => Some(refusal.clone()),
        _ => None,
    }
}

/// Who wrote a stamp, as a desk knows it: the counter's desk, or nobody for a service.
pub fn desk_of(stamp: &Stamp) -> Option<DeskId> {
    match &stamp.origin {
        Origin::Desk { desk, .. } => Some(*desk),
        Origin::Service { .. } => None,
    }
}
