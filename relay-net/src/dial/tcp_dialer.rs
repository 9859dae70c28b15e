//! The real dialer: DNS, TCP, proxies, TLS.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tracing::debug;
use url::{Host, Url};

use super::happy_eyeballs::{happy_eyeballs, interleave};
use super::resolve::SystemResolver;
use super::step::Watcher;
use crate::proxy::tunnel;
use crate::tls::tls_trusting;
use crate::{
    ByteStream, CaBundle, Dial, DialError, DialStep, Proxy, ProxySettings, Resolve, TlsError, TunnelError,
};

/// Addresses of one name that are tried where somebody else chose the name.
const MAX_PERMITTED: usize = 4;

/// How long bytes may go unacknowledged by the peer's machine until the kernel gives a connection up. In milliseconds.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: u32 = 20_000;

/// Which addresses may be connected to.
type Permitted = fn(IpAddr) -> bool;

/// Dials over TCP, through a proxy where one is set, with TLS for `wss` and `https`.
#[derive(Clone)]
pub struct TcpDialer {
    /// Built on the first encrypted dial, so that a plaintext gateway never reads the machine's certificates.
    tls: OnceCell<Arc<ClientConfig>>,
    /// In place of the machine's and the bundled roots.
    base: Option<Arc<RootCertStore>>,
    roots: Vec<CaBundle>,
    permitted: Option<Permitted>,
    proxies: ProxySettings,
    resolver: Arc<dyn Resolve>,
    watcher: Watcher,
}

impl Default for TcpDialer {
    fn default() -> Self {
        Self {
            tls: OnceCell::new(),
            base: None,
            roots: Vec::new(),
            permitted: None,
            proxies: ProxySettings::default(),
            resolver: Arc::new(SystemResolver),
            watcher: Watcher::default(),
        }
    }
}

impl TcpDialer {
    /// A dialer that trusts these roots in place of the machine's and those bundled with the program.
    pub fn with_roots(roots: Arc<RootCertStore>) -> Self {
        Self { base: Some(roots), ..Self::default() }
    }

    /// Trusts these roots too.
    #[must_use]
    pub fn trusting(mut self, roots: CaBundle) -> Self {
        self.roots.push(roots);
        // A dial may have built a configuration without them.
        self.tls = OnceCell::new();
        self
    }

    /// Connects to addresses that `permits` alone; what was looked up is what is checked and connected to, so a name
    /// cannot be one host when it is checked and another when it is called. Never through a proxy: that would look
    /// the name up itself, and where it connects to cannot be checked.
    #[must_use]
    pub fn permitting(mut self, permits: fn(IpAddr) -> bool) -> Self {
        self.permitted = Some(permits);
        self
    }

    /// Goes through these proxies.
    #[must_use]
    pub fn through(mut self, proxies: ProxySettings) -> Self {
        self.proxies = proxies;
        self
    }

    /// Finds addresses so, in place of asking the operating system.
    #[must_use]
    pub fn resolving(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = resolver;
        self
    }

    /// Tells of each step that a dial has taken.
    #[must_use]
    pub fn watched(mut self, watcher: Arc<dyn Fn(DialStep) + Send + Sync>) -> Self {
        self.watcher = Watcher(Some(watcher));
        self
    }

    async fn open(&self, url: &Url) -> Result<Box<dyn ByteStream>, DialError> {
        let stream = match self.proxies.for_url(url) {
            _ if self.permitted.is_some() => self.reach(url).await?,
            Ok(Some(proxy)) => self.open_through(proxy, url).await?,
            Ok(None) => self.reach(url).await?,
            Err(error) => return Err(error.into()),
        };
        if matches!(url.scheme(), "wss" | "https") { self.encrypt(url, stream).await } else { Ok(stream) }
    }

    /// A tunnel to the URL's host. The proxy resolves its name: there may be nobody here who can.
    async fn open_through(&self, proxy: &Proxy, url: &Url) -> Result<Box<dyn ByteStream>, DialError> {
        let (host, port) = host_and_port(url)?;
        let failed = |source| DialError::Proxy {
            host: format!("{host}:{port}"),
            proxy: proxy.name(),
            named_by: proxy.source().to_owned(),
            source,
        };
        let unopened = |error| match error {
            DialError::Resolve { source, .. } | DialError::Connect { source, .. } => {
                failed(TunnelError::Unreachable(source))
            }
            DialError::Tls { source, .. } => failed(TunnelError::Tls(source)),
            other => other,
        };
        let mut stream = self.reach(proxy.url()).await.map_err(unopened)?;
        if proxy.url().scheme() == "https" {
            stream = self.encrypt(proxy.url(), stream).await.map_err(unopened)?;
        }
        let stream = tunnel(proxy, stream, &format!("{host}:{port}")).await.map_err(failed)?;
        self.watcher.tell(|| DialStep::Tunnelled { proxy: proxy.name() });
        Ok(stream)
    }

    /// A connection to the host of a URL itself.
    async fn reach(&self, url: &Url) -> Result<Box<dyn ByteStream>, DialError> {
        let (host, port) = host_and_port(url)?;
        let addresses = self.permitted(&host, self.addresses(&host, port).await?)?;
        self.watcher.tell(|| DialStep::Resolved(addresses.clone()));
        let (stream, address) = happy_eyeballs(addresses, TcpStream::connect)
            .await
            .map_err(|source| DialError::Connect { host: host.to_string(), port, source })?;
        prepare(&stream);
        self.watcher.tell(|| DialStep::Connected(address));
        Ok(Box::new(stream))
    }

    /// Those of the addresses that may be connected to.
    fn permitted(&self, host: &Host<&str>, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, DialError> {
        let Some(permits) = self.permitted else { return Ok(found) };
        let refused = found.first().map(SocketAddr::ip);
        let found: Vec<_> =
            found.into_iter().filter(|address| permits(address.ip())).take(MAX_PERMITTED).collect();
        match refused {
            Some(address) if found.is_empty() => {
                Err(DialError::NotPermitted { host: host.to_string(), address })
            }
            _ => Ok(found),
        }
    }

    async fn addresses(&self, host: &Host<&str>, port: u16) -> Result<Vec<SocketAddr>, DialError> {
        let name = match host {
            Host::Domain(name) => *name,
            Host::Ipv4(address) => return Ok(vec![SocketAddr::from((*address, port))]),
            Host::Ipv6(address) => return Ok(vec![SocketAddr::from((*address, port))]),
        };
        let found = self.resolver.resolve(name, port).await;
        let found = found.map_err(|source| DialError::Resolve { host: name.to_owned(), source })?;
        Ok(interleave(found))
    }

    async fn encrypt(
        &self,
        url: &Url,
        stream: Box<dyn ByteStream>,
    ) -> Result<Box<dyn ByteStream>, DialError> {
        let (host, _) = host_and_port(url)?;
        let failed = |error| DialError::Tls { host: host.to_string(), source: TlsError::from(error) };
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.to_owned())
                .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?,
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(address)),
        };
        let config = self.tls.get_or_try_init(|| load_tls(self.base.clone(), self.roots.clone())).await?;
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

impl fmt::Debug for TcpDialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpDialer")
            .field("roots", &self.roots)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}

/// Frames are small and wait for nobody, and a peer whose machine is gone is noticed. A socket that refuses an option
/// still works.
fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "small frames may be delayed on this connection");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, UNACKNOWLEDGED) {
        debug!(%error, "the kernel may keep this connection for long after its peer is gone");
    }
}

fn host_and_port(url: &Url) -> Result<(Host<&str>, u16), DialError> {
    url.host().zip(url.port_or_known_default()).ok_or(DialError::NoHost)
}

async fn load_tls(
    base: Option<Arc<RootCertStore>>,
    roots: Vec<CaBundle>,
) -> Result<Arc<ClientConfig>, DialError> {
    let setup = |reason: String| DialError::TlsSetup { reason };
    let loaded = tokio::task::spawn_blocking(move || tls_trusting(base.as_deref(), &roots)).await;
    loaded.map_err(|error| setup(error.to_string()))?.map_err(|error| setup(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::FutureExt as _;
    use tokio::net::TcpListener;
    use url::Url;

    use super::TcpDialer;
    use crate::{Dial as _, DialError, DialStep, NoProxy, Proxy, ProxySettings};

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

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_kernel_gives_a_peer_up_whose_machine_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let stream =
            tokio::net::TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connected");
        super::prepare(&stream);
        let limit = rustix::net::sockopt::tcp_user_timeout(&stream).expect("it can be asked");
        assert_eq!((limit, stream.nodelay().expect("it can be asked")), (20_000, true));
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
    async fn an_address_that_is_not_permitted_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let proxy = Proxy::parse(&format!("http://{address}"), "test");
        let through = ProxySettings::new(Some(proxy), None, NoProxy::default());
        let dialer = TcpDialer::default().through(through).permitting(|ip| !ip.is_loopback());
        for host in ["127.0.0.1", "localhost"] {
            let url = Url::parse(&format!("http://{host}:{}/", address.port())).expect("a URL");
            let Err(error) = dialer.dial(&url).await else { panic!("{host} is this machine") };
            assert!(matches!(error, DialError::NotPermitted { .. }), "{error}");
        }
        // Not even a proxy is asked, which would look up the name itself.
        let url = Url::parse("http://192.0.2.1:1/").expect("a URL");
        let none = TcpDialer { permitted: Some(|_| false), ..dialer };
        let Err(error) = none.dial(&url).await else { panic!("nothing is permitted") };
        assert!(matches!(error, DialError::NotPermitted { .. }), "{error}");
        assert!(listener.accept().now_or_never().is_none(), "nobody came");
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
