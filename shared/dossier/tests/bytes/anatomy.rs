//! A change chunk taken apart and put together again. Shared with the hostile insiders of the tests
//! of the whole.

use sha2::{Digest, Sha256};

/// Numbers and bytes of columns.
pub(crate) type Columns = Vec<(u64, Vec<u8>)>;

/// A chunk taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Anatomy {
    /// Type of the chunk.
    pub(crate) kind: u8,
    /// Everything before the columns.
    pub(crate) front: Vec<u8>,
    /// The columns in the order in which they stand.
    pub(crate) columns: Columns,
}

impl Anatomy {
    /// Takes an honest chunk apart.
    pub(crate) fn of(payload: &[u8]) -> Self {
        let mut at = 9;
        leb(payload, &mut at);
        let start = at;
        let deps = leb(payload, &mut at);
        at += 32 * usize::try_from(deps).unwrap();
        step_over_bytes(payload, &mut at);
        for _ in ["sequence", "start", "time"] {
            leb(payload, &mut at);
        }
        step_over_bytes(payload, &mut at);
        for _ in 0..leb(payload, &mut at) {
            step_over_bytes(payload, &mut at);
        }
        let front = payload[start..at].to_vec();
        let table: Vec<(u64, u64)> = (0..leb(payload, &mut at))
            .map(|_| (leb(payload, &mut at), leb(payload, &mut at)))
            .collect();
        let columns = table.into_iter().map(|(number, length)| {
            let start = at;
            at += usize::try_from(length).unwrap();
            (number, payload[start..at].to_vec())
        });
        Self { kind: payload[8], front, columns: columns.collect() }
    }

    /// Puts it together again with a right length and checksum.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let mut contents = self.front.clone();
        write_leb(&mut contents, self.columns.len());
        for (number, bytes) in &self.columns {
            write_leb(&mut contents, usize::try_from(*number).unwrap());
            write_leb(&mut contents, bytes.len());
        }
        self.columns.iter().for_each(|(_, bytes)| contents.extend_from_slice(bytes));
        sealed(self.kind, &contents)
    }
}

/// A chunk of that type around these contents, with a right checksum.
pub(crate) fn sealed(kind: u8, contents: &[u8]) -> Vec<u8> {
    let mut tail = vec![kind];
    write_leb(&mut tail, contents.len());
    tail.extend_from_slice(contents);
    let hash = Sha256::digest(&tail);
    let mut payload = vec![0x85, 0x6f, 0x4a, 0x83];
    payload.extend_from_slice(&hash[..4]);
    payload.extend_from_slice(&tail);
    payload
}

/// Steps over a length and as many bytes.
fn step_over_bytes(bytes: &[u8], at: &mut usize) {
    let length = leb(bytes, at);
    *at += usize::try_from(length).unwrap();
}

/// Reads an unsigned number and steps over it.
pub(crate) fn leb(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

/// Writes an unsigned number.
pub(crate) fn write_leb(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
}
