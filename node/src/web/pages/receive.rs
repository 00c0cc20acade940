//! The form of reception.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use hoso_dossier::deadline::local_date;
use hoso_engine::{secret, web::Words};
use serde_json::Value;
use time::Date;

use super::{
    super::{catalogue, site::Site},
    dossier::{Day, days},
    fields::{Choice, Field, choices, json_of, placed, sent, value_sent},
    frame::{Frame, check_token, frame, moment, render},
    refused,
    session::{RECEIVE, form_keeping},
};
use crate::{
    desk::{self, Once, Refused},
    people::Actor,
    times,
};

/// Lines for papers that an empty form shows.
const PAPERS: usize = 4;
/// What an applicant or owner can be.
const PARTIES: [&str; 3] = ["person", "organisation", "household_business"];
/// Lines for papers at most.
const PAPERS_MAX: usize = 32;

#[derive(Template)]
#[template(path = "receive.html")]
struct ReceivePage {
    frame: Frame,
    problem: String,
    /// The field that it is about.
    problem_at: String,
    key: String,
    groups: Vec<Group>,
    due_title: String,
    due: String,
    due_steps: Vec<Day>,
    save: String,
    fill: String,
}

/// Fields that belong together.
struct Group {
    title: String,
    fields: Vec<Field>,
}

/// The empty form.
pub(super) async fn form(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match site.actor(&headers).await {
        Ok(actor) => form_with(&site, &headers, &actor, &[]).await,
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// The form with what was typed.
pub(super) async fn form_with(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Actor,
    typed: &[(String, String)],
) -> Response {
    render(&page(site, headers, actor, (typed, None)).await)
}

/// Receives, or gives the form back with what was typed and what is wrong.
pub(super) async fn receive(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let actor = match site.actor(&headers).await {
        Ok(actor) => actor,
        Err(problem) if problem.status == 401 => {
            return form_keeping(&site, &headers, (&problem, RECEIVE), &form).await;
        }
        Err(problem) => return refused(&site, &headers, &problem).await,
    };
    if let Err(problem) = check_token(&headers, &form) {
        // The session is another one than the form's, after a log-in elsewhere: nothing is lost.
        let page = page(&site, &headers, &actor, (&form, Some(&problem))).await;
        return (StatusCode::FORBIDDEN, render(&page)).into_response();
    }
    if sent(&form, "_do") == "fill" {
        return form_with(&site, &headers, &actor, &filled(&site, form)).await;
    }
    let received = async {
        let body = json_of(&form)?;
        let key = sent(&form, "_key").to_owned();
        let once = Once { key, body: format!("form /receive {body}").into_bytes() };
        desk::receive(&site.office, &actor, &once, &body).await
    };
    match received.await {
        Ok(dossier) => {
            let id = dossier.get("id").and_then(Value::as_str).unwrap_or_default();
            Redirect::to(&format!("/dossiers/{id}")).into_response()
        }
        Err(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
            let page = page(&site, &headers, &actor, (&form, Some(&problem))).await;
            (status, render(&page)).into_response()
        }
    }
}

/// The form with the papers that the chosen procedure takes.
fn filled(site: &Site, mut form: Vec<(String, String)>) -> Vec<(String, String)> {
    let procedure = chosen(site, &form);
    let papers = procedure.as_ref().and_then(|procedure| procedure.get("papers"));
    let papers = papers.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    form.retain(|(name, _)| !name.starts_with("papers."));
    for (line, paper) in papers.take(PAPERS_MAX).enumerate() {
        form.push((format!("papers.{line}.name"), paper.to_owned()));
    }
    form
}

/// The day on which the dossier was handed in, as it was typed: today if nothing was.
fn day(form: &[(String, String)]) -> Option<Date> {
    let received_at = value_sent(form, "received_at");
    let received_ms = received_at.as_str().and_then(times::instant);
    local_date(received_ms.unwrap_or_else(times::now_ms))
}

fn chosen(site: &Site, form: &[(String, String)]) -> Option<Value> {
    let code = sent(form, "procedure_code");
    let procedures = catalogue::in_force(&site.office.state(), &[], day(form));
    procedures.into_iter().find(|procedure| procedure.get("code").is_some_and(|its| its == code))
}

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Actor,
    (form, problem): (&[(String, String)], Option<&Refused>),
) -> ReceivePage {
    let (words, _) = site.words(headers);
    let mut groups = groups(site, words, (lines(form), day(form)));
    for field in groups.iter_mut().flat_map(|group| &mut group.fields) {
        field.typed(form);
    }
    let fields = groups.iter_mut().flat_map(|group| {
        let title = group.title.as_str();
        group.fields.iter_mut().map(move |field| (title, field))
    });
    let (sentence, problem_at) =
        problem.map(|problem| placed(site, words, problem, fields)).unwrap_or_default();
    let due = due(site, form).unwrap_or_default();
    let due_at = due.get("due_at").and_then(Value::as_str);
    let due_at = due_at.map_or_else(|| words.say("due-none"), moment);
    ReceivePage {
        frame: frame(site, headers, "page-receive", Some(actor)).await,
        problem: sentence,
        problem_at,
        key: key(form, problem),
        groups,
        due_title: words.say("column-due"),
        due: if due.is_null() { String::new() } else { due_at },
        due_steps: days(words, due.get("steps")),
        save: words.say("save"),
        fill: words.say("fill"),
    }
}

/// When it would be due, once a procedure is chosen.
fn due(site: &Site, form: &[(String, String)]) -> Option<Value> {
    let code = Some(sent(form, "procedure_code")).filter(|code| !code.is_empty())?;
    let received_at = value_sent(form, "received_at");
    let competent = Some(sent(form, "competent_unit"));
    desk::due(&site.office, code, received_at.as_str(), competent).ok()
}

/// How many lines for papers a form needs.
fn lines(form: &[(String, String)]) -> usize {
    let lines = form.iter().filter_map(|(name, _)| name.strip_prefix("papers."));
    let lines = lines.filter_map(|rest| rest.split('.').next()?.parse::<usize>().ok());
    lines.max().map_or(PAPERS, |last| last.saturating_add(1)).clamp(PAPERS, PAPERS_MAX)
}

/// The key of this form. It stays the same while one dossier is meant, so that one whose answer
/// was lost is found again; a key that has done its work gives way to a new one.
fn key(form: &[(String, String)], problem: Option<&Refused>) -> String {
    let used = problem.is_some_and(|problem| problem.code.starts_with("idempotency"));
    let key = sent(form, "_key");
    if used || key.is_empty() { fresh_key() } else { key.to_owned() }
}

/// A key for one action: sending the same page twice makes one dossier.
pub(super) fn fresh_key() -> String {
    let chance = secret::chance::<16>().unwrap_or_default();
    data_encoding::HEXLOWER.encode(&chance)
}

fn groups(site: &Site, words: &Words, (lines, day): (usize, Option<Date>)) -> Vec<Group> {
    let field = |name: &str, kind, required| Field::new(words, name, kind, required);
    let choose = |name: &str, key: &str, codes: &[&str]| {
        field(name, "select", true).of(choices(words, key, codes))
    };
    let group = |title: &str, fields| Group { title: words.say(title), fields };
    let party = |whose: &str, required: bool| {
        let part = |part: &str, kind| field(&format!("{whose}.{part}"), kind, false);
        let kinds = choices(words, "party", &PARTIES);
        let unsaid = Choice { value: String::new(), label: words.say("choose") };
        let unsaid = std::iter::once(unsaid).filter(|_| !required);
        vec![
            field(&format!("{whose}.kind"), "select", required).of(unsaid.chain(kinds).collect()),
            field(&format!("{whose}.name"), "text", required),
            part("id_number", "text"),
            part("birth_date", "date"),
            part("phone", "tel"),
            part("email", "email"),
            part("address", "text"),
        ]
    };
    let mut groups = vec![
        group(
            "group-procedure",
            vec![
                field("procedure_code", "select", true).of(procedures(site, words, day)),
                field("competent_unit", "select", false).of(offices(site, words, "by-procedure")),
                field("return_unit", "select", false).of(offices(site, words, "here")),
            ],
        ),
        group("group-applicant", party("applicant", true)),
        group("party-owner", party("owner", false)),
        group(
            "party-representative",
            vec![
                field("representative.name", "text", false),
                field("representative.id_number", "text", false),
                field("representative.authority", "text", false),
            ],
        ),
    ];
    groups.extend((0..lines).map(|line| papers(words, line)));
    groups.push(group(
        "group-way",
        vec![
            choose("channel", "channel", &["counter", "post", "online"]),
            choose("result_channel", "channel", &["desk", "post", "electronic"]),
            field("sets", "number", false).holding("1"),
            field("note", "area", false),
        ],
    ));
    groups.push(group(
        "group-late",
        vec![
            field("received_at", "datetime-local", false),
            field("paper_reference", "text", false),
            field("reason", "text", false),
        ],
    ));
    groups
}

/// One line of the papers.
fn papers(words: &Words, line: usize) -> Group {
    let number = line.saturating_add(1).to_string();
    let part = |part: &str, kind| Field::new(words, &format!("papers.{line}.{part}"), kind, false);
    Group {
        title: words.say_with("paper-number", &[("number", number)].into_iter().collect()),
        fields: vec![
            part("name", "text"),
            part("originals", "number"),
            part("certified_copies", "number"),
            part("photocopies", "number"),
        ],
    }
}

/// Those of that day: what is entered late was handed in under the catalogue of then.
fn procedures(site: &Site, words: &Words, day: Option<Date>) -> Vec<Choice> {
    let all = catalogue::in_force(&site.office.state(), &[], day);
    let first = Choice { value: String::new(), label: words.say("choose") };
    let text = |procedure: &Value, name: &str| {
        procedure.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let named = all.iter().map(|procedure| Choice {
        value: text(procedure, "code"),
        label: format!("{} – {}", text(procedure, "code"), text(procedure, "name")),
    });
    std::iter::once(first).chain(named).collect()
}

/// Units and agencies, after a first choice that leaves it open.
pub(super) fn offices(site: &Site, words: &Words, open: &str) -> Vec<Choice> {
    let state = site.office.state();
    let units = state.units().map(|unit| Choice {
        value: unit.code.clone(),
        label: format!("{} – {}", unit.code, unit.full_name()),
    });
    let agencies = state
        .agencies()
        .map(|agency| Choice { value: agency.code.clone(), label: agency.name.clone() });
    let first = Choice { value: String::new(), label: words.say(open) };
    std::iter::once(first).chain(units).chain(agencies).collect()
}
