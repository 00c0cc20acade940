//! Memory: journal, ledger, records and search in SQLite.

mod columns;
pub mod database;
pub mod error;
pub mod fold;
pub mod journal;
pub mod ledger;
pub mod meta;
pub mod operators;
pub mod readers;
pub mod records;
pub mod rules;
pub mod tables;
pub mod writer;

pub use error::StoreError;
