//! The relay's office: what operators and their commands ask, and what nodes report.

mod commands;
mod enrol;
mod people;

use std::{path::PathBuf, sync::Arc};

use hoso_engine::{
    acceptor::{News, Office as Listener},
    clock,
    command::{Answer, Problem},
    frames::WireBytes,
    metrics::{Histogram, Page},
    passwords::Passwords,
};
use hoso_identity::{EntryId, PublicKey, SigningKey};
use hoso_registry::{State, Statement};
use hoso_store::{StoreError, database, enrolment, watch::NodeStatus};
use serde_json::{Value, json};
use tokio::sync::watch::Sender;

pub use self::enrol::BEGINNING_DIGITS_MIN;
use crate::{
    ledger::{self, Beside, Ledger, NotAccepted},
    overview::{NodeFacts, Standing, UnitRow, sort_by_urgency},
    sign::{SignError, Signer},
    web::Sessions,
};

/// The relay's desk, behind the pages, the control socket and the links.
#[derive(Debug)]
pub struct Office {
    pub(crate) data: PathBuf,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) transport: PublicKey,
    /// The key of the registrar `auto`, outside the official realm.
    pub(crate) auto: Option<Signing>,
    pub(crate) grew: Sender<u64>,
    pub(crate) sessions: Sessions,
    pub(crate) passwords: Passwords,
    /// Bytes on all lines.
    pub(crate) wire: WireBytes,
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

impl From<SignError> for Problem {
    fn from(error: SignError) -> Self {
        Self::new("sign", error.to_string())
    }
}

/// A problem with the storage, for a command or a page.
pub(crate) fn storage(error: &StoreError) -> Problem {
    Problem::new("storage", error.to_string())
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

    /// Every unit, urgent ones first.
    ///
    /// # Errors
    ///
    /// What the storage says.
    pub async fn overview(&self) -> Result<Vec<UnitRow>, Problem> {
        let (statuses, state) = (self.statuses().await?, self.state());
        let now_ms = clock::now_ms();
        let mut rows: Vec<UnitRow> = state
            .units()
            .map(|unit| {
                let nodes = state.nodes_of_unit(unit.id).filter(|node| node.ended.is_none());
                let nodes: Vec<NodeFacts> = nodes
                    .map(|node| statuses.iter().find(|status| status.node == node.id))
                    .map(|status| status.map(facts).unwrap_or_default())
                    .collect();
                UnitRow::new(unit.code.clone(), unit.full_name(), &nodes, now_ms)
            })
            .collect();
        sort_by_urgency(&mut rows);
        Ok(rows)
    }

    /// Every node and every request to join.
    ///
    /// # Errors
    ///
    /// What the storage says.
    pub async fn nodes(&self) -> Answer {
        let (statuses, state) = (self.statuses().await?, self.state());
        let code = |unit| state.unit(unit).map(|unit| unit.code.clone());
        let nodes = state.nodes().map(|node| {
            let status = statuses.iter().find(|status| status.node == node.id);
            json!({
                "node": node.id.to_string(),
                "unit": code(node.unit),
                "label": node.label,
                "stations": node.stations,
                "state": if node.ended.is_some() { "ended" } else { "approved" },
                "connected": status.is_some_and(|status| status.connected),
                "last_seen_ms": status.map(|status| status.last_seen_ms),
                "backlog_entries": status.map_or(0, |status| status.backlog_entries),
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

    /// Metrics in the text form of Prometheus.
    ///
    /// # Errors
    ///
    /// What the storage says.
    pub async fn metrics(&self) -> Result<String, Problem> {
        let rows = self.overview().await?;
        let troubled = self.ledger.troubled().await;
        let (refused, waiting) = troubled.map_err(|error| storage(&error))?;
        let mut page = Page::new(env!("CARGO_PKG_VERSION"));
        let known: Vec<&UnitRow> = rows.iter().filter(|row| row.nodes > 0).collect();
        let mut each = |name: &str, value: &dyn Fn(&UnitRow) -> Option<u64>| {
            page.kind(name, "gauge");
            for row in &known {
                if let Some(value) = value(row) {
                    page.line(name, &[("unit", &row.code)], value);
                }
            }
        };
        each("hoso_link_up", &|row| Some(u64::from(row.standing == Standing::Connected)));
        each("hoso_backlog_entries", &|row| Some(row.backlog_entries));
        each("hoso_backlog_bytes", &|row| Some(row.backlog_bytes));
        each("hoso_node_last_seen_seconds", &|row| row.last_seen_s);
        page.kind("hoso_refused_total", "counter");
        for (reason, times) in refused {
            page.line("hoso_refused_total", &[("reason", reason.code())], times);
        }
        page.gauge("hoso_waiting_entries", &[], waiting);
        page.histogram("hoso_commit_seconds", &[], &self.commits);
        let bytes = std::fs::metadata(self.data.join(database::DATABASE_NAME))
            .map_or(0, |metadata| metadata.len());
        page.gauge("hoso_db_bytes", &[], bytes);
        page.disk(&[], &self.data);
        page.wire(&[], &self.wire);
        Ok(page.into_text())
    }

    async fn statuses(&self) -> Result<Vec<NodeStatus>, Problem> {
        self.ledger.statuses().await.map_err(|error| storage(&error))
    }

    /// Signs a statement and adds it to the ledger; `beside` is kept with it.
    pub(crate) async fn publish(
        &self,
        signer: &Signer,
        statement: &Statement,
        beside: Beside,
    ) -> Result<EntryId, Problem> {
        let entry = signer.sign(statement)?;
        let signed = ledger::Statement { id: entry.id(), bytes: entry.encode() };
        self.ledger.accept(signed, beside, clock::now_ms()).await.map_err(|error| {
            let code = match &error {
                NotAccepted::Registry(code) => code,
                NotAccepted::NameTaken => "name",
                NotAccepted::Storage(_) => "storage",
            };
            Problem::new(code, error.to_string())
        })?;
        self.grew.send_modify(|count| *count = count.wrapping_add(1));
        Ok(entry.id())
    }
}

fn facts(status: &NodeStatus) -> NodeFacts {
    NodeFacts {
        connected: status.connected,
        last_seen_ms: Some(status.last_seen_ms),
        backlog_entries: status.backlog_entries,
        backlog_bytes: status.backlog_bytes,
        troubled: status.waiting.saturating_add(status.refused),
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
