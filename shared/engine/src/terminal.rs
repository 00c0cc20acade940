//! What is asked at a terminal, where a person sits at it: answers, secrets without echo, how far
//! long work is.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::{Mutex, PoisonError},
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::command::{Problem, Progress, Secret};

/// Whether a person can be asked.
#[must_use]
pub fn is_there() -> bool {
    io::stdin().is_terminal()
}

/// Asks for one line.
///
/// # Errors
///
/// When there is none, or it is empty.
pub fn ask(question: &str) -> Result<String, Problem> {
    prompt(question)?;
    line()
}

/// A secret: asked for without echo, or the next line of standard input where nobody can be asked.
///
/// # Errors
///
/// As [`ask`].
pub fn secret(question: &str) -> Result<Secret, Problem> {
    if !is_there() {
        return line().map(Secret::new);
    }
    // Before the question: whoever answers at once must not see it either.
    let quiet = Quiet::begin()?;
    prompt(question)?;
    let typed = line();
    drop(quiet);
    // The end of the line was not shown either.
    prompt("\n")?;
    typed.map(Secret::new)
}

/// A new secret: a person types it twice.
///
/// # Errors
///
/// As [`ask`]; when the two differ.
pub fn new_secret(question: &str) -> Result<Secret, Problem> {
    let first = secret(question)?;
    if is_there() && secret("the same once more: ")?.expose() != first.expose() {
        return Err(Problem::new("input", "the two differ: nothing was done, begin again"));
    }
    Ok(first)
}

/// Shows a person how far long work is, on one line that is wiped at the end.
#[must_use]
pub fn meter() -> Progress {
    if !io::stderr().is_terminal() {
        return Progress::unseen();
    }
    let wiped = Wiped(Mutex::new(None));
    Progress::new(move |percent| wiped.show(percent))
}

/// The line of the meter, with what stands on it.
struct Wiped(Mutex<Option<u8>>);

impl Wiped {
    fn show(&self, percent: u8) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.replace(percent) != Some(percent) {
            // Who cannot see it misses nothing that matters.
            drop(write!(io::stderr(), "\r{percent:3} %"));
        }
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_some() {
            drop(write!(io::stderr(), "\r      \r"));
        }
    }
}

/// The terminal does not echo while this lives.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> Result<Self, Problem> {
        let terminal = |error: rustix::io::Errno| Problem::new("terminal", error.to_string());
        let before = tcgetattr(io::stdin()).map_err(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet).map_err(terminal)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if tcsetattr(io::stdin(), OptionalActions::Now, &self.0).is_err() {
            tracing::debug!("the terminal went away");
        }
    }
}

fn prompt(text: &str) -> Result<(), Problem> {
    let mut out = io::stderr().lock();
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Problem::new("output", error.to_string()))
}

fn line() -> Result<String, Problem> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Problem::new("input", error.to_string()))?;
    match line.trim_end_matches(['\r', '\n']) {
        "" => Err(Problem::new("input", "a line is expected on standard input, one per secret")),
        text => Ok(text.to_owned()),
    }
}
