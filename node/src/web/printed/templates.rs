//! The files that draw forms: those shipped here, and those of the office that take their place.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use minijinja::{Environment, Error, UndefinedBehavior, value::Serde};
use serde_json::{Value, json};

use crate::desk::Refused;

/// Bytes of the largest file that takes the place of one shipped here.
const BYTES_MAX: u64 = 256 * 1024;

/// Prints the page where the desk's key asked for that.
const SCRIPT: &str = "<script src=\"/assets/slip.js\" defer></script>";

/// The page that shows whether a printer is set right.
pub(super) const TEST_PAGE: &str = "test-page.html";

/// The files shipped here, by name.
const SHIPPED: [(&str, &str); 14] = [
    ("sets.toml", include_str!("../../../forms/sets.toml")),
    ("base.html", include_str!("../../../forms/base.html")),
    ("letterhead.html", include_str!("../../../forms/letterhead.html")),
    ("parts.html", include_str!("../../../forms/parts.html")),
    ("receipt.html", include_str!("../../../forms/receipt.html")),
    ("supplement.html", include_str!("../../../forms/supplement.html")),
    ("refusal.html", include_str!("../../../forms/refusal.html")),
    ("apology.html", include_str!("../../../forms/apology.html")),
    ("apology-2018.html", include_str!("../../../forms/apology-2018.html")),
    ("apology-2025.html", include_str!("../../../forms/apology-2025.html")),
    ("stop.html", include_str!("../../../forms/stop.html")),
    ("control-sheet.html", include_str!("../../../forms/control-sheet.html")),
    ("logbook.html", include_str!("../../../forms/logbook.html")),
    (TEST_PAGE, include_str!("../../../forms/test-page.html")),
];

/// The file of that name as it is shipped.
pub(super) fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}

/// The files of an office.
pub(super) struct Templates {
    folder: PathBuf,
}

impl Templates {
    /// Those of that folder, which need not exist; read anew for every print, so that a mended
    /// file is used at once.
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The text of a file: the office's own, else the one shipped here, else nothing.
    pub(super) fn text(&self, name: &str) -> Cow<'static, str> {
        match own(&self.folder, name) {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(shipped(name).unwrap_or_default()),
        }
    }

    /// The page. A file of the office that cannot draw it is left aside, and the page says so
    /// on the screen.
    pub(super) fn draw(&self, name: &str, mut values: Value) -> Result<String, Refused> {
        let fault = match self.drawn(name, &values) {
            Ok(page) => return Ok(with_script(page)),
            Err(error) => error,
        };
        // The kind and the line alone: what stands in the dossier never enters a log.
        tracing::warn!(
            kind = ?fault.kind(), file = fault.name(), line = fault.line(),
            "a replaced form cannot be drawn, the one shipped here is used"
        );
        if let Some(values) = values.as_object_mut() {
            values.insert("template_fault".to_owned(), json!(place(name, &fault)));
        }
        let drawn = draw(name, &values, |name| Ok(shipped(name).map(str::to_owned)));
        drawn.map(with_script).map_err(|error| {
            tracing::error!(kind = ?error.kind(), file = name, "a form cannot be drawn");
            Refused::new(500, "internal")
        })
    }

    /// The file and line of the office's own that cannot draw this page, if one cannot.
    pub(super) fn fault(&self, name: &str, values: &Value) -> Option<String> {
        self.drawn(name, values).err().map(|fault| place(name, &fault))
    }

    fn drawn(&self, name: &str, values: &Value) -> Result<String, Error> {
        let folder = self.folder.clone();
        draw(name, values, move |name| {
            Ok(own(&folder, name).or_else(|| shipped(name).map(str::to_owned)))
        })
    }
}

/// The page with the script of the desk's key, whatever the office's own form says of scripts.
fn with_script(page: String) -> String {
    if page.contains(SCRIPT) {
        return page;
    }
    match page.split_once("</head>") {
        Some((head, rest)) => format!("{head}{SCRIPT}\n</head>{rest}"),
        None => format!("{page}\n{SCRIPT}"),
    }
}

fn place(name: &str, fault: &Error) -> String {
    format!("{}:{}", fault.name().unwrap_or(name), fault.line().unwrap_or(0))
}

fn draw(
    name: &str,
    values: &Value,
    load: impl Fn(&str) -> Result<Option<String>, Error> + Send + Sync + 'static,
) -> Result<String, Error> {
    let mut environment = Environment::new();
    // A name that does not exist is a fault of the file, a blank field of the dossier is not.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_loader(load);
    environment.get_template(name)?.render(Serde(values))
}

/// The office's own file of that name.
fn own(folder: &Path, name: &str) -> Option<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if !name.chars().all(plain) || name.starts_with('.') {
        return None;
    }
    let path = folder.join(name);
    let small = fs::metadata(&path).is_ok_and(|facts| facts.len() <= BYTES_MAX);
    if small { fs::read_to_string(path).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Value {
        json!({ "paper": "a5", "code": "T1", "template_fault": "" })
    }

    #[test]
    fn a_file_of_the_office_takes_the_place_of_the_one_shipped() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("stop.html"), "<p>{{ code }} {{ \"<&\" }}</p>").unwrap();
        let drawn = Templates::of(folder.path()).draw("stop.html", values()).unwrap();
        assert_eq!(drawn, format!("<p>T1 &lt;&amp;</p>\n{SCRIPT}"));
    }

    #[test]
    fn a_file_that_names_what_does_not_exist_is_left_aside_with_a_word_on_the_screen() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("base.html"), "{{ nonsense.more }}").unwrap();
        let name = "base.html";
        let drawn = Templates::of(folder.path());
        // The shipped base needs the letterhead's values too.
        let mut values = values();
        for key in ["superior", "head", "place", "number", "realm"] {
            values[key] = json!("x");
        }
        values["reprint"] = json!(0);
        values["date"] = json!({ "day": "1", "month": "2", "year": "2026" });
        let drawn = drawn.draw(name, values).unwrap();
        assert!(drawn.contains("đang dùng mẫu gốc. base.html:1"), "{drawn}");
    }

    #[test]
    fn a_form_prints_by_the_desks_key_whether_or_not_the_office_thought_of_it() {
        let folder = tempfile::tempdir().unwrap();
        for frame in ["<head></head><body></body>", &format!("<head>{SCRIPT}</head>"), ""] {
            fs::write(folder.path().join("stop.html"), frame).unwrap();
            let drawn = Templates::of(folder.path()).draw("stop.html", values()).unwrap();
            assert_eq!(drawn.matches("slip.js").count(), 1, "{drawn}");
        }
    }

    #[test]
    fn a_template_reaches_no_file_outside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        let inner = folder.path().join("forms");
        fs::create_dir(&inner).unwrap();
        for name in ["../secret", "/etc/hostname", "..", ".hidden"] {
            assert_eq!(own(&inner, name), None, "{name}");
        }
    }
}
