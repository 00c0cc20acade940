//! A bad line in user space: datagrams between nodes and relay are lost, delayed, doubled, queued
//! before a narrow line, too long for it, or cut, for each node apart; and a node's address can
//! change on the way. A node is known by its process: the proxy asks the system whose socket a
//! datagram came from. What the line carried is counted.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    fs,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

/// How often a waiting thread looks whether the proxy is gone.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a datagram waits before a narrow line at most.
pub const QUEUE: Duration = Duration::from_secs(1);
/// Bytes of the longest datagram.
const DATAGRAM_BYTES_MAX: usize = 65_536;

/// What happens to the datagrams of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Nothing from the node arrives, and nobody is told.
    pub cut_up: bool,
    /// Nothing for the node arrives, and nobody is told.
    pub cut_down: bool,
    /// Of a hundred datagrams, so many are lost, each way.
    pub lost_percent: u64,
    /// Of a hundred datagrams, so many arrive twice.
    pub doubled_percent: u64,
    /// How late each one comes.
    pub delay: Duration,
    /// How much later still, by chance; so they also overtake each other.
    pub jitter: Duration,
    /// The line works and is dead in turns of this length; zero means it works.
    pub flap: Duration,
    /// Bytes that the line carries in a second, each way; zero means any number. What would wait
    /// for longer than [`QUEUE`] is lost.
    pub bytes_per_second: u64,
    /// Bytes of the longest datagram that passes; zero means any. Nobody is told of longer ones.
    pub datagram_bytes_max: usize,
}

impl Weather {
    /// A dead line that nobody is told of.
    pub const CUT: Self = Self {
        cut_up: true,
        cut_down: true,
        lost_percent: 0,
        doubled_percent: 0,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        flap: Duration::ZERO,
        bytes_per_second: 0,
        datagram_bytes_max: 0,
    };
}

/// The bit of a datagram's first byte that says so: RFC 9000, 17.2.
const LONG_HEADER: u8 = 0x80;

/// What a line carried one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Datagrams.
    pub datagrams: u64,
    /// Their bytes, without the headers of UDP and IP.
    pub bytes: u64,
    /// Datagrams that were lost.
    pub dropped: u64,
    /// Bytes of those datagrams that begin with a long header: QUIC's handshake.
    pub handshake: u64,
}

/// One direction of a node's line.
#[derive(Clone, Copy, Debug, Default)]
struct Direction {
    carried: Carried,
    /// When the line is free again.
    free: Option<Instant>,
}

/// The proxy; its threads end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    front: UdpSocket,
    target: SocketAddr,
    weather: Mutex<BTreeMap<u32, Weather>>,
    /// By node, and whether it leads up.
    directions: Mutex<BTreeMap<(Option<u32>, bool), Direction>>,
    /// How often the addresses changed.
    addresses: AtomicU64,
    chance: AtomicU64,
    began: Instant,
    gone: AtomicBool,
}

/// A datagram on its way: when it is due, by which socket it leaves, and to whom.
struct Late {
    due: Instant,
    socket: Arc<UdpSocket>,
    to: Option<SocketAddr>,
    bytes: Vec<u8>,
}

impl Proxy {
    /// A proxy before `target`, on a port of its own.
    ///
    /// # Panics
    ///
    /// When the system gives no socket.
    #[must_use]
    pub fn before(target: SocketAddr) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").expect("a socket for the proxy");
        let address = front.local_addr().expect("a bound socket has an address");
        front.set_read_timeout(Some(LOOK_EVERY)).expect("a read timeout");
        let shared = Arc::new(Shared {
            front,
            target,
            weather: Mutex::default(),
            directions: Mutex::default(),
            addresses: AtomicU64::new(0),
            chance: AtomicU64::new(0x9E37_79B9_7F4A_7C15),
            began: Instant::now(),
            gone: AtomicBool::new(false),
        });
        let (late, due) = mpsc::channel();
        let for_front = Arc::clone(&shared);
        thread::spawn(move || carry_upwards(&for_front, &late));
        let for_late = Arc::clone(&shared);
        thread::spawn(move || deliver_late(&for_late, &due));
        Self { address, shared }
    }

    /// Where nodes dial.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the weather of the node with this process id.
    pub fn set(&self, pid: u32, weather: Weather) {
        locked(&self.shared.weather).insert(pid, weather);
    }

    /// Lets every node appear at another address from now on, as after a sleep or when a router
    /// has forgotten it. What is sent to the old one is lost.
    pub fn change_addresses(&self) {
        self.shared.addresses.fetch_add(1, Ordering::Relaxed);
    }

    /// What the lines of all nodes carried, and lost, both ways.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        let directions = locked(&self.shared.directions);
        directions.values().fold((0, 0), |(carried, dropped), direction| {
            (carried + direction.carried.datagrams, dropped + direction.carried.dropped)
        })
    }

    /// What the line of the node with this process id carried up and down.
    #[must_use]
    pub fn carried(&self, pid: u32) -> (Carried, Carried) {
        let directions = locked(&self.shared.directions);
        let way = |upwards| directions.get(&(Some(pid), upwards)).map(|way| way.carried);
        (way(true).unwrap_or_default(), way(false).unwrap_or_default())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::Relaxed);
    }
}

impl Direction {
    /// When a datagram has left; none when too many wait before it.
    fn leaves(&mut self, bytes: u64, bytes_per_second: u64) -> Option<Instant> {
        let now = Instant::now();
        let Some(nanoseconds) = (bytes * 1_000_000_000).checked_div(bytes_per_second) else {
            return Some(now);
        };
        let leaves =
            self.free.map_or(now, |free| free.max(now)) + Duration::from_nanos(nanoseconds);
        (leaves <= now + QUEUE).then(|| *self.free.insert(leaves))
    }
}

impl Shared {
    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    fn weather_of(&self, pid: Option<u32>) -> Weather {
        let weather = locked(&self.weather);
        pid.and_then(|pid| weather.get(&pid).copied()).unwrap_or_default()
    }

    /// A number below `below`, from a plain xorshift.
    fn draw(&self, below: u64) -> u64 {
        let mut x = self.chance.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.chance.store(x, Ordering::Relaxed);
        x % below.max(1)
    }

    fn flapped(&self, flap: Duration) -> bool {
        let turn = flap.as_millis().max(1);
        !flap.is_zero() && (self.began.elapsed().as_millis() / turn) % 2 == 1
    }

    /// When the copies of a datagram are to arrive; none when it is lost.
    fn arrivals(&self, pid: Option<u32>, upwards: bool, datagram: &[u8]) -> Vec<Instant> {
        let bytes = datagram.len();
        let weather = self.weather_of(pid);
        let cut = if upwards { weather.cut_up } else { weather.cut_down };
        let too_long = weather.datagram_bytes_max > 0 && bytes > weather.datagram_bytes_max;
        let lost =
            cut || too_long || self.flapped(weather.flap) || self.draw(100) < weather.lost_percent;
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut directions = locked(&self.directions);
        let direction = directions.entry((pid, upwards)).or_default();
        let leaves = (!lost).then(|| direction.leaves(bytes, weather.bytes_per_second)).flatten();
        let Some(leaves) = leaves else {
            direction.carried.dropped += 1;
            return Vec::new();
        };
        direction.carried.datagrams += 1;
        direction.carried.bytes += bytes;
        if datagram.first().is_some_and(|first| first & LONG_HEADER != 0) {
            direction.carried.handshake += bytes;
        }
        drop(directions);
        let copies = if self.draw(100) < weather.doubled_percent { 2 } else { 1 };
        let jitter_ms = u64::try_from(weather.jitter.as_millis()).unwrap_or(u64::MAX);
        let late = || weather.delay + Duration::from_millis(self.draw(jitter_ms + 1));
        (0..copies).map(|_| leaves + late()).collect()
    }

    fn send(&self, late: &Sender<Late>, datagram: Late) {
        if datagram.due <= Instant::now() {
            datagram.leave();
        } else {
            // The thread that delivers ends with the proxy.
            drop(late.send(datagram));
        }
    }
}

impl Late {
    /// Leaves; UDP promises nothing, so a failure is one more lost datagram.
    fn leave(self) {
        drop(match self.to {
            Some(to) => self.socket.send_to(&self.bytes, to),
            None => self.socket.send(&self.bytes),
        });
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn carry_upwards(shared: &Arc<Shared>, late: &Sender<Late>) {
    let mut routes: BTreeMap<SocketAddr, (Option<u32>, Arc<UdpSocket>)> = BTreeMap::new();
    let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
    let mut addresses = 0;
    while !shared.is_gone() {
        let Ok((length, client)) = shared.front.recv_from(&mut bytes) else { continue };
        let now = shared.addresses.load(Ordering::Relaxed);
        if addresses != now {
            routes.clear();
            addresses = now;
        }
        let (pid, socket) = routes.entry(client).or_insert_with(|| {
            let pid = owner_of(client.port());
            (pid, open_route(shared, late, client, pid))
        });
        for due in shared.arrivals(*pid, true, &bytes[..length]) {
            let bytes = bytes[..length].to_vec();
            shared.send(late, Late { due, socket: Arc::clone(socket), to: None, bytes });
        }
    }
}

/// A socket towards the relay for one client, with a thread that carries back what it answers.
fn open_route(
    shared: &Arc<Shared>,
    late: &Sender<Late>,
    client: SocketAddr,
    pid: Option<u32>,
) -> Arc<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket towards the relay");
    socket.connect(shared.target).expect("an address of this machine");
    socket.set_read_timeout(Some(LOOK_EVERY)).expect("a read timeout");
    let socket = Arc::new(socket);
    let (shared, late, back) = (Arc::clone(shared), late.clone(), Arc::clone(&socket));
    let addresses = shared.addresses.load(Ordering::Relaxed);
    thread::spawn(move || {
        let front = Arc::new(shared.front.try_clone().expect("a second hold of the socket"));
        let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
        while !shared.is_gone() && shared.addresses.load(Ordering::Relaxed) == addresses {
            let Ok(length) = back.recv(&mut bytes) else { continue };
            for due in shared.arrivals(pid, false, &bytes[..length]) {
                let bytes = bytes[..length].to_vec();
                let to = Some(client);
                shared.send(&late, Late { due, socket: Arc::clone(&front), to, bytes });
            }
        }
    });
    socket
}

fn deliver_late(shared: &Shared, incoming: &Receiver<Late>) {
    let mut waiting: BinaryHeap<Reverse<(Instant, u64)>> = BinaryHeap::new();
    let mut datagrams: BTreeMap<u64, Late> = BTreeMap::new();
    let mut number = 0;
    while !shared.is_gone() {
        let next = waiting.peek().map_or(LOOK_EVERY, |Reverse((due, _))| {
            due.saturating_duration_since(Instant::now()).min(LOOK_EVERY)
        });
        match incoming.recv_timeout(next) {
            Ok(datagram) => {
                waiting.push(Reverse((datagram.due, number)));
                datagrams.insert(number, datagram);
                number += 1;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while waiting.peek().is_some_and(|Reverse((due, _))| *due <= Instant::now()) {
            let Some(Reverse((_, due))) = waiting.pop() else { break };
            if let Some(datagram) = datagrams.remove(&due) {
                datagram.leave();
            }
        }
    }
}

/// The process whose UDP socket has this local port.
fn owner_of(port: u16) -> Option<u32> {
    let inode = ["/proc/net/udp", "/proc/net/udp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| inode_of(&table, port))?;
    let link = format!("socket:[{inode}]");
    let holds = |pid: u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).ok();
        files.into_iter().flatten().flatten().any(|file| {
            fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == link.as_str())
        })
    };
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(|pid| holds(*pid))
}

/// The inode of the socket with this local port in a table of `/proc/net`.
fn inode_of(table: &str, port: u16) -> Option<String> {
    let ends = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let here = columns.get(1).is_some_and(|local| local.ends_with(&ends));
        here.then(|| columns.get(9).map(|inode| (*inode).to_owned())).flatten()
    })
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    /// Echoes one datagram at a time until it is dropped by the test's end.
    fn echo() -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            let mut bytes = [0; 64];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                socket.send_to(&bytes[..length], from).unwrap();
            }
        });
        address
    }

    fn answers(client: &UdpSocket, proxy: &Proxy) -> bool {
        client.send_to(b"ping", proxy.address()).unwrap();
        client.recv(&mut [0; 64]).is_ok()
    }

    #[test]
    fn a_datagram_comes_back_unless_its_sender_is_cut() {
        let proxy = Proxy::before(echo());
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        assert!(answers(&client, &proxy));
        proxy.set(process::id(), Weather::CUT);
        assert!(!answers(&client, &proxy), "the owner of a socket is not found");
        proxy.set(process::id(), Weather { cut_down: true, ..Weather::default() });
        assert!(!answers(&client, &proxy));
        proxy
            .set(process::id(), Weather { delay: Duration::from_millis(40), ..Weather::default() });
        let asked = Instant::now();
        assert!(answers(&client, &proxy));
        assert!(asked.elapsed() >= Duration::from_millis(80), "{:?}", asked.elapsed());
        assert!(proxy.counts().1 >= 2);
    }

    #[test]
    fn a_share_of_the_datagrams_is_lost_and_another_doubled() {
        let proxy = Proxy::before(echo());
        let bad = Weather { lost_percent: 50, doubled_percent: 50, ..Weather::default() };
        proxy.set(1, bad);
        let copies: Vec<usize> =
            (0..1000).map(|_| proxy.shared.arrivals(Some(1), true, &[0; 9]).len()).collect();
        for expected in 0..=2 {
            let seen = copies.iter().filter(|copies| **copies == expected).count();
            assert!(seen > 150, "{expected} copies only {seen} times");
        }
    }

    #[test]
    fn a_narrow_line_lets_datagrams_wait_and_loses_what_would_wait_too_long() {
        let proxy = Proxy::before(echo());
        proxy.set(1, Weather { bytes_per_second: 10_000, ..Weather::default() });
        let leaves: Vec<Instant> =
            (0..20).flat_map(|_| proxy.shared.arrivals(Some(1), true, &[0; 1000])).collect();
        assert!(leaves.windows(2).all(|two| two[1] - two[0] >= Duration::from_millis(99)));
        let (up, down) = proxy.carried(1);
        assert_eq!(up.datagrams + up.dropped, 20);
        assert!((10..=11).contains(&up.datagrams), "{up:?}");
        assert_eq!((up.bytes, down), (up.datagrams * 1000, Carried::default()));
    }

    #[test]
    fn a_datagram_that_is_too_long_is_lost_and_one_that_just_fits_is_not() {
        let proxy = Proxy::before(echo());
        proxy.set(1, Weather { datagram_bytes_max: 1200, ..Weather::default() });
        assert!(proxy.shared.arrivals(Some(1), true, &[0; 1201]).is_empty());
        assert_eq!(proxy.shared.arrivals(Some(1), true, &[0; 1200]).len(), 1);
    }

    #[test]
    fn what_a_handshake_takes_is_counted_by_itself() {
        let proxy = Proxy::before(echo());
        for first in [0xC0, 0x40] {
            assert_eq!(proxy.shared.arrivals(Some(1), true, &[first; 700]).len(), 1);
        }
        let (up, _) = proxy.carried(1);
        assert_eq!((up.bytes, up.handshake), (1400, 700));
    }

    #[test]
    fn a_client_is_seen_at_another_address_when_addresses_change() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::before(server.local_addr().unwrap());
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        let seen = || {
            client.send_to(b"ping", proxy.address()).unwrap();
            server.recv_from(&mut [0; 8]).unwrap().1
        };
        let before = seen();
        assert_eq!(seen(), before);
        proxy.change_addresses();
        assert_ne!(seen(), before);
    }
}
