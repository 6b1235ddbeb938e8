//! What a desk shows after an answer: history, and on top its own work that the centre has not passed yet, each act as
//! it was decided. Taking an answer in touches only what has changed; that must come to the same as laying everything
//! anew, which is what signing in does.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

use std::collections::BTreeMap;
use std::sync::Arc;

use loket_core::act::{Act, CheckInHow, Subject};
use loket_core::id::{ApplicationNo, CounterNo, DeskId, Digest, OfficerId, ReceiptNo};
use loket_core::sync::{COMMANDS_PER_ASK_MAX, Row, RowOutcome, Stream};
use loket_core::world::Aggregate;
use loket_desk::courier::{self, Courier};
use loket_desk::store::{Store, fault_of};
use loket_desk::vault::{Device, FileKeystore};
use loket_server::ledger::Heads;
use loket_tests::crowd::{Person, Town};
use loket_tests::office::{morning, wait};

struct Desk {
    store: Arc<Store>,
    env: loket_desk::env::Env,
    officer: (OfficerId, &'static str),
    folder: tempfile::TempDir,
}

impl Desk {
    async fn enrol(town: &Town, officer: &str, password: &'static str) -> Desk {
        let (folder, env) = (tempfile::tempdir().unwrap(), loket_desk::env::Env::real().starting_at(morning()));
        let device = Device::load(&FileKeystore(folder.path().join("device.key"))).unwrap();
        let store = Arc::new(Store::open(folder.path(), device).await.unwrap());
        let code = town.server.enrolment_code(&town.offices[0]).await.unwrap();
        let (identity, signing, token, snapshot) = courier::enrol(&town.url(), &code, "W-Uji", env).await.unwrap();
        store.enrol(identity, signing, token, snapshot).await.unwrap();
        let desk = Desk { store, env, officer: (OfficerId::new(officer).unwrap(), password), folder };
        desk.sign_in().await;
        desk
    }

    async fn sign_in(&self) {
        let (officer, password) = &self.officer;
        self.store.sign_in(officer, (*password).to_owned(), self.env.now()).await.unwrap();
    }

    async fn id(&self) -> DeskId {
        self.store.state().await.identity.as_ref().unwrap().desk
    }

    async fn does(&self, subject: &Subject, act: Act) {
        let done = self.store.record(subject, act, self.env.now()).await;
        done.unwrap_or_else(|e| panic!("{:?}", fault_of(&e)));
    }

    /// Works through a case up to its receipt.
    async fn works_on(&self, person: &Person, counter: u8) {
        for (subject, act) in self.acts(person, counter).await.into_iter().take(25) {
            self.does(&subject, act).await;
        }
    }

    async fn acts(&self, person: &Person, counter: u8) -> Vec<(Subject, Act)> {
        let state = self.store.state().await;
        let identity = state.identity.as_ref().unwrap();
        let number =
            ReceiptNo { office: identity.office.clone(), year: identity.series_year, desk: identity.desk, serial: 1 };
        person.acts(CounterNo(counter), &number)
    }

    async fn sees(&self) -> (Vec<Aggregate>, loket_core::world::World) {
        let state = self.store.state().await;
        let layers = &state.work.as_ref().unwrap().layers;
        (layers.over(), layers.base.clone())
    }

    /// The same after everything was laid anew from what is on the disk.
    async fn sees_after_signing_in_again(&self) -> (Vec<Aggregate>, loket_core::world::World) {
        self.store.sign_out().await;
        self.sign_in().await;
        self.sees().await
    }

    async fn cursors(&self) -> Heads {
        self.store.state().await.received.clone()
    }
}

/// Sends some of a desk's work to the centre, by hand; the answer is taken in with so many of the rows.
async fn sends(town: &Town, desk: &Desk, count: usize, rows: impl Fn(Vec<Row>) -> Vec<Row>) -> Vec<RowOutcome> {
    let (ledger, office) = (town.server.ledger(), &town.offices[0]);
    let work: Vec<String> = desk.store.batch(0).await.unwrap().into_iter().take(count).collect();
    let done = ledger.append_commands(office, desk.id().await, None, &work).await.unwrap();
    let since = ledger.since(office, &desk.cursors().await).await.unwrap();
    let outcomes = done.answers.iter().map(|a| a.outcome.clone()).collect();
    desk.store.absorb(&done.answers, &rows(since.rows), desk.env.now()).await.unwrap();
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_an_answer_in_comes_to_the_same_as_laying_everything_anew() {
    let data = tempfile::tempdir().unwrap();
    let town = Town::open(data.path(), None, 1, 3).await.unwrap();
    let people = town.people(&town.offices[0], 0..6).await.unwrap();
    let sri = Desk::enrol(&town, "sri.wulandari", "melati-contoh-1").await;
    let adi = Desk::enrol(&town, "adi.nugroho", "kenanga-contoh-2").await;
    let share = |counter| Act::OpenCounter { counter: CounterNo(counter) };
    sri.does(&Subject::Office, share(1)).await;
    sri.works_on(&people[0], 1).await;
    // What this means for visits lies on top too, until the rows of the centre say so.
    let given = people[3].visit.clone();
    let release = Act::Release { visits: vec![given.clone()], from: CounterNo(1), to: CounterNo(2) };
    sri.does(&Subject::Office, release).await;
    sri.does(&Subject::Visit(people[4].visit.clone()), Act::CheckIn { how: CheckInHow::Qr }).await;
    adi.does(&Subject::Office, share(2)).await;
    adi.does(&Subject::Visit(people[4].visit.clone()), Act::CheckIn { how: CheckInHow::Name }).await;
    adi.works_on(&people[1], 2).await;

    let agrees = async |desk: &Desk, when: &str| {
        let seen = desk.sees().await;
        let anew = desk.sees_after_signing_in_again().await;
        assert!(seen.0 == anew.0, "{when}: what lies on top");
        assert!(seen.1 == anew.1, "{when}: history");
        seen.0.len()
    };
    let mut most = agrees(&sri, "before the line is there").await;
    sends(&town, &adi, 200, |rows| rows).await;
    // Answered, and no rows yet; then a part of the rows; then, bit by bit, the others.
    sends(&town, &sri, 5, |_| Vec::new()).await;
    most = most.max(agrees(&sri, "answered without rows").await);
    sends(&town, &sri, 7, |rows| rows.into_iter().take(9).collect()).await;
    most = most.max(agrees(&sri, "some rows of somebody else").await);
    while sri.store.state().await.unsent().next().is_some() {
        sends(&town, &sri, 4, |rows| rows.into_iter().take(11).collect()).await;
        most = most.max(agrees(&sri, "bit by bit").await);
    }
    sends(&town, &sri, 0, |rows| rows).await;
    assert_eq!(agrees(&sri, "everything has come").await, 0, "nothing is on top any more");
    assert!(most >= 4, "office, two visits and a case lay on top: {most}");
    let world = town.server.ledger().view(&town.offices[0], Clone::clone).await.unwrap();
    assert!(sri.sees().await.1 == world);
    assert_eq!(world.visits[&given].state.share, Some(CounterNo(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_answer_leaves_the_view_as_it_was() {
    let data = tempfile::tempdir().unwrap();
    let town = Town::open(data.path(), None, 1, 3).await.unwrap();
    let people = town.people(&town.offices[0], 0..2).await.unwrap();
    let sri = Desk::enrol(&town, "sri.wulandari", "melati-contoh-1").await;
    sri.works_on(&people[0], 1).await;
    let work = sri.store.batch(0).await.unwrap();
    let (ledger, office) = (town.server.ledger(), &town.offices[0]);
    let done = ledger.append_commands(office, sri.id().await, None, &work).await.unwrap();
    let rows = ledger.since(office, &sri.cursors().await).await.unwrap().rows;
    let before = sri.sees().await;
    let mut bent = rows.clone();
    bent[10].salt = "00".repeat(16);
    let hole: Vec<Row> = rows.iter().enumerate().filter(|(i, _)| *i != 10).map(|(_, r)| r.clone()).collect();
    for wrong in [bent, hole] {
        assert!(sri.store.absorb(&done.answers, &wrong, sri.env.now()).await.is_err());
        assert!(sri.sees().await == before);
        assert_eq!(sri.store.batch(0).await.unwrap(), work, "still to be sent");
        assert!(sri.sees_after_signing_in_again().await == before);
    }
    sri.store.absorb(&done.answers, &rows, sri.env.now()).await.unwrap();
    assert!(sri.store.batch(0).await.unwrap().is_empty());
    assert_eq!(sri.sees().await.0.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_several_asks_goes_out_and_comes_in_elsewhere_with_nothing_twice() {
    let data = tempfile::tempdir().unwrap();
    let town = Town::open(data.path(), None, 1, 3).await.unwrap();
    let cases = 2 * COMMANDS_PER_ASK_MAX as u32 / 25 + 4;
    let people = town.people(&town.offices[0], 0..cases).await.unwrap();
    let sri = Desk::enrol(&town, "sri.wulandari", "melati-contoh-1").await;
    let adi = Desk::enrol(&town, "adi.nugroho", "kenanga-contoh-2").await;
    for (person, counter) in people.iter().zip((4..).step_by(1)) {
        sri.works_on(person, counter).await;
    }
    let n = sri.store.state().await.head.n;
    assert!(n as usize > 2 * COMMANDS_PER_ASK_MAX, "more than two asks: {n}");
    let (ledger, office) = (Arc::clone(town.server.ledger()), town.offices[0].clone());
    for desk in [&sri, &adi] {
        let courier = Courier::new(Arc::clone(&desk.store), desk.env, tokio::sync::broadcast::channel(64).0);
        courier.work.notify_one();
        let running = tokio::spawn(courier.run());
        wait("a desk to have sent and heard everything", async || {
            let heads = ledger.heads(&office).await.unwrap();
            let state = desk.store.state().await;
            let unsent = state.unsent().count();
            unsent == 0 && state.absorbed == heads
        })
        .await
        .unwrap();
        running.abort();
    }
    let world = ledger.view(&office, Clone::clone).await.unwrap();
    for desk in [&sri, &adi] {
        let (over, base) = desk.sees().await;
        assert!(over.is_empty() && base == world);
        assert!(desk.sees_after_signing_in_again().await.1 == world, "and so it is on the disk");
    }
    let rows = ledger.since(&office, &BTreeMap::new()).await.unwrap().rows;
    let mut of_sri: BTreeMap<u64, u32> = BTreeMap::new();
    for row in &rows {
        let (header, _) = row.open().unwrap();
        if let Some(command) = header.origin.command() {
            assert_eq!((header.stream, header.outcome), (Stream::Office, RowOutcome::Applied));
            *of_sri.entry(command.n).or_default() += 1;
        }
    }
    assert!(of_sri.values().all(|times| *times == 1));
    assert_eq!(of_sri.keys().copied().collect::<Vec<_>>(), (1..=n).collect::<Vec<_>>());
    let last: &ApplicationNo = &people[people.len() - 1].no;
    assert!(world.applications[last].interviews.len() == 1);
    assert_ne!(sri.store.state().await.head.digest, Digest::ZERO);
    drop((sri.folder, adi.folder));
}
