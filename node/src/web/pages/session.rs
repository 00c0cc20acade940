//! Logging in and out, the language, and the page of a node that is not approved yet.

use std::{net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::{
    command::Secret,
    web::{LANGUAGE_COOKIE, SESSION_COOKIE, Words, token},
};

use super::{
    super::site::{Site, session_cookie},
    dossier,
    fields::sent,
    frame::{Frame, check_token, frame, render},
    receive, refused,
};
use crate::{desk::Refused, practise};

/// Where the form of reception is.
pub(super) const RECEIVE: &str = "/receive";
/// Stands before the names of what was typed before the session was locked.
const KEPT: &str = "kept.";
/// Names in the log-in form's own use.
const WHYS: [&str; 2] = ["session-locked", "session-unknown"];

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
    /// Who can log in, in a training realm; elsewhere nobody is told.
    trainees: Option<Trainees>,
    /// Where to go afterwards.
    then: String,
    /// What was typed before.
    kept: Vec<(String, String)>,
}

/// The log-ins of a training realm, in which nothing real is kept.
struct Trainees {
    title: String,
    password_label: String,
    password: &'static str,
    /// What is typed, and the name that others see.
    log_ins: Vec<(&'static str, &'static str)>,
}

impl Trainees {
    fn of(words: &Words) -> Self {
        Self {
            title: words.say("training-log-ins"),
            password_label: words.say("training-password"),
            password: practise::PASSWORD,
            log_ins: practise::log_ins().collect(),
        }
    }
}

/// The form to log in; says why it is asked for.
pub(super) async fn form(
    State(site): State<Arc<Site>>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let why = WHYS.into_iter().find(|why| *why == sent(&query, "why"));
    let why = why.map(|why| site.sentence(&headers, &Refused::new(401, why)));
    page(&site, &headers, why.unwrap_or_default(), &query).await
}

/// The form to log in again, with what was typed in the form of that address, so that nothing is
/// lost when a session was locked meanwhile.
pub(super) async fn form_keeping(
    site: &Arc<Site>,
    headers: &HeaderMap,
    (refused, address): (&Refused, &str),
    typed: &[(String, String)],
) -> Response {
    let typed = typed.iter().filter(|(name, _)| name != "_token");
    let kept = typed.map(|(name, value)| (format!("{KEPT}{name}"), value.clone()));
    let mut kept: Vec<_> = kept.collect();
    kept.push(("then".to_owned(), address.to_owned()));
    let page = page(site, headers, site.sentence(headers, refused), &kept).await;
    (StatusCode::UNAUTHORIZED, page).into_response()
}

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    problem: String,
    typed: &[(String, String)],
) -> Response {
    let (words, _) = site.words(headers);
    let pending = site.office.pending_words().await.ok().flatten();
    render(&LogInPage {
        frame: frame(site, headers, "log-in", None).await,
        problem,
        user_name: words.say("user-name"),
        password: words.say("password"),
        pending: words.say("pending"),
        trainees: site.office.is_training().then(|| Trainees::of(words)),
        words: pending.unwrap_or_default(),
        then: local(sent(typed, "then")).to_owned(),
        kept: typed.iter().filter(|(name, _)| name.starts_with(KEPT)).cloned().collect(),
    })
}

/// Begins a session, or says what was wrong.
pub(super) async fn log_in(
    State(site): State<Arc<Site>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let password = Secret::new(sent(&form, "password").to_owned());
    let logged_in = match site.office.log_in(sent(&form, "username"), password, from.ip()).await {
        Ok(logged_in) => logged_in,
        Err(problem) => {
            let refused = Refused::from(problem);
            let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::FORBIDDEN);
            let sentence = site.sentence(&headers, &refused);
            return (status, page(&site, &headers, sentence, &form).await).into_response();
        }
    };
    let cookie = session_cookie(&logged_in.token);
    if logged_in.one_off {
        return ([cookie], Redirect::to("/password")).into_response();
    }
    let kept = form
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(KEPT)?.to_owned(), value.clone())));
    let kept: Vec<_> = kept.collect();
    if kept.is_empty() {
        return ([cookie], Redirect::to(local(sent(&form, "then")))).into_response();
    }
    let headers = with_session(&site, &headers, &logged_in.token);
    let actor = &logged_in.actor;
    if !actor.reads() {
        return ([cookie], Redirect::to("/office")).into_response();
    }
    let again = match sent(&form, "then").strip_prefix("/dossiers/") {
        Some(id) => dossier::form_with(&site, &headers, actor, (id, &kept)).await,
        None => receive::form_with(&site, &headers, actor, &kept).await,
    };
    ([cookie], again).into_response()
}

/// The headers as the browser will send them from now on.
fn with_session(site: &Site, headers: &HeaderMap, token: &str) -> HeaderMap {
    let mut headers = headers.clone();
    let tag = site.words(&headers).1.tag();
    let cookies = format!("{SESSION_COOKIE}={token}; {LANGUAGE_COOKIE}={tag}");
    if let Ok(cookies) = HeaderValue::from_str(&cookies) {
        headers.insert(header::COOKIE, cookies);
    }
    headers
}

/// An address on this node, or the start.
fn local(then: &str) -> &str {
    let inside = then.starts_with('/') && !then.starts_with("//") && !then.contains('\\');
    if inside && then.bytes().all(|byte| byte.is_ascii_graphic()) { then } else { "/" }
}

/// Ends the session.
pub(super) async fn log_out(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    if let Err(problem) = check_token(&headers, &form) {
        return refused(&site, &headers, &problem).await;
    }
    if let Some(token) = token(&headers)
        && let Err(problem) = site.office.log_out(&token).await
    {
        tracing::error!(code = problem.code, "a session could not be ended in the database");
    }
    let cookie = format!("{SESSION_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/log-in")).into_response()
}

/// Remembers the language and goes back to where they were.
pub(super) async fn language(
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let tag = if sent(&form, "language") == "en" { "en" } else { "vi" };
    let cookie = format!("{LANGUAGE_COOKIE}={tag}; Path=/; Max-Age=31536000; SameSite=Lax");
    ([(header::SET_COOKIE, cookie)], Redirect::to(&came_from(&headers))).into_response()
}

/// The page of this node from which a form was sent, or the start.
fn came_from(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let page = text(header::REFERER).and_then(|page| page.split_once("://"));
    let page = page.and_then(|(_, page)| page.split_once('/'));
    match page {
        Some((host, path)) if text(header::HOST) == Some(host) => {
            // An action that was refused is shown under its own address, which takes no GET.
            let acted = ["/events", "/link", "/colleague", "/reset"];
            let shown = acted.iter().find_map(|action| path.strip_suffix(action));
            let path = shown.unwrap_or(path);
            local(&format!("/{path}")).to_owned()
        }
        Some(_) | None => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away_from_this_node() {
        for away in ["https://evil.example", "//evil.example", "/\\evil", "/a\r\nb: c", "", "x"] {
            assert_eq!(local(away), "/", "{away:?}");
        }
        assert_eq!(local("/dossiers/1?q=%C4%91"), "/dossiers/1?q=%C4%91");
        let headers = |referer: &str| {
            let pairs = [(header::HOST, "localhost:1"), (header::REFERER, referer)];
            pairs.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect()
        };
        let page = headers("http://localhost:1/dossiers/1/events");
        assert_eq!(came_from(&page), "/dossiers/1");
        assert_eq!(came_from(&headers("http://localhost:1/office/link")), "/office");
        assert_eq!(came_from(&headers("http://evil.example/x")), "/");
    }
}
