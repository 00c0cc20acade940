//! RFC 7250 raw Ed25519 public keys for TLS: what is shown, and who checks it.
//!
//! Who listens accepts any well-formed key in the handshake, since what follows decides; who dials
//! accepts only the keys that it has pinned: the relay's, or those of the other machines of its
//! unit. Both check the handshake's signature strictly.

use std::sync::Arc;

use hoso_identity::{PublicKey, SigningKey};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible,
    SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    sign::CertifiedKey,
};

/// DER before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const PUBLIC_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// DER before the 32 bytes of an Ed25519 seed in a PKCS#8 key (RFC 8410).
const SECRET_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The key in the form that rustls shows to the other side.
pub(crate) fn certified(key: &SigningKey) -> Result<Arc<CertifiedKey>, Error> {
    let mut public = PUBLIC_PREFIX.to_vec();
    public.extend_from_slice(&key.public().0);
    let mut secret = SECRET_PREFIX.to_vec();
    secret.extend_from_slice(key.seed().as_slice());
    let secret = PrivatePkcs8KeyDer::from(secret);
    let signer = rustls::crypto::ring::sign::any_eddsa_type(&secret)?;
    Ok(Arc::new(CertifiedKey::new(vec![CertificateDer::from(public)], signer)))
}

/// The Ed25519 key in a SubjectPublicKeyInfo, `None` for any other bytes.
pub(crate) fn public_key(info: &[u8]) -> Option<PublicKey> {
    info.strip_prefix(&PUBLIC_PREFIX).and_then(PublicKey::from_slice)
}

/// Accepts exactly the keys that the node has pinned.
#[derive(Debug)]
pub(crate) struct Pinned(pub(crate) Vec<PublicKey>);

/// Accepts every Ed25519 key; the conversation decides what the key may do.
#[derive(Debug)]
pub(crate) struct AnyNode;

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = public_key(end_entity).ok_or(CertificateError::BadEncoding)?;
        if self.0.contains(&key) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        info: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(message, info, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for AnyNode {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        public_key(end_entity).ok_or(CertificateError::BadEncoding)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        info: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(message, info, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// Checks the handshake's signature with the same strict rule as entries.
fn verify(
    message: &[u8],
    info: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let key = public_key(info).ok_or(CertificateError::BadEncoding)?;
    let signature: &[u8; 64] =
        signed.signature().try_into().map_err(|_| CertificateError::BadSignature)?;
    if signed.scheme != SignatureScheme::ED25519 {
        return Err(CertificateError::BadSignature.into());
    }
    key.verify(message, signature).map_err(|_| CertificateError::BadSignature)?;
    Ok(HandshakeSignatureValid::assertion())
}

/// TLS 1.2 is never negotiated here.
fn tls12() -> Error {
    Error::PeerIncompatible(PeerIncompatible::Tls12NotOfferedOrEnabled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_ed25519_key_in_its_one_form_is_read() {
        let key = SigningKey::from_seed(&[3; 32]);
        let shown = certified(&key).unwrap();
        let info = shown.cert.first().unwrap().to_vec();
        assert_eq!(public_key(&info), Some(key.public()));
        assert_eq!(public_key(&info[..43]), None);
        assert_eq!(public_key(&[info.as_slice(), &[0]].concat()), None);
        let mut other_algorithm = info;
        other_algorithm[8] = 0x71;
        assert_eq!(public_key(&other_algorithm), None);
    }
}
