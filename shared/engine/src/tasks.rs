//! The life of a running program: its tasks are started in one place, watched, and joined in time.

use std::{future::Future, time::Duration};

use hoso_store::{StoreError, writer::WriterThread};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

use crate::{command::Problem, shell::closed};

/// How often a running program looks whether its storage has failed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long tasks may take to end. With the next one, below the five seconds that a service
/// manager and a clerk are promised.
const JOIN_WAIT: Duration = Duration::from_secs(3);
/// How long the storage may then take to end orderly; what is cut off is done at the next start.
const CLOSE_WAIT: Duration = Duration::from_millis(1500);

/// The tasks of a program.
#[derive(Debug)]
pub struct Tasks {
    running: JoinSet<(&'static str, Result<(), Problem>)>,
    stop: watch::Sender<bool>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { running: JoinSet::new(), stop: watch::Sender::new(false) }
    }
}

impl Tasks {
    /// Turns true when the program stops.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Starts a task that runs until the program stops.
    pub fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = Result<(), Problem>> + Send + 'static,
    ) {
        self.running.spawn(async move { (name, task.await) });
    }

    /// Runs until `told` is done or a task has ended by itself, then joins the tasks, but not for
    /// ever.
    ///
    /// # Errors
    ///
    /// `told`'s own, or why a task had ended.
    pub async fn run(
        mut self,
        told: impl Future<Output = Result<(), Problem>>,
    ) -> Result<(), Problem> {
        let ended = tokio::select! {
            told = told => told,
            Some(ended) = self.running.join_next() => Err(match ended {
                Ok((_, Err(problem))) => problem,
                Ok((name, Ok(()))) => broken(name),
                Err(error) => broken(&error.to_string()),
            }),
        };
        if let Err(problem) = &ended {
            tracing::error!(code = problem.code, text = problem.text, "the program ends");
        }
        self.stop.send_replace(true);
        let joined = async { while self.running.join_next().await.is_some() {} };
        if timeout(JOIN_WAIT, joined).await.is_err() {
            tracing::warn!("tasks that did not end in time are cut off");
        }
        ended
    }
}

fn broken(what: &str) -> Problem {
    Problem::new("task", format!("a part of the program ended by itself ({what}): start it again"))
}

/// Waits for a signal, or for storage that failed: then the process must end.
///
/// # Errors
///
/// When signals cannot be heard.
pub async fn told_to_stop(is_dead: impl Fn() -> bool) -> Result<(), Problem> {
    let signal = |kind| signal(kind).map_err(|error| Problem::new("signal", error.to_string()));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut watch = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = watch.tick() => if is_dead() { return Ok(()) },
        }
    }
}

/// Waits until the program is told to stop.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        tracing::debug!("nobody can stop this any more");
    }
}

/// Waits until the signal has this value, or for ever when nobody can change it any more.
pub(crate) async fn becomes(signal: &mut watch::Receiver<bool>, value: bool) {
    if signal.wait_for(|now| *now == value).await.is_err() {
        std::future::pending().await
    }
}

/// Waits for the writer's orderly end, but not for ever: work that was cut off may hold it.
///
/// # Errors
///
/// What the storage says.
pub async fn closed_in_time(thread: WriterThread) -> Result<(), StoreError> {
    if let Ok(closed) = timeout(CLOSE_WAIT, closed(thread)).await {
        return closed;
    }
    tracing::warn!("the storage did not end in time: the next start does the rest");
    Ok(())
}

/// Waits for the writer's orderly end where nothing ran that could hold it; gives why nothing ran.
pub async fn never_ran(thread: WriterThread, why: Problem) -> Problem {
    if let Err(error) = closed(thread).await {
        tracing::error!(%error, "the storage did not close");
    }
    why
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Instant};

    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_ends_the_program_and_the_others_are_told() {
        let mut tasks = Tasks::default();
        let mut stopping = tasks.stopping();
        let (told, heard) = tokio::sync::oneshot::channel();
        tasks.spawn("pages", async { Ok(()) });
        tasks.spawn("links", async move {
            stopped(&mut stopping).await;
            told.send(()).map_err(|()| Problem::new("test", "nobody listens"))
        });
        let ended = tasks.run(pending()).await.unwrap_err();
        assert!(ended.text.contains("pages"), "{ended:?}");
        heard.await.unwrap();
    }

    #[tokio::test]
    async fn why_a_task_failed_or_broke_is_said() {
        let mut tasks = Tasks::default();
        tasks.spawn("commands", async { Err(Problem::new("control", "the socket is gone")) });
        let ended = tasks.run(pending()).await.unwrap_err();
        assert_eq!(ended.text, "the socket is gone");
        let mut tasks = Tasks::default();
        tasks.spawn("commands", async { panic!("a planted fault") });
        let ended = tasks.run(pending()).await.unwrap_err();
        assert!(ended.text.contains("a planted fault"), "{ended:?}");
    }

    #[tokio::test]
    async fn a_task_that_never_ends_does_not_hold_the_program() {
        let mut tasks = Tasks::default();
        tasks.spawn("links", pending());
        let begun = Instant::now();
        tasks.run(async { Ok(()) }).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
