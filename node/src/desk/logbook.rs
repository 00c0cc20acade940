//! What was received in a period, as the logbook has it.

use std::sync::Arc;

use hoso_dossier::deadline::moment;
use hoso_identity::DocumentId;
use hoso_store::{
    StoreError,
    records::{self, Cursor, Filter},
    writer::Tx,
};
use serde_json::Value as Json;
use time::Date;

use super::{Refused, load};
use crate::{office::Office, people::Actor};

/// Rows that are read at once.
const PAGE: usize = 100;

/// The dossiers that this unit received from one day to another, in order of reception.
///
/// # Errors
///
/// 403 for whoever reads no dossiers, 422 where there are more than `max`.
pub(crate) async fn received(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    (from, to): (Date, Date),
    max: usize,
) -> Result<Vec<Json>, Refused> {
    if !actor.reads() {
        return Err(Refused::new(403, "rule-role"));
    }
    let before_ms = to.next_day().map_or(i64::MAX, |day| moment(day, 0));
    let (from_ms, unit) = (moment(from, 0), office.unit());
    let named = office.memory.read(move |tx| {
        let mut named = Vec::new();
        // Behind every dossier of the last day: the list goes from the newest to the oldest.
        let mut after = Some(Cursor { rank: 0, at_ms: before_ms, document: DocumentId([0; 16]) });
        while let Some(cursor) = after {
            let page = page(tx, cursor)?;
            let period = page.items.iter().take_while(|row| row.received_at_ms >= from_ms);
            named.extend(period.clone().filter_map(|row| {
                (row.receiving_unit == unit && row.code.is_some()).then_some(row.document)
            }));
            let ended = period.count() < page.items.len() || named.len() > max;
            after = page.next.filter(|_| !ended);
        }
        Ok::<_, StoreError>(named)
    });
    let named: Vec<DocumentId> = named.await?;
    if named.len() > max {
        return Err(Refused::new(422, "too-long").about("from"));
    }
    let state = office.state();
    let mut dossiers = Vec::with_capacity(named.len());
    for id in named.into_iter().rev() {
        if let Some(dossier) = load(office, id).await? {
            dossiers.push(dossier.view(&state));
        }
    }
    Ok(dossiers)
}

fn page(tx: &mut Tx<'_>, after: Cursor) -> Result<records::Page, StoreError> {
    let filter = Filter { limit: PAGE, after: Some(after), ..Filter::default() };
    records::list(tx, &filter)
}
