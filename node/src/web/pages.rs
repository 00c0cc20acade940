//! The desk's pages: plain forms that work without scripts.

mod about;
mod actions;
mod backlog;
mod backup;
mod checklist;
mod chips;
mod confirm;
mod dossier;
mod drafts;
mod fields;
mod frame;
mod health;
mod history;
mod hours;
mod link;
mod list;
mod next;
mod office;
mod papers;
mod people;
mod practise;
mod prints;
mod rail;
mod rating;
mod receive;
mod returning;
mod rows;
mod scans;
mod session;
mod sheet;
mod stick;
mod styleguide;
mod typed;
mod withheld;
#[cfg(test)]
mod words;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};

use self::frame::{MessagePage, frame, render};
pub(super) use self::{
    dossier::{list, money, text},
    frame::date,
    office::administrator,
    papers::PAPERS,
};
use super::{assets, refusal::turned_away, site::Site};
use crate::desk::Refused;

/// Every page.
pub(super) fn pages() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(list::list))
        .route("/log-in", get(session::form).post(session::log_in))
        .route("/log-out", post(session::log_out))
        .route("/language", post(session::language))
        .route("/receive", get(receive::form).post(receive::receive))
        .route("/receive/aside", post(receive::preview))
        .route("/return", get(returning::show).post(returning::act))
        .route("/return/rating", post(rating::rate))
        .route("/dossiers/{id}", get(dossier::open))
        .route("/dossiers/{id}/events", post(dossier::act))
        .route("/dossiers/{id}/attachments", post(scans::attach).layer(super::scans::room()))
        .route("/office", get(office::form))
        .route("/office/link", post(office::switch))
        .route("/office/people", get(people::show).post(people::add))
        .route("/office/people/password", post(people::renew))
        .route("/office/people/disable", post(people::disable))
        .route("/office/hours", get(hours::show).post(hours::add))
        .route("/office/hours/remove", post(hours::remove))
        .route("/office/papers", get(papers::show).post(papers::choose))
        .route("/office/papers/tested", post(papers::tested))
        .route("/office/papers/test", get(super::printed::test_page))
        .route("/office/backup", get(backup::show).post(backup::make))
        .route("/office/stick", get(stick::show).post(stick::bring).layer(super::bundles::room()))
        .route("/office/stick/file", get(stick::file))
        .route("/password", get(people::password).post(people::change))
        .route("/practise", get(practise::show))
        .route("/practise/overview", get(practise::overview))
        .route("/practise/colleague", post(practise::differ))
        .route("/practise/reset", post(practise::reset))
        .route("/health", get(health::show))
        .route("/link", get(link::show))
        .route("/styleguide", get(styleguide::show))
        .route("/assets/{*name}", get(assets::asset))
}

/// A page that says why not; whoever is not logged in is asked to, and whoever has a one-off
/// password to choose another one.
pub(super) async fn refused(site: &Arc<Site>, headers: &HeaderMap, refused: &Refused) -> Response {
    if refused.status == 401 {
        return turned_away(refused.clone());
    }
    if refused.code == "password-one-off" {
        return Redirect::to("/password").into_response();
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
