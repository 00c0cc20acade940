//! Settings of a program: a TOML file of which every value has a default; the form of its log.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};
use thiserror::Error;

/// What is logged: of Automerge only what goes wrong, as it opens a span for each column it reads.
const LEVELS: &str = "info,automerge=warn";

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the config file {path} cannot be read: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML of the expected form.
    #[error("the config file {path} is not right: {source}")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogForm {
    /// For people.
    #[default]
    Text,
    /// One object per line, for programs.
    Json,
}

impl LogForm {
    /// Lets the program log in this form, on standard error.
    pub fn begin(self) {
        let log = tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(LEVELS);
        match self {
            Self::Text => log.init(),
            Self::Json => log.json().init(),
        }
    }
}

/// Reads the file, or gives the defaults without one.
///
/// # Errors
///
/// [`SettingsError`], with the place in the file.
pub fn load<Settings: DeserializeOwned + Default>(
    path: Option<&Path>,
) -> Result<Settings, SettingsError> {
    let Some(path) = path else { return Ok(Settings::default()) };
    let text = std::fs::read_to_string(path)
        .map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
    toml::from_str(&text)
        .map_err(|source| SettingsError::Parse { path: path.to_owned(), source: Box::new(source) })
}
