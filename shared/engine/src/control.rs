//! The control socket: how commands reach a running program through its data directory.
//!
//! One Unix socket of mode 0600, one line of text per request and per answer (the programs put
//! JSON into it). While a command works, lines that begin with `~` say that it does, and with a
//! number how far it is, in percent. Whoever may open the socket may command the program: the
//! directory is 0700.

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
    time::interval,
};

use crate::command::Progress;

/// The socket's name in the data directory.
pub const SOCKET_NAME: &str = "control.sock";
/// Bytes of the longest request or answer.
pub const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How long a command waits for a word of the running program.
const WORD_WAIT: Duration = Duration::from_secs(60);
/// How often a running program says that it still works on the answer.
const WORD_EVERY: Duration = Duration::from_secs(5);
/// What begins a line that is not the answer.
const WORKING: char = '~';
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

/// The socket of a program that is about to run: commands that come now wait for their answer.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    listener: UnixListener,
}

/// Makes the socket. A stale one of a killed program is replaced; the data directory's lock must
/// be held. Whoever can see that the program runs must be able to command it, so this comes before
/// the first page is served.
///
/// # Errors
///
/// [`ControlError::Socket`] when the socket cannot be bound.
pub fn listen(data: &Path) -> Result<Control, ControlError> {
    let path = data.join(SOCKET_NAME);
    match bind(&path) {
        Ok(listener) => Ok(Control { path, listener }),
        Err(source) => Err(ControlError::Socket { path, source }),
    }
}

/// Answers commands until `stop` turns true, then takes the socket away.
///
/// # Errors
///
/// [`ControlError::Socket`] when the socket cannot be taken away.
pub async fn serve<Answer, Answering>(
    Control { path, listener }: Control,
    mut stop: watch::Receiver<bool>,
    answer: Answer,
) -> Result<(), ControlError>
where
    Answer: Fn(String, Progress) -> Answering + Send + Sync + 'static,
    Answering: Future<Output = String> + Send + 'static,
{
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

/// Sends one request to the program that runs on `data`; `None` when none runs there. Waits as long
/// as the program says that it works.
///
/// # Errors
///
/// [`ControlError`] when the program runs and cannot be reached or does not answer.
pub fn ask(
    data: &Path,
    request: &str,
    progress: &Progress,
) -> Result<Option<String>, ControlError> {
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
    let talk = move || -> io::Result<String> {
        stream.set_read_timeout(Some(WORD_WAIT))?;
        stream.write_all(request.as_bytes())?;
        stream.write_all(b"\n")?;
        let mut lines = BufReader::new(stream);
        loop {
            let mut line = String::new();
            Read::by_ref(&mut lines).take(LINE_BYTES_MAX).read_line(&mut line)?;
            let Some(far) = line.strip_prefix(WORKING) else { return Ok(line) };
            if let Ok(percent) = far.trim().parse() {
                progress.tell(percent, 100);
            }
        }
    };
    let line = talk().map_err(|source| ControlError::Socket { path, source })?;
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

/// Reads one bounded line and answers it; says meanwhile that somebody works on it.
async fn exchange<Answer, Answering>(stream: UnixStream, answer: &Answer) -> io::Result<()>
where
    Answer: Fn(String, Progress) -> Answering,
    Answering: Future<Output = String>,
{
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    AsyncBufReader::new(read.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    let Some(request) = line.strip_suffix('\n') else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let (told, mut far) = watch::channel(None);
    let progress = Progress::new(move |percent| {
        told.send_if_modified(|far| far.replace(percent) != Some(percent));
    });
    let answering = answer(request.to_owned(), progress);
    tokio::pin!(answering);
    let mut words = interval(WORD_EVERY);
    loop {
        let word = tokio::select! {
            reply = &mut answering => {
                return write.write_all(format!("{reply}\n").as_bytes()).await;
            }
            Ok(()) = far.changed() => {
                far.borrow_and_update().map_or_else(String::new, |percent| percent.to_string())
            }
            _ = words.tick() => String::new(),
        };
        write.write_all(format!("{WORKING}{word}\n").as_bytes()).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves a directory, and what its commands are answered with.
    struct Served {
        data: tempfile::TempDir,
        stop: watch::Sender<bool>,
        serving: tokio::task::JoinHandle<Result<(), ControlError>>,
    }

    impl Served {
        fn with<Answering: Future<Output = String> + Send + 'static>(
            answer: impl Fn(String, Progress) -> Answering + Send + Sync + 'static,
        ) -> Self {
            let data = tempfile::tempdir().unwrap();
            let (stop, stopped) = watch::channel(false);
            let path = data.path().to_owned();
            let control = listen(&path).unwrap();
            let serving = tokio::spawn(async move { serve(control, stopped, answer).await });
            Self { data, stop, serving }
        }

        async fn ask(&self, request: &'static str, progress: Progress) -> String {
            let path = self.data.path().to_owned();
            let answer = tokio::task::spawn_blocking(move || {
                loop {
                    if let Some(answer) = ask(&path, request, &progress).unwrap() {
                        return answer;
                    }
                    std::thread::yield_now();
                }
            });
            answer.await.unwrap()
        }

        async fn end(self) {
            self.stop.send(true).unwrap();
            self.serving.await.unwrap().unwrap();
            assert_eq!(ask(self.data.path(), "ping", &Progress::unseen()).unwrap(), None);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_command_is_answered_by_the_running_program_and_none_without_one() {
        let served = Served::with(|request, _| async move { format!("heard {request}") });
        assert_eq!(served.ask("ping", Progress::unseen()).await, "heard ping");
        served.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn long_work_says_how_far_it_is_before_it_is_answered() {
        let seen = Arc::new(tokio::sync::Notify::new());
        let awaited = Arc::clone(&seen);
        let served = Served::with(move |_, progress| {
            progress.tell(1, 2);
            let seen = Arc::clone(&awaited);
            async move {
                seen.notified().await;
                "done".to_owned()
            }
        });
        let shown = Progress::new(move |percent| {
            if percent == 50 {
                seen.notify_one();
            }
        });
        let answer = tokio::time::timeout(WORD_WAIT, served.ask("backup", shown)).await;
        assert_eq!(answer.unwrap(), "done");
        served.end().await;
    }
}
