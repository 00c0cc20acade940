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
    /// What was asked for and what came meanwhile, each in a sentence.
    pub(super) remarks: Vec<String>,
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

/// A request for papers, or what came, in a sentence.
fn said(words: &Words, supplement: &Supplement<'_>) -> String {
    let papers: Vec<String> =
        supplement.papers.iter().map(|paper| in_words(words, paper)).collect();
    let values = [("at", moment(&supplement.at)), ("papers", papers.join("; "))];
    words.say_with(&format!("sheet-{}", supplement.what), &values.into_iter().collect())
}

fn line(words: &Words, line: &Value, [from, to]: [Party; 2], remarks: Vec<String>) -> Line {
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
