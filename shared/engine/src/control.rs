//! The control socket: how commands reach a running program through its data directory.
//!
//! One Unix socket of mode 0600, one line of text per request and per answer (the programs put
//! JSON into it). Whoever may open the socket may command the program: the directory is 0700.

use std::{
    future::Future,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream as BlockingStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use thiserror::Error;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader as AsyncBufReader},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
};

/// The socket's name in the data directory.
pub const SOCKET_NAME: &str = "control.sock";
/// Bytes of the longest request or answer.
pub const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How long a command waits for a running program's answer.
const ANSWER_WAIT: Duration = Duration::from_secs(120);
/// Commands answered at once; more wait for a place.
const COMMANDS_MAX: usize = 8;

/// Why a command did not reach the running program.
#[derive(Debug, Error)]
pub enum ControlError {
    /// The socket could not be made or used.
    #[error("the control socket {path} cannot be used: {source}")]
    Socket {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program closed the socket without an answer.
    #[error("the running program gave no answer: see its log")]
    NoAnswer,
}

/// Serves the socket until `stop` turns true. A stale socket of a killed program is replaced; the
/// data directory's lock must be held.
///
/// # Errors
///
/// [`ControlError::Socket`] when the socket cannot be bound.
pub async fn serve<Answer, Answering>(
    data: &Path,
    mut stop: watch::Receiver<bool>,
    answer: Answer,
) -> Result<(), ControlError>
where
    Answer: Fn(String) -> Answering + Send + Sync + 'static,
    Answering: Future<Output = String> + Send + 'static,
{
    let path = data.join(SOCKET_NAME);
    let listener =
        bind(&path).map_err(|source| ControlError::Socket { path: path.clone(), source })?;
    let answer = Arc::new(answer);
    let mut commands = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = commands.join_next(), if !commands.is_empty() => {}
            accepted = listener.accept(), if commands.len() < COMMANDS_MAX => {
                if let Ok((stream, _)) = accepted {
                    let answer = Arc::clone(&answer);
                    commands.spawn(async move {
                        if let Err(error) = exchange(stream, answer.as_ref()).await {
                            tracing::debug!(%error, "a command went away before its answer");
                        }
                    });
                }
            }
        }
    }
    commands.shutdown().await;
    std::fs::remove_file(&path).map_err(|source| ControlError::Socket { path, source })
}

/// Sends one request to the program that runs on `data`; `None` when none runs there.
///
/// # Errors
///
/// [`ControlError`] when the program runs and cannot be reached or does not answer.
pub fn ask(data: &Path, request: &str) -> Result<Option<String>, ControlError> {
    let path = data.join(SOCKET_NAME);
    let mut stream = match BlockingStream::connect(&path) {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(source) => return Err(ControlError::Socket { path, source }),
    };
    let mut line = String::new();
    let mut talk = || -> io::Result<()> {
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.write_all(request.as_bytes())?;
        stream.write_all(b"\n")?;
        BufReader::new(Read::by_ref(&mut stream).take(LINE_BYTES_MAX)).read_line(&mut line)?;
        Ok(())
    };
    talk().map_err(|source| ControlError::Socket { path, source })?;
    match line.strip_suffix('\n') {
        Some(answer) => Ok(Some(answer.to_owned())),
        None => Err(ControlError::NoAnswer),
    }
}

/// Binds with mode 0600, in place of a socket that a killed program left.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Reads one bounded line and answers it.
async fn exchange<Answer, Answering>(stream: UnixStream, answer: &Answer) -> io::Result<()>
where
    Answer: Fn(String) -> Answering,
    Answering: Future<Output = String>,
{
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    AsyncBufReader::new(read.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    let Some(request) = line.strip_suffix('\n') else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let mut reply = answer(request.to_owned()).await;
    reply.push('\n');
    write.write_all(reply.as_bytes()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_command_is_answered_by_the_running_program_and_none_without_one() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(ask(data.path(), "ping").unwrap(), None);
        let (stop, stopped) = watch::channel(false);
        let path = data.path().to_owned();
        let serving = tokio::spawn(async move {
            serve(&path, stopped, |request| async move { format!("heard {request}") }).await
        });
        let path = data.path().to_owned();
        let answer = tokio::task::spawn_blocking(move || {
            loop {
                if let Some(answer) = ask(&path, "ping").unwrap() {
                    return answer;
                }
                std::thread::yield_now();
            }
        });
        assert_eq!(answer.await.unwrap(), "heard ping");
        stop.send(true).unwrap();
        serving.await.unwrap().unwrap();
        assert_eq!(ask(data.path(), "ping").unwrap(), None);
    }
}
