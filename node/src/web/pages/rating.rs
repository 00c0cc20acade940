//! Three buttons for whoever has just been served: optional, and nobody knows who pressed which.

use std::sync::Arc;

use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use fluent_bundle::FluentArgs;
use hoso_engine::web::Words;
use hoso_store::ratings::{self, Mark};

use super::{super::site::Site, fields::sent, frame::check_token, refused};
use crate::{desk::Refused, times};

/// The three buttons, or the thanks of the desk.
pub(super) struct Rating {
    pub(super) ask: String,
    pub(super) thanks: String,
    /// Code and label of each.
    pub(super) marks: Vec<(&'static str, String)>,
    /// What was said this month.
    pub(super) counted: String,
}

/// What the return desk shows of it: the buttons after a result was handed over, thanks after one
/// was pressed.
pub(super) async fn rating(
    site: &Site,
    words: &Words,
    (served, rated): (bool, bool),
) -> Result<Rating, Refused> {
    let today = today();
    let first = format!("{}-01", today.get(..7).unwrap_or_default());
    let counted = site.office.memory.read(move |tx| ratings::counted(tx, &first, &today)).await;
    let counted: [u64; 3] = counted.map_err(Refused::from)?;
    let mut values = FluentArgs::new();
    for (mark, count) in Mark::ALL.iter().zip(counted) {
        values.set(mark.code(), count);
    }
    let marks = Mark::ALL.iter().map(|mark| (mark.code(), label(words, *mark)));
    Ok(Rating {
        ask: words.say("rating-ask"),
        thanks: if rated { words.say("rating-thanks") } else { String::new() },
        marks: if served && !rated { marks.collect() } else { Vec::new() },
        counted: words.say_with("rating-month", &values),
    })
}

fn label(words: &Words, mark: Mark) -> String {
    match mark {
        Mark::Good => words.say("rating-good"),
        Mark::Fair => words.say("rating-fair"),
        Mark::Bad => words.say("rating-bad"),
    }
}

/// `POST /return/rating`: counts one mark.
pub(super) async fn rate(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    match rated(&site, &headers, &form).await {
        Ok(()) => Redirect::to("/return?rated=yes").into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

async fn rated(site: &Site, headers: &HeaderMap, form: &[(String, String)]) -> Result<(), Refused> {
    site.actor(headers).await?;
    check_token(headers, form)?;
    let code = sent(form, "mark");
    let mark = Mark::ALL.into_iter().find(|mark| mark.code() == code);
    let mark = mark.ok_or(Refused::new(422, "field-unknown").about("mark"))?;
    let today = today();
    let written =
        site.office.memory.write(false, move |tx, _| ratings::add(tx, &today, mark)).await;
    written.map_err(Refused::from)
}

/// Today at the province's offset, `2026-11-24`.
fn today() -> String {
    let now = times::text(times::now_ms()).unwrap_or_default();
    now.get(..10).unwrap_or_default().to_owned()
}
