//! The shape that a change may have (rule 3), decided without Automerge.
//!
//! [`read`] looks at the bytes alone, [`check`] at the changes on which one rests. What passes both
//! can only add one event under its own author's name: it replaces nothing, hides nothing and
//! reaches into nobody else's event. Both give the same answer on every machine and always.

mod plant;
mod tree;

use hoso_identity::ActorId;
use thiserror::Error;

use crate::{
    chunk::{
        Chunk, ChunkError,
        rows::{Name, Place, Row, Scalar},
    },
    value::{ChangeHash, Value},
};
use tree::event;

/// The key in the document's root under which all events stand.
pub const EVENTS: &str = "events";
/// Bytes of the longest key. Automerge packs equal keys into one, so that without a bound a small
/// change could unfold to megabytes.
pub const KEY_BYTES_MAX: usize = 256;
/// The highest number of an operation: Automerge keeps them in 32 bits.
pub const OP_MAX: u64 = 0xffff_ffff;

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
    /// The number of its last operation; at most [`OP_MAX`].
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

/// Why a change is refused everywhere and for ever. Only [`ShapeError::Dependency`] says that the
/// caller has not brought what the check needs.
#[derive(Debug, Error)]
pub enum ShapeError {
    /// Not an uncompressed change in its one form.
    #[error("the payload is not one uncompressed change")]
    Chunk(#[from] ChunkError),
    /// Dependencies that are not strictly ascending.
    #[error("the dependencies are not in ascending order")]
    Order,
    /// Not its actor's first and only change.
    #[error("the change has sequence number {0}, only 1 is allowed")]
    Sequence(u64),
    /// Not one more than the highest number below it, or too high.
    #[error("the operations start at {0}, not at the next free number")]
    StartOp(u64),
    /// A time other than zero: events carry their own.
    #[error("the change carries a time")]
    Time,
    /// A message: events carry their own.
    #[error("the change carries a message")]
    Message,
    /// Bytes after the operations.
    #[error("the change carries extra bytes")]
    Extra,
    /// Other actors than the first change's.
    #[error("the change refers to actors other than that of the first change")]
    OtherActors,
    /// It does not begin by making `events` and its event (first change) or its event in `events`
    /// (later change).
    #[error("the change does not begin with its own event in `events`")]
    Beginning,
    /// An operation outside of what the change itself makes.
    #[error("operation {0} reaches outside of the change's own event")]
    Outside(usize),
    /// Not a map, a list or a value.
    #[error("operation {0} does something else than adding a map, a list or a value")]
    Action(usize),
    /// A key in a list, an element in a map, or elements not in order.
    #[error("operation {0} is not in the right place of its map or list")]
    Place(usize),
    /// A key that is empty or too long.
    #[error("operation {0} has an empty or too long key")]
    Key(usize),
    /// A key that is used twice in a map.
    #[error("operation {0} uses a key a second time")]
    Twice(usize),
    /// Written under another's actor.
    #[error("the change is written under another actor than its entry's")]
    Actor,
    /// Another change of the same actor has an earlier position.
    #[error("its actor has written another change before")]
    ActorTaken,
    /// A first change in a dossier that has one, or the other way round.
    #[error("a dossier has exactly one first change")]
    First,
    /// It adds to a map that is not the first change's `events`.
    #[error("the change adds to another object than the dossier's events")]
    Events,
    /// A dependency that was not given. Not a refusal: the caller has to find it first.
    #[error("the change depends on {0}, which is not here")]
    Dependency(ChangeHash),
}

impl Change {
    /// Whether it begins a dossier.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.deps.is_empty()
    }
}

/// Reads a payload: everything about its shape that the bytes alone decide. Total and bounded.
///
/// # Errors
///
/// [`ShapeError`] for anything but one event that only adds.
pub fn read(payload: &[u8]) -> Result<Change, ShapeError> {
    let chunk = Chunk::read(payload)?;
    if !chunk.deps.is_sorted_by(|one, next| one < next) {
        return Err(ShapeError::Order);
    }
    plain(&chunk)?;
    let (events, own) = beginning(&chunk)?;
    let max_op = max_op(&chunk)?;
    let event = event(&chunk, own)?;
    let Chunk { hash, deps, actor, start_op, .. } = chunk;
    Ok(Change { hash, deps, actor, start_op, max_op, events, event })
}

/// Who writes a change, and upon what.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    /// Under whose name.
    pub(crate) actor: ActorId,
    /// What it rests on, ascending.
    pub(crate) deps: Vec<ChangeHash>,
    /// One more than the highest number below it.
    pub(crate) start_op: u64,
    /// The dossier's `events`; none for its first change.
    pub(crate) events: Option<EventsObject>,
}

/// Writes the change that adds this event, as Automerge would, and reads it back.
///
/// # Errors
///
/// [`ShapeError`] when the event does not fit into a change.
pub(crate) fn write(author: Author, event: &Value) -> Result<(Vec<u8>, Change), ShapeError> {
    let Author { actor, deps, start_op, events } = author;
    let key = actor.to_string();
    let chunk = Chunk {
        hash: ChangeHash([0; 32]),
        deps,
        actor,
        sequence: 1,
        start_op,
        time: 0,
        message: "",
        other_actors: plant::other_actors(events),
        rows: plant::operations(plant::Bed { key: &key, start_op, events }, event)?,
        extra: &[],
    };
    let payload = chunk.seal();
    let change = read(&payload)?;
    Ok((payload, change))
}

/// Checks a change against what it rests on: `expected_actor` is the entry's
/// ([`hoso_identity::Header::actor`]), `first` the dossier's first change (`None` when this entry
/// begins the dossier), `deps` holds at least the changes that it names as dependencies.
///
/// # Errors
///
/// [`ShapeError`] when the change must be refused, [`ShapeError::Dependency`] when a dependency is
/// not among `deps`.
pub fn check(
    change: &Change,
    expected_actor: ActorId,
    first: Option<&Change>,
    deps: &[&Change],
) -> Result<(), ShapeError> {
    let max_op =
        |hash: &ChangeHash| deps.iter().find(|dep| dep.hash == *hash).map(|dep| dep.max_op);
    check_with(change, expected_actor, first.map(|first| first.events), max_op)
}

/// As [`check`], for whoever knows of the other changes only the `events` object and each one's
/// highest operation.
///
/// # Errors
///
/// As [`check`]; [`ShapeError::Dependency`] where `max_op` gives `None`.
pub fn check_with(
    change: &Change,
    expected_actor: ActorId,
    events: Option<EventsObject>,
    max_op: impl Fn(&ChangeHash) -> Option<u64>,
) -> Result<(), ShapeError> {
    if change.actor != expected_actor {
        return Err(ShapeError::Actor);
    }
    match (change.is_first(), events) {
        (true, None) => return Ok(()),
        (true, Some(_)) | (false, None) => return Err(ShapeError::First),
        (false, Some(events)) if events != change.events => return Err(ShapeError::Events),
        (false, Some(_)) => {}
    }
    let mut highest = 0;
    for dep in &change.deps {
        highest = highest.max(max_op(dep).ok_or(ShapeError::Dependency(*dep))?);
    }
    if highest.checked_add(1) != Some(change.start_op) {
        return Err(ShapeError::StartOp(change.start_op));
    }
    Ok(())
}

/// Refuses everything that a change can carry beside its operations.
fn plain(chunk: &Chunk<'_>) -> Result<(), ShapeError> {
    if chunk.sequence != 1 {
        return Err(ShapeError::Sequence(chunk.sequence));
    }
    if chunk.time != 0 {
        return Err(ShapeError::Time);
    }
    if !chunk.message.is_empty() {
        return Err(ShapeError::Message);
    }
    if !chunk.extra.is_empty() {
        return Err(ShapeError::Extra);
    }
    Ok(())
}

/// The `events` object, and the place of the operation that makes the event: the second in a first
/// change, the first in a later one.
fn beginning(chunk: &Chunk<'_>) -> Result<(EventsObject, usize), ShapeError> {
    let own = chunk.actor.to_string();
    let makes = |row: Option<&Row<'_>>, object: Option<Name>, key: &str| {
        let map = Row {
            object,
            place: Place::Key(key),
            insert: false,
            action: tree::MAKE_MAP,
            scalar: Scalar::Null,
        };
        if row == Some(&map) { Ok(()) } else { Err(ShapeError::Beginning) }
    };
    if chunk.deps.is_empty() {
        if chunk.start_op != 1 {
            return Err(ShapeError::StartOp(chunk.start_op));
        }
        if !chunk.other_actors.is_empty() {
            return Err(ShapeError::OtherActors);
        }
        let events = EventsObject { counter: chunk.start_op, actor: chunk.actor };
        makes(chunk.rows.first(), None, EVENTS)?;
        makes(chunk.rows.get(1), Some(Name { actor: 0, counter: events.counter }), &own)?;
        return Ok((events, 1));
    }
    let [actor] = chunk.other_actors.as_slice() else { return Err(ShapeError::OtherActors) };
    if *actor == chunk.actor {
        return Err(ShapeError::OtherActors);
    }
    let object = chunk.rows.first().and_then(|row| row.object).filter(|name| name.actor == 1);
    let object = object.ok_or(ShapeError::Beginning)?;
    makes(chunk.rows.first(), Some(object), &own)?;
    Ok((EventsObject { counter: object.counter, actor: *actor }, 0))
}

/// The number of the last operation.
fn max_op(chunk: &Chunk<'_>) -> Result<u64, ShapeError> {
    let count = u64::try_from(chunk.rows.len()).ok();
    let after = count.and_then(|count| chunk.start_op.checked_add(count));
    let max_op = after.and_then(|after| after.checked_sub(1)).filter(|max_op| *max_op <= OP_MAX);
    max_op.filter(|_| chunk.start_op > 0).ok_or(ShapeError::StartOp(chunk.start_op))
}
