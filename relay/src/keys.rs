//! Which keys the relay's data directory holds.

use std::path::{Path, PathBuf};

use hoso_engine::keyfile::{self, KeyError};
use hoso_identity::SigningKey;

/// The relay's QUIC identity, a raw seed.
#[must_use]
pub fn transport(data: &Path) -> PathBuf {
    data.join("transport.key")
}

/// The relay's recipient of bundles, a raw seed.
#[must_use]
pub fn age(data: &Path) -> PathBuf {
    data.join("age.key")
}

/// The first root, wrapped under the root passphrase.
#[must_use]
pub fn root(data: &Path) -> PathBuf {
    data.join("root.key")
}

/// The registrar `auto`: a raw seed, so `init` makes it outside the official realm only.
#[must_use]
pub fn auto(data: &Path) -> PathBuf {
    data.join("auto.key")
}

/// Every key file that a province may have.
#[must_use]
pub fn all(data: &Path) -> [PathBuf; 4] {
    [transport(data), age(data), root(data), auto(data)]
}

/// Whether any of them is there.
#[must_use]
pub fn any(data: &Path) -> bool {
    all(data).iter().any(|path| path.exists())
}

/// The names of those that are missing and without which the relay is not the one that nodes know.
#[must_use]
pub fn missing(data: &Path) -> Vec<String> {
    let needed = [transport(data), age(data), root(data)];
    let missing = needed.iter().filter(|path| !path.exists()).filter_map(|path| path.file_name());
    missing.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// The registrar `auto`; `None` in an official realm.
///
/// # Errors
///
/// [`KeyError`] when the file is there and cannot be used.
pub fn read_auto(data: &Path) -> Result<Option<SigningKey>, KeyError> {
    let path = auto(data);
    if path.exists() { keyfile::read(&path).map(Some) } else { Ok(None) }
}
