//! What requests carry from one to the next.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use hoso_identity::PublicKey;

/// The cookie that holds the session's token, as handlers name it; see [`OwnSession`].
pub const SESSION_COOKIE: &str = "hoso_session";
/// Digits of a key that tell the programs of one host apart.
const KEY_DIGITS: usize = 12;
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

/// The name that one program's session cookie has in browsers. They keep cookies by the host's
/// name whatever the port, so programs on one host would end each other's sessions.
#[derive(Clone, Debug)]
pub struct OwnSession(String);

impl OwnSession {
    /// The name for the program with this key.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        let digits: String = key.to_string().chars().take(KEY_DIGITS).collect();
        Self(format!("{SESSION_COOKIE}_{digits}"))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The cookies of a request without other programs' sessions.
    fn taken_in(&self, cookies: &str) -> String {
        let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        let own = pairs.filter_map(|(name, value)| match name {
            name if name == self.0 => Some(format!("{SESSION_COOKIE}={value}")),
            name if name.starts_with(SESSION_COOKIE) => None,
            name => Some(format!("{name}={value}")),
        });
        own.collect::<Vec<_>>().join("; ")
    }

    /// A cookie of an answer by the name that browsers know.
    fn given_out(&self, cookie: &str) -> Option<String> {
        let (name, rest) = cookie.split_once('=')?;
        (name == SESSION_COOKIE).then(|| format!("{}={rest}", self.0))
    }
}

/// Lets the session's cookie have its own name in the browser.
pub async fn own_session(
    State(own): State<Arc<OwnSession>>,
    mut request: Request,
    next: Next,
) -> Response {
    let lines = request.headers().get_all(header::COOKIE).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok().map(|line| own.taken_in(line)));
    let line = lines.collect::<Vec<_>>().join("; ");
    match HeaderValue::from_str(&line) {
        Ok(line) if !line.is_empty() => request.headers_mut().insert(header::COOKIE, line),
        Ok(_) | Err(_) => request.headers_mut().remove(header::COOKIE),
    };
    let mut response = next.run(request).await;
    if let header::Entry::Occupied(mut cookies) = response.headers_mut().entry(header::SET_COOKIE) {
        for cookie in cookies.iter_mut() {
            let named = cookie.to_str().ok().and_then(|cookie| own.given_out(cookie));
            if let Some(named) = named.and_then(|named| HeaderValue::from_str(&named).ok()) {
                *cookie = named;
            }
        }
    }
    response
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_sessions_on_one_host_each_program_sees_its_own_alone() {
        let [one, other] = [[1; 32], [2; 32]].map(|key| OwnSession::of(&PublicKey(key)));
        let both = format!("{}=a; hoso_language=en; {}=b", one.name(), other.name());
        assert_eq!(one.taken_in(&both), "hoso_session=a; hoso_language=en");
        assert_eq!(other.taken_in(&both), "hoso_language=en; hoso_session=b");
        assert_eq!(one.taken_in("hoso_session=forged"), "");
        let given = one.given_out("hoso_session=c; Path=/").unwrap();
        assert_eq!(given, format!("{}=c; Path=/", one.name()));
        assert_eq!(one.given_out("hoso_language=vi"), None);
    }
}
