//! The sample day, made real: a server with the sample office, sixty people who enter through the intake as M-Paspor
//! would send them, the day's list published, machines enrolled. For the demo and for benchmarks.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use chrono::{NaiveDate, TimeZone as _};
use loket_core::application::{DocumentKind, Form, Kind, Priority};
use loket_core::id::{ApplicationNo, Timestamp};
use loket_core::nik::{Nik, Sex};
use loket_decode::Decoder;
use loket_desk::api::Enrol;
use loket_desk::desk::{Desk, Setup};
use loket_desk::vault::FileKeystore;
use loket_seal::Signing;
use loket_server::intake::{NewApplication, NewAppointment, NewDocument, NewPayment};

use crate::office::{Intake, IntoFolder, decoder_program, office_code};
use crate::outside::Outside;
use crate::sample::{self, SampleApplicant, SampleDay};
use crate::window::free_port;

/// Where the built programs are, and where a run keeps its things.
#[derive(Debug, Clone)]
pub struct Place {
    pub programs: PathBuf,
    /// Of this run; begun anew each time.
    pub folder: PathBuf,
    /// Drawn scans, kept between runs.
    pub drawn: PathBuf,
    /// The service day.
    pub day: NaiveDate,
    /// Added to every clock.
    pub shift_ms: i64,
}

impl Place {
    /// What every program of the run is told.
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![("LOKET_CLOCK_SHIFT_MS".to_owned(), self.shift_ms.to_string())]
    }

    /// A built program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// The time that the programs of this run see.
    pub fn now(&self) -> Timestamp {
        loket_desk::env::Env::real().now().plus_ms(self.shift_ms)
    }
}

/// The server of a run, as a process of its own.
pub struct Server {
    place: Place,
    process: Option<Child>,
    outside: Outside,
    pub port: u16,
    key: String,
    billing: Signing,
}

impl Server {
    /// Takes in the sample office and starts.
    ///
    /// # Errors
    /// A program that is missing or fails.
    pub async fn start(place: &Place) -> anyhow::Result<Server> {
        let file = place.folder.join("office.toml");
        std::fs::create_dir_all(&place.folder)?;
        std::fs::write(&file, crate::office::OFFICE_TOML)?;
        let key = hex::encode(loket_seal::random::<16>());
        let billing = Signing::random();
        let outside = Outside::start(place).await?;
        let mut server = Server { place: place.clone(), process: None, outside, port: free_port()?, key, billing };
        server.admin(&["office", "--file", &file.display().to_string()])?;
        let day = place.day.to_string();
        server.admin(&["places", "--office", office_code().as_str(), "--from", &day, "--to", &day])?;
        server.plug_in().await?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.place.folder.join("server")
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What an administrator types; what it prints.
    ///
    /// # Errors
    /// When the command fails.
    pub fn admin(&self, words: &[&str]) -> anyhow::Result<String> {
        let (verb, rest) = words.split_first().context("an administrator types something")?;
        let data = self.data().display().to_string();
        let out = Command::new(self.place.program("loket-server"))
            .arg("admin")
            .args(["--data", &data])
            .arg(verb)
            .args(rest)
            .envs(self.place.environment())
            .output()
            .context("Starting loket-server")?;
        ensure!(out.status.success(), "loket-server admin {verb}: {}", String::from_utf8_lossy(&out.stderr));
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    }

    /// Starts the process.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn plug_in(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.place.folder.join("server.log"))?;
        let process = Command::new(self.place.program("loket-server"))
            .arg("serve")
            .args(["--data", &self.data().display().to_string()])
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(self.outside.arguments())
            .env("LOKET_INTAKE_KEY", &self.key)
            .env("LOKET_BILLING_KEY", hex::encode(self.billing.bytes()))
            .envs(self.place.environment())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("Starting loket-server")?;
        self.process = Some(process);
        let http = reqwest::Client::builder().no_proxy().build()?;
        for _ in 0..200 {
            if http.get(format!("{}/health", self.url())).send().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("loket-server did not answer; its log is in {}", self.place.folder.display())
    }

    /// Pulls the plug: nobody who waits hears another word.
    pub fn unplug(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It holds no child that could outlive it: a decoder ends with its parent.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Lets the day's applicants in, and publishes the list.
    ///
    /// # Errors
    /// What the intake says to one of them.
    pub async fn take_in(&self, day: &SampleDay) -> anyhow::Result<()> {
        self.outside.knows(day).await?;
        let place = self.place.clone();
        let intake = Intake::to(&self.url(), &self.key, self.billing.clone(), move || place.now())?;
        for person in &day.applicants {
            self.submit(&intake, person).await.with_context(|| format!("Taking in {}", person.application_no))?;
        }
        self.registers_have_answered().await?;
        let day = day.date.to_string();
        self.admin(&["publish", "--office", office_code().as_str(), "--day", &day])?;
        Ok(())
    }

    /// Waits until every register was asked about everybody, so that each run begins the same.
    async fn registers_have_answered(&self) -> anyhow::Result<()> {
        for _ in 0..120 {
            let errands = self.admin(&["errands"])?;
            let waits = |line: &str| line.split_whitespace().nth(1) == Some("open");
            if !errands.lines().any(waits) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        bail!("the registers have not answered; their log is in {}", self.place.folder.display())
    }

    async fn submit(&self, intake: &Intake, person: &SampleApplicant) -> anyhow::Result<()> {
        let mut documents = Vec::new();
        for scan in &person.scans {
            let bytes = std::fs::read(sample::scan_path(&self.place.drawn, person, scan))?;
            let size = bytes.len() as u64;
            let hash = intake.scan(bytes).await?;
            // A scanner's PDF may hold several documents: each of them is shown by this file.
            let mut shown = vec![scan.document];
            shown.extend(scan.pages.iter().copied().filter(|d| *d != scan.document));
            shown.dedup();
            for document in shown {
                documents.push(NewDocument {
                    document: document_of(document),
                    file_name: scan.file_name.clone(),
                    media_type: scan.media_type().to_owned(),
                    hash,
                    bytes: size,
                });
            }
        }
        let no = ApplicationNo::new(person.application_no.clone())?;
        let submitted = person.scans.iter().map(|s| s.uploaded.timestamp_millis()).max().unwrap_or_default();
        let new = NewApplication {
            office: office_code(),
            application_no: no.clone(),
            account: person.group.clone(),
            kind: match person.kind {
                sample::Kind::New => Kind::New,
                sample::Kind::Replacement => Kind::Replacement,
            },
            electronic: person.epassport,
            validity_years: person.validity_years,
            same_day: false,
            married: false,
            priority: person.priority.map(|p| match p {
                sample::Priority::Elderly => Priority::Elderly,
                sample::Priority::Disabled => Priority::Disabled,
                sample::Priority::Pregnant => Priority::Pregnant,
                sample::Priority::Toddler => Priority::Toddler,
            }),
            form: form_of(person).into(),
            documents,
            appointment: Some(NewAppointment {
                day: self.place.day,
                time: person.slot.format("%H:%M").to_string(),
                kind: None,
            }),
            delivery: None,
            submitted_at: Timestamp(submitted),
        };
        intake.application(&new).await?;
        if let Some(ntpn) = person.ntpn.clone().filter(|_| person.paid) {
            let amount_rp = u64::from(person.fee_rp);
            let at = Timestamp(submitted + 40 * 60_000);
            let channel = "Bank Contoh".to_owned();
            intake.payment(&NewPayment { application_no: no, amount_rp, ntpn, channel, at }).await?;
        }
        Ok(())
    }

    /// Makes a machine of the office in a folder: enrolled, with the day's queue, switched off.
    ///
    /// # Errors
    /// What the server says.
    pub async fn enrol(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.place.folder.join(name);
        let setup = Setup {
            keystore: Box::new(FileKeystore(folder.join("device.key"))),
            decoder: Decoder::at(decoder_program()),
            dialogs: Box::new(IntoFolder(folder.join("saved"))),
            env: loket_desk::env::Env::real().starting_at(self.place.now()),
            folder: folder.clone(),
        };
        let desk = Desk::open(setup).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        let code = self.admin(&["code", "--office", office_code().as_str()])?;
        let ask = Enrol { server: self.url(), code, name: name.to_owned() };
        desk.enrol(ask).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        desk.stop();
        Ok(folder)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.unplug();
    }
}

/// Draws the day's scans if they are not there yet, and says who comes.
///
/// # Errors
/// A broken disk.
pub fn sample_day(place: &Place) -> anyhow::Result<SampleDay> {
    sample::write_day(&place.drawn, place.day)?;
    sample::load_day(&place.drawn)
}

/// Milliseconds to add to the clock so that it is now this time of that day in the office.
pub fn shift_to(day: NaiveDate, hour: u32, minute: u32) -> anyhow::Result<i64> {
    let local = day.and_hms_opt(hour, minute, 0).context("a time of day")?;
    let at = sample::zone().from_local_datetime(&local).single().context("a fixed offset has no gaps")?;
    Ok(at.timestamp_millis() - loket_desk::env::Env::real().now().0)
}

fn document_of(document: sample::Document) -> DocumentKind {
    match document {
        sample::Document::Ktp => DocumentKind::Ktp,
        sample::Document::Kk => DocumentKind::FamilyCard,
        sample::Document::BirthCertificate => DocumentKind::BirthCertificate,
        sample::Document::OldPassport => DocumentKind::OldPassport,
        sample::Document::Photo => DocumentKind::Photo,
        sample::Document::ParentsKtp => DocumentKind::ParentsKtp,
        sample::Document::Statement => DocumentKind::Statement,
    }
}

fn form_of(person: &SampleApplicant) -> Form {
    let form = &person.form;
    Form {
        full_name: form.full_name.clone(),
        nik: Nik::parse(&form.nik).expect("the sample's NIKs have sixteen digits and a date"),
        birth_place: form.birth_place.clone(),
        birth_date: form.birth_date,
        sex: match form.sex {
            sample::Sex::Male => Sex::Male,
            sample::Sex::Female => Sex::Female,
        },
        address: form.address.clone(),
        mother_name: form.mother_name.clone(),
        father_name: form.father_name.clone(),
        phone_tail: form.phone_tail.clone(),
        purpose: match form.purpose {
            sample::Purpose::Tourism => "Wisata",
            sample::Purpose::Umrah => "Umrah",
            sample::Purpose::Hajj => "Haji",
            sample::Purpose::Medical => "Berobat",
            sample::Purpose::Study => "Belajar",
            sample::Purpose::Work => "Bekerja",
            sample::Purpose::Family => "Mengunjungi keluarga",
        }
        .to_owned(),
        destination: form.destination.clone(),
    }
}

/// The folder of the built programs: given, or beside this program.
///
/// # Errors
/// When this program does not know its own file.
pub fn programs() -> anyhow::Result<PathBuf> {
    if let Some(given) = std::env::var_os("LOKET_BIN_DIR") {
        return Ok(Path::new(&given).to_owned());
    }
    let own = std::env::current_exe()?;
    Ok(own.parent().context("a file lies in a folder")?.to_owned())
}
