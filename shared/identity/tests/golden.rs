//! An entry has the same bytes in every release: what is signed today is read for decades.

#![expect(clippy::unwrap_used, reason = "what a test makes itself is there")]

use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Kind, Nonce, PayloadHash, Realm, SigningKey, UnitId,
};

const HEADER: &str = concat!(
    "8901500101010101010101010101010101010150000000000000000000000000",
    "000000001901015820ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b",
    "92421eea691446d22c5820020202020202020202020202020202020202020202",
    "0202020202020202020202480303030303030303820519012c5820cf3b8053e7",
    "50ff9764caf4d2f979014a54657dd6504e8c6c1ed5c38c7a0320a0",
);
const ID: &str = "43cf72513677872d74ee49fe3a68c8bc995bcdf0e725bf65f149afca6c72d9b8";
const SIGNATURE: &str = concat!(
    "31694eddc6e0a41fdd29b4ccec22cd884ce81a3ea91f992bc96e97e77fd0c0cf",
    "82b42855ae7d34f6b9c1f18dce1dbab2ee3db01b0d4ada2b01a2427a678d6a09",
);
const ACTOR: &str = "e710c77cdfd379212f0438536ea39e92";

fn entry() -> Entry {
    let key = SigningKey::from_seed(&[7; 32]);
    let header = Header {
        realm: Realm([1; 16]),
        document: DocumentId::ZERO,
        kind: Kind(257),
        author: key.public(),
        grant: EntryId([2; 32]),
        nonce: Nonce([3; 8]),
        units_added: vec![UnitId(5), UnitId(300)],
        payload: PayloadHash::ZERO,
    };
    (*Entry::sign(header, b"a payload".to_vec(), &key).unwrap()).clone()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn header_id_signature_and_actor_stay_the_same_from_release_to_release() {
    let entry = entry();
    let bytes = entry.encode();
    let (header, rest) = bytes.split_at(entry.header().encode().len());
    let (payload, signature) = rest.split_at(b"a payload".len());
    assert_eq!(hex(header), HEADER);
    assert_eq!(payload, b"a payload");
    assert_eq!(hex(signature), SIGNATURE);
    assert_eq!(entry.id().to_string(), ID);
    assert_eq!(entry.header().actor().to_string(), ACTOR);
    assert_eq!(entry.document(), entry.id().document());
}

#[test]
fn the_bytes_of_an_earlier_release_are_read_and_verified() {
    let text = format!("{HEADER}{}{SIGNATURE}", hex(b"a payload"));
    let bytes: Vec<u8> = (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let verified = Entry::decode(&bytes).unwrap().verify().unwrap();
    assert_eq!(*verified, entry());
    assert_eq!(verified.header().units_added, [UnitId(5), UnitId(300)]);
}
