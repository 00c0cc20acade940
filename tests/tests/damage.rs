//! Files that vanish under a real node: it opens with everything acknowledged or says why not.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use hoso_tests::e2e::{
    agree,
    desk::{Desk, procedures, reception},
    node::NODE,
    program,
    province::{CO_TO, Province},
};

/// Files of the data directory whose names end so.
fn files(directory: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a data directory").flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.to_string_lossy().ends_with(end)).collect()
}

/// A node with some dossiers that was killed, so that its last commits stand in the `-wal` alone.
fn killed_node() -> (Province, Desk) {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let mut desk = Desk::of(&province.nodes[0]);
    province.nodes[0].link("off");
    let all = procedures();
    let own = all.iter().find(|procedure| procedure.competent == "unit").expect("a procedure");
    for number in 0..10 {
        desk.receive(&reception(number, own, CO_TO), &format!("damage-{number}"));
    }
    province.nodes[0].kill();
    (province, desk)
}

#[test]
fn a_vanished_wal_is_noticed_and_never_passed_over_in_silence() {
    let (province, _desk) = killed_node();
    let data = &province.nodes[0].data;
    let logs = files(data, "-wal");
    assert!(!logs.is_empty(), "a killed node leaves no -wal in {}", data.display());
    logs.iter().for_each(|log| fs::remove_file(log).expect("a file can be removed"));
    let data = data.to_string_lossy().into_owned();
    let ended = program::run(NODE, ["run", "--data", &data, "--listen-http", "127.0.0.1:0"], "");
    assert_eq!(ended.code(), Some(1), "the node opened an older state in silence: {ended:?}");
    assert!(ended.err.contains("wal") && ended.err.trim().lines().count() == 1, "{}", ended.err);
}

#[test]
fn a_database_that_was_copied_while_it_was_live_is_no_backup_and_runs_nowhere() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let mut desk = Desk::of(&province.nodes[0]);
    let all = procedures();
    let own = all.iter().find(|procedure| procedure.competent == "unit").expect("a procedure");
    desk.receive(&reception(0, own, CO_TO), "copied-0");
    let elsewhere = province.directory().join("elsewhere");
    fs::DirBuilder::new().mode(0o700).create(&elsewhere).expect("a directory in a test");
    let copy = elsewhere.join("hoso.db");
    // The database with the keys beside it, and without what stands in its log.
    for file in files(&province.nodes[0].data, "").into_iter().filter(|file| file.is_file()) {
        let name = file.file_name().expect("a file has a name").to_owned();
        let of_the_log = ["-wal", "-shm", ".open", ".lock"];
        if !of_the_log.iter().any(|end| name.to_string_lossy().ends_with(end)) {
            fs::copy(&file, elsewhere.join(name)).expect("a live file can be copied");
        }
    }
    desk.receive(&reception(1, own, CO_TO), "copied-1");
    province.nodes[0].stop();
    let copied = copy.to_string_lossy().into_owned();
    let refused = |ended: &program::Ended| {
        assert_eq!(ended.code(), Some(1), "{ended:?}");
        assert!(ended.err.contains("backup"), "it says what to do: {ended:?}");
    };
    refused(&province.nodes[0].command(&["restore", &copied], ""));
    refused(&program::run(NODE, ["backup", "verify", &copied], ""));
    let data = elsewhere.to_string_lossy().into_owned();
    refused(&program::run(NODE, ["run", "--data", &data, "--listen-http", "127.0.0.1:0"], ""));
    province.nodes[0].start();
    desk.session = province.nodes[0].clerk();
    assert_eq!(agree::missing_actions(&desk.acknowledged, &desk), Vec::<String>::new());
}

#[test]
fn a_vanished_shm_is_made_anew_and_nothing_is_lost() {
    let (mut province, mut desk) = killed_node();
    for shm in files(&province.nodes[0].data, "-shm") {
        fs::remove_file(shm).expect("a file can be removed");
    }
    province.nodes[0].start();
    desk.session = province.nodes[0].clerk();
    assert_eq!(agree::missing_actions(&desk.acknowledged, &desk), Vec::<String>::new());
}
