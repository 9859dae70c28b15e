//! The way out of the relay's programs: every connection that a gateway or a connector opens, it opens through here.
//!
//! A [`Dial`] opens byte streams; [`TcpDialer`] is the real one: addresses of both families, proxies, TLS. What
//! speaks over a stream, a WebSocket or an HTTP request, is the business of the layers above.

mod dial;
mod http;
mod plaintext;
mod printable;
mod proxy;
mod tls;

pub use dial::{ByteStream, Dial, DialError, DialStep, Resolve, TcpDialer, TimedStream};
pub use http::{
    Deadlines, HttpClient, HttpError, HttpRequest, HttpResponse, Method, PoolLimits, RetryAfter,
    StreamedResponse,
};
pub use plaintext::{PlaintextRefused, refuse_plaintext};
pub use printable::printable;
pub use proxy::{NoProxy, Proxy, ProxySettings, ProxyUrlError, TunnelError};
pub use tls::{CaBundle, CaBundleError, CaProblem, TlsError, TlsErrorKind};
