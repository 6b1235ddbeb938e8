//! What every request gets at the door: an id, a line in the log, a place in the counts. It promises that the log says
//! which door was used and never what was asked there: no path as it was typed, no query string, no header, no body.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::http::Server;
use crate::metrics::{NO_ROUTE, Waited};

/// Where a request says its id, and the answer says which it had.
pub const REQUEST_ID: &str = "x-request-id";
/// Hexadecimal digits of an id.
const ID_DIGITS: usize = 32;

/// An id in the form of a UUID, with hyphens or without. Anything else may be somebody's name or number, and would
/// stand in the log.
fn is_id(text: &str) -> bool {
    let digits = text.bytes().filter(|b| *b != b'-');
    text.len() <= ID_DIGITS + 4
        && digits.clone().count() == ID_DIGITS
        && digits.into_iter().all(|b| b.is_ascii_hexdigit())
}

/// The outermost layer.
pub(crate) async fn noted(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| is_id(id));
    let id = given.map_or_else(|| hex::encode(server.env.chance::<16>()), str::to_owned);
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| NO_ROUTE.to_owned(), |p| p.as_str().to_owned());
    let method = request.method().clone();
    let started = Instant::now();
    let span = tracing::info_span!("request", id);
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), started.elapsed());
    let waited = response.extensions().get::<Waited>().is_some();
    server.metrics.answered(&route, &method, status, (!waited).then_some(took));
    let _in = span.entered();
    let (method, ms) = (crate::metrics::method_word(&method), u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    tracing::debug!(method, route, status, ms, waited, "{method} {route} answered with {status} after {ms} ms");
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_room_for_nothing_else() {
        assert!(is_id("0123456789abcdef0123456789ABCDEF"));
        assert!(is_id("01234567-89ab-cdef-0123-456789abcdef"));
        for not in ["", "3171010101900000", "SITI RAHMAWATI", &"0".repeat(33), &"-".repeat(32), "é"] {
            assert!(!is_id(not), "{not}");
        }
    }
}
