//! How a node's link stands.

use hoso_store::link::Past;
use hoso_sync::wire::Farewell;

use super::Forecast;
use crate::clock::{self, Reading};

/// Dials in vain after which it is said that nothing comes back: one may be bad luck.
const UNANSWERED_MIN: u32 = 2;

/// How the link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Switched off.
    Off,
    /// Being dialled.
    Down,
    /// After the relay's `Welcome`.
    Up,
}

impl State {
    /// The word of the interface.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Down => "down",
            Self::Up => "up",
        }
    }
}

/// What is known of the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// How it stands.
    pub state: State,
    /// Since when, Unix milliseconds.
    pub since_ms: u64,
    /// When the relay last acknowledged something, Unix milliseconds.
    pub acknowledged_ms: Option<u64>,
    /// When the relay was last heard, Unix milliseconds.
    pub heard_ms: Option<u64>,
    /// The own clock less the relay's at the last `Welcome`, milliseconds.
    pub clock_skew_ms: i64,
    /// Both clocks when that was measured; before the first `Welcome` when the program started.
    pub measured: Reading,
    /// Whether this node and the relay compare what they have before anything else.
    pub healing: bool,
    /// The highest journal number that was ever put on the line.
    pub sent_through: u64,
    /// How long what waits will take, as it was last looked at.
    pub forecast: Forecast,
    /// Scans that the relay has no room for now: they are offered again.
    pub scans_without_room: u64,
    /// How often this node and the relay have healed each other.
    pub healed: u64,
    /// Entries that healing has brought since the program started.
    pub healed_entries: u64,
    /// Why the last session ended, if one side said so.
    pub farewell: Option<Farewell>,
    /// How often the relay was dialled in vain since it last answered in any way, with nothing
    /// that says why: no datagram came back though this machine has a way to it.
    pub unanswered: u32,
    /// Why there is no link, for logs and the operator; none while it is up.
    pub error: Option<String>,
}

impl LinkStatus {
    /// A link that this program has not dialled yet. An outage that it did not see the beginning
    /// of lasts since then.
    #[must_use]
    pub fn since(past: &Past) -> Self {
        let state = if past.state == State::Off.code() { State::Off } else { State::Down };
        let lasts = past.state == state.code() && past.since_ms > 0;
        Self {
            state,
            since_ms: if lasts { past.since_ms } else { clock::now_ms() },
            acknowledged_ms: past.acknowledged_ms,
            heard_ms: None,
            clock_skew_ms: 0,
            measured: Reading::now(),
            healing: false,
            sent_through: 0,
            forecast: Forecast::default(),
            scans_without_room: 0,
            healed: past.healed,
            healed_entries: 0,
            farewell: None,
            unanswered: 0,
            error: None,
        }
    }

    /// How far the own clock is ahead of the relay's, milliseconds, also when it was set since the
    /// last `Welcome`.
    #[must_use]
    pub fn skew_ms(&self) -> i64 {
        self.clock_skew_ms.saturating_add(self.measured.moved_ms(Reading::now()))
    }

    /// Whether it must be said that nothing comes back: UDP is blocked on the way, or the relay
    /// is off. Known about 40 s after the last datagram of a link, and 20 s after a start.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.state == State::Down && self.unanswered >= UNANSWERED_MIN
    }

    /// Whether the relay ended the last session so that only the province can let the next one
    /// last.
    #[must_use]
    pub fn is_turned_away(&self) -> bool {
        match self.farewell {
            Some(
                Farewell::Unknown
                | Farewell::Fuse
                | Farewell::Version
                | Farewell::Realm
                | Farewell::Ended
                | Farewell::Epoch,
            ) => true,
            Some(
                Farewell::Leaving
                | Farewell::Pending
                | Farewell::Replaced
                | Farewell::Copy
                | Farewell::Again
                | Farewell::Protocol
                | Farewell::Storage
                | Farewell::Silence,
            )
            | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_no_refusal_and_an_ended_node_is_turned_away() {
        let past = Past { state: "down".to_owned(), since_ms: 1, acknowledged_ms: None, healed: 0 };
        let after = |farewell| LinkStatus { farewell, ..LinkStatus::since(&past) };
        for (farewell, expected) in [
            (None, false),
            (Some(Farewell::Silence), false),
            (Some(Farewell::Again), false),
            (Some(Farewell::Ended), true),
            (Some(Farewell::Version), true),
        ] {
            assert_eq!(after(farewell).is_turned_away(), expected, "{farewell:?}");
        }
    }
}
