//! Which event may follow which: one table, and the guards beside it.
//!
//! The fold and the desk ask the same function. Roles stand in the registry's table of kinds; here
//! stands what depends on how the dossier is. Source: the life cycle of the national portal's
//! states 1 to 10 and the forms 01 to 07 of 2025.

#![expect(clippy::wildcard_enum_match_arm, reason = "each match is about some of the kinds")]

use hoso_registry::{EventKind, Role, roles_for};

use crate::{
    axes::{Delivery, Status},
    event::{Body, Event, Office, Received, ResultChannel, SupplementRequested},
    standing::{Author, Standing},
};

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// Why an event has no effect, or may not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Objection {
    /// The author's roles do not allow it.
    Role,
    /// Not in this status.
    Status,
    /// Not at this unit: it is not the holder, the taker, or where the result is.
    Unit,
    /// There is a decision already.
    Decided,
    /// There is no decision yet.
    Undecided,
    /// A second supplement needs a legal basis and the approval role.
    SecondSupplement,
    /// The due time has passed, or there is none to move.
    PastDue,
    /// The new due time is not after the old one.
    NotLater,
    /// It was moved as often as the procedure allows.
    ExtensionsUsed,
    /// What it speaks of is not here: a fee line, a payment, a scan, a side of a conflict.
    NotThere,
    /// The field is not one, or the value does not fit it.
    Field,
    /// It happened already.
    Repeated,
    /// A person must first choose between events that exclude each other.
    NeedsReview,
    /// A paper reference and a reason are needed for what is entered later.
    Paper,
}

impl Objection {
    /// All.
    pub const ALL: &'static [Self] = &[
        Self::Role,
        Self::Status,
        Self::Unit,
        Self::Decided,
        Self::Undecided,
        Self::SecondSupplement,
        Self::PastDue,
        Self::NotLater,
        Self::ExtensionsUsed,
        Self::NotThere,
        Self::Field,
        Self::Repeated,
        Self::NeedsReview,
        Self::Paper,
    ];

    /// The stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Status => "status",
            Self::Unit => "unit",
            Self::Decided => "decided",
            Self::Undecided => "undecided",
            Self::SecondSupplement => "second-supplement",
            Self::PastDue => "past-due",
            Self::NotLater => "not-later",
            Self::ExtensionsUsed => "extensions-used",
            Self::NotThere => "not-there",
            Self::Field => "field",
            Self::Repeated => "repeated",
            Self::NeedsReview => "needs-review",
            Self::Paper => "paper",
        }
    }
}

/// The states from which a kind may go; `None` in the list is "before the first event".
#[must_use]
pub fn allowed_from(kind: EventKind) -> &'static [Option<Status>] {
    use EventKind as K;
    use Status as S;
    const OPEN: &[Option<Status>] = &[
        Some(S::New),
        Some(S::Accepted),
        Some(S::Processing),
        Some(S::Supplement),
        Some(S::Payment),
        Some(S::Stopped),
        Some(S::Done),
    ];
    const ANY: &[Option<Status>] = &[
        Some(S::New),
        Some(S::Accepted),
        Some(S::NotAccepted),
        Some(S::Processing),
        Some(S::Supplement),
        Some(S::Payment),
        Some(S::Withdrawn),
        Some(S::Stopped),
        Some(S::Done),
        Some(S::Returned),
    ];
    match kind {
        K::Submitted => &[None],
        K::Received => &[None, Some(S::New)],
        K::NotAccepted => &[Some(S::New), Some(S::Accepted)],
        K::HandedOver => &[Some(S::Accepted), Some(S::Processing)],
        K::TakenOver
        | K::Assigned
        | K::PaymentRequested
        | K::Approved
        | K::Refused
        | K::ResultReady => &[Some(S::Processing)],
        K::SupplementRequested => &[Some(S::New), Some(S::Processing)],
        K::Supplemented => &[Some(S::Supplement)],
        K::Extended => &[Some(S::Accepted), Some(S::Processing)],
        K::ResultRecalled | K::ResultSent | K::ResultArrived | K::Returned => &[Some(S::Done)],
        K::Stopped => &[Some(S::Processing), Some(S::Supplement), Some(S::Payment)],
        K::Resumed => &[Some(S::Stopped)],
        K::CalendarAccepted => &[
            Some(S::Accepted),
            Some(S::Processing),
            Some(S::Supplement),
            Some(S::Payment),
            Some(S::Stopped),
        ],
        K::Withdrawn => &[
            Some(S::New),
            Some(S::Accepted),
            Some(S::Processing),
            Some(S::Supplement),
            Some(S::Payment),
        ],
        K::FeeAdded | K::FeeRemoved | K::FieldCorrected | K::UnitAdded => OPEN,
        K::Paid
        | K::PaymentConfirmed
        | K::PaymentReversed
        | K::Opened
        | K::Printed
        | K::Attached
        | K::Detached
        | K::Noted
        | K::ConflictResolved
        | K::CodeReissued => ANY,
    }
}

/// Whether the kind moves the dossier: such events wait until open conflicts are resolved, and of
/// two that were written without knowledge of each other only one may hold.
#[must_use]
pub fn moves(kind: EventKind) -> bool {
    use EventKind as K;
    matches!(
        kind,
        K::Received
            | K::NotAccepted
            | K::HandedOver
            | K::TakenOver
            | K::SupplementRequested
            | K::Supplemented
            | K::PaymentRequested
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
    )
}

/// Whether a page on which the event was decided must say which version it showed.
#[must_use]
pub fn needs_base(kind: EventKind) -> bool {
    use EventKind as K;
    matches!(
        kind,
        K::Approved
            | K::Refused
            | K::Extended
            | K::Stopped
            | K::Resumed
            | K::ResultRecalled
            | K::ConflictResolved
    )
}

/// Whether this author may do something of this kind as the dossier stands, as far as that can be
/// said without its body: what screens offer.
///
/// # Errors
///
/// [`Objection`].
pub fn offered(standing: &Standing, author: &Author, kind: EventKind) -> Result<(), Objection> {
    let roles = roles_for(kind.kind()).unwrap_or_default();
    require(roles.iter().any(|role| author.has(*role)), Objection::Role)?;
    require(allowed_from(kind).contains(&standing.status), Objection::Status)?;
    require(!(moves(kind) && standing.needs_review()), Objection::NeedsReview)?;
    require(has_object(standing, kind), Objection::NotThere)?;
    place(standing, author, kind)
}

/// Whether there is something that the kind could speak of.
fn has_object(standing: &Standing, kind: EventKind) -> bool {
    use EventKind as K;
    match kind {
        K::FeeRemoved => !standing.fees.is_empty(),
        K::PaymentConfirmed => {
            standing.payments.iter().any(|paid| !paid.confirmed && !paid.reversed)
        }
        K::PaymentReversed => standing.payments.iter().any(|paid| !paid.reversed),
        K::Detached => !standing.scans.is_empty(),
        K::ConflictResolved => standing.needs_review(),
        _ => true,
    }
}

/// Whether the event may follow. Open conflicts are the caller's to ask for.
///
/// # Errors
///
/// [`Objection`].
pub fn permitted(standing: &Standing, author: &Author, event: &Event) -> Result<(), Objection> {
    let kind = event.body.kind();
    let roles = roles_for(kind.kind()).unwrap_or_default();
    require(roles.iter().any(|role| author.has(*role)), Objection::Role)?;
    require(allowed_from(kind).contains(&standing.status), Objection::Status)?;
    place(standing, author, kind)?;
    body(standing, author, event)
}

/// What holds for the author's unit and for decision and result.
fn place(standing: &Standing, author: &Author, kind: EventKind) -> Result<(), Objection> {
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
        K::ResultRecalled | K::ResultSent => require(has_result(standing, author), Objection::Unit),
        K::ResultArrived => require(awaits_result(standing, author), Objection::Unit),
        K::Withdrawn => require(standing.decision.is_none(), Objection::Decided),
        K::Opened => require(!standing.opened.contains_key(&author.unit), Objection::Repeated),
        _ => Ok(()),
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

/// Whether the open line of the control sheet is the author's to close.
fn takes(standing: &Standing, author: &Author) -> bool {
    standing.open_line().is_some_and(|line| match line.to {
        Office::Unit(unit) => author.acts_for(unit),
        Office::Agency(_) => author.acts_for(line.from),
    })
}

/// Whether the result rests at the author's unit.
fn has_result(standing: &Standing, author: &Author) -> bool {
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

/// What holds for the body.
fn body(standing: &Standing, author: &Author, event: &Event) -> Result<(), Objection> {
    match &event.body {
        Body::Submitted(_) => Ok(()),
        Body::Received(body) => received(standing, author, event, body),
        Body::SupplementRequested(body) => supplement(standing, author, body),
        Body::FeeRemoved(body) => {
            require(standing.fees.iter().any(|line| line.id == body.fee), Objection::NotThere)
        }
        Body::PaymentConfirmed(body) => {
            let mut awaiting = standing.payments.iter().filter(|payment| {
                !payment.confirmed
                    && !payment.reversed
                    && body.payment.is_none_or(|wanted| wanted == payment.event)
            });
            require(awaiting.next().is_some(), Objection::NotThere)
        }
        Body::PaymentReversed(body) => {
            let mut payments = standing.payments.iter().filter(|payment| {
                !payment.reversed && body.payment.is_none_or(|wanted| wanted == payment.event)
            });
            require(payments.next().is_some(), Objection::NotThere)
        }
        Body::Extended(body) => {
            let used = u16::try_from(standing.extensions.len()).unwrap_or(u16::MAX);
            let allowed = standing.terms.as_ref().map_or(0, |terms| terms.extensions_max);
            require(used < allowed, Objection::ExtensionsUsed)?;
            let due = standing.due().at_ms.ok_or(Objection::PastDue)?;
            require(event.at_ms < due, Objection::PastDue)?;
            require(body.due_at > due, Objection::NotLater)
        }
        Body::CalendarAccepted(body) => {
            let frozen = standing.frozen.as_ref().ok_or(Objection::Status)?;
            require(frozen.calendars != body.calendars, Objection::Repeated)
        }
        Body::ResultReady(body) => {
            let agency = matches!(standing.competent(), Some(Office::Agency(_)));
            require(agency == body.from_agency, Objection::Undecided)
        }
        Body::ResultSent(body) => {
            require(body.post != body.to_unit.is_some(), Objection::Field)?;
            // Only a unit that has the dossier can say that its result has come.
            let known = body.to_unit.is_none_or(|unit| standing.audience.contains(&unit));
            require(known, Objection::Field)
        }
        Body::Returned(body) => returned(standing, author, body.channel),
        Body::Detached(body) => {
            let mut scans = standing.scans.iter();
            require(scans.any(|scan| scan.event == body.attachment), Objection::NotThere)
        }
        Body::FieldCorrected(body) => {
            let application = standing.application.as_ref().ok_or(Objection::Field)?;
            crate::fields::corrected(application, &body.field, body.value.as_deref())
                .map(|_| ())
                .ok_or(Objection::Field)
        }
        Body::ConflictResolved(body) => {
            let mut sides = standing.conflicts.iter().flat_map(|conflict| &conflict.sides);
            require(sides.any(|side| *side == body.choice), Objection::NotThere)
        }
        _ => Ok(()),
    }
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
    if standing.status == Some(Status::New) {
        return require(author.has(Role::Reception), Objection::Role);
    }
    if standing.supplements == 0 {
        return require(author.has(Role::Processing), Objection::Role);
    }
    let lawful = body.basis.is_some() && author.has(Role::Approval);
    require(lawful, Objection::SecondSupplement)
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

fn require(condition: bool, objection: Objection) -> Result<(), Objection> {
    if condition { Ok(()) } else { Err(objection) }
}
