//! The register of travel documents (DPRI): which passports has this person had? It is asked twice, by NIK and by name
//! with birth date, because passports from before the NIK are found by name only; what both find counts once. Most
//! refusals come from "new" where "replacement" was right, so this is asked at once.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use loket_core::act::Event;
use loket_core::application::{EarlierPassport, Register};
use serde::{Deserialize, Serialize};

use super::line::Trouble;
use super::population::{Word, answered};
use super::{Run, Said, Stop, Told, check as holds, is_word};
use crate::intake::EARLIER_PASSPORTS_MAX;
use crate::ledger::{ErrandCase, Next};

/// Characters of a passport's number.
pub const NUMBER_CHARS_MAX: usize = 20;
/// No passport is good for longer, in years.
pub const VALID_YEARS_MAX: i32 = 11;

/// Who is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Who {
    Nik { nik: String },
    Name { full_name: String, birth_date: NaiveDate },
}

/// `POST /searches`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Search {
    /// The same question is always answered the same.
    pub question: String,
    pub who: Who,
}

/// The answer to a [`Search`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Found {
    #[serde(flatten)]
    pub told: Told,
    pub who: Who,
    pub passports: Vec<EarlierPassport>,
}

/// Could this be a passport that was issued by `today`?
fn is_passport(passport: &EarlierPassport, today: NaiveDate) -> bool {
    let EarlierPassport { number, issued, expires } = passport;
    let number_fits = is_word(number) && number.chars().count() <= NUMBER_CHARS_MAX;
    // A day is left for zones: "today" is the office's.
    let by_tomorrow = today.checked_add_days(Days::new(1)).is_some_and(|tomorrow| *issued <= tomorrow);
    let dates_fit = issued.year() >= 1950 && expires >= issued && expires.year() - issued.year() <= VALID_YEARS_MAX;
    number_fits && by_tomorrow && dates_fit
}

async fn one(run: &Run<'_>, what: &str, who: Who, today: NaiveDate) -> Result<Found, Trouble> {
    let question = Search { question: format!("{}/{what}", run.errand.id), who };
    let said: Found = run.line.ask("/searches", &question).await?;
    said.told.answers(&question.question, run.now)?;
    holds(said.who == question.who, "other_person")?;
    holds(said.passports.len() <= EARLIER_PASSPORTS_MAX, "too_many_passports")?;
    holds(said.passports.iter().all(|p| is_passport(p, today)), "passports")?;
    Ok(said)
}

pub(super) async fn search(run: &Run<'_>, case: &ErrandCase) -> Result<Said, Stop> {
    let submission = case.application.submission.as_ref().ok_or(Stop::HeldBack("no_submission"))?;
    let (form, today) = (&submission.form, case.rules.day(run.now));
    let by_nik = one(run, "nik", Who::Nik { nik: form.nik.as_str().to_owned() }, today).await?;
    let name = Who::Name { full_name: form.full_name.clone(), birth_date: form.birth_date };
    let by_name = one(run, "name", name, today).await?;
    let mut passports = BTreeMap::new();
    for passport in by_nik.passports.into_iter().chain(by_name.passports) {
        passports.entry((passport.issued, passport.number.clone())).or_insert(passport);
    }
    let passports: Vec<EarlierPassport> = passports.into_values().collect();
    holds(passports.len() <= EARLIER_PASSPORTS_MAX, "too_many_passports")?;
    let word = if passports.is_empty() { Word::Clear } else { Word::Hit };
    let external_id = format!("{}+{}", by_nik.told.answer, by_name.told.answer);
    let newest = by_nik.told.answered_at.max(by_name.told.answered_at);
    let told = Told { answered_at: newest, ..by_nik.told };
    let mut events = answered(Register::TravelDocuments, word, told, Vec::new());
    events.push(Event::EarlierPassportsFound { passports });
    let rows = vec![run.row("dpri", &case.application.no, &external_id, events)];
    Ok(Said { rows, next: Next::Done })
}
