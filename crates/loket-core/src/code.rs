//! The code on an appointment, as a QR on the applicant's telephone or paper. Capitals, digits and hyphens only, so that
//! a scanner with any keyboard layout and Caps Lock types it right; a check digit tells a misread code from an unknown one.
//! It names no person.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::damm;
use crate::id::{ApplicationNo, BadId, OfficeCode};

/// What a code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppointmentCode {
    /// Where the applicant is expected.
    pub office: OfficeCode,
    /// On which service day.
    pub day: NaiveDate,
    /// With which application.
    pub application: ApplicationNo,
}

const PREFIX: &str = "LKA1";

impl AppointmentCode {
    fn digits(&self) -> String {
        let all = format!("{}{}", self.day.format("%Y%m%d"), self.application);
        all.chars().filter(char::is_ascii_digit).collect()
    }
}

impl fmt::Display for AppointmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = damm::digit(&self.digits());
        write!(f, "{PREFIX}-{}-{}-{}-{check}", self.office, self.day.format("%Y%m%d"), self.application)
    }
}

impl FromStr for AppointmentCode {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { expected: "an appointment code" };
        let parts: Vec<&str> = text.trim().split('-').collect();
        let [PREFIX, office, day, application, _check] = parts[..] else { return Err(bad()) };
        let code = AppointmentCode {
            office: OfficeCode::new(office)?,
            day: NaiveDate::parse_from_str(day, "%Y%m%d").map_err(|_| bad())?,
            application: ApplicationNo::new(application)?,
        };
        if code.to_string() == text.trim() { Ok(code) } else { Err(bad()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misread_code_is_no_code() {
        let code = AppointmentCode {
            office: OfficeCode::new("KNC").unwrap(),
            day: NaiveDate::from_ymd_opt(2026, 11, 23).unwrap(),
            application: ApplicationNo::new("3174202611000012").unwrap(),
        };
        let text = code.to_string();
        assert_eq!(text.parse::<AppointmentCode>().unwrap(), code);
        assert!(text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'));
        let from = "LKA1-KNC-".len();
        for at in (from..text.len()).filter(|at| text.as_bytes()[*at].is_ascii_digit()) {
            for digit in '0'..='9' {
                let mut wrong = text.clone();
                wrong.replace_range(at..=at, &digit.to_string());
                assert_eq!(wrong.parse::<AppointmentCode>().is_ok(), wrong == text, "{wrong}");
            }
        }
    }
}
