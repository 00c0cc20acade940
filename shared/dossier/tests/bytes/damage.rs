//! Changes that somebody has damaged, with length, checksum and hash made right again. Shared with
//! the hostile insiders of the tests of the whole.

use automerge::{
    ExpandedChange, ObjType, ScalarValue,
    legacy::{ElementId, Key, ObjectId, Op, OpId, OpType},
};
use hoso_identity::ActorId;
use rand::{Rng, RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::anatomy::{Anatomy, leb, sealed};

/// The change with damaged contents.
pub(crate) fn in_bytes(random: &mut ChaCha8Rng, payload: &[u8]) -> Vec<u8> {
    let mut at = 9;
    leb(payload, &mut at);
    let mut contents = payload[at..].to_vec();
    damage_bytes(random, &mut contents);
    sealed(1, &contents)
}

/// The change with damaged columns.
pub(crate) fn in_columns(random: &mut ChaCha8Rng, payload: &[u8]) -> Vec<u8> {
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
}

/// The change with other operations. `first` is the actor of the dossier's first change.
pub(crate) fn in_operations(random: &mut ChaCha8Rng, payload: &[u8], first: ActorId) -> Vec<u8> {
    rewritten(payload, |change| {
        for _ in 0..random.random_range(1..=3) {
            damage_operations(random, change, first);
        }
    })
}

/// The change after a stranger has rewritten it, as Automerge writes it.
pub(crate) fn rewritten(payload: &[u8], rewrite: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut change = automerge::Change::try_from(payload).unwrap().decode();
    rewrite(&mut change);
    automerge::Change::from(change).raw_bytes().to_vec()
}

/// Changes, adds or takes away a byte, or turns one into a bound.
pub(crate) fn damage_bytes(random: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
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

/// Rewrites one thing in the operations, always as Automerge itself would write it.
fn damage_operations(random: &mut ChaCha8Rng, change: &mut ExpandedChange, first: ActorId) {
    let count = change.operations.len();
    if count == 0 {
        return;
    }
    let (at, other) = (random.random_range(0..count), random.random_range(0..count));
    let id = some_id(random, change, first);
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
fn some_id(random: &mut ChaCha8Rng, change: &ExpandedChange, first: ActorId) -> OpId {
    let start = change.start_op.get();
    let number = random.random_range(0..start + 20);
    if random.random() {
        OpId::new(start + number % 20, &change.actor_id)
    } else {
        OpId::new(number, &automerge::ActorId::from(first.as_bytes()))
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
