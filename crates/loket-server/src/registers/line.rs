//! The line to one outside system: a question in JSON goes out, an answer in JSON comes back, or it is named what came in
//! the way. It promises an end to every wait and to every body, follows no redirect (the key and the person's data go
//! where the configuration says and nowhere else), and logs neither questions nor answers.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::circuit::RETRY_AFTER_MS_MAX;

/// How long a connection may take to come about.
pub const CONNECT_WAIT: Duration = Duration::from_secs(3);
/// How long an outside system may take for a whole answer.
pub const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Bytes of an answer.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What came in the way of an answer. None of it becomes a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    Unreachable,
    TimedOut,
    /// 429 or 503.
    Busy {
        retry_after_ms: Option<i64>,
    },
    /// Another status that is no answer.
    Failed,
    /// 401 or 403: our key is not known there.
    Unauthorised,
    /// 409 or 422: a final no. Asking again would change nothing.
    Refused,
    TooLarge,
    /// Not the JSON of the contract.
    Unreadable,
    /// It reads well and can't be; which part.
    Wrong(&'static str),
}

impl Trouble {
    /// As it stands in logs and in the ledger.
    pub fn code(&self) -> &'static str {
        match self {
            Trouble::Unreachable => "unreachable",
            Trouble::TimedOut => "timed_out",
            Trouble::Busy { .. } => "busy",
            Trouble::Failed => "failed",
            Trouble::Unauthorised => "unauthorised",
            Trouble::Refused => "refused",
            Trouble::TooLarge => "too_large",
            Trouble::Unreadable => "unreadable",
            Trouble::Wrong(part) => part,
        }
    }

    /// Would the next question fare as badly, whoever it is about?
    pub fn is_the_systems(&self) -> bool {
        matches!(self, Trouble::Unreachable | Trouble::TimedOut | Trouble::Busy { .. } | Trouble::Unauthorised)
    }

    /// How long we were asked to stay away.
    pub fn retry_after_ms(&self) -> Option<i64> {
        match self {
            Trouble::Busy { retry_after_ms } => retry_after_ms.map(|ms| ms.clamp(0, RETRY_AFTER_MS_MAX)),
            _ => None,
        }
    }
}

/// Where a system is and the key it knows us by.
#[derive(Clone)]
pub struct Adapter {
    url: String,
    key: String,
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adapter").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Adapter {
    /// Checks the address.
    ///
    /// # Errors
    /// When it is not `http://...`: TLS is not built in, and must be ended by something beside this server.
    pub fn new(url: &str, key: &str) -> anyhow::Result<Adapter> {
        let parsed = reqwest::Url::parse(url).with_context(|| format!("{url} is no address"))?;
        ensure!(
            parsed.scheme() == "http",
            "{url}: only http:// can be spoken so far; let a proxy beside this server speak TLS to the outside"
        );
        ensure!(parsed.query().is_none() && parsed.fragment().is_none(), "{url} must be a plain base address");
        ensure!(!key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic()), "the key for {url} is not one");
        Ok(Adapter { url: url.trim_end_matches('/').to_owned(), key: key.to_owned() })
    }

    /// Does what is sent there leave this machine unencrypted?
    pub fn is_in_the_clear(&self) -> bool {
        let host = reqwest::Url::parse(&self.url).ok().and_then(|u| u.host_str().map(str::to_owned));
        host.is_none_or(|h| h != "localhost" && h != "[::1]" && !h.starts_with("127."))
    }
}

/// The line to a system.
pub struct Connection {
    http: reqwest::Client,
    adapter: Adapter,
}

fn retry_after_ms(headers: &HeaderMap) -> Option<i64> {
    let seconds: i64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1000))
}

fn lost(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() && !error.is_connect() { Trouble::TimedOut } else { Trouble::Unreachable }
}

impl Connection {
    /// A line that gives up on an answer after `answer_wait`.
    pub fn new(adapter: Adapter, answer_wait: Duration) -> anyhow::Result<Connection> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WAIT)
            .timeout(answer_wait)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .context("Making a client for an outside system")?;
        Ok(Connection { http, adapter })
    }

    /// Asks, once.
    pub async fn ask<A: DeserializeOwned>(&self, path: &str, question: &impl Serialize) -> Result<A, Trouble> {
        let request = self.http.post(format!("{}{path}", self.adapter.url)).bearer_auth(&self.adapter.key);
        let mut answer = request.json(question).send().await.map_err(|e| lost(&e))?;
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                return Err(Trouble::Busy { retry_after_ms: retry_after_ms(answer.headers()) });
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(Trouble::Unauthorised),
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => return Err(Trouble::Refused),
            _ => return Err(Trouble::Failed),
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|e| lost(&e))? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(Trouble::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        serde_json::from_slice(&body).map_err(|_| Trouble::Unreadable)
    }
}
