//! The return desk: a slip is scanned, the result is handed over once.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::web::Words;
use hoso_identity::DocumentId;
use hoso_registry::EventKind;
use serde_json::Value;

use super::{
    super::site::{Site, encoded},
    actions::{DRAFTS, action, draft_of},
    dossier::{DRAFTS_MAX, list, money, text},
    drafts,
    fields::{Field, json_of, placed, sent},
    frame::{Frame, check_token, date, frame, moment, render},
    rating::{Rating, rating},
    receive::fresh_key,
    refused,
};
use crate::{
    desk::{self, ListQuery, Once, Refused},
    people::Actor,
};

/// Dossiers among which a search lets choose.
const FOUND_MAX: usize = 20;
/// Results that wait to be collected, as many as are shown at once.
const UNCLAIMED_MAX: usize = 50;
/// What can be done at the desk, in this order.
const STEPS: [EventKind; 3] = [EventKind::ResultArrived, EventKind::Paid, EventKind::Returned];
/// How the names of fields begin that were typed in the form of another step.
const BESIDE: &str = "_beside.";

#[derive(Template)]
#[template(path = "return.html")]
struct ReturnPage {
    frame: Frame,
    ask: String,
    find: String,
    query: String,
    problem: String,
    /// Where the search led, if nowhere good.
    nothing: String,
    /// Several dossiers that were meant perhaps.
    found: Vec<Waiting>,
    counter: Option<Counter>,
    unclaimed_title: String,
    unclaimed: Vec<Waiting>,
    unclaimed_none: String,
    columns: [String; 4],
    rating: Rating,
}

/// A dossier in a list.
struct Waiting {
    address: String,
    code: String,
    applicant: String,
    since: String,
    due: String,
}

/// One dossier on the counter.
struct Counter {
    id: String,
    version: String,
    key: String,
    heading: String,
    open: String,
    /// What is to be handed over, or why nothing is.
    sentence: String,
    /// `ready`, `done` just now, `wait` as long as there is nothing, `over` for a second return.
    tone: &'static str,
    /// To whom the result went, and when.
    handed: Option<(String, String)>,
    facts: Vec<(String, String)>,
    /// What is still owed; empty if nothing.
    owed: String,
    forms: Vec<Step>,
}

impl Counter {
    /// The sign beside the sentence.
    fn icon(&self) -> &'static str {
        match self.tone {
            "wait" => "clock",
            "over" => "warn",
            _ => "check",
        }
    }

    /// Says of a return that was done here just now that it is done.
    fn returned_now(&mut self, words: &Words) {
        if let Some(handed) = self.handed.take() {
            (self.sentence, self.tone) = (say_handed(words, "return-done-now", handed), "done");
        }
    }
}

/// Something that can be done at this desk.
struct Step {
    kind: &'static str,
    label: String,
    fields: Vec<Field>,
}

impl Step {
    /// Puts into its fields what was typed before.
    fn fill(&mut self, typed: &[(String, String)]) {
        self.fields.iter_mut().for_each(|field| field.typed(typed));
    }
}

/// The desk, with what was scanned.
pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let shown = async {
        let actor = site.actor(&headers).await?;
        let mut page = page(&site, &headers, &actor, (sent(&query, "q"), None)).await?;
        let has = |name: &str| !sent(&query, name).is_empty();
        let words = site.words(&headers).0;
        if let Some(counter) = page.counter.as_mut().filter(|_| has("returned")) {
            counter.returned_now(words);
        }
        page.rating = rating(&site, words, (has("served"), has("rated"))).await?;
        Ok(page)
    };
    match shown.await {
        Ok(page) => render(&page),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Does one step at the desk, or says at once why not.
pub(super) async fn act(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let actor = match site.actor(&headers).await {
        Ok(actor) => actor,
        Err(problem) => return refused(&site, &headers, &problem).await,
    };
    let Err(problem) = acted(&site, &headers, &actor, &form).await else {
        keep(&site, &actor, &form).await;
        let returned = sent(&form, "kind") == "returned";
        // Whoever gets the result by post or as a file stands at no desk that could be rated.
        let done = match (returned, sent(&form, "channel")) {
            (true, "desk") => "&returned=yes&served=yes",
            (true, _) => "&returned=yes",
            (false, _) => "",
        };
        return Redirect::to(&format!("/return?q={}{done}", encoded(sent(&form, "_code"))))
            .into_response();
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    let typed = (form.as_slice(), &problem);
    match page(&site, &headers, &actor, (sent(&form, "_code"), Some(typed))).await {
        Ok(page) => (status, render(&page)).into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

async fn acted(
    site: &Site,
    headers: &HeaderMap,
    actor: &Arc<Actor>,
    form: &[(String, String)],
) -> Result<(), Refused> {
    check_token(headers, form)?;
    let id = DocumentId::from_hex(sent(form, "_id")).ok_or(Refused::new(404, "not-found"))?;
    let body = json_of(form)?;
    let once = Once {
        key: sent(form, "_key").to_owned(),
        body: format!("form /return {id} {body}").into_bytes(),
    };
    desk::act(&site.office, actor, id, &once, &body).await.map(|_| ())
}

/// What was typed in the forms of other steps, by the step.
fn beside(form: &[(String, String)]) -> Vec<(EventKind, Vec<(String, String)>)> {
    let typed = |kind: EventKind| {
        let prefix = format!("{BESIDE}{}.", kind.code());
        let fields = form.iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(&prefix)?.to_owned(), value.clone()))
        });
        (kind, fields.collect::<Vec<_>>())
    };
    STEPS.into_iter().map(typed).filter(|(_, fields)| !fields.is_empty()).collect()
}

/// Keeps what was typed for other steps, and nothing of the one that is done.
async fn keep(site: &Site, actor: &Actor, form: &[(String, String)]) {
    let id = sent(form, "_id");
    let done = draft_of(id, sent(form, "kind"));
    drafts::finished(&site.office, actor, &done, (DRAFTS, DRAFTS_MAX)).await;
    for (kind, fields) in beside(form) {
        drafts::keep(&site.office, actor, &draft_of(id, kind.code()), &fields).await;
    }
}

/// What was typed in a form of the page, and what is wrong with it.
type Typed<'a> = Option<(&'a [(String, String)], &'a Refused)>;

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Arc<Actor>,
    (query, typed): (&str, Typed<'_>),
) -> Result<ReturnPage, Refused> {
    let (words, _) = site.words(headers);
    // A slip's code is followed by its secret; people may type no more than its last digits.
    let query = query.split('|').next().unwrap_or_default().trim().to_owned();
    let found = if query.is_empty() { Vec::new() } else { found(site, actor, &query).await? };
    let id = match found.as_slice() {
        [one] => DocumentId::from_hex(&text(one, "/id")),
        _ => None,
    };
    let mut counter = match id {
        Some(id) => {
            let dossier = desk::open(&site.office, actor, id).await?;
            let mut counter = counter(site, words, &dossier);
            for step in &mut counter.forms {
                let begun = draft_of(&counter.id, step.kind);
                step.fill(&drafts::typed(&site.office, actor, &begun).await?);
            }
            Some(counter)
        }
        None => None,
    };
    let problem = match typed {
        None => String::new(),
        Some((form, problem)) => {
            let beside = beside(form);
            let mut steps: Vec<&mut Step> =
                counter.iter_mut().flat_map(|counter| &mut counter.forms).collect();
            for step in &mut steps {
                let own = beside.iter().find(|(kind, _)| kind.code() == step.kind);
                if let Some((_, fields)) = own {
                    step.fill(fields);
                }
            }
            let step = steps.into_iter().filter(|step| step.kind == sent(form, "kind"));
            let fields = step.flat_map(|step| {
                step.fill(form);
                &mut step.fields
            });
            placed(site, words, problem, fields.map(|field| ("", field))).0
        }
    };
    let unclaimed = unclaimed(site, actor).await?;
    Ok(ReturnPage {
        frame: frame(site, headers, "page-return", Some(actor)).await,
        ask: words.say("return-ask"),
        find: words.say("find"),
        problem,
        nothing: if found.is_empty() && !query.is_empty() {
            words.say("return-nothing")
        } else {
            String::new()
        },
        found: if found.len() > 1 { found.iter().map(waiting).collect() } else { Vec::new() },
        query,
        counter,
        unclaimed_title: words.say("return-unclaimed"),
        unclaimed: unclaimed.iter().map(waiting).collect(),
        unclaimed_none: words.say("return-unclaimed-none"),
        columns: ["code", "applicant", "since", "due"]
            .map(|column| words.say(&format!("column-{column}"))),
        rating: rating(site, words, (false, false)).await?,
    })
}

/// The dossiers that the query means: the one with exactly this code, or what the search finds.
async fn found(site: &Site, actor: &Arc<Actor>, query: &str) -> Result<Vec<Value>, Refused> {
    let asked = ListQuery { q: query.to_owned(), limit: Some(FOUND_MAX), ..ListQuery::default() };
    let listed = desk::list(&site.office, actor, asked).await?;
    let rows: Vec<Value> = list(&listed, "/items").cloned().collect();
    let exact = rows.iter().filter(|row| text(row, "/code").eq_ignore_ascii_case(query));
    let exact: Vec<Value> = exact.cloned().collect();
    Ok(if exact.is_empty() { rows } else { exact })
}

/// Results that lie here and nobody has collected, those that have waited longest first.
async fn unclaimed(site: &Site, actor: &Arc<Actor>) -> Result<Vec<Value>, Refused> {
    let state = site.office.state();
    let own = state.unit(site.office.unit()).map(|unit| unit.code.clone()).unwrap_or_default();
    let asked = ListQuery {
        status: Some("done".to_owned()),
        unit: Some(own.clone()),
        limit: Some(UNCLAIMED_MAX),
        ..ListQuery::default()
    };
    let listed = desk::list(&site.office, actor, asked).await?;
    let here = list(&listed, "/items").filter(|row| text(row, "/return_unit") == own);
    let mut rows: Vec<Value> = here.cloned().collect();
    rows.sort_by_key(|row| text(row, "/finished_at"));
    Ok(rows)
}

fn waiting(row: &Value) -> Waiting {
    let code = text(row, "/code");
    Waiting {
        address: format!("/return?q={}", encoded(&code)),
        code,
        applicant: text(row, "/applicant"),
        since: moment(&text(row, "/finished_at")),
        due: moment(&text(row, "/due_at")),
    }
}

fn counter(site: &Site, words: &Words, dossier: &Value) -> Counter {
    let may = |kind: EventKind| list(dossier, "/actions").any(|offered| offered == kind.code());
    let owed = text(dossier, "/open").parse::<i64>().unwrap_or_default().max(0);
    let forms = STEPS.into_iter().filter(|kind| may(*kind));
    let (sentence, tone) = sentence(words, dossier, may(EventKind::Returned));
    let fact = |key: &str, value: String| (words.say(key), value);
    let facts = [
        fact("party-applicant", text(dossier, "/applicant/name")),
        fact("party-owner", text(dossier, "/owner/name")),
        fact("party-representative", text(dossier, "/representative/name")),
        fact("fact-procedure", text(dossier, "/procedure/name")),
        fact("fact-result", result(dossier)),
        fact("field-return-unit", site.place(&text(dossier, "/return_unit"))),
    ];
    Counter {
        id: text(dossier, "/id"),
        version: text(dossier, "/version"),
        key: fresh_key(),
        heading: text(dossier, "/code"),
        open: words.say("receive-open"),
        sentence,
        tone,
        handed: handed(dossier),
        facts: facts.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        owed: match owed {
            0 => String::new(),
            _ => {
                let amount = money(&owed.to_string());
                words.say_with("return-owed", &[("amount", amount)].into_iter().collect())
            }
        },
        forms: forms.map(|kind| step(site, words, dossier, kind)).collect(),
    }
}

fn result(dossier: &Value) -> String {
    let (number, day) = (text(dossier, "/result/number"), text(dossier, "/result/date"));
    if number.is_empty() { String::new() } else { format!("{number}, {}", date(&day)) }
}

/// To whom the result was handed over, and when; nothing while it was not.
fn handed(dossier: &Value) -> Option<(String, String)> {
    let returned = list(dossier, "/events").filter(|event| {
        text(event, "/kind") == "returned" && event.get("effect") == Some(&Value::Bool(true))
    });
    let event = returned.last()?;
    Some((text(event, "/body/receiver"), moment(&text(event, "/at"))))
}

fn say_handed(words: &Words, key: &str, (receiver, at): (String, String)) -> String {
    words.say_with(key, &[("receiver", receiver), ("at", at)].into_iter().collect())
}

/// Why a result is not returned a second time: to whom it went, and when.
pub(super) fn returned_before(words: &Words, dossier: &Value) -> Option<String> {
    handed(dossier).map(|handed| say_handed(words, "return-done", handed))
}

/// What the clerk must know first, and its tone.
fn sentence(words: &Words, dossier: &Value, ready: bool) -> (String, &'static str) {
    if let Some(before) = returned_before(words, dossier) {
        return (before, "over");
    }
    if ready {
        return (words.say("return-ready"), "ready");
    }
    let status = text(dossier, "/status").replace('_', "-");
    let values = [
        ("status", words.say(&format!("status-{status}"))),
        ("due", moment(&text(dossier, "/due_at"))),
    ];
    (words.say_with("return-not-ready", &values.into_iter().collect()), "wait")
}

fn step(site: &Site, words: &Words, dossier: &Value, kind: EventKind) -> Step {
    let action = action(site, words, dossier, kind);
    let mut fields = action.fields;
    if kind == EventKind::Returned {
        for field in &mut fields {
            match field.name.as_str() {
                "receiver" => field.value = text(dossier, "/applicant/name"),
                "evidence" => field.value = words.say("return-signature"),
                "channel" => field.value = text(dossier, "/result_channel"),
                _ => {}
            }
        }
    }
    Step { kind: kind.code(), label: action.label, fields }
}
