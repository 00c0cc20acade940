//! A commune's desk and a stranger's tools: honest changes, and hostile ones made with Automerge
//! itself or by taking chunks apart.

use std::collections::BTreeMap;

use automerge::{
    Automerge, ObjId, ObjType, Prop, ROOT, ReadDoc, ScalarValue, TextEncoding,
    transaction::{CommitOptions, Transactable, Transaction},
};
use hoso_dossier::{
    Change, ChangeHash, Document, History, ShapeError, Value, history::WriteError, shape,
};
use hoso_identity::ActorId;

use crate::reading::events_of;

/// The actor of the n-th entry. High and low ones alternate, so that Automerge's order of actors
/// is not the order of entries.
pub(crate) fn actor(number: u8) -> ActorId {
    let mut bytes = [if number.is_multiple_of(2) { 0xf0 } else { 0x0f }; 16];
    bytes[15] = number;
    ActorId(bytes)
}

/// A map of these parts.
pub(crate) fn map<const N: usize>(parts: [(&str, Value); N]) -> Value {
    Value::Map(parts.map(|(key, part)| (key.to_owned(), part)).into_iter().collect())
}

/// A string.
pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// What a clerk writes at the counter.
pub(crate) fn submitted() -> Value {
    map([
        ("at", Value::Int(1_790_000_000_000)),
        ("kind", text("submitted")),
        ("applicant", map([("name", text("Phạm Thị Đường")), ("birth", Value::Null)])),
        ("papers", Value::List(vec![text("TK-01"), map([("original", Value::Bool(true))])])),
    ])
}

/// What comes later.
pub(crate) fn received() -> Value {
    map([("at", Value::Int(1_790_000_060_000)), ("code", text("07192-20261124-0010001"))])
}

/// A dossier as a desk has it: what rests on what, and Automerge's document beside it.
#[derive(Clone)]
pub(crate) struct Dossier {
    pub(crate) history: History,
    pub(crate) document: Document,
}

impl Dossier {
    pub(crate) fn new() -> Self {
        Self { history: History::new(), document: Document::new() }
    }

    pub(crate) fn heads(&self) -> Vec<ChangeHash> {
        assert_eq!(self.history.heads(), self.document.heads());
        self.history.heads()
    }

    /// The payload of an event upon these versions.
    pub(crate) fn make(
        &self,
        base: &[ChangeHash],
        actor: ActorId,
        event: &Value,
    ) -> Result<Vec<u8>, WriteError> {
        self.history.write(base, actor, event).map(|(payload, _)| payload)
    }

    /// Takes a payload in, here and in Automerge.
    pub(crate) fn take(&mut self, payload: &[u8]) {
        let change = shape::read(payload).unwrap();
        self.history.take(&change, change.actor).unwrap();
        self.document.apply(&[payload]).unwrap();
    }
}

/// The payload of a dossier's first event.
pub(crate) fn beginning(actor: ActorId, event: &Value) -> Result<Vec<u8>, WriteError> {
    Dossier::new().make(&[], actor, event)
}

/// A dossier with its first event, and that change's payload.
pub(crate) fn dossier() -> (Dossier, Vec<u8>) {
    let payload = beginning(actor(1), &submitted()).unwrap();
    let mut dossier = Dossier::new();
    dossier.take(&payload);
    (dossier, payload)
}

/// The same document in Automerge, with the `events` object, for a hostile author.
pub(crate) fn automerge_of(dossier: &Dossier, author: ActorId) -> (Automerge, ObjId) {
    let mut hostile = Automerge::load(&dossier.document.save()).unwrap();
    hostile.set_actor(automerge::ActorId::from(author.as_bytes()));
    let (_, events) = hostile.get(ROOT, "events").unwrap().unwrap();
    (hostile, events)
}

/// The payload that Automerge itself writes for an event upon these versions.
pub(crate) fn automerge_writes(
    dossier: &Dossier,
    base: &[ChangeHash],
    actor: ActorId,
    event: &Value,
) -> Vec<u8> {
    let saved = Automerge::load(&dossier.document.save()).unwrap();
    let base: Vec<_> = base.iter().map(|hash| automerge::ChangeHash(hash.0)).collect();
    let mut fork = saved.fork_at(&base).unwrap();
    fork.set_actor(automerge::ActorId::from(actor.as_bytes()));
    let mut transaction = fork.transaction();
    let events = match transaction.get(ROOT, "events").unwrap() {
        Some((_, events)) => events,
        None => transaction.put_object(ROOT, "events", ObjType::Map).unwrap(),
    };
    put(&mut transaction, &events, actor.to_string().into(), event);
    transaction.commit_with(CommitOptions::default().with_time(0));
    fork.get_last_local_change().unwrap().raw_bytes().to_vec()
}

/// Puts a value into a map, or behind the last element of a list.
fn put(transaction: &mut Transaction<'_>, object: &ObjId, place: Prop, value: &Value) {
    let kind = match value {
        Value::Map(_) => Some(ObjType::Map),
        Value::List(_) => Some(ObjType::List),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Bytes(_) => None,
    };
    let scalar = match value {
        Value::Bool(value) => ScalarValue::Boolean(*value),
        Value::Int(value) => ScalarValue::Int(*value),
        Value::Text(text) => ScalarValue::Str(text.as_str().into()),
        Value::Bytes(bytes) => ScalarValue::Bytes(bytes.clone()),
        Value::Null | Value::Map(_) | Value::List(_) => ScalarValue::Null,
    };
    let made = match (place, kind) {
        (Prop::Map(key), None) => return transaction.put(object, key, scalar).unwrap(),
        (Prop::Seq(at), None) => return transaction.insert(object, at, scalar).unwrap(),
        (Prop::Map(key), Some(kind)) => transaction.put_object(object, key, kind).unwrap(),
        (Prop::Seq(at), Some(kind)) => transaction.insert_object(object, at, kind).unwrap(),
    };
    match value {
        Value::Map(map) => {
            map.iter().for_each(|(key, part)| put(transaction, &made, key.as_str().into(), part));
        }
        Value::List(list) => {
            let parts = list.iter().enumerate();
            parts.for_each(|(at, part)| put(transaction, &made, at.into(), part));
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Bytes(_) => {}
    }
}

/// What Automerge makes of these payloads, all events by name. `None` where it refuses or panics.
pub(crate) fn automerge_reads(payloads: &[&[u8]]) -> Option<BTreeMap<String, Value>> {
    let read = || {
        let mut document = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint);
        let changes: Result<Vec<_>, _> =
            payloads.iter().map(|payload| automerge::Change::try_from(*payload)).collect();
        document.apply_changes(changes.ok()?).ok()?;
        events_of(&document)
    };
    std::panic::catch_unwind(read).unwrap_or(None)
}

/// Reads and checks a later change as a receiver does that has the first one only.
pub(crate) fn judge(first: &[u8], later: &[u8], author: ActorId) -> Result<Change, ShapeError> {
    let first = shape::read(first).unwrap();
    let later = shape::read(later)?;
    shape::check(&later, author, Some(&first), &[&first])?;
    Ok(later)
}
