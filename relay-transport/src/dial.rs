//! How a connection to a connector's host comes about.

use std::io;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use crate::{ProxyFault, ProxyUrlError};

/// An open byte stream, encrypted where its URL asks for that.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Opens byte streams. The link performs the WebSocket upgrade on what it gets, and bounds the time of both
/// together, so a dialer needs no timeout of its own.
pub trait Dial: Send + Sync + 'static {
    /// Opens a stream to the host of a `ws`, `wss`, `http` or `https` URL.
    fn dial<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Box<dyn ByteStream>, DialError>>;
}

/// Why no stream came about.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The URL names no host.
    #[error("the connector URL names no host; set one, such as wss://connector.example")]
    NoHost,
    /// The host's name has no address.
    #[error(
        "the connector's host {host} was not found ({source}); check its spelling and this machine's DNS"
    )]
    Resolve {
        /// The host.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// None of the host's addresses took the connection.
    #[error(
        "no connection to {host}:{port} ({source}); check that the connector runs and that no firewall is \
         between"
    )]
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
        /// What rustls said.
        source: io::Error,
    },
    /// The proxy gave no way to the host.
    #[error("no connection to {host} through the proxy {proxy}, which {named_by} names: {fault}")]
    Proxy {
        /// The host that was asked for, with its port.
        host: String,
        /// The proxy, without its credentials.
        proxy: String,
        /// Who named it.
        named_by: String,
        /// What is wrong with it.
        fault: ProxyFault,
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
