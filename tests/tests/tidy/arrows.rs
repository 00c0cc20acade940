//! Which crate may know which: the arrows between ours, and the homes of the libraries that only
//! one room may touch.

use std::{env, process::Command};

use toml::Table;

use crate::{
    house::{PURE, members},
    sources::{
        Source, assert_clean, code_of, finding, lines_with, production_files, root, strings_of,
    },
};

/// For each crate, those of ours that it may depend on. Tests see everything.
const ARROWS: [(&str, &[&str]); 8] = [
    ("hoso-identity", &[]),
    ("hoso-registry", &["identity"]),
    ("hoso-dossier", &["identity", "registry"]),
    ("hoso-sync", &["identity"]),
    ("hoso-store", &["identity"]),
    ("hoso-engine", &["identity", "registry", "sync", "store"]),
    ("hoso-relay", &["identity", "registry", "sync", "store", "engine"]),
    ("hoso-node", &["identity", "registry", "sync", "store", "engine", "dossier"]),
];
/// Libraries with one home each; `tests` may use automerge to read what any client could read.
const HOMES: [(&str, &[&str]); 6] = [
    ("automerge", &["hoso-dossier", "hoso-tests"]),
    ("rusqlite", &["hoso-store"]),
    ("libsqlite3-sys", &["hoso-store"]),
    ("quinn", &["hoso-engine"]),
    ("quinn-proto", &["hoso-engine"]),
    ("tokio", &["hoso-store", "hoso-engine", "hoso-relay", "hoso-node", "hoso-tests"]),
];
/// What must not be anywhere below a pure crate.
const IMPURE: [&str; 8] =
    ["tokio", "quinn", "quinn-proto", "rusqlite", "libsqlite3-sys", "mio", "socket2", "axum"];
/// What must not be written in the code of a pure crate.
const IMPURE_NAMES: [&str; 13] = [
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "Instant",
    "SystemTime",
    "HashMap",
    "HashSet",
    "getrandom",
    "thread_rng",
    "now_utc",
    "now_local",
];
/// How SQL begins; only `store` writes any.
const SQL: [&str; 9] = [
    "SELECT ",
    "INSERT INTO",
    "INSERT OR ",
    "UPDATE ",
    "DELETE FROM",
    "CREATE TABLE",
    "CREATE INDEX",
    "PRAGMA ",
    "DROP TABLE",
];

#[test]
fn arrows_between_the_crates_are_as_designed() {
    let members = members();
    let findings: Vec<String> = members.iter().flat_map(|(_, m)| wrong_arrows(m)).collect();
    assert_clean(&findings);
    assert_eq!(members.len(), ARROWS.len() + 1, "a crate without its row in the table of arrows");
}

#[test]
fn automerge_rusqlite_quinn_and_tokio_are_used_only_in_their_homes() {
    let findings: Vec<String> = members().iter().flat_map(|(_, m)| strangers(m)).collect();
    assert_clean(&findings);
}

#[test]
fn no_library_leaves_its_home_by_a_re_export() {
    let findings: Vec<String> = production_files().iter().flat_map(re_exports).collect();
    assert_clean(&findings);
}

#[test]
fn sql_is_written_only_in_the_store() {
    let findings: Vec<String> = production_files()
        .iter()
        .filter(|source| !source.path.starts_with("shared/store/"))
        .flat_map(sql_lines)
        .collect();
    assert_clean(&findings);
}

#[test]
fn the_relay_is_built_without_automerge() {
    let relay = tree_of("hoso-relay");
    assert!(!relay.contains(&"automerge".to_owned()), "{relay:?}");
    assert!(!relay.contains(&"hoso-dossier".to_owned()));
    assert!(tree_of("hoso-node").contains(&"automerge".to_owned()), "the tree is read wrongly");
}

#[test]
fn pure_crates_are_built_without_the_world() {
    for name in PURE {
        let tree = tree_of(&format!("hoso-{name}"));
        assert!(tree.contains(&"minicbor".to_owned()), "the tree of {name} is read wrongly");
        let found: Vec<_> = tree.iter().filter(|n| IMPURE.contains(&n.as_str())).collect();
        assert!(found.is_empty(), "hoso-{name} reaches {found:?}");
    }
    assert!(tree_of("hoso-engine").contains(&"tokio".to_owned()), "the tree is read wrongly");
}

#[test]
fn pure_crates_name_no_clock_chance_file_socket_thread_or_unordered_map() {
    let findings: Vec<String> = production_files()
        .iter()
        .filter(|source| PURE.iter().any(|n| source.path.starts_with(&format!("shared/{n}/"))))
        .flat_map(impure_lines)
        .collect();
    assert_clean(&findings);
}

/// Names of the packages below one of ours, along normal dependencies on this platform.
fn tree_of(package: &str) -> Vec<String> {
    let output = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p}"])
        .args(["--edges", "normal", "--package", package])
        .current_dir(root())
        .output()
        .expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect()
}

fn name_of(manifest: &Table) -> &str {
    manifest["package"]["name"].as_str().expect("a package has a name")
}

fn dependencies_of(manifest: &Table) -> impl Iterator<Item = (&str, &String)> {
    ["dependencies", "dev-dependencies", "build-dependencies"].into_iter().flat_map(|kind| {
        let table = manifest.get(kind).and_then(toml::Value::as_table);
        table.into_iter().flat_map(toml::Table::keys).map(move |name| (kind, name))
    })
}

fn wrong_arrows(manifest: &Table) -> Vec<String> {
    let name = name_of(manifest);
    if name == "hoso-tests" {
        return Vec::new();
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
        return vec![format!("{name} has no row in the table of arrows")];
    };
    dependencies_of(manifest)
        .filter_map(|(_, to)| to.strip_prefix("hoso-"))
        .filter(|to| !allowed.contains(to))
        .map(|to| format!("{name} may not know hoso-{to}"))
        .collect()
}

fn strangers(manifest: &Table) -> Vec<String> {
    let name = name_of(manifest);
    dependencies_of(manifest)
        .filter(|(kind, library)| !(library.as_str() == "tokio" && *kind == "dev-dependencies"))
        .filter_map(|(_, library)| HOMES.iter().find(|(home, _)| home == library))
        .filter(|(_, homes)| !homes.contains(&name))
        .map(|(library, homes)| format!("{name} uses {library}, whose home is {homes:?}"))
        .collect()
}

fn re_exports(source: &Source) -> Vec<String> {
    let words: Vec<String> =
        HOMES.iter().map(|(library, _)| format!("pub use {}", library.replace('-', "_"))).collect();
    lines_with(&code_of(&source.text), &words)
        .map(|(line, word)| finding(source, line, word))
        .collect()
}

fn sql_lines(source: &Source) -> Vec<String> {
    let words: Vec<String> = SQL.iter().map(|word| format!("\"{word}")).collect();
    let multi: Vec<String> = SQL.iter().map(|word| (*word).to_owned()).collect();
    let strings = strings_of(&source.text);
    let single = lines_with(&strings, &words);
    let starting = lines_with(&strings, &multi).filter(|(line, word)| {
        strings.lines().nth(*line).is_some_and(|content| content.trim_start().starts_with(word))
    });
    single.chain(starting).map(|(line, word)| finding(source, line, word)).collect()
}

fn impure_lines(source: &Source) -> Vec<String> {
    let words: Vec<String> = IMPURE_NAMES.iter().map(|name| (*name).to_owned()).collect();
    lines_with(&code_of(&source.text), &words)
        .map(|(line, word)| finding(source, line, word))
        .collect()
}

#[test]
fn a_wrong_arrow_and_a_stranger_are_found() {
    let manifest: Table = "[package]\nname = \"hoso-store\"\n[dependencies]\n\
        hoso-dossier.workspace = true\nautomerge.workspace = true\nrusqlite.workspace = true\n\
        [dev-dependencies]\nhoso-engine.workspace = true\ntokio.workspace = true"
        .parse()
        .unwrap();
    assert_eq!(wrong_arrows(&manifest).len(), 2);
    assert_eq!(strangers(&manifest).len(), 1);
}

#[test]
fn sql_an_impure_name_and_a_re_export_are_found_in_code_and_not_in_comments() {
    let source = Source {
        path: "shared/sync/src/x.rs".into(),
        text: "// SELECT a\nlet a = \"SELECT b FROM c\";\nlet d = \"\n    DELETE FROM e\";\n\
               // Instant\nuse std::time::Instant;\npub use rusqlite::Connection;\n"
            .into(),
    };
    assert_eq!(sql_lines(&source).len(), 2);
    assert_eq!(impure_lines(&source).len(), 1);
    assert_eq!(re_exports(&source).len(), 1);
}
