//! Codes that give way to others.

use std::sync::Arc;

use hoso_dossier::code::Code;
use hoso_identity::{DocumentId, Position};
use hoso_store::{StoreError, records, tables::JournalTables, writer::Tx};

use super::Refused;
use crate::office::Office;

/// How a provisional code looks, for a search.
const PROVISIONAL: &str = "*-P*";

/// Dossiers of this office whose code may be given anew, with that code.
pub(crate) async fn reissuable(office: &Arc<Office>) -> Result<Vec<(DocumentId, String)>, Refused> {
    let (state, unit) = (office.state(), office.unit());
    let own = state.unit(unit).map(|unit| unit.org_code.clone()).unwrap_or_default();
    let found = office.memory.read(|tx| records::doubtful_codes(tx, PROVISIONAL)).await?;
    let mut open = Vec::new();
    for (document, code) in found {
        let ours = code.parse::<Code>().is_ok_and(|code| code.org() == own);
        if ours && may_reissue(office, document).await.is_ok() {
            open.push((document, code));
        }
    }
    Ok(open)
}

/// A code gives way where it is provisional, or where an older dossier has it too: of two with one
/// code the one at the later position gets another.
pub(super) async fn may_reissue(office: &Arc<Office>, id: DocumentId) -> Result<(), Refused> {
    let read = office.memory.read(move |tx| {
        let code = records::summary(tx, &id)?.and_then(|summary| summary.code);
        let same = code.as_ref().map_or(Ok(Vec::new()), |code| records::by_code(tx, code))?;
        let mut begun = Vec::new();
        for document in same {
            begun.push((began(tx, &document)?, document));
        }
        Ok::<_, StoreError>((code, begun))
    });
    let (code, begun) = read.await?;
    let provisional = |code: String| code.parse::<Code>().is_ok_and(|code| code.is_provisional());
    if code.is_none_or(provisional) {
        return Ok(());
    }
    match begun.into_iter().min() {
        Some((_, first)) if first != id => Ok(()),
        _ => Err(Refused::new(409, "code-stays")),
    }
}

/// Where a dossier's first entry was accepted; one without a position comes last.
fn began(tx: &mut Tx<'_>, document: &DocumentId) -> Result<(bool, Option<Position>), StoreError> {
    let entries = tx.document(document)?;
    let first = entries.iter().find(|entry| entry.id.document() == *document);
    let position = first.and_then(|entry| entry.position);
    Ok((position.is_none(), position))
}
