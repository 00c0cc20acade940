//! Which keys the relay's data directory holds.

use std::path::{Path, PathBuf};

use hoso_engine::keyfile::{self, KeyError};
use hoso_identity::SigningKey;
use hoso_store::database::Schema;

/// The registrar `auto`, which official provinces do not have.
const AUTO: &str = "auto.key";

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
    data.join(AUTO)
}

/// Every key file that a province may have.
pub fn all(data: &Path) -> impl Iterator<Item = PathBuf> {
    Schema::Relay.key_files().iter().map(|name| data.join(name))
}

/// Whether any of them is there.
#[must_use]
pub fn any(data: &Path) -> bool {
    all(data).any(|path| path.exists())
}

/// Those that are missing and without which the relay is not the one that nodes know.
#[must_use]
pub fn missing(data: &Path) -> Vec<&'static str> {
    let needed = Schema::Relay.key_files().iter().copied();
    needed.filter(|name| *name != AUTO && !data.join(name).exists()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_relay_goes_into_its_backups() {
        let data = Path::new("data");
        let mut used = [transport(data), age(data), root(data), auto(data)];
        let mut kept: Vec<PathBuf> = all(data).collect();
        used.sort();
        kept.sort();
        assert_eq!(kept, used);
    }
}
