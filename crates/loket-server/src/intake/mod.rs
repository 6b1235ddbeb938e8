//! What comes in from outside: applications with their scans from M-Paspor, payments from the payment channel. Each
//! becomes registry rows, once, however often it is sent. Nothing is taken in half: an application names only scans
//! whose bytes are here already.
//!
//! M-Paspor shows a shared key; the payment channel signs each notice with a key of its own. No register is asked while
//! somebody submits: that is an errand, written with the application and run by `registers`.

mod applications;
mod appointments;
mod payments;
mod scans;
mod wire;

pub(crate) use applications::*;
pub(crate) use appointments::*;
pub(crate) use payments::*;
pub use payments::{AMOUNT_RP_MAX, NOTICE_AGE_MS_MAX};
pub(crate) use scans::*;
pub(crate) use wire::clock;
pub use wire::*;

use axum::http::StatusCode;
use axum::http::request::Parts;
use loket_core::application::{Submission, TEXT_CHARS_MAX};
use loket_core::id::{ApplicationNo, Digest, Timestamp};
use loket_core::sync::WireError;
use serde::Serialize;

use crate::http::{No, Server, bears, refuse};
use crate::ledger::Arrived;
use crate::problem::Code;
use crate::registers::billing::UNBILLED_HELD_MS;

/// Scans of one application when it is submitted, or sent again at once.
pub const SCANS_PER_APPLICATION_MAX: usize = 20;
/// Bytes of an application without its scans.
pub const APPLICATION_BYTES_MAX: usize = 256 * 1024;
/// A billing code can be paid for two hours after submission.
pub const PAYMENT_DUE_MS: i64 = 2 * 3600 * 1000;
/// How long a channel may take to report a payment, at least, from the moment an application came in.
pub const PAYMENT_REPORT_MS: i64 = 10 * 60 * 1000;
/// Characters of an application number; those of M-Paspor have sixteen.
pub const APPLICATION_NO_CHARS_MAX: usize = 32;
/// How long ago an application may have been sent, in milliseconds: M-Paspor may have been cut off for weeks, and nobody
/// gets the fee of an older decree.
pub const SUBMITTED_AGE_MS_MAX: i64 = 31 * 24 * 3600 * 1000;
/// Earlier passports of one person.
pub const EARLIER_PASSPORTS_MAX: usize = 20;
/// How far ahead the clock of a sender may be, in milliseconds.
pub const CLOCK_AHEAD_MS_MAX: i64 = 5 * 60 * 1000;

/// Shows the caller the key of the intake side?
pub(crate) fn admitted(server: &Server, parts: &Parts) -> Result<(), No> {
    if bears(&parts.headers, &server.intake_key) { Ok(()) } else { Err(Code::KeyUnknown.into()) }
}

fn unfit(field: impl Into<String>) -> No {
    refuse(Code::Unfit, field)
}

/// An application number in a path. What can't be one is of nothing that is here.
fn number(text: String) -> Result<ApplicationNo, No> {
    ApplicationNo::new(text).map_err(|_| Code::NotFound.into())
}

/// A text that fits a line of paper and hides nothing.
fn is_plain(text: &str) -> bool {
    let hidden = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(hidden)
}

fn digest_of<T: Serialize>(value: &T) -> Result<Digest, No> {
    let text = serde_json::to_vec(value).map_err(|_| No::Wire(WireError::Internal))?;
    Ok(Digest::of(&text))
}

/// Until when a place is held for somebody who has not paid, or whose bill has not come yet; 0 if the fee is due after
/// the photo only.
fn held_until(submission: &Submission, now: Timestamp, makes_bills: bool) -> Timestamp {
    if submission.kind.is_paid_after_photo() {
        return Timestamp(0);
    }
    if !makes_bills {
        return now.plus_ms(UNBILLED_HELD_MS);
    }
    submission.at.plus_ms(PAYMENT_DUE_MS).max(now.plus_ms(PAYMENT_REPORT_MS))
}

/// New things are created; a repeat finds them.
fn status(arrived: Arrived) -> StatusCode {
    match arrived {
        Arrived::New => StatusCode::CREATED,
        Arrived::Again => StatusCode::OK,
    }
}
