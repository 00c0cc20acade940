//! What somebody typed with a Vietnamese typing method that was switched off: Telex and VNI.

use crate::letters::{TONES, with_mark};

/// The signs that change the shape of a letter: hat, breve, horn.
const HAT: char = '\u{302}';
const BREVE: char = '\u{306}';
const HORN: char = '\u{31b}';

/// Digits of the longest word in VNI: `d9u7o7ng2`.
const WORD_DIGITS_MAX: usize = 4;

/// A typing method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Letters stand for marks: `hoaf`, `ddang`, `nguyeenx`.
    Telex,
    /// Digits stand for marks: `hoa2`, `d9ang`, `nguye6n4`.
    Vni,
}

/// What one key does.
enum Key {
    /// It is a letter of its own.
    Letter(char),
    /// It gives the word this tone, or none.
    Tone(Option<char>),
    /// It gives one of these letters that mark.
    Shape(&'static str, char),
    /// It makes the first d a đ.
    Stroke,
}

/// The text as the method would have written it; `None` where it holds nothing for the method.
pub(crate) fn decoded(text: &str, method: Method) -> Option<String> {
    let small = text.to_lowercase();
    let word = |word: &str| {
        if is_typed(word) { decoded_word(word, method) } else { word.to_owned() }
    };
    let words: Vec<String> = small.split_whitespace().map(word).collect();
    let decoded = words.join(" ");
    (decoded.split_whitespace().ne(small.split_whitespace())).then_some(decoded)
}

/// Whether it can be a word that was typed: a code or a number is none, whatever digits mean.
fn is_typed(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    digits <= WORD_DIGITS_MAX && word.chars().all(|sign| sign.is_alphanumeric() || sign == '\'')
}

fn decoded_word(word: &str, method: Method) -> String {
    let (mut letters, mut tone): (Vec<char>, Option<char>) = (Vec::new(), None);
    for sign in word.chars() {
        let key = match method {
            Method::Telex => telex(sign, &letters),
            Method::Vni => vni(sign, &letters),
        };
        match key {
            Key::Letter(letter) => letters.push(letter),
            Key::Tone(given) => tone = given,
            Key::Shape(of, mark) => shape(&mut letters, of, mark),
            Key::Stroke => letters.iter_mut().filter(|letter| **letter == 'd').for_each(stroke),
        }
    }
    if let (Some(tone), Some(place)) = (tone, place_of_tone(&letters))
        && let Some(letter) = letters.get_mut(place)
    {
        *letter = with_mark(*letter, tone);
    }
    letters.into_iter().collect()
}

fn stroke(letter: &mut char) {
    *letter = 'đ';
}

fn telex(sign: char, before: &[char]) -> Key {
    let voiced = before.iter().any(|letter| is_vowel(*letter));
    let has = |letter: char| before.contains(&letter);
    let [falling, hook, tilde, rising, below] = TONES;
    match sign {
        'f' if voiced => Key::Tone(Some(falling)),
        'r' if voiced => Key::Tone(Some(hook)),
        'x' if voiced => Key::Tone(Some(tilde)),
        's' if voiced => Key::Tone(Some(rising)),
        'j' if voiced => Key::Tone(Some(below)),
        'z' if voiced => Key::Tone(None),
        'a' if has('a') => Key::Shape("a", HAT),
        'e' if has('e') => Key::Shape("e", HAT),
        'o' if has('o') => Key::Shape("o", HAT),
        'd' if before.first() == Some(&'d') => Key::Stroke,
        'w' if has('u') || has('o') || has('a') => Key::Shape("uoa", HORN),
        'w' => Key::Letter('ư'),
        other => Key::Letter(other),
    }
}

fn vni(sign: char, before: &[char]) -> Key {
    let [falling, hook, tilde, rising, below] = TONES;
    if !before.iter().any(|letter| letter.is_alphabetic()) {
        return Key::Letter(sign);
    }
    match sign {
        '0' => Key::Tone(None),
        '1' => Key::Tone(Some(rising)),
        '2' => Key::Tone(Some(falling)),
        '3' => Key::Tone(Some(hook)),
        '4' => Key::Tone(Some(tilde)),
        '5' => Key::Tone(Some(below)),
        '6' => Key::Shape("aeo", HAT),
        '7' => Key::Shape("uo", HORN),
        '8' => Key::Shape("a", BREVE),
        '9' => Key::Stroke,
        other => Key::Letter(other),
    }
}

/// Gives the last of these letters the mark; of `uo` both, and of `ua` the first. An a that would
/// get a horn gets a breve.
fn shape(letters: &mut [char], of: &str, mark: char) {
    let Some(last) = letters.iter().rposition(|letter| of.contains(*letter)) else { return };
    let Some(upto) = letters.get_mut(..=last) else { return };
    match (upto, mark) {
        ([.., 'q', 'u', a @ 'a'], HORN) => *a = with_mark(*a, BREVE),
        ([.., u @ 'u', 'a'], HORN) => *u = with_mark(*u, mark),
        ([.., a @ 'a'], HORN) => *a = with_mark(*a, BREVE),
        ([.., u @ 'u', o @ 'o'], HORN) => {
            (*u, *o) = (with_mark(*u, mark), with_mark(*o, mark));
        }
        ([.., letter], _) => *letter = with_mark(*letter, mark),
        ([], _) => {}
    }
}

fn is_vowel(letter: char) -> bool {
    "aăâeêioôơuưy".contains(letter)
}

/// Which letter bears the tone: one with a mark of its own, else the last vowel before a final
/// consonant, else the last but one.
fn place_of_tone(letters: &[char]) -> Option<usize> {
    let marked = letters.iter().rposition(|letter| "ăâêôơư".contains(*letter));
    if marked.is_some() {
        return marked;
    }
    let first = letters.iter().position(|letter| is_vowel(*letter))?;
    let many = |from: usize| {
        let rest = letters.iter().skip(from);
        rest.take_while(|letter| is_vowel(**letter)).count()
    };
    let glide =
        match (first.checked_sub(1).and_then(|place| letters.get(place)), letters.get(first)) {
            (Some('q'), Some('u')) | (Some('g'), Some('i')) => usize::from(many(first) > 1),
            _ => 0,
        };
    let first = first.saturating_add(glide);
    let count = many(first);
    let closed = letters.len() > first.saturating_add(count);
    let place = if closed || count < 2 { count.saturating_sub(1) } else { count.saturating_sub(2) };
    Some(first.saturating_add(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_not_taken_for_a_word_whose_digits_are_marks() {
        for code in ["H49-20260101-9999999", "0912345678", "12/QĐ-UBND"] {
            assert_eq!(decoded(code, Method::Vni), None, "{code}");
        }
        assert_eq!(decoded("d9u7o7ng2", Method::Vni).as_deref(), Some("đường"));
    }

    #[test]
    fn telex_is_read_as_its_keyboard_would_have_written_it() {
        for (typed, meant) in [
            ("nguyeenx thij hawngf", "nguyễn thị hằng"),
            ("hoaf", "hòa"),
            ("Ddang", "đang"),
            ("dangd", "đang"),
            ("nguwowif", "người"),
            ("nguoiwf", "người"),
            ("muaw", "mưa"),
            ("quangw", "quăng"),
            ("hoawcj", "hoặc"),
            ("truwowngf", "trường"),
            ("truongwf", "trường"),
            ("ddawng", "đăng"),
            ("dduowngf", "đường"),
            ("quys", "quý"),
            ("giaf", "già"),
            ("gif", "gì"),
            ("thuyr", "thủy"),
            ("hoangf", "hoàng"),
            ("khuyur", "khuỷu"),
            ("vaans", "vấn"),
            ("xaf", "xà"),
            ("wng", "ưng"),
        ] {
            assert_eq!(decoded(typed, Method::Telex).as_deref(), Some(meant), "{typed}");
        }
        for plain in ["lan", "tran", "0912", "thi nga"] {
            assert_eq!(decoded(plain, Method::Telex), None, "{plain}");
        }
    }

    #[test]
    fn vni_is_read_as_its_keyboard_would_have_written_it() {
        for (typed, meant) in [
            ("nguye6n4 thi5 ha8ng2", "nguyễn thị hằng"),
            ("hoa2", "hòa"),
            ("d9ang", "đang"),
            ("d9uong72", "đường"),
            ("ly1", "lý"),
        ] {
            assert_eq!(decoded(typed, Method::Vni).as_deref(), Some(meant), "{typed}");
        }
        assert_eq!(decoded("0912 345", Method::Vni), None);
    }
}
