//! The one writer: many jobs, one commit, each undone by itself.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use hoso_store::{
    StoreError,
    database::{Database, Schema},
    meta,
    readers::Readers,
    writer::{Commit, Writer, WriterThread},
};
use tempfile::TempDir;

use crate::scene::Scene;

/// A writer that counts its commits.
fn counted() -> (TempDir, Writer, WriterThread, Arc<AtomicUsize>) {
    let directory = tempfile::tempdir().unwrap();
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&commits);
    let count = move |commit| {
        assert!(matches!(commit, Commit::Durable(_)));
        counter.fetch_add(1, Ordering::SeqCst);
    };
    let database = Database::open(directory.path(), Schema::Node).unwrap();
    let (writer, thread) = Writer::start(database, count).unwrap();
    (directory, writer, thread, commits)
}

/// Queues jobs behind one that holds the writer, then lets them all go.
fn queued_together(
    writer: &Writer,
    names: &[&'static str],
    failing: &'static str,
) -> Vec<Result<(), StoreError>> {
    let (go, gate) = mpsc::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let holder = writer.clone();
        let first = tokio::spawn(async move {
            holder
                .write(move |_| {
                    gate.recv().unwrap();
                    Ok::<(), StoreError>(())
                })
                .await
        });
        let mut jobs = vec![first];
        for name in names.iter().copied() {
            let writer = writer.clone();
            jobs.push(tokio::spawn(async move {
                writer
                    .write(move |tx| {
                        meta::put_meta(tx, name, b"x")?;
                        if name == failing { Err(StoreError::Stale) } else { Ok(()) }
                    })
                    .await
            }));
        }
        // Every task has put its job into the queue when this one runs again.
        tokio::task::yield_now().await;
        go.send(()).unwrap();
        let mut answers = Vec::new();
        for job in jobs {
            answers.push(job.await.unwrap());
        }
        answers
    })
}

fn kept(directory: &TempDir, name: &str) -> bool {
    let found: Result<_, StoreError> =
        Readers::of(directory.path()).read(|tx| meta::meta(tx, name));
    found.unwrap().is_some()
}

#[test]
fn jobs_that_wait_share_one_commit_and_a_failed_one_is_undone_alone() {
    let (directory, writer, thread, commits) = counted();
    let answers = queued_together(&writer, &["a", "b", "c", "d"], "c");
    assert_eq!(commits.load(Ordering::SeqCst), 1);
    let failed: Vec<bool> = answers.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, false, false, true, false]);
    let there: Vec<bool> = ["a", "b", "c", "d"].iter().map(|name| kept(&directory, name)).collect();
    assert_eq!(there, [true, true, false, true]);
    drop(writer);
    thread.join().unwrap();
}

#[test]
fn what_is_answered_is_seen_by_every_later_reader_and_after_reopening() {
    let mut scene = Scene::node();
    for number in 0..100_u8 {
        scene.write(move |tx| meta::put_meta(tx, "last", &[number]));
        assert_eq!(scene.read(|tx| meta::meta(tx, "last")), Some(vec![number]));
    }
    scene.reopen();
    assert_eq!(scene.read(|tx| meta::meta(tx, "last")), Some(vec![99]));
}

#[test]
fn a_job_whose_caller_went_away_is_committed_and_harms_nobody() {
    let (directory, writer, thread, _) = counted();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let hurried = writer.clone();
        let job =
            tokio::spawn(
                async move { hurried.write(|tx| meta::put_meta(tx, "hurried", b"x")).await },
            );
        tokio::task::yield_now().await;
        job.abort();
    });
    // Only now is the task gone, and with it its door to the writer.
    drop(runtime);
    let later: Result<(), StoreError> =
        writer.write_blocking(|tx| meta::put_meta(tx, "later", b"x"));
    later.unwrap();
    assert!(kept(&directory, "hurried") && kept(&directory, "later"));
    drop(writer);
    thread.join().unwrap();
}

#[test]
fn a_reader_cannot_write() {
    let scene = Scene::node();
    let refused: Result<(), StoreError> =
        Readers::of(scene.path()).read(|tx| meta::put_meta(tx, "read", b"x"));
    assert!(matches!(refused, Err(StoreError::Sql(_))));
}
