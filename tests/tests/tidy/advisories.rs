//! Floors of security-critical versions: an older one has a published hole.

use toml::{Table, Value};

use crate::sources::{assert_clean, root};

/// Package, first version without the hole, and which hole it closes.
const FLOORS: [(&str, &str, &str); 11] = [
    ("quinn-proto", "0.11.19", "RUSTSEC-2026-0523: frames open streams over the limit"),
    ("rustls", "0.23.46", "TLS of every link"),
    ("rustls-webpki", "0.103.13", "name constraints and revocation lists"),
    ("ring", "0.17.12", "RUSTSEC-2025-0009: panics when overflow checks are on"),
    ("curve25519-dalek", "4.1.3", "RUSTSEC-2024-0344: timing of scalar subtraction"),
    ("ed25519-dalek", "2.0.0", "RUSTSEC-2022-0093: oracle on the signing key"),
    ("tracing-subscriber", "0.3.20", "RUSTSEC-2025-0055: escape sequences reach the log"),
    ("crossbeam-channel", "0.5.15", "RUSTSEC-2025-0024: double free on drop"),
    ("idna", "1.0.0", "RUSTSEC-2024-0421: names that look like others"),
    ("libsqlite3-sys", "0.35.0", "SQLite below 3.50.2: memory beyond an aggregate's terms"),
    ("automerge", "0.12.0", "the reading of chunks that the shape check was measured against"),
];
/// Crypto and TLS that must not slip in beside ring.
const BANNED: [&str; 6] =
    ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "rsa"];
/// Packages of which two versions at once would be two truths.
const SINGLE: [&str; 7] =
    ["automerge", "rusqlite", "libsqlite3-sys", "quinn", "rustls", "ring", "ed25519-dalek"];

#[test]
fn security_critical_versions_are_at_or_above_their_floors() {
    assert_clean(&below_the_floor(&locked()));
}

#[test]
fn one_crypto_provider_and_one_version_of_each_core_library_is_built() {
    assert_clean(&banned_or_doubled(&locked()));
}

/// Names, versions and sources of all locked packages, on every platform.
pub(crate) fn locked() -> Vec<(String, String, Option<String>)> {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let lock: Table = text.parse().expect("Cargo.lock is TOML");
    let packages = lock["package"].as_array().expect("packages");
    let field =
        |package: &Value, name: &str| package.get(name).and_then(Value::as_str).map(str::to_owned);
    let locked: Vec<_> = packages
        .iter()
        .map(|package| {
            let name = field(package, "name").expect("a package has a name");
            (name, field(package, "version").expect("and a version"), field(package, "source"))
        })
        .collect();
    assert!(locked.len() > 100, "Cargo.lock is read wrongly");
    locked
}

fn numbers(version: &str) -> Vec<u64> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    core.split('.').map(|number| number.parse().unwrap_or(0)).collect()
}

fn below_the_floor(locked: &[(String, String, Option<String>)]) -> Vec<String> {
    let below = |name: &str, version: &str| {
        let row = FLOORS.iter().find(|(package, ..)| *package == name)?;
        (numbers(version) < numbers(row.1)).then_some(row)
    };
    locked
        .iter()
        .filter_map(|(name, version, _)| {
            below(name, version).map(|row| format!("{name} {version} < {}: {}", row.1, row.2))
        })
        .collect()
}

fn banned_or_doubled(locked: &[(String, String, Option<String>)]) -> Vec<String> {
    let banned = locked
        .iter()
        .filter(|(name, ..)| BANNED.contains(&name.as_str()))
        .map(|(name, ..)| format!("{name} is a second crypto provider"));
    let doubled = SINGLE
        .iter()
        .filter(|single| locked.iter().filter(|(name, ..)| name == **single).count() > 1)
        .map(|name| format!("{name} is locked in two versions"));
    banned.chain(doubled).collect()
}

#[test]
fn an_old_a_banned_and_a_doubled_package_are_found() {
    let package = |name: &str, version: &str| (name.to_owned(), version.to_owned(), None);
    let lock = [
        package("quinn-proto", "0.11.9"),
        package("rustls", "0.23.46"),
        package("openssl", "0.10.1"),
        package("ring", "0.17.12"),
        package("ring", "0.18.0"),
    ];
    assert_eq!(below_the_floor(&lock).len(), 1);
    assert_eq!(banned_or_doubled(&lock).len(), 2);
}
