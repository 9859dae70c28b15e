//! A server for one request, and the client that asks it.

use std::sync::Arc;

use relay_net::{HttpClient, TcpDialer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

pub(crate) fn client() -> HttpClient {
    HttpClient::new(Arc::new(TcpDialer::default()))
}

/// Accepts one connection and does this with it.
pub(crate) async fn serve<F, T>(work: impl FnOnce(TcpStream) -> F + Send + 'static) -> (Url, JoinHandle<T>)
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let serving = tokio::spawn(async move { work(listener.accept().await.expect("a connection").0).await });
    (Url::parse(&format!("http://127.0.0.1:{port}/x?q=1")).expect("a URL"), serving)
}

/// Reads until the request ends so, then answers; what was asked.
pub(crate) async fn answer(end: &'static str, answer: impl Into<String>) -> (Url, JoinHandle<String>) {
    let answer = answer.into();
    serve(move |mut stream| async move {
        let mut request = Vec::new();
        while !request.ends_with(end.as_bytes()) {
            assert!(stream.read_buf(&mut request).await.expect("readable") > 0, "the request ended early");
        }
        // A client may have heard enough before the end.
        let _ = stream.write_all(answer.as_bytes()).await;
        String::from_utf8(request).expect("text")
    })
    .await
}
