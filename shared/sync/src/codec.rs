//! Frames as the bytes of one connection. From minor version 2 on, entries are packed and the
//! frames of every session are brief; a peer of minor 1 is sent every frame as it stands.
//!
//! What is sent depends on what the other side is known to speak, what is read does not: the
//! number of a frame says its form.

use minicbor::{Decode, Encode};

use crate::{
    brief::{BriefAck, BriefFeedAck, BriefReport, BriefWelcome, Told},
    frame::{
        FRAME_BYTES_MAX, Frame, FrameError, MINOR_ASKED, MINOR_CLAIMED, MINOR_MAX, MINOR_PACKED,
        Stream,
    },
    pack::{Claims, Packer, Unpacker},
    wire::{Content, Hello},
};

/// Numbers of the brief forms.
const WELCOME: u8 = 11;
const FEED_ACK: u8 = 12;
const ACK: u8 = 13;
const REPORT: u8 = 129;
/// The packed forms; of those of one frame the newest is the last.
const PACKED: [Form; 7] = [
    Form { number: 40, of: 20, since: MINOR_PACKED, is_asked: false },
    Form { number: 41, of: 21, since: MINOR_PACKED, is_asked: false },
    Form { number: 42, of: 32, since: MINOR_PACKED, is_asked: false },
    Form { number: 43, of: 33, since: MINOR_PACKED, is_asked: false },
    Form { number: 44, of: 31, since: MINOR_CLAIMED, is_asked: false },
    Form { number: 45, of: 32, since: MINOR_ASKED, is_asked: true },
    Form { number: 46, of: 31, since: MINOR_ASKED, is_asked: true },
];

/// A packed form of a frame.
#[derive(Clone, Copy, Debug)]
struct Form {
    number: u8,
    /// The number of the frame that it holds.
    of: u8,
    /// The minor version from which on it is read.
    since: u16,
    /// Whether it ends with the number of a question.
    is_asked: bool,
}

/// A frame on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// What is sent.
    pub bytes: Vec<u8>,
    /// Whether the other side reads short lengths before frames.
    pub short: bool,
    /// Bytes of the frame as minor version 1 would send it.
    pub plain: usize,
}

/// Both directions of one connection, at one of its ends.
#[derive(Debug, Default)]
pub struct Codec {
    /// The minor version that the other side is known to speak; 0 before it has said.
    minor: u16,
    hello: Option<Hello>,
    sent: Told,
    heard: Told,
    entries: Ends,
    healing: Ends,
    /// Empty while a side speaks an older minor version.
    claims: Claims,
}

/// The two ends of one stream that are here.
#[derive(Debug, Default)]
struct Ends {
    packing: Packing,
    unpacker: Unpacker,
}

/// Packing begins with the first batch. When it has failed once, the other side could not follow
/// any more, so the rest goes as it stands.
#[derive(Debug, Default)]
enum Packing {
    #[default]
    Fresh,
    Ready(Box<Packer>),
    Failed,
}

impl Packing {
    fn pack(&mut self, frame: &Frame, claims: &Claims, is_asked: bool) -> Option<Vec<u8>> {
        if matches!(self, Self::Fresh) {
            *self = Packer::new().map_or(Self::Failed, |packer| Self::Ready(Box::new(packer)));
        }
        let Self::Ready(packer) = self else { return None };
        let body = packer.pack(frame, claims, is_asked);
        if body.is_none() {
            *self = Self::Failed;
        }
        body
    }
}

impl Codec {
    /// The bytes of a frame. Frames of one stream must be sent in the order in which they were
    /// given here.
    pub fn encode(&mut self, frame: &Frame) -> Encoded {
        if let Frame::Hello(hello) = frame {
            self.sent.hello(hello);
            self.hello = Some(hello.clone());
        }
        let plain = frame.encode();
        let (length, short) = (plain.len(), self.minor >= MINOR_PACKED);
        let form = if short { self.form(frame) } else { None };
        if let Frame::Claim(claim) = frame
            && self.minor >= MINOR_CLAIMED
        {
            claim.entries.iter().for_each(|entry| self.claims.sent(&entry.bytes));
        }
        Encoded { bytes: form.unwrap_or(plain), short, plain: length }
    }

    /// The brief or packed form, for frames that have one.
    fn form(&mut self, frame: &Frame) -> Option<Vec<u8>> {
        if let Frame::Welcome(welcome) = frame {
            return Some(brief(WELCOME, &BriefWelcome::of(welcome, self.hello.as_ref()?)));
        }
        if let Frame::FeedAck(ack) = frame {
            return Some(brief(FEED_ACK, &self.sent.shorten_feed_ack(ack)));
        }
        if let Frame::Ack(ack) = frame {
            return Some(brief(ACK, &BriefAck::of(ack)));
        }
        if let Frame::Report(report) = frame {
            return Some(brief(REPORT, &self.sent.shorten_report(report)));
        }
        let minor = self.minor;
        let mut forms = PACKED.into_iter().rev();
        let form = forms.find(|form| form.of == frame.number() && form.since <= minor)?;
        let (ends, claims) = self.ends(frame.stream())?;
        let body = ends.packing.pack(frame, claims, form.is_asked)?;
        Some([vec![form.number], body].concat())
    }

    fn ends(&mut self, stream: Stream) -> Option<(&mut Ends, &Claims)> {
        match stream {
            Stream::Control => None,
            Stream::Entries => Some((&mut self.entries, &self.claims)),
            Stream::Healing => Some((&mut self.healing, &self.claims)),
        }
    }

    /// Reads a frame that came on that stream; `None` for an optional one that this program does
    /// not know.
    ///
    /// # Errors
    ///
    /// [`FrameError`]; the link must then be closed.
    pub fn decode(&mut self, stream: Stream, bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(FrameError::Length(bytes.len()));
        }
        let (number, body) = bytes.split_first().ok_or(FrameError::Empty)?;
        let frame = match *number {
            WELCOME => {
                let hello = self.hello.as_ref().ok_or(FrameError::Packed(WELCOME))?;
                let brief: BriefWelcome = read(WELCOME, body)?;
                Frame::Welcome(brief.whole(hello).ok_or(FrameError::Packed(WELCOME))?)
            }
            FEED_ACK => {
                let brief: BriefFeedAck = read(FEED_ACK, body)?;
                Frame::FeedAck(self.heard.feed_ack(brief))
            }
            ACK => Frame::Ack(read::<BriefAck>(ACK, body)?.whole()),
            REPORT => {
                let brief: BriefReport = read(REPORT, body)?;
                Frame::Report(self.heard.report(brief))
            }
            number => match PACKED.into_iter().find(|form| form.number == number) {
                Some(form) => {
                    let (ends, claims) = self.ends(stream).ok_or(FrameError::Packed(number))?;
                    let of = (form.of, form.is_asked);
                    let frame = ends.unpacker.unpack(of, body, claims);
                    frame.ok_or(FrameError::Packed(number))?
                }
                None => match Frame::decode(bytes)? {
                    Some(frame) => frame,
                    None => return Ok(None),
                },
            },
        };
        self.learn(&frame);
        Ok(Some(frame))
    }

    /// Notes what the other side speaks.
    fn learn(&mut self, frame: &Frame) {
        if let Frame::Hello(hello) = frame {
            self.minor = hello.minor_max.min(MINOR_MAX);
            self.heard.hello(hello);
            self.hello = Some(hello.clone());
        }
        if let Frame::Welcome(welcome) = frame {
            self.minor = welcome.minor.min(MINOR_MAX);
        }
        if let Frame::Claim(claim) = frame
            && self.minor >= MINOR_CLAIMED
        {
            claim.entries.iter().for_each(|entry| self.claims.came(&entry.bytes));
        }
    }
}

/// Bytes of the signed entries that a frame carries.
#[must_use]
pub fn entry_bytes(frame: &Frame) -> usize {
    let lengths: Vec<usize> = if let Frame::Push(batch) = frame {
        batch.entries.iter().map(|entry| entry.bytes.len()).collect()
    } else if let Frame::Feed(feed) = frame {
        let entry = |content: &Content| match content {
            Content::Entry(bytes, _) => bytes.len(),
            Content::Yours(..) | Content::Erased(_) => 0,
        };
        feed.items.iter().map(|item| entry(&item.content)).collect()
    } else if let Frame::Answer(answer) = frame {
        answer.entries.iter().map(|entry| entry.bytes.len()).collect()
    } else if let Frame::Claim(claim) = frame {
        claim.entries.iter().map(|entry| entry.bytes.len()).collect()
    } else {
        Vec::new()
    };
    lengths.into_iter().fold(0, usize::saturating_add)
}

fn brief(number: u8, body: &impl Encode<()>) -> Vec<u8> {
    let mut bytes = vec![number];
    // Writing to a vector cannot fail: its error type is uninhabited.
    match minicbor::encode(body, &mut bytes).map_err(minicbor::encode::Error::into_write) {
        Ok(()) | Err(None) => bytes,
        Err(Some(never)) => match never {},
    }
}

fn read<'b, T: Decode<'b, ()>>(number: u8, body: &'b [u8]) -> Result<T, FrameError> {
    minicbor::decode(body).map_err(|source| FrameError::Body(number, source))
}
