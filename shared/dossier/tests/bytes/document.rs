//! What a document does for those who have no bad intentions.

use hoso_dossier::{
    Change, ChangeHash, Document, DocumentError, History, ShapeError, Value,
    history::{Candidate, Outcome, WriteError},
    shape,
};

use crate::support::{
    Dossier, actor, automerge_reads, beginning, dossier, map, received, submitted, text,
};

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
    document.take(&later);
    let loaded = Document::load(&document.document.save()).unwrap();
    assert_eq!(loaded.heads(), document.heads());
    assert!(loaded.contains(&shape::read(&later).unwrap().hash));
}

#[test]
fn a_form_is_answered_upon_the_version_that_its_author_saw() {
    let (mut document, first) = dossier();
    let seen = document.heads();
    let other = document.make(&seen, actor(2), &received()).unwrap();
    document.take(&other);
    let stale = document.make(&seen, actor(3), &map([("kind", text("noted"))])).unwrap();
    let change = shape::read(&stale).unwrap();
    assert_eq!(change.deps, seen);
    assert_eq!(change.start_op, shape::read(&first).unwrap().max_op + 1);
    document.take(&stale);
    assert_eq!(document.heads().len(), 2);
    let both = document.make(&document.heads(), actor(4), &received()).unwrap();
    assert_eq!(shape::read(&both).unwrap().deps, document.heads());
    // What another version rests on need not be named.
    let named = [document.heads(), seen].concat();
    let both = document.make(&named, actor(4), &received()).unwrap();
    assert_eq!(shape::read(&both).unwrap().deps, document.heads());
}

/// A dossier of nineteen events, one upon the other.
fn long() -> (Dossier, Vec<Vec<u8>>) {
    let (mut document, first) = dossier();
    let mut payloads = vec![first];
    for number in 2..20 {
        let payload = document.make(&document.heads(), actor(number), &received()).unwrap();
        document.take(&payload);
        payloads.push(payload);
    }
    (document, payloads)
}

#[test]
fn changes_go_in_whatever_order_they_come() {
    let (document, mut payloads) = long();
    payloads.reverse();
    let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    let mut copy = Document::new();
    assert!(matches!(copy.apply(&payloads[..18]), Err(DocumentError::Missing)));
    assert!(copy.heads().is_empty());
    copy.apply(&payloads).unwrap();
    assert_eq!(copy.heads(), document.heads());
    copy.apply(&payloads).unwrap();
    assert_eq!(copy.heads(), document.heads());
    let changes: Vec<Change> = payloads.iter().map(|it| shape::read(it).unwrap()).collect();
    let (early, outcomes) = sorted(&changes[..18]);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Waiting)));
    assert!(early.is_empty());
    let (whole, outcomes) = sorted(&changes);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Taken)));
    assert_eq!(whole.heads(), document.heads());
}

/// Sorts changes out that all may count, in this order.
fn sorted(changes: &[Change]) -> (History, Vec<Outcome>) {
    let candidates: Vec<Candidate<'_>> = changes
        .iter()
        .map(|change| Candidate {
            change,
            actor: change.actor,
            first: change.is_first(),
            counts: true,
        })
        .collect();
    History::of(&candidates)
}

#[test]
fn of_two_changes_of_one_actor_the_earlier_in_the_ledger_counts() {
    let (mut document, first) = dossier();
    let bottom = document.make(&document.heads(), actor(4), &received()).unwrap();
    let twin = document.make(&document.heads(), actor(2), &submitted()).unwrap();
    document.take(&bottom);
    // The earlier one rests on what comes last in the ledger.
    let one = document.make(&document.heads(), actor(2), &received()).unwrap();
    let read = |payload: &Vec<u8>| shape::read(payload).unwrap();
    let ledger = [read(&first), read(&one), read(&twin), read(&bottom)];
    let (history, outcomes) = sorted(&ledger);
    assert!(matches!(
        outcomes.as_slice(),
        [Outcome::Taken, Outcome::Taken, Outcome::Refused(ShapeError::ActorTaken), Outcome::Taken]
    ));
    assert_eq!(history.heads(), [ledger[1].hash]);
    // It has its actor also where it waits, and where it may not count.
    let (_, outcomes) = sorted(&ledger[..3]);
    assert!(matches!(
        outcomes.as_slice(),
        [Outcome::Taken, Outcome::Waiting, Outcome::Refused(ShapeError::ActorTaken)]
    ));
    let passed = ledger.iter().map(|change| Candidate {
        change,
        actor: change.actor,
        first: change.is_first(),
        counts: change.hash != ledger[1].hash,
    });
    let (history, outcomes) = History::of(&passed.collect::<Vec<_>>());
    assert!(matches!(
        outcomes.as_slice(),
        [Outcome::Taken, Outcome::Passed, Outcome::Refused(ShapeError::ActorTaken), Outcome::Taken]
    ));
    assert_eq!(history.heads(), [ledger[3].hash]);
}

#[test]
fn what_rests_on_a_refused_change_waits() {
    let (mut document, _) = dossier();
    let refused = document.make(&document.heads(), actor(2), &received()).unwrap();
    document.take(&refused);
    let later = document.make(&document.heads(), actor(3), &received()).unwrap();
    let (_, other) = long();
    let changes: Vec<Change> =
        [&other[0], &refused, &later].map(|it| shape::read(it).unwrap()).into_iter().collect();
    let mut candidates: Vec<Candidate<'_>> = changes
        .iter()
        .map(|change| Candidate { change, actor: change.actor, first: false, counts: true })
        .collect();
    candidates[0].first = true;
    candidates[1].actor = actor(9);
    let (_, outcomes) = History::of(&candidates);
    assert!(matches!(
        outcomes.as_slice(),
        [Outcome::Taken, Outcome::Refused(ShapeError::Actor), Outcome::Waiting]
    ));
}

#[test]
fn an_event_that_does_not_fit_into_one_change_is_refused_before_it_is_written() {
    let (document, _) = dossier();
    let refused = |event: &Value| {
        assert!(matches!(beginning(actor(3), event), Err(WriteError::Event(_))));
        let later = document.make(&document.heads(), actor(3), event);
        assert!(matches!(later, Err(WriteError::Event(_))), "{later:?}");
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
        assert!(matches!(made, Err(WriteError::Base)));
    }
    let made = Dossier::new().make(&document.heads(), actor(2), &received());
    assert!(matches!(made, Err(WriteError::Base)));
}

#[test]
fn an_actor_that_has_written_is_not_used_again() {
    let (document, _) = dossier();
    let again = document.make(&document.heads(), actor(1), &received());
    assert!(matches!(again, Err(WriteError::Event(ShapeError::ActorTaken))));
}
