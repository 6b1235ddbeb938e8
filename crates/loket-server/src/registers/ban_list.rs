//! The travel-ban list (cekal): is this person on it? It is asked by NIK and by name and birth date, and says yes or no,
//! never why: the reason is not the counter's business. A hit is shown to the officer and decided by people.

use chrono::NaiveDate;
use loket_core::application::Register;
use serde::{Deserialize, Serialize};

use super::population::{Word, after, answered, written_as};
use super::{Run, Said, Stop, Told, check as holds};
use crate::ledger::ErrandCase;

/// `POST /checks`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Check {
    /// The same question is always answered the same.
    pub question: String,
    pub nik: String,
    pub full_name: String,
    pub birth_date: NaiveDate,
}

/// The answer to a [`Check`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Checked {
    #[serde(flatten)]
    pub told: Told,
    pub nik: String,
    pub result: Word,
}

pub(super) async fn check(run: &Run<'_>, case: &ErrandCase) -> Result<Said, Stop> {
    let submission = case.application.submission.as_ref().ok_or(Stop::HeldBack("no_submission"))?;
    let form = &submission.form;
    let question = Check {
        question: run.errand.id.clone(),
        nik: form.nik.as_str().to_owned(),
        full_name: form.full_name.clone(),
        birth_date: form.birth_date,
    };
    let said: Checked = run.line.ask("/checks", &question).await?;
    said.told.answers(&question.question, run.now)?;
    holds(said.nik == question.nik, "other_person")?;
    let external_id = written_as(said.result, &said.told.answer).to_owned();
    let events = answered(Register::BanList, said.result, said.told, Vec::new());
    let rows = vec![run.row("ban-list", &case.application.no, &external_id, events)];
    Ok(Said { rows, next: after(run, said.result) })
}
