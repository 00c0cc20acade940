//! What the handlers share: the office behind the pages, sessions and words.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use fluent_bundle::FluentArgs;
use hoso_engine::web::{Language, SESSION_COOKIE, Speech, Words, token};
use hoso_identity::PersonId;

use crate::{desk::Refused, office::Office, people::Actor};

/// What the handlers share.
pub(crate) struct Site {
    pub(super) office: Arc<Office>,
    speech: Speech,
}

impl Site {
    /// The pages before this office.
    pub(crate) fn new(office: Arc<Office>) -> Self {
        let vietnamese = include_str!("../../locales/vi.ftl");
        let english = include_str!("../../locales/en.ftl");
        Self::speaking(office, vietnamese, english)
    }

    /// The same with these two Fluent files.
    pub(super) fn speaking(office: Arc<Office>, vietnamese: &str, english: &str) -> Self {
        Self { office, speech: Speech::new(vietnamese, english) }
    }

    /// The words in the language of this request: the cookie, then what the browser accepts.
    pub(super) fn words(&self, headers: &HeaderMap) -> (&Words, Language) {
        self.speech.asked(headers)
    }

    /// The words of that language.
    pub(super) fn in_language(&self, language: Language) -> &Words {
        self.speech.of(language)
    }

    /// Who sent this request, by bearer token or cookie.
    pub(super) async fn actor(&self, headers: &HeaderMap) -> Result<Arc<Actor>, Refused> {
        let token = token(headers).ok_or(Refused::new(401, "session-unknown"))?;
        Ok(self.office.actor(&token).await?)
    }

    /// Who sent this request, also while their password is a one-off, and whether it is.
    pub(super) async fn whoever(&self, headers: &HeaderMap) -> Result<(Arc<Actor>, bool), Refused> {
        let token = token(headers).ok_or(Refused::new(401, "session-unknown"))?;
        Ok(self.office.whoever(&token).await?)
    }

    /// The sentence for a refusal.
    pub(super) fn sentence(&self, headers: &HeaderMap, refused: &Refused) -> String {
        let about = refused.about.as_deref().unwrap_or_default();
        self.say(self.words(headers).0, refused, about)
    }

    /// The sentence for the refusal of this word, before anything is refused.
    pub(super) fn sentence_of(&self, words: &Words, code: &str) -> String {
        self.say(words, &Refused::new(422, code), "")
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
