//! What a command asks of the node, running or resting: the words on the control socket.

use std::path::PathBuf;

use hoso_engine::command::Secret;
use serde::{Deserialize, Serialize};

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Give someone a log-in and a grant.
    UserAdd {
        /// The log-in name.
        name: String,
        /// The name that others see.
        display_name: Option<String>,
        /// Codes of the roles.
        roles: Vec<String>,
        /// Their password.
        password: Secret,
        /// The id of a person who is known already.
        person: Option<String>,
        /// The log-in of a person who is known already.
        like: Option<String>,
        /// Who signs.
        admin: String,
        /// The password of who signs.
        admin_password: Secret,
    },
    /// List them.
    UserList {},
    /// End someone's grants and log-in.
    UserDisable {
        /// The log-in name.
        name: String,
        /// Who signs.
        admin: String,
        /// The password of who signs.
        admin_password: Secret,
    },
    /// Switch the link.
    Link {
        /// On or off.
        on: bool,
    },
    /// How the node stands.
    Status {},
    /// Write a backup.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Write what is pending to a file.
    Export {
        /// The new file.
        file: PathBuf,
    },
    /// Take in a file that was carried here.
    Import {
        /// The file.
        file: PathBuf,
    },
}
