//! Every address of the node's pages and API on one screen.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{delete, get, post, put},
};

use hoso_engine::web::{Hosts, OwnSession, own_session, shield};

use super::{
    answer::BODY_BYTES_MAX,
    api, backup, bundles, catalogue, health, openapi, pages, printed,
    refusal::{guard, speak},
    scans,
    site::Site,
};

/// The whole web side.
pub(crate) fn router(site: Arc<Site>, hosts: Hosts) -> Router {
    let session = Arc::new(OwnSession::of(&site.office.transport));
    Router::new()
        .nest("/api/v1", api())
        .merge(pages::pages())
        .route("/logbook", get(printed::logbook))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(Arc::new(hosts), guard))
        .layer(from_fn_with_state(Arc::clone(&site), speak))
        .layer(from_fn_with_state(session, own_session))
        .layer(from_fn(shield))
        .with_state(site)
}

/// The JSON API; [`openapi`] describes exactly these addresses.
fn api() -> Router<Arc<Site>> {
    Router::new()
        .route("/sessions", post(api::log_in))
        .route("/sessions/current", delete(api::log_out))
        .route("/procedures", get(catalogue::procedures))
        .route("/procedures/{code}/due", get(catalogue::due))
        .route("/units", get(catalogue::units))
        .route("/calendar/{year}", get(catalogue::calendar))
        .route("/applicants", get(catalogue::applicants))
        .route("/dossiers", get(api::list).post(api::receive))
        .route("/dossiers/{id}", get(api::open))
        .route("/dossiers/{id}/events", post(api::act))
        .route("/dossiers/{id}/attachments", post(scans::attach).layer(scans::room()))
        .route("/attachments/{blake3}", get(scans::fetch))
        .route("/dossiers/{id}/document", get(api::automerge))
        .route("/dossiers/{id}/entries", get(api::entries))
        .route("/dossiers/{id}/slip", get(printed::slip))
        .route("/drafts/{id}", put(api::put_draft).get(api::get_draft).delete(api::delete_draft))
        .route("/sync", get(api::sync))
        .route("/link", put(api::link))
        .route("/backup", get(backup::state).post(backup::make))
        .route("/bundle", get(bundles::fetch).post(bundles::bring).layer(bundles::room()))
        .route("/openapi.json", get(openapi::document))
}
