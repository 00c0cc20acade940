//! What the handlers share: the office behind the pages, sessions and words.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use fluent_bundle::FluentArgs;
use hoso_identity::PersonId;

use super::words::{Language, Words};
use crate::{desk::Refused, office::Office, people::Actor};

/// The cookie that holds the session's token.
pub(super) const SESSION_COOKIE: &str = "hoso_session";
/// The cookie that holds the language.
pub(super) const LANGUAGE_COOKIE: &str = "hoso_language";

/// What the handlers share.
pub(crate) struct Site {
    pub(super) office: Arc<Office>,
    vietnamese: Words,
    english: Words,
}

impl Site {
    /// The pages before this office.
    pub(crate) fn new(office: Arc<Office>) -> Self {
        let vietnamese = include_str!("../../locales/vi.ftl");
        let english = include_str!("../../locales/en.ftl");
        Self {
            office,
            vietnamese: Words::new(Language::Vietnamese, vietnamese),
            english: Words::new(Language::English, english),
        }
    }

    /// The words in the language of this request: the cookie, then what the browser accepts.
    pub(super) fn words(&self, headers: &HeaderMap) -> (&Words, Language) {
        let language = match cookie(headers, LANGUAGE_COOKIE).as_deref() {
            Some("vi") => Language::Vietnamese,
            Some("en") => Language::English,
            Some(_) | None => Language::accepted(
                headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()),
            ),
        };
        match language {
            Language::Vietnamese => (&self.vietnamese, language),
            Language::English => (&self.english, language),
        }
    }

    /// The words of official forms.
    pub(super) fn vietnamese(&self) -> &Words {
        &self.vietnamese
    }

    /// Who sent this request, by bearer token or cookie.
    pub(super) async fn actor(&self, headers: &HeaderMap) -> Result<Arc<Actor>, Refused> {
        let token = token(headers).ok_or(Refused::new(401, "session-unknown"))?;
        Ok(self.office.actor(&token).await?)
    }

    /// The sentence for a refusal.
    pub(super) fn sentence(&self, headers: &HeaderMap, refused: &Refused) -> String {
        let about = refused.about.as_deref().unwrap_or_default();
        self.say(self.words(headers).0, refused, about)
    }

    /// The sentence for a refusal about what people call so.
    pub(super) fn say(&self, words: &Words, refused: &Refused, about: &str) -> String {
        let values: FluentArgs<'_> = [("about", about)].into_iter().collect();
        words.say_with(&format!("problem-{}", refused.code), &values)
    }

    /// The name of the person with this id.
    pub(super) fn person(&self, id: &str) -> String {
        let state = self.office.state();
        let person = PersonId::from_hex(id).and_then(|id| state.person(id));
        person.map_or_else(|| id.to_owned(), |person| person.name.clone())
    }

    /// What people call the unit or agency of this code.
    pub(super) fn place(&self, code: &str) -> String {
        let state = self.office.state();
        let unit = state.unit_by_code(code).map(|unit| unit.full_name());
        let agency = || state.agency_by_code(code).map(|agency| agency.name.clone());
        unit.or_else(agency).unwrap_or_else(|| code.to_owned())
    }
}

/// The session's token of this request.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(token) => Some(token.to_owned()),
        None => cookie(headers, SESSION_COOKIE),
    }
}

/// One cookie of the request.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// A text as it stands in an address.
pub(super) fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The session cookie of a token.
pub(super) fn session_cookie(token: &str) -> (axum::http::HeaderName, String) {
    let cookie = format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict");
    (header::SET_COOKIE, cookie)
}
