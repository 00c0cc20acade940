//! Settings of a running node: a TOML file whose values the flags overrule.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use hoso_engine::{settings::LogForm, tuning::Congestion};
use serde::Deserialize;
use thiserror::Error;

/// What can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the desk's pages are. Default `127.0.0.1:8081`.
    pub listen_http: SocketAddr,
    /// Host names by which browsers may address the pages, besides the loopback names.
    pub hosts: Vec<String>,
    /// The directory of another disk into which the administrator's page puts backups. Default:
    /// none, and the page shows the command.
    pub backups: Option<PathBuf>,
    /// Congestion control: `bbr`, `cubic` or `newreno`.
    pub congestion: Congestion,
    /// Log lines as `text` (default) or `json`.
    pub log: LogForm,
    /// Bytes of scans from which on those that the relay has too are given up, the longest unread
    /// first. Default 20 GiB.
    pub scan_bytes_max: u64,
}

/// Pages that would be open to others without TLS.
#[derive(Debug, Error)]
#[error(
    "the pages cannot listen on {0}: beyond 127.0.0.1 they need TLS; listen on 127.0.0.1 and put a \
     TLS proxy before it"
)]
pub struct OpenError(SocketAddr);

impl Default for Config {
    fn default() -> Self {
        Self {
            listen_http: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            hosts: Vec::new(),
            backups: None,
            congestion: Congestion::default(),
            log: LogForm::Text,
            scan_bytes_max: 20 * 1024 * 1024 * 1024,
        }
    }
}

impl Config {
    /// The settings of a training realm, whose pages are there or beside those of a real node.
    #[must_use]
    pub fn of_training(listen_http: Option<SocketAddr>) -> Self {
        let beside = SocketAddr::from((Ipv4Addr::LOCALHOST, 8090));
        Self { listen_http: listen_http.unwrap_or(beside), ..Self::default() }
    }

    /// Checks what cannot be said by types.
    ///
    /// # Errors
    ///
    /// [`OpenError`] for an address that others can reach.
    pub fn check(&self) -> Result<(), OpenError> {
        if self.listen_http.ip().is_loopback() { Ok(()) } else { Err(OpenError(self.listen_http)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_settings_and_open_pages_are_refused() {
        assert!(toml::from_str::<Config>("listen_htp = \"127.0.0.1:1\"").is_err());
        let config: Config = toml::from_str("listen_http = \"0.0.0.0:8081\"").unwrap();
        assert!(matches!(config.check(), Err(OpenError(_))));
        assert!(Config::default().check().is_ok());
    }
}
