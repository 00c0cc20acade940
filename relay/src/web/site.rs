//! What the handlers share: the office behind the pages, sessions and words.

use std::{net::IpAddr, sync::Arc};

use axum::http::HeaderMap;
use hoso_engine::{
    clock,
    command::Secret,
    passwords::PasswordError,
    web::{Language, Speech, Words, token},
};

use super::session::Operator;
use crate::office::Office;

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
}

impl Site {
    /// The pages before this office.
    #[must_use]
    pub fn new(office: Arc<Office>) -> Self {
        let vietnamese = include_str!("../../locales/vi.ftl");
        let english = include_str!("../../locales/en.ftl");
        Self { office, speech: Speech::new(vietnamese, english) }
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
        let password = Secret::new(password.to_owned());
        let operator = match self.office.log_in(name, password, address).await {
            Ok(operator) => operator.ok_or(LogInProblem::Wrong)?,
            Err(PasswordError::Later(seconds)) => return Err(LogInProblem::Later(seconds)),
            Err(PasswordError::Unavailable) => return Err(LogInProblem::Broken),
        };
        let token = self.office.sessions.begin(operator.clone(), clock::now_ms());
        Ok((token.map_err(|_| LogInProblem::Broken)?, operator))
    }
}
