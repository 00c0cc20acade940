//! The papers of the office: which one each form is usually printed on, and a page to test each.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::web::Words;

use super::{
    super::{printed, site::Site},
    fields::{Choice, choices, sent},
    frame::{Frame, check_token, frame, moment, render},
    office::administrator,
    refused,
};
use crate::{desk::Refused, times};

/// Every paper that a form is drawn for.
pub(in super::super) const PAPERS: [&str; 3] = ["a5", "80mm", "a4"];

#[derive(Template)]
#[template(path = "papers.html")]
struct PapersPage {
    frame: Frame,
    tests_title: String,
    tests_why: String,
    tests: Vec<Test>,
    tested: String,
    usual_title: String,
    usual_why: String,
    /// Each form with its label and its papers, the usual one first.
    forms: Vec<(&'static str, String, Vec<Choice>)>,
    save: String,
    back: String,
}

/// A paper that can be tested.
struct Test {
    paper: &'static str,
    label: String,
    /// When it last came out right; empty if nobody has said so.
    state: String,
}

/// The page.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match page(&site, &headers).await {
        Ok(page) => render(&page),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Chooses the usual papers.
pub(super) async fn choose(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let chosen = async {
        administrator(&site, &headers).await?;
        check_token(&headers, &form)?;
        let mut papers = BTreeMap::new();
        for known in printed::in_force(&site).await? {
            let code = known.form.code();
            let paper = sent(&form, code);
            if known.papers.iter().any(|each| each == paper) {
                papers.insert(code.to_owned(), paper.to_owned());
            }
        }
        site.office.set_usual_papers(papers).await?;
        Ok::<(), Refused>(())
    };
    match chosen.await {
        Ok(()) => Redirect::to("/office/papers").into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Notes that a test page came out right.
pub(super) async fn tested(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let noted = async {
        administrator(&site, &headers).await?;
        check_token(&headers, &form)?;
        let paper = sent(&form, "paper");
        if !PAPERS.contains(&paper) {
            return Err(Refused::new(422, "field-unknown").about("paper"));
        }
        let at = times::text(times::now_ms()).unwrap_or_default();
        site.office.note_tested(paper.to_owned(), at).await?;
        Ok(())
    };
    match noted.await {
        Ok(()) => Redirect::to("/office/papers").into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

async fn tests(site: &Site, words: &Words) -> Result<Vec<Test>, Refused> {
    let tested = site.office.tested_papers().await?;
    let test = |paper: &'static str| {
        let at = tested.get(paper).map(|at| ("at", moment(at)));
        let said = at.map(|at| words.say_with("papers-right", &[at].into_iter().collect()));
        let label = words.say(&format!("paper-{paper}"));
        Test { paper, label, state: said.unwrap_or_default() }
    };
    Ok(PAPERS.map(test).into())
}

async fn page(site: &Arc<Site>, headers: &HeaderMap) -> Result<PapersPage, Refused> {
    let actor = administrator(site, headers).await?;
    let (words, _) = site.words(headers);
    let known = printed::in_force(site).await?;
    let several = known.iter().filter(|chosen| chosen.papers.len() > 1);
    let forms = several.map(|chosen| {
        let papers: Vec<&str> = chosen.papers.iter().map(String::as_str).collect();
        let number = [("number", chosen.number.clone())].into_iter().collect();
        let label = words.say_with(&format!("form-{}", chosen.form.code()), &number);
        (chosen.form.code(), label, choices(words, "paper", &papers))
    });
    let forms = forms.collect();
    let mut frame = frame(site, headers, "page-papers", Some(&actor)).await;
    frame.choose("/office/papers");
    Ok(PapersPage {
        frame,
        tests_title: words.say("papers-tests"),
        tests_why: words.say("papers-tests-why"),
        tests: tests(site, words).await?,
        tested: words.say("papers-tested"),
        usual_title: words.say("papers-usual"),
        usual_why: words.say("papers-usual-why"),
        forms,
        save: words.say("save"),
        back: words.say("back-to-office"),
    })
}
