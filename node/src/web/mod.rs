//! The desk's pages and API.

mod answer;
mod api;
mod catalogue;
mod guard;
mod health;
mod openapi;
mod pages;
mod refusal;
mod router;
mod site;
#[cfg(test)]
pub(crate) mod tests;
mod words;

pub(crate) use guard::Hosts;
pub(crate) use router::router;
pub(crate) use site::Site;
