//! Data of yesterday's program survives today's. For every step of the migrations, of each database: a database that stops
//! there gets a row in every table it has, goes on to the end, and still has each of them with the same values. And a
//! ledger that was written by the program of step 2 opens, folds and serves. Steps that are added later are told too.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;

use std::collections::BTreeMap;
use std::path::Path;

use house::place::{Place, Postgres, Sqlite};
use house::*;
use loket_core::act::Subject;
use loket_core::application::Verdict;
use loket_core::sync::RowOutcome;
use loket_core::visit::Stage;
use loket_core::world::Related;
use loket_server::database;
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// A ledger of the sample office as the program of step 2 wrote it, as SQL.
const AT_STEP_2: &str = include_str!("files/ledger_at_step_2.sql");

/// Enough steps that a test which finds none of them fails.
const STEPS_MIN: usize = 3;

async fn steps(of: &str) -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(of);
    let steps = Migrator::new(folder).await.unwrap();
    assert!(steps.iter().count() >= STEPS_MIN);
    steps
}

/// Columns of each table, with the literal that a row of ours has there.
type Tables = BTreeMap<String, Vec<(String, String)>>;

/// A value that fits: the first word of a check that lists words; otherwise the same value for all columns of a type, so
/// that whoever refers to another table finds its row.
fn literal(sql: &str, column: &str, kind: &str, bytes: &str) -> String {
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
    let listed = sql.split_once(&format!("check ({column} in ('")).and_then(|(_, rest)| rest.split_once('\''));
    match (listed, kind) {
        (Some((word, _)), _) => format!("'{word}'"),
        (None, "text") => "'KNC'".to_owned(),
        (None, "integer") => "1".to_owned(),
        (None, "blob") => bytes.to_owned(),
        (None, other) => panic!("{column} is {other}: say what fits there"),
    }
}

/// What SQLite has; the other database has the same, which a test of the contract suite holds.
async fn tables(db: &SqlitePool, bytes: &str) -> Tables {
    let columns: Vec<(String, String, String, String)> = sqlx::query_as(
        "select t.name, t.sql, c.name, lower(c.type) from sqlite_schema t, pragma_table_info(t.name) c
         where t.type = 'table' and t.name not like '\\_sqlx%' escape '\\' and t.name not like 'sqlite\\_%' escape '\\'
         order by t.name, c.cid",
    )
    .fetch_all(db)
    .await
    .unwrap();
    let mut out = Tables::new();
    for (table, sql, column, kind) in columns {
        let value = literal(&sql, &column, &kind, bytes);
        out.entry(table).or_default().push((column, value));
    }
    out
}

/// One row in every table. Whoever refers to another table waits for its row.
async fn fill(tables: &Tables, insert: impl AsyncFn(String) -> Result<(), sqlx::Error>) {
    let mut left: Vec<_> = tables.iter().collect();
    while !left.is_empty() {
        let (before, mut later, mut why) = (left.len(), Vec::new(), None);
        for (table, columns) in left {
            let names: Vec<String> = columns.iter().map(|(c, _)| format!("\"{c}\"")).collect();
            let values: Vec<&str> = columns.iter().map(|(_, v)| v.as_str()).collect();
            let text = format!("insert into \"{table}\" ({}) values ({})", names.join(", "), values.join(", "));
            if let Err(error) = insert(text).await {
                why = Some(error);
                later.push((table, columns));
            }
        }
        assert!(later.len() < before, "no row fits into {later:?}: {why:?}");
        left = later;
    }
}

async fn empty_sqlite(file: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).foreign_keys(true);
    SqlitePool::connect_with(options).await.unwrap()
}

/// A row in every table at one step; then on to the end, and each is still there with the same values. `row` puts the
/// values of some columns into one text.
async fn keeps_every_value(
    step: i64,
    tables: &Tables,
    row: impl Fn(&[String]) -> String,
    insert: impl AsyncFn(String) -> Result<(), sqlx::Error>,
    texts: impl AsyncFn(String) -> Result<Vec<String>, sqlx::Error>,
    to_the_end: impl AsyncFnOnce(),
) {
    fill(tables, insert).await;
    let read = async || {
        let mut out = BTreeMap::new();
        for (table, columns) in tables {
            let names: Vec<String> = columns.iter().map(|(c, _)| format!("\"{c}\"")).collect();
            out.insert(table.clone(), texts(format!("select {} from \"{table}\"", row(&names))).await.unwrap());
        }
        out
    };
    let before = read().await;
    assert!(before.values().all(|rows| rows.len() == 1), "step {step}: {before:?}");
    to_the_end().await;
    assert_eq!(read().await, before, "from step {step}");
}

#[tokio::test]
async fn on_sqlite_no_step_loses_a_value() {
    let all = steps("server_sqlite").await;
    for step in all.iter() {
        let dir = tempfile::tempdir().unwrap();
        let db = empty_sqlite(&dir.path().join("loket.sqlite")).await;
        all.run_to(step.version, &db).await.unwrap();
        let tables = tables(&db, "x'07'").await;
        let row =
            |names: &[String]| names.iter().map(|c| format!("quote({c})")).collect::<Vec<_>>().join(" || ' ' || ");
        let insert = async |text| sqlx::query(AssertSqlSafe(text)).execute(&db).await.map(drop);
        let texts = async |text| sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(&db).await;
        keeps_every_value(step.version, &tables, row, insert, texts, async || all.run(&db).await.unwrap()).await;
        let broken: Vec<(String, i64, String, i64)> =
            sqlx::query_as("pragma foreign_key_check").fetch_all(&db).await.unwrap();
        assert!(broken.is_empty(), "from step {}: {broken:?}", step.version);
    }
}

#[tokio::test]
async fn on_postgres_no_step_loses_a_value() {
    let (all, twin) = (steps("server_postgres").await, steps("server_sqlite").await);
    for step in all.iter() {
        let place = Postgres::new().await;
        let dir = tempfile::tempdir().unwrap();
        let columns_of = empty_sqlite(&dir.path().join("loket.sqlite")).await;
        twin.run_to(step.version, &columns_of).await.unwrap();
        let tables = tables(&columns_of, "'\\x07'::bytea").await;
        let db = PgPool::connect(&place.url).await.unwrap();
        all.run_to(step.version, &db).await.unwrap();
        let row = |names: &[String]| format!("row({})::text", names.join(", "));
        let insert = async |text| sqlx::query(AssertSqlSafe(text)).execute(&db).await.map(drop);
        let texts = async |text| sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(&db).await;
        keeps_every_value(step.version, &tables, row, insert, texts, async || all.run(&db).await.unwrap()).await;
        db.close().await;
    }
}

/// The ledger of step 2, opened by today's program: what is folded, what a desk gets, and what it can go on with.
async fn serves(place: &impl Place) {
    let ledger = place.open().await;
    agrees(&ledger).await;
    let (stage, verdicts) = ledger
        .view(&knc(), |w| {
            let stage = w.visit(&visit("A-001")).unwrap().stage().clone();
            (stage, w.application(&no(1)).unwrap().verdicts.len())
        })
        .await
        .unwrap();
    assert!(matches!(stage, Stage::Waiting { .. }), "{stage:?}");
    assert_eq!(verdicts, 1);
    let desk = ledger.desks(&knc()).await.unwrap().remove(0);
    let all = ledger.since(&knc(), &BTreeMap::new()).await.unwrap();
    assert!(all.rows.iter().all(|row| row.open().is_ok()), "every row is what its leaf says");
    let mut sri = Desk::new(desk.desk, "sri.wulandari", loket_seal::Signing::random(), String::new());
    (sri.n, sri.prev) = (desk.n, desk.digest);
    let snapshot = ledger.snapshot(&knc(), sri.id).await.unwrap();
    assert!(!ledger.since(&knc(), &snapshot.cursors).await.unwrap().start_over);
    assert_eq!(sri.does(&ledger, on("A-002"), arrives()).await, RowOutcome::Applied);
    let case = Subject::Application(no(2));
    assert_eq!(sri.does(&ledger, case, verdict(Verdict::Accept)).await, RowOutcome::Applied);
    assert!(ledger.places(&knc(), today()..=today()).await.unwrap().iter().any(|p| p.places == 20));
    agrees(&ledger).await;
}

#[tokio::test]
async fn a_ledger_of_step_2_serves_on_sqlite() {
    let place = Sqlite::new();
    let db = empty_sqlite(&database(place.folder())).await;
    steps("server_sqlite").await.run_to(2, &db).await.unwrap();
    sqlx::raw_sql(AT_STEP_2).execute(&db).await.unwrap();
    db.close().await;
    serves(&place).await;
}

#[tokio::test]
async fn a_ledger_of_step_2_serves_on_postgres() {
    let place = Postgres::new().await;
    let db = PgPool::connect(&place.url).await.unwrap();
    steps("server_postgres").await.run_to(2, &db).await.unwrap();
    let text = AT_STEP_2.replace(", x'", ", '\\x").replace("(x'", "('\\x");
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&db).await.unwrap();
    db.close().await;
    serves(&place).await;
}
