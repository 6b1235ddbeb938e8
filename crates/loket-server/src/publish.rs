//! The day's list: who comes on a day becomes visits with tickets and a planned counter. A published number never goes to
//! another person, and a second publication only adds. Whether somebody has paid makes no difference: the officer sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{NaiveDate, Timelike};
use loket_core::act::{Event, Subject};
use loket_core::application::{Appointment, Priority, Submission};
use loket_core::id::{ApplicationNo, CounterNo, OfficeCode, Ticket, Timestamp, VisitId};
use loket_core::rules::Rules;
use loket_core::sync::Stream;
use loket_core::visit::{APPLICATIONS_PER_VISIT_MAX, Plan, Stage};
use loket_core::world::World;

use crate::ledger::{Heads, Ledger, LedgerError, ServiceRow};

/// How often the publisher looks.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often it finds new bookings and waits; an office that is booked all day has a list all the same.
const LOOKS_WAITED_MAX: u32 = 5;

/// People who come together at one time.
struct Party<'a> {
    slot: Timestamp,
    applications: Vec<&'a ApplicationNo>,
    first: &'a Submission,
    appointment: &'a Appointment,
    priority: Option<Priority>,
}

/// Applications booked for a day that no visit of that day holds yet.
fn unpublished(world: &World, day: NaiveDate) -> Vec<(&ApplicationNo, &Appointment, &Submission)> {
    // A visit that was withdrawn keeps its ticket to itself; whoever comes back to the day gets another one.
    let standing = world.visits.values().filter(|v| !matches!(v.stage(), Stage::Withdrawn { .. }));
    let visits = standing.filter_map(|v| v.plan.as_ref()).filter(|p| p.day == day);
    let there: BTreeSet<&ApplicationNo> = visits.flat_map(|p| &p.applications).collect();
    let booked = world.applications.values().filter(|a| !there.contains(&a.no));
    booked
        .filter_map(|a| Some((&a.no, a.appointment.as_ref()?, a.submission.as_ref()?)))
        .filter(|(_, appointment, _)| appointment.day == day)
        .collect()
}

/// Those of one account and one time form a party; more than five are several.
fn parties(world: &World, day: NaiveDate) -> Vec<Party<'_>> {
    // Whoever comes alone has a party of their own: the application number keeps them apart.
    let mut together: BTreeMap<(Timestamp, &str, &str), Vec<_>> = BTreeMap::new();
    for one in unpublished(world, day) {
        let (no, appointment, submission) = one;
        let key = match &submission.group {
            Some(group) => (appointment.slot, group.as_str(), ""),
            None => (appointment.slot, "", no.as_str()),
        };
        together.entry(key).or_default().push(one);
    }
    let mut out: Vec<Party<'_>> = together
        .values()
        .flat_map(|members| members.chunks(APPLICATIONS_PER_VISIT_MAX))
        .filter_map(|members| {
            let (_, appointment, first) = members.first()?;
            Some(Party {
                slot: appointment.slot,
                applications: members.iter().map(|(no, ..)| *no).collect(),
                first,
                appointment,
                priority: members.iter().find_map(|(_, _, s)| s.priority),
            })
        })
        .collect();
    out.sort_by(|a, b| (a.slot, &a.applications).cmp(&(b.slot, &b.applications)));
    out
}

/// The highest number that a letter has had on a day.
fn last_number(world: &World, day: NaiveDate, letter: &str) -> usize {
    let tickets = world.visits.values().filter_map(|v| v.plan.as_ref()).filter(|p| p.day == day).map(|p| &p.ticket);
    let numbers = tickets.filter_map(|t| t.as_str().split_once('-').filter(|(l, _)| *l == letter)?.1.parse().ok());
    numbers.max().unwrap_or(0)
}

/// What is to be published for a day, beyond what was. Looks only.
pub fn plan_day(world: &World, rules: &Rules, day: NaiveDate) -> Result<Vec<(VisitId, Plan)>, LedgerError> {
    let counters: Vec<CounterNo> = world.office.counters.keys().copied().collect();
    if counters.is_empty() {
        return Err(LedgerError::Absent("counter"));
    }
    let letter = |priority: bool| if priority { &rules.letter_priority } else { &rules.letter_regular };
    let mut numbers = [false, true].map(|priority| last_number(world, day, letter(priority)));
    let mut out = Vec::new();
    for party in parties(world, day) {
        let priority = party.priority.is_some();
        let number = &mut numbers[usize::from(priority)];
        // Both letters go round the counters, priority from the other end, so that no counter gets all of them.
        let turn = *number % counters.len();
        let counter = counters[if priority { counters.len() - 1 - turn } else { turn }];
        *number += 1;
        let ticket = format!("{}-{number:03}", letter(priority));
        let bad = |_| LedgerError::Malformed("letter".to_owned());
        let plan = Plan {
            day,
            ticket: Ticket::new(ticket.clone()).map_err(bad)?,
            appointment: party.appointment.id.clone(),
            slot: party.slot,
            counter,
            kind: party.first.kind,
            priority: party.priority,
            applications: party.applications.into_iter().cloned().collect(),
        };
        out.push((VisitId::new(format!("{}-{ticket}", day.format("%Y%m%d"))).map_err(bad)?, plan));
    }
    Ok(out)
}

fn rows(world: &World, rules: &Rules, day: NaiveDate) -> Result<Vec<ServiceRow>, LedgerError> {
    let plans = plan_day(world, rules, day)?.into_iter();
    Ok(plans
        .map(|(visit, plan)| ServiceRow {
            stream: Stream::Office,
            name: "publish",
            external_id: visit.to_string(),
            subject: Subject::Visit(visit),
            events: vec![Event::Published { plan }],
        })
        .collect())
}

/// Publishes a day's list; how many visits were added.
pub async fn publish_day(ledger: &Ledger, office: &OfficeCode, day: NaiveDate) -> Result<usize, LedgerError> {
    let added = ledger
        .append_service(office, |world, _| {
            let rules = world.office.rules_on(day).ok_or(LedgerError::Absent("rules"))?;
            rows(world, rules, day)
        })
        .await?;
    if added > 0 {
        tracing::info!(%office, %day, added, "List of {day} published, {added} visits added");
    }
    Ok(added)
}

/// Which days the publisher should publish now: today, and from the hour that the rules name tomorrow; each only if
/// somebody is not on the list.
fn due(world: &World, now: Timestamp) -> Vec<NaiveDate> {
    let Some(rules) = world.office.rules_at(now) else { return Vec::new() };
    let local = rules.local(now);
    let today = local.date_naive();
    let tomorrow = today.succ_opt().filter(|_| local.hour() >= u32::from(rules.publish_from_hour));
    [Some(today), tomorrow].into_iter().flatten().filter(|day| !unpublished(world, *day).is_empty()).collect()
}

/// When the office opens on the day of a moment: the first time for which somebody can be booked.
fn opening(rules: &Rules, now: Timestamp) -> Option<Timestamp> {
    let first = rules.sessions.iter().map(|s| s.from).min()?;
    Some(rules.moment(rules.day(now), first))
}

/// What the publisher saw of an office when it looked last.
#[derive(Debug)]
struct Seen {
    at: Timestamp,
    heads: Heads,
    /// How often in a row it waited for bookings to stop coming in.
    waited: u32,
}

impl Seen {
    /// Looks at an office that has something to publish: now, or is it better to wait for those who are still booking?
    /// Those who come today are on the list when the office opens, whoever is still booking.
    fn look(before: Option<&Seen>, rules: &Rules, now: Timestamp, heads: Heads) -> (bool, Seen) {
        let Some(before) = before else { return (true, Seen { at: now, heads, waited: 0 }) };
        let opens = opening(rules, now).is_some_and(|opens| before.at < opens && opens <= now);
        let goes = opens || before.heads == heads || before.waited >= LOOKS_WAITED_MAX;
        let waited = if goes { 0 } else { before.waited + 1 };
        (goes, Seen { at: now, heads, waited })
    }
}

/// Publishes by itself, for as long as the server runs: the evening before, at opening, and whoever comes to it between
/// and after. While bookings are still coming in it waits a few minutes, so that tickets follow the booked times.
pub async fn keep_publishing(ledger: &Ledger) {
    let mut before: BTreeMap<OfficeCode, Seen> = BTreeMap::new();
    let mut every = tokio::time::interval(LOOK_EVERY);
    loop {
        every.tick().await;
        if let Err(error) = look(ledger, &mut before).await {
            tracing::error!(%error, "The publisher could not look at the offices");
        }
    }
}

async fn look(ledger: &Ledger, before: &mut BTreeMap<OfficeCode, Seen>) -> Result<(), LedgerError> {
    let now = ledger.env().now();
    for office in ledger.offices().await? {
        let of_world = |world: &World| (due(world, now), world.office.rules_at(now).cloned());
        let (days, Some(rules)) = ledger.view(&office, of_world).await? else { continue };
        if days.is_empty() {
            continue;
        }
        let mut heads = ledger.heads(&office).await?;
        heads.remove(&Stream::Office);
        let (goes, seen) = Seen::look(before.get(&office), &rules, now, heads);
        before.insert(office.clone(), seen);
        for day in days.into_iter().filter(|_| goes) {
            publish_day(ledger, &office, day).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use loket_core::act::{Origin, Stamp};
    use loket_core::id::AppointmentId;

    use super::*;

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, d).unwrap()
    }

    /// The sample office with somebody booked for each of these days of November.
    fn booked(days: &[u32]) -> (World, Rules) {
        let file = crate::people::OfficeFile::parse(include_str!("../../../assets/sample/office.toml")).unwrap();
        let rules = file.rules[0].clone();
        let mut world = World::default();
        let origin = Origin::Service { name: "test".to_owned(), external_id: String::new() };
        let stamp = Stamp { origin, at: Timestamp(0) };
        let mut tell = |subject: &Subject, event: Event| world.apply(subject, &stamp, &[event]);
        tell(&Subject::Office, Event::RulesSet { rules: Box::new(rules.clone()) });
        for counter in file.counters {
            tell(&Subject::Office, Event::CounterSet { counter });
        }
        let submission: Submission = serde_json::from_value(serde_json::json!({
            "kind": "new", "age": "adult", "electronic": true, "validity_years": 10,
            "form": {
                "full_name": "CONTOH", "nik": "3171010101900000", "birth_place": "", "birth_date": "1990-01-01",
                "sex": "male", "address": "", "mother_name": "", "father_name": "", "phone_tail": "", "purpose": "",
                "destination": ""
            },
            "group": null, "priority": null, "at": 0
        }))
        .unwrap();
        for d in days {
            let case = Subject::Application(ApplicationNo::new(d.to_string()).unwrap());
            let slot = rules.moment(day(*d), chrono::NaiveTime::MIN);
            let appointment = Appointment { id: AppointmentId::new(d.to_string()).unwrap(), day: day(*d), slot };
            tell(&case, Event::Submitted { submission: Box::new(submission.clone()) });
            tell(&case, Event::Booked { appointment, ground: None });
        }
        (world, rules)
    }

    #[test]
    fn tomorrows_list_is_due_at_six_in_the_evening_and_todays_at_once() {
        let (world, rules) = booked(&[22, 23, 24, 25]);
        let moment = |hour| rules.moment(day(23), chrono::NaiveTime::from_hms_opt(hour, 0, 0).unwrap());
        assert_eq!(due(&world, moment(0)), [day(23)]);
        assert_eq!(due(&world, Timestamp(moment(18).0 - 1)), [day(23)]);
        assert_eq!(due(&world, moment(18)), [day(23), day(24)]);
    }

    #[test]
    fn six_in_the_evening_is_six_on_the_clock_of_the_office() {
        // WIB, WITA, WIT: 18.00 there is another hour here.
        for (zone_minutes, utc_hour) in [(420, 11), (480, 10), (540, 9)] {
            let (mut world, mut rules) = booked(&[]);
            rules.zone_minutes = zone_minutes;
            world.office.rules.insert(rules.version, rules.clone());
            let (with_people, _) = booked(&[24]);
            world.applications = with_people.applications;
            let six = Timestamp(day(23).and_hms_opt(utc_hour, 0, 0).unwrap().and_utc().timestamp_millis());
            assert!(due(&world, Timestamp(six.0 - 1)).is_empty(), "{zone_minutes}");
            assert_eq!(due(&world, six), [day(24)], "{zone_minutes}");
            // Where it is already the 24th, those people come today.
            let midnight = Timestamp(six.0 + 6 * 3_600_000);
            assert_eq!(due(&world, midnight), [day(24)], "{zone_minutes}");
            assert_eq!(rules.day(Timestamp(midnight.0 - 1)), day(23));
        }
    }

    #[test]
    fn the_hour_of_the_evening_is_a_rule() {
        let (mut world, mut rules) = booked(&[24]);
        rules.publish_from_hour = 20;
        world.office.rules.insert(rules.version, rules.clone());
        let moment = |hour| rules.moment(day(23), chrono::NaiveTime::from_hms_opt(hour, 0, 0).unwrap());
        assert!(due(&world, moment(19)).is_empty());
        assert_eq!(due(&world, moment(20)), [day(24)]);
    }

    /// The registry after so many rows.
    fn heads(seq: u64) -> Heads {
        let at = loket_core::sync::Cursor { seq, ..loket_core::sync::Cursor::start(loket_core::id::Epoch(1)) };
        Heads::from([(Stream::Registry, at)])
    }

    #[test]
    fn it_waits_while_people_are_booking_but_not_for_ever() {
        let (_, rules) = booked(&[]);
        let noon = rules.moment(day(23), chrono::NaiveTime::from_hms_opt(12, 0, 0).unwrap());
        let (goes, mut seen) = Seen::look(None, &rules, noon, heads(0));
        assert!(goes, "a server that starts has nothing to wait for");
        for minute in 1..=LOOKS_WAITED_MAX {
            let goes;
            (goes, seen) =
                Seen::look(Some(&seen), &rules, noon.plus_ms(i64::from(minute) * 60_000), heads(u64::from(minute)));
            assert!(!goes, "minute {minute}");
        }
        assert!(Seen::look(Some(&seen), &rules, noon.plus_ms(600_000), heads(99)).0, "long enough");
        assert!(Seen::look(Some(&seen), &rules, noon.plus_ms(600_000), seen.heads.clone()).0, "nobody booked any more");
    }

    #[test]
    fn at_opening_the_list_goes_out_whoever_is_still_booking() {
        let (_, rules) = booked(&[]);
        let opens = rules.moment(day(23), chrono::NaiveTime::from_hms_opt(7, 0, 0).unwrap());
        assert_eq!(opening(&rules, opens), Some(opens));
        let before = Seen { at: opens.plus_ms(-30_000), heads: heads(1), waited: 0 };
        assert!(!Seen::look(Some(&before), &rules, opens.plus_ms(-1), heads(2)).0);
        assert!(Seen::look(Some(&before), &rules, opens, heads(2)).0);
        let after = Seen { at: opens, heads: heads(2), waited: 0 };
        assert!(!Seen::look(Some(&after), &rules, opens.plus_ms(60_000), heads(3)).0, "once");
    }

    #[test]
    fn where_nobody_is_booked_nothing_is_due() {
        assert!(due(&World::default(), Timestamp(0)).is_empty());
        let (world, rules) = booked(&[]);
        assert!(due(&world, rules.moment(day(23), chrono::NaiveTime::MIN)).is_empty());
    }
}
