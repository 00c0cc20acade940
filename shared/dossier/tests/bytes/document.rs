//! What a document does for those who have no bad intentions.

use crate::support::{actor, automerge_reads, dossier, map, received, submitted, text};
use hoso_dossier::{Applied, ChangeHash, Document, DocumentError, Value, shape};

#[test]
fn what_the_desk_writes_is_read_back_by_ourselves_and_by_automerge_alike() {
    let (document, first) = dossier();
    let later = document.make(&document.heads(), actor(2), &received()).unwrap();
    assert_eq!(shape::read(&first).unwrap().event, submitted());
    assert_eq!(shape::read(&later).unwrap().event, received());
    let events = automerge_reads(&[&first, &later]).unwrap();
    assert_eq!(events[&actor(1).to_string()], submitted());
    assert_eq!(events[&actor(2).to_string()], received());
}

#[test]
fn a_change_has_the_hash_that_automerge_gives_it() {
    let (document, first) = dossier();
    let hash = automerge::Change::try_from(first.as_slice()).unwrap().hash();
    assert_eq!(shape::read(&first).unwrap().hash, ChangeHash(hash.0));
    assert_eq!(document.heads(), [ChangeHash(hash.0)]);
}

#[test]
fn a_saved_document_comes_back_with_the_same_events_and_versions() {
    let (mut document, _) = dossier();
    let later = document.make(&document.heads(), actor(2), &received()).unwrap();
    document.apply(&[&later]).unwrap();
    let loaded = Document::load(&document.save()).unwrap();
    assert_eq!(loaded.heads(), document.heads());
    assert!(loaded.contains(&shape::read(&later).unwrap().hash));
}

#[test]
fn a_form_is_answered_upon_the_version_that_its_author_saw() {
    let (mut document, first) = dossier();
    let seen = document.heads();
    let other = document.make(&seen, actor(2), &received()).unwrap();
    document.apply(&[&other]).unwrap();
    let stale = document.make(&seen, actor(3), &map([("kind", text("noted"))])).unwrap();
    let change = shape::read(&stale).unwrap();
    assert_eq!(change.deps, seen);
    assert_eq!(change.start_op, shape::read(&first).unwrap().max_op + 1);
    document.apply(&[&stale]).unwrap();
    assert_eq!(document.heads().len(), 2);
    let both = document.make(&document.heads(), actor(4), &received()).unwrap();
    assert_eq!(shape::read(&both).unwrap().deps, document.heads());
}

#[test]
fn changes_go_in_whatever_order_they_come() {
    let (mut document, first) = dossier();
    let mut payloads = vec![first];
    for number in 2..20 {
        let payload = document.make(&document.heads(), actor(number), &received()).unwrap();
        document.apply(&[&payload]).unwrap();
        payloads.push(payload);
    }
    payloads.reverse();
    let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    let mut copy = Document::new();
    let early = copy.apply(&payloads[..18]).unwrap();
    assert!(
        early.iter().all(|applied| matches!(applied, Applied::Missing(deps) if deps.len() == 1))
    );
    assert!(copy.heads().is_empty());
    assert!(copy.apply(&payloads).unwrap().iter().all(|applied| *applied == Applied::Now));
    assert_eq!(copy.heads(), document.heads());
    assert!(copy.apply(&payloads).unwrap().iter().all(|applied| *applied == Applied::Known));
}

#[test]
fn of_two_changes_of_one_actor_the_earlier_counts_and_what_rests_on_the_other_waits() {
    let (mut document, _) = dossier();
    let one = document.make(&document.heads(), actor(2), &received()).unwrap();
    let twin = document.make(&document.heads(), actor(2), &submitted()).unwrap();
    let mut clone = document.clone();
    clone.apply(&[&twin]).unwrap();
    let upon_twin = clone.make(&clone.heads(), actor(3), &received()).unwrap();
    let twin_hash = shape::read(&twin).unwrap().hash;
    let expected = [Applied::Now, Applied::ActorTaken, Applied::Missing(vec![twin_hash])];
    let mut in_two_steps = document.clone();
    assert_eq!(document.apply(&[&one, &twin, &upon_twin]).unwrap(), expected);
    in_two_steps.apply(&[&one]).unwrap();
    assert_eq!(in_two_steps.apply(&[&twin, &upon_twin]).unwrap(), expected[1..]);
    assert_eq!(document.heads(), in_two_steps.heads());
}

#[test]
fn an_event_that_does_not_fit_into_one_change_is_refused_before_it_is_written() {
    let (document, _) = dossier();
    let refused = |event: &Value| {
        assert!(matches!(Document::first(actor(3), event), Err(DocumentError::Event(_))));
        let later = document.make(&document.heads(), actor(3), event);
        assert!(matches!(later, Err(DocumentError::Event(_))), "{later:?}");
    };
    refused(&Value::Null);
    refused(&Value::List(vec![Value::Null]));
    refused(&map([("", Value::Null)]));
    refused(&map([(&"k".repeat(257), Value::Null)]));
    refused(&map([("note", text(&"x".repeat(64 * 1024)))]));
    refused(&map([("many", Value::List(vec![Value::Null; 255]))]));
    let mut deep = Value::Null;
    for _ in 0..5_000 {
        deep = Value::List(vec![deep]);
    }
    refused(&map([("deep", deep)]));
    let full = map([("many", Value::List(vec![Value::Null; 254]))]);
    assert!(document.make(&document.heads(), actor(3), &full).is_ok());
}

#[test]
fn a_version_that_is_not_here_is_no_base() {
    let (document, _) = dossier();
    for base in [Vec::new(), vec![ChangeHash([7; 32])]] {
        let made = document.make(&base, actor(2), &received());
        assert!(matches!(made, Err(DocumentError::Base)));
    }
    let made = Document::new().make(&document.heads(), actor(2), &received());
    assert!(matches!(made, Err(DocumentError::Base)));
}

#[test]
fn an_actor_that_has_written_is_not_used_again() {
    let (document, _) = dossier();
    let again = document.make(&document.heads(), actor(1), &received());
    assert!(matches!(again, Err(DocumentError::Event(_))));
}
