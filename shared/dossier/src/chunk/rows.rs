//! The operations of a change, one row each, and the columns in which they are packed.

use super::{
    ChunkError, OPERATIONS_MAX,
    column::{
        decode_booleans, decode_deltas, decode_runs, encode_booleans, encode_deltas, encode_runs,
    },
    leb::{Cursor, write_bytes, write_length, write_signed, write_unsigned},
};

/// One operation. Its own number is the change's first number plus its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Row<'a> {
    /// The object to which it adds; `None` is the document's root.
    pub(crate) object: Option<Name>,
    /// Where in that object.
    pub(crate) place: Place<'a>,
    /// Whether it makes an element of a list.
    pub(crate) insert: bool,
    /// Automerge's number of what it does.
    pub(crate) action: u64,
    /// What it puts there; null for one that makes an object.
    pub(crate) scalar: Scalar<'a>,
}

/// The name of an operation: index of its actor in the change's table, and number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Name {
    /// 0 for the change's own actor.
    pub(crate) actor: u64,
    /// Number.
    pub(crate) counter: u64,
}

/// A place in a map or in a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place<'a> {
    /// Under this key of a map.
    Key(&'a str),
    /// At the front of a list.
    Front,
    /// After this element of a list.
    After(Name),
}

/// A value without parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Numbers of columns that an event's change may have: four bits of type below the number of the
/// group.
mod column {
    pub(super) const OBJECT_ACTOR: u64 = 0x01;
    pub(super) const OBJECT_COUNTER: u64 = 0x02;
    pub(super) const KEY_ACTOR: u64 = 0x11;
    pub(super) const KEY_COUNTER: u64 = 0x13;
    pub(super) const KEY_STRING: u64 = 0x15;
    pub(super) const INSERT: u64 = 0x34;
    pub(super) const ACTION: u64 = 0x42;
    pub(super) const VALUE_META: u64 = 0x56;
    pub(super) const VALUE: u64 = 0x57;
    pub(super) const PREDECESSOR_COUNT: u64 = 0x70;
    pub(super) const PREDECESSOR_ACTOR: u64 = 0x71;
    pub(super) const PREDECESSOR_COUNTER: u64 = 0x73;
    pub(super) const EXPAND: u64 = 0x94;
    pub(super) const MARK_NAME: u64 = 0xa5;
    /// The bit that says that a column is deflated.
    pub(super) const DEFLATED: u64 = 0x08;
    /// How many columns there can be.
    pub(super) const COUNT: usize = 14;
}

/// Numbers of the types of scalars, the low four bits of their description.
mod scalar {
    pub(super) const NULL: u64 = 0;
    pub(super) const FALSE: u64 = 1;
    pub(super) const TRUE: u64 = 2;
    pub(super) const INT: u64 = 4;
    pub(super) const TEXT: u64 = 6;
    pub(super) const BYTES: u64 = 7;
    /// Bits of the type; above them stands the length.
    pub(super) const TYPE_BITS: u32 = 4;
}

/// The packed columns by number.
struct Columns<'a>(Vec<(u64, &'a [u8])>);

impl<'a> Columns<'a> {
    /// Reads the table of columns and their bytes.
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, ChunkError> {
        let count = usize::try_from(cursor.unsigned()?).unwrap_or(usize::MAX);
        if count > column::COUNT {
            return Err(ChunkError::Columns);
        }
        let mut table = Vec::with_capacity(count);
        for _ in 0..count {
            let number = cursor.unsigned()?;
            allow(number)?;
            if table.last().is_some_and(|(last, _)| *last >= number) {
                return Err(ChunkError::Columns);
            }
            table.push((number, cursor.unsigned()?));
        }
        let columns = table.into_iter().map(|(number, length)| Ok((number, cursor.take(length)?)));
        Ok(Self(columns.collect::<Result<_, ChunkError>>()?))
    }

    /// The bytes of a column, none when it is absent.
    fn get(&self, number: u64) -> &'a [u8] {
        let found = self.0.iter().find(|(here, _)| *here == number);
        found.map(|(_, bytes)| *bytes).unwrap_or_default()
    }
}

/// Whether a column may be there at all.
fn allow(number: u64) -> Result<(), ChunkError> {
    match number {
        column::OBJECT_ACTOR | column::OBJECT_COUNTER => Ok(()),
        column::KEY_ACTOR | column::KEY_COUNTER | column::KEY_STRING => Ok(()),
        column::INSERT | column::ACTION => Ok(()),
        column::VALUE_META | column::VALUE | column::PREDECESSOR_COUNT => Ok(()),
        column::PREDECESSOR_ACTOR | column::PREDECESSOR_COUNTER => Err(ChunkError::Predecessors),
        column::EXPAND | column::MARK_NAME => Err(ChunkError::Mark),
        other if other & column::DEFLATED != 0 => Err(ChunkError::Deflated),
        _ => Err(ChunkError::Columns),
    }
}

/// Reads the table of columns, the columns and the operations in them: 1 to [`OPERATIONS_MAX`].
pub(crate) fn read_rows<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Row<'a>>, ChunkError> {
    let columns = Columns::read(cursor)?;
    let actions = decode_runs(columns.get(column::ACTION), OPERATIONS_MAX, Cursor::unsigned);
    let too_many =
        |error| if matches!(error, ChunkError::Rows) { ChunkError::Operations } else { error };
    let actions = actions.map_err(too_many)?;
    let rows = actions.len();
    if rows == 0 {
        return Err(ChunkError::Operations);
    }
    let predecessors = decode_runs(columns.get(column::PREDECESSOR_COUNT), rows, Cursor::unsigned)?;
    if predecessors.iter().any(|count| *count != Some(0)) {
        return Err(ChunkError::Predecessors);
    }
    let number = |number| decode_runs(columns.get(number), rows, Cursor::unsigned);
    let mut objects = names(number(column::OBJECT_ACTOR)?, number(column::OBJECT_COUNTER)?);
    let mut places = Places {
        keys: decode_runs(columns.get(column::KEY_STRING), rows, Cursor::text)?.into_iter(),
        actors: number(column::KEY_ACTOR)?.into_iter(),
        counters: decode_deltas(columns.get(column::KEY_COUNTER), rows)?.into_iter(),
    };
    let mut inserts = decode_booleans(columns.get(column::INSERT), rows)?.into_iter();
    let mut descriptions = number(column::VALUE_META)?.into_iter().flatten();
    let mut values = Cursor::new(columns.get(column::VALUE));
    let mut read = Vec::with_capacity(rows);
    for action in actions {
        read.push(Row {
            object: objects.next().transpose()?.flatten(),
            place: places.next()?,
            insert: inserts.next().unwrap_or(false),
            action: action.ok_or(ChunkError::Rows)?,
            scalar: read_scalar(descriptions.next().ok_or(ChunkError::Rows)?, &mut values)?,
        });
    }
    Ok(read)
}

/// The two halves of each name put together; both or none must be there.
fn names(
    actors: Vec<Option<u64>>,
    counters: Vec<Option<u64>>,
) -> impl Iterator<Item = Result<Option<Name>, ChunkError>> {
    let nothing = || std::iter::repeat(None);
    let both = actors.into_iter().chain(nothing()).zip(counters.into_iter().chain(nothing()));
    both.map(|halves| match halves {
        (Some(actor), Some(counter)) => Ok(Some(Name { actor, counter })),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(ChunkError::Rows),
    })
}

/// The three columns that make places.
struct Places<K, A, C> {
    keys: K,
    actors: A,
    counters: C,
}

impl<'a, K, A, C> Places<K, A, C>
where
    K: Iterator<Item = Option<&'a str>>,
    A: Iterator<Item = Option<u64>>,
    C: Iterator<Item = Option<i64>>,
{
    /// The place of the next row.
    fn next(&mut self) -> Result<Place<'a>, ChunkError> {
        let key = self.keys.next().flatten();
        let actor = self.actors.next().flatten();
        let counter = self.counters.next().flatten();
        match (key, actor, counter.map(u64::try_from)) {
            (Some(key), None, None) => Ok(Place::Key(key)),
            (None, None, Some(Ok(0))) => Ok(Place::Front),
            (None, Some(actor), Some(Ok(counter))) => Ok(Place::After(Name { actor, counter })),
            _ => Err(ChunkError::Rows),
        }
    }
}

/// Reads the scalar that a description announces.
fn read_scalar<'a>(description: u64, values: &mut Cursor<'a>) -> Result<Scalar<'a>, ChunkError> {
    let length = description >> scalar::TYPE_BITS;
    let bytes = values.take(length)?;
    match description & 0x0f {
        scalar::NULL => Ok(Scalar::Null),
        scalar::FALSE => Ok(Scalar::Bool(false)),
        scalar::TRUE => Ok(Scalar::Bool(true)),
        scalar::INT => Ok(Scalar::Int(Cursor::new(bytes).signed()?)),
        scalar::TEXT => Ok(Scalar::Text(std::str::from_utf8(bytes).map_err(|_| ChunkError::Text)?)),
        scalar::BYTES => Ok(Scalar::Bytes(bytes)),
        other => Err(ChunkError::Scalar(other)),
    }
}

/// Writes the rows as Automerge does.
pub(crate) fn write_rows(out: &mut Vec<u8>, rows: &[Row<'_>]) {
    let objects: Vec<_> = rows.iter().map(|row| row.object).collect();
    let afters: Vec<_> = rows.iter().map(|row| after(row.place)).collect();
    let mut columns: Vec<(u64, Vec<u8>)> = Vec::with_capacity(column::COUNT);
    let mut column = |number, fill: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        fill(&mut bytes);
        if !bytes.is_empty() {
            columns.push((number, bytes));
        }
    };
    column(column::OBJECT_ACTOR, &|out| write_numbers(out, &objects, |name| name.actor));
    column(column::OBJECT_COUNTER, &|out| write_numbers(out, &objects, |name| name.counter));
    column(column::KEY_ACTOR, &|out| write_numbers(out, &afters, |name| name.actor));
    column(column::KEY_COUNTER, &|out| encode_deltas(out, &collect(rows, counter)));
    column(column::KEY_STRING, &|out| {
        encode_runs(out, &collect(rows, key), |out, key| write_bytes(out, key.as_bytes()));
    });
    column(column::INSERT, &|out| encode_booleans(out, &collect(rows, |row| row.insert)));
    column(column::ACTION, &|out| write_all(out, &collect(rows, |row| Some(row.action))));
    column(column::VALUE_META, &|out| write_all(out, &collect(rows, description)));
    column(column::VALUE, &|out| rows.iter().for_each(|row| write_scalar(out, &row.scalar)));
    column(column::PREDECESSOR_COUNT, &|out| write_all(out, &collect(rows, |_| Some(0))));
    write_length(out, columns.len());
    for (number, bytes) in &columns {
        write_unsigned(out, *number);
        write_length(out, bytes.len());
    }
    columns.iter().for_each(|(_, bytes)| out.extend_from_slice(bytes));
}

/// One value from each row.
fn collect<'a, T>(rows: &[Row<'a>], value: fn(&Row<'a>) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Writes a run-length column of numbers.
fn write_all(out: &mut Vec<u8>, numbers: &[Option<u64>]) {
    encode_runs(out, numbers, |out, number| write_unsigned(out, *number));
}

/// Writes one half of names as a column.
fn write_numbers(out: &mut Vec<u8>, names: &[Option<Name>], half: fn(Name) -> u64) {
    write_all(out, &names.iter().map(|name| name.map(half)).collect::<Vec<_>>());
}

/// The element after which a place is.
fn after(place: Place<'_>) -> Option<Name> {
    match place {
        Place::After(name) => Some(name),
        Place::Key(_) | Place::Front => None,
    }
}

/// The key column's value.
fn key<'a>(row: &Row<'a>) -> Option<&'a str> {
    match row.place {
        Place::Key(key) => Some(key),
        Place::Front | Place::After(_) => None,
    }
}

/// The key counter column's value: zero is the front. It was read from a signed number.
fn counter(row: &Row<'_>) -> Option<i64> {
    match row.place {
        Place::Key(_) => None,
        Place::Front => Some(0),
        Place::After(name) => Some(i64::try_from(name.counter).unwrap_or(i64::MAX)),
    }
}

/// The description of a row's scalar: length and type.
fn description(row: &Row<'_>) -> Option<u64> {
    let mut bytes = Vec::new();
    let (number, length) = match &row.scalar {
        Scalar::Null => (scalar::NULL, 0),
        Scalar::Bool(false) => (scalar::FALSE, 0),
        Scalar::Bool(true) => (scalar::TRUE, 0),
        Scalar::Int(value) => {
            write_signed(&mut bytes, *value);
            (scalar::INT, bytes.len())
        }
        Scalar::Text(text) => (scalar::TEXT, text.len()),
        Scalar::Bytes(bytes) => (scalar::BYTES, bytes.len()),
    };
    u64::try_from(length).ok().map(|length| length << scalar::TYPE_BITS | number)
}

/// Writes a scalar; its length and type stand in its description.
fn write_scalar(out: &mut Vec<u8>, scalar: &Scalar<'_>) {
    match scalar {
        Scalar::Null | Scalar::Bool(_) => {}
        Scalar::Int(value) => write_signed(out, *value),
        Scalar::Text(text) => out.extend_from_slice(text.as_bytes()),
        Scalar::Bytes(bytes) => out.extend_from_slice(bytes),
    }
}
