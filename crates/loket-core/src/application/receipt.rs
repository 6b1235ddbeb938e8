//! Receipts of a case. A number exists once it was issued, whatever becomes of the case; two receipts of two desks are
//! both valid until one is voided. Printing is a fact of its own.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::act::{PrintHow, Stamp};
use crate::id::ReceiptNo;

/// A receipt that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssuedReceipt {
    pub number: ReceiptNo,
    pub stamp: Stamp,
    pub prints: Vec<PrintMade>,
}

/// One time it was printed or saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PrintMade {
    pub how: PrintHow,
    /// 0 the original, 1 the first SALINAN.
    pub copy: u32,
    pub stamp: Stamp,
}
