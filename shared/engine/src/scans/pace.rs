//! How much of a scan may be on the way, and when one that waits may go before more urgent data.

use std::time::Duration;

use hoso_sync::scan::GROUP_BYTES;
use tokio::time::Instant;

/// Bytes that may be on the way at least: fewer would stop a short line.
const AHEAD_BYTES_MIN: u64 = 2 * GROUP_BYTES;
/// Bytes that may be on the way at most.
const AHEAD_BYTES_MAX: u64 = 512 * 1024;
/// How long a rate is measured at least.
const MEASURED: Duration = Duration::from_millis(200);
/// How long a scan waits behind more urgent data before it is given its part of the line.
const PATIENCE: Duration = Duration::from_secs(60);
/// So much longer than its turn a scan waits for the next one: it has a tenth of the line.
const OTHERS: u32 = 9;

/// How far ahead of what has come a scan is sent: twice what the line holds by the rate at which it
/// came lately and by the shortest round trip. Once is what is on the way; as much again lets the
/// rate grow, and is all that anything more urgent can have before it.
#[derive(Debug)]
pub struct Pace {
    since: Instant,
    from: u64,
    /// Bytes per second, of the last measurements.
    rates: [u64; 4],
    shortest: Duration,
}

impl Pace {
    /// A scan that goes on from that byte.
    #[must_use]
    pub fn new(now: Instant, from: u64) -> Self {
        Self { since: now, from, rates: [0; 4], shortest: Duration::MAX }
    }

    /// So many bytes have come, and a round trip takes so long now.
    pub fn came(&mut self, now: Instant, bytes: u64, round_trip: Duration) {
        self.shortest = self.shortest.min(round_trip);
        let took = now.saturating_duration_since(self.since);
        if took < MEASURED.max(round_trip) {
            return;
        }
        let came = u128::from(bytes.saturating_sub(self.from)).saturating_mul(1000);
        let rate = came.checked_div(took.as_millis()).unwrap_or_default();
        let [_, rest @ ..] = self.rates;
        let [second, third, fourth] = rest;
        self.rates = [second, third, fourth, u64::try_from(rate).unwrap_or(u64::MAX)];
        (self.since, self.from) = (now, bytes);
    }

    /// Bytes that may be on the way.
    #[must_use]
    pub fn window(&self) -> u64 {
        let rate = self.rates.into_iter().max().unwrap_or_default();
        let millis = u64::try_from(self.shortest.as_millis()).unwrap_or(u64::MAX);
        let holds = rate.saturating_mul(millis).saturating_mul(2) / 1000;
        holds.clamp(AHEAD_BYTES_MIN, AHEAD_BYTES_MAX)
    }
}

/// Whose turn it is on a line that more urgent data fills.
#[derive(Debug)]
pub struct Turns {
    is_urgent: bool,
    began: Instant,
    due: Instant,
    /// From which byte on what comes shows that the line has room again; none while it has.
    calm_from: Option<u64>,
}

impl Turns {
    /// From now on.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { is_urgent: false, began: now, due: now + PATIENCE, calm_from: None }
    }

    /// When the scan is to go first, unless more of it comes before.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        (!self.is_urgent).then_some(self.due)
    }

    /// It has waited for long enough.
    pub fn begin(&mut self, now: Instant) {
        (self.is_urgent, self.began) = (true, now);
    }

    /// More of it has come, while so much was sent; whether its turn has ended by that.
    pub fn came(&mut self, now: Instant, bytes: u64, sent: u64) -> bool {
        if self.is_urgent {
            let turn = now.saturating_duration_since(self.began);
            self.due = now + turn.saturating_mul(OTHERS);
            (self.is_urgent, self.calm_from) = (false, Some(sent.saturating_add(GROUP_BYTES)));
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

    /// A line of 250 kB a second with this round trip, on which a scan is alone: what is on the way
    /// at most after some seconds.
    fn ahead_on(round_trip: Duration) -> (u64, u64) {
        let (begun, rate) = (Instant::now(), 250_u64);
        let mut pace = Pace::new(begun, 0);
        let (mut sent, mut came, mut most) = (0_u64, 0_u64, 0);
        let delay = u64::try_from(round_trip.as_millis()).unwrap();
        let mut on_line = std::collections::VecDeque::from([(0_u64, 0_u64)]);
        for milli in 1..20_000_u64 {
            sent = sent.max(came + pace.window());
            let (free, through) = on_line.back().copied().unwrap();
            if sent >= through + GROUP_BYTES {
                let arrives = free.max(milli) + GROUP_BYTES / rate;
                on_line.push_back((arrives, through + GROUP_BYTES));
            }
            while on_line.len() > 1 && on_line[1].0 + delay <= milli {
                on_line.pop_front();
                came = on_line[0].1;
                pace.came(begun + Duration::from_millis(milli), came, round_trip);
            }
            if milli > 5_000 {
                most = most.max(sent - came);
            }
        }
        (most, came / 20)
    }

    #[test]
    fn twice_what_the_line_holds_is_on_the_way_and_the_line_is_full() {
        for (round_trip_ms, at_most) in [(40, 33_000), (300, 200_000), (600, 380_000)] {
            let (most, rate) = ahead_on(Duration::from_millis(round_trip_ms));
            assert!(most <= at_most, "{round_trip_ms} ms: {most} bytes were on the way");
            assert!(rate > 200_000, "{round_trip_ms} ms: {rate} bytes a second");
        }
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
        assert_eq!(turns.due(), Some(at(72 + 18)), "nine times as long for the others");
        assert!(!turns.came(at(75), 2 * GROUP_BYTES, 3 * GROUP_BYTES));
        assert_eq!(turns.due(), Some(at(90)), "what was sent in its turn comes later");
        turns.begin(at(90));
        assert!(turns.came(at(91), 3 * GROUP_BYTES, 4 * GROUP_BYTES));
        assert!(!turns.came(at(93), 5 * GROUP_BYTES, 6 * GROUP_BYTES));
        assert_eq!(turns.due(), Some(at(153)), "the line has room again");
    }
}
