//! The words by which a dossier is found: in its record's row, and in an index without contents.
//! What is taken out of the index is exactly what the row says was put in.

use hoso_identity::{DocumentId, UnitId};
use rusqlite::{OptionalExtension, named_params};

use super::Plan;
use crate::{error::StoreError, search::indexed, writer::Tx};

const KEPT: &str = "SELECT words FROM record WHERE document = :document";
const DROP: &str = "INSERT INTO record_word (record_word, rowid, words)
    VALUES ('delete', :seq, :words)";
const PUT: &str = "INSERT INTO record_word (rowid, words) VALUES (:seq, :words)";

/// The words of a record, as the row keeps them.
pub(super) fn of(plan: &Plan) -> String {
    let summary = &plan.summary;
    let units = [Some(summary.receiving_unit), summary.competent_unit, summary.return_unit];
    let units: Vec<UnitId> = units.into_iter().flatten().collect();
    indexed(&plan.search, &units).into_iter().collect::<Vec<_>>().join(" ")
}

/// The words by which a dossier is found; none without a record.
pub(super) fn kept(tx: &mut Tx<'_>, document: &DocumentId) -> Result<String, StoreError> {
    let mut statement = tx.connection.prepare_cached(KEPT)?;
    let words = statement.query_row(named_params! { ":document": document.0 }, |row| row.get(0));
    Ok(words.optional()?.unwrap_or_default())
}

/// Lets a record be found by the second words instead of the first. An ordinary event changes none
/// of them.
pub(super) fn replace(
    tx: &mut Tx<'_>,
    seq: i64,
    (before, words): (&str, &str),
) -> Result<(), StoreError> {
    if before == words {
        return Ok(());
    }
    for (sql, words) in [(DROP, before), (PUT, words)] {
        if !words.is_empty() {
            let mut statement = tx.connection.prepare_cached(sql)?;
            statement.execute(named_params! { ":seq": seq, ":words": words })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::{Filter, list};
    use crate::{
        database::{DATABASE_NAME, Database, Schema, migrate},
        readers::Readers,
        tables::JournalTables,
    };

    #[test]
    fn a_dossier_that_an_older_program_has_kept_is_found_by_the_same_words_and_computed_again() {
        let data = tempfile::tempdir().unwrap();
        let mut older = Connection::open(data.path().join(DATABASE_NAME)).unwrap();
        migrate(&mut older, Schema::Node, &Schema::Node.migrations()[..10]).unwrap();
        older
            .execute_batch(
                "BEGIN; INSERT INTO record (seq, document, version, procedure, applicant,
                receiving_unit, status, received_at_ms, needs_review, changed_at_ms)
                VALUES (7, zeroblob(16), x'00', '', '', 1, 2, 0, 0, 0);
                INSERT INTO record_word VALUES ('duong', 7), ('thi', 7), ('hang', 7);
                COMMIT",
            )
            .unwrap();
        drop(older);
        let _database = Database::open(data.path(), Schema::Node).unwrap();
        let found = |query: &str| {
            let filter = Filter { query: query.to_owned(), ..Filter::default() };
            let page = Readers::of(data.path()).read(|tx| list(tx, &filter));
            page.unwrap().items.len()
        };
        assert_eq!((found("thi duo"), found("hang tho")), (1, 0));
        let marks = Readers::of(data.path()).read(|tx| tx.to_apply(0, 9)).unwrap();
        assert_eq!(marks.iter().map(|mark| mark.document.0).collect::<Vec<_>>(), [[0; 16]]);
    }
}
