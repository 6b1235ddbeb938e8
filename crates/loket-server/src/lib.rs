//! The central server of Loket: it takes in applications and payments, keeps the ledger of every office, and exchanges
//! rows with the desks. It promises that what it acknowledged is on the disk, and that a desk which was gone for ten days
//! loses nothing. It knows nothing of windows, printers or keychains, and it never asks a desk to wait for anything but
//! news.
//!
//! [`serve`] runs it inside any process; `main.rs` is only its command line.

pub mod admin;
pub mod backup;
pub mod env;
pub mod exchange;
pub mod health;
mod http;
pub mod intake;
pub mod ledger;
pub mod limits;
pub mod listen;
pub mod logs;
pub mod metrics;
pub mod openapi;
pub mod people;
pub mod problem;
pub mod publish;
pub mod registers;
pub mod requests;
pub mod rulebook;
pub mod sandbox;
pub mod scans;
pub mod status;
pub mod updates;
pub mod uploads;

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::NaiveDate;
use loket_core::id::{Digest, OfficeCode};
use loket_decode::Decoder;
use loket_seal::Signing;
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::env::Env;
use crate::health::Readiness;
use crate::ledger::{Address, Ledger, LedgerError};
use crate::limits::{FORGET_EVERY, Limits};
use crate::listen::Doors;
use crate::metrics::{Metrics, database_trouble};
use crate::registers::{Adapters, System};
use crate::scans::Scans;
use crate::updates::Updates;

/// How often the heads are looked at for what other processes wrote.
const LOOK_AT_HEADS_EVERY: Duration = Duration::from_millis(100);
/// How often bills are looked at for those that ran out, and duplicates for those nobody was told of.
const LOOK_AT_BILLS_EVERY: Duration = Duration::from_secs(30);
/// How often uploads are looked at for those that nobody goes on with.
const LOOK_AT_UPLOADS_EVERY: Duration = Duration::from_secs(600);
/// How long a closing server waits for those who are still being answered.
const CLOSING_MAX: Duration = Duration::from_secs(5);
/// The key of the intake side, if it is not in a file.
pub const INTAKE_KEY_VAR: &str = "LOKET_INTAKE_KEY";
/// The key that the payment channel signs with, if it is not in a file.
pub const BILLING_KEY_VAR: &str = "LOKET_BILLING_KEY";

/// What a server needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Keys are below, and the database and the scans unless `database` and `scans` name other places.
    pub data: PathBuf,
    /// Where the ledger is; a file in the data folder if `None`.
    pub database: Option<Address>,
    /// Where scans lie; below the data folder if `None`.
    pub scans: Option<scans::Address>,
    /// Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// A program whose `main` begins with `loket_decode::child_main_if_asked`; this one if `None`.
    pub decoder_exe: Option<PathBuf>,
    pub doors: Doors,
    /// The systems of others that are asked; what none is there for stays "not yet checked".
    pub adapters: Adapters,
    pub env: Env,
}

/// A server that runs, on threads of its own. Dropped, it stops as if killed.
pub struct Running {
    pub addr: SocketAddr,
    /// Where `/metrics` is, if it is anywhere.
    pub metrics_addr: Option<SocketAddr>,
    ledger: Arc<Ledger>,
    intake_key: String,
    billing_key: Signing,
    closing: watch::Sender<bool>,
    serving: JoinHandle<()>,
    /// `None` only while it stops.
    runtime: Option<Runtime>,
}

impl Running {
    /// The ledger of this server, for tests and for a program that holds the server in its own process.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The key that the intake side shows.
    pub fn intake_key(&self) -> &str {
        &self.intake_key
    }

    /// The key that the payment channel signs with.
    pub fn billing_key(&self) -> &Signing {
        &self.billing_key
    }

    /// A new enrolment code.
    pub async fn enrolment_code(&self, office: &OfficeCode) -> anyhow::Result<String> {
        Ok(people::enrolment_code(&self.ledger, office).await?)
    }

    /// Publishes a day's list now; how many visits were added.
    pub async fn publish(&self, office: &OfficeCode, day: NaiveDate) -> anyhow::Result<usize> {
        Ok(publish::publish_day(&self.ledger, office, day).await?)
    }

    /// Answers those who wait, closes the files and returns when the port is free.
    pub async fn shutdown(mut self) {
        let _ = self.closing.send(true);
        let _ = tokio::time::timeout(CLOSING_MAX, &mut self.serving).await;
        self.stop().await;
    }

    /// Stops as if the plug was pulled: every connection is cut, whoever waits hears nothing, and what was not committed
    /// is gone. Returns when the port is free.
    pub async fn kill(mut self) {
        self.stop().await;
    }

    async fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let _ = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(CLOSING_MAX)).await;
        }
        let _ = tokio::time::timeout(CLOSING_MAX, self.ledger.close()).await;
    }

    /// Runs until the server ends.
    pub async fn ended(&mut self) {
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Where the database is in a data folder.
pub fn database(data: &Path) -> PathBuf {
    data.join("loket.sqlite")
}

/// Opens the ledger of a data folder, or the one that `address` names; makes the folder if need be.
pub async fn open_ledger(data: &Path, address: Option<Address>, env: Env) -> anyhow::Result<Arc<Ledger>> {
    let doing = || format!("Opening the data folder {}", data.display());
    private_folder(data).with_context(doing)?;
    let address = address.unwrap_or_else(|| Address::Sqlite(database(data)));
    Ledger::open(&address, env).await.with_context(doing)
}

/// Writes a file whole or not at all; when it has its name, its bytes are on the disk. `part` is its name until then.
pub(crate) fn write_whole(path: &Path, part: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = File::create(part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(part, path)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// A folder that only its owner can read. One that is there already keeps the rights it has.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// A key that an outside system shares with this server: from the environment, or from a file that is made if need be.
pub(crate) fn shared_key(variable: &str, file: &Path, env: &Env) -> anyhow::Result<String> {
    match std::env::var(variable).ok().filter(|key| !key.is_empty()) {
        Some(key) => Ok(key),
        None => Ok(people::secret_file(file, || hex::encode(env.chance::<32>()))?.trim().to_owned()),
    }
}

fn billing_key(data: &Path, env: &Env) -> anyhow::Result<Signing> {
    signing_key(&shared_key(BILLING_KEY_VAR, &data.join("keys/billing.key"), env)?)
}

/// The key of the payment channel, as it is written down.
fn signing_key(key: &str) -> anyhow::Result<Signing> {
    let bytes = hex::decode(key).ok().and_then(|bytes| Signing::from_bytes(&bytes).ok());
    bytes.context("The billing key is not 64 hexadecimal digits")
}

/// Starts a server and returns once it listens.
pub async fn serve(config: Config) -> anyhow::Result<Running> {
    let Config { data, database, scans, listen, decoder_exe, doors, adapters, env } = config;
    let ledger = open_ledger(&data, database, env.clone()).await?;
    let intake_key = shared_key(INTAKE_KEY_VAR, &data.join("keys/intake.key"), &env)?;
    let billing_key = billing_key(&data, &env)?;
    let decoder = decoder_exe.map_or_else(Decoder::this_program, Decoder::at);
    let scans = scans.unwrap_or_else(|| scans::Address::Folder(data.clone()));
    let scans = Arc::new(Scans::open(&scans, ledger.clone(), decoder)?);
    // Threads of its own: what the server holds open ends with them, and a busy caller doesn't slow it down.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("loket-server")
        .enable_all()
        .build()
        .context("Starting the server's threads")?;
    let (listener, addr) = bound(&runtime, listen).await?;
    let metrics_listener = match doors.metrics {
        Some(at) => Some(bound(&runtime, at).await?),
        None => None,
    };
    let metrics_addr = metrics_listener.as_ref().map(|(_, addr)| *addr);
    let (closing, closed) = watch::channel(false);
    let server = Arc::new(http::Server {
        ledger: ledger.clone(),
        scans: scans.clone(),
        env,
        intake_key: Digest::of(intake_key.as_bytes()),
        billing_public: billing_key.public(),
        limits: Limits::new(doors.open_per_s, doors.proxies.clone(), doors.body_wait),
        metrics: Metrics::new(),
        readiness: Readiness::new(&data),
        updates: Updates::new(&data),
        makes_bills: !adapters.has(System::Billing),
        closing: closed.clone(),
    });
    let connections = server.metrics.connections.clone();
    if let Some((listener, _)) = metrics_listener {
        let router = health::metrics_router(server.clone());
        // Whoever watches is not among those who are watched.
        runtime.spawn(listen::serve(listener, router, doors.clone(), Gauge::default(), closed.clone()));
    }
    let router = http::router(server.clone());
    let serving = runtime.spawn(listen::serve(listener, router, doors, connections, closed));
    let heads = ledger.clone();
    runtime.spawn(again_and_again(LOOK_AT_HEADS_EVERY, async move || heads.look_at_heads().await));
    let bills = server.clone();
    runtime.spawn(again_and_again(LOOK_AT_BILLS_EVERY, async move || {
        let expired = bills.ledger.expire_due().await?;
        bills.metrics.bills_expired.inc_by(expired as u64);
        Ok(())
    }));
    runtime.spawn(again_and_again(FORGET_EVERY, async move || {
        server.limits.forget();
        Ok(())
    }));
    let duplicates = ledger.clone();
    runtime.spawn(again_and_again(LOOK_AT_BILLS_EVERY, async move || duplicates.tell_duplicates().await.map(|_| ())));
    runtime.spawn(again_and_again(LOOK_AT_UPLOADS_EVERY, async move || scans.clear_old_uploads().await));
    registers::start(runtime.handle(), &ledger, &adapters)?;
    let lists = ledger.clone();
    runtime.spawn(async move { publish::keep_publishing(&lists).await });
    tracing::info!(%addr, "Loket's server listens on {addr}");
    if let Some(addr) = metrics_addr {
        tracing::info!(%addr, "What the server counts is at {addr}/metrics");
    }
    Ok(Running { addr, metrics_addr, ledger, intake_key, billing_key, closing, serving, runtime: Some(runtime) })
}

/// A listener of the server's own threads, and its address.
async fn bound(runtime: &Runtime, at: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = runtime.spawn(TcpListener::bind(at)).await.context("Listening")?;
    let listener = listener.with_context(|| format!("Listening on {at}"))?;
    let addr = listener.local_addr().context("Asking for the address")?;
    Ok((listener, addr))
}

/// Looks at something for as long as the server runs. What fails now may well succeed the next time.
async fn again_and_again(pause: Duration, mut look: impl AsyncFnMut() -> Result<(), LedgerError>) {
    let mut every = tokio::time::interval(pause);
    loop {
        every.tick().await;
        if let Err(error) = look().await {
            database_trouble(error.is_busy());
            tracing::error!(%error, "The ledger could not be looked at");
        }
    }
}
