//! Measurements, one JSON line each: name, value, unit, n, median, p95. Figures only; the targets stand in the mission.
//! Run by `cargo xtask bench` on a release build. Side by side with a named alternative where there is one.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use loket_core::act::{Act, Subject};
use loket_core::application::{BiometricMark, BiometricPart, BiometricStatus, DocumentKind, Verdict};
use loket_core::id::Digest;
use loket_core::visit::Presence;
use loket_decode::{Decoder, Want};
use loket_desk::api::{Nothing, Record};
use loket_desk::view::Language;
use loket_tests::day::{Place, Server, programs, sample_day, shift_to};
use loket_tests::figures::{ms, now, say};
use loket_tests::office::{Office, TestDesk, decoder_program};
use loket_tests::sample::{self, SampleDay, Trouble};
use loket_tests::window::{Display, Driver, Window};

fn main() -> anyhow::Result<()> {
    loket_decode::child_main_if_asked();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        record().await?;
        push_and_pull().await?;
        let place = place()?;
        let day = sample_day(&place)?;
        previews(&place, &day)?;
        receipts().await?;
        window(&place, &day).await
    })
}

fn place() -> anyhow::Result<Place> {
    let programs = programs()?;
    let target = programs.parent().context("programs lie in target")?.to_owned();
    let folder = target.join("bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).context("a fixed day")?;
    Ok(Place { programs, folder, drawn: target.join("sample"), day, shift_ms: shift_to(day, 9, 40)? })
}

async fn one_case() -> anyhow::Result<(Office, TestDesk, loket_core::id::ApplicationNo, loket_core::id::VisitId)> {
    let mut office = Office::open().await?;
    let no = office.applicant("Ukur Contoh", "09:00").await?;
    office.publish().await?;
    let desk = office.desk("W-Ukur", "sri.wulandari", "melati-contoh-1", 1).await?;
    office.settle(&[&desk]).await?;
    let visit = desk.visit_of(&no).await;
    desk.start(&visit, 1, Presence::NameConfirmed).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    Ok((office, desk, no, visit))
}

fn mark(attempts: u8) -> Act {
    let mark = BiometricMark { status: BiometricStatus::Captured, quality: Some(80), attempts, reason: None };
    Act::Biometrics { part: BiometricPart::RightIndex, mark }
}

/// Click to saved: decided, stamped, sealed, on disk. Beside it what the disk alone takes for a synced write.
async fn record() -> anyhow::Result<()> {
    const N: u32 = 500;
    let (mut office, desk, no, _) = one_case().await?;
    office.unplug().await;
    let mut took = Vec::new();
    for i in 0..N {
        let (subject, act) = (Subject::Application(no.clone()), mark((i % 3) as u8 + 1));
        let start = now();
        desk.desk.record(Record { subject, act }).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        took.push(ms(start));
    }
    say("record_durable", "ms", took);
    let file = tempfile::NamedTempFile::new()?;
    let mut took = Vec::new();
    for _ in 0..N {
        use std::io::Write as _;
        let start = now();
        file.as_file().write_all(&[7; 1024])?;
        file.as_file().sync_data()?;
        took.push(ms(start));
    }
    say("alternative_write_1k_fdatasync", "ms", took);
    Ok(())
}

/// A backlog of a mix of acts drained to the centre, and the same taken in by another desk.
async fn push_and_pull() -> anyhow::Result<()> {
    const ROUNDS: u32 = 60;
    let (mut office, desk, _, visit) = one_case().await?;
    let other = office.desk("W-Lain", "adi.nugroho", "kenanga-contoh-2", 2).await?;
    office.settle(&[&desk, &other]).await?;
    other.desk.stop();
    office.unplug().await;
    let mut acts = 0u32;
    for _ in 0..ROUNDS {
        desk.work_through(&visit).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        desk.verdict(&visit, DocumentKind::Ktp, Verdict::Accept).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        acts += 24;
    }
    office.plug_in().await?;
    let start = now();
    desk.desk.sync_now(Nothing {}).await.ok();
    office.settle(&[&desk]).await?;
    say("push_rate", "commands/s", vec![f64::from(acts) / start.elapsed().as_secs_f64()]);
    // Signed in before there is a line, so that nothing comes in unmeasured.
    drop(other);
    office.unplug().await;
    let other = office.machine("W-Lain").await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    other.sign_in("adi.nugroho", "kenanga-contoh-2").await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    office.plug_in().await?;
    let start = now();
    other.desk.sync_now(Nothing {}).await.ok();
    office.settle(&[&other]).await?;
    say("pull_rate", "rows/s", vec![f64::from(acts) / start.elapsed().as_secs_f64()]);
    Ok(())
}

/// A phone's photo and a scanner's page to a preview, child process and re-encoding included.
fn previews(place: &Place, day: &SampleDay) -> anyhow::Result<()> {
    let decoder = Decoder::at(decoder_program());
    for (name, ending) in [("scan_to_preview_jpeg_12mp", ".jp"), ("scan_to_preview_pdf_page", ".pdf")] {
        let found = day.applicants.iter().flat_map(|a| a.scans.iter().map(move |s| (a, s)));
        let fits = |s: &sample::SampleScan| s.file_name.to_lowercase().contains(ending) && s.trouble != Trouble::CutOff;
        let mut took = Vec::new();
        for (person, scan) in found.filter(|(_, s)| fits(s)).take(20) {
            let bytes = std::fs::read(sample::scan_path(&place.drawn, person, scan))?;
            let start = now();
            let bitmap = decoder.render(&bytes, Want { page: 0, max_side: 1600 })?;
            let jpeg = bitmap.to_jpeg(85);
            took.push(ms(start));
            assert!(!jpeg.is_empty(), "a preview has bytes");
        }
        say(name, "ms", took);
    }
    Ok(())
}

async fn receipts() -> anyhow::Result<()> {
    let (_office, desk, no, visit) = one_case().await?;
    desk.work_through(&visit).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    let number = desk.receipt(&no).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    let mut took = Vec::new();
    for _ in 0..40 {
        let start = now();
        desk.desk.receipt(&no, &number, Language::Id).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        took.push(ms(start));
    }
    say("receipt_pdf", "ms", took);
    Ok(())
}

/// Start of the program to the sign-in field, Enter to the painted queue, and the memory of the whole process tree.
async fn window(place: &Place, day: &SampleDay) -> anyhow::Result<()> {
    let server = Server::start(place).await?;
    server.take_in(day).await?;
    let folder = server.enrol("W-Ukur").await?;
    let display = Display::start()?;
    let mut environment = place.environment();
    for (name, value) in [
        ("LOKET_DATA", folder.display().to_string()),
        ("LOKET_KEY_FILE", "1".to_owned()),
        ("LOKET_WINDOW", "1".to_owned()),
        ("XDG_DATA_HOME", place.folder.join("home").display().to_string()),
    ] {
        environment.push((name.to_owned(), value));
    }
    let (mut cold, mut queue, mut memory, mut scans) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 {
        let driver = Driver::start(&display, &environment).await?;
        let start = now();
        let w = driver.open(&place.program("loket")).await?;
        w.shows("input[type=password]").await?;
        cold.push(ms(start));
        w.run("document.querySelector('input[autocomplete=username]').focus()").await?;
        w.press(&["Ctrl+a"]).await?;
        w.write("sri.wulandari").await?;
        w.press(&["Tab"]).await?;
        w.write("melati-contoh-1").await?;
        w.press(&["Enter"]).await?;
        w.shows("tr[aria-selected=true]").await?;
        let start = now();
        w.press(&["Enter"]).await?;
        w.shows(".queue .sum h2").await?;
        queue.push(ms(start));
        if scans.is_empty() {
            scans = scans_on_screen(&w, place, day).await?;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        memory.push(pss_of_tree("loket")?);
        // The next start shall offer the counters again.
        w.press(&["F10"]).await?;
        w.shows("dialog[open]").await?;
        w.run("[...document.querySelectorAll('dialog[open] button')].find((b) => b.textContent.includes('Tutup Loket')).click()")
            .await?;
        w.shows("tr[aria-selected=true]").await?;
        w.close().await?;
    }
    say("exec_to_sign_in_field", "ms", cold);
    say("enter_to_painted_queue", "ms", queue);
    say("pss_of_process_tree", "MB", memory);
    say("fetched_scan_on_screen", "ms", scans);
    Ok(())
}

/// From asking for a picture that was fetched ahead to its pixels being ready for the screen, in the page itself.
async fn scans_on_screen(w: &Window, place: &Place, day: &SampleDay) -> anyhow::Result<Vec<f64>> {
    const N: usize = 20;
    let photos = day.applicants.iter().flat_map(|a| a.scans.iter().map(move |s| (a, s)));
    let photos = photos.filter(|(_, s)| s.trouble != Trouble::CutOff && !s.file_name.to_lowercase().ends_with(".pdf"));
    let mut took = Vec::new();
    for (person, scan) in photos.take(N) {
        let hash = Digest::of(&std::fs::read(sample::scan_path(&place.drawn, person, scan))?);
        let script = format!(
            "return (async () => {{
                for (let i = 0; i < 200; i++) {{
                    const picture = new Image();
                    const start = performance.now();
                    picture.src = 'scan://localhost/' + encodeURIComponent('scan/{hash}/1') + '?' + i;
                    // The first answer may have come from the server; the second is what an officer waits for.
                    if (await picture.decode().then(() => true, () => false) && i > 0) return performance.now() - start;
                    await new Promise((later) => setTimeout(later, 50));
                }}
                return null;
            }})()"
        );
        took.push(w.run(&script).await?.as_f64().context("a picture never came")?);
    }
    Ok(took)
}

/// Proportional memory of the window's process and everything it started.
fn pss_of_tree(program: &str) -> anyhow::Result<f64> {
    let out = Command::new("ps").args(["-eo", "pid=,ppid=,comm="]).output()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let rows: Vec<(u32, u32, &str)> = text
        .lines()
        .filter_map(|l| {
            let mut words = l.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?))
        })
        .collect();
    let mut tree: Vec<u32> = rows.iter().filter(|(_, _, name)| *name == program).map(|(pid, ..)| *pid).collect();
    let mut at = 0;
    while at < tree.len() {
        let parent = tree[at];
        tree.extend(
            rows.iter()
                .filter(|(pid, ppid, _)| *ppid == parent && !tree.contains(pid))
                .map(|(pid, ..)| *pid)
                .collect::<Vec<_>>(),
        );
        at += 1;
    }
    let kib = tree.iter().filter_map(|pid| {
        let file = Path::new("/proc").join(pid.to_string()).join("smaps_rollup");
        let text = std::fs::read_to_string(file).ok()?;
        let line = text.lines().find(|l| l.starts_with("Pss:"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    Ok(kib.sum::<f64>() / 1024.0)
}
