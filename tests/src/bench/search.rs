//! Search among many dossiers, at the store's border: what a desk types all day.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use hoso_identity::{DocumentId, UnitId};
use hoso_store::{
    StoreError,
    database::{Database, Schema},
    readers::Readers,
    records::{self, Filter, Plan, Summary, Version, Words},
    search::Findable,
    writer::Writer,
};

use super::figures::{Figure, median, ms, percentile};

/// Searches of each kind.
const SEARCHES: usize = 200;
/// Dossiers that share a commit.
const BATCH: usize = 1_000;
/// The longest that a clerk does not notice.
const AIM: Duration = Duration::from_millis(100);
/// The own unit, and one of which there are few dossiers.
const OWN: UnitId = UnitId(54);
const OTHER: UnitId = UnitId(7);

/// Family names and how they are typed in Telex; the first is that of a third of all.
const FAMILIES: [(&str, &str); 7] = [
    ("Nguyễn", "nguyeenx"),
    ("Trần", "traanf"),
    ("Lê", "lee"),
    ("Phạm", "phamj"),
    ("Hoàng", "hoangf"),
    ("Đặng", "ddawngj"),
    ("Vũ", "vux"),
];
/// What stands between tells that nobody is called so.
const MIDDLES: [(&str, &str); 4] =
    [("Thử", "thuwr"), ("Mẫu", "maaux"), ("Ví Dụ", "vis duj"), ("Thị Thử", "thij thuwr")];
/// Given names.
const GIVEN: [(&str, &str); 12] = [
    ("Hằng", "hawngf"),
    ("Hoà", "hoaf"),
    ("Đức", "dduwcs"),
    ("Lân", "laan"),
    ("Thủy", "thuyr"),
    ("Hạnh", "hanhj"),
    ("Bình", "binhf"),
    ("Quý", "quys"),
    ("Mỹ", "myx"),
    ("Sơn", "sown"),
    ("Tuấn", "tuaans"),
    ("Yến", "yeens"),
];
/// Places as addresses name them.
const PLACES: [&str; 6] =
    ["X. Thanh Lân", "xã Đồng Tiến", "TT. Cô Tô", "P. Hải Hòa", "phường Bắc Sơn", "X. Hạ Long"];

/// What is typed for the dossier of a number, and the units that it names.
type Query = fn(usize) -> (String, Vec<UnitId>);

/// Measures with so many dossiers.
///
/// # Panics
///
/// When the store refuses, or a search finds nothing.
#[must_use]
pub fn measure(dossiers: usize) -> Vec<Figure> {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path(), dossiers).expect("the store is filled");
    let readers = Readers::of(directory.path());
    let kinds: [(&str, Query); 12] = [
        ("a whole name", |number| (name(number).0, Vec::new())),
        ("a name without tones", |number| (bare(&name(number).0), Vec::new())),
        ("the commonest family name", |_| ("Nguyễn".to_owned(), Vec::new())),
        ("the same without tones", |_| ("nguyen".to_owned(), Vec::new())),
        ("a phone number", |number| (format!("+84912{number:06}"), Vec::new())),
        ("the end of a code", |number| (format!("{:04}", number % 10_000), Vec::new())),
        ("a unit with few dossiers, by its old name", |_| ("Hạ Long".to_owned(), vec![OTHER])),
        ("the own unit, by an old name", |_| ("Thanh Lân".to_owned(), vec![OWN])),
        ("a name typed raw in Telex", |number| (name(number).1, Vec::new())),
        ("a single letter", |_| ("n".to_owned(), Vec::new())),
        ("a single digit", |_| ("7".to_owned(), Vec::new())),
        ("how every code begins", |_| ("071".to_owned(), Vec::new())),
    ];
    let figures = kinds.into_iter().map(|(what, query)| {
        let times: Vec<Duration> = (0..SEARCHES)
            .map(|search| {
                let number = search * 7_919 % dossiers;
                let (query, named_units) = query(number);
                took(&readers, query, named_units)
            })
            .collect();
        let slowest = percentile(times.clone(), 99);
        Figure::new(
            &format!("{what} among {dossiers} dossiers (median of {SEARCHES})"),
            ms(median(times)),
            format!("99th percentile {}, aim {}", ms(slowest), ms(AIM)),
            format!("{:.2}", slowest.as_secs_f64() / AIM.as_secs_f64()),
        )
    });
    figures.collect()
}

/// How long the first page takes.
fn took(readers: &Readers, query: String, named_units: Vec<UnitId>) -> Duration {
    let filter = Filter { query, named_units, limit: 50, ..Filter::default() };
    let begun = Instant::now();
    let page = readers.read(|tx| records::list(tx, &filter)).expect("a page");
    let took = begun.elapsed();
    assert!(!page.items.is_empty(), "{:?} finds nothing", filter.query);
    took
}

fn fill(data: &Path, dossiers: usize) -> Result<(), StoreError> {
    let (writer, thread) = Writer::start(Database::open(data, Schema::Node)?, |_| {})?;
    for first in (0..dossiers).step_by(BATCH) {
        let last = dossiers.min(first + BATCH);
        writer.write_blocking(move |tx| {
            (first..last).try_for_each(|number| records::put(tx, &plan(number)))
        })?;
    }
    drop(writer);
    thread.join()
}

/// A dossier: where it stands among all is chance, as ids are.
fn plan(number: usize) -> Plan {
    let mut document = [0; 16];
    document.copy_from_slice(&blake3::hash(&number.to_be_bytes()).as_bytes()[..16]);
    let code = format!("07192-20261126-{:07}", number);
    let (applicant, _) = name(number);
    let place = PLACES[number % PLACES.len()];
    let competent = if number.is_multiple_of(5_000) { OTHER } else { OWN };
    let at_ms = 1_700_000_000_000 + i64::try_from(number).expect("a count") * 60_000;
    let search = vec![
        Findable::Number(code.clone()),
        Findable::Text("1.004194".to_owned()),
        Findable::Name(applicant.clone()),
        Findable::Number(format!("022185{number:06}")),
        Findable::Phone(format!("0912{number:06}")),
        Findable::Text(format!("Thôn {}, {place}", number % 9 + 1)),
    ];
    let summary = Summary {
        document: DocumentId(document),
        version: Version(vec![0; 32]),
        code: Some(code),
        procedure: "1.004194".to_owned(),
        applicant,
        receiving_unit: OWN,
        competent_unit: Some(competent),
        return_unit: Some(OWN),
        status: 4,
        due_at_ms: Some(at_ms + 432_000_000),
        closed_at_ms: None,
        received_at_ms: at_ms,
        needs_review: false,
        needs_newer: false,
        changed_at_ms: at_ms,
    };
    let words = Words::of(&summary, &search);
    Plan { computed_from: None, summary, words, attachments: Vec::new() }
}

/// The name of a number, and how it is typed in Telex.
fn name(number: usize) -> (String, String) {
    let family = if number.is_multiple_of(3) { 0 } else { 1 + number % (FAMILIES.len() - 1) };
    let parts =
        [FAMILIES[family], MIDDLES[number / 3 % MIDDLES.len()], GIVEN[number / 12 % GIVEN.len()]];
    (parts.map(|part| part.0).join(" "), parts.map(|part| part.1).join(" "))
}

fn bare(name: &str) -> String {
    hoso_store::fold::folded(name)
}
