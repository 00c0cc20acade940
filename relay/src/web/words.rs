//! Whether both languages have a sentence for everything that a page can say.

use std::collections::BTreeSet;

use hoso_engine::web::{TurnedAway, UNWORDED};

use crate::{ledger::ALERTS, overview::Standing};

const FILES: [&str; 2] =
    [include_str!("../../locales/vi.ftl"), include_str!("../../locales/en.ftl")];

fn keys(file: &str) -> BTreeSet<String> {
    let lines = file.lines().filter_map(|line| line.split_once(" = "));
    lines.map(|(key, _)| key.to_owned()).collect()
}

/// Every key that the pages name in full, and those that are put together from a code.
fn said() -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    let pages = [include_str!("pages.rs"), include_str!("pages/overview.rs")];
    for opening in ["say(\"", "say_with(\"", "headers, \"", "=> (\"", "=> \"", "add(\""] {
        for part in pages.iter().flat_map(|page| page.split(opening).skip(1)) {
            said.extend(part.split('"').next().map(str::to_owned));
        }
    }
    for part in include_str!("refusal.rs").split("Self::new(").skip(1) {
        said.extend(part.split('"').nth(1).map(|code| format!("problem-{code}")));
    }
    said.extend(UNWORDED.map(|code| format!("problem-{code}")));
    said.extend(Standing::ALL.map(|standing| format!("overview-{}", standing.code())));
    // A unit without a node is named, and has no tile.
    let with_tile = Standing::ALL.into_iter().filter(|standing| *standing != Standing::Empty);
    said.extend(with_tile.map(|standing| format!("state-{}", standing.code())));
    said.extend(TurnedAway::ALL.map(|why| format!("problem-{}", why.code())));
    said.extend(ALERTS.map(|kind| format!("alert-{kind}")));
    said.extend(["trial", "training"].map(|realm| format!("realm-{realm}")));
    said
}

#[test]
fn both_languages_say_the_same_things() {
    let [vietnamese, english] = FILES.map(keys);
    assert_eq!(vietnamese, english);
}

#[test]
fn there_is_a_sentence_for_everything_that_a_page_can_say_and_none_that_no_page_says() {
    let [there, _] = FILES.map(keys);
    let said = said();
    let lacking: Vec<_> = said.difference(&there).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
    let silent: Vec<_> = there.difference(&said).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
