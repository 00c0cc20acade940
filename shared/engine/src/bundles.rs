//! Bundles and receipts as both programs make and take them: what is pending is read, sealed and
//! written; what comes is read, proved and opened before anything is stored.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use hoso_identity::{Incarnation, NodeId, Realm, Scope, SigningKey, UnitId};
use hoso_registry::{State, state::NodeFacts, statement::AgeKey};
use hoso_store::{
    rules::{intake::Taken, journal, ledger},
    tables::{Digest, JournalTables},
};
use hoso_sync::{
    bundle::{
        Bundle, BundleError, Carried, ENTRIES_BYTES_MAX, ENTRIES_MAX, FILE_BYTES_MAX, Receipt,
        Section, Signed,
    },
    wire::{Pushed, PushedBatch},
};
use thiserror::Error;

use crate::{
    command::{Problem, Progress},
    node_host::{from_outcome, long},
    sealed::{self, SealError},
};

/// Why a file was not taken, or not made.
#[derive(Debug, Error)]
pub enum Refused {
    /// The file itself.
    #[error("{0}: nothing was taken; have it exported again and copied whole")]
    File(#[from] BundleError),
    /// Of another province, or of its rehearsal.
    #[error("the file is of another realm than this machine: nothing was taken")]
    Realm,
    /// The registry knows no such node.
    #[error("the node that made the file is not known here: let this machine sync once before")]
    Signer,
    /// A node takes nothing from one that has ended.
    #[error("the node that made the file has ended: bring the file to the province's relay")]
    Ended,
    /// Sealed to others.
    #[error(
        "the file is not for this machine: bring it to the relay or to a unit that it concerns"
    )]
    Others,
    /// A receipt for another node, or for another copy of this one's database.
    #[error("the receipt is for another machine, or for this one before it was restored")]
    OtherJournal,
    /// The relay has begun a new life since.
    #[error(
        "the receipt is older than the relay's present ledger: export again and bring it there"
    )]
    OldLife,
    /// Journal and receipt say different things.
    #[error("the receipt does not fit this machine's journal: let it sync with the relay")]
    Differs,
    /// A relay takes no receipts.
    #[error("this is a receipt: it belongs to the node whose bundle was brought")]
    Receipt,
    /// Nothing is pending.
    #[error("nothing is pending: the relay has acknowledged everything, so no file was written")]
    Nothing,
    /// The file to be written is there.
    #[error("{0} is there already: choose another name")]
    Exists(PathBuf),
    /// What the system says.
    #[error("{path}: {source}")]
    System {
        /// Of which file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
}

impl Refused {
    /// A stable word for it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(BundleError::Foreign) => "bundle-foreign",
            Self::File(BundleError::TooOld(_)) => "bundle-too-old",
            Self::File(BundleError::TooNew(_)) => "bundle-too-new",
            Self::File(BundleError::Damaged) => "bundle-damaged",
            Self::File(BundleError::Signature) => "bundle-signature",
            Self::Realm => "bundle-realm",
            Self::Signer => "bundle-signer",
            Self::Ended => "bundle-ended",
            Self::Others => "bundle-others",
            Self::OtherJournal => "receipt-other",
            Self::OldLife => "receipt-old",
            Self::Differs => "receipt-differs",
            Self::Receipt => "receipt-here",
            Self::Nothing => "bundle-nothing",
            Self::Exists(_) => "file-exists",
            Self::System { .. } => "file",
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::new(refused.code(), refused.to_string())
    }
}

/// What the relay has not acknowledged, by who may read it.
#[derive(Clone, Debug)]
pub struct Pending {
    incarnation: Incarnation,
    after: u64,
    digest: Digest,
    groups: BTreeMap<Vec<UnitId>, Vec<Pushed>>,
    /// Entries that are carried.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their dossiers.
    pub dossiers: u64,
    /// Entries that are pending and did not fit.
    pub left: u64,
}

/// Reads what is pending at a node of this unit; none when nothing is.
///
/// # Errors
///
/// As the storage fails.
pub fn pending<T: JournalTables>(
    tables: &mut T,
    unit: UnitId,
) -> Result<Option<Pending>, T::Error> {
    let facts = tables.facts()?;
    let after = facts.journal_through;
    let read = journal::read(tables, after, ENTRIES_BYTES_MAX, ENTRIES_MAX)?;
    let Some(digest) = tables.journal_digest(after)?.filter(|_| !read.is_empty()) else {
        return Ok(None);
    };
    let mut groups: BTreeMap<Vec<UnitId>, Vec<Pushed>> = BTreeMap::new();
    let (mut statements, mut everybody) = (Vec::new(), BTreeSet::from([unit]));
    let (mut documents, mut entries, mut bytes) = (BTreeSet::new(), 0_u64, 0_u64);
    for entry in read {
        let Some(number) = entry.journal else { continue };
        entries = entries.saturating_add(1);
        bytes = bytes.saturating_add(u64::try_from(entry.bytes.len()).unwrap_or(u64::MAX));
        let pushed = Pushed { number, bytes: entry.bytes };
        if entry.kind.is_statement() {
            statements.push(pushed);
            continue;
        }
        documents.insert(entry.document);
        let units = tables.audience(&entry.document)?.unwrap_or_else(|| vec![unit]);
        everybody.extend(&units);
        groups.entry(units).or_default().push(pushed);
    }
    if !statements.is_empty() {
        // Whoever reads a dossier must be able to see by which grants it was written.
        groups.entry(everybody.into_iter().collect()).or_default().extend(statements);
    }
    Ok(Some(Pending {
        incarnation: facts.incarnation,
        after,
        digest,
        groups,
        entries,
        bytes,
        dossiers: u64::try_from(documents.len()).unwrap_or(u64::MAX),
        left: facts.journal_head.saturating_sub(after).saturating_sub(entries),
    }))
}

/// Seals and signs what is pending: the bytes of the file.
///
/// # Errors
///
/// When the system has no chance to give.
pub fn made(
    pending: Pending,
    (state, realm): (&State, Realm),
    (node, key): (NodeId, &SigningKey),
    made_at_ms: u64,
    progress: &Progress,
) -> io::Result<Vec<u8>> {
    let all = pending.entries.saturating_mul(2);
    let (mut sections, mut done) = (Vec::new(), 0_u64);
    for (units, mut entries) in pending.groups {
        entries.sort_by_key(|pushed| pushed.number);
        done = done.saturating_add(u64::try_from(entries.len()).unwrap_or(u64::MAX));
        let plain = minicbor::to_vec(PushedBatch { entries }).unwrap_or_default();
        let sealed = sealed::seal(&plain, &recipients(state, &units))?;
        sections.push(Section { units, sealed });
        progress.tell(done, all);
    }
    let bundle = Bundle {
        realm,
        node,
        incarnation: pending.incarnation,
        after: pending.after,
        digest: pending.digest,
        entries: pending.entries,
        made_at_ms,
        sections,
    };
    Ok(bundle.write(key))
}

/// The relay, and the nodes at which these units are read.
fn recipients(state: &State, units: &[UnitId]) -> Vec<AgeKey> {
    let reads = |node: &&NodeFacts| {
        let scopes = state.scopes_of(node.unit);
        node.ended.is_none() && units.iter().any(|unit| scopes.contains(&Scope::Unit(*unit)))
    };
    let nodes = state.nodes().filter(reads).map(|node| node.age);
    state.relay_keys().map(|relay| relay.age).into_iter().chain(nodes).collect()
}

/// Reads a file that was brought. It may be the stick's last word, so its length is looked at
/// first.
///
/// # Errors
///
/// [`Refused::System`], [`Refused::File`].
pub fn read(path: &Path) -> Result<Carried, Refused> {
    let system = |source| Refused::System { path: path.to_owned(), source };
    let file = File::open(path).map_err(system)?;
    let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(system)?;
    Ok(Carried::read(&bytes)?)
}

/// A bundle that is proved to come from a node of this realm.
///
/// # Errors
///
/// [`Refused::Realm`], [`Refused::Signer`], [`Refused::File`].
pub fn proved(
    bundle: Signed<Bundle>,
    state: &State,
    realm: Realm,
) -> Result<(Bundle, &NodeFacts), Refused> {
    if bundle.body.realm != realm {
        return Err(Refused::Realm);
    }
    let node = state.node(bundle.body.node).ok_or(Refused::Signer)?;
    Ok((bundle.verify(&node.signing)?, node))
}

/// The entries of the sections that this key opens, in the order of their journal.
///
/// # Errors
///
/// [`Refused::Others`] when none is for this key; [`Refused::File`].
pub fn opened(bundle: &Bundle, key: &SigningKey) -> Result<Vec<ledger::Pushed>, Refused> {
    let (seed, mut entries, mut any) = (key.seed(), Vec::new(), false);
    for section in &bundle.sections {
        let plain = match sealed::open(&section.sealed, &seed) {
            Ok(plain) => plain,
            Err(SealError::Others) => continue,
            Err(SealError::Damaged) => return Err(BundleError::Damaged.into()),
        };
        any = true;
        let batch: PushedBatch = minicbor::decode(&plain).map_err(|_| BundleError::Damaged)?;
        let pushed = batch.entries.into_iter();
        entries.extend(pushed.map(|one| ledger::Pushed { number: one.number, bytes: one.bytes }));
    }
    if !any {
        return Err(Refused::Others);
    }
    entries.sort_by_key(|pushed| pushed.number);
    Ok(entries)
}

/// Takes a receipt for this node's journal; the rules are those of an `Ack`.
///
/// # Errors
///
/// The storage's outside, [`Refused`] inside: then there is nothing to commit.
pub fn receipted<T: JournalTables>(
    tables: &mut T,
    receipt: &Receipt,
    at_ms: u64,
) -> Result<Result<Taken, Refused>, T::Error> {
    let facts = tables.facts()?;
    if receipt.incarnation != facts.incarnation {
        return Ok(Err(Refused::OtherJournal));
    }
    if facts.epoch.is_some_and(|epoch| receipt.epoch < epoch) {
        return Ok(Err(Refused::OldLife));
    }
    let outcomes = receipt.outcomes.iter();
    let said = journal::Acknowledgement {
        through: receipt.through,
        digest: long(&receipt.digest),
        outcomes: outcomes.map(|one| (one.number, from_outcome(one.outcome))).collect(),
    };
    Ok(journal::receipted(tables, &said, at_ms)?.ok_or(Refused::Differs))
}

/// Writes a file durably, under another name until it is whole. `replaces`: one that is there may
/// go.
///
/// # Errors
///
/// [`Refused::Exists`], [`Refused::System`]; then nothing of the new file stays.
pub fn put(path: &Path, bytes: &[u8], replaces: bool) -> Result<(), Refused> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let free = || match fs::symlink_metadata(path) {
        Ok(_) if !replaces => Err(Refused::Exists(path.to_owned())),
        Ok(_) | Err(_) => Ok(()),
    };
    free()?;
    let system = |source| Refused::System { path: path.to_owned(), source };
    let written = write_part(&part, bytes).map_err(system).and_then(|()| {
        free()?;
        fs::rename(&part, path).map_err(system)
    });
    if written.is_err() {
        // What matters is why it was not written.
        drop(fs::remove_file(&part));
    }
    written?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = File::open(directory.unwrap_or(Path::new("."))).map_err(system)?;
    directory.sync_all().map_err(system)
}

fn write_part(part: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}
