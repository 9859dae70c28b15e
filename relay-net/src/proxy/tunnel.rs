//! Through an HTTP proxy, by `CONNECT` (RFC 9110, 9.3.6).

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper_util::rt::TokioIo;

use crate::printable::printable;
use crate::{ByteStream, Proxy, TlsError};

/// How long a proxy has for its answer. Below the time that a whole dial has, so that it is the proxy that is
/// named.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

/// The longest head of an answer that is read, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// Why a proxy gave no tunnel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TunnelError {
    /// It cannot be reached.
    #[error("it cannot be reached ({0}); check its address and that it runs")]
    Unreachable(#[source] io::Error),
    /// It did not prove who it is, or speaks no TLS.
    #[error("TLS with it failed ({0}); check its address, its certificate and the configured roots")]
    Tls(#[source] TlsError),
    /// It answered with another status than 2xx.
    #[error("it answered HTTP {0}; {advice}", advice = advice(*.0))]
    Refused(u16),
    /// Its answer is no HTTP.
    #[error("its answer is no HTTP ({0}); check that the address is a proxy's")]
    NotHttp(String),
    /// It ended the connection without an answer.
    #[error("it broke off ({0}); check that the address is a proxy's, and try again")]
    Broken(String),
    /// It did not answer in time.
    #[error("it did not answer within {0:?}; check that the address is a proxy's")]
    Silent(Duration),
}

fn advice(status: u16) -> &'static str {
    match status {
        407 => {
            "write the right user and password into the proxy's URL: http://user:password@proxy.example:3128"
        }
        401 | 403 => "it does not allow this host; ask who runs it, or name the host in NO_PROXY",
        502..=504 => "it could not reach the host; check the host's URL, then ask who runs the proxy",
        _ => "check that the address is that of a proxy that allows CONNECT",
    }
}

/// Asks the proxy at the other end of `stream` for `target`, which is `host:port`.
pub(crate) async fn tunnel(
    proxy: &Proxy,
    stream: Box<dyn ByteStream>,
    target: &str,
) -> Result<Box<dyn ByteStream>, TunnelError> {
    tokio::time::timeout(ANSWER, ask(proxy, stream, target)).await.unwrap_or(Err(TunnelError::Silent(ANSWER)))
}

async fn ask(
    proxy: &Proxy,
    stream: Box<dyn ByteStream>,
    target: &str,
) -> Result<Box<dyn ByteStream>, TunnelError> {
    let mut request = Request::connect(target).header(HOST, target);
    if let Some(authorization) = proxy.authorization() {
        let mut value = HeaderValue::try_from(authorization.expose())
            .map_err(|_| TunnelError::Broken("its credentials are no header value".to_owned()))?;
        value.set_sensitive(true);
        request = request.header(PROXY_AUTHORIZATION, value);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| TunnelError::Broken(printable(&error.to_string())))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failure(&error))?;
    let mut connection = pin!(connection.with_upgrades());
    let mut asking = pin!(async {
        let answer = sender.send_request(request).await.map_err(|error| failure(&error))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(TunnelError::Refused(status.as_u16()));
        }
        let through = hyper::upgrade::on(answer).await.map_err(|error| failure(&error))?;
        Ok(Box::new(TokioIo::new(through)) as Box<dyn ByteStream>)
    });
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            asked = &mut asking => return asked,
            // How it ended is told by whatever waits for the answer.
            _ = &mut connection, if open => open = false,
        }
    }
}

fn failure(error: &hyper::Error) -> TunnelError {
    let reason = printable(&error.to_string());
    if error.is_parse() { TunnelError::NotHttp(reason) } else { TunnelError::Broken(reason) }
}
