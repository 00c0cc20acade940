//! When the operators are told how a node stands.

use std::time::Duration;

use tokio::time::Instant;

use crate::tuning::Idling;

/// How often it is looked whether a report is due; on an ordinary line one always is.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Reports of one session. On a line that may be silent they go when it is kept alive, and when
/// something has come over it, so that it is awake anyway.
pub(super) struct Reports {
    rest: Option<Duration>,
    last: Option<Instant>,
    has_heard: bool,
}

impl Reports {
    /// Over a line that may be silent for so long.
    pub(super) fn over(idling: Idling) -> Self {
        Self { rest: idling.keep_alive, last: None, has_heard: true }
    }

    /// Something has come over the line.
    pub(super) fn heard(&mut self) {
        self.has_heard = true;
    }

    /// Whether one is due now, and is made then.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let last = self.last.zip(self.rest);
        let has_rested = last.is_some_and(|(last, rest)| now.duration_since(last) >= rest);
        let is_due = self.has_heard || has_rested;
        if is_due {
            (self.last, self.has_heard) = (Some(now), false);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(keep_alive_s: Option<u64>) -> Reports {
        let limit = Duration::from_secs(7200);
        Reports::over(Idling { keep_alive: keep_alive_s.map(Duration::from_secs), limit })
    }

    #[test]
    fn a_report_goes_when_the_line_is_awake_or_kept_alive_and_never_wakes_it() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut often = Reports::over(Idling::default());
        assert!((0..5).all(|look| often.is_due(after(10 * look))), "as on every ordinary line");
        let mut metered = reports(Some(300));
        let due: Vec<u64> = (0..60).filter(|look| metered.is_due(after(10 * look))).collect();
        assert_eq!(due, [0, 30]);
        let mut silent = reports(None);
        assert!(silent.is_due(after(0)) && !silent.is_due(after(7000)));
        silent.heard();
        assert!(silent.is_due(after(7010)) && !silent.is_due(after(7020)));
    }
}
