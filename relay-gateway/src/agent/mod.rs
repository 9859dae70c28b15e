//! The agents that come with the gateway.

mod command;
mod echo;
mod spec;
mod stream_text;

use std::sync::Arc;

use relay_adapter::Agent;

pub use command::CommandAgent;
pub(crate) use command::{WITHHELD, describe, tail};
pub use echo::EchoAgent;
pub use spec::{AgentSpec, AgentSpecError};

/// Makes the agent that a specification names.
pub(crate) fn agent(spec: AgentSpec, echo_pause: std::time::Duration) -> Arc<dyn Agent> {
    match spec {
        AgentSpec::Echo => Arc::new(EchoAgent::new(echo_pause)),
        AgentSpec::Command(argv) => Arc::new(CommandAgent::new(argv)),
    }
}
