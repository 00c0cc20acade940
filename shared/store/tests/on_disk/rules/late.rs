//! What comes after what rests on it: statements that healing brings back, and entries that
//! waited for one that is refused.

use super::*;

/// Decides as [`Open`] does, but for one entry, which is refused; says whose people wrote an entry
/// by the last statement.
struct Registry {
    ended: EntryId,
    unit: UnitId,
}

impl Admission for Registry {
    fn read(&mut self, bytes: &[u8]) -> Result<Entry, Reason> {
        Open.read(bytes)
    }

    fn decide(
        &mut self,
        entry: &Entry,
        position: Option<Position>,
        audience: Option<&[UnitId]>,
    ) -> Verdict {
        if entry.id() == self.ended {
            return Verdict::Refused(Reason::GrantEnded);
        }
        if entry.header().kind.is_statement() || entry.header().is_first() {
            return Verdict::Admitted;
        }
        Open.decide(entry, position, audience)
    }

    fn author_unit(&mut self, _: &Entry) -> Option<UnitId> {
        Some(self.unit)
    }

    fn admitted(&mut self, entry: &Entry, _: Option<Position>) {
        if entry.header().kind.is_statement() {
            self.unit = B;
        }
    }

    fn forget(&mut self) {
        self.unit = A;
    }
}

/// Decides as [`Open`] does, but refuses what was accepted after the statement.
struct Ending {
    said: Option<Position>,
}

impl Admission for Ending {
    fn read(&mut self, bytes: &[u8]) -> Result<Entry, Reason> {
        Open.read(bytes)
    }

    fn decide(
        &mut self,
        entry: &Entry,
        position: Option<Position>,
        audience: Option<&[UnitId]>,
    ) -> Verdict {
        if entry.header().kind.is_statement() {
            return Verdict::Admitted;
        }
        match self.said {
            Some(said) if position.is_some_and(|position| position > said) => {
                Verdict::Refused(Reason::GrantEnded)
            }
            Some(_) | None => Open.decide(entry, position, audience),
        }
    }

    fn author_unit(&mut self, entry: &Entry) -> Option<UnitId> {
        Open.author_unit(entry)
    }

    fn admitted(&mut self, entry: &Entry, position: Option<Position>) {
        if entry.header().kind.is_statement() {
            self.said = position;
        }
    }

    fn forget(&mut self) {
        self.said = None;
    }
}

/// A statement of the registry's.
fn statement() -> VerifiedEntry {
    let header = Header {
        realm: Realm([1; 16]),
        document: DocumentId::ZERO,
        kind: Kind(9),
        author: PublicKey::ZERO,
        grant: EntryId([1; 32]),
        nonce: Nonce([1; 8]),
        units_added: Vec::new(),
        payload: PayloadHash::ZERO,
    };
    Entry::sign(header, vec![1; 20], &SigningKey::from_seed(&[1; 32])).unwrap()
}

/// Brings entries one after the other, each with its position; by the statement's registry if
/// there is one.
fn heal(office: &Office, entries: &[(&VerifiedEntry, u64)], ended: EntryId, unit: UnitId) {
    for (entry, number) in entries {
        let position = Position { epoch: EPOCH, number: *number };
        let there = [Positioned { bytes: entry.encode(), position }];
        office.scene.write(move |tx| {
            intake::mend(tx, &mut Registry { ended, unit }, &there, 20, 1).map(|_| ())
        });
    }
}

fn marked(office: &Office) -> Vec<DocumentId> {
    let marks = office.scene.write(|tx| tx.to_apply(0, 9));
    marks.into_iter().map(|mark| mark.document).collect()
}

#[test]
fn what_rests_on_a_refused_entry_counts_or_not_alike_whichever_of_them_came_first() {
    let first = event(A, 1, DocumentId::ZERO, &[A]);
    let joined = event(A, 2, first.document(), &[B]);
    let answer = event(B, 3, first.document(), &[]);
    let counts = Some(Standing::Counts);
    for refused in [&first, &joined] {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            let office = Office::new(A);
            let all = [(&first, 3), (&joined, 4), (&answer, 5)];
            heal(&office, &order.map(|number| all[number]), refused.id(), A);
            let stands = [&first, &joined, &answer].map(|entry| office.standing(entry.id()));
            let ended = Some(Standing::Refused(Reason::GrantEnded));
            let expected = if refused.id() == first.id() {
                [ended, counts, counts]
            } else {
                [counts, ended, counts]
            };
            assert_eq!(stands, expected, "{order:?}");
        }
    }
}

#[test]
fn a_late_statement_has_the_dossiers_folded_anew_that_go_on_after_it_and_no_others() {
    let before = event(A, 1, DocumentId::ZERO, &[A]);
    let after = event(A, 2, DocumentId::ZERO, &[A]);
    let office = Office::new(A);
    let cursor = ScopePoint { scope: Scope::Unit(A), row: 30, digest: [1; 32] };
    office.scene.write(move |tx| tx.put_cursor(&cursor));
    heal(&office, &[(&before, 3), (&after, 7)], EntryId::ZERO, B);
    office.apply_all();
    assert_eq!(marked(&office), []);
    heal(&office, &[(&statement(), 5)], EntryId::ZERO, B);
    assert_eq!(marked(&office), [after.document()], "though it counts as before");
    let progress = office.scene.write(|tx| journal::progress(tx));
    let applied = Applied { scope: cursor.scope, row: cursor.row };
    assert_eq!(progress.applied, [applied], "what was said to be applied stays so");
}

#[test]
fn whose_people_wrote_an_entry_is_kept_as_a_late_statement_says_it() {
    let entry = event(A, 1, DocumentId::ZERO, &[A]);
    let office = Office::new(A);
    heal(&office, &[(&entry, 7)], EntryId::ZERO, A);
    let id = entry.id();
    let author = || {
        let kept = office.scene.write(move |tx| JournalTables::entry(tx, &id));
        kept.unwrap().author_unit
    };
    assert_eq!(author(), Some(A));
    heal(&office, &[(&statement(), 5)], EntryId::ZERO, A);
    assert_eq!(author(), Some(B));
}

#[test]
fn what_a_statement_forbade_counts_again_when_the_relay_does_not_take_the_statement_back() {
    let office = Office::new(A);
    let before = event(A, 1, DocumentId::ZERO, &[A]);
    let after = event(A, 2, DocumentId::ZERO, &[A]);
    let answer = event(A, 3, after.document(), &[]);
    let end = statement();
    let placed = [(&before, 3), (&end, 5), (&after, 7), (&answer, 8)];
    let there = placed.map(|(entry, number)| {
        let position = Position { epoch: EPOCH, number };
        Positioned { bytes: entry.encode(), position }
    });
    office
        .scene
        .write(move |tx| intake::mend(tx, &mut Ending { said: None }, &there, 20, 1).map(|_| ()));
    office.apply_all();
    let ended = Some(Standing::Refused(Reason::GrantEnded));
    let stand = || [&before, &after, &answer].map(|entry| office.standing(entry.id()));
    assert_eq!(stand(), [Some(Standing::Counts), ended, ended]);
    let id = end.id();
    let taken = office.scene.write(move |tx| {
        let said = Some(Position { epoch: EPOCH, number: 5 });
        let waits = [(id, Outcome::Waiting(WaitingFor::Operator(id)))];
        recheck::claimed(tx, &mut Ending { said }, &[id], &waits)
    });
    assert_eq!(stand(), [Some(Standing::Counts); 3]);
    assert!(taken.statements, "the registry is folded without it");
    assert_eq!(taken.documents.into_iter().collect::<Vec<_>>(), [after.document()]);
    assert_eq!(marked(&office), [after.document()]);
}
