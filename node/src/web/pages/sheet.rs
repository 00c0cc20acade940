//! The control sheet on a dossier's page: who gave it on, who took it, and when.

use hoso_engine::web::Words;
use serde_json::Value;

use super::{
    super::site::Site,
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
        lines: list(dossier, "/control_sheet").map(|each| line(site, words, each)).collect(),
    }
}

fn line(site: &Site, words: &Words, line: &Value) -> Line {
    let taken_at = moment(&text(line, "/taken_at"));
    let (taker, paper) = (text(line, "/taken_by"), text(line, "/paper_reference"));
    let who = match (line.pointer("/to_agency") == Some(&Value::Bool(true)), taker.is_empty()) {
        (true, false) => {
            let values = [("who", taker), ("paper", paper)].into_iter().collect();
            words.say_with("sheet-on-paper", &values)
        }
        (true, true) | (false, _) => taker,
    };
    Line {
        giver: Side {
            place: site.place(&text(line, "/from")),
            who: text(line, "/given_by"),
            at: moment(&text(line, "/at")),
        },
        open: match taken_at.is_empty() {
            true => Chip::new("wait", "clock", words.say("sheet-open")),
            false => Chip::default(),
        },
        taker: Side { place: site.place(&text(line, "/to")), who, at: taken_at },
    }
}
