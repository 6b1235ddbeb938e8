//! The server as desks and the intake side meet it: real requests to a real port.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use house::*;
use loket_core::act::{Act, ApplicationOutcome, Subject};
use loket_core::application::{Delivery, DocumentKind, Kind, PaymentState, PlaceKind, Reason, Verdict, Warning};
use loket_core::id::{ApplicationNo, CounterNo, DeskId, Digest, OfficeCode, Timestamp};
use loket_core::nik::Nik;
use loket_core::sync::{
    AskAnswer, BODY_BYTES_MAX, COMMAND_BYTES_MAX, ChainHead, EnrolAnswer, PROTOCOL, Quarantine, RowOutcome, Snapshot,
    SyncAnswer, SyncAsk, WireError,
};
use loket_core::visit::{Outcome, Presence, Stage};
use loket_core::world::{Related, World};
use loket_decode::Bitmap;
use loket_seal::Signing;
use loket_server::env::Env;
use loket_server::intake::{
    APPLICATION_BYTES_MAX, CLOCK_AHEAD_MS_MAX, NOTICE_AGE_MS_MAX, NewApplication, NewAppointment, NewDocument, NewForm,
    NewPayment, OfficeDetails, OfficeList, PAYMENT_REPORT_MS, SCANS_PER_APPLICATION_MAX, SUBMITTED_AGE_MS_MAX,
    Standing, Status, Step,
};
use loket_server::listen::Doors;
use loket_server::problem::{Code, Problem};
use loket_server::publish::publish_day;
use loket_server::registers::Adapters;
use loket_server::{Config, Running, serve};
use reqwest::{Client, Method, Response, StatusCode};

struct Server {
    dir: tempfile::TempDir,
    running: Running,
    env: Env,
    http: Client,
}

async fn start(dir: &std::path::Path, listen: SocketAddr, env: Env) -> Running {
    let decoder_exe = Some(PathBuf::from(env!("CARGO_BIN_EXE_loket-server")));
    let (doors, adapters) = (Doors::default(), Adapters::default());
    let config =
        Config { data: dir.to_owned(), database: None, scans: None, listen, decoder_exe, doors, adapters, env };
    serve(config).await.unwrap()
}

impl Server {
    async fn new() -> Server {
        let (dir, env) = (tempfile::tempdir().unwrap(), morning());
        let running = start(dir.path(), "127.0.0.1:0".parse().unwrap(), env.clone()).await;
        set_up(running.ledger(), dir.path(), "KNC").await;
        Server { dir, running, env, http: Client::new() }
    }

    async fn restarted(self) -> Server {
        let Server { dir, running, env, http } = self;
        let addr = running.addr;
        running.shutdown().await;
        let running = start(dir.path(), addr, env.clone()).await;
        Server { dir, running, env, http }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }

    async fn post(&self, path: &str, body: &impl serde::Serialize) -> Response {
        let post = self.http.post(self.url(path)).bearer_auth(self.running.intake_key());
        post.json(body).send().await.unwrap()
    }

    /// A payment notice as the channel sends it, signed at a moment.
    async fn pays_at(&self, payment: &NewPayment, at: i64) -> Response {
        let (path, body) = ("/v1/intake/payments", serde_json::to_vec(payment).unwrap());
        let signature = self.running.billing_key().sign_request("POST", path, at, &body);
        let post = self.http.post(self.url(path)).header("loket-at", at).header("loket-signature", signature);
        post.body(body).send().await.unwrap()
    }

    /// A payment for the first application, made now.
    fn payment(&self, amount_rp: u64) -> NewPayment {
        let (ntpn, channel) = ("ABCD1234EFGH5678".to_owned(), "Pos".to_owned());
        NewPayment { application_no: no(1), amount_rp, ntpn, channel, at: self.env.now() }
    }

    async fn pays(&self, payment: &NewPayment) -> Response {
        self.pays_at(payment, self.env.now().0).await
    }

    async fn put_scan(&self, hash: &str, bytes: Vec<u8>) -> Response {
        let put = self.http.put(self.url(&format!("/v1/intake/scans/{hash}")));
        put.bearer_auth(self.running.intake_key()).body(bytes).send().await.unwrap()
    }

    async fn enrols(&self, code: &str, signing: &Signing) -> Response {
        let ask = serde_json::json!({ "code": code, "name": "Loket 1", "signing_key": signing.public() });
        self.http.post(self.url("/v1/enrol")).json(&ask).send().await.unwrap()
    }

    async fn desk(&self, officer: &str) -> Desk {
        let (code, signing) = (self.running.enrolment_code(&knc()).await.unwrap(), Signing::random());
        let answer: EnrolAnswer = self.enrols(&code, &signing).await.json().await.unwrap();
        assert_eq!((answer.office, answer.series_year, answer.receipts_used), (knc(), 26, 0));
        Desk::new(answer.desk, officer, signing, answer.token)
    }

    /// A signed request of a desk.
    fn signed(&self, desk: &Desk, method: Method, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let at = self.env.now().0;
        self.http
            .request(method.clone(), self.url(path))
            .bearer_auth(&desk.token)
            .header("loket-desk", format!("KNC/{}", desk.id))
            .header("loket-at", at)
            .header("loket-signature", desk.signing.sign_request(method.as_str(), path, at, &body))
            .body(body)
    }

    async fn get(&self, desk: &Desk, path: &str) -> Response {
        self.signed(desk, Method::GET, path, Vec::new()).send().await.unwrap()
    }

    async fn send(&self, desk: &Desk, ask: &SyncAsk) -> Response {
        self.signed(desk, Method::POST, "/v1/sync", serde_json::to_vec(ask).unwrap()).send().await.unwrap()
    }

    fn ask(&self, desk: &Desk, commands: Vec<String>) -> SyncAsk {
        SyncAsk {
            speaks: (PROTOCOL, PROTOCOL),
            office: knc(),
            desk: desk.id,
            cursors: BTreeMap::new(),
            head: ChainHead { n: desk.n, digest: desk.prev },
            commands,
            asks: Vec::new(),
            scans_waiting: 0,
            wait_s: 0,
            sent_at: self.env.now(),
        }
    }

    async fn syncs(&self, desk: &Desk, commands: Vec<String>) -> SyncAnswer {
        self.send(desk, &self.ask(desk, commands)).await.json().await.unwrap()
    }

    /// An application whose scan is already here.
    async fn application(&self, n: u32, bytes: &[u8]) -> NewApplication {
        let hash = Digest::of(bytes);
        assert!(self.put_scan(&hash.to_string(), bytes.to_vec()).await.status().is_success());
        application(n, bytes)
    }

    async fn submits(&self, new: &NewApplication) -> Response {
        self.post("/v1/intake/applications", new).await
    }

    async fn ask_status(&self, n: u32) -> Status {
        let get = self.http.get(self.url(&format!("/v1/intake/applications/{}", no(n))));
        get.bearer_auth(self.running.intake_key()).send().await.unwrap().json().await.unwrap()
    }
}

/// Code and field of a problem.
async fn problem(response: Response) -> (Code, Option<String>) {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let status = response.status();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!((problem.status, problem.code.status()), (status.as_u16(), status));
    (problem.code, problem.field)
}

fn about(code: Code, field: &str) -> (Code, Option<String>) {
    (code, Some(field.to_owned()))
}

async fn error(response: Response) -> (u16, WireError) {
    (response.status().as_u16(), response.json().await.unwrap())
}

fn jpeg() -> Vec<u8> {
    Bitmap::new(64, 48, vec![128; 64 * 48 * 3]).unwrap().to_jpeg(80)
}

// Enrolment

#[tokio::test]
async fn a_code_makes_one_machine_a_workstation() {
    let server = Server::new().await;
    let code = server.running.enrolment_code(&knc()).await.unwrap();
    assert_eq!(server.enrols(&code.to_lowercase(), &Signing::random()).await.status(), StatusCode::OK);
    let again = server.enrols(&code, &Signing::random()).await;
    assert_eq!(error(again).await, (403, WireError::CodeRefused));
    let second = server.desk("adi.nugroho").await;
    assert_eq!(second.id, DeskId(2));
    let known = server.running.ledger().view(&knc(), |w| w.office.desks.len()).await.unwrap();
    assert_eq!(known, 2, "the registry tells all desks of it");
}

#[tokio::test]
async fn a_code_is_good_for_fifteen_minutes() {
    let server = Server::new().await;
    let code = server.running.enrolment_code(&knc()).await.unwrap();
    server.env.advance_ms(15 * 60 * 1000);
    assert_eq!(error(server.enrols(&code, &Signing::random()).await).await, (403, WireError::CodeRefused));
    assert_eq!(error(server.enrols("", &Signing::random()).await).await, (403, WireError::CodeRefused));
}

#[tokio::test]
async fn a_machine_without_a_key_or_with_a_page_for_a_name_is_not_enrolled() {
    let server = Server::new().await;
    let code = server.running.enrolment_code(&knc()).await.unwrap();
    for (field, name, key) in [
        ("signing_key", "Loket 1".to_owned(), "00".to_owned()),
        ("name", "x".repeat(81), "0".repeat(64)),
        ("name", "a\u{0}b".to_owned(), "0".repeat(64)),
    ] {
        let ask = serde_json::json!({ "code": code, "name": name, "signing_key": key });
        let response = server.http.post(server.url("/v1/enrol")).json(&ask).send().await.unwrap();
        assert_eq!(error(response).await, (400, WireError::BadRequest { field: field.to_owned() }));
    }
    assert_eq!(server.enrols(&code, &Signing::random()).await.status(), 200, "the code is still good");
}

// Who may come in

#[tokio::test]
async fn a_desk_nobody_enrolled_is_unknown() {
    let server = Server::new().await;
    let nobody = Desk::new(DeskId(7), "sri.wulandari", Signing::random(), "00".repeat(32));
    assert_eq!(error(server.send(&nobody, &server.ask(&nobody, vec![])).await).await, (401, WireError::DeskUnknown));
    let bare = server.http.post(server.url("/v1/sync")).send().await.unwrap();
    assert_eq!(error(bare).await, (401, WireError::DeskUnknown));
}

#[tokio::test]
async fn a_token_without_the_key_that_signs_is_worth_nothing() {
    let server = Server::new().await;
    let mut sri = server.desk("sri.wulandari").await;
    sri.signing = Signing::random();
    assert_eq!(error(server.send(&sri, &server.ask(&sri, vec![])).await).await, (401, WireError::DeskUnknown));
    assert_eq!(error(server.get(&sri, "/v1/snapshot").await).await, (401, WireError::DeskUnknown));
}

#[tokio::test]
async fn a_body_changed_on_the_way_is_not_the_desks() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    let body = serde_json::to_vec(&server.ask(&sri, vec![])).unwrap();
    let signed = server.signed(&sri, Method::POST, "/v1/sync", body.clone());
    let changed = signed.body([body, b" ".to_vec()].concat()).send().await.unwrap();
    assert_eq!(error(changed).await, (401, WireError::DeskUnknown));
}

#[tokio::test]
async fn a_desk_speaks_for_its_own_office_and_itself_only() {
    let server = Server::new().await;
    let (sri, adi) = (server.desk("sri.wulandari").await, server.desk("adi.nugroho").await);
    let mut ask = server.ask(&sri, vec![]);
    ask.office = OfficeCode::new("KND").unwrap();
    assert_eq!(error(server.send(&sri, &ask).await).await, (403, WireError::OtherOffice));
    let field = "desk".to_owned();
    let other = server.send(&sri, &server.ask(&adi, vec![])).await;
    assert_eq!(error(other).await, (400, WireError::BadRequest { field }));
    let command = adi.draft(server.env.now(), Subject::Office, arrives()).stamp();
    let field = "commands".to_owned();
    let other = server.send(&sri, &server.ask(&sri, vec![command])).await;
    assert_eq!(error(other).await, (400, WireError::BadRequest { field }));
}

#[tokio::test]
async fn a_revoked_desk_delivers_into_quarantine_and_gets_nothing() {
    let server = Server::new().await;
    let mut sri = server.desk("sri.wulandari").await;
    server.running.ledger().revoke_desk(&knc(), sri.id).await.unwrap();
    let command = sri.draft(server.env.now(), on("A-001"), arrives());
    let stamped = sri.stamp(&command);
    let answer = server.syncs(&sri, vec![stamped]).await;
    assert_eq!(answer.answers[0].outcome, RowOutcome::Quarantined { why: Quarantine::DeskRevoked });
    assert!(answer.rows.is_empty() && answer.heads.is_empty());
    assert_eq!(error(server.send(&sri, &server.ask(&sri, vec![])).await).await, (403, WireError::DeskRevoked));
    assert_eq!(error(server.get(&sri, "/v1/snapshot").await).await, (403, WireError::DeskRevoked));
}

#[tokio::test]
async fn a_program_of_another_protocol_is_told_what_is_spoken_here() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    let mut ask = server.ask(&sri, vec![]);
    ask.speaks = (PROTOCOL + 1, PROTOCOL + 3);
    assert_eq!(error(server.send(&sri, &ask).await).await, (426, WireError::ProtocolTooOld { needs: PROTOCOL }));
}

// Limits

#[tokio::test]
async fn two_hundred_commands_fit_an_ask_and_one_more_does_not() {
    let server = Server::new().await;
    publish_people(server.running.ledger(), 1).await;
    let mut sri = server.desk("sri.wulandari").await;
    let mut commands = Vec::new();
    for _ in 0..201 {
        let command = sri.draft(server.env.now(), on("A-001"), arrives());
        commands.push(sri.stamp(&command));
    }
    let field = "commands".to_owned();
    let response = server.send(&sri, &server.ask(&sri, commands.clone())).await;
    assert_eq!(error(response).await, (400, WireError::BadRequest { field }));
    commands.pop();
    let answer = server.syncs(&sri, commands).await;
    assert_eq!(answer.answers.len(), 200);
}

#[tokio::test]
async fn a_bomb_is_cut_off_where_it_passes_the_limit() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    let bomb = zstd::encode_all(std::io::repeat(b' ').take_bytes(1 << 30), 3).unwrap();
    let sent = server.signed(&sri, Method::POST, "/v1/sync", bomb).header("content-encoding", "zstd").send().await;
    assert_eq!(error(sent.unwrap()).await, (413, WireError::TooLarge { max: BODY_BYTES_MAX as u64 }));
}

trait TakeBytes: std::io::Read + Sized {
    fn take_bytes(self, n: u64) -> std::io::Take<Self> {
        std::io::Read::take(self, n)
    }
}
impl TakeBytes for std::io::Repeat {}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    let sent = server.signed(&sri, Method::POST, "/v1/sync", vec![b' '; BODY_BYTES_MAX + 1]).send().await;
    // Whoever is still sending may find the door shut before reading the reason.
    if let Ok(response) = sent {
        assert_eq!(error(response).await, (413, WireError::TooLarge { max: BODY_BYTES_MAX as u64 }));
    }
    let mut ask = server.ask(&sri, vec!["x".repeat(COMMAND_BYTES_MAX + 1)]);
    let max = COMMAND_BYTES_MAX as u64;
    assert_eq!(error(server.send(&sri, &ask).await).await, (413, WireError::TooLarge { max }));
    ask.commands.clear();
    assert_eq!(server.send(&sri, &ask).await.status(), 200);
}

#[tokio::test]
async fn nonsense_has_a_typed_answer() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    let body = || WireError::BadRequest { field: "body".to_owned() };
    for nonsense in [String::new(), "[".repeat(10_000), "null".to_owned(), "\u{0}".to_owned()] {
        let sent = server.signed(&sri, Method::POST, "/v1/sync", nonsense.into_bytes()).send().await.unwrap();
        assert_eq!(error(sent).await, (400, body()));
    }
    let commands = || WireError::BadRequest { field: "commands".to_owned() };
    for nonsense in ["", "{}", "{\"desk\":1,\"n\":0,\"prev\":\"00\"}", &"[".repeat(10_000)] {
        let sent = server.send(&sri, &server.ask(&sri, vec![nonsense.to_owned()])).await;
        assert_eq!(error(sent).await, (400, commands()));
    }
    let gzip =
        server.signed(&sri, Method::POST, "/v1/sync", vec![1, 2]).header("content-encoding", "gzip").send().await;
    assert_eq!(error(gzip.unwrap()).await.0, 400);
    let lost = server.http.get(server.url("/../../etc/passwd")).send().await.unwrap();
    assert_eq!(error(lost).await, (404, WireError::NotFound));
}

// Exchange

#[tokio::test]
async fn what_was_said_once_is_answered_twice_with_the_same_bytes() {
    let server = Server::new().await;
    publish_people(server.running.ledger(), 2).await;
    let mut sri = server.desk("sri.wulandari").await;
    let mut commands = Vec::new();
    for (ticket, rules) in [("A-001", 1), ("A-999", 1), ("A-002", 9)] {
        let mut command = sri.draft(server.env.now(), on(ticket), arrives());
        command.rules = loket_core::id::RulesVersion(rules);
        commands.push(sri.stamp(&command));
    }
    let first = server.syncs(&sri, commands.clone()).await;
    let again = server.syncs(&sri, commands).await;
    assert_eq!(first.answers.len(), 3);
    assert_eq!(serde_json::to_string(&first.answers).unwrap(), serde_json::to_string(&again.answers).unwrap());
}

#[tokio::test]
async fn zstd_comes_and_goes() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    let body = zstd::encode_all(&serde_json::to_vec(&server.ask(&sri, vec![])).unwrap()[..], 3).unwrap();
    let signed = server.signed(&sri, Method::POST, "/v1/sync", body).header("content-encoding", "zstd");
    let response = signed.header("accept-encoding", "zstd").send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "zstd");
    let bytes = zstd::decode_all(&response.bytes().await.unwrap()[..]).unwrap();
    let answer: SyncAnswer = serde_json::from_slice(&bytes).unwrap();
    assert!(!answer.rows.is_empty() && answer.rows.iter().all(|r| r.open().is_ok()));
}

/// Two desks; the second waits with its cursors at the heads until `news` has happened.
async fn woken_by(server: &Server, waiting: &Desk, news: impl Future<Output = ()>) -> SyncAnswer {
    let mut ask = server.ask(waiting, vec![]);
    ask.cursors = server.syncs(waiting, vec![]).await.heads;
    ask.wait_s = 20;
    let started = tokio::time::Instant::now();
    let answer = async { server.send(waiting, &ask).await.json::<SyncAnswer>().await.unwrap() };
    let news = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        news.await;
    };
    let (answer, ()) = tokio::join!(answer, news);
    assert!(started.elapsed() < Duration::from_secs(10), "woken, not timed out");
    answer
}

#[tokio::test]
async fn a_long_poll_ends_when_a_colleague_does_something() {
    let server = Server::new().await;
    publish_people(server.running.ledger(), 1).await;
    let (mut sri, adi) = (server.desk("sri.wulandari").await, server.desk("adi.nugroho").await);
    let ledger = server.running.ledger();
    let news = async {
        sri.does(ledger, on("A-001"), arrives()).await;
    };
    assert_eq!(woken_by(&server, &adi, news).await.rows.len(), 1);
}

#[tokio::test]
async fn a_long_poll_ends_when_another_process_publishes() {
    let server = Server::new().await;
    let adi = server.desk("adi.nugroho").await;
    let admin = loket_server::open_ledger(server.dir.path(), None, server.env.clone()).await.unwrap();
    let answer = woken_by(&server, &adi, publish_people(&admin, 1)).await;
    assert!(!answer.rows.is_empty());
}

#[tokio::test]
async fn a_long_poll_ends_when_a_colleague_wishes_for_work() {
    let server = Server::new().await;
    let ledger = server.running.ledger();
    publish_people(ledger, 2).await;
    let (mut sri, mut adi) = (server.desk("sri.wulandari").await, server.desk("adi.nugroho").await);
    sri.opens(ledger, 1).await;
    adi.opens(ledger, 2).await;
    sri.does(ledger, on("A-002"), arrives()).await;
    let news = async {
        let mut ask = server.ask(&sri, vec![]);
        ask.asks = vec![sri.ask("r1", 1)];
        let answer: SyncAnswer = server.send(&sri, &ask).await.json().await.unwrap();
        assert!(matches!(answer.asks.values().next(), Some(AskAnswer::No { .. })));
    };
    let answer = woken_by(&server, &adi, news).await;
    assert_eq!((answer.wanted[0].from, answer.wanted[0].to), (CounterNo(2), CounterNo(1)));
}

#[tokio::test]
async fn a_long_poll_without_news_ends_in_time_and_at_closing() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    let mut ask = server.ask(&sri, vec![]);
    ask.cursors = server.syncs(&sri, vec![]).await.heads;
    ask.wait_s = 1;
    let started = tokio::time::Instant::now();
    let answer: SyncAnswer = server.send(&sri, &ask).await.json().await.unwrap();
    assert!(answer.rows.is_empty() && started.elapsed() >= Duration::from_millis(900));
    ask.wait_s = 25;
    let request = server.signed(&sri, Method::POST, "/v1/sync", serde_json::to_vec(&ask).unwrap());
    let waiting = tokio::spawn(async move { request.send().await.unwrap().status() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = tokio::time::Instant::now();
    server.running.shutdown().await;
    assert_eq!(waiting.await.unwrap(), 200);
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_restart_on_the_same_port_loses_nothing() {
    let server = Server::new().await;
    publish_people(server.running.ledger(), 1).await;
    let mut sri = server.desk("sri.wulandari").await;
    let command = sri.draft(server.env.now(), on("A-001"), arrives());
    let stamped = sri.stamp(&command);
    let first = server.syncs(&sri, vec![stamped.clone()]).await;
    let server = server.restarted().await;
    let again = server.syncs(&sri, vec![stamped]).await;
    assert_eq!(first.answers, again.answers);
    assert_eq!(first.rows, again.rows);
    agrees(server.running.ledger()).await;
}

#[tokio::test]
async fn a_plug_pulled_during_eight_desks_work_leaves_whole_rows_only() {
    let server = Server::new().await;
    publish_people(server.running.ledger(), 8).await;
    let mut desks = Vec::new();
    for _ in 0..8 {
        desks.push(server.desk("sri.wulandari").await);
    }
    let mut working = Vec::new();
    for (i, mut desk) in desks.into_iter().enumerate() {
        let mut requests = Vec::new();
        for _ in 0..40 {
            let command = desk.draft(server.env.now(), on(&format!("A-{:03}", i + 1)), arrives());
            let stamped = desk.stamp(&command);
            let ask = serde_json::to_vec(&server.ask(&desk, vec![stamped.clone()])).unwrap();
            requests.push((stamped, server.signed(&desk, Method::POST, "/v1/sync", ask)));
        }
        working.push(tokio::spawn(async move {
            let mut answered = Vec::new();
            for (stamped, request) in requests {
                let Ok(response) = request.send().await else { break };
                let Ok(answer) = response.json::<SyncAnswer>().await else { break };
                answered.push((stamped, answer.answers));
            }
            (desk, answered)
        }));
    }
    tokio::time::sleep(Duration::from_millis(250)).await;
    let Server { dir, running, env, http } = server;
    let addr = running.addr;
    running.kill().await;
    let running = start(dir.path(), addr, env.clone()).await;
    let server = Server { dir, running, env, http };
    for desk in working {
        let (desk, answered) = desk.await.unwrap();
        for (stamped, answers) in answered {
            let again = server.running.ledger().append_command(&knc(), desk.id, &stamped).await.unwrap();
            assert_eq!(again.answers, answers, "what was answered is there");
        }
    }
    agrees(server.running.ledger()).await;
}

#[tokio::test]
async fn a_snapshot_and_the_rows_after_it_are_everything() {
    let server = Server::new().await;
    publish_people(server.running.ledger(), 1).await;
    let mut sri = server.desk("sri.wulandari").await;
    let snapshot: Snapshot = server.get(&sri, "/v1/snapshot").await.json().await.unwrap();
    sri.does(server.running.ledger(), on("A-001"), arrives()).await;
    let mut ask = server.ask(&sri, vec![]);
    ask.cursors = snapshot.cursors;
    let answer: SyncAnswer = server.send(&sri, &ask).await.json().await.unwrap();
    let mut world = loket_core::world::World::default();
    snapshot.aggregates.into_iter().for_each(|a| world.put(a));
    for row in answer.rows {
        let (header, body) = row.open().unwrap();
        let body = body.unwrap();
        world.apply(&header.subject, &body.stamp, &body.events);
    }
    assert_eq!(world, server.running.ledger().view(&knc(), Clone::clone).await.unwrap());
}

// Intake

#[tokio::test]
async fn an_application_becomes_a_case_with_a_bill_and_a_place() {
    let server = Server::new().await;
    let new = server.application(1, &jpeg()).await;
    assert_eq!(server.submits(&new).await.status(), StatusCode::CREATED);
    let office = knc();
    let view = || server.running.ledger().view(&office, |w| w.application(&no(1)).unwrap().clone());
    let case = view().await.unwrap();
    let bill = case.bill.clone().unwrap();
    assert_eq!((bill.code.len(), bill.amount_rp), (15, 950_000));
    assert_eq!(bill.due, new.submitted_at.plus_ms(2 * 3600 * 1000));
    assert_eq!(case.appointment.as_ref().unwrap().slot, at("2026-11-23T02:00:00Z"));
    assert_eq!((case.scans.len(), case.answers.len()), (3, 0));
    let payment = NewPayment {
        application_no: no(1),
        amount_rp: bill.amount_rp,
        ntpn: "ABCD1234EFGH5678".to_owned(),
        channel: "BRI".to_owned(),
        at: server.env.now(),
    };
    assert_eq!(server.pays(&payment).await.status(), StatusCode::CREATED);
    assert_eq!(server.pays(&payment).await.status(), StatusCode::OK);
    let case = view().await.unwrap();
    assert!(matches!(case.payment(), PaymentState::Paid { .. }));
    assert_eq!(case.payments.len(), 1);
    let other = NewPayment { amount_rp: 1, ..payment };
    assert_eq!(problem(server.pays(&other).await).await, about(Code::DiffersFromBefore, "ntpn"));
    let other = NewPayment { application_no: no(9), ntpn: "0000000000000000".to_owned(), ..other };
    assert_eq!(problem(server.pays(&other).await).await, (Code::NotFound, None));
}

#[tokio::test]
async fn the_same_application_again_changes_nothing_and_another_one_is_a_conflict() {
    let server = Server::new().await;
    let mut new = server.application(1, &jpeg()).await;
    assert_eq!(server.submits(&new).await.status(), StatusCode::CREATED);
    let heads = server.running.ledger().heads(&knc()).await.unwrap();
    assert_eq!(server.submits(&new).await.status(), StatusCode::OK);
    assert_eq!(server.running.ledger().heads(&knc()).await.unwrap(), heads);
    new.form.full_name = "CONTOH DUA".to_owned();
    assert_eq!(problem(server.submits(&new).await).await, about(Code::DiffersFromBefore, "application_no"));
}

#[tokio::test]
async fn an_application_names_its_unfit_field() {
    let server = Server::new().await;
    let good = server.application(1, &jpeg()).await;
    let says = async |code: Code, field: &str, change: &dyn Fn(&mut NewApplication)| {
        let mut new = good.clone();
        change(&mut new);
        assert_eq!(problem(server.submits(&new).await).await, about(code, field));
    };
    let unfit = async |field: &str, change: &dyn Fn(&mut NewApplication)| says(Code::Unfit, field, change).await;
    says(Code::ScanUnknown, "documents[1].hash", &|n| n.documents[1].hash = Digest::of(b"never sent")).await;
    says(Code::DocumentMissing, "documents.family_card", &|n| drop(n.documents.remove(1))).await;
    says(Code::PlaceUnknown, "appointment", &|n| n.appointment.as_mut().unwrap().time = "09:01".to_owned()).await;
    unfit("documents[0].bytes", &|n| n.documents[0].bytes += 1).await;
    unfit("documents", &|n| n.documents = vec![n.documents[0].clone(); SCANS_PER_APPLICATION_MAX + 1]).await;
    unfit("documents[2].file_name", &|n| n.documents[2].file_name = "\u{0}".to_owned()).await;
    unfit("application_no", &|n| n.application_no = ApplicationNo::new("2611000000000001/0").unwrap()).await;
    unfit("application_no", &|n| n.application_no = ApplicationNo::new("1".repeat(33)).unwrap()).await;
    unfit("appointment.day", &|n| n.appointment.as_mut().unwrap().day = today() - chrono::Days::new(3)).await;
    unfit("submitted_at", &|n| n.submitted_at = server.env.now().plus_ms(-SUBMITTED_AGE_MS_MAX - 1000)).await;
    unfit("office", &|n| n.office = OfficeCode::new("KNX").unwrap()).await;
    unfit("account", &|n| n.account = Some("<script>".to_owned())).await;
    unfit("form.full_name", &|n| n.form.full_name = "A\u{202e}B".to_owned()).await;
    unfit("form.full_name", &|n| n.form.full_name = " ".to_owned()).await;
    unfit("form.address", &|n| n.form.address = "x".repeat(501)).await;
    unfit("form.birth_date", &|n| n.form.birth_date = chrono::NaiveDate::MIN).await;
    unfit("form.birth_date", &|n| n.form.birth_date = today()).await;
    unfit("validity_years", &|n| n.validity_years = 7).await;
    unfit("same_day", &|n| (n.same_day, n.kind) = (true, Kind::Lost)).await;
    unfit("submitted_at", &|n| n.submitted_at = server.env.now().plus_ms(CLOCK_AHEAD_MS_MAX + 60_000)).await;
    unfit("submitted_at", &|n| n.submitted_at = Timestamp(i64::MIN)).await;
    unfit("appointment.time", &|n| n.appointment.as_mut().unwrap().time = "25:00".to_owned()).await;
    unfit("appointment.time", &|n| n.appointment.as_mut().unwrap().time = "9:00".to_owned()).await;
    unfit("appointment.kind", &|n| n.appointment.as_mut().unwrap().kind = Some(PlaceKind::Priority)).await;
    unfit("appointment.kind", &|n| n.appointment.as_mut().unwrap().kind = Some(PlaceKind::SameDay)).await;
    let mut twenty = good.clone();
    twenty.documents.extend(vec![good.documents[0].clone(); SCANS_PER_APPLICATION_MAX - 3]);
    assert_eq!(server.submits(&twenty).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn what_can_not_be_read_is_named_by_its_path() {
    let server = Server::new().await;
    let good = serde_json::to_value(server.application(1, &jpeg()).await).unwrap();
    let says = async |field: &str, body: String| {
        let post = server.http.post(server.url("/v1/intake/applications")).bearer_auth(server.running.intake_key());
        assert_eq!(problem(post.body(body).send().await.unwrap()).await, about(Code::BadRequest, field));
    };
    let with = |path: &str, value: serde_json::Value| {
        let mut new = good.clone();
        *new.pointer_mut(path).unwrap() = value;
        new.to_string()
    };
    says("form.birth_date", with("/form/birth_date", "0000-00-00".into())).await;
    says("form.birth_date", with("/form/birth_date", "2026-02-29".into())).await;
    says("form.nik", with("/form/nik", "317101010190000".into())).await;
    says("documents[1].hash", with("/documents/1/hash", "../../etc".into())).await;
    says("documents[0].bytes", with("/documents/0/bytes", (-1).into())).await;
    says("documents[0].bytes", with("/documents/0/bytes", 0.1.into())).await;
    says("kind", with("/kind", "holiday".into())).await;
    says("application_no", with("/application_no", "A".repeat(65).into())).await;
    let mut unknown = good.clone();
    unknown["role"] = "supervisor".into();
    says("role", unknown.to_string()).await;
    says("body", good.to_string().replacen("\"kind\"", "\"kind\":\"new\",\"kind\"", 1)).await;
    says("form.full_name", good.to_string().replace("CONTOH SATU", "\\ud800")).await;
    says("form[0]", with("/form", serde_json::Value::Null).replace("null", &"[".repeat(10_000))).await;
    says("body", String::new()).await;
    says("body", format!("{good} {good}")).await;
    let nobody = server.running.ledger().view(&knc(), |w| w.applications.len()).await.unwrap();
    assert_eq!(nobody, 0, "nothing half done");
    let great = format!("{}{}", " ".repeat(APPLICATION_BYTES_MAX), good);
    let post = server.http.post(server.url("/v1/intake/applications")).bearer_auth(server.running.intake_key());
    assert_eq!(problem(post.body(great).send().await.unwrap()).await.0, Code::TooLarge);
}

#[tokio::test]
async fn a_child_has_other_papers_and_five_years_and_the_fee_is_that_of_the_decree() {
    let server = Server::new().await;
    let mut child = server.application(1, &jpeg()).await;
    child.form.birth_date = chrono::NaiveDate::from_ymd_opt(2015, 1, 1).unwrap();
    assert_eq!(problem(server.submits(&child).await).await, about(Code::Unfit, "validity_years"));
    child.validity_years = 5;
    assert_eq!(problem(server.submits(&child).await).await, about(Code::DocumentMissing, "documents.parents_ktp"));
    // Whoever is married counts as grown up.
    child.married = true;
    (child.same_day, child.appointment.as_mut().unwrap().kind) = (true, None);
    let taken: Status = server.submits(&child).await.json().await.unwrap();
    assert_eq!(taken.bill.unwrap().amount_rp, 1_650_000, "five years, electronic, and the same day");
}

#[tokio::test]
async fn two_spellings_of_a_letter_are_one_name() {
    let server = Server::new().await;
    let mut new = server.application(1, &jpeg()).await;
    new.form.full_name = " RENE\u{301} ".to_owned();
    assert_eq!(server.submits(&new).await.status(), StatusCode::CREATED);
    let name = |w: &World| w.application(&no(1)).unwrap().submission.as_ref().unwrap().form.full_name.clone();
    assert_eq!(server.running.ledger().view(&knc(), name).await.unwrap(), "REN\u{c9}");
}

#[tokio::test]
async fn a_second_application_of_one_person_is_told_to_both_at_once() {
    let server = Server::new().await;
    set_up(server.running.ledger(), server.dir.path(), "KNX").await;
    let first = server.application(1, &jpeg()).await;
    let told: Status = server.submits(&first).await.json().await.unwrap();
    assert_eq!(told.warnings, []);
    let mut second = server.application(2, &jpeg()).await;
    (second.form.nik, second.office) = (first.form.nik, OfficeCode::new("KNX").unwrap());
    let told: Status = server.submits(&second).await.json().await.unwrap();
    assert_eq!(told.warnings, [Warning::Duplicate { office: knc(), application: no(1) }]);
    let of_first = server.ask_status(1).await.warnings;
    assert_eq!(of_first, [Warning::Duplicate { office: second.office.clone(), application: no(2) }]);
    // Once the first is given up a third is a duplicate of the second only.
    let path = format!("/v1/intake/applications/{}/cancellation", no(1));
    assert_eq!(server.post(&path, &serde_json::json!({ "reason": "" })).await.status(), StatusCode::OK);
    let mut third = server.application(3, &jpeg()).await;
    third.form.nik = first.form.nik;
    let told: Status = server.submits(&third).await.json().await.unwrap();
    assert_eq!(told.warnings, [Warning::Duplicate { office: second.office, application: no(2) }]);
}

#[tokio::test]
async fn an_account_has_five_open_applications_and_a_sixth_when_one_is_over() {
    let server = Server::new().await;
    let submits = async |n: u32| {
        let mut new = server.application(n, &jpeg()).await;
        new.account = Some("keluarga-1".to_owned());
        server.submits(&new).await
    };
    for n in 1..=5 {
        assert_eq!(submits(n).await.status(), StatusCode::CREATED);
    }
    assert_eq!(problem(submits(6).await).await, about(Code::AccountFull, "account"));
    assert_eq!(submits(5).await.status(), StatusCode::OK, "a repeat is no sixth");
    let path = format!("/v1/intake/applications/{}/cancellation", no(2));
    server.post(&path, &serde_json::json!({ "reason": "" })).await;
    assert_eq!(submits(6).await.status(), StatusCode::CREATED);
    assert_eq!(problem(submits(7).await).await, about(Code::AccountFull, "account"));
    // Those whose bills run out count no longer either.
    server.env.advance_ms(PAYMENT_REPORT_MS);
    server.running.ledger().expire_due().await.unwrap();
    assert_eq!(submits(7).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn whoever_gives_an_application_up_gives_the_place_back_and_is_on_no_list() {
    let server = Server::new().await;
    let new = server.application(1, &jpeg()).await;
    server.submits(&new).await;
    publish_day(server.running.ledger(), &knc(), today()).await.unwrap();
    let path = format!("/v1/intake/applications/{}/cancellation", no(1));
    let cancel = async |reason: &str| server.post(&path, &serde_json::json!({ "reason": reason })).await;
    assert_eq!(problem(cancel("\u{0}").await).await, about(Code::Unfit, "reason"));
    let told: Status = cancel("batal berangkat").await.json().await.unwrap();
    assert_eq!((told.standing, told.appointment), (Standing::Cancelled, None));
    assert_eq!(cancel("sekali lagi").await.status(), StatusCode::OK, "twice is once");
    let gone = |w: &World| w.visits.values().all(|v| matches!(v.stage(), Stage::Withdrawn { .. }));
    assert!(server.running.ledger().view(&knc(), gone).await.unwrap());
    let places = server.running.ledger().places(&knc(), today()..=today()).await.unwrap();
    assert!(places.iter().all(|p| p.taken == 0));
    let other = serde_json::json!({ "day": today() + chrono::Days::new(1), "time": "10:00" });
    let path = format!("/v1/intake/applications/{}/appointment", no(1));
    assert_eq!(problem(server.post(&path, &other).await).await, (Code::Cancelled, None));
}

#[tokio::test]
async fn a_payment_for_what_was_given_up_opens_nothing_again() {
    let server = Server::new().await;
    let mut new = server.application(1, &jpeg()).await;
    new.account = Some("keluarga-1".to_owned());
    server.submits(&new).await;
    let path = format!("/v1/intake/applications/{}/cancellation", no(1));
    server.post(&path, &serde_json::json!({ "reason": "" })).await;
    let payment = server.payment(950_000);
    assert_eq!(server.pays(&payment).await.json::<serde_json::Value>().await.unwrap()["late"], true);
    for n in 2..=6 {
        let mut new = server.application(n, &jpeg()).await;
        new.account = Some("keluarga-1".to_owned());
        if n == 2 {
            new.form.nik = Nik::parse("3171010101900001").unwrap();
        }
        let told: Status = server.submits(&new).await.json().await.unwrap();
        assert_eq!(told.warnings, [], "what was given up is no second application");
    }
}

#[tokio::test]
async fn too_little_is_kept_and_buys_no_place() {
    let server = Server::new().await;
    server.submits(&server.application(1, &jpeg()).await).await;
    let payment = server.payment(1);
    assert_eq!(server.pays(&payment).await.status(), StatusCode::CREATED);
    server.env.advance_ms(PAYMENT_REPORT_MS);
    assert_eq!(server.running.ledger().expire_due().await.unwrap(), 1);
    let paid = server.running.ledger().view(&knc(), |w| w.application(&no(1)).unwrap().payments.len()).await;
    assert_eq!(paid.unwrap(), 1);
    assert_eq!(server.ask_status(1).await.standing, Standing::PaymentExpired);
}

#[tokio::test]
async fn two_payments_that_make_up_the_fee_are_the_fee_and_the_first_alone_is_not() {
    let server = Server::new().await;
    server.submits(&server.application(1, &jpeg()).await).await;
    let pays = async |amount_rp: u64, ntpn: &str| {
        let payment = NewPayment { ntpn: ntpn.to_owned(), ..server.payment(amount_rp) };
        assert_eq!(server.pays(&payment).await.status(), StatusCode::CREATED);
        server.running.ledger().view(&knc(), |w| w.application(&no(1)).unwrap().payment()).await.unwrap()
    };
    let in_part = pays(900_000, "ABCD1234EFGH5678").await;
    assert_eq!(in_part, PaymentState::PaidInPart { paid_rp: 900_000, of_rp: 950_000 });
    assert_eq!(server.ask_status(1).await.standing, Standing::AwaitingPayment);
    assert!(matches!(pays(50_000, "ABCD1234EFGH5679").await, PaymentState::Paid { .. }));
    server.env.advance_ms(PAYMENT_REPORT_MS);
    assert_eq!(server.running.ledger().expire_due().await.unwrap(), 0);
    assert_eq!(server.ask_status(1).await.standing, Standing::Booked);
}

#[tokio::test]
async fn whoever_moves_within_a_day_gets_another_ticket_and_a_repeat_is_no_second_move() {
    let server = Server::new().await;
    server.submits(&server.application(1, &jpeg()).await).await;
    server.pays(&server.payment(950_000)).await;
    publish_day(server.running.ledger(), &knc(), today()).await.unwrap();
    let path = format!("/v1/intake/applications/{}/appointment", no(1));
    let later = serde_json::json!({ "day": today(), "time": "13:00", "ground": "server_offline" });
    for _ in 0..2 {
        assert_eq!(server.post(&path, &later).await.status(), StatusCode::OK);
    }
    assert_eq!(publish_day(server.running.ledger(), &knc(), today()).await.unwrap(), 1);
    let expected = |w: &World| w.visits.values().filter(|v| matches!(v.stage(), Stage::Expected)).count();
    assert_eq!(server.running.ledger().view(&knc(), expected).await.unwrap(), 1);
    let places = server.running.ledger().places(&knc(), today()..=today()).await.unwrap();
    assert_eq!(places.iter().map(|p| p.taken).sum::<u32>(), 1);
    for kind in ["same_day", "priority"] {
        let dear = serde_json::json!({ "day": today(), "time": "14:00", "kind": kind, "ground": "server_offline" });
        assert_eq!(problem(server.post(&path, &dear).await).await, about(Code::Unfit, "kind"), "nobody paid for it");
    }
}

#[tokio::test]
async fn a_family_that_gives_up_one_by_one_is_on_no_list_in_the_end() {
    let server = Server::new().await;
    for n in 1..=2 {
        let mut new = server.application(n, &jpeg()).await;
        new.account = Some("keluarga-1".to_owned());
        server.submits(&new).await;
    }
    assert_eq!(publish_day(server.running.ledger(), &knc(), today()).await.unwrap(), 1, "they come together");
    for (n, gone) in [(1, false), (2, true)] {
        let path = format!("/v1/intake/applications/{}/cancellation", no(n));
        server.post(&path, &serde_json::json!({ "reason": "" })).await;
        let withdrawn = |w: &World| w.visits.values().all(|v| matches!(v.stage(), Stage::Withdrawn { .. }));
        assert_eq!(server.running.ledger().view(&knc(), withdrawn).await.unwrap(), gone);
    }
}

#[tokio::test]
async fn whoever_was_served_can_give_nothing_up() {
    let server = Server::new().await;
    server.submits(&server.application(1, &jpeg()).await).await;
    publish_day(server.running.ledger(), &knc(), today()).await.unwrap();
    let mut sri = server.desk("sri.wulandari").await;
    sri.opens(server.running.ledger(), 1).await;
    let start = Act::Start { counter: CounterNo(1), applications: vec![no(1)], presence: Presence::NameConfirmed };
    sri.does(server.running.ledger(), on("A-001"), start).await;
    let path = format!("/v1/intake/applications/{}", no(1));
    let cancelled = server.post(&format!("{path}/cancellation"), &serde_json::json!({ "reason": "" })).await;
    assert_eq!(problem(cancelled).await, (Code::AlreadyServed, None));
    let moved = serde_json::json!({ "day": today(), "time": "10:00", "ground": "server_offline" });
    assert_eq!(problem(server.post(&format!("{path}/appointment"), &moved).await).await, (Code::AlreadyServed, None));
}

#[tokio::test]
async fn a_document_that_was_asked_for_again_is_sent_again_and_every_attempt_is_kept() {
    let server = Server::new().await;
    let new = server.application(1, &jpeg()).await;
    server.submits(&new).await;
    publish_day(server.running.ledger(), &knc(), today()).await.unwrap();
    let path = format!("/v1/intake/applications/{}/documents", no(1));
    let other = Bitmap::new(64, 48, vec![10; 64 * 48 * 3]).unwrap().to_jpeg(80);
    server.put_scan(&Digest::of(&other).to_string(), other.clone()).await;
    let another = NewDocument { hash: Digest::of(&other), bytes: other.len() as u64, ..new.documents[0].clone() };
    let sends =
        async |document: &NewDocument| server.post(&path, &serde_json::json!({ "documents": [document] })).await;
    assert_eq!(problem(sends(&another).await).await, about(Code::NotAsked, "documents[0]"));

    let mut sri = server.desk("sri.wulandari").await;
    let verdict = Act::Verdict {
        document: DocumentKind::Ktp,
        scan: new.documents[0].hash,
        verdict: Verdict::AskReupload { reason: Reason::Glare },
        to_applicant: "Foto di tempat teduh".to_owned(),
        note: String::new(),
    };
    sri.does(server.running.ledger(), Subject::Application(no(1)), verdict).await;
    let asked = server.ask_status(1).await.reuploads;
    let [asked] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((asked.document, asked.reason, asked.attempts), (DocumentKind::Ktp, Reason::Glare, 1));
    assert!(asked.sentence.en.contains("another angle") && asked.note == "Foto di tempat teduh");

    assert_eq!(problem(sends(&new.documents[0]).await).await, about(Code::SameScan, "documents[0]"));
    let told: Status = sends(&another).await.json().await.unwrap();
    assert_eq!(told.reuploads, [], "now the officer is asked");
    assert_eq!(sends(&another).await.status(), StatusCode::OK, "a repeat is no third attempt");
    let scans =
        |w: &World| w.application(&no(1)).unwrap().scans.iter().filter(|s| s.document == DocumentKind::Ktp).count();
    assert_eq!(server.running.ledger().view(&knc(), scans).await.unwrap(), 2);
    let steps: Vec<Step> = server.ask_status(1).await.history.into_iter().map(|d| d.step).collect();
    assert!(steps.ends_with(&[Step::ReuploadAsked, Step::Reuploaded]), "{steps:?}");
    let fetched = server.get(&sri, &format!("/v1/scans/{}", another.hash)).await;
    assert_eq!(fetched.status(), StatusCode::OK, "desks of the office may see it");
}

#[tokio::test]
async fn whoever_gave_up_at_the_counter_is_asked_for_no_document_any_more() {
    let server = Server::new().await;
    let new = server.application(1, &jpeg()).await;
    server.submits(&new).await;
    publish_day(server.running.ledger(), &knc(), today()).await.unwrap();
    let mut sri = server.desk("sri.wulandari").await;
    sri.opens(server.running.ledger(), 1).await;
    let counter = CounterNo(1);
    let start = Act::Start { counter, applications: vec![no(1)], presence: Presence::NameConfirmed };
    sri.does(server.running.ledger(), on("A-001"), start).await;
    let verdict = Act::Verdict {
        document: DocumentKind::Ktp,
        scan: new.documents[0].hash,
        verdict: Verdict::AskReupload { reason: Reason::Glare },
        to_applicant: String::new(),
        note: String::new(),
    };
    sri.does(server.running.ledger(), Subject::Application(no(1)), verdict).await;
    let other = Bitmap::new(64, 48, vec![10; 64 * 48 * 3]).unwrap().to_jpeg(80);
    server.put_scan(&Digest::of(&other).to_string(), other.clone()).await;
    let another = NewDocument { hash: Digest::of(&other), bytes: other.len() as u64, ..new.documents[0].clone() };
    let outcomes = vec![ApplicationOutcome { application: no(1), outcome: Outcome::GivenUp }];
    sri.does(server.running.ledger(), on("A-001"), Act::Finish { counter, outcomes }).await;
    let path = format!("/v1/intake/applications/{}/documents", no(1));
    let sent = server.post(&path, &serde_json::json!({ "documents": [another] })).await;
    assert_eq!(problem(sent).await, (Code::AlreadyServed, None));
    assert_eq!(server.ask_status(1).await.standing, Standing::GivenUp);
}

#[tokio::test]
async fn a_wish_for_the_post_needs_an_address_and_can_be_taken_back() {
    let server = Server::new().await;
    server.submits(&server.application(1, &jpeg()).await).await;
    let path = format!("/v1/intake/applications/{}/delivery", no(1));
    let choose = async |delivery: serde_json::Value| {
        let put = server.http.put(server.url(&path)).bearer_auth(server.running.intake_key());
        put.json(&serde_json::json!({ "delivery": delivery })).send().await.unwrap()
    };
    let post =
        |address: &str| serde_json::json!({ "how": "post", "recipient": "CONTOH", "address": address, "phone": "08" });
    assert_eq!(problem(choose(post("")).await).await, about(Code::Unfit, "delivery.address"));
    assert_eq!(choose(post("JALAN CONTOH 2")).await.status(), StatusCode::OK);
    assert!(matches!(server.ask_status(1).await.delivery, Some(Delivery::Post { .. })));
    for _ in 0..2 {
        assert_eq!(choose(serde_json::json!({ "how": "pick_up" })).await.status(), StatusCode::OK);
    }
    let told = server.ask_status(1).await;
    assert_eq!(told.delivery, Some(Delivery::PickUp));
    assert_eq!(told.history.iter().filter(|d| d.step == Step::DeliveryChosen).count(), 2, "the same wish is no news");
}

#[tokio::test]
async fn an_office_tells_its_rules_and_only_the_fees_of_today() {
    let server = Server::new().await;
    let get = async |path: &str| {
        let get = server.http.get(server.url(path)).bearer_auth(server.running.intake_key());
        get.send().await.unwrap()
    };
    let list: OfficeList = get("/v1/intake/offices").await.json().await.unwrap();
    assert_eq!(list.offices.iter().map(|o| (&o.office, o.zone.as_str())).collect::<Vec<_>>(), [(&knc(), "WIB")]);
    let office: OfficeDetails = get("/v1/intake/offices/KNC").await.json().await.unwrap();
    let fee = office.tariffs.iter().find(|t| t.electronic && t.validity_years == 10);
    assert_eq!((fee.unwrap().amount_rp, office.tariffs.len(), office.surcharges.len()), (950_000, 4, 3));
    assert_eq!(problem(get("/v1/intake/offices/NONE").await).await, (Code::NotFound, None));
    assert_eq!(problem(get("/v1/intake/offices/%ff").await).await.0, Code::BadRequest);
}

#[tokio::test]
async fn what_partners_can_ask_is_described_where_they_ask_it() {
    let server = Server::new().await;
    let get = server.http.get(server.url("/openapi.json")).send().await.unwrap();
    assert_eq!(get.headers()["content-type"], "application/json");
    assert_eq!(get.text().await.unwrap(), loket_server::openapi::text());
}

#[tokio::test]
async fn a_scan_is_taken_in_under_its_own_name_only() {
    let server = Server::new().await;
    let bytes = jpeg();
    let hash = Digest::of(&bytes).to_string();
    let put = async |name: &str, bytes: &[u8]| problem(server.put_scan(name, bytes.to_vec()).await).await;
    assert_eq!(put(&"0".repeat(64), &bytes).await, about(Code::HashDiffers, "hash"));
    assert_eq!(put("..%2f..%2fetc", &bytes).await, about(Code::BadRequest, "hash"));
    let html = b"<html>";
    let response = server.put_scan(&Digest::of(html).to_string(), html.to_vec()).await;
    let said: Problem = response.json().await.unwrap();
    assert_eq!((said.code, said.why.as_deref()), (Code::Unreadable, Some("not_a_scan")));
    assert_eq!(server.put_scan(&hash, bytes.clone()).await.status(), StatusCode::CREATED);
    assert_eq!(server.put_scan(&hash, bytes).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_the_key_nothing_is_taken_in() {
    let server = Server::new().await;
    for key in ["", "wrong"] {
        let post = server.http.post(server.url("/v1/intake/payments")).bearer_auth(key);
        assert_eq!(problem(post.send().await.unwrap()).await, (Code::KeyUnknown, None));
    }
    let health = server.http.get(server.url("/health")).send().await.unwrap();
    assert_eq!(health.json::<serde_json::Value>().await.unwrap()["ok"], true);
}

#[tokio::test]
async fn a_payment_notice_that_is_not_the_channels_own_or_not_of_now_is_refused() {
    let server = Server::new().await;
    let new = server.application(1, &jpeg()).await;
    server.submits(&new).await;
    let ntpn = "ABCD1234EFGH5678".to_owned();
    let channel = "BRI".to_owned();
    let payment = NewPayment { application_no: no(1), amount_rp: 950_000, ntpn, channel, at: server.env.now() };
    let refused = (Code::KeyUnknown, None);
    assert_eq!(
        problem(server.post("/v1/intake/payments", &payment).await).await,
        refused,
        "M-Paspor's key pays nothing"
    );
    let now = server.env.now().0;
    assert_eq!(problem(server.pays_at(&payment, now - NOTICE_AGE_MS_MAX - 1000).await).await, refused);
    assert_eq!(problem(server.pays_at(&payment, now + NOTICE_AGE_MS_MAX + 1000).await).await, refused);
    assert_eq!(problem(server.pays_at(&payment, i64::MIN).await).await, refused);
    let body = serde_json::to_vec(&payment).unwrap();
    let path = "/v1/intake/payments";
    let of_other_bytes = server.running.billing_key().sign_request("POST", path, now, b"{}");
    let of_other_key = Signing::random().sign_request("POST", path, now, &body);
    for signature in [of_other_bytes, of_other_key, String::new(), "AAAA".to_owned()] {
        let post = server.http.post(server.url(path)).header("loket-at", now).header("loket-signature", signature);
        assert_eq!(problem(post.body(body.clone()).send().await.unwrap()).await, refused);
    }
    let paid = server.running.ledger().view(&knc(), |w| w.application(&no(1)).unwrap().payments.len()).await;
    assert_eq!(paid.unwrap(), 0, "nothing half done");
    // Overheard and sent again at once: the same payment, once.
    assert_eq!(server.pays_at(&payment, now).await.status(), StatusCode::CREATED);
    assert_eq!(server.pays_at(&payment, now).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_payment_that_comes_after_the_bill_ran_out_is_answered_as_late() {
    let server = Server::new().await;
    let new = server.application(1, &jpeg()).await;
    server.submits(&new).await;
    server.env.advance_ms(PAYMENT_REPORT_MS);
    assert_eq!(server.running.ledger().expire_due().await.unwrap(), 1);
    let ntpn = "ABCD1234EFGH5678".to_owned();
    let at = server.env.now();
    let payment = NewPayment { application_no: no(1), amount_rp: 950_000, ntpn, channel: "Pos".to_owned(), at };
    let answer = server.pays(&payment).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["late"], true);
}

#[tokio::test]
async fn an_applicant_sees_what_is_left_and_takes_another_place() {
    let server = Server::new().await;
    let day = today() + chrono::Days::new(1);
    let place = |day, time: &str| NewAppointment { day, time: time.to_owned(), kind: None };
    let mut new = server.application(1, &jpeg()).await;
    new.appointment = Some(place(day, "09:00"));
    server.submits(&new).await;
    let left = async |path: &str| {
        let get = server.http.get(server.url(path)).bearer_auth(server.running.intake_key());
        get.send().await.unwrap()
    };
    let path = format!("/v1/intake/offices/KNC/places?from={day}&to={day}");
    let all: serde_json::Value = left(&path).await.json().await.unwrap();
    let nine = all["places"].as_array().unwrap().iter().find(|p| p["time"] == "09:00" && p["kind"] == "regular");
    assert_eq!((&nine.unwrap()["places"], &nine.unwrap()["left"]), (&20.into(), &19.into()));

    let path = format!("/v1/intake/applications/{}/appointment", no(1));
    let moves = async |to: &NewAppointment| server.post(&path, to).await;
    assert_eq!(problem(moves(&place(day, "10:00")).await).await, (Code::NotPaid, None));
    server.pays(&server.payment(950_000)).await;
    let moved: Status = moves(&place(day, "10:00")).await.json().await.unwrap();
    assert_eq!(moved.appointment.unwrap().time, "10:00");
    assert_eq!(problem(moves(&place(day, "11:00")).await).await, (Code::MovesUsedUp, None));
    assert_eq!(problem(moves(&place(day, "25:00")).await).await, about(Code::Unfit, "time"));
    let on_a_ground = serde_json::json!({ "day": today(), "time": "15:00", "ground": "server_offline" });
    assert_eq!(server.post(&path, &on_a_ground).await.status(), StatusCode::OK, "the office was at fault");
    let unknown = server.post("/v1/intake/applications/9999/appointment", &place(day, "10:00")).await;
    assert_eq!(problem(unknown).await, (Code::NotFound, None));

    for (path, status) in [
        ("/v1/intake/offices/KNC/places", 400),
        ("/v1/intake/offices/KNC/places?from=0000-00-00&to=2026-11-24", 400),
        ("/v1/intake/offices/KNC/places?from=2026-11-24&to=2026-11-23", 422),
        ("/v1/intake/offices/KNC/places?from=2026-01-01&to=9999-12-31", 422),
        ("/v1/intake/offices/NONE/places?from=2026-11-24&to=2026-11-24", 404),
    ] {
        assert_eq!(left(path).await.status().as_u16(), status, "{path}");
    }
    let stranger = server.http.get(server.url("/v1/intake/offices/KNC/places?from=2026-11-24&to=2026-11-24"));
    assert_eq!(stranger.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

// Status

#[tokio::test]
async fn whoever_has_the_number_sees_where_it_stands_and_learns_nothing_else() {
    let server = Server::new().await;
    let mut new = server.application(1, &jpeg()).await;
    new.submitted_at = server.env.now();
    server.submits(&new).await;
    let status = async || {
        let status = server.ask_status(1).await;
        (status.standing, status.history.into_iter().map(|d| d.step).collect::<Vec<_>>())
    };
    let page = async |lang: &str| {
        let url = server.url(&format!("/status?no={}&lang={lang}", no(1)));
        let answer = server.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.unwrap()
    };
    assert_eq!(status().await, (Standing::AwaitingPayment, vec![Step::Submitted, Step::Billed, Step::Booked]));
    let unpaid = page("id").await;
    assert!(
        unpaid.contains("Menunggu pembayaran") && unpaid.contains("Bayar sebelum: <b>23-11-2026 10.00 WIB"),
        "{unpaid}"
    );
    server.pays(&server.payment(950_000)).await;
    assert_eq!(status().await, (Standing::Booked, vec![Step::Submitted, Step::Billed, Step::Booked, Step::Paid]));
    publish_day(server.running.ledger(), &knc(), today()).await.unwrap();
    let mut sri = server.desk("sri.wulandari").await;
    sri.does(server.running.ledger(), on("A-001"), arrives()).await;
    let (at_the_office, steps) = status().await;
    assert_eq!((at_the_office, steps.last()), (Standing::WaitingAtTheOffice, Some(&Step::Arrived)));
    let english = page("en").await;
    assert!(english.contains("Arrived, waiting to be called") && english.contains("Arrived at the office"));
    let NewForm { full_name, nik, address, mother_name, .. } = &new.form;
    for private in [full_name.as_str(), nik.as_str(), address, mother_name, "1990", "ABCD1234EFGH5678"] {
        assert!(!english.contains(private) && !unpaid.contains(private), "{private}");
    }
}

#[tokio::test]
async fn whoever_lost_the_passport_pays_after_the_photo_and_keeps_the_place_until_then() {
    let server = Server::new().await;
    let mut new = server.application(1, &jpeg()).await;
    new.kind = Kind::Lost;
    new.documents.push(NewDocument { document: DocumentKind::Other, ..new.documents[0].clone() });
    server.submits(&new).await;
    server.env.advance_ms(24 * 3_600_000);
    assert_eq!(server.running.ledger().expire_due().await.unwrap(), 0);
    let status = server.ask_status(1).await;
    assert_eq!((status.standing, status.pay_until), (Standing::Booked, None));
    assert!(status.appointment.is_some());
}

#[tokio::test]
async fn a_number_that_is_none_is_answered_kindly() {
    let server = Server::new().await;
    for typed in ["9999", "%3Cscript%3E", "..%2F..", "%00", "%E2%80%AE1", &"1".repeat(10_000)] {
        let answer = server.http.get(server.url(&format!("/status?no={typed}"))).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{typed}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'"));
        let page = answer.text().await.unwrap();
        assert!(page.contains("tidak ditemukan") && !page.contains("<script"), "{page}");
    }
    let empty = server.http.get(server.url("/status")).send().await.unwrap();
    assert_eq!(empty.status(), StatusCode::OK);
    assert!(empty.text().await.unwrap().contains("Nomor permohonan"));
    let stranger = server.http.get(server.url(&format!("/v1/intake/applications/{}", no(1)))).send().await.unwrap();
    assert_eq!(problem(stranger).await, (Code::KeyUnknown, None));
}

// Scans

#[tokio::test]
async fn a_cut_off_download_goes_on_where_it_stopped() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    let bytes = jpeg();
    let new = server.application(1, &bytes).await;
    server.submits(&new).await;
    let path = format!("/v1/scans/{}", Digest::of(&bytes));
    let part = async |headers: &[(&str, &str)]| {
        let mut request = server.signed(&sri, Method::GET, &path, Vec::new());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };
    let whole = part(&[]).await;
    let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(whole.bytes().await.unwrap(), bytes);
    let rest = part(&[("range", "bytes=100-"), ("if-range", &tag)]).await;
    assert_eq!(rest.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(rest.headers()["content-range"], format!("bytes 100-{}/{}", bytes.len() - 1, bytes.len()));
    assert_eq!(rest.bytes().await.unwrap(), bytes[100..]);
    let changed = part(&[("range", "bytes=100-"), ("if-range", "\"other\"")]).await;
    assert_eq!((changed.status(), changed.bytes().await.unwrap().len()), (StatusCode::OK, bytes.len()));
    let many = part(&[("range", "bytes=0-1,3-4")]).await;
    assert_eq!(many.status(), StatusCode::OK);
    let beyond = part(&[("range", "bytes=999999-")]).await;
    assert_eq!(error(beyond).await, (416, WireError::RangeNotSatisfiable { bytes: bytes.len() as u64 }));
}

#[tokio::test]
async fn of_another_offices_scan_not_even_the_existence_is_told() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    set_up(server.running.ledger(), server.dir.path(), "KND").await;
    let mut new = server.application(1, &jpeg()).await;
    new.office = OfficeCode::new("KND").unwrap();
    assert_eq!(server.submits(&new).await.status(), StatusCode::CREATED);
    for path in ["", "/renditions/0"] {
        let response = server.get(&sri, &format!("/v1/scans/{}{path}", new.documents[0].hash)).await;
        assert_eq!(error(response).await, (404, WireError::NotFound));
    }
}

#[tokio::test]
async fn a_rendition_is_made_once_and_what_cannot_be_shown_says_why() {
    let server = Server::new().await;
    let sri = server.desk("sri.wulandari").await;
    let png = Bitmap::new(2_400, 100, vec![200; 2_400 * 100 * 3]).unwrap().to_png();
    let damaged = jpeg()[..200].to_vec();
    for (n, bytes) in [(1, &png), (2, &damaged)] {
        let new = server.application(n, bytes).await;
        assert_eq!(server.submits(&new).await.status(), StatusCode::CREATED);
    }
    let path = format!("/v1/scans/{}/renditions/0", Digest::of(&png));
    let first = server.get(&sri, &path).await;
    assert_eq!((first.status(), first.headers()["loket-pages"].to_str().unwrap()), (StatusCode::OK, "1"));
    let first = first.bytes().await.unwrap();
    assert_eq!(first[..3], [0xFF, 0xD8, 0xFF]);
    assert_eq!(server.get(&sri, &path).await.bytes().await.unwrap(), first);
    for (path, why) in [
        (format!("/v1/scans/{}/renditions/1", Digest::of(&png)), "page_absent"),
        (format!("/v1/scans/{}/renditions/0", Digest::of(&damaged)), "damaged"),
        (format!("/v1/scans/{}/renditions/0", Digest::of(&damaged)), "damaged"),
    ] {
        let response = server.get(&sri, &path).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(response.json::<serde_json::Value>().await.unwrap()["why"], why);
    }
}

#[tokio::test]
async fn unpaid_people_are_on_the_list_too() {
    let server = Server::new().await;
    let new = server.application(1, &jpeg()).await;
    server.submits(&new).await;
    assert_eq!(server.running.publish(&knc(), today()).await.unwrap(), 1);
    let mut sri = server.desk("sri.wulandari").await;
    let verdict = sri.draft(server.env.now(), Subject::Application(no(1)), verdict(Verdict::Accept));
    let stamped = sri.stamp(&verdict);
    assert_eq!(server.syncs(&sri, vec![stamped]).await.answers[0].outcome, RowOutcome::Applied);
}

// The command line

#[tokio::test]
async fn an_office_is_set_up_from_the_command_line_while_the_server_runs() {
    let server = Server::new().await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/sample/office.toml");
    let admin = |args: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_loket-server"));
        command.args(["admin", "--data"]).arg(server.dir.path()).args(args);
        command.kill_on_drop(true);
        async move {
            let out = command.output().await.unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            String::from_utf8(out.stdout).unwrap()
        }
    };
    assert_eq!(admin(&["office", "--file", file]).await, "KNC: 0 changes\n");
    let code = admin(&["code", "--office", "KNC"]).await;
    // The program has the real clock, which is behind or ahead of this test's; what it printed has the right form.
    assert_eq!(code.trim().split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4]);
    admin(&["revoke-officer", "--office", "KNC", "--officer", "tono.siregar"]).await;
    let gone = |w: &World| w.office.roster.values().filter(|o| !o.active).map(|o| o.id.to_string()).collect::<Vec<_>>();
    assert_eq!(server.running.ledger().view(&knc(), gone).await.unwrap(), ["tono.siregar"]);
}
