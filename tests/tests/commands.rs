//! The commands of both programs, as an operator and a script meet them.

use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use hoso_tests::e2e::{
    program::{self, Ended},
    province::{CO_TO, Province},
    relay::{OPERATOR, OPERATOR_PASSWORD, RELAY, Relay, catalogue},
};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tempfile::TempDir;

const SECRET: &str = "cau mat khau thu nghiem";

/// A command that is done: status 0, nothing on the error stream, one JSON object.
fn is_one_object(ended: &Ended) {
    assert_eq!((ended.code(), ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let value: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON alone");
    assert!(value.is_object(), "{value}");
}

#[test]
fn every_command_that_is_done_prints_one_json_object_whether_the_program_runs_or_rests() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let files = province.directory().to_owned();
    for part in ["running", "resting"] {
        let (of_relay, of_node) = (files.join(format!("{part}.relay")), files.join(part));
        let of_node = of_node.to_string_lossy().into_owned();
        let relay: [&[&Path]; 6] = [
            &[Path::new("nodes")],
            &[Path::new("user"), Path::new("list")],
            &[Path::new("verify")],
            &["invite", "--unit", CO_TO].map(Path::new),
            &[Path::new("backup"), &of_relay],
            &[Path::new("backup"), Path::new("verify"), &of_relay],
        ];
        for args in relay {
            is_one_object(&province.relay.command(args));
        }
        let node: [&[&str]; 6] = [
            &["status"],
            &["user", "list"],
            &["link", "off"],
            &["link", "on"],
            &["backup", &of_node],
            &["backup", "verify", &of_node],
        ];
        for args in node {
            is_one_object(&province.nodes[0].command(args, ""));
        }
        if part == "running" {
            province.nodes[0].stop();
            province.relay.stop();
        }
    }
    is_one_object(&province.relay.command(&[Path::new("restore"), &files.join("running.relay")]));
    let backup = files.join("running").to_string_lossy().into_owned();
    is_one_object(&province.nodes[0].command(&["restore", &backup], ""));
}

#[test]
fn words_that_mean_nothing_are_wrong_usage_and_too_short_a_name_means_no_node() {
    let province = Province::with(&[("co-to", CO_TO)]);
    let data = province.relay.data.to_string_lossy().into_owned();
    let usages: [&[&str]; 4] = [
        &["invite", "--unit", CO_TO, "--ttl", "soon"],
        &["invite", "--unit", CO_TO, "--ttl", "0h"],
        &["user", "add", "lan", "--roles", "king", "--as", "root"],
        &["backup"],
    ];
    for args in usages {
        let ended = program::run(RELAY, args.iter().chain(&["--data", &data]), "");
        assert_eq!(ended.code(), Some(2), "{args:?}: {ended:?}");
    }
    let secret = format!("{OPERATOR_PASSWORD}\n");
    for node in ["", "a", "abc"] {
        let args = ["revoke", node, "--as", OPERATOR, "--data", &data];
        let ended = program::run(RELAY, args, &secret);
        assert_ne!(ended.code(), Some(0), "the only node was revoked by {node:?}: {ended:?}");
    }
    let nodes = province.relay.command(&[Path::new("nodes")]).json();
    assert_eq!(nodes["items"][0]["state"], "approved", "{nodes}");
}

/// A program with a person at its terminal.
struct Seat {
    child: Child,
    terminal: File,
    shown: String,
}

impl Seat {
    fn of(name: &str, args: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal");
        let path = ptsname(&terminal, Vec::new()).expect("a terminal has a name");
        let path = PathBuf::from(path.into_string().expect("a path"));
        let side = File::options().read(true).write(true).open(path).expect("its other side");
        let child = Command::new(program::path_of(name))
            .args(args)
            .stdin(side.try_clone().expect("its other side"))
            .stdout(Stdio::null())
            .stderr(side)
            .spawn()
            .expect("the program starts");
        Self { child, terminal: File::from(terminal), shown: String::new() }
    }

    /// Waits for a question and types the answer.
    fn answer(&mut self, question: &str, answer: &str) {
        let mut asked = String::new();
        while !asked.ends_with(question) {
            let mut byte = [0; 1];
            let read = self.terminal.read(&mut byte);
            assert!(matches!(read, Ok(1)), "no {question:?} after {asked:?}, {:?}", self.shown);
            asked.push(char::from(byte[0]));
        }
        self.shown.push_str(&asked);
        self.terminal.write_all(format!("{answer}\n").as_bytes()).expect("a key is pressed");
    }

    /// Reads what is still shown and gives the exit status with all of it.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = Vec::new();
        // The other side is gone when the program has ended: that is an error here.
        drop(self.terminal.read_to_end(&mut rest));
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        (self.child.wait().expect("the program ends").code(), self.shown)
    }
}

fn directory() -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("relay").to_string_lossy().into_owned();
    (directory, data)
}

#[test]
fn a_person_founds_a_province_by_answering_and_no_secret_is_shown() {
    let (directory, data) = directory();
    let sealed = directory.path().join("sealed.root").to_string_lossy().into_owned();
    let file = |name| catalogue(name).to_string_lossy().into_owned();
    let (units, procedures) = (file("units.csv"), file("procedures.csv"));
    let mut seat = Seat::of(RELAY, &["init", "--data", &data, "--realm", "trial"]);
    seat.answer("name of the province: ", "Quang Ninh");
    seat.answer("CSV file of the units: ", &units);
    seat.answer("CSV file of the procedures: ", &procedures);
    seat.answer("TOML file of the working-day calendar: ", &file("holidays.toml"));
    seat.answer("nothing replaces it): ", SECRET);
    seat.answer("the same once more: ", SECRET);
    seat.answer("away from the relay: ", &sealed);
    seat.answer("log-in name of the first registrar: ", "dieuhanh");
    seat.answer("characters): ", SECRET);
    seat.answer("the same once more: ", SECRET);
    let (code, shown) = seat.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("Quang Ninh"), "an answer that is no secret is shown: {shown}");
    assert!(!shown.contains(SECRET), "a secret was shown: {shown}");
    assert!(Path::new(&sealed).exists());
    let listed = program::run(RELAY, ["user", "list", "--data", &data, "--json"], "");
    assert!(listed.out.contains("dieuhanh"), "{listed:?}");
}

#[test]
fn where_nobody_can_be_asked_init_names_what_is_missing_and_founds_nothing() {
    let (_directory, data) = directory();
    let ended = program::run(RELAY, ["init", "--data", &data, "--realm", "trial"], "");
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    for flag in ["--province-name", "--units", "--root-passphrase-file", "--operator-password-file"]
    {
        assert!(ended.err.contains(flag), "{flag} is not named: {}", ended.err);
    }
    assert!(!ended.err.contains("--realm,"), "it was given: {}", ended.err);
    assert!(!Path::new(&data).exists());
}

#[test]
fn two_secrets_that_differ_do_nothing() {
    let (directory, _) = directory();
    let relay = Relay::found(directory.path());
    let data = relay.data.to_string_lossy().into_owned();
    let args = ["user", "add", "lan", "--roles", "operator", "--as", "root", "--data", &data];
    let mut seat = Seat::of(RELAY, &args);
    seat.answer("password of root: ", SECRET);
    seat.answer("new password of lan: ", SECRET);
    seat.answer("the same once more: ", "another one");
    let (code, shown) = seat.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("differ"), "{shown}");
    let listed = program::run(RELAY, ["user", "list", "--data", &data, "--json"], "");
    assert!(!listed.out.contains("lan"), "{listed:?}");
}
