//! An application and what its applicant does with it afterwards: another scan, another wish, or giving it up.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use chrono::Datelike;
use loket_core::act::{Event, Subject};
use loket_core::application::{AgeClass, Bill, CancelledBy, Delivery, Form, Kind, PlaceKind, Submission, UploadedScan};
use loket_core::id::{ApplicationNo, ScanHash, Timestamp};
use loket_core::rules::{Rules, age_on};
use loket_core::sync::Stream;
use loket_core::world::World;
use unicode_normalization::UnicodeNormalization as _;

use super::appointments::time_of;
use super::{
    APPLICATION_BYTES_MAX, APPLICATION_NO_CHARS_MAX, AnotherScan, CLOCK_AHEAD_MS_MAX, NewApplication, NewCancellation,
    NewDelivery, NewDocument, NewForm, PAYMENT_DUE_MS, SCANS_PER_APPLICATION_MAX, SUBMITTED_AGE_MS_MAX, Status,
    admitted, digest_of, held_until, is_plain, number, status, unfit,
};
use crate::http::{Answer, No, Server, parse_naming, read, refuse};
use crate::ledger::{Arrived, Heads, LedgerError, NewCase, ServiceRow, Wanted};
use crate::problem::Code;
use crate::registers::billing::own_code;
use crate::status as standing;

/// Which text of a form can't be what it says, if one can't.
fn text_complaint(form: &NewForm) -> Option<&'static str> {
    let texts = [
        ("form.full_name", &form.full_name),
        ("form.birth_place", &form.birth_place),
        ("form.address", &form.address),
        ("form.mother_name", &form.mother_name),
        ("form.father_name", &form.father_name),
        ("form.phone_tail", &form.phone_tail),
        ("form.purpose", &form.purpose),
        ("form.destination", &form.destination),
    ];
    if let Some((field, _)) = texts.iter().find(|(_, text)| !is_plain(text)) {
        return Some(field);
    }
    form.full_name.trim().is_empty().then_some("form.full_name")
}

fn delivery_complaint(delivery: &Delivery) -> Option<&'static str> {
    let Delivery::Post { recipient, address, phone } = delivery else { return None };
    let texts = [("delivery.recipient", recipient), ("delivery.address", address), ("delivery.phone", phone)];
    let poor = |text: &str| text.trim().is_empty() || !is_plain(text);
    texts.into_iter().find(|(_, text)| poor(text)).map(|(field, _)| field)
}

/// What can be wrong with an application whatever the office and its rules.
fn complaint(new: &NewApplication, now: Timestamp) -> Option<String> {
    if let Some(field) = text_complaint(&new.form) {
        return Some(field.to_owned());
    }
    let NewApplication { account, kind, validity_years, same_day, documents, appointment, delivery, .. } = new;
    if !(1900..=2200).contains(&new.form.birth_date.year()) {
        return Some("form.birth_date".to_owned());
    }
    // Rows about a case are named after it with a sign between: a number has none of these.
    let no = new.application_no.as_str();
    if no.len() > APPLICATION_NO_CHARS_MAX || !no.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Some("application_no".to_owned());
    }
    let id = |text: &str| ApplicationNo::new(text.to_owned()).is_ok();
    if account.as_ref().is_some_and(|a| !id(a)) {
        return Some("account".to_owned());
    }
    if ![5, 10].contains(validity_years) {
        return Some("validity_years".to_owned());
    }
    // Percepatan was never offered to those whose case has to be looked into first.
    if *same_day && !matches!(kind, Kind::New | Kind::Replacement) {
        return Some("same_day".to_owned());
    }
    if documents.len() > SCANS_PER_APPLICATION_MAX {
        return Some("documents".to_owned());
    }
    if let Some(i) = documents.iter().position(|d| !is_plain(&d.file_name)) {
        return Some(format!("documents[{i}].file_name"));
    }
    if let Some(field) = delivery.as_ref().and_then(delivery_complaint) {
        return Some(field.to_owned());
    }
    if new.submitted_at.since(now) > CLOCK_AHEAD_MS_MAX || now.since(new.submitted_at) > SUBMITTED_AGE_MS_MAX {
        return Some("submitted_at".to_owned());
    }
    let appointment = appointment.as_ref()?;
    if !(2000..=2200).contains(&appointment.day.year()) {
        return Some("appointment.day".to_owned());
    }
    None
}

/// One text for one name, however it was typed: two spellings of the same letter are one.
fn composed(text: &str) -> String {
    text.trim().nfc().collect()
}

/// What the rules of the office make of an application.
fn submission(new: &NewApplication, rules: &Rules) -> Result<Submission, LedgerError> {
    let unfit = |field: &str| LedgerError::Malformed(field.to_owned());
    let day = rules.day(new.submitted_at);
    if new.form.birth_date > day {
        return Err(unfit("form.birth_date"));
    }
    let grown_up = new.married || age_on(new.form.birth_date, day) >= rules.adult_from_age;
    if new.validity_years == 10 && !grown_up {
        return Err(unfit("validity_years"));
    }
    if rules.electronic_only && !new.electronic {
        return Err(unfit("electronic"));
    }
    let mut form = Form::from(new.form.clone());
    for text in [
        &mut form.full_name,
        &mut form.birth_place,
        &mut form.address,
        &mut form.mother_name,
        &mut form.father_name,
        &mut form.phone_tail,
        &mut form.purpose,
        &mut form.destination,
    ] {
        *text = composed(text);
    }
    Ok(Submission {
        kind: new.kind,
        age: if grown_up { AgeClass::Adult } else { AgeClass::Child },
        electronic: new.electronic,
        validity_years: new.validity_years,
        same_day: new.same_day,
        married: new.married,
        form,
        group: new.account.clone(),
        priority: new.priority,
        at: new.submitted_at,
    })
}

/// The registry rows that an application becomes.
fn rows(
    new: &NewApplication,
    submission: Submission,
    scans: Vec<UploadedScan>,
    rules: &Rules,
    heads: &Heads,
    makes_bills: bool,
) -> Result<Vec<ServiceRow>, LedgerError> {
    let no = &new.application_no;
    let row = |name, external_id: String, event| ServiceRow {
        stream: Stream::Registry,
        name,
        external_id,
        subject: Subject::Application(no.clone()),
        events: vec![event],
    };
    let (at, later) = (submission.at, submission.kind.is_paid_after_photo());
    let day = rules.day(at);
    let amount_rp =
        rules.tariff(&submission, day).ok_or_else(|| LedgerError::Malformed("validity_years".to_owned()))?;
    let mut out = vec![row("m-paspor", no.to_string(), Event::Submitted { submission: Box::new(submission) })];
    for (i, scan) in scans.into_iter().enumerate() {
        out.push(row("m-paspor", format!("{no}/{i}"), Event::ScanUploaded { scan }));
    }
    if let Some(delivery) = new.delivery.clone() {
        out.push(row("m-paspor", format!("{no}/delivery"), Event::DeliveryChosen { delivery }));
    }
    if makes_bills && !later {
        let bill = Bill { code: own_code(day, heads), amount_rp, due: at.plus_ms(PAYMENT_DUE_MS) };
        out.push(row("billing", no.to_string(), Event::Billed { bill }));
    }
    Ok(out)
}

/// The scans that are named, as they lie in the store.
async fn scans_of(server: &Server, documents: &[NewDocument], at: Timestamp) -> Result<Vec<UploadedScan>, No> {
    let mut scans = Vec::new();
    for (i, document) in documents.iter().enumerate() {
        let scan = server.ledger.scan(&document.hash).await.map_err(|e| match e {
            LedgerError::Absent(_) => refuse(Code::ScanUnknown, format!("documents[{i}].hash")),
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
            at,
        });
    }
    Ok(scans)
}

/// The place that an application wants. One for priority groups or for the same day has to fit.
fn place_of(new: &NewApplication) -> Result<Option<Wanted>, No> {
    let Some(wanted) = &new.appointment else { return Ok(None) };
    let (same_day, has_priority) = (new.same_day, new.priority.is_some());
    let kind = wanted.kind.unwrap_or(PlaceKind::fitting(same_day, has_priority));
    if !kind.fits(same_day, has_priority) {
        return Err(unfit("appointment.kind"));
    }
    Ok(Some(Wanted { day: wanted.day, time: time_of(&wanted.time, "appointment.time")?, kind }))
}

/// An application is handed in
///
/// Takes the place it wants, makes the bill, and says at once what an applicant should know: a second application of the
/// same person, or a "new" one of somebody who has a passport. The same again changes nothing.
#[utoipa::path(
    post, path = "/v1/intake/applications", tag = "applications", operation_id = "submit", security(("intake" = [])),
    request_body(content = NewApplication, content_type = "application/json"),
    responses((status = 200, body = Status, description = "It was here already"),
              (status = 201, body = Status, description = "Taken in"))
)]
pub(crate) async fn submit(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let new: NewApplication = parse_naming(&read(body, APPLICATION_BYTES_MAX).await?)?;
    let now = server.env.now();
    if let Some(field) = complaint(&new, now) {
        return Err(unfit(field));
    }
    let place = place_of(&new)?;
    let content = digest_of(&new)?;
    if server.ledger.was_taken_in(&new.application_no, &content).await? {
        server.metrics.submission(Arrived::Again);
        return standing::answer(&server, &parts.headers, StatusCode::OK, &new.application_no).await;
    }
    let unknown_office = |e| match e {
        LedgerError::OfficeUnknown(_) => unfit("office"),
        LedgerError::Malformed(field) => unfit(field),
        other => other.into(),
    };
    let found = server.ledger.view(&new.office, |world| world.office.rules_at(now).cloned()).await;
    let rules = found.map_err(unknown_office)?.ok_or_else(|| unfit("office"))?;
    if place.as_ref().is_some_and(|p| p.day < rules.day(now)) {
        return Err(unfit("appointment.day"));
    }
    let submission = submission(&new, &rules).map_err(unknown_office)?;
    let has = |kind| new.documents.iter().any(|d| d.document == kind);
    if let Some(missing) = rules.documents(submission.kind, submission.age).iter().find(|kind| !has(**kind)) {
        let word = serde_json::to_value(missing).ok().and_then(|w| w.as_str().map(str::to_owned)).unwrap_or_default();
        return Err(refuse(Code::DocumentMissing, format!("documents.{word}")));
    }
    let scans = scans_of(&server, &new.documents, new.submitted_at).await?;
    let hashes: Vec<ScanHash> = new.documents.iter().map(|d| d.hash).collect();
    let due = held_until(&submission, now, server.makes_bills);
    let case = NewCase {
        no: &new.application_no,
        content,
        scans: &hashes,
        nik: submission.form.nik,
        account: new.account.as_deref(),
        place: place.as_ref(),
        due,
    };
    let write = |_: &World, heads: &Heads| rows(&new, submission, scans, &rules, heads, server.makes_bills);
    let arrived = server.ledger.take_application(&new.office, &case, write).await;
    server.metrics.booking(&arrived);
    let arrived = arrived.map_err(unknown_office)?;
    server.metrics.submission(arrived);
    tracing::info!(office = %new.office, application = %new.application_no, "Application {} is here", new.application_no);
    standing::answer(&server, &parts.headers, status(arrived), &new.application_no).await
}

/// Documents once more
///
/// After an officer asked for them, or where one was never uploaded. Every attempt is kept.
#[utoipa::path(
    post, path = "/v1/intake/applications/{no}/documents", tag = "applications", operation_id = "reupload",
    security(("intake" = [])),
    params(("no" = ApplicationNo, Path, description = "Application number")),
    request_body(content = AnotherScan, content_type = "application/json"),
    responses((status = 200, body = Status, description = "Taken in, now or before"))
)]
pub(crate) async fn reupload(State(server): State<Arc<Server>>, Path(no): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let no = number(no)?;
    let AnotherScan { documents } = parse_naming(&read(body, APPLICATION_BYTES_MAX).await?)?;
    if documents.is_empty() || documents.len() > SCANS_PER_APPLICATION_MAX {
        return Err(unfit("documents"));
    }
    if let Some(i) = documents.iter().position(|d| !is_plain(&d.file_name)) {
        return Err(unfit(format!("documents[{i}].file_name")));
    }
    let scans = scans_of(&server, &documents, server.env.now()).await?;
    server.ledger.take_reupload(&no, scans).await?;
    standing::answer(&server, &parts.headers, StatusCode::OK, &no).await
}

/// An application is given up
///
/// Before it was served. Its place goes to others; the fee is not paid back. Twice is once.
#[utoipa::path(
    post, path = "/v1/intake/applications/{no}/cancellation", tag = "applications", operation_id = "cancel",
    security(("intake" = [])),
    params(("no" = ApplicationNo, Path, description = "Application number")),
    request_body(content = NewCancellation, content_type = "application/json"),
    responses((status = 200, body = Status, description = "Given up, now or before"))
)]
pub(crate) async fn cancel(State(server): State<Arc<Server>>, Path(no): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let no = number(no)?;
    let NewCancellation { reason } = parse_naming(&read(body, APPLICATION_BYTES_MAX).await?)?;
    if !is_plain(&reason) {
        return Err(unfit("reason"));
    }
    server.ledger.cancel(&no, CancelledBy::Applicant, &reason).await?;
    standing::answer(&server, &parts.headers, StatusCode::OK, &no).await
}

/// Fetched, or brought by the post
///
/// Until it was given to the post.
#[utoipa::path(
    put, path = "/v1/intake/applications/{no}/delivery", tag = "applications", operation_id = "choose_delivery",
    security(("intake" = [])),
    params(("no" = ApplicationNo, Path, description = "Application number")),
    request_body(content = NewDelivery, content_type = "application/json"),
    responses((status = 200, body = Status, description = "Chosen"))
)]
pub(crate) async fn choose_delivery(
    State(server): State<Arc<Server>>,
    Path(no): Path<String>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let no = number(no)?;
    let NewDelivery { delivery } = parse_naming(&read(body, APPLICATION_BYTES_MAX).await?)?;
    if let Some(field) = delivery_complaint(&delivery) {
        return Err(unfit(field));
    }
    server.ledger.choose_delivery(&no, delivery).await?;
    standing::answer(&server, &parts.headers, StatusCode::OK, &no).await
}

/// Where an application stands
#[utoipa::path(
    get, path = "/v1/intake/applications/{no}", tag = "applications", operation_id = "status", security(("intake" = [])),
    params(("no" = ApplicationNo, Path, description = "Application number")),
    responses((status = 200, body = Status, description = "What was done, and what is next"))
)]
pub(crate) async fn status_of(State(server): State<Arc<Server>>, Path(no): Path<String>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    admitted(&server, &parts)?;
    standing::answer(&server, &parts.headers, StatusCode::OK, &number(no)?).await
}
