//! `hoso-node`: the node of one commune office.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::Parser;
use hoso_engine::{
    command::{Answer, Problem},
    secret,
    shell::{self, closed, ended, line, secret_line, show},
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
    ended(answer(Cli::parse().command))
}

fn answer(command: Command) -> Result<(), Problem> {
    match command {
        Command::Join(args) => enrol(&args),
        Command::Run(args) => {
            let config = program::config(&args)?;
            config.log.begin();
            shell::run(program::run(&args.data, &config))
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
            show(args.common.json, &json!({ "restored": args.file }))
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
    let answer = shell::run(joining)?;
    show(args.common.json, &answer)
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
                person: args.person,
                like: args.like,
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
    let answer =
        shell::ask(&common.data, &request.clone(), || shell::run(at_rest(&common.data, request)))?;
    show(common.json, &answer)
}

async fn at_rest(data: &Path, request: Request) -> Answer {
    let (office, thread) = program::open(data).await?;
    let answer = office.answer(request).await;
    drop(office);
    closed(thread).await.map_err(|error| Problem::new("storage", error.to_string()))?;
    answer
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
