//! The body of each kind of event.

use hoso_identity::{EntryId, PayloadHash, PersonId, UnitId};
use hoso_registry::{Day, EventKind};

use super::{
    Fault,
    application::{Application, Frozen, Office, Paper, ResultChannel},
    part::{Listed, Parts, parts, words},
};
use crate::{code::Code, value::ChangeHash};

words! {
    /// How money comes.
    Method {
        /// Over the counter.
        Cash "cash",
        /// To the unit's account: awaits confirmation.
        Transfer "transfer",
        /// Through the national platform.
        Online "online",
    }
}

/// Defines the bodies and the enum over them, a kind each.
macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$about:meta])* $field:ident $key:literal: $type:ty,)*
    })*) => {
        parts! { $($(#[$doc])* $name { $($(#[$about])* $field $key: $type,)* })* }

        /// What an event says; which may follow which is [`crate::rules`]'.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Body { $($(#[$doc])* $name($name),)* }

        impl Body {
            /// The kind that its entry's header names.
            #[must_use]
            pub const fn kind(&self) -> EventKind {
                match self { $(Self::$name(_) => EventKind::$name,)* }
            }

            pub(super) fn write_into(&self, parts: &mut Parts) {
                match self { $(Self::$name(body) => body.write_into(parts),)* }
            }

            pub(super) fn read(kind: EventKind, parts: &Parts) -> Result<Self, Fault> {
                match kind { $(EventKind::$name => $name::read_parts(parts).map(Self::$name),)* }
            }
        }
    };
}

bodies! {
    /// Sent in online.
    Submitted {
        /// Number of the request at the sender, unique there.
        request_id "request_id": String,
        /// What is applied for.
        application "application": Application,
    }
    /// Accepted at a desk: the clock starts.
    Received {
        /// What is applied for; left out where `submitted` says it.
        application "application": Option<Application>,
        /// The catalogue of that moment.
        frozen "frozen": Frozen,
        /// The code on the slip.
        code "code": Code,
        /// When it was received, if earlier than it was entered; Unix milliseconds.
        received_at "received_at": Option<i64>,
        /// Number of the paper slip that was given out then.
        paper_reference "paper_reference": Option<String>,
        /// Why it is entered later.
        reason "reason": Option<String>,
    }
    /// Turned away (form 03).
    NotAccepted {
        /// Why, in words for the applicant.
        reason "reason": String,
    }
    /// Given on: a line of the control sheet begins.
    HandedOver {
        /// To whom.
        to_unit "to_unit": Office,
        /// To which person there.
        to_person "to_person": Option<PersonId>,
        /// The papers that go along.
        papers "papers": Listed<Paper, 0>,
        /// A remark.
        note "note": Option<String>,
    }
    /// The line of the control sheet is closed by its taker.
    TakenOver {
        /// Where the agency's confirmation on paper is, if it took the dossier.
        paper_reference "paper_reference": Option<String>,
    }
    /// Given to a person of the holder's unit.
    Assigned {
        /// To whom.
        person "person": PersonId,
    }
    /// Papers are missing (form 02).
    SupplementRequested {
        /// Which.
        papers "papers": Listed<Paper, 1>,
        /// Why.
        reason "reason": String,
        /// On which legal ground, for a second request.
        basis "basis": Option<String>,
    }
    /// Papers that were asked for came.
    Supplemented {
        /// Which.
        papers "papers": Listed<Paper, 0>,
        /// Whether others are still awaited: the clock goes on standing still.
        partial "partial": bool,
    }
    /// A fee line more.
    FeeAdded {
        /// What for.
        name "name": String,
        /// In đồng.
        amount "amount": u64,
    }
    /// A fee line less.
    FeeRemoved {
        /// Id of the line.
        fee "fee": String,
        /// Why.
        reason "reason": String,
    }
    /// The applicant is asked to pay.
    PaymentRequested {
        /// In đồng.
        amount "amount": u64,
        /// Whether the clock stands still until then.
        pauses "pauses": bool,
    }
    /// Money came, or is said to have been sent.
    Paid {
        /// In đồng.
        amount "amount": u64,
        /// How.
        method "method": Method,
        /// Number of the receipt.
        receipt_no "receipt_no": Option<String>,
    }
    /// A transfer was found on the account.
    PaymentConfirmed {
        /// Reference on the statement.
        reference "reference": String,
        /// Which payment; left out, all that await confirmation.
        payment "payment": Option<ChangeHash>,
    }
    /// A payment is undone.
    PaymentReversed {
        /// Why.
        reason "reason": String,
        /// Which payment; left out, the last one.
        payment "payment": Option<ChangeHash>,
    }
    /// A new due time (form 04).
    Extended {
        /// Unix milliseconds.
        due_at "due_at": i64,
        /// Why.
        reason "reason": String,
    }
    /// Decided in favour.
    Approved {
        /// A remark.
        note "note": Option<String>,
    }
    /// Decided against; the letter that says so is the result.
    Refused {
        /// Why.
        reason "reason": String,
    }
    /// The result is numbered and at the desk.
    ResultReady {
        /// Its number.
        number "number": String,
        /// Its date.
        date "date": Day,
        /// Its files.
        files "files": Vec<PayloadHash>,
        /// Whether an agency has made it.
        from_agency "from_agency": bool,
    }
    /// The result was defective.
    ResultRecalled {
        /// Why.
        reason "reason": String,
    }
    /// The result leaves the unit.
    ResultSent {
        /// To this unit.
        to_unit "to_unit": Option<UnitId>,
        /// Or to the applicant by post.
        post "post": bool,
        /// Number by which the post finds it.
        tracking "tracking": Option<String>,
    }
    /// The result has come to the unit that returns it.
    ResultArrived {}
    /// The result is in the applicant's hands.
    Returned {
        /// Who took it.
        receiver "receiver": String,
        /// Number of their identity card.
        id_number "id_number": Option<String>,
        /// What shows it: a signature, a post receipt.
        evidence "evidence": String,
        /// How.
        channel "channel": ResultChannel,
    }
    /// Stopped (form 05).
    Stopped {
        /// Why.
        reason "reason": String,
    }
    /// Goes on.
    Resumed {
        /// Why.
        reason "reason": String,
    }
    /// Taken back by the applicant.
    Withdrawn {
        /// Why.
        reason "reason": String,
    }
    /// First read at a unit.
    Opened {}
    /// A form was printed.
    Printed {
        /// Its number, 01 to 07.
        form "form": String,
        /// On which paper.
        paper "paper": String,
    }
    /// A scan more.
    Attached {
        /// BLAKE3 of its bytes.
        blob "blob": PayloadHash,
        /// Its name.
        name "name": String,
        /// Its media type.
        media_type "media_type": String,
        /// Bytes.
        size "size": u64,
        /// The paper of the dossier that it shows.
        paper "paper": Option<String>,
    }
    /// A scan is hidden.
    Detached {
        /// The event that attached it.
        attachment "attachment": ChangeHash,
        /// Why.
        reason "reason": String,
    }
    /// A remark.
    Noted {
        /// What.
        text "text": String,
    }
    /// A field of the application has a new value.
    FieldCorrected {
        /// Dotted name, such as `applicant.name`.
        field "field": String,
        /// The value; left out, the field is cleared.
        value "value": Option<String>,
        /// Why.
        reason "reason": String,
    }
    /// Of events that exclude each other, one holds.
    ConflictResolved {
        /// Which.
        choice "choice": ChangeHash,
    }
    /// A unit joins the audience.
    UnitAdded {
        /// Which.
        unit "unit": UnitId,
        /// Why.
        reason "reason": String,
    }
    /// Another code, because the first was provisional or given twice.
    CodeReissued {
        /// The new one.
        code "code": Code,
    }
    /// The due time follows these calendars from now on.
    CalendarAccepted {
        /// The statements that gave them, of one or more years.
        calendars "calendars": Vec<EntryId>,
    }
}
