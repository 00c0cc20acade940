//! What the commands of both programs do: ask the running program, print, end with a status.

use std::{
    future::Future,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use hoso_store::{StoreError, writer::WriterThread};
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Builder;

use crate::{
    command::{Answer, Problem, Progress},
    control, terminal,
};

/// The exit status of a command, 0 done, 1 failed, 2 called wrongly, with one line on the error
/// stream where it is not done.
#[must_use]
pub fn ended(result: Result<(), Problem>) -> ExitCode {
    let Err(problem) = result else { return ExitCode::SUCCESS };
    let line = problem.text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Without an error stream the exit status alone says it.
    drop(writeln!(io::stderr(), "{line}"));
    if problem.is_usage() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// Asks the program that runs on this data directory; `at_rest` answers when none runs. A person
/// at a terminal sees how far long work is.
///
/// # Errors
///
/// What the program answers, or that it cannot be reached.
pub fn ask(
    data: &Path,
    request: &impl Serialize,
    at_rest: impl FnOnce(Progress) -> Answer,
) -> Answer {
    let line = serde_json::to_string(request)
        .map_err(|error| Problem::new("request", error.to_string()))?;
    let progress = terminal::meter();
    let said = control::ask(data, &line, &progress)
        .map_err(|error| Problem::new("control", error.to_string()))?;
    match said {
        Some(said) => serde_json::from_str(&said)
            .map_err(|error| Problem::new("control", error.to_string()))?,
        None => at_rest(progress),
    }
}

/// Who gives this command, for the audit: the account of the system, by its number.
#[must_use]
pub fn who() -> String {
    format!("uid {}", rustix::process::getuid().as_raw())
}

/// Prints one JSON object, or a line for each of its values.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn show(json: bool, value: &Value) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    let written = match value.as_object() {
        Some(fields) if !json => fields.iter().try_for_each(|(name, value)| match value.as_str() {
            Some(text) => writeln!(out, "{name}: {text}"),
            None => writeln!(out, "{name}: {value:#}"),
        }),
        Some(_) | None => writeln!(out, "{value}"),
    };
    match written {
        // Whoever reads along, such as `head`, has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Problem::new("output", error.to_string())),
    }
}

/// Runs a command or a program to its end. Work on other threads that it did not wait for is cut
/// off, as a kill would.
///
/// # Errors
///
/// Its own, or what the system says.
pub fn run<Done>(work: impl Future<Output = Result<Done, Problem>>) -> Result<Done, Problem> {
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new("runtime", error.to_string()))?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// Waits for the writer's orderly end, once nobody holds the memory any more.
///
/// # Errors
///
/// What the storage says.
pub async fn closed(thread: WriterThread) -> Result<(), StoreError> {
    tokio::task::spawn_blocking(move || thread.join()).await.unwrap_or(Err(StoreError::Dead))
}
