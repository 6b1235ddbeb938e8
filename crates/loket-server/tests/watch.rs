//! What those see who watch over the server, and what a caller meets who asks too much: readiness, figures, limits, the
//! log and closing, partly with the real program as a process of its own.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;
#[path = "ledger/outside.rs"]
mod outside;
mod port;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use house::*;
use loket_core::act::{Act, Subject};
use loket_core::application::{DocumentKind, Verdict};
use loket_core::id::{Digest, Timestamp};
use loket_core::nik::Nik;
use loket_core::sync::{SyncAnswer, WireError};
use loket_decode::Bitmap;
use loket_seal::Signing;
use loket_server::env::Env;
use loket_server::health::{Health, Ready};
use loket_server::intake::{NewApplication, NewPayment};
use loket_server::limits::OPEN_BURST_S;
use loket_server::listen::Doors;
use loket_server::problem::{Code, Problem};
use outside::Outsider;
use port::{Port, error, rest};
use reqwest::{Client, Method, StatusCode};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

// Readiness

async fn ready(port: &Port) -> (u16, Ready) {
    // An answer is good for a second.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let answer = port.get("/ready").await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn ready_names_what_fails_and_health_goes_on_saying_that_it_lives() {
    let port = Port::new().await;
    let good = Ready { ready: true, database: true, migrations: true, data_folder: true, free_space: true };
    assert_eq!(ready(&port).await, (200, good.clone()));

    let outsider = Outsider::at(&loket_server::database(port.dir.path())).await;
    let held = Ready { ready: false, database: false, ..good.clone() };
    let both = outsider.writes(async { (ready(&port).await, port.get("/health").await.json::<Health>().await) }).await;
    assert_eq!(both.0, (503, held));
    assert!(both.1.unwrap().ok, "it lives all the same");
    let newer = Ready { ready: false, migrations: false, ..good.clone() };
    assert_eq!(outsider.is_newer(ready(&port)).await, (503, newer));
    assert_eq!(ready(&port).await, (200, good.clone()));

    // A folder that went away under the program; what is open stays open.
    let away = port.dir.path().with_extension("away");
    std::fs::rename(port.dir.path(), &away).unwrap();
    let (status, seen) = ready(&port).await;
    std::fs::rename(&away, port.dir.path()).unwrap();
    assert_eq!((status, seen.data_folder, seen.free_space), (503, false, false));
    assert_eq!(ready(&port).await, (200, good));
}

// Figures

fn metrics_here() -> Doors {
    Doors { metrics: Some("127.0.0.1:0".parse().unwrap()), ..Doors::default() }
}

/// The figures, each with its labels as they are written.
async fn figures(port: &Port) -> BTreeMap<String, f64> {
    let url = format!("http://{}/metrics", port.running.metrics_addr.unwrap());
    let answer = port.http.get(url).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = answer.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap()).map(|(n, v)| (n.to_owned(), v.parse().unwrap())).collect()
}

fn jpeg() -> Vec<u8> {
    Bitmap::new(64, 48, vec![128; 64 * 48 * 3]).unwrap().to_jpeg(80)
}

/// An applicant whose name and NIK can be recognised wherever they turn up.
fn applicant(n: u32, time: &str) -> NewApplication {
    let mut new = application(n, &jpeg());
    new.form.full_name = CANARY.to_owned();
    new.form.nik = Nik::parse(CANARY_NIK).unwrap();
    new.appointment.as_mut().unwrap().time = time.to_owned();
    new.documents.iter_mut().for_each(|d| d.file_name = format!("{CANARY}.jpg"));
    new
}

const CANARY: &str = "KENARI KUNING";
const CANARY_NIK: &str = "3171010101900000";

#[tokio::test]
async fn what_the_server_does_is_counted_and_no_label_says_whom_it_was_about() {
    let port = Port::with(metrics_here()).await;
    let intake = |request: reqwest::RequestBuilder| request.bearer_auth(port.running.intake_key());
    let scan = format!("/v1/intake/scans/{}", Digest::of(&jpeg()));
    intake(port.http.put(port.url(&scan))).body(jpeg()).send().await.unwrap();
    let url = port.url("/v1/intake/applications");
    for _ in 0..2 {
        intake(port.http.post(&url)).json(&applicant(1, "09:00")).send().await.unwrap();
    }
    // Twenty places at nine; one is taken.
    for n in 2..=20 {
        let sent = intake(port.http.post(&url)).json(&applicant(n, "09:00")).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::CREATED, "{n}");
    }
    let full = intake(port.http.post(&url)).json(&applicant(21, "09:00")).send().await.unwrap();
    assert_eq!(full.status(), StatusCode::CONFLICT);
    let payment = NewPayment {
        application_no: no(1),
        amount_rp: 950_000,
        ntpn: "AAAABBBBCCCC0001".to_owned(),
        channel: CANARY.to_owned(),
        at: port.env.now(),
    };
    let body = serde_json::to_vec(&payment).unwrap();
    let path = "/v1/intake/payments";
    for _ in 0..2 {
        let at = port.env.now().0;
        let signature = port.running.billing_key().sign_request("POST", path, at, &body);
        let notice = port.http.post(port.url(path)).header("loket-at", at).header("loket-signature", signature);
        assert!(notice.body(body.clone()).send().await.unwrap().status().is_success());
    }
    let mut sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let act = verdict(Verdict::Accept);
    let stamped = {
        let draft = sri.draft(port.env.now(), Subject::Application(no(1)), act);
        sri.stamp(&draft)
    };
    let sync = |ask: &loket_core::sync::SyncAsk| {
        port.signed(&sri, Method::POST, "/v1/sync", serde_json::to_vec(ask).unwrap()).send()
    };
    let answer: SyncAnswer = sync(&port.ask(&sri, vec![stamped])).await.unwrap().json().await.unwrap();
    for odd in ["/v1/scans/nothing", &format!("/status?no={CANARY_NIK}"), &format!("/{CANARY_NIK}")] {
        port.get(odd).await;
    }
    port.http.request(CANARY.replace(' ', "").parse().unwrap(), port.url("/health")).send().await.unwrap();
    let page = format!("/v1/scans/{}/renditions/0", Digest::of(&jpeg()));
    assert_eq!(port.signed(&sri, Method::GET, &page, vec![]).send().await.unwrap().status(), StatusCode::OK);
    let mut waits = port.ask(&sri, vec![]);
    (waits.cursors, waits.wait_s) = (answer.heads.clone(), 2);
    let (waited, during) = tokio::join!(sync(&waits), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        figures(&port).await
    });
    assert_eq!(waited.unwrap().status(), StatusCode::OK);
    assert_eq!(during["loket_long_polls"], 1.0);
    assert!(during["loket_connections"] >= 1.0);

    let seen = figures(&port).await;
    for (figure, value) in [
        (r#"loket_submissions_total{outcome="new"}"#, 20.0),
        (r#"loket_submissions_total{outcome="again"}"#, 1.0),
        ("loket_places_full_total", 1.0),
        (r#"loket_payments_total{outcome="timely"}"#, 1.0),
        (r#"loket_payments_total{outcome="again"}"#, 1.0),
        (r#"loket_commands_total{outcome="applied"}"#, 1.0),
        ("loket_rows_pulled_total", answer.rows.len() as f64),
        ("loket_scan_bytes_total", jpeg().len() as f64),
        (r#"loket_renditions_total{outcome="given"}"#, 1.0),
        (
            r#"loket_stream_rows{office="KNC",stream="office"}"#,
            answer.heads[&loket_core::sync::Stream::Office].seq as f64,
        ),
        (r#"loket_desks_heard{office="KNC"}"#, 1.0),
        ("loket_long_polls", 0.0),
        (r#"loket_requests_total{route="/v1/intake/applications",method="post",status="4xx"}"#, 1.0),
        (r#"loket_requests_total{route="none",method="get",status="4xx"}"#, 1.0),
        (r#"loket_requests_total{route="/health",method="other",status="4xx"}"#, 1.0),
        (r#"loket_request_duration_seconds_count{route="/v1/sync"}"#, 1.0),
    ] {
        assert_eq!(seen.get(figure), Some(&value), "{figure} in {seen:#?}");
    }
    assert!(seen["loket_uptime_seconds"] > 0.0);
    assert!(seen.keys().any(|k| k.starts_with("loket_build_info{version=")));
    only_known_labels(&seen);

    port.env.advance_ms(61_000);
    assert_eq!(figures(&port).await[r#"loket_desks_heard{office="KNC"}"#], 0.0);
    assert_eq!(error(port.get("/metrics").await).await, (404, WireError::NotFound), "not on the main port");
}

/// Every label is one of these words.
fn only_known_labels(figures: &BTreeMap<String, f64>) {
    for figure in figures.keys() {
        let Some((_, labels)) = figure.split_once('{') else { continue };
        for label in labels.trim_end_matches('}').split("\",") {
            let (name, value) = label.split_once("=\"").unwrap();
            let value = value.trim_end_matches('"');
            let known: &[&str] = match name {
                "route" => &[
                    "/v1/enrol",
                    "/v1/sync",
                    "/v1/scans/{hash}",
                    "/v1/scans/{hash}/renditions/{page}",
                    "/v1/intake/applications",
                    "/v1/intake/payments",
                    "/v1/intake/scans/{hash}",
                    "/status",
                    "/health",
                    "none",
                ],
                "method" => &["get", "post", "put", "other"],
                "status" => &["2xx", "4xx"],
                "outcome" => &["new", "again", "timely", "applied", "given", "busy", "broken"],
                "office" => &["KNC"],
                "stream" => &["office", "registry"],
                "le" | "version" => continue,
                _ => &[],
            };
            assert!(known.contains(&value), "{name}={value} in {figure}");
        }
    }
}

// Limits

#[tokio::test]
async fn a_stranger_who_asks_too_often_is_told_when_to_come_back_and_desks_go_on() {
    let open_per_s = NonZeroU32::new(1).unwrap();
    let port = Port::with(Doors { open_per_s, ..metrics_here() }).await;
    let sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let mut refused = None;
    for n in 0..OPEN_BURST_S + 10 {
        let answer = port.get("/status").await;
        if answer.status() != StatusCode::OK {
            assert!(n >= OPEN_BURST_S, "the whole burst was given: {n}");
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the burst has an end");
    let retry_after = refused.headers()["retry-after"].to_str().unwrap().to_owned();
    let said: Problem = refused.json().await.unwrap();
    assert_eq!((said.code, said.status, said.retry_s), (Code::TooManyRequests, 429, Some(1)));
    assert_eq!(retry_after, "1");
    for _ in 0..3 * OPEN_BURST_S {
        let body = serde_json::to_vec(&port.ask(&sri, vec![])).unwrap();
        assert_eq!(port.signed(&sri, Method::POST, "/v1/sync", body).send().await.unwrap().status(), StatusCode::OK);
    }
    // A made-up token doesn't help at a door that looks at none.
    let made_up = port.http.get(port.url("/status")).bearer_auth("made up").send().await.unwrap();
    assert_eq!(made_up.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(figures(&port).await[r#"loket_requests_turned_away_total{outcome="open"}"#] >= 2.0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(port.get("/status").await.status(), StatusCode::OK, "it was told the truth");
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_has_gone() {
    let port = Port::with(Doors { connections_max: 2, ..Doors::default() }).await;
    let (first, _second) = (port.connect().await, port.connect().await);
    // Both are accepted before the third comes.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut third = port.connect().await;
    third.write_all(b"GET /health HTTP/1.1\r\nHost: loket\r\nConnection: close\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(500), third.readable()).await;
    assert!(early.is_err(), "there is no place for it yet");
    drop(first);
    assert_eq!(rest(&mut third).await.status, 200);
}

// The program as a process

/// The real program, and what it has said so far.
struct Program {
    child: tokio::process::Child,
    url: String,
    said: Arc<Mutex<String>>,
}

impl Program {
    async fn start(data: &Path, variables: &[(&str, &str)]) -> Program {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_loket-server"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        // Its clock shows the morning on which the sample office works.
        let shift_ms = at("2026-11-23T01:00:00Z").since(Env::default().now());
        command.env("LOKET_CLOCK_SHIFT_MS", shift_ms.to_string()).envs(variables.iter().copied());
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let mut url = None;
        while url.is_none() {
            let line = lines.next_line().await.unwrap().expect("it says where it listens");
            url = line.split_once("server listens on ").map(|(_, at)| {
                let addr = at.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c));
                format!("http://{}", addr.collect::<String>())
            });
            said.lock().unwrap().push_str(&(line + "\n"));
        }
        let all = said.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                all.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Program { child, url: url.unwrap(), said }
    }

    #[cfg(unix)]
    fn terminate(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = Pid::from_raw(self.child.id().unwrap() as i32).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    fn signed(
        &self,
        desk: &Desk,
        now: Timestamp,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> reqwest::RequestBuilder {
        Client::new()
            .request(method.clone(), format!("{}{path}", self.url))
            .bearer_auth(&desk.token)
            .header("loket-desk", format!("KNC/{}", desk.id))
            .header("loket-at", now.0)
            .header("loket-signature", desk.signing.sign_request(method.as_str(), path, now.0, &body))
            .body(body)
    }
}

#[cfg(unix)]
#[tokio::test]
async fn asked_to_stop_it_answers_those_who_wait_lets_nobody_in_and_leaves_in_good_order() {
    let port = Port::new().await;
    let sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let heads = port.running.ledger().heads(&knc()).await.unwrap();
    let mut program = Program::start(port.dir.path(), &[]).await;
    let mut ask = port.ask(&sri, vec![]);
    (ask.cursors, ask.wait_s) = (heads, 25);
    let wait = program.signed(&sri, port.env.now(), Method::POST, "/v1/sync", serde_json::to_vec(&ask).unwrap());
    let waiting = tokio::spawn(async move { wait.send().await.unwrap().json::<SyncAnswer>().await.unwrap() });
    // Somebody in the middle of a body, who goes on and is heard to the end.
    let addr = program.url.strip_prefix("http://").unwrap().to_owned();
    let mut slow = tokio::net::TcpStream::connect(&addr).await.unwrap();
    slow.write_all(b"POST /v1/enrol HTTP/1.1\r\nHost: loket\r\nContent-Length: 2\r\n\r\n{").await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;

    let asked = tokio::time::Instant::now();
    program.terminate();
    let answer = waiting.await.unwrap();
    assert!(answer.rows.is_empty() && asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert!(tokio::net::TcpStream::connect(&addr).await.is_err(), "nobody new comes in");
    slow.write_all(b"}").await.unwrap();
    let slow = rest(&mut slow).await;
    assert_eq!((slow.status, slow.error()), (400, WireError::BadRequest { field: "body".to_owned() }));
    let ended = tokio::time::timeout(Duration::from_secs(12), program.child.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(0));
    assert!(program.said.lock().unwrap().contains("Closing"));
}

#[cfg(unix)]
#[tokio::test]
async fn who_never_finishes_a_request_does_not_keep_the_server_from_stopping() {
    let port = Port::new().await;
    let mut program = Program::start(port.dir.path(), &[]).await;
    let addr = program.url.strip_prefix("http://").unwrap();
    let mut never = tokio::net::TcpStream::connect(addr).await.unwrap();
    never.write_all(b"POST /v1/enrol HTTP/1.1\r\nHost: loket\r\nContent-Length: 2\r\n\r\n{").await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    program.terminate();
    let ended = tokio::time::timeout(Duration::from_secs(15), program.child.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn whatever_goes_through_the_server_no_name_and_no_nik_stands_in_its_log() {
    let port = Port::new().await;
    let mut sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let key = port.running.intake_key().to_owned();
    let program = Program::start(port.dir.path(), &[("RUST_LOG", "trace"), ("LOKET_LOG_FORMAT", "json")]).await;
    let http = Client::new();
    let url = |path: &str| format!("{}{path}", program.url);
    let intake = |request: reqwest::RequestBuilder| request.bearer_auth(&key);
    let post = async |body: Vec<u8>| {
        let sent = intake(http.post(url("/v1/intake/applications"))).body(body).send().await.unwrap();
        sent.status().as_u16()
    };
    let scan = url(&format!("/v1/intake/scans/{}", Digest::of(&jpeg())));
    assert_eq!(intake(http.put(scan)).body(jpeg()).send().await.unwrap().status(), 201);
    let good = serde_json::to_vec(&applicant(1, "09:00")).unwrap();
    assert_eq!(post(good.clone()).await, 201);
    let text = String::from_utf8(good).unwrap();
    // The name where something else belongs, so that whoever quotes an error quotes the name.
    for (from, to, status) in [
        (r#""office":"KNC""#, format!(r#""office":"{CANARY}""#), 400),
        (r#""kind":"new""#, format!(r#""kind":"{CANARY}""#), 400),
        (r#""sex":"male""#, format!(r#""sex":"{CANARY_NIK}""#), 400),
        (r#""validity_years":10"#, r#""validity_years":7"#.to_owned(), 422),
        (r#""time":"09:00""#, format!(r#""time":"{CANARY}""#), 422),
        (r#""birth_date":"1990-01-01""#, r#""birth_date":"0990-01-01""#.to_owned(), 422),
        (CANARY, format!("{CANARY}\\u0000"), 422),
        (r#""married":false"#, format!(r#""{CANARY}":{CANARY_NIK}"#), 400),
    ] {
        let bent = text.replacen(from, &to, 1);
        assert_ne!(bent, text, "{from}");
        assert_eq!(post(bent.into_bytes()).await, status, "{to}");
    }
    assert_eq!(post(text.as_bytes()[..text.len() / 2].to_vec()).await, 400);
    assert_eq!(post(text.replace("Jalan Contoh 2", "Jalan Contoh 3").into_bytes()).await, 409);

    let now = port.env.now();
    let billing = Signing::from_bytes(&port.running.billing_key().bytes()).unwrap();
    let payment = NewPayment {
        application_no: no(1),
        amount_rp: 950_000,
        ntpn: "AAAABBBBCCCC0001".to_owned(),
        channel: CANARY.to_owned(),
        at: now,
    };
    let body = serde_json::to_vec(&payment).unwrap();
    for body in [body.clone(), [&body[..], CANARY.as_bytes()].concat()] {
        let signature = billing.sign_request("POST", "/v1/intake/payments", now.0, &body);
        let notice = http.post(url("/v1/intake/payments")).header("loket-at", now.0);
        notice.header("loket-signature", signature).body(body).send().await.unwrap();
    }

    let note = format!("{CANARY} {CANARY_NIK}");
    let (document, hash) = (DocumentKind::Ktp, Digest::of(&jpeg()));
    let act = Act::Verdict { document, scan: hash, verdict: Verdict::Accept, to_applicant: note.clone(), note };
    let draft = sri.draft(now, Subject::Application(no(1)), act);
    let stamped = sri.stamp(&draft);
    let bent = stamped.replace(r#""act":"verdict""#, &format!(r#""act":"{CANARY}""#));
    let other = {
        let mut other = sri.clone();
        (other.n, other.prev) = (0, Digest::of(b"other"));
        other
    };
    for (desk, commands) in [(&sri, vec![stamped]), (&sri, vec![bent]), (&other, vec![CANARY.to_owned()])] {
        let body = serde_json::to_vec(&port.ask(desk, commands)).unwrap();
        program.signed(desk, now, Method::POST, "/v1/sync", body).send().await.unwrap();
    }
    let name = CANARY.replace(' ', "%20");
    for path in [
        format!("/status?no={CANARY_NIK}"),
        format!("/status?no={name}&x={CANARY_NIK}"),
        format!("/{name}/{CANARY_NIK}"),
        format!("/v1/scans/{name}"),
        format!("/v1/updates/stable/files/{CANARY_NIK}"),
        format!("/v1/intake/applications/{CANARY_NIK}"),
        format!("/v1/intake/offices/{CANARY_NIK}/places?from={name}&to={CANARY_NIK}"),
    ] {
        intake(http.get(url(&path))).header("x-request-id", CANARY_NIK).header("x-name", CANARY).send().await.unwrap();
    }
    let enrol = serde_json::json!({ "code": CANARY_NIK, "name": CANARY, "signing_key": CANARY });
    http.post(url("/v1/enrol")).json(&enrol).send().await.unwrap();
    let addr = program.url.strip_prefix("http://").unwrap();
    let mut raw = tokio::net::TcpStream::connect(addr).await.unwrap();
    raw.write_all(format!("{CANARY}\r\n{CANARY_NIK}: \0\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(rest(&mut raw).await.status, 400);

    let id = "0123456789abcdef0123456789abcdef";
    let last = http.get(url("/health")).header("x-request-id", id).send().await.unwrap();
    assert_eq!(last.headers()["x-request-id"], id);
    let wait = async {
        while !program.said.lock().unwrap().contains(id) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the log has the id of the last request");
    let said = program.said.lock().unwrap().clone();
    for line in said.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "not JSON: {line}");
        for canary in [CANARY, CANARY_NIK, "KENARI", &name] {
            assert!(!line.contains(canary), "{line}");
        }
    }
    for wanted in ["/v1/intake/applications", "Application 2611000000000001 is here", "\"ms\":"] {
        assert!(said.contains(wanted), "{wanted} is missing in {said}");
    }
}
