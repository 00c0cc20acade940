//! The whole web side over a real office: a founded province, one clerk, one administrator.

mod api;
mod health;
mod hours;
mod looks;
mod pages;
mod papers;
mod people;
mod practise;
mod printed;
pub(crate) mod scene;
mod search;
