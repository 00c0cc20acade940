//! The conversation of nodes and relay under faults, simulated: the shipped conversation, rules and
//! mapping, in virtual time, over disks that distinguish written from durable.
//!
//! Reading order: [`cast`] is the province, [`disk`] and [`ledger`] what is kept, [`world`] what
//! happens, [`faults`] what goes wrong, [`oracle`] what must hold all the same, [`run`] one seed.

pub mod cast;
mod desk;
pub mod dice;
pub mod disk;
pub mod faults;
pub mod ledger;
mod node;
pub mod oracle;
mod relay;
pub mod run;
pub mod world;
