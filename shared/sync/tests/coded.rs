//! Healing by coded symbols: what is asked, what is shown, and when the full listing is shorter.

#![expect(clippy::wildcard_enum_match_arm, reason = "the rest does not serve to find them")]

use std::collections::VecDeque;

use hoso_identity::{DocumentId, Epoch, Incarnation, Realm, Scope, SessionToken, UnitId};
use hoso_sync::{
    frame::Frame,
    listing::{self, Item, Listed},
    node, relay,
    relay::Greeted,
    symbols::{self, Symbol, Symbols},
    wire::{Head, Hello, Welcome},
};

const EPOCH: Epoch = Epoch { generation: 1, random: [1; 8] };
const UNIT: Scope = Scope::Unit(UnitId(5));

fn hello() -> Hello {
    Hello {
        minor_max: 2,
        epoch: Some(EPOCH),
        journal_head: 9,
        ..Hello::bare(Realm([1; 16]), Incarnation([2; 16]))
    }
}

fn welcome(minor: u16) -> Welcome {
    Welcome {
        minor,
        epoch: EPOCH,
        token: SessionToken([3; 16]),
        through: 4,
        digest: [4; 8],
        heal: true,
        renumber: false,
        scopes: vec![UNIT],
        credit: 20,
        clock_ms: 5,
    }
}

fn head() -> Head {
    Head { scope: UNIT, row: 30, digest: [7; 32] }
}

/// Both sides after `Welcome`, with what the node does first.
fn sides(minor: u16) -> (node::Conversation, relay::Conversation, Vec<node::Output>) {
    let (mut relay, _) = relay::Conversation::begin(0);
    relay.handle(1, relay::Input::Frame(Frame::Hello(hello())));
    relay.handle(2, relay::Input::Greeted(Greeted::Welcome(welcome(minor))));
    let (mut node, _) = node::Conversation::begin(hello(), 0);
    node.handle(1, node::Input::Frame(Frame::Welcome(welcome(minor))));
    let first = node.handle(2, node::Input::WelcomeStored { agrees: true, through: 4 });
    (node, relay, first)
}

/// Lets both sides talk until the node asks about documents; gives their names and the frames that
/// the relay showed.
fn heals(
    minor: u16,
    own: &[Listed],
    theirs: &[Listed],
    mut change: impl FnMut(&mut Frame),
) -> (Vec<[u8; 8]>, Vec<Frame>) {
    let (mut node, mut relay, first) = sides(minor);
    let mut asked: VecDeque<node::Output> = first.into();
    let mut shown = Vec::new();
    while let Some(output) = asked.pop_front() {
        match output {
            node::Output::Send(Frame::Show(show)) => {
                let mut outputs = relay.handle(5, relay::Input::Frame(Frame::Show(show)));
                if outputs == [relay::Output::ReadListing(UNIT)] {
                    let listed = theirs.to_vec();
                    let read = relay::Input::ListingRead { head: head(), taken: 12, listed };
                    outputs = relay.handle(6, read);
                }
                for mut frame in outputs.into_iter().filter_map(sent) {
                    change(&mut frame);
                    shown.push(frame.clone());
                    asked.extend(node.handle(7, node::Input::Frame(frame)));
                }
            }
            node::Output::SetRows { .. } => {
                asked.extend(node.handle(8, node::Input::RowsSet(None)));
            }
            node::Output::ReadListing(_) => {
                asked.extend(node.handle(9, node::Input::ListingRead(own.to_vec())));
            }
            node::Output::ReadHeld { documents, .. } => {
                return (documents.iter().map(|document| document.name).collect(), shown);
            }
            _ => {}
        }
    }
    (Vec::new(), shown)
}

fn sent(output: relay::Output) -> Option<Frame> {
    match output {
        relay::Output::Send(frame) => Some(frame),
        _ => None,
    }
}

/// Documents with these numbers, of which the first ones have other entries.
fn documents(numbers: std::ops::Range<u64>, other: u64) -> Vec<Listed> {
    let one = |number: u64| {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut item = [u8::from(number < other); 16];
        item[..8].copy_from_slice(&mixed.to_be_bytes());
        Listed { item, document: DocumentId([0; 16]) }
    };
    let mut all: Vec<Listed> = numbers.map(one).collect();
    all.sort_unstable();
    all
}

fn is_coded(frame: &Frame) -> bool {
    matches!(frame, Frame::Coded(_))
}

fn is_last(frame: &Frame) -> bool {
    match frame {
        Frame::Coded(part) => part.last,
        Frame::Listing(part) => part.last,
        _ => false,
    }
}

#[test]
fn a_small_difference_of_large_listings_is_found_by_one_question() {
    let (own, theirs) = (documents(0..5000, 100), documents(0..5000, 0));
    let (names, shown) = heals(2, &own, &theirs, |_| {});
    let items: Vec<Item> = theirs.iter().map(|theirs| theirs.item).collect();
    assert_eq!(names, listing::differing(&own, &items)[..names.len()]);
    assert!(shown.len() == 1 && shown.iter().all(is_coded), "{} frames", shown.len());
}

#[test]
fn a_larger_difference_is_found_by_a_second_question_whatever_its_size() {
    let theirs = documents(0..20_000, 0);
    let items: Vec<Item> = theirs.iter().map(|theirs| theirs.item).collect();
    for other in [300, 1_000, 2_000] {
        let own = documents(0..20_000, other);
        let (names, shown) = heals(2, &own, &theirs, |_| {});
        assert_eq!(names, listing::differing(&own, &items)[..names.len()]);
        assert!(shown.iter().all(is_coded));
        let questions = shown.iter().filter(|frame| is_last(frame)).count();
        assert_eq!(questions, 2, "for {other} documents");
    }
}

#[test]
fn a_difference_for_which_the_full_listing_is_shorter_is_told_by_the_first_symbols() {
    let theirs = documents(0..20_000, 0);
    for other in [10_000, 19_000] {
        let own = documents(0..20_000, other);
        let (names, shown) = heals(2, &own, &theirs, |_| {});
        assert!(!names.is_empty());
        let (coded, listed): (Vec<&Frame>, Vec<&Frame>) =
            shown.iter().partition(|frame| is_coded(frame));
        assert!(coded.len() == 1 && listed.last().is_some_and(|last| is_last(last)));
    }
}

#[test]
fn a_listing_that_is_shorter_than_its_symbols_is_shown_at_once() {
    let (names, shown) = heals(2, &documents(0..50, 3), &documents(0..50, 0), |_| {});
    assert_eq!(names.len(), 3);
    assert!(matches!(&shown[..], [Frame::Listing(_)]), "{shown:?}");
}

#[test]
fn symbols_that_contradict_each_other_are_followed_by_the_full_listing() {
    let (own, theirs) = (documents(0..5000, 3), documents(0..5000, 0));
    let (names, shown) = heals(2, &own, &theirs, |frame| {
        if let Frame::Coded(coded) = frame {
            // The same symbol everywhere: no set has such symbols.
            let first = documents(9000..9001, 0)[0].item;
            let lone = lone(&first);
            coded.symbols = lone.repeat(coded.symbols.len() / lone.len());
        }
    });
    assert_eq!(names.len(), 3);
    assert!(shown.last().is_some_and(|last| !is_coded(last)));
}

/// A symbol that holds one item.
fn lone(item: &Item) -> Vec<u8> {
    let listed = Listed { item: *item, document: DocumentId([0; 16]) };
    let token = welcome(2).token;
    let mut symbols = Symbols::new(&symbols::key(&token), &[listed]);
    symbols.next(1).into_iter().flat_map(Symbol::to_bytes).collect()
}

#[test]
fn a_relay_of_the_first_minor_is_asked_for_the_full_listing() {
    let (names, shown) = heals(1, &documents(0..5000, 3), &documents(0..5000, 0), |_| {});
    assert_eq!(names.len(), 3);
    assert!(!shown.iter().any(is_coded));
}

#[test]
fn two_equal_sets_end_the_healing_without_a_question() {
    let (names, shown) = heals(2, &documents(0..5000, 0), &documents(0..5000, 0), |_| {});
    assert!(names.is_empty() && matches!(&shown[..], [Frame::Coded(_)]));
}
