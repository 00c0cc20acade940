//! `hoso-relay`: the province's relay.

use std::{io, path::Path, process::ExitCode, time::Duration};

use clap::Parser;
use hoso_engine::{
    command::{Answer, Problem},
    secret,
    shell::{self, closed, ended, runtime, secret_line, show},
};
use hoso_relay::{
    cli::{Cli, Command, Common, User},
    founding, program,
    request::{Request, Signer},
};
use hoso_store::{backup, database::Schema, rules::greeting::mint_epoch};
use serde_json::json;

fn main() -> ExitCode {
    ended(answer(Cli::parse().command))
}

fn answer(command: Command) -> Result<(), Problem> {
    match command {
        Command::Init(args) => {
            let founded =
                founding::found(&args).map_err(|error| Problem::new("init", error.to_string()))?;
            show(
                args.common.json,
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
            show(args.common.json, &json!({ "restored": args.file }))
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
    let answer = shell::ask(&common.data, &request.clone(), || {
        runtime()?.block_on(at_rest(&common.data, request))
    })?;
    show(common.json, &answer)
}

async fn at_rest(data: &Path, request: Request) -> Answer {
    if let Request::Invite { .. } = request {
        let text = "invitations carry the relay's address: start `hoso-relay run` first";
        return Err(Problem::new("not-running", text));
    }
    let (office, thread) = program::open(data, Vec::new()).await?;
    let answer = office.answer(request).await;
    drop(office);
    closed(thread).await.map_err(|error| Problem::new("storage", error.to_string()))?;
    answer
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
