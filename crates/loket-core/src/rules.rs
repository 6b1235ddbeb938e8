//! Everything that differs by office or changes by decree, as configuration with an effective date. All versions are
//! kept: an act names the one it was decided under, and the authority decides again under that same one. No number in
//! here is presented to a user as an official rule unless its source says so.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::application::{AgeClass, DocumentKind, FormField, Kind, PlaceKind, Submission};
use crate::id::{RulesVersion, Timestamp};

/// Documents that an application of one kind needs, each with a scan and an original shown at the counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DocumentRule {
    /// Kind of application.
    pub kind: Kind,
    /// Adult or child (under 17, or unmarried minors as the office defines it).
    pub age: AgeClass,
    /// What must be shown.
    pub documents: Vec<DocumentKind>,
}

/// An amount of PNBP with the day from which it holds. PP 28/2019, PP 45/2024.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Tariff {
    /// First day it holds.
    pub from: NaiveDate,
    /// Electronic passport?
    pub electronic: bool,
    /// 5 or 10.
    pub validity_years: u8,
    /// Rupiah.
    #[ts(type = "number")]
    pub amount_rp: u64,
}

/// What a further fee is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SurchargeFor {
    /// Percepatan.
    SameDay,
    /// Biaya beban of a lost booklet.
    Lost,
    /// Biaya beban of a damaged booklet.
    Damaged,
}

/// A fee on top of the tariff, with the day from which it holds. PP 28/2019, PP 45/2024.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Surcharge {
    /// First day it holds.
    pub from: NaiveDate,
    #[serde(rename = "for")]
    pub what: SurchargeFor,
    /// Rupiah.
    #[ts(type = "number")]
    pub amount_rp: u64,
}

/// Times of a service day at which people are booked, at equal distances, with the places at each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Sessions {
    /// First time, on the office's clock.
    pub from: NaiveTime,
    /// No time after this one.
    pub to: NaiveTime,
    /// Minutes between two times.
    pub every_min: u16,
    /// Places at each time.
    pub regular: u16,
    pub priority: u16,
    pub same_day: u16,
}

impl Sessions {
    /// Each time with the places of each kind.
    pub fn places(&self) -> impl Iterator<Item = (NaiveTime, PlaceKind, u16)> + '_ {
        let step = i64::from(self.every_min.max(1)) * 60;
        let seconds = self.to.signed_duration_since(self.from).num_seconds();
        let times = (0..=seconds.max(-1).div_euclid(step)).map(move |i| self.from + TimeDelta::seconds(i * step));
        times.flat_map(|time| {
            [
                (time, PlaceKind::Regular, self.regular),
                (time, PlaceKind::Priority, self.priority),
                (time, PlaceKind::SameDay, self.same_day),
            ]
        })
    }
}

/// Times further from 1970 than this (a quarter of a million years) have no date in the calendar.
const LOCAL_MS_MAX: i64 = 8_000_000_000_000_000;

/// The rules of an office, one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Rules {
    /// Which version this is.
    pub version: RulesVersion,
    /// First service day it is in force.
    pub effective_from: NaiveDate,
    /// Offset of the office's zone from UTC, in minutes: WIB 420, WITA 480, WIT 540. Indonesia has no summer time.
    pub zone_minutes: i16,
    /// Letter of regular tickets.
    pub letter_regular: String,
    /// Letter of priority tickets.
    pub letter_priority: String,
    /// A called person is called again at most this often.
    pub recalls_max: u8,
    /// Seconds between two calls of the same number.
    pub recall_gap_s: u32,
    /// Calls after the first one before somebody may be marked absent.
    pub recalls_before_no_show: u8,
    /// Seconds in which an act can be undone.
    pub undo_s: u32,
    /// Minutes after the booked time, or after arriving if that is later, by which an applicant should have been called.
    pub promise_min: u32,
    /// Minutes that serving one applicant takes as a rule.
    pub service_min: u32,
    /// Working days from the interview until the passport lies ready (Permenkumham 8/2014, article 22: at most 4).
    pub collect_after_days: u8,
    /// Years of age from which fingerprints are taken.
    pub fingers_from_age: u8,
    /// Quality (NFIQ 2, 0-100) under which a finger is taken again.
    pub finger_quality_min: u8,
    /// Attempts after which a finger of low quality stands as it is.
    pub finger_attempts_max: u8,
    /// Days an officer may sign in without the desk having heard from the centre.
    pub offline_sign_in_days: u8,
    /// Fields that are held against the documents.
    pub fields: Vec<FormField>,
    /// Documents by kind and age.
    pub documents: Vec<DocumentRule>,
    /// Tariffs, any order.
    pub tariffs: Vec<Tariff>,
    /// Fees on top of the tariff, any order.
    #[serde(default)]
    pub surcharges: Vec<Surcharge>,
    /// Only electronic passports are made here (IMI-263.GR.01.02/2024, office by office).
    #[serde(default)]
    pub electronic_only: bool,
    /// Years of age from which a passport may be good for ten years (Permenkumham 18/2022); whoever is married may have it
    /// earlier. Below it the documents of a child are asked for.
    #[serde(default = "adult_from_age")]
    pub adult_from_age: u8,
    /// Applications that one account may have open.
    #[serde(default = "people_per_account_max")]
    pub people_per_account_max: u8,
    /// Hour of the office's clock from which the next day's list is published.
    #[serde(default = "publish_from_hour")]
    pub publish_from_hour: u8,
    /// Times and places of a working day, from which the quota of a month is opened.
    #[serde(default)]
    pub sessions: Vec<Sessions>,
    /// How often an applicant may take another place.
    #[serde(default)]
    pub reschedules_max: u8,
}

fn adult_from_age() -> u8 {
    17
}

fn people_per_account_max() -> u8 {
    5
}

fn publish_from_hour() -> u8 {
    18
}

impl Rules {
    /// The documents an application of this kind needs; none if the table has no row for it.
    pub fn documents(&self, kind: Kind, age: AgeClass) -> &[DocumentKind] {
        self.documents.iter().find(|r| r.kind == kind && r.age == age).map_or(&[], |r| &r.documents)
    }

    /// What an application costs when submitted on `day`, surcharges included; `None` if no tariff fits.
    pub fn tariff(&self, submission: &Submission, day: NaiveDate) -> Option<u64> {
        let base = self
            .tariffs
            .iter()
            .filter(|t| t.electronic == submission.electronic && t.validity_years == submission.validity_years)
            .filter(|t| t.from <= day)
            .max_by_key(|t| t.from)?;
        let burden = match submission.kind {
            Kind::Lost => Some(SurchargeFor::Lost),
            Kind::Damaged => Some(SurchargeFor::Damaged),
            Kind::New | Kind::Replacement | Kind::DataChange => None,
        };
        let same_day = submission.same_day.then_some(SurchargeFor::SameDay);
        let on_top = [burden, same_day].into_iter().flatten().map(|what| self.surcharge(what, day));
        Some(base.amount_rp.saturating_add(on_top.fold(0, u64::saturating_add)))
    }

    fn surcharge(&self, what: SurchargeFor, day: NaiveDate) -> u64 {
        let known = self.surcharges.iter().filter(|s| s.what == what && s.from <= day);
        known.max_by_key(|s| s.from).map_or(0, |s| s.amount_rp)
    }

    /// The office's zone.
    pub fn zone(&self) -> FixedOffset {
        FixedOffset::east_opt(i32::from(self.zone_minutes) * 60).expect("rules are checked: a zone is within a day")
    }

    /// WIB, WITA, WIT, or the offset.
    pub fn zone_name(&self) -> String {
        match self.zone_minutes {
            420 => "WIB".to_owned(),
            480 => "WITA".to_owned(),
            540 => "WIT".to_owned(),
            other => format!("UTC{:+03}.{:02}", other / 60, (other % 60).abs()),
        }
    }

    /// A moment on the office's clock.
    pub fn local(&self, at: Timestamp) -> DateTime<FixedOffset> {
        // A clock beyond the calendar shows the calendar's end; it must not stop the counter.
        let ms = at.0.clamp(-LOCAL_MS_MAX, LOCAL_MS_MAX);
        DateTime::from_timestamp_millis(ms).unwrap_or_default().with_timezone(&self.zone())
    }

    /// The office's service day at a moment: "today" everywhere in Loket.
    pub fn day(&self, at: Timestamp) -> NaiveDate {
        self.local(at).date_naive()
    }

    /// The moment of a time on the office's clock.
    pub fn moment(&self, day: NaiveDate, time: NaiveTime) -> Timestamp {
        let local = self.zone().from_local_datetime(&day.and_time(time)).single();
        Timestamp(local.expect("a fixed offset has no gaps").timestamp_millis())
    }

    /// The first day on which a passport may be fetched, counted in working days from `day`. Weekends are skipped;
    /// public holidays are not known here, so paper says "from".
    pub fn collect_from(&self, day: NaiveDate) -> NaiveDate {
        let mut left = self.collect_after_days;
        let mut at = day;
        while left > 0 {
            at = at.succ_opt().expect("a service day is far from the end of the calendar");
            if at.weekday().num_days_from_monday() < 5 {
                left -= 1;
            }
        }
        at
    }

    /// Complaints about a version somebody wrote by hand; empty when it can be used.
    pub fn complaints(&self) -> Vec<String> {
        let mut out = Vec::new();
        if !(-720..=840).contains(&self.zone_minutes) {
            out.push(format!("zone_minutes {} is no offset of a place on Earth", self.zone_minutes));
        }
        for (name, letter) in [("letter_regular", &self.letter_regular), ("letter_priority", &self.letter_priority)] {
            if letter.len() != 1 || !letter.bytes().all(|b| b.is_ascii_uppercase()) {
                out.push(format!("{name} must be one letter A-Z, not {letter:?}"));
            }
        }
        if self.letter_regular == self.letter_priority {
            out.push("letter_regular and letter_priority must differ".to_owned());
        }
        for kind in [Kind::New, Kind::Replacement, Kind::Lost, Kind::Damaged, Kind::DataChange] {
            for age in [AgeClass::Adult, AgeClass::Child] {
                if self.documents(kind, age).is_empty() {
                    out.push(format!("no documents for {kind:?} {age:?}"));
                }
            }
        }
        if self.publish_from_hour > 23 {
            out.push(format!("publish_from_hour {} is no hour of a day", self.publish_from_hour));
        }
        if self.people_per_account_max == 0 {
            out.push("people_per_account_max is 0: nobody could apply".to_owned());
        }
        for electronic in [false, true].into_iter().filter(|e| *e || !self.electronic_only) {
            for years in [5, 10] {
                let fits = |t: &Tariff| t.electronic == electronic && t.validity_years == years;
                if !self.tariffs.iter().any(|t| fits(t) && t.from <= self.effective_from) {
                    let booklet = if electronic { "an electronic" } else { "an ordinary" };
                    out.push(format!("no tariff for {booklet} passport of {years} years on {}", self.effective_from));
                }
            }
        }
        if self.sessions.iter().any(|s| s.every_min == 0 || s.to < s.from) {
            out.push("sessions must go forward: every_min above 0, to not before from".to_owned());
        } else {
            let mut times = BTreeSet::new();
            let open = self.sessions.iter().flat_map(Sessions::places).filter(|(_, _, places)| *places > 0);
            for (time, kind, _) in open {
                if !times.insert((time, kind)) {
                    let (at, kind) = (time.format("%H:%M"), kind.as_str());
                    out.push(format!("two sessions both open {kind} places at {at}: only one of them would count"));
                    break;
                }
            }
        }
        if self.fields.is_empty() {
            out.push("fields is empty: nothing would be compared with the documents".to_owned());
        }
        out
    }
}

/// Whole years from `birth` to `day`.
pub fn age_on(birth: NaiveDate, day: NaiveDate) -> u8 {
    let before_birthday = (day.month(), day.day()) < (birth.month(), birth.day());
    let years = day.year() - birth.year() - i32::from(before_birthday);
    years.clamp(0, 150) as u8
}
