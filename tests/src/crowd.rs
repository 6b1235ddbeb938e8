//! Many offices at once, and desks without a screen in front of them: what a benchmark of the server needs. A simulated
//! desk speaks the wire as a real one does, signed and packed, and keeps its chain and its cursors; it does not keep
//! rows. The server behind it is the shipped one, and nothing in here decides for it: whatever is seeded goes through
//! the ledger's own doors.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use chrono::NaiveDate;
use loket_core::act::{Act, ApplicationOutcome, CheckInHow, Command, Event, PrintHow, Subject};
use loket_core::application::{
    AgeClass, Appointment, Bill, BiometricMark, BiometricPart, BiometricStatus, DocumentKind, FaceJudgement, Form,
    FormField, Interview, InterviewResult, Kind, Payment, Purpose, Submission, UploadedScan, Verdict,
};
use loket_core::id::{
    ApplicationNo, AppointmentId, CounterNo, DeskId, Digest, OfficeCode, OfficerId, ReceiptNo, RulesVersion, ScanHash,
    Timestamp, VisitId,
};
use loket_core::nik::{Nik, Sex};
use loket_core::office::{CounterInfo, OfficeInfo};
use loket_core::sync::{Ask, COMPRESS_FROM_BYTES, ChainHead, Cursor, PROTOCOL, RowHeader, Stream, SyncAnswer, SyncAsk};
use loket_core::visit::{Outcome, Presence};
use loket_seal::Signing;
use loket_server::env::Env;
use loket_server::intake::{NewApplication, NewAppointment, NewDocument};
use loket_server::ledger::{Address, Ledger, NewDesk, ServiceRow};
use loket_server::people::OfficeFile;
use loket_server::{Config, Running};

use crate::office::{OFFICE_TOML, decoder_program, morning, office_code};

/// Desks of one office: about 5,000 over 151 offices.
pub const DESKS_PER_OFFICE: usize = 33;
/// The documents of a new application of a grown-up, as the sample office asks for them.
const DOCUMENTS: [DocumentKind; 3] = [DocumentKind::Ktp, DocumentKind::FamilyCard, DocumentKind::BirthCertificate];
/// The officer who sits at simulated desks.
const OFFICER: &str = "sri.wulandari";
/// How long an enrolment code of the crowd is good for, in milliseconds.
const CODE_MS: i64 = 600_000;

/// The service day of the crowd.
pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).expect("a fixed day")
}

/// Offices of one server.
pub struct Town {
    pub server: Running,
    pub offices: Vec<OfficeCode>,
    pub env: Env,
}

/// Somebody who has applied, paid and comes today.
#[derive(Debug, Clone)]
pub struct Person {
    pub no: ApplicationNo,
    pub visit: VisitId,
    scans: [ScanHash; 3],
}

fn office_row(external_id: String, event: Event) -> ServiceRow {
    ServiceRow { stream: Stream::Registry, name: "admin", external_id, subject: Subject::Office, events: vec![event] }
}

/// The sample office's items once more, for an office with another code.
async fn copy_office(ledger: &Ledger, code: &OfficeCode) -> anyhow::Result<()> {
    let sample = ledger.view(&office_code(), |world| world.office.clone()).await?;
    ledger.add_office(code).await?;
    let info = sample.info.context("the sample office has a name")?;
    let mut rows =
        vec![office_row("office".to_owned(), Event::OfficeSet { info: OfficeInfo { code: code.clone(), ..info } })];
    for rules in sample.rules.into_values() {
        rows.push(office_row(format!("rules/{}", rules.version.0), Event::RulesSet { rules: Box::new(rules) }));
    }
    for officer in sample.roster.into_values() {
        rows.push(office_row(format!("officer/{}", officer.id), Event::OfficerSet { officer }));
    }
    ledger.append_service(code, |_, _| Ok(rows)).await?;
    Ok(())
}

fn form(n: u32) -> Form {
    Form {
        full_name: format!("PEMOHON CONTOH {n}"),
        nik: Nik::parse(&format!("3171{:02}120390{:04}", n / 10_000 % 100, n % 10_000))
            .expect("a made-up NIK is well formed"),
        birth_place: "JAKARTA".to_owned(),
        birth_date: NaiveDate::from_ymd_opt(1990, 3, 12).expect("a fixed day"),
        sex: Sex::Male,
        address: format!("JL. CONTOH {n}"),
        mother_name: "IBU CONTOH".to_owned(),
        father_name: "BAPAK CONTOH".to_owned(),
        phone_tail: "0000".to_owned(),
        purpose: "tourism".to_owned(),
        destination: "Jepang".to_owned(),
    }
}

fn submission(n: u32) -> Submission {
    Submission {
        kind: Kind::New,
        age: AgeClass::Adult,
        electronic: true,
        validity_years: 10,
        same_day: false,
        married: false,
        form: form(n),
        group: None,
        priority: None,
        at: morning().plus_ms(-2 * 86_400_000),
    }
}

fn application_no(n: u32) -> anyhow::Result<ApplicationNo> {
    Ok(ApplicationNo::new(format!("3171202611{n:06}"))?)
}

/// What M-Paspor sends when somebody submits: scans that are here already, and a place.
///
/// # Errors
/// When there are more people than numbers.
pub fn new_application(
    office: &OfficeCode,
    n: u32,
    scans: &[(ScanHash, u64)],
    day: NaiveDate,
    time: &str,
) -> anyhow::Result<NewApplication> {
    let documents = DOCUMENTS.into_iter().zip(scans).enumerate().map(|(i, (document, (hash, bytes)))| NewDocument {
        document,
        file_name: format!("{i}.png"),
        media_type: "image/png".to_owned(),
        hash: *hash,
        bytes: *bytes,
    });
    Ok(NewApplication {
        office: office.clone(),
        application_no: application_no(n)?,
        account: None,
        kind: Kind::New,
        electronic: true,
        validity_years: 10,
        same_day: false,
        married: false,
        priority: None,
        form: form(n).into(),
        documents: documents.collect(),
        appointment: Some(NewAppointment { day, time: time.to_owned(), kind: None }),
        delivery: None,
        submitted_at: morning().plus_ms(-2 * 86_400_000),
    })
}

fn person_rows(n: u32) -> anyhow::Result<(ApplicationNo, [ScanHash; 3], Vec<ServiceRow>)> {
    let no = application_no(n)?;
    let at = morning().plus_ms(-2 * 86_400_000);
    let scans = [0, 1, 2].map(|i| Digest::of(format!("scan {i} of {n}").as_bytes()));
    let slot = morning().plus_ms(i64::from(n % 72) * 300_000 - 6_000_000);
    let id = AppointmentId::new(format!("KNC-20261123-{n:06}"))?;
    let mut events = vec![("m-paspor", Event::Submitted { submission: Box::new(submission(n)) })];
    for (i, document) in DOCUMENTS.into_iter().enumerate() {
        let (file_name, media_type) = (format!("{i}.png"), "image/png".to_owned());
        let scan = UploadedScan { document, hash: scans[i], file_name, media_type, bytes: 250_000, at };
        events.push(("m-paspor", Event::ScanUploaded { scan }));
    }
    let bill = Bill { code: format!("820261121{n:06}"), amount_rp: 950_000, due: at.plus_ms(7_200_000) };
    events.push(("billing", Event::Billed { bill }));
    let (ntpn, channel) = (format!("TEST{n:012}"), "Bank Contoh".to_owned());
    events.push(("payment", Event::Paid { payment: Payment { amount_rp: 950_000, ntpn, channel, at } }));
    let appointment = Appointment { id, day: today(), slot };
    events.push(("booking", Event::Booked { appointment, ground: None }));
    let rows = events.into_iter().enumerate().map(|(i, (name, event))| ServiceRow {
        stream: Stream::Registry,
        name,
        external_id: format!("{no}/{i}"),
        subject: Subject::Application(no.clone()),
        events: vec![event],
    });
    Ok((no.clone(), scans, rows.collect()))
}

impl Town {
    /// A server with that many offices, each like the sample office, with that many counters.
    ///
    /// # Errors
    /// When the database can't be made.
    pub async fn open(data: &Path, database: Option<Address>, offices: usize, counters: u8) -> anyhow::Result<Town> {
        let env = Env::starting_at(morning());
        let ledger = loket_server::open_ledger(data, database.clone(), env.clone()).await?;
        let file = OfficeFile::parse(OFFICE_TOML)?;
        let no_password = |id: &OfficerId| anyhow::bail!("the sample file has a password for {id}");
        loket_server::people::set_up(&ledger, data, &file, loket_seal::Cost::FLOOR, no_password).await?;
        let mut codes = vec![office_code()];
        for n in 1..offices {
            let code = OfficeCode::new(format!("K{n:03}"))?;
            copy_office(&ledger, &code).await?;
            codes.push(code);
        }
        for code in &codes {
            let counters = (1..=counters).map(CounterNo).map(|no| {
                let counter = CounterInfo { no, service: "Paspor".to_owned() };
                office_row(format!("crowd-counter/{no}"), Event::CounterSet { counter })
            });
            let rows = counters.collect();
            ledger.append_service(code, |_, _| Ok(rows)).await?;
            ledger.open_places(code, today()..=today() + chrono::Days::new(27)).await?;
        }
        ledger.close().await;
        let server = loket_server::serve(Config {
            data: data.to_owned(),
            database,
            listen: ([127, 0, 0, 1], 0).into(),
            scans: None,
            decoder_exe: Some(decoder_program()),
            doors: loket_server::listen::Doors::default(),
            adapters: loket_server::registers::Adapters::default(),
            env: env.clone(),
        })
        .await?;
        Ok(Town { server, offices: codes, env })
    }

    /// Where the server is.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.addr)
    }

    /// People with these numbers who come to an office today, already on its list.
    ///
    /// # Errors
    /// When the ledger can't take them.
    pub async fn people(&self, office: &OfficeCode, numbers: std::ops::Range<u32>) -> anyhow::Result<Vec<Person>> {
        let ledger = self.server.ledger();
        let (mut rows, mut found) = (Vec::new(), Vec::new());
        for n in numbers {
            let (no, scans, more) = person_rows(n)?;
            rows.extend(more);
            found.push((no, scans));
        }
        ledger.append_service(office, |_, _| Ok(rows)).await?;
        self.server.publish(office, today()).await?;
        let visits: BTreeMap<ApplicationNo, VisitId> = ledger
            .view(office, |world| {
                let plans = world.visits.values().filter_map(|v| Some((v.plan.as_ref()?, &v.id)));
                plans.flat_map(|(p, id)| p.applications.iter().map(move |no| (no.clone(), id.clone()))).collect()
            })
            .await?;
        let person = |(no, scans): (ApplicationNo, _)| {
            let visit = visits.get(&no).context("somebody is on the list")?.clone();
            anyhow::Ok(Person { no, visit, scans })
        };
        found.into_iter().map(person).collect()
    }

    /// A machine of the crowd.
    ///
    /// # Errors
    /// When the office has no more room for one.
    pub async fn enrol(&self, office: &OfficeCode, http: &reqwest::Client) -> anyhow::Result<SimDesk> {
        let ledger = self.server.ledger();
        let (signing, token) = (Signing::random(), hex::encode(self.env.chance::<32>()));
        let code = Digest::of(token.as_bytes());
        ledger.add_code(office, &code, self.env.now().plus_ms(CODE_MS)).await?;
        let new = NewDesk { name: "W-Ramai".to_owned(), signing_key: signing.public(), token_digest: code };
        let (office, info) = ledger.enrol(&code, new).await?;
        Ok(SimDesk {
            office,
            desk: info.desk,
            series_year: info.series_year,
            signing,
            token,
            cursors: BTreeMap::new(),
            head: ChainHead { n: 0, digest: Digest::ZERO },
            receipts: 0,
            http: http.clone(),
            url: self.url(),
            env: self.env.clone(),
        })
    }
}

impl Person {
    /// Everything between coming in and going home of a clean case: 28 acts.
    pub fn acts(&self, counter: CounterNo, receipt: &ReceiptNo) -> Vec<(Subject, Act)> {
        let visit = |act| (Subject::Visit(self.visit.clone()), act);
        let case = |act| (Subject::Application(self.no.clone()), act);
        let applications = vec![self.no.clone()];
        let mut acts = vec![
            visit(Act::CheckIn { how: CheckInHow::Qr }),
            visit(Act::Start { counter, applications, presence: Presence::NameConfirmed }),
        ];
        for (document, scan) in DOCUMENTS.into_iter().zip(self.scans) {
            let (to_applicant, note) = (String::new(), String::new());
            acts.push(case(Act::Verdict { document, scan, verdict: Verdict::Accept, to_applicant, note }));
        }
        for field in [
            FormField::FullName,
            FormField::Nik,
            FormField::BirthPlace,
            FormField::BirthDate,
            FormField::MotherName,
            FormField::Address,
        ] {
            acts.push(case(Act::CheckField { field, against: DocumentKind::Ktp, agrees: true }));
        }
        for part in BiometricPart::ALL {
            let mark =
                BiometricMark { status: BiometricStatus::Captured, quality: Some(80), attempts: 1, reason: None };
            acts.push(case(Act::Biometrics { part, mark }));
        }
        let interview = Interview {
            purpose: Purpose::Tourism,
            destination: "Jepang".to_owned(),
            result: InterviewResult::Passed,
            note: String::new(),
        };
        let number = receipt.clone();
        let outcomes = vec![ApplicationOutcome { application: self.no.clone(), outcome: Outcome::Accepted }];
        acts.extend([
            case(Act::JudgeFace { judgement: FaceJudgement::Match }),
            case(Act::Interview { interview }),
            case(Act::IssueReceipt { number: number.clone() }),
            case(Act::PrintReceipt { number, how: PrintHow::Printer, copy: 0 }),
            visit(Act::Finish { counter, outcomes }),
        ]);
        acts
    }
}

/// A desk of the crowd.
pub struct SimDesk {
    pub office: OfficeCode,
    pub desk: DeskId,
    series_year: u8,
    signing: Signing,
    token: String,
    /// How far it has heard.
    pub cursors: BTreeMap<Stream, Cursor>,
    head: ChainHead,
    receipts: u32,
    http: reqwest::Client,
    url: String,
    env: Env,
}

impl SimDesk {
    /// The officer who sits here.
    pub fn officer() -> OfficerId {
        OfficerId::new(OFFICER).expect("a fixed name is right")
    }

    /// The next number of its series.
    pub fn receipt(&mut self) -> ReceiptNo {
        self.receipts += 1;
        ReceiptNo { office: self.office.clone(), year: self.series_year, desk: self.desk, serial: self.receipts }
    }

    /// Stamps an act as the next of this desk's chain.
    pub fn stamp(&mut self, subject: Subject, act: Act) -> String {
        let command = Command {
            desk: self.desk,
            n: self.head.n + 1,
            prev: self.head.digest,
            officer: SimDesk::officer(),
            at: self.env.now(),
            rules: RulesVersion(1),
            subject,
            act,
        };
        let stamped = command.stamp();
        self.head = ChainHead { n: command.n, digest: Command::digest_of(&stamped) };
        stamped
    }

    /// One ask and its answer; the cursors move along with the rows.
    ///
    /// # Errors
    /// When no answer came, or one that is none.
    pub async fn speak(&mut self, wait_s: u32, commands: Vec<String>, asks: Vec<Ask>) -> anyhow::Result<SyncAnswer> {
        let ask = SyncAsk {
            speaks: (PROTOCOL, PROTOCOL),
            office: self.office.clone(),
            desk: self.desk,
            cursors: self.cursors.clone(),
            head: self.head,
            commands,
            asks,
            scans_waiting: 0,
            wait_s,
            sent_at: self.env.now(),
        };
        let mut body = serde_json::to_vec(&ask)?;
        let packed = body.len() > COMPRESS_FROM_BYTES;
        if packed {
            body = zstd::encode_all(body.as_slice(), 3)?;
        }
        let at = self.env.now().0;
        let signature = self.signing.sign_request("POST", "/v1/sync", at, &body);
        let mut request = self.http.post(format!("{}/v1/sync", self.url));
        request = request
            .bearer_auth(&self.token)
            .header("loket-desk", format!("{}/{}", self.office, self.desk))
            .header("loket-at", at)
            .header("loket-signature", signature)
            .header("accept-encoding", "zstd")
            .header("content-type", "application/json");
        if packed {
            request = request.header("content-encoding", "zstd");
        }
        let answer = request.body(body).send().await?;
        let status = answer.status();
        let zstd = answer.headers().get("content-encoding").is_some_and(|v| v.as_bytes() == b"zstd");
        let body = answer.bytes().await?;
        ensure!(status.is_success(), "{status} {}", String::from_utf8_lossy(&body));
        let answer: SyncAnswer = if zstd {
            serde_json::from_slice(&zstd::decode_all(body.as_ref())?)?
        } else {
            serde_json::from_slice(&body)?
        };
        for row in &answer.rows {
            let header: RowHeader = serde_json::from_str(&row.header)?;
            self.cursors.insert(header.stream, Cursor { epoch: header.epoch, seq: header.seq, leaf: row.leaf });
        }
        Ok(answer)
    }

    /// Hears everything that there is.
    ///
    /// # Errors
    /// As [`SimDesk::speak`].
    pub async fn catch_up(&mut self) -> anyhow::Result<()> {
        loop {
            let answer = self.speak(0, Vec::new(), Vec::new()).await?;
            if answer.heads == self.cursors || answer.rows.is_empty() {
                return Ok(());
            }
        }
    }

    /// Now, by the clock of this desk.
    pub fn now(&self) -> Timestamp {
        self.env.now()
    }
}
