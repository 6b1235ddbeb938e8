//! The desk over HTTP on this machine, for browser tests and benchmarks: the same dispatch, the same pictures, the built
//! UI beside them. It listens on loopback only and is no part of the shipped program.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream};
use loket_core::refusal::Fault;
use loket_decode::Decoder;
use loket_desk::api::dispatch;
use loket_desk::desk::{Desk, Dialogs, Setup};
use loket_desk::env::Env;
use loket_desk::vault::FileKeystore;
use loket_desk::view::Changed;

/// Writes next to the data instead of asking.
struct IntoFolder(PathBuf);

impl Dialogs for IntoFolder {
    fn save_as(&self, suggested: &str) -> Option<PathBuf> {
        std::fs::create_dir_all(&self.0).ok()?;
        Some(self.0.join(suggested))
    }
}

fn main() -> anyhow::Result<()> {
    loket_decode::child_main_if_asked();
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let argument = |name: &str| {
        let mut arguments = std::env::args().skip_while(|a| a != name);
        arguments.nth(1)
    };
    let folder = PathBuf::from(argument("--data").ok_or_else(|| anyhow::anyhow!("--data FOLDER is needed"))?);
    let port: u16 = argument("--port").map_or(Ok(0), |p| p.parse())?;
    let pages = argument("--ui").map(PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(serve(folder, port, pages))
}

struct Host {
    desk: Arc<Desk>,
    pages: Option<PathBuf>,
}

async fn serve(folder: PathBuf, port: u16, pages: Option<PathBuf>) -> anyhow::Result<()> {
    let setup = Setup {
        keystore: Box::new(FileKeystore(folder.join("device.key"))),
        dialogs: Box::new(IntoFolder(folder.join("saved"))),
        decoder: Decoder::this_program(),
        env: Env::real(),
        folder,
    };
    let desk = Desk::open(setup).await.map_err(|fault| anyhow::anyhow!("{fault:?}"))?;
    let router = Router::new()
        .route("/call/{name}", post(call))
        .route("/events", get(events))
        .route("/picture/{*path}", get(picture))
        .fallback(get(page))
        .with_state(Arc::new(Host { desk, pages }));
    let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    println!("desk_http listens on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

fn fault(fault: &Fault) -> Response {
    let status = match fault {
        Fault::BadRequest { .. } => StatusCode::BAD_REQUEST,
        Fault::ScanNotHere => StatusCode::NOT_FOUND,
        _ => StatusCode::CONFLICT,
    };
    (status, axum::Json(fault)).into_response()
}

async fn call(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
    axum::Json(body): axum::Json<serde_json::Value>,
) -> Response {
    match dispatch(&host.desk, &name, body).await {
        Ok(reply) => axum::Json(reply).into_response(),
        Err(f) => fault(&f),
    }
}

async fn picture(State(host): State<Arc<Host>>, Path(path): Path<String>) -> Response {
    match host.desk.picture(&path).await {
        Ok(picture) => {
            let headers = [(header::CONTENT_TYPE, picture.media_type), (header::CACHE_CONTROL, "no-store")];
            (headers, Body::from(picture.bytes.to_vec())).into_response()
        }
        Err(f) => fault(&f),
    }
}

async fn events(State(host): State<Arc<Host>>) -> Sse<impl Stream<Item = Result<Event, std::convert::Infallible>>> {
    let changes = host.desk.changes();
    Sse::new(stream::unfold(changes, |mut changes| async move {
        let what = match changes.recv().await {
            Ok(Changed::Work) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => "work",
            Ok(Changed::Line) => "line",
            Ok(Changed::Session) => "session",
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return None,
        };
        Some((Ok(Event::default().data(what)), changes))
    }))
}

async fn page(State(host): State<Arc<Host>>, uri: axum::http::Uri) -> Response {
    let Some(pages) = &host.pages else { return StatusCode::NOT_FOUND.into_response() };
    let name = uri.path().trim_start_matches('/');
    let plain = name.split('/').all(|part| part != ".." && !part.contains('\\'));
    let name = if name.is_empty() || !plain { "index.html" } else { name };
    let media_type = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    };
    match tokio::fs::read(pages.join(name)).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, media_type)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
