//! The demo without a terminal: one message a line in, a plain transcript out.

use std::io::Write;

use anyhow::Context as _;
use relay_adapter::{TurnEnd, TurnReport};
use relay_connector::{Author, Delivery, MemoryFront};
use relay_terminal::Transcript;
use relay_wire::{Line, LineDecoder};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc::UnboundedReceiver;

use super::CHAT;
use crate::cli::Exit;

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 1024 * 1024;

/// Says each line and waits for its answer before the next. [`Exit::Done`] when every message was answered;
/// else an error that names those that were not.
pub(super) async fn run(
    front: &MemoryFront,
    mut input: impl AsyncRead + Unpin,
    output: impl Write,
    reports: &mut UnboundedReceiver<TurnReport>,
) -> anyhow::Result<Exit> {
    let mut transcript = Transcript::new(output);
    let mut lines = LineDecoder::new(MAX_MESSAGE);
    let mut buffer = vec![0; 64 * 1024];
    let mut unanswered = Vec::new();
    let mut said = 0;
    let mut open = true;
    while open {
        let read = input.read(&mut buffer).await.context("standard input cannot be read")?;
        open = read > 0;
        // The last line may lack its newline.
        lines.push(if open { &buffer[..read] } else { b"\n" });
        while let Some(line) = lines.next_line() {
            said += 1;
            let Line::Complete(line) = line else {
                unanswered.push(format!("message {said} is longer than {MAX_MESSAGE} bytes"));
                continue;
            };
            let text = String::from_utf8_lossy(line);
            transcript.you(&text).context("standard output cannot be written")?;
            if let Err(why) = ask(front, &text, reports).await {
                unanswered.push(format!("message {said}: {why}"));
            }
            for answer in latest_answers(front) {
                transcript.agent(&answer).context("standard output cannot be written")?;
            }
        }
    }
    if unanswered.is_empty() {
        return Ok(Exit::Done);
    }
    anyhow::bail!("{} of {said} messages were not answered; {}", unanswered.len(), unanswered.join("; "))
}

async fn ask(
    front: &MemoryFront,
    text: &str,
    reports: &mut UnboundedReceiver<TurnReport>,
) -> Result<(), &'static str> {
    let said = front.say(CHAT, text).await.map_err(|_| "it could not be kept")?;
    if said.delivery == Delivery::Unwanted {
        return Err("no gateway was connected");
    }
    loop {
        let report = reports.recv().await.ok_or("the gateway ended")?;
        if report.message_id.as_ref() != Some(&said.message_id) {
            continue;
        }
        return match report.end {
            TurnEnd::Answered | TurnEnd::Command => Ok(()),
            TurnEnd::Silent => Err("the agent said nothing"),
            TurnEnd::AgentFailed => Err("the agent failed"),
            TurnEnd::Interrupted => Err("it was interrupted"),
            TurnEnd::NotDelivered | TurnEnd::Noticed => Err("the answer did not reach the chat"),
            TurnEnd::Kept => Err("the gateway stopped before it was answered"),
            TurnEnd::Refused => Err("too many messages were waiting"),
            other => Err(other.as_str()),
        };
    }
}

/// What the agent wrote after the person's last message.
fn latest_answers(front: &MemoryFront) -> Vec<String> {
    let mut messages = front.messages(CHAT);
    let start = messages.iter().rposition(|message| message.author == Author::Person).map_or(0, |at| at + 1);
    messages.drain(start..).map(|message| message.content).collect()
}
