//! The writing half: queued lines, pings and the wait for their answers, and the close frame.

use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt as _;
use futures_util::stream::SplitSink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::closed;
use crate::delivery::closing::Closing;
use crate::delivery::gateway_connection::{GatewayConnection, Outgoing, OutgoingKind};
use crate::server::tap::{Direction, show};
use crate::{FrameTap, Limits};

/// How long a peer that seems lost is still listened to: after a freeze of the machine all waits are over at once.
const THAW: Duration = Duration::from_millis(100);

/// Lines that one flush may cover.
const BATCH: usize = 64;

/// The largest message that is written, in bytes. A longer line is cut: the WebSocket library of deployed gateways
/// takes 1 MiB and closes the connection at one byte more, and the line would come again until it becomes a dead letter.
const MAX_MESSAGE: usize = 512 * 1024;

/// The sending half of a WebSocket, within its bounds.
pub(super) struct Writer<'a, S> {
    pub(super) sink: SplitSink<WebSocketStream<S>, Message>,
    pub(super) limits: &'a Limits,
    pub(super) tap: Option<&'a FrameTap>,
}

/// Writes until the connection is to end, then what is still queued and the close frame. Whether the peer can
/// be expected to do its part of the closing handshake.
pub(super) async fn write<S>(
    mut writer: Writer<'_, S>,
    mut urgent: mpsc::Receiver<Utf8Bytes>,
    mut outgoing: mpsc::Receiver<Outgoing>,
    closing: watch::Receiver<Option<Closing>>,
    connection: &GatewayConnection,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reason = tokio::select! {
        biased;
        reason = closed(closing) => reason,
        // Only a peer that cannot be written to any more ends it from here.
        () = writer.pump(&mut urgent, &mut outgoing, connection) => {
            connection.close(Closing::Lost);
            return false;
        }
    };
    let Some(frame) = reason.frame() else { return matches!(reason, Closing::Left(_)) };
    outgoing.close();
    let patience = writer.limits.write;
    let goodbye = async {
        while let Ok(line) = urgent.try_recv() {
            writer.feed(line).await?;
        }
        while let Ok(Outgoing { line, kind }) = outgoing.try_recv() {
            if !matches!(kind, OutgoingKind::Ping(_)) {
                writer.feed(line).await?;
            }
        }
        writer.sink.send(Message::Close(Some(frame))).await
    };
    // Whoever cannot be told in time is cut off.
    matches!(timeout(patience, goodbye).await, Ok(Ok(())))
}

impl<S> Writer<'_, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Writes until the peer takes nothing any more.
    async fn pump(
        &mut self,
        urgent: &mut mpsc::Receiver<Utf8Bytes>,
        outgoing: &mut mpsc::Receiver<Outgoing>,
        connection: &GatewayConnection,
    ) {
        let mut pings = interval(self.limits.ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let mut first = None;
            let overdue = connection.in_flight().unanswered_since().map(|since| since + self.limits.pong);
            tokio::select! {
                biased;
                () = sleep_until(overdue.unwrap_or_else(Instant::now)), if overdue.is_some() => {
                    // After a freeze the answer may be there already, and is read first.
                    sleep(THAW).await;
                    let unanswered = connection.in_flight().unanswered_since();
                    if unanswered.is_some_and(|since| since + self.limits.pong <= Instant::now()) {
                        tracing::info!(
                            gateway = %connection.gateway_id,
                            seconds = self.limits.pong.as_secs_f32(),
                            "the gateway does not answer pings; its connection is given up"
                        );
                        return;
                    }
                    continue;
                }
                Some(interrupt) = urgent.recv() => first = Some(interrupt),
                // Before what is to be delivered, which may never end.
                _ = pings.tick() => batch.push(Outgoing::ping()),
                _ = outgoing.recv_many(&mut batch, BATCH) => {}
            };
            let written = timeout(self.limits.write, async {
                if let Some(interrupt) = first {
                    self.feed(interrupt).await?;
                }
                for Outgoing { line, kind } in &mut batch {
                    // Also what came while the batch was being written goes first.
                    while let Ok(interrupt) = urgent.try_recv() {
                        self.feed(interrupt).await?;
                    }
                    if let OutgoingKind::Ping(number) = kind {
                        *number = connection.in_flight().next_ping();
                        self.sink.feed(Message::Ping(number.to_be_bytes().to_vec().into())).await?;
                    } else {
                        self.feed(line.clone()).await?;
                    }
                }
                self.sink.flush().await
            });
            match written.await {
                Ok(Ok(())) => batch.drain(..).for_each(|sent| connection.written(sent.kind, sent.line.len())),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the connection can no longer be written to");
                    return;
                }
                Err(_) => {
                    tracing::warn!(
                        seconds = self.limits.write.as_secs_f32(),
                        "the gateway reads nothing; its connection is given up"
                    );
                    return;
                }
            }
        }
    }

    async fn feed(&mut self, line: Utf8Bytes) -> Result<(), Error> {
        show(self.tap, Direction::ToGateway, line.as_bytes());
        let mut rest = line;
        while rest.len() > MAX_MESSAGE {
            // Between characters: each text message has to be UTF-8 by itself.
            let mut bytes = Bytes::from(rest.clone());
            let piece = bytes.split_to(rest.floor_char_boundary(MAX_MESSAGE));
            self.sink.feed(Message::Text(utf8(piece))).await?;
            rest = utf8(bytes);
        }
        self.sink.feed(Message::Text(rest)).await
    }
}

fn utf8(bytes: Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(bytes).expect("text that is cut between characters is text")
}
