//! The registers and services of others: population register, ban list, travel documents, billing, production, post. The
//! centre runs its errands to them here and writes what they say as rows with their name, once each. It promises that
//! nothing is lost while one of them is down (the errand waits, the case says "not yet checked"), that a dead one is not
//! hammered, and that an answer which can't be right never becomes a row. It never blocks an application: what a
//! register says is for people to weigh. The contract that the outside keeps is `docs/adapters.md`.

pub mod ban_list;
pub mod billing;
pub mod circuit;
pub mod line;
pub mod population;
pub mod post;
pub mod production;
pub mod travel_documents;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use loket_core::act::{Event, Subject};
use loket_core::id::{ApplicationNo, Timestamp};
use loket_core::sync::Stream;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use self::circuit::{Circuit, wait_ms};
use self::line::{ANSWER_WAIT, Adapter, Connection, Trouble};
use crate::env::Env;
use crate::ledger::{Errand, ErrandCase, ErrandCount, ErrandKind, Ledger, LedgerError, Next, ServiceRow};

/// How often errands of other processes, and those whose wait is over, are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long an errand rests whose case is not ready for it, in milliseconds.
pub const HELD_BACK_MS: i64 = 60_000;
/// How far the clock of an outside system may be ahead of ours, in milliseconds.
pub const CLOCK_AHEAD_MS_MAX: i64 = 5 * 60_000;
/// Characters of an id that an outside system gives.
pub const ID_CHARS_MAX: usize = 64;
/// Characters of a name, number or place that an outside system gives.
pub const WORD_CHARS_MAX: usize = 80;

/// A system of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    Population,
    BanList,
    TravelDocuments,
    Billing,
    Production,
    Post,
}

impl System {
    pub const ALL: [System; 6] = [
        System::Population,
        System::BanList,
        System::TravelDocuments,
        System::Billing,
        System::Production,
        System::Post,
    ];

    /// As it stands in paths, logs and names of keys.
    pub fn name(self) -> &'static str {
        match self {
            System::Population => "population",
            System::BanList => "ban-list",
            System::TravelDocuments => "travel-documents",
            System::Billing => "billing",
            System::Production => "production",
            System::Post => "post",
        }
    }

    fn errands(self) -> &'static [ErrandKind] {
        match self {
            System::Population => &[ErrandKind::Population],
            System::BanList => &[ErrandKind::BanList],
            System::TravelDocuments => &[ErrandKind::TravelDocuments],
            System::Billing => &[ErrandKind::Billing],
            System::Production => &[ErrandKind::Production],
            System::Post => &[ErrandKind::Manifest, ErrandKind::Tracking],
        }
    }

    /// The variable that may carry the key. The one for notices of payment (`LOKET_BILLING_KEY`) is another.
    pub(crate) fn key_variable(self) -> String {
        format!("LOKET_{}_BEARER_KEY", self.name().replace('-', "_").to_uppercase())
    }
}

/// The systems that this server asks. None of them need be there.
#[derive(Debug, Clone)]
pub struct Adapters {
    adapters: BTreeMap<System, Adapter>,
    /// How long one may take to answer.
    pub answer_wait: Duration,
}

impl Default for Adapters {
    fn default() -> Adapters {
        Adapters { adapters: BTreeMap::new(), answer_wait: ANSWER_WAIT }
    }
}

impl Adapters {
    /// One more system.
    #[must_use]
    pub fn with(mut self, system: System, adapter: Adapter) -> Adapters {
        self.adapters.insert(system, adapter);
        self
    }

    /// All of them below one address, as `loket-server sandbox` has them.
    ///
    /// # Errors
    /// An address or key that can't be one.
    pub fn below(base: &str, key: &str) -> anyhow::Result<Adapters> {
        let mut out = Adapters::default();
        for system in System::ALL {
            let url = format!("{}/{}", base.trim_end_matches('/'), system.name());
            out = out.with(system, Adapter::new(&url, key)?);
        }
        Ok(out)
    }

    /// Is this one asked?
    pub fn has(&self, system: System) -> bool {
        self.adapters.contains_key(&system)
    }

    /// The line to one of them.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn connection(&self, system: System) -> anyhow::Result<Option<Connection>> {
        self.adapters.get(&system).map(|a| Connection::new(a.clone(), self.answer_wait)).transpose()
    }
}

/// Where the outside systems are, as it is typed. Their keys never stand here: they come from variables
/// (`LOKET_POPULATION_BEARER_KEY`...) or from files in the data folder.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AdapterUrls {
    /// Population register (Dukcapil).
    #[arg(long, env = "LOKET_POPULATION_URL")]
    population_url: Option<String>,
    /// Travel-ban list (cekal).
    #[arg(long, env = "LOKET_BAN_LIST_URL")]
    ban_list_url: Option<String>,
    /// Register of travel documents (DPRI).
    #[arg(long, env = "LOKET_TRAVEL_DOCUMENTS_URL")]
    travel_documents_url: Option<String>,
    /// Billing codes. Without it this server makes them itself.
    #[arg(long, env = "LOKET_BILLING_URL")]
    billing_url: Option<String>,
    /// Making of booklets.
    #[arg(long, env = "LOKET_PRODUCTION_URL")]
    production_url: Option<String>,
    /// PT Pos.
    #[arg(long, env = "LOKET_POST_URL")]
    post_url: Option<String>,
    /// All of them, in a sandbox. One named by itself wins.
    #[arg(long, env = "LOKET_SANDBOX_URL")]
    sandbox_url: Option<String>,
}

impl AdapterUrls {
    /// The adapters with their keys, each from its variable or from a file in `data` that is made if need be.
    ///
    /// # Errors
    /// An address that is none, a key that can't be read.
    pub fn adapters(self, data: &Path, env: &Env) -> anyhow::Result<Adapters> {
        let sandbox = self.sandbox_url;
        let named = [
            (System::Population, self.population_url),
            (System::BanList, self.ban_list_url),
            (System::TravelDocuments, self.travel_documents_url),
            (System::Billing, self.billing_url),
            (System::Production, self.production_url),
            (System::Post, self.post_url),
        ];
        let mut out = Adapters::default();
        for (system, url) in named {
            let in_sandbox =
                || sandbox.as_ref().map(|base| format!("{}/{}", base.trim_end_matches('/'), system.name()));
            let Some(url) = url.or_else(in_sandbox) else { continue };
            let file = data.join(format!("keys/{}-bearer.key", system.name()));
            let adapter = Adapter::new(&url, &crate::shared_key(&system.key_variable(), &file, env)?)?;
            if adapter.is_in_the_clear() {
                let name = system.name();
                tracing::warn!(system = name, "Questions to {name} leave this machine unencrypted");
            }
            out = out.with(system, adapter);
        }
        Ok(out)
    }
}

/// An answer, and what becomes of the errand that fetched it.
struct Said {
    rows: Vec<ServiceRow>,
    next: Next,
}

/// Why there is none.
enum Stop {
    Trouble(Trouble),
    /// Nobody needs the answer any more; why.
    Pointless(&'static str),
    /// The case is not ready for it; why.
    HeldBack(&'static str),
    Ledger(LedgerError),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Stop {
        Stop::Trouble(trouble)
    }
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Stop {
        Stop::Ledger(error)
    }
}

/// What an errand is run with.
struct Run<'a> {
    ledger: &'a Ledger,
    line: &'a Connection,
    errand: &'a Errand,
    now: Timestamp,
}

impl Run<'_> {
    /// It has got this far; more at a later time.
    fn later(&self, in_ms: i64, about: String) -> Next {
        Next::Later { at: self.now.plus_ms(in_ms), about, tries: 0, trouble: "" }
    }

    /// A row about the application of this errand. The number goes before the id, so that an outside system which uses
    /// one id for two people does not make the second answer vanish.
    fn row(&self, name: &'static str, no: &ApplicationNo, external_id: &str, events: Vec<Event>) -> ServiceRow {
        ServiceRow {
            stream: Stream::Registry,
            name,
            external_id: format!("{no}/{external_id}"),
            subject: Subject::Application(no.clone()),
            events,
        }
    }
}

/// Is this what somebody could have said just now, or long ago?
fn is_plausible(at: Timestamp, now: Timestamp) -> bool {
    /// 2000-01-01.
    const EARLIEST: Timestamp = Timestamp(946_684_800_000);
    at >= EARLIEST && at <= now.plus_ms(CLOCK_AHEAD_MS_MAX)
}

/// Could this be an id?
fn is_id(text: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Could this be a name, a number or a place that people read?
fn is_word(text: &str) -> bool {
    let hidden = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let long_enough = !text.trim().is_empty() && text.chars().count() <= WORD_CHARS_MAX;
    long_enough && !text.chars().any(hidden)
}

/// What must hold, or the answer is wrong; the code says in which part.
fn check(holds: bool, part: &'static str) -> Result<(), Trouble> {
    if holds { Ok(()) } else { Err(Trouble::Wrong(part)) }
}

/// What every answer of a register says about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    /// Id of this answer at the register.
    pub answer: String,
    /// The question it answers.
    pub question: String,
    /// Which system says so, as people call it.
    pub source: String,
    pub answered_at: Timestamp,
}

impl Told {
    fn answers(&self, question: &str, now: Timestamp) -> Result<(), Trouble> {
        check(self.question == question, "other_question")?;
        check(is_id(&self.answer), "answer")?;
        check(is_word(&self.source), "source")?;
        check(is_plausible(self.answered_at, now), "answered_at")
    }
}

async fn run(run: &Run<'_>) -> Result<Said, Stop> {
    if run.errand.kind == ErrandKind::Manifest {
        return post::manifest(run).await;
    }
    let case: ErrandCase = run.ledger.errand_case(run.errand).await?.ok_or(Stop::Pointless("no_case"))?;
    if case.application.cancelled.is_some() && run.errand.kind != ErrandKind::Tracking {
        return Err(Stop::Pointless("cancelled"));
    }
    match run.errand.kind {
        ErrandKind::Population => population::check(run, &case).await,
        ErrandKind::BanList => ban_list::check(run, &case).await,
        ErrandKind::TravelDocuments => travel_documents::search(run, &case).await,
        ErrandKind::Billing => billing::order(run, &case).await,
        ErrandKind::Production => production::order_or_ask(run, &case).await,
        ErrandKind::Tracking => post::track(run, &case).await,
        ErrandKind::Manifest => Err(Stop::Pointless("no_case")),
    }
}

/// How a system fared with an errand.
enum Fared {
    Answered,
    Trouble(Trouble),
    /// It never came to a question, so nothing is known.
    NotAsked,
}

/// Runs one errand and writes what becomes of it.
async fn run_and_write(ledger: &Ledger, line: &Connection, errand: &Errand) -> Result<Fared, LedgerError> {
    let now = ledger.env().now();
    let later = |in_ms: i64, tries, trouble| {
        let (at, about) = (ledger.env().now().plus_ms(in_ms), errand.about.clone());
        Next::Later { at, about, tries, trouble }
    };
    let (next, fared) = match run(&Run { ledger, line, errand, now }).await {
        Ok(Said { rows, next }) if rows.is_empty() => (next, Fared::Answered),
        Ok(Said { rows, next }) => {
            ledger.answer_errand(errand, rows, next).await?;
            return Ok(Fared::Answered);
        }
        Err(Stop::Ledger(error)) => return Err(error),
        Err(Stop::Pointless(why)) => (Next::GivenUp(why), Fared::NotAsked),
        Err(Stop::HeldBack(why)) => (later(HELD_BACK_MS, 0, why), Fared::NotAsked),
        Err(Stop::Trouble(Trouble::Refused)) => {
            tracing::warn!(errand = %errand.id, "{} was refused for good", errand.id);
            (Next::GivenUp(Trouble::Refused.code()), Fared::Answered)
        }
        Err(Stop::Trouble(trouble)) => {
            let (id, code) = (&errand.id, trouble.code());
            tracing::debug!(errand = %id, code, tries = errand.tries, "No answer to {id}: {code}");
            if let Trouble::Wrong(_) | Trouble::Unreadable | Trouble::TooLarge = trouble {
                tracing::warn!(errand = %id, code, "The answer to {id} can't be right ({code}); it is asked again");
            }
            let wait = wait_ms(errand.tries, chance(ledger.env())).max(trouble.retry_after_ms().unwrap_or(0));
            (later(wait, errand.tries, code), Fared::Trouble(trouble))
        }
    };
    ledger.put_off_errand(errand, next).await?;
    Ok(fared)
}

fn chance(env: &Env) -> u64 {
    u64::from_le_bytes(env.chance())
}

/// Runs the errands to one system for as long as the server runs.
async fn keep_running(ledger: Arc<Ledger>, system: System, line: Arc<Connection>) {
    let name = system.name();
    let mut moved = ledger.errands_moved();
    let mut circuit = Circuit::default();
    let mut under_way: JoinSet<Result<Fared, LedgerError>> = JoinSet::new();
    loop {
        for kind in system.errands() {
            let room = circuit.room(ledger.env().now(), under_way.len());
            if room == 0 {
                break;
            }
            match ledger.take_errands(*kind, room).await {
                Ok(taken) => {
                    for errand in taken {
                        let (ledger, line) = (ledger.clone(), line.clone());
                        under_way.spawn(async move { run_and_write(&ledger, &line, &errand).await });
                    }
                }
                Err(error) => tracing::error!(%error, system = name, "The errands to {name} could not be read"),
            }
        }
        tokio::select! {
            Some(done) = under_way.join_next() => match done {
                Ok(Ok(Fared::NotAsked)) => {}
                Ok(Ok(Fared::Answered)) => {
                    if circuit.heard() {
                        tracing::info!(system = name, "{name} answers again");
                    }
                }
                Ok(Ok(Fared::Trouble(trouble))) => {
                    if circuit.failed(&trouble, ledger.env().now(), chance(ledger.env())) {
                        let code = trouble.code();
                        tracing::warn!(system = name, code, "{name} does not answer ({code}); errands wait");
                    }
                }
                // What was taken comes up again by itself when its time is over.
                Ok(Err(error)) => tracing::error!(%error, system = name, "An answer of {name} could not be written"),
                Err(error) => tracing::error!(%error, system = name, "An errand to {name} stopped short"),
            },
            // The sender lives as long as the ledger that this task holds.
            _ = moved.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// What an administrator looks at when somebody says that a check does not come.
///
/// # Errors
/// A ledger that can't be read.
pub async fn admin_errands(ledger: &Ledger) -> anyhow::Result<Vec<String>> {
    let now = ledger.env().now();
    let line = |count: ErrandCount| {
        let minutes = now.since(count.oldest) / 60_000;
        format!("{} {} {} (the oldest from {minutes} min ago)", count.kind, count.state, count.errands)
    };
    Ok(ledger.errand_counts().await?.into_iter().map(line).collect())
}

/// Begins to run errands to every system that there is an adapter for.
///
/// # Errors
/// When no client can be made.
pub(crate) fn start(runtime: &tokio::runtime::Handle, ledger: &Arc<Ledger>, adapters: &Adapters) -> anyhow::Result<()> {
    for system in System::ALL {
        if let Some(line) = adapters.connection(system)? {
            runtime.spawn(keep_running(ledger.clone(), system, Arc::new(line)));
        }
    }
    if !adapters.has(System::Billing) {
        runtime.spawn(billing::keep_making(ledger.clone()));
    }
    Ok(())
}
