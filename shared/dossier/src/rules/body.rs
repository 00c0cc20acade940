//! What an event may say as the dossier stands.

use hoso_registry::{EventKind, Role};

use super::{Objection, place::has_result, require};
use crate::{
    axes::{Delivery, Status},
    code::Code,
    event::{
        Body, Channel, Event, Extended, Office, Received, ResultChannel, ResultSent,
        SupplementRequested,
    },
    fields,
    standing::{Author, Standing},
};

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// What holds for every body of the kind at this moment, whatever it says.
pub(super) fn any_body(
    standing: &Standing,
    author: &Author,
    kind: EventKind,
    at_ms: i64,
) -> Result<(), Objection> {
    if kind == EventKind::SupplementRequested {
        may_ask(standing, author)
    } else if kind == EventKind::Extended {
        extensible(standing, at_ms).map(|_| ())
    } else if kind == EventKind::Returned {
        let form = standing.application.as_ref();
        let channel = form.map_or(ResultChannel::Desk, |form| form.result_channel);
        returned(standing, author, channel)
    } else {
        Ok(())
    }
}

/// What holds for the body.
pub(super) fn body(standing: &Standing, author: &Author, event: &Event) -> Result<(), Objection> {
    match &event.body {
        Body::Submitted(body) => {
            require(body.application.channel == Channel::Online, Objection::Field)
        }
        Body::Received(body) => received(standing, author, event, body),
        Body::TakenOver(body) => {
            let line = standing.open_line();
            let agency = line.is_some_and(|line| matches!(line.to, Office::Agency(_)));
            require(!agency || body.paper_reference.is_some(), Objection::Paper)
        }
        Body::SupplementRequested(body) => supplement(standing, author, body),
        Body::FeeRemoved(body) => {
            require(standing.fees.iter().any(|line| line.id == body.fee), Objection::NotThere)
        }
        Body::PaymentRequested(body) => require(body.amount > 0, Objection::Field),
        Body::PaymentConfirmed(body) => {
            let mut payments = standing.payments.iter().filter(|paid| !paid.confirmed);
            require(payments.any(|paid| paid.is_meant(body.payment)), Objection::NotThere)
        }
        Body::PaymentReversed(body) => {
            let mut payments = standing.payments.iter();
            require(payments.any(|paid| paid.is_meant(body.payment)), Objection::NotThere)
        }
        Body::Extended(body) => extended(standing, event, body),
        Body::CalendarAccepted(body) => {
            let frozen = standing.frozen.as_ref().ok_or(Objection::Status)?;
            require(frozen.calendars != body.calendars, Objection::Repeated)
        }
        Body::ResultReady(body) => {
            let agency = matches!(standing.competent(), Some(Office::Agency(_)));
            require(agency == body.from_agency, Objection::Undecided)
        }
        Body::ResultSent(body) => sent(standing, body),
        Body::Returned(body) => returned(standing, author, body.channel),
        Body::CodeReissued(body) => reissued(standing, author, &body.code),
        Body::Detached(body) => {
            let mut scans = standing.scans.iter();
            require(scans.any(|scan| scan.event == body.attachment), Objection::NotThere)
        }
        Body::FieldCorrected(body) => {
            let value = body.value.as_deref();
            let application = standing.application.as_ref();
            let fits = application.is_some_and(|form| fields::fits(form, &body.field, value));
            require(fits, Objection::Field)
        }
        Body::ConflictResolved(body) => {
            let mut sides = standing.conflicts.iter().flat_map(|conflict| &conflict.sides);
            require(sides.any(|side| *side == body.choice), Objection::NotThere)
        }
        Body::NotAccepted(_)
        | Body::HandedOver(_)
        | Body::Assigned(_)
        | Body::Supplemented(_)
        | Body::FeeAdded(_)
        | Body::Paid(_)
        | Body::Approved(_)
        | Body::Refused(_)
        | Body::ResultRecalled(_)
        | Body::ResultArrived(_)
        | Body::Stopped(_)
        | Body::Resumed(_)
        | Body::Withdrawn(_)
        | Body::Opened(_)
        | Body::Printed(_)
        | Body::Attached(_)
        | Body::Noted(_)
        | Body::UnitAdded(_) => Ok(()),
    }
}

/// What holds for a code that takes the place of another.
fn reissued(standing: &Standing, author: &Author, code: &Code) -> Result<(), Objection> {
    require(standing.code.as_ref() != Some(code), Objection::Repeated)?;
    require(!code.is_provisional() && author.gives(code), Objection::Code)
}

/// What holds for a new due time.
fn extended(standing: &Standing, event: &Event, body: &Extended) -> Result<(), Objection> {
    let due = extensible(standing, event.at_ms)?;
    require(body.due_at > due, Objection::NotLater)
}

/// The due time, if it can be moved at this moment.
fn extensible(standing: &Standing, at_ms: i64) -> Result<i64, Objection> {
    let used = u16::try_from(standing.extensions.len()).unwrap_or(u16::MAX);
    let allowed = standing.terms.as_ref().map_or(0, |terms| terms.extensions_max);
    require(used < allowed, Objection::ExtensionsUsed)?;
    let due = standing.due_ms().ok_or(Objection::PastDue)?;
    require(at_ms < due, Objection::PastDue)?;
    Ok(due)
}

/// What holds for a result on its way: only a unit that has the dossier can say that it has come.
fn sent(standing: &Standing, body: &ResultSent) -> Result<(), Objection> {
    require(body.post != body.to_unit.is_some(), Objection::Field)?;
    let known = body.to_unit.is_none_or(|unit| standing.audience.contains(&unit));
    require(known, Objection::Field)
}

/// What holds for a reception.
fn received(
    standing: &Standing,
    author: &Author,
    event: &Event,
    body: &Received,
) -> Result<(), Objection> {
    let first = standing.status.is_none();
    require(first == body.application.is_some(), Objection::Status)?;
    let own = body
        .application
        .as_ref()
        .map_or(standing.receiving_unit(), |application| Some(application.receiving_unit));
    require(own.is_some_and(|unit| author.acts_for(unit)), Objection::Unit)?;
    require(author.gives(&body.code), Objection::Code)?;
    let late = body.received_at.is_some_and(|at_ms| at_ms != event.at_ms);
    let explained = body.paper_reference.is_some() && body.reason.is_some();
    require(body.frozen.closing_minute < DAY_MINUTES, Objection::Field)?;
    let past = body.received_at.is_none_or(|at_ms| at_ms <= event.at_ms);
    require(past && (!late || explained), Objection::Paper)
}

fn supplement(
    standing: &Standing,
    author: &Author,
    body: &SupplementRequested,
) -> Result<(), Objection> {
    may_ask(standing, author)?;
    let second = standing.status != Some(Status::New) && standing.supplements > 0;
    require(!second || body.basis.is_some(), Objection::SecondSupplement)
}

/// Whether the author may ask for papers, on whichever ground.
fn may_ask(standing: &Standing, author: &Author) -> Result<(), Objection> {
    if standing.status == Some(Status::New) {
        require(author.has(Role::Reception), Objection::Role)
    } else if standing.supplements == 0 {
        require(author.has(Role::Processing), Objection::Role)
    } else {
        require(author.has(Role::Approval), Objection::SecondSupplement)
    }
}

fn returned(standing: &Standing, author: &Author, channel: ResultChannel) -> Result<(), Objection> {
    let Some(result) = &standing.result else { return Err(Objection::Status) };
    let by_post = result.delivery == Delivery::Sent
        && result.towards.is_none()
        && author.acts_for(result.unit);
    // What is delivered electronically lies nowhere: whoever has the dossier may record it.
    let electronic = channel == ResultChannel::Electronic
        && standing.application.as_ref().map(|form| form.result_channel) == Some(channel);
    require(has_result(standing, author) || electronic || by_post, Objection::Unit)
}
