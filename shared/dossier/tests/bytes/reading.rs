//! What Automerge itself reads in a dossier's document. Shared with the tests of the whole.

use std::collections::BTreeMap;

use automerge::{Automerge, hydrate};
use hoso_dossier::Value;

/// All events of the document by name; `None` where it holds anything else.
pub(crate) fn events_of(document: &Automerge) -> Option<BTreeMap<String, Value>> {
    let root = plain(document.hydrate(None));
    let root = root.as_map().filter(|root| root.len() == 1)?;
    root.get("events")?.as_map().cloned()
}

/// Automerge's own tree as ours; anything that an event cannot hold is a failure.
fn plain(value: hydrate::Value) -> Value {
    match value {
        hydrate::Value::Map(map) => {
            assert!(map.iter().all(|(_, part)| !part.conflict), "two values under one key");
            let parts = map.iter().map(|(key, part)| (key.clone(), plain(part.value.clone())));
            Value::Map(parts.collect())
        }
        hydrate::Value::List(list) => {
            Value::List(list.iter().map(|part| plain(part.value.clone())).collect())
        }
        hydrate::Value::Scalar(automerge::ScalarValue::Null) => Value::Null,
        hydrate::Value::Scalar(automerge::ScalarValue::Boolean(value)) => Value::Bool(value),
        hydrate::Value::Scalar(automerge::ScalarValue::Int(value)) => Value::Int(value),
        hydrate::Value::Scalar(automerge::ScalarValue::Str(text)) => Value::Text(text.to_string()),
        hydrate::Value::Scalar(automerge::ScalarValue::Bytes(bytes)) => Value::Bytes(bytes),
        hydrate::Value::Scalar(other) => panic!("an event cannot hold {other:?}"),
        hydrate::Value::Text(text) => panic!("an event cannot hold {text:?}"),
    }
}
