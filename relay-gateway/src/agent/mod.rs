//! The agents that come with the gateway.

mod acp;
mod command;
mod echo;
mod spec;
mod stream_text;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relay_adapter::Agent;

pub use acp::AcpSpec;
pub use command::CommandAgent;
pub(crate) use command::{WITHHELD, describe, tail};
pub use echo::EchoAgent;
pub use spec::{AgentSpec, AgentSpecError};

/// Makes the agent that a specification names. One that keeps files has them below `folders`, an absolute path.
pub(crate) fn agent(spec: AgentSpec, echo_pause: Duration, folders: &Path) -> Arc<dyn Agent> {
    match spec {
        AgentSpec::Echo => Arc::new(EchoAgent::new(echo_pause)),
        AgentSpec::Command(argv) => Arc::new(CommandAgent::new(argv)),
        AgentSpec::Acp(acp) => Arc::new(acp.build(folders, |name| std::env::var_os(name))),
    }
}
