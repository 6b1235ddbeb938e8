//! The interview: what for, and what came of it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Purpose of travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Tourism,
    Umrah,
    Hajj,
    Work,
    Study,
    Medical,
    Family,
    Other,
}

/// A day until which a held case waits; none if open.
pub type HoldUntil = Option<NaiveDate>;

/// What came of the interview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum InterviewResult {
    Passed,
    /// Ditangguhkan: can go on when what is missing comes.
    Held {
        until: HoldUntil,
    },
    /// Proposed for refusal.
    Refused,
}

impl InterviewResult {
    /// Two results collide when they point in different directions.
    pub fn direction(self) -> u8 {
        match self {
            InterviewResult::Passed => 0,
            InterviewResult::Held { .. } => 1,
            InterviewResult::Refused => 2,
        }
    }
}

/// One interview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Interview {
    pub purpose: Purpose,
    pub destination: String,
    #[serde(flatten)]
    pub result: InterviewResult,
    /// What is missing, or why.
    pub note: String,
}
