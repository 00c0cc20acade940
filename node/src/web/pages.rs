//! The desk's pages: plain forms that work without scripts.

mod actions;
mod dossier;
mod fields;
mod frame;
mod list;
mod receive;
mod session;
#[cfg(test)]
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};

use self::frame::{MessagePage, frame, render};
use super::site::Site;
use crate::desk::Refused;

/// Every page.
pub(super) fn pages() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(list::list))
        .route("/log-in", get(session::form).post(session::log_in))
        .route("/log-out", post(session::log_out))
        .route("/language", post(session::language))
        .route("/receive", get(receive::form).post(receive::receive))
        .route("/dossiers/{id}", get(dossier::open))
        .route("/dossiers/{id}/events", post(dossier::act))
        .route("/assets/node.css", get(style))
        .fallback(not_found)
}

async fn style() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "max-age=3600")];
    (kind, include_str!("../../assets/node.css"))
}

async fn not_found(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    refused(&site, &headers, &Refused::new(404, "not-found")).await
}

/// A page that says why not; whoever is not logged in is asked to.
async fn refused(site: &Arc<Site>, headers: &HeaderMap, refused: &Refused) -> Response {
    if refused.status == 401 {
        return Redirect::to("/log-in").into_response();
    }
    let actor = site.actor(headers).await.ok();
    let page = MessagePage {
        frame: frame(site, headers, "page-problem", actor.as_deref()).await,
        message: site.sentence(headers, refused),
        back: site.words(headers).0.say("back"),
    };
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, render(&page)).into_response()
}
