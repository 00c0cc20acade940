//! What is no entry: every other spelling of the same values, and whatever is not signed.

#![expect(clippy::unwrap_used, reason = "what a test makes itself is there")]

use hoso_identity::{
    DocumentId, Entry, EntryError, EntryId, Header, HeaderError, Kind, Nonce, PayloadHash,
    PublicKey, Realm, SigningKey, UNITS_ADDED_MAX, UnitId,
};
use proptest::prelude::*;

/// Bytes before the kind: the array, the version, realm and document.
const KIND_AT: usize = 2 + 17 + 17;

fn header(units_added: Vec<UnitId>) -> Header {
    Header {
        realm: Realm([1; 16]),
        document: DocumentId([4; 16]),
        kind: Kind(300),
        author: SigningKey::from_seed(&[7; 32]).public(),
        grant: EntryId([2; 32]),
        nonce: Nonce([3; 8]),
        units_added,
        payload: PayloadHash::of(b"a payload"),
    }
}

fn entry() -> Entry {
    let key = SigningKey::from_seed(&[7; 32]);
    let signed = Entry::sign(header(vec![UnitId(5)]), b"a payload".to_vec(), &key).unwrap();
    (*signed).clone()
}

fn is_other_spelling(bytes: &[u8]) -> bool {
    matches!(Header::decode(bytes), Err(HeaderError::NotCanonical))
}

/// The header's bytes with so many at this place replaced by these.
fn spelt(at: usize, length: usize, other: &[u8]) -> Vec<u8> {
    let mut bytes = header(vec![UnitId(5)]).encode();
    bytes.splice(at..at + length, other.iter().copied());
    bytes
}

#[test]
fn units_stand_once_each_in_ascending_order_and_are_at_most_eight() {
    let units = |ids: &[u16]| header(ids.iter().copied().map(UnitId).collect()).encode();
    assert!(Header::decode(&units(&[5, 300])).is_ok());
    assert!(is_other_spelling(&units(&[300, 5])), "not sorted");
    assert!(is_other_spelling(&units(&[5, 5])), "twice");
    let many: Vec<u16> = (1..=9).collect();
    assert!(Header::decode(&units(&many[..UNITS_ADDED_MAX])).is_ok());
    assert!(is_other_spelling(&units(&many)), "nine");
    let key = SigningKey::from_seed(&[7; 32]);
    let signed = Entry::sign(header(vec![UnitId(300), UnitId(5)]), Vec::new(), &key);
    assert!(matches!(signed, Err(EntryError::Header(HeaderError::NotCanonical))));
}

#[test]
fn one_header_has_one_spelling() {
    let plain = header(vec![UnitId(5)]).encode();
    assert_eq!(plain[KIND_AT..KIND_AT + 3], [0x19, 0x01, 0x2c], "the kind in two bytes");
    assert!(is_other_spelling(&spelt(KIND_AT, 3, &[0x1a, 0, 0, 0x01, 0x2c])), "a longer kind");
    assert!(is_other_spelling(&spelt(1, 1, &[0x18, 1])), "a longer version");
    assert!(is_other_spelling(&spelt(0, 1, &[0x98, 9])), "a longer count of fields");
    assert!(is_other_spelling(&spelt(2, 1, &[0x58, 16])), "a longer count of bytes");
    let units_at = plain.len() - 34 - 2;
    assert_eq!(plain[units_at..units_at + 2], [0x81, 5], "one unit");
    assert!(is_other_spelling(&spelt(units_at, 2, &[0x81, 0x18, 5])), "a longer unit");
    assert!(is_other_spelling(&spelt(units_at, 2, &[0x9f, 5, 0xff])), "a list without a count");
    let newer = Header::decode(&spelt(1, 1, &[2]));
    assert!(matches!(newer, Err(HeaderError::Version(2))));
    assert!(is_other_spelling(&spelt(0, 1, &[0x88])), "a field less");
}

#[test]
fn an_entry_ends_where_its_signature_ends_and_holds_the_payload_that_it_names() {
    let bytes = entry().encode();
    assert_eq!(Entry::decode(&bytes).unwrap(), entry());
    for length in 0..bytes.len() {
        assert!(Entry::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
    let trailing = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(Entry::decode(&trailing), Err(EntryError::Payload)));
    let at = bytes.len() - 64 - 1;
    let mut other = bytes;
    other[at] ^= 1;
    assert!(matches!(Entry::decode(&other), Err(EntryError::Payload)));
}

#[test]
fn a_key_that_fits_every_signature_signs_no_entry() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let header = Header { author: PublicKey(neutral), ..header(vec![UnitId(5)]) };
    // The base point once: what it takes to satisfy a check that is not strict.
    let mut signature = [0x66; 64];
    signature[0] = 0x58;
    signature[32..].fill(0);
    signature[32] = 1;
    let bytes = [header.encode().as_slice(), b"a payload", &signature].concat();
    let lax = ed25519_dalek::VerifyingKey::from_bytes(&neutral).unwrap();
    let parsed = ed25519_dalek::Signature::from_bytes(&signature);
    assert!(ed25519_dalek::Verifier::verify(&lax, b"whatever", &parsed).is_ok());
    assert!(Entry::decode(&bytes).unwrap().verify().is_err());
}

proptest! {
    #[test]
    fn no_bit_of_an_entry_can_be_turned(bit in 0..entry().encode().len() * 8) {
        let mut bytes = entry().encode();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verified = Entry::decode(&bytes).ok().and_then(|entry| entry.verify().ok());
        prop_assert_eq!(verified, None);
    }
}
