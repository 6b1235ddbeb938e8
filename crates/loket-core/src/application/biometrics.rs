//! Status of the biometrics: whether face, fingers and signature were captured. The capture system keeps the data;
//! no image and no template ever reaches the workstation.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One of the twelve parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BiometricPart {
    Face,
    LeftLittle,
    LeftRing,
    LeftMiddle,
    LeftIndex,
    LeftThumb,
    RightThumb,
    RightIndex,
    RightMiddle,
    RightRing,
    RightLittle,
    Signature,
}

impl BiometricPart {
    /// In the order in which they are taken.
    pub const ALL: [BiometricPart; 12] = [
        BiometricPart::Face,
        BiometricPart::LeftLittle,
        BiometricPart::LeftRing,
        BiometricPart::LeftMiddle,
        BiometricPart::LeftIndex,
        BiometricPart::LeftThumb,
        BiometricPart::RightThumb,
        BiometricPart::RightIndex,
        BiometricPart::RightMiddle,
        BiometricPart::RightRing,
        BiometricPart::RightLittle,
        BiometricPart::Signature,
    ];

    /// One of the ten fingers?
    pub fn is_finger(self) -> bool {
        !matches!(self, BiometricPart::Face | BiometricPart::Signature)
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BiometricStatus {
    Captured,
    Retake,
    Exception,
    NotRequired,
}

/// Why a part can't be captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionReason {
    /// No such finger.
    Missing,
    /// Wound or bandage.
    Injured,
    /// Worn, can't be read.
    Worn,
    /// A medical condition.
    Medical,
    /// Can't sign.
    CannotSign,
}

/// Status of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BiometricMark {
    pub status: BiometricStatus,
    /// NFIQ 2, 0-100, if the capture system said so.
    pub quality: Option<u8>,
    /// Attempts so far.
    pub attempts: u8,
    /// Only with an exception, and always then.
    pub reason: Option<ExceptionReason>,
}

impl BiometricMark {
    /// The rules don't ask for this part.
    pub fn not_required() -> BiometricMark {
        BiometricMark { status: BiometricStatus::NotRequired, quality: None, attempts: 0, reason: None }
    }
}

/// The officer's own answer to "the same person?", asked before any score is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FaceJudgement {
    Match,
    /// A second officer looks.
    Doubt,
    NoMatch,
}
