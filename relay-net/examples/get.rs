//! Fetches a page over the dialer; here one that this process serves, on loopback.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::sync::Arc;

use relay_net::{HttpClient, HttpRequest, TcpDialer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let bytes = stream.read(&mut [0; 1024]).await?;
        println!("asked in {bytes} bytes");
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await
    });

    // Every error says what happened, where, and what to do.
    let client = HttpClient::new(Arc::new(TcpDialer::default()));
    let response = client.send(HttpRequest::get(&url)).await?.success()?;
    println!("{}: {}", response.status(), String::from_utf8_lossy(response.body()));
    Ok(())
}
