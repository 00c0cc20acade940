//! How the other machines of the unit stand, which keep a second copy.

use hoso_store::{
    StoreError, peers,
    tables::{JournalTables, Peer},
    writer::Tx,
};
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
    /// Entries of this machine's journal that it has not acknowledged.
    pub(crate) pending: u64,
    /// When it last acknowledged something, Unix milliseconds.
    pub(crate) acknowledged_ms: Option<u64>,
}

impl Office {
    /// The other machines of the unit, by id; none where none was ever met and none is looked for.
    pub(crate) async fn copies(&self) -> Result<Vec<Copy>, StoreError> {
        let read =
            |tx: &mut Tx<'_>| Ok::<_, StoreError>((peers::all(tx)?, tx.facts()?.journal_head));
        let (peers, head): (Vec<Peer>, u64) = self.memory.read(read).await?;
        let (status, state) = (self.lan.borrow().clone(), self.state());
        if !status.is_wanted && peers.is_empty() {
            return Ok(Vec::new());
        }
        let own = self.node().map(|own| own.id);
        let others = state.nodes_of_unit(self.unit());
        let others = others.filter(|node| node.ended.is_none() && Some(node.id) != own);
        let copy = others.map(|node| {
            let peer = peers.iter().find(|peer| peer.copy.node == node.id);
            let machine = status.machines.get(&node.id);
            Copy {
                node: node.id.to_string(),
                label: node.label.clone(),
                is_connected: status.is_connected(&node.id),
                since_ms: machine.map(|machine| machine.since_ms),
                pending: head.saturating_sub(peer.map_or(0, |peer| peer.copied)),
                acknowledged_ms: peer.and_then(|peer| peer.copied_ms),
            }
        });
        Ok(copy.collect())
    }
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
