//! What every request must pass: a known host, no foreign origin, bounded time; and the headers
//! that every answer carries. [`super::refusal`] puts into words why a request was turned away.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};

use super::refusal::turned_away;
use crate::desk::Refused;

/// Longest time for one request, body included.
const REQUEST_WAIT: Duration = Duration::from_secs(30);
/// What a page may load: its own assets only.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The host names by which browsers may address the pages.
#[derive(Debug, Clone)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    /// The loopback names of this port, and those that the settings name.
    #[must_use]
    pub(crate) fn new(port: u16, extra: &[String]) -> Self {
        let local = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
        Self(local.into_iter().chain(extra.iter().map(|host| host.to_lowercase())).collect())
    }

    fn allows(&self, host: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// Lets a request through, or says why not.
pub(super) async fn guard(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(refused) = refusal(&hosts, request.method(), request.headers()) {
        return turned_away(refused);
    }
    match tokio::time::timeout(REQUEST_WAIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => turned_away(Refused::new(408, "time")),
    }
}

/// Gives an answer the headers that all carry.
pub(super) async fn shield(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
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

/// Why a request is turned away, if it is.
fn refusal(hosts: &Hosts, method: &Method, headers: &HeaderMap) -> Option<Refused> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    if !hosts.allows(host) {
        return Some(Refused::new(421, "host"));
    }
    if method.is_safe() {
        return None;
    }
    let foreign_site = text(HeaderName::from_static("sec-fetch-site"))
        .is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let foreign_origin = text(header::ORIGIN).is_some_and(|origin| {
        origin.split_once("://").is_none_or(|(_, authority)| !authority.eq_ignore_ascii_case(host))
    });
    (foreign_site || foreign_origin).then(|| Refused::new(403, "foreign"))
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
        let refused = |host| refusal(&hosts, &Method::GET, &headers(&[("host", host)]));
        assert_eq!(refused("127.0.0.1:8080"), None);
        assert_eq!(refused("NODE.example"), None);
        assert!(refused("evil.example").is_some());
        assert!(refused("127.0.0.1:9").is_some());
    }

    #[test]
    fn a_form_from_another_site_is_turned_away() {
        let hosts = Hosts::new(8080, &[]);
        let post = |pairs: &[_]| refusal(&hosts, &Method::POST, &headers(pairs));
        let host = ("host", "localhost:8080");
        assert_eq!(post(&[host]), None);
        assert_eq!(post(&[host, ("origin", "http://localhost:8080")]), None);
        assert!(post(&[host, ("origin", "http://evil.example")]).is_some());
        assert!(post(&[host, ("origin", "null")]).is_some());
        assert!(post(&[host, ("sec-fetch-site", "cross-site")]).is_some());
    }
}
