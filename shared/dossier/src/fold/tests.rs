//! The fold against its meaning.

use hoso_identity::{EntryId, PayloadHash, UnitId};
use hoso_registry::{Role, statement::Supplement};
use proptest::prelude::*;

use super::{Effect, Folded, Item, fold, reference};
use crate::{
    ChangeHash,
    event::{
        Attached, Body, CalendarAccepted, CodeReissued, ConflictResolved, Extended, FeeAdded,
        FieldCorrected, Frozen, Listed, Method, Noted, Office, Opened, Paid, PaymentConfirmed,
        PaymentRequested, PaymentReversed, ResultArrived, ResultRecalled, ResultSent, Resumed,
        Stopped, SupplementRequested, Supplemented, UnitAdded,
    },
    standing::Terms,
};

#[path = "../../tests/meaning/scene.rs"]
#[expect(dead_code, reason = "not everything is told here")]
mod scene;

use scene::{
    BAI_CHAY, BEGIN_MS, CO_TO, MINUTE_MS, Scene, approved, clerk, code, handed_over, paper,
    result_ready, returned, taken_over, terms, withdrawn,
};

fn why() -> String {
    "lý do".to_owned()
}

fn corrected(field: &str, value: &str) -> Body {
    let (field, value) = (field.to_owned(), Some(value.to_owned()));
    Body::FieldCorrected(FieldCorrected { field, value, reason: why() })
}

/// What people say, by chance in any order.
fn bodies() -> Vec<Body> {
    let paid = |method| Body::Paid(Paid { amount: 5_000, method, receipt_no: None });
    let sent = |to_unit: Option<UnitId>| {
        Body::ResultSent(ResultSent { to_unit, post: to_unit.is_none(), tracking: None })
    };
    let calendars = |number| {
        Body::CalendarAccepted(CalendarAccepted { calendars: vec![EntryId([number; 32])] })
    };
    vec![
        handed_over(Office::Unit(CO_TO)),
        handed_over(Office::Unit(BAI_CHAY)),
        taken_over(),
        taken_over(),
        approved(),
        withdrawn(),
        result_ready(false),
        returned(),
        Body::Noted(Noted { text: why() }),
        corrected("applicant.name", "Đường Thị Một"),
        corrected("applicant.name", "Đường Thị Hai"),
        corrected("note", "ghi"),
        Body::CodeReissued(CodeReissued { code: code(CO_TO, 2) }),
        Body::CodeReissued(CodeReissued { code: code(CO_TO, 3) }),
        paid(Method::Cash),
        paid(Method::Transfer),
        Body::PaymentRequested(PaymentRequested { amount: 7_000, pauses: true }),
        Body::PaymentConfirmed(PaymentConfirmed { reference: why(), payment: None }),
        Body::PaymentReversed(PaymentReversed { reason: why(), payment: None }),
        Body::Stopped(Stopped { reason: why() }),
        Body::Resumed(Resumed { reason: why() }),
        Body::SupplementRequested(SupplementRequested {
            papers: Listed(vec![paper("Bản chính")]),
            reason: why(),
            basis: Some(why()),
        }),
        Body::Supplemented(Supplemented {
            papers: Listed(vec![paper("Bản chính")]),
            partial: false,
        }),
        Body::Supplemented(Supplemented {
            papers: Listed(vec![paper("Bản sao")]), partial: true
        }),
        Body::Extended(Extended { due_at: BEGIN_MS + 10 * 24 * 60 * MINUTE_MS, reason: why() }),
        Body::ResultRecalled(ResultRecalled { reason: why() }),
        sent(Some(CO_TO)),
        sent(Some(BAI_CHAY)),
        sent(None),
        Body::ResultArrived(ResultArrived {}),
        Body::UnitAdded(UnitAdded { unit: BAI_CHAY, reason: why() }),
        Body::Opened(Opened {}),
        Body::FeeAdded(FeeAdded { name: why(), amount: 1_000 }),
        Body::Attached(Attached {
            blob: PayloadHash::of(b"scan"),
            name: why(),
            media_type: "image/png".to_owned(),
            size: 4,
            paper: None,
        }),
        calendars(3),
        calendars(4),
    ]
}

/// One event: how far back its dependencies lie, what is said, where.
#[derive(Clone, Debug)]
struct Step {
    back: Vec<usize>,
    body: usize,
    unit: u16,
    side: usize,
}

fn step(width: usize) -> impl Strategy<Value = Step> {
    let said = 0..bodies().len() + 6;
    (prop::collection::vec(0..width, 1..4), said, 0..2_u16, 0..12_usize)
        .prop_map(|(back, body, unit, side)| Step { back, body, unit, side })
}

/// A dossier in which people work beside each other, in no order.
fn histories(steps: usize, width: usize) -> impl Strategy<Value = Vec<Item>> {
    (prop::collection::vec(step(width), 1..steps), any::<u64>()).prop_map(|(steps, salt)| {
        let bodies = bodies();
        let mut scene = Scene::processing();
        let mut known: Vec<Vec<ChangeHash>> = Vec::new();
        for Step { back, body, unit, side } in steps {
            let last = scene.items.len() - 1;
            let deps = back.iter().map(|back| scene.items[last - back % (last + 1)].hash);
            let mut deps: Vec<ChangeHash> = deps.collect();
            let mut author = clerk(UnitId(CO_TO.0 + unit));
            author.roles = [Role::DESK, &[Role::Administrator]].concat();
            let said = bodies.get(body).cloned().unwrap_or_else(|| {
                let conflicts = scene.standing().conflicts.into_iter();
                known.extend(conflicts.map(|conflict| conflict.sides));
                let sides = known.iter().rev().nth(side % 3).or(known.last());
                chosen(sides.map_or(&[], Vec::as_slice), side, &mut deps)
            });
            deps.sort_unstable();
            deps.dedup();
            scene.add_by(&deps, author, said);
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

/// A choice between the sides of a conflict, mostly by somebody who has seen them and nothing else;
/// a remark where there is none.
fn chosen(sides: &[ChangeHash], side: usize, deps: &mut Vec<ChangeHash>) -> Body {
    let Some(choice) = sides.get(side % sides.len().max(1)) else {
        return Body::Noted(Noted { text: why() });
    };
    if !side.is_multiple_of(4) {
        deps.clear();
    }
    deps.extend(sides);
    Body::ConflictResolved(ConflictResolved { choice: *choice })
}

fn catalogue(_: &Item, frozen: &Frozen) -> Option<Terms> {
    let supplement = if frozen.calendars == [EntryId([3; 32])] {
        Supplement::Resume
    } else {
        Supplement::Restart
    };
    Some(terms(supplement))
}

fn agree(items: &[Item]) -> Result<Folded, TestCaseError> {
    let (fast, plain) = (fold(items, &catalogue), reference::fold(items, &catalogue));
    prop_assert_eq!(&fast.history, &plain.history);
    prop_assert_eq!(&fast.standing, &plain.standing);
    Ok(fast)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_makes_the_fold_fast_changes_nothing(items in histories(40, 6)) {
        agree(&items)?;
    }

    #[test]
    fn people_who_hardly_hear_of_each_other_are_folded_alike(items in histories(24, 24)) {
        agree(&items)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn long_dossiers_are_folded_alike(items in histories(200, 12)) {
        agree(&items)?;
    }
}

/// Withdrawals that do not know of each other, and then one after the other seen by somebody.
fn ladder(width: u8) -> Vec<Item> {
    let mut scene = Scene::processing();
    let seen = scene.last();
    let sides: Vec<ChangeHash> =
        (0..width).map(|_| scene.add(&[seen], CO_TO, withdrawn())).collect();
    let mut last = sides[0];
    for side in &sides[1..] {
        last = scene.add(&[last, *side], CO_TO, Body::Noted(Noted { text: why() }));
    }
    scene.items
}

#[test]
fn many_who_exclude_each_other_and_are_heard_of_one_by_one_make_one_conflict() {
    let mut items = ladder(100);
    let folded = agree(&items).unwrap();
    assert_eq!(folded.standing.conflicts[0].sides.len(), 100);
    let count = |effect| folded.history.iter().filter(|(_, other)| *other == effect).count();
    assert_eq!(count(Effect::Contested), 99);
    // The other way round each one that comes to be known is the first of all.
    let ids: Vec<EntryId> = items.iter().map(|item| item.entry).collect();
    items.iter_mut().zip(ids.iter().rev()).for_each(|(item, id)| item.entry = *id);
    agree(&items).unwrap();
}
