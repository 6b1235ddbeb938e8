//! Where an application stands: for M-Paspor as codes, for whoever asks as a small page in two languages that a phone can
//! show. The page tells what was done and when, and nothing about the person: who knows a number learns no name from it.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use loket_core::act::{Event, Stamp};
use loket_core::application::{
    Application, Appointment, DocumentKind, DocumentState, PaymentState, PostStage, ProductionStage, Reason, Register,
    Verdict,
};
use loket_core::id::{ApplicationNo, Timestamp};
use loket_core::rules::Rules;
use loket_core::visit::{Outcome, Stage, Visit};
use loket_core::world::World;
use serde::Deserialize;

use crate::http::{Answer, No, Server, json};
use crate::intake::{BillLine, Check, Done, Place, Reupload, Standing, Status, Step, clock};
use crate::ledger::LedgerError;
use crate::problem::{Code, SPOKEN_FOR, Sentence};

/// `GET /status?no=...&lang=id|en`
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    no: Option<String>,
    lang: Option<String>,
}

fn standing(case: &Application, visits: &[&Visit]) -> Standing {
    if case.cancelled.is_some() {
        return Standing::Cancelled;
    }
    let mut outcomes = visits.iter().flat_map(|v| &v.state.outcomes).filter(|o| o.application == case.no);
    if let Some(last) = outcomes.next_back() {
        return match last.outcome {
            Outcome::Accepted => after_the_counter(case),
            Outcome::AwaitingReupload if reuploads_asked(case).is_empty() => Standing::ReuploadSent,
            Outcome::AwaitingReupload => Standing::AwaitingReupload,
            Outcome::OnHold { .. } => Standing::OnHold,
            Outcome::Refused { .. } => Standing::Refused,
            Outcome::GivenUp => Standing::GivenUp,
        };
    }
    if visits.iter().any(|v| matches!(v.stage(), Stage::Called { .. } | Stage::Serving { .. })) {
        return Standing::AtTheOffice;
    }
    if visits.iter().any(|v| matches!(v.stage(), Stage::Waiting { .. })) {
        return Standing::WaitingAtTheOffice;
    }
    let pays_later = case.submission.as_ref().is_some_and(|s| s.kind.is_paid_after_photo());
    let booked = if case.appointment.is_some() { Standing::Booked } else { Standing::WithoutAppointment };
    match case.payment() {
        PaymentState::Paid { .. } if case.appointment.is_none() && case.payment_expired.is_some() => Standing::PaidLate,
        PaymentState::Paid { .. } | PaymentState::ProofSeen { .. } => booked,
        PaymentState::Expired { .. } => Standing::PaymentExpired,
        PaymentState::PaidInPart { .. } if case.payment_expired.is_some() => Standing::PaymentExpired,
        PaymentState::PaidInPart { .. } => Standing::AwaitingPayment,
        PaymentState::Unpaid | PaymentState::Unknown if pays_later => booked,
        PaymentState::Unpaid | PaymentState::Unknown => Standing::AwaitingPayment,
    }
}

/// Accepted: in the making, ready, or with the post.
fn after_the_counter(case: &Application) -> Standing {
    match (case.post.last().map(|r| r.stage), &case.consignment, case.production.last().map(|r| r.stage)) {
        (Some(PostStage::Delivered), ..) => Standing::Delivered,
        (Some(PostStage::Returned), ..) => Standing::Returned,
        (_, Some(_), _) => Standing::Dispatched,
        (_, None, Some(ProductionStage::Ready)) => Standing::ReadyForCollection,
        (_, None, _) => Standing::InProcess,
    }
}

/// Documents whose newest word is "once more", with what the officer wrote.
fn reuploads_asked(case: &Application) -> Vec<Reupload> {
    let mut kinds: Vec<DocumentKind> = case.verdicts.iter().map(|e| e.value.document).collect();
    kinds.sort();
    kinds.dedup();
    kinds
        .into_iter()
        .filter_map(|document| {
            let DocumentState::ReuploadAsked { reason } = case.document_state(document) else { return None };
            let asked = case.verdicts.iter().rev().find(|e| !e.withdrawn && e.value.document == document)?;
            let attempts: Vec<_> = case.scans.iter().filter(|s| s.document == document).collect();
            // Whoever has sent another one waits for the officer now.
            if attempts.last().is_some_and(|newest| newest.hash != asked.value.scan) {
                return None;
            }
            Some(Reupload {
                document,
                reason,
                sentence: reupload_sentence(reason),
                note: asked.value.to_applicant.clone(),
                attempts: u32::try_from(attempts.len()).unwrap_or(u32::MAX),
            })
        })
        .collect()
}

/// What happened, from the rows themselves.
fn history(case: &Application, rows: &[(Stamp, Event)], visits: &[&Visit]) -> Vec<Done> {
    let mut out = Vec::new();
    let mut add = |at: Timestamp, step: Step| out.push(Done { at, step });
    let (mut booked, mut seen) = (false, Vec::new());
    for (stamp, event) in rows {
        match event {
            Event::Submitted { submission } => add(submission.at, Step::Submitted),
            Event::Billed { .. } => add(stamp.at, Step::Billed),
            Event::Paid { payment } => add(payment.at, Step::Paid),
            Event::PaymentExpired => add(stamp.at, Step::PaymentExpired),
            Event::Booked { .. } => {
                add(stamp.at, if booked { Step::Rescheduled } else { Step::Booked });
                booked = true;
            }
            Event::ScanUploaded { scan } => {
                if seen.contains(&scan.document) {
                    add(stamp.at, Step::Reuploaded);
                }
                seen.push(scan.document);
            }
            Event::VerdictGiven { verdict: Verdict::AskReupload { .. }, .. } => add(stamp.at, Step::ReuploadAsked),
            Event::DeliveryChosen { .. } => add(stamp.at, Step::DeliveryChosen),
            Event::ProductionReported { report } => match report.stage {
                ProductionStage::BookletAllocated => add(report.at, Step::Printing),
                ProductionStage::Printed => add(report.at, Step::Printed),
                ProductionStage::Ready => add(report.at, Step::Ready),
                ProductionStage::QualityPassed | ProductionStage::QualityFailed => {}
            },
            Event::Dispatched { consignment } => add(consignment.at, Step::Dispatched),
            Event::PostReported { report } => match report.stage {
                PostStage::InTransit => {}
                PostStage::Delivered => add(report.at, Step::Delivered),
                PostStage::Returned => add(report.at, Step::Returned),
            },
            Event::Cancelled { cancellation } => add(cancellation.at, Step::Cancelled),
            _ => {}
        }
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

/// Where an application of this office stands; `None` if it is not one of them. `rows` are all that was written about it.
pub fn status_of(world: &World, no: &ApplicationNo, rows: &[(Stamp, Event)], now: Timestamp) -> Option<Status> {
    let case = world.applications.get(no)?;
    let rules = world.office.rules_at(now)?;
    let comes = |v: &&Visit| v.plan.as_ref().is_some_and(|p| p.applications.contains(no));
    let visits: Vec<&Visit> = world.visits.values().filter(comes).collect();
    let standing = standing(case, &visits);
    let place =
        |a: &Appointment| Place { day: a.day, time: clock(rules.local(a.slot).time()), zone: rules.zone_name() };
    let registers = [Register::Population, Register::BanList, Register::TravelDocuments];
    // Whether somebody may leave the country is told by an officer, never by a number on a page.
    let told = registers.into_iter().filter(|r| *r != Register::BanList).filter_map(|r| case.answer(r));
    let check = |a: &loket_core::application::Answer| Check {
        register: a.register,
        result: a.result,
        differs: a.differs.clone(),
        source: a.source.clone(),
        at: a.at,
    };
    Some(Status {
        application_no: no.clone(),
        office: world.office.info.as_ref()?.code.clone(),
        standing,
        sentence: sentence(standing),
        appointment: case.appointment.as_ref().map(place),
        bill: case.bill.as_ref().map(|b| BillLine { code: b.code.clone(), amount_rp: b.amount_rp, due: b.due }),
        pay_until: case.bill.as_ref().map(|b| b.due).filter(|_| standing == Standing::AwaitingPayment),
        reuploads: reuploads_asked(case),
        warnings: case.warnings(),
        checks: told.map(check).collect(),
        delivery: case.delivery.clone(),
        tracking_no: case.consignment.as_ref().map(|c| c.tracking_no.clone()),
        history: history(case, rows, &visits),
    })
}

async fn look(server: &Server, no: &ApplicationNo) -> Result<(Status, Rules), No> {
    let absent = |e: LedgerError| match e {
        LedgerError::Absent(_) => Code::NotFound.into(),
        other => No::from(other),
    };
    let office = server.ledger.office_of(no).await.map_err(absent)?;
    let now = server.env.now();
    let rows = server.ledger.history(&office, no).await?;
    let found =
        server.ledger.view(&office, |w| Some((status_of(w, no, &rows, now)?, w.office.rules_at(now)?.clone()))).await?;
    found.ok_or_else(|| Code::NotFound.into())
}

/// Answers with where an application now stands.
pub(crate) async fn answer(server: &Server, headers: &HeaderMap, status: StatusCode, no: &ApplicationNo) -> Answer {
    let (standing, _) = look(server, no).await?;
    json(headers, status, &standing)
}

/// A standing in words.
pub(crate) fn sentence(standing: Standing) -> Sentence {
    Sentence { id: (INDONESIAN.standing)(standing).to_owned(), en: (ENGLISH.standing)(standing).to_owned() }
}

/// Why a document is needed once more, and what to do.
pub(crate) fn reupload_sentence(reason: Reason) -> Sentence {
    let (id, en) = match reason {
        Reason::Blurred => ("Foto buram. Ambil lagi dengan cahaya cukup.", "Blurred. Take it again in good light."),
        Reason::CutOff => ("Ada bagian yang terpotong. Foto seluruh dokumen.", "Cut off. Take the whole document."),
        Reason::Glare => ("Terkena pantulan cahaya. Ambil dari sudut lain.", "Glare. Take it from another angle."),
        Reason::WrongDocument => ("Bukan dokumen yang diminta.", "This is not the document that was asked for."),
        Reason::PagesMissing => {
            ("Halaman belum lengkap. Unggah semua halaman.", "Pages are missing. Upload all of them.")
        }
        Reason::Expired => ("Dokumen sudah tidak berlaku.", "The document is no longer valid."),
        Reason::DataDiffers => {
            ("Data berbeda dengan formulir. Periksa dokumennya.", "It differs from the form. Check the document.")
        }
        Reason::NotOriginal => ("Foto dokumen asli yang berwarna.", "Take the original, in colour."),
        Reason::Other => ("Baca catatan petugas.", "Read what the officer wrote."),
    };
    Sentence { id: id.to_owned(), en: en.to_owned() }
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
        Err(No::Problem(problem)) if problem.code == Code::NotFound => {
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
    headers.insert(SPOKEN_FOR, HeaderValue::from_static("page"));
    response
}

/// A text of another system, without the signs that mean something in HTML.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
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
    if let Some(tracking_no) = &status.tracking_no {
        out += &format!("<p>{}: <b>{}</b></p>", words.tracking, plain(tracking_no));
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
    tracking: &'static str,
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
    tracking: "Nomor resi PT Pos",
    history: "Riwayat",
    other: "In English",
    other_lang: "en",
    standing: |standing| match standing {
        Standing::AwaitingPayment => "Menunggu pembayaran",
        Standing::PaymentExpired => "Tidak ada pembayaran sampai batas waktunya; ajukan permohonan baru",
        Standing::PaidLate => "Pembayaran diterima setelah batas waktu; pilih jadwal baru di M-Paspor",
        Standing::Booked => "Terjadwal",
        Standing::WithoutAppointment => "Belum ada jadwal; pilih jadwal di M-Paspor",
        Standing::WaitingAtTheOffice => "Sudah hadir, menunggu dipanggil",
        Standing::AtTheOffice => "Sedang dilayani di kantor imigrasi",
        Standing::AwaitingReupload => "Menunggu unggah ulang dokumen",
        Standing::ReuploadSent => "Dokumen sudah diunggah ulang, sedang diperiksa",
        Standing::OnHold => "Ditangguhkan",
        Standing::InProcess => "Diterima, paspor sedang diproses",
        Standing::ReadyForCollection => "Paspor siap diambil",
        Standing::Dispatched => "Paspor dikirim melalui PT Pos",
        Standing::Delivered => "Paspor sudah diterima",
        Standing::Returned => "Kiriman kembali ke kantor; hubungi kantor imigrasi",
        Standing::Cancelled => "Dibatalkan sebelum dilayani",
        Standing::Refused => "Ditolak; alasannya disampaikan oleh kantor imigrasi",
        Standing::GivenUp => "Dibatalkan",
    },
    step: |step| match step {
        Step::Submitted => "Permohonan dikirim",
        Step::Billed => "Kode billing dibuat",
        Step::Booked => "Jadwal dipilih",
        Step::Rescheduled => "Jadwal diubah",
        Step::ReuploadAsked => "Diminta unggah ulang dokumen",
        Step::Reuploaded => "Dokumen diunggah ulang",
        Step::DeliveryChosen => "Cara pengambilan dipilih",
        Step::Printing => "Buku paspor dialokasikan",
        Step::Printed => "Paspor dicetak",
        Step::Ready => "Paspor siap di kantor",
        Step::Dispatched => "Diserahkan kepada PT Pos",
        Step::Delivered => "Diterima",
        Step::Returned => "Kembali ke kantor",
        Step::Cancelled => "Dibatalkan",
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
    tracking: "Tracking number of PT Pos",
    history: "History",
    other: "Bahasa Indonesia",
    other_lang: "id",
    standing: |standing| match standing {
        Standing::AwaitingPayment => "Waiting for the payment",
        Standing::PaymentExpired => "No payment came in time; apply again",
        Standing::PaidLate => "Paid after the deadline; choose another appointment in M-Paspor",
        Standing::Booked => "Booked",
        Standing::WithoutAppointment => "No appointment yet; choose one in M-Paspor",
        Standing::WaitingAtTheOffice => "Arrived, waiting to be called",
        Standing::AtTheOffice => "Being served at the immigration office",
        Standing::AwaitingReupload => "Waiting for documents to be uploaded again",
        Standing::ReuploadSent => "Documents were uploaded again and are being checked",
        Standing::OnHold => "On hold",
        Standing::InProcess => "Accepted, the passport is being made",
        Standing::ReadyForCollection => "The passport can be collected",
        Standing::Dispatched => "The passport is on its way with PT Pos",
        Standing::Delivered => "The passport was delivered",
        Standing::Returned => "The parcel came back to the office; ask the immigration office",
        Standing::Cancelled => "Cancelled before it was served",
        Standing::Refused => "Refused; the immigration office tells the reason",
        Standing::GivenUp => "Cancelled",
    },
    step: |step| match step {
        Step::Submitted => "Application submitted",
        Step::Billed => "Billing code made",
        Step::Booked => "Appointment chosen",
        Step::Rescheduled => "Appointment changed",
        Step::ReuploadAsked => "A document was asked for again",
        Step::Reuploaded => "Document uploaded again",
        Step::DeliveryChosen => "Way of handing over chosen",
        Step::Printing => "Booklet allocated",
        Step::Printed => "Passport printed",
        Step::Ready => "Passport ready at the office",
        Step::Dispatched => "Given to PT Pos",
        Step::Delivered => "Delivered",
        Step::Returned => "Back at the office",
        Step::Cancelled => "Cancelled",
        Step::Paid => "Payment received",
        Step::PaymentExpired => "Payment deadline passed",
        Step::Arrived => "Arrived at the office",
        Step::Served => "Service started",
        Step::Finished => "Service finished",
    },
};
