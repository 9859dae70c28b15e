//! Puts an AI agent into people's chats without a public address: the program around the relay crates.
//!
//! Here is the command line, the boot and the agents. What a message means is decided in `relay-adapter`, how
//! it travels in `relay-transport`.

mod agent;
mod agent_check;
mod background;
mod boot;
mod cli;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod enroll;
mod identity;
mod inbox;
#[cfg(feature = "up")]
mod init;
mod observability;
mod process_group;
mod run;
mod serve;
#[cfg(feature = "up")]
mod up;

pub use agent::{AgentSpec, AgentSpecError, CommandAgent, EchoAgent};
pub use cli::{Cli, Exit, say};
pub use inbox::{InboxChoice, OpenError, OpenedInbox, Retention, SqliteInbox, SqliteSessions};
pub use serve::{Gateway, GatewayParts, SHUTDOWN_GRACE};

use cli::{manual, show};
use observability::status;

/// Does what the command line says and answers how it ended. An error is something that no [`Exit`] names; it
/// says what to do.
pub async fn run(cli: Cli) -> anyhow::Result<Exit> {
    let home = cli.home.as_deref();
    match cli.command {
        cli::Command::Run(args) => run::run(home, args).await,
        cli::Command::Enroll(args) => enroll::run(home, args).await,
        cli::Command::Doctor(args) => doctor::run(home, &args).await,
        cli::Command::Status(args) => status::run(home, &args).await,
        cli::Command::Agent(cli::AgentCommand::Check(args)) => agent_check::run(home, &args).await,
        cli::Command::Config(cli::ConfigCommand::Show(args)) => show::run(home, &args),
        cli::Command::Completions { shell } => manual::completions(shell),
        cli::Command::Man { dir } => manual::man(dir.as_deref()),
        #[cfg(feature = "up")]
        cli::Command::Init(args) => init::run(home, *args).await,
        #[cfg(feature = "up")]
        cli::Command::Up(args) => up::run(home, *args).await,
        #[cfg(feature = "up")]
        cli::Command::Pair(args) => up::pair::run(home, &args).await,
        #[cfg(feature = "demo")]
        cli::Command::Demo(args) => demo::run(args).await,
    }
}
