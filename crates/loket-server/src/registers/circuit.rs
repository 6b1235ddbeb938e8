//! When an outside system is asked again. It promises that one which is down is not hammered, however many errands wait
//! for it: while it is down there is one question at a time, seconds apart at first and minutes later. It is told the
//! time and chance, and asks nobody.

use loket_core::id::Timestamp;

use super::line::Trouble;

/// The first wait after something went wrong; it doubles with every further time.
pub const WAIT_MS_MIN: i64 = 1_000;
/// No wait is longer, unless the outside asks for it.
pub const WAIT_MS_MAX: i64 = 5 * 60_000;
/// The longest that an outside system may ask us to stay away.
pub const RETRY_AFTER_MS_MAX: i64 = 3_600_000;
/// Questions to one system at the same time.
pub const AT_ONCE_MAX: usize = 8;
/// Troubles one after the other that could each be about one person only, after which it is the system.
pub const IN_A_ROW_MAX: u32 = 5;

/// How long to wait after so many tries in vain: doubling, and between half of it and all of it, so that those who failed
/// together don't come back together.
pub fn wait_ms(tries: u32, chance: u64) -> i64 {
    let doublings = tries.saturating_sub(1).min(20);
    let whole = WAIT_MS_MIN.saturating_mul(1 << doublings).min(WAIT_MS_MAX);
    let half = whole / 2;
    half + i64::try_from(chance % (half.unsigned_abs() + 1)).unwrap_or(0)
}

/// What is known of the line to one system.
#[derive(Debug, Default)]
pub struct Circuit {
    in_a_row: u32,
    /// Questions in vain since it was shut.
    in_vain: u32,
    shut_until: Option<Timestamp>,
}

impl Circuit {
    /// How many more may be asked, with so many under way.
    pub fn room(&self, now: Timestamp, under_way: usize) -> usize {
        match self.shut_until {
            None => AT_ONCE_MAX.saturating_sub(under_way),
            Some(until) if now < until => 0,
            Some(_) => 1_usize.saturating_sub(under_way),
        }
    }

    /// It answered; was it shut before?
    pub fn heard(&mut self) -> bool {
        let was_shut = self.shut_until.is_some();
        *self = Circuit::default();
        was_shut
    }

    /// Something went wrong; is it shut only since now?
    pub fn failed(&mut self, trouble: &Trouble, now: Timestamp, chance: u64) -> bool {
        self.in_a_row = self.in_a_row.saturating_add(1);
        match self.shut_until {
            // Asked before it was shut: that it failed too is no news.
            Some(until) if now < until => return false,
            None if !trouble.is_the_systems() && self.in_a_row < IN_A_ROW_MAX => return false,
            Some(_) | None => {}
        }
        let was_open = self.shut_until.is_none();
        self.in_vain = self.in_vain.saturating_add(1);
        let wait = wait_ms(self.in_vain, chance).max(trouble.retry_after_ms().unwrap_or(0));
        self.shut_until = Some(now.plus_ms(wait));
        was_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_a_second_to_five_minutes_and_no_two_need_be_equal() {
        for (tries, whole) in
            [(1, 1_000), (2, 2_000), (4, 8_000), (9, 256_000), (10, WAIT_MS_MAX), (4_000, WAIT_MS_MAX)]
        {
            assert_eq!(wait_ms(tries, 0), whole / 2);
            assert_eq!(wait_ms(tries, u64::try_from(whole / 2).unwrap()), whole);
            assert!((whole / 2..=whole).contains(&wait_ms(tries, u64::MAX)));
        }
    }

    #[test]
    fn a_dead_system_is_asked_by_one_at_a_time_however_many_wait() {
        let (mut circuit, mut now, mut asked) = (Circuit::default(), Timestamp(0), 0);
        assert_eq!(circuit.room(now, 0), AT_ONCE_MAX);
        for _ in 0..AT_ONCE_MAX {
            circuit.failed(&Trouble::Unreachable, now, 0);
        }
        // An hour of looking four times a second.
        for _ in 0..4 * 3600 {
            now = now.plus_ms(250);
            if circuit.room(now, 0) > 0 {
                assert_eq!(circuit.room(now, 0), 1);
                circuit.failed(&Trouble::Unreachable, now, u64::MAX);
                asked += 1;
            }
        }
        assert!((12..=40).contains(&asked), "{asked} questions in an hour");
        assert!(circuit.heard());
        assert_eq!(circuit.room(now, 0), AT_ONCE_MAX, "and then all may go again");
    }

    #[test]
    fn nonsense_about_one_person_does_not_keep_the_others_waiting() {
        let mut circuit = Circuit::default();
        let wrong = Trouble::Wrong("nik");
        for _ in 1..IN_A_ROW_MAX {
            assert!(!circuit.failed(&wrong, Timestamp(0), 0));
        }
        assert_eq!(circuit.room(Timestamp(0), 0), AT_ONCE_MAX);
        assert!(circuit.failed(&wrong, Timestamp(0), 0), "five in a row are the system's");
        assert_eq!(circuit.room(Timestamp(0), 0), 0);
    }

    #[test]
    fn who_asks_to_be_left_alone_is_left_alone_for_an_hour_at_most() {
        let mut circuit = Circuit::default();
        circuit.failed(&Trouble::Busy { retry_after_ms: Some(90_000) }, Timestamp(0), 0);
        assert_eq!((circuit.room(Timestamp(89_999), 0), circuit.room(Timestamp(90_000), 0)), (0, 1));
        let for_ever = Trouble::Busy { retry_after_ms: Some(i64::MAX) };
        assert_eq!(for_ever.retry_after_ms(), Some(RETRY_AFTER_MS_MAX));
    }
}
