//! How the node is: a short state for everybody, each trouble with its remedy for those who can
//! mend it.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::HeaderMap, response::Response};
use fluent_bundle::FluentArgs;
use hoso_engine::web::Words;
use hoso_registry::Role;

use super::{
    super::{printed, site::Site},
    chips::Chip,
    frame::{Frame, frame, lasting, minutes_in_words, render, since_when},
};
use crate::{office::Trouble, times};

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage {
    frame: Frame,
    tone: &'static str,
    icon: &'static str,
    summary: String,
    /// What is wrong, for an administrator.
    shown: Vec<Shown>,
    remedy: String,
    looked_at: String,
}

/// One trouble in words.
struct Shown {
    tone: &'static str,
    icon: &'static str,
    name: String,
    remedy: String,
    /// Where it is mended, if on a page, and what that page is called.
    page: Option<(&'static str, String)>,
}

/// The page. It needs no log-in: whoever stands before a node that nobody can log in to must see
/// why.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let actor = site.actor(&headers).await.ok();
    let (words, _) = site.words(&headers);
    let troubles = site.office.troubles().await;
    let fault = printed::fault(&site);
    let urgent = fault.is_some() || troubles.iter().any(|trouble| trouble.is_urgent());
    let stops = troubles.iter().any(|trouble| trouble.stops_saving());
    let (tone, icon, summary) = match (stops, urgent) {
        (true, _) => ("late", "warn", "health-stops"),
        (false, true) => ("soon", "warn", "health-urgent"),
        (false, false) => ("safe", "check", "health-well"),
    };
    let mends = actor.as_ref().is_some_and(|actor| actor.author.has(Role::Administrator));
    let mut shown = Vec::new();
    if mends {
        for trouble in troubles {
            shown.push(in_words(&site, words, trouble).await);
        }
        let values = |fault| [("about", fault)].into_iter().collect();
        shown.extend(fault.map(|fault| said(words, "forms", true, &values(fault))));
    }
    let mut frame = frame(&site, &headers, "page-health", actor.as_deref()).await;
    frame.choose("/health");
    render(&HealthPage {
        frame,
        tone,
        icon,
        summary: words.say(summary),
        shown,
        remedy: words.say("health-remedy"),
        looked_at: words.say("health-looked-at"),
    })
}

/// What everybody is told of, for the bar of every page.
pub(super) async fn bar(site: &Site, words: &Words) -> Vec<Chip> {
    let told = site.office.told().await.into_iter().map(|trouble| {
        let mut values = FluentArgs::new();
        if let Trouble::DiskAlmostFull(count) | Trouble::DiskLow(count) | Trouble::Clock(count) =
            trouble
        {
            values.set("count", count);
            let minutes = i64::try_from(count).unwrap_or(i64::MAX);
            values.set("lasting", minutes_in_words(words, minutes));
        }
        let tone = if trouble.is_grave() { "late" } else { "soon" };
        Chip::new(tone, "warn", words.say_with(&format!("bar-{}", trouble.code()), &values))
    });
    told.collect()
}

async fn in_words(site: &Site, words: &Words, trouble: Trouble) -> Shown {
    let mut values = FluentArgs::new();
    match trouble {
        Trouble::DiskLow(count)
        | Trouble::DiskAlmostFull(count)
        | Trouble::Clock(count)
        | Trouble::Refused(count)
        | Trouble::Waiting(count)
        | Trouble::SetAside(count)
        | Trouble::BackupOld(count) => values.set("count", count),
        Trouble::LinkUnanswered(at_ms) | Trouble::LinkDown(at_ms) | Trouble::LinkOff(at_ms) => {
            let since = times::text_of(at_ms).unwrap_or_default();
            values.set("about", since_when(words, &since));
            values.set("lasting", lasting(words, &since));
        }
        Trouble::NotApproved => {
            let pending = site.office.pending_words().await.ok().flatten();
            values.set("about", pending.unwrap_or_default());
        }
        Trouble::StorageDead
        | Trouble::StorageReadOnly
        | Trouble::StorageFull
        | Trouble::CopyAway
        | Trouble::CopyClosed
        | Trouble::ClockDay
        | Trouble::NoStation
        | Trouble::LinkRefused
        | Trouble::BackupNever => {}
    }
    said(words, trouble.code(), trouble.is_urgent(), &values)
}

fn said(words: &Words, code: &str, is_urgent: bool, values: &FluentArgs<'_>) -> Shown {
    let page = match code {
        "link-down" | "link-unanswered" | "link-off" => Some(("/office/stick", "page-stick")),
        "backup-never" | "backup-old" => Some(("/office/backup", "page-backup")),
        _ => None,
    };
    Shown {
        page: page.map(|(address, title)| (address, words.say(title))),
        tone: if is_urgent { "late" } else { "wait" },
        icon: if is_urgent { "warn" } else { "clock" },
        name: words.say_with(&format!("health-{code}"), values),
        remedy: words.say_with(&format!("remedy-{code}"), values),
    }
}
