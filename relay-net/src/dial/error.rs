//! Why no stream came about.

use std::io;
use std::net::IpAddr;

use crate::{ProxyUrlError, TlsError, TunnelError};

/// Why no stream came about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The URL names no host.
    #[error("the URL names no host; write one with a host, such as wss://connector.example")]
    NoHost,
    /// The host's name has no address.
    #[error("the host {host} was not found ({source}); check its spelling and this machine's DNS")]
    Resolve {
        /// The host.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// None of the host's addresses may be connected to.
    #[error("{host} is at {address}, which may not be connected to from here")]
    NotPermitted {
        /// The host.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
    },
    /// None of the host's addresses took the connection.
    #[error("no connection to {host}:{port} ({source}); check that it runs and that no firewall is between")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system said of the last address.
        source: io::Error,
    },
    /// The host did not prove who it is, or does not speak TLS.
    #[error(
        "TLS with {host} failed ({source}); check the host's certificate, the URL and this machine's clock"
    )]
    Tls {
        /// The host.
        host: String,
        /// What is wrong.
        source: TlsError,
    },
    /// The proxy gave no way to the host.
    #[error("no connection to {host} through the proxy {proxy}, which {named_by} names: {source}")]
    Proxy {
        /// The host that was asked for, with its port.
        host: String,
        /// The proxy, without its credentials.
        proxy: String,
        /// Who named it.
        named_by: String,
        /// What is wrong with it.
        source: TunnelError,
    },
    /// The proxy that is named cannot be used.
    #[error(transparent)]
    ProxyUrl(#[from] ProxyUrlError),
    /// TLS could not be set up on this side.
    #[error("TLS could not be set up ({reason}); report this")]
    TlsSetup {
        /// What rustls said.
        reason: String,
    },
}
