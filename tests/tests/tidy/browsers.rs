//! The browser floor: pages use nothing that is newer than Chrome and Edge 109 (the last for
//! Windows 7 and 8.1) and Firefox ESR 115.

use crate::sources::{Source, assert_clean, files_ending, finding, lines_with};

/// Style that one of them does not know, with the release that was the first to know it.
const STYLE: [&str; 26] = [
    ":has(",              // Firefox 121
    "&",                  // nesting: Chrome 112, Firefox 117
    "@scope",             // Chrome 118
    "@starting-style",    // Chrome 117
    "@property",          // Firefox 128
    "@view-transition",   // Chrome 126
    "@position-try",      // Chrome 125
    "anchor(",            // Chrome 125
    "anchor-name",        // Chrome 125
    "position-area",      // Chrome 129
    ":popover-open",      // Chrome 114
    ":user-invalid",      // Chrome 119
    ":user-valid",        // Chrome 119
    ":open",              // Chrome 133
    "light-dark(",        // Chrome 123
    "color-mix(",         // Chrome 111
    "oklch(",             // Chrome 111
    "oklab(",             // Chrome 111
    "subgrid",            // Chrome 117
    "text-wrap",          // Chrome 114
    "field-sizing",       // Chrome 123
    "interpolate-size",   // Chrome 129
    "animation-timeline", // Chrome 115
    "linear(",            // Chrome 113
    "round(",             // Chrome 125
    "mask-image",         // Chrome 120
];
/// Script that one of them does not know.
const SCRIPT: [&str; 20] = [
    ".toSorted(",            // Chrome 110
    ".toReversed(",          // Chrome 110
    ".toSpliced(",           // Chrome 110
    "Object.groupBy",        // Chrome 117
    "Map.groupBy",           // Chrome 117
    "Array.fromAsync",       // Chrome 121
    "Promise.withResolvers", // Chrome 119
    "Promise.try",           // Chrome 128
    "URL.canParse",          // Chrome 120
    "AbortSignal.any",       // Chrome 116
    "isWellFormed(",         // Chrome 111
    "toWellFormed(",         // Chrome 111
    "showPopover(",          // Chrome 114
    "togglePopover(",        // Chrome 114
    "startViewTransition",   // Chrome 111
    "moveBefore(",           // Chrome 133
    "navigation.",           // Firefox 147
    "scheduler.",            // Firefox 142
    "Iterator.from",         // Chrome 122
    "setHTMLUnsafe(",        // Chrome 124
];
/// Markup that one of them does not know.
const MARKUP: [&str; 6] = [
    " popover",       // Chrome 114
    "popovertarget",  // Chrome 114
    "<details name=", // Chrome 120
    "<search",        // Chrome 118
    "closedby=",      // Chrome 134
    "commandfor=",    // Chrome 135
];

/// Fields whose picker and order of day and month follow the browser's language, not the page's.
const PICKERS: [&str; 5] =
    ["type=\"date\"", "datetime-local", "type=\"time\"", "type=\"month\"", "type=\"week\""];

#[test]
fn no_field_for_a_day_or_a_time_follows_the_language_of_the_browser() {
    let sources = files_ending(&[".html", ".js", ".rs"]);
    let own = sources.iter().filter(|source| !source.path.starts_with("tests/"));
    assert_clean(&own.flat_map(pickers).collect::<Vec<_>>());
    let planted = Source { path: "a.html".into(), text: "<input type=\"date\">".into() };
    assert_eq!(pickers(&planted).len(), 1);
}

fn pickers(source: &Source) -> Vec<String> {
    let words = PICKERS.map(str::to_owned);
    lines_with(&source.text, &words).map(|(line, word)| finding(source, line, word)).collect()
}

/// What a browser objects to by itself, in its own language, before anything is sent.
const OBJECTED: [&str; 6] =
    [" required", " minlength=", " pattern=", "type=\"email\"", "call fields::", "call group("];

#[test]
fn what_is_wrong_in_a_form_is_said_by_the_page_and_never_by_the_browser() {
    let sources = files_ending(&[".html"]);
    let own = sources.iter().filter(|source| source.path.contains("/templates/"));
    let own: Vec<_> = own.collect();
    assert!(own.len() > 20, "{} templates", own.len());
    assert_clean(&own.into_iter().flat_map(left_to_the_browser).collect::<Vec<_>>());
    let planted = |tag: &str| Source {
        path: "a.html".into(),
        text: format!("<form{tag}><input name=\"a\" required></form><form></form>"),
    };
    assert_eq!(left_to_the_browser(&planted(" method=\"post\"")).len(), 1);
    assert!(left_to_the_browser(&planted(" method=\"post\" novalidate")).is_empty());
}

/// The forms in which a browser would object.
fn left_to_the_browser(source: &Source) -> Vec<String> {
    let forms = source.text.split("<form").skip(1).filter_map(|form| {
        let form = form.split("</form>").next()?;
        let tag = form.split('>').next()?;
        let objects = OBJECTED.iter().any(|word| form.contains(word));
        (objects && !tag.contains(" novalidate")).then(|| format!("{}: <form{tag}>", source.path))
    });
    forms.collect()
}

#[test]
fn pages_use_nothing_newer_than_chrome_109_and_firefox_115() {
    let sources = files_ending(&[".css", ".js", ".html"]);
    let shipped = sources.iter().filter(|source| !source.path.starts_with("tests/"));
    let shipped: Vec<_> = shipped.collect();
    for end in [".css", ".js", ".html"] {
        assert!(shipped.iter().any(|source| source.path.ends_with(end)), "no {end} is shipped");
    }
    assert_clean(&shipped.into_iter().flat_map(too_new).collect::<Vec<_>>());
}

/// What is too new in a file, by its kind; comments do not count.
fn too_new(source: &Source) -> Vec<String> {
    let (words, comment): (&[&str], _) = match source.path.rsplit('.').next() {
        Some("css") => (&STYLE, "/*"),
        Some("js") => (&SCRIPT, "//"),
        _ => (&MARKUP, "<!--"),
    };
    let code = source.text.lines().map(|line| line.split(comment).next().unwrap_or_default());
    let code: String = code.map(|line| format!("{line}\n")).collect();
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    lines_with(&code, &words).map(|(line, word)| finding(source, line, word)).collect()
}

#[test]
fn style_script_and_markup_that_are_too_new_are_found() {
    let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
    let style = source("a.css", "p:has(a) { color: red; }\n/* :has( */\np { &:hover { top: 0; } }");
    assert_eq!(too_new(&style).len(), 2);
    assert_eq!(too_new(&source("a.js", "a.toSorted();\n// b.toSorted()\n")).len(), 1);
    assert_eq!(too_new(&source("a.html", "<div popover><details name=\"x\">")).len(), 2);
    assert!(too_new(&source("a.css", "p { inset: 0; accent-color: red; }")).is_empty());
}
