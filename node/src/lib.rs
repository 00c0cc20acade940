//! The node of one commune office: its desk, its records, its pages.
//!
//! Reading order: [`join`] makes a node, [`practise`] one to practise on, [`program`] runs it,
//! [`office`] is what everything shares, `people` who may act, `desk` what they do, `projection`
//! how what comes becomes records, `web` what they see.

pub mod cli;
pub mod config;
mod desk;
mod dossiers;
pub mod facts;
pub mod join;
pub mod keys;
pub mod office;
mod people;
pub mod practise;
pub mod program;
mod projection;
pub mod request;
mod times;
mod web;
