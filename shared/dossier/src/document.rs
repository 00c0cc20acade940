//! The dossier's Automerge document: what every client of Automerge can read, and the last test of
//! a payload before it counts here.
//!
//! Everything that Automerge is given has passed [`shape::read`] before, with panics caught: a
//! change that Automerge cannot bear leaves the document as it was.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Automerge, AutomergeError, LoadOptions, TextEncoding};
use thiserror::Error;

use crate::{
    shape::{self, ShapeError},
    value::ChangeHash,
};

/// How Automerge counts places in text. Events have no text objects, so nothing depends on it; it
/// is set because a document remembers it.
const TEXT_ENCODING: TextEncoding = TextEncoding::UnicodeCodePoint;

/// One dossier in Automerge.
#[derive(Clone, Debug)]
pub struct Document(Automerge);

/// Why the document could not do what it was asked. It is unchanged.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// A payload that [`shape::read`] refuses.
    #[error("payload {index} of the list does not have the shape of an event")]
    Shape {
        /// Place in the list that was given.
        index: usize,
        /// What is wrong with it.
        source: ShapeError,
    },
    /// A payload did not go in: it rests on changes that are neither here nor in the list.
    #[error("not every change went in")]
    Missing,
    /// Automerge returned an error.
    #[error("the document library refuses")]
    Library(#[from] AutomergeError),
    /// Automerge returned another error, known by its words only.
    #[error("the document library refuses: {0}")]
    Refused(String),
    /// Automerge panicked.
    #[error("the document library panicked")]
    Panicked,
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl Document {
    /// A document without events.
    #[must_use]
    pub fn new() -> Self {
        Self(Automerge::new_with_encoding(TEXT_ENCODING))
    }

    /// The document that [`Document::save`] wrote. For own snapshots only: bytes from elsewhere can
    /// keep Automerge busy for ever.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when the snapshot is damaged.
    pub fn load(snapshot: &[u8]) -> Result<Self, DocumentError> {
        guarded(|| {
            let options = LoadOptions::new().text_encoding(TEXT_ENCODING);
            Ok(Self(Automerge::load_with_options(snapshot, options)?))
        })
    }

    /// The snapshot, in Automerge's document format.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        self.0.save_nocompress()
    }

    /// The latest changes, ascending; none in a new document.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<_> = self.0.get_heads().iter().map(|head| ChangeHash(head.0)).collect();
        heads.sort_unstable();
        heads
    }

    /// Whether that change is in the document.
    #[must_use]
    pub fn contains(&self, hash: &ChangeHash) -> bool {
        self.0.get_change_meta_by_hash(&automerge::ChangeHash(hash.0)).is_some()
    }

    /// Takes changes in, in whatever order they come; those that are here already stay. What the
    /// dossier's history does not hold is the caller's to leave out.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when a payload has no shape, rests on what is not here, or cannot be borne
    /// by Automerge; the document is as it was, and the caller may try one by one.
    pub fn apply(&mut self, payloads: &[&[u8]]) -> Result<(), DocumentError> {
        let mut read = Vec::with_capacity(payloads.len());
        for (index, payload) in payloads.iter().enumerate() {
            let change = shape::read(payload);
            let change = change.map_err(|source| DocumentError::Shape { index, source })?;
            read.push((*payload, change.hash));
        }
        *self = self.with(&read)?;
        Ok(())
    }

    /// The document of these changes, in whatever order: payloads that [`shape::read`] has read,
    /// each with the hash that it gave.
    ///
    /// # Errors
    ///
    /// As [`Document::apply`].
    pub fn of(read: &[(&[u8], ChangeHash)]) -> Result<Self, DocumentError> {
        Self::new().with(read)
    }

    fn with(&self, read: &[(&[u8], ChangeHash)]) -> Result<Self, DocumentError> {
        let document = guarded(|| {
            let mut scratch = self.0.clone();
            let changes: Result<Vec<_>, _> =
                read.iter().map(|(payload, _)| automerge::Change::try_from(*payload)).collect();
            let changes = changes.map_err(|error| DocumentError::Refused(error.to_string()))?;
            scratch.apply_changes(changes)?;
            Ok(Self(scratch))
        })?;
        let whole = read.iter().all(|(_, hash)| document.contains(hash));
        if whole { Ok(document) } else { Err(DocumentError::Missing) }
    }
}

/// Runs what Automerge may answer with a panic. What it changed is thrown away then.
fn guarded<T>(run: impl FnOnce() -> Result<T, DocumentError>) -> Result<T, DocumentError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(DocumentError::Panicked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_library_is_an_answer_and_not_the_end_of_the_process() {
        let answer: Result<(), _> = guarded(|| panic!("as automerge does on a few chunks"));
        assert!(matches!(answer, Err(DocumentError::Panicked)));
    }
}
