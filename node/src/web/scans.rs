//! Scans over HTTP: taken from a form part by part, never whole in memory, and given back as files
//! that no browser runs.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Path, Request, State,
        multipart::{Field, MultipartError},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hoso_identity::DocumentId;
use hoso_store::blobs::{Blobs, Received};
use tokio::{
    io::{AsyncReadExt, BufReader},
    sync::mpsc,
};

use super::{
    answer::{answer, dossier},
    api::key,
    site::{Site, encoded},
};
use crate::desk::{self, Found, HEAD_BYTES, Kind, Refused, SCAN_BYTES_MAX, Upload};

/// Bytes of the largest request that brings a scan: the file, and room for the fields before it.
const REQUEST_BYTES_MAX: usize = 20 * 1024 * 1024 + 64 * 1024;
/// Parts of a file that wait for the disk, or for the reader.
const PARTS_MAX: usize = 4;
/// Bytes that are read from disk at once.
const READ_BYTES: usize = 64 * 1024;
/// Fields beside the file at most.
const FIELDS_MAX: usize = 8;
/// Bytes of one of them at most.
const FIELD_BYTES_MAX: usize = 2_000;
/// A file is shown by nobody's page, and runs nothing if it is opened all the same.
pub(super) const FILE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// The room for a request that brings a scan; others have less.
pub(super) fn room() -> DefaultBodyLimit {
    DefaultBodyLimit::max(REQUEST_BYTES_MAX)
}

/// A form that brings a file.
#[derive(Default)]
pub(super) struct Sent {
    /// The fields before the file.
    pub(super) fields: Vec<(String, String)>,
    pub(super) upload: Option<Upload>,
}

/// `POST /dossiers/{id}/attachments`.
pub(super) async fn attach(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let attached = async {
        let actor = site.actor(&headers).await?;
        let id = DocumentId::from_hex(&id).ok_or(Refused::new(404, "not-found"))?;
        let key = key(&headers)?;
        desk::may_attach(&site.office, &actor, id).await?;
        let sent = read(&site.office.blobs, request, |_| Ok(())).await?;
        let upload = sent.upload.ok_or(Refused::new(422, "field-missing").about("file"))?;
        let attached = desk::attach(&site.office, &actor, id, key, upload).await?;
        Ok(dossier(StatusCode::CREATED, attached))
    };
    answer(&site, &headers, attached.await)
}

/// `GET /attachments/{blake3}`.
pub(super) async fn fetch(
    State(site): State<Arc<Site>>,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Response {
    let found = async {
        let actor = site.actor(&headers).await?;
        given(desk::find_scan(&site.office, &actor, &hash).await?).await
    };
    answer(&site, &headers, found.await)
}

/// Takes a form apart. `allowed` sees the fields before any byte of the file is taken.
pub(super) async fn read(
    blobs: &Blobs,
    request: Request,
    allowed: impl Fn(&[(String, String)]) -> Result<(), Refused>,
) -> Result<Sent, Refused> {
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|_| Refused::new(400, "form-parts"))?;
    let mut sent = Sent::default();
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if field.file_name().is_none() {
            let value = text(&mut field).await?;
            if sent.fields.len() >= FIELDS_MAX {
                return Err(Refused::new(413, "too-much"));
            }
            sent.fields.push((name, value));
            continue;
        }
        if sent.upload.is_some() || name != "file" {
            return Err(Refused::new(422, "field-unknown").about(name));
        }
        allowed(&sent.fields)?;
        let name = field.file_name().unwrap_or_default().to_owned();
        let (kind, received) = take(blobs, &mut field).await?;
        let paper = sent.fields.iter().find(|(name, _)| name == "paper");
        let paper = paper.map(|(_, paper)| paper.trim().to_owned());
        let paper = paper.filter(|paper| !paper.is_empty());
        sent.upload = Some(Upload { name, paper, kind, received });
    }
    Ok(sent)
}

/// The text of one field.
pub(super) async fn text(field: &mut Field<'_>) -> Result<String, Refused> {
    let mut bytes = Vec::new();
    while let Some(part) = field.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&part);
        if bytes.len() > FIELD_BYTES_MAX {
            return Err(Refused::new(413, "too-much"));
        }
    }
    String::from_utf8(bytes).map_err(|_| Refused::new(400, "form-parts"))
}

/// Takes the file of a form to disk, if its first bytes are those of a scan.
async fn take(blobs: &Blobs, field: &mut Field<'_>) -> Result<(Kind, Received), Refused> {
    let mut head = Vec::new();
    while head.len() < HEAD_BYTES
        && let Some(part) = field.chunk().await.map_err(|error| broken(&error))?
    {
        head.extend_from_slice(&part);
    }
    if head.is_empty() {
        return Err(Refused::new(422, "field-missing").about("file"));
    }
    let kind = Kind::of(&head).ok_or(Refused::new(415, "scan-type"))?;
    let (parts, mut waiting) = mpsc::channel::<Bytes>(PARTS_MAX);
    let blobs = blobs.clone();
    let writing = tokio::task::spawn_blocking(move || {
        let mut incoming = blobs.begin();
        while let Some(part) = waiting.blocking_recv() {
            incoming.write(&part);
        }
        incoming
    });
    let (mut size, mut next) = (0_u64, Some(Bytes::from(head)));
    while let Some(part) = next {
        size = size.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        if size > SCAN_BYTES_MAX {
            return Err(Refused::new(413, "scan-size"));
        }
        parts.send(part).await.map_err(|_| Refused::new(500, "internal"))?;
        next = field.chunk().await.map_err(|error| broken(&error))?;
    }
    drop(parts);
    let incoming = writing.await.map_err(|_| Refused::new(500, "internal"))?;
    let finishing = tokio::task::spawn_blocking(move || incoming.finish());
    let received = finishing.await.map_err(|_| Refused::new(500, "internal"))?;
    Ok((kind, received))
}

/// What is wrong with a form that cannot be taken apart.
fn broken(error: &MultipartError) -> Refused {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refused::new(413, "scan-size"),
        _ => Refused::new(400, "form-parts"),
    }
}

/// A file as an answer: to be saved, not to be shown.
async fn given(found: Found) -> Result<Response, Refused> {
    let missing = |error: io::Error| {
        tracing::error!(%error, "a scan that is here cannot be read");
        Refused::new(404, "scan-missing")
    };
    let Found { path, name, size } = found;
    let mut file = BufReader::new(tokio::fs::File::open(path).await.map_err(missing)?);
    let mut head = vec![0; READ_BYTES];
    let read = file.read(&mut head).await.map_err(missing)?;
    head.truncate(read);
    let kind = Kind::of(&head);
    let media_type = kind.map_or("application/octet-stream", Kind::media_type);
    let name = kind.map_or_else(String::new, |kind| desk::clean_name(&name, kind));
    let saved_as = format!("attachment; filename=\"scan\"; filename*=UTF-8''{}", encoded(&name));
    let (parts, waiting) = mpsc::channel(PARTS_MAX);
    tokio::spawn(async move {
        let mut part = Ok(head);
        while let Ok(bytes) = part {
            if bytes.is_empty() || parts.send(Ok(Bytes::from(bytes))).await.is_err() {
                return;
            }
            let mut next = vec![0; READ_BYTES];
            part = file.read(&mut next).await.map(|read| {
                next.truncate(read);
                next
            });
        }
        // Whoever reads is told that the file ended too early.
        drop(parts.send(part.map(Bytes::from)).await);
    });
    let mut response = Body::from_stream(Parts(waiting)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, FILE_POLICY),
        (header::CONTENT_DISPOSITION, saved_as.as_str()),
        (header::CONTENT_LENGTH, size.to_string().as_str()),
    ] {
        let value = HeaderValue::from_str(value).map_err(|_| Refused::new(500, "internal"))?;
        headers.insert(name, value);
    }
    Ok(response)
}

/// The parts of a file as they are read from disk.
struct Parts(mpsc::Receiver<io::Result<Bytes>>);

impl futures_core::Stream for Parts {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
