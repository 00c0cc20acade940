//! Frames keep their bytes from release to release, and nothing that is no frame does harm.

#![expect(clippy::unwrap_used, reason = "what the set-up of a test asks for is there")]

use std::collections::BTreeSet;

use hoso_identity::{
    DocumentId, EntryId, Epoch, Incarnation, Position, Realm, Reason, Scope, SessionToken, UnitId,
    WaitingFor,
};
use hoso_sync::{
    codec::Codec,
    frame::{
        FRAME_BYTES_MAX, Frame, FrameError, MINOR_ASKED, MINOR_CLAIMED, MINOR_MAX, MINOR_PACKED,
    },
    wire::{
        Ack, Answer, AppliedRow, Bare, Beat, Claim, ClaimOutcome, Claimed, Coded, Content, Covered,
        Delivered, Farewell, Feed, FeedAck, FeedItem, Goodbye, Held, HeldDocument, HeldEntry,
        Hello, Listing, NumberedOutcome, Opaque, Outcome, Point, Positioned, Pushed, PushedBatch,
        Report, Show, Welcome, Wish,
    },
};
use proptest::prelude::*;

/// Frames whose bodies noise may happen to be.
const NUMBERS: [u8; 17] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 21, 22, 30, 31, 32, 33, 36];
const EPOCH: Epoch = Epoch { generation: 3, random: [9; 8] };

fn point() -> Point {
    Point { scope: Scope::Unit(UnitId(5)), row: 300, digest: [7; 8] }
}

const POSITION: Position = Position { epoch: EPOCH, number: 70_000 };

/// One frame of each kind that begins, keeps or ends a session.
fn control() -> Vec<Frame> {
    let outcome = |number, outcome| NumberedOutcome { number, outcome };
    vec![
        Frame::Join(Opaque { bytes: b"request".to_vec() }),
        Frame::Joined(Bare {}),
        Frame::Hello(Hello {
            minor_min: 1,
            minor_max: 4,
            realm: Realm([1; 16]),
            incarnation: Incarnation([2; 16]),
            token: None,
            epoch: None,
            cursors: Vec::new(),
            journal_head: 12,
            wish: None,
            quiet_ms: Some(1_180_000),
            unanswered: None,
        }),
        Frame::Hello(Hello {
            minor_min: 1,
            minor_max: 1,
            realm: Realm([1; 16]),
            incarnation: Incarnation([2; 16]),
            token: Some(SessionToken([3; 16])),
            epoch: Some(EPOCH),
            cursors: vec![point()],
            journal_head: 12,
            wish: Some(Wish::Diverged),
            quiet_ms: None,
            unanswered: None,
        }),
        Frame::Welcome(Welcome {
            minor: 1,
            epoch: EPOCH,
            token: SessionToken([3; 16]),
            through: 11,
            digest: [4; 8],
            heal: true,
            renumber: false,
            scopes: vec![Scope::Province, Scope::Unit(UnitId(5))],
            credit: 4_107,
            clock_ms: 1_795_700_000_000,
        }),
        Frame::Ack(Ack {
            through: 12,
            digest: [4; 8],
            outcomes: vec![
                outcome(11, Outcome::Refused(Reason::Signature)),
                outcome(12, Outcome::Waiting(WaitingFor::Document(DocumentId([8; 16])))),
            ],
            credit: 4_108,
        }),
        Frame::FeedAck(FeedAck {
            stored: vec![point()],
            applied: vec![AppliedRow { scope: Scope::Province, row: 299 }],
            except: vec![EntryId([5; 32])],
        }),
        Frame::Delivered(Delivered {
            unit: UnitId(6),
            through: 300,
            except: Vec::new(),
            node: None,
        }),
        Frame::Ping(Beat { count: 1 }),
        Frame::Pong(Beat { count: 1 }),
        Frame::Goodbye(Goodbye { why: Farewell::Epoch }),
        Frame::Report(Report { backlog_entries: 1, ..Report::default() }),
    ]
}

/// One frame of each kind that carries entries, or what leads to them.
fn bulk() -> Vec<Frame> {
    let item = |content| FeedItem { scope: Scope::Province, row: 301, content };
    let positioned = || vec![Positioned { bytes: b"e".to_vec(), position: POSITION }];
    let id = EntryId([6; 32]);
    vec![
        Frame::Push(PushedBatch { entries: vec![Pushed { number: 12, bytes: b"e".to_vec() }] }),
        Frame::Feed(Feed {
            epoch: EPOCH,
            items: vec![
                item(Content::Entry(b"e".to_vec(), POSITION)),
                item(Content::Yours(12, POSITION)),
                item(Content::Erased(id)),
            ],
            points: vec![point()],
        }),
        Frame::Covered(Covered { through: 300, digest: [7; 8] }),
        Frame::Show(Show { scope: Scope::Province, symbols: None }),
        Frame::Show(Show { scope: Scope::Province, symbols: Some(512) }),
        Frame::Listing(Listing {
            scope: Scope::Province,
            epoch: EPOCH,
            row: 301,
            digest: [7; 32],
            items: vec![8; 32],
            last: true,
        }),
        Frame::Coded(Coded {
            scope: Scope::Province,
            epoch: EPOCH,
            row: 301,
            digest: [7; 32],
            items: 100_000,
            symbols: vec![8; 25],
            last: true,
        }),
        Frame::Held(Held {
            scope: Scope::Province,
            documents: vec![
                HeldDocument { document: [8; 8], after: None, entries: Vec::new(), more: false },
                HeldDocument {
                    document: [9; 8],
                    after: Some(EntryId([5; 32])),
                    entries: vec![HeldEntry { id, position: POSITION }],
                    more: true,
                },
            ],
            question: None,
        }),
        Frame::Answer(Answer { entries: positioned(), want: vec![id], last: true, question: None }),
        Frame::Claim(Claim { entries: positioned(), last: false }),
        Frame::Claimed(Claimed {
            outcomes: vec![ClaimOutcome { id, outcome: Outcome::Refused(Reason::NodeEnded) }],
            question: None,
        }),
        Frame::Healed(Bare {}),
    ]
}

/// What carries the number of a question in packed form from [`MINOR_ASKED`] on.
fn asked() -> Vec<Frame> {
    let question = Some(300);
    let held = Held { scope: Scope::Province, documents: Vec::new(), question };
    let answer = Answer { entries: Vec::new(), want: Vec::new(), last: true, question };
    let claimed = Claimed { outcomes: Vec::new(), question };
    vec![Frame::Held(held), Frame::Answer(answer), Frame::Claimed(claimed)]
}

fn frames() -> Vec<Frame> {
    let mut all = control();
    all.extend(bulk());
    all.extend(asked());
    all.extend(control().into_iter().filter_map(|frame| {
        let Frame::Hello(hello) = frame else { return None };
        Some(Frame::Hello(Hello { unanswered: Some(3), ..hello }))
    }));
    all
}

#[test]
fn the_bytes_of_every_frame_stay_the_same_from_release_to_release() {
    let mut all = String::new();
    for frame in frames() {
        let bytes: String = frame.encode().iter().map(|byte| format!("{byte:02x}")).collect();
        all += &format!("{bytes}\n");
    }
    assert_eq!(all, include_str!("frames.golden"));
}

/// Newer minor versions whose bytes differ from those before, and where they are kept.
const NEWER: [(u16, &str); 3] = [
    (3, concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frames-2.golden")),
    (4, concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frames-4.golden")),
    (MINOR_MAX, concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frames-5.golden")),
];
/// Set to write that file anew, on purpose.
const WRITE_GOLDEN: &str = "HOSO_WRITE_GOLDEN";
/// Numbers of packed frames: other bytes may say the same, and the next zstd may choose them.
const PACKED: [u8; 7] = [40, 41, 42, 43, 44, 45, 46];

/// One end that knows that the other speaks that minor version, and the other end.
fn ends(minor_max: u16) -> (Codec, Codec) {
    let (mut node, mut relay) = (Codec::default(), Codec::default());
    for frame in frames() {
        if let Frame::Hello(hello) = frame {
            let hello = Frame::Hello(Hello { minor_max, ..hello });
            let bytes = node.encode(&hello).bytes;
            relay.decode(hello.stream(), &bytes).unwrap();
        }
    }
    (relay, node)
}

/// All frames that a minor version carries but `Hello`, which is the same in all of them.
fn after_hello(minor: u16) -> Vec<Frame> {
    let mut all = frames();
    all.retain(|frame| !matches!(frame, Frame::Hello(_)));
    all.retain(|frame| minor >= MINOR_ASKED || !asked().contains(frame));
    all
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a file of this test")]
fn newer_minors_write_every_frame_as_they_always_did_and_read_all_that_they_ever_wrote() {
    for (minor, path) in NEWER {
        let (mut from, mut to) = ends(minor);
        let written: Vec<Vec<u8>> =
            after_hello(minor).iter().map(|frame| from.encode(frame).bytes).collect();
        let hex =
            |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        if std::env::var_os(WRITE_GOLDEN).is_some() {
            let lines: String = written.iter().map(|bytes| hex(bytes) + "\n").collect();
            std::fs::write(path, lines).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap();
        let kept: Vec<Vec<u8>> = kept.lines().map(from_hex).collect();
        assert_eq!(kept.len(), written.len());
        for ((frame, kept), written) in after_hello(minor).iter().zip(&kept).zip(&written) {
            let read = to.decode(frame.stream(), kept);
            assert!(matches!(&read, Ok(Some(read)) if read == frame), "{frame:?}: {read:?}");
            assert_eq!(kept[0], written[0], "{frame:?}");
            if !PACKED.contains(&kept[0]) {
                assert_eq!(hex(kept), hex(written), "{frame:?}");
            }
        }
        let known = (0..=u8::MAX).filter(|number| is_form(*number));
        let known = known.filter(|number| written_by(minor, *number));
        let forms = kept.iter().map(|bytes| bytes[0]).filter(|number| is_form(*number));
        assert_eq!(forms.collect::<BTreeSet<u8>>(), known.collect::<BTreeSet<u8>>());
    }
}

#[test]
fn what_a_minor_version_before_numbers_packs_is_read_without_them() {
    for minor in 1..MINOR_ASKED {
        for frame in asked() {
            let (mut from, mut to) = ends(minor);
            let read = to.decode(frame.stream(), &from.encode(&frame).bytes).unwrap().unwrap();
            let mut expected = frame;
            if let Frame::Held(held) = &mut expected
                && minor >= MINOR_CLAIMED
            {
                held.question = None;
            } else if let Frame::Answer(answer) = &mut expected
                && minor >= MINOR_PACKED
            {
                answer.question = None;
            }
            assert_eq!(read, expected);
        }
    }
}

/// Whether a program of that minor version writes the form of that number.
fn written_by(minor: u16, number: u8) -> bool {
    match number {
        42 => minor < MINOR_ASKED,
        44 => (MINOR_CLAIMED..MINOR_ASKED).contains(&minor),
        45 | 46 => minor >= MINOR_ASKED,
        _ => true,
    }
}

fn from_hex(line: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
    (0..line.len()).step_by(2).map(byte).collect()
}

/// Whether frames of this number are read by a codec alone.
fn is_form(number: u8) -> bool {
    let bytes = [number, 0xff];
    let alone = Frame::decode(&bytes);
    let coded = ends(MINOR_MAX).1.decode(hoso_sync::frame::Stream::Entries, &bytes);
    matches!(alone, Err(FrameError::Unknown(_)) | Ok(None))
        && !matches!(coded, Err(FrameError::Unknown(_)) | Ok(None))
}

#[test]
fn no_frame_that_is_known_lacks_its_golden_bytes() {
    let numbers: BTreeSet<u8> = frames().iter().map(Frame::number).collect();
    let known: BTreeSet<u8> = (0..=u8::MAX)
        .filter(|number| {
            let read = Frame::decode(&[*number]);
            !matches!(read, Err(FrameError::Unknown(_)) | Ok(None))
        })
        .collect();
    assert_eq!(numbers, known);
}

#[test]
fn every_frame_is_read_back() {
    for frame in frames() {
        let read = Frame::decode(&frame.encode());
        assert!(matches!(&read, Ok(Some(again)) if *again == frame), "{frame:?}: {read:?}");
    }
}

#[test]
fn an_unknown_frame_is_skipped_if_it_is_optional_and_ends_the_link_if_not() {
    assert!(matches!(Frame::decode(&[200, 1, 2, 3]), Ok(None)));
    assert!(matches!(Frame::decode(&[77]), Err(FrameError::Unknown(77))));
    assert!(matches!(Frame::decode(&[]), Err(FrameError::Empty)));
    let long = vec![8; FRAME_BYTES_MAX + 1];
    assert!(matches!(Frame::decode(&long), Err(FrameError::Length(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_no_frame_and_does_no_harm(
        number in prop::sample::select(NUMBERS.to_vec()),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [&[number], body.as_slice()].concat();
        if let Ok(Some(frame)) = Frame::decode(&bytes) {
            prop_assert_eq!(frame.number(), number);
        }
    }

    #[test]
    fn a_damaged_frame_is_read_as_some_frame_or_refused(at in 0_usize..10_000, bit in 0_u32..8) {
        for frame in frames() {
            let mut bytes = frame.encode();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            drop(Frame::decode(&bytes));
        }
    }
}
