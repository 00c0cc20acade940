//! Bytes sealed to the holders of age keys: the format of <https://age-encryption.org/v1> with
//! X25519 recipients, so that the age tool can open them with the key of one of these.

use std::io;

use chacha20poly1305::{ChaCha20Poly1305, KeyInit, aead::Aead};
use curve25519_dalek::MontgomeryPoint;
use data_encoding::BASE64_NOPAD;
use hkdf::Hkdf;
use hoso_identity::x25519_public;
use hoso_registry::statement::AgeKey;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::secret;

/// The first line.
const INTRO: &str = "age-encryption.org/v1\n";
/// What binds a wrapped key to this kind of recipient.
const X25519: &[u8] = b"age-encryption.org/v1/X25519";
/// What begins a recipient's stanza of that kind.
const STANZA: &str = "-> X25519 ";
/// Bytes of plain text that are sealed at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes that sealing adds to a chunk.
const TAG_BYTES: usize = 16;
/// Bytes of the longest header: about 500 recipients.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Why sealed bytes cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// None of the recipients has this key.
    #[error("it is sealed to others")]
    Others,
    /// Not what sealing gives.
    #[error("what is sealed is damaged")]
    Damaged,
}

/// Seals bytes so that each of these can open them.
///
/// # Errors
///
/// When the system has no chance to give.
pub fn seal(plain: &[u8], recipients: &[AgeKey]) -> io::Result<Vec<u8>> {
    let file_key = Zeroizing::new(secret::chance::<16>()?);
    let mut header = INTRO.to_owned();
    for recipient in recipients {
        let ephemeral = Zeroizing::new(secret::chance::<32>()?);
        let share = x25519_public(&ephemeral);
        let shared = MontgomeryPoint(recipient.0).mul_clamped(*ephemeral).to_bytes();
        let wrap = wrap_key(&shared, &share, &recipient.0);
        let body = encrypt(&wrap, [0; 12], file_key.as_slice())?;
        let lines = [share.as_slice(), &body].map(|bytes| BASE64_NOPAD.encode(bytes));
        header.push_str(STANZA);
        header.push_str(&lines.join("\n"));
        header.push('\n');
    }
    header.push_str("---");
    let mac = header_mac(&file_key, header.as_bytes());
    let mut sealed = format!("{header} {}\n", BASE64_NOPAD.encode(&mac)).into_bytes();
    let nonce = secret::chance::<16>()?;
    sealed.extend_from_slice(&nonce);
    let key = derived(&nonce, file_key.as_slice(), b"payload");
    let mut chunks = plain.chunks(CHUNK_BYTES).peekable();
    let mut number = 0;
    loop {
        let chunk = chunks.next().unwrap_or_default();
        let last = chunks.peek().is_none();
        sealed.extend(encrypt(&key, chunk_nonce(number, last), chunk)?);
        if last {
            return Ok(sealed);
        }
        number = number.saturating_add(1);
    }
}

/// Opens what was sealed to the holder of this secret.
///
/// # Errors
///
/// [`SealError`].
pub fn open(sealed: &[u8], secret: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (header, mac, payload) = parts(sealed).ok_or(SealError::Damaged)?;
    let file_key = file_key(header, secret).ok_or(SealError::Others)?;
    let expected = header_mac(&file_key, header.as_bytes());
    if BASE64_NOPAD.decode(mac.as_bytes()).ok().as_deref() != Some(expected.as_slice()) {
        return Err(SealError::Damaged);
    }
    let (nonce, mut rest) = payload.split_first_chunk::<16>().ok_or(SealError::Damaged)?;
    let key = derived(nonce, file_key.as_slice(), b"payload");
    let mut plain = Zeroizing::new(Vec::with_capacity(rest.len()));
    let mut number = 0;
    loop {
        let whole = CHUNK_BYTES.saturating_add(TAG_BYTES);
        let (chunk, after) = rest.split_at_checked(whole).unwrap_or((rest, &[]));
        let last = after.is_empty();
        let part = decrypt(&key, chunk_nonce(number, last), chunk).ok_or(SealError::Damaged)?;
        // An empty chunk would be a second way to seal the same bytes.
        if part.is_empty() && number > 0 {
            return Err(SealError::Damaged);
        }
        plain.extend_from_slice(&part);
        if last {
            return Ok(plain);
        }
        (rest, number) = (after, number.saturating_add(1));
    }
}

/// The header up to its MAC, the MAC as it is written, and what follows.
fn parts(sealed: &[u8]) -> Option<(&str, &str, &[u8])> {
    let window = sealed.get(..HEADER_BYTES_MAX).unwrap_or(sealed);
    let end = window.windows(5).position(|five| five == b"\n--- ")?;
    let (header, rest) = sealed.split_at_checked(end.checked_add(4)?)?;
    let line = rest.iter().take(64).position(|byte| *byte == b'\n')?;
    let (mac, payload) = rest.split_at_checked(line)?;
    let header = std::str::from_utf8(header).ok()?;
    let mac = std::str::from_utf8(mac.get(1..)?).ok()?;
    header.starts_with(INTRO).then_some((header, mac, payload.get(1..)?))
}

/// The key of the file, if one of the recipients has this secret. Other kinds of recipients are
/// passed over.
fn file_key(header: &str, secret: &[u8; 32]) -> Option<Zeroizing<[u8; 16]>> {
    let own = x25519_public(secret);
    let mut lines = header.lines();
    while let Some(line) = lines.next() {
        let Some(share) = line.strip_prefix(STANZA) else { continue };
        let body = lines.next().unwrap_or_default();
        let [Ok(share), Ok(body)] = [share, body].map(|text| BASE64_NOPAD.decode(text.as_bytes()))
        else {
            continue;
        };
        let Ok(share) = <[u8; 32]>::try_from(share) else { continue };
        let shared = MontgomeryPoint(share).mul_clamped(*secret).to_bytes();
        // A point of small order would give a key that everybody knows.
        if shared == [0; 32] {
            continue;
        }
        let opened = decrypt(&wrap_key(&shared, &share, &own), [0; 12], &body);
        if let Some(key) = opened.and_then(|key| key.as_slice().try_into().ok()) {
            return Some(Zeroizing::new(key));
        }
    }
    None
}

fn wrap_key(shared: &[u8; 32], share: &[u8; 32], recipient: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    derived(&[share.as_slice(), recipient].concat(), shared, X25519)
}

fn derived(salt: &[u8], from: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let expanded = Hkdf::<Sha256>::new(Some(salt), from).expand(info, key.as_mut_slice());
    // It can be too long only for more than 255 blocks.
    debug_assert!(expanded.is_ok(), "32 bytes are one block");
    key
}

/// HMAC-SHA256 of the header: HKDF's first step is that, under the name of extracting.
fn header_mac(file_key: &[u8; 16], header: &[u8]) -> Vec<u8> {
    let key = derived(&[], file_key, b"header");
    Hkdf::<Sha256>::extract(Some(key.as_slice()), header).0.to_vec()
}

fn chunk_nonce(number: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    let counted = number.to_be_bytes();
    nonce.iter_mut().skip(3).zip(counted).for_each(|(to, from)| *to = from);
    if let Some(flag) = nonce.last_mut() {
        *flag = u8::from(last);
    }
    nonce
}

fn encrypt(key: &[u8; 32], nonce: [u8; 12], plain: &[u8]) -> io::Result<Vec<u8>> {
    let cipher = ChaCha20Poly1305::new(&(*key).into());
    cipher.encrypt(&nonce.into(), plain).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn decrypt(key: &[u8; 32], nonce: [u8; 12], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = ChaCha20Poly1305::new(&(*key).into());
    cipher.decrypt(&nonce.into(), sealed).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What age 0.12.1 made for somebody else and for the secret of 32 sevens, with a stanza of a
    /// kind that nobody knows.
    const BY_AGE: &str = concat!(
        "6167652d656e6372797074696f6e2e6f72672f76310a2d3e20583235353139202b4d6b5761557137",
        "595075664b43502b58454945787349676a616b68624471712f707342476d4c505946590a2b6f7765",
        "703159326238586453767339646b6b454132766a6767436933364b53434e316e47474c6c4448410a",
        "2d3e2058323535313920384a494f4362577a79576f646d6861565a71796b5878384a484b512f6677",
        "2b4644694e304c456e664f46770a7a716e46632f5471647432677670517477646368513568616533",
        "71624275424837724357504f59654465670a2d3e206c4b29392d677265617365206a2e3f47396177",
        "7a20213c7742527b42202a204a36427d66577e440a45770a2d2d2d202f3365767433305034427432",
        "6c674a44444c786b526a722f307162377735626236684d496871675a6b54490ab4650deb2b35e136",
        "635a4e5d530ed534140d1da5b40e888ba37312169c1e2561beb8a03d1fccd0aedb27fefb13b28a8a",
        "cb41b9b86d05cb73c1787423",
    );

    fn by_age() -> Vec<u8> {
        data_encoding::HEXLOWER.decode(BY_AGE.as_bytes()).unwrap()
    }

    #[test]
    fn what_age_has_sealed_is_opened_and_only_by_its_recipient() {
        let plain = open(&by_age(), &[7; 32]).unwrap();
        assert_eq!(std::str::from_utf8(&plain).unwrap(), "hồ sơ mang đi bằng USB");
        assert_eq!(open(&by_age(), &[8; 32]), Err(SealError::Others));
    }

    #[test]
    fn each_recipient_opens_what_was_sealed_whatever_its_length() {
        let secrets = [[7; 32], [9; 32]];
        let recipients = secrets.map(|secret| AgeKey(x25519_public(&secret)));
        for length in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let plain: Vec<u8> = (0..=255).cycle().take(length).collect();
            let sealed = seal(&plain, &recipients).unwrap();
            for secret in secrets {
                assert_eq!(*open(&sealed, &secret).unwrap(), plain);
            }
            assert_eq!(open(&sealed, &[1; 32]), Err(SealError::Others));
        }
    }

    #[test]
    fn a_byte_that_is_changed_missing_or_added_anywhere_keeps_it_closed() {
        let sealed = by_age();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&changed, &[7; 32]).is_err(), "byte {at} was changed");
            assert!(open(&sealed[..at], &[7; 32]).is_err(), "cut at {at}");
        }
        assert!(open(&[sealed.as_slice(), b"0"].concat(), &[7; 32]).is_err());
        let plain = vec![5; 2 * CHUNK_BYTES];
        let long = seal(&plain, &[AgeKey(x25519_public(&[7; 32]))]).unwrap();
        let cut = long.len() - CHUNK_BYTES - TAG_BYTES;
        assert_eq!(open(&long[..cut], &[7; 32]), Err(SealError::Damaged));
    }
}
