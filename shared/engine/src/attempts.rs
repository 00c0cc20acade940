//! Failed log-ins: after some within a minute a wait is asked for, and nobody stays locked out.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Failures per name or address within [`WINDOW_MS`] before a wait is asked for.
const ATTEMPTS_MAX: usize = 5;
/// Milliseconds for which a failure counts.
const WINDOW_MS: u64 = 60 * 1000;
/// Names and addresses whose failures are remembered; whoever failed longest ago is forgotten.
const SOURCES_MAX: usize = 4096;
/// Bytes of the longest name that is told from others: nobody here has a longer one.
const NAME_BYTES_MAX: usize = 256;

/// When each source failed, Unix milliseconds.
type Failures = BTreeMap<String, VecDeque<u64>>;

/// The failures of names and addresses.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<Failures>);

impl Attempts {
    /// Whether this name may try from this address now.
    ///
    /// # Errors
    ///
    /// Seconds to wait.
    pub(crate) fn allowed(&self, name: &str, from: IpAddr, now_ms: u64) -> Result<(), u64> {
        let failures = self.locked();
        let waits = sources(name, from).filter_map(|source| {
            let recent = failures.get(source.as_str())?;
            let from_end = recent.len().checked_sub(ATTEMPTS_MAX)?;
            let until = recent.get(from_end)?.saturating_add(WINDOW_MS);
            Some(until.saturating_sub(now_ms).div_ceil(1000))
        });
        match waits.max().unwrap_or(0) {
            0 => Ok(()),
            seconds => Err(seconds),
        }
    }

    /// Notes that this name failed from this address.
    pub(crate) fn failed(&self, name: &str, from: IpAddr, now_ms: u64) {
        let mut failures = self.locked();
        for source in sources(name, from) {
            let recent = failures.entry(source).or_default();
            recent.push_back(now_ms);
            if recent.len() > ATTEMPTS_MAX {
                recent.pop_front();
            }
        }
        while failures.len() > SOURCES_MAX {
            let oldest = failures.iter().min_by_key(|(_, recent)| recent.back().copied());
            let Some(oldest) = oldest.map(|(source, _)| source.clone()) else { break };
            failures.remove(&oldest);
        }
    }

    /// The data behind the lock; a panic elsewhere cannot have left it half written.
    fn locked(&self) -> MutexGuard<'_, Failures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By what failures are counted. Whoever sits at this machine or comes through its proxy has one
/// address: it does not count.
fn sources(name: &str, from: IpAddr) -> impl Iterator<Item = String> {
    let name = if name.len() > NAME_BYTES_MAX { String::new() } else { name.to_owned() };
    let address = (!from.is_loopback()).then(|| from.to_string());
    std::iter::once(name).chain(address)
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
            attempts.allowed("lan", THERE, 0).unwrap();
            attempts.failed("lan", THERE, 0);
        }
        assert_eq!(attempts.allowed("lan", ELSEWHERE, 1000).unwrap_err(), 59);
        assert_eq!(attempts.allowed("huệ", THERE, 1000).unwrap_err(), 59);
        attempts.allowed("huệ", ELSEWHERE, 1000).unwrap();
        attempts.allowed("lan", THERE, WINDOW_MS).unwrap();
    }

    #[test]
    fn failures_at_the_own_machine_lock_nobody_else_out() {
        let attempts = Attempts::default();
        (0..ATTEMPTS_MAX).for_each(|_| attempts.failed("hoa", HERE, 0));
        attempts.allowed("hoa", HERE, 1000).unwrap_err();
        attempts.allowed("lan", HERE, 1000).unwrap();
    }

    #[test]
    fn ten_thousand_names_of_any_length_are_not_kept_and_the_latest_still_count() {
        let attempts = Attempts::default();
        (0..ATTEMPTS_MAX).for_each(|_| attempts.failed("lan", HERE, 0));
        for number in 1..=10_000 {
            attempts.failed(&number.to_string(), HERE, number);
            attempts.failed(&"x".repeat(1 << 16), HERE, number);
        }
        let failures = attempts.locked();
        assert_eq!(failures.len(), SOURCES_MAX);
        assert!(failures.keys().all(|name| name.len() <= NAME_BYTES_MAX));
        assert!(!failures.contains_key("lan") && failures.contains_key("10000"));
    }
}
