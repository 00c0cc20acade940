//! What has arrived becomes records: stored first, applied second.
//!
//! While the program runs, nothing is written before an attempt. What was stored and not applied
//! when it starts has perhaps ended it: such dossiers are tried one by one, each attempt durable
//! before it begins, and what has ended the process twice is set aside until a newer version.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hoso_identity::DocumentId;
use hoso_registry::State;
use hoso_store::{
    StoreError,
    meta::{meta, put_meta},
    records::{self, Plan},
    rules::journal::{self, ATTEMPTS_MAX, Applicability},
    tables::{JournalTables, NodeEntry},
    writer::Tx,
};
use tokio::{sync::watch, time::timeout};

use crate::{dossiers::Dossier, office::Office, times};

/// Dossiers that share one commit at most.
const BATCH: usize = 64;
/// The longest time for one dossier; a process that needs more is ended, so that it is tried alone
/// after the restart.
const WATCHDOG: Duration = Duration::from_secs(60);
/// How long to wait after a failure of the storage, and at most without being woken.
const PAUSE: Duration = Duration::from_secs(5);
/// The name of the version that last set something aside.
const VERSION: &str = "version";

/// Applies what arrives until the program stops.
pub(crate) async fn run(office: Arc<Office>, mut stop: watch::Receiver<bool>) {
    if let Err(error) = after_start(&office).await {
        tracing::error!(%error, "what was stored before the start could not be applied");
    }
    loop {
        match apply_pending(&office).await {
            // More may have come meanwhile.
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "what has arrived could not be applied"),
        }
        tokio::select! {
            () = office.arrived.notified() => {}
            () = tokio::time::sleep(PAUSE) => {}
            stopped = stop.wait_for(|stop| *stop) => {
                if stopped.is_ok() {
                    return;
                }
            }
        }
    }
}

/// Tries what was stored and not applied, one by one.
async fn after_start(office: &Arc<Office>) -> Result<(), StoreError> {
    let mut applied = false;
    for document in office.memory.write(false, |tx, _| marks_after_start(tx)).await? {
        let may = office.memory.write(false, move |tx, _| journal::attempt(tx, &document)).await?;
        if may {
            apply(office, vec![document], true).await?;
            applied = true;
        } else {
            tracing::error!(%document, "a dossier ended this program twice and is set aside");
        }
    }
    if applied {
        office.has_applied();
    }
    Ok(())
}

fn marks_after_start(tx: &mut Tx<'_>) -> Result<Vec<DocumentId>, StoreError> {
    let marks = tx.to_apply()?;
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    if meta(tx, VERSION)?.as_deref() != Some(version) {
        for mark in marks.iter().filter(|mark| mark.attempts >= ATTEMPTS_MAX) {
            tx.set_attempts(&mark.document, 0)?;
        }
        put_meta(tx, VERSION, version)?;
    }
    Ok(marks.into_iter().map(|mark| mark.document).collect())
}

/// Applies one batch; `true` if anything was applied.
async fn apply_pending(office: &Arc<Office>) -> Result<bool, StoreError> {
    let marks = office.memory.read(|tx| tx.to_apply()).await?;
    let pending = marks.into_iter().filter(|mark| mark.attempts < ATTEMPTS_MAX);
    let batch: Vec<DocumentId> = pending.map(|mark| mark.document).take(BATCH).collect();
    if batch.is_empty() {
        return Ok(false);
    }
    apply(office, batch, false).await?;
    office.has_applied();
    Ok(true)
}

/// What one dossier becomes.
struct Applied {
    document: DocumentId,
    /// What it was computed from.
    seen: Vec<NodeEntry>,
    standings: Vec<Applicability>,
    /// None where no entry counts: what was shown stays, and its badge says why.
    plan: Option<Plan>,
}

/// Applies these; `counted` says that this attempt of theirs is counted already.
async fn apply(
    office: &Arc<Office>,
    documents: Vec<DocumentId>,
    counted: bool,
) -> Result<(), StoreError> {
    let mut done = Vec::with_capacity(documents.len());
    for document in documents {
        let read = office.memory.read(move |tx| {
            Ok::<_, StoreError>((tx.document(&document)?, records::version(tx, &document)?))
        });
        let (entries, version) = read.await?;
        let state = office.state();
        let computing =
            tokio::task::spawn_blocking(move || computed(document, entries, version, &state));
        let begun = Instant::now();
        let computed = timeout(WATCHDOG, computing).await;
        office.applying.observe(begun.elapsed());
        match computed {
            Ok(Ok(applied)) => done.push(applied),
            Ok(Err(_)) => {
                // It is tried once more; what fails twice is set aside.
                tracing::error!(%document, "a dossier could not be applied here");
                if !counted {
                    let attempt = move |tx: &mut Tx<'_>, _: &mut _| journal::attempt(tx, &document);
                    office.memory.write(false, attempt).await?;
                }
            }
            Err(_) => {
                tracing::error!(%document, "a dossier keeps this program busy: it ends itself");
                std::process::abort();
            }
        }
    }
    office.memory.write(false, move |tx, _| keep(tx, done)).await
}

fn computed(
    document: DocumentId,
    seen: Vec<NodeEntry>,
    version: Option<records::Version>,
    state: &State,
) -> Applied {
    let dossier = Dossier::of(document, seen.clone(), state);
    let counts = !dossier.held.is_empty();
    let plan = counts.then(|| dossier.plan(version, state, times::now_ms()));
    Applied { document, seen, standings: dossier.standings, plan }
}

/// Writes what was computed, if nothing has come in between; what is out of date stays marked.
fn keep(tx: &mut Tx<'_>, done: Vec<Applied>) -> Result<(), StoreError> {
    for applied in done {
        let moved = tx.document(&applied.document)? != applied.seen;
        let from = applied.plan.as_ref().and_then(|plan| plan.computed_from.clone());
        if moved || applied.plan.is_some() && records::version(tx, &applied.document)? != from {
            continue;
        }
        if let Some(plan) = &applied.plan {
            records::put(tx, plan)?;
        }
        journal::applied(tx, &applied.document, &applied.standings)?;
    }
    Ok(())
}
