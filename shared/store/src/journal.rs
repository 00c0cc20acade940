//! The node's tables in SQLite.

mod excepted;
mod figures;
mod in_order;
mod standing;

use hoso_identity::{
    DocumentId, EntryId, Epoch, Incarnation, Kind, NodeId, Position, Reason, Scope, SessionToken,
    UnitId, WaitingFor,
};
use rusqlite::{OptionalExtension, Row, named_params};

pub use self::{
    figures::{Backlog, backlog, head, lacking, refused, troubled},
    in_order::{InOrder, Room, hold_back, in_order, set_aside, try_again, untried},
};
use crate::{
    columns::{
        blob, fixed, ids_from_bytes, ids_to_bytes, key, optional_blob, position, signed, unit,
        unsigned, waiting_to_bytes,
    },
    error::StoreError,
    packed, peers, placed,
    tables::{
        Delivered, Digest, JournalTables, NodeEntry, NodeFacts, Placed, RowOf, ScopePoint,
        Standing, ToApply, Visit,
    },
    writer::Tx,
};

const FACTS: &str = "SELECT * FROM facts WHERE one = 1";
const PUT_FACTS: &str = "INSERT INTO facts VALUES (1, :incarnation, :generation, :random, :token,
    :head, :digest, :through, :rechecking, :diverged, :checked)
    ON CONFLICT (one) DO UPDATE SET incarnation = excluded.incarnation,
    epoch_generation = excluded.epoch_generation, epoch_random = excluded.epoch_random,
    token = excluded.token, journal_head = excluded.journal_head,
    journal_digest = excluded.journal_digest, journal_through = excluded.journal_through,
    rechecking = excluded.rechecking, diverged = excluded.diverged,
    checked_at_ms = excluded.checked_at_ms";
const KNOWN: &str = "SELECT 1 FROM entry WHERE key = :key";
const ENTRY: &str = "SELECT * FROM whole_entry WHERE key = :key";
const STANDING: &str = "SELECT standing, detail FROM entry WHERE key = :key";
const REPLACE_BYTES: &str = "UPDATE entry SET bytes = :bytes, signer = :signer, size = :size
    WHERE key = :key";
const INSERT_ENTRY: &str = "INSERT INTO entry (key, id, document, kind, author_unit, bytes,
    signer, size, journal, epoch_generation, epoch_random, number, feed_row, standing, detail,
    placed_at_ms, kept_at_ms) VALUES (:key, :id, :document, :kind, :author_unit, :bytes,
    :signer, :size, :journal, :generation, :random, :number, :row, :standing, :detail, :placed,
    CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER))
    ON CONFLICT (key) DO UPDATE SET author_unit = excluded.author_unit,
    journal = excluded.journal, epoch_generation = excluded.epoch_generation,
    epoch_random = excluded.epoch_random, number = excluded.number,
    feed_row = excluded.feed_row, standing = excluded.standing, detail = excluded.detail,
    placed_at_ms = excluded.placed_at_ms";
const DOCUMENT: &str = "SELECT * FROM whole_entry WHERE document = :document ORDER BY seq";
const WAITING: &str = "SELECT id FROM entry WHERE standing = 1 AND detail = :what ORDER BY seq";
/// From a subquery: a statement that inserts what it selects keeps a journal of its own.
const APPEND: &str = "INSERT INTO journal (number, entry, digest)
    VALUES (:number, (SELECT seq FROM entry WHERE key = :key), :digest)";
const AFTER: &str =
    "SELECT entry.* FROM journal JOIN whole_entry AS entry ON entry.seq = journal.entry
    WHERE journal.number > :after ORDER BY journal.number LIMIT :limit";
const UNNUMBER: &str = "UPDATE entry SET journal = NULL WHERE seq IN (SELECT entry FROM journal)";
const UNPLACED: &str = "SELECT entry.id FROM journal JOIN entry ON entry.seq = journal.entry
    WHERE entry.number IS NULL ORDER BY journal.number";
const DIGEST: &str = "SELECT digest FROM journal WHERE number = :number";
const CURSORS: &str = "SELECT scope, feed_row, digest FROM cursor ORDER BY scope";
const PUT_CURSOR: &str = "INSERT INTO cursor VALUES (:scope, :row, :digest)
    ON CONFLICT (scope) DO UPDATE SET feed_row = excluded.feed_row, digest = excluded.digest";
const AUDIENCE: &str = "SELECT unit FROM audience WHERE document = :document ORDER BY unit";
const DOCUMENTS_FROM: &str = "SELECT DISTINCT document FROM entry
    WHERE (epoch_generation, epoch_random, number) >= (:generation, :random, :number)";
const ADD_UNIT: &str = "INSERT OR IGNORE INTO audience VALUES (:document, :unit)";
const MARK: &str = "INSERT INTO to_apply (document, feed_row) VALUES (:document, :row)
    ON CONFLICT (document) DO UPDATE SET times = times + 1, feed_row =
    coalesce(min(nullif(feed_row, 0), nullif(excluded.feed_row, 0)), feed_row + excluded.feed_row)";
const MARKS: &str = "SELECT * FROM to_apply WHERE seq > :after ORDER BY seq LIMIT :limit";
const MARK_OF: &str = "SELECT * FROM to_apply WHERE document = :document";
const SET_ATTEMPTS: &str = "UPDATE to_apply SET attempts = :attempts WHERE document = :document";
const CLEAR_MARK: &str = "DELETE FROM to_apply WHERE document = :document";
const DELIVERED: &str = "SELECT * FROM delivered WHERE unit = :unit";
const CAP_DELIVERED: &str = "UPDATE delivered SET through = min(through, :row)";
const ALL_DELIVERED: &str = "SELECT * FROM delivered ORDER BY unit";
const PUT_DELIVERED: &str = "INSERT INTO delivered VALUES (:unit, :through, :except, :at_ms, :node)
    ON CONFLICT (unit) DO UPDATE SET through = excluded.through,
    except_ids = excluded.except_ids, at_ms = excluded.at_ms, node = excluded.node";
const QUARANTINE: &str = "INSERT OR IGNORE INTO quarantine VALUES (:key, :bytes, :reason, :at_ms)";

/// Writes the facts of a database that is new.
///
/// # Errors
///
/// What SQLite says.
pub fn found(tx: &mut Tx<'_>, incarnation: Incarnation) -> Result<(), StoreError> {
    tx.put_facts(&NodeFacts {
        incarnation,
        epoch: None,
        token: None,
        journal_head: 0,
        journal_digest: [0; 32],
        journal_through: 0,
        rechecking: false,
        diverged: false,
        checked_ms: None,
    })
}

/// Everything that the relay has said of destinations.
///
/// # Errors
///
/// What SQLite says.
pub fn all_delivered(tx: &mut Tx<'_>) -> Result<Vec<Delivered>, StoreError> {
    let mut statement = tx.connection.prepare_cached(ALL_DELIVERED)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(delivered(row)?);
    }
    Ok(all)
}

impl JournalTables for Tx<'_> {
    type Error = StoreError;

    fn facts(&mut self) -> Result<NodeFacts, StoreError> {
        let mut statement = self.connection.prepare_cached(FACTS)?;
        let mut rows = statement.query([])?;
        let row = rows.next()?.ok_or(StoreError::Damaged("facts"))?;
        let epoch = match row.get::<_, Option<u32>>("epoch_generation")? {
            Some(generation) => Some(Epoch { generation, random: blob(row, "epoch_random")? }),
            None => None,
        };
        Ok(NodeFacts {
            incarnation: Incarnation(blob(row, "incarnation")?),
            epoch,
            token: optional_blob(row, "token")?.map(SessionToken),
            journal_head: unsigned(row.get("journal_head")?)?,
            journal_digest: blob(row, "journal_digest")?,
            journal_through: unsigned(row.get("journal_through")?)?,
            rechecking: row.get("rechecking")?,
            diverged: row.get("diverged")?,
            checked_ms: row.get::<_, Option<i64>>("checked_at_ms")?.map(unsigned).transpose()?,
        })
    }

    fn put_facts(&mut self, facts: &NodeFacts) -> Result<(), StoreError> {
        self.connection.prepare_cached(PUT_FACTS)?.execute(named_params! {
            ":incarnation": facts.incarnation.0,
            ":generation": facts.epoch.map(|epoch| epoch.generation),
            ":random": facts.epoch.map(|epoch| epoch.random),
            ":token": facts.token.map(|token| token.0),
            ":head": signed(facts.journal_head),
            ":digest": facts.journal_digest,
            ":through": signed(facts.journal_through),
            ":rechecking": facts.rechecking,
            ":diverged": facts.diverged,
            ":checked": facts.checked_ms.map(signed),
        })?;
        Ok(())
    }

    fn entry(&mut self, id: &EntryId) -> Result<Option<NodeEntry>, StoreError> {
        let mut statement = self.connection.prepare_cached(ENTRY)?;
        let mut rows = statement.query(named_params! { ":key": key(id) })?;
        rows.next()?.map(node_entry).transpose()
    }

    fn standing(&mut self, id: &EntryId) -> Result<Option<Standing>, StoreError> {
        let mut statement = self.connection.prepare_cached(STANDING)?;
        let mut rows = statement.query(named_params! { ":key": key(id) })?;
        rows.next()?.map(standing::of_row).transpose()
    }

    fn put_entry(&mut self, entry: &NodeEntry) -> Result<(), StoreError> {
        let (standing, detail) = standing::columns(&entry.standing);
        let epoch = entry.position.map(|position| position.epoch);
        // The bytes of what is known stay as they are.
        let mut known = self.connection.prepare_cached(KNOWN)?;
        let (signer, bytes) = match known.exists(named_params! { ":key": key(&entry.id) })? {
            true => (None, Vec::new()),
            false => packed::packed(self, &entry.bytes)?,
        };
        self.connection.prepare_cached(INSERT_ENTRY)?.execute(named_params! {
            ":key": key(&entry.id),
            ":id": entry.id.0,
            ":document": entry.document.0,
            ":kind": entry.kind.0,
            ":author_unit": entry.author_unit.map(|unit| unit.0),
            ":bytes": bytes,
            ":signer": signer,
            ":size": entry.bytes.len().cast_signed(),
            ":journal": entry.journal.map(signed),
            ":generation": epoch.map(|epoch| epoch.generation),
            ":random": epoch.map(|epoch| epoch.random),
            ":number": entry.position.map(|position| signed(position.number)),
            ":row": entry.row.map(signed),
            ":standing": standing,
            ":detail": detail,
            ":placed": entry.placed_ms.map(signed),
        })?;
        Ok(())
    }

    fn replace_bytes(&mut self, id: &EntryId, bytes: &[u8]) -> Result<(), StoreError> {
        let (signer, packed) = packed::packed(self, bytes)?;
        let mut statement = self.connection.prepare_cached(REPLACE_BYTES)?;
        statement.execute(named_params! {
            ":key": key(id),
            ":bytes": packed,
            ":signer": signer,
            ":size": bytes.len().cast_signed(),
        })?;
        Ok(())
    }

    fn document(&mut self, document: &DocumentId) -> Result<Vec<NodeEntry>, StoreError> {
        let mut statement = self.connection.prepare_cached(DOCUMENT)?;
        let mut rows = statement.query(named_params! { ":document": document.0 })?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(node_entry(row)?);
        }
        Ok(entries)
    }

    fn waiting_for(&mut self, what: &WaitingFor) -> Result<Vec<EntryId>, StoreError> {
        let mut statement = self.connection.prepare_cached(WAITING)?;
        let mut rows = statement.query(named_params! { ":what": waiting_to_bytes(what) })?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            ids.push(EntryId(blob(row, "id")?));
        }
        Ok(ids)
    }

    fn journal_append(
        &mut self,
        number: u64,
        entry: &EntryId,
        digest: &Digest,
    ) -> Result<(), StoreError> {
        self.connection.prepare_cached(APPEND)?.execute(
            named_params! { ":number": signed(number), ":digest": digest, ":key": key(entry) },
        )?;
        Ok(())
    }

    fn journal_after(
        &mut self,
        after: u64,
        entries_max: usize,
    ) -> Result<Vec<NodeEntry>, StoreError> {
        let limit = i64::try_from(entries_max).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(AFTER)?;
        let mut rows =
            statement.query(named_params! { ":after": signed(after), ":limit": limit })?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(node_entry(row)?);
        }
        Ok(entries)
    }

    fn journal_digest(&mut self, number: u64) -> Result<Option<Digest>, StoreError> {
        if number == 0 {
            return Ok(Some([0; 32]));
        }
        let mut statement = self.connection.prepare_cached(DIGEST)?;
        let digest: Option<Vec<u8>> = statement
            .query_row(named_params! { ":number": signed(number) }, |row| row.get(0))
            .optional()?;
        digest.as_deref().map(fixed).transpose()
    }

    fn journal_unplaced(&mut self) -> Result<Vec<EntryId>, StoreError> {
        let mut statement = self.connection.prepare_cached(UNPLACED)?;
        let mut rows = statement.query([])?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            ids.push(EntryId(blob(row, "id")?));
        }
        Ok(ids)
    }

    fn journal_clear(&mut self) -> Result<(), StoreError> {
        self.connection.execute(UNNUMBER, [])?;
        self.connection.execute("DELETE FROM journal", [])?;
        peers::renumbered(self)?;
        Ok(())
    }

    fn cursors(&mut self) -> Result<Vec<ScopePoint>, StoreError> {
        let mut statement = self.connection.prepare_cached(CURSORS)?;
        let mut rows = statement.query([])?;
        let mut cursors = Vec::new();
        while let Some(row) = rows.next()? {
            let scope = Scope::from_number(row.get("scope")?);
            cursors.push(ScopePoint {
                scope: scope.ok_or(StoreError::Damaged("a scope"))?,
                row: unsigned(row.get("feed_row")?)?,
                digest: blob(row, "digest")?,
            });
        }
        Ok(cursors)
    }

    fn put_cursor(&mut self, point: &ScopePoint) -> Result<(), StoreError> {
        self.connection.prepare_cached(PUT_CURSOR)?.execute(named_params! {
            ":scope": point.scope.number(),
            ":row": signed(point.row),
            ":digest": point.digest,
        })?;
        Ok(())
    }

    fn audience(&mut self, document: &DocumentId) -> Result<Option<Vec<UnitId>>, StoreError> {
        let mut statement = self.connection.prepare_cached(AUDIENCE)?;
        let mut rows = statement.query(named_params! { ":document": document.0 })?;
        let mut units = Vec::new();
        while let Some(row) = rows.next()? {
            units.push(unit(row.get("unit")?)?);
        }
        Ok((!units.is_empty()).then_some(units))
    }

    fn add_audience(&mut self, document: &DocumentId, units: &[UnitId]) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(ADD_UNIT)?;
        for unit in units {
            statement.execute(named_params! { ":document": document.0, ":unit": unit.0 })?;
        }
        Ok(())
    }

    fn documents_from(&mut self, position: &Position) -> Result<Vec<DocumentId>, StoreError> {
        let mut statement = self.connection.prepare_cached(DOCUMENTS_FROM)?;
        let mut rows = statement.query(named_params! {
            ":generation": position.epoch.generation,
            ":random": position.epoch.random,
            ":number": signed(position.number),
        })?;
        let mut documents = Vec::new();
        while let Some(row) = rows.next()? {
            documents.push(DocumentId(blob(row, "document")?));
        }
        Ok(documents)
    }

    fn listing(&mut self, scope: Scope, visit: Visit<'_>) -> Result<(), StoreError> {
        placed::at_node(self, scope, visit)
    }

    fn placed(&mut self, document: &DocumentId) -> Result<Vec<Placed>, StoreError> {
        placed::of_document(self, document)
    }

    fn set_rows(
        &mut self,
        row: RowOf,
        after: Option<&DocumentId>,
        documents_max: usize,
    ) -> Result<Option<DocumentId>, StoreError> {
        placed::set_rows(self, row, after, documents_max)
    }

    fn mark_to_apply(&mut self, document: &DocumentId, row: u64) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(MARK)?;
        statement.execute(named_params! { ":document": document.0, ":row": signed(row) })?;
        Ok(())
    }

    fn to_apply(&mut self, after: u64, marks_max: usize) -> Result<Vec<ToApply>, StoreError> {
        let limit = i64::try_from(marks_max).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(MARKS)?;
        let mut rows =
            statement.query(named_params! { ":after": signed(after), ":limit": limit })?;
        let mut marks = Vec::new();
        while let Some(row) = rows.next()? {
            marks.push(to_apply(row)?);
        }
        Ok(marks)
    }

    fn mark(&mut self, document: &DocumentId) -> Result<Option<ToApply>, StoreError> {
        let mut statement = self.connection.prepare_cached(MARK_OF)?;
        let mut rows = statement.query(named_params! { ":document": document.0 })?;
        rows.next()?.map(to_apply).transpose()
    }

    fn lowest_to_apply(&mut self, attempts_max: u32) -> Result<Option<u64>, StoreError> {
        excepted::lowest(self, attempts_max)
    }

    fn excepted(
        &mut self,
        attempts_max: u32,
        entries_max: usize,
    ) -> Result<Vec<EntryId>, StoreError> {
        excepted::excepted(self, attempts_max, entries_max)
    }

    fn set_attempts(&mut self, document: &DocumentId, attempts: u32) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(SET_ATTEMPTS)?;
        statement.execute(named_params! { ":attempts": attempts, ":document": document.0 })?;
        Ok(())
    }

    fn clear_to_apply(&mut self, document: &DocumentId) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(CLEAR_MARK)?;
        statement.execute(named_params! { ":document": document.0 })?;
        Ok(())
    }

    fn delivered(&mut self, unit: UnitId) -> Result<Option<Delivered>, StoreError> {
        let mut statement = self.connection.prepare_cached(DELIVERED)?;
        let mut rows = statement.query(named_params! { ":unit": unit.0 })?;
        rows.next()?.map(delivered).transpose()
    }

    fn put_delivered(&mut self, delivered: &Delivered) -> Result<(), StoreError> {
        self.connection.prepare_cached(PUT_DELIVERED)?.execute(named_params! {
            ":unit": delivered.unit.0,
            ":through": signed(delivered.through),
            ":except": ids_to_bytes(&delivered.except),
            ":at_ms": signed(delivered.at_ms),
            ":node": delivered.node.map(|node| node.0),
        })?;
        Ok(())
    }

    fn cap_delivered(&mut self, row: u64) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(CAP_DELIVERED)?;
        statement.execute(named_params! { ":row": signed(row) })?;
        Ok(())
    }

    fn clear_delivered(&mut self) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM delivered", [])?;
        Ok(())
    }

    fn quarantine(&mut self, bytes: &[u8], reason: Reason, at_ms: u64) -> Result<(), StoreError> {
        self.connection.prepare_cached(QUARANTINE)?.execute(named_params! {
            ":key": blake3::hash(bytes).as_bytes(),
            ":bytes": bytes,
            ":reason": reason.number(),
            ":at_ms": signed(at_ms),
        })?;
        Ok(())
    }
}

fn node_entry(row: &Row<'_>) -> Result<NodeEntry, StoreError> {
    Ok(NodeEntry {
        id: EntryId(blob(row, "id")?),
        document: DocumentId(blob(row, "document")?),
        kind: Kind(row.get("kind")?),
        author_unit: row.get::<_, Option<u16>>("author_unit")?.map(UnitId),
        bytes: packed::bytes(row)?,
        journal: row.get::<_, Option<i64>>("journal")?.map(unsigned).transpose()?,
        position: position(row)?,
        row: row.get::<_, Option<i64>>("feed_row")?.map(unsigned).transpose()?,
        placed_ms: row.get::<_, Option<i64>>("placed_at_ms")?.map(unsigned).transpose()?,
        standing: standing::of_row(row)?,
    })
}

fn to_apply(row: &Row<'_>) -> Result<ToApply, StoreError> {
    Ok(ToApply {
        place: unsigned(row.get("seq")?)?,
        document: DocumentId(blob(row, "document")?),
        row: unsigned(row.get("feed_row")?)?,
        attempts: row.get("attempts")?,
        times: row.get("times")?,
    })
}

fn delivered(row: &Row<'_>) -> Result<Delivered, StoreError> {
    let except: Vec<u8> = row.get("except_ids")?;
    Ok(Delivered {
        unit: unit(row.get("unit")?)?,
        through: unsigned(row.get("through")?)?,
        except: ids_from_bytes(&except)?,
        at_ms: unsigned(row.get("at_ms")?)?,
        node: optional_blob(row, "node")?.map(NodeId),
    })
}
