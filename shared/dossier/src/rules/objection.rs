//! What the rules say of an event that they do not allow.

/// Why an event has no effect, or may not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Objection {
    /// The author's roles do not allow it.
    Role,
    /// The day lies outside the first and last day of the author's grant.
    GrantDates,
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
    /// The author's unit cannot give such a code, or it stands in for one.
    Code,
    /// It happened already.
    Repeated,
    /// A person must first choose between events that exclude each other.
    NeedsReview,
    /// A paper reference is needed, and for what is entered later a reason too.
    Paper,
}

impl Objection {
    /// All.
    pub const ALL: &'static [Self] = &[
        Self::Role,
        Self::GrantDates,
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
        Self::Code,
        Self::Repeated,
        Self::NeedsReview,
        Self::Paper,
    ];

    /// The stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::GrantDates => "grant-dates",
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
            Self::Code => "code",
            Self::Repeated => "repeated",
            Self::NeedsReview => "needs-review",
            Self::Paper => "paper",
        }
    }
}
