//! The link: one WebSocket, dialed out and kept alive, and its state machine.
//!
//! A handle sends commands to the one task that owns the socket. The task serves one [`connection`] after the other,
//! puts what it reads into [`inbound`] queues, and lets [`reconnect`] say what follows when a connection ends;
//! [`hibernation`] is the link without a connection on purpose.

mod command;
mod config;
mod connection;
mod counters;
mod credential_source;
mod drained;
mod handle;
mod hibernation;
mod inbound;
mod limits;
mod outcome;
mod port;
mod reconnect;
mod request_ids;
mod stages;
mod state;
mod task;

pub use config::{Credentials, LinkConfig};
pub use counters::LinkCounts;
pub use credential_source::CredentialSource;
pub use drained::Drained;
pub use handle::{Link, LinkTask};
pub use inbound::{Deliveries, Delivery, Descriptors, Events};
pub use limits::Limits;
pub use outcome::Outcome;
pub use port::RelayTransport;
pub use reconnect::{Backoff, Disconnect, DisconnectReason, Initiator};
pub use state::{DisabledReason, LinkState};
