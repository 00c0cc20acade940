//! What people have done, as exercises look at it.

use std::sync::Arc;

use hoso_dossier::{ChangeHash, event::Body, fold::Effect};
use hoso_identity::{DocumentId, PersonId};
use hoso_registry::EventKind;
use hoso_store::records::{self, Filter};

use super::{Refused, load};
use crate::{dossiers::Dossier, office::Office};

/// Dossiers that are looked at, newest first: far more than anybody practises on.
const DOSSIERS_MAX: usize = 1_000;

/// An event that was lawful, whether it holds or another one was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    /// Who.
    pub(crate) person: Option<PersonId>,
    /// What.
    pub(crate) kind: EventKind,
    /// When, by the device's clock.
    pub(crate) at_ms: i64,
    /// The event's id.
    pub(crate) event: ChangeHash,
    /// The events that its author had seen last.
    pub(crate) after: Vec<ChangeHash>,
    /// The field and its value, for a correction.
    pub(crate) field: Option<(String, Option<String>)>,
}

/// The deeds in each dossier, in an order in which each comes after what its author had seen.
pub(crate) async fn deeds(office: &Arc<Office>) -> Result<Vec<(DocumentId, Vec<Deed>)>, Refused> {
    let filter = Filter { limit: DOSSIERS_MAX, ..Filter::default() };
    let page = office.memory.read(move |tx| records::list(tx, &filter)).await?;
    let mut all = Vec::with_capacity(page.items.len());
    for row in page.items {
        // One that is set aside is no reason to see nothing of the others.
        let Ok(Some(dossier)) = load(office, row.document).await else { continue };
        all.push((row.document, of(&dossier)));
    }
    Ok(all)
}

fn of(dossier: &Dossier) -> Vec<Deed> {
    let lawful = dossier.folded.history.iter().filter(|(_, effect)| {
        matches!(effect, Effect::Taken | Effect::Contested | Effect::Outvoted)
    });
    let items = lawful.filter_map(|(place, _)| dossier.items.get(*place));
    let deeds = items.filter_map(|item| {
        let event = item.event.as_ref().ok()?;
        let field = if let Body::FieldCorrected(body) = &event.body {
            Some((body.field.clone(), body.value.clone()))
        } else {
            None
        };
        Some(Deed {
            person: item.author.person,
            kind: event.body.kind(),
            at_ms: event.at_ms,
            event: item.hash,
            after: item.deps.clone(),
            field,
        })
    });
    deeds.collect()
}
