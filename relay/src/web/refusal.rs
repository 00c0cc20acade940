//! Every answer that says no, in the form that its reader expects: problem details for the API, a
//! page for a browser, whoever said it: a handler, a form that cannot be read, an address that
//! does not exist.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::{
    command::Problem,
    web::{Hosts, let_through, numbers, problem_details, unworded},
};
use hoso_store::StoreError;

use super::{
    pages,
    session::Operator,
    site::{LogInProblem, Site},
};
use crate::office::storage;

/// Why something was not done; [`speak`] puts it into words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    code: &'static str,
    /// Seconds to wait before another attempt.
    wait_s: Option<u64>,
}

impl Refused {
    /// No open alert has this number.
    pub(super) const ALERT: Self = Self::new(404, "alert");
    const SESSION: Self = Self::new(401, "session-unknown");
    const READER: Self = Self::new(403, "role");
    const LOG_IN: Self = Self::new(401, "log-in");
    const LOG_IN_LATER: Self = Self::new(429, "log-in-later");
    const LOG_IN_BROKEN: Self = Self::new(503, "log-in-broken");
    const STORAGE: Self = Self::new(503, "storage");
    const FULL: Self = Self::new(507, "storage-full");
    const READ_ONLY: Self = Self::new(503, "storage-read-only");

    /// The body cannot be read, with the status that says how.
    pub(super) const fn body(status: u16) -> Self {
        Self::new(status, "body")
    }

    const fn new(status: u16, code: &'static str) -> Self {
        Self { status, code, wait_s: None }
    }

    /// The sentence for it.
    pub(super) fn sentence(self, site: &Site, headers: &HeaderMap) -> String {
        let seconds = numbers(&[("seconds", self.wait_s.unwrap_or_default())]);
        site.words(headers).0.say_with(&format!("problem-{}", self.code), &seconds)
    }
}

impl From<LogInProblem> for Refused {
    fn from(problem: LogInProblem) -> Self {
        match problem {
            LogInProblem::Wrong => Self::LOG_IN,
            LogInProblem::Later(seconds) => Self { wait_s: Some(seconds), ..Self::LOG_IN_LATER },
            LogInProblem::Broken => Self::LOG_IN_BROKEN,
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        tracing::error!(code = problem.code, text = problem.text, "a page cannot be answered");
        match problem.code.as_str() {
            "storage-full" => Self::FULL,
            "storage-read-only" => Self::READ_ONLY,
            _ => Self::STORAGE,
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        storage(&error).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Extension(self)).into_response()
    }
}

/// Whoever is logged in. Stands before what else a handler takes from a request: a stranger is
/// not told what is wrong with it.
pub(super) struct Reader(pub(super) Operator);

impl FromRequestParts<Arc<Site>> for Reader {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Refused> {
        site.operator(&parts.headers).map(Self).ok_or(Refused::SESSION)
    }
}

/// Somebody who may do more than read.
pub(super) struct Actor(pub(super) Operator);

impl FromRequestParts<Arc<Site>> for Actor {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Refused> {
        let Reader(operator) = Reader::from_request_parts(parts, site).await?;
        if operator.may_act() { Ok(Self(operator)) } else { Err(Refused::READER) }
    }
}

/// Lets a request through that names a known host, comes from here and is done in time.
pub(super) async fn guard(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response {
    let passed = let_through(&hosts, request, next).await;
    passed.unwrap_or_else(|(status, code)| Refused::new(status, code).into_response())
}

/// Puts refusals without words into words.
pub(super) async fn speak(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
    let response = next.run(request).await;
    let said = response.extensions().get::<Refused>().copied();
    let bare = || unworded(&path, &response).map(|(status, code)| Refused::new(status, code));
    let Some(refused) = said.or_else(bare) else { return response };
    let allowed = response.headers().get(header::ALLOW).cloned();
    let mut answer = worded(&site, &path, &headers, refused);
    if let Some(allowed) = allowed {
        answer.headers_mut().insert(header::ALLOW, allowed);
    }
    if let Some(seconds) = refused.wait_s {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

fn worded(site: &Site, path: &str, headers: &HeaderMap, refused: Refused) -> Response {
    let sentence = refused.sentence(site, headers);
    if path.starts_with("/api/") {
        return problem_details(refused.status, refused.code, &sentence, None);
    }
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // A name that was rebound to this address learns nothing of the province.
    if status == StatusCode::MISDIRECTED_REQUEST {
        return (status, sentence).into_response();
    }
    if status == StatusCode::UNAUTHORIZED {
        return Redirect::to("/log-in").into_response();
    }
    (status, pages::message(site, headers, sentence)).into_response()
}
