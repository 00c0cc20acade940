//! The request to join and its six words.

use bip39::Language;
use hoso_identity::{PersonId, PublicKey, Realm, UnitId};
use minicbor::{Decode, Encode};

use super::{EnrolmentError, InvitationCode};
use crate::statement::{AgeKey, Approval, FirstAdministrator, Statement};

/// The label under which both sides take 32 bytes from their TLS session.
pub const EXPORTER_LABEL: &[u8] = b"hoso join 1";
/// How many words two people compare: 66 bits.
pub const WORDS: usize = 6;
/// Separates the signature of a request from every other signature.
const SIGNED_PREFIX: &[u8] = b"hoso join 1";
/// Bits of one word.
const WORD_BITS: usize = 11;
/// Bytes of the longest request: fixed fields and two texts.
const REQUEST_BYTES_MAX: usize = 4_096;

/// Everything that a person confirms when they approve a node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct JoinRequest {
    /// The realm that the node wants to join.
    #[n(0)]
    pub realm: Realm,
    /// The unit of the invitation.
    #[n(1)]
    pub unit: UnitId,
    /// What people call the machine.
    #[n(2)]
    pub label: String,
    /// The node's QUIC identity.
    #[n(3)]
    pub transport: PublicKey,
    /// The node's signing key.
    #[n(4)]
    pub signing: PublicKey,
    /// The node's recipient of bundles.
    #[n(5)]
    pub age: AgeKey,
    /// The first administrator's name.
    #[n(6)]
    pub administrator_name: String,
    /// The first administrator's key, made at this node.
    #[n(7)]
    pub administrator_key: PublicKey,
    /// The relay's QUIC identity, as the node sees it.
    #[n(8)]
    pub relay: PublicKey,
    /// What both sides take from this TLS session under [`EXPORTER_LABEL`].
    #[cbor(n(9), with = "minicbor::bytes")]
    pub exporter: [u8; 32],
}

impl JoinRequest {
    /// The one byte form: what is signed, and what the words stand for.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Writing to a vector cannot fail; were it to, `decode` would refuse the bytes.
        minicbor::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`JoinRequest::encode`] wrote.
    ///
    /// # Errors
    ///
    /// [`EnrolmentError::Request`] for anything else, and for names that no approval could hold.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnrolmentError> {
        if bytes.len() > REQUEST_BYTES_MAX {
            return Err(EnrolmentError::Request);
        }
        let request: Self = minicbor::decode(bytes).map_err(|_| EnrolmentError::Request)?;
        let approval = Statement::Approval(request.approval(None, Vec::new()));
        if request.encode() != bytes || approval.check().is_err() {
            return Err(EnrolmentError::Request);
        }
        Ok(request)
    }

    /// The statement that grants the request; `person` if the administrator is already known.
    #[must_use]
    pub fn approval(&self, person: Option<PersonId>, stations: Vec<u16>) -> Approval {
        Approval {
            unit: self.unit,
            label: self.label.clone(),
            transport: self.transport,
            signing: self.signing,
            age: self.age,
            stations,
            administrator: FirstAdministrator {
                person,
                name: self.administrator_name.clone(),
                key: self.administrator_key,
            },
        }
    }
}

/// A request with the signature of its invitation, as it is sent and stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedJoin {
    /// The public half of the invitation's key: by it the relay finds the invitation.
    #[n(0)]
    pub invitation: PublicKey,
    /// The bytes of the request.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub request: Vec<u8>,
    /// The invitation's signature over them.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub signature: [u8; 64],
}

impl SignedJoin {
    /// Signs a request with an invitation's code.
    #[must_use]
    pub fn sign(request: &JoinRequest, code: &InvitationCode) -> Self {
        let key = code.signing_key();
        let request = request.encode();
        let signature = key.sign(&signed_message(&request));
        Self { invitation: key.public(), request, signature }
    }

    /// Gives the request, if its invitation signed it. Whether that invitation exists and is
    /// unused, and whether relay, realm and exporter are the receiver's own, is for the receiver.
    ///
    /// # Errors
    ///
    /// [`EnrolmentError::Signature`] and [`EnrolmentError::Request`].
    pub fn verify(&self) -> Result<JoinRequest, EnrolmentError> {
        self.invitation.verify(&signed_message(&self.request), &self.signature)?;
        JoinRequest::decode(&self.request)
    }

    /// The words that both screens show.
    #[must_use]
    pub fn words(&self) -> [&'static str; WORDS] {
        words(&self.request)
    }

    /// The bytes that are sent and stored.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Writing to a vector cannot fail; were it to, `decode` would refuse the bytes.
        minicbor::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`SignedJoin::encode`] wrote; the signature is not looked at.
    ///
    /// # Errors
    ///
    /// [`EnrolmentError::Request`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnrolmentError> {
        let join: Self = minicbor::decode(bytes).map_err(|_| EnrolmentError::Request)?;
        if join.request.len() > REQUEST_BYTES_MAX || join.encode() != bytes {
            return Err(EnrolmentError::Request);
        }
        Ok(join)
    }
}

/// Six words of the English BIP-39 list for the first 66 bits of the BLAKE3 hash of these bytes.
#[must_use]
pub fn words(request: &[u8]) -> [&'static str; WORDS] {
    let hash = blake3::hash(request);
    let list = Language::English.word_list();
    std::array::from_fn(|word| {
        let first = word.saturating_mul(WORD_BITS);
        let bits = first..first.saturating_add(WORD_BITS);
        let index = bits.fold(0, |index, bit| index << 1 | bit_of(hash.as_bytes(), bit));
        list.get(index).copied().unwrap_or_default()
    })
}

/// Whether a person typed these words: case and space between them do not matter.
#[must_use]
pub fn same_words(typed: &str, words: &[&str; WORDS]) -> bool {
    typed.split_whitespace().map(str::to_lowercase).eq(words.iter().map(|word| word.to_string()))
}

/// One bit, counted from the highest of the first byte.
fn bit_of(bytes: &[u8], bit: usize) -> usize {
    let byte = bytes.get(bit / 8).copied().unwrap_or_default();
    let turned = u32::try_from(bit % 8).unwrap_or_default();
    usize::from(byte.rotate_left(turned) >> 7)
}

/// The prefix and the request, as they are signed.
fn signed_message(request: &[u8]) -> Vec<u8> {
    [SIGNED_PREFIX, request].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request() -> JoinRequest {
        JoinRequest {
            realm: Realm([1; 16]),
            unit: UnitId(54),
            label: "Cô Tô, quầy 1".to_owned(),
            transport: PublicKey([2; 32]),
            signing: PublicKey([3; 32]),
            age: AgeKey([4; 32]),
            administrator_name: "Nguyễn Văn An".to_owned(),
            administrator_key: PublicKey([5; 32]),
            relay: PublicKey([6; 32]),
            exporter: [7; 32],
        }
    }

    fn code() -> InvitationCode {
        InvitationCode::from_bytes([8; 16])
    }

    #[test]
    fn the_six_words_are_the_first_66_bits_of_the_hash() {
        let hash = blake3::hash(b"");
        let bits: String = hash.as_bytes().iter().map(|byte| format!("{byte:08b}")).collect();
        let list = Language::English.word_list();
        let expected: Vec<&str> = (0..6)
            .map(|word| usize::from_str_radix(&bits[word * 11..word * 11 + 11], 2).unwrap())
            .map(|index| list[index])
            .collect();
        assert_eq!(words(b"").to_vec(), expected);
    }

    #[test]
    fn the_words_change_with_every_field_that_a_person_confirms() {
        let base = words(&request().encode());
        let others = [
            JoinRequest { realm: Realm([0; 16]), ..request() },
            JoinRequest { unit: UnitId(1), ..request() },
            JoinRequest { transport: PublicKey([0; 32]), ..request() },
            JoinRequest { signing: PublicKey([0; 32]), ..request() },
            JoinRequest { age: AgeKey([0; 32]), ..request() },
            JoinRequest { administrator_key: PublicKey([0; 32]), ..request() },
            JoinRequest { administrator_name: "Ai đó".to_owned(), ..request() },
            JoinRequest { relay: PublicKey([0; 32]), ..request() },
            JoinRequest { exporter: [0; 32], ..request() },
        ];
        for other in others {
            assert_ne!(words(&other.encode()), base);
        }
    }

    #[test]
    fn typed_words_are_compared_without_case_and_spacing_but_all_six_of_them() {
        let words = words(b"request");
        let typed = format!(" {}  ", words.join("  ").to_uppercase());
        assert!(same_words(&typed, &words));
        assert!(!same_words(&words[..5].join(" "), &words));
        assert!(!same_words("", &words));
    }

    #[test]
    fn a_request_is_believed_only_with_the_signature_of_its_invitation() {
        let join = SignedJoin::sign(&request(), &code());
        assert_eq!(SignedJoin::decode(&join.encode()).unwrap().verify().unwrap(), request());
        let stranger = InvitationCode::from_bytes([9; 16]).signing_key().public();
        let stolen = SignedJoin { invitation: stranger, ..join.clone() };
        assert!(matches!(stolen.verify(), Err(EnrolmentError::Signature(_))));
        let mut changed = join;
        changed.request[20] ^= 1;
        assert!(matches!(changed.verify(), Err(EnrolmentError::Signature(_))));
    }

    #[test]
    fn an_approval_takes_over_exactly_what_was_asked_for() {
        let approval = request().approval(None, vec![1, 2]);
        assert_eq!(approval.transport, request().transport);
        assert_eq!(approval.administrator.key, request().administrator_key);
        assert_eq!(approval.stations, [1, 2]);
    }

    proptest! {
        #[test]
        fn only_the_canonical_bytes_of_a_request_are_read(
            cut in 0_usize..300, flip in 0_usize..300, bit in 0_u32..8, noise: Vec<u8>,
        ) {
            let honest = SignedJoin::sign(&request(), &code());
            let mut request_bytes = honest.request.clone();
            let mut bytes = honest.encode();
            for bytes in [&mut request_bytes, &mut bytes] {
                if let Some(byte) = bytes.get_mut(flip) { *byte ^= 1 << bit; }
                bytes.truncate(bytes.len().max(cut) - cut / 10);
            }
            if let Ok(read) = JoinRequest::decode(&request_bytes) {
                prop_assert_eq!(read.encode(), request_bytes);
            }
            if let Ok(read) = SignedJoin::decode(&bytes) {
                prop_assert_eq!(read.encode(), bytes);
            }
            prop_assert!(JoinRequest::decode(&noise).is_err());
        }
    }
}
