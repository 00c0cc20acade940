//! The command line of `hoso-relay`. Secrets come from files or standard input, never from
//! arguments.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use hoso_registry::Role;

use crate::office::BEGINNING_DIGITS_MIN;

/// The relay of one province: keeps the order of all entries and passes them on.
#[derive(Debug, Parser)]
#[command(name = "hoso-relay", version, about, disable_help_subcommand = true)]
#[command(after_help = "Example:\n  hoso-relay run --data ./relay --listen-http 127.0.0.1:8080")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command knows.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The relay's data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Found a province: make its roots, its relay and its catalogue. What is missing is asked for
    /// on a terminal.
    #[command(after_help = "Example:\n  hoso-relay init --data ./relay --realm trial \
        --province-name 'Quảng Ninh' --units units.csv --procedures procedures.csv \
        --calendar holidays.toml --root-passphrase-file root.txt --sealed-root sealed.root \
        --operator dieuhanh --operator-password-file operator.txt")]
    Init(Init),
    /// Run the relay until it is told to stop.
    #[command(after_help = "Example:\n  hoso-relay run --data ./relay \
        --listen-quic 0.0.0.0:4433 --advertise relay.example:4433 --listen-http 127.0.0.1:8080")]
    Run(Run),
    /// Invite one node of a unit; prints the code for `hoso-node join`.
    #[command(after_help = "Example:\n  hoso-relay invite --data ./relay --unit 07192")]
    Invite(Invite),
    /// List nodes, requests to join and their state.
    #[command(after_help = "Example:\n  hoso-relay nodes --data ./relay --json")]
    Nodes(Common),
    /// Approve a node that asked to join, after comparing the six words.
    #[command(after_help = "Example:\n  hoso-relay approve 3f2a… --data ./relay --as dieuhanh \
        --words 'abandon ability able about above absent' < password.txt")]
    Approve(Approve),
    /// End a node: it may only upload, and all it sends goes to quarantine.
    #[command(after_help = "Example:\n  hoso-relay revoke 3f2a… --data ./relay --as dieuhanh \
        < password.txt")]
    Revoke(Revoke),
    /// Operators, auditors and registrars of the province.
    #[command(subcommand, after_help = "Example:\n  hoso-relay user list --data ./relay")]
    User(User),
    /// Check the chain of what operators did.
    #[command(after_help = "Example:\n  hoso-relay verify --data ./relay")]
    Verify(Common),
    /// Write a backup of the running or resting relay, or check one. It is one file with all that a
    /// new machine needs: whoever holds it can read every dossier and act as this relay. Guard it;
    /// only the sealed root is not in it.
    #[command(
        args_conflicts_with_subcommands = true,
        subcommand_negates_reqs = true,
        after_help = "Example:\n  hoso-relay backup /backups/relay-1.db --data ./relay\n  \
            hoso-relay backup verify /backups/relay-1.db"
    )]
    Backup(Backup),
    /// Put a backup in the place of a lost or damaged database, and its keys where they are
    /// missing; a new epoch begins. The data directory may be gone or on a new machine. Nodes find
    /// the relay under the address that they know: give the new machine that one.
    #[command(after_help = "Example:\n  hoso-relay restore /backups/relay-1.db --data ./relay")]
    Restore(Restore),
    /// Take in what a node without link has exported to a stick, and write the receipt that brings
    /// the node up to date: carry it back. What was taken before is not taken again.
    #[command(
        after_help = "Example:\n  hoso-relay import /media/usb/co-to.hoso --data ./relay\n  \
        (writes /media/usb/co-to.hoso.ack, for `hoso-node import` on Cô Tô's machine)"
    )]
    Import(Import),
}

/// The kinds of world that a relay can be founded for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RealmName {
    /// Real dossiers.
    Official,
    /// A province's rehearsal.
    Trial,
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
    /// The kind of world.
    #[arg(long)]
    pub realm: Option<RealmName>,
    /// The province's name, as it is printed.
    #[arg(long, value_name = "NAME")]
    pub province_name: Option<String>,
    /// CSV of the units.
    #[arg(long, value_name = "FILE")]
    pub units: Option<PathBuf>,
    /// CSV of the procedures.
    #[arg(long, value_name = "FILE")]
    pub procedures: Option<PathBuf>,
    /// TOML of the working-day calendar.
    #[arg(long, value_name = "FILE")]
    pub calendar: Option<PathBuf>,
    /// File with the passphrase of both roots, in one line.
    #[arg(long, value_name = "FILE")]
    pub root_passphrase_file: Option<PathBuf>,
    /// Where the second root goes; keep it away from the relay.
    #[arg(long, value_name = "OUT")]
    pub sealed_root: Option<PathBuf>,
    /// Name of the first registrar.
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// File with the registrar's password, in one line.
    #[arg(long, value_name = "FILE")]
    pub operator_password_file: Option<PathBuf>,
}

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The relay's data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Settings; the flags win over them.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where nodes dial (UDP).
    #[arg(long, value_name = "ADDR")]
    pub listen_quic: Option<SocketAddr>,
    /// The address that invitations carry, if it is another one.
    #[arg(long, value_name = "ADDR")]
    pub advertise: Option<String>,
    /// Where the operators' pages are.
    #[arg(long, value_name = "ADDR")]
    pub listen_http: Option<SocketAddr>,
}

/// `invite`.
#[derive(Debug, Args)]
pub struct Invite {
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
    /// The unit's code, five digits.
    #[arg(long, value_name = "CODE")]
    pub unit: String,
    /// How long the code lives: a number with h, m or s; at most 24h.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = ttl_s)]
    pub ttl: u64,
    /// The address that the invitation carries. Default: that of the last `run`.
    #[arg(long, value_name = "ADDR")]
    pub advertise: Option<String>,
    /// Approve whoever uses the code; refused in the official realm.
    #[arg(long)]
    pub auto_approve: bool,
}

/// `approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// The request as `nodes` shows it, or a beginning of it.
    #[arg(value_parser = beginning)]
    pub node: String,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
    /// The registrar who approves; the password comes from standard input.
    #[arg(long = "as", value_name = "NAME")]
    pub registrar: String,
    /// The six words that the node's screen shows.
    #[arg(long, value_name = "WORDS")]
    pub words: String,
}

/// `revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The node as `nodes` shows it, or a beginning of it.
    #[arg(value_parser = beginning)]
    pub node: String,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
    /// The registrar who ends it; the password comes from standard input.
    #[arg(long = "as", value_name = "NAME")]
    pub registrar: String,
}

/// `user`.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Name an operator, auditor or registrar, in the name of the root.
    #[command(after_help = "Example (standard input: the root passphrase, then the new password, \
        a line each):\n  hoso-relay user add lan --data ./relay --roles operator --as root \
        < secrets.txt")]
    Add(UserAdd),
    /// List them.
    #[command(after_help = "Example:\n  hoso-relay user list --data ./relay")]
    List(Common),
    /// End someone's grants and log-in.
    #[command(after_help = "Example:\n  hoso-relay user disable lan --data ./relay --as dieuhanh \
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
    /// Roles: operator, auditor, registrar.
    #[arg(long, value_delimiter = ',', required = true, value_parser = role)]
    pub roles: Vec<String>,
    /// Who names them: `root`; the passphrase comes from standard input.
    #[arg(long = "as", value_name = "NAME")]
    pub registrar: String,
}

/// `user disable`.
#[derive(Debug, Args)]
pub struct UserDisable {
    /// The log-in name.
    pub name: String,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
    /// Who ends them: a registrar, or `root`; the secret comes from standard input.
    #[arg(long = "as", value_name = "NAME")]
    pub registrar: String,
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
    #[command(after_help = "Example:\n  hoso-relay backup verify /backups/relay-1.db")]
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

/// `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The bundle.
    pub file: PathBuf,
    /// Where and how to print.
    #[command(flatten)]
    pub common: Common,
    /// Where the receipt goes; one that is there is replaced. Default: beside the bundle, with
    /// `.ack` after its name.
    #[arg(long, value_name = "FILE")]
    pub ack: Option<PathBuf>,
}

/// Reads `24h`, `30m` or `90s` as seconds; at most a day.
fn ttl_s(text: &str) -> Result<u64, String> {
    let wrong = || "a number with h, m or s, at most 24h".to_owned();
    let (number, unit_s) = match text.strip_suffix('h') {
        Some(hours) => (hours, 3600),
        None => match text.strip_suffix('m') {
            Some(minutes) => (minutes, 60),
            None => (text.strip_suffix('s').ok_or_else(wrong)?, 1),
        },
    };
    let all_s = number.parse::<u64>().map_err(|_| wrong())?.saturating_mul(unit_s);
    if (1..=24 * 3600).contains(&all_s) { Ok(all_s) } else { Err(wrong()) }
}

/// Reads an id, or so much of one that it is no slip of the finger.
fn beginning(text: &str) -> Result<String, String> {
    let digits = text.chars().all(|digit| digit.is_ascii_hexdigit());
    if digits && text.len() >= BEGINNING_DIGITS_MIN {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("at least {BEGINNING_DIGITS_MIN} hexadecimal digits, as `nodes` shows them"))
    }
}

/// Reads the code of a role at the province.
fn role(code: &str) -> Result<String, String> {
    let known = Role::from_code(code).is_some_and(Role::is_given_by_root);
    if known { Ok(code.to_owned()) } else { Err("operator, auditor or registrar".to_owned()) }
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
            let words = ["hoso-relay", "backup"].iter().chain(words);
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
