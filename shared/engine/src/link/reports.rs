//! How a node stands: what is told to the operators, and how long what waits will take.

use std::time::Duration;

use hoso_store::{
    StoreError, attachments,
    journal::{self, Backlog},
    writer::Tx,
};
use hoso_sync::wire::Report;
use tokio::time::Instant;

use super::{
    Link, Waiting,
    forecast::{Carried, Paces},
};
use crate::{
    clock::{self, steady_ms},
    frames::StreamKind,
    tuning::Idling,
};

/// How often it is looked whether a report is due; on an ordinary line one always is.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Reports of one session. On a line that may be silent they go when it is kept alive, and when
/// something has come over it, so that it is awake anyway.
pub(super) struct Reports {
    rest: Option<Duration>,
    last: Option<Instant>,
    has_heard: bool,
    paces: Paces,
}

impl Reports {
    /// Over a line that may be silent for so long.
    pub(super) fn over(idling: Idling) -> Self {
        Self { rest: idling.keep_alive, last: None, has_heard: true, paces: Paces::default() }
    }

    /// Something has come over the line.
    pub(super) fn heard(&mut self) {
        self.has_heard = true;
    }

    /// Looks at what waits, and makes a report if one is due.
    pub(super) async fn made(&mut self, link: &Link) -> Result<Option<Report>, StoreError> {
        let read = |tx: &mut Tx<'_>| {
            let waiting = (attachments::pending(tx)?, attachments::waiting_bytes(tx)?);
            Ok((journal::backlog(tx)?, waiting))
        };
        let (backlog, (scans, bytes)) = link.memory.read::<_, StoreError>(read).await?;
        let waiting =
            Waiting { entries: backlog.bytes, scans_up: bytes.up, scans_down: bytes.down };
        let carried = Carried {
            up: link.wire.sent(StreamKind::Blobs),
            down: link.wire.received(StreamKind::Blobs),
        };
        let forecast = self.paces.look(steady_ms(link.begun), &waiting, carried);
        link.note(|status| status.forecast = forecast);
        let version = link.target.version.clone();
        Ok(self.is_due(Instant::now()).then(|| report(&backlog, scans, version)))
    }

    /// Whether one is due now, and is made then.
    fn is_due(&mut self, now: Instant) -> bool {
        let last = self.last.zip(self.rest);
        let has_rested = last.is_some_and(|(last, rest)| now.duration_since(last) >= rest);
        let is_due = self.has_heard || has_rested;
        if is_due {
            (self.last, self.has_heard) = (Some(now), false);
        }
        is_due
    }
}

fn report(backlog: &Backlog, scans: u64, version: String) -> Report {
    let (now_ms, since_ms) = (clock::now_ms(), backlog.since_ms);
    Report {
        backlog_entries: backlog.entries,
        backlog_bytes: backlog.bytes,
        oldest_ms: since_ms.map_or(0, |since_ms| now_ms.saturating_sub(since_ms)),
        clock_ms: now_ms,
        version,
        scans: Some(scans),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(keep_alive_s: Option<u64>) -> Reports {
        let limit = Duration::from_secs(7200);
        Reports::over(Idling { keep_alive: keep_alive_s.map(Duration::from_secs), limit })
    }

    #[test]
    fn a_report_goes_when_the_line_is_awake_or_kept_alive_and_never_wakes_it() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut often = Reports::over(Idling::default());
        assert!((0..5).all(|look| often.is_due(after(10 * look))), "as on every ordinary line");
        let mut metered = reports(Some(300));
        let due: Vec<u64> = (0..60).filter(|look| metered.is_due(after(10 * look))).collect();
        assert_eq!(due, [0, 30]);
        let mut silent = reports(None);
        assert!(silent.is_due(after(0)) && !silent.is_due(after(7000)));
        silent.heard();
        assert!(silent.is_due(after(7010)) && !silent.is_due(after(7020)));
    }
}
