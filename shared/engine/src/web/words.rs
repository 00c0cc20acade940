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
    /// The language that a browser asks for most, of equal wishes the first; Vietnamese if it asks
    /// for neither.
    #[must_use]
    pub fn accepted(header: Option<&str>) -> Self {
        let wishes: Vec<_> = header.unwrap_or_default().split(',').filter_map(wish).collect();
        let most = wishes.into_iter().rev().max_by(|one, other| one.1.total_cmp(&other.1));
        most.map_or(Self::Vietnamese, |(language, _)| language)
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

/// One wish of `Accept-Language` for a language that the pages have, and how much it counts.
fn wish(item: &str) -> Option<(Language, f64)> {
    let mut parts = item.split(';').map(str::trim);
    let tag = parts.next()?.split('-').next()?.to_ascii_lowercase();
    let language = match tag.as_str() {
        "en" => Language::English,
        "vi" | "*" => Language::Vietnamese,
        _ => return None,
    };
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse::<f64>().ok())?;
    (weight > 0.0).then_some((language, weight))
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

/// Fluent arguments from numbers: sentences choose their form by them.
#[must_use]
pub fn numbers<'a>(values: &[(&'a str, u64)]) -> FluentArgs<'a> {
    values.iter().map(|(name, value)| (*name, *value)).collect()
}

#[cfg(test)]
mod tests {
    use super::Language::{self, English, Vietnamese};

    #[test]
    fn the_language_is_the_one_that_is_asked_for_most() {
        for (asked, given) in [
            ("en-GB,en;q=0.9", English),
            ("vi-VN,vi;q=0.9,en;q=0.8", Vietnamese),
            ("fr-FR,fr;q=0.9,en;q=0.8", English),
            ("vi;q=0.3, en;q=0.7", English),
            ("en;q=0.5,vi;q=0.5", English),
            ("en;q=0,fr", Vietnamese),
            ("en;q=much", Vietnamese),
            ("*", Vietnamese),
            ("ending", Vietnamese),
            ("", Vietnamese),
        ] {
            assert_eq!(Language::accepted(Some(asked)), given, "{asked}");
        }
        assert_eq!(Language::accepted(None), Vietnamese);
    }
}
