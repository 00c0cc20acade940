//! The two sections of a packed batch: what chance has made, as it is, and everything else, which
//! is compressed. Apart, since bytes without order spoil the codes of those that have some.

/// What is being written.
#[derive(Debug, Default)]
pub(super) struct Sections {
    /// Signatures, hashes, keys and nonces.
    pub(super) chance: Vec<u8>,
    /// Numbers and content.
    pub(super) text: Vec<u8>,
}

impl Sections {
    /// A number, seven bits to a byte, the lowest first.
    pub(super) fn number(&mut self, number: u64) {
        write_number(&mut self.text, number);
    }

    /// A length.
    pub(super) fn length(&mut self, length: usize) {
        self.number(u64::try_from(length).unwrap_or(u64::MAX));
    }

    /// How far a number is from another one, wherever it lies.
    pub(super) fn step(&mut self, from: u64, to: u64) {
        let (up, down) = (to.wrapping_sub(from), from.wrapping_sub(to));
        let (distance, sign) = if up <= down { (up, 0) } else { (down, 1) };
        self.number(distance.wrapping_shl(1) | sign);
    }

    /// Content.
    pub(super) fn content(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
    }

    /// What chance has made.
    pub(super) fn chance(&mut self, bytes: &[u8]) {
        self.chance.extend_from_slice(bytes);
    }
}

/// What is being read. Everything is `None` where the bytes end too early.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    chance: &'a [u8],
    text: &'a [u8],
}

impl<'a> Reading<'a> {
    pub(super) fn new(chance: &'a [u8], text: &'a [u8]) -> Self {
        Self { chance, text }
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        read_number(&mut self.text)
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn step(&mut self, from: u64) -> Option<u64> {
        let step = self.number()?;
        let distance = step.wrapping_shr(1);
        Some(if step & 1 == 0 { from.wrapping_add(distance) } else { from.wrapping_sub(distance) })
    }

    pub(super) fn content(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.text.split_at_checked(length)?;
        self.text = rest;
        Some(taken)
    }

    pub(super) fn chance<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.chance.split_first_chunk::<N>()?;
        self.chance = rest;
        Some(*taken)
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.chance.is_empty() && self.text.is_empty()
    }
}

/// Writes a number, seven bits to a byte, the lowest first.
pub(super) fn write_number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// Reads such a number off the front.
pub(super) fn read_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        let low = u64::from(byte & 0x7f);
        let shifted = low.wrapping_shl(shift);
        if shifted.wrapping_shr(shift) != low {
            return None;
        }
        number |= shifted;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_steps_of_every_size_are_read_back() {
        let numbers = [0, 1, 127, 128, 16_384, u64::from(u32::MAX), u64::MAX - 1, u64::MAX];
        let mut out = Sections::default();
        for from in numbers {
            out.number(from);
            numbers.iter().for_each(|to| out.step(from, *to));
        }
        let mut reading = Reading::new(&out.chance, &out.text);
        for from in numbers {
            assert_eq!(reading.number(), Some(from));
            for to in numbers {
                assert_eq!(reading.step(from), Some(to), "{from} to {to}");
            }
        }
        assert!(reading.is_empty());
    }

    #[test]
    fn a_number_that_does_not_end_or_does_not_fit_is_none() {
        for bytes in [&[0x80][..], &[0xff; 9], &[0xff; 10], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(read_number(&mut &bytes[..]), None, "{bytes:?}");
        }
    }
}
