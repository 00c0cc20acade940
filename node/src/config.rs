//! Settings of a running node: a TOML file whose values the flags overrule.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use hoso_engine::{
    lan::Places,
    settings::LogForm,
    tuning::{Congestion, IDLE_S, IDLE_S_MAX, Idling, KEEP_ALIVE_S},
};
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
    /// Congestion control: `delivery`, `bbr`, `cubic` or `newreno`.
    pub congestion: Congestion,
    /// Log lines as `text` (default) or `json`.
    pub log: LogForm,
    /// Bytes of scans from which on those that the relay has too are given up, the longest unread
    /// first. Default 20 GiB.
    pub scan_bytes_max: u64,
    /// How long the line to the relay may be silent, where each byte of it is paid for.
    pub link: Line,
    /// The other machines of the unit on the office's network. Default: none.
    pub lan: Lan,
}

/// The line to the relay while there is nothing to say.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Line {
    /// Seconds between keep-alives; 0 sends none. What comes from elsewhere finds its way down only
    /// while the routers on the way remember this node, some for half a minute. Default 4.
    pub keep_alive_s: u64,
    /// Seconds of silence after which the link counts as dead, 20 to 7200. Default 20.
    pub idle_s: u64,
}

/// Where the machines of one unit are, so that each keeps what the other has saved.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lan {
    /// Where this machine lets the others in, such as `0.0.0.0:4434`. Default: nowhere.
    pub listen: Option<SocketAddr>,
    /// `host:port` of the others. It is enough that one of two machines names the other.
    pub peers: Vec<String>,
}

/// Settings that make no sense.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Pages that would be open to others without TLS.
    #[error(
        "the pages cannot listen on {0}: beyond 127.0.0.1 they need TLS; listen on 127.0.0.1 and \
         put a TLS proxy before it"
    )]
    Open(SocketAddr),
    /// A port that the others cannot know.
    #[error("lan.listen {0} names no port: choose one, such as 4434, and give it to the others")]
    Port(SocketAddr),
    /// A silence that is too short for other settings of this program, or that no relay bears.
    #[error("link.idle_s {0} is not between {IDLE_S} and {IDLE_S_MAX} seconds")]
    Idle(u64),
    /// Keep-alives that do not keep the link alive when one of them is lost.
    #[error(
        "link.keep_alive_s {0} is more than half of link.idle_s {1}: the link would end when one \
         keep-alive is lost; take a smaller one, or 0 for none"
    )]
    KeepAlive(u64, u64),
    /// No address.
    #[error("lan.peers: {0:?} is no address: write host and port, such as 192.168.1.12:4434")]
    Peer(String),
    /// The own address.
    #[error("lan.peers: {0} is this machine itself: name the other one")]
    Own(String),
    /// An address that cannot be dialled from where this machine listens.
    #[error("lan.peers: {0} is never reached from lan.listen {1}: both must be IPv4, or both IPv6")]
    Family(SocketAddr, SocketAddr),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen_http: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            hosts: Vec::new(),
            backups: None,
            congestion: Congestion::default(),
            log: LogForm::Text,
            scan_bytes_max: 20 * 1024 * 1024 * 1024,
            link: Line::default(),
            lan: Lan::default(),
        }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self { keep_alive_s: KEEP_ALIVE_S, idle_s: IDLE_S }
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
    /// [`ConfigError`], the first that is found.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !self.listen_http.ip().is_loopback() {
            return Err(ConfigError::Open(self.listen_http));
        }
        self.link.check()?;
        self.lan.check()
    }
}

impl Line {
    fn check(self) -> Result<(), ConfigError> {
        if !(IDLE_S..=IDLE_S_MAX).contains(&self.idle_s) {
            return Err(ConfigError::Idle(self.idle_s));
        }
        if self.keep_alive_s > self.idle_s / 2 {
            return Err(ConfigError::KeepAlive(self.keep_alive_s, self.idle_s));
        }
        Ok(())
    }

    /// The same as the link takes it.
    #[must_use]
    pub fn idling(self) -> Idling {
        let keep_alive = (self.keep_alive_s > 0).then(|| Duration::from_secs(self.keep_alive_s));
        Idling { keep_alive, limit: Duration::from_secs(self.idle_s) }
    }
}

impl Lan {
    fn check(&self) -> Result<(), ConfigError> {
        if let Some(listen) = self.listen.filter(|listen| listen.port() == 0) {
            return Err(ConfigError::Port(listen));
        }
        for peer in &self.peers {
            if !is_address(peer) {
                return Err(ConfigError::Peer(peer.clone()));
            }
            let Some((place, listen)) = peer.parse().ok().zip(self.listen) else { continue };
            if is_own(place, listen) {
                return Err(ConfigError::Own(peer.clone()));
            }
            if !is_reached(place, listen) {
                return Err(ConfigError::Family(place, listen));
            }
        }
        Ok(())
    }

    /// The places as the link between the machines takes them.
    #[must_use]
    pub fn places(&self) -> Option<Places> {
        let wanted = self.listen.is_some() || !self.peers.is_empty();
        wanted.then(|| Places { listen: self.listen, peers: self.peers.clone() })
    }
}

/// Whether it is a host and a port that can be dialled.
fn is_address(peer: &str) -> bool {
    if let Ok(place) = peer.parse::<SocketAddr>() {
        return place.port() > 0 && !place.ip().is_unspecified() && !place.ip().is_multicast();
    }
    let Some((host, port)) = peer.rsplit_once(':') else { return false };
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '.';
    // What looks like a number and is none is a mistyped address.
    let is_host = host.chars().any(|sign| sign.is_ascii_alphabetic()) && host.chars().all(is_name);
    is_host && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether this machine listens there, as far as the text says it: an office does not stand still
/// because a network card has no address yet.
fn is_own(place: SocketAddr, listen: SocketAddr) -> bool {
    let is_here = listen.ip().is_unspecified() && place.ip().is_loopback();
    place.port() == listen.port() && (listen.ip() == place.ip() || is_here)
}

/// Whether a socket that listens here can dial there. `[::]` takes both families.
fn is_reached(place: SocketAddr, listen: SocketAddr) -> bool {
    let takes_both = listen.is_ipv6() && listen.ip().is_unspecified();
    takes_both || place.is_ipv4() == listen.is_ipv4()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_settings_and_open_pages_are_refused() {
        assert!(toml::from_str::<Config>("listen_htp = \"127.0.0.1:1\"").is_err());
        let config: Config = toml::from_str("listen_http = \"0.0.0.0:8081\"").unwrap();
        assert!(matches!(config.check(), Err(ConfigError::Open(_))));
        assert!(Config::default().check().is_ok());
    }

    fn link(text: &str) -> Result<Idling, ConfigError> {
        let config: Config = toml::from_str(&format!("[link]\n{text}")).unwrap();
        config.check().map(|()| config.link.idling())
    }

    #[test]
    fn a_silence_that_no_relay_bears_or_that_one_lost_keep_alive_ends_is_refused() {
        assert_eq!(link("").unwrap(), Idling::default());
        let metered = link("keep_alive_s = 300\nidle_s = 1200").unwrap();
        assert_eq!(metered.keep_alive, Some(Duration::from_secs(300)));
        assert_eq!(link("keep_alive_s = 0\nidle_s = 7200").unwrap().keep_alive, None);
        for text in ["idle_s = 19", "idle_s = 7201"] {
            assert!(matches!(link(text), Err(ConfigError::Idle(_))), "{text}");
        }
        let lost = link("keep_alive_s = 601\nidle_s = 1200");
        assert!(matches!(lost, Err(ConfigError::KeepAlive(601, 1200))));
    }

    fn lan(text: &str) -> Result<(), ConfigError> {
        toml::from_str::<Config>(&format!("[lan]\n{text}")).unwrap().check()
    }

    #[test]
    fn another_machine_is_named_by_an_address_that_can_be_dialled_and_is_not_this_one() {
        let listens = "listen = \"0.0.0.0:4434\"\n";
        for peer in ["192.168.1.12:4434", "may-hai.local:4434", "127.0.0.1:4435"] {
            assert!(lan(&format!("{listens}peers = [\"{peer}\"]")).is_ok(), "{peer}");
        }
        for peer in ["192.168.1.12", "192.168.1:4434", "", ":4434", "may-hai:0", "0.0.0.0:4434"] {
            let said = lan(&format!("{listens}peers = [\"{peer}\"]"));
            assert!(matches!(said, Err(ConfigError::Peer(_))), "{peer}");
        }
        let own = lan(&format!("{listens}peers = [\"127.0.0.1:4434\"]"));
        assert!(matches!(own, Err(ConfigError::Own(_))));
        // An address that this machine perhaps has later is not looked for at the start.
        let here = "listen = \"192.0.2.11:4434\"\n";
        assert!(lan(&format!("{here}peers = [\"192.0.2.12:4434\"]")).is_ok());
        let own = lan(&format!("{here}peers = [\"192.0.2.11:4434\"]"));
        assert!(matches!(own, Err(ConfigError::Own(_))));
        assert!(matches!(lan("listen = \"0.0.0.0:0\""), Err(ConfigError::Port(_))));
        assert!(Config::default().lan.places().is_none());
    }

    #[test]
    fn another_machine_that_can_never_be_dialled_from_where_this_one_listens_is_refused() {
        let both =
            |listen: &str, peer: &str| lan(&format!("listen = \"{listen}\"\npeers = [\"{peer}\"]"));
        for (listen, peer) in
            [("0.0.0.0:4434", "[fd00::12]:4434"), ("[fd00::11]:4434", "192.168.1.12:4434")]
        {
            assert!(matches!(both(listen, peer), Err(ConfigError::Family(..))), "{listen} {peer}");
        }
        for peer in ["[fd00::12]:4434", "192.168.1.12:4434"] {
            assert!(both("[::]:4434", peer).is_ok(), "{peer}");
        }
        assert!(lan("peers = [\"[fd00::12]:4434\"]").is_ok());
    }
}
