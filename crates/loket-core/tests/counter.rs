//! Stories about the counter. Each is one line of a small language, put to the rule book as the office's authority does
//! it: what `decide` agrees to is applied, a claim it refuses is refused, a fact it refuses is kept as disputed. The
//! answer is what a person would read: first what was not simply done, then everybody of whom something changed.
//!
//! The cast: Sari at W001 (counter 1), where Lina takes over from her, Budi at W002 (counter 2), Maya, supervisor, at
//! W003 (counter 3), Ratih and Surya, administrator and auditor, who sit down at W001. It is Monday 23 November 2026, 08.30. Whoever acts is named at the end (`by Budi`, `by 2`); without a name it is Sari. `try` asks
//! without doing, `@x` names a command, `of bima` names an application other than the one in hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{NaiveDate, NaiveTime};
use expect_test::{Expect, expect};
use loket_core::act::*;
use loket_core::application::*;
use loket_core::id::*;
use loket_core::nik::{Nik, Sex};
use loket_core::office::{CounterInfo, Officer, Role};
use loket_core::refusal::{Missing, Refusal};
use loket_core::rules::{DocumentRule, Rules, Surcharge, SurchargeFor, Tariff};
use loket_core::sync::RowOutcome;
use loket_core::visit::{HoldReason, Outcome, Plan, Presence, Stage, Visit};
use loket_core::world::{Context, World, decide, follow_ups, judge, next_in_share};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Tells a story and compares what a person would read at its end. Nothing else in this file knows the API.
fn check(story: &str, expected: Expect) {
    let mut day = Day::new();
    for sentence in story.split(';').map(str::trim).filter(|s| !s.is_empty()) {
        day.tell(sentence);
    }
    expected.assert_eq(&day.read());
}

// The door: twice, another day, after a no-show, when all is over

#[test]
fn whoever_arrives_waits() {
    check("check in A-001", expect!["A-001 waiting since 08.30.00 for 1"]);
}

#[test]
fn arriving_twice_is_arriving_once() {
    check(
        "check in A-001; wait 60 s; check in A-001 by 2",
        expect![[r#"
            check in A-001 by 2: overtaken
            A-001 waiting since 08.30.00 for 1"#]],
    );
    check(
        "check in A-001; call A-001; check in A-001 by 2",
        expect![[r#"
            check in A-001 by 2: overtaken
            A-001 called to 1 by Sari, times: 1"#]],
    );
    check(
        "check in A-001; hold A-001 personal; call A-001; start A-001 scanned; hold A-001 personal; check in A-001",
        expect![[r#"
            hold A-001 personal: disputed, not called here
            check in A-001: overtaken
            A-001 on hold at 1: personal
              dispute: hold by Sari, open"#]],
    );
}

#[test]
fn presence_wins_over_a_no_show_and_nobody_has_to_settle_it() {
    check(
        "call A-001; wait 15 s; recall A-001; wait 15 s; recall A-001; start A-001 scanned by 2; no-show A-001; recall A-001",
        expect![[r#"
            no-show A-001: overtaken
            recall A-001: overtaken
            A-001 served at 2 by Budi: rina; calls voided: 1"#]],
    );
    check(
        "start A-001 scanned by 2; finish A-001 given_up by 2; no-show A-001",
        expect![[r#"
        no-show A-001: overtaken
        A-001 finished at 08.30.00; rina given up"#]],
    );
    check(
        "call A-001; no-show A-001",
        expect![[r#"
        no-show A-001: disputed, call again first, times: 2
        A-001 called to 1 by Sari, times: 1
          dispute: no_show by Sari, open"#]],
    );
}

#[test]
fn a_counter_is_free_while_it_is_not_settled_how_its_visit_ended() {
    check(
        "start A-001 scanned; finish A-001 accepted; call A-002",
        expect![[r#"
        finish A-001 accepted: disputed, missing: ktp, family_card, birth_certificate, full_name, nik, face, ten fingers, signature, face judgement, interview, payment, receipt
        A-001 served at 1 by Sari: rina
          dispute: finish by Sari, open
        A-002 called to 1 by Sari, times: 1"#]],
    );
    check(
        "start A-001 scanned; finish A-001 accepted; settle take by Maya",
        expect![[r#"
        finish A-001 accepted: disputed, missing: ktp, family_card, birth_certificate, full_name, nik, face, ten fingers, signature, face judgement, interview, payment, receipt
        A-001 finished at 08.30.00; rina accepted
          dispute: finish by Sari, settled: taken"#]],
    );
    check(
        "start A-001 scanned; finish A-001 accepted; call A-002; settle keep by Maya",
        expect![[r#"
        finish A-001 accepted: disputed, missing: ktp, family_card, birth_certificate, full_name, nik, face, ten fingers, signature, face judgement, interview, payment, receipt
        A-001 waiting since 08.30.00 for 1, first in line
          dispute: finish by Sari, settled: what stood stands
        A-002 called to 1 by Sari, times: 1"#]],
    );
    check(
        "start A-001 scanned; finish A-001 accepted; finish A-001 given_up; settle keep by Maya",
        expect![[r#"
        finish A-001 accepted: disputed, missing: ktp, family_card, birth_certificate, full_name, nik, face, ten fingers, signature, face judgement, interview, payment, receipt
        A-001 finished at 08.30.00; rina given up
          dispute: finish by Sari, settled: what stood stands"#]],
    );
}

#[test]
fn a_start_that_came_second_takes_over_when_the_supervisor_says_so() {
    check(
        "start A-001 scanned; start A-001 scanned by 2; settle take by Maya",
        expect![[r#"
        start A-001 scanned by 2: disputed, being served at 1 by Sari
        A-001 served at 2 by Budi: rina
          dispute: start by Budi, settled: taken"#]],
    );
    check(
        "start A-001 scanned; start A-001 scanned by 2; settle keep by Maya",
        expect![[r#"
        start A-001 scanned by 2: disputed, being served at 1 by Sari
        A-001 served at 1 by Sari: rina
          dispute: start by Budi, settled: what stood stands"#]],
    );
}

#[test]
fn an_appointment_is_for_its_own_day() {
    check(
        "check in A-006",
        expect![[r#"
        check in A-006: disputed, for another day
        A-006 expected for 1
          dispute: check_in by Sari, open"#]],
    );
    check(
        "check in A-006 ; tomorrow; check in A-006; check in A-001",
        expect![[r#"
        check in A-006: disputed, for another day
        check in A-001: disputed, for another day
        A-001 expected for 1
          dispute: check_in by Sari, open
        A-006 waiting since 08.30.00 for 1
          dispute: check_in by Sari, open"#]],
    );
}

#[test]
fn whoever_was_called_before_the_door_knew_of_them_is_simply_here() {
    check("call A-001; check in A-001", expect!["A-001 called to 1 by Sari, times: 1"]);
}

#[test]
fn checking_in_after_a_no_show_is_coming_back() {
    check(
        "call A-001; wait 15 s; recall A-001; wait 15 s; recall A-001; no-show A-001; check in A-001",
        expect!["A-001 waiting since 08.30.30 for 1, first in line"],
    );
}

#[test]
fn a_finished_visit_does_not_begin_again() {
    check(
        "start A-001 scanned; finish A-001 given_up; check in A-001; return A-001; start A-001 scanned; call A-001;
         transfer A-001 to 2; finish A-001 given_up; recall A-001",
        expect![[r#"
            check in A-001: overtaken
            return A-001: overtaken
            start A-001 scanned: disputed, finished since 08.30.00
            call A-001: refused, finished since 08.30.00
            transfer A-001 to 2: refused, finished since 08.30.00
            finish A-001 given_up: disputed, finished since 08.30.00
            recall A-001: overtaken
            A-001 finished at 08.30.00; rina given up
              dispute: start by Sari, open
              dispute: finish by Sari, open"#]],
    );
}

#[test]
fn a_place_given_up_is_given_up() {
    check(
        "withdraw A-001; check in A-001; call A-001; return A-001; start A-001 scanned; transfer A-001 to 2",
        expect![[r#"
        check in A-001: disputed, place given up
        call A-001: refused, place given up
        return A-001: disputed, place given up
        start A-001 scanned: disputed, place given up
        transfer A-001 to 2: refused, place given up
        A-001 gave the place up: rescheduled
          dispute: check_in by Sari, open
          dispute: return by Sari, open
          dispute: start by Sari, open"#]],
    );
    check("start A-001 scanned; withdraw A-001", expect!["A-001 served at 1 by Sari: rina"]);
}

#[test]
fn nobody_knows_an_unpublished_visit() {
    check(
        "check in A-099; call A-099",
        expect![[r#"
        check in A-099: disputed, unknown here
        call A-099: refused, unknown here
        ? expected
          dispute: check_in by Sari, open"#]],
    );
}

// Calling

#[test]
fn a_counter_calls_its_own_share_and_no_other() {
    check("check in A-001; call A-001 by 1", expect!["A-001 called to 1 by Sari, times: 1"]);
    check(
        "check in A-001; call A-001 by 2",
        expect![[r#"
        call A-001 by 2: refused, in the share of 1
        A-001 waiting since 08.30.00 for 1"#]],
    );
}

#[test]
fn whoever_has_not_arrived_is_called_when_the_hour_has_come_and_not_before() {
    check("call A-003 by 2", expect!["call A-003 by 2: refused, not due before 09.00.00"]);
    check("wait 30 min; call A-003 by 2", expect!["A-003 called to 2 by Budi, times: 1"]);
    check("check in A-003; call A-003 by 2", expect!["A-003 called to 2 by Budi, times: 1"]);
    check("call A-006", expect!["call A-006: refused, for another day"]);
}

#[test]
fn a_counter_has_one_visit_at_a_time() {
    check(
        "call A-001; call A-002",
        expect![[r#"
        call A-002: refused, counter busy with A-001
        A-001 called to 1 by Sari, times: 1"#]],
    );
    check(
        "start A-001 scanned; call A-002; start A-002 scanned; try call next",
        expect![[r#"
        call A-002: refused, counter busy with A-001
        start A-002 scanned: disputed, counter busy with A-001
        try call next: no, counter busy with A-001
        A-001 served at 1 by Sari: rina
        A-002 expected for 1
          dispute: start by Sari, open"#]],
    );
}

#[test]
fn a_second_call_of_the_same_number_is_refused() {
    check(
        "check in A-001; call A-001; call A-001",
        expect![[r#"
        call A-001: refused, already called to 1
        A-001 called to 1 by Sari, times: 1"#]],
    );
    check(
        "check in A-001; call A-001; call A-001 by 2",
        expect![[r#"
        call A-001 by 2: refused, already called to 1
        A-001 called to 1 by Sari, times: 1"#]],
    );
    check(
        "start A-001 scanned; call A-001 by 2",
        expect![[r#"
        call A-001 by 2: refused, being served at 1 by Sari
        A-001 served at 1 by Sari: rina"#]],
    );
}

#[test]
fn out_of_order_needs_a_reason() {
    check(
        "call A-002 because \" \"; call A-002 because \"carries a baby\"",
        expect![[r#"
        call A-002 because " ": refused, say why
        A-002 called to 1 by Sari, times: 1"#]],
    );
}

#[test]
fn the_line_is_arrived_first_then_priority_then_the_booked_time() {
    check("call next", expect!["P-005 called to 1 by Sari, times: 1"]);
    check("check in A-002; call next", expect!["A-002 called to 1 by Sari, times: 1"]);
    check(
        "check in A-001; check in P-005; call next",
        expect![[r#"
        A-001 waiting since 08.30.00 for 1
        P-005 called to 1 by Sari, times: 1"#]],
    );
    check(
        "check in A-001; check in A-004; wait 1 s; call next",
        expect![[r#"
        A-001 called to 1 by Sari, times: 1
        A-004 waiting since 08.30.00 for 1"#]],
    );
    check("call next by Maya", expect!["call next by Maya: refused, nobody waiting"]);
}

#[test]
fn a_call_given_by_the_authority_can_be_voided_by_it() {
    check("give A-001 to 1; void A-001 at 1", expect!["A-001 expected for 1, first in line; calls voided: 1"]);
    check("give A-001 to 1; start A-001; void A-001 at 1", expect!["A-001 served at 1 by Sari: rina; calls voided: 1"]);
}

// Shares

#[test]
fn a_released_share_is_called_by_the_other_counter() {
    check(
        "release A-001 A-002 from 1 to 2; call A-001; call A-001 by 2",
        expect![[r#"
        call A-001: refused, in the share of 2
        A-001 called to 2 by Budi, times: 1
        A-002 expected for 2"#]],
    );
}

#[test]
fn only_its_holder_releases_a_share_and_only_who_can_move() {
    check(
        "release A-001 from 1 to 2 by Budi",
        expect![[r#"
        release A-001 from 1 to 2 by Budi: disputed, counter not open
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: release by Budi, open"#]],
    );
    check(
        "release A-001 from 1 to 9",
        expect![[r#"
        release A-001 from 1 to 9: disputed, no counter 9
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: release by Sari, open"#]],
    );
    check(
        "call A-001; release A-001 A-007 A-099 from 1 to 2",
        expect![[r#"
        release A-001 A-007 A-099 from 1 to 2: disputed, nobody waiting
        A-001 called to 1 by Sari, times: 1
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: release by Sari, open"#]],
    );
    check(
        "close 1; release A-001 from 1 to 2",
        expect![[r#"
        release A-001 from 1 to 2: disputed, counter not open
        counter 2: Budi at W002
          dispute: release by Sari, open"#]],
    );
}

#[test]
fn a_reclaimed_share_is_lost_to_the_old_holder() {
    check(
        "check in A-001; reclaim 1 to 2 \"W001 is dead\" by Maya; call A-001; call A-001 by 2",
        expect![[r#"
        call A-001: refused, share reclaimed for 2
        A-001 called to 2 by Budi, times: 1
        A-002 expected reclaimed for 2
        A-004 expected reclaimed for 2
        P-005 expected reclaimed for 2"#]],
    );
}

#[test]
fn only_a_supervisor_reclaims_and_says_why() {
    check(
        "reclaim 1 to 2 \"why not\" by Budi; reclaim 1 to 2 \" \" by Maya",
        expect![[r#"
        reclaim 1 to 2 "why not" by Budi: disputed, supervisors only
        reclaim 1 to 2 " " by Maya: disputed, say why
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: reclaim by Budi, open
          dispute: reclaim by Maya, open"#]],
    );
    check(
        "reclaim 1 to 9 \"dead\" by Maya; reclaim 9 to 1 \"dead\" by Maya; reclaim 3 to 1 \"dead\" by Maya",
        expect![[r#"
        reclaim 1 to 9 "dead" by Maya: disputed, no counter 9
        reclaim 9 to 1 "dead" by Maya: disputed, no counter 9
        reclaim 3 to 1 "dead" by Maya: disputed, nobody waiting
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: reclaim by Maya, open
          dispute: reclaim by Maya, open
          dispute: reclaim by Maya, open"#]],
    );
}

#[test]
fn somebody_at_a_counter_stays_there_when_the_share_is_reclaimed() {
    check(
        "start A-001 scanned; reclaim 1 to 2 \"rebalance\" by Maya; finish A-001 given_up",
        expect![[r#"
        A-001 finished at 08.30.00; rina given up
        A-002 expected reclaimed for 2
        A-004 expected reclaimed for 2
        P-005 expected reclaimed for 2"#]],
    );
}

// Recall and no-show

#[test]
fn a_recall_waits_fifteen_seconds() {
    check(
        "call A-001; recall A-001",
        expect![[r#"
        recall A-001: disputed, wait 15 s
        A-001 called to 1 by Sari, times: 1
          dispute: recall by Sari, open"#]],
    );
    check(
        "call A-001; wait 14 s; recall A-001; wait 1 s; recall A-001",
        expect![[r#"
        recall A-001: disputed, wait 1 s
        A-001 called to 1 by Sari, times: 2
          dispute: recall by Sari, open"#]],
    );
}

#[test]
fn three_recalls_are_enough() {
    check(
        "call A-001; wait 15 s; recall A-001; wait 15 s; recall A-001; wait 15 s; recall A-001; wait 15 s; recall A-001",
        expect![[r#"
            recall A-001: disputed, already called again 3 times
            A-001 called to 1 by Sari, times: 4
              dispute: recall by Sari, open"#]],
    );
}

#[test]
fn only_the_counter_that_called_recalls() {
    check(
        "call A-001; wait 15 s; recall A-001 by 2; no-show A-001 by 2",
        expect![[r#"
            recall A-001 by 2: overtaken
            no-show A-001 by 2: overtaken
            A-001 called to 1 by Sari, times: 1"#]],
    );
    check(
        "check in A-001; recall A-001; no-show A-001",
        expect![[r#"
            recall A-001: overtaken
            no-show A-001: overtaken
            A-001 waiting since 08.30.00 for 1"#]],
    );
    check(
        "start A-001 scanned; recall A-001 by 2",
        expect![[r#"
            recall A-001 by 2: overtaken
            A-001 served at 1 by Sari: rina"#]],
    );
}

#[test]
fn a_no_show_was_recalled_twice() {
    check(
        "call A-001; no-show A-001; wait 15 s; recall A-001; no-show A-001",
        expect![[r#"
        no-show A-001: disputed, call again first, times: 2
        no-show A-001: disputed, call again first, times: 1
        A-001 called to 1 by Sari, times: 2
          dispute: no_show by Sari, open
          dispute: no_show by Sari, open"#]],
    );
    check(
        "call A-001; wait 15 s; recall A-001; wait 15 s; recall A-001; no-show A-001; call A-001; transfer A-001 to 2",
        expect![[r#"
        call A-001: refused, did not come at 08.30.30
        transfer A-001 to 2: refused, did not come at 08.30.30
        A-001 did not come to 1 at 08.30.30"#]],
    );
}

#[test]
fn who_returns_is_first_in_line() {
    check(
        "check in P-005; call A-002 because \"asked to\"; wait 15 s; recall A-002; wait 15 s; recall A-002; no-show A-002;
         return A-002; call next",
        expect![[r#"
            A-002 called to 1 by Sari, times: 1
            P-005 waiting since 08.30.00 for 1"#]],
    );
}

#[test]
fn nobody_returns_who_is_not_away() {
    check(
        "return A-001; check in A-001; return A-001; call A-001; return A-001; start A-001; return A-001",
        expect![[r#"
            return A-001: disputed, not due before 08.00.00
            return A-001: overtaken
            return A-001: overtaken
            return A-001: overtaken
            A-001 served at 1 by Sari: rina
              dispute: return by Sari, open"#]],
    );
}

#[test]
fn presence_beats_a_no_show() {
    check(
        "call A-001; wait 15 s; recall A-001; wait 15 s; recall A-001; no-show A-001; start A-001 scanned by 2",
        expect!["A-001 served at 2 by Budi: rina"],
    );
}

// Presence is the lock

#[test]
fn called_and_come() {
    check("check in A-001; call A-001; start A-001", expect!["A-001 served at 1 by Sari: rina"]);
    check("check in A-001; start A-001", expect!["A-001 served at 1 by Sari: rina"]);
    check("call A-001; start A-001 by 2", expect!["A-001 served at 2 by Budi: rina; calls voided: 1"]);
}

#[test]
fn presence_at_another_counter_voids_the_call() {
    check("call A-001; start A-001 scanned by 2", expect!["A-001 served at 2 by Budi: rina; calls voided: 1"]);
    check(
        "give A-001 to 1; start A-001 named by 2; call A-002",
        expect![[r#"
        A-001 served at 2 by Budi: rina; calls voided: 1
        A-002 called to 1 by Sari, times: 1"#]],
    );
}

#[test]
fn a_person_cannot_be_at_two_counters() {
    check(
        "start A-001 scanned; start A-001 scanned by 2",
        expect![[r#"
        start A-001 scanned by 2: disputed, being served at 1 by Sari
        A-001 served at 1 by Sari: rina
          dispute: start by Budi, open"#]],
    );
}

#[test]
fn start_names_applications_of_this_visit() {
    check(
        "start A-001 scanned dewi; start A-004 scanned nobody",
        expect![[r#"
        start A-001 scanned dewi: disputed, unknown here
        start A-004 scanned nobody: disputed, unknown here
        A-001 expected for 1
          dispute: start by Sari, open
        A-004 expected for 1
          dispute: start by Sari, open"#]],
    );
}

#[test]
fn a_family_is_served_at_two_counters() {
    check(
        "start A-004 scanned agus; start A-004 scanned bima by 2",
        expect!["A-004 served at 1 by Sari: agus | served at 2 by Budi: bima"],
    );
    check(
        "start A-004 scanned agus; start A-004 scanned bima by 2; finish A-004 agus given_up",
        expect!["A-004 served at 2 by Budi: bima; agus given up"],
    );
    check(
        "start A-004 scanned agus; start A-004 scanned bima by 2; finish A-004 agus given_up; finish A-004 bima given_up by 2",
        expect!["A-004 finished at 08.30.00; agus given up, bima given up"],
    );
    check(
        "start A-004 scanned agus; start A-004 scanned agus bima by 2",
        expect![[r#"
        start A-004 scanned agus bima by 2: disputed, being served at 1 by Sari
        A-004 served at 1 by Sari: agus
          dispute: start by Budi, open"#]],
    );
}

#[test]
fn a_family_half_served_is_first_in_line_with_the_rest() {
    check(
        "start A-004 scanned agus; finish A-004 agus given_up; start A-004 scanned agus; call next",
        expect![[r#"
        start A-004 scanned agus: disputed, finished since 08.30.00
        A-004 called to 1 by Sari, times: 1; agus given up
          dispute: start by Sari, open"#]],
    );
}

#[test]
fn one_child_set_aside_leaves_the_other_at_its_counter() {
    check(
        "start A-004 scanned agus; start A-004 scanned bima by 2; hold A-004 payment; finish A-004 bima given_up by 2",
        expect!["A-004 waiting since 08.30.00 for 1, first in line; bima given up"],
    );
}

// Hold and transfer

#[test]
fn set_aside_and_back() {
    check(
        "start A-001 scanned; hold A-001 missing_paper; call A-001",
        expect![[r#"
        call A-001: refused, on hold
        A-001 on hold at 1: missing_paper"#]],
    );
    check(
        "start A-001 scanned; hold A-001 missing_paper; return A-001; call next",
        expect!["A-001 called to 1 by Sari, times: 1"],
    );
    check(
        "start A-001 scanned; hold A-001 payment; start A-001 scanned by 2",
        expect!["A-001 served at 2 by Budi: rina"],
    );
}

#[test]
fn a_hold_for_another_reason_needs_words() {
    check(
        "call A-001; hold A-001 other; hold A-001 other \"prays\"",
        expect![[r#"
        hold A-001 other: disputed, say why
        A-001 on hold at 1: other prays
          dispute: hold by Sari, open"#]],
    );
    check(
        "check in A-001; hold A-001 personal",
        expect![[r#"
        hold A-001 personal: disputed, not called here
        A-001 waiting since 08.30.00 for 1
          dispute: hold by Sari, open"#]],
    );
    check(
        "start A-001 scanned; hold A-001 personal by 2",
        expect![[r#"
        hold A-001 personal by 2: disputed, being served at 1 by Sari
        A-001 served at 1 by Sari: rina
          dispute: hold by Budi, open"#]],
    );
}

#[test]
fn a_transfer_goes_to_the_head_of_the_other_line() {
    check(
        "check in A-007; start A-001 scanned; transfer A-001 to 2 \"speaks Javanese\"; call next by 2",
        expect![[r#"
        A-001 called to 2 by Budi, times: 1, note: speaks Javanese
        A-007 waiting since 08.30.00 for 2"#]],
    );
    check("transfer A-001 to 2", expect!["A-001 expected for 2"]);
    check("call A-001; transfer A-001 to 2", expect!["A-001 waiting since 08.30.00 for 2, first in line"]);
}

#[test]
fn nobody_is_taken_from_another_counter() {
    check(
        "call A-001; transfer A-001 to 2 by Budi",
        expect![[r#"
        transfer A-001 to 2 by Budi: refused, already called to 1
        A-001 called to 1 by Sari, times: 1"#]],
    );
    check(
        "start A-001 scanned; transfer A-001 to 2 by Budi",
        expect![[r#"
        transfer A-001 to 2 by Budi: refused, being served at 1 by Sari
        A-001 served at 1 by Sari: rina"#]],
    );
    check("transfer A-001 to 9", expect!["transfer A-001 to 9: refused, no counter 9"]);
}

#[test]
fn words_have_a_limit_everywhere() {
    check(
        "call A-002 because LONG; transfer A-001 to 2 LONG; call A-001; hold A-001 personal LONG",
        expect![[r#"
        call A-002 because LONG: refused, longer than 500 characters
        transfer A-001 to 2 LONG: refused, longer than 500 characters
        hold A-001 personal LONG: disputed, longer than 500 characters
        A-001 called to 1 by Sari, times: 1
          dispute: hold by Sari, open"#]],
    );
    check(
        "reclaim 1 to 2 LONG by Maya",
        expect![[r#"
        reclaim 1 to 2 LONG by Maya: disputed, longer than 500 characters
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: reclaim by Maya, open"#]],
    );
    check(
        "accept ktp LONG of rina; interview passed LONG; proof LONG 1; @a accept ktp; correct @a LONG",
        expect![[r#"
        accept ktp LONG of rina: disputed, longer than 500 characters
        interview passed LONG: disputed, longer than 500 characters
        proof LONG 1: disputed, longer than 500 characters
        correct @a LONG: disputed, longer than 500 characters
        rina: ktp accepted
          dispute: verdict by Sari, open
          dispute: interview by Sari, open
          dispute: proof_seen by Sari, open
          dispute: correct by Sari, open"#]],
    );
}

// Documents

#[test]
fn documents_are_decided_one_by_one() {
    check(
        "start A-001 scanned; accept ktp; ask family_card blurred; reject birth_certificate not_original",
        expect![[r#"
        A-001 served at 1 by Sari: rina
        rina: ktp accepted, family_card asked again: blurred, birth_certificate rejected: not_original"#]],
    );
}

#[test]
fn two_officers_who_agree_have_no_dispute() {
    check("accept ktp of rina; accept ktp of rina by Budi", expect!["rina: ktp accepted"]);
    check("ask ktp blurred of rina; ask ktp glare of rina by Budi", expect!["rina: ktp asked again: blurred"]);
}

#[test]
fn two_officers_who_disagree_leave_it_to_a_supervisor_and_the_first_stands() {
    check(
        "accept ktp of rina; reject ktp expired of rina by Budi",
        expect![[r#"
        reject ktp expired of rina by Budi: disputed, already accepted by Sari
        rina: ktp accepted
          dispute: verdict by Budi, open"#]],
    );
    check(
        "ask ktp blurred of rina; reject ktp blurred of rina by Budi",
        expect![[r#"
        reject ktp blurred of rina by Budi: disputed, already asked again (blurred) by Sari
        rina: ktp asked again: blurred
          dispute: verdict by Budi, open"#]],
    );
}

#[test]
fn a_supervisor_settles_either_way() {
    check(
        "accept ktp of rina; reject ktp expired of rina by Budi; settle keep by Maya",
        expect![[r#"
        reject ktp expired of rina by Budi: disputed, already accepted by Sari
        rina: ktp accepted
          dispute: verdict by Budi, settled: what stood stands"#]],
    );
    check(
        "accept ktp of rina; reject ktp expired of rina by Budi; settle take by Maya",
        expect![[r#"
        reject ktp expired of rina by Budi: disputed, already accepted by Sari
        rina: ktp rejected: expired
          dispute: verdict by Budi, settled: taken"#]],
    );
    check(
        "accept ktp of rina; reject ktp expired of rina by Budi; settle take by Budi",
        expect![[r#"
        reject ktp expired of rina by Budi: disputed, already accepted by Sari
        settle take by Budi: disputed, supervisors only
        rina: ktp accepted
          dispute: verdict by Budi, open
          dispute: settle by Budi, open"#]],
    );
    check(
        "accept ktp of rina; reject ktp expired of rina by Budi; settle keep by Maya; try settle take by Maya",
        expect![[r#"
        reject ktp expired of rina by Budi: disputed, already accepted by Sari
        try settle take by Maya: no, already settled
        rina: ktp accepted
          dispute: verdict by Budi, settled: what stood stands"#]],
    );
    check(
        "@a accept ktp of rina; try settle @a keep by Maya",
        expect![[r#"
        try settle @a keep by Maya: no, nothing to take back
        rina: ktp accepted"#]],
    );
}

#[test]
fn what_was_settled_is_what_the_next_verdict_meets() {
    check(
        "accept ktp of rina; reject ktp expired of rina by Budi; settle take by Maya; reject ktp cut_off of rina; accept ktp of rina",
        expect![[r#"
            reject ktp expired of rina by Budi: disputed, already accepted by Sari
            accept ktp of rina: disputed, already rejected (expired) by Budi
            rina: ktp rejected: expired
              dispute: verdict by Budi, settled: taken
              dispute: verdict by Sari, open"#]],
    );
}

#[test]
fn a_verdict_belongs_to_its_scan() {
    check("ask ktp blurred of rina; upload ktp of rina; accept ktp 2 of rina", expect!["rina: ktp accepted"]);
    check("upload ktp of rina; accept ktp 2 of rina; ask ktp 1 blurred of rina by Budi", expect!["rina: ktp accepted"]);
    check("accept ktp of rina; upload ktp of rina; ask ktp 2 blurred of rina", expect!["rina: ktp accepted"]);
}

#[test]
fn reason_other_needs_words() {
    check(
        "ask ktp other of rina; reject ktp other of rina; ask ktp other \"foto bukan Anda\" of rina",
        expect![[r#"
        ask ktp other of rina: disputed, say why
        reject ktp other of rina: disputed, say why
        rina: ktp asked again: other
          dispute: verdict by Sari, open
          dispute: verdict by Sari, open"#]],
    );
}

#[test]
fn only_documents_of_the_case_are_decided() {
    check(
        "accept old_passport of rina; upload old_passport of rina; accept old_passport of rina",
        expect![[r#"
        accept old_passport of rina: disputed, old_passport is not asked for
        rina: old_passport accepted
          dispute: verdict by Sari, open"#]],
    );
}

// Taking back

#[test]
fn an_undone_act_never_was() {
    check("check in A-001; undo", expect!["A-001 expected for 1"]);
    check("check in A-001; call A-001; undo", expect!["A-001 waiting since 08.30.00 for 1"]);
    check("call A-001; start A-001; undo", expect!["A-001 called to 1 by Sari, times: 1"]);
    check(
        "call A-001; start A-001 scanned by 2; undo by 2",
        expect!["A-001 called to 1 by Sari, times: 1; calls voided: 1"],
    );
    check("start A-001 scanned; finish A-001 given_up; undo", expect!["A-001 served at 1 by Sari: rina"]);
    check("start A-001 scanned; hold A-001 payment; undo", expect!["A-001 served at 1 by Sari: rina"]);
    check("call A-001; wait 15 s; recall A-001; undo; recall A-001", expect!["A-001 called to 1 by Sari, times: 2"]);
    check("accept ktp of rina; undo", expect!["rina: nothing decided"]);
    check("interview refused of rina; undo; interview passed of rina", expect!["rina: interview passed"]);
}

#[test]
fn only_the_newest_is_undone_and_only_at_its_own_desk() {
    check(
        "@a check in A-001; call A-001; undo @a",
        expect![[r#"
        undo @a: disputed, something was built on it
        A-001 called to 1 by Sari, times: 1
          dispute: undo by Sari, open"#]],
    );
    check(
        "@a check in A-001; undo @a by Budi",
        expect![[r#"
        undo @a by Budi: disputed, not yours
        A-001 waiting since 08.30.00 for 1
          dispute: undo by Budi, open"#]],
    );
    check(
        "@a accept ktp of rina; accept family_card of rina by Budi; undo @a",
        expect![[r#"
        undo @a: disputed, something was built on it
        rina: ktp accepted, family_card accepted
          dispute: undo by Sari, open"#]],
    );
    check(
        "@a accept ktp of rina; undo @a by Budi",
        expect![[r#"
        undo @a by Budi: disputed, not yours
        rina: ktp accepted
          dispute: undo by Budi, open"#]],
    );
}

#[test]
fn whoever_takes_over_a_counter_does_not_undo_for_the_one_before() {
    check(
        "@a check in A-001; undo @a by Lina",
        expect![[r#"
        undo @a by Lina: disputed, not yours
        A-001 waiting since 08.30.00 for 1
          dispute: undo by Lina, open"#]],
    );
    check(
        "@a accept ktp of rina; undo @a by Lina",
        expect![[r#"
        undo @a by Lina: disputed, not yours
        rina: ktp accepted
          dispute: undo by Lina, open"#]],
    );
}

#[test]
fn undo_happens_once() {
    check(
        "@a check in A-001; undo @a; undo @a",
        expect![[r#"
        undo @a: disputed, something was built on it
        A-001 expected for 1
          dispute: undo by Sari, open"#]],
    );
    check(
        "check in A-001; undo; undo",
        expect![[r#"
        undo: disputed, nothing to take back
        A-001 expected for 1
          dispute: undo by Sari, open"#]],
    );
    check(
        "@a accept ktp of rina; undo @a; undo @a",
        expect![[r#"
        undo @a: disputed, something was built on it
        rina: nothing decided
          dispute: undo by Sari, open"#]],
    );
    check(
        "accept ktp of rina; undo; undo",
        expect![[r#"
        undo: disputed, nothing to take back
        rina: nothing decided
          dispute: undo by Sari, open"#]],
    );
    check(
        "@a open 1; undo @a",
        expect![[r#"
        undo @a: disputed, nothing to take back
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: undo by Sari, open"#]],
    );
}

#[test]
fn a_refused_call_of_somebody_else_builds_on_nothing() {
    check(
        "@a check in A-001; call A-001 by 2; undo @a",
        expect![[r#"
        call A-001 by 2: refused, in the share of 1
        A-001 expected for 1"#]],
    );
}

#[test]
fn a_receipt_is_never_undone_and_neither_is_paper() {
    check(
        "ready rina; @r receipt of rina; undo @r",
        expect![[r#"
        undo @r: disputed, something was built on it
        rina: ktp accepted, family_card accepted, birth_certificate accepted, interview passed, proof seen: slip 1, receipt KNC/26/W001/000001-4 not printed
          dispute: undo by Sari, open"#]],
    );
    check(
        "ready rina; receipt of rina; @p print of rina; try undo @p; undo @p",
        expect![[r#"
        try undo @p: no, nothing to take back
        undo @p: disputed, nothing to take back
        rina: ktp accepted, family_card accepted, birth_certificate accepted, interview passed, proof seen: slip 1, receipt KNC/26/W001/000001-4 printed
          dispute: undo by Sari, open"#]],
    );
}

#[test]
fn a_correction_says_why() {
    check(
        "@a accept ktp of rina; wait 60 s; ask family_card blurred of rina; correct @a \"wrong person\"",
        expect!["rina: family_card asked again: blurred"],
    );
    check(
        "@a accept ktp of rina; correct @a \" \"",
        expect![[r#"
        correct @a " ": disputed, say why
        rina: ktp accepted
          dispute: correct by Sari, open"#]],
    );
    check(
        "@a accept ktp of rina; correct @a \"wrong\" by Budi; correct @a \"wrong\"",
        expect![[r#"
        correct @a "wrong": disputed, nothing to take back
        rina: nothing decided
          dispute: correct by Sari, open"#]],
    );
    check(
        "@a start A-001 scanned; correct @a \"wrong visit\"",
        expect![[r#"
        correct @a "wrong visit": disputed, nothing to take back
        A-001 served at 1 by Sari: rina
          dispute: correct by Sari, open"#]],
    );
    check("@a accept ktp of rina; accept ktp of rina by Budi; correct @a \"wrong\"", expect!["rina: ktp accepted"]);
}

// Biometrics

#[test]
fn a_small_child_gives_no_fingers() {
    check(
        "try receipt of bima",
        expect![
            "try receipt of bima: no, missing: birth_certificate, parents_ktp, full_name, nik, face, signature, face judgement, interview, payment"
        ],
    );
    check(
        "except signature cannot_sign of bima; capture face of bima; face match of bima; try receipt of bima",
        expect![[r#"
        try receipt of bima: no, missing: birth_certificate, parents_ktp, full_name, nik, interview, payment
        bima: nothing decided"#]],
    );
}

#[test]
fn an_exception_has_a_reason() {
    check(
        "except left_thumb of rina; except left_thumb worn of rina",
        expect![[r#"
        except left_thumb of rina: disputed, say why
        rina: nothing decided
          dispute: biometrics by Sari, open"#]],
    );
}

#[test]
fn a_finger_of_low_quality_needs_its_attempts() {
    check(
        "biometrics rina; capture left_thumb q20 x1 of rina; try receipt of rina",
        expect![[r#"
        try receipt of rina: no, missing: ktp, family_card, birth_certificate, full_name, nik, left_thumb, interview, payment
        rina: nothing decided"#]],
    );
    check(
        "biometrics rina; capture left_thumb q20 x3 of rina; try receipt of rina",
        expect![[r#"
        try receipt of rina: no, missing: ktp, family_card, birth_certificate, full_name, nik, interview, payment
        rina: nothing decided"#]],
    );
    check(
        "biometrics rina; retake left_thumb of rina; try receipt of rina",
        expect![[r#"
        try receipt of rina: no, missing: ktp, family_card, birth_certificate, full_name, nik, left_thumb, interview, payment
        rina: nothing decided"#]],
    );
}

// Interview

#[test]
fn two_interviews_that_disagree_are_disputed() {
    check(
        "interview passed of rina; interview held of rina by Budi",
        expect![[r#"
        interview held of rina by Budi: disputed, already interviewed by Sari
        rina: interview passed
          dispute: interview by Budi, open"#]],
    );
    check("interview passed of rina; interview passed of rina by Budi", expect!["rina: interview passed"]);
    check(
        "interview passed of rina; interview refused of rina by Budi; settle take by Maya",
        expect![[r#"
        interview refused of rina by Budi: disputed, already interviewed by Sari
        rina: interview refused
          dispute: interview by Budi, settled: taken"#]],
    );
    check(
        "interview passed of rina; interview refused of rina by Budi; settle keep by Maya",
        expect![[r#"
        interview refused of rina by Budi: disputed, already interviewed by Sari
        rina: interview passed
          dispute: interview by Budi, settled: what stood stands"#]],
    );
}

// The fee

#[test]
fn a_proof_seen_is_not_a_payment() {
    check(
        "bill rina; proof \"slip of Bank Mandiri\" 0123 of rina",
        expect!["rina: proof seen: slip of Bank Mandiri 0123"],
    );
    check("bill rina; proof \"slip\" 0123 of rina; pay rina", expect!["rina: paid, NTPN A1B2C3D4E5F6G7H8"]);
    check("bill rina; expire rina", expect!["rina: bill expired"]);
    check("bill rina; expire rina; pay rina", expect!["rina: paid, NTPN A1B2C3D4E5F6G7H8"]);
    check(
        "bill rina; proof \" \" 0123 of rina",
        expect![[r#"
        proof " " 0123 of rina: disputed, say why
        rina: billed, not paid
          dispute: proof_seen by Sari, open"#]],
    );
    check("bill rina", expect!["rina: billed, not paid"]);
}

// Receipt

#[test]
fn a_receipt_says_what_is_missing() {
    check(
        "try receipt of rina",
        expect![
            "try receipt of rina: no, missing: ktp, family_card, birth_certificate, full_name, nik, face, ten fingers, signature, face judgement, interview, payment"
        ],
    );
    check(
        "ready rina; try receipt of rina",
        expect![[r#"
        try receipt of rina: yes
        rina: ktp accepted, family_card accepted, birth_certificate accepted, interview passed, proof seen: slip 1"#]],
    );
    check(
        "documents rina; fields rina; biometrics rina; interview passed of rina; try receipt of rina; proof slip 1 of rina; try receipt of rina",
        expect![[r#"
        try receipt of rina: no, missing: payment
        try receipt of rina: yes
        rina: ktp accepted, family_card accepted, birth_certificate accepted, interview passed, proof seen: slip 1"#]],
    );
}

#[test]
fn who_lost_the_passport_pays_later() {
    check(
        "accept ktp of lili; fields lili; biometrics lili; interview passed of lili; try receipt of lili",
        expect![[r#"
        try receipt of lili: yes
        lili: ktp accepted, interview passed"#]],
    );
}

#[test]
fn a_case_that_is_held_up_gets_a_receipt_once_every_scan_is_decided() {
    check(
        "ask ktp blurred of rina; try receipt of rina; accept family_card of rina; accept birth_certificate of rina; try receipt of rina",
        expect![[r#"
        try receipt of rina: no, missing: family_card, birth_certificate
        try receipt of rina: yes
        rina: ktp asked again: blurred, family_card accepted, birth_certificate accepted"#]],
    );
}

#[test]
fn a_desk_gives_one_receipt_per_case() {
    check(
        "ready rina; receipt of rina; print of rina; try receipt of rina; receipt of rina",
        expect![[r#"
        try receipt of rina: no, receipt KNC/26/W001/000001-4 exists
        receipt of rina: disputed, receipt KNC/26/W001/000001-4 exists
        rina: ktp accepted, family_card accepted, birth_certificate accepted, interview passed, proof seen: slip 1, receipt KNC/26/W001/000001-4 printed, receipt KNC/26/W001/000002-3 not printed
          dispute: issue_receipt by Sari, open"#]],
    );
}

#[test]
fn receipts_of_two_desks_are_both_kept_also_when_disputed() {
    check(
        "ready rina; receipt of rina; receipt of rina by Budi",
        expect![
            "rina: ktp accepted, family_card accepted, birth_certificate accepted, interview passed, proof seen: slip 1, receipt KNC/26/W001/000001-4 not printed, receipt KNC/26/W002/000001-8 not printed"
        ],
    );
    check(
        "receipt of rina; receipt of rina by Budi; print of rina",
        expect![[r#"
        receipt of rina: disputed, missing: ktp, family_card, birth_certificate, full_name, nik, face, ten fingers, signature, face judgement, interview, payment
        receipt of rina by Budi: disputed, missing: ktp, family_card, birth_certificate, full_name, nik, face, ten fingers, signature, face judgement, interview, payment
        rina: receipt KNC/26/W001/000001-4 printed, receipt KNC/26/W002/000001-8 not printed
          dispute: issue_receipt by Sari, open
          dispute: issue_receipt by Budi, open"#]],
    );
}

#[test]
fn only_an_issued_receipt_is_printed() {
    check(
        "print a-strange-one of rina",
        expect![[r#"
        print a-strange-one of rina: disputed, no such receipt
        rina: nothing decided
          dispute: print_receipt by Sari, open"#]],
    );
}

// Finish

#[test]
fn accepted_means_complete_with_a_printed_receipt() {
    check(
        "start A-001 scanned; try finish A-001 accepted",
        expect![[r#"
        try finish A-001 accepted: no, missing: ktp, family_card, birth_certificate, full_name, nik, face, ten fingers, signature, face judgement, interview, payment, receipt
        A-001 served at 1 by Sari: rina"#]],
    );
    check(
        "start A-001 scanned; ready rina; try finish A-001 accepted; receipt; try finish A-001 accepted; print; finish A-001 accepted",
        expect![[r#"
        try finish A-001 accepted: no, missing: receipt
        try finish A-001 accepted: no, missing: print
        A-001 finished at 08.30.00; rina accepted
        rina: ktp accepted, family_card accepted, birth_certificate accepted, interview passed, proof seen: slip 1, receipt KNC/26/W001/000001-4 printed"#]],
    );
    check(
        "ready rina; receipt of rina; print of rina; receipt of rina by Budi; start A-001 scanned; try finish A-001 accepted",
        expect![[r#"
        try finish A-001 accepted: yes
        A-001 served at 1 by Sari: rina
        rina: ktp accepted, family_card accepted, birth_certificate accepted, interview passed, proof seen: slip 1, receipt KNC/26/W001/000001-4 printed, receipt KNC/26/W002/000001-8 not printed"#]],
    );
}

#[test]
fn an_outcome_fits_what_was_decided() {
    check(
        "start A-001 scanned; try finish A-001 awaiting_reupload; ask ktp blurred; finish A-001 awaiting_reupload",
        expect![[r#"
        try finish A-001 awaiting_reupload: no, outcome does not fit
        A-001 finished at 08.30.00; rina awaits a new upload
        rina: ktp asked again: blurred"#]],
    );
    check(
        "start A-001 scanned; try finish A-001 refused; interview refused; finish A-001 refused",
        expect![[r#"
        try finish A-001 refused: no, outcome does not fit
        A-001 finished at 08.30.00; rina refused
        rina: interview refused"#]],
    );
    check(
        "start A-001 scanned; reject ktp not_original; finish A-001 refused",
        expect![[r#"
        A-001 finished at 08.30.00; rina refused
        rina: ktp rejected: not_original"#]],
    );
    check("start A-001 scanned; finish A-001 on_hold", expect!["A-001 finished at 08.30.00; rina on hold"]);
    check(
        "start A-001 scanned; ready rina; receipt; print; ask ktp 2 blurred; try finish A-001 accepted; interview held by Budi; settle take by Maya; finish A-001 accepted",
        expect![[r#"
        try finish A-001 accepted: yes
        interview held by Budi: disputed, already interviewed by Sari
        finish A-001 accepted: disputed, outcome does not fit
        A-001 served at 1 by Sari: rina
          dispute: finish by Sari, open
        rina: ktp accepted, family_card accepted, birth_certificate accepted, interview held, proof seen: slip 1, receipt KNC/26/W001/000001-4 printed
          dispute: interview by Budi, settled: taken"#]],
    );
}

#[test]
fn every_application_served_gets_an_outcome_and_no_other() {
    check(
        "start A-004 scanned; finish A-004 agus given_up",
        expect![[r#"
        finish A-004 agus given_up: disputed, outcome does not fit
        A-004 served at 1 by Sari: agus, bima
          dispute: finish by Sari, open"#]],
    );
    check(
        "start A-004 scanned agus; finish A-004 agus given_up + bima given_up",
        expect![[r#"
        finish A-004 agus given_up + bima given_up: disputed, outcome does not fit
        A-004 served at 1 by Sari: agus
          dispute: finish by Sari, open"#]],
    );
    check(
        "start A-004 scanned agus; finish A-004 agus given_up + agus given_up",
        expect![[r#"
        finish A-004 agus given_up + agus given_up: disputed, outcome does not fit
        A-004 served at 1 by Sari: agus
          dispute: finish by Sari, open"#]],
    );
}

#[test]
fn only_the_counter_that_serves_finishes() {
    check(
        "start A-001 scanned; finish A-001 given_up by 2; check in A-002; finish A-002 given_up",
        expect![[r#"
        finish A-001 given_up by 2: disputed, being served at 1 by Sari
        finish A-002 given_up: disputed, not served here
        A-001 served at 1 by Sari: rina
          dispute: finish by Budi, open
        A-002 waiting since 08.30.00 for 1
          dispute: finish by Sari, open"#]],
    );
}

// The office

#[test]
fn a_counter_has_one_officer_and_an_officer_one_counter() {
    check("open 3", expect!["counter 2: Budi at W002, counter 3: Sari at W001"]);
    check(
        "open 1 by Budi",
        expect![[r#"
        open 1 by Budi: disputed, counter taken by Sari
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: open_counter by Budi, open"#]],
    );
    check(
        "open 1 by Budi; settle keep by Maya",
        expect![[r#"
        open 1 by Budi: disputed, counter taken by Sari
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: open_counter by Budi, settled: what stood stands"#]],
    );
    check(
        "open 1 by Budi; settle take by Maya",
        expect![[r#"
        open 1 by Budi: disputed, counter taken by Sari
        counter 1: Budi at W002
          dispute: open_counter by Budi, settled: taken"#]],
    );
    check(
        "open 9",
        expect![[r#"
        open 9: disputed, no counter 9
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: open_counter by Sari, open"#]],
    );
}

#[test]
fn a_counter_closes_when_nobody_sits_there() {
    check("close 1", expect!["counter 2: Budi at W002"]);
    check(
        "start A-001 scanned; close 1",
        expect![[r#"
        close 1: disputed, counter busy with A-001
        A-001 served at 1 by Sari: rina
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: close_counter by Sari, open"#]],
    );
    check(
        "close 1 by Budi; close 3",
        expect![[r#"
        close 1 by Budi: disputed, counter taken by Sari
        close 3: disputed, counter not open
        counter 1: Sari at W001, counter 2: Budi at W002
          dispute: close_counter by Budi, open
          dispute: close_counter by Sari, open"#]],
    );
}

#[test]
fn each_act_belongs_to_one_kind_of_subject() {
    check(
        "wrong subject",
        expect![[r#"
        issue_receipt on a visit: no, wrong subject
        close_counter on a visit: no, wrong subject
        return on a case: no, wrong subject
        return on the office: no, wrong subject"#]],
    );
}

// Roles

#[test]
fn whoever_has_no_access_to_cases_is_refused_at_the_desk_and_kept_without_effect_at_the_centre() {
    check(
        "try check in A-001 by Ratih; try accept ktp of rina by Surya; try open 1 by Ratih",
        expect![[r#"
            try check in A-001 by Ratih: no, not in this role
            try accept ktp of rina by Surya: no, not in this role
            try open 1 by Ratih: no, not in this role"#]],
    );
    check(
        "check in A-001 by Ratih; call A-001 by Ratih; accept ktp of rina by Surya; call next by Ratih",
        expect![[r#"
            check in A-001 by Ratih: quarantined, role_forbids
            call A-001 by Ratih: quarantined, role_forbids
            accept ktp of rina by Surya: quarantined, role_forbids
            call next by Ratih: refused, not in this role"#]],
    );
    check(
        "accept ktp of rina; reject ktp expired of rina by Budi; settle take by Ratih; settle take by Maya",
        expect![[r#"
            reject ktp expired of rina by Budi: disputed, already accepted by Sari
            settle take by Ratih: quarantined, role_forbids
            rina: ktp rejected: expired
              dispute: verdict by Budi, settled: taken"#]],
    );
}

// How stories are told

const SEATS: [(&str, u16, Role); 6] = [
    ("sari", 1, Role::Officer),
    ("budi", 2, Role::Officer),
    ("maya", 3, Role::Supervisor),
    ("lina", 1, Role::Officer),
    ("ratih", 1, Role::Administrator),
    ("surya", 1, Role::Auditor),
];

/// The people who come: ticket, slot, share, and who applies. `A-006` comes tomorrow.
const VISITS: [(&str, &str, u8, &[&str]); 7] = [
    ("A-001", "08:00", 1, &["rina"]),
    ("A-002", "08:10", 1, &["dewi"]),
    ("A-003", "09:00", 2, &["joko"]),
    ("A-004", "08:00", 1, &["agus", "bima"]),
    ("P-005", "08:20", 1, &["nining"]),
    ("A-006", "08:00", 1, &["tuti"]),
    ("A-007", "08:00", 2, &["lili"]),
];

struct Seat {
    officer: OfficerId,
    desk: DeskId,
    counter: CounterNo,
    role: Role,
}

struct Day {
    world: World,
    /// The world before the story, to tell of whom something changed.
    morning: World,
    rules: Rules,
    now: Timestamp,
    numbers: BTreeMap<DeskId, u64>,
    receipts: BTreeMap<DeskId, u32>,
    services: u32,
    /// `@x`, and `` for the newest of a desk.
    named: BTreeMap<String, (Subject, CommandRef)>,
    newest: BTreeMap<DeskId, (Subject, CommandRef)>,
    disputed: Option<(Subject, CommandRef)>,
    in_hand: String,
    said: Vec<String>,
}

/// A word of the story as the core spells it.
fn read<T: DeserializeOwned>(word: &str) -> T {
    serde_json::from_value(Value::String(word.to_owned())).unwrap_or_else(|e| panic!("{word:?}: {e}"))
}

/// And back: the plain word of an enum.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value).expect("plain data") {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn counter(word: &str) -> CounterNo {
    CounterNo(word.parse().unwrap_or_else(|_| panic!("{word:?} is no counter")))
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).expect("a real date")
}

fn applicants() -> impl Iterator<Item = &'static str> {
    VISITS.iter().flat_map(|v| v.3.iter().copied())
}

fn case_no(name: &str) -> ApplicationNo {
    let at = applicants().position(|n| n == name).unwrap_or(99);
    ApplicationNo::new(format!("31742026110000{at:02}")).expect("an id")
}

fn case_name(no: &ApplicationNo) -> &'static str {
    applicants().find(|n| case_no(n) == *no).unwrap_or("nobody")
}

fn visit_id(ticket: &str) -> VisitId {
    VisitId::new(format!("20261123-{ticket}")).expect("an id")
}

fn scan(document: DocumentKind, name: &str, attempt: u32) -> ScanHash {
    Digest::of(format!("{} of {name}, attempt {attempt}", word(&document)).as_bytes())
}

fn name(officer: &OfficerId) -> String {
    let (first, rest) = officer.as_str().split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

#[test]
fn a_new_application_of_somebody_who_has_a_passport_and_a_second_one_are_warned_of() {
    let stamp =
        Stamp { origin: Origin::Service { name: "t".to_owned(), external_id: "1".to_owned() }, at: Timestamp(0) };
    let day = |y| NaiveDate::from_ymd_opt(y, 1, 1).expect("a real date");
    let passports = [("A0000001", 2012), ("B0000002", 2019)].map(|(number, y)| EarlierPassport {
        number: number.to_owned(),
        issued: day(y),
        expires: day(y + 5),
    });
    let other = Duplicate { office: OfficeCode::new("KNC").expect("an id"), application: case_no("budi") };
    let warned = |applicant: &str| {
        let mut case = Application::new(case_no(applicant));
        let submission = Box::new(submission_of(applicant, Timestamp(0)));
        case.apply(&stamp, &Event::Submitted { submission });
        case.apply(&stamp, &Event::EarlierPassportsFound { passports: passports.to_vec() });
        // Told twice, it is one duplicate.
        case.apply(&stamp, &Event::DuplicateFound { duplicate: other.clone() });
        case.apply(&stamp, &Event::DuplicateFound { duplicate: other.clone() });
        case.warnings()
    };
    let duplicate = Warning::Duplicate { office: other.office.clone(), application: other.application.clone() };
    assert_eq!(warned("ani"), [Warning::NewAlthoughHasOne { number: "B0000002".to_owned() }, duplicate.clone()]);
    assert_eq!(warned("lili"), [duplicate], "whoever lost a passport is expected to have had one");
}

fn submission_of(applicant: &str, at: Timestamp) -> Submission {
    let (age, born) = if applicant == "bima" { (AgeClass::Child, 2021) } else { (AgeClass::Adult, 1990) };
    let kind = if applicant == "lili" { Kind::Lost } else { Kind::New };
    let form = Form {
        full_name: applicant.to_uppercase(),
        nik: Nik::parse("3174021203900000").expect("a NIK"),
        birth_place: "JAKARTA".to_owned(),
        birth_date: NaiveDate::from_ymd_opt(born, 3, 12).expect("a real date"),
        sex: Sex::Male,
        address: String::new(),
        mother_name: String::new(),
        father_name: String::new(),
        phone_tail: "0000".to_owned(),
        purpose: "WISATA".to_owned(),
        destination: "MALAYSIA".to_owned(),
    };
    Submission {
        kind,
        age,
        electronic: true,
        validity_years: 10,
        same_day: false,
        married: false,
        form,
        group: None,
        priority: None,
        at,
    }
}

/// What somebody pays, as the decrees have it: `PP 45/2024, electronic, 10 years: 950000`.
#[test]
fn a_fee_is_that_of_the_day_with_what_comes_on_top() {
    let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a real date");
    let (old, new) = (day(2019, 5, 3), day(2024, 12, 17));
    let tariff = |from, validity_years, amount_rp| Tariff { from, electronic: true, validity_years, amount_rp };
    let on_top = |what, amount_rp| Surcharge { from: old, what, amount_rp };
    let mut rules = the_rules();
    rules.tariffs = vec![tariff(new, 10, 950_000), tariff(old, 10, 650_000), tariff(old, 5, 650_000)];
    rules.surcharges = vec![on_top(SurchargeFor::SameDay, 1_000_000), on_top(SurchargeFor::Lost, 1_000_000)];
    let costs = |kind, same_day, validity_years, on| {
        let submission = Submission { kind, same_day, validity_years, ..submission_of("ani", Timestamp(0)) };
        rules.tariff(&submission, on)
    };
    assert_eq!(costs(Kind::New, false, 10, day(2024, 12, 16)), Some(650_000));
    assert_eq!(costs(Kind::New, false, 10, new), Some(950_000));
    assert_eq!(costs(Kind::New, false, 5, new), Some(650_000), "the older decree goes on where the newer says nothing");
    assert_eq!(costs(Kind::Replacement, true, 10, new), Some(1_950_000));
    assert_eq!(costs(Kind::Lost, false, 10, new), Some(1_950_000));
    assert_eq!(costs(Kind::Damaged, false, 10, new), Some(950_000), "no fee is made up where none is written");
    assert_eq!(costs(Kind::New, false, 10, day(2019, 5, 2)), None);
}

fn the_rules() -> Rules {
    use DocumentKind::{BirthCertificate, FamilyCard, Ktp, ParentsKtp};
    let documents = |kind, age, documents: &[DocumentKind]| DocumentRule { kind, age, documents: documents.to_vec() };
    Rules {
        version: RulesVersion(1),
        effective_from: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a real date"),
        zone_minutes: 420,
        letter_regular: "A".to_owned(),
        letter_priority: "P".to_owned(),
        recalls_max: 3,
        recall_gap_s: 15,
        recalls_before_no_show: 2,
        undo_s: 10,
        promise_min: 60,
        service_min: 12,
        collect_after_days: 4,
        fingers_from_age: 6,
        finger_quality_min: 40,
        finger_attempts_max: 3,
        offline_sign_in_days: 14,
        fields: vec![FormField::FullName, FormField::Nik],
        documents: vec![
            documents(Kind::New, AgeClass::Adult, &[Ktp, FamilyCard, BirthCertificate]),
            documents(Kind::New, AgeClass::Child, &[BirthCertificate, ParentsKtp]),
            documents(Kind::Replacement, AgeClass::Adult, &[Ktp]),
            documents(Kind::Replacement, AgeClass::Child, &[ParentsKtp]),
            documents(Kind::Lost, AgeClass::Adult, &[Ktp]),
        ],
        sessions: Vec::new(),
        reschedules_max: 1,
        tariffs: Vec::new(),
        surcharges: Vec::new(),
        electronic_only: false,
        adult_from_age: 17,
        people_per_account_max: 5,
        publish_from_hour: 18,
    }
}

impl Day {
    fn new() -> Day {
        let rules = the_rules();
        let half_past_eight = NaiveTime::from_hms_opt(8, 30, 0).expect("a real time");
        let mut day = Day {
            world: World::default(),
            morning: World::default(),
            now: rules.moment(today(), half_past_eight),
            rules,
            numbers: BTreeMap::new(),
            receipts: BTreeMap::new(),
            services: 0,
            named: BTreeMap::new(),
            newest: BTreeMap::new(),
            disputed: None,
            in_hand: "nobody".to_owned(),
            said: Vec::new(),
        };
        day.registry(&Subject::Office, Event::RulesSet { rules: Box::new(day.rules.clone()) });
        for (officer, desk, role) in SEATS {
            let no = CounterNo(desk as u8);
            let info = CounterInfo { no, service: "Paspor".to_owned() };
            day.registry(&Subject::Office, Event::CounterSet { counter: info });
            let id = OfficerId::new(officer).expect("an id");
            let [envelope, public_key] = [String::new(), String::new()];
            let officer = Officer { name: name(&id), id, role, active: true, envelope, public_key };
            day.registry(&Subject::Office, Event::OfficerSet { officer });
        }
        for (ticket, slot, share, people) in VISITS {
            day.publish(ticket, slot, share, people);
        }
        day.tell("open 1 by Sari");
        day.tell("open 2 by Budi");
        day.morning = day.world.clone();
        day
    }

    fn publish(&mut self, ticket: &str, slot: &str, share: u8, people: &[&str]) {
        let on = if ticket == "A-006" { today().succ_opt().expect("tomorrow") } else { today() };
        let slot = self.rules.moment(on, NaiveTime::parse_from_str(slot, "%H:%M").expect("a time"));
        for applicant in people {
            self.submit(applicant);
        }
        let plan = Plan {
            day: on,
            ticket: Ticket::new(ticket).expect("an id"),
            appointment: AppointmentId::new(format!("KNC-{ticket}")).expect("an id"),
            slot,
            counter: CounterNo(share),
            kind: Kind::New,
            priority: ticket.starts_with('P').then_some(Priority::Elderly),
            applications: people.iter().map(|p| case_no(p)).collect(),
        };
        self.registry(&Subject::Visit(visit_id(ticket)), Event::Published { plan });
    }

    /// Bima is five and has no scan of the parents' KTP; Lili lost her passport.
    fn submit(&mut self, applicant: &str) {
        let submission = submission_of(applicant, self.now);
        let (kind, age) = (submission.kind, submission.age);
        let case = Subject::Application(case_no(applicant));
        self.registry(&case, Event::Submitted { submission: Box::new(submission) });
        for document in self.rules.documents(kind, age).to_vec() {
            if document != DocumentKind::ParentsKtp {
                self.upload(applicant, document);
            }
        }
    }

    fn upload(&mut self, applicant: &str, document: DocumentKind) {
        let case = self.world.applications.get(&case_no(applicant));
        let before = case.map_or(0, |c| c.scans.iter().filter(|s| s.document == document).count());
        let hash = scan(document, applicant, before as u32 + 1);
        let (file_name, media_type) = ("scan.jpg".to_owned(), "image/jpeg".to_owned());
        let scan = UploadedScan { document, hash, file_name, media_type, bytes: 1, at: self.now };
        self.registry(&Subject::Application(case_no(applicant)), Event::ScanUploaded { scan });
    }

    /// A row that no desk made.
    fn registry(&mut self, subject: &Subject, event: Event) {
        self.services += 1;
        let external_id = self.services.to_string();
        let stamp = Stamp { origin: Origin::Service { name: "centre".to_owned(), external_id }, at: self.now };
        self.world.apply(subject, &stamp, &[event]);
    }

    fn seat(&self, who: &str) -> Seat {
        let found = SEATS.iter().find(|(officer, desk, _)| *officer == who.to_lowercase() || desk.to_string() == who);
        let (officer, desk, role) = *found.unwrap_or_else(|| panic!("nobody is called {who:?}"));
        let officer = OfficerId::new(officer).expect("an id");
        Seat { officer, desk: DeskId(desk), counter: CounterNo(desk as u8), role }
    }

    fn ctx<'a>(&'a self, seat: &'a Seat) -> Context<'a> {
        let Seat { officer, desk, role, .. } = seat;
        Context { rules: &self.rules, now: self.now, desk: *desk, officer, role: *role, related: &self.world }
    }

    fn tell(&mut self, sentence: &str) {
        let mut words = words(sentence);
        let seat = self.seat(&take(&mut words, "by").unwrap_or_else(|| "Sari".to_owned()));
        if let Some(name) = take(&mut words, "of") {
            self.in_hand = name;
        }
        let label = words.first().filter(|w| w.starts_with('@')).cloned();
        let words: Vec<&str> = words.iter().skip(usize::from(label.is_some())).map(String::as_str).collect();
        let case = Subject::Application(case_no(&self.in_hand));
        match words[..] {
            ["wait", n, unit] => {
                let unit_ms = match unit {
                    "s" => 1_000,
                    "min" => 60_000,
                    "h" => 3_600_000,
                    _ => panic!("{unit:?} is no unit of time"),
                };
                self.now = self.now.plus_ms(n.parse::<i64>().expect("a number") * unit_ms);
            }
            ["tomorrow"] => self.now = self.now.plus_ms(86_400_000),
            ["withdraw", ticket] => {
                let event = Event::Withdrawn { reason: "rescheduled".to_owned() };
                self.registry(&Subject::Visit(visit_id(ticket)), event);
            }
            ["give", ticket, "to", no] => {
                let seat = self.seat(no);
                let call = CallHow::Asked { request: RequestId::new("ask-1").expect("an id") };
                let event = Event::Called { counter: seat.counter, desk: seat.desk, officer: seat.officer, call };
                self.registry(&Subject::Visit(visit_id(ticket)), event);
            }
            ["void", ticket, "at", no] => {
                let request = Some(RequestId::new("ask-1").expect("an id"));
                let event = Event::CallVoided { counter: counter(no), request };
                self.registry(&Subject::Visit(visit_id(ticket)), event);
            }
            ["upload", document] => self.upload(&self.in_hand.clone(), read(document)),
            ["bill", name] => {
                let bill = Bill { code: "820261123000001".to_owned(), amount_rp: 950_000, due: self.now };
                self.registry(&Subject::Application(case_no(name)), Event::Billed { bill });
            }
            ["pay", name] => {
                let [ntpn, channel] = ["A1B2C3D4E5F6G7H8".to_owned(), "Pos".to_owned()];
                let payment = Payment { amount_rp: 950_000, ntpn, channel, at: self.now };
                self.registry(&Subject::Application(case_no(name)), Event::Paid { payment });
            }
            ["expire", name] => self.registry(&Subject::Application(case_no(name)), Event::PaymentExpired),
            ["documents" | "fields" | "biometrics" | "ready", name] => {
                for step in self.steps(words[0], name) {
                    self.tell(&format!("{step} of {name}"));
                }
            }
            ["call", "next"] => {
                let next = next_in_share(&self.ctx(&seat), seat.counter).map(|v| v.id.clone());
                match next {
                    Ok(id) => {
                        let act = Act::Call { counter: seat.counter, call: CallHow::Share { instead_of: None } };
                        self.put(sentence, &seat, label, Subject::Visit(id), act);
                    }
                    Err(refusal) => self.said.push(format!("{sentence}: refused, {}", self.refusal(&refusal))),
                }
            }
            ["try", "call", "next"] => {
                let answer = next_in_share(&self.ctx(&seat), seat.counter).map(|_| ());
                self.answer(sentence, answer);
            }
            ["wrong", "subject"] => {
                let visit = Subject::Visit(visit_id("A-001"));
                let number = self.receipt_no(&seat);
                for (subject, act) in [
                    (&visit, Act::IssueReceipt { number }),
                    (&visit, Act::CloseCounter { counter: seat.counter }),
                    (&Subject::Application(case_no("rina")), Act::Return),
                    (&Subject::Office, Act::Return),
                ] {
                    let answer = decide(&self.ctx(&seat), subject, &act).map(|_| ());
                    self.answer(&format!("{} on {}", act_name(&act), subject_name(subject)), answer);
                }
            }
            ["try", ..] => {
                let (subject, act) = self.act(&seat, &words[1..], case);
                let answer = decide(&self.ctx(&seat), &subject, &act).map(|_| ());
                self.answer(sentence, answer);
            }
            _ => {
                let (subject, act) = self.act(&seat, &words, case);
                if let Act::Start { applications, .. } = &act {
                    self.in_hand = case_name(&applications[0]).to_owned();
                }
                self.put(sentence, &seat, label, subject, act);
            }
        }
    }

    fn answer(&mut self, sentence: &str, answer: Result<(), Refusal>) {
        let said = match answer {
            Ok(()) => "yes".to_owned(),
            Err(refusal) => format!("no, {}", self.refusal(&refusal)),
        };
        self.said.push(format!("{sentence}: {said}"));
    }

    /// What has to be done with a case, as sentences.
    fn steps(&self, what: &str, name: &str) -> Vec<String> {
        let case = &self.world.applications[&case_no(name)];
        let documents = || case.documents(&self.rules).into_iter().map(|d| format!("accept {}", word(&d)));
        let fields = || self.rules.fields.iter().map(|f| format!("field {} agrees", word(f)));
        let parts = || BiometricPart::ALL.iter().map(|p| format!("capture {} q80", word(p)));
        let biometrics = || parts().chain(["face match".to_owned()]);
        match what {
            "documents" => documents().collect(),
            "fields" => fields().collect(),
            "biometrics" => biometrics().collect(),
            _ => {
                let rest = ["interview passed".to_owned(), "proof slip 1".to_owned()];
                documents().chain(fields()).chain(biometrics()).chain(rest).collect()
            }
        }
    }

    /// One command, as the authority takes it.
    fn put(&mut self, sentence: &str, seat: &Seat, label: Option<String>, subject: Subject, act: Act) {
        let n = self.numbers.entry(seat.desk).or_insert(0);
        *n += 1;
        if let Act::IssueReceipt { number } = &act {
            self.receipts.insert(seat.desk, number.serial);
        }
        let stamp =
            Stamp { origin: Origin::Desk { desk: seat.desk, n: *n, officer: seat.officer.clone() }, at: self.now };
        let command = CommandRef { desk: seat.desk, n: *n };
        let (outcome, events) = judge(&self.ctx(seat), &subject, &act);
        match outcome {
            RowOutcome::Applied if events.is_empty() => self.said.push(format!("{sentence}: overtaken")),
            RowOutcome::Applied => {}
            RowOutcome::Refused { because } => {
                self.said.push(format!("{sentence}: refused, {}", self.refusal(&because)))
            }
            RowOutcome::Disputed { because } => {
                self.said.push(format!("{sentence}: disputed, {}", self.refusal(&because)));
                self.disputed = Some((subject.clone(), command));
            }
            RowOutcome::Quarantined { why } => self.said.push(format!("{sentence}: quarantined, {}", word(&why))),
        }
        self.world.apply(&subject, &stamp, &events);
        for (i, (subject, events)) in follow_ups(&subject, &events).into_iter().enumerate() {
            let external_id = format!("{}/{}/{i}", command.desk, command.n);
            let origin = Origin::Service { name: "follow-up".to_owned(), external_id };
            self.world.apply(&subject, &Stamp { origin, at: self.now }, &events);
        }
        if let Some(label) = label {
            self.named.insert(label, (subject.clone(), command));
        }
        self.newest.insert(seat.desk, (subject, command));
    }

    /// The next of a desk's series. Asking takes none.
    fn receipt_no(&self, seat: &Seat) -> ReceiptNo {
        let serial = self.receipts.get(&seat.desk).map_or(1, |used| used + 1);
        ReceiptNo { office: OfficeCode::new("KNC").expect("an id"), year: 26, desk: seat.desk, serial }
    }

    fn target(&self, seat: &Seat, label: Option<&&str>) -> (Subject, CommandRef) {
        match label {
            Some(label) => self.named[*label].clone(),
            None => self.newest[&seat.desk].clone(),
        }
    }

    fn act(&self, seat: &Seat, words: &[&str], case: Subject) -> (Subject, Act) {
        let here = seat.counter;
        let visit = |ticket: &str| Subject::Visit(visit_id(ticket));
        let text = |words: &[&str]| words.first().copied().unwrap_or_default().to_owned();
        match words {
            ["check", "in", t] => (visit(t), Act::CheckIn { how: CheckInHow::Qr }),
            ["call", t] => (visit(t), Act::Call { counter: here, call: CallHow::Share { instead_of: None } }),
            ["call", t, "because", reason] => {
                let call = CallHow::Chosen { reason: (*reason).to_owned(), instead_of: None };
                (visit(t), Act::Call { counter: here, call })
            }
            ["recall", t] => (visit(t), Act::Recall { counter: here }),
            ["no-show", t] => (visit(t), Act::NoShow { counter: here }),
            ["return", t] => (visit(t), Act::Return),
            ["start", t, rest @ ..] => {
                let (presence, who) = match rest {
                    ["scanned", who @ ..] => (Presence::Scanned, who),
                    ["named", who @ ..] => (Presence::NameConfirmed, who),
                    who => (Presence::Called, who),
                };
                let all = VISITS.iter().find(|v| v.0 == *t).map_or(&[][..], |v| v.3);
                let who = if who.is_empty() { all } else { who };
                let applications = who.iter().map(|n| case_no(n)).collect();
                (visit(t), Act::Start { counter: here, applications, presence })
            }
            ["hold", t, reason, note @ ..] => {
                let (reason, note): (HoldReason, _) = (read(reason), text(note));
                (visit(t), Act::Hold { counter: here, reason, until: None, note })
            }
            ["transfer", t, "to", no, note @ ..] => (visit(t), Act::Transfer { to: counter(no), note: text(note) }),
            ["finish", t, outcome] => {
                let served = self.world.visits[&visit_id(t)].service_at(here);
                let served = served.map_or_else(Vec::new, |s| s.applications.clone());
                let outcome = outcome_of(outcome);
                let outcomes =
                    served.into_iter().map(|application| ApplicationOutcome { application, outcome }).collect();
                (visit(t), Act::Finish { counter: here, outcomes })
            }
            ["finish", t, rest @ ..] => {
                let one =
                    |pair: &[&str]| ApplicationOutcome { application: case_no(pair[0]), outcome: outcome_of(pair[1]) };
                let outcomes = rest.split(|w| *w == "+").map(one).collect();
                (visit(t), Act::Finish { counter: here, outcomes })
            }

            ["accept", document, rest @ ..] => self.verdict(case, document, rest, Verdict::Accept),
            ["ask", document, rest @ ..] => {
                let (attempt, reason, rest) = reason_of(rest);
                self.verdict(case, document, &[vec![attempt], rest].concat(), Verdict::AskReupload { reason })
            }
            ["reject", document, rest @ ..] => {
                let (attempt, reason, rest) = reason_of(rest);
                self.verdict(case, document, &[vec![attempt], rest].concat(), Verdict::Reject { reason })
            }
            ["field", field, agrees] => {
                let (field, agrees) = (read(field), *agrees == "agrees");
                (case, Act::CheckField { field, against: DocumentKind::Ktp, agrees })
            }
            [status @ ("capture" | "retake" | "except"), part, rest @ ..] => {
                let number = |sign| rest.iter().find_map(|w| w.strip_prefix(sign)?.parse().ok());
                let status = match *status {
                    "capture" => BiometricStatus::Captured,
                    "retake" => BiometricStatus::Retake,
                    _ => BiometricStatus::Exception,
                };
                let reason = rest.first().filter(|_| status == BiometricStatus::Exception).map(|r| read(r));
                let mark = BiometricMark { status, quality: number('q'), attempts: number('x').unwrap_or(1), reason };
                (case, Act::Biometrics { part: read(part), mark })
            }
            ["face", judgement] => (case, Act::JudgeFace { judgement: read(judgement) }),
            ["interview", result, note @ ..] => {
                let result = match *result {
                    "passed" => InterviewResult::Passed,
                    "held" => InterviewResult::Held { until: None },
                    "refused" => InterviewResult::Refused,
                    other => panic!("{other:?} is no result of an interview"),
                };
                let destination = "MALAYSIA".to_owned();
                let interview = Interview { purpose: Purpose::Tourism, destination, result, note: text(note) };
                (case, Act::Interview { interview })
            }
            ["proof", what, reference] => {
                (case, Act::ProofSeen { what: (*what).to_owned(), reference: (*reference).to_owned() })
            }
            ["receipt"] => (case, Act::IssueReceipt { number: self.receipt_no(seat) }),
            ["print", number @ ..] => {
                let number = match number {
                    [_strange, ..] => ReceiptNo { serial: 9, ..self.receipt_no(seat) },
                    [] => {
                        let case = &self.world.applications[&case_no(&self.in_hand)];
                        let own = case.receipts.iter().find(|r| r.number.desk == seat.desk);
                        own.expect("a receipt of this desk").number.clone()
                    }
                };
                (case, Act::PrintReceipt { number, how: PrintHow::Printer, copy: 0 })
            }

            ["undo", label @ ..] => {
                let (subject, command) = self.target(seat, label.first());
                (subject, Act::Undo { command })
            }
            ["correct", label, reason] => {
                let (subject, command) = self.target(seat, Some(label));
                (subject, Act::Correct { command, reason: (*reason).to_owned() })
            }
            ["settle", rest @ ..] => {
                let (subject, command) = match rest {
                    [label, _] => self.target(seat, Some(label)),
                    _ => self.disputed.clone().expect("a dispute"),
                };
                let settlement = match rest.last() {
                    Some(&"keep") => Settlement::KeepStanding,
                    Some(&"take") => Settlement::TakeDisputed,
                    other => panic!("{other:?} settles nothing"),
                };
                (subject, Act::Settle { command, settlement, reason: "looked at it".to_owned() })
            }

            ["open", no] => (Subject::Office, Act::OpenCounter { counter: counter(no) }),
            ["close", no] => (Subject::Office, Act::CloseCounter { counter: counter(no) }),
            ["release", visits @ .., "from", from, "to", to] => {
                let visits = visits.iter().map(|t| visit_id(t)).collect();
                (Subject::Office, Act::Release { visits, from: counter(from), to: counter(to) })
            }
            ["reclaim", from, "to", to, reason] => {
                let reason = (*reason).to_owned();
                (Subject::Office, Act::Reclaim { from: counter(from), to: counter(to), reason })
            }
            other => panic!("nobody at the counter says {other:?}"),
        }
    }

    fn verdict(&self, case: Subject, document: &str, rest: &[&str], verdict: Verdict) -> (Subject, Act) {
        let document = read(document);
        let (attempt, text) = match rest {
            [first, rest @ ..] if first.parse::<u32>().is_ok() => (first.parse().expect("a number"), rest),
            rest => (1, rest),
        };
        let to_applicant = text.first().copied().unwrap_or_default().to_owned();
        let scan = scan(document, &self.in_hand, attempt);
        (case, Act::Verdict { document, scan, verdict, to_applicant, note: String::new() })
    }

    /// What is not as it was in the morning, after what was said meanwhile.
    fn read(&self) -> String {
        let mut out = self.said.clone();
        for (id, visit) in &self.world.visits {
            if self.morning.visits.get(id) != Some(visit) {
                out.push(self.visit_line(visit));
                out.extend(self.dispute_lines(&visit.disputes));
            }
        }
        for (no, case) in &self.world.applications {
            if self.morning.applications.get(no) != Some(case) {
                out.extend(self.case_line(case));
                out.extend(self.dispute_lines(&case.disputes));
            }
        }
        let office = &self.world.office;
        if (&office.holders, &office.disputes) != (&self.morning.office.holders, &self.morning.office.disputes) {
            let holders =
                office.holders.iter().map(|(no, h)| format!("counter {no}: {} at {}", name(&h.officer), h.desk));
            out.push(holders.collect::<Vec<_>>().join(", "));
            out.extend(self.dispute_lines(&office.disputes));
        }
        out.join("\n")
    }

    fn visit_line(&self, visit: &Visit) -> String {
        let ticket = visit.plan.as_ref().map_or("?", |p| p.ticket.as_str());
        let mut line = format!("{ticket} {}", self.stage(visit.stage()));
        let state = &visit.state;
        let waits = matches!(visit.stage(), Stage::Expected | Stage::Waiting { .. });
        if let (true, Some(share)) = (waits, state.share) {
            let how = if state.share_reclaimed { "reclaimed for" } else { "for" };
            let _ = write!(line, " {how} {share}");
        }
        if waits && state.at_head {
            line.push_str(", first in line");
        }
        if !state.note.is_empty() {
            let _ = write!(line, ", note: {}", state.note);
        }
        if !state.outcomes.is_empty() {
            let said =
                state.outcomes.iter().map(|o| format!("{} {}", case_name(&o.application), outcome_word(o.outcome)));
            let _ = write!(line, "; {}", said.collect::<Vec<_>>().join(", "));
        }
        if !visit.voided.is_empty() {
            let _ = write!(line, "; calls voided: {}", visit.voided.len());
        }
        line
    }

    fn stage(&self, stage: &Stage) -> String {
        match stage {
            Stage::Expected => "expected".to_owned(),
            Stage::Waiting { since } => format!("waiting since {}", self.clock(*since)),
            Stage::Called { counter, officer, times, .. } => {
                format!("called to {counter} by {}, times: {times}", name(officer))
            }
            Stage::Serving { services } => {
                let at = services.iter().map(|s| {
                    let who: Vec<_> = s.applications.iter().map(case_name).collect();
                    format!("served at {} by {}: {}", s.counter, name(&s.officer), who.join(", "))
                });
                at.collect::<Vec<_>>().join(" | ")
            }
            Stage::Held { counter, reason, note, .. } => {
                format!("on hold at {counter}: {} {note}", word(reason)).trim().to_owned()
            }
            Stage::NoShow { at, counter } => format!("did not come to {counter} at {}", self.clock(*at)),
            Stage::Finished { at } => format!("finished at {}", self.clock(*at)),
            Stage::Withdrawn { reason } => format!("gave the place up: {reason}"),
        }
    }

    fn case_line(&self, case: &Application) -> Option<String> {
        let mut parts = Vec::new();
        for document in case.documents(&self.rules) {
            let state = match case.document_state(document) {
                DocumentState::Undecided | DocumentState::NotUploaded => continue,
                DocumentState::Accepted => "accepted".to_owned(),
                DocumentState::ReuploadAsked { reason } => format!("asked again: {}", word(&reason)),
                DocumentState::Rejected { reason } => format!("rejected: {}", word(&reason)),
            };
            parts.push(format!("{} {state}", word(&document)));
        }
        if let Some(interview) = case.interview() {
            parts.push(match interview.value.result {
                InterviewResult::Passed => "interview passed".to_owned(),
                InterviewResult::Held { .. } => "interview held".to_owned(),
                InterviewResult::Refused => "interview refused".to_owned(),
            });
        }
        match case.payment() {
            PaymentState::Unknown => {}
            PaymentState::Unpaid => parts.push("billed, not paid".to_owned()),
            PaymentState::Expired { .. } => parts.push("bill expired".to_owned()),
            PaymentState::PaidInPart { paid_rp, of_rp } => parts.push(format!("paid {paid_rp} of {of_rp}")),
            PaymentState::ProofSeen { what, reference } => parts.push(format!("proof seen: {what} {reference}")),
            PaymentState::Paid { payment } => parts.push(format!("paid, NTPN {}", payment.ntpn)),
        }
        for receipt in &case.receipts {
            let printed = if receipt.prints.is_empty() { "not printed" } else { "printed" };
            parts.push(format!("receipt {} {printed}", receipt.number));
        }
        let parts = if parts.is_empty() { "nothing decided".to_owned() } else { parts.join(", ") };
        Some(format!("{}: {parts}", case_name(&case.no)))
    }

    fn dispute_lines(&self, disputes: &[Dispute]) -> Vec<String> {
        let line = |d: &Dispute| {
            let Origin::Desk { officer, .. } = &d.stamp.origin else { panic!("only desks are in dispute") };
            let settled = match &d.settled {
                None => "open".to_owned(),
                Some((Settlement::KeepStanding, _)) => "settled: what stood stands".to_owned(),
                Some((Settlement::TakeDisputed, _)) => "settled: taken".to_owned(),
            };
            format!("  dispute: {} by {}, {settled}", act_name(&d.act), name(officer))
        };
        disputes.iter().map(line).collect()
    }

    fn clock(&self, at: Timestamp) -> String {
        self.rules.local(at).format("%H.%M.%S").to_string()
    }

    /// A refusal in words. No `_`: a new refusal asks for a story.
    fn refusal(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::Unknown => "unknown here".to_owned(),
            Refusal::WrongSubject => "wrong subject".to_owned(),
            Refusal::OtherDay => "for another day".to_owned(),
            Refusal::PlaceGivenUp => "place given up".to_owned(),
            Refusal::AlreadyCheckedIn { at } => format!("already here since {}", self.clock(*at)),
            Refusal::AlreadyCalled { counter } => format!("already called to {counter}"),
            Refusal::BeingServed { counter, officer } => format!("being served at {counter} by {}", name(officer)),
            Refusal::AlreadyFinished { at } => format!("finished since {}", self.clock(*at)),
            Refusal::OnHold => "on hold".to_owned(),
            Refusal::MarkedNoShow { at } => format!("did not come at {}", self.clock(*at)),
            Refusal::NotYetDue { slot } => format!("not due before {}", self.clock(*slot)),
            Refusal::InOtherShare { counter } => format!("in the share of {counter}"),
            Refusal::ShareReclaimed { counter } => format!("share reclaimed for {counter}"),
            Refusal::NotCalledHere => "not called here".to_owned(),
            Refusal::NotServedHere => "not served here".to_owned(),
            Refusal::RecallsUsedUp { max } => format!("already called again {max} times"),
            Refusal::RecallTooSoon { wait_s } => format!("wait {wait_s} s"),
            Refusal::TooFewRecalls { needed } => format!("call again first, times: {needed}"),
            Refusal::CounterBusy { ticket } => format!("counter busy with {ticket}"),
            Refusal::CounterNotOpen => "counter not open".to_owned(),
            Refusal::CounterTaken { officer } => format!("counter taken by {}", name(officer)),
            Refusal::CounterUnknown { counter } => format!("no counter {counter}"),
            Refusal::AlreadyDecided { verdict, officer } => {
                let verdict = match verdict {
                    Verdict::Accept => "accepted".to_owned(),
                    Verdict::AskReupload { reason } => format!("asked again ({})", word(reason)),
                    Verdict::Reject { reason } => format!("rejected ({})", word(reason)),
                };
                format!("already {verdict} by {}", name(officer))
            }
            Refusal::DocumentNotAsked { document } => format!("{} is not asked for", word(document)),
            Refusal::ReasonNeeded => "say why".to_owned(),
            Refusal::TextTooLong { max } => format!("longer than {max} characters"),
            Refusal::AlreadyInterviewed { officer } => format!("already interviewed by {}", name(officer)),
            Refusal::NotReady { missing } => format!("missing: {}", missing_words(missing)),
            Refusal::ReceiptExists { number } => format!("receipt {number} exists"),
            Refusal::ReceiptUnknown => "no such receipt".to_owned(),
            Refusal::OutcomeDoesNotFit => "outcome does not fit".to_owned(),
            Refusal::NothingToUndo => "nothing to take back".to_owned(),
            Refusal::TooLateToUndo => "too late to undo".to_owned(),
            Refusal::BuiltUpon => "something was built on it".to_owned(),
            Refusal::NotYours => "not yours".to_owned(),
            Refusal::SupervisorOnly => "supervisors only".to_owned(),
            Refusal::RoleForbids => "not in this role".to_owned(),
            Refusal::AlreadySettled => "already settled".to_owned(),
            Refusal::NeedsNewerLoket => "needs a newer Loket".to_owned(),
            Refusal::NobodyWaiting => "nobody waiting".to_owned(),
        }
    }
}

fn missing_words(missing: &[Missing]) -> String {
    let fingers = missing.iter().filter(|m| matches!(m, Missing::Biometrics { part } if part.is_finger())).count();
    let mut words: Vec<String> = Vec::new();
    for one in missing {
        words.push(match one {
            Missing::Document { document } => word(document),
            Missing::Field { field } => word(field),
            Missing::Biometrics { part } if part.is_finger() && fingers == 10 => "ten fingers".to_owned(),
            Missing::Biometrics { part } => word(part),
            Missing::FaceJudgement => "face judgement".to_owned(),
            Missing::Interview => "interview".to_owned(),
            Missing::Payment => "payment".to_owned(),
            Missing::Receipt => "receipt".to_owned(),
            Missing::Print => "print".to_owned(),
        });
    }
    words.dedup();
    words.join(", ")
}

/// Words of a sentence; "in quotes" is one word, `LONG` is one that no screen would take.
fn words(sentence: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (i, part) in sentence.split('"').enumerate() {
        if i % 2 == 1 {
            out.push(part.to_owned());
        } else {
            out.extend(part.split_whitespace().map(|w| w.replace("LONG", &"x".repeat(TEXT_CHARS_MAX + 1))));
        }
    }
    out
}

/// Takes `name` and the word after it out of a sentence.
fn take(words: &mut Vec<String>, name: &str) -> Option<String> {
    let at = words.iter().rposition(|w| w == name)?;
    let value = words.remove(at + 1);
    words.remove(at);
    Some(value)
}

/// `[attempt] reason [words to the applicant]`.
fn reason_of<'a>(rest: &[&'a str]) -> (&'a str, Reason, Vec<&'a str>) {
    match rest {
        [attempt, reason, rest @ ..] if attempt.parse::<u32>().is_ok() => (*attempt, read(reason), rest.to_vec()),
        [reason, rest @ ..] => ("1", read(reason), rest.to_vec()),
        [] => panic!("a reason is missing"),
    }
}

fn outcome_of(word: &str) -> Outcome {
    match word {
        "accepted" => Outcome::Accepted,
        "awaiting_reupload" => Outcome::AwaitingReupload,
        "on_hold" => Outcome::OnHold { until: None },
        "refused" => Outcome::Refused { reason: Reason::NotOriginal },
        "given_up" => Outcome::GivenUp,
        other => panic!("{other:?} is no outcome"),
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::AwaitingReupload => "awaits a new upload",
        Outcome::OnHold { .. } => "on hold",
        Outcome::Refused { .. } => "refused",
        Outcome::GivenUp => "given up",
    }
}

fn act_name(act: &Act) -> String {
    let value = serde_json::to_value(act).expect("plain data");
    value["act"].as_str().expect("every act has a name").to_owned()
}

fn subject_name(subject: &Subject) -> &'static str {
    match subject {
        Subject::Visit(_) => "a visit",
        Subject::Application(_) => "a case",
        Subject::Office => "the office",
    }
}
