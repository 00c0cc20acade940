//! Which machines of the unit are connected.

use std::collections::BTreeMap;

use hoso_identity::NodeId;

/// How another machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Whether the two talk.
    pub is_connected: bool,
    /// Since when, Unix milliseconds.
    pub since_ms: u64,
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

    pub(super) fn set(&mut self, machine: NodeId, is_connected: bool, since_ms: u64) {
        let fresh = Machine { is_connected, since_ms };
        let known = self.machines.entry(machine).or_insert(fresh);
        if known.is_connected != is_connected {
            *known = fresh;
        }
    }
}
