//! One dossier: what it is, what can be done, what has happened.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::web::Words;
use hoso_identity::DocumentId;
use hoso_registry::EventKind;
use serde_json::Value;

use super::{
    super::site::{Site, encoded},
    about::{Badge, Beside, Conflict, Facts, Money, Papers, badge, conflicts, facts, fees, papers},
    actions::{Action, DRAFTS, action, draft_of},
    chips::{self, Chip, Due},
    confirm, drafts,
    fields::{json_of, placed, sent},
    frame::{Frame, check_token, date, frame, moment, render},
    history::{Stage, history},
    next::next,
    prints::{Print, prints},
    receive::fresh_key,
    refused,
    returning::returned_before,
    rows::{Choice, in_list},
    scans::{Scans, scans},
    session::form_keeping,
    sheet::{Sheet, sheet},
    typed::timed,
    withheld::{Withheld, withheld},
};
use crate::{
    desk::{self, Once, Refused},
    dossiers::forms::closing_minute,
    people::Actor,
    times,
};

/// Kinds that have no form among the actions.
const FORMLESS: [EventKind; 5] = [
    EventKind::Opened,
    EventKind::ConflictResolved,
    EventKind::Received,
    EventKind::Printed,
    EventKind::Attached,
];
/// Forms that were begun, of one person in all dossiers, as many as are kept when one is sent.
pub(super) const DRAFTS_MAX: usize = 50;
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
    /// That only a newer version can go on here; empty otherwise.
    newer: String,
    /// The list from which it was opened.
    beside: Beside,
    id: String,
    /// How its forms are sent.
    way: Way,
    code_label: String,
    code: String,
    applicant: String,
    procedure: String,
    chips: Vec<Chip>,
    badge: Badge,
    review: String,
    conflicts: Vec<Conflict>,
    next_title: String,
    next_sentence: String,
    next: Option<Action>,
    actions_title: String,
    actions: Vec<Action>,
    withheld_title: String,
    withheld: Vec<Withheld>,
    facts: Vec<Facts>,
    papers: Papers,
    scans: Scans,
    money: Money,
    sheet: Sheet,
    due_title: String,
    due_steps: Vec<Day>,
    prints_title: String,
    prints: Vec<Print>,
    print: String,
    /// Whether printing it is noted.
    may_print: bool,
    history_title: String,
    branches: String,
    history: Vec<Stage>,
}

/// How the forms of a dossier are sent, and what they say of what is typed.
struct Way {
    address: String,
    token: String,
    /// The beginning of their keys.
    key: String,
    /// The version that they were made for.
    base: String,
    draft_saved: String,
    draft_failed: String,
    discard: String,
}

/// A day on the way to the due time.
pub(super) struct Day {
    pub(super) date: String,
    pub(super) counted: bool,
    pub(super) reason: String,
}

/// The page.
pub(super) async fn open(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    match read(&site, &headers, &id).await {
        Ok((actor, dossier)) => {
            let choice = choice(query);
            render(&page(&site, &headers, &actor, (&dossier, &choice), None).await)
        }
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
        Ok(dossier) => {
            let choice = Choice::default();
            render(&page(site, headers, actor, (&dossier, &choice), Some((typed, None))).await)
        }
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
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let choice = choice(query);
    let form = timed(form, closing_minute(&site.office.state(), site.office.unit()));
    match sent(&form, "_do") {
        "back" | "more" => return again(&site, &headers, (&id, &choice), (&form, None)).await,
        "discard" => return discard(&site, &headers, (&id, &choice), &form).await,
        _ => {}
    }
    let done = match confirm::is_needed(&form) {
        true => confirm::ask(&site, &headers, (&id, &choice), &form).await,
        false => acted(&site, &headers, (&id, &choice), &form).await,
    };
    match done {
        Ok(response) => response,
        Err(problem) if problem.status == 401 && DocumentId::from_hex(&id).is_some() => {
            let address = format!("/dossiers/{id}");
            form_keeping(&site, &headers, (&problem, &address), &form).await
        }
        Err(problem) if problem.status != 403 || problem.code == "form" => {
            again(&site, &headers, (&id, &choice), (&form, Some(&problem))).await
        }
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// The page again with what was typed, and with what is wrong if anything is.
pub(super) async fn again(
    site: &Arc<Site>,
    headers: &HeaderMap,
    (id, choice): (&str, &Choice),
    typed: Typed<'_>,
) -> Response {
    let (_, problem) = typed;
    match read(site, headers, id).await {
        Ok((actor, dossier)) => {
            let kind = EventKind::from_code(sent(typed.0, "kind"));
            if let Some(kind) = kind.filter(|kind| !FORMLESS.contains(kind)) {
                drafts::keep(&site.office, &actor, &draft_of(id, kind.code()), typed.0).await;
            }
            let status = problem.and_then(|problem| StatusCode::from_u16(problem.status).ok());
            let page = page(site, headers, &actor, (&dossier, choice), Some(typed)).await;
            (status.unwrap_or(StatusCode::OK), render(&page)).into_response()
        }
        Err(unread) => refused(site, headers, problem.unwrap_or(&unread)).await,
    }
}

/// Where an action leads: who prints comes to what is printed, who reads no dossiers to the office.
pub(super) fn after(actor: &Actor, id: &str, choice: &Choice, form: &[(String, String)]) -> String {
    if !actor.reads() {
        return "/office".to_owned();
    }
    if sent(form, "kind") == EventKind::Printed.code() {
        let (form, paper) = (encoded(sent(form, "form")), encoded(sent(form, "paper")));
        return format!("/api/v1/dossiers/{id}/slip?form={form}&paper={paper}");
    }
    in_list(&format!("/dossiers/{id}"), &choice.to_text())
}

/// The list from which a dossier was opened, as its address says it; what it says wrongly, does
/// not matter to the dossier.
pub(super) fn choice(query: Vec<(String, String)>) -> Choice {
    Choice::of(query).map(|(choice, _)| choice).unwrap_or_default()
}

/// Throws away what was typed in one of the forms and not sent.
async fn discard(
    site: &Arc<Site>,
    headers: &HeaderMap,
    (id, choice): (&str, &Choice),
    form: &[(String, String)],
) -> Response {
    let discarded = async {
        let actor = site.actor(headers).await?;
        check_token(headers, form)?;
        drafts::discard(&site.office, &actor, sent(form, "_draft")).await
    };
    match discarded.await {
        Ok(()) => {
            Redirect::to(&in_list(&format!("/dossiers/{id}"), &choice.to_text())).into_response()
        }
        Err(problem) => refused(site, headers, &problem).await,
    }
}

async fn acted(
    site: &Arc<Site>,
    headers: &HeaderMap,
    (id, choice): (&str, &Choice),
    form: &[(String, String)],
) -> Result<Response, Refused> {
    let (actor, document, once, body) = about(site, headers, id, form).await?;
    desk::act(&site.office, &actor, document, &once, &body).await?;
    let draft = draft_of(id, sent(form, "kind"));
    drafts::finished(&site.office, &actor, &draft, (DRAFTS, DRAFTS_MAX)).await;
    Ok(Redirect::to(&after(&actor, id, choice, form)).into_response())
}

/// Who asks for what, about which dossier, and by what it is known when it is sent again.
pub(super) async fn about(
    site: &Arc<Site>,
    headers: &HeaderMap,
    id: &str,
    form: &[(String, String)],
) -> Result<(Arc<Actor>, DocumentId, Once, Value), Refused> {
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
    Ok((actor, document, once, body))
}

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Arc<Actor>,
    (dossier, choice): (&Value, &Choice),
    typed: Option<Typed<'_>>,
) -> DossierPage {
    let (words, _) = site.words(headers);
    let offered = list(dossier, "/actions").filter_map(Value::as_str);
    let offered = offered.filter_map(EventKind::from_code);
    let actions = offered.filter(|kind| !FORMLESS.contains(kind));
    let mut actions: Vec<_> = actions.map(|kind| action(site, words, dossier, kind)).collect();
    restore(site, words, actor, (&text(dossier, "/id"), &mut actions)).await;
    let may = |kind: EventKind| list(dossier, "/actions").any(|offered| offered == kind.code());
    let mut scans = scans(site, words, dossier, may(EventKind::Attached));
    let (problem, problem_at) = typed
        .map(|typed| wrong(site, words, dossier, (&mut actions, &mut scans), typed))
        .unwrap_or_default();
    let (next_sentence, next) = next(site, words, dossier, &mut actions);
    let review = dossier.pointer("/needs_review") == Some(&Value::Bool(true));
    let repeated = dossier.pointer("/code_repeated") == Some(&Value::Bool(true));
    let newer = dossier.pointer("/needs_newer") == Some(&Value::Bool(true));
    let (id, code) = (text(dossier, "/id"), text(dossier, "/code"));
    let mut frame = frame(site, headers, "page-dossier", Some(actor)).await;
    let beside = Beside::of(site, words, actor, choice).await;
    frame.choose(&beside.address);
    frame.title = format!("{code} · {}", text(dossier, "/applicant/name"));
    DossierPage {
        problem,
        problem_at,
        repeated: if repeated { words.say("code-repeated") } else { String::new() },
        newer: if newer { words.say("problem-needs-newer") } else { String::new() },
        beside,
        way: way(words, dossier, choice, frame.token.clone()),
        frame,
        code_label: words.say("column-code"),
        applicant: text(dossier, "/applicant/name"),
        procedure: procedure(dossier),
        chips: chips(words, dossier),
        badge: badge(site, words, dossier),
        review: if review { words.say("needs-review-long") } else { String::new() },
        conflicts: conflicts(site, words, actor, dossier),
        next_title: words.say("next"),
        next_sentence,
        next,
        actions_title: words.say("actions"),
        actions,
        withheld_title: words.say("not-now"),
        withheld: withheld(site, words, actor, dossier),
        facts: facts(site, words, dossier),
        papers: papers(words, dossier),
        scans,
        money: fees(words, dossier),
        sheet: sheet(site, words, dossier),
        due_title: words.say("due-steps"),
        due_steps: days(words, dossier.pointer("/due_steps")),
        prints_title: words.say("prints"),
        prints: prints(site, words, dossier).await,
        print: words.say("print"),
        may_print: may(EventKind::Printed),
        history_title: words.say("history"),
        branches: words.say("branches"),
        history: history(site, words, dossier),
        id,
        code,
    }
}

fn way(words: &Words, dossier: &Value, choice: &Choice, token: String) -> Way {
    let events = format!("/dossiers/{}/events", text(dossier, "/id"));
    Way {
        address: in_list(&events, &choice.to_text()),
        token,
        key: fresh_key(),
        base: text(dossier, "/version"),
        draft_saved: words.say("receive-draft-saved"),
        draft_failed: words.say("receive-draft-failed"),
        discard: words.say("receive-discard"),
    }
}

/// Code and name of the procedure.
pub(super) fn procedure(dossier: &Value) -> String {
    format!("{} – {}", text(dossier, "/procedure/code"), text(dossier, "/procedure/name"))
}

/// Status and due time.
fn chips(words: &Words, dossier: &Value) -> Vec<Chip> {
    let (at, status) = (text(dossier, "/due_at"), text(dossier, "/status"));
    let due = Due { at: &at, timeliness: &text(dossier, "/timeliness"), status: &status };
    vec![chips::status(words, &status), chips::due(words, due, times::now_ms())]
}

/// Opens the forms in which something was typed and not sent, with that.
async fn restore(site: &Site, words: &Words, actor: &Actor, (id, actions): (&str, &mut [Action])) {
    let begun = drafts::begun(&site.office, actor, &draft_of(id, ""), EventKind::ALL.len()).await;
    for draft in begun {
        let Some(action) = actions.iter_mut().find(|action| action.draft == draft.id) else {
            continue;
        };
        let at = times::text_of(draft.saved_ms).unwrap_or_default();
        action.fill(words, &draft.fields);
        action.begun = words.say_with("act-begun", &[("at", moment(&at))].into_iter().collect());
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
        action.fill(words, form);
        action.begun = String::new();
    }
    let Some(problem) = problem else { return Default::default() };
    let problem = &about_field(problem);
    let fields = action.into_iter().flat_map(Action::all_fields);
    let (sentence, at) = placed(site, words, problem, fields);
    (sentence, if at.is_empty() { at } else { format!("{kind}-{at}") })
}

/// Shows what was typed once more, and gives what is wrong with it and the place to go to.
fn wrong(
    site: &Site,
    words: &Words,
    dossier: &Value,
    (actions, scans): (&mut [Action], &mut Scans),
    (form, problem): Typed<'_>,
) -> (String, String) {
    let (sentence, at) = refill(site, words, actions, form, problem);
    let (kind, Some(problem)) = (sent(form, "kind"), problem) else { return (sentence, at) };
    if kind == EventKind::Attached.code() {
        scans.objected(site, words, problem)
    } else if kind == EventKind::Returned.code() {
        // To whom it went says more than that it cannot go again.
        (returned_before(words, dossier).unwrap_or(sentence), at)
    } else {
        (sentence, at)
    }
}

/// A refusal by the rules with the field that can mend it, where one can.
fn about_field(problem: &Refused) -> Refused {
    let field = match problem.code.as_str() {
        "rule-not-later" => "due_at",
        "rule-second-supplement" => "basis",
        _ => return problem.clone(),
    };
    problem.clone().about(field)
}

pub(in super::super) fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) | None => String::new(),
    }
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

/// The days on the way to the due time, each with its reason.
pub(super) fn days(words: &Words, steps: Option<&Value>) -> Vec<Day> {
    let steps = steps.and_then(Value::as_array).into_iter().flatten();
    let day = |step: &Value| Day {
        date: date(&text(step, "/date")),
        counted: step.pointer("/counted") == Some(&Value::Bool(true)),
        reason: words.say(&format!("step-{}", text(step, "/reason").replace('_', "-"))),
    };
    steps.map(day).collect()
}
