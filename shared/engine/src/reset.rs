//! What lets a relay that has lost its memory tell its nodes so: stateless resets (RFC 9000, 10.3)
//! under a key that outlives the process.
//!
//! A relay that was killed knows none of its connections when it comes back. A node that speaks
//! into one gets the reset that it was promised, and dials anew after one round trip instead of
//! after the idle timeout.

use std::sync::Arc;

use hoso_identity::SigningKey;
use quinn::{
    ConnectionId, ConnectionIdGenerator, EndpointConfig,
    crypto::{CryptoError, HmacKey},
};

use crate::secret;

/// What the key of resets is derived under.
const CONTEXT: &str = "hoso/1 stateless reset";
/// Bytes of a connection's name: enough that no two of the relay's connections share one.
const NAME_BYTES: usize = 8;

/// Keyed BLAKE3 over the name of a connection.
struct ResetKey([u8; 32]);

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], signature_out: &mut [u8]) {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(data).finalize_xof().fill(signature_out);
    }

    fn signature_len(&self) -> usize {
        32
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let expected = blake3::keyed_hash(&self.0, data);
        // Compares in constant time.
        if expected == *signature { Ok(()) } else { Err(CryptoError) }
    }
}

/// Names without a mark of the process that gave them: one from before is answered as well.
struct Names;

impl ConnectionIdGenerator for Names {
    fn generate_cid(&mut self) -> ConnectionId {
        // Without chance there is no TLS either: a connection under this name does not come about.
        let name: [u8; NAME_BYTES] = secret::chance().unwrap_or_default();
        ConnectionId::new(&name)
    }

    fn cid_len(&self) -> usize {
        NAME_BYTES
    }

    fn cid_lifetime(&self) -> Option<std::time::Duration> {
        None
    }
}

/// The settings of an endpoint whose resets are those of every endpoint with this key.
pub(crate) fn endpoint_config(key: &SigningKey) -> EndpointConfig {
    let key = blake3::derive_key(CONTEXT, key.seed().as_slice());
    let mut config = EndpointConfig::new(Arc::new(ResetKey(key)));
    config.cid_generator(|| Box::new(Names));
    config
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use quinn::ConnectionError;
    use tokio::runtime::Runtime;

    use super::*;
    use crate::{endpoint::Endpoint, tuning::Congestion};

    /// A relay in a runtime of its own, which ends like a killed process: nobody is told.
    fn relay(address: SocketAddr) -> (Runtime, SocketAddr) {
        let runtime = Runtime::new().unwrap();
        let key = SigningKey::from_seed(&[1; 32]);
        let _inside = runtime.enter();
        let endpoint = Endpoint::listen(address, &key, Congestion::default()).unwrap();
        let address = endpoint.local_address().unwrap();
        runtime.spawn(async move {
            let mut peers = Vec::new();
            while let Some(knock) = endpoint.accept().await {
                peers.push(knock.open().await);
            }
        });
        (runtime, address)
    }

    #[test]
    fn a_relay_that_has_lost_its_memory_ends_the_connections_that_it_had() {
        let (killed, address) = relay((Ipv4Addr::LOCALHOST, 0).into());
        let own = Runtime::new().unwrap();
        let peer = own.block_on(async {
            let key = SigningKey::from_seed(&[2; 32]);
            let node = Endpoint::dialler(&key, Congestion::default()).unwrap();
            let relay = SigningKey::from_seed(&[1; 32]).public();
            node.dial(address, &[relay]).await.unwrap()
        });
        killed.shutdown_background();
        let (_again, _) = retry(address);
        let why = own.block_on(async {
            let mut stream = peer.connection().open_uni().await.unwrap();
            stream.write_all(&[7; 4000]).await.unwrap();
            peer.connection().closed().await
        });
        assert_eq!(why, ConnectionError::Reset);
    }

    /// The port is free once the runtime that was shut down has dropped its socket.
    fn retry(address: SocketAddr) -> (Runtime, SocketAddr) {
        loop {
            if std::net::UdpSocket::bind(address).is_ok() {
                return relay(address);
            }
            std::thread::yield_now();
        }
    }
}
