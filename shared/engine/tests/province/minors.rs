//! Peers of a minor version before scans: nothing of scans reaches them, and they are talked with
//! as with any other.

use hoso_engine::{
    endpoint::Endpoint,
    frames::{FrameReader, FrameWriter, StreamKind, WireBytes},
    tuning::Congestion,
};
use hoso_identity::{DocumentId, Epoch, PayloadHash, Scope, SessionToken};
use hoso_registry::EventKind;
use hoso_store::{
    StoreError,
    attachments::Attachment,
    records::{self, Plan, Summary, Version, Words},
};
use hoso_sync::{
    frame::{Frame, MINOR_SCANS},
    scan::{self, Named, Refusal, Why},
    wire::{Pushed, PushedBatch, Welcome},
};

use crate::{
    scene::{BAI_CHAY, CO_TO, Founding, Node, Relay, founding, key},
    sessions::{Caller, any, directories},
};

/// The minor version before the one with scans.
const OLDER: u16 = MINOR_SCANS - 1;
/// Questions and answers after which whatever was begun before them has been done.
const ROUNDS: u64 = 20;
const DOSSIER: DocumentId = DocumentId([4; 16]);

/// Asks for a scan; gives where the answer comes.
async fn wish(caller: &Caller, named: Named) -> (FrameWriter, FrameReader) {
    let wire = WireBytes::default();
    let opened = FrameWriter::open_both(&caller.peer, StreamKind::Blobs, wire).await;
    let (mut writer, reader) = opened.unwrap();
    writer.write(&scan::Frame::Wish(named).encode()).await.unwrap();
    (writer, reader)
}

async fn heard(reader: &mut FrameReader) -> scan::Frame {
    scan::Frame::decode(&reader.next().await.unwrap().unwrap()).unwrap()
}

/// A dossier with a scan that is not at this node.
fn plan(blob: PayloadHash) -> Plan {
    let scan = Attachment {
        blob,
        name: "Tờ khai.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        size: 4,
        unit: BAI_CHAY,
        since_ms: 5,
    };
    let summary = Summary {
        document: DOSSIER,
        version: Version(vec![1]),
        code: None,
        procedure: "1.004194".to_owned(),
        applicant: "Người thử".to_owned(),
        receiving_unit: BAI_CHAY,
        competent_unit: Some(CO_TO),
        return_unit: None,
        status: 2,
        due_at_ms: None,
        closed_at_ms: None,
        received_at_ms: 5,
        needs_review: false,
        needs_newer: false,
        changed_at_ms: 5,
    };
    let words = Words::of(&summary, &[]);
    Plan { computed_from: None, summary, words, attachments: vec![scan] }
}

fn welcome(minor: u16) -> Welcome {
    Welcome {
        minor,
        epoch: Epoch { generation: 1, random: [7; 8] },
        token: SessionToken([3; 16]),
        through: 0,
        digest: [0; 8],
        heal: false,
        renumber: false,
        scopes: vec![Scope::Province, Scope::Unit(CO_TO)],
        credit: 100,
        clock_ms: 5,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_minor_before_scans_is_told_of_none_and_given_none_and_talks_on() {
    let (_root, [data, ..]) = directories();
    let Founding { entries, clerks: [clerk, _], .. } = founding();
    let relay = Relay::start(&data, any(), clerk.realm, Some(&entries)).await;
    let mut callers = [Caller::dial(30, &relay).await, Caller::dial(20, &relay).await];
    for (caller, minor) in callers.iter_mut().zip([OLDER, MINOR_SCANS]) {
        caller.hello_in(clerk.realm, minor).await;
        assert_eq!(caller.welcomed().await.minor, minor);
    }
    let [mut older, mut newer] = callers;
    let received = EventKind::Received.kind();
    let first = clerk.sign(received, DocumentId::ZERO, &[CO_TO, BAI_CHAY], b"for both");
    let pushed = vec![Pushed { number: 1, bytes: first.encode() }];
    let opened = FrameWriter::open(&newer.peer, StreamKind::Entries, WireBytes::default()).await;
    let mut push = opened.unwrap();
    push.write(&Frame::Push(PushedBatch { entries: pushed }).encode()).await.unwrap();
    while !matches!(newer.heard().await.unwrap(), Frame::Ack(ack) if ack.through == 1) {}

    let blob = PayloadHash::of(b"nobody has it");
    let named = Named { document: first.document(), blob, bytes: 0 };
    let (_unheard, mut answers) = wish(&older, named).await;
    let (_asking, mut given) = wish(&newer, named).await;
    let refused = scan::Frame::Refuse(Refusal { why: Why::Missing });
    assert_eq!(heard(&mut given).await, refused);
    let wire = WireBytes::default;
    let told = FrameWriter::accept_both(&newer.peer, StreamKind::Blobs, wire()).await;
    assert_eq!(heard(&mut told.unwrap().1).await, scan::Frame::Lack(named));

    for round in 0..ROUNDS {
        older.beat(round).await;
    }
    relay.stop().await;
    assert!(FrameWriter::accept_both(&older.peer, StreamKind::Blobs, wire()).await.is_err());
    assert!(!matches!(answers.next().await, Ok(Some(_))), "it was answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_of_a_minor_before_scans_is_asked_for_none_and_talked_with() {
    let realm = founding().registrar.realm;
    for minor in [OLDER, MINOR_SCANS] {
        let (_root, [_, data, _]) = directories();
        let endpoint = Endpoint::listen(any(), &key(9), Congestion::default()).unwrap();
        let address = endpoint.local_address().unwrap();
        let node = Node::start(&data, 20, realm, address).await;
        let blob = PayloadHash::of(b"scan");
        let kept: Result<(), StoreError> =
            node.memory.write(false, move |tx, _| records::put(tx, &plan(blob))).await;
        kept.unwrap();
        let mut relay = Caller::accept(endpoint).await;
        assert!(matches!(relay.heard().await, Some(Frame::Hello(_))));
        relay.say(&Frame::Welcome(welcome(minor))).await;
        for round in 0..ROUNDS {
            relay.beat(round).await;
            // Whatever is written before the link asks for scans is written before this.
            let written: Result<(), StoreError> = node.memory.write(false, |_, _| Ok(())).await;
            written.unwrap();
        }
        if minor == OLDER {
            assert_eq!(node.wire.sent(StreamKind::Blobs), 0);
        } else {
            let wire = WireBytes::default();
            let asked = FrameWriter::accept_both(&relay.peer, StreamKind::Blobs, wire).await;
            let wish = scan::Frame::Wish(Named { document: DOSSIER, blob, bytes: 0 });
            assert_eq!(heard(&mut asked.unwrap().1).await, wish);
        }
        node.stop().await;
    }
}
