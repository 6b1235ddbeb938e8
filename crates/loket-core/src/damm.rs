//! One check digit for the numbers that people read aloud, copy and type: receipts and tickets. It exists because a
//! mistyped number must not find another person's paper. It promises that every single wrong digit and every two
//! neighbours swapped are noticed; it does not promise more (two wrong digits pass one time in ten). It never repairs a
//! number and never guesses which digit was wrong.
//!
//! The method is H. Michael Damm's, with the quasigroup of order 10 from his thesis ("Total anti-symmetrische
//! Quasigruppen", Marburg 2004). Leading zeros don't change the digit, so a number that uses it needs a fixed length.

/// Row: the interim digit so far. Column: the next digit. The zeros on the diagonal are why a whole number, check digit
/// included, ends at 0.
const TABLE: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// The check digit to write behind `digits`.
///
/// # Panics
/// When `digits` holds anything but ASCII digits: the caller makes this text itself, and a digit over half a number
/// would protect nothing.
pub fn digit(digits: &str) -> char {
    let interim = interim(digits).expect("a check digit is asked for digits only");
    char::from(b'0' + interim)
}

/// Is `digits`, its last one the check digit, a number as we would have written it? Anything but ASCII digits is not,
/// and neither is a check digit alone.
pub fn verify(digits: &str) -> bool {
    digits.len() >= 2 && interim(digits) == Some(0)
}

fn interim(digits: &str) -> Option<u8> {
    digits.bytes().try_fold(0_u8, |interim, byte| {
        byte.is_ascii_digit().then(|| TABLE[usize::from(interim)][usize::from(byte - b'0')])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_example_has_its_digit() {
        assert_eq!(digit("572"), '4');
        assert!(verify("5724"));
    }

    #[test]
    fn what_is_no_number_is_not_verified() {
        for text in ["", "0", "57 24", "5724\n", "-5724", "٥٧٢٤"] {
            assert!(!verify(text), "{text:?}");
        }
    }

    #[test]
    fn leading_zeros_do_not_change_the_digit() {
        assert_eq!(digit("000572"), digit("572"));
    }

    /// What the properties below sample, shown once for every length: each row and column holds each digit once
    /// (single errors), and no two neighbours can be swapped (weak total anti-symmetry).
    #[test]
    fn the_table_is_a_weakly_totally_anti_symmetric_quasigroup() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(row[at], 0);
            for value in 0..10_u8 {
                assert_eq!(row.iter().filter(|&&inside| inside == value).count(), 1);
                assert_eq!(TABLE.iter().filter(|row| row[at] == value).count(), 1);
            }
        }
        let then = |interim: usize, next: usize| usize::from(TABLE[interim][next]);
        for interim in 0..10 {
            for a in 0..10 {
                for b in (0..10).filter(|&b| b != a) {
                    assert_ne!(then(then(interim, a), b), then(then(interim, b), a));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_verified(number in "[0-9]{1,18}") {
            prop_assert!(verify(&format!("{number}{}", digit(&number))), "{}", number);
        }

        #[test]
        fn every_single_changed_digit_is_caught(number in "[0-9]{1,18}") {
            let whole = format!("{number}{}", digit(&number)).into_bytes();
            for at in 0..whole.len() {
                for other in (b'0'..=b'9').filter(|&other| other != whole[at]) {
                    let mut wrong = whole.clone();
                    wrong[at] = other;
                    prop_assert!(!verify(&String::from_utf8(wrong).unwrap()));
                }
            }
        }

        #[test]
        fn every_swap_of_neighbours_is_caught(number in "[0-9]{1,18}") {
            let whole = format!("{number}{}", digit(&number)).into_bytes();
            for at in 1..whole.len() {
                let mut wrong = whole.clone();
                wrong.swap(at - 1, at);
                prop_assert_eq!(verify(&String::from_utf8(wrong.clone()).unwrap()), wrong == whole);
            }
        }
    }
}
