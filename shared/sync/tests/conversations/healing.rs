//! Conversations that heal: questions, their answers and claims.

use hoso_identity::{DocumentId, EntryId, Position, Scope};
use hoso_sync::{
    frame::{Frame, Stream},
    listing::Listed,
    wire::{
        Answer, Claim, ClaimOutcome, Claimed, Farewell, Head, Held, HeldDocument, HeldEntry,
        Listing, Outcome, Positioned, Show,
    },
};

use super::{EPOCH, UNIT, closes_with, node, relay};

fn head() -> Head {
    Head { scope: UNIT, row: 30, digest: [7; 32] }
}

fn document(number: u8) -> Listed {
    let mut item = [number; 16];
    item[8..].fill(1);
    Listed { item, document: DocumentId([number; 16]) }
}

/// A relay that has shown a listing of documents 1 to 3.
fn shown() -> relay::Conversation {
    let mut relay = relay(true, 20);
    relay.handle(3, relay::Input::Frame(Frame::Show(Show { scope: UNIT, symbols: None })));
    let listed = (1..=3).map(document).collect();
    relay.handle(4, relay::Input::ListingRead { head: head(), taken: 12, listed });
    relay
}

fn held(name: u8, entries: Vec<HeldEntry>, more: bool) -> HeldDocument {
    HeldDocument { document: [name; 8], after: None, entries, more }
}

fn entry(number: u8) -> HeldEntry {
    let position = Position { epoch: EPOCH, number: u64::from(number) };
    HeldEntry { id: EntryId([number; 32]), position }
}

fn ask(relay: &mut relay::Conversation, documents: Vec<HeldDocument>) -> Vec<relay::Output> {
    let held = Held { scope: UNIT, documents, question: Some(3) };
    relay.handle(5, relay::Input::Frame(Frame::Held(held)))
}

#[test]
fn a_relay_compares_what_its_listing_showed_with_the_ledger_as_it_was_then() {
    let mut relay = shown();
    let outputs = ask(&mut relay, vec![held(2, vec![entry(1)], false), held(9, vec![], false)]);
    let [relay::Output::Compare { asked, taken: 12 }] = &outputs[..] else { panic!("{outputs:?}") };
    let documents: Vec<_> = asked.iter().map(|asked| asked.document).collect();
    assert_eq!(documents, [Some(DocumentId([2; 16])), None]);
}

#[test]
fn a_question_that_is_out_of_bounds_or_order_ends_the_link() {
    let many = (0..=2048_u16).map(|number| HeldEntry {
        id: EntryId([number.to_be_bytes(); 16].as_flattened().try_into().unwrap()),
        ..entry(1)
    });
    let wrong = [
        vec![held(1, many.collect(), false)],
        vec![held(1, vec![entry(2), entry(1)], false)],
        vec![held(1, Vec::new(), true)],
        (0..=255).chain([0]).map(|name| held(name, Vec::new(), false)).collect(),
    ];
    for documents in wrong {
        assert!(closes_with(Farewell::Protocol, &ask(&mut shown(), documents)));
    }
    let elsewhere = Held { scope: Scope::Province, documents: Vec::new(), question: None };
    let outputs = shown().handle(5, relay::Input::Frame(Frame::Held(elsewhere)));
    assert!(closes_with(Farewell::Protocol, &outputs), "that scope was not shown");
}

#[test]
fn a_claim_that_nobody_wanted_ends_the_link() {
    let mut relay = shown();
    ask(&mut relay, vec![held(2, vec![entry(1)], false)]);
    let compared = relay::Input::Compared { send: Vec::new(), want: vec![EntryId([1; 32])] };
    relay.handle(6, compared);
    let position = entry(1).position;
    let entries = vec![Positioned { bytes: b"something else".to_vec(), position }];
    let claim = Frame::Claim(Claim { entries, last: true });
    assert!(closes_with(Farewell::Protocol, &relay.handle(7, relay::Input::Frame(claim))));
}

/// A node that has listed documents 1 and 2, of which the relay has shown none.
fn compares() -> node::Conversation {
    let (mut node, _) = node(true, 20, 4);
    let listing = Listing {
        scope: UNIT,
        epoch: EPOCH,
        row: 30,
        digest: [7; 32],
        items: Vec::new(),
        last: true,
    };
    node.handle(3, node::Input::Frame(Frame::Listing(listing)));
    node.handle(4, node::Input::RowsSet(None));
    let outputs = node.handle(5, node::Input::ListingRead(vec![document(1), document(2)]));
    let asks = matches!(&outputs[..], [node::Output::ReadHeld { documents, after: None }]
        if documents.len() == 2);
    assert!(asks, "{outputs:?}");
    node
}

fn answer(want: Vec<EntryId>) -> node::Input {
    answer_to(None, want)
}

fn answer_to(question: Option<u32>, want: Vec<EntryId>) -> node::Input {
    let answer = Answer { entries: Vec::new(), want, last: true, question };
    node::Input::Frame(Frame::Answer(answer))
}

#[test]
fn a_document_that_does_not_fit_one_question_is_asked_about_in_parts() {
    let mut node = compares();
    let part = held(1, vec![entry(1), entry(2)], true);
    let outputs = node.handle(6, node::Input::HeldRead(vec![part]));
    assert!(matches!(outputs[..], [node::Output::Send(Frame::Held(_))]), "{outputs:?}");
    node.handle(7, answer(Vec::new()));
    let outputs = node.handle(8, node::Input::HealedStored);
    let [node::Output::ReadHeld { documents, after }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(
        (documents.len(), *after),
        (2, Some(EntryId([2; 32]))),
        "it goes on behind the part"
    );
    let rest = vec![held(1, vec![entry(3)], false), held(2, vec![entry(4)], false)];
    node.handle(9, node::Input::HeldRead(rest));
    node.handle(10, answer(Vec::new()));
    let outputs = node.handle(11, node::Input::HealedStored);
    assert!(matches!(outputs[..], [node::Output::FinishHealing { .. }]), "{outputs:?}");
}

#[test]
fn a_node_gives_only_what_it_has_shown_and_keeps_what_became_of_it() {
    let mut node = compares();
    let shown = vec![held(1, vec![entry(7), entry(8)], false), held(2, Vec::new(), false)];
    node.handle(6, node::Input::HeldRead(shown));
    let mut curious = node.clone();
    let outputs = curious.handle(7, answer(vec![EntryId([99; 32])]));
    assert!(outputs.contains(&node::Output::Close(Farewell::Protocol)), "{outputs:?}");
    node.handle(7, answer(vec![EntryId([8; 32]), EntryId([7; 32])]));
    let outputs = node.handle(8, node::Input::HealedStored);
    let in_order = vec![EntryId([7; 32]), EntryId([8; 32])];
    assert_eq!(outputs, [node::Output::ReadClaims(in_order.clone())]);
    let back = Positioned { bytes: vec![0; 40], position: entry(7).position };
    node.handle(9, node::Input::ClaimsRead(vec![back]));
    let outcome = ClaimOutcome {
        id: EntryId([8; 32]),
        outcome: Outcome::Refused(hoso_identity::Reason::NodeEnded),
    };
    let claimed = |question, outcomes| Frame::Claimed(Claimed { outcomes, question });
    let before = node.handle(10, node::Input::Frame(claimed(Some(0), Vec::new())));
    assert_eq!(before, [], "what has been said of claims before is none of these");
    let outputs = node.handle(10, node::Input::Frame(claimed(Some(1), vec![outcome])));
    assert_eq!(outputs, [node::Output::StoreClaimed(in_order, vec![outcome])]);
    assert_eq!(node.handle(11, node::Input::Frame(claimed(Some(1), vec![outcome]))), []);
}

#[test]
fn an_answer_that_comes_once_more_answers_no_later_question() {
    let mut node = compares();
    node.handle(6, node::Input::HeldRead(vec![held(1, vec![entry(1)], true)]));
    node.handle(7, answer_to(Some(1), Vec::new()));
    assert_eq!(node.handle(7, answer_to(Some(1), Vec::new())), [], "it is being stored");
    node.handle(8, node::Input::HealedStored);
    assert_eq!(node.handle(8, answer_to(Some(1), Vec::new())), [], "the next one is not asked yet");
    let rest = vec![held(1, vec![entry(3)], false), held(2, Vec::new(), false)];
    let outputs = node.handle(9, node::Input::HeldRead(rest));
    let asks = |outputs: &[node::Output], number| {
        let [node::Output::Send(Frame::Held(held))] = outputs else { panic!("{outputs:?}") };
        assert_eq!(held.question, Some(number));
    };
    asks(&outputs, 2);
    assert_eq!(node.handle(10, answer_to(Some(1), Vec::new())), []);
    let mut early = node.clone();
    let outputs = early.handle(11, answer_to(Some(3), Vec::new()));
    assert!(outputs.contains(&node::Output::Close(Farewell::Protocol)), "{outputs:?}");
    let outputs = node.handle(11, answer_to(Some(2), Vec::new()));
    assert!(matches!(outputs[..], [node::Output::StoreHealed(..)]), "{outputs:?}");
}

#[test]
fn a_part_that_comes_once_more_behind_the_end_of_its_answer_is_left_out() {
    let mut node = compares();
    let part = |question, last| {
        let (entries, want) = (Vec::new(), Vec::new());
        node::Input::Frame(Frame::Answer(Answer { entries, want, last, question: Some(question) }))
    };
    node.handle(6, node::Input::HeldRead(vec![held(1, vec![entry(1)], true)]));
    for last in [false, true, false] {
        node.handle(7, part(1, last));
    }
    node.handle(8, node::Input::HealedStored);
    node.handle(9, node::Input::HealedStored);
    let rest = vec![held(1, vec![entry(3)], false), held(2, Vec::new(), false)];
    node.handle(10, node::Input::HeldRead(rest));
    for last in [false, true] {
        node.handle(11, part(2, last));
    }
    node.handle(12, node::Input::HealedStored);
    let outputs = node.handle(13, node::Input::HealedStored);
    assert!(matches!(outputs[..], [node::Output::FinishHealing { .. }]), "{outputs:?}");
}

#[test]
fn a_relay_answers_with_the_number_of_the_question() {
    let mut relay = shown();
    ask(&mut relay, vec![held(2, vec![entry(1)], false)]);
    let compared = relay::Input::Compared { send: Vec::new(), want: vec![EntryId([1; 32])] };
    let outputs = relay.handle(6, compared);
    let [relay::Output::Send(Frame::Answer(answer))] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(answer.question, Some(3));
    assert_eq!(ask(&mut relay, vec![held(2, vec![entry(1)], false)]), [], "it has come once more");
    let claim = Frame::Claim(Claim { entries: Vec::new(), last: true });
    relay.handle(7, relay::Input::Frame(claim));
    let outputs = relay.handle(8, relay::Input::ClaimsStored(Vec::new()));
    let claimed = Frame::Claimed(Claimed { outcomes: Vec::new(), question: Some(3) });
    assert_eq!(outputs, [relay::Output::Send(claimed)]);
}

#[test]
fn answers_that_come_faster_than_they_are_stored_stay_on_the_line() {
    let mut node = compares();
    node.handle(6, node::Input::HeldRead(vec![held(1, vec![entry(7)], false)]));
    let part = || {
        let (entries, want) = (Vec::new(), Vec::new());
        Frame::Answer(Answer { entries, want, last: false, question: Some(1) })
    };
    let mut count = 0;
    while node.reads(Stream::Healing) {
        count += 1;
        node.handle(7, node::Input::Frame(part()));
        assert!(count < 64, "it reads for ever");
    }
    node.handle(8, node::Input::HealedStored);
    assert!(node.reads(Stream::Healing));
}
