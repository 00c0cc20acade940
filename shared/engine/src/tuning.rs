//! How a QUIC connection is tuned: timeouts, windows, congestion control.

use std::{sync::Arc, time::Duration};

use hoso_sync::liveness::{DEAD_AFTER_MS, SILENCE_MS_MAX};
use quinn::{
    IdleTimeout, TransportConfig, VarInt,
    congestion::{BbrConfig, ControllerFactory, CubicConfig, NewRenoConfig},
};
use serde::Deserialize;

use crate::delivery::DeliveryConfig;

/// Seconds without a packet after which a connection is dead, unless the settings say otherwise: a
/// silently dropped link is *down* well within 30 s.
pub const IDLE_S: u64 = DEAD_AFTER_MS / 1000;
/// Seconds that they may say at most.
pub const IDLE_S_MAX: u64 = SILENCE_MS_MAX / 1000;
/// Seconds between keep-alives, unless the settings say otherwise: four are lost before the idle
/// timeout strikes.
pub const KEEP_ALIVE_S: u64 = 4;
/// Bidirectional streams that a peer may hold open: the control stream and healing on demand.
pub const BIDIRECTIONAL_STREAMS_MAX: u32 = 4;
/// Unidirectional streams that a peer may hold open: its entries and two blobs, one to spare.
pub const UNIDIRECTIONAL_STREAMS_MAX: u32 = 4;
/// Bytes that a peer may send on one stream before they are read.
pub const STREAM_WINDOW_BYTES: u32 = 512 * 1024;
/// Bytes that a peer may send on all streams before they are read: the sum of the stream windows,
/// so that an unread stream never blocks the control stream.
pub const CONNECTION_WINDOW_BYTES: u32 =
    STREAM_WINDOW_BYTES * (BIDIRECTIONAL_STREAMS_MAX + UNIDIRECTIONAL_STREAMS_MAX + 1);
/// Bytes that are held for one connection until the peer has acknowledged them.
pub const SEND_WINDOW_BYTES: u32 = 2 * 1024 * 1024;

const _: () = assert!(IDLE_S + KEEP_ALIVE_S < 30, "GET /sync says down within 30 s");
const _: () = assert!(IDLE_S >= 4 * KEEP_ALIVE_S, "a few lost keep-alives are survived");
const _: () = assert!(IDLE_S_MAX < (1 << 20), "its milliseconds fit 32 bits");

/// How long a line may be silent, and how often something is sent although there is nothing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idling {
    /// How often; never when there is none.
    pub keep_alive: Option<Duration>,
    /// The silence after which the connection is dead. The smaller one of both ends counts.
    pub limit: Duration,
}

impl Default for Idling {
    fn default() -> Self {
        let keep_alive = Some(Duration::from_secs(KEEP_ALIVE_S));
        Self { keep_alive, limit: Duration::from_secs(IDLE_S) }
    }
}

impl Idling {
    /// The relay's: each node says by its own limit how patient the connection is, and keeps it
    /// alive as often as its line can bear.
    pub(crate) const RELAY: Self =
        Self { keep_alive: None, limit: Duration::from_secs(IDLE_S_MAX) };

    /// Milliseconds of silence that mean nothing to either end; none on an ordinary line.
    pub(crate) fn quiet_ms(&self) -> Option<u64> {
        let limit_ms = u64::try_from(self.limit.as_millis()).unwrap_or(SILENCE_MS_MAX);
        Some(limit_ms.saturating_sub(DEAD_AFTER_MS)).filter(|quiet_ms| *quiet_ms > 0)
    }

    fn timeout(&self) -> IdleTimeout {
        let milliseconds = u32::try_from(self.limit.as_millis()).unwrap_or(u32::MAX);
        IdleTimeout::from(VarInt::from_u32(milliseconds))
    }
}

/// Which congestion control a side sends under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Congestion {
    /// By what is delivered, whatever is lost by chance: 73 % of a line of 2 Mbit/s, 300 ms and
    /// 5 % loss, where the others kept 8 %. The default.
    #[default]
    Delivery,
    /// quinn's own, which keeps the shortest round trip and the greatest rate for ever.
    Bbr,
    /// As good as BBR on lines without loss (1.68 against 1.66 of 2 Mbit/s).
    Cubic,
    /// The plain form of RFC 9002.
    NewReno,
}

impl Congestion {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 4] = [Self::Delivery, Self::Bbr, Self::Cubic, Self::NewReno];

    fn controllers(self) -> Arc<dyn ControllerFactory + Send + Sync> {
        match self {
            Self::Delivery => Arc::new(DeliveryConfig),
            Self::Bbr => Arc::new(BbrConfig::default()),
            Self::Cubic => Arc::new(CubicConfig::default()),
            Self::NewReno => Arc::new(NewRenoConfig::default()),
        }
    }
}

/// The transport's settings, the same at relay and node apart from these.
pub(crate) fn transport(congestion: Congestion, idling: &Idling) -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(BIDIRECTIONAL_STREAMS_MAX))
        .max_concurrent_uni_streams(VarInt::from_u32(UNIDIRECTIONAL_STREAMS_MAX))
        .max_idle_timeout(Some(idling.timeout()))
        .keep_alive_interval(idling.keep_alive)
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .send_window(u64::from(SEND_WINDOW_BYTES))
        .datagram_receive_buffer_size(None)
        // Four probes of each end would cost 11 KB at every reconnection, twenty times what a
        // node says that has nothing new; the longer datagrams save less than 1 % of a bulk.
        .mtu_discovery_config(None)
        .congestion_controller_factory(congestion.controllers());
    Arc::new(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_congestion_control_has_a_word_of_its_own() {
        let read = |word: &str| serde_json::from_value::<Congestion>(word.into()).ok();
        let words = ["delivery", "bbr", "cubic", "newreno"].map(read);
        assert_eq!(words, Congestion::ALL.map(Some));
        assert_eq!(read("reno"), None);
        assert_eq!(Congestion::default(), Congestion::Delivery);
    }

    #[test]
    fn an_ordinary_line_asks_for_no_silence_and_the_relay_can_bear_the_longest() {
        assert_eq!(Idling::default().quiet_ms(), None);
        let limit = Duration::from_secs(1200);
        assert_eq!(Idling { keep_alive: None, limit }.quiet_ms(), Some(1_180_000));
        assert_eq!(Idling::RELAY.quiet_ms(), Some(hoso_sync::liveness::QUIET_MS_MAX));
    }
}
