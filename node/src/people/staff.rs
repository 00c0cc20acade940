//! Staff of the unit: grants signed by its administrators, effective here at once.

use std::net::IpAddr;

use hoso_engine::{
    clock,
    command::{Answer, Problem, Secret},
    secret,
};
use hoso_identity::{DocumentId, EntryId, Nonce, PersonId, SigningKey, Verdict, WrappedKey};
use hoso_registry::{
    Facts, Role, State, Statement, admit,
    state::GrantFacts,
    statement::{End, Grant, Part},
};
use hoso_store::{
    StoreError,
    accounts::{self, Account},
    one_off,
    rules::journal,
    sessions,
    writer::Tx,
};
use serde_json::json;

use super::{Actor, Heading, actor, unopened};
use crate::office::{Failed, Office, storage};

/// The longest log-in name.
const LOG_IN_CHARS_MAX: usize = 64;

/// Somebody who shall get a log-in.
pub(crate) struct NewPerson {
    /// The log-in name.
    pub(crate) name: String,
    /// The name that others see; none for the one by which they are known, else the log-in name.
    pub(crate) display_name: Option<String>,
    /// Codes of the roles.
    pub(crate) roles: Vec<String>,
    /// Their password.
    pub(crate) password: Secret,
    /// Whether it is good for choosing another one only.
    pub(crate) one_off: bool,
    /// Whether they are somebody who is known already.
    pub(crate) known: Known,
}

/// Whether somebody who gets a log-in is known already: by another log-in, another node, a key
/// that was lost.
pub(crate) enum Known {
    /// Nobody knows them yet.
    New,
    /// They are the person with this id.
    Person(String),
    /// They are whoever has this log-in here.
    Like(String),
}

impl Office {
    pub(crate) async fn add_user(&self, person: NewPerson, admin: &Actor) -> Answer {
        check_log_in_name(&person.name)?;
        let roles = roles(&person.roles)?;
        let known = self.known(&person.known).await?;
        let node = self.node().ok_or_else(not_approved)?;
        let (key, wrapped) = self.fresh_key(person.password.clone()).await?;
        let state = self.state();
        let known_as = known.and_then(|known| state.person(known));
        let known_as = known_as.map_or(&person.name, |person| &person.name).clone();
        let display_name = person.display_name.unwrap_or(known_as);
        let statement = Statement::Grant(Grant {
            person: known,
            name: display_name.clone(),
            key: key.public(),
            unit: Some(self.unit()),
            node: Some(node.id),
            roles,
            from: None,
            until: None,
        });
        let (name, roles) = (person.name.clone(), person.roles.clone());
        self.publish(admin, &[statement], move |tx, ids| {
            let id = ids.first().copied().unwrap_or(EntryId::ZERO);
            let account = Account {
                username: person.name,
                person: known.unwrap_or(id.person()),
                grant: id,
                wrapped_key: wrapped.to_bytes(),
                display_name,
                roles: String::new(),
                disabled: false,
                created_ms: clock::now_ms(),
            };
            if accounts::add(tx, &account)? {
                if person.one_off {
                    one_off::set(tx, &account.username)?;
                }
                return Ok(());
            }
            Err(Problem::new("name-taken", "that name is taken: choose another").into())
        })
        .await?;
        Ok(json!({ "username": name, "roles": roles }))
    }

    /// The id of a person who is known already, if they are said to be.
    async fn known(&self, known: &Known) -> Result<Option<PersonId>, Problem> {
        let state = self.state();
        match known {
            Known::New => Ok(None),
            Known::Person(id) => {
                let person = PersonId::from_hex(id).filter(|id| {
                    state.grants_of_person(*id).any(|at| at.unit == Some(self.unit()))
                });
                let text = "nobody of this unit has that id: see `user list`";
                person.map(Some).ok_or_else(|| Problem::new("person", text))
            }
            Known::Like(name) => {
                let account = self.found(name).await?;
                let grant = self.grants_of(&state, &account).next();
                let text = "that log-in has no grant yet: wait until the province has approved it";
                let person = grant.and_then(|grant| grant.person);
                person.map(Some).ok_or_else(|| Problem::new("person", text))
            }
        }
    }

    /// The grants of whoever has this log-in. The first administrator's is the approval's, which
    /// came after the account.
    fn grants_of<'a>(
        &self,
        state: &'a State,
        account: &Account,
    ) -> impl Iterator<Item = &'a GrantFacts> + use<'a> {
        let approval = || self.node().map_or(EntryId::ZERO, |node| node.approval);
        let given = if account.grant.is_zero() { approval() } else { account.grant };
        let grants = state.grants_of_unit(self.unit());
        grants.filter(move |grant| grant.statement == given && grant.person.is_some())
    }

    /// The account of that name, disabled or not.
    async fn found(&self, name: &str) -> Result<Account, Problem> {
        let wanted = name.to_owned();
        let found = self.memory.read(move |tx| accounts::get(tx, &wanted)).await;
        let found = found.map_err(|error: StoreError| storage(&error))?;
        found.ok_or_else(|| Problem::new("name", "nobody has that name: see `user list`"))
    }

    pub(crate) async fn list_users(&self) -> Answer {
        let accounts = self.memory.read(accounts::list).await;
        let accounts = accounts.map_err(|error: StoreError| storage(&error))?;
        let state = self.state();
        let items = accounts.iter().map(|account| {
            let grants = self.grants_of(&state, account);
            let grant = grants.filter(|grant| grant.ended.is_none()).last();
            let roles = grant.map(|grant| grant.roles.iter().map(|role| role.code()).collect());
            let person = grant.and_then(|grant| grant.person);
            json!({
                "username": account.username,
                "name": account.display_name,
                "person": person.map(|person| person.to_string()),
                "roles": roles.unwrap_or_else(Vec::new),
                "disabled": account.disabled,
            })
        });
        Ok(json!({ "items": items.collect::<Vec<_>>() }))
    }

    pub(crate) async fn disable_user(&self, name: &str, admin: &Actor) -> Answer {
        let found = self.found(name).await?;
        if found.grant.is_zero() {
            let text = "the first administrator is ended by the province: ask for `revoke`";
            return Err(Problem::new("administrator", text));
        }
        if found.person == admin.person {
            let text = "nobody disables themselves: ask another administrator";
            return Err(Problem::new("oneself", text));
        }
        // Whoever leaves the office leaves it with every key, also those made at its other nodes.
        let (state, unit) = (self.state(), self.unit());
        let theirs = state.grants_of_person(found.person);
        let open = theirs.filter(|grant| grant.unit == Some(unit) && grant.ended.is_none());
        let ends =
            open.map(|grant| Statement::End(End { grant: grant.statement, what: Part::Person }));
        let ends: Vec<_> = ends.collect();
        let person = found.person;
        let ended = self.publish(admin, &ends, move |tx, _| {
            let mut names = Vec::new();
            for account in accounts::by_person(tx, &person)? {
                accounts::set_disabled(tx, &account.username, true)?;
                sessions::end_all_of(tx, &account.username)?;
                names.push(account.username);
            }
            Ok(names)
        });
        let names = ended.await?;
        names.iter().for_each(|name| self.people.end_all(name));
        Ok(json!({ "username": found.username, "disabled": true, "log_ins": names }))
    }

    /// Gives somebody a one-off password and with it a new key, since nothing but the old password
    /// opens the old one. Whatever they had open ends.
    pub(crate) async fn renew_user(&self, name: &str, password: Secret, admin: &Actor) -> Answer {
        let found = self.found(name).await?;
        if found.grant.is_zero() {
            let text = "the first administrator's key is the approval's: ask the province";
            return Err(Problem::new("administrator", text));
        }
        let node = self.node().ok_or_else(not_approved)?;
        let state = self.state();
        let grant = self.grants_of(&state, &found).find(|grant| grant.ended.is_none());
        let none = || Problem::new("disabled", "that log-in is disabled: add another");
        let grant = grant.filter(|_| !found.disabled).ok_or_else(none)?;
        let (key, wrapped) = self.fresh_key(password).await?;
        let statements = [
            Statement::Grant(Grant {
                person: grant.person,
                name: found.display_name.clone(),
                key: key.public(),
                unit: Some(self.unit()),
                node: Some(node.id),
                roles: grant.roles.clone(),
                from: grant.from,
                until: grant.until,
            }),
            Statement::End(End { grant: grant.statement, what: Part::Person }),
        ];
        let name = found.username.clone();
        self.publish(admin, &statements, move |tx, ids| {
            let grant = ids.first().copied().unwrap_or(EntryId::ZERO);
            sessions::end_all_of(tx, &found.username)?;
            one_off::set(tx, &found.username)?;
            accounts::put(tx, &Account { grant, wrapped_key: wrapped.to_bytes(), ..found })?;
            Ok(())
        })
        .await?;
        self.people.end_all(&name);
        Ok(json!({ "username": name }))
    }

    /// Puts another password in the place of one's own. The key stays.
    pub(crate) async fn change_password(
        &self,
        actor: &Actor,
        from: IpAddr,
        [old, new]: [Secret; 2],
    ) -> Result<(), Problem> {
        if old.expose() == new.expose() {
            return Err(Problem::new("password-same", "the new password is the present one"));
        }
        let account = self.found(&actor.username).await?;
        let stored = Some(account.wrapped_key.clone());
        let opened = self.people.passwords.log_in((&actor.username, from), stored, old).await;
        let wrong = || Problem::new("password-wrong", "the present password is not right");
        let key = opened.map_err(unopened)?.ok_or_else(wrong)?;
        let sealed = self.people.passwords.seal(key, new).await.map_err(unopened)?;
        let wrapped = sealed.map_err(|error| Problem::new("password", error.to_string()))?;
        let put = self.memory.write(false, move |tx, _| {
            one_off::clear(tx, &account.username)?;
            accounts::put(tx, &Account { wrapped_key: wrapped.to_bytes(), ..account }).map(|_| ())
        });
        put.await.map_err(|error: StoreError| storage(&error))?;
        self.people.has_chosen(&actor.username);
        Ok(())
    }

    /// A key of somebody's own under this password.
    async fn fresh_key(&self, password: Secret) -> Result<(SigningKey, WrappedKey), Problem> {
        let made = self.people.passwords.make(password).await.map_err(unopened)?;
        made.map_err(|error| Problem::new("password", error.to_string()))
    }

    /// The administrator who signs.
    pub(crate) async fn administrator(
        &self,
        name: &str,
        password: Secret,
    ) -> Result<Actor, Problem> {
        let account = self.account(name).await?;
        let stored = account.as_ref().map(|account| account.wrapped_key.clone());
        let opened = self.people.passwords.open(stored, password).await.map_err(unopened)?;
        let wrong = || {
            let text = "the administrator's name or password on standard input is not right";
            Problem::new("secret", text)
        };
        let (account, key) = account.zip(opened).ok_or_else(wrong)?;
        let actor = actor(&self.state(), self.unit(), &account.username, &key)?;
        if actor.author.has(Role::Administrator) {
            return Ok(actor);
        }
        Err(Problem::new("role", format!("{name} is no administrator: name one with --admin")))
    }

    /// Signs statements and keeps them in the journal; `also` is kept with them.
    async fn publish<R: Send + 'static>(
        &self,
        admin: &Actor,
        statements: &[Statement],
        also: impl FnOnce(&mut Tx<'_>, &[EntryId]) -> Result<R, Failed> + Send + 'static,
    ) -> Result<R, Problem> {
        let mut entries = Vec::new();
        for statement in statements {
            let nonce =
                secret::chance().map_err(|error| Problem::new("chance", error.to_string()))?;
            let heading = Heading {
                realm: self.memory.realm(),
                document: DocumentId::ZERO,
                kind: statement.kind().kind(),
                nonce: Nonce(nonce),
                units_added: Vec::new(),
            };
            let entry = admin.sign(heading, statement.encode())?;
            let facts = Facts { statement: Some(statement), ..Facts::default() };
            let verdict = admit(entry.header(), &entry.id(), None, &self.state(), &facts);
            if verdict != Verdict::Admitted {
                let text = "the rules do not allow this to this administrator";
                return Err(Problem::new("role", text));
            }
            entries.push(entry);
        }
        let written = self.memory.write(false, move |tx, registrar| {
            for entry in &entries {
                journal::append(tx, registrar, entry)?;
            }
            let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id()).collect();
            also(tx, &ids)
        });
        written.await.map_err(|failed: Failed| failed.0)
    }
}

/// Letters of a one-off password: none that is taken for another one on paper.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A password to begin with: twelve letters, 60 bits, in groups that are read out easily.
pub(crate) fn one_off_password() -> Result<String, Problem> {
    let chance: [u8; 12] =
        secret::chance().map_err(|error| Problem::new("chance", error.to_string()))?;
    let mut password = String::new();
    for (place, byte) in chance.into_iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            password.push('-');
        }
        let letter = LETTERS.get(usize::from(byte % 32)).copied();
        password.push(letter.map_or('2', char::from));
    }
    Ok(password)
}

fn check_log_in_name(name: &str) -> Result<(), Problem> {
    let plain = |letter: char| letter.is_alphanumeric() || "-_.@".contains(letter);
    if !name.is_empty() && name.chars().count() <= LOG_IN_CHARS_MAX && name.chars().all(plain) {
        return Ok(());
    }
    let text = "a log-in name is made of letters and digits, without blanks, 64 at most";
    Err(Problem::new("log-in-name", text))
}

/// The roles of these codes, ascending.
fn roles(codes: &[String]) -> Result<Vec<Role>, Problem> {
    let mut roles = Vec::new();
    for code in codes {
        let role = Role::from_code(code).filter(|role| role.is_given_by_administrator());
        let text = "roles are reception, processing, approval, clerk, cashier, return, viewer and \
                    administrator";
        roles.push(role.ok_or_else(|| Problem::new("role", text))?);
    }
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() {
        return Err(Problem::new("role", "at least one role is needed"));
    }
    Ok(roles)
}

fn not_approved() -> Problem {
    let text = "the province has not approved this node yet: compare the six words with the \
                operator";
    Problem::new("pending", text)
}
