//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use relay_connector::{PairingCode, Tenant};
use relay_wire::GatewayId;

use crate::identity::IdentityArgs;

/// An open connector: it lets gateways in and brings them the chats of this machine.
#[derive(Debug, Parser)]
#[command(name = "relay-connector", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve gateways and open a chat in this terminal; also what happens without a command.
    Serve(Box<ServeArgs>),
    /// Look at a connector.yaml, and nothing else.
    Check(CheckArgs),
    /// Ask the platforms of a connector.yaml what keeps its fronts from working.
    #[command(after_help = DOCTOR_EXIT_CODES)]
    Doctor(CheckArgs),
    /// Let somebody in by the code that they were told; without a code, list who may talk and who waits.
    Pair(PairArgs),
    /// Mint a token that enrolls one gateway.
    Token(TokenArgs),
    /// List the gateways that may dial.
    Gateways(DataArgs),
    /// Give a gateway a new secret; the one before it stays good until the next rotation.
    Rotate(GatewayArgs),
    /// Take all secrets from a gateway and close its connection.
    Revoke(GatewayArgs),
    /// List dead letters: deliveries that no gateway took. Deliver them again, or drop them.
    DeadLetters(DeadLettersArgs),
    /// Say which chats belong to which tenant.
    #[command(subcommand)]
    Bindings(BindingsCommand),
    /// What `dead-letters` was called before.
    #[command(hide = true)]
    SetAside(DeadLettersArgs),
}

/// How `doctor` ends.
const DOCTOR_EXIT_CODES: &str = "\
Exit codes:
  0   nothing to mend
  66  there is no such file
  69  a platform cannot be reached
  75  another program takes a bot's messages
  77  a platform does not accept a secret
  78  the file has to be changed first";

/// Which file.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct CheckArgs {
    /// The connector.yaml.
    #[arg(long, value_name = "FILE", default_value = "connector.yaml")]
    pub(crate) config: PathBuf,
    /// Answer as JSON, on one line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Who is let in.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct PairArgs {
    /// The code that somebody was told by the bot.
    #[arg(value_name = "CODE", conflicts_with_all = ["remove", "owner"])]
    pub(crate) code: Option<PairingCode>,
    /// Take it back from the person, or close the group, of this id.
    #[arg(long, value_name = "ID", conflicts_with = "owner", allow_hyphen_values = true)]
    pub(crate) remove: Option<String>,
    /// Make a new code by which somebody becomes an owner.
    #[arg(long)]
    pub(crate) owner: bool,
    /// The connector.yaml.
    #[arg(long, value_name = "FILE", default_value = "connector.yaml")]
    pub(crate) config: PathBuf,
}

/// Where a connector keeps its data, and how to answer.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct DataArgs {
    /// The folder that `serve --data` was given.
    #[arg(long, value_name = "DIR", env = "RELAY_CONNECTOR_DATA")]
    pub(crate) data: PathBuf,
    /// Answer as JSON, on one line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which gateway.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct GatewayArgs {
    /// The gateway's id.
    #[arg(value_name = "ID")]
    pub(crate) gateway: GatewayId,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Whom a token lets in.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct TokenArgs {
    /// Who the gateway will belong to.
    #[arg(long, value_name = "NAME", default_value = "home")]
    pub(crate) tenant: Tenant,
    /// How long the token is good, such as 90s, 15m or 1h30m.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub(crate) ttl: Duration,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// What to do with bindings. One that is changed holds for what comes from then on.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum BindingsCommand {
    /// List the chats that were given to a tenant. All others belong to the gateway that has them among its route keys, or
    /// to the tenant of `serve`.
    List(DataArgs),
    /// Give a chat to a tenant, whoever had it before.
    Add(AddBindingArgs),
    /// Take a chat back from the tenant that it was given to.
    Remove(PlaceArgs),
}

/// A chat, or what chats are in.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct PlaceArgs {
    /// The platform, such as telegram.
    #[arg(value_name = "PLATFORM")]
    pub(crate) platform: String,
    /// The id that the platform has for the chat, or for the guild, team or server that chats are in.
    #[arg(value_name = "CHAT", allow_hyphen_values = true)]
    pub(crate) place: String,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Whose a chat is to be.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct AddBindingArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// The tenant.
    #[arg(value_name = "TENANT")]
    pub(crate) tenant: Tenant,
}

/// What to do with dead letters; without either, they are listed.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct DeadLettersArgs {
    /// Deliver these again: numbers with commas, or all.
    #[arg(long, value_name = "NUMBERS", value_parser = items, conflicts_with = "drop")]
    pub(crate) retry: Option<Items>,
    /// Drop these for good: numbers with commas, or all.
    #[arg(long, value_name = "NUMBERS", value_parser = items)]
    pub(crate) drop: Option<Items>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Deliveries by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Items {
    /// Every one.
    All,
    /// These.
    These(Vec<u64>),
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct ServeArgs {
    /// Serve what this file says: fronts, who may talk, where to listen and what to keep.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "listen", "tenant", "data", "window", "strict", "allow_private_wake", "ca_file", "public_url", "front",
            "platform", "descriptor", "chat", "allow_plaintext",
        ]
    )]
    pub(crate) config: Option<PathBuf>,
    /// The address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    /// Who the chats and the enrolled gateways belong to.
    #[arg(long, value_name = "NAME", default_value = "home")]
    pub(crate) tenant: Tenant,
    /// How long the enrollment token is good, such as 90s, 15m or 1h30m.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub(crate) token_ttl: Duration,
    /// Remember gateways, tokens and undelivered events in this folder, which is made if need be. Without it all
    /// of that ends with the program.
    #[arg(long, value_name = "DIR", env = "RELAY_CONNECTOR_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Deliveries that one gateway may have and not acknowledge.
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = window)]
    pub(crate) window: usize,
    /// Send each delivery only after the ack of the one before it; the same as --window 1.
    #[arg(long, conflicts_with = "window")]
    pub(crate) strict: bool,
    /// Wake gateways also at addresses of this machine and of private networks.
    #[arg(long)]
    pub(crate) allow_private_wake: bool,
    /// Trust the roots in this PEM file too, when issuers and wake URLs are called.
    #[arg(long, value_name = "FILE", env = "RELAY_CONNECTOR_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Show every line that crosses a socket, with secrets replaced.
    #[arg(long)]
    pub(crate) frames: bool,
    /// Where gateways reach this connector, such as `https://relay.example`: what the URLs of people's files begin with.
    /// By default the address it listens on.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// What people, or programs, chat through.
    #[arg(long, value_enum, value_name = "FRONT", default_value_t)]
    pub(crate) front: FrontKind,
    /// With --front lines: the platform that is played, with edits and typing [default: lines]; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = platform)]
    pub(crate) platform: Vec<String>,
    /// With --front lines: a file with the capability descriptor of a platform that is played; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) descriptor: Vec<PathBuf>,
    /// The chat to open.
    #[arg(long, value_name = "NAME", default_value = "terminal", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) chat: String,
    /// Listen on an address that other machines can reach, without TLS: only behind a proxy that ends TLS.
    #[arg(long)]
    pub(crate) allow_plaintext: bool,
    /// Serve /metrics, /healthz and /readyz at this address, such as 127.0.0.1:9465 [default: nowhere]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Let --metrics-listen be an address that other machines can reach.
    #[arg(long, requires = "metrics_listen")]
    pub(crate) metrics_allow_remote: bool,
    #[command(flatten)]
    pub(crate) identity: IdentityArgs,
    #[cfg(feature = "telegram")]
    #[command(flatten)]
    pub(crate) telegram: crate::telegram::TelegramArgs,
}

/// What chats come in by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FrontKind {
    /// A chat in this terminal, or over pipes as text
    #[default]
    Terminal,
    /// Events as JSON lines on stdin, actions as JSON lines on stdout, for scripts, bots and tests
    Lines,
    /// A bot on Telegram, which asks Telegram for messages: nothing has to be reachable from outside
    #[cfg(feature = "telegram")]
    Telegram,
}

impl Cli {
    pub(crate) fn into_command(self) -> Command {
        self.command.unwrap_or_else(|| Command::Serve(Box::new(self.serve)))
    }
}

/// How many deliveries may be unacknowledged.
fn window(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err("the window is a number from 1 to 1000".to_owned()),
    }
}

fn items(text: &str) -> Result<Items, String> {
    if text == "all" {
        return Ok(Items::All);
    }
    let numbers: Result<Vec<u64>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    numbers.map(Items::These).map_err(|_| format!("`{text}` is no list; write numbers with commas, or all"))
}

fn platform(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("a platform's name holds no blanks, such as discord".to_owned());
    }
    Ok(text.to_owned())
}

/// Reads `90s`, `15m`, `1h 30m`, `1d`.
fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration >= Duration::from_secs(1) => Ok(duration),
        Ok(_) => Err(format!("`{text}` is less than a second; write a longer time, such as 15m")),
        Err(error) => Err(format!("`{text}` is no time ({error}); write one such as 90s, 15m or 1h30m")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{CommandFactory as _, Parser as _};

    use super::{Cli, Command, Items, duration, items, window};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_what_happens_without_a_command() {
        let parse = |args: &[&str]| match Cli::parse_from(args).into_command() {
            Command::Serve(args) => args,
            other => panic!("{other:?}"),
        };
        let plain = parse(&["relay-connector"]);
        assert_eq!(plain, parse(&["relay-connector", "serve"]));
        assert_eq!(plain.listen.to_string(), "127.0.0.1:8787");
        assert_eq!(plain.token_ttl, Duration::from_mins(15));
        assert_eq!(parse(&["relay-connector", "--frames"]), parse(&["relay-connector", "serve", "--frames"]));
    }

    #[test]
    fn a_window_has_room_for_one_and_numbers_are_a_list_or_all() {
        assert_eq!(window("1"), Ok(1));
        assert!(window("0").is_err() && window("1001").is_err() && window("x").is_err());
        assert_eq!(items("all"), Ok(Items::All));
        assert_eq!(items("3, 4"), Ok(Items::These(vec![3, 4])));
        assert!(items("").is_err() && items("1,,2").is_err());
    }

    #[test]
    fn a_time_is_written_as_people_write_one() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("1w"), Ok(Duration::from_hours(7 * 24)));
        for wrong in ["", "m", "15", "-1m", "0s", "999ms", "1 eon", "ä", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }
}
