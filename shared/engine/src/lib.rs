//! Shell: runs the conversation of `sync` over QUIC and the store.
//!
//! Reading order: [`endpoint`] gives authenticated connections, [`frames`] cuts their streams into
//! bounded frames, [`control`], [`secret`], [`shell`], [`terminal`], [`tasks`] and [`web`] serve
//! both programs' commands, keys, lives and pages.

pub mod acceptor;
pub mod admission;
mod attempts;
pub mod backups;
pub mod bundles;
pub mod clock;
pub mod close;
pub mod command;
pub mod control;
mod delivery;
pub mod disk;
pub mod endpoint;
pub mod frames;
pub mod join;
pub mod keyfile;
pub mod lan;
mod line;
pub mod link;
pub mod memory;
pub mod metrics;
pub mod node_host;
pub mod passwords;
mod raw_key;
pub mod relay_host;
mod reset;
pub mod scans;
pub mod sealed;
pub mod secret;
pub mod settings;
pub mod shell;
mod streams;
mod talk;
pub mod tasks;
pub mod terminal;
pub mod tuning;
mod turns;
pub mod web;
