//! A second copy: what two nodes of one unit give each other of their journals, and how far each
//! knows that the other has it.

use hoso_identity::{Epoch, Scope};

use super::{
    carried::{self, Imported},
    journal, ledger,
};
use crate::tables::{
    Admission, NodeEntry, NodeFacts, Peer, PeerCopy, PeerTables, Place, ScopePoint, Standing,
};

/// Journal entries that are read at once, until a part is full.
const READ_AT_ONCE: usize = 64;
/// Journal entries that are looked at for one part: a long journal of which the other has almost
/// everything is read with pauses.
const LOOKED_AT_MAX: usize = 4096;
/// Entries of one part at most: the desk's saves wait for the transaction that takes them.
const ENTRIES_MAX: usize = 256;

/// The other node as it has shown itself in this session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// It.
    pub copy: PeerCopy,
    /// The relay's epoch as it was last seen there.
    pub epoch: Option<Epoch>,
    /// How far its feeds are there.
    pub cursors: Vec<ScopePoint>,
    /// Whether it has shown in this session that its journal goes on where it had ended: it has
    /// what came from it. A machine that was set back, as from a snapshot, lacks the last of that.
    pub goes_on: bool,
}

/// Entries of a journal in order, and the place up to which they cover it: what is not among them
/// the other has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The entries.
    pub entries: Vec<NodeEntry>,
    /// The place.
    pub covered: Place,
}

/// How far the journal of that copy of another node is here; zero for a copy that was not met yet.
///
/// # Errors
///
/// As the storage fails.
pub fn place<T: PeerTables>(tables: &mut T, of: &PeerCopy) -> Result<Place, T::Error> {
    let known = tables.peer(&of.node)?.filter(|known| known.copy == *of);
    Ok(known.map_or_else(Place::default, |known| known.place))
}

/// Notes up to where the other node says that it has the own journal. `false` for a place that is
/// none of this journal's: then nothing of it is known to be there.
///
/// # Errors
///
/// As the storage fails.
pub fn acknowledged<T: PeerTables>(
    tables: &mut T,
    by: &PeerCopy,
    said: &Place,
    at_ms: u64,
) -> Result<bool, T::Error> {
    let agrees = journal::agrees(tables, said.through, &said.digest)?;
    let peer = known(tables, by)?;
    let copied = if agrees { said.through } else { 0 };
    tables.put_peer(&Peer { copied, copied_ms: Some(at_ms), ..peer })?;
    Ok(agrees)
}

/// What the other node may lack of the own journal after a place, for one part; none when the
/// journal has no such place. Passed over is what came from that copy of it, once it has gone on
/// with its journal, what it has by its feed, and what the relay has refused and keeps.
///
/// # Errors
///
/// As the storage fails.
pub fn read<T: PeerTables>(
    tables: &mut T,
    other: &Other,
    after: &Place,
    bytes_max: usize,
) -> Result<Option<Part>, T::Error> {
    if !journal::agrees(tables, after.through, &after.digest)? {
        return Ok(None);
    }
    let facts = tables.facts()?;
    let (mut entries, mut through) = (Vec::new(), after.through);
    let (mut bytes, mut looked_at) = (0_usize, 0_usize);
    'part: while looked_at < LOOKED_AT_MAX {
        let some = tables.journal_after(through, READ_AT_ONCE)?;
        if some.is_empty() {
            break;
        }
        for entry in some {
            let Some(number) = entry.journal else { break 'part };
            looked_at = looked_at.saturating_add(1);
            if !has(tables, other, &facts, &entry)? {
                bytes = bytes.saturating_add(entry.bytes.len());
                let is_full = entries.len() >= ENTRIES_MAX || bytes > bytes_max;
                if is_full && !entries.is_empty() {
                    break 'part;
                }
                entries.push(entry);
            }
            through = number;
        }
    }
    let digest = tables.journal_digest(through)?.unwrap_or_default();
    Ok(Some(Part { entries, covered: Place { through, digest } }))
}

/// Takes a part of another node's journal. Its entries become part of the own journal, so that they
/// reach the relay from whichever node has a link first, and are provisional until the relay has
/// given them positions; what is known already is left as it is. A part that begins before the
/// place that is kept comes from a machine that was set back: what came from there before is not
/// known to be there any more. The caller commits, and only then acknowledges the place.
///
/// # Errors
///
/// As the storage fails; then nothing may be committed.
pub fn take<T: PeerTables>(
    tables: &mut T,
    admission: &mut impl Admission,
    from: &PeerCopy,
    (entries, covered): (&[ledger::Pushed], Place),
    at_ms: u64,
) -> Result<Imported, T::Error> {
    let peer = known(tables, from)?;
    let first = entries.first().map_or(u64::MAX, |pushed| pushed.number);
    if first <= peer.place.through || covered.through < peer.place.through {
        tables.forget_brought(from)?;
    }
    let before = tables.facts()?.journal_head;
    let imported = carried::import(tables, admission, entries, at_ms)?;
    let last = tables.facts()?.journal_head;
    if last > before {
        tables.note_brought(before.saturating_add(1), last, from)?;
    }
    tables.put_peer(&Peer { place: covered, ..peer })?;
    Ok(imported)
}

/// What is kept of the node, for that copy of it. What an older copy was given stays acknowledged
/// until the new one says how far it is.
fn known<T: PeerTables>(tables: &mut T, of: &PeerCopy) -> Result<Peer, T::Error> {
    let fresh = Peer { copy: *of, place: Place::default(), copied: 0, copied_ms: None };
    Ok(match tables.peer(&of.node)? {
        Some(known) if known.copy == *of => known,
        Some(known) => Peer { copied: known.copied, copied_ms: known.copied_ms, ..fresh },
        None => fresh,
    })
}

/// Whether the other node, or the relay, is known to have an entry of the own journal.
fn has<T: PeerTables>(
    tables: &mut T,
    other: &Other,
    facts: &NodeFacts,
    entry: &NodeEntry,
) -> Result<bool, T::Error> {
    let Some(number) = entry.journal else { return Ok(false) };
    let is_refused = matches!(entry.standing, Standing::Refused(_));
    if is_refused && number <= facts.journal_through {
        return Ok(true);
    }
    let is_same_life = !facts.rechecking && facts.epoch.is_some() && facts.epoch == other.epoch;
    let row = entry.row.filter(|_| entry.position.is_some() && is_same_life);
    if row.is_some_and(|row| row <= other.seen(entry.kind.is_statement())) {
        return Ok(true);
    }
    Ok(other.goes_on && tables.brought_by(number)? == Some(other.copy))
}

impl Other {
    /// The row up to which it has the feeds in which statements, or dossiers, stand.
    fn seen(&self, of_statements: bool) -> u64 {
        let of_kind =
            |cursor: &&ScopePoint| matches!(cursor.scope, Scope::Province) == of_statements;
        self.cursors.iter().filter(of_kind).map(|cursor| cursor.row).min().unwrap_or(0)
    }
}
