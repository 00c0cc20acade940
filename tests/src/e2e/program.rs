//! The real programs as child processes: found, started, asked, stopped and killed.

use std::{
    env, fs,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::wait;
use crate::powercut::recorder::Recorder;

/// How long a command may take before the test gives up on it.
const COMMAND_DEADLINE: Duration = Duration::from_secs(60);
/// How long a clean shutdown may take; the design says 5 s on an idle machine.
pub const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(15);

/// Where the built program is: `HOSO_BIN_DIR`, or beside this test's own build.
///
/// # Panics
///
/// When it was not built.
#[must_use]
pub fn path_of(name: &str) -> PathBuf {
    let beside = || {
        let test = env::current_exe().expect("a test has a path");
        let mut above = test.ancestors().skip(1);
        above.find(|place| place.join(name).is_file()).unwrap_or(&test).to_owned()
    };
    let directory = env::var_os("HOSO_BIN_DIR").map_or_else(beside, PathBuf::from);
    let path = directory.join(name);
    assert!(path.is_file(), "{} is missing: cargo build --workspace --bins", path.display());
    path
}

/// What a command ended with.
#[derive(Debug)]
pub struct Ended {
    /// Its status; 0 done, 1 failed, 2 wrong usage.
    pub status: ExitStatus,
    /// What it printed.
    pub out: String,
    /// What it said went wrong.
    pub err: String,
}

impl Ended {
    /// The JSON object that `--json` prints.
    ///
    /// # Panics
    ///
    /// When the command failed or printed something else.
    #[must_use]
    pub fn json(&self) -> Value {
        assert!(self.status.success(), "{self:?}");
        let last = self.out.lines().rev().find(|line| line.starts_with('{'));
        serde_json::from_str(last.unwrap_or(&self.out)).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The exit status as a number.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

/// Runs a command of one of the programs to its end, with what it reads from standard input.
///
/// # Panics
///
/// When it cannot be started or does not end.
pub fn run<Arg: AsRef<std::ffi::OsStr>>(
    name: &str,
    args: impl IntoIterator<Item = Arg>,
    stdin: &str,
) -> Ended {
    run_recorded(name, args, stdin, None)
}

/// The same with a recorder before its files.
///
/// # Panics
///
/// As [`run`].
pub fn run_recorded<Arg: AsRef<std::ffi::OsStr>>(
    name: &str,
    args: impl IntoIterator<Item = Arg>,
    stdin: &str,
    recorder: Option<&Recorder>,
) -> Ended {
    let [mut out, mut err] = [0; 2].map(|_| tempfile::tempfile().expect("a file for output"));
    let writer = |file: &File| file.try_clone().expect("an output has two holders");
    let mut child = Command::new(path_of(name))
        .args(args)
        .envs(recorder.into_iter().flat_map(Recorder::environment))
        .stdin(Stdio::piped())
        .stdout(writer(&out))
        .stderr(writer(&err))
        .spawn()
        .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
    // A command that does not read its input may have ended already.
    drop(child.stdin.take().map(|mut pipe| pipe.write_all(stdin.as_bytes())));
    let mut running = Running(child);
    let status = wait::until(&format!("{name} ends"), COMMAND_DEADLINE, || {
        running.0.try_wait().expect("a child can be asked")
    });
    Ended { status, out: text_of(&mut out), err: text_of(&mut err) }
}

/// A command that is killed with the test that gave up on it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already when all went well.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).expect("a file has a beginning");
    file.read_to_end(&mut bytes).expect("a file can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How much of a running process is in memory.
///
/// # Panics
///
/// When it does not run.
#[must_use]
pub fn resident_kib(pid: u32) -> u64 {
    status_kib(pid, "VmRSS:")
}

/// The most of a running process that ever was in memory.
///
/// # Panics
///
/// When it does not run.
#[must_use]
pub fn peak_resident_kib(pid: u32) -> u64 {
    status_kib(pid, "VmHWM:")
}

fn status_kib(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// A program that runs until it is stopped; killed when dropped. Its output goes to a file.
#[derive(Debug)]
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it, with a recorder before its files if one is given; further output is added to the
    /// log.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn start<Arg: AsRef<std::ffi::OsStr>>(
        name: &str,
        args: impl IntoIterator<Item = Arg>,
        log: &Path,
        recorder: Option<&Recorder>,
    ) -> Self {
        let out = File::options().create(true).append(true).open(log).expect("a log can be opened");
        let err = out.try_clone().expect("a log has two writers");
        let child = Command::new(path_of(name))
            .args(args)
            .envs(recorder.into_iter().flat_map(Recorder::environment))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        Self { child, log: log.to_owned() }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// The last lines that it wrote.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// When the system refuses.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// Asks it to stop as a service manager would, and says how long that took.
    ///
    /// # Panics
    ///
    /// When it does not stop or ends with a failure.
    pub fn terminate(&mut self) -> Duration {
        let began = Instant::now();
        self.signal("TERM");
        let status = wait::until("the program stops", SHUTDOWN_DEADLINE, || {
            self.child.try_wait().expect("a child can be asked")
        });
        assert!(status.success(), "stopped with {status}: {}", self.log_tail());
        began.elapsed()
    }

    /// Holds the process still, as a suspended machine would be.
    pub fn suspend(&self) {
        self.signal("STOP");
    }

    /// Lets a suspended process go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let line = format!("kill -{signal} {}", self.pid());
        let sent = Command::new("sh").args(["-c", &line]).status().expect("a shell");
        assert!(sent.success(), "{line}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.runs() {
            self.kill();
        }
    }
}
