//! Backups that are asked for on a page: one at a time, beside the work of the desk.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use hoso_engine::{
    clock,
    command::{Problem, Progress},
    tasks::stopped,
};
use hoso_store::{
    StoreError, backup,
    meta::{meta, put_meta},
};
use tokio::sync::{Notify, watch};

use super::{
    Office,
    health::{BACKUP_HOURS_MAX, HOUR_MS},
};
use crate::times;

/// The name of the last backup's file in the database.
const FILE: &str = "backup-file";

/// How far the backup is that was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Making {
    /// None was asked for since the program began.
    Nothing,
    /// Per cent that are done.
    Running(u8),
    /// The file that was made.
    Done(PathBuf),
    /// What stood against it.
    Failed(Problem),
}

/// Where such backups go, and how far the present one is.
#[derive(Debug)]
pub(crate) struct Backups {
    directory: OnceLock<PathBuf>,
    asked: Notify,
    pub(crate) making: watch::Sender<Making>,
}

impl Default for Backups {
    fn default() -> Self {
        let making = watch::Sender::new(Making::Nothing);
        Self { directory: OnceLock::new(), asked: Notify::new(), making }
    }
}

impl Backups {
    /// Lets them go to this directory, which is that of the settings for as long as it runs.
    pub(crate) fn go_to(&self, directory: &Path) {
        self.directory.get_or_init(|| directory.to_owned());
    }

    /// Where they go; none if nobody has set it.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.directory.get().map(PathBuf::as_path)
    }
}

/// What is known of the last backup, made by whatever way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Last {
    /// When it was made, Unix milliseconds.
    pub(crate) at_ms: u64,
    /// Its file; none for one of an earlier program.
    pub(crate) file: Option<String>,
}

impl Last {
    /// Whether another one should be made by now.
    pub(crate) fn is_old(&self) -> bool {
        clock::now_ms().saturating_sub(self.at_ms) / HOUR_MS > BACKUP_HOURS_MAX
    }
}

impl Office {
    /// Asks for a backup; whoever serves the node makes it.
    ///
    /// # Errors
    ///
    /// That one is being made, or that there is nowhere to put it.
    pub(crate) fn ask_for_backup(&self) -> Result<(), Problem> {
        if self.backups.directory().is_none() {
            return Err(Problem::new("backup-unset", "no directory for backups is set"));
        }
        let begun = self.backups.making.send_if_modified(|making| {
            let free = !matches!(making, Making::Running(_));
            if free {
                *making = Making::Running(0);
            }
            free
        });
        if !begun {
            return Err(Problem::new("backup-running", "a backup is being made"));
        }
        self.backups.asked.notify_one();
        Ok(())
    }

    /// Makes the backups that are asked for, until the program stops.
    pub(crate) async fn make_backups(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = self.backups.asked.notified() => {}
            }
            let Some(file) = self.next_backup() else { continue };
            let office = Arc::clone(&self);
            let progress = Progress::new(move |percent| {
                office.backups.making.send_replace(Making::Running(percent));
            });
            let made = tokio::select! {
                () = stopped(&mut stop) => return,
                made = self.back_up(&file, progress) => made,
            };
            let making = match made {
                Ok(_) => Making::Done(file),
                Err(problem) => {
                    tracing::warn!(text = problem.text, "a backup was not made");
                    Making::Failed(problem)
                }
            };
            self.backups.making.send_replace(making);
        }
    }

    /// The file of a backup that is made now: named by the unit and the time.
    pub(crate) fn next_backup(&self) -> Option<PathBuf> {
        let directory = self.backups.directory()?;
        Some(directory.join(self.backup_name()))
    }

    /// How a backup that is made now is called.
    pub(crate) fn backup_name(&self) -> String {
        let state = self.state();
        let unit = state.unit(self.unit()).map_or("", |unit| unit.code.as_str());
        let now = times::text(times::now_ms()).unwrap_or_default();
        let digits = now.chars().take(19).filter(char::is_ascii_digit);
        format!("hoso-{unit}-{}.db", digits.collect::<String>())
    }

    /// Notes in the database that a backup was made.
    pub(super) async fn note_backup(&self, at_ms: u64, file: &Path) -> Result<(), StoreError> {
        let file = file.display().to_string();
        let noted = self.memory.write(false, move |tx, _| {
            backup::note(tx, at_ms)?;
            put_meta(tx, FILE, file.as_bytes())
        });
        noted.await
    }

    /// The last backup; none if there was none.
    pub(crate) async fn last_backup(&self) -> Result<Option<Last>, StoreError> {
        let read = self.memory.read(|tx| {
            let file = meta(tx, FILE)?;
            Ok::<_, StoreError>((backup::noted(tx)?, file))
        });
        let (at_ms, file) = read.await?;
        let file = file.map(|file| String::from_utf8_lossy(&file).into_owned());
        Ok(at_ms.map(|at_ms| Last { at_ms, file }))
    }
}
