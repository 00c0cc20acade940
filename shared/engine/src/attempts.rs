//! Failed log-ins: after some within a minute a wait is asked for, and nobody stays locked out.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Failed attempts per name or address within [`WINDOW_MS`] before a wait is asked for.
const ATTEMPTS_MAX: usize = 5;
/// Milliseconds for which a failed attempt counts.
const WINDOW_MS: u64 = 60 * 1000;
/// Names and addresses whose failures are remembered; the oldest are forgotten.
const SOURCES_MAX: usize = 4096;

/// When each source failed, Unix milliseconds.
type Failures = BTreeMap<String, VecDeque<u64>>;

/// The failures of names and addresses.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<Failures>);

/// An attempt that was begun.
#[derive(Debug)]
pub struct Attempt {
    sources: Vec<String>,
    at_ms: u64,
}

impl Attempts {
    /// Begins an attempt of this name from this address. It counts as failed until it is
    /// [forgiven](Self::forgive), so that many at once are not more than one after another.
    /// Whoever sits at this machine or comes through its proxy has one address: it does not count.
    ///
    /// # Errors
    ///
    /// Seconds to wait.
    pub fn begin(&self, name: &str, from: IpAddr, now_ms: u64) -> Result<Attempt, u64> {
        let mut sources = vec![name.to_owned()];
        if !from.is_loopback() {
            sources.push(from.to_string());
        }
        let mut failures = self.locked();
        match wait_s(&failures, &sources, now_ms) {
            0 => {}
            seconds => return Err(seconds),
        }
        note(&mut failures, &sources, now_ms);
        Ok(Attempt { sources, at_ms: now_ms })
    }

    /// The attempt was none against anybody.
    pub fn forgive(&self, attempt: &Attempt) {
        let mut failures = self.locked();
        for source in &attempt.sources {
            let Some(recent) = failures.get_mut(source) else { continue };
            if let Some(place) = recent.iter().position(|at_ms| *at_ms == attempt.at_ms) {
                recent.remove(place);
            }
            if recent.is_empty() {
                failures.remove(source);
            }
        }
    }

    /// The data behind the lock; a panic elsewhere cannot have left it half written.
    fn locked(&self) -> MutexGuard<'_, Failures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds to wait before the next attempt of one of these sources; zero for none.
fn wait_s(failures: &Failures, sources: &[String], now_ms: u64) -> u64 {
    let waits = sources.iter().filter_map(|source| {
        let recent = failures.get(source)?;
        let from_end = recent.len().checked_sub(ATTEMPTS_MAX)?;
        let until = recent.get(from_end)?.saturating_add(WINDOW_MS);
        Some(until.saturating_sub(now_ms).div_ceil(1000))
    });
    waits.max().unwrap_or(0)
}

fn note(failures: &mut Failures, sources: &[String], now_ms: u64) {
    for source in sources {
        let recent = failures.entry(source.clone()).or_default();
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn five_failures_within_a_minute_ask_for_a_wait_and_no_lock_out_stays() {
        let attempts = Attempts::default();
        for _ in 0..ATTEMPTS_MAX {
            attempts.begin("lan", THERE, 0).unwrap();
        }
        assert_eq!(attempts.begin("lan", ELSEWHERE, 1000).unwrap_err(), 59);
        assert_eq!(attempts.begin("huệ", THERE, 1000).unwrap_err(), 59);
        attempts.begin("huệ", ELSEWHERE, 1000).unwrap();
        attempts.begin("lan", THERE, WINDOW_MS).unwrap();
    }

    #[test]
    fn what_is_forgiven_does_not_count_and_the_own_machine_locks_nobody_else_out() {
        let attempts = Attempts::default();
        for turn in 0..100 {
            let attempt = attempts.begin("lan", THERE, turn).unwrap();
            attempts.forgive(&attempt);
        }
        for _ in 0..ATTEMPTS_MAX {
            attempts.begin("hoa", HERE, 0).unwrap();
        }
        attempts.begin("hoa", HERE, 1000).unwrap_err();
        attempts.begin("lan", HERE, 1000).unwrap();
    }
}
