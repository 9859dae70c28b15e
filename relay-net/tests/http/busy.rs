//! A peer that wants to be asked again later.

use std::time::Duration;

use relay_auth::UnixSeconds;
use relay_net::{HttpError, HttpRequest, RetryAfter};

use crate::server::{answer, client};

async fn refusal(head: &str) -> HttpError {
    let (url, _) = answer("\r\n\r\n", format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n")).await;
    client().call(HttpRequest::get(&url)).await.expect_err("refused")
}

#[tokio::test]
async fn a_busy_peer_says_when_it_wants_to_be_asked_again() {
    let error = refusal("429 Too Many Requests\r\nRetry-After: 17").await;
    assert_eq!((error.status(), error.retry_after()), (Some(429), Some(RetryAfter::Seconds(17))));
    assert!(error.to_string().contains("is busy (HTTP 429); try again in 17 s"), "{error}");

    let date = refusal("503 Unavailable\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT").await;
    let wait = date.retry_after().expect("a date").wait(UnixSeconds(784_111_777 - 5));
    assert_eq!(wait, Duration::from_secs(5));

    for without in ["503 Unavailable", "429 Slow down\r\nRetry-After: soon"] {
        let error = refusal(without).await;
        assert_eq!(error.retry_after(), None, "{error:?}");
        assert!(error.to_string().ends_with("; try again later"), "{error}");
    }
    let error = refusal("500 Broken").await;
    assert!(error.to_string().ends_with("answered HTTP 500; check the URL, then try again"), "{error}");
}

#[tokio::test]
async fn a_peer_says_what_time_it_is() {
    let (url, _) = answer(
        "\r\n\r\n",
        "HTTP/1.1 404 No\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n".to_owned(),
    )
    .await;
    let head = client().open(HttpRequest::get(&url)).await.expect("a head");
    assert_eq!(head.date(), Some(UnixSeconds(784_111_777)));
}
