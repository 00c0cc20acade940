//! What a restore of either side, or a loss, brings back.

use std::{fs, path::Path};

use hoso_store::{
    backup,
    database::{DATABASE_NAME, Schema},
    rules::greeting::{HealReason, mint_epoch},
    writer::Tx,
};

use super::*;

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
    let anew = |tx: &mut Tx<'_>| mint_epoch(tx, None, [7; 8]).map(|_| ());
    backup::restore(relay.path(), Schema::Relay, &file, anew, |_, _| {}).unwrap();
    relay.reopen();
    let welcome = match greet(&relay, &a, 4) {
        Greeting::Welcome(welcome) => welcome,
        // The token is newer than the backup: the node takes a new incarnation and comes again.
        Greeting::Copy | Greeting::Fuse | Greeting::Epoch => {
            a.scene.write(|tx| recheck::renew(tx, Incarnation([77; 16])));
            meet(&relay, &a, 5)
        }
    };
    assert!(matches!(welcome.heal, Some(HealReason::Epoch | HealReason::Incarnation)));
    let difference = compare(&relay, &a);
    assert_eq!((difference.send, difference.want.clone()), (vec![], vec![lost.id()]));
    let back = a.scene.write(move |tx| recheck::positioned(tx, &difference.want));
    let claims = back.clone();
    let outcomes = relay.write(move |tx| mend::claim(tx, &mut Open, &claims, false, 9));
    let accepted = vec![(lost.id(), Outcome::Accepted(back[0].position))];
    assert_eq!(outcomes, accepted);
    let entry = relay.write(move |tx| LedgerTables::entry(tx, &lost.id())).unwrap();
    assert_eq!(entry.position, back[0].position);
    let head = relay.write(|tx| tx.head());
    let again = relay.write(move |tx| mend::claim(tx, &mut Open, &back, false, 9));
    assert_eq!((again, relay.write(|tx| tx.head())), (accepted, head), "a claim is taken once");
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
    let outcomes = relay.write(move |tx| mend::claim(tx, &mut Open, &back, false, 4));
    let anew = relay.write(move |tx| LedgerTables::entry(tx, &id)).unwrap();
    assert_eq!(anew.position.epoch, welcome.epoch, "it is taken as if it came now");
    assert_eq!(outcomes, [(id, Outcome::Accepted(anew.position))]);
}

/// A relay and a node that has its only dossier from it, in a second life of the ledger.
fn second_life() -> (Scene, Office, VerifiedEntry) {
    let (relay, a) = (relay(), Office::new(A));
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    a.save(&first);
    meet(&relay, &a, 1);
    push(&relay, &a, 0);
    pull(&relay, &a);
    relay.write(|tx| mint_epoch(tx, None, [7; 8]));
    (relay, a, first)
}

fn at(epoch: Epoch, number: u64) -> Position {
    Position { epoch, number }
}

fn position_of(relay: &Scene, id: EntryId) -> Option<Position> {
    relay.write(move |tx| LedgerTables::entry(tx, &id)).map(|entry| entry.position)
}

fn claim(relay: &Scene, entry: &VerifiedEntry, position: Position, ended: bool) -> Outcome {
    let claims = [mend::Positioned { bytes: entry.encode(), position }];
    let outcomes = relay.write(move |tx| mend::claim(tx, &mut Open, &claims, ended, 9));
    assert_eq!(outcomes[0].0, entry.id());
    outcomes[0].1
}

#[test]
fn a_position_is_believed_only_where_the_memory_of_the_ledger_ends() {
    let (relay, _, first) = second_life();
    let entry = |nonce| event(A, nonce, first.document(), &[]);
    let believed = [at(EPOCH, 2), at(Epoch { random: [2; 8], ..EPOCH }, 1)];
    let invented = [
        at(Epoch { generation: 0, random: [9; 8] }, 1),
        at(EPOCH, 0),
        at(Epoch { generation: 9, ..EPOCH }, 2),
    ];
    for (nonce, position) in (10..).zip(believed) {
        let entry = entry(nonce);
        assert_eq!(claim(&relay, &entry, position, false), Outcome::Accepted(position));
    }
    for (nonce, position) in (20..).zip(invented) {
        let entry = entry(nonce);
        let taken = claim(&relay, &entry, position, false);
        let Outcome::Accepted(taken) = taken else { panic!("{position:?}: {taken:?}") };
        let now = relay.write(|tx| tx.head());
        assert_eq!(taken, at(now.epoch, now.number), "{position:?} is taken as if it came now");
    }
}

#[test]
fn a_ledger_that_never_changed_its_life_believes_no_position() {
    let (relay, a) = (relay(), Office::new(A));
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    meet(&relay, &a, 1);
    let past = at(Epoch { generation: 0, random: [9; 8] }, 1);
    assert_eq!(claim(&relay, &first, past, false), Outcome::Accepted(at(EPOCH, 1)));
}

#[test]
fn what_an_ended_node_brings_back_goes_to_quarantine_and_the_node_shows_so() {
    let (relay, a, first) = second_life();
    let lost = event(A, 2, first.document(), &[]);
    a.save(&lost);
    let id = lost.id();
    a.scene.write(move |tx| {
        let mut entry = JournalTables::entry(tx, &id)?.ok_or(StoreError::Stale)?;
        (entry.position, entry.row) = (Some(at(EPOCH, 2)), Some(2));
        tx.put_entry(&entry)
    });
    let refused = claim(&relay, &lost, at(EPOCH, 2), true);
    assert_eq!(refused, Outcome::Refused(Reason::NodeEnded));
    assert_eq!(position_of(&relay, id), None);
    let taken = a.scene.write(move |tx| recheck::claimed(tx, &mut Open, &[id], &[(id, refused)]));
    assert_eq!(taken.documents.into_iter().collect::<Vec<_>>(), [first.document()]);
    let kept = a.scene.write(move |tx| JournalTables::entry(tx, &id)).unwrap();
    assert_eq!(kept.standing, Standing::Refused(Reason::NodeEnded));
    assert_eq!((kept.position, kept.row), (None, None), "no ledger has it");
    assert_eq!(badge_at(&a, id), Badge::NeedsAttention);
}

#[test]
fn what_another_wrote_and_the_relay_does_not_take_back_is_pushed_like_an_own_entry() {
    let (_, a, first) = second_life();
    let lost = event(B, 2, first.document(), &[]);
    let (id, before) = (lost.id(), a.scene.write(|tx| JournalTables::facts(tx)).journal_head);
    let there = mend::Positioned { bytes: lost.encode(), position: at(EPOCH, 5) };
    a.scene.write(move |tx| intake::mend(tx, &mut Open, &[there], 5, 1));
    let waits = Outcome::Waiting(WaitingFor::Operator(id));
    a.scene.write(move |tx| recheck::claimed(tx, &mut Open, &[id], &[(id, waits)]));
    let pushed = batch(&a, before);
    assert_eq!(pushed.len(), 1);
    assert_eq!((pushed[0].number, &pushed[0].bytes), (before + 1, &lost.encode()));
}

#[test]
fn what_a_ledger_got_back_late_is_the_last_of_its_dossier_whatever_its_position() {
    let a = Office::new(A);
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    let second = event(A, 2, first.document(), &[B]);
    let claimed = [(&first, 40, 40), (&second, 7, 41)];
    for (entry, position, row) in claimed {
        let there = mend::Positioned { bytes: entry.encode(), position: at(EPOCH, position) };
        a.scene.write(move |tx| intake::mend(tx, &mut Open, &[there], row, 1));
    }
    let document = first.document();
    let entries = a.scene.write(move |tx| JournalTables::document(tx, &document));
    let last = badge::last(&entries).unwrap();
    assert_eq!(last.id, second.id(), "it added a destination that has nothing yet");
    let id = second.id();
    a.scene.write(move |tx| recheck::claimed(tx, &mut Open, &[id], &[]));
    let entries = a.scene.write(move |tx| JournalTables::document(tx, &document));
    assert_eq!(badge::last(&entries).unwrap().id, id, "nothing is said before its row comes");
}

#[test]
fn what_the_relay_lacked_is_being_rechecked_until_its_row_comes() {
    let (relay, a, first) = second_life();
    let id = first.id();
    assert_eq!(badge_at(&a, id), Badge::AtProvince);
    a.scene.write(move |tx| recheck::claimed(tx, &mut Open, &[id], &[]));
    assert_eq!(badge_at(&a, id), Badge::Rechecking, "never silently back to saved");
    let row = relay.write(|tx| tx.head()).number;
    a.scene.write(move |tx| {
        recheck::set_rows(tx, Scope::Unit(A), row, None)?;
        Ok(())
    });
    assert_eq!(badge_at(&a, id), Badge::AtProvince);
}

#[test]
fn an_entry_that_has_another_position_in_the_ledger_is_sent_and_the_node_takes_that_over() {
    let (relay, a, first) = second_life();
    let moved = event(A, 2, first.document(), &[]);
    let elsewhere = mend::Positioned { bytes: moved.encode(), position: at(EPOCH, 5) };
    a.scene.write(move |tx| intake::mend(tx, &mut Open, &[elsewhere], 5, 1));
    assert_eq!(compare(&relay, &a).want, [moved.id()]);
    let taken = relay.write(|tx| tx.taken());
    let Outcome::Accepted(there) = claim(&relay, &moved, at(EPOCH, 0), false) else {
        panic!("not taken")
    };
    assert_eq!(compare_at(&relay, &a, taken).want, [moved.id()], "as the ledger was then");
    let difference = compare(&relay, &a);
    assert_eq!((difference.send, difference.want), (vec![moved.id()], Vec::new()));
    let from_ledger = mend::Positioned { bytes: moved.encode(), position: there };
    a.scene.write(move |tx| intake::mend(tx, &mut Open, &[from_ledger], 9, 1));
    assert_eq!(compare(&relay, &a), mend::Difference::default());
    let listings = [
        relay.write(|tx| mend::of_ledger(tx, Scope::Unit(A))),
        a.scene.write(|tx| mend::of_journal(tx, Scope::Unit(A))),
    ];
    assert_eq!(listings[0], listings[1]);
}

#[test]
fn a_long_dossier_is_compared_in_parts_and_the_parts_find_what_the_whole_would() {
    let (relay, a, first) = second_life();
    let entries: Vec<VerifiedEntry> =
        (10..20).map(|nonce| event(A, nonce, first.document(), &[])).collect();
    let bytes = |entries: &[VerifiedEntry]| -> Vec<mend::Positioned> {
        let placed = (2..).zip(entries);
        let placed = placed.map(|(number, entry)| mend::Positioned {
            bytes: entry.encode(),
            position: at(EPOCH, number),
        });
        placed.collect()
    };
    let (at_relay, at_node) = (bytes(&entries)[3..].to_vec(), bytes(&entries)[..7].to_vec());
    relay.write(move |tx| mend::claim(tx, &mut Open, &at_relay, false, 9));
    a.scene.write(move |tx| intake::mend(tx, &mut Open, &at_node, 5, 1));
    let whole = compare(&relay, &a);
    assert_eq!((whole.send.len(), whole.want.len()), (3, 3));
    let document = [(mend::document_hash(&first.document()), Some(first.document()))];
    let (mut parts, mut after, mut count) = (mend::Difference::default(), None, 0);
    loop {
        let held = a.scene.write(move |tx| mend::held(tx, &document, after, 3));
        let part = held[0].clone();
        let difference = relay.write(move |tx| {
            let taken = tx.taken()?;
            mend::difference(tx, &held, taken)
        });
        parts.send.extend(difference.send);
        parts.want.extend(difference.want);
        count += 1;
        if !part.more {
            break;
        }
        after = part.entries.last().map(|(id, _)| *id);
    }
    assert_eq!((parts, count), (whole, 3), "eight entries, three at a time");
}
