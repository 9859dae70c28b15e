//! The port through which connections are opened.

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use crate::DialError;

/// An open byte stream, encrypted where its URL asks for that.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Opens byte streams. Whoever dials bounds the time of the dial and of what it does over the stream together, so a
/// dialer needs no timeout of its own.
pub trait Dial: Send + Sync + 'static {
    /// Opens a stream to the host of a `ws`, `wss`, `http` or `https` URL.
    fn dial<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Box<dyn ByteStream>, DialError>>;
}
