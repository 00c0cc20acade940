//! A relay as an operator sets it up: the real program and only its commands.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use super::{
    http::{Answer, Client},
    ports,
    program::{self, Ended, Program},
    proxy::Proxy,
    wait,
};
use crate::powercut::recorder::Recorder;

/// The program's name.
pub const RELAY: &str = "hoso-relay";
/// The first registrar.
pub const OPERATOR: &str = "dieuhanh";
/// The first registrar's password.
pub const OPERATOR_PASSWORD: &str = "mat khau dieu hanh 1";
/// The passphrase of both roots.
const ROOT_PASSPHRASE: &str = "cau mat khau goc cua tinh";
/// How long a program may take from its start until it is ready.
pub const READY_DEADLINE: Duration = Duration::from_secs(60);

/// A relay: its data, its addresses and, while it runs, its process.
#[derive(Debug)]
pub struct Relay {
    /// Its data directory.
    pub data: PathBuf,
    /// Its pages and interface.
    pub http: SocketAddr,
    /// Where it listens for nodes.
    pub quic: SocketAddr,
    /// The line before it.
    pub line: Proxy,
    /// What writes down what the next start does to its files.
    pub recorder: Option<Recorder>,
    program: Option<Program>,
}

/// The project's own catalogue of units, procedures and working days.
///
/// # Panics
///
/// Never in a checkout.
#[must_use]
pub fn catalogue(file: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests stand in the project").join("deploy/data").join(file)
}

impl Relay {
    /// Founds a trial province with the 54 units, 74 procedures and the calendar.
    ///
    /// # Panics
    ///
    /// When a command fails.
    #[must_use]
    pub fn found(directory: &Path) -> Self {
        Self::found_as(directory, "trial")
    }

    /// The same, of a realm of that kind.
    ///
    /// # Panics
    ///
    /// When a command fails.
    #[must_use]
    pub fn found_as(directory: &Path, realm: &str) -> Self {
        let quic = ports::free();
        let relay = Self {
            data: directory.join("relay"),
            http: ports::free(),
            quic,
            line: Proxy::before(quic),
            recorder: None,
            program: None,
        };
        fs::create_dir_all(directory).expect("a directory for a test");
        let (passphrase, password) = (directory.join("root.txt"), directory.join("operator.txt"));
        fs::write(&passphrase, format!("{ROOT_PASSPHRASE}\n")).expect("a file in a test");
        fs::write(&password, format!("{OPERATOR_PASSWORD}\n")).expect("a file in a test");
        let (units, procedures) = (catalogue("units.csv"), catalogue("procedures.csv"));
        let (calendar, sealed) = (catalogue("holidays.toml"), directory.join("sealed.root"));
        let founded = relay.command(&[
            "init".as_ref(),
            "--realm".as_ref(),
            realm.as_ref(),
            "--province-name".as_ref(),
            "Quảng Ninh".as_ref(),
            "--units".as_ref(),
            units.as_path(),
            "--procedures".as_ref(),
            procedures.as_path(),
            "--calendar".as_ref(),
            calendar.as_path(),
            "--root-passphrase-file".as_ref(),
            passphrase.as_path(),
            "--sealed-root".as_ref(),
            sealed.as_path(),
            "--operator".as_ref(),
            OPERATOR.as_ref(),
            "--operator-password-file".as_ref(),
            password.as_path(),
        ]);
        assert!(founded.status.success(), "{founded:?}");
        relay
    }

    /// Runs one of its commands with `--data` and `--json` added.
    pub fn command(&self, args: &[&Path]) -> Ended {
        let more = [Path::new("--data"), &self.data, Path::new("--json")];
        program::run_recorded(RELAY, args.iter().chain(&more), "", self.recorder.as_ref())
    }

    /// The arguments with which it runs, with the settings beside its data directory if there are
    /// any.
    #[must_use]
    pub fn run_args(&self) -> Vec<String> {
        let data = self.data.to_string_lossy();
        let (quic, http) = (self.quic.to_string(), self.http.to_string());
        let line = self.line.address().to_string();
        let args = ["run", "--data", &data, "--listen-quic", &quic, "--advertise", &line];
        let mut args: Vec<String> =
            args.into_iter().chain(["--listen-http", &http]).map(str::to_owned).collect();
        let config = self.data.with_extension("toml");
        if config.exists() {
            args.extend(["--config".to_owned(), config.to_string_lossy().into_owned()]);
        }
        args
    }

    /// Starts it and waits until it can save; what it costs is returned.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    pub fn start(&mut self) {
        let log = self.data.with_extension("log");
        let mut program = Program::start(RELAY, self.run_args(), &log, self.recorder.as_ref());
        let client = Client::new(self.http);
        wait::until("the relay is ready", READY_DEADLINE, || {
            assert!(program.runs(), "the relay ended: {}", program.log_tail());
            client.try_get("/readyz").ok().filter(|answer| answer.status == 200)
        });
        self.program = Some(program);
    }

    /// The running process.
    ///
    /// # Panics
    ///
    /// When it was stopped.
    pub fn program(&mut self) -> &mut Program {
        self.program.as_mut().expect("the relay runs")
    }

    /// The id of the running process.
    ///
    /// # Panics
    ///
    /// When it was stopped.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.program.as_ref().expect("the relay runs").pid()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.program().kill();
        self.program = None;
    }

    /// Stops it as a service manager would.
    pub fn stop(&mut self) -> Duration {
        let took = self.program().terminate();
        self.program = None;
        took
    }

    /// An invitation to a node of the unit, approved by the registrar `auto`.
    ///
    /// # Panics
    ///
    /// When the command fails.
    #[must_use]
    pub fn invite(&self, unit: &str) -> String {
        let args = ["invite", "--unit", unit, "--auto-approve"].map(Path::new);
        let invitation = self.command(&args).json();
        let code = invitation["code"].as_str();
        code.unwrap_or_else(|| panic!("no code in {invitation}")).to_owned()
    }

    /// Writes a backup of the running relay.
    ///
    /// # Panics
    ///
    /// When the command fails.
    pub fn back_up(&self, file: &Path) {
        let _said: Value = self.command(&[Path::new("backup"), file]).json();
    }

    /// Puts a backup in the place of the database of the resting relay.
    ///
    /// # Panics
    ///
    /// When the command fails.
    pub fn restore(&self, file: &Path) {
        let _said: Value = self.command(&[Path::new("restore"), file]).json();
    }

    /// Names an operator, as the root does.
    #[must_use]
    pub fn name_operator(&self, name: &str, password: &str) -> Ended {
        let data = self.data.to_string_lossy();
        let args = ["user", "add", name, "--roles", "operator", "--as", "root", "--data", &data];
        program::run(RELAY, args, &format!("{ROOT_PASSPHRASE}\n{password}\n"))
    }

    /// A session of the first registrar.
    ///
    /// # Panics
    ///
    /// When the log-in is refused.
    #[must_use]
    pub fn operator(&self) -> Client {
        Client::new(self.http)
            .log_in(OPERATOR, OPERATOR_PASSWORD)
            .unwrap_or_else(|answer: Answer| panic!("log-in: {} {}", answer.status, answer.body))
    }
}
