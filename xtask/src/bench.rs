//! Measurements, side by side with named alternatives. It makes the release build and lets the tests crate's `bench`
//! measure it; the results are JSON lines on standard output. It never judges them: numbers from a busy machine are
//! for people to read.

use anyhow::Result;

use crate::run::{FEATURES, Place, minutes, run};
use crate::setup::{self, For};

const BUILD_MINUTES: u64 = 90;
const BENCH_MINUTES: u64 = 60;

pub fn bench(place: &Place, parts: &[&str]) -> Result<()> {
    setup::setup(place, For::Tests)?;
    let build = ["build", "--release", "--workspace", "--bins", "--features", FEATURES];
    run(&mut place.cargo(&build), minutes(BUILD_MINUTES))?;
    let programs = place.target.join("release");
    run(place.command(programs.join("bench"), parts).env("LOKET_BIN_DIR", &programs), minutes(BENCH_MINUTES))
}
