//! `hoso-node`: the node of one commune office.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use hoso_engine::{
    backups,
    command::{Answer, Problem, Progress},
    secret,
    shell::{self, closed, ended, show},
    terminal,
};
use hoso_identity::Incarnation;
use hoso_node::{
    cli::{BackupCheck, BackupFile, Cli, Command, Common, Join, Practise, Restore, Switch, User},
    config::Config,
    facts, join, keys, practise, program,
    request::Request,
};
use hoso_store::{StoreError, backup, database::Schema, rules::recheck};
use serde_json::json;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

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
        Command::Practise(args) => practice(&args),
        Command::User(user) => people(user),
        Command::Link(args) => ask(&args.common, Request::Link { on: args.state == Switch::On }),
        Command::Status(common) => ask(&common, Request::Status {}),
        Command::Backup(args) => match (args.checked, args.file, args.data) {
            (Some(BackupCheck::Verify(file)), ..) => verify(&file),
            (None, Some(file), Some(data)) => {
                let file = absolute(&file)?;
                ask(&Common { data, json: args.json }, Request::Backup { file })
            }
            (None, ..) => Err(Problem::usage("see `hoso-node backup --help`")),
        },
        Command::Restore(args) => restore(&args),
        Command::Export(args) => {
            let file = absolute(&args.file)?;
            ask(&args.common, Request::Export { file })
        }
        Command::Import(args) => {
            let file = absolute(&args.file)?;
            ask(&args.common, Request::Import { file })
        }
    }
}

/// A path that the running program understands wherever it was started.
fn absolute(file: &Path) -> Result<PathBuf, Problem> {
    std::path::absolute(file).map_err(|error| Problem::new("file", error.to_string()))
}

fn enrol(args: &Join) -> Result<(), Problem> {
    let mut missing = Vec::new();
    if args.admin_user.is_none() {
        missing.push("--admin-user");
    }
    if !args.admin_password_stdin {
        missing.push("--admin-password-stdin");
    }
    if !missing.is_empty() && !terminal::is_there() {
        let text = format!(
            "missing: {}: give them, or run `hoso-node join` on a terminal, where it asks",
            missing.join(", ")
        );
        return Err(Problem::usage(text));
    }
    let admin = match &args.admin_user {
        Some(name) => name.clone(),
        None => terminal::ask("log-in name of the first administrator: ")?,
    };
    let password =
        terminal::new_secret(&format!("new password of {admin} (at least 8 characters): "))?;
    let name = args.admin_name.as_deref().unwrap_or(&admin);
    let joining = join::join(&args.code, &args.common.data, (&admin, name), &password);
    let answer = shell::run(joining)?;
    show(args.common.json, &answer)
}

fn practice(args: &Practise) -> Result<(), Problem> {
    let config = Config::of_training(args.listen_http);
    config.check().map_err(|error| Problem::new("config", error.to_string()))?;
    config.log.begin();
    let data = args.data.clone().unwrap_or_else(practise::place);
    shell::run(async {
        practise::prepare(&data, args.reset).await?;
        show(false, &practise::told(&data, &config.listen_http.to_string()))?;
        program::run(&data, &config).await
    })
}

fn people(user: User) -> Result<(), Problem> {
    let password_of = |name: &str| terminal::secret(&format!("password of {name}: "));
    match user {
        User::Add(args) => {
            let admin_password = password_of(&args.admin)?;
            let password = terminal::new_secret(&format!("new password of {}: ", args.name))?;
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
            let admin_password = password_of(&args.admin)?;
            let (name, admin) = (args.name, args.admin);
            ask(&args.common, Request::UserDisable { name, admin, admin_password })
        }
    }
}

fn verify(args: &BackupFile) -> Result<(), Problem> {
    let mark = backup::verify(&args.file, Schema::Node);
    let mark = mark.map_err(|error| Problem::new("backup", error.to_string()))?;
    show(args.json, &backups::shown(&mark))
}

fn restore(args: &Restore) -> Result<(), Problem> {
    let incarnation =
        secret::chance().map_err(|error| Problem::new("chance", error.to_string()))?;
    backups::make_room(&args.common.data, &args.file)?;
    let progress = terminal::meter();
    let restored = backup::restore(
        &args.common.data,
        Schema::Node,
        &args.file,
        |tx| {
            recheck::renew(tx, Incarnation(incarnation))?;
            facts::count_copy(tx)
        },
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
        "the database is in place, but {} lacks {}: without them the province does not know this \
         node; copy them from where they are kept, or have a new node invited",
        args.common.data.display(),
        missing.join(", ")
    );
    Err(Problem::new("keys", text))
}

/// Asks the running node, or opens its store when none runs.
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
