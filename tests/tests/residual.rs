//! What can be lost or read all the same, as the README says it: shown, so that nobody has to find
//! out, and so that the README is changed when it is no longer so.

use std::{fs, path::Path, time::Duration};

use hoso_tests::e2e::{
    desk::{Desk, Procedure, id_of, procedures, reception},
    province::{CO_TO, Province},
    wait,
};

const DEADLINE: Duration = Duration::from_secs(60);

fn procedure() -> Procedure {
    procedures().into_iter().find(|procedure| procedure.competent == "unit").expect("one")
}

/// Whether some file of this directory holds these bytes.
fn holds(directory: &Path, bytes: &[u8]) -> bool {
    let files = fs::read_dir(directory).expect("a directory").flatten();
    files.map(|file| file.path()).filter(|path| path.is_file()).any(|path| {
        let content = fs::read(path).expect("a file can be read");
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn what_was_saved_only_on_a_disk_that_burnt_is_gone_and_no_badge_had_said_more() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let backup = province.directory().join("node.backup").to_string_lossy().into_owned();
    let node = &mut province.nodes[0];
    let mut desk = Desk::of(node);
    desk.session = node.clerk();
    assert!(node.command(&["backup", &backup], "").status.success());
    node.link("off");
    let dossier = desk.receive(&reception(1, &procedure(), CO_TO), "only here");
    assert_eq!(dossier["sync"]["state"], "saved", "{dossier}");
    node.kill();
    fs::remove_dir_all(&node.data).expect("the disk burns");
    assert!(node.command(&["restore", &backup], "").status.success());
    node.start();
    desk.session = node.clerk();
    node.link("on");
    node.await_link(&desk.session, "up", DEADLINE);
    let path = format!("/api/v1/dossiers/{}", id_of(&dossier));
    assert_eq!(desk.session.get(&path).status, 404, "nobody else had it");
}

#[test]
fn whoever_holds_a_disk_or_a_backup_can_read_what_applicants_said() {
    let province = Province::with(&[("co-to", CO_TO)]);
    let backup = province.directory().join("relay.backup").to_string_lossy().into_owned();
    let mut desk = Desk::of(&province.nodes[0]);
    let mut body = reception(1, &procedure(), CO_TO);
    let name = "Người Thử Đọc Trộm";
    body["applicant"]["name"] = name.into();
    desk.receive(&body, "read");
    wait::until("the relay has it", DEADLINE, || {
        (province.nodes[0].sync(&desk.session)["pending_entries"] == 0).then_some(())
    });
    let said = province.relay.command(&[Path::new("backup"), Path::new(&backup)]);
    assert!(said.status.success(), "{said:?}");
    for directory in [&province.relay.data, &province.nodes[0].data] {
        assert!(holds(directory, name.as_bytes()), "{}", directory.display());
    }
    let copied = fs::read(&backup).expect("a backup");
    assert!(copied.windows(name.len()).any(|window| window == name.as_bytes()));
    let none = "Người Thử Không Có Thật";
    assert!(!holds(&province.relay.data, none.as_bytes()), "a search that finds everything");
}
