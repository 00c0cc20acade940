//! The node's office: what the desk, the pages, the commands and the link share.

mod backups;
mod bundles;
mod commands;
mod copies;
mod health;
mod hours;
mod papers;
mod sweep;

use std::{
    collections::BTreeSet,
    mem,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use hoso_engine::{
    clock,
    close::CloseCode,
    command::Problem,
    frames::WireBytes,
    lan::LanStatus,
    link::{LinkStatus, Target},
    memory::Memory,
    metrics::Histogram,
};
use hoso_identity::{DocumentId, PublicKey, UnitId};
use hoso_registry::{State, state::NodeFacts};
use hoso_store::{
    StoreError, attachments, blobs::Blobs, journal, link, rules::journal::ATTEMPTS_MAX,
    serial::Serials, tables::JournalTables,
};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

pub(crate) use self::{
    backups::{Backups, Last, Making},
    copies::Copy,
    health::Trouble,
    hours::{holds, open_on},
};
use crate::{
    facts::{self, Facts},
    people::People,
    times,
};

/// What the parts of the node share.
#[derive(Debug)]
pub struct Office {
    pub(crate) data: PathBuf,
    pub(crate) memory: Memory,
    /// The files of scans.
    pub(crate) blobs: Blobs,
    pub(crate) facts: Facts,
    pub(crate) transport: PublicKey,
    pub(crate) people: People,
    pub(crate) serials: Mutex<Serials>,
    /// Backups that pages ask for.
    pub(crate) backups: Backups,
    /// Turned true when a training realm is to begin again from nothing.
    pub(crate) begins_again: watch::Sender<bool>,
    /// Changed when dossiers were applied.
    pub(crate) applied: watch::Sender<u64>,
    /// Woken when something is to be applied.
    pub(crate) arrived: Arc<Notify>,
    /// Dossiers for which somebody waits until they are applied.
    pub(crate) asked: Mutex<BTreeSet<DocumentId>>,
    /// How the link stands.
    pub(crate) link: watch::Sender<LinkStatus>,
    /// Which other machines of the unit are connected.
    pub(crate) lan: watch::Sender<LanStatus>,
    /// Bytes on the line.
    pub(crate) wire: WireBytes,
    /// How long commits take.
    pub(crate) commits: Histogram,
    /// How long it takes to apply a dossier.
    pub(crate) applying: Histogram,
}

/// A problem with the storage, for a command or a page.
pub(crate) fn storage(error: &StoreError) -> Problem {
    let code = if matches!(error, StoreError::Dead) {
        "storage-dead"
    } else if matches!(error, StoreError::Full) {
        "storage-full"
    } else if matches!(error, StoreError::ReadOnly) {
        "storage-read-only"
    } else {
        "storage"
    };
    Problem::new(code, error.to_string())
}

/// A problem, or the storage's.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Problem);

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self(storage(&error))
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl Office {
    /// The registry.
    pub(crate) fn state(&self) -> Arc<State> {
        self.memory.state()
    }

    /// The unit that the node serves.
    pub(crate) fn unit(&self) -> UnitId {
        self.facts.unit
    }

    /// This node as the registry has it, once it is approved.
    pub(crate) fn node(&self) -> Option<NodeFacts> {
        self.state().node_by_transport(&self.transport).cloned()
    }

    /// The station of this copy of the node; none before the approval, and after more restores
    /// than the approval gave stations for.
    pub(crate) async fn station(&self) -> Result<Option<u16>, StoreError> {
        let copies = self.memory.read(facts::copies).await?;
        Ok(self.node().and_then(|node| node.stations.get(copies).copied()))
    }

    /// The words to compare, while the province has not approved the node.
    pub(crate) async fn pending_words(&self) -> Result<Option<String>, StoreError> {
        if self.node().is_some() {
            return Ok(None);
        }
        self.memory.read(facts::words).await
    }

    /// The next counter of that station and day.
    pub(crate) fn next_counter(&self, station: u16, day: u32) -> Result<u16, StoreError> {
        self.serials.lock().unwrap_or_else(PoisonError::into_inner).next(station, day)
    }

    /// Tells the link that dossiers were applied.
    pub(crate) fn has_applied(&self) {
        self.applied.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Has this dossier applied before what came earlier.
    pub(crate) fn ask_for(&self, document: DocumentId) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(document);
        self.arrived.notify_one();
    }

    /// The dossiers that somebody asked for since this was called last.
    pub(crate) fn take_asked(&self) -> BTreeSet<DocumentId> {
        mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where the relay is, as the invitation said.
    pub(crate) fn target(&self) -> Target {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Target { addresses: self.facts.addresses.clone(), relay: self.facts.relay, version }
    }

    /// Switches the link, durably.
    pub(crate) async fn set_link(&self, on: bool) -> Result<(), Problem> {
        if self.is_training() {
            let text = "a training realm is on one machine: there is no province to link to";
            return Err(Problem::new("alone", text));
        }
        let switched = self.memory.write(false, move |tx, _| link::want(tx, on)).await;
        switched.map_err(|error: StoreError| storage(&error))
    }

    /// Whether the node can save. After the disk took nothing this is tried.
    pub(crate) async fn ready(&self) -> Result<(), Problem> {
        let answer = if self.memory.is_dead() {
            Err(StoreError::Dead)
        } else if self.memory.hindrance().is_some() {
            self.memory.write(false, |tx, _| facts::try_to_write(tx, clock::now_ms())).await
        } else {
            self.memory.read(|tx| tx.facts()).await.map(|_| ())
        };
        answer.map_err(|error| storage(&error))
    }

    /// The answer to `GET /sync`.
    pub(crate) async fn sync_status(&self) -> Result<Value, StoreError> {
        let read = self.memory.read(|tx| {
            let aside = journal::set_aside(tx, ATTEMPTS_MAX)?;
            let scans = (attachments::pending(tx)?, attachments::waiting_bytes(tx)?);
            let counts = (journal::troubled(tx)?, scans);
            Ok::<_, StoreError>((journal::backlog(tx)?, counts, aside))
        });
        let (backlog, ((waiting, refused), (blobs, blob_bytes)), aside) = read.await?;
        let waiting = waiting.saturating_add(u64::try_from(aside.len()).unwrap_or(u64::MAX));
        let copies = self.copies().await?;
        let (turned_away, last_turned_away) = {
            let lan = self.lan.borrow();
            (lan.turned_away, lan.last_turned_away)
        };
        let link = self.link.borrow().clone();
        let wanted = *self.memory.link_wanted().borrow();
        Ok(json!({
            "link": if wanted { link.state.code() } else { "off" },
            "healing": wanted && link.healing,
            "unanswered": wanted && link.is_unanswered(),
            "since": times::text_of(link.since_ms),
            "relay": self.target().today(&self.state()).0.first(),
            "pending_entries": backlog.entries,
            "pending_dossiers": backlog.dossiers,
            "pending_bytes": backlog.bytes,
            "pending_seconds": link.forecast.entries_s.filter(|_| backlog.bytes > 0),
            "pending_blobs": blobs,
            "blob_bytes_up": blob_bytes.up,
            "blob_seconds_up": link.forecast.scans_up_s.filter(|_| blob_bytes.up > 0),
            "blobs_without_room": link.scans_without_room,
            "blob_bytes_down": blob_bytes.down,
            "blob_seconds_down": link.forecast.scans_down_s.filter(|_| blob_bytes.down > 0),
            "oldest_pending_at": backlog.since_ms.and_then(times::text_of),
            "last_ack_at": link.acknowledged_ms.and_then(times::text_of),
            "waiting": waiting,
            "refused": refused,
            "set_aside": aside.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "healed": link.healed,
            "copies": copies.iter().map(Copy::to_json).collect::<Vec<_>>(),
            "turned_away": turned_away,
            "turned_away_last": last_turned_away.map(|last| json!({
                "why": if last.why == CloseCode::Ended { "ended" } else { "stranger" },
                "at": times::text_of(last.at_ms),
            })),
        }))
    }
}
