//! Where the world comes in: the clock, the stopwatch and chance. Everything else in this crate asks here, so that a
//! test can own the time. With the feature `test-hooks` the clock can be shifted through `LOKET_CLOCK_SHIFT_MS`; a shipped
//! program has no such door.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use loket_core::id::Timestamp;

/// Clock, stopwatch, chance.
#[derive(Debug, Clone, Copy)]
pub struct Env {
    /// Added to the PC's clock.
    shift_ms: i64,
}

impl Env {
    /// The real world; under test, shifted by `LOKET_CLOCK_SHIFT_MS`, which stays the same over restarts.
    pub fn real() -> Env {
        #[cfg(feature = "test-hooks")]
        if let Some(shift_ms) = std::env::var("LOKET_CLOCK_SHIFT_MS").ok().and_then(|t| t.parse().ok()) {
            return Env { shift_ms };
        }
        Env { shift_ms: 0 }
    }

    /// The same world with another time of day.
    #[cfg(feature = "test-hooks")]
    pub fn starting_at(self, start: Timestamp) -> Env {
        let real = Env { shift_ms: 0 }.now();
        Env { shift_ms: start.since(real) }
    }

    /// The PC's clock.
    #[expect(clippy::disallowed_methods, reason = "Env is where the clock comes in")]
    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.shift_ms))
    }

    /// A clock that nobody can set.
    #[expect(clippy::disallowed_methods, reason = "Env is where the stopwatch comes in")]
    pub fn stopwatch(&self) -> Instant {
        Instant::now()
    }

    /// 0..=999, to spread desks out that failed together.
    pub fn chance(&self) -> u16 {
        let [high, low] = loket_seal::random::<2>();
        u16::from_be_bytes([high, low]) % 1000
    }
}
