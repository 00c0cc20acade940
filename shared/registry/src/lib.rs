//! Agreed: what everyone in a province holds to be true, as signed statements and their fold.
//! Pure: no clock, no chance, no files, no sockets.
//!
//! Reading order: [`kinds`] lists what can be said and by which role, [`statement`] is what is
//! said, [`day`] is how it writes dates.

pub mod kinds;
pub mod statement;

pub mod day;

pub use day::Day;
pub use kinds::{EventKind, Role, StatementKind, roles_for};
pub use statement::{Statement, StatementError};
