//! Insiders with valid keys and programs of their own: what they push goes through the real relay
//! to real nodes.
//!
//! Reading order: [`cast`] is who attacks and what they know, [`forge`] how entries are made so
//! that only the mutation is wrong, [`events`], `payloads`, `headers` and `statements` are the
//! mutations, [`campaign`] what is planted where, [`siege`] the province that bears it, and
//! [`verdicts`] what must be true afterwards.

#[path = "../../../shared/dossier/tests/bytes/anatomy.rs"]
mod anatomy;
pub mod campaign;
pub mod cast;
#[path = "../../../shared/dossier/tests/bytes/damage.rs"]
mod damage;
pub mod events;
pub mod forge;
mod headers;
mod payloads;
#[path = "../../../shared/dossier/tests/bytes/reading.rs"]
mod reading;
pub mod siege;
mod statements;
pub mod verdicts;
