//! The reading half: messages into lines, liveness, and the results of actions on their way back.

use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use relay_wire::{ConnectorFrame, Line, LineDecoder, OutboundReply};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::actions::Performed;
use super::frames::FrameHandler;
use crate::delivery::closing::Closing;
use crate::delivery::gateway_connection::GatewayConnection;
use crate::server::tap::{Direction, show};
use crate::{FrameTap, Limits};

/// Reads until the connection is to end, and says why.
pub(super) async fn read<S>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    connection: &GatewayConnection,
    mut frames: FrameHandler<'_>,
    limits: &Limits,
    tap: Option<&FrameTap>,
) -> Closing
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut lines = LineDecoder::new(limits.line);
    let hello_until = Instant::now() + limits.hello;
    let mut heard = Instant::now();
    loop {
        let silent_at = heard + limits.silence;
        let until = if frames.is_announced() { silent_at } else { silent_at.min(hello_until) };
        let message = tokio::select! {
            biased;
            Some(performed) = frames.actions.next() => {
                answer(connection, performed).await;
                continue;
            }
            () = frames.hellos.news() => {
                if let ControlFlow::Break(reason) = frames.answer_hellos().await {
                    return reason;
                }
                continue;
            }
            message = timeout_at(until, stream.next()) => message,
        };
        let message = match message {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return verdict(&error),
            Ok(None) => return Closing::Lost,
            Err(_) if frames.is_announced() => return Closing::Lost,
            Err(_) => return Closing::NoHello,
        };
        heard = Instant::now();
        match message {
            Message::Text(text) => lines.push(text.as_bytes()),
            Message::Binary(bytes) => lines.push(&bytes),
            Message::Close(_) => return Closing::Left,
            // Pings are answered by the WebSocket layer; a pong has done its work by arriving.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        }
        while let Some(line) = lines.next_line() {
            match line {
                Line::Complete(bytes) => {
                    show(tap, Direction::FromGateway, bytes);
                    if let ControlFlow::Break(reason) = frames.handle(bytes).await {
                        return reason;
                    }
                }
                Line::TooLong { max } => frames.skip(&format_args!("it is longer than {max} bytes")),
            }
        }
    }
}

/// Sends an action's result back, where there is one.
pub(super) async fn answer(connection: &GatewayConnection, performed: Performed) {
    if let Some(result) = performed.result {
        let reply = OutboundReply { request_id: performed.request_id, result };
        connection.answer(&ConnectorFrame::OutboundResult(reply)).await;
    }
}

/// How a connection ends that cannot be read any further.
fn verdict(error: &Error) -> Closing {
    tracing::debug!(%error, "the connection can no longer be read");
    match error {
        Error::Capacity(_) => Closing::TooBig,
        Error::Utf8(_) => Closing::NotUtf8,
        _ => Closing::Lost,
    }
}
