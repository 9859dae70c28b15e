//! A wake call over HTTP. What is connected to is what was checked: the name is looked up once.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_net::{Deadlines, DialError, HttpClient, HttpError, HttpRequest, TcpDialer};
use url::Url;

use super::address::is_public;
use super::{Wake, WakeError};

const AGENT: &str = concat!("relay-connector/", env!("CARGO_PKG_VERSION"));

/// Calls `http` and `https` URLs at public addresses.
///
/// Whoever may provision a gateway names the URL, so the connector must not be led into its own network by it. A
/// call therefore never takes a proxy, which would look the name up itself and could reach what this machine may
/// not be made to call. Where private addresses are allowed there is nothing to guard, and proxies are used.
#[derive(Clone, Debug)]
pub struct HttpWake {
    dialer: TcpDialer,
    http: HttpClient,
}

impl Default for HttpWake {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpWake {
    /// Calls public addresses only.
    pub fn new() -> Self {
        Self::over(TcpDialer::default())
    }

    /// Calls public addresses only, with the roots of this dialer, and never through its proxies.
    pub fn over(dialer: TcpDialer) -> Self {
        let http = client(dialer.clone().permitting(is_public));
        Self { dialer, http }
    }

    /// Calls also addresses of this machine and of private networks. Whoever may provision a gateway can then have
    /// this connector call them.
    #[must_use]
    pub fn allow_private(mut self, allow: bool) -> Self {
        self.http =
            client(if allow { self.dialer.clone() } else { self.dialer.clone().permitting(is_public) });
        self
    }

    async fn call(self, url: String) -> Result<(), WakeError> {
        let mut url = Url::parse(&url).map_err(|_| WakeError::Url)?;
        // A call carries no credentials, whatever stands in the URL. Both can be removed wherever there is a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let origin = url.origin().ascii_serialization();
        // The head of the answer is enough; the body is nobody's business.
        let status = match self.http.open(HttpRequest::get(&url)).await {
            Ok(answer) => answer.status(),
            Err(HttpError::Request { .. }) => return Err(WakeError::Url),
            Err(error) => return Err(failed(origin, error)),
        };
        if (200..300).contains(&status) { Ok(()) } else { Err(WakeError::Status { origin, status }) }
    }
}

/// Whoever wakes bounds the time of a call.
fn client(dialer: TcpDialer) -> HttpClient {
    HttpClient::new(Arc::new(dialer)).with_deadlines(Deadlines::default()).with_user_agent(AGENT)
}

/// Why nobody was called, with no more of the URL than its origin.
fn failed(origin: String, error: HttpError) -> WakeError {
    match error {
        HttpError::Dial { source, .. } => match *source {
            DialError::NotPermitted { address, .. } => {
                WakeError::Refused { origin, address: address.to_string() }
            }
            other => WakeError::Unreachable { origin, why: other.to_string(), source: Some(other.into()) },
        },
        HttpError::Broken { reason, .. } | HttpError::NotHttp { reason, .. } => {
            WakeError::Unreachable { origin, why: reason, source: None }
        }
        _ => {
            let why = "it did not answer as HTTP does".to_owned();
            WakeError::Unreachable { origin, why, source: None }
        }
    }
}

impl Wake for HttpWake {
    fn wake(&self, url: &str) -> BoxFuture<'static, Result<(), WakeError>> {
        self.clone().call(url.to_owned()).boxed()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::{HttpWake, Wake as _, WakeError};

    /// Answers one request with this; what was asked, and where.
    async fn server(answer: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        (port, asked)
    }

    #[tokio::test]
    async fn the_call_is_a_bare_get_of_the_whole_url() {
        let (port, asked) = server("HTTP/1.1 204 No Content\r\n\r\n").await;
        let wake = HttpWake::new().allow_private(true);
        wake.wake(&format!("http://localhost:{port}/wake/gw?key=k#part")).await.unwrap();
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("GET /wake/gw?key=k HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("host: localhost:{port}\r\n")), "{asked}");
        assert!(!asked.contains("content-length") && !asked.contains("authorization"), "{asked}");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_a_way() {
        let (port, _asked) = server("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n").await;
        let wake = HttpWake::new().allow_private(true);
        let answer = wake.wake(&format!("http://127.0.0.1:{port}/?secret")).await;
        assert_eq!(
            answer,
            Err(WakeError::Status { origin: format!("http://127.0.0.1:{port}"), status: 302 })
        );
    }

    #[tokio::test]
    async fn a_name_or_number_of_this_machine_is_refused_without_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"] {
            let refused =
                HttpWake::new().wake(&format!("http://{host}:{port}/path?secret")).await.unwrap_err();
            assert!(matches!(refused, WakeError::Refused { .. }), "{host}: {refused}");
            let message = refused.to_string();
            assert!(!message.contains("secret") && !message.contains("path"), "{message}");
        }
        tokio::select! {
            biased;
            _ = listener.accept() => panic!("it was connected to"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    async fn a_host_that_takes_no_call_is_told_with_the_error_of_its_dial() {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let wake = HttpWake::new().allow_private(true);
        let error = wake.wake(&format!("http://127.0.0.1:{port}/?secret")).await.unwrap_err();
        let source = std::error::Error::source(&error).expect("a dial that failed");
        assert!(source.is::<relay_net::DialError>(), "{source:?}");
        assert_eq!(error.to_string(), format!("http://127.0.0.1:{port} could not be called: {source}"));
    }

    #[tokio::test]
    async fn what_is_no_url_of_http_is_called_so() {
        for url in ["", "ftp://example.com/", "file:///etc/passwd", "wake me"] {
            assert_eq!(HttpWake::new().wake(url).await, Err(WakeError::Url), "{url}");
        }
    }
}
