//! The two databases that the ledger lives in, behind one way of saying a statement. Every statement of the server is
//! written once, in the words that SQLite and PostgreSQL share: `$1` for a value, whole numbers as 64 bits, bytes and
//! text. It promises nothing about other databases and knows nothing of what is stored.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Decode, Postgres, Row as _, Sqlite, Transaction, Type,
};

use super::{LedgerError, Result};

/// SQLite 3.7.0 to 3.51.2 can lose commits in WAL mode when two connections are open.
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);
/// How long a write waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// SQLite connections that only read.
const READERS_MAX: u32 = 4;
/// Rows that a reader is ahead of whoever takes them.
const ROWS_AHEAD: usize = 512;
/// Memory of a reader for pages; SQLite counts KiB below zero.
const READER_CACHE: &str = "-16384";
/// Connections to PostgreSQL of one server process.
const POSTGRES_CONNECTIONS_MAX: u32 = 16;

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/server_sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/server_postgres");

/// Where a ledger is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A file; made if it is not there.
    Sqlite(PathBuf),
    /// `postgres://...`
    Postgres(String),
}

impl Address {
    /// Reads `--database-url`.
    ///
    /// # Errors
    /// When it is neither `sqlite:FILE` nor `postgres://...`.
    pub fn parse(url: &str) -> Result<Address> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Address::Postgres(url.to_owned()));
        }
        match url.strip_prefix("sqlite:") {
            Some(file) if !file.is_empty() => {
                Ok(Address::Sqlite(PathBuf::from(file.strip_prefix("//").unwrap_or(file))))
            }
            _ => Err(LedgerError::Malformed("database-url".to_owned())),
        }
    }
}

/// The open database.
pub(super) enum Database {
    /// One connection writes, others read beside it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction. Dropped, it takes everything back.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A value that a statement is told.
pub(super) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

/// A statement with its values.
pub(super) struct Sql {
    text: Text,
    values: Vec<Value>,
}

enum Text {
    Fixed(&'static str),
    OfSchema(String),
    /// `head`, which is told `before` values, then lines of `width` values each, then `tail`. Every value is told once, in
    /// the order of the text.
    Lines {
        head: &'static str,
        before: usize,
        lines: usize,
        width: usize,
        tail: &'static str,
    },
}

/// One line of an answer.
pub(super) enum Line {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A type that both databases can give.
pub(super) trait Stored:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T> Stored for T where T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

macro_rules! values {
    ($($from:ty => $kind:ident, $into:expr;)*) => {
        $(
            impl From<$from> for Value {
                fn from(value: $from) -> Value {
                    Value::$kind(Some($into(value)))
                }
            }
            impl From<Option<$from>> for Value {
                fn from(value: Option<$from>) -> Value {
                    Value::$kind(value.map($into))
                }
            }
        )*
    };
}

values! {
    &str => Text, str::to_owned;
    String => Text, std::convert::identity;
    &String => Text, String::clone;
    i64 => Number, std::convert::identity;
    u32 => Number, i64::from;
    u16 => Number, i64::from;
    u8 => Number, i64::from;
    bool => Number, i64::from;
    &[u8] => Bytes, <[u8]>::to_vec;
    Vec<u8> => Bytes, std::convert::identity;
}

impl Line {
    /// A column by its name.
    pub(super) fn get<T: Stored>(&self, column: &str) -> Result<T> {
        Ok(match self {
            Line::Sqlite(row) => row.try_get(column)?,
            Line::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A column that holds a whole number smaller than 64 bits.
    pub(super) fn small<T: TryFrom<i64>>(&self, column: &str) -> Result<T> {
        let wide: i64 = self.get(column)?;
        T::try_from(wide).map_err(|_| LedgerError::Stored(format!("{column} is {wide}")))
    }

    fn only<T: Stored>(&self) -> Result<T> {
        Ok(match self {
            Line::Sqlite(row) => row.try_get(0)?,
            Line::Postgres(row) => row.try_get(0)?,
        })
    }
}

/// Begins a statement.
pub(super) fn sql(text: &'static str) -> Sql {
    Sql { text: Text::Fixed(text), values: Vec::new() }
}

/// Begins a statement about tables that are read from the schema. Only names from there may stand in it.
pub(super) fn sql_of_schema(text: String) -> Sql {
    Sql { text: Text::OfSchema(text), values: Vec::new() }
}

/// Begins a statement about many lines: `head`, which is told `before` values, then `($2, $3), ($4, $5)` for so many lines
/// of so many values, then `tail`.
pub(super) fn sql_lines(head: &'static str, before: usize, lines: usize, width: usize, tail: &'static str) -> Sql {
    let text = Text::Lines { head, before, lines, width, tail };
    Sql { text, values: Vec::with_capacity(before + lines * width) }
}

/// Writes a statement of many lines out; `place` writes the place of a value.
fn written_out(
    (head, before, tail): (&str, usize, &str),
    (lines, width): (usize, usize),
    place: impl Fn(&mut String, usize),
) -> String {
    let mut text = String::with_capacity(head.len() + tail.len() + lines * (width * 7 + 4));
    text.push_str(head);
    for line in 0..lines {
        text.push_str(if line == 0 { "(" } else { ", (" });
        for i in 1..=width {
            text.push_str(if i == 1 { "" } else { ", " });
            place(&mut text, before + line * width + i);
        }
        text.push(')');
    }
    text.push_str(tail);
    text
}

impl Text {
    fn for_sqlite(self) -> Cow<'static, str> {
        match self {
            Text::Fixed(text) => Cow::Borrowed(text),
            Text::OfSchema(text) => Cow::Owned(text),
            // A place without a number: SQLite looks numbers up one after the other, for a thousand places a million times.
            Text::Lines { head, before, lines, width, tail } => {
                let mut head = head.to_owned();
                for i in 1..=before {
                    head = head.replacen(&format!("${i}"), "?", 1);
                }
                Cow::Owned(written_out((&head, before, tail), (lines, width), |text, _| text.push('?')))
            }
        }
    }

    fn for_postgres(self) -> Cow<'static, str> {
        match self {
            Text::Fixed(text) => Cow::Borrowed(text),
            Text::OfSchema(text) => Cow::Owned(text),
            Text::Lines { head, before, lines, width, tail } => {
                let place = |text: &mut String, i: usize| {
                    text.push('$');
                    text.push_str(&i.to_string());
                };
                Cow::Owned(written_out((head, before, tail), (lines, width), place))
            }
        }
    }
}

macro_rules! bound {
    ($statement:expr, $database:ty, $text:ident) => {{
        let mut query = match $statement.text.$text() {
            Cow::Borrowed(text) => sqlx::query::<$database>(text),
            // Put together from fixed words and counted places; what people wrote is only ever a value.
            Cow::Owned(text) => sqlx::query::<$database>(AssertSqlSafe(text)),
        };
        for value in $statement.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }};
}

impl Sql {
    /// The next value: `$1`, then `$2`.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Sql {
        self.values.push(value.into());
        self
    }

    /// Does it; how many rows it touched.
    pub(super) async fn run(self, tx: &mut Tx) -> Result<u64> {
        Ok(match tx {
            Tx::Sqlite(tx) => bound!(self, Sqlite, for_sqlite).execute(&mut **tx).await?.rows_affected(),
            Tx::Postgres(tx) => bound!(self, Postgres, for_postgres).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// All lines.
    pub(super) async fn all(self, tx: &mut Tx) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        self.each(tx, |line| {
            lines.push(line);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(lines)
    }

    /// One line after the other, until `take` has enough.
    pub(super) async fn each(self, tx: &mut Tx, mut take: impl FnMut(Line) -> Result<ControlFlow<()>>) -> Result<()> {
        match tx {
            Tx::Sqlite(tx) => {
                let mut rows = bound!(self, Sqlite, for_sqlite).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    if take(Line::Sqlite(row))?.is_break() {
                        break;
                    }
                }
            }
            Tx::Postgres(tx) => {
                let mut rows = bound!(self, Postgres, for_postgres).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    if take(Line::Postgres(row))?.is_break() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// The first line, if there is one.
    pub(super) async fn first(self, tx: &mut Tx) -> Result<Option<Line>> {
        Ok(match tx {
            Tx::Sqlite(tx) => bound!(self, Sqlite, for_sqlite).fetch_optional(&mut **tx).await?.map(Line::Sqlite),
            Tx::Postgres(tx) => {
                bound!(self, Postgres, for_postgres).fetch_optional(&mut **tx).await?.map(Line::Postgres)
            }
        })
    }

    /// The only column of the first line, if there is one.
    pub(super) async fn scalar<T: Stored>(self, tx: &mut Tx) -> Result<Option<T>> {
        self.first(tx).await?.map(|line| line.only()).transpose()
    }

    /// The only column of all lines.
    pub(super) async fn scalars<T: Stored>(self, tx: &mut Tx) -> Result<Vec<T>> {
        self.all(tx).await?.iter().map(Line::only).collect()
    }
}

/// The newest step of the migrations that this program knows.
pub(super) fn schema_known() -> i64 {
    SQLITE_MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0)
}

impl Tx {
    /// Brings the schema to a step, inside this transaction.
    pub(super) async fn migrate_to(&mut self, step: i64) -> Result<()> {
        match self {
            Tx::Sqlite(tx) => SQLITE_MIGRATIONS.run_to(step, &mut **tx).await?,
            Tx::Postgres(tx) => POSTGRES_MIGRATIONS.run_to(step, &mut **tx).await?,
        }
        Ok(())
    }

    /// From here on it is on the disk.
    pub(super) async fn commit(self) -> Result<()> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Database {
    /// Opens or makes the database, and brings it up to date. One that a newer program has written is left untouched.
    pub(super) async fn open(address: &Address) -> Result<Database> {
        let database = Database::connect(address).await?;
        match &database {
            Database::Sqlite { writer, .. } => SQLITE_MIGRATIONS.run(writer).await?,
            Database::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        Ok(database)
    }

    /// Opens or makes the database as it is.
    pub(super) async fn connect(address: &Address) -> Result<Database> {
        match address {
            Address::Sqlite(path) => open_sqlite(path).await,
            Address::Postgres(url) => {
                let pool = PgPoolOptions::new()
                    .max_connections(POSTGRES_CONNECTIONS_MAX)
                    .acquire_timeout(BUSY_TIMEOUT)
                    .connect(url)
                    .await?;
                let there: bool =
                    sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(&pool).await?;
                if there {
                    let found: Option<i64> =
                        sqlx::query_scalar("select max(version) from _sqlx_migrations").fetch_one(&pool).await?;
                    refuse_newer(found, &POSTGRES_MIGRATIONS)?;
                }
                Ok(Database::Postgres(pool))
            }
        }
    }

    /// A transaction that may write.
    pub(super) async fn write(&self) -> Result<Tx> {
        Ok(match self {
            Database::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("begin immediate").await?),
            Database::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that sees one moment of the database and changes nothing.
    pub(super) async fn read(&self) -> Result<Tx> {
        Ok(match self {
            Database::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Database::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("begin isolation level repeatable read read only").await?)
            }
        })
    }

    /// The newest migration that this program knows.
    pub(super) fn newest_migration(&self) -> i64 {
        newest(match self {
            Database::Sqlite { .. } => &SQLITE_MIGRATIONS,
            Database::Postgres(_) => &POSTGRES_MIGRATIONS,
        })
    }

    /// Waits for what is being written and closes.
    pub(super) async fn close(&self) {
        match self {
            Database::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Database::Postgres(pool) => pool.close().await,
        }
    }
}

fn newest(migrations: &sqlx::migrate::Migrator) -> i64 {
    migrations.iter().map(|m| m.version).max().unwrap_or(0)
}

fn refuse_newer(found: Option<i64>, migrations: &sqlx::migrate::Migrator) -> Result<()> {
    let known = newest(migrations);
    match found {
        Some(found) if found > known => Err(LedgerError::NewerDatabase { found, known }),
        Some(_) | None => Ok(()),
    }
}

async fn open_sqlite(path: &Path) -> Result<Database> {
    if path.exists() {
        let mut db = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
        let found: std::result::Result<Option<i64>, _> =
            sqlx::query_scalar("select max(version) from _sqlx_migrations").fetch_one(&mut db).await;
        db.close().await?;
        // No such table: the file is new, or stopped short of its first migration.
        refuse_newer(found.unwrap_or(None), &SQLITE_MIGRATIONS)?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true);
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&writer).await?;
    let mut parts = version.split('.').map(|p| p.parse().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    if (part(), part(), part()) < SQLITE_MIN {
        return Err(LedgerError::OldSqlite(version));
    }
    // Whoever reads, reads many rows: fewer turns between the database's thread and ours, and pages that are still there
    // when the next desk wants the same.
    let options = options.row_buffer_size(ROWS_AHEAD).pragma("cache_size", READER_CACHE);
    let readers = SqlitePoolOptions::new().max_connections(READERS_MAX).connect_with(options).await?;
    Ok(Database::Sqlite { writer, readers })
}
