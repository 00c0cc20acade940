//! The people of the office: who they are, somebody new, a new password, somebody who leaves; and
//! one's own password.

use std::{net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    Form,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use hoso_engine::{command::Secret, web::Words};
use hoso_registry::Role;
use hoso_store::collation::name_key;
use serde_json::Value;

use super::{
    super::site::Site,
    dossier::{list, text},
    fields::{Field, Tick, filled, sent, told},
    frame::{Frame, check_token, frame, render},
    office::administrator,
    refused,
};
use crate::{
    desk::Refused,
    people::{Known, NewPerson, one_off_password},
};

/// The roles that an administrator gives, in the order of a dossier's way.
pub(super) const ROLES: [Role; 8] = [
    Role::Reception,
    Role::Processing,
    Role::Approval,
    Role::Clerk,
    Role::Cashier,
    Role::Return,
    Role::Viewer,
    Role::Administrator,
];

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    words: PeopleWords,
    problem: String,
    columns: [String; 4],
    people: Vec<Person>,
    /// The name and the log-in of somebody new.
    fields: Vec<Field>,
    roles: Vec<Tick>,
    /// What is wrong with the roles.
    roles_problem: String,
}

struct PeopleWords {
    people: String,
    add: String,
    roles: String,
    renew: String,
    renew_why: String,
    disable: String,
    disable_why: String,
    back: String,
}

struct Person {
    log_in: String,
    name: String,
    roles: String,
    state: String,
    /// Whether they can be given another password or be disabled here.
    is_ours: bool,
}

/// What is handed to somebody once.
#[derive(Template)]
#[template(path = "password_sheet.html")]
struct SheetPage {
    frame: Frame,
    once: String,
    lines: [(String, String); 4],
    back: String,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: Frame,
    /// Why nothing else can be done before; empty where all can.
    why: String,
    problem: String,
    /// The present password and the new one.
    fields: Vec<Field>,
    change: String,
}

/// The page.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    answered(&site, &headers, page(&site, &headers, None, &[]).await).await
}

/// Somebody new; answers with their sheet.
pub(super) async fn add(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let added = async {
        let admin = administrator(&site, &headers).await?;
        check_token(&headers, &form)?;
        filled(&form, &["name", "username"])?;
        let password = one_off_password()?;
        let log_in = sent(&form, "username").trim().to_owned();
        let name = sent(&form, "name").trim();
        let roles = form.iter().filter(|(name, _)| name == "role").map(|(_, code)| code.clone());
        let person = NewPerson {
            name: log_in.clone(),
            display_name: (!name.is_empty()).then(|| name.to_owned()),
            roles: roles.collect(),
            password: Secret::new(password.clone()),
            one_off: true,
            known: Known::New,
        };
        site.office.add_user(person, &admin).await?;
        sheet(&site, &headers, &log_in, password).await
    };
    match added.await {
        Ok(sheet) => render(&sheet),
        Err(problem) if problem.status == 422 => {
            let page = page(&site, &headers, Some(&problem), &form).await;
            (StatusCode::UNPROCESSABLE_ENTITY, answered(&site, &headers, page).await)
                .into_response()
        }
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// A new password for somebody; answers with their sheet.
pub(super) async fn renew(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let renewed = async {
        let admin = administrator(&site, &headers).await?;
        check_token(&headers, &form)?;
        let (name, password) = (sent(&form, "username"), one_off_password()?);
        site.office.renew_user(name, Secret::new(password.clone()), &admin).await?;
        sheet(&site, &headers, name, password).await
    };
    answered(&site, &headers, renewed.await).await
}

/// Somebody leaves the office.
pub(super) async fn disable(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let disabled = async {
        let admin = administrator(&site, &headers).await?;
        check_token(&headers, &form)?;
        site.office.disable_user(sent(&form, "username"), &admin).await?;
        Ok(())
    };
    match disabled.await {
        Ok(()) => Redirect::to("/office/people").into_response(),
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

/// The page on which everybody changes their own password.
pub(super) async fn password(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    answered(&site, &headers, password_page(&site, &headers, None).await).await
}

/// Changes one's own password.
pub(super) async fn change(
    State(site): State<Arc<Site>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let changed = async {
        let (actor, _) = site.whoever(&headers).await?;
        check_token(&headers, &form)?;
        filled(&form, &["present", "new"])?;
        let given = ["present", "new"].map(|name| Secret::new(sent(&form, name).to_owned()));
        site.office.change_password(&actor, from.ip(), given).await?;
        Ok::<(), Refused>(())
    };
    match changed.await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(problem) if problem.status == 422 => {
            let page = password_page(&site, &headers, Some(&problem)).await;
            (StatusCode::UNPROCESSABLE_ENTITY, answered(&site, &headers, page).await)
                .into_response()
        }
        Err(problem) => refused(&site, &headers, &problem).await,
    }
}

async fn answered(
    site: &Arc<Site>,
    headers: &HeaderMap,
    page: Result<impl Template, Refused>,
) -> Response {
    match page {
        Ok(page) => render(&page),
        Err(problem) => refused(site, headers, &problem).await,
    }
}

async fn page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    problem: Option<&Refused>,
    form: &[(String, String)],
) -> Result<PeoplePage, Refused> {
    let actor = administrator(site, headers).await?;
    let (words, _) = site.words(headers);
    let users = site.office.list_users().await?;
    let mut people: Vec<&Value> = list(&users, "/items").collect();
    people.sort_by_cached_key(|item| name_key(&text(item, "/name")));
    let columns =
        ["log-in", "name", "roles", "state"].map(|column| words.say(&format!("column-{column}")));
    let mut frame = frame(site, headers, "page-people", Some(&actor)).await;
    frame.choose("/office/people");
    let asked = [("name", "column-name"), ("username", "column-log-in")];
    let mut fields = asked.map(|name| Field::asked(words, name, form));
    let sentence = told(site, words, problem.map(about_field).as_ref(), &mut fields);
    let of_roles = problem.is_some_and(|problem| problem.code == "role");
    Ok(PeoplePage {
        frame,
        words: words_of(words),
        roles_problem: if of_roles { sentence.clone() } else { String::new() },
        problem: sentence,
        fields: fields.into(),
        columns,
        people: people.iter().map(|item| person(words, item, &actor.username)).collect(),
        roles: ROLES.map(|role| choice(words, role, form)).into(),
    })
}

fn words_of(words: &Words) -> PeopleWords {
    PeopleWords {
        people: words.say("office-people"),
        add: words.say("people-add"),
        roles: words.say("column-roles"),
        renew: words.say("people-renew"),
        renew_why: words.say("people-renew-why"),
        disable: words.say("people-disable"),
        disable_why: words.say("people-disable-why"),
        back: words.say("back-to-office"),
    }
}

/// A refusal with the field that can mend it, where one can.
fn about_field(problem: &Refused) -> Refused {
    let field = match problem.code.as_str() {
        "name-taken" | "log-in-name" => "username",
        "password-wrong" => "present",
        "password" | "password-same" => "new",
        _ => return problem.clone(),
    };
    problem.clone().about(field)
}

fn choice(words: &Words, role: Role, form: &[(String, String)]) -> Tick {
    Tick {
        value: role.code(),
        label: words.say(&format!("role-{}", role.code())),
        explained: words.say(&format!("role-{}-may", role.code())),
        chosen: form.iter().any(|(name, code)| name == "role" && code == role.code()),
    }
}

fn person(words: &Words, item: &Value, oneself: &str) -> Person {
    let roles = list(item, "/roles").filter_map(Value::as_str);
    let roles: Vec<_> = roles.map(|role| words.say(&format!("role-{role}"))).collect();
    let disabled = item.get("disabled") == Some(&Value::Bool(true));
    let log_in = text(item, "/username");
    Person {
        is_ours: !disabled && log_in != oneself,
        name: text(item, "/name"),
        roles: roles.join(", "),
        state: words.say(if disabled { "log-in-disabled" } else { "log-in-open" }),
        log_in,
    }
}

async fn sheet(
    site: &Arc<Site>,
    headers: &HeaderMap,
    log_in: &str,
    password: String,
) -> Result<SheetPage, Refused> {
    let actor = administrator(site, headers).await?;
    let (words, _) = site.words(headers);
    let people = site.office.list_users().await?;
    let found = list(&people, "/items").find(|item| text(item, "/username") == log_in);
    let found = found.map(|item| person(words, item, "")).ok_or(Refused::new(422, "name"))?;
    Ok(SheetPage {
        frame: frame(site, headers, "page-sheet", Some(&actor)).await,
        once: words.say("sheet-once"),
        lines: [
            (words.say("column-name"), found.name),
            (words.say("column-roles"), found.roles),
            (words.say("column-log-in"), found.log_in),
            (words.say("password"), password),
        ],
        back: words.say("back-to-people"),
    })
}

async fn password_page(
    site: &Arc<Site>,
    headers: &HeaderMap,
    problem: Option<&Refused>,
) -> Result<PasswordPage, Refused> {
    let (actor, one_off) = site.whoever(headers).await?;
    let (words, _) = site.words(headers);
    let mut frame = frame(site, headers, "page-password", Some(&actor)).await;
    if one_off {
        // Nothing else is open to them yet.
        (frame.rail, frame.receive, frame.searches) = (Vec::new(), String::new(), false);
    }
    let secret = |name, hint, mode| Field {
        kind: "password",
        hint,
        mode,
        // No page repeats a password.
        ..Field::asked(words, name, &[])
    };
    let mut fields = [
        secret(("present", "password-present"), String::new(), "current-password"),
        secret(("new", "password-new"), words.say("password-rule"), "new-password"),
    ];
    Ok(PasswordPage {
        frame,
        why: if one_off { words.say("problem-password-one-off") } else { String::new() },
        problem: told(site, words, problem.map(about_field).as_ref(), &mut fields),
        fields: fields.into(),
        change: words.say("password-change"),
    })
}
