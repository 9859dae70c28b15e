//! Servers that are slow, and servers that say nothing.

use std::time::Duration;

use relay_net::{Deadlines, HttpError, HttpRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};

use crate::server::{client, serve};

/// Sends so many bytes, one every 8 s, then nothing more.
async fn slow(bytes: u32) -> url::Url {
    let (url, _) = serve(move |mut stream| async move {
        stream.read_buf(&mut Vec::new()).await.expect("a request");
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await.expect("written");
        for _ in 0..bytes {
            sleep(Duration::from_secs(8)).await;
            stream.write_all(b"x").await.expect("written");
        }
        // Open until the client leaves.
        let _ = stream.read_buf(&mut Vec::new()).await;
    })
    .await;
    url
}

async fn limit_of(deadlines: Deadlines, bytes: u32) -> Option<Duration> {
    let url = slow(bytes).await;
    match client().with_deadlines(deadlines).send(HttpRequest::get(&url)).await {
        Ok(response) => {
            assert_eq!(response.body().len(), 4);
            None
        }
        Err(HttpError::Timeout { limit, .. }) => Some(limit),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_move_keep_a_silence_from_ending_and_nothing_keeps_the_total_from_it() {
    let (silence, total) = (Duration::from_secs(10), Duration::from_secs(30));
    assert_eq!(limit_of(Deadlines::silence(silence), 4).await, None, "32 s, and never 10 s of silence");
    let begun = Instant::now();
    assert_eq!(limit_of(Deadlines::silence(silence), 2).await, Some(silence));
    assert!(begun.elapsed() >= Duration::from_secs(26), "16 s of bytes and 10 s of silence");
    assert_eq!(limit_of(Deadlines::silence(silence).with_total(total), 4).await, Some(total));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_has_a_deadline_of_its_own() {
    let (url, _serving) = serve(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let first = Duration::from_secs(3);
    let client = client().with_deadlines(Deadlines::default().with_first_byte(first));
    let error = client.open(HttpRequest::get(&url)).await.expect_err("silence");
    assert!(matches!(error, HttpError::Timeout { limit, .. } if limit == first), "{error}");
}
