//! A file uploaded by a gateway under its own name.

use std::sync::Arc;
use std::time::Duration;

use relay_auth::{Secret, UnixSeconds, VerifyList, verify};
use relay_net::{HttpClient, TcpDialer};
use relay_transport::{ConnectorApi, ConnectorApiError, Credentials, MediaFile};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::server::{answer, server};

const NOW: UnixSeconds = UnixSeconds(1_754_700_000);

async fn upload(url: &Url) -> Result<Url, ConnectorApiError> {
    let credentials = Credentials::new("gw".parse().expect("a name"), Secret::new("topsecret"));
    let file = MediaFile::new("image/png", b"PNG".to_vec()).with_name("T\u{fc}r\r\n.png".to_owned());
    ConnectorApi::over(HttpClient::new(Arc::new(TcpDialer::default())))
        .upload_media(url, &credentials, NOW, file)
        .await
}

#[tokio::test]
async fn a_file_is_uploaded_under_a_fresh_token_and_has_a_place_then() {
    let (url, task) = server(answer("200 OK", r#"{"id":"f81d","size":3}"#)).await;
    let place = upload(&url).await.expect("stored");
    assert_eq!(place.as_str(), format!("{url}/f81d"));
    let asked = task.await.expect("served");
    assert!(asked.ends_with("\r\n\r\nPNG"), "{asked}");
    assert!(asked.contains("content-type: image/png\r\n"), "{asked}");
    assert!(asked.contains("x-media-filename: T_r__.png\r\n"), "{asked}");
    let token = asked.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
    let verified = verify(token.expect("a bearer"), &VerifyList::new(Secret::new("topsecret")), NOW);
    assert_eq!(verified.expect("a good token").payload, "gw");
}

#[tokio::test]
async fn a_file_that_is_too_large_or_gets_no_name_is_not_uploaded() {
    let (url, _) = server(answer("413 Payload Too Large", r#"{"error":"at most 25 MiB"}"#)).await;
    let error = upload(&url).await.expect_err("refused");
    assert!(error.to_string().contains("at most 25 MiB"), "{error}");
    let (url, _) = server(answer("200 OK", r#"{"id":""}"#)).await;
    let error = upload(&url).await.expect_err("no name");
    assert!(error.to_string().contains("does not name the file"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_upload_has_as_long_as_bytes_move_and_a_minute_while_none_does() {
    const SIZE: usize = 24 * 1024 * 1024;
    let file = || MediaFile::new("video/mp4", vec![b'x'; SIZE]);
    let credentials = Credentials::new("gw".parse().expect("a name"), Secret::new("topsecret"));
    let api = ConnectorApi::over(HttpClient::new(Arc::new(TcpDialer::default())));
    for (pause, passes) in [(2, true), (3_600, false)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/relay/media", listener.local_addr().expect("bound"));
        let url = Url::parse(&url).expect("a URL");
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let (mut piece, mut come) = (vec![0; 1024 * 1024], 0);
            while come < SIZE {
                sleep(Duration::from_secs(pause)).await;
                // Whatever is there by then, up to a MiB.
                match stream.read(&mut piece).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => come += read,
                }
            }
            let answer = answer("200 OK", r#"{"id":"f81d"}"#);
            stream.write_all(answer.as_bytes()).await.expect("written");
        });
        let begun = Instant::now();
        let uploaded = api.upload_media(&url, &credentials, NOW, file()).await;
        assert_eq!(uploaded.is_ok(), passes, "{uploaded:?}");
        // Longer than the 15 s that other calls have.
        let least = Duration::from_secs(if passes { 40 } else { 60 });
        assert!(begun.elapsed() >= least, "{:?}", begun.elapsed());
        assert!(passes || begun.elapsed() < Duration::from_mins(2), "{:?}", begun.elapsed());
        serving.abort();
    }
}
