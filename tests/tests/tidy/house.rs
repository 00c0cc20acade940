//! The top level, the manifests and the settings of the tools.

use std::{collections::BTreeSet, fs};

use toml::{Table, Value};

use crate::sources::{assert_clean, files_ending, root};

/// The visible top level, given by the design; settings of tools are dotfiles.
const TOP_LEVEL: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", "README.md", "node", "relay", "shared", "deploy", "tests"];
/// Made by a build or a demo, ignored by git.
const MADE: [&str; 2] = ["target", "demo-data"];
/// What the root's lint table holds at least.
const REQUIRED: [&str; 19] = [
    "rust::unsafe_code = \"forbid\"",
    "rust::missing_docs = \"deny\"",
    "rust::unreachable_pub = \"deny\"",
    "clippy::unwrap_used = \"deny\"",
    "clippy::expect_used = \"deny\"",
    "clippy::panic = \"deny\"",
    "clippy::indexing_slicing = \"deny\"",
    "clippy::as_conversions = \"deny\"",
    "clippy::await_holding_lock = \"deny\"",
    "clippy::wildcard_enum_match_arm = \"deny\"",
    "clippy::let_underscore_must_use = \"deny\"",
    "clippy::too_many_lines = \"deny\"",
    "clippy::too_many_arguments = \"deny\"",
    "clippy::missing_errors_doc = \"deny\"",
    "clippy::print_stdout = \"deny\"",
    "clippy::print_stderr = \"deny\"",
    "clippy::dbg_macro = \"deny\"",
    "clippy::todo = \"deny\"",
    "clippy::unimplemented = \"deny\"",
];
/// Crates in which counts and sequence numbers live.
const COUNTING: [&str; 5] = ["identity", "registry", "dossier", "sync", "store"];
/// What their `lib.rs` says: a crate that takes the lints of the workspace cannot add to them in
/// its manifest.
const CHECKED_SUMS: &str = "#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]";
/// Lints that tests are free of: a test or its harness may stop with a message.
const FREE_IN_TESTS: [&str; 8] = [
    "unwrap_used",
    "expect_used",
    "panic",
    "indexing_slicing",
    "as_conversions",
    "missing_errors_doc",
    "print_stdout",
    "print_stderr",
];
/// Crates without clock, chance, disk, sockets or threads.
pub(crate) const PURE: [&str; 4] = ["identity", "registry", "dossier", "sync"];
/// Names that every pure crate's `.clippy.toml` keeps out.
const KEPT_OUT: [&str; 8] = [
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::fs::File",
    "std::net::UdpSocket",
    "std::thread::spawn",
    "std::env::var",
];

#[test]
fn the_visible_top_level_is_exactly_the_designed_one() {
    let found: BTreeSet<String> = fs::read_dir(root())
        .expect("the project's root is readable")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(unexpected_at_the_top(&found), Vec::<String>::new());
}

#[test]
fn the_commands_exist_and_may_be_run() {
    use std::os::unix::fs::PermissionsExt;
    for command in ["tests/run", "deploy/demo", ".ci/run"] {
        let metadata = fs::metadata(root().join(command)).expect(command);
        assert!(metadata.permissions().mode() & 0o111 != 0, "{command} has no run bit");
    }
    let ci = fs::read_to_string(root().join(".ci/run")).expect(".ci/run");
    assert!(ci.contains("tests/run"), ".ci/run does not call tests/run");
}

#[test]
fn versions_stand_only_in_the_root_manifest() {
    assert_clean(&each_member(own_versions));
}

#[test]
fn no_crate_has_features_of_its_own() {
    assert_clean(&each_member(|path, manifest| {
        let has = manifest.contains_key("features");
        has.then(|| format!("{path}: differences are values in a config file, not features"))
            .into_iter()
            .collect()
    }));
}

#[test]
fn no_lint_vanishes_from_the_root() {
    let root_lints = lints_of(&manifest("Cargo.toml")["workspace"]["lints"]);
    assert_clean(&vanished(&root_lints));
}

#[test]
fn counts_and_sequence_numbers_neither_wrap_nor_stop_the_process() {
    for name in COUNTING {
        let path = format!("shared/{name}/src/lib.rs");
        let text = fs::read_to_string(root().join(&path)).expect(&path);
        assert!(text.lines().any(|line| line == CHECKED_SUMS), "{path} lacks {CHECKED_SUMS}");
    }
}

#[test]
fn every_crate_obeys_the_lint_table() {
    let root_lints = lints_of(&manifest("Cargo.toml")["workspace"]["lints"]);
    let (shipped, tests): (Vec<_>, Vec<_>) =
        members().into_iter().partition(|(path, _)| path != "tests/Cargo.toml");
    for (path, manifest) in shipped {
        let inherits = manifest["lints"].get("workspace").and_then(Value::as_bool);
        assert_eq!(inherits, Some(true), "{path} does not inherit the lint table");
    }
    let expected: BTreeSet<String> = root_lints
        .into_iter()
        .filter(|lint| !FREE_IN_TESTS.iter().any(|free| lint.contains(free)))
        .collect();
    assert_eq!(lints_of(&tests[0].1["lints"]), expected, "tests/Cargo.toml");
}

#[test]
fn pure_crates_repeat_the_shared_tool_settings_and_keep_the_world_out() {
    let shared = fs::read_to_string(root().join(".clippy.toml")).expect(".clippy.toml");
    let mut findings = Vec::new();
    for name in PURE {
        let path = format!("shared/{name}/.clippy.toml");
        let text = fs::read_to_string(root().join(&path)).expect(&path);
        findings.extend(missing_settings(&shared, &text).iter().map(|m| format!("{path}: {m}")));
    }
    assert_clean(&findings);
}

#[test]
fn example_configs_parse() {
    let examples = files_ending(&[".toml"]);
    let deployed: Vec<_> =
        examples.iter().filter(|source| source.path.starts_with("deploy/")).collect();
    assert!(!deployed.is_empty(), "deploy/ holds no configuration");
    for example in deployed {
        let parsed = example.text.parse::<Table>();
        assert!(parsed.is_ok(), "{}: {}", example.path, parsed.expect_err("checked"));
    }
}

/// All manifests of the workspace's members with their paths.
pub(crate) fn members() -> Vec<(String, Table)> {
    let root = manifest("Cargo.toml");
    let members = root["workspace"]["members"].as_array().expect("members");
    members
        .iter()
        .map(|member| format!("{}/Cargo.toml", member.as_str().expect("a member is text")))
        .map(|path| {
            let manifest = manifest(&path);
            (path, manifest)
        })
        .collect()
}

/// A manifest.
pub(crate) fn manifest(path: &str) -> Table {
    fs::read_to_string(root().join(path)).expect(path).parse().expect(path)
}

fn each_member(check: impl Fn(&str, &Table) -> Vec<String>) -> Vec<String> {
    members().iter().flat_map(|(path, manifest)| check(path, manifest)).collect()
}

fn unexpected_at_the_top(found: &BTreeSet<String>) -> Vec<String> {
    let visible = found
        .iter()
        .filter(|name| !name.starts_with('.') && !MADE.contains(&name.as_str()))
        .filter(|name| !TOP_LEVEL.contains(&name.as_str()))
        .map(|name| format!("unexpected: {name}"));
    let missing = TOP_LEVEL
        .iter()
        .filter(|name| !found.contains(**name))
        .map(|name| format!("missing: {name}"));
    visible.chain(missing).collect()
}

fn own_versions(path: &str, manifest: &Table) -> Vec<String> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|kind| manifest.get(*kind)?.as_table())
        .flatten()
        .filter(|(_, value)| value.get("workspace").and_then(Value::as_bool) != Some(true))
        .map(|(name, _)| format!("{path}: {name} is not taken from the workspace"))
        .collect()
}

fn lints_of(table: &Value) -> BTreeSet<String> {
    let tools = table.as_table().expect("lints are a table");
    tools
        .iter()
        .flat_map(|(tool, lints)| {
            let lints = lints.as_table().expect("lints of a tool are a table");
            lints.iter().map(move |(lint, level)| format!("{tool}::{lint} = {level}"))
        })
        .collect()
}

fn vanished(lints: &BTreeSet<String>) -> Vec<String> {
    let missing = REQUIRED.iter().filter(|lint| !lints.contains(**lint));
    missing.map(|lint| format!("Cargo.toml lacks {lint}")).collect()
}

fn missing_settings(shared: &str, own: &str) -> Vec<String> {
    let repeated = shared
        .lines()
        .filter(|line| !line.trim().is_empty() && !own.lines().any(|other| other == *line))
        .map(|line| format!("the root's `{line}` is not repeated"));
    let kept_out = KEPT_OUT
        .iter()
        .filter(|name| !own.contains(&format!("path = \"{name}\"")))
        .map(|name| format!("{name} is not disallowed"));
    repeated.chain(kept_out).collect()
}

#[test]
fn a_stray_entry_and_a_missing_one_are_found() {
    let mut found: BTreeSet<String> = TOP_LEVEL.iter().map(|name| (*name).to_owned()).collect();
    found.extend([".gitignore".to_owned(), "target".to_owned()]);
    assert!(unexpected_at_the_top(&found).is_empty());
    found.insert("scripts".to_owned());
    found.remove("node");
    assert_eq!(unexpected_at_the_top(&found), ["unexpected: scripts", "missing: node"]);
}

#[test]
fn a_version_in_a_member_is_found() {
    let manifest: Table =
        "[dependencies]\na.workspace = true\nb = \"1\"\nc = { version = \"2\" }".parse().unwrap();
    assert_eq!(own_versions("x", &manifest).len(), 2);
}

#[test]
fn a_lint_that_vanished_or_was_softened_is_found() {
    let mut lints: BTreeSet<String> = REQUIRED.iter().map(|lint| (*lint).to_owned()).collect();
    assert!(vanished(&lints).is_empty());
    lints.remove(REQUIRED[0]);
    lints.remove("clippy::panic = \"deny\"");
    lints.insert("clippy::panic = \"warn\"".to_owned());
    assert_eq!(vanished(&lints).len(), 2);
}

#[test]
fn a_forgotten_shared_setting_and_a_forgotten_ban_are_found() {
    let own = KEPT_OUT.iter().map(|name| format!("path = \"{name}\"\n")).collect::<String>();
    assert_eq!(missing_settings("a = 1\n", &own), ["the root's `a = 1` is not repeated"]);
    assert_eq!(missing_settings("", "").len(), KEPT_OUT.len());
    assert!(missing_settings("a = 1\n", &format!("a = 1\n{own}")).is_empty());
}
