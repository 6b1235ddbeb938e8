//! Another program at the same SQLite file: it holds the writer, or has taken the schema further.

use std::path::Path;

use sqlx::SqlitePool;

pub struct Outsider(SqlitePool);

impl Outsider {
    pub async fn at(file: &Path) -> Outsider {
        Outsider(SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap())
    }

    /// Nobody else writes while `meanwhile` runs.
    pub async fn writes<T>(&self, meanwhile: impl Future<Output = T>) -> T {
        let writer = self.0.begin_with("begin immediate").await.unwrap();
        let seen = meanwhile.await;
        writer.rollback().await.unwrap();
        seen
    }

    /// While `meanwhile` runs, the newest migration is one that our program doesn't know.
    pub async fn is_newer<T>(&self, meanwhile: impl Future<Output = T>) -> T {
        let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                     values (9999, 'of a newer program', true, x'00', 0)";
        sqlx::query(newer).execute(&self.0).await.unwrap();
        let seen = meanwhile.await;
        sqlx::query("delete from _sqlx_migrations where version = 9999").execute(&self.0).await.unwrap();
        seen
    }
}
