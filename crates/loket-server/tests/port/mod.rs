//! A server on a real port with its doors set up as a test wants them, and a client that may send any bytes at all.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use loket_core::sync::{Cursor, PROTOCOL, Stream, SyncAsk, WireError};
use loket_server::env::Env;
use loket_server::listen::Doors;
use loket_server::registers::Adapters;
use loket_server::{Config, Running, serve};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::house::{Desk, knc, morning, set_up};

/// How long a test waits for an answer before it says that there was none.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Port {
    pub dir: tempfile::TempDir,
    pub running: Running,
    pub env: Env,
    pub http: Client,
}

/// An answer as it came over the line.
#[derive(Debug)]
pub struct Raw {
    /// 0 if the connection was closed without one.
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Raw {
    fn read(bytes: &[u8]) -> Raw {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        Raw { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The error in the body.
    pub fn error(&self) -> WireError {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

impl Port {
    pub async fn new() -> Port {
        Port::with(Doors::default()).await
    }

    pub async fn with(doors: Doors) -> Port {
        let (dir, env) = (tempfile::tempdir().unwrap(), morning());
        let decoder_exe = Some(PathBuf::from(env!("CARGO_BIN_EXE_loket-server")));
        let listen = "127.0.0.1:0".parse().unwrap();
        let config = Config {
            data: dir.path().to_owned(),
            database: None,
            scans: None,
            listen,
            decoder_exe,
            doors,
            adapters: Adapters::default(),
            env,
        };
        let env = config.env.clone();
        let running = serve(config).await.unwrap();
        set_up(running.ledger(), dir.path(), "KNC").await;
        Port { dir, running, env, http: Client::new() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.running.addr).await.unwrap()
    }

    /// Sends these bytes and no more, and reads what comes until the connection is closed.
    pub async fn raw(&self, bytes: &[u8]) -> Raw {
        let mut stream = self.connect().await;
        // Whoever is turned away early may find the door shut while still talking.
        let _ = stream.write_all(bytes).await;
        rest(&mut stream).await
    }

    /// A request of an enrolled desk.
    pub fn signed(&self, desk: &Desk, method: Method, path: &str, body: Vec<u8>) -> RequestBuilder {
        let at = self.env.now().0;
        self.http
            .request(method.clone(), self.url(path))
            .bearer_auth(&desk.token)
            .header("loket-desk", format!("KNC/{}", desk.id))
            .header("loket-at", at)
            .header("loket-signature", desk.signing.sign_request(method.as_str(), path, at, &body))
            .body(body)
    }

    pub fn ask(&self, desk: &Desk, commands: Vec<String>) -> SyncAsk {
        SyncAsk {
            speaks: (PROTOCOL, PROTOCOL),
            office: knc(),
            desk: desk.id,
            cursors: BTreeMap::new(),
            head: loket_core::sync::ChainHead { n: desk.n, digest: desk.prev },
            commands,
            asks: Vec::new(),
            scans_waiting: 0,
            wait_s: 0,
            sent_at: self.env.now(),
        }
    }

    /// How far the office has got, and what it is.
    pub async fn state(&self) -> (BTreeMap<Stream, Cursor>, String) {
        let ledger = self.running.ledger();
        let world = ledger.view(&knc(), |world| format!("{world:?}")).await.unwrap();
        (ledger.heads(&knc()).await.unwrap(), world)
    }

    /// The server lives and answers a good request, and nothing was done.
    pub async fn lives_unchanged(&self, before: &(BTreeMap<Stream, Cursor>, String), after: &str) {
        assert_eq!(self.get("/health").await.status(), StatusCode::OK, "after {after}");
        assert_eq!(&self.state().await, before, "after {after}");
    }
}

/// What comes until the connection is closed.
pub async fn rest(stream: &mut TcpStream) -> Raw {
    let mut bytes = Vec::new();
    // A connection that is cut has said what it had to say.
    let read = async { stream.read_to_end(&mut bytes).await.unwrap_or(0) };
    tokio::time::timeout(PATIENCE, read).await.expect("the connection is closed in the end");
    Raw::read(&bytes)
}

pub async fn error(response: reqwest::Response) -> (u16, WireError) {
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {status} {body}")))
}
