//! What the desk sees: lists, one dossier, its document, its entries.

use std::{collections::BTreeMap, sync::Arc};

use hoso_dossier::{
    axes::{Status, Timeliness},
    deadline::{self, local_date, moment},
    event::{Body, Event, Frozen, Opened},
    rules,
    standing::{Standing, Terms},
};
use hoso_identity::{DocumentId, EntryId, Position};
use hoso_registry::{Calendar, Day, EventKind, State, statement::Competent};
use hoso_store::{
    StoreError, attachments, journal as facts,
    records::{self, Cursor, DueRange, Filter, Order, Page, Summary, Work},
    rules::journal::ATTEMPTS_MAX,
    tables::{JournalTables, NodeEntry},
};
use minicbor::Encode;
use serde_json::{Value as Json, json};

use super::{
    Refused, choices,
    command::calendars,
    load, offered,
    places::named_units,
    reach::{self, Known},
    scans::{note_states, want_again as want_scans},
    submit, withheld,
};
use crate::{
    dossiers::{
        Dossier,
        forms::{closing_minute, office_by_code, unit_code},
        version_text,
    },
    office::Office,
    people::Actor,
    times,
};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Days ahead that count as soon.
const SOON_DAYS: i64 = 3;
/// The last element of an export, while there are no checkpoints: `{2: null}`.
const NO_CHECKPOINT: [u8; 3] = [0xA1, 0x02, 0xF6];
/// Rows of a page, if nothing is said.
const LIMIT: usize = 50;

/// What a list was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListQuery {
    /// Words.
    pub(crate) q: String,
    /// The code of a status.
    pub(crate) status: Option<String>,
    /// `overdue`, `today`, `soon`, `later` or `none`.
    pub(crate) due: Option<String>,
    /// The code of a unit.
    pub(crate) unit: Option<String>,
    /// Rows.
    pub(crate) limit: Option<usize>,
    /// The cursor that the page before gave.
    pub(crate) after: Option<String>,
    /// `newest` or `received`; `due`: only open ones, what is due first comes first; `name`.
    pub(crate) order: Option<String>,
    /// Only those that need review.
    pub(crate) review: bool,
}

/// Whether they may read dossiers.
pub(super) fn may_read(actor: &Actor) -> Result<(), Refused> {
    if actor.reads() { Ok(()) } else { Err(Refused::new(403, "rule-role")) }
}

/// A page of dossiers.
pub(crate) async fn list(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    query: ListQuery,
) -> Result<Json, Refused> {
    may_read(actor)?;
    let state = office.state();
    let filter = filter(&query, &state)?;
    let read = office.memory.read(move |tx| {
        let aside = facts::set_aside(tx, ATTEMPTS_MAX)?;
        Ok::<_, StoreError>((records::list(tx, &filter)?, records::counts(tx)?, aside))
    });
    let (page, counts, aside): (Page, Vec<(u8, u32)>, Vec<DocumentId>) = read.await?;
    let now_ms = times::now_ms();
    let counts = counts.into_iter().filter_map(|(code, count)| {
        let status = status_of(code)?;
        Some((status.code().to_owned(), json!(count)))
    });
    let items =
        page.items.iter().map(|row| row_json(row, aside.contains(&row.document), (&state, now_ms)));
    Ok(json!({
        "items": items.collect::<Vec<_>>(),
        "next": page.next.map(|cursor| cursor.to_text()),
        "counts": Json::Object(counts.collect()),
    }))
}

/// How much work there is: by status, and by what is due.
pub(crate) async fn work(office: &Office) -> Result<(Vec<(Status, u32)>, Work), Refused> {
    let borders = borders(times::now_ms());
    let read = office
        .memory
        .read(move |tx| Ok::<_, StoreError>((records::counts(tx)?, records::work(tx, borders)?)));
    let (counts, work) = read.await?;
    let counts = counts.into_iter().filter_map(|(code, count)| Some((status_of(code)?, count)));
    Ok((counts.collect(), work))
}

/// Now, the beginning of tomorrow, and until when *soon* lasts.
fn borders(now_ms: i64) -> [i64; 3] {
    let tomorrow = local_date(now_ms)
        .and_then(|today| today.next_day())
        .map_or(now_ms, |date| moment(date, 0));
    [now_ms, tomorrow, tomorrow.saturating_add(SOON_DAYS.saturating_mul(DAY_MS))]
}

fn filter(query: &ListQuery, state: &State) -> Result<Filter, Refused> {
    let statuses = match query.status.as_deref() {
        None | Some("" | "all") => Vec::new(),
        Some(code) => {
            let status = Status::from_code(code);
            let status = status.ok_or(Refused::new(422, "field-unknown").about("status"))?;
            vec![status.portal_code()]
        }
    };
    let [now_ms, tomorrow, soon] = borders(times::now_ms());
    let due = match query.due.as_deref() {
        None | Some("") => DueRange::Any,
        Some("overdue") => DueRange::Between(0, now_ms),
        Some("today") => DueRange::Between(now_ms, tomorrow),
        Some("soon") => DueRange::Between(tomorrow, soon),
        Some("later") => DueRange::Between(soon, i64::MAX),
        Some("none") => DueRange::None,
        Some(_) => return Err(Refused::new(422, "field-unknown").about("due")),
    };
    let unit = match query.unit.as_deref() {
        None | Some("") => None,
        Some(code) => {
            let office = office_by_code(code, state);
            Some(office.ok_or(Refused::new(422, "field-unknown-unit").about("unit"))?.id())
        }
    };
    let after = match query.after.as_deref() {
        None | Some("") => None,
        Some(text) => {
            let cursor = Cursor::from_text(text);
            Some(cursor.ok_or(Refused::new(422, "field-unknown").about("after"))?)
        }
    };
    let order = match query.order.as_deref() {
        None | Some("" | "newest" | "received") => Order::Newest,
        Some("due") => Order::Due,
        Some("name") => Order::Name,
        Some(_) => return Err(Refused::new(422, "field-unknown").about("order")),
    };
    Ok(Filter {
        query: query.q.clone(),
        named_units: named_units(&query.q, state),
        statuses,
        due,
        unit,
        needs_review: query.review,
        order,
        limit: query.limit.unwrap_or(LIMIT),
        after,
    })
}

/// How a dossier stands to its due time; one that was turned away never had work to be late with.
fn timeliness(
    status: Option<Status>,
    (due_ms, closed_ms): (Option<i64>, Option<i64>),
    now_ms: i64,
) -> Timeliness {
    if status == Some(Status::NotAccepted) {
        Timeliness::None
    } else {
        Timeliness::of(due_ms, closed_ms, now_ms)
    }
}

fn row_json(row: &Summary, set_aside: bool, (state, now_ms): (&State, i64)) -> Json {
    let status = status_of(row.status);
    json!({
        "id": row.document.to_string(),
        "version": version_text(&row.version),
        "code": row.code,
        "procedure_code": row.procedure,
        "procedure": procedure_name(state, row),
        "applicant": row.applicant,
        "receiving_unit": unit_code(state, row.receiving_unit),
        "competent_unit": row.competent_unit.map(|unit| unit_code(state, unit)),
        "return_unit": row.return_unit.map(|unit| unit_code(state, unit)),
        "status": status.map(Status::code),
        "status_code": row.status,
        "received_at": times::text(row.received_at_ms),
        "due_at": row.due_at_ms.and_then(times::text),
        "finished_at": row.closed_at_ms.and_then(times::text),
        "timeliness": timeliness(status, (row.due_at_ms, row.closed_at_ms), now_ms).code(),
        "needs_review": row.needs_review,
        "needs_newer": row.needs_newer,
        "set_aside": set_aside,
    })
}

/// The name of a row's procedure as it was on the day of reception.
fn procedure_name(state: &State, row: &Summary) -> Option<String> {
    let day = local_date(row.received_at_ms)?;
    state.procedure(&row.procedure, day).map(|(_, procedure)| procedure.name.clone())
}

fn status_of(portal_code: u8) -> Option<Status> {
    Status::ALL.iter().copied().find(|status| status.portal_code() == portal_code)
}

/// One dossier; the first reading at a unit is noted in it.
pub(crate) async fn open(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    id: DocumentId,
) -> Result<Json, Refused> {
    may_read(actor)?;
    let dossier = load(office, id).await?.ok_or(Refused::new(404, "not-found"))?;
    want_scans(office, id).await;
    let (standing, at_ms) = (&dossier.folded.standing, times::now_ms());
    let first = rules::offered(standing, &actor.author, EventKind::Opened, at_ms).is_ok();
    if first && !dossier.needs_newer() {
        let event = Event { at_ms, body: Body::Opened(Opened {}) };
        match submit(office, actor, None, (id, None), &event).await {
            Ok(standing) => return standing.shown(office, actor).await,
            // Somebody else of the unit was faster, or nothing can be written now: reading goes on.
            Err(refused) => tracing::debug!(code = refused.code, "the reading was not noted"),
        }
    }
    shown(office, actor, &dossier).await
}

/// What is told to who does not read dossiers: that it was done, and nothing of what is in it.
async fn told(office: &Office, id: DocumentId) -> Result<Json, Refused> {
    let summary = office.memory.read(move |tx| records::summary(tx, &id)).await?;
    let Summary { version, code, .. } = summary.ok_or(Refused::new(404, "not-found"))?;
    Ok(json!({ "id": id.to_string(), "version": version_text(&version), "code": code }))
}

/// The record with time, sync and what the actor may do.
pub(super) async fn shown(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    dossier: &Dossier,
) -> Result<Json, Refused> {
    let id = dossier.id;
    if !actor.reads() {
        return told(office, id).await;
    }
    let own = reach::own(office);
    let read = office.memory.read(move |tx| {
        let summary = records::summary(tx, &id)?;
        let code = summary.as_ref().and_then(|summary| summary.code.clone());
        let same = code.map_or(Ok(Vec::new()), |code| records::by_code(tx, &code))?;
        let scans = attachments::of(tx, &id)?;
        Ok::<_, StoreError>((
            summary,
            same.len(),
            Known::read(tx, own)?,
            (tx.document(&id)?, scans),
        ))
    });
    let (summary, same_code, known, (entries, scans)) = read.await?;
    if summary.is_none() {
        return Err(Refused::new(404, "not-found"));
    }
    let registry = office.state();
    let mut view = dossier.view(&registry);
    let standing = &dossier.folded.standing;
    let due_ms = standing.due().at_ms;
    let timeliness = timeliness(standing.status, (due_ms, standing.closed_ms), times::now_ms());
    if let Some(fields) = view.as_object_mut() {
        // Two copies of one node that worked in the dark at once may have given one code twice.
        fields.insert("code_repeated".to_owned(), json!(same_code > 1));
        fields.insert("timeliness".to_owned(), json!(timeliness.code()));
        let proposed = proposal(standing, &registry).and_then(|proposal| proposal.due_ms);
        fields.insert("due_proposed_at".to_owned(), json!(proposed.and_then(times::text)));
        fields.insert("actions".to_owned(), json!(offered(dossier, actor, &registry)));
        fields.insert("choices".to_owned(), json!(choices(dossier, actor)));
        fields.insert("not_now".to_owned(), json!(withheld(dossier, actor)));
        let sync = known.sync(office, &registry, dossier, &entries);
        fields.insert("sync".to_owned(), sync);
        if let Some(Json::Array(events)) = fields.get_mut("events") {
            note_receipts(events, &entries);
        }
        if let Some(Json::Array(shown)) = fields.get_mut("attachments") {
            note_states(shown, &scans, &registry);
        }
    }
    Ok(view)
}

/// Says of each event when the province received it.
fn note_receipts(events: &mut [Json], entries: &[NodeEntry]) {
    let receipts: BTreeMap<String, Option<String>> = entries
        .iter()
        .map(|entry| (entry.id.to_string(), entry.placed_ms.and_then(times::text_of)))
        .collect();
    for event in events.iter_mut().filter_map(Json::as_object_mut) {
        let id = event.get("entry").and_then(Json::as_str).unwrap_or_default();
        let at = receipts.get(id).cloned().flatten();
        event.insert("at_province_at".to_owned(), json!(at));
    }
}

/// What calendars that were decided after reception would change.
pub(super) struct Proposal {
    /// They.
    pub(super) calendars: Vec<EntryId>,
    /// When the result would be owed by them, Unix milliseconds.
    due_ms: Option<i64>,
}

/// The proposal of rule 8: only while a due time is owed, and only if it would change.
pub(super) fn proposal(standing: &Standing, state: &State) -> Option<Proposal> {
    let frozen = standing.frozen.as_ref().filter(|_| standing.closed_ms.is_none())?;
    let day = local_date(standing.received_ms?)?;
    let calendars: Vec<EntryId> = calendars(state, day).collect();
    let newer = Frozen { calendars: calendars.clone(), ..frozen.clone() };
    let mut then = standing.clone();
    then.terms = Terms::of(&newer, state, None).map(Arc::new);
    let (now, then) = (standing.due(), then.due());
    let differs =
        frozen.calendars != calendars && (now.at_ms, now.certain) != (then.at_ms, then.certain);
    differs.then_some(Proposal { calendars, due_ms: then.at_ms })
}

/// The Automerge document.
pub(crate) async fn document(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    id: DocumentId,
) -> Result<Vec<u8>, Refused> {
    may_read(actor)?;
    let dossier = load(office, id).await?.ok_or(Refused::new(404, "not-found"))?;
    let saving = tokio::task::spawn_blocking(move || dossier.document().map(|made| made.save()));
    let saved = saving.await.map_err(|_| Refused::new(500, "internal"))?;
    saved.map_err(|error| {
        tracing::error!(%error, %id, "a document could not be made");
        Refused::new(500, "internal")
    })
}

/// An entry as it is exported.
#[derive(Encode)]
#[cbor(map)]
struct Exported {
    /// `header ‖ payload ‖ signature`.
    #[cbor(n(0), with = "minicbor::bytes")]
    entry: Vec<u8>,
    /// Where the relay accepted it.
    #[n(1)]
    position: Option<Position>,
}

/// The entries of a dossier with their positions in the order of arrival, and the last signed
/// checkpoint, which is none yet: a CBOR sequence.
pub(crate) async fn entries(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    id: DocumentId,
) -> Result<Vec<u8>, Refused> {
    may_read(actor)?;
    let entries = office.memory.read(move |tx| tx.document(&id)).await?;
    if entries.is_empty() || id.is_zero() {
        return Err(Refused::new(404, "not-found"));
    }
    let mut sequence = Vec::new();
    for entry in entries {
        let exported = Exported { entry: entry.bytes, position: entry.position };
        let bytes = minicbor::to_vec(&exported).map_err(|_| Refused::new(500, "internal"))?;
        sequence.extend_from_slice(&bytes);
    }
    sequence.extend_from_slice(&NO_CHECKPOINT);
    Ok(sequence)
}

/// When a dossier of this procedure would be due.
pub(crate) fn due(
    office: &Office,
    code: &str,
    received_at: Option<&str>,
    unit: Option<&str>,
) -> Result<Json, Refused> {
    let state = office.state();
    let received_ms = match received_at.filter(|text| !text.trim().is_empty()) {
        Some(text) => {
            times::instant(text).ok_or(Refused::new(422, "field-time").about("received_at"))?
        }
        None => times::now_ms(),
    };
    let day =
        local_date(received_ms).ok_or(Refused::new(422, "field-time").about("received_at"))?;
    let (_, procedure) =
        state.procedure(code, day).ok_or(Refused::new(404, "procedure-unknown").about("code"))?;
    let closing_minute = match (unit, procedure.competent) {
        (None | Some(""), Competent::Unit | Competent::UnitOfLand) => {
            closing_minute(&state, office.unit())
        }
        (None | Some(""), Competent::Agency(agency)) => closing_minute(&state, agency),
        (Some(code), _) => {
            let office = office_by_code(code, &state);
            let office = office.ok_or(Refused::new(422, "field-unknown-unit").about("unit"))?;
            closing_minute(&state, office.id())
        }
    };
    let rule = deadline::Rule {
        term: procedure.term,
        supplement: procedure.supplement,
        cutoff_minute: procedure.cutoff_minute,
        closing_minute,
    };
    let calendar = Calendar::of(state.calendars().map(|(_, year)| year));
    let due = deadline::due(&rule, &calendar, received_ms, &[], &[]);
    let steps = due.steps.iter().map(|step| {
        json!({
            "date": Day(step.date).to_string(),
            "counted": step.counted,
            "reason": step.reason.code(),
        })
    });
    Ok(json!({
        "due_at": due.at_ms.and_then(times::text),
        "certain": due.certain,
        "steps": steps.collect::<Vec<_>>(),
    }))
}
