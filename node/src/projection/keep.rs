//! What was computed, kept in one transaction.

use std::{ptr, sync::Arc};

use hoso_engine::admission::Registrar;
use hoso_store::{
    StoreError, journal as stored, records, rules::journal, tables::JournalTables, writer::Tx,
};

use super::work::Applied;

/// Writes what was computed, if nothing has come in between; what is out of date stays marked. A
/// statement that was committed while its entries were read makes it so as well.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    registrar: &Registrar,
    done: Vec<Applied>,
) -> Result<(), StoreError> {
    for applied in done {
        let document = applied.mark.document;
        let times = tx.mark(&document)?.map(|mark| mark.times);
        let from = applied.plan.as_ref().map(|plan| plan.computed_from.clone());
        let moved = match from {
            Some(from) => records::version(tx, &document)? != from,
            None => false,
        };
        let agreed = ptr::eq(Arc::as_ptr(&applied.state), registrar.state());
        if moved || !agreed || times != Some(applied.mark.times) {
            // It could be computed, whatever an earlier attempt came to.
            tx.set_attempts(&document, 0)?;
            continue;
        }
        if let Some(plan) = &applied.plan {
            records::put(tx, plan)?;
        }
        if let Some(last) = &applied.full_after {
            stored::hold_back(tx, &document, last)?;
        }
        journal::applied(tx, &document, &applied.standings)?;
    }
    Ok(())
}
