//! The making of booklets (alokasi, cetak, uji kualitas). A case goes there once it was accepted at a counter, no dispute
//! on it is open and every scan it names is at the centre; from then on it is asked how far it is until the passport
//! lies ready. Each step is one row. A booklet that fails its quality check is followed by another one.

use chrono::NaiveDate;
use loket_core::act::Event;
use loket_core::application::{ProductionReport, ProductionStage};
use loket_core::id::{ApplicationNo, OfficeCode, Timestamp};
use loket_core::nik::Sex;
use serde::{Deserialize, Serialize};

use super::{Run, Said, Stop, check as holds, is_plausible, is_word};
use crate::ledger::{ErrandCase, Next};

/// How often a booklet in the making is asked after, in milliseconds.
pub const ASK_AGAIN_MS: i64 = 60_000;
/// Steps in one answer; the next answer has the rest.
pub const STEPS_MAX: usize = 50;

/// `POST /orders`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// The same order makes one booklet, however often it is placed.
    pub order: String,
    pub application_no: ApplicationNo,
    pub office: OfficeCode,
    pub nik: String,
    pub full_name: String,
    pub birth_place: String,
    pub birth_date: NaiveDate,
    pub sex: Sex,
    pub electronic: bool,
    pub validity_years: u8,
}

/// The answer to an [`Order`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ordered {
    pub order: String,
    pub application_no: ApplicationNo,
}

/// `POST /steps`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HowFar {
    pub order: String,
    /// Steps up to this one are known here.
    pub after: u64,
}

/// Something that was done to a booklet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// 1, 2, 3... within an order.
    pub id: u64,
    pub stage: ProductionStage,
    pub booklet: String,
    /// Where it lies; empty before it is ready.
    #[serde(default)]
    pub shelf: String,
    pub at: Timestamp,
}

/// The answer to [`HowFar`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Steps {
    pub order: String,
    pub steps: Vec<Step>,
}

/// May a booklet come to this stage from that one?
fn may_follow(before: Option<ProductionStage>, stage: ProductionStage) -> bool {
    use ProductionStage::{BookletAllocated, Printed, QualityFailed, QualityPassed, Ready};
    match stage {
        BookletAllocated => matches!(before, None | Some(QualityFailed)),
        Printed => before == Some(BookletAllocated),
        QualityPassed | QualityFailed => before == Some(Printed),
        Ready => before == Some(QualityPassed),
    }
}

pub(super) async fn order_or_ask(run: &Run<'_>, case: &ErrandCase) -> Result<Said, Stop> {
    match run.errand.about.parse() {
        Ok(after) => ask(run, case, after).await,
        Err(_) => order(run, case).await,
    }
}

async fn order(run: &Run<'_>, case: &ErrandCase) -> Result<Said, Stop> {
    let application = &case.application;
    if !case.accepted {
        return Err(Stop::HeldBack("not_accepted"));
    }
    if case.disputed {
        return Err(Stop::HeldBack("disputed"));
    }
    if !case.scans_here {
        return Err(Stop::HeldBack("scans_missing"));
    }
    let submission = application.submission.as_ref().ok_or(Stop::HeldBack("no_submission"))?;
    let form = &submission.form;
    let order = Order {
        order: run.errand.id.clone(),
        application_no: application.no.clone(),
        office: run.errand.office.clone(),
        nik: form.nik.as_str().to_owned(),
        full_name: form.full_name.clone(),
        birth_place: form.birth_place.clone(),
        birth_date: form.birth_date,
        sex: form.sex,
        electronic: submission.electronic,
        validity_years: submission.validity_years,
    };
    let said: Ordered = run.line.ask("/orders", &order).await?;
    holds(said.order == order.order && said.application_no == order.application_no, "other_order")?;
    Ok(Said { rows: Vec::new(), next: run.later(ASK_AGAIN_MS, "0".to_owned()) })
}

async fn ask(run: &Run<'_>, case: &ErrandCase, after: u64) -> Result<Said, Stop> {
    let question = HowFar { order: run.errand.id.clone(), after };
    let said: Steps = run.line.ask("/steps", &question).await?;
    holds(said.order == question.order, "other_order")?;
    holds(said.steps.len() <= STEPS_MAX, "too_many_steps")?;
    let no = &case.application.no;
    let mut stage = case.application.production.last().map(|r| r.stage);
    let mut last = after;
    let mut rows = Vec::new();
    for step in said.steps {
        holds(Some(step.id) == last.checked_add(1), "step_out_of_order")?;
        holds(may_follow(stage, step.stage), "stage")?;
        holds(is_word(&step.booklet), "booklet")?;
        holds(is_word(&step.shelf) || (step.shelf.is_empty() && step.stage != ProductionStage::Ready), "shelf")?;
        holds(is_plausible(step.at, run.now), "at")?;
        (last, stage) = (step.id, Some(step.stage));
        let Step { stage, booklet, shelf, at, .. } = step;
        let report = ProductionReport { stage, booklet, shelf, at };
        rows.push(run.row("production", no, &last.to_string(), vec![Event::ProductionReported { report }]));
    }
    let is_ready = stage == Some(ProductionStage::Ready);
    let next = if is_ready { Next::Done } else { run.later(ASK_AGAIN_MS, last.to_string()) };
    Ok(Said { rows, next })
}

#[cfg(test)]
mod tests {
    use super::ProductionStage::{BookletAllocated, Printed, QualityFailed, QualityPassed, Ready};
    use super::*;

    fn goes(stages: &[ProductionStage]) -> bool {
        let mut before = None;
        stages.iter().all(|stage| may_follow(before.replace(*stage), *stage))
    }

    #[test]
    fn a_booklet_that_fails_is_followed_by_another_one() {
        assert!(goes(&[BookletAllocated, Printed, QualityPassed, Ready]));
        assert!(goes(&[BookletAllocated, Printed, QualityFailed, BookletAllocated, Printed, QualityPassed, Ready]));
        assert!(!goes(&[BookletAllocated, Printed, QualityFailed, Ready]));
        assert!(!goes(&[BookletAllocated, Ready]));
        assert!(!goes(&[Printed]));
    }
}
