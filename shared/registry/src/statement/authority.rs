//! Statements that give and end authority.

use hoso_identity::{DocumentId, EntryId, NodeId, PersonId, PublicKey, UnitId};
use minicbor::{Decode, Encode};

use crate::{day::Day, kinds::Role};

/// What a realm is for. Entries of one realm never count in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum RealmKind {
    /// Real dossiers.
    #[n(0)]
    Official,
    /// Rehearsal with a relay.
    #[n(1)]
    Trial,
    /// Practice on one machine.
    #[n(2)]
    Training,
}

impl RealmKind {
    /// All.
    pub const ALL: &'static [Self] = &[Self::Official, Self::Trial, Self::Training];

    /// The word of the command line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Trial => "trial",
            Self::Training => "training",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// The letter before every dossier code, so that no rehearsal slip looks official.
    #[must_use]
    pub const fn code_prefix(self) -> Option<char> {
        match self {
            Self::Official => None,
            Self::Trial => Some('T'),
            Self::Training => Some('H'),
        }
    }
}

/// The recipient of encrypted bundles: an X25519 public key, as age uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct AgeKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// The registry's first entry. Its id is the realm, so that nothing in it can be exchanged.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Province {
    /// The province's name.
    #[n(0)]
    pub name: String,
    /// What the realm is for.
    #[n(1)]
    pub realm_kind: RealmKind,
    /// The two root keys, one of which signs this entry. Different.
    #[n(2)]
    pub roots: [PublicKey; 2],
}

/// The roots from now on. A root that is not named has ended and can never come back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Roots {
    /// One to four keys, strictly ascending.
    #[n(0)]
    pub keys: Vec<PublicKey>,
}

/// The relay from now on: the latest statement holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Relay {
    /// Its QUIC identity.
    #[n(0)]
    pub transport: PublicKey,
    /// Recipient of bundles for the relay.
    #[n(1)]
    pub age: AgeKey,
    /// `host:port`, in the order in which they are tried; at most eight. None: those of the
    /// invitation hold.
    #[n(2)]
    pub addresses: Vec<String>,
}

/// One part of an approval: the first administrator of the node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FirstAdministrator {
    /// The person, if an earlier statement named them.
    #[n(0)]
    pub person: Option<PersonId>,
    /// Their name, as it is shown.
    #[n(1)]
    pub name: String,
    /// Their key at this node.
    #[n(2)]
    pub key: PublicKey,
}

/// Enrols a node. The node's id is the first half of this statement's entry id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Approval {
    /// The unit that the node serves.
    #[n(0)]
    pub unit: UnitId,
    /// What people call the machine.
    #[n(1)]
    pub label: String,
    /// Its QUIC identity, unique in the realm for ever.
    #[n(2)]
    pub transport: PublicKey,
    /// Signs imports, reports and checkpoints; has no role in dossiers.
    #[n(3)]
    pub signing: PublicKey,
    /// Recipient of bundles for the node.
    #[n(4)]
    pub age: AgeKey,
    /// Stations from 1 to 999, unique within the unit, strictly ascending, at most eight: the
    /// first for the incarnation that asked, each further one for the next that a restore mints.
    #[n(5)]
    pub stations: Vec<u16>,
    /// Who administers it first.
    #[n(6)]
    pub administrator: FirstAdministrator,
}

/// Gives one key of one person roles. The grant's id is the entry's id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Grant {
    /// The person, if an earlier statement named them; otherwise this statement names them first
    /// and their id is the first half of its entry id.
    #[n(0)]
    pub person: Option<PersonId>,
    /// Their name, as it is shown.
    #[n(1)]
    pub name: String,
    /// Their key, made at `node`.
    #[n(2)]
    pub key: PublicKey,
    /// The unit in which the roles hold; none at the province.
    #[n(3)]
    pub unit: Option<UnitId>,
    /// The node at which the key was made; none at the province. Ends with it.
    #[n(4)]
    pub node: Option<NodeId>,
    /// Strictly ascending, at least one.
    #[n(5)]
    pub roles: Vec<Role>,
    /// First day, if not at once.
    #[n(6)]
    pub from: Option<Day>,
    /// Last day, if any.
    #[n(7)]
    pub until: Option<Day>,
}

/// Which part of a statement ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Part {
    /// The node of an approval, and with it every grant at that node.
    #[n(0)]
    Node,
    /// The person's grant: that of a grant, or the first administrator's of an approval.
    #[n(1)]
    Person,
}

/// Ends one part of an approval or a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct End {
    /// The entry id of the statement that gave it.
    #[n(0)]
    pub grant: EntryId,
    /// Which part of it.
    #[n(1)]
    pub what: Part,
}

/// One registrar's word that a dossier is erased. It takes effect when a second registrar says the
/// same of the same dossier and unit.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Erasure {
    /// The dossier.
    #[n(0)]
    pub document: DocumentId,
    /// Only what this unit holds (added by mistake); otherwise everywhere.
    #[n(1)]
    pub unit: Option<UnitId>,
    /// The legal ground, without personal data.
    #[n(2)]
    pub ground: String,
    /// When it was decided, Unix milliseconds.
    #[n(3)]
    pub at_ms: u64,
}

/// Admits an entry that an operator has examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Release {
    /// The entry.
    #[n(0)]
    pub entry: EntryId,
}
