//! What the desk's pages load besides what both programs have.

use std::sync::LazyLock;

use axum::{
    extract::{Path, RawQuery},
    http::HeaderMap,
    response::Response,
};
use hoso_engine::web::{Asset, Assets};

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        ($name, $kind, include_bytes!(concat!("../../assets/", $name)).as_slice())
    };
}

/// All of them.
const OWN: [Asset; 12] = [
    asset!("node.css", "text/css"),
    asset!("print.css", "text/css"),
    asset!("receive.css", "text/css"),
    asset!("desk.js", "text/javascript"),
    asset!("live.js", "text/javascript"),
    asset!("drafts.js", "text/javascript"),
    asset!("dossier.js", "text/javascript"),
    asset!("receive.js", "text/javascript"),
    asset!("combobox.js", "text/javascript"),
    asset!("return.js", "text/javascript"),
    asset!("scanner.js", "text/javascript"),
    asset!("slip.js", "text/javascript"),
];

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
