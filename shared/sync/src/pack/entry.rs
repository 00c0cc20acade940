//! One entry in a packed batch. What follows from the rest is left out, what was said before is
//! pointed at; header, payload and signature come back byte by byte.

use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Kind, Nonce, PayloadHash, PublicKey, Realm,
    UNITS_ADDED_MAX, UnitId, entry::SIGNATURE_BYTES,
};

use super::{
    change::Parts,
    recent::Recent,
    section::{Reading, Sections},
};

/// Documents, their first authors and changes that are remembered.
const DOCUMENTS_MAX: usize = 4_096;
/// Authors, grants and realms that are remembered.
const AUTHORS_MAX: usize = 512;

/// Bytes that are no entry, as they are.
const SPELLED: u64 = 0;
/// The payload as it is.
const PLAIN: u64 = 1;
/// The payload is a change that comes back from its parts.
const CHANGE: u64 = 2;
/// Added to the form when the header names a document.
const HAS_DOCUMENT: u64 = 4;
/// Added to the form when the header adds units.
const HAS_UNITS: u64 = 8;

/// What both ends of one direction remember of the entries that went over it.
#[derive(Debug)]
pub(super) struct Known {
    realms: Recent<16>,
    authors: Recent<32>,
    grants: Recent<32>,
    documents: Recent<16>,
    /// Actors of the first changes: every later one names that of its dossier.
    actors: Recent<16>,
    changes: Recent<32>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            realms: Recent::new(AUTHORS_MAX),
            authors: Recent::new(AUTHORS_MAX),
            grants: Recent::new(AUTHORS_MAX),
            documents: Recent::new(DOCUMENTS_MAX),
            actors: Recent::new(DOCUMENTS_MAX),
            changes: Recent::new(DOCUMENTS_MAX),
        }
    }
}

impl Known {
    /// Writes an entry, or whatever the bytes are.
    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Sections) {
        let Ok(entry) = Entry::decode(bytes) else {
            out.number(SPELLED);
            out.length(bytes.len());
            return out.content(bytes);
        };
        let header = entry.header();
        let parts = Parts::of(entry.payload(), &header.actor());
        let mut form = if parts.is_some() { CHANGE } else { PLAIN };
        form |= if header.document.is_zero() { 0 } else { HAS_DOCUMENT };
        form |= if header.units_added.is_empty() { 0 } else { HAS_UNITS };
        out.number(form);
        self.write_header(header, out);
        match parts {
            Some((parts, hash)) => self.write_change(&parts, hash, &entry, out),
            None => {
                out.length(entry.payload().len());
                out.content(entry.payload());
            }
        }
        if let Some(signature) = bytes.last_chunk::<SIGNATURE_BYTES>() {
            out.chance(signature);
        }
        self.documents.add(entry.document().0);
    }

    fn write_header(&mut self, header: &Header, out: &mut Sections) {
        self.realms.write(&header.realm.0, out);
        if !header.document.is_zero() {
            self.documents.write(&header.document.0, out);
        }
        out.number(u64::from(header.kind.0));
        self.authors.write(&header.author.0, out);
        self.grants.write(&header.grant.0, out);
        out.chance(&header.nonce.0);
        if !header.units_added.is_empty() {
            out.length(header.units_added.len());
            header.units_added.iter().for_each(|unit| out.number(u64::from(unit.0)));
        }
    }

    fn write_change(&mut self, parts: &Parts, hash: [u8; 32], entry: &Entry, out: &mut Sections) {
        out.length(parts.deps.len());
        parts.deps.iter().for_each(|dep| self.changes.write(dep, out));
        out.length(parts.other_actors.len());
        parts.other_actors.iter().for_each(|actor| self.actors.write(actor, out));
        out.length(parts.name_at.map_or(0, |at| at.saturating_add(1)));
        out.length(parts.head.len());
        out.length(parts.tail.len());
        out.content(&parts.head);
        out.content(&parts.tail);
        self.learn(parts, hash, entry.header());
    }

    fn learn(&mut self, parts: &Parts, hash: [u8; 32], header: &Header) {
        self.changes.add(hash);
        if parts.deps.is_empty() {
            self.actors.add(header.actor().0);
        }
    }

    /// Reads what [`Known::write`] has written, unless it has more than `most` bytes.
    pub(super) fn read(&mut self, from: &mut Reading<'_>, most: usize) -> Option<Vec<u8>> {
        let form = from.number()?;
        if form == SPELLED {
            let length = from.length().filter(|length| *length <= most)?;
            return from.content(length).map(<[u8]>::to_vec);
        }
        let mut header = self.read_header(form, from)?;
        let payload = match form & !(HAS_DOCUMENT | HAS_UNITS) {
            PLAIN => {
                let length = from.length().filter(|length| *length <= most)?;
                from.content(length)?.to_vec()
            }
            CHANGE => self.read_change(&header, from, most)?,
            _ => return None,
        };
        header.payload = PayloadHash::of(&payload);
        let mut bytes = header.encode();
        bytes.extend_from_slice(&payload);
        bytes.extend_from_slice(&from.chance::<SIGNATURE_BYTES>()?);
        let document = if header.is_first() { header.id().document() } else { header.document };
        self.documents.add(document.0);
        (bytes.len() <= most).then_some(bytes)
    }

    fn read_header(&mut self, form: u64, from: &mut Reading<'_>) -> Option<Header> {
        let realm = Realm(self.realms.read(from)?);
        let document = match form & HAS_DOCUMENT {
            0 => DocumentId::ZERO,
            _ => DocumentId(self.documents.read(from)?),
        };
        let kind = Kind(u16::try_from(from.number()?).ok()?);
        let author = PublicKey(self.authors.read(from)?);
        let grant = EntryId(self.grants.read(from)?);
        let nonce = Nonce(from.chance()?);
        let mut units_added = Vec::new();
        if form & HAS_UNITS != 0 {
            let count = from.length().filter(|count| *count <= UNITS_ADDED_MAX)?;
            for _ in 0..count {
                units_added.push(UnitId(u16::try_from(from.number()?).ok()?));
            }
        }
        let payload = PayloadHash::ZERO;
        Some(Header { realm, document, kind, author, grant, nonce, units_added, payload })
    }

    fn read_change(
        &mut self,
        header: &Header,
        from: &mut Reading<'_>,
        most: usize,
    ) -> Option<Vec<u8>> {
        let mut room = most;
        let mut deps = Vec::new();
        for _ in 0..from.number()? {
            room = room.checked_sub(32)?;
            deps.push(self.changes.read(from)?);
        }
        let mut other_actors = Vec::new();
        for _ in 0..from.number()? {
            room = room.checked_sub(16)?;
            other_actors.push(self.actors.read(from)?);
        }
        let name_at = from.length()?.checked_sub(1);
        let (head, tail) = (from.length()?, from.length()?);
        room.checked_sub(head)?.checked_sub(tail)?;
        let (head, tail) = (from.content(head)?.to_vec(), from.content(tail)?.to_vec());
        let parts = Parts { deps, head, other_actors, name_at, tail };
        let (payload, hash) = parts.seal(&header.actor())?;
        self.learn(&parts, hash, header);
        Some(payload)
    }
}
