//! The one decision whether an entry counts, shared by the relay and every node.
//!
//! What an entry proves by itself (realm, grant, role, lawful units) is answered alike everywhere
//! and always. What depends on order (has the grant ended, is the unit in the audience) is answered
//! by the entry's position. Signature and shape are checked elsewhere, before.

mod statements;

use hoso_identity::{
    EntryId, Header, Kind, Position, Reason, UNITS_ADDED_MAX, UnitId, Verdict, WaitingFor,
};

use crate::{
    kinds::{EventKind, Role, StatementKind, roles_for},
    state::{GrantFacts, State},
    statement::Statement,
};

/// What the caller knows beyond the entry and the state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The units that the dossier's entries before this one have added; `None` while its first
    /// entry is unknown. Not asked for in first entries and statements.
    pub audience: Option<&'a [UnitId]>,
    /// Whether the node that brought the entry had ended: then nothing is taken from it.
    pub sender_ended: bool,
    /// What a statement says, if it can be read. Not asked for in events.
    pub statement: Option<&'a Statement>,
}

/// A statement with its place, as [`replay`] takes it.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Its entry's header.
    pub header: &'a Header,
    /// Its entry's id.
    pub id: EntryId,
    /// What it says.
    pub statement: &'a Statement,
    /// Its position, `None` while it has effect here only.
    pub position: Option<Position>,
}

/// Decides about one entry.
///
/// A kind that this program does not know is passed on if the grant acts in dossiers (events) or
/// rules the registry (statements), as long as it adds no units and begins no dossier. A release
/// overrides the end of the grant, the end of the sender, the audience and its bound; nothing else.
#[must_use]
pub fn admit(
    header: &Header,
    id: &EntryId,
    position: Option<Position>,
    state: &State,
    facts: &Facts<'_>,
) -> Verdict {
    let entry = Entry { header, id, position, released: state.released(id) };
    match decide(&entry, state, facts) {
        Ok(()) => Verdict::Admitted,
        Err(verdict) => verdict,
    }
}

/// The state after these statements: sorted by position, those without one last in the order
/// given, each admitted by the state before it or left out.
#[must_use]
pub fn replay<'a>(statements: impl IntoIterator<Item = Placed<'a>>) -> State {
    let mut ordered: Vec<Placed<'a>> = statements.into_iter().collect();
    ordered.sort_by_key(|placed| (placed.position.is_none(), placed.position));
    let mut state = State::default();
    for Placed { header, id, statement, position } in ordered {
        let facts = Facts { statement: Some(statement), ..Facts::default() };
        if admit(header, &id, position, &state, &facts) == Verdict::Admitted {
            state.fold(header, id, statement, position);
        }
    }
    state
}

/// The entry that is decided about.
struct Entry<'a> {
    header: &'a Header,
    id: &'a EntryId,
    position: Option<Position>,
    released: bool,
}

/// `Err` holds the verdict that is not "admitted".
fn decide(entry: &Entry<'_>, state: &State, facts: &Facts<'_>) -> Result<(), Verdict> {
    let header = entry.header;
    if StatementKind::from_kind(header.kind) == Some(StatementKind::Province) {
        return statements::founding(header, entry.id, state, facts);
    }
    let Some(realm) = state.realm() else {
        return Err(Verdict::Waiting(WaitingFor::Grant(header.grant)));
    };
    require(header.realm == realm, Reason::Realm)?;
    require(!facts.sender_ended || entry.released, Reason::NodeEnded)?;
    let grant = grant_of(header, state)?;
    require(may_author(grant, header.kind), Reason::Role)?;
    require(entry.released || !grant.had_ended(entry.position), Reason::GrantEnded)?;
    if header.kind.is_statement() {
        require(header.document.is_zero(), Reason::Shape)?;
        require(header.units_added.is_empty(), Reason::Units)?;
        statements::lawful(header.kind, entry.position, grant, state, facts.statement)
    } else {
        event(entry, grant, state, facts.audience)
    }
}

/// The grant that the header names, if it was given to the author's key.
fn grant_of<'a>(header: &Header, state: &'a State) -> Result<&'a GrantFacts, Verdict> {
    if let Some(grant) = state.grant(&header.grant, &header.author) {
        return Ok(grant);
    }
    require(!header.grant.is_zero() && !state.is_grant(&header.grant), Reason::Grant)?;
    Err(Verdict::Waiting(WaitingFor::Grant(header.grant)))
}

/// Whether the grant's roles allow this kind at all.
fn may_author(grant: &GrantFacts, kind: Kind) -> bool {
    match roles_for(kind) {
        Some(roles) => grant.has_any(roles),
        None if kind.is_statement() => grant.has_any(&[Role::Root, Role::Registrar]),
        None => grant.roles.iter().any(|role| role.acts_in_dossiers()),
    }
}

/// What holds for events beyond grant and role.
fn event(
    entry: &Entry<'_>,
    grant: &GrantFacts,
    state: &State,
    audience: Option<&[UnitId]>,
) -> Result<(), Verdict> {
    let header = entry.header;
    let kind = EventKind::from_kind(header.kind);
    let unit = grant.unit.ok_or(Verdict::Refused(Reason::Grant))?;
    let document = if header.is_first() { entry.id.document() } else { header.document };
    require(state.erased_at(&document, unit).is_none(), Reason::Erased)?;
    let adds_units = kind.is_some_and(EventKind::adds_units);
    require(header.units_added.is_empty() || adds_units, Reason::Units)?;
    let known = header.units_added.iter().all(|added| state.unit(*added).is_some());
    require(known, Reason::Units)?;
    if header.is_first() {
        require(kind.is_some_and(EventKind::begins_dossier), Reason::Shape)?;
        require(header.units_added.contains(&unit), Reason::Units)?;
        return require(header.units_added.len() <= UNITS_ADDED_MAX, Reason::Units);
    }
    let audience = audience.ok_or(Verdict::Waiting(WaitingFor::Document(document)))?;
    let mut own = state.predecessors_at(unit, entry.position);
    own.insert(unit);
    if !entry.released && !audience.iter().any(|unit| own.contains(unit)) {
        return Err(Verdict::Waiting(WaitingFor::Audience(document, unit)));
    }
    let new = header.units_added.iter().filter(|added| !audience.contains(added)).count();
    let fits = new == 0 || audience.len().saturating_add(new) <= UNITS_ADDED_MAX;
    // A registrar may let more units have a dossier than its people can by themselves.
    let wide = Verdict::Waiting(WaitingFor::Operator(*entry.id));
    if fits || entry.released { Ok(()) } else { Err(wide) }
}

/// Refuses with this reason unless the condition holds.
fn require(condition: bool, reason: Reason) -> Result<(), Verdict> {
    if condition { Ok(()) } else { Err(Verdict::Refused(reason)) }
}
