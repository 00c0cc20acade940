//! Migrations are numbered from 1 without gaps and never edited once they are listed.

use std::{collections::BTreeMap, fs};

use crate::sources::{Source, assert_clean, files_ending, root};

/// Where each released migration stands with the hash of its content.
const LIST: &str = "tests/tests/tidy/migrations.txt";

#[test]
fn migrations_are_unchanged_and_without_gaps() {
    let found: Vec<Source> = files_ending(&[".sql"])
        .into_iter()
        .filter(|source| source.path.contains("/migrations/"))
        .collect();
    assert!(found.len() >= 2, "the journal and the ledger begin with a migration each");
    let list = fs::read_to_string(root().join(LIST)).expect(LIST);
    assert_clean(&changed(&found, &list));
    assert_clean(&gaps(&found));
}

fn hash_of(source: &Source) -> String {
    blake3::hash(source.text.as_bytes()).to_hex().to_string()
}

fn changed(found: &[Source], list: &str) -> Vec<String> {
    let listed: BTreeMap<&str, &str> = list
        .lines()
        .filter_map(|line| line.split_once("  ").map(|(hash, path)| (path, hash)))
        .collect();
    let gone = listed
        .keys()
        .filter(|path| !found.iter().any(|source| source.path == **path))
        .map(|path| format!("{path} is listed and gone"));
    let other = found.iter().filter_map(|source| match listed.get(source.path.as_str()) {
        Some(hash) if *hash == hash_of(source) => None,
        Some(_) => Some(format!("{} was edited: write a new migration instead", source.path)),
        None => Some(format!("add to {LIST}:\n{}  {}", hash_of(source), source.path)),
    });
    gone.chain(other).collect()
}

/// Numbers of each directory's migrations: `0001_what.sql`, `0002_what.sql` and so on.
fn gaps(found: &[Source]) -> Vec<String> {
    let mut directories: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let mut findings = Vec::new();
    for source in found {
        let (directory, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
        let number = name.split('_').next().and_then(|number| number.parse().ok());
        match number {
            Some(number) => directories.entry(directory).or_default().push(number),
            None => findings.push(format!("{} has no number", source.path)),
        }
    }
    for (directory, mut numbers) in directories {
        numbers.sort_unstable();
        let expected: Vec<u32> = (1..).take(numbers.len()).collect();
        if numbers != expected {
            findings.push(format!("{directory} has {numbers:?} instead of {expected:?}"));
        }
    }
    findings
}

#[test]
fn an_edited_a_lost_and_a_misnumbered_migration_are_found() {
    let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
    let found = [source("m/0001_a.sql", "a"), source("m/0002_b.sql", "b")];
    let list: String =
        found.iter().map(|source| format!("{}  {}\n", hash_of(source), source.path)).collect();
    assert!(changed(&found, &list).is_empty() && gaps(&found).is_empty());
    let edited = [source("m/0001_a.sql", "A"), source("m/0003_c.sql", "c"), source("m/x.sql", "")];
    assert_eq!(changed(&edited, &list).len(), 4);
    assert_eq!(gaps(&edited).len(), 2);
}
