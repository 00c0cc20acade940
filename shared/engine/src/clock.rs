//! The wall clock, and the steady one by which conversations count.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// Milliseconds by which two readings differ though nobody has set the clock: it is disciplined,
/// and both clocks are not read at once.
const UNMOVED_MS: u64 = 1000;

/// Unix milliseconds; zero on a machine whose clock stands before 1970.
#[must_use]
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// The wall clock beside one that only runs on, also while the machine sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    wall_ms: u64,
    running_ms: u64,
}

impl Reading {
    /// Both clocks now.
    #[must_use]
    pub fn now() -> Self {
        let running = clock_gettime(ClockId::Boottime);
        let whole = u64::try_from(running.tv_sec).unwrap_or(0).saturating_mul(1000);
        let part = u64::try_from(running.tv_nsec).unwrap_or(0) / 1_000_000;
        Self { wall_ms: now_ms(), running_ms: whole.saturating_add(part) }
    }

    /// By how much the wall clock was set between then and now, milliseconds: what it went on
    /// more, or less, than the other one.
    #[must_use]
    pub fn moved_ms(self, now: Self) -> i64 {
        let between = |from: u64, to: u64| {
            let [from, to] = [from, to].map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
            to.saturating_sub(from)
        };
        let wall = between(self.wall_ms, now.wall_ms);
        let moved = wall.saturating_sub(between(self.running_ms, now.running_ms));
        if moved.unsigned_abs() < UNMOVED_MS { 0 } else { moved }
    }
}

/// Milliseconds since then by the steady clock.
pub(crate) fn steady_ms(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_ran_on() {
        let then = Reading { wall_ms: 1_000_000, running_ms: 5_000 };
        let after = |wall_ms, running_ms| then.moved_ms(Reading { wall_ms, running_ms });
        assert_eq!(after(1_060_000, 65_000), 0);
        assert_eq!(after(1_060_999, 65_000), 0);
        assert_eq!(after(1_660_000, 65_000), 600_000);
        assert_eq!(after(0, 65_000), -1_060_000);
        // A clock that stands still falls behind.
        assert_eq!(after(1_000_000, 205_000), -200_000);
    }
}
