//! Numbers in LEB128 and slices of bounded length, read from the front of bytes.

use super::ChunkError;

/// Bits of a number that one byte carries.
const BITS: u32 = 7;

/// What is left to read.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: u64) -> Result<&'a [u8], ChunkError> {
        let count = usize::try_from(count).map_err(|_| ChunkError::Short)?;
        let (head, rest) = self.0.split_at_checked(count).ok_or(ChunkError::Short)?;
        self.0 = rest;
        Ok(head)
    }

    /// The next bytes, of a number known beforehand.
    pub(crate) fn take_array<const N: usize>(&mut self) -> Result<[u8; N], ChunkError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(ChunkError::Short)?;
        self.0 = rest;
        Ok(*head)
    }

    /// The next string: its length, then its bytes.
    pub(crate) fn text(&mut self) -> Result<&'a str, ChunkError> {
        let length = self.unsigned()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| ChunkError::Text)
    }

    /// The next unsigned number.
    pub(crate) fn unsigned(&mut self) -> Result<u64, ChunkError> {
        let (value, _, _) = self.group()?;
        u64::try_from(value).map_err(|_| ChunkError::Number)
    }

    /// The next signed number.
    pub(crate) fn signed(&mut self) -> Result<i64, ChunkError> {
        let (value, bits, last) = self.group()?;
        let value = i128::try_from(value).map_err(|_| ChunkError::Number)?;
        let negative = last & 0x40 != 0;
        let value = if negative { value.wrapping_sub(1_i128 << bits) } else { value };
        i64::try_from(value).map_err(|_| ChunkError::Number)
    }

    /// At most ten groups of seven bits, the number of bits in them and the last byte.
    fn group(&mut self) -> Result<(u128, u32, u8), ChunkError> {
        let mut value = 0_u128;
        let mut bits = 0_u32;
        while bits < 10 * BITS {
            let [byte] = self.take_array()?;
            value |= u128::from(byte & 0x7f) << bits;
            bits = bits.saturating_add(BITS);
            if byte & 0x80 == 0 {
                return Ok((value, bits, byte));
            }
        }
        Err(ChunkError::Number)
    }
}

/// Writes the shortest form of an unsigned number.
pub(crate) fn write_unsigned(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= BITS;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Writes the shortest form of a signed number.
pub(crate) fn write_signed(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= BITS;
        let sign = low & 0x40 != 0;
        if (value == 0 && !sign) || (value == -1 && sign) {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Writes the length of something and then the thing.
pub(crate) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Writes a length or a count.
pub(crate) fn write_length(out: &mut Vec<u8>, length: usize) {
    // No length in memory is above u64::MAX on any machine that this runs on.
    write_unsigned(out, u64::try_from(length).unwrap_or(u64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_reads_back_as_it_was_written() {
        let mut unsigned = vec![0, 1, 63, 64, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        unsigned.extend((0..64).map(|bit| 1_u64 << bit));
        for value in unsigned {
            let mut bytes = Vec::new();
            write_unsigned(&mut bytes, value);
            assert_eq!(Cursor::new(&bytes).unsigned().unwrap(), value);
            for signed in [value.cast_signed(), value.wrapping_neg().cast_signed()] {
                let mut bytes = Vec::new();
                write_signed(&mut bytes, signed);
                assert_eq!(Cursor::new(&bytes).signed().unwrap(), signed, "{bytes:?}");
            }
        }
    }

    #[test]
    fn a_number_beyond_64_bits_or_cut_short_is_refused() {
        let mut long = vec![0xff; 10];
        assert!(matches!(Cursor::new(&long).unsigned(), Err(ChunkError::Number)));
        long[9] = 0x02;
        assert!(matches!(Cursor::new(&long).unsigned(), Err(ChunkError::Number)));
        assert!(matches!(Cursor::new(&long).signed(), Err(ChunkError::Number)));
        assert!(matches!(Cursor::new(&[0x80]).unsigned(), Err(ChunkError::Short)));
        assert!(matches!(Cursor::new(&[]).signed(), Err(ChunkError::Short)));
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused_before_anything_is_taken() {
        let mut bytes = Vec::new();
        write_unsigned(&mut bytes, u64::MAX);
        assert!(matches!(Cursor::new(&bytes).text(), Err(ChunkError::Short)));
    }
}
