//! From what was asked to an event.

use std::{collections::BTreeMap, sync::Arc};

use hoso_dossier::{
    Value,
    code::Code,
    deadline::local_date,
    event::{Body, Event, Office as Place},
    rules,
};
use hoso_engine::secret;
use hoso_identity::{DocumentId, EntryId};
use hoso_registry::{
    Day, EventKind, State,
    statement::{Competent, Procedure, RealmKind},
};
use serde_json::{Map, Value as Json};

use super::{
    Once, Refused, answered_before, begin, codes::may_reissue, load, shown, submit, weighed,
};
use crate::{
    dossiers::forms::{closing_minute, office_of, value_of},
    office::Office,
    people::Actor,
    times,
};

/// Keys of `POST /dossiers` that are not part of the application.
const BESIDE: [&str; 3] = ["received_at", "paper_reference", "reason"];

/// Stands where the code will be, while the form is checked.
const NO_CODE: &str = "H49-20250701-P00000000";

/// Whether the kind is written as it is asked for: the others come through a gateway, or with the
/// bytes of a scan.
pub(super) fn is_written_here(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Submitted | EventKind::Attached)
}

/// Whether anybody looks for the kind among the actions of a dossier: the others happen by
/// themselves, or have a place of their own.
pub(super) fn is_looked_for(kind: EventKind) -> bool {
    use EventKind as K;
    let elsewhere = matches!(
        kind,
        K::Received
            | K::Opened
            | K::Printed
            | K::ConflictResolved
            | K::CodeReissued
            | K::CalendarAccepted
    );
    is_written_here(kind) && !elsewhere
}

/// Receives a dossier at this desk.
pub(crate) async fn receive(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    once: &Once,
    body: &Json,
) -> Result<Json, Refused> {
    may_write(actor, EventKind::Received)?;
    if let Some(id) = answered_before(office, actor, once).await? {
        return shown(office, actor, id).await;
    }
    if !office.knows_the_day() {
        return Err(Refused::new(409, "clock"));
    }
    let form = body.as_object().ok_or(Refused::new(422, "field-type"))?;
    let event = received(office, form).await?;
    begin(office, actor, once, &event).await?.shown(office, actor).await
}

/// What nobody lets them do is refused before anything else is said about it.
pub(super) fn may_write(actor: &Actor, kind: EventKind) -> Result<(), Refused> {
    if actor.writes(kind.kind()) { Ok(()) } else { Err(Refused::new(403, "rule-role")) }
}

/// The event of a dossier that is handed in here.
async fn received(office: &Arc<Office>, form: &Map<String, Json>) -> Result<Event, Refused> {
    let state = office.state();
    let Value::Map(mut parts) = value_of(form, &state)? else {
        return Err(Refused::new(422, "field-type"));
    };
    let at_ms = times::now_ms();
    let received_ms = match parts.get("received_at") {
        Some(Value::Int(received_ms)) => *received_ms,
        Some(_) => return Err(Refused::new(422, "field-time").about("received_at")),
        None => at_ms,
    };
    let mut beside: BTreeMap<String, Value> = BTreeMap::new();
    for key in BESIDE {
        beside.extend(parts.remove(key).map(|value| (key.to_owned(), value)));
    }
    // What it costs follows from the procedure; a fee line more is an event of its own.
    if parts.contains_key("fees") {
        return Err(Refused::new(422, "field-unknown").about("fees"));
    }
    let day =
        local_date(received_ms).ok_or(Refused::new(422, "field-time").about("received_at"))?;
    let code = match parts.get("procedure_code") {
        Some(Value::Text(code)) => code,
        None => return Err(Refused::new(422, "field-missing").about("procedure_code")),
        Some(_) => return Err(Refused::new(422, "field-type").about("procedure_code")),
    };
    let (version, procedure) = state
        .procedure(code, day)
        .ok_or(Refused::new(422, "procedure-unknown").about("procedure_code"))?;
    complete(&mut parts, procedure, office)?;
    let application = Value::Map(parts);
    let competent = application.as_map().and_then(|parts| parts.get("competent_unit"));
    let competent = competent.and_then(office_of).unwrap_or(office.unit());
    let closing = closing_minute(&state, competent);
    beside.insert("application".to_owned(), application);
    beside.insert("code".to_owned(), Value::Text(NO_CODE.to_owned()));
    beside.insert("frozen".to_owned(), frozen(version, &state, day, closing));
    let mut event = typed(EventKind::Received, at_ms, beside)?;
    // A number is taken only for a form that is complete.
    if let Body::Received(body) = &mut event.body {
        body.code = code_for(office, &state, at_ms).await?;
    }
    Ok(event)
}

/// Fills in what the desk need not type.
fn complete(
    parts: &mut BTreeMap<String, Value>,
    procedure: &Procedure,
    office: &Office,
) -> Result<(), Refused> {
    let own = Value::Int(i64::from(office.unit().0));
    let text = |word: &str| Value::Text(word.to_owned());
    parts.insert("receiving_unit".to_owned(), own.clone());
    if !parts.contains_key("competent_unit") {
        let competent = match procedure.competent {
            Competent::Unit => own.clone(),
            Competent::UnitOfLand => {
                return Err(Refused::new(422, "unit-of-land").about("competent_unit"));
            }
            Competent::Agency(agency) => {
                Value::Map(BTreeMap::from([("agency".to_owned(), Value::Int(i64::from(agency.0)))]))
            }
        };
        parts.insert("competent_unit".to_owned(), competent);
    }
    parts.entry("return_unit".to_owned()).or_insert(own);
    parts.entry("channel".to_owned()).or_insert(text("counter"));
    parts.entry("result_channel".to_owned()).or_insert(text("desk"));
    parts.entry("sets".to_owned()).or_insert(Value::Int(1));
    if let Some(fee) = procedure.fee_vnd.filter(|fee| *fee > 0) {
        let line = BTreeMap::from([
            ("name".to_owned(), text("Lệ phí")),
            ("amount".to_owned(), Value::Int(i64::try_from(fee).unwrap_or(i64::MAX))),
        ]);
        parts.insert("fees".to_owned(), Value::List(vec![Value::Map(line)]));
    }
    Ok(())
}

/// The calendars that count what was received on that day: of its year and the next.
pub(super) fn calendars(state: &State, day: time::Date) -> impl Iterator<Item = EntryId> {
    let year = u16::try_from(day.year()).unwrap_or_default();
    let years = [year, year.saturating_add(1)];
    years.into_iter().filter_map(|year| state.calendar(year).map(|(id, _)| id))
}

/// The catalogue of that day.
fn frozen(version: EntryId, state: &State, day: time::Date, closing_minute: u16) -> Value {
    let calendars = calendars(state, day).map(|id| Value::Bytes(id.0.to_vec())).collect();
    Value::Map(BTreeMap::from([
        ("procedure".to_owned(), Value::Bytes(version.0.to_vec())),
        ("calendars".to_owned(), Value::List(calendars)),
        ("closing_minute".to_owned(), Value::Int(i64::from(closing_minute))),
    ]))
}

/// A code that was never given, or a provisional number where there is no station.
async fn code_for(office: &Arc<Office>, state: &State, at_ms: i64) -> Result<Code, Refused> {
    let unavailable = || Refused::new(503, "code");
    let day = Day(local_date(at_ms).ok_or_else(unavailable)?);
    let realm = state.realm_kind().unwrap_or(RealmKind::Trial);
    let unit = state.unit(office.unit()).ok_or_else(unavailable)?;
    let Some(station) = office.station().await? else {
        let chance = secret::chance().map_err(|_| unavailable())?;
        return Code::provisional(realm, &unit.org_code, day, chance).map_err(|_| unavailable());
    };
    let (counting, number) = (Arc::clone(office), day.number());
    let counted = tokio::task::spawn_blocking(move || counting.next_counter(station, number)).await;
    let counter = counted.map_err(|_| unavailable())??;
    Code::issued(realm, &unit.org_code, day, station, counter).map_err(|_| unavailable())
}

/// Does what was asked with a dossier.
pub(crate) async fn act(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    id: DocumentId,
    once: &Once,
    body: &Json,
) -> Result<Json, Refused> {
    let asked = Asked::of(actor, body)?;
    if let Some(id) = answered_before(office, actor, once).await? {
        return shown(office, actor, id).await;
    }
    let event = asked.event(office, id).await?;
    let standing = submit(office, actor, Some(once), (id, asked.base), &event).await?;
    standing.shown(office, actor).await
}

/// Whether the action would be done as the dossier stands: what stands against it is the error,
/// and of what was done before it is not so.
pub(crate) async fn weigh(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    id: DocumentId,
    once: &Once,
    body: &Json,
) -> Result<bool, Refused> {
    let asked = Asked::of(actor, body)?;
    if answered_before(office, actor, once).await?.is_some() {
        return Ok(false);
    }
    let event = asked.event(office, id).await?;
    let dossier = load(office, id).await?.ok_or(Refused::new(404, "not-found"))?;
    weighed(&dossier, actor, asked.base, &event).map(|_| true)
}

/// An action as it was asked for.
struct Asked<'a> {
    kind: EventKind,
    /// The version that its author saw.
    base: Option<&'a str>,
    fields: Map<String, Json>,
}

impl<'a> Asked<'a> {
    fn of(actor: &Actor, body: &'a Json) -> Result<Self, Refused> {
        let form = body.as_object().ok_or(Refused::new(422, "field-type"))?;
        let kind = match form.get("kind") {
            Some(Json::String(kind)) => kind,
            Some(Json::Null) | None => return Err(Refused::new(422, "field-missing").about("kind")),
            Some(_) => return Err(Refused::new(422, "field-type").about("kind")),
        };
        let kind = EventKind::from_code(kind).filter(|kind| is_written_here(*kind));
        let kind = kind.ok_or(Refused::new(422, "field-unknown").about("kind"))?;
        may_write(actor, kind)?;
        let base = match form.get("base") {
            Some(Json::String(base)) => Some(base.as_str()),
            Some(Json::Null) | None => None,
            Some(_) => return Err(Refused::new(412, "base-unknown")),
        };
        let mut fields = form.clone();
        fields.remove("kind");
        fields.remove("base");
        Ok(Self { kind, base, fields })
    }

    /// The event that it means for this dossier.
    async fn event(&self, office: &Arc<Office>, id: DocumentId) -> Result<Event, Refused> {
        if self.base.is_none() && rules::needs_base(self.kind) {
            return Err(Refused::new(428, "base-missing"));
        }
        if self.kind == EventKind::CodeReissued {
            may_reissue(office, id).await?;
        }
        let mut accepting = Vec::new();
        if self.kind == EventKind::CalendarAccepted {
            let dossier = load(office, id).await?.ok_or(Refused::new(404, "not-found"))?;
            let proposal = super::read::proposal(&dossier.folded.standing, &office.state());
            accepting = proposal.ok_or(Refused::new(409, "calendar-same"))?.calendars;
        }
        event(office, self.kind, &self.fields, &accepting).await
    }
}

async fn event(
    office: &Arc<Office>,
    kind: EventKind,
    fields: &Map<String, Json>,
    accepting: &[EntryId],
) -> Result<Event, Refused> {
    let state = office.state();
    let Value::Map(mut parts) = value_of(fields, &state)? else {
        return Err(Refused::new(422, "field-type"));
    };
    let at_ms = times::now_ms();
    if kind == EventKind::Received {
        return Err(Refused::new(409, "rule-status"));
    }
    if kind == EventKind::CalendarAccepted {
        let list = accepting.iter().map(|id| Value::Bytes(id.0.to_vec())).collect();
        parts.insert("calendars".to_owned(), Value::List(list));
    }
    if kind == EventKind::CodeReissued {
        let code = code_for(office, &state, at_ms).await?;
        if code.is_provisional() {
            return Err(Refused::new(409, "no-station"));
        }
        parts.insert("code".to_owned(), Value::Text(code.to_string()));
    }
    let event = typed(kind, at_ms, parts)?;
    if let Body::HandedOver(body) = &event.body
        && let Place::Unit(unit) = body.to_unit
        && state.unit(unit).is_none()
    {
        return Err(Refused::new(422, "field-unknown-unit").about("to_unit"));
    }
    Ok(event)
}

/// The event of these parts, if each is what it must be.
fn typed(
    kind: EventKind,
    at_ms: i64,
    mut parts: BTreeMap<String, Value>,
) -> Result<Event, Refused> {
    for (key, value) in [("kind", Value::Text(kind.code().to_owned())), ("at", Value::Int(at_ms))] {
        if parts.insert(key.to_owned(), value).is_some() {
            return Err(Refused::new(422, "field-unknown").about(key));
        }
    }
    Ok(Event::from_value(&Value::Map(parts))?)
}
