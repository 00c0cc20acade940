//! The style guide: every component in both languages, light and dark; printed, it shows paper.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::HeaderMap, response::Response};
use fluent_bundle::FluentArgs;
use hoso_dossier::axes::Status;
use hoso_engine::web::{Language, Words};
use hoso_registry::EventKind;

use super::{
    super::site::Site,
    about::{Badge, Step},
    chips::{self, Chip, Due},
    fields::{Choice, Field, choices},
    frame::{Frame, frame, render},
    history::{Happened, without_effect},
    refused,
};
use crate::{desk::Refused, times};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3600 * 1000;
/// The tones with an icon for each.
pub(super) const TONES: [(&str, &str); 6] = [
    ("safe", "check"),
    ("wait", "clock"),
    ("soon", "clock"),
    ("late", "warn"),
    ("review", "review"),
    ("away", "away"),
];

#[derive(Template)]
#[template(path = "styleguide.html")]
struct StyleGuidePage {
    frame: Frame,
    samples: Vec<Sample>,
}

/// All components in one language and one theme.
struct Sample {
    language: &'static str,
    theme: &'static str,
    /// What makes the ids of this sample its own.
    prefix: String,
    title: String,
    headings: Headings,
    realms: Vec<(&'static str, String)>,
    /// Title, text and button of a dialog.
    dialog: (String, String, String),
    link: String,
    primary: String,
    ordinary: String,
    plain: String,
    dues: Vec<Chip>,
    statuses: Vec<Chip>,
    badges: Vec<Badge>,
    notices: Vec<Chip>,
    fields: Vec<Field>,
    columns: [String; 3],
    rows: Vec<(String, String, Chip)>,
    empty: (String, String),
    event: Happened,
}

/// What the parts of a sample are called.
struct Headings {
    buttons: String,
    chips: String,
    badges: String,
    notices: String,
    fields: String,
    table: String,
    empty: String,
    frame: String,
    dialog: String,
    history: String,
}

/// The page; not where work is in earnest.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let realm = site.office.state().realm_kind().map(|kind| kind.code());
    if realm == Some("official") {
        return refused(&site, &headers, &Refused::new(404, "not-found")).await;
    }
    let actor = site.actor(&headers).await.ok();
    let of = |language, theme| sample(site.in_language(language), language, theme);
    let samples = [Language::Vietnamese, Language::English]
        .into_iter()
        .flat_map(|language| ["light", "dark"].map(|theme| of(language, theme)));
    render(&StyleGuidePage {
        frame: frame(&site, &headers, "page-styleguide", actor.as_deref()).await,
        samples: samples.collect(),
    })
}

fn sample(words: &Words, language: Language, theme: &'static str) -> Sample {
    let prefix = format!("{}-{theme}", language.tag());
    let (dues, statuses) = chips_of(words);
    let realms =
        ["trial", "training", "unknown"].map(|realm| (realm, words.say(&format!("realm-{realm}"))));
    let columns = ["due", "applicant", "procedure"];
    let names = ["Người Thử Một", "Người Thử Hai", "Hộ kinh doanh Thử Nghiệm"];
    let rows = names.iter().zip(&dues).map(|(name, due)| {
        let procedure = format!("1.001193 – {}", words.say("style-procedure"));
        ((*name).to_owned(), procedure, due.clone())
    });
    Sample {
        language: language.tag(),
        theme,
        title: words.say(&format!("style-{theme}")),
        headings: headings(words),
        realms: realms.into(),
        dialog: (words.say("keys"), words.say("keys-help"), words.say("close")),
        link: away(words),
        primary: words.say("page-receive"),
        ordinary: words.say("apply"),
        plain: words.say("close"),
        rows: rows.collect(),
        dues,
        statuses,
        badges: badges(words),
        notices: TONES
            .into_iter()
            .map(|(tone, icon)| Chip::new(tone, icon, words.say(&format!("style-notice-{tone}"))))
            .collect(),
        fields: fields(words),
        columns: columns.map(|column| words.say(&format!("column-{column}"))),
        empty: (words.say("empty-open"), words.say("empty-open-why")),
        event: event(words),
        prefix,
    }
}

fn headings(words: &Words) -> Headings {
    let heading = |part: &str| words.say(&format!("style-{part}"));
    Headings {
        buttons: heading("buttons"),
        chips: heading("chips"),
        badges: heading("badges"),
        notices: heading("notices"),
        fields: heading("fields"),
        table: heading("table"),
        empty: heading("empty"),
        frame: heading("frame"),
        dialog: heading("dialog"),
        history: words.say("history"),
    }
}

fn away(words: &Words) -> String {
    let mut values = FluentArgs::new();
    values.set("since", "08:14");
    values.set("lasting", words.say_with("days", &[("count", 3)].into_iter().collect()));
    values.set("pending", 42);
    words.say_with("sync-down", &values)
}

/// Every due chip and every status.
fn chips_of(words: &Words) -> (Vec<Chip>, Vec<Chip>) {
    let now_ms = times::now_ms();
    let due = |days: i64, timeliness: &str| {
        let at = times::text(now_ms.saturating_add(days.saturating_mul(DAY_MS)));
        let at = at.unwrap_or_default();
        chips::due(words, Due { at: &at, timeliness, status: "processing" }, now_ms)
    };
    let paused = Due { at: "", timeliness: "none", status: "supplement" };
    let dues = vec![
        due(-3, "open_late"),
        due(0, "open_in_time"),
        due(2, "open_in_time"),
        due(12, "open_in_time"),
        chips::due(words, paused, now_ms),
        due(0, "on_time"),
    ];
    let statuses = Status::ALL.iter().map(|status| chips::status(words, status.code()));
    (dues, statuses.collect())
}

/// The badge at each of its steps, where it is not known, and where the dossier stays.
fn badges(words: &Words) -> Vec<Badge> {
    const STEPS: &[&str] = &["saved", "at-province", "delivered", "opened"];
    const STEPS_HERE: &[&str] = &["saved", "at-province", "here"];
    let others = [("unknown", "wait"), ("rechecking", "wait"), ("needs-attention", "late")];
    let tones = [
        ("saved", ""),
        ("copied", ""),
        ("at-province", ""),
        ("delivered", "safe"),
        ("opened", "safe"),
    ];
    let stays = [("saved", ""), ("at-province", ""), ("here", "safe")];
    let badge = |(steps, (state, tone)): (&[&str], (&str, &'static str))| {
        let reached = steps.iter().position(|step| *step == state).unwrap_or(0);
        let step = |(number, step): (usize, &&str)| Step {
            label: words.say(&format!("sync-state-{step}")),
            reached: number <= reached,
            place: if number <= reached { "24/11/2026 08:14".to_owned() } else { String::new() },
        };
        Badge {
            title: words.say("badge"),
            word: words.say(&format!("sync-state-{state}")),
            tone,
            steps: steps.iter().enumerate().map(step).collect(),
        }
    };
    let goes = tones.into_iter().chain(others).map(|state| (STEPS, state));
    goes.chain(stays.map(|state| (STEPS_HERE, state))).map(badge).collect()
}

fn fields(words: &Words) -> Vec<Field> {
    let method: Vec<Choice> = choices(words, "method", &["cash", "transfer", "online"]);
    let mut wrong = Field::new(words, "amount", "text", true).holding("8,5");
    wrong = wrong.digits(words.say("hint-typed-amount"));
    wrong.problem = words.say("style-field-wrong");
    vec![
        Field::new(words, "receiver", "text", true).holding("Người Thử Một"),
        Field::new(words, "method", "select", false).of(method),
        wrong,
        Field::new(words, "pauses", "checkbox", false),
        Field::new(words, "reason", "area", false),
    ]
}

/// An event without effect, as the history shows it.
fn event(words: &Words) -> Happened {
    let kind = EventKind::Withdrawn.code();
    Happened {
        unverified: String::new(),
        id: String::new(),
        at: "24/11/2026 08:14".to_owned(),
        received: words
            .say_with("province-received", &[("at", "24/11/2026 08:15")].into_iter().collect()),
        what: words.say(&format!("past-{kind}")),
        who: "Người Thử Hai".to_owned(),
        place: "—".to_owned(),
        details: vec![(words.say("field-reason"), words.say("style-reason"))],
        without_effect: without_effect(words, "decided"),
    }
}
