//! The relay of one province: admission, ledger, operators' pages.

pub mod cli;
pub mod config;
pub mod founding;
pub mod init;
pub mod keys;
pub mod ledger;
pub mod office;
pub mod overview;
pub mod program;
pub mod request;
pub mod sign;
pub mod web;
