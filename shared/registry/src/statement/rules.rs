//! Statements that say how dossiers are dealt with: procedures and calendars.

use hoso_identity::UnitId;
use minicbor::{Decode, Encode};

use crate::day::Day;

/// Same-day procedures received from this minute on are due on the next working day: 15:00.
pub const CUTOFF_MINUTE_DEFAULT: u16 = 15 * 60;

/// How long a procedure may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Term {
    /// Until the desk closes, if received before the cut-off.
    #[n(0)]
    SameDay,
    /// So many working days.
    #[n(1)]
    WorkingDays(#[n(0)] u16),
    /// So many days.
    #[n(2)]
    CalendarDays(#[n(0)] u16),
    /// No due time: the day is announced.
    #[n(3)]
    ByAnnouncement,
}

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Competent {
    /// The unit of the applicant's affair; the receiving unit unless another is named.
    #[n(0)]
    Unit,
    /// The unit in which the land lies: must be named at reception.
    #[n(1)]
    UnitOfLand,
    /// A body without nodes.
    #[n(2)]
    Agency(#[n(0)] UnitId),
}

/// What a supplement does to the due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Supplement {
    /// The term begins anew.
    #[n(0)]
    Restart,
    /// The term goes on where it was.
    #[n(1)]
    Resume,
}

/// How well something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Certainty {
    /// Found in a public source.
    #[n(0)]
    Source,
    /// From memory, high confidence.
    #[n(1)]
    High,
    /// From memory, medium confidence.
    #[n(2)]
    Medium,
    /// From memory, low confidence: a placeholder that an administrator replaces.
    #[n(3)]
    Low,
}

/// A version of a procedure; the version's id is the entry's id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Procedure {
    /// National code, for example `1.001193`.
    #[n(0)]
    pub code: String,
    /// Its Vietnamese name.
    #[n(1)]
    pub name: String,
    /// The field that it belongs to.
    #[n(2)]
    pub field: String,
    /// How long it may take.
    #[n(3)]
    pub term: Term,
    /// Working days more that processing may take once for verification elsewhere.
    #[n(4)]
    pub verification_extra_working_days: Option<u16>,
    /// The fee in đồng; `None` is not known, 0 is free.
    #[n(5)]
    pub fee_vnd: Option<u64>,
    /// What a person must look at before the fee is asked for.
    #[n(6)]
    pub fee_rule: Option<String>,
    /// The papers that it takes.
    #[n(7)]
    pub papers: Vec<String>,
    /// Who decides.
    #[n(8)]
    pub competent: Competent,
    /// What a supplement does to the due time.
    #[n(9)]
    pub supplement: Supplement,
    /// How often it may be extended.
    #[n(10)]
    pub extensions_max: u16,
    /// First day on which dossiers are received under this version.
    #[n(11)]
    pub valid_from: Day,
    /// Last such day, if any.
    #[n(12)]
    pub valid_until: Option<Day>,
    /// The code that it had before, if it was renumbered.
    #[n(13)]
    pub replaces: Option<String>,
    /// A remark for clerks.
    #[n(14)]
    pub note: Option<String>,
    /// The term in the words in which it was found.
    #[n(15)]
    pub term_as_found: Option<String>,
    /// The fee in the words in which it was found.
    #[n(16)]
    pub fee_as_found: Option<String>,
    /// How well it is known that the code has this name.
    #[n(17)]
    pub name_certainty: Certainty,
    /// How well term, fee and papers are known.
    #[n(18)]
    pub terms_certainty: Certainty,
    /// The cut-off of same-day procedures, minutes after midnight at UTC+7.
    #[n(19)]
    pub cutoff_minute: u16,
}

impl Procedure {
    /// Whether the fee is only proposed, so that a clerk confirms it: it is unknown, has a rule,
    /// or is known with less than high confidence.
    #[must_use]
    pub fn fee_is_proposed(&self) -> bool {
        self.fee_vnd.is_none() || self.fee_rule.is_some() || self.terms_certainty > Certainty::High
    }
}

/// Whether a year's calendar has been decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum CalendarStatus {
    /// Decided and published.
    #[n(0)]
    Official,
    /// Computed or proposed.
    #[n(1)]
    Probable,
}

impl CalendarStatus {
    /// The word of the calendar's file.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Probable => "probable",
        }
    }
}

/// A version of one year's calendar; the version's id is the entry's id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CalendarYear {
    /// The year.
    #[n(0)]
    pub year: u16,
    /// Whether it has been decided.
    #[n(1)]
    pub status: CalendarStatus,
    /// Mondays to Fridays of the year that are off, strictly ascending.
    #[n(2)]
    pub off_days: Vec<Day>,
    /// Saturdays of the year on which work is made up for, strictly ascending.
    #[n(3)]
    pub working_saturdays: Vec<Day>,
}
