//! Agreed: what everyone in a province holds to be true, as signed statements and their fold.
//! Pure: no clock, no chance, no files, no sockets.
//!
//! Reading order: [`kinds`] lists what can be said and by which role.

pub mod kinds;

pub use kinds::{EventKind, Role, StatementKind, roles_for};
