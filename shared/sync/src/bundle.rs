//! What travels on a stick where there is no link: the pending part of a journal, and the relay's
//! receipt for it.
//!
//! A file is `magic ‖ version ‖ CBOR ‖ BLAKE3 of all before ‖ signature`. What the CBOR of a bundle
//! holds of dossiers is sealed, section by section, to those who may read it. Checksum and
//! signature cover the sealed form, so that a file is known to be whole, and whose, before anything
//! in it is opened.

use hoso_identity::{Epoch, Incarnation, NodeId, PublicKey, Realm, SigningKey, UnitId};
use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::wire::{NumberedOutcome, ShortDigest};

/// The version that is written.
pub const VERSION: u16 = 1;
/// The oldest version that is read.
const VERSION_MIN: u16 = 1;
/// Bytes of the longest file.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of entries that one bundle carries at most: sealing and covering them adds little.
pub const ENTRIES_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Entries that one bundle carries at most.
pub const ENTRIES_MAX: usize = 65_536;
/// Bytes of the magic word.
const MAGIC_BYTES: usize = 8;
/// What a signature is about.
const SIGNED: &[u8] = b"hoso bundle 1";

const _: () = assert!(ENTRIES_BYTES_MAX < FILE_BYTES_MAX);

/// Why a file was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// Neither a bundle nor a receipt.
    #[error("this is no file of this system")]
    Foreign,
    /// A version that is not read any more.
    #[error("the file has version {0}, which is too old to be read")]
    TooOld(u16),
    /// A version that this program does not know.
    #[error("the file has version {0}, which is newer than this program")]
    TooNew(u16),
    /// Not the bytes that were written, or not all of them.
    #[error("the file is damaged or cut short")]
    Damaged,
    /// Whole, and not signed by whom it names.
    #[error("the file is not signed by whom it names")]
    Signature,
}

/// What a file can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The pending part of a journal.
    Bundle(Signed<Bundle>),
    /// The relay's receipt.
    Receipt(Signed<Receipt>),
}

/// What a file holds, with the signature over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<Body> {
    /// What it holds. Nothing of it is to be believed before [`Signed::verify`].
    pub body: Body,
    message: Vec<u8>,
    signature: [u8; 64],
}

/// Entries of one journal from one number on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Bundle {
    /// The world.
    #[n(0)]
    pub realm: Realm,
    /// Whose journal.
    #[n(1)]
    pub node: NodeId,
    /// Which copy of its database.
    #[n(2)]
    pub incarnation: Incarnation,
    /// The number before the first.
    #[n(3)]
    pub after: u64,
    /// The running digest there.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub digest: [u8; 32],
    /// How many entries there are.
    #[n(5)]
    pub entries: u64,
    /// When it was made, Unix milliseconds.
    #[n(6)]
    pub made_at_ms: u64,
    /// The entries, by who may read them.
    #[n(7)]
    pub sections: Vec<Section>,
}

/// Entries that the same units may read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Section {
    /// The units.
    #[n(0)]
    pub units: Vec<UnitId>,
    /// A [`crate::wire::PushedBatch`], sealed to the relay and to the nodes of these.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

/// What the relay has stored of a journal, as an `Ack` would say it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// The world.
    #[n(0)]
    pub realm: Realm,
    /// The life of the ledger.
    #[n(1)]
    pub epoch: Epoch,
    /// Whose journal.
    #[n(2)]
    pub node: NodeId,
    /// Which copy of its database.
    #[n(3)]
    pub incarnation: Incarnation,
    /// Everything up to here.
    #[n(4)]
    pub through: u64,
    /// The running digest there.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub digest: ShortDigest,
    /// What was not simply accepted.
    #[n(6)]
    pub outcomes: Vec<NumberedOutcome>,
}

/// What can stand in a file.
trait Kind: Encode<()> + for<'b> Decode<'b, ()> {
    /// The word that begins it.
    const MAGIC: [u8; MAGIC_BYTES];
}

impl Kind for Bundle {
    const MAGIC: [u8; MAGIC_BYTES] = *b"hosobndl";
}

impl Kind for Receipt {
    const MAGIC: [u8; MAGIC_BYTES] = *b"hosorcpt";
}

impl Bundle {
    /// The bytes of the file, signed.
    #[must_use]
    pub fn write(&self, key: &SigningKey) -> Vec<u8> {
        write(self, key)
    }
}

impl Receipt {
    /// The bytes of the file, signed.
    #[must_use]
    pub fn write(&self, key: &SigningKey) -> Vec<u8> {
        write(self, key)
    }
}

impl<Body> Signed<Body> {
    /// What it holds, once it is known that the holder of this key has written it.
    ///
    /// # Errors
    ///
    /// [`BundleError::Signature`].
    pub fn verify(self, key: &PublicKey) -> Result<Body, BundleError> {
        let verified = key.verify(&self.message, &self.signature);
        verified.map_err(|_| BundleError::Signature)?;
        Ok(self.body)
    }
}

impl Carried {
    /// Reads a file: bounds, version and checksum before anything else.
    ///
    /// # Errors
    ///
    /// [`BundleError`].
    pub fn read(bytes: &[u8]) -> Result<Self, BundleError> {
        match bytes.first_chunk::<MAGIC_BYTES>() {
            Some(magic) if *magic == Bundle::MAGIC => read(bytes).map(Self::Bundle),
            Some(magic) if *magic == Receipt::MAGIC => read(bytes).map(Self::Receipt),
            Some(_) | None => Err(BundleError::Foreign),
        }
    }
}

fn write<Body: Kind>(body: &Body, key: &SigningKey) -> Vec<u8> {
    let mut bytes = Body::MAGIC.to_vec();
    bytes.extend(VERSION.to_be_bytes());
    // Writing to a vector cannot fail: its error type is uninhabited.
    bytes.extend(minicbor::to_vec(body).unwrap_or_default());
    let sum = *blake3::hash(&bytes).as_bytes();
    bytes.extend(sum);
    bytes.extend(key.sign(&message(&sum)));
    bytes
}

fn read<Body: Kind>(bytes: &[u8]) -> Result<Signed<Body>, BundleError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(BundleError::Damaged);
    }
    let rest = bytes.get(MAGIC_BYTES..).unwrap_or_default();
    let (version, _) = rest.split_first_chunk::<2>().ok_or(BundleError::Damaged)?;
    let version = u16::from_be_bytes(*version);
    if version < VERSION_MIN {
        return Err(BundleError::TooOld(version));
    }
    if version > VERSION {
        return Err(BundleError::TooNew(version));
    }
    let (rest, signature) = bytes.split_last_chunk::<64>().ok_or(BundleError::Damaged)?;
    let (covered, sum) = rest.split_last_chunk::<32>().ok_or(BundleError::Damaged)?;
    if blake3::hash(covered).as_bytes() != sum {
        return Err(BundleError::Damaged);
    }
    let body = covered.get(MAGIC_BYTES.saturating_add(2)..).unwrap_or_default();
    let mut from = minicbor::Decoder::new(body);
    let decoded = from.decode().map_err(|_| BundleError::Damaged)?;
    if from.position() != body.len() {
        return Err(BundleError::Damaged);
    }
    Ok(Signed { body: decoded, message: message(sum), signature: *signature })
}

fn message(sum: &[u8; 32]) -> Vec<u8> {
    [SIGNED, sum].concat()
}

#[cfg(test)]
mod tests {
    use hoso_identity::Reason;

    use super::*;
    use crate::wire::Outcome;

    fn key() -> SigningKey {
        SigningKey::from_seed(&[7; 32])
    }

    fn bundle() -> Bundle {
        Bundle {
            realm: Realm([1; 16]),
            node: NodeId([2; 16]),
            incarnation: Incarnation([3; 16]),
            after: 41,
            digest: [4; 32],
            entries: 1,
            made_at_ms: 1_790_000_000_000,
            sections: vec![Section { units: vec![UnitId(5), UnitId(6)], sealed: vec![7; 3] }],
        }
    }

    fn receipt() -> Receipt {
        Receipt {
            realm: Realm([1; 16]),
            epoch: Epoch { generation: 2, random: [8; 8] },
            node: NodeId([2; 16]),
            incarnation: Incarnation([3; 16]),
            through: 42,
            digest: [4; 8],
            outcomes: vec![NumberedOutcome {
                number: 42,
                outcome: Outcome::Refused(Reason::NodeEnded),
            }],
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn files_have_the_same_bytes_in_every_release() {
        let (bundle, receipt) = (bundle().write(&key()), receipt().write(&key()));
        assert_eq!([hex(&bundle), hex(&receipt)], [BUNDLE.concat(), RECEIPT.concat()]);
    }

    #[test]
    fn what_was_written_reads_back_and_names_its_signer() {
        let Ok(Carried::Bundle(read)) = Carried::read(&bundle().write(&key())) else { panic!() };
        assert_eq!(read.clone().verify(&SigningKey::from_seed(&[8; 32]).public()), SIGNATURE);
        assert_eq!(read.verify(&key().public()), Ok(bundle()));
        let Ok(Carried::Receipt(read)) = Carried::read(&receipt().write(&key())) else { panic!() };
        assert_eq!(read.verify(&key().public()), Ok(receipt()));
    }

    const SIGNATURE: Result<Bundle, BundleError> = Err(BundleError::Signature);

    #[test]
    fn a_byte_that_is_changed_missing_or_added_anywhere_is_refused() {
        let taken = |bytes: &[u8]| match Carried::read(bytes) {
            Ok(Carried::Bundle(read)) => read.verify(&key().public()).is_ok(),
            Ok(Carried::Receipt(read)) => read.verify(&key().public()).is_ok(),
            Err(_) => false,
        };
        for whole in [bundle().write(&key()), receipt().write(&key())] {
            assert!(taken(&whole));
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                assert!(!taken(&changed), "byte {at} was changed");
                assert!(!taken(&whole[..at]), "cut at {at}");
            }
            assert!(!taken(&[whole.as_slice(), b"0"].concat()));
        }
    }

    #[test]
    fn another_version_and_what_is_no_file_of_ours_are_called_so() {
        let mut file = bundle().write(&key());
        file[9] = 0;
        assert_eq!(Carried::read(&file), Err(BundleError::TooOld(0)));
        file[9] = 2;
        assert_eq!(Carried::read(&file), Err(BundleError::TooNew(2)));
        assert_eq!(Carried::read(b"PK\x03\x04 something else"), Err(BundleError::Foreign));
        assert_eq!(Carried::read(b""), Err(BundleError::Foreign));
    }

    const BUNDLE: &[&str] = &[
        "686f736f626e646c0001a80050010101010101010101010101010101010150020202020202020202",
        "02020202020202025003030303030303030303030303030303031829045820040404040404040404",
        "04040404040404040404040404040404040404040404040501061b000001a0c4506c000781828205",
        "064307070702964d0042c94e1c4ee261d510094cc4983e122d7917976b938e0a1bd943bdf62fe7a0",
        "c18add7088c5ce3e9f1fd52cea219036683cc6c02c6195acf6ed1c3ff0025bb868754c3e0ee51e3c",
        "7a2340566045d675459adeab00752e35b0c132070c",
    ];
    const RECEIPT: &[&str] = &[
        "686f736f726370740001a70050010101010101010101010101010101010182024808080808080808",
        "0802500202020202020202020202020202020203500303030303030303030303030303030304182a",
        "05480404040404040404068182182a8201810a5f6eedf66efe1dcd25237a2c26c11e59a2d9989173",
        "716645411491c0e4b1afef6f03194a7ceab931984f66cb67fd2ee0cf03d867ff05d2472f325e3fe2",
        "355fec12b681d7a99d13efc96949bbe6c52d6ff7765c4ea3b0594ea6465c88e1c7f10b",
    ];
}
