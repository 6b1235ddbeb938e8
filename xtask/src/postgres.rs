//! A PostgreSQL of one's own, for as long as a command runs: made from the installed binaries in a folder that is thrown
//! away, reached on this machine only. Tests and benchmarks find it through `LOKET_TEST_POSTGRES`. It never touches a
//! PostgreSQL that is already there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::run::{Background, NeedsHand, Place, answer, free_port, minutes, run, wait_until};

/// Where Debian keeps the server's programs; only some of them are on the path.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The name of the variable that carries its address.
pub const ADDRESS: &str = "LOKET_TEST_POSTGRES";
const INITDB_MINUTES: u64 = 3;
const START: Duration = Duration::from_secs(30);
/// Only this machine may ask, and only over TCP; several server processes keep a pool each.
const SETTINGS: [&str; 3] = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"];
/// What is thrown away needs no disk.
const NOT_DURABLE: [&str; 2] = ["fsync=off", "full_page_writes=off"];

/// A server that ends with this value.
pub struct Postgres {
    folder: PathBuf,
    server: Option<Background>,
    /// `postgres://...` of a role that may make databases.
    pub url: String,
}

impl Postgres {
    /// Makes and starts one. `durable` keeps every commit safe on the disk; without it tests run faster.
    pub fn start(place: &Place, durable: bool) -> Result<Postgres> {
        let programs = programs()?;
        let port = free_port()?;
        let folder = std::env::temp_dir().join(format!("loket-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("Making {}", folder.display()))?;
        if is_root() {
            run(&mut place.command("chown", &["postgres:", &folder.to_string_lossy()]), minutes(1))?;
        }
        let url = format!("postgres://loket@127.0.0.1:{port}/postgres");
        let mut postgres = Postgres { folder, server: None, url };
        postgres.server = Some(serve(place, &programs, &postgres.folder, &port.to_string(), durable)?);
        Ok(postgres)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.server.take());
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn serve(place: &Place, programs: &Path, folder: &Path, port: &str, durable: bool) -> Result<Background> {
    let data = folder.join("data").to_string_lossy().into_owned();
    let command = |program: &str, words: &[&str]| {
        let mut command = not_as_root(place, &programs.join(program), words);
        command.current_dir(folder);
        command
    };
    let words = ["-D", &data, "-U", "loket", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"];
    run(&mut command("initdb", &words), minutes(INITDB_MINUTES))?;
    let mut words = vec!["-D", &data, "-p", port];
    for setting in SETTINGS.iter().chain(NOT_DURABLE.iter().filter(|_| !durable)) {
        words.extend(["-c", setting]);
    }
    let server = Background::start(&mut command("postgres", &words))?;
    let ready = programs.join("pg_isready").to_string_lossy().into_owned();
    if !wait_until(START, || answer(&ready, &["-h", "127.0.0.1", "-p", port]).is_some()) {
        bail!("PostgreSQL did not start");
    }
    Ok(server)
}

/// PostgreSQL refuses to serve as root.
fn not_as_root(place: &Place, program: &Path, arguments: &[&str]) -> Command {
    if !is_root() {
        return place.command(program, arguments);
    }
    let mut command = place.command("setpriv", &["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command.arg(program).args(arguments);
    command
}

fn is_root() -> bool {
    answer("id", &["-u"]).as_deref() == Some("0")
}

/// Runs a command that finds a PostgreSQL of its own: `cargo xtask postgres cargo nextest run -p loket-server`.
pub fn with(place: &Place, words: &[&str]) -> Result<()> {
    let [program, arguments @ ..] = words else { bail!("`postgres` takes the command that needs it.") };
    let postgres = Postgres::start(place, true)?;
    crate::run::run_in_foreground(place.command(*program, arguments).env(ADDRESS, &postgres.url))
}

fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let number = |path: &Path| path.file_name().and_then(|n| n.to_string_lossy().parse::<u32>().ok()).unwrap_or(0);
    match versions.filter(|path| path.join("bin/initdb").exists()).max_by_key(|path| number(path)) {
        Some(path) => Ok(path.join("bin")),
        None => Err(NeedsHand("The server's tests need PostgreSQL: apt-get install postgresql".to_owned()).into()),
    }
}
