//! How each type of an event's field stands in the document, with its bounds.
//!
//! Reading is total: whatever stands there, the answer is a value or a [`Fault`].

use std::collections::BTreeMap;

use hoso_identity::{EntryId, PayloadHash, PersonId, UnitId};
use hoso_registry::Day;

use super::Fault;
use crate::{
    code::Code,
    value::{ChangeHash, Value},
};

/// Characters of the longest text.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Items of the longest list.
pub const ITEMS_MAX: usize = 32;
/// The largest amount in đồng.
pub const AMOUNT_MAX: u64 = 1_000_000_000_000;
/// The last instant, Unix milliseconds: the end of the year 9999.
pub const INSTANT_MAX_MS: i64 = 253_402_275_599_999;

/// The parts of a map by name.
pub(super) type Parts = BTreeMap<String, Value>;

/// A type that can stand in an event.
pub(super) trait Part: Sized {
    /// The value, or `None` where it is left out.
    fn write(&self) -> Option<Value>;

    /// Reads what may be left out.
    fn read(value: Option<&Value>) -> Result<Self, Fault> {
        value.ok_or(Fault::Missing).and_then(Self::read_value)
    }

    /// Reads what stands there.
    fn read_value(value: &Value) -> Result<Self, Fault>;
}

/// Defines structs of named parts, each with its form in the document. A key that is not listed
/// belongs to a newer version.
macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$about:meta])* $field:ident $key:literal: $type:ty,)*
    })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$about])* pub $field: $type,)* }

        impl $name {
            pub(super) fn write_into(&self, parts: &mut $crate::event::part::Parts) {
                let Self { $($field,)* } = self;
                let values: Vec<(&str, Option<$crate::Value>)> =
                    vec![$(($key, $crate::event::part::Part::write($field)),)*];
                let there = values.into_iter();
                parts.extend(there.filter_map(|(key, value)| Some((key.to_owned(), value?))));
            }

            pub(super) fn read_parts(
                parts: &$crate::event::part::Parts,
            ) -> Result<Self, $crate::event::Fault> {
                let known: &[&str] = &[$($key),*];
                if let Some(key) = parts.keys().find(|key| !known.contains(&key.as_str())) {
                    return Err($crate::event::Fault::Newer.at(key));
                }
                Ok(Self { $($field: $crate::event::part::Part::read(parts.get($key))
                    .map_err(|fault| fault.at($key))?,)* })
            }
        }

        impl $crate::event::part::Part for $name {
            fn write(&self) -> Option<$crate::Value> {
                let mut parts = $crate::event::part::Parts::new();
                self.write_into(&mut parts);
                Some($crate::Value::Map(parts))
            }

            fn read_value(value: &$crate::Value) -> Result<Self, $crate::event::Fault> {
                Self::read_parts(value.as_map().ok_or($crate::event::Fault::Type)?)
            }
        }
    )* };
}

/// Defines enums that stand as words. A word that is not listed belongs to a newer version.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $case:ident $code:literal,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$about])* $case,)* }

        impl $name {
            /// All.
            pub const ALL: &'static [Self] = &[$(Self::$case),*];

            /// The stable word.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$case => $code,)* }
            }

            /// What the word says.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|case| case.code() == code)
            }
        }

        impl $crate::event::part::Part for $name {
            fn write(&self) -> Option<$crate::Value> {
                Some($crate::Value::Text(self.code().to_owned()))
            }

            fn read_value(value: &$crate::Value) -> Result<Self, $crate::event::Fault> {
                let code = $crate::event::part::text(value)?;
                Self::from_code(code).ok_or($crate::event::Fault::Newer)
            }
        }
    )* };
}

pub(super) use {parts, words};

/// The text that stands there, whatever it says.
pub(super) fn text(value: &Value) -> Result<&str, Fault> {
    if let Value::Text(text) = value { Ok(text) } else { Err(Fault::Type) }
}

fn int(value: &Value) -> Result<i64, Fault> {
    if let Value::Int(number) = value { Ok(*number) } else { Err(Fault::Type) }
}

impl Part for String {
    fn write(&self) -> Option<Value> {
        Some(Value::Text(self.clone()))
    }

    /// Not blank, not too long, and no control characters but line breaks and tabs.
    fn read_value(value: &Value) -> Result<Self, Fault> {
        let text = text(value)?;
        let lawful = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
        if text.trim().is_empty() {
            return Err(Fault::Missing);
        }
        let fits = text.chars().count() <= TEXT_CHARS_MAX && text.chars().all(lawful);
        if fits { Ok(text.to_owned()) } else { Err(Fault::Bounds) }
    }
}

impl Part for bool {
    fn write(&self) -> Option<Value> {
        self.then_some(Value::Bool(true))
    }

    fn read(value: Option<&Value>) -> Result<Self, Fault> {
        value.map_or(Ok(false), Self::read_value)
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        if let Value::Bool(yes) = value { Ok(*yes) } else { Err(Fault::Type) }
    }
}

impl Part for u16 {
    fn write(&self) -> Option<Value> {
        Some(Value::Int(i64::from(*self)))
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        int(value)?.try_into().map_err(|_| Fault::Bounds)
    }
}

/// An amount or a size.
impl Part for u64 {
    fn write(&self) -> Option<Value> {
        Some(Value::Int(i64::try_from(*self).unwrap_or(i64::MAX)))
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        let number = Self::try_from(int(value)?).map_err(|_| Fault::Bounds)?;
        if number <= AMOUNT_MAX { Ok(number) } else { Err(Fault::Bounds) }
    }
}

/// An instant in Unix milliseconds.
impl Part for i64 {
    fn write(&self) -> Option<Value> {
        Some(Value::Int(*self))
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        let instant = int(value)?;
        if (0..=INSTANT_MAX_MS).contains(&instant) { Ok(instant) } else { Err(Fault::Bounds) }
    }
}

impl Part for UnitId {
    fn write(&self) -> Option<Value> {
        self.0.write()
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        u16::read_value(value).map(Self)
    }
}

/// Ids are bytes; in JSON, hex.
macro_rules! ids {
    ($($name:ident)*) => { $(
        impl Part for $name {
            fn write(&self) -> Option<Value> {
                Some(Value::Bytes(self.0.to_vec()))
            }

            fn read_value(value: &Value) -> Result<Self, Fault> {
                match value {
                    Value::Bytes(bytes) => Self::from_slice(bytes).ok_or(Fault::Bounds),
                    Value::Text(hex) => Self::from_hex(hex).ok_or(Fault::Bounds),
                    Value::Null | Value::Bool(_) | Value::Int(_) | Value::Map(_)
                    | Value::List(_) => Err(Fault::Type),
                }
            }
        }
    )* };
}

ids!(EntryId PersonId PayloadHash);

impl Part for ChangeHash {
    fn write(&self) -> Option<Value> {
        EntryId(self.0).write()
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        EntryId::read_value(value).map(|id| Self(id.0))
    }
}

impl Part for Day {
    fn write(&self) -> Option<Value> {
        Some(Value::Text(self.to_string()))
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        Self::from_iso(text(value)?).ok_or(Fault::Bounds)
    }
}

impl Part for Code {
    fn write(&self) -> Option<Value> {
        Some(Value::Text(self.to_string()))
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        text(value)?.parse().map_err(|_| Fault::Bounds)
    }
}

impl<T: Part> Part for Option<T> {
    fn write(&self) -> Option<Value> {
        self.as_ref().and_then(Part::write)
    }

    fn read(value: Option<&Value>) -> Result<Self, Fault> {
        value.filter(|value| **value != Value::Null).map(T::read_value).transpose()
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        Self::read(Some(value))
    }
}

/// A list that stands there even where it is empty, with so many items at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T, const ITEMS_MIN: usize>(
    /// The items.
    pub Vec<T>,
);

impl<T: Part, const ITEMS_MIN: usize> Part for Listed<T, ITEMS_MIN> {
    fn write(&self) -> Option<Value> {
        Some(Value::List(self.0.iter().filter_map(Part::write).collect()))
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        let items = Vec::read_value(value)?;
        if items.len() < ITEMS_MIN { Err(Fault::Missing) } else { Ok(Self(items)) }
    }
}

/// A list; left out where it is empty.
impl<T: Part> Part for Vec<T> {
    fn write(&self) -> Option<Value> {
        let items: Vec<Value> = self.iter().filter_map(Part::write).collect();
        (!items.is_empty()).then_some(Value::List(items))
    }

    fn read(value: Option<&Value>) -> Result<Self, Fault> {
        value.map_or_else(|| Ok(Self::new()), Self::read_value)
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        let Value::List(items) = value else { return Err(Fault::Type) };
        if items.len() > ITEMS_MAX {
            return Err(Fault::Bounds);
        }
        items.iter().map(T::read_value).collect()
    }
}
