//! Where the world comes in: the clock and chance. Everything else in this crate is told the time and asks here for
//! random bytes, so that a test can begin its day at nine o'clock. A shipped program always has the real clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use loket_core::id::Timestamp;

/// The clock, shifted by a number of milliseconds that is 0 outside tests.
#[derive(Debug, Clone, Default)]
pub struct Env {
    offset_ms: Arc<AtomicI64>,
}

impl Env {
    /// The real clock. With the feature `test-hooks` the environment variable `LOKET_CLOCK_SHIFT_MS` shifts it, by the
    /// same amount after every restart.
    pub fn real() -> Env {
        #[cfg(feature = "test-hooks")]
        if let Some(shift_ms) = std::env::var("LOKET_CLOCK_SHIFT_MS").ok().and_then(|t| t.parse().ok()) {
            let env = Env::default();
            env.advance_ms(shift_ms);
            return env;
        }
        Env::default()
    }

    /// A clock that shows `start` now and runs on from there. For tests that hold the server in their own process.
    pub fn starting_at(start: Timestamp) -> Env {
        let env = Env::default();
        env.advance_ms(start.since(env.now()));
        env
    }

    /// Moves the clock; all clones of this `Env` move with it.
    pub fn advance_ms(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "Env is the place to ask for the time")]
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Timestamp(now_ms).plus_ms(self.offset_ms.load(Ordering::SeqCst))
    }

    /// Random bytes for tokens, codes and salts.
    pub fn chance<const N: usize>(&self) -> [u8; N] {
        loket_seal::random()
    }
}
