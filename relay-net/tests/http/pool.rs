//! Connections that are kept for the next request, and those that prove dead.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use relay_auth::Secret;
use relay_net::{HttpError, HttpRequest, Method, PoolLimits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use url::Url;

use crate::server::client;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What a server does with a request.
#[derive(Clone, Copy)]
enum Step {
    /// Answers so and waits for the next one.
    Answer(&'static str),
    /// Answers so and closes the connection.
    Last(&'static str),
}

/// A server of many connections, each counted from 0.
struct Server {
    url: Url,
    /// The requests, each with the number of its connection.
    asked: Arc<Mutex<Vec<(usize, String)>>>,
    /// The numbers of the connections that have ended.
    ended: mpsc::UnboundedReceiver<usize>,
}

impl Server {
    /// Does this with each request, by the number of its connection and its number on that connection.
    async fn start(step: impl Fn(usize, usize) -> Step + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (asked, step) = (Arc::<Mutex<Vec<_>>>::default(), Arc::new(step));
        let (ending, ended) = mpsc::unbounded_channel();
        let noted = Arc::clone(&asked);
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.expect("a connection");
                let (noted, step, ending) = (Arc::clone(&noted), Arc::clone(&step), ending.clone());
                tokio::spawn(async move {
                    serve(stream, connection, &noted, &*step).await;
                    let _ = ending.send(connection);
                });
            }
        });
        Self { url: Url::parse(&format!("http://127.0.0.1:{port}/x")).expect("a URL"), asked, ended }
    }

    /// The connections by which requests came, in their order.
    fn connections(&self) -> Vec<usize> {
        self.asked.lock().expect("no panic").iter().map(|(connection, _)| *connection).collect()
    }

    /// Waits until a connection has ended, and until this side could know.
    async fn end_of_one(&mut self) -> usize {
        let ended = timeout(Duration::from_mins(1), self.ended.recv()).await;
        let ended = ended.expect("one of them ends").expect("the server runs");
        sleep(Duration::from_millis(1)).await;
        ended
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    asked: &Mutex<Vec<(usize, String)>>,
    step: &(impl Fn(usize, usize) -> Step + Sync),
) {
    for number in 0.. {
        let Some(request) = read(&mut stream).await else { return };
        asked.lock().expect("no panic").push((connection, request));
        match step(connection, number) {
            Step::Answer(text) => stream.write_all(text.as_bytes()).await.expect("written"),
            Step::Last(text) => {
                stream.write_all(text.as_bytes()).await.expect("written");
                return;
            }
        }
    }
}

/// The next request whole; `None` where the client has left.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let is_whole = match length {
                Some(length) => body.len() >= length.parse().expect("a number"),
                None => !head.contains("chunked") || body.ends_with("0\r\n\r\n"),
            };
            if is_whole {
                return Some(text);
            }
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}

/// Answers the first request of each connection, and closes the first connection at its second request, after this.
async fn failing(at_the_second: &'static str) -> Server {
    Server::start(move |connection, number| match (connection, number) {
        (0, 1) => Step::Last(at_the_second),
        _ => Step::Answer(OK),
    })
    .await
}

#[tokio::test]
async fn requests_to_one_origin_share_a_connection_and_clones_share_it_too() {
    let server = Server::start(|_, _| Step::Answer(OK)).await;
    let other = Server::start(|_, _| Step::Answer(OK)).await;
    let client = client();
    for _ in 0..3 {
        client.send(HttpRequest::get(&server.url)).await.expect("answered");
        client.clone().send(HttpRequest::post(&server.url).body("text/plain", "x")).await.expect("answered");
        client.send(HttpRequest::get(&other.url)).await.expect("answered");
    }
    assert_eq!((server.connections(), other.connections()), (vec![0; 6], vec![0; 3]));
}

#[tokio::test]
async fn without_a_pool_each_request_has_a_connection_of_its_own() {
    let mut server = Server::start(|_, _| Step::Answer(OK)).await;
    let client = client().with_pool(PoolLimits::none());
    for connection in 0..3 {
        client.send(HttpRequest::get(&server.url)).await.expect("answered");
        assert_eq!(server.end_of_one().await, connection);
    }
    assert_eq!(server.connections(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_server_closed_meanwhile_is_not_used_again() {
    let mut server = Server::start(|_, _| Step::Last(OK)).await;
    let client = client();
    for connection in 0..3 {
        // Not even one that must not arrive twice fails.
        let request = HttpRequest::post(&server.url).body("text/plain", "once");
        client.send(request).await.expect("answered");
        assert_eq!(server.end_of_one().await, connection);
    }
    assert_eq!(server.connections(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_leave_or_says_too_much_is_dialed_again() {
    let leave = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let too_much =
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    for answer in [leave, too_much] {
        let server = Server::start(move |_, _| Step::Answer(answer)).await;
        let client = client();
        for _ in 0..2 {
            let response = client.send(HttpRequest::get(&server.url)).await.expect("answered");
            assert_eq!(&response.body()[..], b"ok");
        }
        assert_eq!(server.connections(), [0, 1], "{answer}");
    }
}

#[tokio::test]
async fn a_request_that_may_arrive_twice_is_sent_again_where_a_kept_connection_proves_dead() {
    let plain = |url: &Url| HttpRequest::get(url).bearer(&Secret::new("t"));
    let marked = |url: &Url| HttpRequest::post(url).form_fields(&[("token", "t")]).idempotent();
    let replaced = |url: &Url| HttpRequest::new(Method::PUT, url).body("text/plain", "whole");
    for request in [plain, marked, replaced] {
        let (server, client) = (failing("").await, client());
        for _ in 0..3 {
            client.send(request(&server.url)).await.expect("answered");
        }
        assert_eq!(server.connections(), [0, 0, 1, 1]);
        let asked = server.asked.lock().expect("no panic");
        assert_eq!(asked[1].1, asked[2].1, "the same once more");
    }
}

#[tokio::test]
async fn a_request_that_must_not_arrive_twice_does_not() {
    let posted = |url: &Url| HttpRequest::post(url).body("text/plain", "once");
    let pieces = || stream::iter([Ok(Bytes::from_static(b"once"))]);
    // Its method allows it, but what the stream gave is gone.
    let streamed = |url: &Url| HttpRequest::new(Method::PUT, url).stream("text/plain", pieces(), Some(4));
    let requests: [&dyn Fn(&Url) -> HttpRequest; 2] = [&posted, &streamed];
    for request in requests {
        let (server, client) = (failing("").await, client());
        client.send(HttpRequest::get(&server.url)).await.expect("answered");
        let error = client.send(request(&server.url)).await.expect_err("closed without an answer");
        assert!(matches!(error, HttpError::Broken { .. }), "{error}");
        assert_eq!(server.connections(), [0, 0], "once");
        client.send(request(&server.url)).await.expect("a new connection");
    }
}

#[tokio::test]
async fn nothing_is_sent_again_once_a_byte_of_the_answer_came() {
    let (server, client) = (failing("HTTP/1.1 200 OK\r\ncontent-le").await, client());
    client.send(HttpRequest::get(&server.url)).await.expect("answered");
    let error = client.send(HttpRequest::get(&server.url)).await.expect_err("half an answer");
    assert!(matches!(error, HttpError::Broken { .. }), "{error}");
    assert_eq!(server.connections(), [0, 0]);
}

#[tokio::test]
async fn a_new_connection_that_fails_is_the_last_one() {
    let server = Server::start(|_, _| Step::Last("")).await;
    let error = client().send(HttpRequest::get(&server.url)).await.expect_err("closed without an answer");
    assert!(matches!(error, HttpError::Broken { .. }), "{error}");
    assert_eq!(server.connections(), [0]);
}

#[tokio::test]
async fn a_response_that_is_not_read_to_its_end_takes_its_connection_along() {
    let mut server = Server::start(|_, _| Step::Answer(OK)).await;
    let client = client();
    drop(client.open(HttpRequest::get(&server.url)).await.expect("a head"));
    assert_eq!(server.end_of_one().await, 0);
    client.send(HttpRequest::get(&server.url)).await.expect("answered");
    assert_eq!(server.connections(), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_uses_is_closed_in_time() {
    let mut server = Server::start(|_, _| Step::Answer(OK)).await;
    let client = client().with_pool(PoolLimits::default().with_idle(Duration::from_secs(20)));
    client.send(HttpRequest::get(&server.url)).await.expect("answered");
    sleep(Duration::from_secs(15)).await;
    client.send(HttpRequest::get(&server.url)).await.expect("answered");
    sleep(Duration::from_secs(15)).await;
    assert!(server.ended.try_recv().is_err(), "15 s after its last use");
    sleep(Duration::from_secs(6)).await;
    assert_eq!(server.end_of_one().await, 0);
    client.send(HttpRequest::get(&server.url)).await.expect("answered");
    assert_eq!(server.connections(), [0, 0, 1]);
    // The last client takes what is kept along.
    drop(client);
    assert_eq!(server.end_of_one().await, 1);
}

#[tokio::test]
async fn no_more_are_kept_than_the_bounds_allow() {
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(Server::start(|_, _| Step::Answer(OK)).await);
    }
    let at_once = client().with_pool(PoolLimits::default().with_per_origin(1));
    // Two heads are here before either body is read, so there are two connections.
    let one = at_once.open(HttpRequest::get(&servers[0].url)).await.expect("a head");
    let other = at_once.open(HttpRequest::get(&servers[0].url)).await.expect("a head");
    one.whole().await.expect("answered");
    other.whole().await.expect("answered");
    assert_eq!(servers[0].end_of_one().await, 0, "the one that is unused for longer");
    let few = client().with_pool(PoolLimits::default().with_total(2));
    for server in &servers[..] {
        few.send(HttpRequest::get(&server.url)).await.expect("answered");
    }
    assert_eq!(servers[0].end_of_one().await, 2, "of another origin");
    for server in &servers[1..] {
        few.send(HttpRequest::get(&server.url)).await.expect("answered");
        assert_eq!(server.connections(), [0, 0]);
    }
}
