//! Whether the node lives and can save, and its figures.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hoso_engine::{
    clock, link,
    metrics::{Page, signed_seconds},
};
use hoso_store::{
    StoreError,
    attachments::{self, room},
    backup, database, journal,
    rules::journal::ATTEMPTS_MAX,
};

use super::site::Site;

/// The process lives.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The node can save.
pub(super) async fn readyz(State(site): State<Arc<Site>>) -> Response {
    match site.office.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, problem.text).into_response(),
    }
}

/// Metrics in the text form of Prometheus; no personal data, label `unit` only.
pub(super) async fn metrics(State(site): State<Arc<Site>>) -> Response {
    match figures(&site).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

async fn figures(site: &Site) -> Result<String, StoreError> {
    let office = &site.office;
    let read = office.memory.read(|tx| {
        let (waiting, _) = journal::troubled(tx)?;
        let aside = journal::set_aside(tx, ATTEMPTS_MAX)?.len();
        let waiting = waiting.saturating_add(u64::try_from(aside).unwrap_or(u64::MAX));
        let counts = (waiting, (attachments::pending(tx)?, room::held(tx)?));
        let figures = (journal::backlog(tx)?, counts, journal::refused(tx)?, backup::noted(tx)?);
        Ok::<_, StoreError>(figures)
    });
    let (backlog, (waiting, (blobs, blob_bytes)), refused, backup_ms) = read.await?;
    let status = office.link.borrow().clone();
    let state = office.state();
    let unit = state.unit(office.unit()).map(|unit| unit.code.clone()).unwrap_or_default();
    let up = u8::from(status.state == link::State::Up);
    let now_ms = clock::now_ms();
    let oldest_ms = backlog.since_ms.map_or(0, |at| now_ms.saturating_sub(at));
    let bytes = std::fs::metadata(office.data.join(database::DATABASE_NAME))
        .map_or(0, |metadata| metadata.len());
    let labels = [("unit", unit.as_str())];
    let mut page = Page::new(env!("CARGO_PKG_VERSION"));
    for (name, value) in [
        ("hoso_link_up", u64::from(up)),
        ("hoso_backlog_entries", backlog.entries),
        ("hoso_backlog_bytes", backlog.bytes),
        ("hoso_oldest_unsent_seconds", oldest_ms / 1000),
        ("hoso_waiting_entries", waiting),
        ("hoso_db_bytes", bytes),
        ("hoso_blobs_pending", blobs),
        ("hoso_blob_bytes", blob_bytes),
    ] {
        page.gauge(name, &labels, value);
    }
    // What a node has not seen since it started is the other end of its only link.
    page.kind("hoso_node_last_seen_seconds", "gauge");
    if let Some(heard_ms) = status.heard_ms {
        let age_s = now_ms.saturating_sub(heard_ms) / 1000;
        page.line("hoso_node_last_seen_seconds", &labels, age_s);
    }
    page.gauge("hoso_clock_skew_seconds", &labels, signed_seconds(status.skew_ms()));
    page.backup(&labels, backup_ms, now_ms);
    page.kind("hoso_refused_total", "counter");
    for (reason, times) in refused {
        page.line("hoso_refused_total", &[labels[0], ("reason", reason.code())], times);
    }
    page.kind("hoso_healed_entries_total", "counter");
    page.line("hoso_healed_entries_total", &labels, status.healed_entries);
    page.histogram("hoso_apply_seconds", &labels, &office.applying);
    page.histogram("hoso_commit_seconds", &labels, &office.commits);
    page.disk(&labels, &office.data);
    page.wire(&labels, &office.wire);
    Ok(page.into_text())
}
