//! The centre and the systems of others: a real server, a real sandbox, questions and answers over the wire.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;

use std::path::PathBuf;
use std::time::Duration;

use house::*;
use loket_core::act::{Act, ApplicationOutcome, Event, Origin, Subject};
use loket_core::application::{
    AgeClass, AnswerResult, Application, BiometricMark, BiometricPart, BiometricStatus, Delivery, DocumentKind,
    EarlierPassport, FaceJudgement, FormField, Interview, InterviewResult, Kind, PaymentState, PostStage,
    ProductionStage, Purpose, Register, Verdict, Warning,
};
use loket_core::id::{CounterNo, Digest, ReceiptNo, Timestamp};
use loket_core::nik::{Nik, Sex};
use loket_core::sync::{RowOutcome, Stream};
use loket_core::visit::{Outcome, Presence};
use loket_server::env::Env;
use loket_server::intake::{NewApplication, NewDocument, PAYMENT_DUE_MS, Standing, Status};
use loket_server::ledger::{LEASE_MS, Ledger, ServiceRow};
use loket_server::registers::circuit::WAIT_MS_MAX;
use loket_server::registers::line::{ANSWER_BYTES_MAX, Adapter, Connection, Trouble};
use loket_server::registers::{Adapters, HELD_BACK_MS, System, ban_list, billing, post, production};
use loket_server::sandbox::{self, Person, Sandbox, SandboxConfig};
use loket_server::{Config, Running, serve};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// How long anything may take before it counts as never.
const PATIENCE: Duration = Duration::from_secs(20);

struct Centre {
    dir: tempfile::TempDir,
    /// `None` while it is off.
    server: Option<Running>,
    sandbox: Sandbox,
    env: Env,
    http: Client,
}

/// Somebody who is on the form as the register has them, with a passport under the number and another under the name.
fn contoh() -> Person {
    let date = |text: &str| text.parse().unwrap();
    let passport = |number: &str, issued, expires| EarlierPassport {
        number: number.to_owned(),
        issued: date(issued),
        expires: date(expires),
    };
    Person {
        nik: "3171010101900000".to_owned(),
        full_name: "CONTOH SATU".to_owned(),
        birth_date: date("1990-01-01"),
        birth_place: None,
        sex: None,
        mother_name: None,
        passports: vec![passport("X0000001", "2018-03-01", "2023-03-01")],
        passports_by_name: vec![passport("X0000002", "2010-05-05", "2015-05-05")],
        banned: false,
        no_answer: false,
        quality_failures: 0,
        post_returns: false,
    }
}

async fn start(dir: &std::path::Path, adapters: Adapters, env: Env) -> Running {
    let decoder_exe = Some(PathBuf::from(env!("CARGO_BIN_EXE_loket-server")));
    let listen = "127.0.0.1:0".parse().unwrap();
    let doors = loket_server::listen::Doors::default();
    let config =
        Config { data: dir.to_owned(), database: None, scans: None, listen, decoder_exe, doors, adapters, env };
    serve(config).await.unwrap()
}

impl Centre {
    async fn knowing(people: Vec<Person>) -> Centre {
        let (dir, env) = (tempfile::tempdir().unwrap(), morning());
        let sandbox = sandbox::serve(SandboxConfig { people, ..SandboxConfig::new(env.clone()) }).await.unwrap();
        let running = start(dir.path(), Centre::adapters(&sandbox), env.clone()).await;
        set_up(running.ledger(), dir.path(), "KNC").await;
        Centre { dir, server: Some(running), sandbox, env, http: Client::new() }
    }

    async fn new() -> Centre {
        Centre::knowing(vec![contoh()]).await
    }

    fn adapters(sandbox: &Sandbox) -> Adapters {
        let mut adapters = Adapters::below(&sandbox.url(), "a-key").unwrap();
        adapters.answer_wait = Duration::from_millis(1_500);
        adapters
    }

    fn running(&self) -> &Running {
        self.server.as_ref().unwrap()
    }

    /// The server goes on after a while with other adapters.
    async fn restarted(&mut self, adapters: Adapters) {
        if let Some(running) = self.server.take() {
            running.shutdown().await;
        }
        self.server = Some(start(self.dir.path(), adapters, self.env.clone()).await);
    }

    async fn killed(&mut self) {
        self.server.take().unwrap().kill().await;
    }

    fn ledger(&self) -> &Ledger {
        self.running().ledger()
    }

    async fn control(&self, what: &str, body: Value) -> Value {
        let url = format!("{}/control/{what}", self.sandbox.url());
        let request = if what == "people" { self.http.put(url) } else { self.http.post(url) };
        let answer = request.json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}: {}", answer.status());
        assert!(answer.headers().contains_key("loket-sandbox"), "it says what it is");
        answer.json().await.unwrap()
    }

    async fn switch(&self, system: &str, switches: Value) {
        self.control("switches", json!({ "system": system, "switches": switches })).await;
    }

    async fn advance(&self, minutes: i64) {
        self.control("advance", json!({ "minutes": minutes })).await;
    }

    /// How often a system was asked.
    async fn asked(&self, system: &str) -> u64 {
        let url = format!("{}/control/asked", self.sandbox.url());
        let said: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        said["asked"][system].as_u64().unwrap_or(0)
    }

    async fn was_asked(&self, system: &str, times: u64) {
        for _ in 0..PATIENCE.as_millis() / 20 {
            if self.asked(system).await >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{system} was asked {} times, not {times}", self.asked(system).await);
    }

    /// An application with all its documents, as M-Paspor sends it now.
    async fn application(&self, n: u32, kind: Kind) -> NewApplication {
        let bytes = loket_decode::Bitmap::new(64, 48, vec![128; 64 * 48 * 3]).unwrap().to_jpeg(80);
        let hash = Digest::of(&bytes);
        let put = self.http.put(format!("http://{}/v1/intake/scans/{hash}", self.running().addr));
        let put = put.bearer_auth(self.running().intake_key()).body(bytes.clone()).send().await.unwrap();
        assert!(put.status().is_success());
        let asked = |w: &loket_core::world::World| {
            w.office.rules_on(today()).unwrap().documents(kind, AgeClass::Adult).to_vec()
        };
        let asked = self.ledger().view(&knc(), asked).await.unwrap();
        let mut new = application(n, &bytes);
        let paper = new.documents[0].clone();
        new.documents = asked.into_iter().map(|document| NewDocument { document, ..paper.clone() }).collect();
        // The sandbox knows one person, who comes again and again.
        new.form.nik = Nik::parse("3171010101900000").unwrap();
        (new.kind, new.submitted_at) = (kind, self.env.now());
        new
    }

    async fn submits(&self, new: &NewApplication) {
        let post = self.http.post(format!("http://{}/v1/intake/applications", self.running().addr));
        let answer = post.bearer_auth(self.running().intake_key()).json(new).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
    }

    async fn submit(&self, n: u32) {
        self.submits(&self.application(n, Kind::New).await).await;
    }

    async fn case(&self, n: u32) -> Application {
        self.ledger().view(&knc(), |w| w.applications.get(&no(n)).cloned().unwrap()).await.unwrap()
    }

    /// Waits until it is so with a case.
    async fn comes(&self, n: u32, so: impl Fn(&Application) -> bool) -> Application {
        for _ in 0..PATIENCE.as_millis() / 20 {
            let case = self.case(n).await;
            if so(&case) {
                return case;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it did not come: {:?}\n{:#?}", self.ledger().errand_counts().await, self.case(n).await);
    }

    /// Rows that a service wrote about a case.
    async fn rows(&self, service: &str) -> Vec<(Timestamp, Vec<Event>)> {
        let mut out = Vec::new();
        let since = self.ledger().since(&knc(), &Default::default()).await.unwrap();
        for row in since.rows {
            let (header, body) = row.open().unwrap();
            if let Origin::Service { name, .. } = &header.origin
                && name == service
            {
                assert_eq!(header.stream, Stream::Registry);
                out.push((header.at, body.map(|b| b.events).unwrap_or_default()));
            }
        }
        out
    }

    /// The office gives the post's name to a case, as the applicant chose.
    async fn chooses_post(&self, n: u32, recipient: &str) {
        let (recipient, phone) = (recipient.to_owned(), "+620000".to_owned());
        let delivery = Delivery::Post { recipient, address: "=Jalan Contoh 2, Jakarta 10110".to_owned(), phone };
        let row = ServiceRow {
            stream: Stream::Registry,
            name: "m-paspor",
            external_id: format!("{}/delivery", no(n)),
            subject: Subject::Application(no(n)),
            events: vec![Event::DeliveryChosen { delivery }],
        };
        self.ledger().append_service(&knc(), |_, _| Ok(vec![row])).await.unwrap();
    }

    /// Serves the first visit of the day to the end, at a counter of its own.
    async fn serves(&self, n: u32) -> Desk {
        let ledger = self.ledger();
        let mut sri = Desk::enrol(ledger, "sri.wulandari").await;
        sri.opens(ledger, 1).await;
        let visit_of = |w: &loket_core::world::World| {
            let mut visits = w.visits.values();
            visits.find(|v| v.plan.as_ref().is_some_and(|p| p.applications.contains(&no(n)))).unwrap().id.clone()
        };
        let visit = Subject::Visit(ledger.view(&knc(), visit_of).await.unwrap());
        let case = Subject::Application(no(n));
        let counter = CounterNo(1);
        let share = Event::ShareSet { counter, reclaimed: false };
        let row = ServiceRow {
            stream: Stream::Office,
            name: "test",
            external_id: format!("share/{n}"),
            subject: visit.clone(),
            events: vec![share],
        };
        ledger.append_service(&knc(), |_, _| Ok(vec![row])).await.unwrap();
        let mut acts = vec![
            (visit.clone(), arrives()),
            (visit.clone(), call(1, None)),
            (visit.clone(), Act::Start { counter, applications: vec![no(n)], presence: Presence::Called }),
        ];
        let known = self.case(n).await;
        for scan in &known.scans {
            let (to_applicant, note) = (String::new(), String::new());
            let (document, scan, verdict) = (scan.document, scan.hash, Verdict::Accept);
            acts.push((case.clone(), Act::Verdict { document, scan, verdict, to_applicant, note }));
        }
        let fields = [
            FormField::FullName,
            FormField::Nik,
            FormField::BirthPlace,
            FormField::BirthDate,
            FormField::MotherName,
            FormField::Address,
        ];
        for field in fields {
            acts.push((case.clone(), Act::CheckField { field, against: DocumentKind::Ktp, agrees: true }));
        }
        for part in BiometricPart::ALL {
            acts.push((case.clone(), Act::Biometrics { part, mark: captured() }));
        }
        acts.push((case.clone(), Act::JudgeFace { judgement: FaceJudgement::Match }));
        let (purpose, destination, note) = (Purpose::Tourism, "Malaysia".to_owned(), String::new());
        let interview = Interview { purpose, destination, result: InterviewResult::Passed, note };
        acts.push((case.clone(), Act::Interview { interview }));
        acts.push((case.clone(), Act::ProofSeen { what: "struk".to_owned(), reference: "1".to_owned() }));
        let number = ReceiptNo { office: knc(), year: 26, desk: sri.id, serial: 1 };
        acts.push((case.clone(), Act::IssueReceipt { number: number.clone() }));
        let how = loket_core::act::PrintHow::Printer;
        acts.push((case, Act::PrintReceipt { number, how, copy: 0 }));
        let outcomes = vec![ApplicationOutcome { application: no(n), outcome: Outcome::Accepted }];
        acts.push((visit, Act::Finish { counter, outcomes }));
        for (subject, act) in acts {
            let outcome = sri.does(ledger, subject, act.clone()).await;
            assert_eq!(outcome, RowOutcome::Applied, "{act:?}");
        }
        sri
    }

    async fn publish(&self) {
        self.running().publish(&knc(), today()).await.unwrap();
    }

    /// Made and lying ready.
    async fn ready(&self, n: u32) {
        self.was_asked("production", 1).await;
        for _ in 0..4 {
            self.advance(180).await;
            self.env.advance_ms(production::ASK_AGAIN_MS);
        }
        self.comes(n, |c| c.production.last().is_some_and(|r| r.stage == ProductionStage::Ready)).await;
    }
}

fn captured() -> BiometricMark {
    BiometricMark { status: BiometricStatus::Captured, quality: Some(80), attempts: 1, reason: None }
}

fn result(case: &Application, register: Register) -> Option<AnswerResult> {
    case.answer(register).map(|a| a.result)
}

fn is_checked(case: &Application) -> bool {
    [Register::Population, Register::BanList, Register::TravelDocuments].iter().all(|r| case.answer(*r).is_some())
}

// What the registers say

#[tokio::test(flavor = "multi_thread")]
async fn each_register_answers_once_and_its_name_and_time_are_kept() {
    let mut centre = Centre::new().await;
    centre.submit(1).await;
    let case = centre.comes(1, is_checked).await;
    for answer in &case.answers {
        assert_eq!(answer.source, "sandbox");
        assert!(centre.env.now().since(answer.at) < 20_000);
    }
    assert_eq!(result(&case, Register::Population), Some(AnswerResult::Clear));
    assert_eq!(result(&case, Register::BanList), Some(AnswerResult::Clear));
    assert_eq!(result(&case, Register::TravelDocuments), Some(AnswerResult::Hit));
    let numbers: Vec<&str> = case.earlier.iter().map(|p| p.number.as_str()).collect();
    assert_eq!(numbers, ["X0000002", "X0000001"], "what both searches find counts once");
    assert_eq!(case.warnings(), [Warning::NewAlthoughHasOne { number: "X0000001".to_owned() }]);
    let adapters = Centre::adapters(&centre.sandbox);
    centre.restarted(adapters).await;
    centre.env.advance_ms(WAIT_MS_MAX);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for (system, times) in [("population", 1), ("ban-list", 1), ("travel-documents", 2), ("billing", 1)] {
        assert_eq!(centre.asked(system).await, times, "{system}");
    }
    for service in ["population", "ban-list", "dpri", "billing"] {
        assert_eq!(centre.rows(service).await.len(), 1, "{service}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_named_by_field_and_never_what_the_register_has() {
    let mother_name = Some("CONTOH LAIN".to_owned());
    let person = Person { mother_name, sex: Some(Sex::Female), banned: true, ..contoh() };
    let centre = Centre::knowing(vec![person]).await;
    centre.submit(1).await;
    let case = centre.comes(1, is_checked).await;
    let answer = case.answer(Register::Population).unwrap();
    assert_eq!((answer.result, &answer.differs[..]), (AnswerResult::Hit, &[FormField::Nik, FormField::MotherName][..]));
    assert_eq!(result(&case, Register::BanList), Some(AnswerResult::Hit));
    let rows = serde_json::to_string(&centre.rows("population").await[0].1).unwrap();
    assert!(!rows.contains("CONTOH LAIN"), "{rows}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_the_register_does_not_have_differs_in_the_number_only() {
    let centre = Centre::knowing(vec![]).await;
    centre.submit(1).await;
    let case = centre.comes(1, is_checked).await;
    let answer = case.answer(Register::Population).unwrap();
    assert_eq!((answer.result, &answer.differs[..]), (AnswerResult::Hit, &[FormField::Nik][..]));
    assert_eq!(result(&case, Register::TravelDocuments), Some(AnswerResult::Clear));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_cannot_say_is_noted_once_and_asked_again() {
    let centre = Centre::knowing(vec![Person { no_answer: true, ..contoh() }]).await;
    centre.submit(1).await;
    for times in 2..5 {
        centre.was_asked("population", times - 1).await;
        centre.comes(1, |c| result(c, Register::Population) == Some(AnswerResult::NoAnswer)).await;
        centre.env.advance_ms(WAIT_MS_MAX);
        centre.was_asked("population", times).await;
    }
    assert_eq!(centre.rows("population").await.len(), 1);
    centre.control("people", json!([contoh()])).await;
    centre.env.advance_ms(WAIT_MS_MAX);
    centre.comes(1, |c| result(c, Register::Population) == Some(AnswerResult::Clear)).await;
}

// When they don't

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_is_down_keeps_nobody_waiting_and_is_asked_later_by_itself() {
    let centre = Centre::new().await;
    for system in ["population", "ban_list", "travel_documents", "billing"] {
        centre.switch(system, json!({ "off": true })).await;
    }
    for n in 1..=30 {
        let mut new = centre.application(n, Kind::New).await;
        new.appointment = None;
        centre.submits(&new).await;
    }
    centre.was_asked("population", 1).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let case = centre.case(30).await;
    assert!(case.answers.is_empty() && case.bill.is_none(), "not yet checked, and nothing else is said");
    assert_eq!(case.payment(), PaymentState::Unknown);
    let asked = centre.asked("population").await;
    assert!(asked < 20, "thirty errands, {asked} questions to a dead system");
    for system in ["population", "ban_list", "travel_documents", "billing"] {
        centre.switch(system, json!({})).await;
    }
    centre.env.advance_ms(WAIT_MS_MAX);
    for n in 1..=30 {
        centre.comes(n, |c| is_checked(c) && c.bill.is_some()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_right_never_becomes_a_row() {
    for wrong in ["somebody_else", "impossible", "half", "huge"] {
        let centre = Centre::new().await;
        for system in ["population", "ban_list", "travel_documents", "billing"] {
            centre.switch(system, json!({ "wrong": wrong })).await;
        }
        centre.submit(1).await;
        for system in ["population", "ban-list", "travel-documents", "billing"] {
            centre.was_asked(system, 1).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        centre.env.advance_ms(2_000);
        centre.was_asked("population", 2).await;
        let case = centre.case(1).await;
        assert!(case.answers.is_empty() && case.earlier.is_empty() && case.bill.is_none(), "{wrong}: {case:#?}");
        for system in ["population", "ban_list", "travel_documents", "billing"] {
            centre.switch(system, json!({})).await;
        }
        centre.env.advance_ms(WAIT_MS_MAX);
        centre.comes(1, |c| is_checked(c) && c.bill.is_some()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_errors_and_redirects_are_waited_out() {
    let centre = Centre::new().await;
    centre.switch("population", json!({ "time_out": true })).await;
    centre.switch("ban_list", json!({ "error_status": 500 })).await;
    centre.switch("travel_documents", json!({ "error_status": 302 })).await;
    centre.switch("billing", json!({ "error_status": 500, "error_rate": 0.5 })).await;
    centre.submit(1).await;
    for (system, times) in [("population", 1), ("ban-list", 1), ("travel-documents", 1), ("billing", 1)] {
        centre.was_asked(system, times).await;
    }
    tokio::time::sleep(Duration::from_millis(1_700)).await;
    let case = centre.case(1).await;
    assert!(case.answers.is_empty(), "{:?}", case.answers);
    centre.comes(1, |c| c.bill.is_some()).await;
    for system in ["population", "ban_list", "travel_documents"] {
        centre.switch(system, json!({})).await;
    }
    centre.env.advance_ms(WAIT_MS_MAX);
    centre.comes(1, is_checked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_to_be_left_alone_for_a_while_is() {
    let centre = Centre::new().await;
    centre.switch("population", json!({ "error_status": 429, "retry_after_s": 900 })).await;
    centre.submit(1).await;
    centre.was_asked("population", 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    centre.switch("population", json!({})).await;
    // Far beyond the longest wait of our own.
    centre.env.advance_ms(880_000);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(centre.asked("population").await, 1);
    centre.env.advance_ms(30_000);
    centre.comes(1, |c| c.answer(Register::Population).is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_adapters_nothing_is_asked_until_there_are_some() {
    let mut centre = Centre::new().await;
    centre.restarted(Adapters::default()).await;
    centre.submit(1).await;
    let case = centre.case(1).await;
    assert!(case.answers.is_empty());
    assert!(case.bill.is_some(), "this server makes the bill itself");
    let adapters = Centre::adapters(&centre.sandbox);
    centre.restarted(adapters).await;
    centre.comes(1, is_checked).await;
    assert_eq!(centre.asked("billing").await, 0, "there is a bill already");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_billing_system_the_server_bills_after_the_photo_itself() {
    let mut centre = Centre::new().await;
    centre.restarted(Adapters::default()).await;
    centre.submits(&centre.application(1, Kind::Lost).await).await;
    assert_eq!(centre.case(1).await.bill, None);
    let mut sri = Desk::enrol(centre.ledger(), "sri.wulandari").await;
    let photo = Act::Biometrics { part: BiometricPart::Face, mark: captured() };
    sri.does(centre.ledger(), Subject::Application(no(1)), photo).await;
    let bill = centre.comes(1, |c| c.bill.is_some()).await.bill.unwrap();
    assert_eq!((bill.code.len(), bill.amount_rp), (15, 950_000 + 1_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_the_way_has_a_name() {
    let keys = [(System::Post, "the-posts-key".to_owned())].into();
    let sandbox = sandbox::serve(SandboxConfig { keys, ..SandboxConfig::new(morning()) }).await.unwrap();
    let http = Client::new();
    let adapters = Centre::adapters(&sandbox);
    let line = adapters.connection(System::BanList).unwrap().unwrap();
    let question = json!({ "question": "1", "nik": "3171010101900000", "full_name": "A", "birth_date": "1990-01-01" });
    for (switches, trouble) in [
        (json!({ "off": true }), Trouble::Busy { retry_after_ms: None }),
        (json!({ "error_status": 429, "retry_after_s": 7 }), Trouble::Busy { retry_after_ms: Some(7_000) }),
        (json!({ "error_status": 500 }), Trouble::Failed),
        (json!({ "error_status": 307 }), Trouble::Failed),
        (json!({ "error_status": 422 }), Trouble::Refused),
        (json!({ "wrong": "half" }), Trouble::Unreadable),
        (json!({ "wrong": "impossible" }), Trouble::Unreadable),
        (json!({ "wrong": "huge" }), Trouble::TooLarge),
        (json!({ "time_out": true }), Trouble::TimedOut),
    ] {
        let set = json!({ "system": "ban_list", "switches": switches });
        http.post(format!("{}/control/switches", sandbox.url())).json(&set).send().await.unwrap();
        assert_eq!(line.ask::<ban_list::Checked>("/checks", &question).await.unwrap_err(), trouble, "{switches}");
    }
    let post = adapters.connection(System::Post).unwrap().unwrap();
    assert_eq!(post.ask::<Value>("/steps", &question).await.unwrap_err(), Trouble::Unauthorised);
    drop(sandbox);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let gone = adapters.connection(System::BanList).unwrap().unwrap();
    assert_eq!(gone.ask::<Value>("/checks", &question).await.unwrap_err(), Trouble::Unreachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_have_so_many_bytes_and_not_one_more() {
    let answer = |bytes: usize| async move { format!("{}{}", "1", " ".repeat(bytes - 1)) };
    let router = axum::Router::new()
        .route("/fits", axum::routing::post(move || answer(ANSWER_BYTES_MAX)))
        .route("/more", axum::routing::post(move || answer(ANSWER_BYTES_MAX + 1)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let line = Connection::new(Adapter::new(&url, "key").unwrap(), Duration::from_secs(5)).unwrap();
    assert_eq!(line.ask::<u8>("/fits", &()).await.unwrap(), 1);
    assert_eq!(line.ask::<u8>("/more", &()).await.unwrap_err(), Trouble::TooLarge);
}

// Once, whatever happens

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_ask_once() {
    let centre = Centre::new().await;
    let second = start(centre.dir.path(), Centre::adapters(&centre.sandbox), centre.env.clone()).await;
    for n in 1..=12 {
        let mut new = centre.application(n, Kind::New).await;
        new.appointment = None;
        centre.submits(&new).await;
    }
    for n in 1..=12 {
        centre.comes(n, |c| is_checked(c) && c.bill.is_some()).await;
    }
    for (system, times) in [("population", 12), ("ban-list", 12), ("travel-documents", 24), ("billing", 12)] {
        assert_eq!(centre.asked(system).await, times, "{system}");
    }
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_before_it_wrote_the_answer_asks_again_and_writes_one_row() {
    let mut centre = Centre::new().await;
    centre.switch("population", json!({ "delay_ms": 1_000 })).await;
    centre.submit(1).await;
    centre.was_asked("population", 1).await;
    centre.killed().await;
    centre.switch("population", json!({})).await;
    let adapters = Centre::adapters(&centre.sandbox);
    centre.restarted(adapters).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(centre.asked("population").await, 1, "it is still somebody's");
    centre.env.advance_ms(LEASE_MS);
    centre.comes(1, |c| c.answer(Register::Population).is_some()).await;
    assert_eq!(centre.asked("population").await, 2);
    assert_eq!(centre.rows("population").await.len(), 1);
}

// Billing

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_comes_at_once_is_good_for_two_hours_from_the_submission() {
    let centre = Centre::new().await;
    let new = centre.application(1, Kind::New).await;
    centre.submits(&new).await;
    let bill = centre.comes(1, |c| c.bill.is_some()).await.bill.unwrap();
    assert_eq!((bill.code.len(), bill.amount_rp), (15, 950_000));
    assert_eq!(bill.due, new.submitted_at.plus_ms(PAYMENT_DUE_MS));
    centre.env.advance_ms(PAYMENT_DUE_MS + 1);
    assert_eq!(centre.ledger().expire_due().await.unwrap(), 1, "and then the place is somebody else's");
    assert_eq!(centre.case(1).await.appointment, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_comes_late_has_its_own_two_hours_and_the_place_waits_for_it() {
    let centre = Centre::new().await;
    centre.switch("billing", json!({ "off": true })).await;
    centre.submit(1).await;
    centre.was_asked("billing", 1).await;
    centre.env.advance_ms(3 * 3600 * 1000);
    assert_eq!(centre.ledger().expire_due().await.unwrap(), 0, "nobody could have paid");
    assert!(centre.case(1).await.appointment.is_some());
    centre.switch("billing", json!({})).await;
    let case = centre.comes(1, |c| c.bill.is_some()).await;
    let left = case.bill.unwrap().due.since(centre.env.now());
    assert!((PAYMENT_DUE_MS - 20_000..=PAYMENT_DUE_MS).contains(&left), "{left} ms left");
    assert_eq!(centre.ledger().expire_due().await.unwrap(), 0);
    centre.env.advance_ms(PAYMENT_DUE_MS + 1);
    assert_eq!(centre.ledger().expire_due().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_without_a_code_is_somebody_elses_after_a_day_and_no_code_is_given_out_then() {
    let centre = Centre::new().await;
    centre.switch("billing", json!({ "off": true })).await;
    centre.submit(1).await;
    centre.env.advance_ms(billing::UNBILLED_HELD_MS - 60_000);
    assert_eq!(centre.ledger().expire_due().await.unwrap(), 0);
    centre.env.advance_ms(60_001);
    assert_eq!(centre.ledger().expire_due().await.unwrap(), 1);
    let case = centre.case(1).await;
    assert!(case.appointment.is_none() && case.payment_expired.is_some());
    centre.switch("billing", json!({})).await;
    centre.env.advance_ms(WAIT_MS_MAX);
    for _ in 0..PATIENCE.as_millis() / 20 {
        let counts = centre.ledger().errand_counts().await.unwrap();
        if counts.iter().any(|c| c.kind == "billing" && c.state == "given_up") {
            assert_eq!(centre.case(1).await.bill, None);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("somebody still waits for a code");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_whose_answer_was_lost_until_it_ran_out_is_given_to_nobody() {
    let mut centre = Centre::new().await;
    centre.switch("billing", json!({ "delay_ms": 1_000 })).await;
    centre.submit(1).await;
    centre.was_asked("billing", 1).await;
    // The code is made while nobody listens any more.
    tokio::time::sleep(Duration::from_millis(900)).await;
    centre.killed().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    centre.switch("billing", json!({})).await;
    centre.env.advance_ms(5 * 3600 * 1000);
    let adapters = Centre::adapters(&centre.sandbox);
    centre.restarted(adapters).await;
    let case = centre.comes(1, |c| c.bill.is_some()).await;
    assert!(case.bill.unwrap().due.since(centre.env.now()) > PAYMENT_DUE_MS - 20_000);
    assert_eq!(centre.rows("billing").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_passport_is_billed_after_the_photo_with_its_burden() {
    let centre = Centre::new().await;
    let new = centre.application(1, Kind::Lost).await;
    centre.submits(&new).await;
    centre.comes(1, is_checked).await;
    assert_eq!((centre.case(1).await.bill, centre.asked("billing").await), (None, 0));
    let url = format!("http://{}/v1/intake/applications/{}", centre.running().addr, no(1));
    let status = centre.http.get(url).bearer_auth(centre.running().intake_key()).send().await.unwrap();
    let status: Status = status.json().await.unwrap();
    assert_eq!(status.standing, Standing::Booked, "nobody waits for a payment yet");
    let mut sri = Desk::enrol(centre.ledger(), "sri.wulandari").await;
    let photo = Act::Biometrics { part: BiometricPart::Face, mark: captured() };
    sri.does(centre.ledger(), Subject::Application(no(1)), photo).await;
    let bill = centre.comes(1, |c| c.bill.is_some()).await.bill.unwrap();
    assert_eq!(bill.amount_rp, 950_000 + 1_000_000);
    assert!(bill.due.since(centre.env.now()) > billing::AFTER_PHOTO_DUE_MS - 20_000);
    centre.env.advance_ms(3 * 3600 * 1000);
    assert_eq!(centre.ledger().expire_due().await.unwrap(), 0, "nobody loses a place in front of the camera");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_sandbox_somebody_pays_and_the_server_hears_of_it() {
    let (dir, env) = (tempfile::tempdir().unwrap(), morning());
    let bare = start(dir.path(), Adapters::default(), env.clone()).await;
    let (url, key) = (format!("http://{}", bare.addr), bare.billing_key().clone());
    let config = SandboxConfig { pays: Some((url, key)), ..SandboxConfig::new(env.clone()) };
    let sandbox = sandbox::serve(config).await.unwrap();
    set_up(bare.ledger(), dir.path(), "KNC").await;
    let centre = Centre { dir, server: Some(bare), sandbox, env, http: Client::new() };
    centre.submit(1).await;
    let pays = json!({ "application_no": no(1), "amount_rp": 950_000, "channel": "Bank Contoh" });
    centre.control("pay", pays).await;
    assert!(
        matches!(centre.case(1).await.payment(), PaymentState::Paid { payment } if payment.channel == "Bank Contoh")
    );
}

// Production and post

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_case_is_made_step_by_step_and_a_failed_booklet_is_followed_by_another() {
    let centre = Centre::knowing(vec![Person { quality_failures: 1, ..contoh() }]).await;
    centre.submit(1).await;
    centre.publish().await;
    assert_eq!(centre.asked("production").await, 0);
    centre.serves(1).await;
    centre.was_asked("production", 1).await;
    for _ in 0..30 {
        centre.advance(20).await;
        centre.env.advance_ms(production::ASK_AGAIN_MS);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ready = |c: &Application| c.production.last().is_some_and(|r| r.stage == ProductionStage::Ready);
    let case = centre.comes(1, ready).await;
    let stages: Vec<ProductionStage> = case.production.iter().map(|r| r.stage).collect();
    use ProductionStage::{BookletAllocated, Printed, QualityFailed, QualityPassed, Ready};
    let made = [BookletAllocated, Printed, QualityFailed, BookletAllocated, Printed, QualityPassed, Ready];
    assert_eq!(stages, made);
    assert_ne!(case.production[0].booklet, case.production[3].booklet);
    assert_eq!(case.production[6].shelf, "A-01");
    assert_eq!(centre.rows("production").await.len(), made.len());
    let asked = centre.asked("production").await;
    centre.env.advance_ms(10 * production::ASK_AGAIN_MS);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(centre.asked("production").await, asked, "what lies ready is not asked after");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_while_a_dispute_on_the_case_is_open() {
    let centre = Centre::new().await;
    centre.switch("production", json!({ "off": true })).await;
    centre.submit(1).await;
    centre.publish().await;
    let sri = centre.serves(1).await;
    let mut adi = Desk::enrol(centre.ledger(), "adi.nugroho").await;
    let (case, scan) = (Subject::Application(no(1)), centre.case(1).await.scans[0].clone());
    let reject = Act::Verdict {
        document: scan.document,
        scan: scan.hash,
        verdict: Verdict::Reject { reason: loket_core::application::Reason::Blurred },
        to_applicant: String::new(),
        note: String::new(),
    };
    let outcome = adi.does(centre.ledger(), case.clone(), reject).await;
    assert!(matches!(outcome, RowOutcome::Disputed { .. }), "{outcome:?} after {}", sri.n);
    centre.switch("production", json!({})).await;
    let before = centre.asked("production").await;
    for _ in 0..3 {
        centre.env.advance_ms(WAIT_MS_MAX);
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    assert_eq!(centre.asked("production").await, before);
    let mut maya = Desk::enrol(centre.ledger(), "maya.lestari").await;
    let command = centre.case(1).await.open_disputes().next().unwrap().stamp.origin.command().unwrap();
    let settlement = loket_core::act::Settlement::KeepStanding;
    let settle = Act::Settle { command, settlement, reason: "terbaca".to_owned() };
    assert_eq!(maya.does(centre.ledger(), case, settle).await, RowOutcome::Applied);
    centre.env.advance_ms(HELD_BACK_MS);
    centre.was_asked("production", before + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_by_post_is_listed_numbered_and_followed_to_the_door_or_back() {
    for returns in [false, true] {
        let centre = Centre::knowing(vec![Person { post_returns: returns, ..contoh() }]).await;
        centre.submit(1).await;
        centre.publish().await;
        centre.serves(1).await;
        assert_eq!(centre.ledger().make_manifest(&knc()).await.unwrap(), None, "nothing lies ready");
        centre.ready(1).await;
        assert_eq!(centre.ledger().make_manifest(&knc()).await.unwrap(), None, "fetched unless they said otherwise");
        centre.chooses_post(1, "CONTOH SATU").await;
        let adapters = Centre::adapters(&centre.sandbox);
        let csv = centre.dir.path().join("manifest.csv");
        post::admin_manifest(centre.ledger(), &adapters, &knc(), None, Some(&csv)).await.unwrap();
        let consignment = centre.comes(1, |c| c.consignment.is_some()).await.consignment.unwrap();
        assert_eq!(consignment.manifest, "KNC-20261123-01");
        let text = std::fs::read_to_string(csv).unwrap();
        assert!(text.contains(&consignment.tracking_no), "{text}");
        assert!(text.contains("\"'=Jalan Contoh 2, Jakarta 10110\",'+620000"), "{text}");
        assert_eq!(centre.ledger().make_manifest(&knc()).await.unwrap(), None, "nobody is sent twice");
        for _ in 0..4 {
            centre.advance(24 * 60).await;
            centre.env.advance_ms(post::ASK_AGAIN_MS);
        }
        let end = if returns { PostStage::Returned } else { PostStage::Delivered };
        let case = centre.comes(1, |c| c.post.len() == 2).await;
        assert_eq!(case.post.iter().map(|r| r.stage).collect::<Vec<_>>(), [PostStage::InTransit, end]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_made_while_the_post_is_down_is_told_to_it_later() {
    let centre = Centre::new().await;
    centre.submit(1).await;
    centre.publish().await;
    centre.serves(1).await;
    centre.ready(1).await;
    centre.chooses_post(1, "CONTOH SATU").await;
    centre.switch("post", json!({ "off": true })).await;
    let adapters = Centre::adapters(&centre.sandbox);
    post::admin_manifest(centre.ledger(), &adapters, &knc(), None, None).await.unwrap();
    let id = "KNC-20261123-01";
    assert_eq!(centre.ledger().manifest(id).await.unwrap().parcels[0].tracking_no, "");
    centre.switch("post", json!({})).await;
    centre.env.advance_ms(WAIT_MS_MAX);
    let consignment = centre.comes(1, |c| c.consignment.is_some()).await.consignment.unwrap();
    assert_eq!(centre.ledger().manifest(id).await.unwrap().parcels[0].tracking_no, consignment.tracking_no);
    assert_eq!(centre.rows("post").await.len(), 1);
    post::admin_manifest(centre.ledger(), &adapters, &knc(), Some(id), None).await.unwrap();
    assert_eq!(centre.rows("post").await.len(), 1, "looking at it again changes nothing");
}

// The sandbox itself

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_for_this_machine_and_its_people_need_no_key_but_some() {
    let env = morning();
    let config = SandboxConfig { listen: "0.0.0.0:0".parse().unwrap(), ..SandboxConfig::new(env.clone()) };
    assert!(sandbox::serve(config).await.is_err());
    let sandbox = sandbox::serve(SandboxConfig::new(env)).await.unwrap();
    let ask = Client::new().post(format!("{}/population/checks", sandbox.url())).body("{}");
    assert_eq!(ask.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert!(Adapters::below("https://register.example", "k").is_err(), "TLS is not built in, and it says so");
    assert!(Adapters::below(&sandbox.url(), "").is_err());
}
