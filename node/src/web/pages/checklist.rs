//! The papers that are asked for, or that come in later: known ones to tick, and lines to write
//! others on, each with its counts.

use fluent_bundle::FluentArgs;
use hoso_dossier::deadline::local_date;
use hoso_engine::web::Words;
use hoso_registry::EventKind;
use serde_json::{Map, Value, json};

use super::{
    super::site::Site,
    dossier::{list, text},
    fields::{Field, sent},
    receive::usual_counts,
};
use crate::{desk::Refused, times};

/// The list of known papers in a sent form.
pub(super) const LISTED: &str = "listed";
/// The counts of a line of papers.
const COUNTS: [&str; 3] = ["originals", "certified_copies", "photocopies"];
/// Lines in one form at most.
const LINES_MAX: usize = 32;
/// Free lines more, each time that they are asked for.
const MORE: usize = 3;
/// The kinds whose papers are chosen so.
const KINDS: [EventKind; 2] = [EventKind::SupplementRequested, EventKind::Supplemented];

/// The papers in the form of an action.
pub(super) struct Checklist {
    pub(super) title: String,
    /// Name and counts.
    pub(super) columns: [String; 4],
    /// The known ones, then free lines.
    pub(super) lines: Vec<Line>,
    /// The word that asks for more free lines.
    pub(super) more: String,
    /// What lets the dossier go on without what is still missing.
    pub(super) complete: Option<Field>,
}

/// One paper.
pub(super) struct Line {
    /// What it is called, or which free line it is.
    pub(super) title: String,
    /// What is known of it: what was handed in, or what was asked for.
    pub(super) note: String,
    /// Takes a known paper; free lines have none.
    pub(super) tick: Option<Field>,
    /// Hidden for a known paper.
    pub(super) name: Field,
    /// The counts that a tick alone means.
    pub(super) usual: Field,
    pub(super) counts: [Field; 3],
    /// Whether it was asked for just now: what is typed next is typed there.
    pub(super) first: bool,
}

impl Line {
    fn fields(&mut self) -> impl Iterator<Item = &mut Field> {
        self.tick.iter_mut().chain([&mut self.name]).chain(&mut self.counts)
    }

    /// What is wrong with it.
    pub(super) fn problems(&self) -> impl Iterator<Item = &Field> {
        let fields = self.tick.iter().chain([&self.name]).chain(&self.counts);
        fields.filter(|field| !field.problem.is_empty())
    }
}

impl Checklist {
    /// The papers of this kind's form for a dossier, if it has any to choose.
    pub(super) fn of(site: &Site, words: &Words, dossier: &Value, kind: EventKind) -> Option<Self> {
        if !KINDS.contains(&kind) {
            return None;
        }
        let asks = kind == EventKind::SupplementRequested;
        let known = if asks { of_procedure(site, words, dossier) } else { missing(words, dossier) };
        let complete = !asks && !known.is_empty();
        let known = known.into_iter().enumerate().map(|(at, known)| listed(words, at, known));
        let mut lines: Vec<Line> = known.take(LINES_MAX.saturating_sub(MORE)).collect();
        let free = if asks { MORE } else { 1 };
        lines.extend((0..free).map(|at| line(words, at)));
        Some(Self {
            title: words.say(if asks { "papers-asked" } else { "papers-brought" }),
            columns: ["paper-name", "originals", "certified-copies", "photocopies"]
                .map(|column| words.say(&format!("field-{column}"))),
            lines,
            more: words.say("papers-more"),
            complete: complete.then(|| Field::new(words, "complete", "checkbox", false)),
        })
    }

    /// Puts what was typed before into the lines, with as many free ones as that takes.
    pub(super) fn fill(&mut self, words: &Words, form: &[(String, String)]) {
        let numbers = form.iter().filter_map(|(name, _)| name.strip_prefix("papers."));
        let numbers = numbers.filter_map(|rest| rest.split('.').next()?.parse::<usize>().ok());
        let typed = numbers.max().map_or(0, |last| last.saturating_add(1));
        let known = self.lines.iter().filter(|line| line.tick.is_some()).count();
        let there = self.lines.len().saturating_sub(known);
        let more = if sent(form, "_do") == "more" { MORE } else { 0 };
        let wanted = typed.max(there).saturating_add(more);
        for at in there..wanted.min(LINES_MAX.saturating_sub(known)) {
            let first = more > 0 && at == typed.max(there);
            self.lines.push(Line { first, ..line(words, at) });
        }
        for line in &mut self.lines {
            if line.tick.is_some() {
                refill(line, form);
            } else {
                line.fields().for_each(|field| field.typed(form));
            }
        }
        self.complete.iter_mut().for_each(|field| field.typed(form));
    }

    /// Every field, with what its line is called.
    pub(super) fn fields(&mut self) -> impl Iterator<Item = (&str, &mut Field)> {
        self.lines.iter_mut().flat_map(|line| {
            let Line { title, tick, name, counts, .. } = line;
            let title: &str = title;
            tick.iter_mut().chain([name]).chain(counts).map(move |field| (title, field))
        })
    }
}

/// A known paper is found again by its name: the list may have become another one meanwhile.
fn refill(line: &mut Line, form: &[(String, String)]) {
    let same = |(name, value): &&(String, String)| {
        name.starts_with("listed.") && name.ends_with(".name") && *value == line.name.value
    };
    let Some(place) = form.iter().find(same).and_then(|(name, _)| name.strip_suffix(".name"))
    else {
        return;
    };
    let place = place.to_owned();
    for field in line.fields().filter(|field| field.kind != "hidden") {
        let last = field.name.rsplit('.').next().unwrap_or_default();
        let value = sent(form, &format!("{place}.{last}")).to_owned();
        field.value = value;
    }
}

/// A paper that is known, with the counts that are meant if nothing else is said.
struct Known {
    name: String,
    note: String,
    usual: [u64; 3],
}

/// The papers under that pointer, each name once with all that there is of it: a supplement brings
/// more of what was handed in before.
pub(super) fn papers_by_name(dossier: &Value, pointer: &str) -> Vec<Value> {
    let mut papers: Vec<(String, [u64; 3])> = Vec::new();
    for paper in list(dossier, pointer) {
        let (name, counts) = (text(paper, "/name"), counts_of(paper));
        match papers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, all)) => {
                let sums = all.iter_mut().zip(counts);
                sums.for_each(|(sum, count)| *sum = sum.saturating_add(count));
            }
            None => papers.push((name, counts)),
        }
    }
    let paper = |(name, [originals, certified, copies]): (String, [u64; 3])| {
        json!({
            "name": name, "originals": originals, "certified_copies": certified,
            "photocopies": copies,
        })
    };
    papers.into_iter().map(paper).collect()
}

/// What the procedure asks for, with what of it was handed in.
fn of_procedure(site: &Site, words: &Words, dossier: &Value) -> Vec<Known> {
    let received_ms = times::instant(&text(dossier, "/received_at"));
    let state = site.office.state();
    let procedure = local_date(received_ms.unwrap_or_else(times::now_ms))
        .and_then(|day| state.procedure(&text(dossier, "/procedure/code"), day));
    let papers = procedure.map(|(_, procedure)| procedure.papers.as_slice()).unwrap_or_default();
    let handed_in = papers_by_name(dossier, "/papers");
    let known = papers.iter().map(|paper| {
        let there = handed_in.iter().find(|there| text(there, "/name") == *paper);
        let counts = there.map(|there| counts_in_words(words, there)).unwrap_or_default();
        Known {
            name: paper.clone(),
            note: noted(words, "paper-handed-in", counts),
            usual: usual_counts(paper).map(|(_, count)| u64::from(count)),
        }
    });
    known.collect()
}

/// What was asked for and has not come.
fn missing(words: &Words, dossier: &Value) -> Vec<Known> {
    let known = list(dossier, "/missing_papers").map(|paper| Known {
        name: text(paper, "/name"),
        note: noted(words, "paper-asked-for", counts_in_words(words, paper)),
        usual: counts_of(paper),
    });
    known.collect()
}

fn noted(words: &Words, key: &str, counts: String) -> String {
    if counts.is_empty() {
        return counts;
    }
    words.say_with(key, &[("counts", counts)].into_iter().collect())
}

fn listed(words: &Words, at: usize, known: Known) -> Line {
    let tick = Field::new(words, &format!("listed.{at}.chosen"), "checkbox", false);
    let usual = known.usual.map(|count| count.to_string()).join(" ");
    Line {
        title: known.name.clone(),
        note: known.note,
        tick: Some(Field { label: known.name.clone(), ..tick }),
        name: Field::new(words, &format!("listed.{at}.name"), "hidden", false).holding(known.name),
        usual: Field::new(words, &format!("listed.{at}.usual"), "hidden", false).holding(usual),
        counts: counts(words, &format!("listed.{at}")),
        first: false,
    }
}

fn line(words: &Words, at: usize) -> Line {
    let number = at.saturating_add(1).to_string();
    let name = Field::new(words, &format!("papers.{at}.name"), "text", false);
    Line {
        title: words.say_with("paper-other-number", &[("number", number)].into_iter().collect()),
        note: String::new(),
        tick: None,
        name: Field { label: words.say("paper-other"), ..name },
        usual: Field::default(),
        counts: counts(words, &format!("papers.{at}")),
        first: false,
    }
}

fn counts(words: &Words, place: &str) -> [Field; 3] {
    COUNTS.map(|count| {
        Field::new(words, &format!("{place}.{count}"), "text", false).digits(String::new())
    })
}

fn counts_of(paper: &Value) -> [u64; 3] {
    COUNTS.map(|count| paper.get(count).and_then(Value::as_u64).unwrap_or_default())
}

/// The counts of a paper as people say them; empty where there is none.
fn counts_in_words(words: &Words, paper: &Value) -> String {
    let said = COUNTS.iter().zip(counts_of(paper)).filter(|(_, number)| *number > 0);
    let said = said.map(|(count, number)| {
        let values: FluentArgs<'_> = [("number", number)].into_iter().collect();
        words.say_with(&format!("count-{}", count.replace('_', "-")), &values)
    });
    said.collect::<Vec<_>>().join(", ")
}

/// A paper with its counts as people say it.
pub(super) fn in_words(words: &Words, paper: &Value) -> String {
    let (name, counts) = (text(paper, "/name"), counts_in_words(words, paper));
    if name.is_empty() || counts.is_empty() { name } else { format!("{name} ({counts})") }
}

/// Moves the known papers that were taken to those of the form, in their place before what was
/// written on free lines, and notes where some are still to come.
pub(super) fn gather(root: &mut Map<String, Value>) -> Result<(), Refused> {
    let kind = root.get("kind").and_then(Value::as_str).and_then(EventKind::from_code);
    let Some(kind) = kind.filter(|kind| KINDS.contains(kind)) else { return Ok(()) };
    let listed = root.remove(LISTED);
    let listed = listed.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let complete = root.remove("complete").is_some();
    let mut papers: Vec<Value> = listed.iter().filter_map(taken).collect();
    let written = root.remove("papers");
    papers.extend(written.as_ref().and_then(Value::as_array).into_iter().flatten().cloned());
    if papers.is_empty() && !complete {
        let first = if listed.is_empty() { "papers.0.name" } else { "listed.0.chosen" };
        return Err(Refused::new(422, "field-papers").about(first));
    }
    let come = |name: &str| -> u64 {
        let same = papers.iter().filter(|paper| text(paper, "/name") == name);
        same.flat_map(counts_of).sum()
    };
    let waits = listed
        .iter()
        .any(|line| come(&text(line, "/name")) < usual_of(line).iter().sum::<u64>().max(1));
    if kind == EventKind::Supplemented && waits && !complete {
        root.insert("partial".to_owned(), json!(true));
    }
    root.insert("papers".to_owned(), Value::Array(papers));
    Ok(())
}

/// A known paper that was ticked or counted.
fn taken(line: &Value) -> Option<Value> {
    let mut counts = counts_of(line);
    if counts.iter().all(|count| *count == 0) {
        line.get("chosen")?;
        counts = usual_of(line);
    }
    let [originals, certified_copies, photocopies] = counts;
    Some(json!({
        "name": text(line, "/name"),
        "originals": originals,
        "certified_copies": certified_copies,
        "photocopies": photocopies,
    }))
}

/// What a tick alone means.
fn usual_of(line: &Value) -> [u64; 3] {
    let usual = text(line, "/usual");
    let mut numbers = usual.split(' ').map(|number| number.parse().unwrap_or_default());
    let counts = COUNTS.map(|_| numbers.next().unwrap_or_default());
    if counts.iter().all(|count| *count == 0) { [1, 0, 0] } else { counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(root: Value) -> Result<Value, Refused> {
        let Value::Object(mut root) = root else { panic!("a form is a map") };
        gather(&mut root).map(|()| Value::Object(root))
    }

    fn paper(name: &str, counts: [u64; 3]) -> Value {
        let [originals, certified_copies, photocopies] = counts;
        json!({
            "name": name, "originals": originals, "certified_copies": certified_copies,
            "photocopies": photocopies,
        })
    }

    #[test]
    fn a_tick_means_the_usual_counts_and_a_count_needs_no_tick() {
        let asked = json!({
            "kind": "supplement_requested",
            "listed": [
                { "name": "CCCD", "usual": "0 0 1", "chosen": "on" },
                { "name": "Tờ khai", "usual": "1 0 0" },
                { "name": "Giấy chứng sinh", "usual": "1 0 0", "certified_copies": 2 },
            ],
            "papers": [paper("Giấy ra viện", [1, 0, 0])],
        });
        let papers = [
            paper("CCCD", [0, 0, 1]),
            paper("Giấy chứng sinh", [0, 2, 0]),
            paper("Giấy ra viện", [1, 0, 0]),
        ];
        let expected = json!({ "kind": "supplement_requested", "papers": papers });
        assert_eq!(gathered(asked), Ok(expected));
        let nothing = json!({ "kind": "supplement_requested", "listed": [{ "name": "CCCD" }] });
        let refused = Refused::new(422, "field-papers").about("listed.0.chosen");
        assert_eq!(gathered(nothing), Err(refused));
    }

    #[test]
    fn a_supplement_is_partial_while_a_paper_or_a_piece_of_it_is_still_to_come() {
        let brought = |lines: Value, complete: bool| {
            let mut root = json!({ "kind": "supplemented", "listed": lines });
            if complete {
                root["complete"] = json!("on");
            }
            gathered(root).unwrap()
        };
        let two =
            |second: Value| json!([{ "name": "A", "usual": "1 0 0", "chosen": "on" }, second]);
        let open = json!({ "name": "B", "usual": "2 0 0" });
        assert_eq!(brought(two(open.clone()), false)["partial"], true);
        assert_eq!(brought(two(open), true).get("partial"), None, "who goes on without it says so");
        let one_of_two = json!({ "name": "B", "usual": "2 0 0", "originals": 1 });
        assert_eq!(brought(two(one_of_two), false)["partial"], true);
        let both = json!({ "name": "B", "usual": "2 0 0", "originals": 1, "photocopies": 1 });
        assert_eq!(brought(two(both), false).get("partial"), None);
    }
}
