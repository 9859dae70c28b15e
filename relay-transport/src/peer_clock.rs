//! What time it is at the connector.

use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{DATE, HOST};
use hyper_util::rt::TokioIo;
use relay_auth::UnixSeconds;
use url::Url;

use crate::loss::Loss;
use crate::{ByteStream, LinkConfig};
use relay_net::printable;

/// Asks the connector's host for the time: the `Date` of its answer to a plain `GET` of the dial URL, whatever
/// its status. It is dialed as the link dials it, without credentials. `None` where the answer holds no date.
///
/// A token lives for minutes, so a gateway whose clock is wrong by more than that is rejected as expired.
pub async fn peer_clock(config: &LinkConfig) -> Result<Option<UnixSeconds>, Loss> {
    let limit = config.limits.connect;
    let asking = async { ask(config.dialer.dial(&config.dial_url).await?, &config.dial_url).await };
    tokio::time::timeout(limit, asking).await.unwrap_or(Err(Loss::DialTimeout { limit }))
}

async fn ask(stream: Box<dyn ByteStream>, url: &Url) -> Result<Option<UnixSeconds>, Loss> {
    let broken = |error: hyper::Error| Loss::NoWebSocket { detail: printable(&error.to_string()) };
    let unmakeable = |error: hyper::http::Error| Loss::NoWebSocket { detail: printable(&error.to_string()) };
    let authority = url.authority();
    let request =
        Request::get(url.path()).header(HOST, authority).body(Empty::<Bytes>::new()).map_err(unmakeable)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // An answer that has come stands, however its connection ends.
    let answer = tokio::select! {
        biased;
        answer = sender.send_request(request) => answer.map_err(broken)?,
        Err(error) = connection => return Err(broken(error)),
    };
    Ok(answer.headers().get(DATE).and_then(|date| read(date.to_str().ok()?)))
}

fn read(date: &str) -> Option<UnixSeconds> {
    let date: SystemTime = httpdate::parse_http_date(date).ok()?;
    Some(UnixSeconds::from_system(date))
}
