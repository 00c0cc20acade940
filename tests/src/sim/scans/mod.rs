//! Scans under faults, simulated: the shipped rules of what is carried, how far ahead, and how it
//! is proved and marked, over lines of bounded rate and disks that distinguish written from synced.
//!
//! Dossiers come to their readers by themselves here, as the conversation brings them.
//!
//! Reading order: [`shelf`] is what is on a disk, [`office`] a node with what it names, [`relay`]
//! the province, [`world`] what happens between them, `desk` what dossiers name, [`streams`] and
//! `arriving` how one scan travels, [`faults`] what goes wrong, [`run`] the phases of a seed with
//! what must hold.

mod arriving;
mod desk;
pub mod faults;
pub mod office;
pub mod relay;
pub mod run;
pub mod shelf;
pub mod streams;
pub mod world;
