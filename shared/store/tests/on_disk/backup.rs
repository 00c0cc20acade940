//! Backups of live databases, and what comes back from them.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use hoso_identity::{Epoch, Incarnation};
use hoso_store::{
    StoreError,
    backup::{self, Life},
    database::{Database, Schema},
    journal, ledger, meta,
    rules::{greeting::mint_epoch, recheck::renew},
    tables::{JournalTables, LedgerTables},
    writer::Tx,
};

use crate::scene::{Scene, start};

const FIRST: Incarnation = Incarnation([1; 16]);
const SECOND: Incarnation = Incarnation([2; 16]);

fn founded() -> Scene {
    let scene = Scene::node();
    scene.write(|tx| journal::found(tx, FIRST));
    note(&scene, "before");
    scene
}

fn note(scene: &Scene, name: &'static str) {
    scene.write(move |tx| meta::put_meta(tx, name, b"noted"));
}

fn noted(scene: &Scene, name: &str) -> bool {
    scene.read(|tx| meta::meta(tx, name)).is_some()
}

fn mint(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    renew(tx, SECOND)
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_of_a_live_node_holds_what_was_committed_and_comes_back_as_another_copy() {
    let mut scene = founded();
    scene.write(|tx| meta::put_meta(tx, meta::DATABASE, &[9; 16]));
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("monday");
    let mark = backup::backup(scene.path(), Schema::Node, &file, 77, |_, _| true).unwrap();
    assert_eq!((mark.made_at_ms, mark.life), (77, Life::Node(FIRST)));
    assert_eq!(mark.source, vec![9; 16]);
    assert_eq!(names(elsewhere.path()), ["monday"], "one file and nothing beside it");
    assert_eq!(backup::verify(&file, Schema::Node).unwrap(), mark);
    note(&scene, "after");
    scene.close();
    let restored = backup::restore(scene.path(), Schema::Node, &file, mint, |_, _| {}).unwrap();
    assert_eq!(restored, mark);
    scene.reopen();
    assert!(noted(&scene, "before") && !noted(&scene, "after"));
    let facts = scene.write(|tx| JournalTables::facts(tx));
    assert_eq!(facts.incarnation, SECOND);
    let again = elsewhere.path().join("tuesday");
    let mark = backup::backup(scene.path(), Schema::Node, &again, 78, |_, _| true).unwrap();
    assert_eq!(mark.life, Life::Node(SECOND), "a restored database is backed up again");
}

#[test]
fn a_backup_is_one_state_however_busy_the_writer_is_and_says_how_far_it_is() {
    let scene = founded();
    for number in 0..40_u8 {
        scene.write(move |tx| meta::put_meta(tx, &format!("large {number}"), &[number; 60_000]));
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup");
    let mut steps = Vec::new();
    let made = backup::backup(scene.path(), Schema::Node, &file, 1, |done, all| {
        note(&scene, "meanwhile");
        steps.push((done, all));
        true
    });
    made.unwrap();
    assert!(steps.len() > 1 && steps.is_sorted(), "{steps:?}");
    assert!(steps.iter().all(|(done, all)| done < all || *all == 0), "{steps:?}");
    assert!(noted(&scene, "meanwhile"));
    backup::restore(elsewhere.path(), Schema::Node, &file, mint, |_, _| {}).unwrap();
    let (writer, thread) = start(elsewhere.path(), Schema::Node).unwrap();
    let found = writer.write_blocking(|tx| meta::meta(tx, "meanwhile"));
    assert_eq!(found.map_err(|error: StoreError| error.to_string()), Ok(None));
    drop(writer);
    thread.join().unwrap();
}

#[test]
fn a_backup_that_is_stopped_leaves_nothing() {
    let scene = founded();
    for number in 0..40_u8 {
        scene.write(move |tx| meta::put_meta(tx, &format!("large {number}"), &[number; 60_000]));
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup");
    let stopped = backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| false);
    assert!(matches!(stopped, Err(StoreError::Stopped)), "{stopped:?}");
    assert_eq!(names(elsewhere.path()), Vec::<String>::new());
}

#[test]
fn a_relay_comes_back_with_a_new_epoch() {
    let mut scene = Scene::relay();
    let epoch = Epoch { generation: 4, random: [1; 8] };
    scene.write(move |tx| ledger::found(tx, epoch));
    let file = scene.path().join("backup");
    let mark = backup::backup(scene.path(), Schema::Relay, &file, 5, |_, _| true).unwrap();
    assert_eq!(mark.life, Life::Relay(epoch));
    scene.close();
    let anew = |tx: &mut Tx<'_>| mint_epoch(tx, None, [2; 8]).map(|_| ());
    backup::restore(scene.path(), Schema::Relay, &file, anew, |_, _| {}).unwrap();
    scene.reopen();
    let head = scene.write(|tx| LedgerTables::head(tx));
    assert_eq!(head.epoch, Epoch { generation: 5, random: [2; 8] });
}

#[test]
fn a_restore_into_an_empty_directory_and_after_a_crash_never_meets_an_old_log() {
    let scene = founded();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup");
    backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| true).unwrap();
    note(&scene, "after");
    // What a crash leaves: database, log and marker as they stand.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["hoso.db", "hoso.db-wal", "hoso.open"] {
        fs::copy(scene.path().join(name), crashed.path().join(name)).unwrap();
    }
    let empty = tempfile::tempdir().unwrap();
    for place in [crashed.path(), empty.path()] {
        backup::restore(place, Schema::Node, &file, mint, |_, _| {}).unwrap();
        let (writer, thread) = start(place, Schema::Node).unwrap();
        let found = writer.write_blocking(|tx| meta::meta(tx, "after"));
        assert_eq!(found.map_err(|error: StoreError| error.to_string()), Ok(None));
        drop(writer);
        thread.join().unwrap();
    }
    assert!(names(crashed.path()).contains(&"hoso.db.replaced-wal".to_owned()));
}

#[test]
fn a_restore_that_was_cut_short_after_its_decision_is_finished_by_the_next_opening() {
    let mut scene = founded();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup");
    backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| true).unwrap();
    backup::restore(elsewhere.path(), Schema::Node, &file, mint, |_, _| {}).unwrap();
    note(&scene, "after");
    scene.close();
    fs::rename(elsewhere.path().join("hoso.db"), scene.path().join("hoso.db.restored")).unwrap();
    // Cut short once more, between the two renames.
    fs::rename(scene.path().join("hoso.db"), scene.path().join("hoso.db.replaced")).unwrap();
    scene.reopen();
    assert!(noted(&scene, "before") && !noted(&scene, "after"));
    assert!(!names(scene.path()).contains(&"hoso.db.restored".to_owned()));
}

#[test]
fn a_failed_restore_leaves_the_old_database_as_it_was() {
    let mut scene = founded();
    let file = scene.path().join("backup");
    backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| true).unwrap();
    note(&scene, "after");
    scene.close();
    let before = names(scene.path());
    let failed =
        backup::restore(scene.path(), Schema::Node, &file, |_| Err(StoreError::Stale), |_, _| {});
    assert!(matches!(failed, Err(StoreError::Stale)));
    assert_eq!(names(scene.path()), before);
    scene.reopen();
    assert!(noted(&scene, "after"));
}

#[test]
fn a_directory_in_use_is_not_restored_over() {
    let scene = founded();
    let file = scene.path().join("backup");
    backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| true).unwrap();
    let refused = backup::restore(scene.path(), Schema::Node, &file, mint, |_, _| {});
    assert!(matches!(refused, Err(StoreError::InUse { .. })));
    note(&scene, "after");
    assert!(noted(&scene, "after"));
}

#[test]
fn a_backup_writes_over_no_file() {
    let scene = founded();
    let file = scene.path().join("backup");
    fs::write(&file, b"precious").unwrap();
    let refused = backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| true);
    assert!(matches!(refused, Err(StoreError::Exists(_))));
    assert_eq!(fs::read(&file).unwrap(), b"precious");
}

#[test]
fn a_plain_copy_a_damaged_backup_and_the_other_programs_are_refused() {
    let mut scene = founded();
    let elsewhere = tempfile::tempdir().unwrap();
    let good = elsewhere.path().join("good");
    backup::backup(scene.path(), Schema::Node, &good, 1, |_, _| true).unwrap();
    let bad = elsewhere.path().join("bad");
    let refused = |bad: &Path| {
        let verdict = backup::verify(bad, Schema::Node);
        assert!(matches!(verdict, Err(StoreError::Backup(_))), "{verdict:?}");
        let target = tempfile::tempdir().unwrap();
        let verdict = backup::restore(target.path(), Schema::Node, bad, mint, |_, _| {});
        assert!(matches!(verdict, Err(StoreError::Backup(_))), "{verdict:?}");
        assert!(!Database::exists(target.path()));
    };
    fs::copy(scene.path().join("hoso.db"), &bad).unwrap();
    refused(&bad);
    scene.close();
    fs::copy(scene.path().join("hoso.db"), &bad).unwrap();
    refused(&bad);
    assert_eq!(names(elsewhere.path()), ["bad", "good"], "looking leaves nothing behind");
    let bytes = fs::read(&good).unwrap();
    for end in [0, 10, 100, 4096, bytes.len() / 2] {
        fs::write(&bad, &bytes[..end]).unwrap();
        refused(&bad);
    }
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 4096].fill(0xa5);
    fs::write(&bad, &flipped).unwrap();
    refused(&bad);
    fs::write(&bad, "not a database at all, but long enough to look at").unwrap();
    refused(&bad);
    assert!(matches!(backup::verify(&good, Schema::Relay), Err(StoreError::Backup(_))));
    let gone = backup::verify(&elsewhere.path().join("gone"), Schema::Node);
    assert!(matches!(gone, Err(StoreError::File { .. })));
}

#[test]
fn a_backup_from_a_disc_that_is_read_only_is_restored() {
    let scene = founded();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup");
    backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| true).unwrap();
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    backup::restore(elsewhere.path(), Schema::Node, &file, mint, |_, _| {}).unwrap();
    let (writer, thread) = start(elsewhere.path(), Schema::Node).unwrap();
    drop(writer);
    thread.join().unwrap();
}

/// The key files of a node, each with bytes of its own.
fn keys(data: &Path) {
    for name in Schema::Node.key_files() {
        fs::write(data.join(name), format!("the secret of {name}")).unwrap();
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_keys_come_back_with_the_database_and_nobody_else_can_read_them() {
    let scene = founded();
    keys(scene.path());
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup");
    let left = elsewhere.path().join("backup.part");
    fs::write(&left, "left by a try that was killed").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).unwrap();
    let mark = backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| true).unwrap();
    assert_eq!(mark.keys, Schema::Node.key_files());
    assert_eq!(mode(&file), 0o600);
    assert_eq!(backup::verify(&file, Schema::Node).unwrap(), mark);
    let new = tempfile::tempdir().unwrap();
    backup::restore(new.path(), Schema::Node, &file, mint, |_, _| {}).unwrap();
    for name in Schema::Node.key_files() {
        let path = new.path().join(name);
        assert_eq!(fs::read(&path).unwrap(), format!("the secret of {name}").as_bytes());
        assert_eq!(mode(&path), 0o600, "{name}");
    }
    let database = fs::read(new.path().join("hoso.db")).unwrap();
    let secret = b"the secret of";
    assert!(fs::read(&file).unwrap().windows(secret.len()).any(|bytes| bytes == secret));
    assert!(!database.windows(secret.len()).any(|bytes| bytes == secret), "a trace of a key");
}

#[test]
fn the_directory_of_another_machine_is_not_restored_over() {
    let (scene, mut other) = (founded(), founded());
    keys(scene.path());
    keys(other.path());
    let strange = other.path().join("signing.key");
    fs::write(&strange, "of another machine").unwrap();
    note(&other, "its own");
    other.close();
    let file = scene.path().join("backup");
    backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| true).unwrap();
    let before = names(other.path());
    let refused = backup::restore(other.path(), Schema::Node, &file, mint, |_, _| {});
    assert!(matches!(&refused, Err(StoreError::OtherKey(path)) if *path == strange), "{refused:?}");
    assert_eq!(names(other.path()), before);
    assert_eq!(fs::read(&strange).unwrap(), b"of another machine");
    other.reopen();
    assert!(noted(&other, "its own"));
}

#[test]
fn a_backup_without_keys_leaves_those_that_are_there() {
    let scene = founded();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup");
    let mark = backup::backup(scene.path(), Schema::Node, &file, 1, |_, _| true).unwrap();
    assert_eq!(mark.keys, Vec::<&str>::new());
    keys(elsewhere.path());
    backup::restore(elsewhere.path(), Schema::Node, &file, mint, |_, _| {}).unwrap();
    assert_eq!(fs::read(elsewhere.path().join("age.key")).unwrap(), b"the secret of age.key");
}
