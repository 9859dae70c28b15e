//! JSON-RPC over an agent's stdin and stdout.

mod connection;
mod counters;
mod line;
mod message;

pub(crate) use connection::{Call, CallError, Connection, Peer};
pub use counters::Skipped;
pub(crate) use line::{Line, LineReader};
pub(crate) use message::RequestId;
