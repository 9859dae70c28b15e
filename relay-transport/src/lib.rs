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
mod ca_bundle;
mod certificate_dates;
mod command;
mod config;
mod connection;
mod connector_api;
mod counters;
mod credential_source;
mod deadlines;
mod delivery;
mod descriptors;
mod dial;
mod dial_step;
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
mod no_proxy;
mod noise;
mod outcome;
mod peer_clock;
mod pending;
mod plaintext;
mod port;
mod printable;
mod provisioned;
mod proxy;
mod queue;
mod race;
mod random;
mod request_ids;
mod resolve;
mod retry_after;
mod socket;
mod stages;
mod state;
mod task;
mod tcp_dialer;
mod thaw;
mod timed_stream;
mod tls;
mod tls_fault;
mod tunnel;
mod upgrade;
mod verdict;

pub use api_error::ApiError;
pub use backoff::Backoff;
pub use ca_bundle::{CaBundle, CaBundleError, CaFault};
pub use config::{Credentials, LinkConfig};
pub use connector_api::{ConnectorApi, Enrolled};
pub use counters::LinkCounts;
pub use credential_source::CredentialSource;
pub use delivery::{Deliveries, Delivery, Events};
pub use descriptors::Descriptors;
pub use dial::{ByteStream, Dial, DialError};
pub use dial_step::DialStep;
pub use drained::Drained;
pub use http_call::Answer;
pub use http_client::HttpClient;
pub use http_post::Post;
pub use limits::Limits;
pub use link::{Link, LinkTask};
pub use loss::{Initiator, Loss};
pub use no_proxy::NoProxy;
pub use outcome::Outcome;
pub use peer_clock::peer_clock;
pub use plaintext::PlaintextRefused;
pub use port::RelayTransport;
pub use provisioned::Provisioned;
pub use proxy::{Proxy, ProxySettings, ProxyUrlError};
pub use random::Randomness;
pub use resolve::Resolve;
pub use retry_after::RetryAfter;
pub use state::{DisabledReason, LinkState};
pub use tcp_dialer::TcpDialer;
pub use tls::default_tls;
pub use tls_fault::TlsFault;
pub use tunnel::ProxyFault;
