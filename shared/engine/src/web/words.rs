//! The pages' sentences in Vietnamese and English, from two Fluent files inside the program.

use axum::http::{HeaderMap, header};
use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use super::cookies::{LANGUAGE_COOKIE, cookie};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Vietnamese, the original.
    Vietnamese,
    /// English, its equal.
    English,
}

impl Language {
    /// The language that a browser asks for; Vietnamese unless English comes first.
    #[must_use]
    pub fn accepted(header: Option<&str>) -> Self {
        let first = header.unwrap_or_default().split([',', ';']).next().unwrap_or_default().trim();
        if first.get(..2).is_some_and(|tag| tag.eq_ignore_ascii_case("en")) {
            Self::English
        } else {
            Self::Vietnamese
        }
    }

    /// The tag for `lang` and cookies.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Vietnamese => "vi",
            Self::English => "en",
        }
    }
}

/// All sentences of one language.
pub struct Words {
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    /// Reads a Fluent file. What cannot be read is left out, and shows as its key; a test keeps
    /// both files complete.
    fn new(language: Language, text: &str) -> Self {
        let tag = LanguageIdentifier::from_bytes(language.tag().as_bytes());
        let mut bundle = FluentBundle::new_concurrent(tag.into_iter().collect());
        bundle.set_use_isolating(false);
        let resource = match FluentResource::try_new(text.to_owned()) {
            Ok(resource) => resource,
            Err((readable, _)) => readable,
        };
        bundle.add_resource_overriding(resource);
        Self { bundle }
    }

    /// The sentence of that key, or the key itself.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &FluentArgs::new())
    }

    /// The sentence with values in it.
    #[must_use]
    pub fn say_with(&self, key: &str, values: &FluentArgs<'_>) -> String {
        let pattern = self.bundle.get_message(key).and_then(|message| message.value());
        pattern.map_or_else(
            || key.to_owned(),
            |pattern| {
                self.bundle.format_pattern(pattern, Some(values), &mut Vec::new()).into_owned()
            },
        )
    }
}

/// The sentences of a program in both languages.
pub struct Speech {
    vietnamese: Words,
    english: Words,
}

impl Speech {
    /// Reads the two Fluent files.
    #[must_use]
    pub fn new(vietnamese: &str, english: &str) -> Self {
        Self {
            vietnamese: Words::new(Language::Vietnamese, vietnamese),
            english: Words::new(Language::English, english),
        }
    }

    /// The words of that language.
    #[must_use]
    pub fn of(&self, language: Language) -> &Words {
        match language {
            Language::Vietnamese => &self.vietnamese,
            Language::English => &self.english,
        }
    }

    /// The language of a request: the cookie, then what the browser accepts.
    #[must_use]
    pub fn asked(&self, headers: &HeaderMap) -> (&Words, Language) {
        let language = match cookie(headers, LANGUAGE_COOKIE).as_deref() {
            Some("vi") => Language::Vietnamese,
            Some("en") => Language::English,
            Some(_) | None => Language::accepted(
                headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()),
            ),
        };
        (self.of(language), language)
    }
}

/// Fluent arguments from numbers, which are shown as they are.
#[must_use]
pub fn numbers<'a>(values: &[(&'a str, u64)]) -> FluentArgs<'a> {
    values.iter().map(|(name, value)| (*name, value.to_string())).collect()
}
