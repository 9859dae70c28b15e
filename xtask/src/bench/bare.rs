//! The bare client that gateways are compared with: it parses what comes and answers it, and nothing else.

use std::borrow::Cow;

use anyhow::Context as _;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde::Serialize;
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::frames::{Frame, PLATFORM};

#[derive(Serialize)]
struct Outbound<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "requestId")]
    request_id: String,
    action: Send<'a>,
}

#[derive(Serialize)]
struct Send<'a> {
    op: &'static str,
    chat_id: Cow<'a, str>,
    content: Cow<'a, str>,
    reply_to: Cow<'a, str>,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Metadata {}

#[derive(Serialize)]
struct Ack<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bufferId")]
    buffer_id: Cow<'a, str>,
}

/// Serves one connection until the other side ends it. Each answer is written at once, or, when it `gathers`, with all
/// others that belong to what has been read.
pub(crate) fn run(address: &str, gathers: bool) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(address, gathers))
}

async fn serve(address: &str, gathers: bool) -> anyhow::Result<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(format!("ws://{address}/relay"), stream).await?;
    let hello = format!("{{\"type\":\"hello\",\"platform\":\"{PLATFORM}\",\"botId\":\"\"}}\n");
    socket.send(Message::text(hello)).await?;
    let mut requests: u64 = 0;
    let mut next = socket.next().await;
    while let Some(Ok(message)) = next {
        if let Message::Text(lines) = &message {
            for line in lines.split_terminator('\n') {
                let frame = Frame::read(line).context("a frame that cannot be read")?;
                if frame.kind != "inbound" {
                    continue;
                }
                if let Some(buffer_id) = frame.buffer_id {
                    socket.feed(text(&Ack { kind: "inbound_ack", buffer_id })?).await?;
                }
                requests += 1;
                let request_id = requests.to_string();
                let action = Send {
                    op: "send",
                    chat_id: frame.event.source.chat_id,
                    content: frame.event.text,
                    reply_to: frame.event.message_id,
                    metadata: Metadata {},
                };
                socket.feed(text(&Outbound { kind: "outbound", request_id, action })?).await?;
            }
        }
        let ready = if gathers { socket.next().now_or_never() } else { None };
        next = if let Some(next) = ready {
            next
        } else {
            socket.flush().await?;
            socket.next().await
        };
    }
    Ok(())
}

fn text(frame: &impl Serialize) -> anyhow::Result<Message> {
    let mut line = serde_json::to_string(frame)?;
    line.push('\n');
    Ok(Message::text(line))
}
