//! One scan given: its outline, then group after group, never further ahead than the line holds.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use hoso_identity::PayloadHash;
use hoso_sync::scan::{Frame, GROUP_BYTES, Group, Hashes, Outline, Refusal, Through};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    Depot, Exchange, ScanError, blocking, heard,
    pace::{self, Turns},
};
use crate::{endpoint::Peer, frames::FrameReader, turns::Turn};

impl Depot {
    /// Gives a scan from there on, and returns when the other side has all of it durably.
    pub(crate) async fn give(
        &self,
        talk: &mut Exchange,
        peer: &Peer,
        (hash, from): (PayloadHash, u64),
    ) -> Result<(), ScanError> {
        let (mut file, outline) = self.read_whole(hash).await?;
        let size = outline.size();
        let hashes = Hashes { size, groups: outline.to_bytes() };
        talk.writer.begin_bulk();
        talk.say(&Frame::Outline(hashes)).await?;
        let from = from.saturating_sub(from % GROUP_BYTES).min(size);
        let (tell, told) = watch::channel(from);
        let Exchange { writer, reader } = talk;
        let speaking = async {
            let mut line = Outgoing::new(peer, told, from);
            let mut at = from;
            while at < size {
                while line.is_full(at) {
                    line.wait(at).await?;
                }
                let (kept, bytes) = blocking(move || group(file, at)).await?;
                file = kept;
                at = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                if bytes.is_empty() {
                    return Err(ScanError::Lost);
                }
                writer.write(&Frame::Group(Group { bytes }).encode()).await?;
            }
            loop {
                line.wait(at).await?;
            }
        };
        tokio::select! {
            heard = listen(reader, &tell, size) => heard,
            failed = speaking => failed,
        }
    }

    /// Opens a file that is what it was; one that is not is forgotten.
    async fn read_whole(&self, hash: PayloadHash) -> Result<(File, Outline), ScanError> {
        let path = self.blobs.path(&hash);
        match blocking(move || outline(File::open(path)?)).await {
            Ok(sound) if sound.1.root() == Some(hash) => return Ok(sound),
            Err(ScanError::File(error)) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error.into());
            }
            Ok(_) | Err(_) => {}
        }
        self.lose(hash).await?;
        Err(ScanError::Lost)
    }
}

/// Hears how far the other side is, until it has everything.
async fn listen(
    reader: &mut FrameReader,
    tell: &watch::Sender<u64>,
    size: u64,
) -> Result<(), ScanError> {
    loop {
        match heard(reader).await? {
            Frame::Took(Through { bytes }) if bytes >= size => return Ok(()),
            Frame::Took(Through { bytes }) => drop(tell.send_replace(bytes)),
            Frame::Refuse(Refusal { why }) => return Err(ScanError::Refused(why)),
            Frame::Offer(_)
            | Frame::Wish(_)
            | Frame::Take(_)
            | Frame::Outline(_)
            | Frame::Group(_)
            | Frame::Unname(_)
            | Frame::Lack(_)
            | Frame::Here(_) => return Err(ScanError::OutOfPlace),
        }
    }
}

/// The line as the one who gives a scan sees it.
struct Outgoing<'a> {
    peer: &'a Peer,
    /// How much has come, as the other side says, and as was acted upon.
    told: watch::Receiver<u64>,
    came: u64,
    turns: Turns,
    turn: Option<Turn>,
}

impl<'a> Outgoing<'a> {
    fn new(peer: &'a Peer, told: watch::Receiver<u64>, from: u64) -> Self {
        Self { peer, told, came: from, turns: Turns::new(Instant::now()), turn: None }
    }

    /// Whether enough is on the way, of a scan that was sent up to there.
    fn is_full(&mut self, at: u64) -> bool {
        let came = *self.told.borrow_and_update();
        if came != self.came {
            self.came = came;
            if self.turns.came(Instant::now(), came, at) {
                self.turn = None;
            }
        }
        let window = self.peer.connection().stats().path.cwnd;
        at.saturating_sub(came) >= pace::ahead(window)
    }

    /// Waits until more has come. A scan that waits for long takes its turn.
    async fn wait(&mut self, at: u64) -> Result<(), ScanError> {
        let due = self.turns.due();
        let turn = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.told.changed() => {
                changed.map_err(|_| ScanError::Ended)?;
                self.is_full(at);
            }
            () = turn => {
                self.turns.begin(Instant::now());
                self.turn = Some(self.peer.turns().begin());
            }
        }
        Ok(())
    }
}

/// The outline of a file, and the file.
fn outline(mut file: File) -> io::Result<(File, Outline)> {
    let size = file.metadata()?.len();
    let mut outline = Outline::begin(size);
    loop {
        let mut bytes = Vec::new();
        (&mut file).take(GROUP_BYTES).read_to_end(&mut bytes)?;
        let is_only = size == 0;
        if bytes.is_empty() && !is_only {
            return Ok((file, outline));
        }
        outline.push(&bytes);
        if is_only {
            return Ok((file, outline));
        }
    }
}

/// The group of a file that begins there, and the file.
fn group(mut file: File, at: u64) -> io::Result<(File, Vec<u8>)> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    (&mut file).take(GROUP_BYTES).read_to_end(&mut bytes)?;
    Ok((file, bytes))
}
