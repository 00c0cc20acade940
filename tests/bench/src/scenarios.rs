//! The scenarios, as every peer goes through them: one server, some clients one after the other,
//! the same corpus, a counted line between them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use hoso_tests::e2e::wait;

use crate::{
    line::{Line, Manner},
    making::{CLASHES, NEW, OFFICES},
    peers::{CASE_DEADLINE, Clock, GivenUp, Peer, Run, Running, measured},
};

/// Bytes of a second on a slow line: 2 Mbit/s.
pub(crate) const SLOW: u64 = 250_000;
/// Bytes after which a scan is on its way.
pub(crate) const BEGUN: u64 = 1_000_000;
/// How long a bad line works, and how long it is then dead.
pub(crate) const CUT: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(2));
/// A case of a peer that took longer is not repeated.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    /// A client that has nothing gets all.
    FirstSync,
    /// Nothing has changed.
    NothingNew,
    /// So many dossiers have changed at the server.
    Changed(usize),
    /// A hundred dossiers have changed at either side, fifty of them at both.
    BothChanged,
    /// The first sync over 2 Mbit/s, cut for two seconds after every twenty.
    Cut,
    /// The server comes back from a backup before the last hundred changes.
    Restored,
    /// A scan of 5 MB on its way down over 2 Mbit/s, and an edit that is made meanwhile.
    Scan,
    /// Both ends are killed after a hundred changes were acknowledged.
    Killed,
    /// All offices come back at once, each with five new dossiers.
    Storm,
}

impl Case {
    /// All that every number of dossiers has, in the order in which they are measured.
    pub(crate) const ALL: [Self; 10] = [
        Self::FirstSync,
        Self::NothingNew,
        Self::Changed(1),
        Self::Changed(100),
        Self::Changed(1_000),
        Self::BothChanged,
        Self::Restored,
        Self::Cut,
        Self::Killed,
        Self::Scan,
    ];

    /// Whether it can be measured with a client that has seen nothing yet, whatever became of the
    /// cases before it.
    fn stands_alone(self) -> bool {
        matches!(self, Self::FirstSync | Self::Cut | Self::Killed | Self::Scan | Self::Storm)
    }

    /// Whether nothing can be measured after it was given up.
    fn bears_all(self) -> bool {
        matches!(self, Self::FirstSync | Self::Restored)
    }

    /// What the table calls it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::FirstSync => "S1 first sync".to_owned(),
            Self::NothingNew => "S2 nothing new".to_owned(),
            Self::Changed(changed) => format!("S3 {changed} changed"),
            Self::BothChanged => "S4 100 changed at each side".to_owned(),
            Self::Cut => "S5 first sync, 2 Mbit/s, cut every 20 s".to_owned(),
            Self::Restored => "S6 server from a backup, 100 lost".to_owned(),
            Self::Scan => "S7 a scan of 5 MB and an edit, 2 Mbit/s".to_owned(),
            Self::Killed => "S8 `kill -9` after 100 acknowledged".to_owned(),
            Self::Storm => format!("S9 {OFFICES} clients at once, {NEW} new dossiers each"),
        }
    }

    /// What it is called where there is little room.
    pub(crate) fn short(self) -> String {
        self.name().split(' ').next().unwrap_or_default().to_owned()
    }
}

/// What became of a case.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It was measured so often.
    Done(Vec<Run>),
    /// The edit was there so long after it was made, and everything in the end.
    Edited(Vec<(Duration, Run)>),
    /// So many acknowledged changes were lost.
    Lost(usize),
    /// It was given up.
    GivenUp(String),
}

/// A line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) case: Case,
    /// Who.
    pub(crate) who: &'static str,
    /// With how many dossiers.
    pub(crate) dossiers: usize,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

/// A peer in the middle of its scenarios.
struct Field<'a> {
    peer: Peer,
    corpus: &'a Path,
    directory: PathBuf,
    clock: Arc<Clock>,
    /// How often a case is measured if it does not take long.
    repeats: usize,
    server: Running,
    clients: Vec<Running>,
    /// How many clients there have been.
    started: usize,
    port: u16,
    line: Line,
    /// What the server holds.
    sets: Vec<String>,
    /// Bytes of the first sync in the direction that had more.
    first_bytes: u64,
}

/// Lets a peer go through all scenarios, each measured so often if it does not take long.
pub(crate) fn of(
    (peer, repeats): (Peer, usize),
    corpus: &Path,
    dossiers: usize,
    clock: &Arc<Clock>,
    directory: &Path,
) -> Vec<Row> {
    let directory = directory.join(format!("{}-{dossiers}", peer.name()));
    let opened = clock.begin().and_then(|()| {
        Field::open((peer, repeats), corpus, &directory, clock)
            .map_err(|GivenUp(reason)| GivenUp(format!("the server by itself {reason}")))
    });
    let outcomes = match opened {
        Ok(mut field) => field.through(),
        Err(GivenUp(reason)) => vec![Outcome::GivenUp(reason); Case::ALL.len()],
    };
    // What it wrote would only fill the disk.
    drop(fs::remove_dir_all(&directory));
    let row = |(case, outcome)| Row { case, who: peer.name(), dossiers, outcome };
    Case::ALL.into_iter().zip(outcomes).map(row).collect()
}

/// Gives up unless an end holds these sets, of which it said that it does.
pub(crate) fn holds(end: &mut Running, sets: &str) -> Result<(), GivenUp> {
    match end.tell(&format!("lacks {sets}"))?.as_str() {
        "0" => Ok(()),
        missing => Err(GivenUp(format!("content while {missing} were missing"))),
    }
}

impl<'a> Field<'a> {
    fn open(
        (peer, repeats): (Peer, usize),
        corpus: &'a Path,
        directory: &Path,
        clock: &Arc<Clock>,
    ) -> Result<Self, GivenUp> {
        fs::create_dir_all(directory).expect("a directory");
        let clock = Arc::clone(clock);
        let mut server = Running::start(peer, corpus, &directory.join("server"), &clock)?;
        server.tell("take base")?;
        let port = server.listen()?;
        let line = Line::to(port, Manner::default());
        let (directory, sets) = (directory.to_owned(), vec!["base".to_owned()]);
        let (clients, started, first_bytes) = (Vec::new(), 0, 0);
        Ok(Self {
            peer,
            corpus,
            directory,
            clock,
            repeats,
            server,
            clients,
            started,
            port,
            line,
            sets,
            first_bytes,
        })
    }

    /// What becomes of each case, one after the other.
    fn through(&mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut given_up: Option<Case> = None;
        for case in Case::ALL {
            let lacking = given_up.filter(|past| past.bears_all() || !case.stands_alone());
            outcomes.push(match lacking {
                Some(past) => Outcome::GivenUp(format!("given up with {}", past.short())),
                None => self.one(case).unwrap_or_else(|GivenUp(reason)| {
                    given_up = given_up.filter(|past| past.bears_all()).or(Some(case));
                    Outcome::GivenUp(reason)
                }),
            });
        }
        outcomes
    }

    /// Measures a case; where it is given up, both ends are begun anew.
    fn one(&mut self, case: Case) -> Result<Outcome, GivenUp> {
        self.clock.begin()?;
        let measured = self.measure(case);
        if measured.is_err() && self.clock.begin().is_ok() {
            self.clients.clear();
            self.line.behave(Manner::default());
            // It may be in the middle of something that does not end.
            self.server.kill();
            self.again(|_| ())?;
        }
        measured
    }

    fn measure(&mut self, case: Case) -> Result<Outcome, GivenUp> {
        match case {
            Case::FirstSync => self.first(),
            Case::NothingNew => self.all(),
            Case::Changed(changed) => {
                self.take(&format!("d{changed}"))?;
                self.all()
            }
            Case::BothChanged => self.clash(),
            Case::Restored => self.restored(),
            Case::Cut => self.cut(),
            Case::Killed => self.killed(),
            Case::Scan => self.scan(),
            Case::Storm => Err(GivenUp("measured by itself".to_owned())),
        }
    }

    /// A client that has nothing yet.
    fn client(&mut self) -> Result<Running, GivenUp> {
        let data = self.directory.join(format!("client-{}", self.started));
        self.started += 1;
        Running::start(self.peer, self.corpus, &data, &self.clock)
    }

    /// Takes a client that has what the server has had before, or makes one.
    fn someone(&mut self) -> Result<Running, GivenUp> {
        if !self.clients.is_empty() {
            return Ok(self.clients.remove(0));
        }
        let mut client = self.client()?;
        self.sync(&mut client)?;
        Ok(client)
    }

    fn take(&mut self, set: &str) -> Result<(), GivenUp> {
        self.server.tell(&format!("take {set}"))?;
        self.sets.push(set.to_owned());
        Ok(())
    }

    /// Connects a client until it and the server have everything, and hangs up.
    fn sync(&mut self, client: &mut Running) -> Result<Run, GivenUp> {
        let line = &self.line;
        let sets = self.sets.join(" ");
        for end in [&mut *client, &mut self.server] {
            end.tell(&format!("expect {sets}"))?;
        }
        let pids = (client.pid(), self.server.pid());
        let server = &mut self.server;
        self.clock.begin()?;
        let run = measured(
            pids,
            || line.carried(),
            || {
                client.tell(&format!("sync {}", line.port))?;
                server.tell("complete").map(|_| ())
            },
        )?;
        self.clock.begin()?;
        holds(client, &sets)?;
        holds(&mut self.server, &sets)?;
        client.tell("part")?;
        Ok(run)
    }

    /// The first sync of one client after the other, who stay for what follows.
    fn first(&mut self) -> Result<Outcome, GivenUp> {
        let mut runs: Vec<Run> = Vec::new();
        while runs.len() < self.repeats && runs.last().is_none_or(|run| run.took < PATIENCE) {
            let mut client = self.client()?;
            runs.push(self.sync(&mut client)?);
            self.clients.push(client);
        }
        self.first_bytes = runs.iter().map(|run| run.one_way).min().unwrap_or_default();
        Ok(Outcome::Done(runs))
    }

    fn all(&mut self) -> Result<Outcome, GivenUp> {
        let mut clients = std::mem::take(&mut self.clients);
        let runs = clients.iter_mut().map(|client| self.sync(client));
        let runs = runs.collect::<Result<_, _>>();
        self.clients = clients;
        Ok(Outcome::Done(runs?))
    }

    fn clash(&mut self) -> Result<Outcome, GivenUp> {
        let mut runs = Vec::new();
        let mut clients = std::mem::take(&mut self.clients);
        for (clash, client) in (1..=CLASHES).zip(&mut clients) {
            self.sync(client)?;
            self.take(&format!("s{clash}"))?;
            client.tell(&format!("take c{clash}"))?;
            self.sets.push(format!("c{clash}"));
            runs.push(self.sync(client)?);
        }
        self.clients = clients;
        Ok(Outcome::Done(runs))
    }

    /// The server stops, its data are changed by `between`, and it comes back.
    fn again(&mut self, between: impl FnOnce(&Path)) -> Result<(), GivenUp> {
        let data = self.directory.join("server");
        self.server.stop();
        between(&data);
        self.server = Running::start(self.peer, self.corpus, &data, &self.clock)?;
        self.port = self.server.listen()?;
        self.line.lead_to(self.port);
        Ok(())
    }

    fn restored(&mut self) -> Result<Outcome, GivenUp> {
        let backup = self.directory.join("backup");
        self.again(|data| copy(data, &backup))?;
        self.take("late")?;
        self.all()?;
        let mut runs = Vec::new();
        let mut clients = std::mem::take(&mut self.clients);
        for client in &mut clients {
            self.clock.begin()?;
            self.again(|data| {
                fs::remove_dir_all(data).expect("the data go");
                copy(&backup, data);
            })?;
            runs.push(self.sync(client)?);
        }
        self.clients = clients;
        drop(fs::remove_dir_all(backup));
        Ok(Outcome::Done(runs))
    }

    /// The server has a scan; once it is on its way to a client, somebody edits a dossier there.
    fn scan(&mut self) -> Result<Outcome, GivenUp> {
        let mut client = self.someone()?;
        self.take("scan")?;
        self.line.behave(Manner { bytes_per_second: SLOW, cut: None });
        let (line, server) = (&self.line, &mut self.server);
        let at_first: Vec<&str> = self.sets.iter().map(String::as_str).collect();
        let at_last = [at_first.as_slice(), &["edit"]].concat().join(" ");
        let without = at_last.replace(" scan", "");
        client.tell(&format!("expect {without}"))?;
        let pids = (client.pid(), server.pid());
        let carried = || {
            let (up, down) = line.carried();
            up + down
        };
        let mut edited = Duration::ZERO;
        self.clock.begin()?;
        let run = measured(
            pids,
            || line.carried(),
            || {
                let fetch = format!("fetch {} edit", line.port);
                edited = thread::scope(|scope| {
                    let fetched = scope.spawn(|| client.tell(&fetch).map(|_| Instant::now()));
                    wait::until("the scan is on its way", CASE_DEADLINE * 2, || {
                        (carried() > BEGUN || fetched.is_finished()).then_some(())
                    });
                    let made = Instant::now();
                    server.tell("take edit")?;
                    Ok(fetched.join().expect("the client was told")? - made)
                })?;
                for end in [&mut client, &mut *server] {
                    end.tell(&format!("expect {at_last}"))?;
                }
                client.tell(&format!("sync {}", line.port))?;
                server.tell("complete").map(|_| ())
            },
        )?;
        holds(&mut client, &at_last)?;
        Ok(Outcome::Edited(vec![(edited, run)]))
    }

    /// How many changes are lost of those that a client had been told were kept.
    fn killed(&mut self) -> Result<Outcome, GivenUp> {
        let mut client = self.someone()?;
        client.tell("take last")?;
        self.sets.push("last".to_owned());
        self.sync(&mut client)?;
        let data = client.data().to_owned();
        client.kill();
        self.server.kill();
        self.again(|_| ())?;
        let mut client = Running::start(self.peer, self.corpus, &data, &self.clock)?;
        let mut lost = 0;
        for end in [&mut self.server, &mut client] {
            let answer = end.tell("lacks last")?;
            lost = lost.max(answer.parse().expect("a number"));
        }
        self.clients.insert(0, client);
        Ok(Outcome::Lost(lost))
    }

    /// The first sync over a bad line, unless that cannot even carry what the first sync took.
    fn cut(&mut self) -> Result<Outcome, GivenUp> {
        let (works, dead) = CUT;
        let at_work = CASE_DEADLINE.as_secs() * works.as_secs() / (works + dead).as_secs();
        let most = SLOW * at_work;
        if self.first_bytes > most {
            return Err(GivenUp(format!(
                "not tried: the first sync takes {} MB, this line carries {} MB in {} s",
                self.first_bytes / 1_000_000,
                most / 1_000_000,
                CASE_DEADLINE.as_secs()
            )));
        }
        let mut runs: Vec<Run> = Vec::new();
        while runs.len() < self.repeats && runs.last().is_none_or(|run| run.took < PATIENCE) {
            let mut client = self.client()?;
            self.line.behave(Manner { bytes_per_second: SLOW, cut: Some(CUT) });
            runs.push(self.sync(&mut client)?);
        }
        self.line.behave(Manner::default());
        Ok(Outcome::Done(runs))
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.expect("cp").success(), "{} is copied", from.display());
}
