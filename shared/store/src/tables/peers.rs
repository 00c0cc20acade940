//! What the rules of a second copy need beside those of the journal.

use hoso_identity::{Incarnation, NodeId};

use super::{Digest, JournalTables};

/// A place in a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The journal number; zero before the first.
    pub through: u64,
    /// The running digest there.
    pub digest: Digest,
}

/// One copy of another node of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCopy {
    /// The node.
    pub node: NodeId,
    /// The copy of its database.
    pub incarnation: Incarnation,
}

/// What is kept of another node of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its copy that was met last.
    pub copy: PeerCopy,
    /// How far its journal is here, as it has said it.
    pub place: Place,
    /// The number of the own journal up to which it has everything.
    pub copied: u64,
    /// When it last said so, Unix milliseconds.
    pub copied_ms: Option<u64>,
}

/// The tables of a node that the rules of a second copy use.
#[expect(clippy::missing_errors_doc, reason = "each call fails as the storage below it fails")]
pub trait PeerTables: JournalTables {
    /// What is kept of a node.
    fn peer(&mut self, node: &NodeId) -> Result<Option<Peer>, Self::Error>;
    /// Replaces what is kept of a node.
    fn put_peer(&mut self, peer: &Peer) -> Result<(), Self::Error>;
    /// From which copy of another node the entry of this number came, if from any.
    fn brought_by(&mut self, number: u64) -> Result<Option<PeerCopy>, Self::Error>;
    /// Notes that the numbers from the first to the last came from there; they are the journal's
    /// last ones.
    fn note_brought(&mut self, first: u64, last: u64, by: &PeerCopy) -> Result<(), Self::Error>;
    /// Nothing is known any more to have come from there.
    fn forget_brought(&mut self, by: &PeerCopy) -> Result<(), Self::Error>;
}
