//! What a command asks of the relay, running or resting: the words on the control socket.

use std::path::PathBuf;

use hoso_engine::command::Secret;
use serde::{Deserialize, Serialize};

/// Who signs: a registrar or `root`, with the secret that opens their key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// The log-in name, or `root`.
    pub name: String,
    /// Password or root passphrase.
    pub secret: Secret,
}

/// One command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// A new invitation.
    Invite {
        /// The unit's five-digit code.
        unit: String,
        /// Seconds that the code lives, at most 86,400.
        ttl_s: u64,
        /// Whether the registrar `auto` approves whoever uses it.
        auto_approve: bool,
        /// The address that it carries, if not that of the last run.
        advertise: Option<String>,
        /// Who invites, for the audit.
        by: String,
    },
    /// All nodes and requests.
    Nodes {},
    /// Approve a request.
    Approve {
        /// The request or a unique beginning of its id.
        node: String,
        /// The six words.
        words: String,
        /// A registrar.
        signer: Signer,
    },
    /// End a node.
    Revoke {
        /// The node or a unique beginning of its id.
        node: String,
        /// A registrar.
        signer: Signer,
    },
    /// Name someone at the province.
    UserAdd {
        /// Log-in name.
        name: String,
        /// Role codes.
        roles: Vec<String>,
        /// Their password.
        password: Secret,
        /// Who names them.
        signer: Signer,
    },
    /// Everyone at the province.
    UserList {},
    /// End someone's grants and log-in.
    UserDisable {
        /// Log-in name.
        name: String,
        /// Who ends them.
        signer: Signer,
    },
    /// Check the audit.
    Verify {},
    /// Write a backup.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Take in a bundle.
    Import {
        /// The bundle.
        file: PathBuf,
        /// Where the receipt goes.
        receipt: PathBuf,
        /// Who brings it, for the audit.
        by: String,
    },
}
