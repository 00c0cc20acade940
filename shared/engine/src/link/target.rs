//! Whom a node dials.

use hoso_identity::PublicKey;
use hoso_registry::State as Registry;

/// Where the relay is and how it is known, as the invitation said.
#[derive(Clone, Debug)]
pub struct Target {
    /// `host:port`, tried in this order.
    pub addresses: Vec<String>,
    /// The key that the relay must prove.
    pub relay: PublicKey,
    /// The node's version, for the operators.
    pub version: String,
}

impl Target {
    /// The addresses and the key of today: what the registry says takes the place of the
    /// invitation.
    #[must_use]
    pub fn today(&self, state: &Registry) -> (Vec<String>, PublicKey) {
        let Some(relay) = state.relay_keys() else { return (self.addresses.clone(), self.relay) };
        let named = !relay.addresses.is_empty();
        let addresses = if named { &relay.addresses } else { &self.addresses };
        (addresses.clone(), relay.transport)
    }
}
