//! Every kind of statement and event with its number and its word, every role, and the one table
//! that says which roles may author which kind.
//!
//! The table answers "may this role ever say this"; whether it may be said here and now (by the
//! holder, by the taker, before a decision) is decided by the dossier's own rules.

use hoso_identity::Kind;
use minicbor::{Decode, Encode};

/// Defines an enum of kinds: variant, number and stable word side by side.
macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$about:meta])* $variant:ident = $number:literal $code:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$about])* $variant,)* }

        impl $name {
            /// All, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number that stands in a header.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind($number),)* }
            }

            /// The kind of that number; `None` for numbers that this program does not know.
            #[must_use]
            pub const fn from_kind(kind: Kind) -> Option<Self> {
                match kind.0 { $($number => Some(Self::$variant),)* _ => None }
            }

            /// The stable word for programs: snake case.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The kind of that word.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.code() == code)
            }
        }
    };
}

kinds! {
    /// What a statement says; numbers below 256.
    StatementKind {
        /// The registry's first entry: founds the realm and names its two roots.
        Province = 1 "province",
        /// Replaces the roots.
        Roots = 2 "roots",
        /// The relay's keys and addresses.
        Relay = 3 "relay",
        /// A unit with nodes, or a new version of its data.
        Unit = 4 "unit",
        /// A competent body without nodes, or a new version of its data.
        Agency = 5 "agency",
        /// Enrols a node with its stations and its first administrator.
        Approval = 6 "approval",
        /// Gives a person's key roles.
        Grant = 7 "grant",
        /// Ends one part of a grant or of an approval.
        End = 8 "end",
        /// A version of a procedure.
        Procedure = 9 "procedure",
        /// A version of a year's calendar.
        Calendar = 10 "calendar",
        /// A message to all desks.
        Notice = 11 "notice",
        /// One registrar's word that a dossier is erased; two make it so.
        Erasure = 12 "erasure",
        /// Admits an entry that an operator has examined.
        Release = 13 "release",
        /// One unit takes the place of another.
        Succeeds = 14 "succeeds",
    }
}

kinds! {
    /// What happens to a dossier; numbers from 256.
    EventKind {
        /// Sent in online, not yet accepted.
        Submitted = 256 "submitted",
        /// Accepted at a desk.
        Received = 257 "received",
        /// Turned away with a reason (form 03).
        NotAccepted = 258 "not_accepted",
        /// Given to a unit or a person.
        HandedOver = 259 "handed_over",
        /// The handover is confirmed by its taker.
        TakenOver = 260 "taken_over",
        /// Given to a person of the same unit.
        Assigned = 261 "assigned",
        /// Papers are missing (form 02).
        SupplementRequested = 262 "supplement_requested",
        /// The missing papers are there.
        Supplemented = 263 "supplemented",
        /// A fee line more.
        FeeAdded = 264 "fee_added",
        /// A fee line less.
        FeeRemoved = 265 "fee_removed",
        /// The applicant is asked to pay.
        PaymentRequested = 266 "payment_requested",
        /// Money came.
        Paid = 267 "paid",
        /// A transfer was found on the account.
        PaymentConfirmed = 268 "payment_confirmed",
        /// A payment is undone.
        PaymentReversed = 269 "payment_reversed",
        /// A new due time before the old one has passed (form 04).
        Extended = 270 "extended",
        /// Decided in favour.
        Approved = 271 "approved",
        /// Decided against; the refusal is a result.
        Refused = 272 "refused",
        /// The result is numbered and at hand.
        ResultReady = 273 "result_ready",
        /// The result was defective and is taken back before its return.
        ResultRecalled = 274 "result_recalled",
        /// The result is on its way to another unit or by post.
        ResultSent = 275 "result_sent",
        /// The result has come to the unit that returns it.
        ResultArrived = 276 "result_arrived",
        /// The result is in the applicant's hands.
        Returned = 277 "returned",
        /// Stopped (form 05).
        Stopped = 278 "stopped",
        /// Goes on after a stop.
        Resumed = 279 "resumed",
        /// Taken back by the applicant.
        Withdrawn = 280 "withdrawn",
        /// First read at a unit.
        Opened = 281 "opened",
        /// A form was printed.
        Printed = 282 "printed",
        /// A scan more.
        Attached = 283 "attached",
        /// A scan is hidden.
        Detached = 284 "detached",
        /// A remark.
        Noted = 285 "noted",
        /// A field has a new value.
        FieldCorrected = 286 "field_corrected",
        /// A person chose between events that exclude each other.
        ConflictResolved = 287 "conflict_resolved",
        /// A unit joins the audience.
        UnitAdded = 288 "unit_added",
        /// The dossier has a new code.
        CodeReissued = 289 "code_reissued",
        /// The due time follows calendars that were decided after reception.
        CalendarAccepted = 290 "calendar_accepted",
    }
}

impl EventKind {
    /// Whether an entry of this kind may begin a dossier.
    #[must_use]
    pub const fn begins_dossier(self) -> bool {
        matches!(self, Self::Submitted | Self::Received)
    }

    /// Whether an entry of this kind may add units to the audience.
    #[must_use]
    pub const fn adds_units(self) -> bool {
        matches!(self, Self::Submitted | Self::Received | Self::HandedOver | Self::UnitAdded)
    }
}

/// What a grant allows its key to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Receives, turns away, asks for supplements, hands over, withdraws.
    #[n(0)]
    Reception,
    /// Processes, asks for supplements and payment, assigns.
    #[n(1)]
    Processing,
    /// Approves, refuses, extends, stops, resumes, recalls.
    #[n(2)]
    Approval,
    /// Numbers and issues results.
    #[n(3)]
    Clerk,
    /// Receipts, confirmations, reversals.
    #[n(4)]
    Cashier,
    /// Sends results, notes their arrival, returns them.
    #[n(5)]
    Return,
    /// Reads.
    #[n(6)]
    Viewer,
    /// Staff and settings of one unit; none of the others thereby.
    #[n(7)]
    Administrator,
    /// A connector's key.
    #[n(8)]
    Gateway,
    /// Watches over the relay.
    #[n(9)]
    Operator,
    /// Reads at the province.
    #[n(10)]
    Auditor,
    /// Enrols nodes, publishes catalogue and calendar, releases, erases.
    #[n(11)]
    Registrar,
    /// A root of the province.
    #[n(12)]
    Root,
}

impl Role {
    /// All, in the order of their numbers.
    pub const ALL: &'static [Self] = &[
        Self::Reception,
        Self::Processing,
        Self::Approval,
        Self::Clerk,
        Self::Cashier,
        Self::Return,
        Self::Viewer,
        Self::Administrator,
        Self::Gateway,
        Self::Operator,
        Self::Auditor,
        Self::Registrar,
        Self::Root,
    ];

    /// The roles that act in dossiers as a person at a desk.
    pub const DESK: &'static [Self] = &[
        Self::Reception,
        Self::Processing,
        Self::Approval,
        Self::Clerk,
        Self::Cashier,
        Self::Return,
    ];

    /// The stable word for programs and commands.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reception => "reception",
            Self::Processing => "processing",
            Self::Approval => "approval",
            Self::Clerk => "clerk",
            Self::Cashier => "cashier",
            Self::Return => "return",
            Self::Viewer => "viewer",
            Self::Administrator => "administrator",
            Self::Gateway => "gateway",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Registrar => "registrar",
            Self::Root => "root",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.code() == code)
    }

    /// Whether the role writes events into dossiers.
    #[must_use]
    pub const fn acts_in_dossiers(self) -> bool {
        matches!(
            self,
            Self::Reception
                | Self::Processing
                | Self::Approval
                | Self::Clerk
                | Self::Cashier
                | Self::Return
                | Self::Gateway
        )
    }

    /// Whether an administrator of a unit may give the role to the unit's people.
    #[must_use]
    pub const fn is_given_by_administrator(self) -> bool {
        matches!(
            self,
            Self::Reception
                | Self::Processing
                | Self::Approval
                | Self::Clerk
                | Self::Cashier
                | Self::Return
                | Self::Viewer
                | Self::Administrator
        )
    }

    /// Whether a registrar may give the role, bound to a unit and a node of it.
    #[must_use]
    pub const fn is_given_by_registrar(self) -> bool {
        matches!(self, Self::Administrator | Self::Gateway)
    }

    /// Whether a root may give the role, at the province.
    #[must_use]
    pub const fn is_given_by_root(self) -> bool {
        matches!(self, Self::Operator | Self::Auditor | Self::Registrar)
    }
}

/// The roles that may author entries of this kind; `None` for kinds that this program does not
/// know, which are passed on.
#[must_use]
pub fn roles_for(kind: Kind) -> Option<&'static [Role]> {
    if let Some(statement) = StatementKind::from_kind(kind) {
        return Some(statement_roles(statement));
    }
    EventKind::from_kind(kind).map(event_roles)
}

/// The roles that may author a statement.
fn statement_roles(kind: StatementKind) -> &'static [Role] {
    use StatementKind as K;
    match kind {
        K::Province | K::Roots | K::Relay => &[Role::Root],
        K::Unit
        | K::Agency
        | K::Approval
        | K::Procedure
        | K::Calendar
        | K::Notice
        | K::Erasure
        | K::Release
        | K::Succeeds => &[Role::Registrar],
        K::Grant | K::End => &[Role::Root, Role::Registrar, Role::Administrator],
    }
}

/// The roles that may author an event.
fn event_roles(kind: EventKind) -> &'static [Role] {
    use EventKind as K;
    match kind {
        K::Submitted => &[Role::Gateway],
        K::Received | K::NotAccepted | K::Supplemented | K::Withdrawn => &[Role::Reception],
        K::HandedOver
        | K::TakenOver
        | K::FeeAdded
        | K::FeeRemoved
        | K::FieldCorrected
        | K::UnitAdded => &[Role::Reception, Role::Processing],
        K::SupplementRequested => &[Role::Reception, Role::Processing, Role::Approval],
        K::Assigned | K::PaymentRequested => &[Role::Processing],
        K::Paid => &[Role::Cashier],
        K::PaymentConfirmed | K::PaymentReversed => &[Role::Cashier, Role::Gateway],
        K::Extended
        | K::Approved
        | K::Refused
        | K::ResultRecalled
        | K::Stopped
        | K::Resumed
        | K::CalendarAccepted => &[Role::Approval],
        K::ResultReady => &[Role::Clerk],
        K::ResultSent | K::ResultArrived | K::Returned => &[Role::Return],
        K::Opened | K::Printed | K::Detached | K::Noted => Role::DESK,
        // Who may make the chosen event may choose it; each dossier's rules see to that.
        K::ConflictResolved => &[
            Role::Reception,
            Role::Processing,
            Role::Approval,
            Role::Clerk,
            Role::Cashier,
            Role::Return,
            Role::Administrator,
        ],
        K::Attached => &[
            Role::Reception,
            Role::Processing,
            Role::Approval,
            Role::Clerk,
            Role::Cashier,
            Role::Return,
            Role::Gateway,
        ],
        K::CodeReissued => &[Role::Administrator],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_number_and_by_its_word() {
        for kind in StatementKind::ALL {
            assert!(kind.kind().is_statement());
            assert_eq!(StatementKind::from_kind(kind.kind()), Some(*kind));
            assert_eq!(StatementKind::from_code(kind.code()), Some(*kind));
        }
        for (index, kind) in EventKind::ALL.iter().enumerate() {
            assert_eq!(usize::from(kind.kind().0), 256 + index);
            assert_eq!(EventKind::from_kind(kind.kind()), Some(*kind));
            assert_eq!(EventKind::from_code(kind.code()), Some(*kind));
        }
        assert_eq!(EventKind::ALL.len(), 35);
    }

    #[test]
    fn every_known_kind_has_a_role_and_no_unknown_one_has() {
        for number in 0..=u16::MAX {
            let kind = Kind(number);
            let known =
                StatementKind::from_kind(kind).is_some() || EventKind::from_kind(kind).is_some();
            assert_eq!(roles_for(kind).is_some_and(|roles| !roles.is_empty()), known);
        }
    }

    #[test]
    fn nobody_of_the_province_and_no_viewer_acts_in_dossiers() {
        for kind in EventKind::ALL {
            for role in roles_for(kind.kind()).unwrap() {
                assert!(role.acts_in_dossiers() || *role == Role::Administrator, "{kind:?}");
            }
        }
    }

    #[test]
    fn an_administrator_writes_only_the_reissue_of_a_code_and_the_choice_between_two() {
        let writes: Vec<_> = EventKind::ALL
            .iter()
            .filter(|kind| roles_for(kind.kind()).unwrap().contains(&Role::Administrator))
            .collect();
        assert_eq!(writes, [&EventKind::ConflictResolved, &EventKind::CodeReissued]);
    }

    #[test]
    fn every_role_is_found_by_its_word_and_given_by_somebody() {
        for role in Role::ALL {
            assert_eq!(Role::from_code(role.code()), Some(*role));
            let given = role.is_given_by_administrator()
                || role.is_given_by_registrar()
                || role.is_given_by_root();
            assert_eq!(given, *role != Role::Root);
        }
    }
}
