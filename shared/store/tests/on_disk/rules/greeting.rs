//! How a session begins: copies, late connections, the fuse.

use hoso_store::{
    backup,
    database::Schema,
    rules::greeting::{GENERATIONS_MAX, HealReason},
    writer::Tx,
};

use super::*;

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
    let as_it_is = |_: &mut Tx<'_>| Ok::<(), StoreError>(());
    backup::restore(copy.scene.path(), Schema::Node, &file, as_it_is, |_, _| {}).unwrap();
    copy.scene.reopen();
    assert_eq!(greet(&relay, &copy, 4), Greeting::Copy);
    copy.scene.write(|tx| recheck::renew(tx, Incarnation([77; 16])));
    let Greeting::Welcome(welcome) = greet(&relay, &copy, 5) else { panic!("no welcome") };
    assert_eq!(welcome.heal, Some(HealReason::Incarnation));
    assert!(matches!(greet(&relay, &a, 6), Greeting::Welcome(_)), "the first one goes on");
}

#[test]
fn a_hello_that_comes_late_over_an_older_connection_makes_no_copy_of_its_node() {
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    let Greeting::Welcome(newer) = greet(&relay, &a, 2) else { panic!("no welcome") };
    let Greeting::Welcome(late) = greet(&relay, &a, 3) else { panic!("no welcome") };
    assert_eq!(late.token, newer.token, "the node may have stored it by now");
    take_welcome(&a, &newer);
    let Greeting::Welcome(next) = greet(&relay, &a, 4) else { panic!("taken for a copy") };
    assert_ne!(next.token, newer.token, "what was shown gives way to a fresh one");
}

#[test]
fn a_fuse_stops_the_third_healing_in_an_hour_and_a_clock_that_was_ahead_does_not_hold_it() {
    const HOUR_MS: u64 = 3_600_000;
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    let heal = |chance: u8, now_ms: u64| {
        a.scene.write(move |tx| recheck::renew(tx, Incarnation([chance; 16])));
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

/// A node that has heard of a life of the ledger which the ledger does not know.
fn ahead(relay: &Scene, office: &Office, generations: u32) -> Shown {
    meet(relay, office, 1);
    let known = relay.write(|tx| tx.head()).epoch;
    let generation = known.generation.saturating_add(generations);
    Shown { epoch: Some(Epoch { generation, random: [9; 8] }), ..shown(office, 5) }
}

#[test]
fn a_node_that_has_ended_or_is_a_copy_or_is_held_by_the_fuse_begins_no_new_life() {
    let (relay, a) = (relay(), Office::new(A));
    let honest = ahead(&relay, &a, 1);
    let copy = Shown { token: Some(SessionToken([99; 16])), ..honest.clone() };
    assert_eq!(greet_as(&relay, copy, 2, 5), Greeting::Copy);
    let ended = Shown { ended: true, ..honest.clone() };
    let Greeting::Welcome(welcome) = greet_as(&relay, ended, 3, 5) else { panic!("no welcome") };
    assert_eq!((welcome.minted, welcome.heal), (false, Some(HealReason::Epoch)), "it is healed");
    assert_eq!(relay.write(|tx| tx.head()).epoch, EPOCH);
    let (node, other) = (a.node, Office::new(B));
    relay.write(move |tx| {
        tx.note_healing(&node, 4)?;
        tx.note_healing(&node, 5)
    });
    let held = Shown { token: Some(welcome.token), ..honest };
    assert_eq!(greet_as(&relay, held, 4, 5), Greeting::Fuse);
    assert_eq!(relay.write(|tx| tx.head()).epoch, EPOCH);
    let believed = ahead(&relay, &other, 1);
    let Greeting::Welcome(welcome) = greet_as(&relay, believed, 5, 5) else { panic!("no welcome") };
    assert!(welcome.minted && welcome.epoch.generation == 3, "{welcome:?}");
}

#[test]
fn an_epoch_that_no_ledger_can_have_reached_is_refused() {
    let (relay, a) = (relay(), Office::new(A));
    let far = ahead(&relay, &a, GENERATIONS_MAX + 1);
    assert_eq!(greet_as(&relay, far, 2, 5), Greeting::Epoch);
    let far = ahead(&relay, &a, u32::MAX);
    assert_eq!(greet_as(&relay, far, 3, 5), Greeting::Epoch);
    assert_eq!(relay.write(|tx| tx.head()).epoch, EPOCH, "nothing has begun");
}

#[test]
fn a_relay_that_has_less_of_a_journal_than_it_acknowledged_begins_a_new_life_and_once() {
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    for number in 1..3 {
        a.save(&event(A, number, DocumentId::ZERO, &[A]));
    }
    push(&relay, &a, 0);
    assert!(!meet(&relay, &a, 2).minted, "it has what it acknowledged");
    let honest = shown(&a, 5);
    assert_eq!(honest.through, 2);
    let more = Shown { through: 3, ..honest.clone() };
    let ended = Shown { ended: true, ..more.clone() };
    let Greeting::Welcome(welcome) = greet_as(&relay, ended, 3, 5) else { panic!("no welcome") };
    assert!(!welcome.minted, "what one shows that has ended proves nothing");
    let renewed = Shown { incarnation: Incarnation([88; 16]), token: None, ..more.clone() };
    for heal in [HealReason::Incarnation, HealReason::Unfinished] {
        let other = greet_as(&relay, renewed.clone(), 4, 5);
        let Greeting::Welcome(other) = other else { panic!("no welcome") };
        assert_eq!((other.minted, other.heal), (false, Some(heal)), "no Welcome has come yet");
    }
    let more = Shown { token: Some(welcome.token), ..more };
    let Greeting::Welcome(welcome) = greet_as(&relay, more.clone(), 5, 5) else { panic!("no one") };
    assert_eq!((welcome.minted, welcome.heal), (true, Some(HealReason::Epoch)));
    let again = Shown { token: Some(welcome.token), ..more };
    let Greeting::Welcome(welcome) = greet_as(&relay, again, 6, 5) else { panic!("no welcome") };
    assert!(!welcome.minted, "that was another life");
}

/// Both sides have been compared.
fn end_healing(relay: &Scene, office: &Office, epoch: Epoch, now_ms: u64) {
    let (node, incarnation) = (office.node, office.incarnation());
    office.scene.write(move |tx| recheck::healed(tx, epoch, &[], Some(9), now_ms));
    relay.write(move |tx| greeting_rules::healed(tx, &node, &incarnation));
}

/// Says hello, with that wish or epoch beside what the node shows, and is healed if it may be.
fn heal(relay: &Scene, office: &Office, chance: u8, change: impl Fn(&mut Shown)) -> Greeting {
    let mut shown = shown(office, 5);
    change(&mut shown);
    let greeting = greet_as(relay, shown, chance, 5);
    if let Greeting::Welcome(welcome) = &greeting {
        assert!(welcome.heal.is_some(), "it is healed: {welcome:?}");
        take_welcome(office, welcome);
        end_healing(relay, office, welcome.epoch, 5);
    }
    greeting
}

#[test]
fn a_node_comes_back_however_often_others_make_the_ledger_live_anew() {
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    pull(&relay, &a);
    for chance in 2..6 {
        relay.write(move |tx| greeting_rules::mint_epoch(tx, None, [chance; 8]));
        let Greeting::Welcome(welcome) = heal(&relay, &a, chance, |_| {}) else {
            panic!("kept out")
        };
        assert_eq!((welcome.heal, welcome.minted), (Some(HealReason::Epoch), false));
        pull(&relay, &a);
    }
    let diverged = |shown: &mut Shown| shown.wish = Some(recheck::Wish::Diverged);
    for chance in [6, 7] {
        assert!(matches!(heal(&relay, &a, chance, diverged), Greeting::Welcome(_)));
    }
    assert_eq!(heal(&relay, &a, 8, diverged), Greeting::Fuse);
    relay.write(|tx| greeting_rules::mint_epoch(tx, None, [8; 8]));
    assert_eq!(heal(&relay, &a, 9, diverged), Greeting::Fuse, "a new life is no way round it");
    assert!(matches!(heal(&relay, &a, 10, |_| {}), Greeting::Welcome(_)));
}

#[test]
fn a_node_that_shows_again_a_life_of_the_ledger_which_it_has_left_is_held_by_the_fuse() {
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    relay.write(|tx| greeting_rules::mint_epoch(tx, None, [2; 8]));
    assert!(matches!(heal(&relay, &a, 2, |_| {}), Greeting::Welcome(_)));
    pull(&relay, &a);
    let left = |shown: &mut Shown| shown.epoch = Some(EPOCH);
    for chance in [3, 4] {
        assert!(matches!(heal(&relay, &a, chance, left), Greeting::Welcome(_)));
    }
    assert_eq!(heal(&relay, &a, 5, left), Greeting::Fuse);
}

#[test]
fn a_week_after_both_sides_were_compared_they_are_compared_again_and_then_not_at_once() {
    let (relay, a) = (relay(), Office::new(A));
    assert_eq!(meet(&relay, &a, 1).heal, None);
    let due_ms = 8 * 24 * 3_600_000;
    let Greeting::Welcome(early) = greet_at(&relay, &a, 2, due_ms / 2) else { panic!() };
    assert_eq!(early.heal, None);
    take_welcome(&a, &early);
    let Greeting::Welcome(due) = greet_at(&relay, &a, 3, due_ms) else { panic!() };
    assert_eq!(due.heal, Some(HealReason::Week));
    take_welcome(&a, &due);
    assert!(!a.scene.write(|tx| JournalTables::facts(tx)).rechecking, "nothing is in doubt");
    end_healing(&relay, &a, due.epoch, due_ms);
    let Greeting::Welcome(after) = greet_at(&relay, &a, 4, due_ms + 1) else { panic!() };
    assert_eq!(after.heal, None);
}

#[test]
fn a_weekly_comparison_never_keeps_a_node_out() {
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    let node = a.node;
    relay.write(move |tx| {
        tx.note_healing(&node, 4)?;
        tx.note_healing(&node, 5)
    });
    let wishes = Shown { wish: Some(recheck::Wish::Week), ..shown(&a, 5) };
    let Greeting::Welcome(welcome) = greet_as(&relay, wishes.clone(), 2, 5) else { panic!() };
    assert_eq!(welcome.heal, None, "it can wait");
    let diverged = Shown { wish: Some(recheck::Wish::Diverged), ..wishes };
    assert_eq!(greet_as(&relay, diverged, 3, 5), Greeting::Fuse);
}

#[test]
fn weekly_comparisons_leave_the_fuse_to_what_calls_for_healing() {
    let (relay, a) = (relay(), Office::new(A));
    meet(&relay, &a, 1);
    let (week, diverged) = (recheck::Wish::Week, recheck::Wish::Diverged);
    for (chance, wish) in [(2, week), (3, week), (4, diverged), (5, week), (6, diverged)] {
        let wishes = |shown: &mut Shown| shown.wish = Some(wish);
        assert!(matches!(heal(&relay, &a, chance, wishes), Greeting::Welcome(_)), "{chance}");
    }
    assert_eq!(heal(&relay, &a, 7, |shown| shown.wish = Some(diverged)), Greeting::Fuse);
}
