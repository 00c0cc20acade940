//! How one scan travels: what either end does with what it hears.

use std::time::Duration;

use hoso_engine::scans::{
    pace,
    rules::{self, Giver, Offered, ScanTables, Wished},
};
use hoso_identity::PayloadHash;
use hoso_store::attachments::{Errand, Purpose};
use hoso_sync::scan::{
    Frame, GROUP_BYTES, Group, Hashes, Named, Outline, Refusal, SCAN_BYTES_MAX, Through, Why,
};

use super::{
    arriving::Coming,
    faults::{Fault, Planted},
    world::{Event, World, scope, unit},
};

/// Bytes of the window under which the lines here are: a frame is sent again here, so that none
/// is behind another one for long.
const WINDOW: u64 = GROUP_BYTES;

/// What an end is doing.
#[derive(Debug)]
pub(super) enum Role {
    /// The office waits for the first answer.
    Asking,
    /// The relay waits for the first frame.
    Listening,
    /// The relay waits for what proves the scan that it takes from there on.
    Awaiting(Named, u64),
    Giving(Giving),
    Taking(Coming),
    Over,
}

/// A scan that is given.
#[derive(Debug)]
pub(super) struct Giving {
    hash: PayloadHash,
    at: u64,
    came: u64,
}

/// A scan on its way.
#[derive(Debug)]
pub struct Stream {
    /// Of which office.
    pub node: usize,
    errand: Errand,
    office: Role,
    relay: Role,
    /// What the relay keeps others from bringing meanwhile.
    reserved: Option<PayloadHash>,
}

impl Stream {
    pub(super) fn role(&mut self, at_relay: bool) -> &mut Role {
        if at_relay { &mut self.relay } else { &mut self.office }
    }
}

impl World {
    /// An office opens a stream for an errand, unless it has just died over the one before.
    pub(super) fn open(&mut self, node: usize, errand: Errand) {
        if self.offices[node].session.is_none() {
            return;
        }
        let (document, blob) = (errand.document, errand.blob);
        let named = |bytes| Named { document, blob, bytes };
        let frame = match errand.purpose {
            Purpose::Offer => Frame::Offer(named(errand.size)),
            Purpose::Unname => Frame::Unname(named(0)),
            Purpose::Wish => {
                *self.asked.entry((node, (document, blob))).or_default() += 1;
                self.offices[node].coming.insert(blob);
                Frame::Wish(named(errand.held - errand.held % GROUP_BYTES))
            }
        };
        let (office, relay) = (Role::Asking, Role::Listening);
        let number = self.number();
        let stream = Stream { node, errand, office, relay, reserved: None };
        self.streams.insert(number, stream);
        self.say(number, false, frame);
    }

    /// A stream is over with what it held.
    pub(super) fn forget(&mut self, number: u64) {
        if let Some(stream) = self.streams.remove(&number) {
            if stream.errand.purpose == Purpose::Wish {
                self.offices[stream.node].coming.remove(&stream.errand.blob);
            }
            if let Some(hash) = stream.reserved {
                self.relay.coming.remove(&hash);
            }
        }
    }

    /// Sends a frame from an end, unless it dies before.
    pub(super) fn say(&mut self, number: u64, from_relay: bool, mut frame: Frame) {
        let Some(stream) = self.streams.get(&number) else { return };
        let (node, place) = (stream.node, self.place(stream.node, from_relay));
        if self.dies(place) {
            return;
        }
        if let Frame::Group(Group { bytes }) = &mut frame
            && std::mem::take(&mut self.turns_next)
        {
            let at = self.dice.place(bytes.len());
            bytes[at] ^= 1;
            self.fire(Fault::WrongBytes);
        }
        let after = self.carry(node, !from_relay, frame.encode().len() as u64);
        let (at_relay, frame) = (!from_relay, Box::new(frame));
        self.at(after, Event::Frame { stream: number, at_relay, frame });
    }

    pub(super) fn place(&self, node: usize, at_relay: bool) -> usize {
        if at_relay { self.offices.len() } else { node }
    }

    /// An end gives the stream up; the other one hears of that.
    pub(super) fn give_up(&mut self, number: u64, at_relay: bool) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        *stream.role(at_relay) = Role::Over;
        let (node, errand) = (stream.node, stream.errand);
        let after = self.carry(node, !at_relay, 0);
        self.at(after, Event::Ended { stream: number, at_relay: !at_relay });
        if at_relay {
            self.release(number);
        } else {
            self.failed(node, &errand, false);
        }
    }

    pub(super) fn release(&mut self, number: u64) {
        let reserved = self.streams.get_mut(&number).and_then(|stream| stream.reserved.take());
        if let Some(hash) = reserved {
            self.relay.coming.remove(&hash);
        }
    }

    /// The other end has given the stream up.
    pub(super) fn ended(&mut self, number: u64, at_relay: bool) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        let (node, errand) = (stream.node, stream.errand);
        let is_over = matches!(stream.role(at_relay), Role::Over);
        self.forget(number);
        if !at_relay && !is_over {
            self.failed(node, &errand, false);
        }
    }

    fn failed(&mut self, node: usize, errand: &Errand, busy: bool) {
        let (now, age) = (self.instant(), self.now.saturating_sub(errand.since_ms));
        let office = &mut self.offices[node];
        office.queue.failed(now, errand, Duration::from_millis(age), busy);
        office.coming.remove(&errand.blob);
        self.look(node);
    }

    /// The office's errand has come to its end.
    pub(super) fn done(&mut self, number: u64) {
        let Some(stream) = self.streams.get(&number) else { return };
        let (node, errand) = (stream.node, stream.errand);
        self.forget(number);
        let of = (errand.document, errand.blob);
        let office = &mut self.offices[node];
        match errand.purpose {
            Purpose::Unname => {
                if office.tables.gone.remove(&of) {
                    office.tables.told.insert(of);
                }
            }
            Purpose::Offer | Purpose::Wish => {
                if let Some(named) = office.tables.named.get_mut(&of) {
                    named.placed = true;
                }
            }
        }
        if errand.purpose == Purpose::Wish {
            office.make_room(&errand.blob);
        }
        office.queue.done(&errand);
        self.look(node);
    }

    /// A frame has arrived at an end.
    pub(super) fn heard(&mut self, number: u64, at_relay: bool, frame: Frame) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        let role = std::mem::replace(stream.role(at_relay), Role::Over);
        let (node, errand) = (stream.node, stream.errand);
        match (role, frame) {
            (Role::Over, _) => {}
            (Role::Giving(giving), Frame::Took(Through { bytes })) => {
                self.came(number, at_relay, giving, bytes);
            }
            (Role::Taking(coming), Frame::Group(Group { bytes })) => {
                self.group(number, at_relay, coming, bytes);
            }
            (Role::Listening, Frame::Offer(named)) => self.offered(number, named),
            (Role::Listening, Frame::Wish(named)) => self.wished(number, named),
            (Role::Listening, Frame::Unname(named)) => self.unnamed(number, named),
            (Role::Awaiting(named, from), Frame::Outline(shown)) => {
                let of = (named.document, named.blob);
                self.begin(number, true, &shown, (of, named.bytes, from));
            }
            (Role::Asking, Frame::Outline(shown)) => {
                let from = errand.held - errand.held % GROUP_BYTES;
                let of = (errand.document, errand.blob);
                self.begin(number, false, &shown, (of, errand.size, from));
            }
            (Role::Asking, Frame::Take(Through { bytes })) if bytes < errand.size => {
                self.give(number, false, errand.blob, bytes);
            }
            (Role::Asking, Frame::Take(_) | Frame::Took(_)) => self.done(number),
            (Role::Asking | Role::Giving(_), Frame::Refuse(Refusal { why })) if !at_relay => {
                self.forget(number);
                self.failed(node, &errand, why == Why::Busy);
            }
            (role, frame) => {
                self.broken.push(format!("{frame:?} came out of place to {role:?}"));
            }
        }
    }

    fn offered(&mut self, number: u64, named: Named) {
        let Named { document, blob, bytes: size } = named;
        let Some(node) = self.streams.get(&number).map(|stream| stream.node) else { return };
        if size > SCAN_BYTES_MAX {
            return self.refuse(number, Why::Size);
        }
        if !self.relay.coming.insert(blob) {
            return self.refuse(number, Why::Busy);
        }
        if let Some(stream) = self.streams.get_mut(&number) {
            stream.reserved = Some(blob);
        }
        let giver = Giver { unit: unit(node), scopes: vec![scope(node)], bytes_max: u64::MAX };
        let tables = &mut self.relay.tables;
        let Ok(offered) = rules::offered(tables, &giver, (document, blob, size), self.now);
        let from = match offered {
            Offered::From(from) => from,
            Offered::Here => size,
            Offered::Prove => 0,
            Offered::Audience => return self.refuse(number, Why::Audience),
            Offered::Room => return self.refuse(number, Why::Room),
        };
        if let Some(stream) = self.streams.get_mut(&number) {
            stream.relay = if from < size { Role::Awaiting(named, from) } else { Role::Over };
        }
        if from >= size {
            self.tell(named, (true, false));
        }
        self.say(number, true, Frame::Take(Through { bytes: from }));
        if from >= size {
            self.release(number);
        }
    }

    fn wished(&mut self, number: u64, named: Named) {
        let Named { document, blob, bytes: from } = named;
        let Some(node) = self.streams.get(&number).map(|stream| stream.node) else { return };
        let tables = &mut self.relay.tables;
        let Ok(wished) = rules::wished(tables, &[scope(node)], (&document, &blob));
        match wished {
            Wished::Audience => self.refuse(number, Why::Audience),
            Wished::Missing => self.miss(number, named, true),
            Wished::Unnamed => self.miss(number, named, false),
            Wished::Give => {
                let Ok(()) = self.relay.tables.link(&document, &blob);
                if !self.give(number, true, blob, from) {
                    self.miss(number, named, true);
                }
            }
        }
    }

    fn miss(&mut self, number: u64, named: Named, is_lost: bool) {
        if !(is_lost && self.relay.coming.contains(&named.blob)) {
            self.tell(named, (false, is_lost));
        }
        self.refuse(number, Why::Missing);
    }

    fn unnamed(&mut self, number: u64, named: Named) {
        let now = self.now;
        if let Some(gone) = self.relay.tables.links.get_mut(&(named.blob, named.document)) {
            gone.get_or_insert(now);
        }
        self.say(number, true, Frame::Took(Through { bytes: 0 }));
    }

    fn refuse(&mut self, number: u64, why: Why) {
        self.release(number);
        self.say(number, true, Frame::Refuse(Refusal { why }));
    }

    /// An end gives a scan from there on; gives whether it has it.
    fn give(&mut self, number: u64, at_relay: bool, hash: PayloadHash, from: u64) -> bool {
        let Some(node) = self.streams.get(&number).map(|stream| stream.node) else { return false };
        let place = self.place(node, at_relay);
        let shelf = if at_relay { &mut self.relay.shelf } else { &mut self.offices[node].shelf };
        let bytes = shelf.whole(&hash).unwrap_or_default();
        let size = bytes.len() as u64;
        let mut outline = Outline::begin(size);
        bytes.chunks(16 * 1024).for_each(|group| outline.push(group));
        if outline.root() != Some(hash) {
            shelf.remove(&hash);
            self.spoiled.remove(&(place, hash));
            if at_relay {
                self.relay.tables.hold(&hash, 0);
            } else {
                self.offices[node].tables.hold(&hash, 0);
                self.give_up(number, false);
            }
            return false;
        }
        let from = (from - from % GROUP_BYTES).min(size);
        let giving = Giving { hash, at: from, came: from };
        let hashes = Hashes { size, groups: outline.to_bytes() };
        self.say(number, at_relay, Frame::Outline(hashes));
        self.send_on(number, at_relay, giving);
        true
    }

    /// So much of what is given has come.
    fn came(&mut self, number: u64, at_relay: bool, mut giving: Giving, came: u64) {
        let size = self.truth.get(&giving.hash).map_or(0, |bytes| bytes.len() as u64);
        if came >= size {
            if !at_relay {
                self.done(number);
            }
            return;
        }
        giving.came = came;
        self.send_on(number, at_relay, giving);
    }

    /// Sends as much as the window allows.
    fn send_on(&mut self, number: u64, at_relay: bool, mut giving: Giving) {
        let truth = self.truth.get(&giving.hash).cloned().unwrap_or_default();
        let size = truth.len() as u64;
        let unpaced = self.planted == Some(Planted::SentUnpaced);
        while giving.at < size && (unpaced || giving.at - giving.came < pace::ahead(WINDOW)) {
            let from = usize::try_from(giving.at).unwrap_or(usize::MAX);
            let bytes = truth[from..truth.len().min(from + 16 * 1024)].to_vec();
            giving.at += bytes.len() as u64;
            self.say(number, at_relay, Frame::Group(Group { bytes }));
        }
        if let Some(stream) = self.streams.get_mut(&number) {
            *stream.role(at_relay) = Role::Giving(giving);
        }
    }
}
