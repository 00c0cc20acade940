//! The order in which Vietnamese readers look for a word: by its letters, then by its tones.

use crate::letters::{TONES, letters};

/// The letters in their order, with those that only foreign words have.
const ALPHABET: &str = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz";
/// Between words, before every letter: a short word comes before a longer one.
const GAP: u8 = 1;
/// The digit zero.
const ZERO: u8 = 2;
/// The first letter.
const FIRST: u8 = 12;
/// A letter of another alphabet follows as its number.
const FOREIGN: u8 = 255;
/// What stands after the letters, and after the tones; lower than both.
const END: u8 = 0;

/// A key by whose bytes texts are in order. Two texts with one key differ by signs or case alone.
#[must_use]
pub fn text_key(text: &str) -> Vec<u8> {
    let (mut key, mut tones, mut gap) = (Vec::new(), Vec::new(), false);
    for (letter, tone) in letters(text) {
        if !letter.is_alphanumeric() {
            gap = !key.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            key.push(GAP);
        }
        put_letter(&mut key, letter);
        let tone = TONES.iter().position(|known| Some(*known) == tone);
        tones.push(tone.map_or(GAP, |place| small(place).saturating_add(ZERO)));
    }
    key.push(END);
    key.extend(tones);
    key.push(END);
    key
}

/// A key by whose bytes people are in order: by the given name, which is the last word, then by the
/// family name, which is the first, then by what stands between.
#[must_use]
pub fn name_key(name: &str) -> Vec<u8> {
    let words: Vec<&str> = name.split_whitespace().collect();
    match words.as_slice() {
        [family, middle @ .., given] => {
            let parts = [text_key(given), text_key(family), text_key(&middle.join(" "))];
            parts.concat()
        }
        _ => text_key(name),
    }
}

fn put_letter(key: &mut Vec<u8>, letter: char) {
    if let Some(digit) = letter.to_digit(10) {
        key.push(ZERO.saturating_add(u8::try_from(digit).unwrap_or(u8::MAX)));
    } else if let Some(place) = ALPHABET.chars().position(|known| known == letter) {
        key.push(FIRST.saturating_add(small(place)));
    } else {
        key.push(FOREIGN);
        key.extend(u32::from(letter).to_be_bytes());
    }
}

fn small(place: usize) -> u8 {
    u8::try_from(place).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    /// The same in the order of their keys, from every other order.
    fn assert_in_order(texts: &[&str], key: fn(&str) -> Vec<u8>) {
        for turn in 0..texts.len() {
            let mut other = texts.to_vec();
            other.rotate_left(turn);
            other.sort_by_key(|text| key(text));
            assert_eq!(other, texts);
        }
    }

    #[test]
    fn words_stand_as_in_a_vietnamese_dictionary() {
        let in_order = [
            "12", "3", "a", "à", "ả", "ã", "á", "ạ", "an", "ăn", "ân", "ba", "bà", "ca", "cha",
            "da", "dê", "đa", "đê", "em", "ê", "fa", "ga", "ja", "lan", "lăn", "lân", "mai",
            "ngang", "nha", "o", "ô", "ơ", "pha", "tang", "thu", "trăng", "tu", "tư", "va", "wa",
            "xa", "y", "za", "жук",
        ];
        assert_in_order(&in_order, text_key);
    }

    #[test]
    fn a_tone_counts_only_where_all_letters_are_the_same() {
        assert_in_order(&["Hòa Bình", "Hóa Bình", "Hoà Vang", "Hoành Bồ"], text_key);
        assert_in_order(&["xã Bản Sen", "xã Bằng Cả", "xã Đoàn Kết", "xã Đông Xá"], text_key);
        assert_in_order(&["Móng Cái", "Móng Cái 1", "Móng Cái 2", "Móng Cái 3"], text_key);
    }

    #[test]
    fn one_text_has_one_key_however_it_was_typed() {
        let decomposed: String = "Đường Hoa".nfd().collect();
        for spelling in ["ĐƯỜNG HOA", "Ðường  Hoa", " đường-hoa ", &decomposed] {
            assert_eq!(text_key(spelling), text_key("Đường Hoa"), "{spelling}");
        }
    }

    #[test]
    fn people_stand_by_given_name_then_family_name_then_what_is_between() {
        let in_order = [
            "Trần Thị An",
            "Nguyễn Văn Ân",
            "Lê Thị Hà",
            "Trần Bảo Hà",
            "Trần Thị Hà",
            "Bùi Văn Hạ",
            "Hoa",
            "Phạm Thị Hoa",
            "Đỗ Thị Hòa",
        ];
        assert_in_order(&in_order, name_key);
    }
}
