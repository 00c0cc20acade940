//! Waiting for something to become true: the one place where tests let time pass.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until the condition gives something, and returns it.
///
/// # Panics
///
/// When the deadline passes first; the message says what was awaited.
pub fn until<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < deadline, "not within {deadline:?}: {what}");
        thread::sleep(LOOK_EVERY);
    }
}

/// Looks until the condition is empty of what is still missing; the message lists the rest.
///
/// # Panics
///
/// When something is still missing at the deadline.
pub fn until_nothing_is_missing(
    what: &str,
    deadline: Duration,
    mut missing: impl FnMut() -> Vec<String>,
) {
    let began = Instant::now();
    loop {
        let rest = missing();
        if rest.is_empty() {
            return;
        }
        let shown = rest.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
        assert!(
            began.elapsed() < deadline,
            "not within {deadline:?}: {what}; {} missing: {shown}",
            rest.len()
        );
        thread::sleep(LOOK_EVERY * 5);
    }
}
