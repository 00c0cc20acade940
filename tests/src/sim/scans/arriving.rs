//! What an end does with a scan that comes to it.

use hoso_engine::scans::{
    rules::ScanTables,
    taking::{Plant, Step, Taking},
};
use hoso_identity::{DocumentId, PayloadHash};
use hoso_store::blobs::Blob;
use hoso_sync::scan::{Frame, GROUP_BYTES, Hashes, Named, Through};

use super::{faults::Planted, streams::Role, world::World};

/// Bytes after which what has come is marked: three groups.
const MARK_BYTES: u64 = 3 * GROUP_BYTES;

/// A scan that is taken.
#[derive(Debug)]
pub(super) struct Coming {
    of: (DocumentId, PayloadHash),
    size: u64,
    at: u64,
    taking: Taking,
    /// Whether it is written: it may be here already.
    writes: bool,
}

impl World {
    /// An end begins to take what it is shown.
    pub(super) fn begin(
        &mut self,
        number: u64,
        at_relay: bool,
        shown: &Hashes,
        (of, size, from): ((DocumentId, PayloadHash), u64, u64),
    ) {
        let Some(node) = self.streams.get(&number).map(|stream| stream.node) else { return };
        let plant = Plant {
            marks_first: self.planted == Some(Planted::MarkBeforeSync),
            proves_nothing: self.planted == Some(Planted::GroupNotProved),
            mark_bytes: Some(MARK_BYTES),
        };
        let hash = of.1;
        let taking = Taking::begin_planted(self.instant(), shown, (&hash, size, from), plant);
        let Some(taking) = taking else { return self.give_up(number, at_relay) };
        let (is_held, there) = if at_relay {
            let scan = self.relay.tables.blobs.get(&hash);
            (scan.is_some_and(Blob::is_held), self.relay.shelf.whole(&hash))
        } else {
            let office = &mut self.offices[node];
            if let Some(known) = office.tables.blobs.get_mut(&hash) {
                known.size = size;
                known.held = known.held.min(size);
            }
            (office.tables.is_held(&hash), office.shelf.whole(&hash))
        };
        let writes = !(is_held && there.is_some_and(|bytes| bytes.len() as u64 == size));
        let shelf = if at_relay { &mut self.relay.shelf } else { &mut self.offices[node].shelf };
        if writes && !shelf.open(&hash, usize::try_from(from).unwrap_or(usize::MAX)) {
            // Less is there than the mark says: it is brought anew.
            self.hold(node, at_relay, &hash, 0);
            return self.give_up(number, at_relay);
        }
        let coming = Coming { of, size, at: from, taking, writes };
        if coming.taking.is_whole() {
            return self.finish(number, at_relay, &coming);
        }
        if let Some(stream) = self.streams.get_mut(&number) {
            *stream.role(at_relay) = Role::Taking(coming);
        }
    }

    fn hold(&mut self, node: usize, at_relay: bool, hash: &PayloadHash, held: u64) {
        if at_relay {
            self.relay.tables.hold(hash, held);
        } else {
            self.offices[node].tables.hold(hash, held);
        }
    }

    /// The next group has come.
    pub(super) fn group(
        &mut self,
        number: u64,
        at_relay: bool,
        mut coming: Coming,
        bytes: Vec<u8>,
    ) {
        let Some(node) = self.streams.get(&number).map(|stream| stream.node) else { return };
        let (place, hash) = (self.place(node, at_relay), coming.of.1);
        let Some(steps) = coming.taking.group(self.instant(), bytes) else {
            return self.give_up(number, at_relay);
        };
        for step in steps {
            // It may have died over what it said last.
            if !self.streams.contains_key(&number) || self.dies(place) {
                return;
            }
            let shelf =
                if at_relay { &mut self.relay.shelf } else { &mut self.offices[node].shelf };
            match step {
                Step::Write(bytes) => {
                    let from = usize::try_from(coming.at).unwrap_or(usize::MAX);
                    coming.at += bytes.len() as u64;
                    let truth = self.truth.get(&hash).and_then(|all| all.get(from..));
                    if !truth.is_some_and(|truth| truth.starts_with(&bytes)) {
                        self.broken.push(format!("damaged bytes of {hash} are written"));
                    }
                    if coming.writes {
                        shelf.write(&hash, &bytes);
                    }
                }
                Step::Sync if coming.writes => shelf.sync(&hash),
                Step::Mark(held) if coming.writes => self.hold(node, at_relay, &hash, held),
                Step::Sync | Step::Mark(_) => {}
                Step::Say(bytes) => self.say(number, at_relay, Frame::Took(Through { bytes })),
            }
        }
        if coming.taking.is_whole() {
            return self.finish(number, at_relay, &coming);
        }
        if let Some(stream) = self.streams.get_mut(&number) {
            *stream.role(at_relay) = Role::Taking(coming);
        }
    }

    /// All of it has come.
    fn finish(&mut self, number: u64, at_relay: bool, coming: &Coming) {
        let Some(node) = self.streams.get(&number).map(|stream| stream.node) else { return };
        let (place, (document, hash), now) = (self.place(node, at_relay), coming.of, self.now);
        let shelf = if at_relay { &mut self.relay.shelf } else { &mut self.offices[node].shelf };
        if coming.writes && !shelf.settle(&hash) {
            self.hold(node, at_relay, &hash, 0);
            return self.give_up(number, at_relay);
        }
        self.spoiled.remove(&(place, hash));
        if self.dies(place) {
            return;
        }
        self.hold(node, at_relay, &hash, coming.size);
        if at_relay {
            let Ok(()) = self.relay.tables.link(&document, &hash);
        } else if let Some(known) = self.offices[node].tables.blobs.get_mut(&hash) {
            (known.fetched_ms, known.given_up) = (Some(now), false);
        }
        if at_relay {
            self.tell(Named { document, blob: hash, bytes: coming.size }, (true, coming.writes));
        }
        self.say(number, at_relay, Frame::Took(Through { bytes: coming.size }));
        if at_relay {
            self.release(number);
        } else {
            self.done(number);
        }
    }
}
