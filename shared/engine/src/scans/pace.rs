//! How far ahead a scan is sent, and when one that waits may go before more urgent data.

use std::time::Duration;

use hoso_sync::scan::GROUP_BYTES;
use tokio::time::Instant;

/// Bytes that a scan is ahead of what has come at least: fewer would stop a short line.
const AHEAD_BYTES_MIN: u64 = 4 * GROUP_BYTES;
/// Bytes that it is ahead at most.
const AHEAD_BYTES_MAX: u64 = 512 * 1024;
/// Congestion windows that it is ahead: a group whose first datagram was lost has come after two
/// round trips, or three, and meanwhile others are on the way.
const AHEAD_WINDOWS: u64 = 4;
/// How long a scan waits behind more urgent data before it is given its part of the line.
const PATIENCE: Duration = Duration::from_secs(60);
/// So much longer than its turn a scan waits for the next one: as it has half of the line in its
/// turn, it has a tenth of it in all.
const OTHERS: u32 = 4;

/// How far ahead of what has come a scan is sent, under this congestion window. What is beyond the
/// window lies before nothing that is more urgent: only what is on the line cannot be overtaken.
#[must_use]
pub fn ahead(window: u64) -> u64 {
    window.saturating_mul(AHEAD_WINDOWS).clamp(AHEAD_BYTES_MIN, AHEAD_BYTES_MAX)
}

/// Whose turn it is on a line that more urgent data fills.
#[derive(Debug)]
pub struct Turns {
    has_turn: bool,
    began: Instant,
    due: Instant,
    /// From which byte on what comes shows that the line has room again; none while it has.
    calm_from: Option<u64>,
}

impl Turns {
    /// From now on.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { has_turn: false, began: now, due: now + PATIENCE, calm_from: None }
    }

    /// When the scan is to have its turn, unless more of it comes before.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        (!self.has_turn).then_some(self.due)
    }

    /// It has waited for long enough.
    pub fn begin(&mut self, now: Instant) {
        (self.has_turn, self.began) = (true, now);
    }

    /// More of it has come, while so much was sent; whether its turn has ended by that.
    pub fn came(&mut self, now: Instant, bytes: u64, sent: u64) -> bool {
        if self.has_turn {
            let turn = now.saturating_duration_since(self.began);
            self.due = now + turn.saturating_mul(OTHERS);
            (self.has_turn, self.calm_from) = (false, Some(sent.saturating_add(GROUP_BYTES)));
            return true;
        }
        if self.calm_from.is_none_or(|calm| bytes >= calm) {
            (self.due, self.calm_from) = (now + PATIENCE, None);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_some_windows_ahead_and_never_so_far_that_it_fills_the_memory() {
        assert_eq!(ahead(0), 64 * 1024);
        assert_eq!(ahead(100_000), 400_000);
        assert_eq!(ahead(u64::MAX), 512 * 1024);
    }

    #[test]
    fn a_scan_that_has_waited_a_minute_gets_a_tenth_of_the_line_until_the_line_is_free() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut turns = Turns::new(begun);
        assert!(!turns.came(at(10), 1, 100));
        assert_eq!(turns.due(), Some(at(70)), "a minute after something came");
        turns.begin(at(70));
        assert_eq!(turns.due(), None);
        assert!(turns.came(at(72), GROUP_BYTES, 2 * GROUP_BYTES));
        assert_eq!(turns.due(), Some(at(72 + 8)), "four times as long for the others");
        assert!(!turns.came(at(75), 2 * GROUP_BYTES, 3 * GROUP_BYTES));
        assert_eq!(turns.due(), Some(at(80)), "what was sent in its turn comes later");
        turns.begin(at(90));
        assert!(turns.came(at(91), 3 * GROUP_BYTES, 4 * GROUP_BYTES));
        assert!(!turns.came(at(93), 5 * GROUP_BYTES, 6 * GROUP_BYTES));
        assert_eq!(turns.due(), Some(at(153)), "the line has room again");
    }
}
