//! Requests that nobody sends by mistake. Each gets an answer that says what was wrong, or a closed door where it said
//! nothing that could be answered; nothing is half done, and the server goes on.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;
mod port;

use std::time::Duration;

use house::*;
use loket_core::id::Digest;
use loket_core::sync::{Cursor, EnrolAsk, Quarantine, RowOutcome, Stream, SyncAnswer, WireError};
use loket_decode::Bitmap;
use loket_seal::Signing;
use loket_server::limits::TARGET_BYTES_MAX;
use loket_server::listen::{Doors, HEAD_BYTES_MAX, HEADERS_MAX};
use loket_server::problem::{Code, Problem};
use port::{Port, Raw, error, rest};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

fn bad(field: &str) -> WireError {
    WireError::BadRequest { field: field.to_owned() }
}

/// A request head with these lines after `Host`.
fn head(first: &str, lines: &[&str]) -> String {
    format!("{first}\r\nHost: loket\r\n{}\r\n", lines.iter().map(|l| format!("{l}\r\n")).collect::<String>())
}

fn post(lines: &[&str], body: &str) -> Vec<u8> {
    (head("POST /v1/enrol HTTP/1.1", lines) + body).into_bytes()
}

// Heads

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let port = Port::new().await;
    let before = port.state().await;
    let many = |n: usize| {
        let lines: Vec<String> = (0..n).map(|i| format!("x-{i}: 1")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        head("GET /health HTTP/1.1", &[&lines[..], &["Connection: close"]].concat())
    };
    let fits = port.raw(many(HEADERS_MAX - 2).as_bytes()).await;
    assert_eq!(fits.status, 200, "{fits:?}");
    for (what, sent, status) in [
        ("one header too many", many(HEADERS_MAX - 1), 431),
        ("a hundred thousand headers", many(100_000), 431),
        ("a long header", head("GET /health HTTP/1.1", &[&format!("x: {}", "x".repeat(HEAD_BYTES_MAX))]), 431),
        ("a name without end", format!("GET /health HTTP/1.1\r\n{}", "x".repeat(10 * HEAD_BYTES_MAX)), 431),
        ("a path without end", format!("GET /{}", "x".repeat(1_000_000)), 431),
    ] {
        let got = port.raw(sent.as_bytes()).await;
        // Whoever talks on may find the door shut before reading why.
        assert!(got.status == status || got.status == 0, "{what}: {}", got.head);
        port.lives_unchanged(&before, what).await;
    }
}

#[tokio::test]
async fn a_path_that_is_too_long_is_told_so() {
    let port = Port::new().await;
    let path = |bytes: usize| format!("/status?no={}", "1".repeat(bytes - "/status?no=".len()));
    assert_eq!(port.get(&path(TARGET_BYTES_MAX)).await.status(), StatusCode::NOT_FOUND);
    let long = port.get(&path(TARGET_BYTES_MAX + 1)).await;
    let said: Problem = long.json().await.unwrap();
    assert_eq!((said.code, said.status, said.max), (Code::AddressTooLong, 414, Some(TARGET_BYTES_MAX as u64)));
}

#[tokio::test]
async fn what_is_no_http_gets_400_and_old_http_gets_its_answer() {
    let port = Port::new().await;
    let before = port.state().await;
    for nonsense in [
        &b"GET /hea\0lth HTTP/1.1\r\nHost: loket\r\n\r\n"[..],
        b"GET /health HTTP/1.1\r\nHost: loket\r\nx: a\0b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: loket\r\n x: folded\r\n\r\n",
        b"GET  /health  HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/9.9\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\xff\xfe\xfd\r\n\r\n",
        b"POST /v1/enrol HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        b"POST /v1/enrol HTTP/1.1\r\nContent-Length: -1\r\n\r\n{}",
        b"POST /v1/enrol HTTP/1.1\r\nContent-Length: 0x2\r\n\r\n{}",
        b"POST /v1/enrol HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        b"POST /v1/enrol HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    ] {
        let what = String::from_utf8_lossy(nonsense).into_owned();
        assert_eq!(port.raw(nonsense).await.status, 400, "{what}");
        port.lives_unchanged(&before, &what).await;
    }
    let old = port.raw(b"GET /health HTTP/1.0\r\n\r\n").await;
    assert_eq!((old.status, old.head.contains("HTTP/1.0")), (200, true), "{old:?}");
    // HTTP/2 is not spoken here; who insists is not answered in it.
    let two = port.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!([0, 400].contains(&two.status), "{two:?}");
}

#[tokio::test]
async fn a_method_or_a_door_that_is_not_there_has_a_typed_answer() {
    let port = Port::new().await;
    let close = ["Connection: close"];
    for (first, status) in [
        ("BREW /health HTTP/1.1", 405),
        ("DELETE /v1/sync HTTP/1.1", 405),
        ("TRACE / HTTP/1.1", 404),
        ("BREW /nothing HTTP/1.1", 404),
        ("OPTIONS * HTTP/1.1", 404),
        ("GET //v1//sync HTTP/1.1", 404),
        ("GET /v1/scans/../../../etc/passwd HTTP/1.1", 404),
    ] {
        let got = port.raw(head(first, &close).as_bytes()).await;
        let said: Problem = serde_json::from_str(&got.body).unwrap();
        let code = if status == 405 { Code::MethodNotAllowed } else { Code::NotFound };
        assert_eq!((got.status, said.code), (status, code), "{first}");
    }
    let odd = port.raw(head("GET /v1/scans/%ff%fe HTTP/1.1", &close).as_bytes()).await;
    assert_eq!((odd.status, odd.error()), (400, bad("path")));
}

// Bodies

#[tokio::test]
async fn a_body_of_another_length_than_it_says_is_no_body() {
    let port = Port::new().await;
    let before = port.state().await;
    // Longer than it says: what is left over is read as the next request, which it is not.
    let more = port.raw(&post(&["Content-Length: 2"], "{}{\"code\":\"x\"}\r\n\r\n")).await;
    assert_eq!(more.status, 400);
    assert_eq!(more.body.matches("HTTP/1.1 400").count(), 1, "an answer for what was said, one for the rest: {more:?}");
    // Shorter than it says, and then silence of a kind that can be heard.
    let mut stream = port.connect().await;
    stream.write_all(&post(&["Content-Length: 1000"], "{}")).await.unwrap();
    stream.shutdown().await.unwrap();
    let less = rest(&mut stream).await;
    assert!(less.status == 0 || (less.status, less.error()) == (400, bad("body")), "{less:?}");
    // Both a length and chunks: two readers could disagree where it ends, so the connection ends with it.
    let both =
        post(&["Content-Length: 4", "Transfer-Encoding: chunked"], "2\r\n{}\r\n0\r\n\r\nGET /health HTTP/1.1\r\n\r\n");
    let both = port.raw(&both).await;
    assert_eq!(both.status, 400, "{both:?}");
    assert!(!both.body.contains("200 OK"), "what followed was not answered: {both:?}");
    port.lives_unchanged(&before, "lengths that lie").await;
}

#[tokio::test]
async fn chunks_without_end_are_cut_off_and_chunks_that_are_none_are_refused() {
    let port = Port::new().await;
    let before = port.state().await;
    let chunked = ["Transfer-Encoding: chunked"];
    let mut stream = port.connect().await;
    stream.write_all(&post(&chunked, "")).await.unwrap();
    for _ in 0..100_000 {
        if stream.write_all(b"400\r\n").await.is_err() || stream.write_all(&[b' '; 1024]).await.is_err() {
            break;
        }
        if stream.write_all(b"\r\n").await.is_err() {
            break;
        }
    }
    let endless = rest(&mut stream).await;
    assert!(endless.status == 0 || endless.error() == WireError::TooLarge { max: 4096 }, "{endless:?}");
    for chunks in ["zz\r\n{}\r\n", "-2\r\n{}\r\n", "fffffffffffffffff\r\n{}", "2\r\n{}x0\r\n\r\n"] {
        let got = port.raw(&post(&chunked, chunks)).await;
        assert!(got.status == 0 || (got.status, got.error()) == (400, bad("body")), "{chunks}: {got:?}");
    }
    let extension = format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(1_000_000));
    let got = port.raw(&post(&chunked, &extension)).await;
    assert!([0, 400].contains(&got.status), "{got:?}");
    port.lives_unchanged(&before, "chunks").await;
}

#[tokio::test]
async fn who_speaks_drop_by_drop_is_put_out() {
    let (head_wait, body_wait) = (Duration::from_millis(400), Duration::from_millis(700));
    let port = Port::with(Doors { head_wait, body_wait, ..Doors::default() }).await;
    let before = port.state().await;
    let drop_by_drop = async |bytes: &[u8]| -> Raw {
        let mut stream = port.connect().await;
        for byte in bytes {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        rest(&mut stream).await
    };
    let endless = [b"GET /health HTTP/1.1\r\nx: ", &[b'x'; 40][..]].concat();
    let started = tokio::time::Instant::now();
    let (head, body, idle, kept) = tokio::join!(
        drop_by_drop(&endless),
        async {
            let mut stream = port.connect().await;
            stream.write_all(&post(&["Content-Length: 1000"], "{")).await.unwrap();
            rest(&mut stream).await
        },
        port.raw(b""),
        port.raw(b"GET /health HTTP/1.1\r\nHost: loket\r\n\r\n"),
    );
    assert_eq!(head.status, 0, "there was no request to answer: {head:?}");
    assert_eq!((body.status, body.error()), (400, bad("body")));
    assert_eq!(idle.status, 0);
    assert_eq!(kept.status, 200, "answered, and closed when nothing more came");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    port.lives_unchanged(&before, "drops").await;
}

#[tokio::test]
async fn what_is_packed_oddly_is_not_unpacked() {
    let port = Port::new().await;
    let sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let before = port.state().await;
    let ask = serde_json::to_vec(&port.ask(&sri, vec![])).unwrap();
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    // The smallest gzip of nothing: whatever it would become, it is not opened.
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    // A frame that asks for a window of 2 GiB before it gives a single byte.
    let window = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    for (what, encoding, body, field) in [
        ("gzip", "gzip", gzip, "content-encoding"),
        ("two layers", "zstd, zstd", zstd(&zstd(&ask)), "content-encoding"),
        ("zstd inside zstd", "zstd", zstd(&zstd(&ask)), "body"),
        ("a window of 2 GiB", "zstd", window, "body"),
        ("a frame that breaks off", "zstd", zstd(&ask)[..20].to_vec(), "body"),
        ("rubbish after the frame", "zstd", [zstd(&ask), b"rubbish".to_vec()].concat(), "body"),
        ("what is not packed", "zstd", ask.clone(), "body"),
    ] {
        let sent = port.signed(&sri, Method::POST, "/v1/sync", body).header("content-encoding", encoding).send().await;
        assert_eq!(error(sent.unwrap()).await, (400, bad(field)), "{what}");
        port.lives_unchanged(&before, what).await;
    }
    // The intake side does not pack: a bomb is read as it is.
    let bomb = zstd(&vec![b' '; 64 << 20]);
    let sent = port.http.post(port.url("/v1/intake/applications")).bearer_auth(port.running.intake_key());
    let sent = sent.header("content-encoding", "zstd").body(bomb).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::BAD_REQUEST);
    port.lives_unchanged(&before, "a bomb for the intake side").await;
}

// JSON

#[tokio::test]
async fn json_that_means_two_things_or_nothing_is_refused() {
    let port = Port::new().await;
    let mut sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let before = port.state().await;
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    for (field, body) in [("[0]", deep("[", "]")), ("office", format!("{{\"office\":{}}}", deep("{\"a\":", "}")))] {
        let post = port.http.post(port.url("/v1/intake/applications")).bearer_auth(port.running.intake_key());
        assert_eq!(error(post.body(body).send().await.unwrap()).await, (400, bad(field)));
    }
    for (what, body) in [
        ("a key twice", r#"{"code":"a","code":"b","name":"x","signing_key":""}"#.to_owned()),
        ("half a character", r#"{"code":"\ud800","name":"x","signing_key":""}"#.to_owned()),
        ("two values", "{}{}".to_owned()),
        ("a number for a text", r#"{"code":1,"name":"x","signing_key":""}"#.to_owned()),
    ] {
        let sent = port.http.post(port.url("/v1/enrol")).body(body).send().await.unwrap();
        assert_eq!(error(sent).await, (400, bad("body")), "{what}");
    }
    let bytes = port.http.post(port.url("/v1/enrol")).body(vec![b'"', 0xff, 0xfe, b'"']).send().await.unwrap();
    assert_eq!(error(bytes).await, (400, bad("body")));
    // The same inside a stamped command.
    let command = sri.draft(port.env.now(), on("A-001"), arrives());
    let good = sri.clone().stamp(&command);
    for (what, stamped) in [
        ("a key twice", good.replacen('{', r#"{"n":1,"#, 1)),
        ("number beyond i64", good.replace(r#""n":1"#, r#""n":9223372036854775808"#)),
        ("a negative number", good.replace(r#""n":1"#, r#""n":-1"#)),
        ("half a number", good.replace(r#""n":1"#, r#""n":1.5"#)),
    ] {
        assert_ne!(stamped, good, "{what}");
        let body = serde_json::to_vec(&port.ask(&sri, vec![stamped])).unwrap();
        let sent = port.signed(&sri, Method::POST, "/v1/sync", body).send().await.unwrap();
        assert_eq!(error(sent).await, (400, bad("commands")), "{what}");
    }
    port.lives_unchanged(&before, "odd JSON").await;
    sri.n = 0;
    let body = serde_json::to_vec(&port.ask(&sri, vec![good])).unwrap();
    let sent = port.signed(&sri, Method::POST, "/v1/sync", body).send().await.unwrap();
    assert_eq!(sent.json::<SyncAnswer>().await.unwrap().answers.len(), 1, "the good one is still the next");
    // Next in its order and signed by its desk: kept as it is, without effect, and people look at it.
    let mut adi = Desk::enrol(port.running.ledger(), "adi.nugroho").await;
    let command = adi.draft(port.env.now(), on("A-001"), arrives());
    let half = adi.stamp(&command).replace("adi.nugroho", r"\udfff");
    let body = serde_json::to_vec(&port.ask(&adi, vec![half])).unwrap();
    let sent = port.signed(&adi, Method::POST, "/v1/sync", body).send().await.unwrap();
    let answer: SyncAnswer = sent.json().await.unwrap();
    assert_eq!(answer.answers[0].outcome, RowOutcome::Quarantined { why: Quarantine::UnknownKind });
}

#[tokio::test]
async fn a_number_at_the_edge_is_a_gap_and_a_cursor_from_nowhere_starts_over() {
    let port = Port::new().await;
    let sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let before = port.state().await;
    let mut far = sri.draft(port.env.now(), on("A-001"), arrives());
    far.n = i64::MAX as u64;
    let body = serde_json::to_vec(&port.ask(&sri, vec![far.stamp()])).unwrap();
    let sent = port.signed(&sri, Method::POST, "/v1/sync", body).send().await.unwrap();
    let answer: SyncAnswer = sent.json().await.unwrap();
    assert_eq!((answer.gap, answer.answers.len()), (Some(1), 0));

    let (heads, _) = &before;
    let at = heads[&Stream::Registry];
    let mut other = at;
    other.epoch.0 += 1;
    for (what, cursor) in [
        ("beyond the head", Cursor { seq: at.seq + 1, ..at }),
        ("at the end of numbers", Cursor { seq: u64::MAX, ..at }),
        ("of another epoch", other),
        ("of another line", Cursor { leaf: Digest::of(b"other"), ..at }),
    ] {
        let mut ask = port.ask(&sri, vec![]);
        ask.cursors.insert(Stream::Registry, cursor);
        let body = serde_json::to_vec(&ask).unwrap();
        let sent = port.signed(&sri, Method::POST, "/v1/sync", body).send().await.unwrap();
        let answer: SyncAnswer = sent.json().await.unwrap();
        assert!(answer.start_over, "{what}");
    }
    let whole = serde_json::to_value(port.ask(&sri, vec![])).unwrap();
    for (what, path, value) in [
        ("a negative cursor", "/cursors", json!({ "office": { "epoch": 1, "seq": -1, "leaf": Digest::ZERO } })),
        ("a stream there isn't", "/cursors", json!({ "gossip": { "epoch": 1, "seq": 0, "leaf": Digest::ZERO } })),
        ("a leaf that is none", "/cursors", json!({ "office": { "epoch": 1, "seq": 0, "leaf": "00" } })),
        ("to wait less than nothing", "/wait_s", json!(-1)),
        ("to wait longer than there is", "/wait_s", json!(4_294_967_296_u64)),
        ("half a scan", "/scans_waiting", json!(0.5)),
        ("a time beyond time", "/sent_at", json!(9.3e18)),
        ("no desk", "/desk", json!(65_536)),
    ] {
        let mut ask: Value = whole.clone();
        *ask.pointer_mut(path).unwrap() = value;
        let body = serde_json::to_vec(&ask).unwrap();
        let sent = port.signed(&sri, Method::POST, "/v1/sync", body).send().await.unwrap();
        assert_eq!(error(sent).await, (400, bad("body")), "{what}");
    }
    // A number that is only large is cut down to what there is.
    let mut patient = port.ask(&sri, vec![]);
    (patient.wait_s, patient.scans_waiting) = (u32::MAX, u32::MAX);
    let body = serde_json::to_vec(&patient).unwrap();
    assert_eq!(port.signed(&sri, Method::POST, "/v1/sync", body).send().await.unwrap().status(), StatusCode::OK);
    port.lives_unchanged(&before, "numbers at the edge").await;
}

#[tokio::test]
async fn days_that_are_none_are_refused() {
    let port = Port::new().await;
    for (query, status) in [
        ("from=2026-02-29&to=2026-03-01", 400),
        ("from=0000-00-00&to=2026-03-01", 400),
        ("from=2026-11-23", 400),
        ("from=2026-11-23&to=2026-11-24&limit=-1", 400),
        ("from=2026-11-23&from=2026-11-24&to=2026-11-25", 400),
        ("from=2026-11-24&to=2026-11-23", 422),
        ("from=0001-01-01&to=9999-12-31", 422),
        ("from=-262143-01-01&to=9999-12-31", 422),
        ("from=%00&to=%FF", 400),
    ] {
        let url = port.url(&format!("/v1/intake/offices/KNC/places?{query}"));
        let got = port.http.get(url).bearer_auth(port.running.intake_key()).send().await.unwrap();
        assert_eq!(got.status().as_u16(), status, "{query}");
    }
}

// Scans

#[tokio::test]
async fn a_scan_has_a_hash_for_a_name_and_nothing_else() {
    let port = Port::new().await;
    let sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let before = port.state().await;
    let long = "a".repeat(65);
    let upper = Digest::of(b"x").to_string().to_uppercase();
    for name in ["..%2F..%2Fkeys%2Fintake.key", "..%5C..%5Ckeys", "%00", "con", &long, &upper, "%E2%80%AE"] {
        let path = format!("/v1/scans/{name}");
        let got = port.signed(&sri, Method::GET, &path, Vec::new()).send().await.unwrap();
        assert_eq!(error(got).await, (400, bad("hash")), "{name}");
        let put = port.http.put(port.url(&format!("/v1/intake/scans/{name}"))).bearer_auth(port.running.intake_key());
        assert_eq!(error(put.body("x").send().await.unwrap()).await, (400, bad("hash")), "{name}");
    }
    // Written out, the path leads elsewhere before anybody reads it as a name.
    for path in ["/v1/scans/../../keys/intake.key", "/v1/scans/%2e%2e/keys", "/v1/scans//etc/passwd", "/v1/scans/"] {
        let got = port.raw(head(&format!("GET {path} HTTP/1.1"), &["Connection: close"]).as_bytes()).await;
        assert_eq!((got.status, got.error()), (404, WireError::NotFound), "{path}");
    }
    port.lives_unchanged(&before, "names of scans").await;
}

#[tokio::test]
async fn ranges_that_run_backwards_or_by_the_thousand_have_an_answer() {
    let port = Port::new().await;
    let sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let bytes = Bitmap::new(64, 48, vec![128; 64 * 48 * 3]).unwrap().to_jpeg(80);
    let hash = Digest::of(&bytes);
    let put = port.http.put(port.url(&format!("/v1/intake/scans/{hash}"))).bearer_auth(port.running.intake_key());
    assert_eq!(put.body(bytes.clone()).send().await.unwrap().status(), StatusCode::CREATED);
    let new = application(1, &bytes);
    let post = port.http.post(port.url("/v1/intake/applications")).bearer_auth(port.running.intake_key());
    assert_eq!(post.json(&new).send().await.unwrap().status(), StatusCode::CREATED);
    let range = async |range: &str| {
        let get = port.signed(&sri, Method::GET, &format!("/v1/scans/{hash}"), Vec::new());
        get.header("range", range).send().await.unwrap()
    };
    let nowhere = WireError::RangeNotSatisfiable { bytes: bytes.len() as u64 };
    for backwards in ["bytes=5-2", "bytes=-0", "bytes=18446744073709551615-"] {
        assert_eq!(error(range(backwards).await).await, (416, nowhere.clone()), "{backwards}");
    }
    let thousand = format!("bytes={}", (0..1000).map(|n| format!("{n}-{n}")).collect::<Vec<_>>().join(","));
    for whole in [&thousand, "bytes=18446744073709551616-", "bytes=0x0-0x9", "lines=1-2", "bytes"] {
        let got = range(whole).await;
        assert_eq!((got.status(), got.bytes().await.unwrap().len()), (StatusCode::OK, bytes.len()), "{whole}");
    }
    let last = range("bytes=0-18446744073709551615").await;
    assert_eq!((last.status(), last.bytes().await.unwrap().len()), (StatusCode::PARTIAL_CONTENT, bytes.len()));
}

// Who they say they are

#[tokio::test]
async fn credentials_in_pieces_are_no_credentials() {
    let port = Port::new().await;
    let sri = Desk::enrol(port.running.ledger(), "sri.wulandari").await;
    let body = serde_json::to_vec(&port.ask(&sri, vec![])).unwrap();
    let at = port.env.now().0.to_string();
    let signature = sri.signing.sign_request("POST", "/v1/sync", port.env.now().0, &body);
    for (what, desk, time, signature) in [
        ("a signature of zeros", "KNC/W001", &at[..], &"A".repeat(88)[..]),
        ("a signature of other bytes", "KNC/W001", &at, &Signing::random().sign_request("POST", "/v1/sync", 0, b"x")),
        ("no signature", "KNC/W001", &at, ""),
        ("another time", "KNC/W001", "9223372036854775807", &signature),
        ("no time", "KNC/W001", "soon", &signature),
        ("a time beyond numbers", "KNC/W001", "9223372036854775808", &signature),
        ("another desk", "KNC/W002", &at, &signature),
        ("a desk beyond numbers", "KNC/W99999", &at, &signature),
        ("another office", "KND/W001", &at, &signature),
        ("a path for an office", "../KNC/W001", &at, &signature),
        ("no desk", "/", &at, &signature),
    ] {
        let request = port.http.post(port.url("/v1/sync")).bearer_auth(&sri.token).header("loket-desk", desk);
        let request = request.header("loket-at", time).header("loket-signature", signature).body(body.clone());
        assert_eq!(error(request.send().await.unwrap()).await, (401, WireError::DeskUnknown), "{what}");
    }
    let code =
        EnrolAsk { code: "'; drop table desk; --".to_owned(), name: "x".to_owned(), signing_key: "0".repeat(64) };
    let sent = port.http.post(port.url("/v1/enrol")).json(&code).send().await.unwrap();
    assert_eq!(error(sent).await, (403, WireError::CodeRefused));
}
