//! The desk: what people do with dossiers.
//!
//! Every action takes the same way: what was asked becomes an event, the rules are asked, the
//! document makes the change, the actor signs the entry, and one transaction keeps entry, record
//! and answer. Nothing is shown before that has committed.

mod applicants;
mod codes;
mod command;
mod deeds;
mod logbook;
mod places;
mod reach;
mod read;
mod refused;
mod scans;

use std::sync::Arc;

use hoso_dossier::{
    ChangeHash, History, ShapeError,
    event::{Body, Event},
    fold::Effect,
    history::WriteError,
    rules::{self, Objection},
};
use hoso_engine::{clock, secret};
use hoso_identity::{DocumentId, Nonce, Verdict, VerifiedEntry};
use hoso_registry::{EventKind, State};
use hoso_store::{
    StoreError,
    idempotency::{self, Known},
    journal::{self as stored, InOrder},
    records::{self, Plan},
    rules::journal::{self, ATTEMPTS_MAX},
    tables::{Admission, JournalTables},
};
use serde_json::{Value as Json, json};

pub(crate) use applicants::applicants;
pub(crate) use codes::reissuable;
pub(crate) use command::{act, receive, weigh};
pub(crate) use deeds::{Deed, deeds};
pub(crate) use logbook::received;
pub(crate) use reach::ways;
pub(crate) use read::{ListQuery, document, due, entries, list, open, work};
pub(crate) use refused::Refused;
pub(crate) use scans::{
    Found, HEAD_BYTES, Kind, SCAN_BYTES_MAX, Upload, attach, clean as clean_name,
    find as find_scan, may_attach,
};

use crate::{
    dossiers::{Dossier, ROOM, heads, heads_of_text},
    office::Office,
    people::{Actor, Heading},
    times,
};

/// How often an action is computed again when the dossier has moved meanwhile.
const TRIES: usize = 16;
/// How long to wait between looking whether what has arrived is applied.
const LOOK_MS: u64 = 20;
/// How often to look.
const LOOKS: usize = 250;
/// The number of the slip among the forms of every set.
const SLIP: &str = "01";

/// By what a repeated request is known.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    /// The `Idempotency-Key`.
    pub(crate) key: String,
    /// Method, path and body.
    pub(crate) body: Vec<u8>,
}

/// What became of a write.
enum Written {
    Done,
    /// The same request was answered before, about this dossier.
    Before(Option<DocumentId>),
    /// The key was used with another body.
    Misused,
    /// The registry does not let it count.
    Denied(&'static str),
}

/// The dossier that an earlier request with this key made or changed.
async fn answered_before(
    office: &Office,
    actor: &Actor,
    once: &Once,
) -> Result<Option<DocumentId>, Refused> {
    if once.key.is_empty() || once.key.len() > idempotency::KEY_BYTES_MAX {
        return Err(Refused::new(400, "idempotency-key"));
    }
    let (person, once) = (actor.person, once.clone());
    let known = office
        .memory
        .read(move |tx| idempotency::look_up(tx, &person, &once.key, &once.body))
        .await?;
    match known {
        Known::Nothing => Ok(None),
        Known::Same(answer) => Ok(answer.document),
        Known::Other => Err(Refused::new(409, "idempotency-other")),
    }
}

/// A dossier as it is stored, with all that has arrived applied: what waits for that is applied
/// next.
async fn load(office: &Arc<Office>, id: DocumentId) -> Result<Option<Dossier>, Refused> {
    for _ in 0..LOOKS {
        let (found, mark) = office
            .memory
            .read(move |tx| Ok::<_, StoreError>((stored::in_order(tx, &id, ROOM)?, tx.mark(&id)?)))
            .await?;
        match mark {
            None if found.entries.is_empty() || id.is_zero() => return Ok(None),
            None => return dossier(office, id, found).await.map(Some),
            Some(mark) if mark.attempts >= ATTEMPTS_MAX => {
                return Err(Refused::new(409, "set-aside"));
            }
            Some(_) => {
                office.ask_for(id);
                tokio::time::sleep(std::time::Duration::from_millis(LOOK_MS)).await;
            }
        }
    }
    Err(Refused::new(503, "busy"))
}

async fn dossier(office: &Arc<Office>, id: DocumentId, found: InOrder) -> Result<Dossier, Refused> {
    let state = office.state();
    let computing = tokio::task::spawn_blocking(move || Dossier::of(id, &found, &state));
    computing.await.map_err(|_| Refused::new(500, "internal"))
}

/// Writes the first entry of a dossier.
async fn begin(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    once: &Once,
    event: &Event,
) -> Result<After, Refused> {
    let nonce = nonce()?;
    let written = History::new().write(&[], actor.actor_id(&nonce), &event.to_value());
    let (payload, change) = written.map_err(too_much)?;
    let entry = sign(office, actor, (DocumentId::ZERO, nonce), event, payload)?;
    let state = office.state();
    let nothing = Dossier::new(entry.document(), &state);
    let (dossier, effect) = nothing.with(&entry, change, &state).map_err(does_not_fit)?;
    lawful(effect)?;
    let plan = dossier.plan(None, times::now_ms());
    match write(office, actor, Some(once), entry, plan).await? {
        Written::Done => Ok(After::Now(Box::new(dossier))),
        other @ (Written::Before(_) | Written::Misused | Written::Denied(_)) => settled(other),
    }
}

/// A dossier after a write.
enum After {
    /// As this write made it.
    Now(Box<Dossier>),
    /// Somebody wrote before: to be read.
    Stored(DocumentId),
}

impl After {
    /// The record of it with what only this moment and this node know.
    async fn shown(self, office: &Arc<Office>, actor: &Arc<Actor>) -> Result<Json, Refused> {
        match self {
            Self::Now(dossier) => read::shown(office, actor, &dossier).await,
            Self::Stored(id) => shown(office, actor, id).await,
        }
    }
}

/// Writes a later entry upon the version that its author saw, or upon the newest.
async fn submit(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    once: Option<&Once>,
    (id, base): (DocumentId, Option<&str>),
    event: &Event,
) -> Result<After, Refused> {
    for _ in 0..TRIES {
        let before = load(office, id).await?.ok_or(Refused::new(404, "not-found"))?;
        let now = before.version();
        let base = weighed(&before, actor, base, event)?;
        let nonce = nonce()?;
        let written = before.history.write(&base, actor.actor_id(&nonce), &event.to_value());
        let (payload, change) = written.map_err(too_much)?;
        let entry = sign(office, actor, (id, nonce), event, payload)?;
        let state = office.state();
        let (after, effect) = before.with(&entry, change, &state).map_err(does_not_fit)?;
        lawful(effect)?;
        let plan = after.plan(Some(now), times::now_ms());
        match write(office, actor, once, entry, plan).await {
            Ok(Written::Done) => return Ok(After::Now(Box::new(after))),
            Ok(other) => return settled(other),
            Err(StoreError::Stale) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refused::new(503, "busy"))
}

/// The version on which the event may be written, if nothing that is known stands against it.
fn weighed(
    before: &Dossier,
    actor: &Actor,
    base: Option<&str>,
    event: &Event,
) -> Result<Vec<ChangeHash>, Refused> {
    let now = before.version();
    let base = base.map_or_else(|| Some(heads(&now)), |text| heads_of_text(text, &now));
    let known = |base: &Vec<_>| base.iter().all(|head| before.history.contains(head));
    let base = base.filter(known).ok_or(Refused::new(412, "base-unknown"))?;
    if before.needs_newer() {
        return Err(Refused::new(409, "needs-newer"));
    }
    if before.full {
        return Err(Refused::new(409, "dossier-full"));
    }
    // Who saw an older version may not have seen that a person must decide first.
    let standing = &before.folded.standing;
    rules::lawful(standing, &actor.author, event).map_err(Refused::by_rule)?;
    rules::writable(standing, &actor.author, event.body.kind()).map_err(Refused::by_rule)?;
    Ok(base)
}

/// What the rules say of an event where its author saw the dossier.
fn lawful(effect: Option<Effect>) -> Result<(), Refused> {
    match effect {
        // Two corrections of one field that did not know of each other are kept and shown.
        Some(Effect::Taken | Effect::Contested) => Ok(()),
        Some(Effect::Refused(objection)) => Err(Refused::by_rule(objection)),
        Some(Effect::Repeated) => Err(Refused::by_rule(Objection::Repeated)),
        Some(Effect::Outvoted | Effect::Resting | Effect::Unreadable | Effect::Waiting) | None => {
            Err(Refused::by_rule(Objection::Status))
        }
    }
}

fn settled(written: Written) -> Result<After, Refused> {
    match written {
        Written::Before(Some(id)) => Ok(After::Stored(id)),
        Written::Denied(code) => Err(Refused::new(403, "not-admitted").about(code)),
        Written::Misused | Written::Before(None) | Written::Done => {
            Err(Refused::new(409, "idempotency-other"))
        }
    }
}

/// One transaction: the entry, the record, the answer.
async fn write(
    office: &Office,
    actor: &Actor,
    once: Option<&Once>,
    entry: VerifiedEntry,
    plan: Plan,
) -> Result<Written, StoreError> {
    let (person, once) = (actor.person, once.cloned());
    let job = move |tx: &mut hoso_store::writer::Tx<'_>,
                    registrar: &mut hoso_engine::admission::Registrar| {
        if let Some(once) = &once {
            match idempotency::look_up(tx, &person, &once.key, &once.body)? {
                Known::Nothing => {}
                Known::Same(answer) => return Ok(Written::Before(answer.document)),
                Known::Other => return Ok(Written::Misused),
            }
        }
        let audience = tx.audience(&entry.document())?;
        match registrar.decide(&entry, None, audience.as_deref()) {
            Verdict::Admitted => {}
            Verdict::Refused(reason) => return Ok(Written::Denied(reason.code())),
            Verdict::Waiting(what) => return Ok(Written::Denied(what.code())),
        }
        records::put(tx, &plan)?;
        journal::append(tx, registrar, &entry)?;
        if let Some(once) = &once {
            let answer = idempotency::Answer {
                status: 201,
                document: Some(entry.document()),
                bytes: Vec::new(),
            };
            let at_ms = clock::now_ms();
            idempotency::remember(tx, (&person, &once.key), &once.body, &answer, at_ms)?;
        }
        Ok::<_, StoreError>(Written::Done)
    };
    office.memory.write(false, job).await
}

fn nonce() -> Result<Nonce, Refused> {
    secret::chance().map(Nonce).map_err(|_| Refused::new(500, "internal"))
}

fn sign(
    office: &Office,
    actor: &Actor,
    (document, nonce): (DocumentId, Nonce),
    event: &Event,
    payload: Vec<u8>,
) -> Result<VerifiedEntry, Refused> {
    let heading = Heading {
        realm: office.memory.realm(),
        document,
        kind: event.body.kind().kind(),
        nonce,
        units_added: event.units_added(),
    };
    actor.sign(heading, payload).map_err(|_| Refused::new(422, "too-much"))
}

/// The event does not fit into one entry.
fn too_much(error: WriteError) -> Refused {
    tracing::debug!(%error, "a form does not fit into an entry");
    match error {
        WriteError::Base => Refused::new(412, "base-unknown"),
        WriteError::Event(_) => Refused::new(422, "too-much"),
        WriteError::Unfaithful => Refused::new(500, "internal"),
    }
}

/// What was written here does not fit what is here.
fn does_not_fit(error: ShapeError) -> Refused {
    tracing::error!(%error, "an own change does not fit its dossier");
    Refused::new(500, "internal")
}

/// The kinds that this actor may write now, as far as that can be said without a body.
fn offered(dossier: &Dossier, actor: &Actor, state: &State) -> Vec<&'static str> {
    if dossier.needs_newer() {
        return Vec::new();
    }
    let newer = read::proposal(&dossier.folded.standing, state).is_some();
    let (standing, at_ms) = (&dossier.folded.standing, times::now_ms());
    // A scan is brought by a form of its own.
    let here = |kind: &EventKind| *kind == EventKind::Attached || command::is_written_here(*kind);
    let kinds = EventKind::ALL.iter().filter(|kind| here(kind));
    kinds
        .filter(|kind| rules::offered(standing, &actor.author, **kind, at_ms).is_ok())
        .filter(|kind| newer || **kind != EventKind::CalendarAccepted)
        .filter(|kind| **kind != EventKind::NotAccepted || !has_slip(dossier))
        .map(|kind| kind.code())
        .collect()
}

/// Whether the applicant holds the slip: they were told that the dossier is accepted, so nobody is
/// offered to turn it away.
fn has_slip(dossier: &Dossier) -> bool {
    let mut events = dossier.items.iter().filter_map(|item| item.event.as_ref().ok());
    events.any(|event| {
        let Body::Printed(printed) = &event.body else { return false };
        printed.form == SLIP
    })
}

/// The sides of open conflicts that this actor may choose: what they may make themselves.
fn choices(dossier: &Dossier, actor: &Actor) -> Vec<String> {
    let standing = &dossier.folded.standing;
    let kind = EventKind::ConflictResolved;
    if rules::offered(standing, &actor.author, kind, times::now_ms()).is_err() {
        return Vec::new();
    }
    let sides = standing.conflicts.iter().flat_map(|conflict| &conflict.sides);
    let chosen = sides.filter(|side| {
        let item = dossier.items.iter().find(|item| item.hash == **side);
        let kind = item.and_then(|item| item.event.as_ref().ok()).map(|event| event.body.kind());
        kind.is_some_and(|kind| rules::may_choose(standing, &actor.author, kind).is_ok())
    });
    chosen.map(ToString::to_string).collect()
}

/// What this actor might look for among the actions in vain, with the word for why.
fn withheld(dossier: &Dossier, actor: &Actor) -> Vec<Json> {
    if dossier.needs_newer() {
        return Vec::new();
    }
    let (standing, at_ms) = (&dossier.folded.standing, times::now_ms());
    let kinds = EventKind::ALL.iter().filter(|kind| command::is_looked_for(**kind));
    let why = kinds.filter_map(|kind| {
        let objection = rules::withheld(standing, &actor.author, *kind, at_ms)?;
        Some(json!({ "kind": kind.code(), "reason": objection.code() }))
    });
    why.collect()
}

/// The record of a dossier with what only this moment and this node know.
async fn shown(office: &Arc<Office>, actor: &Arc<Actor>, id: DocumentId) -> Result<Json, Refused> {
    let dossier = load(office, id).await?.ok_or(Refused::new(404, "not-found"))?;
    read::shown(office, actor, &dossier).await
}
