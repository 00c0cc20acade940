//! Turns of scans: while a scan of a connection has one, its entries are no more urgent than scans.
//!
//! quinn takes a stream's new priority when it next sends a part of it. A scan that waits behind
//! entries is not sent, so that to raise it changes nothing; the entries are, so that it is they
//! which give way.

use std::future::pending;

use tokio::sync::watch;

/// How many scans of one connection have their turn. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenTurns(watch::Sender<usize>);

/// One scan's turn; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn(watch::Sender<usize>);

/// What a stream hears of the turns; the default, of one that never gives way, is nothing.
#[derive(Debug, Default)]
pub(crate) struct TurnNews(Option<watch::Receiver<usize>>);

impl OpenTurns {
    /// Begins the turn of a scan.
    pub(crate) fn begin(&self) -> Turn {
        self.0.send_modify(|turns| *turns = turns.saturating_add(1));
        Turn(self.0.clone())
    }

    /// The news of them, first of how it stands.
    pub(crate) fn news(&self) -> TurnNews {
        let mut turns = self.0.subscribe();
        turns.mark_changed();
        TurnNews(Some(turns))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.send_modify(|turns| *turns = turns.saturating_sub(1));
    }
}

impl TurnNews {
    /// Waits for the next; gives whether any scan has its turn. Cancel-safe.
    pub(crate) async fn next(&mut self) -> bool {
        let Some(turns) = &mut self.0 else { return pending().await };
        if turns.changed().await.is_err() {
            // The connection has gone, which is noticed at the next write.
            return pending().await;
        }
        *turns.borrow_and_update() > 0
    }
}
