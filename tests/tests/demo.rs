//! The trial province of the README's command: it comes up, says in `demo.json` how to reach it,
//! goes on where it ended, and leaves nothing running.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use hoso_tests::e2e::{http::Client, ports, program, wait};
use serde_json::Value;
use tempfile::TempDir;

/// How long the province may take to come up on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(180);
/// How long it may take to go down.
const STOP_DEADLINE: Duration = Duration::from_secs(30);
/// Dossiers that are received for the trial.
const DOSSIERS: usize = 9;
/// The relay's pages, its QUIC port and the three offices.
const PORTS: u16 = 5;

/// The running script; ended with the test that gave up on it.
struct Demo {
    child: Child,
    directory: PathBuf,
}

impl Demo {
    fn start(directory: &Path, port_base: u16) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo");
        let bin = program::path_of("hoso-node").parent().expect("a directory").to_owned();
        let log = fs::File::create(directory.with_extension("log")).expect("a log");
        let child = Command::new(script)
            .args(["--port-base", &port_base.to_string()])
            .args(["--seed-dossiers", &DOSSIERS.to_string(), "--no-browser", "--dir"])
            .arg(directory)
            .env("HOSO_BIN_DIR", bin)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log has two writers"))
            .stderr(log)
            .spawn()
            .expect("the script starts");
        Self { child, directory: directory.to_owned() }
    }

    /// What `demo.json` says once the province is up.
    fn facts(&mut self) -> Value {
        let path = self.directory.join("demo.json");
        wait::until("demo.json is there", START_DEADLINE, || {
            let ended = self.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "it ended with {ended:?}: {}", self.log());
            serde_json::from_str(&fs::read_to_string(&path).ok()?).ok()
        })
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.with_extension("log")).unwrap_or_default()
    }

    /// As a service manager would; Ctrl-C takes the same way.
    fn stop(&mut self) {
        let line = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().expect("a shell").success());
        wait::until("the trial ends", STOP_DEADLINE, || {
            self.child.try_wait().expect("a child can be asked")
        });
    }
}

/// A further start on the directory, which must be refused with a sentence.
fn refused(directory: &Path, port_base: u16) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo");
    let bin = program::path_of("hoso-node").parent().expect("a directory").to_owned();
    let ended = Command::new(script)
        .args(["--port-base", &port_base.to_string(), "--no-browser", "--dir"])
        .arg(directory)
        .env("HOSO_BIN_DIR", bin)
        .stdin(Stdio::null())
        .output()
        .expect("the script starts");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.stop();
        }
    }
}

/// The first of some free ports in a row.
fn port_base() -> u16 {
    let is_free = |port: u16| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
    };
    wait::until("some ports in a row are free", START_DEADLINE, || {
        let base = ports::free().port();
        (base..base + PORTS).all(is_free).then_some(base)
    })
}

/// In which columns, counted in characters, a page of the table of addresses begins.
fn columns(said: &str) -> BTreeSet<usize> {
    let table = said.lines().filter(|line| line.starts_with("  "));
    let begins =
        table.filter_map(|line| line.find(" http://").map(|at| line[..at].chars().count()));
    begins.collect()
}

fn client(place: &Value) -> Client {
    let http = place["http"].as_str().expect("an address");
    Client::new(http.strip_prefix("http://").expect("a scheme").parse().expect("an address"))
}

fn is_alive(place: &Value) -> bool {
    Path::new(&format!("/proc/{}", place["pid"].as_u64().expect("a process id"))).exists()
}

#[test]
fn a_trial_whose_ports_belong_to_somebody_else_says_so_and_is_never_ready() {
    let kept = TempDir::new().expect("a directory");
    let base = port_base();
    let _taken = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, base))).expect("a port");
    let said = refused(&kept.path().join("demo"), base);
    assert!(said.contains(&format!("port {base} is in use")), "{said}");
}

#[test]
fn the_trial_province_comes_up_goes_on_where_it_ended_and_leaves_nothing_running() {
    let kept = TempDir::new().expect("a directory");
    let (directory, base) = (kept.path().join("demo"), port_base());
    let mut seen = Vec::new();
    for turn in 1..=2 {
        let mut demo = Demo::start(&directory, base);
        let facts = demo.facts();
        let relay = &facts["relay"];
        for field in ["http", "quic", "data", "user", "password"] {
            assert!(relay[field].is_string(), "{field} in {relay}");
        }
        let operator = client(relay).log_in(
            relay["user"].as_str().expect("a name"),
            relay["password"].as_str().expect("a password"),
        );
        assert!(operator.is_ok(), "{:?}", operator.err());
        let nodes = facts["nodes"].as_array().expect("nodes");
        let codes: Vec<&str> = nodes.iter().filter_map(|node| node["unit"].as_str()).collect();
        assert_eq!(codes, ["07192", "06673", "06685"]);
        let mut received = 0;
        for node in nodes {
            assert!(node["name"].is_string() && Path::new(node["data"].as_str().unwrap()).is_dir());
            let users = node["users"].as_array().expect("users");
            let roles = serde_json::json!([
                "reception",
                "processing",
                "approval",
                "clerk",
                "cashier",
                "return",
                "viewer"
            ]);
            assert_eq!(users[0]["roles"], roles, "users[0] holds every dossier role");
            assert_eq!(users[1]["roles"], serde_json::json!(["administrator"]));
            let mut sessions = users.iter().map(|user| {
                let (name, password) = (user["user"].as_str(), user["password"].as_str());
                let session = client(node).log_in(name.unwrap(), password.unwrap());
                session.unwrap_or_else(|answer| panic!("{name:?}: {}", answer.body))
            });
            let named = users.iter().filter(|user| user["name"] != user["user"]);
            assert_eq!(named.count(), users.len(), "people have names, not log-ins: {users:?}");
            let clerk = sessions.next().expect("a clerk");
            assert_eq!(sessions.count(), users.len() - 1);
            let listed = clerk.get("/api/v1/dossiers?limit=200").done();
            let own = listed["items"].as_array().expect("dossiers").iter();
            received += own.filter(|row| row["receiving_unit"] == node["unit"]).count();
        }
        assert_eq!(received, turn * DOSSIERS, "the second start adds to the first");
        seen.extend(nodes.iter().chain([relay]).cloned());
        wait::until("the addresses are printed", START_DEADLINE, || {
            demo.log().contains("Ctrl-C").then_some(())
        });
        assert_eq!(columns(&demo.log()).len(), 1, "the table is straight: {}", demo.log());
        let said = refused(&directory, base);
        assert!(said.contains(&demo.child.id().to_string()), "it says whose it is: {said}");
        assert_eq!(demo.facts(), facts, "the first start was not disturbed");
        demo.stop();
        let said = refused(&directory, base + 1);
        assert!(said.contains(&base.to_string()), "it says which ports: {said}");
        assert!(!directory.join("demo.json").exists(), "nothing runs that it could describe");
    }
    assert_eq!(seen.iter().filter(|place| is_alive(place)).count(), 0, "all have ended");
}
