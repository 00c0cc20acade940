//! The relay's figures in the text form of Prometheus.

use hoso_engine::{
    clock,
    command::Problem,
    metrics::{Page, signed_seconds},
};
use hoso_store::database;

use super::Office;
use crate::overview::UnitRow;

impl Office {
    /// Metrics; no personal data, label `unit` only.
    ///
    /// # Errors
    ///
    /// What the storage says.
    pub async fn metrics(&self) -> Result<String, Problem> {
        let (rows, watch) = self.overview().await?;
        let mut page = Page::new(env!("CARGO_PKG_VERSION"));
        let known: Vec<&UnitRow> = rows.iter().filter(|row| row.nodes > 0).collect();
        units(&mut page, &known);
        page.kind("hoso_refused_total", "counter");
        for (reason, times) in watch.refused {
            page.line("hoso_refused_total", &[("reason", reason.code())], times);
        }
        page.gauge("hoso_waiting_entries", &[], watch.waiting);
        page.kind("hoso_healed_entries_total", "counter");
        page.line("hoso_healed_entries_total", &[], self.figures.healed.count());
        page.histogram("hoso_apply_seconds", &[], &self.figures.applying);
        page.histogram("hoso_commit_seconds", &[], &self.commits);
        let bytes = std::fs::metadata(self.data.join(database::DATABASE_NAME))
            .map_or(0, |metadata| metadata.len());
        page.gauge("hoso_db_bytes", &[], bytes);
        page.backup(&[], watch.backup_ms, clock::now_ms());
        page.disk(&[], &self.data);
        page.wire(&[], &self.figures.wire);
        Ok(page.into_text())
    }
}

/// What is known of each unit that has a node.
fn units(page: &mut Page, known: &[&UnitRow]) {
    let mut each = |name: &str, value: &dyn Fn(&UnitRow) -> Option<String>| {
        page.kind(name, "gauge");
        for row in known {
            if let Some(value) = value(row) {
                page.line(name, &[("unit", &row.code)], value);
            }
        }
    };
    each("hoso_link_up", &|row| Some(u8::from(row.connected).to_string()));
    each("hoso_backlog_entries", &|row| Some(row.backlog_entries.to_string()));
    each("hoso_backlog_bytes", &|row| Some(row.backlog_bytes.to_string()));
    each("hoso_oldest_unsent_seconds", &|row| Some(row.oldest_unsent_s.to_string()));
    each("hoso_clock_skew_seconds", &|row| Some(signed_seconds(row.clock_skew_ms)));
    each("hoso_node_last_seen_seconds", &|row| row.last_seen_s.map(|age| age.to_string()));
    each("hoso_blobs_pending", &|row| Some(row.scans.to_string()));
    each("hoso_blob_bytes", &|row| Some(row.scan_bytes.to_string()));
}
