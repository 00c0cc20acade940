//! Fields of forms, and from a sent form back to the JSON of the interface.

use std::cmp::Reverse;

use hoso_engine::web::Words;
use serde_json::{Map, Value, json};

use super::{
    super::site::Site,
    checklist,
    typed::{day_of, value_of},
};
use crate::desk::Refused;

/// The counts of a line of papers.
const COUNTS: [&str; 3] = ["originals", "certified_copies", "photocopies"];
/// Parts of the longest dotted name; what is longer is no name of any form.
const NAMES_MAX: usize = 8;
/// Lines of a list in one form at most.
const LINES_MAX: usize = 32;

/// One field of a form.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// Dotted name.
    pub(super) name: String,
    pub(super) label: String,
    /// `text`, `tel`, `email`, `area`, `number`, `checkbox`, `select` or `hidden`.
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) required: bool,
    /// The word for that.
    pub(super) must: String,
    pub(super) options: Vec<Choice>,
    /// How to fill it in, in a few words.
    pub(super) hint: String,
    /// Which keys a screen offers: `numeric`, `tel` or `email`.
    pub(super) mode: &'static str,
    /// What is wrong with it, if the problem of the page is about this field.
    pub(super) problem: String,
    /// Whether a page begins there: what is wrong is mended first.
    pub(super) first: bool,
}

/// A box to tick among others of one name.
#[derive(Clone, Debug)]
pub(super) struct Tick {
    pub(super) value: &'static str,
    pub(super) label: String,
    /// What it means, in a few words.
    pub(super) explained: String,
    pub(super) chosen: bool,
}

/// One choice of a field.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
}

impl Field {
    /// A field with the label of its last name.
    pub(super) fn new(words: &Words, name: &str, kind: &'static str, required: bool) -> Self {
        let last = name.rsplit('.').next().unwrap_or(name);
        Self {
            name: name.to_owned(),
            label: words.say(&format!("field-{}", last.replace('_', "-"))),
            kind,
            required,
            must: words.say("must"),
            ..Self::default()
        }
    }

    /// A field that must be filled in, with a label of its own and with what was typed in it.
    pub(super) fn asked(
        words: &Words,
        (name, label): (&str, &str),
        form: &[(String, String)],
    ) -> Self {
        Self {
            name: name.to_owned(),
            label: words.say(label),
            kind: "text",
            value: sent(form, name).to_owned(),
            required: true,
            must: words.say("must"),
            ..Self::default()
        }
    }

    /// With choices.
    pub(super) fn of(mut self, options: Vec<Choice>) -> Self {
        self.options = options;
        self
    }

    /// With the words for how to fill it in, and with digits at hand.
    pub(super) fn digits(mut self, hint: String) -> Self {
        (self.hint, self.mode) = (hint, "numeric");
        self
    }

    /// With a value to begin with.
    pub(super) fn holding(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// With what was typed before.
    pub(super) fn typed(&mut self, form: &[(String, String)]) {
        if let Some((_, value)) = form.iter().find(|(name, _)| *name == self.name) {
            self.value.clone_from(value);
        }
    }

    /// How well a problem's dotted name means this field: its last names, counted.
    fn likeness(&self, about: &str) -> usize {
        let (own, about) = (self.name.rsplit('.'), about.rsplit('.'));
        own.zip(about).take_while(|(own, about)| own == about).count()
    }
}

/// Writes a problem beside the field that it is about, and gives it as the sentence of the page
/// with the place to go to.
pub(super) fn placed<'a>(
    site: &Site,
    words: &Words,
    refused: &Refused,
    fields: impl Iterator<Item = (&'a str, &'a mut Field)>,
) -> (String, String) {
    let about = refused.about.as_deref().unwrap_or_default();
    let found = fields
        .filter(|(_, field)| field.kind != "hidden" && field.likeness(about) > 0)
        .min_by_key(|(_, field)| (Reverse(field.likeness(about)), field.name.len()));
    let Some((title, field)) = found else {
        return (site.say(words, refused, about), String::new());
    };
    field.problem = site.say(words, refused, &field.label);
    let named =
        if title.is_empty() { field.label.clone() } else { format!("{title} – {}", field.label) };
    (site.say(words, refused, &named), field.name.clone())
}

/// The same on a small page of its own, which begins with the field that is wrong.
pub(super) fn told(
    site: &Site,
    words: &Words,
    refused: Option<&Refused>,
    fields: &mut [Field],
) -> String {
    let Some(refused) = refused else { return String::new() };
    let (sentence, at) = placed(site, words, refused, fields.iter_mut().map(|field| ("", field)));
    fields.iter_mut().for_each(|field| field.first = !at.is_empty() && field.name == at);
    sentence
}

/// Objects to the first of these fields in which nothing was typed.
///
/// # Errors
///
/// That it is missing.
pub(super) fn filled(form: &[(String, String)], names: &[&str]) -> Result<(), Refused> {
    let blank = names.iter().find(|name| sent(form, name).trim().is_empty());
    blank.map_or(Ok(()), |name| Err(Refused::new(422, "field-missing").about(*name)))
}

/// Choices with words from the locale.
pub(super) fn choices(words: &Words, key: &str, codes: &[&str]) -> Vec<Choice> {
    codes
        .iter()
        .map(|code| Choice {
            value: (*code).to_owned(),
            label: words.say(&format!("{key}-{}", code.replace('_', "-"))),
        })
        .collect()
}

/// The value of one field of a sent form.
pub(super) fn sent<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    let found = form.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str()).unwrap_or_default()
}

/// The JSON that a sent form means: dotted names nest, numbers make lists, blanks are left out. A
/// name of too many parts stays one name, which no form has. Of papers without a count there is
/// one original.
pub(super) fn json_of(form: &[(String, String)]) -> Result<Value, Refused> {
    let mut root = Map::new();
    for (name, text) in form {
        if name.starts_with('_') || text.trim().is_empty() {
            continue;
        }
        if name.split('.').count() > NAMES_MAX {
            root.insert(name.clone(), json!(text));
        } else {
            value_of(name, text)
                .and_then(|value| put(&mut root, name, value))
                .map_err(|code| Refused::new(422, code).about(name.as_str()))?;
        }
    }
    read_correction(&mut root)?;
    // The lines of a checklist are complete as they stand.
    let listed = root.remove(checklist::LISTED);
    for (name, value) in &mut root {
        if let Value::Array(lines) = value {
            complete(name, lines)?;
        }
    }
    root.extend(listed.map(|listed| (checklist::LISTED.to_owned(), listed)));
    checklist::gather(&mut root)?;
    Ok(Value::Object(root))
}

/// The value of one field of a sent form, as it stands in its JSON; none where it cannot be read.
pub(super) fn value_sent(form: &[(String, String)], name: &str) -> Value {
    value_of(name, sent(form, name)).unwrap_or_default()
}

/// The new value of a field that holds a day is typed as days are.
fn read_correction(root: &mut Map<String, Value>) -> Result<(), Refused> {
    let field = root.get("field").and_then(Value::as_str).unwrap_or_default();
    let is_day = field.ends_with("birth_date");
    if let Some(value) = root.get_mut("value").filter(|_| is_day) {
        let day = day_of(value.as_str().unwrap_or_default());
        *value = json!(day.ok_or(Refused::new(422, "field-day").about("value"))?);
    }
    Ok(())
}

/// Leaves out the lines of papers in which nothing stands, and fills in the counts of the others.
fn complete(list: &str, lines: &mut Vec<Value>) -> Result<(), Refused> {
    for (number, line) in lines.iter_mut().enumerate() {
        let Some(line) = line.as_object_mut().filter(|line| !line.is_empty()) else { continue };
        if !line.contains_key("name") {
            let about = format!("{list}.{number}.name");
            return Err(Refused::new(422, "field-missing").about(about));
        }
        if !COUNTS.iter().any(|count| line.contains_key(*count)) {
            line.insert(COUNTS[0].to_owned(), json!(1));
        }
        for count in COUNTS {
            line.entry(count).or_insert(json!(0));
        }
    }
    lines.retain(|line| line.get("name").is_some());
    Ok(())
}

/// Puts a value at its place, or gives the word for why there is none.
fn put(map: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), &'static str> {
    let Some((first, rest)) = path.split_once('.') else {
        map.insert(path.to_owned(), value);
        return Ok(());
    };
    let line = rest.split_once('.').and_then(|(number, rest)| {
        let number = number.parse::<usize>().ok()?;
        Some((number, rest))
    });
    let inner = match line {
        Some((number, _)) if number >= LINES_MAX => return Err("field-lines"),
        Some((number, _)) => {
            let lines = map.entry(first).or_insert_with(|| json!([]));
            let lines = lines.as_array_mut().ok_or("field-unknown")?;
            while lines.len() <= number {
                lines.push(json!({}));
            }
            lines.get_mut(number)
        }
        None => Some(map.entry(first).or_insert_with(|| json!({}))),
    };
    let inner = inner.and_then(Value::as_object_mut).ok_or("field-unknown")?;
    put(inner, line.map_or(rest, |(_, rest)| rest), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(form: &[(&str, &str)]) -> Result<Value, Refused> {
        let form: Vec<_> =
            form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        json_of(&form)
    }

    #[test]
    fn a_form_means_the_json_of_the_interface() {
        let form = [
            ("_token", "x"),
            ("procedure_code", "1.001193"),
            ("applicant.name", "Đường Thị Thử"),
            ("applicant.email", " "),
            ("papers.0.name", "Tờ khai"),
            ("papers.0.photocopies", "2"),
            ("papers.1.originals", ""),
            ("papers.2.name", "Căn cước công dân"),
            ("received_at", "24/11/2026 08:00"),
            ("pauses", "on"),
        ];
        let expected = json!({
            "procedure_code": "1.001193",
            "applicant": { "name": "Đường Thị Thử" },
            "papers": [
                { "name": "Tờ khai", "originals": 0, "certified_copies": 0, "photocopies": 2 },
                {
                    "name": "Căn cước công dân", "originals": 1, "certified_copies": 0,
                    "photocopies": 0,
                },
            ],
            "received_at": "2026-11-24T08:00:00+07:00",
            "pauses": true,
        });
        assert_eq!(meant(&form).unwrap(), expected);
    }

    #[test]
    fn nothing_that_was_typed_is_dropped_in_silence() {
        for (form, code, about) in [
            (vec![("papers.99.name", "x")], "field-lines", "papers.99.name"),
            (vec![("papers.1.photocopies", "2")], "field-missing", "papers.1.name"),
            (vec![("papers", "x"), ("papers.0.name", "x")], "field-unknown", "papers.0.name"),
            (vec![("papers.0.name", "x"), ("papers.a", "x")], "field-unknown", "papers.a"),
            (vec![("a.b", "x"), ("a.b.c", "x")], "field-unknown", "a.b.c"),
            (vec![("amount", "8,5")], "field-amount", "amount"),
            (vec![("papers.1.originals", "hai")], "field-count", "papers.1.originals"),
            (vec![("date", "31/02/2026")], "field-day", "date"),
            (vec![("due_at", "24/11/2026")], "field-moment", "due_at"),
            (vec![("field", "owner.birth_date"), ("value", "1985")], "field-day", "value"),
        ] {
            let refused = Refused::new(422, code).about(about);
            assert_eq!(meant(&form), Err(refused));
        }
    }
}
