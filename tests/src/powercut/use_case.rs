//! What is recorded: two offices and the relay in one working day, with a backup, a restore and
//! what heals it.

use std::{path::PathBuf, time::Duration};

use hoso_dossier::code::{Code, Serial};
use hoso_identity::DocumentId;
use hoso_store::database::Schema;
use serde_json::{Value, json};

use super::{
    disk::Disk,
    images::Recording,
    judge::{Mark, Promise},
    recorder::Recorder,
};
use crate::e2e::{
    desk::{Desk, Procedure, id_of, procedures, reception},
    node::Node,
    province::{BAI_CHAY, CO_TO, Province},
    wait,
};

/// How long something may take until it has crossed the province.
const ARRIVAL: Duration = Duration::from_secs(60);
/// The backup's name in the relay's directory.
const BACKUP: &str = "night.hoso";

/// A province under recording.
struct Day {
    province: Province,
    before: Vec<(String, Schema, Disk, Recorder)>,
}

impl Day {
    /// Founds the province, ends the programs in order and starts them again, recorded.
    fn begin() -> Self {
        let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
        let mut before = Vec::new();
        let recorded = |name: &str, schema, data: &PathBuf| {
            let recorder = Recorder::of(data).with_log();
            (name.to_owned(), schema, Disk::of(data), recorder)
        };
        for node in &mut province.nodes {
            node.stop();
            before.push(recorded(&node.name, Schema::Node, &node.data));
            node.recorder = before.last().map(|(.., recorder)| recorder.clone());
        }
        province.relay.stop();
        before.push(recorded("relay", Schema::Relay, &province.relay.data));
        province.relay.recorder = before.last().map(|(.., recorder)| recorder.clone());
        province.relay.start();
        province.nodes.iter_mut().for_each(Node::start);
        Self { province, before }
    }

    fn promise(&self, who: usize, promise: &Promise) {
        self.mark(who, &Mark::Promise(promise.clone()));
    }

    fn mark(&self, who: usize, mark: &Mark) {
        self.before[who].3.mark(&mark.to_text());
    }

    /// What a desk has been answered holds at its node, with the number of the code.
    fn answered(&self, who: usize, dossier: &Value, entries: usize) {
        let id = DocumentId::from_hex(id_of(dossier)).expect("an id");
        self.promise(who, &Promise::Entries(id, entries));
        let code = dossier["code"].as_str().and_then(|code| code.parse::<Code>().ok());
        let own = dossier["receiving_unit"] == self.province.nodes[who].unit.as_str();
        if let Some(code) = code.filter(|_| own)
            && let Serial::Station { station, counter } = code.serial()
        {
            self.promise(who, &Promise::Number(station, code.day().number(), counter));
        }
    }

    /// Waits until everything of these dossiers is delivered; then it holds everywhere.
    fn delivered(&self, desk: &Desk, ids: &[String]) {
        for id in ids {
            let dossier = wait::until(&format!("{id} is delivered"), ARRIVAL, || {
                let dossier = desk.read(id);
                let state = dossier["sync"]["state"].as_str()?;
                matches!(state, "delivered" | "opened").then_some(dossier)
            });
            let entries = changes(&dossier);
            let id = DocumentId::from_hex(id).expect("an id");
            for who in 0..self.before.len() {
                self.promise(who, &Promise::Entries(id, entries));
            }
        }
    }
}

/// Lives through the day; gives what was recorded of each program.
///
/// # Panics
///
/// When a step of the day fails.
#[must_use]
pub fn recorded(dossiers: usize) -> Vec<Recording> {
    let mut day = Day::begin();
    let backup = day.province.relay.data.join(BACKUP);
    let mut ids = morning(&day, dossiers, 0);
    day.province.relay.back_up(&backup);
    day.promise(2, &Promise::Backup(BACKUP.to_owned()));
    ids.extend(morning(&day, dossiers, dossiers));
    // The relay's disk is replaced by last night's; its offices give it back the rest. Before they
    // know of it a badge still says what was true of the lost one.
    let before: Vec<u64> = day.province.nodes.iter().map(healings).collect();
    day.province.relay.stop();
    day.mark(2, &Mark::BackTo(BACKUP.to_owned()));
    day.province.relay.restore(&backup);
    day.province.relay.start();
    for (node, before) in day.province.nodes.iter().zip(before) {
        wait::until("the relay is healed", ARRIVAL, || (healings(node) > before).then_some(()));
    }
    let desk = Desk::of(&day.province.nodes[0]);
    day.delivered(&desk, &ids);
    for node in &mut day.province.nodes {
        node.stop();
    }
    day.province.relay.stop();
    let before = std::mem::take(&mut day.before).into_iter();
    before
        .map(|(name, schema, before, recorder)| {
            let records = recorder.records();
            Recording { name, schema, before, records }
        })
        .collect()
}

/// How often a node has compared everything with the relay.
fn healings(node: &Node) -> u64 {
    node.sync(&Desk::of(node).session)["healed"].as_u64().expect("a number")
}

/// How many changes a desk is shown: its badge says nothing of who has read since.
fn changes(dossier: &Value) -> usize {
    let events = dossier["events"].as_array().into_iter().flatten();
    events.filter(|event| event["kind"] != "opened").count()
}

/// Dossiers of Cô Tô that Bãi Cháy decides, and what both do with them.
fn morning(day: &Day, dossiers: usize, first: usize) -> Vec<String> {
    let procedure = procedure();
    let (mut here, mut there) =
        (Desk::of(&day.province.nodes[0]), Desk::of(&day.province.nodes[1]));
    let mut ids = Vec::new();
    for number in first..first + dossiers {
        let body = reception(number, &procedure, BAI_CHAY);
        let received = here.receive(&body, &format!("day-{number}"));
        day.answered(0, &received, 1);
        let given = here.hand_over(&received, BAI_CHAY);
        day.answered(0, &given, 2);
        ids.push(id_of(&received).to_owned());
    }
    day.delivered(&here, &ids);
    for id in &ids {
        let dossier = there.read(id);
        let taken = there.act(&dossier, "taken_over", json!({}));
        day.answered(1, &taken, changes(&taken));
        let approved = there.act(&taken, "approved", json!({}));
        day.answered(1, &approved, changes(&approved));
    }
    day.delivered(&there, &ids);
    ids
}

/// A procedure that the unit decides.
fn procedure() -> Procedure {
    let all = procedures();
    all.into_iter().find(|procedure| procedure.competent == "unit").expect("a unit's own procedure")
}
