//! What may be opened, what is refused, and that a refusal changes nothing.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::mpsc,
    thread,
};

use hoso_store::{
    StoreError,
    database::{Database, Schema},
    meta,
    readers::Readers,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::scene::{Scene, start};

/// A node's directory as a crash leaves it: everything answered stands in the log.
fn crashed() -> TempDir {
    let scene = Scene::node();
    scene.write(|tx| meta::put_meta(tx, "answered", b"x"));
    let copy = tempfile::tempdir().unwrap();
    copy_to(&scene, copy.path(), &["hoso.db", "hoso.db-wal", "hoso.db-shm", "hoso.open"]);
    copy
}

fn copy_to(scene: &Scene, directory: &Path, names: &[&str]) {
    for name in names {
        fs::copy(scene.path().join(name), directory.join(name)).unwrap();
    }
}

/// Writes until the log was folded and began anew.
fn write_until_folded(scene: &Scene) {
    let marker = || fs::read_to_string(scene.path().join("hoso.open")).unwrap();
    let before = marker();
    for number in 0..200_u8 {
        scene.write(move |tx| meta::put_meta(tx, &format!("large {number}"), &[number; 60_000]));
        // The writer folds after it has answered: the next answer shows that it has.
        scene.write(|tx| meta::put_meta(tx, "small", b"x"));
        if marker() != before {
            return;
        }
    }
    panic!("12 MB were written and the log was never folded");
}

fn refusal(directory: &Path) -> StoreError {
    Database::open(directory, Schema::Node).map(|_| ()).unwrap_err()
}

fn answered(directory: &Path) -> bool {
    let (writer, thread) = start(directory, Schema::Node).unwrap();
    let found: Result<_, StoreError> = writer.write_blocking(|tx| meta::meta(tx, "answered"));
    drop(writer);
    thread.join().unwrap();
    found.unwrap().is_some()
}

fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| !path.ends_with("hoso.lock") && !path.ends_with("hoso.db-shm"))
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn what_was_answered_is_there_after_a_crash_with_any_index_or_none() {
    let damage: [fn(&Path); 3] = [
        |_| {},
        |index| fs::remove_file(index).unwrap(),
        |index| fs::write(index, vec![0xa5; 40_000]).unwrap(),
    ];
    for damage in damage {
        let directory = crashed();
        damage(&directory.path().join("hoso.db-shm"));
        assert!(answered(directory.path()));
    }
}

#[test]
fn a_log_that_vanished_or_was_emptied_is_refused_and_put_back_it_opens() {
    let directory = crashed();
    let log = directory.path().join("hoso.db-wal");
    let bytes = fs::read(&log).unwrap();
    fs::remove_file(&log).unwrap();
    assert!(matches!(refusal(directory.path()), StoreError::WalGone { .. }));
    fs::write(&log, "").unwrap();
    assert!(matches!(refusal(directory.path()), StoreError::WalGone { .. }));
    fs::write(&log, bytes).unwrap();
    assert!(answered(directory.path()));
}

#[test]
fn a_log_or_a_database_of_an_earlier_opening_is_refused() {
    let old = crashed();
    let newer = tempfile::tempdir().unwrap();
    for (name, _) in contents(old.path()) {
        let name = Path::new(&name).file_name().unwrap();
        fs::copy(old.path().join(name), newer.path().join(name)).unwrap();
    }
    // Opened and ended twice by a crash: the marker says so.
    for _ in 0..2 {
        drop(Database::open(newer.path(), Schema::Node).unwrap());
    }
    fs::copy(old.path().join("hoso.db-wal"), newer.path().join("hoso.db-wal")).unwrap();
    fs::copy(old.path().join("hoso.db"), newer.path().join("hoso.db")).unwrap();
    assert!(matches!(refusal(newer.path()), StoreError::Older { .. }));
}

#[test]
fn a_log_that_is_put_back_after_it_was_folded_is_refused() {
    let scene = Scene::node();
    let crashed = tempfile::tempdir().unwrap();
    copy_to(&scene, crashed.path(), &["hoso.db-wal"]);
    write_until_folded(&scene);
    scene.write(|tx| meta::put_meta(tx, "answered", b"x"));
    copy_to(&scene, crashed.path(), &["hoso.db", "hoso.open"]);
    assert!(matches!(refusal(crashed.path()), StoreError::Older { .. }));
    copy_to(&scene, crashed.path(), &["hoso.db-wal"]);
    assert!(answered(crashed.path()), "the newest log opens");
}

#[test]
fn a_database_that_was_copied_out_of_its_directory_is_refused_untouched() {
    let scene = Scene::node();
    write_until_folded(&scene);
    for names in [&["hoso.db"][..], &["hoso.db", "hoso.db-wal"]] {
        let copy = tempfile::tempdir().unwrap();
        copy_to(&scene, copy.path(), names);
        let before = fs::read(copy.path().join("hoso.db")).unwrap();
        assert!(matches!(refusal(copy.path()), StoreError::Copied { .. }), "{names:?}");
        assert_eq!(fs::read(copy.path().join("hoso.db")).unwrap(), before, "{names:?}");
    }
    scene.write(|tx| meta::put_meta(tx, "answered", b"x"));
    let whole = tempfile::tempdir().unwrap();
    copy_to(&scene, whole.path(), &["hoso.db", "hoso.db-wal", "hoso.open"]);
    assert!(answered(whole.path()), "all files together are what a crash leaves");
}

#[test]
fn what_is_put_back_after_an_orderly_end_is_refused() {
    let mut scene = Scene::node();
    scene.write(|tx| meta::put_meta(tx, "answered", b"x"));
    let older = tempfile::tempdir().unwrap();
    copy_to(&scene, older.path(), &["hoso.db", "hoso.db-wal"]);
    scene.close();
    let newest = fs::read(scene.path().join("hoso.db")).unwrap();
    let log = scene.path().join("hoso.db-wal");
    fs::copy(older.path().join("hoso.db-wal"), &log).unwrap();
    assert!(matches!(refusal(scene.path()), StoreError::Older { .. }), "an older log");
    fs::remove_file(&log).unwrap();
    assert!(answered(scene.path()));
    fs::copy(older.path().join("hoso.db"), scene.path().join("hoso.db")).unwrap();
    let refusal = refusal(scene.path());
    assert!(matches!(refusal, StoreError::Older { .. } | StoreError::Sql(_)), "{refusal}");
    fs::write(scene.path().join("hoso.db"), newest).unwrap();
}

#[test]
fn a_database_that_vanished_or_was_emptied_is_refused_and_its_log_is_left_alone() {
    let directory = crashed();
    let path = directory.path().join("hoso.db");
    let bytes = fs::read(&path).unwrap();
    let lose: [fn(&Path); 2] =
        [|path| fs::write(path, "").unwrap(), |path| fs::remove_file(path).unwrap()];
    for lose in lose {
        lose(&path);
        assert!(Database::exists(directory.path()), "nobody may found another one here");
        assert!(matches!(refusal(directory.path()), StoreError::Gone { .. }));
    }
    let marker = directory.path().join("hoso.open");
    let said = fs::read(&marker).unwrap();
    fs::remove_file(&marker).unwrap();
    assert!(matches!(refusal(directory.path()), StoreError::Gone { .. }), "a log alone");
    fs::write(&marker, said).unwrap();
    fs::write(&path, bytes).unwrap();
    assert!(answered(directory.path()));
}

#[test]
fn a_database_that_vanished_after_an_orderly_end_is_missed() {
    let mut scene = Scene::node();
    scene.close();
    fs::remove_file(scene.path().join("hoso.db")).unwrap();
    assert!(matches!(refusal(scene.path()), StoreError::Gone { .. }));
}

#[test]
fn nobody_else_can_read_the_files_whatever_they_were_before() {
    let directory = tempfile::tempdir().unwrap();
    let own = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777 == 0o600;
    let open_to_all = |name: &str| {
        let path = directory.path().join(name);
        fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    };
    for _ in 0..2 {
        let opened = start(directory.path(), Schema::Node).unwrap();
        for name in ["hoso.db", "hoso.db-wal", "hoso.db-shm", "hoso.open", "hoso.lock"] {
            assert!(own(&directory.path().join(name)), "{name} can be read by others");
        }
        drop(opened.0);
        opened.1.join().unwrap();
        open_to_all("hoso.db");
    }
}

#[test]
fn an_orderly_end_leaves_no_log_and_a_dropped_database_opens_again() {
    let mut scene = Scene::node();
    scene.write(|tx| meta::put_meta(tx, "answered", b"x"));
    scene.close();
    let names: Vec<_> = contents(scene.path()).into_iter().map(|(name, _)| name).collect();
    let left = ["hoso.db", "hoso.open"].map(|name| scene.path().join(name).display().to_string());
    assert_eq!(names, left);
    drop(Database::open(scene.path(), Schema::Node).unwrap());
    assert!(answered(scene.path()));
}

#[test]
fn a_reader_that_is_open_at_an_orderly_end_loses_nothing() {
    let mut scene = Scene::node();
    scene.write(|tx| meta::put_meta(tx, "answered", b"old"));
    let readers = Readers::of(scene.path());
    let held = readers.read(|tx| {
        let before = meta::meta(tx, "answered")?;
        scene.write(|tx| meta::put_meta(tx, "answered", b"new"));
        scene.close();
        Ok::<_, StoreError>((before, meta::meta(tx, "answered")?))
    });
    let old = Some(b"old".to_vec());
    assert_eq!(held.unwrap(), (old.clone(), old), "one consistent state");
    scene.reopen();
    assert_eq!(scene.read(|tx| meta::meta(tx, "answered")), Some(b"new".to_vec()));
}

#[test]
fn a_database_of_a_newer_program_is_refused_untouched() {
    let mut scene = Scene::node();
    scene.close();
    let file = Connection::open(scene.path().join("hoso.db")).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    file.close().unwrap();
    let before = contents(scene.path());
    let refusal = refusal(scene.path());
    assert!(
        matches!(refusal, StoreError::Newer { found: 99, known: ..99, before: None }),
        "{refusal}"
    );
    assert_eq!(fs::read(scene.path().join("hoso.db")).unwrap(), before[0].1);
}

#[test]
fn another_programs_database_is_refused_untouched() {
    let mut relay = Scene::relay();
    relay.close();
    let before = fs::read(relay.path().join("hoso.db")).unwrap();
    assert!(matches!(refusal(relay.path()), StoreError::Foreign));
    assert_eq!(fs::read(relay.path().join("hoso.db")).unwrap(), before);
    let stranger = tempfile::tempdir().unwrap();
    let path = stranger.path().join("hoso.db");
    let file = Connection::open(&path).unwrap();
    file.execute_batch("CREATE TABLE theirs (x)").unwrap();
    file.close().unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(refusal(stranger.path()), StoreError::Foreign));
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::write(&path, "no database at all, only some text that somebody left here").unwrap();
    assert!(matches!(refusal(stranger.path()), StoreError::Sql(_)));
}

#[test]
fn a_damaged_page_is_noticed_at_the_start() {
    let mut scene = Scene::node();
    scene.write(|tx| meta::put_meta(tx, "large", &[7; 100_000]));
    scene.close();
    let path = scene.path().join("hoso.db");
    let mut bytes = fs::read(&path).unwrap();
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..200].fill(0xa5);
    }
    fs::write(&path, bytes).unwrap();
    let refusal = refusal(scene.path());
    assert!(matches!(refusal, StoreError::Damaged(_) | StoreError::Sql(_)), "{refusal}");
}

#[test]
fn one_directory_is_opened_once_within_a_process_too() {
    let scene = Scene::node();
    let refusal = refusal(scene.path()).to_string();
    assert!(refusal.contains(&format!("process {}:", std::process::id())), "{refusal}");
}

#[test]
fn a_process_that_is_just_ending_is_waited_for() {
    let mut ending = Scene::node();
    let directory = ending.path().to_owned();
    let (asking, asked) = mpsc::channel();
    let next = thread::spawn(move || {
        asking.send(()).unwrap();
        start(&directory, Schema::Node).map(drop)
    });
    asked.recv().unwrap();
    ending.close();
    next.join().unwrap().unwrap();
}
