//! How the link stands, on every page and for the script that keeps it so.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::HeaderMap, response::Response};
use fluent_bundle::FluentArgs;
use hoso_engine::web::Words;
use serde_json::Value;

use super::{
    super::site::Site,
    chips::Chip,
    frame::{lasting, render, since_when},
    health,
};

/// How the link and this machine stand at this moment.
pub(super) struct Live {
    /// A word that changes when something is to be said aloud.
    pub(super) state: String,
    /// Whether the link is up.
    pub(super) up: bool,
    /// How it stands, in a word.
    pub(super) link: String,
    /// The same in a sentence.
    pub(super) sync: String,
    /// What everybody must know of this machine.
    pub(super) told: Vec<Chip>,
}

impl Live {
    /// As it is now.
    pub(super) async fn now(site: &Site, words: &Words) -> Self {
        let (state, sync) = match site.office.sync_status().await {
            Ok(_) if site.office.is_training() => ("alone".to_owned(), words.say("sync-alone")),
            Ok(status) => sentence(words, &status),
            Err(_) => ("storage".to_owned(), words.say("problem-storage")),
        };
        let up = ["up", "healing"].contains(&state.as_str());
        let link = words.say(if up { "link-up" } else { "link-away" });
        let told = health::bar(site, words).await;
        let tones: Vec<&str> = told.iter().map(|told| told.tone).collect();
        Self { state: format!("{state} {}", tones.join(" ")), up, link, sync, told }
    }
}

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    frame: Part,
}

/// The part of a frame that changes while a page is open.
struct Part {
    live: Live,
}

/// What a page shows of the link, for its script. Nobody is asked who they are: a page that is left
/// open must not keep its session from being locked, and the log-in page says the same.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let (words, _) = site.words(&headers);
    render(&LinkPage { frame: Part { live: Live::now(&site, words).await } })
}

/// The state of the link, and the sentence of the bar.
fn sentence(words: &Words, status: &Value) -> (String, String) {
    let link = status.get("link").and_then(Value::as_str).unwrap_or("down");
    let since = status.get("since").and_then(Value::as_str).unwrap_or_default();
    let pending = status.get("pending_dossiers").and_then(Value::as_u64).unwrap_or_default();
    let mut values = FluentArgs::new();
    values.set("since", since_when(words, since));
    values.set("lasting", lasting(words, since));
    values.set("pending", pending);
    let is = |what: &str| status.get(what).and_then(Value::as_bool).unwrap_or(false);
    let state = match link {
        // While both sides compare what they have, nothing is sent yet.
        "up" if is("healing") => "healing",
        "down" if is("unanswered") => "unanswered",
        link => link,
    };
    (state.to_owned(), words.say_with(&format!("sync-{state}"), &values))
}
