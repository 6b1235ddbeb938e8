//! The NIK (Nomor Induk Kependudukan), the 16-digit number of everybody in Indonesia's population register. It exists
//! so that a number read from a card or typed at the counter is a NIK in form before it goes anywhere, and so that an
//! officer sees when it doesn't fit the person: digits 1-6 are the place of first registration, 7-12 the birth date as
//! DDMMYY with 40 added to a woman's day, 13-16 a serial (domain.md section 4, from Dukcapil Klaten). It promises form
//! only. It never proves anything by itself: a NIK has no check digit, stays the same when birth data are corrected,
//! keeps codes of regions since renumbered, and doesn't say the century. So only what is no NIK at all is refused
//! here ([`NikFault`]); what doesn't agree is a warning ([`NikCheck`]), and the register itself is asked elsewhere.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ts_rs::TS;

use crate::regions;
pub use crate::regions::Region;

const LENGTH: usize = 16;

/// Added to the day of birth in a woman's NIK.
const WOMAN_DAY: u8 = 40;

/// Sixteen digits in the form of a NIK. It has no `Display` and its `Debug` is masked, so that no log line shows a
/// citizen's number by accident; whoever wants the digits says so with [`Nik::as_str`] or [`Nik::grouped`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub struct Nik([u8; LENGTH]);

/// Why a text is no NIK. Every one of these means: read or type it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NikFault {
    /// Not sixteen digits.
    Length,
    /// Something that is neither a digit nor a separator.
    NotDigits,
    /// Digits 7-12 are no date in any century, neither a man's nor a woman's.
    Date,
}

/// The sex that a document states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Sex {
    /// Laki-laki.
    Male,
    /// Perempuan.
    Female,
}

/// Does a NIK fit what else is known about the person? Each `false` is a warning for the officer, who looks at the card
/// and the family register; none of them is a reason to refuse, and all `true` is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NikCheck {
    /// The first four digits are a regency or city of today's table. Old cards keep old codes.
    pub region_known: bool,
    /// Digits 7-12 are this birth date. They stay as they were when the register corrects the date.
    pub birth_agrees: bool,
    /// The day of birth is written as for this sex.
    pub sex_agrees: bool,
}

/// Hold a NIK against the birth date and sex that the papers state.
pub fn check(nik: &Nik, birth: NaiveDate, sex: Sex) -> NikCheck {
    let (day, month, year2) = nik.birth_day_month_year2();
    NikCheck {
        region_known: nik.region() != Region::Unknown,
        birth_agrees: birth.day() == u32::from(day)
            && birth.month() == u32::from(month)
            && birth.year().rem_euclid(100) == i32::from(year2),
        sex_agrees: nik.sex() == sex,
    }
}

crate::id::text_schema!(Nik, "^[0-9]{16}$");

impl Nik {
    /// A NIK as typed or scanned. Blanks, dots, middle dots and hyphens between the digits are left out.
    pub fn parse(text: &str) -> Result<Nik, NikFault> {
        let mut digits = Vec::with_capacity(LENGTH);
        for sign in text.chars().filter(|sign| !sign.is_whitespace() && !matches!(sign, '.' | '·' | '-')) {
            if !sign.is_ascii_digit() {
                return Err(NikFault::NotDigits);
            }
            digits.push(sign as u8);
        }
        let nik = Nik(digits.try_into().map_err(|_| NikFault::Length)?);
        let (day, month, year2) = nik.birth_day_month_year2();
        if is_day_of_some_century(year2, month, day) { Ok(nik) } else { Err(NikFault::Date) }
    }

    /// The sixteen digits, nothing between them.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a NIK holds ASCII digits")
    }

    /// For reading and comparing by eye: `35·78·10·120390·0000`.
    pub fn grouped(&self) -> String {
        let digits = self.as_str();
        [&digits[..2], &digits[2..4], &digits[4..6], &digits[6..12], &digits[12..]].join("·")
    }

    /// The last four digits, enough to tell the members of a family apart.
    pub fn tail(&self) -> &str {
        &self.as_str()[12..]
    }

    /// For screens that others can see: `••••••••••••0000`.
    pub fn masked(&self) -> String {
        format!("{}{}", "•".repeat(12), self.tail())
    }

    /// Day, month and the last two digits of the year of birth; a woman's 40 is taken off the day.
    pub fn birth_day_month_year2(&self) -> (u8, u8, u8) {
        let day = self.two(6);
        (if day > WOMAN_DAY { day - WOMAN_DAY } else { day }, self.two(8), self.two(10))
    }

    /// The sex that the day of birth was written for.
    pub fn sex(&self) -> Sex {
        if self.two(6) > WOMAN_DAY { Sex::Female } else { Sex::Male }
    }

    /// Where the number was first registered, as far as today's table knows.
    pub fn region(&self) -> Region {
        regions::lookup(&self.as_str()[..6])
    }

    fn two(&self, at: usize) -> u8 {
        (self.0[at] - b'0') * 10 + (self.0[at + 1] - b'0')
    }
}

/// Is this a day in 19yy or in 20yy? The two differ only on 29 February 00, which 1900 didn't have.
pub(crate) fn is_day_of_some_century(year2: u8, month: u8, day: u8) -> bool {
    [1900, 2000]
        .iter()
        .any(|century| NaiveDate::from_ymd_opt(century + i32::from(year2), month.into(), day.into()).is_some())
}

impl fmt::Debug for Nik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nik({})", self.masked())
    }
}

impl Serialize for Nik {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Nik {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

impl FromStr for Nik {
    type Err = NikFault;

    fn from_str(text: &str) -> Result<Nik, NikFault> {
        Nik::parse(text)
    }
}

impl fmt::Display for NikFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NikFault::Length => "a NIK has sixteen digits",
            NikFault::NotDigits => "a NIK has digits only",
            NikFault::Date => "digits 7 to 12 of this NIK are no date",
        })
    }
}

impl std::error::Error for NikFault {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nik(text: &str) -> Nik {
        Nik::parse(text).unwrap()
    }

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn a_man_of_surabaya() {
        let nik = nik("3578101203900000");
        assert_eq!(nik.birth_day_month_year2(), (12, 3, 90));
        assert_eq!(nik.sex(), Sex::Male);
        assert_eq!(
            nik.region(),
            Region::Known { province: "Jawa Timur", regency: "Kota Surabaya", district: Some("Tambaksari") }
        );
        assert_eq!(nik.grouped(), "35·78·10·120390·0000");
        assert_eq!(nik.tail(), "0000");
        assert_eq!(nik.masked(), "••••••••••••0000");
    }

    #[test]
    fn a_woman_has_forty_added_to_her_day() {
        let nik = nik("3578105203900000");
        assert_eq!(nik.birth_day_month_year2(), (12, 3, 90));
        assert_eq!(nik.sex(), Sex::Female);
    }

    #[test]
    fn separators_are_left_out_and_nothing_else_is() {
        for text in ["35·78·10·120390·0000", "3578 1012 0390 0000", "35.78.10.120390.0000", " 357810-120390-0000\n"]
        {
            assert_eq!(nik(text), nik("3578101203900000"), "{text:?}");
        }
        for text in ["35781012O3900000", "357810120390000x", "+578101203900000", "٣٥٧٨١٠١٢٠٣٩٠٠٠٠٠", "x"]
        {
            assert_eq!(Nik::parse(text), Err(NikFault::NotDigits), "{text:?}");
        }
        for text in ["", "357810120390000", "35781012039000000"] {
            assert_eq!(Nik::parse(text), Err(NikFault::Length), "{text:?}");
        }
    }

    #[test]
    fn digits_that_are_no_date_are_refused() {
        for birth in
            ["000390", "320390", "400390", "720390", "990390", "120090", "121390", "300290", "310490", "710490"]
        {
            assert_eq!(Nik::parse(&format!("357810{birth}0000")), Err(NikFault::Date), "{birth}");
        }
        for birth in ["010190", "310190", "410190", "710190"] {
            assert!(Nik::parse(&format!("357810{birth}0000")).is_ok(), "{birth}");
        }
    }

    #[test]
    fn the_29th_of_february_needs_one_century_that_has_it() {
        for (birth, accepted) in
            [("290204", true), ("290200", true), ("290201", false), ("290290", false), ("690200", true)]
        {
            assert_eq!(Nik::parse(&format!("357810{birth}0000")).is_ok(), accepted, "{birth}");
        }
    }

    #[test]
    fn an_unknown_prefix_is_a_warning_not_a_refusal() {
        let nik = nik("9999991203900000");
        assert_eq!(nik.region(), Region::Unknown);
        assert_eq!(
            check(&nik, day(1990, 3, 12), Sex::Male),
            NikCheck { region_known: false, birth_agrees: true, sex_agrees: true }
        );
    }

    #[test]
    fn each_disagreement_is_told_by_itself() {
        let nik = nik("3578105203900000");
        let told = |birth, sex| {
            let NikCheck { birth_agrees, sex_agrees, .. } = check(&nik, birth, sex);
            (birth_agrees, sex_agrees)
        };
        assert_eq!(told(day(1990, 3, 12), Sex::Female), (true, true));
        assert_eq!(told(day(1990, 3, 12), Sex::Male), (true, false));
        assert_eq!(told(day(1990, 3, 13), Sex::Female), (false, true));
        assert_eq!(told(day(1990, 4, 12), Sex::Female), (false, true));
        assert_eq!(told(day(1991, 3, 12), Sex::Male), (false, false));
        assert_eq!(told(day(1890, 3, 12), Sex::Female), (true, true), "the number does not say the century");
    }

    #[test]
    fn a_log_line_does_not_show_the_number() {
        assert_eq!(format!("{:?}", nik("3578101203900000")), "Nik(••••••••••••0000)");
    }

    #[test]
    fn on_the_wire_it_is_a_string_and_is_looked_at_on_arrival() {
        assert_eq!(serde_json::to_string(&nik("3578101203900000")).unwrap(), "\"3578101203900000\"");
        assert_eq!(serde_json::from_str::<Nik>("\"3578101203900000\"").unwrap(), nik("3578101203900000"));
        assert!(serde_json::from_str::<Nik>("\"3578109903900000\"").is_err());
        assert!(serde_json::from_str::<Nik>("3578101203900000").is_err());
        assert_eq!(serde_json::to_string(&Sex::Female).unwrap(), "\"female\"");
    }

    #[test]
    fn the_ui_is_told_a_string() {
        let config = ts_rs::Config::default();
        assert_eq!(Nik::inline(&config), "string");
        assert_eq!(Sex::inline(&config), "\"male\" | \"female\"");
    }

    fn any_birth() -> impl Strategy<Value = NaiveDate> {
        (0..40_000_i32).prop_map(|days| day(1920, 1, 1) + chrono::Duration::days(days.into()))
    }

    proptest! {
        #[test]
        fn a_number_made_for_a_person_agrees_with_the_person(prefix in "[0-9]{6}", birth in any_birth(), woman: bool) {
            let shift = if woman { 40 } else { 0 };
            let made = format!("{prefix}{:02}{:02}{:02}0000", birth.day() + shift, birth.month(), birth.year() % 100);
            let nik = Nik::parse(&made).unwrap();
            let sex = if woman { Sex::Female } else { Sex::Male };
            let told = check(&nik, birth, sex);
            prop_assert!(told.birth_agrees && told.sex_agrees);
            prop_assert_eq!(nik.as_str(), &made);
            prop_assert_eq!(Nik::parse(&nik.grouped()), Ok(nik));
            prop_assert_eq!(serde_json::from_str::<Nik>(&serde_json::to_string(&nik).unwrap()).unwrap(), nik);
        }

        #[test]
        fn no_text_breaks_it_and_what_is_accepted_stays_itself(text in "[0-9 .x·-]{0,24}") {
            if let Ok(nik) = Nik::parse(&text) {
                prop_assert_eq!(Nik::parse(nik.as_str()), Ok(nik));
                prop_assert_eq!(nik.masked().chars().count(), 16);
            }
        }
    }
}
