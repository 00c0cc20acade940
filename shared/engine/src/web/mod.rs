//! What the pages of both programs share: how they are served, what every request must pass, how
//! cookies are read, and the words of two languages.

mod cookies;
mod guard;
mod serve;
mod words;

pub use cookies::{LANGUAGE_COOKIE, SESSION_COOKIE, cookie, token};
pub use guard::{Hosts, REQUEST_WAIT, TurnedAway, shield};
pub use serve::serve;
pub use words::{Language, Speech, Words, numbers};
