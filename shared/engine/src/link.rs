//! A node's link: dials for ever, runs the conversation, says how it stands.

mod forecast;
mod reports;
mod status;
mod target;

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use hoso_identity::Incarnation;
use hoso_store::{
    StoreError, link,
    rules::{
        intake::Taken,
        recheck::{self, Wish},
    },
    tables::JournalTables,
    writer::Tx,
};
use hoso_sync::{
    frame::{MINOR_SCANS, Stream},
    node::{Conversation, Input, Output},
    redial::Redial,
};
use tokio::{
    net::lookup_host,
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout},
};

use self::reports::Reports;
pub use self::{
    forecast::{Forecast, Waiting},
    status::{LinkStatus, State},
    target::Target,
};

use crate::{
    admission::{ReadAhead, Registrar},
    clock::{self, Reading, steady_ms},
    close::CloseCode,
    endpoint::{Endpoint, HandshakeError},
    frames::{FrameError, WireBytes},
    line::{Event, Line},
    memory::Memory,
    node_host::{self, Done, Moment, Undone},
    scans::{Depot, carry},
    secret,
    talk::Talk,
    tasks::becomes,
};

/// How long one dial may take.
const DIAL_WAIT: Duration = Duration::from_secs(10);

/// What the link shares with the rest of the node.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Changed after dossiers were applied.
    pub applied: watch::Receiver<u64>,
    /// Turns true when the program stops.
    pub stop: watch::Receiver<bool>,
    /// Woken when entries have come that are to be applied.
    pub arrived: Arc<Notify>,
    /// How the link stands.
    pub status: watch::Sender<LinkStatus>,
}

/// Why one session ended.
#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error("the address of the relay is not known")]
    Address(#[source] std::io::Error),
    #[error("the relay did not answer in time")]
    TooSlow,
    #[error("this machine has no way to the relay: cable, switch or router")]
    NoWay(#[source] std::io::Error),
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the system gives no random bytes: {0}")]
    Chance(std::io::Error),
}

/// The link of one node.
#[derive(Debug)]
pub struct Link {
    endpoint: Endpoint,
    target: Target,
    memory: Memory,
    signals: Signals,
    wire: WireBytes,
    /// The files of scans, if they are carried.
    scans: Option<Depot>,
    /// The minor version of the session.
    minor: u16,
    /// The head of the own journal, by a receiver that has seen none of its changes.
    journal: watch::Receiver<u64>,
    /// Whether the link is wanted.
    wanted: watch::Receiver<bool>,
    redial: Redial,
    /// Where the conversation's time begins: it must not jump with the wall clock.
    begun: Instant,
}

impl Link {
    /// A link over this endpoint.
    #[must_use]
    pub fn new(
        endpoint: Endpoint,
        target: Target,
        memory: Memory,
        signals: Signals,
        wire: WireBytes,
    ) -> Self {
        let (redial, begun) = (Redial::default(), Instant::now());
        let (journal, wanted) = (memory.journal(), memory.link_wanted());
        let (scans, minor) = (None, 0);
        Self {
            endpoint,
            target,
            memory,
            signals,
            wire,
            scans,
            minor,
            journal,
            wanted,
            redial,
            begun,
        }
    }

    /// With scans.
    #[must_use]
    pub fn with_scans(self, scans: Depot) -> Self {
        Self { scans: Some(scans), ..self }
    }

    /// Carries scans beside this conversation, if the relay takes any.
    fn carry_scans(&self, talk: &mut Talk<Conversation>) {
        let knows = self.minor >= MINOR_SCANS && talk.scans.is_empty();
        if let Some(depot) = self.scans.clone().filter(|_| knows) {
            let news = [self.journal.clone(), self.signals.applied.clone()];
            let (peer, status) = (talk.line.peer().clone(), self.signals.status.clone());
            talk.scans.spawn(carry(depot, peer, self.wire.clone(), news, status));
        }
    }

    /// Runs until the program stops.
    pub async fn run(mut self) {
        self.dial_for_ever().await;
        self.endpoint.close(CloseCode::Stopping);
        // The relay notices by itself when it cannot be told in time.
        drop(timeout(Duration::from_secs(1), self.endpoint.closed()).await);
    }

    async fn dial_for_ever(&mut self) {
        loop {
            if *self.signals.stop.borrow() {
                break;
            }
            if !*self.wanted.borrow() {
                self.set(State::Off).await;
                let (wanted, stop) = (&mut self.wanted, &mut self.signals.stop);
                tokio::select! {
                    () = becomes(wanted, true) => {}
                    () = becomes(stop, true) => {}
                }
                self.redial.hurry();
                continue;
            }
            self.set(State::Down).await;
            if let Err(error) = self.session().await {
                tracing::debug!(%error, "no link");
                let in_vain = matches!(error, SessionError::TooSlow);
                let why = error.to_string();
                self.signals.status.send_modify(|status| {
                    status.unanswered =
                        if in_vain { status.unanswered.saturating_add(1) } else { 0 };
                    status.error = Some(why);
                });
            }
            self.pause().await;
        }
    }

    /// Waits before the next dial, unless the link is switched or the program stops.
    async fn pause(&mut self) {
        self.set(State::Down).await;
        let chance = secret::chance().map_or(0, u64::from_le_bytes);
        let wait_ms = self.redial.down(steady_ms(self.begun), chance);
        let (wanted, stop) = (&mut self.wanted, &mut self.signals.stop);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
            Ok(()) = wanted.changed() => {}
            () = becomes(stop, true) => {}
        }
    }

    /// Sets the state; the time only when it changes. It is remembered over restarts.
    async fn set(&self, state: State) {
        let wanted = *self.wanted.borrow();
        let state = if state == State::Down && !wanted { State::Off } else { state };
        let since_ms = clock::now_ms();
        let changed = self.signals.status.send_if_modified(|status| {
            let changed = status.state != state;
            if changed {
                (status.state, status.since_ms) = (state, since_ms);
                status.healing &= state == State::Up;
                status.forecast = Forecast::default();
                status.scans_without_room = 0;
            }
            changed
        });
        if changed {
            let change =
                move |tx: &mut Tx<'_>, _: &mut Registrar| link::changed(tx, state.code(), since_ms);
            if let Err(error) = self.memory.write(false, change).await {
                tracing::warn!(%error, "how the link stands could not be kept");
            }
        }
    }

    fn is_up(&self) -> bool {
        self.signals.status.borrow().state == State::Up
    }

    /// Notes what is read when somebody asks, and wakes nobody for it.
    fn note(&self, change: impl FnOnce(&mut LinkStatus)) {
        self.signals.status.send_if_modified(|status| {
            change(status);
            false
        });
    }

    async fn dial(&self) -> Result<Line, SessionError> {
        let mut last = SessionError::TooSlow;
        let (addresses, relay) = self.target.today(&self.memory.state());
        let pinned = [relay];
        for name in &addresses {
            let found = match timeout(DIAL_WAIT, lookup_host(name)).await {
                Ok(Ok(found)) => found.collect::<Vec<SocketAddr>>(),
                Ok(Err(error)) => {
                    last = SessionError::Address(error);
                    continue;
                }
                Err(_) => continue,
            };
            for address in found {
                let dialling = self.endpoint.dial(address, &pinned);
                match timeout(DIAL_WAIT, dialling).await {
                    Ok(Ok(peer)) => return Ok(Line::open(peer, self.wire.clone()).await?),
                    Ok(Err(error)) => last = error.into(),
                    Err(_) => last = way_to(address).err().unwrap_or(SessionError::TooSlow),
                }
            }
        }
        Err(last)
    }

    /// Dials and talks until the connection ends.
    async fn session(&mut self) -> Result<(), SessionError> {
        let mut stop = self.signals.stop.clone();
        let mut wanted = self.wanted.clone();
        let line = tokio::select! {
            line = self.dial() => line?,
            () = becomes(&mut stop, true) => return Ok(()),
            () = becomes(&mut wanted, false) => return Ok(()),
        };
        let realm = self.memory.realm();
        let now_ms = clock::now_ms();
        let mut hello = self.memory.read(move |tx| node_host::hello(tx, realm, now_ms)).await?;
        hello.quiet_ms = self.endpoint.idling().quiet_ms();
        let conversation = Conversation::begin(hello, steady_ms(self.begun));
        self.talk(Talk::new(line, conversation, self.begun)).await
    }

    async fn talk(&mut self, mut talk: Talk<Conversation>) -> Result<(), SessionError> {
        let mut report = tokio::time::interval(reports::LOOK_EVERY);
        let Signals { mut applied, mut stop, .. } = self.signals.clone();
        let (mut journal, mut wanted) = (self.journal.clone(), self.wanted.clone());
        let mut reports = Reports::over(self.endpoint.idling());
        loop {
            self.work_off(&mut talk).await?;
            if let Some(why) = talk.finished {
                self.set(State::Down).await;
                self.signals.status.send_modify(|status| status.farewell = Some(why));
                talk.line.finish(CloseCode::Done).await;
                return Ok(());
            }
            if talk.lost {
                return Ok(());
            }
            let (wake, reads) =
                (talk.wake.unwrap_or_else(|| Instant::now() + DIAL_WAIT), talk.reads());
            let input = tokio::select! {
                event = talk.line.event(reads) => {
                    let is_frame = matches!(event, Event::Frame(_));
                    talk.happened(event);
                    if is_frame {
                        reports.heard();
                        self.note(|status| status.heard_ms = Some(talk.heard_ms));
                    }
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
                Ok(()) = journal.changed() => Input::JournalGrew(*journal.borrow_and_update()),
                Ok(()) = applied.changed() => self.memory.read(|tx| node_host::applied(tx)).await?,
                _ = report.tick(), if self.is_up() => {
                    let due = self.memory.read(|tx| tx.facts()).await?;
                    if recheck::wish(&due, clock::now_ms()) == Some(Wish::Week) {
                        talk.tell(Input::CheckDue);
                    }
                    match reports.made(self).await? {
                        Some(report) => Input::Report(report),
                        None => continue,
                    }
                }
                () = becomes(&mut wanted, false) => Input::Stop,
                () = becomes(&mut stop, true) => Input::Stop,
            };
            talk.tell(input);
        }
    }

    /// Does what the conversation asks, in its order, until it asks for nothing or the line is
    /// full.
    async fn work_off(&mut self, talk: &mut Talk<Conversation>) -> Result<(), SessionError> {
        while let Some(output) = talk.outputs.pop_front() {
            if let Output::StoreWelcome(welcome) = &output {
                self.minor = welcome.minor;
            }
            match output {
                Output::Send(frame) => talk.line.send(&frame),
                Output::Heal => {
                    self.signals.status.send_modify(|status| status.healing = true);
                    self.set(State::Up).await;
                }
                Output::Up => {
                    self.redial.up(steady_ms(self.begun));
                    self.signals.status.send_modify(|status| {
                        (status.farewell, status.error) = (None, None);
                        status.unanswered = 0;
                        status.healing = false;
                    });
                    self.set(State::Up).await;
                    let input = self.memory.read(|tx| node_host::applied(tx)).await?;
                    talk.tell(input);
                    self.carry_scans(talk);
                }
                Output::WakeAt(at_ms) => talk.wake_at(at_ms),
                Output::Close(why) => talk.finished = Some(why),
                // Waits for room on the line; nothing else waits behind it.
                Output::ReadJournal { .. } if talk.line.is_full(Stream::Entries) => {
                    talk.parked.push_back(output);
                }
                Output::ReadClaims(_) if talk.line.is_full(Stream::Healing) => {
                    talk.parked.push_back(output);
                }
                work @ (Output::StoreWelcome(_)
                | Output::ReadJournal { .. }
                | Output::StorePage(_)
                | Output::StoreAck(_)
                | Output::StoreDelivered(_)
                | Output::SetRows { .. }
                | Output::ReadListing(_)
                | Output::ReadHeld { .. }
                | Output::StoreHealed(..)
                | Output::ReadClaims(_)
                | Output::StoreClaimed(..)
                | Output::FinishHealing { .. }
                | Output::Renew
                | Output::Diverge) => self.work(talk, work).await?,
            }
        }
        let sent = talk.conversation.sent_through();
        self.signals.status.send_if_modified(|status| {
            let more = sent > status.sent_through;
            status.sent_through = status.sent_through.max(sent);
            more
        });
        Ok(())
    }

    /// Does one piece of work in one transaction, and tells its result when that is durable.
    async fn work(
        &self,
        talk: &mut Talk<Conversation>,
        output: Output,
    ) -> Result<(), SessionError> {
        if let Output::StoreWelcome(welcome) = &output {
            let times = [clock::now_ms(), welcome.clock_ms];
            let [here, there] = times.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
            self.note(|status| {
                status.clock_skew_ms = here.saturating_sub(there);
                status.measured = Reading::now();
            });
        }
        let acknowledges = matches!(output, Output::StoreAck(_));
        let heals = matches!(output, Output::FinishHealing { .. });
        let renumbers =
            matches!(&output, Output::FinishHealing { welcome, .. } if welcome.renumber);
        let brought = if let Output::StoreHealed(entries, _) = &output { entries.len() } else { 0 };
        let brought = u64::try_from(brought).unwrap_or(u64::MAX);
        let incarnation = Incarnation(secret::chance().map_err(SessionError::Chance)?);
        let moment = Moment { now_ms: clock::now_ms(), incarnation };
        match talk.while_reading(self.done(output, moment)).await {
            Ok(done) => {
                if done.taken != Taken::default() {
                    self.signals.arrived.notify_one();
                }
                if brought > 0 {
                    self.signals.status.send_modify(|status| {
                        status.healed_entries = status.healed_entries.saturating_add(brought);
                    });
                }
                if acknowledges {
                    let at_ms = Some(moment.now_ms);
                    self.signals.status.send_modify(|status| status.acknowledged_ms = at_ms);
                }
                if heals {
                    self.signals.status.send_modify(|status| {
                        status.healed = status.healed.saturating_add(1);
                        if renumbers {
                            status.sent_through = 0;
                        }
                    });
                }
                done.input.into_iter().for_each(|input| talk.tell(input));
            }
            Err(undone) => {
                tracing::warn!(?undone, "what came could not be taken");
                talk.tell(node_host::told(&undone));
            }
        }
        Ok(())
    }

    async fn done(&self, output: Output, moment: Moment) -> Result<Done, Undone<StoreError>> {
        if node_host::only_reads(&output) {
            let mut registrar = Registrar::new(self.memory.state(), self.memory.realm());
            let read = move |tx: &mut Tx<'_>| node_host::work(tx, &mut registrar, output, moment);
            return self.memory.read(read).await;
        }
        let acknowledges = matches!(output, Output::StoreAck(_));
        let heals = matches!(output, Output::FinishHealing { .. });
        let ahead = ReadAhead::of(self.memory.realm(), node_host::brought(&output)).await;
        let write = move |tx: &mut Tx<'_>, registrar: &mut Registrar| {
            registrar.has_read(ahead);
            let done = node_host::work(tx, registrar, output, moment)?;
            if acknowledges {
                link::acknowledged(tx, moment.now_ms)?;
            }
            if heals {
                link::healed(tx)?;
            }
            if done.taken.statements {
                registrar.refold();
            }
            Ok(done)
        };
        self.memory.write(false, write).await
    }
}

/// Whether this machine has a way to the address; sends nothing.
fn way_to(address: SocketAddr) -> Result<(), SessionError> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let found = UdpSocket::bind(any).and_then(|socket| socket.connect(address));
    found.map_err(SessionError::NoWay)
}
