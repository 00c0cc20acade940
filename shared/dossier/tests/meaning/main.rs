//! What events mean: the table of rules, the fold, conflicts.

#[cfg(test)]
mod conflicts;
#[cfg(test)]
mod course;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod table;
#[cfg(test)]
mod withheld;
