//! What the relay streams to a node, and what it says of destinations.

use std::collections::VecDeque;

use hoso_identity::{EntryId, Epoch, Incarnation, NodeId, Position, Scope, UnitId};

use crate::tables::{FeedRow, LedgerTables, Reader, ScopePoint, digests_agree};

/// Rows of a scope that are read at once, until a page is full.
const READ_AT_ONCE: usize = 64;

/// What one row of a feed carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The entry with its position.
    Entry {
        /// `header ‖ payload ‖ signature`.
        bytes: Vec<u8>,
        /// Where it was accepted.
        position: Position,
    },
    /// An entry that this copy of the node sent itself.
    Yours {
        /// Its number in the node's journal.
        number: u64,
        /// Where it was accepted.
        position: Position,
    },
    /// An entry that was erased; its id stays so that digests hold.
    Erased(EntryId),
}

/// One row on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedItem {
    /// Which feed.
    pub scope: Scope,
    /// Its number.
    pub row: u64,
    /// What it carries.
    pub content: Content,
}

/// Some rows in order, and where they end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// The life of the ledger that they belong to.
    pub epoch: Epoch,
    /// The rows, ascending over all scopes.
    pub items: Vec<FeedItem>,
    /// Where each scope stands after them.
    pub points: Vec<ScopePoint>,
}

/// What has been applied at a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The destination.
    pub unit: UnitId,
    /// The node of it that is farthest.
    pub node: NodeId,
    /// Everything up to this row that concerns it is applied at one of its nodes.
    pub through: u64,
    /// Entries up to there that are not.
    pub except: Vec<EntryId>,
}

/// What a node acknowledges of one feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Which feed.
    pub scope: Scope,
    /// The last row up to which it applied everything but the exceptions.
    pub row: u64,
}

/// Rows after the given points, merged over the scopes in the order of their numbers, so that a
/// statement comes before what rests on it.
///
/// # Errors
///
/// As the storage fails.
pub fn read<T: LedgerTables>(
    tables: &mut T,
    reader: (&NodeId, &Incarnation),
    after: &[ScopePoint],
    bytes_max: usize,
    rows_max: usize,
) -> Result<FeedPage, T::Error> {
    let epoch = tables.head()?.epoch;
    let mut points = after.to_vec();
    let mut queues: Vec<Queue> = Vec::with_capacity(after.len());
    for point in after {
        queues.push(Queue::after(tables, point)?);
    }
    let mut items = Vec::new();
    let mut bytes = 0_usize;
    while items.len() < rows_max && bytes < bytes_max {
        let lowest = queues
            .iter_mut()
            .zip(points.iter_mut())
            .filter(|(queue, _)| !queue.rows.is_empty())
            .min_by_key(|(queue, point)| {
                (queue.rows.front().map_or(u64::MAX, |row| row.row), point.scope)
            });
        let Some((queue, point)) = lowest else { break };
        let Some(row) = queue.rows.pop_front() else { break };
        let content = content(tables, reader, &row.entry)?;
        bytes = bytes.saturating_add(weight(&content));
        point.row = row.row;
        point.digest = row.digest;
        items.push(FeedItem { scope: row.scope, row: row.row, content });
        if queue.rows.is_empty() && queue.goes_on {
            *queue = Queue::after(tables, point)?;
        }
    }
    Ok(FeedPage { epoch, items, points })
}

/// The next rows of one scope, and whether there may be more behind them.
struct Queue {
    rows: VecDeque<FeedRow>,
    goes_on: bool,
}

impl Queue {
    fn after<T: LedgerTables>(tables: &mut T, point: &ScopePoint) -> Result<Self, T::Error> {
        let rows: VecDeque<_> = tables.feed_after(point.scope, point.row, READ_AT_ONCE)?.into();
        let goes_on = rows.len() == READ_AT_ONCE;
        Ok(Self { rows, goes_on })
    }
}

/// Takes a node's acknowledgement, with at most as many exceptions as one may name. Gives the scope
/// whose digest differs, if one does: then the two sides have diverged and nothing was taken.
///
/// # Errors
///
/// As the storage fails.
pub fn acknowledge<T: LedgerTables>(
    tables: &mut T,
    node: &NodeId,
    stored: &[ScopePoint],
    applied: &[Applied],
    except: &[EntryId],
) -> Result<Option<Scope>, T::Error> {
    for point in stored {
        let known = tables.feed_digest(point.scope, point.row)?;
        if !known.is_some_and(|known| digests_agree(&known, &point.digest)) {
            return Ok(Some(point.scope));
        }
    }
    for point in stored {
        let said = applied.iter().find(|applied| applied.scope == point.scope);
        let reader = match said {
            Some(said) => Reader {
                node: *node,
                stored: point.row,
                applied: said.row.min(point.row),
                except: except.to_vec(),
            },
            // Nothing is said before the session has looked: what was known stays.
            None => Reader { stored: point.row, ..reader(tables, node, point.scope)? },
        };
        tables.put_reader(point.scope, &reader)?;
    }
    Ok(None)
}

/// What has been applied at the units that share dossiers with this one.
///
/// # Errors
///
/// As the storage fails.
pub fn reached<T: LedgerTables>(tables: &mut T, unit: UnitId) -> Result<Vec<Reached>, T::Error> {
    let mut all = Vec::new();
    for destination in tables.neighbours(unit)? {
        let scope = Scope::Unit(destination);
        let best = tables.readers(scope)?.into_iter().max_by_key(|reader| reader.applied);
        let Some(best) = best else { continue };
        let next = tables.feed_after(scope, best.applied, 1)?;
        let through = match next.first() {
            Some(row) => row.row.saturating_sub(1),
            None => tables.head()?.number,
        };
        let Reader { node, except, .. } = best;
        all.push(Reached { unit: destination, node, through, except });
    }
    Ok(all)
}

/// How far this node is known to be in a feed.
fn reader<T: LedgerTables>(
    tables: &mut T,
    node: &NodeId,
    scope: Scope,
) -> Result<Reader, T::Error> {
    let known = tables.readers(scope)?.into_iter().find(|reader| reader.node == *node);
    Ok(known.unwrap_or(Reader { node: *node, stored: 0, applied: 0, except: Vec::new() }))
}

fn content<T: LedgerTables>(
    tables: &mut T,
    reader: (&NodeId, &Incarnation),
    id: &EntryId,
) -> Result<Content, T::Error> {
    let Some(entry) = tables.entry(id)? else { return Ok(Content::Erased(*id)) };
    Ok(match entry.origin {
        _ if entry.bytes.is_empty() => Content::Erased(*id),
        Some(origin) if origin.node == *reader.0 && origin.incarnation == *reader.1 => {
            Content::Yours { number: origin.number, position: entry.position }
        }
        Some(_) | None => Content::Entry { bytes: entry.bytes, position: entry.position },
    })
}

fn weight(content: &Content) -> usize {
    match content {
        Content::Entry { bytes, .. } => bytes.len().saturating_add(64),
        Content::Yours { .. } | Content::Erased(_) => 64,
    }
}
