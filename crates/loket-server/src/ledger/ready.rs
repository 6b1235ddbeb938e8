//! How the database is doing, for those who watch over the server: can it be written, is it as this program knows it,
//! and how far are the streams. It looks only.

use loket_core::id::OfficeCode;
use loket_core::sync::Stream;

use super::db::sql;
use super::{Ledger, LedgerError, Result, cursor};

impl Ledger {
    /// Opens a transaction that may write, says a statement that changes no line, and takes it back.
    ///
    /// # Errors
    /// When the database is away, held by somebody else for too long, or can only be read.
    pub async fn can_write(&self) -> Result<()> {
        let mut tx = self.database.write().await?;
        sql("update head set opened = opened where office = ''").run(&mut tx).await?;
        Ok(())
    }

    /// Is the newest migration of the database the newest that this program knows?
    pub async fn is_current(&self) -> Result<bool> {
        let mut db = self.database.read().await?;
        let found: Option<i64> = sql("select max(version) from _sqlx_migrations").scalar(&mut db).await?;
        Ok(found == Some(self.database.newest_migration()))
    }

    /// The number of the newest row of every stream of every office.
    pub async fn stream_rows(&self) -> Result<Vec<(OfficeCode, Stream, u64)>> {
        let mut db = self.database.read().await?;
        let lines =
            sql("select office, stream, epoch, seq, leaf from head order by office, stream").all(&mut db).await?;
        let mut rows = Vec::new();
        for line in &lines {
            let (stream, at) = cursor(line)?;
            let office = OfficeCode::new(line.get::<String>("office")?);
            rows.push((office.map_err(|e| LedgerError::Stored(e.to_string()))?, stream, at.seq));
        }
        Ok(rows)
    }
}
