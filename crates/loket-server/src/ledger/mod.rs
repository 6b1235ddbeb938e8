//! The ledger: every row of every office, in one dense sequence per stream, and the only SQL of the server. It promises
//! that a number is taken in the transaction that stores its row, that the same command or service row has one effect
//! however often it comes, and that a stored outcome never changes. It never erases a row and never refuses a fact.
//!
//! Each office's aggregates are kept folded in memory behind a lock that is held for a whole append. Another process
//! (`loket-server admin`) may append to the same database: every append and every read first catches up with the rows
//! it has not seen.

mod applications;
mod commands;
mod copies;
mod db;
mod doors;
mod errands;
mod places;
mod proposals;
mod reading;
mod ready;
mod uploads;

pub use applications::{NewCase, SCANS_PER_CASE_MAX};
pub use commands::{Appended, RELEASE_WISH_MS};
pub use copies::{COPY_FORMAT, Copied, CopyReader, CopyTrouble, LINE_BYTES_MAX, Restored, restore};
pub use db::Address;
pub(crate) use doors::same;
pub use doors::{Arrived, DeskRecord, NewDesk, ScanRecord};
pub use errands::{Errand, ErrandCase, ErrandCount, ErrandKind, LEASE_MS, Manifest, Next, PARCELS_MAX, Parcel};
pub use places::{DAYS_MAX, NewPlace, PLACES_MAX, Places, Wanted};
pub use proposals::{Proposal, ProposalState, TRIES_FREE, TRY_PAUSE_MS_MAX, TRY_PAUSE_MS_MIN, Word};
pub use reading::{RECENT_ROWS_MAX, ROW_BYTES_PER_ANSWER_MAX, Since};
pub use uploads::{UNFINISHED_BYTES_MAX, UNFINISHED_UPLOADS_MAX, Upload};

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use loket_core::act::{Event, Origin, Stamp, Subject};
use loket_core::id::{ApplicationNo, DeskId, Digest, Epoch, OfficeCode, Timestamp, VisitId};
use loket_core::mutant::{self, Mutant};
use loket_core::sync::{Cursor, Row, RowBody, RowHeader, RowOutcome, Stream};
use loket_core::visit::Visit;
use loket_core::world::{FOLD_VERSION, Layers, World};
use tokio::sync::{Mutex, MutexGuard, OnceCell, watch};

use self::db::{Database, Line, Tx, Value, sql, sql_lines};
use self::reading::Recent;
use crate::env::Env;

/// PostgreSQL's words for "not just now": serialization failure, deadlock, too many connections, shutting down, starting.
const POSTGRES_BUSY: [&str; 5] = ["40001", "40P01", "53300", "57P01", "57P03"];

/// Lines that one statement writes or looks for. A statement costs a way to the database and back, whatever it says.
const LINES_PER_STATEMENT: usize = 100;
/// Values of one line of `row`.
const ROW_VALUES: usize = 15;

/// What stands in the way of something that an applicant wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{self:?}")]
pub enum Denied {
    /// No places were opened at this time.
    PlaceUnknown,
    NoPlaceLeft,
    /// The day before is over.
    TooLate,
    MovesUsedUp,
    /// A place for a priority group, or for the same day, that the applicant has no right to.
    KindUnfit,
    NotPaid,
    /// The bill ran out, and nobody has paid since.
    PlaceLost,
    AccountFull,
    /// The same number came with other content; which number.
    DiffersFromBefore(&'static str),
    AlreadyServed,
    Cancelled,
    /// Which field.
    NotAsked(String),
    SameScan(String),
    TooManyScans,
    AlreadyDispatched,
    /// So few places can't be set: more are taken.
    MoreAreTaken,
}

/// Something the ledger can't do. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("this server does not answer for office {0}")]
    OfficeUnknown(OfficeCode),
    #[error(
        "the database was written by a newer program: version {found}, this one knows {known}; it was left untouched"
    )]
    NewerDatabase { found: i64, known: i64 },
    #[error("SQLite {0} can lose commits; 3.51.3 or newer is needed")]
    OldSqlite(String),
    /// Something in the call is not what it should be; which part.
    #[error("malformed: {0}")]
    Malformed(String),
    /// It is well said, but something stands in the way.
    #[error("denied: {0:?}")]
    Denied(#[from] Denied),
    #[error("no such {0}")]
    Absent(&'static str),
    #[error("too many uploads lie about unfinished")]
    NoRoom,
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("stored data that can't be read: {0}")]
    Stored(String),
}

impl LedgerError {
    /// Somebody else has the database just now; the same call may well succeed a moment later.
    pub fn is_busy(&self) -> bool {
        match self {
            LedgerError::Database(sqlx::Error::PoolTimedOut) => true,
            // PostgreSQL went away, or is coming back.
            LedgerError::Database(sqlx::Error::Io(_)) => true,
            LedgerError::Database(sqlx::Error::Database(e)) => e.code().is_some_and(|code| {
                let sqlite_busy = code.parse::<u32>().is_ok_and(|c| code.len() < 5 && c & 0xff == 5);
                sqlite_busy || POSTGRES_BUSY.contains(&code.as_ref())
            }),
            _ => false,
        }
    }
}

impl From<serde_json::Error> for LedgerError {
    /// Where it went wrong and how; serde's own sentence quotes what it read, and this one goes to the log.
    fn from(error: serde_json::Error) -> Self {
        LedgerError::Stored(format!("JSON, {:?} error at column {}", error.classify(), error.column()))
    }
}

type Result<T, E = LedgerError> = std::result::Result<T, E>;

/// Where the streams of an office are.
pub type Heads = BTreeMap<Stream, Cursor>;

/// A row that a service of the server writes. Written once: a second one with the same name and external id is dropped.
#[derive(Debug, Clone)]
pub struct ServiceRow {
    pub stream: Stream,
    pub name: &'static str,
    pub external_id: String,
    pub subject: Subject,
    pub events: Vec<Event>,
}

/// An office as it is held in memory.
struct Seat {
    code: OfficeCode,
    state: Mutex<Kept>,
    /// Raised whenever there may be something new for a desk that waits.
    moved: watch::Sender<u64>,
}

/// What is known of an office, as of `heads`.
struct Kept {
    layers: Layers,
    heads: Heads,
    /// The visits of each application, so that nobody has to look through all of them.
    visits_of: HashMap<ApplicationNo, BTreeSet<VisitId>>,
    /// The newest rows, for desks that are close behind.
    recent: Recent,
    wishes: Vec<commands::Wish>,
}

/// The ledger of all offices of this server.
pub struct Ledger {
    database: Database,
    env: Env,
    /// An office that is being read is empty here, so that nobody waits for another office's history.
    seats: std::sync::Mutex<BTreeMap<OfficeCode, Arc<OnceCell<Arc<Seat>>>>>,
    heard: std::sync::Mutex<HashMap<(OfficeCode, DeskId), (Timestamp, u32)>>,
    /// Raised whenever an errand was written.
    errands: watch::Sender<u64>,
}

/// One append transaction of one office. Dropping it takes everything back.
struct Append<'a> {
    tx: Tx,
    seat: &'a Seat,
    kept: MutexGuard<'a, Kept>,
    heads: Heads,
    /// Lines of `row` that are not written yet, value by value.
    unwritten: Vec<[Value; ROW_VALUES]>,
    /// What services have written in this transaction: name and external id.
    named: HashSet<(String, String)>,
    /// The rows of this transaction.
    fresh: Vec<(Stream, u64, Subject, Row)>,
    now: Timestamp,
    env: &'a Env,
    /// An errand was written: whoever runs them is woken by the commit.
    has_errands: bool,
    errands: &'a watch::Sender<u64>,
}

/// What [`Append::row`] is told beside the events.
struct Written<'a> {
    stream: Stream,
    subject: &'a Subject,
    origin: Origin,
    at: Timestamp,
    outcome: RowOutcome,
    /// The stamped bytes and their digest, if a desk made it.
    stamped: Option<(&'a str, Digest)>,
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn digest(bytes: &[u8]) -> Result<Digest> {
    Ok(Digest(bytes.try_into().map_err(|_| LedgerError::Stored("a digest has 32 bytes".to_owned()))?))
}

fn stream(text: &str) -> Result<Stream> {
    let found = Stream::ALL.into_iter().find(|s| s.as_str() == text);
    found.ok_or_else(|| LedgerError::Stored(format!("stream {text}")))
}

fn cursor(row: &Line) -> Result<(Stream, Cursor)> {
    let epoch = Epoch(row.small("epoch")?);
    let seq: i64 = row.get("seq")?;
    let leaf: Vec<u8> = row.get("leaf")?;
    Ok((stream(&row.get::<String>("stream")?)?, Cursor { epoch, seq: seq.unsigned_abs(), leaf: digest(&leaf)? }))
}

fn stored_row(row: &Line) -> Result<Row> {
    let leaf: Vec<u8> = row.get("leaf")?;
    Ok(Row { header: row.get("header")?, salt: row.get("salt")?, body: Some(row.get("body")?), leaf: digest(&leaf)? })
}

async fn heads_of(db: &mut Tx, office: &OfficeCode) -> Result<Heads> {
    let rows = sql("select stream, epoch, seq, leaf from head where office = $1").bind(office.as_str()).all(db).await?;
    rows.iter().map(cursor).collect()
}

fn note_plans<'a>(visits_of: &mut HashMap<ApplicationNo, BTreeSet<VisitId>>, visits: impl Iterator<Item = &'a Visit>) {
    for visit in visits {
        for no in visit.plan.iter().flat_map(|p| &p.applications) {
            visits_of.entry(no.clone()).or_default().insert(visit.id.clone());
        }
    }
}

impl Kept {
    fn empty() -> Kept {
        Kept {
            layers: Layers::default(),
            heads: Heads::new(),
            visits_of: HashMap::new(),
            recent: Recent::default(),
            wishes: Vec::new(),
        }
    }

    /// Reads everything anew: the stored aggregates, or the rows where those are of another fold.
    async fn load(&mut self, db: &mut Tx, office: &OfficeCode) -> Result<()> {
        let heads = heads_of(db, office).await?;
        let stale: Option<i64> = sql("select count(*) from aggregate where office = $1 and fold_version <> $2")
            .bind(office.as_str())
            .bind(FOLD_VERSION)
            .scalar(db)
            .await?;
        let mut world = World::default();
        if stale == Some(0) {
            let rows = sql("select json from aggregate where office = $1 order by subject")
                .bind(office.as_str())
                .all(db)
                .await?;
            for row in rows {
                world.put(serde_json::from_str(&row.get::<String>("json")?)?);
            }
        } else {
            world = fold(db, office).await?;
        }
        self.layers = Layers::on(world);
        self.recent = Recent::default();
        self.heads = heads;
        self.visits_of.clear();
        note_plans(&mut self.visits_of, self.layers.base.visits.values());
        Ok(())
    }

    /// Applies the rows that another process wrote meanwhile.
    async fn catch_up(&mut self, db: &mut Tx, office: &OfficeCode, heads: &Heads) -> Result<()> {
        self.layers.clear_over();
        if *heads == self.heads {
            return Ok(());
        }
        let behind = heads.iter().all(|(stream, theirs)| {
            self.heads.get(stream).is_some_and(|ours| ours.epoch == theirs.epoch && ours.seq <= theirs.seq)
        });
        if !behind {
            return self.load(db, office).await;
        }
        for (stream, theirs) in heads {
            let ours = self.heads.get(stream).map_or(0, |c| c.seq);
            let rows = sql("select header, salt, body, leaf from row
                 where office = $1 and stream = $2 and epoch = $3 and seq > $4 and seq <= $5 order by seq")
            .bind(office.as_str())
            .bind(stream.as_str())
            .bind(theirs.epoch.0)
            .bind(number(ours))
            .bind(number(theirs.seq))
            .all(db)
            .await?;
            for row in rows {
                let row = stored_row(&row)?;
                let (header, body) = open(&row)?;
                if !body.events.is_empty() {
                    self.layers.apply_over(&header.subject, &body.stamp, &body.events);
                }
                self.recent.push(header.stream, header.seq, header.subject, row);
            }
        }
        self.settle();
        self.heads = heads.clone();
        Ok(())
    }

    fn settle(&mut self) {
        note_plans(&mut self.visits_of, self.layers.visits_over());
        self.layers.settle_over();
    }
}

fn open(row: &Row) -> Result<(RowHeader, RowBody)> {
    match row.open() {
        Ok((header, Some(body))) => Ok((header, body)),
        Ok((_, None)) | Err(_) => Err(LedgerError::Stored("a row that is not what its leaf says".to_owned())),
    }
}

/// All rows of an office, folded from the beginning.
async fn fold(db: &mut Tx, office: &OfficeCode) -> Result<World> {
    let mut world = World::default();
    // The streams touch disjoint parts, so which one is folded first makes no difference.
    for stream in Stream::ALL {
        let rows =
            sql("select header, salt, body, leaf from row where office = $1 and stream = $2 order by epoch, seq")
                .bind(office.as_str())
                .bind(stream.as_str())
                .all(db)
                .await?;
        for row in rows {
            let (header, body) = open(&stored_row(&row)?)?;
            if !body.events.is_empty() {
                world.apply(&header.subject, &body.stamp, &body.events);
            }
        }
    }
    Ok(world)
}

impl Ledger {
    /// Opens or makes the database.
    pub async fn open(address: &Address, env: Env) -> Result<Arc<Ledger>> {
        let database = Database::open(address).await?;
        Ok(Arc::new(Ledger::on(database, env)))
    }

    fn on(database: Database, env: Env) -> Ledger {
        let (seats, heard) = (std::sync::Mutex::default(), std::sync::Mutex::default());
        Ledger { database, env, seats, heard, errands: watch::Sender::new(0) }
    }

    /// Waits for what is being written and closes the files.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// The clock and chance of this server.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// Makes room for an office. Does nothing if it is there.
    pub async fn add_office(&self, office: &OfficeCode) -> Result<()> {
        let mut tx = self.database.write().await?;
        sql("insert into office (code) values ($1) on conflict do nothing").bind(office.as_str()).run(&mut tx).await?;
        for stream in Stream::ALL {
            sql("insert into head (office, stream, epoch, leaf) values ($1, $2, 1, $3) on conflict do nothing")
                .bind(office.as_str())
                .bind(stream.as_str())
                .bind(&Digest::ZERO.0[..])
                .run(&mut tx)
                .await?;
        }
        tx.commit().await
    }

    /// The offices this server answers for.
    pub async fn offices(&self) -> Result<Vec<OfficeCode>> {
        let mut db = self.database.read().await?;
        let codes: Vec<String> = sql("select code from office order by code").scalars(&mut db).await?;
        codes.into_iter().map(|c| OfficeCode::new(c).map_err(|e| LedgerError::Stored(e.to_string()))).collect()
    }

    async fn seat(&self, office: &OfficeCode) -> Result<Arc<Seat>> {
        let cell = self.seats().get(office).cloned();
        let cell = match cell {
            Some(cell) => cell,
            None => {
                // Only offices that are there get a seat.
                let mut db = self.database.read().await?;
                if heads_of(&mut db, office).await?.is_empty() {
                    return Err(LedgerError::OfficeUnknown(office.clone()));
                }
                self.seats().entry(office.clone()).or_default().clone()
            }
        };
        let seat = cell.get_or_try_init(|| async {
            let mut db = self.database.read().await?;
            let mut kept = Kept::empty();
            kept.load(&mut db, office).await?;
            let seat = Seat { code: office.clone(), state: Mutex::new(kept), moved: watch::Sender::new(0) };
            Ok::<_, LedgerError>(Arc::new(seat))
        });
        seat.await.cloned()
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, BTreeMap<OfficeCode, Arc<OnceCell<Arc<Seat>>>>> {
        // Nothing that is done under this lock can leave half of it done.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever there may be something new for a desk of this office.
    pub async fn moved(&self, office: &OfficeCode) -> Result<watch::Receiver<u64>> {
        Ok(self.seat(office).await?.moved.subscribe())
    }

    /// Looks whether another process has written, and wakes those who wait. Called every 100 ms.
    pub async fn look_at_heads(&self) -> Result<()> {
        let seats: Vec<Arc<Seat>> = self.seats().values().filter_map(|cell| cell.get().cloned()).collect();
        if seats.is_empty() {
            return Ok(());
        }
        let mut db = self.database.read().await?;
        let rows = sql("select office, stream, epoch, seq, leaf from head").all(&mut db).await?;
        drop(db);
        let mut heads: BTreeMap<String, Heads> = BTreeMap::new();
        for row in &rows {
            let (stream, at) = cursor(row)?;
            heads.entry(row.get("office")?).or_default().insert(stream, at);
        }
        for seat in seats {
            // An append that is under way wakes everybody by itself.
            if let Ok(kept) = seat.state.try_lock()
                && heads.get(seat.code.as_str()).is_some_and(|theirs| *theirs != kept.heads)
            {
                seat.moved.send_modify(|v| *v += 1);
            }
        }
        Ok(())
    }

    /// An append to an office whose state is locked, in an open transaction.
    fn append_to<'a>(&'a self, tx: Tx, seat: &'a Seat, kept: MutexGuard<'a, Kept>, heads: Heads) -> Append<'a> {
        let (env, errands) = (&self.env, &self.errands);
        let (unwritten, named, fresh) = (Vec::new(), HashSet::new(), Vec::new());
        let now = env.now();
        Append { tx, seat, kept, heads, unwritten, named, fresh, now, env, has_errands: false, errands }
    }

    /// Opens an append: locks the office, the head rows and the writer, in this order, and catches up.
    async fn begin<'a>(&'a self, seat: &'a Seat) -> Result<Append<'a>> {
        let mut kept = seat.state.lock().await;
        let mut tx = self.database.write().await?;
        // A head row is locked first: two appends must not be given numbers that commit in the other order. One and always
        // the same, because two that lock both could each hold what the other waits for.
        sql("update head set opened = opened + 1 where office = $1 and stream = $2")
            .bind(seat.code.as_str())
            .bind(Stream::ALL[0].as_str())
            .run(&mut tx)
            .await?;
        if mutant::on(Mutant::WithoutHeadRow) {
            let heads = kept.heads.clone();
            return Ok(self.append_to(tx, seat, kept, heads));
        }
        let heads = heads_of(&mut tx, &seat.code).await?;
        kept.catch_up(&mut tx, &seat.code, &heads).await?;
        Ok(self.append_to(tx, seat, kept, heads))
    }

    /// Looks at an office as it now is.
    pub async fn view<T>(&self, office: &OfficeCode, look: impl FnOnce(&World) -> T) -> Result<T> {
        let seat = self.seat(office).await?;
        let mut kept = seat.state.lock().await;
        let mut db = self.database.read().await?;
        let heads = heads_of(&mut db, office).await?;
        kept.catch_up(&mut db, office, &heads).await?;
        Ok(look(&kept.layers.base))
    }

    /// Appends rows of a service, all or none. `write` sees the office as it is at that moment. Rows that are there
    /// already are left out; the answer says how many were new.
    pub async fn append_service<F>(&self, office: &OfficeCode, write: F) -> Result<usize>
    where
        F: FnOnce(&World, &Heads) -> Result<Vec<ServiceRow>>,
    {
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let rows = write(&append.kept.layers.base, &append.heads)?;
        let new = append.service_rows(rows).await?;
        if new > 0 {
            append.commit().await?;
        }
        Ok(new)
    }

    /// Folds all rows of an office from the beginning; equal to [`Ledger::view`], or something is wrong.
    pub async fn refold(&self, office: &OfficeCode) -> Result<World> {
        let mut db = self.database.read().await?;
        fold(&mut db, office).await
    }

    /// The aggregates as they are stored.
    pub async fn stored(&self, office: &OfficeCode) -> Result<World> {
        let mut db = self.database.read().await?;
        let mut kept = Kept::empty();
        kept.load(&mut db, office).await?;
        Ok(kept.layers.base)
    }
}

impl Append<'_> {
    /// Gives a row the next number of its stream. It is written with the others of its transaction, before anything is
    /// looked for among rows.
    fn row(&mut self, what: Written<'_>, events: Vec<Event>) -> u64 {
        let Written { stream, subject, origin, at, outcome, stamped } = what;
        let head = self.heads.get(&stream).copied().unwrap_or(Cursor::start(Epoch(1)));
        let seq = head.seq + 1;
        let word = outcome.as_str();
        let header = RowHeader {
            stream,
            epoch: head.epoch,
            seq,
            subject: subject.clone(),
            origin: origin.clone(),
            outcome,
            at: self.now,
        };
        let stamp = Stamp { origin, at };
        let body = RowBody { stamped: stamped.map(|(text, _)| text.to_owned()), stamp, events };
        let row = Row::new(&header, &body, self.env.chance());
        let (desk, n, service, external_id) = match header.origin {
            Origin::Desk { desk, n, .. } => (Some(desk.0), Some(number(n)), None, None),
            Origin::Service { name, external_id } => (None, None, Some(name), Some(external_id)),
        };
        if let (Some(name), Some(id)) = (&service, &external_id) {
            self.named.insert((name.clone(), id.clone()));
        }
        self.unwritten.push([
            self.seat.code.as_str().into(),
            stream.as_str().into(),
            head.epoch.0.into(),
            number(seq).into(),
            (&row.header).into(),
            (&row.salt).into(),
            row.body.clone().into(),
            (&row.leaf.0[..]).into(),
            subject.key().into(),
            word.into(),
            desk.into(),
            n.into(),
            stamped.map(|(_, digest)| digest.0.to_vec()).into(),
            service.into(),
            external_id.into(),
        ]);
        // A row without events changes nothing, not even what was done last on its subject.
        if !body.events.is_empty() {
            self.kept.layers.apply_over(subject, &body.stamp, &body.events);
        }
        self.heads.insert(stream, Cursor { epoch: head.epoch, seq, leaf: row.leaf });
        self.fresh.push((stream, seq, header.subject, row));
        seq
    }

    /// Writes the rows that have a number.
    async fn write_rows(&mut self) -> Result<()> {
        let mut lines = std::mem::take(&mut self.unwritten).into_iter();
        while lines.len() > 0 {
            let some = lines.len().min(LINES_PER_STATEMENT);
            let mut statement = sql_lines(
                "insert into row (office, stream, epoch, seq, header, salt, body, leaf, subject, outcome, desk, n, digest,
                                  service, external_id)
                 values ",
                0,
                some,
                ROW_VALUES,
                "",
            );
            for value in lines.by_ref().take(some).flatten() {
                statement = statement.bind(value);
            }
            statement.run(&mut self.tx).await?;
        }
        Ok(())
    }

    /// Writes the rows of services, without those that are there already; how many were new.
    async fn service_rows(&mut self, rows: Vec<ServiceRow>) -> Result<usize> {
        let mut there = HashSet::new();
        for some in rows.chunks(LINES_PER_STATEMENT) {
            let mut look = sql_lines(
                "select service, external_id from row where office = $1 and (service, external_id) in (values ",
                1,
                some.len(),
                2,
                ")",
            );
            look = look.bind(self.seat.code.as_str());
            for row in some {
                look = look.bind(row.name).bind(&row.external_id);
            }
            for line in look.all(&mut self.tx).await? {
                there.insert((line.get::<String>("service")?, line.get::<String>("external_id")?));
            }
        }
        let mut new = 0;
        for ServiceRow { stream, name, external_id, subject, events } in rows {
            let key = (name.to_owned(), external_id);
            if !there.contains(&key) && !self.named.contains(&key) {
                self.new_named_row(stream, key.0, key.1, &subject, events);
                new += 1;
            }
        }
        Ok(new)
    }

    /// Writes the row of a service, unless it is there already.
    async fn service_row(&mut self, row: ServiceRow) -> Result<Option<u64>> {
        let ServiceRow { stream, name, external_id, subject, events } = row;
        self.named_row(stream, name.to_owned(), external_id, &subject, events).await
    }

    async fn named_row(
        &mut self,
        stream: Stream,
        name: String,
        external_id: String,
        subject: &Subject,
        events: Vec<Event>,
    ) -> Result<Option<u64>> {
        let key = (name, external_id);
        if self.named.contains(&key) {
            return Ok(None);
        }
        let (name, external_id) = key;
        let there: Option<i64> = sql("select seq from row where office = $1 and service = $2 and external_id = $3")
            .bind(self.seat.code.as_str())
            .bind(&name)
            .bind(&external_id)
            .scalar(&mut self.tx)
            .await?;
        if there.is_some() {
            return Ok(None);
        }
        Ok(Some(self.new_named_row(stream, name, external_id, subject, events)))
    }

    /// The row of a service that is not there yet.
    fn new_named_row(
        &mut self,
        stream: Stream,
        name: String,
        external_id: String,
        subject: &Subject,
        events: Vec<Event>,
    ) -> u64 {
        let origin = Origin::Service { name, external_id };
        let outcome = RowOutcome::Applied;
        self.row(Written { stream, subject, origin, at: self.now, outcome, stamped: None }, events)
    }

    /// Stores what was touched. Nobody sees it before the transaction commits.
    async fn write_down(&mut self) -> Result<()> {
        self.write_rows().await?;
        for some in self.kept.layers.over().chunks(LINES_PER_STATEMENT) {
            let mut statement = sql_lines(
                "insert into aggregate (office, subject, json, fold_version) values ",
                0,
                some.len(),
                4,
                " on conflict (office, subject) do update set json = excluded.json, fold_version = excluded.fold_version",
            );
            for aggregate in some {
                let (subject, json) = (aggregate.subject().key(), serde_json::to_string(aggregate)?);
                statement = statement.bind(self.seat.code.as_str()).bind(subject).bind(json).bind(FOLD_VERSION);
            }
            statement.run(&mut self.tx).await?;
        }
        for (stream, head) in self.heads.iter().filter(|(stream, head)| self.kept.heads.get(stream) != Some(*head)) {
            sql("update head set seq = $3, leaf = $4 where office = $1 and stream = $2")
                .bind(self.seat.code.as_str())
                .bind(stream.as_str())
                .bind(number(head.seq))
                .bind(&head.leaf.0[..])
                .run(&mut self.tx)
                .await?;
        }
        Ok(())
    }

    /// Stores what was touched, commits, and wakes those who wait.
    async fn commit(mut self) -> Result<()> {
        self.write_down().await?;
        // If the call is dropped during this commit, memory stays behind the disk and the next append catches up.
        self.tx.commit().await?;
        self.kept.settle();
        self.kept.heads = self.heads;
        for (stream, seq, subject, row) in self.fresh {
            self.kept.recent.push(stream, seq, subject, row);
        }
        self.seat.moved.send_modify(|v| *v += 1);
        if self.has_errands {
            self.errands.send_modify(|v| *v += 1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_is_not_quoted() {
        for text in [r#""KENARI""#, r#"{"KENARI":1}"#, r#"["KENARI""#] {
            let error = serde_json::from_str::<Stream>(text).unwrap_err();
            assert!(!LedgerError::from(error).to_string().contains("KENARI"), "{text}");
        }
    }
}
