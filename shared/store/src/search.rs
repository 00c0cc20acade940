//! By which words a dossier is found, and what a query asks of them.
//!
//! A word begins with a sign that says what it is, which no folded word holds: a word with its
//! tones, a whole text, the end of a number read backwards, a unit. All stand in one full-text
//! index, so that each rank of a search is one question to it.

use std::collections::BTreeSet;

use hoso_identity::UnitId;

use crate::{
    fold::{cut, folded, toned, words},
    typed::{Method, decoded},
};

/// Words by which one dossier is found.
const WORDS_MAX: usize = 192;
/// Parts of one query that count.
const ASKED_MAX: usize = 8;
/// Characters of a whole text that are kept.
const WHOLE_CHARACTERS: usize = 120;
/// Digits from which a number is one word, whatever stands between them.
const NUMBER_DIGITS: usize = 8;
/// Digits by which a number begins at least; fewer are a whole number, such as that of a hamlet.
const BEGINNING_DIGITS: usize = 3;
/// How many of its last digits find a number.
const END_DIGITS: std::ops::RangeInclusive<usize> = 4..=6;
/// A word with its tones.
const TONED: char = '´';
/// All words of a text in one.
const WHOLE: char = '≡';
/// The last digits of a number, backwards.
const END: char = '…';
/// A unit.
const UNIT: char = '⌂';
/// What addresses abbreviate, folded.
const ABBREVIATIONS: [(&str, &str); 8] = [
    ("p", "phường"),
    ("x", "xã"),
    ("h", "huyện"),
    ("tt", "thị trấn"),
    ("tp", "thành phố"),
    ("tx", "thị xã"),
    ("dk", "đặc khu"),
    ("kp", "khu phố"),
];
/// Characters of the longest of them.
const ABBREVIATION_CHARACTERS: usize = 2;
/// What stands before the vowel of a syllable that is written with i or with y.
const BEFORE_I: [&str; 8] = ["h", "k", "l", "m", "s", "t", "v", "qu"];

/// A text by which a dossier is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Findable {
    /// A code or the number of an identity: by its beginnings, its end, and however it is divided.
    Number(String),
    /// A phone number, with or without the country's.
    Phone(String),
    /// The name of a person or an organisation: as a whole, and by the beginnings of its words.
    Name(String),
    /// Any other text: by the beginnings of its words.
    Text(String),
}

/// The words of these texts and units; what comes first is kept where there are too many.
pub(crate) fn indexed(texts: &[Findable], units: &[UnitId]) -> BTreeSet<String> {
    let mut kept: BTreeSet<String> = units.iter().map(|unit| unit_word(*unit)).collect();
    for word in texts.iter().flat_map(words_of) {
        if kept.len() == WORDS_MAX {
            break;
        }
        kept.insert(word);
    }
    kept
}

fn words_of(text: &Findable) -> Vec<String> {
    match text {
        Findable::Number(text) => {
            let (mut all, whole) = (words(text), joined(text));
            all.extend(end(&digits(&whole)));
            all.extend([cut(&whole), marked(WHOLE, &whole)]);
            all
        }
        Findable::Phone(text) => {
            let (mut all, number) = (words(text), phone(&digits(&folded(text))));
            all.extend([cut(&number), marked(WHOLE, &number)]);
            all
        }
        Findable::Name(text) => {
            let mut all = words(text);
            all.push(marked(WHOLE, &toned(text).concat()));
            let words = toned(text).into_iter().filter(|word| has_tone(word));
            all.extend(words.map(|word| marked(TONED, &word)));
            all
        }
        Findable::Text(text) => {
            let mut all = words(text);
            if !text.contains(char::is_whitespace) {
                all.push(cut(&joined(text)));
            }
            for word in place(text) {
                all.push(folded(&word));
                all.extend(has_tone(&word).then(|| marked(TONED, &word)));
            }
            all
        }
    }
    .into_iter()
    .filter(|word| word.chars().any(char::is_alphanumeric))
    .collect()
}

/// What a query asks of the index, by rank: for whole texts, for words with their tones, for words.
/// Each rank leaves out what those before it find; a rank that cannot find anything is left out.
pub(crate) fn ranks(query: &str, units: &[UnitId]) -> Vec<(u8, String)> {
    let clauses = clauses(query);
    if clauses.is_empty() {
        return Vec::new();
    }
    let exact = any(whole(query).iter().map(|word| exactly(word))).asked();
    let toned = all(clauses.iter().map(|clause| clause.toned.clone())).asked();
    let plain = all(clauses.into_iter().map(|clause| clause.plain));
    let mut before = exact.clone();
    let mut ranks = vec![(0, exact)];
    if toned != plain.asked() {
        ranks.push((1, format!("{toned} NOT {before}")));
        before = format!("({before} OR {toned})");
    }
    let named = units.iter().map(|unit| exactly(&unit_word(*unit)));
    let plain = any(std::iter::once(plain).chain(named)).asked();
    ranks.push((2, format!("{plain} NOT {before}")));
    ranks
}

/// Whether these texts alone would be found by the query, as lists find dossiers.
#[must_use]
pub fn finds(query: &str, texts: &[Findable]) -> bool {
    let words = indexed(texts, &[]);
    let readings =
        [Some(query.to_owned()), decoded(query, Method::Telex), decoded(query, Method::Vni)];
    readings.into_iter().flatten().any(|reading| {
        let clauses = clauses(&reading);
        !clauses.is_empty() && clauses.iter().all(|clause| clause.plain.holds(&words))
    })
}

/// What is asked of the words of a dossier.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ask {
    /// One of them begins so.
    Beginning(String),
    /// One of them is this.
    Exactly(String),
    All(Vec<Ask>),
    Any(Vec<Ask>),
}

impl Ask {
    /// In the language of the index. Words are letters and digits behind one sign: nothing ends
    /// the quotes.
    fn asked(&self) -> String {
        let joined = |asked: &[Self], between: &str| {
            format!("({})", asked.iter().map(Self::asked).collect::<Vec<_>>().join(between))
        };
        match self {
            Self::Beginning(word) => format!("\"{word}\"*"),
            Self::Exactly(word) => format!("\"{word}\""),
            Self::All(asked) => joined(asked, " AND "),
            Self::Any(asked) => joined(asked, " OR "),
        }
    }

    /// Of words that are at hand.
    fn holds(&self, words: &BTreeSet<String>) -> bool {
        match self {
            Self::Beginning(begin) => {
                words.range(begin.clone()..).next().is_some_and(|word| word.starts_with(begin))
            }
            Self::Exactly(word) => words.contains(word),
            Self::All(asked) => asked.iter().all(|asked| asked.holds(words)),
            Self::Any(asked) => asked.iter().any(|asked| asked.holds(words)),
        }
    }
}

/// One condition of a query, as it is asked of words with their tones and of words without.
struct Clause {
    toned: Ask,
    plain: Ask,
}

impl Clause {
    /// Of what has no tones.
    fn same(asked: Ask) -> Self {
        Self { toned: asked.clone(), plain: asked }
    }
}

/// The conditions of a query. Groups of a few digits that follow each other are parts of one
/// number, and a group of many is a number of its own.
fn clauses(query: &str) -> Vec<Clause> {
    let groups: Vec<&str> = query.split_whitespace().collect();
    let runs = groups.chunk_by(|one, next| {
        [one, next].iter().all(|group| is_numeric(group) && !is_number(group))
    });
    let clauses = runs.flat_map(|run| -> Vec<Clause> {
        if run.iter().all(|group| is_numeric(group)) {
            return number_clause(&run.join(" ")).into_iter().collect();
        }
        run.iter().flat_map(|group| toned(group)).map(|word| word_clause(&word)).collect()
    });
    clauses.take(ASKED_MAX).collect()
}

fn word_clause(word: &str) -> Clause {
    let plain = folded(word);
    let mut asked = vec![beginning(&plain)];
    asked.extend(other_spelling(&plain).map(|other| exactly(&other)));
    if let Some(long) = written_out(word) {
        asked.push(all(words(long).iter().map(|word| beginning(word))));
        return Clause::same(any(asked));
    }
    let plain = any(asked);
    match has_tone(word) {
        true => Clause { toned: beginning(&marked(TONED, word)), plain },
        false => Clause::same(plain),
    }
}

/// What a run of digits asks for; nothing if it holds none.
fn number_clause(run: &str) -> Option<Clause> {
    let run = folded(run);
    let run = run.strip_prefix("+84").map_or_else(|| run.clone(), |rest| format!("0{rest}"));
    let (words, number) = (words(&run), digits(&run));
    if words.is_empty() {
        return None;
    }
    if number.len() >= NUMBER_DIGITS {
        let numbers = BTreeSet::from([cut(&number), cut(&phone(&number))]);
        return Some(Clause::same(any(numbers.iter().map(|number| beginning(number)))));
    }
    let mut asked = vec![all(words.iter().map(|word| beginning(word)))];
    if words.len() > 1 {
        asked.push(beginning(&number));
    } else if END_DIGITS.contains(&number.len()) {
        asked.extend(end(&number).map(|end| beginning(&end)));
    }
    Some(Clause::same(any(asked)))
}

/// The whole texts that a query may be.
fn whole(query: &str) -> BTreeSet<String> {
    let mut whole = BTreeSet::from([marked(WHOLE, &toned(query).concat())]);
    if is_number(query) {
        whole.insert(marked(WHOLE, &phone(&digits(&folded(query)))));
    }
    whole
}

/// All words of a text in one, folded.
fn joined(text: &str) -> String {
    words(text).concat()
}

fn marked(sign: char, word: &str) -> String {
    std::iter::once(sign).chain(word.chars().take(WHOLE_CHARACTERS)).collect()
}

fn unit_word(unit: UnitId) -> String {
    format!("{UNIT}{}", unit.0)
}

/// Whether a word can have a tone: it is of letters alone.
fn has_tone(word: &str) -> bool {
    word.chars().all(char::is_alphabetic)
}

/// The last digits of a number, backwards, for whoever knows only some of them.
fn end(number: &str) -> Option<String> {
    let end: String = number.chars().rev().take(*END_DIGITS.end()).collect();
    (end.len() >= *END_DIGITS.start()).then(|| marked(END, &end))
}

/// A phone number as it is dialled within the country; another number as it is.
fn phone(digits: &str) -> String {
    let rest = digits.strip_prefix("0084").or_else(|| digits.strip_prefix("84"));
    match rest {
        Some(rest) if (9..=10).contains(&rest.len()) => format!("0{rest}"),
        _ => digits.to_owned(),
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Whether it has digits and no letters.
fn is_numeric(text: &str) -> bool {
    let text = folded(text);
    text.contains(|sign: char| sign.is_ascii_digit())
        && !text.contains(|sign: char| sign.is_alphanumeric() && !sign.is_ascii_digit())
}

/// Whether this is a whole number, whatever stands between its digits.
fn is_number(text: &str) -> bool {
    is_numeric(text) && digits(&folded(text)).len() >= NUMBER_DIGITS
}

/// The words of a place's name with their tones, in lower case; abbreviations are written out.
#[must_use]
pub fn place(text: &str) -> Vec<String> {
    let words = toned(text).into_iter();
    words.flat_map(|word| toned(written_out(&word).unwrap_or(&word))).collect()
}

/// What an abbreviation stands for; whoever types without tones writes đk as dk.
fn written_out(word: &str) -> Option<&'static str> {
    if word.chars().nth(ABBREVIATION_CHARACTERS).is_some() {
        return None;
    }
    let word = folded(word);
    let found = ABBREVIATIONS.iter().find(|(short, _)| *short == word);
    found.map(|(_, long)| *long)
}

/// Lý and Lí, Mỹ and Mĩ, Quý and Quí are one name to many.
fn other_spelling(word: &str) -> Option<String> {
    let other = |end: &str, other: &str| {
        let before = word.strip_suffix(end).filter(|before| BEFORE_I.contains(before))?;
        Some(format!("{before}{other}"))
    };
    other("i", "y").or_else(|| other("y", "i"))
}

/// A word that begins so; of a few digits, the number itself.
fn beginning(word: &str) -> Ask {
    if word.len() < BEGINNING_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return exactly(word);
    }
    Ask::Beginning(word.to_owned())
}

fn exactly(word: &str) -> Ask {
    Ask::Exactly(word.to_owned())
}

fn all(asked: impl IntoIterator<Item = Ask>) -> Ask {
    Ask::All(asked.into_iter().collect())
}

fn any(asked: impl IntoIterator<Item = Ask>) -> Ask {
    Ask::Any(asked.into_iter().collect())
}
