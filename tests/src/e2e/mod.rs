//! The real programs under test: started, killed, cut off and asked, as offices would use them.

pub mod agree;
pub mod desk;
pub mod http;
pub mod node;
pub mod ports;
pub mod program;
pub mod province;
pub mod proxy;
pub mod relay;
pub mod through;
pub mod wait;

use std::io::{self, Write};

/// Prints a line of figures past the test runner's capture: a run shows what it did.
pub fn report(line: &str) {
    // Nobody may be listening any more; the figures are then lost, not the test.
    drop(writeln!(io::stderr().lock(), "   {line}"));
}
