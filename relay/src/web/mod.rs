//! The operators' pages and API.

mod api;
mod assets;
mod pages;
mod refusal;
mod router;
mod session;
mod site;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod words;

pub use router::router;
pub use session::Operator;
pub(crate) use session::Sessions;
pub use site::Site;
