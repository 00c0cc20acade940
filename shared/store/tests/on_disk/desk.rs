//! Accounts, sessions, drafts and answers of a node.

use hoso_identity::{DocumentId, EntryId, PersonId};
use hoso_store::{
    StoreError,
    accounts::{self, Account},
    drafts::{self, DRAFT_BYTES_MAX, DRAFTS_MAX, Draft},
    idempotency::{self, Answer, KEPT_MS, Known},
    meta, one_off,
    openings::{self, Opening},
    practice::{self, Completion},
    ratings::{self, Mark},
    sessions::{self, Session},
};

use crate::scene::Scene;

const HUONG: PersonId = PersonId([1; 16]);
const BINH: PersonId = PersonId([2; 16]);

fn account(username: &str, person: PersonId) -> Account {
    Account {
        username: username.to_owned(),
        person,
        grant: EntryId([3; 32]),
        wrapped_key: vec![4; 100],
        display_name: "Nguyễn Thị Hương".to_owned(),
        roles: "reception,return".to_owned(),
        disabled: false,
        created_ms: 5,
    }
}

fn session(username: &str) -> Session {
    Session {
        username: username.to_owned(),
        created_ms: 1,
        expires_ms: 100,
        last_used_ms: 1,
        locked: false,
    }
}

#[test]
fn what_was_practised_keeps_the_time_at_which_it_was_first_complete() {
    let scene = Scene::node();
    let done = |person: PersonId, exercise: &str, completed_ms: u64| Completion {
        person,
        exercise: exercise.to_owned(),
        completed_ms,
    };
    let first = [done(HUONG, "reception", 5), done(BINH, "reception", 4)];
    scene.write(move |tx| practice::record(tx, &first));
    let again = [done(HUONG, "reception", 9), done(HUONG, "return", 8)];
    scene.write(move |tx| practice::record(tx, &again));
    let all = scene.read(practice::list);
    assert_eq!(
        all,
        [done(BINH, "reception", 4), done(HUONG, "reception", 5), done(HUONG, "return", 8),]
    );
}

#[test]
fn a_password_is_a_one_off_until_its_owner_has_chosen_another_one() {
    let scene = Scene::node();
    let is = |name: &'static str| scene.read(move |tx| one_off::is(tx, name));
    scene.write(|tx| one_off::set(tx, "Hương"));
    scene.write(|tx| one_off::set(tx, "huong"));
    assert!(is("HƯƠNG"), "in any spelling");
    assert!(!is("binh"));
    scene.write(|tx| one_off::clear(tx, "hương"));
    assert!(!is("Hương"));
}

#[test]
fn marks_are_counted_by_day_and_by_nothing_else() {
    let scene = Scene::node();
    for (day, mark) in [
        ("2026-11-23", Mark::Good),
        ("2026-11-25", Mark::Good),
        ("2026-11-25", Mark::Good),
        ("2026-11-25", Mark::Bad),
        ("2026-12-01", Mark::Fair),
    ] {
        scene.write(move |tx| ratings::add(tx, day, mark));
    }
    let counted = |first: &str, last: &str| {
        let (first, last) = (first.to_owned(), last.to_owned());
        scene.read(move |tx| ratings::counted(tx, &first, &last))
    };
    assert_eq!(counted("2026-11-01", "2026-11-30"), [3, 0, 1]);
    assert_eq!(counted("2026-12-01", "2026-12-01"), [0, 1, 0]);
    assert_eq!(counted("2025-01-01", "2025-12-31"), [0, 0, 0]);
}

#[test]
fn a_username_is_taken_in_every_spelling() {
    let scene = Scene::node();
    assert!(scene.write(|tx| accounts::add(tx, &account("Hương", HUONG))));
    assert!(!scene.write(|tx| accounts::add(tx, &account("huong", BINH))));
    let found = scene.read(|tx| accounts::get(tx, "HUONG"));
    assert_eq!(found, Some(account("Hương", HUONG)), "what was there first stays");
    assert_eq!(scene.read(accounts::list).len(), 1);
}

#[test]
fn an_account_is_disabled_and_gets_a_new_key() {
    let scene = Scene::node();
    scene.write(|tx| accounts::add(tx, &account("binh", BINH)));
    assert!(scene.write(|tx| accounts::set_disabled(tx, "Bình", true)));
    assert!(scene.read(|tx| accounts::get(tx, "binh")).unwrap().disabled);
    let renewed = Account { wrapped_key: vec![9], ..account("binh", BINH) };
    let expected = renewed.clone();
    assert!(scene.write(move |tx| accounts::put(tx, &renewed)));
    assert_eq!(scene.read(|tx| accounts::by_person(tx, &BINH)), [expected]);
    assert!(!scene.write(|tx| accounts::set_disabled(tx, "nobody", true)));
    assert!(!scene.write(|tx| accounts::put(tx, &account("nobody", HUONG))));
}

#[test]
fn a_session_is_found_by_its_token_and_every_session_is_locked_at_a_start() {
    let mut scene = Scene::node();
    scene.write(|tx| accounts::add(tx, &account("Hương", HUONG)));
    assert!(scene.write(|tx| sessions::begin(tx, b"one", &session("huong"))));
    assert!(!scene.write(|tx| sessions::begin(tx, b"two", &session("nobody"))));
    let open = session("Hương");
    assert_eq!(scene.read(|tx| sessions::find(tx, b"one")), Some(open.clone()));
    scene.reopen();
    scene.write(sessions::lock_all);
    let locked = Session { locked: true, ..open };
    assert_eq!(scene.read(|tx| sessions::find(tx, b"one")), Some(locked));
    assert_eq!(scene.read(|tx| sessions::find(tx, b"other")), None);
}

#[test]
fn a_session_ends_at_log_out_at_disabling_and_in_time() {
    let scene = Scene::node();
    scene.write(|tx| accounts::add(tx, &account("huong", HUONG)));
    for token in [b"one", b"two", b"six"] {
        scene.write(move |tx| sessions::begin(tx, token, &session("huong")));
    }
    scene.write(|tx| sessions::end(tx, b"one"));
    assert_eq!(scene.read(|tx| sessions::find(tx, b"one")), None);
    scene.write(|tx| sessions::sweep(tx, 99));
    assert!(scene.read(|tx| sessions::find(tx, b"two")).is_some());
    scene.write(|tx| sessions::sweep(tx, 100));
    assert_eq!(scene.read(|tx| sessions::find(tx, b"two")), None);
    scene.write(|tx| sessions::begin(tx, b"two", &session("huong")));
    scene.write(|tx| sessions::end_all_of(tx, "Hương"));
    assert_eq!(scene.read(|tx| sessions::find(tx, b"two")), None);
}

#[test]
fn hours_of_the_desks_are_kept_in_the_order_of_their_seasons() {
    let mut scene = Scene::node();
    let hours = |id: i64, first_day: u32, last_day: Option<u32>| Opening {
        id,
        point: "Quầy 1".to_owned(),
        weekdays: 0b1_1111,
        opens_min: 450,
        closes_min: 690,
        first_day,
        last_day,
    };
    scene.write(move |tx| openings::add(tx, &hours(0, 20_261_016, None)));
    scene.write(move |tx| openings::add(tx, &hours(0, 20_260_416, Some(20_261_015))));
    scene.close();
    scene.reopen();
    let summer = hours(2, 20_260_416, Some(20_261_015));
    assert_eq!(scene.read(openings::list), [summer.clone(), hours(1, 20_261_016, None)]);
    assert!(scene.write(|tx| openings::remove(tx, 1)));
    assert!(!scene.write(|tx| openings::remove(tx, 1)));
    assert_eq!(scene.read(openings::list), [summer]);
}

#[test]
fn a_draft_is_one_persons_and_bounded() {
    let scene = Scene::node();
    let draft = |size: usize| Draft { bytes: vec![7; size], updated_ms: 9 };
    scene.write(move |tx| drafts::put(tx, &HUONG, "new", &draft(3)));
    scene.write(move |tx| drafts::put(tx, &HUONG, "new", &draft(DRAFT_BYTES_MAX)));
    let over = scene.try_write(move |tx| drafts::put(tx, &HUONG, "new", &draft(1 << 19)));
    assert!(matches!(over, Err(StoreError::TooMuch { .. })));
    let kept = scene.read(|tx| drafts::get(tx, &HUONG, "new"));
    assert_eq!(kept, Some(draft(DRAFT_BYTES_MAX)), "the last one that fits stays");
    assert_eq!(scene.read(|tx| drafts::get(tx, &BINH, "new")), None);
    for number in 1..DRAFTS_MAX {
        scene.write(move |tx| drafts::put(tx, &HUONG, &number.to_string(), &draft(1)));
    }
    let one_more = scene.try_write(move |tx| drafts::put(tx, &HUONG, "more", &draft(1)));
    assert!(matches!(one_more, Err(StoreError::TooMuch { .. })));
    scene.write(move |tx| drafts::put(tx, &HUONG, "7", &draft(2)));
    scene.write(|tx| drafts::remove(tx, &HUONG, "new"));
    assert_eq!(scene.read(|tx| drafts::list(tx, &HUONG)).len(), DRAFTS_MAX - 1);
}

#[test]
fn a_repeated_request_gets_its_answer_and_another_body_under_its_key_is_told_apart() {
    let scene = Scene::node();
    let answer = Answer { status: 201, document: Some(DocumentId([8; 16])), bytes: vec![1] };
    let given = answer.clone();
    let look = |person: PersonId, key: &'static str, body: &'static [u8]| {
        scene.write(move |tx| idempotency::look_up(tx, &person, key, body))
    };
    assert_eq!(look(HUONG, "k", b"body"), Known::Nothing);
    scene.write(move |tx| idempotency::remember(tx, (&HUONG, "k"), b"body", &given, 1000));
    assert_eq!(look(HUONG, "k", b"body"), Known::Same(answer));
    assert_eq!(look(HUONG, "k", b"other"), Known::Other);
    assert_eq!(look(BINH, "k", b"body"), Known::Nothing, "keys are per person");
}

#[test]
fn answers_are_kept_for_thirty_days_and_then_give_way_to_newer_ones() {
    let scene = Scene::node();
    let remember = |key: String, at_ms: u64| {
        let answer = Answer { status: 201, document: None, bytes: Vec::new() };
        scene.write(move |tx| idempotency::remember(tx, (&HUONG, &key), b"", &answer, at_ms));
    };
    let known = |key: String| {
        scene.read(move |tx| idempotency::look_up(tx, &HUONG, &key, b"")) != Known::Nothing
    };
    (0..100).for_each(|number| remember(format!("old {number}"), 1000));
    remember("last day".to_owned(), 1000 + KEPT_MS);
    assert!((0..100).all(|number| known(format!("old {number}"))));
    (0..20).for_each(|number| remember(format!("new {number}"), 1001 + KEPT_MS));
    assert!(!(0..100).any(|number| known(format!("old {number}"))));
    assert!(known("last day".to_owned()) && known("new 0".to_owned()));
}

#[test]
fn a_fact_by_name_stays_over_a_restart() {
    for mut scene in [Scene::node(), Scene::relay()] {
        scene.write(|tx| meta::put_meta(tx, "secret", b"one"));
        scene.write(|tx| meta::put_meta(tx, "secret", b"two"));
        scene.reopen();
        assert_eq!(scene.read(|tx| meta::meta(tx, "secret")), Some(b"two".to_vec()));
        assert_eq!(scene.read(|tx| meta::meta(tx, "other")), None);
    }
}
