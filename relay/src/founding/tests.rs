//! A founding is whole or can be tried again, and never touches what another one has left.

use hoso_store::readers::Readers;
use tempfile::TempDir;

use super::*;

/// The passphrase and the password; these people exist in tests only.
pub(crate) const SECRET: &str = "mot cau du dai";

fn plan(directory: &Path, realm: RealmName) -> Plan {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/data");
    let text = |file: &str| fs::read_to_string(format!("{data}/{file}")).unwrap();
    let (units, procedures) = (text("units.csv"), text("procedures.csv"));
    Plan {
        data: directory.join("relay"),
        realm,
        province_name: "Quảng Ninh".to_owned(),
        catalogue: Catalogue::parse(&units, &procedures, &text("holidays.toml")).unwrap(),
        passphrase: Secret::new(SECRET.to_owned()),
        sealed_root: directory.join("sealed.root"),
        operator: "dieuhanh".to_owned(),
        password: Secret::new(SECRET.to_owned()),
    }
}

/// What founds a trial province in a directory of its own.
pub(crate) fn trial() -> (TempDir, Plan) {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(directory.path(), RealmName::Trial);
    (directory, plan)
}

/// The same founded, off the async threads.
pub(crate) async fn founded() -> (TempDir, Plan) {
    let founding = tokio::task::spawn_blocking(|| {
        let (directory, plan) = trial();
        found(&plan).unwrap();
        (directory, plan)
    });
    founding.await.unwrap()
}

/// How many statements the ledger holds.
fn statements(data: &Path) -> u64 {
    let database = Database::open(data, Schema::Relay).unwrap();
    let head = Readers::of(data).read(|tx| tx.head()).unwrap();
    drop(database);
    assert_eq!(head.epoch.generation, 1);
    head.number
}

/// A try that was killed before its commit: keys, sealed root and an empty database.
fn killed(plan: &Plan) {
    secret::make_data_directory(&plan.data).unwrap();
    let mut mark = Mark::begin(&plan.data).unwrap();
    let roots = [keyfile::fresh().unwrap(), keyfile::fresh().unwrap()];
    let sealed = wrap(&roots[1], &plan.passphrase).unwrap().to_bytes();
    mark.will_seal(&sealed).unwrap();
    secret::write(&plan.sealed_root, &sealed).unwrap();
    Keys::make(plan, roots).unwrap();
    drop(Database::open(&plan.data, Schema::Relay).unwrap());
}

#[test]
fn a_trial_province_has_two_roots_a_registrar_auto_and_the_whole_catalogue() {
    let (_directory, plan) = trial();
    let founded = found(&plan).unwrap();
    assert_eq!((founded.units, founded.procedures), (54, 74));
    let first = keyfile::open(&keys::root(&plan.data), SECRET).unwrap();
    let sealed = keyfile::open(&plan.sealed_root, SECRET).unwrap();
    assert_ne!(first.public(), sealed.public());
    assert!(keys::read_auto(&plan.data).unwrap().is_some());
    assert_eq!(statements(&plan.data), 4 + 54 + 1 + 74 + 4);
}

#[test]
fn an_official_province_has_no_unwrapped_registrar_and_is_founded_once() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(directory.path(), RealmName::Official);
    found(&plan).unwrap();
    assert!(!keys::auto(&plan.data).exists());
    assert!(matches!(found(&plan), Err(FoundingError::Founded(_))));
}

#[test]
fn what_is_left_of_a_province_is_not_written_over() {
    let names = ["transport.key", "age.key", "root.key", "auto.key", "hoso.open", "hoso.db-wal"];
    for name in names.iter().chain(&["hoso.db.replaced", "hoso.db.restored", "hoso.db"]) {
        let (_directory, plan) = trial();
        secret::make_data_directory(&plan.data).unwrap();
        fs::write(plan.data.join(name), "precious").unwrap();
        let refused = found(&plan).map(|_| ());
        assert!(matches!(refused, Err(FoundingError::Founded(_))), "{name}: {refused:?}");
        assert_eq!(fs::read(plan.data.join(name)).unwrap(), b"precious");
        assert!(!plan.sealed_root.exists());
    }
    let (_directory, plan) = trial();
    found(&plan).unwrap();
    let root = fs::read(keys::root(&plan.data)).unwrap();
    fs::remove_file(plan.data.join("hoso.db")).unwrap();
    assert!(matches!(found(&plan), Err(FoundingError::Founded(_))), "its keys are there");
    assert_eq!(fs::read(keys::root(&plan.data)).unwrap(), root);
}

#[test]
fn a_founding_that_was_killed_is_done_again_over_what_it_left() {
    let (_directory, plan) = trial();
    killed(&plan);
    let founded = found(&plan).unwrap();
    assert_eq!(founded.units, 54);
    assert_eq!(statements(&plan.data), 4 + 54 + 1 + 74 + 4);
    assert!(keyfile::open(&plan.sealed_root, SECRET).is_ok());
    assert!(matches!(found(&plan), Err(FoundingError::Founded(_))));
}

#[test]
fn a_sealed_root_of_another_province_stops_a_second_try_too() {
    let (_directory, plan) = trial();
    killed(&plan);
    fs::write(&plan.sealed_root, "precious").unwrap();
    assert!(matches!(found(&plan), Err(FoundingError::SealedRoot(_))));
    assert_eq!(fs::read(&plan.sealed_root).unwrap(), b"precious");
}

#[test]
fn a_province_that_was_founded_at_the_last_moment_is_not_founded_again() {
    let (_directory, plan) = trial();
    found(&plan).unwrap();
    fs::write(plan.data.join("init.unfinished"), "").unwrap();
    let root = fs::read(keys::root(&plan.data)).unwrap();
    assert!(matches!(found(&plan), Err(FoundingError::Founded(_))));
    assert_eq!(fs::read(keys::root(&plan.data)).unwrap(), root);
    assert!(!plan.data.join("init.unfinished").exists());
}

#[test]
fn two_foundings_in_one_directory_do_not_meet() {
    let (_directory, plan) = trial();
    secret::make_data_directory(&plan.data).unwrap();
    let _under_way = Mark::begin(&plan.data).unwrap();
    assert!(matches!(found(&plan), Err(FoundingError::Underway(_))));
}

#[test]
fn a_founding_that_fails_leaves_nothing_and_can_be_tried_again() {
    let (_directory, mut plan) = trial();
    let name = std::mem::take(&mut plan.operator);
    let failed = found(&plan).map(|_| ());
    assert!(matches!(failed, Err(FoundingError::Statement("registrar", _))), "{failed:?}");
    assert!(!keys::any(&plan.data) && !Database::exists(&plan.data));
    assert!(!plan.sealed_root.exists());
    plan.operator = name;
    found(&plan).unwrap();
}

#[test]
fn a_short_password_founds_nothing() {
    let (_directory, mut plan) = trial();
    plan.password = Secret::new("ngan".to_owned());
    assert!(matches!(found(&plan), Err(FoundingError::Password(_))));
    assert!(!plan.data.exists());
}
