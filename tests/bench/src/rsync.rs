//! The naive floor: a file for each change in a directory for each dossier, and rsync both ways
//! (`-a -z --ignore-existing`: a change is never altered) against its own daemon.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use hoso_tests::e2e::{ports, wait};

use crate::{
    corpus::{self, Change},
    end::{End, Places},
    peers::CASE_DEADLINE,
};

/// How long the daemon may take until it listens.
const DAEMON_DEADLINE: Duration = Duration::from_secs(30);

/// One end.
#[derive(Debug)]
pub(crate) struct Rsync {
    places: Places,
    daemon: Option<Child>,
}

impl Rsync {
    /// Over what it has.
    pub(crate) fn new(places: Places) -> Self {
        fs::create_dir_all(places.data.join("files")).expect("a directory");
        Self { places, daemon: None }
    }

    fn files(&self) -> PathBuf {
        self.places.data.join("files")
    }
}

impl Drop for Rsync {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            // It may have ended already.
            drop(daemon.kill());
            drop(daemon.wait());
        }
    }
}

impl End for Rsync {
    fn take(&mut self, set: &str) {
        for change in corpus::read(&self.places.corpus, set) {
            let path = path_of(&self.files(), &change);
            fs::create_dir_all(path.parent().expect("a file stands in a directory"))
                .expect("a directory for a dossier");
            fs::write(path, &change.bytes).expect("a change can be written");
        }
    }

    fn listen(&mut self) -> u16 {
        let port = ports::free().port();
        let config = self.places.data.join("daemon.conf");
        let files = self.files();
        // Where root runs it, rsync would otherwise write as nobody.
        let text = format!(
            "use chroot = no\nreverse lookup = no\n[changes]\npath = {}\nread only = no\nuid = 0\n\
             gid = 0\n",
            files.display()
        );
        fs::write(&config, text).expect("a configuration");
        // It ends with this process, also where that is killed.
        let daemon = Command::new("setpriv")
            .args([
                "--pdeathsig",
                "KILL",
                "rsync",
                "--daemon",
                "--no-detach",
                "--address=127.0.0.1",
            ])
            .arg(format!("--port={port}"))
            .arg(format!("--config={}", config.display()))
            .stdin(Stdio::null())
            .spawn();
        self.daemon = Some(daemon.expect("rsync is installed"));
        wait::until("rsync listens", DAEMON_DEADLINE, || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
        port
    }

    fn sync(&mut self, port: u16) {
        let there = format!("rsync://127.0.0.1:{port}/changes/");
        let here = format!("{}/", self.files().display());
        // It does not dial again by itself where the line is cut: a script would repeat it.
        wait::until("rsync has brought and fetched", CASE_DEADLINE * 2, || {
            [(&there, &here), (&here, &there)].iter().all(|(from, to)| run(from, to)).then_some(())
        });
    }

    fn lacks(&mut self, sets: &[&str]) -> usize {
        let own = listed(&self.files());
        let wanted = corpus::all(&self.places.corpus, sets);
        wanted.iter().filter(|change| !own.contains(&change.hash)).count()
    }
}

fn run(from: &str, to: &str) -> bool {
    let ended = Command::new("rsync").args(["-a", "-z", "--ignore-existing", from, to]).status();
    ended.expect("rsync is installed").success()
}

fn path_of(files: &Path, change: &Change) -> PathBuf {
    files.join(&change.document[..2]).join(&change.document).join(&change.hash)
}

/// The names of all files of all dossiers.
fn listed(files: &Path) -> BTreeSet<String> {
    let inside = |path: PathBuf| {
        fs::read_dir(path).expect("a directory").map(|entry| entry.expect("an entry").path())
    };
    let changes = inside(files.to_owned()).flat_map(inside).flat_map(inside);
    changes.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}
