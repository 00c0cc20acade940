//! Bad input at every border of the real programs: a clear answer that says what to do, nothing
//! stored halfway, and the program stays alive.

use std::{fs, net::UdpSocket, time::Duration};

use hoso_engine::{
    close::CloseCode, endpoint::Endpoint, frames::StreamKind, keyfile, tuning::Congestion,
};
use hoso_identity::{Incarnation, PublicKey, SigningKey};
use hoso_registry::enrolment::Invitation;
use hoso_sync::{
    frame::{Frame, MINOR_MIN, OPTIONAL_FROM},
    wire::{Beat, Farewell, Hello},
};
use hoso_tests::e2e::{
    desk::{Desk, id_of, procedures, reception},
    http::Client,
    node::{ADMINISTRATOR, CLERK, NODE, Node, PASSWORD},
    program::{self, Ended},
    province::{BAI_CHAY, CO_TO, Province},
    relay::{RELAY, Relay},
    wait,
};
use serde_json::{Value, json};
use tokio::time::timeout;

/// The longest time until a relay ends a connection on which it heard nonsense.
const CLOSE_DEADLINE: Duration = Duration::from_secs(20);
/// Bytes of a body that no form makes.
const HUGE_BODY_BYTES: usize = 64 * 1024 * 1024;

fn good() -> Value {
    let all = procedures();
    let own = all.iter().find(|procedure| procedure.competent == "unit").expect("a procedure");
    reception(1, own, CO_TO)
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut body = good();
    for (pointer, value) in changes {
        *body.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value.clone();
    }
    body
}

/// A problem in the form of RFC 9457 with a type to look up and a sentence to act on.
fn is_clear(body: &Value) -> bool {
    let says = |field: &str| body[field].as_str().is_some_and(|text| !text.is_empty());
    says("type") && (says("title") || says("detail"))
}

#[test]
fn bad_requests_are_answered_with_a_reason_and_store_nothing() {
    let province = Province::with(&[("co-to", CO_TO)]);
    let mut desk = Desk::of(&province.nodes[0]);
    let dossier = desk.receive(&good(), "good");
    let (id, session) = (id_of(&dossier).to_owned(), desk.session.clone());
    let events = format!("/api/v1/dossiers/{id}/events");
    let bodies = [
        json!(null),
        json!([]),
        json!({}),
        with(&[("/procedure_code", json!("9.999999"))]),
        with(&[("/procedure_code", json!(1))]),
        with(&[("/applicant/kind", json!("robot"))]),
        with(&[("/applicant/name", json!(""))]),
        with(&[("/applicant/name", json!("x".repeat(100_000)))]),
        with(&[("/competent_unit", json!("00000"))]),
        with(&[("/papers/0/originals", json!(-1))]),
        with(&[("/papers/0/originals", json!(1e300))]),
        with(&[("/channel", json!("pigeon"))]),
    ];
    for (number, body) in bodies.iter().enumerate() {
        let key = format!("bad-{number}");
        let answer = session.try_post_once("/api/v1/dossiers", body, &key).expect("an answer");
        assert!((400..500).contains(&answer.status), "{} for {body}", answer.status);
        assert!(is_clear(&answer.body), "{} for {body}", answer.body);
    }
    for (text, path) in [
        ("{", "/api/v1/dossiers"),
        ("\u{0}", "/api/v1/dossiers"),
        (&"[".repeat(100_000), "/api/v1/dossiers"),
        ("{\"kind\":\"approved\"}", &events),
        ("{\"kind\":\"no_such_kind\"}", &events),
        ("{\"kind\":\"returned\",\"base\":\"00\"}", &events),
        ("{\"kind\":\"noted\"}", "/api/v1/dossiers/zz/events"),
        ("{\"kind\":\"noted\"}", "/api/v1/dossiers/00000000000000000000000000000000/events"),
    ] {
        let answer =
            session.try_send_text("POST", path, text, Some("bad-text")).expect("an answer");
        assert!((400..500).contains(&answer.status), "{} for {path} {text:.60}", answer.status);
    }
    for path in [
        "/api/v1/dossiers/%00",
        "/api/v1/dossiers/../../etc/passwd",
        "/api/v1/dossiers?limit=-1",
        "/api/v1/dossiers?after=nothing",
        "/api/v1/procedures/1.001193/due?received_at=yesterday",
    ] {
        let answer = session.get(path);
        assert!((400..500).contains(&answer.status), "{} for {path}", answer.status);
    }
    let queries = ["%22", "NEAR(", "*", "a%22%20OR%201", "%F0%9F%A6%80", "%CC%81"];
    for query in queries {
        let answer = session.get(&format!("/api/v1/dossiers?q={query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    }
    assert_eq!(desk.ids(), std::slice::from_ref(&id), "a refused request was stored");
    assert_eq!(desk.read(&id)["version"], dossier["version"], "a refused event was stored");
}

#[test]
fn a_body_beyond_the_bound_is_refused_and_a_stranger_sees_nothing() {
    let province = Province::with(&[("co-to", CO_TO)]);
    let node = &province.nodes[0];
    let session = node.clerk();
    let huge = "x".repeat(HUGE_BODY_BYTES);
    if let Ok(answer) = session.try_send_text("POST", "/api/v1/dossiers", &huge, Some("huge")) {
        assert_eq!(answer.status, 413, "{}", answer.body);
    }
    let stranger = Client::new(node.http);
    for path in ["/api/v1/dossiers", "/api/v1/sync", "/api/v1/dossiers/00"] {
        assert_eq!(stranger.get(path).status, 401, "{path}");
    }
    assert_eq!(stranger.post("/api/v1/dossiers", &good()).status, 401);
    for (user, password) in [(CLERK, "wrong"), ("nobody", PASSWORD), ("", "")] {
        let refused = stranger.log_in(user, password).expect_err("a log-in must fail");
        assert!([400, 401, 422, 429].contains(&refused.status), "{}", refused.status);
    }
    assert_eq!(session.get("/api/v1/dossiers").status, 200);
    let roles = node.administrator();
    let refused = roles.try_post_once("/api/v1/dossiers", &good(), "admin").expect("an answer");
    assert_eq!(refused.status, 403, "an administrator received a dossier: {}", refused.body);
}

#[test]
fn what_the_relays_operators_send_amiss_is_answered_with_a_reason_in_their_language() {
    let mut province = Province::with(&[]);
    let relay = Client::new(province.relay.http);
    for (path, status) in [("/api/v1/nowhere", 404), ("/api/v1/sessions", 405)] {
        let answer = relay.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(is_clear(&answer.body), "{path}: {}", answer.body);
        assert!(!answer.text("title").is_ascii(), "not in Vietnamese: {}", answer.body);
    }
    let text = "{\"username\":7}";
    let answer = relay.try_send_text("POST", "/api/v1/sessions", text, None).expect("an answer");
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert_eq!(answer.body["type"], "urn:hoso:problem:body");
    assert!(is_clear(&answer.body) && !answer.text("title").is_ascii(), "{}", answer.body);
    assert!(province.relay.program().runs());
}

#[test]
fn noise_on_the_relays_port_changes_nothing() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let desk = Desk::of(&province.nodes[0]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for length in [0, 1, 20, 1200, 1472, 60_000] {
        for fill in [0x00, 0x40, 0xC0, 0xFF] {
            let noise = vec![fill; length];
            socket.send_to(&noise, province.relay.quic).expect("a datagram leaves");
        }
    }
    let http = Client::new(province.relay.http);
    assert_eq!(http.get("/healthz").status, 200);
    assert!(province.relay.program().runs());
    let node = &province.nodes[0];
    node.await_link(&desk.session, "up", Duration::from_secs(60));
}

/// Bytes on the control stream: its kind, then frames with their lengths.
fn control(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![StreamKind::Control.number()];
    for frame in frames {
        bytes.extend(u32::try_from(frame.len()).expect("a short frame").to_be_bytes());
        bytes.extend(frame);
    }
    bytes
}

/// Speaks to the relay with a node's own key, says these bytes, and gives the reason for which the
/// relay ends the connection: its code, and its farewell where it takes leave.
async fn ended_for(
    relay: &Relay,
    pinned: PublicKey,
    key: &SigningKey,
    bytes: &[u8],
) -> (CloseCode, Option<Farewell>) {
    let endpoint = Endpoint::dialler(key, Congestion::default()).expect("a socket");
    let peer = endpoint.dial(relay.quic, &[pinned]).await.expect("a handshake");
    let (mut stream, mut reading) = peer.connection().open_bi().await.expect("a stream");
    stream.write_all(bytes).await.expect("bytes leave");
    let (mut said, mut part) = (Vec::new(), [0; 4096]);
    let closed = timeout(CLOSE_DEADLINE, async {
        while let Ok(Some(length)) = reading.read(&mut part).await {
            said.extend_from_slice(&part[..length]);
        }
        peer.connection().closed().await
    });
    let closed = closed.await.unwrap_or_else(|_| panic!("still open after {bytes:.80?}"));
    let code = CloseCode::of(&closed);
    let code = code.unwrap_or_else(|| panic!("no reason: {closed:?} after {bytes:.80?}"));
    (code, farewell(&said))
}

/// The farewell among these frames with their lengths.
fn farewell(mut said: &[u8]) -> Option<Farewell> {
    while let Some((length, rest)) = said.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).expect("a short frame");
        let (frame, rest) = rest.split_at(length);
        if let Some(Frame::Goodbye(goodbye)) = Frame::decode(frame).expect("a frame") {
            return Some(goodbye.why);
        }
        said = rest;
    }
    None
}

#[test]
fn hostile_frames_under_a_nodes_own_key_end_its_connection_alone_and_with_a_reason() {
    let mut province = Province::with(&[("co-to", CO_TO), ("bai-chay", BAI_CHAY)]);
    let code = province.relay.invite(CO_TO);
    let invitation = Invitation::parse(&code).expect("an invitation");
    province.nodes[0].stop();
    let key = keyfile::read(&province.nodes[0].data.join("transport.key")).expect("a key");
    let hello = Frame::Hello(Hello {
        minor_max: MINOR_MIN,
        ..Hello::bare(invitation.realm(), Incarnation([9; 16]))
    })
    .encode();
    let beat = Frame::Ping(Beat { count: 1 }).encode();
    let mut endless = control(std::slice::from_ref(&hello));
    endless.extend(u32::MAX.to_be_bytes());
    let (length, no_frame) =
        ((CloseCode::FrameLength, None), (CloseCode::Done, Some(Farewell::Protocol)));
    let hostile = [
        ([control(&[]), u32::MAX.to_be_bytes().to_vec()].concat(), length),
        (endless, length),
        (control(&[hello[..hello.len() - 1].to_vec()]), no_frame),
        (control(&[hello.clone(), beat[..beat.len() - 1].to_vec()]), no_frame),
        (control(&[hello.clone(), vec![OPTIONAL_FROM - 1, 0xA0]]), no_frame),
        (control(&[hello.clone(), vec![40, 1, 0, 127, 0]]), no_frame),
        (control(&[hello, Vec::new()]), no_frame),
    ];
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for (bytes, reason) in hostile {
        let ended = ended_for(&province.relay, invitation.relay, &key, &bytes);
        assert_eq!(runtime.block_on(ended), reason, "after {bytes:.80?}");
        assert_eq!(Client::new(province.relay.http).get("/readyz").status, 200);
        assert!(province.relay.program().runs());
    }
    let mut other = Desk::of(&province.nodes[1]);
    province.nodes[1].await_link(&other.session, "up", Duration::from_secs(60));
    other.receive(&with(&[("/competent_unit", json!(BAI_CHAY))]), "served");
    wait::until("the others are served", Duration::from_secs(60), || {
        (province.nodes[1].sync(&other.session)["pending_entries"] == 0).then_some(())
    });
    province.nodes[0].start();
    let session = province.nodes[0].clerk();
    province.nodes[0].await_link(&session, "up", Duration::from_secs(120));
}

/// One line that says what to do, and the exit status of its kind.
fn assert_refused(ended: &Ended, code: i32) {
    assert_eq!(ended.code(), Some(code), "{ended:?}");
    assert!(!ended.err.trim().is_empty(), "no word of what to do: {ended:?}");
    assert!(!ended.err.contains("panicked"), "{ended:?}");
    if code == 1 {
        assert_eq!(ended.err.trim().lines().count(), 1, "{ended:?}");
    }
}

#[test]
fn wrong_usage_is_answered_with_status_2_and_a_failure_with_status_1_and_one_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let nowhere = directory.path().join("nowhere").to_string_lossy().into_owned();
    let usages: [(&str, &[&str]); 8] = [
        (RELAY, &[]),
        (RELAY, &["no-such-command"]),
        (RELAY, &["invite", "--data", &nowhere]),
        (RELAY, &["run", "--data", &nowhere, "--listen-http", "not-an-address"]),
        (NODE, &[]),
        (NODE, &["join"]),
        (NODE, &["link", "maybe", "--data", &nowhere]),
        (NODE, &["run", "--data", &nowhere, "--unknown"]),
    ];
    for (name, args) in usages {
        assert_refused(&program::run(name, args, ""), 2);
    }
    let failures: [(&str, &[&str]); 9] = [
        (RELAY, &["run", "--data", &nowhere]),
        (RELAY, &["nodes", "--data", &nowhere]),
        (RELAY, &["invite", "--data", &nowhere, "--unit", "07192"]),
        (RELAY, &["restore", &nowhere, "--data", &nowhere]),
        (NODE, &["restore", &nowhere, "--data", &nowhere]),
        (NODE, &["run", "--data", &nowhere]),
        (NODE, &["status", "--data", &nowhere]),
        (
            NODE,
            &[
                "join",
                "not-a-code",
                "--data",
                &nowhere,
                "--admin-user",
                "a",
                "--admin-password-stdin",
            ],
        ),
        (NODE, &["backup", &nowhere, "--data", &nowhere]),
    ];
    for (name, args) in failures {
        assert_refused(&program::run(name, args, "mot mat khau dai\n"), 1);
    }
    assert!(!directory.path().join("nowhere").exists(), "a refused command left something behind");
}

#[test]
fn files_that_are_not_what_they_should_be_are_refused_and_left_alone() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let mut desk = Desk::of(&province.nodes[0]);
    let dossier = desk.receive(&good(), "good");
    let directory = province.directory().to_owned();
    let junk = directory.join("junk.backup");
    fs::write(&junk, b"this is no backup").expect("a file");
    let junk = junk.to_string_lossy().into_owned();
    let existing = directory.join("existing.backup");
    fs::write(&existing, b"precious").expect("a file");
    let node = &mut province.nodes[0];
    assert_refused(&node.command(&["backup", &existing.to_string_lossy()], ""), 1);
    assert_eq!(fs::read(&existing).expect("a file"), b"precious", "a backup overwrote a file");
    assert_refused(&node.command(&["restore", &junk], ""), 1);
    node.stop();
    assert_refused(&node.command(&["restore", &junk], ""), 1);
    let config = directory.join("node.toml");
    fs::write(&config, "listen_htp = \"127.0.0.1:1\"\n").expect("a file");
    let data = node.data.to_string_lossy().into_owned();
    let config = config.to_string_lossy().into_owned();
    let ended = program::run(NODE, ["run", "--data", &data, "--config", &config], "");
    assert_refused(&ended, 1);
    assert!(ended.err.contains("listen_htp"), "{}", ended.err);
    node.start();
    desk.session = node.clerk();
    assert_eq!(desk.read(id_of(&dossier))["version"], dossier["version"]);
}

#[test]
fn a_second_process_on_a_data_directory_is_refused_and_told_whose_it_is() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let running = [
        (NODE, province.nodes[0].run_args(), province.nodes[0].pid()),
        (RELAY, province.relay.run_args(), province.relay.program().pid()),
    ];
    for (name, same, pid) in running {
        let ended = program::run(name, same, "");
        assert_refused(&ended, 1);
        assert!(ended.err.contains(&pid.to_string()), "{} does not name {pid}", ended.err);
    }
}

#[test]
fn an_invitation_admits_one_node_once() {
    let province = Province::with(&[]);
    let directory = province.directory();
    let code = province.relay.invite(BAI_CHAY);
    let join = |name: &str| {
        let data = directory.join(name).to_string_lossy().into_owned();
        let args = [
            "join",
            &code,
            "--data",
            &data,
            "--admin-user",
            ADMINISTRATOR,
            "--admin-password-stdin",
            "--json",
        ];
        program::run(NODE, args, &format!("{PASSWORD}\n"))
    };
    let first = join("first");
    assert!(first.status.success(), "{first:?}");
    assert_refused(&join("second"), 1);
}

#[test]
fn a_taken_port_is_named_with_what_the_system_says() {
    let province = Province::with(&[("co-to", CO_TO)]);
    let directory = province.directory().join("other");
    let other = Relay::found(&directory);
    let (taken, pages) = (province.relay.quic.to_string(), province.relay.http.to_string());
    for (quic, http, named) in
        [(&taken, "127.0.0.1:0", &taken), (&"127.0.0.1:0".into(), &pages, &pages)]
    {
        let data = other.data.to_string_lossy();
        let args = ["run", "--data", &data, "--listen-quic", quic, "--listen-http", http];
        let ended = program::run(RELAY, args, "");
        assert_refused(&ended, 1);
        assert!(ended.err.contains(named.as_str()), "{}", ended.err);
        assert!(ended.err.contains("in use"), "no word of why: {}", ended.err);
    }
}

#[test]
fn a_program_that_commands_could_not_reach_ends_and_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let deep = directory.path().join("x".repeat(120));
    let relay = Relay::found(&deep);
    let ended = program::run(RELAY, relay.run_args(), "");
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    let last = ended.err.lines().last().unwrap_or_default();
    assert!(last.contains("control socket"), "{}", ended.err);
}

#[test]
fn clean_shutdown_takes_less_than_five_seconds() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let node: &mut Node = &mut province.nodes[0];
    let took = [node.stop(), province.relay.stop()];
    assert!(took.iter().all(|took| *took < Duration::from_secs(5)), "{took:?}");
}
