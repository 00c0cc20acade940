//! The scenarios, as every peer goes through them: one server, some clients one after the other,
//! the same corpus, a counted line between them.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use hoso_tests::e2e::wait;

use crate::{
    line::{Line, Manner},
    making::{CLASHES, NEW, OFFICES},
    peers::{CASE_DEADLINE, GivenUp, Peer, Run, Running, measured},
};

/// Bytes of a second on a slow line: 2 Mbit/s.
pub(crate) const SLOW: u64 = 250_000;
/// Bytes after which a scan is on its way.
pub(crate) const BEGUN: u64 = 1_000_000;
/// How long a bad line works, and how long it is then dead.
pub(crate) const CUT: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(2));

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
        Self::Scan,
        Self::Killed,
    ];

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
}

/// What became of a case.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It was measured so often.
    Done(Vec<Run>),
    /// The edit was there so long after it was made, and everything in the end.
    Edited(Duration, Run),
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
    server: Running,
    port: u16,
    line: Line,
    /// What the server holds.
    sets: Vec<String>,
}

/// Lets a peer go through all scenarios with so many clients. What follows a case that was given
/// up is given up too, with the same reason.
pub(crate) fn of(
    peer: Peer,
    corpus: &Path,
    dossiers: usize,
    clients: usize,
    directory: &Path,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let directory = directory.join(format!("{}-{dossiers}", peer.name()));
    let mut keep = |case, outcome| {
        rows.push(Row { case, who: peer.name(), dossiers, outcome });
    };
    let mut done = 0;
    let went = Field::open(peer, corpus, &directory).and_then(|field| {
        field.through(clients, &mut |case, outcome| {
            done += 1;
            keep(case, outcome);
        })
    });
    if let Err(GivenUp(reason)) = went {
        for case in Case::ALL.into_iter().skip(done) {
            keep(case, Outcome::GivenUp(reason.clone()));
        }
    }
    // What it wrote would only fill the disk.
    drop(fs::remove_dir_all(&directory));
    rows
}

/// Lets so many clients come back at once; it is over when the server has what all of them have.
pub(crate) fn storm(peer: Peer, corpus: &Path, directory: &Path) -> Row {
    let directory = directory.join(format!("{}-storm", peer.name()));
    let outcome = all_at_once(peer, corpus, &directory)
        .map_or_else(|GivenUp(reason)| Outcome::GivenUp(reason), |run| Outcome::Done(vec![run]));
    drop(fs::remove_dir_all(&directory));
    Row { case: Case::Storm, who: peer.name(), dossiers: OFFICES * NEW, outcome }
}

fn all_at_once(peer: Peer, corpus: &Path, directory: &Path) -> Result<Run, GivenUp> {
    // Only these sets: whoever looks for all dossiers finds no others.
    let sets = directory.join("sets");
    fs::create_dir_all(&sets).expect("a directory");
    let names: Vec<String> = (1..=OFFICES).map(|office| format!("new-{office}")).collect();
    let mut clients = Vec::new();
    for name in &names {
        let file = format!("{name}.tsv");
        fs::copy(corpus.join(&file), sets.join(file)).expect("a set is copied");
        let mut client = Running::start(peer, &sets, &directory.join(name))?;
        client.tell(&format!("take {name}"))?;
        client.tell(&format!("expect {name}"))?;
        clients.push(client);
    }
    let mut server = Running::start(peer, &sets, &directory.join("server"))?;
    let line = Line::to(server.listen()?, Manner::default());
    let all = names.join(" ");
    server.tell(&format!("expect {all}"))?;
    let carried = || {
        let (up, down) = line.carried();
        up + down
    };
    let pids = (clients[0].pid(), server.pid());
    let say = format!("sync {}", line.port);
    let run = measured(pids, carried, || {
        let went: Vec<_> = thread::scope(|scope| {
            let told = clients.iter_mut().map(|client| scope.spawn(|| client.tell(&say)));
            let told: Vec<_> = told.collect();
            told.into_iter().map(|one| one.join().expect("a client was told")).collect()
        });
        went.into_iter().collect::<Result<Vec<_>, _>>()?;
        server.tell("complete").map(|_| ())
    })?;
    match server.tell(&format!("lacks {all}"))?.as_str() {
        "0" => Ok(run),
        missing => Err(GivenUp(format!("content while {missing} were missing"))),
    }
}

impl<'a> Field<'a> {
    fn open(peer: Peer, corpus: &'a Path, directory: &Path) -> Result<Self, GivenUp> {
        fs::create_dir_all(directory).expect("a directory");
        let mut server = Running::start(peer, corpus, &directory.join("server"))?;
        server.tell("take base")?;
        let port = server.listen()?;
        let line = Line::to(port, Manner::default());
        let (directory, sets) = (directory.to_owned(), vec!["base".to_owned()]);
        Ok(Self { peer, corpus, directory, server, port, line, sets })
    }

    fn through(mut self, count: usize, keep: &mut dyn FnMut(Case, Outcome)) -> Result<(), GivenUp> {
        let mut clients = Vec::new();
        for number in 0..count {
            clients.push(self.client(&format!("client-{number}"))?);
        }
        keep(Case::FirstSync, self.all(&mut clients)?);
        keep(Case::NothingNew, self.all(&mut clients)?);
        for changed in [1, 100, 1_000] {
            self.take(&format!("d{changed}"))?;
            keep(Case::Changed(changed), self.all(&mut clients)?);
        }
        keep(Case::BothChanged, self.clash(&mut clients)?);
        let (field, outcome) = self.restored(&mut clients)?;
        self = field;
        keep(Case::Restored, outcome);
        keep(Case::Cut, self.cut()?);
        clients.truncate(1);
        let mut client = clients.pop().expect("there is one");
        keep(Case::Scan, self.scan(&mut client)?);
        let (field, lost) = self.killed(client)?;
        self = field;
        keep(Case::Killed, Outcome::Lost(lost));
        self.server.stop();
        Ok(())
    }

    fn client(&self, name: &str) -> Result<Running, GivenUp> {
        Running::start(self.peer, self.corpus, &self.directory.join(name))
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
        let carried = || {
            let (up, down) = line.carried();
            up + down
        };
        let server = &mut self.server;
        let run = measured(pids, carried, || {
            client.tell(&format!("sync {}", line.port))?;
            server.tell("complete").map(|_| ())
        })?;
        for end in [&mut *client, &mut self.server] {
            match end.tell(&format!("lacks {sets}"))?.as_str() {
                "0" => {}
                missing => return Err(GivenUp(format!("content while {missing} were missing"))),
            }
        }
        client.tell("part")?;
        Ok(run)
    }

    fn all(&mut self, clients: &mut [Running]) -> Result<Outcome, GivenUp> {
        let runs = clients.iter_mut().map(|client| self.sync(client));
        Ok(Outcome::Done(runs.collect::<Result<_, _>>()?))
    }

    fn clash(&mut self, clients: &mut [Running]) -> Result<Outcome, GivenUp> {
        let mut runs = Vec::new();
        for clash in 1..=CLASHES {
            let client = &mut clients[(clash - 1) % clients.len()];
            self.sync(client)?;
            self.take(&format!("s{clash}"))?;
            client.tell(&format!("take c{clash}"))?;
            self.sets.push(format!("c{clash}"));
            runs.push(self.sync(client)?);
        }
        Ok(Outcome::Done(runs))
    }

    /// The server stops, its data are changed by `between`, and it comes back.
    fn again(mut self, between: impl FnOnce(&Path)) -> Result<Self, GivenUp> {
        let data = self.directory.join("server");
        self.server.stop();
        between(&data);
        self.server = Running::start(self.peer, self.corpus, &data)?;
        self.port = self.server.listen()?;
        self.line.lead_to(self.port);
        Ok(self)
    }

    fn restored(mut self, clients: &mut [Running]) -> Result<(Self, Outcome), GivenUp> {
        let backup = self.directory.join("backup");
        self = self.again(|data| copy(data, &backup))?;
        self.take("late")?;
        for client in clients.iter_mut() {
            self.sync(client)?;
        }
        let mut runs = Vec::new();
        for client in clients.iter_mut() {
            self = self.again(|data| {
                fs::remove_dir_all(data).expect("the data go");
                copy(&backup, data);
            })?;
            runs.push(self.sync(client)?);
        }
        Ok((self, Outcome::Done(runs)))
    }

    /// The server has a scan; once it is on its way to the client, somebody edits a dossier there.
    fn scan(&mut self, client: &mut Running) -> Result<Outcome, GivenUp> {
        self.take("scan")?;
        let before = std::mem::replace(
            &mut self.line,
            Line::to(self.port, Manner { bytes_per_second: SLOW, cut: None }),
        );
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
        let run = measured(pids, carried, || {
            let fetch = format!("fetch {} edit", line.port);
            edited = thread::scope(|scope| {
                let fetched = scope.spawn(|| client.tell(&fetch).map(|_| Instant::now()));
                wait::until("the scan is on its way", CASE_DEADLINE, || {
                    (carried() > BEGUN || fetched.is_finished()).then_some(())
                });
                let made = Instant::now();
                server.tell("take edit")?;
                Ok(fetched.join().expect("the client was told")? - made)
            })?;
            for end in [&mut *client, &mut *server] {
                end.tell(&format!("expect {at_last}"))?;
            }
            client.tell(&format!("sync {}", line.port))?;
            server.tell("complete").map(|_| ())
        })?;
        match client.tell(&format!("lacks {at_last}"))?.as_str() {
            "0" => {}
            missing => return Err(GivenUp(format!("content while {missing} were missing"))),
        }
        client.tell("part")?;
        self.line = before;
        self.sets.push("edit".to_owned());
        Ok(Outcome::Edited(edited, run))
    }

    /// How many changes are lost of those that a client had been told were kept.
    fn killed(mut self, mut client: Running) -> Result<(Self, usize), GivenUp> {
        client.tell("take last")?;
        self.sets.push("last".to_owned());
        self.sync(&mut client)?;
        client.kill();
        self.server.kill();
        let mut lost = 0;
        self.server = Running::start(self.peer, self.corpus, &self.directory.join("server"))?;
        let mut client = self.client("client-0")?;
        for end in [&mut self.server, &mut client] {
            let answer = end.tell("lacks last")?;
            lost = lost.max(answer.parse().expect("a number"));
        }
        self.port = self.server.listen()?;
        self.line.lead_to(self.port);
        Ok((self, lost))
    }

    fn cut(&mut self) -> Result<Outcome, GivenUp> {
        let mut client = self.client("cut")?;
        let manner = Manner { bytes_per_second: SLOW, cut: Some(CUT) };
        let before = std::mem::replace(&mut self.line, Line::to(self.port, manner));
        let run = self.sync(&mut client)?;
        self.line = before;
        Ok(Outcome::Done(vec![run]))
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.expect("cp").success(), "{} is copied", from.display());
}
