//! What is carried on a stick over HTTP: made as a file to be saved, and taken from a form.

use std::sync::Arc;

use axum::{
    Json,
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Request, State,
        multipart::{Field, MultipartError},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hoso_engine::{clock, command::Progress};
use hoso_sync::bundle::FILE_BYTES_MAX;
use serde_json::Value;

use super::{
    answer::answer,
    pages::administrator,
    scans::{FILE_POLICY, text},
    site::{Site, encoded},
};
use crate::{desk::Refused, times};

/// Room for what stands around the file in a form.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// Fields beside the file at most.
const FIELDS_MAX: usize = 8;

/// The room for a request that brings a file; others have less.
pub(super) fn room() -> DefaultBodyLimit {
    DefaultBodyLimit::max(FILE_BYTES_MAX.saturating_add(FORM_BYTES_MAX))
}

/// `GET /bundle`.
pub(super) async fn fetch(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    answer(&site, &headers, made(&site, &headers).await)
}

/// `POST /bundle`.
pub(super) async fn bring(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let taken = async {
        administrator(&site, &headers).await?;
        let file = read(request, |_| Ok(())).await?;
        Ok(Json(taken(&site, file).await?).into_response())
    };
    answer(&site, &headers, taken.await)
}

/// What is pending, as a file that is named by unit and time.
pub(super) async fn made(site: &Site, headers: &HeaderMap) -> Result<Response, Refused> {
    administrator(site, headers).await?;
    let exported = site.office.exported(Progress::unseen()).await?;
    let state = site.office.state();
    let unit = state.unit(site.office.unit()).map_or("", |unit| unit.code.as_str());
    let now = times::text_of(clock::now_ms()).unwrap_or_default();
    let digits: String = now.chars().take(16).filter(char::is_ascii_digit).collect();
    let name = encoded(&format!("hoso-{unit}-{digits}.hoso"));
    let saved_as = format!("attachment; filename=\"{name}\"");
    let saved_as = HeaderValue::from_str(&saved_as).map_err(|_| Refused::new(500, "internal"))?;
    let mut response = exported.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, saved_as);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY));
    Ok(response)
}

/// Takes in a file. Whoever closes the window meanwhile stops nothing: what was begun is done, and
/// is seen.
pub(super) async fn taken(site: &Arc<Site>, file: Vec<u8>) -> Result<Value, Refused> {
    let office = Arc::clone(&site.office);
    let taking = tokio::spawn(async move { office.brought(file).await });
    Ok(taking.await.map_err(|_| Refused::new(500, "internal"))??)
}

/// The file of a form. `allowed` sees the fields before any byte of the file is taken.
pub(super) async fn read(
    request: Request,
    allowed: impl Fn(&[(String, String)]) -> Result<(), Refused>,
) -> Result<Vec<u8>, Refused> {
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|_| Refused::new(400, "form-parts"))?;
    let mut fields = Vec::new();
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if field.file_name().is_some() && name == "file" {
            allowed(&fields)?;
            return whole(&mut field).await;
        }
        if fields.len() >= FIELDS_MAX {
            return Err(Refused::new(413, "too-much"));
        }
        fields.push((name, text(&mut field).await?));
    }
    Err(Refused::new(422, "bundle-none"))
}

async fn whole(field: &mut Field<'_>) -> Result<Vec<u8>, Refused> {
    let mut file = Vec::new();
    while let Some(part) = field.chunk().await.map_err(|error| broken(&error))? {
        file.extend_from_slice(&part);
        if file.len() > FILE_BYTES_MAX {
            return Err(Refused::new(413, "bundle-size"));
        }
    }
    if file.is_empty() { Err(Refused::new(422, "bundle-none")) } else { Ok(file) }
}

/// What is wrong with a form that cannot be taken apart.
fn broken(error: &MultipartError) -> Refused {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refused::new(413, "bundle-size"),
        _ => Refused::new(400, "form-parts"),
    }
}
