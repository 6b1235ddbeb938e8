//! The command line of the server. Secrets never stand on it: passwords are read from standard input, keys lie in files
//! or in the environment.

use std::io::{BufRead, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use loket_core::id::{DeskId, OfficeCode, OfficerId};
use loket_seal::Cost;
use loket_server::env::Env;
use loket_server::ledger::Address;
use loket_server::people::{self, OfficeFile};
use loket_server::{Config, open_ledger, publish, scans, serve};
use tracing_subscriber::EnvFilter;

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
    },
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

#[derive(Subcommand)]
enum Admin {
    /// Take in an office: counters, roster, rules. The same file again changes nothing.
    Office {
        #[arg(long)]
        file: PathBuf,
    },
    /// Print an enrolment code for one machine, good for fifteen minutes.
    Code {
        #[arg(long)]
        office: OfficeCode,
    },
    /// Publish the list of a day. A second time only adds.
    Publish {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        day: NaiveDate,
    },
    /// Open the places of working days, from the sessions of the rules. What is open already stays as it is.
    Places {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        from: NaiveDate,
        #[arg(long)]
        to: NaiveDate,
    },
    /// What this officer does from now on is quarantined.
    RevokeOfficer {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        officer: OfficerId,
    },
    /// From now on this desk delivers into quarantine only.
    RevokeDesk {
        #[arg(long)]
        office: OfficeCode,
        /// Such as 1 for W001.
        #[arg(long)]
        desk: u16,
    },
}

fn main() -> ExitCode {
    loket_decode::child_main_if_asked();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("Starting")
        .and_then(|runtime| runtime.block_on(run(Cli::parse())));
    match done {
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
        What::Serve { data, database, scans_url, listen, decoder } => {
            let database = database.address()?;
            let scans = scans_url.map(|url| scans::Address::parse(&url, variables()));
            let scans = scans.transpose().context("Reading --scans-url")?;
            let mut running = serve(Config { data, database, scans, listen, decoder_exe: decoder, env }).await?;
            tokio::select! {
                () = interrupted() => {}
                () = running.ended() => anyhow::bail!("the server stopped by itself"),
            }
            tracing::info!("Closing");
            running.shutdown().await;
        }
        What::Admin { data, database, what } => {
            let data = data.context("--data names the folder of the server")?;
            let ledger = open_ledger(&data, database.address()?, env).await?;
            let done = admin(&ledger, &data, what).await;
            ledger.close().await;
            done?;
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

async fn admin(ledger: &loket_server::ledger::Ledger, data: &std::path::Path, what: Admin) -> anyhow::Result<()> {
    match what {
        Admin::Office { file } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("Reading {}", file.display()))?;
            let office = OfficeFile::parse(&text)?;
            let rows = people::set_up(ledger, data, &office, Cost::STANDARD, ask_password).await?;
            println!("{}: {rows} changes", office.code);
        }
        Admin::Code { office } => println!("{}", people::enrolment_code(ledger, &office).await?),
        Admin::Publish { office, day } => {
            println!("{} visits added to {day}", publish::publish_day(ledger, &office, day).await?);
        }
        Admin::Places { office, from, to } => {
            println!("{} places opened", ledger.open_places(&office, from..=to).await?);
        }
        Admin::RevokeOfficer { office, officer } => people::revoke_officer(ledger, &office, &officer).await?,
        Admin::RevokeDesk { office, desk } => ledger.revoke_desk(&office, DeskId(desk)).await?,
    }
    Ok(())
}

/// One line of standard input per new officer, so that no password ever stands on a command line.
fn ask_password(officer: &OfficerId) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprint!("One-time password for {officer}: ");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("Reading a password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
