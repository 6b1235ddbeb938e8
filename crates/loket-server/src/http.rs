//! The door of the server: who may come in, how much they may bring, and in which form answers leave. Every error that
//! leaves is a [`Problem`] with a status; nothing about the inside is told. Limits are checked while reading, never
//! after, and a body is unpacked only after its sender is known.

use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use loket_core::id::{DeskId, Digest, OfficeCode};
use loket_core::sync::{BODY_BYTES_MAX, COMPRESS_FROM_BYTES, WireError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::env::Env;
use crate::health::Readiness;
use crate::ledger::{Denied, DeskRecord, Ledger, LedgerError};
use crate::limits::Limits;
use crate::metrics::{Metrics, database_trouble};
use crate::problem::{self, Code, Problem};
use crate::scans::{ScanTrouble, Scans};
use crate::updates::Updates;
use crate::{exchange, limits, openapi, requests, status, updates};

/// Memory for unpacking one body, as a power of two: 8 MiB, which is all a body may have.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
const ZSTD_LEVEL: i32 = 3;
/// When to try again after the scan store could not answer.
const STORE_RETRY_S: u32 = 5;
/// When to try again after too many uploads lay about unfinished.
const ROOM_RETRY_S: u32 = 60;

/// What all handlers share.
pub(crate) struct Server {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) scans: Arc<Scans>,
    pub(crate) env: Env,
    /// SHA-256 of the key of the intake side.
    pub(crate) intake_key: Digest,
    /// Public half of the payment channel's key.
    pub(crate) billing_public: String,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
    pub(crate) updates: Updates,
    /// No billing system is there to be asked for codes: this server makes them.
    pub(crate) makes_bills: bool,
    /// Becomes true when the server closes: those who wait go home.
    pub(crate) closing: watch::Receiver<bool>,
}

/// An answer that is an error.
#[derive(Debug)]
pub(crate) enum No {
    /// One that a desk branches on.
    Wire(WireError),
    Problem(Box<Problem>),
}

pub(crate) type Answer = Result<Response, No>;

pub(crate) fn bad(field: &str) -> No {
    No::Wire(WireError::BadRequest { field: field.to_owned() })
}

/// A problem with one part of the request.
pub(crate) fn refuse(code: Code, field: impl Into<String>) -> No {
    No::Problem(Box::new(Problem::of(code, field)))
}

impl From<Code> for No {
    fn from(code: Code) -> No {
        No::Problem(Box::new(code.into()))
    }
}

impl From<No> for Problem {
    fn from(no: No) -> Problem {
        match no {
            No::Wire(error) => error.into(),
            No::Problem(problem) => *problem,
        }
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

impl From<Denied> for No {
    fn from(denied: Denied) -> No {
        let code = match denied {
            Denied::PlaceUnknown => return refuse(Code::PlaceUnknown, "appointment"),
            Denied::NoPlaceLeft => return refuse(Code::NoPlaceLeft, "appointment"),
            Denied::TooLate => Code::TooLate,
            Denied::MovesUsedUp => Code::MovesUsedUp,
            Denied::KindUnfit => return refuse(Code::Unfit, "kind"),
            Denied::NotPaid => Code::NotPaid,
            Denied::PlaceLost => Code::PlaceLost,
            Denied::AccountFull => return refuse(Code::AccountFull, "account"),
            Denied::DiffersFromBefore(field) => return refuse(Code::DiffersFromBefore, field),
            Denied::AlreadyServed => Code::AlreadyServed,
            Denied::Cancelled => Code::Cancelled,
            Denied::NotAsked(field) => return refuse(Code::NotAsked, field),
            Denied::SameScan(field) => return refuse(Code::SameScan, field),
            Denied::TooManyScans => return refuse(Code::TooManyScans, "documents"),
            Denied::AlreadyDispatched => Code::AlreadyDispatched,
            Denied::MoreAreTaken => return refuse(Code::Unfit, "places"),
        };
        code.into()
    }
}

impl From<LedgerError> for No {
    fn from(error: LedgerError) -> No {
        No::Wire(match error {
            LedgerError::Denied(denied) => return denied.into(),
            LedgerError::OfficeUnknown(_) => WireError::OtherOffice,
            LedgerError::Malformed(field) => WireError::BadRequest { field },
            LedgerError::Absent(_) => WireError::NotFound,
            LedgerError::NoRoom => WireError::Overloaded { retry_s: ROOM_RETRY_S },
            LedgerError::Database(_) if error.is_busy() => {
                database_trouble(true);
                WireError::Overloaded { retry_s: 1 }
            }
            LedgerError::NewerDatabase { .. }
            | LedgerError::OldSqlite(_)
            | LedgerError::Database(_)
            | LedgerError::Migration(_)
            | LedgerError::Stored(_) => {
                database_trouble(false);
                tracing::error!(%error, "The ledger could not answer");
                WireError::Internal
            }
        })
    }
}

impl From<ScanTrouble> for No {
    fn from(trouble: ScanTrouble) -> No {
        match trouble {
            ScanTrouble::HashDiffers => refuse(Code::HashDiffers, "hash"),
            ScanTrouble::Unreadable(why) => {
                No::Problem(Box::new(Problem { why: Some(why.to_owned()), ..Code::Unreadable.into() }))
            }
            ScanTrouble::Ledger(error) => error.into(),
            ScanTrouble::NotNow(error) => {
                let error = anyhow::Error::new(error);
                tracing::error!(error = %format!("{error:#}"), "The scan store could not answer");
                No::Wire(WireError::Overloaded { retry_s: STORE_RETRY_S })
            }
            ScanTrouble::Lost(_) | ScanTrouble::Panicked(_) => {
                tracing::error!(error = %trouble, "A scan could not be given out");
                No::Wire(WireError::Internal)
            }
        }
    }
}

/// A desk that proved who it is.
pub(crate) struct Caller {
    pub(crate) office: OfficeCode,
    pub(crate) desk: DeskRecord,
}

impl Caller {
    /// A revoked desk gets nothing.
    pub(crate) fn not_revoked(self) -> Result<Caller, No> {
        if self.desk.revoked { Err(No::Wire(WireError::DeskRevoked)) } else { Ok(self) }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Compares a bearer secret with a digest, in a time that tells nothing.
pub(crate) fn bears(headers: &HeaderMap, digest: &Digest) -> bool {
    let bearer = text(headers, AUTHORIZATION.as_str()).and_then(|a| a.strip_prefix("Bearer "));
    bearer.is_some_and(|token| crate::ledger::same(&Digest::of(token.as_bytes()), digest))
}

impl Server {
    /// Who says they are calling, and do they have the token? The signature needs the body and is checked after.
    async fn claimed(&self, headers: &HeaderMap) -> Result<Caller, No> {
        let unknown = || No::Wire(WireError::DeskUnknown);
        let (office, desk) = text(headers, "loket-desk").and_then(|d| d.rsplit_once('/')).ok_or_else(unknown)?;
        let office = OfficeCode::new(office).map_err(|_| unknown())?;
        let desk = desk.strip_prefix('W').and_then(|n| n.parse().ok()).map(DeskId).ok_or_else(unknown)?;
        let desk = self.ledger.desk(&office, desk).await.map_err(|e| match e {
            LedgerError::Absent(_) => unknown(),
            other => other.into(),
        })?;
        if !bears(headers, &desk.token_digest) {
            return Err(unknown());
        }
        self.limits.proven(&desk.token_digest);
        Ok(Caller { office, desk })
    }

    /// The desk that sent this request, and its body as it was sent.
    pub(crate) async fn caller(&self, parts: &Parts, body: Body) -> Result<(Caller, Bytes), No> {
        let unknown = || No::Wire(WireError::DeskUnknown);
        let caller = self.claimed(&parts.headers).await?;
        let at = text(&parts.headers, "loket-at").and_then(|t| t.parse::<i64>().ok()).ok_or_else(unknown)?;
        let signature = text(&parts.headers, "loket-signature").ok_or_else(unknown)?;
        let body = read(body, BODY_BYTES_MAX).await?;
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        loket_seal::verify_request(&caller.desk.signing_key, signature, parts.method.as_str(), path, at, &body)
            .map_err(|_| unknown())?;
        Ok((caller, body))
    }
}

/// A body of at most `max` bytes. How long it may take is for [`limits`] to say.
pub(crate) async fn read(body: Body, max: usize) -> Result<Bytes, No> {
    to_bytes(body, max).await.map_err(|error| {
        let too_large = std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("length limit"));
        if too_large { No::Wire(WireError::TooLarge { max: max as u64 }) } else { bad("body") }
    })
}

/// Undoes the compression that the headers name; a bomb is cut off where it passes the limit.
pub(crate) fn unpack(headers: &HeaderMap, body: Bytes) -> Result<Vec<u8>, No> {
    match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(body.to_vec()),
        Some(b"zstd") => {
            let mut decoder = zstd::stream::read::Decoder::new(&body[..]).map_err(|_| bad("body"))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| bad("body"))?;
            let mut out = Vec::new();
            decoder.take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut out).map_err(|_| bad("body"))?;
            if out.len() > BODY_BYTES_MAX {
                return Err(No::Wire(WireError::TooLarge { max: BODY_BYTES_MAX as u64 }));
            }
            Ok(out)
        }
        Some(_) => Err(bad("content-encoding")),
    }
}

/// JSON of a known shape.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, No> {
    serde_json::from_slice(body).map_err(|_| bad("body"))
}

/// JSON of a known shape; what is wrong with it is named by its path, such as `form.birth_date`.
pub(crate) fn parse_naming<T: DeserializeOwned>(body: &[u8]) -> Result<T, No> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read: T = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let path = e.path().to_string();
        bad(if path == "." { "body" } else { &path })
    })?;
    json.end().map_err(|_| bad("body"))?;
    Ok(read)
}

/// An answer in JSON, compressed if it is long and the caller can take it.
pub(crate) fn json<T: Serialize>(headers: &HeaderMap, status: StatusCode, value: &T) -> Answer {
    let internal = || No::Wire(WireError::Internal);
    let body = serde_json::to_vec(value).map_err(|_| internal())?;
    let takes_zstd = text(headers, ACCEPT_ENCODING.as_str()).is_some_and(|a| a.contains("zstd"));
    let mut response = if takes_zstd && body.len() > COMPRESS_FROM_BYTES {
        let packed = zstd::encode_all(&body[..], ZSTD_LEVEL).map_err(|_| internal())?;
        ([(CONTENT_ENCODING, "zstd")], packed).into_response()
    } else {
        body.into_response()
    };
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// All doors, and the description of those that partners use.
pub(crate) fn router(server: Arc<Server>) -> Router {
    let nothing_here = || async { No::Wire(WireError::NotFound) };
    let (partners, described) = openapi::router().split_for_parts();
    let described: Arc<str> = openapi::complete(described).into();
    Router::new()
        .route("/v1/enrol", post(exchange::enrol))
        .route("/v1/sync", post(exchange::sync))
        .route("/v1/snapshot", get(exchange::snapshot))
        .route("/v1/scans/{hash}", get(exchange::scan))
        .route("/v1/scans/{hash}/renditions/{page}", get(exchange::rendition))
        .route("/status", get(status::page))
        .route("/v1/updates/{channel}/manifest", get(updates::manifest))
        .route("/v1/updates/{channel}/files/{name}", get(updates::file))
        .route("/openapi.json", get(move || openapi::document(described.clone())))
        .merge(partners)
        .fallback(nothing_here)
        .layer(map_response(problem::said_by_the_router))
        .layer(from_fn_with_state(server.clone(), limits::within_limits))
        .layer(from_fn_with_state(server.clone(), requests::noted))
        .with_state(server)
}
