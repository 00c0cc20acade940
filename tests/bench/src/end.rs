//! One end of a peer, as a process of its own: it is told what to do by lines on its standard
//! input, and answers each with a line.

use std::{
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
};

/// What every end can do. It keeps all that it took on disk.
pub(crate) trait End {
    /// Takes a set of changes as if its own people had made them.
    fn take(&mut self, set: &str);
    /// Listens, and gives the port.
    fn listen(&mut self) -> u16;
    /// Is told, before it is timed, what it will hold in the end.
    fn expect(&mut self, _sets: &[&str]) {}
    /// Connects, and returns when by its own account this end has everything and has sent it.
    fn sync(&mut self, port: u16);
    /// Connects, and returns when this end has these sets, whatever else is on its way.
    fn fetch(&mut self, port: u16, sets: &[&str]) {
        self.sync(port);
        while self.lacks(sets) > 0 {
            self.sync(port);
        }
    }
    /// Returns when this end, to which another connected, has everything by its own account.
    fn complete(&mut self) {}
    /// How many changes of these sets this end does not hold.
    fn lacks(&mut self, sets: &[&str]) -> usize;
    /// Hangs up.
    fn part(&mut self) {}
}

/// Where an end finds its things.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The sets of changes.
    pub(crate) corpus: PathBuf,
    /// Its own data.
    pub(crate) data: PathBuf,
}

impl Places {
    /// The places of an end.
    pub(crate) fn new(corpus: &Path, data: &Path) -> Self {
        Self { corpus: corpus.to_owned(), data: data.to_owned() }
    }
}

/// Does as it is told until its standard input ends.
pub(crate) fn obey(end: &mut dyn End) {
    answer("ready");
    for line in io::stdin().lock().lines() {
        let line = line.expect("lines of text");
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["take", set] => {
                end.take(set);
                answer("done");
            }
            ["listen"] => answer(&end.listen().to_string()),
            ["expect", sets @ ..] => {
                end.expect(sets);
                answer("done");
            }
            ["sync", port] => {
                end.sync(port.parse().expect("a port"));
                answer("done");
            }
            ["fetch", port, sets @ ..] => {
                end.fetch(port.parse().expect("a port"), sets);
                answer("done");
            }
            ["complete"] => {
                end.complete();
                answer("done");
            }
            ["lacks", sets @ ..] => answer(&end.lacks(sets).to_string()),
            ["part"] => {
                end.part();
                answer("done");
            }
            _ => panic!("unknown: {line}"),
        }
    }
}

fn answer(text: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).expect("somebody listens");
}
