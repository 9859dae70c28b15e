//! The reading half: messages into lines, answers to pings, and the results of actions on their way back.

use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use relay_wire::{ConnectorFrame, Line, LineDecoder, OutboundReply};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
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
    loop {
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
            message = stream.next() => message,
            () = sleep_until(hello_until), if !frames.is_announced() => return Closing::NoHello,
        };
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return verdict(&error),
            None => return Closing::Lost,
        };
        match message {
            Message::Text(text) => lines.push(text.as_bytes()),
            Message::Binary(bytes) => lines.push(&bytes),
            Message::Close(frame) => return Closing::Left(frame.map(|frame| frame.code.into())),
            Message::Pong(payload) => {
                // Another payload answers no ping of this connection.
                if let Ok(number) = payload.as_ref().try_into() {
                    connection.ponged(u64::from_be_bytes(number));
                }
                continue;
            }
            // Pings are answered by the WebSocket layer.
            Message::Ping(_) | Message::Frame(_) => continue,
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
