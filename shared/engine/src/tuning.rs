//! How a QUIC connection is tuned: timeouts, windows, congestion control.

use std::{sync::Arc, time::Duration};

use quinn::{
    IdleTimeout, TransportConfig, VarInt,
    congestion::{BbrConfig, ControllerFactory, CubicConfig, NewRenoConfig},
};
use serde::Deserialize;

/// Milliseconds without a packet after which a connection is dead: a silently dropped link is
/// *down* well within 30 s.
pub const IDLE_TIMEOUT_MS: u32 = 20_000;
/// Milliseconds between keep-alives: four are lost before the idle timeout strikes.
pub const KEEP_ALIVE_MS: u32 = 4_000;
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

const _: () = assert!(IDLE_TIMEOUT_MS + KEEP_ALIVE_MS < 30_000, "GET /sync says down within 30 s");
const _: () = assert!(IDLE_TIMEOUT_MS >= 4 * KEEP_ALIVE_MS, "a few lost keep-alives are survived");

/// Which congestion control a side sends under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Congestion {
    /// Keeps about two thirds of a line that loses 5 % (1.34 of 2 Mbit/s at 300 ms), where Cubic
    /// did not finish 1 MiB in 32 s. Over-sends on lines with little loss. The default.
    #[default]
    Bbr,
    /// As good as BBR on lines without loss (1.68 against 1.66 of 2 Mbit/s).
    Cubic,
    /// The plain form of RFC 9002.
    NewReno,
}

impl Congestion {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Bbr, Self::Cubic, Self::NewReno];

    fn controllers(self) -> Arc<dyn ControllerFactory + Send + Sync> {
        match self {
            Self::Bbr => Arc::new(BbrConfig::default()),
            Self::Cubic => Arc::new(CubicConfig::default()),
            Self::NewReno => Arc::new(NewRenoConfig::default()),
        }
    }
}

/// The transport's settings, the same at relay and node apart from the congestion control.
pub(crate) fn transport(congestion: Congestion) -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(BIDIRECTIONAL_STREAMS_MAX))
        .max_concurrent_uni_streams(VarInt::from_u32(UNIDIRECTIONAL_STREAMS_MAX))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_TIMEOUT_MS))))
        .keep_alive_interval(Some(Duration::from_millis(u64::from(KEEP_ALIVE_MS))))
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
        let words = ["bbr", "cubic", "newreno"].map(read);
        assert_eq!(words, Congestion::ALL.map(Some));
        assert_eq!(read("reno"), None);
        assert_eq!(Congestion::default(), Congestion::Bbr);
    }
}
