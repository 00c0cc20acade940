//! Who has applied here before, so that nobody types twice what this node knows.

use std::{collections::BTreeSet, sync::Arc};

use hoso_dossier::event::Party;
use hoso_store::{
    fold,
    records::{self, Filter},
    search::{Findable, finds},
};
use serde_json::{Value as Json, json};

use super::{Refused, load};
use crate::{dossiers::Dossier, office::Office, people::Actor, times};

/// Characters of a query at least: fewer would show half of the records.
const QUERY_MIN: usize = 3;
/// Dossiers that are looked at, newest first.
const LOOKED_AT_MAX: usize = 24;
/// Applicants that are shown.
const SHOWN_MAX: usize = 8;

/// Applicants and owners of this node's dossiers who have all words of the query, newest first.
pub(crate) async fn applicants(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    query: &str,
) -> Result<Json, Refused> {
    if !actor.reads() {
        return Err(Refused::new(403, "rule-role"));
    }
    if query.trim().chars().count() < QUERY_MIN || fold::words(query).is_empty() {
        return Ok(json!({ "items": [] }));
    }
    let filter = Filter { query: query.to_owned(), limit: LOOKED_AT_MAX, ..Filter::default() };
    let page = office.memory.read(move |tx| records::list(tx, &filter)).await?;
    let (mut seen, mut items) = (BTreeSet::new(), Vec::new());
    for row in page.items {
        // One that is being applied, or set aside, is no reason to show nothing.
        let Ok(Some(dossier)) = load(office, row.document).await else { continue };
        let at = times::text(row.received_at_ms);
        for party in parties(&dossier).filter(|party| is_meant(party, query)) {
            if items.len() < SHOWN_MAX && seen.insert(identity(party)) {
                items.push(json!({
                    "kind": party.kind.code(),
                    "name": party.name,
                    "id_number": party.id_number,
                    "birth_date": party.birth_date.map(|day| day.to_string()),
                    "phone": party.phone,
                    "email": party.email,
                    "address": party.address,
                    "last_code": row.code,
                    "last_at": at,
                }));
            }
        }
    }
    Ok(json!({ "items": items }))
}

fn parties(dossier: &Dossier) -> impl Iterator<Item = &Party> {
    let application = dossier.folded.standing.application.as_ref();
    application.into_iter().flat_map(|form| std::iter::once(&form.applicant).chain(&form.owner))
}

/// Whether the query would find name, number or phone of this party, as it finds dossiers.
fn is_meant(party: &Party, query: &str) -> bool {
    let mut texts = vec![Findable::Name(party.name.clone())];
    texts.extend(party.id_number.clone().map(Findable::Number));
    texts.extend(party.phone.clone().map(Findable::Phone));
    finds(query, &texts)
}

/// What tells two people apart: the number, or all that is known where there is none.
fn identity(party: &Party) -> String {
    match &party.id_number {
        Some(number) => number.clone(),
        None => fold::folded(&format!("{} {:?} {:?}", party.name, party.birth_date, party.phone)),
    }
}
