//! One dossier: what it is, what can be done, what has happened.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::web::Words;
use hoso_identity::DocumentId;
use hoso_registry::EventKind;
use serde_json::Value;

use super::{
    super::site::{Site, encoded},
    actions::{Action, action},
    fields::{json_of, placed, sent},
    frame::{Frame, check_token, date, frame, moment, render},
    prints::{Print, prints},
    receive::fresh_key,
    refused,
    session::form_keeping,
};
use crate::{
    desk::{self, Once, Refused},
    people::Actor,
};

/// Kinds that have no form on this page.
const FORMLESS: [EventKind; 4] =
    [EventKind::Opened, EventKind::ConflictResolved, EventKind::Received, EventKind::Printed];
/// Parts of an event's body that the history shows.
const SHOWN: [&str; 21] = [
    "name",
    "person",
    "papers",
    "reason",
    "basis",
    "note",
    "text",
    "to_unit",
    "unit",
    "field",
    "value",
    "number",
    "date",
    "amount",
    "method",
    "receipt_no",
    "receiver",
    "evidence",
    "due_at",
    "code",
    "paper_reference",
];
/// The steps of the badge.
const STEPS: [&str; 4] = ["saved", "at_province", "delivered", "opened"];

/// What was typed in one of the forms of the page, and what is wrong with it.
type Typed<'a> = (&'a [(String, String)], Option<&'a Refused>);

#[derive(Template)]
#[template(path = "dossier.html")]
struct DossierPage {
    frame: Frame,
    problem: String,
    /// The field that it is about.
    problem_at: String,
    repeated: String,
    id: String,
    version: String,
    heading: String,
    status: String,
    facts: Vec<(String, String)>,
    badge: Vec<Step>,
    badge_word: String,
    review: String,
    conflicts: Vec<Conflict>,
    choose: String,
    papers_title: String,
    papers: Vec<String>,
    due_title: String,
    due_steps: Vec<Day>,
    actions_title: String,
    actions: Vec<Action>,
    key: String,
    prints: Vec<Print>,
    print: String,
    /// Whether printing it is noted.
    may_print: bool,
    history_title: String,
    history: Vec<Happened>,
}

/// One step of the badge.
struct Step {
    label: String,
    reached: bool,
    place: String,
}

/// Events that exclude each other.
struct Conflict {
    title: String,
    sides: Vec<Side>,
}

/// One side of a conflict.
struct Side {
    id: String,
    what: String,
    may_choose: bool,
}

/// A day on the way to the due time.
pub(super) struct Day {
    pub(super) date: String,
    pub(super) counted: bool,
    pub(super) reason: String,
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
        Ok((actor, dossier)) => render(&page(&site, &headers, &actor, &dossier, None).await),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// The page with what was typed in one of its forms.
pub(super) async fn form_with(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Arc<Actor>,
    (id, typed): (&str, &[(String, String)]),
) -> Response {
    match dossier(site, actor, id).await {
        Ok(dossier) => render(&page(site, headers, actor, &dossier, Some((typed, None))).await),
        Err(problem) => refused(site, headers, &problem).await,
    }
}

async fn read(
    site: &Arc<Site>,
    headers: &HeaderMap,
    id: &str,
) -> Result<(Arc<Actor>, Value), Refused> {
    let actor = site.actor(headers).await?;
    let dossier = dossier(site, &actor, id).await?;
    Ok((actor, dossier))
}

async fn dossier(site: &Site, actor: &Arc<Actor>, id: &str) -> Result<Value, Refused> {
    let id = DocumentId::from_hex(id).ok_or(Refused::new(404, "not-found"))?;
    desk::open(&site.office, actor, id).await
}

/// Acts, or shows the page again with what is wrong.
pub(super) async fn act(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    match acted(&site, &headers, &id, &form).await {
        Ok(actor) => Redirect::to(&after(&actor, &id, &form)).into_response(),
        Err(problem) if problem.status == 401 && DocumentId::from_hex(&id).is_some() => {
            let address = format!("/dossiers/{id}");
            form_keeping(&site, &headers, (&problem, &address), &form).await
        }
        Err(problem) => match read(&site, &headers, &id).await {
            Ok((actor, dossier)) if problem.status != 403 || problem.code == "form" => {
                let status =
                    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
                let refused = Some((form.as_slice(), Some(&problem)));
                let page = page(&site, &headers, &actor, &dossier, refused).await;
                (status, render(&page)).into_response()
            }
            Ok(_) | Err(_) => refused(&site, &headers, &problem).await,
        },
    }
}

/// Where an action leads: who prints comes to what is printed, who reads no dossiers to the office.
fn after(actor: &Actor, id: &str, form: &[(String, String)]) -> String {
    if !actor.reads() {
        return "/office".to_owned();
    }
    if sent(form, "kind") == EventKind::Printed.code() {
        let (form, paper) = (encoded(sent(form, "form")), encoded(sent(form, "paper")));
        return format!("/api/v1/dossiers/{id}/slip?form={form}&paper={paper}");
    }
    format!("/dossiers/{id}")
}

async fn acted(
    site: &Arc<Site>,
    headers: &HeaderMap,
    id: &str,
    form: &[(String, String)],
) -> Result<Arc<Actor>, Refused> {
    let actor = site.actor(headers).await?;
    check_token(headers, form)?;
    let document = DocumentId::from_hex(id).ok_or(Refused::new(404, "not-found"))?;
    let mut body = json_of(form)?;
    // A hand-over says its papers even where there are none, and the form has no line then.
    if let Some(parts) = body.as_object_mut()
        && sent(form, "kind") == EventKind::HandedOver.code()
    {
        parts.entry("papers").or_insert(Value::Array(Vec::new()));
    }
    let once = Once {
        key: sent(form, "_key").to_owned(),
        body: format!("form /dossiers/{id}/events {body}").into_bytes(),
    };
    desk::act(&site.office, &actor, document, &once, &body).await?;
    Ok(actor)
}

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Actor,
    dossier: &Value,
    typed: Option<Typed<'_>>,
) -> DossierPage {
    let (words, _) = site.words(headers);
    let status = words.say(&format!("status-{}", text(dossier, "/status").replace('_', "-")));
    let offered = list(dossier, "/actions").filter_map(Value::as_str);
    let offered = offered.filter_map(EventKind::from_code);
    let actions = offered.filter(|kind| !FORMLESS.contains(kind));
    let mut actions: Vec<_> = actions.map(|kind| action(site, words, dossier, kind)).collect();
    let (problem, problem_at) = typed
        .map(|(form, problem)| refill(site, words, &mut actions, form, problem))
        .unwrap_or_default();
    let may = |kind: EventKind| list(dossier, "/actions").any(|offered| offered == kind.code());
    let may_choose = may(EventKind::ConflictResolved);
    let (badge, badge_word) = badge(site, words, dossier);
    let review = !text_of_bool(dossier, "/needs_review").is_empty();
    let repeated = !text_of_bool(dossier, "/code_repeated").is_empty();
    DossierPage {
        frame: frame(site, headers, "page-dossier", Some(actor)).await,
        problem,
        problem_at,
        repeated: if repeated { words.say("code-repeated") } else { String::new() },
        id: text(dossier, "/id"),
        version: text(dossier, "/version"),
        heading: format!("{} · {}", text(dossier, "/code"), text(dossier, "/applicant/name")),
        status,
        facts: facts(site, words, dossier),
        badge,
        badge_word,
        review: if review { words.say("needs-review-long") } else { String::new() },
        conflicts: conflicts(site, words, dossier, may_choose),
        choose: words.say("choose-side"),
        papers_title: words.say("group-papers"),
        papers: list(dossier, "/papers").map(|paper| paper_line(words, paper)).collect(),
        due_title: words.say("due-steps"),
        due_steps: days(words, dossier.pointer("/due_steps")),
        actions_title: words.say("actions"),
        actions,
        key: fresh_key(),
        prints: prints(site, words, dossier),
        print: words.say("print"),
        may_print: may(EventKind::Printed),
        history_title: words.say("history"),
        history: list(dossier, "/events").map(|event| happened(site, words, event)).collect(),
    }
}

/// Opens the form again in which something was typed, with that and what is wrong with it. Gives
/// the sentence and the field that it is about.
fn refill(
    site: &Site,
    words: &Words,
    actions: &mut [Action],
    form: &[(String, String)],
    problem: Option<&Refused>,
) -> (String, String) {
    let kind = sent(form, "kind");
    let mut action = actions.iter_mut().find(|action| action.kind == kind);
    if let Some(action) = &mut action {
        action.open = true;
        for field in &mut action.fields {
            field.typed(form);
        }
    }
    let Some(problem) = problem else { return Default::default() };
    let fields = action.into_iter().flat_map(|action| &mut action.fields);
    let (sentence, at) = placed(site, words, problem, fields.map(|field| ("", field)));
    (sentence, if at.is_empty() { at } else { format!("{kind}-{at}") })
}

pub(in super::super) fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) | None => String::new(),
    }
}

fn text_of_bool(value: &Value, pointer: &str) -> &'static str {
    if value.pointer(pointer) == Some(&Value::Bool(true)) { "yes" } else { "" }
}

pub(in super::super) fn list<'a>(
    value: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// An amount in đồng with dots between thousands.
pub(in super::super) fn money(amount: &str) -> String {
    let mut grouped = String::new();
    for (place, digit) in amount.chars().enumerate() {
        if place > 0 && amount.len().saturating_sub(place) % 3 == 0 {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    grouped
}

fn facts(site: &Site, words: &Words, dossier: &Value) -> Vec<(String, String)> {
    let place = |pointer: &str| {
        let code = text(dossier, pointer);
        if code.is_empty() { code } else { format!("{} ({code})", site.place(&code)) }
    };
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
        ("fact-due-proposed", moment(&text(dossier, "/due_proposed_at"))),
        ("fact-timeliness", said("timeliness", "/timeliness")),
        ("fact-receiving-unit", place("/receiving_unit")),
        ("field-competent-unit", place("/competent_unit")),
        ("field-return-unit", place("/return_unit")),
        ("fact-holder", place("/holder")),
        ("field-person", text(dossier, "/assigned")),
        ("fact-financial", said("financial", "/financial_status")),
        ("fact-owed", money(&text(dossier, "/owed"))),
        ("fact-delivery", said("delivery", "/delivery_status")),
        ("fact-result", text(dossier, "/result/number")),
        ("field-note", text(dossier, "/note")),
    ];
    let filled = rows.into_iter().filter(|(_, value)| !value.is_empty());
    filled.map(|(key, value)| (words.say(key), value)).collect()
}

/// The four steps with time and place, and the word for the present state.
fn badge(site: &Site, words: &Words, dossier: &Value) -> (Vec<Step>, String) {
    let state = text(dossier, "/sync/state");
    let reached = STEPS.iter().position(|step| *step == state).unwrap_or(0);
    let last = list(dossier, "/events").last();
    let saved = last.map(|event| moment(&text(event, "/at"))).unwrap_or_default();
    let author = last.map(|event| text(event, "/unit")).unwrap_or_default();
    // Where the last change was made it is known anyway.
    let facts = |pointer: &str| {
        let elsewhere = list(dossier, pointer).filter(|fact| text(fact, "/unit") != author);
        let facts = elsewhere.map(|fact| {
            format!("{} {}", site.place(&text(fact, "/unit")), moment(&text(fact, "/at")))
        });
        facts.collect::<Vec<_>>().join(", ")
    };
    let steps = STEPS.iter().enumerate().map(|(number, step)| Step {
        label: words.say(&format!("sync-state-{}", step.replace('_', "-"))),
        reached: number <= reached,
        place: match *step {
            "saved" => saved.clone(),
            "at_province" => moment(&text(dossier, "/sync/at_province_at")),
            "delivered" => facts("/sync/delivered"),
            _ => facts("/opened"),
        },
    });
    (steps.collect(), words.say(&format!("sync-state-{}", state.replace('_', "-"))))
}

fn conflicts(site: &Site, words: &Words, dossier: &Value, may_choose: bool) -> Vec<Conflict> {
    let conflict = |conflict: &Value| {
        let sides = list(conflict, "/sides").map(|side| {
            let event = happened(site, words, side);
            let what = format!("{} – {} – {} {}", event.what, event.who, event.at, event.details);
            Side { id: text(side, "/id"), what, may_choose }
        });
        let field = text(conflict, "/field");
        let title = match field.rsplit('.').next().filter(|last| !last.is_empty()) {
            Some(last) => {
                let field = words.say(&format!("field-{}", last.replace('_', "-")));
                words.say_with("conflict-field", &[("field", field)].into_iter().collect())
            }
            None => words.say("conflict-events"),
        };
        Conflict { title, sides: sides.collect() }
    };
    list(dossier, "/conflicts").map(conflict).collect()
}

fn paper_line(words: &Words, paper: &Value) -> String {
    let counts = ["originals", "certified_copies", "photocopies"].map(|part| {
        let label = words.say(&format!("field-{}", part.replace('_', "-")));
        format!("{label}: {}", text(paper, &format!("/{part}")))
    });
    format!("{} ({})", text(paper, "/name"), counts.join(", "))
}

/// The days on the way to the due time, each with its reason.
pub(super) fn days(words: &Words, steps: Option<&Value>) -> Vec<Day> {
    let steps = steps.and_then(Value::as_array).into_iter().flatten();
    let day = |step: &Value| Day {
        date: date(&text(step, "/date")),
        counted: !text_of_bool(step, "/counted").is_empty(),
        reason: words.say(&format!("step-{}", text(step, "/reason").replace('_', "-"))),
    };
    steps.map(day).collect()
}

fn happened(site: &Site, words: &Words, event: &Value) -> Happened {
    let kind = text(event, "/kind").replace('_', "-");
    let what = if kind.is_empty() {
        words.say("event-newer")
    } else {
        words.say(&format!("event-{kind}"))
    };
    let body = event.pointer("/body").and_then(Value::as_object);
    let details = SHOWN.iter().filter_map(|name| {
        let value = detail(site, words, name, body?.get(*name)?)?;
        Some(format!("{}: {value}", words.say(&format!("field-{}", name.replace('_', "-")))))
    });
    let details: Vec<String> = details.collect();
    let reason = text(event, "/reason");
    Happened {
        at: moment(&text(event, "/at")),
        what,
        who: format!("{}, {}", text(event, "/by"), site.place(&text(event, "/unit"))),
        details: details.join("; "),
        without_effect: if reason.is_empty() {
            String::new()
        } else {
            let why = words.say(&format!("effect-{}", reason.replace('_', "-")));
            format!("{} {why}", words.say("without-effect"))
        },
    }
}

/// One part of an event's body as people read it.
fn detail(site: &Site, words: &Words, name: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) if name == "due_at" => Some(moment(text)),
        Value::String(text) if name == "date" => Some(date(text)),
        Value::String(text) if ["unit", "to_unit"].contains(&name) => Some(site.place(text)),
        Value::String(text) if name == "person" => Some(site.person(text)),
        Value::String(text) if name == "method" => Some(words.say(&format!("method-{text}"))),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if name == "amount" => Some(money(&number.to_string())),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(papers) => {
            let names = papers.iter().map(|paper| text(paper, "/name"));
            let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
            (!names.is_empty()).then(|| names.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}
