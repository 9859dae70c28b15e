//! What time it is at the connector.

use std::sync::Arc;

use relay_auth::UnixSeconds;
use relay_net::{Deadlines, HttpClient, HttpError, HttpRequest};

use crate::LinkConfig;

/// Asks the connector's host for the time: the `Date` of its answer to a plain `GET` of the dial URL, whatever
/// its status. It is dialed as the link dials it, without credentials. `None` where the answer holds no date.
///
/// A token lives for minutes, so a gateway whose clock is wrong by more than that is rejected as expired.
pub async fn peer_clock(config: &LinkConfig) -> Result<Option<UnixSeconds>, HttpError> {
    let mut url = config.dial_url.clone();
    let scheme = if url.scheme() == "wss" { "https" } else { "http" };
    // Of an address that is none of a WebSocket the request says so.
    let _ = url.set_scheme(scheme);
    url.set_query(None);
    let client =
        HttpClient::new(Arc::clone(&config.dialer)).with_deadlines(Deadlines::total(config.limits.connect));
    Ok(client.open(HttpRequest::get(&url)).await?.date())
}
