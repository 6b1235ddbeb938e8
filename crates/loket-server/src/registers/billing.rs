//! Billing (SIMPONI): a code to pay with. The amount is ours, from the tariffs; the code and its last moment come from
//! there. Nobody's two hours are eaten up by a billing system that was down: a code that came late has two hours of its
//! own, and a place waits for its code.

use std::sync::Arc;

use chrono::NaiveDate;
use loket_core::act::{Event, Subject};
use loket_core::application::{Bill, Kind, Submission};
use loket_core::id::{ApplicationNo, Timestamp};
use loket_core::rules::Rules;
use loket_core::sync::Stream;
use serde::{Deserialize, Serialize};

use super::{HELD_BACK_MS, LOOK_EVERY, Run, Said, Stop, check as holds, is_id, is_plausible};
use crate::intake::{AMOUNT_RP_MAX, PAYMENT_DUE_MS};
use crate::ledger::{ErrandCase, ErrandKind, Heads, Ledger, LedgerError, Next, ServiceRow};

/// A place whose code has not come is kept for a day. Longer would take it from others for somebody who could not pay
/// and has long been told to come back; shorter would punish people for an outage of a morning. Nobody has been given a
/// code then, so it ends like a bill that ran out.
pub const UNBILLED_HELD_MS: i64 = 24 * 3600 * 1000;
/// A code that comes within this after submission is prompt: its two hours count from the submission.
pub const PROMPT_MS: i64 = 5 * 60_000;
/// What is paid after the photo can be paid for seven days, as everything could before M-Paspor.
pub const AFTER_PHOTO_DUE_MS: i64 = 7 * 24 * 3600 * 1000;
/// Orders for one application; then somebody has to look why its codes run out on the way.
pub const ORDERS_MAX: u32 = 20;
/// Bills made between two looks.
const ERRANDS_AT_ONCE: usize = 100;
/// Digits of a billing code.
const CODE_DIGITS: usize = 15;

/// What is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    Passport,
    /// Biaya beban of a lost or damaged booklet.
    Burden,
    SameDay,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub what: ItemKind,
    pub amount_rp: u64,
}

/// `POST /orders`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// The same order has the same code, however often it is placed.
    pub order: String,
    pub application_no: ApplicationNo,
    pub payer: String,
    pub amount_rp: u64,
    pub items: Vec<Item>,
    /// Until when it should be payable. Of a repeated order the first one counts.
    pub due: Timestamp,
}

/// The answer to an [`Order`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ordered {
    /// Id of this answer at the billing system.
    pub answer: String,
    pub order: String,
    pub application_no: ApplicationNo,
    pub amount_rp: u64,
    pub code: String,
    pub issued_at: Timestamp,
    pub due: Timestamp,
}

/// What an application costs, item by item; `None` if no tariff fits.
fn items(rules: &Rules, submission: &Submission) -> Option<Vec<Item>> {
    let day = rules.day(submission.at);
    let plain = Submission { kind: Kind::New, same_day: false, ..submission.clone() };
    let with_burden = Submission { same_day: false, ..submission.clone() };
    let steps = [rules.tariff(&plain, day)?, rules.tariff(&with_burden, day)?, rules.tariff(submission, day)?];
    let amounts = [
        (ItemKind::Passport, steps[0]),
        (ItemKind::Burden, steps[1].saturating_sub(steps[0])),
        (ItemKind::SameDay, steps[2].saturating_sub(steps[1])),
    ];
    Some(amounts.into_iter().filter(|(_, rp)| *rp > 0).map(|(what, amount_rp)| Item { what, amount_rp }).collect())
}

/// Until when whoever gets a code now has time to pay.
fn due(submission: &Submission, now: Timestamp) -> Timestamp {
    if submission.kind.is_paid_after_photo() {
        now.plus_ms(AFTER_PHOTO_DUE_MS)
    } else if now.since(submission.at) <= PROMPT_MS {
        submission.at.plus_ms(PAYMENT_DUE_MS)
    } else {
        now.plus_ms(PAYMENT_DUE_MS)
    }
}

/// A code of our own, where no billing system is there to be asked. SIMPONI's codes read 8, date, six digits. Ours count
/// the office's registry rows, so an office gives none twice on a day; two offices of one server may give the same. Nothing
/// is looked up by it: a payment names its application.
pub(crate) fn own_code(day: NaiveDate, heads: &Heads) -> String {
    let serial = heads.get(&Stream::Registry).map_or(0, |h| h.seq) % 1_000_000;
    format!("8{}{serial:06}", day.format("%Y%m%d"))
}

/// Makes the bills that are due after the photo, where no billing system is there to be asked.
pub(super) async fn keep_making(ledger: Arc<Ledger>) {
    let mut moved = ledger.errands_moved();
    loop {
        if let Err(error) = make_all(&ledger).await {
            tracing::error!(%error, "Bills could not be made");
        }
        tokio::select! {
            // The sender lives as long as the ledger that this task holds.
            _ = moved.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn make_all(ledger: &Ledger) -> Result<(), LedgerError> {
    for errand in ledger.take_errands(ErrandKind::Billing, ERRANDS_AT_ONCE).await? {
        let now = ledger.env().now();
        let case = ledger.errand_case(&errand).await?;
        let found = case.as_ref().and_then(|case| Some((case, case.application.submission.as_ref()?)));
        let Some((case, submission)) = found else {
            ledger.put_off_errand(&errand, Next::GivenUp("no_case")).await?;
            continue;
        };
        let day = case.rules.day(now);
        let Some(amount_rp) = case.rules.tariff(submission, case.rules.day(submission.at)) else {
            let (at, about, tries) = (now.plus_ms(HELD_BACK_MS), errand.about.clone(), errand.tries);
            ledger.put_off_errand(&errand, Next::Later { at, about, tries, trouble: "no_tariff" }).await?;
            continue;
        };
        let (no, due) = (&case.application.no, due(submission, now));
        let row = |heads: &Heads| ServiceRow {
            stream: Stream::Registry,
            name: "billing",
            external_id: no.to_string(),
            subject: Subject::Application(no.clone()),
            events: vec![Event::Billed { bill: Bill { code: own_code(day, heads), amount_rp, due } }],
        };
        ledger.answer_errand_with(&errand, |heads| vec![row(heads)], Next::Done).await?;
    }
    Ok(())
}

pub(super) async fn order(run: &Run<'_>, case: &ErrandCase) -> Result<Said, Stop> {
    let application = &case.application;
    if application.bill.is_some() || application.payment_expired.is_some() || !application.payments.is_empty() {
        return Err(Stop::Pointless("too_late"));
    }
    let submission = application.submission.as_ref().ok_or(Stop::HeldBack("no_submission"))?;
    let number: u32 = run.errand.about.parse().unwrap_or(1);
    let items = items(&case.rules, submission).ok_or(Stop::HeldBack("no_tariff"))?;
    let amount_rp = items.iter().map(|i| i.amount_rp).fold(0, u64::saturating_add);
    if amount_rp == 0 || amount_rp > AMOUNT_RP_MAX {
        return Err(Stop::HeldBack("no_tariff"));
    }
    let order = Order {
        order: format!("{}/{number}", application.no),
        application_no: application.no.clone(),
        payer: submission.form.full_name.clone(),
        amount_rp,
        items,
        due: due(submission, run.now),
    };
    let said: Ordered = run.line.ask("/orders", &order).await?;
    holds(said.order == order.order && said.application_no == order.application_no, "other_order")?;
    holds(said.amount_rp == order.amount_rp, "amount")?;
    holds(is_id(&said.answer), "answer")?;
    holds(said.code.len() == CODE_DIGITS && said.code.bytes().all(|b| b.is_ascii_digit()), "code")?;
    holds(is_plausible(said.issued_at, run.now) && said.due > said.issued_at, "due")?;
    if said.due.plus_ms(PROMPT_MS) < order.due {
        // Its answer was lost, and it has since run out or nearly: nobody has seen this code, and nobody shall.
        holds(number < ORDERS_MAX, "too_many_orders")?;
        let (about, tries) = ((number + 1).to_string(), 0);
        return Ok(Said { rows: vec![], next: Next::Later { at: run.now, about, tries, trouble: "code_ran_out" } });
    }
    let bill = Bill { code: said.code, amount_rp, due: said.due.min(order.due) };
    let rows = vec![run.row("billing", &application.no, &said.answer, vec![Event::Billed { bill }])];
    Ok(Said { rows, next: Next::Done })
}
