//! Who attacks, and what they know: the keys of a node's people, and everything that the registry
//! and the dossiers of its unit say.

use std::path::Path;

use hoso_engine::keyfile;
use hoso_identity::{
    DocumentId, Entry, EntryId, Header, Nonce, PublicKey, Realm, Scratch, SigningKey, UnitId,
    WrappedKey,
};
use hoso_registry::{Placed, State, Statement, replay};
use hoso_store::{
    StoreError, accounts,
    readers::Readers,
    tables::{JournalTables, NodeEntry, Standing},
    writer::Tx,
};

use crate::e2e::node::{ADMINISTRATOR, CLERK, PASSWORD};

/// The clerk who may only take money.
pub const CASHIER: &str = "thungan";
/// The one who may only read.
pub const VIEWER: &str = "xem";

/// A key with the statement that empowers it.
#[derive(Clone, Debug)]
pub struct Insider {
    /// The key.
    pub key: SigningKey,
    /// The statement.
    pub grant: EntryId,
}

/// The attackers of one node.
#[derive(Debug)]
pub struct Cast {
    /// The realm.
    pub realm: Realm,
    /// What the statements say.
    pub state: State,
    /// Their unit.
    pub unit: UnitId,
    /// Holds every role that acts in dossiers.
    pub clerk: Insider,
    /// May only take money.
    pub cashier: Insider,
    /// May only read.
    pub viewer: Insider,
    /// Administrator of the unit.
    pub administrator: Insider,
    /// The node's own key, which has no role.
    pub machine: Insider,
    /// A key that nobody knows.
    pub stranger: SigningKey,
}

impl Cast {
    /// Opens what the resting node in this directory holds, with the passwords of its people.
    ///
    /// # Panics
    ///
    /// When something is missing.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        let statements = document(data, &DocumentId::ZERO);
        let read: Vec<(Entry, Statement, NodeEntry)> = statements
            .into_iter()
            .filter(|stored| stored.standing == Standing::Counts)
            .map(|stored| {
                let entry = Entry::decode(&stored.bytes).expect("a stored statement");
                let said = Statement::decode(entry.header().kind, entry.payload());
                (entry, said.expect("a statement that counts"), stored)
            })
            .collect();
        let state = replay(read.iter().map(|(entry, statement, stored)| Placed {
            header: entry.header(),
            id: entry.id(),
            statement,
            position: stored.position,
        }));
        let signing = keyfile::read(&data.join("signing.key")).expect("the node's own key");
        let node = state.nodes().find(|node| node.signing == signing.public());
        let (approval, unit) = node.map(|node| (node.approval, node.unit)).expect("the node");
        let insider = |name| {
            let key = opened(data, name);
            let grant = state.grants().find(|grant| grant.key == key.public());
            let grant = grant.unwrap_or_else(|| panic!("{name} has no grant")).statement;
            Insider { key, grant }
        };
        Self {
            realm: state.realm().expect("a realm"),
            unit,
            clerk: insider(CLERK),
            cashier: insider(CASHIER),
            viewer: insider(VIEWER),
            administrator: insider(ADMINISTRATOR),
            machine: Insider { key: signing, grant: approval },
            stranger: SigningKey::from_seed(&[0x5a; 32]),
            state,
        }
    }

    /// A header under which the insider may write into that dossier.
    #[must_use]
    pub fn header(&self, insider: &Insider, document: DocumentId, nonce: Nonce) -> Header {
        Header {
            realm: self.realm,
            document,
            kind: hoso_registry::EventKind::Noted.kind(),
            author: insider.key.public(),
            grant: insider.grant,
            nonce,
            units_added: Vec::new(),
            payload: hoso_identity::PayloadHash::ZERO,
        }
    }

    /// The people of other units, with the statements that empower them.
    pub fn others(&self) -> impl Iterator<Item = (PublicKey, EntryId)> {
        let grants = self.state.grants().filter(|grant| grant.unit != Some(self.unit));
        grants.map(|grant| (grant.key, grant.statement))
    }
}

/// All entries of a dossier at a node, in the order of arrival.
///
/// # Panics
///
/// When the database cannot be read.
#[must_use]
pub fn document(data: &Path, id: &DocumentId) -> Vec<NodeEntry> {
    let entries: Result<_, StoreError> = Readers::of(data).read(|tx| tx.document(id));
    entries.expect("a dossier can be read")
}

/// The key of an account.
fn opened(data: &Path, name: &str) -> SigningKey {
    let account: Result<_, StoreError> =
        Readers::of(data).read(|tx: &mut Tx<'_>| accounts::get(tx, name));
    let account = account.expect("accounts can be read").expect("the account");
    let wrapped = WrappedKey::from_bytes(&account.wrapped_key).expect("a wrapped key");
    wrapped.open(PASSWORD, &mut Scratch::default()).expect("the password")
}
