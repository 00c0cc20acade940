//! Logging in and out, the language, and the page of a node that is not approved yet.

use std::{net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    Form,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::command::Secret;
use serde::Deserialize;

use super::{
    super::site::{LANGUAGE_COOKIE, Site, session_cookie, token},
    frame::{Frame, frame, render},
};
use crate::desk::Refused;

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage {
    frame: Frame,
    problem: String,
    user_name: String,
    password: String,
    /// The words to compare, while the node is not approved.
    words: String,
    pending: String,
}

/// The form of the log-in page.
#[derive(Deserialize)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

/// The form of the language switch.
#[derive(Deserialize)]
pub(super) struct LanguageForm {
    language: String,
}

/// The form to log in.
pub(super) async fn form(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    page(&site, &headers, String::new()).await
}

async fn page(site: &Arc<Site>, headers: &HeaderMap, problem: String) -> Response {
    let (words, _) = site.words(headers);
    let pending = site.office.pending_words().await.ok().flatten();
    render(&LogInPage {
        frame: frame(site, headers, "log-in", None).await,
        problem,
        user_name: words.say("user-name"),
        password: words.say("password"),
        pending: words.say("pending"),
        words: pending.unwrap_or_default(),
    })
}

/// Begins a session, or says what was wrong.
pub(super) async fn log_in(
    State(site): State<Arc<Site>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Response {
    let from = from.ip().to_string();
    match site.office.log_in(&form.username, Secret::new(form.password), &from).await {
        Ok(logged_in) => ([session_cookie(&logged_in.token)], Redirect::to("/")).into_response(),
        Err(problem) => {
            let refused = Refused::from(problem);
            let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::FORBIDDEN);
            let sentence = site.sentence(&headers, &refused);
            (status, page(&site, &headers, sentence).await).into_response()
        }
    }
}

/// Ends the session.
pub(super) async fn log_out(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    if let Some(token) = token(&headers)
        && let Err(problem) = site.office.log_out(&token).await
    {
        tracing::error!(code = problem.code, "a session could not be ended in the database");
    }
    Redirect::to("/log-in").into_response()
}

/// Remembers the language and goes back to the start.
pub(super) async fn language(Form(form): Form<LanguageForm>) -> Response {
    let tag = if form.language == "en" { "en" } else { "vi" };
    let cookie = format!("{LANGUAGE_COOKIE}={tag}; Path=/; Max-Age=31536000; SameSite=Lax");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}
