//! A file uploaded by a gateway under its own name.

use std::sync::Arc;

use relay_auth::{Secret, UnixSeconds, VerifyList, verify};
use relay_net::{HttpClient, TcpDialer};
use relay_transport::{ConnectorApi, ConnectorApiError, Credentials, MediaFile};
use url::Url;

use crate::server::{answer, server};

const NOW: UnixSeconds = UnixSeconds(1_754_700_000);

async fn upload(url: &Url) -> Result<Url, ConnectorApiError> {
    let credentials =
        Credentials { gateway_id: "gw".parse().expect("a name"), secret: Secret::new("topsecret") };
    let file = MediaFile {
        content_type: "image/png".to_owned(),
        name: Some("T\u{fc}r\r\n.png".to_owned()),
        bytes: b"PNG".to_vec(),
    };
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
