//! What every implementation of the tables must keep: generic over the traits, so that any other
//! one can be held against the same claims. Each takes tables that are new and founded.

use std::fmt::Debug;

use hoso_identity::{
    DocumentId, EntryId, Epoch, Incarnation, Kind, NodeId, Position, Reason, Scope, SessionToken,
    UnitId, WaitingFor,
};
use hoso_store::tables::{
    Delivered, FeedRow, JournalTables, LedgerEntry, LedgerHead, LedgerTables, NodeEntry, NodeFacts,
    Origin, Placed, Quarantined, Reader, RowOf, ScopePoint, Sender, Standing, ToApply,
    WaitingEntry,
};

const EPOCH: Epoch = Epoch { generation: 3, random: [4; 8] };
const HERE: UnitId = UnitId(7);
const THERE: UnitId = UnitId(9);
const DOSSIER: DocumentId = DocumentId([5; 16]);

pub(crate) fn id(number: u8) -> EntryId {
    EntryId([number; 32])
}

fn at(number: u64) -> Position {
    Position { epoch: EPOCH, number }
}

fn node_entry(number: u8, document: DocumentId) -> NodeEntry {
    NodeEntry {
        id: id(number),
        document,
        kind: Kind(if document.is_zero() { 7 } else { 257 }),
        author_unit: None,
        bytes: vec![number; 40],
        journal: None,
        position: None,
        row: None,
        placed_ms: None,
        standing: Standing::Counts,
    }
}

/// Every claim about a node's tables.
pub(crate) fn journal<T: JournalTables<Error: Debug>>(tables: &mut T) {
    facts(tables);
    entries(tables);
    numbering(tables);
    feeds(tables);
    marks(tables);
    destinations(tables);
}

fn facts<T: JournalTables<Error: Debug>>(tables: &mut T) {
    let facts = NodeFacts {
        incarnation: Incarnation([1; 16]),
        epoch: Some(EPOCH),
        token: Some(SessionToken([2; 16])),
        journal_head: 3,
        journal_digest: [4; 32],
        journal_through: 2,
        rechecking: true,
        diverged: true,
        checked_ms: Some(5),
    };
    tables.put_facts(&facts).unwrap();
    assert_eq!(tables.facts().unwrap(), facts);
    let (rechecking, diverged, checked_ms) = (false, false, None);
    let bare = NodeFacts { epoch: None, token: None, rechecking, diverged, checked_ms, ..facts };
    tables.put_facts(&bare).unwrap();
    assert_eq!(tables.facts().unwrap(), bare);
}

fn entries<T: JournalTables<Error: Debug>>(tables: &mut T) {
    assert_eq!(tables.entry(&id(1)).unwrap(), None);
    assert_eq!(tables.standing(&id(1)).unwrap(), None);
    let mut entry = node_entry(1, DOSSIER);
    tables.put_entry(&entry).unwrap();
    let standings = [
        Standing::Counts,
        Standing::Refused(Reason::Shape),
        Standing::Waiting(WaitingFor::Document(DOSSIER)),
        Standing::Waiting(WaitingFor::Grant(id(200))),
        Standing::Waiting(WaitingFor::Audience(DOSSIER, HERE)),
        Standing::Waiting(WaitingFor::Dependency(DOSSIER)),
        Standing::Waiting(WaitingFor::Operator(id(1))),
    ];
    for standing in standings {
        entry.standing = standing;
        entry.author_unit = Some(HERE);
        entry.position = Some(at(9));
        entry.row = Some(10);
        entry.placed_ms = Some(11);
        tables.put_entry(&entry).unwrap();
        assert_eq!(tables.entry(&id(1)).unwrap(), Some(entry.clone()));
        assert_eq!(tables.standing(&id(1)).unwrap(), Some(standing));
    }
    let forged = NodeEntry { bytes: vec![0], ..entry.clone() };
    tables.put_entry(&forged).unwrap();
    assert_eq!(tables.entry(&id(1)).unwrap().unwrap().bytes, entry.bytes, "bytes never change");
    tables.replace_bytes(&id(1), &[1]).unwrap();
    assert_eq!(tables.entry(&id(1)).unwrap().unwrap().bytes, [1], "but where that is asked for");
    tables.replace_bytes(&id(1), &entry.bytes).unwrap();
    let second = NodeEntry { standing: entry.standing, ..node_entry(2, DOSSIER) };
    tables.put_entry(&second).unwrap();
    let waiting = WaitingFor::Operator(id(1));
    assert_eq!(tables.waiting_for(&waiting).unwrap(), [id(1), id(2)], "in order of arrival");
    assert_eq!(tables.waiting_for(&WaitingFor::Operator(id(2))).unwrap(), []);
    assert_eq!(tables.document(&DOSSIER).unwrap(), [entry, second]);
    assert_eq!(tables.documents_from(&at(9)).unwrap(), [DOSSIER], "a position may be given twice");
    assert_eq!(tables.documents_from(&at(10)).unwrap(), []);
    tables.put_entry(&node_entry(3, DocumentId::ZERO)).unwrap();
    assert_eq!(tables.document(&DocumentId::ZERO).unwrap().len(), 1);
}

fn numbering<T: JournalTables<Error: Debug>>(tables: &mut T) {
    assert_eq!(tables.journal_digest(0).unwrap(), Some([0; 32]));
    assert_eq!(tables.journal_digest(1).unwrap(), None);
    for number in 1..=3_u8 {
        let mut entry = tables.entry(&id(number)).unwrap().unwrap();
        entry.journal = Some(u64::from(number));
        tables.put_entry(&entry).unwrap();
        tables.journal_append(u64::from(number), &id(number), &[number; 32]).unwrap();
    }
    let numbers = |entries: Vec<NodeEntry>| -> Vec<Option<u64>> {
        entries.into_iter().map(|entry| entry.journal).collect()
    };
    assert_eq!(numbers(tables.journal_after(0, 2).unwrap()), [Some(1), Some(2)]);
    assert_eq!(numbers(tables.journal_after(2, 9).unwrap()), [Some(3)]);
    assert_eq!(tables.journal_digest(2).unwrap(), Some([2; 32]));
    assert_eq!(tables.journal_unplaced().unwrap(), [id(2), id(3)], "the first has a position");
    tables.journal_clear().unwrap();
    assert_eq!(tables.journal_unplaced().unwrap(), []);
    assert_eq!(tables.journal_after(0, 9).unwrap(), []);
    let kept = tables.entry(&id(2)).unwrap().unwrap();
    assert_eq!((kept.journal, kept.bytes.len()), (None, 40), "the entries stay");
}

fn feeds<T: JournalTables<Error: Debug>>(tables: &mut T) {
    let mut point = ScopePoint { scope: Scope::Unit(HERE), row: 4, digest: [1; 32] };
    let province = ScopePoint { scope: Scope::Province, row: 2, digest: [2; 32] };
    tables.put_cursor(&point).unwrap();
    tables.put_cursor(&province).unwrap();
    point.row = 5;
    tables.put_cursor(&point).unwrap();
    assert_eq!(tables.cursors().unwrap(), [province, point]);
    assert_eq!(tables.audience(&DOSSIER).unwrap(), None);
    tables.add_audience(&DOSSIER, &[THERE, HERE]).unwrap();
    tables.add_audience(&DOSSIER, &[HERE]).unwrap();
    assert_eq!(tables.audience(&DOSSIER).unwrap(), Some(vec![HERE, THERE]));
    let here = [(DOSSIER, vec![(id(1), at(9))])];
    assert_eq!(listed_at_node(tables, Scope::Unit(HERE)), here, "only what has a position");
    assert_eq!(tables.placed(&DOSSIER).unwrap(), here[0].1);
    assert_eq!(listed_at_node(tables, Scope::Unit(UnitId(1))), []);
    assert_eq!(listed_at_node(tables, Scope::Province), []);
    let placed = NodeEntry { position: Some(at(8)), ..node_entry(3, DocumentId::ZERO) };
    tables.put_entry(&placed).unwrap();
    let statements = [(DocumentId::ZERO, vec![(id(3), at(8))])];
    assert_eq!(listed_at_node(tables, Scope::Province), statements);
    row_of(tables);
}

fn listed_at_node<T: JournalTables<Error: Debug>>(
    tables: &mut T,
    scope: Scope,
) -> Vec<(DocumentId, Vec<Placed>)> {
    let mut all = Vec::new();
    tables.listing(scope, &mut |document, entries| all.push((document, entries.to_vec()))).unwrap();
    all
}

fn row_of<T: JournalTables<Error: Debug>>(tables: &mut T) {
    let other = DocumentId([6; 16]);
    tables.add_audience(&other, &[HERE]).unwrap();
    tables.put_entry(&NodeEntry { position: Some(at(7)), ..node_entry(4, other) }).unwrap();
    tables.mark_to_apply(&other, 90).unwrap();
    let unit = RowOf { scope: Scope::Unit(HERE), row: 77, only_missing: false };
    let row = |tables: &mut T, number| tables.entry(&id(number)).unwrap().unwrap().row;
    assert_eq!(tables.set_rows(unit, None, 1).unwrap(), Some(DOSSIER));
    assert_eq!((row(tables, 1), row(tables, 2), row(tables, 4)), (Some(77), None, None));
    assert_eq!(tables.set_rows(unit, Some(&DOSSIER), 9).unwrap(), Some(other));
    assert_eq!(row(tables, 4), Some(77));
    assert_eq!(tables.mark(&other).unwrap().map(|mark| mark.row), Some(1), "before all rows");
    assert_eq!(tables.set_rows(unit, Some(&other), 9).unwrap(), None);
    tables.clear_to_apply(&other).unwrap();
    let mut late = tables.entry(&id(2)).unwrap().unwrap();
    late.position = Some(at(10));
    tables.put_entry(&late).unwrap();
    let missing = RowOf { row: 80, only_missing: true, ..unit };
    tables.set_rows(missing, None, 9).unwrap();
    assert_eq!((row(tables, 1), row(tables, 2)), (Some(77), Some(80)), "who has a row keeps it");
    late.row = None;
    late.position = None;
    tables.put_entry(&late).unwrap();
    let province = RowOf { scope: Scope::Province, row: 78, only_missing: false };
    assert_eq!(tables.set_rows(province, None, 1).unwrap(), Some(DocumentId::ZERO));
    assert_eq!(tables.set_rows(province, Some(&DocumentId::ZERO), 1).unwrap(), None);
    assert_eq!(row(tables, 3), Some(78));
}

fn marks<T: JournalTables<Error: Debug>>(tables: &mut T) {
    let other = DocumentId([6; 16]);
    tables.mark_to_apply(&DOSSIER, 9).unwrap();
    tables.mark_to_apply(&other, 3).unwrap();
    tables.set_attempts(&DOSSIER, 1).unwrap();
    tables.mark_to_apply(&DOSSIER, 12).unwrap();
    tables.mark_to_apply(&DOSSIER, 5).unwrap();
    // An entry without a row hides no row, whichever comes first.
    tables.mark_to_apply(&DOSSIER, 0).unwrap();
    let third = DocumentId([8; 16]);
    tables.mark_to_apply(&third, 0).unwrap();
    assert_eq!(tables.lowest_to_apply(2).unwrap(), Some(3));
    tables.mark_to_apply(&third, 2).unwrap();
    assert_eq!(tables.lowest_to_apply(2).unwrap(), Some(2));
    let lost = NodeEntry { position: Some(at(8)), row: None, ..node_entry(3, DocumentId::ZERO) };
    tables.put_entry(&lost).unwrap();
    assert_eq!(tables.lowest_to_apply(2).unwrap(), Some(1), "a statement is to come again");
    tables.put_entry(&NodeEntry { row: Some(78), ..lost }).unwrap();
    assert_eq!(tables.lowest_to_apply(2).unwrap(), Some(2));
    let marks = tables.to_apply(0, 100).unwrap();
    let [one, two, three] = marks.as_slice() else { panic!("{marks:?}") };
    assert!(one.place < two.place && two.place < three.place, "oldest first");
    let found = |mark: &ToApply| (mark.document, mark.row, mark.attempts, mark.times);
    assert_eq!(found(one), (DOSSIER, 5, 1, 4), "lower row, attempts kept, times counted");
    assert_eq!(found(two), (other, 3, 0, 1));
    assert_eq!(found(three), (third, 2, 0, 2));
    assert_eq!(tables.to_apply(one.place, 1).unwrap(), [*two]);
    assert_eq!(tables.mark(&third).unwrap(), Some(*three));
    tables.clear_to_apply(&third).unwrap();
    assert_eq!(tables.mark(&third).unwrap(), None);
    assert_eq!(tables.excepted(2, 9).unwrap(), [id(1)], "it waits and has a row");
    let mut settled = tables.entry(&id(1)).unwrap().unwrap();
    settled.standing = Standing::Counts;
    tables.put_entry(&settled).unwrap();
    assert_eq!(tables.excepted(2, 9).unwrap(), []);
    tables.set_attempts(&DOSSIER, 2).unwrap();
    assert_eq!(tables.excepted(2, 9).unwrap(), [id(1)], "its dossier is set aside");
    let row = settled.row.unwrap();
    let standing = Standing::Waiting(WaitingFor::Document(other));
    let lower = NodeEntry { id: id(77), row: Some(row - 1), standing, ..settled };
    tables.put_entry(&lower).unwrap();
    assert_eq!(tables.excepted(2, 9).unwrap(), [id(77), id(1)], "the lowest row first, each once");
    assert_eq!(tables.excepted(2, 1).unwrap(), [id(77)], "no more than are asked for");
    tables.clear_to_apply(&DOSSIER).unwrap();
    tables.clear_to_apply(&other).unwrap();
    assert_eq!(tables.to_apply(0, 100).unwrap(), []);
}

fn destinations<T: JournalTables<Error: Debug>>(tables: &mut T) {
    assert_eq!(tables.delivered(THERE).unwrap(), None);
    let except = vec![id(1), id(2)];
    let mut fact = Delivered { unit: THERE, through: 3, except, at_ms: 4, node: Some(NODE) };
    tables.put_delivered(&fact).unwrap();
    fact.through = 9;
    fact.except.clear();
    tables.put_delivered(&fact).unwrap();
    tables.cap_delivered(9).unwrap();
    assert_eq!(tables.delivered(THERE).unwrap(), Some(fact.clone()));
    tables.cap_delivered(8).unwrap();
    assert_eq!(tables.delivered(THERE).unwrap(), Some(Delivered { through: 8, ..fact }));
    tables.clear_delivered().unwrap();
    assert_eq!(tables.delivered(THERE).unwrap(), None);
    tables.quarantine(b"no entry", Reason::Malformed, 1).unwrap();
    tables.quarantine(b"no entry", Reason::Malformed, 2).unwrap();
}

const NODE: NodeId = NodeId([8; 16]);
const COPY: Incarnation = Incarnation([9; 16]);

fn ledger_entry(number: u8, document: DocumentId) -> LedgerEntry {
    LedgerEntry {
        id: id(number),
        document,
        bytes: vec![number; 40],
        position: at(u64::from(number)),
        origin: Some(Origin { node: NODE, incarnation: COPY, number: 1 }),
    }
}

/// Every claim about a relay's tables.
pub(crate) fn ledger<T: LedgerTables<Error: Debug>>(tables: &mut T) {
    let head = LedgerHead { epoch: EPOCH, number: 9 };
    tables.put_head(&head).unwrap();
    assert_eq!(tables.head().unwrap(), head);
    accepted(tables);
    lives(tables);
    undecided(tables);
    rows(tables);
    senders(tables);
    readers(tables);
}

fn accepted<T: LedgerTables<Error: Debug>>(tables: &mut T) {
    assert_eq!(tables.entry(&id(1)).unwrap(), None);
    let first = ledger_entry(2, DOSSIER);
    let older = LedgerEntry {
        position: Position { epoch: Epoch { generation: 1, ..EPOCH }, number: 99 },
        origin: None,
        ..ledger_entry(3, DOSSIER)
    };
    let statement = ledger_entry(4, DocumentId::ZERO);
    for entry in [&first, &older, &statement] {
        tables.insert_entry(entry).unwrap();
        assert_eq!(tables.entry(&entry.id).unwrap().as_ref(), Some(entry));
        assert_eq!(tables.entry_at(&entry.position).unwrap(), Some(entry.id));
    }
    assert!(tables.insert_entry(&first).is_err(), "an entry is accepted once");
    assert_eq!(tables.entry_at(&at(50)).unwrap(), None);
    assert_eq!(tables.document(&DOSSIER).unwrap(), [id(3), id(2)], "an older epoch comes first");
    assert_eq!(tables.document(&DocumentId::ZERO).unwrap(), [id(4)]);
    assert_eq!(tables.audience(&DOSSIER).unwrap(), None);
    tables.add_audience(&DOSSIER, &[THERE]).unwrap();
    tables.add_audience(&DOSSIER, &[HERE, THERE]).unwrap();
    assert_eq!(tables.audience(&DOSSIER).unwrap(), Some(vec![HERE, THERE]));
    assert_eq!(tables.neighbours(HERE).unwrap(), [THERE]);
    assert_eq!(tables.neighbours(THERE).unwrap(), [HERE]);
    assert_eq!(tables.neighbours(UnitId(1)).unwrap(), []);
    let dossier = vec![(id(2), at(2)), (id(3), older.position)];
    assert_eq!(listed_at_relay(tables, Scope::Unit(HERE)), [(DOSSIER, dossier)], "ids in order");
    let statements = [(DocumentId::ZERO, vec![(id(4), at(4))])];
    assert_eq!(listed_at_relay(tables, Scope::Province), statements);
    let taken = tables.taken().unwrap();
    let order: Vec<(EntryId, u64)> =
        tables.placed(&DOSSIER).unwrap().into_iter().map(|((id, _), taken)| (id, taken)).collect();
    assert_eq!(order, [(id(2), taken - 2), (id(3), taken - 1)], "in the order of being taken");
}

fn listed_at_relay<T: LedgerTables<Error: Debug>>(
    tables: &mut T,
    scope: Scope,
) -> Vec<(DocumentId, Vec<Placed>)> {
    let mut all = Vec::new();
    tables.listing(scope, &mut |document, entries| all.push((document, entries.to_vec()))).unwrap();
    all
}

fn lives<T: LedgerTables<Error: Debug>>(tables: &mut T) {
    let life = |generation| Epoch { generation, ..EPOCH };
    assert_eq!(tables.last_position(&life(9)).unwrap(), None);
    for (generation, number) in [(3, 70), (5, 20), (3, 60)] {
        tables.end_epoch(&LedgerHead { epoch: life(generation), number }).unwrap();
    }
    let last = |tables: &mut T, generation| tables.last_position(&life(generation)).unwrap();
    assert_eq!(last(tables, 2), None, "before the first life there is nothing");
    let third = Some(Position { epoch: life(3), number: 70 });
    assert_eq!((last(tables, 3), last(tables, 4)), (third, third), "it never goes back");
    assert_eq!(last(tables, 9), Some(Position { epoch: life(5), number: 20 }));
}

fn undecided<T: LedgerTables<Error: Debug>>(tables: &mut T) {
    let mut waiting = WaitingEntry {
        id: id(20),
        bytes: vec![20; 40],
        what: WaitingFor::Document(DOSSIER),
        origin: None,
        since_ms: 5,
    };
    let second = WaitingEntry { id: id(19), ..waiting.clone() };
    // Asked before anything waits, and again once something does, in the same transaction.
    assert_eq!(tables.waiting(&waiting.id).unwrap(), None);
    assert_eq!(tables.waiting_for(&waiting.what).unwrap(), []);
    tables.put_waiting(&waiting).unwrap();
    tables.put_waiting(&second).unwrap();
    let what = waiting.what;
    assert_eq!(tables.waiting_for(&what).unwrap(), [waiting.clone(), second.clone()]);
    waiting.what = WaitingFor::Audience(DOSSIER, HERE);
    tables.put_waiting(&waiting).unwrap();
    assert_eq!(tables.waiting_for(&what).unwrap(), [second]);
    assert_eq!(tables.waiting(&id(20)).unwrap(), Some(waiting));
    tables.remove_waiting(&id(20)).unwrap();
    assert_eq!(tables.waiting(&id(20)).unwrap(), None);
    assert_eq!(tables.quarantined(&[1; 32]).unwrap(), None);
    let refused = Quarantined {
        key: [1; 32],
        id: None,
        bytes: vec![1],
        reason: Reason::Signature,
        origin: None,
        since_ms: 6,
    };
    tables.quarantine(&refused).unwrap();
    assert_eq!(tables.quarantined(&[1; 32]).unwrap(), Some(Reason::Signature));
}

fn rows<T: LedgerTables<Error: Debug>>(tables: &mut T) {
    let scope = Scope::Unit(HERE);
    let empty = ScopePoint { scope, row: 0, digest: [0; 32] };
    assert_eq!(tables.feed_end(scope).unwrap(), empty);
    let row =
        |row: u64, number: u8| FeedRow { scope, row, entry: id(number), digest: [number; 32] };
    let all = [row(2, 2), row(5, 3), row(9, 2)];
    for row in &all {
        tables.feed_append(row).unwrap();
    }
    assert_eq!(tables.feed_end(scope).unwrap(), ScopePoint { scope, row: 9, digest: [2; 32] });
    assert_eq!(tables.feed_after(scope, 0, 2).unwrap(), all[..2]);
    assert_eq!(tables.feed_after(scope, 4, 9).unwrap(), all[1..]);
    assert_eq!(tables.feed_after(Scope::Unit(THERE), 0, 9).unwrap(), []);
    assert_eq!(tables.feed_digest(scope, 0).unwrap(), Some([0; 32]));
    assert_eq!(tables.feed_digest(scope, 5).unwrap(), Some([3; 32]));
    assert_eq!(tables.feed_digest(scope, 4).unwrap(), None, "exactly this row");
}

fn senders<T: LedgerTables<Error: Debug>>(tables: &mut T) {
    assert!(!tables.node_seen(&NODE).unwrap());
    assert_eq!(tables.sender(&NODE, &COPY).unwrap(), None);
    let sender = Sender {
        through: 1,
        digest: [2; 32],
        token: SessionToken([3; 16]),
        previous: None,
        confirmed: false,
        healed: true,
    };
    tables.put_sender(&NODE, &COPY, &sender).unwrap();
    let moved = Sender { through: 2, previous: Some(sender.token), confirmed: true, ..sender };
    tables.put_sender(&NODE, &COPY, &moved).unwrap();
    assert_eq!(tables.sender(&NODE, &COPY).unwrap(), Some(moved));
    assert_eq!(tables.sender(&NODE, &Incarnation([1; 16])).unwrap(), None);
    assert!(tables.node_seen(&NODE).unwrap());
}

fn readers<T: LedgerTables<Error: Debug>>(tables: &mut T) {
    let scope = Scope::Unit(HERE);
    let reader = Reader { node: NODE, stored: 3, applied: 2, except: vec![id(3)] };
    tables.put_reader(scope, &Reader { stored: 1, ..reader.clone() }).unwrap();
    tables.put_reader(scope, &reader).unwrap();
    assert_eq!(tables.readers(scope).unwrap(), [reader]);
    assert_eq!(tables.readers(Scope::Province).unwrap(), []);
    tables.clear_readers().unwrap();
    assert_eq!(tables.readers(scope).unwrap(), []);
    for at_ms in [10, 30, 20] {
        tables.note_healing(&NODE, at_ms).unwrap();
    }
    assert_eq!(
        tables.healings(&NODE).unwrap(),
        [20, 30],
        "the last two that were noted, whatever the clock said"
    );
    assert_eq!(tables.healings(&NodeId([1; 16])).unwrap(), Vec::<u64>::new());
}
