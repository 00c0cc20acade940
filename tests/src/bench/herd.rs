//! Thousands of nodes dial one relay at once: more than any province has. Each is the node's end
//! of the line as far as its `Welcome`, with keys and an approval of its own; the relay is the
//! program.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use hoso_engine::{
    endpoint::{Endpoint, Peer},
    frames::{FrameReader, FrameWriter, StreamKind, WireBytes},
    join::{Newcomer, join},
    node_host,
    tuning::Congestion,
};
use hoso_identity::{Incarnation, PublicKey, Realm, Scope, SessionToken, SigningKey};
use hoso_registry::{enrolment::Invitation, statement::AgeKey};
use hoso_store::{StoreError, readers::Readers};
use hoso_sync::{
    codec::Codec,
    frame::{Frame, MINOR_MIN, Stream},
    wire::{Hello, Welcome},
};
use tokio::{runtime::Runtime, task::JoinSet, time::timeout};

use super::figures::{Figure, median, ms, percentile};
use crate::e2e::{
    desk::Desk,
    province::{CO_TO, Province},
    relay::Relay,
    wait,
};

/// How many are enrolled at a time.
const AT_A_TIME: usize = 16;
/// How long one dial may take: as a node's.
const DIAL_WAIT: Duration = Duration::from_secs(10);
/// How long the herd may take.
const DEADLINE: Duration = Duration::from_secs(300);
/// MiB of the relay at most, for each node that is up: what QUIC and a session hold at rest.
const MIB_EACH_MAX: f64 = 0.25;

/// A node of the herd.
struct One {
    endpoint: Endpoint,
    hello: Hello,
}

/// Where the relay is and who it is.
#[derive(Clone, Copy)]
struct There {
    address: SocketAddr,
    key: PublicKey,
}

/// So many nodes dial at once after the relay was away.
///
/// # Panics
///
/// When one of them does not come back.
#[must_use]
pub fn measure(nodes: usize) -> Vec<Figure> {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let desk = Desk::of(&province.nodes[0]);
    let runtime = Runtime::new().expect("a runtime for the herd");
    let invitations = invited(&province.relay, nodes);
    let there = There { address: province.relay.quic, key: invitations[0].relay };
    let keys = runtime.block_on(enrolled(&invitations));
    wait::until("the office has every approval", DEADLINE, || {
        (caught_up(&province) >= nodes).then_some(())
    });
    let hello = known(&province, invitations[0].realm());
    let herd = runtime.block_on(met(there, &keys, &hello));
    province.relay.kill();
    province.relay.start();
    let idle_mib = resident_mib(&mut province.relay);
    let begun = Instant::now();
    let held = runtime.block_on(come_back(there, herd));
    province.nodes[0].await_link(&desk.session, "up", DEADLINE);
    let office = begun.elapsed();
    let mib = resident_mib(&mut province.relay);
    let times: Vec<Duration> = held.iter().map(|(took, _)| *took).collect();
    let (middle, last) = (median(times.clone()), percentile(times, 99));
    let ratio = last.as_secs_f64() / middle.as_secs_f64().max(1e-9);
    let bound = idle_mib + MIB_EACH_MAX * nodes as f64;
    let what = |what: &str| format!("{nodes} nodes at once: {what}");
    vec![
        Figure::new(
            &what("up"),
            format!("{} median, {} p99", ms(middle), ms(last)),
            "–".to_owned(),
            format!("p99 {ratio:.1} x median"),
        ),
        Figure::new(
            &what("a real office among them"),
            ms(office),
            ms(last),
            format!("{:.2}", office.as_secs_f64() / last.as_secs_f64().max(1e-9)),
        ),
        Figure::new(
            &what("relay's memory, all of them up"),
            format!("{mib:.0} MiB"),
            format!("{bound:.0} MiB"),
            format!("{:.2}", mib / bound),
        ),
    ]
}

fn resident_mib(relay: &mut Relay) -> f64 {
    let kib = crate::e2e::program::peak_resident_kib(relay.program().pid());
    kib as f64 / 1024.0
}

/// An invitation for each, spread over the units.
fn invited(relay: &Relay, nodes: usize) -> Vec<Invitation> {
    let units = super::storm::unit_codes();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let invite = || {
            let mut mine = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= nodes {
                    return mine;
                }
                let code = relay.invite(&units[number % units.len()]);
                let mut invitation = Invitation::parse(&code).expect("an invitation");
                // Without the bad line of the tests, which looks up whose each datagram is.
                invitation.addresses = vec![relay.quic.to_string()];
                mine.push(invitation);
            }
        };
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(invite)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("invitations")).collect()
    })
}

fn key(number: usize, what: u8) -> SigningKey {
    let mut seed = [what; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    SigningKey::from_seed(&seed)
}

/// Enrols a node by each invitation; gives their transport keys.
async fn enrolled(invitations: &[Invitation]) -> Vec<SigningKey> {
    for (first, some) in invitations.chunks(AT_A_TIME).enumerate() {
        let mut joining = JoinSet::new();
        for (number, invitation) in some.iter().enumerate() {
            let number = first * AT_A_TIME + number;
            let invitation = invitation.clone();
            joining.spawn(async move {
                let newcomer = Newcomer {
                    label: format!("Máy thử {number}"),
                    signing: key(number, 2).public(),
                    age: AgeKey([3; 32]),
                    administrator_name: "Quản trị thử".to_owned(),
                    administrator_key: key(number, 4).public(),
                };
                join(&invitation, &key(number, 1), &newcomer).await.expect("the relay takes it");
            });
        }
        joining.join_all().await;
    }
    (0..invitations.len()).map(|number| key(number, 1)).collect()
}

/// How many nodes the real office knows.
fn caught_up(province: &Province) -> usize {
    crate::hostile::cast::document(&province.nodes[0].data, &hoso_identity::DocumentId::ZERO).len()
}

/// What a node says that knows every statement.
fn known(province: &Province, realm: Realm) -> Hello {
    let data = &province.nodes[0].data;
    let hello: Result<Hello, StoreError> =
        Readers::of(data).read(|tx| node_host::hello(tx, realm, 0));
    let mut hello = hello.expect("the office's database can be read");
    hello.cursors.retain(|point| point.scope == Scope::Province);
    Hello { minor_max: MINOR_MIN, token: None, journal_head: 0, wish: None, ..hello }
}

/// Lets each node meet the relay once, one after the other, and keep the token that it gets.
async fn met(there: There, keys: &[SigningKey], hello: &Hello) -> Vec<One> {
    let mut herd = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        let endpoint = Endpoint::dialler(key, Congestion::default()).expect("a socket");
        let mut incarnation = [7; 16];
        incarnation[..8].copy_from_slice(&number.to_le_bytes());
        let mut one = One { endpoint, hello: hello.clone() };
        one.hello.incarnation = Incarnation(incarnation);
        let (up, welcome) = greeted(there, &one).await.expect("the relay knows the node");
        one.hello.token = Some(SessionToken(welcome.token.0));
        up.close();
        herd.push(one);
    }
    herd
}

/// A link that is up.
struct Up {
    peer: Peer,
    _control: (FrameWriter, FrameReader),
}

impl Up {
    fn close(self) {
        self.peer.close(hoso_engine::close::CloseCode::Done);
    }
}

/// Dials and greets once.
async fn greeted(there: There, one: &One) -> Option<(Up, Welcome)> {
    let dialled = timeout(DIAL_WAIT, one.endpoint.dial(there.address, &[there.key])).await;
    let peer = dialled.ok()?.ok()?;
    let opened = FrameWriter::open_both(&peer, StreamKind::Control, WireBytes::default()).await;
    let (mut writer, mut reader) = opened.ok()?;
    let mut codec = Codec::default();
    writer.write(&codec.encode(&Frame::Hello(one.hello.clone())).bytes).await.ok()?;
    loop {
        let bytes = timeout(DIAL_WAIT, reader.next()).await.ok()?.ok()??;
        match codec.decode(Stream::Control, &bytes).ok()? {
            Some(Frame::Welcome(welcome)) => {
                return Some((Up { peer, _control: (writer, reader) }, welcome));
            }
            Some(Frame::Goodbye(_)) => return None,
            _ => {}
        }
    }
}

/// All of them at once, each again as soon as a dial has failed; gives when each was up.
async fn come_back(there: There, herd: Vec<One>) -> Vec<(Duration, Up)> {
    let begun = Instant::now();
    let mut coming = JoinSet::new();
    for one in herd {
        coming.spawn(async move {
            loop {
                if let Some((up, _)) = greeted(there, &one).await {
                    return (begun.elapsed(), up);
                }
                assert!(begun.elapsed() < DEADLINE, "a node starves");
            }
        });
    }
    coming.join_all().await
}
