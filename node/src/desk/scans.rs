//! Scans of a dossier's papers: taken in at the desk, named by an event, given to who may read a
//! dossier that names them. A dossier never waits for them.

mod kind;
mod names;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use hoso_dossier::{
    event::{Attached, Body, Event},
    rules,
};
use hoso_engine::clock;
use hoso_identity::{DocumentId, PayloadHash};
use hoso_registry::{EventKind, State};
use hoso_store::{
    StoreError,
    attachments::{self, Stored, room},
    blobs::{self, Received},
};
use serde_json::{Value as Json, json};

pub(crate) use self::{
    kind::{HEAD_BYTES, Kind},
    names::clean,
};
use super::{
    Once, Refused, answered_before, command::may_write, load, read::may_read, shown, submit,
};
use crate::{dossiers::forms::unit_code, office::Office, people::Actor, times};

/// Bytes of the largest scan: some forty pages in colour, two minutes on a line of 1.5 Mbit/s.
pub(crate) const SCAN_BYTES_MAX: u64 = 20 * 1024 * 1024;

/// A scan that has come in.
pub(crate) struct Upload {
    /// What its file was called.
    pub(crate) name: String,
    /// The paper of the dossier that it shows.
    pub(crate) paper: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) received: Received,
}

/// Whether they may attach a scan to this dossier now; asked before any of its bytes are taken.
pub(crate) async fn may_attach(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    id: DocumentId,
) -> Result<(), Refused> {
    may_write(actor, EventKind::Attached)?;
    let dossier = load(office, id).await?.ok_or(Refused::new(404, "not-found"))?;
    let (standing, at_ms) = (&dossier.folded.standing, times::now_ms());
    let allowed = rules::offered(standing, &actor.author, EventKind::Attached, at_ms);
    allowed.map_err(Refused::by_rule)
}

/// Lets a dossier name a scan. One that it names already is kept and makes no second event: so a
/// file that there was no room for is brought again.
pub(crate) async fn attach(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    id: DocumentId,
    key: String,
    upload: Upload,
) -> Result<Json, Refused> {
    may_write(actor, EventKind::Attached)?;
    let Upload { name, paper, kind, received } = upload;
    let name = clean(&name, kind);
    let what = json!([received.hash.to_string(), name, paper]);
    let once = Once { key, body: format!("attach {id} {what}").into_bytes() };
    let before = answered_before(office, actor, &once).await?;
    note(office, &received).await?;
    if let Some(id) = before {
        return shown(office, actor, id).await;
    }
    let dossier = load(office, id).await?.ok_or(Refused::new(404, "not-found"))?;
    let mut scans = dossier.folded.standing.scans.iter();
    if scans.any(|scan| scan.blob == received.hash) {
        return super::read::shown(office, actor, &dossier).await;
    }
    let event = Event {
        at_ms: times::now_ms(),
        body: Body::Attached(Attached {
            blob: received.hash,
            name,
            media_type: kind.media_type().to_owned(),
            size: received.size,
            paper,
        }),
    };
    submit(office, actor, Some(&once), (id, None), &event).await?.shown(office, actor).await
}

/// Keeps that the bytes are on disk, or that there was no room for them.
async fn note(office: &Office, received: &Received) -> Result<(), Refused> {
    let (hash, size, at_ms) = (received.hash, received.size, clock::now_ms());
    let failed = received.failed.as_ref();
    if let Some(error) = failed {
        tracing::warn!(%error, %hash, "a scan could not be kept on disk");
    }
    let kept = failed.is_none();
    let noted = office.memory.write(false, move |tx, _| match kept {
        true => blobs::keep(tx, &hash, size, at_ms),
        false => blobs::unkept(tx, &hash, size, at_ms),
    });
    Ok(noted.await?)
}

/// A scan whose bytes are here.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// What its author called it.
    pub(crate) name: String,
    pub(crate) size: u64,
}

/// The scan of that hash, for who may read a dossier that names it.
pub(crate) async fn find(office: &Office, actor: &Actor, hash: &str) -> Result<Found, Refused> {
    may_read(actor)?;
    let hash = PayloadHash::from_hex(hash).ok_or(Refused::new(404, "not-found"))?;
    let read = office.memory.read(move |tx| attachments::naming(tx, &hash));
    let Stored { attachment, held, .. } = read.await?.ok_or(Refused::new(404, "not-found"))?;
    let path = office.blobs.path(&hash);
    let size = office.blobs.size(&hash);
    match size.filter(|size| *size == held && held == attachment.size) {
        Some(size) => {
            let at_ms = clock::now_ms();
            let noted = office.memory.write(false, move |tx, _| room::read(tx, &hash, at_ms));
            if let Err(error) = noted.await {
                tracing::debug!(%error, "that a scan is read was not noted");
            }
            Ok(Found { path, name: attachment.name, size })
        }
        None => Err(Refused::new(404, "scan-missing")),
    }
}

/// Lets the scans of a dossier that somebody opens come again, if they were given up for room.
pub(super) async fn want_again(office: &Office, document: DocumentId) {
    let wanted = async {
        if office.memory.read(move |tx| room::has_given_up(tx, &document)).await? {
            office.memory.write(false, move |tx, _| room::want_again(tx, &document)).await?;
            office.has_applied();
        }
        Ok::<_, StoreError>(())
    };
    // Nothing can be written now: reading goes on.
    if let Err(error) = wanted.await {
        tracing::debug!(%error, "scans that were given up do not come again");
    }
}

/// Says of each attachment of a dossier how much of it is here.
pub(super) fn note_states(view: &mut [Json], stored: &[Stored], state: &State) {
    let by_hash: BTreeMap<String, &Stored> =
        stored.iter().map(|stored| (stored.attachment.blob.to_string(), stored)).collect();
    for shown in view.iter_mut().filter_map(Json::as_object_mut) {
        let hash = shown.get("blake3").and_then(Json::as_str).unwrap_or_default();
        let stored = by_hash.get(hash);
        shown.insert("state".to_owned(), json!(stored.map_or("wanted", |stored| word(stored))));
        shown.insert("percent".to_owned(), json!(stored.map_or(0, |stored| percent(stored))));
        let from = stored.map(|stored| unit_code(state, stored.attachment.unit));
        shown.insert("from".to_owned(), json!(from));
    }
}

/// `held`, `coming`, `not_stored` or `wanted`.
fn word(stored: &Stored) -> &'static str {
    match (stored.is_held(), stored.held, stored.unkept_ms) {
        (true, _, _) => "held",
        (false, 1.., _) => "coming",
        (false, 0, Some(_)) => "not_stored",
        (false, 0, None) => "wanted",
    }
}

fn percent(stored: &Stored) -> u64 {
    let hundredths = stored.held.saturating_mul(100);
    hundredths.checked_div(stored.attachment.size).unwrap_or(100).min(100)
}
