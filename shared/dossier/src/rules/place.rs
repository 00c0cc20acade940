//! Where a kind may be written: the author's unit, and whether decision and result are there.

use hoso_registry::EventKind;

use super::{Objection, require};
use crate::{
    axes::{Delivery, Status},
    event::Office,
    standing::{Author, Standing},
};

/// What holds for the author's unit and for decision and result.
pub(super) fn place(
    standing: &Standing,
    author: &Author,
    kind: EventKind,
) -> Result<(), Objection> {
    use EventKind as K;
    let holds = holds(standing, author);
    match kind {
        K::NotAccepted => {
            let received = standing.receiving_unit().is_none_or(|unit| author.acts_for(unit));
            require(received && standing.open_line().is_none(), Objection::Unit)
        }
        K::HandedOver | K::UnitAdded | K::Assigned | K::PaymentRequested => {
            require(holds, Objection::Unit)
        }
        K::CodeReissued => {
            let receives = standing.receiving_unit().is_some_and(|unit| author.acts_for(unit));
            require(receives, Objection::Unit)
        }
        K::TakenOver => require(takes(standing, author), Objection::Unit),
        K::SupplementRequested => {
            require(standing.decision.is_none(), Objection::Decided)?;
            require(standing.status == Some(Status::New) || holds, Objection::Unit)
        }
        K::Approved | K::Refused => {
            require(standing.decision.is_none(), Objection::Decided)?;
            let competent = standing.competent().and_then(Office::unit);
            require(holds && competent.is_some_and(|unit| author.acts_for(unit)), Objection::Unit)
        }
        K::Extended | K::Stopped | K::Resumed | K::CalendarAccepted => {
            let stops = kind == K::Stopped;
            // What was never received has no clock to stop: it is not accepted, or goes on.
            require(!stops || standing.received_ms.is_some(), Objection::Status)?;
            require(!stops || standing.decision.is_none(), Objection::Decided)?;
            let competent = standing.competent().and_then(Office::unit);
            require(holds || competent.is_some_and(|unit| author.acts_for(unit)), Objection::Unit)
        }
        K::ResultReady => {
            require(holds, Objection::Unit)?;
            let agency = matches!(standing.competent(), Some(Office::Agency(_)));
            require(agency || standing.decision.is_some(), Objection::Undecided)
        }
        K::ResultRecalled => require(decides(standing, author), Objection::Unit),
        K::ResultSent => require(has_result(standing, author), Objection::Unit),
        K::ResultArrived => require(awaits_result(standing, author), Objection::Unit),
        K::Withdrawn => require(standing.decision.is_none(), Objection::Decided),
        K::Opened => require(!standing.opened.contains_key(&author.unit), Objection::Repeated),
        K::Submitted
        | K::Received
        | K::Supplemented
        | K::FeeAdded
        | K::FeeRemoved
        | K::Paid
        | K::PaymentConfirmed
        | K::PaymentReversed
        | K::Returned
        | K::Printed
        | K::Attached
        | K::Detached
        | K::Noted
        | K::FieldCorrected
        | K::ConflictResolved => Ok(()),
    }
}

/// Whether the author's unit deals with the dossier. What an agency does is recorded by the unit
/// that received the dossier.
fn holds(standing: &Standing, author: &Author) -> bool {
    match standing.holder {
        Some(Office::Unit(unit)) => author.acts_for(unit),
        Some(Office::Agency(_)) => {
            standing.receiving_unit().is_some_and(|unit| author.acts_for(unit))
        }
        None => false,
    }
}

/// Whether it is the author's unit that decides. For an agency its word is taken by who holds.
fn decides(standing: &Standing, author: &Author) -> bool {
    match standing.competent() {
        Some(Office::Unit(unit)) => author.acts_for(unit),
        Some(Office::Agency(_)) => holds(standing, author),
        None => false,
    }
}

/// Whether the open line of the control sheet is the author's to close. What went to an agency is
/// closed by the unit that received the dossier, as stated on paper.
fn takes(standing: &Standing, author: &Author) -> bool {
    standing.open_line().is_some_and(|line| match line.to {
        Office::Unit(unit) => author.acts_for(unit),
        Office::Agency(_) => standing.receiving_unit().is_some_and(|unit| author.acts_for(unit)),
    })
}

/// Whether nobody elsewhere is to do this instead while the dossier is on its way between units.
/// The clock is then of the unit that decides, and who gave the dossier asks the applicant for
/// nothing more: the taker does, once the line of the control sheet is closed.
pub(super) fn acts_alone(standing: &Standing, author: &Author, kind: EventKind) -> bool {
    use EventKind as K;
    let Some(taker) = standing.open_line().map(|line| line.to) else { return true };
    let is_at = |office: Option<Office>| {
        office.and_then(Office::unit).is_none_or(|unit| author.acts_for(unit))
    };
    match kind {
        K::Extended | K::Stopped | K::Resumed | K::CalendarAccepted => is_at(standing.competent()),
        K::SupplementRequested | K::PaymentRequested => is_at(Some(taker)),
        K::Submitted
        | K::Received
        | K::NotAccepted
        | K::HandedOver
        | K::TakenOver
        | K::Assigned
        | K::Supplemented
        | K::FeeAdded
        | K::FeeRemoved
        | K::Paid
        | K::PaymentConfirmed
        | K::PaymentReversed
        | K::Approved
        | K::Refused
        | K::ResultReady
        | K::ResultRecalled
        | K::ResultSent
        | K::ResultArrived
        | K::Returned
        | K::Withdrawn
        | K::Opened
        | K::Printed
        | K::Attached
        | K::Detached
        | K::Noted
        | K::FieldCorrected
        | K::ConflictResolved
        | K::UnitAdded
        | K::CodeReissued => true,
    }
}

/// Whether the result rests at the author's unit.
pub(super) fn has_result(standing: &Standing, author: &Author) -> bool {
    standing.result.as_ref().is_some_and(|result| {
        matches!(result.delivery, Delivery::Ready | Delivery::Arrived)
            && author.acts_for(result.unit)
    })
}

/// Whether the result is on its way to the author's unit, or went out from there and came back.
fn awaits_result(standing: &Standing, author: &Author) -> bool {
    standing.result.as_ref().is_some_and(|result| {
        let towards = result.towards.is_some_and(|unit| author.acts_for(unit));
        result.delivery == Delivery::Sent && (towards || author.acts_for(result.unit))
    })
}
