//! Set reconciliation by the crate `negentropy` over the ids of all changes, then the raw changes:
//! what one gets with little code of one's own. Changes are kept in one file, synced before the
//! other end is told.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use hoso_tests::e2e::wait;
use negentropy::{Id, Negentropy, NegentropyStorageVector};

use crate::{
    corpus,
    end::{End, Places},
    peers::CASE_DEADLINE,
};

/// A frame that carries a message of the reconciliation.
const RECONCILE: u8 = 1;
/// A frame that asks for changes by their ids.
const WANT: u8 = 2;
/// A frame of changes.
const CHANGES: u8 = 3;
/// Bytes of a frame of changes at most, unless one change is longer.
const FRAME_BYTES_MAX: usize = 1 << 20;
/// A frame that says that all is kept.
const KEPT: u8 = 4;

/// A change as it is kept: when it was made, and its bytes.
type Kept = (u64, Vec<u8>);

/// All changes by their ids, in memory and in a file.
#[derive(Debug)]
struct Log {
    file: File,
    changes: BTreeMap<[u8; 32], Kept>,
}

/// One end.
#[derive(Debug)]
pub(crate) struct Reconciler {
    places: Places,
    log: Arc<Mutex<Log>>,
}

impl Log {
    fn open(places: &Places) -> Self {
        let path = places.data.join("log");
        let mut file = File::options().read(true).create(true).append(true).open(path);
        let mut bytes = Vec::new();
        let file = file.as_mut().expect("a log");
        file.read_to_end(&mut bytes).expect("the log can be read");
        let file = file.try_clone().expect("a second hold of the file");
        let mut log = Self { file, changes: BTreeMap::new() };
        log.changes.extend(unpacked(&bytes));
        log
    }

    /// Keeps changes; they are on disk when it returns.
    fn keep(&mut self, changes: Vec<([u8; 32], Kept)>) {
        let new: Vec<_> =
            changes.into_iter().filter(|(id, _)| !self.changes.contains_key(id)).collect();
        let bytes: Vec<u8> = new.iter().flat_map(|(id, kept)| packed(id, kept)).collect();
        self.file.write_all(&bytes).expect("the log can be written");
        self.file.sync_data().expect("the log can be synced");
        self.changes.extend(new);
    }

    fn ids(&self) -> NegentropyStorageVector {
        let mut storage = NegentropyStorageVector::with_capacity(self.changes.len());
        for (id, (at, _)) in &self.changes {
            storage.insert(*at, Id::from_byte_array(*id)).expect("an open storage");
        }
        storage.seal().expect("an open storage");
        storage
    }

    /// Sends the changes with these ids.
    fn send(&self, stream: &mut TcpStream, ids: &[[u8; 32]]) -> io::Result<()> {
        let mut frame = Vec::new();
        for id in ids {
            if let Some(kept) = self.changes.get(id) {
                frame.extend(packed(id, kept));
            }
            if frame.len() >= FRAME_BYTES_MAX {
                send(stream, CHANGES, &std::mem::take(&mut frame))?;
            }
        }
        // An empty frame says that these were all.
        if !frame.is_empty() {
            send(stream, CHANGES, &frame)?;
        }
        send(stream, CHANGES, &[])
    }
}

impl Reconciler {
    /// Over what it has.
    pub(crate) fn new(places: Places) -> Self {
        let log = Arc::new(Mutex::new(Log::open(&places)));
        Self { places, log }
    }

    fn conversation(&self, port: u16) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let storage = locked(&self.log).ids();
        let mut side = Negentropy::borrowed(&storage, 0).expect("no limit");
        let mut question = side.initiate().expect("the first question");
        let (mut have, mut need) = (Vec::new(), Vec::new());
        loop {
            send(&mut stream, RECONCILE, &question)?;
            let (_, answer) = receive(&mut stream)?;
            let next = side.reconcile_with_ids(&answer, &mut have, &mut need);
            match next.expect("an answer of the same crate") {
                Some(next) => question = next,
                None => break,
            }
        }
        let need: Vec<u8> = need.iter().flat_map(|id| *id.as_bytes()).collect();
        send(&mut stream, WANT, &need)?;
        take_all(&mut stream, &self.log)?;
        let have: Vec<[u8; 32]> = have.iter().map(|id| *id.as_bytes()).collect();
        locked(&self.log).send(&mut stream, &have)?;
        receive(&mut stream).map(|_| ())
    }
}

impl End for Reconciler {
    fn take(&mut self, set: &str) {
        let changes = corpus::read(&self.places.corpus, set).into_iter();
        let changes = changes.map(|one| (corpus::hash_of(&one.hash), (one.at, one.bytes)));
        locked(&self.log).keep(changes.collect());
    }

    fn listen(&mut self) -> u16 {
        let front = TcpListener::bind("127.0.0.1:0").expect("a socket");
        let port = front.local_addr().expect("a bound socket has an address").port();
        let log = Arc::clone(&self.log);
        thread::spawn(move || {
            for stream in front.incoming().flatten() {
                let log = Arc::clone(&log);
                // A conversation that breaks off is begun anew by the other end.
                thread::spawn(move || drop(serve(stream, &log)));
            }
        });
        port
    }

    fn sync(&mut self, port: u16) {
        // Most that came before a cut is kept, so each attempt has less to do.
        wait::until("both have the same", CASE_DEADLINE * 2, || self.conversation(port).ok());
    }

    fn lacks(&mut self, sets: &[&str]) -> usize {
        let wanted = corpus::all(&self.places.corpus, sets);
        let log = locked(&self.log);
        let held = |hash: &str| log.changes.contains_key(&corpus::hash_of(hash));
        wanted.iter().filter(|change| !held(&change.hash)).count()
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Log>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let storage = locked(log).ids();
    let mut side = Negentropy::borrowed(&storage, 0).expect("no limit");
    loop {
        match receive(&mut stream)? {
            (RECONCILE, question) => {
                let answer = side.reconcile(&question).expect("a question of the same crate");
                send(&mut stream, RECONCILE, &answer)?;
            }
            (_, wanted) => {
                let ids = wanted.chunks_exact(32).map(|id| id.try_into().expect("32 bytes"));
                let ids: Vec<[u8; 32]> = ids.collect();
                locked(log).send(&mut stream, &ids)?;
                break;
            }
        }
    }
    take_all(&mut stream, log)?;
    send(&mut stream, KEPT, &[])
}

fn locked(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps every frame of changes until the empty one.
fn take_all(stream: &mut TcpStream, log: &Mutex<Log>) -> io::Result<()> {
    loop {
        let (_, changes) = receive(stream)?;
        if changes.is_empty() {
            return Ok(());
        }
        locked(log).keep(unpacked(&changes));
    }
}

fn packed(id: &[u8; 32], (at, bytes): &Kept) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a short change");
    [&id[..], &at.to_le_bytes(), &length.to_le_bytes(), bytes].concat()
}

fn unpacked(mut bytes: &[u8]) -> Vec<([u8; 32], Kept)> {
    let mut changes = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(44) {
        let id = head[..32].try_into().expect("32 bytes");
        let at = u64::from_le_bytes(head[32..40].try_into().expect("8 bytes"));
        let length = u32::from_le_bytes(head[40..].try_into().expect("4 bytes"));
        let Some((change, rest)) = rest.split_at_checked(length as usize) else { break };
        changes.push((id, (at, change.to_vec())));
        bytes = rest;
    }
    changes
}

fn send(stream: &mut TcpStream, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).expect("a short frame");
    stream.write_all(&[&length.to_le_bytes()[..], &[kind], bytes].concat())
}

fn receive(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [a, b, c, d, kind] = head;
    let mut bytes = vec![0; u32::from_le_bytes([a, b, c, d]) as usize];
    stream.read_exact(&mut bytes)?;
    Ok((kind, bytes))
}
