//! What requests carry from one to the next.

use axum::http::{HeaderMap, header};

/// The cookie that holds the session's token.
pub const SESSION_COOKIE: &str = "hoso_session";
/// The cookie that holds the language.
pub const LANGUAGE_COOKIE: &str = "hoso_language";

/// The session's token of this request, from its cookie or as a bearer.
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<String> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(token) => Some(token.to_owned()),
        None => cookie(headers, SESSION_COOKIE),
    }
}

/// One cookie of the request.
#[must_use]
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
