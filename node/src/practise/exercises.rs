//! The guided exercises: what each asks for, and how far somebody has come by what they have done
//! themselves.

use std::sync::Arc;

use hoso_dossier::ChangeHash;
use hoso_identity::{DocumentId, PersonId};
use hoso_registry::EventKind;
use hoso_store::practice::{self, Completion};
use serde_json::json;

use crate::{
    desk::{self, Deed, Once, Refused},
    office::Office,
    people::Actor,
};

/// An exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exercise {
    /// A dossier is received and its slip printed.
    Reception,
    /// Papers are asked for and brought.
    Supplement,
    /// A fee is added and paid.
    Payment,
    /// It is decided and the result numbered.
    Decision,
    /// The result is handed over.
    Return,
    /// Two changes of one field, and a person chooses.
    Conflict,
}

/// What ticks a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An event of one of these kinds by whoever practises.
    Own(&'static [EventKind]),
    /// A correction of the same field at the second station, by somebody who had not seen the own.
    Colleagues,
}

impl Exercise {
    /// All, in the order of a dossier's way.
    pub(crate) const ALL: [Self; 6] = [
        Self::Reception,
        Self::Supplement,
        Self::Payment,
        Self::Decision,
        Self::Return,
        Self::Conflict,
    ];

    /// The stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Reception => "reception",
            Self::Supplement => "supplement",
            Self::Payment => "payment",
            Self::Decision => "decision",
            Self::Return => "return",
            Self::Conflict => "conflict",
        }
    }

    /// Its steps, all of them in one dossier.
    pub(crate) fn steps(self) -> &'static [Step] {
        use EventKind as K;
        match self {
            Self::Reception => &[Step::Own(&[K::Received]), Step::Own(&[K::Printed])],
            Self::Supplement => {
                &[Step::Own(&[K::SupplementRequested]), Step::Own(&[K::Supplemented])]
            }
            Self::Payment => &[Step::Own(&[K::FeeAdded]), Step::Own(&[K::Paid])],
            Self::Decision => {
                &[Step::Own(&[K::Approved, K::Refused]), Step::Own(&[K::ResultReady])]
            }
            Self::Return => &[Step::Own(&[K::Returned])],
            Self::Conflict => &[
                Step::Own(&[K::FieldCorrected]),
                Step::Colleagues,
                Step::Own(&[K::ConflictResolved]),
            ],
        }
    }

    /// Whether the roles of this person allow every step.
    pub(crate) fn is_open_to(self, actor: &Actor) -> bool {
        self.steps().iter().all(|step| match step {
            Step::Own(kinds) => kinds.iter().any(|kind| actor.writes(kind.kind())),
            Step::Colleagues => true,
        })
    }
}

/// How far somebody has come in an exercise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Which steps are done.
    pub(crate) ticks: Vec<bool>,
    /// When the last one was, once all are.
    pub(crate) completed_ms: Option<u64>,
    /// The dossier in which they have come so far.
    pub(crate) dossier: Option<DocumentId>,
}

/// Who practises, and who plays the second station.
#[derive(Clone, Copy, Debug)]
struct Players {
    own: PersonId,
    colleague: PersonId,
}

/// The time of each step of an exercise that was done in a dossier.
fn done(exercise: Exercise, players: Players, deeds: &[Deed]) -> Vec<Option<i64>> {
    let mut from = 0;
    let mut own_correction = None;
    let mut times = Vec::new();
    for step in exercise.steps() {
        let place = match step {
            Step::Own(kinds) if exercise == Exercise::Conflict && own_correction.is_none() => {
                let found = correction(players, deeds);
                own_correction = found;
                found.filter(|_| kinds.contains(&EventKind::FieldCorrected))
            }
            Step::Own(kinds) => deeds.iter().enumerate().skip(from).find_map(|(place, deed)| {
                (deed.person == Some(players.own) && kinds.contains(&deed.kind)).then_some(place)
            }),
            Step::Colleagues => {
                own_correction.and_then(|own| answer(players.colleague, deeds, own))
            }
        };
        // A step counts only after those before it.
        let is_next = times.iter().all(Option::is_some);
        let place = place.filter(|_| is_next);
        from = place.map_or(from, |place| from.max(place.saturating_add(1)));
        times.push(place.and_then(|place| deeds.get(place)).map(|deed| deed.at_ms));
    }
    times
}

/// Their correction that the colleague has contradicted, or else their last one.
fn correction(players: Players, deeds: &[Deed]) -> Option<usize> {
    let mut own = deeds.iter().enumerate().filter(|(_, deed)| {
        deed.person == Some(players.own) && deed.kind == EventKind::FieldCorrected
    });
    let own: Vec<usize> = own.by_ref().map(|(place, _)| place).collect();
    let contradicted = |place: &usize| answer(players.colleague, deeds, *place).is_some();
    own.iter().copied().find(contradicted).or(own.last().copied())
}

/// The colleague's correction of the same field, made without knowing of that one.
fn answer(colleague: PersonId, deeds: &[Deed], own: usize) -> Option<usize> {
    let own = deeds.get(own)?;
    let field = |deed: &Deed| deed.field.as_ref().map(|(name, _)| name.clone());
    deeds.iter().position(|deed| {
        deed.person == Some(colleague)
            && deed.kind == EventKind::FieldCorrected
            && field(deed) == field(own)
            && deed.after == own.after
    })
}

/// How far they have come: in the dossier in which it is farthest.
fn progress(
    exercise: Exercise,
    players: Players,
    dossiers: &[(DocumentId, Vec<Deed>)],
) -> Progress {
    let mut best = Progress { ticks: vec![false; exercise.steps().len()], ..Progress::default() };
    for (dossier, deeds) in dossiers {
        let times = done(exercise, players, deeds);
        let ticks: Vec<bool> = times.iter().map(Option::is_some).collect();
        let count = |ticks: &[bool]| ticks.iter().filter(|tick| **tick).count();
        if count(&ticks) <= count(&best.ticks) {
            continue;
        }
        let all = ticks.iter().all(|tick| *tick);
        let last = times.iter().copied().flatten().max().filter(|_| all);
        let completed_ms = last.and_then(|at_ms| u64::try_from(at_ms).ok());
        best = Progress { ticks, completed_ms, dossier: Some(*dossier) };
    }
    best
}

impl Office {
    /// How far each of these people has come in each exercise. What is completed is recorded, and
    /// stays so.
    pub(crate) async fn practised(
        self: &Arc<Self>,
        people: &[PersonId],
    ) -> Result<Vec<[Progress; 6]>, Refused> {
        let dossiers = desk::deeds(self).await?;
        let colleague = self.colleague().await?.person;
        let recorded = self.memory.read(practice::list).await?;
        let (mut all, mut new) = (Vec::with_capacity(people.len()), Vec::new());
        for own in people {
            let players = Players { own: *own, colleague };
            all.push(Exercise::ALL.map(|exercise| {
                let mut found = progress(exercise, players, &dossiers);
                let is_this = |completion: &&Completion| {
                    completion.person == *own && completion.exercise == exercise.code()
                };
                if let Some(completion) = recorded.iter().find(is_this) {
                    found.completed_ms = Some(completion.completed_ms);
                    found.ticks.fill(true);
                } else if let Some(completed_ms) = found.completed_ms {
                    let exercise = exercise.code().to_owned();
                    new.push(Completion { person: *own, exercise, completed_ms });
                }
                found
            }));
        }
        if !new.is_empty() {
            self.memory.write(false, move |tx, _| practice::record(tx, &new)).await?;
        }
        Ok(all)
    }

    /// Lets come in what the colleague at the second station has changed meanwhile: the field that
    /// this person corrected last, to something else and without knowing of it.
    pub(crate) async fn let_colleague_differ(
        self: &Arc<Self>,
        actor: &Actor,
    ) -> Result<DocumentId, Refused> {
        let colleague = Arc::new(self.colleague().await?);
        let (dossiers, person) = (desk::deeds(self).await?, colleague.person);
        let last = dossiers.iter().flat_map(|(dossier, deeds)| {
            deeds.iter().enumerate().filter_map(move |(place, deed)| {
                let own = deed.person == Some(actor.person);
                let unanswered = answer(person, deeds, place).is_none();
                (own && unanswered).then_some((dossier, deed)).filter(|_| deed.field.is_some())
            })
        });
        let last = last.max_by_key(|(_, deed)| deed.at_ms);
        let found = last.and_then(|(dossier, deed)| Some((*dossier, deed, deed.field.as_ref()?)));
        let (dossier, deed, (field, _)) = found.ok_or(Refused::new(409, "practise-first"))?;
        let body = json!({
            "kind": "field_corrected",
            "field": field,
            "value": other_value(field),
            "reason": "Người dân báo lại tại máy thứ hai",
            "base": base(&deed.after),
        });
        let once = Once { key: format!("practise-{}", deed.event), body: Vec::new() };
        desk::act(self, &colleague, dossier, &once, &body).await?;
        Ok(dossier)
    }
}

/// A version as the interface writes it.
fn base(heads: &[ChangeHash]) -> String {
    heads.iter().map(ToString::to_string).collect()
}

/// What the colleague has heard of the applicant.
fn other_value(field: &str) -> &'static str {
    match field.rsplit('.').next().unwrap_or_default() {
        "phone" => "0900000099",
        "birth_date" => "1990-01-01",
        "id_number" => "022185000099",
        "email" => "tap.huan@example.vn",
        "name" => "Người Tập Khác",
        _ => "Khu tập huấn số 2, đặc khu Cô Tô",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: PersonId = PersonId([1; 16]);
    const OTHER: PersonId = PersonId([2; 16]);
    const COLLEAGUE: PersonId = PersonId([3; 16]);
    const DOSSIER: DocumentId = DocumentId([9; 16]);

    /// The deed with this number, which comes after the one before it.
    fn deed(number: u8, person: PersonId, kind: EventKind) -> Deed {
        let corrects = kind == EventKind::FieldCorrected;
        Deed {
            person: Some(person),
            kind,
            at_ms: i64::from(number),
            event: ChangeHash([number; 32]),
            after: vec![ChangeHash([number - 1; 32])],
            field: corrects.then(|| ("applicant.phone".to_owned(), None)),
        }
    }

    fn seen(exercise: Exercise, deeds: Vec<Deed>) -> Progress {
        let players = Players { own: OWN, colleague: COLLEAGUE };
        progress(exercise, players, &[(DOSSIER, deeds)])
    }

    #[test]
    fn an_exercise_is_done_by_ones_own_events_in_their_order_and_by_nobody_elses() {
        for exercise in Exercise::ALL.into_iter().filter(|each| *each != Exercise::Conflict) {
            let kinds = exercise.steps().iter().filter_map(|step| match step {
                Step::Own(kinds) => kinds.first().copied(),
                Step::Colleagues => None,
            });
            let kinds: Vec<EventKind> = kinds.collect();
            let by = |person: PersonId, kinds: &[EventKind]| {
                let numbered = (1..).zip(kinds);
                numbered.map(|(number, kind)| deed(number, person, *kind)).collect::<Vec<_>>()
            };
            let whole = seen(exercise, by(OWN, &kinds));
            assert_eq!(whole.completed_ms, u64::try_from(kinds.len()).ok(), "{exercise:?}");
            assert_eq!(whole.dossier, Some(DOSSIER));
            let others = seen(exercise, by(OTHER, &kinds));
            assert!(!others.ticks.contains(&true) && others.completed_ms.is_none());
            let colleagues = seen(exercise, by(COLLEAGUE, &kinds));
            assert!(!colleagues.ticks.contains(&true), "{exercise:?}");
            let backwards: Vec<_> = kinds.iter().rev().copied().collect();
            if kinds.len() > 1 {
                assert_eq!(seen(exercise, by(OWN, &backwards)).completed_ms, None);
                let mut mixed = by(OWN, &kinds);
                mixed.last_mut().unwrap().person = Some(OTHER);
                assert_eq!(seen(exercise, mixed).ticks, [true, false], "{exercise:?}");
            }
        }
    }

    #[test]
    fn the_steps_of_an_exercise_are_done_in_one_dossier() {
        let players = Players { own: OWN, colleague: COLLEAGUE };
        let apart = [
            (DOSSIER, vec![deed(1, OWN, EventKind::Received)]),
            (DocumentId([8; 16]), vec![deed(2, OWN, EventKind::Printed)]),
        ];
        let seen = progress(Exercise::Reception, players, &apart);
        assert_eq!((seen.ticks, seen.completed_ms), (vec![true, false], None));
    }

    #[test]
    fn a_conflict_is_two_corrections_side_by_side_and_a_choice_of_ones_own() {
        let own = deed(2, OWN, EventKind::FieldCorrected);
        let beside = Deed { after: own.after.clone(), ..deed(3, COLLEAGUE, own.kind) };
        let chosen = deed(4, OWN, EventKind::ConflictResolved);
        let of = |deeds: &[&Deed]| {
            let deeds = deeds.iter().map(|deed| (*deed).clone()).collect();
            seen(Exercise::Conflict, deeds).ticks
        };
        assert_eq!(of(&[&own]), [true, false, false]);
        assert_eq!(of(&[&own, &beside]), [true, true, false]);
        assert_eq!(of(&[&beside, &own, &chosen]), [true, true, true]);
        assert_eq!(of(&[&own, &chosen]), [true, false, false], "there was nothing to choose");
        let knowing = deed(3, COLLEAGUE, own.kind);
        assert_eq!(of(&[&own, &knowing]), [true, false, false], "one after the other");
        let mut elsewhere = beside.clone();
        elsewhere.field = Some(("note".to_owned(), None));
        assert_eq!(of(&[&own, &elsewhere]), [true, false, false], "another field");
        let others = deed(4, OTHER, EventKind::ConflictResolved);
        assert_eq!(of(&[&own, &beside, &others]), [true, true, false]);
    }
}
