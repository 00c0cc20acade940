//! The fields of reception in their groups.

use hoso_dossier::deadline::local_date;
use hoso_engine::web::Words;
use hoso_store::fold::folded;
use serde_json::Value;
use time::Date;

use super::{
    super::{
        super::{catalogue, site::Site},
        fields::{Choice, Field, choices, sent, value_sent},
    },
    PAPERS_MAX,
};
use crate::times;

/// Lines for papers that an empty form shows.
const PAPERS: usize = 4;
/// What an applicant or owner can be.
const PARTIES: [&str; 3] = ["person", "organisation", "household_business"];
/// The counts of a line of papers.
const COUNTS: [&str; 3] = ["originals", "certified_copies", "photocopies"];
/// Words of papers that people show and keep: a photocopy stays here.
const KEPT: [&str; 5] = ["cccd", "can cuoc", "ho chieu", "ban chup", "photo"];
/// Words of papers that are handed in as certified copies.
const COPIES: [&str; 2] = ["ban sao", "trich luc"];

/// Fields that belong together.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) fields: Vec<Field>,
    /// Whether it is shown open: something stands in it, or is wrong with it.
    pub(super) open: bool,
}

/// One line of the papers.
pub(super) struct Line {
    pub(super) title: String,
    pub(super) fields: Vec<Field>,
}

/// The whole form.
pub(super) struct Form {
    pub(super) procedure: Group,
    pub(super) applicant: Group,
    pub(super) papers: Vec<Line>,
    pub(super) place: Group,
    pub(super) owner: Group,
    pub(super) representative: Group,
    pub(super) late: Group,
}

impl Form {
    /// The form with what was typed.
    pub(super) fn new(site: &Site, words: &Words, typed: &[(String, String)]) -> Self {
        let group = |title: &str, fields| Group { title: words.say(title), fields, open: false };
        let mut form = Self {
            procedure: group(
                "group-procedure",
                vec![Field::new(words, "procedure_code", "select", true).of(procedures(
                    site,
                    words,
                    day(typed),
                ))],
            ),
            applicant: group("group-applicant", party(words, "applicant", true)),
            papers: (0..lines(typed)).map(|line| papers(words, line)).collect(),
            place: group("group-way", place(site, words)),
            owner: group("party-owner", party(words, "owner", false)),
            representative: group("party-representative", representative(words)),
            late: group("group-late", late(words)),
        };
        form.fields().for_each(|(_, field)| field.typed(typed));
        form
    }

    /// Every field with the title of its group.
    pub(super) fn fields(&mut self) -> impl Iterator<Item = (&str, &mut Field)> {
        fn named<'a>(title: &'a str, fields: &'a mut [Field]) -> Vec<(&'a str, &'a mut Field)> {
            fields.iter_mut().map(|field| (title, field)).collect()
        }
        let groups = [
            &mut self.procedure,
            &mut self.applicant,
            &mut self.place,
            &mut self.owner,
            &mut self.representative,
            &mut self.late,
        ];
        let lines = self.papers.iter_mut().flat_map(|line| named(&line.title, &mut line.fields));
        groups.into_iter().flat_map(|group| named(&group.title, &mut group.fields)).chain(lines)
    }

    /// Opens the groups that would hide something.
    pub(super) fn show(&mut self) {
        for group in [&mut self.owner, &mut self.representative, &mut self.late] {
            let speaks = |field: &Field| !field.value.is_empty() || !field.problem.is_empty();
            group.open = group.fields.iter().any(speaks);
        }
    }
}

/// The day on which the dossier was handed in, as it was typed: today if nothing was.
pub(super) fn day(form: &[(String, String)]) -> Option<Date> {
    let received_at = value_sent(form, "received_at");
    let received_ms = received_at.as_str().and_then(times::instant);
    local_date(received_ms.unwrap_or_else(times::now_ms))
}

/// The form without the papers of its checklist that were not handed in: all three counts are 0.
pub(super) fn handed_in(form: &[(String, String)]) -> Vec<(String, String)> {
    let missing = missing(form);
    let stays = |name: &str| !missing.iter().any(|line| name.starts_with(&format!("{line}.")));
    form.iter().filter(|(name, _)| stays(name)).cloned().collect()
}

/// The lines of papers whose three counts are 0.
pub(super) fn missing(form: &[(String, String)]) -> Vec<String> {
    let names = (0..PAPERS_MAX).map(|line| format!("papers.{line}"));
    let zero = |line: &String| {
        COUNTS.iter().all(|count| sent(form, &format!("{line}.{count}")).trim() == "0")
    };
    names.filter(zero).collect()
}

/// How many of a paper are usually handed in, by what it is.
pub(in super::super) fn usual_counts(paper: &str) -> [(&'static str, u8); 3] {
    let paper = folded(paper);
    let is = |words: &[&str]| words.iter().any(|word| paper.contains(word));
    let counts = match (is(&KEPT), is(&COPIES)) {
        (true, _) => [0, 0, 1],
        (false, true) => [0, 1, 0],
        (false, false) => [1, 0, 0],
    };
    let mut usual = COUNTS.map(|count| (count, 0));
    for (line, count) in usual.iter_mut().zip(counts) {
        line.1 = count;
    }
    usual
}

/// How many lines for papers a form needs.
fn lines(form: &[(String, String)]) -> usize {
    let lines = form.iter().filter_map(|(name, _)| name.strip_prefix("papers."));
    let lines = lines.filter_map(|rest| rest.split('.').next()?.parse::<usize>().ok());
    lines.max().map_or(PAPERS, |last| last.saturating_add(1)).clamp(PAPERS, PAPERS_MAX)
}

/// An applicant or an owner: first what a card or a record can fill in.
fn party(words: &Words, whose: &str, required: bool) -> Vec<Field> {
    let part =
        |part: &str, kind, required| Field::new(words, &format!("{whose}.{part}"), kind, required);
    let kinds = choices(words, "party", &PARTIES);
    let unsaid = Choice { value: String::new(), label: words.say("choose") };
    let unsaid = std::iter::once(unsaid).filter(|_| !required);
    vec![
        part("id_number", "text", false).digits(String::new()),
        part("name", "text", required),
        part("birth_date", "text", false).digits(words.say("hint-day")),
        part("phone", "tel", false),
        part("address", "text", false),
        part("email", "email", false),
        part("kind", "select", required).of(unsaid.chain(kinds).collect()),
    ]
}

fn representative(words: &Words) -> Vec<Field> {
    let part = |part: &str| Field::new(words, &format!("representative.{part}"), "text", false);
    vec![part("id_number").digits(String::new()), part("name"), part("authority")]
}

fn place(site: &Site, words: &Words) -> Vec<Field> {
    let field = |name: &str, kind, required| Field::new(words, name, kind, required);
    let choose = |name: &str, codes: &[&str]| {
        field(name, "select", true).of(choices(words, "channel", codes))
    };
    vec![
        field("competent_unit", "select", false).of(offices(site, words, "by-procedure")),
        field("return_unit", "select", false).of(offices(site, words, "here")),
        Field {
            label: words.say("field-channel-in"),
            ..choose("channel", &["counter", "post", "online"])
        },
        choose("result_channel", &["desk", "post", "electronic"]),
        field("sets", "number", false).holding("1"),
        field("note", "area", false),
    ]
}

fn late(words: &Words) -> Vec<Field> {
    vec![
        Field::new(words, "paper_reference", "text", false),
        Field::new(words, "received_at", "text", false).digits(words.say("hint-moment")),
        Field::new(words, "reason", "text", false),
    ]
}

/// One line of the papers.
fn papers(words: &Words, line: usize) -> Line {
    let number = line.saturating_add(1).to_string();
    let part = |part: &str, kind| Field::new(words, &format!("papers.{line}.{part}"), kind, false);
    let title = words.say_with("paper-number", &[("number", number)].into_iter().collect());
    let counts = COUNTS.into_iter().map(|count| part(count, "number"));
    Line { title, fields: std::iter::once(part("name", "text")).chain(counts).collect() }
}

/// Those of that day: what is entered late was handed in under the catalogue of then.
fn procedures(site: &Site, words: &Words, day: Option<Date>) -> Vec<Choice> {
    let all = catalogue::in_force(&site.office.state(), "", day);
    let first = Choice { value: String::new(), label: words.say("choose") };
    let text = |procedure: &Value, name: &str| {
        procedure.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let named = all.iter().map(|procedure| Choice {
        value: text(procedure, "code"),
        label: format!("{} – {}", text(procedure, "code"), text(procedure, "name")),
    });
    std::iter::once(first).chain(named).collect()
}

/// Units and agencies, after a first choice that leaves it open.
pub(in super::super) fn offices(site: &Site, words: &Words, open: &str) -> Vec<Choice> {
    let state = site.office.state();
    let (units, agencies) = catalogue::offices(&state);
    let units = units.into_iter().map(|unit| Choice {
        value: unit.code.clone(),
        label: format!("{} – {}", unit.code, unit.full_name()),
    });
    let agencies = agencies
        .into_iter()
        .map(|agency| Choice { value: agency.code.clone(), label: agency.name.clone() });
    let first = Choice { value: String::new(), label: words.say(open) };
    std::iter::once(first).chain(units).chain(agencies).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_people_keep_is_photocopied_and_what_they_hand_in_is_an_original() {
        let first = |paper| usual_counts(paper).map(|(_, count)| count);
        assert_eq!(first("Tờ khai"), [1, 0, 0]);
        assert_eq!(first("CCCD của hai bên"), [0, 0, 1]);
        assert_eq!(first("Bản sao Giấy khai sinh"), [0, 1, 0]);
    }

    #[test]
    fn a_paper_of_the_checklist_without_any_copy_is_not_handed_in() {
        let form = form(&[
            ("papers.0.name", "Tờ khai"),
            ("papers.1.name", "Giấy báo tử"),
            ("papers.1.originals", "0"),
            ("papers.1.certified_copies", "0"),
            ("papers.1.photocopies", "0"),
            ("papers.10.name", "Giấy khác"),
        ]);
        assert_eq!(missing(&form), ["papers.1"]);
        let names: Vec<_> = handed_in(&form).into_iter().map(|(_, value)| value).collect();
        assert_eq!(names, ["Tờ khai", "Giấy khác"]);
    }
}
