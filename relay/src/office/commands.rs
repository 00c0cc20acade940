//! What a command asks, answered in one place whether the relay runs or rests.

use hoso_engine::{
    clock,
    command::{Answer, Problem},
};
use hoso_store::{backup, database::Schema};
use serde_json::json;

use super::{Office, enrol::Wanted, storage};
use crate::request::Request;

impl Office {
    /// Answers one line of the control socket.
    pub async fn answer_line(&self, line: &str) -> String {
        let answer = match serde_json::from_str(line) {
            Ok(request) => self.answer(request).await,
            Err(error) => Err(Problem::new("request", error.to_string())),
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }

    /// Answers one command.
    ///
    /// # Errors
    ///
    /// The problem, with what to do.
    pub async fn answer(&self, request: Request) -> Answer {
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
            Request::Backup { file } => {
                let (data, shown) = (self.data.clone(), file.clone());
                let made = tokio::task::spawn_blocking(move || {
                    backup::backup(&data, Schema::Relay, &file, clock::now_ms())
                });
                match made.await {
                    Ok(made) => made.map_err(|error| storage(&error))?,
                    Err(_) => return Err(Problem::new("backup", "the backup was cut short")),
                };
                Ok(json!({ "file": shown }))
            }
        }
    }
}
