//! The dossier's Automerge document: a cache of the changes that this node has admitted or made.
//!
//! Everything that Automerge is given has passed [`shape::read`] before, and everything that it
//! is asked to take in is tried on a scratch copy first, with panics caught: a change that
//! Automerge cannot bear leaves the document as it was.

mod plan;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use automerge::{
    Automerge, AutomergeError, LoadOptions, ObjId, ObjType, Prop, ROOT, ReadDoc, ScalarValue,
    TextEncoding,
    transaction::{CommitOptions, Transactable, Transaction},
};
use hoso_identity::ActorId;
use thiserror::Error;

use crate::{
    chunk::{ChunkError, OPERATIONS_MAX},
    shape::{self, Change, EVENTS, EventsObject, ShapeError},
    value::{ChangeHash, Value},
};
pub use plan::Applied;

/// How Automerge counts places in text. Events have no text objects, so nothing depends on it; it
/// is set because a document remembers it.
const TEXT_ENCODING: TextEncoding = TextEncoding::UnicodeCodePoint;

/// One dossier in memory.
#[derive(Clone, Debug)]
pub struct Document(Automerge);

/// Why the document could not do what it was asked. It is unchanged.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// A payload that [`shape::read`] refuses.
    #[error("payload {index} of the list does not have the shape of an event")]
    Shape {
        /// Place in the list that was given.
        index: usize,
        /// What is wrong with it.
        source: ShapeError,
    },
    /// The event cannot be written as one change: too large, too many parts, a key that is empty
    /// or too long, or no map.
    #[error("the event cannot be written as one change")]
    Event(#[source] ShapeError),
    /// The change that was made does not say what it was asked to say.
    #[error("the change that was made does not hold the event")]
    Unfaithful,
    /// A later event in a document without a first one, or upon versions that are not here.
    #[error("the version on which the event should be made is not here")]
    Base,
    /// Automerge returned an error.
    #[error("the document library refuses")]
    Library(#[from] AutomergeError),
    /// Automerge returned another error, known by its words only.
    #[error("the document library refuses: {0}")]
    Refused(String),
    /// Automerge panicked.
    #[error("the document library panicked")]
    Panicked,
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl Document {
    /// A document without events.
    #[must_use]
    pub fn new() -> Self {
        Self(Automerge::new_with_encoding(TEXT_ENCODING))
    }

    /// The document that [`Document::save`] wrote. For own snapshots only: bytes from elsewhere can
    /// keep Automerge busy for ever.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when the snapshot is damaged.
    pub fn load(snapshot: &[u8]) -> Result<Self, DocumentError> {
        guarded(|| {
            let options = LoadOptions::new().text_encoding(TEXT_ENCODING);
            Ok(Self(Automerge::load_with_options(snapshot, options)?))
        })
    }

    /// The snapshot, in Automerge's document format, uncompressed: who stores many of them
    /// compresses better over all.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        self.0.save_nocompress()
    }

    /// The versions on which the next event would rest, ascending; empty in a new document.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<_> = self.0.get_heads().iter().map(|head| ChangeHash(head.0)).collect();
        heads.sort_unstable();
        heads
    }

    /// Whether that change is in the document.
    #[must_use]
    pub fn contains(&self, hash: &ChangeHash) -> bool {
        self.max_op(hash).is_some()
    }

    /// The payload of a dossier's first entry.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Event`] when the event does not fit into a change.
    pub fn first(actor: ActorId, event: &Value) -> Result<Vec<u8>, DocumentError> {
        let (payload, change) = guarded(|| write(Self::new().0, actor, event))?;
        verify(&change, actor, event, None, |_| None)?;
        Ok(payload)
    }

    /// The payload of a later entry, made upon the versions `base`: normally the heads, or those
    /// that the author of a form has seen. The document does not take it in.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Base`] when the versions are not here or there is no first event,
    /// [`DocumentError::Event`] when the event does not fit into a change.
    pub fn make(
        &self,
        base: &[ChangeHash],
        actor: ActorId,
        event: &Value,
    ) -> Result<Vec<u8>, DocumentError> {
        let events = self.events().ok_or(DocumentError::Base)?;
        if base.is_empty() || !base.iter().all(|hash| self.contains(hash)) {
            return Err(DocumentError::Base);
        }
        let (payload, change) = guarded(|| {
            let base: BTreeSet<_> = base.iter().copied().collect();
            let fork = if base.iter().eq(&self.heads()) {
                self.0.clone()
            } else {
                let base: Vec<_> = base.iter().map(|hash| automerge::ChangeHash(hash.0)).collect();
                self.0.fork_at(&base)?
            };
            write(fork, actor, event)
        })?;
        verify(&change, actor, event, Some(events), |hash| self.max_op(hash))?;
        Ok(payload)
    }

    /// Takes changes in: all that can go, in whatever order they come. Gives what became of each.
    ///
    /// Of two changes of one actor the one that is here, else the earlier one in the list counts;
    /// give the list in the ledger's order. [`shape::check`] is the caller's.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when a payload has no shape or Automerge cannot bear one of them; the
    /// document is as it was, and the caller tries one by one.
    pub fn apply(&mut self, payloads: &[&[u8]]) -> Result<Vec<Applied>, DocumentError> {
        let mut changes = Vec::with_capacity(payloads.len());
        for (index, payload) in payloads.iter().enumerate() {
            let change = shape::read(payload);
            changes.push(change.map_err(|source| DocumentError::Shape { index, source })?);
        }
        let plan = plan::plan(&changes, |hash| self.contains(hash), |actor| self.has_actor(actor));
        let chosen: Vec<&[u8]> = payloads
            .iter()
            .zip(&plan)
            .filter(|(_, applied)| **applied == Applied::Now)
            .map(|(payload, _)| *payload)
            .collect();
        if chosen.is_empty() {
            return Ok(plan);
        }
        let scratch = guarded(|| {
            let mut scratch = self.0.clone();
            let changes: Result<Vec<_>, _> =
                chosen.iter().map(|payload| automerge::Change::try_from(*payload)).collect();
            let changes = changes.map_err(|error| DocumentError::Refused(error.to_string()))?;
            scratch.apply_changes(changes)?;
            Ok(Self(scratch))
        })?;
        let all_in = changes.iter().zip(&plan).filter(|(_, applied)| **applied == Applied::Now);
        if !all_in.into_iter().all(|(change, _)| scratch.contains(&change.hash)) {
            return Err(DocumentError::Unfaithful);
        }
        *self = scratch;
        Ok(plan)
    }

    /// The number of the highest operation of a change that is here.
    fn max_op(&self, hash: &ChangeHash) -> Option<u64> {
        let meta = self.0.get_change_meta_by_hash(&automerge::ChangeHash(hash.0))?;
        Some(meta.max_op)
    }

    /// The `events` object, if there is a first change.
    fn events(&self) -> Option<EventsObject> {
        let (_, object) = self.0.get(ROOT, EVENTS).ok().flatten()?;
        match object {
            ObjId::Id(counter, actor, _) => {
                Some(EventsObject { counter, actor: ActorId::from_slice(actor.to_bytes())? })
            }
            ObjId::Root => None,
        }
    }

    /// Whether a change of this actor is here: each stands under its actor's name.
    fn has_actor(&self, actor: ActorId) -> bool {
        let Ok(Some((_, events))) = self.0.get(ROOT, EVENTS) else { return false };
        matches!(self.0.get(&events, actor.to_string()), Ok(Some(_)))
    }
}

/// Runs what Automerge may answer with a panic. What it changed is thrown away then.
fn guarded<T>(run: impl FnOnce() -> Result<T, DocumentError>) -> Result<T, DocumentError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(DocumentError::Panicked))
}

/// Adds the event to a scratch document; gives the change as a payload and as it reads.
fn write(
    mut scratch: Automerge,
    actor: ActorId,
    event: &Value,
) -> Result<(Vec<u8>, Change), DocumentError> {
    scratch.set_actor(automerge::ActorId::from(actor.as_bytes()));
    let mut transaction = scratch.transaction();
    let events = match transaction.get(ROOT, EVENTS)? {
        Some((_, events)) => events,
        None => transaction.put_object(ROOT, EVENTS, ObjType::Map)?,
    };
    let mut room = OPERATIONS_MAX;
    let slot = Slot { object: &events, place: actor.to_string().into() };
    add(&mut transaction, &mut room, slot, event)?;
    transaction.commit_with(CommitOptions::default().with_time(0));
    let change = scratch.get_last_local_change().ok_or(DocumentError::Unfaithful)?;
    let payload = change.raw_bytes().to_vec();
    let change = shape::read(&payload).map_err(DocumentError::Event)?;
    Ok((payload, change))
}

/// Where a value goes.
struct Slot<'a> {
    object: &'a ObjId,
    place: Prop,
}

/// Adds a value and its parts; `room` bounds their number, and so the depth.
fn add(
    transaction: &mut Transaction<'_>,
    room: &mut usize,
    slot: Slot<'_>,
    value: &Value,
) -> Result<(), DocumentError> {
    let full = || DocumentError::Event(ChunkError::Operations.into());
    *room = room.checked_sub(1).ok_or_else(full)?;
    match value {
        Value::Null => put(transaction, slot, ScalarValue::Null),
        Value::Bool(value) => put(transaction, slot, ScalarValue::Boolean(*value)),
        Value::Int(value) => put(transaction, slot, ScalarValue::Int(*value)),
        Value::Text(text) => put(transaction, slot, ScalarValue::Str(text.as_str().into())),
        Value::Bytes(bytes) => put(transaction, slot, ScalarValue::Bytes(bytes.clone())),
        Value::Map(map) => {
            let object = &put_object(transaction, slot, ObjType::Map)?;
            map.iter().try_for_each(|(key, part)| {
                let place = key.as_str().into();
                add(transaction, room, Slot { object, place }, part)
            })
        }
        Value::List(list) => {
            let object = &put_object(transaction, slot, ObjType::List)?;
            list.iter().enumerate().try_for_each(|(index, part)| {
                add(transaction, room, Slot { object, place: index.into() }, part)
            })
        }
    }
}

/// Puts a scalar into a map, or behind the last element of a list.
fn put(
    transaction: &mut Transaction<'_>,
    slot: Slot<'_>,
    scalar: ScalarValue,
) -> Result<(), DocumentError> {
    match slot.place {
        Prop::Map(key) => Ok(transaction.put(slot.object, key, scalar)?),
        Prop::Seq(index) => Ok(transaction.insert(slot.object, index, scalar)?),
    }
}

/// Makes an object in a map, or behind the last element of a list.
fn put_object(
    transaction: &mut Transaction<'_>,
    slot: Slot<'_>,
    kind: ObjType,
) -> Result<ObjId, DocumentError> {
    match slot.place {
        Prop::Map(key) => Ok(transaction.put_object(slot.object, key, kind)?),
        Prop::Seq(index) => Ok(transaction.insert_object(slot.object, index, kind)?),
    }
}

/// Whether the change that was made is the one that was asked for.
fn verify(
    change: &Change,
    actor: ActorId,
    event: &Value,
    events: Option<EventsObject>,
    max_op: impl Fn(&ChangeHash) -> Option<u64>,
) -> Result<(), DocumentError> {
    shape::check_with(change, actor, events, max_op).map_err(DocumentError::Event)?;
    if change.event == *event { Ok(()) } else { Err(DocumentError::Unfaithful) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_library_is_an_answer_and_not_the_end_of_the_process() {
        let answer: Result<(), _> = guarded(|| panic!("as automerge does on a few chunks"));
        assert!(matches!(answer, Err(DocumentError::Panicked)));
    }
}
