//! Uploads that are not whole yet: how far each has got and which files of the store hold its pieces. The offset moves in
//! the transaction that writes down the piece, and only from where the sender thought it was; so several server
//! processes may take pieces of one upload. Every change begins with the upload's own row, which locks it: pieces never
//! outlive it.

use loket_core::id::{ScanHash, Timestamp};

use super::db::{Line, Tx, sql};
use super::doors::insert_scan;
use super::{Arrived, Ledger, LedgerError, Result, ScanRecord, number};

/// Uploads that may lie about unfinished. Those that begin at the very same moment may pass it by a few.
pub const UNFINISHED_UPLOADS_MAX: u64 = 10_000;
/// Bytes that all of them together may come to, once whole.
pub const UNFINISHED_BYTES_MAX: u64 = 32 * 1024 * 1024 * 1024;

/// An upload that is not whole yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Bytes that it will have.
    pub length: u64,
    /// Bytes that are here.
    pub received: u64,
    /// The files of the store that hold them, in order.
    pub pieces: Vec<String>,
}

fn state(line: &Line) -> Result<(u64, u64)> {
    let (length, received): (i64, i64) = (line.get("length")?, line.get("received")?);
    Ok((length.unsigned_abs(), received.unsigned_abs()))
}

/// Forgets the pieces of an upload whose row this transaction has deleted.
async fn forget_pieces(tx: &mut Tx, hash: &[u8]) -> Result<Vec<String>> {
    sql("delete from upload_piece where hash = $1 returning file").bind(hash).scalars(tx).await
}

impl Ledger {
    /// An upload, if it has begun and is not whole yet.
    pub async fn upload(&self, hash: &ScanHash) -> Result<Option<Upload>> {
        let mut db = self.database.read().await?;
        let line = sql("select length, received from upload where hash = $1").bind(&hash.0[..]).first(&mut db).await?;
        let Some(line) = line else { return Ok(None) };
        let (length, received) = state(&line)?;
        let pieces = sql("select file from upload_piece where hash = $1 order by begins")
            .bind(&hash.0[..])
            .scalars(&mut db)
            .await?;
        Ok(Some(Upload { length, received, pieces }))
    }

    /// Begins an upload. One that has begun already stays as it is.
    ///
    /// # Errors
    /// [`LedgerError::NoRoom`] when too much lies about unfinished.
    pub async fn begin_upload(&self, hash: &ScanHash, length: u64) -> Result<()> {
        let now = self.env.now();
        let mut tx = self.database.write().await?;
        let open = sql("select count(*) as uploads, coalesce(cast(sum(length) as bigint), 0) as bytes from upload")
            .first(&mut tx)
            .await?
            .ok_or_else(|| LedgerError::Stored("a count has no line".to_owned()))?;
        let (uploads, bytes): (i64, i64) = (open.get("uploads")?, open.get("bytes")?);
        if uploads >= number(UNFINISHED_UPLOADS_MAX) || bytes + number(length) > number(UNFINISHED_BYTES_MAX) {
            return Err(LedgerError::NoRoom);
        }
        sql("insert into upload (hash, length, started, touched) values ($1, $2, $3, $3) on conflict do nothing")
            .bind(&hash.0[..])
            .bind(number(length))
            .bind(now.0)
            .run(&mut tx)
            .await?;
        tx.commit().await
    }

    /// Moves the offset over a piece that lies in the store; false if the upload is not where the sender thought it was.
    pub async fn move_upload(&self, hash: &ScanHash, length: u64, from: u64, to: u64, file: &str) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let moved =
            sql("update upload set received = $4, touched = $5 where hash = $1 and length = $2 and received = $3")
                .bind(&hash.0[..])
                .bind(number(length))
                .bind(number(from))
                .bind(number(to))
                .bind(self.env.now().0)
                .run(&mut tx)
                .await?;
        if moved == 0 {
            return Ok(false);
        }
        sql("insert into upload_piece (hash, begins, file) values ($1, $2, $3)")
            .bind(&hash.0[..])
            .bind(number(from))
            .bind(file)
            .run(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// An upload has become a scan; also the files of its pieces, which nobody needs any more.
    pub async fn finish_upload(&self, scan: &ScanRecord) -> Result<(Arrived, Vec<String>)> {
        let mut tx = self.database.write().await?;
        sql("delete from upload where hash = $1").bind(&scan.hash.0[..]).run(&mut tx).await?;
        let pieces = forget_pieces(&mut tx, &scan.hash.0).await?;
        let arrived = insert_scan(&mut tx, scan, self.env.now()).await?;
        tx.commit().await?;
        Ok((arrived, pieces))
    }

    /// Gives an upload up, if it is still where it was seen; the files of its pieces.
    pub async fn drop_upload(&self, hash: &ScanHash, received: u64) -> Result<Option<Vec<String>>> {
        let mut tx = self.database.write().await?;
        let dropped = sql("delete from upload where hash = $1 and received = $2")
            .bind(&hash.0[..])
            .bind(number(received))
            .run(&mut tx)
            .await?;
        if dropped == 0 {
            return Ok(None);
        }
        let pieces = forget_pieces(&mut tx, &hash.0).await?;
        tx.commit().await?;
        Ok(Some(pieces))
    }

    /// Gives up all uploads that nobody has gone on with since a moment; the files of their pieces.
    pub async fn drop_uploads_untouched_since(&self, moment: Timestamp) -> Result<Vec<String>> {
        let mut tx = self.database.write().await?;
        let hashes: Vec<Vec<u8>> =
            sql("delete from upload where touched < $1 returning hash").bind(moment.0).scalars(&mut tx).await?;
        let mut pieces = Vec::new();
        for hash in &hashes {
            pieces.extend(forget_pieces(&mut tx, hash).await?);
        }
        tx.commit().await?;
        Ok(pieces)
    }

    /// Does this file of the store belong to an upload?
    pub async fn is_piece(&self, file: &str) -> Result<bool> {
        let mut db = self.database.read().await?;
        let found: Option<i64> =
            sql("select count(*) from upload_piece where file = $1").bind(file).scalar(&mut db).await?;
        Ok(found.unwrap_or(0) > 0)
    }
}
