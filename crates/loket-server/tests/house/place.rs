//! Where a ledger lies, so that a story can be told on each database.

use std::path::Path;
use std::sync::Arc;

use loket_server::database;
use loket_server::env::Env;
use loket_server::ledger::{Address, Ledger};

use super::morning;

/// An append of somebody slow: its number is taken, and it is not committed yet.
pub enum Slow {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Slow {
    pub async fn commit(self) {
        match self {
            Slow::Sqlite(tx) => tx.commit().await.unwrap(),
            Slow::Postgres(tx) => tx.commit().await.unwrap(),
        }
    }
}

/// The first statement of every append.
const TAKE_NUMBER: &str = "update head set opened = opened + 1 where office = 'KNC'";

/// Where a ledger lies.
pub trait Place {
    /// Another process has begun an append here and is slow.
    async fn begin_slowly(&self) -> Slow;
    fn address(&self) -> Address;
    fn folder(&self) -> &Path;
    fn env(&self) -> Env;
    /// Opens it, as one process of several.
    async fn open(&self) -> Arc<Ledger> {
        Ledger::open(&self.address(), self.env()).await.unwrap()
    }
}

pub struct Sqlite {
    dir: tempfile::TempDir,
    env: Env,
}

impl Sqlite {
    pub fn new() -> Sqlite {
        Sqlite { dir: tempfile::tempdir().unwrap(), env: morning() }
    }
}

impl Place for Sqlite {
    async fn begin_slowly(&self) -> Slow {
        let url = format!("sqlite://{}", database(self.dir.path()).display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        let mut tx = pool.begin_with("begin immediate").await.unwrap();
        sqlx::query(TAKE_NUMBER).execute(&mut *tx).await.unwrap();
        Slow::Sqlite(tx)
    }
    fn address(&self) -> Address {
        Address::Sqlite(database(self.dir.path()))
    }
    fn folder(&self) -> &Path {
        self.dir.path()
    }
    fn env(&self) -> Env {
        self.env.clone()
    }
}

/// A database of its own on the server that `LOKET_TEST_POSTGRES` names.
pub struct Postgres {
    dir: tempfile::TempDir,
    pub url: String,
    env: Env,
}

/// A new database on the server that `LOKET_TEST_POSTGRES` names; its address.
pub async fn fresh_postgres() -> String {
    let server = std::env::var("LOKET_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("these stories need PostgreSQL; run them as `cargo xtask postgres cargo nextest run -p loket-server`")
    });
    let name = format!("loket_{}", hex::encode(morning().chance::<8>()));
    let db = sqlx::PgPool::connect(&server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("create database {name}"))).execute(&db).await.unwrap();
    db.close().await;
    server.rsplit_once('/').map(|(host, _)| format!("{host}/{name}")).unwrap()
}

impl Postgres {
    pub async fn new() -> Postgres {
        Postgres { dir: tempfile::tempdir().unwrap(), url: fresh_postgres().await, env: morning() }
    }
}

impl Place for Postgres {
    async fn begin_slowly(&self) -> Slow {
        let mut tx = sqlx::PgPool::connect(&self.url).await.unwrap().begin().await.unwrap();
        sqlx::query(TAKE_NUMBER).execute(&mut *tx).await.unwrap();
        Slow::Postgres(tx)
    }
    fn address(&self) -> Address {
        Address::parse(&self.url).unwrap()
    }
    fn folder(&self) -> &Path {
        self.dir.path()
    }
    fn env(&self) -> Env {
        self.env.clone()
    }
}

/// Tells each story once on SQLite and once on PostgreSQL.
#[allow(unused_macros, reason = "each test file tells its stories in its own way")]
macro_rules! told_on_both {
    ($($story:ident)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    super::$story(&crate::house::place::Sqlite::new()).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    super::$story(&crate::house::place::Postgres::new().await).await;
                }
            )*
        }
    };
}

/// Tells each story from one database to the other, in both directions.
#[allow(unused_macros, reason = "each test file tells its stories in its own way")]
macro_rules! told_across {
    ($($story:ident)*) => {
        mod from_sqlite_to_postgres {
            use crate::house::place::{Postgres, Sqlite};
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    super::$story(&Sqlite::new(), &Postgres::new().await).await;
                }
            )*
        }
        mod from_postgres_to_sqlite {
            use crate::house::place::{Postgres, Sqlite};
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    super::$story(&Postgres::new().await, &Sqlite::new()).await;
                }
            )*
        }
    };
}

#[allow(unused_imports, reason = "each test file tells its stories in its own way")]
pub(crate) use {told_across, told_on_both};
