//! Records: found by every spelling, listed page by page, never overwritten by a stale plan.

use hoso_identity::{DocumentId, PayloadHash, UnitId};
use hoso_store::{
    StoreError,
    attachments::{self, Attachment, Purpose, room},
    blobs,
    records::{
        self, Cursor, DueRange, Filter, Order, PAGE_MAX, Plan, Summary, Version, Words, Work,
    },
    search::Findable,
};

use crate::scene::Scene;

fn plan(number: u8, name: &str) -> Plan {
    let summary = Summary {
        document: DocumentId([number; 16]),
        version: Version(vec![1]),
        code: Some(format!("07192-20261124-{number:07}")),
        procedure: "1.004194".to_owned(),
        applicant: name.to_owned(),
        receiving_unit: UnitId(1),
        competent_unit: Some(UnitId(2)),
        return_unit: None,
        status: 2,
        due_at_ms: Some(1_000 * i64::from(number)),
        closed_at_ms: None,
        received_at_ms: i64::from(number / 2),
        needs_review: false,
        needs_newer: false,
        changed_at_ms: 5,
    };
    let words = Words::of(
        &summary,
        &[
            Findable::Number(format!("07192-20261124-{number:07}")),
            Findable::Name(name.to_owned()),
            Findable::Number("022 193 001 234".to_owned()),
            Findable::Phone("0912345678".to_owned()),
        ],
    );
    Plan { computed_from: None, summary, words, attachments: Vec::new() }
}

fn store(scene: &Scene, plan: Plan) -> Result<(), StoreError> {
    scene.try_write(move |tx| records::put(tx, &plan))
}

fn found(scene: &Scene, query: &str) -> Vec<u8> {
    let filter = Filter { query: query.to_owned(), limit: 50, ..Filter::default() };
    listed(scene, &filter)
}

fn listed(scene: &Scene, filter: &Filter) -> Vec<u8> {
    let page = scene.read(|tx| records::list(tx, filter));
    page.items.iter().map(|row| row.document.0[0]).collect()
}

#[test]
fn a_name_is_found_by_every_spelling_and_by_the_beginnings_of_its_words() {
    let scene = Scene::node();
    let decomposed = "Nguye\u{302}\u{303}n Thi\u{323} \u{110}u\u{31b}o\u{31b}\u{300}ng";
    store(&scene, plan(1, "Nguyễn Thị Đường")).unwrap();
    store(&scene, plan(2, decomposed)).unwrap();
    store(&scene, plan(3, "Trần Văn Hòa")).unwrap();
    for query in ["duong", "Đường", "ĐƯỜNG", "nguyen duong", "ngu th du"] {
        assert_eq!(found(&scene, query), [2, 1], "{query}");
    }
    assert_eq!(found(&scene, "hoà"), [3]);
    assert_eq!(found(&scene, "uong"), [], "a word is found by its beginning only");
    assert_eq!(found(&scene, "nguyen hoa"), [], "every word must be there");
}

#[test]
fn a_corrected_name_is_found_by_its_new_words_and_by_no_old_one() {
    let scene = Scene::node();
    store(&scene, plan(1, "Nguyễn Thị Đường")).unwrap();
    let corrected =
        Plan { computed_from: Some(Version(vec![1])), ..plan(1, "Nguyễn Thị Hòa") };
    store(&scene, corrected).unwrap();
    assert_eq!(found(&scene, "hoa"), [1]);
    assert_eq!(found(&scene, "nguyen thi 0912345678"), [1], "what did not change is still there");
    assert_eq!(found(&scene, "duong"), []);
}

#[test]
fn codes_id_numbers_and_phones_are_found_however_they_are_divided() {
    let scene = Scene::node();
    store(&scene, plan(7, "Trần Văn Hòa")).unwrap();
    for query in [
        "07192-20261124-0000007",
        "07192 20261124 0000007",
        "07192202611240000007",
        "0000007",
        "022193001234",
        "022 193 001234",
        "0912 345 678",
        "0912345",
        "0912 345 678 022193001234",
        "022193001234 0912345678",
    ] {
        assert_eq!(found(&scene, query), [7], "{query}");
    }
}

#[test]
fn a_closed_dossier_keeps_its_due_time_and_is_not_among_those_that_are_due() {
    let scene = Scene::node();
    let mut closed = plan(1, "Trần Văn Hòa");
    closed.summary.closed_at_ms = Some(900);
    store(&scene, closed).unwrap();
    store(&scene, plan(2, "Trần Văn Hòa")).unwrap();
    let shown = |due| {
        let filter = Filter { due, limit: 9, ..Filter::default() };
        let page = scene.read(|tx| records::list(tx, &filter));
        page.items.iter().map(|row| (row.due_at_ms, row.closed_at_ms)).collect::<Vec<_>>()
    };
    let open = (Some(2_000), None);
    assert_eq!(shown(DueRange::Any), [open, (Some(1_000), Some(900))]);
    assert_eq!(shown(DueRange::Between(0, 5_000)), [open]);
    assert_eq!(shown(DueRange::None), []);
}

#[test]
fn no_text_of_a_user_is_a_query_language() {
    let scene = Scene::node();
    store(&scene, plan(1, "Nguyễn NEAR Đường")).unwrap();
    for query in ["\"", "*", "NEAR(", "%", "_", "';--", "(", "a OR b", "-duong", "^", "\u{0}", ":"]
    {
        found(&scene, query);
    }
    assert_eq!(found(&scene, "near(*"), [1]);
    assert_eq!(found(&scene, "%%%"), [], "signs alone find nothing rather than everything");
    assert_eq!(found(&scene, "   "), [1]);
}

#[test]
fn a_plan_from_an_older_version_is_refused_and_changes_nothing() {
    let scene = Scene::node();
    store(&scene, plan(1, "A")).unwrap();
    let mut newer = plan(1, "B");
    newer.computed_from = Some(Version(vec![1]));
    newer.summary.version = Version(vec![2]);
    store(&scene, newer.clone()).unwrap();
    for stale in [plan(1, "C"), newer.clone()] {
        assert!(matches!(store(&scene, stale), Err(StoreError::Stale)));
    }
    let mut unknown = plan(9, "D");
    unknown.computed_from = Some(Version(vec![1]));
    assert!(matches!(store(&scene, unknown), Err(StoreError::Stale)));
    let stored = scene.read(|tx| records::summary(tx, &DocumentId([1; 16])));
    assert_eq!(stored, Some(newer.summary));
    assert_eq!(found(&scene, "A"), [], "words of the old version are gone");
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition_while_records_come_and_change() {
    let scene = Scene::node();
    (1..=9).for_each(|number| store(&scene, plan(number, "X")).unwrap());
    let mut filter = Filter { limit: 4, ..Filter::default() };
    let mut seen = Vec::new();
    loop {
        let page = scene.read(|tx| records::list(tx, &filter));
        seen.extend(page.items.iter().map(|row| row.document.0[0]));
        let Some(next) = page.next else { break };
        filter.after = Cursor::from_text(&next.to_text());
        assert_eq!(filter.after, Some(next));
        // A change of a row that was shown, and a new one above all.
        let number = 100 + u8::try_from(seen.len()).unwrap();
        store(&scene, plan(number, "new")).unwrap();
    }
    assert_eq!(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let all = Filter { limit: usize::MAX, ..Filter::default() };
    assert!(scene.read(|tx| records::list(tx, &all)).items.len() <= PAGE_MAX);
}

#[test]
fn a_list_is_narrowed_by_status_due_time_unit_and_review() {
    let scene = Scene::node();
    for number in 1..=4 {
        let mut plan = plan(number, "X");
        plan.summary.status = number;
        plan.summary.needs_review = number == 4;
        if number == 3 {
            plan.summary.due_at_ms = None;
            plan.summary.return_unit = Some(UnitId(77));
        }
        store(&scene, plan).unwrap();
    }
    let by = |change: &dyn Fn(&mut Filter)| {
        let mut filter = Filter { limit: 50, ..Filter::default() };
        change(&mut filter);
        listed(&scene, &filter)
    };
    assert_eq!(by(&|filter| filter.statuses = vec![1, 4, 200]), [4, 1]);
    assert_eq!(by(&|filter| filter.due = DueRange::Between(2_000, 4_000)), [2]);
    assert_eq!(by(&|filter| filter.due = DueRange::None), [3]);
    assert_eq!(by(&|filter| filter.unit = Some(UnitId(77))), [3]);
    assert_eq!(by(&|filter| filter.unit = Some(UnitId(2))), [4, 3, 2, 1]);
    assert_eq!(by(&|filter| filter.needs_review = true), [4]);
    assert_eq!(scene.read(records::counts), [(1, 1), (2, 1), (3, 1), (4, 1)]);
}

#[test]
fn open_work_is_listed_by_what_is_due_first_and_counted_by_when() {
    let scene = Scene::node();
    for (number, due, closed) in [
        (1, Some(3_000), None),
        (2, None, None),
        (3, Some(500), Some(400)),
        (4, Some(1_000), None),
        (5, Some(2_000), None),
        (6, None, None),
        (7, Some(2_000), None),
    ] {
        let mut plan = plan(number, "X");
        plan.summary.due_at_ms = due;
        plan.summary.closed_at_ms = closed;
        plan.summary.needs_review = number == 3;
        store(&scene, plan).unwrap();
    }
    let mut filter = Filter { limit: 2, order: Order::Due, ..Filter::default() };
    let mut seen = Vec::new();
    loop {
        let page = scene.read(|tx| records::list(tx, &filter));
        seen.extend(page.items.iter().map(|row| row.document.0[0]));
        let Some(next) = page.next else { break };
        filter.after = Cursor::from_text(&next.to_text());
    }
    assert_eq!(seen, [4, 5, 7, 1, 2, 6]);
    let counted = scene.read(|tx| records::work(tx, [1_500, 2_500, 4_000]));
    assert_eq!(counted, Work { open: 6, overdue: 1, today: 2, soon: 1, in_review: 1 });
}

#[test]
fn a_removed_record_is_found_by_nothing() {
    let scene = Scene::node();
    store(&scene, plan(1, "Đường")).unwrap();
    let document = DocumentId([1; 16]);
    assert_eq!(scene.read(|tx| records::by_code(tx, "07192-20261124-0000001")), [document]);
    scene.write(move |tx| records::remove(tx, &document));
    scene.write(move |tx| records::remove(tx, &document));
    assert_eq!(scene.read(|tx| records::summary(tx, &document)), None);
    assert_eq!(found(&scene, "duong"), []);
    assert_eq!(found(&scene, ""), []);
}

#[test]
fn people_are_listed_as_vietnamese_readers_look_for_them_page_by_page() {
    let scene = Scene::node();
    let in_order = [
        "Trần Thị An",
        "Nguyễn Văn Ân",
        "Trần Thị Hà",
        "Bùi Văn Hạ",
        "Phạm Thị Hoa",
        "Đỗ Thị Hòa",
        "Đỗ Thị Hòa",
    ];
    for (number, place) in (1..).zip([3_usize, 5, 0, 6, 1, 4, 2]) {
        store(&scene, plan(number, in_order[place])).unwrap();
    }
    let mut filter = Filter { order: Order::Name, limit: 2, ..Filter::default() };
    let mut names = Vec::new();
    loop {
        let page = scene.read(|tx| records::list(tx, &filter));
        names.extend(page.items.into_iter().map(|row| row.applicant));
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(names, in_order);
    let corrected = Plan { computed_from: Some(Version(vec![1])), ..plan(3, "Lê Thị Yến") };
    store(&scene, corrected).unwrap();
    let query = "thi".to_owned();
    let filter = Filter { order: Order::Name, query, limit: 9, ..Filter::default() };
    assert_eq!(listed(&scene, &filter).last(), Some(&3), "a corrected name has its new place");
}

#[test]
fn whatever_changes_of_a_record_is_kept_and_found_at_its_new_place() {
    let changes: [fn(&mut Summary); 14] = [
        |row| row.version = Version(vec![9]),
        |row| row.code = Some("07192-20261124-0000077".to_owned()),
        |row| row.procedure = "1.001193".to_owned(),
        |row| row.applicant = "Lê Thị Yến".to_owned(),
        |row| row.receiving_unit = UnitId(8),
        |row| row.competent_unit = None,
        |row| row.return_unit = Some(UnitId(9)),
        |row| row.status = 10,
        |row| row.due_at_ms = Some(9_000),
        |row| row.closed_at_ms = Some(900),
        |row| row.received_at_ms = 77,
        |row| row.needs_review = true,
        |row| row.needs_newer = true,
        |row| row.changed_at_ms = 78,
    ];
    for change in changes {
        let scene = Scene::node();
        store(&scene, plan(1, "Nguyễn Văn Bình")).unwrap();
        let mut changed =
            Plan { computed_from: Some(Version(vec![1])), ..plan(1, "Nguyễn Văn Bình") };
        change(&mut changed.summary);
        let (kept, document) = (changed.summary.clone(), changed.summary.document);
        store(&scene, changed).unwrap();
        assert_eq!(scene.read(|tx| records::summary(tx, &document)), Some(kept.clone()));
        let code = kept.code.clone().unwrap();
        assert_eq!(scene.read(|tx| records::by_code(tx, &code)), [document]);
        let review = Filter { needs_review: true, limit: 9, ..Filter::default() };
        assert_eq!(listed(&scene, &review).len(), usize::from(kept.needs_review));
        let newer = scene.read(records::needing_newer);
        assert_eq!(newer.len(), usize::from(kept.needs_newer));
        let due = DueRange::Between(9_000, 9_001);
        let due = Filter { due, limit: 9, ..Filter::default() };
        assert_eq!(listed(&scene, &due).len(), usize::from(kept.due_at_ms == Some(9_000)));
    }
}

fn scan(size: u64) -> Attachment {
    Attachment {
        blob: PayloadHash([7; 32]),
        name: "Tờ khai.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        size,
        unit: UnitId(1),
        since_ms: 3,
    }
}

/// The sizes of the scans that are wished for.
fn wishes(scene: &Scene) -> Vec<u64> {
    let errands = scene.read(|tx| attachments::errands(tx, 9));
    let wishes = errands.iter().filter(|errand| errand.purpose == Purpose::Wish);
    let mut sizes: Vec<u64> = wishes.map(|errand| errand.size).collect();
    sizes.sort_unstable();
    sizes
}

#[test]
fn a_scan_that_was_given_up_is_asked_for_again_when_a_dossier_names_it_again() {
    let scene = Scene::node();
    let hash = PayloadHash([7; 32]);
    let record = |computed_from, attachments| {
        let plan = Plan { computed_from, attachments, ..plan(1, "Nguyễn Văn Bình") };
        store(&scene, plan).unwrap();
    };
    let version = Some(Version(vec![1]));
    record(None, vec![scan(40_000)]);
    scene.write(move |tx| {
        blobs::keep(tx, &hash, 40_000, 5)?;
        attachments::place(tx, (&DocumentId([1; 16]), &hash))?;
        room::fetched(tx, &hash, 6)?;
        room::make(tx, 0, &PayloadHash::ZERO)
    });
    assert_eq!(wishes(&scene), []);
    record(version.clone(), Vec::new());
    record(version, vec![scan(40_000)]);
    assert_eq!(wishes(&scene), [40_000], "the relay was told that it is named no more");
}

#[test]
fn a_relay_that_was_set_back_is_told_again_what_is_named_no_more_as_long_as_backups_live() {
    let scene = Scene::node();
    let (document, hash) = (DocumentId([1; 16]), PayloadHash([7; 32]));
    let record = |computed_from, attachments| {
        let plan = Plan { computed_from, attachments, ..plan(1, "Nguyễn Văn Bình") };
        store(&scene, plan).unwrap();
    };
    let version = Some(Version(vec![1]));
    let telling = || {
        let errands = scene.read(|tx| attachments::errands(tx, 9));
        errands.iter().filter(|errand| errand.purpose == Purpose::Unname).count()
    };
    record(None, vec![scan(9)]);
    record(version.clone(), Vec::new());
    assert_eq!(telling(), 1);
    scene.write(move |tx| attachments::told(tx, (&document, &hash), (100, 60)));
    assert_eq!(telling(), 0);
    scene.write(attachments::begin_anew);
    assert_eq!(telling(), 1, "its backup may be older");
    scene.write(move |tx| attachments::told(tx, (&document, &hash), (200, 160)));
    // Another one is told of when no backup from before the first one lives any more.
    let other = PayloadHash([8; 32]);
    scene.write(move |tx| attachments::told(tx, (&document, &other), (400, 201)));
    scene.write(attachments::begin_anew);
    assert_eq!(telling(), 0);
    record(version.clone(), vec![scan(9)]);
    record(version.clone(), Vec::new());
    scene.write(move |tx| attachments::told(tx, (&document, &hash), (500, 460)));
    record(version, vec![scan(9)]);
    scene.write(attachments::begin_anew);
    assert_eq!(telling(), 0, "it is named again");
}

#[test]
fn a_scan_is_asked_for_by_each_dossiers_own_size_whichever_was_named_first() {
    let scene = Scene::node();
    for (number, size) in [(1, 9), (2, 40_000)] {
        let plan = Plan { attachments: vec![scan(size)], ..plan(number, "Nguyễn Văn Bình") };
        store(&scene, plan).unwrap();
    }
    let wishes = || wishes(&scene);
    assert_eq!(wishes(), [9, 40_000]);
    scene.write(|tx| {
        blobs::put_size(tx, &PayloadHash([7; 32]), 40_000)?;
        blobs::put_held(tx, &PayloadHash([7; 32]), 16_384)
    });
    assert_eq!(wishes(), [9, 40_000], "what has come is not all of it");
    scene.write(|tx| blobs::keep(tx, &PayloadHash([7; 32]), 40_000, 5));
    assert_eq!(wishes(), [], "what was proved is here, whatever the other one claims");
}

#[test]
fn a_scan_that_the_relay_lacks_is_brought_again_as_one_of_a_dossier_that_names_it_here() {
    let scene = Scene::node();
    let (one, other, hash) = (DocumentId([1; 16]), DocumentId([2; 16]), PayloadHash([7; 32]));
    for number in [1, 2] {
        store(&scene, Plan { attachments: vec![scan(9)], ..plan(number, "Nguyễn Văn Bình") })
            .unwrap();
    }
    let offered = || {
        let errands = scene.read(|tx| attachments::errands(tx, 9));
        let offers = errands.iter().filter(|errand| errand.purpose == Purpose::Offer);
        offers.map(|errand| errand.document).collect::<Vec<_>>()
    };
    scene.write(move |tx| blobs::keep(tx, &hash, 9, 5));
    for (lacking, expected) in [(other, other), (DocumentId([9; 16]), one)] {
        for document in [one, other] {
            scene.write(move |tx| attachments::place(tx, (&document, &hash)));
        }
        assert_eq!(offered(), []);
        scene.write(move |tx| attachments::lack(tx, (&lacking, &hash)));
        assert_eq!(offered(), [expected]);
    }
    scene.write(move |tx| attachments::lack(tx, (&one, &PayloadHash([8; 32]))));
}
