//! Scans that come in pieces, over lines that break: `HEAD` tells where an upload stands, `PATCH` goes on from there. It
//! promises that a piece is durable before the offset moves, that pieces may come to any server of one ledger and one
//! store, and that a scan is one only when all its bytes are those of its name. A piece that fits nowhere changes
//! nothing; its sender is told the right offset.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use loket_core::id::ScanHash;
use loket_core::sync::WireError;
use loket_decode::Kind;

use crate::http::{Answer, No, Server, bad, json, read, refuse};
use crate::intake::{TakenScan, admitted};
use crate::ledger::{LedgerError, Upload};
use crate::problem::Code;
use crate::scans::{SCAN_BYTES_MAX, ScanTrouble, Scans};

/// Bytes of one piece.
pub const UPLOAD_PIECE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of one piece that is not the last: so that no scan lies about in a million of them.
pub const UPLOAD_PIECE_BYTES_MIN: usize = 64 * 1024;
/// An upload that nobody goes on with is given up after a day.
pub const UPLOAD_RESTS_MS_MAX: i64 = 24 * 3600 * 1000;

/// Where the pieces lie in the store.
const FOLDER: &str = "uploads";
const PIECE_TYPE: &str = "application/offset+octet-stream";
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are here.
    pub received: u64,
    /// Bytes that it will have.
    pub length: u64,
    /// Whether it has become a scan.
    pub complete: bool,
}

/// What came of a piece.
#[derive(Debug)]
pub enum Taken {
    /// It is here; go on behind it.
    Kept(Progress),
    /// It was the last one, and the scan is here.
    Whole(Progress),
    /// It does not begin where the upload stands.
    Elsewhere(Progress),
    /// The upload was begun with another length.
    OtherLength(Progress),
    /// All bytes were here, and they are not those of the name or no scan. They were dropped.
    StartsOver(ScanTrouble),
}

impl From<&Upload> for Progress {
    fn from(upload: &Upload) -> Progress {
        Progress { received: upload.received, length: upload.length, complete: false }
    }
}

impl Scans {
    /// Where an upload stands, if anything is known of it.
    pub async fn progress(&self, hash: &ScanHash) -> Result<Option<Progress>, ScanTrouble> {
        match self.ledger.scan(hash).await {
            Ok(scan) => Ok(Some(Progress { received: scan.bytes, length: scan.bytes, complete: true })),
            Err(LedgerError::Absent(_)) => Ok(self.ledger.upload(hash).await?.as_ref().map(Progress::from)),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the piece of an upload that begins at `from`. The first one begins the upload.
    pub async fn take_piece(&self, hash: ScanHash, from: u64, length: u64, bytes: Bytes) -> Result<Taken, ScanTrouble> {
        if from == 0 && self.progress(&hash).await?.is_none() {
            // What it is, its first bytes say; whatever is no scan need not be sent to its end.
            Kind::sniff(&bytes).map_err(|why| ScanTrouble::Unreadable(why.code()))?;
            self.ledger.begin_upload(&hash, length).await?;
        }
        let progress = self.progress_or_start(&hash, length).await?;
        if progress.length != length {
            return Ok(Taken::OtherLength(progress));
        }
        if progress.complete || progress.received != from {
            return Ok(Taken::Elsewhere(progress));
        }
        let to = from + bytes.len() as u64;
        if to == length {
            return self.finish(hash, from, length, bytes).await;
        }
        // A name of its own: whoever loses the race for this offset must not have written over the winner's piece.
        let file = format!("{FOLDER}/{hash}/{from}-{}", hex::encode(self.ledger.env().chance::<8>()));
        self.store.put(&file, bytes).await?;
        if self.ledger.move_upload(&hash, length, from, to, &file).await? {
            return Ok(Taken::Kept(Progress { received: to, length, complete: false }));
        }
        self.remove_pieces(vec![file]).await;
        Ok(Taken::Elsewhere(self.progress_or_start(&hash, length).await?))
    }

    /// Where an upload stands; at its beginning if nothing is known of it.
    async fn progress_or_start(&self, hash: &ScanHash, length: u64) -> Result<Progress, ScanTrouble> {
        Ok(self.progress(hash).await?.unwrap_or(Progress { received: 0, length, complete: false }))
    }

    /// The last piece. It needs no file of its own, and the offset never stands at the end of what is not yet a scan.
    async fn finish(&self, hash: ScanHash, from: u64, length: u64, last: Bytes) -> Result<Taken, ScanTrouble> {
        let pieces = self.ledger.upload(&hash).await?.map(|upload| upload.pieces).unwrap_or_default();
        let mut whole = Vec::new();
        for file in &pieces {
            // One that is gone leaves a whole with other bytes than those of the name.
            whole.extend(self.store.get(file).await?.unwrap_or_default());
        }
        whole.extend(last);
        let trouble = match self.put_bytes(hash, whole.into()).await {
            Ok(scan) => {
                let (_, pieces) = self.ledger.finish_upload(&scan).await?;
                self.remove_pieces(pieces).await;
                return Ok(Taken::Whole(Progress { received: length, length, complete: true }));
            }
            Err(trouble @ (ScanTrouble::HashDiffers | ScanTrouble::Unreadable(_))) => trouble,
            Err(other) => return Err(other),
        };
        match self.ledger.drop_upload(&hash, from).await? {
            Some(pieces) => {
                self.remove_pieces(pieces).await;
                Ok(Taken::StartsOver(trouble))
            }
            // Somebody else has gone on with it meanwhile.
            None => Ok(Taken::Elsewhere(self.progress_or_start(&hash, length).await?)),
        }
    }

    /// Takes pieces away that nobody needs. Those that can't be reached now are found by the next look.
    async fn remove_pieces(&self, files: Vec<String>) {
        for file in files {
            if let Err(error) = self.store.remove(&file).await {
                tracing::warn!(%error, "Pieces of an upload are left for the next look");
                break;
            }
        }
    }

    /// Gives up what nobody has gone on with for [`UPLOAD_RESTS_MS_MAX`], and takes away pieces that belong to no
    /// upload: a server that was stopped in the middle leaves them.
    pub async fn clear_old_uploads(&self) -> Result<(), LedgerError> {
        let moment = self.ledger.env().now().plus_ms(-UPLOAD_RESTS_MS_MAX);
        let given_up = self.ledger.drop_uploads_untouched_since(moment).await?;
        self.remove_pieces(given_up).await;
        let old = match self.store.untouched_since(FOLDER, moment).await {
            Ok(old) => old,
            Err(error) => {
                tracing::warn!(%error, "The pieces of uploads could not be looked at");
                return Ok(());
            }
        };
        let mut strays = Vec::new();
        for file in old {
            if !self.ledger.is_piece(&file).await? {
                strays.push(file);
            }
        }
        self.remove_pieces(strays).await;
        Ok(())
    }
}

/// A header that is a whole number.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, No> {
    let digits = headers.get(name).and_then(|value| value.to_str().ok());
    let digits = digits.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or_else(|| bad(name.as_str()))
}

/// Tells with an answer where the upload stands.
fn telling(mut response: Response, progress: &Progress) -> Response {
    let headers = response.headers_mut();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(progress.received));
    headers.insert(UPLOAD_LENGTH, HeaderValue::from(progress.length));
    headers.insert(UPLOAD_COMPLETE, HeaderValue::from_static(if progress.complete { "?1" } else { "?0" }));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Where an upload stands
///
/// An upload that broke off goes on from `Upload-Offset`.
#[utoipa::path(
    head, path = "/v1/intake/scans/{hash}", tag = "scans", operation_id = "upload_progress", security(("intake" = [])),
    params(("hash" = loket_core::id::Digest, Path, description = "SHA-256 of the bytes")),
    responses((status = 200, description = "Something of it is here", headers(
        ("upload-offset" = u64, description = "Bytes that are here"),
        ("upload-length" = u64, description = "Bytes that it will have"),
        ("upload-complete" = String, description = "`?1` once it is a scan"),
    )))
)]
pub(crate) async fn progress(State(server): State<Arc<Server>>, Path(hash): Path<String>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    admitted(&server, &parts)?;
    let hash: ScanHash = hash.parse().map_err(|_| bad("hash"))?;
    let progress = server.scans.progress(&hash).await?.ok_or(No::Wire(WireError::NotFound))?;
    Ok(telling(StatusCode::OK.into_response(), &progress))
}

/// The next piece of a scan
///
/// At most 1 MiB, and unless it is the last one at least 64 KiB. It is durable before the offset moves; a piece that does
/// not begin at the offset is refused with the right one.
#[utoipa::path(
    patch, path = "/v1/intake/scans/{hash}", tag = "scans", operation_id = "upload_piece", security(("intake" = [])),
    params(("hash" = loket_core::id::Digest, Path, description = "SHA-256 of the bytes"),
           ("upload-offset" = u64, Header, description = "Where the piece begins"),
           ("upload-length" = u64, Header, description = "How long the whole is; at most 20 MiB", minimum = 1)),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 201, body = TakenScan, description = "It was the last piece: the scan is here"),
              (status = 204, description = "The piece is here", headers(
                  ("upload-offset" = u64, description = "Where to go on"),
              )))
)]
pub(crate) async fn piece(State(server): State<Arc<Server>>, Path(hash): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let hash: ScanHash = hash.parse().map_err(|_| bad("hash"))?;
    if parts.headers.get(CONTENT_TYPE).is_none_or(|kind| kind != PIECE_TYPE) {
        return Err(bad(CONTENT_TYPE.as_str()));
    }
    let (from, length) = (number(&parts.headers, &UPLOAD_OFFSET)?, number(&parts.headers, &UPLOAD_LENGTH)?);
    if length == 0 {
        return Err(bad(UPLOAD_LENGTH.as_str()));
    }
    if length > SCAN_BYTES_MAX as u64 {
        return Err(No::Wire(WireError::TooLarge { max: SCAN_BYTES_MAX as u64 }));
    }
    let bytes = read(body, UPLOAD_PIECE_BYTES_MAX).await?;
    let to = from.saturating_add(bytes.len() as u64);
    if bytes.is_empty() || to > length || (to < length && bytes.len() < UPLOAD_PIECE_BYTES_MIN) {
        return Err(bad("body"));
    }
    let conflict = |field: HeaderName, progress: &Progress| {
        Ok(telling(refuse(Code::UploadElsewhere, field.as_str()).into_response(), progress))
    };
    let size = bytes.len() as u64;
    let taken = server.scans.take_piece(hash, from, length, bytes).await?;
    if matches!(taken, Taken::Kept(_) | Taken::Whole(_)) {
        server.metrics.scan_bytes.inc_by(size);
    }
    match taken {
        Taken::Kept(progress) => Ok(telling(StatusCode::NO_CONTENT.into_response(), &progress)),
        Taken::Whole(progress) => {
            let answer = json(&parts.headers, StatusCode::CREATED, &TakenScan { hash })?;
            Ok(telling(answer, &progress))
        }
        Taken::Elsewhere(progress) => conflict(UPLOAD_OFFSET, &progress),
        Taken::OtherLength(progress) => conflict(UPLOAD_LENGTH, &progress),
        Taken::StartsOver(trouble) => {
            let progress = Progress { received: 0, length, complete: false };
            Ok(telling(No::from(trouble).into_response(), &progress))
        }
    }
}
