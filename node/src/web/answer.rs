//! Answers of the API: JSON, and problem details (RFC 9457) in the language of the request.

use axum::{
    Json,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hoso_engine::web::problem_details;
use serde_json::Value;

use super::site::Site;
use crate::desk::Refused;

/// Seconds after which failed attempts to log in no longer count.
const ATTEMPTS_WAIT_S: &str = "60";
/// Bytes of the largest body of the API.
pub(super) const BODY_BYTES_MAX: usize = 256 * 1024;

/// Problem details.
pub(super) fn problem(site: &Site, headers: &HeaderMap, refused: &Refused) -> Response {
    let sentence = site.sentence(headers, refused);
    let (code, field) = (refused.code.as_str(), refused.about.as_deref());
    let mut response = problem_details(refused.status, code, &sentence, field);
    let wait = match (refused.status, code) {
        (429, _) => Some(ATTEMPTS_WAIT_S),
        (503, "busy") => Some("1"),
        _ => None,
    };
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
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
