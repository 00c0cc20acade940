//! What has arrived becomes records: stored first, applied second.
//!
//! While the program runs, nothing is written before an attempt. What was in work when it ended
//! otherwise than in order has perhaps ended it: such dossiers are tried one by one, each attempt
//! durable before it begins. Most ends have nothing to do with what was in work: power goes and
//! comes and goes. So the second attempt waits until the program has run for a while, and only
//! what ends the program then as well is set aside, until a newer version.

mod keep;
#[cfg(test)]
mod tests;
mod work;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hoso_identity::DocumentId;
use hoso_store::{
    StoreError, journal as stored,
    meta::{meta, put_meta},
    records,
    rules::journal::{self, ATTEMPTS_MAX},
    tables::{JournalTables, ToApply},
    writer::Tx,
};
use tokio::sync::watch;

use self::{
    keep::keep,
    work::{Applied, Work, applied},
};
use crate::office::Office;

/// Dossiers that share one commit at most: each puts a row at random into several indexes, and the
/// more they are, the more rows share a page. The desk's saves wait for them.
const BATCH: usize = 120;
/// Dossiers that can be in work at once: one batch is computed while another is written.
const IN_WORK: usize = 2 * BATCH;
/// The longest time for one dossier; a process that needs more is ended.
const WATCHDOG: Duration = Duration::from_secs(60);
/// How long the program must have run before a dossier is tried for the second time; shorter than
/// a desk waits for what is in work.
const PROBATION: Duration = Duration::from_secs(2);
/// How long to wait after a failure of the storage, and at most without being woken.
const PAUSE: Duration = Duration::from_secs(5);
/// The name of the version that last set something aside.
const VERSION: &str = "version";

/// How a dossier is applied.
#[derive(Clone, Copy)]
pub(crate) struct Method {
    compute: fn(Work, &Arc<hoso_registry::State>) -> Applied,
    watchdog: Duration,
    probation: Duration,
}

impl Default for Method {
    fn default() -> Self {
        Self { compute: applied, watchdog: WATCHDOG, probation: PROBATION }
    }
}

/// Applies what arrives until the program stops.
pub(crate) async fn run(office: Arc<Office>, stop: watch::Receiver<bool>) {
    run_by(Method::default(), office, stop).await;
}

async fn run_by(method: Method, office: Arc<Office>, stop: watch::Receiver<bool>) {
    let projection = Projection { office, method, stop };
    let begun = Instant::now();
    if let Err(error) = projection.after_start().await {
        tracing::error!(%error, "what was stored before the start could not be applied");
    }
    let mut stop = projection.stop.clone();
    while !projection.stops() {
        if let Err(error) = projection.pending().await {
            tracing::error!(%error, "what has arrived could not be applied");
        }
        if begun.elapsed() >= method.probation
            && let Err(error) = projection.once_more().await
        {
            tracing::error!(%error, "what was tried before could not be tried again");
        }
        tokio::select! {
            () = projection.office.arrived.notified() => {}
            () = tokio::time::sleep(PAUSE) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

struct Projection {
    office: Arc<Office>,
    method: Method,
    stop: watch::Receiver<bool>,
}

impl Projection {
    fn stops(&self) -> bool {
        *self.stop.borrow()
    }

    /// Tries, one by one, what was in work when the program last ended, if it did not end in order.
    async fn after_start(&self) -> Result<(), StoreError> {
        let crashed = self.office.memory.crashed();
        let suspects = move |tx: &mut Tx<'_>, _: &mut _| {
            try_again_after_upgrade(tx)?;
            if crashed { stored::untried(tx, 0, IN_WORK) } else { Ok(Vec::new()) }
        };
        self.one_by_one(self.office.memory.write(false, suspects).await?).await
    }

    /// Tries for the last time what was tried before.
    async fn once_more(&self) -> Result<(), StoreError> {
        let tried = |tx: &mut Tx<'_>| {
            let mut marks = Vec::new();
            for document in stored::set_aside(tx, 1)? {
                marks.extend(tx.mark(&document)?.filter(|mark| mark.attempts < ATTEMPTS_MAX));
            }
            Ok::<_, StoreError>(marks)
        };
        self.one_by_one(self.office.memory.read(tried).await?).await
    }

    async fn one_by_one(&self, marks: Vec<ToApply>) -> Result<(), StoreError> {
        for mark in marks {
            if self.stops() {
                break;
            }
            let (document, before) = (mark.document, mark.attempts);
            let attempt = move |tx: &mut Tx<'_>, _: &mut _| journal::attempt(tx, &document);
            if !self.office.memory.write(false, attempt).await? {
                continue;
            }
            let works = self.read(vec![mark]).await?;
            let (done, failed) = self.compute(works).await;
            if done.is_empty() && failed.is_empty() {
                // The program stops: that is no failure of this dossier.
                let again = move |tx: &mut Tx<'_>, _: &mut _| tx.set_attempts(&document, before);
                self.office.memory.write(false, again).await?;
            }
            self.keep(done).await?;
        }
        Ok(())
    }

    /// Applies all that is marked: a batch is computed while the one before it is written.
    async fn pending(&self) -> Result<(), StoreError> {
        let (mut done, mut after, mut found) = (Vec::new(), 0, false);
        while !self.stops() {
            let untried = move |tx: &mut Tx<'_>| stored::untried(tx, after, BATCH);
            let marks = self.office.memory.read(untried).await?;
            let last = marks.last().map(|mark| mark.place);
            let works = self.read(marks).await?;
            found |= !works.is_empty();
            let (computed, kept) = tokio::join!(self.computed(works), self.keep(done));
            kept?;
            done = computed?;
            match last {
                Some(last) => after = last,
                // What came meanwhile, or was out of date, is found from the beginning.
                None if found => (after, found) = (0, false),
                None => return Ok(()),
            }
        }
        Ok(())
    }

    async fn read(&self, marks: Vec<ToApply>) -> Result<Vec<Work>, StoreError> {
        let read =
            move |tx: &mut Tx<'_>| marks.into_iter().map(|mark| Work::read(tx, mark)).collect();
        self.office.memory.read(read).await
    }

    async fn keep(&self, done: Vec<Applied>) -> Result<(), StoreError> {
        if done.is_empty() {
            return Ok(());
        }
        self.office.memory.write(false, move |tx, registrar| keep(tx, registrar, done)).await?;
        self.office.has_applied();
        Ok(())
    }

    /// Computes these; one that fails counts as attempted.
    async fn computed(&self, works: Vec<Work>) -> Result<Vec<Applied>, StoreError> {
        let (results, failed) = self.compute(works).await;
        for document in failed {
            let attempt = move |tx: &mut Tx<'_>, _: &mut _| journal::attempt(tx, &document);
            self.office.memory.write(false, attempt).await?;
        }
        Ok(results)
    }

    /// Computes these, as many at once as there are processors, and gives also those that failed;
    /// one that does not end is set aside, and the process with it ends.
    async fn compute(&self, works: Vec<Work>) -> (Vec<Applied>, Vec<DocumentId>) {
        let stop = self.stop.clone();
        let (results, failed) = work::computed(&self.office, self.method, works, stop).await;
        for document in &failed {
            tracing::error!(%document, "a dossier could not be applied here");
        }
        (results, failed)
    }
}

/// Lets a newer version try what an older one has set aside, and read what that one could not.
fn try_again_after_upgrade(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    if meta(tx, VERSION)?.as_deref() != Some(version) {
        stored::try_again(tx, ATTEMPTS_MAX)?;
        for document in records::needing_newer(tx)? {
            tx.mark_to_apply(&document, 0)?;
        }
        put_meta(tx, VERSION, version)?;
    }
    Ok(())
}
