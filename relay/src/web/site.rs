//! What the handlers share: the office behind the pages, sessions and words.

use std::{net::IpAddr, sync::Arc};

use axum::http::{HeaderMap, header};
use fluent_bundle::FluentArgs;
use hoso_engine::clock;
use tokio::sync::Semaphore;

use super::{
    session::Operator,
    words::{Language, Words},
};
use crate::office::Office;

/// The cookie that holds the session's token.
pub(super) const SESSION_COOKIE: &str = "hoso_session";
/// The cookie that holds the language.
pub(super) const LANGUAGE_COOKIE: &str = "hoso_language";
/// Passwords checked at once: each takes 19 MiB and tens of milliseconds on purpose.
const CHECKS_MAX: usize = 2;

/// Why nobody was logged in.
pub(super) enum LogInProblem {
    /// Name or password is not right; which is not told.
    Wrong,
    /// Too many failures: wait that many seconds.
    Later(u64),
    /// The relay cannot check passwords now.
    Broken,
}

/// What the handlers share.
pub struct Site {
    pub(super) office: Arc<Office>,
    vietnamese: Words,
    english: Words,
    checks: Semaphore,
}

impl Site {
    /// The pages before this office.
    #[must_use]
    pub fn new(office: Arc<Office>) -> Self {
        let vietnamese = include_str!("../../locales/vi.ftl");
        let english = include_str!("../../locales/en.ftl");
        Self {
            office,
            vietnamese: Words::new(Language::Vietnamese, vietnamese),
            english: Words::new(Language::English, english),
            checks: Semaphore::new(CHECKS_MAX),
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

    /// Who sent this request, by cookie or bearer token.
    pub(super) fn operator(&self, headers: &HeaderMap) -> Option<Operator> {
        self.office.sessions.find(&token(headers)?, clock::now_ms())
    }

    /// Checks a password and begins a session; gives its token.
    pub(super) async fn log_in(
        &self,
        name: &str,
        password: &str,
        address: IpAddr,
    ) -> Result<(String, Operator), LogInProblem> {
        let now_ms = clock::now_ms();
        let attempts = &self.office.sessions.attempts;
        let attempt = attempts.begin(name, address, now_ms).map_err(LogInProblem::Later)?;
        let place = self.checks.acquire().await.map_err(|_| LogInProblem::Broken)?;
        let checked = self.office.check_password(name.to_owned(), password.to_owned()).await;
        drop(place);
        match checked {
            Ok(Some(operator)) => {
                attempts.forgive(&attempt);
                let token = self.office.sessions.begin(operator.clone(), now_ms);
                Ok((token.map_err(|_| LogInProblem::Broken)?, operator))
            }
            Ok(None) => Err(LogInProblem::Wrong),
            Err(problem) => {
                tracing::error!(code = problem.code, "a password could not be checked");
                Err(LogInProblem::Broken)
            }
        }
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

/// Fluent arguments from numbers.
pub(super) fn numbers<'a>(values: &[(&'a str, u64)]) -> FluentArgs<'a> {
    values.iter().map(|(name, value)| (*name, value.to_string())).collect()
}
