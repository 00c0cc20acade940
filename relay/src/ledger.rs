//! The province's ledger as the relay's office and its sessions use it.
//!
//! Each call is one transaction, and its result is durable when it is given. Here the ledger is
//! embedded: one SQLite file with one writer.

mod alerts;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use hoso_engine::{
    acceptor::{News, Storage},
    admission::ReadAhead,
    clock,
    memory::Memory,
};
use hoso_identity::{Entry, EntryId, Epoch, NodeId, PublicKey, Reason, UnitId};
use hoso_registry::State;
use hoso_store::{
    StoreError,
    accounts::{self, Account},
    audit::{self, AuditRow},
    backup,
    blobs::shares,
    enrolment::{self, Invitation, JoinRequest, Spent},
    ledger, meta,
    rules::{
        carried::{self, Kept, Run},
        ledger::{Outcome, Pusher, accept_own},
    },
    tables::LedgerTables,
    watch::{self, Alert, NodeStatus},
    writer::Tx,
};
use thiserror::Error;

pub use self::alerts::ALERTS;
use self::alerts::{INVITATION, SCAN_LOST, WAITING};
use crate::sign::SignError;

/// The name of the addresses that invitations carry, a line each.
const ADDRESSES: &str = "addresses";
/// The name of what is written to see whether anything can be.
const TRIED: &str = "tried";

/// Alerts that are shown at once.
const ALERTS_MAX: u32 = 200;
/// Rows of the audit that are shown at once.
const AUDIT_PAGE: u32 = 200;
/// How long an entry may wait before it is handed to an operator: 30 days.
const WAITING_MAX_MS: u64 = 30 * 24 * 3600 * 1000;

/// Makes a signed statement for the registry as it stands when the statement is accepted.
pub type Sign = Box<dyn FnOnce(&State) -> Result<Entry, SignError> + Send>;

/// What the pages and figures show of the whole province.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// How the nodes stand.
    pub statuses: Vec<NodeStatus>,
    /// What nobody has acknowledged, newest first.
    pub alerts: Vec<Alert>,
    /// How many entries were refused, by reason.
    pub refused: Vec<(Reason, u64)>,
    /// How many entries wait.
    pub waiting: u64,
    /// How many of them wait for an operator.
    pub for_operator: u64,
    /// When the database was last backed up, Unix milliseconds.
    pub backup_ms: Option<u64>,
    /// Bytes of scans that are kept for each unit that has brought some.
    pub scan_bytes: Vec<(UnitId, u64)>,
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
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// The ledger, with what the relay keeps beside it.
#[async_trait]
pub trait Ledger: Storage {
    /// Whether it can be read and written. After a disk was found full this is tried.
    ///
    /// # Errors
    ///
    /// What is wrong.
    async fn health(&self) -> Result<(), StoreError>;

    /// Accepts a statement of the relay's own desk, and keeps `beside` with it. It is made in the
    /// transaction that accepts it, so that no other statement comes between.
    ///
    /// # Errors
    ///
    /// [`NotAccepted`]; then nothing of either is kept.
    async fn accept(
        &self,
        statement: Sign,
        beside: Beside,
        now_ms: u64,
    ) -> Result<EntryId, NotAccepted>;

    /// What operators watch.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn watch(&self) -> Result<Watch, StoreError>;

    /// Alerts, newest first: those that nobody has acknowledged, or all.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn alerts(&self, all: bool) -> Result<Vec<Alert>, StoreError>;

    /// Acknowledges an alert; `false` when there is no open one of that number.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn acknowledge(&self, id: i64, by: String, now_ms: u64) -> Result<bool, StoreError>;

    /// Hands to an operator what has waited too long, and alerts; gives how many entries.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn hand_over(&self, now_ms: u64) -> Result<usize, StoreError>;

    /// Notes that the database was backed up.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn backed_up(&self, made_at_ms: u64) -> Result<(), StoreError>;

    /// Takes a bundle of that node, brought by whom; gives also the life of the ledger.
    ///
    /// # Errors
    ///
    /// As the storage fails; then nothing of it is kept.
    async fn carry(
        &self,
        from: Pusher,
        run: Run,
        by: String,
        now_ms: u64,
    ) -> Result<(Kept, Epoch), StoreError>;

    /// How many rows the audit has, and the first that does not follow from the one before it.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn audited(&self) -> Result<(u64, Option<i64>), StoreError>;

    /// Rows of the audit below that number, newest first.
    ///
    /// # Errors
    ///
    /// As the storage fails.
    async fn audit(&self, before: Option<i64>) -> Result<Vec<AuditRow>, StoreError>;

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
        if self.hindrance().is_some() {
            let at = clock::now_ms().to_be_bytes();
            return self.write(false, move |tx, _| meta::put_meta(tx, TRIED, &at)).await;
        }
        self.read(|tx| LedgerTables::head(tx)).await.map(|_| ())
    }

    async fn accept(
        &self,
        statement: Sign,
        beside: Beside,
        now_ms: u64,
    ) -> Result<EntryId, NotAccepted> {
        self.write(false, move |tx, registrar| {
            let entry = statement(registrar.state())?;
            match accept_own(tx, registrar, &entry.encode(), now_ms)? {
                Outcome::Accepted(_) => keep(tx, entry.id(), beside, now_ms)?,
                Outcome::Refused(reason) => return Err(NotAccepted::Registry(reason.code())),
                Outcome::Waiting(what) => return Err(NotAccepted::Registry(what.code())),
            }
            Ok(entry.id())
        })
        .await
    }

    async fn watch(&self) -> Result<Watch, StoreError> {
        self.read(|tx| {
            let (waiting, for_operator) = ledger::waiting(tx)?;
            Ok(Watch {
                statuses: watch::statuses(tx)?,
                alerts: watch::alerts(tx, false, ALERTS_MAX)?,
                refused: ledger::refused(tx)?,
                waiting,
                for_operator,
                backup_ms: backup::noted(tx)?,
                scan_bytes: shares::all(tx)?,
            })
        })
        .await
    }

    async fn alerts(&self, all: bool) -> Result<Vec<Alert>, StoreError> {
        self.read(move |tx| watch::alerts(tx, all, ALERTS_MAX)).await
    }

    async fn acknowledge(&self, id: i64, by: String, now_ms: u64) -> Result<bool, StoreError> {
        self.write(false, move |tx, _| {
            let done = watch::acknowledge(tx, id, &by, now_ms)?;
            if done {
                audit::append(tx, now_ms, &by, "acknowledged", &id.to_string())?;
            }
            Ok(done)
        })
        .await
    }

    async fn hand_over(&self, now_ms: u64) -> Result<usize, StoreError> {
        self.write(false, move |tx, registrar| {
            let handed = ledger::hand_over(tx, now_ms.saturating_sub(WAITING_MAX_MS))?;
            for node in &handed {
                let node = node.and_then(|node| registrar.state().node(node));
                watch::raise(tx, WAITING, node.map(|node| node.unit), "", now_ms)?;
            }
            Ok(handed.len())
        })
        .await
    }

    async fn backed_up(&self, made_at_ms: u64) -> Result<(), StoreError> {
        self.write(false, move |tx, _| backup::note(tx, made_at_ms)).await
    }

    async fn carry(
        &self,
        from: Pusher,
        run: Run,
        by: String,
        now_ms: u64,
    ) -> Result<(Kept, Epoch), StoreError> {
        let brought = run.entries.iter().map(|pushed| pushed.bytes.clone()).collect();
        let ahead = ReadAhead::of(self.realm(), brought).await;
        self.write(from.ended, move |tx, registrar| {
            registrar.has_read(ahead);
            let kept = carried::take(tx, registrar, from, &run, now_ms)?;
            audit::append(tx, now_ms, &by, "imported", &from.node.to_string())?;
            Ok((kept, LedgerTables::head(tx)?.epoch))
        })
        .await
    }

    async fn audited(&self) -> Result<(u64, Option<i64>), StoreError> {
        self.read(|tx| Ok((audit::count(tx)?, audit::broken_at(tx)?))).await
    }

    async fn audit(&self, before: Option<i64>) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |tx| audit::newest(tx, before, AUDIT_PAGE)).await
    }

    async fn invite(&self, invitation: Invitation, unit: String) -> Result<(), StoreError> {
        self.write(false, move |tx, _| {
            enrolment::invite(tx, &invitation)?;
            audit::append(tx, invitation.created_ms, &invitation.made_by, "invited", &unit)
        })
        .await
    }

    async fn ask(&self, request: JoinRequest) -> Result<Option<Invitation>, StoreError> {
        self.write(false, move |tx, _| match enrolment::spend(tx, &request)? {
            Spent::Yours(invitation) => {
                enrolment::ask(tx, &request)?;
                Ok(Some(invitation))
            }
            Spent::Used(_) => {
                let (unit, subject) = (Some(request.unit), request.transport.to_string());
                watch::raise(tx, INVITATION, unit, &subject, request.at_ms)?;
                Ok(None)
            }
            Spent::Expired | Spent::Unknown => Ok(None),
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

    async fn note(&self, news: News, now_ms: u64) -> Result<(), StoreError> {
        self.write(false, move |tx, registrar| note(tx, registrar.state(), &news, now_ms)).await
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

fn note(tx: &mut Tx<'_>, state: &State, news: &News, now_ms: u64) -> Result<(), StoreError> {
    let alert = |tx: &mut Tx<'_>, kind, key| {
        let unit = state.node_by_transport(key).map(|node| node.unit);
        watch::raise(tx, kind, unit, &key.to_string(), now_ms).map(|_| ())
    };
    let (node, connected, heard_ms) = match news {
        News::Up(node, _) | News::Report(node, _) => (node, true, now_ms),
        News::Down(node, heard_ms) => (node, false, *heard_ms),
        News::Alarm(key, alarm) => return alert(tx, alarm.code(), key),
        News::ScanLost(hash) => {
            return watch::raise(tx, SCAN_LOST, None, &hash.to_string(), now_ms).map(|_| ());
        }
    };
    let mut status = watch::status(tx, node)?.unwrap_or_else(|| unknown(*node));
    status.connected = connected;
    status.last_seen_ms = heard_ms;
    (status.waiting, status.refused) = ledger::troubled(tx, node)?;
    match news {
        News::Up(_, incarnation) => status.incarnation = Some(*incarnation),
        News::Report(_, report) => {
            status.backlog_entries = report.backlog_entries;
            status.backlog_bytes = report.backlog_bytes;
            let pending = report.backlog_entries > 0;
            status.oldest_pending_ms =
                if pending { now_ms.checked_sub(report.oldest_ms) } else { None };
            let [here, there] = [now_ms, report.clock_ms].map(|ms| i64::try_from(ms).unwrap_or(0));
            status.clock_skew_ms = there.saturating_sub(here);
            status.version.clone_from(&report.version);
            status.scans = report.scans.unwrap_or_default();
        }
        News::Down(..) | News::Alarm(..) | News::ScanLost(_) => {}
    }
    watch::put_status(tx, &status)
}

/// What is known of a node that was never heard.
fn unknown(node: NodeId) -> NodeStatus {
    NodeStatus {
        node,
        connected: false,
        last_seen_ms: 0,
        incarnation: None,
        backlog_entries: 0,
        backlog_bytes: 0,
        oldest_pending_ms: None,
        waiting: 0,
        refused: 0,
        clock_skew_ms: 0,
        version: String::new(),
        scans: 0,
    }
}
