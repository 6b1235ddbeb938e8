//! The population register (Dukcapil): does what the applicant filled in agree with what is kept there? It is asked for
//! agreement only, field by field, and never says what it has instead; a difference warns and stops nobody, because the
//! remedy lies at Dukcapil and not at the counter.

use chrono::NaiveDate;
use loket_core::act::Event;
use loket_core::application::{Answer, AnswerResult, FormField, Register};
use loket_core::nik::Sex;
use serde::{Deserialize, Serialize};

use super::circuit::wait_ms;
use super::{Run, Said, Stop, Told, check as holds};
use crate::ledger::{ErrandCase, Next};

/// `POST /checks`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Check {
    /// The same question is always answered the same.
    pub question: String,
    pub nik: String,
    pub full_name: String,
    pub birth_date: NaiveDate,
    pub birth_place: String,
    pub sex: Sex,
    pub mother_name: String,
}

/// What a register can say. Shared with the ban list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Everything agrees; nothing is listed.
    Clear,
    /// Something differs; somebody is listed.
    Hit,
    /// It can't say just now.
    NoAnswer,
}

impl From<Word> for AnswerResult {
    fn from(word: Word) -> AnswerResult {
        match word {
            Word::Clear => AnswerResult::Clear,
            Word::Hit => AnswerResult::Hit,
            Word::NoAnswer => AnswerResult::NoAnswer,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    Agrees,
    Differs,
}

/// Each field that was asked about. A NIK that the register does not have differs, and nothing else is known then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    pub nik: Agreement,
    pub full_name: Agreement,
    pub birth_date: Agreement,
    pub birth_place: Agreement,
    pub sex: Agreement,
    pub mother_name: Agreement,
}

impl Fields {
    /// The fields of our form that differ. The form has no sex beside the one in the NIK, so that a differing sex is a
    /// differing NIK.
    fn differing(&self) -> Vec<FormField> {
        let differs = |agreement| agreement == Agreement::Differs;
        let all = [
            (FormField::Nik, differs(self.nik) || differs(self.sex)),
            (FormField::FullName, differs(self.full_name)),
            (FormField::BirthDate, differs(self.birth_date)),
            (FormField::BirthPlace, differs(self.birth_place)),
            (FormField::MotherName, differs(self.mother_name)),
        ];
        all.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
    }
}

/// The answer to a [`Check`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Checked {
    #[serde(flatten)]
    pub told: Told,
    pub nik: String,
    pub result: Word,
    /// Absent if there is no answer.
    #[serde(default)]
    pub fields: Option<Fields>,
}

/// The event of a plain answer.
pub(super) fn answered(register: Register, word: Word, told: Told, differs: Vec<FormField>) -> Vec<Event> {
    let Told { source, answered_at: at, .. } = told;
    vec![Event::RegisterAnswered { answer: Answer { register, result: word.into(), source, differs, at } }]
}

/// What becomes of the errand after this word: "can't say just now" is written down once, and asked again.
pub(super) fn after(run: &Run<'_>, word: Word) -> Next {
    if word != Word::NoAnswer {
        return Next::Done;
    }
    let wait = wait_ms(run.errand.tries, super::chance(run.ledger.env()));
    let (at, about, tries) = (run.now.plus_ms(wait), run.errand.about.clone(), run.errand.tries);
    Next::Later { at, about, tries, trouble: "no_answer" }
}

/// The id under which a word is written down.
pub(super) fn written_as(word: Word, answer: &str) -> &str {
    if word == Word::NoAnswer { "no-answer" } else { answer }
}

pub(super) async fn check(run: &Run<'_>, case: &ErrandCase) -> Result<Said, Stop> {
    let submission = case.application.submission.as_ref().ok_or(Stop::HeldBack("no_submission"))?;
    let form = &submission.form;
    let question = Check {
        question: run.errand.id.clone(),
        nik: form.nik.as_str().to_owned(),
        full_name: form.full_name.clone(),
        birth_date: form.birth_date,
        birth_place: form.birth_place.clone(),
        sex: form.sex,
        mother_name: form.mother_name.clone(),
    };
    let said: Checked = run.line.ask("/checks", &question).await?;
    said.told.answers(&question.question, run.now)?;
    holds(said.nik == question.nik, "other_person")?;
    let differs = said.fields.map(|f| f.differing());
    match (said.result, &differs) {
        (Word::NoAnswer, None) => {}
        (Word::Clear, Some(differs)) => holds(differs.is_empty(), "fields")?,
        (Word::Hit, Some(differs)) => holds(!differs.is_empty(), "fields")?,
        (Word::Clear | Word::Hit, None) | (Word::NoAnswer, Some(_)) => holds(false, "fields")?,
    }
    let external_id = written_as(said.result, &said.told.answer).to_owned();
    let differs = differs.unwrap_or_default();
    let events = answered(Register::Population, said.result, said.told, differs);
    let rows = vec![run.row("population", &case.application.no, &external_id, events)];
    Ok(Said { rows, next: after(run, said.result) })
}
