//! A secret key at rest: wrapped under a password with argon2id and ChaCha20-Poly1305.
//!
//! Opening proves the password, so no verifier is kept beside the wrapped key. The caller brings
//! salt, nonce and the memory to work in; argon2 takes tens of milliseconds on purpose, so call it
//! off the async threads.

use argon2::{Algorithm, Argon2, Block, Params, Version};
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

/// Memory in which passwords are worked. Used again and again, it is taken from the system once:
/// so much memory in so short a time never quite comes back.
#[derive(Default)]
pub struct Scratch(Vec<Block>);

impl Scratch {
    /// Bytes that it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.len().saturating_mul(Block::SIZE)
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Scratch({} bytes)", self.bytes())
    }
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
    /// Wraps a key. Salt and nonce must be fresh chance.
    ///
    /// # Errors
    ///
    /// [`WrapError::Password`] for a password out of bounds.
    pub fn seal(
        key: &SigningKey,
        password: &str,
        (salt, nonce): ([u8; 16], [u8; 12]),
        scratch: &mut Scratch,
    ) -> Result<Self, WrapError> {
        if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
            return Err(WrapError::Password);
        }
        let cipher = cipher(password, &salt, (MEMORY_KIB, PASSES), scratch)?;
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
    pub fn open(&self, password: &str, scratch: &mut Scratch) -> Result<SigningKey, WrapError> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(WrapError::Closed);
        }
        let cipher = cipher(password, &self.salt, (self.memory_kib, self.passes), scratch)?;
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
    (memory_kib, passes): (u32, u32),
    scratch: &mut Scratch,
) -> Result<ChaCha20Poly1305, WrapError> {
    if memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX {
        return Err(WrapError::Damaged);
    }
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(|_| WrapError::Damaged)?;
    let blocks = &mut scratch.0;
    if blocks.len() < params.block_count() {
        blocks.resize(params.block_count(), Block::new());
    }
    let mut derived = Zeroizing::new([0_u8; 32]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (password, out) = (password.as_bytes(), derived.as_mut_slice());
    let worked = argon.hash_password_into_with_memory(password, salt, out, &mut *blocks);
    // The last block is as good as the derived key.
    blocks.fill(Block::new());
    worked.map_err(|_| WrapError::Damaged)?;
    Ok(ChaCha20Poly1305::new(&(*derived).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(password: &str) -> Result<WrappedKey, WrapError> {
        let key = SigningKey::from_seed(&[7; 32]);
        WrappedKey::seal(&key, password, ([1; 16], [2; 12]), &mut Scratch::default())
    }

    #[test]
    fn a_wrapped_key_opens_with_its_password_and_no_other() {
        let wrapped = sealed("mật khẩu thử").unwrap();
        let read = WrappedKey::from_bytes(&wrapped.to_bytes()).unwrap();
        let mut scratch = Scratch::default();
        let mut opened = |key: &WrappedKey, password| key.open(password, &mut scratch);
        let key = SigningKey::from_seed(&[7; 32]);
        assert_eq!(opened(&read, "mật khẩu thử").unwrap().public(), key.public());
        assert_eq!(opened(&read, "mật khẩu thủ").unwrap_err(), WrapError::Closed);
        assert_eq!(opened(&WrappedKey::decoy(), "mật khẩu thử").unwrap_err(), WrapError::Closed);
        assert_eq!(scratch.bytes(), 19 * 1024 * 1024);
        assert!(scratch.0.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }

    #[test]
    fn a_short_password_is_refused_before_any_work() {
        assert!(matches!(sealed("ngắn"), Err(WrapError::Password)));
    }

    #[test]
    fn stored_parameters_beyond_reason_are_refused_before_memory_is_taken() {
        let mut wrapped = WrappedKey::decoy();
        wrapped.memory_kib = u32::MAX;
        let mut scratch = Scratch::default();
        let refused = wrapped.open("mật khẩu thử", &mut scratch);
        assert_eq!(refused.unwrap_err(), WrapError::Damaged);
        assert_eq!(scratch.bytes(), 0);
    }
}
