//! The operators' pages.

use std::{net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    Form,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use hoso_engine::{
    clock,
    web::{LANGUAGE_COOKIE, Language, SESSION_COOKIE, Words, numbers, token},
};
use hoso_store::watch::Alert;
use serde::Deserialize;

use super::{
    refusal::{Actor, Reader, Refused},
    session::Operator,
    site::Site,
};
use crate::overview::{Standing, UnitRow};

/// Seconds from which on a clock that is off is shown.
const SKEW_SHOWN_S: u64 = 2;

/// What every page shows around its content.
struct Frame {
    language: &'static str,
    title: String,
    program: String,
    province: String,
    banner: String,
    other_tag: &'static str,
    other_language: String,
    user: String,
    log_out: String,
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
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    sentence: String,
    waiting: String,
    alerts_title: String,
    no_alert: String,
    alerts: Vec<AlertRow>,
    columns: Columns,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    message: String,
    back: String,
}

struct Columns {
    unit: String,
    code: String,
    state: String,
    last_seen: String,
    backlog: String,
    oldest: String,
    clock: String,
    version: String,
    nodes: String,
}

/// An alert that nobody has acknowledged.
struct AlertRow {
    /// Where to acknowledge it; empty for who may only read.
    address: String,
    what: String,
    unit: String,
    since: String,
    acknowledge: String,
}

struct Row {
    name: String,
    code: String,
    state_code: &'static str,
    state: String,
    last_seen: String,
    backlog: String,
    oldest: String,
    clock: String,
    version: String,
    nodes: usize,
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

/// All units, urgent ones first.
pub(super) async fn overview(
    State(site): State<Arc<Site>>,
    Reader(operator): Reader,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let (words, _) = site.words(&headers);
    let (rows, watch) = site.office.overview().await?;
    let alerts = watch.alerts.iter().map(|alert| alert_row(&site, words, &operator, alert));
    let waiting = match watch.for_operator {
        0 => String::new(),
        count => words.say_with("overview-waiting", &numbers(&[("count", count)])),
    };
    Ok(page(&OverviewPage {
        frame: frame(&site, &headers, "overview-title", Some(&operator)),
        sentence: sentence(words, &rows),
        waiting,
        alerts_title: words.say("alerts-title"),
        no_alert: words.say("alerts-none"),
        alerts: alerts.collect(),
        columns: columns(words),
        rows: rows.into_iter().map(|unit| row(words, unit)).collect(),
    }))
}

/// Notes that somebody looks after an alert, and goes back.
pub(super) async fn acknowledge(
    State(site): State<Arc<Site>>,
    Actor(operator): Actor,
    Path(id): Path<i64>,
) -> Result<Redirect, Refused> {
    // Whoever was second sees that it is done.
    site.office.ledger.acknowledge(id, operator.name, clock::now_ms()).await?;
    Ok(Redirect::to("/"))
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

/// The one style sheet.
pub(super) async fn style() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "max-age=3600")];
    (kind, include_str!("../../assets/relay.css"))
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
        banner: if official { String::new() } else { words.say(&format!("realm-{realm}")) },
        other_tag,
        other_language: words.say("language-other"),
        user: operator.map(|operator| operator.name.clone()).unwrap_or_default(),
        log_out: words.say("log-out"),
    }
}

fn sentence(words: &Words, rows: &[UnitRow]) -> String {
    let count = |standing| {
        u64::try_from(rows.iter().filter(|row| row.standing == standing).count()).unwrap_or(0)
    };
    words.say_with(
        "overview-sentence",
        &numbers(&[
            ("connected", count(Standing::Connected)),
            ("away", count(Standing::Away)),
            ("silent", count(Standing::Silent)),
            ("attention", count(Standing::Attention)),
            ("empty", count(Standing::Empty)),
        ]),
    )
}

fn columns(words: &Words) -> Columns {
    Columns {
        unit: words.say("column-unit"),
        code: words.say("column-code"),
        state: words.say("column-state"),
        last_seen: words.say("column-last-seen"),
        backlog: words.say("column-backlog"),
        oldest: words.say("column-oldest"),
        clock: words.say("column-clock"),
        version: words.say("column-version"),
        nodes: words.say("column-nodes"),
    }
}

fn row(words: &Words, unit: UnitRow) -> Row {
    let backlog = numbers(&[("entries", unit.backlog_entries), ("bytes", unit.backlog_bytes)]);
    Row {
        state_code: unit.standing.code(),
        state: words.say(&format!("state-{}", unit.standing.code())),
        last_seen: seen(words, unit.last_seen_s),
        backlog: words.say_with("backlog", &backlog),
        oldest: match unit.oldest_unsent_s {
            0 => String::new(),
            seconds => seen(words, Some(seconds)),
        },
        clock: clock_of(words, unit.clock_skew_ms),
        version: unit.versions.join(", "),
        nodes: unit.nodes,
        name: unit.name,
        code: unit.code,
    }
}

/// What an operator reads of an alert.
fn alert_row(site: &Site, words: &Words, operator: &Operator, alert: &Alert) -> AlertRow {
    let acts = operator.may_act();
    let state = site.office.state();
    let unit = alert.unit.and_then(|unit| state.unit(unit)).map(|unit| unit.full_name());
    let seconds = clock::now_ms().saturating_sub(alert.first_ms) / 1000;
    let mut since = numbers(&[("times", alert.times)]);
    since.set("since", seen(words, Some(seconds)));
    AlertRow {
        address: if acts { format!("/alerts/{}/acknowledge", alert.id) } else { String::new() },
        what: words.say(&format!("alert-{}", alert.kind)),
        unit: unit.unwrap_or_else(|| words.say("alert-province")),
        since: words.say_with("alert-since", &since),
        acknowledge: words.say("alert-acknowledge"),
    }
}

/// How far a clock is off, if it is by more than people notice.
fn clock_of(words: &Words, skew_ms: i64) -> String {
    let seconds = skew_ms.unsigned_abs() / 1000;
    let key = match seconds {
        0..SKEW_SHOWN_S => return String::new(),
        _ if skew_ms > 0 => "clock-ahead",
        _ => "clock-behind",
    };
    words.say_with(key, &numbers(&[("seconds", seconds)]))
}

fn seen(words: &Words, seconds: Option<u64>) -> String {
    let (key, count) = match seconds {
        None => return words.say("seen-never"),
        Some(seconds @ 0..120) => ("seen-seconds", seconds),
        Some(seconds @ 120..7200) => ("seen-minutes", seconds / 60),
        Some(seconds @ 7200..172_800) => ("seen-hours", seconds / 3600),
        Some(seconds) => ("seen-days", seconds / 86_400),
    };
    words.say_with(key, &numbers(&[("count", count)]))
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
