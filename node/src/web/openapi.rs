//! The description of the API, kept by hand in one file that a test holds against the router.

use std::sync::Arc;

use axum::{extract::State, http::header, response::IntoResponse};
use hoso_engine::web::{OwnSession, SESSION_COOKIE};

use super::site::Site;

/// OpenAPI 3.1.
const DOCUMENT: &str = include_str!("../../openapi.json");

/// `GET /openapi.json`: the document with the name that this node's session cookie has.
pub(super) async fn document(State(site): State<Arc<Site>>) -> impl IntoResponse {
    let own = OwnSession::of(&site.office.transport);
    let quoted = |name: &str| format!("\"{name}\"");
    let document = DOCUMENT.replace(&quoted(SESSION_COOKIE), &quoted(own.name()));
    ([(header::CONTENT_TYPE, "application/json")], document)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::DOCUMENT;

    /// The addresses with their methods, as the router's source names them.
    fn routed() -> BTreeSet<String> {
        let source = include_str!("router.rs");
        let (_, api) = source.split_once("fn api()").unwrap();
        let (api, _) = api.split_once("\n}").unwrap();
        let mut routed = BTreeSet::new();
        for route in api.split(".route(").skip(1) {
            let path = route.split('"').nth(1).unwrap();
            for method in ["get", "post", "put", "delete"] {
                if route.contains(&format!("{method}(")) {
                    routed.insert(format!("{method} {path}"));
                }
            }
        }
        routed
    }

    #[test]
    fn the_description_names_exactly_the_addresses_of_the_router() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let paths = document.get("paths").and_then(Value::as_object).unwrap();
        let described: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(move |method| format!("{method} {path}"))
            })
            .collect();
        assert_eq!(described, routed());
        assert!(described.len() > 15);
    }
}
