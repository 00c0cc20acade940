//! The secret code and the line that carries it.

use std::fmt;

use hoso_identity::{EntryId, PublicKey, Realm, SigningKey, UnitId};
use minicbor::{Decode, Encode};

use super::EnrolmentError;
use crate::crockford;

/// Separates the key of an invitation from every other use of 128 bits.
const KEY_CONTEXT: &str = "hoso 2026 invitation code to Ed25519 seed 1";
/// What the line begins with, and the same as [`crockford::normalise`] writes it.
const PREFIX: &str = "HOSO1-";
const PREFIX_NORMAL: &str = "H0S01";
/// Bytes of the check at the end of the line.
const CHECK_BYTES: usize = 4;
/// Addresses of a relay, as in its statement.
const ADDRESSES_MAX: usize = 8;
/// Characters of the longest line.
const TEXT_CHARS_MAX: usize = 4_096;

/// The 128 secret bits of an invitation. Shown as 26 characters; never printed by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct InvitationCode(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

impl InvitationCode {
    /// The code of these 16 bytes, which must be fresh chance.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads what a person typed: lower case, `O` for 0, `I` and `L` for 1, spaces and hyphens are
    /// forgiven.
    ///
    /// # Errors
    ///
    /// [`EnrolmentError::Code`] for anything else than 26 characters of the alphabet.
    pub fn parse(text: &str) -> Result<Self, EnrolmentError> {
        let bytes = crockford::decode(&crockford::normalise(text)).ok_or(EnrolmentError::Code)?;
        bytes.try_into().map(Self).map_err(|_| EnrolmentError::Code)
    }

    /// The key that signs the request to join. The relay keeps its public half only.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&blake3::derive_key(KEY_CONTEXT, &self.0))
    }
}

impl fmt::Display for InvitationCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&crockford::encode(&self.0))
    }
}

impl fmt::Debug for InvitationCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "InvitationCode(of {})", self.signing_key().public())
    }
}

/// Everything that a new node must know to reach the one relay that it may believe.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Invitation {
    /// The secret.
    #[n(0)]
    pub code: InvitationCode,
    /// The unit that it is bound to.
    #[n(1)]
    pub unit: UnitId,
    /// The root fingerprint: the id of the registry's first entry, which names both roots.
    #[n(2)]
    pub founding: EntryId,
    /// The relay's QUIC identity.
    #[n(3)]
    pub relay: PublicKey,
    /// `host:port` of the relay, in the order in which they are tried; one to eight.
    #[n(4)]
    pub addresses: Vec<String>,
}

impl Invitation {
    /// The realm that the node is to join.
    #[must_use]
    pub fn realm(&self) -> Realm {
        self.founding.realm()
    }

    /// The one argument of `hoso-node join`: `HOSO1-` and base 32 with a check at its end.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Writing to a vector cannot fail; were it to, `parse` would refuse the text.
        let mut bytes = minicbor::to_vec(self).unwrap_or_default();
        bytes.extend_from_slice(&check(&bytes));
        format!("{PREFIX}{}", crockford::encode(&bytes))
    }

    /// Reads what [`Invitation::to_text`] wrote, with the same forgiveness as
    /// [`InvitationCode::parse`].
    ///
    /// # Errors
    ///
    /// [`EnrolmentError::Invitation`] for anything else.
    pub fn parse(text: &str) -> Result<Self, EnrolmentError> {
        Self::read(text).ok_or(EnrolmentError::Invitation)
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > TEXT_CHARS_MAX {
            return None;
        }
        let normal = crockford::normalise(text);
        let bytes = crockford::decode(normal.strip_prefix(PREFIX_NORMAL)?)?;
        let (body, given) = bytes.split_last_chunk::<CHECK_BYTES>()?;
        if *given != check(body) {
            return None;
        }
        let invitation: Self = minicbor::decode(body).ok()?;
        let addresses = (1..=ADDRESSES_MAX).contains(&invitation.addresses.len());
        let canonical = minicbor::to_vec(&invitation).is_ok_and(|again| again == body);
        (addresses && canonical).then_some(invitation)
    }
}

/// The first bytes of the hash: finds what was mistyped or cut off.
fn check(body: &[u8]) -> [u8; CHECK_BYTES] {
    let mut check = [0; CHECK_BYTES];
    check.iter_mut().zip(blake3::hash(body).as_bytes()).for_each(|(to, from)| *to = *from);
    check
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn invitation() -> Invitation {
        Invitation {
            code: InvitationCode::from_bytes([0xa5; 16]),
            unit: UnitId(54),
            founding: EntryId([7; 32]),
            relay: PublicKey([9; 32]),
            addresses: vec!["relay.quangninh.example:4433".to_owned(), "10.0.0.1:4433".to_owned()],
        }
    }

    #[test]
    fn a_code_has_26_characters_and_is_read_back_as_people_type_it() {
        let code = InvitationCode::from_bytes(
            *b"\x01\x10\x84\x21\x08\x42\x10\x84\x21\x08\x42\x10\x84\x21\x08\x40",
        );
        let text = code.to_string();
        assert_eq!(text.len(), 26);
        let typed = text.to_lowercase().replace('1', "l").replace('0', "o");
        let spaced = format!(" {}-{} {}", &typed[..5], &typed[5..10], &typed[10..]);
        assert_eq!(InvitationCode::parse(&spaced).unwrap(), code);
    }

    #[test]
    fn a_code_with_a_letter_too_few_or_a_foreign_letter_is_refused() {
        let text = InvitationCode::from_bytes([0xff; 16]).to_string();
        for bad in [&text[1..], &text.replace('Z', "U"), "", "ệ", &format!("{text}0")] {
            assert!(InvitationCode::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_code_is_never_in_a_log() {
        let code = invitation().code;
        assert!(!format!("{:?}", invitation()).contains(&code.to_string()));
    }

    #[test]
    fn the_key_of_a_code_stays_the_same_from_release_to_release() {
        let key = InvitationCode::from_bytes([0; 16]).signing_key().public();
        let golden = "9e62ee865e380b2e9c7fcca245aee63ece93d3826bcb4d98a0738ee75b4c52e3";
        assert_eq!(key.to_string(), golden);
    }

    #[test]
    fn an_invitation_is_one_argument_and_a_typing_error_in_it_is_found() {
        let text = invitation().to_text();
        assert_eq!(Invitation::parse(&text).unwrap(), invitation());
        assert_eq!(Invitation::parse(&text.to_lowercase()).unwrap(), invitation());
        assert!(!text.contains(char::is_whitespace));
        for (index, letter) in text.char_indices().skip(6) {
            let other = if letter == 'Q' { 'R' } else { 'Q' };
            let mut mistyped = text.clone();
            mistyped.replace_range(index..=index, &other.to_string());
            assert!(Invitation::parse(&mistyped).is_err(), "at {index}");
        }
    }

    proptest! {
        #[test]
        fn every_code_is_read_back(bytes: [u8; 16]) {
            let code = InvitationCode::from_bytes(bytes);
            prop_assert_eq!(InvitationCode::parse(&code.to_string()).unwrap(), code);
        }

        #[test]
        fn only_texts_that_this_program_writes_are_read(text in ".*", body: Vec<u8>) {
            prop_assert!(Invitation::parse(&text).is_err());
            if let Ok(code) = InvitationCode::parse(&text) {
                prop_assert_eq!(code.to_string(), crockford::normalise(&text));
            }
            let checked = [body.as_slice(), &check(&body)].concat();
            let text = format!("{PREFIX}{}", crockford::encode(&checked));
            if let Ok(read) = Invitation::parse(&text) {
                prop_assert_eq!(read.to_text(), text);
            }
        }

        #[test]
        fn a_damaged_invitation_is_read_as_itself_or_not_at_all(
            flip in 0_usize..200,
            bit in 0_u32..8,
        ) {
            let mut body = minicbor::to_vec(invitation()).unwrap();
            let index = flip % body.len();
            body[index] ^= 1 << bit;
            let checked = [body.as_slice(), &check(&body)].concat();
            let text = format!("{PREFIX}{}", crockford::encode(&checked));
            if let Ok(read) = Invitation::parse(&text) {
                prop_assert_eq!(read.to_text(), text);
            }
        }
    }
}
