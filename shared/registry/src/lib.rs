//! Agreed: what everyone in a province holds to be true, as signed statements and their fold.
//! Pure: no clock, no chance, no files, no sockets.
//!
//! Reading order: [`kinds`] lists what can be said and by which role, [`day`] is how dates are
//! written, [`statement`] is what is said, [`state`] is what follows from it, [`admission`]
//! decides what counts, [`calendar`] knows working days, [`catalogue`] reads the province's files,
//! [`enrolment`] is how a node joins.

// Counts and sequence numbers live here: none may wrap or stop the process.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod admission;
pub mod calendar;
pub mod catalogue;
mod crockford;
pub mod day;
pub mod enrolment;
pub mod kinds;
pub mod state;
pub mod statement;

pub use admission::{Facts, Placed, admit, replay};
pub use calendar::Calendar;
pub use catalogue::Catalogue;
pub use day::Day;
pub use kinds::{EventKind, Role, StatementKind, roles_for};
pub use state::State;
pub use statement::{Statement, StatementError};
