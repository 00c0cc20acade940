//! From what is stored of a dossier to what is to be kept of it, on every processor.

use std::{
    collections::{BTreeSet, VecDeque},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    thread::available_parallelism,
    time::{Duration, Instant},
};

use hoso_identity::{DocumentId, EntryId};
use hoso_registry::State;
use hoso_store::{
    StoreError,
    journal::{InOrder, in_order},
    records::{self, Plan, Version},
    rules::journal::{ATTEMPTS_MAX, Applicability},
    tables::{JournalTables, ToApply},
    writer::Tx,
};
use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::Method;
use crate::{
    dossiers::{Dossier, ROOM},
    office::Office,
    times,
};

/// How long the note about a dossier that does not end may take.
const LAST_WORD: Duration = Duration::from_secs(5);

/// One dossier to be applied.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) mark: ToApply,
    pub(super) stored: InOrder,
    pub(super) version: Option<Version>,
    /// The number of the own journal up to which the relay has answered.
    pub(super) answered: u64,
}

impl Work {
    pub(super) fn read(tx: &mut Tx<'_>, mark: ToApply) -> Result<Self, StoreError> {
        let stored = in_order(tx, &mark.document, ROOM)?;
        let version = records::version(tx, &mark.document)?;
        let answered = tx.facts()?.journal_through;
        Ok(Self { mark, stored, version, answered })
    }
}

/// What one dossier becomes.
#[derive(Debug)]
pub(super) struct Applied {
    /// The mark as it was when the entries were read.
    pub(super) mark: ToApply,
    /// The registry by which it was computed.
    pub(super) state: Arc<State>,
    pub(super) standings: Vec<Applicability>,
    /// None where no entry counts: what was shown stays, and its badge says why.
    pub(super) plan: Option<Plan>,
    /// The last entry for which there was room, if there are more.
    pub(super) full_after: Option<EntryId>,
}

/// Applies one dossier. What Automerge does not bear waits here, with what rests on it.
pub(super) fn applied(work: Work, state: &Arc<State>) -> Applied {
    let Work { mark, stored, version, answered } = work;
    let (id, none) = (mark.document, BTreeSet::new());
    let (mut dossier, mut standings) = Dossier::tried(id, (&stored, answered), &none, state);
    if let Err(error) = dossier.document() {
        tracing::error!(%id, %error, "a dossier holds what cannot be applied here");
        let unbearable = dossier.unbearable();
        (dossier, standings) = Dossier::tried(id, (&stored, answered), &unbearable, state);
    }
    let last = stored.entries.last().filter(|_| stored.more);
    let plan = (!dossier.held.is_empty()).then(|| dossier.plan(version, times::now_ms()));
    let state = Arc::clone(state);
    Applied { mark, state, standings, plan, full_after: last.map(|last| last.id) }
}

/// Computes these, as many at once as there are processors; gives also those that failed. Stops
/// early with the program.
pub(super) async fn computed(
    office: &Arc<Office>,
    method: Method,
    works: Vec<Work>,
    stop: watch::Receiver<bool>,
) -> (Vec<Applied>, Vec<DocumentId>) {
    let count = available_parallelism().map_or(1, NonZeroUsize::get).min(works.len());
    let works = Arc::new(Mutex::new(VecDeque::from(works)));
    let mut workers = JoinSet::new();
    for _ in 0..count {
        let worker = work_off(Arc::clone(office), method, Arc::clone(&works), stop.clone());
        workers.spawn(worker);
    }
    let (mut results, mut failed) = (Vec::new(), Vec::new());
    while let Some(worker) = workers.join_next().await {
        if let Ok((done, not)) = worker {
            results.extend(done);
            failed.extend(not);
        }
    }
    (results, failed)
}

async fn work_off(
    office: Arc<Office>,
    method: Method,
    works: Arc<Mutex<VecDeque<Work>>>,
    mut stop: watch::Receiver<bool>,
) -> (Vec<Applied>, Vec<DocumentId>) {
    let (mut results, mut failed) = (Vec::new(), Vec::new());
    let next = || works.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    while let Some(work) = next() {
        let document = work.mark.document;
        let (state, begun) = (office.state(), Instant::now());
        let computing = tokio::task::spawn_blocking(move || (method.compute)(work, &state));
        let computed = tokio::select! {
            computed = timeout(method.watchdog, computing) => computed,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        office.applying.observe(begun.elapsed());
        match computed {
            Ok(Ok(applied)) => results.push(applied),
            Ok(Err(_)) => failed.push(document),
            Err(_) => end_over(&office, document).await,
        }
    }
    (results, failed)
}

/// Ends the process over a dossier that keeps it busy: no thread can be stopped from outside.
async fn end_over(office: &Office, document: DocumentId) {
    tracing::error!(%document, "a dossier keeps this program busy: it is set aside");
    let note = office.memory.write(false, move |tx, _| tx.set_attempts(&document, ATTEMPTS_MAX));
    if !matches!(timeout(LAST_WORD, note).await, Ok(Ok(()))) {
        tracing::error!(%document, "that it is set aside could not be kept");
    }
    std::process::abort();
}
