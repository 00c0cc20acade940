//! Which forms are in force on which day, with which number.

use std::collections::BTreeMap;

use hoso_registry::Day;
use serde::Deserialize;
use serde_json::Value;
use time::Date;

use super::{
    super::pages::{list, text},
    templates::Templates,
};
use crate::desk::Refused;

/// The file that says it.
const FILE: &str = "sets.toml";

/// What a form is for, whatever its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum Form {
    /// Received, and when the result is owed.
    Receipt,
    /// Papers are missing.
    Supplement,
    /// Not accepted at the desk.
    Refusal,
    /// An apology with a new date.
    Apology,
    /// Stopped.
    Stop,
    /// Who gave and who took.
    ControlSheet,
    /// What was received in a period.
    Logbook,
}

impl Form {
    /// The stable word, as texts are named after it.
    pub(in super::super) fn code(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Supplement => "supplement",
            Self::Refusal => "refusal",
            Self::Apology => "apology",
            Self::Stop => "stop",
            Self::ControlSheet => "control-sheet",
            Self::Logbook => "logbook",
        }
    }

    /// The kind of event that it is about; none for the logbook.
    fn event(self) -> Option<&'static str> {
        match self {
            Self::Receipt | Self::ControlSheet => Some("received"),
            Self::Supplement => Some("supplement_requested"),
            Self::Refusal => Some("not_accepted"),
            Self::Apology => Some("extended"),
            Self::Stop => Some("stopped"),
            Self::Logbook => None,
        }
    }

    /// The last event that it is about.
    pub(super) fn about(self, dossier: &Value) -> Option<&Value> {
        let kind = self.event()?;
        let events = dossier.pointer("/events").and_then(Value::as_array)?;
        events.iter().rfind(|event| {
            event.get("effect") == Some(&Value::Bool(true)) && text(event, "/kind") == kind
        })
    }

    /// When what it says was so: a dossier that is entered from a paper slip was received before
    /// the event.
    fn said_of(self, dossier: &Value) -> Option<String> {
        let at = text(self.about(dossier)?, "/at");
        let received = text(dossier, "/received_at");
        let is_earlier = self.event() == Some("received") && !received.is_empty();
        Some(if is_earlier { received } else { at })
    }
}

/// A form as one set has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Chosen {
    /// Its number, `01` to `07`.
    pub(in super::super) number: String,
    /// Its name in addresses and in what a dossier notes of its prints: the number, with the set
    /// where the number means another form in another set, such as `05-2018`.
    #[serde(skip)]
    pub(in super::super) name: String,
    /// What it is for.
    pub(in super::super) form: Form,
    /// The file that draws it.
    pub(super) template: String,
    /// Papers that it fits, the usual one first.
    pub(in super::super) papers: Vec<String>,
}

impl Chosen {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.number == name
    }

    /// The paper that was asked for, or the usual one.
    pub(super) fn paper(&self, asked: Option<&str>) -> Result<&str, Refused> {
        let Some(asked) = asked else {
            return Ok(self.papers.first().map_or("a4", String::as_str));
        };
        let paper = self.papers.iter().find(|paper| *paper == asked);
        let paper = paper.ok_or_else(|| Refused::new(422, "field-unknown").about("paper"))?;
        Ok(paper)
    }
}

/// The forms of one regulation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    /// What it is called, such as `2025`.
    name: String,
    /// The first day on which it holds, `2025-09-15`; none for the first set.
    from: Option<String>,
    forms: Vec<Chosen>,
}

impl Set {
    fn begins(&self) -> Option<Date> {
        self.from.as_deref().and_then(Day::from_iso).map(|day| day.0)
    }
}

/// Every set, the oldest first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sets {
    set: Vec<Set>,
}

impl Sets {
    /// The sets in force here; those shipped here where the replaced file cannot be read.
    pub(super) fn read(templates: &Templates) -> Result<Self, Refused> {
        let broken = |error: toml::de::Error| {
            tracing::error!(%error, "the list of forms cannot be read");
            Refused::new(500, "internal")
        };
        let read = toml::from_str(&templates.text(FILE)).or_else(|error| {
            tracing::warn!(%error, "the replaced list of forms is not used");
            toml::from_str(templates::shipped(FILE).unwrap_or_default()).map_err(broken)
        });
        read.map(Self::named)
    }

    /// The same with each form named.
    fn named(mut self) -> Self {
        let all: Vec<(String, Form)> =
            self.all().map(|chosen| (chosen.number.clone(), chosen.form)).collect();
        for set in &mut self.set {
            for chosen in &mut set.forms {
                let is_plain = |(number, form): &(String, Form)| {
                    *number != chosen.number || *form == chosen.form
                };
                chosen.name = match all.iter().all(is_plain) {
                    true => chosen.number.clone(),
                    false => format!("{}-{}", chosen.number, set.name),
                };
            }
        }
        self
    }

    /// The same with these papers as the usual ones, by the form's word; what does not fit a form
    /// changes nothing.
    pub(super) fn usually(mut self, papers: &BTreeMap<String, String>) -> Self {
        for chosen in self.set.iter_mut().flat_map(|set| &mut set.forms) {
            if let Some(usual) = papers.get(chosen.form.code()) {
                chosen.papers.sort_by_key(|paper| paper != usual);
            }
        }
        self
    }

    /// The replaced file, where it cannot be read.
    pub(super) fn fault(templates: &Templates) -> Option<String> {
        let read: Result<Self, _> = toml::from_str(&templates.text(FILE));
        read.err().map(|_| FILE.to_owned())
    }

    /// Every form of every set.
    pub(super) fn all(&self) -> impl Iterator<Item = &Chosen> {
        self.set.iter().flat_map(|set| &set.forms)
    }

    /// Whether a form of a dossier has that name or number in some set.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.all().any(|chosen| chosen.form != Form::Logbook && chosen.is_called(name))
    }

    /// Every form as it is on that day.
    pub(super) fn forms_on(&self, day: Date) -> Vec<Chosen> {
        self.in_force(day).map(|set| set.forms.clone()).unwrap_or_default()
    }

    /// That form as it is on that day.
    pub(super) fn on(&self, form: Form, day: Date) -> Option<Chosen> {
        self.in_force(day)?.forms.iter().find(|chosen| chosen.form == form).cloned()
    }

    /// The form of that name whose set was in force on the day of what the form says; by its number
    /// alone the first that has it.
    pub(super) fn choose(&self, name: &str, dossier: &Value) -> Option<Chosen> {
        let offered = self.offered(dossier);
        let named = offered.iter().find(|chosen| chosen.name == name);
        named.or_else(|| offered.iter().find(|chosen| chosen.is_called(name))).cloned()
    }

    /// How often this form of a dossier was printed, counted by what the dossier noted.
    pub(super) fn printings(&self, chosen: &Chosen, dossier: &Value) -> usize {
        let noted = list(dossier, "/events").filter(|event| text(event, "/kind") == "printed");
        let meant = noted.filter_map(|event| self.choose(&text(event, "/body/form"), dossier));
        meant.filter(|meant| meant.form == chosen.form).count()
    }

    /// The forms that this dossier has something to say on.
    pub(super) fn offered(&self, dossier: &Value) -> Vec<Chosen> {
        let forms = [
            Form::Receipt,
            Form::Supplement,
            Form::Refusal,
            Form::Apology,
            Form::Stop,
            Form::ControlSheet,
        ];
        let chosen = forms.into_iter().filter_map(|form| {
            let at = form.said_of(dossier)?;
            self.on(form, Day::from_iso(at.get(..10)?)?.0)
        });
        chosen.collect()
    }

    fn in_force(&self, day: Date) -> Option<&Set> {
        self.set.iter().rfind(|set| set.begins().is_none_or(|first| first <= day))
    }
}

use super::templates;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn sets() -> Sets {
        Sets::read(&Templates::of(Path::new("/nowhere"))).unwrap()
    }

    fn dossier(kind: &str, at: &str) -> Value {
        json!({ "events": [{ "kind": kind, "at": at, "effect": true }] })
    }

    #[test]
    fn a_form_belongs_to_the_set_in_force_on_the_day_of_what_it_says() {
        for (number, kind, at, template) in [
            ("04", "extended", "2025-09-14T16:59:00+07:00", Some("apology-2018.html")),
            ("04", "extended", "2025-09-15T07:30:00+07:00", Some("apology-2025.html")),
            ("05", "received", "2025-09-14T16:59:00+07:00", Some("control-sheet.html")),
            ("06", "received", "2025-09-15T07:30:00+07:00", Some("control-sheet.html")),
            ("05", "stopped", "2026-11-24T08:00:00+07:00", Some("stop.html")),
            ("05", "stopped", "2025-08-01T08:00:00+07:00", None),
            ("05", "received", "2026-11-24T08:00:00+07:00", None),
            ("02", "received", "2026-11-24T08:00:00+07:00", None),
        ] {
            let chosen = sets().choose(number, &dossier(kind, at));
            assert_eq!(chosen.as_ref().map(|chosen| chosen.template.as_str()), template, "{at}");
        }
    }

    #[test]
    fn a_control_sheet_of_2018_and_a_stop_notice_of_2025_have_names_of_their_own() {
        let event = |kind: &str, at: &str| json!({ "kind": kind, "at": at, "effect": true });
        let printed = |form: &str| json!({ "kind": "printed", "body": { "form": form } });
        let dossier = json!({ "events": [
            event("received", "2025-09-14T08:00:00+07:00"),
            event("stopped", "2025-10-01T08:00:00+07:00"),
            printed("01"), printed("05-2018"), printed("05-2018"), printed("05-2025"),
        ] });
        let sets = sets();
        let names = sets.offered(&dossier).into_iter().map(|chosen| (chosen.name, chosen.number));
        let named = [("01", "01"), ("05-2025", "05"), ("05-2018", "05")];
        let named = named.map(|(name, number)| (name.to_owned(), number.to_owned()));
        assert_eq!(names.collect::<Vec<_>>(), named);
        for (name, template, printings) in [
            ("05-2018", "control-sheet.html", 2),
            ("05-2025", "stop.html", 1),
            ("01", "receipt.html", 1),
        ] {
            let chosen = sets.choose(name, &dossier).unwrap();
            assert_eq!(chosen.template, template);
            assert_eq!(sets.printings(&chosen, &dossier), printings, "{name}");
        }
    }

    #[test]
    fn what_is_entered_from_a_paper_slip_has_the_forms_of_the_day_on_the_slip() {
        let mut dossier = dossier("received", "2026-11-24T08:00:00+07:00");
        dossier["received_at"] = json!("2025-08-20T08:00:00+07:00");
        let numbers = sets().offered(&dossier).into_iter().map(|chosen| chosen.number);
        let numbers: Vec<String> = numbers.collect();
        assert!(numbers.contains(&"05".to_owned()), "{numbers:?}");
        assert!(!numbers.contains(&"06".to_owned()), "{numbers:?}");
    }

    #[test]
    fn an_event_without_effect_has_no_form() {
        let mut dossier = dossier("stopped", "2026-11-24T08:00:00+07:00");
        dossier["events"][0]["effect"] = json!(false);
        assert!(sets().offered(&dossier).is_empty());
    }

    #[test]
    fn the_logbook_has_number_six_until_the_forms_of_2025_and_seven_since() {
        let day = |text: &str| Day::from_iso(text).unwrap().0;
        let number = |text: &str| sets().on(Form::Logbook, day(text)).unwrap().number;
        assert_eq!((number("2025-09-14"), number("2025-09-15")), ("06".into(), "07".into()));
    }
}
