//! A province: one relay, the nodes of some units, and a directory that goes away with it.

use std::path::Path;

use tempfile::TempDir;

use super::{node::Node, relay::Relay};

/// The special zone on the island that goes dark.
pub const CO_TO: &str = "07192";
/// A ward on the mainland.
pub const BAI_CHAY: &str = "06673";
/// Another ward on the mainland.
pub const HONG_GAI: &str = "06685";

/// A founded province whose relay runs.
#[derive(Debug)]
pub struct Province {
    /// The relay.
    pub relay: Relay,
    /// The nodes, in the order in which they joined.
    pub nodes: Vec<Node>,
    directory: TempDir,
}

impl Province {
    /// Founds a province and joins a node for each name and unit.
    ///
    /// # Panics
    ///
    /// When a command fails.
    #[must_use]
    pub fn with(nodes: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory for a test");
        let mut relay = Relay::found(directory.path());
        relay.start();
        let nodes = nodes
            .iter()
            .map(|(name, unit)| Node::join(directory.path(), name, unit, &relay))
            .collect();
        Self { relay, nodes, directory }
    }

    /// The province of the outage: Cô Tô with its mobile team, Bãi Cháy and Hồng Gai.
    #[must_use]
    pub fn with_an_island() -> Self {
        Self::with(&[
            ("co-to", CO_TO),
            ("co-to-mobile", CO_TO),
            ("bai-chay", BAI_CHAY),
            ("hong-gai", HONG_GAI),
        ])
    }

    /// Where its files are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}
