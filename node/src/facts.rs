//! What a node knows since it joined, besides the registry.

use hoso_identity::{EntryId, PublicKey, Realm, UnitId};
use hoso_store::{
    StoreError,
    meta::{meta, put_meta},
    writer::Tx,
};
use minicbor::{Decode, Encode};

/// The name of the facts in the database.
const FACTS: &str = "node";
/// The name of the six words, kept once the relay has stored the request.
const WORDS: &str = "words";
/// The name of the number of copies that this node has been.
const COPIES: &str = "copies";

/// The name of the time at which writing was last tried.
const TRIED: &str = "tried";

/// What the invitation said.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Facts {
    /// The unit that the node serves.
    #[n(0)]
    pub unit: UnitId,
    /// The registry's first entry.
    #[n(1)]
    pub founding: EntryId,
    /// The relay's key.
    #[n(2)]
    pub relay: PublicKey,
    /// Where the relay is, `host:port`.
    #[n(3)]
    pub addresses: Vec<String>,
}

impl Facts {
    /// The realm that the node belongs to.
    #[must_use]
    pub fn realm(&self) -> Realm {
        self.founding.realm()
    }

    /// The facts of this database, if a request to join was made here.
    ///
    /// # Errors
    ///
    /// What SQLite says; [`StoreError::Damaged`] for facts that cannot be read.
    pub fn read(tx: &mut Tx<'_>) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = meta(tx, FACTS)? else { return Ok(None) };
        minicbor::decode(&bytes).map(Some).map_err(|_| StoreError::Damaged("the node's facts"))
    }

    /// Keeps them.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn put(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        // Writing to a vector cannot fail; were it to, `read` would refuse the bytes.
        put_meta(tx, FACTS, &minicbor::to_vec(self).unwrap_or_default())
    }
}

/// The six words of the request, once the relay has it.
///
/// # Errors
///
/// What SQLite says.
pub fn words(tx: &mut Tx<'_>) -> Result<Option<String>, StoreError> {
    Ok(meta(tx, WORDS)?.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Keeps the words.
///
/// # Errors
///
/// What SQLite says.
pub fn put_words(tx: &mut Tx<'_>, words: &str) -> Result<(), StoreError> {
    put_meta(tx, WORDS, words.as_bytes())
}

/// How many restores have made this node another copy of itself: it picks the station.
///
/// # Errors
///
/// What SQLite says.
pub fn copies(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    Ok(meta(tx, COPIES)?.and_then(|bytes| bytes.first().copied()).map_or(0, usize::from))
}

/// Notes one restore more.
///
/// # Errors
///
/// What SQLite says.
pub fn count_copy(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let copies = u8::try_from(copies(tx)?).unwrap_or(u8::MAX).saturating_add(1);
    put_meta(tx, COPIES, &[copies])
}

/// Writes something small, to see whether anything can be written.
///
/// # Errors
///
/// What SQLite says.
pub fn try_to_write(tx: &mut Tx<'_>, at_ms: u64) -> Result<(), StoreError> {
    put_meta(tx, TRIED, &at_ms.to_be_bytes())
}
