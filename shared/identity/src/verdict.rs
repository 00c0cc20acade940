//! What can become of an entry. The words are shared by registry, wire and store.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::ids::{DocumentId, EntryId, UnitId};

/// The answer of admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The entry counts.
    Admitted,
    /// The entry has no effect, now or later, unless a `release` names it.
    Refused(Reason),
    /// The entry is kept and looked at again when that arrives.
    Waiting(WaitingFor),
}

/// Why an entry was refused. The numbers are sent and stored, the words are stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Reason {
    /// The bytes are not an entry: not canonical, too long, or cut short.
    #[n(0)]
    Malformed,
    /// The entry belongs to another realm.
    #[n(1)]
    Realm,
    /// The signature is not the author's.
    #[n(2)]
    Signature,
    /// The named grant gave this key nothing, or not in this place.
    #[n(3)]
    Grant,
    /// The named grant holds no role that allows this kind.
    #[n(4)]
    Role,
    /// The grant had ended before the entry's position.
    #[n(5)]
    GrantEnded,
    /// Units are added that the kind does not allow, or too many.
    #[n(6)]
    Units,
    /// The payload is not one lawful change of this author, or a statement that cannot be read.
    #[n(7)]
    Shape,
    /// Header and payload say different things.
    #[n(8)]
    Disagreement,
    /// The document was erased.
    #[n(9)]
    Erased,
    /// The node that sent it has ended.
    #[n(10)]
    NodeEnded,
    /// It rests on an entry that was refused.
    #[n(11)]
    Dependency,
}

impl Reason {
    /// All reasons, for metrics and tables.
    pub const ALL: [Self; 12] = [
        Self::Malformed,
        Self::Realm,
        Self::Signature,
        Self::Grant,
        Self::Role,
        Self::GrantEnded,
        Self::Units,
        Self::Shape,
        Self::Disagreement,
        Self::Erased,
        Self::NodeEnded,
        Self::Dependency,
    ];

    /// The number that is sent and stored.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Malformed => 0,
            Self::Realm => 1,
            Self::Signature => 2,
            Self::Grant => 3,
            Self::Role => 4,
            Self::GrantEnded => 5,
            Self::Units => 6,
            Self::Shape => 7,
            Self::Disagreement => 8,
            Self::Erased => 9,
            Self::NodeEnded => 10,
            Self::Dependency => 11,
        }
    }

    /// The reason of that number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.number() == number)
    }

    /// A stable code for programs, metrics and logs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Realm => "realm",
            Self::Signature => "signature",
            Self::Grant => "grant",
            Self::Role => "role",
            Self::GrantEnded => "grant-ended",
            Self::Units => "units",
            Self::Shape => "shape",
            Self::Disagreement => "disagreement",
            Self::Erased => "erased",
            Self::NodeEnded => "node-ended",
            Self::Dependency => "dependency",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

/// What a waiting entry waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum WaitingFor {
    /// The first entry of this dossier.
    #[n(0)]
    Document(#[n(0)] DocumentId),
    /// The statement that the header names as its grant.
    #[n(1)]
    Grant(#[n(0)] EntryId),
    /// The author's unit in the audience of this dossier.
    #[n(2)]
    Audience(#[n(0)] DocumentId, #[n(1)] UnitId),
    /// An entry that this one rests on (known to nodes only: the relay reads no dependencies).
    #[n(3)]
    Dependency(#[n(0)] DocumentId),
    /// A person: the dossier is full, or applying the entry ended the process twice.
    #[n(4)]
    Operator(#[n(0)] EntryId),
}

impl WaitingFor {
    /// A stable code for programs, metrics and logs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Document(_) => "document",
            Self::Grant(_) => "grant",
            Self::Audience(..) => "audience",
            Self::Dependency(_) => "dependency",
            Self::Operator(_) => "operator",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_number_and_a_code_of_its_own() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(reason.number()), index);
            assert_eq!(Reason::from_number(reason.number()), Some(reason));
        }
        assert_eq!(Reason::from_number(200), None);
    }
}
