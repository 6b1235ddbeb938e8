//! Measurements, side by side with named alternatives. It makes the release build and lets the tests crate's `bench`
//! measure it; the results are JSON lines on standard output. It never judges them: numbers from a busy machine are
//! for people to read.

use std::fs;

use anyhow::{Context, Result};

use crate::postgres::{ADDRESS, Postgres};
use crate::run::{FEATURES, Place, minutes, run};
use crate::setup::{self, For};

const BUILD_MINUTES: u64 = 90;
const BENCH_MINUTES: u64 = 60;
const SERVER_BENCH_MINUTES: u64 = 30;
const NPM_MINUTES: u64 = 10;
/// Where the bench finds the installed alternative, if it could be installed.
const POUCHDB: &str = "LOKET_BENCH_POUCHDB";

pub fn bench(place: &Place, parts: &[&str]) -> Result<()> {
    setup::setup(place, For::Tests)?;
    let build = ["build", "--release", "--workspace", "--bins", "--features", FEATURES];
    run(&mut place.cargo(&build), minutes(BUILD_MINUTES))?;
    let programs = place.target.join("release");
    run(place.command(programs.join("bench"), parts).env("LOKET_BIN_DIR", &programs), minutes(BENCH_MINUTES))
}

/// What the central server can do on both databases, beside PouchDB with express-pouchdb. `parts` leaves things out:
/// `drain` or `crowd`, `sqlite`, and how many desks.
pub fn server(place: &Place, parts: &[&str]) -> Result<()> {
    setup::setup(place, For::Tests)?;
    let programs = ["--bin", "bench_server", "--bin", "loket_decode_child"];
    let build = [["build", "--release", "-p", "loket-tests", "-p", "loket-decode"].as_slice(), &programs].concat();
    run(&mut place.cargo(&build), minutes(BUILD_MINUTES))?;
    let programs = place.target.join("release");
    let postgres = Postgres::start(place, true)?;
    let mut bench = place.command(programs.join("bench_server"), parts);
    bench.env("LOKET_BIN_DIR", &programs).env(ADDRESS, &postgres.url);
    match pouchdb(place) {
        Ok(folder) => {
            println!("PouchDB and express-pouchdb are installed in {}", folder.display());
            bench.env(POUCHDB, folder);
        }
        Err(error) => println!("Skipped, because it could not be installed: PouchDB with express-pouchdb. {error:#}"),
    }
    run(&mut bench, minutes(SERVER_BENCH_MINUTES))
}

/// The alternative, for this benchmark alone: no part of Loket ever has it.
fn pouchdb(place: &Place) -> Result<std::path::PathBuf> {
    let (from, to) = (place.root.join("tests/pouchdb"), place.target.join("bench-pouchdb"));
    fs::create_dir_all(&to).with_context(|| format!("Making {}", to.display()))?;
    for file in ["package.json", "server.cjs", "client.cjs"] {
        fs::copy(from.join(file), to.join(file)).with_context(|| format!("Copying {file}"))?;
    }
    let mut npm = place.npm(&["install", "--no-audit", "--no-fund", "--no-package-lock"]);
    run(npm.current_dir(&to), minutes(NPM_MINUTES))?;
    Ok(to)
}
