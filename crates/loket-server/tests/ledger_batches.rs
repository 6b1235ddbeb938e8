//! Many at once is the same as one by one: what an ask of two hundred commands leaves behind, what services write in
//! bulk, and what a woken desk hears from memory. Each story is told once for each database.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;

use std::collections::BTreeMap;
use std::sync::Arc;

use house::*;
use loket_core::act::{Act, Event, Subject};
use loket_core::application::{DocumentKind, FormField, Reason, Verdict};
use loket_core::id::{CounterNo, Digest, OfficerId};
use loket_core::office::CounterInfo;
use loket_core::sync::{
    AskAnswer, COMMANDS_PER_ASK_MAX, Cursor, Row, RowBody, RowHeader, RowOutcome, Stream, WINDOW_DAYS_AHEAD,
};
use loket_server::ledger::{Address, Heads, Ledger, RECENT_ROWS_MAX, ServiceRow};
use loket_server::publish::publish_day;

/// A new ledger that can be opened by several processes.
struct Place {
    dir: tempfile::TempDir,
    address: Address,
}

impl Place {
    fn sqlite() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let address = Address::Sqlite(loket_server::database(dir.path()));
        Place { dir, address }
    }

    /// A database of its own on the server that `LOKET_TEST_POSTGRES` names.
    async fn postgres() -> Place {
        let server = std::env::var("LOKET_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!("these stories need PostgreSQL: `cargo xtask postgres cargo nextest run -p loket-server`")
        });
        let name = format!("loket_{}", hex::encode(morning().chance::<8>()));
        let made = std::process::Command::new("createdb").args([&format!("--maintenance-db={server}"), &name]).status();
        assert!(made.unwrap().success(), "a database of its own");
        let url = server.rsplit_once('/').map(|(host, _)| format!("{host}/{name}")).unwrap();
        Place { dir: tempfile::tempdir().unwrap(), address: Address::parse(&url).unwrap() }
    }

    async fn open(&self) -> Arc<Ledger> {
        Ledger::open(&self.address, morning()).await.unwrap()
    }
}

/// Desk 1 at counter 1, desk 2 at counter 2, six people on today's list, and a call that desk 1 asked for.
async fn a_morning(place: &Place) -> (Arc<Ledger>, Desk, Desk) {
    let ledger = place.open().await;
    set_up(&ledger, place.dir.path(), "KNC").await;
    publish_people(&ledger, 6).await;
    let mut sri = Desk::enrol(&ledger, "sri.wulandari").await;
    let mut adi = Desk::enrol(&ledger, "adi.nugroho").await;
    // Stamped at the same moment wherever it is told, so that the bytes are the same.
    let eight = at("2026-11-23T01:00:00Z");
    let does = async |desk: &mut Desk, subject, act| {
        let stamped = desk.stamp(&desk.draft(eight, subject, act));
        assert_eq!(desk.delivers(&ledger, &stamped).await.outcome, RowOutcome::Applied);
    };
    let opens = |counter| Act::OpenCounter { counter: CounterNo(counter) };
    does(&mut sri, Subject::Office, opens(1)).await;
    does(&mut adi, Subject::Office, opens(2)).await;
    let blurred = verdict(Verdict::Reject { reason: Reason::Blurred });
    does(&mut adi, Subject::Application(no(1)), blurred).await;
    does(&mut adi, on("A-001"), arrives()).await;
    assert!(matches!(sri.asks(&ledger, "r1", 1).await, AskAnswer::Called { .. }));
    (ledger, sri, adi)
}

/// Two hundred commands of desk 1: applied, refused, disputed, quarantined, one that voids a call and one that moves
/// people to another counter, in the middle of ordinary work.
fn a_days_work(sri: &mut Desk) -> Vec<String> {
    let now = morning().now();
    let mut stamped = Vec::new();
    let case = |n| Subject::Application(no(n));
    let fields = [FormField::FullName, FormField::Nik, FormField::BirthPlace, FormField::BirthDate, FormField::Address];
    let checks = |n: u32| {
        let field = fields[n as usize % fields.len()];
        Act::CheckField { field, against: DocumentKind::Ktp, agrees: true }
    };
    for n in 0..COMMANDS_PER_ASK_MAX as u32 {
        let (subject, act) = match n {
            60 => (on("A-001"), call(1, Some("r1"))),
            80 => (on("A-002"), call(1, None)),
            100 => (case(1), verdict(Verdict::Accept)),
            140 => {
                let visits = vec![visit("A-004")];
                (Subject::Office, Act::Release { visits, from: CounterNo(1), to: CounterNo(2) })
            }
            150 => (on("A-004"), arrives()),
            _ => (case(1 + n % 6), checks(n)),
        };
        let mut command = sri.draft(now, subject, act);
        if n == 120 {
            command.officer = OfficerId::new("nobody").unwrap();
        }
        stamped.push(sri.stamp(&command));
    }
    stamped
}

/// What rows say, without what chance and the clock add.
type Saying = (Stream, u64, Subject, String, RowOutcome, Option<String>, Vec<Event>);

fn said(rows: Vec<Row>) -> Vec<Saying> {
    let one = |row: Row| {
        let (RowHeader { stream, seq, subject, origin, outcome, .. }, body) = row.open().unwrap();
        let RowBody { stamped, events, .. } = body.unwrap();
        (stream, seq, subject, serde_json::to_string(&origin).unwrap(), outcome, stamped, events)
    };
    rows.into_iter().map(one).filter(|(stream, ..)| *stream == Stream::Office).collect()
}

async fn two_hundred_commands_in_one_ask_give_the_rows_that_they_give_one_by_one(places: [&Place; 2]) {
    let (together, mut sri, _) = a_morning(places[0]).await;
    let (alone, ..) = a_morning(places[1]).await;
    let work = a_days_work(&mut sri);
    let at_once = together.append_commands(&knc(), sri.id, None, &work).await.unwrap();
    let mut one_by_one = Vec::new();
    for stamped in &work {
        one_by_one.push(sri.delivers(&alone, stamped).await);
    }
    assert_eq!(at_once.answers, one_by_one);
    let of = |outcome: fn(&RowOutcome) -> bool| at_once.answers.iter().filter(|a| outcome(&a.outcome)).count();
    assert_eq!(of(|o| matches!(o, RowOutcome::Refused { .. })), 1, "somebody else's share");
    assert_eq!(of(|o| matches!(o, RowOutcome::Disputed { .. })), 1, "the opposite verdict");
    assert_eq!(of(|o| matches!(o, RowOutcome::Quarantined { .. })), 1, "an unknown officer");
    let rows = async |ledger: &Ledger| said(ledger.since(&knc(), &BTreeMap::new()).await.unwrap().rows);
    let (left, right) = (rows(&together).await, rows(&alone).await);
    assert_eq!(left, right);
    let voided = left.iter().filter(|(.., events)| events.iter().any(|e| matches!(e, Event::CallVoided { .. })));
    assert_eq!(voided.count(), 1);
    let moved = left.iter().filter(|(.., events)| events.iter().any(|e| matches!(e, Event::ShareSet { .. })));
    assert_eq!(moved.count(), 1);
    agrees(&together).await;
    agrees(&alone).await;
}

async fn a_command_that_comes_twice_in_one_ask_has_one_row(places: [&Place; 2]) {
    let (ledger, mut sri, _) = a_morning(places[0]).await;
    let mut work = a_days_work(&mut sri);
    work.truncate(50);
    let before = ledger.heads(&knc()).await.unwrap()[&Stream::Office].seq;
    let twice: Vec<String> = work.iter().chain(&work).cloned().collect();
    let done = ledger.append_commands(&knc(), sri.id, None, &twice).await.unwrap();
    assert_eq!(done.answers[..50], done.answers[50..]);
    assert!(!done.cloned && done.gap.is_none());
    assert_eq!(ledger.heads(&knc()).await.unwrap()[&Stream::Office].seq, before + 50);
    agrees(&ledger).await;
}

fn counter_row(n: u32) -> ServiceRow {
    let counter = CounterInfo { no: CounterNo(200), service: format!("Paspor {n}") };
    ServiceRow {
        stream: Stream::Registry,
        name: "test",
        external_id: n.to_string(),
        subject: Subject::Office,
        events: vec![Event::CounterSet { counter }],
    }
}

async fn of_many_service_rows_each_is_written_once(places: [&Place; 2]) {
    let ledger = places[0].open().await;
    set_up(&ledger, places[0].dir.path(), "KNC").await;
    let before = ledger.heads(&knc()).await.unwrap()[&Stream::Registry].seq;
    let write = async |numbers: Vec<u32>| {
        let rows = numbers.into_iter().map(counter_row).collect();
        ledger.append_service(&knc(), |_, _| Ok(rows)).await.unwrap()
    };
    assert_eq!(write((0..120).collect()).await, 120);
    let some_known_some_twice: Vec<u32> = (60..260).chain(200..260).collect();
    assert_eq!(write(some_known_some_twice).await, 140);
    assert_eq!(ledger.heads(&knc()).await.unwrap()[&Stream::Registry].seq, before + 260);
    agrees(&ledger).await;
}

async fn a_woken_desk_hears_from_memory_what_the_database_has(places: [&Place; 2]) {
    let (ledger, mut sri, _) = a_morning(places[0]).await;
    // Somebody beyond the window: of those rows there is no body.
    let far = today() + chrono::Days::new(WINDOW_DAYS_AHEAD.unsigned_abs() + 4);
    book(&ledger, 90, far, "09:00", None, None).await;
    publish_day(&ledger, &knc(), far).await.unwrap();
    for work in a_days_work(&mut sri).chunks(COMMANDS_PER_ASK_MAX / 2) {
        ledger.append_commands(&knc(), sri.id, None, work).await.unwrap();
    }
    let other = places[0].open().await;
    let everything = other.since(&knc(), &BTreeMap::new()).await.unwrap();
    let cursors: Vec<(Stream, Cursor)> = everything
        .rows
        .iter()
        .map(|row| {
            let (RowHeader { stream, epoch, seq, .. }, _) = row.open().unwrap();
            (stream, Cursor { epoch, seq, leaf: row.leaf })
        })
        .collect();
    let (office, registry) = (Stream::Office, Stream::Registry);
    let of = |stream| cursors.iter().filter(move |(s, _)| *s == stream).map(|(_, at)| *at);
    let behind = |back: usize| -> Heads {
        BTreeMap::from([(office, of(office).rev().nth(back).unwrap()), (registry, of(registry).next_back().unwrap())])
    };
    assert!(ledger.since_in_memory(&knc(), &behind(0)).await.unwrap().is_none(), "nothing new");
    let mut without_body = 0;
    for back in [1, 2, 40, 199] {
        let memory = ledger.since_in_memory(&knc(), &behind(back)).await.unwrap().unwrap();
        let database = other.since(&knc(), &behind(back)).await.unwrap();
        assert_eq!((&memory.rows, &memory.heads), (&database.rows, &database.heads), "{back} rows behind");
        assert_eq!((memory.rows.len(), memory.start_over), (back, false));
        assert_eq!(ledger.since(&knc(), &behind(back)).await.unwrap().rows, database.rows);
        without_body += memory.rows.iter().filter(|r| r.body.is_none()).count();
    }
    let late =
        BTreeMap::from([(office, of(office).next_back().unwrap()), (registry, of(registry).rev().nth(1).unwrap())]);
    let memory = ledger.since_in_memory(&knc(), &late).await.unwrap().unwrap();
    without_body += memory.rows.iter().filter(|r| r.body.is_none()).count();
    assert!(without_body > 0, "the far booking is outside the window");
    let mut stranger = behind(3);
    stranger.get_mut(&office).unwrap().leaf = Digest::of(b"another line");
    assert!(
        ledger.since_in_memory(&knc(), &stranger).await.unwrap().is_none(),
        "not on this line: the database is asked"
    );
    assert!(ledger.since(&knc(), &stranger).await.unwrap().start_over);
    assert!(ledger.since_in_memory(&knc(), &BTreeMap::new()).await.unwrap().is_none(), "from the beginning");
}

async fn memory_holds_so_many_rows_and_the_database_has_the_others(places: [&Place; 2]) {
    let ledger = places[0].open().await;
    set_up(&ledger, places[0].dir.path(), "KNC").await;
    let start = ledger.heads(&knc()).await.unwrap();
    let rows = (0..RECENT_ROWS_MAX as u32 + 1).map(counter_row).collect();
    ledger.append_service(&knc(), |_, _| Ok(rows)).await.unwrap();
    assert!(ledger.since_in_memory(&knc(), &start).await.unwrap().is_none());
    let since = ledger.since(&knc(), &start).await.unwrap();
    assert_eq!(since.rows.len(), RECENT_ROWS_MAX + 1);
    let (RowHeader { stream, epoch, seq, .. }, _) = since.rows[1].open().unwrap();
    let mut nearer = start.clone();
    nearer.insert(stream, Cursor { epoch, seq, leaf: since.rows[1].leaf });
    let memory = ledger.since_in_memory(&knc(), &nearer).await.unwrap().unwrap();
    assert_eq!(memory.rows, since.rows[2..]);
}

macro_rules! told_for {
    ($place:ident: $make:expr; $($story:ident)*) => {
        mod $place {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    super::$story([&$make, &$make]).await;
                }
            )*
        }
    };
    ($place:ident: $make:expr) => {
        told_for! { $place: $make;
            two_hundred_commands_in_one_ask_give_the_rows_that_they_give_one_by_one
            a_command_that_comes_twice_in_one_ask_has_one_row
            of_many_service_rows_each_is_written_once
            a_woken_desk_hears_from_memory_what_the_database_has
            memory_holds_so_many_rows_and_the_database_has_the_others
        }
    };
}

told_for!(sqlite: Place::sqlite());
told_for!(postgres: Place::postgres().await);
