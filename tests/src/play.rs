//! A morning at the counter, played in the real window with the keyboard alone: sign in, check in by scanner, call, serve
//! five people to the receipt, with the server gone for two of them; then another desk must show the same. What it leaves
//! behind is checked with other people's tools.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use loket_core::code::AppointmentCode;
use loket_core::id::{ApplicationNo, CounterNo};
use loket_core::visit::Outcome;
use loket_decode::Decoder;
use loket_desk::api::{Nothing, ServeCase, Text};
use loket_desk::desk::{Desk, Setup};
use loket_desk::vault::FileKeystore;
use loket_desk::view::{QueueRow, StageName};

use crate::day::{Place, Server};
use crate::office::{IntoFolder, TestDesk, decoder_program, office_code, wait};
use crate::sample::{AgeClass, SampleApplicant, SampleDay, Story};
use crate::window::{Display, Driver, Window};

/// People who come in for a full waiting room.
const CROWD: usize = 14;

const OVER_THE_WINDOW: &str = "Program lain";

/// What held and what did not.
#[derive(Debug, Default)]
pub struct Report {
    pub passed: u32,
    pub failed: u32,
}

impl Report {
    /// It held.
    pub fn pass(&mut self, what: &str) {
        println!("ok      {what}");
        self.passed += 1;
    }

    /// It did not.
    pub fn fail(&mut self, what: &str, why: &anyhow::Error) {
        println!("FAILED  {what}: {why:#}");
        self.failed += 1;
    }

    fn note(&mut self, what: &str, held: anyhow::Result<()>) {
        match held {
            Ok(()) => self.pass(what),
            Err(why) => self.fail(what, &why),
        }
    }
}

/// How a case ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Clean,
    Returned,
    FingerException,
    Held,
}

struct Counter<'a> {
    window: Window,
    pictures: &'a Path,
    day: &'a SampleDay,
}

/// Plays the morning.
///
/// # Errors
/// When the play itself can't go on; what doesn't hold is in the report.
pub async fn play(place: &Place, server: &mut Server, day: &SampleDay, report: &mut Report) -> anyhow::Result<()> {
    let receipts = place.folder.join("receipts");
    std::fs::create_dir_all(&receipts)?;
    let display = Display::start()?;
    let folder = server.enrol("W-Sri").await?;
    let observer = observer(place, server).await?;
    let cast = cast(day, &observer).await?;

    let driver = Driver::start(&display, &window_environment(place, &folder, &receipts)).await?;
    let window = driver.open(&place.program("loket")).await?;
    let mut counter = Counter { window, pictures: &place.folder, day };

    report.note("an officer signs in and opens a counter", counter.sign_in("sri.wulandari", "melati-contoh-1").await);
    report.note("a second start brings the first window to the front", second_start(place, &folder, &display).await);
    report.note("an unknown code is answered", counter.unknown_code().await);
    counter.window.press(&["1"]).await?;
    counter.picture("queue-before-anybody-came").await?;

    report.note("a clean case", counter.serve(&cast[0], Ending::Clean, true).await);
    report.note("a case returned for re-upload", counter.serve(&cast[1], Ending::Returned, false).await);
    server.unplug();
    report.note("the window says that the line is down", counter.offline().await);
    report.note("offline: a finger exception", counter.serve(&cast[2], Ending::FingerException, false).await);
    report.note("offline: a case on hold", counter.serve(&cast[3], Ending::Held, false).await);
    report.note("the sync screen shows what waits", counter.sync_screen("sync-offline").await);
    server.plug_in().await?;
    report.note("the line is back and everything is sent", counter.online().await);
    report.note("a very long name", counter.serve(&cast[4], Ending::Clean, false).await);
    report.note("the sync screen is calm again", counter.sync_screen("sync").await);
    report.note("a full waiting room", counter.crowd(&cast).await);
    report.note("empty and not found", counter.nobody().await);
    report.note("a lock blanks the screen", counter.lock().await);
    counter.window.close().await?;
    drop(driver);

    report.note("another desk shows all five the same", same_elsewhere(&observer, &cast).await);
    let second = server.enrol("W-Adi").await?;
    let driver = Driver::start(&display, &window_environment(place, &second, &receipts)).await?;
    let window = driver.open(&place.program("loket")).await?;
    let mut other = Counter { window, pictures: &place.folder, day };
    report.note("a second window shows them too", other.second_window(&cast).await);
    other.window.close().await?;

    let mut files: Vec<PathBuf> = std::fs::read_dir(&receipts)?.filter_map(|e| e.ok().map(|e| e.path())).collect();
    files.sort();
    report.note("five receipts", if files.len() == 5 { Ok(()) } else { Err(anyhow::anyhow!("{files:?}")) });
    for (file, person) in files.iter().zip(&cast) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        report.note(&format!("receipt {name}"), receipt_holds(file, person));
    }
    observer.desk.stop();
    Ok(())
}

fn window_environment(place: &Place, folder: &Path, receipts: &Path) -> Vec<(String, String)> {
    let mut environment = place.environment();
    let home = place.folder.join("home");
    for (name, value) in [
        ("LOKET_DATA", folder.display().to_string()),
        ("LOKET_KEY_FILE", "1".to_owned()),
        ("LOKET_SAVE_INTO", receipts.display().to_string()),
        ("LOKET_WINDOW", "1".to_owned()),
        ("XDG_DATA_HOME", home.join("data").display().to_string()),
        ("XDG_CACHE_HOME", home.join("cache").display().to_string()),
    ] {
        environment.push((name.to_owned(), value));
    }
    environment
}

/// A desk without a window, signed in as the supervisor: what it knows, another desk of the office knows.
async fn observer(place: &Place, server: &Server) -> anyhow::Result<TestDesk> {
    let folder = server.enrol("W-Maya").await?;
    let setup = Setup {
        keystore: Box::new(FileKeystore(folder.join("device.key"))),
        decoder: Decoder::at(decoder_program()),
        dialogs: Box::new(IntoFolder(folder.join("saved"))),
        env: loket_desk::env::Env::real().starting_at(place.now()),
        folder,
    };
    let desk = TestDesk { desk: Desk::open(setup).await.map_err(|f| anyhow::anyhow!("{f:?}"))? };
    desk.sign_in("maya.lestari", "flamboyan-contoh-5").await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    Ok(desk)
}

/// Five people: two anybody may call, two of the first counter's own share for the time without a line, one long name.
async fn cast(day: &SampleDay, observer: &TestDesk) -> anyhow::Result<Vec<SampleApplicant>> {
    let story =
        |story: Story| day.applicants.iter().find(|a| a.story == Some(story)).cloned().context("a story is missing");
    let rows = observer.queue().await.rows;
    let own = |person: &&SampleApplicant| {
        let row = |r: &&QueueRow| r.applications.iter().any(|a| a.as_str() == person.application_no);
        person.story.is_none()
            && person.paid
            && person.group.is_none()
            && person.age_class == AgeClass::Adult
            && rows.iter().find(row).is_some_and(|r| r.counter == Some(CounterNo(1)) && r.people == 1)
    };
    let mut offline = day.applicants.iter().filter(own).cloned();
    Ok(vec![
        story(Story::NameOneLetterOff)?,
        story(Story::CutOffScan)?,
        offline.next().context("nobody plain in the first share")?,
        offline.next().context("only one plain person in the first share")?,
        story(Story::LongName)?,
    ])
}

/// Another program lies over the window; a second start brings the window in front of it and ends by itself.
async fn second_start(place: &Place, folder: &Path, display: &Display) -> anyhow::Result<()> {
    let mut above = Command::new("xmessage")
        .args(["-geometry", "600x400+100+100", OVER_THE_WINDOW])
        .env("DISPLAY", &display.name)
        .spawn()
        .context("Starting xmessage")?;
    let done = second_start_under(place, folder, display).await;
    crate::window::end(&mut above);
    done
}

async fn second_start_under(place: &Place, folder: &Path, display: &Display) -> anyhow::Result<()> {
    wait("another program in front", async || display.in_front().is_ok_and(|w| w.contains("xmessage"))).await?;
    let mut second = Command::new(place.program("loket"))
        .env("LOKET_DATA", folder)
        .env("LOKET_KEY_FILE", "1")
        // Knocking needs no display.
        .env_remove("DISPLAY")
        .envs(place.environment())
        .spawn()?;
    let ended = wait("the second start to end", async || second.try_wait().is_ok_and(|e| e.is_some())).await;
    if ended.is_err() {
        crate::window::end(&mut second);
    }
    ended?;
    ensure!(second.wait()?.success(), "the second start ended badly");
    wait("the first window in front", async || display.in_front().is_ok_and(|w| w.contains("Loket"))).await
}

impl Counter<'_> {
    async fn picture(&self, name: &str) -> anyhow::Result<()> {
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.window.picture(&self.pictures.join(format!("{name}.png"))).await
    }

    async fn in_english(&self, name: &str) -> anyhow::Result<()> {
        self.window.press(&["Ctrl+Shift+E"]).await?;
        self.window.is_true("English", "return document.documentElement.lang === 'en'").await?;
        self.picture(name).await?;
        self.window.press(&["Ctrl+Shift+E"]).await?;
        self.window.is_true("Indonesian", "return document.documentElement.lang === 'id'").await
    }

    async fn sign_in(&mut self, officer: &str, password: &str) -> anyhow::Result<()> {
        let w = &self.window;
        w.shows("input[type=password]").await?;
        w.run("document.querySelector('input[autocomplete=username]').focus()").await?;
        w.press(&["Ctrl+a"]).await?;
        w.write(officer).await?;
        w.press(&["Tab"]).await?;
        w.write("bukan sandi ini").await?;
        self.picture("signin").await?;
        w.press(&["Enter"]).await?;
        w.shows("[aria-invalid=true]").await?;
        self.picture("signin-wrong").await?;
        w.press(&["Ctrl+a"]).await?;
        w.write(password).await?;
        w.press(&["Enter"]).await?;
        w.shows("tr[aria-selected=true]").await?;
        self.picture("counters").await?;
        w.press(&["Enter"]).await?;
        w.shows(".queue").await
    }

    async fn unknown_code(&mut self) -> anyhow::Result<()> {
        self.window.scan("BUKAN-KODE-KAMI-123").await?;
        self.window.says("bukan kode janji temu").await
    }

    /// The words of a tab of the case, such as "Dokumen 3 dari 4".
    async fn tab(&self, at: usize) -> anyhow::Result<String> {
        let script = format!("return document.querySelectorAll('.identity [role=tab]')[{at}]?.innerText ?? ''");
        Ok(self.window.run(&script).await?.as_str().unwrap_or_default().replace('\n', " "))
    }

    async fn until_tab_changes(&self, at: usize, before: &str) -> anyhow::Result<()> {
        wait(&format!("tab {at} to change from {before:?}"), async || self.tab(at).await.is_ok_and(|now| now != before))
            .await
    }

    async fn serve(&mut self, person: &SampleApplicant, ending: Ending, pictures: bool) -> anyhow::Result<()> {
        let served = self.serve_to_the_end(person, ending, pictures).await;
        if served.is_err() {
            // Whatever stands open is closed, so that the next story starts from the queue.
            self.picture(&format!("failed-{}", person.application_no)).await?;
            self.window.press(&["Escape", "Escape", "Ctrl+1"]).await?;
        }
        served
    }

    async fn serve_to_the_end(
        &mut self,
        person: &SampleApplicant,
        ending: Ending,
        pictures: bool,
    ) -> anyhow::Result<()> {
        let w = &self.window;
        let application = ApplicationNo::new(person.application_no.clone())?;
        let code = AppointmentCode { office: office_code(), day: self.day.date, application };
        self.check_in(&code.to_string()).await?;
        w.press(&["F2"]).await?;
        w.shows(".call .ticket").await?;
        let long = person.story == Some(Story::LongName);
        if pictures {
            self.picture("queue-called").await?;
        }
        w.press(&["F4"]).await?;
        w.shows(".identity").await?;
        w.says(&person.form.full_name).await.context("the right person is served")?;

        self.documents(person, ending, pictures || long).await?;
        if matches!(ending, Ending::Clean | Ending::FingerException | Ending::Held) {
            self.biometrics(ending, pictures).await?;
            self.interview(ending, pictures).await?;
        }
        self.receipt(pictures || long).await?;

        w.press(&["F12"]).await?;
        w.shows("dialog[open]").await?;
        if pictures {
            self.picture("finish").await?;
        }
        let key = match ending {
            Ending::Clean | Ending::FingerException => "1",
            Ending::Returned => "2",
            Ending::Held => "3",
        };
        w.press(&[key]).await?;
        if ending == Ending::Held {
            tokio::time::sleep(Duration::from_millis(300)).await;
            w.press(&["Enter"]).await?;
        }
        w.shows(".queue").await
    }

    /// Scans until it is answered, as anybody would: on a busy machine a driver types slower than a scanner.
    async fn check_in(&self, code: &str) -> anyhow::Result<()> {
        let heard =
            "return [...document.querySelectorAll('[role=status]')].some((e) => /\\bhadir\\b/.test(e.innerText))";
        for _ in 0..4 {
            self.window.scan(code).await?;
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                if self.window.run(heard).await? == serde_json::json!(true) {
                    return Ok(());
                }
            }
        }
        bail!("a scanned code is not answered: {}", self.window.text().await?)
    }

    async fn documents(&self, person: &SampleApplicant, ending: Ending, pictures: bool) -> anyhow::Result<()> {
        let w = &self.window;
        w.press(&["Alt+d"]).await?;
        self.scan_is_shown().await?;
        if pictures {
            let long = if person.story == Some(Story::LongName) { "-long-name" } else { "" };
            self.window.is_true("the scan", "return !!document.querySelector('.canvas img.shown')").await?;
            self.picture(&format!("documents{long}")).await?;
            self.in_english(&format!("documents{long}-en")).await?;
        }
        let mut asked = false;
        for _ in 0..12 {
            let (before, list) = (self.tab(0).await?, self.undecided().await?);
            if list == 0 {
                break;
            }
            self.scan_is_shown().await?;
            let broken = w.text().await?.contains("rusak");
            if ending == Ending::Returned && broken && !asked {
                self.picture("scan-unreadable").await?;
                w.press(&["F9"]).await?;
                tokio::time::sleep(Duration::from_millis(200)).await;
                w.press(&["2"]).await?;
                tokio::time::sleep(Duration::from_millis(200)).await;
                self.picture("ask-reupload").await?;
                w.press(&["Enter"]).await?;
                asked = true;
            } else {
                w.press(&["F8"]).await?;
            }
            self.until_tab_changes(0, &before).await?;
        }
        ensure!(self.undecided().await? == 0, "documents stay undecided: {}", self.tab(0).await?);
        ensure!(asked == (ending == Ending::Returned), "the broken scan was seen and asked for again");
        if ending != Ending::Returned {
            w.press(&["Alt+d"]).await?;
            for field in 0..6 {
                let left = self.unticked().await?;
                w.press(&["Enter"]).await?;
                wait("a field to be ticked", async || self.unticked().await.is_ok_and(|now| now < left))
                    .await
                    .with_context(|| format!("field {field}"))?;
            }
        }
        Ok(())
    }

    /// The scan of the chosen document is painted, or it says why it can't be.
    async fn scan_is_shown(&self) -> anyhow::Result<()> {
        let script = "return !!document.querySelector('.canvas img.shown, .canvas .empty')";
        self.window.is_true("the scan of a document", script).await
    }

    async fn undecided(&self) -> anyhow::Result<u64> {
        let words = self.tab(0).await?;
        let numbers: Vec<u64> = words.split_whitespace().filter_map(|w| w.parse().ok()).collect();
        match numbers[..] {
            [done, all] => Ok(all - done),
            _ => bail!("the tab of documents says {words:?}"),
        }
    }

    async fn unticked(&self) -> anyhow::Result<u64> {
        let script = "return document.querySelectorAll('.pane.form input[type=checkbox]:not(:checked)').length";
        self.window.run(script).await?.as_u64().context("a count")
    }

    async fn biometrics(&self, ending: Ending, pictures: bool) -> anyhow::Result<()> {
        let w = &self.window;
        w.press(&["Alt+b"]).await?;
        w.is_true("the step of biometrics", SELECTED_IS_1).await?;
        // Asked first, before anything is marked.
        w.press(&["1"]).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        if ending == Ending::FingerException {
            w.run("document.querySelector('.ftabs tr[tabindex=\"0\"]').focus()").await?;
            w.press(&["Alt+x"]).await?;
            w.shows("dialog[open]").await?;
            self.picture("finger-exception").await?;
            w.press(&["2"]).await?;
            w.is_true("the dialog to close", "return !document.querySelector('dialog[open]')").await?;
        }
        if pictures {
            self.picture("biometrics-open").await?;
        }
        w.press(&["F8"]).await?;
        wait("all parts to be marked", async || self.tab(1).await.is_ok_and(|t| t.contains("12 dari 12"))).await?;
        if pictures || ending == Ending::FingerException {
            w.press(&["Alt+b"]).await?;
            let name = if pictures { "biometrics" } else { "biometrics-offline" };
            self.picture(name).await?;
        }
        Ok(())
    }

    async fn interview(&self, ending: Ending, pictures: bool) -> anyhow::Result<()> {
        let w = &self.window;
        w.press(&["Alt+w"]).await?;
        w.is_true(
            "the step of the interview",
            "return document.querySelector('#step-interview')?.getAttribute('aria-selected') === 'true'",
        )
        .await?;
        w.press(&["1"]).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        if ending == Ending::Held {
            w.press(&["Alt+h"]).await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
            w.run("document.querySelector('.talk textarea').focus()").await?;
            w.write("Menunggu surat keterangan asli").await?;
        }
        if pictures || ending == Ending::Held {
            self.picture(if pictures { "interview" } else { "interview-held" }).await?;
        }
        w.press(&["F8"]).await?;
        let done = "return /lulus|ditangguhkan/i.test(document.body.innerText)";
        w.is_true("the interview to be saved", done).await
    }

    async fn receipt(&self, pictures: bool) -> anyhow::Result<()> {
        let w = &self.window;
        w.press(&["Alt+t"]).await?;
        w.is_true(
            "the step of the receipt",
            "return document.querySelector('#step-receipt')?.getAttribute('aria-selected') === 'true'",
        )
        .await?;
        w.press(&["F8"]).await?;
        w.says("KNC/26/W001/").await?;
        w.is_true(
            "the preview",
            "return [...document.images].some((i) => i.src.includes('receipt') && i.naturalWidth > 100)",
        )
        .await?;
        if pictures {
            self.picture("receipt").await?;
            self.in_english("receipt-en").await?;
        }
        w.press(&["Ctrl+s"]).await?;
        w.says(".pdf").await
    }

    /// A dozen people come in; somebody is called.
    async fn crowd(&mut self, cast: &[SampleApplicant]) -> anyhow::Result<()> {
        let others = self.day.applicants.iter().filter(|a| !cast.contains(a));
        for person in others.take(CROWD) {
            let application = ApplicationNo::new(person.application_no.clone())?;
            self.check_in(&AppointmentCode { office: office_code(), day: self.day.date, application }.to_string())
                .await?;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        self.window.press(&["F2"]).await?;
        self.window.shows(".call .ticket").await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.window.press(&["1"]).await?;
        self.picture("queue").await?;
        self.in_english("queue-en").await
    }

    async fn offline(&mut self) -> anyhow::Result<()> {
        self.window.press(&["F5"]).await?;
        self.window.says("luring").await?;
        self.window.shows(".banner").await?;
        self.picture("queue-offline").await
    }

    async fn online(&mut self) -> anyhow::Result<()> {
        self.window.press(&["Ctrl+1", "F5"]).await?;
        self.window.shows(".sync[data-state=online]").await
    }

    async fn sync_screen(&mut self, name: &str) -> anyhow::Result<()> {
        self.window.press(&["Ctrl+3"]).await?;
        self.window.shows(".figures").await?;
        self.picture(name).await?;
        self.window.press(&["Ctrl+1"]).await?;
        self.window.shows(".queue").await
    }

    async fn nobody(&mut self) -> anyhow::Result<()> {
        let w = &self.window;
        w.press(&["Ctrl+1", "4"]).await?;
        w.shows(".empty").await?;
        self.picture("queue-empty").await?;
        w.press(&["Ctrl+f"]).await?;
        w.write("zzzz").await?;
        w.shows(".empty").await?;
        self.picture("queue-not-found").await?;
        w.press(&["Escape", "Escape", "2"]).await
    }

    async fn lock(&mut self) -> anyhow::Result<()> {
        self.window.press(&["Ctrl+l"]).await?;
        self.window.shows("input[type=password]").await?;
        let text = self.window.text().await?;
        let seen = self.day.applicants.iter().find(|a| text.contains(&a.form.full_name));
        ensure!(seen.is_none(), "a name is still on the locked screen");
        self.picture("locked").await
    }

    async fn second_window(&mut self, cast: &[SampleApplicant]) -> anyhow::Result<()> {
        let w = &self.window;
        w.shows("input[type=password]").await?;
        w.run("document.querySelector('input[autocomplete=username]').focus()").await?;
        w.write("adi.nugroho").await?;
        w.press(&["Tab"]).await?;
        w.write("kenanga-contoh-2").await?;
        w.press(&["Enter"]).await?;
        w.shows("tr[aria-selected=true]").await?;
        w.press(&["ArrowDown", "Enter"]).await?;
        w.shows(".queue").await?;
        for person in cast {
            w.press(&["Ctrl+f"]).await?;
            w.press(&["Ctrl+a"]).await?;
            let name: String = person.form.full_name.chars().take(24).collect();
            w.write(name.trim()).await?;
            let row = format!(
                "return [...document.querySelectorAll('tbody tr')].some((r) => /Selesai/.test(r.innerText) && r.innerText.includes({}))",
                serde_json::json!(name.trim())
            );
            w.is_true(&format!("{name} as finished"), &row).await?;
        }
        self.picture("second-desk").await
    }
}

const SELECTED_IS_1: &str =
    "return document.querySelectorAll('.identity [role=tab]')[1]?.getAttribute('aria-selected') === 'true'";

async fn same_elsewhere(observer: &TestDesk, cast: &[SampleApplicant]) -> anyhow::Result<()> {
    for (i, person) in cast.iter().enumerate() {
        let seen = async || {
            let rows = observer.desk.find(Text { text: person.application_no.clone() }).await.ok()?;
            Some(rows.first()?.clone())
        };
        wait(&format!("{} to be finished there too", person.application_no), async || {
            seen().await.is_some_and(|r| r.stage == StageName::Finished)
        })
        .await?;
        let row = seen().await.context("just seen")?;
        let fits = match i {
            1 => row.outcome == Some(Outcome::AwaitingReupload),
            3 => matches!(row.outcome, Some(Outcome::OnHold { .. })),
            _ => row.outcome == Some(Outcome::Accepted),
        };
        ensure!(fits, "{}: outcome {:?}", person.application_no, row.outcome);
        let ask = ServeCase { visit: row.visit.clone(), application: None };
        let case = observer.desk.serve(ask).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        ensure!(case.receipts.len() == 1 && case.receipts[0].prints == 1, "{:?}", case.receipts);
        ensure!(case.disputes.is_empty(), "{:?}", case.disputes);
    }
    observer.desk.queue(Nothing {}).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    Ok(())
}

fn tool(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let out = Command::new(program).args(arguments).output().with_context(|| format!("Starting {program}"))?;
    ensure!(out.status.success(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// The paper is a sound PDF, says the right things and carries its number as a QR.
fn receipt_holds(file: &Path, person: &SampleApplicant) -> anyhow::Result<()> {
    let path = file.display().to_string();
    tool("qpdf", &["--check", &path])?;
    let text = tool("pdftotext", &["-layout", &path, "-"])?;
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let parts: Vec<&str> = stem.splitn(4, '-').collect();
    let number = parts.join("/");
    ensure!(flat.contains(&number), "the number {number} is not on the paper:\n{text}");
    ensure!(flat.contains(&person.application_no), "the application number is not on the paper");
    let first_words: String = person.form.full_name.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    ensure!(flat.contains(&first_words), "{first_words} is not on the paper:\n{text}");
    let picture = file.with_extension("");
    tool("pdftoppm", &["-r", "150", "-png", "-singlefile", &path, &picture.display().to_string()])?;
    let png = picture.with_extension("png");
    let code = tool("zbarimg", &["--nodbus", "-q", "--raw", &png.display().to_string()])?;
    std::fs::remove_file(&png)?;
    ensure!(code.trim() == number, "the QR says {code:?}, not {number}");
    Ok(())
}
