//! A copy of the whole ledger as lines of text, and a ledger made from one. A copy is of one moment, holds every table
//! that the schema has, and reads the same whichever database it came from. Its last line counts and proves all others:
//! a copy that was cut off or altered is refused before anything of it is seen. It knows nothing of files, of scans or of
//! keys.
//!
//! A ledger made from a copy begins a new epoch in every stream: the old one may have gone on beyond the copy, and a desk
//! that has seen more must notice. Numbers go on where the copy ends.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read as _, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use loket_core::act::{Event, Subject};
use loket_core::id::{Digest, Epoch, OfficeCode, OfficerId, ScanHash, Timestamp};
use loket_core::office::Office;
use loket_core::sync::Stream;
use loket_core::world::{Aggregate, FOLD_VERSION, Layers, World};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, watch};

use super::db::{Database, Line, Tx, Value, schema_known, sql, sql_of_schema};
use super::{Address, Heads, Kept, Ledger, LedgerError, Result, Seat, ServiceRow, digest, fold, heads_of, number};
use crate::env::Env;

/// The form of a copy.
pub const COPY_FORMAT: u32 = 1;
/// Bytes of one line: far more than any row has.
pub const LINE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Scans that are looked up at once.
const SCANS_AT_ONCE: u32 = 1_000;

/// Why there is no copy, or no ledger from it. Nothing was left behind.
#[derive(Debug, thiserror::Error)]
pub enum CopyTrouble {
    #[error("the database is not empty; a copy goes into a new one only, nothing is written over")]
    NotEmpty,
    #[error("this is no copy of a ledger")]
    NoCopy,
    #[error("the copy is written in form {0}; this program reads form {COPY_FORMAT}")]
    OtherFormat(u32),
    #[error("the copy was made by a newer program: schema {found}, this one knows {known}")]
    NewerCopy { found: i64, known: i64 },
    #[error("the copy ends too early; it was cut off")]
    CutOff,
    #[error("the copy was altered: {0}")]
    Altered(String),
    #[error("the copy holds several offices; --office names the one on whose roster the two administrators stand")]
    WhichOffice,
    #[error("the copy holds no office at all; there is nothing to restore")]
    NoOffice,
    #[error("the copy holds no office {0}")]
    NoSuchOffice(OfficeCode),
    /// Whoever should answer for the new epoch does not; in the words of whoever asked.
    #[error("{0}")]
    NotAnswered(String),
    #[error("reading or writing the copy: {0}")]
    Disk(#[from] io::Error),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

type Copying<T> = std::result::Result<T, CopyTrouble>;

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyHeader {
    /// [`COPY_FORMAT`]
    pub loket_copy: u32,
    /// The newest step of the migrations.
    pub schema: i64,
    pub at: Timestamp,
    /// Where each office was.
    pub heads: BTreeMap<OfficeCode, Heads>,
}

/// The line before the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableLine {
    table: String,
    columns: Vec<String>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    /// Rows of each table.
    rows: BTreeMap<String, u64>,
    /// SHA-256 of all bytes before this line.
    sha256: Digest,
}

/// A copy that was made.
#[derive(Debug)]
pub struct Copied {
    pub header: CopyHeader,
    pub rows: BTreeMap<String, u64>,
}

/// A ledger that was made from a copy.
#[derive(Debug)]
pub struct Restored {
    pub rows: BTreeMap<String, u64>,
    pub epochs: BTreeMap<OfficeCode, Epoch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    Number,
    Bytes,
}

/// A table of the schema.
#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<(String, Sort)>,
}

/// Passes lines on and remembers what they were.
struct Proven<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Proven<W> {
    fn line(&mut self, value: &impl Serialize) -> Copying<()> {
        let mut line = serde_json::to_vec(value).map_err(LedgerError::from)?;
        line.push(b'\n');
        self.hash.update(&line);
        Ok(self.inner.write_all(&line)?)
    }

    fn digest(&self) -> Digest {
        Digest(self.hash.clone().finalize().into())
    }
}

/// All tables but those of the migrations themselves; each after those it refers to.
async fn tables(db: &mut Tx) -> Result<Vec<Table>> {
    let (columns, references) = match db {
        Tx::Sqlite(_) => (
            sql("select t.name as \"table\", c.name as \"column\", lower(c.type) as kind
                 from sqlite_schema t, pragma_table_info(t.name) c
                 where t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\'
                 and t.name not like '\\_sqlx%' escape '\\' order by t.name, c.cid"),
            sql("select t.name as \"table\", f.\"table\" as needs from sqlite_schema t, pragma_foreign_key_list(t.name) f
                 where t.type = 'table'"),
        ),
        Tx::Postgres(_) => (
            sql("select c.table_name::text as \"table\", c.column_name::text as \"column\", c.data_type::text as kind
                 from information_schema.columns c join information_schema.tables t
                 on t.table_schema = c.table_schema and t.table_name = c.table_name
                 where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
                 and c.table_name not like '\\_sqlx%' order by c.table_name, c.ordinal_position"),
            sql("select t.relname::text as \"table\", n.relname::text as needs from pg_constraint c
                 join pg_class t on t.oid = c.conrelid join pg_class n on n.oid = c.confrelid
                 where c.contype = 'f' and t.relnamespace = current_schema()::regnamespace"),
        ),
    };
    let mut open: BTreeMap<String, Vec<(String, Sort)>> = BTreeMap::new();
    for line in columns.all(db).await? {
        let (table, column, kind): (String, String, String) =
            (line.get("table")?, line.get("column")?, line.get("kind")?);
        let sort = match kind.as_str() {
            "text" => Sort::Text,
            "integer" | "bigint" => Sort::Number,
            "blob" | "bytea" => Sort::Bytes,
            other => return Err(LedgerError::Stored(format!("{table}.{column} is {other}, which no copy holds"))),
        };
        open.entry(table).or_default().push((column, sort));
    }
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in references.all(db).await? {
        let (table, needed): (String, String) = (line.get("table")?, line.get("needs")?);
        if table != needed {
            needs.entry(table).or_default().insert(needed);
        }
    }
    let mut out = Vec::new();
    while !open.is_empty() {
        let ready = |name: &&String| needs.get(*name).is_none_or(|n| n.iter().all(|n| !open.contains_key(n)));
        let Some(name) = open.keys().find(ready).cloned() else {
            return Err(LedgerError::Stored("tables that refer to each other in a circle".to_owned()));
        };
        let columns = open.remove(&name).unwrap_or_default();
        out.push(Table { name, columns });
    }
    Ok(out)
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

impl Table {
    fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    fn select(&self) -> String {
        let columns = self.columns.iter().map(|(c, _)| quoted(c)).collect::<Vec<_>>().join(", ");
        format!("select {columns} from {}", quoted(&self.name))
    }

    fn insert(&self) -> String {
        let columns = self.columns.iter().map(|(c, _)| quoted(c)).collect::<Vec<_>>().join(", ");
        let values = (1..=self.columns.len()).map(|i| format!("${i}")).collect::<Vec<_>>().join(", ");
        format!("insert into {} ({columns}) values ({values})", quoted(&self.name))
    }

    fn read(&self, line: &Line) -> Result<Vec<Json>> {
        let bytes = |bytes: Vec<u8>| serde_json::json!({ "b64": BASE64.encode(bytes) });
        let value = |(name, sort): &(String, Sort)| {
            Ok(match sort {
                Sort::Text => line.get::<Option<String>>(name)?.map_or(Json::Null, Json::from),
                Sort::Number => line.get::<Option<i64>>(name)?.map_or(Json::Null, Json::from),
                Sort::Bytes => line.get::<Option<Vec<u8>>>(name)?.map_or(Json::Null, bytes),
            })
        };
        self.columns.iter().map(value).collect()
    }

    fn values(&self, row: Vec<Json>) -> Copying<Vec<Value>> {
        let altered = || CopyTrouble::Altered(format!("a row does not fit table {}", self.name));
        if row.len() != self.columns.len() {
            return Err(altered());
        }
        let value = |((_, sort), value): (&(String, Sort), Json)| {
            Ok(match (sort, value) {
                (Sort::Text, Json::Null) => Value::Text(None),
                (Sort::Number, Json::Null) => Value::Number(None),
                (Sort::Bytes, Json::Null) => Value::Bytes(None),
                (Sort::Text, Json::String(text)) => Value::Text(Some(text)),
                (Sort::Number, Json::Number(n)) => Value::Number(Some(n.as_i64().ok_or_else(altered)?)),
                (Sort::Bytes, Json::Object(map)) => {
                    let text = map.get("b64").and_then(Json::as_str).ok_or_else(altered)?;
                    Value::Bytes(Some(BASE64.decode(text).map_err(|_| altered())?))
                }
                _ => return Err(altered()),
            })
        };
        self.columns.iter().zip(row).map(value).collect()
    }
}

impl Ledger {
    /// Writes a copy of everything as it is at one moment. Nobody who serves or writes waits for it.
    pub async fn copy_to(&self, out: impl Write) -> Copying<Copied> {
        let mut db = self.database.read().await?;
        let schema: Option<i64> = sql("select max(version) from _sqlx_migrations").scalar(&mut db).await?;
        let mut heads = BTreeMap::new();
        let codes: Vec<String> = sql("select code from office order by code").scalars(&mut db).await?;
        for code in codes {
            let code = OfficeCode::new(code).map_err(|e| LedgerError::Stored(e.to_string()))?;
            heads.insert(code.clone(), heads_of(&mut db, &code).await?);
        }
        let header =
            CopyHeader { loket_copy: COPY_FORMAT, schema: schema.unwrap_or_default(), at: self.env.now(), heads };
        let mut out = Proven { inner: out, hash: Sha256::new() };
        out.line(&header)?;
        let mut rows = BTreeMap::new();
        for table in tables(&mut db).await? {
            out.line(&TableLine { table: table.name.clone(), columns: table.names() })?;
            let mut count = 0;
            let mut trouble = None;
            sql_of_schema(table.select())
                .each(&mut db, |line| {
                    count += 1;
                    match out.line(&table.read(&line)?) {
                        Ok(()) => Ok(ControlFlow::Continue(())),
                        Err(error) => {
                            trouble = Some(error);
                            Ok(ControlFlow::Break(()))
                        }
                    }
                })
                .await?;
            match trouble {
                Some(error) => return Err(error),
                None => rows.insert(table.name, count),
            };
        }
        let end = EndLine { rows: rows.clone(), sha256: out.digest() };
        out.line(&end)?;
        out.inner.flush()?;
        Ok(Copied { header, rows })
    }

    /// Some scans whose bytes are in the store, in the order of their hashes, after this one.
    pub async fn scans_after(&self, after: Option<ScanHash>) -> Result<Vec<(ScanHash, String)>> {
        let mut db = self.database.read().await?;
        scans_after(&mut db, after).await
    }
}

async fn scans_after(db: &mut Tx, after: Option<ScanHash>) -> Result<Vec<(ScanHash, String)>> {
    let lines = sql("select hash, file from scan where hash > $1 order by hash limit $2")
        .bind(after.map_or(Vec::new(), |h| h.0.to_vec()))
        .bind(SCANS_AT_ONCE)
        .all(db)
        .await?;
    let read = |line: &Line| Ok((digest(&line.get::<Vec<u8>>("hash")?)?, line.get("file")?));
    lines.iter().map(read).collect()
}

/// What comes next in a copy.
enum Item {
    Table(TableLine),
    Row(Vec<Json>),
}

/// Reads a copy line by line. After the last one it has been proven whole.
pub struct CopyReader {
    inner: Box<dyn BufRead + Send>,
    hash: Sha256,
    pub header: CopyHeader,
    counted: BTreeMap<String, u64>,
    table: Option<String>,
}

fn read_line(from: &mut (dyn BufRead + Send)) -> Copying<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(broken)?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) if line.len() as u64 == LINE_BYTES_MAX => Err(CopyTrouble::Altered("a line without an end".to_owned())),
        Some(_) => Err(CopyTrouble::CutOff),
    }
}

/// A decompressor that stops in the middle was cut off, or given other bytes.
fn broken(error: io::Error) -> CopyTrouble {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => CopyTrouble::CutOff,
        io::ErrorKind::Other | io::ErrorKind::InvalidData => CopyTrouble::Altered(error.to_string()),
        _ => CopyTrouble::Disk(error),
    }
}

impl CopyReader {
    /// Reads the first line: is this a copy that this program can take in?
    pub fn begin(inner: Box<dyn BufRead + Send>) -> Copying<CopyReader> {
        let mut inner = inner;
        let line = read_line(&mut *inner).map_err(|trouble| match trouble {
            CopyTrouble::Altered(_) => CopyTrouble::NoCopy,
            other => other,
        })?;
        let line = line.ok_or(CopyTrouble::CutOff)?;
        let loose: Json = serde_json::from_slice(&line).map_err(|_| CopyTrouble::NoCopy)?;
        let format = loose.get("loket_copy").and_then(Json::as_u64).ok_or(CopyTrouble::NoCopy)?;
        if format != u64::from(COPY_FORMAT) {
            return Err(CopyTrouble::OtherFormat(u32::try_from(format).unwrap_or(u32::MAX)));
        }
        let header: CopyHeader = serde_json::from_value(loose).map_err(|_| CopyTrouble::NoCopy)?;
        let known = schema_known();
        if header.schema > known {
            return Err(CopyTrouble::NewerCopy { found: header.schema, known });
        }
        let mut hash = Sha256::new();
        hash.update(&line);
        Ok(CopyReader { inner, hash, header, counted: BTreeMap::new(), table: None })
    }

    fn next(&mut self) -> Copying<Option<Item>> {
        let line = read_line(&mut *self.inner)?.ok_or(CopyTrouble::CutOff)?;
        let illegible = || CopyTrouble::Altered("a line that can't be read".to_owned());
        let value: Json = serde_json::from_slice(&line).map_err(|_| illegible())?;
        if let Json::Array(row) = value {
            let table = self.table.as_ref().ok_or_else(illegible)?;
            *self.counted.entry(table.clone()).or_default() += 1;
            self.hash.update(&line);
            return Ok(Some(Item::Row(row)));
        }
        if value.get("table").is_some() {
            let table: TableLine = serde_json::from_value(value).map_err(|_| illegible())?;
            if self.counted.insert(table.table.clone(), 0).is_some() {
                return Err(CopyTrouble::Altered(format!("table {} comes twice", table.table)));
            }
            self.table = Some(table.table.clone());
            self.hash.update(&line);
            return Ok(Some(Item::Table(table)));
        }
        let end: EndLine = serde_json::from_value(value).map_err(|_| illegible())?;
        if end.rows != self.counted {
            return Err(CopyTrouble::Altered("the rows are not as many as its last line counts".to_owned()));
        }
        if end.sha256 != Digest(self.hash.clone().finalize().into()) {
            return Err(CopyTrouble::Altered("the digest of its last line is another one".to_owned()));
        }
        if read_line(&mut *self.inner)?.is_some() {
            return Err(CopyTrouble::Altered("something follows its last line".to_owned()));
        }
        Ok(None)
    }

    /// Reads to the end: is the copy whole?
    pub fn prove(mut self) -> Copying<CopyHeader> {
        while self.next()?.is_some() {}
        Ok(self.header)
    }
}

/// The step that a database is at, if it has ever been one; refused when anything at all is in it.
async fn step_of_empty(db: &mut Tx) -> Copying<Option<i64>> {
    let migrations = match db {
        Tx::Sqlite(_) => sql("select count(*) from sqlite_schema where name = '_sqlx_migrations'"),
        Tx::Postgres(_) => sql("select count(*) from information_schema.tables
             where table_schema = current_schema() and table_name = '_sqlx_migrations'"),
    };
    let migrated = migrations.scalar::<i64>(db).await?.unwrap_or(0) > 0;
    for table in tables(db).await? {
        let some = sql_of_schema(format!("select 1::bigint from {} limit 1", quoted(&table.name)));
        let some = match db {
            Tx::Sqlite(_) => sql_of_schema(format!("select 1 from {} limit 1", quoted(&table.name))),
            Tx::Postgres(_) => some,
        };
        if !migrated || some.scalar::<i64>(db).await?.is_some() {
            return Err(CopyTrouble::NotEmpty);
        }
    }
    if !migrated {
        return Ok(None);
    }
    Ok(sql("select max(version) from _sqlx_migrations").scalar::<Option<i64>>(db).await?.flatten())
}

/// Two administrators answer for what follows.
#[derive(Debug, Clone)]
pub struct Answer {
    pub office: OfficeCode,
    pub by: OfficerId,
    pub and: OfficerId,
}

/// Makes a ledger from a copy, in a database that holds nothing. All of it, or nothing.
///
/// `answers` is shown the office on whose roster those stand who answer for the new epoch; `scans` is told of the scans
/// that the ledger names before anything can be seen.
pub async fn restore(
    address: &Address,
    env: Env,
    copy: CopyReader,
    roster: Option<OfficeCode>,
    answers: impl FnOnce(&Office) -> Copying<(OfficerId, OfficerId)>,
    scans: impl FnMut(&[(ScanHash, String)]) -> Copying<()>,
) -> Copying<Restored> {
    let database = Database::connect(address).await?;
    let ledger = Ledger::on(database, env);
    let done = ledger.take_copy(copy, roster, answers, scans).await;
    ledger.close().await;
    done
}

/// The office on whose roster those stand who answer.
fn roster_of(header: &CopyHeader, named: Option<OfficeCode>) -> Copying<OfficeCode> {
    match named {
        Some(named) if header.heads.contains_key(&named) => Ok(named),
        Some(named) => Err(CopyTrouble::NoSuchOffice(named)),
        None if header.heads.len() > 1 => Err(CopyTrouble::WhichOffice),
        None => header.heads.keys().next().cloned().ok_or(CopyTrouble::NoOffice),
    }
}

impl Ledger {
    async fn take_copy(
        &self,
        mut copy: CopyReader,
        roster: Option<OfficeCode>,
        answers: impl FnOnce(&Office) -> Copying<(OfficerId, OfficerId)>,
        mut scans: impl FnMut(&[(ScanHash, String)]) -> Copying<()>,
    ) -> Copying<Restored> {
        let roster = roster_of(&copy.header, roster)?;
        let mut tx = self.database.write().await?;
        // An empty database of a later step can't be taken back to the one of the copy.
        if step_of_empty(&mut tx).await?.is_some_and(|found| found > copy.header.schema) {
            return Err(CopyTrouble::NotEmpty);
        }
        tx.migrate_to(copy.header.schema).await?;
        load(&mut tx, &mut copy).await?;
        tx.migrate_to(schema_known()).await?;
        let (by, and) = answers(&whole(&mut tx, &copy.header, &roster).await?.office)?;
        let answer = Answer { office: roster, by, and };
        let mut epochs = BTreeMap::new();
        for (office, heads) in &copy.header.heads {
            let world = whole(&mut tx, &copy.header, office).await?;
            let epoch = Epoch(heads.values().map(|h| h.epoch.0).max().unwrap_or(0) + 1);
            tx = self.begin_epoch(tx, office, world, epoch, &answer).await?;
            epochs.insert(office.clone(), epoch);
        }
        let mut after = None;
        loop {
            let some = scans_after(&mut tx, after).await?;
            let Some((last, _)) = some.last() else { break };
            after = Some(*last);
            scans(&some)?;
        }
        tx.commit().await?;
        Ok(Restored { rows: copy.counted, epochs })
    }
}

/// An office folded from its rows, if they are all there: each is what its leaf says, none is missing, and the last ones
/// are those that the first line of the copy names.
async fn whole(tx: &mut Tx, header: &CopyHeader, office: &OfficeCode) -> Copying<World> {
    let heads = heads_of(tx, office).await?;
    if header.heads.get(office) != Some(&heads) {
        return Err(CopyTrouble::Altered(format!("the heads of {office} are not those of its first line")));
    }
    for (stream, head) in &heads {
        check_line(tx, office, *stream, head.seq, head.leaf).await?;
    }
    fold(tx, office).await.map_err(|error| match error {
        LedgerError::Stored(what) => CopyTrouble::Altered(what),
        other => other.into(),
    })
}

/// Fills the tables of the step that the copy was made at.
async fn load(tx: &mut Tx, copy: &mut CopyReader) -> Copying<()> {
    let mut waiting: BTreeMap<String, Table> = tables(tx).await?.into_iter().map(|t| (t.name.clone(), t)).collect();
    let mut now: Option<(Table, String)> = None;
    while let Some(item) = copy.next()? {
        match item {
            Item::Table(line) => {
                let found = waiting.remove(&line.table).filter(|t| t.names() == line.columns);
                let other = || CopyTrouble::Altered(format!("table {} has other columns", line.table));
                let table = found.ok_or_else(other)?;
                let insert = table.insert();
                now = Some((table, insert));
            }
            Item::Row(row) => {
                let Some((table, insert)) = &now else { return Err(CopyTrouble::CutOff) };
                let mut statement = sql_of_schema(insert.clone());
                for value in table.values(row)? {
                    statement = statement.bind(value);
                }
                statement.run(tx).await?;
            }
        }
    }
    match waiting.into_keys().next() {
        Some(table) => Err(CopyTrouble::Altered(format!("table {table} is not in it"))),
        None => Ok(()),
    }
}

/// The rows of a stream are all there, and the last one is the one that its head names.
async fn check_line(tx: &mut Tx, office: &OfficeCode, stream: Stream, seq: u64, leaf: Digest) -> Copying<()> {
    let trouble = || CopyTrouble::Altered(format!("the {} stream of {office} has a hole", stream.as_str()));
    let count: Option<i64> = sql("select count(*) from row where office = $1 and stream = $2")
        .bind(office.as_str())
        .bind(stream.as_str())
        .scalar(tx)
        .await?;
    let last = sql("select seq, leaf from row where office = $1 and stream = $2 order by epoch desc, seq desc limit 1")
        .bind(office.as_str())
        .bind(stream.as_str())
        .first(tx)
        .await?;
    let (last_seq, last_leaf) = match last {
        Some(line) => (line.get::<i64>("seq")?, digest(&line.get::<Vec<u8>>("leaf")?)?),
        None => (0, Digest::ZERO),
    };
    // Numbers are unique and begin with 1: as many rows as the last number says means that none is missing.
    let whole = count == Some(number(seq)) && last_seq == number(seq) && last_leaf == leaf;
    if whole { Ok(()) } else { Err(trouble()) }
}

/// Desk numbers that a restored ledger leaves out: more machines than an office enrols between two copies.
pub const DESKS_AFTER_COPY: u16 = 50;

impl Ledger {
    /// Opens an epoch in both streams of an office and says who answers for it. Nothing is committed; the transaction
    /// comes back.
    async fn begin_epoch(
        &self,
        mut tx: Tx,
        office: &OfficeCode,
        world: World,
        epoch: Epoch,
        answer: &Answer,
    ) -> Result<Tx> {
        sql("update head set epoch = $2 where office = $1").bind(office.as_str()).bind(epoch.0).run(&mut tx).await?;
        // Machines that were enrolled after the copy have printed receipts under their numbers.
        sql("update office set desks_from = $2 + (select coalesce(max(desk), 0) from desk where office = $1)
             where code = $1")
        .bind(office.as_str())
        .bind(DESKS_AFTER_COPY)
        .run(&mut tx)
        .await?;
        // What was folded elsewhere is not taken on trust: the rows are the truth.
        sql("delete from aggregate where office = $1").bind(office.as_str()).run(&mut tx).await?;
        let visits = world.visits.values().map(|v| Aggregate::Visit(Box::new(v.clone())));
        let cases = world.applications.values().map(|a| Aggregate::Application(Box::new(a.clone())));
        let office_itself = Aggregate::Office(Box::new(world.office.clone()));
        for aggregate in visits.chain(cases).chain([office_itself]) {
            sql("insert into aggregate (office, subject, json, fold_version) values ($1, $2, $3, $4)")
                .bind(office.as_str())
                .bind(aggregate.subject().key())
                .bind(serde_json::to_string(&aggregate)?)
                .bind(FOLD_VERSION)
                .run(&mut tx)
                .await?;
        }
        let heads = heads_of(&mut tx, office).await?;
        let mut kept = Kept::empty();
        (kept.layers, kept.heads) = (Layers::on(world), heads.clone());
        let seat = Arc::new(Seat { code: office.clone(), state: Mutex::new(kept), moved: watch::Sender::new(0) });
        let kept = seat.state.lock().await;
        let mut append = self.append_to(tx, &seat, kept, heads);
        let Answer { office: on, by, and } = answer.clone();
        let row = ServiceRow {
            stream: Stream::Registry,
            name: "restore",
            external_id: format!("epoch/{}", epoch.0),
            subject: Subject::Office,
            events: vec![Event::EpochDeclared { epoch, office: on, by, and }],
        };
        append.service_row(row).await?;
        append.write_down().await?;
        Ok(append.tx)
    }
}
