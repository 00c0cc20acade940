//! What an applicant applies for: the parts that `submitted` and `received` share.

use hoso_identity::{EntryId, UnitId};
use hoso_registry::Day;

use super::{
    Fault,
    part::{Part, Parts, parts, words},
};
use crate::value::Value;

words! {
    /// What an applicant is.
    PartyKind {
        /// A person.
        Person "person",
        /// An organisation.
        Organisation "organisation",
        /// A household business.
        HouseholdBusiness "household_business",
    }
    /// How an application came.
    Channel {
        /// Over the counter.
        Counter "counter",
        /// By post.
        Post "post",
        /// Online.
        Online "online",
    }
    /// How a result goes out.
    ResultChannel {
        /// At a desk.
        Desk "desk",
        /// By post.
        Post "post",
        /// Electronically.
        Electronic "electronic",
    }
}

parts! {
    /// An applicant or an owner.
    Party {
        /// What they are.
        kind "kind": PartyKind,
        /// Their name.
        name "name": String,
        /// Number of the identity card, the tax code or the licence.
        id_number "id_number": Option<String>,
        /// Birthday of a person.
        birth_date "birth_date": Option<Day>,
        /// Telephone number.
        phone "phone": Option<String>,
        /// Mail address.
        email "email": Option<String>,
        /// Where they live or have their seat.
        address "address": Option<String>,
    }
    /// Who acts for the applicant.
    Representative {
        /// Their name.
        name "name": String,
        /// Number of the identity card.
        id_number "id_number": Option<String>,
        /// By which authority.
        authority "authority": Option<String>,
    }
    /// A line of the papers.
    Paper {
        /// What it is.
        name "name": String,
        /// How many originals.
        originals "originals": u16,
        /// How many certified copies.
        certified_copies "certified_copies": u16,
        /// How many photocopies.
        photocopies "photocopies": u16,
    }
    /// A line of the fees.
    Fee {
        /// What for.
        name "name": String,
        /// In đồng.
        amount "amount": u64,
    }
    /// The catalogue as it was at that moment; a later version of it never moves a due time.
    Frozen {
        /// The statement that gave the procedure's version.
        procedure "procedure": EntryId,
        /// The statements that gave the calendars, of one or more years.
        calendars "calendars": Vec<EntryId>,
        /// When the competent desk closes, minutes after midnight at UTC+7.
        closing_minute "closing_minute": u16,
    }
    /// What is applied for, by whom, where.
    Application {
        /// National code of the procedure.
        procedure_code "procedure_code": String,
        /// Who applies.
        applicant "applicant": Party,
        /// Whose affair it is, if not the applicant's.
        owner "owner": Option<Party>,
        /// Who acts for them, if anyone.
        representative "representative": Option<Representative>,
        /// The desk that answers for reception.
        receiving_unit "receiving_unit": UnitId,
        /// Who decides.
        competent_unit "competent_unit": Office,
        /// Where the result is returned.
        return_unit "return_unit": UnitId,
        /// How it came.
        channel "channel": Channel,
        /// How the result is to go out.
        result_channel "result_channel": ResultChannel,
        /// Number of sets.
        sets "sets": u16,
        /// Its papers.
        papers "papers": Vec<Paper>,
        /// Its fees at reception.
        fees "fees": Vec<Fee>,
        /// A remark.
        note "note": Option<String>,
    }
}

impl Paper {
    /// Originals and copies together.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        [self.originals, self.certified_copies, self.photocopies].into_iter().map(u32::from).sum()
    }

    /// What of this paper is still missing once those have come; nothing if as many pieces of it
    /// have come as were asked for, whatever their kind.
    fn without(&self, come: &[Self]) -> Option<Self> {
        let same: Vec<&Self> = come.iter().filter(|paper| paper.name == self.name).collect();
        let pieces: u32 = same.iter().map(|paper| paper.pieces()).sum();
        if !same.is_empty() && pieces >= self.pieces() {
            return None;
        }
        let less = |asked: u16, count: fn(&Self) -> u16| {
            same.iter().fold(asked, |left, paper| left.saturating_sub(count(paper)))
        };
        Some(Self {
            name: self.name.clone(),
            originals: less(self.originals, |paper| paper.originals),
            certified_copies: less(self.certified_copies, |paper| paper.certified_copies),
            photocopies: less(self.photocopies, |paper| paper.photocopies),
        })
    }
}

/// What is still missing of the papers that were asked for, once those have come.
#[must_use]
pub fn still_missing(asked: &[Paper], come: &[Paper]) -> Vec<Paper> {
    asked.iter().filter_map(|paper| paper.without(come)).collect()
}

/// A unit, or an agency that has no nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Office {
    /// A unit: it joins the audience.
    Unit(UnitId),
    /// An agency: what it does is recorded by the unit that deals with it.
    Agency(UnitId),
}

impl Office {
    /// The unit, if it is one.
    #[must_use]
    pub fn unit(self) -> Option<UnitId> {
        match self {
            Self::Unit(unit) => Some(unit),
            Self::Agency(_) => None,
        }
    }

    /// Its id; units and agencies share the numbers.
    #[must_use]
    pub fn id(self) -> UnitId {
        match self {
            Self::Unit(id) | Self::Agency(id) => id,
        }
    }
}

/// A number for a unit, a map `{agency}` for an agency.
impl Part for Office {
    fn write(&self) -> Option<Value> {
        match self {
            Self::Unit(unit) => unit.write(),
            Self::Agency(agency) => {
                Some(Value::Map(Parts::from([("agency".to_owned(), agency.write()?)])))
            }
        }
    }

    fn read_value(value: &Value) -> Result<Self, Fault> {
        let Some(parts) = value.as_map() else {
            return UnitId::read_value(value).map(Self::Unit);
        };
        if parts.keys().any(|key| key != "agency") {
            return Err(Fault::Newer);
        }
        UnitId::read(parts.get("agency")).map(Self::Agency)
    }
}

impl Application {
    /// The application as it stands in an event: a map.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.write().unwrap_or(Value::Null)
    }

    /// The units that a dossier with this application concerns, ascending.
    #[must_use]
    pub fn units(&self) -> Vec<UnitId> {
        let mut units = vec![self.receiving_unit, self.return_unit];
        units.extend(self.competent_unit.unit());
        units.sort_unstable();
        units.dedup();
        units
    }
}
