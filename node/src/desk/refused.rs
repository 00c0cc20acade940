//! Why something was not done: a status, a stable word, the part of the form.

use hoso_dossier::{event::Fault, rules::Objection};
use hoso_engine::command::Problem;
use hoso_store::StoreError;

use crate::dossiers::forms::Unfit;

/// Nothing was stored, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The stable word; screens have a sentence for each.
    pub(crate) code: String,
    /// The part of the form, or what it is about.
    pub(crate) about: Option<String>,
}

impl Refused {
    /// A refusal.
    pub(crate) fn new(status: u16, code: &str) -> Self {
        Self { status, code: code.to_owned(), about: None }
    }

    /// With what it is about.
    pub(crate) fn about(mut self, what: impl Into<String>) -> Self {
        self.about = Some(what.into());
        self
    }

    /// What the rules of dossiers object to.
    pub(crate) fn by_rule(objection: Objection) -> Self {
        let status = if objection == Objection::Role { 403 } else { 409 };
        Self::new(status, &format!("rule-{}", objection.code()))
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        // What is too much is the sender's to change; the rest is this machine's.
        if !matches!(error, StoreError::TooMuch { .. } | StoreError::Exhausted { .. }) {
            tracing::error!(%error, "the storage refuses");
        }
        if matches!(error, StoreError::TooMuch { .. }) {
            Self::new(413, "too-much")
        } else if matches!(error, StoreError::Full) {
            Self::new(507, "storage-full")
        } else if matches!(error, StoreError::ReadOnly) {
            Self::new(503, "storage-read-only")
        } else if matches!(error, StoreError::Exhausted { .. }) {
            Self::new(409, "serials-exhausted")
        } else {
            Self::new(503, "storage")
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        match problem.code.as_str() {
            code @ ("session-locked" | "session-unknown" | "log-in-wrong") => Self::new(401, code),
            code @ "log-in-later" => Self::new(429, code),
            code @ ("no-grant" | "pending" | "password-one-off") => Self::new(403, code),
            code @ ("alone" | "backup-unset" | "backup-running") => Self::new(409, code),
            code @ ("hours-point" | "hours-days" | "hours-order" | "hours-validity"
            | "hours-overlap") => Self::new(422, code),
            code @ ("log-in-name" | "name" | "name-taken" | "role" | "person" | "password"
            | "password-wrong" | "password-same" | "administrator" | "oneself"
            | "disabled") => Self::new(422, code),
            code @ ("storage" | "storage-dead" | "storage-read-only") => Self::new(503, code),
            code @ "storage-full" => Self::new(507, code),
            code @ "bundle-nothing" => Self::new(409, code),
            code if code.starts_with("bundle-") || code.starts_with("receipt-") => {
                Self::new(422, code)
            }
            code => {
                tracing::error!(code, text = problem.text, "something inside fails");
                Self::new(503, "internal")
            }
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::new(422, &format!("field-{}", fault.code())).about(fault.path())
    }
}

impl From<Unfit> for Refused {
    fn from(unfit: Unfit) -> Self {
        Self::new(422, &format!("field-{}", unfit.code)).about(unfit.field)
    }
}
