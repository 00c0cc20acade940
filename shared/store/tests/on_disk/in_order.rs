//! A dossier's entries: by position, within a bound, and set aside where they cost too much.

use hoso_identity::{DocumentId, EntryId, Epoch, Kind, Position, WaitingFor};
use hoso_store::{
    journal::{Room, hold_back, in_order, set_aside, try_again},
    tables::{JournalTables, NodeEntry, Standing},
    writer::Tx,
};

use crate::scene::Scene;

const DOSSIER: DocumentId = DocumentId([7; 16]);

fn entry(number: u8, position: Option<(u32, u64)>, journal: Option<u64>) -> NodeEntry {
    let place =
        |(generation, number)| Position { epoch: Epoch { generation, random: [1; 8] }, number };
    NodeEntry {
        id: EntryId([number; 32]),
        document: DOSSIER,
        kind: Kind(300),
        author_unit: None,
        bytes: vec![number; 100],
        journal,
        position: position.map(place),
        row: None,
        placed_ms: None,
        standing: Standing::Counts,
    }
}

/// Two of an older epoch that came late, three of this one, two own ones.
fn stored() -> Scene {
    let scene = Scene::node();
    let entries = [
        entry(6, None, Some(8)),
        entry(3, Some((2, 5)), None),
        entry(4, Some((2, 6)), None),
        entry(7, None, Some(9)),
        entry(5, Some((2, 700)), Some(7)),
        entry(1, Some((1, 80)), None),
        entry(2, Some((1, 90)), None),
    ];
    scene.write(move |tx| entries.iter().try_for_each(|entry| tx.put_entry(entry)));
    scene
}

fn found(scene: &Scene, entries: usize, bytes: usize) -> (Vec<u8>, bool) {
    let found = scene.read(|tx| in_order(tx, &DOSSIER, Room { entries, bytes }));
    (found.entries.iter().map(|entry| entry.id.0[0]).collect(), found.more)
}

#[test]
fn entries_come_by_position_and_own_ones_last_as_far_as_there_is_room() {
    let scene = stored();
    assert_eq!(found(&scene, 7, 700), (vec![1, 2, 3, 4, 5, 6, 7], false));
    assert_eq!(found(&scene, 6, 700), (vec![1, 2, 3, 4, 5, 6], true));
    assert_eq!(found(&scene, 7, 699), (vec![1, 2, 3, 4, 5, 6], true));
    assert_eq!(found(&scene, 0, 700), (vec![], true));
    let other = scene.read(|tx| in_order(tx, &DocumentId([8; 16]), Room { entries: 1, bytes: 1 }));
    assert!(other.entries.is_empty() && !other.more);
}

fn waiting(scene: &Scene) -> Vec<u8> {
    let entries = scene.write(|tx| tx.document(&DOSSIER));
    let waits =
        |entry: &&NodeEntry| matches!(entry.standing, Standing::Waiting(WaitingFor::Operator(_)));
    let mut waiting: Vec<u8> = entries.iter().filter(waits).map(|entry| entry.id.0[0]).collect();
    waiting.sort_unstable();
    waiting
}

#[test]
fn what_stands_behind_the_room_waits_for_an_operator_and_nothing_is_dropped() {
    let scene = stored();
    let last = |number: u8| move |tx: &mut Tx<'_>| hold_back(tx, &DOSSIER, &EntryId([number; 32]));
    scene.write(last(7));
    assert_eq!(waiting(&scene), []);
    scene.write(last(6));
    assert_eq!(waiting(&scene), [7]);
    scene.write(last(2));
    assert_eq!(waiting(&scene), [3, 4, 5, 6, 7]);
    assert_eq!(found(&scene, 9, 900).0, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_newer_version_tries_again_what_was_set_aside_and_what_waits_for_an_operator() {
    let scene = stored();
    let other = DocumentId([8; 16]);
    scene.write(move |tx| {
        tx.mark_to_apply(&other, 4)?;
        tx.set_attempts(&other, 2)?;
        hold_back(tx, &DOSSIER, &EntryId([5; 32]))
    });
    assert_eq!(scene.read(|tx| set_aside(tx, 2)), [other]);
    scene.write(|tx| try_again(tx, 2));
    assert_eq!(scene.read(|tx| set_aside(tx, 2)), []);
    let marks = scene.write(|tx| tx.to_apply(0, 9));
    let found: Vec<_> = marks.iter().map(|mark| (mark.document, mark.row, mark.attempts)).collect();
    assert_eq!(found, [(other, 4, 0), (DOSSIER, 0, 0)]);
}
