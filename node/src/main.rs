//! `hoso-node`: the node of one commune office.

use std::{
    io::{self, BufRead, Write},
    path::Path,
    process::ExitCode,
};

use clap::Parser;
use hoso_engine::{
    command::{Answer, Problem, Secret},
    control, secret,
};
use hoso_identity::Incarnation;
use hoso_node::{
    cli::{Cli, Command, Common, Join, Switch, User},
    facts, join, program,
    request::Request,
};
use hoso_store::{StoreError, backup, database::Schema, rules::journal};
use serde_json::json;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match answer(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Without an error stream the exit status alone says it.
            let line = problem.text.split_whitespace().collect::<Vec<_>>().join(" ");
            drop(writeln!(io::stderr(), "{line}"));
            ExitCode::FAILURE
        }
    }
}

fn answer(command: Command) -> Result<(), Problem> {
    match command {
        Command::Join(args) => enrol(&args),
        Command::Run(args) => {
            tracing_subscriber::fmt().with_writer(io::stderr).init();
            runtime()?.block_on(program::run(&args))
        }
        Command::User(user) => people(user),
        Command::Link(args) => ask(&args.common, Request::Link { on: args.state == Switch::On }),
        Command::Status(common) => ask(&common, Request::Status {}),
        Command::Backup(args) => {
            let file = std::path::absolute(&args.file)
                .map_err(|error| Problem::new("file", error.to_string()))?;
            ask(&args.common, Request::Backup { file })
        }
        Command::Restore(args) => {
            let incarnation =
                secret::chance().map_err(|error| Problem::new("chance", error.to_string()))?;
            backup::restore(&args.common.data, Schema::Node, &args.file, |tx| {
                journal::renew(tx, Incarnation(incarnation))?;
                facts::count_copy(tx)
            })
            .map_err(|error: StoreError| Problem::new("restore", error.to_string()))?;
            show(&args.common, &json!({ "restored": args.file }))
        }
    }
}

fn enrol(args: &Join) -> Result<(), Problem> {
    let admin = match &args.admin_user {
        Some(name) => name.clone(),
        None => asked("log-in name of the first administrator: ")?,
    };
    if !args.admin_password_stdin {
        prompt("password of the first administrator (at least 8 characters): ")?;
    }
    let password = secret_line()?;
    let joining = join::join(&args.code, &args.common.data, &admin, &password);
    let answer = runtime()?.block_on(joining)?;
    show(&args.common, &answer)
}

fn people(user: User) -> Result<(), Problem> {
    match user {
        User::Add(args) => {
            let (admin_password, password) = (secret_line()?, secret_line()?);
            let request = Request::UserAdd {
                name: args.name,
                display_name: args.display_name,
                roles: args.roles,
                password,
                admin: args.admin,
                admin_password,
            };
            ask(&args.common, request)
        }
        User::List(common) => ask(&common, Request::UserList {}),
        User::Disable(args) => {
            let admin_password = secret_line()?;
            let (name, admin) = (args.name, args.admin);
            ask(&args.common, Request::UserDisable { name, admin, admin_password })
        }
    }
}

/// Asks the running node, or opens its store when none runs.
fn ask(common: &Common, request: Request) -> Result<(), Problem> {
    let line = serde_json::to_string(&request)
        .map_err(|error| Problem::new("request", error.to_string()))?;
    let said = control::ask(&common.data, &line)
        .map_err(|error| Problem::new("control", error.to_string()))?;
    let answer: Answer = match said {
        Some(said) => serde_json::from_str(&said)
            .map_err(|error| Problem::new("control", error.to_string()))?,
        None => runtime()?.block_on(at_rest(&common.data, request)),
    };
    show(common, &answer?)
}

async fn at_rest(data: &Path, request: Request) -> Answer {
    let (office, thread) = program::open(data).await?;
    let answer = office.answer(request).await;
    drop(office);
    match tokio::task::spawn_blocking(move || thread.join()).await {
        Ok(Ok(())) => answer,
        Ok(Err(error)) => Err(Problem::new("storage", error.to_string())),
        Err(error) => Err(Problem::new("storage", error.to_string())),
    }
}

/// Prints one JSON object, or a line for each of its values.
fn show(common: &Common, value: &serde_json::Value) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    let written = match value.as_object() {
        Some(fields) if !common.json => {
            fields.iter().try_for_each(|(name, value)| match value.as_str() {
                Some(text) => writeln!(out, "{name}: {text}"),
                None => writeln!(out, "{name}: {value:#}"),
            })
        }
        Some(_) | None => writeln!(out, "{value}"),
    };
    written.map_err(|error| Problem::new("output", error.to_string()))
}

fn prompt(text: &str) -> Result<(), Problem> {
    let mut out = io::stderr().lock();
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Problem::new("output", error.to_string()))
}

fn asked(text: &str) -> Result<String, Problem> {
    prompt(text)?;
    line()
}

/// One line of standard input.
fn line() -> Result<String, Problem> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Problem::new("input", error.to_string()))?;
    match line.trim_end_matches(['\r', '\n']) {
        "" => Err(Problem::new("input", "a line is expected on standard input")),
        text => Ok(text.to_owned()),
    }
}

fn secret_line() -> Result<Secret, Problem> {
    line().map(Secret::new)
}

fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new("runtime", error.to_string()))
}
