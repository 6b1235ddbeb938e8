//! What the server's description promises to partners, held against the running server by schemathesis, which makes up
//! thousands of requests from it: no 5xx, no answer that is not described, nothing done for a stranger. Told once for
//! each database, on a server that has the sample office, one scan and one application. It judges nothing by itself.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::postgres::Postgres;
use crate::python;
use crate::run::{Background, FEATURES, Place, answer, free_port, minutes, run};
use crate::setup::{self, For};

const BUILD_MINUTES: u64 = 60;
const MINUTES: u64 = 20;
/// The same requests every time; a found fault can be sent again.
const SEED: &str = "2026";
/// Requests made up for each operation and way of making them up.
const EXAMPLES: &str = "60";
/// Of all checks that schemathesis has, those that the description is meant to stand.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,ignored_auth,unsupported_method";
/// schemathesis comes from one address, and asks more of the open doors than a person would.
const OPEN_PER_SECOND: &str = "2000";
/// A key that the running server is told, so that nothing has to be read out of its folder.
const INTAKE_KEY: &str = "an-intake-key-for-the-api-check-only";
const BILLING_KEY: &str = "6c6f6b65742d6170692d636865636b2d6f6e6c792d6e6f742d612d7365637265";

/// Sets everything up, builds, and checks.
pub fn check_from_scratch(place: &Place) -> Result<()> {
    setup::setup(place, For::Tests)?;
    run(&mut place.cargo(&["build", "--workspace", "--bins", "--features", FEATURES]), minutes(BUILD_MINUTES))?;
    check(place)
}

pub fn check(place: &Place) -> Result<()> {
    let programs = python::programs(place)?;
    let postgres = Postgres::start(place, false)?;
    for (name, database) in [("SQLite", None), ("PostgreSQL", Some(postgres.url.as_str()))] {
        println!("\nThe API on {name}");
        let folder = place.target.join("api-check");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("Clearing {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("Making {}", folder.display()))?;
        told(place, &programs, &folder, database).with_context(|| format!("The API on {name}"))?;
    }
    Ok(())
}

fn told(place: &Place, programs: &Path, folder: &Path, database: Option<&str>) -> Result<()> {
    let data = folder.join("data").to_string_lossy().into_owned();
    let port = free_port()?;
    let (listen, url) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let loket = |words: &[&str]| {
        let mut command = place.command(place.debug_programs().join("loket-server"), words);
        command.env("LOKET_INTAKE_KEY", INTAKE_KEY).env("LOKET_BILLING_KEY", BILLING_KEY);
        if let Some(database) = database {
            command.env("LOKET_DATABASE_URL", database);
        }
        command
    };
    let day = |words: &str| answer("date", &["-d", words, "+%F"]).context("Asking `date` for a day");
    let (from, to) = (day("today")?, day("60 days")?);
    run(&mut loket(&["admin", "--data", &data, "office", "--file", "assets/sample/office.toml"]), minutes(2))?;
    let places = ["admin", "--data", &data, "places", "--office", "KNC", "--from", &from, "--to", &to];
    run(&mut loket(&places), minutes(2))?;
    let log = std::fs::File::create(folder.join("server.log")).context("Making the server's log")?;
    let _server = Background::logging(
        &mut loket(&["serve", "--data", &data, "--listen", &listen, "--open-per-second", OPEN_PER_SECOND]),
        log,
    )?;

    let mut seed = place.command(programs.join("python"), &["tests/api/seed.py", &url, "assets/pictures/receipt.png"]);
    let seeded = seed.env("LOKET_INTAKE_KEY", INTAKE_KEY).env("LOKET_API_TO", &to).output();
    let seeded = seeded.context("Running tests/api/seed.py")?;
    if !seeded.status.success() {
        bail!("tests/api/seed.py: {}", String::from_utf8_lossy(&seeded.stderr));
    }
    let known = String::from_utf8_lossy(&seeded.stdout).trim().to_owned();

    let description = format!("{url}/openapi.json");
    let bearer = format!("Authorization: Bearer {INTAKE_KEY}");
    let config = place.root.join("tests/api/schemathesis.toml").to_string_lossy().into_owned();
    let words = [
        "--config-file",
        &config,
        "run",
        &description,
        "--header",
        &bearer,
        "--phases",
        "examples,coverage,fuzzing",
        "--checks",
        CHECKS,
        "--max-examples",
        EXAMPLES,
        "--seed",
        SEED,
        "--continue-on-failure",
        "--request-timeout",
        "30",
        "--suppress-health-check",
        "all",
    ];
    let mut schemathesis = place.command(programs.join("st"), &words);
    schemathesis.env("LOKET_API_KNOWN", known).env("LOKET_BILLING_KEY", BILLING_KEY);
    // It keeps notes of what failed where it stands.
    schemathesis.current_dir(folder);
    schemathesis.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", place.root.join("tests/api"));
    run(&mut schemathesis, minutes(MINUTES))?;
    let log = std::fs::read_to_string(folder.join("server.log")).context("Reading the server's log")?;
    match log.lines().find(|line| line.contains("panicked") || line.contains("ERROR")) {
        Some(line) => bail!("The server said: {line}"),
        None => Ok(()),
    }
}
