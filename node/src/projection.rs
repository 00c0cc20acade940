//! What has arrived becomes records: stored first, applied second.
//!
//! While the program runs, nothing is written before an attempt, but for what somebody asks for: it
//! goes before all others, alone, with its attempt durable. What was in work when the program ended
//! otherwise than in order has perhaps ended it: such dossiers are tried one by one, each attempt
//! durable before it begins. Most ends have nothing to do with what was in work: power goes and
//! comes and goes. So the second attempt waits until the program has run for a while, and only
//! what ends the program then as well is set aside, until a newer version.

mod keep;
#[cfg(test)]
mod tests;
mod work;

use std::{
    collections::BTreeSet,
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
/// Bytes of entries that are read together, but for those of a single dossier.
const BATCH_BYTES: usize = 16 * 1024 * 1024;
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
    let projection = Projection::new(office, method, stop);
    if let Err(error) = projection.after_start().await {
        tracing::error!(%error, "what was stored before the start could not be applied");
    }
    let mut stop = projection.stop.clone();
    while !projection.stops() {
        if let Err(error) = projection.pending().await {
            tracing::error!(%error, "what has arrived could not be applied");
        }
        if projection.is_tested()
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
    begun: Instant,
}

/// Dossiers to be applied together.
#[derive(Debug, Default)]
struct Batch {
    works: Vec<Work>,
    /// The place of the last mark among them; none where no more is marked.
    last: Option<u64>,
}

impl Projection {
    fn new(office: Arc<Office>, method: Method, stop: watch::Receiver<bool>) -> Self {
        Self { office, method, stop, begun: Instant::now() }
    }

    fn stops(&self) -> bool {
        *self.stop.borrow()
    }

    /// Whether the program has run long enough to try what was tried before.
    fn is_tested(&self) -> bool {
        self.begun.elapsed() >= self.method.probation
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
            let works = self.read(vec![mark], BATCH_BYTES).await?;
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

    /// Applies all that is marked, what somebody asks for first: a batch is computed while the one
    /// before it is written and the one after it is read.
    async fn pending(&self) -> Result<(), StoreError> {
        let (mut batch, mut done, mut found) = (self.batch(0).await?, Vec::new(), false);
        while !self.stops() {
            let asked = self.asked().await?;
            let Batch { mut works, last } = batch;
            // What was read or computed of them before is older than what they have become.
            works.retain(|work| !asked.contains(&work.mark.document));
            done.retain(|applied: &Applied| !asked.contains(&applied.mark.document));
            let ahead = async {
                match last {
                    Some(last) => self.batch(last).await,
                    None => Ok(Batch::default()),
                }
            };
            let (computed, kept, ahead) =
                tokio::join!(self.computed(works), self.keep(done), ahead);
            kept?;
            done = computed?;
            batch = match last {
                Some(_) => ahead?,
                // What came meanwhile, or was out of date, is found from the beginning.
                None if found => self.batch(0).await?,
                None => return Ok(()),
            };
            found = last.is_some();
        }
        Ok(())
    }

    /// Applies the dossiers for which somebody waits, one by one, and gives them: each attempt is
    /// kept before, as what ends the program is looked for among those that have waited longest.
    async fn asked(&self) -> Result<BTreeSet<DocumentId>, StoreError> {
        let asked = self.office.take_asked();
        if asked.is_empty() {
            return Ok(asked);
        }
        let attempts_max = if self.is_tested() { ATTEMPTS_MAX } else { 1 };
        let documents = asked.clone();
        let marks = move |tx: &mut Tx<'_>| {
            let mut marks = Vec::new();
            for document in documents {
                marks.extend(tx.mark(&document)?.filter(|mark| mark.attempts < attempts_max));
            }
            Ok::<_, StoreError>(marks)
        };
        self.one_by_one(self.office.memory.read(marks).await?).await?;
        Ok(asked)
    }

    /// What is marked behind this place.
    async fn batch(&self, after: u64) -> Result<Batch, StoreError> {
        let untried = move |tx: &mut Tx<'_>| stored::untried(tx, after, BATCH);
        let works = self.read(self.office.memory.read(untried).await?, BATCH_BYTES).await?;
        Ok(Batch { last: works.last().map(|work| work.mark.place), works })
    }

    /// Reads what is marked: the first dossier, and those after it until so many bytes are read.
    async fn read(&self, marks: Vec<ToApply>, bytes_max: usize) -> Result<Vec<Work>, StoreError> {
        let read = move |tx: &mut Tx<'_>| {
            let (mut works, mut bytes) = (Vec::new(), 0_usize);
            for mark in marks {
                let work = Work::read(tx, mark)?;
                let entries = work.stored.entries.iter();
                bytes = entries.fold(bytes, |sum, entry| sum.saturating_add(entry.bytes.len()));
                works.push(work);
                if bytes >= bytes_max {
                    break;
                }
            }
            Ok::<_, StoreError>(works)
        };
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
