//! The real dialer: DNS, TCP, TLS.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::dial_step::Watcher;
use crate::{ByteStream, Dial, DialError, DialStep, default_tls};

/// How long one address has to itself before the next is tried beside it (RFC 8305).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// Dials over TCP, with TLS for `wss`.
#[derive(Debug, Default)]
pub struct TcpDialer {
    /// Built on the first `wss` dial, so that a plaintext gateway never reads the machine's certificates.
    tls: OnceCell<Arc<ClientConfig>>,
    watcher: Watcher,
}

impl TcpDialer {
    /// A dialer with a TLS configuration of one's own, in place of [`default_tls`].
    pub fn with_tls(config: Arc<ClientConfig>) -> Self {
        Self { tls: OnceCell::new_with(Some(config)), watcher: Watcher::default() }
    }

    /// Tells of each step that a dial has taken.
    #[must_use]
    pub fn watched(mut self, watcher: Arc<dyn Fn(DialStep) + Send + Sync>) -> Self {
        self.watcher = Watcher(Some(watcher));
        self
    }

    async fn open(&self, url: &Url) -> Result<Box<dyn ByteStream>, DialError> {
        let host = url.host().ok_or(DialError::NoHost)?;
        let port = url.port_or_known_default().ok_or(DialError::NoHost)?;
        let addresses = addresses(&host, port).await?;
        self.watcher.tell(|| DialStep::Resolved(addresses.iter().copied().collect()));
        let (stream, address) = reach(&host, port, addresses).await?;
        self.watcher.tell(|| DialStep::Connected(address));
        if matches!(url.scheme(), "wss" | "https") {
            self.encrypt(&host, stream).await
        } else {
            Ok(Box::new(stream))
        }
    }

    async fn encrypt(&self, host: &Host<&str>, stream: TcpStream) -> Result<Box<dyn ByteStream>, DialError> {
        let failed = |source| DialError::Tls { host: host.to_string(), source };
        let name = match host {
            Host::Domain(name) => ServerName::try_from((*name).to_owned())
                .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?,
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
        };
        let config = self.tls.get_or_try_init(load_tls).await?;
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(failed)?;
        self.watcher.tell(|| {
            let version = stream.get_ref().1.protocol_version();
            DialStep::Encrypted { version: version.map(|version| format!("{version:?}")).unwrap_or_default() }
        });
        Ok(Box::new(stream))
    }
}

impl Dial for TcpDialer {
    fn dial<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Box<dyn ByteStream>, DialError>> {
        Box::pin(self.open(url))
    }
}

async fn load_tls() -> Result<Arc<ClientConfig>, DialError> {
    let setup = |reason: String| DialError::TlsSetup { reason };
    let loaded = tokio::task::spawn_blocking(default_tls).await;
    loaded.map_err(|error| setup(error.to_string()))?.map_err(|error| setup(error.to_string()))
}

/// A TCP connection to whichever of the host's addresses answers first, and that address.
async fn reach(
    host: &Host<&str>,
    port: u16,
    mut waiting: VecDeque<SocketAddr>,
) -> Result<(TcpStream, SocketAddr), DialError> {
    let mut trying = FuturesUnordered::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    loop {
        if let Some(address) = waiting.pop_front() {
            trying.push(async move { TcpStream::connect(address).await.map(|stream| (stream, address)) });
        }
        let answer = tokio::select! {
            answer = trying.next() => answer,
            () = tokio::time::sleep(NEXT_ADDRESS_AFTER), if !waiting.is_empty() => continue,
        };
        match answer {
            Some(Ok((stream, address))) => {
                // Frames are small and wait for nobody. A socket that refuses the option still works.
                let _ = stream.set_nodelay(true);
                return Ok((stream, address));
            }
            Some(Err(error)) => last = error,
            None => return Err(DialError::Connect { host: host.to_string(), port, source: last }),
        }
    }
}

/// The host's addresses, alternating between the families so that one that leads nowhere costs one delay.
async fn addresses(host: &Host<&str>, port: u16) -> Result<VecDeque<SocketAddr>, DialError> {
    let name = match host {
        Host::Domain(name) => *name,
        Host::Ipv4(address) => return Ok(VecDeque::from([SocketAddr::from((*address, port))])),
        Host::Ipv6(address) => return Ok(VecDeque::from([SocketAddr::from((*address, port))])),
    };
    let found = lookup_host((name, port)).await;
    let found = found.map_err(|source| DialError::Resolve { host: name.to_owned(), source })?;
    Ok(interleave(found))
}

fn interleave(found: impl Iterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let (mut six, mut four): (VecDeque<_>, VecDeque<_>) = found.partition(SocketAddr::is_ipv6);
    let mut ordered = VecDeque::with_capacity(six.len() + four.len());
    while !six.is_empty() || !four.is_empty() {
        ordered.extend(six.pop_front());
        ordered.extend(four.pop_front());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::{Arc, Mutex};

    use tokio::net::TcpListener;
    use url::Url;

    use super::{TcpDialer, interleave};
    use crate::{Dial as _, DialError, DialStep};

    #[test]
    fn addresses_alternate_between_the_families() {
        let found = ["1.1.1.1:1", "1.1.1.2:1", "[::1]:1", "1.1.1.3:1"].map(|text| {
            let address: SocketAddr = text.parse().expect("an address");
            address
        });
        let ordered: Vec<String> = interleave(found.into_iter()).iter().map(SocketAddr::to_string).collect();
        assert_eq!(ordered, ["[::1]:1", "1.1.1.1:1", "1.1.1.2:1", "1.1.1.3:1"]);
    }

    #[tokio::test]
    async fn a_host_is_reached_by_name_and_by_address_of_either_family() {
        for (bind, host) in [("127.0.0.1:0", "localhost"), ("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "[::1]")]
        {
            // A machine without IPv6 has nothing to test there.
            let Ok(listener) = TcpListener::bind(bind).await else { continue };
            let port = listener.local_addr().expect("bound").port();
            let url = Url::parse(&format!("ws://{host}:{port}/relay")).expect("a URL");
            assert!(TcpDialer::default().dial(&url).await.is_ok(), "{url}");
        }
    }

    #[tokio::test]
    async fn whoever_watches_a_dial_learns_how_far_it_came() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let url = Url::parse(&format!("ws://{address}/relay")).expect("a URL");
        let steps = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&steps);
        let dialer =
            TcpDialer::default().watched(Arc::new(move |step| seen.lock().expect("unharmed").push(step)));
        assert!(dialer.dial(&url).await.is_ok());
        drop(listener);
        assert!(dialer.dial(&url).await.is_err());
        let resolved = DialStep::Resolved(vec![address]);
        assert_eq!(
            *steps.lock().expect("unharmed"),
            [resolved.clone(), DialStep::Connected(address), resolved]
        );
    }

    #[tokio::test]
    async fn a_port_that_nobody_listens_on_is_named_in_the_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        drop(listener);
        let url = Url::parse(&format!("ws://127.0.0.1:{port}/relay")).expect("a URL");
        let Err(error) = TcpDialer::default().dial(&url).await else { panic!("nobody listens") };
        assert!(matches!(&error, DialError::Connect { port: named, .. } if *named == port), "{error}");
    }

    #[tokio::test]
    async fn a_host_that_speaks_no_tls_is_a_tls_failure() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let plain = tokio::spawn(async move {
            use tokio::io::AsyncWriteExt as _;
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("written");
            stream
        });
        let url = Url::parse(&format!("wss://127.0.0.1:{port}/relay")).expect("a URL");
        let Err(error) = TcpDialer::default().dial(&url).await else { panic!("that was no TLS") };
        assert!(matches!(error, DialError::Tls { .. }), "{error}");
        drop(plain.await);
    }
}
