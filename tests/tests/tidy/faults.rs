//! `tests/FAULTS.md` names the test of each fault, and every named test exists.

use std::{collections::BTreeMap, fs};

use crate::sources::{assert_clean, root};

/// Faults and bad inputs that this release must withstand, by their numbers in the table.
const WITHSTOOD: [u32; 20] =
    [1, 2, 3, 9, 10, 11, 15, 16, 17, 22, 23, 24, 25, 27, 33, 35, 40, 42, 43, 44];
/// All numbered faults.
const FAULTS: u32 = 74;
/// The mark of a row whose fault belongs to a later release.
const LATER: &str = "later";

#[test]
fn every_test_that_the_table_of_faults_names_exists() {
    let findings: Vec<String> = rows(&table())
        .into_values()
        .flat_map(|last| named_tests(&last))
        .filter_map(|(path, name)| {
            let text = fs::read_to_string(root().join(&path));
            let in_browser = path.ends_with(".mjs");
            let holds = if in_browser { holds_browser_test } else { holds_test };
            let exists = text.is_ok_and(|text| holds(&text, &name));
            (!exists).then(|| format!("{path} holds no test {name}"))
        })
        .collect();
    assert_clean(&findings);
}

#[test]
fn every_fault_has_a_row_and_those_of_this_release_have_tests() {
    let rows = rows(&table());
    let missing: Vec<String> = (1..=FAULTS)
        .filter(|number| !rows.contains_key(number))
        .map(|number| format!("fault {number} has no row"))
        .collect();
    assert_clean(&missing);
    let bare: Vec<String> =
        WITHSTOOD.iter().filter(|n| named_tests(&rows[n]).is_empty()).map(bare_row).collect();
    assert_clean(&bare);
    let silent: Vec<String> = rows
        .iter()
        .filter(|(_, last)| named_tests(last).is_empty() && last.trim() != LATER)
        .map(|(number, _)| bare_row(number))
        .collect();
    assert_clean(&silent);
}

fn bare_row(number: &u32) -> String {
    format!("fault {number} names no test")
}

fn table() -> String {
    fs::read_to_string(root().join("tests/FAULTS.md")).expect("tests/FAULTS.md")
}

/// The last cell of each numbered row.
fn rows(table: &str) -> BTreeMap<u32, String> {
    table
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim().trim_matches('|').split('|').collect();
            let number = cells.first()?.trim().parse().ok()?;
            Some((number, (*cells.last()?).to_owned()))
        })
        .collect()
}

/// `path::test_name` between backticks.
fn named_tests(cell: &str) -> Vec<(String, String)> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|name| name.split_once("::"))
        .map(|(path, name)| (path.to_owned(), name.to_owned()))
        .collect()
}

/// Whether the file holds a function of that name that the test runner sees.
fn holds_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let declares = |line: &str| {
        let rest = line.trim_start_matches("async ").strip_prefix("fn ");
        rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('))
    };
    let is_attribute = |line: &&&str| line.starts_with("#[") || line.starts_with("//");
    lines.iter().enumerate().filter(|(_, line)| declares(line)).any(|(i, _)| {
        let above = lines[..i].iter().rev().take_while(is_attribute);
        above.clone().any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"))
    })
}

/// Whether the file holds a browser test whose sentence is this name.
fn holds_browser_test(text: &str, name: &str) -> bool {
    let sentence = name.replace('_', " ");
    let begins = |line: &str| line.starts_with(&format!("test('{sentence}',"));
    text.lines().any(begins)
}

#[test]
fn a_missing_test_and_a_function_that_is_no_test_are_found() {
    let text = "#[test]\nfn real() {}\nfn helper() {}\n#[tokio::test]\nasync fn waits() {}\n";
    assert!(holds_test(text, "real") && holds_test(text, "waits"));
    assert!(!holds_test(text, "helper") && !holds_test(text, "rea") && !holds_test(text, "gone"));
    let browser =
        "test('a page is there', async () => {\ntest('so is another',\n// test('gone', x)\n";
    assert!(holds_browser_test(browser, "a_page_is_there"));
    assert!(holds_browser_test(browser, "so_is_another"));
    assert!(!holds_browser_test(browser, "a_page") && !holds_browser_test(browser, "gone"));
}

#[test]
fn rows_are_read_with_all_their_tests() {
    let rows =
        rows("| # | f | t |\n|---|---|---|\n| 3 | x | `a/b.rs::c`, `d.rs::e` |\n| 4 | y | later |");
    assert_eq!(named_tests(&rows[&3]).len(), 2);
    assert!(named_tests(&rows[&4]).is_empty() && rows.len() == 2);
}
