//! Which keys the node's data directory holds, each a file of mode 0600.

use std::path::{Path, PathBuf};

use hoso_engine::{
    command::Problem,
    keyfile::{self, KeyError},
};
use hoso_identity::SigningKey;
use hoso_store::database::Schema;

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

/// Those that are missing.
#[must_use]
pub fn missing(data: &Path) -> Vec<&'static str> {
    let needed = Schema::Node.key_files().iter().copied();
    needed.filter(|name| !data.join(name).exists()).collect()
}

/// The key of that file, made if an earlier try has not made it.
pub(crate) fn keep(path: &Path) -> Result<SigningKey, KeyError> {
    if path.exists() { keyfile::read(path) } else { keyfile::make(path) }
}

/// The node's QUIC identity.
pub(crate) fn read_transport(data: &Path) -> Result<SigningKey, Problem> {
    keyfile::read(&transport(data)).map_err(|error| Problem::new("key", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_node_goes_into_its_backups() {
        let data = Path::new("data");
        let mut used = [transport(data), signing(data), age(data)];
        let mut kept =
            Schema::Node.key_files().iter().map(|name| data.join(name)).collect::<Vec<_>>();
        used.sort();
        kept.sort();
        assert_eq!(kept, used);
    }
}
