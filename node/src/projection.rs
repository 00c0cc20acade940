//! What has arrived becomes records: stored first, applied second.
//!
//! While the program runs, nothing is written before an attempt. What was in work when it ended
//! otherwise than in order has perhaps ended it: such dossiers are tried one by one, each attempt
//! durable before it begins, and what has ended the process twice is set aside until a newer
//! version.

mod keep;
#[cfg(test)]
mod tests;
mod work;

use std::{sync::Arc, time::Duration};

use hoso_store::{
    StoreError,
    meta::{meta, put_meta},
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

/// Dossiers that share one commit at most.
const BATCH: usize = 64;
/// Dossiers that can be in work at once: one batch is computed while another is written.
const IN_WORK: usize = 2 * BATCH;
/// The longest time for one dossier; a process that needs more is ended.
const WATCHDOG: Duration = Duration::from_secs(60);
/// How long to wait after a failure of the storage, and at most without being woken.
const PAUSE: Duration = Duration::from_secs(5);
/// The name of the version that last set something aside.
const VERSION: &str = "version";

/// How a dossier is applied.
#[derive(Clone, Copy)]
pub(crate) struct Method {
    compute: fn(Work, &hoso_registry::State) -> Applied,
    watchdog: Duration,
}

impl Default for Method {
    fn default() -> Self {
        Self { compute: applied, watchdog: WATCHDOG }
    }
}

/// Applies what arrives until the program stops.
pub(crate) async fn run(office: Arc<Office>, stop: watch::Receiver<bool>) {
    run_by(Method::default(), office, stop).await;
}

async fn run_by(method: Method, office: Arc<Office>, stop: watch::Receiver<bool>) {
    let projection = Projection { office, method, stop };
    if let Err(error) = projection.after_start().await {
        tracing::error!(%error, "what was stored before the start could not be applied");
    }
    let mut stop = projection.stop.clone();
    while !projection.stops() {
        if let Err(error) = projection.pending().await {
            tracing::error!(%error, "what has arrived could not be applied");
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

    /// Tries what was in work when the program last ended, if it did not end in order. The end
    /// counts as one attempt.
    async fn after_start(&self) -> Result<(), StoreError> {
        let crashed = self.office.memory.crashed();
        let suspects = move |tx: &mut Tx<'_>, _: &mut _| {
            try_again_after_upgrade(tx)?;
            let marks = if crashed { tx.to_apply(0, IN_WORK)? } else { Vec::new() };
            for mark in marks.iter().filter(|mark| mark.attempts == 0) {
                tx.set_attempts(&mark.document, 1)?;
            }
            Ok::<_, StoreError>(marks)
        };
        for mark in self.office.memory.write(false, suspects).await? {
            if self.stops() {
                break;
            }
            let document = mark.document;
            let attempt = move |tx: &mut Tx<'_>, _: &mut _| journal::attempt(tx, &document);
            if self.office.memory.write(false, attempt).await? {
                let done = self.computed(self.read(vec![mark]).await?).await?;
                self.keep(done).await?;
            } else {
                tracing::error!(%document, "a dossier ended this program twice and is set aside");
            }
        }
        Ok(())
    }

    /// Applies all that is marked: a batch is computed while the one before it is written.
    async fn pending(&self) -> Result<(), StoreError> {
        let (mut done, mut after, mut found) = (Vec::new(), 0, false);
        while !self.stops() {
            let marks = self.office.memory.read(move |tx| tx.to_apply(after, BATCH)).await?;
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

    /// What these marks speak of, but for what is set aside.
    async fn read(&self, marks: Vec<ToApply>) -> Result<Vec<Work>, StoreError> {
        let read = move |tx: &mut Tx<'_>| {
            let tried = marks.into_iter().filter(|mark| mark.attempts < ATTEMPTS_MAX);
            tried.map(|mark| Work::read(tx, mark)).collect()
        };
        self.office.memory.read(read).await
    }

    async fn keep(&self, done: Vec<Applied>) -> Result<(), StoreError> {
        if done.is_empty() {
            return Ok(());
        }
        self.office.memory.write(false, move |tx, _| keep(tx, done)).await?;
        self.office.has_applied();
        Ok(())
    }

    /// Computes these, as many at once as there are processors. One that fails is tried once more;
    /// one that does not end is set aside, and the process with it ends.
    async fn computed(&self, works: Vec<Work>) -> Result<Vec<Applied>, StoreError> {
        let (results, failed) =
            work::computed(&self.office, self.method, works, self.stop.clone()).await;
        for document in failed {
            tracing::error!(%document, "a dossier could not be applied here");
            let attempt = move |tx: &mut Tx<'_>, _: &mut _| journal::attempt(tx, &document);
            self.office.memory.write(false, attempt).await?;
        }
        Ok(results)
    }
}

/// Lets a newer version try what an older one has set aside.
fn try_again_after_upgrade(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    if meta(tx, VERSION)?.as_deref() != Some(version) {
        hoso_store::journal::try_again(tx, ATTEMPTS_MAX)?;
        put_meta(tx, VERSION, version)?;
    }
    Ok(())
}
