//! The scans of a dossier on its page, and the form that brings one more.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, Request, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use fluent_bundle::FluentArgs;
use hoso_engine::web::Words;
use hoso_identity::DocumentId;
use hoso_registry::EventKind;
use serde_json::Value;

use super::{
    super::{
        scans::read,
        site::{Site, encoded},
    },
    checklist::papers_by_name,
    chips::Chip,
    dossier::{self, list, text},
    fields::{Choice, sent},
    frame::{check_token, moment},
    refused,
};
use crate::desk::{self, Refused};

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// The scans of a dossier.
pub(super) struct Scans {
    pub(super) title: String,
    pub(super) none: String,
    pub(super) columns: [String; 4],
    pub(super) lines: Vec<Line>,
    /// The form, if this person may bring one.
    pub(super) form: Option<Form>,
}

/// One scan.
pub(super) struct Line {
    pub(super) name: String,
    /// Where it is fetched; empty while it is not here.
    pub(super) address: String,
    pub(super) paper: String,
    pub(super) size: String,
    pub(super) state: Chip,
}

/// The form that brings a scan.
pub(super) struct Form {
    pub(super) address: String,
    pub(super) file: String,
    /// The word of the control, and what stands beside it while no file is chosen.
    pub(super) choose: String,
    pub(super) none: String,
    pub(super) paper: String,
    pub(super) papers: Vec<Choice>,
    pub(super) hint: String,
    pub(super) button: String,
    /// What is wrong with the file that was sent.
    pub(super) problem: String,
}

impl Scans {
    /// Puts what is wrong with a file beside the field for it, and gives the sentence of the page
    /// with the place to go to.
    pub(super) fn objected(
        &mut self,
        site: &Site,
        words: &Words,
        problem: &Refused,
    ) -> (String, String) {
        let Some(form) = &mut self.form else {
            return (site.say(words, problem, ""), String::new());
        };
        form.problem = site.say(words, problem, &form.file);
        (form.problem.clone(), "scan-file".to_owned())
    }
}

/// The scans of this dossier.
pub(super) fn scans(site: &Site, words: &Words, dossier: &Value, may_attach: bool) -> Scans {
    let lines = list(dossier, "/attachments").map(|scan| line(site, words, scan));
    Scans {
        title: words.say("scans"),
        none: words.say("scans-none"),
        columns: [
            words.say("column-scan"),
            words.say("column-paper"),
            words.say("column-size"),
            words.say("column-scan-state"),
        ],
        lines: lines.collect(),
        form: may_attach.then(|| form(words, dossier)),
    }
}

fn line(site: &Site, words: &Words, scan: &Value) -> Line {
    let state = text(scan, "/state");
    let address = match state.as_str() {
        "held" => format!("/api/v1/attachments/{}", text(scan, "/blake3")),
        _ => String::new(),
    };
    Line {
        name: text(scan, "/name"),
        address,
        paper: text(scan, "/paper"),
        size: size(scan),
        state: chip(site, words, scan, &state),
    }
}

/// How much of it is here, in colour, sign and words.
fn chip(site: &Site, words: &Words, scan: &Value, state: &str) -> Chip {
    let (percent, unit) = (text(scan, "/percent"), site.place(&text(scan, "/from")));
    let at = moment(&text(scan, "/at"));
    let values: FluentArgs<'_> =
        [("percent", percent.as_str()), ("unit", unit.as_str()), ("at", at.as_str())]
            .into_iter()
            .collect();
    let (tone, icon, word) = match state {
        "held" => ("safe", "check", words.say("scan-held")),
        "coming" => ("wait", "clock", words.say_with("scan-coming", &values)),
        "not_stored" => ("late", "warn", words.say("scan-not-stored")),
        _ => ("wait", "clock", words.say_with("scan-wanted", &values)),
    };
    Chip::new(tone, icon, word)
}

fn size(scan: &Value) -> String {
    mebibytes(scan.get("size").and_then(Value::as_u64).unwrap_or_default())
}

/// Mebibytes with one place, in the way of this country.
pub(super) fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(MEBIBYTE);
    format!("{},{} MB", tenths / 10, tenths % 10)
}

fn form(words: &Words, dossier: &Value) -> Form {
    let none = Choice { value: String::new(), label: words.say("scan-of-none") };
    let papers = papers_by_name(dossier, "/papers").into_iter().map(|paper| {
        let name = text(&paper, "/name");
        Choice { value: name.clone(), label: name }
    });
    Form {
        address: format!("/dossiers/{}/attachments", text(dossier, "/id")),
        file: words.say("field-file"),
        choose: words.say("file-choose"),
        none: words.say("file-none"),
        paper: words.say("column-paper"),
        papers: std::iter::once(none).chain(papers).collect(),
        hint: words.say("scan-hint"),
        button: words.say("scan-attach"),
        problem: String::new(),
    }
}

/// Takes a scan, or shows the page again with what is wrong.
pub(super) async fn attach(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let choice = dossier::choice(query);
    let attaching = [("kind".to_owned(), EventKind::Attached.code().to_owned())];
    match attached(&site, &headers, &id, request).await {
        Ok(()) => Redirect::to(&format!("/dossiers/{}", encoded(&id))).into_response(),
        Err(problem) if !matches!(problem.status, 401 | 403) => {
            dossier::again(&site, &headers, (&id, &choice), (&attaching, Some(&problem))).await
        }
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

async fn attached(
    site: &Arc<Site>,
    headers: &HeaderMap,
    id: &str,
    request: Request,
) -> Result<(), Refused> {
    let actor = site.actor(headers).await?;
    let id = DocumentId::from_hex(id).ok_or(Refused::new(404, "not-found"))?;
    desk::may_attach(&site.office, &actor, id).await?;
    let form = read(&site.office.blobs, request, |fields| check_token(headers, fields)).await?;
    check_token(headers, &form.fields)?;
    let upload = form.upload.ok_or(Refused::new(422, "field-missing").about("file"))?;
    let key = sent(&form.fields, "_key").to_owned();
    desk::attach(&site.office, &actor, id, key, upload).await.map(|_| ())
}
