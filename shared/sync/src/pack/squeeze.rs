//! Compression in one direction of one stream: zstd with its context kept from batch to batch,
//! begun with a dictionary.

use std::{fmt, io};

use zstd::stream::raw::{CParameter, DParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

/// The number of the dictionary below; another dictionary gets another number.
pub(super) const DICTIONARY: u64 = 1;
/// What text of dossiers usually has in it, trained from invented ones.
const DICTIONARY_BYTES: &[u8] = include_bytes!("dossiers-1.dictionary");
/// How hard to try.
const LEVEL: i32 = 6;
/// Binary logarithm of how far back a repetition is found: 64 KiB, so that a session with a slow
/// machine costs it less than a megabyte.
const WINDOW_LOG: u32 = 16;
/// Bytes that may come out beyond those that go in.
const SURPLUS_BYTES: usize = 1024;

/// The compressing end.
pub(super) struct Squeezer(Encoder<'static>);

/// The end that takes it apart.
pub(super) struct Expander(Decoder<'static>);

impl fmt::Debug for Squeezer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Squeezer")
    }
}

impl fmt::Debug for Expander {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Expander")
    }
}

impl Squeezer {
    /// A new context.
    pub(super) fn new() -> io::Result<Self> {
        let mut encoder = Encoder::with_dictionary(LEVEL, DICTIONARY_BYTES)?;
        encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
        encoder.set_parameter(CParameter::DictIdFlag(false))?;
        encoder.set_parameter(CParameter::ChecksumFlag(false))?;
        Ok(Self(encoder))
    }

    /// The bytes from which the other end makes this text, given all that came before.
    pub(super) fn squeeze(&mut self, text: &[u8]) -> io::Result<Vec<u8>> {
        let most = text.len().saturating_add(text.len() / 64).saturating_add(SURPLUS_BYTES);
        let mut bytes = Vec::with_capacity(most);
        let mut input = InBuffer::around(text);
        let mut output = OutBuffer::around(&mut bytes);
        while input.pos() < text.len() {
            self.0.run(&mut input, &mut output)?;
        }
        while self.0.flush(&mut output)? > 0 {
            if output.pos() >= most {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
        }
        Ok(bytes)
    }
}

impl Expander {
    /// A new context; what would need more memory than ours uses is refused.
    pub(super) fn new() -> io::Result<Self> {
        let mut decoder = Decoder::with_dictionary(DICTIONARY_BYTES)?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
        Ok(Self(decoder))
    }

    /// The text of exactly that length from these bytes; `None` when they make anything else.
    pub(super) fn expand(&mut self, bytes: &[u8], length: usize) -> Option<Vec<u8>> {
        // One byte more than may come, so that what would come beyond is noticed.
        let mut text = Vec::with_capacity(length.saturating_add(1));
        let mut input = InBuffer::around(bytes);
        let mut output = OutBuffer::around(&mut text);
        loop {
            let before = (input.pos(), output.pos());
            self.0.run(&mut input, &mut output).ok()?;
            if output.pos() > length {
                return None;
            }
            if before == (input.pos(), output.pos()) {
                break;
            }
        }
        let whole = input.pos() == bytes.len() && output.pos() == length;
        whole.then_some(text)
    }
}
