//! Scans from M-Paspor, each under the SHA-256 of its bytes.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use loket_core::id::ScanHash;

use super::{TakenScan, admitted, status};
use crate::http::{Answer, Server, bad, json, read};
use crate::scans::SCAN_BYTES_MAX;

/// A whole scan at once
///
/// The same bytes again change nothing.
#[utoipa::path(
    put, path = "/v1/intake/scans/{hash}", tag = "scans", operation_id = "put_scan", security(("intake" = [])),
    params(("hash" = loket_core::id::Digest, Path, description = "SHA-256 of the bytes")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = TakenScan, description = "It was here already"),
              (status = 201, body = TakenScan, description = "Taken in"))
)]
pub(crate) async fn put_scan(State(server): State<Arc<Server>>, Path(hash): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let hash: ScanHash = hash.parse().map_err(|_| bad("hash"))?;
    let bytes = read(body, SCAN_BYTES_MAX).await?;
    let size = bytes.len() as u64;
    let arrived = server.scans.put(hash, bytes).await?;
    server.metrics.scan_bytes.inc_by(size);
    json(&parts.headers, status(arrived), &TakenScan { hash })
}
