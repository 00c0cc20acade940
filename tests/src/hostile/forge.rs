//! Making entries so that only the mutation is wrong: ids, actors and signatures are always right
//! unless they are what is attacked.

use hoso_dossier::{Change, ChangeHash, History, Value, event::Event, shape};
use hoso_identity::{
    ActorId, DocumentId, Entry, EntryId, Header, Kind, Nonce, PayloadHash, PublicKey, SigningKey,
    UnitId,
};
use hoso_registry::EventKind;
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::{cast::Insider, events::noted};

/// What must become of an entry, whatever else is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// It may count or not; all must agree.
    Agree,
    /// It must have no effect anywhere.
    NotCount,
}

/// An entry as it is planted in the attackers' journal.
#[derive(Clone, Debug)]
pub struct Planted {
    /// What was done to it.
    pub sort: &'static str,
    /// What must become of it.
    pub must: Must,
    /// Its id, or the hash of bytes that are no entry.
    pub id: EntryId,
    /// The dossier in whose name it is planted; zero for statements.
    pub document: DocumentId,
    /// Its kind.
    pub kind: Kind,
    /// The units that its header adds.
    pub units_added: Vec<UnitId>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Planted {
    /// These bytes, whether they are an entry or not. `aimed` is the dossier meant where they are
    /// none.
    #[must_use]
    pub fn of(sort: &'static str, must: Must, bytes: Vec<u8>, aimed: DocumentId) -> Self {
        if let Ok(entry) = Entry::decode(&bytes) {
            let header = entry.header();
            return Self {
                sort,
                must,
                id: entry.id(),
                document: entry.document(),
                kind: header.kind,
                units_added: header.units_added.clone(),
                bytes,
            };
        }
        Self {
            sort,
            must,
            id: EntryId(*blake3::hash(&bytes).as_bytes()),
            document: aimed,
            kind: EventKind::Noted.kind(),
            units_added: Vec::new(),
            bytes,
        }
    }
}

/// The entry with this header as it stands, but for the payload's hash, signed by this key.
#[must_use]
pub fn sealed(mut header: Header, payload: &[u8], key: &SigningKey) -> Vec<u8> {
    header.payload = PayloadHash::of(payload);
    sealed_raw(&header.encode(), payload, key)
}

/// Bytes that claim to be a header, with a right signature over them.
#[must_use]
pub fn sealed_raw(header: &[u8], payload: &[u8], key: &SigningKey) -> Vec<u8> {
    let id = blake3::hash(&[b"hoso entry 1", header].concat());
    let signature = key.sign(&[b"hoso entry 1".as_slice(), id.as_bytes()].concat());
    [header, payload, &signature].concat()
}

/// Fresh chance of that length.
pub fn chance<const N: usize>(random: &mut ChaCha8Rng) -> [u8; N] {
    std::array::from_fn(|_| random.random())
}

/// One of these.
///
/// # Panics
///
/// When there is none.
pub fn one_of<'a, T>(random: &mut ChaCha8Rng, list: &'a [T]) -> &'a T {
    list.choose(random).expect("something to choose from")
}

/// A dossier as the attackers believe it to be: what they have written and expect to count.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its id; zero before the first entry.
    pub id: DocumentId,
    /// The changes so far.
    pub history: History,
    /// The actor of its first change.
    pub first: ActorId,
    /// Every change so far, in an order in which they go in.
    pub changes: Vec<Change>,
    /// The same as names.
    pub hashes: Vec<ChangeHash>,
    /// Nonces that are taken, with who took them.
    pub taken: Vec<(PublicKey, Nonce)>,
}

/// An event that is ready to be sealed.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The header that belongs to it.
    pub header: Header,
    /// The change.
    pub payload: Vec<u8>,
    /// What it says.
    pub change: Change,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            id: DocumentId::ZERO,
            history: History::new(),
            first: ActorId::ZERO,
            changes: Vec::new(),
            hashes: Vec::new(),
            taken: Vec::new(),
        }
    }
}

impl Draft {
    /// The dossier of these entries that count, in an order in which they go in.
    #[must_use]
    pub fn of(id: DocumentId, mut entries: Vec<Entry>) -> Self {
        let mut draft = Self { id, ..Self::default() };
        let mut before = entries.len() + 1;
        while entries.len() < before {
            before = entries.len();
            entries.retain(|entry| !draft.takes(entry.header(), entry.payload()));
        }
        draft
    }

    /// Whether the change fits; then it is part of the dossier from now on.
    pub fn takes(&mut self, header: &Header, payload: &[u8]) -> bool {
        let Ok(change) = shape::read(payload) else { return false };
        if self.history.take(&change, header.actor()).is_err() {
            return false;
        }
        if self.hashes.is_empty() {
            self.first = change.actor;
        }
        self.hashes.push(change.hash);
        self.taken.push((header.author, header.nonce));
        self.changes.push(change);
        true
    }

    /// An event upon these versions, with a fresh actor. One that does not fit into a change
    /// becomes a remark.
    ///
    /// # Panics
    ///
    /// When the versions are not here.
    #[must_use]
    pub fn ready(&self, header: &Header, base: &[ChangeHash], event: &Value) -> Ready {
        let actor = header.actor();
        let written = self.history.write(base, actor, event);
        let (event, written) = match written {
            Ok(written) => (event.clone(), written),
            Err(_) => {
                let remark = noted("quá lớn");
                let written = self.history.write(base, actor, &remark);
                (remark, written.expect("a remark upon a known version"))
            }
        };
        let mut header = header.clone();
        (header.kind, header.units_added) = named(&event, header.kind);
        Ready { header, payload: written.0, change: written.1 }
    }

    /// Versions on which somebody may write: mostly the newest, else an old one or several.
    #[must_use]
    pub fn base(&self, random: &mut ChaCha8Rng) -> Vec<ChangeHash> {
        if self.hashes.is_empty() || random.random_ratio(3, 4) {
            return self.history.heads();
        }
        let count = random.random_range(1..=3);
        self.hashes.sample(random, count).copied().collect()
    }
}

/// Kind and units that the header of an entry with this event must name; the kind that was there
/// if the event names none.
fn named(event: &Value, kind: Kind) -> (Kind, Vec<UnitId>) {
    let word = event.as_map().and_then(|parts| parts.get("kind"));
    let said = match word {
        Some(Value::Text(word)) => EventKind::from_code(word).map(EventKind::kind),
        _ => None,
    };
    let units = Event::from_value(event).map(|event| event.units_added()).unwrap_or_default();
    (said.unwrap_or(kind), units)
}

/// A fresh header of the insider for that dossier.
#[must_use]
pub fn heading(
    cast: &super::cast::Cast,
    insider: &Insider,
    draft: &Draft,
    random: &mut ChaCha8Rng,
) -> Header {
    cast.header(insider, draft.id, Nonce(chance(random)))
}
