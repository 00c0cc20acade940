//! The rules of journal and ledger over real databases: the main paths of an entry, how a session
//! begins, what a second machine keeps, what healing brings back, and what comes late.

mod copies;
mod greeting;
mod healing;
mod late;

use hoso_identity::{
    DocumentId, Entry, EntryId, Epoch, Header, Incarnation, Kind, NodeId, Nonce, PayloadHash,
    Position, PublicKey, Realm, Reason, Scope, SessionToken, SigningKey, UnitId, Verdict,
    VerifiedEntry, WaitingFor,
};
use hoso_store::{
    StoreError, journal as journal_tables, ledger as ledger_tables,
    rules::{
        badge::{self, Badge, Reach},
        feed::{self, Applied, Content, FeedPage, Reached},
        greeting::{self as greeting_rules, Chance, Greeting, Shown, Welcome},
        intake,
        journal::{self, Welcomed},
        ledger::{self, Outcome, Pushed, Pusher},
        mend::{self, Positioned},
        recheck,
    },
    tables::{
        Admission, Delivered, JournalTables, LedgerTables, NodeEntry, Reader, ScopePoint, Standing,
    },
};

use crate::scene::Scene;

const A: UnitId = UnitId(7);
const B: UnitId = UnitId(9);
const EPOCH: Epoch = Epoch { generation: 1, random: [1; 8] };

/// Admits every signed entry for whose author's unit the audience has room; a key's first byte of
/// the grant is its unit.
struct Open;

impl Admission for Open {
    fn read(&mut self, bytes: &[u8]) -> Result<Entry, Reason> {
        let entry = Entry::decode(bytes).map_err(|_| Reason::Malformed)?;
        entry.clone().verify().map_err(|_| Reason::Signature)?;
        Ok(entry)
    }

    fn decide(
        &mut self,
        entry: &Entry,
        _: Option<Position>,
        audience: Option<&[UnitId]>,
    ) -> Verdict {
        let unit = self.author_unit(entry).unwrap();
        match audience {
            None if entry.header().is_first() => Verdict::Admitted,
            None => Verdict::Waiting(WaitingFor::Document(entry.document())),
            Some(audience) if audience.contains(&unit) => Verdict::Admitted,
            Some(_) => Verdict::Waiting(WaitingFor::Audience(entry.document(), unit)),
        }
    }

    fn author_unit(&mut self, entry: &Entry) -> Option<UnitId> {
        Some(UnitId(u16::from(entry.header().grant.0[0])))
    }

    fn admitted(&mut self, _: &Entry, _: Option<Position>) {}

    fn forget(&mut self) {}
}

/// An event of a unit in a dossier; the dossier's first if that is zero.
fn event(unit: UnitId, nonce: u8, document: DocumentId, added: &[UnitId]) -> VerifiedEntry {
    let mark = u8::try_from(unit.0).unwrap();
    let header = Header {
        realm: Realm([1; 16]),
        document,
        kind: Kind(if document.is_zero() { 256 } else { 258 }),
        author: PublicKey::ZERO,
        grant: EntryId([mark; 32]),
        nonce: Nonce([nonce; 8]),
        units_added: added.to_vec(),
        payload: PayloadHash::ZERO,
    };
    Entry::sign(header, vec![nonce; 20], &SigningKey::from_seed(&[mark; 32])).unwrap()
}

/// A node and what its conversation would remember.
struct Office {
    scene: Scene,
    node: NodeId,
    unit: UnitId,
}

impl Office {
    fn new(unit: UnitId) -> Self {
        let mark = u8::try_from(unit.0).unwrap();
        let scene = Scene::node();
        scene.write(move |tx| journal_tables::found(tx, Incarnation([mark; 16])));
        Self { scene, node: NodeId([mark; 16]), unit }
    }

    fn incarnation(&self) -> Incarnation {
        self.scene.write(|tx| JournalTables::facts(tx)).incarnation
    }

    fn save(&self, entry: &VerifiedEntry) {
        let entry = entry.clone();
        self.scene.write(move |tx| journal::append(tx, &mut Open, &entry).map(|_| ()));
    }

    fn standing(&self, id: EntryId) -> Option<Standing> {
        let entry = self.scene.write(move |tx| JournalTables::entry(tx, &id));
        entry.map(|entry| entry.standing)
    }

    fn cursors(&self) -> Vec<ScopePoint> {
        let known = self.scene.write(|tx| tx.cursors());
        [Scope::Province, Scope::Unit(self.unit)]
            .map(|scope| {
                let cursor = known.iter().find(|cursor| cursor.scope == scope).copied();
                cursor.unwrap_or(ScopePoint { scope, row: 0, digest: [0; 32] })
            })
            .to_vec()
    }

    fn take(&self, page: FeedPage) -> Result<(), intake::Misfit> {
        self.scene.write(move |tx| Ok(intake::take(tx, &mut Open, &page, 5)?.map(|_| ())))
    }

    fn apply_all(&self) {
        self.scene.write(|tx| {
            for mark in tx.to_apply(0, 100)? {
                journal::applied(tx, &mark.document, &[])?;
            }
            Ok(())
        });
    }
}

fn relay() -> Scene {
    let scene = Scene::relay();
    scene.write(|tx| ledger_tables::found(tx, EPOCH));
    scene
}

fn greet(relay: &Scene, office: &Office, chance: u8) -> Greeting {
    greet_at(relay, office, chance, 1)
}

fn greet_at(relay: &Scene, office: &Office, chance: u8, now_ms: u64) -> Greeting {
    greet_as(relay, shown(office, now_ms), chance, now_ms)
}

/// What the node shows of itself.
fn shown(office: &Office, now_ms: u64) -> Shown {
    let facts = office.scene.write(|tx| JournalTables::facts(tx));
    Shown {
        node: office.node,
        incarnation: facts.incarnation,
        token: facts.token,
        epoch: facts.epoch,
        cursors: office.cursors().into_iter().filter(|cursor| cursor.row > 0).collect(),
        through: facts.journal_through,
        wish: recheck::wish(&facts, now_ms),
        ended: false,
    }
}

fn greet_as(relay: &Scene, shown: Shown, chance: u8, now_ms: u64) -> Greeting {
    let chance = Chance { token: SessionToken([chance; 16]), epoch: [chance; 8] };
    relay.write(move |tx| greeting_rules::greet(tx, &shown, chance, now_ms))
}

/// Says hello and stores the welcome, as a session does.
fn meet(relay: &Scene, office: &Office, chance: u8) -> Welcome {
    let Greeting::Welcome(welcome) = greet(relay, office, chance) else { panic!("no welcome") };
    take_welcome(office, &welcome);
    let token = welcome.token;
    let (node, incarnation) = (office.node, office.incarnation());
    relay.write(move |tx| greeting_rules::confirm(tx, &node, &incarnation, token));
    welcome
}

fn take_welcome(office: &Office, welcome: &Welcome) {
    let Welcome { token, epoch, through, .. } = *welcome;
    let said = Welcomed { token, epoch, through, heal: welcome.heal.is_some() };
    office.scene.write(move |tx| journal::welcomed(tx, &said, 1));
}

fn batch(office: &Office, after: u64) -> Vec<Pushed> {
    let entries = office.scene.write(move |tx| journal::read(tx, after, 1 << 20, 100));
    let pushed = |entry: NodeEntry| Pushed { number: entry.journal.unwrap(), bytes: entry.bytes };
    entries.into_iter().map(pushed).collect()
}

/// Pushes everything above `after` and lets the node take the acknowledgement.
fn push(relay: &Scene, office: &Office, after: u64) -> Vec<(u64, Outcome)> {
    let batch = batch(office, after);
    let from = Pusher { node: office.node, incarnation: office.incarnation(), ended: false };
    let ingested = relay.write(move |tx| ledger::ingest(tx, &mut Open, from, &batch, 3)).unwrap();
    let outcomes = ingested.outcomes.clone();
    let said = journal::Acknowledgement {
        through: ingested.through,
        digest: ingested.digest,
        outcomes: ingested.outcomes,
    };
    assert!(office.scene.write(move |tx| journal::acknowledged(tx, &said)).is_some());
    outcomes
}

fn page(relay: &Scene, office: &Office) -> FeedPage {
    let (node, incarnation, after) = (office.node, office.incarnation(), office.cursors());
    relay.write(move |tx| feed::read(tx, (&node, &incarnation), &after, 1 << 20, 100))
}

/// Reads the feed, applies everything and tells the relay so.
fn pull(relay: &Scene, office: &Office) {
    let page = page(relay, office);
    office.take(page).unwrap();
    office.apply_all();
    let (node, stored) = (office.node, office.cursors());
    let progress = office.scene.write(|tx| journal::progress(tx));
    let diverged = relay.write(move |tx| {
        let applied: Vec<Applied> = progress.applied;
        feed::acknowledge(tx, &node, &stored, &applied, &progress.except)
    });
    assert_eq!(diverged, None);
}

/// What the badge of a dossier says whose last entry is this one of A, sent to B.
fn badge_at(office: &Office, id: EntryId) -> Badge {
    let (entry, facts, known) = office.scene.write(move |tx| {
        let entry = JournalTables::entry(tx, &id)?.ok_or(StoreError::Stale)?;
        Ok((entry, tx.facts()?, journal_tables::all_delivered(tx)?))
    });
    let reach = Reach { destinations: &[B], opened: &[], known: &known, copied: 0 };
    badge::badge(&entry, reach, &facts, 0)
}

/// What relay and node lack of each other in the unit's scope.
fn compare(relay: &Scene, office: &Office) -> mend::Difference {
    compare_at(relay, office, relay.write(|tx| tx.taken()))
}

/// The same, with the ledger as it was when it had taken so many entries.
fn compare_at(relay: &Scene, office: &Office, taken: u64) -> mend::Difference {
    let scope = Scope::Unit(office.unit);
    let held = office.scene.write(move |tx| {
        let own = mend::of_journal(tx, scope)?;
        let documents: Vec<_> = own
            .iter()
            .map(|own| (mend::document_hash(&own.document), Some(own.document)))
            .collect();
        mend::held(tx, &documents, None, 1000)
    });
    relay.write(move |tx| mend::difference(tx, &held, taken))
}

fn learn(relay: &Scene, office: &Office) {
    let unit = office.unit;
    for Reached { unit, node, through, except } in relay.write(move |tx| feed::reached(tx, unit)) {
        let fact = Delivered { unit, through, except, at_ms: 9, node: Some(node) };
        office.scene.write(move |tx| journal::reached(tx, &fact));
    }
}

#[test]
fn an_entry_goes_from_saved_over_the_province_to_delivered() {
    let (relay, a, b) = (relay(), Office::new(A), Office::new(B));
    let first = event(A, 1, DocumentId::ZERO, &[A, B]);
    a.save(&first);
    assert_eq!(badge_at(&a, first.id()), Badge::Saved);
    assert_eq!(meet(&relay, &a, 1).heal, None);
    meet(&relay, &b, 2);
    assert_eq!(push(&relay, &a, 0), []);
    pull(&relay, &a);
    learn(&relay, &a);
    assert_eq!(badge_at(&a, first.id()), Badge::AtProvince);
    pull(&relay, &b);
    assert_eq!(b.standing(first.id()), Some(Standing::Counts));
    learn(&relay, &a);
    assert_eq!(badge_at(&a, first.id()), Badge::Delivered);
    let backlog = a.scene.write(journal_tables::backlog);
    assert_eq!(backlog, journal_tables::Backlog::default());
}

#[test]
fn what_is_pushed_twice_is_there_once_and_a_gap_takes_nothing() {
    let (relay, a) = (relay(), Office::new(A));
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    a.save(&first);
    a.save(&event(A, 2, first.document(), &[]));
    meet(&relay, &a, 1);
    let from = Pusher { node: a.node, incarnation: a.incarnation(), ended: false };
    let late = batch(&a, 1);
    let gap = relay.write(move |tx| ledger::ingest(tx, &mut Open, from, &late, 3)).unwrap();
    assert!(gap.gap && gap.through == 0);
    push(&relay, &a, 0);
    let head = relay.write(|tx| tx.head());
    push(&relay, &a, 0);
    assert_eq!(relay.write(|tx| tx.head()), head);
    assert_eq!(head.number, 2);
}

#[test]
fn what_waits_for_its_dossier_gets_its_place_when_that_comes_and_what_is_damaged_never() {
    let (relay, a, b) = (relay(), Office::new(A), Office::new(B));
    let first = event(A, 1, DocumentId::ZERO, &[A, B]);
    let answer = event(B, 2, first.document(), &[]);
    b.save(&answer);
    meet(&relay, &b, 1);
    let outcomes = push(&relay, &b, 0);
    assert_eq!(outcomes, [(1, Outcome::Waiting(WaitingFor::Document(first.document())))]);
    a.save(&first);
    meet(&relay, &a, 2);
    push(&relay, &a, 0);
    let document = first.document();
    let accepted = relay.write(move |tx| LedgerTables::document(tx, &document));
    assert_eq!(accepted, [first.id(), answer.id()]);
    let mut damaged = answer.encode();
    *damaged.last_mut().unwrap() ^= 1;
    let outcome = relay.write(move |tx| ledger::accept_own(tx, &mut Open, &damaged, 3));
    assert_eq!(outcome, Outcome::Refused(Reason::Signature), "also beside the good one");
    let junk = relay.write(|tx| ledger::accept_own(tx, &mut Open, b"junk", 3));
    assert_eq!(junk, Outcome::Refused(Reason::Malformed));
    let refused = [(Reason::Malformed, 1), (Reason::Signature, 1)];
    assert_eq!(relay.write(ledger_tables::refused), refused);
    pull(&relay, &a);
    assert_eq!(a.standing(answer.id()), Some(Standing::Counts));
}

#[test]
fn what_did_not_fit_before_it_had_a_position_is_tried_again_when_it_has_one() {
    let (relay, a) = (relay(), Office::new(A));
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    a.save(&first);
    let (document, id, standing) = (first.document(), first.id(), Standing::Refused(Reason::Shape));
    let unfit = journal::Applicability { id, standing };
    a.scene.write(move |tx| journal::applied(tx, &document, &[unfit]));
    meet(&relay, &a, 1);
    push(&relay, &a, 0);
    assert_eq!(a.standing(id), Some(standing));
    a.take(page(&relay, &a)).unwrap();
    assert_eq!(a.standing(id), Some(Standing::Counts), "as at every node that had it later");
    assert_eq!(a.scene.write(|tx| tx.to_apply(0, 9)).len(), 1);
}

#[test]
fn a_refusal_whose_acknowledgement_was_lost_is_said_again_and_not_taken_for_acceptance() {
    let (relay, a) = (relay(), Office::new(A));
    let entry = event(A, 1, DocumentId::ZERO, &[A]);
    a.save(&entry);
    meet(&relay, &a, 1);
    let from = Pusher { node: a.node, incarnation: a.incarnation(), ended: true };
    let lost = batch(&a, 0);
    let lost = relay.write(move |tx| ledger::ingest(tx, &mut Open, from, &lost, 3)).unwrap();
    assert_eq!(lost.through, 1, "its acknowledgement never arrives");
    let welcome = meet(&relay, &a, 2);
    assert_eq!(welcome.through, 1);
    let facts = a.scene.write(|tx| JournalTables::facts(tx));
    assert_eq!(facts.journal_through, 0, "nobody has said yet what became of it");
    assert_eq!(push(&relay, &a, 0), [(1, Outcome::Refused(Reason::NodeEnded))]);
    assert_eq!(a.standing(entry.id()), Some(Standing::Refused(Reason::NodeEnded)));
    let facts = a.scene.write(|tx| JournalTables::facts(tx));
    assert_eq!(facts.journal_through, 1);
    assert_eq!(relay.write(ledger_tables::refused), [(Reason::NodeEnded, 1)], "kept once");
}

#[test]
fn a_forged_entry_is_never_believed_and_hides_no_true_one() {
    let (relay, a, b) = (relay(), Office::new(A), Office::new(B));
    let first = event(A, 1, DocumentId::ZERO, &[A, B]);
    a.save(&first);
    meet(&relay, &a, 1);
    push(&relay, &a, 0);
    meet(&relay, &b, 2);
    let mut forged = page(&relay, &b);
    let Content::Entry { bytes, position } = &mut forged.items[0].content else { panic!() };
    *bytes.last_mut().unwrap() ^= 1;
    let (bytes, position) = (bytes.clone(), *position);
    b.take(forged).unwrap();
    let refused = Some(Standing::Refused(Reason::Signature));
    assert_eq!(b.standing(first.id()), refused);
    let again = |bytes: Vec<u8>, number: u64| {
        let position = Position { number, ..position };
        let healed = [Positioned { bytes, position }];
        b.scene.write(move |tx| intake::mend(tx, &mut Open, &healed, 9, 6).map(|_| ()));
    };
    again(bytes.clone(), position.number);
    assert_eq!(b.standing(first.id()), refused, "the second look is the same as the first");
    again(bytes, position.number + 5);
    assert_eq!(b.standing(first.id()), refused, "another position makes it no better");
    again(first.encode(), position.number);
    assert_eq!(b.standing(first.id()), Some(Standing::Counts));
    let id = first.id();
    let kept = b.scene.write(move |tx| JournalTables::entry(tx, &id));
    assert_eq!(kept.unwrap().bytes, first.encode());
}

#[test]
fn a_page_that_does_not_follow_is_refused_and_no_cursor_moves() {
    let (relay, a, b) = (relay(), Office::new(A), Office::new(B));
    a.save(&event(A, 1, DocumentId::ZERO, &[A, B]));
    meet(&relay, &a, 1);
    meet(&relay, &b, 2);
    push(&relay, &a, 0);
    let good = page(&relay, &b);
    let mut other_epoch = good.clone();
    other_epoch.epoch.generation += 1;
    assert_eq!(b.take(other_epoch), Err(intake::Misfit::Disorder));
    let mut diverged = good.clone();
    diverged.points.iter_mut().for_each(|point| point.digest[0] ^= 1);
    let taken = b.scene.try_write(move |tx| {
        let taken = intake::take(tx, &mut Open, &diverged, 5)?;
        assert_eq!(taken, Err(intake::Misfit::Diverged));
        // The caller commits nothing of it.
        Err::<(), _>(StoreError::Stale)
    });
    assert!(taken.is_err());
    assert!(b.cursors().iter().all(|cursor| cursor.row == 0));
    b.take(good.clone()).unwrap();
    assert_eq!(b.take(good), Err(intake::Misfit::Disorder), "the same rows come once");
}

#[test]
fn a_dossier_that_ended_the_process_twice_is_set_aside_and_the_rest_counts_as_applied() {
    let mut office = Office::new(B);
    let (relay, a) = (relay(), Office::new(A));
    let entry = event(A, 1, DocumentId::ZERO, &[A, B]);
    a.save(&entry);
    meet(&relay, &a, 1);
    meet(&relay, &office, 2);
    push(&relay, &a, 0);
    let page = page(&relay, &office);
    office.take(page).unwrap();
    let document = entry.document();
    for expected in [true, true, false] {
        let progress = office.scene.write(|tx| journal::progress(tx));
        let row = progress.applied.iter().map(|applied| applied.row).max();
        assert_eq!(row == Some(0), expected, "it holds up what is applied until it is set aside");
        assert_eq!(office.scene.write(move |tx| journal::attempt(tx, &document)), expected);
        office.scene.reopen();
    }
    let progress = office.scene.write(|tx| journal::progress(tx));
    assert_eq!(progress.except, [entry.id()]);
}

#[test]
fn what_cannot_be_listed_as_an_exception_is_not_said_to_be_applied() {
    let office = Office::new(B);
    let entry = event(A, 1, DocumentId::ZERO, &[A, B]);
    let id_bytes = |number: u64| *blake3::hash(&number.to_be_bytes()).as_bytes();
    let waits = move |number: u64| NodeEntry {
        id: EntryId(id_bytes(number)),
        document: entry.document(),
        kind: entry.header().kind,
        author_unit: Some(A),
        bytes: entry.encode(),
        journal: None,
        position: Some(Position { epoch: EPOCH, number }),
        row: Some(number),
        placed_ms: Some(1),
        standing: Standing::Waiting(WaitingFor::Document(entry.document())),
    };
    let cursor = ScopePoint { scope: Scope::Unit(B), row: 1000, digest: [1; 32] };
    let said = office.scene.write(move |tx| {
        tx.put_cursor(&cursor)?;
        for number in 1..=256 {
            tx.put_entry(&waits(number))?;
        }
        let listed = journal::progress(tx)?;
        tx.put_entry(&waits(257))?;
        Ok([listed, journal::progress(tx)?])
    });
    let rows = said[0].applied.iter().map(|applied| applied.row).collect::<Vec<_>>();
    assert_eq!((rows, said[0].except.len()), (vec![1000], 256));
    assert_eq!(said[1], journal::Progress::default(), "what was said before is all that is said");
    let (relay, node) = (relay(), office.node);
    let known = relay.write(move |tx| {
        let zero = [ScopePoint { scope: Scope::Unit(B), row: 0, digest: [0; 32] }];
        tx.put_reader(Scope::Unit(B), &Reader { node, stored: 9, applied: 7, except: Vec::new() })?;
        feed::acknowledge(tx, &node, &zero, &[], &[])?;
        tx.readers(Scope::Unit(B))
    });
    assert_eq!(known[0].applied, 7);
}
