//! What a person with a valid grant and a program of their own can try. Each must be refused.

use std::num::NonZeroU64;

use automerge::{
    Automerge, ObjId, ObjType, ROOT, ReadDoc, ScalarValue,
    legacy::{ElementId, Key, ObjectId, Op, OpId, OpType, SortedVec},
    marks::{ExpandMark, Mark},
    transaction::{CommitOptions, Transactable, Transaction},
};
use hoso_dossier::{ShapeError, Value, chunk::ChunkError, shape};
use hoso_identity::ActorId;

use crate::{
    anatomy::{Anatomy, Columns, leb, sealed},
    damage::rewritten,
    support::{
        actor, automerge_of, automerge_reads, beginning, dossier, judge, map, received, submitted,
        text,
    },
};

/// The attacker's entry has this actor.
fn attacker() -> ActorId {
    actor(9)
}

/// A change that the attacker makes with Automerge upon the first event.
fn made(attack: impl FnOnce(&mut Transaction<'_>, &ObjId, &ObjId)) -> (Vec<u8>, Vec<u8>) {
    let (document, first) = dossier();
    let (mut hostile, events) = automerge_of(&document, attacker());
    let mut transaction = hostile.transaction();
    let own = transaction.put_object(&events, attacker().to_string(), ObjType::Map).unwrap();
    attack(&mut transaction, &events, &own);
    transaction.commit_with(CommitOptions::default().with_time(0));
    (first, hostile.get_last_local_change().unwrap().raw_bytes().to_vec())
}

/// How receivers judge such a change.
fn verdict(attack: impl FnOnce(&mut Transaction<'_>, &ObjId, &ObjId)) -> ShapeError {
    let (first, later) = made(attack);
    judge(&first, &later, attacker()).unwrap_err()
}

/// How receivers judge the attacker's honest event after it has been rewritten.
fn verdict_of_rewritten(rewrite: impl FnOnce(&mut automerge::ExpandedChange)) -> ShapeError {
    let (document, first) = dossier();
    let later = document.make(&document.heads(), attacker(), &received()).unwrap();
    judge(&first, &rewritten(&later, rewrite), attacker()).unwrap_err()
}

/// The name of the n-th operation of an actor's change.
fn name(author: ActorId, counter: u64) -> OpId {
    OpId::new(counter, &automerge::ActorId::from(author.as_bytes()))
}

/// One operation.
fn op(obj: ObjectId, key: &str, action: OpType) -> Op {
    Op { action, obj, key: Key::Map(key.into()), pred: SortedVec::new(), insert: false }
}

#[test]
fn the_tools_of_these_tests_make_a_change_that_is_accepted_when_nothing_is_wrong() {
    let (first, later) = made(|transaction, _, own| transaction.put(own, "at", 5_i64).unwrap());
    let change = judge(&first, &later, attacker()).unwrap();
    assert_eq!(change.event, map([("at", Value::Int(5))]));
    assert_eq!(rewritten(&later, |_| {}), later);
    assert_eq!(Anatomy::of(&later).payload(), later);
}

#[test]
fn nobody_overwrites_or_deletes_or_hides_anothers_event() {
    let victim = actor(1).to_string();
    let overwrite = verdict(|transaction, events, _| {
        transaction.put(events, &victim, "gone").unwrap();
    });
    assert!(matches!(overwrite, ShapeError::Chunk(ChunkError::Predecessors)), "{overwrite}");
    let delete = verdict(|transaction, events, _| transaction.delete(events, &victim).unwrap());
    assert!(matches!(delete, ShapeError::Chunk(ChunkError::Predecessors)), "{delete}");
    let edit = verdict(|transaction, events, _| {
        let (_, theirs) = transaction.get(events, &victim).unwrap().unwrap();
        transaction.put(&theirs, "at", 1_i64).unwrap();
    });
    assert!(matches!(edit, ShapeError::Chunk(ChunkError::Predecessors)), "{edit}");
    let add = verdict(|transaction, events, _| {
        let (_, theirs) = transaction.get(events, &victim).unwrap().unwrap();
        transaction.put(&theirs, "note", "approved").unwrap();
    });
    assert!(matches!(add, ShapeError::Outside(1)), "{add}");
    let lengthen = verdict(|transaction, events, _| {
        let (_, theirs) = transaction.get(events, &victim).unwrap().unwrap();
        let (_, papers) = transaction.get(&theirs, "papers").unwrap().unwrap();
        transaction.insert(&papers, 0, "forged").unwrap();
    });
    assert!(matches!(lengthen, ShapeError::Outside(1)), "{lengthen}");
}

#[test]
fn nobody_hides_anothers_event_behind_a_second_map_of_the_same_name() {
    let hidden = verdict_of_rewritten(|change| {
        change.operations[0].key = Key::Map(actor(1).to_string().into());
    });
    assert!(matches!(hidden, ShapeError::Beginning), "{hidden}");
    let beside = verdict_of_rewritten(|change| {
        let mut second = change.operations[0].clone();
        second.key = Key::Map(actor(1).to_string().into());
        change.operations.push(second);
    });
    assert!(matches!(beside, ShapeError::Outside(3)), "{beside}");
    let own_twice = verdict_of_rewritten(|change| {
        change.operations.push(change.operations[0].clone());
    });
    assert!(matches!(own_twice, ShapeError::Outside(3)), "{own_twice}");
}

#[test]
fn nobody_replaces_the_events_map_or_writes_beside_it() {
    let replaced = verdict(|transaction, _, _| {
        transaction.put_object(ROOT, "events", ObjType::Map).unwrap();
    });
    assert!(matches!(replaced, ShapeError::Chunk(ChunkError::Predecessors)), "{replaced}");
    let beside = verdict(|transaction, _, _| transaction.put(ROOT, "x", 1_i64).unwrap());
    assert!(matches!(beside, ShapeError::Outside(1)), "{beside}");
    let second = verdict_of_rewritten(|change| {
        change.operations.insert(0, op(ObjectId::Root, "events", OpType::Make(ObjType::Map)));
        change.operations[1].obj = ObjectId::Id(name(attacker(), change.start_op.get()));
    });
    assert!(matches!(second, ShapeError::OtherActors), "{second}");
    let own = verdict_of_rewritten(|change| {
        // It claims that `events` is a map inside of the first author's event.
        change.operations[0].obj = ObjectId::Id(name(actor(1), 2));
    });
    assert!(matches!(own, ShapeError::Events), "{own}");
    let stranger = verdict_of_rewritten(|change| {
        change.operations[0].obj = ObjectId::Id(name(actor(5), 1));
    });
    assert!(matches!(stranger, ShapeError::Events), "{stranger}");
    let root = verdict_of_rewritten(|change| change.operations[0].obj = ObjectId::Root);
    assert!(matches!(root, ShapeError::OtherActors), "{root}");
}

#[test]
fn a_dossier_has_one_first_change() {
    let (_, first) = dossier();
    let second = beginning(attacker(), &submitted()).unwrap();
    let refused = judge(&first, &second, attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::First), "{refused}");
    let (_, later) = made(|_, _, _| {});
    let later = shape::read(&later).unwrap();
    let refused = shape::check(&later, attacker(), None, &[]).unwrap_err();
    assert!(matches!(refused, ShapeError::First), "{refused}");
    let orphan = verdict_of_rewritten(|change| change.deps.clear());
    assert!(matches!(orphan, ShapeError::StartOp(_)), "{orphan}");
}

#[test]
fn nobody_jumps_ahead_in_the_numbers_of_operations() {
    let far = [13, 1 << 31, u64::from(u32::MAX) - 2, u64::from(u32::MAX), 1 << 32, u64::MAX];
    for start in far.into_iter().chain([1, 3]) {
        let refused = verdict_of_rewritten(|change| {
            let own = automerge::ActorId::from(attacker().as_bytes());
            let ids = change.operations.iter_mut().map(|op| &mut op.obj);
            for id in ids {
                if let ObjectId::Id(OpId(number, author)) = id
                    && *author == own
                {
                    *number = number.wrapping_sub(change.start_op.get()).wrapping_add(start);
                }
            }
            change.start_op = NonZeroU64::new(start).unwrap();
        });
        assert!(matches!(refused, ShapeError::StartOp(at) if at == start), "{start}: {refused}");
    }
    // The bytes alone decide about numbers that Automerge cannot keep.
    let (_, later) = made(|_, _, _| {});
    for (start, fits) in [((1 << 32) - 1, true), (1 << 32, false), (u64::MAX, false)] {
        let start = NonZeroU64::new(start).unwrap();
        let moved = rewritten(&later, |change| change.start_op = start);
        assert_eq!(shape::read(&moved).is_ok(), fits, "{start}");
    }
    let first = beginning(attacker(), &submitted()).unwrap();
    let moved = rewritten(&first, |change| change.start_op = NonZeroU64::new(2).unwrap());
    assert!(matches!(shape::read(&moved), Err(ShapeError::StartOp(2))));
}

#[test]
fn nobody_writes_under_anothers_actor_or_twice_under_their_own() {
    let (document, first) = dossier();
    let later = document.make(&document.heads(), attacker(), &received()).unwrap();
    let refused = judge(&first, &later, actor(2)).unwrap_err();
    assert!(matches!(refused, ShapeError::Actor), "{refused}");
    let second = verdict_of_rewritten(|change| change.seq = 2);
    assert!(matches!(second, ShapeError::Sequence(2)), "{second}");
    let none = verdict_of_rewritten(|change| change.seq = 0);
    assert!(matches!(none, ShapeError::Sequence(0)), "{none}");
    // With the first entry's nonce the author of the first entry has its actor a second time.
    let again = rewritten(&later, |change| {
        change.actor_id = automerge::ActorId::from(actor(1).as_bytes());
        change.operations[0].key = Key::Map(actor(1).to_string().into());
        for op in change.operations.iter_mut().skip(1) {
            op.obj = ObjectId::Id(name(actor(1), change.start_op.get()));
        }
    });
    let refused = judge(&first, &again, actor(1)).unwrap_err();
    assert!(matches!(refused, ShapeError::OtherActors), "{refused}");
}

#[test]
fn a_change_whose_dependencies_are_not_here_is_not_judged() {
    let unknown = automerge::ChangeHash([7; 32]);
    let refused = verdict_of_rewritten(|change| change.deps.push(unknown));
    assert!(matches!(refused, ShapeError::Dependency(hash) if hash.0 == unknown.0), "{refused}");
    let twice = verdict_of_rewritten(|change| change.deps.push(change.deps[0]));
    assert!(matches!(twice, ShapeError::Order), "{twice}");
}

#[test]
fn a_change_carries_no_time_no_message_and_no_extra_bytes() {
    let time = verdict_of_rewritten(|change| change.time = 1);
    assert!(matches!(time, ShapeError::Time), "{time}");
    let message = verdict_of_rewritten(|change| change.message = Some("hello".to_owned()));
    assert!(matches!(message, ShapeError::Message), "{message}");
    let extra = verdict_of_rewritten(|change| change.extra_bytes = vec![0]);
    assert!(matches!(extra, ShapeError::Extra), "{extra}");
    let (_, first) = dossier();
    let trailing = [first.as_slice(), &[0]].concat();
    let two = [first.as_slice(), &first].concat();
    for payload in [trailing, two] {
        let refused = shape::read(&payload);
        assert!(matches!(refused, Err(ShapeError::Chunk(ChunkError::Trailing))), "{refused:?}");
    }
}

#[test]
fn counters_marks_text_tables_and_other_numbers_are_no_part_of_an_event() {
    for (scalar, code) in [
        (ScalarValue::counter(1), 8),
        (ScalarValue::Timestamp(1), 9),
        (ScalarValue::Uint(1), 3),
        (ScalarValue::F64(1.0), 5),
        (ScalarValue::Unknown { type_code: 15, bytes: vec![1] }, 15),
    ] {
        let refused = verdict(|transaction, _, own| transaction.put(own, "n", scalar).unwrap());
        assert!(matches!(refused, ShapeError::Chunk(ChunkError::Scalar(n)) if n == code));
    }
    let increment = verdict_of_rewritten(|change| {
        change.operations[1].action = OpType::Increment(1);
    });
    assert!(matches!(increment, ShapeError::Action(1)), "{increment}");
    let delete = verdict_of_rewritten(|change| change.operations[1].action = OpType::Delete);
    assert!(matches!(delete, ShapeError::Action(1)), "{delete}");
    let table = verdict_of_rewritten(|change| {
        change.operations[1].action = OpType::Make(ObjType::Table);
    });
    assert!(matches!(table, ShapeError::Action(1)), "{table}");
    let words = verdict(|transaction, _, own| {
        let words = transaction.put_object(own, "words", ObjType::Text).unwrap();
        transaction.splice_text(&words, 0, 0, "ab").unwrap();
    });
    assert!(matches!(words, ShapeError::Action(1)), "{words}");
    let marked = verdict(|transaction, _, own| {
        let words = transaction.put_object(own, "words", ObjType::Text).unwrap();
        transaction.splice_text(&words, 0, 0, "ab").unwrap();
        let bold = Mark::new("bold".to_owned(), true, 0, 2);
        transaction.mark(&words, bold, ExpandMark::Both).unwrap();
    });
    assert!(matches!(marked, ShapeError::Chunk(ChunkError::Mark)), "{marked}");
    let mark_end = verdict_of_rewritten(|change| {
        change.operations[1].action = OpType::MarkEnd(false);
    });
    assert!(matches!(mark_end, ShapeError::Action(1)), "{mark_end}");
}

#[test]
fn a_map_has_each_key_once_and_a_list_its_elements_in_order() {
    let twice =
        verdict_of_rewritten(|change| change.operations[2].key = change.operations[1].key.clone());
    assert!(matches!(twice, ShapeError::Twice(2)), "{twice}");
    let empty = verdict_of_rewritten(|change| change.operations[1].key = Key::Map("".into()));
    assert!(matches!(empty, ShapeError::Key(1)), "{empty}");
    let long = verdict_of_rewritten(|change| {
        change.operations[1].key = Key::Map("k".repeat(257).into());
    });
    assert!(matches!(long, ShapeError::Key(1)), "{long}");
    let element = verdict_of_rewritten(|change| {
        change.operations[1].key = Key::Seq(ElementId::Head);
        change.operations[1].insert = true;
    });
    assert!(matches!(element, ShapeError::Place(1)), "{element}");
    let inserted = verdict_of_rewritten(|change| change.operations[1].insert = true);
    assert!(matches!(inserted, ShapeError::Place(1)), "{inserted}");
    let inside_value = verdict_of_rewritten(|change| {
        let number = change.start_op.get() + 1;
        change.operations[2].obj = ObjectId::Id(name(attacker(), number));
    });
    assert!(matches!(inside_value, ShapeError::Outside(2)), "{inside_value}");
    let inside_itself = verdict_of_rewritten(|change| {
        let number = change.start_op.get() + 1;
        change.operations[1].obj = ObjectId::Id(name(attacker(), number));
    });
    assert!(matches!(inside_itself, ShapeError::Outside(1)), "{inside_itself}");
    let backwards = verdict(|transaction, _, own| {
        let list = transaction.put_object(own, "list", ObjType::List).unwrap();
        transaction.insert(&list, 0, 1_i64).unwrap();
        transaction.insert(&list, 0, 2_i64).unwrap();
    });
    assert!(matches!(backwards, ShapeError::Place(3)), "{backwards}");
    let keyed = verdict_of_rewritten(|change| {
        let list = name(attacker(), change.start_op.get() + 1);
        change.operations[1].action = OpType::Make(ObjType::List);
        change.operations[2].obj = ObjectId::Id(list);
    });
    assert!(matches!(keyed, ShapeError::Place(2)), "{keyed}");
}

#[test]
fn a_change_with_257_operations_or_more_than_64_kib_is_refused() {
    let many = |count: i64| {
        made(|transaction, _, own| {
            (1..count).for_each(|n| transaction.put(own, format!("k{n}"), n).unwrap());
        })
    };
    let (first, later) = many(256);
    assert!(judge(&first, &later, attacker()).is_ok());
    let (first, later) = many(257);
    let refused = judge(&first, &later, attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::Chunk(ChunkError::Operations)), "{refused}");
    let none = verdict_of_rewritten(|change| change.operations.clear());
    assert!(matches!(none, ShapeError::Chunk(ChunkError::Operations)), "{none}");
    let large = |bytes: usize| {
        made(|transaction, _, own| transaction.put(own, "scan", vec![0_u8; bytes]).unwrap())
    };
    let (first, small) = large(65_000);
    let rest = 65_536 - small.len();
    let (_, largest) = large(65_000 + rest);
    assert_eq!(largest.len(), 65_536);
    assert!(judge(&first, &largest, attacker()).is_ok());
    let (_, later) = large(65_001 + rest);
    let refused = judge(&first, &later, attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::Chunk(ChunkError::Length(65_537))), "{refused}");
}

#[test]
fn documents_compressed_changes_bundles_and_deflated_columns_are_refused_at_once() {
    let (document, _) = dossier();
    let refused = shape::read(&document.document.save());
    assert!(matches!(refused, Err(ShapeError::Chunk(ChunkError::Type(0)))), "{refused:?}");
    let (first, later) = made(|transaction, _, own| {
        transaction.put(own, "long", "x".repeat(1000)).unwrap();
    });
    let mut change = automerge::Change::try_from(later.as_slice()).unwrap();
    let refused = judge(&first, &change.bytes(), attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::Chunk(ChunkError::Type(2))), "{refused}");
    let hang = include_bytes!("../../testdata/automerge-bundle-hang.bin");
    let refused = shape::read(hang);
    assert!(matches!(refused, Err(ShapeError::Chunk(ChunkError::Type(3)))), "{refused:?}");
    for kind in [4, 128, 255] {
        let refused = shape::read(&sealed(kind, &[]));
        assert!(matches!(refused, Err(ShapeError::Chunk(ChunkError::Type(n))) if n == kind));
    }
    let mut deflated = Anatomy::of(&later);
    deflated.columns.iter_mut().filter(|column| column.0 == 0x57).for_each(|it| it.0 |= 8);
    let refused = judge(&first, &deflated.payload(), attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::Chunk(ChunkError::Deflated)), "{refused}");
}

#[test]
fn the_same_change_in_other_bytes_is_refused_because_automerge_could_not_keep_it() {
    let (first, later) = made(|transaction, _, own| transaction.put(own, "a", 1_i64).unwrap());
    let honest = Anatomy::of(&later);
    let mut split = honest.clone();
    // Two runs of one where a run of two belongs: the same operations in other bytes.
    let count = split.columns.iter_mut().find(|column| column.0 == 0x70).unwrap();
    assert_eq!(count.1, [2, 0]);
    count.1 = vec![1, 0, 1, 0];
    let split = split.payload();
    let refused = judge(&first, &split, attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::Chunk(ChunkError::NotCanonical)), "{refused}");
    // Automerge takes it in, and cannot load what it then saves.
    assert!(automerge_reads(&[&first, &split]).is_some());
    let mut document = Automerge::new();
    let changes = [first.as_slice(), &split].map(|it| automerge::Change::try_from(it).unwrap());
    document.apply_changes(changes).unwrap();
    assert!(Automerge::load(&document.save()).is_err());

    let mut long_number = honest.clone();
    let at = long_number.front.len() - 17;
    assert_eq!(long_number.front[at - 1..at + 1], [1, 16], "one other actor of 16 bytes");
    long_number.front.splice(at - 1..at, [0x81, 0]);
    let refused = judge(&first, &long_number.payload(), attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::Chunk(ChunkError::NotCanonical)), "{refused}");

    let mut long_length = later[..9].to_vec();
    let mut at = 9;
    let length = leb(&later, &mut at);
    assert!(length > 127, "the length has two bytes");
    long_length.extend_from_slice(&[later[9], later[10] | 0x80, 0]);
    long_length.extend_from_slice(&later[at..]);
    let refused = judge(&first, &long_length, attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::Chunk(ChunkError::NotCanonical)), "{refused}");
}

/// The chunk with one more actor at the end of its table.
fn with_actor_table(payload: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut anatomy = Anatomy::of(payload);
    change(&mut anatomy.front);
    anatomy.payload()
}

#[test]
fn a_change_names_the_first_changes_actor_and_no_other() {
    let (first, later) = made(|_, _, _| {});
    let unused = with_actor_table(&later, |front| {
        let at = front.len() - 18;
        assert_eq!(front[at], 1, "one other actor");
        front[at] = 2;
        front.push(16);
        front.extend_from_slice(&[0xaa; 16]);
    });
    let refused = judge(&first, &unused, attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::OtherActors), "{refused}");
    let of_first = with_actor_table(&first, |front| {
        assert_eq!(front.pop(), Some(0), "no other actor");
        front.extend_from_slice(&[1, 16]);
        front.extend_from_slice(&[0xaa; 16]);
    });
    let refused = shape::read(&of_first);
    assert!(matches!(refused, Err(ShapeError::OtherActors)), "{refused:?}");
    // The first author's actor once as the change's own and once as the other one.
    let mut both = Anatomy::of(&later);
    let own = 33..50;
    assert_eq!(
        both.front[own.start..],
        [&[16], attacker().as_bytes().as_slice(), &both.front[50..]].concat()
    );
    both.front.splice(own, [&[16], actor(1).as_bytes().as_slice()].concat());
    let key = both.columns.iter_mut().find(|column| column.0 == 0x15).unwrap();
    key.1 = [&[0x7f, 32], actor(1).to_string().as_bytes()].concat();
    let refused = judge(&first, &both.payload(), actor(1)).unwrap_err();
    assert!(matches!(refused, ShapeError::OtherActors), "{refused}");
    let nobodys = verdict_of_rewritten(|change| {
        change.actor_id = automerge::ActorId::from([1, 2, 3].as_slice());
    });
    assert!(matches!(nobodys, ShapeError::Chunk(ChunkError::Actor)), "{nobodys}");
}

#[test]
fn a_change_has_the_columns_of_an_event_and_no_others() {
    let (first, later) = made(|transaction, _, own| transaction.put(own, "a", 1_i64).unwrap());
    let refused = |change: &dyn Fn(&mut Columns)| {
        let mut anatomy = Anatomy::of(&later);
        change(&mut anatomy.columns);
        let error = judge(&first, &anatomy.payload(), attacker()).unwrap_err();
        let ShapeError::Chunk(error) = error else { panic!("{error}") };
        error
    };
    for number in [0x71, 0x73] {
        let error = refused(&|columns| columns.push((number, vec![1, 0])));
        assert!(matches!(error, ChunkError::Predecessors), "{error}");
    }
    let error = refused(&|columns| columns.last_mut().unwrap().1 = vec![2, 1]);
    assert!(matches!(error, ChunkError::Predecessors), "{error}");
    for (number, column) in [(0x74, vec![1]), (0x200, vec![]), (0x70, vec![2, 0])] {
        let error = refused(&|columns| columns.push((number, column.clone())));
        assert!(matches!(error, ChunkError::Columns), "{error}");
    }
    let error = refused(&|columns| columns.swap(0, 1));
    assert!(matches!(error, ChunkError::Columns), "{error}");
}

#[test]
fn a_wrong_checksum_is_refused() {
    let (first, mut later) = made(|_, _, own| drop(text(&own.to_string())));
    later[4] ^= 1;
    let refused = judge(&first, &later, attacker()).unwrap_err();
    assert!(matches!(refused, ShapeError::Chunk(ChunkError::Checksum)), "{refused}");
}

#[test]
fn a_document_refuses_to_take_in_what_has_no_shape_and_stays_as_it_was() {
    let (mut document, _) = dossier();
    let heads = document.heads();
    let honest = document.make(&heads, actor(2), &received()).unwrap();
    let hang = include_bytes!("../../testdata/automerge-bundle-hang.bin");
    assert!(document.document.apply(&[&honest, hang]).is_err());
    assert_eq!(document.heads(), heads);
}
