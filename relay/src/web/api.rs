//! The relay's JSON API and its health pages.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    extract::{ConnectInfo, Path, Query, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hoso_engine::{clock, web::token};
use hoso_identity::UnitId;
use hoso_store::{audit::AuditRow, watch::Alert};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    pages::session_cookie,
    refusal::{Actor, Reader, Refused},
    site::Site,
};
use crate::overview::UnitRow;

/// The body of `POST /sessions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

/// `POST /sessions`.
pub(super) async fn log_in(
    State(site): State<Arc<Site>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    body: Result<Json<Credentials>, JsonRejection>,
) -> Result<Response, Response> {
    let Json(body) = body.map_err(unreadable)?;
    let logged_in = site.log_in(&body.username, &body.password, from.ip()).await;
    let (token, operator) = logged_in.map_err(|why| Refused::from(why).into_response())?;
    let user = json!({ "username": operator.name, "roles": operator.roles });
    let answer = Json(json!({ "token": token, "user": user }));
    Ok((StatusCode::CREATED, [session_cookie(&token)], answer).into_response())
}

/// A body that is too large is bare, and worded as everywhere.
fn unreadable(rejection: JsonRejection) -> Response {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        status => Refused::body(status.as_u16()).into_response(),
    }
}

/// `DELETE /sessions/current`.
pub(super) async fn log_out(State(site): State<Arc<Site>>, headers: HeaderMap) -> StatusCode {
    if let Some(token) = token(&headers) {
        site.office.sessions.end(&token);
    }
    StatusCode::NO_CONTENT
}

/// `GET /units`: every unit with state, last contact and backlog.
pub(super) async fn units(State(site): State<Arc<Site>>, _: Reader) -> Result<Response, Refused> {
    let (rows, _) = site.office.overview().await?;
    Ok(items(rows.iter().map(unit).collect()))
}

/// `GET /nodes`: every node and request to join.
pub(super) async fn nodes(State(site): State<Arc<Site>>, _: Reader) -> Result<Response, Refused> {
    Ok(Json(site.office.nodes().await?).into_response())
}

/// The query of `GET /alerts`.
#[derive(Deserialize)]
pub(super) struct AlertsQuery {
    /// Those too that somebody has acknowledged.
    #[serde(default)]
    all: bool,
}

/// `GET /alerts`: what someone must look at, newest first.
pub(super) async fn alerts(
    State(site): State<Arc<Site>>,
    _: Reader,
    Query(query): Query<AlertsQuery>,
) -> Result<Response, Refused> {
    let state = site.office.state();
    let code = |unit: Option<UnitId>| Some(state.unit(unit?)?.code.clone());
    let alerts = site.office.ledger.alerts(query.all).await?;
    Ok(items(alerts.iter().map(|each| alert(each, code(each.unit))).collect()))
}

/// `POST /alerts/{id}/acknowledge`.
pub(super) async fn acknowledge(
    State(site): State<Arc<Site>>,
    Actor(operator): Actor,
    Path(id): Path<i64>,
) -> Result<StatusCode, Refused> {
    let done = site.office.ledger.acknowledge(id, operator.name, clock::now_ms()).await?;
    if done { Ok(StatusCode::NO_CONTENT) } else { Err(Refused::ALERT) }
}

/// The query of `GET /audit`.
#[derive(Deserialize)]
pub(super) struct AuditQuery {
    /// Only rows below this number: the last of the page before.
    before: Option<i64>,
}

/// `GET /audit`: what operators did, newest first.
pub(super) async fn audit(
    State(site): State<Arc<Site>>,
    _: Reader,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Refused> {
    let rows = site.office.ledger.audit(query.before).await?;
    Ok(items(rows.iter().map(audited).collect()))
}

/// The process lives.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The relay can store.
pub(super) async fn readyz(State(site): State<Arc<Site>>) -> Response {
    match site.office.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, problem.text).into_response(),
    }
}

/// Metrics in the text form of Prometheus; no personal data, label `unit` only.
pub(super) async fn metrics(State(site): State<Arc<Site>>) -> Response {
    match site.office.metrics().await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, problem.text).into_response(),
    }
}

fn unit(row: &UnitRow) -> Value {
    json!({
        "code": row.code,
        "name": row.name,
        "state": row.standing.code(),
        "last_seen_seconds": row.last_seen_s,
        "backlog_entries": row.backlog_entries,
        "backlog_bytes": row.backlog_bytes,
        "oldest_unsent_seconds": row.oldest_unsent_s,
        "connected": row.connected,
        "clock_skew_ms": row.clock_skew_ms,
        "versions": row.versions,
        "nodes": row.nodes,
        "alerts": row.alerts,
        "scan_bytes": row.scan_bytes,
    })
}

fn alert(alert: &Alert, unit: Option<String>) -> Value {
    let acknowledged = alert.acknowledged.as_ref();
    json!({
        "id": alert.id,
        "kind": alert.kind,
        "unit": unit,
        "detail": alert.detail,
        "first_ms": alert.first_ms,
        "last_ms": alert.last_ms,
        "times": alert.times,
        "acknowledged_by": acknowledged.map(|(by, _)| by),
        "acknowledged_ms": acknowledged.map(|(_, at_ms)| at_ms),
    })
}

fn audited(row: &AuditRow) -> Value {
    json!({
        "seq": row.seq,
        "at_ms": row.at_ms,
        "who": row.who,
        "what": row.what,
        "detail": row.detail,
    })
}

fn items(items: Vec<Value>) -> Response {
    Json(json!({ "items": items })).into_response()
}
