//! Settings of a running relay: a TOML file whose values the flags overrule.

use std::net::{Ipv4Addr, SocketAddr};

use hoso_engine::{settings::LogForm, tuning::Congestion};
use serde::Deserialize;
use thiserror::Error;

/// What the file may say; every value has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where nodes dial (UDP). Default: every address, port 4433.
    pub listen_quic: SocketAddr,
    /// The address that invitations carry, `host:port`. Default: `listen_quic` as it was bound.
    pub advertise: Option<String>,
    /// Where the operators' pages are. Default: 127.0.0.1:8080; beyond this machine only behind a
    /// TLS proxy on the same host.
    pub listen_http: SocketAddr,
    /// Host names by which browsers may address the pages, besides the address itself.
    pub hosts: Vec<String>,
    /// Congestion control on the links: `delivery` (default), `bbr`, `cubic` or `newreno`.
    pub congestion: Congestion,
    /// Log lines as `text` (default) or `json`.
    pub log: LogForm,
    /// Bytes of scans that are kept for one unit; what is more waits at its node. Default 50 GiB.
    pub unit_scan_bytes_max: u64,
}

/// The pages would be open beyond this machine without TLS.
#[derive(Debug, Error)]
#[error(
    "the pages cannot listen on {0}: beyond 127.0.0.1 they need TLS; listen on 127.0.0.1 and put a \
     TLS proxy before it"
)]
pub struct OpenError(SocketAddr);

impl Default for Config {
    fn default() -> Self {
        Self {
            listen_quic: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 4433)),
            advertise: None,
            listen_http: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            hosts: Vec::new(),
            congestion: Congestion::default(),
            log: LogForm::Text,
            unit_scan_bytes_max: 50 * 1024 * 1024 * 1024,
        }
    }
}

impl Config {
    /// Refuses pages that would send passwords in the clear beyond this machine.
    ///
    /// # Errors
    ///
    /// [`OpenError`] for an address beyond this machine.
    pub fn check(&self) -> Result<(), OpenError> {
        if self.listen_http.ip().is_loopback() { Ok(()) } else { Err(OpenError(self.listen_http)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let wrong = toml::from_str::<Config>("listen_htp = \"127.0.0.1:1\"").unwrap_err();
        assert!(wrong.to_string().contains("listen_htp"));
    }

    #[test]
    fn pages_beyond_this_machine_are_refused() {
        let config: Config = toml::from_str("listen_http = \"0.0.0.0:8080\"").unwrap();
        assert!(matches!(config.check(), Err(OpenError(_))));
        assert!(Config::default().check().is_ok());
    }
}
