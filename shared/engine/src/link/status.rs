//! How a node's link stands.

use hoso_store::link::Past;
use hoso_sync::wire::Farewell;

use crate::clock;

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
    /// Whether this node and the relay compare what they have before anything else.
    pub healing: bool,
    /// The highest journal number that was ever put on the line.
    pub sent_through: u64,
    /// How often this node and the relay have healed each other.
    pub healed: u64,
    /// Entries that healing has brought since the program started.
    pub healed_entries: u64,
    /// Why the last session ended, if one side said so.
    pub farewell: Option<Farewell>,
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
            healing: false,
            sent_through: 0,
            healed: past.healed,
            healed_entries: 0,
            farewell: None,
            error: None,
        }
    }
}
