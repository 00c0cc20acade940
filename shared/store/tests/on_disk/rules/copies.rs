//! A second copy: what two nodes of one unit give each other, and what each knows of the other.

use hoso_store::{
    peers,
    rules::copies::{self, Other, Part},
    tables::{PeerCopy, Place},
    writer::Tx,
};

use super::*;

/// A second machine of unit A.
fn second() -> Office {
    let scene = Scene::node();
    scene.write(|tx| journal_tables::found(tx, Incarnation([0x72; 16])));
    Office { scene, node: NodeId([0x72; 16]), unit: A }
}

fn copy_of(office: &Office) -> PeerCopy {
    PeerCopy { node: office.node, incarnation: office.incarnation() }
}

/// What a node shows of itself to another one.
fn shows(office: &Office) -> Other {
    let (copy, facts) = (copy_of(office), office.scene.write(|tx| JournalTables::facts(tx)));
    let cursors = office.cursors().into_iter().filter(|cursor| cursor.row > 0).collect();
    Other { copy, epoch: facts.epoch, cursors, goes_on: true }
}

/// What one node would send to the other now.
fn part(from: &Office, to: &Office) -> Option<Part> {
    let of = copy_of(from);
    let place = to.scene.write(move |tx| copies::place(tx, &of));
    let (other, by) = (shows(to), copy_of(to));
    from.scene.write(move |tx| {
        let agrees = copies::acknowledged(tx, &by, &place, 5)?;
        let place = if agrees { place } else { Place::default() };
        copies::read(tx, &other, &place, 1 << 20)
    })
}

/// Gives the other node what it lacks, and hears of it; gives how many entries went over.
fn give(from: &Office, to: &Office) -> usize {
    let Part { entries, covered } = part(from, to).unwrap();
    let count = entries.len();
    let pushed = |entry: NodeEntry| Pushed { number: entry.journal.unwrap(), bytes: entry.bytes };
    let (entries, of): (Vec<Pushed>, _) =
        (entries.into_iter().map(pushed).collect(), copy_of(from));
    to.scene.write(move |tx| copies::take(tx, &mut Open, &of, (&entries, covered), 6));
    let by = copy_of(to);
    assert!(from.scene.write(move |tx| copies::acknowledged(tx, &by, &covered, 7)));
    count
}

fn copied(office: &Office) -> u64 {
    office.scene.write(peers::all).into_iter().map(|peer| peer.copied).max().unwrap_or(0)
}

/// The badge of a dossier with this last entry, which concerns no other unit.
fn badge_here(office: &Office, id: EntryId) -> Badge {
    let (entry, facts) = office.scene.write(move |tx| {
        Ok((JournalTables::entry(tx, &id)?.ok_or(StoreError::Stale)?, tx.facts()?))
    });
    let copied = copied(office);
    let reach = Reach { destinations: &[], opened: &[], known: &[], copied };
    badge::badge(&entry, reach, &facts, 0)
}

#[test]
fn what_one_machine_gave_is_not_given_back_and_both_call_it_copied() {
    let (one, other) = (Office::new(A), second());
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    one.save(&first);
    assert_eq!(badge_here(&one, first.id()), Badge::Saved);
    assert_eq!(give(&one, &other), 1);
    assert_eq!(badge_here(&one, first.id()), Badge::Copied);
    assert_eq!(give(&other, &one), 0, "it came from there");
    assert_eq!(badge_here(&other, first.id()), Badge::Copied);
    let second = event(A, 2, first.document(), &[]);
    other.save(&second);
    assert_eq!(badge_here(&other, second.id()), Badge::Saved);
    assert_eq!((give(&other, &one), give(&one, &other)), (1, 0));
    assert_eq!(badge_here(&one, second.id()), Badge::Copied);
}

#[test]
fn what_the_other_machine_has_by_its_feed_is_not_sent_to_it() {
    let (relay, one, other) = (relay(), Office::new(A), second());
    for office in [&one, &other] {
        meet(&relay, office, 1);
    }
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    one.save(&first);
    push(&relay, &one, 0);
    pull(&relay, &one);
    assert_eq!(part(&one, &other).unwrap().entries.len(), 1, "it has not read its feed yet");
    pull(&relay, &other);
    assert_eq!(give(&one, &other), 0);
    one.save(&event(A, 2, first.document(), &[]));
    assert_eq!(give(&one, &other), 1);
}

#[test]
fn what_both_machines_bring_to_the_relay_gets_one_position_that_both_learn() {
    let (relay, one, other) = (relay(), Office::new(A), second());
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    one.save(&first);
    give(&one, &other);
    for (office, chance) in [(&other, 1), (&one, 2)] {
        meet(&relay, office, chance);
        assert_eq!(push(&relay, office, 0), []);
    }
    assert_eq!(relay.write(|tx| tx.head()).number, 1);
    for office in [&one, &other] {
        pull(&relay, office);
        assert_eq!(badge_here(office, first.id()), Badge::Delivered);
    }
}

#[test]
fn a_restored_machine_gets_back_what_it_had_given_away() {
    let (one, other) = (Office::new(A), second());
    let kept = event(A, 1, DocumentId::ZERO, &[A]);
    one.save(&kept);
    give(&one, &other);
    give(&other, &one);
    // The backup from here on has the first entry alone, and is another copy.
    let mut restored = Office::new(A);
    restored.node = one.node;
    restored.save(&kept);
    restored.scene.write(|tx| recheck::renew(tx, Incarnation([0x33; 16])));
    let lost = event(A, 2, DocumentId::ZERO, &[A]);
    one.save(&lost);
    give(&one, &other);
    give(&other, &one);
    assert_eq!(give(&other, &restored), 2);
    assert_eq!(restored.standing(lost.id()), Some(Standing::Counts));
    assert_eq!(give(&restored, &other), 1, "what it had from its backup, under its new name");
    assert_eq!(other.standing(kept.id()), Some(Standing::Counts));
    assert_eq!(other.scene.write(|tx| JournalTables::facts(tx)).journal_head, 2, "and no more");
}

#[test]
fn a_damaged_copy_is_replaced_by_the_good_one_that_another_machine_has() {
    let (relay, one, other) = (relay(), Office::new(A), second());
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    one.save(&first);
    meet(&relay, &one, 1);
    push(&relay, &one, 0);
    meet(&relay, &other, 2);
    let mut damaged = page(&relay, &other);
    let Content::Entry { bytes, .. } = &mut damaged.items[0].content else { panic!() };
    *bytes.last_mut().unwrap() ^= 1;
    other.take(damaged).unwrap();
    assert_eq!(other.standing(first.id()), Some(Standing::Refused(Reason::Signature)));
    assert_eq!(give(&one, &other), 1);
    assert_eq!(other.standing(first.id()), Some(Standing::Counts));
    let id = first.id();
    let kept = other.scene.write(move |tx| JournalTables::entry(tx, &id));
    assert_eq!(kept.unwrap().bytes, first.encode());
}

#[test]
fn what_has_a_position_is_not_still_to_be_copied() {
    let (relay, one) = (relay(), Office::new(A));
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    one.save(&first);
    meet(&relay, &one, 1);
    push(&relay, &one, 0);
    let lacking = || one.scene.write(|tx| journal_tables::lacking(tx, 0));
    assert_eq!(lacking(), 1, "it is at the relay, and no feed has brought it back yet");
    pull(&relay, &one);
    assert_eq!(lacking(), 0);
    one.save(&event(A, 2, first.document(), &[]));
    assert_eq!(lacking(), 1);
    assert_eq!(one.scene.write(|tx| journal_tables::lacking(tx, 2)), 0);
}

/// A machine that has given the other two entries, and that machine; then the first one is set back
/// to what it was after the first entry, under its own name, as from a snapshot.
fn set_back() -> (Office, Office, VerifiedEntry) {
    let (one, other) = (Office::new(A), second());
    let kept = event(A, 1, DocumentId::ZERO, &[A]);
    let lost = event(A, 2, DocumentId::ZERO, &[A]);
    other.save(&kept);
    other.save(&lost);
    give(&other, &one);
    give(&one, &other);
    let back = second();
    back.save(&kept);
    assert_eq!(copy_of(&back), copy_of(&other));
    (one, back, lost)
}

#[test]
fn a_machine_that_was_set_back_gets_again_what_had_come_from_it() {
    let (one, back, lost) = set_back();
    assert_eq!(badge_here(&one, lost.id()), Badge::Copied);
    // It names the other one's journal as it knew it, which is not copied to it any more.
    assert_eq!(part(&one, &back).map(|part| part.covered.through), Some(2));
    assert_eq!(badge_here(&one, lost.id()), Badge::Saved);
    assert_eq!(give(&back, &one), 1, "its journal begins anew");
    assert_eq!(give(&one, &back), 2);
    assert_eq!(back.standing(lost.id()), Some(Standing::Counts));
    assert_eq!(badge_here(&one, lost.id()), Badge::Copied);
}

#[test]
fn nothing_that_came_from_a_machine_counts_as_there_before_it_goes_on_with_its_journal() {
    let (one, back, lost) = set_back();
    let not_yet = Other { goes_on: false, ..shows(&back) };
    let read = move |tx: &mut Tx<'_>| copies::read(tx, &not_yet, &Place::default(), 1 << 20);
    let entries = one.scene.write(read).unwrap().entries;
    assert!(entries.iter().any(|entry| entry.id == lost.id()));
}

#[test]
fn a_journal_that_is_numbered_anew_is_copied_anew() {
    let (relay, one, other) = (relay(), Office::new(A), second());
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    one.save(&first);
    one.save(&event(A, 2, first.document(), &[]));
    give(&one, &other);
    meet(&relay, &one, 1);
    push(&relay, &one, 0);
    pull(&relay, &one);
    let waiting = event(A, 3, first.document(), &[]);
    one.save(&waiting);
    assert_eq!(copied(&one), 2);
    one.scene.write(|tx| recheck::healed(tx, EPOCH, &[], None, 9));
    assert_eq!(copied(&one), 0);
    assert_eq!(badge_here(&one, waiting.id()), Badge::Saved);
    assert_eq!(give(&one, &other), 1);
    assert_eq!(badge_here(&one, waiting.id()), Badge::Copied);
}

#[test]
fn what_a_receipt_acknowledges_is_at_the_province_before_its_row_has_come() {
    let (relay, one) = (relay(), Office::new(A));
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    one.save(&first);
    meet(&relay, &one, 1);
    let (batch, late) = (batch(&one, 0), event(A, 2, DocumentId::ZERO, &[A]));
    one.save(&late);
    let from = Pusher { node: one.node, incarnation: one.incarnation(), ended: false };
    let kept = relay.write(move |tx| ledger::ingest(tx, &mut Open, from, &batch, 3)).unwrap();
    let (through, digest) = (kept.through, kept.digest);
    let said = journal::Acknowledgement { through, digest, outcomes: kept.outcomes };
    assert!(one.scene.write(move |tx| journal::receipted(tx, &said, 4)).is_some());
    assert_eq!(badge_here(&one, first.id()), Badge::AtProvince);
    assert_eq!(badge_here(&one, late.id()), Badge::Saved);
    // A relay that has lost it since takes nothing back without a word.
    let token = SessionToken([9; 16]);
    let lost = Welcomed { token, epoch: EPOCH, through: 0, heal: false };
    one.scene.write(move |tx| journal::welcomed(tx, &lost, 5));
    assert_eq!(badge_here(&one, first.id()), Badge::Rechecking);
}
