//! What was carried here on a stick, and the receipt that is carried back.

use std::path::{Path, PathBuf};

use hoso_engine::{
    bundles::{self, Refused},
    clock,
    command::{Answer, Problem, Progress},
    keyfile, relay_host,
};
use hoso_store::rules::{carried::Run, ledger::Pusher};
use hoso_sync::bundle::{BundleError, Carried};
use serde_json::json;

use super::{Office, storage};
use crate::keys;

impl Office {
    /// Takes a bundle through the door that a push takes, and writes the receipt.
    pub(super) async fn import(
        &self,
        file: PathBuf,
        receipt: PathBuf,
        by: String,
        progress: &Progress,
    ) -> Answer {
        let (state, data) = (self.state(), self.data.clone());
        let reading = move || {
            let Carried::Bundle(bundle) = bundles::read(&file)? else {
                return Err(Refused::Receipt.into());
            };
            let realm = state.realm().ok_or(Refused::Realm)?;
            let (bundle, node) = bundles::proved(bundle, &state, realm)?;
            let entries = bundles::opened(&bundle, &key(&keys::age(&data))?)?;
            if u64::try_from(entries.len()) != Ok(bundle.entries) {
                return Err(Refused::from(BundleError::Damaged).into());
            }
            Ok::<_, Problem>((bundle, node.clone(), entries))
        };
        let read = tokio::task::spawn_blocking(reading).await;
        let (bundle, node, entries) = read.map_err(|_| interrupted())??;
        progress.tell(1, 3);
        let from =
            Pusher { node: node.id, incarnation: bundle.incarnation, ended: node.ended.is_some() };
        let run = Run { after: bundle.after, digest: bundle.digest, entries };
        let kept = self.ledger.carry(from, run, by, clock::now_ms()).await;
        let (kept, epoch) = kept.map_err(|error| storage(&error))?;
        self.grew.send_modify(|count| *count = count.wrapping_add(1));
        progress.tell(2, 3);
        let mut said = json!({
            "node": node.id.to_string(),
            "unit": self.state().unit(node.unit).map(|unit| unit.code.clone()),
            "entries": bundle.entries,
            "waiting": kept.waiting,
            "refused": kept.refused,
        });
        let Some(ingested) = kept.acknowledged else { return Ok(said) };
        let written = relay_host::receipt((bundle.realm, epoch), from, ingested);
        if let Some(fields) = said.as_object_mut() {
            fields.insert("through".to_owned(), json!(written.through));
            fields.insert("receipt".to_owned(), json!(receipt));
        }
        let bytes = written.write(&key(&keys::transport(&self.data))?);
        let writing = tokio::task::spawn_blocking(move || bundles::put(&receipt, &bytes, true));
        writing.await.map_err(|_| interrupted())??;
        Ok(said)
    }
}

fn key(path: &Path) -> Result<hoso_identity::SigningKey, Problem> {
    keyfile::read(path).map_err(|error| Problem::new("key", error.to_string()))
}

fn interrupted() -> Problem {
    Problem::new("interrupted", "the program was stopped before it was done: do it once more")
}
