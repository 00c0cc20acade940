//! Ed25519 keys. Signing is deterministic, verification is strict and one signature at a time:
//! batch verification can answer differently for crafted keys.

use std::fmt;

use ed25519_dalek::Signer as _;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::ids::PublicKey;

/// A secret key. Never printed; wiped when dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// The signature is not one that `key` made over these bytes, or the key is no valid point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature does not verify strictly")]
pub struct SignatureError;

impl SigningKey {
    /// The key of this 32-byte seed. The caller brings the chance.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed, for wrapping under a password or a file of mode 0600.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs the message; the same message gives the same 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// The X25519 public key of a secret, as age recipients use it.
#[must_use]
pub fn x25519_public(secret: &[u8; 32]) -> [u8; 32] {
    curve25519_dalek::MontgomeryPoint::mul_base_clamped(*secret).to_bytes()
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey(of {})", self.public())
    }
}

impl PublicKey {
    /// Checks a signature with `verify_strict`.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] when it does not verify or the key is weak or malformed.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).map_err(|_| SignatureError)?;
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        key.verify_strict(message, &signature).map_err(|_| SignatureError)
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn x25519_agrees_with_the_ladder_of_rfc_7748() {
        let hex = |text: &str| PublicKey::from_hex(text).unwrap().0;
        let secret = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        let public = hex("8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f");
        assert_eq!(x25519_public(&secret), public);
    }

    /// Whether a verification that is not strict takes the signature.
    fn lax(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> bool {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key.0).unwrap();
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        ed25519_dalek::Verifier::verify(&key, message, &signature).is_ok()
    }

    /// The encoding of the neutral point, whose order is 1.
    fn neutral() -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = 1;
        bytes
    }

    fn joined(point: [u8; 32], scalar: [u8; 32]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&point);
        signature[32..].copy_from_slice(&scalar);
        signature
    }

    #[test]
    fn a_key_of_small_order_has_signed_nothing_though_its_signature_fits_every_message() {
        let key = PublicKey(neutral());
        let base = curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED.to_bytes();
        let signature = joined(base, curve25519_dalek::Scalar::ONE.to_bytes());
        for message in [b"one".as_slice(), b"another".as_slice()] {
            assert!(lax(&key, message, &signature));
            assert_eq!(key.verify(message, &signature), Err(SignatureError));
        }
    }

    #[test]
    fn a_signature_whose_point_is_of_small_order_is_refused_though_its_author_made_it() {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let key = SigningKey::from_seed(&[7; 32]).public();
        let hashed = sha2::Sha512::new().chain_update(neutral()).chain_update(key.0);
        let challenge: [u8; 64] = hashed.chain_update(b"message").finalize().into();
        let challenge = curve25519_dalek::Scalar::from_bytes_mod_order_wide(&challenge);
        let scalar = challenge * secret.to_scalar();
        let signature = joined(neutral(), scalar.to_bytes());
        assert!(lax(&key, b"message", &signature));
        assert_eq!(key.verify(b"message", &signature), Err(SignatureError));
    }
}
