//! How a machine asks to become a node.

use hoso_engine::join::{JoinError, Newcomer, join};
use hoso_registry::{
    enrolment::{Invitation, InvitationCode, SignedJoin},
    statement::AgeKey,
};

use crate::scene::{CO_TO, Founding, Relay, founding, key};
use crate::sessions::{any, directories};

fn newcomer() -> Newcomer {
    Newcomer {
        label: "Máy mới".to_owned(),
        signing: key(41).public(),
        age: AgeKey([42; 32]),
        administrator_name: "Quản trị mới".to_owned(),
        administrator_key: key(43).public(),
    }
}

fn invitation(founding: &Founding, relay: &Relay, seed: u8) -> Invitation {
    Invitation {
        code: InvitationCode::from_bytes([6; 16]),
        unit: CO_TO,
        founding: founding.entries.first().unwrap().id(),
        relay: key(seed).public(),
        addresses: vec![relay.address.to_string()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_screens_show_the_words_of_one_request_that_is_bound_to_its_connection() {
    let (_root, [data, ..]) = directories();
    let founding = founding();
    let relay = Relay::start(&data, any(), founding.registrar.realm, Some(&founding.entries)).await;
    let invitation = invitation(&founding, &relay, 9);
    let words = join(&invitation, &key(40), &newcomer()).await.unwrap();
    let (exporter, bytes) = relay.desk.request.lock().unwrap().take().unwrap();
    let signed = SignedJoin::decode(&bytes).unwrap();
    let request = signed.verify().unwrap();
    assert_eq!(signed.words(), words);
    assert_eq!(request.exporter, exporter);
    assert_eq!(request.transport, key(40).public());
    assert_eq!(signed.invitation, invitation.code.signing_key().public());
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_with_another_key_than_the_invitation_names_is_told_nothing() {
    let (_root, [data, ..]) = directories();
    let founding = founding();
    let relay = Relay::start(&data, any(), founding.registrar.realm, Some(&founding.entries)).await;
    let invitation = invitation(&founding, &relay, 8);
    let refused = join(&invitation, &key(40), &newcomer()).await;
    assert!(matches!(refused, Err(JoinError::WrongRelay)), "{refused:?}");
    assert!(relay.desk.request.lock().unwrap().is_none());
    relay.stop().await;
}
