//! The client's side of the protocol: the start, the handshake, and whom each message of an agent concerns.

mod describe;
mod process;
mod router;
mod start;

pub(crate) use describe::describe;
pub(crate) use process::{AgentProcess, RunningTurn};
pub(crate) use start::start;
