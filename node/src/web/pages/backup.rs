//! The page of backups: when the last one was made and where it is, a button that makes one, and
//! how to see that it can be restored.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::web::Words;

use super::{
    super::site::Site,
    chips::Chip,
    frame::{Frame, check_token, frame, lasting, moment, render},
    office::administrator,
    refused,
};
use crate::{
    desk::Refused,
    office::{Last, Making},
    times,
};

#[derive(Template)]
#[template(path = "backup.html")]
struct BackupPage {
    frame: Frame,
    last_title: String,
    last: Chip,
    /// Where it is; empty if nobody knows.
    last_file: String,
    make_title: String,
    /// Where the next one goes, or that nobody has said where.
    place: String,
    /// What the button says; empty where it cannot be pressed.
    make: String,
    /// How far the present one is; no word for none.
    making: Chip,
    /// What asks again how far it is; empty while nothing is made.
    look_again: String,
    by_command: String,
    command: String,
    guard: String,
    restore_title: String,
    /// How to see that it can be restored: what to do, and the command.
    restore: Vec<(String, String)>,
    back: String,
}

/// The page.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match page(&site, &headers).await {
        Ok(page) => render(&page),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// Asks for a backup.
pub(super) async fn make(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let asked = async {
        administrator(&site, &headers).await?;
        check_token(&headers, &form)?;
        Ok::<_, Refused>(site.office.ask_for_backup()?)
    };
    match asked.await {
        Ok(()) => Redirect::to("/office/backup").into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

async fn page(site: &Arc<Site>, headers: &HeaderMap) -> Result<BackupPage, Refused> {
    let actor = administrator(site, headers).await?;
    let (words, _) = site.words(headers);
    let office = &site.office;
    let last = office.last_backup().await?;
    let making = office.backups.making.borrow().clone();
    let is_running = matches!(making, Making::Running(_));
    let can_make = office.backups.directory().is_some() && !is_running;
    let data = office.data.display().to_string();
    let place = match office.backups.directory() {
        Some(directory) => {
            let values = [("place", directory.display().to_string())].into_iter().collect();
            words.say_with("backup-place", &values)
        }
        None => words.say("backup-unset"),
    };
    let file = office.next_backup().map(|file| file.display().to_string());
    let file = file.unwrap_or_else(|| format!("/media/usb/{}", office.backup_name()));
    let kept = last.as_ref().and_then(|last| last.file.clone()).unwrap_or_else(|| file.clone());
    let step = |key: &str, command: String| (words.say(&format!("backup-restore-{key}")), command);
    let mut frame = frame(site, headers, "page-backup", Some(&actor)).await;
    frame.choose("/office/backup");
    Ok(BackupPage {
        frame,
        last_title: words.say("backup-last"),
        last: last_in_words(words, last.as_ref()),
        last_file: last.and_then(|last| last.file).unwrap_or_default(),
        make_title: words.say("backup-new"),
        place,
        make: if can_make { words.say("backup-make") } else { String::new() },
        making: in_words(words, making),
        look_again: if is_running { words.say("backup-look") } else { String::new() },
        by_command: words.say("backup-command"),
        command: format!("hoso-node backup {file} --data {data}"),
        guard: words.say("backup-guard"),
        restore_title: words.say("backup-restore"),
        restore: vec![
            step("verify", format!("hoso-node backup verify {kept}")),
            step("try", format!("hoso-node restore {kept} --data ./hoso-thu")),
            step("end", String::new()),
        ],
        back: words.say("back-to-office"),
    })
}

fn last_in_words(words: &Words, last: Option<&Last>) -> Chip {
    let Some(last) = last else { return Chip::new("soon", "warn", words.say("backup-never")) };
    let at = times::text_of(last.at_ms).unwrap_or_default();
    let values = [("at", moment(&at)), ("lasting", lasting(words, &at))].into_iter().collect();
    let (tone, icon) = if last.is_old() { ("soon", "warn") } else { ("safe", "check") };
    Chip::new(tone, icon, words.say_with("backup-at", &values))
}

fn in_words(words: &Words, making: Making) -> Chip {
    match making {
        Making::Nothing => Chip::default(),
        Making::Running(percent) => {
            let values = [("percent", percent)].into_iter().collect();
            Chip::new("wait", "clock", words.say_with("backup-running", &values))
        }
        Making::Done(file) => {
            let values = [("file", file.display().to_string())].into_iter().collect();
            Chip::new("safe", "check", words.say_with("backup-done", &values))
        }
        Making::Failed(problem) => {
            let values = [("about", problem.text)].into_iter().collect();
            Chip::new("late", "warn", words.say_with("backup-failed", &values))
        }
    }
}
