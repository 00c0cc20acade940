//! Offices whose programs are not of one age: what a newer one has written is kept, passed on and
//! shown as such, and nobody builds upon what they cannot read.

use std::{collections::BTreeMap, time::Duration};

use hoso_dossier::Value;
use hoso_identity::{DocumentId, Entry, Kind, Nonce};
use hoso_tests::{
    e2e::{
        desk::{Desk, id_of, procedures, reception},
        node::Node,
        province::{CO_TO, Province},
        wait,
    },
    hostile::{
        cast::{Cast, document},
        forge::{Draft, Must, Planted, sealed},
        siege,
    },
};
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(120);
/// A kind of which no release of today has heard.
const NEWER: Kind = Kind(9_000);

/// What an office of the next release notes in this dossier, by the clerk of a node that rests.
fn of_the_next_release(node: &Node, cast: &Cast, id: DocumentId) -> Entry {
    let stored = document(&node.data, &id);
    let read = stored.iter().map(|stored| Entry::decode(&stored.bytes).expect("a stored entry"));
    let draft = Draft::of(id, read.collect());
    let header = cast.header(&cast.clerk, id, Nonce([77; 8]));
    let said = Value::Map(BTreeMap::from([
        ("kind".to_owned(), Value::Text("foreseen".to_owned())),
        ("at".to_owned(), Value::Int(1_795_143_600_000)),
        ("what".to_owned(), Value::Text("điều chưa có ở bản này".to_owned())),
    ]));
    let mut ready = draft.ready(&header, &draft.history.heads(), &said);
    ready.header.kind = NEWER;
    Entry::decode(&sealed(ready.header, &ready.payload, &cast.clerk.key)).expect("an entry")
}

/// Whether the node holds that entry byte by byte, with a place in the ledger.
fn holds(node: &Node, id: DocumentId, entry: &Entry) -> bool {
    let held = document(&node.data, &id);
    let same = held.iter().find(|stored| stored.id == entry.id());
    same.is_some_and(|stored| stored.bytes == entry.encode() && stored.position.is_some())
}

#[test]
fn what_a_newer_version_has_written_is_kept_passed_on_and_shown_and_the_dossier_is_read_only() {
    let mut province = Province::with(&[("co-to", CO_TO), ("co-to-mobile", CO_TO)]);
    siege::add_readers(&province.nodes[0]);
    let mut desk = Desk::of(&province.nodes[0]);
    let own = procedures().into_iter().find(|one| one.competent == "unit").expect("a procedure");
    let dossier = desk.receive(&reception(1, &own, CO_TO), "one");
    let untouched = desk.receive(&reception(2, &own, CO_TO), "two");
    let id = DocumentId::from_hex(id_of(&dossier)).expect("an id");
    wait::until("the relay has both", DEADLINE, || {
        (province.nodes[0].sync(&desk.session)["pending_entries"] == 0).then_some(())
    });
    province.nodes[0].stop();
    let cast = Cast::of(&province.nodes[0].data);
    let (unit, entry) = (cast.unit, of_the_next_release(&province.nodes[0], &cast, id));
    let planted = Planted::of("newer", Must::Agree, entry.encode(), id);
    siege::write(&province.nodes[0].data, unit, &[planted]);
    province.nodes[0].start();
    for node in &province.nodes {
        wait::until("every office has it", DEADLINE, || holds(node, id, &entry).then_some(()));
        let mut desk = Desk::of(node);
        let record = wait::until("it is shown", DEADLINE, || {
            let record = desk.read(id_of(&dossier));
            (record["needs_newer"] == true).then_some(record)
        });
        assert_eq!(record["actions"], json!([]), "{record}");
        assert_eq!(record["status"], "accepted", "what was there before still holds");
        let refused = desk.try_act(&record, "noted", json!({ "text": "thử" }));
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(refused.body["type"].as_str().is_some_and(|kind| kind.ends_with("needs-newer")));
        let page = desk.session.get(&format!("/dossiers/{}", id_of(&dossier)));
        let page = page.body.as_str().unwrap_or_default().to_owned();
        assert!(page.contains("phiên bản mới hơn"), "{page}");
        let listed = desk.session.get("/api/v1/dossiers").body;
        for row in listed["items"].as_array().expect("rows") {
            assert_eq!(row["needs_newer"], row["id"] == dossier["id"], "{row}");
        }
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(2), "{listed}");
        desk.act(&desk.read(id_of(&untouched)), "noted", json!({ "text": "như thường" }));
    }
}
