//! The node's side of a request to join.

use std::{net::SocketAddr, time::Duration};

use hoso_identity::{PublicKey, SigningKey};
use hoso_registry::{
    enrolment::{Invitation, JoinRequest, SignedJoin, WORDS},
    statement::AgeKey,
};
use hoso_sync::{
    frame::Frame,
    wire::{Farewell, Opaque},
};
use thiserror::Error;
use tokio::{
    net::lookup_host,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    close::CloseCode,
    endpoint::{Endpoint, EndpointError, ExporterError, HandshakeError, Peer},
    frames::{FrameError, WireBytes},
    line::{Event, Line, Reads},
    tuning::Congestion,
};

/// How long a request may take on one address.
const JOIN_WAIT: Duration = Duration::from_secs(15);
/// How long telling the relay of the end may take.
const FAREWELL_WAIT: Duration = Duration::from_secs(1);

/// What the new node brings.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// What people call the machine.
    pub label: String,
    /// Its signing key.
    pub signing: PublicKey,
    /// Its recipient of bundles.
    pub age: AgeKey,
    /// The first administrator's name.
    pub administrator_name: String,
    /// The first administrator's key.
    pub administrator_key: PublicKey,
}

/// Why the request was not stored.
#[derive(Debug, Error)]
pub enum JoinError {
    /// No address of the invitation could be reached.
    #[error("the relay cannot be reached at {0}: check the line and try again")]
    Unreachable(String),
    /// The relay is another one than the invitation names.
    #[error("the relay proved another key than the invitation names: ask for a new invitation")]
    WrongRelay,
    /// The relay refused the request.
    #[error(
        "the relay refused the request: the invitation was used, has ended or is of another unit; \
         ask for a new one"
    )]
    Refused,
    /// The socket could not be opened.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The connection gave no value to bind the request to.
    #[error(transparent)]
    Exporter(#[from] ExporterError),
}

/// Sends the request over a channel that is pinned to the invitation's relay; gives the words that
/// both screens show, when the relay has stored it.
///
/// # Errors
///
/// [`JoinError`]; then the relay has stored nothing that could be approved without the words.
pub async fn join(
    invitation: &Invitation,
    transport: &SigningKey,
    newcomer: &Newcomer,
) -> Result<[&'static str; WORDS], JoinError> {
    let endpoint = Endpoint::dialler(transport, Congestion::default())?;
    let peer = dial(&endpoint, invitation).await?;
    let request = JoinRequest {
        realm: invitation.realm(),
        unit: invitation.unit,
        label: newcomer.label.clone(),
        transport: transport.public(),
        signing: newcomer.signing,
        age: newcomer.age,
        administrator_name: newcomer.administrator_name.clone(),
        administrator_key: newcomer.administrator_key,
        relay: invitation.relay,
        exporter: peer.join_exporter()?,
    };
    let signed = SignedJoin::sign(&request, &invitation.code);
    let unreachable = |_: FrameError| JoinError::Unreachable(invitation.addresses.join(", "));
    let mut line = Line::open(peer, WireBytes::default()).await.map_err(unreachable)?;
    line.send(&Frame::Join(Opaque { bytes: signed.encode() }));
    let deadline = Instant::now() + JOIN_WAIT;
    let stored = timeout_at(deadline, stored(&mut line)).await.unwrap_or(None);
    line.finish(CloseCode::Done).await;
    endpoint.close(CloseCode::Done);
    // The relay notices by itself when it cannot be told in time.
    drop(timeout(FAREWELL_WAIT, endpoint.closed()).await);
    match stored {
        Some(true) => Ok(signed.words()),
        Some(false) => Err(JoinError::Refused),
        None => Err(JoinError::Unreachable(invitation.addresses.join(", "))),
    }
}

/// Whether the relay stored the request; `None` when the line broke before it said so.
async fn stored(line: &mut Line) -> Option<bool> {
    loop {
        match line.event(Reads::ALL).await {
            Event::Frame(Frame::Joined(_)) => return Some(true),
            Event::Frame(Frame::Goodbye(goodbye)) => {
                return Some(goodbye.why == Farewell::Pending);
            }
            Event::Frame(_) | Event::Room => {}
            Event::Broken | Event::Closed => return None,
        }
    }
}

async fn dial(endpoint: &Endpoint, invitation: &Invitation) -> Result<Peer, JoinError> {
    for name in &invitation.addresses {
        let Ok(found) = lookup_host(name).await else { continue };
        for address in found.collect::<Vec<SocketAddr>>() {
            let deadline = Instant::now() + JOIN_WAIT;
            match timeout_at(deadline, endpoint.dial(address, &[invitation.relay])).await {
                Ok(Ok(peer)) => return Ok(peer),
                Ok(Err(HandshakeError::WrongKey)) => return Err(JoinError::WrongRelay),
                Ok(Err(error)) => tracing::debug!(%error, "an address of the relay fails"),
                Err(_) => tracing::debug!("an address of the relay does not answer"),
            }
        }
    }
    Err(JoinError::Unreachable(invitation.addresses.join(", ")))
}
