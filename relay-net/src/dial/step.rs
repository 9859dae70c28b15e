//! How far a dial has come, for whoever diagnoses one.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// A part of a dial that has succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialStep {
    /// The host has these addresses, in the order in which they are tried.
    Resolved(Vec<SocketAddr>),
    /// One of them took the connection.
    Connected(SocketAddr),
    /// A proxy, which is what was resolved and connected before, opened a way to the host.
    Tunnelled {
        /// The proxy, without its credentials.
        proxy: String,
    },
    /// The host proved who it is.
    Encrypted {
        /// The version of TLS, as rustls names it.
        version: String,
    },
}

/// Is told of each step of each dial.
#[derive(Clone, Default)]
pub(super) struct Watcher(pub(super) Option<Arc<dyn Fn(DialStep) + Send + Sync>>);

impl Watcher {
    /// Tells; the step is made only where somebody listens.
    pub(super) fn tell(&self, step: impl FnOnce() -> DialStep) {
        if let Some(watcher) = &self.0 {
            watcher(step());
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watcher").field(&self.0.is_some()).finish()
    }
}
