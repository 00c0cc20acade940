//! Every address of the relay's pages and API on one screen.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{delete, get, post},
};

use hoso_engine::web::{Hosts, OwnSession, own_session, shield};

use super::{
    api, assets, pages,
    refusal::{guard, speak},
    site::Site,
};

/// Bytes of the largest request body.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The whole web side.
pub fn router(site: Arc<Site>, hosts: Hosts) -> Router {
    let session = Arc::new(OwnSession::of(&site.office.transport));
    Router::new()
        .route("/", get(pages::overview))
        .route("/log-in", get(pages::log_in_form).post(pages::log_in))
        .route("/log-out", post(pages::log_out))
        .route("/language", post(pages::language))
        .route("/alerts/{id}/acknowledge", post(pages::acknowledge))
        .route("/assets/{*name}", get(assets::asset))
        .route("/api/v1/sessions", post(api::log_in))
        .route("/api/v1/sessions/current", delete(api::log_out))
        .route("/api/v1/units", get(api::units))
        .route("/api/v1/nodes", get(api::nodes))
        .route("/api/v1/alerts", get(api::alerts))
        .route("/api/v1/alerts/{id}/acknowledge", post(api::acknowledge))
        .route("/api/v1/audit", get(api::audit))
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .route("/metrics", get(api::metrics))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(Arc::new(hosts), guard))
        .layer(from_fn_with_state(Arc::clone(&site), speak))
        .layer(from_fn_with_state(session, own_session))
        .layer(from_fn(shield))
        .with_state(site)
}
