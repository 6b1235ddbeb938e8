//! The outside systems of a developer: population register, ban list, travel documents, billing, production and post on
//! one port, speaking the contract of `docs/adapters.md`, in memory. It stands in for systems of others only; nothing of
//! ours is behind it. It knows whom it was told of, answers the same question the same, and says in its log and in every
//! answer that it is a sandbox. Switches make it slow, broken or wrong. It listens on this machine only.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use chrono::NaiveDate;
use loket_core::application::{EarlierPassport, PostStage, ProductionStage};
use loket_core::id::{ApplicationNo, Timestamp};
use loket_core::nik::Sex;
use loket_seal::Signing;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::env::Env;
use crate::intake::NewPayment;
use crate::registers::population::{Agreement, Fields, Word};
use crate::registers::{System, Told, ban_list, billing, population, production, travel_documents};

/// How it signs its answers.
const SOURCE: &str = "sandbox";
/// Bytes of a question or of a list of people.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of an answer that is far too long.
const HUGE_BYTES: usize = 10 * 1024 * 1024;
/// How long the steps of a booklet take, in minutes: until it is allocated, printed, checked, ready.
const PRODUCTION_MIN: [i64; 4] = [10, 50, 60, 60];
/// Minutes until a consignment is on its way, and then until it is delivered or comes back.
const POST_MIN: [i64; 2] = [60, 24 * 60];
/// Numbers of nine digits.
const SERIALS: u64 = 1_000_000_000;
/// How long a server may take to answer a notice of payment.
const NOTICE_WAIT: Duration = Duration::from_secs(10);

/// Somebody invented whom the sandbox knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub nik: String,
    pub full_name: String,
    pub birth_date: NaiveDate,
    /// These three agree with whatever is asked unless they are given.
    #[serde(default)]
    pub birth_place: Option<String>,
    #[serde(default)]
    pub sex: Option<Sex>,
    #[serde(default)]
    pub mother_name: Option<String>,
    #[serde(default)]
    pub passports: Vec<EarlierPassport>,
    /// Passports that are kept under the name only.
    #[serde(default)]
    pub passports_by_name: Vec<EarlierPassport>,
    #[serde(default)]
    pub banned: bool,
    /// The registers can't say anything about this person just now.
    #[serde(default)]
    pub no_answer: bool,
    /// Booklets for this person that fail their quality check before one passes.
    #[serde(default)]
    pub quality_failures: u8,
    /// What the post brings to this person comes back.
    #[serde(default)]
    pub post_returns: bool,
}

/// How an answer is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// It is about somebody else.
    SomebodyElse,
    /// Words, amounts and dates that can't be.
    Impossible,
    /// It breaks off in the middle.
    Half,
    /// Ten megabytes.
    Huge,
}

/// What a system does beside answering.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Switches {
    pub delay_ms: u64,
    /// Answers with this status instead.
    pub error_status: Option<u16>,
    /// Which part of the questions gets that status, 0 to 1; all of them if left out. Evenly spread, not by chance.
    pub error_rate: Option<f64>,
    /// Goes with that status.
    pub retry_after_s: Option<u32>,
    /// Takes the question and never answers.
    pub time_out: bool,
    pub wrong: Option<Wrong>,
    /// As if nobody was there: 503 to everything.
    pub off: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetSwitches {
    system: System,
    #[serde(default)]
    switches: Switches,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    minutes: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    application_no: Option<ApplicationNo>,
    /// Needed only for a bill that the server made itself.
    #[serde(default)]
    amount_rp: Option<u64>,
    channel: String,
}

/// What a sandbox needs to know.
#[derive(Clone)]
pub struct SandboxConfig {
    /// On this machine. Port 0 takes any that is free.
    pub listen: SocketAddr,
    pub people: Vec<Person>,
    /// Production and post run so many times as fast.
    pub speed: u32,
    /// The bearer key that each system knows; any will do where none is named.
    pub keys: BTreeMap<System, String>,
    /// The server that payments are reported to, and the key of the payment channel.
    pub pays: Option<(String, Signing)>,
    pub env: Env,
}

impl SandboxConfig {
    /// One that knows nobody, on a free port.
    pub fn new(env: Env) -> SandboxConfig {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        SandboxConfig { listen, people: Vec::new(), speed: 1, keys: BTreeMap::new(), pays: None, env }
    }
}

/// A sandbox that runs. Dropped, it is gone.
pub struct Sandbox {
    pub addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Below this address are all systems and `/control`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Runs until it ends, which it does not do by itself.
    pub async fn ended(&mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Something in the making or on its way.
struct Course {
    /// What comes, and after how many minutes.
    ahead: Vec<(i64, Value)>,
    begun: Timestamp,
    steps: Vec<Value>,
}

#[derive(Default)]
struct Known {
    people: BTreeMap<String, Person>,
    switches: BTreeMap<System, Switches>,
    asked: BTreeMap<&'static str, u64>,
    /// What share of a question is owed as an error.
    owed: BTreeMap<System, f64>,
    /// Each question with its answer.
    answers: BTreeMap<(System, String), (Value, Value)>,
    courses: BTreeMap<(System, String), Course>,
    /// What was ordered to be paid: application, code, amount.
    bills: Vec<(ApplicationNo, String, u64)>,
    /// Counts answers, codes, booklets and numbers.
    serial: u64,
    advanced_min: i64,
}

struct Inside {
    known: Mutex<Known>,
    speed: u32,
    keys: BTreeMap<System, String>,
    pays: Option<(String, Signing)>,
    started: Timestamp,
    http: reqwest::Client,
    env: Env,
}

type Shared = State<Arc<Inside>>;

fn no(status: StatusCode, why: &str) -> Response {
    (status, axum::Json(json!({ "error": why }))).into_response()
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, (StatusCode, &'static str)> {
    serde_json::from_value(value.clone()).map_err(|_| (StatusCode::BAD_REQUEST, "unreadable"))
}

fn value<T: Serialize>(of: &T) -> Value {
    serde_json::to_value(of).unwrap_or(Value::Null)
}

impl Known {
    fn next(&mut self) -> u64 {
        self.serial = (self.serial + 1) % SERIALS;
        self.serial
    }

    /// Is this question to be answered with the error that is switched on?
    fn owes_an_error(&mut self, system: System, rate: f64) -> bool {
        let owed = self.owed.entry(system).or_insert(0.0);
        *owed += rate.clamp(0.0, 1.0);
        let owes = *owed >= 1.0;
        if owes {
            *owed -= 1.0;
        }
        owes
    }
}

impl Inside {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Minutes since this moment on the fast clock of production and post.
    fn minutes_since(&self, begun: Timestamp, now: Timestamp) -> i64 {
        now.since(begun).saturating_mul(i64::from(self.speed)) / 60_000
    }

    fn answer(&self, system: System, what: &str, question: &Value) -> Result<Value, (StatusCode, &'static str)> {
        let now = self.env.now();
        let mut known = self.known();
        if what == "steps" {
            return self.steps(&mut known, system, question, now);
        }
        let id = ["question", "order", "manifest"].iter().find_map(|name| question.get(*name)?.as_str());
        let id = id.ok_or((StatusCode::BAD_REQUEST, "unreadable"))?.to_owned();
        let mut content = question.clone();
        if let Some(fields) = content.as_object_mut() {
            // Of a repeated order the first date counts.
            fields.remove("due");
        }
        if let Some((before, answer)) = known.answers.get(&(system, id.clone())) {
            return if *before == content { Ok(answer.clone()) } else { Err((StatusCode::CONFLICT, "other_content")) };
        }
        let answer = match (system, what) {
            (System::Population, "checks") => checked(&mut known, &read(question)?, now),
            (System::BanList, "checks") => listed(&mut known, &read(question)?, now),
            (System::TravelDocuments, "searches") => found(&mut known, &read(question)?, now),
            (System::Billing, "orders") => billed(&mut known, &read(question)?, now),
            (System::Production, "orders") => begin_booklet(&mut known, &read(question)?, now),
            (System::Post, "manifests") => take_in(&mut known, &read(question)?, now),
            _ => return Err((StatusCode::NOT_FOUND, "no_such_question")),
        };
        // "Can't say just now" is no answer to hold on to.
        if answer.get("result") != Some(&json!("no_answer")) {
            known.answers.insert((system, id), (content, answer.clone()));
        }
        Ok(answer)
    }

    fn steps(
        &self,
        known: &mut Known,
        system: System,
        question: &Value,
        now: Timestamp,
    ) -> Result<Value, (StatusCode, &'static str)> {
        let (name, most) = match system {
            System::Production => ("order", production::STEPS_MAX),
            System::Post => ("tracking_no", crate::registers::post::STEPS_MAX),
            _ => return Err((StatusCode::NOT_FOUND, "no_such_question")),
        };
        let id = question.get(name).and_then(Value::as_str).ok_or((StatusCode::BAD_REQUEST, "unreadable"))?;
        let after = question.get("after").and_then(Value::as_u64).ok_or((StatusCode::BAD_REQUEST, "unreadable"))?;
        let advanced = known.advanced_min;
        let course = known.courses.get_mut(&(system, id.to_owned())).ok_or((StatusCode::NOT_FOUND, "unknown"))?;
        let minutes = self.minutes_since(course.begun, now) + advanced;
        while course.ahead.first().is_some_and(|(at, _)| *at <= minutes) {
            let (_, mut step) = course.ahead.remove(0);
            step["id"] = json!(course.steps.len() + 1);
            step["at"] = json!(now);
            course.steps.push(step);
        }
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        let steps: Vec<&Value> = course.steps.iter().skip(skip).take(most).collect();
        Ok(json!({ name: id, "steps": steps }))
    }
}

fn told(answer: String, question: &str, now: Timestamp) -> Told {
    Told { answer, question: question.to_owned(), source: SOURCE.to_owned(), answered_at: now }
}

fn agreement(agrees: bool) -> Agreement {
    if agrees { Agreement::Agrees } else { Agreement::Differs }
}

fn checked(known: &mut Known, asked: &population::Check, now: Timestamp) -> Value {
    let answer = format!("pop-{}", known.next());
    let all_agree = Fields {
        nik: Agreement::Agrees,
        full_name: Agreement::Agrees,
        birth_date: Agreement::Agrees,
        birth_place: Agreement::Agrees,
        sex: Agreement::Agrees,
        mother_name: Agreement::Agrees,
    };
    let fields = match known.people.get(&asked.nik) {
        // Nobody has this number: it is the number that differs, and of the rest nothing is known.
        None => Some(Fields { nik: Agreement::Differs, ..all_agree }),
        Some(person) if person.no_answer => None,
        Some(person) => Some(Fields {
            full_name: agreement(person.full_name == asked.full_name),
            birth_date: agreement(person.birth_date == asked.birth_date),
            birth_place: agreement(person.birth_place.as_ref().is_none_or(|p| *p == asked.birth_place)),
            sex: agreement(person.sex.is_none_or(|s| s == asked.sex)),
            mother_name: agreement(person.mother_name.as_ref().is_none_or(|m| *m == asked.mother_name)),
            ..all_agree
        }),
    };
    let result = match fields {
        None => Word::NoAnswer,
        Some(fields) if fields == all_agree => Word::Clear,
        Some(_) => Word::Hit,
    };
    let (told, nik) = (told(answer, &asked.question, now), asked.nik.clone());
    value(&population::Checked { told, nik, result, fields })
}

fn listed(known: &mut Known, asked: &ban_list::Check, now: Timestamp) -> Value {
    let answer = format!("ban-{}", known.next());
    let same_name = |p: &&Person| p.full_name == asked.full_name && p.birth_date == asked.birth_date;
    let by_nik = known.people.get(&asked.nik);
    let mut who = by_nik.into_iter().chain(known.people.values().filter(same_name));
    let result = match who.find(|p| p.banned || p.no_answer) {
        Some(person) if person.banned => Word::Hit,
        Some(_) => Word::NoAnswer,
        None => Word::Clear,
    };
    let (told, nik) = (told(answer, &asked.question, now), asked.nik.clone());
    value(&ban_list::Checked { told, nik, result })
}

fn found(known: &mut Known, asked: &travel_documents::Search, now: Timestamp) -> Value {
    use travel_documents::Who;
    let answer = format!("dpri-{}", known.next());
    let passports = match &asked.who {
        Who::Nik { nik } => known.people.get(nik).map(|p| p.passports.clone()).unwrap_or_default(),
        Who::Name { full_name, birth_date } => known
            .people
            .values()
            .filter(|p| p.full_name == *full_name && p.birth_date == *birth_date)
            .flat_map(|p| p.passports.iter().chain(&p.passports_by_name))
            .cloned()
            .collect(),
    };
    let (told, who) = (told(answer, &asked.question, now), asked.who.clone());
    value(&travel_documents::Found { told, who, passports })
}

fn billed(known: &mut Known, asked: &billing::Order, now: Timestamp) -> Value {
    let serial = known.next();
    let code = format!("{:015}", 900_000_000_000_000 + serial);
    let billing::Order { order, application_no, amount_rp, due, .. } = asked.clone();
    known.bills.push((application_no.clone(), code.clone(), amount_rp));
    let answer = format!("bill-{serial}");
    value(&billing::Ordered { answer, order, application_no, amount_rp, code, issued_at: now, due })
}

fn begin_booklet(known: &mut Known, asked: &production::Order, now: Timestamp) -> Value {
    use ProductionStage::{BookletAllocated, Printed, QualityFailed, QualityPassed, Ready};
    let failures = known.people.get(&asked.nik).map_or(0, |p| p.quality_failures);
    let [allocated, printed, checked, ready] = PRODUCTION_MIN;
    let (mut at, mut ahead) = (0, Vec::new());
    for attempt in 0..=failures {
        let booklet = format!("X{:07}", known.next() % 10_000_000);
        let mut step = |minutes, stage: ProductionStage, shelf: &str| {
            at += minutes;
            ahead.push((at, json!({ "stage": stage, "booklet": booklet, "shelf": shelf })));
        };
        step(allocated, BookletAllocated, "");
        step(printed, Printed, "");
        if attempt < failures {
            step(checked, QualityFailed, "");
        } else {
            step(checked, QualityPassed, "");
            step(ready, Ready, "A-01");
        }
    }
    let ahead = ahead.into_iter().map(|(at, step)| (at + known.advanced_min, step)).collect();
    known.courses.insert((System::Production, asked.order.clone()), Course { ahead, begun: now, steps: Vec::new() });
    json!({ "order": asked.order, "application_no": asked.application_no })
}

fn take_in(known: &mut Known, asked: &crate::registers::post::HandOver, now: Timestamp) -> Value {
    let mut consignments = Vec::new();
    for parcel in &asked.parcels {
        let tracking_no = format!("SB{:09}ID", known.next());
        let returns = known.people.values().any(|p| p.full_name == parcel.recipient && p.post_returns);
        let end = if returns { PostStage::Returned } else { PostStage::Delivered };
        let [moves, ends] = POST_MIN;
        let moves = moves + known.advanced_min;
        let ahead = vec![(moves, json!({ "stage": PostStage::InTransit })), (moves + ends, json!({ "stage": end }))];
        known.courses.insert((System::Post, tracking_no.clone()), Course { ahead, begun: now, steps: Vec::new() });
        consignments.push(json!({ "application_no": parcel.application_no, "tracking_no": tracking_no }));
    }
    json!({ "manifest": asked.manifest, "consignments": consignments })
}

/// Spoils every part of an answer that tells whom it is about, or that could not be so.
fn spoil(answer: &mut Value, wrong: Wrong) {
    match answer {
        Value::Array(all) => all.iter_mut().for_each(|v| spoil(v, wrong)),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match (wrong, name.as_str()) {
                    (Wrong::SomebodyElse, "nik") => *field = json!("3171010101000001"),
                    (Wrong::SomebodyElse, "question" | "order" | "manifest" | "tracking_no") => {
                        *field = json!("another")
                    }
                    (Wrong::Impossible, "result" | "stage") => *field = json!("perhaps"),
                    (Wrong::Impossible, "amount_rp") => *field = json!(0),
                    (Wrong::Impossible, "code") => *field = json!("1"),
                    (Wrong::Impossible, "answered_at" | "at" | "due") => *field = json!(-1),
                    (Wrong::Impossible, "issued") => *field = json!("1066-10-14"),
                    (Wrong::Impossible, "consignments") => *field = json!([]),
                    _ => spoil(field, wrong),
                }
            }
        }
        _ => {}
    }
}

fn body(answer: Value, wrong: Option<Wrong>) -> Body {
    let whole = |answer: &Value| answer.to_string();
    match wrong {
        None => whole(&answer).into(),
        Some(Wrong::SomebodyElse | Wrong::Impossible) => {
            let mut answer = answer;
            wrong.into_iter().for_each(|wrong| spoil(&mut answer, wrong));
            whole(&answer).into()
        }
        Some(Wrong::Half) => {
            let text = whole(&answer);
            text.chars().take(text.chars().count() / 2).collect::<String>().into()
        }
        Some(Wrong::Huge) => format!("{{\"junk\":\"{}\"}}", "x".repeat(HUGE_BYTES)).into(),
    }
}

async fn ask(
    State(inside): Shared,
    Path((system, what)): Path<(String, String)>,
    headers: HeaderMap,
    question: Bytes,
) -> Response {
    let Some(system) = System::ALL.into_iter().find(|s| s.name() == system) else {
        return no(StatusCode::NOT_FOUND, "no_such_system");
    };
    let switches = {
        let mut known = inside.known();
        *known.asked.entry(system.name()).or_insert(0) += 1;
        known.switches.get(&system).cloned().unwrap_or_default()
    };
    if switches.off {
        return no(StatusCode::SERVICE_UNAVAILABLE, "off");
    }
    let bearer = headers.get("authorization").and_then(|v| v.to_str().ok()?.strip_prefix("Bearer "));
    let admitted = bearer.is_some_and(|key| inside.keys.get(&system).is_none_or(|k| k == key));
    if !admitted {
        return no(StatusCode::UNAUTHORIZED, "key");
    }
    if switches.time_out {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(Duration::from_millis(switches.delay_ms)).await;
    let status = switches.error_status.and_then(|s| StatusCode::from_u16(s).ok());
    if let Some(status) = status
        && inside.known().owes_an_error(system, switches.error_rate.unwrap_or(1.0))
    {
        let mut response = no(status, "switched_on");
        if let Some(seconds) = switches.retry_after_s {
            response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
        }
        return response;
    }
    let Ok(question) = serde_json::from_slice::<Value>(&question) else {
        return no(StatusCode::BAD_REQUEST, "unreadable");
    };
    match inside.answer(system, &what, &question) {
        Ok(answer) => ([("content-type", "application/json")], body(answer, switches.wrong)).into_response(),
        Err((status, why)) => no(status, why),
    }
}

async fn people(State(inside): Shared, body: Bytes) -> Response {
    let Ok(people) = serde_json::from_slice::<Vec<Person>>(&body) else {
        return no(StatusCode::BAD_REQUEST, "unreadable");
    };
    let mut known = inside.known();
    for person in people {
        known.people.insert(person.nik.clone(), person);
    }
    axum::Json(json!({ "people": known.people.len() })).into_response()
}

async fn switches(State(inside): Shared, body: Bytes) -> Response {
    let Ok(SetSwitches { system, switches }) = serde_json::from_slice(&body) else {
        return no(StatusCode::BAD_REQUEST, "unreadable");
    };
    inside.known().switches.insert(system, switches.clone());
    axum::Json(switches).into_response()
}

async fn advance(State(inside): Shared, body: Bytes) -> Response {
    let Ok(Advance { minutes }) = serde_json::from_slice(&body) else {
        return no(StatusCode::BAD_REQUEST, "unreadable");
    };
    let mut known = inside.known();
    known.advanced_min = known.advanced_min.saturating_add(minutes.max(0));
    axum::Json(json!({ "advanced_min": known.advanced_min })).into_response()
}

async fn asked(State(inside): Shared) -> Response {
    let since_s = inside.env.now().since(inside.started) / 1000;
    axum::Json(json!({ "asked": inside.known().asked, "since_s": since_s })).into_response()
}

/// Somebody pays: the notice goes to the server's webhook, signed as the payment channel signs.
async fn pay(State(inside): Shared, body: Bytes) -> Response {
    let Ok(Pay { code, application_no, amount_rp, channel }) = serde_json::from_slice(&body) else {
        return no(StatusCode::BAD_REQUEST, "unreadable");
    };
    let Some((server, key)) = &inside.pays else {
        return no(StatusCode::CONFLICT, "started_without_server_or_key");
    };
    let (application_no, amount_rp, serial) = {
        let mut known = inside.known();
        let bill =
            known.bills.iter().rev().find(|(no, c, _)| code.as_ref() == Some(c) || application_no.as_ref() == Some(no));
        let found = bill.map(|(no, _, amount)| (no.clone(), *amount)).or(application_no.zip(amount_rp));
        let Some((no_, amount)) = found else { return no(StatusCode::NOT_FOUND, "no_such_bill") };
        (no_, amount, known.next())
    };
    let at = inside.env.now();
    let ntpn = format!("SANDBOX{serial:09}");
    let notice = NewPayment { application_no, amount_rp, ntpn, channel, at };
    let (path, body) = ("/v1/intake/payments", value(&notice).to_string());
    let signature = key.sign_request("POST", path, at.0, body.as_bytes());
    let request = inside.http.post(format!("{server}{path}")).header("loket-at", at.0);
    match request.header("loket-signature", signature).body(body).send().await {
        Ok(answer) => {
            let status = answer.status();
            (status, answer.text().await.unwrap_or_default()).into_response()
        }
        Err(_) => no(StatusCode::BAD_GATEWAY, "server_unreachable"),
    }
}

/// Every answer says where it comes from.
async fn say_so(mut response: Response) -> Response {
    response.headers_mut().insert("loket-sandbox", HeaderValue::from_static("invented answers about invented people"));
    response
}

/// Starts a sandbox and returns once it listens.
///
/// # Errors
/// When it should listen to more than this machine, or can't.
pub async fn serve(config: SandboxConfig) -> anyhow::Result<Sandbox> {
    let SandboxConfig { listen, people: known_people, speed, keys, pays, env } = config;
    ensure!(listen.ip().is_loopback(), "a sandbox listens on this machine only, not on {listen}");
    let http = reqwest::Client::builder().timeout(NOTICE_WAIT).no_proxy().build().context("Making a client")?;
    let people_by_nik = known_people.into_iter().map(|p| (p.nik.clone(), p)).collect();
    let started = env.now();
    // A sandbox begun anew must not give out numbers that a server has already seen.
    let serial = (started.0 / 1000).unsigned_abs() % SERIALS;
    let known = Mutex::new(Known { people: people_by_nik, serial, ..Known::default() });
    let inside = Inside { known, speed: speed.max(1), keys, pays, started, http, env };
    let router = Router::new()
        .route("/{system}/{what}", post(ask))
        .route("/control/people", put(people))
        .route("/control/switches", post(switches))
        .route("/control/advance", post(advance))
        .route("/control/asked", get(asked))
        .route("/control/pay", post(pay))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(axum::middleware::map_response(say_so))
        .with_state(Arc::new(inside));
    let listener = TcpListener::bind(listen).await.with_context(|| format!("Listening on {listen}"))?;
    let addr = listener.local_addr().context("Asking for the address")?;
    tracing::warn!(%addr, "SANDBOX: invented registers, billing, production and post on {addr}; never for real people");
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "The sandbox stopped listening");
        }
    });
    Ok(Sandbox { addr, task })
}

/// What is typed after `loket-server sandbox`.
#[derive(Debug, Clone, clap::Args)]
pub struct SandboxArgs {
    /// On this machine.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// A list of invented people, as `PUT /control/people` takes it.
    #[arg(long)]
    data: Option<std::path::PathBuf>,
    /// Production and post run so many times as fast.
    #[arg(long, default_value_t = 1)]
    speed: u32,
    /// The server that payments are reported to. The key of the payment channel comes from `LOKET_BILLING_KEY` or from
    /// the file named beside.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    server: String,
    /// `keys/billing.key` in the data folder of that server.
    #[arg(long)]
    billing_key_file: Option<std::path::PathBuf>,
}

impl SandboxArgs {
    /// Reads what they name.
    ///
    /// # Errors
    /// A file that can't be read, a key that is none.
    pub fn config(self, env: Env) -> anyhow::Result<SandboxConfig> {
        let people = match &self.data {
            None => Vec::new(),
            Some(file) => {
                let doing = || format!("Reading {}", file.display());
                let text = std::fs::read_to_string(file).with_context(doing)?;
                serde_json::from_str(&text).with_context(doing)?
            }
        };
        let key = match (std::env::var(crate::BILLING_KEY_VAR), &self.billing_key_file) {
            (Ok(key), _) if !key.is_empty() => Some(key),
            (_, Some(file)) => {
                Some(std::fs::read_to_string(file).with_context(|| format!("Reading {}", file.display()))?)
            }
            (_, None) => None,
        };
        let pays = match key {
            None => None,
            Some(key) => Some((self.server.trim_end_matches('/').to_owned(), crate::signing_key(key.trim())?)),
        };
        let key_of = |system: System| std::env::var(system.key_variable()).ok().filter(|k| !k.is_empty());
        let keys = System::ALL.into_iter().filter_map(|s| Some((s, key_of(s)?))).collect();
        Ok(SandboxConfig { listen: self.listen, people, speed: self.speed, keys, pays, env })
    }
}
