//! What goes wrong with scans.

use hoso_identity::PayloadHash;

use super::world::{Event, World};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A line is cut, and comes back.
    Cut,
    /// A node dies between two steps.
    NodeCrash,
    /// The relay dies between two steps.
    RelayCrash,
    /// The relay comes back from a backup, which holds no scan.
    RelayRestore,
    /// A file at a node is gone.
    Lost,
    /// A bit of a file has turned, at a node or at the relay.
    Damage,
    /// A bit turns on the way.
    WrongBytes,
    /// A dossier claims another size than the scan has.
    WrongSize,
    /// A node has room for little.
    Room,
    /// A dossier names a scan no more, and perhaps again.
    Detach,
}

impl Fault {
    /// All.
    pub const ALL: [Self; 10] = [
        Self::Cut,
        Self::NodeCrash,
        Self::RelayCrash,
        Self::RelayRestore,
        Self::Lost,
        Self::Damage,
        Self::WrongBytes,
        Self::WrongSize,
        Self::Room,
        Self::Detach,
    ];
}

/// A mistake that is planted to see whether the oracles find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// What has come is marked before it is synced.
    MarkBeforeSync,
    /// Groups are written as they come, unproved.
    GroupNotProved,
    /// A scan that nobody has is asked for as often as at first.
    AskedForEver,
    /// A node does not bring again to a relay's new life what it had brought to the old one.
    OldLifeTrusted,
    /// A scan is sent as fast as it can be read.
    SentUnpaced,
    /// The relay forgets a pair although somebody has named the scan again.
    NamedAgainUnheard,
}

impl Planted {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::MarkBeforeSync,
        Self::GroupNotProved,
        Self::AskedForEver,
        Self::OldLifeTrusted,
        Self::SentUnpaced,
        Self::NamedAgainUnheard,
    ];
}

/// Milliseconds after which a machine that died starts again.
const AWAY_MS: u64 = 700;
/// Steps after which one dies, at most.
const STEPS_MAX: u64 = 40;

impl World {
    /// Something goes wrong; what waits for somebody at work counts when it strikes.
    pub(super) fn strike(&mut self, fault: Fault) {
        let mut node = self.dice.place(self.offices.len());
        if fault == Fault::Cut {
            node = (0..self.offices.len()).find(|node| self.is_busy(*node)).unwrap_or(node);
        }
        let struck = match fault {
            Fault::Cut => {
                let lasting = self.dice.between(300, 9_000);
                let is_busy = self.is_busy(node);
                self.cut(node);
                self.lines[node].cut_until = self.now + lasting;
                self.at(lasting, Event::Dial { node });
                is_busy
            }
            Fault::NodeCrash => {
                let after = self.dice.between(0, STEPS_MAX);
                self.offices[node].dies_after.get_or_insert(after);
                false
            }
            Fault::RelayCrash => {
                let after = self.dice.between(0, STEPS_MAX);
                self.relay.dies_after.get_or_insert(after);
                false
            }
            Fault::RelayRestore => {
                let has = !self.relay.shelf.names().is_empty();
                self.end_all();
                self.relay.restore();
                // The backup holds marks, and nothing of what they speak of.
                let place = self.offices.len();
                let marked = self.relay.tables.blobs.keys().map(|hash| (place, *hash));
                self.spoiled.extend(marked);
                self.redial(AWAY_MS);
                has
            }
            Fault::Lost => self.spoil(node, false),
            Fault::Damage => self.spoil(node, true),
            Fault::WrongBytes => {
                self.turns_next = true;
                false
            }
            Fault::WrongSize => self.claim_wrongly(node),
            Fault::Room => {
                self.offices[node].bytes_max = self.dice.between(20_000, 400_000);
                self.offices[node].make_room(&PayloadHash::ZERO);
                true
            }
            Fault::Detach => self.detach(),
        };
        if struck {
            self.fire(fault);
        }
    }

    pub(super) fn fire(&mut self, fault: Fault) {
        *self.fired.entry(fault).or_default() += 1;
    }

    /// A file at a node, or at the relay, is gone or no longer what it was.
    fn spoil(&mut self, node: usize, only_damaged: bool) -> bool {
        let at_relay = only_damaged && self.dice.percent(40);
        let place = if at_relay { self.offices.len() } else { node };
        let shelf = match self.offices.get_mut(place) {
            Some(office) => &mut office.shelf,
            None => &mut self.relay.shelf,
        };
        let names = shelf.names();
        let Some(hash) = names.get(self.dice.place(names.len().max(1))).copied() else {
            return false;
        };
        if only_damaged {
            shelf.damage(&hash, &mut self.dice);
        } else {
            shelf.remove(&hash);
        }
        self.spoiled.insert((place, hash));
        true
    }

    /// Whether the end with that number dies at this step; it does so if it is its turn.
    pub(super) fn dies(&mut self, place: usize) -> bool {
        let dies_after = match self.offices.get_mut(place) {
            Some(office) => &mut office.dies_after,
            None => &mut self.relay.dies_after,
        };
        let Some(left) = dies_after else { return false };
        if *left > 0 {
            *left -= 1;
            return false;
        }
        *dies_after = None;
        if place < self.offices.len() {
            self.fire(Fault::NodeCrash);
            self.cut(place);
            let office = &mut self.offices[place];
            office.down = true;
            office.shelf.crash(&mut self.dice);
            self.look_at_marks(place);
        } else {
            self.fire(Fault::RelayCrash);
            self.end_all();
            self.relay.down = true;
            self.relay.shelf.crash(&mut self.dice);
            self.look_at_marks(place);
        }
        self.at(AWAY_MS, Event::Start { place });
        true
    }
}
