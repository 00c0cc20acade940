//! The administrator's page: the people of the office, its link, codes that give way to others.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::web::Words;
use hoso_registry::Role;
use serde_json::Value;

use super::{
    super::site::Site,
    dossier::{list, text},
    fields::sent,
    frame::{Frame, check_token, frame, render},
    receive::fresh_key,
    refused,
};
use crate::{
    desk::{self, Refused},
    people::Actor,
};

#[derive(Template)]
#[template(path = "office.html")]
struct OfficePage {
    frame: Frame,
    link_title: String,
    /// What the button does: `on` or `off`.
    switch_to: &'static str,
    switch: String,
    people_title: String,
    columns: [String; 4],
    people: Vec<Person>,
    codes_title: String,
    codes_none: String,
    /// Dossiers by id with the code that may give way.
    codes: Vec<(String, String)>,
    reissue: String,
    key: String,
}

struct Person {
    log_in: String,
    name: String,
    roles: String,
    state: String,
}

/// The page.
pub(super) async fn form(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match page(&site, &headers).await {
        Ok(page) => render(&page),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Switches the link.
pub(super) async fn switch(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let switched = async {
        administrator(&site, &headers).await?;
        check_token(&headers, &form)?;
        site.office.set_link(sent(&form, "link") == "on").await?;
        Ok(())
    };
    match switched.await {
        Ok(()) => Redirect::to("/office").into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

async fn administrator(site: &Site, headers: &HeaderMap) -> Result<Arc<Actor>, Refused> {
    let actor = site.actor(headers).await?;
    if actor.author.has(Role::Administrator) {
        Ok(actor)
    } else {
        Err(Refused::new(403, "rule-role"))
    }
}

async fn page(site: &Arc<Site>, headers: &HeaderMap) -> Result<OfficePage, Refused> {
    let actor = administrator(site, headers).await?;
    let (words, _) = site.words(headers);
    let people = site.office.list_users().await?;
    let codes = desk::reissuable(&site.office).await?;
    let switch_to = if *site.office.memory.link_wanted().borrow() { "off" } else { "on" };
    let columns =
        ["log-in", "name", "roles", "state"].map(|column| words.say(&format!("column-{column}")));
    Ok(OfficePage {
        frame: frame(site, headers, "page-office", Some(&actor)).await,
        link_title: words.say("office-link"),
        switch_to,
        switch: words.say(&format!("office-link-{switch_to}")),
        people_title: words.say("office-people"),
        columns,
        people: list(&people, "/items").map(|item| person(words, item)).collect(),
        codes_title: words.say("office-codes"),
        codes_none: words.say("office-codes-none"),
        codes: codes.into_iter().map(|(document, code)| (document.to_string(), code)).collect(),
        reissue: words.say("event-code-reissued"),
        key: fresh_key(),
    })
}

fn person(words: &Words, item: &Value) -> Person {
    let roles = list(item, "/roles").filter_map(Value::as_str);
    let roles: Vec<_> = roles.map(|role| words.say(&format!("role-{role}"))).collect();
    let disabled = item.get("disabled") == Some(&Value::Bool(true));
    Person {
        log_in: text(item, "/username"),
        name: text(item, "/name"),
        roles: roles.join(", "),
        state: words.say(if disabled { "log-in-disabled" } else { "log-in-open" }),
    }
}
