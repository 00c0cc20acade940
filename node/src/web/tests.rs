//! The whole web side over a real office: a founded province, one clerk, one administrator.

mod api;
mod backup;
mod copies;
mod drafts;
mod forms;
mod health;
mod hours;
mod life;
mod looks;
mod pages;
mod papers;
mod people;
mod practise;
mod printed;
mod returning;
mod scans;
pub(crate) mod scene;
mod search;
mod stick;
mod supplement;
mod wording;
