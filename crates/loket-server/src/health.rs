//! Whether the server lives, whether it can work, and what it counts. `/health` says only that the program answers and
//! asks nothing of anybody; `/ready` tries what every request needs, by name, and is 503 when one thing fails. It tells
//! a stranger which check failed and never why: the reason is in the log.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::get;
use loket_core::sync::{PROTOCOL, WireError};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::http::{Answer, No, Server, json};
use crate::ledger::LedgerError;
use crate::metrics::database_trouble;

/// Bytes that have to be free where the data is: room for an hour of scans at most offices.
pub const FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;
/// How long one check may take. A database that doesn't let us write within this time is not one to send people to.
const CHECK_WAIT: Duration = Duration::from_secs(3);
/// How long an answer is good for: however many ask, the database is tried once a second.
const KEPT: Duration = Duration::from_secs(1);

/// `GET /health`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    pub ok: bool,
    pub protocol: u32,
    pub version: String,
    pub now: loket_core::id::Timestamp,
}

/// `GET /ready`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// All of the checks.
    pub ready: bool,
    /// A transaction that may write can be opened.
    pub database: bool,
    /// The database is as this program knows it: no newer program was there.
    pub migrations: bool,
    /// The data folder takes a file.
    pub data_folder: bool,
    /// At least [`FREE_BYTES_MIN`] are free where the data folder is.
    pub free_space: bool,
}

/// Looks, and remembers for a moment what it saw.
pub(crate) struct Readiness {
    data: PathBuf,
    seen: Mutex<Option<(Instant, Ready)>>,
}

/// A file comes, is on the disk, and goes.
fn takes_a_file(data: &Path) -> std::io::Result<()> {
    let path = data.join(format!(".ready-{}", std::process::id()));
    let mut file = std::fs::File::create(&path)?;
    file.write_all(b"ready")?;
    file.sync_all()?;
    std::fs::remove_file(&path)
}

fn has_room(data: &Path, free_bytes_min: u64) -> std::io::Result<bool> {
    let free = fs4::available_space(data)?;
    if free < free_bytes_min {
        tracing::error!(free, "Only {free} bytes are free in the data folder");
    }
    Ok(free >= free_bytes_min)
}

async fn off_the_loop(check: impl FnOnce() -> std::io::Result<bool> + Send + 'static) -> std::io::Result<bool> {
    tokio::task::spawn_blocking(check).await.map_err(std::io::Error::other)?
}

/// What a check came to, within its time; why it failed goes to the log.
async fn checked<E: std::fmt::Display>(name: &str, check: impl Future<Output = Result<bool, E>>) -> bool {
    match tokio::time::timeout(CHECK_WAIT, check).await {
        Ok(Ok(good)) => good,
        Ok(Err(error)) => {
            tracing::error!(check = name, %error, "Not ready: {name}");
            false
        }
        Err(_) => {
            tracing::error!(check = name, "Not ready: {name} took too long");
            false
        }
    }
}

impl Readiness {
    pub(crate) fn new(data: &Path) -> Readiness {
        Readiness { data: data.to_owned(), seen: Mutex::default() }
    }

    /// All checks; whoever asks while another is looking gets the same answer.
    async fn look(&self, server: &Server) -> Ready {
        let mut seen = self.seen.lock().await;
        if let Some((at, ready)) = seen.as_ref()
            && at.elapsed() < KEPT
        {
            return ready.clone();
        }
        let (data, again) = (self.data.clone(), self.data.clone());
        let can_write = async { server.ledger.can_write().await.map(|()| true) };
        let (database, migrations, data_folder, free_space) = tokio::join!(
            checked::<LedgerError>("database", can_write),
            checked("migrations", server.ledger.is_current()),
            checked("data_folder", off_the_loop(move || takes_a_file(&data).map(|()| true))),
            checked("free_space", off_the_loop(move || has_room(&again, FREE_BYTES_MIN))),
        );
        let ready = database && migrations && data_folder && free_space;
        let ready = Ready { ready, database, migrations, data_folder, free_space };
        *seen = Some((Instant::now(), ready.clone()));
        ready
    }
}

/// Is it alive?
///
/// Looks at nothing but itself.
#[utoipa::path(
    get, path = "/health", tag = "server", operation_id = "health",
    responses((status = 200, body = Health, description = "It is"))
)]
pub(crate) async fn health(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let body = Health { ok: true, protocol: PROTOCOL, version, now: server.env.now() };
    json(request.headers(), StatusCode::OK, &body)
}

/// Can it work?
///
/// Tries what every request needs, by name.
#[utoipa::path(
    get, path = "/ready", tag = "server", operation_id = "ready",
    responses((status = 200, body = Ready, description = "It can"),
              (status = 503, body = Ready, description = "One thing at least is not as it has to be"))
)]
pub(crate) async fn ready(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let ready = server.readiness.look(&server).await;
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(request.headers(), status, &ready)
}

/// `GET /metrics`, on a listener of its own.
async fn metrics(State(server): State<Arc<Server>>) -> Answer {
    let internal = |_| No::Wire(WireError::Internal);
    // Counting goes on without the database: how it is doing is among what is counted.
    let rows = tokio::time::timeout(CHECK_WAIT, server.ledger.stream_rows()).await;
    let rows = match rows {
        Ok(Ok(rows)) => rows,
        Ok(Err(error)) => {
            database_trouble(error.is_busy());
            tracing::error!(%error, "The rows of the streams could not be counted");
            Vec::new()
        }
        Err(_) => {
            database_trouble(true);
            Vec::new()
        }
    };
    let text = server.metrics.text(server.env.now(), &rows).map_err(internal)?;
    let mut response = text.into_response();
    let form = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, form);
    Ok(response)
}

/// The door of Prometheus.
pub(crate) fn metrics_router(server: Arc<Server>) -> Router {
    Router::new().route("/metrics", get(metrics)).fallback(|| async { StatusCode::NOT_FOUND }).with_state(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_room_or_without_a_folder_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        assert!(has_room(dir.path(), 1).unwrap());
        assert!(!has_room(dir.path(), u64::MAX).unwrap());
        assert!(takes_a_file(dir.path()).is_ok());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the trial leaves nothing behind");
        assert!(takes_a_file(&dir.path().join("gone")).is_err());
    }
}
