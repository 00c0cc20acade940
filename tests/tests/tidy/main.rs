//! The house's rules as ordinary tests: over `cargo metadata`, `cargo tree` and the sources.
//!
//! Every scanner is a plain function from text to findings, and each has a test that shows that it
//! can find something: a check that cannot fail is a defect.

mod advisories;
mod arrows;
mod browsers;
mod dependencies;
mod documents;
mod faults;
mod house;
mod migrations;
mod sources;
mod style;
