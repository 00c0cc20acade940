//! Entries at rest: without what follows from the rest, and compressed.
//!
//! A first byte says how an entry is written: [`AS_IS`], [`PACKED`] or [`PACKED_LATER`]. What
//! begins otherwise was written before entries were packed and is the entry itself.

use std::{cell::RefCell, io};

use hoso_identity::{
    DocumentId, Header, PayloadHash,
    entry::{ENTRY_BYTES_MAX, SIGNATURE_BYTES},
};
use rusqlite::Row;
use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe::CParameter,
};

use crate::{columns::blob, error::StoreError};

/// What entries usually have in them, trained from invented dossiers. Another dictionary gets
/// other first bytes, and this one stays for what was written with it.
const DICTIONARY: &[u8] = include_bytes!("entries-1.dictionary");
/// How hard to try: 6 and 19 gain 1 % for three and twenty times the work.
const LEVEL: i32 = 3;
/// Bytes follow that are no entry or do not come back from the other forms.
const AS_IS: u8 = 0;
/// A packed entry whose header names no document: a statement, or the first of a dossier.
const PACKED: u8 = 1;
/// A packed entry whose header names the document of its row.
const PACKED_LATER: u8 = 2;

thread_local! {
    static MACHINE: RefCell<io::Result<Machine>> = RefCell::new(Machine::new());
}

/// What packs and unpacks in one thread.
struct Machine {
    press: Compressor<'static>,
    opener: Decompressor<'static>,
    plain: Vec<u8>,
}

impl Machine {
    fn new() -> io::Result<Self> {
        let mut press = Compressor::with_dictionary(LEVEL, DICTIONARY)?;
        for flag in [
            CParameter::ContentSizeFlag(false),
            CParameter::ChecksumFlag(false),
            CParameter::DictIdFlag(false),
        ] {
            press.set_parameter(flag)?;
        }
        let opener = Decompressor::with_dictionary(DICTIONARY)?;
        Ok(Self { press, opener, plain: Vec::with_capacity(ENTRY_BYTES_MAX) })
    }
}

/// The bytes to store for an entry, or for what came in its place.
pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let packed = plain(bytes).and_then(|(form, plain)| {
        MACHINE.with_borrow_mut(|machine| {
            let pressed = machine.as_mut().ok()?.press.compress(&plain).ok()?;
            Some([&[form], pressed.as_slice()].concat())
        })
    });
    match packed {
        Some(packed) if packed.len() < bytes.len() => packed,
        _ if bytes.first().is_some_and(|first| *first <= PACKED_LATER) => {
            [&[AS_IS], bytes].concat()
        }
        _ => bytes.to_vec(),
    }
}

/// The bytes of an entry that a row of this document keeps.
///
/// # Errors
///
/// What SQLite says, and [`StoreError::Damaged`] for what no entry packs into.
pub(crate) fn bytes(row: &Row<'_>) -> Result<Vec<u8>, StoreError> {
    let kept = row.get_ref("bytes")?.as_blob().map_err(rusqlite::Error::from)?;
    match kept.split_first() {
        Some((&AS_IS, rest)) => Ok(rest.to_vec()),
        Some((&PACKED, rest)) => unpacked(rest, DocumentId::ZERO),
        Some((&PACKED_LATER, rest)) => unpacked(rest, DocumentId(blob(row, "document")?)),
        Some(_) | None => Ok(kept.to_vec()),
    }
}

/// An entry without its payload's hash and its document, and the form in which it is kept. `None`
/// for what is no entry.
#[must_use]
pub fn plain(bytes: &[u8]) -> Option<(u8, Vec<u8>)> {
    let (header, length) = Header::decode(bytes).ok()?;
    let rest = bytes.get(length..)?;
    let payload = rest.get(..rest.len().checked_sub(SIGNATURE_BYTES)?)?;
    if PayloadHash::of(payload) != header.payload || bytes.len() > ENTRY_BYTES_MAX {
        return None;
    }
    let form = if header.document.is_zero() { PACKED } else { PACKED_LATER };
    let bare = Header { document: DocumentId::ZERO, payload: PayloadHash::ZERO, ..header };
    Some((form, [&bare.encode(), rest].concat()))
}

fn unpacked(pressed: &[u8], document: DocumentId) -> Result<Vec<u8>, StoreError> {
    const DAMAGED: StoreError = StoreError::Damaged("a packed entry");
    MACHINE.with_borrow_mut(|machine| {
        let machine = machine.as_mut().map_err(|_| DAMAGED)?;
        machine.plain.clear();
        machine.opener.decompress_to_buffer(pressed, &mut machine.plain).map_err(|_| DAMAGED)?;
        let (bare, length) = Header::decode(&machine.plain).map_err(|_| DAMAGED)?;
        let rest = machine.plain.get(length..).unwrap_or_default();
        let payload = rest.len().checked_sub(SIGNATURE_BYTES).and_then(|end| rest.get(..end));
        let payload = PayloadHash::of(payload.ok_or(DAMAGED)?);
        let header = Header { document, payload, ..bare };
        Ok([&header.encode(), rest].concat())
    })
}

#[cfg(test)]
mod tests {
    use hoso_identity::{Entry, EntryId, Kind, Nonce, Realm, SigningKey, UnitId};
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    const DOCUMENT: DocumentId = DocumentId([0x0d; 16]);

    fn entry(document: DocumentId, payload: Vec<u8>) -> Vec<u8> {
        let key = SigningKey::from_seed(&[7; 32]);
        let header = Header {
            realm: Realm([1; 16]),
            document,
            kind: Kind(257),
            author: key.public(),
            grant: EntryId([2; 32]),
            nonce: Nonce([3; 8]),
            units_added: vec![UnitId(4)],
            payload: PayloadHash::ZERO,
        };
        Entry::sign(header, payload, &key).unwrap().encode()
    }

    /// What a row of the document gives back when it keeps these bytes.
    fn read(kept: &[u8]) -> Result<Vec<u8>, StoreError> {
        let base = Connection::open_in_memory().unwrap();
        let sql = "SELECT ?1 AS bytes, ?2 AS document";
        let mut statement = base.prepare(sql).unwrap();
        let mut rows = statement.query((kept, DOCUMENT.0)).unwrap();
        bytes(rows.next().unwrap().unwrap())
    }

    proptest! {
        #[test]
        fn whatever_is_kept_comes_back_byte_by_byte(
            payload in proptest::collection::vec(any::<u8>(), 0..2_000),
            repeated in 0..4_usize,
        ) {
            let payload = payload.repeat(repeated);
            for entry in [entry(DOCUMENT, payload.clone()), entry(DocumentId::ZERO, payload.clone())] {
                let kept = packed(&entry);
                prop_assert!(kept.len() < entry.len(), "its payload's hash is not kept");
                prop_assert_eq!(read(&kept).unwrap(), entry);
            }
            // What is no entry, as an operator may have to look at.
            prop_assert_eq!(read(&packed(&payload)).unwrap(), payload);
        }

        #[test]
        fn damaged_bytes_are_told_and_never_stop_the_program(
            payload in proptest::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
            shorter in any::<bool>(),
        ) {
            let whole = entry(DOCUMENT, payload);
            let mut kept = packed(&whole);
            let at = at.index(kept.len());
            if shorter {
                kept.truncate(at);
            } else {
                kept[at] ^= 1 << bit;
            }
            if let Ok(read) = read(&kept) {
                prop_assert!(Entry::decode(&read).is_ok_and(|read| read.verify().is_ok())
                    == (read == whole));
            }
        }
    }

    #[test]
    fn an_entry_that_was_written_before_entries_were_packed_is_read_as_it_is() {
        let entry = entry(DOCUMENT, b"words".to_vec());
        assert!(entry[0] > PACKED_LATER);
        assert_eq!(read(&entry).unwrap(), entry);
        assert!(read(&[]).unwrap().is_empty());
    }

    #[test]
    fn the_longest_entry_is_packed_and_a_longer_one_is_not_made_of_a_short_row() {
        let longest = entry(DOCUMENT, vec![0; hoso_identity::PAYLOAD_BYTES_MAX]);
        let kept = packed(&longest);
        assert!(kept.len() < 400);
        assert_eq!(read(&kept).unwrap(), longest);
        let mut press = Compressor::with_dictionary(LEVEL, DICTIONARY).unwrap();
        let bomb = press.compress(&vec![0; 10 << 20]).unwrap();
        let refused = read(&[&[PACKED], bomb.as_slice()].concat());
        assert!(matches!(refused, Err(StoreError::Damaged(_))));
    }
}
