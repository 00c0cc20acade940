//! The list of dossiers with search, filter and counts.

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
    super::{
        api::list_query,
        site::{Site, encoded},
    },
    fields::{Choice, choices},
    frame::{Frame, frame, moment, render},
    refused,
};
use crate::desk::{self, Refused};

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    frame: Frame,
    search: String,
    query: String,
    find: String,
    /// The chosen status, for the search within it.
    status: String,
    due_label: String,
    due: String,
    dues: Vec<Choice>,
    lists: String,
    all: String,
    all_address: String,
    work: Vec<Work>,
    columns: [String; 6],
    rows: Vec<Row>,
    empty: String,
    more: String,
    next: String,
}

/// One work list with its count.
struct Work {
    address: String,
    label: String,
    count: u64,
    chosen: bool,
}

struct Row {
    id: String,
    code: String,
    applicant: String,
    procedure: String,
    status_code: String,
    status: String,
    due: String,
    timeliness: String,
    timeliness_code: String,
    units: String,
    review: String,
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
    pairs: Vec<(String, String)>,
) -> Result<Option<ListPage>, Refused> {
    let actor = site.actor(headers).await?;
    if !actor.reads() && actor.author.has(Role::Administrator) {
        return Ok(None);
    }
    let query = list_query(pairs)?;
    let status = query.status.clone().unwrap_or_default();
    let (wanted, due) = (query.q.clone(), query.due.clone().unwrap_or_default());
    let listed = desk::list(&site.office, &actor, query).await?;
    let (words, _) = site.words(headers);
    let counts = listed.get("counts");
    let work = Status::ALL.iter().map(|each| Work {
        address: address(&[("q", &wanted), ("due", &due), ("status", each.code())]),
        label: words.say(&format!("status-{}", each.code().replace('_', "-"))),
        count: counts
            .and_then(|counts| counts.get(each.code()))
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        chosen: status == each.code(),
    });
    let items = listed.get("items").and_then(Value::as_array);
    let rows = items.into_iter().flatten().map(|item| row(site, words, item));
    let next = listed.get("next").and_then(Value::as_str).map(|after| {
        address(&[("q", &wanted), ("due", &due), ("status", &status), ("after", after)])
    });
    let open = Choice { value: String::new(), label: words.say("all") };
    let dues = choices(words, "due", &["overdue", "today", "soon", "later", "none"]);
    let columns = ["code", "applicant", "procedure", "status", "due", "units"]
        .map(|column| words.say(&format!("column-{column}")));
    Ok(Some(ListPage {
        frame: frame(site, headers, "page-list", Some(&actor)).await,
        search: words.say("search"),
        find: words.say("find"),
        due_label: words.say("column-due"),
        dues: std::iter::once(open).chain(dues).collect(),
        lists: words.say("lists"),
        all: words.say("all"),
        all_address: address(&[("q", &wanted), ("due", &due)]),
        work: work.collect(),
        status,
        due,
        query: wanted,
        columns,
        rows: rows.collect(),
        empty: words.say("empty"),
        more: words.say("more"),
        next: next.unwrap_or_default(),
    }))
}

fn row(site: &Site, words: &Words, item: &Value) -> Row {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let due = text("due_at");
    let timeliness = text("timeliness");
    let says = |name: &str| item.get(name).and_then(Value::as_bool).unwrap_or_default();
    let (aside, review) = (says("set_aside"), says("needs_review"));
    Row {
        id: text("id"),
        code: text("code"),
        applicant: text("applicant"),
        procedure: text("procedure_code"),
        status: words.say(&format!("status-{}", text("status").replace('_', "-"))),
        status_code: text("status"),
        due: if due.is_empty() { words.say("due-none") } else { moment(&due) },
        timeliness: words.say(&format!("timeliness-{}", timeliness.replace('_', "-"))),
        timeliness_code: timeliness,
        units: way(site, &text("receiving_unit"), &text("competent_unit")),
        review: match (aside, review) {
            (true, _) => words.say("set-aside"),
            (false, true) => words.say("needs-review"),
            (false, false) => String::new(),
        },
    }
}

/// From where to where; one name if it stays.
fn way(site: &Site, from: &str, to: &str) -> String {
    if from == to {
        return site.place(from);
    }
    format!("{} → {}", site.place(from), site.place(to))
}

/// The list with these choices.
fn address(choices: &[(&str, &str)]) -> String {
    let chosen = choices.iter().filter(|(_, value)| !value.is_empty());
    let pairs = chosen.map(|(name, value)| format!("{name}={}", encoded(value)));
    format!("/?{}", pairs.collect::<Vec<_>>().join("&"))
}
