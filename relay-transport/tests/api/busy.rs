//! A peer that wants to be asked again later.

use std::sync::Arc;
use std::time::Duration;

use relay_auth::UnixSeconds;
use relay_transport::{ApiError, HttpClient, Post, RetryAfter, TcpDialer};

use crate::server::server;

async fn refusal(head: &str) -> ApiError {
    let (url, _) = server(format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n")).await;
    let client = HttpClient::new(Arc::new(TcpDialer::default()));
    client.send(Post::form(&url)).await.expect_err("refused")
}

#[tokio::test]
async fn a_busy_peer_says_when_it_wants_to_be_asked_again() {
    let error = refusal("429 Too Many Requests\r\nRetry-After: 17").await;
    assert_eq!(error.retry_after(), Some(RetryAfter::Seconds(17)));
    assert!(error.to_string().contains("is busy (HTTP 429); try again in 17 s"), "{error}");

    let date = refusal("503 Unavailable\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT").await;
    let wait = date.retry_after().expect("a date").wait(UnixSeconds(784_111_777 - 5));
    assert_eq!(wait, Duration::from_secs(5));

    for without in ["503 Unavailable", "429 Slow down\r\nRetry-After: soon"] {
        let error = refusal(without).await;
        assert!(matches!(error, ApiError::Busy { retry_after: None, .. }), "{error:?}");
    }
    let error = refusal("500 Broken\r\nRetry-After: 17").await;
    assert!(matches!(error, ApiError::Status { status: 500, .. }), "{error:?}");
}
