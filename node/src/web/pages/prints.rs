//! The forms that a dossier's page offers to print.

use hoso_engine::web::Words;
use serde_json::Value;

use super::{
    super::{printed, site::Site},
    fields::{Choice, choices},
};

/// A form that can be printed.
pub(super) struct Print {
    /// As the address names it.
    pub(super) name: String,
    pub(super) label: String,
    pub(super) papers: Vec<Choice>,
}

/// The forms that have something to say.
pub(super) async fn prints(site: &Site, words: &Words, dossier: &Value) -> Vec<Print> {
    let offered = printed::offered(site, dossier).await.into_iter();
    let print = offered.map(|chosen| {
        let papers: Vec<&str> = chosen.papers.iter().map(String::as_str).collect();
        let values = [("number", chosen.number.clone())].into_iter().collect();
        Print {
            label: words.say_with(&format!("form-{}", chosen.form.code()), &values),
            papers: choices(words, "paper", &papers),
            name: chosen.name,
        }
    });
    print.collect()
}
