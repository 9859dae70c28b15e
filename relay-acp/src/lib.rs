//! Any agent that speaks the [Agent Client Protocol](https://agentclientprotocol.com) over its stdin and stdout, as an
//! agent of a relay gateway.
//!
//! An agent's process is started and kept by a supervisor; each conversation is a session on it. One reader a process
//! sorts what the agent says into its sessions and never waits for a chat.

mod agent;
mod client;
mod error;
mod limits;
mod mcp;
mod presets;
mod process;
mod rpc;
mod session;
mod settings;
mod supervisor;

pub use agent::AcpAgent;
pub use limits::Limits;
pub use mcp::McpServer;
pub use presets::{PRESETS, Preset};
pub use process::{Account, AccountError, EndLimits, Environment};
pub use rpc::Skipped;
pub use settings::{AcpSettings, Mode, Permissions, Processes, Resume};
