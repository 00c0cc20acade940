//! The tables of the other machines of a unit in SQLite.

use hoso_identity::{Incarnation, NodeId};
use rusqlite::{Row, named_params};

use crate::{
    columns::{blob, signed, unsigned},
    error::StoreError,
    tables::{Peer, PeerCopy, PeerTables, Place},
    writer::Tx,
};

const PEER: &str = "SELECT * FROM peer WHERE node = :node";
const ALL: &str = "SELECT * FROM peer ORDER BY node";
const PUT_PEER: &str = "INSERT INTO peer
    VALUES (:node, :incarnation, :through, :digest, :copied, :copied_ms)
    ON CONFLICT (node) DO UPDATE SET incarnation = excluded.incarnation,
    through = excluded.through, digest = excluded.digest, copied = excluded.copied,
    copied_at_ms = excluded.copied_at_ms";
const BROUGHT: &str = "SELECT last, node, incarnation FROM brought WHERE first <= :number
    ORDER BY first DESC LIMIT 1";
const LENGTHEN: &str = "UPDATE brought SET last = :last
    WHERE first = (SELECT max(first) FROM brought)
    AND last = :before AND node = :node AND incarnation = :incarnation";
const FORGET_BROUGHT: &str = "DELETE FROM brought
    WHERE node = :node AND incarnation = :incarnation";
const NOTE: &str = "INSERT INTO brought VALUES (:first, :last, :node, :incarnation)";
const FORGET_COPIED: &str = "UPDATE peer SET copied = 0, copied_at_ms = NULL";

/// Everything that is kept of other nodes, by node.
///
/// # Errors
///
/// What SQLite says.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Peer>, StoreError> {
    let mut statement = tx.connection.prepare_cached(ALL)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(peer(row)?);
    }
    Ok(all)
}

/// The numbers of the journal mean nothing any more.
pub(crate) fn renumbered(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.connection.execute(FORGET_COPIED, [])?;
    tx.connection.execute("DELETE FROM brought", [])?;
    Ok(())
}

impl PeerTables for Tx<'_> {
    fn peer(&mut self, node: &NodeId) -> Result<Option<Peer>, StoreError> {
        let mut statement = self.connection.prepare_cached(PEER)?;
        let mut rows = statement.query(named_params! { ":node": node.0 })?;
        rows.next()?.map(peer).transpose()
    }

    fn put_peer(&mut self, peer: &Peer) -> Result<(), StoreError> {
        self.connection.prepare_cached(PUT_PEER)?.execute(named_params! {
            ":node": peer.copy.node.0,
            ":incarnation": peer.copy.incarnation.0,
            ":through": signed(peer.place.through),
            ":digest": peer.place.digest,
            ":copied": signed(peer.copied),
            ":copied_ms": peer.copied_ms.map(signed),
        })?;
        Ok(())
    }

    fn brought_by(&mut self, number: u64) -> Result<Option<PeerCopy>, StoreError> {
        let mut statement = self.connection.prepare_cached(BROUGHT)?;
        let mut rows = statement.query(named_params! { ":number": signed(number) })?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let is_within = number <= unsigned(row.get("last")?)?;
        is_within.then(|| copy(row)).transpose()
    }

    fn note_brought(&mut self, first: u64, last: u64, by: &PeerCopy) -> Result<(), StoreError> {
        let mut lengthen = self.connection.prepare_cached(LENGTHEN)?;
        let lengthened = lengthen.execute(named_params! {
            ":last": signed(last),
            ":before": signed(first.saturating_sub(1)),
            ":node": by.node.0,
            ":incarnation": by.incarnation.0,
        })?;
        if lengthened == 0 {
            self.connection.prepare_cached(NOTE)?.execute(named_params! {
                ":first": signed(first),
                ":last": signed(last),
                ":node": by.node.0,
                ":incarnation": by.incarnation.0,
            })?;
        }
        Ok(())
    }

    fn forget_brought(&mut self, by: &PeerCopy) -> Result<(), StoreError> {
        self.connection.prepare_cached(FORGET_BROUGHT)?.execute(named_params! {
            ":node": by.node.0,
            ":incarnation": by.incarnation.0,
        })?;
        Ok(())
    }
}

fn copy(row: &Row<'_>) -> Result<PeerCopy, StoreError> {
    let (node, incarnation) = (blob(row, "node")?, blob(row, "incarnation")?);
    Ok(PeerCopy { node: NodeId(node), incarnation: Incarnation(incarnation) })
}

fn peer(row: &Row<'_>) -> Result<Peer, StoreError> {
    Ok(Peer {
        copy: copy(row)?,
        place: Place { through: unsigned(row.get("through")?)?, digest: blob(row, "digest")? },
        copied: unsigned(row.get("copied")?)?,
        copied_ms: row.get::<_, Option<i64>>("copied_at_ms")?.map(unsigned).transpose()?,
    })
}
