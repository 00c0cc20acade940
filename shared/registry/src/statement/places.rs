//! Statements that name units, agencies and their successions, and messages to desks.

use hoso_identity::UnitId;
use minicbor::{Decode, Encode};

use crate::day::Day;

/// Closing time of a desk unless its data say otherwise: 17:00.
pub const CLOSING_MINUTE_DEFAULT: u16 = 17 * 60;

/// What kind of commune a unit serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum UnitKind {
    /// Phường.
    #[n(0)]
    Ward,
    /// Xã.
    #[n(1)]
    Commune,
    /// Đặc khu.
    #[n(2)]
    SpecialZone,
}

impl UnitKind {
    /// All.
    pub const ALL: &'static [Self] = &[Self::Ward, Self::Commune, Self::SpecialZone];

    /// The Vietnamese word, in lower case.
    #[must_use]
    pub const fn vietnamese(self) -> &'static str {
        match self {
            Self::Ward => "phường",
            Self::Commune => "xã",
            Self::SpecialZone => "đặc khu",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_vietnamese(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.vietnamese() == word)
    }
}

/// A unit of before the rearrangement of 2025 that went into a unit of today.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FormerUnit {
    /// Kind and name as they were abbreviated, for example `P Hòa Bình`.
    #[n(0)]
    pub name: String,
    /// The district that it lay in.
    #[n(1)]
    pub district: String,
    /// Whether only a part of it went to this unit.
    #[n(2)]
    pub part: bool,
}

/// A bank account into which a unit takes fees.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Account {
    /// The bank's six digits.
    #[n(0)]
    pub bank_bin: String,
    /// The account's number.
    #[n(1)]
    pub number: String,
    /// The holder as the bank writes it.
    #[n(2)]
    pub holder: String,
}

/// A unit with nodes. A later statement with the same id is a new version of its data.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Unit {
    /// Its registry id, for ever; shared with no agency.
    #[n(0)]
    pub id: UnitId,
    /// Its code: five digits of the statistics office.
    #[n(1)]
    pub code: String,
    /// What kind of commune.
    #[n(2)]
    pub kind: UnitKind,
    /// The commune's name without its kind.
    #[n(3)]
    pub name: String,
    /// The organisation code, with which dossier codes begin.
    #[n(4)]
    pub org_code: String,
    /// Whether the organisation code is a placeholder, to be replaced before official use.
    #[n(5)]
    pub org_code_is_placeholder: bool,
    /// Whether it is an island.
    #[n(6)]
    pub island: bool,
    /// The desk, as forms name it.
    #[n(7)]
    pub desk_name: String,
    /// The authority that decides, as forms name it.
    #[n(8)]
    pub authority_name: String,
    /// The district that it lay in until 2025.
    #[n(9)]
    pub former_district: Option<String>,
    /// What it was made of.
    #[n(10)]
    pub former_units: Vec<FormerUnit>,
    /// Where fees go.
    #[n(11)]
    pub accounts: Vec<Account>,
    /// When the desk closes, minutes after midnight at UTC+7.
    #[n(12)]
    pub closing_minute: u16,
    /// First day, if known.
    #[n(13)]
    pub valid_from: Option<Day>,
    /// Last day, if any.
    #[n(14)]
    pub valid_until: Option<Day>,
    /// The body of which the desk is a part, as forms name it above the desk; none if none is
    /// known.
    #[n(15)]
    pub desk_superior: Option<String>,
}

impl Unit {
    /// Kind and name as people say them, for example `đặc khu Cô Tô`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.kind.vietnamese(), self.name)
    }
}

/// A competent body without nodes. A later statement with the same id is a new version.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Agency {
    /// Its registry id, for ever; shared with no unit.
    #[n(0)]
    pub id: UnitId,
    /// Its code in the catalogue.
    #[n(1)]
    pub code: String,
    /// Its name; the code until somebody gives one.
    #[n(2)]
    pub name: String,
    /// When it closes, minutes after midnight at UTC+7.
    #[n(3)]
    pub closing_minute: u16,
    /// First day, if known.
    #[n(4)]
    pub valid_from: Option<Day>,
    /// Last day, if any.
    #[n(5)]
    pub valid_until: Option<Day>,
}

/// One unit takes the place of another and reads its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Succeeds {
    /// The unit that was.
    #[n(0)]
    pub from: UnitId,
    /// The unit that takes its place.
    #[n(1)]
    pub to: UnitId,
    /// From when, for people; the right to act begins with the statement.
    #[n(2)]
    pub at: Day,
}

/// A message to desks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Notice {
    /// One line.
    #[n(0)]
    pub title: String,
    /// The text; may hold line breaks.
    #[n(1)]
    pub text: String,
    /// To whom, strictly ascending; empty means all.
    #[n(2)]
    pub units: Vec<UnitId>,
    /// First day, if not at once.
    #[n(3)]
    pub from: Option<Day>,
    /// Last day, if any.
    #[n(4)]
    pub until: Option<Day>,
}
