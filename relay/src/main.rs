//! `hoso-relay`: the province's relay.

use std::{
    io::{self, BufRead, Write},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use hoso_engine::{
    command::{Answer, Problem, Secret},
    control, secret,
};
use hoso_relay::{
    cli::{Cli, Command, Common, User},
    founding, program,
    request::{Request, Signer},
};
use hoso_store::{backup, database::Schema, rules::greeting::mint_epoch};
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
        Command::Init(args) => {
            let founded =
                founding::found(&args).map_err(|error| Problem::new("init", error.to_string()))?;
            show(
                &args.common,
                &json!({
                    "realm": founded.realm,
                    "root_fingerprint": founded.founding.to_string(),
                    "units": founded.units,
                    "procedures": founded.procedures,
                    "operator": founded.registrar.name,
                }),
            )
        }
        Command::Run(args) => {
            tracing_subscriber::fmt().with_writer(io::stderr).init();
            runtime()?.block_on(program::run(&args))
        }
        Command::Restore(args) => {
            let random =
                secret::chance().map_err(|error| Problem::new("chance", error.to_string()))?;
            backup::restore(&args.common.data, Schema::Relay, &args.file, |tx| {
                mint_epoch(tx, None, random).map(|_| ())
            })
            .map_err(|error: hoso_store::StoreError| Problem::new("restore", error.to_string()))?;
            show(&args.common, &json!({ "restored": args.file }))
        }
        Command::Invite(args) => {
            let request = Request::Invite {
                unit: args.unit,
                ttl_s: seconds(&args.ttl)?,
                auto_approve: args.auto_approve,
            };
            ask(&args.common, request)
        }
        Command::Nodes(common) => ask(&common, Request::Nodes {}),
        Command::Approve(args) => {
            let signer = Signer { name: args.registrar, secret: secret_line()? };
            ask(&args.common, Request::Approve { node: args.node, words: args.words, signer })
        }
        Command::Revoke(args) => {
            let signer = Signer { name: args.registrar, secret: secret_line()? };
            ask(&args.common, Request::Revoke { node: args.node, signer })
        }
        Command::User(user) => people(user),
        Command::Backup(args) => {
            let file = std::path::absolute(&args.file)
                .map_err(|error| Problem::new("file", error.to_string()))?;
            ask(&args.common, Request::Backup { file })
        }
    }
}

fn people(user: User) -> Result<(), Problem> {
    match user {
        User::Add(args) => {
            let signer = Signer { name: args.registrar, secret: secret_line()? };
            let (name, roles, password) = (args.name, args.roles, secret_line()?);
            ask(&args.common, Request::UserAdd { name, roles, password, signer })
        }
        User::List(common) => ask(&common, Request::UserList {}),
        User::Disable(args) => {
            let signer = Signer { name: args.registrar, secret: secret_line()? };
            ask(&args.common, Request::UserDisable { name: args.name, signer })
        }
    }
}

/// Asks the running relay, or opens its store when none runs.
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
    if let Request::Invite { .. } = request {
        let text = "invitations carry the relay's address: start `hoso-relay run` first";
        return Err(Problem::new("not-running", text));
    }
    let (office, thread) = program::open(data, Vec::new()).await?;
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

/// One line of standard input.
fn secret_line() -> Result<Secret, Problem> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Problem::new("input", error.to_string()))?;
    match line.trim_end_matches(['\r', '\n']) {
        "" => Err(Problem::new("input", "a secret is expected on standard input, one per line")),
        secret => Ok(Secret::new(secret.to_owned())),
    }
}

/// Reads `24h`, `30m` or `90s`; at most a day.
fn seconds(text: &str) -> Result<u64, Problem> {
    let wrong = || Problem::new("ttl", "--ttl is a number with h, m or s, at most 24h");
    let number = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit = match text.chars().last() {
        Some('h') => 3600,
        Some('m') => 60,
        Some('s') => 1,
        Some(_) | None => return Err(wrong()),
    };
    let all = Duration::from_secs(number.saturating_mul(unit)).as_secs();
    if (1..=24 * 3600).contains(&all) { Ok(all) } else { Err(wrong()) }
}

fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new("runtime", error.to_string()))
}
