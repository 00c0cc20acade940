//! What pages load besides themselves: style, script and fonts, all inside the program, so that no
//! request leaves the host.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    extract::{Path, RawQuery},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hoso_identity::PayloadHash;

/// For a year, without asking: what has another content has another address.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Hexadecimal digits of the hash in an address.
const VERSION_DIGITS: usize = 16;

/// Name, media type and content.
type Asset = (&'static str, &'static str, &'static [u8]);

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        ($name, $kind, include_bytes!(concat!("../../assets/", $name)).as_slice())
    };
}

/// All of them; a font with another content gets another name.
const ASSETS: [Asset; 24] = [
    asset!("tokens.css", "text/css"),
    asset!("node.css", "text/css"),
    asset!("print.css", "text/css"),
    asset!("receive.css", "text/css"),
    asset!("desk.js", "text/javascript"),
    asset!("receive.js", "text/javascript"),
    asset!("combobox.js", "text/javascript"),
    asset!("scanner.js", "text/javascript"),
    asset!("slip.js", "text/javascript"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("fonts/be-vietnam-pro-latin-400.woff2", "font/woff2"),
    asset!("fonts/be-vietnam-pro-latin-500.woff2", "font/woff2"),
    asset!("fonts/be-vietnam-pro-latin-600.woff2", "font/woff2"),
    asset!("fonts/be-vietnam-pro-vietnamese-400.woff2", "font/woff2"),
    asset!("fonts/be-vietnam-pro-vietnamese-500.woff2", "font/woff2"),
    asset!("fonts/be-vietnam-pro-vietnamese-600.woff2", "font/woff2"),
    asset!("fonts/tinos-latin-400.woff2", "font/woff2"),
    asset!("fonts/tinos-latin-400-italic.woff2", "font/woff2"),
    asset!("fonts/tinos-latin-700.woff2", "font/woff2"),
    asset!("fonts/tinos-latin-700-italic.woff2", "font/woff2"),
    asset!("fonts/tinos-vietnamese-400.woff2", "font/woff2"),
    asset!("fonts/tinos-vietnamese-400-italic.woff2", "font/woff2"),
    asset!("fonts/tinos-vietnamese-700.woff2", "font/woff2"),
    asset!("fonts/tinos-vietnamese-700-italic.woff2", "font/woff2"),
];

/// The version of each by its name.
static VERSIONS: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
    let version = |bytes| PayloadHash::of(bytes).to_string().chars().take(VERSION_DIGITS).collect();
    ASSETS.iter().map(|(name, _, bytes)| (*name, version(bytes))).collect()
});

/// The address at which a page loads this asset: it changes with the content.
pub(super) fn address(name: &str) -> String {
    let version = VERSIONS.get(name).map(String::as_str).unwrap_or_default();
    format!("/assets/{name}?v={version}")
}

/// One asset; a browser that has it is told so. Without its version in the address it is asked for
/// again each time, but for fonts.
pub(super) async fn asset(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let found = ASSETS.iter().find(|(known, ..)| *known == name);
    let (Some((_, kind, bytes)), Some(version)) = (found, VERSIONS.get(name.as_str())) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = format!("\"{version}\"");
    let lasts = *kind == "font/woff2" || query.as_deref() == Some(&format!("v={version}"));
    let kept = if lasts { FOR_EVER } else { "no-cache" };
    let about = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, kept.to_owned())];
    let has = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if has.is_some_and(|tags| tags.contains(&tag)) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let kind = match kind.starts_with("text/") {
        true => format!("{kind}; charset=utf-8"),
        false => (*kind).to_owned(),
    };
    (about, [(header::CONTENT_TYPE, kind)], *bytes).into_response()
}
