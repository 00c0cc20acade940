//! What: the dossier's document, its events and rules. Pure: no clock, no chance, no files.
//!
//! Reading order: [`value`] is what an event is made of, [`shape`] what a change may be.

pub mod shape;
pub mod value;

pub use shape::Change;
pub use value::{ChangeHash, Value};
