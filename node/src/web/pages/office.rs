//! The administrator's page: the people of the office, its link, codes that give way to others.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use fluent_bundle::FluentArgs;
use hoso_dossier::deadline::local_date;
use hoso_engine::{close::CloseCode, web::Words};
use hoso_registry::{Day, Role};
use serde_json::Value;

use super::{
    super::site::Site,
    backlog,
    dossier::list,
    fields::sent,
    frame::{Frame, check_token, frame, moment, render},
    receive::fresh_key,
    refused,
};
use crate::{
    desk::{self, Refused},
    office::{Copy, Trouble},
    people::Actor,
    times,
};

#[derive(Template)]
#[template(path = "office.html")]
struct OfficePage {
    frame: Frame,
    link_title: String,
    /// What waits on the link, and for how long.
    backlog: Vec<String>,
    /// What the button does: `on` or `off`; empty where there is nothing to link to.
    switch_to: &'static str,
    switch: String,
    /// What leads to the page of what is carried.
    stick: String,
    /// How the other machines of the unit stand; none where none is looked for.
    copies: Option<Copies>,
    steps_title: String,
    /// What comes before the first day at the desk, in order; empty when all of it is done.
    steps: Vec<Step>,
    codes_title: String,
    codes_none: String,
    /// Dossiers by id with the code that may give way.
    codes: Vec<(String, String)>,
    reissue: String,
    key: String,
}

/// The other machines of the unit, each in a sentence.
struct Copies {
    title: String,
    none: String,
    lines: Vec<String>,
    /// Who was not let in.
    turned_away: Option<String>,
}

/// One thing to do before the first day.
struct Step {
    done: bool,
    /// Whether it is done, in a word.
    state: String,
    label: String,
    how: String,
    /// Where it is done, if on a page.
    address: &'static str,
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

/// Whoever asks, if they administer the unit.
pub(in super::super) async fn administrator(
    site: &Site,
    headers: &HeaderMap,
) -> Result<Arc<Actor>, Refused> {
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
    let steps = steps(site, words).await?;
    let codes = desk::reissuable(&site.office).await?;
    let switch_to = match *site.office.memory.link_wanted().borrow() {
        _ if site.office.is_training() => "",
        true => "off",
        false => "on",
    };
    let mut frame = frame(site, headers, "page-office", Some(&actor)).await;
    frame.choose("/office");
    Ok(OfficePage {
        frame,
        link_title: words.say("office-link"),
        backlog: waiting(site, words).await?,
        switch_to,
        switch: match switch_to {
            "" => String::new(),
            to => words.say(&format!("office-link-{to}")),
        },
        stick: words.say("page-stick"),
        copies: copies(site, words).await?,
        steps_title: words.say("office-steps"),
        steps,
        codes_title: words.say("office-codes"),
        codes_none: words.say("office-codes-none"),
        codes: codes.into_iter().map(|(document, code)| (document.to_string(), code)).collect(),
        reissue: words.say("event-code-reissued"),
        key: fresh_key(),
    })
}

/// What waits on the link, where there is one.
async fn waiting(site: &Site, words: &Words) -> Result<Vec<String>, Refused> {
    if site.office.is_training() {
        return Ok(Vec::new());
    }
    Ok(backlog::lines(words, &site.office.sync_status().await?))
}

/// The second copy, if one is kept or looked for.
async fn copies(site: &Site, words: &Words) -> Result<Option<Copies>, Refused> {
    let copies = site.office.copies().await?;
    if copies.is_empty() && !site.office.lan.borrow().is_wanted {
        return Ok(None);
    }
    let line = |copy: &Copy| {
        let mut values = FluentArgs::new();
        values.set("label", copy.label.clone());
        values.set("pending", copy.pending);
        let stands = words.say_with(
            if copy.is_connected { "office-copy-up" } else { "office-copy-down" },
            &values,
        );
        let Some(heard) = copy.acknowledged_ms.and_then(times::text_of) else { return stands };
        values.set("heard", moment(&heard));
        format!("{stands} {}", words.say_with("office-copy-heard", &values))
    };
    Ok(Some(Copies {
        title: words.say("office-copies"),
        none: words.say("office-copies-none"),
        lines: copies.iter().map(line).collect(),
        turned_away: turned_away(site, words),
    }))
}

/// How often and why a machine was not let in, and when last.
fn turned_away(site: &Site, words: &Words) -> Option<String> {
    let lan = site.office.lan.borrow();
    let last = lan.last_turned_away?;
    let mut values = FluentArgs::new();
    values.set("count", lan.turned_away);
    values.set("at", times::text_of(last.at_ms).map(|at| moment(&at)).unwrap_or_default());
    let why = if last.why == CloseCode::Ended { "ended" } else { "stranger" };
    Some(words.say_with(&format!("office-copy-{why}"), &values))
}

/// What comes before the first day at the desk, each with whether the node knows that it was done.
async fn steps(site: &Site, words: &Words) -> Result<Vec<Step>, Refused> {
    let people = site.office.list_users().await?;
    let is_at_the_desk = |item: &Value| {
        let works = |role: &Value| Role::DESK.iter().any(|desk| role == desk.code());
        list(item, "/roles").any(works) && item.get("disabled") == Some(&Value::Bool(false))
    };
    let troubles = site.office.troubles().await;
    let was_backed_up = !troubles.contains(&Trouble::BackupNever);
    let (counts, _) = desk::work(&site.office).await?;
    let today = local_date(times::now_ms()).map_or(0, |date| Day(date).number());
    let step = |code: &str, done: bool, address: &'static str| Step {
        done,
        state: words.say(if done { "step-done" } else { "step-open" }),
        label: words.say(&format!("step-{code}")),
        how: words.say(&format!("step-{code}-how")),
        address,
    };
    let steps = vec![
        step("people", list(&people, "/items").any(is_at_the_desk), "/office/people"),
        step("points", !site.office.openings().await?.is_empty(), "/office/hours"),
        step("hours", site.office.opens_all_week(today).await?, "/office/hours"),
        step("test-page", !site.office.tested_papers().await?.is_empty(), "/office/papers"),
        step("papers", !site.office.usual_papers().await?.is_empty(), "/office/papers"),
        step("backup", was_backed_up, "/office/backup"),
        step("dossier", counts.iter().any(|(_, count)| *count > 0), ""),
    ];
    Ok(if steps.iter().all(|step| step.done) { Vec::new() } else { steps })
}
