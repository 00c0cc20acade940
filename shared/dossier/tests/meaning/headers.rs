//! What an entry's header says against what its payload says.

use std::collections::BTreeMap;

use hoso_dossier::{
    Change, History, Value,
    event::{Body, Event, Fault, Noted, Office, Unreadable},
};
use hoso_identity::{
    DocumentId, EntryId, Header, Kind, Nonce, PayloadHash, Realm, SigningKey, UnitId,
};
use hoso_registry::EventKind;

use crate::scene::{BAI_CHAY, CO_TO, handed_over, received};

fn header(kind: Kind, document: DocumentId, units_added: &[UnitId]) -> Header {
    Header {
        realm: Realm([1; 16]),
        document,
        kind,
        author: SigningKey::from_seed(&[7; 32]).public(),
        grant: EntryId([2; 32]),
        nonce: Nonce([3; 8]),
        units_added: units_added.to_vec(),
        payload: PayloadHash::ZERO,
    }
}

/// A later change of the header's author that says this.
fn later(header: &Header, event: &Value) -> Change {
    let first = Event { at_ms: 1, body: received(Office::Unit(CO_TO)) };
    let other = Header { nonce: Nonce([9; 8]), ..header.clone() }.actor();
    let mut history = History::new();
    let (_, first) = history.write(&[], other, &first.to_value()).unwrap();
    history.take(&first, other).unwrap();
    history.write(&history.heads(), header.actor(), event).unwrap().1
}

fn noted() -> Value {
    Event { at_ms: 1, body: Body::Noted(Noted { text: "ghi".to_owned() }) }.to_value()
}

/// What a kind that this program does not know may look like.
fn dreamt() -> Value {
    Value::Map(BTreeMap::from([
        ("kind".to_owned(), Value::Text("dreamt".to_owned())),
        ("at".to_owned(), Value::Int(1)),
    ]))
}

const DOSSIER: DocumentId = DocumentId([5; 16]);

fn of(kind: Kind, event: &Value) -> Result<Event, Unreadable> {
    let header = header(kind, DOSSIER, &[]);
    Event::of_entry(&header, &later(&header, event))
}

#[test]
fn another_kind_than_the_header_names_is_a_disagreement_and_no_newer_version() {
    assert!(of(EventKind::Noted.kind(), &noted()).is_ok());
    assert_eq!(of(EventKind::Printed.kind(), &noted()), Err(Unreadable::Disagrees));
    let unknown = Kind(900);
    assert_eq!(of(unknown, &noted()), Err(Unreadable::Disagrees), "who knows 900 says so too");
    assert_eq!(of(EventKind::Noted.kind(), &dreamt()), Err(Unreadable::Disagrees));
    assert_eq!(of(unknown, &dreamt()), Err(Unreadable::Newer));
    let Value::Map(mut parts) = noted() else { unreachable!("an event is a map") };
    parts.remove("kind");
    let nameless = of(EventKind::Noted.kind(), &Value::Map(parts));
    assert_eq!(nameless, Err(Unreadable::Body(Fault::Missing.at("kind"))));
}

#[test]
fn other_units_than_the_event_adds_are_a_disagreement() {
    let given = Event { at_ms: 1, body: handed_over(Office::Unit(BAI_CHAY)) }.to_value();
    for (units, agrees) in [
        (vec![BAI_CHAY], true),
        (vec![], false),
        (vec![CO_TO], false),
        (vec![CO_TO, BAI_CHAY], false),
    ] {
        let header = header(EventKind::HandedOver.kind(), DOSSIER, &units);
        let read = Event::of_entry(&header, &later(&header, &given));
        assert_eq!(read.is_ok(), agrees, "{units:?}");
        assert!(agrees || read == Err(Unreadable::Disagrees), "{units:?}");
    }
}

#[test]
fn a_first_change_in_a_later_entry_or_under_another_author_is_a_disagreement() {
    let event = Event { at_ms: 1, body: received(Office::Unit(CO_TO)) };
    let kind = EventKind::Received.kind();
    let first = header(kind, DocumentId::ZERO, &[CO_TO]);
    let (_, change) = History::new().write(&[], first.actor(), &event.to_value()).unwrap();
    assert_eq!(Event::of_entry(&first, &change), Ok(event));
    let as_later = header(kind, DOSSIER, &[CO_TO]);
    assert_eq!(Event::of_entry(&as_later, &change), Err(Unreadable::Disagrees));
    let as_first = header(EventKind::Noted.kind(), DocumentId::ZERO, &[]);
    let later = later(&as_first, &noted());
    assert_eq!(Event::of_entry(&as_first, &later), Err(Unreadable::Disagrees));
    let author = SigningKey::from_seed(&[8; 32]).public();
    let stranger = Header { author, ..first };
    assert_eq!(Event::of_entry(&stranger, &change), Err(Unreadable::Disagrees));
}
