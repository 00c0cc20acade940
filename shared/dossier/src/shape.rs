//! The shape that a change may have (rule 3), decided without Automerge.

use hoso_identity::ActorId;

use crate::value::{ChangeHash, Value};

/// What one well-formed change says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The event's id.
    pub hash: ChangeHash,
    /// The events that the author had seen last, strictly ascending; empty in a dossier's first.
    pub deps: Vec<ChangeHash>,
    /// Under whom it is written.
    pub actor: ActorId,
    /// The number of its first operation.
    pub start_op: u64,
    /// The number of its last operation.
    pub max_op: u64,
    /// The `events` object that it makes (first change) or adds to (later change).
    pub events: EventsObject,
    /// What it adds: a map.
    pub event: Value,
}

/// The name of an `events` object: the operation that made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventsObject {
    /// Number of the operation.
    pub counter: u64,
    /// Actor of the operation.
    pub actor: ActorId,
}

impl Change {
    /// Whether it begins a dossier.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.deps.is_empty()
    }
}
