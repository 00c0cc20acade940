//! Figures of the real programs, each beside a limit that is measured in the same run.

pub mod corpus;
pub mod desk;
pub mod figures;
pub mod heal;
pub mod herd;
pub mod history;
pub mod large;
pub mod limits;
pub mod scan;
pub mod search;
pub mod storm;
pub mod trip;
pub mod wire;
