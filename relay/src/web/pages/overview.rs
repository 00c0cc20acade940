//! The operators' first page: a sentence, what is to be looked at, and a tile for each unit, the
//! urgent ones first.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{Redirect, Response},
};
use hoso_engine::{
    clock,
    web::{Words, numbers},
};
use hoso_store::watch::Alert;

use super::{
    super::{
        refusal::{Actor, Reader, Refused},
        session::Operator,
        site::Site,
    },
    Frame, frame, page,
};
use crate::overview::{Standing, UnitRow};

/// Seconds from which on a clock that is off is shown.
const SKEW_SHOWN_S: u64 = 2;
/// Units that need someone and are named in the sentence; the tiles name the rest.
const NAMED_MAX: usize = 3;
/// The order of the sentence: what is well first, and last whoever needs someone.
const IN_WORDS: [Standing; 5] =
    [Standing::Connected, Standing::Away, Standing::Empty, Standing::Silent, Standing::Attention];
/// Bytes of a kilobyte, as disks and lines are sold.
const KILO: u64 = 1000;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    /// That of the gravest standing.
    look: Look,
    sentence: String,
    waiting: String,
    alerts_title: String,
    no_alert: String,
    alerts: Vec<AlertRow>,
    units_title: String,
    tiles: Vec<Tile>,
    without_title: String,
    /// Code and name of each unit that has no node yet.
    without_node: Vec<(String, String)>,
}

/// An alert that nobody has acknowledged.
struct AlertRow {
    /// Where to acknowledge it; empty for who may only read.
    address: String,
    what: String,
    unit: String,
    since: String,
    acknowledge: String,
}

/// How a standing looks.
struct Look {
    tone: &'static str,
    icon: &'static str,
}

impl Look {
    fn of(standing: Standing) -> Self {
        match standing {
            Standing::Attention => Self { tone: "late", icon: "warn" },
            Standing::Silent => Self { tone: "late", icon: "away" },
            Standing::Away => Self { tone: "away", icon: "away" },
            Standing::Connected => Self { tone: "safe", icon: "linked" },
            Standing::Empty => Self { tone: "wait", icon: "clock" },
        }
    }
}

/// One unit.
struct Tile {
    name: String,
    code: String,
    look: Look,
    word: String,
    /// Names and values of what is known of it.
    facts: Vec<(String, String)>,
}

/// All units, urgent ones first.
pub(in super::super) async fn overview(
    State(site): State<Arc<Site>>,
    Reader(operator): Reader,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let (words, _) = site.words(&headers);
    let (rows, watch) = site.office.overview().await?;
    let alerts = watch.alerts.iter().map(|alert| alert_row(&site, words, &operator, alert));
    let waiting = match watch.for_operator {
        0 => String::new(),
        count => words.say_with("overview-waiting", &numbers(&[("count", count)])),
    };
    let gravest = rows.first().map_or(Standing::Empty, |row| row.standing);
    let (without, with): (Vec<&UnitRow>, _) =
        rows.iter().partition(|row| row.standing == Standing::Empty);
    Ok(page(&OverviewPage {
        frame: Frame { width: "wide", ..frame(&site, &headers, "overview-title", Some(&operator)) },
        look: Look::of(gravest),
        sentence: sentence(words, &rows),
        waiting,
        alerts_title: words.say("alerts-title"),
        no_alert: words.say("alerts-none"),
        alerts: alerts.collect(),
        units_title: words.say("units-with-node"),
        tiles: with.into_iter().map(|unit| tile(words, unit)).collect(),
        without_title: words.say("units-without-node"),
        without_node: without.iter().map(|row| (row.code.clone(), row.name.clone())).collect(),
    }))
}

/// Notes that somebody looks after an alert, and goes back.
pub(in super::super) async fn acknowledge(
    State(site): State<Arc<Site>>,
    Actor(operator): Actor,
    Path(id): Path<i64>,
) -> Result<Redirect, Refused> {
    // Whoever was second sees that it is done.
    site.office.ledger.acknowledge(id, operator.name, clock::now_ms()).await?;
    Ok(Redirect::to("/"))
}

/// How many units stand how; who needs someone is named.
fn sentence(words: &Words, rows: &[UnitRow]) -> String {
    let of = |standing| rows.iter().filter(move |row| row.standing == standing);
    let mut parts = Vec::new();
    for standing in IN_WORDS {
        let count = of(standing).count();
        if count == 0 {
            continue;
        }
        let mut values = numbers(&[("count", u64::try_from(count).unwrap_or(u64::MAX))]);
        if standing == Standing::Attention {
            let named: Vec<&str> =
                of(standing).take(NAMED_MAX).map(|row| row.name.as_str()).collect();
            values.set("names", named.join(", "));
            let more = count.saturating_sub(NAMED_MAX);
            values.set("more", u64::try_from(more).unwrap_or(u64::MAX));
        }
        parts.push(words.say_with(&format!("overview-{}", standing.code()), &values));
    }
    format!("{}.", parts.join(", "))
}

fn tile(words: &Words, unit: &UnitRow) -> Tile {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: String| facts.push((words.say(name), value));
    if !unit.connected {
        add("fact-last-seen", seen(words, unit.last_seen_s));
    } else if unit.standing != Standing::Connected {
        add("fact-link", words.say("state-connected"));
    }
    if unit.troubled > 0 {
        add("fact-troubled", words.say_with("entries", &numbers(&[("entries", unit.troubled)])));
    }
    if unit.backlog_entries == 0 {
        add("fact-backlog", words.say("backlog-none"));
    } else {
        add("fact-backlog", backlog(words, unit.backlog_entries, unit.backlog_bytes));
        add("fact-oldest", seen(words, Some(unit.oldest_unsent_s)));
    }
    if unit.clock_skew_ms.unsigned_abs() / 1000 >= SKEW_SHOWN_S {
        add("fact-clock", clock_of(words, unit.clock_skew_ms));
    }
    if !unit.versions.is_empty() {
        add("fact-version", unit.versions.join(", "));
    }
    if unit.nodes > 1 {
        add("fact-nodes", unit.nodes.to_string());
    }
    Tile {
        name: unit.name.clone(),
        code: unit.code.clone(),
        look: Look::of(unit.standing),
        word: words.say(&format!("state-{}", unit.standing.code())),
        facts,
    }
}

/// Entries and their size.
fn backlog(words: &Words, entries: u64, bytes: u64) -> String {
    let (key, size) = match bytes {
        0..KILO => ("size-bytes", bytes),
        KILO..1_000_000 => ("size-kilobytes", bytes / KILO),
        _ => ("size-megabytes", bytes / 1_000_000),
    };
    let mut values = numbers(&[("entries", entries)]);
    values.set("size", words.say_with(key, &numbers(&[("count", size)])));
    words.say_with("backlog", &values)
}

/// What an operator reads of an alert.
fn alert_row(site: &Site, words: &Words, operator: &Operator, alert: &Alert) -> AlertRow {
    let acts = operator.may_act();
    let state = site.office.state();
    let unit = alert.unit.and_then(|unit| state.unit(unit)).map(|unit| unit.full_name());
    let seconds = clock::now_ms().saturating_sub(alert.first_ms) / 1000;
    let mut since = numbers(&[("times", alert.times)]);
    since.set("since", seen(words, Some(seconds)));
    AlertRow {
        address: if acts { format!("/alerts/{}/acknowledge", alert.id) } else { String::new() },
        what: words.say(&format!("alert-{}", alert.kind)),
        unit: unit.unwrap_or_else(|| words.say("alert-province")),
        since: words.say_with("alert-since", &since),
        acknowledge: words.say("alert-acknowledge"),
    }
}

/// How far a clock is off.
fn clock_of(words: &Words, skew_ms: i64) -> String {
    let key = match skew_ms {
        0.. => "clock-ahead",
        _ => "clock-behind",
    };
    words.say_with(key, &numbers(&[("seconds", skew_ms.unsigned_abs() / 1000)]))
}

fn seen(words: &Words, seconds: Option<u64>) -> String {
    let (key, count) = match seconds {
        None => return words.say("seen-never"),
        Some(seconds @ 0..120) => ("seen-seconds", seconds),
        Some(seconds @ 120..7200) => ("seen-minutes", seconds / 60),
        Some(seconds @ 7200..172_800) => ("seen-hours", seconds / 3600),
        Some(seconds) => ("seen-days", seconds / 86_400),
    };
    words.say_with(key, &numbers(&[("count", count)]))
}
