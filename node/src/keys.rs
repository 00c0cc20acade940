//! Which keys the node's data directory holds, each a file of mode 0600.

use std::path::{Path, PathBuf};

use hoso_engine::{
    command::Problem,
    keyfile::{self, KeyError},
};
use hoso_identity::SigningKey;

/// The node's QUIC identity.
pub(crate) fn transport(data: &Path) -> PathBuf {
    data.join("transport.key")
}

/// Signs imports, reports and checkpoints.
pub(crate) fn signing(data: &Path) -> PathBuf {
    data.join("signing.key")
}

/// Recipient of bundles.
pub(crate) fn age(data: &Path) -> PathBuf {
    data.join("age.key")
}

/// The names of those that are missing.
#[must_use]
pub fn missing(data: &Path) -> Vec<String> {
    let needed = [transport(data), signing(data), age(data)];
    let missing = needed.iter().filter(|path| !path.exists()).filter_map(|path| path.file_name());
    missing.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// The key of that file, made if an earlier try has not made it.
pub(crate) fn keep(path: &Path) -> Result<SigningKey, KeyError> {
    if path.exists() { keyfile::read(path) } else { keyfile::make(path) }
}

/// The node's QUIC identity.
pub(crate) fn read_transport(data: &Path) -> Result<SigningKey, Problem> {
    keyfile::read(&transport(data)).map_err(|error| Problem::new("key", error.to_string()))
}
