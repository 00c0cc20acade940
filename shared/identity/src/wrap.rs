//! A secret key at rest: wrapped under a password with argon2id and ChaCha20-Poly1305.
//!
//! Opening proves the password, so no verifier is kept beside the wrapped key. The caller brings
//! salt and nonce; argon2 takes tens of milliseconds on purpose, so call it off the async threads.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, aead::Aead};
use minicbor::{Decode, Encode};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::SigningKey;

/// KiB of memory that one opening takes: the floor of the design, 19 MiB.
pub const MEMORY_KIB: u32 = 19 * 1024;
/// KiB above which stored parameters are not believed: 1 GiB.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// Passes over that memory.
pub const PASSES: u32 = 2;
/// Passes above which stored parameters are not believed.
const PASSES_MAX: u32 = 16;
/// Shortest password in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Longest password in bytes.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// A wrapped key with the parameters under which it was wrapped.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WrappedKey {
    #[n(0)]
    memory_kib: u32,
    #[n(1)]
    passes: u32,
    #[cbor(n(2), with = "minicbor::bytes")]
    salt: [u8; 16],
    #[cbor(n(3), with = "minicbor::bytes")]
    nonce: [u8; 12],
    #[cbor(n(4), with = "minicbor::bytes")]
    sealed: Vec<u8>,
}

/// Why a key could not be wrapped or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WrapError {
    /// Fewer than 8 characters or more than 256 bytes.
    #[error("a password has at least 8 characters and at most 256 bytes")]
    Password,
    /// Not this password, or damaged bytes: the two cannot be told apart.
    #[error("the password does not open this key")]
    Closed,
    /// The stored form is not one that this program writes.
    #[error("the wrapped key is damaged")]
    Damaged,
}

impl WrappedKey {
    /// Wraps a key. `salt` and `nonce` must be fresh chance.
    ///
    /// # Errors
    ///
    /// [`WrapError::Password`] for a password out of bounds.
    pub fn seal(
        key: &SigningKey,
        password: &str,
        salt: [u8; 16],
        nonce: [u8; 12],
    ) -> Result<Self, WrapError> {
        if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
            return Err(WrapError::Password);
        }
        let cipher = cipher(password, &salt, MEMORY_KIB, PASSES)?;
        let sealed =
            cipher.encrypt(&nonce.into(), key.seed().as_slice()).map_err(|_| WrapError::Damaged)?;
        Ok(Self { memory_kib: MEMORY_KIB, passes: PASSES, salt, nonce, sealed })
    }

    /// Opens the key.
    ///
    /// # Errors
    ///
    /// [`WrapError::Closed`] for another password, [`WrapError::Damaged`] for bytes that no
    /// password opens.
    pub fn open(&self, password: &str) -> Result<SigningKey, WrapError> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(WrapError::Closed);
        }
        let cipher = cipher(password, &self.salt, self.memory_kib, self.passes)?;
        let seed = cipher
            .decrypt(&self.nonce.into(), self.sealed.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| WrapError::Closed)?;
        let seed: &[u8; 32] = seed.as_slice().try_into().map_err(|_| WrapError::Damaged)?;
        Ok(SigningKey::from_seed(seed))
    }

    /// A wrapped key that no password opens, for spending the same time on unknown users.
    #[must_use]
    pub fn decoy() -> Self {
        Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: [0; 16],
            nonce: [0; 12],
            sealed: vec![0; 48],
        }
    }

    /// The bytes that are stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`WrappedKey::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// [`WrapError::Damaged`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WrapError> {
        minicbor::decode(bytes).map_err(|_| WrapError::Damaged)
    }
}

/// The cipher under the key that argon2id derives.
fn cipher(
    password: &str,
    salt: &[u8; 16],
    memory_kib: u32,
    passes: u32,
) -> Result<ChaCha20Poly1305, WrapError> {
    if memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX {
        return Err(WrapError::Damaged);
    }
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(|_| WrapError::Damaged)?;
    let mut derived = Zeroizing::new([0_u8; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, derived.as_mut_slice())
        .map_err(|_| WrapError::Damaged)?;
    Ok(ChaCha20Poly1305::new(&(*derived).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_with_its_password_and_no_other() {
        let key = SigningKey::from_seed(&[7; 32]);
        let wrapped = WrappedKey::seal(&key, "mật khẩu thử", [1; 16], [2; 12]).unwrap();
        let read = WrappedKey::from_bytes(&wrapped.to_bytes()).unwrap();
        assert_eq!(read.open("mật khẩu thử").unwrap().public(), key.public());
        assert_eq!(read.open("mật khẩu thủ").unwrap_err(), WrapError::Closed);
        assert_eq!(WrappedKey::decoy().open("mật khẩu thử").unwrap_err(), WrapError::Closed);
    }

    #[test]
    fn a_short_password_is_refused_before_any_work() {
        let key = SigningKey::from_seed(&[7; 32]);
        let refused = WrappedKey::seal(&key, "ngắn", [1; 16], [2; 12]);
        assert!(matches!(refused, Err(WrapError::Password)));
    }

    #[test]
    fn stored_parameters_beyond_reason_are_refused_before_memory_is_taken() {
        let mut wrapped = WrappedKey::decoy();
        wrapped.memory_kib = u32::MAX;
        assert_eq!(wrapped.open("mật khẩu thử").unwrap_err(), WrapError::Damaged);
    }
}
