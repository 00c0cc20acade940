//! Whatever one end encodes the other reads back, whichever minor versions the two speak, and what
//! was made to do harm does none.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what the set-up of a test asks for is there"
)]

use hoso_identity::{
    DocumentId, Entry, EntryId, Epoch, Header, Incarnation, Kind, Nonce, PayloadHash, Position,
    PublicKey, Realm, Scope, SessionToken, SigningKey, UnitId,
};
use hoso_sync::{
    codec::{Codec, entry_bytes},
    frame::{FRAME_BYTES_MAX, Frame, FrameError, MINOR_CLAIMED, MINOR_MAX, MINOR_MIN, Stream},
    relay::CREDIT_ENTRIES,
    wire::{
        Ack, Answer, AppliedRow, Claim, Content, Feed, FeedAck, FeedItem, Held, HeldDocument,
        HeldEntry, Hello, Point, Positioned, Pushed, PushedBatch, Report, Welcome,
    },
};
use proptest::prelude::*;

const EPOCH: Epoch = Epoch { generation: 3, random: [9; 8] };
const OLD_EPOCH: Epoch = Epoch { generation: 2, random: [8; 8] };
const UNIT: Scope = Scope::Unit(UnitId(5));

fn hello(minor_max: u16) -> Frame {
    Frame::Hello(Hello {
        minor_max,
        token: Some(SessionToken([3; 16])),
        epoch: Some(EPOCH),
        cursors: points(40, 300),
        journal_head: 12,
        ..Hello::bare(Realm([1; 16]), Incarnation([2; 16]))
    })
}

fn welcome(minor: u16) -> Welcome {
    Welcome {
        minor,
        epoch: EPOCH,
        token: SessionToken([3; 16]),
        through: 11,
        digest: [4; 8],
        heal: false,
        renumber: false,
        scopes: vec![Scope::Province, UNIT],
        credit: 11 + CREDIT_ENTRIES,
        clock_ms: 1_795_700_000_000,
    }
}

fn points(province: u64, unit: u64) -> Vec<Point> {
    let point = |scope, row| Point { scope, row, digest: [7; 8] };
    vec![point(Scope::Province, province), point(UNIT, unit)]
}

/// A node and a relay that have greeted each other.
struct Ends {
    node: Codec,
    relay: Codec,
}

impl Ends {
    fn new(minor: u16) -> Self {
        let mut ends = Self { node: Codec::default(), relay: Codec::default() };
        ends.carry(true, &hello(minor));
        ends.carry(false, &Frame::Welcome(welcome(minor)));
        ends
    }

    /// Sends a frame; gives its bytes as they were sent.
    fn carry(&mut self, up: bool, frame: &Frame) -> Vec<u8> {
        let (from, to) =
            if up { (&mut self.node, &mut self.relay) } else { (&mut self.relay, &mut self.node) };
        let sent = from.encode(frame);
        let read = to.decode(frame.stream(), &sent.bytes);
        assert!(matches!(&read, Ok(Some(read)) if read == frame), "{frame:?}: {read:?}");
        assert_eq!(sent.plain, frame.encode().len());
        sent.bytes
    }
}

/// An entry of a chain: a change upon the one before it, as its author would write it.
fn change(key: u8, nonce: u8, document: DocumentId, deps: &[[u8; 32]]) -> Vec<u8> {
    let key = SigningKey::from_seed(&[key; 32]);
    let header = Header {
        realm: Realm([1; 16]),
        document,
        kind: Kind(257),
        author: key.public(),
        grant: EntryId([2; 32]),
        nonce: Nonce([nonce; 8]),
        units_added: if deps.is_empty() { vec![UnitId(5), UnitId(6)] } else { Vec::new() },
        payload: PayloadHash::ZERO,
    };
    let actor = header.actor();
    let mut contents = vec![u8::try_from(deps.len()).unwrap()];
    deps.iter().for_each(|dep| contents.extend(dep));
    contents.push(16);
    contents.extend(actor.as_bytes());
    contents.extend([1, 9, 0, 0, 1, 16]);
    contents.extend([7; 16]);
    contents.extend(b"columns ");
    contents.extend(actor.to_string().as_bytes());
    contents.extend(format!(" and what was noted the {nonce}th time").as_bytes());
    Entry::sign(header, sealed(&contents), &key).unwrap().encode()
}

/// A chunk with its length and checksum.
fn sealed(contents: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    let mut hashed = vec![1];
    let length = contents.len();
    if length < 128 {
        hashed.push(u8::try_from(length).unwrap());
    } else {
        hashed.extend([
            u8::try_from(length % 128).unwrap() | 0x80,
            u8::try_from(length / 128).unwrap(),
        ]);
    }
    hashed.extend(contents);
    let hash = sha2::Sha256::digest(&hashed);
    [&[0x85, 0x6f, 0x4a, 0x83], &hash[..4], hashed.as_slice()].concat()
}

fn hash_of(entry: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    let entry = Entry::decode(entry).unwrap();
    sha2::Sha256::digest(&entry.payload()[8..]).into()
}

/// A dossier of so many changes, each upon the one before.
fn dossier(seed: u8, count: u8) -> Vec<Vec<u8>> {
    let first = change(seed, 0, DocumentId::ZERO, &[]);
    let document = Entry::decode(&first).unwrap().document();
    let mut entries = vec![first];
    for nonce in 1..count {
        let dep = hash_of(entries.last().unwrap());
        entries.push(change(seed, nonce, document, &[dep]));
    }
    entries
}

fn push(from: u64, entries: Vec<Vec<u8>>) -> Frame {
    let pushed = (from..).zip(entries).map(|(number, bytes)| Pushed { number, bytes });
    Frame::Push(PushedBatch { entries: pushed.collect() })
}

fn position(epoch: Epoch, number: u64) -> Position {
    Position { epoch, number }
}

/// Rows of every sort around these entries.
fn feed(row: u64, entries: &[Vec<u8>]) -> Frame {
    let mut items = Vec::new();
    for (row, bytes) in (row..).step_by(4).zip(entries) {
        let entry = |position| Content::Entry(bytes.clone(), position);
        let contents = [
            entry(position(EPOCH, row)),
            entry(position(OLD_EPOCH, 7)),
            Content::Yours(row / 2, position(EPOCH, row + 2)),
            Content::Erased(EntryId([6; 32])),
        ];
        let scopes = [UNIT, Scope::Province];
        items.extend((row..).zip(contents).map(|(row, content)| FeedItem {
            scope: scopes[usize::try_from(row % 2).unwrap()],
            row,
            content,
        }));
    }
    Frame::Feed(Feed { epoch: EPOCH, items, points: points(41, row + 20) })
}

fn held(entry: &Positioned) -> HeldEntry {
    let id = Entry::decode(&entry.bytes).unwrap().id();
    HeldEntry { id, position: entry.position }
}

fn part(entries: Vec<HeldEntry>) -> HeldDocument {
    HeldDocument { document: [3; 8], after: Some(EntryId([1; 32])), entries, more: true }
}

/// A hundred entries that a restored relay lacks.
fn lacking() -> Vec<Positioned> {
    let entries = (1..=20).flat_map(|seed| dossier(seed, 5));
    let place = |(at, bytes)| Positioned { bytes, position: position(OLD_EPOCH, at) };
    (3..).zip(entries).map(place).collect()
}

fn down(entries: &[Positioned]) -> Frame {
    let item = |(row, entry): (u64, &Positioned)| {
        let content = Content::Entry(entry.bytes.clone(), entry.position);
        FeedItem { scope: UNIT, row, content }
    };
    let items = (900..).zip(entries).map(item).collect();
    Frame::Feed(Feed { epoch: EPOCH, items, points: points(41, 1_000) })
}

#[test]
fn what_a_node_brought_back_comes_down_to_it_in_a_few_bytes_and_to_others_whole() {
    let entries = lacking();
    let mut ends = Ends::new(MINOR_MAX);
    let first = Claim { entries: entries[..60].to_vec(), last: false };
    let rest = Claim { entries: entries[60..].to_vec(), last: true };
    ends.carry(true, &Frame::Claim(first));
    ends.carry(true, &Frame::Claim(rest));
    let pointed = ends.carry(false, &down(&entries)).len();
    assert!(pointed <= 100 * 5, "{pointed} bytes for 100 entries");
    assert_eq!(ends.carry(false, &push(1, dossier(99, 1))).first(), Some(&40));
    let mut older = Ends::new(MINOR_CLAIMED - 1);
    older.carry(true, &Frame::Claim(Claim { entries: entries.clone(), last: true }));
    let mut others = Ends::new(MINOR_MAX);
    for ends in [&mut older, &mut others] {
        let whole = ends.carry(false, &down(&entries)).len();
        assert!(whole > 10 * pointed, "{whole} bytes for 100 entries, {pointed} where known");
    }
}

#[test]
fn a_pointer_to_what_was_not_brought_back_is_refused() {
    let mut ends = Ends::new(MINOR_MAX);
    let entries = lacking();
    ends.relay.decode(Stream::Healing, &Frame::Claim(claim(&entries)).encode()).unwrap();
    let feed = ends.relay.encode(&down(&entries)).bytes;
    let read = ends.node.decode(Stream::Entries, &feed);
    assert!(matches!(read, Err(FrameError::Packed(41))), "{read:?}");
}

fn claim(entries: &[Positioned]) -> Claim {
    Claim { entries: entries.to_vec(), last: true }
}

#[test]
fn what_a_node_holds_takes_little_more_than_the_ids() {
    let entries: Vec<HeldEntry> = lacking().iter().map(held).collect();
    let frame = Frame::Held(Held { scope: UNIT, documents: vec![part(entries)], question: None });
    let packed = Ends::new(MINOR_MAX).carry(true, &frame).len();
    let plain = Ends::new(MINOR_CLAIMED - 1).carry(true, &frame).len();
    assert!(packed <= 100 * 35 && plain >= 100 * 45, "{packed} and {plain} bytes");
}

#[test]
fn both_minor_versions_carry_every_frame_of_entries_byte_by_byte() {
    for minor in MINOR_MIN..=MINOR_MAX {
        let mut ends = Ends::new(minor);
        for round in 0..4_u8 {
            let entries = dossier(round % 3 + 1, 5);
            let positioned: Vec<Positioned> = (3..)
                .zip(&entries)
                .map(|(at, bytes)| Positioned {
                    bytes: bytes.clone(),
                    position: position(OLD_EPOCH, at),
                })
                .collect();
            ends.carry(true, &push(u64::from(round) * 5, entries.clone()));
            ends.carry(false, &feed(u64::from(round) * 100, &entries));
            let want = vec![EntryId([round; 32]); 3];
            let question = (minor == MINOR_MAX).then_some(7);
            let answer = Answer { entries: positioned.clone(), want, last: round == 3, question };
            ends.carry(false, &Frame::Answer(answer));
            let held = positioned.iter().map(held).collect();
            let documents = vec![part(held)];
            ends.carry(true, &Frame::Held(Held { scope: UNIT, documents, question }));
            ends.carry(true, &Frame::Claim(Claim { entries: positioned, last: false }));
        }
        ends.carry(false, &feed(u64::MAX - 20, &[]));
        ends.carry(true, &push(u64::MAX - 20, vec![b"no entry at all".to_vec(), Vec::new()]));
    }
}

#[test]
fn a_peer_of_the_older_minor_is_sent_every_frame_as_it_stands() {
    let mut ends = Ends::new(MINOR_MIN);
    let batch = push(1, dossier(1, 5));
    assert_eq!(ends.carry(true, &batch), batch.encode());
    let ack = Frame::Ack(Ack { through: 5, digest: [4; 8], outcomes: Vec::new(), credit: 4_101 });
    assert_eq!(ends.carry(false, &ack), ack.encode());
    // Nothing is packed before the other side has said that it can read it.
    let mut eager = Codec::default();
    eager.encode(&hello(MINOR_MAX));
    let sent = eager.encode(&batch);
    assert_eq!((sent.bytes, sent.short), (batch.encode(), false));
}

#[test]
fn a_batch_of_changes_takes_a_third_of_what_it_took() {
    let mut ends = Ends::new(MINOR_MAX);
    let entries: Vec<Vec<u8>> = (1..=20).flat_map(|seed| dossier(seed, 5)).collect();
    let batch = push(1, entries.clone());
    let sent = ends.carry(true, &batch).len();
    assert!(sent * 3 < batch.encode().len(), "{sent} of {}", batch.encode().len());
    // Each has a signature and a nonce, each dossier an author of its own.
    assert!(sent > 100 * 72 + 20 * 32, "{sent} bytes cannot hold what chance has made");
    assert_eq!(entry_bytes(&batch), entries.iter().map(Vec::len).sum::<usize>());
}

#[test]
fn acknowledgements_and_reports_say_only_what_has_changed() {
    let mut ends = Ends::new(MINOR_MAX);
    let rows = |points: &[Point]| {
        points.iter().map(|at| AppliedRow { scope: at.scope, row: at.row }).collect::<Vec<_>>()
    };
    let ack = |stored: Vec<Point>, applied, except: &[EntryId]| {
        Frame::FeedAck(FeedAck { stored, applied, except: except.to_vec() })
    };
    let begun = ends.carry(true, &ack(points(40, 300), Vec::new(), &[]));
    assert_eq!(begun.len(), 2, "the cursors are those of the greeting");
    let level = ends.carry(true, &ack(points(40, 300), rows(&points(40, 300)), &[]));
    assert_eq!(level.len(), 4);
    let behind = rows(&points(40, 300));
    ends.carry(true, &ack(points(40, 310), behind.clone(), &[EntryId([5; 32])]));
    ends.carry(true, &ack(points(41, 310), behind.clone(), &[EntryId([5; 32])]));
    let fewer = vec![Point { scope: UNIT, row: 311, digest: [6; 8] }];
    ends.carry(true, &ack(fewer.clone(), behind, &[]));
    ends.carry(true, &ack(fewer.clone(), rows(&fewer), &[]));
    let report = Report { clock_ms: 7, version: "1.2.3".to_owned(), ..Report::default() };
    let first = ends.carry(true, &Frame::Report(report.clone())).len();
    let later = Report { clock_ms: 8, backlog_entries: 3, ..report };
    assert!(ends.carry(true, &Frame::Report(later)).len() < first);
}

#[test]
fn a_welcome_leaves_out_only_what_the_hello_has_said() {
    let other = Welcome {
        epoch: OLD_EPOCH,
        heal: true,
        renumber: true,
        scopes: vec![Scope::Province],
        credit: 12,
        ..welcome(MINOR_MAX)
    };
    for (welcome, most) in [(welcome(MINOR_MAX), 48), (other, 90)] {
        let mut ends = Ends { node: Codec::default(), relay: Codec::default() };
        ends.carry(true, &hello(MINOR_MAX));
        let sent = ends.carry(false, &Frame::Welcome(welcome)).len();
        assert!(sent <= most, "{sent}");
    }
}

/// A packed push with these lengths of its sections, and what is claimed to be compressed text.
fn packed(chance: &[u8], text_length: u64, squeezed: &[u8]) -> Vec<u8> {
    let mut bytes = vec![40, 1];
    for mut number in [u64::try_from(chance.len()).unwrap(), text_length] {
        while number >= 128 {
            bytes.push(u8::try_from(number % 128).unwrap() | 128);
            number /= 128;
        }
        bytes.push(u8::try_from(number).unwrap());
    }
    [bytes.as_slice(), chance, squeezed].concat()
}

fn is_refused(bytes: &[u8]) -> bool {
    let mut codec = Codec::default();
    matches!(codec.decode(Stream::Entries, bytes), Err(FrameError::Packed(40)))
}

#[test]
fn a_batch_that_would_unpack_into_more_than_a_frame_is_refused_before_anything_is_allocated() {
    // A million zeroes take some forty bytes, and nest.
    let zeroes = vec![0; 1 << 20];
    let bomb = zstd::bulk::compress(&zeroes, 19).unwrap();
    assert!(bomb.len() < 100);
    for claimed in [u64::MAX, 1 << 40, 1 << 20, 192 * 1024 + 1, 192 * 1024, 1_000, 0] {
        assert!(is_refused(&packed(&[], claimed, &bomb)), "{claimed}");
    }
    // A window that would need more memory than ours.
    let mut wide = zstd::bulk::Compressor::new(19).unwrap();
    wide.include_contentsize(false).unwrap();
    wide.window_log(27).unwrap();
    let wide = wide.compress(&vec![7; FRAME_BYTES_MAX]).unwrap();
    assert!(is_refused(&packed(&[], u64::try_from(FRAME_BYTES_MAX).unwrap(), &wide)));
    let mut codec = Codec::default();
    assert!(codec.decode(Stream::Entries, &vec![40; FRAME_BYTES_MAX + 1]).is_err());
}

/// A first batch of this text beside so many bytes of chance.
fn batch_of(text: &[u8], chance: usize) -> Vec<u8> {
    let squeezed = zstd::bulk::compress(text, 3).unwrap();
    packed(&vec![0; chance], u64::try_from(text.len()).unwrap(), &squeezed)
}

/// One entry upon so many changes, all of them the same: a byte for each becomes 32.
fn pointing(count: usize) -> Vec<u8> {
    let mut text = vec![1, 0, 2, 0, 1, 0, 0];
    let mut left = count;
    while left >= 128 {
        text.push(u8::try_from(left % 128).unwrap() | 128);
        left /= 128;
    }
    text.extend([u8::try_from(left).unwrap(), 0]);
    text.extend(vec![1; count - 1]);
    text.extend([0; 4]);
    // Realm, author, grant, nonce, one hash and the signature.
    batch_of(&text, 16 + 32 + 32 + 8 + 32 + 64)
}

#[test]
fn few_bytes_that_point_at_much_are_refused_when_they_would_be_more_than_a_frame() {
    let mut codec = Codec::default();
    let read = codec.decode(Stream::Entries, &pointing(1_000)).unwrap().unwrap();
    assert!(entry_bytes(&read) > 32_000);
    let many = pointing(150_000);
    assert!(many.len() < 1_000, "{} bytes", many.len());
    assert!(is_refused(&many));
}

#[test]
fn what_points_at_nothing_or_says_too_much_is_refused() {
    for text in [&[][..], &[1], &[1, 0, 9], &[1, 0, 0, 5], &[1, 0, 2, 9], &[0, 0], &[200, 1]] {
        assert!(is_refused(&batch_of(text, 256)), "{text:?}");
    }
    let mut codec = Codec::default();
    // A second batch that goes on with what never began, and a brief answer to no greeting.
    assert!(codec.decode(Stream::Entries, &[40, 0, 0, 0]).is_err());
    assert!(codec.decode(Stream::Control, &[11, 0xa0]).is_err());
    assert!(codec.decode(Stream::Control, &[40, 1, 0, 0]).is_err());
}

/// Any entry: a change, a payload that is none, or bytes that are no entry.
fn any_entry() -> impl Strategy<Value = Vec<u8>> {
    let any_payload = prop::collection::vec(any::<u8>(), 0..300);
    let other = (any_payload.clone(), 1_u8..4, 0_u16..600).prop_map(|(payload, key, kind)| {
        let key = SigningKey::from_seed(&[key; 32]);
        let header = Header {
            realm: Realm([1; 16]),
            document: DocumentId([7; 16]),
            kind: Kind(kind),
            author: PublicKey::ZERO,
            grant: EntryId([2; 32]),
            nonce: Nonce([5; 8]),
            units_added: Vec::new(),
            payload: PayloadHash::ZERO,
        };
        Entry::sign(header, payload, &key).unwrap().encode()
    });
    let changes =
        (1_u8..6, 0_u8..5).prop_map(|(seed, at)| dossier(seed, 5)[usize::from(at)].clone());
    let damaged = (1_u8..6, any::<prop::sample::Index>(), 0_u32..8).prop_map(|(seed, at, bit)| {
        let mut bytes = dossier(seed, 2).pop().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        bytes
    });
    prop_oneof![changes, other, damaged, any_payload]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 64,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_batches_come_back_byte_by_byte(
        batches in prop::collection::vec(
            (any::<u64>(), prop::collection::vec(any_entry(), 0..12)), 1..8,
        ),
    ) {
        let mut ends = Ends::new(MINOR_MAX);
        for (from, entries) in batches {
            ends.carry(false, &feed(from / 2, &entries));
            ends.carry(true, &push(from / 2, entries));
        }
    }

    #[test]
    fn a_damaged_batch_is_refused_or_is_another_and_does_no_harm(
        at in any::<prop::sample::Index>(), bit in 0_u32..8,
    ) {
        let mut ends = Ends::new(MINOR_MAX);
        let mut bytes = ends.node.encode(&push(1, dossier(1, 5))).bytes;
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        drop(ends.relay.decode(Stream::Entries, &bytes));
        drop(ends.relay.decode(Stream::Entries, &ends.node.encode(&push(6, dossier(2, 5))).bytes));
    }

    #[test]
    fn noise_under_the_numbers_of_packed_and_brief_frames_does_no_harm(
        number in prop::sample::select(vec![11_u8, 12, 13, 40, 41, 42, 43, 44, 129]),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [&[number], body.as_slice()].concat();
        let mut codec = Codec::default();
        for stream in [Stream::Control, Stream::Entries, Stream::Healing] {
            drop(codec.decode(stream, &bytes));
        }
    }
}
