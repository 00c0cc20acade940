//! Operators, auditors and registrars: log-in, grants, their end.

use std::net::IpAddr;

use hoso_engine::{
    clock,
    command::{Answer, Problem, Secret},
    keyfile,
    passwords::PasswordError,
};
use hoso_identity::{EntryId, PersonId};
use hoso_registry::{
    Role, Statement,
    statement::{End, Grant, Part},
};
use hoso_store::accounts::Account;
use serde_json::json;

use super::{Office, storage};
use crate::{keys, ledger::Beside, request::Signer as Named, sign::Signer, web::Operator};

/// The name under which the root signs.
const ROOT: &str = "root";

impl Office {
    /// Who has this name and password, if anyone. Takes as long for an unknown name.
    ///
    /// # Errors
    ///
    /// [`PasswordError`].
    pub async fn log_in(
        &self,
        name: &str,
        password: Secret,
        from: IpAddr,
    ) -> Result<Option<Operator>, PasswordError> {
        let account = self.account(name).await.map_err(|problem| {
            tracing::error!(code = problem.code, "an account could not be read");
            PasswordError::Unavailable
        })?;
        let stored = account.as_ref().map(|account| account.wrapped_key.clone());
        let opened = self.passwords.log_in((name, from), stored, password).await?;
        Ok(account.zip(opened).map(|(account, _)| Operator {
            name: account.username,
            roles: account.roles.split(',').map(str::to_owned).collect(),
        }))
    }

    /// The account of that name, if anybody may log in with it.
    async fn account(&self, name: &str) -> Result<Option<Account>, Problem> {
        let account = self.ledger.account(name.to_owned()).await;
        Ok(account.map_err(|error| storage(&error))?.filter(|found| !found.disabled))
    }

    /// The key and grant of a registrar or of the root, opened with the secret that came along.
    pub(super) async fn signer(&self, named: &Named) -> Result<Signer, Problem> {
        let state = self.state();
        let realm = state.realm().ok_or_else(|| Problem::new("realm", "no province is founded"))?;
        if named.name == ROOT {
            let (path, secret) = (keys::root(&self.data), named.secret.clone());
            let opening =
                tokio::task::spawn_blocking(move || keyfile::open(&path, secret.expose()));
            let opened = opening.await.map_err(|_| wrong_secret())?;
            let key = opened.map_err(|_| wrong_secret())?;
            let grant = state.founding().ok_or_else(wrong_secret)?;
            return Ok(Signer { realm, grant, key });
        }
        let account = self.account(&named.name).await?;
        let stored = account.as_ref().map(|account| account.wrapped_key.clone());
        let opened = self.passwords.open(stored, named.secret.clone()).await;
        let opened = opened.map_err(|error| Problem::new("password", error.to_string()))?;
        let (account, key) = account.zip(opened).ok_or_else(wrong_secret)?;
        Ok(Signer { realm, grant: account.grant, key })
    }

    /// Names someone at the province.
    pub(super) async fn add_user(
        &self,
        name: String,
        roles: &[String],
        password: &Secret,
        named: &Named,
    ) -> Answer {
        let mut wanted = Vec::new();
        for role in roles {
            let role = Role::from_code(role).filter(|role| role.is_given_by_root());
            let text = "roles at the province are operator, auditor and registrar";
            wanted.push(role.ok_or_else(|| Problem::new("role", text))?);
        }
        wanted.sort_unstable();
        wanted.dedup();
        let made = self.passwords.make(password.clone()).await;
        let made = made.map_err(|error| Problem::new("password", error.to_string()))?;
        let (key, wrapped) = made.map_err(|error| Problem::new("password", error.to_string()))?;
        let signer = self.signer(named).await?;
        let known = self.ledger.account(name.clone()).await;
        if known.map_err(|error| storage(&error))?.is_some() {
            return Err(Problem::new("name", "that name is taken: choose another"));
        }
        let codes: Vec<&str> = wanted.iter().map(|role| role.code()).collect();
        let codes = codes.join(",");
        let statement = Statement::Grant(Grant {
            person: None,
            name: name.clone(),
            key: key.public(),
            unit: None,
            node: None,
            roles: wanted,
            from: None,
            until: None,
        });
        let answer = json!({ "username": name, "roles": roles });
        let account = Account {
            username: name.clone(),
            person: PersonId::ZERO,
            grant: EntryId::ZERO,
            wrapped_key: wrapped.to_bytes(),
            display_name: name,
            roles: codes,
            disabled: false,
            created_ms: clock::now_ms(),
        };
        let beside = Beside::Named(Box::new(account), named.name.clone());
        self.publish(signer, move |_| statement, beside).await?;
        Ok(answer)
    }

    /// Everyone at the province.
    pub(super) async fn list_users(&self) -> Answer {
        let accounts = self.ledger.accounts().await.map_err(|error| storage(&error))?;
        let items = accounts.iter().map(|account| {
            json!({
                "username": account.username,
                "roles": account.roles.split(',').collect::<Vec<_>>(),
                "disabled": account.disabled,
            })
        });
        Ok(json!({ "items": items.collect::<Vec<_>>() }))
    }

    /// Ends someone's grant and log-in.
    pub(super) async fn disable_user(&self, name: String, named: &Named) -> Answer {
        let found = self.ledger.account(name).await;
        let found = found.map_err(|error| storage(&error))?;
        let found =
            found.ok_or_else(|| Problem::new("name", "nobody has that name: see `user list`"))?;
        let signer = self.signer(named).await?;
        let end = Statement::End(End { grant: found.grant, what: Part::Person });
        let beside = Beside::Disabled(found.username.clone(), named.name.clone());
        self.publish(signer, move |_| end, beside).await?;
        self.sessions.end_all(&found.username);
        Ok(json!({ "username": found.username, "disabled": true }))
    }
}

fn wrong_secret() -> Problem {
    Problem::new("secret", "the name or the secret on standard input is not right")
}
