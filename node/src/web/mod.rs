//! The desk's pages and API.

mod answer;
mod api;
mod assets;
mod backup;
mod bundles;
mod catalogue;
mod health;
mod offices;
mod openapi;
mod pages;
mod printed;
mod refusal;
mod router;
mod scans;
mod site;
mod supplements;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use router::router;
pub(crate) use site::Site;
