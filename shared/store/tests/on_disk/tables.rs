//! SQLite keeps the contract of the tables.

use hoso_identity::{
    DocumentId, Entry, EntryId, Epoch, Header, Incarnation, Kind, Nonce, PayloadHash, Realm,
    SigningKey,
};
use hoso_store::{
    journal, ledger,
    tables::{JournalTables, NodeEntry, Standing},
};

use crate::{contract, scene::Scene};

#[test]
fn a_nodes_tables_keep_their_contract() {
    Scene::node().write(|tx| {
        journal::found(tx, Incarnation([1; 16]))?;
        contract::journal(tx);
        Ok(())
    });
}

#[test]
fn a_relays_tables_keep_their_contract() {
    Scene::relay().write(|tx| {
        ledger::found(tx, Epoch { generation: 1, random: [1; 8] })?;
        contract::ledger(tx);
        Ok(())
    });
}

#[test]
fn what_is_pending_is_counted_by_its_bytes_as_they_were_signed() {
    let key = SigningKey::from_seed(&[7; 32]);
    let header = Header {
        realm: Realm([1; 16]),
        document: DocumentId([2; 16]),
        kind: Kind(257),
        author: key.public(),
        grant: EntryId([3; 32]),
        nonce: Nonce([4; 8]),
        units_added: Vec::new(),
        payload: PayloadHash::ZERO,
    };
    let entry = Entry::sign(header, b"words ".repeat(500), &key).unwrap();
    let node_entry = NodeEntry {
        id: entry.id(),
        document: entry.document(),
        kind: Kind(257),
        author_unit: None,
        bytes: entry.encode(),
        journal: Some(1),
        position: None,
        row: None,
        placed_ms: None,
        standing: Standing::Counts,
    };
    let size = u64::try_from(node_entry.bytes.len()).unwrap();
    let mut scene = Scene::node();
    scene.write(move |tx| {
        journal::found(tx, Incarnation([1; 16]))?;
        tx.put_entry(&node_entry)?;
        tx.journal_append(1, &node_entry.id, &[5; 32])
    });
    assert_eq!(scene.read(journal::backlog).bytes, size);
    scene.reopen();
    assert_eq!(scene.read(journal::backlog).bytes, size);
}
