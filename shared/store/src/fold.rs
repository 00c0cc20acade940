//! One spelling for search and for names that must be unique: without tone marks, case and đ.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Characters of one word that are kept; two words that agree so far find each other.
const WORD_CHARACTERS: usize = 40;
/// Characters of one folded text.
const FOLDED_CHARACTERS: usize = 4096;
/// Digits from which a text that is only a number is one word, whatever stands between them.
const NUMBER_DIGITS: usize = 8;

/// The text in its folded spelling: `Đường`, its decomposed form and `DUONG` all give `duong`.
/// Signs that are not letters or digits stay; invisible ones go.
#[must_use]
pub fn folded(text: &str) -> String {
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
        .map(|word| word.chars().take(WORD_CHARACTERS).collect())
        .collect()
}

/// The words by which a text is found: its words, and for a code or a number also all of it in one
/// word, so that it is found however it is divided.
pub(crate) fn indexed(text: &str) -> Vec<String> {
    let mut words = words(text);
    if words.len() > 1 && text.chars().any(|letter| letter.is_ascii_digit()) {
        words.push(words.concat().chars().take(WORD_CHARACTERS).collect());
    }
    words
}

/// The words that a query asks for. Where it holds numbers alone, groups of a few digits are parts
/// of one number, and a group of many is a number of its own.
pub(crate) fn asked(query: &str) -> Vec<String> {
    let all = words(query);
    if !all.iter().flat_map(|word| word.bytes()).all(|byte| byte.is_ascii_digit()) {
        return all;
    }
    let query = folded(query);
    let groups: Vec<&str> = query.split_whitespace().collect();
    let runs = groups.chunk_by(|one, next| !is_number(one) && !is_number(next));
    runs.flat_map(|run| {
        let run = run.join(" ");
        let number: String = digits(&run).take(WORD_CHARACTERS).collect();
        if number.len() >= NUMBER_DIGITS { vec![number] } else { words(&run) }
    })
    .collect()
}

/// Whether this is a whole number, whatever stands between its digits.
fn is_number(text: &str) -> bool {
    digits(text).count() >= NUMBER_DIGITS
}

fn digits(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(char::is_ascii_digit)
}

/// Signs that no eye sees and that would divide or change a word.
fn invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
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
    fn a_number_is_asked_for_as_one_word_however_it_is_divided() {
        assert_eq!(asked("0912 345 678"), ["0912345678"]);
        assert_eq!(asked("07192-20261124-0010001"), ["07192202611240010001"]);
        assert_eq!(asked("tổ 3 khu 5"), ["to", "3", "khu", "5"]);
        assert_eq!(asked("12 3/4"), ["12", "3", "4"]);
    }

    #[test]
    fn two_numbers_are_two_words_however_one_of_them_is_divided() {
        let both = ["0912345678", "022185000001"];
        assert_eq!(asked("0912345678 022185000001"), both);
        assert_eq!(asked("0912 345 678  022185000001"), both);
        assert_eq!(asked("0912.345.678 022185000001"), both);
        assert_eq!(asked("022185000001 0912-345-678"), ["022185000001", "0912345678"]);
    }

    #[test]
    fn ten_kilobytes_of_marks_fold_to_a_short_word() {
        let heap = format!("a{}b", "\u{301}".repeat(5120));
        assert_eq!(folded(&heap), "ab");
    }
}
