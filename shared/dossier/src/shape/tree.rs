//! From operations to the tree that they make: each one adds to an object made before it in the
//! same change.

use std::collections::BTreeMap;

use super::{KEY_BYTES_MAX, ShapeError};
use crate::{
    chunk::{
        Chunk,
        rows::{Name, Place, Row, Scalar},
    },
    value::Value,
};

/// Automerge's number of the operation that makes a map.
pub(super) const MAKE_MAP: u64 = 0;
/// Of the one that sets a value.
pub(super) const SET: u64 = 1;
/// Of the one that makes a list.
pub(super) const MAKE_LIST: u64 = 2;

/// What one operation makes, and what the following ones have put into it; parts are named by the
/// place of their operation.
enum Node<'a> {
    Map(BTreeMap<&'a str, usize>),
    List(Vec<usize>),
    Leaf(Scalar<'a>),
}

/// The map that the operation at `own` makes, with all that the following ones put into it.
pub(super) fn event(chunk: &Chunk<'_>, own: usize) -> Result<Value, ShapeError> {
    let mut nodes: Vec<Node<'_>> = vec![Node::Map(BTreeMap::new())];
    let rows = chunk.rows.iter().enumerate().skip(own.saturating_add(1));
    for (at, row) in rows {
        let node = node(at, row)?;
        let numbers = Numbers { start_op: chunk.start_op, own };
        let parent = row.object.and_then(|object| numbers.index(object));
        let made = nodes.len();
        match parent.and_then(|parent| nodes.get_mut(parent)) {
            Some(Node::Map(map)) => add_to_map(map, at, row, made)?,
            Some(Node::List(list)) => add_to_list(list, at, row, &numbers, made)?,
            Some(Node::Leaf(_)) | None => return Err(ShapeError::Outside(at)),
        }
        nodes.push(node);
    }
    Ok(assemble(nodes))
}

/// From the names of operations to the places of what they made.
struct Numbers {
    start_op: u64,
    own: usize,
}

impl Numbers {
    /// The place among the nodes of what the named operation of this change made.
    fn index(&self, name: Name) -> Option<usize> {
        let offset = name.counter.checked_sub(self.start_op).filter(|_| name.actor == 0)?;
        usize::try_from(offset).ok()?.checked_sub(self.own)
    }
}

/// What an operation makes by itself.
fn node<'a>(at: usize, row: &Row<'a>) -> Result<Node<'a>, ShapeError> {
    match (row.action, row.scalar) {
        (MAKE_MAP, Scalar::Null) => Ok(Node::Map(BTreeMap::new())),
        (MAKE_LIST, Scalar::Null) => Ok(Node::List(Vec::new())),
        (SET, scalar) => Ok(Node::Leaf(scalar)),
        _ => Err(ShapeError::Action(at)),
    }
}

/// Adds to a map under a fresh key.
fn add_to_map<'a>(
    map: &mut BTreeMap<&'a str, usize>,
    at: usize,
    row: &Row<'a>,
    made: usize,
) -> Result<(), ShapeError> {
    let (false, Place::Key(key)) = (row.insert, row.place) else {
        return Err(ShapeError::Place(at));
    };
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(ShapeError::Key(at));
    }
    if map.insert(key, made).is_some() {
        return Err(ShapeError::Twice(at));
    }
    Ok(())
}

/// Adds behind the last element of a list.
fn add_to_list(
    list: &mut Vec<usize>,
    at: usize,
    row: &Row<'_>,
    numbers: &Numbers,
    made: usize,
) -> Result<(), ShapeError> {
    let last = list.last().copied();
    let in_order = match row.place {
        Place::Front => last.is_none(),
        Place::After(name) => last.is_some() && numbers.index(name) == last,
        Place::Key(_) => false,
    };
    if !row.insert || !in_order {
        return Err(ShapeError::Place(at));
    }
    list.push(made);
    Ok(())
}

/// Puts the nodes together from the last, so that parts are ready before what holds them.
fn assemble(nodes: Vec<Node<'_>>) -> Value {
    let mut ready: Vec<Value> = vec![Value::Null; nodes.len()];
    for (at, node) in nodes.into_iter().enumerate().rev() {
        let mut take =
            |part: usize| ready.get_mut(part).map(|it| std::mem::replace(it, Value::Null));
        let value = match node {
            Node::Map(map) => {
                let parts = map.into_iter();
                let parts = parts.filter_map(|(key, part)| Some((key.to_owned(), take(part)?)));
                Value::Map(parts.collect())
            }
            Node::List(list) => Value::List(list.into_iter().filter_map(take).collect()),
            Node::Leaf(scalar) => leaf(scalar),
        };
        if let Some(place) = ready.get_mut(at) {
            *place = value;
        }
    }
    ready.into_iter().next().unwrap_or(Value::Null)
}

/// A scalar as a value of its own.
fn leaf(scalar: Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(value),
        Scalar::Int(value) => Value::Int(value),
        Scalar::Text(text) => Value::Text(text.to_owned()),
        Scalar::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
    }
}
