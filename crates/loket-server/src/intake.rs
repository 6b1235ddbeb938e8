//! What comes in from outside: applications with their scans from M-Paspor, payments from the payment channel. Each
//! becomes registry rows, once, however often it is sent. Nothing is taken in half: an application names only scans
//! whose bytes are here already.
//!
//! M-Paspor shows a shared key; the payment channel signs each notice with a key of its own. No register is
//! asked yet: without an adapter there is no answer row, and desks show the check as open.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use chrono::{Datelike, NaiveDate, NaiveTime};
use loket_core::act::{Event, Subject};
use loket_core::application::{
    Bill, DocumentKind, EarlierPassport, Payment, PlaceKind, Submission, TEXT_CHARS_MAX, UploadedScan,
};
use loket_core::id::{ApplicationNo, Digest, OfficeCode, ScanHash, Timestamp};
use loket_core::sync::{PROTOCOL, Stream, WireError};
use loket_core::world::World;
use serde::{Deserialize, Serialize};

use crate::http::{Answer, No, Server, bad, bears, json, parse, read};
use crate::ledger::{Arrived, DAYS_MAX, Heads, LedgerError, ServiceRow, Wanted};
use crate::scans::SCAN_BYTES_MAX;

/// Scans of one application when it is submitted.
pub const SCANS_PER_APPLICATION_MAX: usize = 20;
/// Bytes of an application without its scans.
pub const APPLICATION_BYTES_MAX: usize = 256 * 1024;
/// Earlier passports of one person.
pub const EARLIER_PASSPORTS_MAX: usize = 20;
/// A billing code can be paid for two hours after submission.
pub const PAYMENT_DUE_MS: i64 = 2 * 3600 * 1000;
/// How long a channel may take to report a payment, at least, from the moment an application came in.
pub const PAYMENT_REPORT_MS: i64 = 10 * 60 * 1000;
/// How old a signed notice may be, in milliseconds, or how far ahead its clock.
pub const NOTICE_AGE_MS_MAX: i64 = 5 * 60 * 1000;
/// Characters of an NTPN.
const NTPN_CHARS: usize = 16;
/// Beyond this a number does not survive JavaScript.
const AMOUNT_RP_MAX: u64 = 1 << 53;

/// `POST /v1/intake/applications`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApplication {
    pub office: OfficeCode,
    pub application_no: ApplicationNo,
    pub submission: Submission,
    pub documents: Vec<NewDocument>,
    pub appointment: Option<NewAppointment>,
    /// What DPRI knows of earlier passports; absent if nobody asked.
    pub earlier_passports: Option<Vec<EarlierPassport>>,
}

/// A scan of the application; its bytes were sent before.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    pub document: DocumentKind,
    pub file_name: String,
    /// What the sender says. What it is, the first bytes say.
    pub media_type: String,
    pub hash: ScanHash,
    pub bytes: u64,
}

/// A booked place, on the office's clock.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAppointment {
    pub day: NaiveDate,
    /// `HH:MM`
    pub time: String,
    /// What kind of place; left out, the one that fits the applicant, or the one they had before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PlaceKind>,
}

impl NewAppointment {
    fn time(&self) -> Result<NaiveTime, No> {
        NaiveTime::parse_from_str(&self.time, "%H:%M").map_err(|_| unfit("appointment.time"))
    }
}

/// `POST /v1/intake/payments`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    pub application_no: ApplicationNo,
    pub amount_rp: u64,
    pub ntpn: String,
    pub channel: String,
    pub at: Timestamp,
}

pub(crate) fn admitted(server: &Server, parts: &Parts) -> Result<(), No> {
    if bears(&parts.headers, &server.intake_key) { Ok(()) } else { Err(No::Wire(WireError::DeskUnknown)) }
}

fn unfit(field: impl Into<String>) -> No {
    No::Unfit(field.into())
}

/// A text that fits a line of paper and hides nothing.
fn is_plain(text: &str) -> bool {
    let hidden = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(hidden)
}

fn digest_of<T: Serialize>(value: &T) -> Result<Digest, No> {
    let text = serde_json::to_vec(value).map_err(|_| No::Wire(WireError::Internal))?;
    Ok(Digest::of(&text))
}

/// Which field of an application can't be what it says, if one can't.
fn complaint(new: &NewApplication) -> Option<String> {
    let Submission { form, group, validity_years, .. } = &new.submission;
    let texts = [
        ("submission.form.full_name", &form.full_name),
        ("submission.form.birth_place", &form.birth_place),
        ("submission.form.address", &form.address),
        ("submission.form.mother_name", &form.mother_name),
        ("submission.form.father_name", &form.father_name),
        ("submission.form.phone_tail", &form.phone_tail),
        ("submission.form.purpose", &form.purpose),
        ("submission.form.destination", &form.destination),
    ];
    if let Some((field, _)) = texts.iter().find(|(_, text)| !is_plain(text)) {
        return Some((*field).to_owned());
    }
    if form.full_name.trim().is_empty() {
        return Some("submission.form.full_name".to_owned());
    }
    if !(1900..=2200).contains(&form.birth_date.year()) {
        return Some("submission.form.birth_date".to_owned());
    }
    if group.as_ref().is_some_and(|g| g.is_empty() || !is_plain(g)) {
        return Some("submission.group".to_owned());
    }
    if ![5, 10].contains(validity_years) {
        return Some("submission.validity_years".to_owned());
    }
    if new.documents.len() > SCANS_PER_APPLICATION_MAX {
        return Some("documents".to_owned());
    }
    if let Some(i) = new.documents.iter().position(|d| !is_plain(&d.file_name)) {
        return Some(format!("documents[{i}].file_name"));
    }
    if let Some(earlier) = &new.earlier_passports
        && (earlier.len() > EARLIER_PASSPORTS_MAX || earlier.iter().any(|p| !is_plain(&p.number)))
    {
        return Some("earlier_passports".to_owned());
    }
    let appointment = new.appointment.as_ref()?;
    if NaiveTime::parse_from_str(&appointment.time, "%H:%M").is_err() {
        return Some("appointment.time".to_owned());
    }
    (!(2000..=2200).contains(&appointment.day.year())).then(|| "appointment.day".to_owned())
}

/// The registry rows that an application becomes.
fn rows(
    new: &NewApplication,
    scans: Vec<UploadedScan>,
    world: &World,
    heads: &Heads,
    now: Timestamp,
) -> Result<Vec<ServiceRow>, LedgerError> {
    let rules = world.office.rules_at(now).ok_or(LedgerError::Absent("rules"))?;
    let no = &new.application_no;
    let row = |name, external_id: String, event| ServiceRow {
        stream: Stream::Registry,
        name,
        external_id,
        subject: Subject::Application(no.clone()),
        events: vec![event],
    };
    let submitted = Event::Submitted { submission: Box::new(new.submission.clone()) };
    let mut out = vec![row("m-paspor", no.to_string(), submitted)];
    for (i, scan) in scans.into_iter().enumerate() {
        out.push(row("m-paspor", format!("{no}/{i}"), Event::ScanUploaded { scan }));
    }
    let at = new.submission.at;
    let day = rules.day(at);
    let tariff = rules.tariff(&new.submission, day);
    let amount_rp = tariff.ok_or_else(|| LedgerError::Malformed("submission.validity_years".to_owned()))?;
    // SIMPONI's codes read 8, date, six digits. Ours count the office's registry rows, so none comes twice on a day.
    let serial = heads.get(&Stream::Registry).map_or(0, |h| h.seq) % 1_000_000;
    let code = format!("8{}{serial:06}", day.format("%Y%m%d"));
    let bill = Bill { code, amount_rp, due: at.plus_ms(PAYMENT_DUE_MS) };
    out.push(row("billing", no.to_string(), Event::Billed { bill }));
    if let Some(passports) = &new.earlier_passports {
        out.push(row("dpri", no.to_string(), Event::EarlierPassportsFound { passports: passports.clone() }));
    }
    Ok(out)
}

/// `POST /v1/intake/applications`
pub(crate) async fn application(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let new: NewApplication = parse(&read(body, APPLICATION_BYTES_MAX).await?)?;
    if let Some(field) = complaint(&new) {
        return Err(unfit(field));
    }
    let mut scans = Vec::new();
    for (i, document) in new.documents.iter().enumerate() {
        let scan = server.ledger.scan(&document.hash).await.map_err(|e| match e {
            LedgerError::Absent(_) => unfit(format!("documents[{i}].hash")),
            other => other.into(),
        })?;
        if scan.bytes != document.bytes {
            return Err(unfit(format!("documents[{i}].bytes")));
        }
        scans.push(UploadedScan {
            document: document.document,
            hash: document.hash,
            file_name: document.file_name.clone(),
            media_type: scan.media_type,
            bytes: scan.bytes,
            at: new.submission.at,
        });
    }
    let content = digest_of(&new)?;
    let hashes: Vec<ScanHash> = new.documents.iter().map(|d| d.hash).collect();
    let now = server.env.now();
    let write = |world: &World, heads: &Heads| rows(&new, scans, world, heads, now);
    let fitting = if new.submission.priority.is_some() { PlaceKind::Priority } else { PlaceKind::Regular };
    let place = match &new.appointment {
        Some(a) => Some(Wanted { day: a.day, time: a.time()?, kind: a.kind.unwrap_or(fitting) }),
        None => None,
    };
    let place = place.as_ref().map(|p| (p, held_until(&new.submission, now)));
    let arrived =
        server.ledger.take_application(&new.office, &new.application_no, &content, &hashes, place, write).await;
    let arrived = arrived.map_err(|e| match e {
        LedgerError::OfficeUnknown(_) => unfit("office"),
        LedgerError::Malformed(field) => unfit(field),
        LedgerError::Conflict(what) if what == "application" => {
            No::Wire(WireError::Conflict { field: "application_no".to_owned() })
        }
        other => other.into(),
    })?;
    tracing::info!(office = %new.office, application = %new.application_no, "Application {} is here", new.application_no);
    json(&parts.headers, status(arrived), &serde_json::json!({ "application_no": new.application_no }))
}

/// Until when a place is held for somebody who has not paid; 0 if the fee is due after the photo only.
fn held_until(submission: &Submission, now: Timestamp) -> Timestamp {
    if submission.kind.is_paid_after_photo() {
        return Timestamp(0);
    }
    submission.at.plus_ms(PAYMENT_DUE_MS).max(now.plus_ms(PAYMENT_REPORT_MS))
}

/// `GET /v1/intake/offices/{office}/places?from=YYYY-MM-DD&to=YYYY-MM-DD`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    from: NaiveDate,
    to: NaiveDate,
}

pub(crate) async fn places(
    State(server): State<Arc<Server>>,
    Path(office): Path<String>,
    days: Result<Query<Days>, QueryRejection>,
    request: Request,
) -> Answer {
    let (parts, _) = request.into_parts();
    admitted(&server, &parts)?;
    let Query(Days { from, to }) = days.map_err(|_| bad("from, to"))?;
    if to < from || to.signed_duration_since(from).num_days() >= DAYS_MAX as i64 {
        return Err(unfit("to"));
    }
    let office = OfficeCode::new(office).map_err(|_| No::Wire(WireError::NotFound))?;
    let places = server.ledger.places(&office, from..=to).await.map_err(|e| match e {
        LedgerError::OfficeUnknown(_) => No::Wire(WireError::NotFound),
        other => other.into(),
    })?;
    let lines = places.iter().map(|p| {
        serde_json::json!({
            "day": p.day, "time": p.time.format("%H:%M").to_string(), "kind": p.kind,
            "places": p.places, "left": p.places.saturating_sub(p.taken),
        })
    });
    json(&parts.headers, StatusCode::OK, &serde_json::json!({ "office": office, "places": lines.collect::<Vec<_>>() }))
}

/// `POST /v1/intake/applications/{no}/appointment`: another place, by the applicant.
pub(crate) async fn reschedule(State(server): State<Arc<Server>>, Path(no): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let no = ApplicationNo::new(no).map_err(|_| No::Wire(WireError::NotFound))?;
    let wanted: NewAppointment = parse(&read(body, APPLICATION_BYTES_MAX).await?)?;
    let office = server.ledger.office_of(&no).await?;
    let moved = server.ledger.reschedule(&office, &no, wanted.day, wanted.time()?, wanted.kind).await;
    let appointment = moved.map_err(|e| match e {
        LedgerError::Malformed(field) => unfit(field),
        other => other.into(),
    })?;
    json(&parts.headers, StatusCode::OK, &serde_json::json!({ "application_no": no, "appointment": appointment }))
}

/// New things are created; a repeat finds them.
fn status(arrived: Arrived) -> StatusCode {
    match arrived {
        Arrived::New => StatusCode::CREATED,
        Arrived::Again => StatusCode::OK,
    }
}

/// `PUT /v1/intake/scans/{hash}`
pub(crate) async fn scan(State(server): State<Arc<Server>>, Path(hash): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let hash: ScanHash = hash.parse().map_err(|_| bad("hash"))?;
    let bytes = read(body, SCAN_BYTES_MAX).await?;
    let arrived = server.scans.put(hash, bytes.to_vec()).await?;
    json(&parts.headers, status(arrived), &serde_json::json!({ "hash": hash }))
}

/// Is this notice the payment channel's own, and from just now? One that was overheard is worth nothing later, and
/// within these minutes its NTPN makes it a repeat.
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

/// `POST /v1/intake/payments`: a notice of the payment channel, signed with its key.
pub(crate) async fn payment(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let body = read(body, APPLICATION_BYTES_MAX).await?;
    if !is_billings_own(&server, &parts, &body) {
        return Err(No::Wire(WireError::DeskUnknown));
    }
    let new: NewPayment = parse(&body)?;
    if new.ntpn.len() != NTPN_CHARS || !new.ntpn.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(unfit("ntpn"));
    }
    if new.amount_rp == 0 || new.amount_rp > AMOUNT_RP_MAX {
        return Err(unfit("amount_rp"));
    }
    if new.channel.trim().is_empty() || !is_plain(&new.channel) {
        return Err(unfit("channel"));
    }
    let content = digest_of(&new)?;
    let NewPayment { application_no, amount_rp, ntpn, channel, at } = new;
    let event = Event::Paid { payment: Payment { amount_rp, ntpn: ntpn.clone(), channel, at } };
    let (arrived, late) =
        server.ledger.take_payment(&application_no, &ntpn, &content, event).await.map_err(|e| match e {
            LedgerError::Conflict(_) => No::Wire(WireError::Conflict { field: "ntpn".to_owned() }),
            other => other.into(),
        })?;
    // A payment after the deadline is kept and shown; whether it still buys a place is for people to say.
    json(&parts.headers, status(arrived), &serde_json::json!({ "ntpn": ntpn, "late": late }))
}

/// `GET /health`
pub(crate) async fn health(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let offices = server.ledger.offices().await?.len();
    let body = serde_json::json!({ "ok": true, "protocol": PROTOCOL, "offices": offices, "now": server.env.now() });
    json(request.headers(), StatusCode::OK, &body)
}
