//! A training realm as whoever practises starts it: by the command, beside other programs.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use hoso_tests::e2e::{
    desk::{procedures, reception},
    http::Client,
    node::{CLERK, NODE, PASSWORD},
    ports,
    program::{self, Program},
    province::{CO_TO, Province},
    relay::{OPERATOR, OPERATOR_PASSWORD, READY_DEADLINE},
    wait,
};
use tempfile::TempDir;
use ureq::Agent;

const TRAINEE: &str = "hocvien1";
const TRAINING_PASSWORD: &str = "tap-huan";
/// Dossiers with which a training realm begins.
const BEGUN_WITH: usize = 12;

/// A training realm of a directory, running.
struct Training {
    data: PathBuf,
    http: SocketAddr,
    program: Program,
}

impl Training {
    fn start(data: &Path, further: &[&str]) -> Self {
        let (place, http) = (data.to_string_lossy().into_owned(), ports::free());
        let address = http.to_string();
        let args = ["practise", "--data", &place, "--listen-http", &address];
        let args = args.iter().chain(further).map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
        let mut program = Program::start(NODE, args, &data.with_extension("log"), None);
        wait::until("the training realm is ready", READY_DEADLINE, || {
            assert!(program.runs(), "it ended: {}", program.log_tail());
            Client::new(http).try_get("/readyz").ok().filter(|answer| answer.status == 200)
        });
        Self { data: data.to_owned(), http, program }
    }

    fn trainee(&self) -> Client {
        Client::new(self.http).log_in(TRAINEE, TRAINING_PASSWORD).expect("a trainee")
    }
}

fn dossiers(session: &Client) -> usize {
    let listed = session.get("/api/v1/dossiers?limit=200").done();
    listed["items"].as_array().expect("a list").len()
}

/// A browser: it keeps cookies by the host's name, whatever the port.
struct Browser {
    agent: Agent,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self { agent: config.into(), cookies: BTreeMap::new() }
    }

    fn line(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Logs in by the page's form.
    fn log_in(&mut self, http: SocketAddr, user: &str, password: &str) {
        let form = [("username", user), ("password", password)];
        let request = self.agent.post(format!("http://{http}/log-in"));
        let answer = request.header("cookie", self.line()).send_form(form).expect("an answer");
        assert_eq!(answer.status(), 303, "{user}");
        let said = answer.headers().get("set-cookie").expect("a cookie").to_str().expect("text");
        let (name, value) = said.split_once('=').expect("a name");
        let value = value.split(';').next().expect("a value");
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    fn get(&self, http: SocketAddr, path: &str) -> u16 {
        let request = self.agent.get(format!("http://{http}{path}"));
        request.header("cookie", self.line()).call().expect("an answer").status().as_u16()
    }

    fn log_out(&self, http: SocketAddr) {
        let request = self.agent.delete(format!("http://{http}/api/v1/sessions/current"));
        let answer = request.header("cookie", self.line()).call().expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

#[test]
fn sessions_of_a_relay_a_node_and_a_training_realm_on_one_host_live_side_by_side() {
    let province = Province::with(&[("co-to", CO_TO)]);
    let kept = TempDir::new().expect("a directory");
    let training = Training::start(&kept.path().join("training"), &[]);
    let (relay, node) = (province.relay.http, province.nodes[0].http);
    let mut browser = Browser::new();
    browser.log_in(node, CLERK, PASSWORD);
    browser.log_in(training.http, TRAINEE, TRAINING_PASSWORD);
    browser.log_in(relay, OPERATOR, OPERATOR_PASSWORD);
    assert_eq!(browser.cookies.len(), 3, "{:?}", browser.cookies.keys());
    let seen = |browser: &Browser| {
        let sync = "/api/v1/sync";
        [(node, sync), (training.http, sync), (relay, "/api/v1/nodes")]
            .map(|(http, path)| browser.get(http, path))
    };
    assert_eq!(seen(&browser), [200, 200, 200]);
    browser.log_out(training.http);
    assert_eq!(seen(&browser), [200, 401, 200], "the other two go on");
}

#[test]
fn to_begin_again_by_the_command_throws_away_what_was_practised_and_nothing_else() {
    let kept = TempDir::new().expect("a directory");
    let beside = kept.path().join("beside.txt");
    fs::write(&beside, "of somebody else").expect("a file");
    let data = kept.path().join("training");
    let mut training = Training::start(&data, &[]);
    let own = procedures().into_iter().find(|one| one.competent == "unit").expect("a procedure");
    let session = training.trainee();
    let body = reception(1, &own, CO_TO);
    let received = session.try_post_once("/api/v1/dossiers", &body, "one").expect("an answer");
    assert_eq!(received.status, 201, "{}", received.body);
    assert_eq!(dossiers(&session), BEGUN_WITH + 1);
    let place = training.data.to_string_lossy().into_owned();
    let in_use = program::run(NODE, ["practise", "--reset", "--data", &place], "");
    assert_eq!(in_use.code(), Some(1), "{in_use:?}");
    assert!(in_use.err.contains(&training.program.pid().to_string()), "{in_use:?}");
    training.program.terminate();
    // Without the flag it goes on where it was.
    let mut again = Training::start(&data, &[]);
    assert_eq!(dossiers(&again.trainee()), BEGUN_WITH + 1);
    again.program.terminate();
    let anew = Training::start(&data, &["--reset"]);
    assert_eq!(dossiers(&anew.trainee()), BEGUN_WITH);
    let here = fs::read_dir(kept.path()).expect("a directory");
    let mut here: Vec<_> = here.map(|entry| entry.expect("an entry").file_name()).collect();
    here.sort();
    assert_eq!(here, ["beside.txt", "training", "training.log"]);
    assert_eq!(fs::read_to_string(&beside).expect("a file"), "of somebody else");
}

#[test]
fn the_directory_of_a_real_node_is_refused_in_both_languages_and_its_node_goes_on() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let node = &mut province.nodes[0];
    let place = node.data.to_string_lossy().into_owned();
    node.stop();
    for further in [&[][..], &["--reset"]] {
        let args = ["practise", "--data", &place].into_iter().chain(further.iter().copied());
        let refused = program::run(NODE, args, "");
        assert_eq!(refused.code(), Some(1), "{refused:?}");
        for said in ["không phải thư mục tập huấn", "is not a training realm's directory"]
        {
            assert!(refused.err.contains(said), "no {said:?} in {refused:?}");
        }
        assert_eq!(refused.err.trim_end().lines().count(), 1, "{refused:?}");
    }
    node.start();
    assert_eq!(dossiers(&node.clerk()), 0);
}
