//! The peers as this program sees them: processes that are told what to do, each case timed and
//! counted.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

use hoso_tests::e2e::program;

/// How long one case may take.
pub(crate) const CASE_DEADLINE: Duration = Duration::from_secs(300);

/// What is measured beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    /// The naive floor.
    Rsync,
    /// Set reconciliation over raw changes.
    Negentropy,
    /// Automerge documents by samod.
    Samod,
    /// Changes as documents of PouchDB.
    Pouch,
}

impl Peer {
    /// All of them, the slowest last.
    pub(crate) const ALL: [Self; 4] = [Self::Negentropy, Self::Rsync, Self::Pouch, Self::Samod];

    /// What the table calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rsync => "rsync",
            Self::Negentropy => "negentropy",
            Self::Samod => "samod",
            Self::Pouch => "PouchDB",
        }
    }

    fn command(self) -> Command {
        let Self::Pouch = self else {
            let mut command = Command::new(std::env::current_exe().expect("a program has a path"));
            command.args(["end", self.name()]);
            return command;
        };
        let mut command = Command::new("node");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("pouch/end.mjs"));
        command
    }
}

/// A case that was given up, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GivenUp(pub(crate) String);

/// How long a peer and its case may still take.
#[derive(Debug)]
pub(crate) struct Clock {
    /// When the time of all its cases is over.
    end: Instant,
    case_begun: Mutex<Instant>,
}

impl Clock {
    /// So much time for all cases together.
    pub(crate) fn of(time: Duration) -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self { end: now + time, case_begun: Mutex::new(now) })
    }

    /// A case begins, unless the time of all is over.
    pub(crate) fn begin(&self) -> Result<(), GivenUp> {
        let now = Instant::now();
        *self.case_begun() = now;
        if now < self.end {
            Ok(())
        } else {
            Err(GivenUp("not begun: its time was over".to_owned()))
        }
    }

    fn case_begun(&self) -> MutexGuard<'_, Instant> {
        self.case_begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is left for the case.
    fn left(&self) -> Duration {
        let end = (*self.case_begun() + CASE_DEADLINE).min(self.end);
        end.saturating_duration_since(Instant::now())
    }

    fn stopped(&self) -> GivenUp {
        let taken = self.case_begun().elapsed();
        let over = if taken < CASE_DEADLINE { ", when its time was over" } else { "" };
        GivenUp(format!("stopped after {} s{over}", taken.as_secs()))
    }
}

/// A running end of a peer; killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<String>,
    data: PathBuf,
    clock: Arc<Clock>,
}

impl Running {
    /// Starts an end over its data.
    pub(crate) fn start(
        peer: Peer,
        corpus: &Path,
        data: &Path,
        clock: &Arc<Clock>,
    ) -> Result<Self, GivenUp> {
        fs::create_dir_all(data).expect("a directory for an end");
        let log = fs::File::create(data.with_extension("log")).expect("a log");
        let mut child = peer
            .command()
            .args([corpus, data])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", peer.name()));
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("it was asked for"));
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let clock = Arc::clone(clock);
        let running = Self { child, stdin, answers, data: data.to_owned(), clock };
        running.answer("start").map(|_| running)
    }

    /// Tells it something and gives its answer.
    pub(crate) fn tell(&mut self, what: &str) -> Result<String, GivenUp> {
        // Where it has ended, the missing answer says so.
        drop(self.stdin.as_mut().map(|stdin| writeln!(stdin, "{what}")));
        self.answer(what)
    }

    /// Listens, and gives the port.
    pub(crate) fn listen(&mut self) -> Result<u16, GivenUp> {
        Ok(self.tell("listen")?.parse().expect("a port"))
    }

    fn answer(&self, what: &str) -> Result<String, GivenUp> {
        self.answers.recv_timeout(self.clock.left()).map_err(|error| match error {
            mpsc::RecvTimeoutError::Timeout => self.clock.stopped(),
            mpsc::RecvTimeoutError::Disconnected => {
                let log = fs::read_to_string(self.data.with_extension("log")).unwrap_or_default();
                eprintln!("{what}: {log}");
                GivenUp("ended by itself".to_owned())
            }
        })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its own data.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// Lets it end by itself.
    pub(crate) fn stop(&mut self) {
        drop(self.stdin.take());
        self.child.wait().expect("it ends with its input");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already when all went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a process used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// Time of processors, its ended children's with it.
    pub(crate) cpu: Duration,
    /// The most that was in memory, KiB.
    pub(crate) peak_kib: u64,
}

impl Used {
    /// Asks the system.
    pub(crate) fn by(pid: u32) -> Self {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let fields = after_name.split_whitespace().skip(11).take(4);
        let ticks: u64 = fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Self { cpu: Duration::from_millis(ticks * 10), peak_kib: program::peak_resident_kib(pid) }
    }
}

/// One measured run of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// From the connection until all is there.
    pub(crate) took: Duration,
    /// Bytes of both directions that the line counted.
    pub(crate) bytes: u64,
    /// Bytes of that direction that had more.
    pub(crate) one_way: u64,
    /// Bytes of the handshake among them; none without encryption.
    pub(crate) handshake: u64,
    /// Bytes of the frames alone; of peers without encryption the same.
    pub(crate) application: u64,
    /// Time of processors of both ends.
    pub(crate) cpu: Duration,
    /// The most memory of the client, KiB.
    pub(crate) client_kib: u64,
}

/// Measures what happens between two processes over a counted line.
pub(crate) fn measured<E>(
    (client, server): (u32, u32),
    carried: impl Fn() -> (u64, u64),
    act: impl FnOnce() -> Result<(), E>,
) -> Result<Run, E> {
    let before = (carried(), Used::by(client).cpu + Used::by(server).cpu);
    let begun = Instant::now();
    act()?;
    let took = begun.elapsed();
    let used = Used::by(client);
    let (up, down) = carried();
    let (up, down) = (up - before.0.0, down - before.0.1);
    let bytes = up + down;
    Ok(Run {
        took,
        bytes,
        one_way: up.max(down),
        handshake: 0,
        application: bytes,
        cpu: (used.cpu + Used::by(server).cpu).saturating_sub(before.1),
        client_kib: used.peak_kib,
    })
}
