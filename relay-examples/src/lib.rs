//! The other side of each example: what it talks to, in the same process and on loopback only.
//!
//! The examples themselves are in `examples/`, and explained in docs/embedding.md.

mod connector;
mod converse;
mod gateway;
mod shouting;

pub use connector::LocalConnector;
pub use converse::converse;
pub use gateway::LocalGateway;
pub use shouting::Shouting;

/// What an example ends with.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;
