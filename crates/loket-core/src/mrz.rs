//! The machine readable zone of a passport: two lines of 44 characters, "TD3" in ICAO Doc 9303 parts 3 and 4. It exists
//! so that the old passport of an applicant is read by one scan instead of forty key strokes. It promises that a zone
//! is taken only when all five check digits fit, and that what is written here has the right ones. It never repairs a
//! misread zone, and it never proves a name: line 1 (document, issuer, names) has no check digit at all, nor have
//! nationality and sex on line 2, so an officer compares these with the page. Check digits fit a forged zone as well.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::nik::{Sex, is_day_of_some_century};

const LINE: usize = 44;
const ZONE: usize = 2 * LINE;
const NAMES: usize = 39;
const FILLER: char = '<';

/// When there are given names, the surname leaves them at least room for this much of the first one. Long surnames with
/// a long first given name share the field about half and half.
const FIRST_GIVEN_NAME_KEPT_MAX: usize = 18;

/// Where the parts of a zone lie, counted from 0 over both lines.
mod at {
    use std::ops::Range;

    pub const DOCUMENT_CODE: Range<usize> = 0..2;
    pub const ISSUER: Range<usize> = 2..5;
    pub const NAMES: Range<usize> = 5..44;
    pub const NUMBER: Range<usize> = 44..53;
    pub const NUMBER_DIGIT: usize = 53;
    pub const NATIONALITY: Range<usize> = 54..57;
    pub const BIRTH: Range<usize> = 57..63;
    pub const BIRTH_DIGIT: usize = 63;
    pub const SEX: usize = 64;
    pub const EXPIRY: Range<usize> = 65..71;
    pub const EXPIRY_DIGIT: usize = 71;
    pub const OPTIONAL: Range<usize> = 72..86;
    pub const OPTIONAL_DIGIT: usize = 86;
    pub const WHOLE_DIGIT: usize = 87;
}

/// What a passport's zone says, fillers taken off. `Debug` leaves out the person, for the sake of the logs.
///
/// Writing and reading again gives the same value if it is in the zone's own form: capital letters A-Z with single
/// blanks in names, letters and digits elsewhere, a number of one to nine characters, names short enough to fit.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, TS)]
pub struct Td3 {
    /// "P", or with the issuer's second letter, such as "PD".
    pub document_code: String,
    /// Three letters (one for Germany), such as "IDN".
    pub issuer: String,
    /// The primary identifier, or the whole name of somebody who has only one.
    pub surname: String,
    /// The secondary identifier; empty for somebody with one name.
    pub given_names: String,
    /// The passport's number.
    pub number: String,
    /// Three letters (one for Germany), such as "IDN".
    pub nationality: String,
    /// Birth date, as far as known.
    pub birth: MrzDate,
    /// `None` when the issuer doesn't say.
    pub sex: Option<Sex>,
    /// Last day of validity.
    pub expiry: MrzDate,
    /// Up to 14 characters that are the issuer's business; empty when unused.
    pub optional: String,
}

/// A date of a zone. It doesn't say the century.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MrzDate {
    /// A day that exists in 19yy or 20yy.
    Day {
        /// Last two digits of the year.
        yy: u8,
        /// Month, from 1.
        mm: u8,
        /// Day, from 1.
        dd: u8,
    },
    /// Not wholly known: year, month or day are fillers in the zone.
    Partial {
        /// Last two digits of the year.
        yy: Option<u8>,
        /// Month, from 1.
        mm: Option<u8>,
        /// Day, from 1.
        dd: Option<u8>,
    },
}

/// A part of the zone that has a check digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MrzField {
    /// Passport number.
    Number,
    /// Birth date.
    Birth,
    /// Last day of validity.
    Expiry,
    /// The issuer's optional data.
    Optional,
    /// All of the above with their digits.
    Whole,
}

/// Why a text is no passport zone. The officer scans again or types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MrzFault {
    /// Not 88 characters without the blanks.
    Length,
    /// A character that can't stand there.
    Character {
        /// Counted from 0 over both lines, blanks and line ends left out: 44 is the first of line 2.
        at: u8,
    },
    /// A check digit doesn't fit; the first one that doesn't.
    CheckDigit {
        /// What it covers.
        field: MrzField,
    },
    /// The check digits fit, but the birth or expiry date is no date.
    Date,
}

/// Which check digits fit. [`Td3::parse`] takes a zone only if all do; this tells which part to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MrzChecks {
    /// Passport number.
    pub number: bool,
    /// Birth date.
    pub birth: bool,
    /// Last day of validity.
    pub expiry: bool,
    /// The issuer's optional data; if empty, both `<` and `0` fit.
    pub optional: bool,
    /// All of the above with their digits.
    pub whole: bool,
}

/// The check digit of a field: weights 7, 3, 1 repeated, A-Z count 10-35, modulo 10. The filler counts 0, and so does
/// any character that no zone has.
pub fn check_digit(field: &str) -> u8 {
    let sum: u32 = field.chars().zip([7, 3, 1].into_iter().cycle()).map(|(sign, weight)| value(sign) * weight).sum();
    u8::try_from(sum % 10).expect("a remainder of 10 is one digit")
}

fn value(sign: char) -> u32 {
    if sign.is_ascii_digit() || sign.is_ascii_uppercase() { sign.to_digit(36).unwrap_or(0) } else { 0 }
}

/// Hold every check digit of a zone against what it covers. Fails on length and alphabet only.
pub fn checks(text: &str) -> Result<MrzChecks, MrzFault> {
    zone(text).map(|zone| checks_of(&zone))
}

impl Td3 {
    /// Read a zone: two lines, or 88 characters in a row. Blanks and line ends may stand anywhere, small letters count
    /// as capitals. The check digits are looked at first, because a wrong one is the better hint that the scan is bad.
    pub fn parse(text: &str) -> Result<Td3, MrzFault> {
        let zone = zone(text)?;
        if let Some(field) = checks_of(&zone).first_bad() {
            return Err(MrzFault::CheckDigit { field });
        }
        demand(&zone, 0..1, |sign| sign == 'P')?;
        demand(&zone, at::DOCUMENT_CODE.start + 1..at::ISSUER.start, is_letter_or_filler)?;
        demand(&zone, at::ISSUER, is_letter_or_filler)?;
        demand(&zone, at::NAMES, is_letter_or_filler)?;
        demand(&zone, at::NAMES.start..at::NAMES.start + 1, |sign| sign != FILLER)?;
        demand(&zone, at::NUMBER.start..at::NUMBER.start + 1, |sign| sign != FILLER)?;
        demand(&zone, at::NATIONALITY, is_letter_or_filler)?;
        demand(&zone, at::BIRTH, is_digit_or_filler)?;
        // Filler by rule; X is what some issuers print, as on the page above the zone.
        demand(&zone, at::SEX..at::SEX + 1, |sign| matches!(sign, 'M' | 'F' | 'X' | FILLER))?;
        demand(&zone, at::EXPIRY, is_digit_or_filler)?;

        let (surname, given_names) = names(&zone[at::NAMES]);
        Ok(Td3 {
            document_code: unfilled(&zone[at::DOCUMENT_CODE]),
            issuer: unfilled(&zone[at::ISSUER]),
            surname,
            given_names,
            number: unfilled(&zone[at::NUMBER]),
            nationality: unfilled(&zone[at::NATIONALITY]),
            birth: MrzDate::read(&zone[at::BIRTH])?,
            sex: match sign_at(&zone, at::SEX) {
                'M' => Some(Sex::Male),
                'F' => Some(Sex::Female),
                _ => None,
            },
            expiry: MrzDate::read(&zone[at::EXPIRY])?,
            optional: unfilled(&zone[at::OPTIONAL]),
        })
    }

    /// Write the zone. Names become A-Z as Doc 9303 part 3 section 6 says, and are shortened by part 4 section 4.2.3
    /// when the field is too small. Elsewhere small letters become capitals, anything but letters and digits a filler,
    /// and what is too long is cut: a number over nine characters has no place in this form.
    pub fn lines(&self) -> [String; 2] {
        let line1 = format!(
            "{}{}{}",
            filled(&self.document_code, 2),
            filled(&self.issuer, 3),
            name_field(&self.surname, &self.given_names)
        );
        let number = with_digit(filled(&self.number, 9));
        let birth = with_digit(self.birth.written());
        let expiry = with_digit(self.expiry.written());
        let optional = with_digit(filled(&self.optional, 14));
        let sex = match self.sex {
            Some(Sex::Male) => 'M',
            Some(Sex::Female) => 'F',
            None => FILLER,
        };
        let whole = check_digit(&format!("{number}{birth}{expiry}{optional}"));
        let line2 = format!("{number}{}{birth}{sex}{expiry}{optional}{whole}", filled(&self.nationality, 3));
        assert!(line1.len() == LINE && line2.len() == LINE, "a passport zone is two lines of 44");
        [line1, line2]
    }
}

impl fmt::Debug for Td3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Td3")
            .field("document_code", &self.document_code)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl MrzDate {
    /// The date as a zone holds it.
    pub fn of(date: NaiveDate) -> MrzDate {
        let small = |number: u32| u8::try_from(number).expect("months and days are below 32");
        let yy = u8::try_from(date.year().rem_euclid(100)).expect("a remainder of 100 fits a byte");
        MrzDate::Day { yy, mm: small(date.month()), dd: small(date.day()) }
    }

    /// Could the zone mean this date? Unknown parts agree with everything, and the century is never known.
    pub fn agrees(&self, date: NaiveDate) -> bool {
        let [yy, mm, dd] = self.parts();
        let [date_yy, date_mm, date_dd] = MrzDate::of(date).parts();
        [(yy, date_yy), (mm, date_mm), (dd, date_dd)].iter().all(|(mine, theirs)| mine.is_none() || mine == theirs)
    }

    fn parts(&self) -> [Option<u8>; 3] {
        match *self {
            MrzDate::Day { yy, mm, dd } => [Some(yy), Some(mm), Some(dd)],
            MrzDate::Partial { yy, mm, dd } => [yy, mm, dd],
        }
    }

    fn written(&self) -> String {
        self.parts().iter().map(|part| part.map_or("<<".to_owned(), |number| format!("{:02}", number % 100))).collect()
    }

    /// Six digits or fillers; a year, month or day is known whole or not at all.
    fn read(field: &str) -> Result<MrzDate, MrzFault> {
        let part = |two: &str| match two {
            "<<" => Ok(None),
            _ => two.parse::<u8>().map(Some).map_err(|_| MrzFault::Date),
        };
        match (part(&field[..2])?, part(&field[2..4])?, part(&field[4..])?) {
            (Some(yy), Some(mm), Some(dd)) if is_day_of_some_century(yy, mm, dd) => Ok(MrzDate::Day { yy, mm, dd }),
            (Some(_), Some(_), Some(_)) => Err(MrzFault::Date),
            // What is known must be possible with some value for what isn't; 2000 is a leap year.
            (yy, mm, dd) if is_day_of_some_century(yy.unwrap_or(0), mm.unwrap_or(1), dd.unwrap_or(1)) => {
                Ok(MrzDate::Partial { yy, mm, dd })
            }
            (_, _, _) => Err(MrzFault::Date),
        }
    }
}

impl MrzChecks {
    /// The first part whose digit doesn't fit, in the order of the zone.
    pub fn first_bad(&self) -> Option<MrzField> {
        [
            (self.number, MrzField::Number),
            (self.birth, MrzField::Birth),
            (self.expiry, MrzField::Expiry),
            (self.optional, MrzField::Optional),
            (self.whole, MrzField::Whole),
        ]
        .into_iter()
        .find_map(|(fits, field)| (!fits).then_some(field))
    }
}

impl fmt::Display for MrzFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MrzFault::Length => write!(f, "a passport zone has 88 characters"),
            MrzFault::Character { at } => write!(f, "character {at} of the zone can't stand there"),
            MrzFault::CheckDigit { field } => write!(f, "the check digit of {field:?} doesn't fit"),
            MrzFault::Date => write!(f, "birth or expiry date is no date"),
        }
    }
}

impl std::error::Error for MrzFault {}

/// 88 characters of A-Z, 0-9 and filler, so that every later cut is at a character.
fn zone(text: &str) -> Result<String, MrzFault> {
    let zone: String =
        text.chars().filter(|sign| !sign.is_whitespace()).map(|sign| sign.to_ascii_uppercase()).collect();
    if zone.chars().count() != ZONE {
        return Err(MrzFault::Length);
    }
    match zone.chars().position(|sign| !(sign.is_ascii_digit() || is_letter_or_filler(sign))) {
        Some(place) => Err(character(place)),
        None => Ok(zone),
    }
}

fn checks_of(zone: &str) -> MrzChecks {
    let fits = |field: &str, digit: usize| {
        sign_at(zone, digit).to_digit(10).is_some_and(|digit| digit == u32::from(check_digit(field)))
    };
    let optional = &zone[at::OPTIONAL];
    let unused = optional.chars().all(|sign| sign == FILLER) && sign_at(zone, at::OPTIONAL_DIGIT) == FILLER;
    let whole = [
        &zone[at::NUMBER.start..=at::NUMBER_DIGIT],
        &zone[at::BIRTH.start..=at::BIRTH_DIGIT],
        &zone[at::EXPIRY.start..=at::OPTIONAL_DIGIT],
    ]
    .concat();
    MrzChecks {
        number: fits(&zone[at::NUMBER], at::NUMBER_DIGIT),
        birth: fits(&zone[at::BIRTH], at::BIRTH_DIGIT),
        expiry: fits(&zone[at::EXPIRY], at::EXPIRY_DIGIT),
        optional: unused || fits(optional, at::OPTIONAL_DIGIT),
        whole: fits(&whole, at::WHOLE_DIGIT),
    }
}

fn demand(zone: &str, range: std::ops::Range<usize>, allowed: fn(char) -> bool) -> Result<(), MrzFault> {
    match zone[range.clone()].chars().position(|sign| !allowed(sign)) {
        Some(place) => Err(character(range.start + place)),
        None => Ok(()),
    }
}

fn character(at: usize) -> MrzFault {
    MrzFault::Character { at: u8::try_from(at).expect("a zone has 88 characters") }
}

fn sign_at(zone: &str, at: usize) -> char {
    char::from(zone.as_bytes()[at])
}

fn is_letter_or_filler(sign: char) -> bool {
    sign.is_ascii_uppercase() || sign == FILLER
}

fn is_digit_or_filler(sign: char) -> bool {
    sign.is_ascii_digit() || sign == FILLER
}

fn unfilled(field: &str) -> String {
    field.trim_end_matches(FILLER).to_owned()
}

fn filled(text: &str, width: usize) -> String {
    text.chars()
        .map(|sign| if sign.is_ascii_alphanumeric() { sign.to_ascii_uppercase() } else { FILLER })
        .chain(std::iter::repeat(FILLER))
        .take(width)
        .collect()
}

/// An empty optional field gets `0`; both `0` and filler are allowed there.
fn with_digit(field: String) -> String {
    let digit = check_digit(&field);
    field + &digit.to_string()
}

/// Surname and given names. Without the double filler all of it is the primary identifier: somebody with one name.
fn names(field: &str) -> (String, String) {
    let field = field.trim_end_matches(FILLER);
    let (surname, given) = field.split_once("<<").unwrap_or((field, ""));
    let spaced = |names: &str| names.split(FILLER).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
    (spaced(surname), spaced(given))
}

fn name_field(surname: &str, given_names: &str) -> String {
    let (mut primary, mut secondary) = (written_names(surname), written_names(given_names));
    if primary.is_empty() {
        primary = std::mem::take(&mut secondary);
    }
    if joined(&primary, &secondary).len() > NAMES {
        shorten(&mut primary, &mut secondary);
    }
    filled(&joined(&primary, &secondary), NAMES)
}

fn joined(primary: &[String], secondary: &[String]) -> String {
    let gap = if secondary.is_empty() { "" } else { "<<" };
    [&primary.join("<"), gap, &secondary.join("<")].concat()
}

/// Doc 9303 part 4, 4.2.3: the surname makes room for `<<` and the beginning of the first given name, and a shortened
/// name ends with a letter in the last place, the only sign that something is missing. Which letters go is the
/// issuer's choice; this is the one of ICAO's own example (its `BENNELONG WOOLOOMOOLOO ...`).
fn shorten(primary: &mut Vec<String>, secondary: &mut [String]) {
    if let Some(first_given) = secondary.first()
        && joined(primary, &[]).len() + "<<X".len() > NAMES
    {
        level(primary, NAMES - "<<".len() - first_given.len().min(FIRST_GIVEN_NAME_KEPT_MAX));
    }
    // The cut must not fall behind a filler. If it does, the longest name before it gives up one letter.
    if joined(primary, secondary).as_bytes().get(NAMES - 1) == Some(&b'<') {
        let whole_names = joined(primary, secondary)[..NAMES].split(FILLER).filter(|name| !name.is_empty()).count();
        let before_cut = primary.iter_mut().chain(secondary.iter_mut()).take(whole_names).filter(|name| name.len() > 1);
        if let Some(name) = before_cut.max_by_key(|name| name.len()) {
            name.pop();
        }
    }
}

/// Bring names, one filler between each, down to `room`: the first stays whole as long as the others have letters to
/// give, and of these always the longest gives, the last one among equals.
fn level(names: &mut Vec<String>, room: usize) {
    names.truncate(room.div_ceil(2));
    while joined(names, &[]).len() > room {
        let (first, others) = names.split_first_mut().expect("there is a surname");
        match others.iter_mut().filter(|name| name.len() > 1).max_by_key(|name| name.len()) {
            Some(longest) => longest.pop(),
            None => first.pop(),
        };
    }
}

/// The names of one identifier in A-Z. Blank, hyphen and comma part names; apostrophes, dots, digits and letters that
/// Doc 9303 part 3 section 6 A doesn't list are left out (a passport shows such a name in Latin letters too). What
/// could never fit in the field is left out here already.
fn written_names(text: &str) -> Vec<String> {
    text.split(|sign: char| sign.is_whitespace() || matches!(sign, '-' | ',' | FILLER))
        .map(|name| {
            name.chars().flat_map(char::to_uppercase).flat_map(|sign| latin(sign).chars()).take(NAMES).collect()
        })
        .filter(|name: &String| !name.is_empty())
        .take(NAMES)
        .collect()
}

/// Doc 9303 part 3 section 6 A, with the first of its choices for Ä, Å, Ñ, Ö, Ü.
fn latin(capital: char) -> &'static str {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    match capital {
        'A'..='Z' => {
            let at = capital as usize - 'A' as usize;
            &ALPHABET[at..=at]
        }
        'À' | 'Á' | 'Â' | 'Ã' | 'Ā' | 'Ă' | 'Ą' => "A",
        'Å' => "AA",
        'Ä' | 'Æ' => "AE",
        'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'Ð' | 'Ď' | 'Đ' => "D",
        'È' | 'É' | 'Ê' | 'Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'Ĥ' | 'Ħ' => "H",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => "I",
        'Ĳ' => "IJ",
        'Ĵ' => "J",
        'Ķ' => "K",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ŀ' | 'Ł' => "L",
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' | 'Ŋ' => "N",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ō' | 'Ŏ' | 'Ő' => "O",
        'Ö' | 'Ø' | 'Œ' => "OE",
        'Ŕ' | 'Ŗ' | 'Ř' => "R",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' => "S",
        'ẞ' => "SS",
        'Ţ' | 'Ť' | 'Ŧ' => "T",
        'Þ' => "TH",
        'Ù' | 'Ú' | 'Û' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => "U",
        'Ü' => "UE",
        'Ŵ' => "W",
        'Ý' | 'Ŷ' | 'Ÿ' => "Y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mrz as oracle;
    use proptest::prelude::*;

    /// The specimen printed in Doc 9303 part 4.
    const SPECIMEN: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";

    fn sari() -> Td3 {
        Td3 {
            document_code: "P".into(),
            issuer: "IDN".into(),
            surname: "WULANDARI".into(),
            given_names: "SARI DEWI".into(),
            number: "X1234567".into(),
            nationality: "IDN".into(),
            birth: MrzDate::Day { yy: 90, mm: 3, dd: 12 },
            sex: Some(Sex::Female),
            expiry: MrzDate::Day { yy: 31, mm: 5, dd: 1 },
            optional: String::new(),
        }
    }

    fn names_of(surname: &str, given_names: &str) -> String {
        let field = name_field(surname, given_names);
        assert_eq!(field.len(), NAMES);
        unfilled(&field)
    }

    /// Change characters of line 2 of Sari's zone, then set the check digit of the whole right again.
    fn resealed(change: impl Fn(&mut String)) -> String {
        let mut zone = sari().lines().concat();
        change(&mut zone);
        let covered = format!("{}{}{}", &zone[44..54], &zone[57..64], &zone[65..87]);
        zone.replace_range(87.., &check_digit(&covered).to_string());
        zone
    }

    #[test]
    fn the_specimen_of_doc_9303_is_read_and_written() {
        let specimen = Td3::parse(SPECIMEN).unwrap();
        assert_eq!(
            specimen,
            Td3 {
                document_code: "P".into(),
                issuer: "UTO".into(),
                surname: "ERIKSSON".into(),
                given_names: "ANNA MARIA".into(),
                number: "L898902C3".into(),
                nationality: "UTO".into(),
                birth: MrzDate::Day { yy: 74, mm: 8, dd: 12 },
                sex: Some(Sex::Female),
                expiry: MrzDate::Day { yy: 12, mm: 4, dd: 15 },
                optional: "ZE184226B".into(),
            },
            "{:?}",
            specimen.lines()
        );
        assert_eq!(specimen.lines().join("\n"), SPECIMEN);
        assert_eq!(check_digit("L898902C3"), 6);
        assert_eq!(check_digit("520727"), 3);
    }

    #[test]
    fn blanks_line_ends_and_small_letters_do_not_matter() {
        let expected = Td3::parse(SPECIMEN).unwrap();
        for text in [
            SPECIMEN.replace('\n', ""),
            SPECIMEN.replace('\n', "\r\n"),
            format!("  {}\t\n", SPECIMEN.replace('<', "< ")),
            SPECIMEN.to_lowercase(),
        ] {
            assert!(Td3::parse(&text) == Ok(expected.clone()), "{text:?}");
        }
    }

    #[test]
    fn an_empty_optional_field_has_filler_or_zero_as_its_digit() {
        for digit in ["0", "<"] {
            let zone = resealed(|zone| zone.replace_range(86..87, digit));
            assert!(Td3::parse(&zone) == Ok(sari()), "{zone}");
        }
        let zone = resealed(|zone| zone.replace_range(86..87, "1"));
        assert_eq!(Td3::parse(&zone), Err(MrzFault::CheckDigit { field: MrzField::Optional }));
        // 7 * 10 (A) is divisible by ten, but a field in use has a digit.
        let zone = resealed(|zone| zone.replace_range(72..87, "A<<<<<<<<<<<<<<"));
        assert_eq!(Td3::parse(&zone), Err(MrzFault::CheckDigit { field: MrzField::Optional }));
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(Td3::parse(""), Err(MrzFault::Length));
        assert_eq!(Td3::parse(&SPECIMEN[1..]), Err(MrzFault::Length));
        assert_eq!(Td3::parse(&SPECIMEN.replacen('E', "É", 1)), Err(MrzFault::Character { at: 5 }));
        assert_eq!(Td3::parse(&SPECIMEN.replacen("P<", "V<", 1)), Err(MrzFault::Character { at: 0 }));
        assert_eq!(Td3::parse(&SPECIMEN.replacen("ANNA", "4NNA", 1)), Err(MrzFault::Character { at: 15 }));
        assert_eq!(Td3::parse(&SPECIMEN.replacen("UTOE", "UTO<", 1)), Err(MrzFault::Character { at: 5 }));
        let wrong = |from: &str, to: &str| Td3::parse(&SPECIMEN.replacen(from, to, 1));
        assert_eq!(wrong("L898", "L899"), Err(MrzFault::CheckDigit { field: MrzField::Number }));
        assert_eq!(wrong("O740", "O741"), Err(MrzFault::CheckDigit { field: MrzField::Birth }));
        assert_eq!(wrong("F120", "F121"), Err(MrzFault::CheckDigit { field: MrzField::Expiry }));
        assert_eq!(wrong("ZE18", "ZE19"), Err(MrzFault::CheckDigit { field: MrzField::Optional }));
        assert_eq!(wrong("<10", "<11"), Err(MrzFault::CheckDigit { field: MrzField::Whole }));
        assert_eq!(wrong("2F1", "2R1"), Err(MrzFault::Character { at: 64 }));
    }

    #[test]
    fn good_digits_do_not_make_a_date() {
        for birth in ["901312", "900230", "900000", "90<<1<", "<<1301", "900<<<"] {
            let zone = resealed(|zone| zone.replace_range(57..64, &with_digit(birth.to_owned())));
            assert_eq!(Td3::parse(&zone), Err(MrzFault::Date), "{birth}");
        }
    }

    #[test]
    fn a_partly_unknown_birth_date_is_kept() {
        let zone = resealed(|zone| zone.replace_range(57..64, &with_digit("90<<<<".to_owned())));
        let birth = Td3::parse(&zone).unwrap().birth;
        assert_eq!(birth, MrzDate::Partial { yy: Some(90), mm: None, dd: None });
        assert!(birth.agrees(NaiveDate::from_ymd_opt(1990, 7, 1).unwrap()));
        assert!(!birth.agrees(NaiveDate::from_ymd_opt(1991, 7, 1).unwrap()));
    }

    #[test]
    fn the_checks_tell_every_part_that_does_not_fit() {
        let bad = SPECIMEN.replacen("L898", "L899", 1).replacen("F120", "F220", 1);
        assert_eq!(
            checks(&bad).unwrap(),
            MrzChecks { number: false, birth: true, expiry: false, optional: true, whole: false }
        );
    }

    #[test]
    fn a_wrong_name_is_not_noticed() {
        let other = Td3::parse(&SPECIMEN.replacen("ANNA", "ANKA", 1)).unwrap();
        assert_eq!(other.given_names, "ANKA MARIA");
    }

    #[test]
    fn a_log_line_does_not_show_the_person() {
        assert_eq!(format!("{:?}", sari()), r#"Td3 { document_code: "P", issuer: "IDN", .. }"#);
    }

    #[test]
    fn names_become_letters() {
        assert_eq!(names_of("O'Connor", "Siân-Mary, D."), "OCONNOR<<SIAN<MARY<D");
        assert_eq!(names_of("Müller", "Ğöran ß"), "MUELLER<<GOERAN<SS");
        assert_eq!(names_of("Sukarto", ""), "SUKARTO");
        assert_eq!(names_of("", "Sukarto Utomo"), "SUKARTO<UTOMO");
        assert_eq!(names_of("", ""), "");
        assert_eq!(names_of("Nur’aini 2", " - "), "NURAINI");
    }

    /// The first two are ICAO's (Doc 9303 part 4, 4.2.3).
    #[test]
    fn long_names_are_shortened_by_rule() {
        assert_eq!(
            names_of("Bennelong Wooloomooloo Warrandyte Warnambool", "Dingo Potoroo"),
            "BENNELONG<WOOLOOM<WARRAND<WARNAM<<DINGO"
        );
        assert_eq!(
            names_of("Nilavadhanananda", "Chayapa Dejthamrong Krasuang"),
            "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"
        );
        assert_eq!(names_of(&"A".repeat(60), "Sari"), format!("{}<<SARI", "A".repeat(33)));
        assert_eq!(names_of(&"A".repeat(60), ""), "A".repeat(39));
        assert_eq!(names_of(&"A".repeat(60), &"B".repeat(60)), format!("{}<<{}", "A".repeat(19), "B".repeat(18)));
    }

    #[test]
    fn a_shortened_name_does_not_end_at_a_filler() {
        let field = names_of("Kusumawardhani", "Raden Ayu Sekar Arum Puspita");
        assert_eq!(field, "KUSUMAWARDHANI<<RADEN<AYU<SEKAR<ARUM<PU");
        // Plainly cut, this one would end behind ARUMI.
        let field = names_of("Kusumawardhani", "Raden Ayu Sekara Arumi Puspita");
        assert_eq!(field, "KUSUMAWARDHAN<<RADEN<AYU<SEKARA<ARUMI<P");
        assert_eq!(names_of(&"Puspita ".repeat(100_000), "Sari").len(), NAMES);
        // One-letter names have nothing to give; the field then ends with a filler.
        assert_eq!(names_of("A", &"B ".repeat(30)).len(), 38);
    }

    #[test]
    fn every_listed_letter_is_written_as_the_oracle_writes_it() {
        for capital in ('\u{80}'..'\u{2000}').flat_map(char::to_uppercase).filter(|sign| !sign.is_ascii()) {
            let theirs = oracle::transliterate_char(capital, oracle::TransliterationStyle::Expanded).unwrap_or("");
            assert_eq!(latin(capital), theirs, "{capital}");
        }
    }

    /// Two of these and the double filler just fit: 18 + 2 + 18.
    fn name() -> impl Strategy<Value = String> {
        "[A-Z]{1,9}( [A-Z]{1,8}){0,1}"
    }

    fn date() -> impl Strategy<Value = MrzDate> {
        (0..36_500_i32).prop_map(|days| {
            MrzDate::of(NaiveDate::from_ymd_opt(1950, 1, 1).unwrap() + chrono::Duration::days(days.into()))
        })
    }

    fn any_sex() -> impl Strategy<Value = Option<Sex>> {
        prop_oneof![Just(Some(Sex::Male)), Just(Some(Sex::Female)), Just(None)]
    }

    prop_compose! {
        fn passport()(
            document_code in "P[A-Z]?", issuer in "[A-Z]{3}",
            surname in name(), given_names in prop_oneof![Just(String::new()), name()],
            number in "[A-Z][0-9]{7,8}", nationality in "[A-Z]{3}", birth in date(), sex in any_sex(), expiry in date(),
            optional in "[A-Z0-9]{0,14}",
        ) -> Td3 {
            Td3 { document_code, issuer, surname, given_names, number, nationality, birth, sex, expiry, optional }
        }
    }

    fn oracle_date(date: MrzDate, role: oracle::DateRole) -> oracle::MrzDate {
        let raw = oracle::RawDateField::try_from(date.written().as_str()).unwrap();
        oracle::MrzDate::from_field(raw, role, oracle::CURRENT_YY)
    }

    fn oracle_lines(passport: &Td3) -> String {
        oracle::format_td3(&oracle::Td3Fields {
            document_code: passport.document_code.clone(),
            issuing_country: passport.issuer.clone(),
            document_number: passport.number.clone(),
            surname: passport.surname.clone(),
            given_names: passport.given_names.clone(),
            nationality: passport.nationality.clone(),
            date_of_birth: oracle_date(passport.birth, oracle::DateRole::Birth),
            sex: match passport.sex {
                Some(Sex::Male) => oracle::Sex::Male,
                Some(Sex::Female) => oracle::Sex::Female,
                None => oracle::Sex::Unspecified,
            },
            date_of_expiry: oracle_date(passport.expiry, oracle::DateRole::Expiry),
            personal_number: (!passport.optional.is_empty()).then(|| passport.optional.clone()),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn what_was_written_is_read_as_the_same(passport in passport()) {
            let lines = passport.lines();
            prop_assert!(Td3::parse(&lines.join("\n")) == Ok(passport.clone()), "{:?}", lines);
            prop_assert!(Td3::parse(&lines.concat()) == Ok(passport), "{:?}", lines);
        }

        #[test]
        fn the_oracle_writes_the_same_zone(passport in passport()) {
            prop_assert_eq!(passport.lines().join("\n"), oracle_lines(&passport));
        }

        #[test]
        fn the_oracle_reads_the_same_and_finds_every_digit_right(passport in passport()) {
            let [line1, line2] = passport.lines();
            let theirs = oracle::parse_td3(&line1, &line2).unwrap();
            prop_assert!(theirs.valid());
            prop_assert_eq!(&theirs.document_type, &passport.document_code);
            prop_assert_eq!(&theirs.issuing_country, &passport.issuer);
            // With no given names the oracle takes the second word of a surname for one; Doc 9303 doesn't.
            let words = |a: &str, b: &str| format!("{a} {b}").trim().to_owned();
            prop_assert_eq!(
                words(&theirs.surname, &theirs.given_names),
                words(&passport.surname, &passport.given_names)
            );
            prop_assert_eq!(&theirs.document_number, &passport.number);
            prop_assert_eq!(&theirs.nationality, &passport.nationality);
            prop_assert_eq!(theirs.date_of_birth, oracle_date(passport.birth, oracle::DateRole::Birth));
            prop_assert_eq!(theirs.date_of_expiry, oracle_date(passport.expiry, oracle::DateRole::Expiry));
            prop_assert_eq!(theirs.optional_data_1.clone().unwrap_or_default(), passport.optional);
        }

        #[test]
        fn the_oracle_counts_the_same_digit(field in "[A-Z0-9<]{0,40}") {
            prop_assert_eq!(u32::from(check_digit(&field)), oracle::check_digit(&field).unwrap());
        }

        #[test]
        fn every_single_changed_digit_of_line_2_is_detected(passport in passport()) {
            let zone = passport.lines().concat();
            for at in (44..88).filter(|&at| zone.as_bytes()[at].is_ascii_digit()) {
                for other in ('0'..='9').filter(|&other| sign_at(&zone, at) != other) {
                    let mut wrong = zone.clone();
                    wrong.replace_range(at..=at, &other.to_string());
                    prop_assert!(matches!(Td3::parse(&wrong), Err(MrzFault::CheckDigit { .. })), "{} {}", at, wrong);
                }
            }
        }

        #[test]
        fn long_names_fill_the_field_to_a_letter_and_keep_both_parts(
            surname in "[A-Z]{2,30}( [A-Z]{1,20}){0,5}", given_names in "[A-Z]{2,30}( [A-Z]{1,20}){0,5}",
        ) {
            let field = name_field(&surname, &given_names);
            prop_assert_eq!(field.len(), NAMES);
            if surname.len() + given_names.len() + 2 > NAMES {
                prop_assert!(sign_at(&field, NAMES - 1).is_ascii_uppercase(), "{}", field);
            }
            let (surname_read, given_read) = names(&field);
            prop_assert_eq!(surname_read.chars().next(), surname.chars().next());
            prop_assert_eq!(given_read.chars().next(), given_names.chars().next(), "{}", field);
            prop_assert_eq!(name_field(&surname_read, &given_read), field);
        }

        #[test]
        fn names_as_people_write_them_come_to_rest_after_one_writing(
            surname in "\\PC{0,40}", given_names in "\\PC{0,40}",
        ) {
            let field = name_field(&surname, &given_names);
            prop_assert!(field.len() == NAMES && field.chars().all(is_letter_or_filler));
            let (surname, given_names) = names(&field);
            prop_assert_eq!(name_field(&surname, &given_names), field);
        }

        #[test]
        fn no_text_breaks_it(text in any::<String>(), zone in "P[A-Z0-9<]{87}") {
            let _ = Td3::parse(&text);
            let _ = Td3::parse(&zone);
            let _ = checks(&zone);
        }
    }
}
