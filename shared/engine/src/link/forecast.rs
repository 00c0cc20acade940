//! How long what waits will take, by what has moved in the last minutes.

use std::collections::VecDeque;

/// Milliseconds over which a rate is measured: long enough for a line that stands still in between.
const WINDOW_MS: u64 = 5 * 60_000;

/// What waits on the link, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Of entries that the relay has not acknowledged, as they were signed.
    pub entries: u64,
    /// Of scans that the relay is to have.
    pub scans_up: u64,
    /// Of scans that are to come here.
    pub scans_down: u64,
}

/// Seconds that it will take; none where nothing waits or nothing has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// For the entries.
    pub entries_s: Option<u64>,
    /// For the scans that the relay is to have.
    pub scans_up_s: Option<u64>,
    /// For the scans that are to come here.
    pub scans_down_s: Option<u64>,
}

/// Bytes that have gone over the wire for scans, ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) up: u64,
    pub(super) down: u64,
}

/// How fast each kind of what waits becomes less.
#[derive(Clone, Debug, Default)]
pub(super) struct Paces {
    entries: Pace,
    /// Bytes of entries that were acknowledged since the session began.
    acknowledged: u64,
    waited: u64,
    scans_up: Pace,
    scans_down: Pace,
}

impl Paces {
    /// Takes what waits now and what was carried up to now; gives how long it will take.
    pub(super) fn look(&mut self, now_ms: u64, waiting: &Waiting, carried: Carried) -> Forecast {
        // New work makes it more: only what became less was acknowledged.
        let gone = self.waited.saturating_sub(waiting.entries);
        self.acknowledged = self.acknowledged.saturating_add(gone);
        self.waited = waiting.entries;
        Forecast {
            entries_s: self.entries.seconds(now_ms, self.acknowledged, waiting.entries),
            scans_up_s: self.scans_up.seconds(now_ms, carried.up, waiting.scans_up),
            scans_down_s: self.scans_down.seconds(now_ms, carried.down, waiting.scans_down),
        }
    }
}

/// The mean rate of the last minutes in which something waited.
#[derive(Clone, Debug, Default)]
struct Pace {
    /// When so many bytes had moved; the oldest first.
    seen: VecDeque<(u64, u64)>,
}

impl Pace {
    /// How long the rest will take at the rate of the last minutes.
    fn seconds(&mut self, now_ms: u64, moved: u64, rest: u64) -> Option<u64> {
        if rest == 0 {
            // A line that has nothing to carry is not slow.
            self.seen.clear();
            return None;
        }
        self.seen.push_back((now_ms, moved));
        while self.seen.get(1).is_some_and(|(at_ms, _)| now_ms.saturating_sub(*at_ms) >= WINDOW_MS)
        {
            self.seen.pop_front();
        }
        let (since_ms, before) = *self.seen.front()?;
        let (took_ms, bytes) = (now_ms.saturating_sub(since_ms), moved.saturating_sub(before));
        let seconds = u128::from(rest) * u128::from(took_ms) / 1000;
        let seconds = seconds.checked_div(u128::from(bytes)).filter(|_| took_ms > 0)?;
        Some(u64::try_from(seconds).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks every ten seconds while `step` bytes move; gives what is said at the end.
    fn after(pace: &mut Pace, looks: std::ops::Range<u64>, step: u64, rest: u64) -> Option<u64> {
        looks.map(|look| pace.seconds(look * 10_000, look * step, rest)).last().flatten()
    }

    #[test]
    fn nothing_is_said_before_anything_has_moved_and_nothing_when_nothing_waits() {
        let mut pace = Pace::default();
        assert_eq!(pace.seconds(0, 500, 1_000), None, "what moved before is no rate");
        assert_eq!(pace.seconds(10_000, 500, 1_000), None, "nothing has moved");
        assert_eq!(pace.seconds(20_000, 600, 1_000), Some(200));
        assert_eq!(pace.seconds(30_000, 700, 0), None);
        assert_eq!(pace.seconds(40_000, 700, 900), None, "it begins anew");
    }

    #[test]
    fn a_steady_line_is_told_what_it_takes_and_one_that_stands_still_for_minutes_nothing() {
        let mut pace = Pace::default();
        assert_eq!(after(&mut pace, 0..60, 100_000, 36_000_000), Some(3_600));
        let stood = pace.seconds(750_000, 5_900_000, 36_000_000).unwrap();
        assert!((3_600..10_000).contains(&stood), "a stop is taken into the mean: {stood}");
        assert_eq!(pace.seconds(1_100_000, 5_900_000, 36_000_000), None, "nothing moves any more");
    }

    #[test]
    fn a_burst_or_a_pause_of_one_look_changes_what_is_said_by_a_part_only() {
        let mut pace = Pace::default();
        let before = after(&mut pace, 0..31, 100_000, 36_000_000).unwrap();
        let burst = pace.clone().seconds(310_000, 3_000_000 + 1_000_000, 36_000_000).unwrap();
        let pause = pace.seconds(310_000, 3_000_000, 36_000_000).unwrap();
        assert!(burst * 3 > before * 2 && burst < before, "{burst} after {before}");
        assert!(pause * 10 < before * 12 && pause >= before, "{pause} after {before}");
    }

    #[test]
    fn entries_and_scans_are_told_apart_and_new_work_is_no_step_back() {
        let mut paces = Paces::default();
        let waiting = |entries| Waiting { entries, scans_up: 50_000, scans_down: 0 };
        let carried = |up| Carried { up, down: 700 };
        assert_eq!(paces.look(0, &waiting(10_000), carried(0)), Forecast::default());
        let said = paces.look(10_000, &waiting(9_000), carried(0));
        assert_eq!(said, Forecast { entries_s: Some(90), ..Forecast::default() });
        let said = paces.look(20_000, &waiting(12_000), carried(100));
        assert_eq!((said.entries_s, said.scans_up_s), (Some(240), Some(10_000)));
        assert_eq!(said.scans_down_s, None);
    }
}
