//! The province's ledger as the relay's office and its sessions use it.
//!
//! Each call is one transaction, and its result is durable when it is given. Here the ledger is
//! embedded: one SQLite file with one writer.

use async_trait::async_trait;
use hoso_engine::{
    acceptor::{News, Storage},
    memory::Memory,
};
use hoso_identity::{EntryId, NodeId, PublicKey, Reason};
use hoso_store::{
    StoreError,
    accounts::{self, Account},
    audit,
    enrolment::{self, Invitation, JoinRequest, Spent},
    ledger, meta,
    rules::ledger::{Outcome, accept_own},
    tables::LedgerTables,
    watch::{self, NodeStatus},
    writer::Tx,
};
use thiserror::Error;

/// The name of the addresses that invitations carry, a line each.
const ADDRESSES: &str = "addresses";

/// A signed statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its id.
    pub id: EntryId,
    /// `header ‖ payload ‖ signature`.
    pub bytes: Vec<u8>,
}

/// What is kept in the transaction that accepts a statement.
#[derive(Debug)]
pub enum Beside {
    /// The request with this transport key is approved, by whom.
    Approved(PublicKey, String),
    /// The node with this transport key is ended, by whom.
    Revoked(NodeId, PublicKey, String),
    /// Someone gets a log-in, by whom; person and grant are the statement's.
    Named(Box<Account>, String),
    /// Someone's log-in ends, by whom.
    Disabled(String, String),
}

/// Why a statement was not accepted.
#[derive(Debug, Error)]
pub enum NotAccepted {
    /// The registry does not let it count; the stable word for why.
    #[error("the statement is not allowed to this signer: use another one with --as ({0})")]
    Registry(&'static str),
    /// Somebody has that log-in name.
    #[error("that name is taken: choose another")]
    NameTaken,
    /// The storage fails.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// The ledger, with what the relay keeps beside it.
#[async_trait]
pub trait Ledger: Storage {
    /// Whether it can be read, and written as far as is known.
    ///
    /// # Errors
    ///
    /// What is wrong.
    async fn health(&self) -> Result<(), StoreError>;

    /// Accepts a statement of the relay's own desk, and keeps `beside` with it.
    ///
    /// # Errors
    ///
    /// [`NotAccepted`]; then nothing of either is kept.
    async fn accept(
        &self,
        statement: Statement,
        beside: Beside,
        now_ms: u64,
    ) -> Result<(), NotAccepted>;

    /// How many entries were refused, by reason, and how many wait.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn troubled(&self) -> Result<(Vec<(Reason, u64)>, u64), StoreError>;

    /// Keeps an invitation to the unit of that code.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn invite(&self, invitation: Invitation, unit: String) -> Result<(), StoreError>;

    /// Spends the invitation that a request to join names and keeps the request; `None` if that
    /// invitation is not this request's to spend.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn ask(&self, request: JoinRequest) -> Result<Option<Invitation>, StoreError>;

    /// The requests to join.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn requests(&self) -> Result<Vec<JoinRequest>, StoreError>;

    /// The request of this transport key.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn request(&self, transport: PublicKey) -> Result<Option<JoinRequest>, StoreError>;

    /// The log-in of that name.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn account(&self, name: String) -> Result<Option<Account>, StoreError>;

    /// All log-ins.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// How the nodes stand.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn statuses(&self) -> Result<Vec<NodeStatus>, StoreError>;

    /// Keeps what a session tells.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn note(&self, news: News, now_ms: u64) -> Result<(), StoreError>;

    /// The relay begins to listen: no node is connected yet, and invitations carry these addresses
    /// from now on.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn begin(&self, addresses: Vec<String>) -> Result<(), StoreError>;

    /// The addresses of the last run; none before the first.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn addresses(&self) -> Result<Vec<String>, StoreError>;
}

#[async_trait]
impl Ledger for Memory {
    async fn health(&self) -> Result<(), StoreError> {
        if Self::is_dead(self) {
            return Err(StoreError::Dead);
        }
        self.read(|tx| LedgerTables::head(tx)).await.map(|_| ())
    }

    async fn accept(
        &self,
        statement: Statement,
        beside: Beside,
        now_ms: u64,
    ) -> Result<(), NotAccepted> {
        self.write(false, move |tx, registrar| {
            match accept_own(tx, registrar, &statement.bytes, now_ms)? {
                Outcome::Accepted(_) => keep(tx, statement.id, beside, now_ms),
                Outcome::Refused(reason) => Err(NotAccepted::Registry(reason.code())),
                Outcome::Waiting(what) => Err(NotAccepted::Registry(what.code())),
            }
        })
        .await
    }

    async fn troubled(&self) -> Result<(Vec<(Reason, u64)>, u64), StoreError> {
        self.read(|tx| Ok((ledger::refused(tx)?, ledger::waiting_count(tx)?))).await
    }

    async fn invite(&self, invitation: Invitation, unit: String) -> Result<(), StoreError> {
        self.write(false, move |tx, _| {
            enrolment::invite(tx, &invitation)?;
            audit::append(tx, invitation.created_ms, &invitation.made_by, "invited", &unit)
        })
        .await
    }

    async fn ask(&self, request: JoinRequest) -> Result<Option<Invitation>, StoreError> {
        self.write(false, move |tx, _| {
            let (key, at_ms) = (request.transport, request.at_ms);
            match enrolment::spend(tx, &request.invitation, &key, at_ms)? {
                Spent::Yours(invitation) if invitation.unit == request.unit => {
                    enrolment::ask(tx, &request)?;
                    Ok(Some(invitation))
                }
                Spent::Used(_) => {
                    let subject = key.to_string();
                    watch::raise(tx, "invitation", Some(request.unit), &subject, at_ms)?;
                    Ok(None)
                }
                Spent::Yours(_) | Spent::Expired | Spent::Unknown => Ok(None),
            }
        })
        .await
    }

    async fn requests(&self) -> Result<Vec<JoinRequest>, StoreError> {
        self.read(enrolment::requests).await
    }

    async fn request(&self, transport: PublicKey) -> Result<Option<JoinRequest>, StoreError> {
        self.read(move |tx| enrolment::request(tx, &transport)).await
    }

    async fn account(&self, name: String) -> Result<Option<Account>, StoreError> {
        self.read(move |tx| accounts::get(tx, &name)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(accounts::list).await
    }

    async fn statuses(&self) -> Result<Vec<NodeStatus>, StoreError> {
        self.read(watch::statuses).await
    }

    async fn note(&self, news: News, now_ms: u64) -> Result<(), StoreError> {
        self.write(false, move |tx, _| note(tx, &news, now_ms)).await
    }

    async fn begin(&self, addresses: Vec<String>) -> Result<(), StoreError> {
        self.write(false, move |tx, _| {
            watch::disconnect_all(tx)?;
            meta::put_meta(tx, ADDRESSES, addresses.join("\n").as_bytes())
        })
        .await
    }

    async fn addresses(&self) -> Result<Vec<String>, StoreError> {
        let kept = self.read(|tx| meta::meta(tx, ADDRESSES)).await?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&kept).lines().map(str::to_owned).collect())
    }
}

fn keep(tx: &mut Tx<'_>, id: EntryId, beside: Beside, now_ms: u64) -> Result<(), NotAccepted> {
    match beside {
        Beside::Approved(transport, who) => {
            enrolment::approve(tx, &transport, &id.node())?;
            audit::append(tx, now_ms, &who, "approved", &id.node().to_string())?;
        }
        Beside::Revoked(node, transport, who) => {
            enrolment::revoke(tx, &transport)?;
            audit::append(tx, now_ms, &who, "revoked", &node.to_string())?;
        }
        Beside::Named(account, who) => {
            let account = Account { person: id.person(), grant: id, ..*account };
            if !accounts::add(tx, &account)? {
                return Err(NotAccepted::NameTaken);
            }
            audit::append(tx, now_ms, &who, "named", &account.username)?;
        }
        Beside::Disabled(name, who) => {
            accounts::set_disabled(tx, &name, true)?;
            audit::append(tx, now_ms, &who, "disabled", &name)?;
        }
    }
    Ok(())
}

fn note(tx: &mut Tx<'_>, news: &News, now_ms: u64) -> Result<(), StoreError> {
    let (node, connected, report) = match news {
        News::Up(node, _) => (node, true, None),
        News::Report(node, report) => (node, true, Some(report)),
        News::Down(node) => (node, false, None),
        News::Copy(key) => {
            return watch::raise(tx, "copy", None, &key.to_string(), now_ms).map(|_| ());
        }
        News::Fuse(key) => {
            return watch::raise(tx, "healing", None, &key.to_string(), now_ms).map(|_| ());
        }
    };
    let mut status = watch::status(tx, node)?.unwrap_or(NodeStatus {
        node: *node,
        connected,
        last_seen_ms: now_ms,
        incarnation: None,
        backlog_entries: 0,
        backlog_bytes: 0,
        oldest_pending_ms: None,
        waiting: 0,
        refused: 0,
        clock_skew_ms: 0,
        version: String::new(),
    });
    status.connected = connected;
    status.last_seen_ms = now_ms;
    status.refused = ledger::troubled(tx, node)?;
    if let Some(report) = report {
        status.backlog_entries = report.backlog_entries;
        status.backlog_bytes = report.backlog_bytes;
        status.oldest_pending_ms = now_ms.checked_sub(report.oldest_ms);
        let [here, there] = [now_ms, report.clock_ms].map(|ms| i64::try_from(ms).unwrap_or(0));
        status.clock_skew_ms = there.saturating_sub(here);
        status.version.clone_from(&report.version);
    }
    watch::put_status(tx, &status)
}
