//! Which machines of the unit are connected.

use std::collections::BTreeMap;

use hoso_identity::NodeId;

use crate::close::CloseCode;

/// Milliseconds after which it is news again that a machine was turned away for the same reason.
const NEWS_AGAIN_MS: u64 = 60 * 60 * 1000;

/// How another machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Whether the two talk.
    pub is_connected: bool,
    /// Since when, Unix milliseconds.
    pub since_ms: u64,
}

/// A machine that was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnedAway {
    /// Why: a stranger, or ended.
    pub why: CloseCode,
    /// When, Unix milliseconds.
    pub at_ms: u64,
}

/// What is known of the other machines since the program started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LanStatus {
    /// Whether there are places to dial or to listen.
    pub is_wanted: bool,
    /// Whether the own place could not be opened; it is tried again.
    pub is_closed: bool,
    /// Those that were met.
    pub machines: BTreeMap<NodeId, Machine>,
    /// Connections of machines that may not be let in: none of the unit's, or ended.
    pub turned_away: u64,
    /// The last of them.
    pub last_turned_away: Option<TurnedAway>,
}

impl LanStatus {
    /// Whether that machine is connected.
    #[must_use]
    pub fn is_connected(&self, machine: &NodeId) -> bool {
        self.machines.get(machine).is_some_and(|machine| machine.is_connected)
    }

    /// Whether there should be another machine and none is connected.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.is_wanted && !self.machines.values().any(|machine| machine.is_connected)
    }

    /// Notes whether the own place could not be opened; gives whether that is new.
    pub(super) fn set_closed(&mut self, is_closed: bool) -> bool {
        std::mem::replace(&mut self.is_closed, is_closed) != is_closed
    }

    /// Notes one that was not let in; gives whether that is news.
    pub(super) fn turn_away(&mut self, why: CloseCode, at_ms: u64) -> bool {
        self.turned_away = self.turned_away.saturating_add(1);
        let last = self.last_turned_away.replace(TurnedAway { why, at_ms });
        let is_known =
            |last: TurnedAway| last.why == why && at_ms.saturating_sub(last.at_ms) < NEWS_AGAIN_MS;
        !last.is_some_and(is_known)
    }

    pub(super) fn set(&mut self, machine: NodeId, is_connected: bool, since_ms: u64) {
        let fresh = Machine { is_connected, since_ms };
        let known = self.machines.entry(machine).or_insert(fresh);
        if known.is_connected != is_connected {
            *known = fresh;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_is_turned_away_again_and_again_is_news_once_for_each_reason() {
        let mut status = LanStatus::default();
        assert!(status.turn_away(CloseCode::Stranger, 1_000));
        assert!(!status.turn_away(CloseCode::Stranger, 2_000));
        assert!(status.turn_away(CloseCode::Ended, 3_000));
        assert!(status.turn_away(CloseCode::Ended, 3_000 + NEWS_AGAIN_MS));
        assert_eq!(status.turned_away, 4);
        let last = TurnedAway { why: CloseCode::Ended, at_ms: 3_000 + NEWS_AGAIN_MS };
        assert_eq!(status.last_turned_away, Some(last));
    }
}
