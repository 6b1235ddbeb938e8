//! What people type: `cargo xtask demo`, `test`, `bench`, `tidy`. One program instead of a folder of shell scripts, so
//! that a laptop and the build machine do the same thing word for word. It knows files, cargo metadata and the names of
//! other programs; it never links a Loket crate, so it still runs when one of them does not compile.

mod api;
mod bench;
mod demo;
mod postgres;
mod python;
mod run;
mod s3;
mod setup;
mod sim;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask COMMAND

  demo             builds everything and opens a sample office: a server, counters, people in the queue
  demo --check     the same day without anybody watching: plays it under a virtual display and checks it
  test             all that has to hold before a change goes in (what .ci/run runs)
  test --list      the stages of `test`, in order
  test --only S    one stage alone; may be repeated. It relies on what earlier stages built
  test --from S    that stage and all after it
  tidy             the house rules: arrows between crates, where SQL may stand, migrations that only add ...
  bench [ui]       release build, then the measurements as JSON lines; `ui` adds those that open a window
  bench server     the same for the central server: both databases, 40 to 4,000 desks, PouchDB beside it
  sim --seeds N [--seed S]
                   N days from seeds, from S on, with everything going wrong that may; `--mutants` plays days of
                   programs with a deliberate bug, each of which has to be found
  postgres CMD     runs a command with a PostgreSQL of its own, such as `postgres cargo nextest run -p loket-server`
  s3 CMD           the same with an S3 server of its own; `s3 cargo xtask postgres CMD` gives it both
  api-check        the server's description, held against the running server on both databases
  setup            installs or names what the machine lacks. demo, test and bench begin with it
  help             this text

Exit codes: 0 all is well, 1 something failed, 2 the machine lacks something that a person has to provide.
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match obey(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::from(if error.is::<run::NeedsHand>() { 2 } else { 1 })
        }
    }
}

fn obey(words: &[&str]) -> Result<()> {
    if matches!(words, [] | ["help" | "--help" | "-h", ..]) {
        print!("{USAGE}");
        return Ok(());
    }
    let place = run::Place::find()?;
    match words {
        ["setup"] => setup::setup(&place, setup::For::Tests),
        ["tidy"] => tidy::tidy(&place),
        ["test", flags @ ..] => test::test(&place, flags),
        ["demo"] => demo::demo(&place),
        ["demo", "--check"] => demo::check_from_scratch(&place),
        ["api-check"] => api::check_from_scratch(&place),
        ["postgres", words @ ..] => postgres::with(&place, words),
        ["s3", words @ ..] => s3::with(&place, words),
        ["sim", words @ ..] => sim::sim(&place, words),
        ["bench"] => bench::bench(&place, &[]),
        ["bench", "server", parts @ ..] => bench::server(&place, parts),
        ["bench", "ui"] => bench::bench(&place, &["ui"]),
        _ => bail!("cargo xtask does not know `{}`.\n\n{USAGE}", words.join(" ")),
    }
}
