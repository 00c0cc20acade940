//! What must be true when everything has arrived: the same documents and records at every holder,
//! unique codes, no acknowledged action missing, and nothing at a node that does not concern it.

use std::collections::{BTreeMap, BTreeSet};

use automerge::AutoCommit;
use serde_json::Value;

use super::desk::{Acknowledged, Desk};

/// The part of a record that is the same at every holder: all but what one node knows alone.
#[must_use]
pub fn shared_record(dossier: &Value) -> Value {
    let mut record = dossier.clone();
    if let Some(fields) = record.as_object_mut() {
        fields.remove("sync");
        fields.remove("attachments");
        // What the reader may do depends on who reads.
        fields.remove("actions");
    }
    if let Some(events) = record["events"].as_array_mut() {
        for event in events {
            if let Some(fields) = event.as_object_mut() {
                fields.remove("sync");
            }
        }
    }
    record
}

/// The heads of a dossier's document, as any Automerge client would read them.
///
/// # Panics
///
/// When the document cannot be read.
#[must_use]
pub fn heads(desk: &Desk, id: &str) -> Vec<String> {
    let bytes = desk.session.bytes(&format!("/api/v1/dossiers/{id}/document"));
    let mut document = AutoCommit::load(&bytes).unwrap_or_else(|error| panic!("{id}: {error}"));
    let mut heads: Vec<String> = document.get_heads().iter().map(ToString::to_string).collect();
    heads.sort();
    heads
}

/// What each desk lacks to agree with the others about every dossier that both hold.
#[must_use]
pub fn disagreements(desks: &[Desk]) -> Vec<String> {
    let mut seen: BTreeMap<String, (usize, Value, Vec<String>)> = BTreeMap::new();
    let mut differ = Vec::new();
    for (number, desk) in desks.iter().enumerate() {
        for id in desk.ids() {
            let (record, heads) = (shared_record(&desk.read(&id)), heads(desk, &id));
            let (first, other, their_heads) =
                seen.entry(id.clone()).or_insert_with(|| (number, record.clone(), heads.clone()));
            if *their_heads != heads {
                differ.push(format!("{id}: heads at {first} and {number}"));
            } else if *other != record {
                differ.push(format!("{id}: {}", first_difference(other, &record)));
            }
        }
    }
    differ
}

/// Acknowledged actions that a desk does not show.
#[must_use]
pub fn missing_actions(acknowledged: &Acknowledged, desk: &Desk) -> Vec<String> {
    acknowledged
        .iter()
        .flat_map(|(id, kinds)| {
            let answer = desk.session.get(&format!("/api/v1/dossiers/{id}"));
            if answer.status != 200 {
                return vec![format!("{id} is not there: {}", answer.status)];
            }
            lacking(kinds, &answer.body)
                .into_iter()
                .map(|kind| format!("{id} lacks {kind}"))
                .collect()
        })
        .collect()
}

/// Codes that more than one dossier shows.
#[must_use]
pub fn repeated_codes(desks: &[Desk]) -> Vec<String> {
    let mut holders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for desk in desks {
        for id in desk.ids() {
            let code = desk.read(&id)["code"].as_str().unwrap_or_default().to_owned();
            holders.entry(code).or_default().insert(id);
        }
    }
    let repeated = holders.into_iter().filter(|(code, ids)| code.is_empty() || ids.len() > 1);
    repeated.map(|(code, ids)| format!("{code:?} at {ids:?}")).collect()
}

/// Dossiers whose badge does not say that they have arrived everywhere.
#[must_use]
pub fn undelivered(ids: impl IntoIterator<Item = String>, desk: &Desk) -> Vec<String> {
    ids.into_iter()
        .filter_map(|id| {
            let sync = desk.read(&id)["sync"].clone();
            let state = sync["state"].as_str().unwrap_or_default();
            let told = sync["delivered"].as_array().is_some_and(|units| {
                units.iter().all(|unit| unit["at"].is_string() && unit["node"].is_string())
            });
            let complete = ["delivered", "opened"].contains(&state)
                && sync["at_province_at"].is_string()
                && told;
            (!complete).then(|| format!("{id}: {sync}"))
        })
        .collect()
}

/// Kinds that the dossier's history lacks, counted.
fn lacking(kinds: &[String], dossier: &Value) -> Vec<String> {
    let mut there: Vec<&str> = dossier["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|event| event["kind"].as_str())
        .collect();
    kinds
        .iter()
        .filter(|kind| match there.iter().position(|other| other == kind) {
            Some(at) => {
                there.swap_remove(at);
                false
            }
            None => true,
        })
        .cloned()
        .collect()
}

fn first_difference(one: &Value, other: &Value) -> String {
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (one, other) = (fields(one), fields(other));
    one.keys()
        .chain(other.keys())
        .find(|key| one.get(*key) != other.get(*key))
        .map_or_else(String::new, |key| {
            format!("{key}: {:?} and {:?}", one.get(key), other.get(key))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_event_and_a_differing_field_are_found_and_local_knowledge_is_not() {
        let dossier = json!({ "events": [{ "kind": "received" }, { "kind": "noted" }] });
        let kinds =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(lacking(&kinds(&["received", "noted"]), &dossier).is_empty());
        assert_eq!(lacking(&kinds(&["noted", "noted", "approved"]), &dossier).len(), 2);
        let one = json!({ "code": "a", "sync": 1, "events": [{ "kind": "noted", "sync": 3 }] });
        let other = json!({ "code": "a", "sync": 2, "events": [{ "kind": "noted" }] });
        assert_eq!(shared_record(&one), shared_record(&other));
        assert!(first_difference(&json!({ "code": 1 }), &json!({ "code": 2 })).starts_with("code"));
    }
}
