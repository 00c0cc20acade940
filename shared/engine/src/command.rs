//! The words that a command and a running program share: secrets, problems, answers, how far long
//! work is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// The code of a problem with how a command was called.
const USAGE: &str = "usage";

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

    /// A command that was called wrongly; its exit status is another one.
    #[must_use]
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(USAGE, text)
    }

    /// Whether the command was called wrongly.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        self.code == USAGE
    }
}

/// How far long work is, for whoever wants to see it. Clones tell the same one.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(u8) + Send + Sync>);

impl Progress {
    /// Calls this with the percentage, perhaps many times with the same.
    #[must_use]
    pub fn new(show: impl Fn(u8) + Send + Sync + 'static) -> Self {
        Self(Arc::new(show))
    }

    /// Nobody sees it.
    #[must_use]
    pub fn unseen() -> Self {
        Self::new(|_| {})
    }

    /// So much is done of all.
    pub fn tell(&self, done: u64, all: u64) {
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(0);
        (self.0)(u8::try_from(percent).unwrap_or(100));
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Progress")
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
