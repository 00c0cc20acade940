//! The two sides of a conversation, each by itself: what a peer may make it hold, what it says
//! first, and what it never says.

use hoso_identity::{EntryId, Epoch, Incarnation, Realm, Scope, SessionToken, UnitId};
use hoso_sync::{
    frame::{Frame, Stream},
    node, relay,
    relay::Greeted,
    wire::{
        Ack, AppliedRow, Beat, Delivered, Farewell, Feed, FeedAck, FeedItem, Goodbye, Hello, Point,
        Pushed, PushedBatch, Show, Welcome,
    },
};

mod healing;

const EPOCH: Epoch = Epoch { generation: 1, random: [1; 8] };
const UNIT: Scope = Scope::Unit(UnitId(5));

fn hello() -> Hello {
    Hello {
        minor_max: 1,
        epoch: Some(EPOCH),
        cursors: vec![point(0)],
        journal_head: 9,
        ..Hello::bare(Realm([1; 16]), Incarnation([2; 16]))
    }
}

fn point(row: u64) -> Point {
    Point { scope: UNIT, row, digest: [7; 8] }
}

fn welcome(heal: bool, credit: u64) -> Welcome {
    Welcome {
        minor: 1,
        epoch: EPOCH,
        token: SessionToken([3; 16]),
        through: 4,
        digest: [4; 8],
        heal,
        renumber: false,
        scopes: vec![UNIT],
        credit,
        clock_ms: 5,
    }
}

/// A relay's side after its `Welcome`.
fn relay(heal: bool, credit: u64) -> relay::Conversation {
    let (mut relay, _) = relay::Conversation::begin(0);
    relay.handle(1, relay::Input::Frame(Frame::Hello(hello())));
    relay.handle(2, relay::Input::Greeted(Greeted::Welcome(welcome(heal, credit))));
    relay
}

/// A node's side after its `Welcome` was stored; everything up to `through` is acknowledged.
fn node(heal: bool, credit: u64, through: u64) -> (node::Conversation, Vec<node::Output>) {
    let (mut node, _) = node::Conversation::begin(hello(), 0);
    node.handle(1, node::Input::Frame(Frame::Welcome(welcome(heal, credit))));
    let outputs = node.handle(2, node::Input::WelcomeStored { agrees: true, through });
    (node, outputs)
}

fn push(number: u64) -> relay::Input {
    batch(number, 1)
}

/// So many entries from that number on.
fn batch(from: u64, count: u64) -> relay::Input {
    let entries = (from..from + count).map(|number| Pushed { number, bytes: vec![0; 40] });
    relay::Input::Frame(Frame::Push(PushedBatch { entries: entries.collect() }))
}

/// Everything up to number 5 is stored.
fn stored() -> relay::Input {
    relay::Input::Stored { through: 5, digest: [0; 8], outcomes: Vec::new(), gap: false }
}

/// The numbers of what is shown to be read before its turn.
fn waiting(relay: &mut relay::Conversation) -> Vec<u64> {
    relay.waiting().map(|pushed| pushed.number).collect()
}

fn page(row: u64) -> Feed {
    let content = hoso_sync::wire::Content::Erased(EntryId([9; 32]));
    let items = vec![FeedItem { scope: UNIT, row, content }];
    Feed { epoch: EPOCH, items, points: vec![point(row)] }
}

fn acknowledged(row: u64) -> relay::Input {
    let ack = FeedAck { stored: vec![point(row)], applied: Vec::new(), except: Vec::new() };
    relay::Input::Frame(Frame::FeedAck(ack))
}

fn closes_with(why: Farewell, outputs: &[relay::Output]) -> bool {
    outputs.contains(&relay::Output::Close(why))
}

#[test]
fn a_node_pushes_within_its_credit_and_what_was_not_acknowledged_is_sent_again() {
    let (mut node, outputs) = node(false, 6, 2);
    assert!(outputs.contains(&node::Output::ReadJournal { after: 2 }), "{outputs:?}");
    let entries = (3..=9).map(|number| Pushed { number, bytes: vec![0; 40] }).collect();
    let outputs = node.handle(3, node::Input::JournalRead(entries));
    let [node::Output::Send(Frame::Push(batch))] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!((batch.entries.len(), node.sent_through()), (4, 6), "3 to 6");
}

#[test]
fn a_relay_ends_the_link_of_a_node_that_pushes_beyond_its_credit() {
    let mut relay = relay(false, 20);
    let outputs = relay.handle(3, push(20));
    assert!(matches!(outputs[..], [relay::Output::Store(_)]), "{outputs:?}");
    assert!(closes_with(Farewell::Protocol, &relay.handle(4, push(21))));
}

#[test]
fn a_relay_reads_no_more_entries_while_batches_wait_and_never_holds_more_than_64() {
    let mut relay = relay(true, 5000);
    assert!(relay.reads(Stream::Entries));
    let mut number = 4;
    while relay.reads(Stream::Entries) {
        number += 1;
        assert!(relay.handle(3, push(number)).is_empty(), "they wait until healing has ended");
    }
    assert!(number <= 4 + 16 && relay.reads(Stream::Control));
    let ended = (number + 1..200).find(|number| {
        let outputs = relay.handle(3, push(*number));
        closes_with(Farewell::Protocol, &outputs)
    });
    assert_eq!(ended, Some(4 + 64 + 1));
}

#[test]
fn a_relay_streams_ahead_of_the_acknowledgement_only_within_its_window() {
    let mut relay = relay(false, 20);
    let mut row = 0;
    loop {
        row += 1;
        let outputs = relay.handle(3, relay::Input::FeedRead(page(row)));
        if !outputs.iter().any(|output| matches!(output, relay::Output::ReadFeed(_))) {
            break;
        }
        assert!(row < 1000, "the window never closes");
    }
    assert_eq!(row, 32, "pages on the line without an acknowledgement");
    let outputs = relay.handle(4, acknowledged(row));
    assert!(outputs.iter().any(|output| matches!(output, relay::Output::ReadFeed(_))));
}

#[test]
fn a_node_reads_no_more_pages_while_some_wait_to_be_stored() {
    let (mut node, _) = node(false, 6, 4);
    let mut row = 0;
    while node.reads(Stream::Entries) {
        row += 1;
        node.handle(3, node::Input::Frame(Frame::Feed(page(row))));
        assert!(row < 64, "it reads for ever");
    }
    assert!(node.reads(Stream::Control));
    let outputs = node.handle(4, node::Input::PageStored(vec![point(1)]));
    assert!(outputs.iter().any(|output| matches!(output, node::Output::StorePage(_))));
    assert!(node.reads(Stream::Entries));
}

#[test]
fn pages_that_came_while_one_was_stored_are_stored_together_and_acknowledged_by_their_last_row() {
    let (mut node, _) = node(false, 6, 4);
    assert!(!node.handle(3, node::Input::Frame(Frame::Feed(page(1)))).is_empty());
    for row in 2..=4 {
        assert!(node.handle(3, node::Input::Frame(Frame::Feed(page(row)))).is_empty());
    }
    let outputs = node.handle(4, node::Input::PageStored(vec![point(1)]));
    let stored = outputs.iter().find_map(|output| {
        if let node::Output::StorePage(page) = output { Some(page) } else { None }
    });
    let stored = stored.unwrap();
    assert_eq!(stored.items.iter().map(|item| item.row).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(stored.points, [point(4)]);
}

#[test]
fn what_a_node_has_said_to_have_is_taken_back_by_nothing_that_comes_once_more() {
    let mut relay = relay(false, 40);
    let said = |row: u64, applied: u64| {
        let applied = vec![AppliedRow { scope: UNIT, row: applied }];
        let ack = FeedAck { stored: vec![point(row)], applied, except: Vec::new() };
        relay::Input::Frame(Frame::FeedAck(ack))
    };
    let mut stored = |input| {
        let outputs = relay.handle(3, input);
        relay.handle(4, relay::Input::AckStored { agrees: true });
        let ack = |output| {
            if let relay::Output::StoreAck(ack) = output {
                Some((ack.stored, ack.applied))
            } else {
                None
            }
        };
        outputs.into_iter().filter_map(ack).collect::<Vec<_>>()
    };
    let applied = |row: u64| vec![AppliedRow { scope: UNIT, row }];
    assert_eq!(stored(said(30, 20)), [(vec![point(30)], applied(20))]);
    assert_eq!(stored(said(31, 31)), [(vec![point(31)], applied(31))]);
    assert_eq!(stored(said(30, 20)), [], "that was before");
    assert_eq!(stored(said(31, 20)), [(vec![point(31)], Vec::new())], "what was known stays");
    assert_eq!(stored(said(32, 31)), [(vec![point(32)], applied(31))]);
}

#[test]
fn nothing_is_acknowledged_before_the_host_has_stored_it() {
    let (mut node, _) = node(false, 6, 4);
    let outputs = node.handle(3, node::Input::Frame(Frame::Feed(page(1))));
    assert!(matches!(outputs[..], [node::Output::StorePage(_)]), "{outputs:?}");
    let outputs = node.handle(4, node::Input::PageStored(vec![point(1)]));
    assert!(matches!(outputs[..], [node::Output::Send(Frame::FeedAck(_))]), "{outputs:?}");
    let mut relay = relay(false, 20);
    let outputs = relay.handle(3, push(5));
    assert!(matches!(outputs[..], [relay::Output::Store(_)]), "{outputs:?}");
}

/// Where a node stands that has the province's statements up to this row.
fn knows(row: u64) -> Point {
    Point { scope: Scope::Province, ..point(row) }
}

#[test]
fn what_destinations_have_applied_is_told_to_whoever_has_the_statements_that_they_had() {
    let said = Delivered { unit: UnitId(6), through: 9, except: Vec::new(), node: None };
    let read = || relay::Input::ReachedRead { reached: vec![said.clone()], statements: 8 };
    let tells = |outputs: &[relay::Output]| {
        outputs.contains(&relay::Output::Send(Frame::Delivered(said.clone())))
    };
    let stored = |row| {
        let (stored, applied) = (vec![knows(row), point(20)], Vec::new());
        relay::Input::Frame(Frame::FeedAck(FeedAck { stored, applied, except: Vec::new() }))
    };
    let mut behind = relay(false, 20);
    assert!(!tells(&behind.handle(3, read())), "what it counts they have perhaps refused");
    assert!(!tells(&behind.handle(4, stored(7))));
    assert!(tells(&behind.handle(5, stored(8))));
    for heal in [false, true] {
        let (mut relay, _) = relay::Conversation::begin(0);
        let hello = Hello { cursors: vec![knows(8), point(0)], ..hello() };
        relay.handle(1, relay::Input::Frame(Frame::Hello(hello)));
        let scopes = vec![Scope::Province, UNIT];
        let welcome = Welcome { scopes, ..welcome(heal, 20) };
        relay.handle(2, relay::Input::Greeted(Greeted::Welcome(welcome)));
        if heal {
            relay.handle(3, relay::Input::HealedStored);
        }
        assert_eq!(tells(&relay.handle(4, read())), !heal, "another ledger's row says nothing");
    }
}

#[test]
fn what_came_while_a_batch_was_stored_is_stored_together_as_far_as_one_ack_can_answer_it() {
    let mut relay = relay(false, 5000);
    assert!(matches!(relay.handle(3, batch(5, 1))[..], [relay::Output::Store(_)]));
    for from in [6, 506, 1006] {
        assert!(relay.handle(4, batch(from, 500)).is_empty(), "one is being stored");
    }
    let outputs = relay.handle(5, stored());
    let stored = outputs.iter().find_map(|output| {
        if let relay::Output::Store(batch) = output { Some(&batch.entries) } else { None }
    });
    let numbers: Vec<u64> = stored.unwrap().iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (6..1006).collect::<Vec<_>>());
}

#[test]
fn what_waits_at_a_relay_is_shown_once_to_be_read_meanwhile() {
    let mut relay = relay(false, 5000);
    assert!(matches!(relay.handle(3, push(5))[..], [relay::Output::Store(_)]));
    assert_eq!(waiting(&mut relay), [0_u64; 0], "it does not wait: it is being stored");
    relay.handle(4, push(6));
    relay.handle(4, push(7));
    assert_eq!(waiting(&mut relay), [6, 7]);
    relay.handle(5, push(8));
    assert_eq!(waiting(&mut relay), [8]);
    let outputs = relay.handle(6, stored());
    let stores = |output: &relay::Output| matches!(output, relay::Output::Store(_));
    assert!(outputs.iter().any(stores), "{outputs:?}");
    relay.handle(7, push(9));
    assert_eq!(waiting(&mut relay), [9], "those before it are being stored");
}

#[test]
fn what_is_not_stored_next_is_shown_when_its_turn_comes() {
    let mut relay = relay(false, 5000);
    relay.handle(3, push(5));
    for from in [6, 506, 1006] {
        relay.handle(4, batch(from, 500));
    }
    assert_eq!(waiting(&mut relay), (6..1006).collect::<Vec<_>>());
    relay.handle(5, stored());
    assert_eq!(waiting(&mut relay), (1006..1506).collect::<Vec<_>>());
}

#[test]
fn a_relay_ends_the_link_of_a_node_that_pushes_more_at_once_than_one_ack_can_answer() {
    let outputs = relay(false, 5000).handle(3, batch(5, 1024));
    assert!(matches!(outputs[..], [relay::Output::Store(_)]), "{outputs:?}");
    assert!(closes_with(Farewell::Protocol, &relay(false, 5000).handle(3, batch(5, 1025))));
}

#[test]
fn a_ping_is_answered_in_every_phase() {
    let ping = || Frame::Ping(Beat { count: 3 });
    for heal in [true, false] {
        let pong = relay(heal, 20).handle(3, relay::Input::Frame(ping()));
        assert_eq!(pong, [relay::Output::Send(Frame::Pong(Beat { count: 3 }))]);
        let pong = node(heal, 20, 4).0.handle(3, node::Input::Frame(ping()));
        assert_eq!(pong, [node::Output::Send(Frame::Pong(Beat { count: 3 }))]);
    }
}

#[test]
fn control_entries_and_healing_have_streams_of_their_own() {
    let welcome = Frame::Welcome(welcome(true, 20));
    assert_eq!(welcome.stream(), Stream::Control);
    assert_eq!(Frame::Feed(page(1)).stream(), Stream::Entries);
    assert_eq!(Frame::Show(Show { scope: UNIT, symbols: None }).stream(), Stream::Healing);
}

#[test]
fn a_node_that_finds_a_row_that_does_not_fit_asks_for_healing_and_comes_again() {
    let (mut node, _) = node(false, 6, 4);
    node.handle(3, node::Input::Frame(Frame::Feed(page(1))));
    let outputs = node.handle(4, node::Input::PageDiverged);
    let goodbye = Frame::Goodbye(Goodbye { why: Farewell::Again });
    let expected =
        [node::Output::Diverge, node::Output::Send(goodbye), node::Output::Close(Farewell::Again)];
    assert_eq!(outputs, expected);
}

#[test]
fn both_sides_are_compared_again_only_when_nothing_is_on_its_way() {
    let (mut node, _) = node(false, 20, 4);
    assert!(node.handle(3, node::Input::CheckDue).is_empty(), "the journal is not sent");
    let entries = (5..=9).map(|number| Pushed { number, bytes: vec![0; 40] }).collect();
    node.handle(4, node::Input::JournalRead(entries));
    let outputs = node.handle(5, node::Input::CheckDue);
    assert!(outputs.contains(&node::Output::Close(Farewell::Again)), "{outputs:?}");
}

/// The first frame of a node whose line may be silent for ten minutes.
fn quiet() -> Hello {
    Hello { quiet_ms: Some(600_000), ..hello() }
}

#[test]
fn a_node_whose_line_may_be_silent_is_neither_asked_nor_given_up_meanwhile() {
    let (mut relay, _) = relay::Conversation::begin(0);
    relay.handle(1, relay::Input::Frame(Frame::Hello(quiet())));
    relay.handle(2, relay::Input::Greeted(Greeted::Welcome(welcome(false, 20))));
    relay.handle(3, relay::Input::FeedRead(page(7)));
    let later = relay.handle(600_000, relay::Input::Tick);
    assert_eq!(later, [relay::Output::WakeAt(608_001)], "also while rows are on their way to it");
    let asked = relay.handle(608_001, relay::Input::Tick);
    assert_eq!(asked[0], relay::Output::Send(Frame::Ping(Beat { count: 1 })));
    assert!(closes_with(Farewell::Silence, &relay.handle(620_001, relay::Input::Tick)));
}

#[test]
fn a_dead_line_that_may_be_silent_is_found_as_soon_as_something_was_sent() {
    let (mut node, _) = node::Conversation::begin(quiet(), 0);
    node.handle(1, node::Input::Frame(Frame::Welcome(welcome(false, 20))));
    node.handle(2, node::Input::WelcomeStored { agrees: true, through: 9 });
    let entries = (5..=9).map(|number| Pushed { number, bytes: vec![0; 40] }).collect();
    node.handle(3, node::Input::JournalRead(entries));
    let ack = |through| {
        let ack = Ack { through, digest: [4; 8], outcomes: Vec::new(), credit: 20 };
        node::Input::Frame(Frame::Ack(ack))
    };
    node.handle(10, ack(9));
    let rests = node.handle(400_000, node::Input::Tick);
    assert_eq!(rests, [node::Output::WakeAt(608_010)], "all was answered");
    node.handle(400_000, node::Input::JournalGrew(10));
    let entries = vec![Pushed { number: 10, bytes: vec![0; 40] }];
    let sent = node.handle(400_001, node::Input::JournalRead(entries));
    assert_eq!(sent.last(), Some(&node::Output::WakeAt(408_001)), "it is looked at soon: {sent:?}");
    let asked = node.handle(408_001, node::Input::Tick);
    assert_eq!(asked[0], node::Output::Send(Frame::Ping(Beat { count: 1 })));
    assert_eq!(node.handle(420_001, node::Input::Tick), [node::Output::Close(Farewell::Silence)]);
}
