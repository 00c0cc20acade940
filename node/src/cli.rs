//! The command line of `hoso-node`. Secrets come from standard input, never from arguments.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use hoso_registry::Role;

/// The node of one commune office: keeps its dossiers, serves its desk, syncs when it can.
#[derive(Debug, Parser)]
#[command(name = "hoso-node", version, about, disable_help_subcommand = true)]
#[command(after_help = "Example:\n  hoso-node run --data ./node --listen-http 127.0.0.1:8081")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command knows.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The node's data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask the relay to let this machine be a node; prints six words to compare.
    #[command(after_help = "Example:\n  hoso-node join HOSO1-… --data ./node \
        --admin-user quantri --admin-password-stdin < password.txt")]
    Join(Join),
    /// Run the node until it is told to stop.
    #[command(after_help = "Example:\n  hoso-node run --data ./node --listen-http 127.0.0.1:8081")]
    Run(Run),
    /// Practise on this machine alone: a training realm without a relay, with log-ins for every
    /// role, dossiers to work on and six guided exercises. Its pages and its paper say TẬP HUẤN,
    /// and nothing of it can come into a real realm. Nothing real may be entered.
    #[command(after_help = "Example:\n  hoso-node practise\n  \
        hoso-node practise --reset --listen-http 127.0.0.1:8090 --data ./practise-data")]
    Practise(Practise),
    /// The people of this node.
    #[command(subcommand, after_help = "Example:\n  hoso-node user list --data ./node")]
    User(User),
    /// Let the node sync, or keep it off the line.
    #[command(after_help = "Example:\n  hoso-node link off --data ./node")]
    Link(Link),
    /// Link, backlog and what needs attention.
    #[command(after_help = "Example:\n  hoso-node status --data ./node --json")]
    Status(Common),
    /// Write a backup of the running or resting node, or check one. It is one file with all that a
    /// new machine needs: whoever holds it can read the dossiers of this office and act as this
    /// node. Guard it.
    #[command(
        args_conflicts_with_subcommands = true,
        subcommand_negates_reqs = true,
        after_help = "Example:\n  hoso-node backup /media/usb/node-1.db --data ./node\n  \
            hoso-node backup verify /media/usb/node-1.db"
    )]
    Backup(Backup),
    /// Put a backup in the place of a lost or damaged database, and its keys where they are
    /// missing; a new incarnation begins. The data directory may be gone or on a new machine. Never
    /// run the old machine and the new one both.
    #[command(after_help = "Example:\n  hoso-node restore /media/usb/node-1.db --data ./node")]
    Restore(Restore),
    /// Write what the relay has not acknowledged to a file, to be carried on a stick while there is
    /// no link. Only the relay and the offices that a dossier concerns can open it.
    #[command(after_help = "Example:\n  hoso-node export /media/usb/co-to.hoso --data ./node")]
    Export(Carry),
    /// Take in what was carried here: the relay's receipt for an exported file, or the file of
    /// another office. What was taken before is not taken again.
    #[command(after_help = "Example:\n  hoso-node import /media/usb/co-to.hoso.ack --data ./node")]
    Import(Carry),
}

/// `join`.
#[derive(Debug, Args)]
pub struct Join {
    /// The invitation as `hoso-relay invite` printed it.
    pub code: String,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
    /// Log-in name of the first administrator. Default: asked for on a terminal.
    #[arg(long, value_name = "NAME")]
    pub admin_user: Option<String>,
    /// The name that screens show of the first administrator. Default: the log-in name.
    #[arg(long, value_name = "NAME")]
    pub admin_name: Option<String>,
    /// Read the administrator's password from standard input, one line.
    #[arg(long)]
    pub admin_password_stdin: bool,
}

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The node's data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Settings; the flags win over them.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the desk's pages are.
    #[arg(long, value_name = "ADDR")]
    pub listen_http: Option<SocketAddr>,
}

/// `practise`.
#[derive(Debug, Args)]
pub struct Practise {
    /// Where the pages are. Default 127.0.0.1:8090, beside a real node's.
    #[arg(long, value_name = "ADDR")]
    pub listen_http: Option<SocketAddr>,
    /// The training realm's own data directory; another one is refused. Default: hoso-practise
    /// where the user's programs keep their data ($XDG_DATA_HOME, else ~/.local/share), else
    /// ./practise-data.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Begin again from nothing: what was practised so far is removed.
    #[arg(long)]
    pub reset: bool,
}

/// `user`.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Give someone a log-in and a grant, effective here at once, also without link.
    #[command(after_help = "Example (standard input: the administrator's password, then the new \
        one, a line each):\n  hoso-node user add lan --roles reception,return --admin quantri \
        --data ./node < passwords.txt")]
    Add(UserAdd),
    /// List them.
    #[command(after_help = "Example:\n  hoso-node user list --data ./node")]
    List(Common),
    /// End someone's grants and log-in here.
    #[command(after_help = "Example:\n  hoso-node user disable lan --admin quantri --data ./node \
        < password.txt")]
    Disable(UserDisable),
}

/// `user add`.
#[derive(Debug, Args)]
pub struct UserAdd {
    /// The log-in name.
    pub name: String,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
    /// Roles: reception, processing, approval, clerk, cashier, return, viewer, administrator.
    #[arg(long, value_delimiter = ',', required = true, value_parser = role)]
    pub roles: Vec<String>,
    /// The administrator who signs the grant.
    #[arg(long, value_name = "NAME")]
    pub admin: String,
    /// The name that screens and slips show. Default: the one by which they are known, else the
    /// log-in name.
    #[arg(long, value_name = "NAME")]
    pub display_name: Option<String>,
    /// They are the person with this id, as `user list` shows it: a further grant for the same
    /// person. Default: somebody new.
    #[arg(long, value_name = "ID", conflicts_with = "like")]
    pub person: Option<String>,
    /// They are whoever has this log-in here.
    #[arg(long, value_name = "NAME")]
    pub like: Option<String>,
}

/// `user disable`.
#[derive(Debug, Args)]
pub struct UserDisable {
    /// The log-in name.
    pub name: String,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
    /// The administrator who ends the grants.
    #[arg(long, value_name = "NAME")]
    pub admin: String,
}

/// `link`.
#[derive(Debug, Args)]
pub struct Link {
    /// On or off.
    pub state: Switch,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
}

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Sync when the relay can be reached.
    On,
    /// Stay off the line.
    Off,
}

/// `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Check one instead.
    #[command(subcommand)]
    pub checked: Option<BackupCheck>,
    /// The new file.
    #[arg(required = true)]
    pub file: Option<PathBuf>,
    /// The data directory.
    #[arg(long, value_name = "DIR", required = true)]
    pub data: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `backup verify`.
#[derive(Debug, Subcommand)]
pub enum BackupCheck {
    /// Check a backup completely, and say of what and when it was made.
    #[command(after_help = "Example:\n  hoso-node backup verify /media/usb/node-1.db")]
    Verify(BackupFile),
}

/// `backup verify FILE`.
#[derive(Debug, Args)]
pub struct BackupFile {
    /// The backup.
    pub file: PathBuf,
    /// Not needed here; taken as the other commands take it.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    pub file: PathBuf,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
}

/// `export` and `import`.
#[derive(Debug, Args)]
pub struct Carry {
    /// The file.
    pub file: PathBuf,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
}

/// Reads the code of a role at a unit.
fn role(code: &str) -> Result<String, String> {
    let known = Role::from_code(code).is_some_and(Role::is_given_by_administrator);
    let all = "reception, processing, approval, clerk, cashier, return, viewer or administrator";
    if known { Ok(code.to_owned()) } else { Err(all.to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn without_example(command: &clap::Command, path: &str) -> Vec<String> {
        let path = format!("{path} {}", command.get_name());
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let own = (!help.contains("Example")).then(|| path.clone());
        let below = command.get_subcommands().flat_map(|below| without_example(below, &path));
        own.into_iter().chain(below).collect()
    }

    #[test]
    fn the_help_of_every_command_holds_an_example() {
        assert_eq!(without_example(&Cli::command(), ""), Vec::<String>::new());
    }

    #[test]
    fn a_backup_is_made_or_checked_and_a_call_without_a_file_is_wrong() {
        let parse = |words: &[&str]| {
            let words = ["hoso-node", "backup"].iter().chain(words);
            Cli::try_parse_from(words).map(|cli| cli.command)
        };
        let made = parse(&["new.db", "--data", "there", "--json"]);
        let Ok(Command::Backup(Backup { checked: None, file, data, json: true })) = made else {
            panic!("{made:?}")
        };
        assert_eq!((file, data), (Some("new.db".into()), Some("there".into())));
        let checked = parse(&["verify", "old.db"]);
        let Ok(Command::Backup(Backup { checked: Some(BackupCheck::Verify(old)), .. })) = checked
        else {
            panic!("{checked:?}")
        };
        assert_eq!(old.file, PathBuf::from("old.db"));
        for wrong in [&[][..], &["new.db"], &["--data", "there"], &["verify"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
