//! The rules of journal and ledger, pure: the same code over SQLite and over the simulated disk.

pub mod badge;
pub mod carried;
pub mod copies;
pub mod feed;
pub mod greeting;
pub mod intake;
pub mod journal;
pub mod ledger;
pub mod mend;
pub mod recheck;
