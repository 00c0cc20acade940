//! What is carried on a stick while there is no link.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use hoso_engine::{
    admission::{ReadAhead, Registrar},
    bundles::{self, Refused},
    clock,
    command::{Answer, Problem, Progress},
    keyfile,
};
use hoso_identity::SigningKey;
use hoso_store::{
    StoreError, link,
    rules::{carried, intake::Taken},
    tables::JournalTables,
    writer::Tx,
};
use hoso_sync::bundle::{Bundle, BundleError, Carried, Receipt, Signed};
use serde_json::{Value, json};

use super::{Failed, Office, storage};
use crate::keys;

/// A file that was made to be carried away.
#[derive(Debug)]
pub(crate) struct Exported {
    /// The bytes of the file.
    pub(crate) bytes: Vec<u8>,
    /// What is in it.
    pub(crate) summary: Value,
}

impl Office {
    /// Writes what is pending to a new file.
    pub(super) async fn export(&self, file: PathBuf, progress: Progress) -> Answer {
        if file.exists() {
            return Err(Refused::Exists(file).into());
        }
        let Exported { bytes, mut summary } = self.exported(progress).await?;
        if let Some(fields) = summary.as_object_mut() {
            fields.insert("file".to_owned(), json!(file));
        }
        off_thread(move || bundles::put(&file, &bytes, false).map_err(Problem::from)).await?;
        Ok(summary)
    }

    /// What is pending, sealed and signed.
    pub(crate) async fn exported(&self, progress: Progress) -> Result<Exported, Problem> {
        if self.is_training() {
            let text = "a training realm is on one machine: there is nothing to carry";
            return Err(Problem::new("alone", text));
        }
        let node = self.node().ok_or_else(|| {
            let text = "the province has not approved this machine yet: there is nothing to carry";
            Problem::new("pending", text)
        })?;
        let unit = self.unit();
        let pending = self.memory.read(move |tx| bundles::pending(tx, unit)).await;
        let pending = pending.map_err(|error: StoreError| storage(&error))?;
        let pending = pending.ok_or(Refused::Nothing)?;
        let mut summary = json!({
            "entries": pending.entries,
            "dossiers": pending.dossiers,
            "left": pending.left,
        });
        let (state, realm) = (self.state(), self.memory.realm());
        let signing = keys::signing(&self.data);
        let bytes = off_thread(move || {
            let key = key(&signing)?;
            let signer = (node.id, &key);
            let made = bundles::made(pending, (&state, realm), signer, clock::now_ms(), &progress);
            made.map_err(|error| Problem::new("chance", error.to_string()))
        })
        .await?;
        if let Some(fields) = summary.as_object_mut() {
            fields.insert("bytes".to_owned(), json!(bytes.len()));
        }
        Ok(Exported { bytes, summary })
    }

    /// Takes in a file.
    pub(super) async fn import(&self, file: PathBuf, progress: Progress) -> Answer {
        let carried = off_thread(move || bundles::read(&file).map_err(Problem::from)).await?;
        progress.tell(1, 3);
        self.carried(carried).await
    }

    /// Takes in the bytes of a file that was brought, whole or not at all.
    pub(crate) async fn brought(&self, bytes: Vec<u8>) -> Answer {
        let read = move || Carried::read(&bytes).map_err(|error| Refused::from(error).into());
        self.carried(off_thread(read).await?).await
    }

    /// Takes in what was carried here: a receipt, or the bundle of another node.
    async fn carried(&self, carried: Carried) -> Answer {
        match carried {
            Carried::Receipt(receipt) => self.receipt(receipt).await,
            Carried::Bundle(bundle) => self.bundle(bundle).await,
        }
    }

    async fn receipt(&self, receipt: Signed<Receipt>) -> Answer {
        if receipt.body.realm != self.memory.realm() {
            return Err(Refused::Realm.into());
        }
        let state = self.state();
        let relay = state.relay_keys().ok_or(Refused::Signer)?;
        let receipt = receipt.verify(&relay.transport).map_err(Refused::from)?;
        if self.node().is_none_or(|node| node.id != receipt.node) {
            return Err(Refused::OtherJournal.into());
        }
        let (through, outcomes) = (receipt.through, receipt.outcomes.len());
        let now_ms = clock::now_ms();
        let write = move |tx: &mut Tx<'_>, registrar: &mut Registrar| {
            let taken = bundles::receipted(tx, &receipt, now_ms)?.map_err(Problem::from)?;
            link::acknowledged(tx, now_ms)?;
            if taken.statements {
                registrar.refold();
            }
            let pending = tx.facts()?;
            let left = pending.journal_head.saturating_sub(pending.journal_through);
            Ok::<_, Failed>((taken, left))
        };
        let (taken, left) = self.memory.write(false, write).await.map_err(|failed| failed.0)?;
        self.has_taken(&taken);
        self.link.send_modify(|status| status.acknowledged_ms = Some(now_ms));
        Ok(json!({
            "receipt": { "through": through, "not_accepted": outcomes },
            "pending_entries": left,
        }))
    }

    async fn bundle(&self, bundle: Signed<Bundle>) -> Answer {
        let (state, age) = (self.state(), keys::age(&self.data));
        let realm = self.memory.realm();
        let (bundle, node, entries) = off_thread(move || {
            let (bundle, node) = bundles::proved(bundle, &state, realm)?;
            if node.ended.is_some() {
                return Err(Refused::Ended.into());
            }
            let entries = bundles::opened(&bundle, &key(&age)?)?;
            if u64::try_from(entries.len()).is_ok_and(|count| count > bundle.entries) {
                return Err(Refused::from(BundleError::Damaged).into());
            }
            Ok((bundle, node.clone(), entries))
        })
        .await?;
        let brought = entries.iter().map(|pushed| pushed.bytes.clone()).collect();
        let (ahead, now_ms) = (ReadAhead::of(realm, brought).await, clock::now_ms());
        let readable = entries.len();
        let write = move |tx: &mut Tx<'_>, registrar: &mut Registrar| {
            registrar.has_read(ahead);
            let imported = carried::import(tx, registrar, &entries, now_ms)?;
            if imported.taken.statements {
                registrar.refold();
            }
            Ok::<_, Failed>(imported)
        };
        let imported = self.memory.write(false, write).await.map_err(|failed| failed.0)?;
        self.has_taken(&imported.taken);
        let refused = imported.refused.values().fold(0_u64, |all, one| all.saturating_add(*one));
        let reasons = imported.refused.iter().map(|(reason, count)| (reason.code(), count));
        Ok(json!({
            "bundle": {
                "node": node.id.to_string(),
                "unit": self.state().unit(node.unit).map(|unit| unit.code.clone()),
                "entries": bundle.entries,
                "for_this_unit": readable,
                "new": imported.new,
                "waiting": imported.waiting,
                "refused": refused,
                "reasons": reasons.collect::<BTreeMap<_, _>>(),
                "dossiers": imported.taken.documents.len(),
            },
        }))
    }

    fn has_taken(&self, taken: &Taken) {
        if *taken != Taken::default() {
            Arc::clone(&self.arrived).notify_one();
        }
    }
}

fn key(path: &Path) -> Result<SigningKey, Problem> {
    keyfile::read(path).map_err(|error| Problem::new("key", error.to_string()))
}

/// Does what reads files or computes for long off the async threads.
async fn off_thread<Done: Send + 'static>(
    work: impl FnOnce() -> Result<Done, Problem> + Send + 'static,
) -> Result<Done, Problem> {
    let interrupted = || {
        Problem::new("interrupted", "the program was stopped before it was done: do it once more")
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(interrupted()))
}
