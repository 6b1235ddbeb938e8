//! What the tests share: the sample office, desks that stamp commands, people who are booked.
#![allow(dead_code, reason = "each test file uses its own part of the house")]

pub mod place;

use std::path::Path;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use loket_core::act::{Act, CallHow, Command, Event, Subject};
use loket_core::application::{
    AgeClass, Appointment, DocumentKind, Form, Kind, Priority, Submission, UploadedScan, Verdict,
};
use loket_core::id::{
    ApplicationNo, AppointmentId, CounterNo, DeskId, Digest, OfficeCode, OfficerId, RequestId, RulesVersion, ScanHash,
    Timestamp, VisitId,
};
use loket_core::nik::{Nik, Sex};
use loket_core::sync::{Ask, AskAnswer, AskWhat, CommandAnswer, RowOutcome, Stream};
use loket_core::world::World;
use loket_seal::{Cost, Signing};
use loket_server::env::Env;
use loket_server::intake::{NewApplication, NewAppointment, NewDocument, PAYMENT_DUE_MS};
use loket_server::ledger::{Arrived, Ledger, LedgerError, NewCase, NewDesk, ServiceRow, Wanted};
use loket_server::people::{self, OfficeFile};
use loket_server::publish;

pub const SAMPLE: &str = include_str!("../../../../assets/sample/office.toml");

/// Monday, eight in the morning in Jakarta.
pub fn morning() -> Env {
    Env::starting_at(at("2026-11-23T01:00:00Z"))
}

pub fn at(text: &str) -> Timestamp {
    Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

pub fn knc() -> OfficeCode {
    OfficeCode::new("KNC").unwrap()
}

pub fn no(n: u32) -> ApplicationNo {
    ApplicationNo::new(format!("26110000000{n:05}")).unwrap()
}

pub fn visit(ticket: &str) -> VisitId {
    VisitId::new(format!("20261123-{ticket}")).unwrap()
}

pub fn on(ticket: &str) -> Subject {
    Subject::Visit(visit(ticket))
}

pub fn scan() -> ScanHash {
    Digest::of(b"a scan")
}

pub async fn set_up(ledger: &Ledger, data: &Path, office: &str) -> usize {
    let file = OfficeFile::parse(&SAMPLE.replace("\"KNC\"", &format!("{office:?}"))).unwrap();
    let rows = people::set_up(ledger, data, &file, Cost::FLOOR, |_| unreachable!("the sample has all passwords"))
        .await
        .unwrap();
    let days = today() - chrono::Days::new(7)..=today() + chrono::Days::new(28);
    ledger.open_places(&file.code, days).await.unwrap();
    rows
}

pub fn submission(group: Option<&str>, priority: Option<Priority>) -> Submission {
    Submission {
        kind: Kind::New,
        age: AgeClass::Adult,
        electronic: true,
        validity_years: 10,
        same_day: false,
        married: false,
        form: Form {
            full_name: "CONTOH SATU".to_owned(),
            nik: Nik::parse("3171010101900000").unwrap(),
            birth_place: "Jakarta".to_owned(),
            birth_date: NaiveDate::from_ymd_opt(1990, 1, 1).unwrap(),
            sex: Sex::Male,
            address: "Jalan Contoh 2".to_owned(),
            mother_name: "CONTOH IBU".to_owned(),
            father_name: "CONTOH BAPAK".to_owned(),
            phone_tail: "12".to_owned(),
            purpose: "tourism".to_owned(),
            destination: "Malaysia".to_owned(),
        },
        group: group.map(str::to_owned),
        priority,
        at: at("2026-11-20T03:00:00Z"),
    }
}

/// Somebody with a place on a day.
pub async fn book(
    ledger: &Ledger,
    n: u32,
    day: NaiveDate,
    time: &str,
    group: Option<&str>,
    priority: Option<Priority>,
) {
    let time = NaiveTime::parse_from_str(time, "%H:%M").unwrap();
    let write = |world: &World, _: &_| {
        let slot = world.office.rules_on(day).unwrap().moment(day, time);
        let appointment = Appointment { id: AppointmentId::new(format!("place-{n}")).unwrap(), day, slot };
        let scan = UploadedScan {
            document: DocumentKind::Ktp,
            hash: scan(),
            file_name: "ktp.jpg".to_owned(),
            media_type: "image/jpeg".to_owned(),
            bytes: 6,
            at: Timestamp(0),
        };
        Ok(vec![ServiceRow {
            stream: Stream::Registry,
            name: "m-paspor",
            external_id: no(n).to_string(),
            subject: Subject::Application(no(n)),
            events: vec![
                Event::Submitted { submission: Box::new(submission(group, priority)) },
                Event::ScanUploaded { scan },
                Event::Booked { appointment, ground: None },
            ],
        }])
    };
    ledger.append_service(&knc(), write).await.unwrap();
}

/// Submits an application that wants a place and has two hours to pay.
pub async fn submit(ledger: &Ledger, n: u32, place: &Wanted) -> Result<Arrived, LedgerError> {
    submit_for(ledger, &knc(), n, n, None, Some(place)).await
}

/// Submits an application of whoever has this NIK, at an office, with two hours to pay.
pub async fn submit_for(
    ledger: &Ledger,
    office: &OfficeCode,
    n: u32,
    nik: u32,
    account: Option<&str>,
    place: Option<&Wanted>,
) -> Result<Arrived, LedgerError> {
    let due = ledger.env().now().plus_ms(PAYMENT_DUE_MS);
    let submitted = Event::Submitted { submission: Box::new(submission(None, None)) };
    let row = ServiceRow {
        stream: Stream::Registry,
        name: "m-paspor",
        external_id: no(n).to_string(),
        subject: Subject::Application(no(n)),
        events: vec![submitted],
    };
    let nik = Nik::parse(&format!("317101010190{nik:04}")).unwrap();
    // What is sent differs from office to office.
    let content = Digest::of(format!("{office}/{n}").as_bytes());
    let case = NewCase { no: &no(n), content, scans: &[], nik, account, place, due };
    ledger.take_application(office, &case, |_, _| Ok(vec![row])).await
}

/// What M-Paspor sends for somebody whose papers are all in one file that was sent before.
pub fn application(n: u32, file: &[u8]) -> NewApplication {
    // A scanner's file often holds all papers, and then shows each of them.
    let papers = [DocumentKind::Ktp, DocumentKind::FamilyCard, DocumentKind::BirthCertificate];
    let documents = papers.map(|document| NewDocument {
        document,
        file_name: "berkas.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        hash: Digest::of(file),
        bytes: file.len() as u64,
    });
    let Submission { kind, electronic, validity_years, form, priority, at, .. } = submission(None, None);
    let form = Form { nik: Nik::parse(&format!("317101010190{n:04}")).unwrap(), ..form };
    NewApplication {
        office: knc(),
        application_no: no(n),
        account: None,
        kind,
        electronic,
        validity_years,
        same_day: false,
        married: false,
        priority,
        form: form.into(),
        documents: documents.to_vec(),
        appointment: Some(NewAppointment { day: today(), time: "09:00".to_owned(), kind: None }),
        delivery: None,
        submitted_at: at,
    }
}

/// Books people for today, half an hour apart, and publishes the list: `A-001`, `A-002`...
pub async fn publish_people(ledger: &Ledger, count: u32) {
    for n in 1..=count {
        let time = format!("{:02}:{:02}", 9 + n / 2, n % 2 * 30);
        book(ledger, n, today(), &time, None, None).await;
    }
    publish::publish_day(ledger, &knc(), today()).await.unwrap();
}

/// A workstation as its courier sees it.
#[derive(Clone)]
pub struct Desk {
    pub id: DeskId,
    pub officer: OfficerId,
    pub n: u64,
    pub prev: Digest,
    pub signing: Signing,
    pub token: String,
}

impl Desk {
    pub fn new(id: DeskId, officer: &str, signing: Signing, token: String) -> Desk {
        Desk { id, officer: OfficerId::new(officer).unwrap(), n: 0, prev: Digest::ZERO, signing, token }
    }

    /// Enrols at the ledger itself.
    pub async fn enrol(ledger: &Ledger, officer: &str) -> Desk {
        let code = Digest::of(&ledger.env().chance::<16>());
        ledger.add_code(&knc(), &code, ledger.env().now().plus_ms(1000)).await.unwrap();
        let (signing, token) = (Signing::random(), hex::encode(ledger.env().chance::<32>()));
        let token_digest = Digest::of(token.as_bytes());
        let new = NewDesk { name: officer.to_owned(), signing_key: signing.public(), token_digest };
        let (_, info) = ledger.enrol(&code, new).await.unwrap();
        Desk::new(info.desk, officer, signing, token)
    }

    /// A command that is not stamped yet.
    pub fn draft(&self, now: Timestamp, subject: Subject, act: Act) -> Command {
        let (desk, n, prev, officer) = (self.id, self.n + 1, self.prev, self.officer.clone());
        Command { desk, n, prev, officer, at: now, rules: RulesVersion(1), subject, act }
    }

    /// Stamps the next command of this desk.
    pub fn stamp(&mut self, command: &Command) -> String {
        let stamped = command.stamp();
        (self.n, self.prev) = (command.n, Command::digest_of(&stamped));
        stamped
    }

    /// Stamps an act and delivers it.
    pub async fn does(&mut self, ledger: &Ledger, subject: Subject, act: Act) -> RowOutcome {
        let command = self.draft(ledger.env().now(), subject, act);
        let stamped = self.stamp(&command);
        self.delivers(ledger, &stamped).await.outcome
    }

    pub async fn delivers(&self, ledger: &Ledger, stamped: &str) -> CommandAnswer {
        let done = ledger.append_command(&knc(), self.id, stamped).await.unwrap();
        assert!(!done.cloned && done.gap.is_none(), "{done:?}");
        done.answers.into_iter().next().unwrap()
    }

    pub async fn opens(&mut self, ledger: &Ledger, counter: u8) {
        let act = Act::OpenCounter { counter: CounterNo(counter) };
        assert_eq!(self.does(ledger, Subject::Office, act).await, RowOutcome::Applied);
    }

    pub fn ask(&self, request: &str, counter: u8) -> Ask {
        let what = AskWhat::CallNext { counter: CounterNo(counter) };
        Ask { request: RequestId::new(request).unwrap(), officer: self.officer.clone(), what }
    }

    pub async fn asks(&self, ledger: &Ledger, request: &str, counter: u8) -> AskAnswer {
        ledger.ask(&knc(), self.id, &self.ask(request, counter)).await.unwrap()
    }
}

pub fn arrives() -> Act {
    Act::CheckIn { how: loket_core::act::CheckInHow::Qr }
}

pub fn call(counter: u8, instead_of: Option<&str>) -> Act {
    let instead_of = instead_of.map(|r| RequestId::new(r).unwrap());
    Act::Call { counter: CounterNo(counter), call: CallHow::Share { instead_of } }
}

pub fn verdict(verdict: Verdict) -> Act {
    let (to_applicant, note) = (String::new(), String::new());
    Act::Verdict { document: DocumentKind::Ktp, scan: scan(), verdict, to_applicant, note }
}

/// Memory, the stored aggregates and the rows folded from the beginning say the same.
pub async fn agrees(ledger: &Arc<Ledger>) {
    let seen = ledger.view(&knc(), World::clone).await.unwrap();
    assert_eq!(seen, ledger.refold(&knc()).await.unwrap());
    assert_eq!(seen, ledger.stored(&knc()).await.unwrap());
}
