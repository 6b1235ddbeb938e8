//! The listener: accepts connections, speaks HTTP/1 on each, and lets go of them. It promises that a client that sends
//! its request drop by drop, or sends none, is put out after a while, that the server never holds more connections than
//! it says, and that at closing whoever is being answered gets the answer. It decides nothing about requests.
//!
//! `axum::serve` would do the same without limits: it has no way to set hyper's.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_service::Service as _;

use crate::limits::OPEN_PER_S;
use crate::metrics::Counted;

/// Connections at once: each of 5,200 desks may have two, one that listens and one that carries, and M-Paspor has some.
/// Whoever comes beyond that waits in the queue of the operating system.
pub const CONNECTIONS_MAX: usize = 12_000;
/// How long the head of a request may take, from the moment the connection is open or the last answer has left; a
/// connection on which nobody asks anything is closed after it.
pub const HEAD_WAIT: Duration = Duration::from_secs(30);
/// How long a body may take to arrive.
pub const BODY_WAIT: Duration = Duration::from_secs(60);
/// Headers of one request.
pub const HEADERS_MAX: usize = 100;
/// Bytes of the head of a request: what is asked for, and all headers.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Bytes that are read ahead of one connection.
const READ_AHEAD_BYTES_MAX: usize = 128 * 1024;
/// How long nobody is let in after the operating system refused a connection, most likely for want of open files.
const REFUSED_PAUSE: Duration = Duration::from_millis(200);

/// How the doors of a server are set up.
#[derive(Debug, Clone)]
pub struct Doors {
    /// Where Prometheus may read `/metrics`; nowhere if `None`.
    pub metrics: Option<SocketAddr>,
    /// Proxies that are believed when `X-Forwarded-For` says for whom they ask.
    pub proxies: Vec<IpAddr>,
    /// Requests a second from one address at doors that are open to everybody.
    pub open_per_s: NonZeroU32,
    pub connections_max: usize,
    pub head_wait: Duration,
    pub body_wait: Duration,
}

impl Default for Doors {
    fn default() -> Doors {
        Doors {
            metrics: None,
            proxies: Vec::new(),
            open_per_s: OPEN_PER_S,
            connections_max: CONNECTIONS_MAX,
            head_wait: HEAD_WAIT,
            body_wait: BODY_WAIT,
        }
    }
}

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Lets this process have as many files and connections open as the operating system grants: the usual soft limit of
/// 1,024 is a fifth of the desks.
#[cfg(unix)]
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "The limit of open files stays as it is");
    }
    let granted = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if granted < 2 * CONNECTIONS_MAX as u64 {
        tracing::warn!(granted, "Only {granted} open files are granted: fewer than {CONNECTIONS_MAX} connections fit");
    }
}

/// Windows has no such limit.
#[cfg(not(unix))]
pub fn raise_open_files() {}

/// Serves until `closed` is true, and then until all have their answers.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    doors: Doors,
    connections: Gauge,
    mut closed: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(doors.connections_max));
    let everybody = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(doors.head_wait)
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(READ_AHEAD_BYTES_MAX);
    loop {
        let (stream, from, place) = tokio::select! {
            _ = closed.wait_for(|closing| *closing) => break,
            next = next(&listener, &room) => next,
        };
        let counted = Counted::one_more(&connections);
        let service = service_fn({
            let router = router.clone();
            move |mut request: hyper::Request<Incoming>| {
                request.extensions_mut().insert(Peer(from.ip()));
                router.clone().call(request.map(Body::new))
            }
        });
        // Small answers leave at once: a call shall be at the other desk within milliseconds.
        let _ = stream.set_nodelay(true);
        let connection = everybody.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A client that is gone, too slow or talks nonsense: that is its business, and it has had its answer.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "A connection ended early");
            }
            drop((place, counted));
        });
    }
    drop(listener);
    everybody.shutdown().await;
}

/// The next connection, as soon as there is a place for it.
async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // Nobody closes the semaphore.
    let place = room.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, from)) => return (stream, from, place),
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted");
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
    }
}
