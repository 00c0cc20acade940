//! What every request must pass, a known host and no foreign origin, and the headers that every
//! answer carries. The programs put into words why a request was turned away.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};

/// What a page may load and ask: its own program only, and no script or style inside the page.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// The host names by which browsers may address the pages.
#[derive(Debug, Clone)]
pub struct Hosts(Vec<String>);

/// Why a request is turned away before anybody reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    /// It names another host: a name may have been rebound to this address.
    Host,
    /// A page of another site sent it.
    Foreign,
}

impl TurnedAway {
    /// All reasons.
    pub const ALL: [Self; 2] = [Self::Host, Self::Foreign];

    /// A stable code for programs and for the words.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Foreign => "foreign",
        }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Host => 421,
            Self::Foreign => 403,
        }
    }
}

impl Hosts {
    /// The loopback names of this port, and those that the settings name.
    #[must_use]
    pub fn new(port: u16, extra: &[String]) -> Self {
        let local = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
        Self(local.into_iter().chain(extra.iter().map(|host| host.to_lowercase())).collect())
    }

    /// Why a request is turned away, if it is.
    #[must_use]
    pub fn refuse(&self, method: &Method, headers: &HeaderMap) -> Option<TurnedAway> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        if !self.0.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            return Some(TurnedAway::Host);
        }
        if method.is_safe() {
            return None;
        }
        let foreign_site = text(HeaderName::from_static("sec-fetch-site"))
            .is_some_and(|site| !matches!(site, "same-origin" | "none"));
        let foreign_origin = text(header::ORIGIN).is_some_and(|origin| {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_none_or(|authority| !authority.eq_ignore_ascii_case(host))
        });
        (foreign_site || foreign_origin).then_some(TurnedAway::Foreign)
    }
}

/// Gives an answer the headers that all carry.
pub async fn shield(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // A file that is no page says so by a stricter policy of its own.
    let policy = HeaderValue::from_static(CONTENT_POLICY);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_name_that_was_rebound_to_this_address_is_turned_away() {
        let hosts = Hosts::new(8080, &["node.example".to_owned()]);
        let refused = |host| hosts.refuse(&Method::GET, &headers(&[("host", host)]));
        assert_eq!(refused("127.0.0.1:8080"), None);
        assert_eq!(refused("NODE.example"), None);
        assert_eq!(refused("evil.example"), Some(TurnedAway::Host));
        assert_eq!(refused("127.0.0.1:9"), Some(TurnedAway::Host));
    }

    #[test]
    fn a_form_from_another_site_is_turned_away() {
        let hosts = Hosts::new(8080, &[]);
        let post = |pairs: &[_]| hosts.refuse(&Method::POST, &headers(pairs));
        let host = ("host", "localhost:8080");
        let foreign = Some(TurnedAway::Foreign);
        assert_eq!(post(&[host]), None);
        assert_eq!(post(&[host, ("origin", "http://localhost:8080")]), None);
        assert_eq!(post(&[host, ("origin", "http://evil.example")]), foreign);
        assert_eq!(post(&[host, ("origin", "null")]), foreign);
        assert_eq!(post(&[host, ("sec-fetch-site", "cross-site")]), foreign);
    }
}
