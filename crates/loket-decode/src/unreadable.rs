//! The reasons why a file can't be shown. Each is an answer to the officer, not an accident: the program lives and says
//! which of these it was. The codes are part of the UI's contract and never change their meaning.

use serde::{Deserialize, Serialize};

/// Why a file can't be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// More than [`crate::FILE_BYTES_MAX`].
    #[error("the file is larger than 20 MiB")]
    TooLarge,
    /// Neither JPEG nor PNG nor PDF by its first bytes, whatever its name.
    #[error("the file is neither JPEG nor PNG nor PDF")]
    NotAScan,
    /// A side beyond [`crate::SIDE_PX_MAX`] or an area beyond [`crate::AREA_PX_MAX`].
    #[error("the picture has too many pixels")]
    TooManyPixels,
    /// More than [`crate::PAGES_MAX`].
    #[error("the PDF has more than 50 pages")]
    TooManyPages,
    /// A PDF that asks for a password, or whose encryption we don't know.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// Of the right kind and whole, as far as we can tell, but it uses something that we can't draw faithfully
    /// (12-bit or arithmetic JPEG, a font in an unknown form). Showing the rest would hide what is missing.
    #[error("the file uses a feature that can't be drawn")]
    Unsupported,
    /// Cut off or contradicting itself. A picture of which only a part can be decoded is damaged too.
    #[error("the file is damaged or cut off")]
    Damaged,
    /// No such page in this file.
    #[error("the file has no such page")]
    PageAbsent,
    /// The child used up its time.
    #[error("decoding took too long")]
    TookTooLong,
    /// The child wanted more than [`crate::CHILD_MEMORY_BYTES_MAX`].
    #[error("decoding needed too much memory")]
    TooMuchMemory,
    /// The child died, answered nonsense, or couldn't be started.
    #[error("the decoder crashed")]
    Crashed,
}

impl Unreadable {
    /// All of them, in the order of the enum: for dictionaries that must have a sentence for each.
    pub const ALL: [Self; 12] = [
        Self::Empty,
        Self::TooLarge,
        Self::NotAScan,
        Self::TooManyPixels,
        Self::TooManyPages,
        Self::Encrypted,
        Self::Unsupported,
        Self::Damaged,
        Self::PageAbsent,
        Self::TookTooLong,
        Self::TooMuchMemory,
        Self::Crashed,
    ];

    /// The code the UI branches on; the same word serde writes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
            Self::NotAScan => "not_a_scan",
            Self::TooManyPixels => "too_many_pixels",
            Self::TooManyPages => "too_many_pages",
            Self::Encrypted => "encrypted",
            Self::Unsupported => "unsupported",
            Self::Damaged => "damaged",
            Self::PageAbsent => "page_absent",
            Self::TookTooLong => "took_too_long",
            Self::TooMuchMemory => "too_much_memory",
            Self::Crashed => "crashed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_what_serde_writes_and_reads() {
        for why in Unreadable::ALL {
            let written = serde_json::to_string(&why).expect("a unit variant is always writable");
            assert_eq!(written, format!("\"{}\"", why.code()));
            assert_eq!(serde_json::from_str::<Unreadable>(&written).ok(), Some(why));
        }
    }
}
