//! A node as a commune office sets it up: the real program and only its commands.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use super::{
    http::{Answer, Client},
    ports,
    program::{self, Ended, Program},
    relay::{READY_DEADLINE, Relay},
    wait,
};
use crate::powercut::recorder::Recorder;

/// The program's name.
pub const NODE: &str = "hoso-node";
/// The first administrator of every node.
pub const ADMINISTRATOR: &str = "quantri";
/// The clerk who holds every dossier role.
pub const CLERK: &str = "canbo";
/// One password for all: these people exist in tests only.
pub const PASSWORD: &str = "mat khau thu nghiem 1";
/// Every role that acts in dossiers.
pub const DOSSIER_ROLES: &str = "reception,processing,approval,clerk,cashier,return";

/// A node: its data, its address and, while it runs, its process.
#[derive(Debug)]
pub struct Node {
    /// What the test calls it.
    pub name: String,
    /// The code of its unit.
    pub unit: String,
    /// Its data directory.
    pub data: PathBuf,
    /// Its pages and interface.
    pub http: SocketAddr,
    /// What writes down what the next start does to its files.
    pub recorder: Option<Recorder>,
    program: Option<Program>,
}

impl Node {
    /// Joins the relay's province with an invitation, starts, and gives the clerk a log-in.
    ///
    /// # Panics
    ///
    /// When a command fails.
    #[must_use]
    pub fn join(directory: &Path, name: &str, unit: &str, relay: &Relay) -> Self {
        let mut node = Self {
            name: name.to_owned(),
            unit: unit.to_owned(),
            data: directory.join(name),
            http: ports::free(),
            recorder: None,
            program: None,
        };
        let code = relay.invite(unit);
        let joined = node.command(
            &["join", &code, "--admin-user", ADMINISTRATOR, "--admin-password-stdin"],
            &format!("{PASSWORD}\n"),
        );
        assert!(joined.status.success(), "{joined:?}");
        node.start();
        let administrator = wait::until("the approval has arrived", READY_DEADLINE, || {
            Client::new(node.http).log_in(ADMINISTRATOR, PASSWORD).ok()
        });
        drop(administrator);
        let added = node.command(
            &["user", "add", CLERK, "--roles", DOSSIER_ROLES, "--admin", ADMINISTRATOR],
            &format!("{PASSWORD}\n{PASSWORD}\n"),
        );
        assert!(added.status.success(), "{added:?}");
        node
    }

    /// Runs one of its commands with `--data` and `--json` added.
    pub fn command(&self, args: &[&str], stdin: &str) -> Ended {
        let data = self.data.to_string_lossy().into_owned();
        let args = args.iter().copied().chain(["--data", &data, "--json"]);
        program::run_recorded(NODE, args, stdin, self.recorder.as_ref())
    }

    /// The arguments with which it runs; settings stand beside its data.
    #[must_use]
    pub fn run_args(&self) -> Vec<String> {
        let (data, http) = (self.data.to_string_lossy(), self.http.to_string());
        let mut args = ["run", "--data", &data, "--listen-http", &http].map(str::to_owned).to_vec();
        let config = self.data.with_extension("toml");
        if config.exists() {
            args.extend(["--config".to_owned(), config.to_string_lossy().into_owned()]);
        }
        args
    }

    /// Starts it and waits until it can save.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    pub fn start(&mut self) {
        let log = self.data.with_extension("log");
        let mut program = Program::start(NODE, self.run_args(), &log, self.recorder.as_ref());
        let client = Client::new(self.http);
        wait::until(&format!("{} is ready", self.name), READY_DEADLINE, || {
            assert!(program.runs(), "{} ended: {}", self.name, program.log_tail());
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
        self.program.as_mut().expect("the node runs")
    }

    /// The id of the running process.
    ///
    /// # Panics
    ///
    /// When it was stopped.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.program.as_ref().expect("the node runs").pid()
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

    /// Turns its link on or off, as the command does.
    ///
    /// # Panics
    ///
    /// When the command fails.
    pub fn link(&self, state: &str) {
        let said = self.command(&["link", state], "");
        assert!(said.status.success(), "{said:?}");
    }

    /// A session of the clerk.
    ///
    /// # Panics
    ///
    /// When the log-in is refused.
    #[must_use]
    pub fn clerk(&self) -> Client {
        self.session(CLERK)
    }

    /// A session of the administrator.
    ///
    /// # Panics
    ///
    /// When the log-in is refused.
    #[must_use]
    pub fn administrator(&self) -> Client {
        self.session(ADMINISTRATOR)
    }

    fn session(&self, user: &str) -> Client {
        Client::new(self.http).log_in(user, PASSWORD).unwrap_or_else(|answer: Answer| {
            panic!("log-in of {user} at {}: {} {}", self.name, answer.status, answer.body)
        })
    }

    /// What it says of its link.
    #[must_use]
    pub fn sync(&self, session: &Client) -> Value {
        session.get("/api/v1/sync").done()
    }

    /// Waits until its link is `up`, `down` or `off`, and says how long that took.
    pub fn await_link(&self, session: &Client, state: &str, deadline: Duration) -> Duration {
        let began = std::time::Instant::now();
        wait::until(&format!("the link of {} is {state}", self.name), deadline, || {
            (self.sync(session)["link"] == state).then_some(())
        });
        began.elapsed()
    }
}
