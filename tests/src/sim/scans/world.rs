//! Virtual time, lines of bounded rate, and what happens at whom.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    time::Duration,
};

use hoso_engine::scans::{queue::Queue, rules};
use hoso_identity::{DocumentId, PayloadHash, Scope, UnitId};
use hoso_sync::scan::{Frame, Named};
use tokio::time::Instant;

use super::{
    faults::{Fault, Planted},
    office::Office,
    relay::Relay,
    streams::Stream,
};
use crate::sim::dice::Dice;

/// Offices of the province.
pub const OFFICES: usize = 3;
/// Dossiers.
const DOSSIERS: usize = 5;
/// Bytes of an edit on the line.
const EDIT_BYTES: u64 = 400;
/// Bytes that every frame takes more on the line.
const FRAME_BYTES: u64 = 40;
/// Milliseconds after which one who has no line tries again.
pub(super) const REDIAL_MS: u64 = 400;
/// Bytes of a group, the least by which a scan goes on.
pub(super) const GROUP: u64 = 16 * 1024;

/// Which scan of which dossier.
pub type Of = (DocumentId, PayloadHash);

/// What happens at some time.
#[derive(Clone, Debug)]
pub enum Event {
    /// An office dials, unless it has a line.
    Dial {
        /// Which.
        node: usize,
    },
    /// A machine starts again; the relay is the one after the offices.
    Start {
        /// Which.
        place: usize,
    },
    /// An office looks what there is to do.
    Look {
        /// Which.
        node: usize,
        /// The number of this look: a newer one replaces it.
        look: u64,
    },
    /// A frame of a stream arrives.
    Frame {
        /// Which stream.
        stream: u64,
        /// At the relay's end, or at the office's.
        at_relay: bool,
        /// It.
        frame: Box<Frame>,
    },
    /// An end learns that the other one has given the stream up.
    Ended {
        /// Which stream.
        stream: u64,
        /// At the relay's end, or at the office's.
        at_relay: bool,
    },
    /// The relay's news arrive at an office.
    News {
        /// Which.
        node: usize,
        /// In which session.
        session: u64,
        /// What.
        frame: Box<Frame>,
    },
    /// Somebody brings a scan.
    Attach {
        /// At which office.
        node: usize,
    },
    /// An office attaches again what it had detached.
    Again {
        /// Which.
        node: usize,
        /// What.
        of: Of,
    },
    /// An office hears what a dossier names, or names no more.
    Learn {
        /// Which.
        node: usize,
        /// What.
        of: Of,
        /// Its size, as the dossier says; none: no more.
        size: Option<u64>,
        /// The number of that change.
        version: u32,
    },
    /// An edit goes over a line, in some direction.
    Edit {
        /// Of which office.
        node: usize,
    },
    /// The relay's database is backed up.
    Backup,
    /// Something goes wrong.
    Fault(Fault),
}

/// The line of an office.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Bytes of a millisecond.
    pub rate: u64,
    /// Milliseconds that a byte is on the way.
    pub latency: u64,
    /// When everything that was sent has left, upwards and downwards.
    free: [u64; 2],
    /// Until when nothing goes.
    pub cut_until: u64,
}

/// Everything.
pub struct World {
    /// Milliseconds since the beginning.
    pub now: u64,
    base: Instant,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    order: u64,
    /// Chance.
    pub dice: Dice,
    /// The offices.
    pub offices: Vec<Office>,
    /// The province.
    pub relay: Relay,
    /// The line of each office.
    pub lines: Vec<Line>,
    /// Which offices read each dossier.
    pub dossiers: BTreeMap<DocumentId, Vec<usize>>,
    /// What each scan is in truth.
    pub truth: BTreeMap<PayloadHash, Vec<u8>>,
    /// The number of the last change of what a dossier names.
    pub versions: BTreeMap<Of, u32>,
    /// Scans on their way.
    pub streams: BTreeMap<u64, Stream>,
    /// Files that are not what the database says, because a fault made them so.
    pub spoiled: BTreeSet<(usize, PayloadHash)>,
    /// How often each scan was wished for by an office.
    pub asked: BTreeMap<(usize, Of), u32>,
    /// Whether a bit of the next group turns on its way.
    pub turns_next: bool,
    /// What was planted.
    pub planted: Option<Planted>,
    /// How often each fault struck.
    pub fired: BTreeMap<Fault, u32>,
    /// What did not hold.
    pub broken: Vec<String>,
    /// Whether things go wrong.
    pub storm: bool,
    next: u64,
}

impl World {
    /// A province whose offices dial just now.
    #[must_use]
    pub fn new(seed: u64, planted: Option<Planted>) -> Self {
        let mut dice = Dice::new(seed.rotate_left(29));
        let lines = (0..OFFICES).map(|_| Line {
            rate: dice.between(30, 260),
            latency: dice.between(5, 200),
            free: [0; 2],
            cut_until: 0,
        });
        let lines: Vec<Line> = lines.collect();
        let office = |_| Office { bytes_max: u64::MAX, ..Office::default() };
        let mut relay = Relay::default();
        relay.tables.links_stay = planted == Some(Planted::NamedAgainUnheard);
        let mut dossiers = BTreeMap::new();
        for _ in 0..DOSSIERS {
            let document = DocumentId(dice.bytes());
            let mut readers: Vec<usize> = (0..OFFICES).filter(|_| dice.percent(70)).collect();
            if readers.len() < 2 {
                readers = vec![0, 1];
            }
            let audience = readers.iter().map(|node| scope(*node)).collect();
            relay.tables.audiences.insert(document, audience);
            dossiers.insert(document, readers);
        }
        let mut world = Self {
            now: 0,
            base: Instant::now(),
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            order: 0,
            dice,
            offices: (0..OFFICES).map(office).collect(),
            relay,
            lines,
            dossiers,
            truth: BTreeMap::new(),
            versions: BTreeMap::new(),
            streams: BTreeMap::new(),
            spoiled: BTreeSet::new(),
            asked: BTreeMap::new(),
            turns_next: false,
            planted,
            fired: BTreeMap::new(),
            broken: Vec::new(),
            storm: true,
            next: 0,
        };
        world.redial(1);
        world
    }

    /// Something happens after so many milliseconds.
    pub fn at(&mut self, after: u64, event: Event) {
        self.order += 1;
        self.queue.push(Reverse((self.now + after, self.order)));
        self.events.insert(self.order, event);
    }

    /// Now, as the shipped code reads it.
    #[must_use]
    pub fn instant(&self) -> Instant {
        self.base + Duration::from_millis(self.now)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Lets things happen until that time.
    pub fn run_until(&mut self, end: u64) {
        while let Some(Reverse((at, order))) = self.queue.peek().copied() {
            if at > end || !self.broken.is_empty() {
                break;
            }
            self.queue.pop();
            self.now = at;
            if let Some(event) = self.events.remove(&order) {
                self.happen(event);
            }
        }
        self.now = self.now.max(end);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Dial { node } => self.dial(node),
            Event::Start { place } => self.start(place),
            Event::Look { node, look } if self.offices[node].look == look => self.look(node),
            Event::Look { .. } => {}
            Event::Frame { stream, at_relay, frame } => self.heard(stream, at_relay, *frame),
            Event::Ended { stream, at_relay } => self.ended(stream, at_relay),
            Event::News { node, session, frame } => self.news(node, session, &frame),
            Event::Attach { node } => self.attach(node),
            Event::Again { node, of } => self.again(node, of),
            Event::Learn { node, of, size, version } => self.learn(node, of, size, version),
            Event::Edit { node } => self.edit(node),
            Event::Backup => self.relay.backup = Some(self.relay.tables.clone()),
            Event::Fault(fault) => self.strike(fault),
        }
    }

    /// After how many milliseconds so many bytes arrive that are sent now.
    pub(super) fn carry(&mut self, node: usize, up: bool, bytes: u64) -> u64 {
        let line = &mut self.lines[node];
        let free = &mut line.free[usize::from(up)];
        *free = (*free).max(self.now) + (bytes + FRAME_BYTES).div_ceil(line.rate);
        *free - self.now + line.latency
    }

    /// An edit goes over the line: it may find what the window of two scans holds before it, and
    /// no more.
    fn edit(&mut self, node: usize) {
        let up = self.dice.percent(50);
        let took = self.carry(node, up, EDIT_BYTES);
        let line = self.lines[node];
        let held = line.rate * (2 * line.latency + 4 * GROUP / line.rate);
        let bound = line.latency + (2 * held.max(2 * GROUP) + 4 * GROUP) / line.rate;
        if took > bound {
            self.broken.push(format!("an edit waited {took} ms behind scans, not {bound}"));
        }
    }

    fn dial(&mut self, node: usize) {
        if self.offices[node].session.is_some() {
            return;
        }
        let is_cut = self.lines[node].cut_until > self.now;
        if is_cut || self.offices[node].down || self.relay.down {
            return self.at(REDIAL_MS, Event::Dial { node });
        }
        let session = self.number();
        let epoch = self.relay.epoch;
        let office = &mut self.offices[node];
        office.session = Some(session);
        office.queue = Queue::planted(self.planted == Some(Planted::AskedForEver));
        if office.tables.epoch != epoch {
            office.tables.epoch = epoch;
            if self.planted != Some(Planted::OldLifeTrusted) {
                office.tables.named.values_mut().for_each(|named| named.placed = false);
                let mut told = std::mem::take(&mut office.tables.told);
                office.tables.gone.append(&mut told);
            }
        }
        self.look(node);
    }

    pub(super) fn redial(&mut self, after: u64) {
        (0..self.offices.len()).for_each(|node| self.at(after, Event::Dial { node }));
    }

    /// The line of an office ends with all that is on it.
    pub(super) fn cut(&mut self, node: usize) {
        self.offices[node].session = None;
        self.lines[node].free = [0; 2];
        let of = |stream: &Stream| stream.node == node;
        let numbers: Vec<u64> =
            self.streams.iter().filter(|(_, stream)| of(stream)).map(|(one, _)| *one).collect();
        numbers.into_iter().for_each(|stream| self.forget(stream));
    }

    pub(super) fn end_all(&mut self) {
        (0..self.offices.len()).for_each(|node| self.cut(node));
    }

    pub(super) fn is_busy(&self, node: usize) -> bool {
        self.streams.values().any(|stream| stream.node == node)
    }

    fn start(&mut self, place: usize) {
        match self.offices.get_mut(place) {
            Some(office) => {
                office.down = false;
                office.sweep();
                self.at(1, Event::Dial { node: place });
            }
            None => {
                self.relay.down = false;
                self.relay.sweep();
                self.redial(1);
            }
        }
    }

    /// Begins what there is to do.
    pub(super) fn look(&mut self, node: usize) {
        let now = self.instant();
        let office = &mut self.offices[node];
        if office.session.is_none() || office.down {
            return;
        }
        let errands = office.tables.errands(office.queue.limit());
        let begun = office.queue.begin(now, errands);
        let wait = office.queue.wait(now).as_millis();
        office.look += 1;
        let look = office.look;
        self.at(u64::try_from(wait).unwrap_or(u64::MAX).max(1), Event::Look { node, look });
        for errand in begun {
            self.open(node, errand);
        }
    }

    fn news(&mut self, node: usize, session: u64, frame: &Frame) {
        let office = &mut self.offices[node];
        if office.session != Some(session) {
            return;
        }
        office.queue.told(frame);
        if let Frame::Lack(Named { document, blob, .. }) = frame
            && office.tables.is_held(blob)
        {
            office.tables.lack((*document, *blob));
        }
        self.look(node);
    }

    /// The relay tells all offices that are there and may know.
    pub(super) fn tell(&mut self, named: Named, (is_here, of_all): (bool, bool)) {
        for node in 0..self.offices.len() {
            let of = (&named.document, &named.blob);
            let Ok(told) = rules::told(&mut self.relay.tables, &[scope(node)], of, of_all);
            if let (Some(document), Some(session)) = (told, self.offices[node].session) {
                let bytes = if is_here && of_all { named.bytes } else { 0 };
                let named = Named { document, bytes, ..named };
                let frame = if is_here { Frame::Here(named) } else { Frame::Lack(named) };
                let after = self.carry(node, false, frame.encode().len() as u64);
                self.at(after, Event::News { node, session, frame: Box::new(frame) });
            }
        }
    }

    /// Everything works again.
    pub fn calm_down(&mut self) {
        self.storm = false;
        self.turns_next = false;
        self.lines.iter_mut().for_each(|line| line.cut_until = 0);
        self.offices.iter_mut().for_each(|office| office.dies_after = None);
        self.relay.dies_after = None;
    }
}

/// The unit of an office.
#[must_use]
pub fn unit(node: usize) -> UnitId {
    UnitId(u16::try_from(node + 1).unwrap_or(u16::MAX))
}

/// What an office reads.
#[must_use]
pub fn scope(node: usize) -> Scope {
    Scope::Unit(unit(node))
}
