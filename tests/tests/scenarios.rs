//! Small stories with a real server and real desks: what officers see when lines are cut, people stand at two counters,
//! and codes are wrong. Each name is its moral.

use loket_core::act::{Act, ApplicationOutcome, Settlement, Subject};
use loket_core::application::{DocumentKind, DocumentState, Reason, Verdict};
use loket_core::code::AppointmentCode;
use loket_core::id::{CounterNo, OfficeCode};
use loket_core::refusal::{Fault, Refusal};
use loket_core::visit::{Outcome, Presence};
use loket_desk::api::{Nothing, OfScan, Record, SaveReceipt, Text};
use loket_desk::view::{AttentionKind, Language, ScanResult, Sending, StageName};
use loket_tests::office::{Office, TestDesk, wait};

const SRI: (&str, &str) = ("sri.wulandari", "melati-contoh-1");
const ADI: (&str, &str) = ("adi.nugroho", "kenanga-contoh-2");
const MAYA: (&str, &str) = ("maya.lestari", "flamboyan-contoh-5");

type Done = anyhow::Result<()>;

async fn sri(office: &Office) -> anyhow::Result<TestDesk> {
    office.desk("W-Sri", SRI.0, SRI.1, 1).await
}

async fn adi(office: &Office) -> anyhow::Result<TestDesk> {
    office.desk("W-Adi", ADI.0, ADI.1, 2).await
}

fn ok<T>(said: Result<T, Fault>) -> T {
    said.unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn refusal<T: std::fmt::Debug>(said: Result<T, Fault>) -> Refusal {
    match said {
        Err(Fault::Refused { refusal }) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applicant_is_served_from_the_door_to_the_receipt() -> Done {
    let mut office = Office::open().await?;
    let siti = office.applicant("Siti Contoh", "09:00").await?;
    office.publish().await?;
    let sri = sri(&office).await?;
    office.settle(&[&sri]).await?;

    let arrived = ok(sri.scan(office.day, &siti).await);
    let ScanResult::CheckedIn { row } = arrived else { panic!("{arrived:?}") };
    assert_eq!(row.stage, StageName::Waiting);
    office.settle(&[&sri]).await?;
    let called = ok(sri.desk.call_next(Nothing {}).await);
    assert_eq!(called.visit, row.visit);
    assert!(!called.offline, "the centre called");
    ok(sri.start(&called.visit, 1, Presence::Called).await);
    ok(sri.work_through(&called.visit).await);
    let number = ok(sri.receipt(&siti).await);
    assert_eq!(number.to_string(), "KNC/26/W001/000001-4");
    let ask = SaveReceipt { application: siti.clone(), number: number.clone(), language: Language::Id };
    let saved = ok(sri.desk.save_receipt(ask).await);
    let pdf = std::fs::read(saved.file.expect("the test answers the dialog"))?;
    assert!(pdf.starts_with(b"%PDF-"));
    let outcomes = vec![ApplicationOutcome { application: siti, outcome: Outcome::Accepted }];
    ok(sri.on_visit(&called.visit, Act::Finish { counter: CounterNo(1), outcomes }).await);
    office.settle(&[&sri]).await?;

    let adi = adi(&office).await?;
    office.settle(&[&sri, &adi]).await?;
    let seen = adi.case(&called.visit).await;
    assert_eq!(seen.row.stage, StageName::Finished);
    assert_eq!(seen.receipts[0].number, number);
    assert_eq!(seen.receipts[0].prints, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_opposite_verdicts_of_two_desks_cut_off_are_both_kept_and_one_supervisor_settles() -> Done {
    let mut office = Office::open().await?;
    let budi = office.applicant("Budi Contoh", "09:00").await?;
    office.publish().await?;
    let (sri, adi) = (sri(&office).await?, adi(&office).await?);
    let maya = office.desk("W-Maya", MAYA.0, MAYA.1, 3).await?;
    office.settle(&[&sri, &adi, &maya]).await?;
    let visit = sri.visit_of(&budi).await;

    office.unplug().await;
    // The line is down: Budi stands first at one counter, then, sent on by the guard, at the other.
    ok(sri.start(&visit, 1, Presence::NameConfirmed).await);
    ok(sri.work_through(&visit).await);
    let first = ok(sri.receipt(&budi).await);
    ok(adi.start(&visit, 2, Presence::NameConfirmed).await);
    let blurred = Verdict::AskReupload { reason: Reason::Blurred };
    for document in [DocumentKind::Ktp, DocumentKind::FamilyCard] {
        ok(adi.verdict(&visit, document, blurred).await);
    }
    ok(adi.verdict(&visit, DocumentKind::BirthCertificate, Verdict::Accept).await);
    let second = ok(adi.receipt(&budi).await);

    office.plug_in().await?;
    sri.desk.sync_now(Nothing {}).await.ok();
    office.settle(&[&sri]).await?;
    adi.desk.sync_now(Nothing {}).await.ok();
    office.settle(&[&sri, &adi, &maya]).await?;

    for desk in [&sri, &adi] {
        let case = desk.case(&visit).await;
        let ktp = case.documents.iter().find(|d| d.document == DocumentKind::Ktp).expect("a KTP is asked for");
        assert_eq!(ktp.state, DocumentState::Accepted, "what stood first stands");
        let numbers: Vec<String> = case.receipts.iter().map(|r| r.number.to_string()).collect();
        assert_eq!(numbers, [first.to_string(), second.to_string()], "both receipts exist on both desks");
        assert!(
            case.disputes.iter().any(|d| d.officer == "Adi Nugroho" && d.standing.is_some()),
            "{:?}",
            case.disputes
        );
        assert!(desk.status().await.line.attention > 0);
    }
    let disputed = adi.sync().await.rows.iter().filter(|r| matches!(r.sending, Sending::Disputed { .. })).count();
    assert!(disputed >= 3, "the second start and both verdicts: {disputed}");

    let item = maya
        .case(&visit)
        .await
        .disputes
        .into_iter()
        .find(|d| matches!(d.act, Act::Verdict { document: DocumentKind::Ktp, .. }))
        .expect("the supervisor sees it too");
    let settle =
        Act::Settle { command: item.command, settlement: Settlement::TakeDisputed, reason: "foto buram".to_owned() };
    assert_eq!(
        refusal(sri.desk.record(Record { subject: item.subject.clone(), act: settle.clone() }).await),
        Refusal::SupervisorOnly
    );
    let before = maya.status().await.line.attention;
    office.unplug().await;
    ok(maya.desk.record(Record { subject: item.subject, act: settle }).await);
    assert_eq!(maya.status().await.line.attention, before - 1, "off the list before the centre knows");
    office.plug_in().await?;
    office.settle(&[&maya, &sri, &adi]).await?;
    let case = sri.case(&visit).await;
    let ktp = case.documents.iter().find(|d| d.document == DocumentKind::Ktp).expect("a KTP is asked for");
    assert_eq!(ktp.state, DocumentState::ReuploadAsked { reason: Reason::Blurred });
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_after_the_share_was_reclaimed_is_refused_and_stays_in_the_inbox() -> Done {
    let mut office = Office::open().await?;
    let mut people = Vec::new();
    for time in ["09:00", "09:05", "09:10"] {
        people.push(office.applicant("Dewi Contoh", time).await?);
    }
    office.publish().await?;
    let adi = adi(&office).await?;
    let maya = office.desk("W-Maya", MAYA.0, MAYA.1, 3).await?;
    office.settle(&[&adi, &maya]).await?;
    let share = adi.queue().await.rows.into_iter().find(|r| r.mine).expect("one of three is Adi's");

    // Adi's cable is pulled: the server goes on, his desk doesn't hear it.
    adi.desk.stop();
    let reclaim = Act::Reclaim { from: CounterNo(2), to: CounterNo(3), reason: "PC mati".to_owned() };
    ok(maya.desk.record(Record { subject: Subject::Office, act: reclaim }).await);
    office.settle(&[&maya]).await?;
    ok(maya.scan(office.day, &share.applications[0]).await);
    office.settle(&[&maya]).await?;
    ok(adi
        .on_visit(
            &share.visit,
            Act::Call { counter: CounterNo(2), call: loket_core::act::CallHow::Share { instead_of: None } },
        )
        .await);
    assert_eq!(adi.stage(&share.visit).await, StageName::Called, "Adi saw it as saved");

    // The cable is back: the same desk, switched on again.
    drop(adi);
    let adi = office.machine("W-Adi").await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    ok(adi.sign_in(ADI.0, ADI.1).await);
    office.settle(&[&adi, &maya]).await?;
    assert_eq!(adi.stage(&share.visit).await, StageName::Waiting);
    let sync = adi.sync().await;
    let item = sync.attention.iter().find(|i| i.kind == AttentionKind::Refused).expect("the refused call is shown");
    assert_eq!(item.because, Refusal::ShareReclaimed { counter: CounterNo(3) });
    let maya_sees = maya.case(&share.visit).await;
    assert_eq!(maya_sees.row.counter, Some(CounterNo(3)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_server_at_the_start_what_was_pulled_is_there() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Rina Contoh", "09:00").await?;
    office.publish().await?;
    let desk = sri(&office).await?;
    office.settle(&[&desk]).await?;
    wait("the pictures", async || {
        let line = desk.status().await.line;
        line.scans_wanted == 3 && line.scans_here == 3
    })
    .await?;
    desk.desk.stop();
    drop(desk);
    office.unplug().await;

    let desk = office.machine("W-Sri").await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    ok(desk.sign_in(SRI.0, SRI.1).await);
    let visit = desk.visit_of(&no).await;
    let case = desk.case(&visit).await;
    assert_eq!(case.form.full_name, "RINA CONTOH");
    let hash = case.documents[0].scans[0].hash;
    assert_eq!(ok(desk.desk.scan_info(OfScan { hash }).await).pages, 1);
    let picture = ok(desk.desk.picture(&format!("scan/{hash}/1")).await);
    assert!(picture.bytes.starts_with(&[0xff, 0xd8]), "a JPEG drawn by the server");
    assert!(!desk.status().await.line.online);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_goes_away_in_the_middle_and_nothing_is_lost_or_doubled() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Agus Contoh", "09:00").await?;
    office.publish().await?;
    let desk = sri(&office).await?;
    office.settle(&[&desk]).await?;
    ok(desk.scan(office.day, &no).await);
    office.settle(&[&desk]).await?;
    office.unplug().await;

    let called = ok(desk.desk.call_next(Nothing {}).await);
    assert!(called.offline, "from the own share");
    ok(desk.start(&called.visit, 1, Presence::Called).await);
    ok(desk.work_through(&called.visit).await);
    let number = ok(desk.receipt(&no).await);
    wait("the desk to notice", async || !desk.status().await.line.online).await?;
    let unsent = desk.status().await.line.unsent;
    assert!(unsent > 20, "never green while anything is unsent: {unsent}");

    // The PC is switched off and on while the line is still down.
    desk.desk.stop();
    drop(desk);
    let desk = office.machine("W-Sri").await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    ok(desk.sign_in(SRI.0, SRI.1).await);
    assert_eq!(desk.case(&called.visit).await.receipts[0].number, number);
    assert_eq!(desk.status().await.line.unsent, unsent);

    office.plug_in().await?;
    office.settle(&[&desk]).await?;
    let case = desk.case(&called.visit).await;
    assert_eq!(case.receipts.len(), 1);
    assert!(case.disputes.is_empty(), "{:?}", case.disputes);
    assert_eq!(case.row.stage, StageName::Serving);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn while_locked_work_goes_out_and_what_comes_in_is_there_after_signing_in() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Yohanes Contoh", "09:00").await?;
    office.publish().await?;
    let (sri, adi) = (sri(&office).await?, adi(&office).await?);
    office.settle(&[&sri, &adi]).await?;
    sri.desk.sign_out(Nothing {}).await.ok();
    assert_eq!(sri.desk.queue(Nothing {}).await.expect_err("locked"), Fault::SignedOut);
    ok(adi.scan(office.day, &no).await);
    office.settle(&[&adi]).await?;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    office.unplug().await;
    ok(sri.sign_in(SRI.0, SRI.1).await);
    let visit = sri.visit_of(&no).await;
    assert_eq!(sri.stage(&visit).await, StageName::Waiting, "it arrived while nobody was signed in");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_code_has_its_own_answer() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Maria Contoh", "09:00").await?;
    office.publish().await?;
    let desk = sri(&office).await?;
    office.settle(&[&desk]).await?;
    let scan = async |text: String| desk.desk.scan_code(Text { text }).await;

    assert_eq!(scan("HTTPS://CONTOH.EXAMPLE".to_owned()).await.unwrap_err(), Fault::UnknownCode);
    let elsewhere = AppointmentCode { office: OfficeCode::new("SBY")?, day: office.day, application: no.clone() };
    assert_eq!(scan(elsewhere.to_string()).await.unwrap_err(), Fault::CodeOfOtherOffice { office: "SBY".to_owned() });
    let tomorrow = office.day.succ_opt().expect("there is a tomorrow");
    assert_eq!(desk.scan(tomorrow, &no).await.unwrap_err(), Fault::CodeOfOtherDay { day: tomorrow });
    assert!(matches!(ok(desk.scan(office.day, &no).await), ScanResult::CheckedIn { .. }));
    assert!(matches!(ok(desk.scan(office.day, &no).await), ScanResult::AlreadyHere { .. }));
    let endless = "9".repeat(loket_desk::desk::TEXT_BYTES_MAX + 1);
    assert!(matches!(refusal(scan(endless).await), Refusal::TextTooLong { .. }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_cost_nothing_five_times_and_then_time() -> Done {
    let office = Office::open().await?;
    let desk = office.enrolled("W-Sri").await?;
    for left in (1..=4).rev() {
        assert_eq!(desk.sign_in(SRI.0, "salah").await, Err(Fault::WrongPassword { tries_left: left }));
    }
    assert_eq!(desk.sign_in("siapa.ini", "salah").await, Err(Fault::WrongPassword { tries_left: 4 }));
    assert_eq!(desk.sign_in(SRI.0, "salah").await, Err(Fault::SignInBlocked { wait_s: 30 }));
    let blocked = desk.sign_in(SRI.0, SRI.1).await;
    assert!(matches!(blocked, Err(Fault::SignInBlocked { .. })), "even the right one waits: {blocked:?}");
    ok(desk.sign_in(ADI.0, ADI.1).await);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_loket_is_refused_and_left_as_it_is() -> Done {
    let office = Office::open().await?;
    let desk = office.enrolled("W-Sri").await?;
    desk.desk.stop();
    drop(desk);
    let file = loket_desk::store::database_file(&office.machine_folder("W-Sri"));
    loket_tests::office::pretend_newer(&file)?;
    let before = std::fs::read(&file)?;
    match office.machine("W-Sri").await {
        Err(Fault::NewerDatabase { found: 9999, .. }) => {}
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("a newer database was opened"),
    }
    assert_eq!(std::fs::read(&file)?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_with_a_wrong_code_is_no_workstation() -> Done {
    let office = Office::open().await?;
    let machine = office.machine("W-Asing").await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    let enrol =
        loket_desk::api::Enrol { server: office.url(), code: "AAAA-AAAA-AAAA".to_owned(), name: "x".to_owned() };
    assert_eq!(machine.desk.enrol(enrol).await.unwrap_err(), Fault::CodeRefused);
    assert_eq!(machine.sign_in(SRI.0, SRI.1).await, Err(Fault::NotEnrolled));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_can_be_taken_back_at_once_and_leaves_its_trace() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Kartika Contoh", "09:00").await?;
    office.publish().await?;
    let desk = sri(&office).await?;
    office.settle(&[&desk]).await?;
    let visit = desk.visit_of(&no).await;
    ok(desk.start(&visit, 1, Presence::NameConfirmed).await);
    ok(desk.verdict(&visit, DocumentKind::Ktp, Verdict::Reject { reason: Reason::Expired }).await);
    ok(desk.desk.undo(Nothing {}).await);
    let case = desk.case(&visit).await;
    assert_eq!(case.documents[0].state, DocumentState::Undecided);
    assert_eq!(refusal(desk.desk.undo(Nothing {}).await), Refusal::NothingToUndo);
    office.settle(&[&desk]).await?;
    assert_eq!(desk.case(&visit).await.documents[0].state, DocumentState::Undecided);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_never_gets_two_calls_when_two_counters_ask_at_once() -> Done {
    let mut office = Office::open().await?;
    let mut people = Vec::new();
    for time in ["09:00", "09:05", "09:10", "09:15"] {
        people.push(office.applicant("Made Contoh", time).await?);
    }
    office.publish().await?;
    let (sri, adi) = (sri(&office).await?, adi(&office).await?);
    office.settle(&[&sri, &adi]).await?;
    for no in &people {
        ok(sri.scan(office.day, no).await);
    }
    office.settle(&[&sri, &adi]).await?;
    let (one, two) = tokio::join!(sri.desk.call_next(Nothing {}), adi.desk.call_next(Nothing {}));
    let (one, two) = (ok(one), ok(two));
    assert_ne!(one.visit, two.visit);
    assert!(!one.offline && !two.offline);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_is_measured_from_the_booked_time_or_from_arriving_if_that_was_later() -> Done {
    let mut office = Office::open().await?;
    let late = office.applicant("Ratna Contoh", "07:30").await?;
    let early = office.applicant("Joko Contoh", "10:00").await?;
    office.publish().await?;
    let sri = sri(&office).await?;
    office.settle(&[&sri]).await?;
    ok(sri.scan(office.day, &late).await);
    ok(sri.scan(office.day, &early).await);
    let overdue = async || {
        let rows = sri.queue().await.rows;
        let of = |no| rows.iter().find(|r| r.applications.contains(no)).is_some_and(|r| r.overdue);
        (of(&late), of(&early), sri.queue().await.counts.overdue)
    };
    // The desk follows the centre's clock with its next quick ask.
    let hears = async |expected, why: &str| {
        wait(why, async || {
            ok(sri.desk.sync_now(Nothing {}).await);
            overdue().await == expected
        })
        .await
    };
    assert_eq!(overdue().await, (false, false, 0), "both have just come in");
    office.pass_ms(31 * 60_000);
    hears((true, false, 1), "the one who came early is promised the booked time").await?;
    office.pass_ms(60 * 60_000);
    hears((true, true, 2), "both have waited too long").await?;
    Ok(())
}
