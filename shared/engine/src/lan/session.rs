//! One conversation with another machine of the unit: what it asks for is done in the memory.

use std::{future::ready, sync::Arc, time::Duration};

use hoso_identity::Realm;
use hoso_store::{
    StoreError,
    rules::{
        copies::{self, Other},
        intake::Taken,
        ledger,
    },
    tables::{JournalTables, NodeEntry, PeerCopy, Place},
    writer::Tx,
};
use hoso_sync::{
    frame::{BATCH_BYTES, Stream},
    peer::{Conversation, Input, Output, Part},
    wire::{Covered, Farewell, Hello, Pushed},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{HANDSHAKE_WAIT, Pair, Shared};
use crate::{
    admission::{ReadAhead, Registrar},
    clock::{self, steady_ms},
    close::CloseCode,
    line::Line,
    memory::Memory,
    node_host::{from_point, long, short, to_point},
    talk::Talk,
    tasks::becomes,
};

/// How long a session sleeps when nothing woke it earlier.
const SLEEP_MAX: Duration = Duration::from_secs(10);

/// How a session went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// Both sides had told each other where to go on.
    Up,
    /// It ended before.
    Down,
}

/// One session.
pub(super) struct Session<'a> {
    shared: &'a Shared,
    pair: Pair,
    /// The other side as it has shown itself.
    other: Option<Other>,
    went: Went,
}

impl<'a> Session<'a> {
    pub(super) fn new(shared: &'a Shared, pair: Pair) -> Self {
        Self { shared, pair, other: None, went: Went::Down }
    }

    /// Talks until the connection ends.
    pub(super) async fn run(mut self, line: Line, ends: mpsc::Receiver<Farewell>) -> Went {
        let memory = &self.shared.memory;
        let realm = memory.realm();
        match memory.read(move |tx| hello(tx, realm)).await {
            Ok(hello) => {
                let conversation = Conversation::begin(hello, steady_ms(self.shared.begun));
                let mut talk = Talk::new(line, conversation, self.shared.begun);
                self.listen(&mut talk, ends).await;
                talk.line.finish(CloseCode::Done).await;
            }
            Err(error) => {
                tracing::warn!(%error, "a second copy could not be begun");
                line.finish(CloseCode::Trouble).await;
            }
        }
        self.went
    }

    async fn listen(&mut self, talk: &mut Talk<Conversation>, mut ends: mpsc::Receiver<Farewell>) {
        let shared = self.shared;
        let (mut journal, mut states) = (shared.memory.journal(), shared.memory.states());
        let mut stop = shared.signals.stop.clone();
        let key = talk.line.peer().key();
        let met_by = Instant::now() + HANDSHAKE_WAIT;
        // What has changed since the conversation began would not be seen to change.
        talk.tell(Input::JournalGrew(*journal.borrow_and_update()));
        if shared.pair(&key).is_err() {
            talk.tell(Input::End(Farewell::Ended));
        }
        loop {
            self.work_off(talk).await;
            if talk.finished.is_some() || talk.lost {
                return;
            }
            let wake = talk.wake.unwrap_or_else(|| Instant::now() + SLEEP_MAX);
            let reads = talk.reads();
            let input = tokio::select! {
                event = talk.line.event(reads) => {
                    talk.happened(event);
                    continue;
                }
                () = sleep_until(wake) => {
                    // Who was busy for long must not take its own silence for the other's.
                    if talk.line.has_arrivals(reads) {
                        continue;
                    }
                    talk.wake = None;
                    Input::Tick
                }
                () = sleep_until(met_by), if self.other.is_none() => Input::End(Farewell::Silence),
                Ok(()) = journal.changed() => Input::JournalGrew(*journal.borrow_and_update()),
                Ok(()) = states.changed() => match shared.pair(&key) {
                    Ok(_) => continue,
                    Err(_) => Input::End(Farewell::Ended),
                },
                Some(why) = ends.recv() => Input::End(why),
                () = becomes(&mut stop, true) => Input::End(Farewell::Leaving),
                // Whoever sends without end does not keep anything above from being looked at.
                () = ready(()), if !talk.outputs.is_empty() => continue,
            };
            talk.tell(input);
        }
    }

    /// Does what the conversation asks, in its order, up to the first piece of work for the memory.
    async fn work_off(&mut self, talk: &mut Talk<Conversation>) {
        while let Some(output) = talk.outputs.pop_front() {
            match output {
                Output::Send(frame) => talk.line.send(&frame),
                Output::Up => {
                    self.went = Went::Up;
                    let (machine, now_ms) = (self.pair.other, clock::now_ms());
                    let status = &self.shared.signals.status;
                    status.send_modify(|status| status.set(machine, true, now_ms));
                }
                Output::WakeAt(at_ms) => talk.wake_at(at_ms),
                Output::Close(why) => talk.finished = Some(why),
                // Waits for room on the line; nothing else waits behind it.
                Output::ReadJournal(_) if talk.line.is_full(Stream::Entries) => {
                    talk.parked.push_back(output);
                }
                Output::Meet(hello) => {
                    let copy = PeerCopy { node: self.pair.other, incarnation: hello.incarnation };
                    let cursors = hello.cursors.iter().map(from_point).collect();
                    self.other = Some(Other { copy, epoch: hello.epoch, cursors, goes_on: false });
                    return self.work(talk, Output::Meet(hello)).await;
                }
                work @ (Output::StoreAck(_) | Output::ReadJournal(_) | Output::StorePart(_)) => {
                    return self.work(talk, work).await;
                }
            }
        }
    }

    /// Does one piece of work in one transaction, and tells its result when that is durable.
    async fn work(&mut self, talk: &mut Talk<Conversation>, output: Output) {
        let Some(other) = self.other.clone() else {
            return talk.tell(Input::End(Farewell::Protocol));
        };
        let input = match talk.while_reading(self.done(other, output)).await {
            Ok(input) => input,
            Err(error) => {
                tracing::warn!(%error, "a second copy could not be kept");
                Some(Input::StorageFailed)
            }
        };
        if let (Some(Input::PartStored(_)), Some(other)) = (&input, &mut self.other) {
            // Where it does not go on, what came from it is forgotten with its first part.
            other.goes_on = true;
        }
        input.into_iter().for_each(|input| talk.tell(input));
    }

    async fn done(&self, other: Other, output: Output) -> Result<Option<Input>, StoreError> {
        let memory = &self.shared.memory;
        let input = match output {
            Output::Meet(_) => {
                let place = memory.read(move |tx| copies::place(tx, &other.copy)).await?;
                Input::Met(covered(&place))
            }
            Output::StoreAck(said) => {
                let (said, now_ms) = (place(&said), clock::now_ms());
                let note = move |tx: &mut Tx<'_>, _: &mut Registrar| {
                    copies::acknowledged(tx, &other.copy, &said, now_ms)
                };
                let agrees: Result<bool, StoreError> = memory.write(false, note).await;
                Input::AckStored { agrees: agrees? }
            }
            Output::ReadJournal(after) => {
                let after = place(&after);
                let read = move |tx: &mut Tx<'_>| copies::read(tx, &other, &after, BATCH_BYTES);
                Input::JournalRead(memory.read(read).await?.map(to_part))
            }
            Output::StorePart(part) => {
                let covered = part.covered;
                let taken = store(memory, other.copy, part).await?;
                if taken != Taken::default() {
                    Arc::clone(&self.shared.signals.arrived).notify_one();
                }
                Input::PartStored(covered)
            }
            Output::Send(_) | Output::Up | Output::WakeAt(_) | Output::Close(_) => {
                return Ok(None);
            }
        };
        Ok(Some(input))
    }
}

/// Stores a part and its place in one transaction; gives what is to be applied.
async fn store(memory: &Memory, from: PeerCopy, part: Part) -> Result<Taken, StoreError> {
    let brought = part.entries.iter().map(|pushed| pushed.bytes.clone()).collect();
    let ahead = ReadAhead::of(memory.realm(), brought).await;
    let (covered, now_ms) = (place(&part.covered), clock::now_ms());
    let pushed = |Pushed { number, bytes }| ledger::Pushed { number, bytes };
    let entries: Vec<ledger::Pushed> = part.entries.into_iter().map(pushed).collect();
    let write = move |tx: &mut Tx<'_>, registrar: &mut Registrar| {
        registrar.has_read(ahead);
        let imported = copies::take(tx, registrar, &from, (&entries, covered), now_ms)?;
        if imported.taken.statements {
            registrar.refold();
        }
        Ok::<_, StoreError>(imported.taken)
    };
    memory.write(false, write).await
}

/// What this node shows of itself.
fn hello(tx: &mut Tx<'_>, realm: Realm) -> Result<Hello, StoreError> {
    let facts = tx.facts()?;
    Ok(Hello {
        // Without the token, which is the relay's secret with this copy.
        epoch: facts.epoch,
        cursors: tx.cursors()?.iter().map(to_point).collect(),
        journal_head: facts.journal_head,
        ..Hello::bare(realm, facts.incarnation)
    })
}

fn place(covered: &Covered) -> Place {
    Place { through: covered.through, digest: long(&covered.digest) }
}

fn covered(place: &Place) -> Covered {
    Covered { through: place.through, digest: short(&place.digest) }
}

fn to_part(part: copies::Part) -> Part {
    let pushed = |entry: NodeEntry| Some(Pushed { number: entry.journal?, bytes: entry.bytes });
    let covered = covered(&part.covered);
    Part { entries: part.entries.into_iter().filter_map(pushed).collect(), covered }
}
