//! The tree of scalars, maps and lists that an event is, between Automerge's operations and the
//! typed events.

use std::{collections::BTreeMap, fmt};

/// What can stand in an event. One meaning has one form: there are no unsigned numbers, no
/// floating-point numbers and no text objects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number; instants are unix milliseconds.
    Int(i64),
    /// A string, replaced as a whole.
    Text(String),
    /// Bytes, for ids and hashes.
    Bytes(Vec<u8>),
    /// Named values. A name is not empty.
    Map(BTreeMap<String, Value>),
    /// Values in an order.
    List(Vec<Value>),
}

impl Value {
    /// The map inside, or `None` for anything else.
    #[must_use]
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }
}

/// The hash of a change: SHA-256 over the type, the length and the contents of its chunk. It is
/// the id of the event, and what later changes name as their dependency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeHash(pub [u8; 32]);

impl fmt::Display for ChangeHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for ChangeHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ChangeHash({self})")
    }
}
