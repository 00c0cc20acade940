//! What both programs share of their answers that say no: which of them still lack words, and the
//! form of a problem for programs. Each program puts its own refusals into words.

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    guard::Hosts,
    patience::{Patience, counted},
};

/// Addresses whose answers are read by machines as they are.
const AS_THEY_ARE: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// The codes that [`unworded`] gives, for the words of the programs.
pub const UNWORDED: [&str; 6] = ["not-found", "method", "time", "too-much", "request", "internal"];

/// Lets a request through that names a known host, comes from here and is done in time.
///
/// # Errors
///
/// The status and the code of the refusal.
pub async fn let_through(
    hosts: &Hosts,
    request: Request,
    next: Next,
) -> Result<Response, (u16, &'static str)> {
    if let Some(why) = hosts.refuse(request.method(), request.headers()) {
        return Err((why.status(), why.code()));
    }
    let patience = Patience::default();
    let request = counted(request, &patience);
    patience.wait_for(next.run(request)).await.ok_or((408, "time"))
}

/// The status and the code of an answer that says no without words that its reader can use: what
/// the framework answers by itself.
#[must_use]
pub fn unworded(path: &str, response: &Response) -> Option<(u16, &'static str)> {
    if is_worded(response) || AS_THEY_ARE.contains(&path) {
        return None;
    }
    let status = response.status().as_u16();
    let code = match status {
        404 => "not-found",
        405 => "method",
        408 => "time",
        413 => "too-much",
        400..=499 => "request",
        _ => "internal",
    };
    Some((status, code))
}

/// Whether the answer is no refusal, or one that says why.
fn is_worded(response: &Response) -> bool {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let kind = kind.unwrap_or_default();
    !(status.is_client_error() || status.is_server_error())
        || kind.starts_with(b"application/problem+json")
        || kind.starts_with(b"text/html")
}

/// Problem details (RFC 9457): status, code, the sentence, and the part of the form if it is one.
#[must_use]
pub fn problem_details(status: u16, code: &str, title: &str, field: Option<&str>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({
        "type": format!("urn:hoso:problem:{code}"),
        "title": title,
        "status": status.as_u16(),
        "field": field,
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    let mut response = (status, kind, body.to_string()).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let how = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: &'static str) -> Response {
        let status = StatusCode::from_u16(status).unwrap();
        (status, [(header::CONTENT_TYPE, kind)], "why").into_response()
    }

    #[test]
    fn every_plain_refusal_lacks_words_and_has_a_code_that_the_programs_know() {
        for status in 400..600 {
            let (same, code) = unworded("/", &answer(status, "text/plain")).unwrap();
            assert!(same == status && UNWORDED.contains(&code), "{status} {code}");
        }
        assert_eq!(unworded("/", &answer(200, "text/plain")), None);
        assert_eq!(unworded("/", &answer(403, "text/html; charset=utf-8")), None);
        assert_eq!(unworded("/", &answer(403, "application/problem+json")), None);
        assert_eq!(unworded("/readyz", &answer(503, "text/plain")), None);
    }
}
