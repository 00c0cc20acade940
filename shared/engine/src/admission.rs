//! The registry's verdict for the rules of journal and ledger.

use std::sync::Arc;

use hoso_identity::{Entry, Position, Realm, Reason, UnitId, Verdict};
use hoso_registry::{Facts, State, Statement, admit};
use hoso_store::tables::Admission;

/// Decides by the registry, which is copied when a statement is admitted. The caller keeps the
/// result when its transaction commits, and drops it when it does not.
#[derive(Clone, Debug)]
pub struct Registrar {
    state: Arc<State>,
    realm: Realm,
    sender_ended: bool,
    statements: usize,
}

impl Registrar {
    /// Decides by this state. `realm` is that of the invitation or the founding entry, so that a
    /// foreign founding entry is refused even by an empty registry.
    #[must_use]
    pub fn new(state: Arc<State>, realm: Realm) -> Self {
        Self { state, realm, sender_ended: false, statements: 0 }
    }

    /// Takes nothing from the sender any more.
    #[must_use]
    pub fn of_ended_sender(mut self) -> Self {
        self.sender_ended = true;
        self
    }

    /// The registry with what was admitted, and how many statements changed it.
    #[must_use]
    pub fn finish(self) -> (Arc<State>, usize) {
        (self.state, self.statements)
    }

    /// Asks for the registry to be made anew of the statements that count: one may have lost its
    /// effect though none was admitted.
    pub fn refold(&mut self) {
        self.statements = self.statements.saturating_add(1);
    }

    /// The registry so far.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    fn statement(entry: &Entry) -> Option<Statement> {
        let header = entry.header();
        if !header.kind.is_statement() {
            return None;
        }
        Statement::decode(header.kind, entry.payload()).ok()
    }
}

impl Admission for Registrar {
    fn read(&mut self, bytes: &[u8]) -> Result<Entry, Reason> {
        let entry = Entry::decode(bytes).map_err(|_| Reason::Malformed)?;
        let realm = entry.header().realm;
        let founding = realm.is_zero() && entry.id().realm() == self.realm;
        if realm != self.realm && !founding {
            return Err(Reason::Realm);
        }
        let verified = entry.verify().map_err(|_| Reason::Signature)?;
        Ok((*verified).clone())
    }

    fn decide(
        &mut self,
        entry: &Entry,
        position: Option<Position>,
        audience: Option<&[UnitId]>,
    ) -> Verdict {
        let statement = Self::statement(entry);
        let facts =
            Facts { audience, sender_ended: self.sender_ended, statement: statement.as_ref() };
        admit(entry.header(), &entry.id(), position, &self.state, &facts)
    }

    fn author_unit(&mut self, entry: &Entry) -> Option<UnitId> {
        let header = entry.header();
        self.state.grant(&header.grant, &header.author).and_then(|grant| grant.unit)
    }

    fn admitted(&mut self, entry: &Entry, position: Option<Position>) {
        if let Some(statement) = Self::statement(entry) {
            Arc::make_mut(&mut self.state).fold(entry.header(), entry.id(), &statement, position);
            self.statements = self.statements.saturating_add(1);
        }
    }

    fn forget(&mut self) {
        self.state = Arc::default();
        self.refold();
    }
}
