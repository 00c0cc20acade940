//! The words that a command and a running program share: secrets, problems, answers.

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// What a command is answered when it cannot be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Problem {
    /// A stable code.
    pub code: String,
    /// What to do, one line.
    pub text: String,
}

impl Problem {
    /// A problem with its stable code and its sentence.
    #[must_use]
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self { code: code.to_owned(), text: text.into() }
    }
}

/// The answer on the control socket.
pub type Answer = Result<serde_json::Value, Problem>;

/// A secret on its way from standard input to the program; wiped when dropped, never printed.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret line.
    #[must_use]
    pub fn new(line: String) -> Self {
        Self(line)
    }

    /// The secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret")
    }
}
