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
        // What the reader may do depends on who reads.
        fields.remove("actions");
        fields.remove("not_now");
        fields.remove("choices");
    }
    if let Some(scans) = record["attachments"].as_array_mut() {
        for scan in scans.iter_mut().filter_map(Value::as_object_mut) {
            // How much of it is at this node.
            scan.remove("state");
            scan.remove("percent");
        }
    }
    if let Some(events) = record["events"].as_array_mut() {
        for event in events {
            if let Some(fields) = event.as_object_mut() {
                fields.remove("sync");
                // When this node heard of it, by its own clock.
                fields.remove("at_province_at");
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

/// Dossiers that this desk has written in and whose badge does not say that they have arrived at
/// every other unit that they concern.
#[must_use]
pub fn undelivered(ids: impl IntoIterator<Item = String>, desk: &Desk) -> Vec<String> {
    ids.into_iter()
        .filter_map(|id| {
            let dossier = desk.read(&id);
            let awaited = not_arrived(&dossier, &desk.unit);
            (!awaited.is_empty()).then(|| format!("{id}: {awaited:?} in {}", dossier["sync"]))
        })
        .collect()
}

/// What the badge of a dossier lacks, as a desk of this unit sees it. It is the badge of the last
/// change, which went out to all but the unit that wrote it; that a unit has read it is none.
fn not_arrived(dossier: &Value, unit: &str) -> Vec<String> {
    let sync = &dossier["sync"];
    let told = sync["delivered"].as_array().into_iter().flatten();
    let told = told.filter(|fact| fact["at"].is_string() && fact["node"].is_string());
    let told: BTreeSet<&str> = told.filter_map(|fact| fact["unit"].as_str()).collect();
    let mut events = dossier["events"].as_array().into_iter().flatten().rev();
    let last = events.find(|event| event["kind"] != "opened");
    let author = last.and_then(|event| event["unit"].as_str());
    let mut lacking: Vec<String> = concerned(dossier)
        .into_iter()
        .filter(|other| *other != unit && Some(*other) != author && !told.contains(other))
        .map(str::to_owned)
        .collect();
    if !["delivered", "opened"].contains(&sync["state"].as_str().unwrap_or_default()) {
        lacking.push("state".to_owned());
    }
    if !sync["at_province_at"].is_string() {
        lacking.push("at_province_at".to_owned());
    }
    lacking
}

/// The codes of the units that a dossier concerns: those that receive, decide and return it.
/// Agencies have no node.
#[must_use]
pub fn concerned(dossier: &Value) -> BTreeSet<&str> {
    let places = ["receiving_unit", "competent_unit", "return_unit"];
    let codes = places.iter().filter_map(|place| dossier[*place].as_str());
    codes.filter(|code| code.bytes().all(|byte| byte.is_ascii_digit())).collect()
}

/// Of these dossiers those that the desk's node shows though they do not concern its unit, or that
/// it does not show though they do: their records, or only their entries.
#[must_use]
pub fn misplaced(dossiers: &BTreeMap<String, Value>, desk: &Desk) -> Vec<String> {
    let listed: BTreeSet<String> = desk.ids().into_iter().collect();
    let strange = listed.iter().filter(|id| !dossiers.contains_key(*id)).cloned();
    let wrong = dossiers.iter().filter(|(id, dossier)| {
        let concerns = concerned(dossier).contains(desk.unit.as_str());
        let entries = desk.session.finds(&format!("/api/v1/dossiers/{id}/entries"));
        listed.contains(*id) != concerns || entries != concerns
    });
    strange.chain(wrong.map(|(id, _)| id.clone())).collect()
}

/// Kinds that have no effect in the dossier's history, counted.
fn lacking(kinds: &[String], dossier: &Value) -> Vec<String> {
    let mut there: Vec<&str> = dossier["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|event| event["effect"] == true)
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
        let dossier = json!({ "events": [
            { "kind": "received", "effect": true },
            { "kind": "noted", "effect": true },
            { "kind": "approved", "effect": false },
        ] });
        let kinds =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(lacking(&kinds(&["received", "noted"]), &dossier).is_empty());
        assert_eq!(lacking(&kinds(&["noted", "noted", "approved"]), &dossier).len(), 2);
        let one = json!({ "code": "a", "sync": 1, "events": [
            { "kind": "noted", "sync": 3, "at_province_at": "2026" },
        ] });
        let other = json!({ "code": "a", "sync": 2, "events": [{ "kind": "noted" }] });
        assert_eq!(shared_record(&one), shared_record(&other));
        let other = json!({ "code": "a", "events": [{ "kind": "noted" }], "attachments": [1] });
        assert_ne!(shared_record(&one), shared_record(&other));
        assert!(first_difference(&json!({ "code": 1 }), &json!({ "code": 2 })).starts_with("code"));
    }

    #[test]
    fn a_badge_is_complete_only_when_every_other_unit_is_in_it() {
        let fact = |unit: &str| json!({ "unit": unit, "at": "2026", "node": "00" });
        let dossier = |delivered: Value| {
            json!({
                "receiving_unit": "07192", "competent_unit": "06673", "return_unit": "07192",
                "sync": { "state": "delivered", "at_province_at": "2026", "delivered": delivered },
            })
        };
        assert!(not_arrived(&dossier(json!([fact("06673")])), "07192").is_empty());
        assert_eq!(not_arrived(&dossier(json!([])), "07192"), ["06673"]);
        assert_eq!(not_arrived(&dossier(json!([{ "unit": "06673" }])), "07192"), ["06673"]);
        assert_eq!(not_arrived(&dossier(json!([fact("06673")])), "06673"), ["07192"]);
        let mut opened = dossier(json!([]));
        opened["events"] = json!([{ "unit": "07192" }, { "unit": "06673" }]);
        assert!(not_arrived(&opened, "07192").is_empty(), "who wrote last has what was before");
        opened["events"] = json!([{ "unit": "06673" }, { "unit": "07192" }]);
        assert_eq!(not_arrived(&opened, "07192"), ["06673"]);
        let agency = json!({ "receiving_unit": "07192", "competent_unit": "SNV" });
        assert_eq!(not_arrived(&agency, "07192"), ["state", "at_province_at"]);
    }
}
