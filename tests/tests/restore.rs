//! Machines that come back from an old backup, with the real programs: the relay is healed by its
//! nodes, a node by the relay, and no code is given twice.

use std::{collections::BTreeSet, fs, time::Duration};

use hoso_tests::e2e::{
    agree,
    desk::{Desk, Procedure, procedures, reception},
    node::{Node, PASSWORD},
    province::{BAI_CHAY, CO_TO, Province},
    wait,
};

/// Dossiers before the backup, and dossiers after it that it does not hold.
const BEFORE: usize = 30;
const AFTER: usize = 100;
const DEADLINE: Duration = Duration::from_secs(180);

fn unit_procedures() -> Vec<Procedure> {
    procedures().into_iter().filter(|procedure| procedure.competent == "unit").collect()
}

fn receive(desk: &mut Desk, numbers: std::ops::Range<usize>, competent: &str) -> Vec<String> {
    let catalogue = unit_procedures();
    numbers
        .map(|number| {
            let body = reception(number, &catalogue[number % catalogue.len()], competent);
            let dossier = desk.receive(&body, &format!("{}-{number}", desk.unit));
            dossier["code"].as_str().expect("a received dossier has a code").to_owned()
        })
        .collect()
}

fn await_delivery(desks: &[Desk]) {
    wait::until_nothing_is_missing("every badge says delivered", DEADLINE, || {
        desks
            .iter()
            .flat_map(|desk| agree::undelivered(desk.acknowledged.keys().cloned(), desk))
            .collect()
    });
}

fn check(desks: &[Desk]) {
    wait::until_nothing_is_missing("all agree", DEADLINE, || agree::disagreements(desks));
    assert_eq!(agree::repeated_codes(desks), Vec::<String>::new());
    for desk in desks {
        assert_eq!(agree::missing_actions(&desk.acknowledged, desk), Vec::<String>::new());
    }
}

#[test]
fn a_relay_restored_from_a_backup_before_the_last_100_dossiers_is_healed_by_its_nodes() {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    receive(&mut desks[0], 0..BEFORE, BAI_CHAY);
    await_delivery(&desks);
    let backup = province.directory().join("relay.backup");
    province.relay.back_up(&backup);
    receive(&mut desks[0], BEFORE..BEFORE + AFTER / 2, BAI_CHAY);
    receive(&mut desks[1], 0..AFTER / 2, CO_TO);
    await_delivery(&desks);

    province.relay.kill();
    province.relay.restore(&backup);
    province.relay.start();

    // What comes after the restore must arrive too, and a node that knows nothing must get all.
    receive(&mut desks[0], 1000..1010, BAI_CHAY);
    await_delivery(&desks);
    let newcomer = Node::join(province.directory(), "bai-chay-2", BAI_CHAY, &province.relay);
    desks.push(Desk::of(&newcomer));
    let held = desks[1].ids().len();
    assert_eq!(held, BEFORE + AFTER + 10);
    wait::until("the newcomer holds all of its unit", DEADLINE, || {
        (desks[2].ids().len() == held).then_some(())
    });
    let healed = desks[0].session.get("/api/v1/sync").done();
    assert!(healed["healed"].as_u64() > Some(0), "the node says nothing of a healing: {healed}");
    check(&desks);
}

#[test]
fn a_node_restored_from_an_old_backup_gets_its_dossiers_back_and_gives_no_code_twice() {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    let mut codes = receive(&mut desks[0], 0..BEFORE, BAI_CHAY);
    await_delivery(&desks);
    let backup = province.directory().join("node.backup").to_string_lossy().into_owned();
    let said = province.nodes[0].command(&["backup", &backup], "");
    assert!(said.status.success(), "{said:?}");
    codes.extend(receive(&mut desks[0], BEFORE..BEFORE + AFTER, BAI_CHAY));
    await_delivery(&desks);

    province.nodes[0].kill();
    let said = province.nodes[0].command(&["restore", &backup], "");
    assert!(said.status.success(), "{said:?}");
    province.nodes[0].start();
    desks[0].session = province.nodes[0].clerk();
    // At once, before the relay has given back what the backup lacks.
    codes.extend(receive(&mut desks[0], 1000..1050, BAI_CHAY));

    let distinct: BTreeSet<&String> = codes.iter().collect();
    assert_eq!(distinct.len(), codes.len(), "a code was given twice");
    wait::until("the node holds all of its dossiers again", DEADLINE, || {
        (desks[0].ids().len() == codes.len()).then_some(())
    });
    await_delivery(&desks);
    check(&desks);
}

#[test]
fn a_relay_whose_disk_is_lost_comes_back_from_its_backup_file_alone_and_goes_on() {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    receive(&mut desks[0], 0..5, BAI_CHAY);
    await_delivery(&desks);
    let backup = province.directory().join("relay.backup");
    province.relay.back_up(&backup);
    receive(&mut desks[0], 5..10, BAI_CHAY);
    await_delivery(&desks);

    province.relay.kill();
    fs::remove_dir_all(&province.relay.data).expect("the data directory goes");
    province.relay.restore(&backup);
    province.relay.start();

    receive(&mut desks[1], 0..5, CO_TO);
    await_delivery(&desks);
    // The registrar `auto` and the root sign as they did.
    let newcomer = Node::join(province.directory(), "bai-chay-2", BAI_CHAY, &province.relay);
    let named = province.relay.name_operator("lan", PASSWORD);
    assert!(named.status.success(), "{named:?}");
    desks.push(Desk::of(&newcomer));
    wait::until("the newcomer holds all of its unit", DEADLINE, || {
        (desks[2].ids().len() == 15).then_some(())
    });
    check(&desks);
}

#[test]
fn a_node_whose_disk_is_lost_comes_back_from_its_backup_file_alone_and_goes_on() {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let mut desks: Vec<Desk> = province.nodes.iter().map(Desk::of).collect();
    let mut codes = receive(&mut desks[0], 0..5, BAI_CHAY);
    await_delivery(&desks);
    let backup = province.directory().join("node.backup").to_string_lossy().into_owned();
    let said = province.nodes[0].command(&["backup", &backup], "");
    assert!(said.status.success(), "{said:?}");
    codes.extend(receive(&mut desks[0], 5..10, BAI_CHAY));
    await_delivery(&desks);

    province.nodes[0].kill();
    fs::remove_dir_all(&province.nodes[0].data).expect("the data directory goes");
    let said = province.nodes[0].command(&["restore", &backup], "");
    assert!(said.status.success(), "{said:?}");
    province.nodes[0].start();
    desks[0].session = province.nodes[0].clerk();
    codes.extend(receive(&mut desks[0], 1000..1010, BAI_CHAY));
    wait::until("the node holds all of its dossiers again", DEADLINE, || {
        (desks[0].ids().len() == codes.len()).then_some(())
    });
    let distinct: BTreeSet<&String> = codes.iter().collect();
    assert_eq!(distinct.len(), codes.len(), "a code was given twice");
    await_delivery(&desks);
    check(&desks);
}
