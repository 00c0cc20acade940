//! Operators' sessions, in memory: after a restart everyone logs in again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use data_encoding::BASE64URL_NOPAD;
use hoso_engine::secret;
use hoso_registry::Role;

/// Milliseconds after which a session ends whatever happens: 12 hours.
const SESSION_MS: u64 = 12 * 3600 * 1000;
/// Milliseconds without a request after which a session ends: 30 minutes.
const IDLE_MS: u64 = 30 * 60 * 1000;
/// Sessions kept at once; the oldest gives way.
const SESSIONS_MAX: usize = 256;

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The log-in name.
    pub name: String,
    /// Codes of the roles at the province.
    pub roles: Vec<String>,
}

impl Operator {
    /// Whether they may do more than read.
    #[must_use]
    pub(crate) fn may_act(&self) -> bool {
        let acting = [Role::Operator, Role::Registrar].map(Role::code);
        self.roles.iter().any(|role| acting.contains(&role.as_str()))
    }
}

#[derive(Debug)]
struct Session {
    operator: Operator,
    begun_ms: u64,
    seen_ms: u64,
}

/// All sessions, by the hash of their token.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<BTreeMap<[u8; 32], Session>>);

impl Sessions {
    /// Begins a session; gives its token, 256 bits in base64url.
    ///
    /// # Errors
    ///
    /// When the system has no chance to give.
    pub(crate) fn begin(&self, operator: Operator, now_ms: u64) -> std::io::Result<String> {
        let token = BASE64URL_NOPAD.encode(&secret::chance::<32>()?);
        let mut sessions = locked(&self.0);
        if sessions.len() >= SESSIONS_MAX {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.seen_ms);
            if let Some(hash) = oldest.map(|(hash, _)| *hash) {
                sessions.remove(&hash);
            }
        }
        sessions.insert(hash(&token), Session { operator, begun_ms: now_ms, seen_ms: now_ms });
        Ok(token)
    }

    /// Who holds this token, if it lives.
    #[must_use]
    pub(crate) fn find(&self, token: &str, now_ms: u64) -> Option<Operator> {
        let mut sessions = locked(&self.0);
        let session = sessions.get_mut(&hash(token))?;
        let alive = now_ms.saturating_sub(session.begun_ms) < SESSION_MS
            && now_ms.saturating_sub(session.seen_ms) < IDLE_MS;
        if alive {
            session.seen_ms = now_ms;
            Some(session.operator.clone())
        } else {
            sessions.remove(&hash(token));
            None
        }
    }

    /// Ends a session.
    pub(crate) fn end(&self, token: &str) {
        locked(&self.0).remove(&hash(token));
    }

    /// Ends all sessions of a name, for one that was disabled.
    pub(crate) fn end_all(&self, name: &str) {
        locked(&self.0).retain(|_, session| session.operator.name != name);
    }
}

fn hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

/// The data behind the lock; a panic elsewhere cannot have left it half written.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator() -> Operator {
        Operator { name: "dieuhanh".to_owned(), roles: vec!["operator".to_owned()] }
    }

    #[test]
    fn an_auditor_reads_and_does_nothing() {
        let auditor = Operator { roles: vec!["auditor".to_owned()], ..operator() };
        assert!(operator().may_act() && !auditor.may_act());
    }

    #[test]
    fn a_session_ends_when_idle_or_old_or_logged_out() {
        let sessions = Sessions::default();
        let token = sessions.begin(operator(), 0).unwrap();
        assert_eq!(sessions.find(&token, IDLE_MS - 1), Some(operator()));
        assert_eq!(sessions.find(&token, IDLE_MS - 1 + IDLE_MS), None);
        let token = sessions.begin(operator(), 0).unwrap();
        sessions.end(&token);
        assert_eq!(sessions.find(&token, 1), None);
    }
}
