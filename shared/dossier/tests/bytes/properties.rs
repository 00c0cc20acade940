//! For every event, and for every change that somebody has damaged.

use automerge::Automerge;
use hoso_dossier::{Change, ChangeHash, Document, Value, shape};
use proptest::prelude::*;
use rand::{SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::{
    anatomy::{Anatomy, sealed},
    damage,
    support::{
        Dossier, actor, automerge_reads, automerge_writes, dossier, judge, map, received,
        submitted, text,
    },
};

/// Damaged changes of each sort that are tried.
const DAMAGED: u32 = 12_000;

/// Any event that fits into a change.
fn events() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(keys(), values(), 0..6).prop_map(Value::Map)
}

/// Any key; some are likely to repeat in other maps.
fn keys() -> impl Strategy<Value = String> {
    prop_oneof![Just("at".to_owned()), "[a-d]", "\\PC{1,12}", any::<char>().prop_map(String::from)]
}

/// Any value.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-200_i64..200).prop_map(Value::Int),
        ".{0,24}".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map(keys(), inner, 0..5).prop_map(Value::Map),
        ]
    })
}

/// A dossier made of these events, each upon the heads or upon one older version; its payloads.
fn history(events: &[(Value, prop::sample::Selector)]) -> (Dossier, Vec<Vec<u8>>) {
    let mut document = Dossier::new();
    let mut payloads: Vec<Vec<u8>> = Vec::new();
    let mut versions: Vec<Vec<ChangeHash>> = Vec::new();
    for (number, (event, base)) in (1..).zip(events) {
        let none = Vec::new();
        let base = if payloads.is_empty() { &none } else { base.select(&versions) };
        let payload = document.make(base, actor(number), event).unwrap();
        assert_eq!(payload, automerge_writes(&document, base, actor(number), event));
        document.take(&payload);
        versions.push(document.heads());
        versions.push(vec![shape::read(&payload).unwrap().hash]);
        payloads.push(payload);
    }
    (document, payloads)
}

/// Checks every change of a history against the ones before it.
fn accepted(payloads: &[Vec<u8>]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for (number, payload) in (1..).zip(payloads) {
        let change = shape::read(payload).unwrap();
        let before: Vec<&Change> = changes.iter().collect();
        shape::check(&change, actor(number), before.first().copied(), &before).unwrap();
        changes.push(change);
    }
    changes
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    })]

    #[test]
    fn every_honest_change_is_accepted_and_read_as_automerge_reads_it(
        events in prop::collection::vec((events(), any::<prop::sample::Selector>()), 1..7),
    ) {
        let (document, payloads) = history(&events);
        let changes = accepted(&payloads);
        let slices: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let read = automerge_reads(&slices).unwrap();
        prop_assert_eq!(read.len(), events.len());
        for (change, (event, _)) in changes.iter().zip(&events) {
            prop_assert_eq!(&change.event, event);
            prop_assert_eq!(&read[&change.actor.to_string()], event);
        }
        for (payload, change) in payloads.iter().zip(&changes) {
            let theirs = automerge::Change::try_from(payload.as_slice()).unwrap();
            prop_assert_eq!(theirs.hash().0, change.hash.0);
            prop_assert_eq!(theirs.start_op().get(), change.start_op);
            prop_assert_eq!(theirs.max_op(), change.max_op);
            let deps: Vec<_> = theirs.deps().iter().map(|dep| ChangeHash(dep.0)).collect();
            prop_assert_eq!(&deps, &change.deps);
        }
        // Automerge keeps no payloads: what it rebuilds from a snapshot are the same bytes.
        let loaded = Automerge::load(&document.document.save()).unwrap();
        let mut rebuilt: Vec<_> =
            loaded.get_changes(&[]).iter().map(|change| change.raw_bytes().to_vec()).collect();
        rebuilt.sort();
        let mut payloads = payloads;
        payloads.sort();
        prop_assert_eq!(rebuilt, payloads);
    }

    #[test]
    fn arbitrary_bytes_are_refused_without_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        kind in 0_u8..5,
    ) {
        prop_assert!(shape::read(&bytes).is_err());
        prop_assert!(shape::read(&sealed(kind, &bytes)).is_err());
        let mut fronted = Anatomy::of(&dossier().1).front;
        fronted.extend_from_slice(&bytes);
        prop_assert!(shape::read(&sealed(1, &fronted)).is_err());
    }
}

/// A first change and a later one with every sort of value, in few bytes and in longer runs.
fn subjects() -> Vec<(Vec<u8>, Vec<u8>)> {
    let (document, first) = dossier();
    let row = map([("a", Value::Int(-1)), ("b", Value::Bytes(vec![0, 255])), ("c", text("ợ"))]);
    let later = [
        received(),
        submitted(),
        map([]),
        map([
            ("rows", Value::List(vec![row; 12])),
            ("flags", Value::List(vec![Value::Bool(true); 9])),
        ]),
    ];
    let make = |event| document.make(&document.heads(), actor(9), event).unwrap();
    later.iter().map(|event| (first.clone(), make(event))).collect()
}

/// Tries damaged changes; gives how many were accepted. Whatever is accepted adds exactly the event
/// that was read, and leaves the first one as it was, in Automerge too.
fn try_damaged(seed: u64, damage: impl Fn(&mut ChaCha8Rng, &[u8]) -> Vec<u8>) -> u32 {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let subjects = subjects();
    let mut count = 0;
    for round in 0..DAMAGED {
        let (first, later) = subjects.choose(&mut random).unwrap();
        let damaged = damage(&mut random, later);
        let Ok(change) = judge(first, &damaged, actor(9)) else { continue };
        count += 1;
        let read = automerge_reads(&[first, &damaged]);
        let read = read.unwrap_or_else(|| panic!("round {round}: automerge cannot bear it"));
        assert_eq!(read.len(), 2, "round {round}");
        assert_eq!(read[&actor(1).to_string()], submitted(), "round {round}");
        assert_eq!(read[&actor(9).to_string()], change.event, "round {round}");
        let mut document = Document::new();
        document.apply(&[first, &damaged]).unwrap();
        assert_eq!(Document::load(&document.save()).unwrap().heads(), [change.hash]);
    }
    count
}

#[test]
fn a_change_with_damaged_bytes_is_refused_or_adds_exactly_what_was_read() {
    let count = try_damaged(1, damage::in_bytes);
    assert!(count > 100, "only {count} were accepted");
}

#[test]
fn a_change_with_damaged_columns_is_refused_or_adds_exactly_what_was_read() {
    let count = try_damaged(2, damage::in_columns);
    assert!(count > 100, "only {count} were accepted");
}

#[test]
fn a_change_with_other_operations_is_refused_or_adds_exactly_what_was_read() {
    let count = try_damaged(3, |random, payload| damage::in_operations(random, payload, actor(1)));
    assert!(count > 100, "only {count} were accepted");
}
