//! The control sheet on a dossier's page: who gave it on, who took it, and when.

use hoso_engine::web::Words;
use serde_json::Value;

use super::{
    super::{
        offices::{Party, Section, parties},
        site::Site,
        supplements::{Supplement, supplements},
    },
    checklist::in_words,
    chips::Chip,
    dossier::{list, text},
    frame::moment,
};

/// Papers of a long supplement that its line names.
const NAMED: usize = 2;

/// The control sheet.
pub(super) struct Sheet {
    pub(super) title: String,
    /// Giver, when, taker, when.
    pub(super) columns: [String; 4],
    /// In the order of the hand-overs.
    pub(super) lines: Vec<Line>,
}

/// One hand-over.
pub(super) struct Line {
    pub(super) giver: Side,
    pub(super) taker: Side,
    /// The word for a line that nobody has closed yet; none if it is closed.
    pub(super) open: Chip,
    /// What was asked for and what came meanwhile.
    pub(super) remarks: Vec<Remark>,
}

/// A request for papers, or what came.
pub(super) struct Remark {
    /// It in a sentence; of many papers the first ones and how many more.
    pub(super) sentence: String,
    /// Every paper, where the sentence does not name all.
    pub(super) papers: Vec<String>,
}

/// One side of a hand-over.
pub(super) struct Side {
    pub(super) place: String,
    /// The person, or the paper that speaks for an agency.
    pub(super) who: String,
    pub(super) at: String,
}

/// The sheet as far as it goes.
pub(super) fn sheet(site: &Site, words: &Words, dossier: &Value) -> Sheet {
    let column = |key: &str| words.say(&format!("column-{key}"));
    Sheet {
        title: words.say("control-sheet"),
        columns: ["giver", "given-at", "taker", "taken-at"].map(column),
        lines: list(dossier, "/control_sheet")
            .enumerate()
            .map(|(number, each)| {
                let remarks = supplements(dossier, number);
                let remarks = remarks.iter().map(|supplement| said(words, supplement)).collect();
                line(words, each, parties(site, dossier, number, each), remarks)
            })
            .collect(),
    }
}

fn said(words: &Words, supplement: &Supplement<'_>) -> Remark {
    let mut papers: Vec<String> =
        supplement.papers.iter().map(|paper| in_words(words, paper)).collect();
    // One paper more is named as shortly as it is counted.
    let named = if papers.len() > NAMED.saturating_add(1) { NAMED } else { papers.len() };
    let first = papers.iter().take(named).cloned().collect::<Vec<_>>().join("; ");
    let said = if named == papers.len() {
        papers.clear();
        first
    } else {
        let count = papers.len().saturating_sub(named).to_string();
        words.say_with("sheet-more", &[("first", first), ("count", count)].into_iter().collect())
    };
    let values = [("at", moment(&supplement.at)), ("papers", said)];
    let key = format!("sheet-{}", supplement.what);
    Remark { sentence: words.say_with(&key, &values.into_iter().collect()), papers }
}

fn line(words: &Words, line: &Value, [from, to]: [Party; 2], remarks: Vec<Remark>) -> Line {
    let taken_at = moment(&text(line, "/taken_at"));
    let (taker, paper) = (text(line, "/taken_by"), text(line, "/paper_reference"));
    let who = match (to.section, taker.is_empty()) {
        (Section::Agency, false) => {
            let values = [("who", taker), ("paper", paper)].into_iter().collect();
            words.say_with("sheet-on-paper", &values)
        }
        (Section::Agency, true) | (Section::Desk | Section::Work, _) => to.person.clone(),
    };
    Line {
        giver: Side {
            place: place(words, &from),
            who: from.person,
            at: moment(&text(line, "/at")),
        },
        open: match taken_at.is_empty() {
            true => Chip::new("wait", "clock", words.say("sheet-open")),
            false => Chip::default(),
        },
        taker: Side { place: place(words, &to), who, at: taken_at },
        remarks,
    }
}

/// The section of an office; of an agency nothing but its name is known.
fn place(words: &Words, party: &Party) -> String {
    if party.section == Section::Agency {
        return party.office.clone();
    }
    let values = [("office", party.office.as_str())].into_iter().collect();
    words.say_with(&format!("sheet-{}", party.section.code()), &values)
}
