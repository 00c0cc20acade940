//! Signing keys as files: raw seeds of mode 0600, or wrapped under a passphrase.

use std::{
    io,
    path::{Path, PathBuf},
};

use hoso_identity::{Scratch, SigningKey, WrapError, WrappedKey};
use thiserror::Error;

use crate::secret;

/// Bytes of the largest key file.
const KEY_BYTES_MAX: usize = 4096;

/// Why a key is not to be had.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the key file {path} cannot be used: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a key.
    #[error("the key file {0} is damaged: put it back from a backup")]
    Damaged(PathBuf),
    /// The passphrase does not open it, or is out of bounds.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// The system has no chance to give.
    #[error("the system gives no random bytes: {0}")]
    Chance(io::Error),
}

/// Makes a key.
///
/// # Errors
///
/// [`KeyError::Chance`].
pub fn fresh() -> Result<SigningKey, KeyError> {
    Ok(SigningKey::from_seed(&secret::chance().map_err(KeyError::Chance)?))
}

/// Wraps a key under a password with fresh chance.
///
/// # Errors
///
/// [`KeyError::Wrap`] for a password out of bounds, [`KeyError::Chance`].
pub fn wrap(key: &SigningKey, password: &str) -> Result<WrappedKey, KeyError> {
    wrap_in(key, password, &mut Scratch::default())
}

/// The same in memory that was used before.
///
/// # Errors
///
/// As [`wrap`].
pub fn wrap_in(
    key: &SigningKey,
    password: &str,
    scratch: &mut Scratch,
) -> Result<WrappedKey, KeyError> {
    let salt = secret::chance().map_err(KeyError::Chance)?;
    let nonce = secret::chance().map_err(KeyError::Chance)?;
    Ok(WrappedKey::seal(key, password, (salt, nonce), scratch)?)
}

/// Makes a key and keeps its seed in the file.
///
/// # Errors
///
/// [`KeyError::File`], [`KeyError::Chance`].
pub fn make(path: &Path) -> Result<SigningKey, KeyError> {
    let key = fresh()?;
    write(path, key.seed().as_slice())?;
    Ok(key)
}

/// Keeps a key wrapped in the file.
///
/// # Errors
///
/// [`KeyError`].
pub fn keep_wrapped(path: &Path, key: &SigningKey, passphrase: &str) -> Result<(), KeyError> {
    write(path, &wrap(key, passphrase)?.to_bytes())
}

/// Reads a seed file.
///
/// # Errors
///
/// [`KeyError::File`], [`KeyError::Damaged`].
pub fn read(path: &Path) -> Result<SigningKey, KeyError> {
    let bytes = contents(path)?;
    let seed = bytes.as_slice().try_into().map_err(|_| KeyError::Damaged(path.to_owned()))?;
    Ok(SigningKey::from_seed(seed))
}

/// Reads and opens a wrapped key.
///
/// # Errors
///
/// [`KeyError::Wrap`] for another passphrase.
pub fn open(path: &Path, passphrase: &str) -> Result<SigningKey, KeyError> {
    Ok(WrappedKey::from_bytes(&contents(path)?)?.open(passphrase, &mut Scratch::default())?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    secret::write(path, bytes).map_err(|source| KeyError::File { path: path.to_owned(), source })
}

fn contents(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, KeyError> {
    secret::read(path, KEY_BYTES_MAX)
        .map_err(|source| KeyError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_a_cut_file_is_called_damaged() {
        let data = tempfile::tempdir().unwrap();
        let raw = data.path().join("raw.key");
        assert_eq!(make(&raw).unwrap().public(), read(&raw).unwrap().public());
        let wrapped = data.path().join("root.key");
        let key = fresh().unwrap();
        keep_wrapped(&wrapped, &key, "một câu đủ dài").unwrap();
        assert_eq!(open(&wrapped, "một câu đủ dài").unwrap().public(), key.public());
        assert!(matches!(open(&wrapped, "một câu khác"), Err(KeyError::Wrap(WrapError::Closed))));
        std::fs::write(&raw, b"cut").unwrap();
        assert!(matches!(read(&raw), Err(KeyError::Damaged(_))));
    }
}
