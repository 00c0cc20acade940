//! One statement more.

use hoso_identity::{EntryId, Header, NodeId, Position, PublicKey, UnitId};

use super::{Ended, ErasureFacts, GrantFacts, NodeFacts, PersonFacts, State};
use crate::{
    kinds::Role,
    statement::{Approval, End, Erasure, Grant, Part, Province, Roots, Statement},
};

/// Where a statement stands: what every part of it remembers.
#[derive(Clone, Copy)]
struct Place {
    id: EntryId,
    position: Option<Position>,
}

impl Place {
    fn ended(self) -> Ended {
        Ended { by: self.id, position: self.position }
    }
}

impl State {
    /// Takes one admitted statement. Statements come in the order of their positions; those
    /// without one come last, on a copy of the state that is thrown away when a position arrives.
    ///
    /// Total: a statement that cannot have effect (a second founding, the end of nothing) has none.
    pub fn fold(
        &mut self,
        header: &Header,
        id: EntryId,
        statement: &Statement,
        position: Option<Position>,
    ) {
        let place = Place { id, position };
        match statement {
            Statement::Province(data) => self.fold_province(data, place),
            Statement::Roots(data) => self.fold_roots(data, place),
            Statement::Relay(data) => self.relay = Some(data.clone()),
            Statement::Unit(data) => {
                let codes = self.org_codes.entry(data.id).or_default();
                codes.entry(data.org_code.clone()).or_insert(position);
                self.units.insert(data.id, data.clone());
            }
            Statement::Agency(data) => {
                self.agencies.insert(data.id, data.clone());
            }
            Statement::Approval(data) => self.fold_approval(data, place),
            Statement::Grant(data) => self.fold_grant(data, place),
            Statement::End(data) => self.fold_end(*data, place),
            Statement::Procedure(data) => {
                let version = (data.clone(), position);
                if self.procedure_versions.insert(id, version).is_none() {
                    self.procedure_codes.entry(data.code.clone()).or_default().push(id);
                }
            }
            Statement::Calendar(data) => {
                self.calendar_versions.insert(id, (data.clone(), position));
                self.calendar_years.insert(data.year, id);
            }
            Statement::Notice(data) => self.notices.push((id, data.clone())),
            Statement::Erasure(data) => self.fold_erasure(header, data, id),
            Statement::Release(data) => {
                self.releases.insert(data.entry);
            }
            Statement::Succeeds(data) => {
                let before = self.predecessors.entry(data.to).or_default();
                before.entry(data.from).or_insert(position);
            }
        }
    }

    fn fold_province(&mut self, data: &Province, place: Place) {
        if self.founding.is_some() {
            return;
        }
        self.founding = Some((place.id, data.clone()));
        for key in data.roots {
            self.give_root(place.id, key, place.position);
        }
    }

    fn fold_roots(&mut self, data: &Roots, place: Place) {
        let Some(founding) = self.founding() else { return };
        for grant in self.grants.values_mut().filter(|grant| grant.has(Role::Root)) {
            if !data.keys.contains(&grant.key) && grant.ended.is_none() {
                grant.ended = Some(place.ended());
            }
        }
        for key in &data.keys {
            self.give_root(founding, *key, place.position);
        }
    }

    /// Makes the key a root, unless it is or was one.
    fn give_root(&mut self, founding: EntryId, key: PublicKey, position: Option<Position>) {
        let name = self.province().map(|province| province.name.clone()).unwrap_or_default();
        self.give(GrantFacts {
            statement: founding,
            key,
            person: None,
            name,
            unit: None,
            node: None,
            roles: vec![Role::Root],
            from: None,
            until: None,
            position,
            ended: None,
        });
    }

    fn fold_approval(&mut self, data: &Approval, place: Place) {
        let node = place.id.node();
        if self.transports.contains_key(&data.transport) || self.nodes.contains_key(&node) {
            return;
        }
        self.transports.insert(data.transport, node);
        self.nodes.insert(
            node,
            NodeFacts {
                id: node,
                approval: place.id,
                unit: data.unit,
                label: data.label.clone(),
                transport: data.transport,
                signing: data.signing,
                age: data.age,
                stations: data.stations.clone(),
                position: place.position,
                ended: None,
            },
        );
        let machine = GrantFacts {
            statement: place.id,
            key: data.signing,
            person: None,
            name: data.label.clone(),
            unit: Some(data.unit),
            node: Some(node),
            roles: Vec::new(),
            from: None,
            until: None,
            position: place.position,
            ended: None,
        };
        let first = &data.administrator;
        let person = first.person.unwrap_or(place.id.person());
        self.name_person(person, &first.name, Some(data.unit));
        self.give(GrantFacts {
            key: first.key,
            person: Some(person),
            name: first.name.clone(),
            roles: vec![Role::Administrator],
            ..machine.clone()
        });
        self.give(machine);
    }

    fn fold_grant(&mut self, data: &Grant, place: Place) {
        let person = data.person.unwrap_or(place.id.person());
        self.name_person(person, &data.name, data.unit);
        self.give(GrantFacts {
            statement: place.id,
            key: data.key,
            person: Some(person),
            name: data.name.clone(),
            unit: data.unit,
            node: data.node,
            roles: data.roles.clone(),
            from: data.from,
            until: data.until,
            position: place.position,
            ended: data.node.and_then(|node| self.nodes.get(&node)).and_then(|node| node.ended),
        });
    }

    /// Keeps the grant, unless this statement already gave this key something.
    fn give(&mut self, grant: GrantFacts) {
        self.statements_with_grants.insert(grant.statement);
        self.grants.entry((grant.statement, grant.key)).or_insert(grant);
    }

    /// The first statement decides a person's unit, the latest their name.
    fn name_person(&mut self, person: hoso_identity::PersonId, name: &str, unit: Option<UnitId>) {
        let facts = PersonFacts { name: name.to_owned(), unit };
        self.persons.entry(person).or_insert(facts).name = name.to_owned();
    }

    fn fold_end(&mut self, data: End, place: Place) {
        match data.what {
            Part::Person => {
                for grant in self.grants.values_mut() {
                    if grant.statement == data.grant && grant.person.is_some() {
                        grant.ended.get_or_insert(place.ended());
                    }
                }
            }
            Part::Node => {
                let node = data.grant.node();
                if let Some(facts) = self.nodes.get_mut(&node) {
                    facts.ended.get_or_insert(place.ended());
                    self.end_grants_at(node, place);
                }
            }
        }
    }

    fn end_grants_at(&mut self, node: NodeId, place: Place) {
        for grant in self.grants.values_mut().filter(|grant| grant.node == Some(node)) {
            grant.ended.get_or_insert(place.ended());
        }
    }

    fn fold_erasure(&mut self, header: &Header, data: &Erasure, id: EntryId) {
        let author = self.grant(&header.grant, &header.author);
        let Some(registrar) = author.and_then(|grant| grant.person) else { return };
        let erasure =
            self.erasures.entry((data.document, data.unit)).or_insert_with(|| ErasureFacts {
                ground: data.ground.clone(),
                at_ms: data.at_ms,
                registrars: Default::default(),
                statements: Vec::new(),
            });
        if erasure.registrars.insert(registrar) {
            erasure.statements.push(id);
        }
    }
}
