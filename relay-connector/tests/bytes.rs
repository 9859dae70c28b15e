//! What the contract's routes answer, to the byte.

mod rig;

use relay_auth::Secret;
use rig::Rig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The answer without its date, on a connection that stays open.
async fn answer(rig: &Rig, request: &str) -> String {
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(format!("{request}Host: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break end;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "no whole head came");
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let lines: Vec<_> = head.lines().filter(|line| !line.starts_with("date: ")).collect();
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.filter(|_| !request.starts_with("HEAD")).map_or(0, |length| length.parse().unwrap());
    bytes.drain(..end + 4);
    while bytes.len() < length {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "no whole body came");
    }
    // What follows an upgrade is not HTTP.
    bytes.truncate(length);
    format!("{}\n\n{}", lines.join("\n"), String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn a_refusal_is_these_bytes() {
    let rig = Rig::start().await;
    for (request, expected) in [
        (
            "GET /relay HTTP/1.1\r\n",
            "HTTP/1.1 426 Upgrade Required\ncontent-type: application/json\nupgrade: websocket\n\
             content-length: 65\n\n\
             {\"error\":\"this is a WebSocket endpoint; connect a gateway to it\"}",
        ),
        (
            "HEAD /relay HTTP/1.1\r\n",
            "HTTP/1.1 405 Method Not Allowed\ncontent-type: application/json\nallow: GET\n\
             content-length: 37\n\n",
        ),
        (
            "DELETE /relay/enroll HTTP/1.1\r\n",
            "HTTP/1.1 405 Method Not Allowed\ncontent-type: application/json\nallow: POST\n\
             content-length: 38\n\n{\"error\":\"only POST is answered here\"}",
        ),
        (
            "BREW /relay/media/ HTTP/1.1\r\n",
            "HTTP/1.1 405 Method Not Allowed\ncontent-type: application/json\nallow: GET\n\
             content-length: 37\n\n{\"error\":\"only GET is answered here\"}",
        ),
        (
            "GET /relay/media/a/b HTTP/1.1\r\n",
            "HTTP/1.1 401 Unauthorized\ncontent-type: application/json\nwww-authenticate: Bearer\n\
             content-length: 72\n\n\
             {\"error\":\"the upgrade token is not accepted; enroll this gateway again\"}",
        ),
        (
            "OPTIONS /elsewhere HTTP/1.1\r\n",
            "HTTP/1.1 404 Not Found\ncontent-type: application/json\n\
             content-length: 63\n\n\
             {\"error\":\"there is nothing here; this connector serves /relay\"}",
        ),
        (
            "GET /relay/ HTTP/1.1\r\nUpgrade: websocket\r\n",
            "HTTP/1.1 400 Bad Request\ncontent-type: application/json\n\
             content-length: 55\n\n\
             {\"error\":\"only /relay can be upgraded; dial that path\"}",
        ),
    ] {
        assert_eq!(answer(&rig, request).await, expected, "{request}");
    }
}

#[tokio::test]
async fn an_upgrade_is_these_bytes_and_says_no_length() {
    let rig = Rig::start().await;
    let token = Rig::upgrade_token("nobody", &Secret::new("s"));
    let request = format!(
        "GET /relay HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n"
    );
    assert_eq!(
        answer(&rig, &request).await.split_once("\n\n").unwrap().0,
        "HTTP/1.1 101 Switching Protocols\nconnection: Upgrade\nupgrade: websocket\n\
         sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
}
