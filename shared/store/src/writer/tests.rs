//! What the writer promises of commits and failed jobs.

use rusqlite::{StatementStatus, named_params};

use super::*;
use crate::{
    database::{self, Schema},
    meta,
};

fn put(writer: &Writer, name: &'static str) -> Result<(), StoreError> {
    writer.write_blocking(move |tx| meta::put_meta(tx, name, b"x"))
}

#[test]
fn after_a_commit_that_failed_nothing_is_answered_until_a_new_start() {
    let data = tempfile::tempdir().unwrap();
    let database = Database::open(data.path(), Schema::Node).unwrap();
    let (writer, thread) = Writer::start(database, |_| {}).unwrap();
    put(&writer, "before").unwrap();
    // The job itself succeeds; the commit finds a journal row without its entry.
    let late = writer.write_blocking(|tx| -> Result<(), StoreError> {
        tx.connection.execute_batch(
            "PRAGMA defer_foreign_keys = ON; INSERT INTO journal VALUES (1, 999, x'00')",
        )?;
        Ok(())
    });
    assert!(matches!(late, Err(StoreError::Dead)));
    assert!(writer.is_dead());
    assert!(matches!(put(&writer, "after"), Err(StoreError::Dead)));
    drop(writer);
    assert!(thread.join().is_err());
    let database = Database::open(data.path(), Schema::Node).unwrap();
    let (writer, _thread) = Writer::start(database, |_| {}).unwrap();
    let found = |name| writer.write_blocking(move |tx| meta::meta(tx, name));
    assert!(found("before").is_ok_and(|value: Option<_>| value.is_some()));
    let lost: Result<_, StoreError> = found("after");
    assert!(lost.is_ok_and(|value| value.is_none()));
}

#[test]
fn a_commit_is_on_disk_before_it_is_answered_and_the_log_is_folded_by_the_writer_alone() {
    let data = tempfile::tempdir().unwrap();
    let database = Database::open(data.path(), Schema::Node).unwrap();
    let (writer, _thread) = Writer::start(database, |_| {}).unwrap();
    let setting = |sql: &'static str| -> rusqlite::types::Value {
        let read = writer.write_blocking(move |tx| -> Result<_, StoreError> {
            Ok(tx.connection.query_row(sql, [], |row| row.get(0))?)
        });
        read.unwrap()
    };
    assert_eq!(setting("PRAGMA journal_mode"), "wal".to_owned().into());
    assert_eq!(setting("PRAGMA synchronous"), 2.into(), "2 is FULL");
    assert_eq!(setting("PRAGMA wal_autocheckpoint"), 0.into());
}

#[test]
fn a_statement_stays_prepared_whatever_is_bound_to_it() {
    let data = tempfile::tempdir().unwrap();
    let database = Database::open(data.path(), Schema::Node).unwrap();
    let (writer, _thread) = Writer::start(database, |_| {}).unwrap();
    let anew = |connection: &Connection| -> Result<i32, StoreError> {
        // An index holds those that wait alone.
        let table = "entry";
        let sql = format!("SELECT id FROM {table} WHERE standing = :standing AND detail = :detail");
        let mut statement = connection.prepare(&sql)?;
        for standing in 0..3 {
            let bound = named_params! { ":standing": standing, ":detail": [0_u8; 2] };
            assert!(!statement.exists(bound)?);
        }
        Ok(statement.get_status(StatementStatus::RePrepare))
    };
    assert_eq!(writer.write_blocking(move |tx| anew(tx.connection)).unwrap(), 0);
    assert_eq!(anew(&database::reader(data.path()).unwrap()).unwrap(), 0);
}

#[test]
fn a_commit_without_room_is_told_as_undone_before_its_jobs_are_answered() {
    let data = tempfile::tempdir().unwrap();
    let database = Database::open(data.path(), Schema::Node).unwrap();
    let (tell, heard) = std::sync::mpsc::channel();
    let tell = move |commit| tell.send(matches!(commit, Commit::Undone)).unwrap();
    let (writer, _thread) = Writer::start(database, tell).unwrap();
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let (holder, held) = packed(move |_| -> Result<(), StoreError> {
        gate.recv().unwrap();
        Ok(())
    });
    writer.jobs.blocking_send(holder).unwrap();
    // What SQLite says of a page for which there is no room.
    writer.jobs.blocking_send(Box::new(|_, _| Err(StoreError::Full))).unwrap();
    go.send(()).unwrap();
    assert!(matches!(held.blocking_recv(), Ok(Err(StoreError::Full))));
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [true]);
    assert_eq!(writer.hindrance(), Some(Hindrance::Full));
    put(&writer, "after").unwrap();
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [false]);
    assert_eq!(writer.hindrance(), None);
}

#[test]
fn what_a_failed_job_has_done_is_undone_and_nothing_of_the_others() {
    const NAMES: [&str; 3] = ["first", "second", "third"];
    let data = tempfile::tempdir().unwrap();
    let mut database = Database::open(data.path(), Schema::Node).unwrap();
    let mut connection = database.take_writer().unwrap();
    for (round, bad) in (0_u8..).zip(NAMES) {
        let (jobs, mut queue) = mpsc::channel(NAMES.len());
        let results = NAMES.map(|name| {
            let (job, result) = packed(move |tx| -> Result<(), StoreError> {
                meta::put_meta(tx, name, &[round])?;
                let planted = StoreError::Damaged("a planted fault");
                if name == bad { Err(planted) } else { Ok(()) }
            });
            jobs.blocking_send(job).unwrap();
            result
        });
        let (first, mut answers) = (queue.blocking_recv().unwrap(), Vec::new());
        group(&mut connection, first, &mut queue, &mut answers).unwrap();
        answers.into_iter().for_each(|answer| answer(End::Committed));
        for (result, name) in results.into_iter().zip(NAMES) {
            let fine = name != bad;
            assert_eq!(result.blocking_recv().unwrap().is_ok(), fine);
            let kept = meta::meta(&mut Tx::over(&connection), name).unwrap();
            assert_eq!(kept == Some(vec![round]), fine, "{name} when the {bad} fails");
        }
    }
}

#[test]
fn a_transaction_that_sqlite_gave_up_within_a_job_ends_the_writer() {
    for (fails, place) in [(true, 0), (false, 0), (true, 1), (false, 1)] {
        let data = tempfile::tempdir().unwrap();
        let mut database = Database::open(data.path(), Schema::Node).unwrap();
        let mut connection = database.take_writer().unwrap();
        let (jobs, mut queue) = mpsc::channel(3);
        let mut results = Vec::new();
        for number in 0..3 {
            let (job, result) = packed(move |tx| -> Result<(), StoreError> {
                meta::put_meta(tx, "written", &[number])?;
                if number == place {
                    // What SQLite does by itself when the disk fails under it.
                    tx.connection.execute("ROLLBACK", [])?;
                }
                let planted = StoreError::Damaged("a planted fault");
                if number == place && fails { Err(planted) } else { Ok(()) }
            });
            jobs.blocking_send(job).unwrap();
            results.push(result);
        }
        let (first, mut answers) = (queue.blocking_recv().unwrap(), Vec::new());
        assert!(group(&mut connection, first, &mut queue, &mut answers).is_err());
        assert_eq!(meta::meta(&mut Tx::over(&connection), "written").unwrap(), None);
        drop((answers, queue));
        assert!(results.iter_mut().all(|result| result.try_recv().is_err()), "none is told");
    }
}

#[test]
fn a_job_that_breaks_its_thread_leaves_a_writer_that_says_so() {
    let data = tempfile::tempdir().unwrap();
    let database = Database::open(data.path(), Schema::Node).unwrap();
    let (writer, thread) = Writer::start(database, |_| {}).unwrap();
    let broken: Result<(), StoreError> = writer.write_blocking(|_| panic!("a planted fault"));
    assert!(matches!(broken, Err(StoreError::Dead)));
    assert!(matches!(put(&writer, "after"), Err(StoreError::Dead)));
    assert!(writer.is_dead());
    drop(writer);
    assert!(thread.join().is_err());
}
