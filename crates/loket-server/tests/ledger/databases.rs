//! Databases that tests make and spoil with their own hands.
#![allow(dead_code, reason = "each test file uses its own part")]

use loket_server::env::Env;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

/// A new database on the server that `LOKET_TEST_POSTGRES` names; its address.
pub async fn fresh_postgres() -> String {
    let server = std::env::var("LOKET_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("these stories need PostgreSQL; run them as `cargo xtask postgres cargo nextest run -p loket-server`")
    });
    let name = format!("loket_{}", hex::encode(Env::real().chance::<8>()));
    let db = PgPool::connect(&server).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&db).await.unwrap();
    db.close().await;
    server.rsplit_once('/').map(|(host, _)| format!("{host}/{name}")).unwrap()
}

/// So many uploads of one byte, begun at a moment, that nobody goes on with.
pub async fn begun_uploads(url: &str, count: u64, at_ms: i64) {
    let numbers = format!("with recursive n (i) as (select 1 union all select i + 1 from n where i < {count})");
    let insert = |hash: &str| {
        AssertSqlSafe(format!(
            "{numbers} insert into upload (hash, length, started, touched) select {hash}, 1, {at_ms}, {at_ms} from n"
        ))
    };
    if url.starts_with("postgres") {
        let db = PgPool::connect(url).await.unwrap();
        sqlx::query(insert("decode(lpad(i::text, 64, '0'), 'hex')")).execute(&db).await.unwrap();
        db.close().await;
    } else {
        let db = SqlitePool::connect(url).await.unwrap();
        sqlx::query(insert("unhex(printf('%064d', i))")).execute(&db).await.unwrap();
        db.close().await;
    }
}
