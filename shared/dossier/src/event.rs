//! What can be said of a dossier: every kind of event with its body, and its form in the document.
//!
//! An event is a map: `kind` is its word, `at` the time that its author's clock showed (Unix
//! milliseconds), the rest is the body. Reading is total: whatever stands in a payload, the answer
//! is an event or the reason why it says nothing here.

mod application;
mod bodies;
mod part;

use std::{collections::BTreeMap, fmt};

use hoso_identity::{Header, UnitId};
use hoso_registry::EventKind;
use thiserror::Error;

pub use application::{
    Application, Channel, Fee, Frozen, Office, Paper, Party, PartyKind, Representative,
    ResultChannel, still_missing,
};
pub use bodies::{
    Approved, Assigned, Attached, Body, CalendarAccepted, CodeReissued, ConflictResolved, Detached,
    Extended, FeeAdded, FeeRemoved, FieldCorrected, HandedOver, Method, NotAccepted, Noted, Opened,
    Paid, PaymentConfirmed, PaymentRequested, PaymentReversed, Printed, Received, Refused,
    ResultArrived, ResultReady, ResultRecalled, ResultSent, Resumed, Returned, Stopped, Submitted,
    SupplementRequested, Supplemented, TakenOver, UnitAdded, Withdrawn,
};
pub use part::{AMOUNT_MAX, INSTANT_MAX_MS, ITEMS_MAX, Listed, TEXT_CHARS_MAX};

use crate::{shape::Change, value::Value};
use part::Part;

/// The key of the kind's word.
const KIND: &str = "kind";
/// The key of the author's time.
const AT: &str = "at";

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, by the author's clock, Unix milliseconds.
    pub at_ms: i64,
    /// What.
    pub body: Body,
}

/// What is wrong with a part of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not there, or blank.
    Missing,
    /// It is a value of another type.
    Type,
    /// It is too long, too large, or not written as such a value is.
    Bounds,
    /// It is a key or a word of a newer version of this program.
    Newer,
    /// The part of that name has a fault.
    At(String, Box<Fault>),
}

/// Why an entry's event has no effect here: decided by header and payload alone.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// A newer version of this program is needed.
    #[error("the event is of a newer version")]
    Newer,
    /// The body is not one.
    #[error("the event cannot be read: {0}")]
    Body(Fault),
    /// Header and payload say different things.
    #[error("the entry's header and its event disagree")]
    Disagrees,
}

impl Fault {
    /// The fault as that of the part of this name.
    #[must_use]
    pub fn at(self, name: &str) -> Self {
        Self::At(name.to_owned(), Box::new(self))
    }

    /// Whether a newer version would read it.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        match self {
            Self::Newer => true,
            Self::At(_, inner) => inner.is_newer(),
            Self::Missing | Self::Type | Self::Bounds => false,
        }
    }

    /// The dotted name of the part, empty for the whole.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::At(name, inner) => {
                let rest = inner.path();
                if rest.is_empty() { name.clone() } else { format!("{name}.{rest}") }
            }
            Self::Missing | Self::Type | Self::Bounds | Self::Newer => String::new(),
        }
    }

    /// The stable word for what is wrong.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Type => "type",
            Self::Bounds => "bounds",
            Self::Newer => "unknown",
            Self::At(_, inner) => inner.code(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path(), self.code())
    }
}

impl Event {
    /// The event as it stands in the document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut parts = BTreeMap::new();
        self.body.write_into(&mut parts);
        parts.insert(KIND.to_owned(), Value::Text(self.body.kind().code().to_owned()));
        parts.insert(AT.to_owned(), Value::Int(self.at_ms));
        Value::Map(parts)
    }

    /// Reads what stands in a document.
    ///
    /// # Errors
    ///
    /// [`Fault`] with the name of the part.
    pub fn from_value(value: &Value) -> Result<Self, Fault> {
        let mut parts = value.as_map().ok_or(Fault::Type)?.clone();
        let kind = parts.remove(KIND).ok_or(Fault::Missing.at(KIND))?;
        let kind = EventKind::from_code(part::text(&kind).map_err(|fault| fault.at(KIND))?)
            .ok_or(Fault::Newer.at(KIND))?;
        let at_ms = i64::read(parts.remove(AT).as_ref()).map_err(|fault| fault.at(AT))?;
        Ok(Self { at_ms, body: Body::read(kind, &parts)? })
    }

    /// Reads the event of an entry and holds it against the entry's header: author, kind, place in
    /// the dossier and units must agree.
    ///
    /// # Errors
    ///
    /// [`Unreadable`]. [`Unreadable::Disagrees`] is said by every version of this program that
    /// knows one of the two kinds; [`Unreadable::Newer`] may become another answer with the next.
    pub fn of_entry(header: &Header, change: &Change) -> Result<Self, Unreadable> {
        if change.actor != header.actor() || change.is_first() != header.is_first() {
            return Err(Unreadable::Disagrees);
        }
        let word = change.event.as_map().and_then(|parts| parts.get(KIND));
        let word = word.and_then(|word| part::text(word).ok());
        let said = word.and_then(EventKind::from_code);
        let Some(kind) = EventKind::from_kind(header.kind) else {
            return Err(if said.is_some() { Unreadable::Disagrees } else { Unreadable::Newer });
        };
        if word.is_some_and(|word| word != kind.code()) {
            return Err(Unreadable::Disagrees);
        }
        let event = Self::from_value(&change.event).map_err(|fault| {
            if fault.is_newer() { Unreadable::Newer } else { Unreadable::Body(fault) }
        })?;
        let agrees = event.units_added() == header.units_added;
        if agrees { Ok(event) } else { Err(Unreadable::Disagrees) }
    }

    /// The units that the header of its entry must name, ascending.
    #[must_use]
    pub fn units_added(&self) -> Vec<UnitId> {
        if let Body::Submitted(body) = &self.body {
            body.application.units()
        } else if let Body::Received(body) = &self.body {
            body.application.as_ref().map(Application::units).unwrap_or_default()
        } else if let Body::HandedOver(body) = &self.body {
            body.to_unit.unit().into_iter().collect()
        } else if let Body::UnitAdded(body) = &self.body {
            vec![body.unit]
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_back() {
        let body = Body::Noted(Noted { text: "Đã gọi điện".to_owned() });
        let event = Event { at_ms: 1, body };
        assert_eq!(Event::from_value(&event.to_value()), Ok(event));
    }

    #[test]
    fn what_a_newer_version_says_is_told_from_what_is_wrong() {
        let value = |kind: &str, key: &str| {
            Value::Map(BTreeMap::from([
                ("kind".to_owned(), Value::Text(kind.to_owned())),
                ("at".to_owned(), Value::Int(1)),
                (key.to_owned(), Value::Text(" ".to_owned())),
            ]))
        };
        assert!(Event::from_value(&value("dreamt", "text")).unwrap_err().is_newer());
        assert!(Event::from_value(&value("noted", "colour")).unwrap_err().is_newer());
        let blank = Event::from_value(&value("noted", "text")).unwrap_err();
        assert_eq!((blank.path().as_str(), blank.code()), ("text", "missing"));
    }

    #[test]
    fn the_papers_of_a_hand_over_and_of_a_supplement_are_said_even_where_there_are_none() {
        let paper =
            Paper {
                name: "Tờ khai".to_owned(), originals: 1, certified_copies: 0, photocopies: 0
            };
        let with = |papers: Option<Value>, code: &str| {
            let text = |text: &str| Value::Text(text.to_owned());
            let mut parts =
                BTreeMap::from([("kind".to_owned(), text(code)), ("at".to_owned(), Value::Int(1))]);
            parts.extend(papers.map(|papers| ("papers".to_owned(), papers)));
            if code == "handed_over" {
                parts.insert("to_unit".to_owned(), Value::Int(7));
            }
            if code == "supplement_requested" {
                parts.insert("reason".to_owned(), text("thiếu"));
            }
            Event::from_value(&Value::Map(parts))
        };
        for (code, may_be_none) in
            [("handed_over", true), ("supplemented", true), ("supplement_requested", false)]
        {
            let unsaid = with(None, code).unwrap_err();
            assert_eq!((unsaid.path().as_str(), unsaid.code()), ("papers", "missing"), "{code}");
            let none = with(Some(Value::List(Vec::new())), code);
            assert_eq!(none.is_ok(), may_be_none, "{code}");
            let one = with(Some(Value::List(vec![paper.write().unwrap()])), code).unwrap();
            assert_eq!(Event::from_value(&one.to_value()), Ok(one), "{code}");
            if let Ok(none) = none {
                assert_eq!(Event::from_value(&none.to_value()), Ok(none), "{code}");
            }
        }
    }
}
