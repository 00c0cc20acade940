//! The one thread that writes: many jobs, one commit; answered only after it.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::{database::Database, error::StoreError, ledger::Ends, log::Folding};

/// Jobs that wait for the writer; more wait for a place in the queue.
const QUEUE_JOBS: usize = 256;
/// Jobs that share one commit.
const GROUP_JOBS: usize = 64;

/// One transaction, as the tables see it.
#[derive(Debug)]
pub struct Tx<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) ends: Ends,
}

impl<'a> Tx<'a> {
    /// A transaction over a connection of which the caller holds the transaction.
    pub(crate) fn over(connection: &'a Connection) -> Self {
        Self { connection, ends: Ends::default() }
    }
}

/// What has become of the jobs of one commit. Told before any of them is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// They are on disk; how long that took.
    Durable(Duration),
    /// The disk took nothing: everything is as after the commit before, also what was learnt from
    /// them.
    Undone,
}

/// Why the disk takes nothing now, though nothing is broken: later it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// There is no room.
    Full,
    /// It can only be read.
    ReadOnly,
}

impl Hindrance {
    fn of(error: &StoreError) -> Option<Self> {
        if matches!(error, StoreError::Full) {
            return Some(Self::Full);
        }
        matches!(error, StoreError::ReadOnly).then_some(Self::ReadOnly)
    }
}

impl From<Hindrance> for StoreError {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Full => Self::Full,
            Hindrance::ReadOnly => Self::ReadOnly,
        }
    }
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Committed,
    /// Everything is as before.
    Undone(Hindrance),
    Failed,
}

/// What a job leaves behind: how to answer when the commit has succeeded or failed.
type Answer = Box<dyn FnOnce(End) + Send>;
type Job = Box<dyn FnOnce(&Connection, Undo) -> Result<Ran, StoreError> + Send>;

/// What a job has left.
struct Ran {
    answer: Answer,
    failed: bool,
}

/// How what a failed job has done is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Undo {
    /// With its transaction, in which nothing else was done yet. A savepoint would keep a copy of
    /// each page that it writes.
    Transaction,
    /// By a savepoint behind other jobs.
    Savepoint,
}

/// The writer's door. Clones share the thread.
#[derive(Clone, Debug)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    state: Arc<State>,
}

/// What the thread tells whoever asks.
#[derive(Debug, Default)]
struct State {
    dead: AtomicBool,
    hindrance: Mutex<Option<Hindrance>>,
}

impl State {
    /// Takes over what hinders saving now; gives what did before.
    fn hindered(&self, by: Option<Hindrance>) -> Option<Hindrance> {
        std::mem::replace(&mut *self.locked(), by)
    }

    /// The data behind the lock; a panic elsewhere cannot have left it half written.
    fn locked(&self) -> MutexGuard<'_, Option<Hindrance>> {
        self.hindrance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer's thread, for an orderly end.
#[derive(Debug)]
pub struct WriterThread(JoinHandle<Result<(), StoreError>>);

impl Writer {
    /// Starts the thread. `told` is called with what has become of each commit.
    ///
    /// # Errors
    ///
    /// When the database's writer is taken or the thread cannot be started.
    pub fn start(
        mut database: Database,
        told: impl Fn(Commit) + Send + 'static,
    ) -> Result<(Self, WriterThread), StoreError> {
        let connection = database.take_writer()?;
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS);
        let state = Arc::new(State::default());
        let path = database.data().to_owned();
        let shared = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(database, connection, queue, &shared, &told))
            .map_err(|source| StoreError::File { path, source })?;
        Ok((Self { jobs, state }, WriterThread(thread)))
    }

    /// Runs a job as a part of the next commit, and gives its result when that commit is durable.
    /// What the job has done is undone if it fails.
    ///
    /// # Errors
    ///
    /// The job's own, or [`StoreError::Dead`] after a failed commit.
    pub async fn write<R, E>(
        &self,
        job: impl FnOnce(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = packed(job);
        if self.state.dead.load(Ordering::Acquire) || self.jobs.send(job).await.is_err() {
            return Err(StoreError::Dead.into());
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::Dead.into()))
    }

    /// The same for callers without an async runtime.
    ///
    /// # Errors
    ///
    /// As [`Writer::write`].
    pub fn write_blocking<R, E>(
        &self,
        job: impl FnOnce(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = packed(job);
        if self.state.dead.load(Ordering::Acquire) || self.jobs.blocking_send(job).is_err() {
            return Err(StoreError::Dead.into());
        }
        answer.blocking_recv().unwrap_or_else(|_| Err(StoreError::Dead.into()))
    }

    /// Whether a commit has failed, or the thread has ended by itself: nothing can be saved.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.state.dead.load(Ordering::Acquire) || self.jobs.is_closed()
    }
}

impl Writer {
    /// Why the disk took nothing of the last commit, if it did not.
    #[must_use]
    pub fn hindrance(&self) -> Option<Hindrance> {
        *self.state.locked()
    }
}

impl WriterThread {
    /// Waits for the end of the thread, which comes when every [`Writer`] is dropped.
    ///
    /// # Errors
    ///
    /// What closing the database said.
    pub fn join(self) -> Result<(), StoreError> {
        self.0.join().unwrap_or(Err(StoreError::Dead))
    }
}

/// Packs a job so that its answer is given after the commit.
fn packed<R, E>(
    job: impl FnOnce(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<R, E>>)
where
    R: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (send, receive) = oneshot::channel();
    let job: Job = Box::new(move |connection, undo| {
        let run = |sql| connection.prepare_cached(sql)?.execute([]);
        if undo == Undo::Savepoint {
            run("SAVEPOINT job")?;
        }
        let result = job(&mut Tx::over(connection));
        let failed = result.is_err();
        if undo == Undo::Savepoint {
            if failed {
                run("ROLLBACK TO job")?;
            }
            run("RELEASE job")?;
        }
        let answer: Answer = Box::new(move |end| {
            let result = match end {
                End::Committed => result,
                End::Undone(why) => result.and(Err(StoreError::from(why).into())),
                End::Failed => result.and(Err(StoreError::Dead.into())),
            };
            // Nobody waits any more when the caller went away.
            drop(send.send(result));
        });
        Ok(Ran { answer, failed })
    });
    (job, receive)
}

fn run(
    database: Database,
    mut connection: Connection,
    mut queue: mpsc::Receiver<Job>,
    state: &State,
    told: &dyn Fn(Commit),
) -> Result<(), StoreError> {
    let mut folding = Folding::default();
    while let Some(first) = queue.blocking_recv() {
        let begun = Instant::now();
        let mut answers = Vec::new();
        let mut done = group(&mut connection, first, &mut queue, &mut answers);
        if done.is_ok() {
            state.hindered(None);
            told(Commit::Durable(begun.elapsed()));
            answers.drain(..).for_each(|answer| answer(End::Committed));
            done = folding.fold_if_long(database.data(), &connection);
        }
        done = done.map_err(|error| error.named(database.data()));
        // Nothing was promised yet, nothing is in doubt: the sync was not reached.
        if let Some(why) = done.as_ref().err().and_then(Hindrance::of)
            && connection.is_autocommit()
        {
            if state.hindered(Some(why)) != Some(why) {
                tracing::error!(?why, "the disk takes nothing; nothing is saved until it does");
            }
            told(Commit::Undone);
            answers.drain(..).for_each(|answer| answer(End::Undone(why)));
            done = Ok(());
        }
        if let Err(error) = done {
            // An fsync that failed may have dropped the pages: never retry and assume.
            state.dead.store(true, Ordering::Release);
            tracing::error!(%error, "the storage failed; nothing is saved until a new start");
            answers.into_iter().for_each(|answer| answer(End::Failed));
            queue.close();
            return Err(error);
        }
    }
    database.close(connection)
}

/// Runs the jobs that wait and commits them together.
fn group(
    connection: &mut Connection,
    first: Job,
    queue: &mut mpsc::Receiver<Job>,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if work(&transaction, first, Undo::Transaction, answers)? {
        transaction.rollback()?;
        transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    }
    while answers.len() < GROUP_JOBS {
        let Ok(next) = queue.try_recv() else { break };
        work(&transaction, next, Undo::Savepoint, answers)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Runs one job; gives whether it failed.
fn work(
    transaction: &Connection,
    job: Job,
    undo: Undo,
    answers: &mut Vec<Answer>,
) -> Result<bool, StoreError> {
    let Ran { answer, failed } = job(transaction, undo)?;
    answers.push(answer);
    // SQLite itself gives a transaction up when the disk fails under it.
    if transaction.is_autocommit() {
        return Err(StoreError::GivenUp);
    }
    Ok(failed)
}
