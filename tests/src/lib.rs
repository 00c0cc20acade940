//! What the tests of the whole stand on: the real programs under test.

pub mod bench;
pub mod e2e;
pub mod hostile;
pub mod powercut;
pub mod sim;
