//! What has happened to a dossier, with what was done at several places at once side by side.

use std::collections::{BTreeMap, BTreeSet};

use hoso_engine::web::Words;
use hoso_registry::Day;
use serde_json::Value;

use super::{
    super::site::Site,
    checklist::in_words,
    chips::Chip,
    dossier::{list, money, text},
    frame::{date, moment},
};
use crate::times;

/// Parts of an event's body that the history shows.
const SHOWN: [&str; 21] = [
    "name",
    "person",
    "papers",
    "reason",
    "basis",
    "note",
    "text",
    "to_unit",
    "unit",
    "field",
    "value",
    "number",
    "date",
    "amount",
    "method",
    "receipt_no",
    "receiver",
    "evidence",
    "due_at",
    "code",
    "paper_reference",
];

/// The code of what waits for a choice.
const CONTESTED: &str = "contested";

/// One event as people read it.
#[derive(Clone)]
pub(super) struct Happened {
    pub(super) id: String,
    /// By the clock of the machine at which it was written.
    pub(super) at: String,
    /// When the province received it, in a sentence; empty while it has not.
    pub(super) received: String,
    /// That the clock here may have been wrong; empty once the province has received it.
    pub(super) unverified: String,
    pub(super) what: String,
    pub(super) who: String,
    pub(super) place: String,
    pub(super) details: Vec<(String, String)>,
    /// Why it has no effect; no word if it has.
    pub(super) without_effect: Chip,
}

impl Happened {
    /// As one side of a conflict: why it has no effect is said for both.
    pub(super) fn contested(self) -> Self {
        Self { without_effect: Chip::default(), ..self }
    }
}

/// What was done one after the other at one place.
pub(super) struct Lane {
    pub(super) place: String,
    pub(super) events: Vec<Happened>,
}

/// A part of the history: one lane, or several whose authors did not know of each other.
pub(super) struct Stage {
    pub(super) lanes: Vec<Lane>,
}

/// The history in its order.
pub(super) fn history(site: &Site, words: &Words, dossier: &Value) -> Vec<Stage> {
    let events: Vec<&Value> = list(dossier, "/events").collect();
    // Of what excludes each other one has effect until somebody chooses, and waits all the same.
    let sides = list(dossier, "/conflicts").flat_map(|conflict| list(conflict, "/sides"));
    let contested: BTreeSet<String> = sides.map(|side| text(side, "/id")).collect();
    let shown = |at: usize| {
        let event = events.get(at).map(|event| happened(site, words, event))?;
        let waits = contested.contains(&event.id);
        let chip = if waits { without_effect(words, CONTESTED) } else { event.without_effect };
        Some(Happened { without_effect: chip, ..event })
    };
    let lane = |lane: Vec<usize>| {
        let events: Vec<Happened> = lane.into_iter().filter_map(shown).collect();
        Lane { place: events.first().map(|event| event.place.clone()).unwrap_or_default(), events }
    };
    let stages = stages(&after(&events));
    stages.into_iter().map(|lanes| Stage { lanes: lanes.into_iter().map(lane).collect() }).collect()
}

/// For each event the places of those on which it rests.
fn after(events: &[&Value]) -> Vec<Vec<usize>> {
    let id = |event: &Value| event.get("id").and_then(Value::as_str).map(str::to_owned);
    let places: BTreeMap<String, usize> =
        events.iter().enumerate().filter_map(|(at, event)| Some((id(event)?, at))).collect();
    let place = |id: &Value| id.as_str().and_then(|id| places.get(id)).copied();
    events.iter().map(|event| list(event, "/after").filter_map(place).collect()).collect()
}

/// Which events each has seen.
struct Seen(Vec<Vec<u64>>);

impl Seen {
    fn of(after: &[Vec<usize>]) -> Self {
        let words = after.len().div_ceil(64);
        let mut seen = Self(Vec::with_capacity(after.len()));
        for rests_on in after {
            let mut own = vec![0_u64; words];
            for before in rests_on {
                let theirs = seen.0.get(*before).into_iter().flatten();
                own.iter_mut().zip(theirs).for_each(|(word, theirs)| *word |= theirs);
                if let Some(word) = own.get_mut(before / 64) {
                    *word |= 1_u64 << (before % 64);
                }
            }
            seen.0.push(own);
        }
        seen
    }

    fn has(&self, event: usize, other: usize) -> bool {
        let word = self.0.get(event).and_then(|words| words.get(other / 64));
        word.is_some_and(|word| word & (1_u64 << (other % 64)) != 0)
    }

    /// Whether it has seen everything before it.
    fn has_all(&self, event: usize) -> bool {
        let words = self.0.get(event).into_iter().flatten();
        let seen: u32 = words.map(|word| word.count_ones()).sum();
        usize::try_from(seen).is_ok_and(|seen| seen == event)
    }
}

/// Divides events, each given by the earlier ones on which it rests, into stages of lanes: a stage
/// of several lanes ends where an event has seen everything before it, and a lane is a chain.
fn stages(after: &[Vec<usize>]) -> Vec<Vec<Vec<usize>>> {
    let seen = Seen::of(after);
    let mut stages: Vec<Vec<Vec<usize>>> = Vec::new();
    for event in 0..after.len() {
        let follows =
            |lane: &&mut Vec<usize>| lane.last().is_none_or(|last| seen.has(event, *last));
        match stages.last_mut() {
            Some(stage) if stage.len() == 1 || !seen.has_all(event) => {
                match stage.iter_mut().find(follows) {
                    Some(lane) => lane.push(event),
                    None => stage.push(vec![event]),
                }
            }
            Some(_) | None => stages.push(vec![vec![event]]),
        }
    }
    stages.into_iter().flat_map(|stage| apart(stage, &seen)).collect()
}

/// What all lanes of a stage have seen is drawn before them.
fn apart(mut stage: Vec<Vec<usize>>, seen: &Seen) -> Vec<Vec<Vec<usize>>> {
    let Some((trunk, others)) = stage.split_first_mut() else { return Vec::new() };
    let begins: Vec<usize> = others.iter().filter_map(|lane| lane.first()).copied().collect();
    if begins.is_empty() {
        return vec![stage];
    }
    let shared = |event: &&usize| begins.iter().all(|begin| seen.has(*begin, **event));
    let own = trunk.split_off(trunk.iter().take_while(shared).count());
    let before = std::mem::replace(trunk, own);
    if before.is_empty() { vec![stage] } else { vec![vec![before], stage] }
}

/// One event as people read it.
pub(super) fn happened(site: &Site, words: &Words, event: &Value) -> Happened {
    let kind = text(event, "/kind").replace('_', "-");
    let partly = event.pointer("/body/partial") == Some(&Value::Bool(true));
    let method = text(event, "/body/method");
    let what = match (kind.as_str(), partly, method.as_str()) {
        ("", ..) => words.say("past-newer"),
        ("supplemented", true, _) => words.say("past-supplemented-partly"),
        // Nobody has seen the money yet.
        ("paid", _, "transfer" | "online") => words.say("past-paid-by-bank"),
        (kind, ..) => words.say(&format!("past-{kind}")),
    };
    let body = event.pointer("/body").and_then(Value::as_object);
    let details = SHOWN.iter().filter_map(|name| {
        let value = detail(site, words, name, body?.get(*name)?)?;
        Some((words.say(&format!("field-{}", name.replace('_', "-"))), value))
    });
    let (reason, received) = (text(event, "/reason"), text(event, "/at_province_at"));
    let noted_ms = times::instant(&text(event, "/at"));
    let doubtful = received.is_empty() && noted_ms.is_some_and(|at| site.office.may_be_wrong(at));
    Happened {
        unverified: if doubtful { words.say("unverified") } else { String::new() },
        id: text(event, "/id"),
        at: moment(&text(event, "/at")),
        received: match received.is_empty() {
            true => String::new(),
            false => {
                let values = [("at", moment(&received))].into_iter().collect();
                words.say_with("province-received", &values)
            }
        },
        what,
        who: text(event, "/by"),
        place: site.place(&text(event, "/unit")),
        details: details.collect(),
        without_effect: without_effect(words, &reason),
    }
}

/// Why an event has no effect. What waits for a choice has somebody to act, the rest is a fact.
pub(super) fn without_effect(words: &Words, reason: &str) -> Chip {
    if reason.is_empty() {
        return Chip::default();
    }
    let why = words.say(&format!("effect-{}", reason.replace('_', "-")));
    if reason == CONTESTED {
        return Chip::new("review", "review", why);
    }
    Chip::new("away", "info", format!("{} {why}", words.say("without-effect")))
}

/// One part of an event's body as people read it.
fn detail(site: &Site, words: &Words, name: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) if name == "due_at" => Some(moment(text)),
        Value::String(text) if name == "date" => Some(date(text)),
        Value::String(text) if name == "value" && Day::from_iso(text).is_some() => Some(date(text)),
        Value::String(text) if ["unit", "to_unit"].contains(&name) => Some(site.place(text)),
        Value::String(text) if name == "person" => Some(site.person(text)),
        Value::String(text) if name == "method" => Some(words.say(&format!("method-{text}"))),
        Value::String(text) if name == "field" => {
            let last = text.rsplit('.').next().unwrap_or(text);
            Some(words.say(&format!("field-{}", last.replace('_', "-"))))
        }
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if name == "amount" => Some(money(&number.to_string())),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(papers) => {
            let said = papers.iter().map(|paper| in_words(words, paper));
            let said: Vec<String> = said.filter(|paper| !paper.is_empty()).collect();
            (!said.is_empty()).then(|| said.join("; "))
        }
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::stages;

    #[test]
    fn what_was_done_in_the_dark_at_two_places_stands_side_by_side_until_somebody_has_seen_both() {
        let alone: [Vec<usize>; 3] = [vec![], vec![0], vec![1]];
        assert_eq!(stages(&alone), [[vec![0, 1, 2]]]);
        // 1 and 3 at one place, 2 and 4 at the other, all upon 0; 5 has seen both.
        let dark: [Vec<usize>; 7] =
            [vec![], vec![0], vec![0], vec![1], vec![2], vec![3, 4], vec![5]];
        let expected = [vec![vec![0]], vec![vec![1, 3], vec![2, 4]], vec![vec![5, 6]]];
        assert_eq!(stages(&dark), expected);
        // What came first at one place was seen at the other only later.
        let late: [Vec<usize>; 5] = [vec![], vec![0], vec![1], vec![1], vec![2]];
        assert_eq!(stages(&late), [vec![vec![0, 1]], vec![vec![2, 4], vec![3]]]);
    }
}
