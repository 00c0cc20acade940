//! Reception: one page from the procedure to the slip.

mod aside;
mod begun;
mod form;

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::{secret, web::Words};
use serde_json::{Value, json};

pub(super) use self::form::{offices, usual_counts};
use self::{
    aside::{Aside, aside},
    begun::Begun,
    form::{Group, Line, day},
};
use super::{
    super::{catalogue, site::Site},
    drafts,
    fields::{Choice, choices, json_of, placed, sent},
    frame::{Frame, check_token, frame, render},
    hours,
    papers::PAPERS,
    refused,
    session::{RECEIVE, form_keeping},
};
use crate::{
    desk::{self, Once, Refused},
    people::Actor,
};

/// Lines for papers at most.
const PAPERS_MAX: usize = 32;

/// What was typed and what is wrong with it.
type Typed<'a> = (&'a [(String, String)], Option<&'a Refused>);

#[derive(Template)]
#[template(path = "receive.html")]
struct ReceivePage {
    frame: Frame,
    problem_title: String,
    problem: String,
    /// The field that it is about.
    problem_at: String,
    key: String,
    procedure: Group,
    applicant: Group,
    papers_title: String,
    columns: [String; 4],
    papers: Vec<Line>,
    place: Group,
    owner: Group,
    representative: Group,
    late: Group,
    words: Sayings,
    aside: Aside,
    begun: Vec<Begun>,
    /// The dossier that was received just before, with the sentence about it.
    before: Option<(String, String)>,
    slip_papers: Vec<Choice>,
    /// When the desks are open today.
    open_today: String,
}

/// What the page says, and what its script says in its place.
struct Sayings {
    save: String,
    print: String,
    fill: String,
    paper: String,
    begun: String,
    go_on: String,
    discard: String,
    open: String,
    draft_saved: String,
    draft_failed: String,
    scanned: String,
    scan_failed: String,
    known: String,
    none_found: String,
    found: String,
    sending: String,
    scan_hint: String,
}

#[derive(Template)]
#[template(path = "receive_aside.html")]
struct AsidePage {
    aside: Aside,
}

/// The form: empty, or as it was left.
pub(super) async fn form(
    State(site): State<Arc<Site>>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let shown = async {
        let actor = site.actor(&headers).await?;
        let typed = begun::typed(&site.office, &actor, sent(&query, "draft")).await?;
        let mut page = page(&site, &headers, &actor, (&typed, None)).await;
        page.before = before(&site, &headers, &actor, sent(&query, "after")).await;
        Ok(render(&page))
    };
    match shown.await {
        Ok(page) => page,
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// The form with what was typed.
pub(super) async fn form_with(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Arc<Actor>,
    typed: &[(String, String)],
) -> Response {
    render(&page(site, headers, actor, (typed, None)).await)
}

/// What stands beside the form, for what has been typed so far.
pub(super) async fn preview(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    match site.actor(&headers).await {
        Ok(actor) => {
            let aside = aside(&site, site.words(&headers).0, &actor, &form).await;
            render(&AsidePage { aside })
        }
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Receives, or gives the form back with what was typed and what is wrong.
pub(super) async fn receive(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let actor = match site.actor(&headers).await {
        Ok(actor) => actor,
        Err(problem) if problem.status == 401 => {
            return form_keeping(&site, &headers, (&problem, RECEIVE), &form).await;
        }
        Err(problem) => return refused(&site, &headers, &problem).await,
    };
    if let Err(problem) = check_token(&headers, &form) {
        // The session is another one than the form's, after a log-in elsewhere: nothing is lost.
        let page = page(&site, &headers, &actor, (&form, Some(&problem))).await;
        return (StatusCode::FORBIDDEN, render(&page)).into_response();
    }
    match sent(&form, "_do") {
        "fill" => form_with(&site, &headers, &actor, &filled(&site, form)).await,
        "discard" => match drafts::discard(&site.office, &actor, sent(&form, "_draft")).await {
            Ok(()) => Redirect::to(RECEIVE).into_response(),
            Err(problem) => refused(&site, &headers, &problem).await,
        },
        _ => match received(&site, &actor, &form).await {
            Ok(id) => Redirect::to(&next(&site, &actor, &id, &form).await).into_response(),
            Err(problem) => {
                let status =
                    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
                let page = page(&site, &headers, &actor, (&form, Some(&problem))).await;
                (status, render(&page)).into_response()
            }
        },
    }
}

/// The dossier that the form made.
async fn received(
    site: &Site,
    actor: &Arc<Actor>,
    form: &[(String, String)],
) -> Result<String, Refused> {
    let body = json_of(&form::handed_in(form))?;
    let key = sent(form, "_key").to_owned();
    let once = Once { key: key.clone(), body: format!("form /receive {body}").into_bytes() };
    let dossier = desk::receive(&site.office, actor, &once, &body).await?;
    begun::finished(&site.office, actor, &key).await;
    Ok(dossier.get("id").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// Where a reception leads: to the slip if it shall be printed, or to the dossier.
async fn next(site: &Site, actor: &Arc<Actor>, id: &str, form: &[(String, String)]) -> String {
    let opened = format!("/dossiers/{id}");
    if sent(form, "_do") != "print" {
        return opened;
    }
    let paper = PAPERS.into_iter().find(|paper| *paper == sent(form, "_paper"));
    let paper = paper.unwrap_or(PAPERS[0]);
    let body = json!({ "kind": "printed", "form": "01", "paper": paper });
    let key = format!("{}-printed", sent(form, "_key"));
    let once = Once { key, body: format!("form {opened}/events {body}").into_bytes() };
    if let Some(document) = hoso_identity::DocumentId::from_hex(id)
        && let Err(problem) = desk::act(&site.office, actor, document, &once, &body).await
    {
        // The dossier is received all the same, and the slip can be printed from its page.
        tracing::warn!(code = problem.code, "the printing of a slip was not noted");
    }
    format!("/api/v1/dossiers/{id}/slip?form=01&paper={paper}")
}

/// The sentence about the dossier that was received just before.
async fn before(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Arc<Actor>,
    id: &str,
) -> Option<(String, String)> {
    let document = hoso_identity::DocumentId::from_hex(id)?;
    let dossier = desk::open(&site.office, actor, document).await.ok()?;
    let code = dossier.get("code").and_then(Value::as_str)?.to_owned();
    let name = dossier.pointer("/applicant/name").and_then(Value::as_str).unwrap_or_default();
    let values = [("code", code), ("name", name.to_owned())].into_iter().collect();
    let sentence = site.words(headers).0.say_with("receive-before", &values);
    Some((document.to_string(), sentence))
}

/// The form with the papers that the chosen procedure takes.
fn filled(site: &Site, mut form: Vec<(String, String)>) -> Vec<(String, String)> {
    let procedure = chosen(site, &form);
    let papers = procedure.as_ref().and_then(|procedure| procedure.get("papers"));
    let papers = papers.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    form.retain(|(name, _)| !name.starts_with("papers."));
    for (line, paper) in papers.take(PAPERS_MAX).enumerate() {
        form.push((format!("papers.{line}.name"), paper.to_owned()));
        for (count, number) in form::usual_counts(paper) {
            form.push((format!("papers.{line}.{count}"), number.to_string()));
        }
    }
    form
}

/// The procedure that is chosen in the form, as the catalogue of its day has it.
fn chosen(site: &Site, form: &[(String, String)]) -> Option<Value> {
    let code = sent(form, "procedure_code");
    let procedures = catalogue::in_force(&site.office.state(), "", day(form));
    procedures.into_iter().find(|procedure| procedure.get("code").is_some_and(|its| its == code))
}

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    actor: &Arc<Actor>,
    (form, problem): Typed<'_>,
) -> ReceivePage {
    let (words, _) = site.words(headers);
    let mut made = form::Form::new(site, words, form);
    let (sentence, problem_at) =
        problem.map(|problem| placed(site, words, problem, made.fields())).unwrap_or_default();
    made.show();
    let column = |name: &str| words.say(&format!("field-{name}"));
    let mut begun = begun::list(&site.office, actor, words).await;
    let key = key(form, problem);
    begun.retain(|draft| draft.id != begun::id(&key));
    ReceivePage {
        frame: frame(site, headers, "page-receive", Some(actor)).await,
        problem_title: words.say("page-problem"),
        problem: sentence,
        problem_at,
        key,
        procedure: made.procedure,
        applicant: made.applicant,
        papers_title: words.say("group-papers"),
        columns: ["paper-name", "originals", "certified-copies", "photocopies"].map(column),
        papers: made.papers,
        place: made.place,
        owner: made.owner,
        representative: made.representative,
        late: made.late,
        words: sayings(words),
        aside: aside(site, words, actor, form).await,
        begun,
        before: None,
        slip_papers: slip_papers(site, words).await,
        open_today: hours::today(site, words).await,
    }
}

/// The papers of the slip, the usual one first.
async fn slip_papers(site: &Site, words: &Words) -> Vec<Choice> {
    let usual = site.office.usual_papers().await.unwrap_or_default();
    let mut papers = PAPERS;
    papers.sort_by_key(|paper| usual.get("receipt").is_none_or(|usual| usual != paper));
    choices(words, "paper", &papers)
}

fn sayings(words: &Words) -> Sayings {
    Sayings {
        save: words.say("save"),
        print: words.say("save-and-print"),
        fill: words.say("fill"),
        paper: words.say("field-paper"),
        begun: words.say("receive-begun"),
        go_on: words.say("receive-go-on"),
        discard: words.say("receive-discard"),
        open: words.say("receive-open"),
        draft_saved: words.say("receive-draft-saved"),
        draft_failed: words.say("receive-draft-failed"),
        scanned: words.say("receive-scanned"),
        scan_failed: words.say("receive-scan-failed"),
        known: words.say("receive-known"),
        none_found: words.say("receive-none-found"),
        found: words.say("receive-found"),
        sending: words.say("receive-sending"),
        scan_hint: words.say("receive-scan-hint"),
    }
}

/// The key of this form. It stays the same while one dossier is meant, so that one whose answer
/// was lost is found again; a key that has done its work gives way to a new one.
fn key(form: &[(String, String)], problem: Option<&Refused>) -> String {
    let used = problem.is_some_and(|problem| problem.code.starts_with("idempotency"));
    let key = sent(form, "_key");
    if used || key.is_empty() { fresh_key() } else { key.to_owned() }
}

/// A key for one action: sending the same page twice makes one dossier.
pub(super) fn fresh_key() -> String {
    let chance = secret::chance::<16>().unwrap_or_default();
    data_encoding::HEXLOWER.encode(&chance)
}
