//! Congestion control by what is delivered: the window is a little more than what the line holds,
//! by the rate at which data came through lately and by the shortest round trip. What a bad line
//! loses by chance does not make it smaller; what a full line delays or drops does, since less
//! comes through. A window near what the line holds keeps the queue before the line short, which
//! is all that anything urgent has before it.

use std::{
    any::Any,
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use quinn::congestion::{Controller, ControllerFactory};
use quinn_proto::RttEstimator;

/// Datagrams of the first window, which are sent over a round trip.
const DATAGRAMS_FIRST: u64 = 32;
/// Datagrams that may be on the way at least.
const DATAGRAMS_MIN: u64 = 8;
/// Rounds in which the greatest rate is looked for.
const ROUNDS: usize = 10;
/// How long the shortest round trip counts before the queue is emptied to measure it again.
const TRIP_COUNTS: Duration = Duration::from_secs(10);
/// What a computer that has other work adds to a round trip: on a short line it would be most of
/// it.
const WORK: Duration = Duration::from_millis(10);
/// Rounds without growth after which the line is known to be full.
const ROUNDS_FULL: u32 = 2;

/// Makes a [`Delivery`] for each connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DeliveryConfig;

impl ControllerFactory for DeliveryConfig {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        Box::new(Delivery::new(now, current_mtu.into()))
    }
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The window grows by what comes through until that is no more than before, for so many
    /// rounds.
    Grow(u32),
    /// The window follows what the line holds.
    Follow,
    /// The queue is emptied for so many more rounds, and the shortest round trip of these is the
    /// line's.
    Empty(u32),
}

/// What came through since the last packet was sent that is acknowledged now.
#[derive(Clone, Copy, Debug)]
struct Round {
    began: Instant,
    delivered: u64,
    lost: u64,
    /// Whether there was at some time less to send than might have been.
    was_idle: bool,
    has_ended: bool,
}

impl Round {
    fn begin(began: Instant) -> Self {
        Self { began, delivered: 0, lost: 0, was_idle: false, has_ended: false }
    }

    /// Bytes per second.
    fn rate(&self, now: Instant) -> u64 {
        let nanos = now.saturating_duration_since(self.began).as_nanos();
        let bytes = u128::from(self.delivered).saturating_mul(1_000_000_000);
        bytes.checked_div(nanos).and_then(|rate| u64::try_from(rate).ok()).unwrap_or_default()
    }
}

/// The congestion control of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    datagram: u64,
    phase: Phase,
    round: Round,
    /// Bytes per second of the last rounds in which the line was used, the newest last.
    rates: VecDeque<u64>,
    shortest: Option<Duration>,
    shortest_at: Instant,
    /// The shortest round trip since the queue began to be emptied.
    emptied: Option<Duration>,
    window: u64,
}

impl Delivery {
    fn new(now: Instant, datagram: u64) -> Self {
        Self {
            datagram,
            phase: Phase::Grow(0),
            round: Round::begin(now),
            rates: VecDeque::new(),
            shortest: None,
            shortest_at: now,
            emptied: None,
            window: datagram.saturating_mul(DATAGRAMS_FIRST),
        }
    }

    fn rate(&self) -> u64 {
        self.rates.iter().copied().max().unwrap_or_default()
    }

    /// So many quarters of what the line holds.
    fn holds(&self, quarters: u64) -> u64 {
        let trip = self.shortest.unwrap_or_default().saturating_add(WORK);
        let micros = u64::try_from(trip.as_micros()).unwrap_or(u64::MAX);
        self.rate().saturating_mul(quarters).saturating_mul(micros) / 4_000_000
    }

    /// A round has ended.
    fn turn(&mut self, now: Instant) {
        let round = self.round;
        self.round = Round::begin(now);
        let (rate, best) = (round.rate(now), self.rate());
        if round.was_idle && rate <= best {
            return self.emptying(now);
        }
        if round.lost.saturating_mul(3) > round.delivered {
            // More is sent than comes through: what came through before counts no longer.
            self.rates.clear();
        } else if self.rates.len() >= ROUNDS {
            self.rates.pop_front();
        }
        self.rates.push_back(rate);
        if let Phase::Grow(full) = self.phase {
            let has_grown = rate >= best.saturating_add(best / 4);
            let full = if has_grown { 0 } else { full.saturating_add(1) };
            self.phase = if full >= ROUNDS_FULL { Phase::Follow } else { Phase::Grow(full) };
        }
        self.emptying(now);
    }

    /// Empties the queue when the shortest round trip was long ago, and ends to do so.
    fn emptying(&mut self, now: Instant) {
        match self.phase {
            Phase::Empty(0) => {
                (self.shortest, self.shortest_at) = (self.emptied.or(self.shortest), now);
                (self.emptied, self.phase) = (None, Phase::Follow);
            }
            Phase::Empty(rounds) => self.phase = Phase::Empty(rounds.saturating_sub(1)),
            Phase::Follow if now.saturating_duration_since(self.shortest_at) > TRIP_COUNTS => {
                (self.emptied, self.phase) = (None, Phase::Empty(1));
            }
            Phase::Follow | Phase::Grow(_) => {}
        }
    }

    /// A packet took so long to be acknowledged.
    fn took(&mut self, now: Instant, trip: Duration) {
        if self.shortest.is_none_or(|shortest| trip <= shortest) {
            (self.shortest, self.shortest_at) = (Some(trip), now);
        }
        if matches!(self.phase, Phase::Empty(_)) {
            self.emptied = Some(self.emptied.map_or(trip, |emptied| emptied.min(trip)));
        }
    }

    /// A packet is acknowledged; `is_idle`: there is less to send than may be.
    fn acknowledged(&mut self, now: Instant, sent: Instant, bytes: u64, is_idle: bool) {
        self.took(now, now.saturating_duration_since(sent));
        self.round.delivered = self.round.delivered.saturating_add(bytes);
        self.round.was_idle |= is_idle;
        self.round.has_ended |= sent >= self.round.began;
        if matches!(self.phase, Phase::Grow(_)) && !is_idle {
            self.window = self.window.saturating_add(bytes);
        }
    }

    /// The window after what was acknowledged at once.
    fn adapt(&mut self, now: Instant) {
        if self.round.has_ended {
            self.turn(now);
        }
        let least = self.datagram.saturating_mul(DATAGRAMS_MIN);
        let first = self.datagram.saturating_mul(DATAGRAMS_FIRST);
        self.window = match self.phase {
            Phase::Grow(_) => self.window.min(self.holds(12).max(first)),
            Phase::Follow => self.holds(6).max(least),
            Phase::Empty(_) => self.holds(2).max(least),
        };
    }
}

impl Controller for Delivery {
    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        _rtt: &RttEstimator,
    ) {
        self.acknowledged(now, sent, bytes, app_limited);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        _in_flight: u64,
        _app_limited: bool,
        _largest_packet_num_acked: Option<u64>,
    ) {
        self.adapt(now);
    }

    fn on_congestion_event(
        &mut self,
        _now: Instant,
        _sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        self.round.lost = self.round.lost.saturating_add(lost_bytes);
        if is_persistent_congestion {
            // The line was dead, or is another one.
            self.rates.clear();
            self.phase = Phase::Grow(0);
            self.window = self.datagram.saturating_mul(DATAGRAMS_MIN);
        }
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.datagram = new_mtu.into();
        self.window = self.window.max(self.datagram.saturating_mul(DATAGRAMS_MIN));
    }

    fn window(&self) -> u64 {
        self.window
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        self.datagram.saturating_mul(DATAGRAMS_FIRST)
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATAGRAM: u64 = 1200;
    /// How long a datagram waits before the line at most.
    const QUEUE_MS: u64 = 1000;

    /// A line, and a side that always has something to send.
    struct Line {
        begun: Instant,
        control: Delivery,
        milli: u64,
        /// Bytes in a millisecond, milliseconds of a round trip, how many are lost of a hundred.
        rate: u64,
        trip: u64,
        lost: u64,
        free: u64,
        in_flight: u64,
        number: u64,
        /// When it is known what became of each: when it was sent, whether it came.
        on_way: VecDeque<(u64, u64, bool)>,
        came: u64,
        waited_most: u64,
    }

    impl Line {
        fn new(rate: u64, trip: u64, lost: u64) -> Self {
            let begun = Instant::now();
            let control = Delivery::new(begun, DATAGRAM);
            let on_way = VecDeque::new();
            let (milli, free, in_flight, number) = (0, 0, 0, 0);
            let (came, waited_most) = (0, 0);
            Self {
                begun,
                control,
                milli,
                rate,
                trip,
                lost,
                free,
                in_flight,
                number,
                on_way,
                came,
                waited_most,
            }
        }

        fn at(&self, milli: u64) -> Instant {
            self.begun + Duration::from_millis(milli)
        }

        fn send(&mut self) {
            self.number += 1;
            self.in_flight += DATAGRAM;
            let waits = self.free.saturating_sub(self.milli * 1000);
            let is_lost = self.number * 37 % 100 < self.lost || waits > QUEUE_MS * 1000;
            if !is_lost {
                self.free = self.free.max(self.milli * 1000) + DATAGRAM * 1000 / self.rate;
            }
            self.waited_most = self.waited_most.max(waits / 1000);
            let due = self.free.max(self.milli * 1000) / 1000 + self.trip;
            self.on_way.push_back((due, self.milli, !is_lost));
        }

        /// Bytes that came in a second, and how long one waited at most, in so many seconds.
        fn run(&mut self, seconds: u64) -> (u64, u64) {
            (self.came, self.waited_most) = (0, 0);
            let until = self.milli + seconds * 1000;
            while self.milli < until {
                self.milli += 1;
                let now = self.at(self.milli);
                let mut is_told = false;
                while let Some((_, sent, has_come)) =
                    self.on_way.pop_front_if(|one| one.0 <= self.milli)
                {
                    self.in_flight -= DATAGRAM;
                    let sent = self.at(sent);
                    if has_come {
                        self.came += DATAGRAM;
                        self.control.acknowledged(now, sent, DATAGRAM, false);
                        is_told = true;
                    } else {
                        self.control.on_congestion_event(now, sent, false, DATAGRAM);
                    }
                }
                if is_told {
                    self.control.adapt(now);
                }
                while self.in_flight + DATAGRAM <= self.control.window() {
                    self.send();
                }
            }
            (self.came / seconds, self.waited_most)
        }
    }

    #[test]
    fn a_line_that_loses_by_chance_is_full_and_what_waits_before_it_is_short() {
        for (trip, lost) in [(40, 0), (40, 5), (300, 0), (300, 5), (600, 10)] {
            let mut line = Line::new(250, trip, lost);
            line.run(12);
            let (rate, waited) = line.run(60);
            assert!(rate > 210_000, "{trip} ms, {lost} %: {rate} bytes a second");
            assert!(waited <= trip + 50, "{trip} ms, {lost} %: waited {waited} ms");
        }
    }

    #[test]
    fn a_line_is_full_after_few_round_trips() {
        let (rate, _) = Line::new(250, 300, 5).run(3);
        assert!(rate > 150_000, "{rate} bytes a second");
    }

    #[test]
    fn a_line_that_has_become_longer_is_full_again_after_some_seconds() {
        let mut line = Line::new(25_000, 1, 0);
        line.run(2);
        (line.rate, line.trip, line.lost) = (250, 300, 5);
        line.run(20);
        let (rate, waited) = line.run(20);
        assert!(rate > 210_000 && waited < 400, "{rate} bytes a second, waited {waited} ms");
    }

    #[test]
    fn a_line_that_has_become_narrow_is_not_flooded() {
        let mut line = Line::new(250, 300, 0);
        line.run(10);
        line.rate = 25;
        line.run(20);
        let (rate, waited) = line.run(30);
        assert!(rate > 21_000 && waited < 900, "{rate} bytes a second, waited {waited} ms");
    }

    #[test]
    fn little_to_send_says_nothing_of_the_line() {
        let mut line = Line::new(250, 300, 0);
        line.run(10);
        let known = line.control.rate();
        for minute in 1..60 {
            let now = line.at(line.milli + minute * 60_000);
            line.control.acknowledged(now, now - Duration::from_millis(300), 40, true);
            line.control.adapt(now);
        }
        assert_eq!(line.control.rate(), known);
    }
}
