//! The store over real files: what is answered is there after reopening, what must not be opened
//! is refused.

#[cfg(test)]
mod backup;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod in_order;
mod operators;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod records;
#[cfg(test)]
mod rows_of_then;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod search;
mod serials;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod writer;
