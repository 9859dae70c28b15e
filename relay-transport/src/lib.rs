//! The gateway's link to a connector: one authenticated WebSocket, dialed out, kept alive, and the HTTP
//! routes beside it.
//!
//! This crate knows frames and close codes. It knows nothing of sessions, agents or platforms; what it hands
//! up are [`Delivery`]s, what it takes are actions, and of each action it says honestly what became of it
//! ([`Outcome`]).
//!
//! A [`Link`] is a handle; it sends commands to the one task that owns the socket, and that task dials through
//! a [`Dial`]. A [`ConnectorApi`] calls the HTTP routes.

mod api_error;
mod backoff;
mod command;
mod config;
mod connection;
mod connector_api;
mod counters;
mod credential_source;
mod deadlines;
mod delivery;
mod descriptors;
mod dormancy;
mod drained;
mod http_call;
mod http_client;
mod http_post;
mod idle;
mod intake;
mod limits;
mod link;
mod loss;
mod noise;
mod outcome;
mod peer_clock;
mod pending;
mod port;
mod provisioned;
mod queue;
mod random;
mod request_ids;
mod socket;
mod stages;
mod state;
mod task;
mod thaw;
mod upgrade;
mod verdict;

pub use relay_net::{
    ByteStream, CaBundle, CaBundleError, CaProblem, Dial, DialError, DialStep, NoProxy, PlaintextRefused,
    Proxy, ProxySettings, ProxyUrlError, Resolve, RetryAfter, TcpDialer, TlsError, TlsErrorKind, TunnelError,
};

pub use api_error::ApiError;
pub use backoff::Backoff;
pub use config::{Credentials, LinkConfig};
pub use connector_api::{ConnectorApi, Enrolled};
pub use counters::LinkCounts;
pub use credential_source::CredentialSource;
pub use delivery::{Deliveries, Delivery, Events};
pub use descriptors::Descriptors;
pub use drained::Drained;
pub use http_call::Answer;
pub use http_client::HttpClient;
pub use http_post::Post;
pub use limits::Limits;
pub use link::{Link, LinkTask};
pub use loss::{Initiator, Loss};
pub use outcome::Outcome;
pub use peer_clock::peer_clock;
pub use port::RelayTransport;
pub use provisioned::Provisioned;
pub use random::Randomness;
pub use state::{DisabledReason, LinkState};
