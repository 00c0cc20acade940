//! The JSON API of sessions, dossiers, drafts and the link.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    extract::{ConnectInfo, Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hoso_engine::{clock, command::Secret, web::token};
use hoso_identity::DocumentId;
use hoso_registry::Role;
use hoso_store::drafts::{self, Draft};
use serde_json::{Value, json};

use super::{
    answer::{answer, dossier, json_body},
    site::{Site, session_cookie},
};
use crate::{
    desk::{self, ListQuery, Once, Refused},
    people::{Actor, LoggedIn},
    times,
};

type Shared = State<Arc<Site>>;

/// The one header of a request that must be there.
pub(super) fn key(headers: &HeaderMap) -> Result<String, Refused> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.map(str::trim).filter(|key| !key.is_empty());
    key.map(str::to_owned).ok_or(Refused::new(400, "idempotency-key"))
}

fn once(headers: &HeaderMap, path: &str, body: Vec<u8>) -> Result<Once, Refused> {
    Ok(Once { key: key(headers)?, body: [path.as_bytes(), b"\n", &body].concat() })
}

fn document(id: &str) -> Result<DocumentId, Refused> {
    DocumentId::from_hex(id).ok_or(Refused::new(404, "not-found"))
}

fn text<'a>(body: &'a Value, field: &str) -> Result<&'a str, Refused> {
    part(body, field, Value::as_str)
}

/// A part of a body that must be there, as what it must be.
fn part<'a, Part>(
    body: &'a Value,
    field: &str,
    read: impl Fn(&'a Value) -> Option<Part>,
) -> Result<Part, Refused> {
    match body.get(field) {
        None | Some(Value::Null) => Err(Refused::new(422, "field-missing").about(field)),
        Some(value) => read(value).ok_or(Refused::new(422, "field-type").about(field)),
    }
}

/// `POST /sessions`.
pub(super) async fn log_in(
    State(site): Shared,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let logged_in = async {
        let (_, body) = json_body(request).await?;
        let (username, password) = (text(&body, "username")?, text(&body, "password")?);
        let password = Secret::new(password.to_owned());
        let LoggedIn { token, expires_ms, actor, one_off } =
            site.office.log_in(username, password, from.ip()).await?;
        let answer = json!({
            "token": token,
            "expires_at": times::text_of(expires_ms),
            "user": user(&site, &actor),
            "must_change_password": one_off,
        });
        Ok((StatusCode::CREATED, [session_cookie(&token)], Json(answer)).into_response())
    };
    answer(&site, &headers, logged_in.await)
}

fn user(site: &Site, actor: &Actor) -> Value {
    let roles: Vec<_> = actor.author.roles.iter().map(|role| role.code()).collect();
    let state = site.office.state();
    json!({
        "username": actor.username,
        "name": actor.name,
        "roles": roles,
        "unit": state.unit(actor.author.unit).map(|unit| unit.code.clone()),
    })
}

/// `DELETE /sessions/current`.
pub(super) async fn log_out(State(site): Shared, headers: HeaderMap) -> Response {
    let ended = async {
        if let Some(token) = token(&headers) {
            site.office.log_out(&token).await?;
        }
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    answer(&site, &headers, ended.await)
}

/// `GET /dossiers`.
pub(super) async fn list(
    State(site): Shared,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        let actor = site.actor(&headers).await?;
        let query = list_query(query)?;
        Ok(Json(desk::list(&site.office, &actor, query).await?).into_response())
    };
    answer(&site, &headers, listed.await)
}

/// The query of a list, with every unknown name refused.
pub(super) fn list_query(pairs: Vec<(String, String)>) -> Result<ListQuery, Refused> {
    let mut query = ListQuery::default();
    for (name, value) in pairs {
        match name.as_str() {
            "q" => query.q = value,
            "status" => query.status = Some(value),
            "due" => query.due = Some(value),
            "unit" => query.unit = Some(value),
            "after" => query.after = Some(value),
            "order" | "sort" => query.order = Some(value),
            "review" => query.review = value == "true",
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=200).contains(limit));
                query.limit = Some(limit.ok_or(Refused::new(422, "field-bounds").about("limit"))?);
            }
            _ => return Err(Refused::new(422, "field-unknown").about(name)),
        }
    }
    Ok(query)
}

/// `POST /dossiers`.
pub(super) async fn receive(State(site): Shared, headers: HeaderMap, request: Request) -> Response {
    let received = async {
        let actor = site.actor(&headers).await?;
        let (bytes, body) = json_body(request).await?;
        let once = once(&headers, "POST /dossiers", bytes)?;
        let received = desk::receive(&site.office, &actor, &once, &body).await?;
        Ok(dossier(StatusCode::CREATED, received))
    };
    answer(&site, &headers, received.await)
}

/// `GET /dossiers/{id}`.
pub(super) async fn open(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let opened = async {
        let actor = site.actor(&headers).await?;
        let opened = desk::open(&site.office, &actor, document(&id)?).await?;
        Ok(dossier(StatusCode::OK, opened))
    };
    answer(&site, &headers, opened.await)
}

/// `POST /dossiers/{id}/events`.
pub(super) async fn act(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let acted = async {
        let actor = site.actor(&headers).await?;
        let (bytes, body) = json_body(request).await?;
        let once = once(&headers, &format!("POST /dossiers/{id}/events"), bytes)?;
        let acted = desk::act(&site.office, &actor, document(&id)?, &once, &body).await?;
        Ok(dossier(StatusCode::CREATED, acted))
    };
    answer(&site, &headers, acted.await)
}

/// `GET /dossiers/{id}/document`.
pub(super) async fn automerge(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let read = async {
        let actor = site.actor(&headers).await?;
        let bytes = desk::document(&site.office, &actor, document(&id)?).await?;
        Ok(([(header::CONTENT_TYPE, "application/vnd.automerge")], bytes).into_response())
    };
    answer(&site, &headers, read.await)
}

/// `GET /dossiers/{id}/entries`.
pub(super) async fn entries(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let read = async {
        let actor = site.actor(&headers).await?;
        let bytes = desk::entries(&site.office, &actor, document(&id)?).await?;
        Ok(([(header::CONTENT_TYPE, "application/cbor-seq")], bytes).into_response())
    };
    answer(&site, &headers, read.await)
}

/// `PUT /drafts/{id}`.
pub(super) async fn put_draft(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let kept = async {
        let actor = site.actor(&headers).await?;
        let (bytes, _) = json_body(request).await?;
        let (person, saved_ms) = (actor.person, clock::now_ms());
        let put = site.office.memory.write(false, move |tx, _| {
            drafts::put(tx, &person, &id, &Draft { bytes, updated_ms: saved_ms })
        });
        put.await?;
        Ok(Json(json!({ "saved_at": times::text_of(saved_ms) })).into_response())
    };
    answer(&site, &headers, kept.await)
}

/// `GET /drafts/{id}`.
pub(super) async fn get_draft(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let read = async {
        let person = site.actor(&headers).await?.person;
        let draft = site.office.memory.read(move |tx| drafts::get(tx, &person, &id)).await?;
        let draft = draft.ok_or(Refused::new(404, "not-found"))?;
        Ok(([(header::CONTENT_TYPE, "application/json")], draft.bytes).into_response())
    };
    answer(&site, &headers, read.await)
}

/// `DELETE /drafts/{id}`.
pub(super) async fn delete_draft(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let removed = async {
        let person = site.actor(&headers).await?.person;
        let removing =
            site.office.memory.write(false, move |tx, _| drafts::remove(tx, &person, &id));
        removing.await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    answer(&site, &headers, removed.await)
}

/// `GET /sync`.
pub(super) async fn sync(State(site): Shared, headers: HeaderMap) -> Response {
    let read = async {
        site.actor(&headers).await?;
        Ok(Json(site.office.sync_status().await?).into_response())
    };
    answer(&site, &headers, read.await)
}

/// `PUT /link`.
pub(super) async fn link(State(site): Shared, headers: HeaderMap, request: Request) -> Response {
    let switched = async {
        let actor = site.actor(&headers).await?;
        if !actor.author.has(Role::Administrator) {
            return Err(Refused::new(403, "rule-role"));
        }
        let (_, body) = json_body(request).await?;
        let enabled = part(&body, "enabled", Value::as_bool)?;
        site.office.set_link(enabled).await?;
        Ok(Json(json!({ "enabled": enabled })).into_response())
    };
    answer(&site, &headers, switched.await)
}
