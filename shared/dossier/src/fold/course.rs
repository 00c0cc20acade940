//! What the rules see of a dossier, kept for each event that others may exclude.

use hoso_registry::EventKind;

use super::{Catalogue, Item, bits::Bits, effects};
use crate::{
    event::{Body, Event},
    rules,
    standing::Standing,
};

/// The dossier as the author of an event saw it, as far as the rules for moving it ask.
#[derive(Debug)]
pub(super) struct Course {
    standing: Standing,
    found: Option<Found>,
}

/// What was found last.
#[derive(Debug)]
struct Found {
    /// The events unknown to the author that were looked at.
    unknown: Bits,
    /// The last of them, if those after it change nothing.
    last: Option<usize>,
    opponent: Option<usize>,
}

impl Course {
    /// What is left out fills memory and is asked for by no event that moves the dossier.
    pub(super) fn of(standing: &Standing, event: &Event) -> Self {
        let mut standing = standing.clone();
        standing.fees = Vec::new();
        standing.scans = Vec::new();
        standing.former_dues = Vec::new();
        standing.opened.clear();
        standing.registers.clear();
        standing.code = None;
        if !matches!(event.body, Body::Extended(_)) {
            standing.pauses = Vec::new();
            standing.frozen = None;
        }
        Self { standing, found: None }
    }

    /// The first of these events, unknown to the author, after which theirs no longer fits.
    pub(super) fn opponent<'a>(
        &mut self,
        unknown: Bits,
        (item, event): (&Item, &Event),
        readable: impl Fn(usize) -> Option<(&'a Item, &'a Event)>,
        terms: &Catalogue<'_>,
    ) -> Option<usize> {
        if let Some(found) = self.found.as_ref().filter(|found| found.holds(&unknown)) {
            return found.opponent;
        }
        let mut standing = self.standing.clone();
        let (mut opponent, mut last) = (None, None);
        for place in unknown.iter() {
            let Some((theirs, said)) = readable(place) else { continue };
            let kind = said.body.kind();
            if !concerns_course(kind) {
                continue;
            }
            effects::apply(&mut standing, theirs, said, terms);
            if rules::moves(kind) {
                opponent = Some(place);
            }
            let fits = rules::permitted(&standing, &item.author, event).is_ok();
            if opponent.is_some() && !fits {
                last = Some(place);
                break;
            }
        }
        let unknown = last.map_or_else(|| unknown.clone(), |last| unknown.through(last));
        self.found = Some(Found { unknown, last, opponent });
        opponent
    }
}

impl Found {
    /// Whether the same would be found among these.
    fn holds(&self, unknown: &Bits) -> bool {
        match self.last {
            Some(last) => unknown.through(last) == self.unknown,
            None => *unknown == self.unknown,
        }
    }
}

/// Whether an event of this kind can change what another one that moves the dossier asks for.
fn concerns_course(kind: EventKind) -> bool {
    use EventKind as K;
    match kind {
        K::Submitted
        | K::Received
        | K::NotAccepted
        | K::HandedOver
        | K::TakenOver
        | K::SupplementRequested
        | K::Supplemented
        | K::PaymentRequested
        | K::Paid
        | K::PaymentConfirmed
        | K::PaymentReversed
        | K::Extended
        | K::Approved
        | K::Refused
        | K::ResultReady
        | K::ResultRecalled
        | K::ResultSent
        | K::ResultArrived
        | K::Returned
        | K::Stopped
        | K::Resumed
        | K::Withdrawn
        | K::UnitAdded
        | K::CalendarAccepted => true,
        K::Assigned
        | K::FeeAdded
        | K::FeeRemoved
        | K::Opened
        | K::Printed
        | K::Attached
        | K::Detached
        | K::Noted
        | K::FieldCorrected
        | K::ConflictResolved
        | K::CodeReissued => false,
    }
}
