//! What the operators' pages load besides what both programs have.

use std::sync::LazyLock;

use axum::{
    extract::{Path, RawQuery},
    http::HeaderMap,
    response::Response,
};
use hoso_engine::web::{Asset, Assets};

/// All of it.
const OWN: [Asset; 1] =
    [("relay.css", "text/css", include_bytes!("../../assets/relay.css").as_slice())];

static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets::with(&OWN));

/// The address at which a page loads this asset.
pub(super) fn address(name: &str) -> String {
    ASSETS.address(name)
}

/// One asset.
pub(super) async fn asset(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    ASSETS.answer(&name, query.as_deref(), &headers)
}
