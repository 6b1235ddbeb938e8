//! The command line of the server. Secrets never stand on it: passwords are read from standard input, keys lie in files
//! or in the environment.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use loket_core::id::{OfficeCode, OfficerId};
use loket_seal::Cost;
use loket_server::admin::{self, Admin};
use loket_server::backup::{self, Answering, ScansCopied};
use loket_server::env::Env;
use loket_server::ledger::Address;
use loket_server::limits::OPEN_PER_S;
use loket_server::listen::{Doors, raise_open_files};
use loket_server::registers::AdapterUrls;
use loket_server::sandbox::{self, SandboxArgs};
use loket_server::{Config, logs, open_ledger, scans, serve};

#[derive(Parser)]
#[command(name = "loket-server", version, about = "The central server of Loket")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Serve desks and take in applications until interrupted.
    Serve {
        /// Folder of the database, the scans and the keys.
        #[arg(long, env = "LOKET_SERVER_DATA")]
        data: PathBuf,
        #[command(flatten)]
        database: DatabaseUrl,
        /// Where scans lie: file:///DIR or s3://BUCKET/PREFIX; below the data folder if left out. Endpoint, region and
        /// credentials of S3 come from the variables AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID,
        /// AWS_SECRET_ACCESS_KEY; plain HTTP needs AWS_ALLOW_HTTP=true.
        #[arg(long, env = "LOKET_SCANS_URL")]
        scans_url: Option<String>,
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Program that decodes scans; this one if left out.
        #[arg(long)]
        decoder: Option<PathBuf>,
        /// Where Prometheus may read /metrics, such as 127.0.0.1:9090. Nowhere if left out; never a public address.
        #[arg(long)]
        metrics_listen: Option<SocketAddr>,
        /// Address of a proxy before this server, which is believed when it says in X-Forwarded-For for whom it asks.
        #[arg(long)]
        proxy: Vec<IpAddr>,
        /// Requests a second from one address at the doors that are open to everybody.
        #[arg(long, default_value_t = OPEN_PER_S)]
        open_per_second: NonZeroU32,
        #[command(flatten)]
        adapters: AdapterUrls,
    },
    /// Copy the ledger, the scans and, if asked for, the keys into a folder. Works while the server runs.
    Backup {
        /// Folder of the database, the scans and the keys.
        #[arg(long, env = "LOKET_SERVER_DATA")]
        data: PathBuf,
        #[command(flatten)]
        database: DatabaseUrl,
        /// Folder of the copy. Scans that are there already are not copied again.
        #[arg(long)]
        to: PathBuf,
        /// The keys too. With them and the copy somebody could pass for the office: keep both locked away.
        #[arg(long)]
        with_keys: bool,
    },
    /// Make a server from a copy, in an empty database. It begins a new epoch, for which two administrators answer.
    Restore {
        /// Folder of the copy.
        #[arg(long)]
        from: PathBuf,
        /// Folder of the new server.
        #[arg(long, env = "LOKET_SERVER_DATA")]
        data: PathBuf,
        #[command(flatten)]
        database: DatabaseUrl,
        /// Office on whose roster the two stand; may be left out where the copy holds one.
        #[arg(long)]
        office: Option<OfficeCode>,
        /// The first administrator; the password is asked for.
        #[arg(long)]
        by: OfficerId,
        /// The second one.
        #[arg(long)]
        and: OfficerId,
    },
    /// Registers, billing, production and post of invented people, for development and tests.
    Sandbox(SandboxArgs),
    /// Set up offices and people. Works while the server runs.
    Admin {
        /// Folder of the database, the scans and the keys.
        #[arg(long, env = "LOKET_SERVER_DATA", global = true)]
        data: Option<PathBuf>,
        #[command(flatten)]
        database: DatabaseUrl,
        #[command(subcommand)]
        what: Admin,
    },
}

#[derive(clap::Args)]
struct DatabaseUrl {
    /// PostgreSQL or another SQLite file: postgres://HOST/NAME or sqlite:FILE. A password belongs into the variable or
    /// into a PostgreSQL password file, not on the command line.
    #[arg(long, env = "LOKET_DATABASE_URL", hide_env_values = true, global = true)]
    database_url: Option<String>,
}

impl DatabaseUrl {
    fn address(self) -> anyhow::Result<Option<Address>> {
        self.database_url.map(|url| Address::parse(&url).context("Reading --database-url")).transpose()
    }
}

fn main() -> ExitCode {
    loket_decode::child_main_if_asked();
    let start = || {
        logs::start()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("Starting")?;
        runtime.block_on(run(Cli::parse()))
    };
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("loket-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let env = Env::real();
    match cli.what {
        What::Serve {
            data,
            database,
            scans_url,
            listen,
            decoder: decoder_exe,
            metrics_listen,
            proxy,
            open_per_second,
            adapters,
        } => {
            raise_open_files();
            let doors =
                Doors { metrics: metrics_listen, proxies: proxy, open_per_s: open_per_second, ..Doors::default() };
            let database = database.address()?;
            let scans = scans_url.map(|url| scans::Address::parse(&url, variables()));
            let scans = scans.transpose().context("Reading --scans-url")?;
            let adapters = adapters.adapters(&data, &env)?;
            let mut running =
                serve(Config { data, database, scans, listen, decoder_exe, doors, adapters, env }).await?;
            tokio::select! {
                () = interrupted() => {}
                () = running.ended() => anyhow::bail!("the server stopped by itself"),
            }
            tracing::info!("Closing");
            running.shutdown().await;
        }
        What::Backup { data, database, to, with_keys } => {
            let ledger = open_ledger(&data, database.address()?, env).await?;
            let done = backup::back_up(&ledger, &data, &to, with_keys).await;
            ledger.close().await;
            let done = done?;
            println!("{} rows of the ledger copied", done.ledger.rows.values().sum::<u64>());
            println!("{} keys copied", done.keys);
            scans_in_words(&done.scans)?;
        }
        What::Restore { from, data, database, office, by, and } => {
            let address = database.address()?.unwrap_or_else(|| Address::Sqlite(loket_server::database(&data)));
            let answering = |officer: OfficerId| -> anyhow::Result<Answering> {
                Ok(Answering { password: admin::ask_password(&officer)?, officer })
            };
            let (by, and) = (answering(by)?, answering(and)?);
            let done = backup::restore(&from, &data, &address, env, office, [&by, &and]).await?;
            println!("{} rows of the ledger restored", done.ledger.rows.values().sum::<u64>());
            for (office, epoch) in done.ledger.epochs {
                println!("{office}: epoch {}", epoch.0);
            }
            println!("{} keys restored", done.keys);
            scans_in_words(&done.scans)?;
        }
        What::Sandbox(args) => {
            let mut running = sandbox::serve(args.config(env)?).await?;
            tokio::select! {
                () = interrupted() => {}
                () = running.ended() => anyhow::bail!("the sandbox stopped by itself"),
            }
        }
        What::Admin { data, database, what } => {
            let data = data.context("--data names the folder of the server")?;
            let ledger = open_ledger(&data, database.address()?, env).await?;
            let done = admin::obey(&ledger, &data, what, Cost::STANDARD, admin::ask_password).await;
            ledger.close().await;
            let mut out = std::io::stdout().lock();
            // Whoever has read enough closes the pipe; what was typed is done all the same.
            let _ = done?.iter().try_for_each(|line| writeln!(out, "{line}"));
        }
    }
    Ok(())
}

/// The environment, but for what is no text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut term) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
}

/// Says what became of the scans; an error if some are in neither place.
fn scans_in_words(scans: &ScansCopied) -> anyhow::Result<()> {
    println!("{} scans copied, {} were there", scans.copied, scans.there);
    for hash in &scans.missing {
        println!("missing: {hash}");
    }
    anyhow::ensure!(
        scans.missing.is_empty(),
        "{} scans are not in the folder; if they lie in an object store, copy that with its own means",
        scans.missing.len()
    );
    Ok(())
}
