//! Search: what is found, in which rank, and page by page.

use hoso_identity::{DocumentId, UnitId};
use hoso_store::{
    records::{self, Cursor, Filter, Order, Plan, Summary, Version, Words},
    search::Findable,
};

use crate::scene::Scene;

/// A dossier of unit 1 with these texts; the higher the number, the later it was received.
fn plan(number: u16, search: Vec<Findable>) -> Plan {
    let mut document = [0; 16];
    document[..2].copy_from_slice(&number.to_be_bytes());
    let summary = Summary {
        document: DocumentId(document),
        version: Version(vec![1]),
        code: None,
        procedure: "1.004194".to_owned(),
        applicant: String::new(),
        receiving_unit: UnitId(1),
        competent_unit: Some(UnitId(2)),
        return_unit: None,
        status: 2,
        due_at_ms: Some(10_000 - i64::from(number)),
        closed_at_ms: None,
        received_at_ms: i64::from(number),
        needs_review: false,
        needs_newer: false,
        changed_at_ms: 5,
    };
    let words = Words::of(&summary, &search);
    Plan { computed_from: None, summary, words, attachments: Vec::new() }
}

fn name(text: &str) -> Findable {
    Findable::Name(text.to_owned())
}

fn number(text: &str) -> Findable {
    Findable::Number(text.to_owned())
}

fn phone(text: &str) -> Findable {
    Findable::Phone(text.to_owned())
}

fn text(text: &str) -> Findable {
    Findable::Text(text.to_owned())
}

/// A store with a dossier for each list of texts, numbered from 1.
fn holding(all: Vec<Vec<Findable>>) -> Scene {
    let scene = Scene::node();
    scene.write(move |tx| {
        for (number, search) in (1..).zip(all) {
            records::put(tx, &plan(number, search))?;
        }
        Ok(())
    });
    scene
}

fn listed(scene: &Scene, filter: &Filter) -> (Vec<u16>, Option<Cursor>) {
    let page = scene.read(|tx| records::list(tx, filter));
    let numbers = page.items.iter().map(|row| u16::try_from(row.received_at_ms).unwrap());
    (numbers.collect(), page.next)
}

fn found(scene: &Scene, query: &str) -> Vec<u16> {
    listed(scene, &Filter { query: query.to_owned(), limit: 50, ..Filter::default() }).0
}

/// Every page of so many rows, one after the other.
fn leafed(scene: &Scene, filter: &Filter) -> Vec<u16> {
    let (mut filter, mut all) = (filter.clone(), Vec::new());
    loop {
        let (numbers, next) = listed(scene, &filter);
        all.extend(numbers);
        let Some(next) = next else { return all };
        filter.after = Cursor::from_text(&next.to_text());
        assert_eq!(filter.after, Some(next));
    }
}

#[test]
fn the_whole_name_comes_first_then_its_tones_then_its_letters() {
    let scene = holding(vec![
        vec![name("Trần Thị Hà")],
        vec![name("Nguyễn Thị Hà")],
        vec![name("Nguyễn Thị Hà Anh")],
        vec![name("Nguyễn Thị Hạ")],
        vec![name("NGUYỄN THỊ HÀ")],
        vec![name("Nguyễn Thi Ha")],
    ]);
    assert_eq!(found(&scene, "Nguyễn Thị Hà"), [5, 2, 3, 6, 4]);
    assert_eq!(found(&scene, "nguyen thi ha"), [6, 5, 4, 3, 2]);
    assert_eq!(found(&scene, "Nguyen Thi Ha"), found(&scene, "nguyen thi ha"));
    assert_eq!(found(&scene, "hà"), [5, 3, 2, 1, 6, 4]);
}

#[test]
fn pages_of_a_search_hold_each_row_once_across_the_ranks_in_both_orders() {
    let names = ["Lan", "Lân", "Lan Anh", "Lần", "Mai"].map(|each| vec![name(each)]);
    let scene = holding(names.iter().cycle().take(50).cloned().collect());
    let of = |kinds: &[u16]| -> Vec<u16> {
        (1..=50).rev().filter(|number| kinds.contains(&(number % 5))).collect()
    };
    let expected = [of(&[1]), of(&[3]), of(&[2, 4])].concat();
    for limit in [1, 3, 7, 10, 20, 41] {
        for order in [Order::Newest, Order::Due] {
            let filter = Filter { query: "lan".to_owned(), limit, order, ..Filter::default() };
            assert_eq!(leafed(&scene, &filter), expected, "{limit} rows, {order:?}");
        }
    }
}

#[test]
fn many_hits_stand_in_the_same_order_as_few() {
    let names = ["Nguyễn Văn Thử", "Nguyên Thử", "Trần Thử"].map(|each| vec![name(each)]);
    let scene = holding(names.iter().cycle().take(7_500).cloned().collect());
    for order in [Order::Newest, Order::Due] {
        let filter =
            Filter { query: "nguyễn".to_owned(), limit: 200, order, ..Filter::default() };
        let all = leafed(&scene, &filter);
        assert_eq!(all.len(), 5_000);
        let (exact, folded) = all.split_at(2_500);
        let whole = |rest: u16| (1..=7_500).rev().filter(move |number| number % 3 == rest);
        assert!(exact.iter().copied().eq(whole(1)), "{order:?}");
        assert!(folded.iter().copied().eq(whole(2)), "{order:?}");
    }
}

#[test]
fn a_name_is_found_wherever_its_tone_stands_and_with_i_for_y() {
    let scene = holding(vec![
        vec![name("Lê Hoà")],
        vec![name("Lê Hòa")],
        vec![name("Lê Hoa")],
        vec![name("Lí Mĩ")],
        vec![name("Lý Mỹ")],
        vec![name("Linh Miên")],
        vec![name("Quí")],
        vec![name("Đỗ Quý")],
        vec![name("Ðặng")],
    ]);
    assert_eq!(found(&scene, "Hòa"), [2, 1, 3]);
    assert_eq!(found(&scene, "Hoà"), [2, 1, 3]);
    assert_eq!(found(&scene, "Lê Hoà"), [2, 1, 3]);
    assert_eq!(found(&scene, "Lý Mỹ"), [5, 4]);
    assert_eq!(found(&scene, "Lí Mĩ"), [4, 6, 5]);
    assert_eq!(found(&scene, "Quý"), [8, 7]);
    assert_eq!(found(&scene, "Đặng"), [9]);
    assert_eq!(found(&scene, "Ða\u{323}\u{306}ng"), [9]);
}

#[test]
fn what_was_typed_without_the_typing_method_is_read_so_only_where_nothing_is_found() {
    let scene = holding(vec![
        vec![name("Nguyễn Thị Hoà")],
        vec![name("Đặng Văn Hóa")],
        vec![name("Đặng Thị Thuf")],
        vec![name("Đặng Thị Thù")],
    ]);
    assert_eq!(found(&scene, "nguyeenx thij hoaf"), [1]);
    assert_eq!(found(&scene, "ddawngj"), [4, 3, 2]);
    assert_eq!(found(&scene, "hoaf"), [1, 2]);
    assert_eq!(found(&scene, "hoa1"), [2, 1]);
    assert_eq!(found(&scene, "d9a8ng5 hoa1"), [2]);
    assert_eq!(found(&scene, "thuf"), [3], "what is found as it stands is not read otherwise");
    let filter = Filter { query: "ddawngj".to_owned(), limit: 1, ..Filter::default() };
    assert_eq!(leafed(&scene, &filter), [4, 3, 2]);
    let filter = Filter { query: "thuf".to_owned(), limit: 1, ..Filter::default() };
    assert_eq!(leafed(&scene, &filter), [3]);
}

#[test]
fn a_number_is_found_by_its_end_and_a_phone_however_the_country_is_written() {
    let scene = holding(vec![
        vec![number("07192-20261124-0010077"), phone("0912 345 678")],
        vec![number("000.00.05.H49-251128-0001"), phone("+84 912.345.679")],
        vec![number("022193001234"), phone("0203 3861 234")],
        vec![number("001099000077")],
    ]);
    for query in ["07192-20261124-0010077", "07192202611240010077", "10077", "0010077"] {
        assert_eq!(found(&scene, query), [1], "{query}");
    }
    assert_eq!(found(&scene, "0077"), [4, 1]);
    assert_eq!(found(&scene, "077"), [], "three digits are too few for an end");
    for query in ["000.00.05.h49-251128-0001", "0000005H492511280001", "H49 0001"] {
        assert_eq!(found(&scene, query), [2], "{query}");
    }
    for query in ["1234", "01234", "001234", "022 193 001 234", "022193"] {
        assert_eq!(found(&scene, query), [3], "{query}");
    }
    for query in
        ["0912345678", "+84912345678", "84 912 345 678", "0084-912-345-678", "0912 345 678"]
    {
        assert_eq!(found(&scene, query), [1], "{query}");
    }
    assert_eq!(found(&scene, "0912345679"), [2]);
    assert_eq!(found(&scene, "+84 912"), [2, 1]);
}

#[test]
fn a_whole_number_comes_before_those_that_only_begin_so() {
    let scene = holding(vec![
        vec![number("022193001")],
        vec![number("022193001234")],
        vec![phone("0221930012")],
    ]);
    assert_eq!(found(&scene, "022193001"), [1, 3, 2]);
    assert_eq!(found(&scene, "022 193 001"), [1, 3, 2]);
}

#[test]
fn an_address_is_found_written_out_or_abbreviated() {
    let scene = holding(vec![
        vec![text("Tổ 3, KP. 5, P. Hải Hòa, TP. Móng Cái")],
        vec![text("tổng 30, thôn 2, phường Hải Hoà")],
        vec![text("TT. Cái Rồng")],
        vec![text("thị trấn Cái Rồng")],
        vec![text("ĐK. Cô Tô")],
    ]);
    for query in ["phường Hải Hòa", "P. Hải Hòa", "phuong hai hoa"] {
        assert_eq!(found(&scene, query), [2, 1], "{query}");
    }
    for query in ["TT. Cái Rồng", "thị trấn Cái Rồng"] {
        assert_eq!(found(&scene, query), [4, 3], "{query}");
    }
    assert_eq!(found(&scene, "đặc khu cô tô"), [5]);
    assert_eq!(found(&scene, "khu phố 5"), [1]);
    assert_eq!(found(&scene, "tổ 3"), [1]);
    assert_eq!(found(&scene, "tổ 33"), []);
    assert_eq!(found(&scene, "tổ"), [2, 1, 5], "Cô Tô has its letters");
    assert_eq!(found(&scene, "thành phố móng cái"), [1]);
}

#[test]
fn the_dossiers_of_a_unit_that_the_query_names_are_found_behind_those_that_say_its_name() {
    let scene = holding(vec![vec![name("Thử Một")], vec![text("thôn 1, Thanh Lân")]]);
    let filter = Filter {
        query: "Thanh Lân".to_owned(),
        named_units: vec![UnitId(1)],
        limit: 9,
        ..Filter::default()
    };
    assert_eq!(listed(&scene, &filter).0, [2, 1]);
    let other = Filter { named_units: vec![UnitId(11)], ..filter.clone() };
    assert_eq!(listed(&scene, &other).0, [2], "a unit is not the beginning of another");
    let competent = Filter { named_units: vec![UnitId(2)], ..filter };
    assert_eq!(listed(&scene, &competent).0, [2, 1]);
}

#[test]
fn a_dossier_with_more_words_than_are_kept_is_found_by_code_and_name() {
    let address: Vec<String> = (0..500).map(|place| format!("x{place}y")).collect();
    let scene = holding(vec![vec![
        number("07192-20261124-0010077"),
        name("Ỷ Thử"),
        text(&address.join(" ")),
    ]]);
    for query in ["07192-20261124-0010077", "Ỷ Thử", "x0y"] {
        assert_eq!(found(&scene, query), [1], "{query}");
    }
    assert_eq!(found(&scene, "x499y"), []);
}
