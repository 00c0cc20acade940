//! What signed changes take on the wire, by the shipped codec and without programs: headers of
//! QUIC are not counted, everything else is.

use hoso_identity::{Entry, Epoch, Position, Scope, SessionToken, UnitId};
use hoso_sync::{
    codec::{Codec, Encoded},
    frame::{Frame, MINOR_MAX, MINOR_MIN},
    wire::{
        AppliedRow, Content, Feed, FeedAck, FeedItem, Hello, Point, Pushed, PushedBatch, Report,
        Welcome,
    },
};

use super::{
    corpus::{Corpus, STEPS},
    figures::Figure,
};

/// Which dossiers; the dictionary was trained from other ones.
const SEED: u64 = 5;
/// Changes, or dossiers, of which the mean is taken.
const MANY: usize = 200;
/// Changes in a batch.
const BATCH: usize = 100;
const EPOCH: Epoch = Epoch { generation: 3, random: [9; 8] };
const SCOPE: Scope = Scope::Unit(UnitId(7));
/// A row that takes as many bytes as in an archive of a million entries.
const ROW: u64 = 1_000_000;

/// A node and its relay with a line between them, and how many bytes have gone over it.
struct Session {
    node: Codec,
    relay: Codec,
    row: u64,
}

impl Session {
    /// After the greeting.
    fn new() -> Self {
        let mut session = Self { node: Codec::default(), relay: Codec::default(), row: ROW };
        session.greet();
        session
    }

    /// Sends a frame and its length; gives how many bytes they are.
    fn send(&mut self, up: bool, frame: &Frame) -> usize {
        let (from, to) =
            if up { (&mut self.node, &mut self.relay) } else { (&mut self.relay, &mut self.node) };
        let Encoded { bytes, short, .. } = from.encode(frame);
        let read = to.decode(frame.stream(), &bytes).expect("a frame");
        assert_eq!(read.as_ref(), Some(frame), "what was sent comes back byte by byte");
        let length = match (short, bytes.len()) {
            (true, ..0x80) => 1,
            (true, ..0x4000) => 2,
            _ => 4,
        };
        bytes.len() + length
    }

    fn greet(&mut self) -> usize {
        let points = points(self.row);
        let hello = Hello {
            minor_min: MINOR_MIN,
            minor_max: MINOR_MAX,
            realm: hoso_identity::Realm([1; 16]),
            incarnation: hoso_identity::Incarnation([2; 16]),
            token: Some(SessionToken([3; 16])),
            epoch: Some(EPOCH),
            cursors: points.clone(),
            journal_head: ROW,
            wish: None,
            quiet_ms: None,
            unanswered: Some(0),
        };
        let welcome = Welcome {
            minor: MINOR_MAX,
            epoch: EPOCH,
            token: SessionToken([4; 16]),
            through: ROW,
            digest: [4; 8],
            heal: false,
            renumber: false,
            scopes: points.iter().map(|point| point.scope).collect(),
            credit: ROW + hoso_sync::relay::CREDIT_ENTRIES,
            clock_ms: 1_795_700_000_000,
        };
        let applied: Vec<AppliedRow> =
            points.iter().map(|at| AppliedRow { scope: at.scope, row: at.row }).collect();
        let ack = |applied| FeedAck { stored: points.clone(), applied, except: Vec::new() };
        let report = Report {
            clock_ms: 1_795_700_000_000,
            version: "0.1.0".to_owned(),
            ..Report::default()
        };
        let control = 1 + self.send(true, &Frame::Hello(hello));
        let control = control + self.send(false, &Frame::Welcome(welcome));
        let control = control + self.send(true, &Frame::FeedAck(ack(Vec::new())));
        let control = control + self.send(true, &Frame::FeedAck(ack(applied)));
        control + self.send(true, &Frame::Report(report))
    }

    /// The entries go down, as rows that follow each other; gives the bytes both ways.
    fn feed(&mut self, entries: &[Vec<u8>]) -> usize {
        let mut items = Vec::new();
        for bytes in entries {
            self.row += 1;
            let position = Position { epoch: EPOCH, number: self.row };
            let content = Content::Entry(bytes.clone(), position);
            items.push(FeedItem { scope: SCOPE, row: self.row, content });
        }
        let stored = points(self.row);
        let applied = stored.iter().map(|at| AppliedRow { scope: at.scope, row: at.row }).collect();
        let down = Frame::Feed(Feed { epoch: EPOCH, items, points: stored.clone() });
        let ack =
            |applied| Frame::FeedAck(FeedAck { stored: stored.clone(), applied, except: vec![] });
        let bytes = self.send(false, &down) + self.send(true, &ack(Vec::new()));
        bytes + self.send(true, &ack(applied))
    }

    /// The entries go up; gives the bytes of the batch.
    fn push(&mut self, entries: &[Vec<u8>]) -> usize {
        let entries = (ROW + 1..).zip(entries);
        let entries = entries.map(|(number, bytes)| Pushed { number, bytes: bytes.clone() });
        self.send(true, &Frame::Push(PushedBatch { entries: entries.collect() }))
    }
}

fn points(row: u64) -> Vec<Point> {
    let point = |scope, row| Point { scope, row, digest: [7; 8] };
    vec![point(Scope::Province, ROW - 1), point(SCOPE, row)]
}

/// Changes of every kind, each of a dossier of which nothing else goes over the line.
fn singles(corpus: &mut Corpus, count: usize) -> Vec<Vec<u8>> {
    let last = |number: usize| corpus.dossier(1 + number % STEPS).entries.pop();
    (0..count).map(last).map(|entry| entry.expect("it was received")).collect()
}

/// Measures.
///
/// # Panics
///
/// When what was sent does not come back.
#[must_use]
pub fn measure() -> Vec<Figure> {
    let mut corpus = Corpus::new(SEED);
    let wholes: Vec<Vec<Vec<u8>>> = (0..MANY).map(|_| corpus.dossier(STEPS).entries).collect();
    let singles = singles(&mut corpus, 2 * MANY + BATCH);
    let (first, rest) = singles.split_at(BATCH);
    let (more, later) = rest.split_at(MANY);
    let nothing = Session::new().greet();
    let mut running = Session::new();
    let cold = Session::new().feed(&more[..1]);
    let begun = running.feed(first);
    let alone: usize = more.iter().map(|entry| running.feed(std::slice::from_ref(entry))).sum();
    let later: usize = later.chunks(BATCH).map(|batch| running.feed(batch)).sum();
    let up = Session::new().push(first);
    let whole: usize = wholes.iter().map(|whole| Session::new().feed(whole)).sum();
    let whole_up: usize = wholes.iter().map(|whole| Session::new().push(whole)).sum();
    let plain: usize = wholes.iter().flatten().map(Vec::len).sum();
    let share = |part: fn(&Entry) -> usize| {
        let entries = more.iter().map(|bytes| Entry::decode(bytes).expect("an entry"));
        entries.map(|entry| part(&entry)).sum::<usize>() / MANY
    };
    let parts = format!(
        "before: header {} B, payload {} B, signature 64 B",
        share(|entry| entry.header().encode().len()),
        share(|entry| entry.payload().len())
    );
    let row = |what: &str, (name, bytes): (&str, usize), limit: &str, target: &str| {
        Figure::new(
            &format!("bytes: {what}"),
            format!("{bytes} B"),
            limit.to_owned(),
            target.to_owned(),
        )
        .with(name, bytes as f64)
    };
    let nothing = ("nothing_bytes", nothing);
    let alone = ("alone_bytes", alone / MANY);
    let begun = ("first_batch_bytes", begun / BATCH);
    let later = ("later_batch_bytes", later / MANY);
    let up = ("upwards_bytes", up / BATCH);
    let whole = ("whole_bytes", whole / MANY);
    let whole_up = ("whole_upwards_bytes", whole_up / MANY);
    let plain = format!("its entries {} B", plain / MANY);
    vec![
        row("reconnection with nothing new", nothing, "both directions", "target ≤ 200 B"),
        row("one change alone in a running session", alone, &parts, "target ≤ 230 B"),
        row("the first change of a session", ("cold_bytes", cold), "author and grant in full", ""),
        row("each of 100 changes, first batch", begun, &parts, "target ≤ 170 B"),
        row("each of 100 changes, later batches", later, &parts, "target ≤ 170 B"),
        row("each of 100 changes, upwards", up, &parts, "target ≤ 170 B"),
        row("a whole dossier of 14 changes", whole, &plain, "target ≤ 2,300 B"),
        row("the same, upwards", whole_up, "", "target ≤ 2,300 B"),
    ]
}
