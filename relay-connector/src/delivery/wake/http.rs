//! A wake call over HTTP. What is connected to is what was checked: the name is resolved here, once.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_body_util::Empty;
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use super::address::is_public;
use super::{Wake, WakeError};

/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

const AGENT: &str = concat!("relay-connector/", env!("CARGO_PKG_VERSION"));

/// Calls `http` and `https` URLs at public addresses.
#[derive(Clone, Default)]
pub struct HttpWake {
    allow_private: bool,
    /// Made at the first call over TLS: reading this machine's certificates takes a while.
    tls: Arc<OnceLock<Result<TlsConnector, String>>>,
}

impl HttpWake {
    /// Calls public addresses only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls also addresses of this machine and of private networks. Whoever may provision a gateway can then have
    /// this connector call them.
    #[must_use]
    pub fn allow_private(mut self, allow: bool) -> Self {
        self.allow_private = allow;
        self
    }

    async fn call(self, url: String) -> Result<(), WakeError> {
        let url = Url::parse(&url).map_err(|_| WakeError::Url)?;
        let origin = url.origin().ascii_serialization();
        let unreachable = |why: String| WakeError::Unreachable { origin: origin.clone(), why };
        let ("http" | "https", Some(host), Some(port)) =
            (url.scheme(), url.host(), url.port_or_known_default())
        else {
            return Err(WakeError::Url);
        };
        let addresses = self.checked(&origin, &host, port).await?;
        let stream = connect(&addresses).await.map_err(|error| unreachable(error.to_string()))?;
        let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
            .header(USER_AGENT, AGENT)
            .body(Empty::new())
            .map_err(|_| WakeError::Url)?;
        let answered = if url.scheme() == "https" {
            let tls = self.tls().map_err(&unreachable)?;
            let name =
                ServerName::try_from(url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned())
                    .map_err(|_| WakeError::Url)?;
            let stream = tls.connect(name, stream).await.map_err(|error| unreachable(error.to_string()))?;
            exchange(stream, request).await
        } else {
            exchange(stream, request).await
        };
        let status = answered.map_err(|error| unreachable(error.to_string()))?;
        if status.is_success() { Ok(()) } else { Err(WakeError::Status { origin, status: status.as_u16() }) }
    }

    /// The host's addresses that may be called.
    async fn checked(
        &self,
        origin: &str,
        host: &Host<&str>,
        port: u16,
    ) -> Result<Vec<SocketAddr>, WakeError> {
        let found: Vec<IpAddr> = match host {
            Host::Ipv4(address) => vec![(*address).into()],
            Host::Ipv6(address) => vec![(*address).into()],
            Host::Domain(name) => {
                let looked_up = tokio::net::lookup_host((*name, port)).await;
                let found = looked_up.map_err(|error| WakeError::Unreachable {
                    origin: origin.to_owned(),
                    why: error.to_string(),
                })?;
                found.map(|address| address.ip()).collect()
            }
        };
        let allowed = found.iter().copied().filter(|address| self.allow_private || is_public(*address));
        let allowed: Vec<SocketAddr> =
            allowed.map(|address| SocketAddr::new(address, port)).take(ADDRESSES).collect();
        match (allowed.is_empty(), found.first()) {
            (false, _) => Ok(allowed),
            (true, Some(address)) => {
                Err(WakeError::Refused { origin: origin.to_owned(), address: address.to_string() })
            }
            (true, None) => {
                Err(WakeError::Unreachable { origin: origin.to_owned(), why: "it has no address".to_owned() })
            }
        }
    }

    fn tls(&self) -> Result<TlsConnector, String> {
        let made = self.tls.get_or_init(|| {
            let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            let config =
                ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                    .with_safe_default_protocol_versions()
                    .map_err(|error| error.to_string())?
                    .with_root_certificates(roots)
                    .with_no_client_auth();
            Ok(TlsConnector::from(Arc::new(config)))
        });
        made.clone()
    }
}

impl Wake for HttpWake {
    fn wake(&self, url: &str) -> BoxFuture<'static, Result<(), WakeError>> {
        self.clone().call(url.to_owned()).boxed()
    }
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Sends the request and reads the head of the answer; the body is nobody's business.
async fn exchange<S>(stream: S, request: Request<Empty<Bytes>>) -> hyper::Result<StatusCode>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(sender.send_request(request));
    tokio::select! {
        biased;
        answer = answer.as_mut() => Ok(answer?.status()),
        ended = connection.as_mut() => match ended {
            // It may have brought the answer with it.
            Ok(()) => Ok(answer.await?.status()),
            Err(error) => Err(error),
        },
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
            let told = refused.to_string();
            assert!(!told.contains("secret") && !told.contains("path"), "{told}");
        }
        tokio::select! {
            biased;
            _ = listener.accept() => panic!("it was connected to"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    async fn what_is_no_url_of_http_is_called_so() {
        for url in ["", "ftp://example.com/", "file:///etc/passwd", "wake me"] {
            assert_eq!(HttpWake::new().wake(url).await, Err(WakeError::Url), "{url}");
        }
    }
}
