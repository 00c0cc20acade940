//! Answers of the API: JSON, and problem details (RFC 9457) in the language of the request.

use axum::{
    Json,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::site::Site;
use crate::desk::Refused;

/// Seconds after which failed attempts to log in no longer count.
const ATTEMPTS_WAIT_S: &str = "60";
/// Bytes of the largest body of the API.
pub(super) const BODY_BYTES_MAX: usize = 256 * 1024;

/// Problem details.
pub(super) fn problem(site: &Site, headers: &HeaderMap, refused: &Refused) -> Response {
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({
        "type": format!("urn:hoso:problem:{}", refused.code),
        "title": site.sentence(headers, refused),
        "status": status.as_u16(),
        "field": refused.about,
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    let mut response = (status, kind, body.to_string()).into_response();
    let advice = match (refused.status, refused.code.as_str()) {
        (401, _) => Some((header::WWW_AUTHENTICATE, "Bearer")),
        (429, _) => Some((header::RETRY_AFTER, ATTEMPTS_WAIT_S)),
        (503, "busy") => Some((header::RETRY_AFTER, "1")),
        _ => None,
    };
    if let Some((name, value)) = advice {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// An answer, or the problem.
pub(super) fn answer(
    site: &Site,
    headers: &HeaderMap,
    result: Result<Response, Refused>,
) -> Response {
    result.unwrap_or_else(|refused| problem(site, headers, &refused))
}

/// A dossier with its version as `ETag`.
pub(super) fn dossier(status: StatusCode, dossier: Value) -> Response {
    let version = dossier.get("version").and_then(Value::as_str).unwrap_or_default();
    let tag = [(header::ETAG, format!("\"{version}\""))];
    (status, tag, Json(dossier)).into_response()
}

/// The body of a request as bytes and as JSON.
pub(super) async fn json_body(request: Request) -> Result<(Vec<u8>, Value), Refused> {
    let bytes = axum::body::Bytes::from_request(request, &()).await;
    let bytes = bytes.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refused::new(413, "too-much"),
        _ => Refused::new(400, "body"),
    })?;
    let value = serde_json::from_slice(&bytes).map_err(|_| Refused::new(400, "body"))?;
    Ok((bytes.to_vec(), value))
}
