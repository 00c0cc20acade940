//! Every answer that says no, in the form that its reader expects: problem details for the API, a
//! page for a browser, whoever said it: a handler, a form that cannot be read, an address that
//! does not exist.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::web::{Hosts, let_through, unworded};

use super::{
    answer::problem,
    pages,
    site::{Site, encoded},
};
use crate::desk::Refused;

/// Lets a request through that names a known host, comes from here and is done in time.
pub(super) async fn guard(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response {
    let passed = let_through(&hosts, request, next).await;
    passed.unwrap_or_else(|(status, code)| turned_away(Refused::new(status, code)))
}

/// An answer that [`speak`] puts into words.
pub(super) fn turned_away(refused: Refused) -> Response {
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Extension(refused)).into_response()
}

/// Puts refusals without words into words.
pub(super) async fn speak(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let headers = request.headers().clone();
    let response = next.run(request).await;
    let said = response.extensions().get::<Refused>().cloned();
    let bare = || unworded(uri.path(), &response).map(|(status, code)| Refused::new(status, code));
    let Some(refused) = said.or_else(bare) else { return response };
    let allowed = response.headers().get(header::ALLOW).cloned();
    let mut answer = worded(&site, (&method, &uri), &headers, &refused).await;
    if let Some(allowed) = allowed {
        answer.headers_mut().insert(header::ALLOW, allowed);
    }
    answer
}

async fn worded(
    site: &Arc<Site>,
    (method, uri): (&Method, &Uri),
    headers: &HeaderMap,
    refused: &Refused,
) -> Response {
    if uri.path().starts_with("/api/") {
        return problem(site, headers, refused);
    }
    // A name that was rebound to this address learns nothing of the office.
    if refused.code == "host" {
        let sentence = site.sentence(headers, refused);
        return (StatusCode::MISDIRECTED_REQUEST, sentence).into_response();
    }
    if refused.status == 401 {
        return Redirect::to(&log_in_address(method, uri, refused)).into_response();
    }
    pages::refused(site, headers, refused).await
}

/// The log-in page that says why it is asked for and leads back to where they were.
fn log_in_address(method: &Method, uri: &Uri, refused: &Refused) -> String {
    let mut address = format!("/log-in?why={}", refused.code);
    let path = uri.path();
    let acted = path.strip_suffix("/events").or_else(|| path.strip_suffix("/attachments"));
    let back = match acted {
        // An action is an address that nobody can go to; its dossier is.
        Some(dossier) => dossier,
        None if method == Method::GET => uri.path_and_query().map_or("/", |path| path.as_str()),
        None => "/",
    };
    if back != "/" {
        address += &format!("&then={}", encoded(back));
    }
    address
}
