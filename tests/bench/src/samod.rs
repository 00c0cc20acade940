//! Automerge documents by the crate `samod`, as its own pages show it: tokio, documents in the
//! file system, TCP, the default policy that announces every document.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

use automerge::{Automerge, ReadDoc};
use futures::{StreamExt, stream};
use samod::{
    BackoffConfig, ConnectionId, DialerHandle, DocHandle, DocumentId, Repo,
    storage::TokioFilesystemStorage,
};
use tokio::{net::TcpListener, runtime::Runtime, time};

use crate::{
    corpus::{self, Heads},
    end::{End, Places},
};

/// Documents that are looked up at once.
const AT_ONCE: usize = 256;
/// How often a document that nobody had is asked for again: each question goes to every peer.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often documents that still lack something are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One end.
pub(crate) struct Samod {
    places: Places,
    runtime: Runtime,
    repo: Repo,
    handles: BTreeMap<String, DocHandle>,
    /// What every dossier is to end in.
    expected: Heads,
    dialer: Option<DialerHandle>,
}

impl Samod {
    /// Over what it has: all documents are opened, or they would not be synced.
    pub(crate) fn new(places: Places) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let storage = TokioFilesystemStorage::new(places.data.join("documents"));
        let guard = runtime.enter();
        let repo = runtime.block_on(Repo::build_tokio().with_storage(storage).load());
        drop(guard);
        let handles = BTreeMap::new();
        let expected = Heads::new();
        let mut end = Self { places, runtime, repo, handles, expected, dialer: None };
        end.open();
        end
    }

    /// Which document a dossier is. Its name does not go over the line: an application would keep
    /// it in a document of its own.
    fn names(&self) -> PathBuf {
        self.places.corpus.join("samod.tsv")
    }

    /// The documents that are named and not yet open.
    fn missing(&self) -> Vec<(String, DocumentId)> {
        let text = fs::read_to_string(self.names()).unwrap_or_default();
        let named = text.lines().filter_map(|line| line.split_once('\t'));
        let missing = named.filter(|(document, _)| !self.handles.contains_key(*document));
        let id = |id: &str| id.parse().expect("a document's name");
        missing.map(|(document, name)| (document.to_owned(), id(name))).collect()
    }

    /// Dials, unless it has.
    fn dial(&mut self, port: u16) {
        if self.dialer.is_none() {
            let url = format!("tcp://127.0.0.1:{port}").parse().expect("a URL");
            let _guard = self.runtime.enter();
            let dialer = self.repo.dial_tcp(url, BackoffConfig::default());
            self.dialer = Some(dialer.unwrap_or_else(|error| panic!("{error:?}")));
        }
    }

    /// Opens every document that is named and not yet open.
    fn open(&mut self) {
        let lookups = self.missing().into_iter().map(|(document, id)| {
            let repo = self.repo.clone();
            async move { Some((document, repo.find(id).await.ok()??)) }
        });
        let lookups: Vec<_> = lookups.collect();
        let found = stream::iter(lookups).buffer_unordered(AT_ONCE).filter_map(|one| async { one });
        let found: Vec<_> = self.runtime.block_on(found.collect());
        self.handles.extend(found);
    }

    /// Returns when every dossier ends in what was expected: nothing else tells that all is there.
    fn await_heads(&mut self) {
        let mut missing = self.expected.clone();
        let mut looked: Option<Instant> = None;
        loop {
            let due = looked.is_none_or(|looked| looked.elapsed() >= ASK_EVERY);
            if due && missing.keys().any(|document| !self.handles.contains_key(document)) {
                self.open();
                looked = Some(Instant::now());
            }
            let handles = &self.handles;
            missing.retain(|document, wanted| {
                handles.get(document).is_none_or(|handle| heads(handle) != *wanted)
            });
            if missing.is_empty() {
                return;
            }
            self.runtime.block_on(async {
                let mut next = time::interval(LOOK_EVERY);
                next.tick().await;
                next.tick().await;
            });
        }
    }
}

impl End for Samod {
    fn take(&mut self, set: &str) {
        let mut by_document: BTreeMap<String, Vec<automerge::Change>> = BTreeMap::new();
        for change in corpus::read(&self.places.corpus, set) {
            let read = automerge::Change::from_bytes(change.bytes).expect("a change");
            by_document.entry(change.document).or_default().push(read);
        }
        let mut named = String::new();
        for (document, changes) in by_document {
            if let Some(handle) = self.handles.get(&document) {
                let taken = handle.with_document(|held| held.apply_changes(changes));
                taken.expect("changes that fit");
                continue;
            }
            let mut new = Automerge::new();
            new.apply_changes(changes).expect("changes that fit");
            let handle = self.runtime.block_on(self.repo.create(new)).expect("it runs");
            named += &format!("{document}\t{}\n", handle.document_id());
            self.handles.insert(document, handle);
        }
        if !named.is_empty() {
            let file = fs::File::options().create(true).append(true).open(self.names());
            let written = file.and_then(|mut file| file.write_all(named.as_bytes()));
            written.expect("the corpus can be written");
        }
    }

    fn listen(&mut self) -> u16 {
        let front = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a socket");
        let port = front.local_addr().expect("a bound socket has an address").port();
        let url = format!("tcp://127.0.0.1:{port}").parse().expect("a URL");
        let acceptor = self.repo.make_acceptor(url).expect("it runs");
        self.runtime.spawn(async move {
            while let Ok((stream, _)) = front.accept().await {
                drop(stream.set_nodelay(true));
                if acceptor.accept_tokio_io(stream).is_err() {
                    return;
                }
            }
        });
        port
    }

    fn expect(&mut self, sets: &[&str]) {
        self.expected = corpus::heads(&corpus::all(&self.places.corpus, sets));
    }

    fn sync(&mut self, port: u16) {
        self.dial(port);
        self.await_heads();
        let Some(dialer) = &self.dialer else { return };
        // An end that has everything does not know it before the other one has told its heads. A
        // connection that broke has another number when it is back.
        self.runtime.block_on(async {
            let mut looks = time::interval(LOOK_EVERY);
            while !dialer.connection_id().is_some_and(|id| all_shared(&self.handles, id)) {
                looks.tick().await;
            }
        });
    }

    fn fetch(&mut self, port: u16, _sets: &[&str]) {
        self.dial(port);
        for (_, id) in self.missing() {
            let repo = self.repo.clone();
            self.runtime.spawn(async move { drop(repo.find(id).await) });
        }
        self.await_heads();
    }

    fn complete(&mut self) {
        self.await_heads();
    }

    fn lacks(&mut self, sets: &[&str]) -> usize {
        let wanted = corpus::all(&self.places.corpus, sets);
        let missing = wanted.iter().filter(|change| {
            let hash = automerge::ChangeHash(corpus::hash_of(&change.hash));
            let handle = self.handles.get(&change.document);
            !handle.is_some_and(|handle| {
                handle.with_document(|held| held.get_change_by_hash(&hash).is_some())
            })
        });
        missing.count()
    }

    fn part(&mut self) {
        if let Some(dialer) = self.dialer.take() {
            dialer.close();
        }
    }
}

impl Drop for Samod {
    fn drop(&mut self) {
        self.runtime.block_on(self.repo.stop());
    }
}

/// Whether the other end has told of every document that it ends as it does here.
fn all_shared(handles: &BTreeMap<String, DocHandle>, connection: ConnectionId) -> bool {
    handles.values().all(|handle| {
        let (peers, _) = handle.peers();
        let shared = peers.get(&connection).and_then(|peer| peer.shared_heads.clone());
        shared.is_some_and(|shared| shared == handle.with_document(|held| held.get_heads()))
    })
}

fn heads(handle: &DocHandle) -> BTreeSet<String> {
    handle.with_document(|held| held.get_heads().iter().map(ToString::to_string).collect())
}
