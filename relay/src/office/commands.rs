//! What a command asks, answered in one place whether the relay runs or rests.

use std::path::Path;

use hoso_engine::{
    backups,
    command::{Answer, Problem, Progress},
};
use hoso_store::database::Schema;
use serde_json::json;

use super::{Office, enrol::Wanted, storage};
use crate::request::Request;

impl Office {
    /// Answers one line of the control socket.
    pub async fn answer_line(&self, line: &str, progress: Progress) -> String {
        let answer = match serde_json::from_str(line) {
            Ok(request) => self.answer(request, progress).await,
            Err(error) => Err(Problem::new("request", error.to_string())),
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }

    /// Answers one command.
    ///
    /// # Errors
    ///
    /// The problem, with what to do.
    pub async fn answer(&self, request: Request, progress: Progress) -> Answer {
        match request {
            Request::Invite { unit, ttl_s, auto_approve, advertise, by } => {
                self.invite(Wanted { unit, ttl_s, auto_approve, advertise, by }).await
            }
            Request::Nodes {} => self.nodes().await,
            Request::Approve { node, words, signer } => self.approve(&node, &words, &signer).await,
            Request::Revoke { node, signer } => self.revoke(&node, &signer).await,
            Request::UserAdd { name, roles, password, signer } => {
                self.add_user(name, &roles, &password, &signer).await
            }
            Request::UserList {} => self.list_users().await,
            Request::UserDisable { name, signer } => self.disable_user(name, &signer).await,
            Request::Verify {} => self.verify().await,
            Request::Backup { file } => self.back_up(&file, progress).await,
            Request::Import { file, receipt, by } => {
                self.import(file, receipt, by, &progress).await
            }
        }
    }

    async fn back_up(&self, file: &Path, progress: Progress) -> Answer {
        let made = backups::back_up(&self.data, Schema::Relay, file, progress).await;
        let mark = made.map_err(|error| storage(&error))?;
        let noted = self.ledger.backed_up(mark.made_at_ms).await;
        noted.map_err(|error| storage(&error))?;
        Ok(json!({ "file": file, "backup": backups::shown(&mark) }))
    }

    /// Whether what operators did stands as it was written.
    async fn verify(&self) -> Answer {
        let (rows, broken) = self.ledger.audited().await.map_err(|error| storage(&error))?;
        if let Some(seq) = broken {
            let text = format!(
                "the audit was altered at row {seq} of {rows}: keep this data directory as it is \
                 and restore a backup elsewhere"
            );
            return Err(Problem::new("audit", text));
        }
        Ok(json!({ "audit_rows": rows, "audit": "whole" }))
    }
}
