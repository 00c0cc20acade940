//! Who has applied here before, so that nobody types twice what this node knows.

use std::{collections::BTreeSet, sync::Arc};

use hoso_dossier::event::Party;
use hoso_store::{
    fold,
    records::{self, Filter},
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
    let wanted = fold::words(query);
    if query.trim().chars().count() < QUERY_MIN || wanted.is_empty() {
        return Ok(json!({ "items": [] }));
    }
    let filter = Filter { query: query.to_owned(), limit: LOOKED_AT_MAX, ..Filter::default() };
    let page = office.memory.read(move |tx| records::list(tx, &filter)).await?;
    let (mut seen, mut items) = (BTreeSet::new(), Vec::new());
    for row in page.items {
        // One that is being applied, or set aside, is no reason to show nothing.
        let Ok(Some(dossier)) = load(office, row.document).await else { continue };
        let at = times::text(row.received_at_ms);
        for party in parties(&dossier).filter(|party| has_all(party, &wanted)) {
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

/// Whether each word begins a word of the name, the number or the phone.
fn has_all(party: &Party, wanted: &[String]) -> bool {
    let texts = [Some(&party.name), party.id_number.as_ref(), party.phone.as_ref()];
    let own: Vec<String> = texts.into_iter().flatten().flat_map(|text| fold::words(text)).collect();
    wanted.iter().all(|word| own.iter().any(|own| own.starts_with(word.as_str())))
}

/// What tells two people apart: the number, or all that is known where there is none.
fn identity(party: &Party) -> String {
    match &party.id_number {
        Some(number) => number.clone(),
        None => fold::folded(&format!("{} {:?} {:?}", party.name, party.birth_date, party.phone)),
    }
}
