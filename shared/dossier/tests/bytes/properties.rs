//! For every event, and for every change that somebody has damaged.

use automerge::{
    Automerge, ExpandedChange, ObjType, ScalarValue,
    legacy::{ElementId, Key, ObjectId, Op, OpId, OpType},
};
use hoso_dossier::{Change, ChangeHash, Document, Value, shape};
use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::support::{
    Anatomy, Dossier, actor, automerge_reads, automerge_writes, dossier, judge, map, received,
    rewritten, sealed, submitted, text,
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

/// Changes, adds or takes away a byte, or turns one into a bound.
fn damage_bytes(random: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    for _ in 0..random.random_range(1..=3) {
        let at = random.random_range(0..=bytes.len());
        let byte = *[0, 1, 0x7f, 0x80, 0xff, random.random()].choose(random).unwrap();
        match (random.random_range(0..4), bytes.get_mut(at)) {
            (0, Some(old)) => *old = byte,
            (1, Some(old)) => *old ^= 1 << random.random_range(0..8),
            (2, Some(_)) => drop(bytes.remove(at)),
            _ => bytes.insert(at, byte),
        }
    }
}

#[test]
fn a_change_with_damaged_bytes_is_refused_or_adds_exactly_what_was_read() {
    let count = try_damaged(1, |random, payload| {
        let mut at = 9;
        crate::support::leb(payload, &mut at);
        let mut contents = payload[at..].to_vec();
        damage_bytes(random, &mut contents);
        sealed(1, &contents)
    });
    assert!(count > 100, "only {count} were accepted");
}

#[test]
fn a_change_with_damaged_columns_is_refused_or_adds_exactly_what_was_read() {
    let count = try_damaged(2, |random, payload| {
        let mut anatomy = Anatomy::of(payload);
        let count = anatomy.columns.len();
        let at = random.random_range(0..count);
        match random.random_range(0..8) {
            0 => drop(anatomy.columns.remove(at)),
            1 => anatomy.columns.swap(at, random.random_range(0..count)),
            2 => anatomy.columns[at].0 = random.random_range(0..256),
            3 => {
                let number = random.random_range(0..256);
                let mut bytes = vec![0; random.random_range(0..9)];
                random.fill_bytes(&mut bytes);
                anatomy.columns.push((number, bytes));
                anatomy.columns.sort();
            }
            _ => damage_bytes(random, &mut anatomy.columns[at].1),
        }
        anatomy.payload()
    });
    assert!(count > 100, "only {count} were accepted");
}

#[test]
fn a_change_with_other_operations_is_refused_or_adds_exactly_what_was_read() {
    let count = try_damaged(3, |random, payload| {
        rewritten(payload, |change| {
            for _ in 0..random.random_range(1..=3) {
                damage_operations(random, change);
            }
        })
    });
    assert!(count > 100, "only {count} were accepted");
}

/// Rewrites one thing in the operations, always as Automerge itself would write it.
fn damage_operations(random: &mut ChaCha8Rng, change: &mut ExpandedChange) {
    let count = change.operations.len();
    if count == 0 {
        return;
    }
    let (at, other) = (random.random_range(0..count), random.random_range(0..count));
    let id = some_id(random, change);
    match random.random_range(0..10) {
        0 => change.operations.swap(at, other),
        1 => drop(change.operations.remove(at)),
        2 => change.operations.insert(at, change.operations[other].clone()),
        3 => change.operations[at].obj = ObjectId::Id(id),
        4 => change.operations[at].obj = change.operations[other].obj.clone(),
        5 => change.operations[at].key = change.operations[other].key.clone(),
        6 => change.operations[at].key = Key::Seq(ElementId::Id(id)),
        7 => change.operations[at].action = some_action(random),
        8 => change.operations[at].action = change.operations[other].action.clone(),
        _ => damage_rarely(random, &mut change.operations[at], id),
    }
}

/// Rewrites what makes nearly every change wrong.
fn damage_rarely(random: &mut ChaCha8Rng, op: &mut Op, id: OpId) {
    match random.random_range(0..3) {
        0 => op.pred = vec![id].into(),
        1 => op.insert = !op.insert,
        _ => op.obj = ObjectId::Root,
    }
}

/// The name of an operation that may be the change's own, the first change's, or nobody's.
fn some_id(random: &mut ChaCha8Rng, change: &ExpandedChange) -> OpId {
    let start = change.start_op.get();
    let number = random.random_range(0..start + 20);
    if random.random() {
        OpId::new(start + number % 20, &change.actor_id)
    } else {
        OpId::new(number, &automerge::ActorId::from(actor(1).as_bytes()))
    }
}

/// Something that an operation can do.
fn some_action(random: &mut ChaCha8Rng) -> OpType {
    let number = random.random();
    match random.random_range(0..9) {
        0 => OpType::Make(ObjType::Map),
        1 => OpType::Make(ObjType::List),
        2 => OpType::Make(ObjType::Text),
        3 => OpType::Delete,
        4 => OpType::Increment(number),
        5 => OpType::Put(ScalarValue::Null),
        6 => OpType::Put(ScalarValue::Int(number)),
        7 => OpType::Put(ScalarValue::Bytes(number.to_be_bytes().to_vec())),
        _ => OpType::Put(ScalarValue::Uint(3)),
    }
}
