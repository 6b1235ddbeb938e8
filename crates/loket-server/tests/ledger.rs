//! The contract of a ledger, whatever database is below it. Each story gets a place that can open the same ledger again
//! and again, and is told once for each database.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use house::place::{Place, Postgres, Sqlite};
use house::*;
use loket_core::act::{Act, ApplicationOutcome, CommandRef, Event, Subject};
use loket_core::application::{
    Application, Appointment, CancelledBy, Duplicate, Payment, PaymentState, PlaceKind, Priority, Reason,
    SpecialGround, Verdict,
};
use loket_core::id::{CounterNo, Digest, Epoch, OfficeCode, OfficerId, RequestId, RulesVersion, Timestamp};
use loket_core::nik::Nik;
use loket_core::refusal::Refusal;
use loket_core::sync::{AskAnswer, Cursor, Quarantine, RowHeader, RowOutcome, Stream};
use loket_core::visit::{HoldReason, Outcome, Presence, Stage};
use loket_core::world::{Related, World};
use loket_server::database;
use loket_server::intake::PAYMENT_DUE_MS;
use loket_server::ledger::{Address, Arrived, Denied, Ledger, LedgerError, NewCase, NewPlace, Wanted};
use loket_server::publish::publish_day;

async fn office(place: &impl Place) -> Arc<Ledger> {
    let ledger = place.open().await;
    set_up(&ledger, place.folder(), "KNC").await;
    ledger
}

/// Two desks with open counters 1 and 2, and people on today's list: counter 1 has; 2 has.
async fn two_counters(place: &impl Place, people: u32) -> (Arc<Ledger>, Desk, Desk) {
    let ledger = office(place).await;
    publish_people(&ledger, people).await;
    let mut sri = Desk::enrol(&ledger, "sri.wulandari").await;
    let mut adi = Desk::enrol(&ledger, "adi.nugroho").await;
    sri.opens(&ledger, 1).await;
    adi.opens(&ledger, 2).await;
    (ledger, sri, adi)
}

async fn an_office_taken_in_twice_writes_no_second_row(place: &impl Place) {
    let ledger = place.open().await;
    assert!(set_up(&ledger, place.folder(), "KNC").await > 5);
    let before = ledger.heads(&knc()).await.unwrap();
    assert_eq!(set_up(&ledger, place.folder(), "KNC").await, 0);
    assert_eq!(ledger.heads(&knc()).await.unwrap(), before);
}

async fn whoever_watches_is_told_that_it_can_be_written_and_how_far_the_streams_are(place: &impl Place) {
    let ledger = office(place).await;
    let heads = ledger.heads(&knc()).await.unwrap();
    ledger.can_write().await.unwrap();
    assert!(ledger.is_current().await.unwrap());
    let rows = ledger.stream_rows().await.unwrap();
    assert_eq!(rows, heads.iter().map(|(stream, at)| (knc(), *stream, at.seq)).collect::<Vec<_>>());
    assert_eq!(ledger.heads(&knc()).await.unwrap(), heads, "looking changes nothing");
    ledger.close().await;
    assert!(ledger.can_write().await.is_err() && ledger.is_current().await.is_err());
}

async fn a_repeat_is_answered_with_the_stored_outcome(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 1).await;
    let stamped = {
        let command = sri.draft(ledger.env().now(), on("A-001"), arrives());
        sri.stamp(&command)
    };
    let first = sri.delivers(&ledger, &stamped).await;
    let heads = ledger.heads(&knc()).await.unwrap();
    let again = sri.delivers(&ledger, &stamped).await;
    assert_eq!(serde_json::to_string(&first).unwrap(), serde_json::to_string(&again).unwrap());
    assert_eq!(ledger.heads(&knc()).await.unwrap(), heads, "one row");
}

async fn a_hole_is_named_and_nothing_after_it_is_stored(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 2).await;
    let lost = sri.draft(ledger.env().now(), on("A-001"), arrives());
    let lost = sri.stamp(&lost);
    let next = sri.draft(ledger.env().now(), on("A-002"), arrives());
    let next = sri.stamp(&next);
    let done = ledger.append_command(&knc(), sri.id, &next).await.unwrap();
    assert_eq!((done.gap, done.answers.len()), (Some(2), 0));
    let both = ledger.append_commands(&knc(), sri.id, None, &[lost, next]).await.unwrap();
    assert_eq!(both.answers.iter().map(|a| a.n).collect::<Vec<_>>(), [2, 3]);
}

async fn the_same_number_with_other_bytes_is_a_clone(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 2).await;
    let mut clone = sri.clone();
    sri.does(&ledger, on("A-001"), arrives()).await;
    let other = clone.draft(ledger.env().now(), on("A-002"), arrives());
    let other = clone.stamp(&other);
    let next = clone.draft(ledger.env().now(), on("A-001"), arrives());
    let next = clone.stamp(&next);
    let heads = ledger.heads(&knc()).await.unwrap();
    let done = ledger.append_commands(&knc(), sri.id, None, &[other, next]).await.unwrap();
    assert!(done.cloned && done.answers.is_empty());
    assert_eq!(ledger.heads(&knc()).await.unwrap(), heads, "set aside, not stored");
    assert_eq!(sri.does(&ledger, on("A-002"), arrives()).await, RowOutcome::Applied, "the stored line goes on");
}

async fn a_chain_that_does_not_link_is_a_clone(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 1).await;
    sri.prev = Digest::of(b"another past");
    let command = sri.draft(ledger.env().now(), on("A-001"), arrives());
    let done = ledger.append_command(&knc(), sri.id, &command.stamp()).await.unwrap();
    assert!(done.cloned && done.answers.is_empty());
}

async fn a_head_the_centre_does_not_know_gives_a_clone_away(place: &impl Place) {
    let (ledger, sri, _) = two_counters(place, 1).await;
    let known = loket_core::sync::ChainHead { n: 1, digest: sri.prev };
    assert!(!ledger.append_commands(&knc(), sri.id, Some(known), &[]).await.unwrap().cloned);
    let other = loket_core::sync::ChainHead { n: 1, digest: Digest::of(b"other") };
    assert!(ledger.append_commands(&knc(), sri.id, Some(other), &[]).await.unwrap().cloned);
}

async fn of_two_opposite_verdicts_the_first_stands_and_the_second_is_kept_as_disputed(place: &impl Place) {
    let (ledger, mut sri, mut adi) = two_counters(place, 1).await;
    let case = Subject::Application(no(1));
    assert_eq!(sri.does(&ledger, case.clone(), verdict(Verdict::Accept)).await, RowOutcome::Applied);
    let reject = verdict(Verdict::Reject { reason: Reason::Blurred });
    let outcome = adi.does(&ledger, case, reject).await;
    assert!(matches!(outcome, RowOutcome::Disputed { because: Refusal::AlreadyDecided { .. } }), "{outcome:?}");
    let disputes = ledger.view(&knc(), |w| w.application(&no(1)).unwrap().open_disputes().count()).await.unwrap();
    assert_eq!(disputes, 1);
}

async fn a_fact_about_somebody_unknown_is_kept_as_disputed(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 1).await;
    let outcome = sri.does(&ledger, on("A-999"), arrives()).await;
    assert_eq!(outcome, RowOutcome::Disputed { because: Refusal::Unknown });
    agrees(&ledger).await;
}

async fn after_a_reclaim_the_old_holders_claim_is_refused(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 3).await;
    let mut maya = Desk::enrol(&ledger, "maya.lestari").await;
    maya.does(&ledger, on("A-001"), arrives()).await;
    let reclaim = Act::Reclaim { from: CounterNo(1), to: CounterNo(2), reason: "listrik mati".to_owned() };
    assert_eq!(maya.does(&ledger, Subject::Office, reclaim).await, RowOutcome::Applied);
    let outcome = sri.does(&ledger, on("A-001"), call(1, None)).await;
    assert_eq!(outcome, RowOutcome::Refused { because: Refusal::ShareReclaimed { counter: CounterNo(2) } });
    agrees(&ledger).await;
}

async fn one_request_calls_one_person_however_often_it_is_asked(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 5).await;
    for ticket in ["A-004", "A-001"] {
        sri.does(&ledger, on(ticket), arrives()).await;
    }
    let first = sri.asks(&ledger, "r1", 1).await;
    assert_eq!(first, AskAnswer::Called { visit: visit("A-001") });
    assert_eq!(sri.asks(&ledger, "r1", 1).await, first);
    let busy = sri.asks(&ledger, "r2", 1).await;
    assert!(matches!(busy, AskAnswer::No { because: Refusal::CounterBusy { .. } }), "{busy:?}");
    agrees(&ledger).await;
}

async fn nobody_is_called_online_who_is_not_known_to_be_here(place: &impl Place) {
    let (ledger, sri, _) = two_counters(place, 3).await;
    ledger.env().advance_ms(5 * 3600 * 1000);
    assert_eq!(sri.asks(&ledger, "r1", 1).await, AskAnswer::No { because: Refusal::NobodyWaiting });
}

async fn only_who_holds_a_counter_may_call_to_it(place: &impl Place) {
    let (ledger, sri, _) = two_counters(place, 3).await;
    assert_eq!(sri.asks(&ledger, "r1", 2).await, AskAnswer::No { because: Refusal::CounterNotOpen });
}

async fn a_call_made_instead_of_an_ask_voids_what_the_ask_did(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 5).await;
    for ticket in ["A-001", "A-004"] {
        sri.does(&ledger, on(ticket), arrives()).await;
    }
    assert_eq!(sri.asks(&ledger, "r1", 1).await, AskAnswer::Called { visit: visit("A-001") });
    // The answer was lost; the desk fell back to what it saw.
    assert_eq!(sri.does(&ledger, on("A-004"), call(1, Some("r1"))).await, RowOutcome::Applied);
    let (first, fourth) = ledger
        .view(&knc(), |w| {
            let stage = |t| w.visit(&visit(t)).unwrap().stage().clone();
            (stage("A-001"), stage("A-004"))
        })
        .await
        .unwrap();
    assert!(matches!(first, Stage::Waiting { .. }) && matches!(fourth, Stage::Called { .. }), "{first:?} {fourth:?}");
    assert_eq!(sri.asks(&ledger, "r1", 1).await, AskAnswer::Void);
    agrees(&ledger).await;
}

async fn an_ask_that_comes_after_the_call_that_replaced_it_does_nothing(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 5).await;
    sri.does(&ledger, on("A-001"), arrives()).await;
    assert_eq!(sri.does(&ledger, on("A-001"), call(1, Some("r1"))).await, RowOutcome::Applied);
    let heads = ledger.heads(&knc()).await.unwrap();
    assert_eq!(sri.asks(&ledger, "r1", 1).await, AskAnswer::Void);
    assert_eq!(ledger.heads(&knc()).await.unwrap(), heads);
}

async fn the_share_of_a_counter_that_nobody_holds_is_free(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 3).await;
    sri.does(&ledger, on("A-003"), arrives()).await;
    assert_eq!(sri.asks(&ledger, "r1", 1).await, AskAnswer::Called { visit: visit("A-003") });
    let share = ledger.view(&knc(), |w| w.visit(&visit("A-003")).unwrap().state.share).await.unwrap();
    assert_eq!(share, Some(CounterNo(1)));
    agrees(&ledger).await;
}

async fn from_a_held_share_nobody_is_taken_but_its_holder_is_asked(place: &impl Place) {
    let (ledger, mut sri, mut adi) = two_counters(place, 5).await;
    for ticket in ["A-002", "A-005"] {
        sri.does(&ledger, on(ticket), arrives()).await;
    }
    assert_eq!(sri.asks(&ledger, "r1", 1).await, AskAnswer::No { because: Refusal::NobodyWaiting });
    let (wanted, fresh) = ledger.wanted(&knc(), adi.id).await.unwrap();
    assert!(fresh && wanted.len() == 1 && wanted[0].visits == [visit("A-005")], "{wanted:?}");
    assert!(!ledger.wanted(&knc(), adi.id).await.unwrap().1, "told once, woken once");
    let wish = wanted[0].clone();
    adi.does(&ledger, Subject::Office, Act::Release { visits: wish.visits, from: wish.from, to: wish.to }).await;
    assert!(ledger.wanted(&knc(), adi.id).await.unwrap().0.is_empty(), "granted");
    assert_eq!(sri.asks(&ledger, "r2", 1).await, AskAnswer::Called { visit: visit("A-005") });
    agrees(&ledger).await;
}

async fn a_wish_is_forgotten_after_half_a_minute(place: &impl Place) {
    let (ledger, mut sri, adi) = two_counters(place, 2).await;
    sri.does(&ledger, on("A-002"), arrives()).await;
    sri.asks(&ledger, "r1", 1).await;
    ledger.env().advance_ms(30_001);
    assert!(ledger.wanted(&knc(), adi.id).await.unwrap().0.is_empty());
}

async fn what_must_not_count_is_quarantined_and_kept(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 2).await;
    let now = ledger.env().now();
    let mut check = Vec::new();
    let mut next = |change: &dyn Fn(&mut loket_core::act::Command)| {
        let mut command = sri.draft(now, on("A-001"), arrives());
        change(&mut command);
        sri.stamp(&command)
    };
    check.push((Quarantine::OfficerUnknown, next(&|c| c.officer = OfficerId::new("nobody").unwrap())));
    check.push((Quarantine::UnknownRules, next(&|c| c.rules = RulesVersion(9))));
    check.push((Quarantine::FutureClock, next(&|c| c.at = now.plus_ms(25 * 3600 * 1000))));
    for (why, stamped) in check {
        assert_eq!(sri.delivers(&ledger, &stamped).await.outcome, RowOutcome::Quarantined { why });
    }
    let text = sri.draft(now, on("A-001"), arrives()).stamp().replace("check_in", "teleport");
    let kept = sri.delivers(&ledger, &text).await;
    assert_eq!(kept.outcome, RowOutcome::Quarantined { why: Quarantine::UnknownKind });
    (sri.n, sri.prev) = (kept.n, Digest::of(text.as_bytes()));
    loket_server::people::revoke_officer(&ledger, &knc(), &sri.officer).await.unwrap();
    let revoked = sri.does(&ledger, on("A-001"), arrives()).await;
    assert_eq!(revoked, RowOutcome::Quarantined { why: Quarantine::OfficerRevoked });
    ledger.revoke_desk(&knc(), sri.id).await.unwrap();
    let revoked = sri.does(&ledger, on("A-001"), arrives()).await;
    assert_eq!(revoked, RowOutcome::Quarantined { why: Quarantine::DeskRevoked });
    let stage = ledger.view(&knc(), |w| w.visit(&visit("A-001")).unwrap().stage().clone()).await.unwrap();
    assert_eq!(stage, Stage::Expected);
    agrees(&ledger).await;
}

async fn eight_desks_at_once_get_one_dense_sequence(place: &impl Place) {
    let ledger = office(place).await;
    publish_people(&ledger, 8).await;
    let start = ledger.heads(&knc()).await.unwrap()[&Stream::Office].seq;
    let mut working = Vec::new();
    for i in 1..=8 {
        let mut desk = Desk::enrol(&ledger, "sri.wulandari").await;
        let ledger = ledger.clone();
        working.push(tokio::spawn(async move {
            for _ in 0..10 {
                desk.does(&ledger, on(&format!("A-{i:03}")), arrives()).await;
            }
        }));
    }
    for desk in working {
        desk.await.unwrap();
    }
    let since = ledger.since(&knc(), &BTreeMap::new()).await.unwrap();
    let headers = since.rows.iter().map(|r| serde_json::from_str::<RowHeader>(&r.header).unwrap());
    let seqs: Vec<u64> = headers.filter(|h| h.stream == Stream::Office).map(|h| h.seq).collect();
    assert_eq!(seqs, (1..=start + 80).collect::<Vec<_>>());
    agrees(&ledger).await;
}

async fn a_restart_keeps_everything(place: &impl Place) {
    let (ledger, mut sri, _) = two_counters(place, 2).await;
    sri.does(&ledger, on("A-001"), arrives()).await;
    sri.does(&ledger, Subject::Application(no(1)), verdict(Verdict::Accept)).await;
    let before = ledger.view(&knc(), Clone::clone).await.unwrap();
    let heads = ledger.heads(&knc()).await.unwrap();
    ledger.close().await;
    let ledger = place.open().await;
    assert_eq!(ledger.view(&knc(), Clone::clone).await.unwrap(), before);
    assert_eq!(ledger.heads(&knc()).await.unwrap(), heads);
    agrees(&ledger).await;
    assert!(matches!(sri.does(&ledger, on("A-002"), arrives()).await, RowOutcome::Applied));
}

async fn what_another_process_wrote_is_seen(place: &impl Place) {
    let (serving, mut sri, _) = two_counters(place, 0).await;
    let mut moved = serving.moved(&knc()).await.unwrap();
    let admin = place.open().await;
    publish_people(&admin, 1).await;
    moved.mark_unchanged();
    serving.look_at_heads().await.unwrap();
    assert!(moved.has_changed().unwrap(), "whoever waits is woken");
    assert_eq!(sri.does(&serving, on("A-001"), arrives()).await, RowOutcome::Applied);
    agrees(&serving).await;
    agrees(&admin).await;
}

async fn bodies_go_out_for_the_window_only(place: &impl Place) {
    let ledger = office(place).await;
    let days = |n: i64| today() + chrono::Duration::days(n);
    for (n, day) in [(1, days(-4)), (2, days(-3)), (3, days(10)), (4, days(11))] {
        book(&ledger, n, day, "09:00", None, None).await;
        publish_day(&ledger, &knc(), day).await.unwrap();
    }
    let since = ledger.since(&knc(), &BTreeMap::new()).await.unwrap();
    let with_body = |subject: Subject| {
        let of = |r: &&loket_core::sync::Row| serde_json::from_str::<RowHeader>(&r.header).unwrap().subject == subject;
        since.rows.iter().find(of).unwrap().body.is_some()
    };
    assert_eq!([1, 2, 3, 4].map(|n| with_body(Subject::Application(no(n)))), [false, true, true, false]);
    assert!(with_body(Subject::Office));
    for row in &since.rows {
        assert!(row.open().is_ok(), "with or without a body a row proves itself");
    }
    let mut sri = Desk::enrol(&ledger, "sri.wulandari").await;
    sri.does(&ledger, Subject::Application(no(4)), verdict(Verdict::Accept)).await;
    let snapshot = ledger.snapshot(&knc(), sri.id).await.unwrap();
    let subjects: Vec<Subject> = snapshot.aggregates.iter().map(|a| a.subject()).collect();
    assert!(subjects.contains(&Subject::Application(no(4))), "an open case is in every window");
    assert!(!subjects.contains(&Subject::Application(no(1))));
    assert_eq!(snapshot.head.n, 1);
}

async fn a_cursor_of_another_line_starts_over(place: &impl Place) {
    let ledger = office(place).await;
    let good = ledger.heads(&knc()).await.unwrap();
    let since = |cursor: Cursor| {
        let mut cursors = good.clone();
        cursors.insert(Stream::Registry, cursor);
        let ledger = ledger.clone();
        async move { ledger.since(&knc(), &cursors).await.unwrap().start_over }
    };
    let head = good[&Stream::Registry];
    assert!(!since(head).await);
    assert!(since(Cursor { leaf: Digest::of(b"x"), ..head }).await, "another leaf");
    assert!(since(Cursor { seq: head.seq - 1, ..head }).await, "another leaf further back");
    assert!(since(Cursor { seq: head.seq + 1, ..head }).await, "beyond the head");
    assert!(since(Cursor { epoch: Epoch(2), ..head }).await, "another epoch");
    assert!(since(Cursor { seq: u64::MAX, ..head }).await, "absurd");
    assert!(!since(Cursor::start(Epoch(1))).await, "from the beginning");
}

async fn a_second_publication_only_adds(place: &impl Place) {
    let ledger = office(place).await;
    book(&ledger, 1, today(), "10:00", None, None).await;
    book(&ledger, 2, today(), "09:00", None, None).await;
    book(&ledger, 3, today(), "09:30", None, Some(Priority::Elderly)).await;
    assert_eq!(publish_day(&ledger, &knc(), today()).await.unwrap(), 3);
    let first = ledger.view(&knc(), |w| w.visits.clone()).await.unwrap();
    let ticket_of = |n| first.values().find(|v| v.plan.as_ref().unwrap().applications == [no(n)]).map(|v| v.id.clone());
    assert_eq!([1, 2, 3].map(ticket_of), ["A-002", "A-001", "P-001"].map(|t| Some(visit(t))));
    assert_eq!(publish_day(&ledger, &knc(), today()).await.unwrap(), 0);
    book(&ledger, 4, today(), "08:00", None, None).await;
    assert_eq!(publish_day(&ledger, &knc(), today()).await.unwrap(), 1);
    let second = ledger.view(&knc(), |w| w.visits.clone()).await.unwrap();
    assert!(first.iter().all(|(id, v)| second[id] == *v), "a published number never goes to another person");
    assert_eq!(second[&visit("A-003")].plan.as_ref().unwrap().applications, [no(4)]);
    agrees(&ledger).await;
}

async fn a_family_of_six_is_two_visits(place: &impl Place) {
    let ledger = office(place).await;
    for n in 1..=6 {
        book(&ledger, n, today(), "09:00", Some("family"), None).await;
    }
    assert_eq!(publish_day(&ledger, &knc(), today()).await.unwrap(), 2);
    let sizes = ledger
        .view(&knc(), |w| w.visits.values().map(|v| v.plan.as_ref().unwrap().applications.len()).collect::<Vec<_>>())
        .await
        .unwrap();
    assert_eq!(sizes, [5, 1]);
}

async fn the_plan_goes_round_the_counters(place: &impl Place) {
    let ledger = office(place).await;
    publish_people(&ledger, 4).await;
    let counters = ledger
        .view(&knc(), |w| w.visits.values().map(|v| v.plan.as_ref().unwrap().counter.0).collect::<Vec<_>>())
        .await
        .unwrap();
    assert_eq!(counters, [1, 2, 3, 1]);
}

async fn a_service_row_is_written_once(place: &impl Place) {
    let ledger = office(place).await;
    book(&ledger, 1, today(), "09:00", None, None).await;
    let heads = ledger.heads(&knc()).await.unwrap();
    book(&ledger, 1, today(), "09:00", None, None).await;
    assert_eq!(ledger.heads(&knc()).await.unwrap(), heads);
}

async fn a_long_history_comes_in_portions(place: &impl Place) {
    let ledger = office(place).await;
    for n in 1..=9 {
        book(&ledger, n, today(), "09:00", None, None).await;
    }
    let write = |_: &_, _: &_| {
        let row = |i: u32| loket_server::ledger::ServiceRow {
            stream: Stream::Registry,
            name: "test",
            external_id: i.to_string(),
            subject: Subject::Application(no(1)),
            events: vec![Event::PaymentExpired],
        };
        Ok((0..2_100).map(row).collect())
    };
    ledger.append_service(&knc(), write).await.unwrap();
    let first = ledger.since(&knc(), &BTreeMap::new()).await.unwrap();
    assert_eq!(first.rows.len(), loket_core::sync::ROWS_PER_ANSWER_MAX);
    let last = first.rows.last().unwrap();
    let header: RowHeader = serde_json::from_str(&last.header).unwrap();
    let cursor = Cursor { epoch: header.epoch, seq: header.seq, leaf: last.leaf };
    let second = ledger.since(&knc(), &BTreeMap::from([(Stream::Registry, cursor)])).await.unwrap();
    assert_eq!(first.rows.len() + second.rows.len(), second.heads[&Stream::Registry].seq as usize);
}

async fn heavy_rows_come_in_portions_that_fit_a_body(place: &impl Place) {
    let ledger = office(place).await;
    let write = |_: &_, _: &_| {
        let row = |i: u32| loket_server::ledger::ServiceRow {
            stream: Stream::Office,
            name: "test",
            external_id: i.to_string(),
            subject: on("A-999"),
            // Quotation marks are what grows most on the way.
            events: vec![Event::Withdrawn { reason: "\"".repeat(50_000) }],
        };
        Ok((0..40).map(row).collect())
    };
    ledger.append_service(&knc(), write).await.unwrap();
    let since = ledger.since(&knc(), &BTreeMap::new()).await.unwrap();
    let bytes = serde_json::to_vec(&since.rows).unwrap().len();
    assert!((20..50).contains(&since.rows.len()), "{}", since.rows.len());
    assert!(bytes < loket_core::sync::BODY_BYTES_MAX, "{bytes}");
}

fn nine(day: NaiveDate) -> Wanted {
    Wanted { day, time: NaiveTime::from_hms_opt(9, 0, 0).unwrap(), kind: PlaceKind::Regular }
}

fn tomorrow() -> NaiveDate {
    today().succ_opt().unwrap()
}

async fn pay(ledger: &Ledger, n: u32) {
    let ntpn = format!("{n:016}");
    let payment = Payment { amount_rp: 950_000, ntpn: ntpn.clone(), channel: "Pos".to_owned(), at: ledger.env().now() };
    let content = Digest::of(ntpn.as_bytes());
    assert_eq!(ledger.take_payment(&no(n), &ntpn, &content, Event::Paid { payment }).await.unwrap().0, Arrived::New);
}

async fn move_to(ledger: &Ledger, n: u32, place: &Wanted) -> Result<Appointment, LedgerError> {
    let Wanted { day, time, .. } = *place;
    ledger.reschedule(&no(n), &NewPlace { day, time, kind: None, ground: None }).await
}

async fn taken(ledger: &Ledger, place: &Wanted) -> u32 {
    let all = ledger.places(&knc(), place.day..=place.day).await.unwrap();
    all.iter().find(|p| p.time == place.time && p.kind == place.kind).unwrap().taken
}

async fn case(ledger: &Ledger, n: u32) -> Application {
    ledger.view(&knc(), |world| world.applications[&no(n)].clone()).await.unwrap()
}

async fn two_hundred_submissions_for_the_last_ten_places_give_exactly_ten_bookings(place: &impl Place) {
    let ledgers = [office(place).await, place.open().await];
    let nine = nine(tomorrow());
    for n in 0..10 {
        assert_eq!(submit(&ledgers[0], n, &nine).await.unwrap(), Arrived::New);
    }
    let all = (10..210).map(|n| {
        let (ledger, nine) = (ledgers[n as usize % 2].clone(), nine.clone());
        tokio::spawn(async move { submit(&ledger, n, &nine).await })
    });
    let (mut booked, mut full) = (0, 0);
    for one in all.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(Arrived::New) => booked += 1,
            Err(LedgerError::Denied(Denied::NoPlaceLeft)) => full += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((booked, full), (10, 190));
    assert_eq!(taken(&ledgers[0], &nine).await, 20);
    let with_place = |world: &World| world.applications.values().filter(|a| a.appointment.is_some()).count();
    assert_eq!(ledgers[1].view(&knc(), with_place).await.unwrap(), 20);
    assert_eq!(ledgers[1].view(&knc(), |w| w.applications.len()).await.unwrap(), 20, "nobody is taken in half");
    agrees(&ledgers[0]).await;
}

async fn whoever_has_not_paid_after_two_hours_gives_the_place_back(place: &impl Place) {
    let ledger = office(place).await;
    let nine = nine(tomorrow());
    submit(&ledger, 1, &nine).await.unwrap();
    submit(&ledger, 2, &nine).await.unwrap();
    pay(&ledger, 2).await;
    ledger.env().advance_ms(PAYMENT_DUE_MS - 1000);
    assert_eq!(ledger.expire_due().await.unwrap(), 0, "a second is left");
    assert_eq!(taken(&ledger, &nine).await, 2);
    ledger.env().advance_ms(1000);
    assert_eq!(ledger.expire_due().await.unwrap(), 1);
    assert_eq!(ledger.expire_due().await.unwrap(), 0, "once");
    assert_eq!(taken(&ledger, &nine).await, 1);
    let (unpaid, paid) = (case(&ledger, 1).await, case(&ledger, 2).await);
    assert!(matches!(unpaid.payment(), PaymentState::Expired { .. }) && unpaid.appointment.is_none());
    assert!(matches!(paid.payment(), PaymentState::Paid { .. }) && paid.appointment.is_some());
}

async fn a_payment_after_the_bill_ran_out_is_kept_and_shown_and_takes_no_place(place: &impl Place) {
    let ledger = office(place).await;
    let nine = nine(tomorrow());
    submit(&ledger, 1, &nine).await.unwrap();
    ledger.env().advance_ms(PAYMENT_DUE_MS);
    assert_eq!(ledger.expire_due().await.unwrap(), 1);
    pay(&ledger, 1).await;
    let late = case(&ledger, 1).await;
    assert!(matches!(late.payment(), PaymentState::Paid { .. }) && late.payment_expired.is_some());
    assert_eq!((late.appointment.is_none(), taken(&ledger, &nine).await), (true, 0));
    agrees(&ledger).await;
    // The money is there, so a place is chosen once more; that is no move.
    move_to(&ledger, 1, &nine).await.unwrap();
    assert_eq!((case(&ledger, 1).await.appointment.is_some(), taken(&ledger, &nine).await), (true, 1));
    move_to(&ledger, 1, &Wanted { day: today() + chrono::Days::new(3), ..nine.clone() }).await.unwrap();
    agrees(&ledger).await;
}

async fn an_applicant_moves_once_and_not_later_than_the_day_before(place: &impl Place) {
    let ledger = office(place).await;
    let (first, second) = (nine(tomorrow()), nine(today() + chrono::Days::new(3)));
    submit(&ledger, 1, &first).await.unwrap();
    pay(&ledger, 1).await;
    publish_day(&ledger, &knc(), first.day).await.unwrap();
    let moved = move_to(&ledger, 1, &second).await.unwrap();
    assert_eq!(moved.day, second.day);
    assert_eq!((taken(&ledger, &first).await, taken(&ledger, &second).await), (0, 1));
    assert_eq!(case(&ledger, 1).await.appointment, Some(moved));
    let gone = ledger.view(&knc(), |w| w.visits.values().all(|v| matches!(v.stage(), Stage::Withdrawn { .. }))).await;
    assert!(gone.unwrap(), "tomorrow's list calls nobody who has moved");
    let why = async |n: u32, to: &Wanted| match move_to(&ledger, n, to).await {
        Err(LedgerError::Denied(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(1, &first).await, Denied::MovesUsedUp);
    submit(&ledger, 2, &first).await.unwrap();
    assert_eq!(why(2, &second).await, Denied::NotPaid);
    pay(&ledger, 2).await;
    assert_eq!(why(2, &nine(today())).await, Denied::TooLate, "not to today");
    ledger.env().advance_ms(24 * 3_600_000);
    assert_eq!(why(2, &second).await, Denied::TooLate, "not on the day itself");
    assert_eq!((taken(&ledger, &first).await, taken(&ledger, &second).await), (1, 1), "a refusal moves nobody");
    // On a special ground: on the day itself, after the one move that the rules allow, and the next one is free again.
    let other = NewPlace {
        day: tomorrow() + chrono::Days::new(1),
        time: second.time,
        kind: None,
        ground: Some(SpecialGround::ServerOffline),
    };
    for n in [1, 2, 2] {
        ledger.reschedule(&no(n), &other).await.unwrap();
    }
    assert_eq!((taken(&ledger, &first).await, taken(&ledger, &second).await), (0, 0));
    assert_eq!(why(1, &second).await, Denied::MovesUsedUp, "it gave no further move");
    assert_eq!(move_to(&ledger, 2, &second).await.unwrap().day, second.day, "it took none away");
    agrees(&ledger).await;
}

/// Hands in an application that wants no place yet and has two hours to pay.
async fn submit_without_a_place(
    ledger: &Ledger,
    office: &OfficeCode,
    n: u32,
    nik: u32,
) -> Result<Arrived, LedgerError> {
    submit_for(ledger, office, n, nik, Some("akun"), None).await
}

async fn whoever_applied_without_a_place_takes_the_first_one_when_it_is_paid(place: &impl Place) {
    let ledger = office(place).await;
    let (first, second) = (nine(tomorrow()), nine(today() + chrono::Days::new(3)));
    submit_without_a_place(&ledger, &knc(), 1, 1).await.unwrap();
    let refused = move_to(&ledger, 1, &first).await;
    assert!(matches!(refused, Err(LedgerError::Denied(Denied::NotPaid))), "{refused:?}");
    pay(&ledger, 1).await;
    let refused = move_to(&ledger, 1, &nine(today())).await;
    assert!(matches!(refused, Err(LedgerError::Denied(Denied::TooLate))), "{refused:?}");
    let taken_place = move_to(&ledger, 1, &first).await.unwrap();
    assert_eq!(move_to(&ledger, 1, &first).await.unwrap(), taken_place, "the answer was lost: no second place");
    assert_eq!(taken(&ledger, &first).await, 1);
    ledger.env().advance_ms(PAYMENT_DUE_MS);
    assert_eq!(ledger.expire_due().await.unwrap(), 0, "it is paid for");
    move_to(&ledger, 1, &second).await.unwrap();
    assert_eq!((taken(&ledger, &first).await, taken(&ledger, &second).await), (0, 1));
    let refused = move_to(&ledger, 1, &first).await;
    assert!(matches!(refused, Err(LedgerError::Denied(Denied::MovesUsedUp))), "only the first was free: {refused:?}");
    agrees(&ledger).await;
}

async fn an_unpaid_application_without_a_place_ends_in_time_too(place: &impl Place) {
    let ledger = office(place).await;
    for n in 0..5 {
        submit_without_a_place(&ledger, &knc(), n, n).await.unwrap();
    }
    pay(&ledger, 0).await;
    let sixth = submit_without_a_place(&ledger, &knc(), 5, 5).await;
    assert!(matches!(sixth, Err(LedgerError::Denied(Denied::AccountFull))), "{sixth:?}");
    ledger.env().advance_ms(PAYMENT_DUE_MS);
    assert_eq!(ledger.expire_due().await.unwrap(), 4);
    assert_eq!(ledger.expire_due().await.unwrap(), 0, "once");
    assert!(matches!(case(&ledger, 1).await.payment(), PaymentState::Expired { .. }));
    let refused = move_to(&ledger, 1, &nine(tomorrow())).await;
    assert!(matches!(refused, Err(LedgerError::Denied(Denied::PlaceLost))), "{refused:?}");
    submit_without_a_place(&ledger, &knc(), 5, 1).await.unwrap();
    assert_eq!(case(&ledger, 5).await.duplicates, [], "what has ended is no second application");
    agrees(&ledger).await;
}

/// A number names one application in the country, whichever office hears of it first.
async fn of_one_number_sent_to_two_offices_at_once_one_is_taken_in(place: &impl Place) {
    let ledgers = [office(place).await, place.open().await];
    set_up(&ledgers[0], place.folder(), "KNX").await;
    let knx = OfficeCode::new("KNX").unwrap();
    for n in 0..10 {
        let both = [knc(), knx.clone()].map(|at| {
            let ledger = ledgers[usize::from(at == knx)].clone();
            tokio::spawn(async move { submit_without_a_place(&ledger, &at, n, 100 + n).await })
        });
        let (mut taken_in, mut refused) = (0, 0);
        for one in both {
            match one.await.unwrap() {
                Ok(Arrived::New) => taken_in += 1,
                Err(LedgerError::Denied(Denied::DiffersFromBefore(_))) => refused += 1,
                // It was sent again, and met the other one.
                Err(error) if error.is_busy() => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((taken_in, refused), (1, 1));
        pay(&ledgers[0], n).await;
        ledgers[0].cancel(&no(n), CancelledBy::Applicant, "").await.unwrap();
    }
    let mut known = 0;
    for at in [knc(), knx] {
        known += ledgers[0].view(&at, |w| w.applications.len()).await.unwrap();
    }
    assert_eq!(known, 10, "at one office each");
}

/// Two processes, two offices, one moment: whoever is second sees the first, and both are told.
async fn of_two_applications_of_one_person_at_two_offices_each_is_told_of_the_other(place: &impl Place) {
    let ledgers = [office(place).await, place.open().await];
    set_up(&ledgers[0], place.folder(), "KNX").await;
    let knx = OfficeCode::new("KNX").unwrap();
    let told = async |office: &OfficeCode, n: u32| {
        let told = |w: &World| w.applications[&no(n)].duplicates.clone();
        ledgers[0].view(office, told).await.unwrap()
    };
    // Each notice may fall into the moment in which the other office writes its own.
    for pair in 0..10 {
        let (a, b) = (2 * pair, 2 * pair + 1);
        let both = [knc(), knx.clone()].map(|at| {
            let (ledger, n) = (ledgers[usize::from(at == knx)].clone(), if at == knx { b } else { a });
            tokio::spawn(async move { submit_without_a_place(&ledger, &at, n, 100 + pair).await.unwrap() })
        });
        for one in both {
            assert_eq!(one.await.unwrap(), Arrived::New);
        }
        assert_eq!(told(&knc(), a).await, [Duplicate { office: knx.clone(), application: no(b) }]);
        assert_eq!(told(&knx, b).await, [Duplicate { office: knc(), application: no(a) }]);
        for n in [a, b] {
            ledgers[0].cancel(&no(n), CancelledBy::Applicant, "").await.unwrap();
        }
    }
    assert_eq!(ledgers[1].tell_duplicates().await.unwrap(), 0, "once");
}

/// A family sends everybody at once, over two processes.
async fn an_account_never_has_a_sixth_open_application(place: &impl Place) {
    let ledgers = [office(place).await, place.open().await];
    let nine = nine(tomorrow());
    let all = (0..20).map(|n: u32| {
        let (ledger, nine) = (ledgers[n as usize % 2].clone(), nine.clone());
        tokio::spawn(async move {
            let nik = Nik::parse(&format!("317101010190{n:04}")).unwrap();
            let content = Digest::of(&n.to_be_bytes());
            let (place, due) = (Some(&nine), Timestamp(i64::MAX));
            let case = NewCase { no: &no(n), content, scans: &[], nik, account: Some("keluarga"), place, due };
            ledger.take_application(&knc(), &case, |_, _| Ok(Vec::new())).await
        })
    });
    let (mut taken_in, mut full) = (0, 0);
    for one in all.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(Arrived::New) => taken_in += 1,
            Err(LedgerError::Denied(Denied::AccountFull)) => full += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((taken_in, full), (5, 15));
    assert_eq!(taken(&ledgers[0], &nine).await, 5, "whoever was turned away holds no place");
}

async fn where_no_place_was_opened_none_can_be_taken(place: &impl Place) {
    let ledger = office(place).await;
    let never = Wanted { time: NaiveTime::from_hms_opt(9, 3, 0).unwrap(), ..nine(tomorrow()) };
    let Err(LedgerError::Denied(why)) = submit(&ledger, 1, &never).await else { panic!("a place was taken") };
    assert_eq!(why, Denied::PlaceUnknown);
    let sunday = nine(today() - chrono::Days::new(1));
    assert!(submit(&ledger, 1, &sunday).await.is_err(), "the office is closed on Sundays");
    assert_eq!(submit(&ledger, 1, &nine(tomorrow())).await.unwrap(), Arrived::New, "nothing half done");
}

/// The trap of every plain sequence: 5 is taken, 6 is taken and committed, a reader goes on from 6, and 5 comes to nobody.
/// Here 6 is not given out while 5 is open.
async fn two_transactions_can_not_finish_in_the_other_order(place: &impl Place) {
    let ledger = office(place).await;
    let reader = place.open().await;
    let before = reader.heads(&knc()).await.unwrap();
    let slow = place.begin_slowly().await;
    let quick = {
        let ledger = ledger.clone();
        tokio::spawn(async move { book(&ledger, 1, tomorrow(), "09:00", None, None).await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert!(!quick.is_finished(), "nobody overtakes a number that is taken");
    assert_eq!(reader.since(&knc(), &before).await.unwrap().rows, []);
    slow.commit().await;
    quick.await.unwrap();
    assert_eq!(reader.since(&knc(), &before).await.unwrap().rows.len(), 1);
}

/// Numbers are given in the order of commits, so a reader that goes on from the last number it saw misses nobody who
/// was slower.
async fn whoever_reads_while_two_processes_write_misses_no_row(place: &impl Place) {
    const EACH: u32 = 60;
    let ledgers = [office(place).await, place.open().await];
    let reader = place.open().await;
    let start = reader.heads(&knc()).await.unwrap();
    let mut writers = Vec::new();
    for (i, ledger) in ledgers.iter().cloned().enumerate() {
        writers.push(tokio::spawn(async move {
            for n in 0..EACH {
                book(&ledger, i as u32 * EACH + n, tomorrow(), "09:00", None, None).await;
            }
        }));
    }
    let (mut cursors, mut seen) = (start.clone(), Vec::new());
    while seen.len() < 2 * EACH as usize {
        let since = reader.since(&knc(), &cursors).await.unwrap();
        assert!(!since.start_over);
        for row in &since.rows {
            let header: RowHeader = serde_json::from_str(&row.header).unwrap();
            seen.push(header.seq);
            cursors.insert(header.stream, Cursor { epoch: header.epoch, seq: header.seq, leaf: row.leaf });
        }
        tokio::task::yield_now().await;
    }
    let first = start[&Stream::Registry].seq;
    assert_eq!(seen, (first + 1..=first + 2 * u64::from(EACH)).collect::<Vec<_>>());
    for writer in writers {
        writer.await.unwrap();
    }
}

/// A number below `below`; the same seed gives the same day.
fn dice(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

async fn whatever_the_counters_do_the_rows_fold_to_what_is_stored(place: &impl Place) {
    let (ledger, sri, adi) = two_counters(place, 6).await;
    let mut desks = [sri, adi, Desk::enrol(&ledger, "maya.lestari").await];
    let mut seed = 8_123;
    let mut outcomes = BTreeMap::new();
    for step in 0..300 {
        let who = dice(&mut seed, 3) as usize;
        let person = dice(&mut seed, 6) as u32 + 1;
        let counter = CounterNo(dice(&mut seed, 3) as u8 + 1);
        let other = CounterNo(dice(&mut seed, 3) as u8 + 1);
        let person_visit = visit(&format!("A-{person:03}"));
        let request = RequestId::new(format!("r{}", dice(&mut seed, 20))).unwrap();
        let (note, desk) = (String::new(), &mut desks[who]);
        ledger.env().advance_ms(20_000);
        let last = CommandRef { desk: desk.id, n: desk.n };
        let act = match dice(&mut seed, 16) {
            0 | 1 => arrives(),
            2 => call(counter.0, None),
            3 => call(counter.0, Some(request.as_str())),
            4 => Act::Recall { counter },
            5 => Act::Start { counter, applications: vec![no(person)], presence: Presence::Scanned },
            6 => Act::NoShow { counter },
            7 => Act::Return,
            8 => Act::Hold { counter, reason: HoldReason::Payment, until: None, note },
            9 => Act::Transfer { to: other, note },
            10 => {
                let outcomes = vec![ApplicationOutcome { application: no(person), outcome: Outcome::GivenUp }];
                Act::Finish { counter, outcomes }
            }
            11 => Act::Undo { command: last },
            12 => verdict(Verdict::Accept),
            13 => verdict(Verdict::Reject { reason: Reason::Blurred }),
            14 => match dice(&mut seed, 4) {
                0 => Act::OpenCounter { counter },
                1 => Act::CloseCounter { counter },
                2 => Act::Release { visits: vec![person_visit.clone()], from: counter, to: other },
                _ => Act::Reclaim { from: counter, to: other, reason: "mati".to_owned() },
            },
            _ => {
                desk.asks(&ledger, request.as_str(), counter.0).await;
                continue;
            }
        };
        let subject = match &act {
            Act::Verdict { .. } => Subject::Application(no(person)),
            Act::OpenCounter { .. } | Act::CloseCounter { .. } | Act::Release { .. } | Act::Reclaim { .. } => {
                Subject::Office
            }
            _ => Subject::Visit(person_visit),
        };
        let outcome = desk.does(&ledger, subject, act).await;
        assert!(!matches!(outcome, RowOutcome::Quarantined { .. }), "{step}: {outcome:?}");
        *outcomes.entry(outcome == RowOutcome::Applied).or_insert(0) += 1;
    }
    assert!(outcomes.values().all(|n| *n > 30), "a day with successes and collisions: {outcomes:?}");
    agrees(&ledger).await;
}

macro_rules! ledger_contract {
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
        ledger_contract! { $place: $make;
            an_office_taken_in_twice_writes_no_second_row
            whoever_watches_is_told_that_it_can_be_written_and_how_far_the_streams_are
            a_repeat_is_answered_with_the_stored_outcome
            a_hole_is_named_and_nothing_after_it_is_stored
            the_same_number_with_other_bytes_is_a_clone
            a_chain_that_does_not_link_is_a_clone
            a_head_the_centre_does_not_know_gives_a_clone_away
            of_two_opposite_verdicts_the_first_stands_and_the_second_is_kept_as_disputed
            a_fact_about_somebody_unknown_is_kept_as_disputed
            after_a_reclaim_the_old_holders_claim_is_refused
            one_request_calls_one_person_however_often_it_is_asked
            nobody_is_called_online_who_is_not_known_to_be_here
            only_who_holds_a_counter_may_call_to_it
            a_call_made_instead_of_an_ask_voids_what_the_ask_did
            an_ask_that_comes_after_the_call_that_replaced_it_does_nothing
            the_share_of_a_counter_that_nobody_holds_is_free
            from_a_held_share_nobody_is_taken_but_its_holder_is_asked
            a_wish_is_forgotten_after_half_a_minute
            what_must_not_count_is_quarantined_and_kept
            eight_desks_at_once_get_one_dense_sequence
            a_restart_keeps_everything
            what_another_process_wrote_is_seen
            bodies_go_out_for_the_window_only
            a_cursor_of_another_line_starts_over
            a_second_publication_only_adds
            a_family_of_six_is_two_visits
            the_plan_goes_round_the_counters
            a_service_row_is_written_once
            a_long_history_comes_in_portions
            heavy_rows_come_in_portions_that_fit_a_body
            whatever_the_counters_do_the_rows_fold_to_what_is_stored
            two_hundred_submissions_for_the_last_ten_places_give_exactly_ten_bookings
            whoever_has_not_paid_after_two_hours_gives_the_place_back
            a_payment_after_the_bill_ran_out_is_kept_and_shown_and_takes_no_place
            an_applicant_moves_once_and_not_later_than_the_day_before
            whoever_applied_without_a_place_takes_the_first_one_when_it_is_paid
            an_unpaid_application_without_a_place_ends_in_time_too
            of_one_number_sent_to_two_offices_at_once_one_is_taken_in
            of_two_applications_of_one_person_at_two_offices_each_is_told_of_the_other
            an_account_never_has_a_sixth_open_application
            where_no_place_was_opened_none_can_be_taken
            two_transactions_can_not_finish_in_the_other_order
            whoever_reads_while_two_processes_write_misses_no_row
        }
    };
}

ledger_contract!(sqlite: Sqlite::new());
ledger_contract!(postgres: Postgres::new().await);

/// The same tables with the same columns in the same order, each of the corresponding type.
#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    type Columns = Vec<(String, String, String, bool)>;
    let (sqlite, postgres) = (Sqlite::new(), Postgres::new().await);
    sqlite.open().await.close().await;
    postgres.open().await.close().await;
    let db = sqlx::SqlitePool::connect(&format!("sqlite://{}", database(sqlite.folder()).display())).await.unwrap();
    let in_sqlite: Columns = sqlx::query_as(
        "select t.name, c.name, replace(replace(lower(c.type), 'integer', 'bigint'), 'blob', 'bytea'), c.\"notnull\" = 1
         from sqlite_schema t, pragma_table_info(t.name) c
         where t.type = 'table' and t.name not like '\\_sqlx%' escape '\\' order by t.name, c.cid",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    let db = sqlx::PgPool::connect(&postgres.url).await.unwrap();
    let in_postgres: Columns = sqlx::query_as(
        "select table_name::text, column_name::text, data_type::text, is_nullable = 'NO' from information_schema.columns
         where table_schema = 'public' and table_name not like '\\_sqlx%' order by table_name, ordinal_position",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    assert!(in_sqlite.len() > 60, "{in_sqlite:?}");
    assert_eq!(in_sqlite, in_postgres);
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_untouched() {
    let place = Sqlite::new();
    let ledger = office(&place).await;
    ledger.close().await;
    let file = database(place.folder());
    let url = format!("sqlite://{}", file.display());
    let db = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (999, '', 1, x'', 0)")
        .execute(&db)
        .await
        .unwrap();
    db.close().await;
    let before = std::fs::read(&file).unwrap();
    let Err(error) = Ledger::open(&Address::Sqlite(file.clone()), morning()).await else {
        panic!("a newer database was opened")
    };
    assert!(matches!(error, LedgerError::NewerDatabase { found: 999, .. }), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn aggregates_of_another_fold_are_folded_anew_from_the_rows() {
    let place = Sqlite::new();
    let (ledger, mut sri, _) = two_counters(&place, 1).await;
    sri.does(&ledger, on("A-001"), arrives()).await;
    let before = ledger.view(&knc(), Clone::clone).await.unwrap();
    ledger.close().await;
    let db = sqlx::SqlitePool::connect(&format!("sqlite://{}", database(place.folder()).display())).await.unwrap();
    sqlx::query("update aggregate set fold_version = 0, json = '?'").execute(&db).await.unwrap();
    db.close().await;
    let ledger = place.open().await;
    assert_eq!(ledger.view(&knc(), Clone::clone).await.unwrap(), before);
}
