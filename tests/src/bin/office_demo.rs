//! The sample office, to look at (`office_demo`), to be played through in the real window (`--check`), or for the walk of
//! a browser over all screens (`--screens`). `cargo xtask` builds everything and starts this.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use loket_core::code::AppointmentCode;
use loket_core::id::ApplicationNo;
use loket_tests::day::{Place, Server, programs, sample_day, shift_to};
use loket_tests::office::office_code;
use loket_tests::play::{Report, play};
use loket_tests::sample::{SampleDay, zone};
use loket_tests::window::{end, free_port};

fn main() -> ExitCode {
    loket_decode::child_main_if_asked();
    let mode = std::env::args().nth(1).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            match mode.as_str() {
                "" => show().await,
                "--check" => check().await,
                "--screens" => screens().await,
                other => anyhow::bail!("unknown: {other}; there are --check and --screens"),
            }
        })
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn place(name: &str, day: chrono::NaiveDate, shift_ms: i64) -> anyhow::Result<Place> {
    let programs = programs()?;
    let target = programs.parent().context("programs lie in target")?.to_owned();
    let folder = target.join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("Clearing {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(Place { programs, folder, drawn: target.join("sample"), day, shift_ms })
}

async fn ready(place: &Place) -> anyhow::Result<(Server, SampleDay)> {
    println!("Drawing the sample day (kept in {})...", place.drawn.display());
    let day = sample_day(place)?;
    println!("Starting the server and taking in {} applicants...", day.applicants.len());
    let server = Server::start(place).await?;
    server.take_in(&day).await?;
    Ok((server, day))
}

/// For a person: today, the real clock, the real window.
async fn show() -> anyhow::Result<bool> {
    let now = loket_desk::env::Env::real().now();
    let today = chrono::DateTime::from_timestamp_millis(now.0).context("a clock")?.with_timezone(&zone()).date_naive();
    let place = place("demo-office", today, 0)?;
    let (server, day) = ready(&place).await?;
    let folder = server.enrol("W-Contoh").await?;
    println!("\nThe window opens. Sign in as one of:");
    println!("  sri.wulandari  melati-contoh-1     (officer)");
    println!("  maya.lestari   flamboyan-contoh-5  (supervisor)");
    println!(
        "A scanner would type these codes; paste one anywhere and press Enter quickly, or check people in by name:"
    );
    for person in day.applicants.iter().take(5) {
        println!("  {}  {}", code_of(&day, &person.application_no)?, person.form.full_name);
    }
    println!("The server is at {}; close the window to end.\n", server.url());
    let status = Command::new(place.program("loket"))
        .env("LOKET_DATA", folder)
        .env("LOKET_KEY_FILE", "1")
        .envs(place.environment())
        .status()
        .context("Starting the window")?;
    Ok(status.success())
}

fn code_of(day: &SampleDay, no: &str) -> anyhow::Result<String> {
    let application = ApplicationNo::new(no)?;
    Ok(AppointmentCode { office: office_code(), day: day.date, application }.to_string())
}

fn check_day() -> anyhow::Result<(chrono::NaiveDate, i64)> {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).context("a fixed day")?;
    Ok((day, shift_to(day, 9, 40)?))
}

/// For a machine: a Monday morning in the real window, and what it leaves behind.
async fn check() -> anyhow::Result<bool> {
    let (day, shift_ms) = check_day()?;
    let place = place("demo", day, shift_ms)?;
    let (mut server, day) = ready(&place).await?;
    let mut report = Report::default();
    if let Err(error) = play(&place, &mut server, &day, &mut report).await {
        report.fail("the play went on to its end", &error);
    }
    println!("Pictures are in {}", place.folder.display());
    println!("{} passed, {} failed", report.passed, report.failed);
    Ok(report.failed == 0)
}

/// For a browser: every screen in both languages and themes, by keyboard, under the eyes of axe.
async fn screens() -> anyhow::Result<bool> {
    let (day, shift_ms) = check_day()?;
    let place = place("screens-office", day, shift_ms)?;
    let (server, day) = ready(&place).await?;
    let folder = server.enrol("W-Layar").await?;
    let root = place.programs.ancestors().nth(2).context("programs lie in target of the project")?.to_owned();
    let port = free_port()?;
    let mut desk = Command::new(place.program("desk_http"))
        .args(["--data", &folder.display().to_string(), "--port", &port.to_string()])
        .args(["--ui", &root.join("ui/dist").display().to_string()])
        .envs(place.environment())
        .stdout(Stdio::null())
        .spawn()
        .context("Starting desk_http")?;
    let walked = walk(&root, port, &day).await;
    end(&mut desk);
    walked
}

async fn walk(root: &Path, port: u16, day: &SampleDay) -> anyhow::Result<bool> {
    let url = format!("http://127.0.0.1:{port}");
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut up = false;
    for _ in 0..100 {
        up = http.get(&url).send().await.is_ok();
        if up {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    ensure!(up, "desk_http did not answer");
    let person =
        day.applicants.iter().find(|a| a.slot.format("%H:%M").to_string() == "09:40").context("somebody at 09.40")?;
    let script: PathBuf = root.join("ui/tests/screens/run.mjs");
    let status = Command::new("node")
        .arg(script)
        .env("LOKET_DESK_URL", &url)
        .env("LOKET_OFFICER", "sri.wulandari")
        .env("LOKET_PASSWORD", "melati-contoh-1")
        .env("LOKET_CODE", code_of(day, &person.application_no)?)
        .status()
        .context("Starting node")?;
    Ok(status.success())
}
