//! What can be lost or read all the same, as the README says it: shown, so that nobody has to find
//! out, and so that the README is changed when it is no longer so.

use std::{fs, path::Path, time::Duration};

use hoso_identity::DocumentId;
use hoso_store::{StoreError, readers::Readers, tables::LedgerTables};
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

/// Whether what the relay keeps of the dossier holds these bytes, once it is unpacked as any of our
/// programs does without a secret.
fn relay_says(data: &Path, id: &str, bytes: &[u8]) -> bool {
    let document = DocumentId::from_hex(id).expect("an id");
    let kept: Result<Vec<Vec<u8>>, StoreError> = Readers::of(data).read(|tx| {
        let mut kept = Vec::new();
        for entry in LedgerTables::document(tx, &document)? {
            kept.extend(LedgerTables::entry(tx, &entry)?.map(|entry| entry.bytes));
        }
        Ok(kept)
    });
    let kept = kept.expect("the ledger can be read");
    kept.iter().any(|entry| entry.windows(bytes.len()).any(|window| window == bytes))
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
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let backup = province.directory().join("relay.backup");
    let mut desk = Desk::of(&province.nodes[0]);
    let mut body = reception(1, &procedure(), CO_TO);
    let name = "Người Thử Đọc Trộm";
    body["applicant"]["name"] = name.into();
    let dossier = desk.receive(&body, "read");
    wait::until("the relay has it", DEADLINE, || {
        (province.nodes[0].sync(&desk.session)["pending_entries"] == 0).then_some(())
    });
    province.relay.back_up(&backup);
    let none = "Người Thử Không Có Thật";
    let node = &province.nodes[0].data;
    assert!(holds(node, name.as_bytes()));
    assert!(!holds(node, none.as_bytes()), "a search that finds everything");
    let relay = province.relay.data.clone();
    assert!(relay_says(&relay, id_of(&dossier), name.as_bytes()));
    assert!(!relay_says(&relay, id_of(&dossier), none.as_bytes()));
    // And from the backup, on a machine that has nothing else.
    province.relay.kill();
    fs::remove_dir_all(&relay).expect("the disk goes");
    province.relay.restore(&backup);
    assert!(relay_says(&relay, id_of(&dossier), name.as_bytes()));
}
