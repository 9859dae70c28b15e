//! HTTP answers that are not what they say, over TLS and without.

use std::sync::Arc;
use std::time::Duration;

use relay_auth::Secret;
use relay_net::{DialError, HttpClient, HttpError, HttpRequest, TcpDialer};
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::authority::Authority;
use crate::trust::trusting;

/// Answers one request with these bytes, then with `forever` until nobody reads any more.
async fn server(answer: Vec<u8>, forever: &'static [u8], tls: Option<TlsAcceptor>) -> u16 {
    async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Vec<u8>, forever: &[u8]) {
        let mut request = Vec::new();
        while !request.ends_with(b"x=1") {
            assert!(stream.read_buf(&mut request).await.expect("readable") > 0, "the request ended early");
        }
        let mut written = stream.write_all(&answer).await;
        while written.is_ok() && !forever.is_empty() {
            written = stream.write_all(forever).await;
        }
        let _ = stream.shutdown().await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        match tls {
            Some(tls) => {
                // A client that does not trust it leaves.
                if let Ok(stream) = tls.accept(stream).await {
                    serve(stream, answer, forever).await;
                }
            }
            None => serve(stream, answer, forever).await,
        }
    });
    port
}

async fn call(client: &HttpClient, url: &str) -> Result<Map<String, Value>, HttpError> {
    let url = Url::parse(url).expect("a URL");
    let request = HttpRequest::post(&url).form_fields(&[("x", "1")]).bearer(&Secret::new("hunter2"));
    client.call(request).await?.json()
}

async fn plain(answer: &str, forever: &'static [u8]) -> Result<Map<String, Value>, HttpError> {
    let port = server(answer.as_bytes().to_vec(), forever, None).await;
    call(&HttpClient::new(Arc::new(TcpDialer::default())), &format!("http://127.0.0.1:{port}/x")).await
}

#[tokio::test]
async fn an_answer_comes_over_tls_from_the_right_host_only() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let client = HttpClient::new(Arc::new(trusting(&ours)));
    let reply = || b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec();
    for (acceptor, told) in [
        (ours.acceptor("localhost", 2100), ""),
        (theirs.acceptor("localhost", 2100), "UnknownIssuer"),
        (ours.acceptor("elsewhere.example", 2100), "not valid for name \"localhost\""),
        (ours.acceptor("localhost", 2001), "expired"),
    ] {
        let port = server(reply(), b"", Some(acceptor)).await;
        match call(&client, &format!("https://localhost:{port}/x")).await {
            Ok(_) => assert!(told.is_empty(), "{told} was not seen"),
            Err(HttpError::Dial { source, .. }) => {
                assert!(matches!(*source, DialError::Tls { .. }), "{source:?}");
                assert!(!told.is_empty() && source.to_string().contains(told), "{source}");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn chunks_are_put_together_and_bad_ones_are_told() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let good = plain(&format!("{chunked}2\r\n{{\"\r\n5\r\na\":1}}\r\n0\r\n\r\n"), b"").await;
    assert_eq!(good.expect("an object").len(), 1);
    for bad in ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}x", "2\r\n{}\r\n", "ffffffffffffffffff\r\n"] {
        let error = plain(&format!("{chunked}{bad}"), b"").await.expect_err("broken");
        assert!(matches!(error, HttpError::Broken { .. } | HttpError::NotHttp { .. }), "{bad}: {error:?}");
    }
}

#[tokio::test]
async fn a_length_that_lies_is_told() {
    for (head, body) in [("content-length: 200", "{}"), ("content-length: 2\r\ncontent-length: 3", "{}")] {
        let error = plain(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}"), b"").await.expect_err("a lie");
        assert!(matches!(error, HttpError::Broken { .. } | HttpError::NotHttp { .. }), "{head}: {error:?}");
    }
    // Too short a length cuts the object in two.
    let error = plain("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{\"secret\":1}", b"").await;
    assert!(matches!(error, Err(HttpError::NotJson { .. })), "{error:?}");
}

#[tokio::test]
async fn what_never_ends_is_cut_off_and_what_is_no_http_is_told() {
    let error =
        plain("HTTP/1.1 200 OK\r\n\r\n", b"                                ").await.expect_err("endless");
    assert!(matches!(error, HttpError::TooLarge { max: 1_048_576, .. }), "{error:?}");
    let error =
        plain("HTTP/1.1 200 OK\r\nx: ", b"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy").await.expect_err("endless");
    assert!(matches!(&error, HttpError::NotHttp { reason, .. } if reason.contains("too large")), "{error:?}");
    let error = plain("220 smtp.example ESMTP\r\n", b"").await.expect_err("no HTTP");
    assert!(matches!(error, HttpError::NotHttp { .. }), "{error:?}");
    let error = plain("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", b"").await.expect_err("no JSON");
    assert!(matches!(error, HttpError::NotJson { .. }), "{error:?}");
}

#[tokio::test]
async fn a_redirect_to_another_host_names_it_and_that_host_never_hears_of_it() {
    let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = other.local_addr().expect("bound").port();
    let location = format!("http://127.0.0.1:{port}/elsewhere");
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let reply = format!("HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let error = plain(&reply, b"").await.expect_err("elsewhere");
        assert!(error.to_string().contains(&location), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert!(futures_util::FutureExt::now_or_never(other.accept()).is_none(), "nobody came");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_has_15_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let client = HttpClient::new(Arc::new(TcpDialer::default()));
    let error = call(&client, &format!("http://127.0.0.1:{port}/x")).await.expect_err("silence");
    assert!(
        matches!(error, HttpError::Timeout { limit, .. } if limit == Duration::from_secs(15)),
        "{error:?}"
    );
    assert!(error.to_string().contains("did not answer within 15s"), "{error}");
}
