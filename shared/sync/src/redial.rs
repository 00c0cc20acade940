//! When to dial again: at once, then later and later with jitter, for ever.

/// Milliseconds of the first wait.
pub const WAIT_MIN_MS: u64 = 500;
/// Milliseconds of the longest wait: an island's link that returns is used within half a minute.
pub const WAIT_MAX_MS: u64 = 30_000;
/// Milliseconds that a link must have been up for its loss to be a new beginning.
pub const STEADY_MS: u64 = 10_000;

/// The back-off of one link.
#[derive(Clone, Debug, Default)]
pub struct Redial {
    failures: u32,
    up_since_ms: Option<u64>,
}

impl Redial {
    /// The link is up.
    pub fn up(&mut self, now_ms: u64) {
        self.up_since_ms = Some(now_ms);
    }

    /// The link is down, or dialling failed: gives the milliseconds to wait. `chance` spreads the
    /// nodes of a province over the upper half of the wait, so that they do not come all at once.
    pub fn down(&mut self, now_ms: u64, chance: u64) -> u64 {
        let steady =
            self.up_since_ms.take().is_some_and(|since| now_ms.saturating_sub(since) >= STEADY_MS);
        if steady {
            self.failures = 0;
        }
        let doubled = WAIT_MIN_MS.checked_shl(self.failures.min(16)).unwrap_or(WAIT_MAX_MS);
        self.failures = self.failures.saturating_add(1);
        let wait_ms = doubled.min(WAIT_MAX_MS);
        let half = wait_ms / 2;
        half.saturating_add(chance.checked_rem(half.max(1)).unwrap_or(0))
    }

    /// Someone asks for the link now: the next wait is the first one again.
    pub fn hurry(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute_and_never_end() {
        let mut redial = Redial::default();
        let waits: Vec<u64> = (0..50).map(|_| redial.down(0, 0)).collect();
        assert_eq!(waits[..3], [250, 500, 1000]);
        assert!(waits[10..].iter().all(|wait| *wait == WAIT_MAX_MS / 2));
    }

    #[test]
    fn a_link_that_flaps_is_not_dialled_faster_than_one_that_is_dead() {
        let mut redial = Redial::default();
        for _ in 0..8 {
            redial.up(0);
            redial.down(3_000, 0);
        }
        assert!(redial.down(3_000, 0) >= WAIT_MAX_MS / 2);
        redial.up(0);
        assert_eq!(redial.down(STEADY_MS, 0), WAIT_MIN_MS / 2);
    }

    #[test]
    fn nodes_that_lost_the_relay_together_come_back_spread_out() {
        let mut waits: Vec<u64> =
            (0..54).map(|node| Redial::default().down(0, node * 7_919)).collect();
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 40);
    }
}
