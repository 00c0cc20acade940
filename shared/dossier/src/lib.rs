//! What: the dossier's document, its events and rules. Pure: no clock, no chance, no files.
//!
//! Reading order: [`value`] is what an event is made of, [`chunk`] how a change is written,
//! [`shape`] what it may be, [`history`] what rests on what and how the next one is written,
//! [`document`] what Automerge makes of them; [`event`] is what can be said, [`rules`]
//! who may say it when, [`fold`] what follows from it, [`standing`] how the dossier then stands;
//! [`code`] is its number on the slip, [`deadline`] says when its result is owed.

// Counts and sequence numbers live here: none may wrap or stop the process.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

#[cfg(test)]
extern crate self as hoso_dossier;

pub mod axes;
pub mod chunk;
pub mod code;
pub mod deadline;
pub mod document;
pub mod event;
pub mod fields;
pub mod fold;
pub mod history;
pub mod rules;
pub mod shape;
pub mod standing;
pub mod value;

pub use document::{Document, DocumentError};
pub use history::History;
pub use shape::{Change, ShapeError};
pub use value::{ChangeHash, Value};
