//! What becomes of work when answers are lost, when the line goes silent, when the centre comes back from an old copy and
//! when a machine was copied: real desks and a real server, with weather between them. Each name is its moral.

use std::collections::BTreeSet;

use loket_core::act::Act;
use loket_core::application::{DocumentKind, DocumentState, FormField};
use loket_core::id::CounterNo;
use loket_core::refusal::{Fault, Refusal};
use loket_core::visit::{HoldReason, Presence, Stage};
use loket_core::world::{Related as _, World};
use loket_desk::api::Nothing;
use loket_desk::view::{Sending, StageName};
use loket_tests::line::Weather;
use loket_tests::office::{Office, TestDesk, copy_folder, office_code, pretend_folded_otherwise, wait};

const SRI: (&str, &str) = ("sri.wulandari", "melati-contoh-1");
const ADI: (&str, &str) = ("adi.nugroho", "kenanga-contoh-2");

type Done = anyhow::Result<()>;

fn ok<T>(said: Result<T, Fault>) -> T {
    said.unwrap_or_else(|fault| panic!("{fault:?}"))
}

/// Signs out, switches the machine off.
fn off(desk: TestDesk) {
    desk.desk.stop();
    drop(desk);
}

async fn on(office: &Office, name: &str, officer: (&str, &str)) -> anyhow::Result<TestDesk> {
    let desk = office.machine(name).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
    ok(desk.sign_in(officer.0, officer.1).await);
    Ok(desk)
}

/// What the centre holds of this office's receipts, in order.
async fn receipts_at_the_centre(office: &Office) -> Vec<String> {
    let numbers = |world: &World| {
        let all = world.applications.values().flat_map(|a| a.receipts.iter().map(|r| r.number.to_string()));
        all.collect::<BTreeSet<_>>()
    };
    let found = office.server().ledger().view(&office_code(), numbers).await;
    found.expect("the server runs").into_iter().collect()
}

/// The centre has it, the desk has not heard: nobody does anything more, and still it is answered in a moment.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_on_a_good_line_is_asked_for_again_by_itself() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Rina Contoh", "09:00").await?;
    office.publish().await?;
    let line = office.line().await?;
    let desk = office.desk_over(&line, "W-Sri", SRI.0, SRI.1, 1).await?;
    office.settle(&[&desk]).await?;
    line.lose_answers(1);
    ok(desk.scan(office.day, &no).await);
    wait("the answer to be lost", async || line.left_to_lose() == 0).await?;
    office.settle(&[&desk]).await?;
    let sync = desk.sync().await;
    assert!(matches!(sync.rows[0].sending, Sending::Applied), "{:?}", sync.rows[0].sending);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_saved_while_the_line_was_silent_goes_out_when_it_speaks_again() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Wulan Contoh", "09:00").await?;
    office.publish().await?;
    let line = office.line().await?;
    let desk = office.desk_over(&line, "W-Sri", SRI.0, SRI.1, 1).await?;
    office.settle(&[&desk]).await?;
    line.set(Weather::Silent);
    ok(desk.scan(office.day, &no).await);
    let visit = desk.visit_of(&no).await;
    ok(desk.start(&visit, 1, Presence::NameConfirmed).await);
    assert_eq!(desk.status().await.line.unsent, 2, "never green while anything is unsent");
    line.set(Weather::Cut);
    wait("the desk to notice", async || !desk.status().await.line.online).await?;
    line.set(Weather::Good);
    office.settle(&[&desk]).await?;
    assert_eq!(desk.stage(&visit).await, StageName::Serving);
    Ok(())
}

/// The centre hears a call and its answer is lost; this counter finds nobody in its own share. The next call, a minute
/// later, takes the place of that one: nobody stands called at a counter that has somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_lost_is_named_by_the_next_one_even_if_nobody_could_be_called_in_between() -> Done {
    let mut office = Office::open().await?;
    let mut people = Vec::new();
    for (name, time) in [("Satu", "09:45"), ("Dua", "09:50"), ("Tiga", "09:55"), ("Empat", "10:00")] {
        people.push(office.applicant(&format!("{name} Contoh"), time).await?);
    }
    office.publish().await?;
    let line = office.line().await?;
    let desk = office.desk_over(&line, "W-Sri", SRI.0, SRI.1, 1).await?;
    // The second one belongs to counter 2, which nobody holds; the fourth one to this counter, and is not here yet.
    ok(desk.scan(office.day, &people[1]).await);
    office.settle(&[&desk]).await?;
    let (second, fourth) = (desk.visit_of(&people[1]).await, desk.visit_of(&people[3]).await);
    line.set(Weather::Deaf);
    let nobody = desk.desk.call_next(Nothing {}).await;
    assert!(matches!(nobody, Err(Fault::Refused { refusal: Refusal::NobodyWaiting })), "{nobody:?}");
    let at_the_centre = async |visit: &loket_core::id::VisitId| {
        let stage = |w: &World| w.visit(visit).map(|v| v.stage().clone());
        office.server().ledger().view(&office_code(), stage).await.ok().flatten()
    };
    assert!(matches!(at_the_centre(&second).await, Some(Stage::Called { .. })), "it was heard");
    ok(desk.scan(office.day, &people[3]).await);
    let called = ok(desk.desk.call_next(Nothing {}).await);
    assert_eq!((&called.visit, called.offline), (&fourth, true));
    ok(desk.start(&fourth, 1, Presence::Called).await);
    line.set(Weather::Cut);
    wait("the desk to notice", async || !desk.status().await.line.online).await?;
    line.set(Weather::Good);
    office.settle(&[&desk]).await?;
    assert_eq!(desk.stage(&second).await, StageName::Waiting, "the lost call is void");
    assert_eq!(desk.stage(&fourth).await, StageName::Serving);
    assert_eq!(desk.status().await.line.attention, 0, "there is nothing to settle");
    Ok(())
}

/// The copy is from the morning; a case was finished up to its receipt since, answered and green. It is seen all the
/// while, and the centre has it again, in the old order and under the old number.
#[tokio::test(flavor = "multi_thread")]
async fn a_centre_restored_from_the_mornings_copy_gets_the_day_back_from_the_desks() -> Done {
    let mut office = Office::open().await?;
    let (first, second) =
        (office.applicant("Tuti Contoh", "09:00").await?, office.applicant("Joko Contoh", "09:30").await?);
    office.publish().await?;
    let sri = office.desk("W-Sri", SRI.0, SRI.1, 1).await?;
    let adi = office.desk("W-Adi", ADI.0, ADI.1, 2).await?;
    office.settle(&[&sri, &adi]).await?;
    let copy = office.back_up("copy").await?;

    let (of_sri, of_adi) = (sri.visit_of(&first).await, sri.visit_of(&second).await);
    ok(sri.start(&of_sri, 1, Presence::NameConfirmed).await);
    ok(sri.work_through(&of_sri).await);
    let number = ok(sri.receipt(&first).await);
    ok(adi.start(&of_adi, 2, Presence::NameConfirmed).await);
    office.settle(&[&sri, &adi]).await?;
    assert_eq!(sri.status().await.line.unsent, 0);
    // One of them goes home before the disk of the centre dies.
    adi.desk.sign_out(Nothing {}).await.ok();

    office.restore(&copy).await?;
    assert_eq!(receipts_at_the_centre(&office).await, Vec::<String>::new(), "the copy knows nothing of it");
    wait("the day to come back", async || receipts_at_the_centre(&office).await == [number.to_string()]).await?;
    // Something new is done meanwhile, and what was done before comes before it.
    let again = Act::CheckField { field: FormField::Nik, against: DocumentKind::Ktp, agrees: true };
    ok(sri.on_case(&first, again).await);
    office.settle(&[&sri]).await?;
    let case = sri.case(&of_sri).await;
    assert_eq!((case.row.stage, case.receipts.len()), (StageName::Serving, 1));
    assert!(case.disputes.is_empty(), "{:?}", case.disputes);
    assert!(case.documents.iter().all(|d| d.state == DocumentState::Accepted));
    assert!(sri.sync().await.rows.iter().all(|r| matches!(r.sending, Sending::Applied)));
    assert_eq!(sri.status().await.line.attention, 0);

    // Whoever is locked out of the view sends the work all the same, and sees it after signing in.
    let at_the_centre = async || {
        let stage = |w: &World| w.visit(&of_adi).map(|v| v.stage().clone());
        office.server().ledger().view(&office_code(), stage).await.ok().flatten()
    };
    wait("the locked desk's work to arrive", async || matches!(at_the_centre().await, Some(Stage::Serving { .. })))
        .await?;
    ok(adi.sign_in(ADI.0, ADI.1).await);
    office.settle(&[&sri, &adi]).await?;
    assert_eq!(adi.stage(&of_adi).await, StageName::Serving);

    // The number of a machine that the copy does not know is given to no other one.
    let new = office.desk("W-Baru", "eka.permata", "cempaka-contoh-3", 3).await?;
    assert!(new.status().await.desk.is_some_and(|d| d.0 > 50));
    Ok(())
}

/// A restart in the middle: what is to be sent again is not forgotten with the memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_switched_off_before_the_restored_centre_speaks_sends_everything_again_too() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Endang Contoh", "09:00").await?;
    office.publish().await?;
    let sri = office.desk("W-Sri", SRI.0, SRI.1, 1).await?;
    office.settle(&[&sri]).await?;
    let copy = office.back_up("copy").await?;
    let visit = sri.visit_of(&no).await;
    ok(sri.start(&visit, 1, Presence::NameConfirmed).await);
    ok(sri.work_through(&visit).await);
    let number = ok(sri.receipt(&no).await);
    office.settle(&[&sri]).await?;
    office.unplug().await;
    off(sri);
    office.restore(&copy).await?;
    let sri = on(&office, "W-Sri", SRI).await?;
    wait("the day to come back", async || receipts_at_the_centre(&office).await == [number.to_string()]).await?;
    office.settle(&[&sri]).await?;
    let case = sri.case(&visit).await;
    assert_eq!((case.row.stage, case.receipts.len()), (StageName::Serving, 1));
    Ok(())
}

/// Two machines from one disk image: the second one's work is not mixed in, its officer is told, and it stays where it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_copied_machine_is_told_that_it_is_one_and_loses_nothing() -> Done {
    let mut office = Office::open().await?;
    let (first, second) =
        (office.applicant("Hadi Contoh", "09:00").await?, office.applicant("Lina Contoh", "09:30").await?);
    office.publish().await?;
    let sri = office.desk("W-Sri", SRI.0, SRI.1, 1).await?;
    office.settle(&[&sri]).await?;
    off(sri);
    copy_folder(&office.machine_folder("W-Sri"), &office.machine_folder("W-Salinan"))?;
    let sri = on(&office, "W-Sri", SRI).await?;
    ok(sri.scan(office.day, &first).await);
    office.settle(&[&sri]).await?;

    let copied = on(&office, "W-Salinan", SRI).await?;
    ok(copied.scan(office.day, &second).await);
    wait("the copy to be told", async || matches!(copied.desk.sync_now(Nothing {}).await, Err(Fault::DeskUnknown)))
        .await?;
    assert_eq!(copied.status().await.line.unsent, 1, "it stays with the machine");
    let quiet = office.server().ledger().heads(&office_code()).await?;
    ok(sri.scan(office.day, &first).await);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(office.server().ledger().heads(&office_code()).await?, quiet, "nothing of the copy counts");
    Ok(())
}

/// The new program folds otherwise, and the line is down: the queue is there, and is made anew when the line is back.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_upgrade_without_a_line_an_officer_signs_in_and_works() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Bambang Contoh", "09:00").await?;
    office.publish().await?;
    let sri = office.desk("W-Sri", SRI.0, SRI.1, 1).await?;
    office.settle(&[&sri]).await?;
    off(sri);
    office.unplug().await;
    let file = loket_desk::store::database_file(&office.machine_folder("W-Sri"));
    wait("the file to be free", async || pretend_folded_otherwise(&file).is_ok()).await?;
    let sri = on(&office, "W-Sri", SRI).await?;
    let visit = sri.visit_of(&no).await;
    ok(sri.start(&visit, 1, Presence::NameConfirmed).await);
    office.plug_in().await?;
    office.settle(&[&sri]).await?;
    let note = String::new();
    let hold = Act::Hold { counter: CounterNo(1), reason: HoldReason::Personal, until: None, note };
    ok(sri.on_visit(&visit, hold).await);
    office.settle(&[&sri]).await?;
    off(sri);
    office.unplug().await;
    let sri = on(&office, "W-Sri", SRI).await?;
    assert_eq!(sri.stage(&visit).await, StageName::Held, "what was made anew is what is on the disk");
    Ok(())
}

/// The PC's battery is empty and its clock a day behind; the line was there yesterday and is not today.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_that_was_measured_once_is_right_without_a_line_too() -> Done {
    const DAY_MS: i64 = 86_400_000;
    let mut office = Office::open().await?;
    let no = office.applicant("Fitri Contoh", "09:00").await?;
    office.publish().await?;
    let sri = office.desk("W-Sri", SRI.0, SRI.1, 1).await?;
    office.settle(&[&sri]).await?;
    off(sri);
    let slow = async |office: &Office| {
        let desk = office.machine_with_clock("W-Sri", DAY_MS).await.map_err(|f| anyhow::anyhow!("{f:?}"))?;
        ok(desk.sign_in(SRI.0, SRI.1).await);
        anyhow::Ok(desk)
    };
    let sri = slow(&office).await?;
    office.settle(&[&sri]).await?;
    off(sri);
    office.unplug().await;
    let sri = slow(&office).await?;
    let status = sri.status().await;
    assert!((status.now.since(loket_tests::office::morning())).abs() < DAY_MS / 2, "{:?}", status.now);
    ok(sri.scan(office.day, &no).await);
    Ok(())
}

/// The screen goes away in the middle of a save, again and again, at another moment each time. Whatever reached the disk
/// is there, nothing twice, and the desk works on.
#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_nobody_waits_for_is_there_or_not_there_and_the_desk_works_on() -> Done {
    let mut office = Office::open().await?;
    let no = office.applicant("Dedi Contoh", "09:00").await?;
    office.publish().await?;
    let sri = office.desk("W-Sri", SRI.0, SRI.1, 1).await?;
    office.settle(&[&sri]).await?;
    let visit = sri.visit_of(&no).await;
    ok(sri.start(&visit, 1, Presence::NameConfirmed).await);
    office.unplug().await;
    let mut answered = 0;
    for step in 0..60u64 {
        let look = Act::CheckField { field: FormField::Nik, against: DocumentKind::Ktp, agrees: true };
        let mut saving = Box::pin(sri.on_case(&no, look));
        // From a first touch to as long as it takes.
        let touches = if step < 50 { step / 2 + 1 } else { u64::MAX };
        for _ in 0..touches {
            let touched = std::future::poll_fn(|cx| std::task::Poll::Ready(saving.as_mut().poll(cx))).await;
            if let std::task::Poll::Ready(saved) = touched {
                ok(saved);
                answered += 1;
                break;
            }
            tokio::time::sleep(std::time::Duration::from_micros(100)).await;
        }
    }
    assert!((1..60).contains(&answered), "some were cut and some were not: {answered}");
    ok(sri.verdict(&visit, DocumentKind::FamilyCard, loket_core::application::Verdict::Accept).await);
    let rows = sri.sync().await.rows;
    assert!(rows.len() as u32 > answered, "whatever was answered is there");
    let numbers: Vec<u64> = rows.iter().map(|r| r.n).collect();
    let dense: Vec<u64> = (1..=rows.len() as u64).rev().collect();
    assert_eq!(numbers, dense);
    office.plug_in().await?;
    office.settle(&[&sri]).await?;
    Ok(())
}
