//! The rules of journal and ledger over real databases: the main paths of an entry, and what a
//! restore of either side brings back.

use std::{fs, path::Path};

use hoso_identity::{
    DocumentId, Entry, EntryId, Epoch, Header, Incarnation, Kind, NodeId, Nonce, PayloadHash,
    Position, PublicKey, Realm, Reason, Scope, SessionToken, SigningKey, UnitId, Verdict,
    VerifiedEntry, WaitingFor,
};
use hoso_store::{
    StoreError, backup,
    database::{DATABASE_NAME, Schema},
    journal as journal_tables, ledger as ledger_tables,
    rules::{
        badge::{Badge, LastEntry, Reach, badge},
        feed::{self, Applied, FeedPage, Reached},
        greeting::{self, Chance, Greeting, HealReason, Shown, Welcome},
        intake, journal,
        ledger::{self, Outcome, Pushed, Pusher},
        mend,
    },
    tables::{Admission, Delivered, JournalTables, LedgerTables, ScopePoint, Standing},
    writer::Tx,
};

use crate::scene::Scene;

const A: UnitId = UnitId(7);
const B: UnitId = UnitId(9);

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
    scene.write(|tx| ledger_tables::found(tx, Epoch { generation: 1, random: [1; 8] }));
    scene
}

fn greet(relay: &Scene, office: &Office, chance: u8) -> Greeting {
    greet_at(relay, office, chance, 1)
}

fn greet_at(relay: &Scene, office: &Office, chance: u8, now_ms: u64) -> Greeting {
    let facts = office.scene.write(|tx| JournalTables::facts(tx));
    let shown = Shown {
        node: office.node,
        incarnation: facts.incarnation,
        token: facts.token,
        epoch: facts.epoch,
        cursors: office.cursors().into_iter().filter(|cursor| cursor.row > 0).collect(),
    };
    let chance = Chance { token: SessionToken([chance; 16]), epoch: [chance; 8] };
    relay.write(move |tx| greeting::greet(tx, &shown, chance, now_ms))
}

/// Says hello and stores the welcome, as a session does.
fn meet(relay: &Scene, office: &Office, chance: u8) -> Welcome {
    let Greeting::Welcome(welcome) = greet(relay, office, chance) else { panic!("no welcome") };
    let (token, heal) = (welcome.token, welcome.heal.is_some());
    let (epoch, through) = (welcome.epoch, welcome.through);
    office.scene.write(move |tx| journal::welcomed(tx, token, (epoch, through), heal));
    let (node, incarnation) = (office.node, office.incarnation());
    relay.write(move |tx| greeting::confirm(tx, &node, &incarnation, token));
    welcome
}

fn batch(office: &Office, after: u64) -> Vec<Pushed> {
    let entries = office.scene.write(move |tx| journal::read(tx, after, 1 << 20, 100));
    let pushed = |entry: hoso_store::tables::NodeEntry| Pushed {
        number: entry.journal.unwrap(),
        bytes: entry.bytes,
    };
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
    assert!(office.scene.write(move |tx| journal::acknowledged(tx, &said)));
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
    let last = LastEntry { id, journal: entry.journal, row: entry.row, standing: entry.standing };
    badge(&last, Reach { destinations: &[B], opened: &[], known: &known }, &facts, 0)
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
fn a_relay_restored_from_an_old_backup_gets_entries_back_at_the_positions_that_they_had() {
    let (mut relay, a) = (relay(), Office::new(A));
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    a.save(&first);
    meet(&relay, &a, 1);
    push(&relay, &a, 0);
    pull(&relay, &a);
    let file = a.scene.path().join("relay-backup");
    backup::backup(relay.path(), Schema::Relay, &file, 1, |_, _| true).unwrap();
    let lost = event(A, 2, first.document(), &[]);
    a.save(&lost);
    push(&relay, &a, 1);
    pull(&relay, &a);
    relay.close();
    let anew = |tx: &mut Tx<'_>| greeting::mint_epoch(tx, None, [7; 8]).map(|_| ());
    backup::restore(relay.path(), Schema::Relay, &file, anew, |_, _| {}).unwrap();
    relay.reopen();
    let welcome = match greet(&relay, &a, 4) {
        Greeting::Welcome(welcome) => welcome,
        // The token is newer than the backup: the node takes a new incarnation and comes again.
        Greeting::Copy | Greeting::Fuse => {
            a.scene.write(|tx| journal::renew(tx, Incarnation([77; 16])));
            meet(&relay, &a, 5)
        }
    };
    assert!(matches!(welcome.heal, Some(HealReason::Epoch | HealReason::Incarnation)));
    let listing = relay.write(|tx| LedgerTables::listing(tx, Scope::Unit(A)));
    let held = a.scene.write(|tx| JournalTables::listing(tx, Scope::Unit(A)));
    let held: Vec<mend::Held> = held
        .into_iter()
        .map(|(document, entries)| mend::Held { document: mend::document_hash(&document), entries })
        .collect();
    let difference = mend::difference(&listing, &held);
    assert_eq!((difference.send, difference.want.clone()), (vec![], vec![lost.id()]));
    let back = a.scene.write(move |tx| journal::positioned(tx, &difference.want));
    let claims = back.clone();
    let accepted = relay.write(move |tx| mend::claim(tx, &mut Open, &claims, 9));
    assert_eq!(accepted, 1);
    let entry = relay.write(move |tx| LedgerTables::entry(tx, &lost.id())).unwrap();
    assert_eq!(entry.position, back[0].position);
    let again = relay.write(move |tx| mend::claim(tx, &mut Open, &back, 9));
    assert_eq!(again, 0, "a claim is taken once");
}

#[test]
fn a_copy_of_a_nodes_database_is_told_that_it_is_one() {
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    let file = relay.path().join("node-backup");
    backup::backup(a.scene.path(), Schema::Node, &file, 1, |_, _| true).unwrap();
    meet(&relay, &a, 2);
    meet(&relay, &a, 3);
    let mut copy = Office::new(A);
    copy.scene.close();
    backup::restore(
        copy.scene.path(),
        Schema::Node,
        &file,
        |_| Ok::<(), StoreError>(()),
        |_, _| {},
    )
    .unwrap();
    copy.scene.reopen();
    assert_eq!(greet(&relay, &copy, 4), Greeting::Copy);
    copy.scene.write(|tx| journal::renew(tx, Incarnation([77; 16])));
    let Greeting::Welcome(welcome) = greet(&relay, &copy, 5) else { panic!("no welcome") };
    assert_eq!(welcome.heal, Some(HealReason::Incarnation));
    assert!(matches!(greet(&relay, &a, 6), Greeting::Welcome(_)), "the first one goes on");
}

#[test]
fn a_ledger_that_lost_commits_and_gave_their_positions_again_takes_both_entries() {
    let (mut relay, a, b) = (relay(), Office::new(A), Office::new(B));
    meet(&relay, &a, 1);
    meet(&relay, &b, 2);
    // The whole disk comes back as it was, with the marker that would tell an older database.
    let kept = tempfile::tempdir().unwrap();
    let copy = |from: &Path, to: &Path| {
        for name in [DATABASE_NAME, "hoso.open"] {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    };
    relay.close();
    copy(relay.path(), kept.path());
    relay.reopen();
    let lost = event(A, 1, DocumentId::ZERO, &[A]);
    a.save(&lost);
    assert_eq!(push(&relay, &a, 0), []);
    pull(&relay, &a);
    let id = lost.id();
    let position = a.scene.write(move |tx| JournalTables::entry(tx, &id)).unwrap().position;
    relay.close();
    copy(kept.path(), relay.path());
    relay.reopen();
    let other = event(B, 2, DocumentId::ZERO, &[B]);
    b.save(&other);
    assert_eq!(push(&relay, &b, 0), []);
    let taken = relay.write(move |tx| LedgerTables::entry(tx, &other.id())).unwrap();
    assert_eq!(Some(taken.position), position, "the same position was given again");
    let Greeting::Welcome(welcome) = greet(&relay, &a, 3) else { panic!("no welcome") };
    assert!(welcome.minted && welcome.heal == Some(HealReason::Epoch), "{welcome:?}");
    let back = [mend::Positioned { bytes: lost.encode(), position: position.unwrap() }];
    assert_eq!(relay.write(move |tx| mend::claim(tx, &mut Open, &back, 4)), 1);
    let anew = relay.write(move |tx| LedgerTables::entry(tx, &id)).unwrap();
    assert_eq!(anew.position.epoch, welcome.epoch, "it is taken as if it came now");
}

#[test]
fn a_hello_that_comes_late_over_an_older_connection_makes_no_copy_of_its_node() {
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    let Greeting::Welcome(newer) = greet(&relay, &a, 2) else { panic!("no welcome") };
    let Greeting::Welcome(late) = greet(&relay, &a, 3) else { panic!("no welcome") };
    assert_eq!(late.token, newer.token, "the node may have stored it by now");
    let (token, epoch) = (newer.token, newer.epoch);
    a.scene.write(move |tx| journal::welcomed(tx, token, (epoch, 0), false));
    let Greeting::Welcome(next) = greet(&relay, &a, 4) else { panic!("taken for a copy") };
    assert_ne!(next.token, token, "what was shown gives way to a fresh one");
}

#[test]
fn a_fuse_stops_the_third_healing_in_an_hour_and_a_clock_that_was_ahead_does_not_hold_it() {
    const HOUR_MS: u64 = 3_600_000;
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    let heal = |chance: u8, now_ms: u64| {
        a.scene.write(move |tx| journal::renew(tx, Incarnation([chance; 16])));
        greet_at(&relay, &a, chance, now_ms)
    };
    let year_ahead = 365 * 24 * HOUR_MS;
    for chance in [11, 12] {
        assert!(matches!(heal(chance, year_ahead), Greeting::Welcome(_)));
    }
    assert_eq!(heal(13, year_ahead + 1), Greeting::Fuse);
    for chance in [14, 15] {
        assert!(matches!(heal(chance, 5 * HOUR_MS), Greeting::Welcome(_)));
    }
    assert_eq!(heal(16, 6 * HOUR_MS - 1), Greeting::Fuse);
    assert!(matches!(heal(17, 6 * HOUR_MS), Greeting::Welcome(_)));
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
