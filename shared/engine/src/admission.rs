//! The registry's verdict for the rules of journal and ledger.

use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc, thread::available_parallelism};

use hoso_identity::{Entry, PayloadHash, Position, Realm, Reason, UnitId, Verdict};
use hoso_registry::{Facts, State, Statement, admit};
use hoso_store::tables::Admission;
use tokio::task::JoinSet;

/// Entries that are worth a processor of their own.
const SHARE: usize = 8;

/// Entries that were read, and whose signatures were checked, before a transaction begins: there is
/// one writer, and checking takes longer than all that is written of an entry.
#[derive(Clone, Debug, Default)]
pub struct ReadAhead(BTreeMap<PayloadHash, Result<Entry, Reason>>);

impl ReadAhead {
    /// Reads these, off the async threads and on as many processors as there are.
    pub async fn of(realm: Realm, entries: Vec<Vec<u8>>) -> Self {
        let processors = available_parallelism().map_or(1, NonZeroUsize::get);
        let share = entries.len().div_ceil(processors).max(SHARE);
        let mut entries = entries.into_iter();
        let mut readers = JoinSet::new();
        loop {
            let part: Vec<Vec<u8>> = entries.by_ref().take(share).collect();
            if part.is_empty() {
                break;
            }
            readers.spawn_blocking(move || {
                part.iter().map(|one| (PayloadHash::of(one), read(realm, one))).collect::<Vec<_>>()
            });
        }
        let mut known = BTreeMap::new();
        while let Some(part) = readers.join_next().await {
            // What could not be read ahead is read in its turn.
            known.extend(part.unwrap_or_default());
        }
        Self(known)
    }
}

/// Entries that come while something else is done, and are read meanwhile; no more at once than by
/// [`ReadAhead::of`]. What was not begun ends with this.
#[derive(Debug, Default)]
pub struct Ahead(JoinSet<ReadAhead>);

impl Ahead {
    /// Begins to read these, once those before are read.
    pub fn begin(&mut self, realm: Realm, entries: Vec<Vec<u8>>) {
        if !entries.is_empty() {
            let before = std::mem::take(self);
            self.0.spawn(async move {
                let mut read = before.all().await;
                read.0.extend(ReadAhead::of(realm, entries).await.0);
                read
            });
        }
    }

    /// Gives these: as they were read meanwhile, or else read now.
    pub async fn take(&mut self, realm: Realm, mut entries: Vec<Vec<u8>>) -> ReadAhead {
        if entries.is_empty() {
            return ReadAhead::default();
        }
        let mut read = std::mem::take(self).all().await;
        entries.retain(|one| !read.0.contains_key(&PayloadHash::of(one)));
        read.0.extend(ReadAhead::of(realm, entries).await.0);
        read
    }

    /// All that was begun.
    async fn all(mut self) -> ReadAhead {
        let mut all = ReadAhead::default();
        while let Some(read) = self.0.join_next().await {
            all.0.extend(read.unwrap_or_default().0);
        }
        all
    }
}

/// Decides by the registry, which is copied when a statement is admitted. The caller keeps the
/// result when its transaction commits, and drops it when it does not.
#[derive(Clone, Debug)]
pub struct Registrar {
    state: Arc<State>,
    realm: Realm,
    sender_ended: bool,
    statements: usize,
    ahead: ReadAhead,
}

impl Registrar {
    /// Decides by this state. `realm` is that of the invitation or the founding entry, so that a
    /// foreign founding entry is refused even by an empty registry.
    #[must_use]
    pub fn new(state: Arc<State>, realm: Realm) -> Self {
        let ahead = ReadAhead::default();
        Self { state, realm, sender_ended: false, statements: 0, ahead }
    }

    /// Takes nothing from the sender any more.
    #[must_use]
    pub fn of_ended_sender(mut self) -> Self {
        self.sender_ended = true;
        self
    }

    /// Spares reading what was read before the transaction began.
    pub fn has_read(&mut self, ahead: ReadAhead) {
        self.ahead = ahead;
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
        let known = &mut self.ahead.0;
        let ahead = if known.is_empty() { None } else { known.remove(&PayloadHash::of(bytes)) };
        ahead.unwrap_or_else(|| read(self.realm, bytes))
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

/// Reads an entry of that realm and checks what it proves by itself.
fn read(realm: Realm, bytes: &[u8]) -> Result<Entry, Reason> {
    let entry = Entry::decode(bytes).map_err(|_| Reason::Malformed)?;
    let named = entry.header().realm;
    let founding = named.is_zero() && entry.id().realm() == realm;
    if named != realm && !founding {
        return Err(Reason::Realm);
    }
    let verified = entry.verify().map_err(|_| Reason::Signature)?;
    Ok((*verified).clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hoso_identity::{DocumentId, EntryId, Header, Kind, Nonce, PublicKey, SigningKey};

    use super::*;

    /// An entry of that realm under a key made for this test.
    fn entry(realm: u8, nonce: u8) -> Vec<u8> {
        let header = Header {
            realm: Realm([realm; 16]),
            document: DocumentId::ZERO,
            kind: Kind(257),
            author: PublicKey::ZERO,
            grant: EntryId([2; 32]),
            nonce: Nonce([nonce; 8]),
            units_added: vec![UnitId(1)],
            payload: PayloadHash::ZERO,
        };
        let key = SigningKey::from_seed(&[7; 32]);
        Entry::sign(header, vec![nonce; 40], &key).unwrap().encode()
    }

    #[tokio::test]
    async fn what_was_read_ahead_gets_the_answer_that_it_gets_in_its_turn() {
        let realm = Realm([1; 16]);
        let mut all: Vec<Vec<u8>> = (0..40).map(|nonce| entry(1, nonce)).collect();
        all.push(entry(3, 0));
        all.push(vec![0; 90]);
        let mut forged = entry(1, 50);
        *forged.last_mut().unwrap() ^= 1;
        all.push(forged);
        let mut ahead = Registrar::new(Arc::default(), realm);
        ahead.has_read(ReadAhead::of(realm, all.clone()).await);
        let mut in_turn = Registrar::new(Arc::default(), realm);
        // What comes a second time is judged as it was at first.
        for bytes in all.iter().chain(&all) {
            assert_eq!(ahead.read(bytes), in_turn.read(bytes));
        }
        let answers: Vec<_> = all.iter().map(|bytes| in_turn.read(bytes).err()).collect();
        let bad = [Reason::Realm, Reason::Malformed, Reason::Signature].map(Some);
        assert_eq!(answers[..40], [None; 40]);
        assert_eq!(answers[40..], bad);
    }

    #[tokio::test]
    async fn what_was_read_meanwhile_is_given_once_and_the_rest_is_read_then() {
        let realm = Realm([1; 16]);
        let [first, second, third, late] = [1, 2, 3, 4].map(|nonce| entry(1, nonce));
        let mut forged = entry(1, 5);
        *forged.last_mut().unwrap() ^= 1;
        let mut ahead = Ahead::default();
        ahead.begin(realm, vec![first.clone(), forged.clone()]);
        ahead.begin(realm, vec![second.clone(), third.clone()]);
        let taken = vec![first, forged.clone(), second, third, late];
        let ReadAhead(read) = ahead.take(realm, taken.clone()).await;
        let hashes: BTreeSet<_> = taken.iter().map(|one| PayloadHash::of(one)).collect();
        assert_eq!(read.keys().copied().collect::<BTreeSet<_>>(), hashes);
        assert_eq!(read[&PayloadHash::of(&forged)], Err(Reason::Signature));
        assert_eq!(read.values().filter(|entry| entry.is_ok()).count(), 4);
        assert!(ahead.0.is_empty());
        let ReadAhead(later) = ahead.take(realm, taken[..1].to_vec()).await;
        assert!(later[&PayloadHash::of(&taken[0])].is_ok());
    }
}
