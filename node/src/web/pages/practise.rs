//! The exercises of a training realm: what to do, how far one has come, who has completed what, and
//! the way back to the beginning.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::web::Words;
use hoso_identity::PersonId;
use hoso_registry::Role;

use super::{
    super::site::Site,
    dossier::{list, text},
    fields::sent,
    frame::{Frame, check_token, frame, moment, render},
    office::administrator,
    refused,
};
use crate::{
    desk::Refused,
    people::Actor,
    practise::{Exercise, Progress},
    times,
};

#[derive(Template)]
#[template(path = "practise.html")]
struct PractisePage {
    frame: Frame,
    intro: String,
    exercises: Vec<Shown>,
    overview: String,
    /// Only an administrator begins again; empty for others.
    reset: String,
    reset_why: String,
    reset_sure: String,
}

/// An exercise as it stands for whoever looks.
struct Shown {
    code: &'static str,
    title: String,
    text: String,
    tone: &'static str,
    icon: &'static str,
    state: String,
    /// The bar of an outage that this exercise plays; empty where none is played.
    outage: String,
    steps: Vec<Tick>,
    begin: String,
    address: &'static str,
    /// Where they have begun it.
    dossier: Option<(String, String)>,
    /// What lets the colleague's change come in; empty where there is nothing to let in.
    colleague: String,
}

struct Tick {
    done: bool,
    label: String,
    state: String,
}

#[derive(Template)]
#[template(path = "practised.html")]
struct PractisedPage {
    frame: Frame,
    why: String,
    columns: Vec<String>,
    /// Somebody's name, and the time of each exercise that they have completed.
    people: Vec<(String, Vec<String>)>,
    back: String,
}

/// The exercises.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match page(&site, &headers).await {
        Ok(page) => render(&page),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Who has completed what.
pub(super) async fn overview(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match practised(&site, &headers).await {
        Ok(page) => render(&page),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Lets the colleague's change come in, and goes where there is now something to choose.
pub(super) async fn differ(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let differed = async {
        let actor = site.actor(&headers).await?;
        check_training(&site)?;
        check_token(&headers, &form)?;
        site.office.let_colleague_differ(&actor).await
    };
    match differed.await {
        Ok(dossier) => Redirect::to(&format!("/dossiers/{dossier}")).into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Begins again from nothing.
pub(super) async fn reset(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let begun = async {
        administrator(&site, &headers).await?;
        if !site.office.can_begin_again() {
            return Err(Refused::new(404, "not-found"));
        }
        check_token(&headers, &form)?;
        if sent(&form, "sure") != "yes" {
            return Err(Refused::new(422, "practise-sure"));
        }
        site.office.begin_again();
        Ok(())
    };
    match begun.await {
        Ok(()) => Redirect::to("/log-in").into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Elsewhere there is no such page.
fn check_training(site: &Site) -> Result<(), Refused> {
    if site.office.is_training() { Ok(()) } else { Err(Refused::new(404, "not-found")) }
}

async fn page(site: &Arc<Site>, headers: &HeaderMap) -> Result<PractisePage, Refused> {
    let actor = site.actor(headers).await?;
    check_training(site)?;
    let (words, _) = site.words(headers);
    let practised = site.office.practised(&[actor.person]).await?;
    let progress = practised.into_iter().next().unwrap_or_default();
    let exercises = Exercise::ALL.into_iter().zip(progress);
    let exercises = exercises.map(|(exercise, progress)| shown(words, &actor, exercise, progress));
    let administers = actor.author.has(Role::Administrator);
    let for_administrators = |key: &str| if administers { words.say(key) } else { String::new() };
    let reset = for_administrators("practise-reset");
    let reset = if site.office.can_begin_again() { reset } else { String::new() };
    let mut frame = frame(site, headers, "page-practise", Some(&actor)).await;
    frame.choose("/practise");
    Ok(PractisePage {
        frame,
        intro: words.say("practise-intro"),
        exercises: exercises.collect(),
        overview: for_administrators("page-practised"),
        reset,
        reset_why: words.say("practise-reset-why"),
        reset_sure: words.say("practise-reset-sure"),
    })
}

/// Where an exercise begins.
fn address(exercise: Exercise) -> &'static str {
    match exercise {
        Exercise::Reception => "/receive",
        Exercise::Supplement | Exercise::Payment | Exercise::Decision => "/?status=processing",
        Exercise::Return => "/return",
        Exercise::Conflict => "/?status=accepted",
    }
}

fn shown(words: &Words, actor: &Actor, exercise: Exercise, progress: Progress) -> Shown {
    let code = exercise.code();
    let (tone, icon, state) = match progress.completed_ms {
        Some(at_ms) => {
            let at = times::text_of(at_ms).map(|at| moment(&at)).unwrap_or_default();
            (
                "safe",
                "check",
                words.say_with("exercise-completed", &[("at", at)].into_iter().collect()),
            )
        }
        None if !exercise.is_open_to(actor) => ("", "pause", words.say("exercise-not-yours")),
        None => ("wait", "clock", words.say("exercise-open")),
    };
    let may_differ = exercise == Exercise::Conflict
        && progress.completed_ms.is_none()
        && progress.ticks.iter().copied().eq([true, false, false]);
    // The second station is away until its change comes in.
    let away = exercise == Exercise::Conflict && progress.ticks.get(1) == Some(&false);
    let pending = usize::from(progress.ticks.first() == Some(&true));
    let pending = [("pending", pending)].into_iter().collect();
    let ticks = (1..).zip(&progress.ticks).map(|(number, done)| Tick {
        done: *done,
        label: words.say(&format!("exercise-{code}-{number}")),
        state: words.say(if *done { "step-done" } else { "step-open" }),
    });
    Shown {
        code,
        title: words.say(&format!("exercise-{code}")),
        text: words.say(&format!("exercise-{code}-text")),
        tone,
        icon,
        state,
        outage: if away { words.say_with("exercise-outage", &pending) } else { String::new() },
        steps: ticks.collect(),
        begin: words.say("exercise-begin"),
        address: address(exercise),
        dossier: progress
            .dossier
            .map(|dossier| (format!("/dossiers/{dossier}"), words.say("exercise-dossier"))),
        colleague: if may_differ { words.say("exercise-colleague") } else { String::new() },
    }
}

async fn practised(site: &Arc<Site>, headers: &HeaderMap) -> Result<PractisedPage, Refused> {
    let actor = administrator(site, headers).await?;
    check_training(site)?;
    let (words, _) = site.words(headers);
    let listed = site.office.list_users().await?;
    let named = list(&listed, "/items").filter_map(|item| {
        let person = PersonId::from_hex(&text(item, "/person"))?;
        let works = list(item, "/roles").any(|role| role != Role::Administrator.code());
        works.then(|| (person, text(item, "/name")))
    });
    let (people, names): (Vec<PersonId>, Vec<String>) = named.unzip();
    let practised = site.office.practised(&people).await?;
    let at = |progress: Progress| {
        let at = progress.completed_ms.and_then(times::text_of);
        at.map_or_else(|| "–".to_owned(), |at| moment(&at))
    };
    let rows = names.into_iter().zip(practised);
    let rows = rows.map(|(name, done)| (name, done.map(at).into_iter().collect()));
    let mut columns = vec![words.say("column-name")];
    columns.extend(Exercise::ALL.map(|each| words.say(&format!("exercise-{}", each.code()))));
    Ok(PractisedPage {
        frame: frame(site, headers, "page-practised", Some(&actor)).await,
        why: words.say("practised-why"),
        columns,
        people: rows.collect(),
        back: words.say("back-to-exercises"),
    })
}
