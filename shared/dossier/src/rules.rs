//! Which event may follow which: one table, and the guards beside it.
//!
//! The fold and the desk ask the same function. Roles stand in the registry's table of kinds; here
//! stands what depends on how the dossier is. Source: the life cycle of the national portal's
//! states 1 to 10 and the forms 01 to 07 of 2025.

mod body;
mod objection;
mod place;

use hoso_registry::{EventKind, roles_for};

pub use self::objection::Objection;
use self::{
    body::{any_body, body},
    place::{acts_alone, place},
};
use crate::{
    axes::Status,
    event::Event,
    standing::{Author, Standing},
};

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
    match kind {
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
        | K::Withdrawn => true,
        K::Submitted
        | K::Assigned
        | K::FeeAdded
        | K::FeeRemoved
        | K::Paid
        | K::PaymentConfirmed
        | K::PaymentReversed
        | K::Opened
        | K::Printed
        | K::Attached
        | K::Detached
        | K::Noted
        | K::FieldCorrected
        | K::ConflictResolved
        | K::UnitAdded
        | K::CodeReissued
        | K::CalendarAccepted => false,
    }
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

/// Whether this author may do something of this kind at this moment (Unix milliseconds) as the
/// dossier stands, as far as that can be said without its body: what screens offer.
///
/// # Errors
///
/// [`Objection`].
pub fn offered(
    standing: &Standing,
    author: &Author,
    kind: EventKind,
    at_ms: i64,
) -> Result<(), Objection> {
    let roles = roles_for(kind.kind()).unwrap_or_default();
    require(roles.iter().any(|role| author.has(*role)), Objection::Role)?;
    require(author.is_covered(at_ms), Objection::GrantDates)?;
    require(allowed_from(kind).contains(&standing.status), Objection::Status)?;
    writable(standing, author, kind)?;
    require(has_object(standing, kind), Objection::NotThere)?;
    place(standing, author, kind)?;
    any_body(standing, author, kind, at_ms)?;
    seen(standing, author, kind)
}

/// Why this author cannot do something of this kind at this moment (Unix milliseconds), if that is
/// worth a word: others could do it as the dossier stands, or they could were it otherwise.
#[must_use]
pub fn withheld(
    standing: &Standing,
    author: &Author,
    kind: EventKind,
    at_ms: i64,
) -> Option<Objection> {
    let objection = offered(standing, author, kind, at_ms).err()?;
    let worth_a_word = match objection {
        Objection::Role => {
            let roles = roles_for(kind.kind()).unwrap_or_default().to_vec();
            let another = Author { roles, ..author.clone() };
            offered(standing, &another, kind, at_ms).is_ok()
        }
        // What does not move a dossier is possible as long as it is open.
        Objection::Status => moves(kind),
        Objection::NotThere | Objection::Repeated => false,
        Objection::GrantDates
        | Objection::Unit
        | Objection::Decided
        | Objection::Undecided
        | Objection::SecondSupplement
        | Objection::PastDue
        | Objection::NotLater
        | Objection::ExtensionsUsed
        | Objection::Field
        | Objection::Code
        | Objection::NeedsReview
        | Objection::Paper => true,
    };
    worth_a_word.then_some(objection)
}

/// Whether the author may write the event as they see the dossier.
///
/// # Errors
///
/// [`Objection`].
pub fn lawful(standing: &Standing, author: &Author, event: &Event) -> Result<(), Objection> {
    permitted(standing, author, event)?;
    seen(standing, author, event.body.kind())
}

/// Whether this author's desk still writes the kind as the dossier stands: what came after entries
/// that exist. Entries are not judged by it, or dossiers would stand differently at machines of
/// another age.
///
/// # Errors
///
/// [`Objection`].
pub fn writable(standing: &Standing, author: &Author, kind: EventKind) -> Result<(), Objection> {
    require(is_writable_from(standing.status, kind), Objection::Status)?;
    require(acts_alone(standing, author, kind), Objection::Unit)
}

/// Whether desks still write the kind in this state.
#[must_use]
pub fn is_writable_from(status: Option<Status>, kind: EventKind) -> bool {
    // Who decides owns the due time, and does so from the hand-over on.
    kind != EventKind::Extended || status != Some(Status::Accepted)
}

/// Whether the author may choose an event of this kind against those that exclude it: who may make
/// it.
///
/// # Errors
///
/// [`Objection`].
pub fn may_choose(
    standing: &Standing,
    author: &Author,
    chosen: EventKind,
) -> Result<(), Objection> {
    let roles = roles_for(chosen.kind()).unwrap_or_default();
    require(roles.iter().any(|role| author.has(*role)), Objection::Role)?;
    // The other kinds ask for what the dossier was like before the conflict.
    if chosen == EventKind::CodeReissued { place(standing, author, chosen) } else { Ok(()) }
}

/// What counts only as the author sees the dossier: who did not know of a conflict, or of what
/// their own unit wrote elsewhere, has done nothing wrong.
fn seen(standing: &Standing, author: &Author, kind: EventKind) -> Result<(), Objection> {
    require(!(moves(kind) && standing.needs_review()), Objection::NeedsReview)?;
    // A unit has read what it wrote itself.
    let own = standing.last_unit.is_some_and(|unit| author.acts_for(unit));
    require(kind != EventKind::Opened || !own, Objection::Unit)
}

/// Whether there is something that the kind could speak of.
fn has_object(standing: &Standing, kind: EventKind) -> bool {
    use EventKind as K;
    let mut payments = standing.payments.iter();
    match kind {
        K::FeeRemoved => !standing.fees.is_empty(),
        K::Paid => standing.open_amount() > 0,
        K::PaymentConfirmed => payments.any(|paid| !paid.confirmed && !paid.reversed),
        K::PaymentReversed => payments.any(|paid| !paid.reversed),
        K::Detached => !standing.scans.is_empty(),
        K::ConflictResolved => standing.needs_review(),
        K::Submitted
        | K::Received
        | K::NotAccepted
        | K::HandedOver
        | K::TakenOver
        | K::Assigned
        | K::SupplementRequested
        | K::Supplemented
        | K::FeeAdded
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
        | K::Opened
        | K::Printed
        | K::Attached
        | K::Noted
        | K::FieldCorrected
        | K::UnitAdded
        | K::CodeReissued
        | K::CalendarAccepted => true,
    }
}

/// Whether the event may follow, whatever its author knew.
///
/// # Errors
///
/// [`Objection`].
pub fn permitted(standing: &Standing, author: &Author, event: &Event) -> Result<(), Objection> {
    let kind = event.body.kind();
    let roles = roles_for(kind.kind()).unwrap_or_default();
    require(roles.iter().any(|role| author.has(*role)), Objection::Role)?;
    require(author.is_covered(event.at_ms), Objection::GrantDates)?;
    require(allowed_from(kind).contains(&standing.status), Objection::Status)?;
    place(standing, author, kind)?;
    body(standing, author, event)
}

/// Objects unless the condition holds.
fn require(condition: bool, objection: Objection) -> Result<(), Objection> {
    if condition { Ok(()) } else { Err(objection) }
}
