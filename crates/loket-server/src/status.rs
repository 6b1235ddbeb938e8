//! Where an application stands: for M-Paspor as codes, for whoever asks as a small page in two languages that a phone can
//! show. It tells what was done and when, and nothing about the person: who knows a number learns no name from it.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use chrono::NaiveDate;
use loket_core::act::Event;
use loket_core::application::{Application, DocumentKind, DocumentState, PaymentState, Reason};
use loket_core::id::{ApplicationNo, Timestamp};
use loket_core::rules::Rules;
use loket_core::sync::WireError;
use loket_core::visit::{Outcome, Stage, Visit};
use loket_core::world::World;
use serde::{Deserialize, Serialize};

use crate::http::{Answer, No, Server, json};
use crate::intake::admitted;
use crate::ledger::LedgerError;

/// Where an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    AwaitingPayment,
    /// The bill ran out, the place is gone.
    PaymentExpired,
    /// Paid after the bill ran out: kept, but without a place.
    PaidLate,
    Booked,
    AtTheOffice,
    AwaitingReupload,
    OnHold,
    InProcess,
    Refused,
    GivenUp,
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Submitted,
    Paid,
    PaymentExpired,
    Arrived,
    Served,
    Finished,
}

/// What is told about an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub application_no: ApplicationNo,
    pub standing: Standing,
    pub appointment: Option<Place>,
    /// Until when it has to be paid, while it is unpaid.
    pub pay_until: Option<Timestamp>,
    /// Documents that an officer asked for once more.
    pub reuploads: Vec<Reupload>,
    /// Oldest first.
    pub history: Vec<Done>,
}

/// A booked place on the office's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub day: NaiveDate,
    /// `HH:MM`
    pub time: String,
    /// WIB, WITA or WIT.
    pub zone: String,
}

/// A document that was asked for once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reupload {
    pub document: DocumentKind,
    pub reason: Reason,
}

/// A step and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub at: Timestamp,
    pub step: Step,
}

/// `GET /status?no=...&lang=id|en`
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    no: Option<String>,
    lang: Option<String>,
}

fn standing(case: &Application, visits: &[&Visit]) -> Standing {
    let mut outcomes = visits.iter().flat_map(|v| &v.state.outcomes).filter(|o| o.application == case.no);
    if let Some(last) = outcomes.next_back() {
        return match last.outcome {
            Outcome::Accepted => Standing::InProcess,
            Outcome::AwaitingReupload => Standing::AwaitingReupload,
            Outcome::OnHold { .. } => Standing::OnHold,
            Outcome::Refused { .. } => Standing::Refused,
            Outcome::GivenUp => Standing::GivenUp,
        };
    }
    let here = |v: &&Visit| matches!(v.stage(), Stage::Waiting { .. } | Stage::Called { .. } | Stage::Serving { .. });
    if visits.iter().any(here) {
        return Standing::AtTheOffice;
    }
    let later = case.submission.as_ref().is_some_and(|s| s.kind.is_paid_after_photo());
    match (case.payment(), case.appointment.is_some()) {
        (PaymentState::Unpaid, true) if later => Standing::Booked,
        (PaymentState::Expired { .. }, _) => Standing::PaymentExpired,
        (PaymentState::Paid { .. }, false) if case.payment_expired.is_some() => Standing::PaidLate,
        (PaymentState::Unpaid | PaymentState::Unknown, _) => Standing::AwaitingPayment,
        (PaymentState::Paid { .. } | PaymentState::ProofSeen { .. }, _) => Standing::Booked,
    }
}

fn history(case: &Application, visits: &[&Visit]) -> Vec<Done> {
    let mut out = Vec::new();
    let mut add = |at: Timestamp, step: Step| out.push(Done { at, step });
    if let Some(submission) = &case.submission {
        add(submission.at, Step::Submitted);
    }
    for payment in &case.payments {
        add(payment.at, Step::Paid);
    }
    if let Some(at) = case.payment_expired {
        add(at, Step::PaymentExpired);
    }
    for (stamp, event) in visits.iter().flat_map(|v| &v.history) {
        match event {
            Event::CheckedIn { .. } => add(stamp.at, Step::Arrived),
            Event::Started { applications, .. } if applications.contains(&case.no) => add(stamp.at, Step::Served),
            Event::Finished { outcomes, .. } if outcomes.iter().any(|o| o.application == case.no) => {
                add(stamp.at, Step::Finished);
            }
            _ => {}
        }
    }
    out.sort_by_key(|done| done.at);
    out
}

/// Where an application of this office stands; `None` if it is not one of them.
pub fn status_of(world: &World, no: &ApplicationNo, now: Timestamp) -> Option<Status> {
    let case = world.applications.get(no)?;
    let rules = world.office.rules_at(now)?;
    let comes = |v: &&Visit| v.plan.as_ref().is_some_and(|p| p.applications.contains(no));
    let visits: Vec<&Visit> = world.visits.values().filter(comes).collect();
    let standing = standing(case, &visits);
    let place = |a: &loket_core::application::Appointment| Place {
        day: a.day,
        time: rules.local(a.slot).format("%H:%M").to_string(),
        zone: rules.zone_name(),
    };
    let asked = case.documents(rules).into_iter().filter_map(|document| match case.document_state(document) {
        DocumentState::ReuploadAsked { reason } => Some(Reupload { document, reason }),
        _ => None,
    });
    Some(Status {
        application_no: no.clone(),
        standing,
        appointment: case.appointment.as_ref().map(place),
        pay_until: case.bill.as_ref().map(|b| b.due).filter(|_| standing == Standing::AwaitingPayment),
        reuploads: asked.collect(),
        history: history(case, &visits),
    })
}

async fn look(server: &Server, no: &ApplicationNo) -> Result<(Status, Rules), No> {
    let office = server.ledger.office_of(no).await.map_err(|e| match e {
        LedgerError::Absent(_) => No::Wire(WireError::NotFound),
        other => other.into(),
    })?;
    let now = server.env.now();
    let found =
        server.ledger.view(&office, |w| Some((status_of(w, no, now)?, w.office.rules_at(now)?.clone()))).await?;
    found.ok_or(No::Wire(WireError::NotFound))
}

/// `GET /v1/intake/applications/{no}`
pub(crate) async fn for_m_paspor(
    State(server): State<Arc<Server>>,
    Path(no): Path<String>,
    request: Request,
) -> Answer {
    let (parts, _) = request.into_parts();
    admitted(&server, &parts)?;
    let no = ApplicationNo::new(no).map_err(|_| No::Wire(WireError::NotFound))?;
    let (status, _) = look(&server, &no).await?;
    json(&parts.headers, StatusCode::OK, &status)
}

/// `GET /status`: the page.
pub(crate) async fn page(State(server): State<Arc<Server>>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let Query(asked) = asked.unwrap_or_default();
    let words = if asked.lang.as_deref() == Some("en") { &ENGLISH } else { &INDONESIAN };
    let Some(typed) = asked.no.filter(|no| !no.trim().is_empty()) else {
        return html(StatusCode::OK, &frame(words, "", ""));
    };
    let Ok(no) = ApplicationNo::new(typed.trim().to_owned()) else {
        return html(StatusCode::NOT_FOUND, &frame(words, "", &note(words.unknown)));
    };
    match look(&server, &no).await {
        Ok((status, rules)) => html(StatusCode::OK, &frame(words, no.as_str(), &told(words, &status, &rules))),
        Err(No::Wire(WireError::NotFound)) => {
            html(StatusCode::NOT_FOUND, &frame(words, no.as_str(), &note(words.unknown)))
        }
        Err(_) => html(StatusCode::SERVICE_UNAVAILABLE, &frame(words, no.as_str(), &note(words.later))),
    }
}

fn html(status: StatusCode, body: &str) -> Response {
    let mut response = (status, body.to_owned()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn note(text: &str) -> String {
    format!("<p role=\"alert\">{text}</p>")
}

fn told(words: &Words, status: &Status, rules: &Rules) -> String {
    let local = |at: Timestamp| rules.local(at).format("%d-%m-%Y %H.%M").to_string();
    let mut out = format!("<h2>{}</h2>", (words.standing)(status.standing));
    if let Some(at) = status.pay_until {
        out += &format!("<p>{}: <b>{} {}</b></p>", words.pay_until, local(at), rules.zone_name());
    }
    if let Some(Place { day, time, zone }) = &status.appointment {
        let (day, time) = (day.format("%d-%m-%Y"), time.replace(':', "."));
        out += &format!("<p>{}: <b>{day} {time} {zone}</b></p>", words.appointment);
    }
    if !status.reuploads.is_empty() {
        out += &format!("<p>{}</p>", words.reuploads);
    }
    out += &format!("<h3>{}</h3><ol>", words.history);
    for Done { at, step } in &status.history {
        out += &format!("<li><time>{}</time> {}</li>", local(*at), (words.step)(*step));
    }
    out + "</ol>"
}

/// The whole page. `no` is an id, which has no sign that means anything in HTML.
fn frame(words: &Words, no: &str, body: &str) -> String {
    let Words { lang, title, number, ask, other, other_lang, .. } = words;
    format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style>\
         </head><body><main><h1>{title}</h1><form action=\"/status\"><input type=\"hidden\" name=\"lang\" value=\"{lang}\">\
         <label for=\"no\">{number}</label><input id=\"no\" name=\"no\" value=\"{no}\" inputmode=\"numeric\" \
         autocomplete=\"off\" required maxlength=\"64\"><button>{ask}</button></form>{body}\
         <p><a href=\"/status?lang={other_lang}&amp;no={no}\" lang=\"{other_lang}\">{other}</a></p></main></body></html>"
    )
}

const STYLE: &str = "body{font:1.05rem/1.5 system-ui,sans-serif;color:#16202a;background:#fff;margin:0}\
main{max-width:34rem;margin:0 auto;padding:1rem}h1{font-size:1.3rem}h2{font-size:1.15rem}h3{font-size:1rem}\
label{display:block}input,button{font:inherit;box-sizing:border-box;width:100%;min-height:2.75rem;padding:.4rem .6rem;\
margin:.25rem 0;border:1px solid #6b7885;border-radius:4px}button{background:#0b3d6e;color:#fff;border-color:#0b3d6e}\
:focus-visible{outline:3px solid #0b57d0;outline-offset:2px}ol{padding-left:1.2rem}time{color:#4a5866}";

/// The sentences of the page in one language.
struct Words {
    lang: &'static str,
    title: &'static str,
    number: &'static str,
    ask: &'static str,
    unknown: &'static str,
    later: &'static str,
    pay_until: &'static str,
    appointment: &'static str,
    reuploads: &'static str,
    history: &'static str,
    other: &'static str,
    other_lang: &'static str,
    standing: fn(Standing) -> &'static str,
    step: fn(Step) -> &'static str,
}

const INDONESIAN: Words = Words {
    lang: "id",
    title: "Status permohonan paspor",
    number: "Nomor permohonan",
    ask: "Lihat status",
    unknown: "Nomor permohonan tidak ditemukan. Periksa kembali nomornya di aplikasi M-Paspor.",
    later: "Status belum dapat ditampilkan. Coba lagi beberapa saat lagi.",
    pay_until: "Bayar sebelum",
    appointment: "Jadwal kedatangan",
    reuploads: "Ada dokumen yang perlu diunggah ulang. Rinciannya ada di aplikasi M-Paspor.",
    history: "Riwayat",
    other: "In English",
    other_lang: "en",
    standing: |standing| match standing {
        Standing::AwaitingPayment => "Menunggu pembayaran",
        Standing::PaymentExpired => "Batas waktu pembayaran terlewati; jadwal dilepas",
        Standing::PaidLate => "Pembayaran diterima setelah batas waktu; hubungi kantor imigrasi",
        Standing::Booked => "Terjadwal",
        Standing::AtTheOffice => "Sedang dilayani di kantor imigrasi",
        Standing::AwaitingReupload => "Menunggu unggah ulang dokumen",
        Standing::OnHold => "Ditangguhkan",
        Standing::InProcess => "Diterima, paspor sedang diproses",
        Standing::Refused => "Ditolak; alasannya disampaikan oleh kantor imigrasi",
        Standing::GivenUp => "Dibatalkan",
    },
    step: |step| match step {
        Step::Submitted => "Permohonan dikirim",
        Step::Paid => "Pembayaran diterima",
        Step::PaymentExpired => "Batas waktu pembayaran terlewati",
        Step::Arrived => "Hadir di kantor imigrasi",
        Step::Served => "Mulai dilayani",
        Step::Finished => "Pelayanan selesai",
    },
};

const ENGLISH: Words = Words {
    lang: "en",
    title: "Status of a passport application",
    number: "Application number",
    ask: "Show the status",
    unknown: "There is no application with this number. Check the number in the M-Paspor app.",
    later: "The status can't be shown just now. Try again in a moment.",
    pay_until: "Pay before",
    appointment: "Appointment",
    reuploads: "Some documents have to be uploaded again. The M-Paspor app says which.",
    history: "History",
    other: "Bahasa Indonesia",
    other_lang: "id",
    standing: |standing| match standing {
        Standing::AwaitingPayment => "Waiting for the payment",
        Standing::PaymentExpired => "Not paid in time; the appointment was given up",
        Standing::PaidLate => "Paid after the deadline; ask the immigration office",
        Standing::Booked => "Booked",
        Standing::AtTheOffice => "Being served at the immigration office",
        Standing::AwaitingReupload => "Waiting for documents to be uploaded again",
        Standing::OnHold => "On hold",
        Standing::InProcess => "Accepted, the passport is being made",
        Standing::Refused => "Refused; the immigration office tells the reason",
        Standing::GivenUp => "Cancelled",
    },
    step: |step| match step {
        Step::Submitted => "Application submitted",
        Step::Paid => "Payment received",
        Step::PaymentExpired => "Payment deadline passed",
        Step::Arrived => "Arrived at the office",
        Step::Served => "Service started",
        Step::Finished => "Service finished",
    },
};
