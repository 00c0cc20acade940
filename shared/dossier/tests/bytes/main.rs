//! The bytes of a dossier: what is written, what is read, and what an attacker cannot do.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod document;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod support;
