//! Carries out what [`Link`] says: speaks to the centre when there is something to say, listens when there is not, waits
//! when nobody answers. Uploads never gate downloads: a long poll listens while a second ask carries new work. It never
//! decides anything about applicants, and a lost answer costs nothing, because every ask may be repeated.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use loket_core::act::{Act, Subject};
use loket_core::id::{OfficeCode, RequestId, Timestamp};
use loket_core::office::OfficeInfo;
use loket_core::refusal::Fault;
use loket_core::sync::{
    Ask, AskAnswer, BACK_OFF_MS_MAX, BODY_BYTES_MAX, COMMANDS_PER_ASK_MAX, COMPRESS_FROM_BYTES, Cursor, EnrolAnswer,
    EnrolAsk, Link, PROTOCOL, RETRY_MS_MAX, RowHeader, Signal, Snapshot, Stream, SyncAnswer, SyncAsk, WAIT_S_MAX, When,
    WireError,
};
use loket_seal::Signing;
use tokio::sync::{Notify, oneshot};

use crate::env::Env;
use crate::store::{FaultError, Identity, Store, named_fault};
use crate::vault::DeviceKeys;
use crate::view::Changed;

/// How long an ask without a wait may take before the line counts as dead.
pub const ANSWER_MS_MAX: u64 = 8_000;
/// How long an answer may take beyond its wait.
pub const SILENCE_MS_MAX: u64 = 5_000;
/// How long a desk waits for "call next" before it calls from its own share.
pub const ASK_MS_MAX: u64 = 1_000;
/// A difference between two measures of the clock, in milliseconds, that no line explains.
const CLOCK_SET_MS: i64 = 5_000;

/// Speaks HTTP with the centre, as this desk.
#[derive(Clone)]
pub struct Wire {
    http: reqwest::Client,
    server: String,
    who: Option<(OfficeCode, loket_core::id::DeskId, DeviceKeys)>,
    env: Env,
}

fn faulty(fault: Fault) -> anyhow::Error {
    FaultError(fault).into()
}

fn connections() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().connect_timeout(Duration::from_secs(3)).no_proxy().build()?)
}

impl Wire {
    /// To a server, not enrolled yet.
    pub fn to(server: &str, env: Env) -> anyhow::Result<Wire> {
        Ok(Wire::over(connections()?, server, env))
    }

    /// Over connections that may be open already.
    fn over(http: reqwest::Client, server: &str, env: Env) -> Wire {
        Wire { http, server: server.trim_end_matches('/').to_owned(), who: None, env }
    }

    /// As an enrolled desk.
    pub fn of(identity: &Identity, keys: &DeviceKeys, env: Env) -> anyhow::Result<Wire> {
        Ok(Wire::to(&identity.server, env)?.of_desk(identity, keys))
    }

    fn of_desk(mut self, identity: &Identity, keys: &DeviceKeys) -> Wire {
        self.who = Some((identity.office.clone(), identity.desk, keys.clone()));
        self
    }

    fn request(&self, method: reqwest::Method, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.server);
        let mut request = self.http.request(method.clone(), url);
        if let Some((office, desk, keys)) = &self.who {
            let at = self.env.now().0;
            let signature = keys.signing.sign_request(method.as_str(), path, at, &body);
            request = request
                .bearer_auth(&keys.token)
                .header("loket-desk", format!("{office}/{desk}"))
                .header("loket-at", at)
                .header("loket-signature", signature);
        }
        request.header("accept-encoding", "zstd").body(body)
    }

    /// One request; an answer that is not a success becomes the fault it names.
    async fn send(&self, request: reqwest::RequestBuilder, ms_max: u64) -> anyhow::Result<reqwest::Response> {
        let answer = request.timeout(Duration::from_millis(ms_max)).send().await.map_err(|_| faulty(Fault::NoLine))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let busy = matches!(status, reqwest::StatusCode::TOO_MANY_REQUESTS | reqwest::StatusCode::SERVICE_UNAVAILABLE);
        let retry_after = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let body = answer.bytes().await.map_err(|_| faulty(Fault::NoLine))?;
        // Whoever says when to come back is obeyed, be it the centre or a proxy before it that speaks no JSON.
        if let Some(retry_s) = retry_after.filter(|_| busy) {
            return Err(faulty(Fault::ServerBusy { retry_s }));
        }
        if let Ok(unreadable) = serde_json::from_slice::<Unreadable>(&body)
            && unreadable.code == "unreadable"
        {
            return Err(faulty(Fault::ScanUnreadable { why: unreadable.why }));
        }
        let fault = match serde_json::from_slice::<WireError>(&body) {
            Ok(WireError::DeskUnknown | WireError::DeskRevoked) => Fault::DeskUnknown,
            Ok(WireError::OtherOffice) => Fault::OtherOffice,
            Ok(WireError::CodeRefused) => Fault::CodeRefused,
            Ok(WireError::Overloaded { retry_s }) => Fault::ServerBusy { retry_s },
            Ok(WireError::NotFound) => Fault::ScanNotHere,
            Ok(
                WireError::BadRequest { .. }
                | WireError::TooLarge { .. }
                | WireError::RangeNotSatisfiable { .. }
                | WireError::ProtocolTooOld { .. }
                | WireError::Internal,
            ) => Fault::ServerTrouble,
            // Not our server at all: a proxy's page, a captive portal.
            Err(_) => Fault::NoLine,
        };
        Err(faulty(fault))
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, answer: reqwest::Response) -> anyhow::Result<T> {
        let zstd = answer.headers().get("content-encoding").is_some_and(|v| v.as_bytes() == b"zstd");
        let body = answer.bytes().await.map_err(|_| faulty(Fault::NoLine))?;
        let plain = if zstd {
            let mut plain = Vec::new();
            let decoder = zstd::Decoder::new(body.as_ref()).context("Unpacking an answer")?;
            std::io::Read::read_to_end(&mut std::io::Read::take(decoder, BODY_BYTES_MAX as u64 * 8), &mut plain)
                .context("Unpacking an answer")?;
            plain
        } else {
            body.to_vec()
        };
        serde_json::from_slice(&plain).map_err(|_| faulty(Fault::ServerTrouble))
    }

    /// Enrols this machine with a one-time code.
    pub async fn enrol(&self, code: &str, name: &str, signing: &Signing) -> anyhow::Result<EnrolAnswer> {
        let ask = EnrolAsk { code: code.to_owned(), name: name.to_owned(), signing_key: signing.public() };
        let request = self
            .request(reqwest::Method::POST, "/v1/enrol", serde_json::to_vec(&ask)?)
            .header("content-type", "application/json");
        self.json(self.send(request, ANSWER_MS_MAX).await?).await
    }

    /// Everything to begin with.
    pub async fn snapshot(&self) -> anyhow::Result<Snapshot> {
        let request = self.request(reqwest::Method::GET, "/v1/snapshot", Vec::new());
        self.json(self.send(request, ANSWER_MS_MAX * 4).await?).await
    }

    /// Says and hears.
    pub async fn sync(&self, ask: &SyncAsk) -> anyhow::Result<SyncAnswer> {
        let mut body = serde_json::to_vec(ask)?;
        let packed = body.len() > COMPRESS_FROM_BYTES;
        if packed {
            body = zstd::encode_all(body.as_slice(), 3)?;
        }
        let mut request =
            self.request(reqwest::Method::POST, "/v1/sync", body).header("content-type", "application/json");
        if packed {
            request = request.header("content-encoding", "zstd");
        }
        let ms_max = if ask.wait_s > 0 { u64::from(ask.wait_s) * 1000 + SILENCE_MS_MAX } else { ANSWER_MS_MAX };
        self.json(self.send(request, ms_max).await?).await
    }

    /// A page of a scan as the server drew it, and how many pages there are.
    pub async fn rendition(&self, hash: loket_core::id::ScanHash, page: u32) -> anyhow::Result<(Vec<u8>, u32)> {
        let path = format!("/v1/scans/{hash}/renditions/{page}");
        let answer = self.send(self.request(reqwest::Method::GET, &path, Vec::new()), ANSWER_MS_MAX * 4).await?;
        let pages = answer.headers().get("loket-pages").and_then(|v| v.to_str().ok()?.parse().ok()).unwrap_or(1);
        Ok((answer.bytes().await.map_err(|_| faulty(Fault::NoLine))?.to_vec(), pages))
    }

    /// The rest of a scan's own bytes, from `from` on.
    pub async fn original(&self, hash: loket_core::id::ScanHash, from: u64) -> anyhow::Result<reqwest::Response> {
        let mut request = self.request(reqwest::Method::GET, &format!("/v1/scans/{hash}"), Vec::new());
        if from > 0 {
            request = request.header("range", format!("bytes={from}-")).header("if-range", format!("\"{hash}\""));
        }
        self.send(request, ANSWER_MS_MAX * 8).await
    }
}

#[derive(serde::Deserialize)]
struct Unreadable {
    code: String,
    #[serde(default)]
    why: String,
}

/// What became of an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Answered(AskAnswer),
    /// It may have reached the centre, and whatever it did there is void once the desk's own call names it.
    Lost,
    /// It was never sent.
    NotAsked,
}

/// Something that was said to the centre.
pub struct Said {
    pub ask: SyncAsk,
    /// A quick answer to it says how far the clock is off.
    tells_time: bool,
}

/// How far an answer brings a desk, once it is taken in.
struct Heard {
    cursors: BTreeMap<Stream, Cursor>,
    /// The newest command that was answered; 0 if none was.
    n: u64,
    /// There are more rows.
    rows: bool,
}

impl Heard {
    /// `None` when there is nothing to be asked at once: all rows were heard and all commands had room.
    fn of(ask: &SyncAsk, answer: &SyncAnswer) -> Option<Heard> {
        if answer.start_over || answer.cloned || answer.gap.is_some() {
            return None;
        }
        let mut cursors = ask.cursors.clone();
        for row in &answer.rows {
            let header = serde_json::from_str::<RowHeader>(&row.header).ok()?;
            cursors.insert(header.stream, Cursor { epoch: header.epoch, seq: header.seq, leaf: row.leaf });
        }
        let n = answer.answers.iter().map(|a| a.n).max().unwrap_or(0);
        let rows = !answer.rows.is_empty() && cursors != answer.heads;
        let commands = ask.commands.len() >= COMMANDS_PER_ASK_MAX && n > 0;
        (rows || commands).then_some(Heard { cursors, n, rows })
    }
}

/// An ask that is under way; dropped, it is given up.
struct AbortOnDrop(tokio::task::JoinHandle<anyhow::Result<SyncAnswer>>);

impl AbortOnDrop {
    async fn answer(mut self) -> anyhow::Result<SyncAnswer> {
        (&mut self.0).await?
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks that wait for an answer, by request.
type Waiting = BTreeMap<RequestId, (Ask, Option<oneshot::Sender<AskAnswer>>)>;

/// The line of an enrolled desk.
pub struct Courier {
    store: Arc<Store>,
    env: Env,
    link: Mutex<Link>,
    /// There is something to say.
    pub work: Notify,
    nudge: Notify,
    /// Somebody wants to hear from the centre now, with or without work.
    nudged: AtomicBool,
    waiting: Mutex<Waiting>,
    /// Connections to the centre, kept from ask to ask. Given up after a failure: on a line that came back, an old
    /// connection may be silent for ever.
    http: Mutex<Option<reqwest::Client>>,
    /// An ask was missed: until the next answer, further asks are not worth a second.
    missed: AtomicBool,
    changed: tokio::sync::broadcast::Sender<Changed>,
    /// The stream has to be started over, which needs somebody who is signed in.
    waits_for_sign_in: AtomicBool,
    /// The centre asked for a pause until then. Both loops keep it, whichever was told.
    not_before: Mutex<Option<Timestamp>>,
    /// Why the centre does not talk to us, if it said so.
    pub turned_away: Mutex<Option<Fault>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Courier {
    /// Not running yet.
    pub fn new(store: Arc<Store>, env: Env, changed: tokio::sync::broadcast::Sender<Changed>) -> Arc<Courier> {
        Arc::new(Courier {
            store,
            env,
            link: Mutex::new(Link::new(env.now())),
            work: Notify::new(),
            nudge: Notify::new(),
            nudged: AtomicBool::new(false),
            waiting: Mutex::default(),
            http: Mutex::default(),
            missed: AtomicBool::new(false),
            waits_for_sign_in: AtomicBool::new(false),
            changed,
            not_before: Mutex::default(),
            turned_away: Mutex::default(),
        })
    }

    /// State of the line.
    pub fn link(&self) -> Link {
        lock(&self.link).clone()
    }

    /// Speak now, whatever pause was planned: F5.
    pub fn nudge(&self) {
        self.signal(Signal::Nudge);
        *lock(&self.not_before) = None;
        self.nudged.store(true, Ordering::Relaxed);
        self.nudge.notify_waiters();
        self.work.notify_one();
    }

    fn signal(&self, signal: Signal) -> When {
        let before = self.link().is_online();
        let when = lock(&self.link).on(signal, self.env.now(), self.env.chance());
        if self.link().is_online() != before {
            let _ = self.changed.send(Changed::Line);
        }
        when
    }

    /// Runs until the task is aborted: one loop listens, one carries work.
    pub async fn run(self: Arc<Self>) {
        let carry = Arc::clone(&self);
        tokio::join!(self.listen(), carry.carry());
    }

    async fn listen(&self) {
        loop {
            // After a failure, and before the first answer, nothing is known of the line: ask without waiting.
            let wait_s = if self.link().is_sure() { WAIT_S_MAX } else { 0 };
            if self.speak(wait_s, false).await && self.waits_for_sign_in.load(Ordering::Relaxed) {
                // The centre would say the same at once. Signing in ends the pause.
                self.pause_until(self.env.now().plus_ms(BACK_OFF_MS_MAX)).await;
            }
        }
    }

    async fn carry(&self) {
        // What was left when the desk was switched off.
        self.work.notify_one();
        loop {
            self.work.notified().await;
            if self.nudged.swap(false, Ordering::Relaxed) && !self.speak(0, true).await {
                continue;
            }
            // More may be left than fits into one ask; and after a failure, which is followed by a pause, it is still there.
            while self.store.has_work().await || self.has_asks() {
                self.speak(0, true).await;
            }
        }
    }

    fn has_asks(&self) -> bool {
        !lock(&self.waiting).is_empty()
    }

    /// One ask and its answer; after a failure the pause. Returns whether an answer came.
    async fn speak(&self, wait_s: u32, with_work: bool) -> bool {
        let asked_for = *lock(&self.not_before);
        if let Some(until) = asked_for {
            self.pause_until(until).await;
        }
        let said = self.exchange(wait_s, with_work).await;
        match said {
            Ok(()) => {
                *lock(&self.turned_away) = None;
                *lock(&self.not_before) = None;
                // The first sign of life ends the pause of the other loop.
                self.nudge.notify_waiters();
                true
            }
            Err(error) => {
                *lock(&self.http) = None;
                let fault = named_fault(&error).cloned();
                let retry_ms = match &fault {
                    Some(Fault::ServerBusy { retry_s }) => Some(i64::from(*retry_s) * 1000),
                    Some(Fault::DeskUnknown | Fault::OtherOffice) => {
                        lock(&self.turned_away).clone_from(&fault);
                        Some(BACK_OFF_MS_MAX)
                    }
                    Some(_) => None,
                    None => {
                        tracing::error!(error = format!("{error:#}"), "An answer could not be taken in");
                        None
                    }
                };
                if let When::At(at) = self.signal(Signal::Failed { retry_ms }) {
                    if matches!(fault, Some(Fault::ServerBusy { .. })) {
                        *lock(&self.not_before) = Some(at);
                    }
                    self.pause_until(at).await;
                }
                false
            }
        }
    }

    /// Waits, unless somebody presses F5.
    async fn pause_until(&self, at: Timestamp) {
        // However the PC's clock was set meanwhile, no pause is longer than the longest.
        let pause_ms = at.since(self.env.now()).clamp(0, RETRY_MS_MAX) as u64;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause_ms)) => {}
            () = self.nudge.notified() => {}
        }
    }

    fn connections(&self) -> anyhow::Result<reqwest::Client> {
        let mut kept = lock(&self.http);
        match &*kept {
            Some(http) => Ok(http.clone()),
            None => Ok(kept.insert(connections()?).clone()),
        }
    }

    /// Asks and takes the answer in. Where an answer says that there is more, the next ask is on its way while this one's
    /// answer is taken in: the centre looks for rows while this desk seals. Nothing is kept ahead of what is on the disk;
    /// if an answer can't be taken in, what was asked ahead is dropped with it.
    async fn exchange(&self, wait_s: u32, with_work: bool) -> anyhow::Result<()> {
        let wire = self.wire().await?;
        let mut said = self.next_ask(wait_s, with_work, None).await?;
        let mut answer = wire.sync(&said.ask).await?;
        while let Some(heard) = Heard::of(&said.ask, &answer) {
            let mut next = self.next_ask(0, with_work, Some(&heard)).await?;
            if !heard.rows && next.ask.commands.is_empty() {
                break;
            }
            let asking = AbortOnDrop(tokio::spawn({
                let (wire, ask) = (wire.clone(), next.ask.clone());
                async move { wire.sync(&ask).await }
            }));
            self.take(&said, answer, || wire.snapshot()).await?;
            // How long this one lies here before it is looked at says nothing about clocks.
            next.tells_time = false;
            said = next;
            answer = asking.answer().await?;
        }
        self.take(&said, answer, || wire.snapshot()).await
    }

    async fn wire(&self) -> anyhow::Result<Wire> {
        let http = self.connections()?;
        let state = self.store.state().await;
        let (Some(identity), Some(keys)) = (&state.identity, &state.keys) else {
            return Err(faulty(Fault::NotEnrolled));
        };
        Ok(Wire::over(http, &identity.server, self.env).of_desk(identity, keys))
    }

    /// What this desk has to say now; with the work that waits, if that is wanted.
    ///
    /// # Errors
    /// [`Fault::NotEnrolled`]
    pub async fn ask_now(&self, with_work: bool) -> anyhow::Result<Said> {
        self.next_ask(0, with_work, None).await
    }

    /// What is to be said next; after an answer that was heard and is not taken in yet, what is to be said after that.
    async fn next_ask(&self, wait_s: u32, with_work: bool, heard: Option<&Heard>) -> anyhow::Result<Said> {
        let answered = heard.map_or(0, |h| h.n);
        let commands = if with_work { self.store.batch(answered).await? } else { Vec::new() };
        // Somebody who wants to call next doesn't wait for a backlog. What was just answered may be asked again: the same
        // request is answered the same.
        let asks = if with_work { lock(&self.waiting).values().map(|(a, _)| a.clone()).collect() } else { Vec::new() };
        let state = self.store.state().await;
        let identity = state.identity.as_ref().ok_or_else(|| faulty(Fault::NotEnrolled))?;
        let ask = SyncAsk {
            speaks: (PROTOCOL, PROTOCOL),
            office: identity.office.clone(),
            desk: identity.desk,
            cursors: heard.map_or_else(|| state.received.clone(), |h| h.cursors.clone()),
            head: state.head,
            commands,
            asks,
            scans_waiting: 0,
            wait_s,
            sent_at: self.env.now(),
        };
        Ok(Said { ask, tells_time: true })
    }

    /// Takes an answer in: what became of work, what others did, and what the centre wants done. `snapshot` is asked for if
    /// the stream has to be started over.
    ///
    /// # Errors
    /// A broken disk; or the centre has said that it can't go on with this desk as it is.
    pub async fn take<F>(&self, said: &Said, answer: SyncAnswer, snapshot: impl FnOnce() -> F) -> anyhow::Result<()>
    where
        F: Future<Output = anyhow::Result<Snapshot>>,
    {
        let Said { ask, tells_time } = said;
        let now = self.env.now();
        self.store.absorb(&answer.answers, &answer.rows, answer.now).await.context("Absorbing an answer")?;
        if ask.wait_s == 0 && *tells_time {
            // Half of the way there and back; only quick answers say something about clocks.
            let middle = ask.sent_at.0 + now.since(ask.sent_at) / 2;
            self.store.measured(answer.now.0 - middle).await?;
        } else if ask.wait_s > 0 {
            // Somebody has set the PC's clock since: a rough measure is better than a wrong one.
            let rough = answer.now.since(now);
            let known = self.store.state().await.offset_ms;
            if (rough - known).abs() > CLOCK_SET_MS {
                self.store.measured(rough).await?;
            }
        }
        self.missed.store(false, Ordering::Relaxed);
        for (request, said) in answer.asks {
            if let Some((_, Some(reply))) = lock(&self.waiting).remove(&request) {
                let _ = reply.send(said);
            }
        }
        if answer.cloned {
            // Nothing that is stamped here counts any more. It stays in the outbox until somebody enrols the machine anew.
            return Err(faulty(Fault::DeskUnknown));
        }
        let (start_over, signed_in) = {
            let state = self.store.state().await;
            (answer.start_over || state.start_over, state.work.is_some())
        };
        if !start_over {
            self.waits_for_sign_in.store(false, Ordering::Relaxed);
        } else if signed_in || !self.waits_for_sign_in.load(Ordering::Relaxed) {
            self.start_over(snapshot().await?).await?;
        }
        if let Some(expected) = answer.gap
            && !self.store.send_again(expected).await?
        {
            // Nothing here begins where the centre has stopped.
            return Err(faulty(Fault::ServerTrouble));
        }
        for wanted in answer.wanted {
            let act = Act::Release { visits: wanted.visits, from: wanted.from, to: wanted.to };
            // Nobody signed in, or called meanwhile: the wish lapses at the centre.
            if self.store.record(&Subject::Office, act, answer.now).await.is_ok() {
                self.work.notify_one();
            }
        }
        self.signal(Signal::Answered);
        if !ask.commands.is_empty() {
            // More may be waiting than fitted into this ask.
            self.work.notify_one();
        }
        if !answer.rows.is_empty() {
            let _ = self.changed.send(Changed::Work);
        }
        if !answer.answers.is_empty() || !ask.commands.is_empty() {
            let _ = self.changed.send(Changed::Line);
        }
        Ok(())
    }

    /// Makes the view anew, and sends once more what the centre lacks. With nobody signed in the view can't be sealed and
    /// waits; what the centre lacks goes out all the same.
    async fn start_over(&self, snapshot: Snapshot) -> anyhow::Result<()> {
        let lacks = snapshot.head.n + 1;
        let is_made = match self.store.replace(snapshot).await {
            Ok(()) => true,
            Err(error) if named_fault(&error) == Some(&Fault::SignedOut) => {
                self.store.send_again(lacks).await?;
                false
            }
            Err(error) => return Err(error.context("Starting over from a snapshot")),
        };
        self.waits_for_sign_in.store(!is_made, Ordering::Relaxed);
        self.work.notify_one();
        Ok(())
    }

    /// Asks the centre something that a desk can't decide alone, for at most a second. While an ask was missed, it isn't
    /// even tried.
    pub async fn ask(&self, ask: Ask) -> Asked {
        use Ordering::Relaxed;
        if !self.link().is_online() || self.missed.load(Relaxed) {
            return Asked::NotAsked;
        }
        let request = ask.request.clone();
        let (send, answer) = oneshot::channel();
        lock(&self.waiting).insert(request.clone(), (ask, Some(send)));
        self.work.notify_one();
        let answer = tokio::time::timeout(Duration::from_millis(ASK_MS_MAX), answer).await;
        lock(&self.waiting).remove(&request);
        match answer {
            Ok(Ok(said)) => Asked::Answered(said),
            Ok(Err(_)) | Err(_) => {
                self.missed.store(true, Relaxed);
                Asked::Lost
            }
        }
    }
}

/// Everything that enrolment needs from the centre.
pub async fn enrol(
    server: &str,
    code: &str,
    name: &str,
    env: Env,
) -> anyhow::Result<(Identity, Signing, String, Snapshot)> {
    let signing = Signing::random();
    let wire = Wire::to(server, env)?;
    let answer = wire.enrol(code, name, &signing).await?;
    let keys = DeviceKeys {
        signing: signing.clone(),
        token: answer.token.clone(),
        outbox: loket_seal::Key::random(),
        spool_public: String::new(),
    };
    let mut identity = Identity {
        office: answer.office,
        office_name: String::new(),
        zone_minutes: 0,
        desk: answer.desk,
        server: server.trim_end_matches('/').to_owned(),
        series_year: answer.series_year,
        offline_days: 14,
    };
    let snapshot = Wire::of(&identity, &keys, env)?.snapshot().await?;
    for aggregate in &snapshot.aggregates {
        if let loket_core::world::Aggregate::Office(office) = aggregate {
            if let Some(OfficeInfo { name, .. }) = &office.info {
                identity.office_name.clone_from(name);
            }
            if let Some(rules) = office.rules_at(snapshot.now) {
                identity.zone_minutes = rules.zone_minutes;
                identity.offline_days = rules.offline_sign_in_days;
            }
        }
    }
    Ok((identity, signing, answer.token, snapshot))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// What a desk makes of this answer to its first word.
    async fn fault_of(answer: &'static str) -> Fault {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let wire = Wire::to(&server, Env::real()).unwrap();
        let (said, ()) = tokio::join!(wire.snapshot(), answering);
        said.unwrap_err().downcast::<FaultError>().unwrap().0
    }

    #[tokio::test]
    async fn whoever_says_when_to_come_back_is_obeyed() {
        let proxy = "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
        assert_eq!(fault_of(proxy).await, Fault::ServerBusy { retry_s: 7 });
        let centre = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nContent-Length: 34\r\nConnection: close\r\n\r\n\
                      {\"error\":\"overloaded\",\"retry_s\":2}";
        assert_eq!(fault_of(centre).await, Fault::ServerBusy { retry_s: 2 });
        let silent = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        assert_eq!(fault_of(silent).await, Fault::NoLine);
        let nonsense = "HTTP/1.1 429 No\r\nRetry-After: soon\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        assert_eq!(fault_of(nonsense).await, Fault::NoLine);
    }
}
