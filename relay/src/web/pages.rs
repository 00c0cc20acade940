//! The operators' pages.

mod overview;

use std::{net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    Form,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use hoso_engine::web::{LANGUAGE_COOKIE, Language, SESSION_COOKIE, token};
use serde::Deserialize;

pub(super) use self::overview::{acknowledge, overview};
use super::{assets, refusal::Refused, session::Operator, site::Site};

/// What every page shows around its content.
struct Frame {
    language: &'static str,
    title: String,
    program: String,
    province: String,
    /// The code of the realm.
    realm: &'static str,
    banner: String,
    other_tag: &'static str,
    other_language: String,
    user: String,
    log_out: String,
    skip: String,
    /// `wide` for a page that fills the window, `bare` for one to be read.
    width: &'static str,
    assets: Links,
}

/// Where the page's style and icon are.
struct Links {
    tokens: String,
    parts: String,
    style: String,
    icon: String,
}

impl Links {
    fn new() -> Self {
        Self {
            tokens: assets::address("tokens.css"),
            parts: assets::address("parts.css"),
            style: assets::address("relay.css"),
            icon: assets::address("icon.svg"),
        }
    }
}

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage {
    frame: Frame,
    problem: String,
    user_name: String,
    password: String,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    message: String,
    back: String,
}

/// The form of the log-in page.
#[derive(Deserialize)]
pub(super) struct LogInForm {
    username: String,
    password: String,
}

/// The form of the language switch.
#[derive(Deserialize)]
pub(super) struct LanguageForm {
    language: String,
}

/// The form to log in.
pub(super) async fn log_in_form(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    log_in_page(&site, &headers, String::new())
}

/// Begins a session, or says what was wrong.
pub(super) async fn log_in(
    State(site): State<Arc<Site>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<LogInForm>,
) -> Response {
    match site.log_in(&form.username, &form.password, from.ip()).await {
        Ok((token, _)) => ([session_cookie(&token)], Redirect::to("/")).into_response(),
        Err(problem) => {
            let refused = Refused::from(problem);
            let sentence = refused.sentence(&site, &headers);
            let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::UNAUTHORIZED);
            (status, log_in_page(&site, &headers, sentence)).into_response()
        }
    }
}

/// Ends the session.
pub(super) async fn log_out(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    if let Some(token) = token(&headers) {
        site.office.sessions.end(&token);
    }
    Redirect::to("/log-in").into_response()
}

/// Remembers the language and goes back.
pub(super) async fn language(headers: HeaderMap, Form(form): Form<LanguageForm>) -> Response {
    let tag = if form.language == "en" { "en" } else { "vi" };
    let cookie = format!("{LANGUAGE_COOKIE}={tag}; Path=/; Max-Age=31536000; SameSite=Lax");
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let back = if referer.is_some_and(|page| page.ends_with("/log-in")) { "/log-in" } else { "/" };
    ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
}

/// A page that says this and nothing more.
pub(super) fn message(site: &Site, headers: &HeaderMap, message: String) -> Response {
    let operator = site.operator(headers);
    let frame = frame(site, headers, "problem-title", operator.as_ref());
    page(&MessagePage { frame, message, back: site.words(headers).0.say("back") })
}

/// The session cookie of a token.
pub(super) fn session_cookie(token: &str) -> (HeaderName, String) {
    (header::SET_COOKIE, format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax"))
}

fn log_in_page(site: &Site, headers: &HeaderMap, problem: String) -> Response {
    let (words, _) = site.words(headers);
    page(&LogInPage {
        frame: frame(site, headers, "log-in", None),
        problem,
        user_name: words.say("user-name"),
        password: words.say("password"),
    })
}

fn frame(site: &Site, headers: &HeaderMap, title: &str, operator: Option<&Operator>) -> Frame {
    let (words, language) = site.words(headers);
    let realm = site.office.realm_code();
    let other_tag = match language {
        Language::Vietnamese => Language::English.tag(),
        Language::English => Language::Vietnamese.tag(),
    };
    let official = realm == "official";
    Frame {
        language: language.tag(),
        title: words.say(title),
        program: words.say("program"),
        province: site.office.province_name(),
        realm,
        banner: if official { String::new() } else { words.say(&format!("realm-{realm}")) },
        other_tag,
        other_language: words.say("language-other"),
        user: operator.map(|operator| operator.name.clone()).unwrap_or_default(),
        log_out: words.say("log-out"),
        skip: words.say("skip"),
        width: "bare",
        assets: Links::new(),
    }
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
