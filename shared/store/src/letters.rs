//! A Vietnamese letter and the tone that stands on it.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The tones that have a mark, in the order of dictionaries: huyền, hỏi, ngã, sắc, nặng.
pub(crate) const TONES: [char; 5] = ['\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}'];

/// Signs that no eye sees and that would divide or change a word.
pub(crate) fn invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// The letters of a text in lower case, each with its tone, however they were composed. ð counts as
/// đ: foreign keyboards give it. Signs that are not letters stay; other marks go.
pub(crate) fn letters(text: &str) -> Vec<(char, Option<char>)> {
    if text.is_ascii() {
        return text.chars().map(|sign| (sign.to_ascii_lowercase(), None)).collect();
    }
    let mut letters: Vec<(char, Option<char>)> = Vec::new();
    let seen = text.nfkd().filter(|sign| !invisible(*sign));
    for sign in seen.flat_map(char::to_lowercase) {
        match letters.last_mut() {
            Some((_, tone)) if TONES.contains(&sign) => *tone = Some(sign),
            Some((letter, _)) if is_combining_mark(sign) => {
                *letter = with_mark(*letter, sign);
            }
            _ if is_combining_mark(sign) => {}
            _ => letters.push((if sign == 'ð' { 'đ' } else { sign }, None)),
        }
    }
    letters
}

/// The letter with one more mark; the letter alone where that is no letter.
pub(crate) fn with_mark(letter: char, mark: char) -> char {
    let mut composed = [letter, mark].into_iter().nfc();
    match (composed.next(), composed.next()) {
        (Some(one), None) => one,
        _ => letter,
    }
}
