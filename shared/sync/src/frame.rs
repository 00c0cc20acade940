//! What travels: one number and one CBOR map per frame, bounded before allocation.

use minicbor::{Decoder, Encoder};
use thiserror::Error;

use crate::wire::{
    Ack, Answer, Bare, Beat, Claim, Claimed, Coded, Covered, Delivered, Feed, FeedAck, Goodbye,
    Held, Hello, Listing, Opaque, PushedBatch, Report, Show, Welcome,
};

/// The oldest minor version that is spoken.
pub const MINOR_MIN: u16 = 1;
/// The newest minor version that is spoken.
pub const MINOR_MAX: u16 = 5;
/// The minor version from which on a scope is shown in coded symbols.
pub const MINOR_CODED: u16 = 2;
/// The minor version from which on entries are packed and the frames of every session are brief.
pub const MINOR_PACKED: u16 = 2;
/// The minor version from which on scans travel, on streams of their own.
pub const MINOR_SCANS: u16 = 3;
/// The minor version from which on what a node brought back is pointed at in its feed, and what it
/// holds is packed.
pub const MINOR_CLAIMED: u16 = 4;
/// The minor version from which on a question of healing and its answer carry their number in
/// packed form too; in plain form they always may.
pub const MINOR_ASKED: u16 = 5;
/// Bytes of the longest frame: a batch of 64 KiB that ends with the largest entry.
pub const FRAME_BYTES_MAX: usize = 192 * 1024;
/// Numbers from here on are optional: a reader that does not know them skips them.
pub const OPTIONAL_FROM: u8 = 128;
/// Bytes of entries in a batch, after which it is sent.
pub const BATCH_BYTES: usize = 64 * 1024;
/// Documents in one `Held` at most.
pub const HELD_DOCUMENTS_MAX: usize = 256;
/// Entries in one `Held` at most: 60 bytes each keep the frame well below its bound.
pub const HELD_ENTRIES_MAX: usize = 2048;

const _: () = assert!(HELD_ENTRIES_MAX * 60 + HELD_DOCUMENTS_MAX * 64 < FRAME_BYTES_MAX);

/// Which stream a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// One bidirectional, for life.
    Control,
    /// Journal upwards, feed rows downwards, strictly in order.
    Entries,
    /// Listings and what they lead to.
    Healing,
}

/// Why bytes are not a frame.
#[derive(Debug, Error)]
pub enum FrameError {
    /// More than [`FRAME_BYTES_MAX`].
    #[error("a frame of {0} bytes is too long")]
    Length(usize),
    /// A mandatory frame that this program does not know.
    #[error("frame number {0} is not known here")]
    Unknown(u8),
    /// Not the CBOR of that frame.
    #[error("frame number {0} cannot be read")]
    Body(u8, #[source] minicbor::decode::Error),
    /// A brief or packed form that says nothing after what came before it.
    #[error("frame number {0} does not unpack")]
    Packed(u8),
    /// Nothing at all.
    #[error("the frame is empty")]
    Empty,
}

/// Defines the frames: number, name, body, stream.
macro_rules! frames {
    ($($(#[$doc:meta])* $number:literal $name:ident($body:ty) on $stream:ident;)*) => {
        /// One frame.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Frame { $($(#[$doc])* $name($body),)* }

        impl Frame {
            /// Its number.
            #[must_use]
            pub fn number(&self) -> u8 {
                match self { $(Self::$name(_) => $number,)* }
            }

            /// The stream that it travels on.
            #[must_use]
            pub fn stream(&self) -> Stream {
                match self { $(Self::$name(_) => Stream::$stream,)* }
            }

            /// The bytes, without the length before them.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                let mut bytes = vec![self.number()];
                let mut out = Encoder::new(&mut bytes);
                // Writing to a vector cannot fail: its error type is uninhabited.
                let written = match self { $(Self::$name(body) => out.encode(body).map(|_| ()),)* };
                match written.map_err(minicbor::encode::Error::into_write) {
                    Ok(()) | Err(None) => bytes,
                    Err(Some(never)) => match never {},
                }
            }

            /// Reads a frame; `None` for an optional one that this program does not know.
            ///
            /// # Errors
            ///
            /// [`FrameError`]; the link must then be closed.
            pub fn decode(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
                if bytes.len() > FRAME_BYTES_MAX {
                    return Err(FrameError::Length(bytes.len()));
                }
                let (number, body) = bytes.split_first().ok_or(FrameError::Empty)?;
                let mut from = Decoder::new(body);
                match *number {
                    $($number => from
                        .decode()
                        .map(|body| Some(Self::$name(body)))
                        .map_err(|source| FrameError::Body($number, source)),)*
                    OPTIONAL_FROM.. => Ok(None),
                    number => Err(FrameError::Unknown(number)),
                }
            }
        }
    };
}

frames! {
    /// A request to become a node.
    1 Join(Opaque) on Control;
    /// The request is stored.
    2 Joined(Bare) on Control;
    /// A node begins.
    3 Hello(Hello) on Control;
    /// The relay goes on.
    4 Welcome(Welcome) on Control;
    /// The relay has stored.
    5 Ack(Ack) on Control;
    /// The node has stored.
    6 FeedAck(FeedAck) on Control;
    /// A destination has applied.
    7 Delivered(Delivered) on Control;
    /// Is someone there?
    8 Ping(Beat) on Control;
    /// Yes.
    9 Pong(Beat) on Control;
    /// The end.
    10 Goodbye(Goodbye) on Control;
    /// The journal, upwards.
    20 Push(PushedBatch) on Entries;
    /// Feed rows, downwards.
    21 Feed(Feed) on Entries;
    /// How far the entries before it cover a journal, between two nodes of one unit.
    22 Covered(Covered) on Entries;
    /// Show what you have.
    29 Show(Show) on Healing;
    /// What the relay has.
    30 Listing(Listing) on Healing;
    /// What the node has.
    31 Held(Held) on Healing;
    /// What both lack.
    32 Answer(Answer) on Healing;
    /// What the relay lacked.
    33 Claim(Claim) on Healing;
    /// The claims are stored.
    34 Claimed(Claimed) on Healing;
    /// The node has everything.
    35 Healed(Bare) on Healing;
    /// What the relay has, coded.
    36 Coded(Coded) on Healing;
    /// What a node tells the operators; optional.
    128 Report(Report) on Control;
}
