//! Events that exclude each other, and that everybody sees the same.

use hoso_dossier::{
    ChangeHash,
    axes::Status,
    event::{Body, ConflictResolved, FieldCorrected, Noted, Office, ResultSent},
    fold::{Effect, Item, fold},
    rules::Objection,
    standing::Author,
};
use hoso_identity::{EntryId, UnitId};
use hoso_registry::statement::Supplement;
use proptest::prelude::*;

use crate::scene::{
    BAI_CHAY, CO_TO, Scene, approved, clerk, handed_over, result_ready, returned, taken_over,
    terms, withdrawn,
};

fn choose(choice: ChangeHash) -> Body {
    Body::ConflictResolved(ConflictResolved { choice })
}

/// A dossier of the town's, taken over there.
fn in_town() -> Scene {
    let mut scene = Scene::received(Office::Unit(BAI_CHAY));
    scene.then(CO_TO, handed_over(Office::Unit(BAI_CHAY)));
    scene.then(BAI_CHAY, taken_over());
    scene
}

#[test]
fn approved_here_and_withdrawn_there_waits_for_a_person_and_either_can_hold() {
    for chosen in 0..2 {
        let mut scene = in_town();
        let seen = scene.last();
        let approval = scene.add(&[seen], BAI_CHAY, approved());
        let result = scene.then(BAI_CHAY, result_ready(false));
        let withdrawal = scene.add(&[seen], CO_TO, withdrawn());
        let standing = scene.standing();
        assert!(standing.needs_review());
        assert_eq!(standing.conflicts[0].sides.len(), 2);
        assert!(standing.conflicts[0].sides.contains(&withdrawal));
        assert!(standing.conflicts[0].sides.contains(&approval));
        let blocked = scene.join(BAI_CHAY, returned());
        assert_eq!(scene.effect(blocked), Effect::Refused(Objection::NeedsReview));
        scene.items.pop();
        let choice = [approval, withdrawal][chosen];
        let resolution = scene.join(CO_TO, choose(choice));
        assert_eq!(scene.effect(resolution), Effect::Taken);
        assert!(!scene.standing().needs_review());
        assert_eq!(scene.status(), [Status::Done, Status::Withdrawn][chosen]);
        assert_eq!(scene.effect([withdrawal, approval][chosen]), Effect::Outvoted);
        assert_eq!(scene.effect(result) == Effect::Taken, chosen == 0);
    }
}

#[test]
fn a_result_returned_twice_is_noticed_and_shows_both() {
    let mut scene = Scene::processing();
    scene.then(CO_TO, approved());
    let ready = scene.then(CO_TO, result_ready(false));
    let one = scene.add(&[ready], CO_TO, returned());
    let other = scene.add(&[ready], CO_TO, returned());
    let standing = scene.standing();
    assert_eq!(standing.status, Some(Status::Returned));
    assert_eq!(standing.conflicts[0].sides, vec![one, other]);
    assert_eq!(scene.effect(other), Effect::Contested);
}

#[test]
fn two_corrections_of_one_field_are_a_conflict_and_a_third_settles_it() {
    let corrected = |name: &str| {
        Body::FieldCorrected(FieldCorrected {
            field: "applicant.name".to_owned(),
            value: Some(name.to_owned()),
            reason: "theo căn cước".to_owned(),
        })
    };
    let mut scene = Scene::processing();
    let seen = scene.last();
    scene.add(&[seen], CO_TO, corrected("Đường Thị Một"));
    let same = scene.add(&[seen], CO_TO, corrected("Đường Thị Một"));
    assert_eq!(scene.effect(same), Effect::Repeated);
    scene.add(&[seen], CO_TO, corrected("Đường Thị Hai"));
    let standing = scene.standing();
    assert_eq!(standing.conflicts[0].field.as_deref(), Some("applicant.name"));
    scene.join(CO_TO, corrected("Đường Thị Ba"));
    let standing = scene.standing();
    assert!(!standing.needs_review());
    assert_eq!(standing.application.unwrap().applicant.name, "Đường Thị Ba");
}

#[test]
fn two_people_who_choose_differently_leave_it_open_until_one_has_seen_both() {
    let mut scene = in_town();
    let seen = scene.last();
    let approval = scene.add(&[seen], BAI_CHAY, approved());
    let withdrawal = scene.add(&[seen], CO_TO, withdrawn());
    let one = scene.add(&[approval, withdrawal], CO_TO, choose(approval));
    let other = scene.add(&[approval, withdrawal], BAI_CHAY, choose(withdrawal));
    assert!(scene.standing().needs_review());
    assert_eq!((scene.effect(one), scene.effect(other)), (Effect::Contested, Effect::Contested));
    scene.join(CO_TO, choose(withdrawal));
    assert!(!scene.standing().needs_review());
    assert_eq!(scene.status(), Status::Withdrawn);
}

#[test]
fn who_may_not_make_the_chosen_event_may_not_choose_it() {
    let mut scene = in_town();
    let seen = scene.last();
    let approval = scene.add(&[seen], BAI_CHAY, approved());
    let withdrawal = scene.add(&[seen], CO_TO, withdrawn());
    let receptionist = Author { roles: vec![hoso_registry::Role::Reception], ..clerk(CO_TO) };
    let refused = scene.add_by(&[approval, withdrawal], receptionist.clone(), choose(approval));
    assert_eq!(scene.effect(refused), Effect::Refused(Objection::Role));
    scene.items.pop();
    let taken = scene.add_by(&[approval, withdrawal], receptionist, choose(withdrawal));
    assert_eq!(scene.effect(taken), Effect::Taken);
}

#[test]
fn what_rests_on_the_losing_side_loses_with_it_and_is_shown() {
    let mut scene = in_town();
    let seen = scene.last();
    let withdrawal = scene.add(&[seen], CO_TO, withdrawn());
    scene.add(&[seen], BAI_CHAY, approved());
    scene.then(BAI_CHAY, result_ready(false));
    let sent = ResultSent { to_unit: Some(CO_TO), post: false, tracking: None };
    let sending = scene.then(BAI_CHAY, Body::ResultSent(sent));
    scene.join(CO_TO, choose(withdrawal));
    assert_eq!(scene.status(), Status::Withdrawn);
    assert_eq!(scene.effect(sending), Effect::Resting);
}

#[test]
fn of_two_entries_with_one_change_the_first_that_is_listed_counts() {
    let mut scene = Scene::processing();
    scene.then(CO_TO, approved());
    let mut copy = scene.items.last().unwrap().clone();
    copy.entry = EntryId([0; 32]);
    scene.items.push(copy);
    let history = scene.fold().history;
    assert_eq!(history[3..], [(3, Effect::Taken), (4, Effect::Waiting)]);
}

fn bodies() -> Vec<Body> {
    let own = Office::Unit(CO_TO);
    vec![
        handed_over(own),
        handed_over(Office::Unit(BAI_CHAY)),
        taken_over(),
        approved(),
        withdrawn(),
        result_ready(false),
        returned(),
        Body::Noted(Noted { text: "ghi".to_owned() }),
    ]
}

fn histories() -> impl Strategy<Value = Vec<Item>> {
    let step = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_usize, 0..2_u16);
    let order = any::<u64>();
    (prop::collection::vec(step, 1..24), order).prop_map(|(steps, salt)| {
        let mut scene = Scene::received(Office::Unit(CO_TO));
        for (first, second, body, unit) in steps {
            let pick =
                |index: prop::sample::Index| scene.items[index.index(scene.items.len())].hash;
            let mut deps = vec![pick(first), pick(second)];
            deps.sort_unstable();
            deps.dedup();
            let choice =
                (body == 7).then(|| scene.standing().conflicts.first().map(|c| c.sides[0]));
            let said = choice.flatten().map_or_else(|| bodies()[body].clone(), choose);
            scene.add(&deps, UnitId(CO_TO.0 + unit), said);
        }
        for (number, item) in scene.items.iter_mut().enumerate() {
            let mixed = (salt ^ u64::try_from(number).unwrap()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut id = [0; 32];
            id[..8].copy_from_slice(&mixed.to_be_bytes());
            item.entry = EntryId(id);
        }
        scene.items
    })
}

proptest! {
    #[test]
    fn the_order_of_arrival_changes_nothing(
        items in histories(),
        swaps in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 40),
    ) {
        let terms = |_: &_, _: &_| Some(terms(Supplement::Restart));
        let mut shuffled = items.clone();
        for (one, other) in swaps {
            let (one, other) = (one.index(shuffled.len()), other.index(shuffled.len()));
            shuffled.swap(one, other);
        }
        let (here, there) = (fold(&items, &terms), fold(&shuffled, &terms));
        prop_assert_eq!(&here.standing, &there.standing);
        let named = |items: &[Item], history: &[(usize, Effect)]| -> Vec<(ChangeHash, Effect)> {
            history.iter().map(|(place, effect)| (items[*place].hash, *effect)).collect()
        };
        prop_assert_eq!(named(&items, &here.history), named(&shuffled, &there.history));
    }

    #[test]
    fn events_that_are_not_here_yet_hold_back_only_what_rests_on_them(items in histories()) {
        let terms = |_: &_, _: &_| Some(terms(Supplement::Restart));
        let without_first: Vec<Item> = items.get(1..).unwrap_or_default().to_vec();
        let folded = fold(&without_first, &terms);
        prop_assert!(folded.history.iter().all(|(_, effect)| *effect == Effect::Waiting));
        prop_assert_eq!(folded.history.len(), without_first.len());
        prop_assert_eq!(folded.standing.status, None);
    }
}
