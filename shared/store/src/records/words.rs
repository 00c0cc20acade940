//! The words by which a dossier is found: in its record's row, and in an index without contents.
//! What is taken out of the index is exactly what the row says was put in.

use std::collections::BTreeSet;

use hoso_identity::DocumentId;
use rusqlite::{OptionalExtension, named_params};

use crate::{error::StoreError, fold, writer::Tx};

const KEPT: &str = "SELECT words FROM record WHERE document = :document";
const DROP: &str = "INSERT INTO record_word (record_word, rowid, words)
    VALUES ('delete', :seq, :words)";
const PUT: &str = "INSERT INTO record_word (rowid, words) VALUES (:seq, :words)";
/// The condition of a list whose value is a [`question`].
pub(super) const FOUND: &str =
    " AND seq IN (SELECT rowid FROM record_word WHERE record_word MATCH ?)";

/// Words of one query that count.
const ASKED_MAX: usize = 8;
/// Words by which one dossier is found.
const WORDS_MAX: usize = 128;

/// The words of these texts, as the row keeps them.
pub(super) fn of(texts: &[String]) -> String {
    let words: BTreeSet<String> = texts.iter().flat_map(|text| fold::indexed(text)).collect();
    words.into_iter().take(WORDS_MAX).collect::<Vec<_>>().join(" ")
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

/// Asks for records in which each of these begins a word. Words are letters and digits alone:
/// nothing in them ends the quotes.
pub(super) fn question(words: &[String]) -> String {
    let words = words.iter().take(ASKED_MAX).map(|word| format!("\"{word}\"*"));
    words.collect::<Vec<_>>().join(" AND ")
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::{Filter, list};
    use crate::{
        database::{DATABASE_NAME, Database, Schema, migrate},
        readers::Readers,
    };

    #[test]
    fn a_dossier_that_an_older_program_has_kept_is_found_by_the_same_words() {
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
    }
}
