//! `hoso-relay`: the province's relay.

use std::{path::Path, process::ExitCode};

use clap::Parser;
use hoso_engine::{
    backups,
    command::{Answer, Problem, Progress},
    secret,
    shell::{self, closed, ended, show},
    terminal,
};
use hoso_relay::{
    cli::{BackupCheck, BackupFile, Cli, Command, Common, Import, Restore, User},
    founding, init, keys, program,
    request::{Request, Signer},
};
use hoso_store::{StoreError, backup, database::Schema, rules::greeting::mint_epoch};
use serde_json::json;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    ended(answer(Cli::parse().command))
}

fn answer(command: Command) -> Result<(), Problem> {
    match command {
        Command::Init(args) => {
            let json = args.common.json;
            let founded = founding::found(&init::plan(args)?);
            let founded = founded.map_err(|error| Problem::new("init", error.to_string()))?;
            show(
                json,
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
            let signer = signer(args.registrar)?;
            ask(&args.common, Request::Approve { node: args.node, words: args.words, signer })
        }
        Command::Revoke(args) => {
            let signer = signer(args.registrar)?;
            ask(&args.common, Request::Revoke { node: args.node, signer })
        }
        Command::User(user) => people(user),
        Command::Verify(common) => ask(&common, Request::Verify {}),
        Command::Backup(args) => match (args.checked, args.file, args.data) {
            (Some(BackupCheck::Verify(file)), ..) => verify(&file),
            (None, Some(file), Some(data)) => {
                let file = std::path::absolute(&file)
                    .map_err(|error| Problem::new("file", error.to_string()))?;
                ask(&Common { data, json: args.json }, Request::Backup { file })
            }
            (None, ..) => Err(Problem::usage("see `hoso-relay backup --help`")),
        },
        Command::Restore(args) => restore(&args),
        Command::Import(args) => import(args),
    }
}

fn import(args: Import) -> Result<(), Problem> {
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Problem::new("file", error.to_string()))
    };
    let file = absolute(&args.file)?;
    let receipt = match args.ack {
        Some(named) => absolute(&named)?,
        None => {
            let mut name = file.clone().into_os_string();
            name.push(".ack");
            name.into()
        }
    };
    ask(&args.common, Request::Import { file, receipt, by: shell::who() })
}

/// Who signs, with the secret that opens their key.
fn signer(name: String) -> Result<Signer, Problem> {
    let secret = terminal::secret(&format!("password of {name}: "))?;
    Ok(Signer { name, secret })
}

fn people(user: User) -> Result<(), Problem> {
    match user {
        User::Add(args) => {
            let signer = signer(args.registrar)?;
            let password = terminal::new_secret(&format!("new password of {}: ", args.name))?;
            let (name, roles) = (args.name, args.roles);
            ask(&args.common, Request::UserAdd { name, roles, password, signer })
        }
        User::List(common) => ask(&common, Request::UserList {}),
        User::Disable(args) => {
            let signer = signer(args.registrar)?;
            ask(&args.common, Request::UserDisable { name: args.name, signer })
        }
    }
}

fn verify(args: &BackupFile) -> Result<(), Problem> {
    let mark = backup::verify(&args.file, Schema::Relay);
    let mark = mark.map_err(|error| Problem::new("backup", error.to_string()))?;
    show(args.json, &backups::shown(&mark))
}

fn restore(args: &Restore) -> Result<(), Problem> {
    let random = secret::chance().map_err(|error| Problem::new("chance", error.to_string()))?;
    backups::make_room(&args.common.data, &args.file)?;
    let progress = terminal::meter();
    let restored = backup::restore(
        &args.common.data,
        Schema::Relay,
        &args.file,
        |tx| mint_epoch(tx, None, random).map(|_| ()),
        |done, all| progress.tell(done, all),
    );
    drop(progress);
    let mark = restored.map_err(|error: StoreError| Problem::new("restore", error.to_string()))?;
    show(args.common.json, &json!({ "restored": args.file, "backup": backups::shown(&mark) }))?;
    let missing = keys::missing(&args.common.data);
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!(
        "the database is in place, but {} lacks {}: without them nodes do not know this relay and \
         no registrar can be named; copy them from where they are kept",
        args.common.data.display(),
        missing.join(", ")
    );
    Err(Problem::new("keys", text))
}

/// Asks the running relay, or opens its store when none runs.
fn ask(common: &Common, request: Request) -> Result<(), Problem> {
    let answer = shell::ask(&common.data, &request.clone(), |progress| {
        shell::run(at_rest(&common.data, request, progress))
    })?;
    show(common.json, &answer)
}

async fn at_rest(data: &Path, request: Request, progress: Progress) -> Answer {
    let (office, thread) = program::open(data).await?;
    let answer = office.answer(request, progress).await;
    drop(office);
    closed(thread).await.map_err(|error| Problem::new("storage", error.to_string()))?;
    answer
}
