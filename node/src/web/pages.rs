//! The desk's pages.

use std::sync::Arc;

use axum::Router;

use super::site::Site;

/// Every page.
pub(super) fn pages() -> Router<Arc<Site>> {
    Router::new()
}
