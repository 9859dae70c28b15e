//! Puts an AI agent into people's chats without a public address: the program around the relay crates.
//!
//! Here is the command line, the boot and the agents. What a message means is decided in `relay-adapter`, how
//! it travels in `relay-transport`.

mod agent;
mod cli;
#[cfg(feature = "demo")]
mod demo;
mod exit;
mod logging;
mod serve;
mod signals;

pub use agent::{AgentSpec, AgentSpecError, CommandAgent, EchoAgent};
pub use cli::Cli;
pub use exit::Exit;
pub use serve::Gateway;

/// Does what the command line says and answers how it ended. An error is something that no [`Exit`] names; it
/// says what to do.
pub async fn run(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        #[cfg(feature = "demo")]
        cli::Command::Demo(args) => demo::run(args).await,
        _ => anyhow::bail!("boot"),
    }
}
