//! What happens to a case after the counter: the booklet is made, and it is fetched or the post brings it. The centre
//! hears of each step from the systems that do it; nothing in here is decided at a counter.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::Timestamp;

/// How the applicant wants the passport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Delivery {
    /// Fetched at the office.
    PickUp,
    /// Brought by PT Pos.
    Post {
        recipient: String,
        /// Street, place and postal code.
        address: String,
        phone: String,
    },
}

/// A step in the making of a booklet, in the order in which they come. *Alokasi*, *cetak* and *uji kualitas* are the words
/// of the offices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ProductionStage {
    /// A blank booklet was assigned.
    BookletAllocated,
    Printed,
    QualityPassed,
    /// Did not pass; another booklet is assigned.
    QualityFailed,
    /// Lies at the office.
    Ready,
}

/// What production reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProductionReport {
    pub stage: ProductionStage,
    /// Number printed in the booklet; empty before one is assigned. Never a key: it may change with every booklet.
    pub booklet: String,
    /// Where it lies; empty before it is ready.
    pub shelf: String,
    pub at: Timestamp,
}

/// A passport that was given to the post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Consignment {
    /// The list it was handed over with.
    pub manifest: String,
    /// Number under which the post can be asked for it.
    pub tracking_no: String,
    pub at: Timestamp,
}

/// Where a consignment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PostStage {
    InTransit,
    Delivered,
    /// Nobody took it; it is on its way back to the office, or there.
    Returned,
}

/// What the post reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PostReport {
    pub stage: PostStage,
    pub at: Timestamp,
}
