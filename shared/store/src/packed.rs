//! Entries at rest: without what their rows or the rest of them say, and compressed.
//!
//! A first byte says how an entry is written: as it is, packed, or packed and not the first of its
//! dossier. What begins otherwise was written before entries were packed and is the entry itself.

use std::{cell::RefCell, io};

use hoso_identity::{
    DocumentId, EntryId, Header, PayloadHash, PublicKey, Realm,
    entry::{ENTRY_BYTES_MAX, SIGNATURE_BYTES},
};
use rusqlite::{OptionalExtension, Row, named_params};
use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe::CParameter,
};

use crate::{columns::blob, error::StoreError, writer::Tx};

/// What entries usually have in them, trained from invented dossiers. Another dictionary gets
/// other first bytes, and this one stays for what was written with it.
const DICTIONARY: &[u8] = include_bytes!("entries-1.dictionary");
const SIGNER: &str = "SELECT number FROM signer
    WHERE author = :author AND grant_id = :grant AND realm = :realm";
const ADD_SIGNER: &str = "INSERT INTO signer (realm, author, grant_id)
    VALUES (:realm, :author, :grant) RETURNING number";
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

/// The bytes to store for an entry or for what came in its place, and the number of its signer.
///
/// # Errors
///
/// What SQLite says.
pub(crate) fn packed(tx: &Tx<'_>, bytes: &[u8]) -> Result<(Option<i64>, Vec<u8>), StoreError> {
    let pressed = bare(bytes).and_then(|bare| {
        let pressed = press(&bare.plain)?;
        (pressed.len() < bytes.len()).then_some((bare, pressed))
    });
    match pressed {
        Some((bare, pressed)) => {
            let signer = signer(tx, &bare.header)?;
            Ok((Some(signer), [&[bare.form()], pressed.as_slice()].concat()))
        }
        None if bytes.first().is_some_and(|first| *first <= PACKED_LATER) => {
            Ok((None, [&[AS_IS], bytes].concat()))
        }
        None => Ok((None, bytes.to_vec())),
    }
}

/// The bytes of the entry that a row of `whole_entry` keeps.
///
/// # Errors
///
/// What SQLite says, and [`StoreError::Damaged`] for what no entry packs into.
pub(crate) fn bytes(row: &Row<'_>) -> Result<Vec<u8>, StoreError> {
    let kept = row.get_ref("bytes")?.as_blob().map_err(rusqlite::Error::from)?;
    let (document, pressed) = match kept.split_first() {
        Some((&AS_IS, rest)) => return Ok(rest.to_vec()),
        Some((&PACKED, rest)) => (DocumentId::ZERO, rest),
        Some((&PACKED_LATER, rest)) => (DocumentId(blob(row, "document")?), rest),
        Some(_) | None => return Ok(kept.to_vec()),
    };
    expanded(pressed, |header| {
        Ok(Header {
            realm: Realm(blob(row, "realm")?),
            document,
            author: PublicKey(blob(row, "author")?),
            grant: EntryId(blob(row, "grant_id")?),
            ..header
        })
    })
}

/// An entry without what its row or the rest of it says: what is compressed, and what the
/// dictionary is trained from. `None` for what is no entry.
#[must_use]
pub fn plain(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(bare(bytes)?.plain)
}

/// An entry and what is left of it without what its row or the rest of it says.
struct Bare {
    header: Header,
    plain: Vec<u8>,
}

impl Bare {
    fn form(&self) -> u8 {
        if self.header.document.is_zero() { PACKED } else { PACKED_LATER }
    }
}

fn bare(bytes: &[u8]) -> Option<Bare> {
    let (header, length) = Header::decode(bytes).ok()?;
    let rest = bytes.get(length..)?;
    let payload = rest.get(..rest.len().checked_sub(SIGNATURE_BYTES)?)?;
    if PayloadHash::of(payload) != header.payload || bytes.len() > ENTRY_BYTES_MAX {
        return None;
    }
    let left = Header {
        realm: Realm::ZERO,
        document: DocumentId::ZERO,
        author: PublicKey::ZERO,
        grant: EntryId::ZERO,
        payload: PayloadHash::ZERO,
        kind: header.kind,
        nonce: header.nonce,
        units_added: header.units_added.clone(),
    };
    Some(Bare { header, plain: [&left.encode(), rest].concat() })
}

/// The number of who signed under which grant in which realm; a new one gets the next.
fn signer(tx: &Tx<'_>, header: &Header) -> Result<i64, StoreError> {
    let (realm, author, grant) = (header.realm.0, header.author.0, header.grant.0);
    let who = named_params! { ":realm": realm, ":author": author, ":grant": grant };
    let mut find = tx.connection.prepare_cached(SIGNER)?;
    if let Some(number) = find.query_row(who, |row| row.get(0)).optional()? {
        return Ok(number);
    }
    Ok(tx.connection.prepare_cached(ADD_SIGNER)?.query_row(who, |row| row.get(0))?)
}

fn press(plain: &[u8]) -> Option<Vec<u8>> {
    MACHINE.with_borrow_mut(|machine| machine.as_mut().ok()?.press.compress(plain).ok())
}

fn expanded(
    pressed: &[u8],
    named: impl FnOnce(Header) -> Result<Header, StoreError>,
) -> Result<Vec<u8>, StoreError> {
    const DAMAGED: StoreError = StoreError::Damaged("a packed entry");
    MACHINE.with_borrow_mut(|machine| {
        let machine = machine.as_mut().map_err(|_| DAMAGED)?;
        machine.plain.clear();
        machine.opener.decompress_to_buffer(pressed, &mut machine.plain).map_err(|_| DAMAGED)?;
        let (left, length) = Header::decode(&machine.plain).map_err(|_| DAMAGED)?;
        let rest = machine.plain.get(length..).unwrap_or_default();
        let payload = rest.len().checked_sub(SIGNATURE_BYTES).and_then(|end| rest.get(..end));
        let payload = PayloadHash::of(payload.ok_or(DAMAGED)?);
        let header = Header { payload, ..named(left)? };
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

    /// A database of its own with the tables that packing needs.
    fn base() -> Connection {
        let base = Connection::open_in_memory().unwrap();
        base.execute_batch(
            "CREATE TABLE entry (seq INTEGER PRIMARY KEY, document BLOB, bytes BLOB) STRICT;",
        )
        .unwrap();
        base.execute_batch(include_str!("migrations/node/0022_packed.sql")).unwrap();
        base
    }

    /// What a row of the document gives back that keeps these bytes.
    fn read(base: &Connection, signer: Option<i64>, kept: &[u8]) -> Result<Vec<u8>, StoreError> {
        let put = "INSERT INTO entry (document, bytes, signer) VALUES (?1, ?2, ?3)";
        base.execute(put, (DOCUMENT.0, kept, signer)).unwrap();
        let last = "SELECT * FROM whole_entry WHERE seq = last_insert_rowid()";
        let mut statement = base.prepare(last).unwrap();
        let mut rows = statement.query(()).unwrap();
        bytes(rows.next().unwrap().unwrap())
    }

    fn pack(base: &Connection, bytes: &[u8]) -> (Option<i64>, Vec<u8>) {
        packed(&Tx::over(base), bytes).unwrap()
    }

    proptest! {
        #[test]
        fn whatever_is_kept_comes_back_byte_by_byte(
            payload in proptest::collection::vec(any::<u8>(), 0..2_000),
            repeated in 0..4_usize,
        ) {
            let (base, payload) = (base(), payload.repeat(repeated));
            for document in [DOCUMENT, DocumentId::ZERO] {
                let entry = entry(document, payload.clone());
                let (signer, kept) = pack(&base, &entry);
                prop_assert!(kept.len() + 90 < entry.len(), "{} of {}", kept.len(), entry.len());
                prop_assert_eq!(signer, Some(1), "who signed stands there once");
                prop_assert_eq!(read(&base, signer, &kept).unwrap(), entry);
            }
            // What is no entry, as an operator may have to look at.
            let (signer, kept) = pack(&base, &payload);
            prop_assert_eq!(signer, None);
            prop_assert_eq!(read(&base, signer, &kept).unwrap(), payload);
        }

        #[test]
        fn damaged_bytes_are_told_and_never_stop_the_program(
            payload in proptest::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
            shorter in any::<bool>(),
        ) {
            let whole = entry(DOCUMENT, payload);
            let base = base();
            let (signer, mut kept) = pack(&base, &whole);
            let at = at.index(kept.len());
            if shorter {
                kept.truncate(at);
            } else {
                kept[at] ^= 1 << bit;
            }
            if let Ok(read) = read(&base, signer, &kept) {
                prop_assert!(Entry::decode(&read).is_ok_and(|read| read.verify().is_ok())
                    == (read == whole));
            }
        }
    }

    #[test]
    fn an_entry_that_was_written_before_entries_were_packed_is_read_as_it_is() {
        let entry = entry(DOCUMENT, b"words".to_vec());
        assert!(entry[0] > PACKED_LATER);
        assert_eq!(read(&base(), None, &entry).unwrap(), entry);
        assert!(read(&base(), None, &[]).unwrap().is_empty());
    }

    #[test]
    fn the_longest_entry_is_packed_and_a_longer_one_is_not_made_of_a_short_row() {
        let longest = entry(DOCUMENT, vec![0; hoso_identity::PAYLOAD_BYTES_MAX]);
        let base = base();
        let (signer, kept) = pack(&base, &longest);
        assert!(kept.len() < 400);
        assert_eq!(read(&base, signer, &kept).unwrap(), longest);
        let mut press = Compressor::with_dictionary(LEVEL, DICTIONARY).unwrap();
        let bomb = press.compress(&vec![0; 10 << 20]).unwrap();
        let refused = read(&base, signer, &[&[PACKED], bomb.as_slice()].concat());
        assert!(matches!(refused, Err(StoreError::Damaged(_))));
    }
}
