//! Faults that need a process of their own: a second one on the same directory, a disk that fails
//! to sync. Each child is this test program again, told by the environment what to be.

use std::{
    env, fs,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use hoso_store::{
    StoreError,
    database::{DATABASE_NAME, Database, Schema},
    meta,
    writer::Writer,
};

use crate::{scene::start, upgrade::upgrade};

/// What a child shall be, with the directory that it shall work in.
const ROLE: &str = "HOSO_TEST_ROLE";
const DIRECTORY: &str = "HOSO_TEST_DIRECTORY";
/// While this file exists, syncing fails.
const FAILING: &str = "HOSO_EIO";

pub(crate) fn child(role: &str, directory: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "processes::a_child_is_what_it_is_told_to_be", "--nocapture"]);
    command.env(ROLE, role).env(DIRECTORY, directory);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[test]
fn a_child_is_what_it_is_told_to_be() {
    let Ok(role) = env::var(ROLE) else { return };
    let directory = PathBuf::from(env::var_os(DIRECTORY).unwrap());
    match role.as_str() {
        "holder" => hold(&directory),
        "saver" => save_on_a_failing_disk(&directory),
        "folder" => fold_on_a_failing_disk(&directory),
        "founder" => found_for_ever(&directory),
        "upgrader" => upgrade(&directory),
        other => panic!("no child is a {other}"),
    }
}

/// Works in the directory until its input ends, then goes without closing anything.
fn hold(directory: &Path) {
    let (writer, _thread) = start(directory, Schema::Node).unwrap();
    put(&writer, "held").unwrap();
    println!("\nholding");
    io::stdin().read_line(&mut String::new()).unwrap();
    std::process::exit(0);
}

/// Founds one database after another, so that a kill falls into the founding of one.
fn found_for_ever(directory: &Path) {
    for number in 0_u32.. {
        let own = directory.join(number.to_string());
        fs::create_dir(&own).unwrap();
        drop(Database::open(&own, Schema::Node).unwrap());
        println!("\nfounded");
    }
}

fn put(writer: &Writer, name: &'static str) -> Result<(), StoreError> {
    writer.write_blocking(move |tx| meta::put_meta(tx, name, b"x"))
}

fn save_on_a_failing_disk(directory: &Path) {
    let flag = PathBuf::from(env::var_os(FAILING).unwrap());
    let (writer, thread) = start(directory, Schema::Node).unwrap();
    put(&writer, "before").unwrap();
    fs::write(&flag, "").unwrap();
    assert!(matches!(put(&writer, "during"), Err(StoreError::Dead)));
    fs::remove_file(&flag).unwrap();
    // The disk works again, but the kernel may have dropped what it could not write.
    assert!(matches!(put(&writer, "after"), Err(StoreError::Dead)));
    assert!(writer.is_dead());
    drop(writer);
    assert!(thread.join().is_err());
    println!("\nrefused");
}

/// Saves while the log can be synced and the database cannot.
fn fold_on_a_failing_disk(directory: &Path) {
    let flag = PathBuf::from(env::var_os(FAILING).unwrap());
    let (writer, thread) = start(directory, Schema::Node).unwrap();
    put(&writer, "before").unwrap();
    fs::write(&flag, "").unwrap();
    let mut saved = 0;
    let refused = loop {
        let name = format!("large {saved}");
        let put = writer.write_blocking(move |tx| meta::put_meta(tx, &name, &[7; 60_000]));
        match put {
            Ok(()) => saved += 1,
            Err(error) => break error,
        }
        assert!(saved < 200, "12 MB were saved and the log was never folded");
    };
    assert!(matches!(refused, StoreError::Dead) && writer.is_dead());
    fs::remove_file(&flag).unwrap();
    assert!(matches!(put(&writer, "after"), Err(StoreError::Dead)));
    drop(writer);
    assert!(thread.join().is_err());
    println!("\nrefused after {saved}");
}

#[test]
fn a_second_process_is_refused_and_told_the_pid_and_a_killed_one_leaves_what_it_answered() {
    let directory = tempfile::tempdir().unwrap();
    let mut holder = child("holder", directory.path()).spawn().unwrap();
    let mut said = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap() == "holding"));
    match Database::open(directory.path(), Schema::Node) {
        Err(StoreError::InUse { pid, .. }) => assert_eq!(pid, holder.id().to_string()),
        other => panic!("{other:?}"),
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
    let (writer, thread) = start(directory.path(), Schema::Node).unwrap();
    let held: Result<_, StoreError> = writer.write_blocking(|tx| meta::meta(tx, "held"));
    assert!(held.unwrap().is_some());
    drop(writer);
    thread.join().unwrap();
}

/// Runs a child whose disk fails to sync, and gives what it said last.
fn failed(role: &str, directory: &Path, end: Option<&str>) -> String {
    let tools = tempfile::tempdir().unwrap();
    let library = tools.path().join("eio.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/eio.c");
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut compile = Command::new(compiler);
    compile.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(compile.status().unwrap().success(), "a C compiler is needed");
    let mut saver = child(role, directory);
    saver.env("LD_PRELOAD", &library).env(FAILING, tools.path().join("failing"));
    saver.envs(end.map(|end| ("HOSO_EIO_END", end)));
    let output = saver.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().find(|line| line.starts_with("refused"));
    assert!(output.status.success(), "{said}");
    last.expect(&said).to_owned()
}

#[test]
fn after_a_sync_that_failed_nothing_is_acknowledged_and_what_was_is_there_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    failed("saver", directory.path(), None);
    let (writer, thread) = start(directory.path(), Schema::Node).unwrap();
    let found = |name| -> Result<bool, StoreError> {
        writer.write_blocking(move |tx| Ok(meta::meta(tx, name)?.is_some()))
    };
    assert!(found("before").unwrap());
    assert!(!found("after").unwrap());
    put(&writer, "again").unwrap();
    drop(writer);
    thread.join().unwrap();
}

#[test]
fn after_a_fold_that_could_not_be_synced_nothing_is_acknowledged_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let said = failed("folder", directory.path(), Some("hoso.db"));
    let saved: usize = said.rsplit(' ').next().unwrap().parse().unwrap();
    let (writer, thread) = start(directory.path(), Schema::Node).unwrap();
    for number in 0..saved {
        let name = format!("large {number}");
        let found: Result<_, StoreError> = writer.write_blocking(move |tx| meta::meta(tx, &name));
        assert!(found.unwrap().is_some(), "large {number} of {saved} was answered and is gone");
    }
    drop(writer);
    thread.join().unwrap();
}

#[test]
fn a_database_whose_migrations_were_killed_half_way_is_migrated_at_the_next_start() {
    const KILLS: u64 = 32;
    const STEP_BYTES: u64 = 8 * 1024;
    let (mut untouched, mut half, mut whole) = (0, 0, 0);
    let fresh = tempfile::tempdir().unwrap();
    drop(Database::open(fresh.path(), Schema::Node).unwrap());
    let newest = version(fresh.path());
    for kill in 1..=KILLS {
        let directory = tempfile::tempdir().unwrap();
        let mut founder = child("founder", directory.path()).spawn().unwrap();
        let own = directory.path().join("1");
        // The log grows with each migration; the marker comes after the last.
        let grown = || fs::metadata(own.join("hoso.db-wal")).map_or(0, |log| log.len());
        while grown() < STEP_BYTES * kill && !own.join("hoso.open").exists() {
            assert_eq!(founder.try_wait().unwrap(), None, "it founds for ever");
        }
        founder.kill().unwrap();
        founder.wait().unwrap();
        match version(&own) {
            None | Some(0) => untouched += 1,
            found if found == newest => whole += 1,
            Some(_) => half += 1,
        }
        drop(Database::open(&own, Schema::Node).unwrap());
        assert_eq!(version(&own), newest, "after kill {kill}");
    }
    println!("   {KILLS} kills while founding: {untouched} before, {half} between, {whole} after");
    assert!(untouched + half > 0, "no kill fell into a migration");
}

/// The number of the last migration, if there is a file.
fn version(directory: &Path) -> Option<i64> {
    let path = directory.join(DATABASE_NAME);
    let connection = path.exists().then(|| rusqlite::Connection::open(path).unwrap())?;
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    // Closed without a checkpoint, as the kill left it.
    connection
        .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    Some(version.unwrap())
}
