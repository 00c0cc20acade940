//! The corpus on disk: sets of changes, one line each, that every peer reads. What a peer must
//! hold in the end is told by the sets that it was given.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use data_encoding::{BASE64, HEXLOWER};

/// One change of one dossier.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The dossier, in hexadecimal.
    pub(crate) document: String,
    /// The change's hash, in hexadecimal.
    pub(crate) hash: String,
    /// The changes that it rests on.
    pub(crate) deps: Vec<String>,
    /// In which order changes were made, all dossiers together.
    pub(crate) at: u64,
    /// The change as Automerge writes it.
    pub(crate) bytes: Vec<u8>,
}

/// The hashes of the last changes of each dossier.
pub(crate) type Heads = BTreeMap<String, BTreeSet<String>>;

/// Writes a set.
pub(crate) fn write(corpus: &Path, set: &str, changes: &[Change]) {
    let line = |change: &Change| {
        let Change { document, hash, deps, at, bytes } = change;
        format!("{document}\t{hash}\t{}\t{at}\t{}\n", deps.join(","), BASE64.encode(bytes))
    };
    let text: String = changes.iter().map(line).collect();
    fs::write(corpus.join(format!("{set}.tsv")), text).expect("the corpus can be written");
}

/// Reads a set.
pub(crate) fn read(corpus: &Path, set: &str) -> Vec<Change> {
    let text = fs::read_to_string(corpus.join(format!("{set}.tsv")));
    let text = text.unwrap_or_else(|error| panic!("set {set}: {error}"));
    let change = |line: &str| {
        let [document, hash, deps, at, bytes] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("five columns");
        Change {
            document: document.to_owned(),
            hash: hash.to_owned(),
            deps: deps.split(',').filter(|dep| !dep.is_empty()).map(str::to_owned).collect(),
            at: at.parse().expect("a number"),
            bytes: BASE64.decode(bytes.as_bytes()).expect("base64"),
        }
    };
    text.lines().map(change).collect()
}

/// What dossiers end in after these changes.
pub(crate) fn heads<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Heads {
    let mut heads = Heads::new();
    for change in changes {
        let last = heads.entry(change.document.clone()).or_default();
        last.retain(|head| !change.deps.contains(head));
        last.insert(change.hash.clone());
    }
    heads
}

/// All changes of some sets, the sets in that order.
pub(crate) fn all(corpus: &Path, sets: &[&str]) -> Vec<Change> {
    sets.iter().flat_map(|set| read(corpus, set)).collect()
}

/// A hash from its hexadecimal form.
pub(crate) fn hash_of(hex: &str) -> [u8; 32] {
    let bytes = HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal");
    bytes.try_into().expect("32 bytes")
}
