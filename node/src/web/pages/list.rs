//! The list of dossiers with search, filters and counts.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use hoso_dossier::axes::Status;
use hoso_engine::web::Words;
use hoso_registry::Role;
use serde_json::Value;

use super::{
    super::site::Site,
    fields::{self, choices},
    frame::{Frame, frame, render},
    refused,
    rows::{BY_NAME, Choice, Row, note_badges, pairs, rows},
};
use crate::desk::{self, Refused};

/// The names of due times by which a list is filtered.
const DUES: [&str; 5] = ["overdue", "today", "soon", "later", "none"];

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    frame: Frame,
    query: String,
    /// The chosen status, for the filter within it.
    status: String,
    due_label: String,
    due: String,
    dues: Vec<fields::Choice>,
    sort_label: String,
    sort: String,
    sorts: Vec<fields::Choice>,
    apply: String,
    /// The statuses within which a search can be narrowed.
    facets: Vec<Facet>,
    within: String,
    columns: Columns,
    rows: Vec<Row>,
    empty: Empty,
    more: String,
    next: String,
}

/// One status within which a search can be narrowed.
struct Facet {
    address: String,
    label: String,
    chosen: bool,
}

/// The headings of the columns.
struct Columns {
    code: String,
    applicant: String,
    procedure: String,
    status: String,
    due: String,
    units: String,
    sync: String,
}

/// What stands where there are no rows.
struct Empty {
    title: String,
    text: String,
    /// What to do about it.
    address: String,
    action: String,
}

/// The page.
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    match page(&site, &headers, query).await {
        Ok(Some(page)) => render(&page),
        Ok(None) => Redirect::to("/office").into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// The page; none for administrators, who read no dossiers and have a page of their own.
async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    pairs_sent: Vec<(String, String)>,
) -> Result<Option<ListPage>, Refused> {
    let actor = site.actor(headers).await?;
    if !actor.reads() && actor.author.has(Role::Administrator) {
        return Ok(None);
    }
    let (choice, query) = Choice::of(pairs_sent)?;
    let listed = desk::list(&site.office, &actor, query).await?;
    let (words, _) = site.words(headers);
    let mut rows = rows(site, words, &listed, &choice);
    note_badges(site, words, &mut rows).await?;
    let next = listed.get("next").and_then(Value::as_str).map(|after| {
        let context = choice.to_text();
        format!("/?{}", [context, pairs(&[("after", after)])].join("&"))
    });
    let mut frame = frame(site, headers, "page-list", Some(&actor)).await;
    frame.title = title(words, &choice);
    frame.query.clone_from(&choice.query);
    frame.choose(&choice.unsorted().address());
    let open = fields::Choice { value: String::new(), label: words.say("all") };
    Ok(Some(ListPage {
        due_label: words.say("column-due"),
        dues: std::iter::once(open).chain(choices(words, "due", &DUES)).collect(),
        sort_label: words.say("sort"),
        sorts: sorts(words),
        apply: words.say("apply"),
        facets: facets(words, &choice),
        within: words.say("within"),
        columns: columns(words),
        rows,
        empty: empty(words, &choice, &frame),
        more: words.say("more"),
        next: next.unwrap_or_default(),
        status: choice.status,
        due: choice.due,
        sort: choice.sort,
        query: choice.query,
        frame,
    }))
}

/// The orders in which a list can be.
fn sorts(words: &Words) -> Vec<fields::Choice> {
    let each = [("", words.say("sort-usual")), (BY_NAME, words.say("sort-name"))];
    each.map(|(value, label)| fields::Choice { value: value.to_owned(), label }).into()
}

/// What the list is called.
fn title(words: &Words, choice: &Choice) -> String {
    if !choice.query.trim().is_empty() {
        let values = [("query", choice.query.as_str())].into_iter().collect();
        return words.say_with("list-found", &values);
    }
    match (choice.review, choice.status.as_str(), choice.due.as_str()) {
        (true, ..) => words.say("needs-review"),
        (false, "", "") => words.say("list-open"),
        (false, "", due) => words.say(&format!("due-{due}")),
        (false, status, _) => words.say(&format!("list-{}", status.replace('_', "-"))),
    }
}

fn columns(words: &Words) -> Columns {
    let column = |name: &str| words.say(&format!("column-{name}"));
    Columns {
        code: column("code"),
        applicant: column("applicant"),
        procedure: column("procedure"),
        status: column("status"),
        due: column("due"),
        units: column("units"),
        sync: column("sync"),
    }
}

/// The statuses within which a search can be narrowed; none where nothing is searched.
fn facets(words: &Words, choice: &Choice) -> Vec<Facet> {
    if choice.query.trim().is_empty() {
        return Vec::new();
    }
    let all = std::iter::once(("", words.say("all")));
    let each = Status::ALL.iter().map(|status| {
        let code = status.code();
        (code, words.say(&format!("status-{}", code.replace('_', "-"))))
    });
    let facet = |(code, label): (&str, String)| Facet {
        address: choice.within(code).address(),
        label,
        chosen: choice.status == code,
    };
    all.chain(each).map(facet).collect()
}

/// Why there are no rows, and what can be done.
fn empty(words: &Words, choice: &Choice, frame: &Frame) -> Empty {
    let (kind, address, action) = if !choice.query.trim().is_empty() {
        ("search", "/", words.say("back"))
    } else if !choice.due.is_empty() || choice.review {
        ("due", "/", words.say("back"))
    } else if choice.status.is_empty() && !frame.receive.is_empty() {
        ("open", "/receive", frame.receive.clone())
    } else if choice.status.is_empty() {
        ("open", "", String::new())
    } else {
        ("status", "/", words.say("back"))
    };
    Empty {
        title: words.say(&format!("empty-{kind}")),
        text: words.say(&format!("empty-{kind}-why")),
        address: address.to_owned(),
        action,
    }
}
