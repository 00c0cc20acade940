//! How forms and pages name the offices that a dossier goes through.

use serde_json::Value;

use super::{
    pages::{list, text},
    site::Site,
};

/// Words of an office's name that stay on one line.
const WHOLE: [&str; 4] = ["Trung tâm", "Phục vụ", "hành chính công", "Ủy ban nhân dân"];
/// With these words the name of a place begins.
const KINDS: [&str; 5] = [" đặc khu ", " phường ", " xã ", " tỉnh ", " thành phố "];
/// A space at which no line breaks.
const HARD_SPACE: &str = "\u{a0}";

/// The part of an office that gives a dossier on or takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// Where people hand in and collect.
    Desk,
    /// Where it is worked on.
    Work,
    /// An agency, of whose parts nothing is known.
    Agency,
}

impl Section {
    /// The word by which texts name it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Work => "work",
            Self::Agency => "agency",
        }
    }
}

/// One side of a line of the control sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) section: Section,
    /// The section's office as forms name it: the centre that receives, or who decides.
    pub(super) office: String,
    /// The person, as far as one is known.
    pub(super) person: String,
}

/// Who gave and who took by the line of the control sheet with this number from 0. The first line
/// leads from the desk of the reception to where the dossier is worked on; later ones touch the
/// desk only where the receiving unit does not decide.
pub(super) fn parties(site: &Site, dossier: &Value, number: usize, line: &Value) -> [Party; 2] {
    let receiving = text(dossier, "/receiving_unit");
    let elsewhere = text(dossier, "/competent_unit") != receiving;
    let agency = line.pointer("/to_agency") == Some(&Value::Bool(true));
    let at_desk = |code: &str| elsewhere && code == receiving;
    let party = |code: String, section: Section, person: String| {
        let state = site.office.state();
        let unit = state.unit_by_code(&code);
        let office = unit.map(|unit| match section {
            Section::Desk => unit.desk_name.clone(),
            Section::Work | Section::Agency => unit.authority_name.clone(),
        });
        Party { section, office: office.unwrap_or_else(|| site.place(&code)), person }
    };
    let (from, to) = (text(line, "/from"), text(line, "/to"));
    let giving = if number == 0 || at_desk(&from) { Section::Desk } else { Section::Work };
    let taking = match (agency, at_desk(&to)) {
        (true, _) => Section::Agency,
        (false, true) => Section::Desk,
        (false, false) => Section::Work,
    };
    let taker = text(line, "/taken_by");
    let taker = if agency || taker.is_empty() { named(site, dossier, line) } else { taker };
    [party(from, giving, text(line, "/given_by")), party(to, taking, taker)]
}

/// The person to whom the line was addressed.
fn named(site: &Site, dossier: &Value, line: &Value) -> String {
    let given = text(line, "/event");
    let given = list(dossier, "/events").find(|event| text(event, "/id") == given);
    let person = given.map(|event| text(event, "/body/to_person")).unwrap_or_default();
    if person.is_empty() { person } else { site.person(&person) }
}

/// Who decides on the dossier, as forms name them.
pub(super) fn competent(site: &Site, dossier: &Value) -> String {
    authority(site, &text(dossier, "/competent_unit"))
}

/// What the authority with this code is called on forms.
pub(super) fn authority(site: &Site, code: &str) -> String {
    let unit = site.office.state().unit_by_code(code).map(|unit| unit.authority_name.clone());
    unit.unwrap_or_else(|| site.place(code))
}

/// The name of an office in which no line ends within a proper name.
pub(super) fn unbroken(office: &str) -> String {
    let place = KINDS.iter().filter_map(|kind| office.rfind(kind)).min();
    let (head, place) = office.split_at(place.map_or(office.len(), |at| at.saturating_add(1)));
    let whole = |head: String, words: &&str| head.replace(*words, &joined(words));
    let head = WHOLE.iter().fold(head.to_owned(), whole);
    format!("{head}{}", joined(place))
}

/// The words of a proper name on one line.
pub(super) fn joined(name: &str) -> String {
    name.replace(' ', HARD_SPACE)
}

#[cfg(test)]
mod tests {
    use super::unbroken;

    #[test]
    fn no_line_ends_within_the_name_of_a_place() {
        for (name, parts) in [
            (
                "Trung tâm Phục vụ hành chính công đặc khu Cô Tô",
                &[
                    "Trung\u{a0}tâm",
                    "Phục\u{a0}vụ",
                    "hành\u{a0}chính\u{a0}công",
                    "đặc\u{a0}khu\u{a0}Cô\u{a0}Tô",
                ][..],
            ),
            (
                "Ủy ban nhân dân phường Móng Cái 1",
                &["Ủy\u{a0}ban\u{a0}nhân\u{a0}dân", "phường\u{a0}Móng\u{a0}Cái\u{a0}1"],
            ),
            ("Văn phòng đăng ký đất đai", &["Văn", "phòng", "đăng", "ký", "đất", "đai"]),
        ] {
            assert_eq!(unbroken(name).split(' ').collect::<Vec<_>>(), parts);
        }
    }
}
