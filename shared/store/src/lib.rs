//! Memory: journal, ledger, records and search in SQLite.

// Counts and sequence numbers live here: none may wrap or stop the process.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod accounts;
pub mod attachments;
pub mod audit;
pub mod backup;
pub mod blobs;
pub mod collation;
mod columns;
pub mod database;
pub mod drafts;
pub mod enrolment;
pub mod error;
pub mod fold;
pub mod idempotency;
pub mod journal;
pub mod ledger;
mod letters;
pub mod link;
mod log;
pub mod meta;
pub mod one_off;
pub mod openings;
pub mod packed;
pub mod peers;
mod placed;
#[cfg(test)]
mod plans;
pub mod practice;
pub mod ratings;
pub mod readers;
pub mod records;
pub mod rules;
pub mod search;
pub mod serial;
pub mod sessions;
pub mod tables;
mod typed;
mod upgrade;
pub mod watch;
pub mod writer;

pub use error::StoreError;
