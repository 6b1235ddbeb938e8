//! What a file is, by its first bytes alone. Names and declared types are the sender's claims and are never asked. This is
//! the one look the parent takes at a stranger's bytes, so it compares a few constants and parses nothing.

use serde::{Deserialize, Serialize};

use crate::{FILE_BYTES_MAX, Unreadable};

/// The kinds of files that count as scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A JPEG photo or scan.
    Jpeg,
    /// A PNG picture.
    Png,
    /// A PDF with up to [`crate::PAGES_MAX`] pages.
    Pdf,
}

impl Kind {
    /// The kind of a file by its first bytes, or why it's turned away at the door. Cheap: no child is started.
    ///
    /// A PDF must start with its mark. Readers that look for it further down are what makes a file PDF for one program and
    /// HTML for the next.
    pub fn sniff(bytes: &[u8]) -> Result<Self, Unreadable> {
        match bytes {
            [] => Err(Unreadable::Empty),
            _ if bytes.len() > FILE_BYTES_MAX => Err(Unreadable::TooLarge),
            [0xFF, 0xD8, 0xFF, ..] => Ok(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(Self::Png),
            [b'%', b'P', b'D', b'F', b'-', ..] => Ok(Self::Pdf),
            _ => Err(Unreadable::NotAScan),
        }
    }
}
