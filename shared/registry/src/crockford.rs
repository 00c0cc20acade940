//! Crockford's base 32: digits and letters that people can read aloud and type.

use data_encoding::BASE32_NOPAD;

/// The 32 values as the library writes them.
const RFC_4648: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The same values in Crockford's alphabet.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The bytes in upper case, without separators.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let text = BASE32_NOPAD.encode(bytes);
    text.bytes().filter_map(|byte| translate(byte, RFC_4648, CROCKFORD)).map(char::from).collect()
}

/// What a person typed, in the form of [`encode`]: lower case, `O` for 0, `I` and `L` for 1,
/// spaces and hyphens are forgiven.
pub(crate) fn normalise(text: &str) -> String {
    let letters = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
    letters
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

/// The bytes of a text that [`encode`] could have written.
pub(crate) fn decode(normal: &str) -> Option<Vec<u8>> {
    let text: Option<Vec<u8>> =
        normal.bytes().map(|byte| translate(byte, CROCKFORD, RFC_4648)).collect();
    BASE32_NOPAD.decode(&text?).ok()
}

/// One letter in the other alphabet.
fn translate(byte: u8, from: &[u8; 32], to: &[u8; 32]) -> Option<u8> {
    from.iter().zip(to).find(|(letter, _)| **letter == byte).map(|(_, letter)| *letter)
}
