//! What counts and what does not, as claims that a clerk could dispute.

#[cfg(test)]
mod authority;
#[cfg(test)]
mod events;
#[cfg(test)]
mod totality;
#[cfg(test)]
mod world;
