//! All offices of a province come back at once: the relay was away while every desk went on.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use super::figures::{Figure, median, ms, percentile};
use crate::e2e::{
    desk::{Desk, procedures, reception},
    node::Node,
    program,
    province::Province,
    relay::{Relay, catalogue},
    wait,
};

/// Dossiers that each desk receives while the relay is away.
pub const DOSSIERS: usize = 5;
/// MiB of the relay at most: the windows of 54 connections, 6.5 MiB each, and what it needs at
/// rest.
pub const RELAY_MIB_MAX: u32 = 512;
/// How long all of it may take.
const DEADLINE: Duration = Duration::from_secs(300);

/// How the offices came back.
#[derive(Clone, Debug)]
pub struct Storm {
    /// From the relay's readiness until each office was up.
    pub up: Vec<Duration>,
    /// And until each had everything acknowledged.
    pub acknowledged: Vec<Duration>,
    /// MiB that the relay needed at most.
    pub relay_mib: u32,
}

/// The 54 offices of the province.
///
/// # Panics
///
/// When something does not come back.
#[must_use]
pub fn measure(offices: usize) -> Vec<Figure> {
    let storm = reconnect(offices);
    let figure = |what: &str, times: &[Duration]| {
        let (middle, last) = (median(times.to_vec()), percentile(times.to_vec(), 99));
        let ratio = last.as_secs_f64() / middle.as_secs_f64().max(1e-9);
        let measured = format!("{} median, {} p99", ms(middle), ms(last));
        let what = format!("{offices} offices at once: {what}");
        Figure::new(&what, measured, "–".to_owned(), format!("p99 {ratio:.1} x median"))
    };
    vec![
        figure("link up", &storm.up),
        figure("everything acknowledged", &storm.acknowledged),
        Figure::new(
            "relay's memory meanwhile",
            format!("{} MiB", storm.relay_mib),
            format!("{RELAY_MIB_MAX} MiB"),
            format!("{:.2}", f64::from(storm.relay_mib) / f64::from(RELAY_MIB_MAX)),
        ),
    ]
}

/// Lets that many offices work while the relay is away, and come back at once.
///
/// # Panics
///
/// When something does not come back.
#[must_use]
pub fn reconnect(offices: usize) -> Storm {
    let mut province = Province::with(&[]);
    for code in unit_codes().iter().take(offices) {
        let node = Node::join(province.directory(), code, code, &province.relay);
        province.nodes.push(node);
    }
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    all(&province, &desks, "up");
    province.relay.kill();
    receive(&mut desks);
    all(&province, &desks, "down");
    province.relay.start();
    let (up, acknowledged) = come_back(&province, &desks);
    Storm { up, acknowledged, relay_mib: relay_mib(&mut province.relay) }
}

/// The codes of all units.
pub(super) fn unit_codes() -> Vec<String> {
    let units = fs::read_to_string(catalogue("units.csv")).expect("the project's own units");
    let codes = units.lines().skip(1).filter_map(|line| line.split(',').next());
    codes.map(str::to_owned).collect()
}

fn relay_mib(relay: &mut Relay) -> u32 {
    let kib = program::peak_resident_kib(relay.program().pid());
    u32::try_from(kib / 1024).expect("less than a terabyte")
}

fn all(province: &Province, desks: &[Desk], state: &str) {
    for (node, desk) in province.nodes.iter().zip(desks) {
        node.await_link(&desk.session, state, DEADLINE);
    }
}

fn receive(desks: &mut [Desk]) {
    let own: Vec<_> =
        procedures().into_iter().filter(|procedure| procedure.competent == "unit").collect();
    for desk in desks {
        let unit = desk.unit.clone();
        for number in 0..DOSSIERS {
            let body = reception(number, &own[number % own.len()], &unit);
            desk.receive(&body, &format!("storm-{number}"));
        }
    }
}

/// When each office is up, and when nothing of it is pending any more.
fn come_back(province: &Province, desks: &[Desk]) -> (Vec<Duration>, Vec<Duration>) {
    let begun = Instant::now();
    thread::scope(|scope| {
        let waiting: Vec<_> = province
            .nodes
            .iter()
            .zip(desks)
            .map(|(node, desk)| {
                scope.spawn(move || {
                    node.await_link(&desk.session, "up", DEADLINE);
                    let up = begun.elapsed();
                    wait::until("everything is acknowledged", DEADLINE, || {
                        (node.sync(&desk.session)["pending_entries"] == 0).then_some(())
                    });
                    (up, begun.elapsed())
                })
            })
            .collect();
        waiting.into_iter().map(|one| one.join().expect("an office came back")).unzip()
    })
}
