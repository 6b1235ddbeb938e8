//! `loket-sim`: plays days from seeds, each twice, and says what happened in them. A day that breaks a promise is named by
//! its seed, and played again by it alone: `cargo xtask sim --seeds 1 --seed S`.

mod chance;
mod check;
mod day;
mod template;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::ensure;
use clap::Parser;

use crate::day::{Day, Report};
use crate::template::Template;

/// Steps of a day.
const STEPS: usize = 300;
/// After so many steps the centre is looked at from all sides.
const LOOK_EVERY: usize = 50;
/// With so many seeds, whatever can happen must have happened.
const ENOUGH_SEEDS: u64 = 500;
/// Faults and outcomes that a long run must have had.
const EXPECTED: &[&str] = &[
    "answer delayed",
    "answer lost",
    "ask void",
    "called by the centre",
    "called instead of an ask",
    "centre restarted",
    "centre restored",
    "clock set",
    "copy told",
    "gap named",
    "machine copied",
    "machine switched off",
    "outcome applied",
    "outcome disputed",
    "outcome refused",
    "plug pulled before the screen said so",
    "request delayed",
    "request doubled",
    "request lost",
    "served to the end",
    "signed out",
    "started over",
];

/// Days at an office with everything going wrong.
#[derive(Parser)]
struct Words {
    /// How many days.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Prints what was done.
    #[arg(long)]
    tell: bool,
    /// Plays days of programs with a deliberate bug.
    #[arg(long)]
    mutants: bool,
}

async fn play(template: &Template, seed: u64) -> (Report, anyhow::Result<()>) {
    let mut day = match Day::begin(template, seed).await {
        Ok(day) => day,
        Err(error) => return (Report::default(), Err(error)),
    };
    let done = async {
        for step in 1..=STEPS {
            day.step().await?;
            if step % LOOK_EVERY == 0 {
                day.centre_holds().await?;
            }
        }
        day.heal().await?;
        day.everybody_agrees().await
    };
    let done = done.await;
    (std::mem::take(&mut day.report), done)
}

async fn twice(template: &Template, seed: u64) -> (Report, anyhow::Result<()>) {
    let (first, done) = play(template, seed).await;
    if done.is_err() {
        return (first, done);
    }
    let (second, again) = play(template, seed).await;
    let same = || {
        let differs = first.transcript.iter().zip(&second.transcript).find(|(a, b)| a != b);
        ensure!(first.transcript == second.transcript, "the same seed was another day the second time: {differs:?}");
        Ok(())
    };
    let done = again.and_then(|()| same());
    (first, done)
}

/// Plays a seed in a runtime of its own.
fn seed_passes(template: &Template, seed: u64) -> (Report, anyhow::Result<()>) {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(twice(template, seed)),
        Err(error) => (Report::default(), Err(error.into())),
    }
}

/// What a run came to.
struct Run {
    counts: BTreeMap<String, u64>,
    /// Seeds that broke a promise, and which.
    broken: BTreeMap<u64, String>,
}

/// Plays seeds on all cores; with `until_broken`, not many more after the first that breaks a promise.
fn run(template: &Template, words: &Words, until_broken: bool) -> Run {
    let (next, end) = (AtomicU64::new(words.seed), words.seed.saturating_add(words.seeds));
    let run = Mutex::new(Run { counts: BTreeMap::new(), broken: BTreeMap::new() });
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let (report, done) = seed_passes(template, seed);
                    let mut run = run.lock().unwrap_or_else(PoisonError::into_inner);
                    for (what, count) in report.counts {
                        *run.counts.entry(what).or_insert(0) += count;
                    }
                    if words.tell {
                        report.transcript.iter().for_each(|line| println!("{line}"));
                    }
                    if let Err(error) = done {
                        run.broken.insert(seed, format!("{error:#}"));
                        if until_broken {
                            next.store(end, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    run.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn days(template: &Template, words: &Words) -> bool {
    let Run { counts, broken } = run(template, words, false);
    for (seed, why) in &broken {
        println!("seed {seed}: {why}");
    }
    for (what, count) in &counts {
        println!("{count:>9}  {what}");
    }
    let never: Vec<&&str> = EXPECTED.iter().filter(|what| !counts.contains_key(**what)).collect();
    let is_thin = words.seeds >= ENOUGH_SEEDS && !never.is_empty();
    if is_thin {
        println!("never happened: {never:?}");
    }
    println!("{} passed, {} failed", words.seeds - broken.len() as u64, broken.len());
    broken.is_empty() && !is_thin
}

/// Every deliberate bug has to be found.
#[cfg(feature = "mutants")]
fn mutants(template: &Template, words: &Words) -> bool {
    use loket_core::mutant::{Mutant, bring_to_life};
    let mut found = 0;
    for mutant in Mutant::ALL {
        bring_to_life(Some(mutant));
        let broken = run(template, words, true).broken;
        match broken.first_key_value() {
            Some((seed, why)) => {
                found += 1;
                println!("{:>2} {mutant:?}: seed {seed}: {why}", mutant as u8);
            }
            None => println!("{:>2} {mutant:?}: NOT FOUND in {} seeds", mutant as u8, words.seeds),
        }
    }
    bring_to_life(None);
    println!("{found} of {} deliberate bugs found", Mutant::ALL.len());
    found == Mutant::ALL.len()
}

#[cfg(not(feature = "mutants"))]
fn mutants(_: &Template, _: &Words) -> bool {
    println!("this program has no deliberate bugs in it; `cargo xtask sim --mutants` builds one that has");
    false
}

fn main() -> anyhow::Result<ExitCode> {
    let words = Words::parse();
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::OFF).init();
    let template = tokio::runtime::Runtime::new()?.block_on(Template::make())?;
    let is_good = if words.mutants { mutants(&template, &words) } else { days(&template, &words) };
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
