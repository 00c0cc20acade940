//! The form of reception.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::secret;
use serde_json::Value;

use super::{
    super::{catalogue, site::Site, words::Words},
    fields::{Choice, Field, choices, json_of, sent},
    frame::{Frame, check_token, frame, render},
    refused,
};
use crate::{
    desk::{self, Once, Refused},
    people::Actor,
};

/// Lines for papers.
const PAPERS: usize = 4;

#[derive(Template)]
#[template(path = "receive.html")]
struct ReceivePage {
    frame: Frame,
    problem: String,
    key: String,
    groups: Vec<Group>,
    save: String,
}

/// Fields that belong together.
struct Group {
    title: String,
    fields: Vec<Field>,
}

/// The empty form.
pub(super) async fn form(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match site.actor(&headers).await {
        Ok(actor) => render(&page(&site, &headers, &actor, (&[], None)).await),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Receives, or gives the form back with what was typed and what is wrong.
pub(super) async fn receive(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let actor = match site.actor(&headers).await {
        Ok(actor) => actor,
        Err(problem) => return refused(&site, &headers, &problem).await,
    };
    if let Err(problem) = check_token(&headers, &form) {
        return refused(&site, &headers, &problem).await;
    }
    let body = json_of(&form);
    let key = sent(&form, "_key").to_owned();
    let once = Once { key, body: format!("form /receive {body}").into_bytes() };
    match desk::receive(&site.office, &actor, &once, &body).await {
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

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Actor,
    (form, problem): (&[(String, String)], Option<&Refused>),
) -> ReceivePage {
    let (words, _) = site.words(headers);
    let wrong = problem.and_then(|problem| problem.about.as_deref());
    let mut groups = groups(site, words);
    for field in groups.iter_mut().flat_map(|group| &mut group.fields) {
        *field = std::mem::take(field).typed(form, wrong);
    }
    ReceivePage {
        frame: frame(site, headers, "page-receive", Some(actor)).await,
        problem: problem.map(|problem| site.sentence(headers, problem)).unwrap_or_default(),
        key: fresh_key(),
        groups,
        save: words.say("save"),
    }
}

/// A key for one action: sending the same page twice makes one dossier.
pub(super) fn fresh_key() -> String {
    let chance = secret::chance::<16>().unwrap_or_default();
    data_encoding::HEXLOWER.encode(&chance)
}

fn groups(site: &Site, words: &Words) -> Vec<Group> {
    let field = |name: &str, kind, required| Field::new(words, name, kind, required);
    let choose = |name: &str, key: &str, codes: &[&str]| {
        Field::new(words, name, "select", true).of(choices(words, key, codes))
    };
    let papers = (0..PAPERS).flat_map(|line| {
        let name = |part: &str| format!("papers.{line}.{part}");
        let count = |part: &str, value: &str| {
            let mut field = Field::new(words, &name(part), "number", false);
            value.clone_into(&mut field.value);
            field
        };
        [
            Field::new(words, &name("name"), "text", false),
            count("originals", "1"),
            count("certified_copies", "0"),
            count("photocopies", "0"),
        ]
    });
    let group = |title: &str, fields| Group { title: words.say(title), fields };
    vec![
        group(
            "group-procedure",
            vec![
                field("procedure_code", "select", true).of(procedures(site)),
                field("competent_unit", "select", false).of(offices(site, words, "by-procedure")),
                field("return_unit", "select", false).of(offices(site, words, "here")),
            ],
        ),
        group(
            "group-applicant",
            vec![
                choose(
                    "applicant.kind",
                    "party",
                    &["person", "organisation", "household_business"],
                ),
                field("applicant.name", "text", true),
                field("applicant.id_number", "text", false),
                field("applicant.birth_date", "date", false),
                field("applicant.phone", "text", false),
                field("applicant.email", "text", false),
                field("applicant.address", "text", false),
            ],
        ),
        group(
            "party-representative",
            vec![
                field("representative.name", "text", false),
                field("representative.id_number", "text", false),
                field("representative.authority", "text", false),
            ],
        ),
        group("group-papers", papers.collect()),
        group(
            "group-way",
            vec![
                choose("channel", "channel", &["counter", "post", "online"]),
                choose("result_channel", "channel", &["desk", "post", "electronic"]),
                field("note", "area", false),
            ],
        ),
        group(
            "group-late",
            vec![
                field("received_at", "datetime-local", false),
                field("paper_reference", "text", false),
                field("reason", "text", false),
            ],
        ),
    ]
}

fn procedures(site: &Site) -> Vec<Choice> {
    let all = catalogue::in_force(&site.office.state(), &[]);
    let text = |procedure: &Value, name: &str| {
        procedure.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    all.iter()
        .map(|procedure| Choice {
            value: text(procedure, "code"),
            label: format!("{} – {}", text(procedure, "code"), text(procedure, "name")),
        })
        .collect()
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
