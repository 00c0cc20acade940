//! The conversation of nodes and relay under faults, simulated: the shipped conversation, rules and
//! mapping, in virtual time, over disks that distinguish written from durable.
//!
//! Reading order: [`cast`] is the province, [`disk`] and [`ledger`] what is kept, [`world`] what
//! happens, [`lines`] what carries it, [`faults`] what goes wrong and `strikes` how, [`oracle`]
//! what must hold all the same, [`options`] what a seed decides, [`run`] its phases. Scans have
//! a province of their own: [`scans`].

pub mod cast;
mod desk;
pub mod dice;
pub mod disk;
pub mod faults;
pub mod ledger;
pub mod lines;
mod node;
pub mod options;
pub mod oracle;
mod orders;
mod planted;
mod relay;
pub mod run;
pub mod scans;
mod sorting;
mod strikes;
pub mod world;
