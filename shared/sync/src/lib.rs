//! Talk: frames and the conversation of two peers. Pure: no clock, no chance, no disk, no sockets.
//!
//! The contract: the shell gives one [`node::Input`] or [`relay::Input`] at a time with the time
//! of now, and carries out the outputs in their order. What the outputs ask of the host is
//! answered by an input of the matching name; there is never more than one unanswered request of
//! a kind. An acknowledgement is produced only by the input that says that the host has stored.
//!
//! Reading order: [`frame`] and [`wire`] are what travels, [`codec`] in which bytes, [`node`] and
//! [`relay`] are the two sides, [`peer`] is what two nodes of one unit say to each other,
//! [`liveness`] decides when a link is dead, [`redial`] when to try again. [`bundle`] is what
//! travels on a stick where there is no link, [`scan`] what travels beside the conversation: the
//! bytes of scans.

// Counts and sequence numbers live here: none may wrap or stop the process.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod brief;
pub mod bundle;
pub mod codec;
pub mod frame;
pub mod listing;
pub mod liveness;
pub mod node;
pub mod pack;
pub mod peer;
pub mod redial;
pub mod relay;
pub mod scan;
pub mod symbols;
pub mod wire;
