//! The command line.

#![allow(clippy::doc_markdown, reason = "the doc comments are the help that the terminal shows")]

mod columns;
mod exit;
pub(crate) mod logging;
pub(crate) mod manual;
pub(crate) mod show;
mod voice;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use relay_config::duration;

pub(crate) use self::columns::Columns;
pub use self::exit::Exit;
pub use self::voice::say;
pub(crate) use self::voice::{print, report_error};
use crate::agent::AgentSpec;
use crate::inbox::InboxChoice;

/// How `enroll` ends.
const ENROLL_EXIT_CODES: &str = "\
Exit codes:
  0   enrolled
  65  the connector finds the request malformed (400)
  67  the connector does not accept the identity (401)
  68  the connector's host did not prove who it is (TLS)
  69  the connector cannot be reached, or answers with an error
  73  .env cannot be written; the token is not used up
  75  the connector does not answer in time
  76  the answer is not the protocol's (no JSON, no secret)
  77  the connector refuses the token: used, expired or another's (403)
  78  a value or the configuration has to be changed first, or the install is managed";

/// How `agent check` ends.
const AGENT_CHECK_EXIT_CODES: &str = "\
Exit codes:
  0   it answered
  1   it answered with an error, or without a word
  69  it cannot be started, or crashed
  75  it was not ready, or gave no answer, in time
  77  it has to be signed in first
  78  its settings have to be changed first";

/// How `init` ends.
#[cfg(feature = "up")]
const INIT_EXIT_CODES: &str = "\
Exit codes:
  0   set up, or nothing had to change
  69  the platform cannot be reached
  73  a file is there already and differs, or cannot be written; nothing was changed
  77  the platform does not know the bot's token
  78  an answer is missing, or cannot be used";

/// How `up` ends.
#[cfg(feature = "up")]
const UP_EXIT_CODES: &str = "\
Exit codes:
  0   stopped by a signal
  73  a file cannot be written
  74  what is stored cannot be used
  75  another program runs from this home, or listens at its address
  77  the platform does not know the bot's token any more
  78  the configuration has to be changed first";

/// Puts an AI agent into people's chats without a public address.
#[derive(Debug, Parser)]
#[command(name = "relay-gateway", version, propagate_version = true)]
pub struct Cli {
    /// The folder of config.yaml and .env [default: $HERMES_HOME, else ~/.hermes]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up a bot and an agent on this machine: asks, tries each answer, writes the files
    #[cfg(feature = "up")]
    #[command(after_help = INIT_EXIT_CODES)]
    Init(Box<InitArgs>),
    /// Run all of it in one process: the bots of connector.yaml, their connector, and the agent
    #[cfg(feature = "up")]
    #[command(after_help = UP_EXIT_CODES)]
    Up(Box<UpArgs>),
    /// Let somebody talk to the agent by the code that the bot told them; without a code, list who may and who waits
    #[cfg(feature = "up")]
    Pair(PairArgs),
    /// Connect to the configured connector and answer messages until told to stop
    Run(RunArgs),
    /// Redeem an enrollment token and write the credentials into .env
    #[command(after_help = ENROLL_EXIT_CODES)]
    Enroll(EnrollArgs),
    /// Find out why the gateway is not connected, and what to do about it
    Doctor(DoctorArgs),
    /// Say how the running gateway stands
    Status(StatusArgs),
    /// Look at the agent
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a script that completes this command line in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man {
        /// Write it into this folder instead, and a page for each command beside it
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Chat with an agent in this terminal, through a connector of its own
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What answers: `echo`, `acp:NAME`, `acp:PROGRAM [ARG ...]` or `command:PROGRAM [ARG ...]` [default: `agent` in config.yaml, else echo]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<AgentSpec>,
    /// How long the echo agent pauses between words, such as 60ms
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = milliseconds)]
    pub echo_pause: Duration,
    /// Where messages are kept until they are done with: a file, or `memory`, which loses them with the process
    /// [default: relay/inbox.db in the home]
    #[arg(long, value_name = "FILE")]
    pub inbox: Option<InboxChoice>,
    /// How long the end may take after a signal, such as 30s: running turns may finish meanwhile
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = seconds)]
    pub shutdown_grace: Duration,
    /// Drop the connection after so long without a message, such as 5m, for a machine that is suspended when it
    /// holds none; the connector keeps what comes meanwhile
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub hibernate_after: Option<Duration>,
    /// The name that --hibernate-after had before, for one more version
    #[arg(long, value_name = "TIME", value_parser = seconds, hide = true, conflicts_with = "hibernate_after")]
    pub dormant_after: Option<Duration>,
    /// Send the credentials over ws:// to a host that is not this machine
    #[arg(long)]
    pub allow_plaintext: bool,
    /// How the log is written to stderr
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Who may look at the gateway while it runs.
    #[command(flatten)]
    pub observability: ObservabilityArgs,
}

/// Arguments of `init`. What is not given is asked for.
#[cfg(feature = "up")]
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The chat platform
    #[arg(long, value_name = "NAME")]
    pub platform: Option<String>,
    /// A file with the token of the Telegram bot, as @BotFather gave it; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub telegram_token_file: Option<PathBuf>,
    /// A Bot API of your own [default: Telegram's]
    #[arg(long, value_name = "URL")]
    pub telegram_api: Option<String>,
    /// What answers, as `run` takes it [default: the first that is found on this machine]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Who may talk to the agent [default: pairing]
    #[arg(long, value_enum, value_name = "WHO")]
    pub access: Option<AccessChoice>,
    /// The ids of those who may from the beginning, with commas
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub allow: Vec<String>,
    /// Ask nothing: what is not given is as it is by default
    #[arg(long)]
    pub yes: bool,
    /// Write files anew that are there already and differ
    #[arg(long)]
    pub replace: bool,
    /// Write the files although the platform cannot be reached
    #[arg(long)]
    pub offline: bool,
    /// Run it at once
    #[arg(long)]
    pub start: bool,
}

/// How people get in.
#[cfg(feature = "up")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AccessChoice {
    /// You, by a code that `up` shows; others by a code that you approve
    Pairing,
    /// Only those of --allow
    List,
    /// Everybody who finds the bot
    Everyone,
}

/// Arguments of `up`.
#[cfg(feature = "up")]
#[derive(Debug, Args)]
pub struct UpArgs {
    /// What answers, as `run` takes it [default: `agent` in config.yaml]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<AgentSpec>,
    /// How long the echo agent pauses between words, such as 60ms
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = milliseconds)]
    pub echo_pause: Duration,
    /// Where messages are kept until they are done with, as `run` takes it [default: relay/inbox.db in the home]
    #[arg(long, value_name = "FILE")]
    pub inbox: Option<InboxChoice>,
    /// How long the end may take after a signal, such as 30s: running turns may finish meanwhile
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = seconds)]
    pub shutdown_grace: Duration,
    /// How the log is written to stderr
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Who may look at it while it runs.
    #[command(flatten)]
    pub observability: ObservabilityArgs,
}

/// Arguments of `pair`.
#[cfg(feature = "up")]
#[derive(Debug, Args)]
pub struct PairArgs {
    /// The code, such as K7QM-2XPA
    #[arg(value_name = "CODE", conflicts_with_all = ["remove", "owner"])]
    pub code: Option<relay_connector::PairingCode>,
    /// Take it back from the person, or close the group, of this id
    #[arg(long, value_name = "ID", conflicts_with = "owner", allow_hyphen_values = true)]
    pub remove: Option<String>,
    /// Make a new code by which somebody becomes an owner
    #[arg(long)]
    pub owner: bool,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of text for each event
    Text,
    /// A JSON object for each event
    Json,
}

/// Who may look at a running gateway.
#[derive(Debug, Args)]
pub struct ObservabilityArgs {
    /// Serve /metrics, /healthz and /readyz at this address, such as 127.0.0.1:9464 [default: nowhere]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<SocketAddr>,
    /// Let --metrics-listen be an address that other machines can reach
    #[arg(long, requires = "metrics_listen")]
    pub metrics_allow_remote: bool,
}

/// Arguments of `enroll`.
#[derive(Debug, Args)]
pub struct EnrollArgs {
    /// The enrollment token that the connector gave out; - reads it from standard input, where no list of
    /// processes shows it [default: GATEWAY_RELAY_ENROLL_TOKEN]
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<OsString>,
    /// Where the connector is [default: the configured GATEWAY_RELAY_URL]
    #[arg(long, value_name = "URL")]
    pub connector_url: Option<OsString>,
    /// The name this gateway is to have [default: the configured one, else gw-HOSTNAME]
    #[arg(long, value_name = "ID")]
    pub gateway_id: Option<OsString>,
    /// Where a sleeping gateway is woken; written into .env
    #[arg(long, value_name = "URL")]
    pub wake_url: Option<OsString>,
    /// How long the connector may take to answer, such as 30s
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = seconds)]
    pub timeout: Duration,
    /// Send the token over http:// to a host that is not this machine
    #[arg(long)]
    pub allow_plaintext: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print JSON, for machines
    #[arg(long)]
    pub json: bool,
    /// What is to answer, as `run` takes it [default: `agent` in config.yaml, else echo]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<AgentSpec>,
    /// Where messages are kept, as `run` takes it [default: relay/inbox.db in the home]
    #[arg(long, value_name = "FILE")]
    pub inbox: Option<InboxChoice>,
    /// How long the connector may take to be reached, and again to describe itself, such as 30s
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = seconds)]
    pub timeout: Duration,
    /// Send the credentials over ws:// to a host that is not this machine
    #[arg(long)]
    pub allow_plaintext: bool,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Print JSON, for machines
    #[arg(long)]
    pub json: bool,
}

/// What can be done with the agent.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Start the configured agent, ask it once, and say what came of it
    #[command(after_help = AGENT_CHECK_EXIT_CODES)]
    Check(AgentCheckArgs),
}

/// Arguments of `agent check`.
#[derive(Debug, Args)]
pub struct AgentCheckArgs {
    /// Which of several agents [default: each of them]
    #[arg(value_name = "NAME", conflicts_with = "agent")]
    pub name: Option<String>,
    /// Print JSON, for machines
    #[arg(long)]
    pub json: bool,
    /// What is to answer, as `run` takes it [default: those of config.yaml, else echo]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<AgentSpec>,
    /// What it is asked
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "Please answer with one short sentence: are you there?"
    )]
    pub prompt: String,
    /// How long it may take to start, and again to answer, such as 5m
    #[arg(long, value_name = "TIME", default_value = "3m", value_parser = seconds)]
    pub timeout: Duration,
}

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting, its value and where it comes from; secrets are shown as set
    Show(ShowArgs),
}

/// Arguments of `config show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Print JSON, for machines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `demo`.
#[cfg(feature = "demo")]
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// What answers: `echo`, `acp:NAME`, `acp:PROGRAM [ARG ...]` or `command:PROGRAM [ARG ...]`
    #[arg(long, value_name = "AGENT", default_value = "echo")]
    pub agent: AgentSpec,
    /// How long the echo agent pauses between words, such as 60ms
    #[arg(long, value_name = "TIME", default_value = "60ms", value_parser = milliseconds)]
    pub echo_pause: Duration,
    /// Print every frame that passes, both ways, secrets redacted
    #[arg(long)]
    pub frames: bool,
}

/// A time with its unit, or a bare number of milliseconds.
fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        Err(_) => duration(text, Duration::ZERO, Duration::from_mins(1)).map_err(|error| error.to_string()),
    }
}

/// A time with its unit, or a bare number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let with_unit = text.parse::<u64>().map(|seconds| format!("{seconds}s"));
    let text = with_unit.as_deref().unwrap_or(text);
    duration(text, Duration::from_secs(1), Duration::from_hours(1)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use std::time::Duration;

    use super::{Cli, milliseconds, seconds};

    #[test]
    fn a_time_has_a_unit_or_that_of_its_option() {
        assert_eq!(seconds("90"), Ok(Duration::from_secs(90)));
        assert_eq!(seconds("5m"), Ok(Duration::from_mins(5)));
        assert_eq!(milliseconds("60"), milliseconds("60ms"));
        for text in ["0", "2h", "soon", "-1"] {
            assert!(seconds(text).expect_err(text).starts_with("the value must be "), "{text}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
