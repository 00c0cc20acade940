//! What the handlers share: the office behind the pages, sessions and words.

use std::{net::IpAddr, sync::Arc};

use axum::http::HeaderMap;
use hoso_engine::{
    clock,
    web::{Language, Speech, Words, token},
};
use tokio::sync::Semaphore;

use super::session::Operator;
use crate::office::Office;

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
    speech: Speech,
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
            speech: Speech::new(vietnamese, english),
            checks: Semaphore::new(CHECKS_MAX),
        }
    }

    /// The words in the language of this request: the cookie, then what the browser accepts.
    pub(super) fn words(&self, headers: &HeaderMap) -> (&Words, Language) {
        self.speech.asked(headers)
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
