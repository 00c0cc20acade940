//! The lines between nodes and relay, and the weather on them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hoso_sync::{
    codec::Codec,
    frame::{Frame, Stream},
};

use super::{
    dice::Dice,
    world::{Event, Phase, Who, World},
};

/// Frames of each direction that may come again.
const KEPT_FRAMES: usize = 8;
/// Percent of frames that bad weather loses and that are sent again.
const LOST_PERCENT: u64 = 35;
/// Milliseconds by which a slow line is slower.
const SLOW_MS: u64 = 900;
/// Milliseconds for which a line that comes and goes is gone.
const FLAP_MS: u64 = 3_000;
/// Milliseconds after the death of an end within which the last of its frames still arrive.
const TAIL_MS: u64 = 60;

/// A line between a node and the relay. Every stream is in order; streams overtake each other.
#[derive(Debug, Default)]
pub struct Line {
    /// The node at its end.
    node: usize,
    /// When the last frame of each stream arrives, upwards and downwards.
    last: [BTreeMap<Stream, u64>; 2],
    /// After when nothing arrives any more: an end died.
    dead_from: Option<u64>,
    /// What went over it lately, upwards and downwards.
    kept: [VecDeque<Frame>; 2],
    /// How the node and the relay write frames.
    codecs: [Codec; 2],
}

/// How the lines of a node are, until when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Nothing goes up, or down.
    pub cut_until: [u64; 2],
    /// Frames are lost and sent again.
    pub lossy_until: u64,
    /// Everything takes longer.
    pub slow_until: u64,
}

impl Weather {
    /// Milliseconds that something takes longer now, in that direction.
    fn wait(&self, now: u64, direction: usize, dice: &mut Dice) -> u64 {
        let mut wait = 0;
        if self.slow_until > now {
            wait += SLOW_MS;
        }
        if self.lossy_until > now && dice.percent(LOST_PERCENT) {
            wait += dice.between(200, 1500);
        }
        wait + self.cut_until[direction].saturating_sub(now)
    }
}

impl Line {
    /// The frame as it comes back from the bytes that go over the line.
    fn written(&mut self, direction: usize, frame: Frame) -> Frame {
        let stream = frame.stream();
        let sent = self.codecs[direction].encode(&frame);
        let read = self.codecs[1 - direction].decode(stream, &sent.bytes);
        match read {
            Ok(Some(read)) if read == frame => read,
            other => panic!("{frame:?} was read as {other:?}"),
        }
    }
}

impl World {
    /// A new connection of a node.
    pub fn open_line(&mut self, node: usize) -> u64 {
        let line = self.next_line;
        self.next_line += 1;
        self.lines.insert(line, Line { node, ..Line::default() });
        line
    }

    /// Sends a frame along a line, in the order of its stream; the network may hold it back.
    pub fn send(&mut self, from: Who, line: u64, frame: Frame) {
        let direction = usize::from(from == Who::Relay);
        if let Some(known) = self.lines.get_mut(&line) {
            let frame = known.written(direction, frame);
            let kept = &mut known.kept[direction];
            kept.push_back(frame.clone());
            if kept.len() > KEPT_FRAMES {
                kept.pop_front();
            }
            self.carry(direction, line, frame);
        }
    }

    /// Milliseconds that something takes now. When the storm is over, every frame takes as long as
    /// one may, so that time can be counted in round trips.
    fn wait(&mut self, place: usize, direction: usize) -> u64 {
        let slowest = self.options.latency_ms;
        let good = if self.phase == Phase::Storm { self.dice.between(5, slowest) } else { slowest };
        good + self.weather[place].wait(self.now, direction, &mut self.dice)
    }

    fn carry(&mut self, direction: usize, line: u64, frame: Frame) {
        let Some(known) = self.lines.get(&line) else { return };
        let place = self.nodes[known.node].place;
        let wait = self.wait(place, direction);
        let Some(known) = self.lines.get_mut(&line) else { return };
        let last = known.last[direction].entry(frame.stream()).or_default();
        *last = (*last).max(self.now + wait);
        let (after, node) = (*last - self.now, known.node);
        let to = if direction == 0 { Who::Relay } else { Who::Node(node) };
        self.at(after, Event::Frame { to, line, frame: Box::new(frame) });
    }

    /// An end closes the line: the other one hears of it after everything that was sent.
    pub fn hang_up(&mut self, from: Who, line: u64) {
        let direction = usize::from(from == Who::Relay);
        let Some(known) = self.lines.get(&line) else { return };
        let place = self.nodes[known.node].place;
        let wait = self.wait(place, direction);
        let Some(known) = self.lines.get(&line) else { return };
        let last = known.last[direction].values().copied().max().unwrap_or(0);
        let to = if direction == 0 { Who::Relay } else { Who::Node(known.node) };
        let at = last.max(self.now + wait);
        self.at(at - self.now, Event::Closed { to, line });
    }

    /// The lines of these nodes carry again as they should, also what they held back.
    pub(super) fn mend_lines(&mut self, nodes: &[usize]) {
        let after = self.options.latency_ms;
        let latest = self.now + after;
        let mut mended = BTreeSet::new();
        for (number, line) in &mut self.lines {
            if nodes.contains(&line.node) {
                let last = line.last.iter_mut().flat_map(BTreeMap::values_mut);
                last.for_each(|last| *last = latest.min(*last));
                mended.insert(*number);
            }
        }
        nodes.iter().for_each(|node| self.weather[*node] = Weather::default());
        self.hasten(&mended, after);
    }

    /// Whether a frame that was on its way arrives: what a dying end sent last does not.
    #[must_use]
    pub fn arrives(&self, line: u64) -> bool {
        let dead_from = self.lines.get(&line).and_then(|known| known.dead_from);
        dead_from.is_none_or(|dead_from| self.now <= dead_from)
    }

    /// An end of these lines dies: the last of what it sent is lost.
    pub fn drop_tail(&mut self, of: Who) {
        let dead_from = self.now + self.dice.between(0, TAIL_MS);
        for line in self.lines.values_mut() {
            if of == Who::Relay || of == Who::Node(line.node) {
                line.dead_from.get_or_insert(dead_from);
            }
        }
    }

    /// The node at the other end of a line.
    #[must_use]
    pub fn lines_node(&self, line: u64) -> usize {
        self.lines.get(&line).map_or(0, |line| line.node)
    }

    /// A frame that went over this line lately goes over it once more; gives whether there was one.
    pub fn replay(&mut self, line: u64) -> bool {
        let direction = self.dice.place(2);
        let Some(kept) = self.lines.get(&line).map(|known| &known.kept[direction]) else {
            return false;
        };
        let which = self.dice.place(kept.len().max(1));
        let Some(frame) = kept.get(which).cloned() else { return false };
        self.carry(direction, line, frame);
        true
    }

    /// A line that comes and goes.
    pub(super) fn flap(&mut self, node: usize, until: u64) {
        if self.phase != Phase::Storm || self.now >= until {
            return;
        }
        self.weather[node].cut_until = [self.now + FLAP_MS; 2];
        self.at(2 * FLAP_MS, Event::Flap { node, until });
    }
}
