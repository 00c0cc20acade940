//! What stands beside the form of reception: the slip as it will be, when it is due and why, what
//! it costs, and what the clerk should look at again. Nothing here ever blocks.

use std::sync::Arc;

use hoso_engine::web::Words;
use hoso_store::fold::folded;
use serde_json::Value;

use super::{
    super::{
        super::site::Site,
        dossier::{Day, days, money, text},
        fields::{sent, value_sent},
        frame::{date, moment},
        typed::day_of,
    },
    chosen, form,
};
use crate::{
    desk::{self, ListQuery},
    people::Actor,
};

/// States of a dossier that is over: it is no duplicate any more.
const OVER: [&str; 4] = ["not_accepted", "withdrawn", "returned", "done"];
/// Dossiers that are hinted at as possible duplicates.
const DUPLICATES_MAX: usize = 3;
/// Papers that the preview names.
const PAPERS_SHOWN: usize = 32;

/// Everything beside the form.
pub(super) struct Aside {
    pub(super) title: String,
    pub(super) due_label: String,
    pub(super) due: String,
    pub(super) why: String,
    pub(super) steps_title: String,
    pub(super) steps: Vec<Day>,
    pub(super) rows: Vec<(String, String)>,
    pub(super) papers_title: String,
    pub(super) papers: Vec<String>,
    pub(super) hints_title: String,
    pub(super) hints: Vec<Hint>,
}

/// Something to look at again.
pub(super) struct Hint {
    pub(super) text: String,
    /// Where it leads; empty if nowhere.
    pub(super) address: String,
}

/// What stands beside a form so filled in.
pub(super) async fn aside(
    site: &Site,
    words: &Words,
    actor: &Arc<Actor>,
    form: &[(String, String)],
) -> Aside {
    let procedure = chosen(site, form);
    let due = procedure.as_ref().and_then(|_| due(site, form));
    let (due_text, why) = due_words(words, procedure.as_ref(), due.as_ref());
    let mut hints = plain_hints(site, words, procedure.as_ref(), form);
    if let Some(procedure) = &procedure {
        hints.extend(duplicates(site, words, actor, procedure, form).await);
    }
    Aside {
        title: words.say("aside-title"),
        due_label: words.say("column-due"),
        due: due_text,
        why,
        steps_title: words.say("due-steps"),
        steps: days(words, due.as_ref().and_then(|due| due.get("steps"))),
        rows: rows(site, words, procedure.as_ref(), form),
        papers_title: words.say("group-papers"),
        papers: papers(form),
        hints_title: words.say("aside-hints"),
        hints,
    }
}

/// When it would be due.
fn due(site: &Site, form: &[(String, String)]) -> Option<Value> {
    let received_at = value_sent(form, "received_at");
    let competent = Some(sent(form, "competent_unit"));
    desk::due(&site.office, sent(form, "procedure_code"), received_at.as_str(), competent).ok()
}

/// The due time and, in a few words, why then.
fn due_words(words: &Words, procedure: Option<&Value>, due: Option<&Value>) -> (String, String) {
    let Some(procedure) = procedure else {
        return (words.say("aside-choose"), String::new());
    };
    let Some(due) = due else { return (words.say("aside-due-unknown"), String::new()) };
    let at = text(due, "/due_at");
    let mut shown = if at.is_empty() { words.say("due-none") } else { moment(&at) };
    if due.get("certain") == Some(&Value::Bool(false)) {
        shown = format!("{shown} ({})", words.say("due-uncertain"));
    }
    let days = procedure.pointer("/term/days").and_then(Value::as_u64).unwrap_or_default();
    let term = match text(procedure, "/term/kind").as_str() {
        "same_day" => words.say("term-same-day"),
        "by_announcement" => words.say("term-by-announcement"),
        kind => {
            let key = format!("term-{}", kind.replace('_', "-"));
            words.say_with(&key, &[("days", days)].into_iter().collect())
        }
    };
    let of = |reason: &str| -> Vec<String> {
        let steps = due.get("steps").and_then(Value::as_array).into_iter().flatten();
        let steps = steps.filter(|step| text(step, "/reason") == reason);
        steps.map(|step| date(&text(step, "/date")).chars().take(5).collect()).collect()
    };
    let mut why = vec![term];
    for (reason, key) in [("off_day", "why-off"), ("working_saturday", "why-saturday")] {
        let days = of(reason);
        if !days.is_empty() {
            let days = days.join(", ");
            why.push(words.say_with(key, &[("days", days)].into_iter().collect()));
        }
    }
    (shown, why.join(", "))
}

/// The lines of the slip.
fn rows(
    site: &Site,
    words: &Words,
    procedure: Option<&Value>,
    form: &[(String, String)],
) -> Vec<(String, String)> {
    let typed = |name: &str| sent(form, name).trim().to_owned();
    let place = |name: &str| {
        let code = typed(name);
        if code.is_empty() { String::new() } else { site.place(&code) }
    };
    let back = place("return_unit");
    let back = if back.is_empty() { words.say("here") } else { back };
    let channel = match typed("result_channel").as_str() {
        "" | "desk" => back,
        other => words.say(&format!("channel-{}", other.replace('_', "-"))),
    };
    let name = procedure.map(|procedure| text(procedure, "/name")).unwrap_or_default();
    let rows = [
        ("fact-procedure", name),
        ("party-applicant", typed("applicant.name")),
        ("field-id-number", typed("applicant.id_number")),
        ("field-phone", typed("applicant.phone")),
        ("field-address", typed("applicant.address")),
        ("party-owner", typed("owner.name")),
        ("party-representative", typed("representative.name")),
        ("field-competent-unit", place("competent_unit")),
        ("field-return-unit", channel),
        ("aside-fee", procedure.map(|procedure| fee(words, procedure)).unwrap_or_default()),
    ];
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    rows.map(|(label, value)| (words.say(label), value)).collect()
}

/// What is to be paid, as far as the catalogue knows.
fn fee(words: &Words, procedure: &Value) -> String {
    let amount = text(procedure, "/fee");
    let known = match amount.as_str() {
        "" => words.say("fee-unknown"),
        "0" => words.say("fee-none"),
        _ => {
            let amount = money(&amount);
            words.say_with("fee-amount", &[("amount", amount)].into_iter().collect())
        }
    };
    match text(procedure, "/fee_rule").as_str() {
        "" => known,
        rule => {
            let values = [("fee", known.as_str()), ("rule", rule)].into_iter().collect();
            words.say_with("fee-rule", &values)
        }
    }
}

/// The papers that are handed in, with their counts.
fn papers(form: &[(String, String)]) -> Vec<String> {
    let missing = form::missing(form);
    let lines = (0..PAPERS_SHOWN).map(|line| format!("papers.{line}"));
    let lines = lines.filter(|line| !missing.contains(line));
    let named = lines.map(|line| sent(form, &format!("{line}.name")).trim().to_owned());
    named.filter(|name| !name.is_empty()).collect()
}

/// Hints that need no look into the records.
fn plain_hints(
    site: &Site,
    words: &Words,
    procedure: Option<&Value>,
    form: &[(String, String)],
) -> Vec<Hint> {
    let mut hints = Vec::new();
    let mut say = |text: String| hints.push(Hint { text, address: String::new() });
    let of_land =
        procedure.is_some_and(|procedure| text(procedure, "/competent") == "unit_of_land");
    if of_land && sent(form, "competent_unit").is_empty() {
        say(site.sentence_of(words, "unit-of-land"));
    }
    let lacking = form::missing(form);
    let lacking = lacking.iter().map(|line| sent(form, &format!("{line}.name")).trim());
    let lacking: Vec<&str> = lacking.filter(|name| !name.is_empty()).collect();
    if !lacking.is_empty() {
        let papers = lacking.join("; ");
        say(words.say_with("hint-missing", &[("papers", papers)].into_iter().collect()));
    }
    let (id, birth) = (sent(form, "applicant.id_number"), sent(form, "applicant.birth_date"));
    if sent(form, "applicant.kind") != "organisation" && disagree(id, birth) {
        say(words.say("hint-id-and-birth"));
    }
    if let Some(note) = procedure.map(|procedure| text(procedure, "/note"))
        && !note.is_empty()
    {
        say(note);
    }
    hints
}

/// Whether a personal number of 12 digits tells another year of birth than the date: its fourth
/// digit is the century and the sex, the fifth and sixth are the year.
fn disagree(id: &str, birth: &str) -> bool {
    let Some(born) = day_of(birth) else { return false };
    let digits: Vec<u32> = id.trim().chars().filter_map(|digit| digit.to_digit(10)).collect();
    let [_, _, _, century, tens, ones, ..] = digits.as_slice() else { return false };
    let year = century
        .saturating_div(2)
        .saturating_add(19)
        .saturating_mul(100)
        .saturating_add(tens.saturating_mul(10))
        .saturating_add(*ones);
    digits.len() == 12 && born.get(..4) != Some(year.to_string().as_str())
}

/// Open dossiers of the same person for the same procedure.
async fn duplicates(
    site: &Site,
    words: &Words,
    actor: &Arc<Actor>,
    procedure: &Value,
    form: &[(String, String)],
) -> Vec<Hint> {
    let (id, name) =
        (sent(form, "applicant.id_number").trim(), sent(form, "applicant.name").trim());
    let by_id = id.len() >= 9;
    if !by_id && name.split_whitespace().count() < 2 {
        return Vec::new();
    }
    let q = if by_id { id } else { name };
    let query = ListQuery { q: q.to_owned(), ..ListQuery::default() };
    let Ok(listed) = desk::list(&site.office, actor, query).await else { return Vec::new() };
    let rows = listed.get("items").and_then(Value::as_array).into_iter().flatten();
    let same = rows.filter(|row| {
        text(row, "/procedure_code") == text(procedure, "/code")
            && !OVER.contains(&text(row, "/status").as_str())
            && (by_id || folded(&text(row, "/applicant")) == folded(name))
    });
    let hints = same.take(DUPLICATES_MAX).map(|row| {
        let values = [("code", text(row, "/code")), ("name", text(row, "/applicant"))];
        let text_of = words.say_with("hint-duplicate", &values.into_iter().collect());
        Hint { text: text_of, address: format!("/dossiers/{}", text(row, "/id")) }
    });
    hints.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_number_is_held_against_the_year_of_birth() {
        assert!(!disagree("022185000001", "01/01/1985"));
        assert!(!disagree("022305000001", "02/03/2005"));
        assert!(disagree("022185000001", "01/01/1986"));
        for unknown in ["", "0221850", "0100109106"] {
            assert!(!disagree(unknown, "01/01/1986"));
        }
        assert!(!disagree("022185000001", ""));
    }
}
