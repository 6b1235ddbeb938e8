//! What desks come for: to be enrolled, to deliver commands and fetch rows in one call, to begin from a snapshot, and to
//! fetch scans. It promises one answer per command and never says "not now" to a single one.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use loket_core::id::{DeskId, OfficeCode, RequestId, ScanHash, Timestamp};
use loket_core::sync::{
    ASKS_MAX, AskAnswer, COMMAND_BYTES_MAX, COMMAND_BYTES_PER_ASK_MAX, COMMANDS_PER_ASK_MAX, EnrolAsk, PROTOCOL,
    ReleaseWanted, Stream, SyncAnswer, SyncAsk, WAIT_S_MAX, WireError,
};

use crate::http::{Answer, Caller, No, Server, bad, json, parse, read, unpack};
use crate::ledger::{Appended, Ledger, LedgerError, Since};
use crate::metrics::{Counted, Waited};
use crate::people;

/// Bytes of an enrolment request.
const ENROL_BYTES_MAX: usize = 4 * 1024;

/// `POST /v1/enrol`
pub(crate) async fn enrol(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let ask: EnrolAsk = parse(&read(body, ENROL_BYTES_MAX).await?)?;
    let answer = people::enrol(&server.ledger, &server.env, ask).await.map_err(|e| match e {
        LedgerError::Absent(_) => No::Wire(WireError::CodeRefused),
        other => other.into(),
    })?;
    json(&parts.headers, StatusCode::OK, &answer)
}

/// Checks everything about an ask that can be checked without the ledger.
fn check(ask: &SyncAsk, caller: &Caller) -> Result<(), No> {
    if !(ask.speaks.0..=ask.speaks.1).contains(&PROTOCOL) {
        return Err(No::Wire(WireError::ProtocolTooOld { needs: PROTOCOL }));
    }
    if ask.office != caller.office {
        return Err(No::Wire(WireError::OtherOffice));
    }
    if ask.desk != caller.desk.desk {
        return Err(bad("desk"));
    }
    if ask.commands.len() > COMMANDS_PER_ASK_MAX {
        return Err(bad("commands"));
    }
    if ask.commands.iter().any(|c| c.len() > COMMAND_BYTES_MAX) {
        return Err(No::Wire(WireError::TooLarge { max: COMMAND_BYTES_MAX as u64 }));
    }
    if ask.commands.iter().map(String::len).sum::<usize>() > COMMAND_BYTES_PER_ASK_MAX {
        return Err(No::Wire(WireError::TooLarge { max: COMMAND_BYTES_PER_ASK_MAX as u64 }));
    }
    if ask.asks.len() > ASKS_MAX {
        return Err(bad("asks"));
    }
    Ok(())
}

/// `POST /v1/sync`
pub(crate) async fn sync(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let (caller, body) = server.caller(&parts, body).await?;
    let ask: SyncAsk = parse(&unpack(&parts.headers, body)?)?;
    check(&ask, &caller)?;
    let revoked = caller.desk.revoked;
    if revoked && ask.commands.is_empty() {
        return Err(No::Wire(WireError::DeskRevoked));
    }
    let (ledger, office, desk) = (&server.ledger, &caller.office, caller.desk.desk);
    ledger.heard(office, desk, ask.scans_waiting).await?;
    server.metrics.heard(office, desk, server.env.now());
    let mut moved = ledger.moved(office).await?;
    let Decided { done, asks } = decide(ledger, office, desk, revoked, &ask).await?;
    for answer in &done.answers {
        server.metrics.command(&answer.outcome);
    }
    for answer in asks.values() {
        server.metrics.ask(answer);
    }
    let at_once = revoked || done.gap.is_some() || done.cloned || !ask.commands.is_empty() || !ask.asks.is_empty();
    let wait = Duration::from_secs(u64::from(ask.wait_s.min(WAIT_S_MAX)));
    let deadline = tokio::time::Instant::now() + wait;
    let mut closing = server.closing.clone();
    let mut waited = None;
    let mut woken = false;
    let (since, wanted) = loop {
        if revoked {
            break (Since { rows: Vec::new(), heads: BTreeMap::new(), start_over: false }, Vec::new());
        }
        moved.mark_unchanged();
        let in_memory = if woken { ledger.since_in_memory(office, &ask.cursors).await? } else { None };
        let since = match in_memory {
            Some(since) => since,
            None => ledger.since(office, &ask.cursors).await?,
        };
        let (wanted, fresh) = ledger.wanted(office, desk).await?;
        let something = at_once || fresh || since.start_over || !since.rows.is_empty();
        if something || *closing.borrow() || tokio::time::Instant::now() >= deadline {
            break (since, wanted);
        }
        waited.get_or_insert_with(|| Counted::one_more(&server.metrics.long_polls));
        // Whatever ends the wait, the next turn looks again; a sender that is gone counts as closing.
        tokio::select! {
            _ = moved.changed() => {}
            _ = closing.changed() => {}
            () = tokio::time::sleep_until(deadline) => {}
        }
        woken = true;
    };
    let answer = Decided { done, asks }.with(since, wanted, server.env.now());
    server.metrics.rows_pulled.inc_by(answer.rows.len() as u64);
    let mut response = json(&parts.headers, StatusCode::OK, &answer)?;
    if waited.is_some() {
        response.extensions_mut().insert(Waited);
    }
    Ok(response)
}

/// What was decided about an ask.
struct Decided {
    done: Appended,
    asks: BTreeMap<RequestId, AskAnswer>,
}

impl Decided {
    fn with(self, since: Since, wanted: Vec<ReleaseWanted>, now: Timestamp) -> SyncAnswer {
        let Decided { done, asks } = self;
        SyncAnswer {
            speaks: (PROTOCOL, PROTOCOL),
            now,
            answers: done.answers,
            gap: done.gap,
            cloned: done.cloned,
            asks,
            backed_up_to: since.heads.get(&Stream::Office).map_or(0, |h| h.seq),
            rows: since.rows,
            heads: since.heads,
            start_over: since.start_over,
            wanted,
        }
    }
}

/// Stores the commands of an ask, then answers what it asks; nothing is decided for a desk that is none, or two.
async fn decide(
    ledger: &Ledger,
    office: &OfficeCode,
    desk: DeskId,
    revoked: bool,
    ask: &SyncAsk,
) -> Result<Decided, LedgerError> {
    let done = ledger.append_commands(office, desk, Some(ask.head), &ask.commands).await?;
    let mut asks = BTreeMap::new();
    if !revoked && !done.cloned {
        for one in &ask.asks {
            asks.insert(one.request.clone(), ledger.ask(office, desk, one).await?);
        }
    }
    Ok(Decided { done, asks })
}

/// Answers an ask of a desk that is not revoked, without a wait and without a line: what [`sync`] does, for whoever holds
/// the ledger in their own process.
///
/// # Errors
/// As of the ledger; nothing of the ask was stored then, or all of its commands.
pub async fn answer(ledger: &Ledger, ask: &SyncAsk) -> Result<SyncAnswer, LedgerError> {
    let (office, desk) = (&ask.office, ask.desk);
    let decided = decide(ledger, office, desk, false, ask).await?;
    let since = ledger.since(office, &ask.cursors).await?;
    let (wanted, _) = ledger.wanted(office, desk).await?;
    Ok(decided.with(since, wanted, ledger.env().now()))
}

/// `GET /v1/snapshot`
pub(crate) async fn snapshot(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let (caller, _) = server.caller(&parts, body).await?;
    let Caller { office, desk } = caller.not_revoked()?;
    json(&parts.headers, StatusCode::OK, &server.ledger.snapshot(&office, desk.desk).await?)
}

fn scan_hash(text: &str) -> Result<ScanHash, No> {
    text.parse().map_err(|_| bad("hash"))
}

/// Which part of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Bytes(RangeInclusive<u64>),
    /// The range is not in the file, or runs backwards.
    Nowhere,
}

/// Reads a `Range` header. Units other than bytes, several ranges and what is no range at all give the whole file.
fn part(range: Option<&str>, size: u64) -> Part {
    let Some(range) = range.and_then(|r| r.strip_prefix("bytes=")).filter(|r| !r.contains(',')) else {
        return Part::Whole;
    };
    let Some((from, to)) = range.trim().split_once('-') else { return Part::Whole };
    let bounds = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) => Some((from, to.min(size.saturating_sub(1)))),
        (Ok(from), Err(_)) if to.is_empty() => Some((from, size.saturating_sub(1))),
        (Err(_), Ok(last)) if from.is_empty() && last > 0 => Some((size.saturating_sub(last), size.saturating_sub(1))),
        (Err(_), Ok(_)) if from.is_empty() => None,
        _ => return Part::Whole,
    };
    match bounds {
        Some((from, to)) if from <= to && from < size => Part::Bytes(from..=to),
        Some(_) | None => Part::Nowhere,
    }
}

/// Which part of the file with this tag a request asks for.
pub(crate) fn part_asked(headers: &HeaderMap, tag: &str, size: u64) -> Part {
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    // "The rest, if it is still the same file": no tag ever gets other bytes, so another tag is another file.
    let same_file = text(IF_RANGE).is_none_or(|t| t == tag);
    part(text(RANGE).filter(|_| same_file), size)
}

pub(crate) fn quoted(hash: &str) -> String {
    format!("\"{hash}\"")
}

/// `GET /v1/scans/{hash}`
pub(crate) async fn scan(State(server): State<Arc<Server>>, Path(hash): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let caller = server.caller(&parts, body).await?.0.not_revoked()?;
    let scan = server.ledger.scan_of_office(&scan_hash(&hash)?, &caller.office).await?;
    let tag = quoted(&hash);
    let (status, bytes, content_range) = match part_asked(&parts.headers, &tag, scan.bytes) {
        Part::Nowhere => return Err(No::Wire(WireError::RangeNotSatisfiable { bytes: scan.bytes })),
        Part::Whole => (StatusCode::OK, server.scans.read(&scan, 0..=scan.bytes).await?, None),
        Part::Bytes(range) => {
            let value = format!("bytes {}-{}/{}", range.start(), range.end(), scan.bytes);
            (StatusCode::PARTIAL_CONTENT, server.scans.read(&scan, range).await?, Some(value))
        }
    };
    let mut response = file(status, &scan.media_type, &tag, bytes)?;
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(value) = content_range {
        response.headers_mut().insert(CONTENT_RANGE, header_value(&value)?);
    }
    Ok(response)
}

pub(crate) fn header_value(text: &str) -> Result<HeaderValue, No> {
    HeaderValue::from_str(text).map_err(|_| No::Wire(WireError::Internal))
}

fn file(status: StatusCode, media_type: &str, tag: &str, bytes: Vec<u8>) -> Result<Response, No> {
    let mut response = (status, Body::from(bytes)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, header_value(media_type)?);
    headers.insert(ETAG, header_value(tag)?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// `GET /v1/scans/{hash}/renditions/{page}`
pub(crate) async fn rendition(
    State(server): State<Arc<Server>>,
    Path((hash, page)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let caller = server.caller(&parts, body).await?.0.not_revoked()?;
    let page: u32 = page.parse().map_err(|_| bad("page"))?;
    let scan = server.ledger.scan_of_office(&scan_hash(&hash)?, &caller.office).await?;
    let rendition = server.scans.rendition(&scan, page).await;
    server.metrics.rendition(&rendition);
    let rendition = rendition?;
    let mut response = file(StatusCode::OK, "image/jpeg", &quoted(&format!("{hash}-{page}")), rendition.jpeg)?;
    response.headers_mut().insert("loket-pages", HeaderValue::from(rendition.pages));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_honoured_and_everything_odd_has_an_answer() {
        assert_eq!(part(None, 10), Part::Whole);
        assert_eq!(part(Some("bytes=0-3"), 10), Part::Bytes(0..=3));
        assert_eq!(part(Some("bytes=4-"), 10), Part::Bytes(4..=9));
        assert_eq!(part(Some("bytes=-3"), 10), Part::Bytes(7..=9));
        assert_eq!(part(Some("bytes=-30"), 10), Part::Bytes(0..=9));
        assert_eq!(part(Some("bytes=8-99"), 10), Part::Bytes(8..=9));
        for nowhere in ["bytes=5-2", "bytes=10-", "bytes=-0", "bytes=10-11"] {
            assert_eq!(part(Some(nowhere), 10), Part::Nowhere, "{nowhere}");
        }
        for whole in ["bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=--1", "bytes="] {
            assert_eq!(part(Some(whole), 10), Part::Whole, "{whole}");
        }
        assert_eq!(part(Some("bytes=0-"), 0), Part::Nowhere);
    }
}
