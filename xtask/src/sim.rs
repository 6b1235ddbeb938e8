//! Days at an office that never were: plays them from seeds, with everything going wrong that may.

use anyhow::Result;

use crate::run::{Place, minutes, run};
use crate::setup::{self, For};

const BUILD_MINUTES: u64 = 60;
const SIM_MINUTES: u64 = 240;
const TEST_MINUTES: u64 = 20;
/// Days that have to pass before a change goes in.
const SEEDS_IN_TESTS: &str = "20";

/// `cargo xtask sim`
pub fn sim(place: &Place, words: &[&str]) -> Result<()> {
    setup::setup(place, For::Tests)?;
    let mut build = vec!["build", "--release", "-p", "loket-sim"];
    if words.contains(&"--mutants") {
        build.extend(["--features", "mutants"]);
    }
    run(&mut place.cargo(&build), minutes(BUILD_MINUTES))?;
    run(&mut place.command(place.target.join("release").join("loket-sim"), words), minutes(SIM_MINUTES))
}

/// A stage of `cargo xtask test`: with the programs that were built for it, not the fast ones.
pub fn check(place: &Place) -> Result<()> {
    let sim = place.debug_programs().join("loket-sim");
    run(&mut place.command(sim, &["--seeds", SEEDS_IN_TESTS]), minutes(TEST_MINUTES))
}
