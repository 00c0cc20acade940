//! How a node's link stands.

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
    /// The highest journal number that was ever put on the line.
    pub sent_through: u64,
    /// Since when the oldest entry waits that the relay has not acknowledged, Unix milliseconds.
    /// What was written before the program started counts from its start.
    pub pending_since_ms: Option<u64>,
    /// How often this node and the relay have healed each other since the program started.
    pub healed: u64,
    /// Entries that healing has brought since the program started.
    pub healed_entries: u64,
    /// Why the last session ended, if one side said so.
    pub farewell: Option<Farewell>,
    /// Why there is no link, for logs and the operator; none while it is up.
    pub error: Option<String>,
}

impl LinkStatus {
    /// A link that has not been dialled.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Down,
            since_ms: clock::now_ms(),
            acknowledged_ms: None,
            sent_through: 0,
            pending_since_ms: None,
            healed: 0,
            healed_entries: 0,
            farewell: None,
            error: None,
        }
    }
}

impl Default for LinkStatus {
    fn default() -> Self {
        Self::new()
    }
}
