//! The gateway's link to a connector: one authenticated WebSocket, dialed out, kept alive, and the HTTP
//! routes beside it.
//!
//! This crate knows frames and close codes. It knows nothing of sessions, agents or platforms; what it hands
//! up are [`Delivery`]s, what it takes are actions, and of each action it says honestly what became of it
//! ([`Outcome`]).
//!
//! - `link/`: a [`Link`] is a handle; it sends commands to the one task that owns the socket, and that task dials
//!   through a [`Dial`](relay_net::Dial).
//! - `api/`: a [`ConnectorApi`] calls the HTTP routes.

mod api;
mod link;

pub use api::{ConnectorApi, ConnectorApiError, Enrolled, MediaFile, Provisioned, peer_clock};
pub use link::{
    Backoff, CredentialSource, Credentials, Deliveries, Delivery, Descriptors, DisabledReason, Disconnect,
    DisconnectReason, Drained, Events, Initiator, Limits, Link, LinkConfig, LinkCounts, LinkState, LinkTask,
    Outcome, RelayTransport,
};
