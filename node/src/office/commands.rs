//! What a command asks, answered in one place whether the node runs or rests.

use std::path::Path;

use hoso_engine::{
    backups,
    command::{Answer, Problem, Progress},
};
use hoso_store::database::Schema;
use serde_json::json;

use super::{Office, storage};
use crate::{
    people::{Known, NewPerson},
    request::Request,
};

impl Office {
    /// Answers one line of the control socket with one line.
    pub async fn answer_line(&self, line: &str, progress: Progress) -> String {
        let answer = match serde_json::from_str(line) {
            Ok(request) => self.answer(request, progress).await,
            Err(error) => Err(Problem::new("request", error.to_string())),
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }

    /// Answers one request.
    ///
    /// # Errors
    ///
    /// What the command did wrong, or the storage says.
    pub async fn answer(&self, request: Request, progress: Progress) -> Answer {
        match request {
            Request::UserAdd {
                name,
                display_name,
                roles,
                password,
                person,
                like,
                admin,
                admin_password,
            } => {
                let known = match (person, like) {
                    (Some(person), _) => Known::Person(person),
                    (None, Some(like)) => Known::Like(like),
                    (None, None) => Known::New,
                };
                let person =
                    NewPerson { name, display_name, roles, password, one_off: false, known };
                let admin = self.administrator(&admin, admin_password).await?;
                self.add_user(person, &admin).await
            }
            Request::UserList {} => self.list_users().await,
            Request::UserDisable { name, admin, admin_password } => {
                let admin = self.administrator(&admin, admin_password).await?;
                self.disable_user(&name, &admin).await
            }
            Request::Link { on } => {
                self.set_link(on).await?;
                Ok(json!({ "link": if on { "on" } else { "off" } }))
            }
            Request::Status {} => self.status().await,
            Request::Backup { file } => self.back_up(&file, progress).await,
            Request::Export { file } => self.export(file, progress).await,
            Request::Import { file } => self.import(file, progress).await,
        }
    }

    /// Makes a backup and notes that it was made.
    pub(super) async fn back_up(&self, file: &Path, progress: Progress) -> Answer {
        let made = backups::back_up(&self.data, Schema::Node, file, progress).await;
        let mark = made.map_err(|error| storage(&error))?;
        let noted = self.note_backup(mark.made_at_ms, file).await;
        noted.map_err(|error| storage(&error))?;
        Ok(json!({ "file": file, "backup": backups::shown(&mark) }))
    }

    async fn status(&self) -> Answer {
        let mut status = self.sync_status().await.map_err(|error| storage(&error))?;
        let (state, node) = (self.state(), self.node());
        let pending = self.pending_words().await.map_err(|error| storage(&error))?;
        if let Some(fields) = status.as_object_mut() {
            let code = state.unit(self.unit()).map(|unit| unit.code.clone());
            fields.insert("unit".to_owned(), json!(code));
            fields.insert("node".to_owned(), json!(node.map(|node| node.id.to_string())));
            fields.insert("pending_words".to_owned(), json!(pending));
        }
        Ok(status)
    }
}
