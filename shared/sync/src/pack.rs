//! Batches of entries in few bytes. A packed batch is read only by whoever has read all that came
//! before it in the same direction of the same stream.

mod change;
mod claims;
mod entry;
mod recent;
mod section;
mod squeeze;

use hoso_identity::{EntryId, Epoch, Position, Scope};

pub(crate) use self::claims::Claims;
use self::{
    entry::Known,
    recent::Recent,
    section::{Reading, Sections, read_number, write_number},
    squeeze::{DICTIONARY, Expander, Squeezer},
};
use crate::{
    frame::{FRAME_BYTES_MAX, Frame},
    wire::{
        Answer, Claim, Content, Feed, FeedItem, Held, HeldDocument, HeldEntry, Point, Positioned,
        Pushed, PushedBatch,
    },
};

/// Lives of the ledger that are remembered.
const EPOCHS_MAX: usize = 64;

/// What a feed row carries: an entry at the position of its row.
const ENTRY_HERE: u64 = 0;
/// An entry at another position.
const ENTRY: u64 = 1;
/// Where the reader's own entry was accepted.
const YOURS: u64 = 2;
/// The id of what was erased.
const ERASED: u64 = 3;
/// The number of an entry that the reader itself brought back in this connection.
const CLAIMED: u64 = 4;

/// One end of one direction of one stream.
#[derive(Debug, Default)]
struct Memory {
    known: Known,
    epochs: Epochs,
    number: u64,
    row: u64,
    position: u64,
}

/// The lives of the ledger that were named.
#[derive(Debug)]
struct Epochs(Recent<12>);

impl Default for Epochs {
    fn default() -> Self {
        Self(Recent::new(EPOCHS_MAX))
    }
}

/// The end that packs.
#[derive(Debug)]
pub(crate) struct Packer {
    memory: Memory,
    squeezer: Squeezer,
    begun: bool,
}

/// The end that unpacks.
#[derive(Debug, Default)]
pub(crate) struct Unpacker {
    memory: Memory,
    expander: Option<Expander>,
}

impl Packer {
    /// A new one; `None` when there is no memory for it.
    pub(crate) fn new() -> Option<Self> {
        let squeezer = Squeezer::new().ok()?;
        Some(Self { memory: Memory::default(), squeezer, begun: false })
    }

    /// The body of a packed batch, with the number of its question where that `is_asked` for.
    /// `None` for frames that are none, and when the compression failed: then nothing more can be
    /// packed in this direction.
    pub(crate) fn pack(
        &mut self,
        frame: &Frame,
        claims: &Claims,
        is_asked: bool,
    ) -> Option<Vec<u8>> {
        let mut out = Sections::default();
        self.memory.write(frame, claims, &mut out)?;
        if is_asked {
            out.number(question(frame).map_or(0, u64::from));
        }
        if out.text.len() > FRAME_BYTES_MAX {
            return None;
        }
        let squeezed = self.squeezer.squeeze(&out.text).ok()?;
        let mut body = Vec::new();
        write_number(&mut body, if self.begun { 0 } else { DICTIONARY });
        self.begun = true;
        write_length(&mut body, out.chance.len());
        write_length(&mut body, out.text.len());
        body.extend_from_slice(&out.chance);
        body.extend_from_slice(&squeezed);
        Some(body)
    }
}

impl Unpacker {
    /// The frame of that number from its packed body, with that of its question where the form
    /// `is_asked`; `None` for what no packer has written here. Nothing is allocated beyond what a
    /// frame may have.
    pub(crate) fn unpack(
        &mut self,
        (number, is_asked): (u8, bool),
        mut body: &[u8],
        claims: &Claims,
    ) -> Option<Frame> {
        match (read_number(&mut body)?, &self.expander) {
            (DICTIONARY, None) => self.expander = Some(Expander::new().ok()?),
            (0, Some(_)) => {}
            _ => return None,
        }
        let chance = usize::try_from(read_number(&mut body)?).ok()?;
        let length = usize::try_from(read_number(&mut body)?).ok()?;
        let (chance, squeezed) = body.split_at_checked(chance)?;
        if length > FRAME_BYTES_MAX {
            return None;
        }
        let text = self.expander.as_mut()?.expand(squeezed, length)?;
        let mut from = Reading::new(chance, &text);
        let mut frame = self.memory.read(number, claims, &mut from)?;
        if is_asked {
            let question = u32::try_from(from.number()?).ok()?;
            ask(&mut frame, Some(question).filter(|question| *question > 0));
        }
        from.is_empty().then_some(frame)
    }
}

/// The number of the question that a frame carries.
fn question(frame: &Frame) -> Option<u32> {
    if let Frame::Held(held) = frame {
        held.question
    } else if let Frame::Answer(answer) = frame {
        answer.question
    } else {
        None
    }
}

/// Gives a frame the number of its question.
fn ask(frame: &mut Frame, question: Option<u32>) {
    if let Frame::Held(held) = frame {
        held.question = question;
    } else if let Frame::Answer(answer) = frame {
        answer.question = question;
    }
}

/// The texts that are compressed when each of these entries travels as it is, all in one session:
/// what a dictionary is trained from.
#[must_use]
pub fn texts(entries: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut memory = Memory::default();
    let text = |(number, bytes): (u64, &Vec<u8>)| {
        let entries = vec![Pushed { number, bytes: bytes.clone() }];
        let mut out = Sections::default();
        let batch = Frame::Push(PushedBatch { entries });
        memory.write(&batch, &Claims::default(), &mut out).map(|()| out.text)
    };
    (1..).zip(entries).filter_map(text).collect()
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    write_number(out, u64::try_from(length).unwrap_or(u64::MAX));
}

impl Epochs {
    fn write(&mut self, epoch: &Epoch, out: &mut Sections) {
        let mut bytes = [0; 12];
        let parts = epoch.generation.to_be_bytes().into_iter().chain(epoch.random);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        self.0.write(&bytes, out);
    }

    fn read(&mut self, from: &mut Reading<'_>) -> Option<Epoch> {
        let bytes = self.0.read(from)?;
        let (generation, random) = bytes.split_first_chunk::<4>()?;
        let generation = u32::from_be_bytes(*generation);
        Some(Epoch { generation, random: random.try_into().ok()? })
    }
}

impl Memory {
    /// Writes a frame; `None` for those that carry no entries.
    fn write(&mut self, frame: &Frame, claims: &Claims, out: &mut Sections) -> Option<()> {
        if let Frame::Push(batch) = frame {
            out.length(batch.entries.len());
            for entry in &batch.entries {
                self.write_number(entry.number, out);
                self.known.write(&entry.bytes, out);
            }
        } else if let Frame::Feed(feed) = frame {
            self.write_feed(feed, claims, out);
        } else if let Frame::Answer(answer) = frame {
            self.write_positioned(&answer.entries, out);
            out.length(answer.want.len());
            answer.want.iter().for_each(|id| out.chance(&id.0));
            out.number(u64::from(answer.last));
        } else if let Frame::Claim(claim) = frame {
            self.write_positioned(&claim.entries, out);
            out.number(u64::from(claim.last));
        } else if let Frame::Held(held) = frame {
            self.write_held(held, out);
        } else {
            return None;
        }
        Some(())
    }

    fn read(&mut self, number: u8, claims: &Claims, from: &mut Reading<'_>) -> Option<Frame> {
        let mut room = FRAME_BYTES_MAX;
        match number {
            20 => {
                let mut entries = Vec::new();
                for _ in 0..from.number()? {
                    let number = self.read_number(from)?;
                    entries.push(Pushed { number, bytes: self.read_entry(from, &mut room)? });
                }
                Some(Frame::Push(PushedBatch { entries }))
            }
            21 => self.read_feed(claims, from).map(Frame::Feed),
            31 => self.read_held(from).map(Frame::Held),
            32 => {
                let entries = self.read_positioned(from)?;
                let mut want = Vec::new();
                for _ in 0..from.number()? {
                    want.push(EntryId(from.chance()?));
                }
                let last = from.number()? == 1;
                Some(Frame::Answer(Answer { entries, want, last, question: None }))
            }
            33 => {
                let entries = self.read_positioned(from)?;
                Some(Frame::Claim(Claim { entries, last: from.number()? == 1 }))
            }
            _ => None,
        }
    }

    fn read_entry(&mut self, from: &mut Reading<'_>, room: &mut usize) -> Option<Vec<u8>> {
        let bytes = self.known.read(from, *room)?;
        *room = room.checked_sub(bytes.len())?;
        Some(bytes)
    }

    fn write_number(&mut self, number: u64, out: &mut Sections) {
        out.step(self.number.wrapping_add(1), number);
        self.number = number;
    }

    fn read_number(&mut self, from: &mut Reading<'_>) -> Option<u64> {
        self.number = from.step(self.number.wrapping_add(1))?;
        Some(self.number)
    }

    fn write_row(&mut self, row: u64, out: &mut Sections) {
        out.step(self.row.wrapping_add(1), row);
        self.row = row;
    }

    fn read_row(&mut self, from: &mut Reading<'_>) -> Option<u64> {
        self.row = from.step(self.row.wrapping_add(1))?;
        Some(self.row)
    }

    fn write_position(&mut self, position: &Position, out: &mut Sections) {
        self.epochs.write(&position.epoch, out);
        out.step(self.position.wrapping_add(1), position.number);
        self.position = position.number;
    }

    fn read_position(&mut self, from: &mut Reading<'_>) -> Option<Position> {
        let epoch = self.epochs.read(from)?;
        self.position = from.step(self.position.wrapping_add(1))?;
        Some(Position { epoch, number: self.position })
    }

    fn write_feed(&mut self, feed: &Feed, claims: &Claims, out: &mut Sections) {
        self.epochs.write(&feed.epoch, out);
        out.length(feed.items.len());
        for item in &feed.items {
            out.number(u64::from(item.scope.number()));
            self.write_row(item.row, out);
            let claimed = match &item.content {
                Content::Entry(bytes, position) => claims.number(bytes).map(|at| (at, position)),
                Content::Yours(..) | Content::Erased(_) => None,
            };
            if let Some((number, position)) = claimed {
                out.number(CLAIMED);
                out.number(number);
                self.write_position(position, out);
                continue;
            }
            match &item.content {
                Content::Entry(bytes, position) => {
                    let here = Position { epoch: feed.epoch, number: item.row };
                    if *position == here {
                        out.number(ENTRY_HERE);
                    } else {
                        out.number(ENTRY);
                        self.write_position(position, out);
                    }
                    self.known.write(bytes, out);
                }
                Content::Yours(number, position) => {
                    out.number(YOURS);
                    self.write_number(*number, out);
                    self.write_position(position, out);
                }
                Content::Erased(id) => {
                    out.number(ERASED);
                    out.chance(&id.0);
                }
            }
        }
        out.length(feed.points.len());
        for point in &feed.points {
            out.number(u64::from(point.scope.number()));
            out.step(self.row, point.row);
            out.chance(&point.digest);
        }
    }

    fn read_feed(&mut self, claims: &Claims, from: &mut Reading<'_>) -> Option<Feed> {
        let epoch = self.epochs.read(from)?;
        let mut room = FRAME_BYTES_MAX;
        let mut items = Vec::new();
        for _ in 0..from.number()? {
            let scope = Scope::from_number(u32::try_from(from.number()?).ok()?)?;
            let row = self.read_row(from)?;
            let content = match from.number()? {
                ENTRY_HERE => {
                    let here = Position { epoch, number: row };
                    Content::Entry(self.read_entry(from, &mut room)?, here)
                }
                ENTRY => {
                    let position = self.read_position(from)?;
                    Content::Entry(self.read_entry(from, &mut room)?, position)
                }
                YOURS => Content::Yours(self.read_number(from)?, self.read_position(from)?),
                ERASED => Content::Erased(EntryId(from.chance()?)),
                CLAIMED => {
                    let bytes = claims.entry(from.number()?)?.to_vec();
                    room = room.checked_sub(bytes.len())?;
                    Content::Entry(bytes, self.read_position(from)?)
                }
                _ => return None,
            };
            items.push(FeedItem { scope, row, content });
        }
        let mut points = Vec::new();
        for _ in 0..from.number()? {
            let scope = Scope::from_number(u32::try_from(from.number()?).ok()?)?;
            let row = from.step(self.row)?;
            points.push(Point { scope, row, digest: from.chance()? });
        }
        Some(Feed { epoch, items, points })
    }

    fn write_positioned(&mut self, entries: &[Positioned], out: &mut Sections) {
        out.length(entries.len());
        for entry in entries {
            self.write_position(&entry.position, out);
            self.known.write(&entry.bytes, out);
        }
    }

    fn read_positioned(&mut self, from: &mut Reading<'_>) -> Option<Vec<Positioned>> {
        let mut room = FRAME_BYTES_MAX;
        let mut entries = Vec::new();
        for _ in 0..from.number()? {
            let position = self.read_position(from)?;
            entries.push(Positioned { bytes: self.read_entry(from, &mut room)?, position });
        }
        Some(entries)
    }

    fn write_held(&mut self, held: &Held, out: &mut Sections) {
        out.number(u64::from(held.scope.number()));
        out.length(held.documents.len());
        for document in &held.documents {
            out.chance(&document.document);
            out.number(u64::from(document.after.is_some()));
            document.after.iter().for_each(|id| out.chance(&id.0));
            out.length(document.entries.len());
            for entry in &document.entries {
                out.chance(&entry.id.0);
                self.write_position(&entry.position, out);
            }
            out.number(u64::from(document.more));
        }
    }

    fn read_held(&mut self, from: &mut Reading<'_>) -> Option<Held> {
        let scope = Scope::from_number(u32::try_from(from.number()?).ok()?)?;
        let mut documents = Vec::new();
        for _ in 0..from.number()? {
            let document = from.chance()?;
            let after = match from.number()? {
                0 => None,
                _ => Some(EntryId(from.chance()?)),
            };
            let mut entries = Vec::new();
            for _ in 0..from.number()? {
                let id = EntryId(from.chance()?);
                entries.push(HeldEntry { id, position: self.read_position(from)? });
            }
            documents.push(HeldDocument { document, after, entries, more: from.number()? == 1 });
        }
        Some(Held { scope, documents, question: None })
    }
}
