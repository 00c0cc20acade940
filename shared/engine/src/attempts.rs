//! Failed log-ins: after some within a minute a wait is asked for, and nobody stays locked out.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Failed attempts per name or address within [`WINDOW_MS`] before a wait is asked for.
const ATTEMPTS_MAX: usize = 5;
/// Milliseconds for which a failed attempt counts.
const WINDOW_MS: u64 = 60 * 1000;
/// Names and addresses whose failures are remembered; the oldest are forgotten.
const SOURCES_MAX: usize = 4096;

/// The failures of names and addresses.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<BTreeMap<String, VecDeque<u64>>>);

impl Attempts {
    /// Seconds to wait before the next attempt of this name or address; zero for none.
    #[must_use]
    pub fn wait_s(&self, sources: &[&str], now_ms: u64) -> u64 {
        let failures = self.locked();
        let waits = sources.iter().filter_map(|source| {
            let recent = failures.get(*source)?;
            let from_end = recent.len().checked_sub(ATTEMPTS_MAX)?;
            let until = recent.get(from_end)?.saturating_add(WINDOW_MS);
            Some(until.saturating_sub(now_ms).div_ceil(1000))
        });
        waits.max().unwrap_or(0)
    }

    /// Remembers a failed attempt.
    pub fn failed(&self, sources: &[&str], now_ms: u64) {
        let mut failures = self.locked();
        for source in sources {
            let recent = failures.entry((*source).to_owned()).or_default();
            recent.push_back(now_ms);
            if recent.len() > ATTEMPTS_MAX {
                recent.pop_front();
            }
        }
        if failures.len() > SOURCES_MAX {
            failures.retain(|_, recent| {
                recent.back().is_some_and(|last| now_ms.saturating_sub(*last) < WINDOW_MS)
            });
        }
    }

    /// The data behind the lock; a panic elsewhere cannot have left it half written.
    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, VecDeque<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_within_a_minute_ask_for_a_wait_and_no_lock_out_stays() {
        let attempts = Attempts::default();
        for _ in 0..ATTEMPTS_MAX {
            assert_eq!(attempts.wait_s(&["lan", "10.0.0.1"], 0), 0);
            attempts.failed(&["lan", "10.0.0.1"], 0);
        }
        assert_eq!(attempts.wait_s(&["lan", "10.0.0.2"], 1000), 59);
        assert_eq!(attempts.wait_s(&["huệ", "10.0.0.2"], 1000), 0);
        assert_eq!(attempts.wait_s(&["lan"], WINDOW_MS), 0);
    }
}
