//! Documents, their scans and what officers decided about them. A verdict belongs to a scan (by hash), never to
//! "the current one": a later upload is a further attempt with a verdict of its own.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{ScanHash, Timestamp};

/// A paper the applicant must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DocumentKind {
    /// KTP-el.
    Ktp,
    /// Kartu Keluarga.
    FamilyCard,
    /// Akta kelahiran.
    BirthCertificate,
    /// Paspor lama.
    OldPassport,
    /// Pasfoto.
    Photo,
    /// KTP of father and mother.
    ParentsKtp,
    /// Buku nikah / akta perkawinan of the parents.
    MarriageCertificate,
    /// Surat pernyataan.
    Statement,
    /// Anything else.
    Other,
}

/// A field of the form that is held against a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FormField {
    FullName,
    Nik,
    BirthPlace,
    BirthDate,
    MotherName,
    Address,
}

/// Coded reasons, in the order of the keys 1-9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Reason {
    /// Buram, tidak terbaca.
    Blurred,
    /// Terpotong.
    CutOff,
    /// Silau, pantulan.
    Glare,
    /// Bukan dokumen yang diminta.
    WrongDocument,
    /// Halaman kurang.
    PagesMissing,
    /// Kedaluwarsa.
    Expired,
    /// Data berbeda dengan formulir.
    DataDiffers,
    /// Bukan warna, bukan asli.
    NotOriginal,
    /// Lainnya; needs words.
    Other,
}

/// A decision about one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Accept,
    AskReupload { reason: Reason },
    Reject { reason: Reason },
}

impl Verdict {
    /// Two verdicts collide when they point in different directions; two reasons for the same "no" don't.
    pub fn direction(self) -> u8 {
        match self {
            Verdict::Accept => 0,
            Verdict::AskReupload { .. } => 1,
            Verdict::Reject { .. } => 2,
        }
    }

    /// The coded reason, if this verdict has one.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Verdict::Accept => None,
            Verdict::AskReupload { reason } | Verdict::Reject { reason } => Some(reason),
        }
    }
}

/// A verdict with what the officer saw and wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GivenVerdict {
    pub document: DocumentKind,
    pub scan: ScanHash,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub to_applicant: String,
    pub note: String,
}

/// A field that was held against a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldCheck {
    pub field: FormField,
    pub against: DocumentKind,
    pub agrees: bool,
}

/// A scan the applicant uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UploadedScan {
    pub document: DocumentKind,
    pub hash: ScanHash,
    pub file_name: String,
    pub media_type: String,
    #[ts(type = "number")]
    pub bytes: u64,
    pub at: Timestamp,
}

/// Where a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DocumentState {
    /// The rules ask for it, no scan is there.
    NotUploaded,
    Undecided,
    Accepted,
    ReuploadAsked {
        reason: Reason,
    },
    Rejected {
        reason: Reason,
    },
}

/// A document as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DocumentView {
    pub document: DocumentKind,
    pub state: DocumentState,
    pub scans: Vec<UploadedScan>,
}
