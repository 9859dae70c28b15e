//! The agents that come with the gateway: a table of kinds, and a file for each.

mod acp;
mod agents_spec;
mod command;
mod echo;
mod kind;
mod limits;
mod process_settings;
mod program;
#[cfg(test)]
mod rig;
mod spec;
mod stream_text;

pub(crate) use agents_spec::{AgentsSpec, NamedSpec};
pub use command::CommandAgent;
pub(crate) use command::{WITHHELD, describe, tail};
pub use echo::EchoAgent;
pub(crate) use kind::{AgentHost, AgentProblem};
pub use spec::{AgentSpec, AgentSpecError};
