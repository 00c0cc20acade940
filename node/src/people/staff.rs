//! Staff of the unit: grants signed by its administrators, effective here at once.

use hoso_engine::{
    clock,
    command::{Answer, Problem, Secret},
    secret,
};
use hoso_identity::{DocumentId, EntryId, Nonce, Verdict};
use hoso_registry::{
    Facts, Role, Statement, admit,
    statement::{End, Grant, Part},
};
use hoso_store::{
    StoreError,
    accounts::{self, Account},
    rules::journal,
    sessions,
    writer::Tx,
};
use serde_json::json;

use super::{Actor, Heading, actor, unopened};
use crate::office::{Failed, Office, storage};

/// Somebody who shall get a log-in.
pub(crate) struct NewPerson {
    /// The log-in name.
    pub(crate) name: String,
    /// The name that others see.
    pub(crate) display_name: String,
    /// Codes of the roles.
    pub(crate) roles: Vec<String>,
    /// Their password.
    pub(crate) password: Secret,
}

impl Office {
    pub(crate) async fn add_user(
        &self,
        person: NewPerson,
        admin: &str,
        admin_password: Secret,
    ) -> Answer {
        let roles = roles(&person.roles)?;
        let admin = self.administrator(admin, admin_password).await?;
        let node = self.node().ok_or_else(not_approved)?;
        let made = self.people.passwords.make(person.password.clone()).await.map_err(unopened)?;
        let (key, wrapped) = made.map_err(|error| Problem::new("password", error.to_string()))?;
        let statement = Statement::Grant(Grant {
            person: None,
            name: person.display_name.clone(),
            key: key.public(),
            unit: Some(self.unit()),
            node: Some(node.id),
            roles,
            from: None,
            until: None,
        });
        let answer = json!({ "username": person.name, "roles": person.roles });
        self.publish(&admin, &statement, move |tx, id| {
            let account = Account {
                username: person.name,
                person: id.person(),
                grant: id,
                wrapped_key: wrapped.to_bytes(),
                display_name: person.display_name,
                roles: String::new(),
                disabled: false,
                created_ms: clock::now_ms(),
            };
            if accounts::add(tx, &account)? {
                return Ok(());
            }
            Err(Problem::new("name", "that name is taken: choose another").into())
        })
        .await?;
        Ok(answer)
    }

    pub(crate) async fn list_users(&self) -> Answer {
        let accounts = self.memory.read(accounts::list).await;
        let accounts = accounts.map_err(|error: StoreError| storage(&error))?;
        let state = self.state();
        let items = accounts.iter().map(|account| {
            // The first administrator's grant is the approval's, which came after the account.
            let mut grants = state.grants_of_unit(self.unit()).filter(|grant| {
                grant.ended.is_none()
                    && (grant.statement == account.grant
                        || account.grant.is_zero() && grant.name == account.display_name)
            });
            let roles = grants
                .next()
                .map(|grant| grant.roles.iter().map(|role| role.code()).collect::<Vec<_>>());
            json!({
                "username": account.username,
                "name": account.display_name,
                "roles": roles.unwrap_or_default(),
                "disabled": account.disabled,
            })
        });
        Ok(json!({ "items": items.collect::<Vec<_>>() }))
    }

    pub(crate) async fn disable_user(
        &self,
        name: &str,
        admin: &str,
        admin_password: Secret,
    ) -> Answer {
        let wanted = name.to_owned();
        let found = self.memory.read(move |tx| accounts::get(tx, &wanted)).await;
        let found = found.map_err(|error| storage(&error))?;
        let found =
            found.ok_or_else(|| Problem::new("name", "nobody has that name: see `user list`"))?;
        if found.grant.is_zero() {
            let text = "the first administrator is ended by the province: ask for `revoke`";
            return Err(Problem::new("administrator", text));
        }
        let admin = self.administrator(admin, admin_password).await?;
        let end = Statement::End(End { grant: found.grant, what: Part::Person });
        let username = found.username.clone();
        self.publish(&admin, &end, move |tx, _| {
            accounts::set_disabled(tx, &username, true)?;
            sessions::end_all_of(tx, &username)?;
            Ok(())
        })
        .await?;
        self.people.end_all(&found.username);
        Ok(json!({ "username": found.username, "disabled": true }))
    }

    /// The administrator who signs.
    async fn administrator(&self, name: &str, password: Secret) -> Result<Actor, Problem> {
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

    /// Signs a statement and keeps it in the journal; `also` is kept with it.
    async fn publish(
        &self,
        admin: &Actor,
        statement: &Statement,
        also: impl FnOnce(&mut Tx<'_>, EntryId) -> Result<(), Failed> + Send + 'static,
    ) -> Result<(), Problem> {
        let nonce = secret::chance().map_err(|error| Problem::new("chance", error.to_string()))?;
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
        let written = self.memory.write(false, move |tx, registrar| {
            journal::append(tx, registrar, &entry)?;
            also(tx, entry.id())
        });
        written.await.map_err(|failed: Failed| failed.0)
    }
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
