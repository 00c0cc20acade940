//! One dossier: what it is, what can be done, what has happened.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use hoso_identity::DocumentId;
use hoso_registry::EventKind;
use serde_json::Value;

use super::{
    super::{site::Site, words::Words},
    actions::{Action, action},
    fields::{json_of, sent},
    frame::{Frame, check_token, date, frame, moment, render},
    receive::fresh_key,
    refused,
};
use crate::{
    desk::{self, Once, Refused},
    people::Actor,
};

/// The steps of the badge.
const STEPS: [&str; 4] = ["saved", "at_province", "delivered", "opened"];

#[derive(Template)]
#[template(path = "dossier.html")]
struct DossierPage {
    frame: Frame,
    problem: String,
    id: String,
    version: String,
    heading: String,
    status: String,
    facts: Vec<(String, String)>,
    badge: Vec<Step>,
    badge_word: String,
    review: String,
    conflicts: Vec<Vec<Side>>,
    choose: String,
    papers_title: String,
    papers: Vec<String>,
    due_title: String,
    due_steps: Vec<Day>,
    actions_title: String,
    actions: Vec<Action>,
    key: String,
    history_title: String,
    history: Vec<Happened>,
}

/// One step of the badge.
struct Step {
    label: String,
    reached: bool,
    place: String,
}

/// One side of a conflict.
struct Side {
    id: String,
    what: String,
    may_choose: bool,
}

struct Day {
    date: String,
    counted: bool,
    reason: String,
}

struct Happened {
    at: String,
    what: String,
    who: String,
    details: String,
    without_effect: String,
}

/// The page.
pub(super) async fn open(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match read(&site, &headers, &id).await {
        Ok((actor, dossier)) => {
            render(&page(&site, &headers, &actor, &dossier, String::new()).await)
        }
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

async fn read(
    site: &Arc<Site>,
    headers: &HeaderMap,
    id: &str,
) -> Result<(Arc<Actor>, Value), Refused> {
    let actor = site.actor(headers).await?;
    let id = DocumentId::from_hex(id).ok_or(Refused::new(404, "not-found"))?;
    let dossier = desk::open(&site.office, &actor, id).await?;
    Ok((actor, dossier))
}

/// Acts, or shows the page again with what is wrong.
pub(super) async fn act(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    match acted(&site, &headers, &id, &form).await {
        Ok(()) => Redirect::to(&format!("/dossiers/{id}")).into_response(),
        Err(problem) => match read(&site, &headers, &id).await {
            Ok((actor, dossier)) if problem.status != 403 => {
                let status =
                    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
                let sentence = site.sentence(&headers, &problem);
                let page = page(&site, &headers, &actor, &dossier, sentence).await;
                (status, render(&page)).into_response()
            }
            Ok(_) | Err(_) => refused(&site, &headers, &problem).await,
        },
    }
}

async fn acted(
    site: &Arc<Site>,
    headers: &HeaderMap,
    id: &str,
    form: &[(String, String)],
) -> Result<(), Refused> {
    let actor = site.actor(headers).await?;
    check_token(headers, form)?;
    let document = DocumentId::from_hex(id).ok_or(Refused::new(404, "not-found"))?;
    let body = json_of(form);
    let once = Once {
        key: sent(form, "_key").to_owned(),
        body: format!("form /dossiers/{id}/events {body}").into_bytes(),
    };
    desk::act(&site.office, &actor, document, &once, &body).await.map(|_| ())
}

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Actor,
    dossier: &Value,
    problem: String,
) -> DossierPage {
    let (words, _) = site.words(headers);
    let status = words.say(&format!("status-{}", text(dossier, "/status").replace('_', "-")));
    let offered = list(dossier, "/actions").filter_map(Value::as_str);
    let offered = offered.filter_map(EventKind::from_code);
    let formless = [EventKind::Opened, EventKind::ConflictResolved, EventKind::Received];
    let actions = offered.filter(|kind| !formless.contains(kind));
    let may_choose = list(dossier, "/actions").any(|kind| kind == "conflict_resolved");
    let (badge, badge_word) = badge(words, dossier);
    let review = !text_of_bool(dossier, "/needs_review").is_empty();
    DossierPage {
        frame: frame(site, headers, "page-dossier", Some(actor)).await,
        problem,
        id: text(dossier, "/id"),
        version: text(dossier, "/version"),
        heading: format!("{} · {}", text(dossier, "/code"), text(dossier, "/applicant/name")),
        status,
        facts: facts(site, words, dossier),
        badge,
        badge_word,
        review: if review { words.say("needs-review-long") } else { String::new() },
        conflicts: conflicts(words, dossier, may_choose),
        choose: words.say("choose-side"),
        papers_title: words.say("group-papers"),
        papers: list(dossier, "/papers").map(|paper| paper_line(words, paper)).collect(),
        due_title: words.say("due-steps"),
        due_steps: list(dossier, "/due_steps").map(|step| day(words, step)).collect(),
        actions_title: words.say("actions"),
        actions: actions.map(|kind| action(site, words, kind)).collect(),
        key: fresh_key(),
        history_title: words.say("history"),
        history: list(dossier, "/events").map(|event| happened(words, event)).collect(),
    }
}

fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) | None => String::new(),
    }
}

fn text_of_bool(value: &Value, pointer: &str) -> &'static str {
    if value.pointer(pointer) == Some(&Value::Bool(true)) { "yes" } else { "" }
}

fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn facts(site: &Site, words: &Words, dossier: &Value) -> Vec<(String, String)> {
    let said = |key: &str, pointer: &str| {
        let code = text(dossier, pointer).replace('_', "-");
        if code.is_empty() { code } else { words.say(&format!("{key}-{code}")) }
    };
    let due = text(dossier, "/due_at");
    let uncertain = dossier.pointer("/due_certain") == Some(&Value::Bool(false));
    let due = match (due.is_empty(), uncertain) {
        (true, _) => words.say("due-none"),
        (false, true) => format!("{} ({})", moment(&due), words.say("due-uncertain")),
        (false, false) => moment(&due),
    };
    let procedure =
        format!("{} – {}", text(dossier, "/procedure/code"), text(dossier, "/procedure/name"));
    let rows = [
        ("fact-procedure", procedure),
        ("field-name", text(dossier, "/applicant/name")),
        ("field-id-number", text(dossier, "/applicant/id_number")),
        ("field-birth-date", date(&text(dossier, "/applicant/birth_date"))),
        ("field-phone", text(dossier, "/applicant/phone")),
        ("field-address", text(dossier, "/applicant/address")),
        ("fact-representative", text(dossier, "/representative/name")),
        ("fact-received", moment(&text(dossier, "/received_at"))),
        ("column-due", due),
        ("fact-timeliness", said("timeliness", "/timeliness")),
        ("fact-receiving-unit", office(site, &text(dossier, "/receiving_unit"))),
        ("field-competent-unit", office(site, &text(dossier, "/competent_unit"))),
        ("field-return-unit", office(site, &text(dossier, "/return_unit"))),
        ("fact-holder", office(site, &text(dossier, "/holder"))),
        ("fact-financial", said("financial", "/financial_status")),
        ("fact-owed", text(dossier, "/owed")),
        ("fact-delivery", said("delivery", "/delivery_status")),
        ("fact-result", text(dossier, "/result/number")),
        ("field-note", text(dossier, "/note")),
    ];
    let filled = rows.into_iter().filter(|(_, value)| !value.is_empty());
    filled.map(|(key, value)| (words.say(key), value)).collect()
}

/// A unit or an agency by name and code.
fn office(site: &Site, code: &str) -> String {
    let state = site.office.state();
    let unit = state.unit_by_code(code).map(|unit| unit.full_name());
    let name = unit.or_else(|| state.agency_by_code(code).map(|agency| agency.name.clone()));
    name.map_or_else(|| code.to_owned(), |name| format!("{name} ({code})"))
}

/// The four steps, and the word for the present state.
fn badge(words: &Words, dossier: &Value) -> (Vec<Step>, String) {
    let state = text(dossier, "/sync/state");
    let reached = STEPS.iter().position(|step| *step == state).unwrap_or(0);
    let places: Vec<String> = list(dossier, "/sync/delivered")
        .map(|fact| format!("{} {}", text(fact, "/unit"), moment(&text(fact, "/at"))))
        .collect();
    let steps = STEPS.iter().enumerate().map(|(number, step)| Step {
        label: words.say(&format!("sync-state-{}", step.replace('_', "-"))),
        reached: number <= reached,
        place: if *step == "delivered" { places.join(", ") } else { String::new() },
    });
    (steps.collect(), words.say(&format!("sync-state-{}", state.replace('_', "-"))))
}

fn conflicts(words: &Words, dossier: &Value, may_choose: bool) -> Vec<Vec<Side>> {
    let sides = |conflict: &Value| {
        let sides = list(conflict, "/sides").map(|side| {
            let event = happened(words, side);
            let what = format!("{} – {} – {} {}", event.what, event.who, event.at, event.details);
            Side { id: text(side, "/id"), what, may_choose }
        });
        sides.collect()
    };
    list(dossier, "/conflicts").map(sides).collect()
}

fn paper_line(words: &Words, paper: &Value) -> String {
    let counts = ["originals", "certified_copies", "photocopies"].map(|part| {
        let label = words.say(&format!("field-{}", part.replace('_', "-")));
        format!("{label}: {}", text(paper, &format!("/{part}")))
    });
    format!("{} ({})", text(paper, "/name"), counts.join(", "))
}

fn day(words: &Words, step: &Value) -> Day {
    Day {
        date: date(&text(step, "/date")),
        counted: !text_of_bool(step, "/counted").is_empty(),
        reason: words.say(&format!("step-{}", text(step, "/reason").replace('_', "-"))),
    }
}

fn happened(words: &Words, event: &Value) -> Happened {
    let kind = text(event, "/kind").replace('_', "-");
    let what = if kind.is_empty() {
        words.say("event-newer")
    } else {
        words.say(&format!("event-{kind}"))
    };
    let body = event.pointer("/body").and_then(Value::as_object);
    let shown = [
        "reason", "note", "text", "to_unit", "unit", "field", "value", "number", "date", "amount",
        "receiver", "evidence", "due_at", "code",
    ];
    let details = shown.iter().filter_map(|name| {
        let value = body?.get(*name)?;
        let value = match value {
            Value::String(text) if *name == "due_at" => moment(text),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(format!("{}: {value}", words.say(&format!("field-{}", name.replace('_', "-")))))
    });
    let details: Vec<String> = details.collect();
    let reason = text(event, "/reason");
    Happened {
        at: moment(&text(event, "/at")),
        what,
        who: format!("{}, {}", text(event, "/by"), text(event, "/unit")),
        details: details.join("; "),
        without_effect: if reason.is_empty() {
            String::new()
        } else {
            let why = words.say(&format!("effect-{}", reason.replace('_', "-")));
            format!("{} {why}", words.say("without-effect"))
        },
    }
}
