//! What is carried on a USB stick: what waits to be sent as a file to take away, and the field for
//! a file that was brought.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use fluent_bundle::FluentArgs;
use hoso_engine::web::Words;
use hoso_sync::bundle::{ENTRIES_BYTES_MAX, ENTRIES_MAX};
use serde_json::Value;

use super::{
    super::{
        bundles::{made, read, taken},
        site::Site,
    },
    frame::{Frame, check_token, frame, render, since_when},
    office::administrator,
    refused,
    scans::mebibytes,
};
use crate::desk::Refused;

#[derive(Template)]
#[template(path = "stick.html")]
struct StickPage {
    frame: Frame,
    problem: String,
    /// What became of the file that was brought; empty while none was.
    brought: Vec<String>,
    words: StickWords,
    pending: String,
    /// What else is to be known of it.
    remarks: Vec<String>,
    /// Whether anything is pending.
    carries: bool,
    steps: [String; 4],
}

struct StickWords {
    pending: String,
    make: String,
    sealed: String,
    bring: String,
    file: String,
    choose: String,
    none: String,
    hint: String,
    button: String,
    steps: String,
    back: String,
}

/// The page.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match page(&site, &headers, Ok(Vec::new())).await {
        Ok(page) => render(&page),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// What is pending, as a file.
pub(super) async fn file(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match made(&site, &headers).await {
        Ok(file) => file,
        Err(problem) => again(&site, &headers, &problem).await,
    }
}

/// Takes in a file, and says what became of it.
pub(super) async fn bring(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let brought = async {
        administrator(&site, &headers).await?;
        let file = read(request, |fields| check_token(&headers, fields)).await?;
        let said = in_words(&site, site.words(&headers).0, &taken(&site, file).await?);
        page(&site, &headers, Ok(said)).await
    };
    match brought.await {
        Ok(page) => render(&page),
        Err(problem) => again(&site, &headers, &problem).await,
    }
}

/// The page with what is wrong, where its reader may see it.
async fn again(site: &Arc<Site>, headers: &HeaderMap, problem: &Refused) -> Response {
    if !matches!(problem.status, 401 | 403)
        && let Ok(page) = page(site, headers, Err(site.sentence(headers, problem))).await
    {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        return (status, render(&page)).into_response();
    }
    refused(site, headers, problem).await
}

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    brought: Result<Vec<String>, String>,
) -> Result<StickPage, Refused> {
    let actor = administrator(site, headers).await?;
    if site.office.is_training() {
        return Err(Refused::new(409, "alone"));
    }
    let (words, _) = site.words(headers);
    let status = site.office.sync_status().await?;
    let mut frame = frame(site, headers, "page-stick", Some(&actor)).await;
    frame.choose("/office/stick");
    let (brought, problem) = match brought {
        Ok(brought) => (brought, String::new()),
        Err(problem) => (Vec::new(), problem),
    };
    Ok(StickPage {
        frame,
        problem,
        brought,
        words: words_of(words),
        pending: pending(words, &status),
        remarks: remarks(words, &status),
        carries: count(&status, "/pending_entries") > 0,
        steps: ["make", "carry", "return", "bring"]
            .map(|step| words.say(&format!("stick-step-{step}"))),
    })
}

fn words_of(words: &Words) -> StickWords {
    StickWords {
        pending: words.say("stick-pending"),
        make: words.say("stick-make"),
        sealed: words.say("stick-sealed"),
        bring: words.say("stick-bring"),
        file: words.say("stick-file"),
        choose: words.say("file-choose"),
        none: words.say("file-none"),
        hint: words.say("stick-hint"),
        button: words.say("stick-take"),
        steps: words.say("stick-steps"),
        back: words.say("stick-back"),
    }
}

fn count(value: &Value, at: &str) -> u64 {
    value.pointer(at).and_then(Value::as_u64).unwrap_or_default()
}

/// What waits, how much it is, and since when.
fn pending(words: &Words, status: &Value) -> String {
    let entries = count(status, "/pending_entries");
    if entries == 0 {
        return words.say("stick-nothing");
    }
    let since = status.get("oldest_pending_at").and_then(Value::as_str).unwrap_or_default();
    let mut values = FluentArgs::new();
    values.set("dossiers", count(status, "/pending_dossiers"));
    values.set("entries", entries);
    values.set("size", mebibytes(count(status, "/pending_bytes")));
    values.set("since", since_when(words, since));
    words.say_with("stick-waits", &values)
}

/// What one file does not carry.
fn remarks(words: &Words, status: &Value) -> Vec<String> {
    let mut remarks = Vec::new();
    let is_beyond =
        |at, most: usize| u64::try_from(most).is_ok_and(|most| count(status, at) > most);
    if is_beyond("/pending_bytes", ENTRIES_BYTES_MAX) || is_beyond("/pending_entries", ENTRIES_MAX)
    {
        remarks.push(words.say("stick-more"));
    }
    let scans = count(status, "/pending_blobs");
    if scans > 0 {
        remarks.push(words.say_with("stick-scans", &[("count", scans)].into_iter().collect()));
    }
    remarks
}

/// What became of a file, in sentences.
fn in_words(site: &Site, words: &Words, taken: &Value) -> Vec<String> {
    match taken.get("bundle") {
        Some(bundle) => of_bundle(site, words, bundle),
        None => of_receipt(words, taken),
    }
}

fn of_receipt(words: &Words, taken: &Value) -> Vec<String> {
    let left = count(taken, "/pending_entries");
    let mut said = vec![words.say("stick-receipt")];
    said.push(words.say_with("stick-left", &[("count", left)].into_iter().collect()));
    let others = count(taken, "/receipt/not_accepted");
    if others > 0 {
        let values = [("count", others)].into_iter().collect();
        said.push(words.say_with("stick-not-accepted", &values));
    }
    said
}

fn of_bundle(site: &Site, words: &Words, bundle: &Value) -> Vec<String> {
    let [new, refused, waiting] = ["/new", "/refused", "/waiting"].map(|at| count(bundle, at));
    let ours = count(bundle, "/for_this_unit");
    let unit = bundle.get("unit").and_then(Value::as_str).unwrap_or_default();
    let mut values = FluentArgs::new();
    values.set("unit", site.place(unit));
    values.set("count", new);
    values.set("dossiers", count(bundle, "/dossiers"));
    let mut said = vec![words.say_with("stick-taken", &values)];
    for (key, count) in [
        ("stick-known", ours.saturating_sub(new).saturating_sub(refused)),
        ("stick-waiting", waiting),
        ("stick-for-others", count(bundle, "/entries").saturating_sub(ours)),
    ] {
        if count > 0 {
            said.push(words.say_with(key, &[("count", count)].into_iter().collect()));
        }
    }
    for (reason, count) in bundle.get("reasons").and_then(Value::as_object).into_iter().flatten() {
        let mut values = FluentArgs::new();
        values.set("count", count.as_u64().unwrap_or_default());
        values.set("why", words.say(&format!("reason-{}", reason.replace('_', "-"))));
        said.push(words.say_with("stick-refused", &values));
    }
    said
}
