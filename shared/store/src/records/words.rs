//! The words by which a dossier is found: in its record's row, and in an index without contents.
//! What is taken out of the index is exactly what the row says was put in.

use hoso_identity::UnitId;
use rusqlite::named_params;

use super::Summary;
use crate::{
    collation::name_key,
    error::StoreError,
    search::{Findable, indexed},
    writer::Tx,
};

const DROP: &str = "INSERT INTO record_word (record_word, rowid, words)
    VALUES ('delete', :seq, :words)";
const PUT: &str = "INSERT INTO record_word (rowid, words) VALUES (:seq, :words)";

/// The words by which a record is found, and by what its applicant's name is in order. They take
/// longer than the rest of its row, so they are computed before the writer is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The words as the row keeps them.
    pub(super) text: String,
    pub(super) name_key: Vec<u8>,
}

impl Words {
    /// Of these texts beside its units: code, names, id numbers, phones.
    #[must_use]
    pub fn of(summary: &Summary, search: &[Findable]) -> Self {
        let units = [Some(summary.receiving_unit), summary.competent_unit, summary.return_unit];
        let units: Vec<UnitId> = units.into_iter().flatten().collect();
        let text = indexed(search, &units).into_iter().collect::<Vec<_>>().join(" ");
        Self { text, name_key: name_key(&summary.applicant) }
    }
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
