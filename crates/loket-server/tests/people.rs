//! Rules that two persons answer for, and what an administrator types. Each story is told on both databases.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveTime};
use house::place::{Place, told_on_both};
use house::*;
use loket_core::act::{Event, Subject};
use loket_core::application::PlaceKind;
use loket_core::id::{Digest, OfficerId, RulesVersion};
use loket_core::office::Role;
use loket_core::refusal::Refusal;
use loket_core::rules::Rules;
use loket_core::sync::{AskAnswer, Quarantine, RowBody, RowHeader, RowOutcome, Stream};
use loket_core::visit::Stage;
use loket_core::world::Related;
use loket_seal::Cost;
use loket_server::admin::{self, Admin, Quota};
use loket_server::intake::PAYMENT_DUE_MS;
use loket_server::ledger::{
    Arrived, Denied, Ledger, LedgerError, PLACES_MAX, ServiceRow, TRIES_FREE, TRY_PAUSE_MS_MIN, Wanted,
};
use loket_server::people::{self, NotVouched, OfficeFile};
use loket_server::rulebook::{self, RulesRefused};

const RATIH: (&str, &str) = ("ratih.wibowo", "seruni-contoh-6");
const SURYA: (&str, &str) = ("surya.hidayat", "teratai-contoh-7");

async fn office(place: &impl Place) -> Arc<Ledger> {
    let ledger = place.open().await;
    set_up(&ledger, place.folder(), "KNC").await;
    ledger
}

fn id(officer: &str) -> OfficerId {
    OfficerId::new(officer).unwrap()
}

/// The rules of the sample office as a next version: an applicant may move twice.
fn second(from: NaiveDate) -> Rules {
    let mut rules = OfficeFile::parse(SAMPLE).unwrap().rules.remove(0);
    (rules.version, rules.effective_from, rules.reschedules_max) = (RulesVersion(2), from, 2);
    rules
}

fn tomorrow() -> NaiveDate {
    today() + Days::new(1)
}

async fn propose(ledger: &Ledger, rules: &Rules, by: (&str, &str)) -> Result<Digest, RulesRefused> {
    Ok(rulebook::propose(ledger, &knc(), rules, &id(by.0), by.1).await?.digest)
}

async fn approve(ledger: &Ledger, digest: &Digest, by: (&str, &str)) -> Result<(), RulesRefused> {
    rulebook::approve(ledger, &knc(), RulesVersion(2), digest, &id(by.0), by.1).await.map(drop)
}

async fn versions(ledger: &Ledger) -> Vec<u32> {
    ledger.view(&knc(), |w| w.office.rules.keys().map(|v| v.0).collect()).await.unwrap()
}

async fn rules_change_only_by_two_administrators(place: &impl Place) {
    let ledger = office(place).await;
    let digest = propose(&ledger, &second(tomorrow()), RATIH).await.unwrap();
    assert_eq!(versions(&ledger).await, [1], "one person changes nothing");
    let own = approve(&ledger, &digest, RATIH).await.unwrap_err();
    assert!(matches!(own, RulesRefused::OwnProposal(_)), "{own}");
    let before = ledger.heads(&knc()).await.unwrap();
    approve(&ledger, &digest, SURYA).await.unwrap();
    assert_eq!(versions(&ledger).await, [1, 2]);
    let rows = ledger.since(&knc(), &before).await.unwrap().rows;
    let body: RowBody = serde_json::from_str(rows[0].body.as_ref().unwrap()).unwrap();
    let header: RowHeader = serde_json::from_str(&rows[0].header).unwrap();
    assert_eq!((rows.len(), header.stream), (1, Stream::Registry), "one row, which every desk gets");
    assert!(matches!(&body.events[0], Event::RulesSet { rules } if **rules == second(tomorrow())));
    let (version, proposed_by, approved_by) = (RulesVersion(2), id(RATIH.0), id(SURYA.0));
    assert_eq!(body.events[1], Event::RulesApproved { version, proposed_by, approved_by });
    let in_force = |day| move |w: &loket_core::world::World| w.office.rules_on(day).unwrap().version.0;
    assert_eq!(ledger.view(&knc(), in_force(today())).await.unwrap(), 1, "not before its day");
    assert_eq!(ledger.view(&knc(), in_force(tomorrow())).await.unwrap(), 2);
    let again = approve(&ledger, &digest, SURYA).await.unwrap_err();
    assert!(matches!(again, RulesRefused::NoProposal(2)), "{again}");
    agrees(&ledger).await;
}

async fn only_what_was_read_is_approved(place: &impl Place) {
    let ledger = office(place).await;
    let read = propose(&ledger, &second(tomorrow()), RATIH).await.unwrap();
    let twice = propose(&ledger, &second(tomorrow()), SURYA).await.unwrap_err();
    assert!(matches!(&twice, RulesRefused::AlreadyProposed { version: 2, by } if *by == id(RATIH.0)), "{twice}");
    rulebook::reject(&ledger, &knc(), RulesVersion(2), &id(RATIH.0), RATIH.1).await.unwrap();
    let mut other = second(tomorrow());
    other.tariffs[0].amount_rp = 1;
    let changed = propose(&ledger, &other, RATIH).await.unwrap();
    let refused = approve(&ledger, &read, SURYA).await.unwrap_err();
    assert!(matches!(refused, RulesRefused::OtherDigest), "{refused}");
    assert_eq!(versions(&ledger).await, [1]);
    approve(&ledger, &changed, SURYA).await.unwrap();
}

async fn a_proposal_whose_ground_has_moved_is_not_approved(place: &impl Place) {
    let ledger = office(place).await;
    let digest = propose(&ledger, &second(tomorrow()), RATIH).await.unwrap();
    let events = vec![Event::RulesSet { rules: Box::new(second(today())) }];
    let (stream, name, external_id) = (Stream::Registry, "test", "2".to_owned());
    let row = ServiceRow { stream, name, external_id, subject: Subject::Office, events };
    ledger.append_service(&knc(), |_, _| Ok(vec![row])).await.unwrap();
    let moved = approve(&ledger, &digest, SURYA).await.unwrap_err();
    assert!(matches!(moved, RulesRefused::BaseMoved(2)), "{moved}");
    let next = propose(&ledger, &second(tomorrow()), SURYA).await.unwrap_err();
    assert!(matches!(next, RulesRefused::NotNext { next: 3, found: 2 }), "{next}");
}

async fn a_day_that_has_passed_at_the_office_gets_no_other_rules(place: &impl Place) {
    let ledger = office(place).await;
    let past = |refused: RulesRefused| matches!(refused, RulesRefused::InThePast { .. });
    assert!(past(propose(&ledger, &second(today() - Days::new(1)), RATIH).await.unwrap_err()));
    // Half past eleven at night in Jakarta; in UTC it is the afternoon.
    ledger.env().advance_ms(15 * 3_600_000 + 1_800_000);
    let digest = propose(&ledger, &second(today()), RATIH).await.unwrap();
    ledger.env().advance_ms(3_600_000);
    assert!(past(approve(&ledger, &digest, SURYA).await.unwrap_err()), "it lay until the day was over");
    assert_eq!(versions(&ledger).await, [1]);
}

async fn rules_that_can_not_be_used_are_not_even_proposed(place: &impl Place) {
    let ledger = office(place).await;
    let mut rules = second(tomorrow());
    rules.letter_regular = "AB".to_owned();
    assert!(matches!(propose(&ledger, &rules, RATIH).await.unwrap_err(), RulesRefused::Complaints(_)));
    let mut same = second(tomorrow());
    same.reschedules_max = 1;
    assert!(matches!(propose(&ledger, &same, RATIH).await.unwrap_err(), RulesRefused::NothingNew(1)));
    assert!(ledger.proposals(&knc()).await.unwrap().is_empty(), "nothing half done");
}

async fn the_office_file_brings_the_first_version_and_no_other(place: &impl Place) {
    let rules = SAMPLE[SAMPLE.find("[[rules]]").unwrap()..].replacen("version = 1", "version = 2", 1);
    let both = OfficeFile::parse(&format!("{SAMPLE}\n{rules}")).unwrap();
    let ledger = place.open().await;
    let ask = |_: &OfficerId| unreachable!("the sample has all passwords");
    let new = people::set_up(&ledger, place.folder(), &both, Cost::FLOOR, ask).await.unwrap_err().to_string();
    assert!(new.contains("admin propose"), "{new}");
    assert_eq!(versions(&ledger).await, [0_u32; 0], "nothing half done");
    set_up(&ledger, place.folder(), "KNC").await;
    let later = people::set_up(&ledger, place.folder(), &both, Cost::FLOOR, ask).await.unwrap_err().to_string();
    assert!(later.contains("admin propose"), "{later}");
    assert_eq!(versions(&ledger).await, [1]);
}

async fn only_an_active_administrator_answers_for_rules(place: &impl Place) {
    let ledger = office(place).await;
    for (who, password) in [("maya.lestari", "flamboyan-contoh-5"), ("nobody", "seruni-contoh-6")] {
        let refused = propose(&ledger, &second(tomorrow()), (who, password)).await.unwrap_err();
        assert!(matches!(refused, RulesRefused::NotVouched(NotVouched::NotInRole { .. })), "{refused}");
    }
    people::revoke_officer(&ledger, &knc(), &id(RATIH.0)).await.unwrap();
    let refused = propose(&ledger, &second(tomorrow()), RATIH).await.unwrap_err();
    assert!(matches!(refused, RulesRefused::NotVouched(NotVouched::NotInRole { .. })), "{refused}");
}

async fn wrong_passwords_cost_time_also_after_a_restart(place: &impl Place) {
    let ledger = office(place).await;
    let vouch = async |ledger: &Ledger, password: &str| {
        people::vouch(ledger, &knc(), &id(RATIH.0), password, Role::Administrator).await.map(|o| o.id)
    };
    vouch(&ledger, "wrong").await.unwrap_err();
    assert_eq!(vouch(&ledger, RATIH.1).await.unwrap(), id(RATIH.0), "the right one makes the wrong one forgotten");
    for _ in 0..TRIES_FREE {
        assert!(matches!(vouch(&ledger, "wrong").await, Err(NotVouched::WrongPassword(_))));
    }
    let waits = |said| match said {
        Err(NotVouched::Wait { wait_s, .. }) => wait_s,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        waits(vouch(&ledger, RATIH.1).await),
        TRY_PAUSE_MS_MIN / 1000,
        "now not even the right one is looked at"
    );
    ledger.close().await;
    let ledger = place.open().await;
    ledger.env().advance_ms(TRY_PAUSE_MS_MIN - 10_000);
    assert!((1..=10).contains(&waits(vouch(&ledger, RATIH.1).await)));
    ledger.env().advance_ms(10_000);
    assert!(matches!(vouch(&ledger, "wrong").await, Err(NotVouched::WrongPassword(_))));
    assert!(waits(vouch(&ledger, RATIH.1).await) > TRY_PAUSE_MS_MIN / 1000, "it doubles");
    ledger.env().advance_ms(2 * TRY_PAUSE_MS_MIN);
    assert!(vouch(&ledger, RATIH.1).await.is_ok());
    assert!(people::vouch(&ledger, &knc(), &id(SURYA.0), SURYA.1, Role::Administrator).await.is_ok(), "each alone");
}

async fn what_an_administrator_does_to_a_case_is_kept_without_effect(place: &impl Place) {
    let ledger = office(place).await;
    publish_people(&ledger, 1).await;
    let mut ratih = Desk::enrol(&ledger, RATIH.0).await;
    let outcome = ratih.does(&ledger, on("A-001"), arrives()).await;
    assert_eq!(outcome, RowOutcome::Quarantined { why: Quarantine::RoleForbids });
    let mut sri = Desk::enrol(&ledger, "sri.wulandari").await;
    sri.opens(&ledger, 1).await;
    sri.officer = id(RATIH.0);
    assert_eq!(sri.asks(&ledger, "r1", 1).await, AskAnswer::No { because: Refusal::RoleForbids });
    let stage = ledger.view(&knc(), |w| w.visit(&visit("A-001")).unwrap().stage().clone()).await.unwrap();
    assert_eq!(stage, Stage::Expected);
    agrees(&ledger).await;
}

fn nine() -> Wanted {
    Wanted { day: tomorrow(), time: NaiveTime::from_hms_opt(9, 0, 0).unwrap(), kind: PlaceKind::Regular }
}

async fn places_left(ledger: &Ledger) -> (u32, u32) {
    let all = ledger.places(&knc(), tomorrow()..=tomorrow()).await.unwrap();
    let nine = all.into_iter().find(|p| p.time == nine().time && p.kind == nine().kind).unwrap();
    (nine.taken, nine.places)
}

async fn nobody_loses_a_place_when_places_are_taken_away(place: &impl Place) {
    let ledger = office(place).await;
    for n in 1..=3 {
        submit(&ledger, n, &nine()).await.unwrap();
    }
    let fewer = ledger.set_places(&knc(), &nine(), 2).await.unwrap_err();
    assert!(matches!(&fewer, LedgerError::Denied(Denied::MoreAreTaken)), "{fewer}");
    assert_eq!(places_left(&ledger).await, (3, 20));
    ledger.set_places(&knc(), &nine(), 3).await.unwrap();
    assert!(matches!(submit(&ledger, 4, &nine()).await, Err(LedgerError::Denied(Denied::NoPlaceLeft))), "full");
    ledger.set_places(&knc(), &nine(), 4).await.unwrap();
    assert_eq!(submit(&ledger, 4, &nine()).await.unwrap(), Arrived::New);
    let at = Wanted { time: NaiveTime::from_hms_opt(16, 0, 0).unwrap(), ..nine() };
    ledger.set_places(&knc(), &at, 1).await.unwrap();
    assert!(ledger.set_places(&knc(), &at, PLACES_MAX + 1).await.is_err());
    assert!(ledger.set_places(&knc(), &at, PLACES_MAX).await.is_ok());
}

async fn a_closed_day_takes_nobody_not_even_into_a_place_that_comes_free(place: &impl Place) {
    let ledger = office(place).await;
    submit(&ledger, 1, &nine()).await.unwrap();
    assert_eq!(ledger.close_day(&knc(), tomorrow()).await.unwrap(), 1);
    assert_eq!(places_left(&ledger).await, (1, 1), "nothing is left for M-Paspor to offer");
    assert!(matches!(submit(&ledger, 2, &nine()).await, Err(LedgerError::Denied(Denied::NoPlaceLeft))));
    ledger.env().advance_ms(PAYMENT_DUE_MS);
    assert_eq!(ledger.expire_due().await.unwrap(), 1);
    assert!(
        matches!(submit(&ledger, 3, &nine()).await, Err(LedgerError::Denied(Denied::NoPlaceLeft))),
        "the place that came free stays free"
    );
    ledger.reopen_day(&knc(), tomorrow()).await.unwrap();
    assert_eq!(places_left(&ledger).await, (0, 20));
    assert_eq!(submit(&ledger, 4, &nine()).await.unwrap(), Arrived::New);
}

/// What is typed, and the passwords that follow.
async fn types(ledger: &Ledger, place: &impl Place, what: Admin, passwords: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut passwords: VecDeque<String> = passwords.iter().map(|p| (*p).to_owned()).collect();
    let ask = |_: &OfficerId| Ok(passwords.pop_front().unwrap());
    admin::obey(ledger, place.folder(), what, Cost::FLOOR, ask).await
}

async fn what_an_administrator_types_is_answered_in_plain_lines(place: &impl Place) {
    let ledger = office(place).await;
    let office = knc();
    let roster = Admin::Officer {
        office: office.clone(),
        officer: None,
        name: None,
        role: None,
        new_password: false,
        active: false,
    };
    let lines = types(&ledger, place, roster, &[]).await.unwrap();
    assert!(lines.contains(&"maya.lestari: Maya Lestari, supervisor".to_owned()), "{lines:?}");

    let officer = |officer: &str, name: Option<&str>, role, new_password| Admin::Officer {
        office: knc(),
        officer: Some(id(officer)),
        name: name.map(str::to_owned),
        role,
        new_password,
        active: false,
    };
    let nameless = types(&ledger, place, officer("dian.putri", None, None, false), &["sedap-malam-8"]).await;
    assert!(nameless.unwrap_err().to_string().contains("--name"));
    let short = officer("dian.putri", Some("Dian Putri"), Some(Role::Officer), false);
    assert!(types(&ledger, place, short, &["short"]).await.unwrap_err().to_string().contains("12 characters"));
    let new = officer("dian.putri", Some("Dian Putri"), Some(Role::Officer), false);
    assert_eq!(
        types(&ledger, place, new, &["sedap-malam-8"]).await.unwrap()[0],
        "dian.putri: changed; the desks hear of it"
    );
    let keys = async || ledger.view(&knc(), |w| w.office.roster[&id("dian.putri")].public_key.clone()).await.unwrap();
    let first = keys().await;
    let up = officer("dian.putri", None, Some(Role::Supervisor), false);
    types(&ledger, place, up.clone(), &[]).await.unwrap();
    assert_eq!(keys().await, first, "another role, the same key");
    assert_eq!(types(&ledger, place, up, &[]).await.unwrap()[0], "dian.putri: nothing to change");
    types(&ledger, place, officer("dian.putri", None, None, true), &["sedap-malam-9"]).await.unwrap();
    assert_ne!(keys().await, first, "a new password is a new key");

    let counter = |no| Admin::Counter { office: knc(), no, service: "Pengambilan".to_owned() };
    assert_eq!(types(&ledger, place, counter(4), &[]).await.unwrap(), ["Counter 4: changed"]);
    assert_eq!(types(&ledger, place, counter(4), &[]).await.unwrap(), ["Counter 4: nothing to change"]);
    assert!(
        types(&ledger, place, counter(0), &[]).await.is_err()
            && types(&ledger, place, counter(100), &[]).await.is_err()
    );

    Desk::enrol(&ledger, "sri.wulandari").await;
    let lines = types(&ledger, place, Admin::Desks { office: office.clone() }, &[]).await.unwrap();
    assert_eq!(lines, ["W001: sri.wulandari, 0 commands, heard 2026-11-23 08.00 WIB"]);

    submit(&ledger, 1, &nine()).await.unwrap();
    let (from, to, times) = (tomorrow(), tomorrow(), false);
    let show = Admin::Quota { what: Quota::Show { office: office.clone(), from, to, times } };
    let lines = types(&ledger, place, show, &[]).await.unwrap();
    assert_eq!(lines[0], "2026-11-24 regular: 1 of 2060 taken");
    let Wanted { day, time, kind } = nine();
    let set = |places| Admin::Quota { what: Quota::Set { office: knc(), day, time, kind, places } };
    let none = types(&ledger, place, set(0), &[]).await.unwrap_err().to_string();
    assert!(none.starts_with("1 places are taken at that time"), "{none}");
    assert_eq!(types(&ledger, place, set(1), &[]).await.unwrap(), ["2026-11-24 09:00 regular: 1 places"]);

    let lines = types(&ledger, place, Admin::Tariffs { office: office.clone(), on: today() }, &[]).await.unwrap();
    assert_eq!(lines.len(), 8, "{lines:?}");
    assert!(lines.contains(&"  tariff from 2024-12-17, electronic passport, 10 years: Rp 950.000".to_owned()));
    let old = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    assert!(types(&ledger, place, Admin::Tariffs { office, on: old - Days::new(1) }, &[]).await.is_err());
}

async fn rules_are_proposed_read_and_approved_at_the_command_line(place: &impl Place) {
    let ledger = office(place).await;
    let text = SAMPLE[SAMPLE.find("[[rules]]").unwrap() + "[[rules]]".len()..]
        .replacen("version = 1", "version = 2", 1)
        .replacen("2026-01-01", "2026-12-01", 1)
        .replacen("amount_rp = 950000", "amount_rp = 1000000", 1);
    let file = place.folder().join("rules.toml");
    std::fs::write(&file, text).unwrap();
    let propose = Admin::Propose { office: knc(), file, by: id(RATIH.0) };
    types(&ledger, place, propose, &[RATIH.1]).await.unwrap();
    let lines = types(&ledger, place, Admin::Proposals { office: knc() }, &[]).await.unwrap();
    let digest = lines.last().unwrap().strip_prefix("Digest ").unwrap().parse().unwrap();
    assert_eq!(
        lines[..lines.len() - 1],
        [
            "Version 2, proposed by ratih.wibowo on 2026-11-23 08.00 WIB",
            "Instead of version 1, from 2026-12-01:",
            "  first day in force: 2026-01-01 -> 2026-12-01",
            "  tariff from 2024-12-17, electronic passport, 10 years: Rp 950.000 -> Rp 1.000.000",
        ]
    );
    let approve = Admin::Approve { office: knc(), version: 2, digest, by: id(SURYA.0) };
    let lines = types(&ledger, place, approve, &[SURYA.1]).await.unwrap();
    assert_eq!(lines, ["Version 2, proposed by ratih.wibowo, approved by surya.hidayat: in force from 2026-12-01"]);
    let lines = types(&ledger, place, Admin::Rules { office: knc(), version: None }, &[]).await.unwrap();
    assert_eq!(
        lines,
        [
            "Version 1 from 2026-01-01: taken in with the office, in force now",
            "Version 2 from 2026-12-01: proposed by ratih.wibowo, approved by surya.hidayat",
        ]
    );
    let lines = types(&ledger, place, Admin::Proposals { office: knc() }, &[]).await.unwrap();
    assert_eq!(lines, ["KNC: nothing is proposed"]);
}

told_on_both! {
    rules_change_only_by_two_administrators
    only_what_was_read_is_approved
    a_proposal_whose_ground_has_moved_is_not_approved
    a_day_that_has_passed_at_the_office_gets_no_other_rules
    rules_that_can_not_be_used_are_not_even_proposed
    the_office_file_brings_the_first_version_and_no_other
    only_an_active_administrator_answers_for_rules
    wrong_passwords_cost_time_also_after_a_restart
    what_an_administrator_does_to_a_case_is_kept_without_effect
    nobody_loses_a_place_when_places_are_taken_away
    a_closed_day_takes_nobody_not_even_into_a_place_that_comes_free
    what_an_administrator_types_is_answered_in_plain_lines
    rules_are_proposed_read_and_approved_at_the_command_line
}
