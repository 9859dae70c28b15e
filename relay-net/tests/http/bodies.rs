//! Bodies of both directions, whole and as streams.

use bytes::Bytes;
use futures_util::stream;
use relay_net::{HttpError, HttpRequest, Method};

use crate::server::{answer, client};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

#[tokio::test]
async fn a_get_is_bare_and_any_method_can_be_asked() {
    let (url, asked) = answer("\r\n\r\n", OK).await;
    let response = client().send(HttpRequest::get(&url)).await.expect("answered");
    assert_eq!((response.status(), &response.body()[..]), (200, &b"{}"[..]));
    let host = format!("127.0.0.1:{}", url.port().expect("a port"));
    assert_eq!(asked.await.expect("served"), format!("GET /x?q=1 HTTP/1.1\r\nhost: {host}\r\n\r\n"));
    let (url, asked) = answer("\r\n\r\n", OK).await;
    client().send(HttpRequest::new(Method::DELETE, &url)).await.expect("answered");
    assert!(asked.await.expect("served").starts_with("DELETE /x?q=1 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_stream_is_sent_with_its_length_or_in_chunks() {
    let pieces = || stream::iter(["ab", "cde"].map(|piece| Ok(Bytes::from_static(piece.as_bytes()))));
    let (url, asked) = answer("abcde", OK).await;
    let request = HttpRequest::post(&url).stream("text/plain", pieces(), Some(5));
    client().send(request).await.expect("answered");
    let asked = asked.await.expect("served");
    assert!(asked.contains("content-length: 5\r\n") && asked.ends_with("\r\n\r\nabcde"), "{asked}");
    let (url, asked) = answer("0\r\n\r\n", OK).await;
    client().send(HttpRequest::post(&url).stream("text/plain", pieces(), None)).await.expect("answered");
    let asked = asked.await.expect("served");
    assert!(asked.ends_with("\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"), "{asked}");
}

#[tokio::test]
async fn a_response_comes_piece_by_piece_and_stops_at_the_bound() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n";
    let (url, _) = answer("\r\n\r\n", chunked).await;
    let mut response = client().with_max_body(5).open(HttpRequest::get(&url)).await.expect("a head");
    let mut come = Vec::new();
    while let Some(chunk) = response.chunk().await.expect("a piece") {
        come.extend_from_slice(&chunk);
    }
    assert_eq!(come, b"abcde");
    let (url, _) = answer("\r\n\r\n", chunked).await;
    let error = client().with_max_body(4).send(HttpRequest::get(&url)).await.expect_err("one too many");
    assert!(matches!(error, HttpError::TooLarge { max: 4, .. }), "{error}");
}
