//! Backups as commands make and take them: off the async threads, with a word of how far they are,
//! and stopped with whoever waits for them.

use std::{
    fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hoso_store::{
    StoreError,
    backup::{self, Life, Watermark},
    database::Schema,
};
use serde_json::{Value, json};

use crate::{
    clock,
    command::{Problem, Progress},
    secret,
};

/// Makes a backup. It is cut short when the future is dropped: a program that stops does not wait
/// for a slow disk.
///
/// # Errors
///
/// As [`backup::backup`].
pub async fn back_up(
    data: &Path,
    schema: Schema,
    file: &Path,
    progress: Progress,
) -> Result<Watermark, StoreError> {
    let (data, file) = (data.to_owned(), file.to_owned());
    let waited_for = Arc::new(AtomicBool::new(true));
    let _guard = Waiting(Arc::clone(&waited_for));
    let made = tokio::task::spawn_blocking(move || {
        backup::backup(&data, schema, &file, clock::now_ms(), |done, all| {
            progress.tell(done, all);
            waited_for.load(Ordering::Relaxed)
        })
    });
    made.await.unwrap_or(Err(StoreError::Stopped))
}

/// Makes the data directory into which a backup shall go, if the backup is there at all.
///
/// # Errors
///
/// What the system says of the file or of the directory; then nothing is made.
pub fn make_room(data: &Path, file: &Path) -> Result<(), Problem> {
    let named = |code, path: &Path, error: io::Error| {
        Problem::new(code, format!("{}: {error}", path.display()))
    };
    fs::metadata(file).map_err(|error| named("file", file, error))?;
    secret::make_data_directory(data).map_err(|error| named("data", data, error))
}

/// What a backup says of itself, for people and programs.
#[must_use]
pub fn shown(mark: &Watermark) -> Value {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let life = match mark.life {
        Life::Node(incarnation) => hex(&incarnation.0),
        Life::Relay(epoch) => format!("{}-{}", epoch.generation, hex(&epoch.random)),
    };
    json!({
        "made_at_ms": mark.made_at_ms,
        "database": hex(&mark.source),
        "life": life,
        "keys": mark.keys,
    })
}

/// Says that nobody waits any more when it is dropped.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
