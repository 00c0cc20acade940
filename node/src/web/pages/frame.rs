//! What stands around every page: unit, realm, link, person, language.

use std::sync::Arc;

use askama::Template;
use axum::{
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
};
use fluent_bundle::FluentArgs;
use hoso_engine::{
    clock,
    web::{Language, Words, token},
};
use hoso_identity::PayloadHash;
use hoso_registry::Role;

use super::{
    super::{assets, site::Site},
    link::Live,
    rail::{self, Group},
};
use crate::{desk::Refused, people::Actor};

/// The parts of the frame, all in the language of the request.
pub(super) struct Frame {
    pub(super) language: &'static str,
    pub(super) title: String,
    pub(super) program: String,
    pub(super) unit: String,
    /// The code of the realm.
    pub(super) realm: &'static str,
    pub(super) banner: String,
    pub(super) other_tag: &'static str,
    pub(super) other_language: String,
    pub(super) user: String,
    pub(super) log_out: String,
    pub(super) skip: String,
    /// The work lists and pages that are open to whoever is logged in.
    pub(super) rail: Vec<Group>,
    pub(super) lists: String,
    pub(super) menu: String,
    pub(super) close: String,
    /// What the button of reception says; empty for whoever does not receive.
    pub(super) receive: String,
    /// Whether there is anything to search.
    pub(super) searches: bool,
    pub(super) search: String,
    pub(super) find: String,
    /// What was searched for.
    pub(super) query: String,
    pub(super) keys: Keys,
    pub(super) live: Live,
    /// What leads to the page of what is carried, for whoever may; the look shows it without link.
    pub(super) stick: String,
    /// Binds forms to the session.
    pub(super) token: String,
    pub(super) assets: Assets,
}

/// The help with the keys.
pub(super) struct Keys {
    pub(super) title: String,
    pub(super) lines: Vec<(&'static str, String)>,
    /// The switch that turns single keys off.
    pub(super) switch: String,
}

/// Where the page's style, script and first fonts are.
pub(super) struct Assets {
    pub(super) tokens: String,
    pub(super) parts: String,
    pub(super) style: String,
    pub(super) script: String,
    pub(super) live: String,
    pub(super) icon: String,
}

impl Assets {
    /// Their addresses.
    pub(super) fn new() -> Self {
        Self {
            tokens: assets::address("tokens.css"),
            parts: assets::address("parts.css"),
            style: assets::address("node.css"),
            script: assets::address("desk.js"),
            live: assets::address("live.js"),
            icon: assets::address("icon.svg"),
        }
    }
}

impl Frame {
    /// Marks the list in which the reader is.
    pub(super) fn choose(&mut self, address: &str) {
        for link in self.rail.iter_mut().flat_map(|group| &mut group.links) {
            link.chosen = link.address == address;
        }
    }
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct MessagePage {
    pub(super) frame: Frame,
    pub(super) message: String,
    pub(super) back: String,
}

/// The frame of a page.
pub(super) async fn frame(
    site: &Arc<Site>,
    headers: &HeaderMap,
    title: &str,
    actor: Option<&Actor>,
) -> Frame {
    let (words, language) = site.words(headers);
    let state = site.office.state();
    // Before the approval has come nobody can say whether this is in earnest.
    let realm = state.realm_kind().map_or("unknown", |kind| kind.code());
    let other_tag = match language {
        Language::Vietnamese => Language::English.tag(),
        Language::English => Language::Vietnamese.tag(),
    };
    let official = realm == "official";
    let rail = match actor {
        Some(actor) => rail::rail(site, words, actor).await,
        None => Vec::new(),
    };
    let administers = actor.is_some_and(|actor| actor.author.has(Role::Administrator));
    let carries = administers && !site.office.is_training();
    let receives = actor.is_some_and(rail::receives);
    Frame {
        language: language.tag(),
        title: words.say(title),
        program: words.say("program"),
        unit: state.unit(site.office.unit()).map(|unit| unit.full_name()).unwrap_or_default(),
        realm,
        banner: if official { String::new() } else { words.say(&format!("realm-{realm}")) },
        other_tag,
        other_language: words.say("language-other"),
        user: actor.map(|actor| actor.name.clone()).unwrap_or_default(),
        log_out: words.say("log-out"),
        skip: words.say("skip"),
        rail,
        lists: words.say("lists"),
        menu: words.say("menu"),
        close: words.say("close"),
        receive: if receives { words.say("page-receive") } else { String::new() },
        searches: actor.is_some_and(Actor::reads),
        search: words.say("search"),
        find: words.say("find"),
        query: String::new(),
        keys: keys(words),
        live: Live::now(site, words).await,
        stick: if carries { words.say("bar-stick") } else { String::new() },
        token: form_token(headers),
        assets: Assets::new(),
    }
}

fn keys(words: &Words) -> Keys {
    let lines = [
        ("j  k", words.say("keys-move")),
        ("Enter", words.say("keys-open")),
        ("n", words.say("keys-receive")),
        ("/  Ctrl K", words.say("keys-find")),
        ("?", words.say("keys-help")),
        ("Esc", words.say("keys-close")),
    ];
    Keys { title: words.say("keys"), lines: lines.into(), switch: words.say("keys-switch") }
}

/// A moment of today by its time, an earlier one with its day.
pub(super) fn since_when(words: &Words, since: &str) -> String {
    let today = crate::times::text(crate::times::now_ms()).unwrap_or_default();
    let (day, time) = (since.get(..10), since.get(11..16).unwrap_or_default());
    if day == today.get(..10) {
        return time.to_owned();
    }
    let mut values = FluentArgs::new();
    values.set("time", time.to_owned());
    values.set("day", date(day.unwrap_or_default()));
    words.say_with("time-of-day", &values)
}

/// How long something has lasted, in words.
pub(super) fn lasting(words: &Words, since: &str) -> String {
    let now_ms = i64::try_from(clock::now_ms()).unwrap_or_default();
    let since_ms = crate::times::instant(since).unwrap_or(now_ms);
    minutes_in_words(words, now_ms.saturating_sub(since_ms).max(0) / 60_000)
}

/// So many minutes, in the largest unit that says enough.
pub(super) fn minutes_in_words(words: &Words, minutes: i64) -> String {
    let (key, count) = match minutes {
        0..120 => ("minutes", minutes.max(1)),
        120..2_880 => ("hours", minutes / 60),
        _ => ("days", minutes / 1_440),
    };
    words.say_with(key, &[("count", count)].into_iter().collect())
}

/// `2026-11-24T08:14:00+07:00` as people here write it: `24/11/2026 08:14`.
pub(super) fn moment(text: &str) -> String {
    let part = |range| text.get(range).unwrap_or_default();
    if text.len() < 16 {
        return text.to_owned();
    }
    format!("{}/{}/{} {}", part(8..10), part(5..7), part(0..4), part(11..16))
}

/// `2026-11-24` as people here write it.
pub(in super::super) fn date(text: &str) -> String {
    let part = |range| text.get(range).unwrap_or_default();
    if text.len() != 10 {
        return text.to_owned();
    }
    format!("{}/{}/{}", part(8..10), part(5..7), part(0..4))
}

/// What a form must carry so that it was made for this session.
pub(super) fn form_token(headers: &HeaderMap) -> String {
    let session = token(headers).unwrap_or_default();
    PayloadHash::of(format!("hoso form {session}").as_bytes()).to_string()
}

/// Refuses a form that was not made for this session.
pub(super) fn check_token(headers: &HeaderMap, form: &[(String, String)]) -> Result<(), Refused> {
    let token = form.iter().find(|(name, _)| name == "_token").map(|(_, value)| value);
    if token == Some(&form_token(headers)) { Ok(()) } else { Err(Refused::new(403, "form")) }
}

/// A rendered page.
pub(super) fn render(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
