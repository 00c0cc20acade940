//! Shell: runs the conversation over QUIC and the store.

pub mod control;
pub mod secret;
