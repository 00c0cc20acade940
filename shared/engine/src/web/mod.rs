//! What the pages of both programs share: how they are served, what they load, what every request
//! must pass, what a refusal looks like, how cookies are read, and the words of two languages.

mod assets;
mod cookies;
mod guard;
mod patience;
mod refusal;
mod serve;
mod words;

pub use assets::{Asset, Assets};
pub use cookies::{LANGUAGE_COOKIE, OwnSession, SESSION_COOKIE, cookie, own_session, token};
pub use guard::{Hosts, TurnedAway, shield};
pub use refusal::{UNWORDED, let_through, problem_details, unworded};
pub use serve::serve;
pub use words::{Language, Speech, Words, numbers};
