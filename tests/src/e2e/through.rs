//! Whether everything is through, read from the databases of running programs: asking them would
//! take time from what is measured.

use hoso_store::{
    StoreError,
    readers::Readers,
    tables::{JournalTables, LedgerTables},
};

/// Whether a node has sent all that it has.
#[must_use]
pub fn is_sent(own: &Readers) -> bool {
    let facts: Result<_, StoreError> = own.read(|tx| tx.facts());
    facts.is_ok_and(|facts| facts.journal_through >= facts.journal_head)
}

/// Whether a node has sent all that it has, and applied all that the relay has for it.
#[must_use]
pub fn is_complete(own: &Readers, ledger: &Readers) -> bool {
    let read: Result<_, StoreError> = own.read(|tx| Ok((tx.cursors()?, tx.to_apply(0, 1)?)));
    let Ok((cursors, marks)) = read else { return false };
    let reached = cursors.iter().all(|cursor| {
        let end: Result<_, StoreError> = ledger.read(|tx| tx.feed_end(cursor.scope));
        end.is_ok_and(|end| cursor.row >= end.row)
    });
    cursors.len() >= 2 && reached && marks.is_empty() && is_sent(own)
}
