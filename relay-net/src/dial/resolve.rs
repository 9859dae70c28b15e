//! From a host's name to its addresses.

use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use tokio::net::lookup_host;

/// Finds the addresses of hosts. Literal addresses never come here.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a host, with this port, best first; none is an error like any other.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// Asks the operating system, so with its files, search domains and caches.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(lookup_host((host, port)).await?.collect()) })
    }
}
