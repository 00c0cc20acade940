//! The paper forms: which are in force, what stands on them, how they are drawn.

mod sets;
mod templates;
mod values;

use std::sync::Arc;

use axum::{
    extract::{Path as Named, Query, State},
    http::HeaderMap,
    response::{Html, IntoResponse, Response},
};
use hoso_identity::DocumentId;
use serde_json::{Value, json};
use time::Date;

pub(super) use self::sets::{Chosen, Form};
use self::{
    sets::Sets,
    templates::{TEST_PAGE, Templates},
};
use super::{
    answer::answer,
    pages::{PAPERS, refused},
    site::Site,
};
use crate::desk::{self, Refused};

/// The folder of the data directory whose files take the place of the forms shipped here.
const FOLDER: &str = "forms";
/// Rows of the longest logbook that is printed at once.
const ROWS_MAX: usize = 2_000;
/// The width of the paper that a logbook needs.
const WIDE: &str = "wide";

/// `GET /dossiers/{id}/slip?form=01&paper=a5|80mm|a4`: a form of one dossier, ready to print.
pub(super) async fn slip(
    State(site): State<Arc<Site>>,
    Named(id): Named<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let printed = async {
        let actor = site.actor(&headers).await?;
        let asked = Asked::of(&query)?;
        let id = DocumentId::from_hex(&id).ok_or(Refused::new(404, "not-found"))?;
        let dossier = desk::open(&site.office, &actor, id).await?;
        let templates = Templates::of(&site.office.data.join(FOLDER));
        let sets = sets(&site, &templates).await?;
        let name = asked.form.unwrap_or("01");
        if !sets.knows(name) {
            return Err(Refused::new(422, "field-unknown").about("form"));
        }
        let chosen = sets.choose(name, &dossier).ok_or(Refused::new(409, "rule-status"))?;
        let paper = chosen.paper(asked.paper)?;
        let printings = sets.printings(&chosen, &dossier);
        let values = values::of_dossier(&site, &dossier, &chosen, (paper, printings));
        templates.draw(&chosen.template, values).map(|html| Html(html).into_response())
    };
    answer(&site, &headers, printed.await)
}

/// `GET /logbook?from=2026-11-01&to=2026-11-30`: what this unit received in those days, as the
/// form says it; without days those of today.
pub(super) async fn logbook(
    State(site): State<Arc<Site>>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let printed = async {
        let actor = site.actor(&headers).await?;
        let (from, to) = days(&query)?;
        let dossiers = desk::received(&site.office, &actor, (from, to), ROWS_MAX).await?;
        let templates = Templates::of(&site.office.data.join(FOLDER));
        let sets = Sets::read(&templates)?;
        let chosen = sets.on(Form::Logbook, to).ok_or(Refused::new(409, "rule-status"))?;
        let values = values::of_logbook(&site, (from, to), &dossiers);
        templates.draw(&chosen.template, values).map(|html| Html(html).into_response())
    };
    match printed.await {
        Ok(response) => response,
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// The forms that a dossier has something to say on, with the papers that fit them.
pub(super) async fn offered(site: &Site, dossier: &Value) -> Vec<Chosen> {
    let sets = sets(site, &Templates::of(&site.office.data.join(FOLDER))).await;
    sets.map(|sets| sets.offered(dossier)).unwrap_or_default()
}

/// The forms of today, each with its usual paper first.
pub(super) async fn in_force(site: &Site) -> Result<Vec<Chosen>, Refused> {
    let sets = sets(site, &Templates::of(&site.office.data.join(FOLDER))).await?;
    Ok(sets.forms_on(values::today()))
}

/// The sets with the papers that are usual here.
async fn sets(site: &Site, templates: &Templates) -> Result<Sets, Refused> {
    Ok(Sets::read(templates)?.usually(&site.office.usual_papers().await?))
}

/// `GET /office/papers/test?paper=a5|80mm|a4`: whether that paper is printed as it should be.
pub(super) async fn test_page(
    State(site): State<Arc<Site>>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let printed = async {
        site.actor(&headers).await?;
        let asked = Asked::of(&query)?.paper.unwrap_or(PAPERS[0]);
        let paper = PAPERS.into_iter().find(|paper| *paper == asked);
        let paper = paper.ok_or_else(|| Refused::new(422, "field-unknown").about("paper"))?;
        let name = site.words(&headers).0.say(&format!("paper-{paper}"));
        let values = values::of_test_page(&site, paper, &name);
        let templates = Templates::of(&site.office.data.join(FOLDER));
        templates.draw(TEST_PAGE, values).map(|html| Html(html).into_response())
    };
    match printed.await {
        Ok(response) => response,
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// The file of the office's own forms that cannot be used, if one cannot: each form is drawn for a
/// dossier of which nothing is known.
pub(super) fn fault(site: &Site) -> Option<String> {
    let templates = Templates::of(&site.office.data.join(FOLDER));
    let sets = Sets::read(&templates).ok()?;
    let today = values::today();
    let drawn = |chosen: &Chosen| {
        let values = if chosen.form == Form::Logbook {
            values::of_logbook(site, (today, today), &[])
        } else {
            values::of_dossier(site, &json!({}), chosen, (chosen.paper(None).ok()?, 0))
        };
        templates.fault(&chosen.template, &values)
    };
    Sets::fault(&templates).or_else(|| sets.all().find_map(drawn))
}

/// What was asked to be printed.
#[derive(Default)]
struct Asked<'a> {
    form: Option<&'a str>,
    paper: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(query: &'a [(String, String)]) -> Result<Self, Refused> {
        let mut asked = Self::default();
        for (name, value) in query {
            match name.as_str() {
                "form" => asked.form = Some(value),
                "paper" => asked.paper = Some(value),
                _ => return Err(Refused::new(422, "field-unknown").about(name.as_str())),
            }
        }
        Ok(asked)
    }
}

/// The days that a logbook was asked for.
fn days(query: &[(String, String)]) -> Result<(Date, Date), Refused> {
    let today = values::today();
    let (mut from, mut to) = (None, None);
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        let day = hoso_registry::Day::from_iso(value).map(|day| day.0);
        let day = day.ok_or(Refused::new(422, "field-date").about(name.as_str()))?;
        match name.as_str() {
            "from" => from = Some(day),
            "to" => to = Some(day),
            _ => return Err(Refused::new(422, "field-unknown").about(name.as_str())),
        }
    }
    let to = to.or(from).unwrap_or(today);
    let from = from.unwrap_or(to);
    if from > to {
        return Err(Refused::new(422, "field-unknown").about("to"));
    }
    Ok((from, to))
}
