//! From an event to the operations that make it, in the order in which Automerge makes them: each
//! object before its parts, the parts of a map by key.

use hoso_identity::ActorId;

use super::{
    EVENTS, EventsObject, ShapeError,
    tree::{MAKE_LIST, MAKE_MAP, SET},
};
use crate::{
    chunk::{
        ChunkError, OPERATIONS_MAX,
        rows::{Name, Place, Row, Scalar},
    },
    value::Value,
};

/// Index of the change's own actor in its table.
const OWN: u64 = 0;
/// Index of the first change's actor in the table of a later one.
const FIRST: u64 = 1;

/// Where a change adds its event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bed<'a> {
    /// The name of the event: the actor in hexadecimal digits.
    pub(crate) key: &'a str,
    /// The number of the change's first operation.
    pub(crate) start_op: u64,
    /// The `events` object to which a later change adds; a first change makes it.
    pub(crate) events: Option<EventsObject>,
}

/// The operations of the change that adds this event.
///
/// # Errors
///
/// [`ChunkError::Operations`] for an event of too many parts.
pub(crate) fn operations<'a>(bed: Bed<'a>, event: &'a Value) -> Result<Vec<Row<'a>>, ShapeError> {
    let mut planting = Planting { start_op: bed.start_op, rows: Vec::new() };
    let events = match bed.events {
        Some(events) => Name { actor: FIRST, counter: events.counter },
        None => planting.add(None, Place::Key(EVENTS), (MAKE_MAP, Scalar::Null))?,
    };
    planting.plant(events, Place::Key(bed.key), event)?;
    Ok(planting.rows)
}

/// The table of actors that a change needs beside its own.
pub(crate) fn other_actors(events: Option<EventsObject>) -> Vec<ActorId> {
    events.map(|events| events.actor).into_iter().collect()
}

struct Planting<'a> {
    start_op: u64,
    rows: Vec<Row<'a>>,
}

impl<'a> Planting<'a> {
    /// Adds a value with its parts; gives the name of its operation. Every level of the tree is an
    /// operation, so that their bound bounds the depth.
    fn plant(
        &mut self,
        object: Name,
        place: Place<'a>,
        value: &'a Value,
    ) -> Result<Name, ShapeError> {
        let made = match value {
            Value::Null => (SET, Scalar::Null),
            Value::Bool(value) => (SET, Scalar::Bool(*value)),
            Value::Int(value) => (SET, Scalar::Int(*value)),
            Value::Text(text) => (SET, Scalar::Text(text)),
            Value::Bytes(bytes) => (SET, Scalar::Bytes(bytes)),
            Value::Map(_) => (MAKE_MAP, Scalar::Null),
            Value::List(_) => (MAKE_LIST, Scalar::Null),
        };
        let own = self.add(Some(object), place, made)?;
        match value {
            Value::Map(map) => {
                for (key, part) in map {
                    self.plant(own, Place::Key(key), part)?;
                }
            }
            Value::List(list) => {
                let mut place = Place::Front;
                for part in list {
                    place = Place::After(self.plant(own, place, part)?);
                }
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Bytes(_) => {}
        }
        Ok(own)
    }

    fn add(
        &mut self,
        object: Option<Name>,
        place: Place<'a>,
        (action, scalar): (u64, Scalar<'a>),
    ) -> Result<Name, ShapeError> {
        let offset = self.rows.len();
        if offset >= OPERATIONS_MAX {
            return Err(ChunkError::Operations.into());
        }
        let counter = u64::try_from(offset).ok().and_then(|at| self.start_op.checked_add(at));
        let counter = counter.ok_or(ShapeError::StartOp(self.start_op))?;
        let insert = !matches!(place, Place::Key(_));
        self.rows.push(Row { object, place, insert, action, scalar });
        Ok(Name { actor: OWN, counter })
    }
}
