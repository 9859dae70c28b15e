//! Streams and the HTTP client through a proxy, and proxies that lead nowhere.

use std::sync::Arc;
use std::time::Duration;

use relay_auth::Secret;
use relay_net::{
    Dial as _, DialError, HttpClient, HttpError, HttpRequest, NoProxy, Proxy, ProxySettings, TcpDialer,
    TunnelError,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use crate::authority::Authority;
use crate::proxy_server::{ProxyServer, proxy};
use crate::trust::trusting;

const OPEN: &[u8] = b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n";

/// Everything goes through this proxy.
fn settings(proxy: &str, no_proxy: &str) -> ProxySettings {
    let named = || Some(Proxy::parse(proxy, "environment (ALL_PROXY)"));
    ProxySettings::new(named(), named(), NoProxy::parse(no_proxy))
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

/// A host of another machine, played by a port of this one: what it was sent is answered to.
async fn host(tls: Option<tokio_rustls::TlsAcceptor>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let reply = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"here\":\"ok\"}";
        if let Some(tls) = tls {
            let mut stream = tls.accept(stream).await.expect("a TLS handshake");
            let _ = stream.read_buf(&mut Vec::new()).await;
            let _ = stream.write_all(&reply[..]).await;
        } else {
            let _ = stream.read_buf(&mut Vec::new()).await;
            let _ = stream.write_all(&reply[..]).await;
        }
    });
    port
}

#[tokio::test]
async fn both_encrypted_and_plain_connections_go_through_a_tunnel() {
    for (scheme, port) in [("ws", 80), ("wss", 443), ("http", 80), ("https", 443)] {
        let authority = Authority::new();
        let encrypted = matches!(scheme, "wss" | "https");
        let there = host(encrypted.then(|| authority.acceptor("c.example", 2100))).await;
        let ProxyServer { port: at, asked } = proxy(OPEN.to_vec(), Some(there), None).await;
        let dialer =
            trusting(&authority).through(settings(&format!("http://me:hunter%402@127.0.0.1:{at}"), ""));
        let mut stream = dialer.dial(&url(&format!("{scheme}://c.example/relay"))).await.expect("a way");
        stream.write_all(b"x").await.expect("written");
        let mut heard = [0; 12];
        stream.read_exact(&mut heard).await.expect("readable");
        assert_eq!(&heard, b"HTTP/1.1 200");
        let asked = asked.await.expect("asked");
        assert!(asked.starts_with(&format!("CONNECT c.example:{port} HTTP/1.1\r\n")), "{asked}");
        assert!(asked.contains(&format!("host: c.example:{port}\r\n")), "{asked}");
        // me:hunter@2
        assert!(asked.contains("proxy-authorization: Basic bWU6aHVudGVyQDI=\r\n"), "{asked}");
    }
}

#[tokio::test]
async fn a_call_goes_through_a_proxy_that_is_itself_behind_tls() {
    let authority = Authority::new();
    let there = host(Some(authority.acceptor("idp.example", 2100))).await;
    let guard = authority.acceptor("localhost", 2100);
    // An old proxy may still say HTTP/1.0.
    let ProxyServer { port, asked } =
        proxy(b"HTTP/1.0 200 OK\r\n\r\n".to_vec(), Some(there), Some(guard)).await;
    let dialer = trusting(&authority).through(settings(&format!("https://localhost:{port}"), ""));
    let client = HttpClient::new(Arc::new(dialer));
    let request = HttpRequest::post(&url("https://idp.example:8443/token")).bearer(&Secret::new("hunter2"));
    client.call(request).await.expect("answered");
    let asked = asked.await.expect("asked");
    assert!(asked.starts_with("CONNECT idp.example:8443 HTTP/1.1\r\n"), "{asked}");
    assert!(!asked.contains("hunter2") && !asked.contains("proxy-authorization"), "{asked}");
}

#[tokio::test]
async fn a_literal_address_keeps_its_brackets() {
    let there = host(None).await;
    let ProxyServer { port, asked } = proxy(OPEN.to_vec(), Some(there), None).await;
    let dialer = TcpDialer::default().through(settings(&format!("127.0.0.1:{port}"), ""));
    assert!(dialer.dial(&url("ws://[2001:db8::1]:81/relay")).await.is_ok());
    let asked = asked.await.expect("asked");
    assert!(asked.starts_with("CONNECT [2001:db8::1]:81 HTTP/1.1\r\n"), "{asked}");
}

#[tokio::test]
async fn this_machine_and_the_hosts_of_no_proxy_are_reached_directly() {
    // Nobody listens there: whatever went to the proxy would fail.
    let dead = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound").port();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let dialer = TcpDialer::default().through(settings(&format!("127.0.0.1:{dead}"), ""));
    for host in ["127.0.0.1", "localhost"] {
        assert!(dialer.dial(&url(&format!("ws://{host}:{port}/relay"))).await.is_ok(), "{host}");
    }
    let Err(error) = dialer.dial(&url("ws://c.example/relay")).await else { panic!("nobody is there") };
    assert!(matches!(error, DialError::Proxy { source: TunnelError::Unreachable(_), .. }), "{error}");
}

async fn failure(answer: &[u8]) -> (String, TunnelError) {
    let ProxyServer { port, .. } = proxy(answer.to_vec(), None, None).await;
    let named = format!("http://me:hunter2@127.0.0.1:{port}");
    let dialer = TcpDialer::default().through(settings(&named, ""));
    let Err(error) = dialer.dial(&url("wss://c.example/relay")).await else { panic!("that is no way") };
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("bWU6"), "{shown}");
    let place = format!(
        "to c.example:443 through the proxy http://127.0.0.1:{port}, which environment (ALL_PROXY) names"
    );
    assert!(shown.contains(&place), "{shown}");
    let text = error.to_string();
    let DialError::Proxy { source: fault, .. } = error else { panic!("{text}") };
    (text, fault)
}

#[tokio::test]
async fn each_way_in_which_a_proxy_fails_has_its_own_remedy() {
    for (status, remedy) in [
        ("407 Proxy Authentication Required", "write the right user and password"),
        ("403 Forbidden", "NO_PROXY"),
        ("502 Bad Gateway", "could not reach the host"),
        ("302 Found\r\nLocation: http://evil.example/", "a proxy that allows CONNECT"),
        ("404 Not Found", "a proxy that allows CONNECT"),
    ] {
        let (text, fault) = failure(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await;
        assert!(matches!(fault, TunnelError::Refused(_)), "{fault:?}");
        assert!(text.contains(remedy) && text.contains(status.get(..3).expect("a status")), "{text}");
    }
    let (text, fault) = failure(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    assert!(matches!(fault, TunnelError::NotHttp(_)), "{text}");
    let mut endless = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    endless.resize(1024 * 1024, b'y');
    let (text, fault) = failure(&endless).await;
    assert!(matches!(&fault, TunnelError::NotHttp(reason) if reason.contains("too large")), "{text}");
    let (text, fault) = failure(b"HTTP/1.1 200 OK\r\nx").await;
    assert!(matches!(fault, TunnelError::Broken(_)), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_runs_out_of_time() {
    // Within the time that a link gives a whole dial, which would not name the proxy.
    let dial = Duration::from_secs(15);
    let (text, fault) = tokio::time::timeout(dial, failure(b"")).await.expect("the proxy's own limit");
    assert!(matches!(fault, TunnelError::Silent(_)), "{text}");
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_or_cannot_be_used_is_told_as_such() {
    let guard = Authority::new().acceptor("localhost", 2100);
    let ProxyServer { port, .. } = proxy(OPEN.to_vec(), None, Some(guard)).await;
    let dialer = TcpDialer::default().through(settings(&format!("https://localhost:{port}"), ""));
    let Err(error) = dialer.dial(&url("wss://c.example/relay")).await else { panic!("untrusted") };
    assert!(matches!(error, DialError::Proxy { source: TunnelError::Tls(_), .. }), "{error}");

    let dialer = TcpDialer::default().through(settings("socks5://me:hunter2@p.example", ""));
    let client = HttpClient::new(Arc::new(dialer.clone()));
    let error = client.send(HttpRequest::post(&url("https://idp.example/token"))).await.expect_err("no way");
    assert!(
        matches!(&error, HttpError::Dial { source, .. } if matches!(**source, DialError::ProxyUrl(_))),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.contains("environment (ALL_PROXY)") && !text.contains("hunter2"), "{text}");
}
