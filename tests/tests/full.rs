//! A disk that fills up under a real program: a node warns in time, node and relay keep the last
//! room for dossiers and go on as before when there is room again.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use hoso_engine::disk;
use hoso_tests::e2e::{
    desk::{Desk, id_of, procedures, reception},
    http::Client,
    node::Node,
    province::{CO_TO, Province},
    wait,
};
use serde_json::Value;
use tempfile::TempDir;

const BOUNDARY: &str = "phan-cach-cua-bieu-mau";
const DEADLINE: Duration = Duration::from_secs(120);
/// What the bar of every page says at 90 and at 95 per cent.
const LOW: &str = "Báo cho quản trị viên để dọn bớt trước khi đầy";
const ALMOST_FULL: &str = "Hồ sơ vẫn lưu, tệp quét thì không";

/// A small disk of its own. It holds no more than a program needs to have 90 and 95 per cent of it
/// filled within a moment.
struct Disk(PathBuf);

impl Disk {
    fn mount(place: &Path) -> Self {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=192m,mode=0700", "tmpfs"]).arg(place);
        let mounted = mount.output().map(|said| (said.status.success(), said.stderr));
        let (done, said) = mounted.unwrap_or_else(|error| (false, error.to_string().into_bytes()));
        assert!(
            done,
            "this test fills a small disk of its own: run it as somebody who may mount a tmpfs, \
             such as root ({})",
            String::from_utf8_lossy(&said).trim()
        );
        Self(place.to_owned())
    }

    /// Puts the data of a resting program on a small disk.
    fn under(data: &Path) -> Self {
        let aside = data.with_extension("aside");
        fs::rename(data, &aside).expect("the data can be moved");
        fs::create_dir(data).expect("a directory");
        let disk = Self::mount(data);
        let copied = Command::new("cp").arg("-a").arg(aside.join(".")).arg(data).status();
        assert!(copied.expect("cp runs").success(), "the data is copied");
        disk
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Fills it until no more than so many thousandths are free.
    fn fill(&self, free: u64) {
        let file = File::options().create(true).append(true).open(self.ballast());
        let mut file = file.expect("a file");
        while disk::free(self.path()).expect("a disk") > free {
            file.write_all(&[7; 256 * 1024]).expect("room");
        }
    }

    fn clear(&self) {
        fs::remove_file(self.ballast()).expect("the ballast");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a program that a failed test has left may still hold a file.
        drop(Command::new("umount").arg("--lazy").arg(self.path()).status());
    }
}

/// The front page of the desk.
fn page(desk: &Desk) -> String {
    String::from_utf8(desk.session.bytes("/")).expect("a page")
}

fn free_ratio(desk: &Desk) -> f64 {
    let page = String::from_utf8(desk.session.bytes("/metrics")).expect("figures");
    let line = page.lines().find(|line| line.starts_with("hoso_disk_free_ratio"));
    let value = line.and_then(|line| line.rsplit(' ').next()).expect("the figure");
    value.parse().expect("a number")
}

/// Attaches a scan; how much of it is kept.
fn attach(desk: &Desk, id: &str, key: &str) -> String {
    let mut file = b"%PDF-1.7\n".to_vec();
    file.resize(256 * 1024, key.as_bytes()[0]);
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{key}.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n"
    );
    let body = [head.as_bytes(), &file, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
    let path = format!("/api/v1/dossiers/{id}/attachments");
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let answer = desk.session.send_bytes(&path, &kind, key, &body);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let scans = answer.body["attachments"].as_array().expect("scans").clone();
    let name = Value::from(format!("{key}.pdf"));
    let scan = scans.iter().find(|scan| scan["name"] == name).expect("the scan");
    scan["state"].as_str().expect("a state").to_owned()
}

#[test]
fn a_disk_that_fills_warns_at_90_keeps_room_for_dossiers_at_95_and_recovers_when_there_is_room() {
    let province = Province::with(&[]);
    let place = TempDir::new().expect("a directory");
    let disk = Disk::mount(place.path());
    let mut node = Node::join(disk.path(), "co-to", CO_TO, &province.relay);
    let mut desk = Desk::of(&node);
    let own = procedures().into_iter().find(|one| one.competent == "unit").expect("a procedure");
    let dossier = desk.receive(&reception(1, &own, CO_TO), "one");
    let id = id_of(&dossier).to_owned();
    assert_eq!(attach(&desk, &id, "a-first"), "held");
    assert!(!page(&desk).contains(LOW) && free_ratio(&desk) > 0.1);
    disk.fill(95);
    assert!(page(&desk).contains(LOW), "{}", page(&desk));
    assert!((0.05..0.1).contains(&free_ratio(&desk)), "{}", free_ratio(&desk));
    assert_eq!(attach(&desk, &id, "b-warned"), "held", "a warning takes nothing away");
    desk.receive(&reception(2, &own, CO_TO), "two");
    disk.fill(47);
    assert!(page(&desk).contains(ALMOST_FULL), "{}", page(&desk));
    assert!(free_ratio(&desk) < 0.05, "{}", free_ratio(&desk));
    assert_eq!(attach(&desk, &id, "c-refused"), "not_stored");
    desk.receive(&reception(3, &own, CO_TO), "three");
    assert_eq!(desk.session.get("/readyz").status, 200);
    disk.clear();
    let recovered = page(&desk);
    assert!(!recovered.contains(LOW) && !recovered.contains(ALMOST_FULL), "{recovered}");
    assert_eq!(attach(&desk, &id, "c-refused"), "held", "the same file, brought again");
    assert_eq!(desk.ids().len(), 3);
    node.stop();
}

#[test]
fn a_relay_whose_disk_is_almost_full_takes_dossiers_and_no_scan_until_there_is_room() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    province.relay.stop();
    let disk = Disk::under(&province.relay.data);
    province.relay.start();
    let mut desk = Desk::of(&province.nodes[0]);
    let own = procedures().into_iter().find(|one| one.competent == "unit").expect("a procedure");
    disk.fill(47);
    let dossier = desk.receive(&reception(1, &own, CO_TO), "one");
    assert_eq!(attach(&desk, id_of(&dossier), "a-scan"), "held", "the office has room");
    let sync = || desk.session.get("/api/v1/sync").done();
    wait::until("the dossier is there and its scan waits", DEADLINE, || {
        let sync = sync();
        (sync["pending_entries"] == 0 && sync["blobs_without_room"] == 1).then_some(())
    });
    assert_eq!(sync()["pending_blobs"], 1);
    assert_eq!(Client::new(province.relay.http).get("/readyz").status, 200);
    disk.clear();
    // A new session asks at once.
    province.nodes[0].link("off");
    province.nodes[0].link("on");
    wait::until("the scan is there", DEADLINE, || (sync()["pending_blobs"] == 0).then_some(()));
    province.relay.stop();
}
