//! The names of things at the counter, each in a type of its own, so that a ticket can't be passed where a visit is
//! meant. Parsing happens once, at the door; inside, an id is right by construction. Nothing here makes up an id:
//! chance and time come from outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ts_rs::TS;

use crate::damm;

/// An id that is a short text. The longest id we make has 24 characters; anything over this limit is not ours.
pub const ID_CHARS_MAX: usize = 64;

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadId {
    /// What was expected, in English, for logs.
    pub expected: &'static str,
}

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not {}", self.expected)
    }
}

impl std::error::Error for BadId {}

/// What a text of one form looks like to partners of the central server.
macro_rules! text_schema {
    ($name:ident, $pattern:literal) => {
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let text = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
                text.pattern(Some($pattern)).into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use text_schema;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(String);

        impl $name {
            /// Checks the text: 1 to [`ID_CHARS_MAX`] letters, digits, `-`, `.`, `_`, `/` or `:`.
            pub fn new(text: impl Into<String>) -> Result<Self, BadId> {
                let text = text.into();
                let fits = !text.is_empty()
                    && text.len() <= ID_CHARS_MAX
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/:".contains(&b));
                if fits { Ok(Self(text)) } else { Err(BadId { expected: $expected }) }
            }

            /// The text as it is written on paper and screen.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(d)?).map_err(de::Error::custom)
            }
        }

        text_schema!($name, "^[A-Za-z0-9._/:-]{1,64}$");
    };
}

text_id!(
    /// Code of an immigration office, such as `KNC`.
    OfficeCode, "an office code"
);
text_id!(
    /// User name of an officer, such as `sri.wulandari`.
    OfficerId, "an officer's user name"
);
text_id!(
    /// Number of an application (nomor permohonan): 16 digits from M-Paspor, or a temporary one made at a counter.
    ApplicationNo, "an application number"
);
text_id!(
    /// One coming to the office: `<day>-<ticket>`, such as `20261123-A-028`. A published one never goes to another person.
    VisitId, "a visit"
);
text_id!(
    /// What the applicant is called by: letter of the service and order of the slot, such as `A-028`.
    Ticket, "a ticket"
);
text_id!(
    /// A booked place: office, day and time. A reschedule makes a new one.
    AppointmentId, "an appointment"
);
text_id!(
    /// Made by the desk for an ask that may have to be read back, such as "call next".
    RequestId, "a request id"
);

/// Time in UTC milliseconds since 1970. The only form of time on the wire and in storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds from `earlier` to `self`; negative if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This time and `ms` milliseconds more.
    pub fn plus_ms(self, ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(ms))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .description(Some("UTC milliseconds since 1970."))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Timestamp {}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(type = "number")]
        pub struct $name(pub $int);
    };
}

number_id!(
    /// An enrolled workstation of an office, written `W012`.
    DeskId(u16)
);
number_id!(
    /// A counter (loket) of an office, as painted above it.
    CounterNo(u8)
);
number_id!(
    /// Version of the rules; every act names the one it was decided under.
    RulesVersion(u32)
);
number_id!(
    /// A life of a stream. It changes only when a restored server is declared the truth by two persons.
    Epoch(u32)
);

impl fmt::Display for DeskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W{:03}", self.0)
    }
}

impl fmt::Display for CounterNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// 32 bytes of SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// What stands before the first command of a desk and the first row of a stream.
    pub const ZERO: Digest = Digest([0; 32]);

    /// SHA-256 of the bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        use sha2::Digest as _;
        Digest(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", hex::encode(&self.0[..4]))
    }
}

impl FromStr for Digest {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let mut bytes = [0; 32];
        let lower = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if lower => Ok(Digest(bytes)),
            _ => Err(BadId { expected: "64 lower-case hexadecimal digits" }),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

text_schema!(Digest, "^[0-9a-f]{64}$");

/// A scan is named by the SHA-256 of its bytes.
pub type ScanHash = Digest;

/// Number of a receipt: `OFFICE/YY/Wnnn/NNNNNN-c`, one dense series per workstation, `c` a Damm check digit over the
/// digits of year, workstation and number. `YY` is the year in which the series was granted, never the PC's clock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub struct ReceiptNo {
    /// The office that granted the series.
    pub office: OfficeCode,
    /// Last two digits of the year of the grant.
    pub year: u8,
    /// The workstation that owns the series.
    pub desk: DeskId,
    /// 1, 2, 3, ... without holes.
    pub serial: u32,
}

/// A series is granted anew each year long before this many receipts were issued at one workstation.
pub const RECEIPTS_PER_SERIES_MAX: u32 = 999_999;

impl ReceiptNo {
    fn checked_digits(&self) -> String {
        format!("{:02}{:03}{:06}", self.year, self.desk.0, self.serial)
    }
}

impl fmt::Display for ReceiptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = damm::digit(&self.checked_digits());
        write!(f, "{}/{:02}/{}/{:06}-{check}", self.office, self.year, self.desk, self.serial)
    }
}

impl FromStr for ReceiptNo {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { expected: "a receipt number such as KNC/26/W001/000412-8" };
        let mut parts = text.split('/');
        let (Some(office), Some(year), Some(desk), Some(serial), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad());
        };
        let (serial, _check) = serial.split_once('-').ok_or_else(bad)?;
        let number = ReceiptNo {
            office: OfficeCode::new(office)?,
            year: year.parse().map_err(|_| bad())?,
            desk: DeskId(desk.strip_prefix('W').ok_or_else(bad)?.parse().map_err(|_| bad())?),
            serial: serial.parse().map_err(|_| bad())?,
        };
        // Written out again it must be the same text: that checks the digit and every width at once.
        if number.to_string() == text { Ok(number) } else { Err(bad()) }
    }
}

impl Serialize for ReceiptNo {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ReceiptNo {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_number_with_one_wrong_digit_is_not_a_receipt_number() {
        let number = ReceiptNo { office: OfficeCode::new("KNC").unwrap(), year: 26, desk: DeskId(7), serial: 412 };
        let text = number.to_string();
        assert_eq!(text.parse::<ReceiptNo>().unwrap(), number);
        for at in text.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(i, _)| i) {
            for digit in '0'..='9' {
                let mut wrong = text.clone();
                wrong.replace_range(at..=at, &digit.to_string());
                assert_eq!(wrong.parse::<ReceiptNo>().is_ok(), wrong == text, "{wrong}");
            }
        }
    }

    #[test]
    fn an_id_has_a_length_and_an_alphabet() {
        assert!(Ticket::new("A-028").is_ok());
        assert!(Ticket::new("").is_err());
        assert!(Ticket::new("<img onerror>").is_err());
        assert!(VisitId::new("v".repeat(ID_CHARS_MAX)).is_ok());
        assert!(VisitId::new("v".repeat(ID_CHARS_MAX + 1)).is_err());
    }
}
