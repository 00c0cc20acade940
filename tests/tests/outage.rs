//! The main trip through an outage, with the real programs: an island office goes dark, receives,
//! processes and returns, and everything converges when the link comes back.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use hoso_tests::e2e::{
    agree,
    desk::{Desk, Procedure, id_of, procedures, reception},
    province::{BAI_CHAY, CO_TO, HONG_GAI, Province},
    proxy::Weather,
    report, wait,
};

/// Dossiers that the island receives while it is dark.
const DARK_DOSSIERS: usize = 300;
/// Dossiers that Bãi Cháy receives meanwhile.
const MAINLAND_DOSSIERS: usize = 40;
/// The longest time until a dead link is shown as down.
const DOWN_DEADLINE: Duration = Duration::from_secs(30);
/// The longest time until a link that works again is up: the longest back-off and some.
const UP_DEADLINE: Duration = Duration::from_secs(120);
/// The longest time until everything has arrived everywhere.
const ARRIVAL_DEADLINE: Duration = Duration::from_secs(240);

/// Dossiers that are saved for clients who do not wait for the answer.
const ABANDONED: usize = 5;
/// Requests until so many are, at most.
const ABANDONED_TRIES: usize = 500;

/// The nodes of the province, by their place in it.
const CO_TO_DESK: usize = 0;
const MOBILE_DESK: usize = 1;
const BAI_CHAY_DESK: usize = 2;
const HONG_GAI_DESK: usize = 3;

/// How the island is cut off.
#[derive(Clone, Copy, Debug)]
enum Outage {
    LinkOff,
    RelayKilled,
    SilentLoss,
}

#[test]
fn an_island_works_on_and_converges_after_its_link_was_switched_off() {
    through(Outage::LinkOff);
}

#[test]
fn an_island_works_on_and_converges_after_the_relay_was_killed() {
    through(Outage::RelayKilled);
}

#[test]
fn an_island_works_on_and_converges_after_its_packets_were_dropped_in_silence() {
    through(Outage::SilentLoss);
}

#[test]
fn what_was_saved_for_a_client_who_went_away_is_sent_all_the_same() {
    let province = Province::with(&[("co-to", CO_TO)]);
    let desk = Desk::of(&province.nodes[0]);
    province.nodes[0].await_link(&desk.session, "up", UP_DEADLINE);
    let all = procedures();
    let own = all.iter().find(|procedure| procedure.competent == "unit").expect("a procedure");
    let (mut patience, mut saved, mut known) = (Duration::from_millis(4), 0, desk.ids().len());
    for number in 0..ABANDONED_TRIES {
        let (body, key) = (reception(number, own, CO_TO), format!("gone-{number}"));
        let sent = desk.session.send_off("/api/v1/dossiers", &body, &key);
        let answered = sent.expect("a request leaves").abandon_after(patience);
        let now = desk.ids().len();
        match (answered, now > known) {
            // The moment between the commit and the answer is short: it is approached.
            (true, _) => patience = patience * 15 / 16,
            (false, false) => patience = patience * 17 / 16,
            (false, true) => {
                saved += 1;
                wait::until("the relay has it", ARRIVAL_DEADLINE, || {
                    (province.nodes[0].sync(&desk.session)["pending_entries"] == 0).then_some(())
                });
            }
        }
        known = now;
        if saved == ABANDONED {
            break;
        }
    }
    assert_eq!(saved, ABANDONED, "nobody went away between commit and answer");
}

#[test]
fn a_badge_never_gets_worse_because_somebody_has_looked() {
    let province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let [mut here, there] = [0, 1].map(|number| Desk::of(&province.nodes[number]));
    for (node, desk) in province.nodes.iter().zip([&here, &there]) {
        node.await_link(&desk.session, "up", UP_DEADLINE);
    }
    let all = procedures();
    let own = all.iter().find(|procedure| procedure.competent == "unit").expect("a procedure");
    let dossier = here.receive(&reception(1, own, BAI_CHAY), "looked-at");
    let id = id_of(&dossier);
    let state = |desk: &Desk| desk.read(id)["sync"]["state"].clone();
    wait::until("the badge says delivered", ARRIVAL_DEADLINE, || {
        (state(&here) == "delivered").then_some(())
    });
    // Who decides opens it in the dark: nobody hears of that yet, and nothing is owed to anybody.
    province.nodes[1].link("off");
    province.nodes[1].await_link(&there.session, "off", DOWN_DEADLINE);
    assert_eq!([state(&there), state(&there)], ["opened", "opened"]);
    province.nodes[1].link("on");
    let mut seen = Vec::new();
    wait::until("the badge says opened", ARRIVAL_DEADLINE, || {
        seen.push(state(&here));
        (seen.last()? == "opened").then_some(())
    });
    // The office that received it notes its own first look meanwhile.
    assert!(seen.iter().all(|state| state == "delivered" || state == "opened"), "{seen:?}");
    province.nodes[0].link("off");
    province.nodes[0].await_link(&here.session, "off", DOWN_DEADLINE);
    assert_eq!([state(&here), state(&there)], ["opened", "opened"]);
}

fn through(outage: Outage) {
    let mut province = Province::with_an_island();
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    for (node, desk) in province.nodes.iter().zip(&desks) {
        node.await_link(&desk.session, "up", UP_DEADLINE);
    }
    begin(outage, &mut province, &desks);
    work_in_the_dark(&mut desks);
    for desk in &desks[CO_TO_DESK..=MOBILE_DESK] {
        let sync = desk.session.get("/api/v1/sync").done();
        assert!(sync["pending_entries"].as_u64() > Some(0), "nothing is pending: {sync}");
    }
    let healed = Instant::now();
    end(outage, &mut province, &desks);
    await_delivery(&desks);
    report(&format!("{outage:?}: delivered {:?} after the link came back", healed.elapsed()));
    let finished = finish_what_arrived(&mut desks);
    assert!(finished > DARK_DOSSIERS / 5, "only {finished} were handed over");
    await_delivery(&desks);
    check_the_end(&desks);
    for node in &mut province.nodes {
        node.stop();
    }
    province.relay.stop();
}

fn begin(outage: Outage, province: &mut Province, desks: &[Desk]) {
    let island = CO_TO_DESK..=MOBILE_DESK;
    match outage {
        Outage::LinkOff => province.nodes[island.clone()].iter().for_each(|node| node.link("off")),
        Outage::RelayKilled => province.relay.kill(),
        Outage::SilentLoss => {
            for node in &province.nodes[island.clone()] {
                province.relay.line.set(node.pid(), Weather::CUT);
            }
        }
    }
    let state = match outage {
        Outage::LinkOff => "off",
        Outage::RelayKilled | Outage::SilentLoss => "down",
    };
    for number in island {
        let node = &province.nodes[number];
        let took = node.await_link(&desks[number].session, state, DOWN_DEADLINE);
        report(&format!("{outage:?}: {} says {state} after {took:?}", node.name));
    }
}

fn end(outage: Outage, province: &mut Province, desks: &[Desk]) {
    let island = CO_TO_DESK..=MOBILE_DESK;
    match outage {
        Outage::LinkOff => province.nodes[island].iter().for_each(|node| node.link("on")),
        Outage::RelayKilled => province.relay.start(),
        Outage::SilentLoss => {
            for node in &province.nodes[island] {
                province.relay.line.set(node.pid(), Weather::default());
            }
        }
    }
    for (node, desk) in province.nodes.iter().zip(desks) {
        node.await_link(&desk.session, "up", UP_DEADLINE);
    }
}

/// The island's two desks and Bãi Cháy work at the same time.
fn work_in_the_dark(desks: &mut [Desk]) {
    let catalogue = procedures();
    assert_eq!(catalogue.len(), 74);
    let [co_to, mobile, bai_chay, _] = desks else { panic!("four desks") };
    thread::scope(|scope| {
        let catalogue = &catalogue;
        scope.spawn(move || island_day(co_to, catalogue, |number| number % 3 != 2));
        scope.spawn(move || island_day(mobile, catalogue, |number| number % 3 == 2));
        scope.spawn(move || mainland_day(bai_chay, catalogue));
    });
}

/// The unit that decides the dossier of this number: a third is for Bãi Cháy or Hồng Gai.
fn competent(number: usize) -> &'static str {
    match number % 6 {
        1 => BAI_CHAY,
        4 => HONG_GAI,
        _ => CO_TO,
    }
}

fn island_day(desk: &mut Desk, catalogue: &[Procedure], mine: impl Fn(usize) -> bool) {
    for number in (0..DARK_DOSSIERS).filter(|number| mine(*number)) {
        let procedure = &catalogue[number % catalogue.len()];
        let unit = competent(number);
        let dossier = desk.receive(&reception(number, procedure, unit), &format!("dark-{number}"));
        if procedure.competent.starts_with("agency") {
            continue;
        }
        let dossier = desk.hand_over(&dossier, unit);
        if unit == CO_TO {
            desk.finish(&dossier);
        }
    }
}

fn mainland_day(desk: &mut Desk, catalogue: &[Procedure]) {
    for number in 0..MAINLAND_DOSSIERS {
        let procedure = &catalogue[number % catalogue.len()];
        let body = reception(10_000 + number, procedure, BAI_CHAY);
        let dossier = desk.receive(&body, &format!("day-{number}"));
        if !procedure.competent.starts_with("agency") {
            let dossier = desk.hand_over(&dossier, BAI_CHAY);
            desk.finish(&dossier);
        }
    }
}

/// Every badge says that the dossier has arrived wherever it concerns someone.
fn await_delivery(desks: &[Desk]) {
    wait::until_nothing_is_missing("every badge says delivered", ARRIVAL_DEADLINE, || {
        desks
            .iter()
            .flat_map(|desk| agree::undelivered(desk.acknowledged.keys().cloned(), desk))
            .collect()
    });
}

/// Bãi Cháy and Hồng Gai decide what the island handed over to them.
fn finish_what_arrived(desks: &mut [Desk]) -> usize {
    let mut finished = 0;
    for desk in &mut desks[BAI_CHAY_DESK..=HONG_GAI_DESK] {
        for id in desk.ids() {
            let dossier = desk.read(&id);
            let ours = dossier["receiving_unit"].to_string().contains(&desk.unit);
            if dossier["status"] == "processing" && !ours {
                desk.finish(&dossier);
                finished += 1;
            }
        }
    }
    finished
}

fn check_the_end(desks: &[Desk]) {
    wait::until_nothing_is_missing("all agree", ARRIVAL_DEADLINE, || agree::disagreements(desks));
    assert_eq!(agree::repeated_codes(desks), Vec::<String>::new());
    let mut received = BTreeMap::new();
    for desk in desks {
        assert_eq!(agree::missing_actions(&desk.acknowledged, desk), Vec::<String>::new());
        received.extend(desk.acknowledged.keys().map(|id| (id.clone(), desk.read(id))));
    }
    assert_eq!(received.len(), DARK_DOSSIERS + MAINLAND_DOSSIERS);
    for desk in desks {
        assert_eq!(agree::misplaced(&received, desk), Vec::<String>::new(), "at {}", desk.unit);
    }
}
