//! The relay's office: what operators and their commands ask, and what nodes report.

mod bundles;
mod commands;
mod enrol;
mod figures;
mod people;
#[cfg(test)]
pub(crate) mod tests;

use std::{path::PathBuf, sync::Arc};

use hoso_engine::{
    acceptor::{Figures, News, Office as Listener},
    clock,
    command::{Answer, Problem},
    metrics::Histogram,
    passwords::Passwords,
    scans::Depot,
};
use hoso_identity::{EntryId, PublicKey, SigningKey};
use hoso_registry::{State, Statement};
use hoso_store::{StoreError, enrolment, watch::NodeStatus};
use serde_json::{Value, json};
use tokio::sync::watch::Sender;

pub use self::enrol::BEGINNING_DIGITS_MIN;
use crate::{
    ledger::{Beside, Ledger, NotAccepted, Sign, Watch},
    overview::{NodeFacts, UnitRow, sort_by_urgency},
    sign::Signer,
    web::Sessions,
};

/// The relay's desk, behind the pages, the control socket and the links.
#[derive(Debug)]
pub struct Office {
    pub(crate) data: PathBuf,
    pub(crate) ledger: Arc<dyn Ledger>,
    /// The files of scans.
    pub(crate) scans: Depot,
    pub(crate) transport: PublicKey,
    /// The key of the registrar `auto`, outside the official realm.
    pub(crate) auto: Option<Signing>,
    pub(crate) grew: Sender<u64>,
    pub(crate) sessions: Sessions,
    pub(crate) passwords: Passwords,
    /// What the links count and time.
    pub(crate) figures: Figures,
    /// How long commits take.
    pub(crate) commits: Histogram,
}

/// A key that must not be printed.
#[derive(Clone)]
pub(crate) struct Signing(pub(crate) SigningKey);

impl std::fmt::Debug for Signing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Signing({})", self.0.public())
    }
}

/// A problem with the storage, for a command or a page.
pub(crate) fn storage(error: &StoreError) -> Problem {
    let code = if matches!(error, StoreError::Full) {
        "storage-full"
    } else if matches!(error, StoreError::ReadOnly) {
        "storage-read-only"
    } else {
        "storage"
    };
    Problem::new(code, error.to_string())
}

impl Office {
    /// The registry.
    pub(crate) fn state(&self) -> Arc<State> {
        self.ledger.state()
    }

    /// `official`, `trial` or `training`.
    #[must_use]
    pub fn realm_code(&self) -> &'static str {
        self.state().realm_kind().map_or("trial", |kind| kind.code())
    }

    /// The province's name.
    #[must_use]
    pub fn province_name(&self) -> String {
        self.state().province().map(|province| province.name.clone()).unwrap_or_default()
    }

    /// Whether the relay can store.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub async fn ready(&self) -> Result<(), Problem> {
        self.ledger.health().await.map_err(|error| storage(&error))
    }

    /// Every unit, urgent ones first, and what else operators watch.
    ///
    /// # Errors
    ///
    /// What the storage says.
    pub async fn overview(&self) -> Result<(Vec<UnitRow>, Watch), Problem> {
        let (watch, state) = (self.watch().await?, self.state());
        let now_ms = clock::now_ms();
        let mut rows: Vec<UnitRow> = state
            .units()
            .map(|unit| {
                let nodes = state.nodes_of_unit(unit.id).filter(|node| node.ended.is_none());
                let nodes: Vec<NodeFacts> = nodes
                    .map(|node| watch.statuses.iter().find(|status| status.node == node.id))
                    .map(|status| status.map(facts).unwrap_or_default())
                    .collect();
                let alerts = watch.alerts.iter().filter(|alert| alert.unit == Some(unit.id));
                let named = (unit.code.clone(), unit.full_name());
                let share = watch.scan_bytes.iter().find(|(of, _)| *of == unit.id);
                let scan_bytes = share.map_or(0, |(_, bytes)| *bytes);
                UnitRow { scan_bytes, ..UnitRow::new(named, &nodes, alerts.count(), now_ms) }
            })
            .collect();
        sort_by_urgency(&mut rows);
        Ok((rows, watch))
    }

    /// Every node and every request to join.
    ///
    /// # Errors
    ///
    /// What the storage says.
    pub async fn nodes(&self) -> Answer {
        let (watch, state) = (self.watch().await?, self.state());
        let code = |unit| state.unit(unit).map(|unit| unit.code.clone());
        let nodes = state.nodes().map(|node| {
            let status = watch.statuses.iter().find(|status| status.node == node.id);
            let incarnation = status.and_then(|status| status.incarnation);
            json!({
                "node": node.id.to_string(),
                "unit": code(node.unit),
                "label": node.label,
                "stations": node.stations,
                "state": if node.ended.is_some() { "ended" } else { "approved" },
                "connected": status.is_some_and(|status| status.connected),
                "last_seen_ms": status.map(|status| status.last_seen_ms),
                "backlog_entries": status.map_or(0, |status| status.backlog_entries),
                "backlog_bytes": status.map_or(0, |status| status.backlog_bytes),
                "oldest_pending_ms": status.and_then(|status| status.oldest_pending_ms),
                "waiting": status.map_or(0, |status| status.waiting),
                "refused": status.map_or(0, |status| status.refused),
                "clock_skew_ms": status.map(|status| status.clock_skew_ms),
                "version": status.map(|status| status.version.clone()),
                "incarnation": incarnation.map(|incarnation| incarnation.to_string()),
            })
        });
        let mut items: Vec<Value> = nodes.collect();
        let requests = self.ledger.requests().await;
        for request in requests.map_err(|error| storage(&error))? {
            if request.state == enrolment::JoinState::Pending {
                items.push(json!({
                    "node": request.transport.to_string(),
                    "unit": code(request.unit),
                    "state": "pending",
                    "words": request.words,
                }));
            }
        }
        Ok(json!({ "items": items }))
    }

    /// Signs a statement and adds it to the ledger; `beside` is kept with it. What it says is made
    /// by the registry to which it is added.
    pub(crate) async fn publish(
        &self,
        signer: Signer,
        statement: impl FnOnce(&State) -> Statement + Send + 'static,
        beside: Beside,
    ) -> Result<EntryId, Problem> {
        let sign: Sign = Box::new(move |state| signer.sign(&statement(state)));
        let accepted = self.ledger.accept(sign, beside, clock::now_ms()).await;
        let id = accepted.map_err(|error| {
            let code = match &error {
                NotAccepted::Registry(code) => code,
                NotAccepted::NameTaken => "name",
                NotAccepted::Storage(_) => "storage",
                NotAccepted::Sign(_) => "sign",
            };
            Problem::new(code, error.to_string())
        })?;
        self.grew.send_modify(|count| *count = count.wrapping_add(1));
        Ok(id)
    }

    async fn watch(&self) -> Result<Watch, Problem> {
        self.ledger.watch().await.map_err(|error| storage(&error))
    }

    /// Hands to operators what has waited too long.
    pub(crate) async fn sweep(&self, now_ms: u64) -> Result<usize, Problem> {
        let handed = self.ledger.hand_over(now_ms).await.map_err(|error| storage(&error))?;
        if handed > 0 {
            tracing::warn!(entries = handed, "entries that have waited too long need an operator");
        }
        self.scans.collect(now_ms).await.map_err(|error| storage(&error))?;
        Ok(handed)
    }
}

fn facts(status: &NodeStatus) -> NodeFacts {
    NodeFacts {
        connected: status.connected,
        last_seen_ms: Some(status.last_seen_ms),
        backlog_entries: status.backlog_entries,
        backlog_bytes: status.backlog_bytes,
        oldest_pending_ms: status.oldest_pending_ms,
        clock_skew_ms: status.clock_skew_ms,
        version: status.version.clone(),
        troubled: status.waiting.saturating_add(status.refused),
        scans: status.scans,
    }
}

impl Listener for Office {
    async fn keep_join(&self, key: PublicKey, exporter: [u8; 32], request: Vec<u8>) -> bool {
        match self.enrol(key, exporter, &request).await {
            Ok(kept) => kept,
            Err(problem) => {
                tracing::warn!(code = problem.code, "a request to join was not kept");
                false
            }
        }
    }

    async fn is_pending(&self, key: PublicKey) -> bool {
        let request = self.ledger.request(key).await;
        let pending = enrolment::JoinState::Pending;
        request.is_ok_and(|request| request.is_some_and(|request| request.state == pending))
    }

    async fn heard(&self, news: News) {
        if let Err(error) = self.ledger.note(news, clock::now_ms()).await {
            tracing::error!(%error, "what a node reported could not be kept");
        }
    }
}
