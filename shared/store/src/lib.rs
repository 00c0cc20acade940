//! Memory: journal, ledger, records and search in SQLite.

pub mod rules;
pub mod tables;
