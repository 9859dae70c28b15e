//! `wss`, over the loopback interface, with a certificate made for the test.

use relay_wire::Identity;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use relay_auth::Secret;
use relay_net::{Dial as _, DialError, NoProxy, Proxy, ProxySettings, TcpDialer};
use relay_transport::{Credentials, Link, LinkConfig, LinkState, RelayTransport as _};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

use crate::connector::DESCRIPTOR;

struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    url: Url,
    /// Trusts the server's certificate and no other.
    trusting: Arc<RootCertStore>,
}

/// A server whose certificate names `host`.
async fn server(host: &str) -> Server {
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let serving = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a key for the certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a root");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let url = Url::parse(&format!("wss://localhost:{port}/relay")).expect("a URL");
    Server { listener, acceptor: TlsAcceptor::from(Arc::new(serving)), url, trusting: Arc::new(roots) }
}

#[tokio::test]
async fn a_link_goes_live_over_tls() {
    let server = server("localhost").await;
    let identity = Identity { platform: "discord".into(), bot_id: "b1".into() };
    let credentials = Credentials::new("gw".parse().unwrap(), Secret::new("s"));
    let config = LinkConfig::new(server.url.clone(), identity)
        .with_credentials(credentials)
        .with_dialer(Arc::new(TcpDialer::with_roots(Arc::clone(&server.trusting))));
    let (link, _deliveries, _task) = Link::start(config);
    let (stream, _) = server.listener.accept().await.expect("a connection");
    let stream = server.acceptor.accept(stream).await.expect("a TLS handshake");
    let mut socket = accept_async(stream).await.expect("an upgrade");
    let hello = socket.next().await.expect("a hello").expect("a hello");
    assert_eq!(hello, Message::text("{\"type\":\"hello\",\"platform\":\"discord\",\"botId\":\"b1\"}\n"));
    socket.send(Message::text(DESCRIPTOR)).await.expect("written");
    link.state().wait_for(|state| *state == LinkState::Live).await.expect("the task runs");
}

/// A proxy for one tunnel, which leads to `target` whatever it is asked for; the task ends with what it was asked.
async fn proxy(target: u16) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            assert!(stream.read_buf(&mut request).await.expect("readable") > 0, "the request ended early");
        }
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.expect("written");
        tokio::spawn(async move {
            let mut there = TcpStream::connect(("127.0.0.1", target)).await.expect("the target listens");
            let _ = copy_bidirectional(&mut stream, &mut there).await;
        });
        String::from_utf8(request).expect("text")
    });
    (port, asked)
}

#[tokio::test]
async fn a_link_goes_live_through_a_tunnel_and_shows_the_proxy_no_token() {
    let server = server("c.example").await;
    let (port, asked) = proxy(server.listener.local_addr().expect("bound").port()).await;
    let through = ProxySettings::new(
        None,
        Some(Proxy::parse(&format!("127.0.0.1:{port}"), "environment (HTTPS_PROXY)")),
        NoProxy::default(),
    );
    let identity = Identity { platform: "discord".into(), bot_id: "b1".into() };
    let credentials = Credentials::new("gw".parse().unwrap(), Secret::new("s"));
    let url = Url::parse("wss://c.example/relay").expect("a URL");
    let config = LinkConfig::new(url, identity)
        .with_credentials(credentials)
        .with_dialer(Arc::new(TcpDialer::with_roots(Arc::clone(&server.trusting)).through(through)));
    let (link, _deliveries, _task) = Link::start(config);
    let (stream, _) = server.listener.accept().await.expect("a connection");
    let stream = server.acceptor.accept(stream).await.expect("a TLS handshake");
    let mut socket = accept_async(stream).await.expect("an upgrade");
    let hello = socket.next().await.expect("a hello").expect("a hello");
    assert_eq!(hello, Message::text("{\"type\":\"hello\",\"platform\":\"discord\",\"botId\":\"b1\"}\n"));
    socket.send(Message::text(DESCRIPTOR)).await.expect("written");
    link.state().wait_for(|state| *state == LinkState::Live).await.expect("the task runs");
    let asked = asked.await.expect("asked").to_lowercase();
    assert!(asked.starts_with("connect c.example:443 ") && !asked.contains("authorization"), "{asked}");
}

async fn dial_failure(server: Server, dialer: TcpDialer) -> String {
    let accepting = tokio::spawn(async move {
        let (stream, _) = server.listener.accept().await.expect("a connection");
        // The client turns away; how the server takes it is not its concern.
        drop(server.acceptor.accept(stream).await);
    });
    let Err(error) = dialer.dial(&server.url).await else { panic!("that certificate proves nothing") };
    accepting.await.expect("served");
    assert!(matches!(error, DialError::Tls { .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_certificate_of_an_unknown_issuer_is_not_trusted() {
    let error = dial_failure(server("localhost").await, TcpDialer::default()).await;
    assert!(error.contains("UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_not_trusted() {
    let server = server("elsewhere.example").await;
    let dialer = TcpDialer::with_roots(Arc::clone(&server.trusting));
    let error = dial_failure(server, dialer).await;
    assert!(error.contains("not valid for name \"localhost\""), "{error}");
}
