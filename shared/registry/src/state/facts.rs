//! What the state knows about grants, nodes, people and erasures.

use std::collections::BTreeSet;

use hoso_identity::{EntryId, NodeId, PersonId, Position, PublicKey, UnitId};
use time::Date;

use crate::{day::Day, kinds::Role, statement::AgeKey};

/// The statement that ended something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its entry id.
    pub by: EntryId,
    /// Its place in the ledger; `None` while it has effect at this node only.
    pub position: Option<Position>,
}

/// What one key may do by one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantFacts {
    /// The statement that gave it: the `grant` of the key's entries.
    pub statement: EntryId,
    /// The key.
    pub key: PublicKey,
    /// The person; `None` for roots and for the signing keys of nodes.
    pub person: Option<PersonId>,
    /// The person's name, a node's label, the province's name for its roots.
    pub name: String,
    /// The unit in which the roles hold; `None` at the province.
    pub unit: Option<UnitId>,
    /// The node at which the key was made; `None` at the province.
    pub node: Option<NodeId>,
    /// The roles, ascending; empty for the signing keys of nodes.
    pub roles: Vec<Role>,
    /// First day, if not at once.
    pub from: Option<Day>,
    /// Last day, if any.
    pub until: Option<Day>,
    /// Where the ledger holds the statement; `None` while it has effect at this node only.
    pub position: Option<Position>,
    /// Its end, also by the end of its node.
    pub ended: Option<Ended>,
}

impl GrantFacts {
    /// Whether it holds this role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether it holds one of these roles.
    #[must_use]
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// Whether the date lies within its first and last day. Entries carry no time that all could
    /// believe, so admission does not ask this: the desk and the fold of a dossier do.
    #[must_use]
    pub fn covers(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from.0 <= date)
            && self.until.is_none_or(|until| date <= until.0)
    }

    /// Whether it had ended before an entry at this position.
    #[must_use]
    pub fn had_ended(&self, position: Option<Position>) -> bool {
        self.ended.is_some_and(|ended| comes_before(ended.position, position))
    }
}

/// Whether a statement comes before an entry. An entry without a position comes after everything;
/// a statement without one comes after every entry that has one.
pub(super) fn comes_before(statement: Option<Position>, entry: Option<Position>) -> bool {
    match (statement, entry) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(statement), Some(entry)) => statement <= entry,
    }
}

/// An enrolled node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its id.
    pub id: NodeId,
    /// The approval that enrolled it.
    pub approval: EntryId,
    /// The unit that it serves.
    pub unit: UnitId,
    /// What people call the machine.
    pub label: String,
    /// Its QUIC identity.
    pub transport: PublicKey,
    /// Signs imports, reports and checkpoints.
    pub signing: PublicKey,
    /// Recipient of bundles.
    pub age: AgeKey,
    /// Its stations, ascending: one for each incarnation in turn.
    pub stations: Vec<u16>,
    /// Where the ledger holds the approval; `None` while it has effect here only.
    pub position: Option<Position>,
    /// Its end.
    pub ended: Option<Ended>,
}

/// A person as the statements name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonFacts {
    /// The name in the latest statement about them.
    pub name: String,
    /// The unit of the first statement that named them; `None` at the province.
    pub unit: Option<UnitId>,
}

/// What registrars have said about erasing one dossier, everywhere or at one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureFacts {
    /// The legal ground that the first of them gave.
    pub ground: String,
    /// When it was decided, Unix milliseconds, as the first of them said.
    pub at_ms: u64,
    /// Who asked for it.
    pub registrars: BTreeSet<PersonId>,
    /// Their statements in the order of the ledger.
    pub statements: Vec<EntryId>,
}

impl ErasureFacts {
    /// Whether two registrars agree, so that it has effect.
    #[must_use]
    pub fn has_effect(&self) -> bool {
        self.registrars.len() >= 2
    }
}
