//! How the other machines of the unit stand, which keep a second copy.

use hoso_identity::NodeId;
use hoso_registry::state::NodeFacts;
use hoso_store::{StoreError, journal, peers, tables::Peer, writer::Tx};
use serde_json::{Value, json};

use super::Office;
use crate::times;

/// Another machine of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    /// Its id in the registry.
    pub(crate) node: String,
    /// What people call it.
    pub(crate) label: String,
    /// Whether the two talk.
    pub(crate) is_connected: bool,
    /// Since when, Unix milliseconds; none before it was met since this program started.
    pub(crate) since_ms: Option<u64>,
    /// Entries of the own journal that it has not acknowledged and that no feed brings it.
    pub(crate) pending: u64,
    /// When it last acknowledged something, Unix milliseconds.
    pub(crate) acknowledged_ms: Option<u64>,
}

impl Office {
    /// The other machines of the unit, by id; none where none was ever met and none is looked for.
    pub(crate) async fn copies(&self) -> Result<Vec<Copy>, StoreError> {
        let (status, state) = (self.lan.borrow().clone(), self.state());
        let own = self.node().map(|own| own.id);
        let others = state.nodes_of_unit(self.unit());
        let others: Vec<&NodeFacts> =
            others.filter(|node| node.ended.is_none() && Some(node.id) != own).collect();
        let ids: Vec<NodeId> = others.iter().map(|node| node.id).collect();
        let is_wanted = status.is_wanted;
        let known = self.memory.read(move |tx| known(tx, &ids, is_wanted)).await?;
        let copy = others.into_iter().zip(known).map(|(node, (peer, pending))| Copy {
            node: node.id.to_string(),
            label: node.label.clone(),
            is_connected: status.is_connected(&node.id),
            since_ms: status.machines.get(&node.id).map(|machine| machine.since_ms),
            pending,
            acknowledged_ms: peer.and_then(|peer| peer.copied_ms),
        });
        Ok(copy.collect())
    }
}

/// What is kept of each of these machines, and how many entries it may lack; nothing of any where
/// none was ever met and none is looked for.
fn known(
    tx: &mut Tx<'_>,
    machines: &[NodeId],
    is_wanted: bool,
) -> Result<Vec<(Option<Peer>, u64)>, StoreError> {
    let peers = peers::all(tx)?;
    if !is_wanted && peers.is_empty() {
        return Ok(Vec::new());
    }
    let of = |machine: &NodeId| {
        let peer = peers.iter().find(|peer| peer.copy.node == *machine).copied();
        Ok((peer, journal::lacking(tx, peer.map_or(0, |peer| peer.copied))?))
    };
    machines.iter().map(of).collect()
}

impl Copy {
    /// It as `GET /sync` gives it.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "node": self.node,
            "label": self.label,
            "connected": self.is_connected,
            "since": self.since_ms.and_then(times::text_of),
            "pending_entries": self.pending,
            "last_ack_at": self.acknowledged_ms.and_then(times::text_of),
        })
    }
}
