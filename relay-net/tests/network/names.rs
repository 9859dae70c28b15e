//! Names with many addresses, without asking anybody's DNS.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use relay_auth::Secret;
use relay_net::{Dial as _, DialError, DialStep, HttpClient, HttpError, HttpRequest, Resolve, TcpDialer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

/// Answers every name with these addresses.
struct Book(Vec<SocketAddr>);

impl Resolve for Book {
    fn resolve<'a>(&'a self, host: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            if host == "unknown.example" {
                return Err(io::Error::new(io::ErrorKind::NotFound, "no such name"));
            }
            Ok(self.0.clone())
        })
    }
}

fn dialer(addresses: Vec<SocketAddr>) -> (TcpDialer, Arc<Mutex<Vec<DialStep>>>) {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&steps);
    let dialer = TcpDialer::default()
        .resolving(Arc::new(Book(addresses)))
        .watched(Arc::new(move |step| seen.lock().expect("unharmed").push(step)));
    (dialer, steps)
}

#[tokio::test]
async fn a_family_that_leads_nowhere_gives_way_to_the_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let good = listener.local_addr().expect("bound");
    // Nobody listens at that port of either family's loopback.
    let dead = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound").port();
    let six = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], dead));
    let (dialer, steps) = dialer(vec![good, six, SocketAddr::from((Ipv4Addr::LOCALHOST, dead))]);
    let url = Url::parse("ws://many.example/relay").expect("a URL");
    assert!(dialer.dial(&url).await.is_ok());
    let order = vec![six, good, SocketAddr::from((Ipv4Addr::LOCALHOST, dead))];
    assert_eq!(*steps.lock().expect("unharmed"), [DialStep::Resolved(order), DialStep::Connected(good)]);
}

#[tokio::test]
async fn a_name_without_addresses_and_an_unknown_one_are_told() {
    let (dialer, _) = dialer(Vec::new());
    let url = |host: &str| Url::parse(&format!("wss://{host}/relay")).expect("a URL");
    let Err(error) = dialer.dial(&url("unknown.example")).await else { panic!("no such name") };
    assert!(matches!(&error, DialError::Resolve { host, .. } if host == "unknown.example"), "{error}");
    let Err(error) = dialer.dial(&url("empty.example")).await else { panic!("no address") };
    assert!(error.to_string().contains("empty.example:443 (it has no address)"), "{error}");
}

#[tokio::test]
async fn the_http_client_takes_the_same_way_and_names_an_ipv6_host_in_brackets() {
    // A machine without IPv6 has nothing to test there.
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let port = listener.local_addr().expect("bound").port();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        while !request.ends_with(b"x=1") {
            assert!(stream.read_buf(&mut request).await.expect("readable") > 0, "the request ended early");
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.expect("written");
        String::from_utf8(request).expect("text")
    });
    let client = HttpClient::new(Arc::new(TcpDialer::default()));
    let url = Url::parse(&format!("http://[::1]:{port}/token?a=b")).expect("a URL");
    client.call(HttpRequest::post(&url).form_fields(&[("x", "1")])).await.expect("answered");
    let request = serving.await.expect("served");
    assert!(request.starts_with("POST /token?a=b HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: [::1]:{port}\r\n")), "{request}");

    let (dialer, _) = dialer(Vec::new());
    let client = HttpClient::new(Arc::new(dialer));
    let url = Url::parse("https://unknown.example/token").expect("a URL");
    let request = HttpRequest::post(&url).bearer(&Secret::new("t"));
    let error = client.send(request).await.expect_err("no such name");
    let HttpError::Dial { source, .. } = &error else { panic!("{error}") };
    assert!(matches!(**source, DialError::Resolve { .. }), "{error}");
}
