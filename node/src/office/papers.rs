//! Which paper each form is usually printed on here, and which papers are known to come out right.

use std::collections::BTreeMap;

use hoso_store::{
    StoreError,
    meta::{meta, put_meta},
    writer::Tx,
};

use super::Office;

/// The name of the choice in the database.
const PAPERS: &str = "papers";
/// The name of the test pages that came out right.
const TESTED: &str = "papers-tested";

impl Office {
    /// The usual paper of each form that one was chosen for, by the form's word.
    pub(crate) async fn usual_papers(&self) -> Result<BTreeMap<String, String>, StoreError> {
        self.memory.read(|tx| read(tx, PAPERS)).await
    }

    /// Chooses them.
    pub(crate) async fn set_usual_papers(
        &self,
        papers: BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        self.memory.write(false, move |tx, _| put(tx, PAPERS, &papers)).await
    }

    /// When the test page of each paper last came out right, by the paper's word.
    pub(crate) async fn tested_papers(&self) -> Result<BTreeMap<String, String>, StoreError> {
        self.memory.read(|tx| read(tx, TESTED)).await
    }

    /// Notes that this paper's came out right.
    pub(crate) async fn note_tested(&self, paper: String, at: String) -> Result<(), StoreError> {
        let noted = self.memory.write(false, move |tx, _| {
            let mut tested = read(tx, TESTED)?;
            tested.insert(paper, at);
            put(tx, TESTED, &tested)
        });
        noted.await
    }
}

fn read(tx: &mut Tx<'_>, name: &str) -> Result<BTreeMap<String, String>, StoreError> {
    let Some(bytes) = meta(tx, name)? else { return Ok(BTreeMap::new()) };
    serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged("what is known of papers"))
}

fn put(tx: &mut Tx<'_>, name: &str, papers: &BTreeMap<String, String>) -> Result<(), StoreError> {
    // Texts by texts always become JSON; were they not, reading would say so.
    put_meta(tx, name, &serde_json::to_vec(papers).unwrap_or_default())
}
