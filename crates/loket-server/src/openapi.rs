//! The description of what partners can ask: OpenAPI 3.1, made from the handlers and types themselves and served at
//! `/openapi.json`. It promises that every operation names every refusal it knows, with an example for each, and that no
//! schema leaves room for properties nobody described. What desks speak is not in it: that protocol has one client, ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use loket_core::application::{
    AnswerResult, Delivery, DocumentKind, Kind, PlaceKind, Reason, Register, SpecialGround, Warning,
};
use loket_core::id::{ApplicationNo, Digest, OfficeCode, Timestamp};
use loket_core::nik::{Nik, Sex};
use loket_core::rules::SurchargeFor;
use loket_core::sync::PROTOCOL;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::health::{Health, Ready};
use crate::http::Server;
use crate::intake::{self, *};
use crate::problem::{Code, Problem};
use crate::{health, status, uploads};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Loket: the intake side",
        description = "How M-Paspor and its partners hand in applications, scans and payments, and ask where they stand."
    ),
    components(schemas(Problem)),
    tags(
        (name = "offices", description = "Offices, their rules, and what is left at them"),
        (name = "scans", description = "Files, named by the SHA-256 of their bytes; sent before the application that names them"),
        (name = "applications", description = "From handing in to the passport"),
        (name = "payments", description = "Notices of the payment channel"),
        (name = "server", description = "Is it alive?")
    )
)]
struct Described;

/// What every operation may say.
const ALWAYS: &[Code] = &[Code::AddressTooLong, Code::TooManyRequests, Code::Overloaded];
/// What every operation with a body may say about it.
const BODY: &[Code] = &[Code::BadRequest, Code::TooLarge, Code::Unfit];

/// What each operation may say besides. An operation that is not listed here is not described, and a test says so.
const REFUSALS: &[(&str, &[&[Code]])] = &[
    ("health", &[]),
    ("ready", &[]),
    ("offices", &[&[Code::KeyUnknown]]),
    ("office", &[&[Code::KeyUnknown, Code::NotFound, Code::BadRequest]]),
    ("places", &[&[Code::KeyUnknown, Code::NotFound, Code::BadRequest, Code::Unfit]]),
    ("put_scan", &[&[Code::KeyUnknown, Code::BadRequest, Code::TooLarge, Code::Unreadable, Code::HashDiffers]]),
    ("upload_progress", &[&[Code::KeyUnknown, Code::NotFound, Code::BadRequest]]),
    (
        "upload_piece",
        &[
            &[Code::KeyUnknown, Code::BadRequest, Code::TooLarge, Code::Unreadable, Code::HashDiffers],
            &[Code::UploadElsewhere],
        ],
    ),
    (
        "submit",
        &[
            BODY,
            &[Code::KeyUnknown, Code::DocumentMissing, Code::ScanUnknown, Code::PlaceUnknown],
            &[Code::DiffersFromBefore, Code::NoPlaceLeft, Code::AccountFull],
        ],
    ),
    ("status", &[&[Code::KeyUnknown, Code::NotFound, Code::BadRequest]]),
    (
        "reschedule",
        &[
            BODY,
            &[Code::KeyUnknown, Code::NotFound, Code::PlaceUnknown, Code::NoPlaceLeft, Code::TooLate],
            &[Code::MovesUsedUp, Code::NotPaid, Code::PlaceLost, Code::AlreadyServed, Code::Cancelled],
        ],
    ),
    (
        "reupload",
        &[
            BODY,
            &[Code::KeyUnknown, Code::NotFound, Code::ScanUnknown, Code::NotAsked, Code::SameScan],
            &[Code::TooManyScans, Code::Cancelled],
        ],
    ),
    ("cancel", &[BODY, &[Code::KeyUnknown, Code::NotFound, Code::AlreadyServed]]),
    ("choose_delivery", &[BODY, &[Code::KeyUnknown, Code::NotFound, Code::AlreadyDispatched, Code::Cancelled]]),
    ("payment", &[BODY, &[Code::KeyUnknown, Code::NotFound, Code::DiffersFromBefore]]),
];

/// The doors that partners use.
pub(crate) fn router() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::with_openapi(Described::openapi())
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(intake::offices))
        .routes(routes!(intake::office))
        .routes(routes!(intake::places))
        .routes(routes!(intake::put_scan, uploads::progress, uploads::piece))
        .routes(routes!(intake::submit))
        .routes(routes!(intake::status_of))
        .routes(routes!(intake::reschedule))
        .routes(routes!(intake::reupload))
        .routes(routes!(intake::cancel))
        .routes(routes!(intake::choose_delivery))
        .routes(routes!(intake::payment))
}

/// `GET /openapi.json`
pub(crate) async fn document(text: Arc<str>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], text.to_string())
}

/// The description as it is served.
pub fn text() -> String {
    complete(router().into_openapi())
}

/// Adds what a macro can't know: refusals with their examples, examples of what is sent and answered, and the strictness
/// that the types have.
pub(crate) fn complete(described: utoipa::openapi::OpenApi) -> String {
    let mut document = serde_json::to_value(described).unwrap_or_default();
    document["components"]["securitySchemes"] = json!({
        "intake": { "type": "http", "scheme": "bearer", "description": "The key that M-Paspor shows." },
        "billing": {
            "type": "apiKey", "in": "header", "name": "loket-signature",
            "description": "Ed25519 signature of the payment channel, base64, over the lines `loket-request-1`, method, \
                            path, time and SHA-256 of the body; the time goes along as `loket-at`, UTC milliseconds."
        },
    });
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.values_mut().for_each(close);
    }
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (method, operation) in paths.flat_map(|(_, item)| item.as_object_mut().into_iter().flatten()) {
        let Some(id) = operation["operationId"].as_str().map(str::to_owned) else { continue };
        if let Some(body) = operation.pointer_mut("/requestBody/content/application~1json") {
            body["example"] = request_example(&id);
        }
        let answered = answer_example(&id);
        let Some(responses) = operation["responses"].as_object_mut() else { continue };
        for response in responses.values_mut() {
            if let Some(body) = response.pointer_mut("/content/application~1json") {
                body["example"] = answered.clone();
            }
        }
        for (status, mut problems) in refusals(&id) {
            // The answer to HEAD is a head.
            if method == "head"
                && let Some(problems) = problems.as_object_mut()
            {
                problems.remove("content");
            }
            responses.entry(status).or_insert(problems);
        }
    }
    document.to_string()
}

/// The refusals of an operation by their status.
fn refusals(operation: &str) -> BTreeMap<String, Value> {
    let own = REFUSALS.iter().filter(|(id, _)| *id == operation).flat_map(|(_, codes)| codes.iter());
    let mut by_status: BTreeMap<String, Vec<Problem>> = BTreeMap::new();
    for code in own.chain([&ALWAYS]).flat_map(|codes| codes.iter()) {
        by_status.entry(code.status().as_str().to_owned()).or_default().push(example_of(*code));
    }
    let described = |problems: Vec<Problem>| {
        let words: Vec<&str> = problems.iter().map(|p| p.title.as_str()).collect();
        let examples: Map<String, Value> = problems.iter().map(|p| (word(&p.code), json!({ "value": p }))).collect();
        json!({
            "description": words.join(" "),
            "content": { "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" }, "examples": examples
            } },
        })
    };
    by_status.into_iter().map(|(status, problems)| (status, described(problems))).collect()
}

fn word<T: Serialize>(code: &T) -> String {
    serde_json::to_value(code).ok().and_then(|w| w.as_str().map(str::to_owned)).unwrap_or_default()
}

fn example_of(code: Code) -> Problem {
    match code {
        Code::BadRequest => Problem::of(code, "form.birth_date"),
        Code::Unfit => Problem::of(code, "form.full_name"),
        Code::DocumentMissing => Problem::of(code, "documents.family_card"),
        Code::ScanUnknown => Problem::of(code, "documents[0].hash"),
        Code::PlaceUnknown | Code::NoPlaceLeft => Problem::of(code, "appointment"),
        Code::DiffersFromBefore => Problem::of(code, "application_no"),
        Code::AccountFull => Problem::of(code, "account"),
        Code::NotAsked | Code::SameScan => Problem::of(code, "documents[0]"),
        Code::UploadElsewhere => Problem::of(code, "upload-offset"),
        Code::HashDiffers => Problem::of(code, "hash"),
        Code::TooLarge => Problem { max: Some(APPLICATION_BYTES_MAX as u64), ..code.into() },
        Code::Overloaded | Code::TooManyRequests => Problem { retry_s: Some(1), ..code.into() },
        Code::Unreadable => Problem { why: Some("not_an_image".to_owned()), ..code.into() },
        other => other.into(),
    }
}

/// Nothing but what is described.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") {
                map.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            map.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

fn some<T: Serialize>(value: T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn day() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap_or_default()
}

fn office() -> OfficeCode {
    OfficeCode::new("KNC").expect("a fixed code is right")
}

fn no() -> ApplicationNo {
    ApplicationNo::new("3171202611000001").expect("a fixed number is right")
}

fn hash(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}

/// Moments of the example, UTC milliseconds: handed in on Friday morning in Jakarta.
const SUBMITTED: Timestamp = Timestamp(1_795_143_600_000);

fn paper(document: DocumentKind, name: &str) -> NewDocument {
    let (file_name, media_type) = (format!("{name}.jpg"), "image/jpeg".to_owned());
    NewDocument { document, file_name, media_type, hash: hash(name), bytes: 812_345 }
}

/// What somebody might send. Everybody in it is invented.
fn request_example(operation: &str) -> Value {
    let ten = "10:00".to_owned();
    match operation {
        "submit" => some(NewApplication {
            office: office(),
            application_no: no(),
            account: Some("akun-0001".to_owned()),
            kind: Kind::New,
            electronic: true,
            validity_years: 10,
            same_day: false,
            married: false,
            priority: None,
            form: NewForm {
                full_name: "CONTOH PERMATA".to_owned(),
                nik: Nik::parse("3171015203900001").expect("a fixed NIK is right"),
                birth_place: "JAKARTA".to_owned(),
                birth_date: chrono::NaiveDate::from_ymd_opt(1990, 3, 12).unwrap_or_default(),
                sex: Sex::Female,
                address: "JALAN CONTOH 2".to_owned(),
                mother_name: "CONTOH IBU".to_owned(),
                father_name: "CONTOH BAPAK".to_owned(),
                phone_tail: "0012".to_owned(),
                purpose: "Wisata".to_owned(),
                destination: "Jepang".to_owned(),
            },
            documents: vec![
                paper(DocumentKind::Ktp, "ktp"),
                paper(DocumentKind::FamilyCard, "kk"),
                paper(DocumentKind::BirthCertificate, "akta"),
            ],
            appointment: Some(NewAppointment { day: day(), time: ten, kind: None }),
            delivery: Some(Delivery::PickUp),
            submitted_at: SUBMITTED,
        }),
        "reschedule" => {
            let ground = Some(SpecialGround::ServerOffline);
            some(OtherAppointment { day: day(), time: ten, kind: Some(PlaceKind::Regular), ground })
        }
        "reupload" => some(AnotherScan { documents: vec![paper(DocumentKind::Ktp, "ktp-2")] }),
        "cancel" => some(NewCancellation { reason: "Rencana perjalanan batal".to_owned() }),
        "choose_delivery" => some(NewDelivery {
            delivery: Delivery::Post {
                recipient: "CONTOH PERMATA".to_owned(),
                address: "JALAN CONTOH 2, KOTA CONTOH 00000".to_owned(),
                phone: "080000000012".to_owned(),
            },
        }),
        "payment" => some(NewPayment {
            application_no: no(),
            amount_rp: 950_000,
            ntpn: "A1B2C3D4E5F6G7H8".to_owned(),
            channel: "Bank Contoh".to_owned(),
            at: SUBMITTED.plus_ms(1_200_000),
        }),
        _ => Value::Null,
    }
}

/// What this server might answer.
fn answer_example(operation: &str) -> Value {
    let (name, address, zone) =
        ("Kantor Imigrasi Contoh".to_owned(), vec!["Jalan Contoh Nomor 1".to_owned()], "WIB".to_owned());
    match operation {
        "health" => some(Health { ok: true, protocol: PROTOCOL, version: "1.0.0".to_owned(), now: SUBMITTED }),
        "ready" => some(Ready { ready: true, database: true, migrations: true, data_folder: true, free_space: true }),
        "offices" => some(OfficeList { offices: vec![OfficeLine { office: office(), name, address, zone }] }),
        "office" => some(OfficeDetails {
            office: office(),
            name,
            address,
            zone,
            today: day(),
            electronic_only: false,
            adult_from_age: 17,
            people_per_account_max: 5,
            reschedules_max: 1,
            sessions: vec![SessionLine { from: "08:00".to_owned(), to: "15:00".to_owned(), every_min: 60 }],
            documents: vec![DocumentsLine {
                kind: Kind::New,
                child: false,
                documents: vec![DocumentKind::Ktp, DocumentKind::FamilyCard, DocumentKind::BirthCertificate],
            }],
            tariffs: vec![TariffLine { electronic: true, validity_years: 10, amount_rp: 950_000 }],
            surcharges: vec![SurchargeLine { what: SurchargeFor::SameDay, amount_rp: 1_000_000 }],
        }),
        "places" => {
            let line =
                PlacesLine { day: day(), time: "10:00".to_owned(), kind: PlaceKind::Regular, places: 20, left: 3 };
            some(PlacesList { office: office(), places: vec![line] })
        }
        "put_scan" | "upload_piece" => some(TakenScan { hash: hash("ktp") }),
        "payment" => some(TakenPayment { ntpn: "A1B2C3D4E5F6G7H8".to_owned(), late: false }),
        _ => some(Status {
            application_no: no(),
            office: office(),
            standing: Standing::AwaitingReupload,
            sentence: status::sentence(Standing::AwaitingReupload),
            appointment: Some(Place { day: day(), time: "10:00".to_owned(), zone }),
            bill: Some(BillLine {
                code: "820261120000123".to_owned(),
                amount_rp: 950_000,
                due: SUBMITTED.plus_ms(PAYMENT_DUE_MS),
            }),
            pay_until: None,
            reuploads: vec![Reupload {
                document: DocumentKind::Ktp,
                reason: Reason::Blurred,
                sentence: status::reupload_sentence(Reason::Blurred),
                note: String::new(),
                attempts: 1,
            }],
            warnings: vec![Warning::NewAlthoughHasOne { number: "X0000000".to_owned() }],
            checks: vec![Check {
                register: Register::Population,
                result: AnswerResult::Clear,
                differs: Vec::new(),
                source: "Dukcapil".to_owned(),
                at: SUBMITTED.plus_ms(2_000),
            }],
            delivery: Some(Delivery::PickUp),
            tracking_no: None,
            history: vec![
                Done { at: SUBMITTED, step: Step::Submitted },
                Done { at: SUBMITTED.plus_ms(1_200_000), step: Step::Paid },
            ],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described() -> Value {
        serde_json::from_str(&text()).unwrap()
    }

    fn operations(document: &Value) -> Vec<(String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        let all = paths.values().flat_map(|item| item.as_object().unwrap().values());
        all.map(|op| (op["operationId"].as_str().unwrap().to_owned(), op)).collect()
    }

    #[test]
    fn every_operation_is_listed_with_its_refusals() {
        let document = described();
        let mut found: Vec<String> = operations(&document).into_iter().map(|(id, _)| id).collect();
        let mut listed: Vec<&str> = REFUSALS.iter().map(|(id, _)| *id).collect();
        found.sort();
        listed.sort_unstable();
        assert_eq!(found, listed);
        assert_eq!(document["openapi"], "3.1.0");
    }

    #[test]
    fn every_answer_and_every_body_has_an_example() {
        for (id, operation) in operations(&described()) {
            if let Some(body) = operation.pointer("/requestBody/content/application~1json") {
                assert!(body["example"].is_object(), "{id}");
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                if status == "204" || id == "upload_progress" {
                    assert!(response["content"].is_null(), "{id} {status}");
                    continue;
                }
                let content = response["content"].as_object().unwrap_or_else(|| panic!("{id} {status}"));
                for body in content.values() {
                    assert!(body["example"].is_object() || body["examples"].is_object(), "{id} {status}");
                }
            }
        }
    }

    #[test]
    fn no_schema_leaves_room_for_what_nobody_described() {
        fn open_ones(path: &str, schema: &Value, found: &mut Vec<String>) {
            if let Some(map) = schema.as_object() {
                let object = map.contains_key("properties") || map.get("type").is_some_and(|t| t == "object");
                if object && map.get("additionalProperties") != Some(&Value::Bool(false)) {
                    found.push(path.to_owned());
                }
                // Two closed objects can't both hold: whoever describes one needs one.
                if map.contains_key("allOf") {
                    found.push(format!("{path} allOf"));
                }
                map.iter().for_each(|(key, value)| open_ones(&format!("{path}/{key}"), value, found));
            } else if let Some(list) = schema.as_array() {
                list.iter().enumerate().for_each(|(i, value)| open_ones(&format!("{path}/{i}"), value, found));
            }
        }
        let mut found = Vec::new();
        open_ones("", &described()["components"]["schemas"], &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
