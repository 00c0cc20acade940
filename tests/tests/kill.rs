//! `kill -9` at any moment, with 16 requests in flight: what was answered is there, what is
//! repeated with its key exists once, and the program comes back by itself.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use hoso_store::{
    StoreError,
    readers::Readers,
    tables::{JournalTables, LedgerTables},
};
use hoso_tests::e2e::{
    agree,
    desk::{Desk, Procedure, id_of, procedures, reception},
    http::Client,
    node::Node,
    province::{BAI_CHAY, CO_TO, Province},
    proxy::Weather,
    report, wait,
};

/// Kills of each program in a run.
const KILLS: usize = 50;
/// Requests in flight at each kill.
const IN_FLIGHT: usize = 16;
/// Dossiers that are handed in between two kills of the relay.
const DOSSIERS_PER_KILL: usize = 40;
/// How long a program may take from a kill until it saves again.
const RESTART_DEADLINE: Duration = Duration::from_secs(5);

/// One dossier that a client tries to hand in.
#[derive(Clone, Debug)]
struct Attempt {
    number: usize,
    /// When the whole request had left, if it did.
    left: Option<Instant>,
    /// The dossier's id, once it was answered.
    answered: Option<String>,
}

/// What the clients of a killed program tell each other.
#[derive(Debug, Default)]
struct Load {
    /// Requests that have left and were not answered.
    in_flight: AtomicUsize,
    answered: AtomicUsize,
    killed: AtomicBool,
}

/// Where the kills fell, by what became of each request that had left before.
#[derive(Clone, Copy, Debug, Default)]
struct Fell {
    before_commit: usize,
    between_commit_and_answer: usize,
    after_answer: usize,
}

fn key(number: usize) -> String {
    format!("kill-{number}")
}

/// A phone number that only this attempt has, to look for its dossier.
fn mark(number: usize) -> String {
    format!("09{:08}", 12_000_000 + number)
}

fn procedure() -> Procedure {
    let all = procedures();
    all.into_iter().find(|procedure| procedure.competent == "unit").expect("a unit's own procedure")
}

/// Hands in one dossier, and lets the others see how far it is.
fn hand_in(session: &Client, number: usize, load: &Load) -> Attempt {
    let body = reception(number, &procedure(), CO_TO);
    let Ok(sent) = session.send_off("/api/v1/dossiers", &body, &key(number)) else {
        return Attempt { number, left: None, answered: None };
    };
    let left = Some(sent.left);
    load.in_flight.fetch_add(1, Ordering::SeqCst);
    let answer = sent.answer();
    load.in_flight.fetch_sub(1, Ordering::SeqCst);
    let answered = answer.ok().map(|answer| {
        assert_eq!(answer.status, 201, "{}", answer.body);
        load.answered.fetch_add(1, Ordering::SeqCst);
        id_of(&answer.body).to_owned()
    });
    Attempt { number, left, answered }
}

/// Sixteen clients hand in dossiers, each until it gets no answer.
fn hand_in_until_killed(
    session: &Client,
    next: &AtomicUsize,
    kill: impl FnOnce(&Load) + Send,
) -> Vec<Attempt> {
    let load = Load::default();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..IN_FLIGHT)
            .map(|_| {
                scope.spawn(|| {
                    let mut attempts = Vec::new();
                    while !load.killed.load(Ordering::SeqCst) {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        let attempt = hand_in(session, number, &load);
                        let lost = attempt.answered.is_none();
                        attempts.push(attempt);
                        if lost {
                            break;
                        }
                    }
                    attempts
                })
            })
            .collect();
        kill(&load);
        load.killed.store(true, Ordering::SeqCst);
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    })
}

/// Kills the node once it has answered some and all clients wait for it, at a moment that differs
/// from kill to kill. Gives the moment before the blow, at which all of them waited.
fn kill_in_the_middle(node: &mut Node, turn: usize, load: &Load) -> Instant {
    wait::until("requests are answered", Duration::from_secs(30), || {
        (load.answered.load(Ordering::SeqCst) >= IN_FLIGHT + turn % 7).then_some(())
    });
    let moment = Instant::now() + Duration::from_micros(turn as u64 * 377 % 20_000);
    let patience = moment + Duration::from_secs(30);
    loop {
        let now = Instant::now();
        if now > moment && load.in_flight.load(Ordering::SeqCst) == IN_FLIGHT {
            node.kill();
            return now;
        }
        assert!(now < patience, "never were {IN_FLIGHT} requests in flight");
        std::hint::spin_loop();
    }
}

/// Looks what became of each attempt, and repeats those that had no answer. Only what had left
/// before the kill says where it fell.
fn settle(desk: &mut Desk, attempts: &[Attempt], killed: Instant, fell: &mut Fell) {
    let session = desk.session.clone();
    let found = |number| {
        let list = session.get(&format!("/api/v1/dossiers?q={}", mark(number))).done();
        list["items"].as_array().map_or(0, Vec::len)
    };
    for attempt in attempts {
        let there = found(attempt.number);
        assert!(there <= 1, "{} exists {there} times", attempt.number);
        let place = match (&attempt.answered, there) {
            (Some(_), 1) => &mut fell.after_answer,
            (Some(id), _) => panic!("{id} was answered and is gone"),
            (None, 1) => &mut fell.between_commit_and_answer,
            (None, _) => &mut fell.before_commit,
        };
        *place += usize::from(attempt.left.is_some_and(|left| left < killed));
        let body = reception(attempt.number, &procedure(), CO_TO);
        let dossier = desk.receive(&body, &key(attempt.number));
        if let Some(id) = &attempt.answered {
            assert_eq!(id_of(&dossier), id, "a repeated request made another dossier");
        }
        assert_eq!(found(attempt.number), 1, "{}", attempt.number);
    }
}

/// How far a node's journal is.
#[derive(Clone, Copy, Debug)]
struct Through {
    /// Durable at the node.
    head: u64,
    /// Durable at the relay.
    stored: u64,
    /// Known to the node to be so.
    known: u64,
}

fn throughs((node, relay): &(Readers, Readers)) -> Through {
    let facts = node.read(|tx| tx.facts()).expect("the node's facts");
    let id = node
        .read(|tx| {
            let own = tx.journal_after(0, 1)?;
            Ok::<_, StoreError>(own.first().map(|entry| entry.id))
        })
        .expect("the node's journal");
    let stored = relay.read(|tx| {
        let origin = match id {
            Some(id) => LedgerTables::entry(tx, &id)?.and_then(|entry| entry.origin),
            None => None,
        };
        let sender = match origin {
            Some(origin) => tx.sender(&origin.node, &facts.incarnation)?,
            None => None,
        };
        Ok::<_, StoreError>(sender.map_or(0, |sender| sender.through))
    });
    Through {
        head: facts.journal_head,
        stored: stored.expect("the relay's ledger"),
        known: facts.journal_through,
    }
}

/// Kills the relay while it owes an answer to sixteen entries at least. Gives how far the node's
/// journal was before the blow, and what the relay knew to have answered when it fell.
fn kill_at_work(
    province: &mut Province,
    disks: &(Readers, Readers),
    budget: &AtomicUsize,
    turn: usize,
) -> (Through, Through) {
    // Of three kills one comes at any moment, one while nothing comes down any more (what
    // is committed is never answered), one while nothing goes up (nothing is committed).
    let node = province.nodes[0].pid();
    let (cut_down, cut_up) = (turn % 3 == 1, turn % 3 == 2);
    province.relay.line.set(node, Weather { cut_up, cut_down, ..Weather::default() });
    budget.fetch_add(DOSSIERS_PER_KILL, Ordering::SeqCst);
    if cut_up || cut_down {
        wait::until("something is on its way", Duration::from_secs(60), || {
            let Through { head, stored, known } = throughs(disks);
            (if cut_up { head > stored } else { stored > known }).then_some(())
        });
    }
    let before = throughs(disks);
    // A relay that is held still keeps the moment of the blow while more comes towards it.
    province.relay.program().suspend();
    let owed = wait::until("sixteen entries are in flight", Duration::from_secs(60), || {
        let now = throughs(disks);
        (now.head - now.known >= IN_FLIGHT as u64).then_some(now)
    });
    province.relay.kill();
    province.relay.line.set(node, Weather::default());
    (before, owed)
}

/// A node holds a dead connection to be up until the idle timeout; this ends it at once.
fn dial_anew(node: &Node, session: &Client) {
    for (state, shown) in [("off", "off"), ("on", "up")] {
        node.link(state);
        node.await_link(session, shown, Duration::from_secs(60));
    }
}

/// Sixteen clients hand in dossiers for Bãi Cháy while the relay dies and comes back.
#[test]
fn fifty_kills_of_the_relay_lose_nothing_and_double_nothing() {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    province.nodes[0].await_link(&desks[0].session, "up", Duration::from_secs(60));
    let (next, stop, budget) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicUsize::new(0));
    let (session, procedure) = (desks[0].session.clone(), procedure());
    let (mut fell, mut slowest) = (Fell::default(), Duration::ZERO);
    let mut slowest_reunion = Duration::ZERO;
    let answered = thread::scope(|scope| {
        let (next, stop, budget) = (&next, &stop, &budget);
        let (procedure, session) = (&procedure, &session);
        let clients: Vec<_> = (0..IN_FLIGHT)
            .map(|_| {
                scope.spawn(move || {
                    let mut answered = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        wait::until("there is more to do", Duration::from_secs(120), || {
                            let more =
                                next.load(Ordering::Relaxed) < budget.load(Ordering::Relaxed);
                            (more || stop.load(Ordering::Relaxed)).then_some(())
                        });
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let body = reception(number, procedure, BAI_CHAY);
                        let sent = session.try_post_once("/api/v1/dossiers", &body, &key(number));
                        let answer = sent.expect("the node answers whatever happens to the relay");
                        assert_eq!(answer.status, 201, "{}", answer.body);
                        answered.push(id_of(&answer.body).to_owned());
                    }
                    answered
                })
            })
            .collect();
        for turn in 0..KILLS {
            let before = next.load(Ordering::Relaxed);
            let disks = (Readers::of(&province.nodes[0].data), Readers::of(&province.relay.data));
            let known_before = throughs(&disks).known;
            let begun = Instant::now();
            budget.store(before + DOSSIERS_PER_KILL, Ordering::Relaxed);
            wait::until("this relay has answered", Duration::from_secs(60), || {
                let done = next.load(Ordering::Relaxed) - before;
                (throughs(&disks).known > known_before && done > 5 + turn % 7).then_some(())
            });
            slowest_reunion = slowest_reunion.max(begun.elapsed());
            let (before_blow, owed) = kill_at_work(&mut province, &disks, budget, turn);
            let (head, known, stored) = (before_blow.head, owed.known, throughs(&disks).stored);
            drop(disks);
            fell.after_answer += usize::try_from(known - known_before).unwrap();
            fell.between_commit_and_answer +=
                usize::try_from(stored.saturating_sub(known)).unwrap();
            fell.before_commit += usize::try_from(head.saturating_sub(stored)).unwrap();
            let killed = Instant::now();
            province.relay.start();
            slowest = slowest.max(killed.elapsed());
            dial_anew(&province.nodes[0], session);
        }
        stop.store(true, Ordering::Relaxed);
        let answered = clients.into_iter().map(|client| client.join().expect("a client"));
        answered.flatten().collect::<Vec<String>>()
    });
    for id in &answered {
        desks[0].acknowledged.insert(id.clone(), vec!["received".to_owned()]);
    }
    report(&format!(
        "{KILLS} kills of the relay, {} dossiers: {fell:?}, slowest restart {slowest:?}, \
         slowest until its first answer {slowest_reunion:?}",
        answered.len()
    ));
    assert!(fell.before_commit > 0 && fell.between_commit_and_answer > 0 && fell.after_answer > 0);
    assert!(slowest < RESTART_DEADLINE, "a restart took {slowest:?}");
    all_has_arrived(&answered, &desks);
}

/// Everything that was answered at the first desk is at the second one, once.
fn all_has_arrived(answered: &[String], desks: &[Desk]) {
    wait::until_nothing_is_missing("all has arrived", Duration::from_secs(180), || {
        let there = desks[1].ids();
        answered.iter().filter(|id| !there.contains(id)).cloned().collect()
    });
    assert_eq!(desks[1].ids().len(), answered.len());
    assert_eq!(agree::missing_actions(&desks[0].acknowledged, &desks[1]), Vec::<String>::new());
    assert_eq!(agree::repeated_codes(desks), Vec::<String>::new());
}

#[test]
fn fifty_kills_of_a_node_lose_nothing_answered_and_double_nothing_repeated() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let mut desk = Desk::of(&province.nodes[0]);
    let next = AtomicUsize::new(0);
    let mut fell = Fell::default();
    let mut slowest = Duration::ZERO;
    for turn in 0..KILLS {
        let node = &mut province.nodes[0];
        let mut blow = None;
        let attempts = hand_in_until_killed(&desk.session, &next, |load| {
            blow = Some(kill_in_the_middle(node, turn, load));
        });
        let killed = Instant::now();
        node.start();
        slowest = slowest.max(killed.elapsed());
        desk.session = node.clerk();
        settle(&mut desk, &attempts, blow.expect("a kill"), &mut fell);
    }
    report(&format!("{KILLS} kills of the node: {fell:?}, slowest restart {slowest:?}"));
    assert!(fell.before_commit > 0 && fell.between_commit_and_answer > 0 && fell.after_answer > 0);
    assert!(slowest < RESTART_DEADLINE, "a restart took {slowest:?}");
    assert_eq!(agree::missing_actions(&desk.acknowledged, &desk), Vec::<String>::new());
    assert_eq!(agree::repeated_codes(std::slice::from_ref(&desk)), Vec::<String>::new());
    assert_eq!(desk.ids().len(), desk.acknowledged.len());
}
