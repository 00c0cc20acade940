//! Statements in the name of a root or registrar.

use hoso_engine::secret;
use hoso_identity::{
    DocumentId, Entry, EntryError, EntryId, Header, Nonce, PayloadHash, Realm, SigningKey,
};
use hoso_registry::Statement;
use thiserror::Error;

/// Why a statement could not be signed.
#[derive(Debug, Error)]
pub enum SignError {
    /// The system has no chance to give.
    #[error("the system gives no random bytes: {0}")]
    Chance(#[from] std::io::Error),
    /// The statement does not fit into an entry.
    #[error("the statement does not fit into an entry")]
    Entry(#[from] EntryError),
}

/// Who signs, and by which grant.
#[derive(Clone)]
pub struct Signer {
    /// The realm; zero for its founding.
    pub realm: Realm,
    /// The statement that empowers the key; zero for the founding.
    pub grant: EntryId,
    /// The key.
    pub key: SigningKey,
}

impl Signer {
    /// The entry that says it.
    ///
    /// # Errors
    ///
    /// [`SignError`].
    pub fn sign(&self, statement: &Statement) -> Result<Entry, SignError> {
        let header = Header {
            realm: self.realm,
            document: DocumentId::ZERO,
            kind: statement.kind().kind(),
            author: self.key.public(),
            grant: self.grant,
            nonce: Nonce(secret::chance()?),
            units_added: Vec::new(),
            payload: PayloadHash::ZERO,
        };
        Ok((*Entry::sign(header, statement.encode(), &self.key)?).clone())
    }
}
