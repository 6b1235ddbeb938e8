//! What has to be asked, as the ledger keeps it: stories about errands, told once for each database.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

#[path = "../house/mod.rs"]
mod house;

use std::sync::Arc;

use house::*;
use loket_core::act::{Act, Event, Subject};
use loket_core::application::{
    Answer, AnswerResult, Bill, BiometricMark, BiometricPart, BiometricStatus, Delivery, Kind, ProductionReport,
    ProductionStage, Register, Submission,
};
use loket_core::id::{Digest, Timestamp};
use loket_core::nik::Nik;
use loket_core::sync::Stream;
use loket_core::world::World;
use loket_server::env::Env;
use loket_server::ledger::{
    Address, Arrived, Denied, Errand, ErrandKind, Heads, LEASE_MS, Ledger, LedgerError, NewCase, Next, PARCELS_MAX,
    ServiceRow, Wanted,
};
use loket_server::{database, registers::billing::UNBILLED_HELD_MS};

/// Where a ledger lies, to be opened again and again.
struct Place {
    dir: tempfile::TempDir,
    address: Address,
    env: Env,
}

impl Place {
    fn sqlite() -> Place {
        let dir = tempfile::tempdir().unwrap();
        Place { address: Address::Sqlite(database(dir.path())), dir, env: morning() }
    }

    /// A database of its own on the server that `LOKET_TEST_POSTGRES` names.
    async fn postgres() -> Place {
        let url = house::place::fresh_postgres().await;
        Place { dir: tempfile::tempdir().unwrap(), address: Address::parse(&url).unwrap(), env: morning() }
    }

    /// Opens it, as one process of several.
    async fn open(&self) -> Arc<Ledger> {
        Ledger::open(&self.address, self.env.clone()).await.unwrap()
    }

    async fn office(&self) -> Arc<Ledger> {
        let ledger = self.open().await;
        set_up(&ledger, self.dir.path(), "KNC").await;
        ledger
    }
}

fn about(n: u32, name: &'static str, external_id: &str, event: Event) -> ServiceRow {
    let (stream, subject) = (Stream::Registry, Subject::Application(no(n)));
    ServiceRow { stream, name, external_id: external_id.to_owned(), subject, events: vec![event] }
}

/// Takes in an application with a place, and with these rows beside.
async fn submits(ledger: &Ledger, n: u32, kind: Kind, beside: Vec<ServiceRow>) -> Result<Arrived, LedgerError> {
    let time = chrono::NaiveTime::from_hms_opt(9, 0, 0).unwrap();
    let place = Wanted { day: today(), time, kind: loket_core::application::PlaceKind::Regular };
    let due = ledger.env().now().plus_ms(UNBILLED_HELD_MS);
    let due = if kind.is_paid_after_photo() { Timestamp(0) } else { due };
    let write = |_: &World, _: &Heads| {
        let submission = Box::new(Submission { kind, ..submission(None, None) });
        let submitted = about(n, "m-paspor", no(n).as_str(), Event::Submitted { submission });
        Ok([vec![submitted], beside].concat())
    };
    let nik = Nik::parse(&format!("317101010190{n:04}")).unwrap();
    let content = Digest::of(b"content");
    let case = NewCase { no: &no(n), content, scans: &[], nik, account: None, place: Some(&place), due };
    ledger.take_application(&knc(), &case, write).await
}

async fn comes_new(ledger: &Ledger, n: u32) {
    assert_eq!(submits(ledger, n, Kind::New, vec![]).await.unwrap(), Arrived::New);
}

/// How many errands are in a state, over all kinds.
async fn count(ledger: &Ledger, state: &str) -> u64 {
    ledger.errand_counts().await.unwrap().iter().filter(|c| c.state == state).map(|c| c.errands).sum()
}

async fn take(ledger: &Ledger, kind: ErrandKind) -> Option<Errand> {
    let taken = ledger.take_errands(kind, 1).await.unwrap();
    taken.into_iter().next()
}

fn answer(n: u32) -> Vec<ServiceRow> {
    let (register, result, at) = (Register::Population, AnswerResult::Clear, Timestamp(0));
    let answer = Answer { register, result, source: "register".to_owned(), differs: vec![], at };
    vec![about(n, "population", &format!("{}/1", no(n)), Event::RegisterAnswered { answer })]
}

async fn answers(ledger: &Ledger, n: u32) -> usize {
    ledger.view(&knc(), |w| w.applications[&no(n)].answers.len()).await.unwrap()
}

fn bill(ledger: &Ledger, n: u32) -> Vec<ServiceRow> {
    let due = ledger.env().now().plus_ms(2 * 3600 * 1000);
    let bill = Bill { code: "900000000000001".to_owned(), amount_rp: 950_000, due };
    vec![about(n, "billing", &format!("{}/1", no(n)), Event::Billed { bill })]
}

async fn an_application_and_its_errands_are_written_together_or_not_at_all(place: &Place) {
    let ledger = place.office().await;
    comes_new(&ledger, 1).await;
    assert_eq!(count(&ledger, "open").await, 4);
    assert_eq!(submits(&ledger, 1, Kind::New, vec![]).await.unwrap(), Arrived::Again);
    assert_eq!(count(&ledger, "open").await, 4, "a repeat asks nothing again");
    let mut refused = 0;
    for n in 2..30 {
        refused += u64::from(submits(&ledger, n, Kind::New, vec![]).await.is_err());
    }
    assert!(refused > 0, "the places run out");
    assert_eq!(count(&ledger, "open").await, 4 * (29 - refused));
}

async fn an_errand_is_one_servers_until_its_lease_is_over(place: &Place) {
    let (ledger, other) = (place.office().await, place.open().await);
    comes_new(&ledger, 1).await;
    let first = take(&ledger, ErrandKind::Population).await.unwrap();
    assert!(take(&other, ErrandKind::Population).await.is_none());
    place.env.advance_ms(LEASE_MS);
    let second = take(&other, ErrandKind::Population).await.unwrap();
    assert_eq!((first.tries, second.tries), (1, 2));
    assert!(!ledger.answer_errand(&first, answer(1), Next::Done).await.unwrap(), "it is the other one's by now");
    assert_eq!(answers(&ledger, 1).await, 0);
    assert!(other.answer_errand(&second, answer(1), Next::Done).await.unwrap());
    assert_eq!(answers(&ledger, 1).await, 1);
    assert!(!other.answer_errand(&second, answer(1), Next::Done).await.unwrap());
    agrees(&ledger).await;
}

async fn of_many_servers_that_reach_for_the_same_errands_each_gets_others(place: &Place) {
    let ledger = place.office().await;
    for n in 1..=6 {
        comes_new(&ledger, n).await;
    }
    let mut reaching = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let server = place.open().await;
        reaching.spawn(async move { server.take_errands(ErrandKind::BanList, 3).await.unwrap_or_default() });
    }
    let mut ids: Vec<String> = reaching.join_all().await.into_iter().flatten().map(|e| e.id).collect();
    let taken = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), taken, "none twice");
    assert!(taken >= 3, "and none of them waits for nothing");
}

async fn what_was_put_off_comes_up_when_its_time_has_come_and_what_was_given_up_never(place: &Place) {
    let ledger = place.office().await;
    comes_new(&ledger, 1).await;
    let errand = take(&ledger, ErrandKind::Population).await.unwrap();
    let (at, about) = (place.env.now().plus_ms(5_000), "further".to_owned());
    let later = Next::Later { at, about, tries: 1, trouble: "timed_out" };
    assert!(ledger.put_off_errand(&errand, later).await.unwrap());
    assert!(take(&ledger, ErrandKind::Population).await.is_none());
    place.env.advance_ms(5_000);
    let errand = take(&ledger, ErrandKind::Population).await.unwrap();
    assert_eq!((errand.about.as_str(), errand.tries), ("further", 2));
    assert!(ledger.put_off_errand(&errand, Next::GivenUp("refused")).await.unwrap());
    place.env.advance_ms(10 * LEASE_MS);
    assert!(take(&ledger, ErrandKind::Population).await.is_none());
    assert_eq!(count(&ledger, "given_up").await, 1);
}

async fn the_place_is_held_from_the_day_of_grace_to_the_end_of_the_bill(place: &Place) {
    let ledger = place.office().await;
    comes_new(&ledger, 1).await;
    place.env.advance_ms(3 * 3600 * 1000);
    assert_eq!(ledger.expire_due().await.unwrap(), 0);
    let errand = take(&ledger, ErrandKind::Billing).await.unwrap();
    assert!(ledger.answer_errand(&errand, bill(&ledger, 1), Next::Done).await.unwrap());
    place.env.advance_ms(2 * 3600 * 1000 - 60_000);
    assert_eq!(ledger.expire_due().await.unwrap(), 0);
    place.env.advance_ms(60_000);
    assert_eq!(ledger.expire_due().await.unwrap(), 1);
    agrees(&ledger).await;
}

async fn a_bill_that_comes_after_the_place_is_gone_is_not_given_out(place: &Place) {
    let ledger = place.office().await;
    comes_new(&ledger, 1).await;
    place.env.advance_ms(UNBILLED_HELD_MS - LEASE_MS / 2);
    let errand = take(&ledger, ErrandKind::Billing).await.unwrap();
    place.env.advance_ms(LEASE_MS / 2);
    assert_eq!(ledger.expire_due().await.unwrap(), 1);
    assert!(ledger.answer_errand(&errand, bill(&ledger, 1), Next::Done).await.unwrap());
    let billed = ledger.view(&knc(), |w| w.applications[&no(1)].bill.is_some()).await.unwrap();
    assert!(!billed);
    assert_eq!(count(&ledger, "given_up").await, 1);
}

async fn what_is_paid_after_the_photo_is_billed_by_the_photo_once(place: &Place) {
    let ledger = place.office().await;
    assert_eq!(submits(&ledger, 1, Kind::Lost, vec![]).await.unwrap(), Arrived::New);
    assert!(take(&ledger, ErrandKind::Billing).await.is_none());
    let mut sri = Desk::enrol(&ledger, "sri.wulandari").await;
    let mark = |status| BiometricMark { status, quality: None, attempts: 1, reason: None };
    let photo = |status| Act::Biometrics { part: BiometricPart::Face, mark: mark(status) };
    sri.does(&ledger, Subject::Application(no(1)), photo(BiometricStatus::Retake)).await;
    assert!(take(&ledger, ErrandKind::Billing).await.is_none());
    for _ in 0..2 {
        sri.does(&ledger, Subject::Application(no(1)), photo(BiometricStatus::Captured)).await;
    }
    let errand = take(&ledger, ErrandKind::Billing).await.unwrap();
    assert!(ledger.answer_errand(&errand, bill(&ledger, 1), Next::Done).await.unwrap());
    sri.does(&ledger, Subject::Application(no(1)), photo(BiometricStatus::Captured)).await;
    assert!(take(&ledger, ErrandKind::Billing).await.is_none());
}

async fn a_manifest_holds_five_hundred_booklets_and_the_rest_goes_with_the_next(place: &Place) {
    let ledger = place.office().await;
    let people = u32::try_from(PARCELS_MAX).unwrap() + 1;
    let ready = |n: u32| {
        let (booklet, shelf) = (format!("X{n:07}"), "A-01".to_owned());
        let report = ProductionReport { stage: ProductionStage::Ready, booklet, shelf, at: Timestamp(0) };
        let recipient = "CONTOH SATU".to_owned();
        let delivery = Delivery::Post { recipient, address: "Jalan Contoh 2".to_owned(), phone: String::new() };
        let made = about(n, "production", &format!("{}/1", no(n)), Event::ProductionReported { report });
        [made, about(n, "m-paspor", &format!("{}/d", no(n)), Event::DeliveryChosen { delivery })]
    };
    ledger.append_service(&knc(), |_, _| Ok((1..=people).flat_map(ready).collect())).await.unwrap();
    let first = ledger.make_manifest(&knc()).await.unwrap().unwrap();
    let second = ledger.make_manifest(&knc()).await.unwrap().unwrap();
    assert_eq!((first.parcels.len(), second.parcels.len()), (PARCELS_MAX, 1));
    assert_eq!((first.id.as_str(), second.id.as_str()), ("KNC-20261123-01", "KNC-20261123-02"));
    assert_eq!(ledger.make_manifest(&knc()).await.unwrap(), None);
    assert_eq!(ledger.manifest(&first.id).await.unwrap(), first);
    let sent = [(second.parcels[0].application.clone(), "SB1".to_owned())];
    for _ in 0..2 {
        ledger.dispatch(&second.id, &knc(), &sent).await.unwrap();
    }
    assert_eq!(ledger.manifest(&second.id).await.unwrap().parcels[0].tracking_no, "SB1");
    assert_eq!(count(&ledger, "done").await, 1);
    assert!(take(&ledger, ErrandKind::Tracking).await.is_some());
    assert!(matches!(ledger.manifest("KNC-20261123-09").await, Err(LedgerError::Absent("manifest"))));
}

/// The post's answer may take a day, and the list has been printed: the booklet is in the bag for the old address.
async fn what_is_on_a_manifest_goes_where_that_says(place: &Place) {
    let ledger = place.office().await;
    let post = |street: &str| {
        let (recipient, phone) = ("CONTOH SATU".to_owned(), String::new());
        Delivery::Post { recipient, address: street.to_owned(), phone }
    };
    let (booklet, shelf) = ("X0000001".to_owned(), "A-01".to_owned());
    let report = ProductionReport { stage: ProductionStage::Ready, booklet, shelf, at: Timestamp(0) };
    let ready = about(1, "production", "1", Event::ProductionReported { report });
    submits(&ledger, 1, Kind::New, vec![ready]).await.unwrap();
    ledger.choose_delivery(&no(1), post("Jalan Contoh 2")).await.unwrap();
    ledger.choose_delivery(&no(1), post("Jalan Contoh 3")).await.unwrap();
    let made = ledger.make_manifest(&knc()).await.unwrap().unwrap();
    assert_eq!(made.parcels[0].address, "Jalan Contoh 3");
    for wish in [post("Jalan Contoh 4"), Delivery::PickUp] {
        let refused = ledger.choose_delivery(&no(1), wish).await;
        assert!(matches!(refused, Err(LedgerError::Denied(Denied::AlreadyDispatched))), "{refused:?}");
    }
    ledger.choose_delivery(&no(1), post("Jalan Contoh 3")).await.unwrap();
    ledger.dispatch(&made.id, &knc(), &[(no(1), "SB1".to_owned())]).await.unwrap();
    let wish = ledger.view(&knc(), |w| w.applications[&no(1)].delivery.clone()).await.unwrap();
    assert_eq!(wish, Some(post("Jalan Contoh 3")), "what is shown is where it goes");
}

macro_rules! errand_stories {
    ($place:ident: $make:expr; $($story:ident)*) => {
        mod $place {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    super::$story(&$make).await;
                }
            )*
        }
    };
    ($place:ident: $make:expr) => {
        errand_stories! { $place: $make;
            an_application_and_its_errands_are_written_together_or_not_at_all
            an_errand_is_one_servers_until_its_lease_is_over
            of_many_servers_that_reach_for_the_same_errands_each_gets_others
            what_was_put_off_comes_up_when_its_time_has_come_and_what_was_given_up_never
            the_place_is_held_from_the_day_of_grace_to_the_end_of_the_bill
            a_bill_that_comes_after_the_place_is_gone_is_not_given_out
            what_is_paid_after_the_photo_is_billed_by_the_photo_once
            a_manifest_holds_five_hundred_booklets_and_the_rest_goes_with_the_next
            what_is_on_a_manifest_goes_where_that_says
        }
    };
}

errand_stories!(sqlite: Place::sqlite());
errand_stories!(postgres: Place::postgres().await);
