//! When the desks are open: each point with its hours and seasons.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use hoso_dossier::deadline::local_date;
use hoso_engine::web::Words;
use hoso_registry::{Day, calendar::Calendar};
use hoso_store::openings::Opening;

use super::{
    super::site::Site,
    fields::{Field, Tick, sent, told},
    frame::{Frame, check_token, date, frame, render},
    office::administrator,
    refused,
    typed::{clock, day_of},
};
use crate::{
    desk::Refused,
    office::{holds, open_on},
    times,
};

/// The weekdays, Monday first.
pub(super) const WEEKDAYS: [&str; 7] = ["1", "2", "3", "4", "5", "6", "7"];

#[derive(Template)]
#[template(path = "hours.html")]
struct HoursPage {
    frame: Frame,
    problem: String,
    today: String,
    words: HoursWords,
    columns: [String; 4],
    rows: Vec<Row>,
    weekdays: Vec<Tick>,
    /// What is wrong with the weekdays.
    weekdays_problem: String,
    fields: Vec<Field>,
}

struct HoursWords {
    title: String,
    none: String,
    remove: String,
    add: String,
    days: String,
    meant: String,
    back: String,
}

struct Row {
    id: i64,
    point: String,
    hours: String,
    validity: String,
    tone: &'static str,
    icon: &'static str,
    state: String,
}

/// The page.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match page(&site, &headers, None).await {
        Ok(page) => render(&page),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Adds hours.
pub(super) async fn add(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let added = async {
        administrator(&site, &headers).await?;
        check_token(&headers, &form)?;
        site.office.add_opening(typed(&form)?).await?;
        Ok::<(), Refused>(())
    };
    let problem = match added.await {
        Ok(()) => return Redirect::to("/office/hours").into_response(),
        Err(problem) => problem,
    };
    if problem.status == 422
        && let Ok(page) = page(&site, &headers, Some((&form, &problem))).await
    {
        return (StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response();
    }
    refused(&site, &headers, &problem).await
}

/// Takes hours away.
pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let removed = async {
        administrator(&site, &headers).await?;
        check_token(&headers, &form)?;
        let id = sent(&form, "id").parse().map_err(|_| Refused::new(404, "not-found"))?;
        site.office.remove_opening(id).await?;
        Ok::<(), Refused>(())
    };
    match removed.await {
        Ok(()) => Redirect::to("/office/hours").into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// What is open today, in one sentence; nothing where no hours are set.
pub(super) async fn today(site: &Site, words: &Words) -> String {
    let openings = site.office.openings().await.unwrap_or_default();
    let Some(date) = local_date(times::now_ms()).filter(|_| !openings.is_empty()) else {
        return String::new();
    };
    let state = site.office.state();
    let year = u16::try_from(date.year()).ok().and_then(|year| state.calendar(year));
    let calendar = Calendar::of(year.map(|(_, year)| year));
    let open = open_on(&openings, &calendar, (date, Day(date).number()));
    if open.is_empty() {
        return words.say("hours-closed-today");
    }
    let mut said = String::new();
    for opening in open {
        let span = span(opening);
        let same = said.contains(&format!("{}: ", opening.point));
        let before = if said.is_empty() {
            ""
        } else if same {
            ", "
        } else {
            "; "
        };
        let point = if same { String::new() } else { format!("{}: ", opening.point) };
        said += &format!("{before}{point}{span}");
    }
    words.say_with("hours-today", &[("hours", said)].into_iter().collect())
}

/// The page, with what was typed and what is wrong with it.
async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    typed: Option<(&[(String, String)], &Refused)>,
) -> Result<HoursPage, Refused> {
    let actor = administrator(site, headers).await?;
    let (words, _) = site.words(headers);
    let openings = site.office.openings().await?;
    let today_number = local_date(times::now_ms()).map_or(0, |date| Day(date).number());
    let mut frame = frame(site, headers, "page-hours", Some(&actor)).await;
    frame.choose("/office/hours");
    let (form, problem) = typed.map_or((&[][..], None), |(form, problem)| (form, Some(problem)));
    let mut fields = ["point", "opens", "closes", "first", "last"].map(|name| {
        let label = format!("hours-{name}");
        Field { required: name != "last", ..Field::asked(words, (name, &label), form) }
    });
    if typed.is_none() {
        let first = fields.iter_mut().filter(|field| field.name == "first");
        first.for_each(|field| field.value = day_text(today_number));
    }
    let sentence = told(site, words, problem.map(about_field).as_ref(), &mut fields);
    let of_days = problem.is_some_and(|problem| problem.code == "hours-days");
    Ok(HoursPage {
        frame,
        weekdays_problem: if of_days { sentence.clone() } else { String::new() },
        problem: sentence,
        fields: fields.into(),
        today: today(site, words).await,
        words: words_of(words),
        columns: ["point", "hours", "validity", "state"]
            .map(|column| words.say(&format!("column-{column}"))),
        rows: openings.iter().map(|opening| row(words, opening, today_number)).collect(),
        weekdays: WEEKDAYS.map(|day| weekday(words, day, form)).into(),
    })
}

/// A refusal with the field that can mend it, where one can.
fn about_field(problem: &Refused) -> Refused {
    let field = match problem.code.as_str() {
        "hours-point" => "point",
        "hours-overlap" => "opens",
        "hours-order" => "closes",
        "hours-validity" => "last",
        _ => return problem.clone(),
    };
    problem.clone().about(field)
}

fn weekday(words: &Words, day: &'static str, form: &[(String, String)]) -> Tick {
    Tick {
        value: day,
        label: words.say(&format!("weekday-{day}")),
        explained: String::new(),
        chosen: form.iter().any(|(name, value)| name == "weekday" && value == day),
    }
}

fn words_of(words: &Words) -> HoursWords {
    HoursWords {
        title: words.say("page-hours"),
        none: words.say("hours-none"),
        remove: words.say("hours-remove"),
        add: words.say("hours-add"),
        days: words.say("hours-days"),
        meant: words.say("hours-meant"),
        back: words.say("back-to-office"),
    }
}

fn row(words: &Words, opening: &Opening, today: u32) -> Row {
    let days = (0..).zip(WEEKDAYS).filter(|(place, _)| opening.weekdays & (1 << place) != 0);
    let days: Vec<_> = days.map(|(_, day)| words.say(&format!("weekday-{day}"))).collect();
    let last = opening.last_day.map(day_text).unwrap_or_default();
    let (tone, icon, state) = if holds(opening, today) {
        ("safe", "check", "hours-in-force")
    } else if opening.first_day > today {
        ("wait", "clock", "hours-later")
    } else {
        ("plain", "", "hours-over")
    };
    Row {
        id: opening.id,
        point: opening.point.clone(),
        hours: format!("{} {}", days.join(", "), span(opening)),
        validity: format!("{} – {last}", day_text(opening.first_day)),
        tone,
        icon,
        state: words.say(state),
    }
}

fn span(opening: &Opening) -> String {
    format!("{}–{}", clock(opening.opens_min), clock(opening.closes_min))
}

fn day_text(number: u32) -> String {
    Day::from_number(number).map(|day| date(&day.to_string())).unwrap_or_default()
}

/// The hours that a form means.
fn typed(form: &[(String, String)]) -> Result<Opening, Refused> {
    let day = |name: &str| {
        let text = day_of(sent(form, name));
        let day = text.and_then(|text| Day::from_iso(&text)).map(Day::number);
        day.ok_or_else(|| Refused::new(422, "hours-date").about(name))
    };
    let time = |name: &str| {
        minutes(sent(form, name)).ok_or_else(|| Refused::new(422, "hours-time").about(name))
    };
    let bits = form.iter().filter(|(name, _)| name == "weekday").filter_map(|(_, value)| {
        WEEKDAYS.iter().position(|day| day == value).map(|place| 1_u8 << place)
    });
    let last_day = match sent(form, "last").trim() {
        "" => None,
        _ => Some(day("last")?),
    };
    Ok(Opening {
        id: 0,
        point: sent(form, "point").trim().chars().take(100).collect(),
        weekdays: bits.fold(0, |all, bit| all | bit),
        opens_min: time("opens")?,
        closes_min: time("closes")?,
        first_day: day("first")?,
        last_day,
    })
}

/// `07:30`, `7:30` or `0730` as minutes since midnight.
fn minutes(text: &str) -> Option<u16> {
    let text = text.trim();
    let parts = text
        .split_once(':')
        .or_else(|| text.split_at_checked(2).filter(|(_, minute)| minute.len() == 2));
    parts.and_then(|(hour, minute)| {
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_type_them_and_nonsense_is_refused() {
        for (typed, expected) in [("07:30", 450), ("7:30", 450), ("0730", 450), ("17:00", 1020)] {
            assert_eq!(minutes(typed), Some(expected), "{typed}");
        }
        for typed in ["", "24:00", "7", "12:60", "sáng"] {
            assert_eq!(minutes(typed), None, "{typed}");
        }
    }
}
