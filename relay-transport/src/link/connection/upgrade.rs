//! From an open byte stream to a WebSocket.
//!
//! tungstenite writes the whole request, token included, to the `log` crate at trace level. Nothing here reads
//! that crate; a program that bridges it into its own log must keep `tungstenite` above trace.

use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::LinkConfig;
use crate::link::reconnect::DisconnectReason;
use relay_net::{TimedStream, printable};

/// Dials and upgrades, within the limit for both. Redirects are not followed: the token is for this host alone.
pub(crate) async fn connect(config: &LinkConfig) -> Result<WebSocketStream<TimedStream>, DisconnectReason> {
    let limit = config.limits.connect;
    match tokio::time::timeout(limit, dial_and_upgrade(config)).await {
        Ok(connected) => connected,
        Err(_) => Err(DisconnectReason::DialTimeout { limit }),
    }
}

async fn dial_and_upgrade(config: &LinkConfig) -> Result<WebSocketStream<TimedStream>, DisconnectReason> {
    let failed = |error| DisconnectReason::of_upgrade(error, config.clock.now());
    let mut request = config.dial_url.as_str().into_client_request().map_err(failed)?;
    let stream = TimedStream::new(config.dialer.dial(&config.dial_url).await?);
    // Minted after the dial: a token's time should not pass in DNS.
    if let Some(credentials) = config.credentials.current() {
        let bearer = format!("Bearer {}", credentials.token(config.clock.now()));
        let mut value = HeaderValue::try_from(bearer).map_err(|_| DisconnectReason::NoWebSocket {
            detail: "the token is no header value".to_owned(),
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert("authorization", value);
    }
    let bounds = WebSocketConfig::default()
        .read_buffer_size(32 * 1024)
        .max_message_size(Some(config.limits.message))
        .max_frame_size(Some(config.limits.message));
    let (socket, response) = client_async_with_config(request, stream, Some(bounds)).await.map_err(failed)?;
    // None is offered, so none may be chosen (RFC 6455, 4.1): what came then would be read for something else.
    match response.headers().get("sec-websocket-extensions") {
        Some(chosen) => Err(DisconnectReason::NoWebSocket {
            detail: format!(
                "it chose an extension that was not offered: {}",
                printable(&String::from_utf8_lossy(chosen.as_bytes()))
            ),
        }),
        None => Ok(socket),
    }
}
