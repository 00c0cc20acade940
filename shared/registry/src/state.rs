//! The fold of the admitted statements in ledger order: what holds now.
//!
//! [`State::fold`] believes what it is given; [`crate::admission`] decides before. The order of
//! all collections is the order of their keys, so that two machines with the same statements
//! answer alike.

mod facts;
mod fold;

use std::collections::{BTreeMap, BTreeSet};

use hoso_identity::{
    DocumentId, EntryId, NodeId, PersonId, Position, PublicKey, Realm, Scope, UnitId,
};
use time::Date;

use self::facts::comes_before;
pub use self::facts::{Ended, ErasureFacts, GrantFacts, NodeFacts, PersonFacts};
use crate::{
    kinds::Role,
    statement::{Agency, CalendarYear, Notice, Procedure, Province, RealmKind, Relay, Unit},
};

/// What the statements so far have agreed. Empty by default: a realm not yet founded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    founding: Option<(EntryId, Province)>,
    relay: Option<Relay>,
    units: BTreeMap<UnitId, Unit>,
    agencies: BTreeMap<UnitId, Agency>,
    nodes: BTreeMap<NodeId, NodeFacts>,
    transports: BTreeMap<PublicKey, NodeId>,
    persons: BTreeMap<PersonId, PersonFacts>,
    grants: BTreeMap<(EntryId, PublicKey), GrantFacts>,
    statements_with_grants: BTreeSet<EntryId>,
    /// With the position of the statement, like all versions.
    procedure_versions: BTreeMap<EntryId, (Procedure, Option<Position>)>,
    procedure_codes: BTreeMap<String, Vec<EntryId>>,
    calendar_versions: BTreeMap<EntryId, (CalendarYear, Option<Position>)>,
    calendar_years: BTreeMap<u16, EntryId>,
    notices: Vec<(EntryId, Notice)>,
    erasures: BTreeMap<(DocumentId, Option<UnitId>), ErasureFacts>,
    releases: BTreeSet<EntryId>,
    /// With the position of the statement that said so.
    predecessors: BTreeMap<UnitId, BTreeMap<UnitId, Option<Position>>>,
    /// Every organisation code that the unit has had, with the position of its first statement.
    org_codes: BTreeMap<UnitId, BTreeMap<String, Option<Position>>>,
}

/// The realm.
impl State {
    /// What the registry's first entry says.
    #[must_use]
    pub fn province(&self) -> Option<&Province> {
        self.founding.as_ref().map(|(_, province)| province)
    }

    /// The id of the registry's first entry: the grant of all roots.
    #[must_use]
    pub fn founding(&self) -> Option<EntryId> {
        self.founding.as_ref().map(|(id, _)| *id)
    }

    /// The realm that all entries but the first must name.
    #[must_use]
    pub fn realm(&self) -> Option<Realm> {
        self.founding().map(|id| id.realm())
    }

    /// What the realm is for.
    #[must_use]
    pub fn realm_kind(&self) -> Option<RealmKind> {
        self.province().map(|province| province.realm_kind)
    }

    /// The relay's keys and addresses.
    #[must_use]
    pub fn relay_keys(&self) -> Option<&Relay> {
        self.relay.as_ref()
    }

    /// The notices in the order of the ledger.
    pub fn notices(&self) -> impl Iterator<Item = (EntryId, &Notice)> {
        self.notices.iter().map(|(id, notice)| (*id, notice))
    }
}

/// Units, agencies and nodes.
impl State {
    /// The latest version of this unit's data.
    #[must_use]
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.units.get(&id)
    }

    /// The unit whose code this is.
    #[must_use]
    pub fn unit_by_code(&self, code: &str) -> Option<&Unit> {
        self.units.values().find(|unit| unit.code == code)
    }

    /// All units, by id.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.values()
    }

    /// The latest version of this agency's data.
    #[must_use]
    pub fn agency(&self, id: UnitId) -> Option<&Agency> {
        self.agencies.get(&id)
    }

    /// The agency whose code this is.
    #[must_use]
    pub fn agency_by_code(&self, code: &str) -> Option<&Agency> {
        self.agencies.values().find(|agency| agency.code == code)
    }

    /// All agencies, by id.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values()
    }

    /// The node, ended or not.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&NodeFacts> {
        self.nodes.get(&id)
    }

    /// The node with this QUIC identity, ended or not.
    #[must_use]
    pub fn node_by_transport(&self, transport: &PublicKey) -> Option<&NodeFacts> {
        self.transports.get(transport).and_then(|id| self.nodes.get(id))
    }

    /// All nodes, by id, ended or not.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeFacts> {
        self.nodes.values()
    }

    /// All nodes of the unit, by id, ended or not.
    pub fn nodes_of_unit(&self, unit: UnitId) -> impl Iterator<Item = &NodeFacts> {
        self.nodes.values().filter(move |node| node.unit == unit)
    }

    /// The lowest stations that no node of the unit has ever had.
    pub fn free_stations(&self, unit: UnitId) -> impl Iterator<Item = u16> {
        let taken: BTreeSet<u16> =
            self.nodes_of_unit(unit).flat_map(|node| node.stations.iter().copied()).collect();
        (1..=999).filter(move |station| !taken.contains(station))
    }

    /// The units that this unit took the place of, directly or through others, ascending.
    #[must_use]
    pub fn predecessors(&self, unit: UnitId) -> BTreeSet<UnitId> {
        self.predecessors_at(unit, None)
    }

    /// The units that this unit had taken the place of before an entry at this position; an entry
    /// without one comes after everything.
    #[must_use]
    pub fn predecessors_at(&self, unit: UnitId, entry: Option<Position>) -> BTreeSet<UnitId> {
        let mut found = BTreeSet::new();
        let mut open = vec![unit];
        while let Some(next) = open.pop() {
            let taken = self.predecessors.get(&next).into_iter().flatten();
            for (before, _) in taken.filter(|(_, said)| comes_before(**said, entry)) {
                if *before != unit && found.insert(*before) {
                    open.push(*before);
                }
            }
        }
        found
    }

    /// The organisation codes that the unit had, or had had, before an entry at this position.
    pub fn org_codes_at(
        &self,
        unit: UnitId,
        entry: Option<Position>,
    ) -> impl Iterator<Item = &str> {
        let codes = self.org_codes.get(&unit).into_iter().flatten();
        codes.filter(move |(_, said)| comes_before(**said, entry)).map(|(code, _)| code.as_str())
    }

    /// The scopes that the unit's nodes read: the province, its own, and its predecessors'.
    #[must_use]
    pub fn scopes_of(&self, unit: UnitId) -> Vec<Scope> {
        let mut units = self.predecessors(unit);
        units.insert(unit);
        std::iter::once(Scope::Province).chain(units.into_iter().map(Scope::Unit)).collect()
    }
}

/// People and their grants.
impl State {
    /// What this statement gave this key.
    #[must_use]
    pub fn grant(&self, statement: &EntryId, key: &PublicKey) -> Option<&GrantFacts> {
        self.grants.get(&(*statement, *key))
    }

    /// Whether this statement gave anything to any key.
    #[must_use]
    pub fn is_grant(&self, statement: &EntryId) -> bool {
        self.statements_with_grants.contains(statement)
    }

    /// All grants, ended ones too, by statement and key.
    pub fn grants(&self) -> impl Iterator<Item = &GrantFacts> {
        self.grants.values()
    }

    /// All grants in this unit, ended ones too.
    pub fn grants_of_unit(&self, unit: UnitId) -> impl Iterator<Item = &GrantFacts> {
        self.grants.values().filter(move |grant| grant.unit == Some(unit))
    }

    /// All grants of this person, ended ones too: to end a person is to end each of them.
    pub fn grants_of_person(&self, person: PersonId) -> impl Iterator<Item = &GrantFacts> {
        self.grants.values().filter(move |grant| grant.person == Some(person))
    }

    /// All grants at the province, ended ones too: roots, registrars, operators, auditors.
    pub fn provincial_grants(&self) -> impl Iterator<Item = &GrantFacts> {
        self.grants.values().filter(|grant| grant.unit.is_none())
    }

    /// The root keys that have not ended.
    pub fn roots(&self) -> impl Iterator<Item = PublicKey> {
        let roots = self.grants.values().filter(|grant| grant.has(Role::Root));
        roots.filter(|grant| grant.ended.is_none()).map(|grant| grant.key)
    }

    /// The person.
    #[must_use]
    pub fn person(&self, id: PersonId) -> Option<&PersonFacts> {
        self.persons.get(&id)
    }
}

/// Procedures and calendars.
impl State {
    /// This version of a procedure, if it had been stated before an entry at this position; an
    /// entry without one comes after everything.
    #[must_use]
    pub fn procedure_version_at(
        &self,
        version: &EntryId,
        entry: Option<Position>,
    ) -> Option<&Procedure> {
        let (procedure, said) = self.procedure_versions.get(version)?;
        comes_before(*said, entry).then_some(procedure)
    }

    /// The version under which a dossier is received on this date: of those valid on it the one
    /// that begins last, and of these the one stated last.
    #[must_use]
    pub fn procedure(&self, code: &str, date: Date) -> Option<(EntryId, &Procedure)> {
        let versions = self.procedure_codes.get(code)?.iter();
        versions
            .filter_map(|id| Some((*id, self.procedure_version_at(id, None)?)))
            .filter(|(_, procedure)| {
                procedure.valid_from.0 <= date
                    && procedure.valid_until.is_none_or(|until| date <= until.0)
            })
            .max_by_key(|(_, procedure)| procedure.valid_from)
    }

    /// All versions of all procedures, by code and then in the order of the ledger.
    pub fn procedures(&self) -> impl Iterator<Item = (EntryId, &Procedure)> {
        let ids = self.procedure_codes.values().flatten();
        ids.filter_map(|id| Some((*id, self.procedure_version_at(id, None)?)))
    }

    /// The version of each procedure that is in force on this date, by code.
    pub fn procedures_on(&self, date: Date) -> impl Iterator<Item = (EntryId, &Procedure)> {
        self.procedure_codes.keys().filter_map(move |code| self.procedure(code, date))
    }

    /// This version of a year's calendar, if it had been stated before an entry at this position;
    /// an entry without one comes after everything.
    #[must_use]
    pub fn calendar_version_at(
        &self,
        version: &EntryId,
        entry: Option<Position>,
    ) -> Option<&CalendarYear> {
        let (calendar, said) = self.calendar_versions.get(version)?;
        comes_before(*said, entry).then_some(calendar)
    }

    /// The last year that has a calendar.
    #[must_use]
    pub fn last_calendar_year(&self) -> Option<u16> {
        self.calendar_years.keys().next_back().copied()
    }

    /// The latest version of this year's calendar.
    #[must_use]
    pub fn calendar(&self, year: u16) -> Option<(EntryId, &CalendarYear)> {
        let id = self.calendar_years.get(&year)?;
        Some((*id, self.calendar_version_at(id, None)?))
    }

    /// The latest version of each year's calendar, by year.
    pub fn calendars(&self) -> impl Iterator<Item = (EntryId, &CalendarYear)> {
        self.calendar_years.keys().filter_map(|year| self.calendar(*year))
    }
}

/// Erasures and releases.
impl State {
    /// The erasure of this dossier everywhere, once two registrars agree.
    #[must_use]
    pub fn erased(&self, document: &DocumentId) -> Option<&ErasureFacts> {
        self.erasure(document, None).filter(|erasure| erasure.has_effect())
    }

    /// The erasure of this dossier everywhere or at this unit, once two registrars agree.
    #[must_use]
    pub fn erased_at(&self, document: &DocumentId, unit: UnitId) -> Option<&ErasureFacts> {
        let here = self.erasure(document, Some(unit)).filter(|erasure| erasure.has_effect());
        self.erased(document).or(here)
    }

    /// What registrars have said about erasing this dossier, with or without effect so far.
    #[must_use]
    pub fn erasure(&self, document: &DocumentId, unit: Option<UnitId>) -> Option<&ErasureFacts> {
        self.erasures.get(&(*document, unit))
    }

    /// All that registrars have said about erasures, by dossier and unit.
    pub fn erasures(&self) -> impl Iterator<Item = (DocumentId, Option<UnitId>, &ErasureFacts)> {
        self.erasures.iter().map(|((document, unit), erasure)| (*document, *unit, erasure))
    }

    /// Whether a registrar has released this entry.
    #[must_use]
    pub fn released(&self, entry: &EntryId) -> bool {
        self.releases.contains(entry)
    }
}
