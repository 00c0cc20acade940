//! `hoso-relay`: the province's relay.

use std::{path::Path, process::ExitCode};

use clap::Parser;
use hoso_engine::{
    command::{Answer, Problem},
    secret,
    shell::{self, closed, ended, secret_line, show},
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
            let config = program::config(&args)?;
            config.log.begin();
            shell::run(program::run(&args.data, &config))
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
                ttl_s: args.ttl,
                auto_approve: args.auto_approve,
                advertise: args.advertise,
                by: shell::who(),
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
