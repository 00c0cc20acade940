//! One spelling for search and for names that must be unique: without tone marks, case and đ.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::letters::{invisible, letters, with_mark};

/// Characters of one word that are kept; two words that agree so far find each other.
const WORD_CHARACTERS: usize = 40;
/// Characters of one folded text.
const FOLDED_CHARACTERS: usize = 4096;

/// The text in its folded spelling: `Đường`, its decomposed form and `DUONG` all give `duong`.
/// Signs that are not letters or digits stay; invisible ones go.
#[must_use]
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        // As below, without looking for marks that ASCII does not have.
        return text
            .chars()
            .take(FOLDED_CHARACTERS)
            .map(|sign| sign.to_ascii_lowercase())
            .collect();
    }
    text.nfkd()
        .filter(|letter| !is_combining_mark(*letter) && !invisible(*letter))
        .flat_map(char::to_lowercase)
        // Lower-casing can bring new marks (İ), and ð is what foreign keyboards give for đ.
        .filter(|letter| !is_combining_mark(*letter))
        .map(|letter| if matches!(letter, 'đ' | 'ð') { 'd' } else { letter })
        .take(FOLDED_CHARACTERS)
        .collect()
}

/// The folded words of a text: what stands between signs that are neither letter nor digit.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    folded(text)
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(cut)
        .collect()
}

/// The words of a text with their tones, in lower case; each tone stands where the older spelling
/// has it, so that hoà and hòa are one word.
pub(crate) fn toned(text: &str) -> Vec<String> {
    letters(text)
        .split(|(letter, _)| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(composed)
        .collect()
}

/// As much of a word as is kept.
pub(crate) fn cut(word: &str) -> String {
    word.chars().take(WORD_CHARACTERS).collect()
}

/// A word of these letters and tones. Where it ends with `oa`, `oe` or `uy`, but not `quy`, the
/// tone stands on the first of the two.
fn composed(word: &[(char, Option<char>)]) -> String {
    let mut word: Vec<_> = word.iter().copied().take(WORD_CHARACTERS).collect();
    match word.as_mut_slice() {
        [.., ('q', _), _, _] => {}
        [.., (first, none @ None), (second, tone @ Some(_))] => {
            if matches!((first, second), ('o', 'a' | 'e') | ('u', 'y')) {
                std::mem::swap(none, tone);
            }
        }
        _ => {}
    }
    let with_tone = |(letter, tone): &(char, Option<char>)| match tone {
        Some(tone) => with_mark(*letter, *tone),
        None => *letter,
    };
    word.iter().map(with_tone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_name_folds_to_the_same_word() {
        let decomposed: String = "ĐƯỜNG".nfd().collect();
        for spelling in ["duong", "Đường", "ĐƯỜNG", "đương", "DƯƠNG", "Ðường", &decomposed]
        {
            assert_eq!(folded(spelling), "duong", "{spelling}");
        }
        assert_eq!(folded("Hoà"), folded("hòa"));
        assert_eq!(folded("Ng\u{200b}uyễn"), "nguyen");
    }

    #[test]
    fn words_are_divided_by_every_sign_and_by_nothing_else() {
        assert_eq!(words("  Nguyễn-Thị \"NEAR(*)\" 12/3 "), ["nguyen", "thi", "near", "12", "3"]);
        assert!(words("\"*%_()'--").is_empty());
    }

    #[test]
    fn a_tone_is_the_same_wherever_a_spelling_puts_it_in_an_open_syllable() {
        for (newer, older) in [
            ("hoà", "hòa"),
            ("khoẻ", "khỏe"),
            ("thuỷ", "thủy"),
            ("Thuý", "Thúy"),
            ("HUỴ", "hụy"),
            ("xoè", "xòe"),
        ] {
            assert_eq!(toned(newer), toned(older), "{newer}");
        }
        for word in ["quý", "già", "hoàn", "khoét", "thuỳnh", "đường", "của"] {
            assert_eq!(toned(word), [word]);
        }
        assert_ne!(toned("hòa"), toned("hóa"));
        let decomposed: String = "Ðường Hoà".nfd().collect();
        assert_eq!(toned(&decomposed), ["đường", "hòa"]);
    }

    #[test]
    fn ten_kilobytes_of_marks_fold_to_a_short_word() {
        let heap = format!("a{}b", "\u{301}".repeat(5120));
        assert_eq!(folded(&heap), "ab");
    }
}
