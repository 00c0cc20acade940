//! Backups over the API, for whoever administers the unit.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{answer::answer, pages::administrator, site::Site};
use crate::{desk::Refused, office::Making, times};

/// `GET /backup`.
pub(super) async fn state(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let read = async {
        administrator(&site, &headers).await?;
        Ok(Json(shown(&site).await?).into_response())
    };
    answer(&site, &headers, read.await)
}

/// `POST /backup`.
pub(super) async fn make(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let asked = async {
        administrator(&site, &headers).await?;
        site.office.ask_for_backup()?;
        Ok((StatusCode::ACCEPTED, Json(shown(&site).await?)).into_response())
    };
    answer(&site, &headers, asked.await)
}

async fn shown(site: &Site) -> Result<Value, Refused> {
    let last = site.office.last_backup().await?;
    let (state, percent, problem) = match site.office.backups.making.borrow().clone() {
        Making::Nothing => ("none", None, None),
        Making::Running(percent) => ("running", Some(percent), None),
        Making::Done(_) => ("done", Some(100), None),
        Making::Failed(problem) => ("failed", None, Some(problem.text)),
    };
    Ok(json!({
        "last_at": last.as_ref().and_then(|last| times::text_of(last.at_ms)),
        "last_file": last.and_then(|last| last.file),
        "directory": site.office.backups.directory().map(|place| place.display().to_string()),
        "state": state,
        "percent": percent,
        "problem": problem,
    }))
}
