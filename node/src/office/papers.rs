//! Which paper each form is usually printed on here.

use std::collections::BTreeMap;

use hoso_store::{
    StoreError,
    meta::{meta, put_meta},
};

use super::Office;

/// The name of the choice in the database.
const PAPERS: &str = "papers";

impl Office {
    /// The usual paper of each form that one was chosen for, by the form's word.
    pub(crate) async fn usual_papers(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let kept = self.memory.read(|tx| meta(tx, PAPERS)).await?;
        let Some(bytes) = kept else { return Ok(BTreeMap::new()) };
        serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged("the usual papers"))
    }

    /// Chooses them.
    pub(crate) async fn set_usual_papers(
        &self,
        papers: BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        // Texts by texts always become JSON; were they not, reading would say so.
        let bytes = serde_json::to_vec(&papers).unwrap_or_default();
        self.memory.write(false, move |tx, _| put_meta(tx, PAPERS, &bytes)).await
    }
}
