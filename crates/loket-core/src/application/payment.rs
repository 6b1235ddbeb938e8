//! The fee (PNBP), paid in advance. "Paid per server" has an NTPN and comes from the payment channel; "proof seen" is
//! what an officer saw in the applicant's hand. They are two facts and are never shown as one word.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::Timestamp;

/// A billing code with its deadline: two hours after submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Bill {
    /// Fifteen digits from SIMPONI.
    pub code: String,
    #[ts(type = "number")]
    pub amount_rp: u64,
    pub due: Timestamp,
}

/// A payment that the channel reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Payment {
    #[ts(type = "number")]
    pub amount_rp: u64,
    /// Nomor Transaksi Penerimaan Negara: 16 letters and digits.
    pub ntpn: String,
    /// Bank, post office, minimarket, marketplace.
    pub channel: String,
    pub at: Timestamp,
}

/// A proof that an officer saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SeenProof {
    /// What was shown.
    pub what: String,
    /// Its reference number, as far as legible.
    pub reference: String,
}

/// What is known about the fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PaymentState {
    Unknown,
    Unpaid,
    Expired {
        at: Timestamp,
    },
    ProofSeen {
        what: String,
        reference: String,
    },
    /// Money came, but less than the bill says: for the officer that is not paid.
    PaidInPart {
        #[ts(type = "number")]
        paid_rp: u64,
        #[ts(type = "number")]
        of_rp: u64,
    },
    Paid {
        payment: Payment,
    },
}
