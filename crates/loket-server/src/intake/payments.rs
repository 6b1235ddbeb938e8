//! Notices of the payment channel. One that was overheard is worth nothing later, and a repeat changes nothing.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use loket_core::act::Event;
use loket_core::application::Payment;
use loket_core::id::Timestamp;

use super::{APPLICATION_BYTES_MAX, CLOCK_AHEAD_MS_MAX, NewPayment, TakenPayment, digest_of, is_plain, status, unfit};
use crate::http::{Answer, Server, json, parse_naming, read};
use crate::problem::Code;

/// How old a signed notice may be, in milliseconds, or how far ahead its clock.
pub const NOTICE_AGE_MS_MAX: i64 = 5 * 60 * 1000;
/// Characters of an NTPN.
const NTPN_CHARS: usize = 16;
/// Beyond this a number does not survive JavaScript.
pub const AMOUNT_RP_MAX: u64 = 1 << 53;

/// Is this notice the payment channel's own, and from just now?
fn is_billings_own(server: &Server, parts: &Parts, body: &[u8]) -> bool {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let Some(at_ms) = text("loket-at").and_then(|at| at.parse::<i64>().ok()) else { return false };
    let Some(signature) = text("loket-signature") else { return false };
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let is_fresh = server.env.now().since(Timestamp(at_ms)).checked_abs().is_some_and(|age| age <= NOTICE_AGE_MS_MAX);
    is_fresh
        && loket_seal::verify_request(&server.billing_public, signature, parts.method.as_str(), path, at_ms, body)
            .is_ok()
}

/// A payment was made
///
/// Sent by the payment channel and signed with its Ed25519 key over method, path, time and body; a notice is good for
/// five minutes, and its NTPN makes a later copy a repeat. A payment after the deadline is kept and shown as late.
#[utoipa::path(
    post, path = "/v1/intake/payments", tag = "payments", operation_id = "payment", security(("billing" = [])),
    request_body(content = NewPayment, content_type = "application/json"),
    responses((status = 200, body = TakenPayment, description = "It was here already"),
              (status = 201, body = TakenPayment, description = "Taken in"))
)]
pub(crate) async fn payment(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let body = read(body, APPLICATION_BYTES_MAX).await?;
    if !is_billings_own(&server, &parts, &body) {
        return Err(Code::KeyUnknown.into());
    }
    let new: NewPayment = parse_naming(&body)?;
    if new.ntpn.len() != NTPN_CHARS || !new.ntpn.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(unfit("ntpn"));
    }
    if new.amount_rp == 0 || new.amount_rp > AMOUNT_RP_MAX {
        return Err(unfit("amount_rp"));
    }
    if new.channel.trim().is_empty() || !is_plain(&new.channel) {
        return Err(unfit("channel"));
    }
    if new.at.since(server.env.now()) > CLOCK_AHEAD_MS_MAX {
        return Err(unfit("at"));
    }
    let content = digest_of(&new)?;
    let NewPayment { application_no, amount_rp, ntpn, channel, at } = new;
    let event = Event::Paid { payment: Payment { amount_rp, ntpn: ntpn.clone(), channel, at } };
    let (arrived, late) = server.ledger.take_payment(&application_no, &ntpn, &content, event).await?;
    server.metrics.payment(arrived, late);
    // A payment after the deadline is kept and shown; the applicant chooses a place again.
    json(&parts.headers, status(arrived), &TakenPayment { ntpn, late })
}
