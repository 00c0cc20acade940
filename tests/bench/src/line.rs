//! A line of TCP before a peer: counted each way, as narrow as it is told, and cut now and then.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hoso_tests::e2e::proxy::QUEUE;

/// Bytes that are carried at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// What a line does to those who use it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// Bytes of a second, each way; zero means any number.
    pub(crate) bytes_per_second: u64,
    /// How long it works and how long it is then dead, in turns.
    pub(crate) cut: Option<(Duration, Duration)>,
}

/// The line; its threads end when it is dropped and its users have hung up.
#[derive(Debug)]
pub(crate) struct Line {
    /// Where users connect.
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: AtomicU16,
    up: AtomicU64,
    down: AtomicU64,
    /// How the line behaves, and since when.
    manner: Mutex<(Manner, Instant)>,
    open: Mutex<Vec<TcpStream>>,
    gone: AtomicBool,
}

impl Line {
    /// A line to a port of this machine.
    pub(crate) fn to(target: u16, manner: Manner) -> Self {
        let front = TcpListener::bind("127.0.0.1:0").expect("a socket for the line");
        let port = front.local_addr().expect("a bound socket has an address").port();
        let shared = Arc::new(Shared {
            target: AtomicU16::new(target),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            manner: Mutex::new((manner, Instant::now())),
            open: Mutex::default(),
            gone: AtomicBool::new(false),
        });
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for client in front.incoming() {
                if own.gone.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(client) = client else { continue };
                // A dead line answers nobody; the user is told by the end of the stream.
                if own.dead_until().is_some() {
                    continue;
                }
                let target = ("127.0.0.1", own.target.load(Ordering::Relaxed));
                let Ok(server) = TcpStream::connect(target) else { continue };
                own.carry(client, server);
            }
        });
        Self { port, shared }
    }

    /// Leads to another port from now on, as when the server has come back there. Its own stays:
    /// PouchDB knows how far it was by the address of the other end.
    pub(crate) fn lead_to(&self, target: u16) {
        self.shared.target.store(target, Ordering::Relaxed);
    }

    /// Behaves in another manner from now on.
    pub(crate) fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap_or_else(PoisonError::into_inner) =
            (manner, Instant::now());
    }

    /// Bytes that went up and down so far, without the headers of TCP and IP.
    pub(crate) fn carried(&self) -> (u64, u64) {
        (self.shared.up.load(Ordering::Relaxed), self.shared.down.load(Ordering::Relaxed))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::Relaxed);
        let open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.iter() {
            // It may have been hung up already.
            drop(stream.shutdown(Shutdown::Both));
        }
        // Wakes the thread that listens.
        drop(TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], self.port))));
    }
}

impl Shared {
    fn carry(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("an open socket");
            let kept = stream.try_clone().expect("a second hold of the socket");
            self.open.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
        let second = |stream: &TcpStream| stream.try_clone().expect("a second hold of the socket");
        let ways = [(second(&client), second(&server), true), (server, client, false)];
        for (from, to, upwards) in ways {
            let own = Arc::clone(self);
            thread::spawn(move || own.carry_one_way(from, to, upwards));
        }
    }

    fn carry_one_way(&self, mut from: TcpStream, mut to: TcpStream, upwards: bool) {
        let counter = if upwards { &self.up } else { &self.down };
        let mut bytes = vec![0; CHUNK_BYTES];
        let mut free = Instant::now();
        from.set_read_timeout(Some(QUEUE)).expect("an open socket");
        while !self.gone.load(Ordering::Relaxed) && self.dead_until().is_none() {
            let length = match from.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(_) => break,
            };
            let carried = u64::try_from(length).expect("a length");
            let (manner, _) = self.manner();
            let takes = (carried * 1_000_000_000).checked_div(manner.bytes_per_second);
            free = free.max(Instant::now()) + Duration::from_nanos(takes.unwrap_or_default());
            while let Some(left) = free.checked_duration_since(Instant::now()) {
                thread::park_timeout(left);
            }
            counter.fetch_add(carried, Ordering::Relaxed);
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        // Where the line is dead, both sides learn it; otherwise what was said last still arrives.
        let how = if self.dead_until().is_some() { Shutdown::Both } else { Shutdown::Write };
        drop(to.shutdown(how));
    }

    fn manner(&self) -> (Manner, Instant) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the line works again, if it does not.
    fn dead_until(&self) -> Option<Duration> {
        let (manner, since) = self.manner();
        let (works, dead) = manner.cut?;
        let turn = u64::try_from((works + dead).as_millis()).expect("a short time").max(1);
        let now = u64::try_from(since.elapsed().as_millis()).expect("a short time") % turn;
        let left = Duration::from_millis(turn - now);
        (Duration::from_millis(now) >= works).then_some(left)
    }
}
