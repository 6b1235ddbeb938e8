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

/// What a place is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PlaceKind {
    Regular,
    /// For those who belong to a [`Priority`] group.
    Priority,
    /// Percepatan: the passport is ready on the same day.
    SameDay,
}

impl PlaceKind {
    /// All of them.
    pub const ALL: [PlaceKind; 3] = [PlaceKind::Regular, PlaceKind::Priority, PlaceKind::SameDay];

    /// The kind that somebody gets who names none.
    pub fn fitting(same_day: bool, has_priority: bool) -> PlaceKind {
        match (same_day, has_priority) {
            (true, _) => PlaceKind::SameDay,
            (false, true) => PlaceKind::Priority,
            (false, false) => PlaceKind::Regular,
        }
    }

    /// May somebody take such a place? A priority group may take a regular one; whoever pays for the same day takes those.
    pub fn fits(self, same_day: bool, has_priority: bool) -> bool {
        match self {
            PlaceKind::SameDay => same_day,
            PlaceKind::Priority => has_priority && !same_day,
            PlaceKind::Regular => !same_day,
        }
    }

    /// As it is written on the wire and in databases.
    pub fn as_str(self) -> &'static str {
        match self {
            PlaceKind::Regular => "regular",
            PlaceKind::Priority => "priority",
            PlaceKind::SameDay => "same_day",
        }
    }
}

/// Groups that go first (Permenkumham 25/2023). Which ages belong to them is the office's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

/// Why somebody gets another place although the rules would not give them one. Free, at any time, as often as needed; the
/// grounds were published for M-Paspor in 2022.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SpecialGround {
    /// The server was offline when the applicant came.
    ServerOffline,
    OfficerError,
    /// The applicant's data did not appear in the issuance application.
    DataMissing,
    TechnicalTrouble,
    /// Keadaan kahar.
    ForceMajeure,
}
