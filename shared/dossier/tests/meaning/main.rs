//! What events mean: the table of rules, the fold, conflicts.

mod conflicts;
mod course;
mod scene;
mod table;
