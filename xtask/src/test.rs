//! All that has to hold before a change goes in, in stages from quick to slow. A failed stage does not hide the next
//! one's news, except where the next one would only fail for the same reason. The last thing it prints is a table.
//! `.ci/run` is this and nothing else.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::postgres::{self, Postgres};
use crate::run::{FEATURES, NeedsHand, Place, answer, minutes, run, timed};
use crate::s3::{self, S3};
use crate::setup::{self, For};
use crate::{api, demo, sim, tidy};

const FMT_MINUTES: u64 = 3;
const CLIPPY_MINUTES: u64 = 45;
const RUST_MINUTES: u64 = 60;
const UI_CHECK_MINUTES: u64 = 10;
const UI_TEST_MINUTES: u64 = 10;
const SCREENS_MINUTES: u64 = 20;

struct Stage {
    name: &'static str,
    what: &'static str,
    /// Whether nothing after it is worth trying once it failed.
    bears_the_rest: bool,
    work: fn(&Place) -> Result<()>,
}

const fn stage(name: &'static str, what: &'static str, work: fn(&Place) -> Result<()>) -> Stage {
    Stage { name, what, bears_the_rest: false, work }
}

const fn bearing(stage: Stage) -> Stage {
    Stage { bears_the_rest: true, ..stage }
}

const STAGES: &[Stage] = &[
    bearing(stage("setup", "packages, crates, the UI's packages", |place| setup::setup(place, For::Tests))),
    stage("fmt", "cargo fmt --check", |place| {
        run(&mut place.cargo(&["fmt", "--all", "--check"]), minutes(FMT_MINUTES))
    }),
    stage("tidy", "the house rules", tidy::tidy),
    stage("clippy", "lints of all targets, warnings are errors", clippy),
    bearing(stage("build", "the UI's page, then every program with the test hooks", |place| {
        setup::build_page(place)?;
        demo::build(place)
    })),
    stage("rust", "unit, contract, scenario and window tests", rust_tests),
    stage("sim", "days from seeds: lines that lose, plugs pulled, old copies, copied machines", sim::check),
    stage("api", "the server's description against the running server, both databases", api::check),
    stage("ui-check", "types and lints of the UI", |place| {
        let types = run(&mut place.npm(&["run", "check"]), minutes(UI_CHECK_MINUTES));
        run(&mut place.npm(&["run", "lint"]), minutes(UI_CHECK_MINUTES)).and(types)
    }),
    stage("ui-test", "the UI's unit tests", |place| run(&mut place.npm(&["test"]), minutes(UI_TEST_MINUTES))),
    stage("screens", "the UI in a browser against desk_http", |place| {
        run(&mut place.command(place.debug_programs().join("office_demo"), &["--screens"]), minutes(SCREENS_MINUTES))
    }),
    stage("demo", "the sample day, played through and checked", demo::check),
];

fn clippy(place: &Place) -> Result<()> {
    let words = ["clippy", "--workspace", "--all-targets", "--features", FEATURES, "--", "-D", "warnings"];
    run(&mut place.cargo(&words), minutes(CLIPPY_MINUTES))
}

fn rust_tests(place: &Place) -> Result<()> {
    let runner: &[&str] =
        if answer("cargo-nextest", &["nextest", "--version"]).is_some() { &["nextest", "run"] } else { &["test"] };
    let postgres = Postgres::start(place, false)?;
    let s3 = S3::start(place)?;
    let mut command = place.cargo(&[runner, &["--workspace", "--features", FEATURES]].concat());
    run(command.env(postgres::ADDRESS, &postgres.url).env(s3::ADDRESS, &s3.url), minutes(RUST_MINUTES))?;
    // None is skipped and none failed, so those that there are have run.
    let listing = place.cargo(&["test", "--workspace", "--features", FEATURES, "--", "--list"]).output()?;
    println!("{}", told(&String::from_utf8_lossy(&listing.stdout)));
    Ok(())
}

/// How many stories were told on each database, of the lines that `--list` prints.
fn told(listing: &str) -> String {
    let count =
        |place: &str| listing.lines().filter(|line| line.starts_with(place) && line.ends_with(": test")).count();
    format!("The contracts of the server: {} stories on SQLite, {} on PostgreSQL", count("sqlite"), count("postgres"))
}

pub fn test(place: &Place, flags: &[&str]) -> Result<()> {
    if flags == ["--list"] {
        STAGES.iter().for_each(|stage| println!("{:<10}{}", stage.name, stage.what));
        return Ok(());
    }
    let chosen = choose(flags)?;
    let lines = play(&chosen, |stage| (stage.work)(place))?;
    print!("\n{}", table(&lines));
    let not_passed = lines.iter().filter(|line| line.outcome != Outcome::Passed).count();
    if not_passed > 0 {
        bail!("{not_passed} of {} stages did not pass.", lines.len());
    }
    Ok(())
}

fn choose(flags: &[&str]) -> Result<Vec<&'static Stage>> {
    let names = || STAGES.iter().map(|stage| stage.name).collect::<Vec<_>>().join(", ");
    let (mut only, mut from) = (Vec::new(), 0);
    for pair in flags.chunks(2) {
        let [flag @ ("--only" | "--from"), name] = pair else {
            bail!("`test` takes --list, --only STAGE and --from STAGE. Stages: {}", names());
        };
        let Some(index) = STAGES.iter().position(|stage| stage.name == *name) else {
            bail!("There is no stage `{name}`. Stages: {}", names());
        };
        match *flag {
            "--only" => only.push(index),
            _ => from = index,
        }
    }
    let wanted = |index: &usize| *index >= from && (only.is_empty() || only.contains(index));
    Ok((0..STAGES.len()).filter(wanted).map(|index| &STAGES[index]).collect())
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed(String),
    NotRun,
}

struct Line {
    name: &'static str,
    took: Duration,
    outcome: Outcome,
}

fn play(stages: &[&Stage], mut work: impl FnMut(&Stage) -> Result<()>) -> Result<Vec<Line>> {
    let mut lines: Vec<Line> = Vec::new();
    let mut broken = false;
    for stage in stages {
        if broken {
            lines.push(Line { name: stage.name, took: Duration::ZERO, outcome: Outcome::NotRun });
            continue;
        }
        println!("\n==== {}: {} ====", stage.name, stage.what);
        let (result, took) = timed(|| work(stage));
        let outcome = match result {
            Ok(()) => Outcome::Passed,
            // What a person has to provide isn't a failed test: it ends the run with its own exit code.
            Err(error) if error.is::<NeedsHand>() => return Err(error),
            Err(error) => {
                println!("{error:#}");
                broken = stage.bears_the_rest;
                Outcome::Failed(format!("{error:#}").lines().next().unwrap_or_default().to_owned())
            }
        };
        lines.push(Line { name: stage.name, took, outcome });
    }
    Ok(lines)
}

fn table(lines: &[Line]) -> String {
    let mut text = format!("{:<10}{:>8}  result\n", "stage", "minutes");
    for Line { name, took, outcome } in lines {
        let result = match outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Failed(why) => format!("FAILED  {why}"),
            Outcome::NotRun => "not run".to_owned(),
        };
        text += &format!("{name:<10}{:>8.1}  {result}\n", took.as_secs_f64() / 60.0);
    }
    let total: Duration = lines.iter().map(|line| line.took).sum();
    text + &format!("{:<10}{:>8.1}\n", "together", total.as_secs_f64() / 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(flags: &[&str]) -> Vec<&'static str> {
        choose(flags).unwrap().iter().map(|stage| stage.name).collect()
    }

    fn outcomes(fails: &str) -> Vec<Outcome> {
        let all: Vec<_> = STAGES.iter().collect();
        let lines = play(&all, |stage| if stage.name == fails { bail!("broken") } else { Ok(()) }).unwrap();
        lines.into_iter().map(|line| line.outcome).collect()
    }

    #[test]
    fn stages_can_be_picked_one_by_one_or_from_a_point_on() {
        assert_eq!(names(&["--only", "tidy", "--only", "fmt"]), ["fmt", "tidy"]);
        assert_eq!(names(&["--from", "screens"]), ["screens", "demo"]);
        assert_eq!(names(&[]).len(), STAGES.len());
        assert!(choose(&["--only", "nonsense"]).is_err());
        assert!(choose(&["--only"]).is_err());
    }

    #[test]
    fn a_failed_lint_does_not_hide_the_tests_but_a_failed_build_does() {
        let after_lint = outcomes("clippy");
        assert_eq!(after_lint.iter().filter(|outcome| **outcome == Outcome::Passed).count(), STAGES.len() - 1);
        let after_build = outcomes("build");
        assert_eq!(after_build.iter().filter(|outcome| **outcome == Outcome::NotRun).count(), 7);
    }

    #[test]
    fn stories_are_counted_by_their_database() {
        let listing =
            "sqlite::one: test\npostgres::one: test\npostgres_and_s3::two: test\nother: test\nsqlite: benchmark\n";
        assert_eq!(told(listing), "The contracts of the server: 1 stories on SQLite, 2 on PostgreSQL");
    }

    #[test]
    fn a_missing_package_ends_the_run_with_its_own_code() {
        let all: Vec<_> = STAGES.iter().collect();
        let ended = play(&all, |_| bail!(NeedsHand("a package".into())));
        assert!(ended.err().is_some_and(|error| error.is::<NeedsHand>()));
    }

    #[test]
    fn the_table_can_be_read_aloud() {
        let line = |name, seconds, outcome| Line { name, took: Duration::from_secs(seconds), outcome };
        let lines = [
            line("fmt", 6, Outcome::Passed),
            line("build", 90, Outcome::Failed("`cargo build` failed".into())),
            line("rust", 0, Outcome::NotRun),
        ];
        assert_eq!(
            table(&lines),
            "stage      minutes  result\n\
             fmt            0.1  passed\n\
             build          1.5  FAILED  `cargo build` failed\n\
             rust           0.0  not run\n\
             together       1.6\n"
        );
    }
}
