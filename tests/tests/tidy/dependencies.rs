//! Licences and sources of everything that is built into the programs or their tests, and whether
//! anything is built that nobody uses.

use std::{collections::BTreeSet, env, process::Command};

use cargo_metadata::MetadataCommand;
use toml::Table;

use crate::{
    advisories::locked,
    house::{manifest, members},
    sources::{Source, assert_clean, code_of, production_files, root, rust_files},
};

/// Licences that a public office may build upon without further duties than naming them.
const ALLOWED: [&str; 14] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// The only place that dependencies come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[test]
fn every_dependency_has_an_allowed_licence() {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .other_options(
            ["--locked", "--offline", "--filter-platform", &platform()].map(String::from),
        )
        .exec()
        .expect("cargo metadata runs");
    let findings: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| !allowed(package.license.as_deref().unwrap_or_default()))
        .map(|package| format!("{} {:?}", package.name, package.license))
        .collect();
    assert!(metadata.packages.len() > 100, "cargo metadata is read wrongly");
    assert_clean(&findings);
}

#[test]
fn every_dependency_comes_from_the_registry_alone() {
    let findings: Vec<String> = locked()
        .into_iter()
        .filter(|(name, _, source)| !from_a_known_place(name, source.as_deref()))
        .map(|(name, version, source)| format!("{name} {version} comes from {source:?}"))
        .collect();
    assert_clean(&findings);
}

#[test]
fn every_dependency_is_used_where_it_is_named() {
    let (production, all) = (production_files(), rust_files());
    let mut findings = Vec::new();
    let mut named = BTreeSet::new();
    for (path, manifest) in members() {
        let home = path.trim_end_matches("Cargo.toml");
        let own = |files: &[Source]| -> Vec<String> {
            let lent = taken_by_path(home, files);
            let own = |source: &&Source| {
                source.path.starts_with(home) || lent.contains(&source.path.as_str())
            };
            files.iter().filter(own).map(|source| code_of(&source.text)).collect()
        };
        // The crate of tests is all tests: what any of them uses, it may name.
        let shipped = own(if home == "tests/" { &all } else { &production });
        assert!(!shipped.is_empty(), "{path}: the walk is broken");
        for (kind, code) in [("dependencies", shipped), ("dev-dependencies", own(&all))] {
            let unused = unused(&manifest, kind, &code);
            findings.extend(unused.iter().map(|name| format!("{path}: {name} in {kind}")));
            named.extend(names(&manifest, kind).map(str::to_owned));
        }
    }
    let root = manifest("Cargo.toml");
    let workspace = root["workspace"].as_table().expect("a table");
    let forgotten = names(workspace, "dependencies").filter(|name| !named.contains(*name));
    findings.extend(forgotten.map(|name| format!("Cargo.toml: {name} is used by no crate")));
    assert_clean(&findings);
}

/// Files of other crates that those of this one take in by their path.
fn taken_by_path<'a>(home: &str, files: &'a [Source]) -> Vec<&'a str> {
    let own = files.iter().filter(|source| source.path.starts_with(home));
    let paths = own.flat_map(|source| source.text.split("#[path = \"").skip(1));
    let paths = paths.filter_map(|rest| rest.split('"').next());
    paths
        .filter(|path| path.starts_with("../"))
        .map(|path| path.trim_start_matches("../"))
        .collect()
}

/// The dependencies of this kind that a manifest names.
fn names<'a>(manifest: &'a Table, kind: &str) -> impl Iterator<Item = &'a str> {
    let table = manifest.get(kind).and_then(toml::Value::as_table);
    table.into_iter().flatten().map(|(name, _)| name.as_str())
}

/// Those of them that none of these texts mentions as `name::`.
fn unused<'a>(manifest: &'a Table, kind: &str, code: &[String]) -> Vec<&'a str> {
    let is_used = |name: &str| {
        let path = format!("{}::", name.replace('-', "_"));
        let begins = |text: &str, at: usize| {
            let before = text[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
        };
        code.iter().any(|text| text.match_indices(&path).any(|(at, _)| begins(text, at)))
    };
    names(manifest, kind).filter(|name| !is_used(name)).collect()
}

fn from_a_known_place(name: &str, source: Option<&str>) -> bool {
    source.map_or_else(|| name.starts_with("hoso-"), |source| source == REGISTRY)
}

/// The platform of this compiler: what other platforms need was never fetched.
fn platform() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}

/// Whether an SPDX expression can be met with allowed licences; `/` is the old form of `OR`.
fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(&mut words);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>) -> bool {
    let mut met = all_of(words);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words);
    }
    met
}

fn all_of(words: &mut Words<'_>) -> bool {
    let mut met = one(words);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words);
    }
    met
}

fn one(words: &mut Words<'_>) -> bool {
    match words.next() {
        Some("(") => any_of(words) & (words.next() == Some(")")),
        Some(licence) if words.next_if_eq(&"WITH").is_some() => {
            let exception = words.next().unwrap_or_default();
            ALLOWED.contains(&format!("{licence} WITH {exception}").as_str())
        }
        Some(licence) => ALLOWED.contains(&licence),
        None => false,
    }
}

#[test]
fn licence_expressions_are_read_as_their_authors_meant_them() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "Apache-2.0 OR GPL-2.0-only",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
    ] {
        assert!(allowed(good), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "GPL-2.0 WITH LLVM-exception",
        "(MIT",
        "MIT)",
        "MIT MIT",
        "GPL-3.0 OR",
    ] {
        assert!(!allowed(bad), "{bad}");
    }
}

#[test]
fn a_dependency_from_elsewhere_is_found() {
    assert!(from_a_known_place("serde", Some(REGISTRY)));
    assert!(from_a_known_place("hoso-node", None));
    assert!(!from_a_known_place("serde", None));
    assert!(!from_a_known_place("serde", Some("git+https://example.org/serde")));
}

#[test]
fn a_dependency_that_nobody_uses_is_found() {
    let manifest: Table = "[dependencies]\na-b = 1\nc = 1\nd = 1".parse().unwrap();
    let code = ["use a_b::X;\n".to_owned(), "other_c::y(); e::d::z()".to_owned()];
    assert_eq!(unused(&manifest, "dependencies", &code), ["c", "d"]);
    assert!(unused(&manifest, "dev-dependencies", &code).is_empty());
}
