//! Sizes, names, marks and habits of the sources.

use crate::sources::{
    Source, assert_clean, code_of, files_ending, finding, lines_with, production_files, rust_files,
};

/// Lines of the longest module.
const MODULE_LINES_MAX: usize = 500;
/// Characters of the longest line.
const LINE_CHARACTERS_MAX: usize = 100;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["manager", "helper", "helpers", "utils", "util", "common"];
/// The files whose work is waiting: tests wait for a condition, never for a length of time.
const WAITING_ROOMS: [&str; 1] = ["tests/src/e2e/wait.rs"];

#[test]
fn modules_have_at_most_500_lines() {
    let sources = files_ending(&[".rs", ".js", ".mjs", ".css"]);
    assert_clean(&sources.iter().flat_map(too_long).collect::<Vec<_>>());
}

#[test]
fn lines_have_at_most_100_columns() {
    let mut sources = rust_files();
    sources.extend(files_ending(&["tests/run", "deploy/demo", ".ci/run", ".sh", ".mjs"]));
    assert_clean(&sources.iter().flat_map(too_wide).collect::<Vec<_>>());
}

#[test]
fn modules_begin_with_their_purpose() {
    assert_clean(&rust_files().iter().flat_map(purposeless).collect::<Vec<_>>());
}

#[test]
fn modules_are_named_after_what_they_hold() {
    assert_clean(&rust_files().iter().flat_map(empty_names).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_to_do_or_skipped() {
    let ends = [".rs", ".html", ".js", ".mjs", ".sh", ".ftl", ".sql", "run", "demo"];
    let sources = files_ending(&ends);
    assert_clean(&sources.iter().flat_map(left_over).collect::<Vec<_>>());
}

#[test]
fn a_lint_is_only_ever_expected_with_its_reason() {
    assert_clean(&production_files().iter().flat_map(allowed_lints).collect::<Vec<_>>());
}

#[test]
fn anyhow_stays_in_the_two_mains() {
    let findings: Vec<String> = production_files()
        .iter()
        .filter(|s| !["node/src/main.rs", "relay/src/main.rs"].contains(&s.path.as_str()))
        .flat_map(|source| words_in_code(source, &["anyhow"]))
        .collect();
    assert_clean(&findings);
}

#[test]
fn templates_never_switch_escaping_off() {
    let sources = files_ending(&[".html", ".rs"]);
    assert_clean(&sources.iter().flat_map(unescaped).collect::<Vec<_>>());
}

#[test]
fn tests_wait_for_conditions_and_never_for_a_length_of_time() {
    let findings: Vec<String> = rust_files()
        .iter()
        .filter(|source| !WAITING_ROOMS.contains(&source.path.as_str()))
        .filter_map(tests_in)
        .flat_map(|source| sleeping(&source))
        .collect();
    assert_clean(&findings);
    let browser = files_ending(&[".mjs"]);
    assert_clean(&browser.iter().flat_map(sleeping_in_a_browser).collect::<Vec<_>>());
}

/// The tests of a file: all of a file of tests, otherwise what follows the head of its tests. What
/// comes before is blanked, so that lines keep their numbers.
fn tests_in(source: &Source) -> Option<Source> {
    let of_tests = source.path.starts_with("tests/")
        || source.path.contains("/tests/")
        || source.path.ends_with("tests.rs");
    let head = if of_tests { 0 } else { source.text.find("#[cfg(test)]\nmod tests {")? };
    let (before, tests) = source.text.split_at(head);
    let blank = "\n".repeat(before.matches('\n').count());
    Some(Source { path: source.path.clone(), text: format!("{blank}{tests}") })
}

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let long = lines > MODULE_LINES_MAX && !source.path.ends_with(".min.js");
    long.then(|| format!("{} has {lines} lines", source.path)).into_iter().collect()
}

fn too_wide(source: &Source) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    lines
        .map(|(number, line)| (number, line.chars().count()))
        .filter(|(_, width)| *width > LINE_CHARACTERS_MAX)
        .map(|(number, width)| finding(source, number, &format!("{width} columns")))
        .collect()
}

fn purposeless(source: &Source) -> Vec<String> {
    let opens = source.text.starts_with("//! ");
    (!opens).then(|| finding(source, 0, "no purpose in the first line")).into_iter().collect()
}

fn empty_names(source: &Source) -> Vec<String> {
    let mut parts = source.path.trim_end_matches(".rs").split('/');
    let empty = parts.any(|part| part.split('_').any(|word| EMPTY_NAMES.contains(&word)));
    empty.then(|| format!("{} says nothing", source.path)).into_iter().collect()
}

/// Marks of unfinished work and of tests that do not run; in pieces, or this file would find
/// itself.
fn left_over(source: &Source) -> Vec<String> {
    let marks: Vec<String> =
        [("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("unimpl", "emented!"), ("to", "do!(")]
            .iter()
            .chain(&[("#[ig", "nore"), ("test.", "skip"), ("it.", "skip"), ("describe.", "skip")])
            .map(|(a, b)| format!("{a}{b}"))
            .collect();
    lines_with(&source.text, &marks)
        .filter(|(line, mark)| whole_word(source.text.lines().nth(*line).unwrap_or(""), mark))
        .map(|(line, mark)| finding(source, line, mark))
        .collect()
}

/// Whether the mark stands alone: `awaited.skip(1)` is no skipped test.
fn whole_word(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn allowed_lints(source: &Source) -> Vec<String> {
    words_in_code(source, &["#[allow(", "#![allow("])
}

fn unescaped(source: &Source) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    let marks =
        [["|sa", "fe"].concat(), ["esca", "pe=\"none\""].concat(), ["HtmlSa", "fe"].concat()];
    lines
        .filter(|(_, line)| {
            let close: String = line.split_whitespace().collect();
            marks.iter().any(|mark| close.contains(mark.as_str()))
        })
        .map(|(number, _)| finding(source, number, "escaping is switched off"))
        .collect()
}

fn sleeping(source: &Source) -> Vec<String> {
    let words = ["sleep(", "sleep_until("].map(str::to_owned);
    lines_with(&code_of(&source.text), &words)
        .map(|(line, word)| finding(source, line, word))
        .collect()
}

fn sleeping_in_a_browser(source: &Source) -> Vec<String> {
    let words = ["setTimeout(", "setInterval(", "waitForTimeout("].map(str::to_owned);
    lines_with(&source.text, &words).map(|(line, word)| finding(source, line, word)).collect()
}

fn words_in_code(source: &Source, words: &[&str]) -> Vec<String> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    lines_with(&code_of(&source.text), &words)
        .map(|(line, word)| finding(source, line, word))
        .collect()
}

#[test]
fn each_kind_of_untidiness_is_found() {
    let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
    assert_eq!(too_long(&source("a.rs", &"\n".repeat(501))).len(), 1);
    assert_eq!(too_wide(&source("a.rs", &"đ".repeat(101))).len(), 1);
    assert!(too_wide(&source("a.rs", &"đ".repeat(100))).is_empty());
    assert_eq!(purposeless(&source("a.rs", "use x;")).len(), 1);
    assert_eq!(empty_names(&source("node/src/http_utils.rs", "")).len(), 1);
    assert!(empty_names(&source("node/src/commands.rs", "")).is_empty());
    let marks = format!("// TO{}: x\n#[ig{}]\nlist.awaited.skip(1)\n", "DO", "nore");
    assert_eq!(left_over(&source("a.rs", &marks)).len(), 2);
    assert_eq!(allowed_lints(&source("a.rs", "#[allow(x)]\n// #[allow(y)]")).len(), 1);
    assert_eq!(words_in_code(&source("a.rs", "use anyhow::Result;"), &["anyhow"]).len(), 1);
    assert_eq!(unescaped(&source("a.html", &format!("{{{{ x | sa{} }}}}", "fe"))).len(), 1);
    let text = "fn a() { sleep(1) }\n#[cfg(test)]\nmod tests { fn b() { sleep(2) } }";
    let found = |path| tests_in(&source(path, text)).map_or(0, |part| sleeping(&part).len());
    assert_eq!(found("node/src/a.rs"), 1);
    assert_eq!(found("tests/src/a.rs"), 2);
}
