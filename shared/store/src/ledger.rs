//! The relay's tables in SQLite.

mod ends;
mod figures;

use hoso_identity::{
    DocumentId, EntryId, Epoch, Incarnation, NodeId, Position, Reason, Scope, SessionToken, UnitId,
    WaitingFor,
};
use rusqlite::{OptionalExtension, Row, named_params};

pub(crate) use self::ends::Ends;
pub use self::figures::{hand_over, refused, troubled, waiting};
use crate::{
    columns::{
        blob, fixed, ids_from_bytes, ids_to_bytes, key, optional_blob, position, signed, unit,
        unsigned, waiting_from_bytes, waiting_to_bytes,
    },
    error::StoreError,
    packed, placed,
    tables::{
        Digest, FeedRow, LedgerEntry, LedgerHead, LedgerTables, Origin, Placed, Quarantined,
        Reader, ScopePoint, Sender, Visit, WaitingEntry,
    },
    writer::Tx,
};

const HEAD: &str = "SELECT epoch_generation, epoch_random, number FROM head WHERE one = 1";
const PUT_HEAD: &str = "INSERT INTO head VALUES (1, :generation, :random, :number)
    ON CONFLICT (one) DO UPDATE SET epoch_generation = excluded.epoch_generation,
    epoch_random = excluded.epoch_random, number = excluded.number";
const ENTRY: &str = "SELECT * FROM whole_entry WHERE key = :key";
const ENTRY_AT: &str = "SELECT id FROM entry WHERE number = :number
    AND epoch_generation = :generation AND epoch_random = :random";
const INSERT_ENTRY: &str = "INSERT INTO entry (key, id, document, bytes, signer,
    epoch_generation, epoch_random, number, origin_node, origin_incarnation, origin_number)
    VALUES (:key, :id, :document, :bytes, :signer, :generation, :random, :number, :node,
    :incarnation, :origin_number)";
const DOCUMENT: &str = "SELECT id FROM entry WHERE document = :document
    ORDER BY epoch_generation, epoch_random, number";
const STATEMENTS: &str = "SELECT * FROM whole_entry WHERE document = zeroblob(16)
    ORDER BY epoch_generation, epoch_random, number";
const AUDIENCE: &str = "SELECT unit FROM audience WHERE document = :document ORDER BY unit";
const ADD_UNIT: &str = "INSERT OR IGNORE INTO audience VALUES (:document, :unit)";
const ADD_NEIGHBOURS: &str = "INSERT OR IGNORE INTO neighbour
    SELECT one.unit, other.unit FROM audience AS one JOIN audience AS other
    ON other.document = one.document AND other.unit <> one.unit WHERE one.document = :document";
const NEIGHBOURS: &str = "SELECT other FROM neighbour WHERE unit = :unit ORDER BY other";
const WAITING: &str = "SELECT * FROM waiting WHERE id = :id";
const PUT_WAITING: &str = "INSERT INTO waiting (id, bytes, what, origin_node, origin_incarnation,
    origin_number, since_ms)
    VALUES (:id, :bytes, :what, :node, :incarnation, :origin_number, :since_ms)
    ON CONFLICT (id) DO UPDATE SET what = excluded.what";
const WAITING_FOR: &str = "SELECT * FROM waiting WHERE what = :what ORDER BY seq";
const REMOVE_WAITING: &str = "DELETE FROM waiting WHERE id = :id";
const QUARANTINED: &str = "SELECT reason FROM quarantine WHERE key = :key";
const QUARANTINE: &str = "INSERT INTO quarantine VALUES (:key, :id, :bytes, :reason, :node,
    :incarnation, :origin_number, :since_ms)";
const FEED_END: &str =
    "SELECT feed_row, digest FROM feed WHERE scope = :scope ORDER BY feed_row DESC LIMIT 1";
/// From a subquery: a statement that inserts what it selects keeps a journal of its own.
const FEED_APPEND: &str = "INSERT INTO feed VALUES (:scope, :row,
    (SELECT seq FROM entry WHERE key = :key), :digest)";
const FEED_AFTER: &str = "SELECT feed.feed_row, feed.digest, entry.id FROM feed
    JOIN entry ON entry.seq = feed.entry
    WHERE feed.scope = :scope AND feed.feed_row > :after ORDER BY feed.feed_row LIMIT :limit";
const FEED_DIGEST: &str = "SELECT digest FROM feed WHERE scope = :scope AND feed_row = :row";
const SENDER: &str = "SELECT * FROM sender WHERE node = :node AND incarnation = :incarnation";
const NODE_SEEN: &str = "SELECT EXISTS (SELECT 1 FROM sender WHERE node = :node)";
const PUT_SENDER: &str = "INSERT INTO sender VALUES (:node, :incarnation, :through, :digest,
    :token, :previous, :confirmed, :healed)
    ON CONFLICT (node, incarnation) DO UPDATE SET through = excluded.through,
    digest = excluded.digest, token = excluded.token, previous = excluded.previous,
    confirmed = excluded.confirmed, healed = excluded.healed";
const READERS: &str = "SELECT * FROM reader WHERE scope = :scope ORDER BY node";
const PUT_READER: &str = "INSERT INTO reader VALUES (:node, :scope, :stored, :applied, :except)
    ON CONFLICT (node, scope) DO UPDATE SET stored = excluded.stored,
    applied = excluded.applied, except_ids = excluded.except_ids";
const HEALINGS: &str = "SELECT at_ms FROM healing WHERE node = :node ORDER BY rowid DESC LIMIT 2";
const NOTE_HEALING: &str = "INSERT INTO healing VALUES (:node, :at_ms)";

/// Begins the ledger of a database that is new.
///
/// # Errors
///
/// What SQLite says.
pub fn found(tx: &mut Tx<'_>, epoch: Epoch) -> Result<(), StoreError> {
    tx.put_head(&LedgerHead { epoch, number: 0 })
}

/// All statements in order of position.
///
/// # Errors
///
/// What SQLite says.
pub fn statements(tx: &mut Tx<'_>) -> Result<Vec<LedgerEntry>, StoreError> {
    let mut statement = tx.connection.prepare_cached(STATEMENTS)?;
    let mut rows = statement.query([])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(ledger_entry(row)?);
    }
    Ok(entries)
}

impl LedgerTables for Tx<'_> {
    type Error = StoreError;

    fn head(&mut self) -> Result<LedgerHead, StoreError> {
        if let Some(head) = self.ends.head {
            return Ok(head);
        }
        let mut statement = self.connection.prepare_cached(HEAD)?;
        let mut rows = statement.query([])?;
        let row = rows.next()?.ok_or(StoreError::Damaged("head"))?;
        let generation = row.get("epoch_generation")?;
        let epoch = Epoch { generation, random: blob(row, "epoch_random")? };
        let head = LedgerHead { epoch, number: unsigned(row.get("number")?)? };
        self.ends.head = Some(head);
        Ok(head)
    }

    fn put_head(&mut self, head: &LedgerHead) -> Result<(), StoreError> {
        self.connection.prepare_cached(PUT_HEAD)?.execute(named_params! {
            ":generation": head.epoch.generation,
            ":random": head.epoch.random,
            ":number": signed(head.number),
        })?;
        self.ends.head = Some(*head);
        Ok(())
    }

    fn entry(&mut self, id: &EntryId) -> Result<Option<LedgerEntry>, StoreError> {
        let mut statement = self.connection.prepare_cached(ENTRY)?;
        let mut rows = statement.query(named_params! { ":key": key(id) })?;
        rows.next()?.map(ledger_entry).transpose()
    }

    fn entry_at(&mut self, position: &Position) -> Result<Option<EntryId>, StoreError> {
        let mut statement = self.connection.prepare_cached(ENTRY_AT)?;
        let mut rows = statement.query(named_params! {
            ":number": signed(position.number),
            ":generation": position.epoch.generation,
            ":random": position.epoch.random,
        })?;
        rows.next()?.map(|row| Ok(EntryId(blob(row, "id")?))).transpose()
    }

    fn insert_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError> {
        let (signer, bytes) = packed::packed(self, &entry.bytes)?;
        self.connection.prepare_cached(INSERT_ENTRY)?.execute(named_params! {
            ":key": key(&entry.id),
            ":id": entry.id.0,
            ":document": entry.document.0,
            ":bytes": bytes,
            ":signer": signer,
            ":generation": entry.position.epoch.generation,
            ":random": entry.position.epoch.random,
            ":number": signed(entry.position.number),
            ":node": entry.origin.map(|origin| origin.node.0),
            ":incarnation": entry.origin.map(|origin| origin.incarnation.0),
            ":origin_number": entry.origin.map(|origin| signed(origin.number)),
        })?;
        Ok(())
    }

    fn document(&mut self, document: &DocumentId) -> Result<Vec<EntryId>, StoreError> {
        let mut statement = self.connection.prepare_cached(DOCUMENT)?;
        let mut rows = statement.query(named_params! { ":document": document.0 })?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            ids.push(EntryId(blob(row, "id")?));
        }
        Ok(ids)
    }

    fn audience(&mut self, document: &DocumentId) -> Result<Option<Vec<UnitId>>, StoreError> {
        if let Some((of, units)) = &self.ends.audience
            && of == document
        {
            return Ok(Some(units.clone()));
        }
        let mut statement = self.connection.prepare_cached(AUDIENCE)?;
        let mut rows = statement.query(named_params! { ":document": document.0 })?;
        let units = units(&mut rows, "unit")?;
        if units.is_empty() {
            return Ok(None);
        }
        self.ends.audience = Some((*document, units.clone()));
        Ok(Some(units))
    }

    fn add_audience(&mut self, document: &DocumentId, units: &[UnitId]) -> Result<(), StoreError> {
        self.ends.audience = None;
        let mut statement = self.connection.prepare_cached(ADD_UNIT)?;
        for unit in units {
            statement.execute(named_params! { ":document": document.0, ":unit": unit.0 })?;
        }
        let mut statement = self.connection.prepare_cached(ADD_NEIGHBOURS)?;
        statement.execute(named_params! { ":document": document.0 })?;
        Ok(())
    }

    fn neighbours(&mut self, unit: UnitId) -> Result<Vec<UnitId>, StoreError> {
        let mut statement = self.connection.prepare_cached(NEIGHBOURS)?;
        let mut rows = statement.query(named_params! { ":unit": unit.0 })?;
        units(&mut rows, "other")
    }

    fn listing(&mut self, scope: Scope, visit: Visit<'_>) -> Result<(), StoreError> {
        placed::at_relay(self, scope, visit)
    }

    fn taken(&mut self) -> Result<u64, StoreError> {
        placed::taken(self)
    }

    fn placed(&mut self, document: &DocumentId) -> Result<Vec<(Placed, u64)>, StoreError> {
        placed::with_numbers(self, document)
    }

    fn end_epoch(&mut self, last: &LedgerHead) -> Result<(), StoreError> {
        placed::end_epoch(self, last)
    }

    fn last_position(&mut self, epoch: &Epoch) -> Result<Option<Position>, StoreError> {
        placed::last_position(self, epoch)
    }

    fn waiting(&mut self, id: &EntryId) -> Result<Option<WaitingEntry>, StoreError> {
        if !self.ends.waits(self.connection)? {
            return Ok(None);
        }
        let mut statement = self.connection.prepare_cached(WAITING)?;
        let mut rows = statement.query(named_params! { ":id": id.0 })?;
        rows.next()?.map(waiting_entry).transpose()
    }

    fn put_waiting(&mut self, entry: &WaitingEntry) -> Result<(), StoreError> {
        self.ends.waits = Some(true);
        self.connection.prepare_cached(PUT_WAITING)?.execute(named_params! {
            ":id": entry.id.0,
            ":bytes": entry.bytes,
            ":what": waiting_to_bytes(&entry.what),
            ":node": entry.origin.map(|origin| origin.node.0),
            ":incarnation": entry.origin.map(|origin| origin.incarnation.0),
            ":origin_number": entry.origin.map(|origin| signed(origin.number)),
            ":since_ms": signed(entry.since_ms),
        })?;
        Ok(())
    }

    fn waiting_for(&mut self, what: &WaitingFor) -> Result<Vec<WaitingEntry>, StoreError> {
        if !self.ends.waits(self.connection)? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(WAITING_FOR)?;
        let mut rows = statement.query(named_params! { ":what": waiting_to_bytes(what) })?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(waiting_entry(row)?);
        }
        Ok(entries)
    }

    fn remove_waiting(&mut self, id: &EntryId) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(REMOVE_WAITING)?;
        statement.execute(named_params! { ":id": id.0 })?;
        Ok(())
    }

    fn quarantined(&mut self, key: &[u8; 32]) -> Result<Option<Reason>, StoreError> {
        let mut statement = self.connection.prepare_cached(QUARANTINED)?;
        let number: Option<u8> =
            statement.query_row(named_params! { ":key": key }, |row| row.get(0)).optional()?;
        number.map(reason).transpose()
    }

    fn quarantine(&mut self, what: &Quarantined) -> Result<(), StoreError> {
        self.connection.prepare_cached(QUARANTINE)?.execute(named_params! {
            ":key": what.key,
            ":id": what.id.map(|id| id.0),
            ":bytes": what.bytes,
            ":reason": what.reason.number(),
            ":node": what.origin.map(|origin| origin.node.0),
            ":incarnation": what.origin.map(|origin| origin.incarnation.0),
            ":origin_number": what.origin.map(|origin| signed(origin.number)),
            ":since_ms": signed(what.since_ms),
        })?;
        Ok(())
    }

    fn feed_end(&mut self, scope: Scope) -> Result<ScopePoint, StoreError> {
        if let Some(end) = self.ends.feeds.get(&scope) {
            return Ok(*end);
        }
        let mut statement = self.connection.prepare_cached(FEED_END)?;
        let mut rows = statement.query(named_params! { ":scope": scope.number() })?;
        let end = match rows.next()? {
            Some(row) => ScopePoint {
                scope,
                row: unsigned(row.get("feed_row")?)?,
                digest: blob(row, "digest")?,
            },
            None => ScopePoint { scope, row: 0, digest: [0; 32] },
        };
        self.ends.feeds.insert(scope, end);
        Ok(end)
    }

    fn feed_append(&mut self, row: &FeedRow) -> Result<(), StoreError> {
        self.connection.prepare_cached(FEED_APPEND)?.execute(named_params! {
            ":scope": row.scope.number(),
            ":row": signed(row.row),
            ":digest": row.digest,
            ":key": key(&row.entry),
        })?;
        let FeedRow { scope, row, digest, .. } = *row;
        self.ends.feeds.insert(scope, ScopePoint { scope, row, digest });
        Ok(())
    }

    fn feed_after(
        &mut self,
        scope: Scope,
        after: u64,
        rows_max: usize,
    ) -> Result<Vec<FeedRow>, StoreError> {
        let limit = i64::try_from(rows_max).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(FEED_AFTER)?;
        let mut rows = statement.query(named_params! {
            ":scope": scope.number(),
            ":after": signed(after),
            ":limit": limit,
        })?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(FeedRow {
                scope,
                row: unsigned(row.get("feed_row")?)?,
                entry: EntryId(blob(row, "id")?),
                digest: blob(row, "digest")?,
            });
        }
        Ok(found)
    }

    fn feed_digest(&mut self, scope: Scope, row: u64) -> Result<Option<Digest>, StoreError> {
        if row == 0 {
            return Ok(Some([0; 32]));
        }
        let mut statement = self.connection.prepare_cached(FEED_DIGEST)?;
        let digest: Option<Vec<u8>> = statement
            .query_row(named_params! { ":scope": scope.number(), ":row": signed(row) }, |row| {
                row.get(0)
            })
            .optional()?;
        digest.as_deref().map(fixed).transpose()
    }

    fn sender(
        &mut self,
        node: &NodeId,
        incarnation: &Incarnation,
    ) -> Result<Option<Sender>, StoreError> {
        let mut statement = self.connection.prepare_cached(SENDER)?;
        let mut rows =
            statement.query(named_params! { ":node": node.0, ":incarnation": incarnation.0 })?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Sender {
            through: unsigned(row.get("through")?)?,
            digest: blob(row, "digest")?,
            token: SessionToken(blob(row, "token")?),
            previous: optional_blob(row, "previous")?.map(SessionToken),
            confirmed: row.get("confirmed")?,
            healed: row.get("healed")?,
        }))
    }

    fn node_seen(&mut self, node: &NodeId) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(NODE_SEEN)?;
        Ok(statement.query_row(named_params! { ":node": node.0 }, |row| row.get(0))?)
    }

    fn put_sender(
        &mut self,
        node: &NodeId,
        incarnation: &Incarnation,
        sender: &Sender,
    ) -> Result<(), StoreError> {
        self.connection.prepare_cached(PUT_SENDER)?.execute(named_params! {
            ":node": node.0,
            ":incarnation": incarnation.0,
            ":through": signed(sender.through),
            ":digest": sender.digest,
            ":token": sender.token.0,
            ":previous": sender.previous.map(|token| token.0),
            ":confirmed": sender.confirmed,
            ":healed": sender.healed,
        })?;
        Ok(())
    }

    fn readers(&mut self, scope: Scope) -> Result<Vec<Reader>, StoreError> {
        let mut statement = self.connection.prepare_cached(READERS)?;
        let mut rows = statement.query(named_params! { ":scope": scope.number() })?;
        let mut readers = Vec::new();
        while let Some(row) = rows.next()? {
            let except: Vec<u8> = row.get("except_ids")?;
            readers.push(Reader {
                node: NodeId(blob(row, "node")?),
                stored: unsigned(row.get("stored")?)?,
                applied: unsigned(row.get("applied")?)?,
                except: ids_from_bytes(&except)?,
            });
        }
        Ok(readers)
    }

    fn put_reader(&mut self, scope: Scope, reader: &Reader) -> Result<(), StoreError> {
        self.connection.prepare_cached(PUT_READER)?.execute(named_params! {
            ":node": reader.node.0,
            ":scope": scope.number(),
            ":stored": signed(reader.stored),
            ":applied": signed(reader.applied),
            ":except": ids_to_bytes(&reader.except),
        })?;
        Ok(())
    }

    fn clear_readers(&mut self) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM reader", [])?;
        Ok(())
    }

    fn healings(&mut self, node: &NodeId) -> Result<Vec<u64>, StoreError> {
        let mut statement = self.connection.prepare_cached(HEALINGS)?;
        let mut rows = statement.query(named_params! { ":node": node.0 })?;
        let mut times = Vec::new();
        while let Some(row) = rows.next()? {
            times.push(unsigned(row.get(0)?)?);
        }
        Ok(times)
    }

    fn note_healing(&mut self, node: &NodeId, at_ms: u64) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(NOTE_HEALING)?;
        statement.execute(named_params! { ":node": node.0, ":at_ms": signed(at_ms) })?;
        Ok(())
    }
}

fn ledger_entry(row: &Row<'_>) -> Result<LedgerEntry, StoreError> {
    Ok(LedgerEntry {
        id: EntryId(blob(row, "id")?),
        document: DocumentId(blob(row, "document")?),
        bytes: packed::bytes(row)?,
        position: position(row)?.ok_or(StoreError::Damaged("a position"))?,
        origin: origin(row)?,
    })
}

fn waiting_entry(row: &Row<'_>) -> Result<WaitingEntry, StoreError> {
    let what: Vec<u8> = row.get("what")?;
    Ok(WaitingEntry {
        id: EntryId(blob(row, "id")?),
        bytes: row.get("bytes")?,
        what: waiting_from_bytes(&what)?,
        origin: origin(row)?,
        since_ms: unsigned(row.get("since_ms")?)?,
    })
}

fn origin(row: &Row<'_>) -> Result<Option<Origin>, StoreError> {
    let Some(node) = optional_blob(row, "origin_node")? else { return Ok(None) };
    Ok(Some(Origin {
        node: NodeId(node),
        incarnation: Incarnation(blob(row, "origin_incarnation")?),
        number: unsigned(row.get("origin_number")?)?,
    }))
}

fn units(rows: &mut rusqlite::Rows<'_>, column: &str) -> Result<Vec<UnitId>, StoreError> {
    let mut units = Vec::new();
    while let Some(row) = rows.next()? {
        units.push(unit(row.get(column)?)?);
    }
    Ok(units)
}

fn reason(number: u8) -> Result<Reason, StoreError> {
    Reason::from_number(number).ok_or(StoreError::Damaged("a reason"))
}
