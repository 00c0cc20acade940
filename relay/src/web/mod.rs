//! The operators' pages and API.

mod api;
mod guard;
mod pages;
mod router;
mod session;
mod site;
mod words;

pub use guard::Hosts;
pub use router::router;
pub use session::Operator;
pub(crate) use session::Sessions;
pub use site::Site;
