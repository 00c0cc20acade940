//! What pages load besides themselves: style, script and fonts, all inside the program, so that no
//! request leaves the host. What both programs load stands here; each adds its own.

use std::collections::BTreeMap;

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hoso_identity::PayloadHash;

/// For a year, without asking: what has another content has another address.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Hexadecimal digits of the hash in an address.
const VERSION_DIGITS: usize = 16;

/// Name, media type and content.
pub type Asset = (&'static str, &'static str, &'static [u8]);

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        ($name, $kind, include_bytes!(concat!("../../assets/", $name)).as_slice())
    };
}

/// What both programs load; a font with another content gets another name.
const SHARED: [Asset; 17] = [
    asset!("tokens.css", "text/css"),
    asset!("parts.css", "text/css"),
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

/// The assets of a program, each with the version of its content.
#[derive(Debug)]
pub struct Assets(BTreeMap<&'static str, (String, &'static str, &'static [u8])>);

impl Assets {
    /// What both programs load, and the program's own.
    #[must_use]
    pub fn with(own: &[Asset]) -> Self {
        let versioned = |(name, kind, bytes): &Asset| {
            let hash = PayloadHash::of(bytes).to_string();
            (*name, (hash.chars().take(VERSION_DIGITS).collect(), *kind, *bytes))
        };
        Self(SHARED.iter().chain(own).map(versioned).collect())
    }

    /// The address at which a page loads this asset: it changes with the content.
    #[must_use]
    pub fn address(&self, name: &str) -> String {
        let version = self.0.get(name).map(|(version, ..)| version.as_str()).unwrap_or_default();
        format!("/assets/{name}?v={version}")
    }

    /// One asset, as it was asked for; a browser that has it is told so. Without its version in the
    /// address it is asked for again each time, but for fonts.
    #[must_use]
    pub fn answer(&self, name: &str, query: Option<&str>, headers: &HeaderMap) -> Response {
        let Some((version, kind, bytes)) = self.0.get(name) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let tag = format!("\"{version}\"");
        let lasts = *kind == "font/woff2" || query == Some(&*format!("v={version}"));
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
}
