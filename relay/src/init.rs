//! `init`: what the flags leave open is asked for, where a person can be asked.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use hoso_engine::{
    command::{Problem, Secret},
    terminal,
};
use hoso_registry::{Catalogue, catalogue::CatalogueError};
use zeroize::Zeroizing;

use crate::{
    cli::{Init, RealmName},
    founding::Plan,
};

/// What shall be founded.
///
/// # Errors
///
/// What is missing where nobody can be asked; what is wrong with a file or an answer.
pub fn plan(args: Init) -> Result<Plan, Problem> {
    let missing = missing(&args);
    if !missing.is_empty() && !terminal::is_there() {
        let text = format!(
            "missing: {}: give them, or run `hoso-relay init` on a terminal, where it asks",
            missing.join(", ")
        );
        return Err(Problem::usage(text));
    }
    let realm = match args.realm {
        Some(realm) => realm,
        None => realm_of(&terminal::ask("kind of world, official or trial: ")?)?,
    };
    let province_name = or_ask(args.province_name, "name of the province: ")?;
    let units = or_ask_file(args.units, "CSV file of the units: ")?;
    let procedures = or_ask_file(args.procedures, "CSV file of the procedures: ")?;
    let calendar = or_ask_file(args.calendar, "TOML file of the working-day calendar: ")?;
    let catalogue = Catalogue::parse(&text(&units)?, &text(&procedures)?, &text(&calendar)?);
    let catalogue = catalogue.map_err(|error| Problem::new("catalogue", told(&error)))?;
    let passphrase = or_ask_secret(
        args.root_passphrase_file.as_deref(),
        "new passphrase of both roots (at least 8 characters; nothing replaces it): ",
    )?;
    let sealed_root =
        or_ask_file(args.sealed_root, "new file for the second root, away from the relay: ")?;
    let operator = or_ask(args.operator, "log-in name of the first registrar: ")?;
    let password = or_ask_secret(
        args.operator_password_file.as_deref(),
        &format!("new password of {operator} (at least 8 characters): "),
    )?;
    let data = args.common.data;
    Ok(Plan { data, realm, province_name, catalogue, passphrase, sealed_root, operator, password })
}

/// The flags that were not given.
fn missing(args: &Init) -> Vec<&'static str> {
    let given = [
        ("--realm", args.realm.is_some()),
        ("--province-name", args.province_name.is_some()),
        ("--units", args.units.is_some()),
        ("--procedures", args.procedures.is_some()),
        ("--calendar", args.calendar.is_some()),
        ("--root-passphrase-file", args.root_passphrase_file.is_some()),
        ("--sealed-root", args.sealed_root.is_some()),
        ("--operator", args.operator.is_some()),
        ("--operator-password-file", args.operator_password_file.is_some()),
    ];
    given.into_iter().filter(|(_, given)| !given).map(|(flag, _)| flag).collect()
}

fn realm_of(answer: &str) -> Result<RealmName, Problem> {
    RealmName::from_str(answer.trim(), true)
        .map_err(|_| Problem::new("input", "the kind of world is official or trial: begin again"))
}

fn or_ask(given: Option<String>, question: &str) -> Result<String, Problem> {
    given.map_or_else(|| terminal::ask(question), Ok)
}

fn or_ask_file(given: Option<PathBuf>, question: &str) -> Result<PathBuf, Problem> {
    given.map_or_else(|| terminal::ask(question).map(PathBuf::from), Ok)
}

/// The first line of a secret file, or what a person types.
fn or_ask_secret(given: Option<&Path>, question: &str) -> Result<Secret, Problem> {
    let Some(path) = given else { return terminal::new_secret(question) };
    let text = Zeroizing::new(text(path)?);
    Ok(Secret::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn text(path: &Path) -> Result<String, Problem> {
    let text = fs::read_to_string(path);
    text.map_err(|error| {
        Problem::new("file", format!("{} cannot be used: {error}", path.display()))
    })
}

/// The sentence of a table's reader, and what it says below it.
fn told(error: &CatalogueError) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
