//! The bytes of scans between a node and the relay: what travels on their streams.
//!
//! A scan travels on a bidirectional stream of its own that the node opens. The node offers what a
//! dossier names, or wishes for it; whoever has the bytes sends their outline, by which each group
//! is proved, and then the groups from where the other side stands; that side says how far it has
//! proved them, and at the end that all of them are durable.
//!
//! On one more stream, which the relay opens when there is something to say, it tells the node
//! which scans it lacks and which have come. Nothing of all this is asked of a peer of an older
//! minor version.

mod outline;

use hoso_identity::{DocumentId, PayloadHash};
use minicbor::{Decode, Decoder, Encode, Encoder};

pub use self::outline::{GROUP_BYTES, Outline};
use crate::frame::FrameError;

/// Scans that travel over one connection at once.
pub const STREAMS_MAX: usize = 2;
/// Bytes of the largest scan that travels.
pub const SCAN_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A scan of a dossier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Named {
    /// The dossier.
    #[n(0)]
    pub document: DocumentId,
    /// BLAKE3 of the bytes.
    #[n(1)]
    pub blob: PayloadHash,
    /// Offered: how many bytes there are. Wished for: how many of them are there already.
    #[n(2)]
    pub bytes: u64,
}

/// Bytes from the first one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Through {
    /// How many.
    #[n(0)]
    pub bytes: u64,
}

/// Why a scan does not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Why {
    /// The relay does not have it yet.
    #[n(0)]
    Missing,
    /// The node's unit is not in the audience of that dossier, or the dossier is not known.
    #[n(1)]
    Audience,
    /// It is larger than what travels.
    #[n(2)]
    Size,
    /// The bytes are not those of that hash.
    #[n(3)]
    Damaged,
    /// The same scan is coming over another connection, or too many are.
    #[n(4)]
    Busy,
    /// There is no room for it.
    #[n(5)]
    Room,
}

/// A scan that does not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refusal {
    /// Why.
    #[n(0)]
    pub why: Why,
}

/// How a scan is proved.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hashes {
    /// Bytes of the scan.
    #[n(0)]
    pub size: u64,
    /// The hash of each group, one after the other.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub groups: Vec<u8>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Group {
    /// Its bytes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// Defines the frames: number, name, body.
macro_rules! frames {
    ($($(#[$doc:meta])* $number:literal $name:ident($body:ty);)*) => {
        /// One frame.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Frame { $($(#[$doc])* $name($body),)* }

        impl Frame {
            /// The bytes, without the length before them.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                let mut bytes = vec![match self { $(Self::$name(_) => $number,)* }];
                let mut out = Encoder::new(&mut bytes);
                // Writing to a vector cannot fail: its error type is uninhabited.
                let written = match self { $(Self::$name(body) => out.encode(body).map(|_| ()),)* };
                match written.map_err(minicbor::encode::Error::into_write) {
                    Ok(()) | Err(None) => bytes,
                    Err(Some(never)) => match never {},
                }
            }

            /// Reads a frame.
            ///
            /// # Errors
            ///
            /// [`FrameError`]; the stream must then be given up.
            pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
                let (number, body) = bytes.split_first().ok_or(FrameError::Empty)?;
                let mut from = Decoder::new(body);
                match *number {
                    $($number => from
                        .decode()
                        .map(Self::$name)
                        .map_err(|source| FrameError::Body($number, source)),)*
                    number => Err(FrameError::Unknown(number)),
                }
            }
        }
    };
}

frames! {
    /// The node has a scan that a dossier names.
    50 Offer(Named);
    /// The node wishes for a scan that a dossier names.
    51 Wish(Named);
    /// The relay takes what is offered from there on; where that is all, it has it.
    52 Take(Through);
    /// By which the groups that follow are proved.
    53 Outline(Hashes);
    /// One group after the other.
    54 Group(Group);
    /// So much has come and is proved; all of it: and is durable.
    55 Took(Through);
    /// The scan does not travel.
    56 Refuse(Refusal);
    /// The dossier no longer names the scan; answered by `Took` of no bytes.
    57 Unname(Named);
    /// The relay lacks a scan that a dossier names.
    58 Lack(Named);
    /// The relay has a scan that a dossier names.
    59 Here(Named);
}
