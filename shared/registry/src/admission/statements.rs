//! Which statement may be made by whom, about what, in which state.

use hoso_identity::{
    EntryId, Header, Kind, PersonId, Position, Reason, UnitId, Verdict, WaitingFor,
};

use super::{Facts, require};
use crate::{
    kinds::{Role, StatementKind},
    state::{GrantFacts, State},
    statement::{Agency, Approval, Competent, End, Grant, Part, Roots, Statement, Succeeds, Unit},
};

/// Decides about an entry that would found the realm: only the first has effect.
pub(super) fn founding(
    header: &Header,
    id: &EntryId,
    state: &State,
    facts: &Facts<'_>,
) -> Result<(), Verdict> {
    require(state.founding().is_none_or(|founding| founding == *id), Reason::Realm)?;
    require(header.realm.is_zero(), Reason::Realm)?;
    require(header.document.is_zero(), Reason::Shape)?;
    require(header.units_added.is_empty(), Reason::Units)?;
    let Some(Statement::Province(province)) = facts.statement else {
        return Err(Verdict::Refused(Reason::Shape));
    };
    let by_a_root = header.grant.is_zero() && province.roots.contains(&header.author);
    require(by_a_root, Reason::Grant)
}

/// Decides about a statement whose author's role may make statements of this kind.
pub(super) fn lawful(
    kind: Kind,
    position: Option<Position>,
    author: &GrantFacts,
    state: &State,
    statement: Option<&Statement>,
) -> Result<(), Verdict> {
    let Some(known) = StatementKind::from_kind(kind) else { return Ok(()) };
    let statement = statement.filter(|statement| statement.kind() == known);
    match statement.ok_or(Verdict::Refused(Reason::Shape))? {
        Statement::Province(_) => Err(Verdict::Refused(Reason::Realm)),
        Statement::Roots(data) => roots(data, state),
        Statement::Unit(data) => unit(data, state),
        Statement::Agency(data) => agency(data, state),
        Statement::Approval(data) => approval(data, state),
        Statement::Grant(data) => grant(data, position, author, state),
        Statement::End(data) => end(*data, author, state),
        Statement::Procedure(data) => match data.competent {
            Competent::Agency(id) => require(state.agency(id).is_some(), Reason::Units),
            Competent::Unit | Competent::UnitOfLand => Ok(()),
        },
        Statement::Notice(data) => units_exist(&data.units, state),
        Statement::Erasure(data) => units_exist(data.unit.as_slice(), state),
        Statement::Succeeds(data) => succeeds(*data, state),
        Statement::Relay(_) | Statement::Calendar(_) | Statement::Release(_) => Ok(()),
    }
}

/// A root that has ended never comes back: its key may be in a stranger's hands.
fn roots(data: &Roots, state: &State) -> Result<(), Verdict> {
    let ended = state
        .provincial_grants()
        .filter(|grant| grant.has(Role::Root) && grant.ended.is_some())
        .any(|grant| data.keys.contains(&grant.key));
    require(!ended, Reason::Grant)
}

/// Ids are never shared between units and agencies, codes never between two of them.
fn unit(data: &Unit, state: &State) -> Result<(), Verdict> {
    require(state.agency(data.id).is_none(), Reason::Units)?;
    code_is_free(&data.code, data.id, state)
}

fn agency(data: &Agency, state: &State) -> Result<(), Verdict> {
    require(state.unit(data.id).is_none(), Reason::Units)?;
    code_is_free(&data.code, data.id, state)
}

fn code_is_free(code: &str, id: UnitId, state: &State) -> Result<(), Verdict> {
    let unit = state.unit_by_code(code).is_some_and(|other| other.id != id);
    let agency = state.agency_by_code(code).is_some_and(|other| other.id != id);
    require(!unit && !agency, Reason::Units)
}

/// A QUIC identity and a station are given once and for ever.
fn approval(data: &Approval, state: &State) -> Result<(), Verdict> {
    require(state.unit(data.unit).is_some(), Reason::Units)?;
    require(state.node_by_transport(&data.transport).is_none(), Reason::Shape)?;
    let taken = state
        .nodes_of_unit(data.unit)
        .any(|node| node.stations.iter().any(|station| data.stations.contains(station)));
    require(!taken, Reason::Shape)?;
    person_is_known(data.administrator.person, Some(data.unit), state)
}

/// Roots give the province's roles, registrars administrators and gateways, administrators the
/// roles of their own unit's people.
fn grant(
    data: &Grant,
    position: Option<Position>,
    author: &GrantFacts,
    state: &State,
) -> Result<(), Verdict> {
    person_is_known(data.person, data.unit, state)?;
    let all = |given: fn(Role) -> bool| data.roles.iter().copied().all(given);
    let (Some(unit), Some(id)) = (data.unit, data.node) else {
        let by_root = author.has(Role::Root) && all(Role::is_given_by_root);
        return require(by_root && data.unit.is_none() && data.node.is_none(), Reason::Grant);
    };
    let node = state.node(id).filter(|node| node.unit == unit);
    let node = node.ok_or(Verdict::Refused(Reason::Grant))?;
    let by_registrar = author.has(Role::Registrar) && all(Role::is_given_by_registrar);
    let by_administrator = author.has(Role::Administrator)
        && author.unit == Some(unit)
        && all(Role::is_given_by_administrator);
    require(by_registrar || by_administrator, Reason::Grant)?;
    let machine = state.grant(&node.approval, &node.signing);
    require(!machine.is_some_and(|grant| grant.had_ended(position)), Reason::GrantEnded)
}

/// A person who has been named is named again only in the place where they are known.
fn person_is_known(
    person: Option<PersonId>,
    unit: Option<UnitId>,
    state: &State,
) -> Result<(), Verdict> {
    let Some(person) = person else { return Ok(()) };
    require(state.person(person).is_some_and(|facts| facts.unit == unit), Reason::Grant)
}

/// Nodes are ended by registrars; people where they are known: by an administrator of their unit
/// or by a registrar, at the province by a root, operators and auditors also by a registrar.
fn end(data: End, author: &GrantFacts, state: &State) -> Result<(), Verdict> {
    if !state.is_grant(&data.grant) {
        return Err(Verdict::Waiting(WaitingFor::Grant(data.grant)));
    }
    match data.what {
        Part::Node => {
            require(state.node(data.grant.node()).is_some(), Reason::Shape)?;
            require(author.has(Role::Registrar), Reason::Grant)
        }
        Part::Person => {
            let target = state
                .grants()
                .find(|grant| grant.statement == data.grant && grant.person.is_some());
            let target = target.ok_or(Verdict::Refused(Reason::Shape))?;
            let allowed = match target.unit {
                Some(unit) => {
                    author.has(Role::Registrar)
                        || (author.has(Role::Administrator) && author.unit == Some(unit))
                }
                None => {
                    author.has(Role::Root)
                        || (author.has(Role::Registrar) && !target.has(Role::Registrar))
                }
            };
            require(allowed, Reason::Grant)
        }
    }
}

/// Both units exist, and no unit comes to be its own predecessor.
fn succeeds(data: Succeeds, state: &State) -> Result<(), Verdict> {
    units_exist(&[data.from, data.to], state)?;
    let circle = data.from == data.to || state.predecessors(data.from).contains(&data.to);
    require(!circle, Reason::Units)
}

fn units_exist(units: &[UnitId], state: &State) -> Result<(), Verdict> {
    require(units.iter().all(|unit| state.unit(*unit).is_some()), Reason::Units)
}
