//! The three ways in which Automerge packs a column: run lengths, deltas and booleans.
//!
//! Every decoder gives at most `rows` values, whatever the bytes promise. Every encoder writes what
//! Automerge itself writes.

use super::{
    ChunkError,
    leb::{Cursor, write_length, write_signed, write_unsigned},
};

/// Reads one value of a column.
type Read<'a, T> = fn(&mut Cursor<'a>) -> Result<T, ChunkError>;

/// The values of a run-length column, nulls included; at most `rows`.
pub(crate) fn decode_runs<'a, T: Copy>(
    bytes: &'a [u8],
    rows: usize,
    read: Read<'a, T>,
) -> Result<Vec<Option<T>>, ChunkError> {
    let mut cursor = Cursor::new(bytes);
    let mut values = Vec::with_capacity(rows);
    while !cursor.is_empty() {
        let count = cursor.signed()?;
        let length = if count == 0 { cursor.unsigned()? } else { count.unsigned_abs() };
        let room = rows.saturating_sub(values.len());
        let length = usize::try_from(length).ok().filter(|length| *length <= room);
        let length = length.ok_or(ChunkError::Rows)?;
        if count == 0 {
            values.extend(std::iter::repeat_n(None, length));
        } else if count > 0 {
            values.extend(std::iter::repeat_n(Some(read(&mut cursor)?), length));
        } else {
            for _ in 0..length {
                values.push(Some(read(&mut cursor)?));
            }
        }
    }
    Ok(values)
}

/// The values of a delta column; at most `rows`.
pub(crate) fn decode_deltas(bytes: &[u8], rows: usize) -> Result<Vec<Option<i64>>, ChunkError> {
    let mut values = decode_runs(bytes, rows, Cursor::signed)?;
    let mut sum = 0_i64;
    for value in values.iter_mut().flatten() {
        sum = sum.checked_add(*value).ok_or(ChunkError::Number)?;
        *value = sum;
    }
    Ok(values)
}

/// The values of a boolean column, at most `rows`: counts of no and yes in turn, no first.
pub(crate) fn decode_booleans(bytes: &[u8], rows: usize) -> Result<Vec<bool>, ChunkError> {
    let mut cursor = Cursor::new(bytes);
    let mut values = Vec::with_capacity(rows);
    let mut value = false;
    while !cursor.is_empty() {
        let room = rows.saturating_sub(values.len());
        let length = usize::try_from(cursor.unsigned()?).ok().filter(|length| *length <= room);
        values.extend(std::iter::repeat_n(value, length.ok_or(ChunkError::Rows)?));
        value = !value;
    }
    Ok(values)
}

/// Writes a run-length column; nothing when every value is null.
pub(crate) fn encode_runs<T: PartialEq>(
    out: &mut Vec<u8>,
    values: &[Option<T>],
    write: fn(&mut Vec<u8>, &T),
) {
    if values.iter().all(Option::is_none) {
        return;
    }
    let mut rest = values;
    while let Some(run) = rest.chunk_by(PartialEq::eq).next() {
        let length = match run {
            [Some(value), _, ..] => {
                write_signed(out, signed(run.len()));
                write(out, value);
                run.len()
            }
            [None, ..] => {
                write_signed(out, 0);
                write_length(out, run.len());
                run.len()
            }
            [] | [Some(_)] => {
                let literal = literal_length(rest);
                write_signed(out, signed(literal).saturating_neg());
                rest.iter().take(literal).flatten().for_each(|value| write(out, value));
                literal
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// How many values from the front differ from both neighbours and are not null.
fn literal_length<T: PartialEq>(values: &[Option<T>]) -> usize {
    let runs = values.chunk_by(PartialEq::eq);
    runs.take_while(|run| matches!(run, [Some(_)])).count()
}

/// Writes a delta column; nothing when every value is null.
pub(crate) fn encode_deltas(out: &mut Vec<u8>, values: &[Option<i64>]) {
    let mut last = 0_i64;
    let mut deltas = Vec::with_capacity(values.len());
    for value in values {
        deltas.push(value.map(|value| value.wrapping_sub(last)));
        last = value.unwrap_or(last);
    }
    encode_runs(out, &deltas, |out, value| write_signed(out, *value));
}

/// Writes a boolean column.
pub(crate) fn encode_booleans(out: &mut Vec<u8>, values: &[bool]) {
    if values.first() == Some(&true) {
        write_unsigned(out, 0);
    }
    values.chunk_by(PartialEq::eq).for_each(|run| write_length(out, run.len()));
}

/// A count of rows as a signed number; rows are few.
fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn runs(values: &[Option<u64>]) -> Vec<u8> {
        let mut out = Vec::new();
        encode_runs(&mut out, values, |out, value| write_unsigned(out, *value));
        out
    }

    #[test]
    fn runs_literals_and_nulls_are_written_as_automerge_writes_them() {
        assert_eq!(runs(&[None, None]), [0_u8; 0]);
        assert_eq!(runs(&[Some(7)]), [0x7f, 7]);
        assert_eq!(runs(&[Some(7), Some(7), Some(8), Some(9)]), [2, 7, 0x7e, 8, 9]);
        assert_eq!(runs(&[Some(1), Some(2), Some(2), None]), [0x7f, 1, 2, 2, 0, 1]);
        assert_eq!(runs(&[None, Some(1)]), [0, 1, 0x7f, 1]);
    }

    #[test]
    fn a_run_that_promises_more_rows_than_there_are_is_refused_without_room_for_them() {
        let mut bomb = Vec::new();
        write_signed(&mut bomb, i64::MAX);
        write_unsigned(&mut bomb, 1);
        for count in [i64::MIN, 0] {
            let mut other = Vec::new();
            write_signed(&mut other, count);
            write_unsigned(&mut other, u64::MAX);
            assert!(matches!(decode_runs(&other, 256, Cursor::unsigned), Err(ChunkError::Rows)));
        }
        assert!(matches!(decode_runs(&bomb, 256, Cursor::unsigned), Err(ChunkError::Rows)));
        let mut booleans = Vec::new();
        write_unsigned(&mut booleans, u64::MAX);
        assert!(matches!(decode_booleans(&booleans, 256), Err(ChunkError::Rows)));
    }

    #[test]
    fn deltas_that_leave_64_bits_are_refused() {
        let mut bytes = Vec::new();
        write_signed(&mut bytes, 2);
        write_signed(&mut bytes, i64::MAX);
        assert!(matches!(decode_deltas(&bytes, 9), Err(ChunkError::Number)));
    }

    proptest! {
        #[test]
        fn columns_read_back_as_they_were_written(
            numbers in prop::collection::vec(prop::option::of(0_u64..4), 0..40),
            deltas in prop::collection::vec(prop::option::of(0_i64..1 << 40), 0..40),
            booleans in prop::collection::vec(any::<bool>(), 0..40),
        ) {
            let nothing = numbers.iter().all(Option::is_none);
            let read = decode_runs(&runs(&numbers), 40, Cursor::unsigned).unwrap();
            prop_assert_eq!(read, if nothing { Vec::new() } else { numbers });
            let nothing = deltas.iter().all(Option::is_none);
            let mut out = Vec::new();
            encode_deltas(&mut out, &deltas);
            let read = decode_deltas(&out, 40).unwrap();
            prop_assert_eq!(read, if nothing { Vec::new() } else { deltas });
            let mut out = Vec::new();
            encode_booleans(&mut out, &booleans);
            prop_assert_eq!(decode_booleans(&out, 40).unwrap(), booleans);
        }
    }
}
