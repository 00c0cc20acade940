//! QUIC endpoints: TLS 1.3 with mutual raw public keys, no resumption, no 0-RTT. ALPN `hoso/1`
//! between node and relay, `hoso-lan/1` between the machines of one unit.
//!
//! A dialled connection is not a link yet: a TLS 1.3 client is done before the relay has looked at
//! its key. A link is up after the relay's `Welcome`.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
};

use hoso_identity::{PublicKey, SigningKey};
use quinn::{
    ConnectionError, TokioRuntime, TransportErrorCode, VarInt,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    AlertDescription,
    client::{AlwaysResolvesClientRawPublicKeys, Resumption},
    pki_types::CertificateDer,
    server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage},
};
use thiserror::Error;

use crate::{
    close::CloseCode,
    raw_key::{AnyNode, Pinned, certified, public_key},
    reset::endpoint_config,
    tuning::{Congestion, Idling, transport},
    turns::OpenTurns,
};

/// The application protocol in the handshake.
pub const ALPN: &[u8] = b"hoso/1";
/// The application protocol between the machines of one unit.
pub const LAN_ALPN: &[u8] = b"hoso-lan/1";
/// The label under which both sides derive the value that binds a join to its connection.
pub const JOIN_EXPORTER_LABEL: &[u8] = b"hoso join 1";
/// Connections beyond which strangers must prove their address before the relay spends work.
const CONNECTIONS_EASY: usize = 256;
/// A name that TLS wants and nobody reads: it is not sent.
const SERVER_NAME: &str = "hoso";

/// One UDP socket that dials (node), listens (relay) or does both (between machines of a unit).
#[derive(Clone, Debug)]
pub struct Endpoint {
    quinn: quinn::Endpoint,
    identity: Arc<rustls::sign::CertifiedKey>,
    congestion: Congestion,
    /// Of what is dialled.
    idling: Idling,
    alpn: &'static [u8],
}

/// A connection after the handshake, with the key that the other side has proved to hold.
#[derive(Clone, Debug)]
pub struct Peer {
    connection: quinn::Connection,
    key: PublicKey,
    turns: OpenTurns,
}

/// A connection of which the handshake has not been done.
#[derive(Debug)]
pub struct Knock(quinn::Incoming);

/// Why an endpoint could not be opened.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// The address is taken or not ours.
    #[error("cannot open a UDP socket at {address}: {source}")]
    Socket {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key or the TLS settings were refused by the library.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The library offers no cipher that QUIC begins with.
    #[error("the TLS library lacks the cipher that QUIC begins with")]
    Cipher,
}

/// Why a dial or an accepted handshake gave no connection.
#[derive(Debug, Error)]
pub enum HandshakeError {
    /// The relay proved another key than the pinned ones.
    #[error("the relay's key is not the pinned one")]
    WrongKey,
    /// The other side showed no Ed25519 key.
    #[error("the other side showed no raw Ed25519 key")]
    NoKey,
    /// The address cannot be dialled from this socket.
    #[error("cannot dial {0}")]
    Address(SocketAddr, #[source] quinn::ConnectError),
    /// The other side did not answer, or ended the handshake.
    #[error("the connection failed")]
    Connection(#[from] ConnectionError),
    /// TLS could not be set up.
    #[error("cannot set up TLS")]
    Endpoint(#[from] EndpointError),
}

/// The exporter asked for more than TLS gives; cannot happen with 32 bytes.
#[derive(Debug, Error)]
#[error("the connection gives no exported key")]
pub struct ExporterError;

impl Endpoint {
    /// Opens the relay's endpoint; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] when the socket or TLS cannot be set up.
    pub fn listen(
        address: SocketAddr,
        key: &SigningKey,
        congestion: Congestion,
    ) -> Result<Self, EndpointError> {
        Self::bound(address, key, congestion, ALPN)
    }

    /// Opens the endpoint by which the machines of one unit reach each other: it dials them, and
    /// lets them in where it listens.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] when the socket or TLS cannot be set up.
    pub fn beside(
        listen: Option<SocketAddr>,
        key: &SigningKey,
        congestion: Congestion,
    ) -> Result<Self, EndpointError> {
        match listen {
            Some(address) => Self::bound(address, key, congestion, LAN_ALPN),
            None => Ok(Self { alpn: LAN_ALPN, ..Self::dialler(key, congestion)? }),
        }
    }

    fn bound(
        address: SocketAddr,
        key: &SigningKey,
        congestion: Congestion,
        alpn: &'static [u8],
    ) -> Result<Self, EndpointError> {
        let identity = certified(key)?;
        let idling = if alpn == LAN_ALPN { Idling::default() } else { Idling::RELAY };
        let config = server_config(&identity, transport(congestion, &idling), alpn)?;
        let (own, runtime) = (endpoint_config(key), Arc::new(TokioRuntime));
        let quinn = UdpSocket::bind(address)
            .and_then(|socket| quinn::Endpoint::new(own, Some(config), socket, runtime))
            .map_err(|source| EndpointError::Socket { address, source })?;
        Ok(Self { quinn, identity, congestion, idling, alpn })
    }

    /// Opens a node's endpoint on any free port, for IPv6 and IPv4 where the machine has both.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] when the socket or TLS cannot be set up.
    pub fn dialler(key: &SigningKey, congestion: Congestion) -> Result<Self, EndpointError> {
        let identity = certified(key)?;
        let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let quinn = quinn::Endpoint::client(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)))
            .or_else(|_| quinn::Endpoint::client(address))
            .map_err(|source| EndpointError::Socket { address, source })?;
        Ok(Self { quinn, identity, congestion, idling: Idling::default(), alpn: ALPN })
    }

    /// With lines that may be silent for so long.
    #[must_use]
    pub fn with_idling(self, idling: Idling) -> Self {
        Self { idling, ..self }
    }

    /// How long its lines may be silent.
    pub(crate) fn idling(&self) -> Idling {
        self.idling
    }

    /// The address of the socket.
    ///
    /// # Errors
    ///
    /// What the system says when the socket is gone.
    pub fn local_address(&self) -> std::io::Result<SocketAddr> {
        self.quinn.local_addr()
    }

    /// Dials and returns when the handshake is done and the other side has proved one of `pinned`.
    /// It may still turn this side away.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`].
    pub async fn dial(
        &self,
        address: SocketAddr,
        pinned: &[PublicKey],
    ) -> Result<Peer, HandshakeError> {
        let transport = transport(self.congestion, &self.idling);
        let config = client_config(&self.identity, pinned, transport, self.alpn)?;
        let connecting = self
            .quinn
            .connect_with(config, address, SERVER_NAME)
            .map_err(|error| HandshakeError::Address(address, error))?;
        Peer::new(connecting.await.map_err(refusal)?)
    }

    /// Waits for a connection. `None` after [`Endpoint::close`].
    ///
    /// While there are many connections, strangers must prove their address first; between the
    /// machines of a unit always, since a few who do not answer would fill every place there.
    pub async fn accept(&self) -> Option<Knock> {
        loop {
            let incoming = self.quinn.accept().await?;
            let proves = self.alpn == LAN_ALPN || self.quinn.open_connections() >= CONNECTIONS_EASY;
            if proves && incoming.may_retry() && !incoming.remote_address_validated() {
                // `may_retry` holds, so this cannot fail; an error would only drop the stranger.
                incoming.retry().unwrap_or_else(|error| error.into_incoming().ignore());
            } else {
                return Some(Knock(incoming));
            }
        }
    }

    /// Closes every connection with this code, and lets no new one in.
    pub fn close(&self, code: CloseCode) {
        self.quinn.close(VarInt::from_u32(code.number()), code.words().as_bytes());
    }

    /// Waits until the other sides have been told that their connections are closed.
    pub async fn closed(&self) {
        self.quinn.wait_idle().await;
    }
}

impl Knock {
    /// Does the handshake.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] when the other side went away or proved no key.
    pub async fn open(self) -> Result<Peer, HandshakeError> {
        let connecting = self.0.accept()?;
        Peer::new(connecting.await?)
    }

    /// Turns the stranger away before any work is done for it.
    pub fn refuse(self) {
        self.0.refuse();
    }

    /// Where the stranger seems to be.
    #[must_use]
    pub fn remote_address(&self) -> SocketAddr {
        self.0.remote_address()
    }
}

impl Peer {
    fn new(connection: quinn::Connection) -> Result<Self, HandshakeError> {
        let key = connection
            .peer_identity()
            .and_then(|identity| identity.downcast::<Vec<CertificateDer<'static>>>().ok())
            .and_then(|shown| shown.first().and_then(|info| public_key(info)))
            .ok_or(HandshakeError::NoKey)?;
        Ok(Self { connection, key, turns: OpenTurns::default() })
    }

    /// The transport key that the other side has proved to hold.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// Where the other side is now.
    #[must_use]
    pub fn remote_address(&self) -> SocketAddr {
        self.connection.remote_address()
    }

    /// The 32 bytes that both ends of exactly this connection derive for a join.
    ///
    /// # Errors
    ///
    /// [`ExporterError`] when the library gives none.
    pub fn join_exporter(&self) -> Result<[u8; 32], ExporterError> {
        let mut exported = [0; 32];
        self.connection
            .export_keying_material(&mut exported, JOIN_EXPORTER_LABEL, &[])
            .map_err(|_| ExporterError)?;
        Ok(exported)
    }

    /// The turns of its scans.
    pub(crate) fn turns(&self) -> &OpenTurns {
        &self.turns
    }

    /// Ends the connection at once; what has not been acknowledged may be lost.
    pub fn close(&self, code: CloseCode) {
        self.connection.close(VarInt::from_u32(code.number()), code.words().as_bytes());
    }

    /// Why the connection has ended, `None` while it lives.
    #[must_use]
    pub fn close_reason(&self) -> Option<ConnectionError> {
        self.connection.close_reason()
    }

    /// The connection, for opening and accepting streams, also such as no peer of ours would open.
    #[must_use]
    pub fn connection(&self) -> &quinn::Connection {
        &self.connection
    }
}

/// Who listens: any Ed25519 key may finish the handshake.
fn server_config(
    identity: &Arc<rustls::sign::CertifiedKey>,
    transport: Arc<quinn::TransportConfig>,
    alpn: &[u8],
) -> Result<quinn::ServerConfig, EndpointError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(AnyNode))
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(identity.clone())));
    tls.alpn_protocols = vec![alpn.to_vec()];
    tls.session_storage = Arc::new(NoServerSessionStorage {});
    tls.send_tls13_tickets = 0;
    tls.max_early_data_size = 0;
    let tls = QuicServerConfig::try_from(tls).map_err(|_| EndpointError::Cipher)?;
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls));
    config.transport_config(transport);
    Ok(config)
}

/// Who dials: only the pinned keys may finish the handshake.
fn client_config(
    identity: &Arc<rustls::sign::CertifiedKey>,
    pinned: &[PublicKey],
    transport: Arc<quinn::TransportConfig>,
    alpn: &[u8],
) -> Result<quinn::ClientConfig, EndpointError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(pinned.to_vec())))
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(
            identity.clone(),
        )));
    tls.alpn_protocols = vec![alpn.to_vec()];
    tls.resumption = Resumption::disabled();
    tls.enable_early_data = false;
    tls.enable_sni = false;
    let tls = QuicClientConfig::try_from(tls).map_err(|_| EndpointError::Cipher)?;
    let mut config = quinn::ClientConfig::new(Arc::new(tls));
    config.transport_config(transport);
    Ok(config)
}

/// Tells a wrong key, which a person must look at, from a line that the world may mend.
fn refusal(error: ConnectionError) -> HandshakeError {
    let denied = TransportErrorCode::crypto(u8::from(AlertDescription::AccessDenied));
    if matches!(&error, ConnectionError::TransportError(refused) if refused.code == denied) {
        HandshakeError::WrongKey
    } else {
        HandshakeError::Connection(error)
    }
}
