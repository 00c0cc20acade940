//! Passwords of both programs: worked few at a time, in memory that is used again, and failures ask
//! for a wait.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hoso_identity::{Scratch, SigningKey, WrapError, WrappedKey};
use thiserror::Error;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    attempts::Attempts,
    clock,
    command::Secret,
    keyfile::{self, KeyError},
};

/// Passwords worked at once: each takes 19 MiB and tens of milliseconds on purpose.
const AT_ONCE_MAX: usize = 2;

/// Why a password was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// After too many failures.
    #[error("too many failed attempts: wait {0} s")]
    Later(u64),
    /// The program cannot work passwords.
    #[error("passwords cannot be checked now")]
    Unavailable,
}

/// Where passwords are worked. Clones share the memory and the count of failures.
#[derive(Clone, Debug)]
pub struct Passwords {
    places: Arc<Semaphore>,
    scratches: Arc<Mutex<Vec<Scratch>>>,
    attempts: Arc<Attempts>,
}

impl Default for Passwords {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE_MAX));
        Self { places, scratches: Arc::default(), attempts: Arc::default() }
    }
}

impl Passwords {
    /// The key that this password opens, for somebody at a keyboard far away. The stored key of
    /// an unknown name is none; that takes as long.
    ///
    /// # Errors
    ///
    /// [`PasswordError`].
    pub async fn log_in(
        &self,
        (name, from): (&str, IpAddr),
        stored: Option<Vec<u8>>,
        password: Secret,
    ) -> Result<Option<SigningKey>, PasswordError> {
        let (attempts, name) = (Arc::clone(&self.attempts), name.to_owned());
        attempts.allowed(&name, from, clock::now_ms()).map_err(PasswordError::Later)?;
        let check = move |scratch: &mut Scratch| {
            // Those who came first may have failed meanwhile: many at once are not more than one
            // after another.
            attempts.allowed(&name, from, clock::now_ms()).map_err(PasswordError::Later)?;
            let opened = opened(stored, &password, scratch);
            if opened.is_none() {
                attempts.failed(&name, from, clock::now_ms());
            }
            Ok(opened)
        };
        self.at_a_place(check).await.and_then(|checked| checked)
    }

    /// The key that this password opens, for a command on this machine.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Unavailable`].
    pub async fn open(
        &self,
        stored: Option<Vec<u8>>,
        password: Secret,
    ) -> Result<Option<SigningKey>, PasswordError> {
        self.at_a_place(move |scratch| opened(stored, &password, scratch)).await
    }

    /// A fresh key and its stored form under this password.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Unavailable`]; within, [`KeyError::Wrap`] for a password out of bounds.
    pub async fn make(
        &self,
        password: Secret,
    ) -> Result<Result<(SigningKey, WrappedKey), KeyError>, PasswordError> {
        let making = move |scratch: &mut Scratch| {
            let key = keyfile::fresh()?;
            let wrapped = keyfile::wrap_in(&key, password.expose(), scratch)?;
            Ok((key, wrapped))
        };
        self.at_a_place(making).await
    }

    /// The stored form of a key under another password.
    ///
    /// # Errors
    ///
    /// As [`Passwords::make`].
    pub async fn seal(
        &self,
        key: SigningKey,
        password: Secret,
    ) -> Result<Result<WrappedKey, KeyError>, PasswordError> {
        let sealing =
            move |scratch: &mut Scratch| keyfile::wrap_in(&key, password.expose(), scratch);
        self.at_a_place(sealing).await
    }

    /// Works with one of the few memories. Goes on to its end when the caller goes away, and
    /// keeps its place until then.
    async fn at_a_place<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Scratch) -> R + Send + 'static,
    ) -> Result<R, PasswordError> {
        let unavailable = |_| PasswordError::Unavailable;
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| PasswordError::Unavailable)?;
        let scratches = Arc::clone(&self.scratches);
        let working = spawn_blocking(move || {
            let mut scratch = locked(&scratches).pop().unwrap_or_default();
            let result = work(&mut scratch);
            locked(&scratches).push(scratch);
            drop(place);
            result
        });
        working.await.map_err(unavailable)
    }
}

/// A password out of bounds is no password of anyone, nor is one of a damaged key.
fn opened(stored: Option<Vec<u8>>, password: &Secret, scratch: &mut Scratch) -> Option<SigningKey> {
    let wrapped = stored.as_deref().map(WrappedKey::from_bytes);
    let wrapped = wrapped.unwrap_or_else(|| Ok(WrappedKey::decoy()));
    let opened = wrapped.and_then(|wrapped| wrapped.open(password.expose(), scratch));
    match opened {
        Ok(key) => Some(key),
        Err(WrapError::Closed | WrapError::Password) => None,
        Err(error @ WrapError::Damaged) => {
            tracing::error!(%error, "a log-in cannot be opened: put it back from a backup");
            None
        }
    }
}

/// The data behind the lock; a panic elsewhere cannot have left it half written.
fn locked(scratches: &Mutex<Vec<Scratch>>) -> MutexGuard<'_, Vec<Scratch>> {
    scratches.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::task::JoinSet;

    use super::*;

    const RIGHT: &str = "mật khẩu thử";
    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    /// Bytes in which one password is worked.
    const BYTES: usize = 19 * 1024 * 1024;

    /// The memory that all places together hold once nobody works.
    async fn held(passwords: &Passwords) -> Vec<usize> {
        let all = u32::try_from(AT_ONCE_MAX).unwrap();
        let _places = passwords.places.acquire_many(all).await.unwrap();
        locked(&passwords.scratches).iter().map(Scratch::bytes).collect()
    }

    /// As many log-ins at once, and how many were opened, closed and put off.
    async fn at_once(passwords: &Passwords, many: usize, password: &str) -> [usize; 3] {
        let key = keyfile::fresh().unwrap();
        let stored = keyfile::wrap(&key, RIGHT).unwrap().to_bytes();
        let mut tasks = JoinSet::new();
        for _ in 0..many {
            let (passwords, stored) = (passwords.clone(), stored.clone());
            let password = Secret::new(password.to_owned());
            tasks.spawn(
                async move { passwords.log_in(("lan", HERE), Some(stored), password).await },
            );
        }
        let mut counts = [0; 3];
        for answer in tasks.join_all().await {
            let place = match answer {
                Ok(Some(_)) => 0,
                Ok(None) => 1,
                Err(PasswordError::Later(_)) => 2,
                Err(PasswordError::Unavailable) => panic!("no password was worked"),
            };
            counts[place] += 1;
        }
        counts
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_hundred_log_ins_take_the_memory_of_two_though_nobody_waits_for_the_answer() {
        let passwords = Passwords::default();
        for number in 0..100 {
            let name = number.to_string();
            let log_in = passwords.log_in((&name, HERE), None, Secret::new(RIGHT.to_owned()));
            tokio::select! {
                biased;
                _ = log_in => {}
                () = tokio::task::yield_now() => {}
            }
        }
        let held = held(&passwords).await;
        assert!(held.len() <= AT_ONCE_MAX, "{held:?}");
        assert!(held.iter().all(|bytes| *bytes == BYTES), "{held:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_unknown_name_costs_what_a_known_one_costs() {
        let passwords = Passwords::default();
        let opened = passwords.log_in(("nobody", HERE), None, Secret::new(RIGHT.to_owned())).await;
        assert!(matches!(opened, Ok(None)));
        assert_eq!(held(&passwords).await, [BYTES]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_person_logs_in_at_eight_tabs_at_once_and_is_never_asked_to_wait() {
        assert_eq!(at_once(&Passwords::default(), 8, RIGHT).await, [8, 0, 0]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn twenty_wrong_passwords_at_once_are_hardly_more_than_five_one_after_another() {
        let [opened, closed, later] = at_once(&Passwords::default(), 20, "mật khẩu sai").await;
        assert_eq!(opened, 0);
        assert!((5..5 + AT_ONCE_MAX).contains(&closed), "{closed}");
        assert_eq!(closed + later, 20);
    }
}
