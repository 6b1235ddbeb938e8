//! The machine readable zone of a passport's data page (ICAO 9303, TD3): two lines of 44 characters.
//!
//! Written apart from `loket_core` on purpose: a mistake there must not hide behind the same mistake here.

use chrono::{Datelike, NaiveDate};

use super::Sex;

pub const LINE_CHARS: usize = 44;

/// Weights 7-3-1; digits count as themselves, A as 10, `<` as 0.
pub fn check_digit(field: &str) -> char {
    let sum: u32 = field.bytes().zip([7, 3, 1].into_iter().cycle()).map(|(b, weight)| worth(b) * weight).sum();
    char::from(b'0' + (sum % 10) as u8)
}

fn worth(b: u8) -> u32 {
    match b {
        b'0'..=b'9' => u32::from(b - b'0'),
        b'A'..=b'Z' => u32::from(b - b'A') + 10,
        _ => 0,
    }
}

/// The last word is the primary identifier; a single word stands alone. What does not fit is cut.
pub fn name_line(full_name: &str) -> String {
    let words: Vec<String> = full_name
        .split([' ', '-'])
        .map(|w| w.chars().filter(char::is_ascii_alphabetic).collect::<String>())
        .filter(|w| !w.is_empty())
        .collect();
    let (last, rest) = words.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
    let name = if rest.is_empty() { last.to_owned() } else { format!("{last}<<{}", rest.join("<")) };
    fill(&format!("P<IDN{name}"), LINE_CHARS)
}

pub fn data_line(number: &str, birth: NaiveDate, sex: Sex, expires: NaiveDate) -> String {
    let number = fill(number, 9);
    let number = format!("{number}{}", check_digit(&number));
    let birth = dated(birth);
    let expires = dated(expires);
    let optional = fill("", 14);
    let optional = format!("{optional}{}", check_digit(&optional));
    let sex = match sex {
        Sex::Male => 'M',
        Sex::Female => 'F',
    };
    let all = check_digit(&format!("{number}{birth}{expires}{optional}"));
    format!("{number}IDN{birth}{sex}{expires}{optional}{all}")
}

fn dated(date: NaiveDate) -> String {
    let field = format!("{:02}{:02}{:02}", date.year() % 100, date.month(), date.day());
    format!("{field}{}", check_digit(&field))
}

fn fill(text: &str, chars: usize) -> String {
    format!("{text:<<chars$.chars$}")
}
