//! What tests put into a database with their own hands.

use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

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
