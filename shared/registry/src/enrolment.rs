//! How a node joins: an invitation, a request that its code signs, six words that two people
//! compare.

mod invitation;
mod join;

use thiserror::Error;

pub use self::{
    invitation::{Invitation, InvitationCode},
    join::{EXPORTER_LABEL, JoinRequest, SignedJoin, WORDS, same_words, words},
};

/// Why an invitation or a request to join cannot be taken.
#[derive(Debug, Error)]
pub enum EnrolmentError {
    /// Not 26 letters and digits of the code's alphabet.
    #[error("an invitation code has 26 letters and digits, without U")]
    Code,
    /// Not an invitation, or mistyped.
    #[error("the invitation is incomplete or mistyped; copy the whole line that begins with HOSO1")]
    Invitation,
    /// Not a request to join in its one canonical form.
    #[error("the request to join cannot be read")]
    Request,
    /// The request is not signed by the invitation that it names.
    #[error("the request to join is not signed by its invitation")]
    Signature(#[from] hoso_identity::SignatureError),
}
