//! The bytes of a dossier: what is written, what is read, and what an attacker cannot do.

#[cfg(test)]
mod anatomy;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod document;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod support;
