//! An office for tests: a real server on a random port, real desks on temporary folders, people with names. Nothing in
//! here decides anything; it starts the shipped parts and speaks to them as the world would.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use chrono::{NaiveDate, NaiveTime};
use loket_core::act::{Act, Subject};
use loket_core::application::{
    BiometricMark, BiometricPart, BiometricStatus, DocumentKind, FaceJudgement, Form, Interview, InterviewResult, Kind,
    Priority, Purpose, Verdict,
};
use loket_core::code::AppointmentCode;
use loket_core::id::{ApplicationNo, CounterNo, Digest, OfficeCode, OfficerId, ReceiptNo, Timestamp, VisitId};
use loket_core::nik::{Nik, Sex};
use loket_core::refusal::Fault;
use loket_core::visit::Presence;
use loket_decode::Decoder;
use loket_desk::api::{AtCounter, Enrol, Nothing, OfApplication, Record, ServeCase, SignIn, Text};
use loket_desk::desk::{Desk, Dialogs, Setup};
use loket_desk::vault::FileKeystore;
use loket_desk::view::{QueueView, Recorded, ServeView, StageName, SyncView};
use loket_seal::Signing;
use loket_server::backup::{self, Answering};
use loket_server::intake::{NewApplication, NewAppointment, NewDocument, NewPayment};
use loket_server::ledger::Address;
use loket_server::people::OfficeFile;
use loket_server::{Config, Running};
use serde::Serialize;

use crate::line::Line;

/// The sample office, as its administrator wrote it down.
pub const OFFICE_TOML: &str = include_str!("../../assets/sample/office.toml");
/// How long anything in a test may take before it counts as never.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The program that decodes scans for tests, which can't be their own child.
pub fn decoder_program() -> PathBuf {
    if let Some(programs) = std::env::var_os("LOKET_BIN_DIR") {
        return Path::new(&programs).join("loket_decode_child");
    }
    let own = std::env::current_exe().expect("a test knows its own file");
    let mut folder = own.parent().expect("a file lies in a folder");
    if folder.ends_with("deps") {
        folder = folder.parent().expect("deps lies in a folder");
    }
    folder.join("loket_decode_child")
}

/// The code of the sample office.
pub fn office_code() -> OfficeCode {
    OfficeCode::new("KNC").expect("a fixed code is right")
}

/// Sends what M-Paspor would send.
pub struct Intake {
    http: reqwest::Client,
    server: String,
    key: String,
    billing: Signing,
    /// The clock that payment notices are signed by.
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Intake {
    /// To a server, with the keys that both know, at the time of the server.
    pub fn to(
        server: &str,
        key: &str,
        billing: Signing,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> anyhow::Result<Intake> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Intake { http, server: server.to_owned(), key: key.to_owned(), billing, now: Box::new(now) })
    }

    async fn said(answer: reqwest::Response, what: &str) -> anyhow::Result<()> {
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        ensure!(status.is_success(), "{what}: {status} {text}");
        Ok(())
    }

    /// Uploads the bytes of a scan; its hash.
    pub async fn scan(&self, bytes: Vec<u8>) -> anyhow::Result<Digest> {
        let hash = Digest::of(&bytes);
        let url = format!("{}/v1/intake/scans/{hash}", self.server);
        let answer = self.http.put(url).bearer_auth(&self.key).body(bytes).send().await?;
        Intake::said(answer, "scan").await?;
        Ok(hash)
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> anyhow::Result<()> {
        let url = format!("{}{path}", self.server);
        let body = serde_json::to_vec(body)?;
        let request = self.http.post(url).bearer_auth(&self.key).header("content-type", "application/json");
        Intake::said(request.body(body).send().await?, path).await
    }

    /// Submits an application.
    pub async fn application(&self, new: &NewApplication) -> anyhow::Result<()> {
        self.post("/v1/intake/applications", new).await
    }

    /// Reports a payment.
    pub async fn payment(&self, new: &NewPayment) -> anyhow::Result<()> {
        let (path, body, at) = ("/v1/intake/payments", serde_json::to_vec(new)?, (self.now)().0);
        let signature = self.billing.sign_request("POST", path, at, &body);
        let request = self.http.post(format!("{}{path}", self.server));
        let request = request.header("loket-at", at).header("loket-signature", signature);
        Intake::said(request.body(body).send().await?, path).await
    }
}

/// Writes into a folder instead of asking.
pub struct IntoFolder(pub PathBuf);

impl Dialogs for IntoFolder {
    fn save_as(&self, suggested: &str) -> Option<PathBuf> {
        std::fs::create_dir_all(&self.0).ok()?;
        Some(self.0.join(suggested))
    }
}

/// An office: one server, some desks, one service day.
pub struct Office {
    folder: tempfile::TempDir,
    server: Option<Running>,
    address: std::net::SocketAddr,
    server_env: loket_server::env::Env,
    desk_env: loket_desk::env::Env,
    pub day: NaiveDate,
    people: u32,
}

/// The sample office's day and hour in tests: a Monday at half past nine.
pub fn morning() -> Timestamp {
    let at = chrono::DateTime::parse_from_rfc3339("2026-11-23T09:30:00+07:00").expect("a fixed time is right");
    Timestamp(at.timestamp_millis())
}

impl Office {
    /// The sample office with a server that runs, and nobody in it yet.
    pub async fn open() -> anyhow::Result<Office> {
        let folder = tempfile::tempdir()?;
        let server_env = loket_server::env::Env::starting_at(morning());
        let desk_env = loket_desk::env::Env::real().starting_at(morning());
        let data = folder.path().join("server");
        let ledger = loket_server::open_ledger(&data, None, server_env.clone()).await?;
        let file = OfficeFile::parse(OFFICE_TOML)?;
        // The floor keeps tests short; what is tested is the sign-in, not the price of it.
        let no_password = |id: &OfficerId| anyhow::bail!("the sample file has a password for {id}");
        loket_server::people::set_up(&ledger, &data, &file, loket_seal::Cost::FLOOR, no_password).await?;
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).context("a fixed day")?;
        ledger.open_places(&office_code(), day..=day + chrono::Days::new(6)).await?;
        ledger.close().await;
        let mut office =
            Office { folder, server: None, address: ([127, 0, 0, 1], 0).into(), server_env, desk_env, day, people: 0 };
        office.plug_in().await?;
        Ok(office)
    }

    /// Starts the server, on the port it had before.
    pub async fn plug_in(&mut self) -> anyhow::Result<()> {
        let config = Config {
            database: None,
            scans: None,
            data: self.folder.path().join("server"),
            listen: self.address,
            decoder_exe: Some(decoder_program()),
            doors: loket_server::listen::Doors::default(),
            adapters: loket_server::registers::Adapters::default(),
            env: self.server_env.clone(),
        };
        let running = loket_server::serve(config).await?;
        self.address = running.addr;
        self.server = Some(running);
        Ok(())
    }

    /// Stops the server as if its plug was pulled.
    pub async fn unplug(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill().await;
        }
    }

    /// The server, while it runs.
    pub fn server(&self) -> &Running {
        self.server.as_ref().expect("the server is plugged in")
    }

    /// Where the server is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Passes time at the server; desks follow what they hear from it.
    pub fn pass_ms(&self, ms: i64) {
        self.server_env.advance_ms(ms);
    }

    /// An applicant of today, submitted, paid and with a place, as M-Paspor would do it.
    pub async fn applicant(&mut self, name: &str, time: &str) -> anyhow::Result<ApplicationNo> {
        self.applicant_with(name, time, None, None).await
    }

    /// An applicant of today who belongs to a priority group or to a family.
    pub async fn applicant_with(
        &mut self,
        name: &str,
        time: &str,
        priority: Option<Priority>,
        group: Option<&str>,
    ) -> anyhow::Result<ApplicationNo> {
        self.people += 1;
        let n = self.people;
        let (server, env) = (self.server(), self.server_env.clone());
        let billing = server.billing_key().clone();
        let intake = Intake::to(&self.url(), server.intake_key(), billing, move || env.now())?;
        let mut documents = Vec::new();
        for (i, document) in
            [DocumentKind::Ktp, DocumentKind::FamilyCard, DocumentKind::BirthCertificate].into_iter().enumerate()
        {
            let bytes = small_scan(n, i as u32)?;
            let size = bytes.len() as u64;
            let hash = intake.scan(bytes).await?;
            let file_name = format!("{i}.png");
            documents.push(NewDocument { document, file_name, media_type: "image/png".to_owned(), hash, bytes: size });
        }
        let application_no = ApplicationNo::new(format!("3171202611{n:06}"))?;
        let slot = NaiveTime::parse_from_str(time, "%H:%M")?;
        self.submit(&intake, &application_no, name, documents, slot, priority, group).await?;
        let payment = NewPayment {
            application_no: application_no.clone(),
            amount_rp: 950_000,
            ntpn: format!("TEST{n:012}"),
            channel: "Bank Contoh".to_owned(),
            at: morning().plus_ms(-86_400_000),
        };
        intake.payment(&payment).await?;
        Ok(application_no)
    }

    #[expect(clippy::too_many_arguments, reason = "an application has that many parts, and this is the one caller")]
    async fn submit(
        &self,
        intake: &Intake,
        no: &ApplicationNo,
        name: &str,
        documents: Vec<NewDocument>,
        slot: NaiveTime,
        priority: Option<Priority>,
        group: Option<&str>,
    ) -> anyhow::Result<()> {
        let form = Form {
            full_name: name.to_uppercase(),
            nik: Nik::parse(&format!("317101120390{:04}", self.people)).expect("a NIK of these people is right"),
            birth_place: "JAKARTA".to_owned(),
            birth_date: NaiveDate::from_ymd_opt(1990, 3, 12).context("a fixed day")?,
            sex: Sex::Male,
            address: "JL. CONTOH 1".to_owned(),
            mother_name: "IBU CONTOH".to_owned(),
            father_name: "BAPAK CONTOH".to_owned(),
            phone_tail: "0000".to_owned(),
            purpose: "tourism".to_owned(),
            destination: "Jepang".to_owned(),
        };
        let new = NewApplication {
            office: office_code(),
            application_no: no.clone(),
            account: group.map(str::to_owned),
            kind: Kind::New,
            electronic: true,
            validity_years: 10,
            same_day: false,
            married: false,
            priority,
            form: form.into(),
            documents,
            appointment: Some(NewAppointment { day: self.day, time: slot.format("%H:%M").to_string(), kind: None }),
            delivery: None,
            submitted_at: morning().plus_ms(-2 * 86_400_000),
        };
        intake.application(&new).await
    }

    /// Publishes today's list.
    pub async fn publish(&self) -> anyhow::Result<usize> {
        self.server().publish(&office_code(), self.day).await
    }

    /// Copies everything that the server keeps into a folder, while it serves.
    ///
    /// # Errors
    /// When the copy can't be written.
    pub async fn back_up(&self, to: &str) -> anyhow::Result<PathBuf> {
        let (data, to) = (self.folder.path().join("server"), self.folder.path().join(to));
        backup::back_up(self.server().ledger(), &data, &to, true).await?;
        Ok(to)
    }

    /// The server's disk is gone, and another one is made from a copy, at the same address.
    ///
    /// # Errors
    /// When nothing can be made of the copy.
    pub async fn restore(&mut self, copy: &Path) -> anyhow::Result<()> {
        self.unplug().await;
        let data = self.folder.path().join("server");
        std::fs::remove_dir_all(&data)?;
        let answering = |officer: &str, password: &str| {
            let officer = OfficerId::new(officer).expect("a test writes user names right");
            Answering { officer, password: password.to_owned() }
        };
        let two = [&answering("ratih.wibowo", "seruni-contoh-6"), &answering("surya.hidayat", "teratai-contoh-7")];
        let address = Address::Sqlite(loket_server::database(&data));
        backup::restore(copy, &data, &address, self.server_env.clone(), None, two).await?;
        self.plug_in().await
    }

    /// A line to the server that weather can be made on.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub async fn line(&self) -> anyhow::Result<Line> {
        Line::to(self.address).await
    }

    /// Enrols a machine and signs somebody in at a counter.
    pub async fn desk(&self, name: &str, officer: &str, password: &str, counter: u8) -> anyhow::Result<TestDesk> {
        self.at_counter(self.enrolled(name).await?, officer, password, counter).await
    }

    /// The same over a line.
    ///
    /// # Errors
    /// As [`Office::desk`].
    pub async fn desk_over(
        &self,
        line: &Line,
        name: &str,
        officer: &str,
        password: &str,
        counter: u8,
    ) -> anyhow::Result<TestDesk> {
        self.at_counter(self.enrolled_at(&line.url(), name).await?, officer, password, counter).await
    }

    async fn at_counter(&self, desk: TestDesk, officer: &str, password: &str, counter: u8) -> anyhow::Result<TestDesk> {
        desk.sign_in(officer, password).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        let at = AtCounter { counter: CounterNo(counter) };
        desk.desk.open_counter(at).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        Ok(desk)
    }

    /// Enrols a machine.
    pub async fn enrolled(&self, name: &str) -> anyhow::Result<TestDesk> {
        self.enrolled_at(&self.url(), name).await
    }

    async fn enrolled_at(&self, server: &str, name: &str) -> anyhow::Result<TestDesk> {
        let desk = self.machine(name).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        let code = self.server().enrolment_code(&office_code()).await?;
        let enrol = Enrol { server: server.to_owned(), code, name: name.to_owned() };
        desk.desk.enrol(enrol).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        Ok(desk)
    }

    /// A machine's folder.
    pub fn machine_folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Switches a machine on, enrolled or not.
    ///
    /// # Errors
    /// What stands in the way of opening its memory.
    pub async fn machine(&self, name: &str) -> Result<TestDesk, Fault> {
        self.machine_with_clock(name, 0).await
    }

    /// Switches a machine on whose clock is off by so many milliseconds.
    ///
    /// # Errors
    /// As [`Office::machine`].
    pub async fn machine_with_clock(&self, name: &str, off_ms: i64) -> Result<TestDesk, Fault> {
        let folder = self.machine_folder(name);
        let setup = Setup {
            keystore: Box::new(FileKeystore(folder.join("device.key"))),
            decoder: Decoder::at(decoder_program()),
            dialogs: Box::new(IntoFolder(folder.join("saved"))),
            env: self.desk_env.starting_at(self.desk_env.now().plus_ms(off_ms)),
            folder,
        };
        Ok(TestDesk { desk: Desk::open(setup).await? })
    }

    /// Waits until a desk is online, has nothing unsent, and has everything that the server has.
    pub async fn settle(&self, desks: &[&TestDesk]) -> anyhow::Result<()> {
        for desk in desks {
            let what = "a desk to have everything";
            wait(what, async || {
                let heads = self.server().ledger().heads(&office_code()).await.ok();
                let head = heads.and_then(|h| h.get(&loket_core::sync::Stream::Office).map(|c| c.seq));
                let line = desk.status().await.line;
                line.online && line.unsent == 0 && head == Some(desk.desk.cursor().await)
            })
            .await?;
        }
        Ok(())
    }
}

/// Waits until something is so.
///
/// # Errors
/// When it isn't within [`PATIENCE`].
pub async fn wait(what: &str, mut so: impl AsyncFnMut() -> bool) -> anyhow::Result<()> {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    });
    waited.await.with_context(|| format!("Waiting for {what}"))
}

/// Copies a folder with everything in it.
///
/// # Errors
/// When something in it can't be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A picture that no other test has.
pub fn small_scan(person: u32, document: u32) -> anyhow::Result<Vec<u8>> {
    let pixel = image::Rgb([person as u8, document as u8, (person >> 8) as u8]);
    let mut out = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(64, 48, pixel).write_to(&mut out, image::ImageFormat::Png)?;
    Ok(out.into_inner())
}

/// A desk with the words of an officer.
pub struct TestDesk {
    pub desk: Arc<Desk>,
}

impl TestDesk {
    /// Signs in.
    ///
    /// # Errors
    /// Wrong password and its kin.
    pub async fn sign_in(&self, officer: &str, password: &str) -> Result<(), Fault> {
        let officer = OfficerId::new(officer).expect("a test writes user names right");
        self.desk.sign_in(SignIn { officer, password: password.to_owned() }).await.map(|_| ())
    }

    /// What stands on every screen.
    pub async fn status(&self) -> loket_desk::view::StatusView {
        self.desk.status(Nothing {}).await.expect("a desk always says how it is")
    }

    /// The queue.
    pub async fn queue(&self) -> QueueView {
        self.desk.queue(Nothing {}).await.expect("somebody is signed in")
    }

    /// What was done here and where it is.
    pub async fn sync(&self) -> SyncView {
        self.desk.sync(Nothing {}).await.expect("somebody is signed in")
    }

    /// A case as the serve screen shows it.
    pub async fn case(&self, visit: &VisitId) -> ServeView {
        let ask = ServeCase { visit: visit.clone(), application: None };
        self.desk.serve(ask).await.expect("the case is here")
    }

    /// The visit of an application.
    pub async fn visit_of(&self, no: &ApplicationNo) -> VisitId {
        let rows = self.desk.find(Text { text: no.to_string() }).await.expect("somebody is signed in");
        rows.first().expect("the application is in today's list").visit.clone()
    }

    /// Where a visit stands.
    pub async fn stage(&self, visit: &VisitId) -> StageName {
        self.case(visit).await.row.stage
    }

    /// Scans the code of somebody's appointment.
    ///
    /// # Errors
    /// What is wrong with the code or the visit.
    pub async fn scan(&self, day: NaiveDate, no: &ApplicationNo) -> Result<loket_desk::view::ScanResult, Fault> {
        let code = AppointmentCode { office: office_code(), day, application: no.clone() };
        self.desk.scan_code(Text { text: code.to_string() }).await
    }

    /// Does something about a visit.
    ///
    /// # Errors
    /// The rule book's refusal.
    pub async fn on_visit(&self, visit: &VisitId, act: Act) -> Result<Recorded, Fault> {
        self.desk.record(Record { subject: Subject::Visit(visit.clone()), act }).await
    }

    /// Does something about a case.
    ///
    /// # Errors
    /// The rule book's refusal.
    pub async fn on_case(&self, no: &ApplicationNo, act: Act) -> Result<Recorded, Fault> {
        self.desk.record(Record { subject: Subject::Application(no.clone()), act }).await
    }

    /// Starts serving whoever stands here.
    ///
    /// # Errors
    /// The rule book's refusal.
    pub async fn start(&self, visit: &VisitId, counter: u8, presence: Presence) -> Result<Recorded, Fault> {
        let applications = self.case(visit).await.row.applications;
        self.on_visit(visit, Act::Start { counter: CounterNo(counter), applications, presence }).await
    }

    /// Decides about the newest scan of a document.
    ///
    /// # Errors
    /// The rule book's refusal.
    pub async fn verdict(&self, visit: &VisitId, document: DocumentKind, verdict: Verdict) -> Result<Recorded, Fault> {
        let case = self.case(visit).await;
        let card = case.documents.iter().find(|d| d.document == document).expect("the document is asked for");
        let scan = card.scans.first().expect("a scan was uploaded").hash;
        let (to_applicant, note) = (String::new(), String::new());
        self.on_case(&case.application, Act::Verdict { document, scan, verdict, to_applicant, note }).await
    }

    /// Everything between the start and the receipt of a clean case.
    ///
    /// # Errors
    /// The rule book's refusal.
    pub async fn work_through(&self, visit: &VisitId) -> Result<(), Fault> {
        let case = self.case(visit).await;
        let no = &case.application;
        for card in &case.documents {
            self.verdict(visit, card.document, Verdict::Accept).await?;
        }
        for field in &case.fields {
            self.on_case(no, Act::CheckField { field: field.field, against: field.proof, agrees: true }).await?;
        }
        for part in BiometricPart::ALL {
            let mark = BiometricMark { status: BiometricStatus::Captured, quality: None, attempts: 1, reason: None };
            self.on_case(no, Act::Biometrics { part, mark }).await?;
        }
        self.on_case(no, Act::JudgeFace { judgement: FaceJudgement::Match }).await?;
        let interview = Interview {
            purpose: Purpose::Tourism,
            destination: "Jepang".to_owned(),
            result: InterviewResult::Passed,
            note: String::new(),
        };
        self.on_case(no, Act::Interview { interview }).await?;
        Ok(())
    }

    /// Issues a receipt.
    ///
    /// # Errors
    /// The rule book's refusal.
    pub async fn receipt(&self, no: &ApplicationNo) -> Result<ReceiptNo, Fault> {
        self.desk.issue_receipt(OfApplication { application: no.clone() }).await
    }
}

/// Makes a desk's database look as if a newer Loket had written it.
///
/// # Errors
/// When the database can't be written.
pub fn pretend_newer(file: &Path) -> anyhow::Result<()> {
    change(file, NEWER)
}

/// Makes a desk's database look as if a Loket that folded otherwise had written it.
///
/// # Errors
/// When the database can't be written.
pub fn pretend_folded_otherwise(file: &Path) -> anyhow::Result<()> {
    change(file, OTHER_FOLD)
}

fn change(file: &Path, script: &str) -> anyhow::Result<()> {
    let done = std::process::Command::new("python3")
        .args(["-c", script, &file.display().to_string()])
        .status()
        .context("Starting python3")?;
    ensure!(done.success(), "the database could not be changed");
    Ok(())
}

/// SQL stands in two modules of the product; a test that plays a newer program brings its own, from outside.
const NEWER: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(\"insert into _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
values (9999, 'newer', current_timestamp, 1, x'00', 0)\")
db.commit()
db.execute('pragma wal_checkpoint(truncate)')
db.close()
";

const OTHER_FOLD: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
assert db.execute('update aggregate set fold_version = fold_version - 1').rowcount > 0
db.commit()
db.execute('pragma wal_checkpoint(truncate)')
db.close()
";
