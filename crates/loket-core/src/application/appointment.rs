//! The place an applicant booked, and the groups that need none.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{AppointmentId, Timestamp};

/// A booked place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Appointment {
    pub id: AppointmentId,
    /// Service day in the office's zone.
    pub day: NaiveDate,
    /// Booked time.
    pub slot: Timestamp,
}

/// Groups that go first (Permenkumham 25/2023). Which ages belong to them is the office's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Lansia.
    Elderly,
    /// Penyandang disabilitas.
    Disabled,
    /// Ibu hamil.
    Pregnant,
    /// Balita.
    Toddler,
}
