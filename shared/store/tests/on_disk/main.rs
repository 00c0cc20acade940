//! The store over real files: what is answered is there after reopening, what must not be opened
//! is refused.

mod records;
mod scene;
