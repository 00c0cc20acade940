//! What it costs two sides to find out which documents differ: the shipped conversations face to
//! face, every frame encoded as it is sent.

#![expect(clippy::wildcard_enum_match_arm, reason = "the rest does not serve to find them")]

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use hoso_identity::{DocumentId, Epoch, Incarnation, Realm, Scope, SessionToken, UnitId};
use hoso_sync::{
    frame::{Frame, MINOR_MAX},
    listing::Listed,
    node, relay,
    relay::Greeted,
    symbols::{self, Symbols},
    wire::{Head, Hello, Welcome},
};

use super::figures::{Figure, ms};

const SCOPE: Scope = Scope::Unit(UnitId(1));
const EPOCH: Epoch = Epoch { generation: 1, random: [1; 8] };
/// Bytes of an item in a full listing.
const ITEM_BYTES: usize = 16;
/// Bytes to find a changed document: `protocol.md`, *Targets*.
const CHANGED_BYTES: usize = 140;
/// Changed documents from which on the bytes of the first question are spread.
const SPREAD: usize = 100;

/// Changed documents and documents of the target.
const TARGETED: (usize, usize) = (100, 100_000);

/// What a comparison cost.
struct Cost {
    found: usize,
    bytes: usize,
    questions: usize,
    took: Duration,
}

/// Compares sets of 10^3 to 10^5 documents, of which some have changed.
#[must_use]
pub fn measure() -> Vec<Figure> {
    let mut figures = Vec::new();
    for documents in [1_000, 10_000, 100_000] {
        let theirs = listing(documents, 0);
        figures.push(coding(&theirs));
        let some = [0, 1, 100, 1_000].into_iter().filter(|changed| changed * 4 < documents);
        figures.extend(some.chain([documents / 2]).map(|changed| figure(&theirs, changed)));
    }
    figures
}

fn figure(theirs: &[Listed], changed: usize) -> Figure {
    let cost = compare(&listing(theirs.len(), changed), theirs);
    assert_eq!(cost.found, changed, "exactly what changed is found");
    let full = theirs.len() * ITEM_BYTES;
    let each = cost.bytes.checked_div(changed).unwrap_or_default();
    let limit = if changed >= SPREAD {
        format!("{CHANGED_BYTES} B each, full listing {full} B")
    } else {
        format!("full listing {full} B")
    };
    let what = format!("find {changed} changed of {}", theirs.len());
    let measured = format!(
        "{} B in {} round trips, {each} B each, {}",
        cost.bytes,
        cost.questions,
        ms(cost.took)
    );
    let figure = Figure::new(&what, measured, limit, format!("{}/{full}", cost.bytes));
    if (changed, theirs.len()) != TARGETED {
        return figure;
    }
    figure.with("found_bytes_each", each as f64).with("found_questions", cost.questions as f64)
}

/// The first symbols of a set, which are made when they are asked for.
fn coding(listed: &[Listed]) -> Figure {
    let begun = Instant::now();
    let made = Symbols::new(&symbols::key(&token()), listed).next(512);
    let what = format!("512 symbols of {} items", listed.len());
    let took = ms(begun.elapsed());
    Figure::new(&what, took, format!("{} symbols", made.len()), String::from("–"))
}

/// So many documents; the first ones have other entries than those of a listing without change.
fn listing(documents: usize, changed: usize) -> Vec<Listed> {
    let mixed = |number: u64, salt: u64| {
        let mixed = (number ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let one = |number: usize| {
        let number = number as u64;
        let entries = if number < changed as u64 { 1 << 40 } else { 1 << 41 };
        let mut item = [0; ITEM_BYTES];
        let halves = [mixed(number, 0), mixed(number, entries)].map(u64::to_be_bytes);
        item.iter_mut().zip(halves.concat()).for_each(|(to, from)| *to = from);
        Listed { item, document: DocumentId(item) }
    };
    let mut all: Vec<Listed> = (0..documents).map(one).collect();
    all.sort_unstable();
    all
}

fn token() -> SessionToken {
    SessionToken([3; 16])
}

/// Both sides after `Welcome`, with what the node does first.
fn sides() -> (node::Conversation, relay::Conversation, Vec<node::Output>) {
    let hello =
        || Hello { epoch: Some(EPOCH), ..Hello::bare(Realm([1; 16]), Incarnation([2; 16])) };
    let welcome = || Welcome {
        minor: MINOR_MAX,
        epoch: EPOCH,
        token: token(),
        through: 0,
        digest: [0; 8],
        heal: true,
        renumber: false,
        scopes: vec![SCOPE],
        credit: 0,
        clock_ms: 0,
    };
    let (mut relay, _) = relay::Conversation::begin(0);
    relay.handle(0, relay::Input::Frame(Frame::Hello(hello())));
    relay.handle(0, relay::Input::Greeted(Greeted::Welcome(welcome())));
    let (mut node, _) = node::Conversation::begin(hello(), 0);
    node.handle(0, node::Input::Frame(Frame::Welcome(welcome())));
    let first = node.handle(0, node::Input::WelcomeStored { agrees: true, through: 0 });
    (node, relay, first)
}

/// Lets both sides talk until the node knows what differs.
fn compare(own: &[Listed], theirs: &[Listed]) -> Cost {
    let (mut node, mut relay, first) = sides();
    let mut todo: VecDeque<node::Output> = first.into();
    let mut cost = Cost { found: 0, bytes: 0, questions: 0, took: Duration::ZERO };
    let begun = Instant::now();
    while let Some(output) = todo.pop_front() {
        match output {
            node::Output::Send(frame @ Frame::Show(_)) => {
                cost.questions += 1;
                cost.bytes += frame.encode().len();
                for frame in shows(&mut relay, frame, theirs) {
                    cost.bytes += frame.encode().len();
                    todo.extend(node.handle(0, node::Input::Frame(frame)));
                }
            }
            node::Output::SetRows { .. } => todo.extend(node.handle(0, node::Input::RowsSet(None))),
            node::Output::ReadListing(_) => {
                todo.extend(node.handle(0, node::Input::ListingRead(own.to_vec())));
            }
            node::Output::ReadHeld { .. } => {
                cost.found = node.differing();
                break;
            }
            _ => {}
        }
    }
    cost.took = begun.elapsed();
    cost
}

/// What the relay shows when it is asked.
fn shows(relay: &mut relay::Conversation, frame: Frame, theirs: &[Listed]) -> Vec<Frame> {
    let mut outputs = relay.handle(0, relay::Input::Frame(frame));
    if outputs == [relay::Output::ReadListing(SCOPE)] {
        let head = Head { scope: SCOPE, row: 1, digest: [7; 32] };
        let listed = theirs.to_vec();
        outputs = relay.handle(0, relay::Input::ListingRead { head, taken: 1, listed });
    }
    let sent = |output| match output {
        relay::Output::Send(frame) => Some(frame),
        _ => None,
    };
    outputs.into_iter().filter_map(sent).collect()
}
