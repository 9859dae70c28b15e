//! The gateway's link to a connector: one authenticated WebSocket, dialed out, kept alive, and the HTTP
//! routes beside it.
//!
//! This crate knows frames and close codes. It knows nothing of sessions, agents or platforms; what it hands
//! up are [`Delivery`]s, what it takes are actions, and of each action it says honestly what became of it
//! ([`Outcome`]).

mod delivery;
mod descriptors;
mod outcome;
mod port;
mod state;

pub use delivery::{Deliveries, Delivery};
pub use descriptors::Descriptors;
pub use outcome::Outcome;
pub use port::{Identity, RelayTransport};
pub use state::{DisabledReason, LinkState};
